"""What a run of small models costs, in numbers that no other load of the machine changes.

    counters.py plan STEADY_RUNS INGOT             steps, FLOPs and bytes of each plan, as counters.txt has them
    counters.py instructions STEADY_RUNS INGOT     instructions of a run under callgrind, within 3 %: x86-64-v3, one thread
    counters.py update STEADY_RUNS INGOT           writes counters.txt anew

Fewer instructions than the table says is a table to update; more is a kernel or the runtime that became slower.
Exit 77: skipped, valgrind is missing.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

KIND, STEADY, INGOT = sys.argv[1:]
ROOM = Path(__file__).resolve().parent
TABLE = ROOM / "counters.txt"
HEAD = """\
# Steps, FLOPs, bytes and instructions (x86-64-v3, one thread) of a run of models of ../models at some sizes.
# Written by `test/e2e/counters.py update build/release/bin/steady-runs build/release/bin/ingot`.
"""
RUNS = 8
TOLERANCE = 0.03


def run(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(done.args)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def steady(model, sizes, runs, before=()):
    return run([*before, STEADY, model, 1, runs, "x86-64-v3", *sizes.split(",")])


def count_plan(model, sizes):
    said = json.loads(steady(model, sizes, 0).stdout)
    return [said["steps"], said["flops"], said["bytes"]]


def count_instructions(model, sizes):
    """Of one run: what twice as many cost more."""
    few, many = (int(re.search(r"Collected : (\d+)", steady(model, sizes, runs, [
        "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]).stderr)[1]) for runs in (RUNS, 2 * RUNS))
    return (many - few) // RUNS


def main():
    rows = [line.split("\t") for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    if KIND != "plan":
        try:
            run(["valgrind", "--version"])
        except FileNotFoundError:
            print("skipped: no valgrind; `make setup` installs it")
            sys.exit(77)
    failed, lines = False, []
    for name, sizes, *stored in rows:
        stored = [int(number) for number in stored]
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "model.ingot"
            run([INGOT, "compile", ROOM.parent / "models" / name / "model.onnx", "-o", model])
            plan = count_plan(model, sizes) if KIND != "instructions" else stored[:3]
            instructions = count_instructions(model, sizes) if KIND != "plan" else stored[3]
        good = plan == stored[:3] and abs(instructions - stored[3]) <= TOLERANCE * stored[3]
        failed |= not good
        print(f"{name} {sizes}: steps, FLOPs, bytes {plan}, instructions {instructions}"
              + ("" if good else f"; but the table has {stored}"))
        lines.append("\t".join(map(str, [name, sizes, *plan, instructions])) + "\n")
    if KIND == "update":
        TABLE.write_text(HEAD + "".join(lines))
    elif failed:
        sys.exit(1)


main()
