#include "ir/reference/Ops.h"

namespace ingot::reference {

namespace {
/// Dense copy of the elements at `start` plus multiples of `strides`, all of
/// which the caller knows to be inside x.
Result<Tensor> copyStrided(const Tensor &x, Shape shape, int64_t start,
                           Strides strides) {
  Result<Tensor> result = Tensor::create(x.type(), std::move(shape));
  if (!result)
    return result;
  for (Walk walk(result->shape(), {std::move(strides)}); !walk.done();
       walk.next())
    result->copyElement(walk.position(), x, start + walk.offset(0));
  return result;
}

Error rankMismatch(const char *what, size_t got, const Tensor &x) {
  return {std::string(what) + " has " + std::to_string(got) +
          " entries for an operand of rank " + std::to_string(x.rank())};
}
} // namespace

Result<Tensor> reshape(const Tensor &x, Shape shape) {
  return x.withShape(std::move(shape));
}

Result<Tensor> transpose(const Tensor &x,
                         std::span<const int64_t> permutation) {
  if (permutation.size() != x.shape().size())
    return rankMismatch("the permutation", permutation.size(), x);
  Strides dense = rowMajorStrides(x.shape()), strides;
  Shape shape;
  std::vector<bool> seen(permutation.size());
  for (int64_t axis : permutation) {
    if (axis < 0 || axis >= x.rank() || seen[static_cast<size_t>(axis)])
      return Error{print(permutation) + " is no permutation of " +
                   std::to_string(x.rank()) + " axes"};
    seen[static_cast<size_t>(axis)] = true;
    shape.push_back(x.dim(axis));
    strides.push_back(dense[static_cast<size_t>(axis)]);
  }
  return copyStrided(x, std::move(shape), 0, std::move(strides));
}

Result<Tensor> slice(const Tensor &x, std::span<const int64_t> starts,
                     std::span<const int64_t> steps,
                     std::span<const int64_t> sizes) {
  size_t rank = x.shape().size();
  if (starts.size() != rank || steps.size() != rank || sizes.size() != rank)
    return rankMismatch("the slice", starts.size(), x);
  Result<int64_t> count = elementCount(sizes);
  if (!count)
    return count.error();
  if (*count == 0) // no element is read, wherever it would start
    return Tensor::create(x.type(), Shape(sizes.begin(), sizes.end()));
  Strides strides = rowMajorStrides(x.shape());
  int64_t start = 0;
  for (size_t i = 0; i < rank; ++i) {
    int64_t last, extent = x.shape()[i];
    bool overflow = __builtin_mul_overflow(sizes[i] - 1, steps[i], &last) ||
                    __builtin_add_overflow(last, starts[i], &last);
    if (overflow || starts[i] < 0 || starts[i] >= extent || last < 0 ||
        last >= extent)
      return Error{"slice of " + std::to_string(sizes[i]) + " elements from " +
                   std::to_string(starts[i]) + " by " +
                   std::to_string(steps[i]) + " leaves axis " +
                   std::to_string(i) + " of " + print(x.shape())};
    start += starts[i] * strides[i];
    // The step of an axis with one element is never taken and may be anything.
    strides[i] = sizes[i] == 1 ? 0 : strides[i] * steps[i];
  }
  return copyStrided(x, Shape(sizes.begin(), sizes.end()), start,
                     std::move(strides));
}

Result<Tensor> concat(std::span<const Tensor> parts, int64_t axis) {
  if (parts.empty())
    return Error{"concat of nothing"};
  const Tensor &first = parts.front();
  std::optional<int64_t> at = normalizeAxis(axis, first.rank());
  if (!at)
    return axisError(axis, first.rank());
  auto along = static_cast<size_t>(*at);
  Shape shape = first.shape();
  shape[along] = 0;
  for (const Tensor &part : parts) {
    Shape expected = first.shape();
    if (part.rank() == first.rank())
      expected[along] = part.dim(*at);
    if (part.type() != first.type() || part.shape() != expected)
      return Error{"concat along axis " + std::to_string(*at) + " of " +
                   print(first.shape()) + " " +
                   std::string(typeName(first.type())) + " and " +
                   print(part.shape()) + " " +
                   std::string(typeName(part.type()))};
    if (__builtin_add_overflow(shape[along], part.dim(*at), &shape[along]))
      return Error{"the axis of a concat exceeds 64 bits"};
  }
  Result<Tensor> result = Tensor::create(first.type(), shape);
  if (!result)
    return result;
  Strides strides = rowMajorStrides(shape);
  int64_t offset = 0;
  for (const Tensor &part : parts) {
    for (Walk walk(part.shape(), {strides}); !walk.done(); walk.next())
      result->copyElement(offset + walk.offset(0), part, walk.position());
    if (result->size())
      offset += part.dim(*at) * strides[along];
  }
  return result;
}

Result<Tensor> broadcast(const Tensor &x, Shape shape) {
  Result<Strides> strides = broadcastStrides(x.shape(), shape);
  if (!strides)
    return strides.error();
  return copyStrided(x, std::move(shape), 0, std::move(*strides));
}

Result<Tensor> tile(const Tensor &x, Shape shape) {
  bool fits = shape.size() == x.shape().size();
  for (size_t i = 0; fits && i < shape.size(); ++i)
    fits = x.shape()[i] ? shape[i] % x.shape()[i] == 0 : shape[i] == 0;
  if (!fits)
    return Error{"tile of " + print(x.shape()) + " to " + print(shape)};
  Result<Tensor> result = Tensor::create(x.type(), std::move(shape));
  if (!result)
    return result;
  Strides dense = rowMajorStrides(x.shape());
  for (Walk walk(result->shape(), {}); !walk.done(); walk.next()) {
    int64_t from = 0;
    for (size_t i = 0; i < dense.size(); ++i)
      from += walk.index()[i] % x.shape()[i] * dense[i];
    result->copyElement(walk.position(), x, from);
  }
  return result;
}

Result<Tensor> trilu(const Tensor &x, int64_t k, bool upper) {
  if (x.rank() < 2)
    return Error{"trilu of rank " + std::to_string(x.rank())};
  Result<Tensor> result = Tensor::create(x.type(), x.shape());
  if (!result)
    return result;
  for (Walk walk(x.shape(), {}); !walk.done(); walk.next()) {
    std::span<const int64_t> index = walk.index();
    int64_t diagonal = index[index.size() - 1] - index[index.size() - 2];
    if (upper ? diagonal >= k : diagonal <= k)
      result->copyElement(walk.position(), x, walk.position());
  }
  return result;
}

} // namespace ingot::reference
