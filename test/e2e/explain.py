#!/usr/bin/env python3
"""What `ingot explain` counts, on real models.

    explain.py INGOT MODELS TABLE            every model of MODELS/list.txt against the table
    explain.py INGOT MODELS TABLE --update   write the table anew
    explain.py INGOT MODELS --all-fused NAME every attention, norm, activation and product of one, all of it
    explain.py INGOT MODELS --transcripts PAGE each `$ ingot explain` of a page: its lines, in order

A line of the table is a model, fused/counted sites of each kind (-N: no code is left of N), and
what the fused form has. Of each model it is also checked that the sums are right and that the
denominator is what the imported graph has, counted here a second time.
"""
import difflib
import json
import re
import subprocess
import sys
from pathlib import Path

KINDS = ["attention", "norm", "activation", "product", "embedding"]
OPS = ["attention", "norm", "linear", "chain"]
OUTCOMES = ["fused", "removed", "unfused"]
HEAD = """\
# Sites that are fused, of all that the imported graph has, and ops of the fused form.
# Written by `test/e2e/explain.py build/release/bin/ingot test/models test/e2e/explain.txt --update`.
"""


def run(ingot, *arguments):
    return subprocess.run([ingot, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def check_sums(name, found):
    for kind in KINDS:
        total = found["totals"][kind]
        sites = [site for site in found["sites"] if site["kind"] == kind]
        assert total["sites"] == len(sites) == sum(total[o] for o in OUTCOMES), f"{name}: {kind} does not add up"
        for outcome in OUTCOMES:
            assert total[outcome] == sum(s["outcome"] == outcome for s in sites), f"{name}: {outcome} {kind}"
    owned = [site for fusion in found["fusions"] for site in fusion["sites"]]
    assert len(owned) == len(set(owned)), f"{name}: a site has two owners"
    for i, site in enumerate(found["sites"]):
        if site["outcome"] == "fused":
            assert i in found["fusions"][site["fusion"]]["sites"], f"{name}: {site['node']} is not its owner's"
        else:
            assert site["reason"] and i not in owned, f"{name}: {site['node']} has no reason"


def check_denominator(name, found, imported):
    def count(pattern):
        return len(re.findall(pattern, imported))

    sites = found["totals"]
    assert sites["attention"]["sites"] == count(r"= tfm\.softmax "), f"{name}: softmax"
    assert sites["product"]["sites"] == count(r"= tfm\.(?:matmul|conv) "), f"{name}: products"
    assert sites["activation"]["sites"] == count(
        r"= tfm\.elementwise (?:erf|tanh|sigmoid|gelu\w*|silu)\("), f"{name}: activations"
    native = sum(site["kind"] == "norm" and site["op"] == "norm" for site in found["sites"])
    assert native == count(r"= tfm\.norm "), f"{name}: norms"


def explain(ingot, models, name):
    model = models / name / "model.onnx"
    found = json.loads(run(ingot, "explain", model, "--json"))
    check_sums(name, found)
    check_denominator(name, found, run(ingot, "compile", model, "--emit=import"))
    return found


def line(name, found):
    def sites(kind):
        total = found["totals"][kind]
        return f"{kind} {total['fused']}/{total['sites']}" + (f"-{total['removed']}" if total["removed"] else "")

    left = "  ".join(sites(kind) for kind in KINDS)
    return f"{name}  {left}  =>  " + "  ".join(f"{found['ops'][op]} {op}" for op in OPS) + "\n"


def check_transcripts(ingot, page):
    """Lines of a transcript are lines of the output; `…` stands for any number of them."""
    blocks = re.findall(r"^    \$ ingot explain (.*)\n((?:    .*\n|\n)*)", page.read_text(), re.M)
    assert blocks, f"{page} has no transcript"
    for arguments, block in blocks:
        output = iter(run(ingot, "explain", *arguments.split()).splitlines())
        skips = False
        for expected in (line[4:] for line in block.rstrip().split("\n")):
            if expected.strip() == "…":
                skips = True
                continue
            found = next(output, None)
            while skips and found is not None and found != expected:
                found = next(output, None)
            assert found == expected, f"{page}: has\n{expected}\nand ingot explain {arguments} says\n{found}"
            skips = False
    return 0


def main(ingot, models, *rest):
    models = Path(models)
    if rest[0] == "--transcripts":
        return check_transcripts(ingot, Path(rest[1]))
    if rest[0] == "--all-fused":
        found = explain(ingot, models, rest[1])
        for kind in KINDS[:4]:
            total = found["totals"][kind]
            assert 0 < total["sites"] == total["fused"], f"{rest[1]}: {total['fused']} of {total['sites']} {kind} fused"
        for fusion in found["fusions"]:
            assert fusion["op"] not in ("attention", "linear", "norm") or "note" not in fusion, fusion
        return 0
    names = [name.split("\t")[0] for name in (models / "list.txt").read_text().split("\n")]
    lines = [line(name, explain(ingot, models, name)) for name in names if name and not name.startswith("#")]
    text, table = HEAD + "".join(lines), Path(rest[0])
    if "--update" in rest:
        table.write_text(text)
        return 0
    difference = difflib.unified_diff(
        table.read_text().splitlines(True), text.splitlines(True), str(table), "ingot explain", n=0)
    found = "".join(difference)
    print(found or f"{len(lines)} models as in {table}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
