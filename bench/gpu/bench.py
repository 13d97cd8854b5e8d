"""The times: what the chip can do at most, then products, attention and models, each beside that."""
import covers
import shapes
import streams
from rows import Row

COPY_MEGABYTES = {True: 1, False: 2048}  # tiny, else
# Of a product that fills the chip; smaller where a product takes longer.
PEAK_SIZE = {"bf16": 8192, "f16": 8192, "tf32": 8192, "f32": 4096, "f8": 8192}
PRECISIONS = (*shapes.PRECISIONS, "f8")
UNCHANGING = "1"  # covers what is no code of ours
HOST_SHAPE = {"batch": 1, "sequence": 128}


def code():
    """All of what makes an artifact's speed: any change of kernels or passes makes times old."""
    folders = ("codegen/cuda", "codegen/cuda/kernels", "passes", "passes/lower", "runtime")
    return covers.of_files(*(path for folder in folders for path in (covers.ROOT / folder).iterdir()
                             if path.suffix in (".cpp", ".h", ".cuh")))


def ceiling_rows(worker, tiny):
    def copy():
        return worker.ask("timing", "copy", megabytes=COPY_MEGABYTES[tiny])
    yield Row("ceiling/copy", UNCHANGING, copy, seconds=5)
    for precision in PRECISIONS:
        def peak(precision=precision):
            return worker.ask("library", "peak", precision=precision,
                              size=64 if tiny else PEAK_SIZE[precision])
        yield Row(f"ceiling/product/{precision}", UNCHANGING, peak, seconds=10)


def point_rows(worker, pack):
    changed = code()
    for point in shapes.points():
        what = shapes.BENCHED[point.name].tiny() if pack.manifest["tiny"] else shapes.BENCHED[point.name]
        file = f"{point.name}.{point.precision}"
        short = f"{file}.short.ingot" if isinstance(what, shapes.Attention) else None

        def run(file=file, short=short, point=point, what=what):
            value = worker.ask("timing", "point", seconds=60, file=f"{file}.ingot", dims=dict(point.dims),
                               counted=what.counted, short=short)
            return {**value, "flops": what.flops(*point.arguments),
                    "bytes": what.bytes(*point.arguments, shapes.WIDTHS[point.precision])}
        yield Row(f"time/{point.id}", changed, run, seconds=4, tiny=point.tiny)


def stepped_points():
    return [point for point in shapes.points() if point.name in shapes.MODELS and point.precision == "bf16"]


def step_rows(worker):
    changed = code()
    for point in stepped_points():
        def run(point=point):
            return worker.ask("timing", "steps", seconds=60, file=f"{point.name}.bf16.ingot", dims=dict(point.dims))
        yield Row(f"steps/{point.id}", changed, run, seconds=4, tiny=point.tiny)


def host_rows(worker):
    changed = code()
    for name in shapes.MODELS:
        def run(name=name):
            return worker.ask("timing", "host", seconds=60, file=f"{name}.bf16.ingot", dims=HOST_SHAPE)
        yield Row(f"host/{name}", changed, run, seconds=5, tiny=name in shapes.TINY_BENCHED)


def run(part, pack, make_worker):
    worker = make_worker()
    worker.left = part.left
    try:
        part.run(ceiling_rows(worker, part.tiny))
        part.run(host_rows(worker))
        part.run(point_rows(worker, pack))
        part.run(streams.rows(worker, pack))
        part.run(step_rows(worker))
    finally:
        worker.close()
