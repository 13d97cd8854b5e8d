//===- PassFinish.cpp - Results, symbols and requirements of the function -===//
#include "frontend/onnx/ForwardPass.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;

namespace ingot::onnx {

void ForwardPass::finish() {
  OpBuilder ops(&context);
  Block &body = function.getBody().front();
  llvm::SmallVector<Value> results;
  llvm::SmallVector<mlir::Attribute> resultAttrs, argumentAttrs;
  auto nameAttr = [&](llvm::StringRef name) {
    return ops.getDictionaryAttr(
        ops.getNamedAttr("tfm.name", ops.getStringAttr(name)));
  };
  for (const ValueInfo &output : state.model.graph.outputs) {
    Location loc = named(output.name);
    Value value;
    builder->startNode(loc, "output " + quoted(output.name));
    if (!lookup(mainScope, output.name, value) || !value) {
      llvm::StringRef reason = builder->reason();
      refusals.add({loc, "output", output.name, "",
                    reason.empty() ? "no node computes it" : reason.str(), ""});
      continue;
    }
    if (output.type == DataType::Float16 || output.type == DataType::BFloat16)
      value = builder->cast(value, storedType(output.type));
    results.push_back(value);
    resultAttrs.push_back(nameAttr(output.name));
  }
  if (!refusals.empty())
    return;
  for (auto &entry : mainScope.values)
    if (entry.getValue())
      types.emplace_back(entry.getKey().str(),
                         TfmBuilder::type(entry.getValue()));
  ops.setInsertionPointToEnd(&body);
  func::ReturnOp::create(ops, function.getLoc(), results);
  removeDead();
  for (const ValueInfo *input : arguments)
    argumentAttrs.push_back(nameAttr(input->name));
  function.setType(FunctionType::get(&context, body.getArgumentTypes(),
                                     ValueRange(results).getTypes()));
  function.setAllArgAttrs(argumentAttrs);
  function.setAllResultAttrs(resultAttrs);

  ops.setInsertionPointToStart(&body);
  addRequirements(ops);
  addSymbols(ops);
  const Model &model = state.model;
  (*module)->setAttr("tfm.opset", ops.getI64IntegerAttr(model.opset("")));
  // For modules that are written out: weights are named relative to it.
  llvm::SmallString<256> folder(state.weights.modelFolder());
  if (!module->getOps<tfm::WeightOp>().empty() &&
      !llvm::sys::fs::make_absolute(folder))
    (*module)->setAttr("tfm.folder", ops.getStringAttr(folder));
  if (!model.producer.empty())
    (*module)->setAttr(
        "tfm.producer",
        ops.getStringAttr(model.producer +
                          (model.producerVersion.empty() ? "" : " ") +
                          model.producerVersion));
}

/// Requirements speak of the inputs' symbols, also of those that an equation
/// has replaced everywhere else. Each sentence says what its symbols are.
void ForwardPass::addRequirements(OpBuilder &ops) {
  for (const Requirement &r : state.facts.requirements) {
    std::string sentence = r.sentence;
    llvm::StringSet<> mentioned = symbolsIn(r.lhs);
    for (auto &name : symbolsIn(r.rhs))
      mentioned.insert(name.getKey());
    llvm::StringRef joint = ", where ";
    for (const InputSymbols::Source &source : symbols.sources()) {
      if (!mentioned.contains(source.symbol))
        continue;
      sentence += joint.str() +
                  tfm::describeSymbol(source.symbol, source.axis,
                                      quoted(arguments[source.input]->name));
      joint = ", ";
    }
    auto known = state.locations.find(r.sentence);
    tfm::RequireOp::create(
        ops, known == state.locations.end() ? function.getLoc() : known->second,
        r.relation, tfm::DimsAttr::get(&context, {r.lhs, r.rhs}), sentence);
  }
}

void ForwardPass::addSymbols(OpBuilder &ops) {
  llvm::SmallVector<mlir::Attribute> list;
  for (const InputSymbols::Source &source : symbols.sources()) {
    if (source.isFixed())
      continue;
    int64_t max = source.max;
    // A position table gives a range by itself.
    for (const Requirement &r : state.facts.requirements) {
      int64_t bound;
      if (r.relation == tfm::Comparison::Le && r.lhs == source.symbol &&
          !llvm::StringRef(r.rhs).getAsInteger(10, bound))
        max = max < 0 ? bound : std::min(max, bound);
    }
    list.push_back(
        tfm::SymbolAttr::get(&context, ops.getStringAttr(source.symbol),
                             source.min, max, source.input, source.axis));
  }
  for (auto [i, input] : llvm::enumerate(arguments))
    if (state.valueSymbols.contains(input->name))
      list.push_back(tfm::SymbolAttr::get(
          &context, ops.getStringAttr(safeSymbolName(input->name) + ".value"),
          0, -1, i, -1));
  function->setAttr("tfm.symbols", ops.getArrayAttr(list));
}

/// Shape arithmetic has done its work, and weights may have been read for it
/// alone.
void ForwardPass::removeDead() {
  Block &body = function.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
  llvm::StringSet<> used;
  for (auto get : body.getOps<tfm::GetWeightOp>())
    used.insert(get.getWeight());
  for (auto weight :
       llvm::make_early_inc_range(module->getOps<tfm::WeightOp>()))
    if (!used.contains(weight.getSymName()))
      weight.erase();
}

} // namespace ingot::onnx
