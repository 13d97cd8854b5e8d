"""What a worker does for times: Ingot by its session's clock on the device, tensors there too; and the copy."""
import contextlib
import ctypes
import functools
import statistics
import time

import numpy

import runtime
from packs import Pack
from rows import Skip, Wrong

BATCHES = 10  # of runs, each between two events; the figure is their median
LEAST_MS = 2.0  # of a batch
MOST_RUNS = 200
PROFILES = 5


@functools.cache
def clocks_of():
    """NVML's functions, or None."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    return nvml if nvml.nvmlInit_v2() == 0 else None


def clocks(context):
    """MHz of multiprocessors and memory, now; nothing where nobody tells."""
    nvml = None if context.is_emulated else clocks_of()
    if not nvml:
        return {}
    handle, value, found = ctypes.c_void_p(), ctypes.c_uint(), {}
    if nvml.nvmlDeviceGetHandleByIndex_v2(context.driver.device, ctypes.byref(handle)):
        return {}
    for name, kind in (("sm_mhz", 1), ("memory_mhz", 2)):
        if not nvml.nvmlDeviceGetClockInfo(handle, kind, ctypes.byref(value)):
            found[name] = value.value
    return found


def measure(context, run):
    """Of `run(count)`, which gives milliseconds a run: {median, min, max}."""
    first = run(1)
    count = 1 if context.is_emulated else max(1, min(MOST_RUNS, int(LEAST_MS / max(first, 1e-3))))
    batches = 2 if context.is_emulated else BATCHES
    times = [run(count) for _ in range(batches)]
    return {"ms": statistics.median(times), "min_ms": min(times), "max_ms": max(times), "runs": count * batches}


@functools.cache
def noise(kind):
    """Normal values, or ids that every vocabulary has."""
    random = numpy.random.default_rng(7)
    count = (1 << 20) + 7  # no multiple of a row: rows differ
    if kind == "int64":
        return random.integers(0, 500, count)
    return random.standard_normal(count, numpy.float32).astype(kind)


class OnDevice:
    """A session whose tensors are all on the GPU, with random values of the given dims."""

    def __init__(self, context, model, dims, gemm=runtime.OURS):
        self.driver, self.pointers = context.driver, []
        self.session = model.session(gemm=gemm)
        for info in model.inputs:
            shape = [dims[text.decode()] if value < 0 else value
                     for text, value in zip(info.dim_texts, info.dims[:info.rank])]
            name, kind = info.name.decode(), runtime.NAMES[info.type]
            if "mask" in name:
                values = numpy.ones(shape, kind)
            elif name == "table":  # each page of a cache once, in no order
                values = numpy.random.default_rng(7).permutation(numpy.prod(shape)).reshape(shape)
            else:
                values = numpy.resize(noise(kind), shape)
            self.place("input", name, info.type, values)
        self.session.bind()
        for info in model.outputs:
            bound = self.session.tensor(info.name.decode())
            self.place("output", info.name.decode(), info.type, None, bound.shape, bound.bytes)

    def place(self, side, name, kind, values, shape=None, size=None):
        shape = values.shape if shape is None else shape
        size = values.nbytes if size is None else size
        self.pointers.append(self.driver.allocate(max(size, 1)))
        if values is not None and size:
            self.driver.upload(self.pointers[-1], numpy.ascontiguousarray(values))
        self.session.set_on_device(side, name, self.pointers[-1], size, kind, shape)

    def close(self):
        self.session.close()
        for pointer in self.pointers:
            self.driver.free(pointer)


LOADED = {}  # the last two: a long chain and a short one


def load(context, file):
    if file not in LOADED:
        if len(LOADED) > 1:
            LOADED.pop(next(iter(LOADED))).close()
        LOADED[file] = context.ingot.load(Pack(context.pack).folder / "bench" / file)
    return LOADED[file]


def point(context, file, dims, counted, short=None):
    """Median time of one of `counted`; with `short`, that one's time less."""
    total = run_model(context, load(context, file), dims)
    ms = total["ms"]
    if short:
        ms -= run_model(context, load(context, short), dims)["ms"]
        if ms <= 0 and not context.is_emulated:
            raise Wrong("the difference of a long and a short chain is no time", total)
        ms = max(ms, 1e-6)
    return {"ms": ms / counted, "spread": round(total["max_ms"] / total["min_ms"] - 1, 3), "runs": total["runs"],
            **clocks(context)}


def by_library(context, file, dims, counted):
    """The same with cuBLASLt wherever it can."""
    model = load(context, file)
    session, without = library_session(model)
    if not session:
        raise Skip(without)
    session.close()
    times = run_model(context, model, dims, runtime.CUBLASLT)
    return {"ms": times["ms"] / counted, "settings": "Ingot with --gemm=cublaslt", "version": context.runtime.version,
            **clocks(context)}


def run_model(context, model, dims, gemm=runtime.OURS):
    on_device = OnDevice(context, model, dims, gemm)
    try:
        on_device.session.run()
        on_device.session.run()
        return measure(context, on_device.session.time)
    finally:
        on_device.close()


def step_times(context, model, dims):
    """[(kernel, us)] of a run's steps one by one, each at its fastest of some runs."""
    on_device = OnDevice(context, model, dims)
    try:
        on_device.session.run()
        runs = [on_device.session.profile() for _ in range(1 if context.is_emulated else PROFILES)]
    finally:
        on_device.close()
    return [(same[0][0], min(nanoseconds for _, nanoseconds, _, _ in same) * 1e-3) for same in zip(*runs)]


def steps(context, file, dims):
    """[{kernel, count, us}] of a run's kernels, longest first."""
    found = {}
    for kernel, us in step_times(context, load(context, file), dims):
        entry = found.setdefault(kernel, {"kernel": kernel, "count": 0, "us": 0})
        entry["count"] += 1
        entry["us"] += us
    return {"steps": sorted(found.values(), key=lambda entry: -entry["us"]), **clocks(context)}


def library_session(model):
    """None and the reason where the library is not to be had."""
    try:
        return model.session(gemm=runtime.CUBLASLT), ""
    except runtime.IngotError as error:
        return None, str(error)


TUNED = {}  # of the linear that is measured


def share_of(linear, times):
    """How much of [(kernel, time)] is the kernels' whose names have `linear` in them."""
    own = sum(time for kernel, time in times if linear in kernel)
    if not own:
        raise Wrong(f"no step is named after {linear}")
    return own / sum(time for _, time in times)


def variants(context, files, linear, dims, counted):
    """Median times of a pair of products by kernel, and by the library, which the record of the first artifact takes for
    one linear; of `linear`, a part of its kernels' names. The pair's time less `other_ms` is that linear's: what else
    there is, is the same kernels in all of them, and its time is what steps one by one say of their shares."""
    if not files.items() <= TUNED.keys():
        for model in TUNED.values():
            model.close()
        TUNED.clear()
    folder, found, others = Pack(context.pack).folder / "tune", {}, []

    def loaded(name):
        key = name, files[name]
        if key not in TUNED:
            TUNED[key] = context.ingot.load(folder / files[name])
        return TUNED[key]

    for name in files:
        found[name] = run_model(context, loaded(name), dims)["ms"] / counted
        others.append(found[name] * (1 - share_of(linear, step_times(context, loaded(name), dims))))
    model = loaded(next(iter(files)))
    session, without = library_session(model)
    if session:
        session.close()
        found["cublaslt"] = run_model(context, model, dims, runtime.AUTO)["ms"] / counted
    return {"ms": found, "other_ms": statistics.median(others), "without": without, **clocks(context)}


def host(context, file, dims):
    """Time of the host for a run with tensors on the device, above what the device takes; load, first run."""
    path = Pack(context.pack).folder / "bench" / file
    start = time.perf_counter()
    model = context.ingot.load(path)
    loaded = time.perf_counter()
    with contextlib.closing(model), contextlib.closing(OnDevice(context, model, dims)) as on_device:
        session = on_device.session
        begun = time.perf_counter()
        session.run()
        first = time.perf_counter()
        device_ms = measure(context, session.time)["ms"]
        runs, times = 5 if context.is_emulated else 200, []
        for _ in range(runs):
            before = time.perf_counter()
            session.run()
            times.append((time.perf_counter() - before) * 1e3)
    median = statistics.median(times)
    return {"load_ms": (loaded - start) * 1e3, "first_run_ms": (first - begun) * 1e3, "run_ms": median,
            "device_ms": device_ms, "host_us": (median - device_ms) * 1e3}


def copy(context, megabytes):
    """GB/s of a copy within the device's memory, bytes read and written."""
    driver, size = context.driver, megabytes << 20
    a = driver.allocate(size)
    b = driver.allocate(size)
    driver.upload(a, numpy.random.default_rng(7).integers(0, 256, size, numpy.uint8))
    stream, events = driver.stream(), (driver.event(), driver.event())

    def run(count):
        driver.record(events[0], stream)
        for _ in range(count):
            driver.copy(b, a, size, stream)
        driver.record(events[1], stream)
        return driver.milliseconds(*events) / count

    try:
        run(1)
        times = measure(context, run)
        if not (driver.download(a, 1 << 16) == driver.download(b, 1 << 16)).all():
            raise Wrong("the copy differs")
    finally:
        driver.free(a)
        driver.free(b)
    return {"gbytes_per_s": 2 * size / times["ms"] * 1e-6, "ms": times["ms"], **clocks(context)}
