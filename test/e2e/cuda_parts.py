"""A decoder with a long past: blocks of a GPU share K and keys in parts, and the numbers are a CPU's.

    cuda_parts.py INGOT MODEL_FOLDER WORK_FOLDER f32|bf16      exit code 77: no NVRTC
"""
import json
import subprocess
import sys
from pathlib import Path

import numpy

# The keys end where their mask does: `total` of them.
SHAPES = [{"batch": 1, "sequence": new, "past": past, "total": past + new} for new, past in ((1, 700), (2, 1100))]
TOLERANCE = {"f32": 1e-4, "bf16": 3e-2}


def main(ingot, model, work, precision):
    work = Path(work)
    work.mkdir(parents=True, exist_ok=True)
    artifact = work / "model.ingot"
    command = [ingot, "compile", Path(model) / "model.onnx", "--target=sm_80,x86-64", "-o", artifact]
    if precision != "f32":
        command.append(f"--precision=sm_80:{precision}")
    done = subprocess.run(command, capture_output=True, text=True)
    print(done.stdout + done.stderr)
    if "CUDA targets need NVRTC" in done.stderr:
        return 77
    done.check_returncode()
    shown = "".join(subprocess.run([ingot, "inspect", artifact, *option], capture_output=True, text=True,
                                   check=True).stdout for option in ([], ["--kernels"]))
    assert "state   counters " in shown and ", keys in up to " in shown, shown
    for shape in SHAPES:
        dims = ",".join(f"{name}={size}" for name, size in shape.items())
        outputs = {}
        for device in "cpu", "emulated":
            file = work / f"{device}.npz"
            subprocess.run([ingot, "run", artifact, "--dims", dims, "--device", device, "--outputs", file], check=True)
            outputs[device] = numpy.load(file)
        for name, expected in outputs["cpu"].items():
            largest = abs(expected).max()
            difference = abs(expected - outputs["emulated"][name]).max()
            print(f"{dims} {name}: largest difference {difference:.3g} of {largest:.3g}")
            assert difference <= TOLERANCE[precision] * largest, name
        bench = subprocess.run([ingot, "bench", artifact, "--dims", dims, "--device=emulated", "--seconds=0.01",
                                "--json"], capture_output=True, check=True)
        tasks = [(step["kernel"], step["tasks"]) for step in json.loads(bench.stdout)["steps"]]
        print(tasks)
        groups = outputs["cpu"]["present.0.key"].shape[1]  # of heads, whose queries are one task
        attention = [count for kernel, count in tasks if kernel.startswith("attention")]
        assert attention and all(count > groups for count in attention), attention
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
