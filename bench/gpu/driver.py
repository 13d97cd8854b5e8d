"""The CUDA driver through ctypes: a GPU's, or the emulated one, which exports the same functions."""
import ctypes
from ctypes import byref, c_char_p, c_float, c_int, c_size_t, c_uint32, c_uint64, c_void_p

import numpy

DEVICE_CLOCK, DEVICE_SMS, DEVICE_L2, DEVICE_MAJOR, DEVICE_MINOR = 13, 16, 38, 75, 76
MAX_DYNAMIC_SHARED = 8  # CUfunction_attribute
CAPTURE_THREAD = 1  # CUstreamCaptureMode
UNSIGNED = {1: 0, 2: 1, 4: 2, 8: 4}  # CUtensorMapDataType, by bytes of an element
SWIZZLES = [0, 32, 64, 128]  # bytes, in the order of CUtensorMapSwizzle
LOST = {*range(700, 720)} - {701}  # results after which the context answers nothing any more


class CudaError(Exception):
    def __init__(self, doing, code, text):
        super().__init__(f"{doing}: CUDA error {code}, {text}")
        self.code = code
        self.is_lost = code in LOST


def aligned_copy(value):
    """(memory, address of a copy in it): tensor maps want a multiple of 64."""
    memory = ctypes.create_string_buffer(len(value) + 64)
    address = ctypes.addressof(memory) + -ctypes.addressof(memory) % 64
    ctypes.memmove(address, value, len(value))
    return memory, address


class Driver:
    """One GPU's primary context, current on the thread that made it."""

    def __init__(self, library, ordinal=0):
        self.cuda = ctypes.CDLL(library)
        self.cuda.cuGetErrorString.argtypes = [c_int, c_void_p]
        self.call("cuInit", 0)
        device, context = c_int(), c_void_p()
        self.call("cuDeviceGet", byref(device), ordinal)
        self.device = device.value
        self.call("cuDevicePrimaryCtxRetain", byref(context), device)
        self.context = context
        self.make_current()

    def make_current(self):
        self.call("cuCtxSetCurrent", self.context)

    def call(self, name, *arguments):
        code = getattr(self.cuda, name)(*arguments)
        if code:
            text = c_char_p()
            self.cuda.cuGetErrorString(code, byref(text))
            raise CudaError(name, code, (text.value or b"unknown").decode())

    def attribute(self, number):
        value = c_int()
        self.call("cuDeviceGetAttribute", byref(value), number, self.device)
        return value.value

    @property
    def capability(self):
        return self.attribute(DEVICE_MAJOR), self.attribute(DEVICE_MINOR)

    def memory(self):
        """Bytes free, and in all."""
        free, total = c_size_t(), c_size_t()
        self.call("cuMemGetInfo_v2", byref(free), byref(total))
        return free.value, total.value

    def allocate(self, size):
        pointer = c_uint64()
        self.call("cuMemAlloc_v2", byref(pointer), c_size_t(size))
        return pointer.value

    def free(self, pointer):
        self.call("cuMemFree_v2", c_uint64(pointer))

    def upload(self, pointer, array):
        self.call("cuMemcpyHtoD_v2", c_uint64(pointer), c_void_p(array.ctypes.data), c_size_t(array.nbytes))

    def download(self, pointer, size):
        array = numpy.empty(size, numpy.uint8)
        self.call("cuMemcpyDtoH_v2", c_void_p(array.ctypes.data), c_uint64(pointer), c_size_t(size))
        return array

    def copy(self, to, source, size, stream=None):
        self.call("cuMemcpyDtoDAsync_v2", c_uint64(to), c_uint64(source), c_size_t(size), stream)

    def synchronize(self):
        self.call("cuCtxSynchronize")

    def stream(self):
        stream = c_void_p()
        self.call("cuStreamCreate", byref(stream), 1)
        return stream

    def load(self, image):
        """A module of an image in bytes: a cubin, or text that ends in a zero."""
        module, log = c_void_p(), ctypes.create_string_buffer(4096)
        options, values = (c_int * 2)(5, 6), (c_void_p * 2)(ctypes.addressof(log), len(log))
        try:
            self.call("cuModuleLoadDataEx", byref(module), c_char_p(image), 2, options, values)
        except CudaError as error:
            error.args = (f"{error} {log.value.decode(errors='replace')}".strip(),)
            raise
        return module

    def unload(self, module):
        self.call("cuModuleUnload", module)

    def function(self, module, name, shared=0):
        function = c_void_p()
        self.call("cuModuleGetFunction", byref(function), module, name.encode())
        if shared > 48 << 10:
            self.call("cuFuncSetAttribute", function, MAX_DYNAMIC_SHARED, shared)
        return function

    def launch(self, function, grid, threads, shared, parameters, stream=None):
        """`parameters`: the bytes of each."""
        buffers = [aligned_copy(value) for value in parameters]
        pointers = (c_void_p * max(1, len(buffers)))(*(address for _, address in buffers))
        self.call("cuLaunchKernel", function, *grid, threads, 1, 1, shared, stream, pointers, None)

    def captured(self, stream, launches):
        """(graph, executable) of what `launches()` puts into the stream."""
        graph, executable = c_void_p(), c_void_p()
        self.call("cuStreamBeginCapture_v2", stream, CAPTURE_THREAD)
        launches()
        self.call("cuStreamEndCapture", stream, byref(graph))
        self.call("cuGraphInstantiateWithFlags", byref(executable), graph, c_uint64(0))
        return graph, executable

    def launch_graph(self, executable, stream):
        self.call("cuGraphLaunch", executable, stream)

    def destroy_graph(self, graph, executable):
        self.call("cuGraphExecDestroy", executable)
        self.call("cuGraphDestroy", graph)

    def tensor_map(self, element_bytes, base, dims, strides, box, swizzle):
        """128 bytes for a kernel's parameter; strides in bytes, of dims 1 and up."""
        memory = ctypes.create_string_buffer(128 + 64)
        start = -ctypes.addressof(memory) % 64
        rank = len(dims)
        self.call("cuTensorMapEncodeTiled", c_void_p(ctypes.addressof(memory) + start), UNSIGNED[element_bytes], rank,
                  c_uint64(base), (c_uint64 * rank)(*dims), (c_uint64 * max(1, rank - 1))(*strides),
                  (c_uint32 * rank)(*box), (c_uint32 * rank)(*[1] * rank), 0, SWIZZLES.index(swizzle), 0, 0)
        return memory.raw[start:start + 128]

    def event(self):
        event = c_void_p()
        self.call("cuEventCreate", byref(event), 0)
        return event

    def record(self, event, stream=None):
        self.call("cuEventRecord", event, stream)

    def milliseconds(self, start, end):
        self.call("cuEventSynchronize", end)
        time = c_float()
        self.call("cuEventElapsedTime", byref(time), start, end)
        return time.value
