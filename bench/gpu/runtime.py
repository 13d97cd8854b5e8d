"""Ingot's runtime through ctypes: runtime/include/ingot/ingot.h, as far as the benchmarks use it."""
import ctypes
import os
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

import numpy

OUT_OF_MEMORY, NO_CODE = 2, 6
AUTO, OURS, CUBLASLT = 0, 1, 2  # ingot_gemm
TYPES = {"float64": 1, "float32": 2, "float16": 3, "int64": 7, "int32": 8, "int16": 9, "int8": 10, "uint64": 12,
         "uint32": 13, "uint16": 14, "uint8": 15, "bool": 17}
NAMES = {number: name for name, number in TYPES.items()}


class Tensor(Structure):
    _fields_ = [("data", c_void_p), ("bytes", c_size_t), ("type", c_int), ("rank", c_int32), ("dims", c_int64 * 8),
                ("device", c_void_p), ("stream", c_void_p)]

    @property
    def shape(self):
        return tuple(self.dims[:self.rank])


class DeviceOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("name", c_char_p), ("allocator", c_void_p * 3), ("log", c_void_p),
                ("log_user", c_void_p), ("cpu_features", c_char_p), ("cuda_driver", c_char_p)]


class DeviceInfo(Structure):
    _fields_ = [("name", c_char_p), ("description", c_char_p), ("architecture", c_char_p), ("driver_version", c_int32),
                ("device_count", c_int32), ("multiprocessors", c_int32), ("memory_bytes", c_uint64)]


class SessionOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("threads", c_int32), ("pool", c_void_p * 2), ("cached_binds", c_int32),
                ("stream", c_void_p), ("gemm", c_int)]


class EntryInfo(Structure):
    _fields_ = [("name", c_char_p), ("input_count", c_uint32), ("output_count", c_uint32), ("step_count", c_uint32),
                ("peak_text", c_char_p)]


class TensorInfo(Structure):
    _fields_ = [("name", c_char_p), ("type", c_int), ("rank", c_int32), ("dims", c_int64 * 8),
                ("dim_texts", c_char_p * 8)]


class Dim(Structure):
    _fields_ = [("symbol", c_char_p), ("value", c_int64)]


class Memory(Structure):
    _fields_ = [("arena", c_uint64), ("worker_scratch", c_uint64), ("outputs", c_uint64), ("state", c_uint64),
                ("library", c_uint64)]


class StepProfile(Structure):
    _fields_ = [("step", c_uint32), ("name", c_char_p), ("kernel", c_char_p), ("nanoseconds", c_int64),
                ("flops", c_int64), ("bytes", c_int64)]  # and more, not read here


PROFILE = ctypes.CFUNCTYPE(None, c_void_p, POINTER(StepProfile))


class IngotError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Runtime:
    def __init__(self, library):
        self.api = ctypes.CDLL(library)
        self.api.ingot_error_message.restype = self.api.ingot_version.restype = c_char_p
        self.version = self.api.ingot_version().decode()

    def call(self, name, *arguments):
        function = getattr(self.api, name)
        function.restype = c_void_p
        error = function(*arguments)
        if error:
            error = c_void_p(error)
            found = IngotError(self.api.ingot_error_get_code(error), self.api.ingot_error_message(error).decode())
            self.api.ingot_error_destroy(error)
            raise found

    def device(self, name):
        return Device(self, name)


class Device:
    def __init__(self, runtime, name):
        self.runtime, self.handle = runtime, c_void_p()
        options = DeviceOptions(ctypes.sizeof(DeviceOptions), name.encode())
        runtime.call("ingot_device_create", byref(options), byref(self.handle))
        self.info = DeviceInfo()
        runtime.api.ingot_device_get_info(self.handle, byref(self.info))

    def load(self, path):
        return Model(self, path)


class Model:
    def __init__(self, device, path):
        self.device, self.runtime, self.handle = device, device.runtime, c_void_p()
        self.runtime.call("ingot_model_load", device.handle, os.fsencode(path), None, byref(self.handle))
        entry = EntryInfo()
        self.runtime.call("ingot_model_get_entry", self.handle, 0, byref(entry))
        self.steps = entry.step_count
        self.inputs = [self.info("input", i) for i in range(entry.input_count)]
        self.outputs = [self.info("output", i) for i in range(entry.output_count)]

    def info(self, kind, number):
        info = TensorInfo()
        self.runtime.call(f"ingot_model_get_{kind}", self.handle, 0, number, byref(info))
        return info

    def memory(self, **dims):
        memory = Memory()
        self.runtime.call("ingot_model_get_memory", self.handle, 0, dim_array(dims), c_size_t(len(dims)), byref(memory))
        return memory

    def session(self, stream=None, gemm=OURS):
        return Session(self, stream, gemm)

    def close(self):
        self.runtime.api.ingot_model_destroy(self.handle)


def dim_array(dims):
    return (Dim * len(dims))(*[Dim(name.encode(), value) for name, value in dims.items()])


class Session:
    def __init__(self, model, stream=None, gemm=OURS):
        self.model, self.runtime, self.handle, self.kept = model, model.runtime, c_void_p(), {}
        options = SessionOptions(ctypes.sizeof(SessionOptions), stream=stream, gemm=gemm)
        self.runtime.call("ingot_session_create", model.handle, byref(options), byref(self.handle))

    def set(self, inputs):
        """Arrays by name, borrowed until the next."""
        for name, value in inputs.items():
            value = numpy.ascontiguousarray(value)
            tensor = Tensor(value.ctypes.data, value.nbytes, TYPES[value.dtype.name], value.ndim)
            tensor.dims[:value.ndim] = value.shape
            self.kept[name] = value
            self.runtime.call("ingot_session_set_input", self.handle, name.encode(), byref(tensor))

    def set_on_device(self, kind, name, pointer, size, type_number, shape):
        """An input or output that stays in the GPU's memory."""
        tensor = Tensor(pointer, size, type_number, len(shape), device=self.model.device.handle)
        tensor.dims[:len(shape)] = shape
        self.runtime.call(f"ingot_session_set_{kind}", self.handle, name.encode(), byref(tensor))

    def run(self):
        self.runtime.call("ingot_session_run", self.handle)

    def time(self, count):
        """Milliseconds of a run, of `count` put on the device one behind the other, by its clock."""
        nanoseconds = c_int64()
        self.runtime.call("ingot_session_time", self.handle, count, byref(nanoseconds))
        return nanoseconds.value / count * 1e-6

    def profile(self):
        """[(kernel, nanoseconds, flops, bytes)] of one run, step by step."""
        steps = []

        @PROFILE
        def record(_, step):
            of = step.contents
            steps.append((of.kernel.decode(), of.nanoseconds, of.flops, of.bytes))

        self.runtime.call("ingot_session_set_profile", self.handle, record, None)
        try:
            self.run()
        finally:
            self.runtime.call("ingot_session_set_profile", self.handle, None, None)
        return steps

    def bind(self):
        self.runtime.call("ingot_session_bind", self.handle)

    def reserve(self, **dims):
        self.runtime.call("ingot_session_reserve", self.handle, dim_array(dims), c_size_t(len(dims)))

    def tensor(self, name):
        tensor = Tensor()
        self.runtime.call("ingot_session_get_output", self.handle, name.encode(), byref(tensor))
        return tensor

    def outputs(self):
        """Copies, by name."""
        found = {}
        for info in self.model.outputs:
            tensor = self.tensor(info.name.decode())
            data = ctypes.string_at(tensor.data, tensor.bytes) if tensor.bytes else b""
            found[info.name.decode()] = numpy.frombuffer(data, NAMES[tensor.type]).reshape(tensor.shape)
        return found

    def close(self):
        self.runtime.api.ingot_session_destroy(self.handle)
