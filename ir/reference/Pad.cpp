#include "ir/reference/Ops.h"

#include <algorithm>

namespace ingot::reference {

namespace {
/// Which element of an axis of `extent` elements stands at `i`, which counts
/// from the axis' first element and may be outside; -1 for the filling.
int64_t source(PadMode mode, int64_t i, int64_t extent) {
  if (i >= 0 && i < extent)
    return i;
  auto floorMod = [](int64_t a, int64_t b) { return ((a % b) + b) % b; };
  switch (mode) {
  case PadMode::Constant:
    return -1;
  case PadMode::Edge:
    return std::clamp(i, int64_t(0), extent - 1);
  case PadMode::Wrap:
    return floorMod(i, extent);
  case PadMode::Reflect: {
    if (extent == 1)
      return 0;
    // Back and forth without repeating the ends.
    int64_t period = 2 * (extent - 1), phase = floorMod(i, period);
    return phase < extent ? phase : period - phase;
  }
  }
  assert(false && "unknown pad mode");
  return -1;
}

/// One axis: what is left of it after cropping, and what is added.
struct PadAxis {
  int64_t cropLow, extent, low;
};
} // namespace

Result<Tensor> pad(const Tensor &x, PadMode mode, std::span<const int64_t> low,
                   std::span<const int64_t> high, std::optional<Scalar> value) {
  size_t rank = x.shape().size();
  if (low.size() != rank || high.size() != rank)
    return Error{"pad has " + std::to_string(low.size()) + " and " +
                 std::to_string(high.size()) + " amounts for rank " +
                 std::to_string(rank)};
  if (value && value->type != x.type())
    return Error{"pad of " + std::string(typeName(x.type())) +
                 " with a value of " + std::string(typeName(value->type))};
  std::vector<PadAxis> axes;
  Shape shape;
  for (size_t i = 0; i < rank; ++i) {
    int64_t extent, dim;
    bool overflow =
        __builtin_add_overflow(x.shape()[i], std::min(low[i], int64_t(0)),
                               &extent) ||
        __builtin_add_overflow(extent, std::min(high[i], int64_t(0)),
                               &extent) ||
        __builtin_add_overflow(extent, std::max(low[i], int64_t(0)), &dim) ||
        __builtin_add_overflow(dim, std::max(high[i], int64_t(0)), &dim);
    if (overflow || extent < 0 ||
        (extent == 0 && dim > 0 && mode != PadMode::Constant))
      return Error{"pad by " + std::to_string(low[i]) + " and " +
                   std::to_string(high[i]) + " does not fit axis " +
                   std::to_string(i) + " of " + print(x.shape())};
    // Cropping all of an axis may start beyond its end.
    axes.push_back({extent ? std::max(-low[i], int64_t(0)) : 0, extent,
                    std::max(low[i], int64_t(0))});
    shape.push_back(dim);
  }
  Result<Tensor> result = Tensor::create(x.type(), std::move(shape));
  if (!result)
    return result;
  Strides dense = rowMajorStrides(x.shape());
  for (Walk walk(result->shape(), {}); !walk.done(); walk.next()) {
    int64_t from = 0;
    for (size_t i = 0; i < rank && from >= 0; ++i) {
      int64_t at = source(mode, walk.index()[i] - axes[i].low, axes[i].extent);
      from = at < 0 ? -1 : from + (axes[i].cropLow + at) * dense[i];
    }
    if (from >= 0)
      result->copyElement(walk.position(), x, from);
    else if (value)
      result->set(walk.position(), *value);
  }
  return result;
}

} // namespace ingot::reference
