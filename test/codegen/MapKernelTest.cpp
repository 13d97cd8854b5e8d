// map and scan kernels, and through them how regions become vector code: every
// kind of load, conditions, index checks, types.
#include "test/codegen/PlanKernelHarness.h"

#include <cmath>
#include <numeric>

using namespace ingot;
using namespace ingot::test;

namespace {

INSTANTIATE_TEST_SUITE_P(Isa, PlanKernel, testing::ValuesIn(variants()),
                         [](auto &info) { return info.param.name; });

std::vector<float> ramp(size_t n, float scale = 1) {
  std::vector<float> x(n);
  for (size_t i = 0; i < n; ++i)
    x[i] = scale * static_cast<float>(static_cast<int>(i * 37 % 101) - 50);
  return x;
}

TEST_P(PlanKernel, MapOfRankOneInChunks) {
  Loaded k = compile(R"mlir(
    plan.kernel map @k outs [f32] ins [f32, f32] scalars 1
        params {extents = array<i64: -1>, chunk = 37} {
    ^bb0(%i: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %n: i64):
      %0 = tfm.load %x[%i] : tensor<?xf32> -> f32
      %1 = tfm.load %y[%i] : tensor<?xf32> -> f32
      %2 = tfm.apply sub(%0, %1) : (f32, f32) -> f32
      tfm.yield %2 : f32
    })mlir");
  for (int64_t n : {1, 8, 36, 37, 38, 100}) {
    std::vector<float> x = ramp(n), y = ramp(n, 0.5f), out(n + 1, -7.f);
    k.run(0, {pointer(out), pointer(x), pointer(y), slot(n)}, (n + 36) / 37);
    for (int64_t i = 0; i < n; ++i)
      ASSERT_EQ(out[i], x[i] - y[i]) << i;
    EXPECT_EQ(out[n], -7.f);
  }
}

TEST_P(PlanKernel, MapBroadcastsRowsAndColumns) {
  Loaded k = compile(R"mlir(
    plan.kernel map @k outs [f32] ins [f32, f32, f32] scalars 2
        params {extents = array<i64: -1, -2>, chunk = 2} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %row: tensor<?xf32>, %col: tensor<?xf32>, %m: i64, %n: i64):
      %s = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %f = tfm.apply add(%s, %j) : (i64, i64) -> i64
      %0 = tfm.load %x[%f] : tensor<?xf32> -> f32
      %1 = tfm.load %row[%i] : tensor<?xf32> -> f32
      %2 = tfm.load %col[%j] : tensor<?xf32> -> f32
      %e = tfm.apply exp(%1) : (f32) -> f32
      %3 = tfm.apply mul(%0, %e) : (f32, f32) -> f32
      %4 = tfm.apply add(%3, %2) : (f32, f32) -> f32
      tfm.yield %4 : f32
    })mlir");
  int64_t m = 5, n = 21;
  std::vector<float> x = ramp(m * n), row = ramp(m, 0.02f), col = ramp(n),
                     out(m * n);
  k.run(
      0,
      {pointer(out), pointer(x), pointer(row), pointer(col), slot(m), slot(n)},
      3);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      ASSERT_NEAR(out[i * n + j], x[i * n + j] * std::exp(row[i]) + col[j],
                  1e-4);
}

TEST_P(PlanKernel, MapTransposesByGathering) {
  Loaded k = compile(R"mlir(
    plan.kernel map @k outs [i32] ins [i32] scalars 0
        params {extents = array<i64: 7, 19>, chunk = 7} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xi32>):
      %c7 = arith.constant 7 : i64
      %s = tfm.apply mul(%j, %c7) : (i64, i64) -> i64
      %f = tfm.apply add(%s, %i) : (i64, i64) -> i64
      %0 = tfm.load %x[%f] : tensor<?xi32> -> i64
      tfm.yield %0 : i64
    })mlir");
  std::vector<int32_t> x(7 * 19), out(7 * 19);
  std::iota(x.begin(), x.end(), -5);
  k.run(0, {pointer(out), pointer(x)});
  for (int i = 0; i < 7; ++i)
    for (int j = 0; j < 19; ++j)
      ASSERT_EQ(out[i * 19 + j], x[j * 7 + i]);
}

TEST_P(PlanKernel, MapTakesAJointIndexApart) {
  // [3, 2*32] from [2, 3, 32]: floordiv and mod of a vector that stays inside.
  Loaded k = compile(R"mlir(
    plan.kernel map @k outs [f32] ins [f32] scalars 0
        params {extents = array<i64: 3, 64>, chunk = 1} {
    ^bb0(%s: i64, %c: i64, %x: tensor<?xf32>):
      %c32 = arith.constant 32 : i64
      %c96 = arith.constant 96 : i64
      %h = tfm.apply floordiv(%c, %c32) : (i64, i64) -> i64
      %d = tfm.apply mod(%c, %c32) : (i64, i64) -> i64
      %0 = tfm.apply mul(%h, %c96) : (i64, i64) -> i64
      %1 = tfm.apply mul(%s, %c32) : (i64, i64) -> i64
      %2 = tfm.apply add(%0, %1) : (i64, i64) -> i64
      %3 = tfm.apply add(%2, %d) : (i64, i64) -> i64
      %4 = tfm.load %x[%3] : tensor<?xf32> -> f32
      tfm.yield %4 : f32
    })mlir");
  std::vector<float> x = ramp(192), out(192);
  k.run(0, {pointer(out), pointer(x)}, 3);
  for (int s = 0; s < 3; ++s)
    for (int c = 0; c < 64; ++c)
      ASSERT_EQ(out[s * 64 + c], x[c / 32 * 96 + s * 32 + c % 32]);
}

TEST_P(PlanKernel, MapConcatReadsOnlyWhatItChooses) {
  // [a (na), b (nb)] with the page behind each operand unreadable.
  Loaded k = compile(R"mlir(
    plan.kernel map @k outs [f32] ins [f32, f32] scalars 2
        params {extents = array<i64: -1>, chunk = 64} {
    ^bb0(%i: i64, %a: tensor<?xf32>, %b: tensor<?xf32>, %n: i64, %na: i64):
      %in = tfm.apply lt(%i, %na) : (i64, i64) -> i1
      %0 = tfm.load %a[%i] : tensor<?xf32> -> f32
      %o = tfm.apply sub(%i, %na) : (i64, i64) -> i64
      %1 = tfm.load %b[%o] : tensor<?xf32> -> f32
      %2 = tfm.choose %in, %0, %1 : f32
      tfm.yield %2 : f32
    })mlir");
  GuardedPages a(1), b(1);
  for (auto [na, nb] : {std::pair<int64_t, int64_t>{5, 20},
                        {16, 16},
                        {0, 9},
                        {33, 1},
                        {20, 0}}) {
    // `a` ends where its page ends; `b` starts where its page starts.
    float *pa = a.end<float>() - na, *pb = b.begin<float>();
    for (int64_t i = 0; i < na; ++i)
      pa[i] = static_cast<float>(i);
    for (int64_t i = 0; i < nb; ++i)
      pb[i] = static_cast<float>(100 + i);
    std::vector<float> out(na + nb);
    k.run(0, {pointer(out), slot(pa), slot(pb), slot(na + nb), slot(na)});
    for (int64_t i = 0; i < na + nb; ++i)
      ASSERT_EQ(out[i], i < na ? i : 100 + i - na)
          << na << " " << nb << " at " << i;
  }
}

TEST_P(PlanKernel, MapDropsClampsThatTheConditionMakesMoot) {
  // Rotary's half turn: [-x[32:], x[:32]], coordinates clamped as lowering
  // does.
  std::string text = R"mlir(
    plan.kernel map @k outs [f32] ins [f32] scalars 0
        params {extents = array<i64: 5, 64>, chunk = 5} {
    ^bb0(%i: i64, %c: i64, %x: tensor<?xf32>):
      %zero = arith.constant 0 : i64
      %c32 = arith.constant 32 : i64
      %c63 = arith.constant 63 : i64
      %c64 = arith.constant 64 : i64
      %row = tfm.apply mul(%i, %c64) : (i64, i64) -> i64
      %low = tfm.apply lt(%c, %c32) : (i64, i64) -> i1
      %0 = tfm.apply add(%c, %c32) : (i64, i64) -> i64
      %1 = tfm.apply min(%0, %c63) : (i64, i64) -> i64
      %2 = tfm.apply add(%row, %1) : (i64, i64) -> i64
      %3 = tfm.load %x[%2] : tensor<?xf32> -> f32
      %4 = tfm.apply neg(%3) : (f32) -> f32
      %5 = tfm.apply sub(%c, %c32) : (i64, i64) -> i64
      %6 = tfm.apply max(%zero, %5) : (i64, i64) -> i64
      %7 = tfm.apply add(%row, %6) : (i64, i64) -> i64
      %8 = tfm.load %x[%7] : tensor<?xf32> -> f32
      %9 = tfm.choose %low, %4, %8 : f32
      tfm.yield %9 : f32
    })mlir";
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  mlir::DialectRegistry registry;
  cpu::registerKernelDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  loadPlanDialects(context);
  std::string written;
  llvm::raw_string_ostream(written)
      << *planJob(text, GetParam()).build(context);
  EXPECT_EQ(written.find("vector.gather"), std::string::npos);

  Loaded k = compile(text);
  GuardedPages pages(1);
  float *x = pages.end<float>() - 320;
  for (int i = 0; i < 320; ++i)
    x[i] = static_cast<float>(i + 1);
  std::vector<float> out(320);
  k.run(0, {pointer(out), slot(x)});
  for (int i = 0; i < 320; ++i)
    ASSERT_EQ(out[i], i % 64 < 32 ? -x[i + 32] : x[i - 32]) << i;
}

TEST_P(PlanKernel, MapKeepsClampsThatMatter) {
  // Padding by the edge value: the clamp is the meaning.
  Loaded k = compile(R"mlir(
    plan.kernel map @k outs [f32] ins [f32] scalars 1
        params {extents = array<i64: 40>, chunk = 40} {
    ^bb0(%i: i64, %x: tensor<?xf32>, %n: i64):
      %zero = arith.constant 0 : i64
      %c5 = arith.constant 5 : i64
      %c1 = arith.constant 1 : i64
      %0 = tfm.apply sub(%i, %c5) : (i64, i64) -> i64
      %1 = tfm.apply max(%zero, %0) : (i64, i64) -> i64
      %last = tfm.apply sub(%n, %c1) : (i64, i64) -> i64
      %2 = tfm.apply min(%1, %last) : (i64, i64) -> i64
      %3 = tfm.load %x[%2] : tensor<?xf32> -> f32
      tfm.yield %3 : f32
    })mlir");
  std::vector<float> x = ramp(20), out(40);
  k.run(0, {pointer(out), pointer(x), slot<int64_t>(20)});
  for (int i = 0; i < 40; ++i)
    ASSERT_EQ(out[i], x[std::clamp(i - 5, 0, 19)]) << i;
}

TEST_P(PlanKernel, MapUniformConditionGuardsUniformLoad) {
  Loaded k = compile(R"mlir(
    plan.kernel map @k outs [f32] ins [f32] scalars 1
        params {extents = array<i64: 4, 9>, chunk = 4} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %n: i64):
      %z = arith.constant -1.0 : f32
      %in = tfm.apply lt(%i, %n) : (i64, i64) -> i1
      %0 = tfm.load %x[%i] : tensor<?xf32> -> f32
      %1 = tfm.choose %in, %0, %z : f32
      tfm.yield %1 : f32
    })mlir");
  GuardedPages pages(1);
  float *x = pages.end<float>() - 2;
  x[0] = 3, x[1] = 4;
  std::vector<float> out(36);
  k.run(0, {pointer(out), slot(x), slot<int64_t>(2)});
  for (int i = 0; i < 36; ++i)
    ASSERT_EQ(out[i], i < 9 ? 3 : i < 18 ? 4 : -1);
}

TEST_P(PlanKernel, MapComparesIndices) {
  // Lower triangle with an offset: k <= q + offset, and an equality.
  Loaded k = compile(R"mlir(
    plan.kernel map @k outs [i1] ins [] scalars 1
        params {extents = array<i64: 6, 25>, chunk = 6} {
    ^bb0(%q: i64, %k: i64, %o: i64):
      %s = tfm.apply add(%q, %o) : (i64, i64) -> i64
      %0 = tfm.apply le(%k, %s) : (i64, i64) -> i1
      %1 = tfm.apply eq(%s, %k) : (i64, i64) -> i1
      %2 = tfm.apply lt(%s, %k) : (i64, i64) -> i1
      %3 = tfm.apply not(%1) : (i1) -> i1
      %4 = tfm.apply and(%0, %3) : (i1, i1) -> i1
      %5 = tfm.apply or(%4, %2) : (i1, i1) -> i1
      tfm.yield %5 : i1
    })mlir");
  std::vector<uint8_t> out(150);
  for (int64_t offset : {-8, 0, 3, 100}) {
    k.run(0, {pointer(out), slot(offset)});
    for (int q = 0; q < 6; ++q)
      for (int c = 0; c < 25; ++c)
        ASSERT_EQ(out[q * 25 + c], q + offset != c) << q << " " << c;
  }
}

TEST_P(PlanKernel, MapLooksUpRowsAndReportsBadIndices) {
  Loaded k = compile(R"mlir(
    plan.kernel map @k outs [f32] ins [i64, f32] scalars 1
        params {extents = array<i64: -1, 24>, chunk = 8} {
    ^bb0(%i: i64, %c: i64, %ids: tensor<?xi64>, %table: tensor<?xf32>, %n: i64):
      %c24 = arith.constant 24 : i64
      %v = arith.constant 10 : i64
      %id = tfm.load %ids[%i] : tensor<?xi64> -> i64
      %safe = tfm.check_index %id, %v
      %0 = tfm.apply mul(%safe, %c24) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %c) : (i64, i64) -> i64
      %2 = tfm.load %table[%1] : tensor<?xf32> -> f32
      tfm.yield %2 : f32
    })mlir");
  std::vector<float> table = ramp(240), out(3 * 24);
  std::vector<int64_t> ids{3, -1, 9};
  auto status =
      k.run(0, {pointer(out), pointer(ids), pointer(table), slot<int64_t>(3)});
  EXPECT_EQ(status.code, 0);
  for (int i = 0; i < 72; ++i)
    ASSERT_EQ(out[i], table[(i / 24 == 1 ? 9 : ids[i / 24]) * 24 + i % 24]);
  ids = {3, 10, 0};
  status =
      k.run(0, {pointer(out), pointer(ids), pointer(table), slot<int64_t>(3)});
  EXPECT_EQ(status.code, 1);
  EXPECT_EQ(status.value, 10);
  EXPECT_EQ(status.limit, 10);
}

TEST_P(PlanKernel, MapGathersByVectorOfIndices) {
  // Only where the flag is set: the other indices are out of range on purpose.
  Loaded k = compile(R"mlir(
    plan.kernel map @k outs [f32] ins [i64, f32, i1] scalars 1
        params {extents = array<i64: -1>, chunk = 1000} {
    ^bb0(%i: i64, %ids: tensor<?xi64>, %x: tensor<?xf32>, %flags: tensor<?xi1>, %n: i64):
      %z = arith.constant 0.5 : f32
      %v = arith.constant 50 : i64
      %f = tfm.load %flags[%i] : tensor<?xi1> -> i1
      %id = tfm.load %ids[%i] : tensor<?xi64> -> i64
      %safe = tfm.check_index %id, %v
      %0 = tfm.load %x[%safe] : tensor<?xf32> -> f32
      %1 = tfm.choose %f, %0, %z : f32
      tfm.yield %1 : f32
    })mlir");
  int64_t n = 43;
  std::vector<int64_t> ids(n);
  std::vector<float> x = ramp(50), out(n);
  std::vector<uint8_t> flags(n);
  for (int i = 0; i < n; ++i) {
    flags[i] = i % 3 != 0;
    ids[i] = flags[i] ? (i * 7) % 50 - (i % 2 ? 50 : 0) : int64_t(1) << 50;
  }
  auto run = [&] {
    return k.run(
        0, {pointer(out), pointer(ids), pointer(x), pointer(flags), slot(n)});
  };
  EXPECT_EQ(run().code, 0);
  for (int i = 0; i < n; ++i)
    ASSERT_EQ(out[i], flags[i] ? x[(ids[i] + 50) % 50] : 0.5f) << i;
  ids[40] = -51;
  auto status = run();
  EXPECT_EQ(status.code, 1);
  EXPECT_EQ(status.value, -51);
}

TEST_P(PlanKernel, MapConvertsTypes) {
  Loaded k = compile(R"mlir(
    plan.kernel map @k outs [i8] ins [f32, i1, ui8] scalars 0
        params {extents = array<i64: 20>, chunk = 20} {
    ^bb0(%i: i64, %x: tensor<?xf32>, %b: tensor<?xi1>, %u: tensor<?xui8>):
      %0 = tfm.load %x[%i] : tensor<?xf32> -> f32
      %1 = tfm.convert %0 : f32 to i64
      %2 = tfm.load %b[%i] : tensor<?xi1> -> i1
      %3 = tfm.convert %2 : i1 to i64
      %4 = tfm.load %u[%i] : tensor<?xui8> -> i64
      %5 = tfm.apply add(%1, %3) : (i64, i64) -> i64
      %6 = tfm.apply add(%5, %4) : (i64, i64) -> i64
      tfm.yield %6 : i64
    })mlir");
  std::vector<float> x(20);
  std::vector<uint8_t> b(20), u(20);
  std::vector<int8_t> out(20);
  for (int i = 0; i < 20; ++i)
    x[i] = i * 1.7f - 9, b[i] = i % 2, u[i] = 240 + i % 16;
  k.run(0, {pointer(out), pointer(x), pointer(b), pointer(u)});
  for (int i = 0; i < 20; ++i)
    ASSERT_EQ(out[i],
              static_cast<int8_t>(static_cast<int>(x[i]) + b[i] + u[i]));
}

TEST_P(PlanKernel, MapOfOneElementAndIndexToFloat) {
  Loaded k = compile(R"mlir(
    plan.kernel map @k outs [f32] ins [] scalars 1
        params {extents = array<i64: 1, -1>, chunk = 1} {
    ^bb0(%z: i64, %i: i64, %n: i64):
      %c3 = arith.constant 3 : i64
      %0 = tfm.apply mul(%i, %c3) : (i64, i64) -> i64
      %1 = tfm.apply sub(%n, %0) : (i64, i64) -> i64
      %2 = tfm.convert %1 : i64 to f32
      tfm.yield %2 : f32
    })mlir");
  std::vector<float> out(30);
  for (int64_t n : {1, 30}) {
    k.run(0, {pointer(out), slot(n)});
    for (int i = 0; i < n; ++i)
      ASSERT_EQ(out[i], n - 3 * i);
  }
}

TEST_P(PlanKernel, NonZeroCoordinates) {
  Loaded k = compile(R"mlir(
    plan.kernel nonzero @k outs [i64, i64] ins [i32] scalars 2
        params {extents = array<i64: 3, -1>, count = -2} {
    ^bb0(%b: i64, %s: i64, %x: tensor<?xi32>, %n: i64, %count: i64):
      %zero = arith.constant 0 : i64
      %0 = tfm.apply mul(%b, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %s) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xi32> -> i64
      %3 = tfm.apply ne(%2, %zero) : (i64, i64) -> i1
      tfm.yield %3 : i1
    })mlir");
  std::vector<int32_t> x = {0, 3, -1, 0, 0, 0, 1, 0};
  x.insert(x.end(), {0, 0, 0, 9});
  // As many as there are, fewer, and more than there are.
  for (int64_t count : {4, 2, 6}) {
    std::vector<int64_t> rows(count + 1, -7), columns(count + 1, -7);
    k.run(0, {pointer(rows), pointer(columns), pointer(x), slot<int64_t>(4),
              slot<int64_t>(count)});
    std::vector<int64_t> allRows = {0, 0, 1, 2, 0, 0},
                         allColumns = {1, 2, 2, 3, 0, 0};
    allRows.resize(count);
    allColumns.resize(count);
    allRows.push_back(-7);
    allColumns.push_back(-7);
    EXPECT_EQ(rows, allRows);
    EXPECT_EQ(columns, allColumns);
  }
}

TEST_P(PlanKernel, ScanAlongAnyAxis) {
  auto text = [](int axis, bool exclusive, bool reverse) {
    return R"mlir(
    plan.kernel scan @k outs [i64] ins [i64] scalars 1
        params {extents = array<i64: 3, -1, 2>, chunk = 4, axis = )mlir" +
           std::to_string(axis) +
           ", exclusive = " + (exclusive ? "true" : "false") +
           ", reverse = " + (reverse ? "true" : "false") + R"mlir(} {
    ^bb0(%i: i64, %j: i64, %l: i64, %x: tensor<?xi64>, %n: i64):
      %c2 = arith.constant 2 : i64
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.apply mul(%1, %c2) : (i64, i64) -> i64
      %3 = tfm.apply add(%2, %l) : (i64, i64) -> i64
      %4 = tfm.load %x[%3] : tensor<?xi64> -> i64
      tfm.yield %4 : i64
    })mlir";
  };
  int64_t dims[3] = {3, 5, 2};
  std::vector<int64_t> x(30), out(30);
  std::iota(x.begin(), x.end(), -7);
  for (int axis = 0; axis < 3; ++axis)
    for (int mode = 0; mode < 4; ++mode) {
      bool exclusive = mode & 1, reverse = mode & 2;
      Loaded k = compile(text(axis, exclusive, reverse));
      k.run(0, {pointer(out), pointer(x), slot<int64_t>(5)},
            (30 / dims[axis] + 3) / 4);
      int64_t stride = axis == 0 ? 10 : axis == 1 ? 2 : 1;
      for (int64_t f = 0; f < 30; ++f) {
        int64_t at = f / stride % dims[axis], sum = 0;
        for (int64_t o = 0; o < dims[axis]; ++o) {
          bool counts = reverse ? (exclusive ? o > at : o >= at)
                                : (exclusive ? o < at : o <= at);
          if (counts)
            sum += x[f + (o - at) * stride];
        }
        ASSERT_EQ(out[f], sum) << axis << " " << mode << " " << f;
      }
    }
}

} // namespace
