"""Runs the command `ingot` on small artifacts; needs Python's own library only.

    check.py INGOT WRITE_ARTIFACTS FAKE_COMPILER
"""
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

INGOT, WRITER, COMPILER = (Path(p).resolve() for p in sys.argv[1:4])
NAN, INF = float("nan"), float("inf")


def npy(code, descr, shape, values):
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape!r}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + struct.pack(f"<{len(values)}{code}", *values)


def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def tensor(name, dims, values, kind=1, raw=True):
    """A TensorProto: float (1) or int64 (7), packed fields without `raw`."""
    data = struct.pack(f"<{len(values)}{'f' if kind == 1 else 'q'}", *values)
    field = 9 if raw else 4 if kind == 1 else 7
    if not raw and kind == 7:
        data = b"".join(map(varint, values))
    message = b"".join(b"\x08" + varint(d) for d in dims) + b"\x10" + varint(kind)
    message += varint(field << 3 | 2) + varint(len(data)) + data
    return message + b"\x42" + varint(len(name)) + name.encode()


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        subprocess.run([WRITER, self.work], check=True)
        self.model = self.work / "doubling.ingot"

    def call(self, *arguments, code=0, ingot=INGOT, says=""):
        done = subprocess.run([ingot, *map(str, arguments)], capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(says, done.stderr if code else done.stdout)
        return done.stdout

    def data_set(self, expected, x=(1, 2, 3), **files):
        folder = self.work / "set"
        folder.mkdir(exist_ok=True)
        (folder / "input_0.pb").write_bytes(tensor("x", [1, len(x)], x))
        (folder / "output_0.pb").write_bytes(tensor("y", [1, len(x)], expected, raw=False))
        for name, data in files.items():
            (folder / f"{name}.pb").write_bytes(data)
        return folder

    def test_npz(self):
        for method in zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED:
            with zipfile.ZipFile(self.work / "in.npz", "w", method) as z:
                z.writestr("x.npy", npy("f", "<f4", (2, 3), [0, 1, 2, 3, 4, 5]))
            self.call("run", self.model, "--inputs", self.work / "in.npz", f"--outputs={self.work}/out.npz")
            with zipfile.ZipFile(self.work / "out.npz") as z:
                self.assertIsNone(z.testzip())
                y = z.read("y.npy")
            self.assertIn(b"'shape': (2, 3, )", y)
            self.assertEqual(struct.unpack("<6f", y[-24:]), (0, 2, 4, 6, 8, 10))
        whole = (self.work / "in.npz").read_bytes()
        for size in range(len(whole)):
            (self.work / "cut.npz").write_bytes(whole[:size])
            self.call("run", self.model, "--inputs", self.work / "cut.npz", code=1, says="cut.npz")
        # What is no plain file is written to, not replaced.
        (self.work / "full").symlink_to("/dev/full")
        self.call("run", self.model, "--inputs", self.work / "in.npz", "--outputs", self.work / "full", code=1,
                  says="No space left")
        self.assertTrue((self.work / "full").is_symlink())

    def test_npz_faults(self):
        for data, says in [(npy("q", "<i8", (1, 1), [1]), "int64"), (npy("f", ">f4", (1, 1), [1]), ">f4"),
                           (npy("f", "<f4", (1, 2), [1]), "fewer bytes"), (b"x", "no .npy")]:
            with zipfile.ZipFile(self.work / "in.npz", "w") as z:
                z.writestr("x.npy", data)
            self.call("run", self.model, "--inputs", self.work / "in.npz", code=1, says=says)

    def test_data_set(self):
        run = "run", self.model, "--data-set"
        self.call(*run, self.data_set([2, 4, 6]), says="max abs error 0,")
        self.call(*run, self.data_set([2, 4, 6.0004]), says="ok")  # within 1e-4 of 6
        self.assertIn("FAILED y", subprocess.run([INGOT, *run, self.data_set([2, 4, 6.01])],
                                                 capture_output=True, text=True).stdout)
        self.call(*run, self.data_set([2, 4, 6.01]), code=1)
        self.call(*run, self.data_set([2, 4, 6.01]), "--rtol", "0", "--atol=0.02")
        # Fills do not count as scale and are met by fills, infinities and NaN by themselves.
        self.call(*run, self.data_set([2, -3.4e38, 6], [1, -1.6e38, 3]))
        self.call(*run, self.data_set([2, -3.4e38, 6.01], [1, -1.6e38, 3]), code=1)
        self.call(*run, self.data_set([2, 3.4e38, 6], [1, -1.6e38, 3]), code=1)
        self.call(*run, self.data_set([2, -3.4e38, 6]), code=1)
        self.call(*run, self.data_set([NAN, INF, 6], [NAN, INF, 3]))
        self.call(*run, self.data_set([NAN, -INF, 6], [NAN, INF, 3]), code=1)
        self.call(*run, self.data_set([2, INF, 6]), code=1)
        self.call(*run, self.data_set([2, 4, 6], [1, NAN, 3]), code=1)

    def test_data_set_names(self):
        # One baked in is left out; without names the order counts.
        other = tensor("baked", [1], [5], kind=7)
        folder = self.data_set([2, 4, 6], input_0=other, input_1=tensor("x", [1, 3], [1, 2, 3]))
        self.call("run", self.model, "--data-set", folder)
        (folder / "input_1.pb").unlink()
        self.data_set([2, 4, 6], input_0=tensor("", [1, 3], [1, 2, 3]))
        self.call("run", self.model, "--data-set", folder)
        self.data_set([2, 4, 6], input_1=other, input_0=tensor("z", [1, 3], [1, 2, 3]))
        self.call("run", self.model, "--data-set", folder, code=1, says="other names")

    def test_data_set_damage(self):
        whole = tensor("x", [1, 3], [1, 2, 3])
        for size in range(len(whole)):
            folder = self.data_set([2, 4, 6], input_0=whole[:size])
            done = subprocess.run([INGOT, "run", self.model, "--data-set", folder], capture_output=True)
            # Without its name, the last field, the tensor is still whole.
            self.assertIn(done.returncode, (0, 1))
        self.call("run", self.model, "--data-set", self.work, code=1, says="output_0.pb")

    def test_random_inputs(self):
        run = "run", self.work / "embedding.ingot", "--dims", "batch=2,sequence=7"
        first = self.call(*run, "--seed", "1", says="y: float32[2, 7, 4]")
        self.assertEqual(first, self.call(*run, "--seed=1"))
        self.assertNotEqual(first, self.call(*run, "--seed=2"))
        self.call("run", self.model, code=2, says="--dims batch=N")
        self.call("run", self.model, "--dims", "b=1", code=2, says="batch, sequence")
        self.call("run", self.model, "--dims", "batch=1,sequence=1000", code=1, says="0..512")

    def test_inspect_and_bench(self):
        shown = json.loads(self.call("inspect", self.work / "embedding.ingot", "--json"))
        self.assertEqual([t["name"] for t in shown["inputs"]], ["ids", "x"])
        self.assertEqual(shown["inputs"][1]["dims"], ["batch", "sequence", 4])
        self.assertEqual([s["kernel"] for s in shown["steps"]], ["gather", "add", "copy"])
        self.call("inspect", self.model, says="float32[batch, sequence]")
        timed = json.loads(self.call("bench", self.work / "embedding.ingot", "--dims=batch=1,sequence=8",
                                     "--threads=1", "--seconds=0.01", "--json"))
        self.assertLessEqual(timed["min_ms"], timed["median_ms"])
        self.assertLessEqual(timed["median_ms"], timed["p99_ms"])
        self.assertEqual(timed["steps"][0]["sources"], ["/node/gather"])
        self.assertGreater(min(timed["load_ms"], timed["first_ms"]), 0)
        self.assertEqual((timed["flops"], timed["threads"]), (32, 1))
        self.assertGreater(min(timed["peak_gflops"], timed["peak_gbytes"], timed["bound_ms"]), 0)
        self.assertEqual([s["bound"] for s in timed["steps"]], ["memory", "compute", None])
        self.assertIsNone(timed["steps"][2]["of_bound"])
        for step in timed["steps"]:
            self.assertTrue(0 <= step["waiting"] < 1)
        table = self.call("bench", self.work / "embedding.ingot", "--dims=batch=1,sequence=8", "--seconds=0.01",
                          "--target=x86-64-v3", says="of bound")
        self.assertRegex(table.splitlines()[-1], r"model: .* GFLOP, .* MB; bound .* ms by \d+ GFLOP/s .* at \d+%")
        for lengths, says in [("3,x", "numbers of tokens"), ("", "needs a value"), ("-1", "numbers of tokens"),
                              ("3", "no input is a mask")]:
            self.call("bench", self.work / "embedding.ingot", "--dims=batch=1,sequence=8", f"--lengths={lengths}", code=2,
                      says=says)
        for verb in "run", "bench":
            self.call(verb, self.model, "--dims=batch=1,sequence=8", "--target=x86-64-v9", code=1,
                      says="no code for target 'x86-64-v9'; it has: ")

    def test_verify_and_doctor(self):
        self.call("verify", self.model)
        damaged = bytearray(self.model.read_bytes())
        damaged[4096 + 1] ^= 1
        self.model.write_bytes(damaged)
        self.call("verify", self.model, code=1, says="error: ")
        self.call("doctor", says="features")

    def test_bad_artifacts(self):
        run = "--dims", "batch=1,sequence=1"
        self.call("run", self.work / "none.ingot", *run, code=1, says="none.ingot")
        self.call("run", self.work, *run, code=1, says=str(self.work))
        self.call("run", self.work / "future.ingot", *run, code=1, says="from-the-future")
        self.call("inspect", self.work / "future.ingot", says="float32[batch, sequence]")
        whole = self.model.read_bytes()
        foreign = b"\x7fELF" + whole[4:]
        version = whole[:8] + bytes([whole[8] + 1]) + whole[9:]
        header = whole[:200] + bytes([whole[200] ^ 255]) + whole[201:]
        for data, says in [(b"", "bad.ingot"), (foreign, "bad.ingot"), (version, "version"), (header, "bad.ingot"),
                           (whole[:-1], "bad.ingot"), (whole[:100], "bad.ingot"), (whole + b"x", "bad.ingot")]:
            (self.work / "bad.ingot").write_bytes(data)
            for verb in ["run", *run], ["bench", *run], ["inspect"], ["verify"]:
                self.call(verb[0], self.work / "bad.ingot", *verb[1:], code=1, says=says)

    def test_usage(self):
        self.call(code=2, says="usage")
        self.call("fly", code=2, says="fly")
        self.call("run", self.model, "--bad", code=2, says="--bad")
        self.call("run", self.model, "--threads=0", code=2, says="--threads")
        self.call("run", "m.onnx", code=2, says="ingot compile m.onnx")
        for verb in "run", "bench", "inspect", "verify", "doctor":
            self.assertIn(f"ingot {verb}", self.call(verb, "--help").split("Try:")[1])

    def test_compiler_library(self):
        (self.work / "bin").mkdir()
        (self.work / "lib").mkdir()
        ingot = shutil.copy(INGOT, self.work / "bin/ingot")
        self.call("compile", "m.onnx", ingot=ingot, code=1, says="not installed")
        shutil.copy(COMPILER, self.work / "lib/libingot_compiler.so")
        for line in ["compile m.onnx -o x", "explain m.mlir", "run m.onnx --device=reference --constant-input a=b",
                     "run --device reference m.mlir"]:
            done = subprocess.run([ingot, *line.split()], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout.split()), (7, line.split()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
