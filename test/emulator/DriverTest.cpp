// The driver's calls: what it is asked for, what it refuses, what a program
// forgot.
#include "Harness.h"

#include <filesystem>
#include <unistd.h>

namespace ingot::emulator {
namespace {

class DriverTest : public EmulatorTest {};

const char *const addOne = R"(
#include "vocabulary.cuh"
KERNEL(128, 2) add_one(u32 *x, int n) {
  for (int i = bid_x() * threads() + tid(); i < n; i += grid_x() * threads())
    x[i] += 1;
}
EXPORT_KERNEL(add_one)
KERNEL(32, 1) big(u32 *x) {
  u32 *s = shared_base<u32>();
  s[16383] = 7;
  *x = s[16383];
}
EXPORT_KERNEL(big)
)";

cu::Result launchOn(cu::Stream stream, Stub &stub, const DeviceBytes &x,
                    int n) {
  void *parameters[] = {const_cast<cu::Pointer *>(&x.pointer), &n};
  return driverTable().launchKernel(stub.function("add_one"), 2, 1, 1, 128, 1,
                                    1, 0, stream, parameters, nullptr);
}

TEST_F(DriverTest, DeviceAndErrors) {
  int version, count, value;
  EXPECT_EQ(cuda.driverGetVersion(&version), cu::success);
  EXPECT_EQ(version, 13000);
  EXPECT_EQ(cuda.deviceGetCount(&count), cu::success);
  EXPECT_EQ(count, 1);
  cu::Device device;
  EXPECT_EQ(cuda.deviceGet(&device, 0), cu::success);
  EXPECT_EQ(cuda.deviceGet(&device, 1), cu::invalidDevice);
  EXPECT_EQ(
      cuda.deviceGetAttribute(&value, cu::deviceComputeCapabilityMajor, 0),
      cu::success);
  EXPECT_EQ(value, 9);
  EXPECT_EQ(cuda.deviceGetAttribute(&value,
                                    cu::deviceMaxSharedMemoryPerBlockOptin, 0),
            cu::success);
  EXPECT_EQ(value, 227 << 10);
  const char *text;
  EXPECT_EQ(cuda.getErrorName(cu::outOfMemory, &text), cu::success);
  EXPECT_STREQ(text, "CUDA_ERROR_OUT_OF_MEMORY");
  EXPECT_EQ(cuda.getErrorName(static_cast<cu::Result>(12345), &text),
            cu::invalidValue);
  void *function;
  EXPECT_EQ(cuda.getProcAddress("cuMemAlloc", &function, 13000, 0, nullptr),
            cu::success);
  EXPECT_EQ(function, reinterpret_cast<void *>(cuda.memAlloc));
}

TEST_F(DriverTest, MemoryIsAlignedAndBounded) {
  size_t before, after, total;
  EXPECT_EQ(cuda.memGetInfo(&before, &total), cu::success);
  EXPECT_EQ(total, size_t(2) << 30);
  DeviceBytes a(100), b(5);
  EXPECT_EQ(a.pointer % 256, 0u);
  EXPECT_NE(a.pointer % 512, 0u);
  EXPECT_EQ(cuda.memGetInfo(&after, &total), cu::success);
  EXPECT_EQ(before - after, 105u);
  cu::Pointer p;
  EXPECT_EQ(cuda.memAlloc(&p, size_t(3) << 30), cu::outOfMemory);
  EXPECT_EQ(cuda.memAlloc(&p, 0), cu::invalidValue);
  EXPECT_EQ(cuda.memFree(a.pointer + 1), cu::invalidValue);
  EXPECT_EQ(cuda.memFree(0), cu::success);
  unsigned type;
  EXPECT_EQ(
      cuda.pointerGetAttribute(&type, cu::pointerMemoryType, a.pointer + 99),
      cu::success);
  EXPECT_EQ(type, 2u);
  int local;
  EXPECT_EQ(cuda.pointerGetAttribute(&type, cu::pointerMemoryType,
                                     reinterpret_cast<cu::Pointer>(&local)),
            cu::invalidValue);
  uint32_t word = 0;
  EXPECT_EQ(cuda.copyToDevice(b.pointer, &word, 4), cu::success);
  EXPECT_EQ(cuda.copyToDevice(b.pointer + 2, &word, 4), cu::invalidValue);
}

TEST_F(DriverTest, LaunchLimits) {
  Stub stub(addOne);
  cu::Function f = stub.function("add_one"), big = stub.function("big"), none;
  EXPECT_EQ(cuda.moduleGetFunction(&none, stub.module, "no_such"),
            cu::notFound);
  int value;
  EXPECT_EQ(
      cuda.functionGetAttribute(&value, cu::functionMaxThreadsPerBlock, f),
      cu::success);
  EXPECT_EQ(value, 128);
  DeviceArray<uint32_t> x(std::vector<uint32_t>(8));
  int n = 8;
  void *p[] = {&x.pointer, &n};
  EXPECT_EQ(cuda.launchKernel(f, 1, 1, 1, 256, 1, 1, 0, nullptr, p, nullptr),
            cu::invalidValue);
  EXPECT_EQ(cuda.launchKernel(f, 0, 1, 1, 128, 1, 1, 0, nullptr, p, nullptr),
            cu::invalidValue);
  EXPECT_EQ(
      cuda.launchKernel(f, 1, 65536, 1, 128, 1, 1, 0, nullptr, p, nullptr),
      cu::invalidValue);
  EXPECT_EQ(cuda.launchKernel(f, 1, 1, 1, 16, 2, 1, 0, nullptr, p, nullptr),
            cu::invalidValue);
  // More than 48 KB of shared memory must be asked for.
  EXPECT_EQ(
      cuda.launchKernel(big, 1, 1, 1, 1, 1, 1, 64 << 10, nullptr, p, nullptr),
      cu::invalidValue);
  EXPECT_EQ(cuda.functionSetAttribute(
                big, cu::functionMaxDynamicSharedSizeBytes, 228 << 10),
            cu::invalidValue);
  EXPECT_EQ(cuda.functionSetAttribute(
                big, cu::functionMaxDynamicSharedSizeBytes, 64 << 10),
            cu::success);
  EXPECT_EQ(
      cuda.launchKernel(big, 1, 1, 1, 1, 1, 1, 64 << 10, nullptr, p, nullptr),
      cu::success);
  EXPECT_EQ(x.get()[0], 7u);
}

TEST_F(DriverTest, StubsThatDoNotCompile) {
  std::string image =
      stubImage("#include \"vocabulary.cuh\"\nKERNEL(1, 1) f() { nonsense; }\n",
                "bad.cu");
  cu::Module module;
  char log[4096];
  cu::JitOption options[] = {cu::jitErrorLogBuffer,
                             cu::jitErrorLogBufferSizeBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  EXPECT_EQ(cuda.moduleLoadDataEx(&module, image.c_str(), 2, options, values),
            cu::invalidPtx);
  EXPECT_NE(std::string(log).find("bad.cu:2"), std::string::npos) << log;
  EXPECT_EQ(cuda.moduleLoadData(&module, "\177ELF..."), cu::noBinaryForGpu);
  EXPECT_EQ(cuda.moduleLoadData(&module, "what is this"), cu::invalidImage);
}

// Nothing runs before it is waited for, so a forgotten wait shows.
TEST_F(DriverTest, WorkIsDeferred) {
  Stub stub(addOne);
  cu::Stream stream;
  ASSERT_EQ(cuda.streamCreate(&stream, cu::streamNonBlocking), cu::success);
  DeviceArray<uint32_t> x(std::vector<uint32_t>{1, 2, 3});
  void *host;
  ASSERT_EQ(cuda.memHostAlloc(&host, 12, 0), cu::success);
  auto *back = static_cast<uint32_t *>(host);
  back[0] = 100;
  EXPECT_EQ(launchOn(stream, stub, x, 3), cu::success);
  EXPECT_EQ(cuda.copyToHostAsync(back, x.pointer, 12, stream), cu::success);
  EXPECT_EQ(back[0], 100u);
  // A stream that does not block the default stream is not waited for by its
  // copies.
  EXPECT_EQ(x.get(), (std::vector<uint32_t>{1, 2, 3}));
  EXPECT_EQ(cuda.streamSynchronize(stream), cu::success);
  EXPECT_EQ(back[0], 2u);
  EXPECT_EQ(back[2], 4u);
  // Pinned memory is read when the copy's turn comes.
  back[0] = 7;
  EXPECT_EQ(cuda.copyToDeviceAsync(x.pointer, back, 4, stream), cu::success);
  back[0] = 8;
  EXPECT_EQ(cuda.streamSynchronize(stream), cu::success);
  EXPECT_EQ(x.get()[0], 8u);
  // Pageable memory is copied at once.
  uint32_t local = 9;
  EXPECT_EQ(cuda.copyToDeviceAsync(x.pointer, &local, 4, stream), cu::success);
  local = 10;
  EXPECT_EQ(cuda.streamSynchronize(stream), cu::success);
  EXPECT_EQ(x.get()[0], 9u);
  EXPECT_EQ(cuda.memFreeHost(host), cu::success);
  EXPECT_EQ(cuda.streamDestroy(stream), cu::success);
  EXPECT_EQ(cuda.streamSynchronize(stream), cu::invalidHandle);
}

TEST_F(DriverTest, DefaultStreamWaitsForBlockingOnes) {
  Stub stub(addOne);
  cu::Stream stream;
  ASSERT_EQ(cuda.streamCreate(&stream, 0), cu::success);
  DeviceArray<uint32_t> x(std::vector<uint32_t>{1});
  EXPECT_EQ(launchOn(stream, stub, x, 1), cu::success);
  EXPECT_EQ(launchOn(nullptr, stub, x, 1), cu::success);
  EXPECT_EQ(x.get()[0], 3u);
  EXPECT_EQ(cuda.streamDestroy(stream), cu::success);
}

TEST_F(DriverTest, EventsOrderStreams) {
  Stub stub(addOne);
  cu::Stream a, b;
  cu::Event event, end;
  ASSERT_EQ(cuda.streamCreate(&a, cu::streamNonBlocking), cu::success);
  ASSERT_EQ(cuda.streamCreate(&b, cu::streamNonBlocking), cu::success);
  ASSERT_EQ(cuda.eventCreate(&event, 0), cu::success);
  ASSERT_EQ(cuda.eventCreate(&end, 0), cu::success);
  DeviceArray<uint32_t> x(std::vector<uint32_t>{1}), y(1);
  EXPECT_EQ(cuda.eventQuery(event), cu::success); // never recorded
  EXPECT_EQ(launchOn(a, stub, x, 1), cu::success);
  EXPECT_EQ(cuda.eventRecord(event, a), cu::success);
  EXPECT_EQ(cuda.eventQuery(event), cu::notReady);
  EXPECT_EQ(cuda.streamWaitEvent(b, event, 0), cu::success);
  EXPECT_EQ(cuda.copyOnDeviceAsync(y.pointer, x.pointer, 4, b), cu::success);
  EXPECT_EQ(cuda.eventRecord(end, b), cu::success);
  float milliseconds;
  EXPECT_EQ(cuda.eventElapsedTime(&milliseconds, event, end), cu::notReady);
  EXPECT_EQ(cuda.eventSynchronize(end), cu::success);
  EXPECT_EQ(cuda.eventElapsedTime(&milliseconds, event, end), cu::success);
  EXPECT_GE(milliseconds, 0);
  EXPECT_EQ(y.get()[0], 2u);
  for (cu::Event e : {event, end})
    EXPECT_EQ(cuda.eventDestroy(e), cu::success);
  for (cu::Stream s : {a, b})
    EXPECT_EQ(cuda.streamDestroy(s), cu::success);
}

TEST_F(DriverTest, FreeingWhatIsInUse) {
  Stub stub(addOne);
  cu::Stream stream;
  ASSERT_EQ(cuda.streamCreate(&stream, 0), cu::success);
  DeviceArray<uint32_t> x(std::vector<uint32_t>{1, 2});
  EXPECT_EQ(launchOn(stream, stub, x, 2), cu::success);
  EXPECT_EQ(cuda.memFree(x.pointer), cu::illegalAddress);
  EXPECT_NE(
      control("report").find(
          "freed while in use: cuMemFree_v2 of 8 bytes that kernel add_one"),
      std::string::npos)
      << control("report");
  // The context is of no use any more.
  EXPECT_EQ(cuda.streamSynchronize(stream), cu::illegalAddress);
  control("revive");
  EXPECT_EQ(cuda.streamSynchronize(stream), cu::success);
  EXPECT_EQ(cuda.streamDestroy(stream), cu::success);
}

TEST_F(DriverTest, UseAfterFree) {
  Stub stub(addOne);
  cu::Pointer stale;
  {
    DeviceArray<uint32_t> x(std::vector<uint32_t>{1, 2});
    stale = x.pointer;
  }
  EXPECT_EQ(stub.launch("add_one", {1}, 32, 0, stale, 2), cu::illegalAddress);
  EXPECT_NE(control("report").find("use after free: 4-byte read of byte 0 of "
                                   "an allocation of 8 bytes that was freed"),
            std::string::npos)
      << control("report");
}

TEST_F(DriverTest, UnwrittenResults) {
  DeviceArray<uint32_t> x(2);
  uint32_t word;
  EXPECT_EQ(cuda.copyToHost(&word, x.pointer, 4), cu::launchFailed);
  EXPECT_NE(control("report").find(
                "uninitialized: a copy of 4 bytes to the host reads byte 0"),
            std::string::npos);
  control("reset");
  DeviceArray<uint32_t> y(2);
  EXPECT_EQ(cuda.copyOnDeviceAsync(y.pointer, x.pointer, 8, nullptr),
            cu::success);
  EXPECT_EQ(cuda.copyToHost(&word, y.pointer, 4),
            cu::launchFailed); // copying does not make it written
}

TEST_F(DriverTest, InjectedFaultsAndRecords) {
  cu::Pointer p;
  control("record on; fail cuMemAlloc_v2 2 2");
  EXPECT_EQ(cuda.memAlloc(&p, 8), cu::success);
  EXPECT_EQ(cuda.memFree(p), cu::success);
  EXPECT_EQ(cuda.memAlloc(&p, 8), cu::outOfMemory);
  EXPECT_EQ(cuda.memAlloc(&p, 8), cu::success);
  EXPECT_EQ(cuda.memFree(p), cu::success);
  EXPECT_EQ(control("calls"), "cuMemAlloc_v2 0\ncuMemFree_v2 0\ncuMemAlloc_v2 "
                              "2\ncuMemAlloc_v2 0\ncuMemFree_v2 0\n");
  control("fail * 2 719 sticky"); // device lost
  size_t a, b;
  EXPECT_EQ(cuda.memGetInfo(&a, &b), cu::success);
  EXPECT_EQ(cuda.memGetInfo(&a, &b), cu::launchFailed);
  EXPECT_EQ(cuda.memGetInfo(&a, &b), cu::launchFailed);
  control("fail off");
  EXPECT_EQ(cuda.memGetInfo(&a, &b), cu::success);
}

// For a GPU to repeat: one file a stub and a launch, none of what failed.
TEST_F(DriverTest, LaunchesAreRecorded) {
  namespace fs = std::filesystem;
  fs::path folder = fs::path(testing::TempDir()) /
                    ("ingot-launches-" + std::to_string(getpid()));
  control("launches " + folder.string());
  Stub stub(addOne);
  std::vector<uint32_t> three{1, 2, 3};
  auto launch = [&](int n) {
    DeviceArray<uint32_t> x(three);
    return stub.launch("add_one", {1}, 128, 0, x, n);
  };
  EXPECT_EQ(launch(3), cu::success);
  EXPECT_EQ(launch(3), cu::success); // the same again
  EXPECT_EQ(launch(2), cu::success); // another scalar
  EXPECT_NE(launch(4), cu::success); // out of bounds
  control("revive; launches off");
  EXPECT_EQ(launch(1), cu::success);
  int stubs = 0, launches = 0;
  for (const auto &file : fs::directory_iterator(folder)) {
    stubs += file.path().extension() == ".stub";
    launches += file.path().extension() == ".launch";
    std::string content = readFile(file.path());
    if (file.path().extension() == ".stub") {
      EXPECT_EQ(content, std::string("#line 1 \"stub.cu\"\n") + addOne);
      continue;
    }
    EXPECT_EQ(content.rfind("{\"kernel\": \"add_one\", \"grid\": [1, 1, 1], "
                            "\"threads\": 128, \"shared\": 0, "
                            "\"buffers\": [12], \"parameters\": [{\"hex\": "
                            "\"0000000000000000\", \"places\": [[0, 0, 0]]}",
                            0),
              0u)
        << content;
    // 12 bytes, all written, twice.
    size_t data = content.find('\n') + 1;
    ASSERT_EQ(content.size() - data, 48u);
    EXPECT_EQ(content[data], 1);
    EXPECT_EQ(content[data + 24], 2);
    EXPECT_EQ(content.substr(data + 12, 12), std::string(12, '\1'));
  }
  EXPECT_EQ(stubs, 1);
  EXPECT_EQ(launches, 2);
  fs::remove_all(folder);
}

TEST_F(DriverTest, LeaksAreListed) {
  EXPECT_EQ(control("leaks"), "1 of cuDevicePrimaryCtxRetain\n");
  cu::Pointer p;
  cu::Event event;
  EXPECT_EQ(cuda.memAlloc(&p, 24), cu::success);
  EXPECT_EQ(cuda.eventCreate(&event, 0), cu::success);
  EXPECT_EQ(control("leaks"), "cuMemAlloc_v2: 24 bytes\n1 of cuEventCreate\n1 "
                              "of cuDevicePrimaryCtxRetain\n");
  EXPECT_EQ(cuda.memFree(p), cu::success);
  EXPECT_EQ(cuda.eventDestroy(event), cu::success);
}

TEST_F(DriverTest, ContextIsNeeded) {
  EXPECT_EQ(cuda.contextSetCurrent(nullptr), cu::success);
  cu::Pointer p;
  EXPECT_EQ(cuda.memAlloc(&p, 8), cu::invalidContext);
  EXPECT_EQ(cuda.primaryContextRelease(0), cu::success);
  EXPECT_EQ(cuda.primaryContextRelease(0), cu::invalidContext);
  cu::Context context;
  EXPECT_EQ(cuda.primaryContextRetain(&context, 0), cu::success);
}

} // namespace
} // namespace ingot::emulator
