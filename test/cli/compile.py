"""Runs `ingot compile` as people do.

    compile.py INGOT
"""
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import numpy
from onnx import helper, numpy_helper

from case import FLOAT, INGOT, INT64, Case, layers, model, value


def reshaped():
    """A reshape whose dims are an input."""
    return model([helper.make_node("Reshape", ["x", "shape"], ["y"], "reshape")],
                 [value("x", FLOAT, ["n", 6]), value("shape", INT64, [2])], [value("y", FLOAT, ["a", "b"])])


class Compile(Case):
    def test_summary_and_default_name(self):
        self.save(layers())
        out = self.call("compile", "model.onnx")
        self.assert_files("model.ingot", "model.onnx")
        lines = out.splitlines()
        self.assertTrue(lines[0].startswith("model.ingot: "), out)
        self.assertEqual([line.split()[0] for line in lines[1:]], ["fused", "plan", "memory", "time"])
        self.assertIn("2 linear", lines[1])
        self.assertIn("2 steps of 2 kernels", lines[2])
        self.assertIn("128*rows bytes", lines[3])
        out = self.call("compile", "model.onnx", "--dims", "rows=1..100")
        self.assertIn("12.8 KB at rows=100", out)
        out = self.call("compile", "model.onnx", "--dims", "rows=8")
        self.assertIn("memory  1.0 KB\n", out)

    def test_help(self):
        for verb in "compile", "explain", "run":
            self.assertIn(f"ingot {verb}", self.call(verb, "--help").split("Try:")[1])

    def test_usage(self):
        self.save(layers())
        for arguments, says in [
            ([], "one model"), (["model.onnx", "b.onnx"], "one model"), (["model.onnx", "--fast"], "--fast"),
            (["model.onnx", "--emit=hope"], "hope"), (["model.onnx", "--target=z80"], "z80"),
            (["model.onnx", "--jobs=0"], "--jobs"), (["model.onnx", "--dims=rows"], "rows"),
            (["model.onnx", "--constant-input=x"], "NAME=FILE"), (["model.onnx", "-o", ""], "-o"),
            (["m.mlir", "--dims=rows=1"], "--dims"), (["m.mlir", "--constant-input=x=x.pb"], "--constant-input"),
        ]:
            self.call("compile", *arguments, code=2, says=says)
        self.call("compile", "model.onnx", "--dims=columns=1", code=1, says="columns")
        self.assert_files("model.onnx")

    def test_constant_input(self):
        self.save(reshaped())
        self.call("compile", "model.onnx", code=1, says="--constant-input")
        shape = numpy.array([-1, 3], numpy.int64)
        numpy.save(self.work / "shape.npy", shape)
        (self.work / "shape.pb").write_bytes(numpy_helper.from_array(shape, "any name").SerializeToString())
        for file in "shape.npy", "shape.pb":
            self.call("compile", "model.onnx", f"--constant-input=shape={file}", "--dims", "n=2")
            self.call("run", "model.ingot", says="y: float32[4, 3]")
        numpy.save(self.work / "float.npy", numpy.array([2, 3], numpy.float32))
        numpy.save(self.work / "long.npy", numpy.array([1, 2, 3], numpy.int64))
        (self.work / "bad.pb").write_bytes(b"\xff")
        (self.work / "model.ingot").unlink()
        for given, says in [("form=shape.pb", "'form'"), ("shape=float.npy", "'shape'"), ("shape=long.npy", "int64[3]"),
                            ("shape=none.pb", "none.pb"), ("shape=bad.pb", "bad.pb")]:
            self.call("compile", "model.onnx", "--constant-input", given, code=1, says=says)
        self.call("compile", "model.onnx", "--constant-input=shape=shape.pb", "--constant-input=shape=shape.npy", code=2,
                  says="twice")
        self.assertFalse((self.work / "model.ingot").exists())

    def test_emit(self):
        self.save(layers())
        for stage in "import", "canonical", "fused", "plan", "kernels", "asm":
            text = self.call("compile", "model.onnx", f"--emit={stage}")
            self.assertGreater(len(text), 100)
            self.assertEqual(self.call("compile", "model.onnx", f"--emit={stage}", "-o", "text"), "")
            self.assertEqual((self.work / "text").read_text(), text)
        self.assert_files("model.onnx", "text")

    def test_tuning(self):
        """Stubs of the architecture that a record is for are others; no GPU and no NVRTC is needed to see them."""
        self.save(layers())
        (self.work / "a.json").write_text(json.dumps({"architecture": "sm_86", "measured": "nowhere", "linear": [
            {"type": "f32", "tile128_from": 40}]}))
        emit = "compile", "model.onnx", "--emit=kernels"
        both = self.call(*emit, "--target=sm_80,sm_86", "--tuning=a.json")
        self.assertRegex(both, r"// linear_f32_k32_n32\w* sm_80\+compute_80: ")
        self.assertRegex(both, r"// linear_f32_k32_n32\w* sm_86: (.*\n)+.*1, true, 40>")
        self.assertRegex(self.call(*emit, "--target=sm_80,sm_86"), r"// linear_f32_k32_n32\w* cuda: ")
        self.call(*emit, "--target=sm_80", "--tuning=a.json", code=2, says="a.json is for sm_86, which is none of --target")
        self.call(*emit, "--target=sm_80", "--tuning=b.json", code=1, says="cannot read b.json: ")
        (self.work / "b.json").write_text('{"architecture": "sm_80",\n "linear": [3')
        self.call(*emit, "--target=sm_80", "--tuning=b.json", code=1, says="b.json: [2:")
        (self.work / "b.json").write_text('{"architecture": "sm_80", "linear": [3]}')
        self.call(*emit, "--target=sm_80", "--tuning=b.json", code=1, says="expected an object at b.json.linear[0]")

    def test_ir_input(self):
        self.save(layers())
        plan = self.call("compile", "model.onnx", "--emit=plan")
        for stage in "import", "canonical", "fused":
            self.call("compile", "model.onnx", f"--emit={stage}", "-o", f"{stage}.mlir")
            again = self.call("compile", f"{stage}.mlir", "--emit=plan")
            without = [[line.split(" sources ")[0] for line in text.splitlines()] for text in (plan, again)]
            self.assertEqual(without[0], without[1])
        self.call("compile", "fused.mlir", "--emit=import", code=1, says="fused stage")
        self.call("compile", "model.onnx", "--emit=plan", "-o", "plan.mlir")
        self.call("compile", "plan.mlir", code=1, says="plan stage")
        self.call("compile", "fused.mlir")
        self.assertTrue((self.work / "fused.ingot").exists())

    def test_ir_faults(self):
        head = 'func.func @main(%x: tensor<300xf32> {tfm.name = "x"}) -> (tensor<300xf32> {tfm.name = "y"}) {\n'
        tail = "\n return %y : tensor<300xf32>\n}\n"
        weight = ("  %w = tfm.get_weight @w : tensor<300xf32>\n"
                  "  %y = tfm.elementwise add(%x, %w) : (tensor<300xf32>, tensor<300xf32>) -> tensor<300xf32>")
        (self.work / "short.bin").write_bytes(bytes(100))
        for text, says in [
            ("func.func @main(", "m.mlir:1: "), ("func.func @other() { return }", "@main"),
            (head + " %y = arith.addf %x, %x : tensor<300xf32>" + tail, "m.mlir:2: arith.addf"),
            (head.replace(' {tfm.name = "x"}', "") + " return %x : tensor<300xf32> }", "tfm.name"),
            ('tfm.weight @w : tensor<300xf32> file "none.bin" offset 0 length 1200\n' + head + weight + tail,
             "m.mlir:1: cannot read 'none.bin'"),
            ('tfm.weight @w : tensor<300xf32> file "short.bin" offset 0 length 1200\n' + head + weight + tail,
             "which has 100"),
            ('tfm.weight @w : tensor<300xf32> file "" offset 0 length 1200\n' + head + weight + tail, "weight @w"),
        ]:
            (self.work / "m.mlir").write_text(text)
            self.call("compile", "m.mlir", code=1, says=says)
        self.call("compile", "none.mlir", code=1, says="none.mlir")
        self.assert_files("m.mlir", "short.bin")

    def test_dumps(self):
        self.save(layers())
        self.call("compile", "model.onnx", "--dump-dir", "dumps/here")
        files = sorted(p.name for p in (self.work / "dumps/here").iterdir())
        self.assertEqual([name[:3] for name in files], [f"{i + 1:02}-" for i in range(len(files))])
        names = [name[3:] for name in files]
        self.assertEqual((names[0], names[-1]), ("import.mlir", "kernels"))
        for name in "raise-linear.mlir", "lower-to-plan.mlir":
            self.assertIn(name, names)
        texts = [path.read_text() for path in sorted((self.work / "dumps/here").glob("*.mlir"))]
        self.assertTrue(all(a != b for a, b in zip(texts, texts[1:])))
        kernels = [p.name for p in (self.work / "dumps/here" / files[-1]).iterdir()]
        for level in "v3", "v4":
            for ending in "mlir", "ll", "s":
                self.assertEqual(sum(name.endswith(f".x86-64-{level}.{ending}") for name in kernels), 2)
        (self.work / "file").write_text("")
        self.call("compile", "model.onnx", "--dump-dir=file/x", code=1, says="file/x")


class Output(Case):
    def test_stdout(self):
        self.save(layers())
        self.call("compile", "model.onnx")
        whole = (self.work / "model.ingot").read_bytes()
        done = subprocess.run([INGOT, "compile", "model.onnx", "-o", "-"], capture_output=True, cwd=self.work,
                              env=self.environment)
        self.assertEqual((done.returncode, done.stdout), (0, whole))
        self.assertIn(b"linear", done.stderr)
        import pty
        ours, theirs = pty.openpty()
        done = subprocess.run([INGOT, "compile", "model.onnx", "-o", "-"], stdout=theirs, stderr=subprocess.PIPE,
                              cwd=self.work)
        os.close(theirs)
        os.close(ours)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"terminal", done.stderr)
        self.assert_files("model.ingot", "model.onnx")

    def test_places_that_cannot_be_written(self):
        self.save(layers())
        (self.work / "folder").mkdir()
        for place in "none/out.ingot", "folder", "/dev/full":
            self.call("compile", "model.onnx", "-o", place, code=1, says=place)
            self.call("compile", "model.onnx", "--emit=fused", "-o", place, code=1, says=place)
        with open("/dev/full", "w") as full:
            for more in ["-o", "-"], ["--emit=plan"], []:
                done = subprocess.run([INGOT, "compile", "model.onnx", *more], stdout=full, stderr=subprocess.PIPE,
                                      cwd=self.work, env=self.environment, text=True)
                self.assertEqual(done.returncode, 1)
                self.assertIn("No space left", done.stderr)
        shutil.rmtree(self.work / "folder")
        # The summary could not be printed; the artifact is whole.
        self.call("verify", "model.ingot")
        self.assert_files("model.onnx", "model.ingot")
        self.assertFalse(Path("/dev/full").is_file())

    def limited(self, size):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        return dict(preexec_fn=limit, restore_signals=False)

    def test_full_disk(self):
        self.save(layers(width=256))
        before = b"what was there"
        (self.work / "model.ingot").write_bytes(before)
        # Too small for the linker's files, for the code, for the weights.
        for size, says in (1000, ""), (40000, "model.ingot"), (400000, "model.ingot"):
            self.call("compile", "model.onnx", code=1, says=says, **self.limited(size))
            self.assertEqual((self.work / "model.ingot").read_bytes(), before)
            self.assert_files("model.ingot", "model.onnx")
        # Killed by it.
        self.call("compile", "model.onnx", code=-signal.SIGXFSZ,
                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400000, 400000)))
        self.assert_files("model.ingot", "model.onnx")

    def test_interrupted(self):
        # As much time in kernels as in the artifact, and signals all along.
        self.save(layers(count=3, width=256))
        for number in signal.SIGINT, signal.SIGTERM:
            for moment in range(8):
                process = subprocess.Popen([INGOT, "compile", "model.onnx", "--dump-dir=dumps"], cwd=self.work,
                                           env=self.environment, stdout=subprocess.DEVNULL)
                time.sleep(0.1 * moment)
                process.send_signal(number)
                self.assertIn(process.wait(), (0, -number))
                if (self.work / "model.ingot").exists():  # it was faster, by the summary at least
                    self.call("verify", "model.ingot")
                    (self.work / "model.ingot").unlink()
                else:
                    self.assertEqual(process.returncode, -number)
                self.assertEqual([p for p in self.work.glob("dumps/**/*.tmp*")], [])
                shutil.rmtree(self.work / "dumps", ignore_errors=True)
                self.assert_files("model.onnx")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
