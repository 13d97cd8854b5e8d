#!/usr/bin/env python3
"""examples/embed as an embedder builds it: from an installed runtime, by find_package.

    embedding.py INGOT BUILD_FOLDER WORK_FOLDER

Its first values of each output must be those of `ingot run` on the same token ids, shared and static
alike, and a token id out of range must be an error that names it.
"""
import shutil
import subprocess
import sys
from pathlib import Path

import numpy

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "test/models/bert-tokcls-dyn18-sdpa/model.onnx"
IDS = [2, 7, 1, 31, 4]


def run(*command, expect=0):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != expect:
        sys.exit(f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def main():
    ingot, build, work = (Path(argument) for argument in sys.argv[1:])
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    run("cmake", "--install", build, "--component", "runtime", "--prefix", work / "installed")
    run("cmake", "-S", ROOT / "examples/embed", "-B", work / "build", f"-DCMAKE_PREFIX_PATH={work}/installed",
        "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror")
    run("cmake", "--build", work / "build")
    model = work / "model.ingot"
    run(ingot, "compile", MODEL, "-o", model)
    ids = numpy.array([IDS], numpy.int64)
    numpy.savez(work / "in.npz", input_ids=ids, attention_mask=numpy.ones_like(ids))
    run(ingot, "run", model, "--inputs", work / "in.npz", "--outputs", work / "out.npz")
    expected = "".join(
        f"{name}: {value.dtype}[{', '.join(map(str, value.shape))}] {' '.join(f'{x:.5f}' for x in value.flat[:4])}\n"
        for name, value in numpy.load(work / "out.npz").items())
    for program in ("embed", "embed-static"):
        printed = run(work / "build" / program, model, *IDS).stdout
        if printed != expected:
            sys.exit(f"{program} printed\n{printed}instead of\n{expected}")
    message = run(work / "build/embed", model, 1, 10**6, expect=1).stderr
    if "1000000" not in message:
        sys.exit(f"the message does not name the token id: {message}")
    print(expected, end="")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
