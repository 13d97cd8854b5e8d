"""What a worker does for the proof: kernels and models against what is stored, and what a product relies on."""
import functools
import threading

import numpy

import cases
import runtime
from packs import Pack
from rows import Skip, Wrong

REPEATS = 3
# Of each output's largest magnitude, and beside that; see test/e2e/check.sh.
STEPS = {numpy.float16: 2**-10}  # of an output's type, which either neighbour rounds to
TOLERANCES = {"f32": (1e-4, 1e-7), "bf16": (3e-2, 1e-3), "f16": (3e-3, 1e-4), "tf32": (3e-3, 1e-4)}
# Of models that round values between layers to 8 bits: one near the middle between two goes to the other in 16 bits.
ROUNDED_TOLERANCE = 0.15


@functools.cache
def pack_of(folder):
    return Pack(folder)


def kernel(context, stub, archs, launches):
    """Each launch REPEATS times: the emulator's results, and the same bits each time."""
    pack = pack_of(context.pack)
    if not archs and not context.is_emulated:
        raise Skip("the pack has no image of it")
    instance = cases.Instance(context.driver, pack.stub(stub), pack.image(stub, archs, context))
    outputs, wrong = {}, []
    try:
        for name in launches:
            launch = cases.read_launch(pack.folder / "kernels" / f"{stub}-{name}.launch")
            results = instance.run(launch)
            of_launch, reasons = instance.compare(launch, results)
            for _ in range(REPEATS - 1):
                if any((a != b).any() for a, b in zip(instance.run(launch), results)):
                    reasons.append("not the same bits again")
            wrong += [f"launch {name}: {reason}" for reason in reasons]
            for output, far in of_launch.items():
                outputs[output] = max(outputs.get(output, 0.0), far["relative"])
    finally:
        instance.close()
    value = {"launches": len(launches), "outputs": outputs, "largest": max(outputs.values(), default=0.0)}
    if wrong:
        raise Wrong("; ".join(wrong[:4]), value)
    return value


def watched(context, stub, archs, launches):
    """One launch of a kernel for a tool that watches the process."""
    pack = pack_of(context.pack)
    instance = cases.Instance(context.driver, pack.stub(stub), pack.image(stub, archs, context))
    launch = cases.read_launch(pack.folder / "kernels" / f"{stub}-{launches[0]}.launch")
    instance.run(launch, poison=False)
    instance.close()
    return {"launches": 1}


def read_sets(context, name):
    """[(inputs, outputs)] of a model."""
    sets = {}
    with numpy.load(pack_of(context.pack).folder / "models" / f"{name}.npz") as stored:
        for key in stored.files:
            number, side, tensor = key.split("/", 2)
            sets.setdefault(number, ({}, {}))[side == "out"][tensor] = stored[key]
    return [sets[number] for number in sorted(sets)]


@functools.lru_cache(4)
def load(context, name, precision):
    return context.ingot.load(pack_of(context.pack).folder / "models" / f"{name}.{precision}.ingot")


def emulate(context, name, precision):
    """Stores what a model computes on this device, the emulated one."""
    session, stored = load(context, name, precision).session(), {}
    for number, (inputs, _) in enumerate(read_sets(context, name)):
        for output, value in run_set(session, inputs).items():
            stored[f"{number}/{output}"] = value
    session.close()
    numpy.savez(emulated_file(context, name, precision), **stored)
    return {"outputs": len(stored)}


def emulated_file(context, name, precision):
    return pack_of(context.pack).folder / "models" / f"{name}.{precision}.npz"


def run_set(session, inputs):
    session.set(inputs)
    session.run()
    return session.outputs()


def equal(a, b):
    return all(a[name].tobytes() == b[name].tobytes() for name in a)


def model_by_library(context, name, precision):
    try:
        session = load(context, name, precision).session(gemm=runtime.CUBLASLT)
    except runtime.IngotError as error:
        raise Skip(str(error)) from error
    return compare(context, name, precision, session)


def model(context, name, precision):
    return compare(context, name, precision, load(context, name, precision).session())


def compare(context, name, precision, session):
    """Each stored set: the framework's and the emulator's outputs within the precision's tolerance, the same bits each
    time."""
    rtol, atol = TOLERANCES[precision]
    if name.endswith(("-qdq", "int8dyn")) and precision in ("bf16", "f16"):
        rtol = ROUNDED_TOLERANCE
    largest, wrong = {"framework": {}, "emulator": {}}, []
    emulated, path = {}, emulated_file(context, name, precision)
    if path.exists():  # else the emulator took too long
        with numpy.load(path) as stored:
            emulated = dict(stored)
    for number, (inputs, expected) in enumerate(read_sets(context, name)):
        outputs = run_set(session, inputs)
        of_emulator = {output: emulated[f"{number}/{output}"] for output in expected if emulated}
        for whose, output, want in [("framework", *entry) for entry in expected.items()] + [
                ("emulator", *entry) for entry in of_emulator.items()]:
            got = outputs[output]
            if got.shape != want.shape or got.dtype != want.dtype:
                wrong.append(f"set {number}: {output} is {got.dtype} {got.shape}, the {whose}'s {want.dtype} {want.shape}")
                continue
            kind = want.dtype.type
            absolute, relative, reason = cases.difference(cases.reals(got.ravel(), kind), cases.reals(want.ravel(), kind),
                                                          kind)
            scale = absolute / relative if relative else 0
            step = STEPS.get(kind, 0)
            if not reason and absolute > atol + (rtol + step) * scale:
                reason = f"differs by {relative:.3g} of the largest magnitude"
            if reason:
                wrong.append(f"set {number}: {output}: {reason} ({whose})")
            largest[whose][output] = max(largest[whose].get(output, 0.0), relative)
        if not all(equal(outputs, run_set(session, inputs)) for _ in range(REPEATS - 1)):
            wrong.append(f"set {number}: not the same bits again")
    session.close()
    value = {"outputs": largest, **{whose: max(of.values()) for whose, of in largest.items() if of}}
    if wrong:
        raise Wrong("; ".join(wrong[:4]), value)
    return value


def shapes(context, name, precision):
    """One session, one shape after the other and back: the graph is changed in place, the results stay."""
    of, sets = load(context, name, precision), read_sets(context, name)
    first = []
    for inputs, _ in sets:
        session = of.session()
        first.append(run_set(session, inputs))
        session.close()
    session, runs = of.session(), 0
    for _ in range(REPEATS):
        for (inputs, _), expected in zip(sets, first):
            runs += 1
            if not equal(expected, run_set(session, inputs)):
                raise Wrong(f"run {runs} of one session is not what a fresh session computes")
    session.close()
    return {"shapes": len({tuple(a.shape for a in inputs.values()) for inputs, _ in sets}), "runs": runs}


def concurrent(context, name, precision, sessions):
    """Sessions of one model on threads of their own, at the same time: what one alone computes."""
    of, sets = load(context, name, precision), read_sets(context, name)
    alone = [run_set(of.session(), inputs) for inputs, _ in sets]
    wrong, runs = [], 4 if context.is_emulated else 50

    def serve(number):
        try:
            session = of.session()
            for i in range(runs):
                which = (number + i) % len(sets)
                if not equal(alone[which], run_set(session, sets[which][0])):
                    wrong.append(f"session {number}, run {i}: other bits than alone")
        except runtime.IngotError as error:
            wrong.append(f"session {number}: {error}")

    threads = [threading.Thread(target=serve, args=(number,)) for number in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise Wrong("; ".join(wrong[:4]))
    return {"sessions": sessions, "runs": sessions * runs}


def out_of_memory(context, name, precision, symbol, others):
    """More than the GPU has is an error that says so, and the session goes on."""
    of = load(context, name, precision)
    session, batch = of.session(), 1 << 10
    total = context.ingot.info.memory_bytes
    while of.memory(**{symbol: batch}, **others).arena <= total:
        batch *= 2
    try:
        session.reserve(**{symbol: batch}, **others)
    except runtime.IngotError as error:
        if error.code != runtime.OUT_OF_MEMORY:
            raise
        message = str(error)
    else:
        raise Wrong(f"{of.memory(**{symbol: batch}, **others).arena} bytes were reserved, of {total}")
    inputs, expected = read_sets(context, name)[0]
    outputs = run_set(session, inputs)
    again = run_set(of.session(), inputs)
    if not equal(outputs, again) or outputs.keys() != expected.keys():
        raise Wrong("after the error the session computes something else")
    return {"message": message}


def wrong_architecture(context, files):
    """Code for other GPUs is refused by name."""
    messages = {}
    for name, arch in files:
        try:
            context.ingot.load(pack_of(context.pack).folder / "models" / name)
        except runtime.IngotError as error:
            if error.code != runtime.NO_CODE:
                raise
            messages[arch] = str(error)
    if not messages:
        raise Wrong(f"code for each of {', '.join(arch for _, arch in files)} was loaded")
    return {"message": next(iter(messages.values()))}


def bad_index(context, name, precision, tensor):
    """A token id beyond the table is an error that names step and value; the next run is right."""
    inputs, _ = read_sets(context, name)[0]
    session = load(context, name, precision).session()
    expected = run_set(session, inputs)
    bad = inputs[tensor].copy()
    bad.flat[0] = 1 << 40
    try:
        run_set(session, {**inputs, tensor: bad})
    except runtime.IngotError as error:
        message = str(error)
    else:
        raise Wrong("an id of 2**40 was taken")
    if str(1 << 40) not in message:
        raise Wrong(f"the error names no value: {message}")
    if not equal(expected, run_set(session, inputs)):
        raise Wrong("the run after the error gives something else")
    return {"message": message}


def describe(context):
    """The device, for the report's head."""
    info, driver = context.ingot.info, context.driver
    return {"name": info.description.decode(), "architecture": info.architecture.decode(),
            "driver": info.driver_version, "multiprocessors": info.multiprocessors,
            "memory_bytes": info.memory_bytes, "l2_bytes": driver.attribute(38), "ingot": context.runtime.version}
