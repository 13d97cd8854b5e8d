// Results of 8 bits of linear and norm: the bytes are those of a result of f32,
// rounded.
#include "test/codegen/cuda/KernelTest.h"

using namespace ingot;
using namespace ingot::test;

namespace {

constexpr ElementType F8 = ElementType::F8E4M3FN;

/// The end of a region that yields the f32 `value`, rounded to `out`.
std::string stored(const std::string &value, const std::string &out) {
  if (out == "f32")
    return "  tfm.yield " + value + " : f32\n}";
  return "  %rounded = tfm.convert " + value + " : f32 to " + out +
         "\n  tfm.yield %rounded : " + out + "\n}";
}

class CudaFloat8Store : public CudaKernel {
protected:
  using Text = std::function<std::string(const std::string &out)>;
  void checkBytes(const Text &text, const std::vector<Tensor> &inputs,
                  const std::vector<int64_t> &scalars,
                  emulator::Grid grid = {3, 1, 1}) {
    SCOPED_TRACE(scalars.empty() ? 0 : scalars[0]);
    load(text("f32"));
    Tensor floats = run(inputs, scalars, grid)[0];
    Tensor expected = *Tensor::create(F8, {floats.size()});
    for (int64_t i = 0; i < floats.size(); ++i)
      expected.setNumber(i, std::clamp(floats.number(i), -448.0, 448.0));
    load(text("f8E4M3FN"));
    for (const char *mode : {"mode late", "mode random 1"}) {
      emulator::control(mode);
      Tensor got = run(inputs, scalars, grid)[0];
      compare(got, expected, {0, 0});
    }
  }

  std::string type = "f32";
  ElementType element = ElementType::F32;
  int64_t n = 72, k = 144;
  std::string rows = "-1", more;
  /// gelu(A W + bias) / 0.03, of f8 times scales of columns.
  Text linear() {
    return [this](const std::string &out) {
      bool isF8 = element == F8;
      std::string flat = ": tensor<?x" + type + ">";
      return "plan.kernel linear @k outs [" + out + "] ins [" + type + ", " +
             type + (isF8 ? ", f32" : "") +
             ", f32] scalars 2 params {m = " + rows +
             ", n = " + std::to_string(n) + ", k = " + std::to_string(k) +
             (isF8 ? ", block = " + std::to_string(k) : "") + more +
             ", lda = -2, rows = 64, panels = 1} {\n^bb0(%acc: f32, %m: i64, "
             "%n: i64, %x" +
             flat + ", %w" + flat + (isF8 ? ", %s: tensor<?xf32>" : "") +
             R"mlir(, %b: tensor<?xf32>, %M: i64, %l: i64):
      %scale = arith.constant 0.03 : f32
      %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
      %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
      %2 = tfm.apply gelu(%1) : (f32) -> f32
      %3 = tfm.apply div(%2, %scale) : (f32, f32) -> f32
)mlir" + stored("%3", out);
    };
  }
  void checkLinear(int64_t m, int64_t pad = 0,
                   emulator::Grid grid = {3, 1, 1}) {
    std::vector<Tensor> inputs{noise(m * (k + pad), 1, 1, element),
                               noise(n * k, 2, 1, element)};
    if (element == F8)
      inputs.push_back(noise(n, 3, 0.2f));
    inputs.push_back(noise(n, 4));
    checkBytes(linear(), inputs, {m, k + pad}, grid);
  }
};
class CudaFloat8StoreCases : public emulator::SampledTest<CudaFloat8Store> {};
INSTANTIATE_SAMPLED_TESTS(CudaFloat8StoreCases);

struct Form {
  const char *name;
  ElementType type;
  int64_t n;
};

/// Few rows and tiles, four columns at a time and one.
TEST_P(CudaFloat8StoreCases, Linear) {
  for (auto [name, of, columns] :
       cases<Form>({{"bf16", ElementType::BF16, 72}},
                   {{"bf16", ElementType::BF16, 33},
                    {"f32", ElementType::F32, 72},
                    {"f16", ElementType::F16, 72}})) {
    type = name, element = of, n = columns;
    for (int64_t m : {5, 70})
      checkLinear(m);
    checkLinear(20, 3);
  }
}

/// Eight columns a lane, two, one; few rows, what TMA cannot take.
TEST_P(CudaFloat8StoreCases, LinearOnHopper) {
  arch = "sm_90a";
  for (auto [name, of, columns] :
       cases<Form>({{"f8E4M3FN", F8, 72}, {"bf16", ElementType::BF16, 50}},
                   {{"f8E4M3FN", F8, 50},
                    {"f8E4M3FN", F8, 33},
                    {"bf16", ElementType::BF16, 72},
                    {"bf16", ElementType::BF16, 33}})) {
    type = name, element = of, n = columns;
    for (int64_t m : {0, 5, 20, 130})
      checkLinear(m);
    checkLinear(40, 3);
  }
}

TEST_F(CudaFloat8Store, PartsOnHopper) {
  arch = "sm_90a";
  type = "bf16", element = ElementType::BF16;
  n = 136, k = 1024;
  more = ", splits = 8";
  checkLinear(40, 0, {24, 1, 1});
}

TEST_P(CudaFloat8StoreCases, Norm) {
  for (const char *columns :
       cases<const char *>({"320"}, {"-2", "37", "9000"})) {
    int64_t n = columns[0] == '-' ? 100 : std::stoll(columns), m = 5;
    checkBytes(
        [&](const std::string &out) {
          return "plan.kernel norm @k outs [" + out +
                 ", f32] ins [f32, f32, f32] scalars 2 params {extents = "
                 "array<i64: -1, " +
                 columns +
                 R"mlir(>, chunk = 2, epsilon = 1.0e-5 : f64, kind = "rms"} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %w: tensor<?xf32>, %m: i64, %n: i64):
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      %3 = tfm.load %r[%1] : tensor<?xf32> -> f32
      %4 = tfm.apply add(%2, %3) : (f32, f32) -> f32
      tfm.yield %4 : f32
    }, {
    ^bb0(%v: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %w: tensor<?xf32>, %m: i64, %n: i64):
      %scale = arith.constant 0.03 : f32
      %0 = tfm.load %w[%j] : tensor<?xf32> -> f32
      %1 = tfm.apply mul(%v, %0) : (f32, f32) -> f32
      %2 = tfm.apply div(%1, %scale) : (f32, f32) -> f32
)mlir" + stored("%2", out);
        },
        {noise(m * n, 1), noise(m * n, 2), noise(n, 3)}, {m, n});
  }
}

} // namespace
