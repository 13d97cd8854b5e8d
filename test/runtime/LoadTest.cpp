#include "test/runtime/Artifacts.h"

#include "runtime/kernel_abi.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ingot::test {
namespace {

ingot_error *load(const std::vector<uint8_t> &bytes,
                  const ingot_model_options *options = nullptr,
                  ingot_device *device = nullptr) {
  TemporaryFile file(bytes);
  ingot_model *model = nullptr;
  ingot_error *error = ingot_model_load(device, file.path(), options, &model);
  EXPECT_EQ(error == nullptr, model != nullptr);
  ingot_model_destroy(model);
  return error;
}

TEST(Load, FromFileAndMemory) {
  Maker m = doubling();
  EXPECT_TRUE(ok(load(m.bytes())));
  AlignedBytes bytes(m.bytes());
  ingot_model *model = nullptr;
  ASSERT_TRUE(ok(ingot_model_load_memory(nullptr, bytes.data(), bytes.size(),
                                         nullptr, &model)));
  {
    Session session(model);
    std::vector<float> x = {1, 2, 3};
    ingot_tensor input = tensor(x, {1, 3});
    ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &input)));
    ASSERT_TRUE(ok(ingot_session_run(session)));
    EXPECT_EQ(values<float>(output(session, "y")),
              (std::vector<float>{2, 4, 6}));
  }
  ingot_model_destroy(model);
  EXPECT_TRUE(fails(ingot_model_load_memory(nullptr, bytes.data() + 1,
                                            bytes.size() - 1, nullptr, &model),
                    INGOT_ERROR_INVALID_ARGUMENT, {"aligned to 64 bytes"}));
}

TEST(Load, NotThere) {
  ingot_model *model = nullptr;
  EXPECT_TRUE(
      fails(ingot_model_load(nullptr, "/no/such.ingot", nullptr, &model),
            INGOT_ERROR_IO, {"/no/such.ingot", "No such file"}));
  EXPECT_TRUE(fails(ingot_model_load(nullptr, "/tmp", nullptr, &model),
                    INGOT_ERROR_IO, {"'/tmp'", "no regular file"}));
  EXPECT_TRUE(fails(ingot_model_load(nullptr, nullptr, nullptr, &model),
                    INGOT_ERROR_INVALID_ARGUMENT, {"NULL"}));
}

TEST(Load, Foreign) {
  EXPECT_TRUE(fails(load({}), INGOT_ERROR_ARTIFACT, {"only 0 bytes"}));
  EXPECT_TRUE(fails(load(std::vector<uint8_t>(5000, 'x')), INGOT_ERROR_ARTIFACT,
                    {"no Ingot artifact"}));
}

TEST(Load, Truncated) {
  auto bytes = doubling().bytes();
  bytes.resize(bytes.size() - 1);
  EXPECT_TRUE(fails(load(bytes), INGOT_ERROR_ARTIFACT,
                    {"is damaged", "was written with"}));
}

TEST(Load, AnotherVersion) {
  auto bytes = doubling().bytes();
  bytes[8] = kFormatVersion + 1;
  EXPECT_TRUE(fails(load(bytes), INGOT_ERROR_VERSION,
                    {"format version 2", "reads version 1", "newer runtime"}));
  Maker m = doubling();
  m.artifact.kernel_abi = INGOT_KERNEL_ABI + 1;
  EXPECT_TRUE(fails(load(m.bytes()), INGOT_ERROR_VERSION,
                    {"version 2 of the kernel interface", "compile"}));
}

TEST(Load, DamagedHeader) {
  auto bytes = doubling().bytes();
  bytes[100] ^= 1;
  EXPECT_TRUE(fails(load(bytes), INGOT_ERROR_ARTIFACT, {"damaged", "hash"}));
}

TEST(Load, VerifyFindsDamagedSections) {
  Maker m = embedding();
  auto bytes = m.bytes();
  bytes[m.target().code_offset + 3] ^= 1;
  TemporaryFile code(bytes);
  ingot_model *model = nullptr;
  ASSERT_TRUE(ok(ingot_model_load(nullptr, code.path(), nullptr, &model)));
  EXPECT_TRUE(fails(ingot_model_verify(model), INGOT_ERROR_ARTIFACT,
                    {"code for 'x86-64-v3'", "hash"}));
  ingot_model_destroy(model);

  bytes[m.target().code_offset + 3] ^= 1;
  bytes[m.artifact.blobs[0]->offset] ^= 1;
  TemporaryFile weight(bytes);
  ASSERT_TRUE(ok(ingot_model_load(nullptr, weight.path(), nullptr, &model)));
  EXPECT_TRUE(fails(ingot_model_verify(model), INGOT_ERROR_ARTIFACT,
                    {"weight 'table'", "hash"}));
  ingot_model_destroy(model);
  EXPECT_TRUE(ok(ingot_model_verify(Model(m))));
}

TEST(Load, ReservedStepKindsAreRefused) {
  Maker m = doubling();
  m.plan().steps[0]->kind = StepKind::Gemm;
  EXPECT_TRUE(fails(load(m.bytes()), INGOT_ERROR_VERSION,
                    {"step 0 of entry 'main'", "cannot run on this CPU"}));
  // Fine in code for a target that is not chosen.
  m.target().device = DeviceKind::Cuda;
  EXPECT_TRUE(fails(load(m.bytes()), INGOT_ERROR_NO_CODE, {"another device"}));
}

// Targets ---------------------------------------------------------------------

struct Device {
  explicit Device(const char *features) {
    ingot_device_options options = INGOT_DEVICE_OPTIONS_INIT;
    options.cpu_features = features;
    EXPECT_TRUE(ok(ingot_device_create(&options, &handle)));
  }
  ~Device() { ingot_device_destroy(handle); }
  ingot_device *handle = nullptr;
};

Maker twoTargets() {
  Maker m = doubling();
  auto better = std::make_unique<TargetT>(m.target());
  better->name = "x86-64-v4";
  better->features = {"avx2", "avx512f", "avx512bw"};
  m.artifact.targets.insert(m.artifact.targets.begin(), std::move(better));
  auto plan = std::make_unique<PlanT>(m.plan());
  m.entry().plans.insert(m.entry().plans.begin(), std::move(plan));
  m.entry().plans[1]->target = 1;
  return m;
}

std::string chosen(Maker &m, const Device &device,
                   const char *wanted = nullptr) {
  ingot_model_options options = INGOT_MODEL_OPTIONS_INIT;
  options.target = wanted;
  Model model(m, &options, device.handle);
  ingot_model_info info;
  ingot_model_get_info(model, &info);
  return info.target;
}

TEST(Target, BestThatRuns) {
  Maker m = twoTargets();
  Device all(nullptr), avx2("avx2");
  bool has512 =
      std::string(ingot_device_features(all.handle)).find("avx512bw") !=
      std::string::npos;
  EXPECT_EQ(chosen(m, all), has512 ? "x86-64-v4" : "x86-64-v3");
  EXPECT_EQ(chosen(m, avx2), "x86-64-v3");
  EXPECT_EQ(chosen(m, all, "x86-64-v3"), "x86-64-v3");
  EXPECT_STREQ(ingot_device_features(avx2.handle), "avx2");
}

bool hasTiles(const Device &device) {
  std::string features = ingot_device_features(device.handle);
  return features.find("amx-bf16") != std::string::npos;
}

Maker withTiles() {
  Maker m = twoTargets();
  m.artifact.targets[0]->name = "x86-64-v4-amx";
  m.artifact.targets[0]->features = {"avx2", "amx-tile", "amx-bf16"};
  return m;
}

TEST(Target, TilesWhereCpuAndSystemHaveThem) {
  Maker m = withTiles();
  Device all(nullptr), avx2("avx2");
  EXPECT_EQ(chosen(m, all), hasTiles(all) ? "x86-64-v4-amx" : "x86-64-v3");
  EXPECT_EQ(chosen(m, avx2), "x86-64-v3");
}

/// Linux refuses tiles to a process with a signal stack too small for them.
TEST(TargetDeathTest, TilesThatTheSystemRefuses) {
  GTEST_FLAG_SET(death_test_style, "threadsafe"); // nobody has asked before
  Device all(nullptr);
  if (!hasTiles(all))
    GTEST_SKIP() << "this CPU or system lacks AMX";
  auto loadRefused = [&] {
    static char memory[8192];
    stack_t stack = {};
    stack.ss_sp = memory;
    stack.ss_size = sizeof(memory);
    sigaltstack(&stack, nullptr);
    Maker m = withTiles();
    bool isOk = chosen(m, all) == "x86-64-v3";
    ingot_model_options options = INGOT_MODEL_OPTIONS_INIT;
    options.target = "x86-64-v4-amx";
    isOk &= bool(fails(load(m.bytes(), &options), INGOT_ERROR_NO_CODE,
                       {"x86-64-v4-amx needs tile registers, which the system "
                        "refuses"}));
    _exit(isOk ? 0 : 1);
  };
  EXPECT_EXIT(loadRefused(), testing::ExitedWithCode(0), "");
}

TEST(Target, NoneThatRuns) {
  auto bytes = twoTargets().bytes();
  Device none("sse3,unheard-of");
  EXPECT_TRUE(fails(load(bytes, nullptr, none.handle), INGOT_ERROR_NO_CODE,
                    {"no code for this CPU", "x86-64-v4 needs avx2, avx512f",
                     "x86-64-v3 needs avx2"}));
  ingot_model_options options = INGOT_MODEL_OPTIONS_INIT;
  options.target = "sm_90a";
  EXPECT_TRUE(fails(load(bytes, &options), INGOT_ERROR_NOT_FOUND,
                    {"'sm_90a'", "x86-64-v4, x86-64-v3"}));
  Maker m = doubling();
  m.target().features = {"avx2", "from-the-future"};
  EXPECT_TRUE(fails(load(m.bytes()), INGOT_ERROR_NO_CODE, {"from-the-future"}));
}

TEST(Target, InspectNeedsNone) {
  Maker m = doubling();
  m.target().features = {"from-the-future"};
  ingot_model_options options = INGOT_MODEL_OPTIONS_INIT;
  options.inspect = 1;
  Model model(m, &options);
  ingot_model_info info;
  ingot_model_get_info(model, &info);
  EXPECT_EQ(info.target, nullptr);
  ingot_session *session = nullptr;
  EXPECT_TRUE(fails(ingot_session_create(model, nullptr, &session),
                    INGOT_ERROR_INVALID_ARGUMENT, {"loaded for inspection"}));
}

TEST(Device, UnknownName) {
  ingot_device_options options = INGOT_DEVICE_OPTIONS_INIT;
  ingot_device *device = nullptr;
  for (const char *name : {"tpu", "cuda:", "cuda:x", "cuda0", "cuda:12345"}) {
    options.name = name;
    EXPECT_TRUE(fails(ingot_device_create(&options, &device),
                      INGOT_ERROR_DEVICE, {name, "this runtime has: cpu"}));
  }
}

} // namespace
} // namespace ingot::test
