#include "ir/reference/Ops.h"

namespace ingot::reference {

namespace {
/// rows x cols sums over `inner` of a[i, k] * b[k, j], both dense.
template <typename T>
std::vector<T> multiply(const T *a, const T *b, int64_t rows, int64_t inner,
                        int64_t cols) {
  std::vector<T> sums(static_cast<size_t>(rows * cols));
  // k outside j: each sum still runs over k in order, and b is read in order.
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t k = 0; k < inner; ++k)
      for (int64_t j = 0; j < cols; ++j)
        sums[static_cast<size_t>(i * cols + j)] +=
            a[i * inner + k] * b[k * cols + j];
  return sums;
}

/// Unsigned, because wrapping signed sums are undefined in C++.
std::vector<uint64_t> wrappingIntegers(const Tensor &tensor) {
  std::vector<int64_t> values = integers(tensor);
  return {values.begin(), values.end()};
}

struct MatMulShape {
  Shape batch;            ///< broadcast leading dims
  Strides aBatch, bBatch; ///< in matrices
  int64_t rows, inner, cols;
  Shape result;
};

Result<MatMulShape> matmulShape(const Tensor &a, const Tensor &b) {
  if (a.rank() == 0 || b.rank() == 0)
    return Error{"matmul of a scalar: shapes " + print(a.shape()) + " and " +
                 print(b.shape())};
  Shape left = a.shape(), right = b.shape();
  if (a.rank() == 1)
    left.insert(left.begin(), 1);
  if (b.rank() == 1)
    right.push_back(1);
  MatMulShape shape;
  shape.rows = left[left.size() - 2];
  shape.inner = left.back();
  shape.cols = right.back();
  if (right[right.size() - 2] != shape.inner)
    return Error{"matmul of " + print(a.shape()) + " and " + print(b.shape()) +
                 ": " + std::to_string(shape.inner) + " columns against " +
                 std::to_string(right[right.size() - 2]) + " rows"};
  left.resize(left.size() - 2);
  right.resize(right.size() - 2);
  Result<Shape> batch = broadcastShapes(left, right);
  if (!batch)
    return batch.error();
  shape.batch = *batch;
  shape.aBatch = *broadcastStrides(left, *batch);
  shape.bBatch = *broadcastStrides(right, *batch);
  shape.result = *batch;
  if (a.rank() > 1)
    shape.result.push_back(shape.rows);
  if (b.rank() > 1)
    shape.result.push_back(shape.cols);
  return shape;
}

template <typename T, typename Store>
void multiplyBatches(const MatMulShape &shape, const std::vector<T> &a,
                     const std::vector<T> &b, Store store) {
  int64_t at = 0;
  for (Walk walk(shape.batch, {shape.aBatch, shape.bBatch}); !walk.done();
       walk.next())
    for (T sum : multiply(a.data() + walk.offset(0) * shape.rows * shape.inner,
                          b.data() + walk.offset(1) * shape.inner * shape.cols,
                          shape.rows, shape.inner, shape.cols))
      store(at++, sum);
}
} // namespace

Result<Tensor> matmul(const Tensor &a, const Tensor &b) {
  if (a.type() != b.type() || a.type() == ElementType::Bool)
    return Error{"matmul of " + std::string(typeName(a.type())) + " and " +
                 std::string(typeName(b.type()))};
  Result<MatMulShape> shape = matmulShape(a, b);
  if (!shape)
    return shape.error();
  Result<Tensor> result = Tensor::create(a.type(), shape->result);
  if (!result || result->size() == 0)
    return result;
  if (isFloat(a.type()))
    multiplyBatches(*shape, numbers(a), numbers(b),
                    [&](int64_t i, double sum) { result->setNumber(i, sum); });
  else
    multiplyBatches(*shape, wrappingIntegers(a), wrappingIntegers(b),
                    [&](int64_t i, uint64_t sum) {
                      result->setInteger(i, static_cast<int64_t>(sum));
                    });
  return result;
}

/// What the elements of w [K, N] stand for.
static Result<std::vector<double>> dequantized(const Tensor &w,
                                               const WeightScales &quantized) {
  int64_t rows = w.dim(0), cols = w.dim(1), block = quantized.block;
  if (block < 1)
    return Error{"linear with blocks of " + std::to_string(block)};
  const Tensor &scales = *quantized.scales, *zeros = quantized.zeros;
  Shape shape{rows / block + (rows % block != 0), cols};
  if (!isFloat(scales.type()) || scales.shape() != shape)
    return Error{"linear with scales of shape " + print(scales.shape()) +
                 ", not " + print(shape)};
  if (zeros && (zeros->type() != w.type() || zeros->shape() != shape))
    return Error{"linear with zeros of shape " + print(zeros->shape()) +
                 ", not " + print(shape)};
  std::vector<double> values = numbers(w), factors = numbers(scales);
  std::vector<double> offsets =
      zeros ? numbers(*zeros) : std::vector<double>(factors.size());
  for (int64_t k = 0; k < rows; ++k)
    for (int64_t n = 0; n < cols; ++n) {
      auto at = static_cast<size_t>(k / block * cols + n);
      double &value = values[static_cast<size_t>(k * cols + n)];
      value = (value - offsets[at]) * factors[at];
    }
  return values;
}

Result<Tensor> linear(const Tensor &x, const Tensor &w, const Tensor *bias,
                      const Epilogue &epilogue, const Tensor *residual,
                      std::optional<ElementType> type,
                      const std::optional<WeightScales> &quantized) {
  if (x.rank() < 1 || w.rank() != 2 || x.shape().back() != w.dim(0))
    return Error{"linear of " + print(x.shape()) + " and weight " +
                 print(w.shape())};
  for (const Tensor *operand : {&x, &w, bias, residual})
    if (operand && !(operand == &w && quantized) &&
        (!isFloat(operand->type()) || (operand == &w && w.type() != x.type())))
      return Error{"linear of " + std::string(typeName(x.type())) + " and " +
                   std::string(typeName(operand->type()))};
  int64_t inner = w.dim(0), cols = w.dim(1);
  if (bias && bias->shape() != Shape{cols})
    return Error{"linear with " + std::to_string(cols) +
                 " columns cannot add a bias of shape " + print(bias->shape())};
  Shape shape = x.shape();
  shape.back() = cols;
  if (residual && residual->shape() != shape)
    return Error{"linear of shape " + print(shape) +
                 " cannot add a residual of shape " + print(residual->shape())};
  Result<std::vector<double>> weights =
      quantized ? dequantized(w, *quantized)
                : Result<std::vector<double>>(numbers(w));
  if (!weights)
    return weights.error();
  Result<Tensor> result = Tensor::create(type.value_or(x.type()), shape);
  if (!result || result->size() == 0)
    return result;
  int64_t rows = result->size() / cols;
  std::vector<double> sums =
      multiply(numbers(x).data(), weights->data(), rows, inner, cols);
  for (Walk walk(shape, {}); !walk.done(); walk.next()) {
    double value = sums[static_cast<size_t>(walk.position())];
    if (bias)
      value += bias->number(walk.index().back());
    if (epilogue) {
      Result<Scalar> scalar = epilogue(value, walk.index());
      if (!scalar)
        return scalar.error();
      value = scalar->asDouble();
    }
    if (residual)
      value += residual->number(walk.position());
    result->setNumber(walk.position(), value);
  }
  return result;
}

} // namespace ingot::reference
