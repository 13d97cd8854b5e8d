"""Launches that the emulated driver has recorded (test/emulator/driver/recorder.cpp), repeated and compared.

A launch has the bytes of each buffer before and after, and which of them were written by then. What the
emulator left unwritten must stay as it was: the buffers are filled with 0xFF first.
"""
import json
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy

POISON = 0xFF
TENSOR_MAP = 0x70616d726f736e74
FILL = 1e30  # magnitudes that stand for "masked": compared exactly, not part of the scale
SCALARS = {"float": numpy.float32, "double": numpy.float64, "f16": numpy.float16, "bf16": "bf16", "tf32": numpy.float32,
           "bool": numpy.uint8, "char": numpy.uint8, "int": numpy.int32, "unsigned": numpy.uint32,
           "e4m3": "e4m3", "e5m2": "e5m2",
           **{f"{kind}{bits}": numpy.dtype(f"{kind}{bits // 8}").type for kind in "iu" for bits in (8, 16, 32, 64)}}
# Of the largest magnitude: the order of sums, and the last bits of exp and its like, differ. In 16 bits that may
# take a result to the other neighbour, and in 8 bits too, but where a map alone rounds it.
TOLERANCES = {numpy.float64: 1e-12, numpy.float32: 2e-5, numpy.float16: 2**-9, "bf16": 2**-6, "e4m3": 2**-3, "e5m2": 2**-2}
MANTISSAS = {"e4m3": 3, "e5m2": 2}
# Attention on tensor cores rounds its weights to the type of its operands, and one between two neighbours may go to the
# other: a unit in the last place of a weight that is a quarter of their sum.
WEIGHT_TOLERANCES = {"bf16": 2**-9, "f16": 2**-12, "tf32": 2**-12}
# wgmma adds products of 8 bits up in some 14 bits, and no document says how; the emulator cuts sums to these. Of three instances
# an H200 differs by 9e-5 to 3.3e-4.
EIGHT_BIT_TOLERANCE = 2**-11


@dataclass
class Launch:
    kernel: str
    grid: list
    threads: int
    shared: int
    parameters: list  # {"hex", "places": [[byte of the value, buffer, byte in the buffer]...]}
    before: list  # of each buffer: bytes, and whether they were written
    after: list

    @property
    def bytes(self):
        return sum(values.size for values, _ in self.before)


def read_launch(path):
    content = Path(path).read_bytes()
    head, _, data = content.partition(b"\n")
    head = json.loads(head)
    data, at, sides = numpy.frombuffer(data, numpy.uint8), 0, ([], [])
    for size in head.pop("buffers"):
        for side in sides:
            side.append((data[at:at + size], data[at + size:at + 2 * size].astype(bool)))
            at += 2 * size
    return Launch(**head, before=sides[0], after=sides[1])


def split_parameters(text):
    """The parts between commas that are not inside < >."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "<") - (letter == ">")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def pointer_types(stub, kernel):
    """[(name, element type or None)] of the kernel's parameters; None: no pointer, or to what has no type here."""
    found = re.search(rf"KERNEL\w*\([^)]*\)\s*{re.escape(kernel)}\s*\((.*?)\)\s*{{", stub, re.DOTALL)
    types = []
    for parameter in split_parameters(found.group(1)) if found else []:
        match = re.fullmatch(r"(?:const\s+)?(\w+)\s*(?:const\s*)?\*\s*(?:__restrict__\s*)?(\w+)", parameter)
        types.append((match[2], SCALARS.get(match[1])) if match else (parameter.split()[-1], None))
    return types


def template_of(stub):
    """What the stub instantiates, for people: the template calls of its kernel, constants and all."""
    body = re.split(r"\bKERNEL\w*\(", stub)[-1]
    calls = [re.sub(r"\s+", " ", call) for call in re.findall(r"\b([a-z]\w*(?:<[^;{}()]*>)?)\(", body)]
    included = re.findall(r'#include "(\w+)\.cuh"', stub)
    named = [call for call in calls if "<" in call] or [name for name in included if name != "vocabulary"]
    return (named or ["kernel"])[0]


def tolerance_of(stub, kind):
    """Of a result of that type."""
    if kind in MANTISSAS and template_of(stub).startswith("map<"):
        return 0
    if kind in TOLERANCES and re.search(r"Config<e4m3|linear90_f8<", stub):
        return max(TOLERANCES[kind], EIGHT_BIT_TOLERANCE)
    attention = re.match(r"attention(?:90|_mma)<(\w+)", template_of(stub))
    return max(TOLERANCES.get(kind, 0), WEIGHT_TOLERANCES.get(attention[1], 0) if attention and kind in TOLERANCES else 0)


def eight_bit_numbers(mantissa):
    """What each byte is as a float with so many bits of mantissa."""
    bits = numpy.arange(256)
    exponent, rest, largest = bits >> mantissa & 127 >> mantissa, bits & (1 << mantissa) - 1, 127 >> mantissa
    numbers = numpy.ldexp((rest + (exponent > 0) * 2.0**mantissa), numpy.maximum(exponent, 1) - (largest >> 1) - mantissa)
    if mantissa == 3:  # no infinities
        numbers[bits & 127 == 127] = numpy.nan
    else:
        numbers[exponent == largest] = numpy.where(rest[exponent == largest], numpy.nan, numpy.inf)
    return numpy.where(bits < 128, numbers, -numbers)


def reals(values, kind):
    """Bytes as numbers in double, or as integers."""
    if kind in MANTISSAS:
        return eight_bit_numbers(MANTISSAS[kind])[values.view(numpy.uint8)]
    if kind == "bf16":
        return (values.view(numpy.uint16).astype(numpy.uint32) << 16).view(numpy.float32).astype(numpy.float64)
    return values.view(kind).astype(numpy.float64) if kind in TOLERANCES else values.view(kind)


def difference(got, expected, kind):
    """(largest absolute, of the largest magnitude, what is wrong or ""); both as `reals` gives them."""
    if kind not in TOLERANCES:
        wrong = numpy.flatnonzero(got != expected)
        if not wrong.size:
            return 0.0, 0.0, ""
        far = numpy.abs(got.astype(numpy.float64) - expected.astype(numpy.float64)).max()
        return far, far, f"element {wrong[0]} is {got[wrong[0]]} instead of {expected[wrong[0]]}"
    plain = numpy.isfinite(expected) & (numpy.abs(expected) < FILL)
    with numpy.errstate(invalid="ignore"):
        same = (got == expected) | (numpy.isnan(got) & numpy.isnan(expected))
        fills = numpy.isfinite(expected) & (numpy.abs(expected) >= FILL)
        same |= fills & (numpy.abs(got) >= FILL) & numpy.isfinite(got) & (numpy.sign(got) == numpy.sign(expected))
        far = numpy.where(plain, numpy.abs(got - expected), 0)
    odd = numpy.flatnonzero(~plain & ~same | ~numpy.isfinite(far))
    if odd.size:
        return numpy.inf, numpy.inf, f"element {odd[0]} is {got[odd[0]]} instead of {expected[odd[0]]}"
    absolute = float(far.max(initial=0))
    scale = float(numpy.abs(expected[plain]).max(initial=0))
    return absolute, absolute / scale if absolute else 0.0, ""


def tensor_map(driver, value):
    """The driver's own tensor map for one that the emulated driver made (test/emulator/tensor_map.h); else None."""
    if len(value) != 128 or int.from_bytes(value[:8], "little") != TENSOR_MAP:
        return None
    base, *numbers = struct.unpack_from("<10Q", value, 8)
    rank, element_bytes, swizzle = struct.unpack_from("<BBH", value, 98)
    return driver.tensor_map(element_bytes, base, numbers[:rank], numbers[5:4 + rank],
                             struct.unpack_from(f"<{rank}H", value, 88), swizzle)


class Instance:
    """A stub on a device: its module, and launches of its kernels."""

    def __init__(self, driver, stub, image):
        self.driver, self.stub = driver, stub
        self.module = driver.load(image)

    def close(self):
        self.driver.unload(self.module)

    def run(self, launch, poison=True):
        """Bytes of each buffer afterwards. Without poison only what was written is, for tools that watch."""
        driver, pointers = self.driver, []
        try:
            for values, written in launch.before:
                pointers.append(driver.allocate(max(values.size, 1)))
                if poison:
                    if values.size:
                        driver.upload(pointers[-1], numpy.where(written, values, POISON).astype(numpy.uint8))
                    continue
                edges = numpy.flatnonzero(numpy.diff(written, prepend=False, append=False))
                for start, end in edges.reshape(-1, 2):
                    driver.upload(pointers[-1] + int(start), numpy.ascontiguousarray(values[start:end]))
            parameters = []
            for parameter in launch.parameters:
                value = bytearray.fromhex(parameter["hex"])
                for at, buffer, offset in parameter["places"]:
                    value[at:at + 8] = (pointers[buffer] + offset).to_bytes(8, "little")
                parameters.append(tensor_map(driver, value) or bytes(value))
            function = driver.function(self.module, launch.kernel, launch.shared)
            driver.launch(function, launch.grid, launch.threads, launch.shared, parameters)
            driver.synchronize()
            return [driver.download(pointer, values.size) if values.size and poison else values
                    for pointer, (values, _) in zip(pointers, launch.before)]
        finally:
            for pointer in pointers:
                driver.free(pointer)

    def compare(self, launch, results):
        """{output: {absolute, relative}}, and what is wrong."""
        types, outputs, wrong = pointer_types(self.stub, launch.kernel), {}, []
        named = {}
        for number, parameter in enumerate(launch.parameters):
            for _, buffer, offset in parameter["places"]:
                name, kind = types[number] if number < len(types) else (str(number), None)
                if buffer not in named or not named[buffer][1]:  # a pointer tells more than a tensor map
                    named[buffer] = (name, kind, offset)
        for buffer, got in enumerate(results):
            name, kind, offset = named.get(buffer, (str(buffer), None, 0))
            (start, was), (expected, written) = launch.before[buffer], launch.after[buffer]
            stray = numpy.flatnonzero(~written & (got != POISON))
            if stray.size:
                wrong.append(f"{name}: wrote byte {stray[0]}, which the emulator left alone")
            if (was == written).all() and (start[was] == expected[was]).all():  # an input
                if (got[was] != start[was]).any():
                    wrong.append(f"{name}: changed, although the emulator only read it")
                continue
            kind = kind or numpy.uint8
            width = 2 if kind == "bf16" else 1 if kind in MANTISSAS else numpy.dtype(kind).itemsize
            first = offset % width
            end = first + (got.size - first) // width * width
            whole = written[first:end].reshape(-1, width).all(axis=1)
            absolute, relative, reason = difference(reals(got[first:end], kind)[whole],
                                                    reals(expected[first:end], kind)[whole], kind)
            tolerance = tolerance_of(self.stub, kind)
            if not reason and relative > tolerance:
                reason = f"differs by {relative:.3g} of the largest magnitude, more than {tolerance:.3g}"
            if reason:
                wrong.append(f"{name}: {reason}")
            outputs[name] = {"absolute": absolute, "relative": relative}
        return outputs, wrong
