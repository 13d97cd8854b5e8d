"""Attention of 64 columns a head for sm_90a, whose tiles come by TMA, and a linear whose K blocks share: the emulated GPU's numbers
are a CPU's.

    attention90.py INGOT FOLDER bf16|f16      exit code 77: no NVRTC

The models of test/models have narrower heads, which take the kernel of other GPUs, and less of K.
"""
import os
import subprocess
import sys
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "cpu"))
import models  # noqa: E402

SHAPE = models.Shape(layers=1, hidden=128, heads=2, ffn=1024, vocabulary=500, positions=320)
# Two tiles of queries and keys, with a tail; few queries.
DIMS = "batch=2,sequence=150", "batch=1,sequence=3"
# Enough multiprocessors for K in parts.
EMULATOR = "arch 90; multiprocessors 24"
# Without attention the outputs would be 2e-2 of their largest away.
TOLERANCE = {"bf16": 1e-3, "f16": 1e-4}


def run(*command, **environment):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          env={**os.environ, "INGOT_EMULATOR": EMULATOR, **environment})
    print(done.stdout + done.stderr)
    return done


def main(ingot, folder, precision):
    folder = Path(folder)
    model = models.get_model("hopper", SHAPE, folder)
    artifact, dumps = folder / f"{precision}.ingot", folder / precision
    done = run(ingot, "compile", model, "--target=sm_90a,x86-64", f"--precision=sm_90a:{precision}",
               f"--dump-dir={dumps}", "-o", artifact)
    if "CUDA targets need NVRTC" in done.stderr:
        return 77
    assert done.returncode == 0
    stubs = "".join(file.read_text() for file in dumps.glob("*-kernels/*.cu"))
    assert f"attention90<{precision}, 64, 64, " in stubs, stubs
    kernels = run(ingot, "inspect", artifact, "--kernels")
    assert "choice wgmma, 128 queries by 128 keys" in kernels.stdout
    assert "wgmma 128x64, K in up to 8 parts" in kernels.stdout
    for dims in DIMS:
        outputs = {}
        for device in "cpu", "emulated":
            file = folder / f"{device}.npz"
            assert run(ingot, "run", artifact, "--dims", dims, "--device", device, "--outputs", file).returncode == 0
            with numpy.load(file) as stored:
                outputs[device] = dict(stored)
        for name, expected in outputs["cpu"].items():
            largest, difference = abs(expected).max(), abs(expected - outputs["emulated"][name]).max()
            print(f"{precision} {dims} {name}: largest difference {difference:.3g} of {largest:.3g}")
            assert difference <= TOLERANCE[precision] * largest, name
    # Its kernels overlap: there are edges that say so, and may fail.
    done = run(ingot, "run", artifact, "--dims", DIMS[0], "--device=emulated",
               INGOT_EMULATOR=f"{EMULATOR}; fail cuGraphAddDependencies_v2 1 801")
    assert done.returncode and "making a graph" in done.stderr
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
