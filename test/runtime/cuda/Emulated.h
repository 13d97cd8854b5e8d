// A GPU for tests: the emulated driver and memory on it.
#pragma once

#include "test/runtime/cuda/ToCuda.h"

#include "runtime/cuda_driver.h"

namespace ingot::test {

/// Runs commands of test/emulator/emulator.h; the answer.
std::string control(const std::string &commands);

/// A device 'emulated'. Each test is a process of its own, so that it may say
/// what the machine is like before the first device.
class CudaTest : public testing::Test {
protected:
  CudaTest() { control("quiet on"); }
  /// Nothing was found and nothing is left.
  void TearDown() override;
  ingot_device *device(const char *name = "emulated");
  ingot_error *create(const char *name, ingot_device **result);
  /// Everything that `device` made goes.
  void destroyDevices();
  bool mayLeave = false;

private:
  std::vector<ingot_device *> devices;
};

/// Memory on a device, and the driver to fill it; its context stays current.
class DeviceValues {
public:
  DeviceValues(ingot_device *device, const std::vector<float> &values,
               int ordinal = 0);
  ~DeviceValues();
  DeviceValues(const DeviceValues &) = delete;
  std::vector<float> get() const;
  ingot_tensor tensor(std::vector<int64_t> dims) const;
  static const runtime::CudaDriver &driver();

private:
  ingot_device *device;
  int ordinal;
  cuda::Pointer pointer = 0;
  size_t size;
};

} // namespace ingot::test
