"""A model compiled with --skip-padding computes what it computes without, for the tokens that are there.

    skip_padding.py INGOT MODEL FOLDER [reference]     exit 1 and a line for each difference

With a last argument "reference" the packed form is computed by the reference interpreter too.
Outputs with a value a token are 0 where there is none; others are compared for sequences that begin with a token.
The number of threads changes no byte.
"""
import json
import subprocess
import sys
from pathlib import Path

import numpy

BATCH, SEQUENCE = 5, 37
TOLERANCE = 2e-5


def masks(batch, sequence):
    """By what is special: which tokens are there."""
    random = numpy.random.default_rng(1)
    lengths = random.integers(1, sequence + 1, batch)
    place = numpy.arange(sequence)
    ragged = place < lengths[:, None]
    yield "ragged", ragged
    yield "all", numpy.ones_like(ragged)
    yield "one each", place < numpy.ones((batch, 1))
    holes = ragged & (random.random(ragged.shape) < 0.6)
    holes[:, 0] = True
    yield "holes", holes
    left = ragged[:, ::-1].copy()
    yield "left", left
    empty = ragged.copy()
    empty[0] = empty[batch // 2] = False
    yield "an empty sequence", empty
    yield "none", numpy.zeros_like(ragged)


def shapes(info):
    """Inputs of (batch, sequence), at dims that the model has."""
    dims = info["inputs"][0]["dims"]
    symbols = {symbol["name"]: symbol for symbol in info["symbols"]}

    def size(dim, wanted):
        if isinstance(dim, int) or str(dim).isdigit():
            return [int(dim)]
        largest = symbols[dim]["max"] if dim in symbols else None
        return [min(wanted, largest) if largest else wanted, 1]

    for batch in size(dims[0], BATCH):
        for sequence in size(dims[1], SEQUENCE)[:1]:
            yield batch, sequence


def differences(there, got, expected):
    """Complaints about outputs `got`, where `expected` holds for tokens that are there."""
    for output, values in got.items():
        if values.shape != expected[output].shape:
            yield f"{output} has shape {values.shape}, not {expected[output].shape}"
            continue
        kept = there if values.shape[:2] == there.shape else there[:, 0]
        if kept is there and values[~kept].any():
            yield f"{output} is not 0 where there is no token"
        difference = numpy.abs(values[kept] - expected[output][kept])
        if difference.size and not difference.max() <= TOLERANCE:
            yield f"{output} differs by {difference.max():.3g}"


def check_bench(ingot, packed, info):
    """--lengths and the number of tokens make the same work, less than without."""
    names = [symbol["name"] for symbol in info["symbols"]]
    count = next(name for name in names if name in ("kept_rows", "padding_rows"))
    dims = ",".join(f"{name}={size}" for name, size in zip(info["inputs"][0]["dims"], (4, 9)) if name in names)
    tokens = 4 * (9 if count == "kept_rows" else 0) + (12 if count == "padding_rows" else -12)

    def flops(*options):
        timed = subprocess.run([ingot, "bench", packed, "--seconds=0.01", "--json", "--threads=1", *options],
                               capture_output=True, check=True)
        return json.loads(timed.stdout)["flops"]

    some = flops("--dims", dims, "--lengths=9,6,3,6")
    assert some == flops("--dims", f"{dims},{count}={tokens}") < flops("--dims", dims)
    too_long = subprocess.run([ingot, "bench", packed, "--dims", dims, "--lengths=10"], capture_output=True)
    assert too_long.returncode == 2 and b"--lengths has 10" in too_long.stderr


def main(ingot, model, folder, reference=None):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    whole, packed = folder / "whole.ingot", folder / "packed.ingot"
    subprocess.run([ingot, "compile", model, "-o", whole], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([ingot, "compile", model, "--skip-padding", "-o", packed], check=True, stdout=subprocess.DEVNULL)
    fused = folder / "packed.mlir"
    subprocess.run([ingot, "compile", model, "--skip-padding", "--emit=fused", "-o", fused], check=True)
    info = json.loads(subprocess.run([ingot, "inspect", whole, "--json"], check=True, capture_output=True).stdout)
    if str(info["inputs"][0]["dims"][0]).isidentifier():
        shown = subprocess.run([ingot, "inspect", packed, "--json"], check=True, capture_output=True)
        check_bench(ingot, packed, json.loads(shown.stdout))
    failed = False

    def run(artifact, option):
        results = folder / "results.npz"
        subprocess.run([ingot, "run", artifact, "--inputs", folder / "inputs.npz", "--outputs", results, option],
                       check=True)
        with numpy.load(results) as outputs:
            return dict(outputs)

    for batch, sequence in shapes(info):
        for name, there in masks(batch, sequence):
            inputs = {}
            for each in info["inputs"]:
                values = numpy.zeros((batch, sequence))
                if "mask" in each["name"]:
                    values = there
                elif "padding" in each["name"]:
                    values = ~there
                elif each["type"] == "float32":
                    width = int(each["dims"][2])
                    values = numpy.random.default_rng(2).standard_normal((batch, sequence, width))
                elif "type" not in each["name"]:
                    values = numpy.random.default_rng(2).integers(3, 90, (batch, sequence))
                inputs[each["name"]] = values.astype(each["type"])
            numpy.savez(folder / "inputs.npz", **inputs)
            expected, got = run(whole, "--threads=1"), run(packed, "--threads=1")
            complaints = [f"{output} differs on {threads} threads" for threads in (2, 3)
                          for output, values in run(packed, f"--threads={threads}").items()
                          if values.tobytes() != got[output].tobytes()]
            complaints += differences(there, got, expected)
            if reference:
                complaints += differences(there, run(fused, "--device=reference"), expected)
            for complaint in complaints:
                print(f"{batch}x{sequence} {name}: {complaint}")
            failed = failed or bool(complaints)
    print("checked", Path(model).parent.name)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
