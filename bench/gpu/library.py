"""cuBLASLt through ctypes: the best of what its heuristic offers, on random data."""
import ctypes
import functools
import glob
import os
import statistics
import sys
from ctypes import byref, c_float, c_int, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path

import numpy

from rows import Skip

R_32F, R_16F, R_16BF, R_8F = 0, 2, 14, 28  # cudaDataType
TYPES = {"bf16": R_16BF, "f16": R_16F, "tf32": R_32F, "f32": R_32F, "f8": R_8F}
BYTES = {R_32F: 4, R_16F: 2, R_16BF: 2, R_8F: 1}
COMPUTE_32F, COMPUTE_TF32 = 68, 77  # cublasComputeType_t
OP_T = 1
DESC_TRANSA, PREFERENCE_WORKSPACE = 3, 1
WORKSPACE = 64 << 20
OFFERS = 8
BATCHES, LEAST_MS = 10, 2.0


class Algorithm(ctypes.Structure):
    _fields_ = [("data", c_uint64 * 8)]


class Heuristic(ctypes.Structure):
    _fields_ = [("algorithm", Algorithm), ("workspace", c_size_t), ("state", c_int), ("waves", c_float),
                ("reserved", c_int * 4)]


STAND_IN = "libingot_emulator_cublaslt.so"  # of the emulated driver, beside it


def paths(is_emulated):
    if is_emulated:
        yield str(Path(os.environ["INGOT_EMULATOR_LIBRARY"]).with_name(STAND_IN))
        return
    yield from filter(None, [os.environ.get("INGOT_CUBLASLT")])
    for folder in sys.path:
        yield from sorted(glob.glob(f"{folder}/nvidia/*/lib/libcublasLt.so.1[23]"))
    yield from ("/usr/local/cuda/lib64/libcublasLt.so.13", "libcublasLt.so.13", "/usr/local/cuda/lib64/libcublasLt.so.12",
                "libcublasLt.so.12")


@functools.cache
def opened(is_emulated):
    for path in paths(is_emulated):
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        library.cublasLtGetVersion.restype = c_size_t
        return library
    raise Skip(f"no {STAND_IN}, which stands in for cuBLASLt" if is_emulated else "no libcublasLt.so")


class Product:
    """C [m, n] = A [m, k] W [n, k] transposed, row-major; all in one type but for C of 8-bit A and W, which is bf16; sums in f32
    (of 8 bits without the fast accumulation that drops bits, as in Ingot)."""

    def __init__(self, context, m, n, k, precision):
        self.library, self.driver = opened(context.is_emulated), context.driver
        self.kind, self.m, self.n, self.k = TYPES[precision], m, n, k
        self.result = R_16BF if self.kind == R_8F else self.kind
        self.bytes = BYTES[self.kind]
        self.handle, self.operation = c_void_p(), c_void_p()
        self.call("Create", byref(self.handle))
        compute = COMPUTE_TF32 if precision == "tf32" else COMPUTE_32F
        self.call("MatmulDescCreate", byref(self.operation), compute, R_32F)
        self.call("MatmulDescSetAttribute", self.operation, DESC_TRANSA, byref(c_int32(OP_T)), c_size_t(4))
        # Column-major, as the library has it: C' [n, m] = W' [k, n] transposed, A' [k, m].
        self.layouts = [self.layout(k, n, self.kind), self.layout(k, m, self.kind), self.layout(n, m, self.result)]
        self.workspace = self.driver.allocate(WORKSPACE)
        self.one, self.zero = c_float(1), c_float(0)

    def call(self, name, *arguments):
        code = getattr(self.library, f"cublasLt{name}")(*arguments)
        if code:
            raise RuntimeError(f"cublasLt{name} returns {code}")

    def layout(self, rows, columns, kind):
        layout = c_void_p()
        self.call("MatrixLayoutCreate", byref(layout), kind, c_uint64(rows), c_uint64(columns), c_int64(rows))
        return layout

    def offers(self):
        preference, count = c_void_p(), c_int()
        self.call("MatmulPreferenceCreate", byref(preference))
        self.call("MatmulPreferenceSetAttribute", preference, PREFERENCE_WORKSPACE, byref(c_uint64(WORKSPACE)), c_size_t(8))
        found = (Heuristic * OFFERS)()
        w, a, c = self.layouts
        self.call("MatmulAlgoGetHeuristic", self.handle, self.operation, w, a, c, c, preference, OFFERS, found, byref(count))
        self.call("MatmulPreferenceDestroy", preference)
        return [offer for offer in found[:count.value] if offer.state == 0]

    def launch(self, algorithm, c, a, w, stream):
        layouts = self.layouts
        self.call("Matmul", self.handle, self.operation, byref(self.one), c_void_p(w), layouts[0], c_void_p(a), layouts[1],
                  byref(self.zero), c_void_p(c), layouts[2], c_void_p(c), layouts[2], byref(algorithm),
                  c_void_p(self.workspace), c_size_t(WORKSPACE), stream)

    def close(self):
        self.driver.free(self.workspace)
        for layout in self.layouts:
            self.call("MatrixLayoutDestroy", layout)
        self.call("MatmulDescDestroy", self.operation)
        self.call("Destroy", self.handle)


def random_bytes(kind, count):
    """Normal values of a type; of 8 bits, magnitudes of 0.5 to 1.9."""
    if kind == R_8F:
        return numpy.resize(numpy.random.default_rng(7).integers(0, 256, (1 << 22) + 7, numpy.uint8) & 0x8F | 0x30, count)
    values = numpy.resize(numpy.random.default_rng(7).standard_normal((1 << 22) + 7, numpy.float32), count)
    if kind == R_32F:
        return values
    return values.astype(numpy.float16) if kind == R_16F else (values.view(numpy.uint32) >> 16).astype(numpy.uint16)


class Captured:
    """Work put on a stream by `enqueue`, as a graph of `count` times."""

    def __init__(self, driver, enqueue, count, is_emulated):
        self.driver, self.stream, self.events = driver, driver.stream(), (driver.event(), driver.event())
        graph, self.executable = c_void_p(), c_void_p()
        driver.call("cuStreamBeginCapture_v2", self.stream, 2)
        for i in range(count):
            enqueue(i, self.stream)
        driver.call("cuStreamEndCapture", self.stream, byref(graph))
        driver.call("cuGraphInstantiateWithFlags", byref(self.executable), graph, c_uint64(0))
        driver.call("cuGraphDestroy", graph)
        self.count, self.is_emulated = count, is_emulated

    def milliseconds(self, launches):
        """Of one of `count`."""
        self.driver.record(self.events[0], self.stream)
        for _ in range(launches):
            self.driver.call("cuGraphLaunch", self.executable, self.stream)
        self.driver.record(self.events[1], self.stream)
        return self.driver.milliseconds(*self.events) / (launches * self.count)

    def median(self):
        if self.is_emulated:  # its clock says nothing
            return {"ms": self.milliseconds(1)}
        first = self.milliseconds(1) * self.count
        launches = max(1, min(200, int(LEAST_MS / max(first, 1e-3))))
        times = [self.milliseconds(launches) for _ in range(BATCHES)]
        return {"ms": statistics.median(times), "min_ms": min(times), "max_ms": max(times)}

    def close(self):
        self.driver.call("cuGraphExecDestroy", self.executable)
        for event in self.events:
            self.driver.call("cuEventDestroy_v2", event)
        self.driver.call("cuStreamDestroy_v2", self.stream)


def best(context, m, n, k, precision, weights=1):
    """The fastest offer over `weights` different W in turn: {ms, ...}."""
    if context.is_emulated and precision == "f8":
        raise Skip(f"{STAND_IN} multiplies nothing of 8 bits")
    product, driver = Product(context, m, n, k, precision), context.driver
    a = driver.allocate(m * k * product.bytes)
    w = driver.allocate(weights * n * k * product.bytes)
    c = driver.allocate(m * n * BYTES[product.result])
    try:
        driver.upload(a, random_bytes(product.kind, m * k))
        each = random_bytes(product.kind, n * k)
        for i in range(weights):
            driver.upload(w + i * n * k * product.bytes, each)
        found = None
        for offer in product.offers():
            def enqueue(i, stream, offer=offer):
                product.launch(offer.algorithm, c, a, w + i % weights * n * k * product.bytes, stream)
            captured = Captured(driver, enqueue, weights, context.is_emulated)
            times = captured.median()
            captured.close()
            found = times if not found or times["ms"] < found["ms"] else found
        if not found:
            raise RuntimeError(f"cuBLASLt offers nothing for {m}x{n}x{k} in {precision}")
        return {**found, "version": product.library.cublasLtGetVersion(), "tflops": 2e-9 * m * n * k / found["ms"]}
    finally:
        for pointer in (a, w, c):
            driver.free(pointer)
        product.close()


def peak(context, precision, size):
    """The rate of a product that fills the chip."""
    return best(context, size, size, size, precision)


def pair(context, rows, inner, middle, kept, precision, weights):
    """Both products of shapes.Pair, their times added."""
    first = best(context, rows, middle, inner, precision, weights)
    second = best(context, rows, inner, kept, precision, weights)
    return {"ms": first["ms"] + second["ms"], "version": first["version"],
            "settings": f"best of {OFFERS} offers, workspace {WORKSPACE >> 20} MiB, graph of {weights} weights"}
