// Runs on a GPU, through the emulated driver.
#include "test/runtime/cuda/Emulated.h"

#include <thread>

namespace ingot::test {
namespace {

std::vector<float> iota(size_t size) {
  std::vector<float> result(size);
  for (size_t i = 0; i < size; ++i)
    result[i] = float(i);
  return result;
}

std::vector<float> doubled(std::vector<float> x) {
  for (float &v : x)
    v *= 2;
  return x;
}

class CudaRun : public CudaTest {
protected:
  /// Session on the emulated device.
  ingot_session *start(Maker &maker,
                       const ingot_session_options *options = nullptr,
                       const char *target = "sm_80") {
    toCuda(maker, target);
    TemporaryFile file(maker.bytes());
    ingot_model *model = nullptr;
    EXPECT_TRUE(ok(ingot_model_load(device(), file.path(), nullptr, &model)));
    ingot_session *session = nullptr;
    if (model) {
      EXPECT_TRUE(ok(ingot_session_create(model, options, &session)));
    }
    ingot_model_destroy(model);
    sessions.push_back(session);
    return session;
  }
  void TearDown() override {
    for (ingot_session *session : sessions)
      ingot_session_destroy(session);
    CudaTest::TearDown();
  }
  std::vector<ingot_session *> sessions;
};

ingot_error *run(ingot_session *session, std::vector<float> &x) {
  ingot_tensor t = tensor(x, {1, int64_t(x.size())});
  if (ingot_error *error = ingot_session_set_input(session, "x", &t))
    return error;
  return ingot_session_run(session);
}

TEST_F(CudaRun, DynamicDims) {
  Maker m = doubling();
  ingot_session *session = start(m);
  for (int64_t sequence : {1, 3, 0, 512, 3, 100}) {
    std::vector<float> x = iota(size_t(2 * sequence));
    ingot_tensor t = tensor(x, {2, sequence});
    ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
    ASSERT_TRUE(ok(ingot_session_run(session)));
    EXPECT_EQ(dims(output(session, "y")), (std::vector<int64_t>{2, sequence}));
    EXPECT_EQ(values<float>(output(session, "y")), doubled(x));
  }
}

class CudaEmbedding : public CudaRun {
protected:
  ingot_error *runIds(ingot_session *session, std::vector<int64_t> newIds) {
    ids = newIds;
    auto size = int64_t(ids.size());
    x = iota(size_t(size) * 4);
    ingot_tensor i = tensor(ids, {1, size}), t = tensor(x, {1, size, 4});
    EXPECT_TRUE(ok(ingot_session_set_input(session, "ids", &i)));
    EXPECT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
    return ingot_session_run(session);
  }
  std::vector<float> expected() {
    std::vector<float> y = x;
    for (size_t i = 0; i < y.size(); ++i)
      y[i] += float((ids[i / 4] < 0 ? ids[i / 4] + 10 : ids[i / 4]) * 4 +
                    int64_t(i % 4));
    return y;
  }
  Maker maker = embedding();
  std::vector<int64_t> ids;
  std::vector<float> x;
};

TEST_F(CudaEmbedding, WeightsScratchAndPassedThroughInput) {
  ingot_session *session = start(maker);
  ASSERT_TRUE(ok(runIds(session, {3, 9, -1, 0})));
  EXPECT_EQ(values<float>(output(session, "y")), expected());
  EXPECT_EQ(values<int64_t>(output(session, "ids_out")), ids);
  EXPECT_EQ(output(session, "y").device, nullptr);
}

TEST_F(CudaEmbedding, FilledWeights) {
  maker.artifact.blobs[0]->fill = std::make_unique<Fill>(7, 3.0f, 0.5f);
  Model onCpu(maker);
  Session session(onCpu, 1);
  ASSERT_TRUE(ok(runIds(session, {3, 9, 0})));
  std::vector<float> y = values<float>(output(session, "y"));
  ingot_session *onGpu = start(maker);
  ASSERT_TRUE(ok(runIds(onGpu, {3, 9, 0})));
  EXPECT_EQ(values<float>(output(onGpu, "y")), y);
}

TEST_F(CudaEmbedding, TimedRuns) {
  ingot_session *session = start(maker);
  ASSERT_TRUE(ok(runIds(session, {3, 9, 1})));
  int64_t nanoseconds = 0;
  ASSERT_TRUE(ok(ingot_session_time(session, 1, &nanoseconds)));
  control("record on");
  ASSERT_TRUE(ok(ingot_session_time(session, 3, &nanoseconds)));
  EXPECT_EQ(control("calls"), "cuCtxPushCurrent_v2 0\n"
                              "cuEventRecord 0\n"
                              "cuGraphLaunch 0\n"
                              "cuGraphLaunch 0\n"
                              "cuGraphLaunch 0\n"
                              "cuEventRecord 0\n"
                              "cuStreamSynchronize 0\n"
                              "cuEventElapsedTime 0\n"
                              "cuCtxPopCurrent_v2 0\n");
  control("record off");
  EXPECT_GT(nanoseconds, 0);
  EXPECT_EQ(values<float>(output(session, "y")), expected());
  ASSERT_TRUE(ok(runIds(session, {1, 2, 3})));
  EXPECT_EQ(values<float>(output(session, "y")), expected());
}

TEST_F(CudaEmbedding, EmptyInputsDisableNodes) {
  ingot_session *session = start(maker);
  for (size_t size : {0, 3, 0, 0, 500, 3}) {
    std::vector<int64_t> many(size, 7);
    ASSERT_TRUE(ok(runIds(session, many)));
    EXPECT_EQ(values<float>(output(session, "y")), expected());
    EXPECT_EQ(values<int64_t>(output(session, "ids_out")), many);
  }
}

TEST_F(CudaEmbedding, IndexOutOfRange) {
  ingot_session *session = start(maker);
  EXPECT_TRUE(fails(runIds(session, {3, 10, 4}), INGOT_ERROR_DATA,
                    {"step 'gather0' (node '/node/gather')",
                     "index 10 is outside [-10, 10)"}));
  EXPECT_TRUE(
      fails(runIds(session, {3, 4, -11}), INGOT_ERROR_DATA, {"index -11"}));
  ASSERT_TRUE(ok(runIds(session, {3, 4}))); // the session stays usable
  EXPECT_EQ(values<float>(output(session, "y")), expected());
}

TEST_F(CudaEmbedding, HostOutputsOfTheCaller) {
  ingot_session *session = start(maker);
  std::vector<float> y(12);
  std::vector<int64_t> out(3);
  ingot_tensor ty = tensor(y, {1, 3, 4}), tout = tensor(out, {1, 3});
  ASSERT_TRUE(ok(ingot_session_set_output(session, "y", &ty)));
  ASSERT_TRUE(ok(ingot_session_set_output(session, "ids_out", &tout)));
  ASSERT_TRUE(ok(runIds(session, {3, 9, 1})));
  EXPECT_EQ(y, expected());
  EXPECT_EQ(out, ids);
  EXPECT_EQ(output(session, "y").data, y.data());
  ASSERT_TRUE(ok(ingot_session_set_output(session, "y", nullptr)));
  ASSERT_TRUE(ok(runIds(session, {1, 2, 3})));
  EXPECT_EQ(values<float>(output(session, "y")), expected());
  EXPECT_EQ(out, ids);
}

// After the first run of a shape: a graph launch, a wait, nothing else.
// Whatever the pointers of host tensors are.
TEST_F(CudaEmbedding, OneGraphLaunchARun) {
  ingot_session *session = start(maker);
  ASSERT_TRUE(ok(runIds(session, {3, 9, 1})));
  for (int i = 0; i < 2; ++i) {
    std::vector<int64_t> other = {1, 2, 3};
    std::vector<float> otherX = iota(12);
    ingot_tensor ti = tensor(other, {1, 3}), tx = tensor(otherX, {1, 3, 4});
    ASSERT_TRUE(ok(ingot_session_set_input(session, "ids", &ti)));
    ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &tx)));
    control("record on");
    ASSERT_TRUE(ok(ingot_session_run(session)));
    EXPECT_EQ(control("calls"), "cuCtxPushCurrent_v2 0\n"
                                "cuGraphLaunch 0\n"
                                "cuStreamSynchronize 0\n"
                                "cuCtxPopCurrent_v2 0\n");
    control("record off");
    EXPECT_EQ(values<int64_t>(output(session, "ids_out")), other);
  }
}

// Another shape changes nodes of the same graph: nothing is allocated as long
// as the memory suffices, nothing is instantiated again.
TEST_F(CudaEmbedding, NewShapesUpdateTheGraph) {
  ingot_session *session = start(maker);
  ASSERT_TRUE(ok(runIds(session, std::vector<int64_t>(100, 1))));
  control("record on");
  for (size_t size : {3, 100, 0, 50}) {
    ASSERT_TRUE(ok(runIds(session, std::vector<int64_t>(size, 2))));
    EXPECT_EQ(values<float>(output(session, "y")), expected());
  }
  std::string calls = control("calls");
  control("record off");
  for (const char *no : {"Alloc", "Free", "Instantiate", "AddKernel"})
    EXPECT_EQ(calls.find(no), std::string::npos) << calls;
  EXPECT_NE(calls.find("cuGraphExecKernelNodeSetParams_v2"), std::string::npos);
}

TEST_F(CudaEmbedding, ReserveAndBindPayEarly) {
  ingot_session *session = start(maker);
  ingot_dim reserved[] = {{"batch", 2}};
  ASSERT_TRUE(ok(ingot_session_reserve(session, reserved, 1)));
  control("record on");
  ids = std::vector<int64_t>(1024, 3);
  x = iota(4096);
  ingot_tensor i = tensor(ids, {2, 512}), t = tensor(x, {2, 512, 4});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "ids", &i)));
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  ASSERT_TRUE(ok(ingot_session_bind(session)));
  EXPECT_EQ(control("calls").find("Alloc"), std::string::npos);
  EXPECT_NE(control("calls").find("Instantiate"), std::string::npos);
  control("record on");
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(control("calls").find("Instantiate"), std::string::npos);
  control("record off");
  EXPECT_EQ(values<float>(output(session, "y")), expected());
}

/// How often a call was made since `record on`.
size_t timesCalled(const std::string &call) {
  std::string calls = "\n" + control("calls"), line = "\n" + call + " 0\n";
  size_t count = 0;
  for (size_t at = 0; (at = calls.find(line, at)) != std::string::npos; ++at)
    ++count;
  return count;
}

/// Kernels that wait for those before them.
class CudaOverlap : public CudaEmbedding {
protected:
  CudaOverlap() {
    control("arch 90");
    for (auto &kernel : maker.target().kernels)
      kernel->waits = true;
  }
  ingot_session *start() { return CudaRun::start(maker, nullptr, "sm_90"); }
  void runs(ingot_session *session, size_t size) {
    ASSERT_TRUE(ok(runIds(session, std::vector<int64_t>(size, 7))));
    EXPECT_EQ(values<float>(output(session, "y")), expected());
    EXPECT_EQ(values<int64_t>(output(session, "ids_out")), ids);
  }
};

TEST_F(CudaOverlap, KernelsAndNothingElse) {
  ingot_session *session = start();
  control("record on");
  runs(session, 5);
  // Two kernels between an upload, a copy and a download.
  EXPECT_EQ(timesCalled("cuGraphAddKernelNode_v2"), 2u);
  EXPECT_EQ(timesCalled("cuGraphAddDependencies_v2"), 1u);
  // Other shapes in place.
  control("record on");
  runs(session, 300);
  EXPECT_EQ(timesCalled("cuGraphInstantiateWithFlags"), 0u);
  EXPECT_GT(timesCalled("cuGraphExecKernelNodeSetParams_v2"), 0u);
  auto ignore = [](void *, const ingot_step_profile *) {};
  ASSERT_TRUE(ok(ingot_session_set_profile(session, ignore, nullptr)));
  runs(session, 4);
  control("record off");
}

TEST_F(CudaOverlap, BothMustWait) {
  for (auto &kernel : maker.target().kernels)
    kernel->waits = kernel->name != "add";
  ingot_session *session = start();
  control("record on");
  runs(session, 5);
  EXPECT_EQ(timesCalled("cuGraphAddDependencies_v2"), 0u);
  control("record off");
}

TEST_F(CudaOverlap, EdgesThatFail) {
  ingot_session *session = start();
  control("fail cuGraphAddDependencies_v2 1 1");
  EXPECT_TRUE(fails(runIds(session, {1, 2}), INGOT_ERROR_DEVICE,
                    {"making a graph", "CUDA_ERROR_INVALID_VALUE"}));
  runs(session, 5);
}

TEST_F(CudaOverlap, DriversBefore123) {
  control("driver 12020");
  ingot_session *session = start();
  control("record on");
  runs(session, 5);
  EXPECT_EQ(timesCalled("cuGraphAddKernelNode_v2"), 2u);
  EXPECT_EQ(timesCalled("cuGraphAddDependencies_v2"), 0u);
  // Empty nodes are made so in place.
  control("record on");
  runs(session, 0);
  runs(session, 3);
  EXPECT_EQ(timesCalled("cuGraphInstantiateWithFlags"), 0u);
  control("record off");
}

/// An edge between kernels has no empty end: the graph is made anew, and then
/// keeps plain edges there.
TEST_F(CudaOverlap, EmptyNodes) {
  ingot_session *session = start();
  runs(session, 5);
  control("record on");
  runs(session, 0);
  EXPECT_EQ(timesCalled("cuGraphInstantiateWithFlags"), 1u);
  EXPECT_EQ(timesCalled("cuGraphAddDependencies_v2"), 0u);
  control("record on");
  for (size_t size : {3, 0, 200})
    runs(session, size);
  EXPECT_EQ(timesCalled("cuGraphInstantiateWithFlags"), 0u);
  control("record off");
}

/// Steps that take each other's place are no nodes where they are empty, so
/// that their neighbours overlap; the graph is made anew where others do.
TEST_F(CudaOverlap, StepsInEachOthersPlace) {
  uint32_t length = maker.node(ExprOp::Symbol, maker.symbolNumber("sequence")),
           isMany = maker.node(ExprOp::GeZero, maker.node(ExprOp::Sub, length,
                                                          maker.constant(100)));
  auto &steps = maker.plan().steps;
  auto other = std::make_unique<StepT>(*steps[1]);
  uint32_t tasks = other->grid->x();
  for (StepT *step : {steps[1].get(), other.get()}) {
    bool isOther = step == other.get();
    step->alternates = true;
    *step->grid =
        Grid(maker.node(ExprOp::Select, isMany, isOther ? tasks : maker.zero,
                        isOther ? maker.zero : tasks),
             maker.one, maker.one);
  }
  steps.insert(steps.begin() + 2, std::move(other));
  ingot_session *session = start();
  for (size_t size : {5, 300}) {
    control("record on");
    runs(session, size);
    EXPECT_EQ(timesCalled("cuGraphInstantiateWithFlags"), 1u) << size;
    EXPECT_EQ(timesCalled("cuGraphAddKernelNode_v2"), 2u) << size;
    EXPECT_EQ(timesCalled("cuGraphAddDependencies_v2"), 1u) << size;
  }
  control("record on");
  runs(session, 200);
  EXPECT_EQ(timesCalled("cuGraphInstantiateWithFlags"), 0u);
  control("record off");
}

/// Seen on an H200: what copies inputs and the status was not set again where
/// larger memory lay at the old address, and the next run crashed.
TEST_F(CudaRun, MemoryAnewAtTheSameAddress) {
  control("reuse on");
  Maker m = doubling();
  ingot_session *session = start(m);
  // With the output elsewhere only what is uploaded grows.
  DeviceValues y(device(), std::vector<float>(400));
  for (size_t size : {1, 400, 7, 300}) {
    std::vector<float> x = iota(size);
    ingot_tensor ty = y.tensor({1, int64_t(size)});
    ASSERT_TRUE(ok(ingot_session_set_output(session, "y", &ty)));
    ASSERT_TRUE(ok(run(session, x)));
    std::vector<float> got = y.get();
    got.resize(size);
    EXPECT_EQ(got, doubled(x));
  }
  control("reuse off");
}

TEST_F(CudaRun, TensorsOnTheDevice) {
  Maker m = doubling();
  ingot_session *session = start(m);
  ingot_device *gpu = device();
  std::vector<float> host = iota(100);
  DeviceValues x(gpu, host), y(gpu, std::vector<float>(100));
  DeviceValues other(gpu, doubled(host));
  ingot_tensor tx = x.tensor({1, 100}), ty = y.tensor({1, 100});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &tx)));
  ASSERT_TRUE(ok(ingot_session_set_output(session, "y", &ty)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(y.get(), doubled(host));
  EXPECT_EQ(output(session, "y").data, ty.data);
  EXPECT_EQ(output(session, "y").device, gpu);
  // Other memory: the node is patched, nothing else.
  tx = other.tensor({1, 100});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &tx)));
  control("record on");
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(control("calls"), "cuCtxPushCurrent_v2 0\n"
                              "cuGraphExecKernelNodeSetParams_v2 0\n"
                              "cuCtxPopCurrent_v2 0\n"
                              "cuCtxPushCurrent_v2 0\n"
                              "cuGraphLaunch 0\n"
                              "cuStreamSynchronize 0\n"
                              "cuCtxPopCurrent_v2 0\n");
  control("record off");
  EXPECT_EQ(y.get(), doubled(doubled(host)));
  // Mixed, and back.
  ASSERT_TRUE(ok(ingot_session_set_output(session, "y", nullptr)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(values<float>(output(session, "y")), doubled(doubled(host)));
  ASSERT_TRUE(ok(run(session, host)));
  EXPECT_EQ(values<float>(output(session, "y")), doubled(host));
}

TEST_F(CudaRun, TensorsThatAreElsewhere) {
  control("devices 2");
  Maker m = doubling();
  ingot_session *session = start(m);
  ingot_device *first = device(), *second = device("emulated:1");
  std::vector<float> host = iota(8);
  ingot_device *cpu = nullptr;
  ASSERT_TRUE(ok(ingot_device_create(nullptr, &cpu)));
  ingot_tensor t = tensor(host, {1, 8});
  t.device = cpu; // as good as none
  EXPECT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  {
    DeviceValues here(first, host);
    t = here.tensor({1, 8});
    EXPECT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
    t.device = second;
    EXPECT_TRUE(fails(ingot_session_set_input(session, "x", &t),
                      INGOT_ERROR_INVALID_ARGUMENT,
                      {"input 'x' is in memory of emulated:1",
                       "this session runs on emulated:0"}));
    t.device = nullptr;
    EXPECT_TRUE(fails(ingot_session_set_input(session, "x", &t),
                      INGOT_ERROR_INVALID_ARGUMENT,
                      {"input 'x' is in GPU memory", "says host"}));
    t = here.tensor({1, 7});
    t.data = static_cast<char *>(t.data) + 4;
    t.bytes -= 4;
    EXPECT_TRUE(fails(ingot_session_set_input(session, "x", &t),
                      INGOT_ERROR_INVALID_ARGUMENT, {"aligned to 16 bytes"}));
  }
  {
    DeviceValues there(second, host, 1);
    t = there.tensor({1, 8});
    t.device = first;
    EXPECT_TRUE(fails(ingot_session_set_input(session, "x", &t),
                      INGOT_ERROR_INVALID_ARGUMENT,
                      {"is on GPU 1", "says emulated:0"}));
  }
  t = tensor(host, {1, 8});
  t.device = first;
  EXPECT_TRUE(fails(ingot_session_set_input(session, "x", &t),
                    INGOT_ERROR_INVALID_ARGUMENT,
                    {"in host memory", "says emulated:0"}));
  // A session on the CPU.
  Maker other = doubling();
  Model model(other, nullptr, cpu);
  Session onCpu(model);
  EXPECT_TRUE(fails(ingot_session_set_input(onCpu, "x", &t),
                    INGOT_ERROR_INVALID_ARGUMENT,
                    {"in memory of emulated:0", "runs on this CPU"}));
  ingot_device_destroy(cpu);
  ASSERT_TRUE(ok(run(session, host)));
}

TEST_F(CudaRun, ElementsThatDecideShapesAreHostMemory) {
  Maker m;
  uint32_t n = m.symbol("n");
  m.input("n", ElementType::I64, {m.one});
  m.output("y", ElementType::F32, {n});
  m.source("n", SourceKind::InputElement, 0, 0);
  uint32_t bytes = m.mul(n, m.constant(4));
  uint32_t y = m.buffer(BufferKind::Output, 0, bytes);
  auto fill = std::make_unique<StepT>();
  fill->kind = StepKind::Fill;
  fill->args = {m.pointer(y), m.integer(bytes), m.integer(m.zero)};
  m.plan().steps.push_back(std::move(fill));
  ingot_session *session = start(m);
  std::vector<int64_t> three = {3};
  ingot_tensor t = tensor(three, {1});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "n", &t)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(values<float>(output(session, "y")), std::vector<float>(3));
  DeviceValues there(device(), {3, 0});
  t = there.tensor({1});
  t.type = INGOT_TYPE_I64;
  EXPECT_TRUE(fails(ingot_session_set_input(session, "n", &t),
                    INGOT_ERROR_INVALID_ARGUMENT,
                    {"'n' decides shapes", "host memory"}));
}

TEST_F(CudaRun, StreamsOfTheCaller) {
  Maker m = doubling();
  ingot_device *gpu = device();
  std::vector<float> host = iota(64);
  DeviceValues x(gpu, host), source(gpu, doubled(host));
  const auto &driver = DeviceValues::driver();
  cuda::Stream mine = nullptr, runs = nullptr;
  for (cuda::Stream *stream : {&mine, &runs})
    ASSERT_EQ(driver.streamCreate(stream, cuda::streamNonBlocking), 0);
  ingot_session_options options = INGOT_SESSION_OPTIONS_INIT;
  options.stream = runs;
  ingot_session *session = start(m, &options);
  ingot_tensor t = x.tensor({1, 64});
  t.stream = mine;
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  // Written on our stream before the run, though nobody waits for it.
  auto pointer = [](const ingot_tensor &tensor) {
    return reinterpret_cast<cuda::Pointer>(tensor.data);
  };
  ASSERT_EQ(driver.copyOnDeviceAsync(pointer(t), pointer(source.tensor({})),
                                     256, mine),
            0);
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(values<float>(output(session, "y")), doubled(doubled(host)));
  // The same for memory of the host.
  std::vector<float> landing(64);
  ASSERT_EQ(driver.copyToHostAsync(landing.data(), pointer(t), 256, mine), 0);
  t = tensor(landing, {1, 64});
  t.stream = mine;
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(values<float>(output(session, "y")), doubled(doubled(host)));
  ingot_session_destroy(session);
  sessions.clear();
  for (cuda::Stream stream : {mine, runs})
    EXPECT_EQ(driver.streamDestroy(stream), 0); // still ours
}

TEST_F(CudaRun, StateOutlivesRunsAndIsSharedByEntries) {
  Maker m;
  auto state = std::make_unique<StateT>();
  state->name = "sum";
  uint32_t four = m.constant(4);
  state->size = four;
  m.artifact.states.push_back(std::move(state));
  for (const char *name : {"main", "again"}) {
    if (name != std::string("main"))
      m.beginEntry(name);
    m.input("x", ElementType::F32, {m.one});
    m.output("y", ElementType::F32, {m.one});
    uint32_t x = m.buffer(BufferKind::Input, 0, four);
    uint32_t y = m.buffer(BufferKind::Output, 0, four);
    uint32_t sum = m.buffer(BufferKind::State, 0, four);
    m.launch("accumulate", m.one, {m.pointer(y), m.pointer(sum), m.pointer(x)});
  }
  ingot_session *session = start(m), *other = start(m);
  std::vector<float> three = {3};
  ingot_tensor t = tensor(three, {1});
  auto runOn = [&](ingot_session *s, const char *entry) {
    EXPECT_TRUE(ok(ingot_session_use_entry(s, entry)));
    EXPECT_TRUE(ok(ingot_session_set_input(s, "x", &t)));
    EXPECT_TRUE(ok(ingot_session_run(s)));
    return values<float>(output(s, "y"))[0];
  };
  EXPECT_EQ(runOn(session, "main"), 3);
  EXPECT_EQ(runOn(session, "again"), 6);
  EXPECT_EQ(runOn(other, "main"), 3);
  EXPECT_TRUE(ok(ingot_session_reset(session)));
  EXPECT_EQ(runOn(session, "main"), 3);
}

// Blocks that meet at a counter: it is at zero again after a run, whatever the
// shape, and each session has its own.
TEST_F(CudaRun, SessionsShareNoWorkspace) {
  Maker m;
  uint32_t size = m.symbol("size", 1), four = m.constant(4),
           bytes = m.mul(size, four);
  auto state = std::make_unique<StateT>();
  state->name = "counters";
  state->size = four;
  m.artifact.states.push_back(std::move(state));
  m.input("x", ElementType::F32, {m.one, size});
  m.output("y", ElementType::F32, {m.one});
  m.source("size", SourceKind::InputDim, 0, 1);
  uint32_t parts =
      m.node(ExprOp::FloorDiv, m.node(ExprOp::Add, size, m.constant(63)),
             m.constant(64));
  uint32_t room = m.mul(parts, four);
  uint32_t x = m.buffer(BufferKind::Input, 0, bytes),
           y = m.buffer(BufferKind::Output, 0, four),
           partials = m.buffer(BufferKind::Scratch, m.slot(room), room),
           counter = m.buffer(BufferKind::State, 0, four);
  // Twice: both steps count in one place.
  for (int i = 0; i < 2; ++i)
    m.launch("accumulate", parts,
             {m.pointer(y), m.pointer(partials), m.pointer(counter),
              m.pointer(x), m.integer(size)});
  m.target().kernels[0]->name = "shared_sum";
  m.target().kernels[0]->shared_bytes = 4;
  toCuda(m);
  TemporaryFile file(m.bytes());
  ingot_model *model = nullptr;
  ASSERT_TRUE(ok(ingot_model_load(device(), file.path(), nullptr, &model)));
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int c = 0; c < 3; ++c)
    callers.emplace_back([&, c] {
      Session session(model);
      for (size_t i = 0; i < 12; ++i) {
        // The same graph for other shapes, and again for the same.
        std::vector<float> v = iota(1 + (i / 2 * 337 + size_t(c) * 64) % 1000);
        float sum = float(v.size() * (v.size() - 1) / 2);
        if (!ok(run(session, v)) ||
            values<float>(output(session, "y")) != std::vector<float>{sum})
          ++wrong;
        if (i == 7 && !ok(ingot_session_reset(session)))
          ++wrong;
      }
    });
  for (auto &caller : callers)
    caller.join();
  EXPECT_EQ(wrong, 0);
  ingot_model_destroy(model);
}

// Weights that only init uses are uploaded for its steps and gone afterwards.
TEST_F(CudaRun, InitPlanFillsModelMemoryOnce) {
  Maker m;
  uint32_t n = m.symbol("n"), four = m.constant(4), bytes = m.constant(16);
  m.input("x", ElementType::F32, {n});
  m.output("y", ElementType::F32, {n});
  m.source("n", SourceKind::InputDim, 0, 0);
  uint32_t runBytes = m.mul(n, four);
  uint32_t weight =
      m.buffer(BufferKind::Weight, m.weight("w", {1, 2, 3, 4}), bytes);
  uint32_t second =
      m.buffer(BufferKind::Weight, m.weight("v", {5, 5, 5, 5}), bytes);
  uint32_t both =
      m.buffer(BufferKind::Weight, m.weight("u", {1, 1, 1, 1}), bytes);
  uint32_t scratch = m.buffer(BufferKind::Scratch, m.slot(bytes), bytes);
  uint32_t own = m.buffer(BufferKind::Model, 0, bytes);
  uint32_t x = m.buffer(BufferKind::Input, 0, runBytes);
  uint32_t y = m.buffer(BufferKind::Output, 0, runBytes);
  m.launch("scale", m.one,
           {m.pointer(scratch), m.pointer(weight), m.real(5), m.integer(four)});
  m.launch("add", m.one,
           {m.pointer(scratch), m.pointer(scratch), m.pointer(second),
            m.integer(four)});
  m.launch(
      "add", m.one,
      {m.pointer(own), m.pointer(scratch), m.pointer(weight), m.integer(four)});
  m.launch("add", m.one,
           {m.pointer(own), m.pointer(own), m.pointer(both), m.integer(four)});
  std::swap(m.plan().init, m.plan().steps);
  m.launch("add", m.blocks(n),
           {m.pointer(y), m.pointer(own), m.pointer(x), m.integer(n)});
  m.launch("add", m.blocks(n),
           {m.pointer(y), m.pointer(y), m.pointer(both), m.integer(n)});
  ingot_session *session = start(m);
  for (int i = 0; i < 2; ++i) {
    std::vector<float> data = {1, 1, 1};
    ingot_tensor t = tensor(data, {3});
    ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
    ASSERT_TRUE(ok(ingot_session_run(session)));
    EXPECT_EQ(values<float>(output(session, "y")),
              (std::vector<float>{14, 20, 26}));
  }
}

// While weights are brought in nobody knows how large a run's slots will be:
// what is known to lie in one is no damage.
TEST_F(CudaRun, ScratchOfAKnownSizeInASlotOfUnknownSizeBesideInit) {
  Maker m;
  uint32_t n = m.symbol("n"), four = m.constant(4), bytes = m.constant(16);
  m.input("x", ElementType::F32, {n});
  m.output("y", ElementType::F32, {n});
  m.source("n", SourceKind::InputDim, 0, 0);
  uint32_t runBytes = m.mul(n, four);
  uint32_t weight =
      m.buffer(BufferKind::Weight, m.weight("w", {1, 2, 3, 4}), bytes);
  uint32_t own = m.buffer(BufferKind::Model, 0, bytes);
  uint32_t scratch = m.buffer(BufferKind::Scratch, m.slot(runBytes), bytes);
  uint32_t x = m.buffer(BufferKind::Input, 0, runBytes);
  uint32_t y = m.buffer(BufferKind::Output, 0, runBytes);
  m.launch("scale", m.one,
           {m.pointer(own), m.pointer(weight), m.real(5), m.integer(four)});
  std::swap(m.plan().init, m.plan().steps);
  m.launch(
      "add", m.one,
      {m.pointer(scratch), m.pointer(own), m.pointer(own), m.integer(four)});
  m.launch("add", m.one,
           {m.pointer(y), m.pointer(scratch), m.pointer(x), m.integer(four)});
  ingot_session *session = start(m);
  std::vector<float> data = {1, 1, 1, 1};
  ingot_tensor t = tensor(data, {4});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(values<float>(output(session, "y")),
            (std::vector<float>{11, 21, 31, 41}));
}

TEST_F(CudaRun, InitPlanThatFails) {
  Maker m;
  uint32_t bytes = m.constant(16), four = m.constant(4);
  uint32_t table =
      m.buffer(BufferKind::Weight, m.weight("t", {1, 2, 3, 4}), bytes);
  uint32_t own = m.buffer(BufferKind::Model, 0, bytes);
  m.launch("gather", m.one,
           {m.pointer(own), m.pointer(table), m.pointer(table),
            m.integer(m.one), m.integer(four)});
  std::swap(m.plan().init, m.plan().steps);
  toCuda(m);
  TemporaryFile file(m.bytes());
  ingot_model *model = nullptr;
  EXPECT_TRUE(fails(ingot_model_load(device(), file.path(), nullptr, &model),
                    INGOT_ERROR_ARTIFACT, {"init step 0", "code 1"}));
}

// Larger than the buffers that uploads go through.
TEST_F(CudaRun, LargeWeights) {
  Maker m;
  constexpr size_t kSize = (20 << 20) / 4 + 3;
  std::vector<float> large = iota(kSize);
  uint32_t size = m.constant(kSize), bytes = m.constant(kSize * 4);
  uint32_t w = m.buffer(BufferKind::Weight, m.weight("w", large), bytes);
  m.output("y", ElementType::F32, {size});
  uint32_t y = m.buffer(BufferKind::Output, 0, bytes);
  m.copy(y, w, bytes);
  ingot_session *session = start(m);
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_TRUE(values<float>(output(session, "y")) == large);
}

TEST_F(CudaRun, CopiesAndFills) {
  Maker m;
  uint32_t n = m.symbol("n");
  m.input("x", ElementType::U8, {n});
  m.output("a", ElementType::U8, {n});
  m.output("b", ElementType::U8, {n});
  m.source("n", SourceKind::InputDim, 0, 0);
  uint32_t x = m.buffer(BufferKind::Input, 0, n);
  uint32_t a = m.buffer(BufferKind::Output, 0, n);
  uint32_t b = m.buffer(BufferKind::Output, 1, n);
  m.copy(a, x, n);
  auto fill = std::make_unique<StepT>();
  fill->kind = StepKind::Fill;
  fill->args = {m.pointer(b), m.integer(n), m.integer(m.constant(0x5a))};
  m.plan().steps.push_back(std::move(fill));
  ingot_session *session = start(m);
  for (int64_t size : {0, 1, 300001, 0, 77}) {
    std::vector<uint8_t> data(static_cast<size_t>(size));
    for (size_t i = 0; i < data.size(); ++i)
      data[i] = uint8_t(i * 31 >> 3);
    ingot_tensor t = {};
    t.data = data.data();
    t.bytes = data.size();
    t.type = INGOT_TYPE_U8;
    t.rank = 1;
    t.dims[0] = size;
    ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
    ASSERT_TRUE(ok(ingot_session_run(session)));
    EXPECT_EQ(values<uint8_t>(output(session, "a")), data);
    EXPECT_EQ(values<uint8_t>(output(session, "b")),
              std::vector<uint8_t>(data.size(), 0x5a));
  }
}

TEST_F(CudaRun, ScalarsAndDynamicSharedMemory) {
  Maker m;
  uint32_t size = m.constant(100), bytes = m.constant(400);
  m.input("x", ElementType::F32, {size});
  m.output("y", ElementType::F32, {size});
  m.output("z", ElementType::F32, {m.constant(2)});
  uint32_t x = m.buffer(BufferKind::Input, 0, bytes);
  uint32_t y = m.buffer(BufferKind::Output, 0, bytes);
  uint32_t z = m.buffer(BufferKind::Output, 1, m.constant(8));
  m.launch("scale", m.constant(2),
           {m.pointer(y), m.pointer(x), m.real(3), m.integer(size)});
  m.target().kernels[0]->name = "shared";
  m.plan().steps[0]->args.erase(m.plan().steps[0]->args.begin() + 2);
  m.plan().steps[0]->grid = std::make_unique<Grid>(m.one, m.one, m.one);
  m.target().kernels[0]->shared_bytes = 65536;
  m.launch("store", m.one,
           {m.pointer(z), m.integer(m.constant(-5)), m.real(0.25f)});
  ingot_session *session = start(m);
  std::vector<float> data = iota(100);
  ingot_tensor t = tensor(data, {100});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  std::reverse(data.begin(), data.end());
  EXPECT_EQ(values<float>(output(session, "y")), data);
  EXPECT_EQ(values<float>(output(session, "z")),
            (std::vector<float>{-5, 0.25f}));
}

TEST_F(CudaRun, GridsThatAreTooLarge) {
  Maker m = doubling();
  m.plan().steps[0]->grid =
      std::make_unique<Grid>(m.one, m.constant(65536), m.one);
  ingot_session *session = start(m);
  std::vector<float> x = {1};
  EXPECT_TRUE(fails(run(session, x), INGOT_ERROR_SHAPE,
                    {"'scale0' needs a grid of 1 x 65536 x 1"}));
}

/// y = x of [rows][32], by boxes.
Maker copying() {
  Maker m;
  uint32_t rows = m.symbol("rows", 0, 1 << 20), columns = m.constant(32);
  m.input("x", ElementType::F32, {rows, columns});
  m.output("y", ElementType::F32, {rows, columns});
  m.source("rows", SourceKind::InputDim, 0, 0);
  uint32_t bytes = m.mul(rows, m.constant(128));
  uint32_t x = m.buffer(BufferKind::Input, 0, bytes);
  uint32_t y = m.buffer(BufferKind::Output, 0, bytes);
  auto map = std::make_unique<TensorMapT>();
  map->buffer = x;
  map->offset = m.zero;
  map->type = ElementType::F32;
  map->dims = {columns, rows};
  map->strides = {m.constant(128)};
  map->box = {32, 8};
  m.plan().tensor_maps.push_back(std::move(map));
  uint32_t blocks =
      m.node(ExprOp::FloorDiv, m.node(ExprOp::Add, rows, m.constant(7)),
             m.constant(8));
  m.launch("scale", blocks,
           {m.pointer(y), m.integer(rows), Arg(ArgKind::TensorMap, 0, 0, 1)});
  m.target().kernels[0]->name = "boxes";
  m.target().kernels[0]->shared_bytes = 1032;
  return m;
}

ingot_error *runRows(ingot_session *session, const ingot_tensor &t) {
  if (ingot_error *error = ingot_session_set_input(session, "x", &t))
    return error;
  return ingot_session_run(session);
}

TEST_F(CudaRun, TensorMaps) {
  control("arch 90");
  Maker m = copying();
  ingot_session *session = start(m, nullptr, "sm_90a");
  // New shapes, the same again, and a profiled run: maps follow.
  for (int64_t rows : {8, 3, 0, 100, 3, 8}) {
    std::vector<float> x = iota(size_t(rows * 32));
    ASSERT_TRUE(ok(runRows(session, tensor(x, {rows, 32}))));
    EXPECT_EQ(values<float>(output(session, "y")), x);
  }
  auto ignore = [](void *, const ingot_step_profile *) {};
  ASSERT_TRUE(ok(ingot_session_set_profile(session, ignore, nullptr)));
  std::vector<float> x = iota(17 * 32);
  ASSERT_TRUE(ok(runRows(session, tensor(x, {17, 32}))));
  EXPECT_EQ(values<float>(output(session, "y")), x);
}

TEST_F(CudaRun, TensorMapsFollowPointers) {
  control("arch 90");
  Maker m = copying();
  ingot_session *session = start(m, nullptr, "sm_90a");
  std::vector<float> first = iota(9 * 32), second = doubled(first);
  DeviceValues a(device(), first), b(device(), second);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(ok(runRows(session, a.tensor({9, 32}))));
    EXPECT_EQ(values<float>(output(session, "y")), first);
    ASSERT_TRUE(ok(runRows(session, b.tensor({9, 32}))));
    EXPECT_EQ(values<float>(output(session, "y")), second);
  }
}

// What the copy engine cannot take is zeros: dims of 0, strides and addresses
// that are no multiples of 16.
TEST_F(CudaRun, TensorMapsThatCannotBe) {
  control("arch 90");
  Maker m = copying();
  m.plan().tensor_maps[0]->offset = m.constant(8);
  m.plan().tensor_maps[0]->dims[1] = m.one;
  ingot_session *session = start(m, nullptr, "sm_90a");
  std::vector<float> x = iota(8 * 32);
  ASSERT_TRUE(ok(runRows(session, tensor(x, {8, 32}))));
  EXPECT_EQ(values<float>(output(session, "y")),
            std::vector<float>(8 * 32, -1.f));
}

TEST_F(CudaRun, TensorMapsStayInTheirBuffers) {
  control("arch 90");
  Maker m = copying();
  m.plan().tensor_maps[0]->strides[0] = m.constant(144);
  ingot_session *session = start(m, nullptr, "sm_90a");
  std::vector<float> x = iota(8 * 32);
  EXPECT_TRUE(fails(runRows(session, tensor(x, {8, 32})), INGOT_ERROR_ARTIFACT,
                    {"tensor map", "1136 bytes"}));
}

TEST_F(CudaRun, GridsOfHalfAClusterAreDamaged) {
  Maker m = doubling();
  m.target().kernels[0]->cluster = 2;
  ingot_session *session = start(m);
  std::vector<float> x = {1};
  EXPECT_TRUE(fails(run(session, x), INGOT_ERROR_ARTIFACT,
                    {"'scale0' has 1 blocks in clusters of 2"}));
}

TEST_F(CudaRun, MultiprocessorsAsASymbol) {
  control("multiprocessors 7");
  Maker m;
  uint32_t parallel = m.symbol("parallel", 1, 1024);
  m.source("parallel", SourceKind::DeviceParallel);
  m.output("y", ElementType::F32, {parallel});
  uint32_t bytes = m.mul(parallel, m.constant(4));
  uint32_t y = m.buffer(BufferKind::Output, 0, bytes);
  auto fill = std::make_unique<StepT>();
  fill->kind = StepKind::Fill;
  fill->args = {m.pointer(y), m.integer(bytes), m.integer(m.zero)};
  m.plan().steps.push_back(std::move(fill));
  ingot_session *session = start(m);
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(output(session, "y").dims[0], 7);
}

TEST_F(CudaEmbedding, Profile) {
  ingot_session *session = start(maker);
  std::vector<std::string> names;
  auto collect = [](void *user, const ingot_step_profile *profile) {
    static_cast<std::vector<std::string> *>(user)->push_back(
        std::string(profile->name) + " " + profile->kernel +
        (profile->nanoseconds >= 0 ? "" : " negative"));
  };
  ASSERT_TRUE(ok(ingot_session_set_profile(session, collect, &names)));
  ASSERT_TRUE(ok(runIds(session, {3, 9, 1})));
  EXPECT_EQ(values<float>(output(session, "y")), expected());
  EXPECT_EQ(names, (std::vector<std::string>{"gather0 gather", "add1 add",
                                             "copy2 copy"}));
  EXPECT_TRUE(fails(runIds(session, {3, 10, 4}), INGOT_ERROR_DATA,
                    {"step 'gather0'", "index 10"}));
  ASSERT_TRUE(ok(ingot_session_set_profile(session, nullptr, nullptr)));
  ASSERT_TRUE(ok(runIds(session, {5})));
  EXPECT_EQ(values<float>(output(session, "y")), expected());
}

TEST_F(CudaEmbedding, Cancelled) {
  ingot_session *session = start(maker);
  volatile int32_t flag = 1;
  ASSERT_TRUE(ok(ingot_session_set_cancel_flag(session, &flag)));
  EXPECT_TRUE(fails(runIds(session, {1}), INGOT_ERROR_CANCELLED, {}));
  flag = 0;
  EXPECT_TRUE(ok(runIds(session, {1})));
}

TEST_F(CudaRun, SessionsOnOneGpu) {
  Maker m = doubling();
  toCuda(m);
  TemporaryFile file(m.bytes());
  ingot_model *model = nullptr;
  ASSERT_TRUE(ok(ingot_model_load(device(), file.path(), nullptr, &model)));
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int c = 0; c < 3; ++c)
    callers.emplace_back([&, c] {
      Session session(model);
      for (size_t i = 0; i < 20; ++i) {
        std::vector<float> x = iota(1 + (i * 37 + size_t(c)) % 500);
        if (!ok(run(session, x)) ||
            values<float>(output(session, "y")) != doubled(x))
          ++wrong;
      }
    });
  for (auto &caller : callers)
    caller.join();
  EXPECT_EQ(wrong, 0);
  ingot_model_destroy(model);
}

TEST_F(CudaRun, HandlesMayBeDestroyedInAnyOrder) {
  Maker m = doubling();
  ingot_session *session = start(m); // its model is destroyed there
  destroyDevices();
  std::vector<float> x = iota(5);
  ASSERT_TRUE(ok(run(session, x)));
  EXPECT_EQ(values<float>(output(session, "y")), doubled(x));
}

} // namespace
} // namespace ingot::test
