#!/usr/bin/env python3
"""Draws the ratios of a run of run.py: how much faster Ingot is than each peer, for each model and shape.

    build/venv/bin/python bench/cpu/plot.py bench/results/NAME.json docs/cpu-ratios.svg
"""
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "ingot"  # same input, same bytes
matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
import matplotlib.pyplot as plt  # noqa: E402

NAMES = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
COLOURS = {"onnxruntime": "#4c78a8", "openvino": "#f58518"}


def main():
    record = json.loads(Path(sys.argv[1]).read_text())
    rows = record["rows"]
    figure, axes = plt.subplots(figsize=(8, 0.5 * len(rows) + 1.2), layout="constrained")
    for offset, peer in ((-0.2, "onnxruntime"), (0.2, "openvino")):
        # In bf16 OpenVINO alone is measured, told so.
        bars = [(index + offset, times["min"] / row["ms"]["ingot"]["min"]) for index, row in enumerate(rows)
                if (times := row["ms"].get(peer) or peer == "openvino" and row["ms"].get("openvino-bf16"))]
        places, ratios = zip(*bars)
        axes.barh(places, ratios, 0.38, color=COLOURS[peer], label=f"{NAMES[peer]} {record['peers'][peer]}")
        for place, ratio in bars:
            axes.text(ratio + 0.01, place, f"{ratio:.2f}", va="center", fontsize=8)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel(f"time of the peer / time of Ingot {record['peers']['ingot']} (above 1: Ingot is faster)")
    axes.set_title(f"f32 where not bf16, {record['threads']} threads, {record['machine']}", fontsize=10, loc="left")
    axes.margins(x=0.08, y=0.01)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, loc="outside lower center", ncols=2, fontsize=8)
    figure.savefig(sys.argv[2], metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
