"""Products with quantized weights, kernels alone: how fast linear_quant.cuh streams weights of Llama's shapes, by the
columns and units that a block takes at a time."""
from dataclasses import asdict, dataclass

import covers
from rows import Row

SHAPES = ((6144, 4096), (4096, 4096), (28672, 4096), (4096, 14336))  # columns, K
SCALES = (("QuantI8", 0, False), ("QuantI8", 128, False), ("QuantF8", 0, False), ("QuantI4", 128, False), ("QuantU4", 32, True))
SHARED = {"sm_90a": 224 << 10}  # bytes that a block may have, else:
LEAST_SHARED = 99 << 10
CACHES = 3  # times the L2 that weights are, so that they come from memory


@dataclass(frozen=True)
class Stream:
    """An instance, and the rows that it is measured at."""
    weight: str
    block: int  # rows that share a scale; 0: all
    zeros: bool
    n: int
    k: int
    tiles: int = 1  # of 16 columns a warp
    units: int = 1
    row_tiles: int = 2  # of eight
    side: int = 1  # warps along columns

    @property
    def kind(self):
        scales = f"b{self.block}" if self.block else "column"
        return f"{self.weight.removeprefix('Quant').lower()}-{scales}{'-zeros' if self.zeros else ''}"

    @property
    def name(self):
        return f"{self.kind}/{self.n}x{self.k}/{8 * self.row_tiles}x{self.columns}x{self.units}"

    @property
    def columns(self):
        return 16 * self.tiles * self.side

    @property
    def rows(self):
        return (1, 16) if self.side == 1 else (64, 512)

    @property
    def bits(self):
        return int(self.weight[-1])

    @property
    def step(self):
        """Rows of a unit."""
        return 256 // self.bits

    @property
    def blocks(self):
        """Scales of a unit's column."""
        return self.step // self.block if self.block and self.block < self.step else 1

    @property
    def sizes(self):
        """Bytes of weights, scales and zero points, as QuantFormat has them."""
        tiles, steps = -(-self.n // 16), -(-self.k // self.step)
        records = steps if self.blocks > 1 else -(-self.k // self.block) if self.block else 1
        a_word = 32 // (2 * self.bits * self.blocks)
        return [tiles * steps * 512, tiles * records * self.blocks * 64, tiles * -(-records // a_word) * 32 if self.zeros else 0]

    def fits(self, target):
        """Whether a ring has two stages, as QuantConfig counts them."""
        depth, parts = self.step * self.units, 8 // self.side
        records = self.units if self.blocks > 1 else max(1, depth // self.block) if self.block else 1
        of_record = (8 * self.blocks if self.block else 0) + (4 if self.zeros else 0)
        stage = self.tiles * 256 * (16 * self.units + records * of_record) + parts * depth // 32 * self.row_tiles * 512
        sums = parts * 8 * self.row_tiles * self.columns * 4
        return 2 * stage + sums <= SHARED.get(target, LEAST_SHARED)

    def flops(self, rows):
        return 2 * rows * self.n * self.k

    def bytes(self, rows):
        return sum(self.sizes) + 2 * rows * (self.n + self.k)

    def stub(self, target):
        launch = "  grid_launch_next();\n" if target.startswith("sm_9") else ""
        return (f'#include "linear_quant.cuh"\n'
                f"using Format = QuantFormat<{self.weight}, float, {int(self.zeros)}, {self.k}, {self.block}>;\n"
                f"using Config = QuantConfig<bf16, Format, {self.tiles}, {self.units}, {self.row_tiles}, {8 // self.side}, "
                f"{self.side}, {SHARED.get(target, LEAST_SHARED)}>;\n"
                f"using Epilogue = LinearEpilogue<bf16, 1, Identity, false, false>;\n"
                f"KERNEL(256, 1) stream(const bf16 *a, const u8 *w, const float *scales, const u32 *zeros, bf16 *out, int m) {{\n"
                f"{launch}  linear_quant<Config>({{a, {self.k}, w, scales, zeros, m, {self.n}}}, "
                f"Epilogue{{out, {self.n}, nullptr, nullptr, 0}});\n}}\nEXPORT_KERNEL(stream)\n")


def streams(tiny):
    if tiny:
        return [Stream("QuantU4", 32, True, 64, 256), Stream("QuantI8", 0, False, 80, 256, row_tiles=8, side=4)]
    found = []
    for weight, block, zeros in SCALES:
        for n, k in SHAPES:
            found += [Stream(weight, block, zeros, n, k, tiles, units) for tiles, units in ((1, 1), (2, 1), (2, 2), (4, 1))]
            found.append(Stream(weight, block, zeros, n, k, row_tiles=8, side=8))
    return found


def packed(target, tiny):
    """What a pack has of each: as of a kernel instance."""
    for stream in streams(tiny):
        if not stream.fits(target):
            continue
        text = stream.stub(target)
        yield text, {"stream": asdict(stream), "stub": covers.content_hash(text), "covers": covers.of_stub(text), "archs": []}


def code():
    return covers.of_headers(["linear_quant.cuh"])


def rows(worker, pack):
    changed = code()
    for entry in pack.manifest["streams"]:
        stream = Stream(**entry["stream"])
        for count in stream.rows:
            def run(entry=entry, stream=stream, count=count):
                if failure := entry.get("failure"):
                    raise RuntimeError(failure)
                value = worker.ask("streams", "time", seconds=60, entry=entry, rows=count, target=pack.manifest["target"])
                return {**value, "flops": stream.flops(count), "bytes": stream.bytes(count)}
            yield Row(f"stream/{stream.name}/{count}", changed, run, seconds=1)


# In the worker ---------------------------------------------------------------


def time(context, entry, rows, target):
    """Milliseconds of one product, in a graph of products with weights that are not in the cache."""
    import numpy

    import driver as cuda
    from packs import Pack
    from timing import clocks, measure

    stream, driver = Stream(**entry["stream"]), context.driver
    cache = 0 if context.is_emulated else driver.attribute(cuda.DEVICE_L2)
    repeats = max(2, -(-CACHES * cache // sum(stream.sizes)))
    random = numpy.random.default_rng(7)
    noise = random.integers(0, 256, 1 << 20, numpy.uint8)
    scales = random.uniform(0.01, 0.02, 1 << 16).astype(numpy.float32).view(numpy.uint8)
    pointers = []

    def filled(size, values):
        pointers.append(driver.allocate(max(size, 1)))
        if size:
            driver.upload(pointers[-1], numpy.resize(values, size))
        return pointers[-1]

    module = driver.load(Pack(context.pack).image(entry["stub"], entry["archs"], context))
    graph = executable = None
    try:
        weights, scale, zero = (filled(repeats * size, values) for size, values in zip(stream.sizes, (noise, scales, noise)))
        ones = numpy.full(rows * stream.k, 0x3f80, numpy.uint16).view(numpy.uint8)
        a, out = filled(ones.nbytes, ones), filled(2 * rows * stream.n, noise)
        shared = SHARED.get(target, LEAST_SHARED)
        function = driver.function(module, "stream", shared)
        tasks = -(-rows // (8 * stream.row_tiles)) * -(-stream.n // stream.columns)
        grid = (min(tasks, driver.attribute(cuda.DEVICE_SMS)), 1, 1)
        queue, events = driver.stream(), (driver.event(), driver.event())

        def launch(i):
            values = [a, *(start + i * size for start, size in zip((weights, scale, zero), stream.sizes)), out]
            driver.launch(function, grid, 256, shared, [*(value.to_bytes(8, "little") for value in values),
                                                        rows.to_bytes(4, "little")], queue)

        launch(0)
        driver.synchronize()
        graph, executable = driver.captured(queue, lambda: [launch(i) for i in range(repeats)])

        def run(count):
            driver.record(events[0], queue)
            for _ in range(count):
                driver.launch_graph(executable, queue)
            driver.record(events[1], queue)
            return driver.milliseconds(*events) / count / repeats

        run(1)
        times = measure(context, run)
        return {"ms": times["ms"], "spread": round(times["max_ms"] / times["min_ms"] - 1, 3), "repeats": repeats,
                **clocks(context)}
    finally:
        if executable:
            driver.destroy_graph(graph, executable)
        for pointer in pointers:
            driver.free(pointer)
        driver.unload(module)
