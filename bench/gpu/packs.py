"""What bench/gpu/pack has put together, as the parts read it.

    manifest.json                  see `Pack`
    lib/libingot_runtime.so
    kernels/STUB.stub, STUB.ARCH, STUB-LAUNCH.launch     of each kernel instance; without launches those of streams.py
    models/NAME.PRECISION.ingot, NAME.npz                inputs and the framework's outputs: "0/in/x", "0/out/y"
    models/NAME.PRECISION.npz                            the emulator's: "0/y"; none where that takes minutes
    bench/, tune/                                        artifacts without weights, see shapes.py and tuned.py
"""
import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path

from rows import Row, Skip

EMULATED_MAGIC = b"//ingot stub 1\n"


def suits(arch, capability):
    """Whether a GPU runs code for `arch`, as in runtime/cuda_device.cpp."""
    major, minor = capability
    kind, _, number = arch.partition("_")
    exact, number = number.endswith("a"), int(number.rstrip("a"))
    here = major * 10 + minor
    if exact:
        return here == number
    return here >= number and (kind == "compute" or major == number // 10)


def best(archs, capability):
    """The one to take of those a GPU runs: its own, then the latest, then PTX."""
    return max((arch for arch in archs if suits(arch, capability)), default=None,
               key=lambda arch: (arch.startswith("sm_"), arch.endswith("a"), int(arch.split("_")[1].rstrip("a"))))


def emulated_device(target):
    """INGOT_EMULATOR for the GPU that code for `target` is for."""
    return f"arch {re.sub(r'[^0-9]', '', target)}"


@dataclass
class Instance:
    stub: str  # hash of its text, as the recorder names files
    covers: str  # hash of text and headers
    family: str  # the header that it instantiates
    name: str  # the template, for people
    test: str  # that recorded it first
    launches: list
    recorded: int  # launches, of which some are carried
    archs: list  # images; empty with the reason in `failure`
    failure: str = ""

    @property
    def id(self):
        return f"{self.family}/{self.test}/{self.name}#{self.covers[:8]}"


class Pack:
    def __init__(self, folder):
        self.folder = Path(folder)

    @functools.cached_property
    def manifest(self):
        return json.loads((self.folder / "manifest.json").read_text())

    @functools.cached_property
    def instances(self):
        return [Instance(**instance) for instance in self.manifest["kernels"]]

    def left_rows(self, prefix):
        """Rows of the tests that a tiny pack is without; which kernels those launch is not known."""
        def skip():
            raise Skip("not in a tiny pack")
        for test in self.manifest["left"]:
            yield Row(f"{prefix}/unrecorded/{test}/any", "", skip)

    @property
    def models(self):
        """[{"name", "precision", "covers", "carried"}]"""
        return self.manifest["models"]

    def stub(self, name):
        return (self.folder / "kernels" / f"{name}.stub").read_text()

    def image(self, name, archs, context):
        """What the driver loads: machine code, PTX, or for the emulated one the text."""
        if context.is_emulated:
            return EMULATED_MAGIC + self.stub(name).encode() + b"\0"
        arch = best(archs, context.driver.capability)
        if not arch:
            raise LookupError(f"no image for sm_{''.join(map(str, context.driver.capability))}: the pack has "
                              f"{', '.join(archs) or 'none'}")
        return (self.folder / "kernels" / f"{name}.{arch}").read_bytes() + b"\0"
