"""The demo's model compiled for GPUs and CPUs in one file: both give the same numbers, at a small shape.

    demo_cuda.py INGOT FOLDER TARGET PRECISION      exit code 77: no NVRTC, or no download of the model
"""
import os
import subprocess
import sys

import numpy

from demo_model import demo, get_model_and_folder

DIMS = "batch_size=2,sequence_length=5"
TOLERANCE = {"f32": demo.TOLERANCE, "bf16": 3e-2, "f16": 3e-3}


def main(ingot, folder, target, precision):
    model, folder = get_model_and_folder(folder)
    artifact = folder / "demo.ingot"
    done = subprocess.run([ingot, "compile", model, f"--target={target},x86-64", f"--precision={target}:{precision}",
                           "-o", artifact], capture_output=True, text=True)
    print(done.stdout + done.stderr)
    if "CUDA targets need NVRTC" in done.stderr:
        return 77
    done.check_returncode()
    outputs, emulated = {}, os.environ | {"INGOT_EMULATOR": "arch 90" if target == "sm_90a" else "arch 80"}
    for device in "cpu", "emulated":
        file = folder / f"{device}.npz"
        subprocess.run([ingot, "run", artifact, "--dims", DIMS, "--device", device, "--outputs", file], check=True,
                       env=emulated)
        outputs[device] = numpy.load(file)
    assert outputs["cpu"].files == outputs["emulated"].files
    for name, expected in outputs["cpu"].items():
        largest = abs(expected).max()
        difference = abs(expected - outputs["emulated"][name]).max()
        print(f"{name}: largest difference {difference:.3g} of {largest:.3g}")
        assert difference <= TOLERANCE[precision] * largest, name
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
