"""What `ingot` says to models and inputs that are wrong: exit code 1, a message that names the
thing at fault, and nothing left behind.

    bad_input.py INGOT
"""
import struct
import subprocess
import sys
import unittest
import zlib

import numpy
from onnx import TensorProto, helper, numpy_helper

from case import FLOAT, INGOT, INT64, Case, layers, model, value, weight


def embedding(words=10):
    """Rows of a table, plus a bias as long as the sequence."""
    return model([helper.make_node("Gather", ["table", "ids"], ["rows"], "lookup"),
                  helper.make_node("Mul", ["rows", "factor"], ["y"], "scale")],
                 [value("ids", INT64, ["batch", "sequence"]), value("factor", FLOAT, ["batch", "sequence", 1])],
                 [value("y", FLOAT, ["batch", "sequence", 64])], [weight("table", words, 64)])


def external(location, length=4096, offset=0):
    made = layers()
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in ("location", location), ("offset", str(offset)), ("length", str(length)):
        tensor.external_data.add(key=key, value=text)
    return made


class BadModel(Case):
    def refuse(self, *says, file="model.onnx"):
        """Each verb that reads a model refuses it in the same words."""
        for verb in ["compile"], ["explain"], ["run", "--device=reference", "--dims=rows=1"]:
            for words in says:
                self.call(verb[0], file, *verb[1:], code=1, says=words)
        self.assertEqual(list(self.work.glob("*.ingot*")), [])

    def test_no_onnx(self):
        png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 13, b"IHDR") + bytes(13) + struct.pack(">I", zlib.crc32(b""))
        for data in b"", png, b"#!/bin/sh\necho hello\n", bytes(1000), b"\xff" * 1000:
            (self.work / "model.onnx").write_bytes(data)
            self.refuse("model.onnx")
        self.refuse("none.onnx", file="none.onnx")
        (self.work / "folder.onnx").mkdir()
        self.refuse("folder.onnx", file="folder.onnx")

    def test_cut_short(self):
        whole = layers(width=8).SerializeToString()
        for size in range(1, len(whole), 97):
            (self.work / "model.onnx").write_bytes(whole[:size])
            self.call("compile", "model.onnx", code=1, says="model.onnx")
        self.assert_files("model.onnx")

    def test_contradicting_shapes(self):
        made = layers()
        made.graph.initializer[1].CopyFrom(weight("v0", 31, 32))
        self.save(made)
        self.refuse("'down0'", "31")
        made = layers()
        made.graph.initializer[0].dims[0] = 33  # more than its bytes
        self.save(made)
        self.refuse("'w0'")

    def test_structure(self):
        made = layers()
        made.graph.node[1].input[0] = "nowhere"
        self.save(made)
        self.refuse("'nowhere'")
        made = layers()
        made.graph.node[0].input[0] = "c0"  # a cycle
        self.save(made)
        self.refuse("up0")
        made = layers()
        made.opset_import[0].version = 99
        self.save(made)
        self.refuse("99")
        made = layers()
        made.graph.node[1].op_type = "Rolu"
        made.graph.node[2].op_type = "MutMal"
        self.save(made)
        self.refuse("Rolu", "MutMal", "2 of 3")

    def test_external_data(self):
        (self.work / "inside").mkdir()
        (self.work / "short.bin").write_bytes(bytes(100))
        (self.work / "inside/link.bin").symlink_to("../short.bin")
        for place, says in [("none.bin", "none.bin"), ("../short.bin", "../short.bin"),
                            (str(self.work / "short.bin"), "short.bin"), ("link.bin", "link.bin")]:
            self.save(external(place), "inside/model.onnx")
            self.refuse(says, file="inside/model.onnx")
        self.save(external("short.bin"))
        self.refuse("short.bin")
        self.save(external("short.bin", offset=2**62))
        self.refuse("short.bin")


class BadInput(Case):
    def setUp(self):
        super().setUp()
        self.save(embedding())
        self.call("compile", "model.onnx")
        self.devices = ["model.ingot"], ["model.onnx", "--device=reference"]

    def refuse(self, *says, **arrays):
        numpy.savez(self.work / "in.npz", **arrays)
        for device in self.devices:
            for words in says:
                self.call("run", *device, "--inputs=in.npz", "--outputs=out.npz", code=1, says=words)
        self.assertFalse((self.work / "out.npz").exists())

    def test_inputs(self):
        ids, factor = numpy.array([[1, 9]]), numpy.ones((1, 2, 1), numpy.float32)
        for device in self.devices:
            numpy.savez(self.work / "in.npz", ids=ids, factor=factor)
            self.call("run", *device, "--inputs=in.npz", says="y: float32[1, 2, 64]")
        self.refuse("'odds'", "'ids'", odds=ids, factor=factor)
        self.refuse("'factor'", ids=ids)
        self.refuse("'ids'", "int64", "int32", ids=ids.astype(numpy.int32), factor=factor)
        self.refuse("'ids'", "rank 2", "rank 1", ids=ids[0], factor=factor)
        self.refuse("'factor'", "3", "2", ids=ids, factor=numpy.ones((1, 3, 1), numpy.float32))
        self.refuse("'factor'", ids=ids, factor=numpy.ones((1, 2, 2), numpy.float32))
        self.refuse("index 10", "lookup", ids=ids + 1, factor=factor)
        self.refuse("index -11", "lookup", ids=ids - 12, factor=factor)

    def test_both_devices_draw_the_same(self):
        for name, device in zip("ab", self.devices):
            self.call("run", *device, "--dims=batch=2,sequence=5", "--seed=7", f"--outputs={name}.npz")
        a, b = (numpy.load(self.work / f"{name}.npz")["y"] for name in "ab")
        self.assertEqual(a.shape, (2, 5, 64))
        numpy.testing.assert_allclose(a, b, rtol=1e-6)
        for device in self.devices:
            self.call("run", *device, "--dims=batch=2", code=2, says="--dims sequence=N")
            self.call("run", *device, "--dims=rows=2", code=2, says="batch, sequence")
            self.call("run", *device, "--dims=batch=-1,sequence=2", code=2, says="ids")

    def test_data_set(self):
        folder = self.work / "set"
        folder.mkdir()
        table = numpy_helper.to_array(embedding().graph.initializer[0])
        ids, factor = numpy.array([[3, 4]]), numpy.full((1, 2, 1), 2, numpy.float32)
        for name, array in [("input_0", ids), ("input_1", factor), ("output_0", 2 * table[ids])]:
            (folder / f"{name}.pb").write_bytes(numpy_helper.from_array(array).SerializeToString())
        for device in self.devices:
            out = self.call("run", *device, "--data-set=set", says="ok     y: max abs error 0, relative 0")
            self.assertEqual(len(out.splitlines()), 1)
        (folder / "output_0.pb").write_bytes(numpy_helper.from_array(3 * table[ids]).SerializeToString())
        for device in self.devices:
            done = subprocess.run([INGOT, "run", *device, "--data-set=set"], cwd=self.work, capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertTrue(done.stdout.startswith("FAILED y: max abs error "), done.stdout)

    def test_devices(self):
        self.call("run", "model.ingot", "--device=reference", code=2, says=".onnx and .mlir")
        self.call("run", "model.onnx", code=2, says="--device=reference")
        self.call("run", "model.ingot", "--device=abacus", code=2, says="abacus")
        self.call("run", "model.ingot", "--constant-input=ids=x.pb", code=2, says="--constant-input")
        self.call("run", "model.onnx", "--device=reference", "--constant-input=ids=x.pb", code=1, says="x.pb")

    def test_reference_of_ir(self):
        for stage in "import", "canonical", "fused":
            self.call("compile", "model.onnx", f"--emit={stage}", "-o", f"{stage}.mlir")
            self.call("run", f"{stage}.mlir", "--device=reference", "--dims=batch=1,sequence=2", "--outputs",
                      f"{stage}.npz")
        first = numpy.load(self.work / "import.npz")["y"]
        for stage in "canonical", "fused":
            numpy.testing.assert_allclose(numpy.load(self.work / f"{stage}.npz")["y"], first, rtol=1e-6)
        self.call("compile", "model.onnx", "--emit=plan", "-o", "plan.mlir")
        self.call("run", "plan.mlir", "--device=reference", "--dims=batch=1,sequence=2", code=1, says="plan stage")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
