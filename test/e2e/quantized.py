"""Linears with quantized weights on the emulated GPU, int8 a column and uint4 in blocks with zero points: the numbers are a
CPU's, the weights are arranged at load, from a file for GPUs alone and from one that a CPU reads too.

    quantized.py INGOT WORK_FOLDER sm_80|sm_90a bf16|f16      exit code 77: no NVRTC
"""
import os
import subprocess
import sys
from pathlib import Path

import numpy

TOLERANCE = {"bf16": 1e-2, "f16": 2e-3}
ROWS = 1, 5, 17, 100
K, INNER, N, BLOCK = 200, 160, 72, 32

MODEL = """
tfm.weight @q8 : tensor<{K}x{INNER}xi8> file "weights" offset 0 length {q8}
tfm.weight @s8 : tensor<1x{INNER}xf32> file "weights" offset {at_s8} length {s8}
tfm.weight @b : tensor<{INNER}xf32> file "weights" offset {at_b} length {b}
tfm.weight @q4 : tensor<{INNER}x{N}xui4> file "weights" offset {at_q4} length {q4}
tfm.weight @s4 : tensor<{BLOCKS}x{N}xf32> file "weights" offset {at_s4} length {s4}
tfm.weight @z4 : tensor<{BLOCKS}x{N}xui4> file "weights" offset {at_z4} length {z4}
func.func @main(%x: tensor<?x{K}xf32, #tfm.dims<n, {K}>> {{tfm.name = "x"}})
    -> (tensor<?x{N}xf32, #tfm.dims<n, {N}>> {{tfm.name = "y"}})
    attributes {{tfm.symbols = [#tfm.symbol<"n", 0, -1, 0, 0>]}} {{
  %q8 = tfm.get_weight @q8 : tensor<{K}x{INNER}xi8>
  %s8 = tfm.get_weight @s8 : tensor<1x{INNER}xf32>
  %b = tfm.get_weight @b : tensor<{INNER}xf32>
  %q4 = tfm.get_weight @q4 : tensor<{INNER}x{N}xui4>
  %s4 = tfm.get_weight @s4 : tensor<{BLOCKS}x{N}xf32>
  %z4 = tfm.get_weight @z4 : tensor<{BLOCKS}x{N}xui4>
  %0 = tfm.linear %x, %q8 scales %s8 bias %b epilogue {{
  ^bb0(%v: f32):
    %g = tfm.apply gelu(%v) : (f32) -> f32
    tfm.yield %g : f32
  }} {{block = {K} : i64}} : (tensor<?x{K}xf32, #tfm.dims<n, {K}>>, tensor<{K}x{INNER}xi8>, tensor<1x{INNER}xf32>,
      tensor<{INNER}xf32>) -> tensor<?x{INNER}xf32, #tfm.dims<n, {INNER}>>
  %1 = tfm.linear %0, %q4 scales %s4 zeros %z4 {{block = {BLOCK} : i64}} : (tensor<?x{INNER}xf32, #tfm.dims<n, {INNER}>>,
      tensor<{INNER}x{N}xui4>, tensor<{BLOCKS}x{N}xf32>, tensor<{BLOCKS}x{N}xui4>) -> tensor<?x{N}xf32, #tfm.dims<n, {N}>>
  return %1 : tensor<?x{N}xf32, #tfm.dims<n, {N}>>
}}
"""


def write_model(folder):
    random = numpy.random.default_rng(7)

    def scales(*shape):
        return (0.01 * random.uniform(0.5, 1.5, shape)).astype("float32")

    def nibbles(*shape):
        values = random.integers(0, 16, shape, dtype="uint8").reshape(-1, 2)
        return values[:, 0] | values[:, 1] << 4

    blocks = INNER // BLOCK
    parts = {"q8": random.integers(-128, 128, (K, INNER), dtype="int8"), "s8": scales(1, INNER),
             "b": random.uniform(-1, 1, INNER).astype("float32"), "q4": nibbles(INNER, N), "s4": scales(blocks, N),
             "z4": nibbles(blocks, N)}
    places, data = {}, b""
    for name, part in parts.items():
        places[name], places[f"at_{name}"] = part.nbytes, len(data)
        data += part.tobytes()
    (folder / "weights").write_bytes(data)
    (folder / "model.mlir").write_text(MODEL.format(K=K, INNER=INNER, N=N, BLOCK=BLOCK, BLOCKS=blocks, **places))


def main(ingot, work, target, precision):
    work = Path(work)
    work.mkdir(parents=True, exist_ok=True)
    write_model(work)
    environment = dict(os.environ, INGOT_EMULATOR="arch 90") if target == "sm_90a" else None

    def call(*command):
        done = subprocess.run([ingot, *command], capture_output=True, text=True, env=environment)
        print(done.stdout + done.stderr)
        if "CUDA targets need NVRTC" in done.stderr:
            sys.exit(77)
        done.check_returncode()
        return done.stdout

    def run(artifact, rows, device):
        file = work / "outputs.npz"
        call("run", artifact, f"--dims=n={rows}", f"--device={device}", "--outputs", file)
        return numpy.load(file)["y"]

    alone, both = work / "alone.ingot", work / "both.ingot"
    call("compile", work / "model.mlir", f"--target={target}", f"--precision={precision}", "-o", alone)
    call("compile", work / "model.mlir", f"--target={target},x86-64", f"--precision={target}:{precision}", "-o", both)
    for artifact in alone, both:
        kernels = call("inspect", artifact, "--kernels")
        for name in f"linear_{precision}_i8_b{K}_", f"linear_{precision}_ui4_b{BLOCK}_", f"arrange_i8_b{K}_", f"arrange_ui4_b{BLOCK}_":
            assert f" {name}" in kernels, name
        assert kernels.count("choice few rows up to 16, ") >= 2, "no choice for the two"
        assert kernels.count("frame 0, spills 0") == kernels.count("spills "), "spills"
        assert call("inspect", artifact).count("its weight is quantized") >= 2
    for rows in ROWS:
        expected = run(both, rows, "cpu")
        for artifact in alone, both:
            got, largest = run(artifact, rows, "emulated"), abs(expected).max()
            difference = abs(got - expected).max()
            print(f"{artifact.name}, {rows} rows: largest difference {difference:.3g} of {largest:.3g}")
            assert got.shape == (rows, N) and difference <= TOLERANCE[precision] * largest, artifact
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
