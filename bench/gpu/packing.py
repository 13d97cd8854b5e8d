"""Makes the pack of bench/gpu/run.sh: one file, built where there is no GPU, for a machine that need not build.

    bench/gpu/pack [--target sm_90a] [--tiny] [--all] [-o build/gpu-pack.tar.xz]

Runs the kernel tests on the emulated driver and keeps what they launch, with images for the target; compiles the
models of test/models and of the benchmarks (those without weights, see --weights=seeded); copies the runtime.
"""
import argparse
import concurrent.futures
import functools
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import numpy

import cases
import covers
import graphs
import nvrtc
import shapes
import streams
import tuned
from packs import emulated_device
from rows import content_hash
from worker import TooLong, Worker

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
NEWEST_GLIBC = (2, 34)
SYSTEM_LIBRARIES = {"libc.so.6", "libpthread.so.0", "libdl.so.2", "libm.so.6", "ld-linux-x86-64.so.2"}
# Programs whose launches are kept, and the tests of each: not those that break kernels on purpose.
RECORDED = {"kernels-test": "-*Mutation*", "cuda-kernel-test": "-*Mutation*",
            "emulator-test": "FragmentTest.*:NumbersTest.*"}
TINY_TESTS = ("GemmTest.Tf32", "CudaLinear.RowsThatAreANumber", "CudaRows.Softmax", "FragmentTest.")
MOST_LAUNCHES, MOST_BYTES = 2, 64 << 10  # carried of an instance; at least one is
MOST_SECONDS = 150  # of a model on the emulated driver


def say(text):
    print(f"pack: {text}", file=sys.stderr, flush=True)


def fail(text):
    sys.exit(f"pack: {text}")


class Packing:
    def __init__(self, options):
        self.options = options
        self.bin = options.build / "bin"
        self.folder = Path(str(options.output).removesuffix(".tar.xz"))
        shutil.rmtree(self.folder, ignore_errors=True)
        for part in ("lib", "kernels", "models", "bench", "tune"):
            (self.folder / part).mkdir(parents=True)
        self.work = options.build / ("gpu-pack-tiny" if options.tiny else "gpu-pack-work")
        self.work.mkdir(exist_ok=True)
        self.environment = os.environ | {"INGOT_CACHE": str(options.build / "kernel-cache")}
        self.has_nvrtc = True
        os.environ.update(INGOT_EMULATOR_LIBRARY=str(options.build / "lib" / "libingot_emulator.so"),
                          INGOT_EMULATOR=emulated_device(options.target))
        self.of_thread, self.workers = threading.local(), []
        self.left = []  # tests that a tiny pack is without

    def run(self, *command, **environment):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              env=self.environment | environment)
        return done.returncode, done.stdout + done.stderr

    # The runtime ---------------------------------------------------------------

    def copy_runtime(self):
        target = self.folder / "lib" / "libingot_runtime.so"
        subprocess.run(["strip", "-o", target, self.options.build / "lib" / "libingot_runtime.so"], check=True)
        check_binary(target)

    # Kernels -------------------------------------------------------------------

    def tests(self):
        """(program, test) of all that are recorded."""
        for program, chosen in RECORDED.items():
            code, listing = self.run(self.bin / program, "--gtest_list_tests", f"--gtest_filter={chosen}")
            if code:
                fail(f"{program} lists no tests: {listing}")
            suite = ""
            for line in listing.splitlines():
                name = line.split("#")[0].rstrip()
                if name.endswith(".") and not name.startswith(" "):
                    suite = name
                elif name.startswith("  ") and suite:
                    test = suite + name.strip()
                    if test.startswith("Rest/") and not self.options.all:
                        continue
                    if not self.options.tiny or any(part in test for part in TINY_TESTS):
                        yield program, test
                    else:
                        self.left.append(test)

    @functools.cache
    def programs(self, program):
        """Hash of what a recording comes from."""
        return content_hash(*((self.options.build / file).read_bytes()
                              for file in (f"bin/{program}", "lib/libingot_emulator.so")))

    def record(self, job):
        program, test = job
        folder = self.work / "launches" / re.sub(r"\W", "_", test)
        mark, programs = folder / "programs", self.programs(program)
        if mark.exists() and mark.read_text() == programs:
            return test, folder  # by an earlier call
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        code, text = self.run(self.bin / program, f"--gtest_filter={test}", INGOT_EMULATOR=f"arch 90; launches {folder}")
        if code:
            fail(f"{test} fails on the emulated driver:\n{text[-2000:]}")
        mark.write_text(programs)
        return test, folder

    def kernels(self):
        jobs = list(self.tests())
        say(f"recording {len(jobs)} tests")
        found = {}
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            for test, folder in pool.map(self.record, jobs):
                for stub in sorted(folder.glob("*.stub")):
                    entry = found.setdefault(stub.stem, {"test": test, "text": stub.read_text(), "launches": {}})
                    for launch in folder.glob(f"{stub.stem}-*.launch"):
                        entry["launches"].setdefault(launch.stem.split("-")[1], launch)
        return [self.keep(stub, entry) for stub, entry in sorted(found.items())]

    def keep(self, stub, entry):
        (self.folder / "kernels" / f"{stub}.stub").write_text(entry["text"])
        chosen = choose(entry["launches"])
        for name in chosen:
            shutil.copy(entry["launches"][name], self.folder / "kernels" / f"{stub}-{name}.launch")
        return {"stub": stub, "covers": covers.of_stub(entry["text"]), "family": covers.family_of(entry["text"]),
                "name": cases.template_of(entry["text"]),
                "test": entry["test"], "launches": chosen, "recorded": len(entry["launches"]), "archs": []}

    def images(self, kernels):
        """Machine code for the target; PTX beside that of sm_80, as in artifacts."""
        try:
            library = nvrtc.library()
        except nvrtc.NoNvrtc as error:
            self.has_nvrtc = False
            if not self.options.tiny:
                fail(str(error))
            say(f"{error}: the pack is for the emulated device alone")
            return
        texts, cache = nvrtc.headers(), self.options.build / "gpu-images"
        cache.mkdir(exist_ok=True)
        target = self.options.target
        archs = [target, "compute_80"] if target == "sm_80" else [target]
        options = content_hash(Path(nvrtc.__file__).read_bytes())

        def make(job):
            kernel, arch = job
            text = (self.folder / "kernels" / f"{kernel['stub']}.stub").read_text()
            cached = cache / f"{content_hash(kernel['covers'], arch, options)}"
            if not cached.exists():
                try:
                    image = nvrtc.compile_stub(library, text, arch, texts)
                except ValueError as error:
                    return kernel, arch, str(error)
                partial = cached.with_suffix(f".{os.getpid()}")
                partial.write_bytes(image)
                partial.replace(cached)
            shutil.copy(cached, self.folder / "kernels" / f"{kernel['stub']}.{arch}")
            return kernel, arch, ""

        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            for kernel, arch, error in pool.map(make, [(kernel, arch) for kernel in kernels for arch in archs]):
                if error:
                    kernel["failure"] = f"NVRTC for {arch}: {error[:400]}"
                else:
                    kernel["archs"].append(arch)

    # Models --------------------------------------------------------------------

    def compile(self, source, target, output, precision="f32", *more, folder="models"):
        code, text = self.run(self.bin / "ingot", "compile", source, f"--target={target}",
                              f"--precision={target}:{'bf16' if precision == 'f8' else precision}", "--jobs=1", *more,
                              "-o", self.folder / folder / output)
        if code:
            fail(f"ingot compile {source}:\n{text}")

    def emulated(self):
        """A worker for each thread that asks."""
        if not hasattr(self.of_thread, "worker"):
            self.of_thread.worker = Worker("emulated", self.folder, None)
            self.workers.append(self.of_thread.worker)
        return self.of_thread.worker

    def emulate(self, name, precision):
        """What the emulator computes, once for the same artifact."""
        made = self.folder / "models" / f"{name}.{precision}.npz"
        key = content_hash((self.folder / "models" / f"{name}.{precision}.ingot").read_bytes(), self.options.target,
                           (self.options.build / "lib/libingot_emulator.so").read_bytes())
        known = self.work / "emulated" / f"{key}.npz"
        if not known.exists():
            try:
                self.emulated().ask("checks", "emulate", seconds=MOST_SECONDS, name=name, precision=precision)
            except TooLong:
                say(f"{name} in {precision} takes more than {MOST_SECONDS} s on the emulated driver: the framework's outputs alone")
                return
            except RuntimeError as error:
                fail(f"{name} in {precision} on the emulated driver: {error}")
            known.parent.mkdir(exist_ok=True)
            partial = known.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
            shutil.copy(made, partial)
            partial.replace(known)
        shutil.copyfile(known, made)

    def all(self, do, jobs):
        """do(*job) of each, as many at a time as there are CPUs."""
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            try:
                for _ in pool.map(lambda job: do(*job), jobs):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def models(self):
        if not self.has_nvrtc:
            return []
        made, folder = [], ROOT / "test" / "models"
        names = [line.split("\t")[0] for line in (folder / "list.txt").read_text().splitlines()
                 if line and not line.startswith("#")]
        precisions = {name: ("f32", "bf16", "f16", "tf32") if name == shapes.EVERY_PRECISION else ("f32", "bf16")
                      for name in names}
        say("compiling models")
        for name, wanted in precisions.items():
            for precision in wanted:
                carried = not self.options.tiny or (name, precision) == shapes.TINY_MODEL
                made.append({"name": name, "precision": precision, "carried": carried,
                             "covers": covers.of_model(folder / name / "model.onnx")})
        carried = [(model["name"], model["precision"]) for model in made if model["carried"]]
        for name in dict.fromkeys(name for name, _ in carried):
            store_sets(folder / name, self.folder / "models" / f"{name}.npz")

        def make(name, precision):
            self.compile(folder / name / "model.onnx", self.options.target, f"{name}.{precision}.ingot", precision)
            self.emulate(name, precision)
        self.all(make, carried)
        small = graphs.write_products(self.work / "other.onnx", shapes.Pair(64, 96, 80, 1))
        for arch in ("sm_89", "sm_90"):
            self.compile(small, arch, f"other.{arch}.ingot", "f32", "--weights=seeded")
        return made

    def benchmarks(self):
        if not self.has_nvrtc:
            return
        folder = self.work / "graphs"
        say(f"compiling {len(shapes.BENCHED)} benchmarks")
        self.all(self.compile_seeded, [
            (path, f"{name}.{precision}{suffix}.ingot", precision, "bench")
            for name in shapes.BENCHED for precision in shapes.precisions(name)
            for path, suffix in graphs.write(folder, name, precision, self.options.tiny)])

    def compile_seeded(self, path, output, precision, folder, *more):
        self.compile(path, self.options.target, output, precision, "--weights=seeded", *more, folder=folder)

    def tuned(self):
        """Of each linear that a tuning record has, an artifact by kernel."""
        if not self.has_nvrtc:
            return
        target, tiny = self.options.target, self.options.tiny
        folder, jobs = self.work / "graphs", []
        linears = [linear for linear in tuned.linears() if linear.is_tiny or not tiny]
        say(f"compiling {len(linears)} linears by kernel")
        for linear in linears:
            path = graphs.write_tuned(folder, linear.pair, tiny)
            for variant in tuned.variants(target, linear.precision):
                record = self.work / f"forced.{linear.file(variant)}.json"
                record.write_text(json.dumps(tuned.forced(target, linear, variant, tiny)))
                jobs.append((path, linear.file(variant), linear.precision, "tune", f"--tuning={record}"))
        self.all(self.compile_seeded, jobs)

    def streams(self):
        """Kernels that are measured alone."""
        entries = []
        for text, entry in streams.packed(self.options.target, self.options.tiny):
            (self.folder / "kernels" / f"{entry['stub']}.stub").write_text(text)
            entries.append(entry)
        self.images(entries)
        return entries

    def write(self, kernels, streams, models):
        manifest = {"target": self.options.target, "tiny": self.options.tiny, "commit": commit(), "kernels": kernels, "streams": streams,
                    "left": self.left,
                    "families": {family: covers.of_family(family) for family in covers.families()},
                    "models": models, "others": ["sm_89", "sm_90"] if models else []}
        (self.folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
        # The same code is in many files, and the same inputs in launches, which are together where those of a size are.
        def near(path):
            return path.parent, path.suffix, path.stat().st_size if path.suffix == ".launch" else 0, path

        filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 64 * MIB}]
        with lzma.open(self.options.output, "w", filters=filters) as file, tarfile.open(fileobj=file, mode="w") as tar:
            for path in sorted(self.folder.rglob("*"), key=near):
                if path.is_file():
                    tar.add(path, Path("pack") / path.relative_to(self.folder), filter=plain)
        packed, tree = self.options.output.stat().st_size, tree_bytes()
        carried = sum(len(kernel["launches"]) for kernel in kernels)
        say(f"{self.options.output}: {packed / MIB:.1f} MiB, with the tree {(packed + tree) / MIB:.1f} MiB; "
            f"{len(kernels)} kernel instances, {carried} of {sum(kernel['recorded'] for kernel in kernels)} launches, "
            f"{sum(model['carried'] for model in models)} models")
        if packed + tree > self.options.limit * MIB:
            fail(f"that is more than {self.options.limit} MiB (--limit)")

    def make(self):
        self.copy_runtime()
        kernels = self.kernels()
        self.images(kernels)
        streams = self.streams()
        models = self.models()
        self.benchmarks()
        self.tuned()
        for worker in self.workers:
            worker.close()
        self.write(kernels, streams, models)


def choose(launches):
    """The smallest that has blocks at work, then others from large to small while there is room: {name: file} to names."""
    sizes = sorted((path.stat().st_size, name) for name, path in launches.items())
    chosen, left = [sizes[0][1]], MOST_BYTES - sizes[0][0]
    for size, name in reversed(sizes[1:]):
        if size <= left and len(chosen) < MOST_LAUNCHES:
            chosen.append(name)
            left -= size
    return sorted(chosen)


def store_sets(folder, path):
    """The data sets of a model as one file."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
    baked = {value.name for value in graph.initializer}
    names = {"input": [value.name for value in graph.input if value.name not in baked],
             "output": [value.name for value in graph.output]}
    arrays, sets = {}, sorted(folder.glob("test_data_set_*"))
    for data in sets:
        for kind, side in (("input", "in"), ("output", "out")):
            for number, name in enumerate(names[kind]):
                tensor = onnx.TensorProto()
                tensor.ParseFromString((data / f"{kind}_{number}.pb").read_bytes())
                if tensor.name and tensor.name not in names[kind]:
                    fail(f"{data}/{kind}_{number}.pb holds {tensor.name}, which is no {kind} of the model")
                arrays[f"{data.name.rpartition('_')[2]}/{side}/{tensor.name or name}"] = numpy_helper.to_array(tensor)
    numpy.savez(path, **arrays)


def check_binary(path):
    """Fails where a binary asks for more than glibc 2.34 and the system's libraries."""
    def read(*flags):
        return subprocess.run(["readelf", *flags, "-W", path], check=True, capture_output=True, text=True).stdout

    needed = set(re.findall(r"\(NEEDED\).*\[(.+?)\]", read("-d")))
    if needed - SYSTEM_LIBRARIES:
        fail(f"{path.name} needs {', '.join(sorted(needed - SYSTEM_LIBRARIES))}")
    versions = {tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_([\d.]+)", read("-V"))}
    if max(versions, default=(0,)) > NEWEST_GLIBC:
        fail(f"{path.name} needs glibc {'.'.join(map(str, max(versions)))}, "
             f"newer than {'.'.join(map(str, NEWEST_GLIBC))}")


def plain(info):
    """Same files, same bytes."""
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    return info


def tree_bytes():
    listing = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    return sum((ROOT / name).stat().st_size for name in listing.split("\0") if name and (ROOT / name).is_file())


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--target", default="sm_90a", help="of ingot compile; sm_80 runs on all GPUs from Ampere on")
    parser.add_argument("--tiny", action="store_true", help="a few kernels and models, for the rehearsal")
    parser.add_argument("--all", action="store_true", help="with the kernels of the tests that CI leaves to make test-all")
    parser.add_argument("--limit", type=float, default=50, help="MiB, of the pack and the tree together")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("-o", dest="output", type=Path, default=ROOT / "build" / "gpu-pack.tar.xz")
    options = parser.parse_args()
    options.build = options.build.resolve()
    Packing(options).make()


if __name__ == "__main__":
    main()
