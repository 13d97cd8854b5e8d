#!/usr/bin/env python3
"""Ingot, ONNX Runtime and OpenVINO on the same models, shapes and threads, in turns, in one run.

    make bench
    build/venv/bin/python bench/cpu/run.py [--only NAME,...] [--seconds S] [--rounds N] [--json FILE --markdown FILE]

Each peer lives in a process of its own and is timed in short turns, ROUNDS times; a figure is the minimum
of all single runs. Ratio: the faster peer's time over Ingot's, above 1 Ingot is faster. Peak and
bandwidth are measured in the same run. Names: the rows of CASES below, and load, serve, compile, size.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples"), str(ROOT / "test" / "e2e"), str(Path(__file__).parent)]
import demo  # noqa: E402
import large_model  # noqa: E402
import models  # noqa: E402

MINILM_L3 = models.Shape(3, 384, 12, 1536, 30522)  # the demo's model
PEERS = ("onnxruntime", "openvino")
BF16_PEERS = ("openvino-bf16",)
REST = 0.05  # seconds between turns, in which threads of the last peer go to sleep


@dataclass(frozen=True)
class Case:
    model: str
    batch: int
    sequence: int
    target: float  # ratio to reach
    precision: str = "f32"

    @property
    def name(self):
        return f"{self.model}-{self.batch}x{self.sequence}" + ("-bf16" if self.precision == "bf16" else "")


SHAPES = {"bert-base": models.BERT_BASE, "minilm-l6": models.MINILM_L6, "vit-base": models.VIT_BASE,
          "paraphrase-minilm-l3": MINILM_L3}
CASES = [Case(model, *size) for model in ("minilm-l6", "bert-base")
         for size in ((1, 16, 1.1), (1, 128, 1.1), (8, 128, 1.05))]
CASES += [Case("paraphrase-minilm-l3", 1, 128, 1.1), Case("vit-base", 1, 197, 1.1), Case("vit-base", 8, 197, 1.05)]
CASES += [Case("bert-base", 1, rows, 1.0) for rows in (1, 8)]
# Against OpenVINO told to multiply in bf16; where the CPU has it.
if "avx512_bf16" in Path("/proc/cpuinfo").read_text():
    CASES += [Case(model, *size, 1.0, "bf16") for model in ("minilm-l6", "bert-base")
              for size in ((1, 16), (1, 128), (8, 128))]


class Worker:
    def __init__(self, peer, model, threads, runtime, sessions=1):
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), peer, str(model), str(threads), str(sessions)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=os.environ | {"INGOT_RUNTIME": str(runtime)})
        self.started = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"bench: {' '.join(self.process.args[1:])} ended: exit code {self.process.wait()}")
        return json.loads(line)

    def ask(self, inputs, seconds):
        self.process.stdin.write(json.dumps({"inputs": str(inputs), "seconds": seconds}) + "\n")
        self.process.stdin.flush()
        answer = self.read()
        time.sleep(REST)
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Bench:
    def __init__(self, options):
        self.options = options
        self.bin = options.ingot.resolve().parent
        self.runtime = self.bin.parent / "lib" / "libingot_runtime.so"
        self.work = ROOT / "build" / "bench"
        self.work.mkdir(parents=True, exist_ok=True)
        self.artifacts = {}
        self.versions = {}

    def wanted(self, name):
        return not self.options.only or any(part in name for part in self.options.only.split(","))

    def model(self, name):
        if name == "paraphrase-minilm-l3":
            return demo.get_model(ROOT / "build" / "downloads")
        return models.get_model(name, SHAPES[name], self.work)

    def artifact(self, name, precision="f32"):
        key = name, precision
        if key not in self.artifacts:
            path = self.work / f"{name}-{precision}.ingot"
            start = time.perf_counter()
            code, peak = large_model.run_watched([self.options.ingot, "compile", self.model(name),
                                                  f"--precision={precision}", "-o", path])
            if code:
                sys.exit(f"bench: ingot compile of {name}: exit code {code}")
            self.artifacts[key] = path, time.perf_counter() - start, peak
        return self.artifacts[key]

    def file_of(self, peer, name, precision="f32"):
        return self.artifact(name, precision)[0] if peer == "ingot" else self.model(name)

    def inputs(self, case):
        import numpy

        path = self.work / f"{case.name}.npz"
        numpy.savez(path, **models.make_inputs(self.model(case.model), case.batch, case.sequence))
        return path

    def peak(self):
        def rate(*arguments):
            return json.loads(subprocess.run([self.bin / "cpu-peak", *map(str, arguments)], check=True,
                                             capture_output=True, text=True).stdout)

        peak = {"threads_1": rate(1, 2), "threads_n": rate(self.options.threads, 2)}
        if any(case.precision == "bf16" for case in CASES):
            peak["bf16"] = rate(self.options.threads, 2, "bf16")
        return peak

    def measure(self, cases, peak):
        """Rows of one model: workers stay for all its shapes."""
        name, precision = cases[0].model, cases[0].precision
        peers = BF16_PEERS if precision == "bf16" else PEERS
        workers = {peer: Worker(peer, self.file_of(peer, name, precision), self.options.threads, self.runtime)
                   for peer in ("ingot", *peers)}
        self.versions |= {peer: worker.started["version"] for peer, worker in workers.items()}
        of = peak["bf16" if precision == "bf16" else "threads_n"]["gflops"]
        for case in cases:
            inputs, times = self.inputs(case), {peer: [] for peer in workers}
            for _ in range(self.options.rounds):
                for peer, worker in workers.items():
                    times[peer] += worker.ask(inputs, self.options.seconds)["ms"]
            best = {peer: min(all_times) for peer, all_times in times.items()}
            gflops = SHAPES[name].flops(case.batch, case.sequence) / best["ingot"] * 1e-6
            yield {"name": case.name, "target": case.target,
                   "ms": {peer: {"min": round(best[peer], 4), "median": round(statistics.median(all_times), 4),
                                 "p99": round(sorted(all_times)[int(len(all_times) * 0.99)], 4)}
                          for peer, all_times in times.items()},
                   "ratio": round(min(best[peer] for peer in peers) / best["ingot"], 3),
                   "gflops": round(gflops, 1), "of_peak": round(gflops / of, 3)}
        for worker in workers.values():
            worker.close()

    def load(self):
        """Time to a ready session from a warm page cache, and the first run over a steady one; BERT-base, 1x16."""
        case, rows = Case("bert-base", 1, 16, 0), {}
        inputs = self.inputs(case)
        for peer in ("ingot", *PEERS):
            loads, firsts = [], []
            for _ in range(self.options.rounds):
                worker = Worker(peer, self.file_of(peer, case.model), self.options.threads, self.runtime)
                answer = worker.ask(inputs, 0.2)
                worker.close()
                loads.append(worker.started["load_ms"])
                firsts.append(answer["first_ms"] - min(answer["ms"]))
            rows[peer] = {"load_ms": round(min(loads), 3), "first_over_steady_ms": round(min(firsts), 3)}
        return rows

    def serve(self):
        """Requests per second of two sessions with one thread each; MiniLM-L6, 1x128."""
        case = Case("minilm-l6", 1, 128, 0)
        inputs = self.inputs(case)
        workers = {peer: Worker(peer, self.file_of(peer, case.model), 1, self.runtime, sessions=2)
                   for peer in ("ingot", *PEERS)}
        best = dict.fromkeys(workers, 0.0)
        for _ in range(self.options.rounds):
            for peer, worker in workers.items():
                best[peer] = max(best[peer], worker.ask(inputs, self.options.seconds)["per_second"])
        for worker in workers.values():
            worker.close()
        return {peer: round(rate, 1) for peer, rate in best.items()}

    def sizes(self):
        stripped = self.work / "libingot_runtime.so"
        subprocess.run(["strip", "-o", stripped, self.runtime], check=True)
        return {"runtime_bytes": stripped.stat().st_size}


def mark(met):
    return "met" if met else "**not met**"


def rows_of(record):
    """The tables as Markdown."""
    peers, peak = record["peers"], record["peak"]
    shown = ", ".join(f"{name} {version}" for name, version in peers.items())
    yield f"{record['machine']}, {record['threads']} threads; commit {record['commit']}; {shown}  "
    yield (f"Peak {peak['threads_n']['gflops']:.0f} f32 GFLOP/s ({peak['threads_1']['gflops']:.0f} on one thread), reading "
           f"{peak['threads_n']['gbytes']:.0f} GB/s ({peak['threads_1']['gbytes']:.0f})"
           + (f"; {peak['bf16']['gflops']:.0f} bf16 GFLOP/s" if "bf16" in peak else "") + "  ")
    yield f"`{record['command']}`\n"
    if record["rows"]:
        yield "| model, batch x sequence | Ingot ms, min / median / p99 | ONNX Runtime min | OpenVINO min | ratio | target | | of peak |"
        yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
        for row in record["rows"]:
            ms = row["ms"]
            ours = " / ".join(f"{ms['ingot'][key]:.3g}" for key in ("min", "median", "p99"))
            theirs = " | ".join(f"{ms[peer]['min']:.3g}" if peer in ms else "-" for peer in
                                ("onnxruntime", "openvino-bf16" if "openvino-bf16" in ms else "openvino"))
            yield (f"| {row['name']} | {ours} | {theirs} "
                   f"| {row['ratio']:.2f} | {row['target']} | {mark(row['ratio'] >= row['target'])} | {row['of_peak']:.0%} |")
    others = list(other_rows(record))
    if others:
        yield "\n| what | Ingot | peers | target | |"
        yield "| --- | --- | --- | --- | --- |"
        yield from others


def other_rows(record):
    if load := record.get("load"):
        for key, what, limit in (("load_ms", "BERT-base, load to ready", 5),
                                 ("first_over_steady_ms", "BERT-base 1x16, first run over a steady one", 15)):
            peers = ", ".join(f"{peer} {load[peer][key]:.0f}" for peer in PEERS)
            yield f"| {what}, ms | {load['ingot'][key]:.1f} | {peers} | {limit} | {mark(load['ingot'][key] <= limit)} |"
    if serve := record.get("serve"):
        peers = ", ".join(f"{peer} {serve[peer]:.0f}" for peer in PEERS)
        ratio = serve["ingot"] / serve["onnxruntime"]
        yield (f"| MiniLM-L6 1x128, 2 sessions x 1 thread, requests a second | {serve['ingot']:.0f} | {peers} "
               f"| 1.1 x ONNX Runtime | {ratio:.2f}, {mark(ratio >= 1.1)} |")
    if compiled := record.get("compile"):
        yield f"| compile BERT-base, s | {compiled['seconds']:.1f} | | 20 | {mark(compiled['seconds'] <= 20)} |"
        limit = 1.2 * 30522 * 768 * 4 + 400e6
        yield (f"| the same, anonymous memory, MB | {compiled['anonymous_bytes'] / 1e6:.0f} | | {limit / 1e6:.0f} "
               f"| {mark(compiled['anonymous_bytes'] <= limit)} |")
    if size := record.get("size"):
        yield (f"| libingot_runtime.so stripped, KB | {size['runtime_bytes'] / 1e3:.0f} | | 400 "
               f"| {mark(size['runtime_bytes'] <= 400e3)} |")


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def parse_options():
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--ingot", type=Path, default=ROOT / "build/release/bin/ingot")
    parser.add_argument("--only", help="parts of names, with commas between")
    parser.add_argument("--threads", type=int, default=min(2, cores))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one peer's turn")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    return parser.parse_args()


def main():
    options = parse_options()
    # The peers must not wander to CPUs that Ingot does not use.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:options.threads])
    bench = Bench(options)
    record = {"machine": demo.processor_name(), "threads": options.threads, "commit": commit(),
              "command": " ".join(["bench/cpu/run.py", *sys.argv[1:]]), "peers": {}, "peak": bench.peak(), "rows": []}
    for name, precision in [(name, precision) for precision in ("f32", "bf16") for name in SHAPES]:
        cases = [case for case in CASES
                 if case.model == name and case.precision == precision and bench.wanted(case.name)]
        if cases:
            for row in bench.measure(cases, record["peak"]):
                record["rows"].append(row)
                print(f"{row['name']:28} ingot {row['ms']['ingot']['min']:9.3f} ms   ratio {row['ratio']:.2f}   "
                      f"{row['of_peak']:.0%} of peak", file=sys.stderr, flush=True)
            record["peers"] = {peer: version for peer, version in bench.versions.items() if peer not in BF16_PEERS}
    for part in ("load", "serve"):
        if bench.wanted(part):
            record[part] = getattr(bench, part)()
    if bench.wanted("compile"):
        _, seconds, peak = bench.artifact("bert-base")
        record["compile"] = {"seconds": round(seconds, 2), "anonymous_bytes": peak}
    if bench.wanted("size"):
        record["size"] = bench.sizes()
    text = "\n".join(rows_of(record)) + "\n"
    print(text, end="")
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    if options.markdown:
        options.markdown.write_text(text)


if __name__ == "__main__":
    main()
