"""Runs the command `ingot` on GPUs, as far as that goes without one.

    gpu.py INGOT WRITE_GPU_ARTIFACT EMULATOR
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

INGOT, WRITER, EMULATOR = (Path(p).resolve() for p in sys.argv[1:4])


class Gpu(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.model = Path(folder.name) / "embedding.ingot"
        subprocess.run([WRITER, self.model], check=True)

    def call(self, *arguments, code=0, says="", **environment):
        environment = {**os.environ, "INGOT_EMULATOR_LIBRARY": str(EMULATOR), **environment}
        done = subprocess.run([INGOT, *map(str, arguments)], capture_output=True, text=True, env=environment)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(says, done.stderr if code else done.stdout)
        return done.stdout

    def test_run(self):
        run = "run", self.model, "--dims", "batch=2,sequence=7"
        cpu = self.call(*run, says="y: float32[2, 7, 4]")
        for device in "emulated", "emulated:0":
            # With `leaks fatal`, what is not given back ends the process with 86.
            self.assertEqual(self.call(*run, "--device", device, INGOT_EMULATOR="leaks fatal"), cpu)
        self.call(*run, "--device=emulated:1", code=1, says="finds 1 GPU")
        self.call(*run, "--device=emulated", code=1, says="too old", INGOT_EMULATOR="driver 11080")
        self.call(*run, "--device=emulated", code=1, says="sm_80 needs an sm_80", INGOT_EMULATOR="arch 90")
        self.call(*run, "--device=emulated", code=1, says="x.so", INGOT_EMULATOR_LIBRARY="/x.so")
        for device in "tpu", "cuda:", "cuda:x", "cpu:0":
            self.call(*run, "--device", device, code=2, says=f"no device {device}: cpu, cuda, cuda:N")

    def test_gemm(self):
        run = "run", self.model, "--dims", "batch=2,sequence=7"
        cpu = self.call(*run)
        for gemm in "ours", "cublaslt", "auto":
            self.assertEqual(self.call(*run, "--device=emulated", "--gemm", gemm, INGOT_EMULATOR="leaks fatal"), cpu)
        library = {"INGOT_CUBLASLT": "/nowhere/lt.so"}
        self.assertEqual(self.call(*run, "--device=emulated", **library), cpu)
        for verb in run, ("bench", self.model, "--dims=batch=1,sequence=8"):
            self.call(*verb, "--device=emulated", "--gemm=cublaslt", code=1, says="not found (/nowhere/lt.so", **library)
            self.call(*verb, "--device=emulated", "--gemm=mkl", code=2, says='ours, cublaslt or auto, not "mkl"')
            self.call(*verb, "--gemm=cublaslt", code=2, says="--gemm is for GPUs: add --device=cuda")

    def test_bench(self):
        bench = "bench", self.model, "--dims=batch=1,sequence=8", "--seconds=0.01", "--json"
        timed = json.loads(self.call(*bench, "--device=emulated"))
        self.assertEqual((timed["device"], timed["target"]), ("emulated:0", "sm_80"))
        self.assertEqual([s["kernel"] for s in timed["steps"]], ["gather", "add", "copy"])
        self.assertIsNone(timed["steps"][0]["of_bound"])
        self.assertNotIn("peak_gflops", timed)
        self.assertEqual(json.loads(self.call(*bench))["device"], "cpu")
        self.call(*bench, "--device=gpu", code=2, says="no device gpu")

    def test_inspect(self):
        shown = self.call("inspect", self.model)
        self.assertIn("target  sm_80: 3 steps, 2 kernels", shown)
        self.assertIn("target  x86-64-v3: 3 steps, 2 kernels", shown)
        kernels = self.call("inspect", self.model, "--kernels")
        self.assertRegex(kernels, r"target  sm_80: 2 kernels.*\n +0  gather +test +\d+ bytes, 64 threads\n")
        self.assertEqual(json.loads(self.call("inspect", self.model, "--json"))["kernels"][0]["threads"], 64)

    def test_doctor(self):
        self.call("doctor", says="cuda")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
