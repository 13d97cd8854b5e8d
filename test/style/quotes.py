#!/usr/bin/env python3
"""Code in docs is code that CI compiles: checks each quotation against its file.

    quotes.py SOURCE_TREE

A fenced block after a line `<!-- quote FILE -->` must be a run of FILE's lines, indentation aside.
"""
import re
import sys
from pathlib import Path

QUOTE = re.compile(r"^<!-- quote (\S+) -->\n```\w*\n(.*?)^```$", re.M | re.S)


def lines(text):
    return "\n".join(line.strip() for line in text.strip().splitlines()) + "\n"


def main():
    root = Path(sys.argv[1])
    count, errors = 0, []
    for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        text = page.read_text()
        for quote in QUOTE.finditer(text):
            count += 1
            file, code = quote.groups()
            if lines(code) not in lines((root / file).read_text()):
                line = text[:quote.start()].count("\n") + 1
                errors.append(f"{page.relative_to(root)}:{line}: differs from {file}")
    print(*errors, f"{count} quotations", sep="\n")
    sys.exit(bool(errors) or count == 0)


if __name__ == "__main__":
    main()
