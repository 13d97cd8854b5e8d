"""Content hashes: what a row of a report is about. Another hash means that the code has changed since."""
import functools
import re
from pathlib import Path

from rows import content_hash

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ROOT / "codegen" / "cuda" / "kernels"


@functools.cache
def header_closure(name):
    """Names of a kernel header and all it includes."""
    path, found = KERNELS / name, {name}
    if not path.exists():
        return frozenset()
    for included in re.findall(r'#include "(\w+\.cuh)"', path.read_text()):
        if included not in found:
            found |= header_closure(included) if included != name else set()
    return frozenset(found)


def of_headers(names):
    found = set().union(*(header_closure(name) for name in names)) if names else set()
    return content_hash(*(part for name in sorted(found) for part in (name, (KERNELS / name).read_bytes())))


# Headers that no stub instantiates by themselves.
SHARED = {"attention90_pages", "attention90_tasks", "attention_pages", "device", "device90", "epilogue", "gemm90_columns", "gemm90_f8", "group", "lanes", "linear_few", "linear_quant", "numbers", "ops", "part_sums",
          "pipeline90", "quant", "rough", "shape", "splits", "trig", "vocabulary", "wgmma"}
VERBS = "verbs"  # the family of stubs that use the vocabulary alone


def families():
    """Names of the headers that kernels are made of, and VERBS."""
    return sorted({path.stem for path in KERNELS.glob("*.cuh")} - SHARED) + [VERBS]


def of_family(family):
    return of_headers(["vocabulary.cuh" if family == VERBS else f"{family}.cuh"])


def family_of(stub):
    included = [name for name in re.findall(r'#include "(\w+)\.cuh"', stub) if name not in SHARED]
    return included[0] if included else VERBS


def of_stub(text):
    """A kernel instance: its stub, and the headers that it includes."""
    return content_hash(text, of_headers(re.findall(r'#include "(\w+\.cuh)"', text)))


def of_files(*paths):
    return content_hash(*(part for path in sorted(map(Path, paths)) for part in (path.name, path.read_bytes())))


def of_model(path):
    """A model on a GPU: its file, and all kernel headers."""
    return content_hash(Path(path).read_bytes(), of_headers([header.name for header in KERNELS.glob("*.cuh")]))
