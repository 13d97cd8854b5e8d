"""--weights=seeded: a model without its weights in the file, which gives the same numbers on a CPU and the emulated GPU.

    seeded.py INGOT FOLDER f32|tf32|bf16      exit code 77: no NVRTC
"""
import subprocess
import sys
from pathlib import Path

import numpy

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "bench" / part) for part in ("cpu", "gpu")]
import graphs  # noqa: E402
import models  # noqa: E402
import shapes  # noqa: E402
from onnx import TensorProto, helper  # noqa: E402

# Widths that are no multiple of a panel's 48 columns, and an odd number of rows.
WORDS, HIDDEN, FFN = 500, 90, 135
DIMS = "batch=2,sequence=5"
TOLERANCE = {"f32": 1e-4, "tf32": 3e-3, "bf16": 3e-2}


def make_model(path):
    """input_ids [batch, sequence]: rows of a table, normalized, and an FFN."""
    path.parent.mkdir(parents=True, exist_ok=True)
    g = models.Graph()
    x = g.norm(g.op("Gather", g.weight(WORDS, HIDDEN), "input_ids", axis=0), HIDDEN)
    x = g.linear(g.gelu(g.linear(x, HIDDEN, FFN)), FFN, HIDDEN)
    dims = ["batch", "sequence"]
    g.save(path, [helper.make_tensor_value_info("input_ids", TensorProto.INT64, dims)], x, [*dims, HIDDEN])
    return path


def run(ingot, *arguments):
    done = subprocess.run([ingot, *map(str, arguments)], capture_output=True, text=True)
    print(done.stdout + done.stderr)
    return done


def outputs(ingot, artifact, device, dims=DIMS):
    file = artifact.with_suffix(f".{device}.npz")
    assert run(ingot, "run", artifact, "--dims", dims, "--device", device, "--outputs", file).returncode == 0
    with numpy.load(file) as stored:
        return next(iter(dict(stored).values()))


def main(ingot, folder, precision):
    folder = Path(folder)
    model = make_model(folder / "seeded.onnx")
    stored, seeded = folder / "stored.ingot", folder / "seeded.ingot"
    assert run(ingot, "compile", model, "-o", stored).returncode == 0
    assert run(ingot, "compile", model, "--weights=seeded", "-o", seeded).returncode == 0
    assert run(ingot, "verify", seeded).returncode == 0
    saved = stored.stat().st_size - seeded.stat().st_size
    assert saved > 0.9 * 4 * (WORDS * HIDDEN + 2 * HIDDEN * FFN), saved
    plain, made_up = outputs(ingot, stored, "cpu"), outputs(ingot, seeded, "cpu")
    assert numpy.isfinite(made_up).all() and made_up.shape == plain.shape
    # Of the same spread, but other numbers.
    assert 0.5 < made_up.std() / plain.std() < 2 and abs(made_up - plain).max() > 0.1
    assert run(ingot, "compile", model, "--weights=none", "-o", seeded).returncode == 2
    done = run(ingot, "compile", model, "--weights=seeded", "--target=sm_80,x86-64", f"--precision=sm_80:{precision}",
               "-o", seeded)
    if "CUDA targets need NVRTC" in done.stderr:
        return 77
    assert done.returncode == 0
    cpu, gpu = outputs(ingot, seeded, "cpu"), outputs(ingot, seeded, "emulated")
    assert abs(cpu - gpu).max() <= TOLERANCE[precision] * abs(cpu).max(), precision
    eight_bits(ingot, folder)
    return 0


def eight_bits(ingot, folder):
    """Weights that stay float8e4m3fn for GPUs and not for CPUs: in files of their own, so that numbers are others."""
    model = graphs.write_products(folder / "eight.onnx", shapes.Pair(64, 96, 80, 2), is_eight_bit=True)
    spread = []
    for kind in "stored", "seeded":
        artifact = folder / f"eight.{kind}.ingot"
        assert run(ingot, "compile", model, f"--weights={kind}", "--target=sm_80", "-o", artifact).returncode == 0
        spread.append(outputs(ingot, artifact, "emulated", "rows=3").std())
    assert 0.3 < spread[1] / spread[0] < 3, spread


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
