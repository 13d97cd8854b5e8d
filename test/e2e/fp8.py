"""An ONNX model with weights and rows of float8e4m3fn: a weight alone with a scale a column, rows and weight with one scale
each, rows and a weight in blocks of 128. Rows come from the input, a linear and a norm, of which GPUs store the latter two in 8 bits. The reference, a CPU, the emulated GPU and, where it has the types, ONNX Runtime agree.

    fp8.py INGOT WORK_FOLDER sm_80|sm_90a bf16|f16      exit code 77: no NVRTC
"""
import os
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

# Rows are rounded to four bits between layers, of which some go the other way where numbers differ in their last bits.
TOLERANCE = {"f32": 1e-3, "bf16": 2e-2, "f16": 2e-2}
ROWS = 1, 17, 130
# Zero points of so many columns are weights, and no constants.
K, WIDE, INNER, N, BLOCK = 192, 256, 1040, 72, 128
F8 = TensorProto.FLOAT8E4M3FN


class Builder:
    def __init__(self):
        self.random = numpy.random.default_rng(11)
        self.nodes, self.initializers = [], []

    def floats(self, name, values):
        self.initializers.append(numpy_helper.from_array(numpy.asarray(values, "float32"), name))
        return name

    def f8(self, name, shape, values=None):
        values = self.random.normal(0, 40, shape) if values is None else values
        bits = numpy.clip(values, -448, 448).astype(ml_dtypes.float8_e4m3fn)
        self.initializers.append(helper.make_tensor(name, F8, shape, bits.tobytes(), raw=True))
        return name

    def node(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], output, **attributes))
        return output

    def weight(self, name, shape, scales, **attributes):
        scale = self.floats(name + ".scale", self.random.uniform(0.5, 1.5, scales) / 500)
        zero = self.f8(name + ".zero", scales, numpy.zeros(scales))
        return self.node("DequantizeLinear", [self.f8(name, shape), scale, zero], name + ".floats", **attributes)

    def rounded(self, x, scale):
        scale = self.floats(x + ".scale", scale)
        zero = self.f8(x + ".zero", (), numpy.zeros(()))
        quantized = self.node("QuantizeLinear", [x, scale, zero], x + ".f8")
        return self.node("DequantizeLinear", [quantized, scale, zero], x + ".rounded")

    def linear(self, x, weight, columns, name):
        bias = self.floats(name + ".bias", self.random.uniform(-1, 1, columns))
        return self.node("Add", [self.node("MatMul", [x, weight], name + ".product"), bias], name)


def model():
    b = Builder()
    x = b.linear(b.rounded("x", 0.01), b.weight("w1", (K, WIDE), (), axis=0), WIDE, "one")
    x = b.node("Relu", [x], "relu")
    x = b.linear(x, b.weight("w2", (WIDE, INNER), (INNER,), axis=1), INNER, "two")
    x = b.linear(b.rounded(x, 0.02), b.weight("w3", (INNER, N), (-(-INNER // BLOCK), N), axis=0, block_size=BLOCK), N, "three")
    gain, shift = (b.floats(name, b.random.uniform(-1, 1, K)) for name in ("gain", "shift"))
    norm = b.node("LayerNormalization", ["x", gain, shift], "norm")
    y = b.node("Add", [x, b.linear(b.rounded(norm, 0.03), b.weight("w4", (K, N), (N,), axis=1), N, "four")], "y")
    graph = helper.make_graph(b.nodes, "fp8", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", K))],
                              [helper.make_tensor_value_info(y, TensorProto.FLOAT, ("n", N))], b.initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def runtime(path):
    """A session of ONNX Runtime, or none where it has no kernels for these types."""
    import onnxruntime
    try:
        return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:
        print(f"ONNX Runtime {onnxruntime.__version__} does not run it: {str(error)[:300]}")
        return None


def main(ingot, work, target, precision):
    work = Path(work)
    work.mkdir(parents=True, exist_ok=True)
    path = work / "model.onnx"
    onnx.save(model(), path)
    session = runtime(path)
    environment = dict(os.environ, INGOT_EMULATOR="arch 90") if target == "sm_90a" else None

    def call(*command):
        done = subprocess.run([ingot, *command], capture_output=True, text=True, env=environment)
        print(done.stdout + done.stderr)
        if "CUDA targets need NVRTC" in done.stderr:
            sys.exit(77)
        done.check_returncode()
        return done.stdout

    inputs = work / "x.npz"

    def run(artifact, device):
        file = work / "outputs.npz"
        call("run", artifact, "--inputs", inputs, f"--device={device}", "--outputs", file)
        return numpy.load(file)["y"]

    alone, both = work / "alone.ingot", work / "both.ingot"
    call("compile", path, f"--target={target}", f"--precision={precision}", "-o", alone)
    call("compile", path, f"--target={target},x86-64", f"--precision={target}:{precision}", "-o", both)
    for artifact in alone, both:
        kernels = call("inspect", artifact, "--kernels")
        rows = "f8E4M3FN" if target == "sm_90a" else precision
        for name in (f"linear_{precision}_f8E4M3FN_b{WIDE}_k{WIDE}_n{INNER}", f"arrange_f8E4M3FN_b{WIDE}_",
                     f"linear_{rows}_f8E4M3FN_b{K}_", f"linear_{rows}_f8E4M3FN_b{BLOCK}_"):
            assert f" {name}" in kernels, name
        # Of the input alone; sm_80 has code and PTX.
        assert kernels.count(" map_f8E4M3FN_") == (1 if target == "sm_90a" else 2), "rows are rounded by maps"
        assert kernels.count("frame 0, spills 0") == kernels.count("spills "), "spills"
    for rows in ROWS:
        x = numpy.random.default_rng(rows).normal(0, 1, (rows, K)).astype("float32")
        x[0, :4] = 1e6, -1e6, 0, 1e-5
        numpy.savez(inputs, x=x)
        expected = run(path, "reference")
        others = {"cpu": (run(both, "cpu"), "f32")}
        if session:
            others["ONNX Runtime"] = session.run(None, {"x": x})[0], "f32"
        for artifact in alone, both:
            others[artifact.name] = run(artifact, "emulated"), precision
        largest = abs(expected).max()
        for name, (got, kind) in others.items():
            difference = abs(got - expected).max()
            print(f"{name}, {rows} rows: largest difference {difference:.3g} of {largest:.3g}")
            assert got.shape == (rows, N) and difference <= TOLERANCE[kind] * largest, name
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
