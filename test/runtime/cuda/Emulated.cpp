#include "test/runtime/cuda/Emulated.h"

#include <dlfcn.h>

namespace ingot::test {

std::string control(const std::string &commands) {
  using Control = int (*)(const char *, char *, size_t);
  static const auto call = [] {
    void *library = dlopen(INGOT_EMULATOR_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    EXPECT_TRUE(library) << dlerror();
    return reinterpret_cast<Control>(dlsym(library, "ingot_emulator_control"));
  }();
  std::string answer(1 << 16, 0);
  int length = call(commands.c_str(), answer.data(), answer.size());
  EXPECT_GE(length, 0) << commands;
  answer.resize(size_t(std::max(length, 0)));
  return answer;
}

ingot_error *CudaTest::create(const char *name, ingot_device **result) {
  ingot_device_options options = INGOT_DEVICE_OPTIONS_INIT;
  options.name = name;
  options.cuda_driver = INGOT_EMULATOR_LIBRARY;
  return ingot_device_create(&options, result);
}

ingot_device *CudaTest::device(const char *name) {
  ingot_device *result = nullptr;
  EXPECT_TRUE(ok(create(name, &result)));
  devices.push_back(result);
  return result;
}

void CudaTest::destroyDevices() {
  for (ingot_device *device : devices)
    ingot_device_destroy(device);
  devices.clear();
}

void CudaTest::TearDown() {
  destroyDevices();
  EXPECT_EQ(control("report"), "");
  if (!mayLeave) {
    EXPECT_EQ(control("leaks"), "");
  }
}

const runtime::CudaDriver &DeviceValues::driver() {
  static auto *driver = [] {
    auto *made = new runtime::CudaDriver;
    EXPECT_TRUE(
        ok(made->open(runtime::Allocator(), INGOT_EMULATOR_LIBRARY, "test")));
    return made;
  }();
  return *driver;
}

DeviceValues::DeviceValues(ingot_device *device,
                           const std::vector<float> &values, int ordinal)
    : device(device), ordinal(ordinal), size(values.size()) {
  cuda::Context context;
  EXPECT_EQ(driver().primaryContextRetain(&context, ordinal), cuda::success);
  EXPECT_EQ(driver().contextPushCurrent(context), cuda::success);
  EXPECT_EQ(driver().memAlloc(&pointer, size * 4 + 16), cuda::success);
  EXPECT_EQ(driver().copyToDevice(pointer, values.data(), size * 4),
            cuda::success);
}

DeviceValues::~DeviceValues() {
  EXPECT_EQ(driver().memFree(pointer), cuda::success);
  EXPECT_EQ(driver().contextPopCurrent(nullptr), cuda::success);
  EXPECT_EQ(driver().primaryContextRelease(ordinal), cuda::success);
}

std::vector<float> DeviceValues::get() const {
  std::vector<float> values(size);
  EXPECT_EQ(driver().copyToHost(values.data(), pointer, size * 4),
            cuda::success);
  return values;
}

ingot_tensor DeviceValues::tensor(std::vector<int64_t> dims) const {
  std::vector<float> none;
  ingot_tensor result = test::tensor(none, std::move(dims));
  result.data = reinterpret_cast<void *>(pointer);
  result.bytes = size * 4;
  result.device = device;
  return result;
}

} // namespace ingot::test
