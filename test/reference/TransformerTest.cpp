#include "test/reference/Tensors.h"

namespace ingot::reference {
namespace {

Result<Tensor> normalized(const Result<NormResult> &result) {
  if (!result)
    return result.error();
  return result->normalized;
}
Result<Tensor> output(const Result<AttentionResult> &result) {
  if (!result)
    return result.error();
  return result->output;
}

TEST(Norm, Layer) {
  Tensor x = f64({2, 2}, {1, 3, 5, 5}), scale = f64({2}, {10, 100}),
         bias = f64({2}, {0, 1});
  // Mean 2, variance 1; the second row has none.
  expectNear(
      normalized(norm(NormKind::Layer, x, nullptr, &scale, &bias, -1, 0.25)),
      f64({2, 2}, {-10 / std::sqrt(1.25), 1 + 100 / std::sqrt(1.25), 0, 1}),
      1e-12);
}

TEST(Norm, RmsOverTwoAxes) {
  Tensor x = f64({1, 2, 2}, {1, 1, 1, -5});
  expectNear(
      normalized(norm(NormKind::Rms, x, nullptr, nullptr, nullptr, 1, 2)),
      f64({1, 2, 2}, {1 / 3.0, 1 / 3.0, 1 / 3.0, -5 / 3.0}), 1e-12);
}

TEST(Norm, TheResidualSumIsRoundedBeforeItIsNormalized) {
  Tensor x = Tensor::of(F16, {2}, {2048, 0}),
         residual = Tensor::of(F16, {2}, {1, 2049 - 2048});
  Result<NormResult> result =
      norm(NormKind::Rms, x, &residual, nullptr, nullptr, 0, 0);
  ASSERT_TRUE(result);
  expectTensor(result->sum, Tensor::of(F16, {2}, {2048, 1}));
}

TEST(Norm, ZeroSizesAndRefusals) {
  expectTensor(normalized(norm(NormKind::Layer, empty(F32, {0, 4}), nullptr,
                               nullptr, nullptr, 1, 0)),
               empty(F32, {0, 4}));
  Tensor x = f32({1, 2}, {1, 2}), three = f32({3}, {1, 1, 1});
  expectError(norm(NormKind::Layer, x, nullptr, &three, nullptr, 1, 0),
              "does not broadcast");
  expectError(norm(NormKind::Layer, x, &three, nullptr, nullptr, 1, 0),
              "residual of [3]");
  expectError(norm(NormKind::Layer, x, nullptr, nullptr, nullptr, 2, 0),
              "axis 2");
}

/// One batch, one head, one query: scores are the keys themselves.
Result<AttentionResult> attend(std::initializer_list<double> scores,
                               AttentionOptions options) {
  auto count = static_cast<int64_t>(scores.size());
  Tensor k = Tensor::of(F32, {1, count, 1, 1}, scores),
         v = empty(F32, {1, count, 1, 1});
  for (int64_t i = 0; i < count; ++i)
    v.setNumber(i, static_cast<double>(1 << i));
  return attention(f32({1, 1, 1, 1}, {1}), k, v, options);
}

TEST(Attention, IsASoftmaxOfScaledProducts) {
  AttentionOptions options;
  options.scale = 0.5;
  double e = std::exp(1.0);
  Result<AttentionResult> result = attend({2, 4}, options);
  ASSERT_TRUE(result);
  expectNear(result->output, f32({1, 1, 1, 1}, {(1 + 2 * e) / (1 + e)}), 1e-6);
  expectNear(result->probabilities,
             f64({1, 1, 1, 2}, {1 / (1 + e), e / (1 + e)}), 1e-15);
}

TEST(Attention, HeadsShareKeyHeads) {
  // Four query heads, two KV heads of one key each: the output is its value.
  Tensor q = empty(F32, {1, 1, 4, 1}), k = empty(F32, {1, 1, 2, 1});
  Tensor v = f32({1, 1, 2, 2}, {1, 2, 3, 4});
  expectTensor(output(attention(q, k, v, {})),
               f32({1, 1, 4, 2}, {1, 2, 1, 2, 3, 4, 3, 4}));
}

TEST(Attention, LayoutIsBatchRowHead) {
  // Zero queries average the values over the keys of their batch.
  Tensor q = empty(F32, {2, 1, 2, 1}), k = empty(F32, {2, 2, 2, 1});
  Tensor v = f32({2, 2, 2, 1}, {1, 2, 3, 4, 5, 6, 7, 8});
  expectTensor(output(attention(q, k, v, {})), f32({2, 1, 2, 1}, {2, 3, 6, 7}));
}

TEST(Attention, BoundsOfKeys) {
  // Zero queries average the values of their keys; the last has none.
  Tensor q = empty(F32, {1, 4, 1, 1}), k = empty(F32, {1, 4, 1, 1});
  Tensor v = f32({1, 4, 1, 1}, {1, 2, 4, 8});
  Tensor begin = i64({1, 4}, {0, 0, 2, 3}), end = i64({1, 4}, {2, 4, 3, 3});
  AttentionOptions options;
  options.emptyRows = EmptyRows::NaN;
  options.keyBegin = &begin;
  options.keyEnd = &end;
  options.scoreMod = [](double score,
                        std::span<const int64_t> at) -> Result<double> {
    if (at[2] == 2 && at[3] != 2)
      return Error{"key " + std::to_string(at[3]) + " is not query 2's"};
    return score;
  };
  expectTensor(output(attention(q, k, v, options)),
               f32({1, 4, 1, 1}, {1.5, 3.75, 4, 0}));
  end = i64({1, 4}, {2, 5, 3, 3});
  expectError(attention(q, k, v, options), "keys 0 to 5 of 4");
  end = i64({1, 3}, {2, 4, 3});
  expectError(attention(q, k, v, options), "attention of q");
}

TEST(Attention, PagesOfACache) {
  // Zero queries average the values of their keys: three pages of two rows, of
  // which the second batch row has one twice.
  Tensor q = empty(F32, {2, 1, 1, 1}), k = empty(F32, {3, 2, 1, 1});
  Tensor v = f32({3, 2, 1, 1}, {1, 2, 4, 8, 16, 32});
  Tensor pages = i64({2, 2}, {2, 0, -2, 1});
  AttentionOptions options;
  options.pages = &pages;
  expectTensor(output(attention(q, k, v, options)),
               f32({2, 1, 1, 1}, {12.75, 6}));
  // Positions are those of the batch row.
  options.scoreMod = [](double score,
                        std::span<const int64_t> at) -> Result<double> {
    return at[3] == 3 ? score : -kInf;
  };
  expectTensor(output(attention(q, k, v, options)), f32({2, 1, 1, 1}, {2, 8}));
  pages = i64({2, 2}, {2, 0, 3, 1});
  expectError(attention(q, k, v, options), "index 3 is outside an axis of 3");
  pages = i64({1, 2}, {2, 0});
  expectError(attention(q, k, v, options), "attention of q");
}

TEST(Attention, ScoreModSeesItsIndex) {
  AttentionOptions options;
  options.scoreMod = [](double score,
                        std::span<const int64_t> at) -> Result<double> {
    return at[3] <= at[2] ? score : -kInf; // causal
  };
  Tensor q = empty(F32, {1, 2, 1, 1}), v = f32({1, 2, 1, 1}, {1, 3});
  expectTensor(output(attention(q, q, v, options)), f32({1, 2, 1, 1}, {1, 2}));
  options.scoreMod = [](double, std::span<const int64_t>) -> Result<double> {
    return Error{"no score"};
  };
  expectError(attention(q, q, v, options), "no score");
}

TEST(Attention, EmptyRows) {
  AttentionOptions options;
  options.scoreMod = [](double, std::span<const int64_t>) -> Result<double> {
    return -kInf;
  };
  options.emptyRows = EmptyRows::NaN;
  expectTensor(output(attend({1, 2}, options)), f32({1, 1, 1, 1}, {kNaN}));
  options.emptyRows = EmptyRows::Zero;
  expectTensor(output(attend({1, 2}, options)), f32({1, 1, 1, 1}, {0}));
  // A fill that absorbs the scores in f32: the mean of the values.
  options.scoreMod = [](double score,
                        std::span<const int64_t>) -> Result<double> {
    return roundToFloat(F32, score - 3.4e38);
  };
  options.emptyRows = EmptyRows::Mean;
  expectTensor(output(attend({1, 2}, options)), f32({1, 1, 1, 1}, {1.5}));
  // One that does not: a softmax of the scores.
  options.scoreMod = [](double score,
                        std::span<const int64_t>) -> Result<double> {
    return score - 10000;
  };
  options.emptyRows = EmptyRows::Scores;
  double e = std::exp(1.0);
  expectNear(output(attend({1, 2}, options)),
             f32({1, 1, 1, 1}, {(1 + 2 * e) / (1 + e)}), 1e-6);
}

TEST(Attention, MeanLeavesOutStackedMasks) {
  AttentionOptions options;
  options.emptyRows = EmptyRows::Mean;
  options.scoreMod = [](double score,
                        std::span<const int64_t> at) -> Result<double> {
    double once = roundToFloat(F32, score - 3.4e38);
    return at[3] == 2 ? roundToFloat(F32, once - 3.4e38) : once;
  };
  expectTensor(output(attend({1, 2, 3}, options)), f32({1, 1, 1, 1}, {1.5}));
}

TEST(Attention, WithoutGuardNaNStays) {
  AttentionOptions options;
  options.emptyRows = EmptyRows::Zero;
  expectTensor(output(attend({kNaN, -kInf}, options)),
               f32({1, 1, 1, 1}, {kNaN}));
}

TEST(Attention, WithoutKeysTheOutputIsZero) {
  expectTensor(
      output(attention(empty(F32, {1, 2, 1, 3}), empty(F32, {1, 0, 1, 3}),
                       empty(F32, {1, 0, 1, 2}), {})),
      empty(F32, {1, 2, 1, 2}));
}

TEST(Attention, Refuses) {
  Tensor q = empty(F32, {1, 2, 3, 4});
  expectError(
      attention(q, empty(F32, {1, 2, 2, 4}), empty(F32, {1, 2, 2, 4}), {}),
      "attention of q");
  expectError(
      attention(q, empty(F32, {1, 2, 0, 4}), empty(F32, {1, 2, 0, 4}), {}),
      "attention of q");
  expectError(attention(q, q, empty(F32, {1, 3, 3, 4}), {}), "attention of q");
  expectError(attention(q, empty(F32, {2, 2, 3, 4}), q, {}), "attention of q");
}

} // namespace
} // namespace ingot::reference
