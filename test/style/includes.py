#!/usr/bin/env python3
"""Checks who includes whom: the picture of docs/architecture.md, kept true.

    includes.py SOURCE_TREE     exit 1 and FILE:LINE: reason for each include that is not allowed
    includes.py --self-test     the rules themselves
"""
import re
import sys
from pathlib import Path

# Room -> rooms whose headers it may include (itself always).
ALLOWED = {
    "runtime": set(),
    "ir": set(),
    "frontend": {"ir"},
    "passes": {"ir"},
    "codegen": {"ir"},
    "tools": {"runtime", "ir", "frontend", "passes", "codegen"},
    "bench": {"runtime", "ir", "frontend", "passes", "codegen", "tools"},
    "examples": {"runtime"},
    "python": {"runtime"},
}
ROOMS = set(ALLOWED) | {"test"}

# What a file may include beyond its room: the schema and the kernel ABI belong to the
# runtime, codegen writes both.
EXTRA = [
    (r"codegen/", r"runtime/(artifact_generated|artifact_format|kernel_abi)\.h$"),
]

# What a file may not include although its room's rule would allow it.
FORBIDDEN = [
    (r"ir/expr/Expr|ir/scalar/", r"(mlir|llvm)/|mlir-c/", "has no MLIR dependency"),
    (
        r"ir/reference/(?!BindSymbols|Evaluate|Interpreter|MlirTensor|ScalarRegion|Symbols)",
        r"(mlir|llvm)/|mlir-c/|ir/tfm/",
        "the loops know nothing of MLIR",
    ),
    (
        r"frontend/onnx/(Error|MappedFile|Wire|Tensor|TensorReader|TensorFile|ExternalData|Model|Reader|Functions|Repair)\.",
        r"(mlir|llvm)/|mlir-c/|ir/tfm/",
        "the file reader knows nothing of MLIR",
    ),
    (r"runtime/", r"(mlir|llvm|lld|google)/|cuda", "the runtime needs neither LLVM, protobuf nor CUDA's headers"),
    (r"codegen/cuda/kernels/", r"(?!.*\.cuh$)", "NVRTC gets no include path, only our own .cuh"),
    (r"frontend/|passes/|ir/", r"lld/", "only codegen links"),
    (r"(examples|python)/", r"runtime/(?!include/ingot/)", "embedders see runtime/include/ingot/ only"),
]

SOURCE = {".h", ".hpp", ".c", ".cpp", ".cu", ".cuh", ".def", ".inc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def room_of(path):
    top = path.split("/", 1)[0]
    return top if "/" in path and top in ROOMS else None


def check(file, header):
    """The reason why `file` (relative to the tree) may not include `header`, or None."""
    for where, what, reason in FORBIDDEN:
        if re.match(where, file) and re.match(what, header):
            return reason
    room, target = room_of(file), room_of(header)
    if target is None or room in (None, "test") or target == room:
        return None
    if target in ALLOWED[room]:
        return None
    if any(re.match(where, file) and re.match(what, header) for where, what in EXTRA):
        return None
    allowed = ", ".join(sorted(ALLOWED[room])) or "no other folder"
    return f"{room} may include {allowed}"


def resolve(tree, file, header):
    """A quoted include relative to the file counts as the path it means."""
    near = tree / Path(file).parent / header
    if near.is_file() and near.resolve().is_relative_to(tree):
        return near.resolve().relative_to(tree).as_posix()
    return header


def main(tree):
    tree = Path(tree).resolve()
    failures = count = 0
    for room in sorted(ALLOWED):
        for path in sorted((tree / room).rglob("*")):
            if path.suffix not in SOURCE or not path.is_file():
                continue
            count += 1
            file = path.relative_to(tree).as_posix()
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                header = match[2] or resolve(tree, file, match[1])
                reason = check(file, header)
                if reason:
                    failures += 1
                    print(f"{file}:{number}: includes {header}: {reason}")
    if not count:
        sys.exit(f"{tree}: no sources found")
    print(f"{count} files, {failures} includes that are not allowed")
    return 1 if failures else 0


def self_test():
    assert check("frontend/onnx/Import.cpp", "ir/tfm/Tfm.h") is None
    assert check("frontend/onnx/Import.cpp", "passes/Passes.h") == "frontend may include ir"
    assert check("ir/tfm/Tfm.cpp", "frontend/onnx/Wire.h") == "ir may include no other folder"
    assert check("codegen/artifact/Write.cpp", "runtime/artifact_generated.h") is None
    assert check("codegen/cpu/Emit.cpp", "runtime/session.h") == "codegen may include ir"
    assert check("runtime/load.cpp", "ir/expr/Expr.h") == "runtime may include no other folder"
    assert check("runtime/load.cpp", "llvm/ADT/StringRef.h")
    assert check("runtime/load.cpp", "flatbuffers/flatbuffers.h") is None
    assert check("passes/Fuse.cpp", "tools/ingot/Compile.h")
    assert check("test/ir/Any.cpp", "tools/ingot/Compile.h") is None
    assert check("tools/ingot/Main.cpp", "runtime/include/ingot/ingot.h") is None
    assert check("examples/embed.c", "runtime/include/ingot/ingot.h") is None
    assert check("examples/embed.c", "runtime/session.h")
    assert check("ir/expr/Expr.h", "mlir/IR/Value.h")
    assert check("codegen/cuda/kernels/gemm.cuh", "cuda_fp16.h")
    assert check("codegen/cuda/kernels/gemm.cuh", "codegen/cuda/kernels/vocabulary.cuh") is None
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(self_test() if sys.argv[1] == "--self-test" else main(sys.argv[1]))
