#!/usr/bin/env python3
"""Writes the generated part of OWED.md: what no report in bench/results has shown since its code last changed.

    python3 bench/gpu/owed.py              writes it
    python3 bench/gpu/owed.py --check      exit code 1 where it is not as it would be written
    python3 bench/gpu/owed.py --pack DIR   lists the kernel instances of an unpacked pack that are owed, one by one

A report is a report.json of bench/gpu/run.sh, kept as bench/results/gpu-NAME.json. The part above the marker is
written by hand and left alone.
"""
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import bench
import covers
import proof
import sanitize
import shapes
import streams
import tuned
from packs import Pack
from rows import FAILED, OK

ROOT = covers.ROOT
PAGE = ROOT / "bench" / "gpu" / "OWED.md"
RESULTS = ROOT / "bench" / "results"
MARKER = "<!-- below: written by bench/gpu/owed.py -->\n"
# What to run first on a new GPU: products, attention, the rest; then what stands on them.
FIRST = ("verbs", "gemm", "linear", "gemm90", "gemm90_turns", "linear90", "attention", "attention_mma", "attention90")


@dataclass
class Thing:
    what: str
    count: str
    command: str
    ids: tuple  # rows that show it: names, or beginnings that end in "/"
    now: str  # hash of its code
    then: object  # of a report and its row: the hash it had


def families():
    rest = [family for family in covers.families() if family not in FIRST]
    return [family for family in FIRST if family in covers.families()] + rest


def model_names():
    lines = (ROOT / "test" / "models" / "list.txt").read_text().splitlines()
    return [line.split("\t")[0] for line in lines if line and not line.startswith("#")]


def of_row(report, row):
    return row["covers"]


def things():
    run = "bench/gpu/run.sh --only="
    for family in families():
        yield Thing(f"kernels of `{family}`", "", f"{run}proof --rows=kernel/{family}/", (f"kernel/{family}/",),
                    covers.of_family(family), lambda report, row, family=family: report["families"].get(family))
    headers = covers.of_model
    for precision in shapes.PRECISIONS:
        names = model_names() if precision in ("f32", "bf16") else [shapes.EVERY_PRECISION]
        paths = [ROOT / "test" / "models" / name / "model.onnx" for name in names]
        for name, path in zip(names, paths):
            yield Thing(f"models in {precision}", name, f"{run}proof --rows=model/", (f"model/{name}/{precision}",),
                        headers(path), of_row)
    for precision in shapes.PRECISIONS:
        yield Thing("models by cuBLASLt", precision, f"{run}proof --rows=cublaslt/", (f"cublaslt/{precision}",),
                    covers.content_hash(headers(ROOT / "test" / "models" / shapes.EVERY_PRECISION / "model.onnx"), proof.code()),
                    of_row)
    for check in ("shapes", "concurrent", "out-of-memory", "bad-index", "wrong-architecture"):
        yield Thing("what a product relies on", check, f"{run}proof --rows=behaviour/", (f"behaviour/{check}",),
                    proof.code(), of_row)
    for tool in sanitize.TOOLS:
        for family in families():
            yield Thing(f"{tool}", family, f"{run}sanitize --rows={tool}/", (f"{tool}/kernel/{family}/",),
                        covers.of_family(family), lambda report, row, family=family: report["families"].get(family))
    for name, ids in (("copy", ("ceiling/copy",)), *((p, (f"ceiling/product/{p}",)) for p in bench.PRECISIONS)):
        yield Thing("ceilings", name, f"{run}bench --rows=ceiling/", ids, bench.UNCHANGING, of_row)
    changed = bench.code()
    for linear in tuned.linears():
        for count in tuned.ROWS:
            yield Thing(f"tuning of {linear.precision} linears", f"{linear.id} {count}", f"{run}tune --rows=tune/{linear.precision}/",
                        (f"tune/{linear.id}/{count}",), changed, of_row)
    for name in shapes.MODELS:
        yield Thing("host time, load, first run", name, f"{run}bench --rows=host/", (f"host/{name}",), changed, of_row)
    for point in shapes.points():
        yield Thing(f"time of {point.name}", f"{point.precision} {point.label}", f"{run}bench --rows=time/{point.name}/",
                    (f"time/{point.id}",), changed, of_row)
    for kind in dict.fromkeys(stream.kind for stream in streams.streams(tiny=False)):
        yield Thing("speed of quantized weights", kind, f"{run}bench --rows=stream/", (f"stream/{kind}/",), streams.code(), of_row)
    for point in bench.stepped_points():
        yield Thing("steps of models", point.id, f"{run}bench --rows=steps/", (f"steps/{point.id}",), changed, of_row)


def reports(folder=RESULTS):
    """Of real devices, by name."""
    found = {}
    for path in sorted(folder.glob("gpu-*.json")):
        report = json.loads(path.read_text())
        if not report["tiny"] and not report["device"]["name"].startswith("Ingot emulated"):
            found[path.name] = report
    return found


def rows_of(report, thing):
    return [row for row in report["rows"]
            if any(row["id"].startswith(one) if one.endswith("/") else row["id"] == one for one in thing.ids)]


def reason(thing, found):
    """Why it is owed; "" where a report shows it."""
    why = "never run"
    for name, report in found.items():
        rows = rows_of(report, thing)
        counts = Counter(row["status"] for row in rows)
        if not counts[OK] + counts[FAILED]:
            continue
        if any(thing.then(report, row) != thing.now for row in rows if row["status"] in (OK, FAILED)):
            why = f"changed since {name}"
        elif counts[FAILED]:
            why = f"fails in {name}"
        elif counts[OK] < len(rows):
            why = f"in part in {name}"
        else:
            return ""
    return why


def generated(found):
    yield "## Not shown by a report\n"
    yield "In the order of a first hour on a GPU; [docs/gpu.md](../../docs/gpu.md) says how.\n"
    yield "| what | of which | why | command |"
    yield "| --- | --- | --- | --- |"
    groups = {}
    for thing in things():
        group = groups.setdefault((thing.what, thing.command), {"all": 0, "owed": {}})
        group["all"] += 1
        if why := reason(thing, found):
            group["owed"].setdefault(why, []).append(thing.count)
    for (what, command), group in groups.items():
        for why, names in group["owed"].items():
            which = ("" if names == [""] else "all" if len(names) == group["all"] else
                     ", ".join(names) if len(names) < 9 else f"{len(names)} of {group['all']}")
            yield f"| {what} | {which} | {why} | `{command}` |"


def page(text, found):
    by_hand, marker, _ = text.partition(MARKER)
    if not marker:
        sys.exit(f"owed: {PAGE} has no line {MARKER.strip()}")
    return by_hand + MARKER + "\n" + "\n".join(generated(found)) + "\n"


def owed_instances(pack, found):
    """Kernel instances of a pack that no report has with the same code."""
    shown = {row["id"].rpartition("#")[2] for report in found.values() for row in report["rows"]
             if row["id"].startswith("kernel/") and row["status"] == OK}
    return [instance for instance in pack.instances if instance.covers[:8] not in shown]


def main():
    found = reports()
    if "--pack" in sys.argv:
        for instance in owed_instances(Pack(sys.argv[sys.argv.index("--pack") + 1]), found):
            print(f"kernel/{instance.id}")
        return 0
    text = PAGE.read_text()
    wanted = page(text, found)
    if "--check" in sys.argv:
        if text != wanted:
            print(f"{PAGE.relative_to(ROOT)} is not what it would be now: python3 bench/gpu/owed.py writes it "
                  "(a new header that no kernel instantiates by itself belongs to SHARED in bench/gpu/covers.py)",
                  file=sys.stderr)
        return text != wanted
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
