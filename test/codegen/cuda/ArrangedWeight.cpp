#include "test/codegen/cuda/ArrangedWeight.h"

using namespace mlir;
using namespace ingot::reference;

namespace ingot::test {

namespace {
/// Where an element is: number of a byte or word, and the lowest of its bits.
struct Place {
  int64_t element, bit;
};

/// As the comment of kernels/quant.cuh has it.
class Order {
public:
  /// `weight`: the type of a weight's numbers.
  Order(plan::KernelOp kernel, Type weight)
      : bits(weight.getIntOrFloatBitWidth()), k(kernel.param("k")),
        n(kernel.param("n")), block(std::min(kernel.param("block"), k)),
        isFloat(isa<FloatType>(weight)),
        neutral(weight.isUnsignedInteger() || isFloat ? 0 : 1 << (bits - 1)) {
    bool isSmall = block < k && block < step;
    blocks = isSmall ? step / block : 1;
    records = llvm::divideCeil(k, isSmall ? step : block);
    words = llvm::divideCeil(records, recordsAWord());
  }

  const int64_t bits, k, n, block;
  const bool isFloat; ///< f8E4M3FN
  const int64_t neutral;

  Place weight(int64_t row, int64_t column) const {
    int64_t r = column % 8, side = column / 8 % 2, inStep = row % step;
    // Each lane has four rows of a fragment one after the other.
    bool isOf16 = block == 16 && block < k;
    int64_t fragment = isOf16 ? inStep / 16 : inStep / 32 * 2 + inStep % 8 / 4,
            lane = 4 * r + (isOf16 ? inStep % 16 / 4 : inStep % 32 / 8),
            half = row % 2, number = row % 4 / 2 * 2 + side;
    int64_t bit = bits == 4 ? 32 * fragment + 4 * (number + 4 * half)
                            : 64 * fragment + 32 * (number / 2) +
                                  8 * (number % 2 + 2 * half);
    int64_t steps = llvm::divideCeil(k, step),
            unit = (column / 16 * steps + row / step) * 32 + lane;
    return {unit * 16 + bit / 8, bit % 8};
  }
  int64_t scale(int64_t b, int64_t column) const {
    int64_t record = column / 16 * records + b / blocks;
    return ((record * 8 + column % 8) * blocks + b % blocks) * 2 +
           column / 8 % 2;
  }
  Place zero(int64_t b, int64_t column) const {
    int64_t record = b / blocks;
    int64_t word =
        (column / 16 * words + record / recordsAWord()) * 8 + column % 8;
    int64_t place =
        (record % recordsAWord() * blocks + b % blocks) * 2 + column / 8 % 2;
    return {word, place * bits};
  }

private:
  int64_t recordsAWord() const { return 32 / (2 * bits * blocks); }

  int64_t step = 256 / bits; ///< rows of a unit
  int64_t blocks, records, words;
};

int64_t bitsAt(const Tensor &tensor, Place place, int64_t bits) {
  return tensor.integer(place.element) >> place.bit & ((1 << bits) - 1);
}
void addBits(Tensor &tensor, Place place, int64_t value) {
  tensor.setInteger(place.element,
                    tensor.integer(place.element) | value << place.bit);
}
/// Of `bits` two's complement, or not, moved to where they are not negative.
int64_t moved(int64_t value, const Order &order) {
  return (value & ((1 << order.bits) - 1)) ^ order.neutral;
}
} // namespace

std::vector<Tensor> arrangedWeight(plan::KernelOp kernel,
                                   llvm::ArrayRef<Tensor> inputs) {
  Order order(kernel, kernel.inType(0));
  plan::ArrangedShape shape = plan::arrangedShape(
      static_cast<unsigned>(order.bits), order.k, order.n, order.block);
  bool isPacked = kernel.getParams().contains("panel");
  int64_t panel = isPacked ? kernel.param("panel") : order.n;
  // Element [row, column] of a matrix of `rows`.
  auto at = [&](int64_t rows, int64_t row, int64_t column) {
    return (column / panel * rows + row) * panel + column % panel;
  };
  auto stored = [&](int64_t row, int64_t column) {
    if (order.bits == 8)
      return inputs[0].integer(at(order.k, row, column));
    // Two a byte: of a column in panels, else one after the other.
    int64_t place = at(order.k, row, column), half = place % 2;
    place /= 2;
    if (isPacked) {
      place = at(llvm::divideCeil(order.k, 2), row / 2, column);
      half = row % 2;
    }
    return inputs[0].integer(place) >> 4 * half & 15;
  };
  Tensor weights = *Tensor::create(ElementType::U8, {shape.weightBytes}),
         scales = *Tensor::create(ElementType::F32, {shape.scales});
  for (int64_t k = 0; k < order.k; ++k)
    for (int64_t n = 0; n < order.n; ++n)
      addBits(weights, order.weight(k, n), moved(stored(k, n), order));
  std::vector<Tensor> outputs;
  outputs.push_back(std::move(weights));
  outputs.push_back(std::move(scales));
  if (kernel.paramFlag("zeros"))
    outputs.push_back(*Tensor::create(ElementType::U32, {shape.zeroWords}));
  int64_t blocks = llvm::divideCeil(order.k, order.block);
  // A NaN makes its whole column NaN, in a block as anywhere.
  auto hasNan = [&](int64_t b, int64_t n) {
    int64_t first = b * order.block;
    for (int64_t k = first; k < std::min(first + order.block, order.k); ++k)
      if (order.isFloat && (stored(k, n) & 127) == 127)
        return true;
    return false;
  };
  for (int64_t b = 0; b < blocks; ++b)
    for (int64_t n = 0; n < order.n; ++n) {
      int64_t from = at(blocks, b, n);
      outputs[1].setNumber(order.scale(b, n), hasNan(b, n)
                                                  ? std::nan("")
                                                  : inputs[1].number(from));
      if (outputs.size() > 2)
        addBits(outputs[2], order.zero(b, n),
                moved(inputs[2].integer(from), order));
    }
  return outputs;
}

double arrangedValue(plan::KernelOp linear, llvm::ArrayRef<Tensor> from,
                     int64_t k, int64_t n) {
  Order order(linear, linear.inType(1));
  int64_t b = k / order.block, zero = order.neutral;
  if (linear.paramFlag("zeros"))
    zero = bitsAt(from[2], order.zero(b, n), order.bits);
  int64_t bits = bitsAt(from[0], order.weight(k, n), order.bits);
  double number =
      order.isFloat
          ? APFloat(APFloat::Float8E4M3FN(), APInt(8, bits)).convertToDouble()
          : static_cast<double>(bits - zero);
  return number * from[1].number(order.scale(b, n));
}

} // namespace ingot::test
