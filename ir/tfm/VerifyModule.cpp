// Rules of weights, constants and what ties a function to its model.
#include "ir/tfm/Verify.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace ingot::tfm {

LogicalResult SymbolAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringAttr name, int64_t min, int64_t max,
                                 int64_t input, int64_t axis) {
  if (name.empty())
    return emitError() << "a symbol needs a name";
  if (max != -1 && max < min)
    return emitError() << "symbol " << name << " has an empty range " << min
                       << " to " << max;
  if (input < 0 || axis < kCountAxis)
    return emitError() << "symbol " << name << " cannot be read from axis "
                       << axis << " of input " << input;
  return success();
}

namespace {
LogicalResult verifySymbols(FunctionOpInterface function, ArrayAttr symbols) {
  llvm::StringSet<> names;
  for (Attribute attr : symbols) {
    // symbols_c1
    auto symbol = dyn_cast<SymbolAttr>(attr);
    if (!symbol)
      return function->emitOpError("tfm.symbols must be #tfm.symbol, got ")
             << attr;
    if (!names.insert(symbol.getName().getValue()).second)
      return function->emitOpError("symbol ")
             << symbol.getName() << " comes twice";
    // symbols_c2
    if (symbol.getInput() >= function.getNumArguments())
      return function->emitOpError("symbol ")
             << symbol.getName() << " is read from input " << symbol.getInput()
             << " of " << function.getNumArguments();
    Type argument = function.getArgumentTypes()[symbol.getInput()];
    auto type = dyn_cast<RankedTensorType>(argument);
    bool isDim = symbol.getAxis() >= 0;
    if (!type || (isDim ? symbol.getAxis() >= type.getRank()
                        : !type.getElementType().isInteger()))
      return function->emitOpError("symbol ")
             << symbol.getName() << " is read from "
             << (symbol.isValue() ? "the value"
                 : symbol.isCount()
                     ? "the elements"
                     : "axis " + std::to_string(symbol.getAxis()))
             << " of " << argument;
  }
  return success();
}

LogicalResult verifyName(Operation *op, NamedAttribute attr) {
  // name_c1
  if (attr.getName() == "tfm.name" && !isa<StringAttr>(attr.getValue()))
    return op->emitOpError("tfm.name must be a string, got ")
           << attr.getValue();
  return success();
}
} // namespace

LogicalResult TfmDialect::verifyOperationAttribute(Operation *op,
                                                   NamedAttribute attr) {
  if (attr.getName() != "tfm.symbols")
    return success();
  // symbols_c1
  auto function = dyn_cast<FunctionOpInterface>(op);
  auto symbols = dyn_cast<ArrayAttr>(attr.getValue());
  if (!function || !symbols)
    return op->emitOpError("tfm.symbols is an array on a function, got ")
           << attr.getValue();
  return verifySymbols(function, symbols);
}

LogicalResult TfmDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                   unsigned,
                                                   NamedAttribute attr) {
  return verifyName(op, attr);
}

LogicalResult TfmDialect::verifyRegionResultAttribute(Operation *op, unsigned,
                                                      unsigned,
                                                      NamedAttribute attr) {
  return verifyName(op, attr);
}

LogicalResult WeightOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  // weight_c1
  if (!type || !isElementType(type.getElementType()) ||
      !type.hasStaticShape() || type.getEncoding() || !storedBytes(type))
    return emitOpError("type must be a static tensor without encoding, got ")
           << getType();
  // weight_c2
  bool stored = getFile() && getOffset() && getLength();
  if (stored == !getRecipe().empty() ||
      (!stored && (getFile() || getOffset() || getLength())))
    return emitOpError(
               "must have either file, offset and length, or a recipe, got ")
           << (getRecipe().empty() ? "neither" : "both");
  // weight_c3
  if (stored && (static_cast<int64_t>(*getOffset()) < 0 ||
                 static_cast<int64_t>(*getLength()) != *storedBytes(type)))
    return emitOpError("has ")
           << static_cast<int64_t>(*getLength()) << " bytes at offset "
           << static_cast<int64_t>(*getOffset()) << ", but " << type
           << " takes " << *storedBytes(type);
  return success();
}

LogicalResult WeightOp::verifyRegions() {
  if (getRecipe().empty())
    return success();
  // weight_c4
  auto yield = dyn_cast<YieldOp>(getRecipe().front().getTerminator());
  if (!yield || yield.getValues().getTypes() != TypeRange(getType()))
    return emitOpError("recipe must yield ")
           << getType() << ", got "
           << (yield ? TypeRange(yield.getValues()) : TypeRange());
  return success();
}

LogicalResult WeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // weight_c5
  SmallVector<WeightOp> pending{*this};
  llvm::SmallPtrSet<Operation *, 8> seen;
  while (!pending.empty()) {
    WeightOp weight = pending.pop_back_val();
    for (auto use : weight.getRecipe().getOps<GetWeightOp>()) {
      // A name without a weight is get_weight_c1's.
      auto source =
          symbols.lookupNearestSymbolFrom<WeightOp>(use, use.getWeightAttr());
      if (source == *this)
        return emitOpError("depends on itself by the recipe of ")
               << weight.getSymNameAttr();
      if (source && seen.insert(source).second)
        pending.push_back(source);
    }
  }
  return success();
}

LogicalResult GetWeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // get_weight_c1
  auto weight =
      symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError() << getWeightAttr() << " is not a tfm.weight";
  if (weight.getType() != getResult().getType())
    return emitOpError() << getWeightAttr() << " has type " << weight.getType()
                         << ", used as " << getResult().getType();
  return success();
}

LogicalResult ConstantOp::verify() {
  // constant_c1
  auto dense = dyn_cast<DenseElementsAttr>(getValue());
  if (!dense)
    return emitOpError("value must be dense elements of at most ")
           << kMaxConstantElements << ", got " << getValue();
  if (!dense.isSplat() && dense.getNumElements() > kMaxConstantElements)
    return emitOpError("must have at most ")
           << kMaxConstantElements << " elements, got "
           << dense.getNumElements() << "; larger is a tfm.weight";
  return success();
}

LogicalResult SymbolicOp::verify() {
  // symbolic_c1
  auto type = tensorTypeOf(getResult());
  size_t count = getValues().size();
  if (type.getRank() == 0
          ? count != 1
          : type.getRank() != 1 ||
                type.getDimSize(0) != static_cast<int64_t>(count))
    return emitOpError("has ") << count << " expressions for " << type;
  return success();
}

LogicalResult RequireOp::verify() {
  // require_c1
  if (getValues().size() != 2)
    return emitOpError("relates two expressions, got ") << getValues();
  return success();
}

} // namespace ingot::tfm
