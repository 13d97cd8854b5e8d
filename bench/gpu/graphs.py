"""ONNX graphs of the benchmarks: chains of products, of attention, and whole models. Their weights are windows into one
file of noise, so that a model of gigabytes takes none; they are compiled with --weights=seeded."""
import sys
from dataclasses import replace
from pathlib import Path

import ml_dtypes
import numpy
import onnx
from onnx import TensorProto, helper

sys.path.append(str(Path(__file__).resolve().parents[1] / "cpu"))
import models  # noqa: E402
import shapes  # noqa: E402

NOISE = {numpy.float32: "noise.bin", ml_dtypes.float8_e4m3fn: "noise8.bin"}
TYPES = {numpy.float32: TensorProto.FLOAT, ml_dtypes.float8_e4m3fn: TensorProto.FLOAT8E4M3FN}
WINDOW = 4096  # bytes between the starts of two weights


class Graph(models.Graph):
    """Large weights lie in files of NOISE; `widest` is what the longest of them needs."""

    def __init__(self):
        super().__init__()
        self.windows, self.widest = 0, {}

    def weight(self, *dims, scale=0.02, offset=0.0):
        if len(dims) < 2:
            return super().weight(*dims, scale=scale, offset=offset)
        return self.window(numpy.float32, dims)

    def window(self, kind, dims):
        name = f"w{len(self.weights)}"
        size = int(numpy.prod(dims)) * numpy.dtype(kind).itemsize
        tensor = TensorProto(name=name, data_type=TYPES[kind], dims=dims, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", NOISE[kind]), ("offset", self.windows * WINDOW), ("length", size)):
            tensor.external_data.add(key=key, value=str(value))
        self.windows += 1
        self.widest[kind] = max(self.widest.get(kind, 0), self.windows * WINDOW + size)
        self.weights.append(tensor)
        return name

    def matrix(self, x, inner, outer):
        """Without bias, of a spread that keeps that of x: noise has a deviation of 0.02."""
        scale = self.constant(1 / (0.02 * inner**0.5), numpy.float32)
        return self.op("MatMul", x, self.op("Mul", self.weight(inner, outer), scale))

    def eight_bit_matrix(self, x, inner, outer):
        """The same of rows and weights of float8e4m3fn."""
        zero = self.constant(0, ml_dtypes.float8_e4m3fn)
        one, scale = self.constant(1, numpy.float32), self.constant(50 / inner**0.5, numpy.float32)
        x = self.op("DequantizeLinear", self.op("QuantizeLinear", x, one, zero), one, zero)
        weight = self.window(ml_dtypes.float8_e4m3fn, (inner, outer))
        return self.op("MatMul", x, self.op("DequantizeLinear", weight, scale, zero))

    def columns(self, x, count):
        return self.op("Slice", x, self.constant([0], numpy.int64), self.constant([count], numpy.int64),
                       self.constant([-1], numpy.int64))

    def causal_mask(self, like, axis):
        """0 where the key is not behind the query, else -inf."""
        length = self.op("Squeeze", self.op("Slice", self.op("Shape", like), self.constant([axis], numpy.int64),
                                            self.constant([axis + 1], numpy.int64)))
        places = self.op("Range", self.constant(0, numpy.int64), length, self.constant(1, numpy.int64))
        seen = self.op("LessOrEqual", self.op("Unsqueeze", places, self.constant([0], numpy.int64)),
                       self.op("Unsqueeze", places, self.constant([1], numpy.int64)))
        return self.op("Where", seen, self.constant(0, numpy.float32), self.constant(-numpy.inf, numpy.float32))

    def save(self, path, inputs, output, dims):
        graph = helper.make_graph(self.nodes, path.stem, inputs,
                                  [helper.make_tensor_value_info(output, TensorProto.FLOAT, dims)], self.weights)
        opset, version = (21, 10) if any(node.op_type == "QuantizeLinear" for node in self.nodes) else (17, 8)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=version)
        for kind, size in self.widest.items():
            provide_noise(path.parent / NOISE[kind], kind, size)
        path.write_bytes(model.SerializeToString())
        return path


def provide_noise(path, kind, size):
    have = path.stat().st_size if path.exists() else 0
    if have >= size:
        return
    random = numpy.random.default_rng(models.SEED)
    with path.open("wb") as file:
        for start in range(0, size, 1 << 26):
            count = -(-min(1 << 26, size - start) // numpy.dtype(kind).itemsize)
            file.write((random.standard_normal(count, numpy.float32) * numpy.float32(0.02)).astype(kind).tobytes())


def real(name, *dims, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, dims)


def write_products(path, pair, is_tuned=False, is_eight_bit=False):
    """x [rows, a] through `repeats` pairs of products, so that all weights together are larger than the caches.
    `is_tuned`: no product has the caller's memory, for it would not be a library's."""
    g = Graph()
    x, matrix = g.op("Relu", "x") if is_tuned else "x", g.eight_bit_matrix if is_eight_bit else g.matrix
    for _ in range(pair.repeats):
        x = g.columns(matrix(x, pair.inner, pair.middle), pair.kept)
        x = matrix(x, pair.kept, pair.inner)
    if is_tuned:
        return g.save(path, [real("x", "rows", pair.inner)], g.op("ReduceMax", x, axes=[0], keepdims=0), [pair.inner])
    return g.save(path, [real("x", "rows", pair.inner)], x, ["rows", pair.inner])


def write_attention(path, attention):
    """q, k, v [batch, length, heads * depth], or k and v by a table [batch, places] from pages [pages, keys, heads, depth] of f16;
    the result is the next one's query."""
    g, h, d, group = Graph(), attention.heads, attention.depth, attention.group
    split = g.constant([0, 0, h, d], numpy.int64)

    def heads(x, perm):
        return g.op("Transpose", g.op("Reshape", x, split), perm=perm)

    def shared(x, perm):
        """Of keys or values, for each of the heads that share them."""
        if attention.page:
            x = g.op("Cast", g.op("Gather", x, "table", axis=0), to=TensorProto.FLOAT)
            x = g.op("Reshape", x, g.constant([0, -1, h // group, d], numpy.int64))
        if group > 1:
            x = g.op("Reshape", x, g.constant([0, 0, h // group, 1, d], numpy.int64))
            x = g.op("Expand", x, g.constant([1, 1, h // group, group, d], numpy.int64))
        return heads(x, perm)

    queries, keys = ("length", "length") if attention.causal else ("queries", "keys")
    mask = g.causal_mask("q", 1) if attention.causal else None
    k, v, x = shared("k", [0, 2, 3, 1]), shared("v", [0, 2, 1, 3]), "q"
    for _ in range(attention.repeats):
        scores = g.op("Mul", g.op("MatMul", heads(x, [0, 2, 1, 3]), k), g.constant(d**-0.5, numpy.float32))
        if mask:
            scores = g.op("Add", scores, mask)
        x = g.op("Transpose", g.op("MatMul", g.op("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
        x = g.op("Reshape", x, g.constant([0, 0, h * d], numpy.int64))
    if attention.page:
        cached = [real(name, "pages", attention.page, h // group, d, kind=TensorProto.FLOAT16) for name in "kv"]
        cached.append(helper.make_tensor_value_info("table", TensorProto.INT64, ["batch", "places"]))
    else:
        cached = [real(name, "batch", keys, h // group * d) for name in "kv"]
    return g.save(path, [real("q", "batch", queries, h * d), *cached], x, ["batch", queries, h * d])


def write_decoder(path, shape):
    """input_ids [batch, sequence] -> [batch, sequence, hidden]; pre-norm and causal, as GPT-2, without its head."""
    g, h = Graph(), shape.hidden
    words = g.op("Gather", g.weight(shape.vocabulary, h), "input_ids", axis=0)
    length = g.op("Slice", g.op("Shape", "input_ids"), g.constant([1], numpy.int64), g.constant([2], numpy.int64))
    x = g.op("Add", words, g.op("Slice", g.weight(shape.positions, h), g.constant([0], numpy.int64), length,
                                g.constant([0], numpy.int64)))
    mask = g.causal_mask("input_ids", 1)
    for _ in range(shape.layers):
        x = g.op("Add", g.attention(g.norm(x, h), shape, mask), x)
        x = g.op("Add", g.linear(g.gelu(g.linear(g.norm(x, h), h, shape.ffn)), shape.ffn, h), x)
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "sequence"])
    return g.save(path, [ids], g.norm(x, h), ["batch", "sequence", h])


def write_model(path, shape):
    if shape.image or not shape.causal:
        writer = models.write_image_encoder if shape.image else models.write_text_encoder
        plain, models.Graph = models.Graph, Graph
        try:
            writer(path, shape)
        finally:
            models.Graph = plain
        return path
    return write_decoder(path, shape)


def write_tuned(folder, name, is_tiny):
    """The pair for tune.py."""
    folder.mkdir(parents=True, exist_ok=True)
    what = shapes.BENCHED[name].tiny() if is_tiny else shapes.BENCHED[name]
    return write_products(folder / f"{name}.tuned.onnx", what, is_tuned=True)


def write(folder, name, precision, is_tiny):
    """The graphs of a benchmark: [(path, what to add to the artifact's name)]."""
    folder.mkdir(parents=True, exist_ok=True)
    what = shapes.BENCHED[name].tiny() if is_tiny else shapes.BENCHED[name]
    if isinstance(what, shapes.Attention):
        short = replace(what, repeats=what.repeats - what.counted)
        return [(write_attention(folder / f"{name}.onnx", what), ""),
                (write_attention(folder / f"{name}.short.onnx", short), ".short")]
    if precision == "f8":
        return [(write_products(folder / f"{name}.f8.onnx", what, is_eight_bit=True), "")]
    writer = write_products if isinstance(what, shapes.Pair) else write_model
    return [(writer(folder / f"{name}.onnx", what), "")]
