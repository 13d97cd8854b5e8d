"""ONNX Runtime's own operators (com.microsoft) and ONNX Runtime agree, by the reference and compiled.

    contrib.py INGOT FOLDER
"""
import subprocess
import sys
from pathlib import Path

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

KINDS = {numpy.dtype(numpy.float32): TensorProto.FLOAT, numpy.dtype(numpy.int32): TensorProto.INT32,
         numpy.dtype(numpy.int64): TensorProto.INT64}
random = numpy.random.default_rng(3)


def real(*dims):
    return random.standard_normal(dims).astype(numpy.float32)


def integers(*rows):
    return numpy.array(rows, numpy.int32)


def angles(rows, half):
    turns = numpy.outer(numpy.arange(rows), 10.0 ** -numpy.arange(half))
    return numpy.cos(turns).astype(numpy.float32), numpy.sin(turns).astype(numpy.float32)


B, S, H, D = 2, 5, 4, 16
C = H * D
COS, SIN = angles(32, D // 2)
X, W, BIAS = real(B, S, C), real(C, 3 * C) * 0.3, real(3 * C)
PADDED = integers([1, 1, 1, 0, 0], [1, 1, 1, 1, 1])
PAST = real(2, B, H, 3, D)
SOME = integers([1, 0, 1, 1, 0, 0, 1], [1, 1, 1, 1, 1, 1, 1])


def attention(name, mask=None, past=None, bias=None, outputs=1, **attributes):
    return name, "Attention", [X, W, BIAS, mask, past, bias], outputs, {"num_heads": H, **attributes}


def multi_head(name, k, v, *more, outputs=1, **attributes):
    return name, "MultiHeadAttention", [X, k, v, *more], outputs, {"num_heads": H, **attributes}


def grouped(name, q, k, v, past, *more, groups=2, rotates=1, lengths=None, **attributes):
    length = q.shape[1] + (0 if past is None else past.shape[2])
    counts = numpy.full(B, length - 1, numpy.int32) if lengths is None else integers(*lengths)
    caches = [past, None if past is None else real(*past.shape)]
    rotary = [COS, SIN] if rotates else [None, None]
    return (name, "GroupQueryAttention", [q, k, v, *caches, counts, numpy.array([length], numpy.int32), *rotary, *more], 3,
            {"num_heads": H, "kv_num_heads": groups, "do_rotary": rotates, **attributes})


def skip(name, op, skip_, *more, outputs=(0, 3)):
    return name, op, [X, skip_, *more], outputs, {"epsilon": 1e-5}


CASES = [
    ("bias_gelu", "BiasGelu", [X, real(C)], 1, {}), ("fast_gelu", "FastGelu", [X, real(C)], 1, {}),
    ("fast_gelu_alone", "FastGelu", [X], 1, {}), ("gelu", "Gelu", [X], 1, {}),
    ("quick_gelu", "QuickGelu", [X], 1, {}), ("silu", "QuickGelu", [X], 1, {"alpha": 1.0}),
    ("matmul", "FusedMatMul", [real(2, 3, 4, 5), real(2, 3, 6, 5)], 1, {"transB": 1, "alpha": 0.5}),
    ("matmul_a", "FusedMatMul", [real(2, 5, 4), real(5, 6)], 1, {"transA": 1}),
    ("gemm", "FusedGemm", [real(3, 4), real(6, 4), real(6)], 1, {"transB": 1, "activation": "Relu"}),
    skip("skip", "SkipLayerNormalization", real(B, S, C), real(C), real(C), real(C)),
    skip("skip_broadcast", "SkipLayerNormalization", real(1, S, C), real(C), real(C)),
    skip("skip_rms", "SkipSimplifiedLayerNormalization", real(B, S, C), real(C)),
    skip("skip_rms_bias", "SkipSimplifiedLayerNormalization", real(S, C), real(C), real(C)),
    ("embed", "EmbedLayerNormalization", [integers([1, 2, 3], [4, 0, 0]), integers([0, 0, 1], [0, 1, 1]), real(9, C), real(7, C),
                                          real(2, C), real(C), real(C), integers([1, 1, 1], [1, 0, 0])], 3, {}),
    ("embed_places", "EmbedLayerNormalization", [integers([1, 2, 3], [4, 0, 0]), None, real(9, C), real(7, C), None, real(C),
                                                 real(C), None, integers([4, 5, 6], [0, 1, 2])], 2, {}),
    attention("attention"), attention("attention_lengths", integers(3, 5)), attention("attention_keys", PADDED),
    attention("attention_pairs", numpy.stack([numpy.tril(numpy.ones((S, S), numpy.int32))] * B)),
    attention("attention_fill", PADDED, mask_filter_value=-3.4028234663852886e38),
    attention("attention_causal", PADDED, unidirectional=1), attention("attention_scale", scale=0.2, outputs=2),
    attention("attention_past", None, PAST, outputs=2, unidirectional=1),
    attention("attention_bias", bias=real(1, H, S, S)),
    ("attention_sizes", "Attention", [X, W[:, :2 * C + 16], BIAS[:2 * C + 16]], 1, {"num_heads": H, "qkv_hidden_sizes": [C, C, 16]}),
    multi_head("heads", real(B, 7, C), real(B, 7, 16)),
    multi_head("heads_bias", real(B, 7, C), real(B, 7, C), BIAS, SOME, real(1, 1, S, 7), scale=0.3),
    multi_head("heads_cross", real(B, H, 6, D), real(B, H, 6, D)),
    multi_head("heads_past", real(B, S, C), real(B, S, C), None, None, None, real(B, H, 3, D), real(B, H, 3, D), outputs=3,
               unidirectional=1),
    ("rotary", "RotaryEmbedding", [X, numpy.array([[0, 1, 2, 3, 4], [7, 8, 9, 1, 2]]), COS, SIN], 1, {}),
    ("rotary_offset", "RotaryEmbedding", [real(B, H, S, D), numpy.array([3]), COS, SIN], 1, {"interleaved": 1}),
    ("rotary_part", "RotaryEmbedding", [X, numpy.array([0]), COS[:, :2], SIN[:, :2]], 1,
     {"rotary_embedding_dim": 4, "num_heads": H}),
    grouped("grouped", X, real(B, S, 2 * D), real(B, S, 2 * D), real(B, 2, 0, D)),
    grouped("grouped_packed", real(B, 1, (H + 4) * D), None, None, real(B, 2, 6, D)),
    grouped("grouped_plain", real(B, 1, C), real(B, 1, 2 * D), real(B, 1, 2 * D), real(B, 2, 6, D), rotates=0, scale=0.25),
    grouped("grouped_window", real(B, 1, C), real(B, 1, 2 * D), real(B, 1, 2 * D), real(B, 2, 9, D), local_window_size=4, softcap=20.0),
    grouped("grouped_window_prompt", X, real(B, S, 2 * D), real(B, S, 2 * D), real(B, 2, 0, D), local_window_size=2),
    grouped("grouped_neighbours", X, real(B, S, D), real(B, S, D), real(B, 1, 0, D), groups=1, rotary_interleaved=1),
]
# A batch whose rows have caches of unlike lengths.
RAGGED = [grouped("ragged", real(B, 1, C), real(B, 1, 2 * D), real(B, 1, 2 * D), real(B, 2, 6, D), lengths=(6, 4)),
          grouped("ragged_plain", real(B, 1, C), real(B, 1, 2 * D), real(B, 1, 2 * D), real(B, 2, 6, D), rotates=0, lengths=(6, 4))]


def make(op, arrays, outputs, attributes):
    """The first two dims of an activation are symbols, so that shapes are not all constants."""
    wanted = range(outputs) if isinstance(outputs, int) else outputs
    names = [f"y{i}" if i in wanted else "" for i in range(max(wanted) + 1)]
    node = helper.make_node(op, ["" if array is None else f"x{i}" for i, array in enumerate(arrays)], names,
                            domain="com.microsoft", **attributes)
    inputs = [helper.make_tensor_value_info(f"x{i}", KINDS[array.dtype], array.shape) for i, array in enumerate(arrays)
              if array is not None]
    kinds = {"y1": TensorProto.INT32} if op == "EmbedLayerNormalization" else {}
    graph = helper.make_graph([node], "one", inputs,
                              [helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), None)
                               for name in names if name])
    return helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17),
                                                                 helper.make_opsetid("com.microsoft", 1)])


def store(folder, op, arrays, outputs, attributes):
    folder.mkdir(parents=True, exist_ok=True)
    model, present = make(op, arrays, outputs, attributes), [array for array in arrays if array is not None]
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    for number, array in enumerate(present):
        (folder / f"input_{number}.pb").write_bytes(numpy_helper.from_array(array).SerializeToString())
    return model


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main(ingot, folder):
    folder, wrong = Path(folder), []
    for name, op, arrays, outputs, attributes in CASES:
        of = folder / name
        model = store(of, op, arrays, outputs, attributes)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        feeds = {f"x{i}": array for i, array in enumerate(arrays) if array is not None}
        for number, array in enumerate(session.run(None, feeds)):
            (of / f"output_{number}.pb").write_bytes(numpy_helper.from_array(array).SerializeToString())
        compiled = of / "model.ingot"
        for command in ([ingot, "compile", of / "model.onnx", "-o", compiled],
                        [ingot, "run", compiled, "--data-set", of, "--rtol", "1e-5"],
                        [ingot, "run", of / "model.onnx", "--device=reference", "--data-set", of, "--rtol", "1e-5"]):
            code, text = run(*command)
            if code:
                wrong.append(name)
                print(f"{name}: {' '.join(map(str, command))}\n{text}")
                break
    for name, op, arrays, outputs, attributes in RAGGED:
        of = folder / name
        store(of, op, arrays, outputs, attributes)
        numpy.savez(of / "inputs.npz", **{f"x{i}": array for i, array in enumerate(arrays) if array is not None})
        code, text = run(ingot, "run", of / "model.onnx", "--device=reference", "--inputs", of / "inputs.npz")
        if code != 1 or "index" not in text:
            wrong.append(name)
            print(f"{name}: exit code {code}\n{text}")
    print(f"{len(CASES) + len(RAGGED) - len(wrong)} of {len(CASES) + len(RAGGED)} agree; {', '.join(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
