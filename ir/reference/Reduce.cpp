#include "ir/reference/Ops.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ingot::reference {

namespace {
/// A tensor seen as [outer, extent, inner] around one axis.
struct AxisView {
  int64_t outer = 1, extent = 1, inner = 1;

  AxisView(const Tensor &x, int64_t axis) : extent(x.dim(axis)) {
    if (x.size() == 0) // the products could overflow beside a dim of 0
      outer = 0;
    for (int64_t i = 0; x.size() && i < x.rank(); ++i)
      (i < axis ? outer : inner) *= i == axis ? 1 : x.dim(i);
  }
  int64_t at(int64_t o, int64_t i, int64_t n) const {
    return (o * extent + i) * inner + n;
  }
};

Scalar lowest(ElementType type) {
  return isFloat(type)
             ? Scalar{type, -std::numeric_limits<double>::infinity(), 0}
             : castScalar({ElementType::F64, smallestInteger(type), 0}, type);
}
Scalar highest(ElementType type) {
  return isFloat(type)
             ? Scalar{type, std::numeric_limits<double>::infinity(), 0}
             : castScalar({ElementType::F64, largestInteger(type), 0}, type);
}

/// The larger by the rules of the scalar table; of bools, or.
Scalar extreme(bool largest, Scalar a, Scalar b) {
  ScalarOp op = largest ? ScalarOp::Max : ScalarOp::Min;
  if (a.type == ElementType::Bool)
    op = largest ? ScalarOp::Or : ScalarOp::And;
  const Scalar operands[] = {a, b};
  return applyScalar(op, operands);
}

/// Everything that adds up or multiplies, one result element at a time.
class Accumulator {
public:
  Accumulator(ReduceKind kind, ElementType type) : kind(kind), type(type) {
    if (kind == ReduceKind::Prod)
      number = 1, bits = 1;
    if (kind == ReduceKind::Max || kind == ReduceKind::Min)
      best = kind == ReduceKind::Max ? lowest(type) : highest(type);
  }

  void add(Scalar x) {
    ++count;
    double value = x.asDouble();
    auto integer = static_cast<uint64_t>(x.integer); // wraps without overflow
    switch (kind) {
    case ReduceKind::Sum:
    case ReduceKind::Mean:
      number += value, bits += integer;
      break;
    case ReduceKind::Prod:
      number *= value, bits *= integer;
      break;
    case ReduceKind::L2:
      number += value * value;
      break;
    case ReduceKind::Max:
    case ReduceKind::Min:
      best = extreme(kind == ReduceKind::Max, best, x);
      break;
    }
  }

  Scalar result() const {
    switch (kind) {
    case ReduceKind::Max:
    case ReduceKind::Min:
      return best;
    case ReduceKind::L2:
      return castScalar({ElementType::F64, std::sqrt(number), 0}, type);
    case ReduceKind::Mean: {
      if (isFloat(type))
        return Scalar::ofFloat(type, number / static_cast<double>(count));
      const Scalar quotient[] = {
          {type == ElementType::U64 ? type : ElementType::I64, 0,
           static_cast<int64_t>(bits)},
          {type == ElementType::U64 ? type : ElementType::I64, 0, count}};
      return castScalar(applyScalar(ScalarOp::Div, quotient), type);
    }
    default:
      break;
    }
    return isFloat(type) ? Scalar::ofFloat(type, number)
                         : Scalar::ofInteger(type, static_cast<int64_t>(bits));
  }

private:
  ReduceKind kind;
  ElementType type;
  double number = 0;
  uint64_t bits = 0;
  int64_t count = 0;
  Scalar best;
};

Shape reducedShape(const Shape &shape, const std::vector<bool> &reduced,
                   bool keepDims) {
  Shape result;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!reduced[i])
      result.push_back(shape[i]);
    else if (keepDims)
      result.push_back(1);
  }
  return result;
}

Result<Tensor> argExtreme(const Tensor &x, int64_t axis, bool keepDims,
                          bool selectLast, bool largest) {
  std::optional<int64_t> at = normalizeAxis(axis, x.rank());
  if (!at)
    return axisError(axis, x.rank());
  std::vector<bool> reduced(x.shape().size());
  reduced[static_cast<size_t>(*at)] = true;
  Result<Tensor> result = Tensor::create(
      ElementType::I64, reducedShape(x.shape(), reduced, keepDims));
  if (!result || result->size() == 0)
    return result;
  AxisView view(x, *at);
  if (view.extent == 0)
    return Error{"no largest or smallest element along axis " +
                 std::to_string(*at) + " of " + print(x.shape())};
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t n = 0; n < view.inner; ++n) {
      int64_t best = 0;
      Scalar bestValue = x.get(view.at(o, 0, n));
      for (int64_t i = 1; i < view.extent; ++i) {
        Scalar value = x.get(view.at(o, i, n));
        bool isNaN = isFloat(x.type()) && std::isnan(value.number);
        bool bestIsNaN = isFloat(x.type()) && std::isnan(bestValue.number);
        const Scalar order[] = {largest ? value : bestValue,
                                largest ? bestValue : value};
        // order[0] <= order[1] where the value is no better. NaN is best of
        // all.
        bool better =
            isNaN ? !bestIsNaN
                  : !bestIsNaN && !applyScalar(ScalarOp::Le, order).isTrue();
        bool equal =
            isNaN ? bestIsNaN : applyScalar(ScalarOp::Eq, order).isTrue();
        if (better || (equal && selectLast)) {
          best = i;
          bestValue = value;
        }
      }
      result->setInteger(o * view.inner + n, best);
    }
  return result;
}
} // namespace

Result<Tensor> softmax(const Tensor &x, int64_t axis) {
  std::optional<int64_t> at = normalizeAxis(axis, x.rank());
  if (!at)
    return axisError(axis, x.rank());
  if (!isFloat(x.type()))
    return Error{"softmax of " + std::string(typeName(x.type()))};
  Result<Tensor> result = Tensor::create(x.type(), x.shape());
  if (!result)
    return result;
  AxisView view(x, *at);
  std::vector<double> values = numbers(x),
                      powers(static_cast<size_t>(view.outer ? view.extent : 0));
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t n = 0; n < view.inner; ++n) {
      auto value = [&](int64_t i) {
        return values[static_cast<size_t>(view.at(o, i, n))];
      };
      double largest = -std::numeric_limits<double>::infinity(), sum = 0;
      for (int64_t i = 0; i < view.extent; ++i)
        largest = std::max(largest, value(i));
      // A row that is all -inf computes -inf - -inf: NaN, as ONNX has it.
      for (int64_t i = 0; i < view.extent; ++i)
        sum += powers[static_cast<size_t>(i)] = std::exp(value(i) - largest);
      for (int64_t i = 0; i < view.extent; ++i)
        result->setNumber(view.at(o, i, n),
                          powers[static_cast<size_t>(i)] / sum);
    }
  return result;
}

Result<Tensor> reduce(ReduceKind kind, const Tensor &x,
                      std::span<const int64_t> axes, bool keepDims) {
  if (x.type() == ElementType::Bool && kind != ReduceKind::Max &&
      kind != ReduceKind::Min)
    return Error{"bool has no sums and products to reduce to"};
  std::vector<bool> reduced(x.shape().size());
  for (int64_t axis : axes) {
    std::optional<int64_t> at = normalizeAxis(axis, x.rank());
    if (!at)
      return axisError(axis, x.rank());
    reduced[static_cast<size_t>(*at)] = true;
  }
  Result<Tensor> result =
      Tensor::create(x.type(), reducedShape(x.shape(), reduced, keepDims));
  if (!result)
    return result;
  // Walk the kept axes outside and the reduced ones inside.
  Strides dense = rowMajorStrides(x.shape()), keptStrides, innerStrides;
  Shape kept, inner;
  for (size_t i = 0; i < reduced.size(); ++i) {
    (reduced[i] ? inner : kept).push_back(x.shape()[i]);
    (reduced[i] ? innerStrides : keptStrides).push_back(dense[i]);
  }
  for (Walk outer(kept, {keptStrides}); !outer.done(); outer.next()) {
    Accumulator accumulator(kind, x.type());
    for (Walk walk(inner, {innerStrides}); !walk.done(); walk.next())
      accumulator.add(x.get(outer.offset(0) + walk.offset(0)));
    result->set(outer.position(), accumulator.result());
  }
  return result;
}

Result<Tensor> argMax(const Tensor &x, int64_t axis, bool keepDims,
                      bool selectLast) {
  return argExtreme(x, axis, keepDims, selectLast, /*largest=*/true);
}

Result<Tensor> argMin(const Tensor &x, int64_t axis, bool keepDims,
                      bool selectLast) {
  return argExtreme(x, axis, keepDims, selectLast, /*largest=*/false);
}

Result<Tensor> cumsum(const Tensor &x, int64_t axis, bool exclusive,
                      bool reverse) {
  std::optional<int64_t> at = normalizeAxis(axis, x.rank());
  if (!at)
    return axisError(axis, x.rank());
  if (x.type() == ElementType::Bool)
    return Error{"cumsum of bool"};
  Result<Tensor> result = Tensor::create(x.type(), x.shape());
  if (!result)
    return result;
  AxisView view(x, *at);
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t n = 0; n < view.inner; ++n) {
      Accumulator sum(ReduceKind::Sum, x.type());
      for (int64_t i = 0; i < view.extent; ++i) {
        int64_t where = view.at(o, reverse ? view.extent - 1 - i : i, n);
        if (exclusive)
          result->set(where, sum.result());
        sum.add(x.get(where));
        if (!exclusive)
          result->set(where, sum.result());
      }
    }
  return result;
}

Result<std::vector<Tensor>> nonzero(const Tensor &x) {
  if (isFloat(x.type()) || x.rank() == 0)
    return Error{"coordinates of " + std::string(typeName(x.type())) +
                 " elements of shape " + print(x.shape())};
  std::vector<std::vector<int64_t>> found(static_cast<size_t>(x.rank()));
  for (Walk walk(x.shape(), {}); !walk.done(); walk.next())
    if (x.integer(walk.position()) != 0)
      for (size_t axis = 0; axis < found.size(); ++axis)
        found[axis].push_back(walk.index()[axis]);
  std::vector<Tensor> results;
  for (const std::vector<int64_t> &along : found) {
    Result<Tensor> made =
        Tensor::create(ElementType::I64, {static_cast<int64_t>(along.size())});
    if (!made)
      return made.error();
    for (size_t i = 0; i < along.size(); ++i)
      made->setInteger(static_cast<int64_t>(i), along[i]);
    results.push_back(std::move(*made));
  }
  return results;
}

} // namespace ingot::reference
