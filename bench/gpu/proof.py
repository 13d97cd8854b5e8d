"""The proof: rows of kernels, models and of what a product relies on, each judged by what is stored in the pack."""
import covers
import shapes
from rows import Row, Skip

# What a product relies on, beyond numbers.
RUNTIME = ["cublaslt.cpp", "cuda_device.cpp", "cuda_driver.cpp", "cuda_graph.cpp", "cuda_model.cpp", "cuda_run.cpp", "cuda_session.cpp", "cuda_tensor_map.cpp",
           "cuda_weights.cpp", "session.cpp"]


def code():
    return covers.of_files(*(covers.ROOT / "runtime" / file for file in RUNTIME))


def kernel_rows(pack, worker):
    for instance in pack.instances:
        def run(instance=instance):
            if instance.failure:
                raise RuntimeError(instance.failure)
            return worker.ask("checks", "kernel", stub=instance.stub, archs=instance.archs, launches=instance.launches)
        yield Row(f"kernel/{instance.id}", instance.covers, run, seconds=0.5)
    yield from pack.left_rows("kernel")


def model_rows(pack, worker):
    for model in pack.models:
        name, precision = model["name"], model["precision"]

        def run(name=name, precision=precision, carried=model["carried"]):
            if not carried:
                raise Skip("not in a tiny pack")
            return worker.ask("checks", "model", seconds=300, name=name, precision=precision)
        yield Row(f"model/{name}/{precision}", model["covers"], run, seconds=2)
        if name == shapes.EVERY_PRECISION:
            def by_library(precision=precision, carried=model["carried"]):
                if not carried:
                    raise Skip("not in a tiny pack")
                return worker.ask("checks", "model_by_library", seconds=300, name=shapes.EVERY_PRECISION, precision=precision)
            yield Row(f"cublaslt/{precision}", covers.content_hash(model["covers"], code()), by_library, seconds=2)


def behaviour_rows(pack, worker):
    name, precision = shapes.TINY_MODEL
    others = [(f"other.{arch}.ingot", arch) for arch in pack.manifest["others"]]
    checks = {
        "shapes": dict(name=name, precision=precision),
        "concurrent": dict(name=name, precision=precision, sessions=4),
        "out_of_memory": dict(name=name, precision=precision, symbol="batch", others={"sequence": 64}),
        "bad_index": dict(name=name, precision=precision, tensor="input_ids"),
        "wrong_architecture": dict(files=others),
    }
    for check, arguments in checks.items():
        def run(check=check, arguments=arguments):
            if not pack.models:
                raise Skip("the pack has no models: it was made without NVRTC")
            return worker.ask("checks", check, seconds=300, **arguments)
        yield Row(f"behaviour/{check.replace('_', '-')}", code(), run, seconds=5)


def rows(pack, worker):
    # Small and telling first, in case that time runs out.
    yield from behaviour_rows(pack, worker)
    yield from kernel_rows(pack, worker)
    yield from model_rows(pack, worker)


def run(part, pack, make_worker):
    worker = make_worker()
    worker.left = part.left
    try:
        part.run(rows(pack, worker))
    finally:
        worker.close()
