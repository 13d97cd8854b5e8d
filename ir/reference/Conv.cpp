#include "ir/reference/Ops.h"

namespace ingot::reference {

namespace {
/// [N, M, spatial...], or why the operands do not fit.
Result<Shape> convShape(const Tensor &x, const Tensor &w, const Tensor *bias,
                        const ConvOptions &options) {
  size_t rank = x.shape().size(), spatial = rank < 3 ? 0 : rank - 2;
  auto shapes =
      "conv of " + print(x.shape()) + " and weight " + print(w.shape());
  if (rank < 3 || w.rank() != x.rank() || options.strides.size() != spatial ||
      options.dilations.size() != spatial ||
      options.padsBegin.size() != spatial || options.padsEnd.size() != spatial)
    return Error{shapes + ": ranks and attributes do not agree"};
  if (!isFloat(x.type()) || w.type() != x.type() ||
      (bias && bias->type() != x.type()))
    return Error{shapes + ": operands are not floats of one type"};
  int64_t channels, groups = options.groups;
  if (groups < 1 || w.dim(0) % groups != 0 ||
      __builtin_mul_overflow(w.dim(1), groups, &channels) ||
      channels != x.dim(1))
    return Error{shapes + ": channels do not fit " + std::to_string(groups) +
                 " groups"};
  if (bias && bias->shape() != Shape{w.dim(0)})
    return Error{shapes + ": bias has shape " + print(bias->shape())};
  Shape shape = {x.dim(0), w.dim(0)};
  for (size_t i = 0; i < spatial; ++i) {
    // All values below 2^62 keeps the sums below in range.
    constexpr int64_t kLimit = int64_t(1) << 60;
    int64_t in = x.shape()[i + 2], kernel = w.shape()[i + 2], reach;
    int64_t begin = options.padsBegin[i], end = options.padsEnd[i];
    bool ok =
        options.strides[i] > 0 && options.dilations[i] > 0 && kernel > 0 &&
        begin >= 0 && end >= 0 && begin < kLimit && end < kLimit &&
        in < kLimit &&
        !__builtin_mul_overflow(kernel - 1, options.dilations[i], &reach) &&
        reach < kLimit;
    int64_t room = ok ? in + begin + end - reach - 1 : -1;
    if (room < 0)
      return Error{shapes + ": the kernel does not fit spatial axis " +
                   std::to_string(i)};
    shape.push_back(room / options.strides[i] + 1);
  }
  return shape;
}
} // namespace

Result<Tensor> conv(const Tensor &x, const Tensor &w, const Tensor *bias,
                    const ConvOptions &options) {
  Result<Shape> shape = convShape(x, w, bias, options);
  if (!shape)
    return shape.error();
  Result<Tensor> result = Tensor::create(x.type(), *shape);
  if (!result)
    return result;
  std::vector<double> image = numbers(x), weight = numbers(w);
  Strides xStrides = rowMajorStrides(x.shape()),
          wStrides = rowMajorStrides(w.shape());
  Shape kernel(w.shape().begin() + 2, w.shape().end());
  int64_t groupIn = w.dim(1);
  for (Walk out(*shape, {}); !out.done(); out.next()) {
    int64_t n = out.index()[0], m = out.index()[1];
    int64_t group = m / (w.dim(0) / options.groups);
    double sum = bias ? bias->number(m) : 0;
    for (int64_t c = 0; c < groupIn; ++c)
      for (Walk tap(kernel, {Strides(wStrides.begin() + 2, wStrides.end())});
           !tap.done(); tap.next()) {
        int64_t from = n * xStrides[0] + (group * groupIn + c) * xStrides[1];
        bool inside = true;
        for (size_t i = 0; i < kernel.size(); ++i) {
          int64_t at = out.index()[i + 2] * options.strides[i] +
                       tap.index()[i] * options.dilations[i] -
                       options.padsBegin[i];
          inside &= at >= 0 && at < x.shape()[i + 2];
          from += inside ? at * xStrides[i + 2] : 0;
        }
        if (inside)
          sum += image[static_cast<size_t>(from)] *
                 weight[static_cast<size_t>(m * wStrides[0] + c * wStrides[1] +
                                            tap.offset(0))];
      }
    result->setNumber(out.position(), sum);
  }
  return result;
}

} // namespace ingot::reference
