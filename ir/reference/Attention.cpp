#include "ir/reference/Ops.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ingot::reference {

namespace {
std::optional<Error> checkAttention(const Tensor &q, const Tensor &k,
                                    const Tensor &v,
                                    const AttentionOptions &options) {
  bool fits = q.rank() == 4 && k.rank() == 4 && v.rank() == 4 &&
              isFloat(q.type()) && q.type() == k.type() && q.type() == v.type();
  fits =
      fits && v.dim(0) == k.dim(0) &&
      (options.pages
           ? isInteger(options.pages->type()) && options.pages->rank() == 2 &&
                 options.pages->dim(0) == q.dim(0) && !options.keyBegin
           : k.dim(0) == q.dim(0)) &&
      v.dim(1) == k.dim(1) && v.dim(2) == k.dim(2) && k.dim(3) == q.dim(3) &&
      (k.dim(2) ? q.dim(2) % k.dim(2) == 0 : q.dim(2) == 0);
  for (const Tensor *bound : {options.keyBegin, options.keyEnd})
    fits = fits && !bound == !options.keyBegin &&
           (!bound || (bound->type() == ElementType::I64 &&
                       bound->shape() == Shape{q.dim(0), q.dim(1)}));
  if (fits)
    return std::nullopt;
  return Error{"attention of q " + print(q.shape()) + ", k " +
               print(k.shape()) + " and v " + print(v.shape())};
}

/// [N, C, G, D] and pages [B, P] to [B, P * C, G, D].
Result<Tensor> keysOf(const Tensor &cache, const Tensor &pages) {
  Result<Tensor> keys = gather(cache, pages, 0);
  if (!keys)
    return keys;
  return reshape(*keys, {pages.dim(0), pages.dim(1) * cache.dim(1),
                         cache.dim(2), cache.dim(3)});
}

Result<AttentionResult> pagedAttention(const Tensor &q, const Tensor &k,
                                       const Tensor &v,
                                       AttentionOptions options) {
  Result<Tensor> keys = keysOf(k, *options.pages);
  if (!keys)
    return keys.error();
  Result<Tensor> values = keysOf(v, *options.pages);
  if (!values)
    return values.error();
  options.pages = nullptr;
  return attention(q, *keys, *values, options);
}
} // namespace

Result<AttentionResult> attention(const Tensor &q, const Tensor &k,
                                  const Tensor &v,
                                  const AttentionOptions &options) {
  if (std::optional<Error> error = checkAttention(q, k, v, options))
    return *error;
  if (options.pages)
    return pagedAttention(q, k, v, options);
  int64_t batch = q.dim(0), rows = q.dim(1), heads = q.dim(2), depth = q.dim(3);
  int64_t keys = k.dim(1), groups = k.dim(2), width = v.dim(3);
  Result<Tensor> output = Tensor::create(options.type.value_or(q.type()),
                                         {batch, rows, heads, width});
  if (!output)
    return output.error();
  Result<Tensor> probabilities =
      Tensor::create(ElementType::F64, {batch, heads, rows, keys});
  if (!probabilities)
    return probabilities.error();
  std::vector<double> query = numbers(q), key = numbers(k), value = numbers(v);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> row(static_cast<size_t>(keys)),
      sums(static_cast<size_t>(width));

  for (Walk walk(std::initializer_list<int64_t>{batch, heads, rows}, {});
       !walk.done(); walk.next()) {
    int64_t b = walk.index()[0], h = walk.index()[1], s = walk.index()[2];
    int64_t group = h / (heads / groups);
    const double *queryRow =
        query.data() + ((b * rows + s) * heads + h) * depth;
    double largest = -kInfinity, sum = 0;
    int64_t first = 0, end = keys;
    if (options.keyBegin) {
      first = options.keyBegin->integer(b * rows + s);
      end = options.keyEnd->integer(b * rows + s);
      if (first < 0 || end > keys)
        return Error{"attention to keys " + std::to_string(first) + " to " +
                     std::to_string(end) + " of " + std::to_string(keys)};
    }
    for (int64_t t = first; t < end; ++t) {
      const double *keyRow =
          key.data() + ((b * keys + t) * groups + group) * depth;
      double score = 0;
      for (int64_t d = 0; d < depth; ++d)
        score += queryRow[d] * keyRow[d];
      score *= options.scale;
      if (options.scoreMod) {
        const int64_t index[] = {b, h, s, t};
        Result<double> modified = options.scoreMod(score, index);
        if (!modified)
          return modified.error();
        score = *modified;
      }
      row[static_cast<size_t>(t)] = score;
      // Written so that a NaN sticks: std::max would drop it and could take a
      // row of NaN and -inf for an empty one.
      if (std::isnan(score) || score > largest)
        largest = score;
    }
    // Nothing to do without keys: an empty sum of values is zero. For a row of
    // -inf the softmax computes -inf - -inf = NaN; only `zero` is guarded.
    if (first >= end ||
        (options.emptyRows == EmptyRows::Zero && largest == -kInfinity))
      continue;
    for (int64_t t = first; t < end; ++t)
      sum += row[static_cast<size_t>(t)] =
          std::exp(row[static_cast<size_t>(t)] - largest);
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int64_t t = first; t < end; ++t) {
      double probability = row[static_cast<size_t>(t)] / sum;
      probabilities->setNumber(walk.position() * keys + t, probability);
      const double *valueRow =
          value.data() + ((b * keys + t) * groups + group) * width;
      for (int64_t e = 0; e < width; ++e)
        sums[static_cast<size_t>(e)] += probability * valueRow[e];
    }
    for (int64_t e = 0; e < width; ++e)
      output->setNumber(((b * rows + s) * heads + h) * width + e,
                        sums[static_cast<size_t>(e)]);
  }
  return AttentionResult{std::move(*output), std::move(*probabilities)};
}

} // namespace ingot::reference
