// Constants that are more than a table of numbers: splats, progressions
// (position ids) and two-valued triangles (causal buffers).
#include "ir/lift/LiftRules.h"

#include "llvm/ADT/APFloat.h"

#include <cstring>

using namespace mlir;

namespace ingot {

namespace {
/// Little-endian elements of a constant as bit patterns, integers and doubles.
/// Two of 4 bits share a byte, the first in the low half.
class Elements {
public:
  /// `bytes` of `count` elements.
  Elements(Type element, llvm::ArrayRef<char> bytes, size_t count)
      : element(element), bytes(bytes), count(count),
        width(element.isInteger(1) ? 8 : element.getIntOrFloatBitWidth()) {}

  bool readable() const {
    return count > 0 && bytes.size() == (count * width + 7) / 8;
  }
  size_t size() const { return count; }

  uint64_t bits(size_t i) const {
    if (width == 4)
      return static_cast<unsigned char>(bytes[i / 2]) >> (i % 2 * 4) & 15;
    uint64_t value = 0;
    std::memcpy(&value, bytes.data() + i * (width / 8), width / 8);
    return value;
  }

  int64_t integer(size_t i) const {
    if (element.isUnsignedInteger() || element.isInteger(1))
      return static_cast<int64_t>(bits(i));
    unsigned shift = 64 - width;
    return static_cast<int64_t>(bits(i) << shift) >> shift;
  }

  double real(size_t i) const {
    llvm::APFloat value(llvm::cast<FloatType>(element).getFloatSemantics(),
                        llvm::APInt(width, bits(i)));
    bool losesInfo;
    value.convert(llvm::APFloat::IEEEdouble(),
                  llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    return value.convertToDouble();
  }

  double value(size_t i) const {
    return llvm::isa<FloatType>(element) ? real(i)
                                         : static_cast<double>(integer(i));
  }

  bool isUniform() const {
    for (size_t i = 1; i < size(); ++i)
      if (bits(i) != bits(0))
        return false;
    return true;
  }

private:
  Type element;
  llvm::ArrayRef<char> bytes;
  size_t count, width; ///< width in bits
};

/// The diagonal of a two-valued matrix whose elements are the first's value
/// exactly where column - row <= diagonal.
std::optional<int64_t> triangleDiagonal(const Elements &elements, int64_t rows,
                                        int64_t cols) {
  uint64_t first = elements.bits(0);
  int64_t boundary = 0;
  while (boundary < cols && elements.bits(boundary) == first)
    ++boundary;
  if (boundary == cols)
    return std::nullopt;
  uint64_t second = elements.bits(boundary);
  int64_t diagonal = boundary - 1;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t col = 0; col < cols; ++col)
      if (elements.bits(row * cols + col) !=
          (col - row <= diagonal ? first : second))
        return std::nullopt;
  return diagonal;
}

/// Coefficients of base + sum(coefficient * index), if all elements fit it.
std::optional<llvm::SmallVector<int64_t>>
progression(const Elements &elements, llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> coefficients(shape.size(), 0);
  int64_t base = elements.integer(0), stride = 1;
  for (int axis = static_cast<int>(shape.size()) - 1; axis >= 0; --axis) {
    if (shape[axis] > 1 && __builtin_sub_overflow(elements.integer(stride),
                                                  base, &coefficients[axis]))
      return std::nullopt;
    stride *= shape[axis];
  }
  for (size_t i = 0; i < elements.size(); ++i) {
    __int128 expected = base;
    size_t rest = i;
    for (int axis = static_cast<int>(shape.size()) - 1; axis >= 0; --axis) {
      expected +=
          static_cast<__int128>(coefficients[axis]) * (rest % shape[axis]);
      rest /= shape[axis];
    }
    if (expected != elements.integer(i))
      return std::nullopt;
  }
  return coefficients;
}
} // namespace

std::optional<Expr> LiftRules::constant(Type element, RankedTensorType type,
                                        llvm::ArrayRef<char> bytes, bool splat,
                                        Indices indices) {
  size_t count = splat ? 1 : static_cast<size_t>(type.getNumElements());
  Elements elements(element, bytes, count);
  if (!elements.readable())
    return std::nullopt;
  auto at = [&](size_t i) -> std::optional<Expr> {
    if (ElementLifter::exprType(element) == ExprType::Int)
      return pool.integer(elements.integer(i));
    return literal(element, elements.value(i));
  };
  if (elements.size() == 1)
    return at(0);

  size_t flat = 0;
  bool known = true;
  for (auto [index, extent] : llvm::zip_equal(indices, type.getShape())) {
    std::optional<int64_t> value = pool.constantInt(index);
    known &= value && *value >= 0 && *value < extent;
    flat = known ? flat * extent + *value : 0;
  }
  if (known)
    return at(flat);

  llvm::ArrayRef<int64_t> shape = type.getShape();
  if (ElementLifter::exprType(element) == ExprType::Int)
    if (auto coefficients = progression(elements, shape)) {
      Expr value = pool.integer(elements.integer(0));
      for (auto [index, coefficient] : llvm::zip_equal(indices, *coefficients))
        value = pool.add(value, pool.scale(index, coefficient));
      return value;
    }
  if (elements.isUniform())
    return at(0);
  if (shape.size() < 2 ||
      llvm::any_of(shape.drop_back(2), [](int64_t d) { return d != 1; }))
    return std::nullopt;
  std::optional<int64_t> diagonal =
      triangleDiagonal(elements, shape[shape.size() - 2], shape.back());
  if (!diagonal)
    return std::nullopt;
  Expr row = indices[indices.size() - 2], col = indices.back();
  std::optional<Expr> lower = at(0), upper = at(*diagonal + 1);
  if (!lower || !upper)
    return std::nullopt;
  return pool.select(pool.ge(pool.add(row, pool.integer(*diagonal)), col),
                     *lower, *upper);
}

} // namespace ingot
