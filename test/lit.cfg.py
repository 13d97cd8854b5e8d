# lit configuration of every directory under test/. ctest runs it; one file by hand:
#   lit -v build/release/test/ir/NAME.mlir
# A test that needs a tool or hardware says so (`REQUIRES: avx512`) and is reported
# unsupported where that is absent.
import os
import shutil

import lit.formats

config.name = "ingot"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.join(config.ingot_source, "test")
config.test_exec_root = os.path.join(config.ingot_build, "test")

# Our tools come from the build, LLVM's from the LLVM we build with. `ingot` and
# the like are found by PATH, so a command in a test reads as a user types it.
config.environment["PATH"] = os.pathsep.join([config.ingot_bin, os.environ.get("PATH", "")])
for variable in ("HOME", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if variable in os.environ:
        config.environment[variable] = os.environ[variable]
for name, path in config.tools.items():
    config.substitutions.append((r"(?<![-\w/.%])" + name + r"(?![-\w.=])", path))
config.substitutions += [
    ("%{python}", config.python or "python3"),
    ("%{cc}", config.c_compiler),
    ("%{cxx}", config.compiler),
    ("%{source}", config.ingot_source),
    ("%{build}", config.ingot_build),
]


def cpu_flags():
    try:
        with open("/proc/cpuinfo") as info:
            for line in info:
                if line.startswith("flags"):
                    return set(line.split(":", 1)[1].split())
    except OSError:
        pass
    return set()


flags = cpu_flags()
features = {
    "avx2": {"avx2", "fma", "bmi2", "f16c"} <= flags,
    "avx512": {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"} <= flags,
    "amx": {"amx_tile", "amx_bf16"} <= flags,
    "gpu": os.path.exists("/dev/nvidia0"),
    "onnx": bool(config.python),  # Python with onnx, onnxruntime and numpy
    "asan": config.sanitizers,
    "ingot": os.path.exists(os.path.join(config.ingot_bin, "ingot")),
    "objdump": shutil.which("objdump") is not None,
}
config.available_features |= {name for name, found in features.items() if found}
