#include "test/codegen/cuda/KernelTest.h"

#include "codegen/cuda/KernelChoice.h"

#include "mlir/Parser/Parser.h"

#include <cmath>

using namespace mlir;
using namespace ingot::emulator;

namespace ingot::test {

Tensor floats(std::vector<float> values, ElementType type) {
  Tensor tensor = *Tensor::create(type, {static_cast<int64_t>(values.size())});
  for (auto [i, value] : llvm::enumerate(values))
    tensor.setNumber(static_cast<int64_t>(i), value);
  return tensor;
}

Tensor integers(ElementType type, std::vector<int64_t> values) {
  Tensor tensor = *Tensor::create(type, {static_cast<int64_t>(values.size())});
  for (auto [i, value] : llvm::enumerate(values))
    tensor.setInteger(static_cast<int64_t>(i), value);
  return tensor;
}

Tensor noise(int64_t size, unsigned seed, float scale, ElementType type) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-scale, scale);
  std::vector<float> values(static_cast<size_t>(size));
  for (float &value : values)
    value = uniform(random);
  return floats(std::move(values), type);
}

std::string nameOf(ElementType type) {
  return type == ElementType::BF16  ? "bf16"
         : type == ElementType::F16 ? "f16"
                                    : "f32";
}

double roundingOf(ElementType type) {
  return type == ElementType::BF16  ? 0x1p-8
         : type == ElementType::F16 ? 0x1p-11
                                    : 0x1p-24;
}

void compare(const Tensor &got, const Tensor &expected, Tolerance tolerance) {
  ASSERT_EQ(got.size(), expected.size());
  int shown = 0;
  for (int64_t i = 0; i < got.size() && shown < 8; ++i) {
    double a = got.number(i), b = expected.number(i);
    bool equal =
        reference::isFloat(got.type())
            ? a == b || (std::isnan(a) && std::isnan(b)) ||
                  std::fabs(a - b) <=
                      tolerance.absolute + tolerance.relative * std::fabs(b)
            : got.integer(i) == expected.integer(i);
    if (!equal) {
      ADD_FAILURE() << "element " << i << " of " << got.size() << " is " << a
                    << ", expected " << b;
      ++shown;
    }
  }
}

CudaKernel::CudaKernel() : context(MLIRContext::Threading::DISABLED) {
  context
      .loadDialect<plan::PlanDialect, tfm::TfmDialect, arith::ArithDialect>();
}

void CudaKernel::load(const std::string &text) {
  stub.reset();
  module = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(module) << text;
  kernel = *module->getOps<plan::KernelOp>().begin();
  FailureOr<cuda::CudaStub> made =
      cuda::printStub(kernel, arch, record ? &*record : nullptr);
  ASSERT_TRUE(succeeded(made));
  printed = *made;
  stub = std::make_unique<Stub>(printed.text, printed.name + ".cu");
}

size_t CudaKernel::partialFloats(const std::vector<int64_t> &scalars,
                                 const std::vector<Tensor> &results) {
  int64_t parts = extent("splits", scalars);
  if (arch == "sm_90a")
    if (auto linear = kernel.getFamily() == plan::Family::Linear
                          ? cuda::hopperLinearOf(kernel, /*canSplit=*/true)
                          : std::nullopt) {
      // In how many parts the kernel says.
      ExprPool pool;
      Expr rows = pool.integer(extent("m", scalars));
      return *pool.constantInt(linear->partialSums(pool, rows));
    }
  if (parts == 1)
    return 0;
  int64_t floats = results[0].size();
  if (kernel.getFamily() == plan::Family::Attention)
    floats = floats / kernel.param("dv") * (kernel.param("dv") + 2);
  return static_cast<size_t>(parts * floats);
}

size_t CudaKernel::sharedTasks(const std::vector<int64_t> &scalars) {
  auto over = [&](const char *name, int64_t rows) {
    return llvm::divideCeil(static_cast<uint64_t>(extent(name, scalars)),
                            static_cast<uint64_t>(rows));
  };
  if (kernel.getFamily() == plan::Family::Linear)
    return over("m", 64) * over("n", 64);
  int64_t rows = cuda::attentionChoiceOf(kernel, /*canSplit=*/true).rows;
  return over("batch", 1) * over("heads", 1) * over("queries", rows);
}

/// As the runtime makes them: zeros where the copy engine cannot do it.
static cu::TensorMap mapOf(const cuda::StubMap &map, uint64_t address,
                           const std::vector<int64_t> &scalars) {
  auto extent = [&](int64_t code) {
    return static_cast<uint64_t>(
        code >= 0 ? code : scalars[static_cast<size_t>(-1 - code)]);
  };
  MapShape shape{extent(map.columns), extent(map.rows), extent(map.pitch),
                 map.boxRows};
  unsigned bytes = map.type.getIntOrFloatBitWidth() / 8, unit = 16 / bytes;
  EXPECT_TRUE(map.type.isF16() || map.type.isBF16() || map.type.isF32() ||
              llvm::isa<mlir::Float8E4M3FNType>(map.type));
  shape.type = map.type.isF16()    ? cu::tensorMapF16
               : map.type.isBF16() ? cu::tensorMapBf16
               : map.type.isF32()  ? cu::tensorMapF32
                                   : cu::tensorMapU8;
  shape.boxColumns = 128 / bytes;
  bool canMove = address && address % 16 == 0 && shape.pitch % unit == 0 &&
                 shape.columns && shape.rows;
  for (const cuda::StubMap::Dim &dim : map.outer) {
    shape.outer.push_back({extent(dim.extent), extent(dim.stride)});
    const MapShape::Dim &last = shape.outer.back();
    canMove &= last.extent && last.stride && last.stride % unit == 0;
  }
  return canMove ? makeMap(address, shape) : cu::TensorMap();
}

std::vector<Tensor> CudaKernel::run(const std::vector<Tensor> &inputs,
                                    const std::vector<int64_t> &scalars,
                                    Grid blocks) {
  const DriverTable &driver = driverTable();
  std::vector<Tensor> outputs;
  std::vector<std::unique_ptr<DeviceBytes>> memory;
  std::vector<uint64_t> values;
  auto allocate = [&](size_t bytes) {
    size_t shift = memory.size() < shifts.size() ? shifts[memory.size()] : 0;
    memory.push_back(std::make_unique<DeviceBytes>(bytes + shift));
    values.push_back(memory.back()->pointer + shift);
  };
  // The reference knows the shapes of the outputs.
  expected = runPlanKernel(kernel, inputs, scalars, noValue);
  for (const Tensor &output : expected) {
    outputs.push_back(*Tensor::create(output.type(), output.shape()));
    allocate(outputs.back().bytes().size());
  }
  std::unique_ptr<DeviceArray<float>> partials;
  std::unique_ptr<DeviceArray<uint32_t>> counters;
  if (kernel.hasSplits()) {
    partials =
        std::make_unique<DeviceArray<float>>(partialFloats(scalars, expected));
    counters = std::make_unique<DeviceArray<uint32_t>>(
        std::vector<uint32_t>(sharedTasks(scalars)));
    values.insert(values.end(), {partials->pointer, counters->pointer});
  }
  size_t firstInput = values.size();
  for (const Tensor &input : inputs)
    allocate(input.bytes().size());
  auto upload = [&](bool areWeights) {
    for (auto [i, input] : llvm::enumerate(inputs)) {
      bool isWeight = i >= 1 && i <= kernel.numWeights();
      if (isWeight == areWeights && !input.bytes().empty()) {
        EXPECT_EQ(driver.copyToDevice(values[firstInput + i],
                                      input.bytes().data(),
                                      input.bytes().size()),
                  cu::success);
      }
    }
  };
  upload(/*areWeights=*/true);
  std::optional<EarlyLaunches> early;
  if (printed.waits)
    early.emplace();
  upload(/*areWeights=*/false);
  std::vector<cu::TensorMap> maps;
  for (const cuda::StubMap &map : printed.maps)
    maps.push_back(mapOf(map, values[map.buffer], scalars));
  std::vector<uint64_t> outputPointers(values.begin(),
                                       values.begin() + outputs.size());
  values.insert(values.end(), scalars.begin(), scalars.end());
  DeviceArray<int64_t> statusMemory(std::vector<int64_t>(4, 0));
  uint64_t last[] = {statusMemory.pointer, 77}; // the step's number
  std::vector<void *> parameters;
  for (uint64_t &value : values)
    parameters.push_back(&value);
  for (cu::TensorMap &map : maps)
    parameters.push_back(&map);
  parameters.insert(parameters.end(), {&last[0], &last[1]});
  cu::Function function = stub->function(printed.name);
  if (printed.sharedBytes > 48 << 10) {
    EXPECT_EQ(driver.functionSetAttribute(
                  function, cu::functionMaxDynamicSharedSizeBytes,
                  static_cast<int>(printed.sharedBytes)),
              cu::success);
  }
  EXPECT_EQ(driver.launchKernel(function, blocks.x, blocks.y, blocks.z,
                                printed.threads, 1, 1, printed.sharedBytes,
                                nullptr, parameters.data(), nullptr),
            cu::success)
      << control("report");
  EXPECT_EQ(driver.streamSynchronize(nullptr), cu::success)
      << control("report") << printed.text;
  for (auto [i, output] : llvm::enumerate(outputs))
    if (!output.bytes().empty()) {
      EXPECT_EQ(driver.copyToHost(output.mutableBytes().data(),
                                  outputPointers[i], output.bytes().size()),
                cu::success)
          << control("report");
    }
  status = statusMemory.get();
  if (counters) {
    EXPECT_EQ(counters->get(), std::vector<uint32_t>(sharedTasks(scalars)));
  }
  return outputs;
}

std::vector<Tensor> CudaKernel::check(const std::vector<Tensor> &inputs,
                                      const std::vector<int64_t> &scalars,
                                      Tolerance tolerance, Grid blocks) {
  std::vector<Tensor> got = run(inputs, scalars, blocks);
  for (auto [a, b] : llvm::zip_equal(got, expected))
    compare(a, b, tolerance);
  EXPECT_EQ(status, std::vector<int64_t>(4, 0));
  return got;
}

void CudaKernel::checkInAllModes(const std::vector<Tensor> &inputs,
                                 const std::vector<int64_t> &scalars,
                                 Tolerance tolerance, Grid blocks) {
  std::vector<Tensor> first;
  for (const char *mode : {"late", "early", "random 1", "random 2"}) {
    SCOPED_TRACE(mode);
    control(std::string("mode ") + mode);
    std::vector<Tensor> got = check(inputs, scalars, tolerance, blocks);
    if (HasFailure())
      break;
    if (first.empty())
      first = got;
    for (auto [a, b] : llvm::zip_equal(first, got))
      EXPECT_TRUE(llvm::equal(a.bytes(), b.bytes()))
          << "the order of blocks shows";
  }
  control("mode late");
}

} // namespace ingot::test
