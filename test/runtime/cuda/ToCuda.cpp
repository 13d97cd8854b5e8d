#include "test/runtime/cuda/ToCuda.h"

#include <fstream>
#include <sstream>

namespace ingot::test {

void toCuda(Maker &maker, const std::string &name) {
  TargetT &target = maker.target();
  target.name = name;
  target.device = DeviceKind::Cuda;
  target.features.clear();
  for (auto &kernel : target.kernels) {
    std::ifstream file(INGOT_TEST_STUBS "/" + kernel->name + ".cu");
    EXPECT_TRUE(file) << kernel->name;
    std::ostringstream text;
    text << file.rdbuf();
    kernel->source = text.str();
    // KERNEL(64, 1)
    size_t bounds = kernel->source.find("KERNEL(") + 7;
    kernel->block = std::make_unique<Block>(
        uint32_t(std::stoul(kernel->source.substr(bounds))), 1, 1);
    if (kernel->waits)
      kernel->source.insert(kernel->source.find('{', bounds) + 1,
                            "\n  grid_launch_next();\n  grid_wait();");
  }
}

} // namespace ingot::test
