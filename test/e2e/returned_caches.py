"""Decoders of test/models in float16, as ONNX Runtime's converter makes them: attention in f16 reads the keys and values that the
model returns, and the inputs, but no copy of them.

    returned_caches.py INGOT MODELS FOLDER NAME...
"""
import re
import subprocess
import sys
from pathlib import Path

import onnx
from onnxruntime.transformers.float16 import convert_float_to_float16

BUFFER = re.compile(r"(%\d+) = plan\.buffer (\w+)")
LAUNCH = re.compile(r"plan\.launch @(attention\w+) .*? \((%[^)]*)\) offsets")
KERNEL = re.compile(r"plan\.kernel attention @(\w+) outs \[[^]]*\] ins \[([^]]*)\]")


def program(ingot, model):
    """The plan for GPUs."""
    done = subprocess.run([ingot, "compile", model, "--target=sm_80,x86-64", "--precision=sm_80:f16", "--emit=plan"],
                          capture_output=True, text=True)
    print(done.stderr)
    assert done.returncode == 0
    return done.stdout, done.stdout.split("plan.program @main_cuda")[1].split("plan.program")[0]


def main(ingot, models, folder, *names):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        model = folder / f"{name}.onnx"
        onnx.save(convert_float_to_float16(onnx.load(Path(models) / name / "model.onnx"), disable_shape_infer=True), model)
        plan, steps = program(ingot, model)
        kinds, inputs = dict(BUFFER.findall(steps)), {kernel: len(ins.split(",")) for kernel, ins in KERNEL.findall(plan)}
        read = []
        for kernel, operands in LAUNCH.findall(steps):
            query = len(operands.split(", ")) - inputs[kernel]
            read += [kinds[operand] for operand in operands.split(", ")[query + 1:query + 3]]
        print(name, read)
        assert read.count("output") >= 2 and set(read) <= {"output", "input"}, name


if __name__ == "__main__":
    main(*sys.argv[1:])
