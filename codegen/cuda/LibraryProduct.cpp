#include "codegen/cuda/LibraryProduct.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace ingot::cuda {
namespace {

/// An offset as perRow * m + perColumn * n + rest.
struct Offset {
  int64_t perRow, perColumn, rest;
  bool operator==(const Offset &) const = default;
};

/// The region of a linear, read from its result back to the sum.
class Epilogue {
public:
  /// `firstInput`: among the buffers of a launch.
  Epilogue(plan::KernelOp kernel, unsigned firstInput)
      : kernel(kernel), region(kernel.getBodies().back().front()),
        firstInput(firstInput) {
    found.a = firstInput;
    found.w = firstInput + 1;
  }

  std::optional<LibraryProduct> read(std::string &reason) {
    Value value = stripped(region.getTerminator()->getOperand(0));
    bool isBehind = false;
    while (value != region.getArgument(0)) {
      auto apply = value.getDefiningOp<tfm::ApplyOp>();
      if (!apply) {
        reason = "its epilogue is more than a library's";
        return std::nullopt;
      }
      ScalarOp op = apply.getOp().getValue();
      if (op == ScalarOp::Add) {
        std::optional<Value> rest = addend(apply, reason);
        if (!rest)
          return std::nullopt;
        value = stripped(*rest);
        isBehind = true;
        continue;
      }
      bool isKnown = op == ScalarOp::Relu || op == ScalarOp::GeluTanh;
      if (!isKnown || found.activation != Activation::None) {
        reason = "its epilogue has " + std::string(scalarMnemonic(op));
        return std::nullopt;
      }
      if (isBehind) {
        reason = "it adds behind its activation";
        return std::nullopt;
      }
      found.activation =
          op == ScalarOp::Relu ? Activation::Relu : Activation::GeluTanh;
      value = stripped(apply.getOperands()[0]);
    }
    return found;
  }

private:
  /// Without roundings on the way to the store, which the library does once.
  static Value stripped(Value value) {
    while (auto convert = value.getDefiningOp<tfm::ConvertOp>())
      value = convert.getOperand();
    return value;
  }

  /// Takes what is added for bias or residual; the other operand.
  std::optional<Value> addend(tfm::ApplyOp add, std::string &reason) {
    for (unsigned i : {1u, 0u}) {
      auto load = stripped(add.getOperands()[i]).getDefiningOp<tfm::LoadOp>();
      if (!load)
        continue;
      auto source = cast<BlockArgument>(load.getOperand(0));
      // Behind the sum, m and n.
      unsigned input = source.getArgNumber() - 3;
      std::optional<Offset> offset = offsetOf(load.getOperand(1));
      int64_t n = kernel.param("n");
      std::optional<unsigned> *place = nullptr;
      if (offset == Offset{0, 1, 0} && !found.bias)
        place = &found.bias;
      else if (offset == Offset{n, 1, 0} && !found.residual)
        place = &found.residual;
      if (!place) {
        reason = "it adds more than one row and one matrix of its size";
        return std::nullopt;
      }
      if (kernel.inType(input) != kernel.outType(0)) {
        llvm::raw_string_ostream(reason)
            << "its result is " << kernel.outType(0) << ", and it adds "
            << kernel.inType(input);
        return std::nullopt;
      }
      *place = firstInput + input;
      return add.getOperands()[1 - i];
    }
    reason = "it adds what is computed";
    return std::nullopt;
  }

  std::optional<Offset> offsetOf(Value value) {
    if (value == region.getArgument(1))
      return Offset{1, 0, 0};
    if (value == region.getArgument(2))
      return Offset{0, 1, 0};
    APInt constant;
    if (matchPattern(value, m_ConstantInt(&constant)))
      return Offset{0, 0, constant.getSExtValue()};
    auto apply = value.getDefiningOp<tfm::ApplyOp>();
    if (!apply || apply.getOperands().size() != 2)
      return std::nullopt;
    std::optional<Offset> a = offsetOf(apply.getOperands()[0]),
                          b = offsetOf(apply.getOperands()[1]);
    if (!a || !b)
      return std::nullopt;
    if (apply.getOp().getValue() == ScalarOp::Add)
      return Offset{a->perRow + b->perRow, a->perColumn + b->perColumn,
                    a->rest + b->rest};
    if (apply.getOp().getValue() != ScalarOp::Mul)
      return std::nullopt;
    if (a->perRow || a->perColumn)
      std::swap(a, b);
    if (a->perRow || a->perColumn)
      return std::nullopt;
    return Offset{a->rest * b->perRow, a->rest * b->perColumn,
                  a->rest * b->rest};
  }

  plan::KernelOp kernel;
  Block &region;
  unsigned firstInput;
  LibraryProduct found;
};

/// Whose memory a buffer is, if it is the caller's.
StringRef callersPart(Value buffer) {
  switch (cast<plan::BufferOp>(buffer.getDefiningOp()).getKind()) {
  case plan::BufferKind::Input:
    return "an input of the model";
  case plan::BufferKind::Output:
    return "an output of the model";
  case plan::BufferKind::State:
    return "the session's state";
  case plan::BufferKind::Weight:
  case plan::BufferKind::Scratch:
  case plan::BufferKind::Model:
    return "";
  }
  llvm_unreachable("unknown kind of buffer");
}
} // namespace

std::optional<LibraryProduct> libraryProduct(plan::LaunchOp launch,
                                             plan::KernelOp kernel,
                                             std::string &reason) {
  Type in = kernel.inType(0), out = kernel.outType(0);
  llvm::raw_string_ostream os(reason);
  if (kernel.isQuantized()) {
    os << "its weight is quantized";
    return std::nullopt;
  }
  if (!out.isF32() && out != in) {
    os << "it multiplies " << in << " and stores " << out;
    return std::nullopt;
  }
  auto firstInput =
      static_cast<unsigned>(launch.getBuffers().size() - kernel.numIns());
  std::optional<LibraryProduct> product =
      Epilogue(kernel, firstInput).read(reason);
  if (!product)
    return std::nullopt;
  for (auto [what, number] : {std::pair("its result is ", std::optional(0u)),
                              {"it multiplies ", std::optional(product->a)},
                              {"it multiplies ", std::optional(product->w)},
                              {"it adds ", product->bias},
                              {"it adds ", product->residual}}) {
    if (!number)
      continue;
    StringRef part = callersPart(launch.getBuffers()[*number]);
    if (part.empty())
      continue;
    os << what << part;
    return std::nullopt;
  }
  return product;
}

} // namespace ingot::cuda
