#!/usr/bin/env python3
"""Times compiled models against ONNX Runtime on this machine and prints the ratios.

    make bench
    build/venv/bin/python bench/models.py --ingot build/release/bin/ingot [--json FILE]

The model is that of `make demo`. For each shape and number of threads both are measured
in turns, ROUNDS times; the time is the best round's median, in-process on both sides.
Ratio: ONNX Runtime's time over Ingot's, so above 1 Ingot is faster.
"""
import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples"))
import demo  # noqa: E402

ROUNDS = 3
SHAPES = [(1, 16), (1, 128), (8, 128), (32, 128)]  # batch, sequence


def token_inputs(batch, sequence):
    import numpy

    ids = numpy.random.default_rng(1).integers(1000, 30000, (batch, sequence), numpy.int64)
    return {"input_ids": ids, "attention_mask": numpy.ones_like(ids)}


def measure(ingot, model, threads):
    peer = demo.OnnxRuntime(model, threads)
    for batch, sequence in SHAPES:
        inputs = token_inputs(batch, sequence)
        runs = max(10, 2000 // (batch * sequence // 16))
        rounds = [(ingot.median_ms(batch, sequence, threads), peer.median_ms(inputs, runs)) for _ in range(ROUNDS)]
        ours, theirs = (min(column) for column in zip(*rounds))
        yield {"batch": batch, "sequence": sequence, "threads": threads, "ingot_ms": ours, "onnxruntime_ms": theirs}


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--ingot", type=Path, default=ROOT / "build/release/bin/ingot")
    parser.add_argument("--json", type=Path, help="write machine, command, commit and numbers here")
    options = parser.parse_args()
    import onnxruntime

    work = ROOT / "build" / "bench"
    work.mkdir(parents=True, exist_ok=True)
    model = demo.get_model(ROOT / "build" / "downloads")
    ingot = demo.Ingot(options.ingot.resolve(), work)
    ingot.compile(model)
    cores = len(os.sched_getaffinity(0))
    machine = f"{demo.processor_name()}, {cores} cores, {platform.system()}"
    print(f"{model.name} on {machine}; commit {commit()}; ONNX Runtime {onnxruntime.__version__}; ms a run")
    print(f"{'batch':>6}{'sequence':>10}{'threads':>9}{'Ingot':>10}{'ONNX RT':>10}{'ratio':>8}")
    rows = []
    for threads in sorted({1, cores}):
        for row in measure(ingot, model, threads):
            rows.append(row)
            print(f"{row['batch']:>6}{row['sequence']:>10}{threads:>9}{row['ingot_ms']:>10.3f}"
                  f"{row['onnxruntime_ms']:>10.3f}{row['onnxruntime_ms'] / row['ingot_ms']:>8.2f}", flush=True)
    if options.json:
        record = {"machine": machine, "command": "make bench", "commit": commit(), "model": model.name,
                  "onnxruntime": onnxruntime.__version__, "rows": rows}
        options.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
