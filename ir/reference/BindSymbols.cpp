#include "ir/reference/BindSymbols.h"
#include "ir/reference/MlirTensor.h"

using namespace mlir;

namespace ingot {

using namespace reference;

namespace {
std::string inputName(func::FuncOp function, unsigned i) {
  if (auto name = function.getArgAttrOfType<StringAttr>(i, "tfm.name"))
    return "input '" + name.str() + "'";
  return "input " + std::to_string(i);
}

/// The `tfm.symbols`, each from its source: a dim of an input, or with axis -1
/// an input's value, with -2 how many of its elements are not 0.
LogicalResult bindValues(func::FuncOp function, ArrayRef<Tensor> inputs,
                         ArrayAttr declared, SymbolValues &symbols) {
  for (auto symbol : declared.getAsRange<tfm::SymbolAttr>()) {
    int64_t input = symbol.getInput();
    if (input < 0 || input >= static_cast<int64_t>(inputs.size()))
      return function.emitError()
             << "symbol '" << symbol.getName().getValue()
             << "' is read from input " << input << ", which is none";
    const Tensor &tensor = inputs[static_cast<size_t>(input)];
    if (symbol.getAxis() >= tensor.rank())
      return function.emitError()
             << "symbol '" << symbol.getName().getValue() << "' is dim "
             << symbol.getAxis() << " of "
             << inputName(function, static_cast<unsigned>(input))
             << ", which has " << tensor.rank();
    if (symbol.getAxis() >= 0) {
      // A second value is a contradiction of input dims: reported below.
      (void)symbols.bind(symbol.getName().getValue(),
                         tensor.dim(symbol.getAxis()));
      continue;
    }
    if (symbol.isCount()) {
      int64_t count = 0;
      for (int64_t i = 0; i < tensor.size(); ++i)
        count += tensor.integer(i) != 0;
      (void)symbols.bind(symbol.getName().getValue(), count);
      continue;
    }
    if (tensor.size() != 1 || isFloat(tensor.type()))
      return function.emitError()
             << inputName(function, static_cast<unsigned>(input))
             << " gives symbol '" << symbol.getName().getValue()
             << "' its value and must be one integer, got shape "
             << print(tensor.shape());
    if (!symbols.bind(symbol.getName().getValue(), tensor.integer(0)))
      return function.emitError() << "symbol '" << symbol.getName().getValue()
                                  << "' gets two different values";
  }
  return success();
}

LogicalResult checkRanges(func::FuncOp function, ArrayAttr declared,
                          const SymbolValues &symbols) {
  for (auto symbol : declared.getAsRange<tfm::SymbolAttr>()) {
    std::optional<int64_t> value = symbols.find(symbol.getName().getValue());
    if (value && (*value < symbol.getMin() ||
                  (symbol.getMax() != -1 && *value > symbol.getMax()))) {
      auto diagnostic = function.emitError()
                        << "'" << symbol.getName().getValue() << "' is "
                        << *value << ", its range is " << symbol.getMin()
                        << " to ";
      if (symbol.getMax() == -1)
        return diagnostic << "any";
      return diagnostic << symbol.getMax();
    }
  }
  return success();
}
} // namespace

LogicalResult bindSymbols(func::FuncOp function, ArrayRef<Tensor> inputs,
                          SymbolValues &symbols) {
  FunctionType type = function.getFunctionType();
  if (inputs.size() != type.getNumInputs())
    return function.emitError() << "takes " << type.getNumInputs()
                                << " inputs, got " << inputs.size();
  for (auto [i, input] : llvm::enumerate(inputs)) {
    auto declared = dyn_cast<RankedTensorType>(type.getInput(i));
    if (!declared || elementTypeOf(declared.getElementType()) != input.type() ||
        declared.getRank() != input.rank())
      return function.emitError()
             << inputName(function, i) << " is " << type.getInput(i)
             << ", got shape " << print(input.shape()) << " of "
             << llvm::StringRef(typeName(input.type()));
  }
  auto declared = function->getAttrOfType<ArrayAttr>("tfm.symbols");
  if (declared && failed(bindValues(function, inputs, declared, symbols)))
    return failure();

  // Dims that are a symbol give it its value, where it has none; then all dims,
  // expressions included, have to be what the types say.
  auto forEachDim = [&](auto visit) {
    for (auto [i, input] : llvm::enumerate(inputs))
      if (auto dims = dyn_cast_if_present<tfm::DimsAttr>(
              cast<RankedTensorType>(type.getInput(i)).getEncoding()))
        for (auto [axis, expr] : llvm::enumerate(dims.getExprs()))
          visit(expr, input.dim(axis));
  };
  forEachDim([&](StringAttr expr, int64_t dim) {
    if (std::optional<std::string> symbol = symbols.asSymbol(expr))
      (void)symbols.bind(*symbol, dim);
  });
  if (declared && failed(checkRanges(function, declared, symbols)))
    return failure();
  for (auto [i, input] : llvm::enumerate(inputs)) {
    auto tensorType = cast<RankedTensorType>(type.getInput(i));
    Result<Shape> shape = symbols.shapeOf(tensorType);
    if (!shape)
      return function.emitError()
             << inputName(function, i) << ": " << shape.message();
    if (*shape != input.shape())
      return function.emitError()
             << inputName(function, i) << " has shape " << print(input.shape())
             << ", but " << tensorType << " is " << print(*shape) << " here";
  }
  return success();
}

} // namespace ingot
