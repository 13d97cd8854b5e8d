// What happens when the driver fails: an error, nothing leaked, and a process
// that goes on.
#include "test/runtime/cuda/Emulated.h"

namespace ingot::test {
namespace {

/// The embedder's allocator: counts, and refuses number `failing`.
struct Hooks {
  static void *allocate(void *user, size_t size, size_t alignment) {
    auto &self = *static_cast<Hooks *>(user);
    void *memory = nullptr;
    if (++self.allocations == self.failing ||
        posix_memalign(&memory, alignment, size))
      return nullptr;
    memset(memory, 0xcd, size); // nobody may count on zeros
    self.liveBytes += size;
    return memory;
  }
  static void release(void *user, void *pointer, size_t size) {
    static_cast<Hooks *>(user)->liveBytes -= size;
    free(pointer);
  }
  size_t allocations = 0, failing = 0, liveBytes = 0;
};

class CudaFault : public CudaTest {
protected:
  struct Handles {
    ~Handles() {
      ingot_session_destroy(session);
      ingot_model_destroy(model);
      ingot_device_destroy(device);
    }
    ingot_device *device = nullptr;
    ingot_model *model = nullptr;
    ingot_session *session = nullptr;
  };

  ingot_error *bindTensors(Handles &handles, std::vector<int64_t> &ids) {
    auto size = int64_t(ids.size());
    x.assign(ids.size() * 4, 1);
    ingot_tensor i = tensor(ids, {1, size}), t = tensor(x, {1, size, 4});
    if (ingot_error *error =
            ingot_session_set_input(handles.session, "ids", &i))
      return error;
    return ingot_session_set_input(handles.session, "x", &t);
  }
  ingot_error *run(Handles &handles, std::vector<int64_t> ids) {
    if (ingot_error *error = bindTensors(handles, ids))
      return error;
    return ingot_session_run(handles.session);
  }
  /// Everything from opening the driver on: load, init, runs of three shapes,
  /// one with a profile, a bad index.
  ingot_error *all(Handles &handles) {
    ingot_device_options options = INGOT_DEVICE_OPTIONS_INIT;
    options.name = "emulated";
    options.cuda_driver = INGOT_EMULATOR_LIBRARY;
    if (hooks)
      options.allocator = {Hooks::allocate, Hooks::release, hooks};
    if (ingot_error *error = ingot_device_create(&options, &handles.device))
      return error;
    if (ingot_error *error = ingot_model_load(handles.device, file.path(),
                                              nullptr, &handles.model))
      return error;
    if (ingot_error *error =
            ingot_session_create(handles.model, nullptr, &handles.session))
      return error;
    if (ingot_error *error = run(handles, {1, 2, 3}))
      return error;
    if (ingot_error *error = run(handles, {}))
      return error;
    if (ingot_error *error = run(handles, std::vector<int64_t>(300, 1)))
      return error;
    if (ingot_error *error = ingot_session_set_profile(
            handles.session, [](void *, const ingot_step_profile *) {},
            nullptr))
      return error;
    if (ingot_error *error = run(handles, {4, 5}))
      return error;
    EXPECT_TRUE(
        ok(ingot_session_set_profile(handles.session, nullptr, nullptr)));
    ingot_error *error = run(handles, {11});
    if (!error)
      return nullptr;
    if (ingot_error_get_code(error) != INGOT_ERROR_DATA)
      return error;
    ingot_error_destroy(error);
    return run(handles, {6, 7});
  }

  static bool isCleanup(const std::string &name) {
    for (const char *part : {"Free", "Destroy", "Pop", "Push", "Release",
                             "Synchronize", "GetAttribute"})
      if (name.find(part) != std::string::npos)
        return true;
    return false;
  }

  static Maker maker() {
    Maker m = embedding();
    uint32_t bytes = m.constant(160), forty = m.constant(40);
    uint32_t own = m.buffer(BufferKind::Model, 0, bytes);
    uint32_t other = m.buffer(BufferKind::Weight,
                              m.weight("other", std::vector<float>(40)), bytes);
    // table as it was, through an init plan; weights of both kinds stay in use
    std::swap(m.plan().init, m.plan().steps);
    m.launch(
        "add", m.one,
        {m.pointer(own), m.pointer(0), m.pointer(other), m.integer(forty)});
    std::swap(m.plan().init, m.plan().steps);
    m.launch("scale", m.one,
             {m.pointer(4), m.pointer(4), m.real(1), m.integer(m.zero)});
    toCuda(m);
    return m;
  }

  Maker artifact = maker();
  TemporaryFile file{artifact.bytes()};
  std::vector<float> x;
  Hooks *hooks = nullptr;
};

// Every call of the driver fails once. An error says so, and nothing stays
// behind; a call whose failure nobody hears of is one that cleans up, and at
// worst leaves what it was to give back.
TEST_F(CudaFault, EachCallFails) {
  bool isDone = false;
  int failing = 1;
  std::string left;
  for (; !isDone; ++failing) {
    ASSERT_LT(failing, 600);
    control("record on; fail * " + std::to_string(failing) + " 999");
    bool isReported = false;
    std::string calls;
    {
      Handles handles;
      ingot_error *error = all(handles);
      calls = control("calls");
      control("record off; fail off");
      isReported = error != nullptr;
      if (error) {
        EXPECT_TRUE(
            fails(error, INGOT_ERROR_DEVICE, {"CUDA_ERROR_UNKNOWN (999"}))
            << failing;
      }
    }
    size_t at = calls.find(" 999\n");
    isDone = at == std::string::npos;
    size_t line = isDone ? 0 : calls.rfind('\n', at) + 1;
    std::string name = isDone ? "" : calls.substr(line, at - line);
    EXPECT_EQ(control("report"), "") << failing << " " << name;
    std::string leaks = control("leaks");
    if (isReported || isDone) {
      EXPECT_EQ(leaks, left) << failing << " " << name;
      EXPECT_NE(isReported, isDone);
    } else {
      EXPECT_TRUE(isCleanup(name)) << failing << " " << name;
    }
    left = leaks;
  }
  EXPECT_GT(failing, 100);
  mayLeave = true;
}

// A kernel that crashes: the session is lost, the process is not.
TEST_F(CudaFault, DeviceLost) {
  mayLeave = true; // nothing can be given back on a lost device
  Maker m;
  m.launch("fail", m.one, {});
  toCuda(m);
  TemporaryFile crashing(m.bytes());
  ingot_model *model = nullptr;
  ingot_session *session = nullptr;
  ASSERT_TRUE(ok(ingot_model_load(device(), crashing.path(), nullptr, &model)));
  ASSERT_TRUE(ok(ingot_session_create(model, nullptr, &session)));
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_DEVICE,
                    {"emulated:0: ", "CUDA_ERROR_ILLEGAL_ADDRESS", "is lost"}));
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_DEVICE,
                    {"session is lost", "emulated:0"}));
  // Others on the device hear of it too.
  ingot_session *other = nullptr;
  EXPECT_TRUE(fails(ingot_session_create(model, nullptr, &other),
                    INGOT_ERROR_DEVICE, {"CUDA_ERROR_ILLEGAL_ADDRESS"}));
  ingot_session_destroy(session);
  ingot_model_destroy(model);
  destroyDevices();
  control("reset"); // a GPU again
  Handles handles;
  EXPECT_TRUE(ok(all(handles)));
}

// The error comes with the run's last call, and stays.
TEST_F(CudaFault, LostWhileWaiting) {
  mayLeave = true;
  Handles handles;
  ASSERT_TRUE(ok(all(handles)));
  control("fail cuStreamSynchronize 1 719 sticky");
  EXPECT_TRUE(
      fails(run(handles, {1}), INGOT_ERROR_DEVICE, {"LAUNCH_FAILED", "lost"}));
  EXPECT_TRUE(fails(run(handles, {1}), INGOT_ERROR_DEVICE, {}));
  control("fail off");
  std::vector<int64_t> ids = {1};
  ASSERT_TRUE(ok(bindTensors(handles, ids)));
  EXPECT_TRUE(fails(ingot_session_run(handles.session), INGOT_ERROR_DEVICE,
                    {"session is lost"}));
}

TEST_F(CudaFault, OutOfDeviceMemory) {
  control("memory 1");
  Handles handles;
  ASSERT_TRUE(ok(all(handles)));
  control("fail cuMemAlloc_v2 1 2"); // the arena of a larger shape
  EXPECT_TRUE(fails(run(handles, std::vector<int64_t>(512, 1)),
                    INGOT_ERROR_OUT_OF_MEMORY,
                    {"emulated:0 (Ingot emulated sm_80, sm_80) is out of "
                     "memory: working memory needs 8192 bytes, ",
                     " of 1048576 are free"}));
  control("fail cuMemHostAlloc 1 2");
  EXPECT_TRUE(fails(run(handles, std::vector<int64_t>(512, 1)),
                    INGOT_ERROR_OUT_OF_MEMORY,
                    {"memory for inputs and outputs needs", "page-locked"}));
  EXPECT_TRUE(ok(run(handles, std::vector<int64_t>(512, 1))));
}

// What a driver does not let us change in place is built again.
TEST_F(CudaFault, GraphsThatCannotBeChanged) {
  Handles handles;
  ASSERT_TRUE(ok(all(handles)));
  for (const char *call :
       {"cuGraphExecKernelNodeSetParams_v2", "cuGraphExecMemcpyNodeSetParams"})
    for (const char *code : {"1", "801", "910"}) {
      control(std::string("record on; fail ") + call + " 1 " + code);
      EXPECT_TRUE(ok(run(handles, {1, 2, 3})));
      EXPECT_NE(control("calls").find("cuGraphInstantiate"), std::string::npos)
          << call;
      EXPECT_TRUE(ok(run(handles, {4})));
      ingot_tensor ids;
      ASSERT_TRUE(
          ok(ingot_session_get_output(handles.session, "ids_out", &ids)));
      EXPECT_EQ(values<int64_t>(ids), std::vector<int64_t>{4});
      control("record off");
    }
}

TEST_F(CudaFault, EachAllocationOfTheHostFails) {
  bool isDone = false;
  for (size_t failing = 1; !isDone; ++failing) {
    ASSERT_LT(failing, 400u);
    Hooks own;
    own.failing = failing;
    hooks = &own;
    {
      Handles handles;
      ingot_error *error = all(handles);
      isDone = own.allocations < failing;
      EXPECT_EQ(error == nullptr, isDone) << failing;
      if (error) {
        EXPECT_TRUE(fails(error, INGOT_ERROR_OUT_OF_MEMORY, {"out of memory"}))
            << failing;
      }
    }
    EXPECT_EQ(own.liveBytes, 0u) << failing;
    EXPECT_EQ(control("leaks"), "") << failing;
  }
}

TEST_F(CudaFault, NoAllocationOfTheHostAfterTheFirstRunOfAShape) {
  Hooks own;
  hooks = &own;
  Handles handles;
  ASSERT_TRUE(ok(all(handles)));
  for (int i = 0; i < 2; ++i)
    for (size_t size : {3, 300, 5}) {
      size_t before = own.allocations;
      ASSERT_TRUE(ok(run(handles, std::vector<int64_t>(size, 1))));
      EXPECT_TRUE(i == 0 || own.allocations == before);
    }
}

} // namespace
} // namespace ingot::test
