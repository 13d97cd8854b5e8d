// Linears with quantized weights against double, over odd shapes, blocks and
// rows; INGOT_TEST_TIME=1 prints how long they take beside those of f32.
#include "test/codegen/PlanKernelHarness.h"

#include "llvm/Support/FormatVariadic.h"

#include <bit>
#include <chrono>
#include <cmath>
#include <random>

using namespace ingot;
using namespace ingot::test;

namespace {

class QuantizedLinear : public PlanKernel {};
INSTANTIATE_TEST_SUITE_P(Isa, QuantizedLinear, testing::ValuesIn(variants()),
                         [](auto &info) { return info.param.name; });

struct Case {
  const char *type; ///< of the weight, "f32" for one that is not quantized
  int64_t n, k, block;
  bool hasZeros = false;
  bool isBf16 = false; ///< the input
  int64_t rows = 16, panels = 1;

  bool isQuantized() const { return type != std::string("f32"); }
  bool isSigned() const { return type[0] == 'i'; }
  int bits() const { return std::string(type).back() == '4' ? 4 : 8; }
  int64_t blocks() const { return (k + block - 1) / block; }
  int64_t panelCount() const { return (n + 47) / 48; }
  int64_t grid(int64_t m) const {
    return (panelCount() + panels - 1) / panels * ((m + rows - 1) / rows);
  }

  /// out = acc + bias[n]
  std::string text() const {
    const char *in = isBf16 ? "bf16" : "f32";
    std::string ins = llvm::formatv("{0}, {1}", in, type),
                arguments = llvm::formatv(
                    "%x: tensor<?x{0}>, %w: tensor<?x{1}>", in, type),
                params;
    if (isQuantized()) {
      ins += ", f32";
      arguments += ", %s: tensor<?xf32>";
      params = llvm::formatv(", block = {0}", block);
    }
    if (hasZeros) {
      const char *zeros = isSigned() ? "i8" : "ui8";
      ins += std::string(", ") + zeros;
      arguments += llvm::formatv(", %z: tensor<?x{0}>", zeros);
      params += ", zeros";
    }
    return llvm::formatv(
        R"mlir(plan.kernel linear @k outs [f32] ins [{0}, f32] scalars 1
        params {{m = -1, n = {1}, k = {2}, lda = {3}, rows = {4}, panels = {5}{6}} {{
    ^bb0(%acc: f32, %m: i64, %n: i64, {7}, %b: tensor<?xf32>, %M: i64):
      %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
      %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
      tfm.yield %1 : f32
    })mlir",
        ins, n, k, k + 3, rows, panels, params, arguments);
  }
};

/// Operands of a case, packed as in an artifact, and what the weight stands
/// for.
struct Data {
  std::vector<float> x, weights, packedWeights, scales, bias, out;
  std::vector<uint16_t> narrowX;
  std::vector<uint8_t> q, zeros;

  Data(const Case &c, int64_t m) {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> uniform(-1, 1);
    int64_t low = c.isSigned() ? -(1 << (c.bits() - 1)) : 0,
            high = low + (1 << c.bits()) - 1;
    std::uniform_int_distribution<int64_t> integer(low, high);
    int64_t panels = c.panelCount();
    bias.resize(c.n);
    for (float &b : bias)
      b = uniform(random);
    x.resize(m * (c.k + 3));
    for (float &v : x) {
      uint32_t word = std::bit_cast<uint32_t>(uniform(random)) & 0xffff0000u;
      narrowX.push_back(static_cast<uint16_t>(word >> 16));
      v = std::bit_cast<float>(word); // the same number in both types
    }
    scales.resize(panels * c.blocks() * 48);
    zeros.resize(scales.size());
    std::vector<int64_t> wideZeros(scales.size());
    for (size_t i = 0; i < scales.size(); ++i) {
      scales[i] = 0.01f * (1.5f + uniform(random));
      wideZeros[i] = c.hasZeros ? integer(random) : 0;
      zeros[i] = static_cast<uint8_t>(wideZeros[i]);
    }
    int64_t perByte = c.bits() == 4 ? 2 : 1,
            byteRows = (c.k + perByte - 1) / perByte;
    q.resize(panels * byteRows * 48);
    weights.resize(c.k * c.n);
    if (!c.isQuantized())
      packedWeights.resize(panels * c.k * 48);
    for (int64_t k = 0; k < c.k; ++k)
      for (int64_t n = 0; n < c.n; ++n) {
        int64_t value = integer(random);
        int64_t scale = (n / 48 * c.blocks() + k / c.block) * 48 + n % 48;
        q[(n / 48 * byteRows + k / perByte) * 48 + n % 48] |=
            static_cast<uint8_t>((value & ((1 << c.bits()) - 1))
                                 << (k % perByte * 4));
        weights[k * c.n + n] =
            static_cast<float>(value - wideZeros[scale]) * scales[scale];
        if (!c.isQuantized())
          packedWeights[(n / 48 * c.k + k) * 48 + n % 48] =
              weights[k * c.n + n];
      }
    // Canaries behind the last row.
    out.assign(m * c.n + 16, -77.f);
  }

  std::vector<uint64_t> args(const Case &c, int64_t m) {
    std::vector<uint64_t> slots{pointer(out),
                                c.isBf16 ? pointer(narrowX) : pointer(x)};
    if (c.isQuantized())
      slots.insert(slots.end(), {pointer(q), pointer(scales)});
    else
      slots.push_back(pointer(packedWeights));
    if (c.hasZeros)
      slots.push_back(pointer(zeros));
    slots.insert(slots.end(), {pointer(bias), slot(m)});
    return slots;
  }
};

/// `tolerance`: of the sum of products' sizes.
void check(Loaded &kernel, const Case &c, int64_t m, double tolerance = 1e-6) {
  SCOPED_TRACE(testing::Message() << c.type << " " << m << "x" << c.n << "x"
                                  << c.k << " by " << c.block);
  Data data(c, m);
  kernel.run(0, data.args(c, m), c.grid(m));
  for (int64_t i = 0; i < m; ++i)
    for (int64_t n = 0; n < c.n; ++n) {
      double sum = data.bias[n], size = 1;
      for (int64_t k = 0; k < c.k; ++k) {
        double product =
            double(data.x[i * (c.k + 3) + k]) * data.weights[k * c.n + n];
        sum += product, size += std::fabs(product);
      }
      ASSERT_NEAR(data.out[i * c.n + n], sum, tolerance * size)
          << "row " << i << " column " << n;
    }
  for (size_t i = m * c.n; i < data.out.size(); ++i)
    ASSERT_EQ(data.out[i], -77.f) << "written past the end";
}

// Rows stream the weight, are left over beside tiles, fill tiles and several
// tasks.
constexpr int64_t kRows[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 24};

TEST_P(QuantizedLinear, EveryTypeWithAndWithoutZeros) {
  for (const char *type : {"i8", "ui8", "i4", "ui4"})
    for (bool hasZeros : {false, true}) {
      Case c{type, 100, 96, 32, hasZeros};
      Loaded kernel = compile(c.text());
      ASSERT_TRUE(kernel) << c.text();
      for (int64_t m : kRows)
        check(kernel, c, m);
    }
}

TEST_P(QuantizedLinear, EveryBlock) {
  // K that ends in a block, in part of one, in half a byte; a block a column;
  // more than what is dequantized at once, in one block or several.
  for (auto [k, block] :
       std::initializer_list<std::pair<int64_t, int64_t>>{{96, 16},
                                                          {101, 32},
                                                          {130, 128},
                                                          {33, 33},
                                                          {1, 1},
                                                          {2, 2},
                                                          {517, 64},
                                                          {523, 523},
                                                          {300, 100},
                                                          {1030, 512},
                                                          {600, 256}})
    for (const char *type : {"i8", "ui4"}) {
      Case c{type, 50, k, block, /*hasZeros=*/type[0] == 'u'};
      Loaded kernel = compile(c.text());
      ASSERT_TRUE(kernel) << c.text();
      for (int64_t m : {1, 7, 9})
        check(kernel, c, m);
    }
}

TEST_P(QuantizedLinear, ColumnTails) {
  for (int64_t n : {1, 7, 8, 16, 17, 47, 48, 49, 145}) {
    Case c{"i4", n, 64, 32};
    c.panels = 2;
    Loaded kernel = compile(c.text());
    ASSERT_TRUE(kernel) << c.text();
    for (int64_t m : {1, 8})
      check(kernel, c, m);
  }
}

TEST_P(QuantizedLinear, TakesBf16) {
  for (const char *type : {"i8", "ui4"}) {
    // Parts of blocks, and blocks that are dequantized in parts.
    Case c{
        type,           100, 322, type[0] == 'i' ? 322 : 64, /*hasZeros=*/true,
        /*isBf16=*/true};
    Loaded kernel = compile(c.text());
    ASSERT_TRUE(kernel) << c.text();
    // Many rows multiply pairs, where CPUs do: their weights are rounded.
    for (int64_t m : kRows)
      check(kernel, c, m, GetParam().emitted.bf16 && m > 8 ? 0x1p-9 : 1e-6);
  }
}

TEST_P(QuantizedLinear, ManyRowsInChunks) {
  Case c{"ui8", 60, 288, 32, /*hasZeros=*/true};
  c.rows = 300;
  Loaded kernel = compile(c.text());
  ASSERT_TRUE(kernel) << c.text();
  check(kernel, c, 270);
}

TEST_P(QuantizedLinear, Time) {
  if (!getenv("INGOT_TEST_TIME"))
    GTEST_SKIP() << "set INGOT_TEST_TIME=1";
  for (auto [n, k] : {std::pair<int64_t, int64_t>{4096, 4096}, {3072, 768}}) {
    std::vector<Case> cases{{"f32", n, k, k},
                            {"i8", n, k, k},
                            {"i8", n, k, 32},
                            {"i4", n, k, 32},
                            {"ui4", n, k, 32, true},
                            {"ui4", n, k, 128, true},
                            {"i8", n, k, 32, false, /*isBf16=*/true}};
    for (int64_t m : {1, 2, 4, 8, 128}) {
      double base = 0;
      for (Case &c : cases) {
        c.rows = 128;
        Loaded kernel = compile(c.text());
        ASSERT_TRUE(kernel) << c.text();
        Data data(c, m);
        auto args = data.args(c, m);
        double best = 1e9;
        for (int i = 0; i < (m > 8 ? 8 : 30); ++i) {
          auto start = std::chrono::steady_clock::now();
          kernel.run(0, args, c.grid(m));
          std::chrono::duration<double> d =
              std::chrono::steady_clock::now() - start;
          best = std::min(best, d.count());
        }
        base = c.isQuantized() ? base : best;
        double bytes = double(n) * k * (c.isQuantized() ? c.bits() : 32) / 8;
        printf("%-6s %4ldx%4ldx%4ld %-4s by %4ld%s %9.1f us %6.1f GF/s %5.1f "
               "GB/s, f32 / this %5.2f\n",
               GetParam().name.c_str(), m, n, k, c.type, c.block,
               c.hasZeros ? " zeros"
               : c.isBf16 ? " bf16 "
                          : "      ",
               best * 1e6, 2.0 * m * n * k / best * 1e-9, bytes / best * 1e-9,
               base / best);
      }
    }
  }
}

} // namespace
