"""Compares the type of every value of imported models with ONNX Runtime's.

  check_dims.py --tool build/release/bin/ingot-import-check --mode names MODEL_DIR...

Each model is imported, its symbols are bound to the dims of each stored data set, and
the element type and dims of every value of the main graph are compared. Modes: `names`
trusts the model's dim names, `nameless` ignores them, `static` fixes every dim, and
`wrong` calls the total length of models with a cache what the new tokens are called: the
import has to notice, or binding has to refuse inputs that contradict the names.
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

ELEMENT = {"float32": "f32", "float64": "f64", "bool": "i1"} | {
    f"int{n}": f"i{n}" for n in (8, 16, 32, 64)
}


def runtime_types(path, feeds):
    """Element type and dims of every value, by running the model with all of them as outputs."""
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
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        onnx.save(model, file.name)
        session = ort.InferenceSession(file.name, options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    given = {i.name for i in session.get_inputs()}
    values = session.run(names, {k: v for k, v in feeds.items() if k in given})
    return {
        n: (ELEMENT.get(str(v.dtype)), list(v.shape))
        for n, v in zip(names, values)
        if isinstance(v, np.ndarray)
    }


def data_sets(folder):
    """Inputs by name, as arrays, of each data set."""
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    initializers = {i.name for i in model.graph.initializer}
    names = [i.name for i in model.graph.input if i.name not in initializers]
    for data in sorted(folder.glob("test_data_set_*")):
        feeds = {}
        for i, file in enumerate(sorted(data.glob("input_*.pb"), key=lambda f: int(f.stem[6:]))):
            tensor = onnx.TensorProto.FromString(file.read_bytes())
            feeds[tensor.name or names[i]] = numpy_helper.to_array(tensor)
        yield data.name, feeds


def dim_names(folder):
    """(input, axis, name) of each named dim."""
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    for value in model.graph.input:
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


def check(tool, mode, folder):
    failures = []
    names = list(dim_names(folder))
    if mode == "wrong" and not any(n == "total" for _, _, n in names):
        return 0, 0, []
    compared = noticed = 0
    with tempfile.TemporaryDirectory() as scratch:
        path = rename_total(folder, scratch) if mode == "wrong" else folder / "model.onnx"
        for data, feeds in data_sets(folder):
            command = [tool, path]
            command += [f"--shapes={k}={'x'.join(map(str, v.shape))}" for k, v in feeds.items()]
            if mode == "nameless":
                command.append("--ignore-dim-names")
            if mode == "static":
                fixed = {n: feeds[i].shape[a] for i, a, n in names if n.replace("_", "").isalnum()}
                command += [f"--dims={n}={v}" for n, v in fixed.items()]
            done = subprocess.run(command, capture_output=True, text=True)
            where = f"{folder.name}/{data} ({mode})"
            if done.returncode:
                total = feeds["attention_mask"].shape[1] if mode == "wrong" else None
                if f"dim 1 of attention_mask is {total}, not sequence" not in done.stderr:
                    failures.append(f"{where}: {done.stderr.strip()}")
                continue
            noticed += "contradict the model" in done.stderr
            expected = runtime_types(folder / "model.onnx", feeds)
            for line in done.stdout.splitlines():
                name, element, dims = line.split("\t")
                if name not in expected:
                    continue
                compared += 1
                want = expected[name]
                have = (element, dims.split(",") if dims else [])
                if (want[0], list(map(str, want[1]))) != have:
                    failures.append(f"{where}: {name} is {have}, ONNX Runtime has {want}")
    return compared, noticed, failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--mode", required=True, choices=["names", "nameless", "wrong", "static"])
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    total, contradictions, bad = 0, 0, []
    for folder in options.folders:
        compared, noticed, failures = check(options.tool, options.mode, folder)
        total += compared
        contradictions += noticed
        bad += failures
    for failure in bad[:40]:
        print(failure)
    print(f"{options.mode}: {total} values compared, {len(bad)} failures")
    if options.mode == "wrong":
        print(f"wrong names noticed in {contradictions} imports")
        bad = bad or not contradictions
    sys.exit(1 if bad or not total else 0)


if __name__ == "__main__":
    main()
