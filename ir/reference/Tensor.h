//===- Tensor.h - Tensors of the reference implementation
//------------------===//
//
// A dense row-major tensor with element access in double and int64, shape
// arithmetic that cannot overflow, and a result type for what a model's shapes
// can get wrong. Knows nothing of MLIR.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/reference/Element.h"

#include <cassert>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ingot::reference {

using Shape = std::vector<int64_t>;
using Strides = std::vector<int64_t>; ///< in elements

/// Why an operation has no result: a sentence without location or full stop.
struct Error {
  std::string message;
};

/// A value or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
public:
  Result(T value) : value(std::move(value)) {}
  Result(Error error) : reason(std::move(error.message)) {}

  explicit operator bool() const { return value.has_value(); }
  T &operator*() {
    assert(value && "taking the value of a failure");
    return *value;
  }
  const T &operator*() const {
    assert(value && "taking the value of a failure");
    return *value;
  }
  T *operator->() { return &**this; }
  const T *operator->() const { return &**this; }
  const std::string &message() const { return reason; }
  /// The failure, to return from a function of another result type.
  Error error() const {
    assert(!value && "taking the error of a success");
    return {reason};
  }

private:
  std::optional<T> value;
  std::string reason;
};

/// Number of elements; fails on a negative dim and on more than 2^63 - 1.
Result<int64_t> elementCount(std::span<const int64_t> shape);
/// Row-major strides of a shape with an element count; zeros where it is 0.
Strides rowMajorStrides(std::span<const int64_t> shape);
/// `[2, 3]`, for messages.
std::string print(std::span<const int64_t> shape);

/// A handle: copies share the bytes. An operation writes only the tensor it
/// has just made; once there are two handles the bytes no longer change.
class Tensor {
public:
  /// Zero-filled. Fails where the size overflows or memory cannot be had.
  static Result<Tensor> create(ElementType type, Shape shape);
  /// A view of bytes that the caller keeps alive and unchanged, any alignment.
  static Result<Tensor> borrow(ElementType type, Shape shape,
                               std::span<const std::byte> bytes);
  static Tensor scalar(Scalar value);
  /// For tests and small constants. Integers are exact up to 2^53.
  static Tensor of(ElementType type, Shape shape,
                   std::initializer_list<double> values);

  ElementType type() const { return elementType; }
  const Shape &shape() const { return dims; }
  int64_t rank() const { return static_cast<int64_t>(dims.size()); }
  int64_t dim(int64_t axis) const {
    assert(axis >= 0 && axis < rank() && "no such axis");
    return dims[static_cast<size_t>(axis)];
  }
  int64_t size() const { return count; } ///< in elements
  std::span<const std::byte> bytes() const { return {data, byteCount()}; }
  /// For filling a fresh tensor from elsewhere.
  std::span<std::byte> mutableBytes();
  /// The same elements under another shape of as many.
  Result<Tensor> withShape(Shape shape) const;

  /// Element `i` in row-major order.
  Scalar get(int64_t i) const;
  void set(int64_t i, Scalar value);
  double number(int64_t i) const { return get(i).asDouble(); }
  /// Of a tensor of integers or Bool.
  int64_t integer(int64_t i) const;
  /// Rounds once to this tensor's float type.
  void setNumber(int64_t i, double value);
  /// Wraps to this tensor's integer type.
  void setInteger(int64_t i, int64_t value);
  /// Element `to` = element `from` of a tensor of the same type, bit for bit.
  void copyElement(int64_t to, const Tensor &source, int64_t from);

private:
  Tensor(ElementType type, Shape shape, int64_t count)
      : elementType(type), dims(std::move(shape)), count(count) {}
  size_t byteCount() const;
  uint64_t loadBits(int64_t i) const;
  void storeBits(int64_t i, uint64_t bits);

  ElementType elementType;
  Shape dims;
  int64_t count;
  std::shared_ptr<std::byte> owned; ///< empty where the bytes are borrowed
  const std::byte *data = nullptr;
};

/// All elements as doubles, or as 64-bit integers: inner loops over these are
/// several times faster than over get().
std::vector<double> numbers(const Tensor &tensor);
std::vector<int64_t> integers(const Tensor &tensor);

/// Visits the indices of a shape in row-major order and keeps one element
/// offset for each given stride vector.
class Walk {
public:
  Walk(std::span<const int64_t> shape, std::initializer_list<Strides> strides)
      : Walk(shape, std::vector<Strides>(strides)) {}
  Walk(std::span<const int64_t> shape, std::vector<Strides> strides);

  bool done() const { return finished; }
  void next();
  int64_t position() const { return linear; } ///< number of steps so far
  std::span<const int64_t> index() const { return current; }
  int64_t offset(size_t which) const { return offsets[which]; }

private:
  Shape shape;
  std::vector<Strides> strides;
  std::vector<int64_t> current;
  std::vector<int64_t> offsets;
  int64_t linear = 0;
  bool finished;
};

/// `axis` counted from the front; nothing outside [-rank, rank).
std::optional<int64_t> normalizeAxis(int64_t axis, int64_t rank);
Error axisError(int64_t axis, int64_t rank);

/// The shape that NumPy broadcasting gives two shapes.
Result<Shape> broadcastShapes(std::span<const int64_t> a,
                              std::span<const int64_t> b);
/// Strides with which a dense tensor of shape `from` is read at the indices of
/// `to`, to which it broadcasts (right-aligned; 0 along broadcast axes).
Result<Strides> broadcastStrides(std::span<const int64_t> from,
                                 std::span<const int64_t> to);

} // namespace ingot::reference
