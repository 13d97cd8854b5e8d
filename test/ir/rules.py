#!/usr/bin/env python3
"""Every op has a round-trip test, every numbered rule of it a verifier and a failing test, and
the other way round.

    rules.py SOURCE_TREE     exit 1 and a line for each rule that lacks one of the three

A rule is a line `- NAME_cN: ...` of an op's description (ir/*/*.td), its verifier a comment
with that tag (ir/*/*.cpp), its test a section of an `-invalid` file (test/ir) with the tag
in a comment and an expected error.
"""
import re
import sys
from pathlib import Path

TAG = r"\b([a-z_]+_c\d+)\b"


def rules(tree):
    """Rule -> `file:line`, and complaints about the numbering."""
    found, bad = {}, []
    for file in sorted(tree.glob("ir/*/*.td")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = re.match(r"\s*- " + TAG + ":", line)
            if not match:
                continue
            rule, where = match[1], f"{file.relative_to(tree)}:{number}"
            if rule in found:
                bad.append(f"{where}: {rule} is at {found[rule]}, too")
            found[rule] = where
            op, index = rule.rsplit("_c", 1)
            if int(index) > 1 and f"{op}_c{int(index) - 1}" not in found:
                bad.append(f"{where}: {rule} follows no {op}_c{int(index) - 1}")
    return found, bad


def verifiers(tree):
    found = {}
    for file in sorted(tree.glob("ir/*/*.cpp")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            for comment in re.findall(r"//(.*)", line):
                for rule in re.findall(TAG, comment):
                    found.setdefault(rule, f"{file.relative_to(tree)}:{number}")
    return found


def tests(tree):
    found = {}
    for file in sorted(tree.glob("test/ir/*-invalid.mlir")):
        number = 1
        for section in file.read_text().split("// -----\n"):
            for line in section.splitlines():
                for rule in re.findall(r"^//.*?" + TAG, line):
                    if "expected-error" in section:
                        found.setdefault(rule, f"{file.relative_to(tree)}:{number}")
                number += 1
            number += 1
    return found


def untested(tree):
    """Ops of tfm without a file of round trips (`yield` is in all that have regions)."""
    for file in sorted(tree.glob("ir/tfm/*.td")):
        for op in re.findall(r'Tfm_Op<"(\w+)"', file.read_text()):
            name = op.replace("_", "-") + ".mlir"
            if op != "yield" and not (tree / "test/ir" / name).exists():
                yield f"{file.relative_to(tree)}: {op} has no test/ir/{name}"


def main(tree):
    stated, bad = rules(tree)
    for what, tags in (("verifier", verifiers(tree)), ("failing test", tests(tree))):
        bad += [f"{where}: {rule} has no {what}" for rule, where in stated.items() if rule not in tags]
        bad += [f"{where}: {what} of {rule}, which no op states" for rule, where in tags.items() if rule not in stated]
    bad += untested(tree)
    print("\n".join(bad) if bad else f"{len(stated)} rules, each with a verifier and a failing test")
    return 1 if bad or not stated else 0


sys.exit(main(Path(sys.argv[1])))
