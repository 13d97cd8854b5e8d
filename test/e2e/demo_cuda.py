"""The demo's model compiled for GPUs and CPUs in one file: both give the same numbers, at a small shape.

    demo_cuda.py INGOT FOLDER      exit code 77: no NVRTC, or no download of the model
"""
import subprocess
import sys
from pathlib import Path

import numpy

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples"))
import demo  # noqa: E402

DIMS = "batch_size=2,sequence_length=5"


def main(ingot, folder):
    try:
        model = demo.get_model(ROOT / "build" / "downloads")
    except SystemExit as refused:  # e2e.demo fails for it where it has to
        return 77 if refused.code == demo.OFFLINE else refused.code
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    artifact = folder / "demo.ingot"
    done = subprocess.run([ingot, "compile", model, "--target=sm_80,x86-64", "-o", artifact], capture_output=True,
                          text=True)
    print(done.stdout + done.stderr)
    if "CUDA targets need NVRTC" in done.stderr:
        return 77
    done.check_returncode()
    outputs = {}
    for device in "cpu", "emulated":
        file = folder / f"{device}.npz"
        subprocess.run([ingot, "run", artifact, "--dims", DIMS, "--device", device, "--outputs", file], check=True)
        outputs[device] = numpy.load(file)
    assert outputs["cpu"].files == outputs["emulated"].files
    for name, expected in outputs["cpu"].items():
        largest = abs(expected).max()
        difference = abs(expected - outputs["emulated"][name]).max()
        print(f"{name}: largest difference {difference:.3g} of {largest:.3g}")
        assert difference <= demo.TOLERANCE * largest, name
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
