#include "ir/reference/Ops.h"

#include <cmath>

namespace ingot::reference {

Result<NormResult> norm(NormKind kind, const Tensor &x, const Tensor *residual,
                        const Tensor *scale, const Tensor *bias, int64_t axis,
                        double epsilon) {
  std::optional<int64_t> from = normalizeAxis(axis, x.rank());
  if (!from)
    return axisError(axis, x.rank());
  for (const Tensor *operand : {&x, residual, scale, bias})
    if (operand && (!isFloat(operand->type()) || operand->type() != x.type()))
      return Error{"norm of " + std::string(typeName(x.type())) + " and " +
                   std::string(typeName(operand->type()))};
  if (residual && residual->shape() != x.shape())
    return Error{"norm of " + print(x.shape()) + " with a residual of " +
                 print(residual->shape())};
  const Tensor one = Tensor::scalar(Scalar::ofFloat(x.type(), 1));
  const Tensor zero = Tensor::scalar(Scalar::ofFloat(x.type(), 0));
  const Tensor &factor = scale ? *scale : one, &shift = bias ? *bias : zero;
  Result<Strides> factorStrides = broadcastStrides(factor.shape(), x.shape());
  if (!factorStrides)
    return factorStrides.error();
  Result<Strides> shiftStrides = broadcastStrides(shift.shape(), x.shape());
  if (!shiftStrides)
    return shiftStrides.error();

  // The sum is rounded before it is normalized: it is a value of the model of
  // its own, and the next residual must see the same one.
  Tensor sum = x;
  if (residual) {
    const Tensor operands[] = {x, *residual};
    Result<Tensor> added = elementwise(ScalarOp::Add, operands);
    if (!added)
      return added.error();
    sum = std::move(*added);
  }
  Result<Tensor> result = Tensor::create(x.type(), x.shape());
  if (!result)
    return result.error();
  if (x.size() == 0)
    return NormResult{std::move(*result), std::move(sum)};

  std::vector<double> values = numbers(sum);
  int64_t count =
      *elementCount(std::span(x.shape()).subspan(static_cast<size_t>(*from)));
  auto n = static_cast<double>(count);
  double mean = 0, inverse = 0;
  for (Walk walk(x.shape(), {*factorStrides, *shiftStrides}); !walk.done();
       walk.next()) {
    const double *row = values.data() + walk.position() / count * count;
    if (walk.position() % count == 0) {
      mean = 0;
      for (int64_t i = 0; kind == NormKind::Layer && i < count; ++i)
        mean += row[i] / n;
      double square = 0;
      for (int64_t i = 0; i < count; ++i)
        square += (row[i] - mean) * (row[i] - mean);
      inverse = 1 / std::sqrt(square / n + epsilon);
    }
    result->setNumber(walk.position(), (row[walk.position() % count] - mean) *
                                               inverse *
                                               factor.number(walk.offset(0)) +
                                           shift.number(walk.offset(1)));
  }
  return NormResult{std::move(*result), std::move(sum)};
}

} // namespace ingot::reference
