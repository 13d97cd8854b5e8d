"""Compares the type of every value of imported models with ONNX Runtime's.

  check_dims.py --tool build/release/bin/ingot-import-check MODEL_DIR...

Each model is imported in four ways: trusting its dim names; ignoring them; with the total
length of models with a cache wrongly called what the new tokens are called (the import has
to notice, or binding has to refuse inputs that contradict the names); with every dim fixed.
Its symbols are bound to the dims of each stored data set, and the element type and dims of
every value of the main graph are compared with those ONNX Runtime computes.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

MODES = ("names", "nameless", "wrong", "static")
ELEMENT = {"float16": "f32", "float32": "f32", "float64": "f64", "bool": "i1", "uint8": "ui8", "uint16": "ui16"} | {
    f"int{n}": f"i{n}" for n in (8, 16, 32, 64)
}


class Runtime:
    """Element type and dims of every value, by running the model with all of them as outputs."""

    def __init__(self, path):
        model = onnx.load(path)
        known = {o.name for o in model.graph.output}
        for node in model.graph.node:
            for name in node.output:
                if name and name not in known:
                    known.add(name)
                    model.graph.output.append(onnx.ValueInfoProto(name=name))
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.names = [o.name for o in self.session.get_outputs()]

    def types(self, feeds):
        given = {i.name for i in self.session.get_inputs()}
        values = self.session.run(self.names, {k: v for k, v in feeds.items() if k in given})
        return {
            n: (ELEMENT.get(str(v.dtype)), [str(d) for d in v.shape])
            for n, v in zip(self.names, values)
            if isinstance(v, np.ndarray)
        }


def data_sets(folder, graph):
    """Name of each data set, and its inputs by name as arrays."""
    initializers = {i.name for i in graph.initializer}
    names = [i.name for i in graph.input if i.name not in initializers]
    for data in sorted(folder.glob("test_data_set_*")):
        feeds = {}
        for i, file in enumerate(sorted(data.glob("input_*.pb"), key=lambda f: int(f.stem[6:]))):
            tensor = onnx.TensorProto.FromString(file.read_bytes())
            feeds[tensor.name or names[i]] = numpy_helper.to_array(tensor)
        yield data.name, feeds


def dim_names(graph):
    """(input, axis, name) of each named dim."""
    for value in graph.input:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.dim_param:
                yield value.name, axis, dim.dim_param


def rename_total(folder, out):
    """The model with the length of all keys named like that of the new tokens."""
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    for value in model.graph.input:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param == "total":
                dim.dim_param = "sequence"
    # External data is looked for beside the model.
    for file in folder.iterdir():
        if file.is_file() and file.name not in ("model.onnx", "info.json"):
            shutil.copy(file, out)
    path = pathlib.Path(out) / "model.onnx"
    onnx.save(model, path)
    return path


def check(tool, folder):
    graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
    names = list(dim_names(graph))
    runtime = Runtime(folder / "model.onnx")
    compared, failures = 0, []
    with tempfile.TemporaryDirectory() as scratch:
        renamed = rename_total(folder, scratch)
        for data, feeds in data_sets(folder, graph):
            expected = runtime.types(feeds)
            for mode in MODES:
                if mode == "wrong" and not any(n == "total" for _, _, n in names):
                    continue
                command = [tool, renamed if mode == "wrong" else folder / "model.onnx"]
                command += [f"--shapes={k}={'x'.join(map(str, v.shape))}" for k, v in feeds.items()]
                if mode == "nameless":
                    command.append("--ignore-dim-names")
                if mode == "static":
                    fixed = {n: feeds[i].shape[a] for i, a, n in names if n.isidentifier()}
                    command += [f"--dims={n}={v}" for n, v in fixed.items()]
                done = subprocess.run(command, capture_output=True, text=True)
                where = f"{folder.name}/{data} ({mode})"
                if done.returncode:
                    total = feeds["attention_mask"].shape[1] if mode == "wrong" else None
                    if f"dim 1 of attention_mask is {total}, not sequence" not in done.stderr:
                        failures.append(f"{where}: {done.stderr.strip()}")
                    continue
                for line in done.stdout.splitlines():
                    name, element, dims = line.split("\t")
                    if name not in expected:
                        continue
                    compared += 1
                    have = (element, dims.split(",") if dims else [])
                    if have != expected[name]:
                        failures.append(f"{where}: {name} is {have}, not {expected[name]}")
    return compared, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", required=True)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    total, bad = 0, []
    for folder in options.folders:
        compared, failures = check(options.tool, folder)
        total += compared
        bad += failures
    for failure in bad[:40]:
        print(failure)
    print(f"{total} values compared, {len(bad)} failures")
    sys.exit(1 if bad or not total else 0)


if __name__ == "__main__":
    main()
