#include "ir/reference/Interpreter.h"
#include "ir/reference/BindSymbols.h"
#include "ir/reference/MlirTensor.h"

using namespace mlir;

namespace ingot {

using namespace reference;
using Values = llvm::DenseMap<Value, Tensor>;

namespace {
/// The last op of `block` that needs each value, by its operands or a region.
llvm::DenseMap<Operation *, SmallVector<Value>> lastUses(Block &block) {
  llvm::DenseMap<Value, Operation *> last;
  for (Operation &op : block)
    op.walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (operand.getParentBlock() == &block)
          last[operand] = &op;
    });
  llvm::DenseMap<Operation *, SmallVector<Value>> uses;
  for (auto [value, op] : last)
    uses[op].push_back(value);
  return uses;
}

LogicalResult check(tfm::RequireOp op, SymbolValues &symbols) {
  Result<std::vector<int64_t>> values = symbols.evaluate(op.getValues());
  if (!values)
    return op.emitError() << values.message();
  int64_t left = (*values)[0], right = (*values)[1];
  bool isEquality = op.getRelation() == tfm::Comparison::Eq;
  if (isEquality ? left == right : left <= right)
    return success();
  return op.emitError() << op.getValues().text(0) << " is " << left
                        << ", which is not " << (isEquality ? "" : "at most ")
                        << op.getValues().text(1) << " = " << right << ": "
                        << op.getSentence();
}
} // namespace

FailureOr<std::vector<Tensor>> Interpreter::run(func::FuncOp function,
                                                ArrayRef<Tensor> inputs) {
  if (function.isExternal())
    return function.emitError() << "has no body to run";
  SymbolValues symbols;
  if (failed(bindSymbols(function, inputs, symbols)))
    return failure();
  Block &body = function.getBody().front();
  Values values;
  for (auto [argument, input] : llvm::zip_equal(body.getArguments(), inputs)) {
    values.try_emplace(argument, input);
    if (observer)
      observer(argument, input);
  }
  return runBlock(body, values, symbols);
}

FailureOr<std::vector<Tensor>>
Interpreter::runBlock(Block &block, Values &values, SymbolValues &symbols) {
  llvm::DenseMap<Operation *, SmallVector<Value>> uses = lastUses(block);
  for (Operation &op : block) {
    if (isa<func::ReturnOp, tfm::YieldOp>(op)) {
      std::vector<Tensor> results;
      for (Value operand : op.getOperands()) {
        auto it = values.find(operand);
        if (it == values.end())
          return op.emitError() << "returns something that is no tensor";
        results.push_back(it->second);
      }
      return results;
    }
    FailureOr<Tensors> results = runOp(&op, values, symbols);
    if (failed(results))
      return failure();
    for (auto [value, tensor] : llvm::zip_equal(op.getResults(), *results)) {
      if (observer)
        observer(value, tensor);
      if (!value.use_empty())
        values.try_emplace(value, std::move(tensor));
    }
    for (Value done : uses.lookup(&op))
      values.erase(done);
  }
  return block.getParentOp()->emitError() << "has a body without end";
}

FailureOr<Tensors> Interpreter::runOp(Operation *op, const Values &values,
                                      SymbolValues &symbols) {
  if (auto require = dyn_cast<tfm::RequireOp>(op)) {
    if (failed(check(require, symbols)))
      return failure();
    return Tensors();
  }
  if (auto get = dyn_cast<tfm::GetWeightOp>(op)) {
    auto found = module.lookupSymbol<tfm::WeightOp>(get.getWeight());
    if (!found)
      return op->emitError() << "there is no weight @" << get.getWeight();
    FailureOr<Tensor> value = weight(found);
    if (failed(value))
      return failure();
    return Tensors{std::move(*value)};
  }
  Result<Tensors> results = evaluate(
      op,
      [&](Value value) {
        auto it = values.find(value);
        return it == values.end() ? nullptr : &it->second;
      },
      symbols);
  if (!results)
    return op->emitOpError() << results.message();
  return std::move(*results);
}

FailureOr<Tensor> Interpreter::weight(tfm::WeightOp op) {
  auto [it, isNew] = weights.try_emplace(op);
  if (!isNew && !it->second)
    return op.emitError() << "the recipe of weight @" << op.getSymName()
                          << " needs itself";
  if (!isNew)
    return *it->second;

  std::optional<Tensor> value;
  if (!op.getRecipe().empty()) {
    SymbolValues symbols;
    Values values;
    FailureOr<std::vector<Tensor>> results =
        runBlock(op.getRecipe().front(), values, symbols);
    if (succeeded(results) && results->size() == 1)
      value = std::move(results->front());
    else if (succeeded(results))
      op.emitError() << "a recipe yields one value";
  } else {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    std::optional<ElementType> element;
    if (type && type.hasStaticShape())
      element = elementTypeOf(type.getElementType());
    FailureOr<ArrayRef<char>> bytes = failure();
    if (!element)
      op.emitError() << "weight @" << op.getSymName() << " of type "
                     << op.getType();
    else if (!weightBytes)
      op.emitError() << "weight @" << op.getSymName() << " has no bytes here";
    else
      bytes = weightBytes(op);
    if (succeeded(bytes)) {
      Result<Tensor> tensor = Tensor::borrow(
          *element, Shape(type.getShape()),
          std::as_bytes(std::span(bytes->data(), bytes->size())));
      if (tensor)
        value = std::move(*tensor);
      else
        op.emitError() << "weight @" << op.getSymName() << ": "
                       << tensor.message();
    }
  }
  if (!value) {
    weights.erase(op);
    return failure();
  }
  // Recipes insert weights of their own, so `it` may be gone.
  weights[op] = value;
  return *value;
}

std::optional<Tensors> foldConstants(Operation *op,
                                     ArrayRef<Attribute> operands) {
  llvm::DenseMap<Value, Tensor> values;
  for (auto [operand, attr] : llvm::zip_equal(op->getOperands(), operands)) {
    auto elements = dyn_cast_if_present<ElementsAttr>(attr);
    if (!elements)
      return std::nullopt;
    Result<Tensor> tensor = tensorOf(elements);
    if (!tensor)
      return std::nullopt;
    values.try_emplace(operand, std::move(*tensor));
  }
  SymbolValues noSymbols;
  Result<Tensors> results = evaluate(
      op,
      [&](Value value) {
        auto it = values.find(value);
        return it == values.end() ? nullptr : &it->second;
      },
      noSymbols);
  if (!results)
    return std::nullopt;
  return std::move(*results);
}

} // namespace ingot
