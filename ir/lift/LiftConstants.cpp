// Constants that are more than a table of numbers: splats, progressions
// (position ids) and two-valued triangles (causal buffers).
#include "ir/lift/LiftRules.h"

#include "llvm/ADT/APFloat.h"

#include <cstring>

using namespace mlir;

namespace ingot {

namespace {
/// Little-endian elements of a constant as bit patterns, integers and doubles.
class Elements {
public:
  Elements(Type element, llvm::ArrayRef<char> bytes)
      : element(element), bytes(bytes),
        width(element.isInteger(1) ? 1 : element.getIntOrFloatBitWidth() / 8) {}

  /// False for 4-bit types, which are not looked into.
  bool readable() const {
    return width == 1 || width == 2 || width == 4 || width == 8;
  }
  size_t size() const { return bytes.size() / width; }

  uint64_t bits(size_t i) const {
    uint64_t value = 0;
    std::memcpy(&value, bytes.data() + i * width, width);
    return value;
  }

  int64_t integer(size_t i) const {
    if (element.isUnsignedInteger() || element.isInteger(1))
      return static_cast<int64_t>(bits(i));
    unsigned shift = 64 - 8 * width;
    return static_cast<int64_t>(bits(i) << shift) >> shift;
  }

  double real(size_t i) const {
    llvm::APFloat value(llvm::cast<FloatType>(element).getFloatSemantics(),
                        llvm::APInt(8 * width, bits(i)));
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
  size_t width;
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
  Elements elements(element, bytes);
  if (bytes.empty() || !elements.readable())
    return std::nullopt;
  auto at = [&](size_t i) -> std::optional<Expr> {
    if (ElementLifter::exprType(element) == ExprType::Int)
      return pool.integer(elements.integer(i));
    return literal(element, elements.value(i));
  };
  if (splat || elements.size() == 1)
    return at(0);
  if (static_cast<int64_t>(elements.size()) != type.getNumElements())
    return std::nullopt;

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
