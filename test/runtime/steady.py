"""What a run does not do, once its shape has run: allocate, lock, call the system.

    steady.py allocations|locks|system-calls STEADY_RUNS RUNTIME MAKER MODEL SYMBOL=SIZE,...

MODEL is an .onnx file that MAKER, the command `ingot`, compiles, or a file that MAKER, write-artifacts, writes.
Exit 77: skipped, the tool is missing.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

KIND, STEADY, RUNTIME, MAKER, MODEL, DIMS = sys.argv[1:]
RUNS = 50
# Of libc, what makes a thread wait for another; our own is the futex of a sleeping worker.
LOCKS = re.compile(r"pthread_(mutex|rwlock|cond|spin|barrier|once)|\bsem_|\bmtx_|\bcnd_|__cxa_guard")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def make(folder):
    if MODEL.endswith(".onnx"):
        run([MAKER, "compile", MODEL, "-o", folder / "model.ingot"])
        return folder / "model.ingot"
    run([MAKER, folder])
    return folder / MODEL


def steady(model, threads, runs=RUNS, before=()):
    return json.loads(run([*before, STEADY, model, str(threads), str(runs), "", *DIMS.split(",")]))


def check_allocations(model):
    for threads in 1, 2, 4:
        counted = steady(model, threads)
        print(f"{threads} threads, {RUNS} runs: {counted}")
        assert counted["allocations_before"] > 0 and counted["allocations"] == 0
    # Alone, a thread has nobody to wait for or to wake.
    assert steady(model, 1)["system_calls"] == 0


def check_locks(_):
    names = re.findall(r" U (\S+)", run(["nm", "-D", "--undefined-only", RUNTIME]))
    assert "pthread_create" in " ".join(names), "nm shows no names"
    found = [name for name in names if LOCKS.search(name)]
    print(f"{len(names)} functions of libc, locks among them: {found or 'none'}")
    assert not found


def system_calls(model, threads, runs, folder):
    """Calls by name, of all threads."""
    report = folder / "strace.txt"
    steady(model, threads, runs, ["strace", "-f", "-c", "-U", "name,calls", "-o", report])
    rows = (line.split() for line in report.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit() and row[0] != "total"}


def check_system_calls(model):
    folder = model.parent
    try:
        run(["strace", "-f", "-c", "-o", "/dev/null", "true"])
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        skip(f"strace does not work here: {error}")
    for threads in 1, 2:
        few, many = (system_calls(model, threads, runs, folder) for runs in (RUNS, 2 * RUNS))
        print(f"{threads} threads: {RUNS} runs {few}, {2 * RUNS} runs {many}")
        assert few["mmap"], "strace counts nothing"
        for counts in few, many:
            if threads > 1:
                counts.pop("futex", None)  # threads that sleep, and their being woken
        assert few == many


with tempfile.TemporaryDirectory() as made:
    {"allocations": check_allocations, "locks": check_locks, "system-calls": check_system_calls}[KIND](make(Path(made)))
