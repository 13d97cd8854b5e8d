#include "ir/reference/Tensor.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

namespace ingot::reference {

namespace {
/// More than any machine has; keeps byte counts far from overflow.
constexpr int64_t kMaxBytes = int64_t(1) << 40;

Result<int64_t> bytesFor(ElementType type, int64_t count) {
  int64_t bits;
  if (__builtin_mul_overflow(count, int64_t(bitWidth(type)), &bits) ||
      (bits + 7) / 8 >= kMaxBytes)
    return Error{"a tensor of " + std::to_string(count) + " elements of " +
                 std::string(typeName(type)) + " is too large"};
  return (bits + 7) / 8;
}
} // namespace

Result<int64_t> elementCount(std::span<const int64_t> shape) {
  int64_t count = 1;
  bool empty = false, overflow = false;
  for (int64_t dim : shape) {
    if (dim < 0)
      return Error{"dimension " + std::to_string(dim) + " is negative"};
    empty |= dim == 0;
    overflow |= __builtin_mul_overflow(count, dim, &count);
  }
  if (empty)
    return int64_t(0);
  if (overflow)
    return Error{"the number of elements of " + print(shape) +
                 " exceeds 64 bits"};
  return count;
}

Strides rowMajorStrides(std::span<const int64_t> shape) {
  Strides strides(shape.size(), 0);
  // Beside a dim of 0 the other dims are unbounded and their product overflows.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end())
    return strides;
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0; stride *= shape[i])
    strides[i] = stride;
  return strides;
}

std::string print(std::span<const int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Result<Tensor> Tensor::create(ElementType type, Shape shape) {
  Result<int64_t> count = elementCount(shape);
  if (!count)
    return count.error();
  Result<int64_t> bytes = bytesFor(type, *count);
  if (!bytes)
    return bytes.error();
  // calloc and not operator new: without exceptions the latter aborts.
  auto *memory =
      static_cast<std::byte *>(std::calloc(static_cast<size_t>(*bytes) + 1, 1));
  if (!memory)
    return Error{"no memory for a tensor of shape " + print(shape)};
  Tensor tensor(type, std::move(shape), *count);
  tensor.owned = std::shared_ptr<std::byte>(memory, std::free);
  tensor.data = memory;
  return tensor;
}

Result<Tensor> Tensor::borrow(ElementType type, Shape shape,
                              std::span<const std::byte> bytes) {
  Result<int64_t> count = elementCount(shape);
  if (!count)
    return count.error();
  Result<int64_t> needed = bytesFor(type, *count);
  if (!needed)
    return needed.error();
  if (bytes.size() != static_cast<size_t>(*needed))
    return Error{"shape " + print(shape) + " of " +
                 std::string(typeName(type)) + " needs " +
                 std::to_string(*needed) + " bytes, got " +
                 std::to_string(bytes.size())};
  Tensor tensor(type, std::move(shape), *count);
  tensor.data = bytes.data();
  return tensor;
}

Tensor Tensor::scalar(Scalar value) {
  Tensor tensor = std::move(*create(value.type, {}));
  tensor.set(0, value);
  return tensor;
}

Tensor Tensor::of(ElementType type, Shape shape,
                  std::initializer_list<double> values) {
  Tensor tensor = std::move(*create(type, std::move(shape)));
  assert(values.size() == static_cast<size_t>(tensor.size()) &&
         "as many values as the shape has elements");
  int64_t i = 0;
  for (double value : values)
    tensor.set(i++, castScalar({ElementType::F64, value, 0}, type));
  return tensor;
}

size_t Tensor::byteCount() const {
  return (static_cast<size_t>(count) * bitWidth(elementType) + 7) / 8;
}

std::span<std::byte> Tensor::mutableBytes() {
  assert(owned && owned.use_count() == 1 && "writing bytes that are shared");
  return {owned.get(), byteCount()};
}

Result<Tensor> Tensor::withShape(Shape shape) const {
  Result<int64_t> newCount = elementCount(shape);
  if (!newCount)
    return newCount.error();
  if (*newCount != count)
    return Error{"shape " + print(shape) + " has " + std::to_string(*newCount) +
                 " elements, but " + print(dims) + " has " +
                 std::to_string(count)};
  Tensor tensor = *this;
  tensor.dims = std::move(shape);
  return tensor;
}

uint64_t Tensor::loadBits(int64_t i) const {
  assert(i >= 0 && i < count && "element index out of range");
  unsigned bits = bitWidth(elementType);
  if (bits == 4) {
    auto both = std::to_integer<uint64_t>(data[i / 2]);
    return i % 2 ? both >> 4 : both & 15;
  }
  static_assert(std::endian::native == std::endian::little);
  uint64_t value = 0;
  std::memcpy(&value, data + i * (bits / 8), bits / 8);
  return value;
}

void Tensor::storeBits(int64_t i, uint64_t bits) {
  assert(i >= 0 && i < count && "element index out of range");
  assert(owned && owned.use_count() == 1 && "writing bytes that are shared");
  unsigned width = bitWidth(elementType);
  if (width == 4) {
    std::byte &both = owned.get()[i / 2];
    uint64_t old = std::to_integer<uint64_t>(both);
    bits &= 15;
    both = std::byte(i % 2 ? (old & 0x0f) | bits << 4 : (old & 0xf0) | bits);
    return;
  }
  std::memcpy(owned.get() + i * (width / 8), &bits, width / 8);
}

Scalar Tensor::get(int64_t i) const {
  uint64_t bits = loadBits(i);
  switch (elementType) {
  case ElementType::F64:
    return {elementType, std::bit_cast<double>(bits), 0};
  case ElementType::F32:
    return {elementType, std::bit_cast<float>(static_cast<uint32_t>(bits)), 0};
  default:
    break;
  }
  if (isFloat(elementType))
    return {elementType, decodeFloat(elementType, static_cast<uint32_t>(bits)),
            0};
  return Scalar::ofInteger(elementType, static_cast<int64_t>(bits));
}

void Tensor::set(int64_t i, Scalar value) {
  assert(value.type == elementType && "element of another type");
  if (elementType == ElementType::F64)
    return storeBits(i, std::bit_cast<uint64_t>(value.number));
  if (elementType == ElementType::F32)
    return storeBits(i,
                     std::bit_cast<uint32_t>(static_cast<float>(value.number)));
  if (isFloat(elementType))
    return storeBits(i, encodeFloat(elementType, value.number));
  storeBits(i, static_cast<uint64_t>(value.integer));
}

int64_t Tensor::integer(int64_t i) const {
  assert(!isFloat(elementType) && "reading a float as an integer");
  return get(i).integer;
}

void Tensor::setNumber(int64_t i, double value) {
  assert(isFloat(elementType) && "writing a float to an integer tensor");
  // set() rounds while it encodes: once, from double.
  set(i, {elementType, value, 0});
}

void Tensor::setInteger(int64_t i, int64_t value) {
  set(i, Scalar::ofInteger(elementType, value));
}

void Tensor::copyElement(int64_t to, const Tensor &source, int64_t from) {
  assert(source.elementType == elementType && "copying between types");
  storeBits(to, source.loadBits(from));
}

std::vector<double> numbers(const Tensor &tensor) {
  std::vector<double> values(static_cast<size_t>(tensor.size()));
  for (int64_t i = 0; i < tensor.size(); ++i)
    values[static_cast<size_t>(i)] = tensor.number(i);
  return values;
}

std::vector<int64_t> integers(const Tensor &tensor) {
  std::vector<int64_t> values(static_cast<size_t>(tensor.size()));
  for (int64_t i = 0; i < tensor.size(); ++i)
    values[static_cast<size_t>(i)] = tensor.integer(i);
  return values;
}

Walk::Walk(std::span<const int64_t> shape, std::vector<Strides> strides)
    : shape(shape.begin(), shape.end()), strides(std::move(strides)),
      current(shape.size()), offsets(this->strides.size()), finished(false) {
  for (const Strides &one : this->strides) {
    (void)one;
    assert(one.size() == shape.size() && "strides of another rank");
  }
  for (int64_t dim : shape)
    finished |= dim <= 0;
}

void Walk::next() {
  assert(!finished && "walking past the end");
  ++linear;
  for (size_t axis = shape.size(); axis-- > 0;) {
    bool carry = ++current[axis] == shape[axis];
    for (size_t i = 0; i < strides.size(); ++i)
      offsets[i] +=
          carry ? strides[i][axis] * (1 - shape[axis]) : strides[i][axis];
    if (!carry)
      return;
    current[axis] = 0;
  }
  finished = true;
}

std::optional<int64_t> normalizeAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return std::nullopt;
  return axis < 0 ? axis + rank : axis;
}

Error axisError(int64_t axis, int64_t rank) {
  return {"axis " + std::to_string(axis) + " is out of range for rank " +
          std::to_string(rank)};
}

Result<Shape> broadcastShapes(std::span<const int64_t> a,
                              std::span<const int64_t> b) {
  size_t rank = std::max(a.size(), b.size());
  Shape shape(rank);
  for (size_t i = 0; i < rank; ++i) { // i counts from the last axis
    int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1)
      return Error{"shapes " + print(a) + " and " + print(b) +
                   " do not broadcast: " + std::to_string(x) + " against " +
                   std::to_string(y)};
    shape[rank - 1 - i] = x == 1 ? y : x;
  }
  return shape;
}

Result<Strides> broadcastStrides(std::span<const int64_t> from,
                                 std::span<const int64_t> to) {
  Strides dense = rowMajorStrides(from), strides(to.size());
  size_t extra = to.size() - from.size();
  bool fits = from.size() <= to.size();
  for (size_t i = 0; fits && i < from.size(); ++i) {
    fits = from[i] == 1 || from[i] == to[extra + i];
    strides[extra + i] = from[i] == 1 ? 0 : dense[i];
  }
  if (!fits)
    return Error{"shape " + print(from) + " does not broadcast to " +
                 print(to)};
  return strides;
}

} // namespace ingot::reference
