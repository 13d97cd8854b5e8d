// Attention kernels against double, of f32 and bf16: layouts, grouped heads,
// odd sizes, masks of each kind, and rows without keys.
#include "test/codegen/PlanKernelHarness.h"

#include <bit>
#include <chrono>
#include <cmath>
#include <functional>
#include <random>

using namespace ingot;
using namespace ingot::test;

namespace {

struct Shape {
  int64_t batch, heads, queries, keys, d, dv, group;
  int64_t kvHeads() const { return heads / group; }
};

std::string number(int64_t value) { return std::to_string(value); }

/// q [B, S, H, D], k [B, T, G, D], v [B, T, G, E], all dense; `extra` are the
/// types of further inputs, `body` turns %s into the value named in its last
/// line.
std::string attentionText(const Shape &s, const std::string &extra,
                          const std::string &body, const std::string &result,
                          const std::string &empty = "scores",
                          int64_t rows = 20, const std::string &more = "",
                          int scalars = 2) {
  // TYPE is that of q, k and v.
  std::string inputs, types;
  int i = 0;
  for (const char *c = extra.c_str(); *c; ++c) {
    std::string type = *c == 'f' ? "f32" : *c == 'b' ? "i1" : "i64";
    inputs += ", %x" + number(i++) + ": tensor<?x" + type + ">";
    types += ", " + type;
  }
  auto strides = [](const char *name, int64_t b, int64_t row, int64_t head) {
    return std::string(name) + " = array<i64: " + number(b) + ", " +
           number(row) + ", " + number(head) + ">, ";
  };
  int64_t g = s.kvHeads();
  return "plan.kernel attention @k outs [f32] ins [TYPE, TYPE, TYPE" + types +
         "] scalars " + number(scalars) +
         " params {batch = " + number(s.batch) +
         ", heads = " + number(s.heads) +
         ", queries = -1, keys = -2, d = " + number(s.d) +
         ", dv = " + number(s.dv) + ", group = " + number(s.group) +
         ", scale = 0.25 : f64, " +
         // The batch strides depend on the scalars in real kernels; here they
         // are numbers.
         strides("q_strides", s.queries * s.heads * s.d, s.heads * s.d, s.d) +
         strides("k_strides", s.keys * g * s.d, g * s.d, s.d) +
         strides("v_strides", s.keys * g * s.dv, g * s.dv, s.dv) +
         "rows = " + number(rows) + more + ", empty_rows = \"" + empty +
         "\"} {\n^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, " +
         "%iq: tensor<?xTYPE>, %ik: tensor<?xTYPE>, %iv: tensor<?xTYPE>" +
         inputs + ", %Q: i64, %K: i64" + (scalars > 2 ? ", %n: i64" : "") +
         "):\n" + body + "\ntfm.yield " + result + " : f32\n}";
}

using ScoreMod =
    std::function<double(double, int64_t b, int64_t h, int64_t q, int64_t k)>;

/// Each of bf16 too.
std::vector<Variant> bothTypes() {
  std::vector<Variant> all = variants();
  for (Variant variant : variants()) {
    variant.name += "Bf16";
    all.push_back(variant);
  }
  return all;
}

class AttentionKernel : public PlanKernel {
protected:
  bool isNarrow() const { return GetParam().name.ends_with("Bf16"); }
  /// Tiles round weights to 8 bits, and add up in another order.
  bool usesTiles(const Shape &s) const {
    return isNarrow() && GetParam().emitted.amx && s.d % 32 == 0 &&
           s.dv % 16 == 0;
  }
  Loaded compileAttention(std::string text) {
    for (size_t at; (at = text.find("TYPE")) != std::string::npos;)
      text.replace(at, 4, isNarrow() ? "bf16" : "f32");
    return compile(text);
  }
  /// What the kernel reads, up to the end of a page: rounded if `isNarrow`.
  std::unique_ptr<GuardedPages> input(std::vector<float> &x, uint64_t &arg) {
    size_t size = isNarrow() ? 2 : 4;
    auto pages = std::make_unique<GuardedPages>(x.size() * size / 4096 + 1);
    char *start = pages->end<char>() - x.size() * size;
    for (size_t i = 0; i < x.size(); ++i) {
      if (isNarrow())
        x[i] = std::bit_cast<float>(std::bit_cast<uint32_t>(x[i]) & 0xffff0000);
      std::memcpy(start + i * size, reinterpret_cast<char *>(&x[i]) + 4 - size,
                  size);
    }
    arg = slot(start);
    return pages;
  }

  std::vector<float> q, k, v, out;
  std::string loadedText;
  std::optional<Loaded> kernel; ///< of it

  void run(const Shape &s, const std::string &text,
           const std::vector<uint64_t> &extra, int64_t rows = 20,
           std::optional<int64_t> scalar = {}) {
    if (text != loadedText)
      kernel.emplace(compileAttention(loadedText = text));
    if (!*kernel)
      return;
    std::mt19937 random(3);
    std::uniform_real_distribution<float> uniform(-1, 1);
    auto fill = [&](std::vector<float> &x, int64_t n) {
      x.resize(n);
      for (float &e : x)
        e = uniform(random);
    };
    fill(q, s.batch * s.queries * s.heads * s.d);
    fill(k, s.batch * s.keys * s.kvHeads() * s.d);
    fill(v, s.batch * s.keys * s.kvHeads() * s.dv);
    out.assign(s.batch * s.queries * s.heads * s.dv + 1, -7);
    std::vector<uint64_t> args{pointer(out), 0, 0, 0};
    auto qPages = input(q, args[1]), kPages = input(k, args[2]),
         vPages = input(v, args[3]);
    args.insert(args.end(), extra.begin(), extra.end());
    args.push_back(slot(s.queries));
    args.push_back(slot(s.keys));
    if (scalar)
      args.push_back(slot(*scalar));
    kernel->run(0, args, (s.queries + rows - 1) / rows * s.heads * s.batch);
    EXPECT_EQ(out.back(), -7) << "written past the end";
  }

  void check(const Shape &s, const ScoreMod &mod) {
    double tolerance = usesTiles(s) ? 2.5e-3 : 2e-6;
    std::vector<double> score(s.keys);
    for (int64_t b = 0; b < s.batch; ++b)
      for (int64_t h = 0; h < s.heads; ++h)
        for (int64_t i = 0; i < s.queries; ++i) {
          int64_t g = h / s.group, G = s.kvHeads();
          double largest = -INFINITY, sum = 0;
          for (int64_t j = 0; j < s.keys; ++j) {
            double dot = 0;
            for (int64_t c = 0; c < s.d; ++c)
              dot += double(q[((b * s.queries + i) * s.heads + h) * s.d + c]) *
                     k[((b * s.keys + j) * G + g) * s.d + c];
            score[j] = mod(dot * 0.25, b, h, i, j);
            largest = std::max(largest, score[j]);
          }
          for (double &x : score)
            sum += x = std::exp(x - largest);
          for (int64_t c = 0; c < s.dv; ++c) {
            double expected = 0;
            for (int64_t j = 0; j < s.keys; ++j)
              expected +=
                  score[j] / sum * v[((b * s.keys + j) * G + g) * s.dv + c];
            float got = out[((b * s.queries + i) * s.heads + h) * s.dv + c];
            if (std::isnan(expected))
              ASSERT_TRUE(std::isnan(got)) << b << h << i << c;
            else
              ASSERT_NEAR(got, expected, tolerance)
                  << "b " << b << " h " << h << " q " << i << " c " << c;
          }
        }
  }
};
INSTANTIATE_TEST_SUITE_P(Isa, AttentionKernel, testing::ValuesIn(bothTypes()),
                         [](auto &info) { return info.param.name; });

TEST_P(AttentionKernel, PlainOverSizes) {
  for (Shape s :
       {Shape{2, 3, 1, 1, 8, 8, 1}, Shape{1, 2, 7, 7, 16, 16, 1},
        Shape{1, 2, 33, 130, 32, 32, 1}, Shape{2, 1, 21, 64, 12, 20, 1},
        Shape{1, 1, 40, 65, 5, 3, 1}, Shape{1, 1, 3, 15, 32, 16, 1},
        Shape{1, 2, 16, 16, 64, 48, 1}, Shape{1, 1, 5, 17, 32, 32, 1},
        Shape{1, 1, 17, 3, 32, 32, 1}, Shape{1, 2, 33, 16, 64, 48, 1},
        Shape{1, 1, 17, 1, 32, 16, 1}, Shape{1, 1, 1, 40, 288, 32, 1},
        Shape{1, 1, 32, 129, 96, 80, 1}, Shape{2, 2, 21, 300, 64, 64, 2}}) {
    run(s, attentionText(s, "", "", "%s"), {});
    check(s, [](double score, auto...) { return score; });
  }
}

TEST_P(AttentionKernel, GroupedHeads) {
  Shape s{2, 6, 9, 20, 32, 32, 3};
  run(s, attentionText(s, "", "", "%s"), {});
  check(s, [](double score, auto...) { return score; });
}

TEST_P(AttentionKernel, KeyPaddingAndBias) {
  Shape s{3, 2, 19, 75, 32, 32, 1};
  std::vector<uint8_t> keep(s.batch * s.keys);
  std::vector<float> bias(s.keys);
  for (size_t i = 0; i < keep.size(); ++i)
    keep[i] = i % 5 != 2 && i % s.keys > 66; // whole blocks are masked first
  for (int64_t i = 0; i < s.keys; ++i)
    bias[i] = 0.01f * static_cast<float>(i);
  run(s,
      attentionText(s, "bf", R"mlir(
      %inf = arith.constant 0xFF800000 : f32
      %0 = tfm.apply mul(%b, %K) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %k) : (i64, i64) -> i64
      %2 = tfm.load %x0[%1] : tensor<?xi1> -> i1
      %3 = tfm.load %x1[%k] : tensor<?xf32> -> f32
      %4 = tfm.apply add(%s, %3) : (f32, f32) -> f32
      %5 = tfm.choose %2, %4, %inf : f32)mlir",
                    "%5"),
      {pointer(keep), pointer(bias)});
  check(s, [&](double score, int64_t b, int64_t, int64_t, int64_t k) {
    return keep[b * s.keys + k] ? score + bias[k] : -INFINITY;
  });
}

TEST_P(AttentionKernel, CausalWithOffset) {
  Shape s{1, 2, 37, 90, 32, 32, 1};
  run(s,
      attentionText(s, "", R"mlir(
      %inf = arith.constant 0xFF800000 : f32
      %c50 = arith.constant 50 : i64
      %0 = tfm.apply add(%q, %c50) : (i64, i64) -> i64
      %1 = tfm.apply le(%k, %0) : (i64, i64) -> i1
      %2 = tfm.choose %1, %s, %inf : f32)mlir",
                    "%2"),
      {});
  check(s, [](double score, int64_t, int64_t, int64_t q, int64_t k) {
    return k <= q + 50 ? score : -INFINITY;
  });
}

TEST_P(AttentionKernel, BiasTensorOfRowsAndKeysIsNotReadPastItsEnd) {
  Shape s{1, 2, 23, 30, 32, 32, 1};
  GuardedPages pages(2);
  float *bias = pages.end<float>() - s.heads * s.queries * s.keys;
  for (int64_t i = 0; i < s.heads * s.queries * s.keys; ++i)
    bias[i] = static_cast<float>(i % 17) * 0.1f;
  run(s,
      attentionText(s, "f", R"mlir(
      %0 = tfm.apply mul(%h, %Q) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %q) : (i64, i64) -> i64
      %2 = tfm.apply mul(%1, %K) : (i64, i64) -> i64
      %3 = tfm.apply add(%2, %k) : (i64, i64) -> i64
      %4 = tfm.load %x0[%3] : tensor<?xf32> -> f32
      %5 = tfm.apply add(%s, %4) : (f32, f32) -> f32)mlir",
                    "%5"),
      {slot(bias)});
  check(s, [&](double score, int64_t, int64_t h, int64_t q, int64_t k) {
    return score + bias[(h * s.queries + q) * s.keys + k];
  });
}

/// Keys whose number has a bit in common with the row are kept; row 0 keeps
/// none.
const char *kSparse = R"mlir(
      %fill = arith.constant FILL : f32
      %c2 = arith.constant 2 : i64
      %z = arith.constant 0 : i64
      %r = tfm.apply mod(%k, %c2) : (i64, i64) -> i64
      %even = tfm.apply eq(%r, %z) : (i64, i64) -> i1
      %none = tfm.apply eq(%q, %z) : (i64, i64) -> i1
      %some = tfm.apply not(%none) : (i1) -> i1
      %keep = tfm.apply and(%even, %some) : (i1, i1) -> i1
)mlir";
std::string sparse(const std::string &fill, const std::string &rest) {
  std::string text = kSparse;
  text.replace(text.find("FILL"), 4, fill);
  return text + rest;
}

TEST_P(AttentionKernel, EmptyRowsNaN) {
  Shape s{1, 1, 5, 70, 32, 32, 1};
  for (const char *rule : {"nan", "scores"}) {
    run(s,
        attentionText(
            s, "",
            sparse("0xFF800000", "%o = tfm.choose %keep, %s, %fill : f32"),
            "%o", rule),
        {});
    EXPECT_TRUE(std::isnan(out[0]));
    check(s, [](double score, int64_t, int64_t, int64_t q, int64_t k) {
      return q && k % 2 == 0 ? score : -INFINITY;
    });
  }
}

TEST_P(AttentionKernel, EmptyRowsZero) {
  Shape s{1, 1, 5, 70, 32, 32, 1};
  run(s,
      attentionText(
          s, "", sparse("0xFF800000", "%o = tfm.choose %keep, %s, %fill : f32"),
          "%o", "zero"),
      {});
  for (int c = 0; c < 32; ++c) {
    EXPECT_EQ(out[c], 0);
    EXPECT_NE(out[32 + c], 0);
    EXPECT_FALSE(std::isnan(out[32 + c]));
  }
}

TEST_P(AttentionKernel, EmptyRowsMean) {
  // An additive fill that swallows the score: the mean of all values.
  Shape s{1, 1, 5, 70, 32, 32, 1};
  run(s,
      attentionText(s, "", sparse("-3.4028235e+38", R"mlir(
      %zf = arith.constant 0.0 : f32
      %bias = tfm.choose %keep, %zf, %fill : f32
      %o = tfm.apply add(%s, %bias) : (f32, f32) -> f32)mlir"),
                    "%o", "mean"),
      {});
  for (int c = 0; c < 32; ++c) {
    double mean = 0;
    for (int k = 0; k < 70; ++k)
      mean += v[k * 32 + c] / 70;
    EXPECT_NEAR(out[c], mean, 2e-6);
  }
  check(s, [](double score, int64_t, int64_t, int64_t q, int64_t k) {
    return static_cast<float>(static_cast<float>(score) +
                              (q && k % 2 == 0 ? 0.f : -3.4028235e38f));
  });
}

/// Later keys are skipped, and no bit of the result tells (but with tiles):
/// rows that keep none of the earlier ones included.
TEST_P(AttentionKernel, SkippingLaterKeysChangesNothing) {
  // The mask of (b, k), and keys before q + n.
  const std::string body = R"mlir(
      %zero = arith.constant 0.0 : f32
      %1 = tfm.apply add(%q, %n) : (i64, i64) -> i64
      %2 = tfm.apply lt(%k, %1) : (i64, i64) -> i1
      %3 = tfm.apply mul(%b, %K) : (i64, i64) -> i64
      %4 = tfm.apply add(%3, %k) : (i64, i64) -> i64
      %5 = tfm.load %x0[%4] : tensor<?xi1> -> i1
      %6 = tfm.apply and(%2, %5) : (i1, i1) -> i1
      %7 = tfm.choose %6, %zero, %fill : f32
      %8 = tfm.apply add(%s, %7) : (f32, f32) -> f32)mlir";
  for (auto [rule, fill] :
       {std::pair("nan", "0xFF800000"), std::pair("zero", "0xFF800000"),
        std::pair("mean", "-3.4028235e+38"), std::pair("mean", "-1.0e+30")})
    for (auto [queries, keys] : {std::pair<int64_t, int64_t>{1, 130},
                                 {37, 37},
                                 {50, 150},
                                 {150, 70}}) {
      SCOPED_TRACE(testing::Message()
                   << rule << fill << " " << queries << "x" << keys);
      Shape s{2, 1, queries, keys, 32, 32, 1};
      std::vector<std::vector<float>> results[2];
      for (bool skips : {false, true}) {
        std::string text = attentionText(
            s, "b",
            std::string("%fill = arith.constant ") + fill + " : f32" + body,
            "%8", rule, 20, skips ? ", causal_keys = -3" : "", /*scalars=*/3);
        for (int64_t n : {1, 0, 5, 64, 1000, -3, -60})
          for (bool padded : {false, true}) {
            // Of the second batch no early key is kept, so that its first rows
            // are empty; of the first every third is not.
            std::vector<uint8_t> keep(2 * keys, 1);
            for (int64_t k = 0; padded && k < keys; ++k) {
              keep[k] = k % 3 != 0;
              keep[keys + k] = k >= 40;
            }
            run(s, text, {pointer(keep)}, 20, n);
            results[skips].push_back(out);
          }
      }
      for (size_t run = 0; run < results[0].size(); ++run)
        for (size_t i = 0; i < out.size(); ++i) {
          float all = results[0][run][i], skipping = results[1][run][i];
          // Tiles add up in the order of blocks.
          float allowed = usesTiles(s) ? 1e-5f : 0;
          ASSERT_TRUE(std::fabs(all - skipping) <= allowed || all == skipping ||
                      (std::isnan(all) && std::isnan(skipping)))
              << "run " << run << ", " << i << ": " << all << ", skipping "
              << skipping;
        }
    }
}

/// Rows of several sequences in one: each sees the keys of its own.
TEST_P(AttentionKernel, BoundsOfKeys) {
  // Lengths that leave groups of 16 rows with up to four sequences, one with
  // keys of several blocks, and bounds that do not grow.
  for (const std::vector<int64_t> &lengths :
       {std::vector<int64_t>{37}, {5, 0, 9, 1, 22}, {3, 130, 2}, {70, 70}}) {
    Shape s{2, 2, 0, 0, 16, 20, 1};
    for (int64_t length : lengths)
      s.queries += length;
    s.keys = s.queries;
    std::vector<int64_t> begin, end;
    for (int64_t b = 0; b < s.batch; ++b) {
      int64_t first = 0;
      for (int64_t length : lengths) {
        begin.insert(begin.end(), length, first);
        end.insert(end.end(), length, first += length);
      }
    }
    std::reverse(begin.begin() + s.queries, begin.end());
    std::reverse(end.begin() + s.queries, end.end());
    begin[1] = end[1] = 2; // no keys at all
    auto within = [&](double score, int64_t b, int64_t, int64_t q, int64_t k) {
      int64_t row = b * s.queries + q;
      return k >= begin[row] && k < end[row] ? score : -INFINITY;
    };
    run(s, attentionText(s, "ll", "", "%s", "zero", 20, ", key_bounds"),
        {pointer(begin), pointer(end)});
    for (int64_t c = 0; c < s.heads * s.dv; ++c)
      ASSERT_EQ(out[s.heads * s.dv + c], 0);
    // For the comparison with double, which has no such row.
    begin[1] = 0;
    run(s, attentionText(s, "ll", "", "%s", "zero", 20, ", key_bounds"),
        {pointer(begin), pointer(end)});
    check(s, within);
    // With the rest of what a mask may say.
    const std::string causal = R"mlir(
      %fill = arith.constant FILL : f32
      %zero = arith.constant 0.0 : f32
      %0 = tfm.apply le(%k, %q) : (i64, i64) -> i1
      %1 = tfm.choose %0, %zero, %fill : f32
      %2 = tfm.apply add(%s, %1) : (f32, f32) -> f32)mlir";
    for (auto [rule, fill] : {std::pair("nan", "0xFF800000"),
                              std::pair("mean", "-3.4028235e+38")}) {
      std::string body = causal;
      body.replace(body.find("FILL"), 4, fill);
      run(s,
          attentionText(s, "ll", body, "%2", rule, 20,
                        ", key_bounds, causal_keys = 1"),
          {pointer(begin), pointer(end)});
      // Of the second batch alone the bounds are not those of a sequence: rows
      // without any key are not compared.
      Shape first = s;
      first.batch = 1;
      check(first,
            [&](double score, int64_t b, int64_t h, int64_t q, int64_t k) {
              return k <= q ? within(score, b, h, q, k) : -INFINITY;
            });
    }
  }
}

TEST_P(AttentionKernel, NaNScorePoisonsItsRowOnly) {
  Shape s{1, 1, 4, 70, 32, 32, 1};
  std::vector<float> bias(s.queries * s.keys);
  bias[1 * s.keys + 3] = NAN;
  bias[2 * s.keys + 69] = NAN;
  run(s,
      attentionText(s, "f", R"mlir(
      %0 = tfm.apply mul(%q, %K) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %k) : (i64, i64) -> i64
      %2 = tfm.load %x0[%1] : tensor<?xf32> -> f32
      %3 = tfm.apply add(%s, %2) : (f32, f32) -> f32)mlir",
                    "%3"),
      {pointer(bias)});
  for (int r = 0; r < 4; ++r)
    EXPECT_EQ(std::isnan(out[r * 32]), r == 1 || r == 2) << r;
}

TEST_P(AttentionKernel, NoKeysGiveZero) {
  Shape s{1, 2, 3, 0, 32, 32, 1};
  run(s, attentionText(s, "", "", "%s"), {});
  for (size_t i = 0; i + 1 < out.size(); ++i)
    EXPECT_EQ(out[i], 0);
}

TEST_P(AttentionKernel, Time) {
  if (!getenv("INGOT_TEST_TIME"))
    GTEST_SKIP() << "set INGOT_TEST_TIME=1";
  for (Shape s :
       {Shape{1, 12, 128, 128, 32, 32, 1}, Shape{1, 12, 128, 128, 64, 64, 1},
        Shape{1, 12, 512, 512, 64, 64, 1}, Shape{1, 12, 16, 16, 64, 64, 1}})
    for (bool padding : {false, true}) {
      std::string text = padding ? attentionText(s, "f", R"mlir(
      %0 = tfm.apply mul(%b, %K) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %k) : (i64, i64) -> i64
      %2 = tfm.load %x0[%1] : tensor<?xf32> -> f32
      %3 = tfm.apply add(%s, %2) : (f32, f32) -> f32)mlir",
                                                 "%3", "scores", 32)
                                 : attentionText(s, "", "", "%s", "scores", 32);
      Loaded kernel = compileAttention(text);
      ASSERT_TRUE(kernel);
      std::vector<float> x(s.batch * s.keys * s.heads * s.d, 0.5f), o(x.size()),
          bias(s.keys);
      std::vector<uint64_t> args{pointer(o), pointer(x), pointer(x),
                                 pointer(x)};
      if (padding)
        args.push_back(pointer(bias));
      args.push_back(slot(s.queries));
      args.push_back(slot(s.keys));
      double best = 1e9;
      for (int i = 0; i < 40; ++i) {
        auto start = std::chrono::steady_clock::now();
        kernel.run(0, args, (s.queries + 31) / 32 * s.heads);
        std::chrono::duration<double> t =
            std::chrono::steady_clock::now() - start;
        best = std::min(best, t.count());
      }
      printf("%-6s h%ld s%ld d%ld %-8s %8.1f us %6.1f GF/s, object %zu bytes\n",
             GetParam().name.c_str(), s.heads, s.queries, s.d,
             padding ? "padding" : "plain", best * 1e6,
             4.0 * s.heads * s.queries * s.keys * s.d / best * 1e-9,
             kernel.blob.code.size());
    }
}

} // namespace
