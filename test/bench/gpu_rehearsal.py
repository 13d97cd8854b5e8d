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
import covers  # noqa: E402
import owed  # noqa: E402


def run(*command, **environment):
    done = subprocess.run([str(part) for part in command], env=os.environ | environment, text=True, capture_output=True)
    print(done.stdout + done.stderr)
    return done.returncode


def main(build, folder):
    build, folder = Path(build), Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pack, out = folder / "pack.tar.xz", folder / "out"
    assert run(GPU / "pack", "--tiny", "--build", build, "-o", pack) == 0
    rehearse = [GPU / "run.sh", "--device=emulated", "--tiny", "--pack", pack, "--out", out]
    environment = {"INGOT_PYTHON": sys.executable, "INGOT_EMULATOR": "arch 90",
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
    kernels = {row["id"].split("/")[1] for row in rows if row["id"].startswith("kernel/")}
    assert kernels <= set(covers.families()), kernels
    parts = {row["part"] for row in rows if row["status"] == "ok"}
    assert parts >= {"proof", "sanitize", "bench"}, parts
    # Again: nothing is measured twice, and nothing is lost.
    lines = (out / "rows.jsonl").read_text().count('"ok"')
    assert run(*rehearse, **environment) == 0
    again = (out / "rows.jsonl").read_text().count('"ok"')
    assert lines == again, f"{again - lines} rows were measured again"
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
