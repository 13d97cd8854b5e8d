"""Packs a few kernels and models and runs every part of bench/gpu on the emulated driver: the rows of a real report,
each with a value or a reason.

    gpu_rehearsal.py BUILD FOLDER
"""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GPU = ROOT / "bench" / "gpu"
sys.path.insert(0, str(GPU))
import cases  # noqa: E402
import covers  # noqa: E402
import owed  # noqa: E402
import sanitize  # noqa: E402


def run(*command, **environment):
    done = subprocess.run([str(part) for part in command], env=os.environ | environment, text=True, capture_output=True)
    print(done.stdout + done.stderr)
    return done.returncode


def spoil(pack):
    """Changes one stored result of a kernel, in the unpacked pack; its stub."""
    for path in sorted((pack / "kernels").glob("*.launch")):
        launch, content = cases.read_launch(path), bytearray(path.read_bytes())
        at = content.index(b"\n") + 1
        for (before, was), (after, written) in zip(launch.before, launch.after):
            place = at + 2 * before.size
            if before.size and not was.any() and written.all():  # an output
                content[place + after.size - 1] ^= 0x40  # of the last element's exponent
                path.write_bytes(content)
                return path.name.partition("-")[0]
            at += 4 * before.size
    raise AssertionError("no launch has an output")


def check_record(build, path):
    """The compiler follows what was written."""
    graph = build / "gpu-pack-tiny" / "graphs" / "base-ffn.tuned.onnx"
    for precision in "bf16", "f32":
        artifact = path.with_name(f"{precision}.ingot")
        assert run(build / "bin" / "ingot", "compile", graph, "--target=sm_90a", f"--precision=sm_90a:{precision}",
                   "--weights=seeded", f"--tuning={path}", "-o", artifact) == 0
        done = subprocess.run([build / "bin" / "ingot", "inspect", "--kernels", artifact], capture_output=True, text=True)
        linears = [line for line in done.stdout.splitlines() if "_k64_n256" in line]
        rule = [rule["type"] for rule in json.loads(path.read_text())["linear"]].index(precision)
        assert linears and all(f"record sm_90a, linear[{rule}]" in line for line in linears), done.stdout


def main(build, folder):
    build, folder = Path(build), Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pack, out = folder / "pack.tar.xz", folder / "out"
    assert run(GPU / "pack", "--tiny", "--build", build, "-o", pack) == 0
    rehearse = [GPU / "run.sh", "--device=emulated", "--tiny", "--pack", pack, "--out", out]
    environment = {"INGOT_PYTHON": sys.executable,
                   "INGOT_EMULATOR_LIBRARY": str(build / "lib" / "libingot_emulator.so")}
    assert run(*rehearse, **environment) == 0
    report = json.loads((out / "report.json").read_text())
    rows = report["rows"]
    for row in rows:
        assert row["value"] if row["status"] == "ok" else row["reason"], row
    assert {row["status"] for row in rows} <= {"ok", "skipped"}, rows
    # What is owed has a row each: here, the models and figures.
    ids = {row["id"] for row in rows}
    missing = [one for thing in owed.things() for one in thing.ids if not one.endswith("/") and one not in ids]
    assert not missing, missing
    # So has each test of kernels, in the proof and under each tool.
    for prefix in "kernel", *(f"{tool}/kernel" for tool in sanitize.TOOLS):
        assert any(row["id"].startswith(f"{prefix}/unrecorded/") and row["reason"] == "not in a tiny pack" for row in rows)
    kernels = {row["id"].split("/")[1] for row in rows if row["id"].startswith("kernel/") and row["status"] == "ok"}
    assert kernels <= set(covers.families()), kernels
    parts = {row["part"] for row in rows if row["status"] == "ok"}
    assert parts >= {"proof", "sanitize", "bench"}, parts
    if any(row["part"] == "tune" and row["status"] == "ok" for row in rows):
        check_record(build, out / "sm_90a.json")
    # Again: nothing is measured twice, and nothing is lost.
    lines = (out / "rows.jsonl").read_text().count('"ok"')
    assert run(*rehearse, **environment) == 0
    again = (out / "rows.jsonl").read_text().count('"ok"')
    assert lines == again, f"{again - lines} rows were measured again"
    # A kernel that computes something else than the emulator did is found, and it alone.
    pack = folder / "pack"
    stub = spoil(pack)
    rehearse[rehearse.index("--pack") + 1] = pack
    rehearse[rehearse.index("--out") + 1] = folder / "spoiled"
    assert run(*rehearse, "--only=proof", "--rows=kernel/", **environment) == 1
    report = json.loads((folder / "spoiled" / "report.json").read_text())
    spoiled = next(kernel for kernel in json.loads((pack / "manifest.json").read_text())["kernels"] if kernel["stub"] == stub)
    failed = [row["id"] for row in report["rows"] if row["status"] == "failed"]
    assert failed == [row["id"] for row in rows if row["id"].endswith("#" + spoiled["covers"][:8])][:1], failed
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
