"""The demo's sentences in bf16: each embedding points where ONNX Runtime's does, by every code that runs here.

    demo_bf16.py INGOT FOLDER      exit code 77: no download of the model
"""
import subprocess
import sys
from pathlib import Path

import numpy

from demo_model import demo, get_model_and_folder

COSINE = 0.999  # docs/cpu-code.md
LEVELS = {"x86-64-v3": {"avx2"}, "x86-64-v4": {"avx512bw"}, "x86-64-v4-bf16": {"avx512_bf16", "avx512_vnni"},
          "x86-64-v4-amx": {"amx_bf16"}}


def main(ingot, folder):
    model, folder = get_model_and_folder(folder)
    inputs = demo.tokenize(demo.SENTENCES)
    expected = demo.OnnxRuntime(model, 1).run(inputs)
    artifact, file = folder / "demo.ingot", folder / "sentences.npz"
    numpy.savez(file, **inputs)
    subprocess.run([ingot, "compile", model, "--precision=bf16", "--emulate-bf16", "-o", artifact], check=True)
    cpu = set(Path("/proc/cpuinfo").read_text().split())
    for level, features in LEVELS.items():
        if not features <= cpu:
            print(f"{level}: not on this CPU")
            continue
        results = folder / f"{level}.npz"
        subprocess.run([ingot, "run", artifact, f"--target={level}", "--inputs", file, "--outputs", results], check=True)
        with numpy.load(results) as outputs:
            got = outputs[demo.EMBEDDING].astype(float)
        lengths = numpy.linalg.norm(got, axis=1) * numpy.linalg.norm(expected, axis=1)
        cosines = (got * expected).sum(axis=1) / lengths
        print(f"{level}: smallest cosine {cosines.min():.6f}")
        assert cosines.min() >= COSINE, level
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
