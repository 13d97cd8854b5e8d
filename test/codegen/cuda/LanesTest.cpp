// Kernels that take several consecutive elements at once: when they do, and
// that nothing changes by it.
#include "test/codegen/cuda/KernelTest.h"

#include <map>

using namespace ingot;
using namespace ingot::test;

namespace {

class CudaLanes : public CudaKernel {
protected:
  /// Global loads and stores since the last call, by name: "loads4" of 4 bytes.
  std::map<std::string, int64_t> accesses() {
    std::map<std::string, int64_t> counts;
    std::istringstream lines(emulator::control("stats"));
    std::string name;
    for (int64_t count; lines >> name >> count;)
      if (name.starts_with("loads") || name.starts_with("stores"))
        counts[name] = count;
    emulator::control("stats reset");
    return counts;
  }
  /// Checks the kernel; its accesses of 16 bytes are `loads` and `stores`, and
  /// there are no others.
  void checkWide(const std::vector<Tensor> &inputs,
                 const std::vector<int64_t> &scalars, int64_t loads,
                 int64_t stores, Tolerance tolerance = {}) {
    accesses();
    check(inputs, scalars, tolerance);
    auto counts = accesses();
    EXPECT_EQ(counts["loads16"], loads);
    EXPECT_EQ(counts["stores16"], stores);
    for (const char *bytes : {"1", "2", "4", "8"}) {
      EXPECT_EQ(counts[std::string("loads") + bytes], 0) << bytes;
      EXPECT_EQ(counts[std::string("stores") + bytes], 0) << bytes;
    }
  }
};

/// A layer norm of x + r, which it keeps, with scale and bias.
const char *const kNorm = R"mlir(
  plan.kernel norm @k outs [f32, f32] ins [f32, f32, f32, f32] scalars 1
      params {extents = array<i64: -1, 768>, chunk = 1, epsilon = 1.0e-5 : f64, kind = "layer"} {
  ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %w: tensor<?xf32>, %b: tensor<?xf32>, %m: i64):
    %n = arith.constant 768 : i64
    %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
    %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
    %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
    %3 = tfm.load %r[%1] : tensor<?xf32> -> f32
    %4 = tfm.apply add(%2, %3) : (f32, f32) -> f32
    tfm.yield %4 : f32
  }, {
  ^bb0(%v: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %w: tensor<?xf32>, %b: tensor<?xf32>, %m: i64):
    %0 = tfm.load %w[%j] : tensor<?xf32> -> f32
    %1 = tfm.load %b[%j] : tensor<?xf32> -> f32
    %2 = tfm.apply mul(%v, %0) : (f32, f32) -> f32
    %3 = tfm.apply add(%2, %1) : (f32, f32) -> f32
    tfm.yield %3 : f32
  })mlir";

/// Functions of x + r over a line of s0 elements.
const char *const kSum = R"mlir(
    plan.kernel map @k outs [f32, f32, f32] ins [f32, f32] scalars 1
        params {extents = array<i64: -1>, chunk = 64} {
    ^bb0(%i: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %n: i64):
      %0 = tfm.load %x[%i] : tensor<?xf32> -> f32
      %1 = tfm.load %r[%i] : tensor<?xf32> -> f32
      %2 = tfm.apply add(%0, %1) : (f32, f32) -> f32
      %3 = tfm.apply neg(%2) : (f32) -> f32
      %4 = tfm.apply gelu(%2) : (f32) -> f32
      %5 = tfm.apply gelu_tanh(%2) : (f32) -> f32
      tfm.yield %3, %4, %5 : f32, f32, f32
    })mlir";

std::string softmaxText(const std::string &columns) {
  return R"mlir(
    plan.kernel softmax @k outs [f32] ins [f32] scalars 2
        params {extents = array<i64: -1, )mlir" +
         columns + R"mlir(>, chunk = 3} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %m: i64, %n: i64):
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      tfm.yield %2 : f32
    })mlir";
}

TEST_F(CudaLanes, NoNarrowAccess) {
  load(kNorm);
  Tensor w = noise(768, 3), b = noise(768, 4);
  checkWide({noise(5 * 768), noise(5 * 768, 2), w, b}, {5}, 5 * 4 * 192,
            5 * 2 * 192, {1e-6, 2e-6});
  load(kSum);
  checkWide({noise(4096), noise(4096, 2)}, {4096}, 2 * 1024, 3 * 1024,
            {1e-6, 2e-6});
  load(softmaxText("512"));
  checkWide({noise(3 * 512)}, {3, 512}, 3 * 128, 3 * 128);
  load(softmaxText("-2")); // computed twice
  checkWide({noise(3 * 384)}, {3, 384}, 2 * 3 * 96, 3 * 96);
}

TEST_F(CudaLanes, Reductions) {
  auto text = [](const char *extents, const char *reduced, bool rows) {
    return std::string("plan.kernel reduce @k outs [f32] ins [f32] scalars 2 "
                       "params {extents = array<i64: ") +
           extents + ">, reduce_extents = array<i64: " + reduced +
           ">, kind = \"sum\", chunk = 1} {\n^bb0(" +
           (rows ? "%i: i64, %j: i64" : "%j: i64, %i: i64") +
           R"mlir(, %x: tensor<?xf32>, %m: i64, %n: i64):
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      tfm.yield %2 : f32
    })mlir";
  };
  load(text("-1", "-2", true));
  accesses();
  check({noise(5 * 400)}, {5, 400}, {1e-5, 2e-6});
  EXPECT_EQ(accesses()["loads16"], 5 * 100);
  check({noise(5 * 399)}, {5, 399}, {1e-5, 2e-6});
  EXPECT_EQ(accesses()["loads16"], 0);
  // Columns: only where there are many.
  load(text("-2", "-1", false));
  accesses();
  check({noise(3 * 65536)}, {3, 65536});
  EXPECT_EQ(accesses()["loads16"], 3 * 65536 / 4);
  check({noise(3 * 8192)}, {3, 8192});
  EXPECT_EQ(accesses()["loads16"], 0);
}

TEST_F(CudaLanes, EndsAndShifts) {
  load(kSum);
  for (int64_t n : {0, 1, 3, 4, 5, 1023, 1024, 1027, 3000})
    check({noise(n), noise(n, 2)}, {n}, {1e-6, 2e-6}, {2, 1, 1});
  accesses();
  // Whatever starts elsewhere turns it off.
  for (std::vector<size_t> each : {std::vector<size_t>{4},
                                   {0, 0, 8},
                                   {0, 0, 0, 8},
                                   {0, 0, 0, 0, 12},
                                   {4, 4, 4, 4, 4}}) {
    shifts = each;
    check({noise(1027), noise(1027, 2)}, {1027}, {1e-6, 2e-6});
    EXPECT_EQ(accesses()["loads16"], 0);
  }
  load(kNorm);
  accesses();
  for (size_t buffer = 0; buffer < 6; ++buffer) {
    shifts.assign(buffer, 0);
    shifts.push_back(4);
    check({noise(2 * 768), noise(2 * 768, 2), noise(768, 3), noise(768, 4)},
          {2}, {1e-6, 2e-6});
    EXPECT_EQ(accesses()["loads16"], 0);
  }
  load(softmaxText("-2"));
  for (int64_t n : {4, 5, 6, 7, 8, 130, 132}) {
    SCOPED_TRACE(n);
    shifts.clear();
    checkInAllModes({noise(5 * n)}, {5, n});
    shifts = {0, 4};
    check({noise(5 * n)}, {5, n});
  }
  // Rows of known length, held by a block; not all threads have columns.
  for (int64_t n : {260, 1000, 3100}) {
    load(softmaxText(std::to_string(n)));
    shifts.clear();
    checkInAllModes({noise(2 * n)}, {2, n});
    shifts = {8};
    check({noise(2 * n)}, {2, n});
  }
}

/// What is no plain offset: quotients and remainders, conditions on the place,
/// a gather beside.
TEST_F(CudaLanes, Places) {
  // Halves of a row of 16 exchange places, as rotary embedding does; rows of 3
  // heads of 16 are split; in1 is one number a row, in2 a table by index.
  load(R"mlir(
    plan.kernel map @k outs [f32] ins [f32, f32, f32] scalars 1
        params {extents = array<i64: -1, 48>, chunk = 64} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %s: tensor<?xf32>, %t: tensor<?xf32>, %m: i64):
      %c3 = arith.constant 3 : i64
      %c8 = arith.constant 8 : i64
      %c16 = arith.constant 16 : i64
      %c48 = arith.constant 48 : i64
      %head = tfm.apply floordiv(%j, %c16) : (i64, i64) -> i64
      %e = tfm.apply mod(%j, %c16) : (i64, i64) -> i64
      %low = tfm.apply lt(%e, %c8) : (i64, i64) -> i1
      %0 = tfm.apply mul(%i, %c48) : (i64, i64) -> i64
      %1 = tfm.apply mul(%head, %c16) : (i64, i64) -> i64
      %row = tfm.apply add(%0, %1) : (i64, i64) -> i64
      %up = tfm.apply add(%e, %c8) : (i64, i64) -> i64
      %down = tfm.apply sub(%e, %c8) : (i64, i64) -> i64
      %atUp = tfm.apply add(%row, %up) : (i64, i64) -> i64
      %atDown = tfm.apply add(%row, %down) : (i64, i64) -> i64
      %a = tfm.load %x[%atUp] : tensor<?xf32> -> f32
      %b = tfm.load %x[%atDown] : tensor<?xf32> -> f32
      %na = tfm.apply neg(%a) : (f32) -> f32
      %v = tfm.choose %low, %na, %b : f32
      %scale = tfm.load %s[%i] : tensor<?xf32> -> f32
      %j3 = tfm.apply mul(%j, %c3) : (i64, i64) -> i64
      %odd = tfm.load %t[%j3] : tensor<?xf32> -> f32
      %y = tfm.apply mul(%v, %scale) : (f32, f32) -> f32
      %z = tfm.apply add(%y, %odd) : (f32, f32) -> f32
      tfm.yield %z : f32
    })mlir");
  accesses();
  checkInAllModes({noise(7 * 48), noise(7, 2), noise(3 * 48, 3)}, {7});
  auto counts = accesses();
  EXPECT_EQ(counts["loads16"], 4 * 7 * 12);
  EXPECT_EQ(counts["stores16"], 4 * 7 * 12);

  // Two joined along the row: in one piece where the first's length is a
  // multiple, and each element by its own condition where not.
  load(R"mlir(
    plan.kernel map @k outs [f32] ins [f32, f32] scalars 3
        params {extents = array<i64: -1, -2>, chunk = 64} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %m: i64, %n: i64, %k: i64):
      %first = tfm.apply lt(%j, %k) : (i64, i64) -> i1
      %0 = tfm.apply mul(%i, %k) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %a = tfm.load %x[%1] : tensor<?xf32> -> f32
      %rest = tfm.apply sub(%n, %k) : (i64, i64) -> i64
      %2 = tfm.apply mul(%i, %rest) : (i64, i64) -> i64
      %3 = tfm.apply sub(%j, %k) : (i64, i64) -> i64
      %4 = tfm.apply add(%2, %3) : (i64, i64) -> i64
      %b = tfm.load %y[%4] : tensor<?xf32> -> f32
      %v = tfm.choose %first, %a, %b : f32
      tfm.yield %v : f32
    })mlir");
  for (auto [n, k] : {std::pair<int64_t, int64_t>{16, 8},
                      {16, 6},
                      {17, 8},
                      {20, 0},
                      {20, 20},
                      {16, 3}}) {
    SCOPED_TRACE(testing::Message() << n << "," << k);
    accesses();
    check({noise(5 * k), noise(5 * (n - k), 2)}, {5, n, k});
    EXPECT_EQ(accesses()["loads16"], n % 4 || k % 4 ? 0 : 5 * n / 4);
  }

  // What moves but starts anywhere is read one by one.
  load(R"mlir(
    plan.kernel map @k outs [f32] ins [f32, f32] scalars 1
        params {extents = array<i64: 32>, chunk = 64} {
    ^bb0(%i: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %s: i64):
      %c3 = arith.constant 3 : i64
      %c16 = arith.constant 16 : i64
      %0 = tfm.apply add(%i, %c3) : (i64, i64) -> i64
      %1 = tfm.apply mod(%0, %c16) : (i64, i64) -> i64
      %2 = tfm.apply floordiv(%0, %c16) : (i64, i64) -> i64
      %a = tfm.load %x[%1] : tensor<?xf32> -> f32
      %b = tfm.load %x[%2] : tensor<?xf32> -> f32
      %c = tfm.load %y[%i] : tensor<?xf32> -> f32
      %d = tfm.apply add(%a, %b) : (f32, f32) -> f32
      %e = tfm.apply add(%c, %d) : (f32, f32) -> f32
      tfm.yield %e : f32
    })mlir");
  check({noise(16), noise(32, 2)}, {0});
}

/// Small and large types: 8 elements where one is of 16 bits.
TEST_F(CudaLanes, Types) {
  load(R"mlir(
    plan.kernel map @k outs [bf16, i64, i1] ins [f16, f32, i1, i8] scalars 2
        params {extents = array<i64: -1, -2>, chunk = 64} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf16>, %y: tensor<?xf32>, %t: tensor<?xi1>, %b: tensor<?xi8>, %m: i64, %n: i64):
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf16> -> f16
      %3 = tfm.convert %2 : f16 to f32
      %4 = tfm.load %y[%j] : tensor<?xf32> -> f32
      %5 = tfm.load %t[%1] : tensor<?xi1> -> i1
      %6 = tfm.load %b[%1] : tensor<?xi8> -> i64
      %7 = tfm.apply add(%3, %4) : (f32, f32) -> f32
      %8 = tfm.convert %7 : f32 to bf16
      %9 = tfm.apply add(%6, %j) : (i64, i64) -> i64
      %10 = tfm.apply not(%5) : (i1) -> i1
      tfm.yield %8, %9, %10 : bf16, i64, i1
    })mlir");
  for (int64_t n : {8, 12, 13, 24, 0}) {
    SCOPED_TRACE(n);
    std::vector<int64_t> truth, bytes;
    for (int64_t i = 0; i < 3 * n; ++i) {
      truth.push_back(i % 3 == 1);
      bytes.push_back(i * 37 % 256 - 128);
    }
    Tensor half = noise(3 * n);
    Tensor x = *Tensor::create(ElementType::F16, {3 * n});
    for (int64_t i = 0; i < 3 * n; ++i)
      x.setNumber(i, half.number(i));
    accesses();
    checkInAllModes({x, noise(n, 2), integers(ElementType::Bool, truth),
                     integers(ElementType::I8, bytes)},
                    {3, n}, {1e-3, 1e-2});
    auto counts = accesses();
    // f16 and the row of f32, which takes two; 8 bytes of i1 and of i8.
    EXPECT_EQ(counts["loads16"], n % 8 ? 0 : 4 * 3 * n / 8 * 3);
    EXPECT_EQ(counts["loads8"], n % 8 ? 0 : 4 * 3 * n / 8 * 2);
  }
}

TEST_F(CudaLanes, SeveralOutputs) {
  // Of a reduction and of a softmax; those of maps are above.
  load(R"mlir(
    plan.kernel reduce @k outs [f32, bf16] ins [f32] scalars 2
        params {extents = array<i64: -1>, reduce_extents = array<i64: -2>, kind = "mean", chunk = 1} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %m: i64, %n: i64):
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      tfm.yield %2 : f32
    }, {
    ^bb0(%a: f32, %i: i64, %x: tensor<?xf32>, %m: i64, %n: i64):
      %0 = tfm.apply neg(%a) : (f32) -> f32
      %1 = tfm.convert %0 : f32 to bf16
      tfm.yield %a, %1 : f32, bf16
    })mlir");
  for (int64_t n : {7, 64})
    check({noise(3 * n)}, {3, n}, {1e-6, 1e-2});
  load(R"mlir(
    plan.kernel softmax @k outs [f32, f32] ins [f32] scalars 1
        params {extents = array<i64: -1, 40>, chunk = 1} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %m: i64):
      %n = arith.constant 40 : i64
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      tfm.yield %2 : f32
    }, {
    ^bb0(%p: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %m: i64):
      %0 = tfm.apply neg(%p) : (f32) -> f32
      tfm.yield %p, %0 : f32, f32
    })mlir");
  check({noise(5 * 40)}, {5});
  shifts = {0, 4};
  check({noise(5 * 40)}, {5});
}

} // namespace
