//===- KernelTest.h - Kernels given as plan text, on the emulated driver
//---===//
#pragma once

#include "codegen/cuda/StubPrinter.h"
#include "test/codegen/cuda/PlanReference.h"
#include "test/emulator/Harness.h"

#include "mlir/IR/OwningOpRef.h"

#include <random>

namespace ingot::test {

using reference::ElementType;
using reference::Tensor;

/// A flat tensor.
Tensor floats(std::vector<float> values, ElementType type = ElementType::F32);
Tensor integers(ElementType type, std::vector<int64_t> values);
/// Uniform in (-scale, scale), rounded to the type.
Tensor noise(int64_t size, unsigned seed = 1, float scale = 1,
             ElementType type = ElementType::F32);
/// Of f32, bf16 and f16: its name in IR, and half a unit in its last place.
std::string nameOf(ElementType type);
double roundingOf(ElementType type);

/// How far an element may be from the reference.
struct Tolerance {
  double absolute = 1e-6, relative = 1e-6;
};

class CudaKernel : public emulator::EmulatorTest {
protected:
  CudaKernel();
  /// Prints and compiles the one plan.kernel in `text`.
  void load(const std::string &text);
  /// Runs the loaded kernel on `blocks` blocks (x, y, z) and gives its outputs.
  /// Outputs start unwritten: the emulator reports what stays so.
  std::vector<Tensor> run(const std::vector<Tensor> &inputs,
                          const std::vector<int64_t> &scalars,
                          emulator::Grid blocks = {3, 1, 1});
  /// Runs it, compares with the reference and gives its outputs.
  std::vector<Tensor> check(const std::vector<Tensor> &inputs,
                            const std::vector<int64_t> &scalars,
                            Tolerance tolerance = {},
                            emulator::Grid blocks = {3, 1, 1});
  /// Late, early and two random orders: the same bits in each.
  void checkInAllModes(const std::vector<Tensor> &inputs,
                       const std::vector<int64_t> &scalars,
                       Tolerance tolerance = {},
                       emulator::Grid blocks = {3, 1, 1});
  /// {code, value, limit, step} of the last run, and the reference's outputs.
  std::vector<int64_t> status;
  std::vector<Tensor> expected;
  /// Where set, elements for which the reference has no value are counted.
  unsigned *noValue = nullptr;
  cuda::CudaStub printed;
  std::string arch = "sm_80";               ///< that `load` prints for
  std::optional<cuda::TuningRecord> record; ///< and follows
  /// How many bytes each buffer (outputs, then inputs) starts after a multiple
  /// of 16; 0 for those not named.
  std::vector<size_t> shifts;

private:
  /// What the loaded kernel's workspace has to hold for `results`.
  size_t partialFloats(const std::vector<int64_t> &scalars,
                       const std::vector<Tensor> &results);
  size_t sharedTasks(const std::vector<int64_t> &scalars);
  int64_t extent(llvm::StringRef name, const std::vector<int64_t> &scalars) {
    int64_t code = kernel.param(name);
    return code >= 0 ? code : scalars[-1 - code];
  }
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<emulator::Stub> stub;
  plan::KernelOp kernel;
};

/// Fails for each element that is too far off (the first few).
void compare(const Tensor &got, const Tensor &expected, Tolerance tolerance);

} // namespace ingot::test
