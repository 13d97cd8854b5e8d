#!/usr/bin/env python3
"""docs/ops.md from the dialects' ODS and the scalar table.

    ops-doc.py TBLGEN MLIR_INCLUDE SOURCE_TREE            compares; exit 1 where docs/ops.md is out of date
    ops-doc.py TBLGEN MLIR_INCLUDE SOURCE_TREE --update   writes it

mlir-tblgen writes the pages; here C++ names go, tables become lists, and an index comes first.
"""
import difflib
import re
import subprocess
import sys
from pathlib import Path

DIALECTS = [("tfm", "ir/tfm/TfmOps.td"), ("plan", "ir/plan/PlanOps.td")]
HEAD = """<!-- Made by scripts/ops-doc.py from ir/tfm/*.td, ir/plan/*.td and ir/scalar/ScalarOps.def;
     `ninja update-docs` writes it anew. -->
# Operations

Rules that a verifier checks are numbered (`reshape_c1`); `test/ir/*-invalid.mlir` has a failing
example of each.
"""


def sections(text, marker):
    """What precedes the first heading of a level, then (heading, body) of each."""
    parts = re.split(rf"^{marker} (.*)$", text, flags=re.M)
    return parts[0], list(zip(parts[1::2], parts[2::2]))


WORDS = {
    "64-bit signless integer attribute": "integer", "64-bit float attribute": "float", "unit attribute": "flag",
    "string array attribute": "strings", "string attribute": "string", "i64 dense array attribute": "integers",
    "flat symbol reference attribute": "symbol", "dictionary of named attribute values": "dictionary",
    "type array attribute": "types", "array attribute": "array", "any type attribute": "type",
    "constant vector/tensor attribute": "elements",
    "Integer expressions of symbols, one a dim": "dims", "A range of bytes with one role": "buffer",
    r"An operation of the scalar table \(ir/scalar/ScalarOps.def\)": "scalar operation",
    "64-bit signless integer": "i64", "1-bit signless integer": "i1",
}


def plain(text):
    text = re.sub(r"ranked tensor, with #tfm.dims where a dim is no number, of (.*?) values", r"tensor of \1", text)
    for long, short in WORDS.items():
        text = re.sub(long, short, text)
    return text.replace("variadic of", "any number of:")


def entries(kind, body):
    """`name` — description, from a table of operands, results or attributes."""
    if kind == "Attributes:":
        rows = re.findall(r"<tr><td><code>(\w+)</code></td><td>.*?</td><td>(.*?)</td></tr>", body, flags=re.S)
    else:
        rows = re.findall(r"^\| `(.*?)` \| (.*) \|$", body, flags=re.M)
    rows = [f"`{name}` ({plain(' '.join(what.split()))})" if name != "&laquo;unnamed&raquo;" else plain(what)
            for name, what in rows]
    return f"*{kind[:-1]}:* " + ", ".join(rows) + "\n"


def op(heading, body):
    name = re.match(r"`(.*?)`", heading)[1]
    intro, tables = sections(body, "####")
    pure = "NoMemoryEffect" in intro
    intro = re.sub(r"^(Traits|Interfaces|Effects): .*\n\n?", "", intro, flags=re.M)
    intro = re.sub(r"Syntax:\n\n```\noperation ::= (.*?)\n```\n", lambda m: "```\n" + syntax(m[1]) + "\n```\n", intro,
                   flags=re.S)
    if pure:
        tables.append(("Pure", ""))
    lines = [entries(kind, table) if table else "*Pure.*\n" for kind, table in tables]
    return name, f"### `{name}`\n" + intro.rstrip() + "\n\n" + "\n".join(lines)


def syntax(text):
    text = re.sub(r"custom<\w+>\((\$\w+)\)", r"\1", text)
    text = re.sub(r" attr-dict(-with-keyword)?|(?<=\s)` `(?=\s)", "", text)
    text = re.sub(r"`([^`]*)`", r"\1", re.sub(r"\n\s+", "\n    ", text))
    return re.sub(r" ?([(\[]) (\$[^()\[\]]*) ([)\]])", r"\1\2\3", text).replace(" ,", ",")


def dialect(tblgen, include, tree, name, file, enums):
    page = subprocess.run([tblgen, "-gen-dialect-doc", f"-dialect={name}", "-I", tree, "-I", include, Path(tree) / file],
                          check=True, capture_output=True, text=True).stdout
    intro, parts = sections(page.split("\n", 2)[2], "##")
    parts = dict(parts)
    intro = re.sub(r"^# .*\n", "", intro, flags=re.M).replace("[TOC]\n", "").strip()
    ops = [op(*each) for each in sections(parts["Operations"], "###")[1]]
    summary = {n: re.search(r"^_(.*)_$", text, flags=re.M)[1] for n, text in ops}
    out = [f"\n## Dialect `{name}`\n\n{intro}\n"]
    out.append("\n".join(f"- [`{n}`](#{re.sub('[^a-z_]', '', n)}): {s}" for n, s in summary.items()) + "\n")
    out += [text for _, text in ops]
    for heading, body in sections(parts.get("Attributes", ""), "###")[1]:
        if "# value" in body or "ComparisonAttr" in heading:  # of an enum
            continue
        out.append(f"### Attribute `{heading}`\n" + sections(body, "####")[0].rstrip() + "\n")
    for heading, body in sections(parts.get("Enums", ""), "###")[1]:
        words = re.findall(r"^\| \w+ \| `\d+` \| (\w+) \|$", body, flags=re.M)
        if heading not in enums:
            what = re.search(r"^_(.*)_$", body, flags=re.M)[1]
            enums[heading] = f"- {what}: {', '.join(f'`{w}`' for w in words)}"
    return "\n".join(out)


def scalars(tree):
    rows = ["| operation | operands | class | |", "| --- | --- | --- | --- |"]
    table = (Path(tree) / "ir/scalar/ScalarOps.def").read_text()
    for mnemonic, arity, cls, note in re.findall(
            r"^INGOT_SCALAR_OP\(\w+, (\w+), (\d), (\w+)\)(?:\s*// (.*))?$", table, flags=re.M):
        rows.append(f"| `{mnemonic}` | {arity} | {cls} | {note} |")
    return "\n## Scalar operations\n\nWhat `tfm.elementwise` and `tfm.apply` name. Classes: Arith takes integers and floats, Float\n" \
           "floats, Logic booleans; Compare and Test give a boolean.\n\n" + "\n".join(rows) + "\n"


def main(tblgen, include, tree, update):
    enums = {}
    text = HEAD + "".join(dialect(tblgen, include, tree, *each, enums) for each in DIALECTS)
    text += "\n## Words\n\n" + "\n".join(enums.values()) + "\n" + scalars(tree)
    text = re.sub(r"[ \t]+$", "", re.sub(r"\n{3,}", "\n\n", text), flags=re.M)
    file = Path(tree) / "docs/ops.md"
    if update:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return 0
    old = file.read_text() if file.exists() else ""
    sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), text.splitlines(True), "docs/ops.md", "as it should be"))
    if old != text:
        print("docs/ops.md is out of date: run `ninja update-docs` in the build folder and commit it")
    return old != text


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4], sys.argv[4:] == ["--update"]))
