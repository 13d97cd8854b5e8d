// Finding the driver, devices and code for them.
#include "test/runtime/cuda/Emulated.h"

#include <cstdlib>

namespace ingot::test {
namespace {

using CudaDevice = CudaTest;

ingot_error *open(const char *name, const char *library) {
  ingot_device_options options = INGOT_DEVICE_OPTIONS_INIT;
  options.name = name;
  options.cuda_driver = library;
  ingot_device *device = nullptr;
  return ingot_device_create(&options, &device);
}

TEST_F(CudaDevice, NoDriver) {
  EXPECT_TRUE(fails(open("cuda", "/nonexistent/libcuda.so.1"),
                    INGOT_ERROR_DEVICE,
                    {"no device 'cuda:0'", "no CUDA driver",
                     "/nonexistent/libcuda.so.1", "install NVIDIA's driver"}));
}

TEST_F(CudaDevice, NoEmulator) {
  unsetenv("INGOT_EMULATOR_LIBRARY");
  EXPECT_TRUE(fails(open("emulated", nullptr), INGOT_ERROR_DEVICE,
                    {"INGOT_EMULATOR_LIBRARY"}));
  setenv("INGOT_EMULATOR_LIBRARY", INGOT_EMULATOR_LIBRARY, 1);
  ingot_device *device = nullptr;
  ingot_device_options options = INGOT_DEVICE_OPTIONS_INIT;
  options.name = "emulated:0";
  ASSERT_TRUE(ok(ingot_device_create(&options, &device)));
  ingot_device_destroy(device);
}

TEST_F(CudaDevice, SomeOtherLibrary) {
  EXPECT_TRUE(fails(open("cuda", "libc.so.6"), INGOT_ERROR_DEVICE,
                    {"libc.so.6 is no CUDA driver", "cuDriverGetVersion"}));
}

TEST_F(CudaDevice, DriverTooOld) {
  control("driver 11080");
  ingot_device *device = nullptr;
  EXPECT_TRUE(fails(create("cuda", &device), INGOT_ERROR_DEVICE,
                    {"too old", "CUDA 11.8", "needs 12.0"}));
}

TEST_F(CudaDevice, NoGpu) {
  control("devices 0");
  ingot_device *device = nullptr;
  EXPECT_TRUE(fails(create("cuda", &device), INGOT_ERROR_DEVICE,
                    {"'cuda:0'", "finds no GPU"}));
}

TEST_F(CudaDevice, NoSuchIndex) {
  control("devices 2");
  ingot_device *device = nullptr;
  EXPECT_TRUE(fails(create("cuda:2", &device), INGOT_ERROR_DEVICE,
                    {"'cuda:2'", "finds 2 GPUs"}));
  EXPECT_TRUE(ok(create("cuda:1", &device)));
  ingot_device_destroy(device);
}

TEST_F(CudaDevice, DriverThatDoesNotStart) {
  control("fail cuInit 1 803");
  ingot_device *device = nullptr;
  EXPECT_TRUE(fails(create("cuda", &device), INGOT_ERROR_DEVICE,
                    {"does not start", "803"}));
}

TEST_F(CudaDevice, Info) {
  control("arch 89; multiprocessors 3; memory 512; driver 12040");
  ingot_device_info info;
  ingot_device_get_info(device(), &info);
  EXPECT_STREQ(info.name, "emulated:0");
  EXPECT_STREQ(info.architecture, "sm_89");
  EXPECT_STREQ(ingot_device_features(device()), "sm_89");
  EXPECT_STREQ(info.description, "Ingot emulated sm_89");
  EXPECT_EQ(info.driver_version, 12040);
  EXPECT_EQ(info.device_count, 1);
  EXPECT_EQ(info.multiprocessors, 3);
  EXPECT_EQ(info.memory_bytes, uint64_t(512) << 20);
}

TEST_F(CudaDevice, InfoOfTheCpu) {
  ingot_device *cpu = nullptr;
  ASSERT_TRUE(ok(ingot_device_create(nullptr, &cpu)));
  ingot_device_info info;
  ingot_device_get_info(cpu, &info);
  EXPECT_STREQ(info.name, "cpu");
  EXPECT_STREQ(info.architecture, "");
  EXPECT_EQ(info.driver_version, 0);
  ingot_device_destroy(cpu);
}

// Which of these targets a GPU takes; the first it can run.
TEST_F(CudaDevice, Architectures) {
  control("arch 86");
  auto chosen = [&](std::vector<std::string> names) {
    Maker m = doubling();
    toCuda(m, names[0]);
    for (size_t i = 1; i < names.size(); ++i) {
      auto target = std::make_unique<TargetT>(m.target());
      target->name = names[i];
      m.artifact.targets.push_back(std::move(target));
      auto plan = std::make_unique<PlanT>(m.plan());
      plan->target = uint32_t(i);
      m.entry().plans.push_back(std::move(plan));
    }
    TemporaryFile file(m.bytes());
    ingot_model *model = nullptr;
    ingot_error *error =
        ingot_model_load(device(), file.path(), nullptr, &model);
    std::string result;
    if (error) {
      result = ingot_error_message(error);
      EXPECT_EQ(ingot_error_get_code(error), INGOT_ERROR_NO_CODE) << result;
      ingot_error_destroy(error);
    } else {
      ingot_model_info info;
      ingot_model_get_info(model, &info);
      result = info.target;
    }
    ingot_model_destroy(model);
    return result;
  };
  EXPECT_EQ(chosen({"sm_80"}), "sm_80");
  EXPECT_EQ(chosen({"sm_86"}), "sm_86");
  EXPECT_EQ(chosen({"compute_80"}), "compute_80");
  EXPECT_EQ(chosen({"sm_90a", "sm_89", "sm_80", "compute_80"}), "sm_80");
  EXPECT_EQ(chosen({"sm_90", "compute_75"}), "compute_75");
  std::string message = chosen({"sm_90a", "sm_89", "sm_75", "compute_90"});
  for (const char *part :
       {"no code for emulated:0 (Ingot emulated sm_86, sm_86)",
        "sm_90a needs an sm_90", "sm_89 needs an sm_89",
        "compute_90 needs an sm_90 or newer", "--target=sm_86"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST_F(CudaDevice, ArtifactForTheCpu) {
  Maker m = doubling();
  TemporaryFile file(m.bytes());
  ingot_model *model = nullptr;
  EXPECT_TRUE(
      fails(ingot_model_load(device(), file.path(), nullptr, &model),
            INGOT_ERROR_NO_CODE,
            {"x86-64-v3 needs another device", "compile with --target=sm_80"}));
  // And the other way round.
  toCuda(m);
  TemporaryFile cuda(m.bytes());
  EXPECT_TRUE(fails(ingot_model_load(nullptr, cuda.path(), nullptr, &model),
                    INGOT_ERROR_NO_CODE, {"this CPU", "sm_80 needs a GPU"}));
}

TEST_F(CudaDevice, KernelsThatDoNotLoad) {
  ingot_model *model = nullptr;
  auto load = [&](Maker &m) {
    TemporaryFile file(m.bytes());
    return ingot_model_load(device(), file.path(), nullptr, &model);
  };
  Maker m = doubling();
  toCuda(m);
  KernelT &kernel = *m.target().kernels[0];
  std::string source = kernel.source;
  kernel.source = "This is not C++.";
  EXPECT_TRUE(
      fails(load(m), INGOT_ERROR_DEVICE,
            {"cannot load kernel 'scale'", "CUDA_ERROR_INVALID_PTX", "not"}));
  kernel.source = "";
  EXPECT_TRUE(
      fails(load(m), INGOT_ERROR_NO_CODE, {"kernel 'scale'", "no source"}));
  kernel.source = source;
  kernel.name = "other";
  EXPECT_TRUE(fails(load(m), INGOT_ERROR_DEVICE,
                    {"kernel 'other'", "CUDA_ERROR_NOT_FOUND"}));
  kernel.name = "scale";
  kernel.block = std::make_unique<Block>(32, 33, 1);
  EXPECT_TRUE(fails(load(m), INGOT_ERROR_NO_CODE, {"32 x 33 x 1 threads"}));
  kernel.block = std::make_unique<Block>(1u << 31, 1u << 31, 4);
  EXPECT_TRUE(fails(load(m), INGOT_ERROR_NO_CODE, {"2147483648"}));
  kernel.block = std::make_unique<Block>(64, 1, 1);
  kernel.shared_bytes = 164 << 10;
  EXPECT_TRUE(fails(load(m), INGOT_ERROR_NO_CODE,
                    {"167936 bytes of shared memory", "166912"}));
}

TEST_F(CudaDevice, OutOfMemoryForWeights) {
  control("memory 1");
  Maker m = embedding();
  m.weights[0].resize(1 << 20);
  toCuda(m);
  TemporaryFile file(m.bytes());
  ingot_model *model = nullptr;
  EXPECT_TRUE(fails(ingot_model_load(device(), file.path(), nullptr, &model),
                    INGOT_ERROR_OUT_OF_MEMORY,
                    {"memory for weights needs 4194304 bytes",
                     "1048576 of 1048576 are free"}));
}

} // namespace
} // namespace ingot::test
