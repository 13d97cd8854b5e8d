// linear kernels: few and many rows, sizes beside the tiles', alignment,
// epilogues.
#include "test/codegen/cuda/KernelTest.h"

#include <cmath>

using namespace ingot;
using namespace ingot::test;

namespace {

class CudaLinear : public CudaKernel {
protected:
  int64_t n = 0, k = 0;

  /// gelu(A W + bias) + residual, the residual where m is odd only.
  void loadLinear(int64_t columns, int64_t depth,
                  const std::string &rows = "-1") {
    n = columns, k = depth;
    load("plan.kernel linear @k outs [f32] ins [f32, f32, f32, f32] scalars 2 "
         "params {m = " +
         rows + ", n = " + std::to_string(n) + ", k = " + std::to_string(k) +
         R"mlir(, lda = -2, rows = 6, panels = 2} {
    ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>, %b: tensor<?xf32>, %r: tensor<?xf32>, %M: i64, %l: i64):
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
      %5 = tfm.load %r[%4] : tensor<?xf32> -> f32
      %p = tfm.apply mod(%m, %two) : (i64, i64) -> i64
      %odd = tfm.apply eq(%p, %one) : (i64, i64) -> i1
      %6 = tfm.choose %odd, %5, %zero : f32
      %7 = tfm.apply add(%2, %6) : (f32, f32) -> f32
      tfm.yield %7 : f32
    })mlir");
  }

  void checkRows(int64_t m, int64_t pad = 0, bool allModes = false,
                 emulator::Grid grid = {3, 1, 1}) {
    SCOPED_TRACE(testing::Message()
                 << "m " << m << " n " << n << " k " << k << " pad " << pad);
    int64_t lda = k + pad;
    std::vector<Tensor> inputs{noise(m * lda), noise(n * k, 2), noise(n, 3),
                               noise(m / 2 * n, 4)};
    Tolerance tolerance{2e-6 * std::sqrt(static_cast<double>(k)), 2e-6};
    if (allModes)
      checkInAllModes(inputs, {m, lda}, tolerance, grid);
    else
      check(inputs, {m, lda}, tolerance, grid);
  }
};

TEST_F(CudaLinear, FewRows) {
  loadLinear(40, 300);
  for (int64_t m : {1, 2, 7, 8})
    checkRows(m);
  checkRows(3, 4);
  checkRows(3, 1); // rows at multiples of 4 bytes
  checkRows(1, 0, false, {1, 2, 1});
  loadLinear(33, 7);
  checkRows(5);
}

TEST_F(CudaLinear, ManyRows) {
  loadLinear(72, 100);
  checkRows(9, 0, true);
  checkRows(70, 4, false, {1, 1, 1});
  checkRows(65, 3);
  loadLinear(50, 36); // columns in ones
  checkRows(64);
  loadLinear(72, 33); // weights at multiples of 4 bytes
  checkRows(67, 0, true, {2, 1, 1});
  loadLinear(1, 1);
  checkRows(1);
  checkRows(100);
}

TEST_F(CudaLinear, LargeTiles) {
  loadLinear(128 * 32 - 4, 8);
  checkRows(128 * 2 + 1, 0, false, {5, 1, 1});
}

TEST_F(CudaLinear, RowsThatAreANumber) {
  loadLinear(24, 64, "4");
  EXPECT_EQ(printed.sharedBytes, 0u);
  checkRows(4);
  loadLinear(24, 64, "20");
  checkRows(20);
}

/// 0 * inf and what a NaN meets stay in their rows and columns.
TEST_F(CudaLinear, ValuesThatAreNotFinite) {
  loadLinear(24, 40);
  for (int64_t m : {3, 30}) {
    Tensor a = noise(m * k), w = noise(n * k, 2);
    a.setNumber(k + 5, INFINITY);
    a.setNumber(2 * k + 39, NAN);
    w.setNumber(4 * k + 5, 0);
    w.setNumber(7 * k + 1, -INFINITY);
    check({a, w, noise(n, 3), noise(m / 2 * n, 4)}, {m, k}, {1e-5, 1e-5});
  }
}

} // namespace
