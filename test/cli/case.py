"""What the tests of the command in Python share; needs onnx and NumPy.

The first argument of each is the command `ingot`.
"""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy
from onnx import TensorProto, helper, numpy_helper

INGOT = Path(sys.argv[1]).resolve()
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def value(name, kind, dims):
    return helper.make_tensor_value_info(name, kind, dims)


def model(nodes, inputs, outputs, weights=()):
    graph = helper.make_graph(nodes, "test", inputs, outputs, list(weights))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def weight(name, *dims):
    rng = numpy.random.default_rng(0)
    return numpy_helper.from_array(rng.standard_normal(dims).astype(numpy.float32), name)


def layers(count=1, width=32):
    """relu(x W) `count` times, with weights that stay in the file."""
    nodes, weights, name = [], [], "x"
    for i in range(count):
        weights.append(weight(f"w{i}", width, width + i))
        weights.append(weight(f"v{i}", width + i, width))
        nodes += [helper.make_node("MatMul", [name, f"w{i}"], [f"a{i}"], f"up{i}"),
                  helper.make_node("Relu", [f"a{i}"], [f"b{i}"], f"relu{i}"),
                  helper.make_node("MatMul", [f"b{i}", f"v{i}"], [f"c{i}"], f"down{i}")]
        name = f"c{i}"
    return model(nodes, [value("x", FLOAT, ["rows", width])], [value(name, FLOAT, ["rows", width])], weights)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.temporary = self.work / "tmp"
        self.temporary.mkdir()
        self.environment = {**os.environ, "TMPDIR": str(self.temporary)}

    def save(self, made, name="model.onnx"):
        path = self.work / name
        path.write_bytes(made.SerializeToString())
        return path

    def call(self, *arguments, code=0, says="", **keywords):
        done = subprocess.run([INGOT, *map(str, arguments)], capture_output=True, text=True, cwd=self.work,
                              env=self.environment, **keywords)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(says, done.stderr if code else done.stdout)
        if code > 0:
            self.assertTrue(done.stderr.startswith("error: "), done.stderr)
        return done.stdout

    def assert_files(self, *names):
        """These are in the working folder, and nothing else; nothing temporary is left."""
        self.assertEqual(sorted(p.name for p in self.work.iterdir()), sorted(["tmp", *names]))
        self.assertEqual(list(self.temporary.iterdir()), [])
