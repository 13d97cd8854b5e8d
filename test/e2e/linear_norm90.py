"""A linear and the norm of its rows as one kernel for sm_90a, whose blocks are a cluster: the emulated GPU's numbers are a CPU's,
at rows where it takes the place of two kernels and where it does not.

    linear_norm90.py INGOT LIBRARY FOLDER      LIBRARY: the runtime; exit code 77: no NVRTC
"""
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy
from onnx import TensorProto, helper

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "bench" / part) for part in ("cpu", "gpu")]
import models  # noqa: E402
import runtime  # noqa: E402

# The wider the rows, the fewer of them the kernel is taken at.
INNER, COLUMNS = 64, 1536
TOLERANCE = 5e-3
"""Of the kernel's choice: the rows that it is taken at."""
TAKEN = re.compile(r"clusters of (\d) blocks, rows normalized, at M (.*)")


def ingot(command, *arguments):
    done = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True)
    print(done.stdout + done.stderr)
    return done


def make_model(path):
    """x [rows, INNER]: a product and the residual beside it, normalized, and a product that reads it."""
    g = models.Graph()
    residual = g.linear("x", INNER, COLUMNS)
    normalized = g.norm(g.op("Add", g.linear(g.op("Relu", "x"), INNER, COLUMNS), residual), COLUMNS)
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", INNER])
             for name in ("x", g.linear(normalized, COLUMNS, INNER))]
    graph = helper.make_graph(g.nodes, "linear-norm", sides[:1], sides[1:], g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def normalizing(session):
    """How many steps of a run normalize rows: alone, behind a product."""
    ran = [kernel for kernel, nanoseconds, _, _ in session.profile() if nanoseconds and "norm" in kernel]
    behind = [kernel for kernel in ran if kernel.startswith("linear_")]
    return len(ran) - len(behind), len(behind)


def main(command, library, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    model, artifact = make_model(folder / "model.onnx"), folder / "model.ingot"
    done = ingot(command, "compile", model, "--target=sm_90a,x86-64", "--precision=sm_90a:bf16", "-o", artifact)
    if "CUDA targets need NVRTC" in done.stderr:
        return 77
    assert done.returncode == 0
    blocks, rows = TAKEN.search(ingot(command, "inspect", artifact, "--kernels").stdout).groups()
    least = int(re.match(r"(?:from )?(\d+)", rows).group(1))
    assert int(blocks) > 1 and 16 < least < 2000, rows
    os.environ["INGOT_EMULATOR"] = "arch 90; multiprocessors 32"
    of = runtime.Runtime(library)
    cpu, gpu = (of.device(device).load(artifact).session() for device in ("cpu", "emulated"))
    for count, norms in (least, (0, 1)), (7, (1, 0)):
        inputs = {"x": numpy.random.default_rng(count).standard_normal((count, INNER), numpy.float32)}
        outputs = []
        for session in cpu, gpu:
            session.set(inputs)
            session.run()
            outputs += session.outputs().values()
        largest, difference = abs(outputs[0]).max(), abs(outputs[0] - outputs[1]).max()
        print(f"{count} rows: largest difference {difference:.3g} of {largest:.3g}")
        assert difference <= TOLERANCE * largest
        found = normalizing(gpu)
        print(f"{count} rows: {found[0]} norms alone, {found[1]} behind a product")
        assert found == norms
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
