#!/usr/bin/env python3
"""Sorts exported models into those that Ingot compiles and those that it refuses.

    pick.py FOLDER               prints NAME and, for a refused one, a tab and what is missing
    pick.py FOLDER --write       writes list.txt, refused.txt, refused.tar.xz and the chosen
                                 models' folders beside this script

FOLDER holds NAME/{model.onnx,info.json,test_data_set_K/}; info.json counts the ops. Needs
the Python package onnx. A model is compiled if each op is one of ../conformance/pick.py's
OPS and each input, output and weight has one of its types, and it is not one of ALIKE.

refused.tar.xz has of each refused model its model.onnx, and expected.txt: the op and the name of
each node that the report must list (of the main graph), or the type that it must name. Weights of
more than 1 KiB are zeroed there to make it small: no report depends on their values.
"""
import argparse
import importlib.util
import io
import json
import lzma
import shutil
import tarfile
from pathlib import Path

import onnx

HERE = Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("conformance", HERE.parent / "conformance" / "pick.py")
conformance = importlib.util.module_from_spec(spec)
spec.loader.exec_module(conformance)

# Compiled as well, but with no form that another model does not have: left out for the tree's size. Of genai-llama-int4 ONNX
# Runtime's outputs are those of activations rounded to 8 bits (accuracy_level=4), 1e-2 away; without that they agree within 1e-6.
ALIKE = set("""
bert-mlm-dyn18-fp16io bert-seqcls-dyn23-sdpa classic-bert-ortpy classic-bert-ortpy-fp16 classic-gpt2-ortpy
distilbert-ts14-int8dyn genai-llama-fp32 genai-llama-int4 llama-nopos-dyn23-sdpa-past llama-past-ts17-fp16 long-encoder-dyn23 optimum-bert-O2
optimum-bert-int8dyn optimum-bert-ortpy qwen3-dyn24-sdpa-past sdpa-causal-dyn23 vit-dyn18-ortpy
""".split())


def missing(folder):
    """What Ingot does not have: ops, else types; sorted, each once."""
    ops = json.loads((folder / "info.json").read_text())["ops"]
    unknown = sorted(set(ops) - conformance.OPS)
    if unknown:
        return unknown
    graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
    types = {value.type.tensor_type.elem_type for value in [*graph.input, *graph.output]}
    types |= {tensor.data_type for tensor in graph.initializer}
    return sorted("type " + conformance.type_name(number) for number in types - conformance.types_of(set(ops)))


def expected(model, lacks):
    if lacks[0].startswith("type "):
        return "".join(f"{lack}\n" for lack in lacks)
    nodes = [node for node in model.graph.node if qualified(node) in lacks]
    return "".join(f"{node.op_type}\t{node.name}\n" for node in nodes)


def qualified(node):
    return f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type


def without_weights(model):
    for tensor in model.graph.initializer:
        if tensor.HasField("raw_data") and len(tensor.raw_data) > 1024:
            tensor.raw_data = bytes(len(tensor.raw_data))
    return model.SerializeToString(deterministic=True)


def add(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    tar.addfile(info, io.BytesIO(data))


def write(folder, sorted_models):
    taken = [name for name, lacks in sorted_models if not lacks]
    refused = [(name, lacks) for name, lacks in sorted_models if lacks]
    for name in taken:
        shutil.rmtree(HERE / name, ignore_errors=True)
        shutil.copytree(folder / name, HERE / name, copy_function=shutil.copyfile)
        for path in [HERE / name, *(HERE / name).rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
    (HERE / "list.txt").write_text("".join(f"{name}\n" for name in taken))
    (HERE / "refused.txt").write_text("".join(f"{name}\t{', '.join(lacks)}\n" for name, lacks in refused))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, lacks in refused:
            model = onnx.load(folder / name / "model.onnx", load_external_data=False)
            add(tar, f"{name}/expected.txt", expected(model, lacks).encode())
            add(tar, f"{name}/model.onnx", without_weights(model))
    (HERE / "refused.tar.xz").write_bytes(lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    folders = sorted(path for path in options.folder.iterdir() if (path / "info.json").is_file() and path.name not in ALIKE)
    sorted_models = [(path.name, missing(path)) for path in folders]
    for name, lacks in sorted_models:
        print(name, ", ".join(lacks), sep="\t" if lacks else "")
    if options.write:
        write(options.folder, sorted_models)


if __name__ == "__main__":
    main()
