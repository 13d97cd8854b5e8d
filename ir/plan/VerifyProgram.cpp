// Rules of programs and what they hold.
#include "ir/plan/Plan.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace ingot::plan {

namespace {
/// An array of {name, type}, each name once.
LogicalResult verifyInterface(ProgramOp program, ArrayAttr entries,
                              StringRef what) {
  llvm::StringSet<> names;
  for (Attribute entry : entries) {
    auto dict = dyn_cast<DictionaryAttr>(entry);
    auto name = dict ? dict.getAs<StringAttr>("name") : StringAttr();
    auto type = dict ? dict.getAs<TypeAttr>("type") : TypeAttr();
    auto tensor =
        type ? dyn_cast<RankedTensorType>(type.getValue()) : RankedTensorType();
    if (!name || !tensor || !tfm::hasDims(tensor) || dict.size() != 2)
      return program.emitOpError()
             << what
             << " must be {name = string, type = tensor with dims}, got "
             << entry;
    if (!names.insert(name.getValue()).second)
      return program.emitOpError() << what << " " << name << " comes twice";
  }
  return success();
}
} // namespace

LogicalResult ProgramOp::verify() {
  // program_c1
  if (failed(verifyInterface(*this, getInputs(), "input")) ||
      failed(verifyInterface(*this, getOutputs(), "output")))
    return failure();
  // program_c2
  llvm::StringSet<> names;
  for (Attribute attr : getSymbols()) {
    auto symbol = dyn_cast<tfm::SymbolAttr>(attr);
    if (!symbol)
      return emitOpError("symbols must be #tfm.symbol, got ") << attr;
    if (symbol.getInput() >= static_cast<int64_t>(getInputs().size()))
      return emitOpError("symbol ")
             << symbol.getName() << " is read from input " << symbol.getInput()
             << " of " << getInputs().size();
    if (!names.insert(symbol.getName().getValue()).second)
      return emitOpError("symbol ") << symbol.getName() << " comes twice";
    auto dict = cast<DictionaryAttr>(getInputs()[symbol.getInput()]);
    auto type = cast<RankedTensorType>(dict.getAs<TypeAttr>("type").getValue());
    if (symbol.getAxis() >= type.getRank())
      return emitOpError("symbol ") << symbol.getName() << " is read from axis "
                                    << symbol.getAxis() << " of " << type;
  }
  return success();
}

LogicalResult ProgramOp::verifyRegions() {
  // program_c3
  for (Operation &step : getBody().front())
    if (!isa<BufferOp, RequireOp, LaunchOp>(step))
      return emitOpError("holds ")
             << step.getName() << ", which is no buffer, requirement or launch";
  return success();
}

LogicalResult BufferOp::verify() {
  // buffer_c1
  if (getSize().size() != 1)
    return emitOpError("has one size, got ") << getSize();
  // buffer_c2
  bool isWeight = getKind() == BufferKind::Weight;
  if (isWeight != getWeight().has_value())
    return emitOpError("of kind ")
           << stringifyBufferKind(getKind())
           << (isWeight ? " names no weight" : " names a weight");
  if (getLayout() &&
      (!isWeight || (*getLayout() != "plain" && *getLayout() != "panels48" &&
                     *getLayout() != "rows")))
    return emitOpError("layout of a weight is plain, panels48 or rows, got ")
           << getLayoutAttr() << " of kind " << stringifyBufferKind(getKind());
  // buffer_c3
  auto program = cast<ProgramOp>((*this)->getParentOp());
  int64_t number = getNumber();
  auto inside = [&](ArrayAttr entries) {
    return number >= 0 && number < static_cast<int64_t>(entries.size());
  };
  if ((getKind() == BufferKind::Input && !inside(program.getInputs())) ||
      (getKind() == BufferKind::Output && !inside(program.getOutputs())))
    return emitOpError("is ")
           << stringifyBufferKind(getKind()) << " " << number << " of "
           << (getKind() == BufferKind::Input ? program.getInputs()
                                              : program.getOutputs())
                  .size();
  return success();
}

LogicalResult BufferOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // buffer_c4
  if (getWeightAttr() &&
      !symbols.lookupNearestSymbolFrom<tfm::WeightOp>(*this, getWeightAttr()))
    return emitOpError() << getWeightAttr() << " is not a tfm.weight";
  return success();
}

LogicalResult RequireOp::verify() {
  // plan_require_c1
  if (getValues().size() != 2)
    return emitOpError("relates two expressions, got ") << getValues();
  return success();
}

LogicalResult LaunchOp::verify() {
  // launch_c2
  if (getOffsets().size() != getBuffers().size())
    return emitOpError("has ") << getOffsets().size() << " offsets for "
                               << getBuffers().size() << " buffers";
  if (getGrid().size() < 1 || getGrid().size() > 3)
    return emitOpError("grid has 1 to 3 dims, got ") << getGrid();
  // launch_c3
  if (getFlops().size() != 1 || getBytes().size() != 1)
    return emitOpError("flops and bytes are one expression each, got ")
           << getFlops() << " and " << getBytes();
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // launch_c1
  auto kernel =
      symbols.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError() << getKernelAttr() << " is not a plan.kernel";
  size_t buffers = kernel.numBuffers();
  if (buffers != getBuffers().size())
    return emitOpError() << getKernelAttr() << " takes " << buffers
                         << " buffers, got " << getBuffers().size();
  if (static_cast<size_t>(kernel.getNumScalars()) != getScalars().size())
    return emitOpError() << getKernelAttr() << " takes "
                         << kernel.getNumScalars() << " scalars, got "
                         << getScalars().size();
  // launch_c4
  for (auto [i, operand] : llvm::enumerate(getBuffers())) {
    auto buffer = operand.getDefiningOp<BufferOp>();
    bool isModel = buffer.getKind() == BufferKind::Model;
    if (getInit() && !isModel && buffer.getKind() != BufferKind::Weight)
      return emitOpError("is an init launch and uses a buffer of kind ")
             << stringifyBufferKind(buffer.getKind());
    if (!getInit() && isModel && i < kernel.numOuts())
      return emitOpError("writes a model buffer and is no init launch");
  }
  // launch_c5
  for (size_t i = 0; i < kernel.numWeights(); ++i) {
    size_t w = kernel.numOuts() + kernel.numWorkspace() + 1 + i;
    auto buffer = getBuffers()[w].getDefiningOp<BufferOp>();
    if (buffer.getKind() != BufferKind::Weight &&
        buffer.getKind() != BufferKind::Model)
      return emitOpError("multiplies by a buffer of kind ")
             << stringifyBufferKind(buffer.getKind());
  }
  // launch_c6
  if (kernel.getFamily() == Family::LinearNorm) {
    Operation *next = *this;
    for (Family family : {Family::Linear, Family::Norm}) {
      next = next->getNextNode();
      auto launch = dyn_cast_or_null<LaunchOp>(next);
      auto of = launch ? symbols.lookupNearestSymbolFrom<KernelOp>(
                             *this, launch.getKernelAttr())
                       : KernelOp();
      if (!of || of.getFamily() != family)
        return emitOpError("takes the place of a linear and a norm, but no ")
               << stringifyFamily(family) << " comes after it";
    }
  }
  return success();
}

} // namespace ingot::plan
