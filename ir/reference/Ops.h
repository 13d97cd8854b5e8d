//===- Ops.h - What every tfm op means, as plain loops
//---------------------===//
//
// Each function computes one op in double, rounded once to the result type, or
// in exact integers. Arguments come from models: whatever does not fit is an
// Error, never an assert or a read out of bounds. Axes may count from the end.
// Knows nothing of MLIR.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/reference/Tensor.h"

#include <functional>

namespace ingot::reference {

// Elementwise ------------------------------------------------------------
/// `op` over operands of one type that broadcast as in NumPy.
Result<Tensor> elementwise(ScalarOp op, std::span<const Tensor> operands);
/// `a` where the Bool condition holds, else `b`; all three broadcast.
Result<Tensor> select(const Tensor &condition, const Tensor &a,
                      const Tensor &b);
/// See castScalar.
Result<Tensor> cast(const Tensor &x, ElementType to);

// Quantized numbers ----------------------------------------------------------
/// Where the scale of an element is: one for all, one a slice of `axis`, or one
/// a `block` of elements along `axis`, the last of which may be shorter.
struct QuantLayout {
  std::optional<int64_t> axis, block;
};
/// saturate(round(x / scale) + zero) in `type`. The quotient is rounded to x's
/// type, which is the scale's, then to an integer (not for a float `type`),
/// halves to even; NaN gives the smallest integer. `zero` is of `type` and may
/// be null.
Result<Tensor> quantize(const Tensor &x, const Tensor &scale,
                        const Tensor *zero, const QuantLayout &layout,
                        ElementType type);
/// (x - zero) * scale rounded once to the float `type`. `zero` is of x's type
/// and may be null.
Result<Tensor> dequantize(const Tensor &x, const Tensor &scale,
                          const Tensor *zero, const QuantLayout &layout,
                          ElementType type);

// Products -----------------------------------------------------------------
/// NumPy's matmul: leading dims broadcast, vectors are a row on the left and a
/// column on the right. Integers wrap.
Result<Tensor> matmul(const Tensor &a, const Tensor &b);

struct ConvOptions {
  std::vector<int64_t> strides, dilations; ///< one per spatial axis
  std::vector<int64_t> padsBegin, padsEnd;
  int64_t groups = 1;
};
/// x [N, C, spatial...], w [M, C / groups, kernel...], bias [M]. Floats.
Result<Tensor> conv(const Tensor &x, const Tensor &w, const Tensor *bias,
                    const ConvOptions &options);

// Reductions ---------------------------------------------------------------
/// Softmax of a float tensor along one axis.
Result<Tensor> softmax(const Tensor &x, int64_t axis);

enum class ReduceKind : uint8_t { Sum, Mean, Max, Min, Prod, L2 };
/// Over nothing: 0, NaN (0 of integers), the smallest value, the largest
/// value, 1, 0. Max and Min give NaN if an element is; integer means truncate.
Result<Tensor> reduce(ReduceKind kind, const Tensor &x,
                      std::span<const int64_t> axes, bool keepDims);
/// Position of the largest or smallest element as i64; NaN counts as extreme,
/// as in NumPy. Of equal ones the first, or with `selectLast` the last.
Result<Tensor> argMax(const Tensor &x, int64_t axis, bool keepDims,
                      bool selectLast);
Result<Tensor> argMin(const Tensor &x, int64_t axis, bool keepDims,
                      bool selectLast);
/// Running sums; `exclusive` leaves out the element itself, `reverse` runs
/// from the end.
Result<Tensor> cumsum(const Tensor &x, int64_t axis, bool exclusive,
                      bool reverse);
/// The coordinates of the elements that are not 0, one I64 vector an axis.
Result<std::vector<Tensor>> nonzero(const Tensor &x);

// Layout ---------------------------------------------------------------------
Result<Tensor> reshape(const Tensor &x, Shape shape);
/// Result axis i is axis `permutation[i]` of x.
Result<Tensor> transpose(const Tensor &x, std::span<const int64_t> permutation);
/// Element i along an axis is `starts + i * steps` for i < sizes.
Result<Tensor> slice(const Tensor &x, std::span<const int64_t> starts,
                     std::span<const int64_t> steps,
                     std::span<const int64_t> sizes);
Result<Tensor> concat(std::span<const Tensor> parts, int64_t axis);
/// Axes aligned from the right; dims of 1 are repeated.
Result<Tensor> broadcast(const Tensor &x, Shape shape);
/// Result element i is x[i mod dim]; the dims of `shape` are multiples of x's.
Result<Tensor> tile(const Tensor &x, Shape shape);

enum class PadMode : uint8_t { Constant, Reflect, Edge, Wrap };
/// Negative amounts crop, before anything is added. `value` is the filling of
/// Constant, of x's type; nothing is zero.
Result<Tensor> pad(const Tensor &x, PadMode mode, std::span<const int64_t> low,
                   std::span<const int64_t> high,
                   std::optional<Scalar> value = std::nullopt);
/// Keeps j - i >= k (upper) or <= k (lower) of the last two axes, else zero.
Result<Tensor> trilu(const Tensor &x, int64_t k, bool upper);

// Gathering; an index outside [-n, n) is an error that names it -------------
/// shape = x[:axis] + indices + x[axis + 1:]
Result<Tensor> gather(const Tensor &x, const Tensor &indices, int64_t axis);
/// Result [i, j, ...] = x with position `axis` replaced by indices[i, j, ...].
Result<Tensor> gatherElements(const Tensor &x, const Tensor &indices,
                              int64_t axis);
/// The last axis of `indices` addresses x after its `batchDims` common axes.
Result<Tensor> gatherNd(const Tensor &x, const Tensor &indices,
                        int64_t batchDims);

// Making ---------------------------------------------------------------------
/// start + i * step for i < size, along one axis. Integers wrap.
Result<Tensor> iota(ElementType type, int64_t size, int64_t start,
                    int64_t step);
/// Every element `value`.
Result<Tensor> splat(Scalar value, Shape shape);

// Transformer ops ------------------------------------------------------------
/// The tensor whose element at `index` is what `element` gives: the meaning of
/// a region of scalar ops, whatever it loads.
using ElementFunction =
    std::function<Result<Scalar>(std::span<const int64_t> index)>;
Result<Tensor> generate(ElementType type, Shape shape,
                        const ElementFunction &element);

enum class NormKind : uint8_t { Layer, Rms };
struct NormResult {
  Tensor normalized;
  Tensor sum; ///< x + residual rounded to their type, x itself without one
};
/// Normalizes `sum` over the axes from `axis` on. scale and bias broadcast to
/// x, residual has its shape; each of the three may be null.
Result<NormResult> norm(NormKind kind, const Tensor &x, const Tensor *residual,
                        const Tensor *scale, const Tensor *bias, int64_t axis,
                        double epsilon);

/// What becomes of one element of a product; `value` is the sum in double.
using Epilogue =
    std::function<Result<Scalar>(double value, std::span<const int64_t> index)>;
/// Of a quantized weight [K, N]: element (k, n) stands for
/// (w - zeros[k / block, n]) * scales[k / block, n]. Both are
/// [ceil(K / block), N], zeros of w's type or null.
struct WeightScales {
  const Tensor *scales, *zeros = nullptr;
  int64_t block;
};
/// x [..., K] times w [K, N] plus bias [N]; then the epilogue, then the
/// residual [..., N]. Each of the last three may be absent. x and w are floats
/// of one type, or w is quantized; the result is rounded to `type`, or to x's.
Result<Tensor> linear(const Tensor &x, const Tensor &w, const Tensor *bias,
                      const Epilogue &epilogue, const Tensor *residual,
                      std::optional<ElementType> type = {},
                      const std::optional<WeightScales> &quantized = {});

enum class EmptyRows : uint8_t {
  Scores, ///< nothing special: a softmax of whatever the scores are
  Mean,   ///< the same: the fill absorbed the scores, so it comes out as a mean
  NaN,    ///< the same: every score is -inf, so it comes out as NaN
  Zero,   ///< a row whose scores are all -inf gives zeros
};
/// The argument of the softmax at [b, h, q, k], from the scaled product.
using ScoreMod =
    std::function<Result<double>(double score, std::span<const int64_t> index)>;
struct AttentionOptions {
  double scale = 1;
  ScoreMod scoreMod; ///< empty: the scaled product itself
  EmptyRows emptyRows = EmptyRows::Scores;
  std::optional<ElementType> type; ///< of the output; none: q's
  /// [B, S]: the first key of each query and where its keys end; null: all.
  const Tensor *keyBegin = nullptr, *keyEnd = nullptr;
  /// [B, P]: k and v are [N, C, G, D] and [N, C, G, E], the keys of batch row b
  /// those of its pages one after the other; null: they are none.
  const Tensor *pages = nullptr;
};
struct AttentionResult {
  Tensor output;        ///< [B, S, H, E]
  Tensor probabilities; ///< [B, H, S, T], f64: not rounded on the way to output
};
/// q [B, S, H, D], k [B, T, G, D], v [B, T, G, E]; H is a multiple of G and
/// query head h reads KV head h / (H / G). Without keys the output is zero.
Result<AttentionResult> attention(const Tensor &q, const Tensor &k,
                                  const Tensor &v,
                                  const AttentionOptions &options);

} // namespace ingot::reference
