#!/usr/bin/env python3
"""Counts the stubs that the emulated driver has compiled into a cache, by the kernel header that each is made of.

    count_stubs.py CACHE [--most NUMBER]      exit code 1: more of the compiler's kernels than that

Those of the vocabulary alone are apart: kernels that tests of the driver and the runtime are written with. Mutation tests,
which compile stubs over edited headers, have caches of their own.
"""
import argparse
import re
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "gpu"))
import covers  # noqa: E402


def family_of(library):
    """Of the headers that its lines come from the one that includes the others."""
    headers = {name.decode() for name in re.findall(rb"(\w+)\.cuh\0", library.read_bytes())}
    found = [family for family in covers.families() if family in headers]
    return max(found, key=lambda family: len(covers.header_closure(f"{family}.cuh")), default=covers.VERBS)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--most", type=int)
    options = parser.parse_args()
    counts = Counter(map(family_of, options.cache.glob("*.so")))
    apart = counts.pop(covers.VERBS, 0)
    for family, count in sorted(counts.items()):
        print(f"{count:5} {family}")
    print(f"{counts.total():5} of kernels, {apart} of the vocabulary alone")
    return int(options.most is not None and counts.total() > options.most)


if __name__ == "__main__":
    sys.exit(main())
