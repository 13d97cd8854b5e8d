#!/usr/bin/env python3
"""Picks the ONNX node tests that Ingot runs, from an unpacked copy of ONNX's backend test data.

    pick.py FOLDER          prints each name and a tab before the inputs that decide shapes
    pick.py FOLDER --why    prints every test with "taken" or the first reason why not
    pick.py FOLDER --write  writes list.txt (what the first form prints) and node-tests.tar.xz
                            (the chosen folders; same bytes each time) beside this script

FOLDER holds node/test_NAME/{model.onnx,test_data_set_0/}. Needs the Python package onnx.
A test is taken if its graph uses only OPS, of the default domain unless named, imported at an opset
of 11 or later, and every type in it (inputs, outputs, initializers, constants, casts)
is one of TYPES, or where it quantizes of QUANTIZED_TYPES.

Inputs that decide shapes or axes must be known at compile time. In the archive they lie in
constants/NAME.pb, given to `ingot compile` as --constant-input, and not in the data set.
"""
import argparse
import io
import lzma
import sys
import tarfile
from pathlib import Path

import onnx
from onnx import AttributeProto, TensorProto

OPS = set("""
Abs Add And ArgMax Attention Cast Ceil Clip Concat Constant ConstantOfShape Conv Cos CumSum
DequantizeLinear Div Dropout DynamicQuantizeLinear Equal Erf Exp Expand Flatten Floor Gather
GatherElements GatherND Gelu Gemm GlobalAveragePool Greater GreaterOrEqual Identity IsNaN
LayerNormalization Less LessOrEqual Log MatMul MatMulInteger Max Mean Min Mod Mul Neg Not Or Pad Pow
QLinearMatMul QuantizeLinear RMSNormalization Range Reciprocal ReduceL2 ReduceMax ReduceMean ReduceMin
ReduceProd ReduceSum Relu Reshape RotaryEmbedding Round Shape Sigmoid Sign Sin Slice Softmax Split
Sqrt Squeeze Sub Tanh Tile Transpose Trilu Unsqueeze Where
SimplifiedLayerNormalization
com.microsoft.Attention com.microsoft.BiasGelu com.microsoft.EmbedLayerNormalization
com.microsoft.FastGelu com.microsoft.FusedGemm com.microsoft.FusedMatMul
com.microsoft.GatherBlockQuantized com.microsoft.Gelu com.microsoft.GroupQueryAttention
com.microsoft.MatMulNBits com.microsoft.MultiHeadAttention com.microsoft.QuickGelu
com.microsoft.RotaryEmbedding com.microsoft.SimplifiedLayerNormalization
com.microsoft.SkipLayerNormalization com.microsoft.SkipSimplifiedLayerNormalization
""".split())
TYPES = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.INT32, TensorProto.INT64,
         TensorProto.BOOL}
# Beside those what quantized numbers have, where an operator on them is in the graph.
QUANTIZED_OPS = {"DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "QLinearMatMul", "QuantizeLinear",
                 "com.microsoft.GatherBlockQuantized", "com.microsoft.MatMulNBits"}
QUANTIZED_TYPES = TYPES | {
    TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16, TensorProto.UINT16, TensorProto.INT4,
    TensorProto.UINT4, TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E5M2,
}
# The operands that decide shapes, axes or what an op is; ReduceX's are added below.
DECIDING = {
    "ConstantOfShape": [0], "CumSum": [1], "Dropout": [1, 2], "Expand": [1], "Pad": [1, 3],
    "Range": [0, 1, 2], "Reshape": [1], "Slice": [1, 2, 3, 4], "Split": [1], "Squeeze": [1],
    "Tile": [1], "Trilu": [1], "Unsqueeze": [1],
}


def type_name(number):
    return TensorProto.DataType.Name(number).lower()


def types_of(ops):
    return QUANTIZED_TYPES if ops & QUANTIZED_OPS else TYPES


def refusal(model):
    """The first reason not to take the test, or None."""
    opset = {entry.domain: entry.version for entry in model.opset_import}
    if model.functions:
        return "has local functions"
    if opset.get("", 0) < 11:
        return f"opset {opset.get('')}"
    graph = model.graph
    types = types_of({node.op_type for node in graph.node})
    for node in graph.node:
        name = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
        if name not in OPS:
            return f"op {name}"
        for attribute in node.attribute:
            if attribute.type == AttributeProto.TENSOR and attribute.t.data_type not in types:
                return f"type {type_name(attribute.t.data_type)}"
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i not in types:
                return f"type {type_name(attribute.i)}"
    for value in [*graph.input, *graph.output, *graph.value_info]:
        kind = value.type.WhichOneof("value")
        if kind != "tensor_type":
            return f"type {kind.removesuffix('_type')}"
        if value.type.tensor_type.elem_type not in types:
            return f"type {type_name(value.type.tensor_type.elem_type)}"
    for tensor in graph.initializer:
        if tensor.data_type not in types:
            return f"type {type_name(tensor.data_type)}"
    return None


def deciding_inputs(model):
    """Graph inputs whose values, not only shapes, reach a deciding operand; in graph order."""
    producer = {name: node for node in model.graph.node for name in node.output}
    pending = []
    for node in model.graph.node:
        places = [1] if node.op_type.startswith("Reduce") else DECIDING.get(node.op_type, [])
        pending += [node.input[place] for place in places if place < len(node.input)]
    reached = set()
    while pending:
        name = pending.pop()
        if name in reached:
            continue
        reached.add(name)
        node = producer.get(name)
        if node is not None and node.op_type != "Shape":
            pending += node.input
    return [value.name for value in model.graph.input if value.name in reached]


def data_sets(folder, model):
    """(path in the archive, path in the folder) of a test's files."""
    yield "model.onnx", folder / "model.onnx"
    inputs = [value.name for value in model.graph.input]
    constant = deciding_inputs(model)
    for place, name in enumerate(inputs):
        if name in constant:
            yield f"constants/{name}.pb", folder / "test_data_set_0" / f"input_{place}.pb"
    for data in sorted(folder.glob("test_data_set_*")):
        kept = [place for place, name in enumerate(inputs) if name not in constant]
        for number, place in enumerate(kept):
            yield f"{data.name}/input_{number}.pb", data / f"input_{place}.pb"
        for path in sorted(data.glob("output_*.pb")):
            yield f"{data.name}/{path.name}", path


def pack(chosen, out):
    """A tar.xz of the chosen tests: sorted, no times, no owners."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for folder, model in chosen:
            for name, path in data_sets(folder, model):
                data = path.read_bytes()
                info = tarfile.TarInfo(f"{folder.name}/{name}")
                info.size, info.mode = len(data), 0o644
                tar.addfile(info, io.BytesIO(data))
    out.write_bytes(lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--why", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    chosen, lines = [], []
    for folder in sorted((options.folder / "node").iterdir()):
        model = onnx.load(folder / "model.onnx")
        reason = refusal(model)
        if reason is None:
            chosen.append((folder, model))
            lines.append("\t".join([folder.name, *filter(None, [" ".join(deciding_inputs(model))])]))
        if options.why:
            print(folder.name, reason or "taken", sep="\t")
    if not chosen:
        sys.exit(f"{options.folder}/node: no test of the kind")
    if not options.why:
        print("\n".join(lines))
    if options.write:
        here = Path(__file__).resolve().parent
        (here / "list.txt").write_text("\n".join(lines) + "\n")
        pack(chosen, here / "node-tests.tar.xz")


if __name__ == "__main__":
    main()
