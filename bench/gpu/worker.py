"""What touches the device, in a process of its own: a lost context or a crash costs one row.

    worker.py DEVICE PACK      reads a line of JSON a row from stdin, {"do": NAME, ...}, answers with one on stdout:
                               {"value": ...}, {"wrong": REASON, "value": ...}, {"skip": REASON} or {"error": REASON}
"""
import contextlib
import ctypes
import functools
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import driver as cuda
import runtime
from rows import OutOfTime, Skip, Wrong

LEAST_SECONDS = 10  # that a row gets, also past the part's end
LOST = "the device's context is lost"


class TooLong(RuntimeError):
    """Past the seconds that were given."""


class Context:
    """Opened when first asked for."""

    def __init__(self, device, pack):
        self.device, self.pack = device, Path(pack)
        self.is_emulated = device.startswith("emulated")

    @functools.cached_property
    def driver(self):
        ordinal = int(self.device.partition(":")[2] or 0)
        return cuda.Driver(os.environ["INGOT_EMULATOR_LIBRARY"] if self.is_emulated else "libcuda.so.1", ordinal)

    @functools.cached_property
    def runtime(self):
        return runtime.Runtime(self.pack / "lib" / "libingot_runtime.so")

    @functools.cached_property
    def ingot(self):
        return self.runtime.device(self.device)

    def control(self, command):
        """A command of test/emulator/emulator.h."""
        ctypes.CDLL(os.environ["INGOT_EMULATOR_LIBRARY"]).ingot_emulator_control(command.encode(), None, ctypes.c_size_t(0))


def answer(context, request):
    try:
        # Named here, so that a worker imports what it is asked for alone.
        module = __import__(request.pop("in"))
        return {"value": getattr(module, request.pop("do"))(context, **request)}
    except Skip as skip:
        return {"skip": str(skip)}
    except Wrong as wrong:
        return {"wrong": str(wrong), "value": wrong.value}
    except Exception as error:  # the row's; the parent decides
        lost = getattr(error, "is_lost", False)
        return {"error": f"{type(error).__name__}: {error}" + (f"; {LOST}" if lost else "")}


def serve(device, pack):
    context, out = Context(device, pack), os.dup(1)
    os.dup2(2, 1)  # what libraries print is no answer
    with os.fdopen(out, "w", buffering=1) as out:
        for line in sys.stdin:
            out.write(json.dumps(answer(context, json.loads(line))) + "\n")


class Worker:
    """The other end. Starts the process when asked, again after it was lost."""

    def __init__(self, device, pack, log, prefix=()):
        self.arguments = [*prefix, sys.executable, __file__, device, str(pack)]
        self.log, self.process = log, None
        self.left = None  # a function: seconds that the part has

    def ask(self, module, do, seconds=120, **request):
        if not self.process:
            self.process = subprocess.Popen(self.arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                            stderr=self.log)
        process = self.process
        left = max(self.left(), LEAST_SECONDS) if self.left else seconds
        is_cut, seconds = left < seconds, min(left, seconds)
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        try:
            process.stdin.write(json.dumps({"in": module, "do": do, **request}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if not line:
            code, self.process = process.wait(), None
            process.stdout.close()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            if code == -signal.SIGKILL and is_cut:
                raise OutOfTime(f"cut off after {seconds:.0f} s: it needs more of --minutes to itself")
            if code == -signal.SIGKILL:
                raise TooLong(f"the worker ended with {code} after {seconds:.0f} s")
            raise RuntimeError(f"the worker ended with {code}")
        reply = json.loads(line)
        if "skip" in reply:
            raise Skip(reply["skip"])
        if "wrong" in reply:
            raise Wrong(reply["wrong"], reply["value"])
        if "error" in reply:
            if LOST in reply["error"]:
                self.close()
            raise RuntimeError(reply["error"])
        return reply["value"]

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.stdout.close()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


if __name__ == "__main__":
    serve(*sys.argv[1:])
