#!/usr/bin/env python3
"""One peer in a process of its own, told by lines of JSON on stdin what to time.

    worker.py PEER MODEL THREADS SESSIONS      PEER: ingot, onnxruntime, openvino, openvino-bf16

Answers each {"inputs": FILE.npz, "seconds": S} with {"ms": [...]} of single runs (with one session) or
{"per_second": R} (with more, each on its own thread). Waits without spinning in between, so that peers can be timed in turns.
The first line it writes has version, load_ms and what the first run took.
"""
import ctypes
import json
import os
import sys
import threading
import time
from pathlib import Path

import numpy

ROOT = Path(__file__).resolve().parents[2]


class IngotTensor(ctypes.Structure):
    """ingot_tensor of runtime/include/ingot/ingot.h."""
    _fields_ = [("data", ctypes.c_void_p), ("bytes", ctypes.c_size_t), ("type", ctypes.c_int), ("rank", ctypes.c_int32),
                ("dims", ctypes.c_int64 * 8), ("device", ctypes.c_void_p), ("stream", ctypes.c_void_p)]


class IngotSessionOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("threads", ctypes.c_int32), ("pool", ctypes.c_void_p * 2),
                ("cached_binds", ctypes.c_int32)]


TYPES = {numpy.dtype(numpy.float32): 2, numpy.dtype(numpy.int64): 7}


class Ingot:
    def __init__(self, model, threads, sessions):
        self.library = ctypes.CDLL(os.environ["INGOT_RUNTIME"])
        self.library.ingot_error_message.restype = ctypes.c_char_p
        self.library.ingot_version.restype = ctypes.c_char_p
        for name in ("model_load", "session_create", "session_set_input", "session_run"):
            getattr(self.library, f"ingot_{name}").restype = ctypes.c_void_p
        self.version = self.library.ingot_version().decode()
        handle = ctypes.c_void_p()
        self.check(self.library.ingot_model_load(None, os.fsencode(model), None, ctypes.byref(handle)))
        self.sessions = []
        for _ in range(sessions):
            options = IngotSessionOptions(ctypes.sizeof(IngotSessionOptions), threads)
            session = ctypes.c_void_p()
            self.check(self.library.ingot_session_create(handle, ctypes.byref(options), ctypes.byref(session)))
            self.sessions.append(session)

    def check(self, error):
        if error:
            sys.exit("ingot: " + self.library.ingot_error_message(ctypes.c_void_p(error)).decode())

    def prepare(self, inputs):
        self.kept = inputs  # borrowed by the sessions
        for session in self.sessions:
            for name, value in inputs.items():
                tensor = IngotTensor(value.ctypes.data, value.nbytes, TYPES[value.dtype], value.ndim)
                tensor.dims[:value.ndim] = value.shape
                self.check(self.library.ingot_session_set_input(session, name.encode(), ctypes.byref(tensor)))

    def run(self, session=0):
        error = self.library.ingot_session_run(self.sessions[session])
        if error:
            self.check(error)


class OnnxRuntime:
    def __init__(self, model, threads, sessions):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.version = onnxruntime.__version__
        self.sessions = [onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
                         for _ in range(sessions)]
        self.outputs = [self.sessions[0].get_outputs()[-1].name]

    def prepare(self, inputs):
        self.inputs = inputs

    def run(self, session=0):
        self.sessions[session].run(self.outputs, self.inputs)


class OpenVino:
    def __init__(self, model, threads, sessions, precision="f32"):
        import openvino

        self.version = openvino.__version__.split("-")[0]
        core = openvino.Core()
        network = core.read_model(model)
        compiled = [core.compile_model(network, "CPU", {
            "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precision}) for _ in range(sessions)]
        self.requests = [one.create_infer_request() for one in compiled]

    def prepare(self, inputs):
        self.inputs = inputs

    def run(self, session=0):
        self.requests[session].infer(self.inputs, share_inputs=True, share_outputs=True)


PEERS = {"ingot": Ingot, "onnxruntime": OnnxRuntime, "openvino": OpenVino,
         "openvino-bf16": lambda *arguments: OpenVino(*arguments, precision="bf16")}


def time_runs(peer, seconds):
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        peer.run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def count_runs(peer, sessions, seconds):
    counts, end = [0] * sessions, time.perf_counter() + seconds

    def serve(session):
        while time.perf_counter() < end:
            peer.run(session)
            counts[session] += 1

    threads = [threading.Thread(target=serve, args=(session,)) for session in range(sessions)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def main():
    name, model, threads, sessions = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    # What a process that embeds a peer has loaded anyway is not part of its loading time.
    if name == "onnxruntime":
        import onnxruntime  # noqa: F401
    elif name.startswith("openvino"):
        import openvino  # noqa: F401
    start = time.perf_counter()
    peer = PEERS[name](model, threads, sessions)
    answer = {"version": peer.version, "load_ms": (time.perf_counter() - start) * 1e3}
    print(json.dumps(answer), flush=True)
    prepared = None
    for line in sys.stdin:
        wanted = json.loads(line)
        answer = {}
        if wanted["inputs"] != prepared:
            prepared = wanted["inputs"]
            with numpy.load(prepared) as inputs:
                peer.prepare(dict(inputs))
            start = time.perf_counter()
            peer.run()
            answer["first_ms"] = (time.perf_counter() - start) * 1e3
            for session in range(sessions):
                peer.run(session)
        if sessions == 1:
            answer["ms"] = time_runs(peer, wanted["seconds"])
        else:
            answer["per_second"] = count_runs(peer, sessions, wanted["seconds"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
