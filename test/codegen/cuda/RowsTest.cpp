// reduce, scan, softmax and norm kernels.
#include "test/codegen/cuda/KernelTest.h"

#include <cmath>

using namespace ingot;
using namespace ingot::test;

namespace {

class CudaRows : public CudaKernel {};
class CudaRowsCases : public emulator::SampledTest<CudaRows> {};
INSTANTIATE_SAMPLED_TESTS(CudaRowsCases);

std::string number(int64_t n) { return std::to_string(n); }

/// A reduction of x[m, k, n] over the middle axis or the last.
struct ReduceText {
  std::string kind;
  bool middle = false;
  std::string type = "f32";
  std::string params = "";
  int64_t length = -1; ///< of the reduced axis, where it is a number

  std::string text() const {
    std::string scalar = type[0] == 'f' || type == "i1" ? type : "i64";
    std::string out = kind.starts_with("arg") ? "i64" : type;
    std::string tensor = "tensor<?x" + type + ">";
    std::string reduced = length < 0 ? (middle ? "-2" : "-3") : number(length);
    return "plan.kernel reduce @k outs [" + out + "] ins [" + type +
           "] scalars 3 params {extents = array<i64: -1, " +
           (middle ? "-3" : "-2") +
           ">, reduce_extents = array<i64: " + reduced + ">, kind = \"" + kind +
           "\", chunk = 2" + params + "} {\n^bb0(" +
           (middle ? "%i: i64, %j: i64, %r: i64"
                   : "%i: i64, %r: i64, %j: i64") +
           ", %x: " + tensor + R"mlir(, %m: i64, %k: i64, %n: i64):
      %0 = tfm.apply mul(%i, %k) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %r) : (i64, i64) -> i64
      %2 = tfm.apply mul(%1, %n) : (i64, i64) -> i64
      %3 = tfm.apply add(%2, %j) : (i64, i64) -> i64
      %4 = tfm.load %x[%3] : )mlir" +
           tensor + " -> " + scalar + "\n tfm.yield %4 : " + scalar + "\n}";
  }
};

struct Sizes {
  int64_t m, k, n;
  int64_t count() const { return m * k * n; }
};
const Sizes kSizes[] = {{2, 3, 5}, {1, 40, 33}, {3, 1, 1}, {2, 31, 64},
                        {2, 0, 3}, {2, 3, 0},   {0, 3, 3}, {1, 5, 100}};

/// With NaN, denormals and, unless they would take an f32 product or square
/// where a double one stays, infinities and large numbers here and there.
Tensor wild(int64_t size, int64_t specials = 6) {
  Tensor x = noise(size, 3);
  float values[] = {NAN, 1e-41f, -0.f, INFINITY, -INFINITY, 3e38f};
  for (int64_t i = 0; i < size; ++i)
    if (i % 17 == 5)
      x.setNumber(i, values[i / 17 % specials]);
  return x;
}

/// Kinds over the last axis or the middle one, integers of those whose numbers
/// are others than floats'; then all over the other axis, and the other kinds.
const std::vector<ReduceText> kFloats = {
    {"max"}, {"l2"}, {"mean", true}, {"prod", true}};
const std::vector<ReduceText> kIntegers = {{"sum", false, "i32"},
                                           {"mean", true, "i32"},
                                           {"min", false, "i8"},
                                           {"max", true, "i1"}};
std::vector<ReduceText> andTheOthers(std::vector<ReduceText> few,
                                     std::vector<ReduceText> more) {
  more.insert(more.end(), few.begin(), few.end());
  std::vector<ReduceText> others = more;
  others.resize(more.size() - few.size());
  for (ReduceText text : more) {
    text.middle = !text.middle;
    others.push_back(text);
  }
  return others;
}

TEST_P(CudaRowsCases, ReduceFloats) {
  for (const ReduceText &text :
       cases(kFloats, andTheOthers(kFloats, {{"sum"}, {"min", true}}))) {
    SCOPED_TRACE(text.kind);
    load(text.text());
    for (Sizes s : kSizes) {
      SCOPED_TRACE(testing::Message() << s.m << "," << s.k << "," << s.n);
      check({noise(s.count())}, {s.m, s.k, s.n}, {1e-6, 2e-6});
    }
    bool multiplies = text.kind == "prod" || text.kind[0] == 'l';
    check({wild(7 * 40 * 40, multiplies ? 3 : 6)}, {7, 40, 40}, {1e-6, 1e-5});
  }
}

TEST_P(CudaRowsCases, ReduceIntegersAndTruthValues) {
  std::vector<int64_t> values, truth;
  for (int64_t i = 0; i < 2 * 9 * 21; ++i) {
    values.push_back((i * 2654435761) % 4000000000 - 2000000000);
    truth.push_back(i % 11 == 3);
  }
  Tensor x = integers(ElementType::I32, values),
         t = integers(ElementType::Bool, truth);
  std::vector<ReduceText> others =
      andTheOthers(kIntegers, {{"l2", false, "i32"}, {"min", false, "i1"}});
  for (const char *kind : {"max", "min", "prod"})
    for (bool middle : {false, true})
      others.push_back({kind, middle, "i32"});
  for (const ReduceText &text : cases(kIntegers, others)) {
    SCOPED_TRACE(text.kind + " of " + text.type);
    load(text.text());
    ElementType type = text.type == "i32"  ? ElementType::I32
                       : text.type == "i8" ? ElementType::I8
                                           : ElementType::Bool;
    if (type == ElementType::I8)
      check({integers(type, {5, -128, 127, 3, 0, 9})}, {1, 2, 3});
    else if (text.kind == "l2") // whose squares stay below 2^63
      check({integers(type, {3, -4, 5, 12, 0, 7})}, {1, 2, 3});
    else
      check({type == ElementType::Bool ? t : x}, {2, 9, 21});
    check({integers(type, {})}, {2, text.middle ? 0 : 3, text.middle ? 3 : 0});
  }
}

TEST_P(CudaRowsCases, ArgReduce) {
  const std::string last = ", last";
  for (const ReduceText &text :
       cases<ReduceText>({{"argmin", false, "f32", last}, {"argmax", true}},
                         {{"argmax"},
                          {"argmin", true},
                          {"argmax", true, "f32", last},
                          {"argmax", false, "f32", last},
                          {"argmin"},
                          {"argmin", true, "f32", last}})) {
    SCOPED_TRACE(testing::Message() << text.kind << text.middle << text.params);
    load(text.text());
    // Values that come many times, then with NaN and infinities.
    std::vector<float> few;
    for (int i = 0; i < 2 * 40 * 70; ++i)
      few.push_back(static_cast<float>(i * 5 % 4));
    check({floats(few)}, {2, 40, 70});
    check({wild(3 * 7 * 35)}, {3, 7, 35});
    check({noise(1)}, {1, 1, 1});
  }
}

TEST_F(CudaRows, ArgReduceOfIntegers) {
  load(ReduceText{"argmax", false, "i32"}.text());
  check({integers(ElementType::I32, {-5, -2, -2, -7, 4, 4})}, {1, 2, 3});
}

TEST_F(CudaRows, ReduceByBlocks) {
  for (const char *kind : {"sum", "max", "argmax"}) {
    SCOPED_TRACE(kind);
    ReduceText text{kind, false, "f32", "", 1500};
    load(text.text());
    EXPECT_EQ(printed.threads, 128u);
    EXPECT_GT(printed.sharedBytes, 0u);
    checkInAllModes({noise(3 * 1500)}, {3, 1, 1500}, {1e-5, 1e-6}, {2, 1, 1});
  }
}

TEST_F(CudaRows, ReduceWithFinalizeAsMatrixProduct) {
  load(R"mlir(
    plan.kernel reduce @k outs [f32] ins [f32, f32] scalars 3
        params {extents = array<i64: 2, -1, -2>, reduce_extents = array<i64: -3>, kind = "sum", chunk = 5} {
    ^bb0(%b: i64, %i: i64, %j: i64, %r: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %m: i64, %n: i64, %k: i64):
      %0 = tfm.apply mul(%b, %m) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %i) : (i64, i64) -> i64
      %2 = tfm.apply mul(%1, %k) : (i64, i64) -> i64
      %3 = tfm.apply add(%2, %r) : (i64, i64) -> i64
      %4 = tfm.load %x[%3] : tensor<?xf32> -> f32
      %5 = tfm.apply mul(%b, %k) : (i64, i64) -> i64
      %6 = tfm.apply add(%5, %r) : (i64, i64) -> i64
      %7 = tfm.apply mul(%6, %n) : (i64, i64) -> i64
      %8 = tfm.apply add(%7, %j) : (i64, i64) -> i64
      %9 = tfm.load %y[%8] : tensor<?xf32> -> f32
      %10 = tfm.apply mul(%4, %9) : (f32, f32) -> f32
      tfm.yield %10 : f32
    }, {
    ^bb0(%acc: f32, %b: i64, %i: i64, %j: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %m: i64, %n: i64, %k: i64):
      %f = tfm.convert %j : i64 to f32
      %0 = tfm.apply add(%acc, %f) : (f32, f32) -> f32
      tfm.yield %0 : f32
    })mlir");
  for (auto [m, n, k] : {std::array<int64_t, 3>{7, 37, 19}, {1, 5, 64}})
    check({noise(2 * m * k), noise(2 * n * k, 2)}, {m, n, k});
}

std::string scanText(int axis, const std::string &type,
                     const std::string &flags) {
  std::string scalar = type == "f32" ? "f32" : "i64";
  std::string tensor = "tensor<?x" + type + ">";
  return "plan.kernel scan @k outs [" + type + "] ins [" + type +
         "] scalars 3 params {extents = array<i64: -1, -2, -3>, axis = " +
         number(axis) + flags +
         ", chunk = 4} {\n^bb0(%i: i64, %j: i64, %l: "
         "i64, %x: " +
         tensor + R"mlir(, %a: i64, %b: i64, %c: i64):
      %0 = tfm.apply mul(%i, %b) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.apply mul(%1, %c) : (i64, i64) -> i64
      %3 = tfm.apply add(%2, %l) : (i64, i64) -> i64
      %4 = tfm.load %x[%3] : )mlir" +
         tensor + " -> " + scalar + "\n tfm.yield %4 : " + scalar + "\n}";
}

TEST_P(CudaRowsCases, Scan) {
  constexpr const char *none = "", *exclusive = ", exclusive",
                       *reverse = ", reverse",
                       *both = ", exclusive = true, reverse = true";
  for (auto [axis, flags] : cases<std::pair<int, const char *>>(
           {{2, none}, {2, both}, {1, reverse}}, {{0, exclusive},
                                                  {2, exclusive},
                                                  {0, none},
                                                  {2, reverse},
                                                  {0, reverse},
                                                  {0, both},
                                                  {1, none}})) {
    SCOPED_TRACE(testing::Message() << axis << flags);
    load(scanText(axis, "f32", flags));
    for (auto [a, b, c] : {std::array<int64_t, 3>{3, 4, 5},
                           {2, 3, 70},
                           {40, 2, 32},
                           {1, 1, 1},
                           {2, 0, 3},
                           {3, 2, 0}})
      check({noise(a * b * c)}, {a, b, c});
    if (!flags[0])
      check({wild(5 * 7 * 40)}, {5, 7, 40});
  }
}

TEST_F(CudaRows, ScanOfIntegers) {
  load(scanText(2, "i32", ""));
  check({integers(ElementType::I32, {2147483647, 1, 5, -7, 9, 2147483647})},
        {1, 2, 3});
}

/// exp of x + mask, masked where keep is 0, doubled.
std::string softmaxText(const std::string &columns) {
  return R"mlir(
    plan.kernel softmax @k outs [f32] ins [f32, i1] scalars 2
        params {extents = array<i64: -1, )mlir" +
         columns + R"mlir(>, chunk = 3} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %keep: tensor<?xi1>, %m: i64, %n: i64):
      %inf = arith.constant 0xFF800000 : f32
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      %3 = tfm.load %keep[%j] : tensor<?xi1> -> i1
      %4 = tfm.choose %3, %2, %inf : f32
      tfm.yield %4 : f32
    }, {
    ^bb0(%p: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %keep: tensor<?xi1>, %m: i64, %n: i64):
      %two = arith.constant 2.0 : f32
      %0 = tfm.apply mul(%p, %two) : (f32, f32) -> f32
      tfm.yield %0 : f32
    })mlir";
}

/// What to run a kernel with whose number of columns is `known`, or any (-2).
std::vector<int64_t> columnsOf(int64_t known) {
  if (known > 0)
    return {known};
  return {1, 31, 33, 100, 0};
}

TEST_F(CudaRows, Softmax) {
  // Number of columns, or -2 for any: held by a warp, by a block, not held.
  for (int64_t known : {37, 300, 9000, -2}) {
    load(softmaxText(number(known)));
    for (int64_t n : columnsOf(known)) {
      SCOPED_TRACE(n);
      int64_t m = n > 1000 ? 1 : 6;
      std::vector<int64_t> keep;
      for (int64_t j = 0; j < n; ++j)
        keep.push_back(j % 3 == 0);
      checkInAllModes({noise(m * n, 1, 30), integers(ElementType::Bool, keep)},
                      {m, n}, {1e-7, 3e-6}, {2, 1, 1});
      if (n > 1000)
        continue;
      // A row that keeps nothing is NaN; rows with NaN and infinities.
      check({noise(m * n),
             integers(ElementType::Bool, std::vector<int64_t>(n, 0))},
            {m, n});
      check({wild(m * n),
             integers(ElementType::Bool, std::vector<int64_t>(n, 1))},
            {m, n});
    }
  }
}

std::string normText(const std::string &columns, bool layer, bool keeps) {
  return std::string("plan.kernel norm @k outs [f32") + (keeps ? ", f32" : "") +
         R"mlir(] ins [f32, f32, f32] scalars 2
        params {extents = array<i64: -1, )mlir" +
         columns + ">, chunk = 2, epsilon = 1.0e-5 : f64, kind = \"" +
         (layer ? "layer" : "rms") + R"mlir("} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %w: tensor<?xf32>, %m: i64, %n: i64):
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      %3 = tfm.load %r[%1] : tensor<?xf32> -> f32
      %4 = tfm.apply add(%2, %3) : (f32, f32) -> f32
      tfm.yield %4 : f32
    }, {
    ^bb0(%v: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %w: tensor<?xf32>, %m: i64, %n: i64):
      %0 = tfm.load %w[%j] : tensor<?xf32> -> f32
      %1 = tfm.apply mul(%v, %0) : (f32, f32) -> f32
      tfm.yield %1 : f32
    })mlir";
}

TEST_P(CudaRowsCases, Norm) {
  for (auto [known, layer] : cases<std::pair<int64_t, bool>>(
           {{300, true}, {9000, false}, {-2, true}}, {{37, true},
                                                      {37, false},
                                                      {300, false},
                                                      {9000, true},
                                                      {-2, false}})) {
    load(normText(number(known), layer, known != 300));
    for (int64_t n : columnsOf(known)) {
      SCOPED_TRACE(n);
      int64_t m = n > 1000 ? 1 : 6;
      Tensor x = noise(m * n);
      for (int64_t i = 0; i < m * n; ++i) // a mean beyond the deviation
        x.setNumber(i, x.number(i) + 100);
      checkInAllModes({x, noise(m * n, 2), noise(n, 3)}, {m, n}, {5e-5, 2e-6},
                      {2, 1, 1});
      if (n < 1000)
        check({wild(m * n), noise(m * n, 2), noise(n, 3)}, {m, n});
    }
  }
}

} // namespace
