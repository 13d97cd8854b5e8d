"""NVRTC through ctypes, with the options of codegen/cuda/Nvrtc.cpp: images of recorded stubs."""
import ctypes
import os
from ctypes import byref, c_char_p, c_size_t, c_void_p
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ROOT / "codegen" / "cuda" / "kernels"


class NoNvrtc(Exception):
    pass


def library():
    wheels = sorted((ROOT / "build" / "venv").glob("lib/python3*/site-packages/nvidia/*/lib/libnvrtc.so.1[23]"))
    tried = [os.environ.get("INGOT_NVRTC"), *wheels, "/usr/local/cuda/lib64/libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12"]
    for path in filter(None, tried):
        try:
            return ctypes.CDLL(path)
        except OSError:
            continue
    raise NoNvrtc("no NVRTC: make setup installs it, or INGOT_NVRTC names libnvrtc.so")


def headers():
    return {path.name: path.read_bytes() for path in sorted(KERNELS.glob("*.cuh"))}


def compile_stub(nvrtc, text, arch, texts):
    """The image, or an error with the compiler's words. Safe from several threads."""
    program = c_void_p()
    names = [name.encode() for name in texts]
    count = len(texts)
    nvrtc.nvrtcCreateProgram(byref(program), text.encode(), b"stub.cu", count, (c_char_p * count)(*texts.values()),
                             (c_char_p * count)(*names))
    options = [f"-arch={arch}".encode(), b"--std=c++17", b"--fmad=false", b"-default-device"]
    failed = nvrtc.nvrtcCompileProgram(program, len(options), (c_char_p * len(options))(*options))
    what = "ProgramLog" if failed else "CUBIN" if arch.startswith("sm_") else "PTX"
    size = c_size_t()
    getattr(nvrtc, f"nvrtcGet{what}Size")(program, byref(size))
    data = ctypes.create_string_buffer(max(1, size.value))
    getattr(nvrtc, f"nvrtcGet{what}")(program, data)
    nvrtc.nvrtcDestroyProgram(byref(program))
    if failed:
        raise ValueError(data.value.decode(errors="replace").strip())
    return data.raw[:size.value].rstrip(b"\0") if what == "PTX" else data.raw[:size.value]
