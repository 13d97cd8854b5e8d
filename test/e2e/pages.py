"""Attention over pages of a cache, as a decoder's graph has it: ONNX Runtime, the reference, compiled for CPUs, and for GPUs on the
emulated driver agree; a number that no page has is an error.

    pages.py INGOT FOLDER      without NVRTC: CPUs alone

The cache is [pages, rows, heads, columns] or [pages, heads, rows, columns], and Gather chooses pages by a table.
"""
import os
import subprocess
import sys
from pathlib import Path

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

KINDS = {numpy.dtype(numpy.float32): TensorProto.FLOAT, numpy.dtype(numpy.float16): TensorProto.FLOAT16, numpy.dtype(numpy.int32): TensorProto.INT32, numpy.dtype(numpy.int64): TensorProto.INT64}
HEADS, GROUPS, COLUMNS = 4, 2, 64
PAGES = 9
random = numpy.random.default_rng(11)


def make(rows, by_heads, index, kind):
    """One attention: query [batch, HEADS, queries, COLUMNS], caches of `kind`, grouped keys, keys from `lengths` on masked."""
    weights = {"axes": numpy.array([1], numpy.int64), "ones": numpy.array([2], numpy.int64),
               "shape": numpy.array([0, GROUPS, -1, COLUMNS], numpy.int64) if by_heads
               else numpy.array([0, -1, GROUPS, COLUMNS], numpy.int64),
               "repeated": numpy.array([1, 1, HEADS // GROUPS, 1, 1], numpy.int64),
               "heads": numpy.array([0, HEADS, -1, COLUMNS], numpy.int64), "zero": numpy.array(0, numpy.int64),
               "one": numpy.array(1, numpy.int64), "rest": numpy.array([1, 2, 3], numpy.int64),
               "scale": numpy.array(COLUMNS ** -0.5, numpy.float32), "fill": numpy.array(-numpy.inf, numpy.float32),
               "three": numpy.array(3, numpy.int64)}
    nodes = []

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))

    for part in "kv":
        node("Gather", [f"{part}_cache", "table"], f"{part}_pages", axis=0)
        pages = f"{part}_pages"
        if kind != numpy.float32:
            node("Cast", [pages], f"{part}_wide", to=TensorProto.FLOAT)
            pages = f"{part}_wide"
        if by_heads:  # [B, P, G, rows, D]
            node("Transpose", [pages], f"{part}_turned", perm=[0, 2, 1, 3, 4])
            node("Reshape", [f"{part}_turned", "shape"], f"{part}_groups")
        else:
            node("Reshape", [pages, "shape"], f"{part}_tokens")
            node("Transpose", [f"{part}_tokens"], f"{part}_groups", perm=[0, 2, 1, 3])
        node("Unsqueeze", [f"{part}_groups", "ones"], f"{part}_each")
        node("Tile", [f"{part}_each", "repeated"], f"{part}_tiled")
        node("Reshape", [f"{part}_tiled", "heads"], part)
    node("Transpose", ["k"], "k_rows_last", perm=[0, 1, 3, 2])
    node("MatMul", ["q", "k_rows_last"], "products")
    node("Mul", ["products", "scale"], "scores")
    node("Shape", ["scores"], "dims")
    node("Gather", ["dims", "three"], "count", axis=0)
    node("Range", ["zero", "count", "one"], "positions")
    node("Unsqueeze", ["lengths", "rest"], "ends")
    node("Less", ["positions", "ends"], "there")
    node("Where", ["there", "scores", "fill"], "masked")
    node("Softmax", ["masked"], "weights", axis=-1)
    node("MatMul", ["weights", "v"], "y")
    cache = ["pages", GROUPS, rows, COLUMNS] if by_heads else ["pages", rows, GROUPS, COLUMNS]
    inputs = [helper.make_tensor_value_info(name, KINDS[numpy.dtype(kind)], dims) for name, kind, dims in (
        ("q", numpy.float32, ["batch", HEADS, "queries", COLUMNS]), ("k_cache", kind, cache),
        ("v_cache", kind, cache), ("table", index, ["batch", "places"]), ("lengths", numpy.int64, ["batch"]))]
    graph = helper.make_graph(nodes, "pages", inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
                              [numpy_helper.from_array(value, name) for name, value in weights.items()])
    return helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])


def feeds(rows, by_heads, index, kind, table, queries, lengths):
    table = numpy.array(table, index)
    dims = (PAGES, GROUPS, rows, COLUMNS) if by_heads else (PAGES, rows, GROUPS, COLUMNS)
    return {"q": random.standard_normal((len(table), HEADS, queries, COLUMNS)).astype(numpy.float32),
            "k_cache": random.standard_normal(dims).astype(kind), "v_cache": random.standard_normal(dims).astype(kind), "table": table,
            "lengths": numpy.array(lengths, numpy.int64)}


def run(*command, **environment):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env={**os.environ, **environment})
    print(" ".join(map(str, command[:2])), done.stdout + done.stderr, sep="\n")
    return done


def close(file, expected, tolerance):
    with numpy.load(file) as stored:
        difference, largest = abs(stored["y"] - expected).max(), abs(expected).max()
    print(f"largest difference {difference:.3g} of {largest:.3g}")
    assert difference <= tolerance * largest


def main(ingot, folder):
    folder, has_nvrtc = Path(folder), True
    # Pages in any order, some twice, one counted from the end; the last is partly masked.
    tables = [[7, 2, 2, 5], [0, 8, -2, 7]]
    for name, rows, by_heads, index, kind, target, precision in (
            ("tokens", 16, False, numpy.int64, numpy.float32, "sm_80", "f32"),
            ("heads", 5, True, numpy.int32, numpy.float32, "sm_80", "f32"),
            ("hopper", 16, False, numpy.int64, numpy.float16, "sm_90a", "f16"),
            ("hopper-heads", 16, True, numpy.int32, numpy.float16, "sm_90a", "f16")):
        is_hopper = target == "sm_90a"
        of = folder / name
        of.mkdir(parents=True, exist_ok=True)
        model, artifact = of / "model.onnx", of / "model.ingot"
        made = make(rows, by_heads, index, kind)
        model.write_bytes(made.SerializeToString())
        session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
        explained = run(ingot, "explain", model).stdout
        assert "keys and values in pages of" in explained, explained
        done = run(ingot, "compile", model, "-o", artifact, f"--target={target},x86-64", f"--precision={target}:{precision}")
        if "CUDA targets need NVRTC" in done.stderr:
            has_nvrtc, done = False, run(ingot, "compile", model, "-o", artifact)
        assert done.returncode == 0
        if has_nvrtc:
            kernels = run(ingot, "inspect", artifact, "--kernels").stdout
            assert "d64_pages" in kernels, kernels
            assert ("choice wgmma" in kernels) == is_hopper, kernels
        devices = [("cpu", artifact, 1e-5), ("reference", model, 1e-5)]
        if has_nvrtc:
            devices.append(("emulated", artifact, 1e-3 if is_hopper else 1e-5))
        arch = {"INGOT_EMULATOR": "arch 90"} if is_hopper else {}
        for table, queries, lengths in ((tables, 1, [3 * rows + 2, 4 * rows]), (tables[:1], 3, [2 * rows + 1])):
            values = feeds(rows, by_heads, index, kind, table, queries, lengths)
            expected = session.run(None, values)[0]
            numpy.savez(of / "in.npz", **values)
            for device, file, tolerance in devices:
                assert run(ingot, "run", file, "--device", device, "--inputs", of / "in.npz", "--outputs", of / "out.npz",
                           **arch).returncode == 0
                close(of / "out.npz", expected, tolerance)
        # A page that is not there.
        values["table"] = numpy.array([[1, PAGES, 0, 2]], index)
        numpy.savez(of / "in.npz", **values)
        for device, file, _ in devices:
            done = run(ingot, "run", file, "--device", device, "--inputs", of / "in.npz", **arch)
            assert done.returncode == 1 and f"index {PAGES} is outside" in done.stderr, device
    return 0 if has_nvrtc else 77


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
