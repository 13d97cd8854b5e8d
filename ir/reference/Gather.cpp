#include "ir/reference/Ops.h"

#include <algorithm>

namespace ingot::reference {

namespace {
/// Index `i` of an axis of `extent`, negative from the end.
Result<int64_t> wrapIndex(int64_t i, int64_t extent) {
  if (i < -extent || i >= extent)
    return Error{"index " + std::to_string(i) + " is outside an axis of " +
                 std::to_string(extent) + " elements"};
  return i < 0 ? i + extent : i;
}

std::optional<Error> checkIndexType(const Tensor &indices) {
  if (isInteger(indices.type()))
    return std::nullopt;
  return Error{"indices of type " + std::string(typeName(indices.type()))};
}
} // namespace

Result<Tensor> gather(const Tensor &x, const Tensor &indices, int64_t axis) {
  std::optional<int64_t> at = normalizeAxis(axis, x.rank());
  if (!at)
    return axisError(axis, x.rank());
  if (std::optional<Error> error = checkIndexType(indices))
    return *error;
  auto first = x.shape().begin() + *at;
  Shape shape(x.shape().begin(), first);
  shape.insert(shape.end(), indices.shape().begin(), indices.shape().end());
  shape.insert(shape.end(), first + 1, x.shape().end());
  Result<Tensor> result = Tensor::create(x.type(), std::move(shape));
  if (!result || result->size() == 0)
    return result;
  Result<int64_t> inner =
      elementCount(std::span(x.shape()).subspan(static_cast<size_t>(*at) + 1));
  int64_t extent = x.dim(*at), outer = result->size() / *inner / indices.size(),
          to = 0;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < indices.size(); ++i) {
      Result<int64_t> index = wrapIndex(indices.integer(i), extent);
      if (!index)
        return index.error();
      for (int64_t n = 0; n < *inner; ++n)
        result->copyElement(to++, x, (o * extent + *index) * *inner + n);
    }
  return result;
}

Result<Tensor> gatherElements(const Tensor &x, const Tensor &indices,
                              int64_t axis) {
  std::optional<int64_t> at = normalizeAxis(axis, x.rank());
  if (!at)
    return axisError(axis, x.rank());
  if (std::optional<Error> error = checkIndexType(indices))
    return *error;
  auto along = static_cast<size_t>(*at);
  bool fits = indices.rank() == x.rank();
  for (size_t i = 0; fits && i < x.shape().size(); ++i)
    fits = i == along || indices.shape()[i] <= x.shape()[i];
  if (!fits)
    return Error{"gather_elements of " + print(x.shape()) + " by indices " +
                 print(indices.shape())};
  Result<Tensor> result = Tensor::create(x.type(), indices.shape());
  if (!result)
    return result;
  Strides strides = rowMajorStrides(x.shape());
  int64_t axisStride = std::exchange(strides[along], 0);
  for (Walk walk(indices.shape(), {strides}); !walk.done(); walk.next()) {
    Result<int64_t> index =
        wrapIndex(indices.integer(walk.position()), x.dim(*at));
    if (!index)
      return index.error();
    result->copyElement(walk.position(), x,
                        walk.offset(0) + *index * axisStride);
  }
  return result;
}

Result<Tensor> gatherNd(const Tensor &x, const Tensor &indices,
                        int64_t batchDims) {
  if (std::optional<Error> error = checkIndexType(indices))
    return *error;
  int64_t depth = indices.rank() ? indices.shape().back() : 0;
  bool fits = indices.rank() && batchDims >= 0 && batchDims < indices.rank() &&
              batchDims <= x.rank() && depth <= x.rank() - batchDims;
  for (int64_t i = 0; fits && i < batchDims; ++i)
    fits = x.dim(i) == indices.dim(i);
  if (!fits)
    return Error{"gather_nd of " + print(x.shape()) + " by indices " +
                 print(indices.shape()) + " with " + std::to_string(batchDims) +
                 " batch dims"};
  // Indices are tuples [batch..., i...] of `depth` numbers, each of which
  // addresses a dense piece of x.
  Shape tuples(indices.shape().begin(), indices.shape().end() - 1);
  Shape piece(x.shape().begin() + batchDims + depth, x.shape().end());
  Shape shape = tuples;
  shape.insert(shape.end(), piece.begin(), piece.end());
  Result<Tensor> result = Tensor::create(x.type(), std::move(shape));
  if (!result || result->size() == 0)
    return result;
  Strides dense = rowMajorStrides(x.shape()), batch(tuples.size());
  std::copy(dense.begin(), dense.begin() + batchDims, batch.begin());
  int64_t count = *elementCount(piece), to = 0;
  for (Walk walk(tuples, {batch}); !walk.done(); walk.next()) {
    int64_t from = walk.offset(0);
    for (int64_t i = 0; i < depth; ++i) {
      int64_t axis = batchDims + i;
      Result<int64_t> index =
          wrapIndex(indices.integer(walk.position() * depth + i), x.dim(axis));
      if (!index)
        return index.error();
      from += *index * dense[static_cast<size_t>(axis)];
    }
    for (int64_t n = 0; n < count; ++n)
      result->copyElement(to++, x, from + n);
  }
  return result;
}

} // namespace ingot::reference
