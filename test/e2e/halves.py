"""Models of float16 and bfloat16: halves go in and come out, numbers are those of f32 on the model's weights.

    halves.py INGOT FOLDER
"""
import subprocess
import sys
from pathlib import Path

import numpy
from onnx import TensorProto, helper

ROWS, WIDTH, INNER = 5, 64, 96
KINDS = {"float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16}


def rounded(x, kind):
    if kind == "float16":
        return x.astype(numpy.float16).astype(numpy.float32)
    bits = numpy.ascontiguousarray(x, numpy.float32).view(numpy.uint32).astype(numpy.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16).astype(numpy.uint32).view(numpy.float32)


def raw(x, kind):
    if kind == "float16":
        return x.astype(numpy.float16).tobytes()
    return (rounded(x, kind).view(numpy.uint32) >> 16).astype(numpy.uint16).tobytes()


def make(kind, weights):
    """norm(gelu(x up) down + x), with the mean in float32 as exporters write it."""
    half = KINDS[kind]
    tensors = [helper.make_tensor(name, half, value.shape, raw(value, kind), raw=True) for name, value in weights.items()]
    tensors.append(helper.make_tensor("epsilon", TensorProto.FLOAT, [], [1e-5]))
    tensors.append(helper.make_tensor("axes", TensorProto.INT64, [1], [-1]))
    nodes = [helper.make_node(op, inputs.split(), [output], **attributes) for op, inputs, output, attributes in (
        ("MatMul", "x up", "u", {}), ("Gelu", "u", "g", {}), ("MatMul", "g down", "d", {}), ("Add", "d bias", "b", {}),
        ("Add", "b x", "r", {}), ("Cast", "r", "wide", {"to": TensorProto.FLOAT}),
        ("Mul", "wide wide", "squares", {}), ("ReduceMean", "squares axes", "mean", {}),
        ("Add", "mean epsilon", "shifted", {}), ("Sqrt", "shifted", "root", {}), ("Div", "wide root", "normal", {}),
        ("Cast", "normal", "narrow", {"to": half}), ("Mul", "narrow scale", "y", {}))]
    graph = helper.make_graph(nodes, "halves", [helper.make_tensor_value_info("x", half, ["rows", WIDTH])],
                              [helper.make_tensor_value_info("y", half, ["rows", WIDTH])], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def expected(x, weights):
    from math import erf
    u = x.astype(numpy.float64) @ weights["up"]
    g = u * 0.5 * (1 + numpy.vectorize(erf)(u / 2**0.5))
    r = g @ weights["down"] + weights["bias"] + x
    return r / numpy.sqrt((r * r).mean(-1, keepdims=True) + 1e-5) * weights["scale"]


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    print(done.stdout + done.stderr)
    assert done.returncode == 0, command
    return done.stdout


def main(ingot, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(5)
    for kind in KINDS:
        weights = {name: rounded(random.standard_normal(shape).astype(numpy.float32) * 0.2, kind)
                   for name, shape in (("up", (WIDTH, INNER)), ("down", (INNER, WIDTH)), ("bias", (WIDTH,)),
                                       ("scale", (WIDTH,)))}
        x = rounded(random.standard_normal((ROWS, WIDTH)).astype(numpy.float32), kind)
        model, data = folder / f"{kind}.onnx", folder / kind
        model.write_bytes(make(kind, weights).SerializeToString())
        data.mkdir(exist_ok=True)
        for name, tensor, value in (("input_0", "x", x), ("output_0", "y", expected(x, weights))):
            (data / f"{name}.pb").write_bytes(
                helper.make_tensor(tensor, KINDS[kind], value.shape, raw(value.astype(numpy.float32), kind), raw=True)
                .SerializeToString())
        summary = run(ingot, "compile", model, "--precision=x86-64:f32", "-o", folder / f"{kind}.ingot")
        assert "2 linear" in summary and "1 norm" in summary, summary
        for artifact, device in (folder / f"{kind}.ingot", "cpu"), (model, "reference"):
            run(ingot, "run", artifact, f"--device={device}", f"--data-set={data}")
        # A neighbour passes, two steps off do not.
        wanted, path = rounded(expected(x, weights).astype(numpy.float32), kind), data / "output_0.pb"
        largest = abs(wanted).max()
        step = largest * {"float16": 2**-10, "bfloat16": 2**-7}[kind]
        for steps, passes in (0.9, True), (2.2, False):
            off = wanted.copy()
            off.flat[abs(off).argmin()] += steps * step
            path.write_bytes(helper.make_tensor("y", KINDS[kind], off.shape, raw(off, kind), raw=True).SerializeToString())
            done = subprocess.run([ingot, "run", folder / f"{kind}.ingot", f"--data-set={data}"], capture_output=True, text=True)
            assert (done.returncode == 0) == passes, done.stdout


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
