#!/usr/bin/env python3
"""A model of 1 GB with external data compiles in little anonymous memory, and is right.

    large_model.py INGOT WORK_FOLDER

Sixteen layers relu(x W + b) with W of 64 MiB. The compiler's peak of anonymous memory must stay
below 1.2 x the largest tensor plus 400 MB: weights are streamed from the file into the artifact.
Exit: 0 passed, 1 failed, 77 the disk is too full for it.
"""
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper

LAYERS, WIDTH = 16, 4096
LARGEST = WIDTH * WIDTH * 4
LIMIT = 1.2 * LARGEST + 400e6
ROWS = 3


def weight(layer):
    """He initialization, so that the values keep their magnitude through the layers."""
    rng = numpy.random.default_rng(layer)
    return (rng.random((WIDTH, WIDTH), numpy.float32) - numpy.float32(0.5)) * numpy.float32((24 / WIDTH) ** 0.5)


def bias(layer):
    return numpy.linspace(-0.1, 0.1, WIDTH, dtype=numpy.float32) * numpy.float32(layer + 1)


def external(name, file, offset):
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[WIDTH, WIDTH],
                         data_location=TensorProto.EXTERNAL)
    for key, value in (("location", file.name), ("offset", offset), ("length", LARGEST)):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)
    return tensor


def write_model(folder):
    """Writes model.onnx and its weights; returns an input and the output for it, in double."""
    data = folder / "weights.bin"
    x = numpy.random.default_rng(99).standard_normal((ROWS, WIDTH)).astype(numpy.float32)
    expected = x.astype(numpy.float64)
    nodes, tensors, value = [], [], "x"
    with open(data, "wb") as file:
        for layer in range(LAYERS):
            matrix = weight(layer)
            tensors.append(external(f"w{layer}", data, file.tell()))
            tensors.append(onnx.numpy_helper.from_array(bias(layer), f"b{layer}"))
            file.write(matrix.data)
            nodes += [
                helper.make_node("MatMul", [value, f"w{layer}"], [f"m{layer}"], f"matmul{layer}"),
                helper.make_node("Add", [f"m{layer}", f"b{layer}"], [f"a{layer}"], f"add{layer}"),
                helper.make_node("Relu", [f"a{layer}"], [f"y{layer}"], f"relu{layer}"),
            ]
            value = f"y{layer}"
            expected = numpy.maximum(expected @ matrix + bias(layer), 0)
    graph = helper.make_graph(
        nodes, "large", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", WIDTH])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, ["rows", WIDTH])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return x, value, expected


def run_watched(command):
    """Runs the command; returns its exit code and peak of anonymous memory in bytes."""
    process, peak = subprocess.Popen(command), 0
    while process.poll() is None:
        try:
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    peak = max(peak, int(line.split()[1]) * 1024)
        except (OSError, ProcessLookupError):
            pass
        time.sleep(0.005)
    return process.returncode, peak


def main(ingot, work):
    work = Path(work)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    if shutil.disk_usage(work).free < 4 * LAYERS * LARGEST:
        print("not enough disk for a 1 GB model and its artifact")
        return 77
    try:
        x, output, expected = write_model(work)
        code, peak = run_watched([ingot, "compile", work / "model.onnx", "-o", work / "model.ingot"])
        print(f"compile: exit code {code}, peak of anonymous memory {peak / 1e6:.0f} MB, allowed {LIMIT / 1e6:.0f} MB")
        if code or peak > LIMIT:
            return 1
        numpy.savez(work / "in.npz", x=x)
        subprocess.run([ingot, "run", work / "model.ingot", "--inputs", work / "in.npz",
                        "--outputs", work / "out.npz"], check=True)
        got = numpy.load(work / "out.npz")[output]
        difference, scale = numpy.abs(got - expected).max(), numpy.abs(expected).max()
        print(f"largest difference {difference:.2e}, largest value {scale:.2f}")
        return 0 if difference <= 1e-4 * scale else 1
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 3 else __doc__)
