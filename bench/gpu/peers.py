"""What others do with the same shapes. Kept by version and device: rows of a peer that is the same are not repeated."""
import importlib.metadata

import bench
import covers
import shapes
from rows import Row
from times import OURS

SDPA = {"sdpa-flash": "FLASH_ATTENTION", "sdpa-cudnn": "CUDNN_ATTENTION", "sdpa-efficient": "EFFICIENT_ATTENTION"}
TUNED = {"bert-base": (8, 128), "gpt2": (8, 128), "vit-base": (8, 128)}  # one shape each: it takes minutes


def of_point(point, worker, is_tiny):
    """{peer: (function, seconds to expect)}"""
    what = shapes.BENCHED[point.name].tiny() if is_tiny else shapes.BENCHED[point.name]
    name, precision = point.name, point.precision

    def by_library():
        return worker.ask("timing", "by_library", seconds=60, file=f"{name}.{precision}.ingot", dims=dict(point.dims),
                          counted=what.counted)
    if isinstance(what, shapes.Pair):
        rows, = point.arguments
        return {
            OURS: (by_library, 4),
            "cublaslt": (lambda: worker.ask("library", "pair", rows=rows, inner=what.inner, middle=what.middle,
                                            kept=what.kept, precision=precision, weights=what.repeats), 5),
            "torch": (lambda: worker.ask("torch_peers", "product", name=name, rows=rows, precision=precision), 3)}
    if isinstance(what, shapes.Attention) and what.page:
        return {}  # beside the same attention over keys in order
    if isinstance(what, shapes.Attention):
        batch, queries, keys = point.arguments
        return {peer: (lambda backend=backend: worker.ask("torch_peers", "sdpa", name=name, backend=backend, batch=batch,
                                                          queries=queries, keys=keys, precision=precision), 3)
                for peer, backend in SDPA.items()}
    batch, sequence = point.arguments

    def model(way, seconds):
        return lambda: worker.ask("torch_peers", "model", seconds=seconds, name=name, batch=batch, sequence=sequence,
                                  precision=precision, way=way)
    ways = {OURS: (by_library, 4), "torch-eager": (model("eager", 60), 5), "torch-compile": (model("compiled", 180), 45)}
    if precision == "bf16" and TUNED[name] == point.arguments:
        ways["torch-max-autotune"] = (model("tuned", 400), 150)
    return ways


def versions():
    """Of the packages that peers are in, without importing them."""
    for package in ("torch", "nvidia-cublas", "nvidia-cudnn-cu13"):
        try:
            yield f"{package} {importlib.metadata.version(package)}"
        except importlib.metadata.PackageNotFoundError:
            continue


def rows(worker, is_tiny):
    here = covers.ROOT / "bench" / "gpu"
    code = covers.content_hash(covers.of_files(here / "library.py", here / "torch_peers.py"), *versions())
    late = []
    for point in shapes.points():
        for peer, (run, seconds) in of_point(point, worker, is_tiny).items():
            changed = bench.code() if peer == OURS else ""
            row = Row(f"peer/{peer}/{point.id}", code + changed, run, seconds=seconds, tiny=point.tiny)
            if seconds < 20:
                yield row
            else:
                late.append(row)
    yield from late  # what compiles for minutes comes last


def run(part, pack, make_worker):
    worker = make_worker()
    worker.left = part.left
    try:
        part.run(rows(worker, pack.manifest["tiny"]))
    finally:
        worker.close()


def tables(rows_, every):
    yield "\n## Peers\n"
    yield "Their times stand beside ours above; settings:\n"
    yield "| peer | measured | settings | version |"
    yield "| --- | --- | --- | --- |"
    groups = {}
    for row in rows_:
        groups.setdefault(row["id"].split("/")[1], []).append(row)
    for peer, members in groups.items():
        good = [row["value"] for row in members if row["status"] == "ok"]
        reasons = sorted({row["reason"][:120] for row in members if row["status"] not in ("ok",)})
        said = "; ".join(sorted({value["settings"] for value in good})) or "; ".join(reasons[:2])
        versions = ", ".join(sorted({str(value["version"]) for value in good}))
        yield f"| {peer} | {len(good)} of {len(members)} | {said} | {versions} |".replace("\n", " ")
