"""Tokens one after the other, caches in memory of an emulated sm_90: each run's past is what the run before returned, in two buffers in
turn, and attention reads the keys where the caller gets them. The numbers are a CPU's.

    tokens.py INGOT LIBRARY FOLDER      LIBRARY: the runtime; exit code 77: no NVRTC
"""
import os
import sys
from pathlib import Path

import numpy
from onnx import TensorProto

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "gpu"))
import attention90  # noqa: E402
import driver  # noqa: E402
import runtime  # noqa: E402

BATCH, HEADS, GROUPS, DEPTH = 2, 4, 2, 64
QUERIES = 70, 1, 1, 5, 1
TOLERANCE = attention90.TOLERANCE["appends"]
random = numpy.random.default_rng(3)


def rows(queries, heads):
    return random.standard_normal((BATCH, queries, heads * DEPTH), numpy.float32)


def main(ingot, library, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    decoder = attention90.compiled(ingot, attention90.write_decoder(folder / f"appends-{TensorProto.FLOAT16}.onnx", TensorProto.FLOAT16),
                                   folder, "f16")
    if not decoder:
        return 77
    os.environ["INGOT_EMULATOR"] = attention90.EMULATOR
    of = runtime.Runtime(library)
    cpu, gpu = (of.device(device).load(decoder[0]).session() for device in ("cpu", "emulated"))
    memory = driver.Driver(os.environ["INGOT_EMULATOR_LIBRARY"])
    result, *presents = (output.name.decode() for output in gpu.model.outputs)
    half, size = runtime.TYPES["float16"], BATCH * GROUPS * sum(QUERIES) * DEPTH * 2
    caches = {name: [memory.allocate(size), memory.allocate(size)] for name in "kv"}
    known, past = {name: numpy.zeros((BATCH, GROUPS, 0, DEPTH), numpy.float16) for name in "kv"}, 0
    for queries in QUERIES:
        new = {"q": rows(queries, HEADS), "new_k": rows(queries, GROUPS), "new_v": rows(queries, GROUPS)}
        cpu.set({**new, **known})
        gpu.set(new)
        for (name, (read, written)), present in zip(caches.items(), presents):
            gpu.set_on_device("input", name, read, BATCH * GROUPS * past * DEPTH * 2, half, (BATCH, GROUPS, past, DEPTH))
            gpu.set_on_device("output", present, written, size, half, (BATCH, GROUPS, past + queries, DEPTH))
        cpu.run()
        gpu.run()
        expected, found, past = cpu.outputs(), gpu.tensor(result), past + queries
        known = {name: expected[present] for name, present in zip("kv", presents)}
        for name, (_, written) in caches.items():
            assert memory.download(written, known[name].nbytes).tobytes() == known[name].tobytes(), name
            caches[name].reverse()
        values = numpy.frombuffer(runtime.ctypes.string_at(found.data, found.bytes), numpy.float32).reshape(found.shape)
        difference, largest = abs(values - expected[result]).max(), abs(expected[result]).max()
        print(f"{queries} queries, {past} keys: largest difference {difference:.3g} of {largest:.3g}")
        assert difference <= TOLERANCE * largest
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
