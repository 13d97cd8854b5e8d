"""The models of the CPU benchmark: shapes of published ones, random weights of a fixed seed.

Written as a recent exporter writes them (opset 17, LayerNormalization, GELU by Erf, scale by Div,
additive key mask), so that no peer is handed a form it was not made for.
"""
from dataclasses import dataclass

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

SEED = 7


@dataclass(frozen=True)
class Shape:
    layers: int
    hidden: int
    heads: int
    ffn: int
    vocabulary: int = 0  # 0: an image model
    positions: int = 512
    image: int = 0
    patch: int = 0

    def tokens(self, sequence):
        return (self.image // self.patch) ** 2 + 1 if self.image else sequence

    def flops(self, batch, sequence):
        """Of the matrix products: 2 for each multiplication and addition."""
        s, h = self.tokens(sequence), self.hidden
        layer = 2 * s * (4 * h * h + 2 * h * self.ffn) + 4 * s * s * h
        patches = 2 * (s - 1) * h * 3 * self.patch**2 if self.image else 0
        return batch * (self.layers * layer + patches)


BERT_BASE = Shape(12, 768, 12, 3072, 30522)
MINILM_L6 = Shape(6, 384, 12, 1536, 30522)
VIT_BASE = Shape(12, 768, 12, 3072, image=224, patch=16)


class Graph:
    def __init__(self):
        self.nodes, self.weights, self.random = [], [], numpy.random.default_rng(SEED)

    def weight(self, *dims, scale=0.02, offset=0.0):
        name = f"w{len(self.weights)}"
        values = self.random.standard_normal(dims, numpy.float32) * numpy.float32(scale) + numpy.float32(offset)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def constant(self, values, kind):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(numpy.array(values, kind), name))
        return name

    def op(self, kind, *inputs, **attributes):
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def linear(self, x, inner, outer):
        return self.op("Add", self.op("MatMul", x, self.weight(inner, outer)), self.weight(outer))

    def norm(self, x, width):
        return self.op("LayerNormalization", x, self.weight(width, offset=1), self.weight(width), axis=-1, epsilon=1e-12)

    def gelu(self, x):
        scaled = self.op("Div", x, self.constant(2**0.5, numpy.float32))
        return self.op("Mul", self.op("Mul", x, self.op("Add", self.op("Erf", scaled),
                                                        self.constant(1, numpy.float32))),
                       self.constant(0.5, numpy.float32))

    def attention(self, x, shape, mask):
        h, depth = shape.hidden, shape.hidden // shape.heads
        split = self.constant([0, 0, shape.heads, depth], numpy.int64)

        def heads(perm):
            return self.op("Transpose", self.op("Reshape", self.linear(x, h, h), split), perm=perm)

        scores = self.op("Div", self.op("MatMul", heads([0, 2, 1, 3]), heads([0, 2, 3, 1])),
                         self.constant(depth**0.5, numpy.float32))
        if mask:
            scores = self.op("Add", scores, mask)
        context = self.op("MatMul", self.op("Softmax", scores, axis=-1), heads([0, 2, 1, 3]))
        merged = self.op("Reshape", self.op("Transpose", context, perm=[0, 2, 1, 3]),
                         self.constant([0, 0, h], numpy.int64))
        return self.linear(merged, h, h)

    def save(self, path, inputs, output, dims, others=()):
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, dims), *others]
        graph = helper.make_graph(self.nodes, path.stem, inputs, outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        partial = path.with_suffix(".partial")
        onnx.save(model, partial)
        partial.replace(path)


def write_text_encoder(path, shape):
    """input_ids, attention_mask [batch, sequence] -> [batch, sequence, hidden]; post-norm, as BERT."""
    g, h = Graph(), shape.hidden
    words = g.op("Gather", g.weight(shape.vocabulary, h), "input_ids", axis=0)
    length = g.op("Slice", g.op("Shape", "input_ids"), g.constant([1], numpy.int64), g.constant([2], numpy.int64))
    positions = g.op("Slice", g.weight(shape.positions, h), g.constant([0], numpy.int64), length,
                     g.constant([0], numpy.int64))
    x = g.norm(g.op("Add", g.op("Add", words, positions), g.weight(h)), h)
    mask = g.op("Unsqueeze", "attention_mask", g.constant([1, 2], numpy.int64))
    mask = g.op("Mul", g.op("Sub", g.constant(1, numpy.float32), g.op("Cast", mask, to=TensorProto.FLOAT)),
                g.constant(-3.4028234663852886e38, numpy.float32))
    for _ in range(shape.layers):
        x = g.norm(g.op("Add", g.attention(x, shape, mask), x), h)
        x = g.norm(g.op("Add", g.linear(g.gelu(g.linear(x, h, shape.ffn)), shape.ffn, h), x), h)
    dims = ["batch", "sequence"]
    g.save(path, [helper.make_tensor_value_info(name, TensorProto.INT64, dims)
                  for name in ("input_ids", "attention_mask")], x, [*dims, h])


def write_image_encoder(path, shape):
    """pixels [batch, 3, image, image] -> [batch, tokens, hidden]; pre-norm, as ViT."""
    g, h, p, tokens = Graph(), shape.hidden, shape.patch, shape.tokens(0)
    patches = g.op("Conv", "pixels", g.weight(h, 3, p, p), g.weight(h), kernel_shape=[p, p], strides=[p, p])
    patches = g.op("Transpose", g.op("Reshape", patches, g.constant([0, h, tokens - 1], numpy.int64)), perm=[0, 2, 1])
    batch = g.op("Slice", g.op("Shape", "pixels"), g.constant([0], numpy.int64), g.constant([1], numpy.int64))
    first = g.op("Expand", g.weight(1, 1, h), g.op("Concat", batch, g.constant([1, h], numpy.int64), axis=0))
    x = g.op("Add", g.op("Concat", first, patches, axis=1), g.weight(1, tokens, h))
    for _ in range(shape.layers):
        x = g.op("Add", g.attention(g.norm(x, h), shape, None), x)
        x = g.op("Add", g.linear(g.gelu(g.linear(g.norm(x, h), h, shape.ffn)), shape.ffn, h), x)
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 3, shape.image, shape.image])
    g.save(path, [pixels], g.norm(x, h), ["batch", tokens, h])


def get_model(name, shape, folder):
    """Path of the model, written once."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    if not path.exists():
        (write_image_encoder if shape.image else write_text_encoder)(path, shape)
    return path


def make_inputs(path, batch, sequence):
    """Random inputs by name for a model of this page or the demo's."""
    names = {value.name: value for value in onnx.load(path, load_external_data=False).graph.input}
    random = numpy.random.default_rng(SEED)
    if "pixels" in names:
        side = names["pixels"].type.tensor_type.shape.dim[2].dim_value
        return {"pixels": random.standard_normal((batch, 3, side, side), numpy.float32)}
    ids = random.integers(1000, 30000, (batch, sequence), numpy.int64)
    return {name: ids if name == "input_ids" else numpy.ones_like(ids) for name in names}
