"""Attention of 64 columns a head for sm_90a, whose tiles come by TMA, and a linear whose K blocks share: the emulated GPU's numbers
are a CPU's. Or a decoder in f16 whose keys and values are inputs [batch, heads, rows, columns] of it, as an encoder's are in exports
with a past; or one that appends to them, on an sm_80 too.

    attention90.py INGOT FOLDER bf16|f16|decoder|appends      exit code 77: no NVRTC

The models of test/models have narrower heads, which take the kernel of other GPUs, and less of K.
"""
import os
import subprocess
import sys
from pathlib import Path

import numpy
from onnx import TensorProto, helper

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "cpu"))
import models  # noqa: E402

SHAPE = models.Shape(layers=1, hidden=128, heads=2, ffn=1024, vocabulary=500, positions=320)
# Two tiles of queries and keys, with a tail; few queries.
DIMS = "batch=2,sequence=150", "batch=1,sequence=3"
STEPS = "batch=2,queries=1,past=150", "batch=1,queries=70,past=130"
FIRST = "batch=2,queries=70,past=0"
# Enough multiprocessors for K in parts.
EMULATOR = "arch 90; multiprocessors 24"
# Without attention the outputs would be 2e-2 of their largest away.
TOLERANCE = {"bf16": 1e-3, "f16": 1e-4, "decoder": 1e-3, "appends": 1e-3}


def run(*command, **environment):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          env={**os.environ, "INGOT_EMULATOR": EMULATOR, **environment})
    print(done.stdout + done.stderr)
    return done


def write_decoder(path, present=None):
    """q [batch, queries, 256]; k, v [batch, 2, past, 64] of f16 -> [batch, queries, 256], of four heads. Of type `present`: new_k and
    new_v [batch, queries, 128] go behind k and v, and all keys and values are results too."""
    g, depth, heads, groups = models.Graph(), 64, 4, 2
    group = g.constant([1, 1, heads // groups, 1, 1], numpy.int64)
    rows, cache = ["batch", "queries", heads * depth], ["batch", groups, "past", depth]
    inputs = [helper.make_tensor_value_info(name, kind, dims) for name, kind, dims in
              (("q", TensorProto.FLOAT, rows), ("k", TensorProto.FLOAT16, cache), ("v", TensorProto.FLOAT16, cache))]
    results = []

    def by_heads(rows, count):
        return g.op("Transpose", g.op("Reshape", rows, g.constant([0, 0, count, depth], numpy.int64)), perm=[0, 2, 1, 3])

    def appended(cache, name):
        inputs.append(helper.make_tensor_value_info(f"new_{name}", TensorProto.FLOAT, ["batch", "queries", groups * depth]))
        full = g.op("Concat", cache, by_heads(f"new_{name}", groups), axis=2)
        results.append(helper.make_tensor_value_info(g.op("Cast", full, to=present), present, ["batch", groups, "keys", depth]))
        return full

    def shared(name):
        cache = g.op("Cast", name, to=TensorProto.FLOAT)
        wide = g.op("Unsqueeze", appended(cache, name) if present else cache, g.constant([2], numpy.int64))
        return g.op("Reshape", g.op("Tile", wide, group), g.constant([0, heads, -1, depth], numpy.int64))

    products = g.op("MatMul", by_heads("q", heads), g.op("Transpose", shared("k"), perm=[0, 1, 3, 2]))
    weights = g.op("Softmax", g.op("Div", products, g.constant(depth**0.5, numpy.float32)), axis=-1)
    context = g.op("Transpose", g.op("MatMul", weights, shared("v")), perm=[0, 2, 1, 3])
    y = g.op("Reshape", context, g.constant([0, 0, heads * depth], numpy.int64))
    g.save(path, inputs, y, rows, results)
    return path


def compiled(ingot, model, folder, precision, *older):
    """The artifact and its kernels, for `older` GPUs too; nothing without NVRTC."""
    artifact, dumps = folder / f"{model.stem}-{precision}.ingot", folder / f"{model.stem}-{precision}"
    gpus = "sm_90a", *older
    done = run(ingot, "compile", model, f"--target={','.join(gpus)},x86-64",
               f"--precision={','.join(f'{gpu}:{precision}' for gpu in gpus)}", f"--dump-dir={dumps}", "-o", artifact)
    if "CUDA targets need NVRTC" in done.stderr:
        return None
    assert done.returncode == 0
    stubs = "".join(file.read_text() for file in dumps.glob("*-kernels/*.cu"))
    assert f"attention90<{precision}, 64, 64, " in stubs, stubs
    kernels = run(ingot, "inspect", artifact, "--kernels").stdout
    assert "choice wgmma, 128 queries by 128 keys" in kernels
    return artifact, kernels


def check(ingot, artifact, folder, what, all_dims, emulator=EMULATOR):
    for dims in all_dims:
        outputs = {}
        for device in "cpu", "emulated":
            file = folder / f"{device}.npz"
            assert run(ingot, "run", artifact, "--dims", dims, "--device", device, "--outputs", file,
                       INGOT_EMULATOR=emulator).returncode == 0
            with numpy.load(file) as stored:
                outputs[device] = {name: values.astype(numpy.float32) for name, values in stored.items()}
        for name, expected in outputs["cpu"].items():
            largest, difference = abs(expected).max(), abs(expected - outputs["emulated"][name]).max()
            print(f"{what} {dims} {name}: largest difference {difference:.3g} of {largest:.3g}")
            assert difference <= TOLERANCE[what] * largest, name


def main(ingot, folder, what):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if what == "decoder":
        decoder = compiled(ingot, write_decoder(folder / "decoder.onnx"), folder, "f16")
        if not decoder:
            return 77
        artifact, kernels = decoder
        assert "sm_90a: 2 kernels" in kernels  # queries are rounded, caches read as they lie
        check(ingot, artifact, folder, what, STEPS)
        return 0
    if what == "appends":
        # Queries are rounded, keys and values put together; where the results are f32, rounded beside.
        for present, kernels_of_gpu, older in (TensorProto.FLOAT16, 4, ["sm_80"]), (TensorProto.FLOAT, 5, []):
            decoder = compiled(ingot, write_decoder(folder / f"appends-{present}.onnx", present), folder, "f16", *older)
            if not decoder:
                return 77
            artifact, kernels = decoder
            assert f"sm_90a: {kernels_of_gpu} kernels" in kernels
            for emulator in EMULATOR, *(f"arch {gpu[3:]}; multiprocessors 24" for gpu in older):
                check(ingot, artifact, folder, what, (FIRST, *STEPS), emulator)
        return 0
    precision = what
    encoder = compiled(ingot, models.get_model("hopper", SHAPE, folder), folder, precision)
    if not encoder:
        return 77
    artifact, kernels = encoder
    assert "wgmma 128x64, K in up to 8 parts" in kernels
    check(ingot, artifact, folder, precision, DIMS)
    # Its kernels overlap: there are edges that say so, and may fail.
    done = run(ingot, "run", artifact, "--dims", DIMS[0], "--device=emulated",
               INGOT_EMULATOR=f"{EMULATOR}; fail cuGraphAddDependencies_v2 1 801")
    assert done.returncode and "making a graph" in done.stderr
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
