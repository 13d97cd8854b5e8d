"""A linear and the norm of its rows as one kernel for sm_90a, whose blocks are a cluster: the emulated GPU's numbers are a CPU's,
at rows where it takes the place of two kernels and where it does not.

    linear_norm90.py INGOT FOLDER      exit code 77: no NVRTC
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "cpu"))
import models  # noqa: E402

SHAPE = models.Shape(layers=1, hidden=256, heads=4, ffn=512, vocabulary=300, positions=320)
EMULATOR = "arch 90; multiprocessors 32"
TOLERANCE = 2e-3
"""Of the kernel's choice: the rows that it is taken at."""
TAKEN = re.compile(r"clusters of (\d) blocks, rows normalized, at M (.*)")


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          env={**os.environ, "INGOT_EMULATOR": EMULATOR})
    print(done.stdout + done.stderr)
    return done


def normalizing(ingot, artifact, dims):
    """How many steps of a run normalize rows: alone, behind a product."""
    done = run(ingot, "bench", artifact, "--dims", dims, "--device=emulated", "--seconds=0", "--json")
    assert done.returncode == 0
    steps = [step for step in json.loads(done.stdout)["steps"] if step["tasks"] and "norm" in step["kernel"]]
    behind = [step for step in steps if step["kernel"].startswith("linear_")]
    return len(steps) - len(behind), len(behind)


def main(ingot, folder):
    folder = Path(folder)
    model = models.get_model("linear-norm", SHAPE, folder)
    artifact = folder / "model.ingot"
    done = run(ingot, "compile", model, "--target=sm_90a,x86-64", "--precision=sm_90a:bf16", "-o", artifact)
    if "CUDA targets need NVRTC" in done.stderr:
        return 77
    assert done.returncode == 0
    blocks, rows = TAKEN.search(run(ingot, "inspect", artifact, "--kernels").stdout).groups()
    least = int(re.match(r"(?:from )?(\d+)", rows).group(1))
    assert int(blocks) > 1 and 16 < least < 3 * 300, rows
    # The least rows that it is taken at, and few.
    many, few = -(-least // 3), 7
    for sequence in many, few:
        dims, outputs = f"batch=3,sequence={sequence}", {}
        alone, behind = normalizing(ingot, artifact, dims)
        print(f"{dims}: {alone} norms alone, {behind} behind a product")
        assert (alone, behind) == ((2, 1) if sequence == many else (3, 0))
        for device in "cpu", "emulated":
            file = folder / f"{device}.npz"
            assert run(ingot, "run", artifact, "--dims", dims, "--device", device, "--outputs", file).returncode == 0
            with numpy.load(file) as stored:
                outputs[device] = dict(stored)
        for name, expected in outputs["cpu"].items():
            largest, difference = abs(expected).max(), abs(expected - outputs["emulated"][name]).max()
            print(f"{dims} {name}: largest difference {difference:.3g} of {largest:.3g}")
            assert difference <= TOLERANCE * largest, name
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
