//===- LinearTest.h - What tests of linear kernels share
//---===//
#pragma once

#include "test/codegen/cuda/KernelTest.h"

#include <cmath>

namespace ingot::test {

class CudaLinear : public CudaKernel {
protected:
  int64_t n = 0, k = 0;
  /// Of A, W and the residual; of the result.
  ElementType type = ElementType::F32, outType = ElementType::F32;
  bool isTf32 = false;
  /// Whether blocks may share K, and in how many parts they do.
  bool isSplit = false;
  int64_t parts = 3;

  /// gelu(A W + bias) + residual, the residual where m is odd only.
  void loadLinear(int64_t columns, int64_t depth,
                  const std::string &rows = "-1") {
    n = columns, k = depth;
    std::string t = nameOf(type), out = nameOf(outType);
    std::string flat = ": tensor<?x" + t + ">";
    std::string scalars = isSplit ? "3" : "2",
                splits = isSplit ? ", splits = -3" : "",
                more = isSplit ? ", %parts: i64" : "";
    load("plan.kernel linear @k outs [" + out + "] ins [" + t + ", " + t +
         ", f32, " + t + "] scalars " + scalars + " params {m = " + rows +
         ", n = " + std::to_string(n) + ", k = " + std::to_string(k) +
         (isTf32 ? ", math = \"tf32\"" : "") + splits +
         R"mlir(, lda = -2, rows = 6, panels = 2} {
    ^bb0(%acc: f32, %m: i64, %n: i64, %x)mlir" +
         flat + ", %w" + flat + ", %b: tensor<?xf32>, %r" + flat +
         ", %M: i64, %l: i64" + more + R"mlir():
      %N = arith.constant )mlir" +
         std::to_string(n) + R"mlir( : i64
      %one = arith.constant 1 : i64
      %two = arith.constant 2 : i64
      %zero = arith.constant 0.0 : f32
      %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
      %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
      %2 = tfm.apply gelu(%1) : (f32) -> f32
      %h = tfm.apply floordiv(%m, %two) : (i64, i64) -> i64
      %3 = tfm.apply mul(%h, %N) : (i64, i64) -> i64
      %4 = tfm.apply add(%3, %n) : (i64, i64) -> i64
      %stored = tfm.load %r[%4] )mlir" +
         flat + " -> " + t + "\n%5 = tfm.convert %stored : " + t +
         R"mlir( to f32
      %p = tfm.apply mod(%m, %two) : (i64, i64) -> i64
      %odd = tfm.apply eq(%p, %one) : (i64, i64) -> i1
      %6 = tfm.choose %odd, %5, %zero : f32
      %7 = tfm.apply add(%2, %6) : (f32, f32) -> f32
      %8 = tfm.convert %7 : f32 to )mlir" +
         out + "\ntfm.yield %8 : " + out + "\n}");
  }

  /// Sums in f32, operands of tf32 rounded or cut to 11 bits, results once to
  /// their type (that may take them to the other neighbour than the
  /// reference's).
  Tolerance tolerance() const {
    double sums = std::sqrt(static_cast<double>(k));
    return {(2e-6 + (isTf32 ? 0x1p-10 : 0)) * sums,
            2e-6 + 2 * roundingOf(outType)};
  }

  void checkRows(int64_t m, int64_t pad = 0, bool allModes = false,
                 emulator::Grid grid = {3, 1, 1}) {
    SCOPED_TRACE(testing::Message()
                 << "m " << m << " n " << n << " k " << k << " pad " << pad);
    int64_t lda = k + pad;
    std::vector<Tensor> inputs{noise(m * lda, 1, 1, type),
                               noise(n * k, 2, 1, type), noise(n, 3),
                               noise(m / 2 * n, 4, 1, type)};
    std::vector<int64_t> scalars{m, lda};
    if (isSplit)
      scalars.push_back(parts);
    if (allModes)
      checkInAllModes(inputs, scalars, tolerance(), grid);
    else
      check(inputs, scalars, tolerance(), grid);
  }
};

struct LinearTypes {
  ElementType type, outType;
  bool isTf32 = false, isSplit = false;
  emulator::Cases cases = emulator::Cases::All; ///< of CudaLinearForms
};
constexpr ElementType F32 = ElementType::F32, BF16 = ElementType::BF16,
                      F16 = ElementType::F16;

inline std::string
nameOfTypes(const testing::TestParamInfo<LinearTypes> &info) {
  return (info.param.isTf32 ? "tf32" : nameOf(info.param.type)) + "_to_" +
         nameOf(info.param.outType) + (info.param.isSplit ? "_split" : "");
}

class CudaLinearTypes : public CudaLinear,
                        public testing::WithParamInterface<LinearTypes> {
protected:
  CudaLinearTypes() {
    type = GetParam().type, outType = GetParam().outType;
    isTf32 = GetParam().isTf32, isSplit = GetParam().isSplit;
  }
};

} // namespace ingot::test
