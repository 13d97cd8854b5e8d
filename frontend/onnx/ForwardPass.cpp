#include "frontend/onnx/ForwardPass.h"

#include "frontend/onnx/OpTable.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace ingot::onnx {

ForwardPass::ForwardPass(ImportState &state, const InputSymbols &symbols,
                         llvm::ArrayRef<const ValueInfo *> arguments,
                         MLIRContext &context)
    : state(state), symbols(symbols), arguments(arguments), context(context),
      shapes(state.facts),
      lifter(shapes, [&state](tfm::WeightOp weight) -> llvm::ArrayRef<char> {
        FailureOr<llvm::ArrayRef<char>> bytes = state.weights.bytes(weight);
        return succeeded(bytes) ? *bytes : llvm::ArrayRef<char>();
      }) {}

ForwardPass::Outcome ForwardPass::run() {
  makeFunction();
  importInputs();
  if (refusals.empty())
    importGraph(state.model.graph, mainScope);
  if (shapes.namesContradict())
    return Outcome::NamesContradict;
  if (mustRestart())
    return Outcome::Restart;
  if (refusals.empty())
    finish();
  return refusals.empty() ? Outcome::Done : Outcome::Refused;
}

void ForwardPass::makeFunction() {
  module = ModuleOp::create(UnknownLoc::get(&context));
  OpBuilder ops = OpBuilder::atBlockEnd(module->getBody());
  function = func::FuncOp::create(ops, module->getLoc(), "main",
                                  FunctionType::get(&context, {}, {}));
  function.addEntryBlock();
  builder.emplace(OpBuilder::atBlockEnd(&function.getBody().front()), shapes);
  for (const ValueInfo &value : state.model.graph.valueInfos)
    declared[value.name] = &value;
  for (const ValueInfo &value : state.model.graph.outputs)
    declared[value.name] = &value;
}

void ForwardPass::importInputs() {
  const Graph &graph = state.model.graph;
  for (const TensorRef &tensor : graph.initializers)
    mainScope.initializers[tensor.name] = &tensor;
  Block &body = function.getBody().front();
  for (auto [i, input] : llvm::enumerate(arguments)) {
    Location loc = named(input->name);
    builder->startNode(loc, "input " + quoted(input->name));
    Type element = storedType(input->type);
    if (!element) {
      refusals.add(
          {loc, "input", input->name, "", builder->reason().str(), ""});
      continue;
    }
    Value value =
        body.addArgument(shapes.type(symbols.dims(i, shapes), element), loc);
    if (state.valueSymbols.contains(input->name)) {
      Expr symbol =
          shapes.pool().symbol(safeSymbolName(input->name) + ".value");
      value = builder->reshape(
          builder->symbolic(symbol, element, /*isScalar=*/true),
          shapes.dims(value));
    }
    mainScope.values[input->name] = widened(value);
  }
  for (auto &entry : state.options.constantInputs) {
    Location loc = named(entry.getKey());
    builder->startNode(loc, "");
    mainScope.values[entry.getKey()] =
        widened(constantInput(entry.getKey(), entry.getValue()));
  }
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

Location ForwardPass::nodeLocation(const Node &node) {
  std::string name = node.name;
  for (const std::string &output : node.outputs)
    if (name.empty())
      name = output;
  return name.empty() ? Location(UnknownLoc::get(&context)) : named(name);
}

bool ForwardPass::lookup(Scope &scope, llvm::StringRef name, Value &value) {
  if (auto it = scope.values.find(name); it != scope.values.end()) {
    value = it->second;
    return true;
  }
  if (auto it = scope.initializers.find(name); it != scope.initializers.end()) {
    value = constantTensor(*it->second, name);
    // A type that is not supported is the fault of every node that reads it.
    if (value)
      scope.values[name] = value;
    return true;
  }
  return scope.outer && lookup(*scope.outer, name, value);
}

void ForwardPass::importGraph(const Graph &graph, Scope &scope) {
  for (const Node &node : graph.nodes) {
    ++nodes;
    importNode(node, scope);
    // What its shape arithmetic took for granted of integers in floats.
    for (auto [bound, limit] : shapes.newAssumptions())
      shapes.check(tfm::Comparison::Le, bound, limit, describe(node));
    if (mustRestart() || shapes.namesContradict())
      return;
  }
}

/// A tensor whose bytes no machine counts.
static bool isTooLarge(Value value) {
  int64_t count = 8;
  for (int64_t dim : TfmBuilder::type(value).getShape())
    if (dim > 0 && llvm::MulOverflow(count, dim, count))
      return true;
  return false;
}

void ForwardPass::importNode(const Node &node, Scope &scope) {
  Location loc = nodeLocation(node);
  std::string why = describe(node);
  state.locations.try_emplace(why, loc);
  builder->startNode(loc, std::move(why));
  if (node.domain.empty() && node.op == "If")
    return importIf(node, scope);
  const OpEntry *row = findOp(node.domain, node.op, node.opset);
  if (!row) {
    refuse(node, scope, "there is no such operator here",
           nearestOp(node.domain, node.op, node.opset));
    return scanSubgraphs(node);
  }
  llvm::SmallVector<Value> inputs;
  bool isPoisoned = isBroken();
  for (const std::string &name : node.inputs) {
    Value value;
    if (!name.empty()) {
      if (!lookup(scope, name, value))
        return refuse(node, scope,
                      "its input " + quoted(name) + " is not defined");
      if (!value && !builder->reason().empty())
        return refuse(node, scope,
                      "input " + quoted(name) + ": " + builder->reason());
      isPoisoned |= !value;
    }
    inputs.push_back(value);
  }
  if (node.outputs.empty())
    return refuse(node, scope, "it has no outputs");
  if (isPoisoned)
    return poison(node, scope);
  // Trailing absent inputs say nothing.
  while (!inputs.empty() && !inputs.back())
    inputs.pop_back();

  NodeReader reader(node, inputs, *builder, lifter, *this);
  Value first = row->import(reader);
  if (mustRestart() || shapes.namesContradict())
    return;
  if (!first || reader.allRead())
    return refuse(node, scope, builder->reason());
  if (shapes.pool().failed())
    return refuse(node, scope, "its dims leave 64 bits or are too complicated");
  for (auto [i, name] : llvm::enumerate(node.outputs)) {
    if (name.empty())
      continue;
    Value value = i == 0 ? first
                  : i <= reader.moreOutputs().size()
                      ? reader.moreOutputs()[i - 1]
                      : Value();
    if (!value)
      return refuse(node, scope,
                    "output " + quoted(name) + " is not supported");
    if (isTooLarge(value))
      return refuse(node, scope,
                    "its dims leave 64 bits or are too complicated");
    scope.values[name] = value;
  }
}

void ForwardPass::importIf(const Node &node, Scope &scope) {
  Value condition;
  if (!isBroken() && node.inputs.size() == 1 &&
      lookup(scope, node.inputs[0], condition) && !condition) {
    scanSubgraphs(node);
    return poison(node, scope);
  }
  std::optional<bool> known;
  if (condition && builder->element(condition).isInteger(1))
    known = shapes.pool().constantBool(lifter.scalar(condition));
  const Attribute *branch =
      known ? node.find(*known ? "then_branch" : "else_branch") : nullptr;
  if (!branch || branch->type != AttributeType::Graph ||
      branch->graph().outputs.size() != node.outputs.size()) {
    refuse(
        node, scope, "the condition depends on data",
        "an If whose condition is known, from fixed dims or a constant input");
    return scanSubgraphs(node);
  }
  const Graph &graph = branch->graph();
  Scope inner;
  inner.outer = &scope;
  for (const TensorRef &tensor : graph.initializers)
    inner.initializers[tensor.name] = &tensor;
  importGraph(graph, inner);
  if (mustRestart() || shapes.namesContradict())
    return;
  for (auto [name, result] : llvm::zip(node.outputs, graph.outputs)) {
    Value value;
    builder->startNode(nodeLocation(node), describe(node));
    if (!lookup(inner, result.name, value))
      return refuse(node, scope,
                    "output " + quoted(result.name) +
                        " of the branch is not defined");
    if (!name.empty())
      scope.values[name] = value;
  }
}

void ForwardPass::scanSubgraphs(const Node &node) {
  for (const Attribute &attribute : node.attributes) {
    for (const Graph &graph : attribute.graphs) {
      for (const Node &inner : graph.nodes) {
        ++nodes;
        if (!findOp(inner.domain, inner.op, inner.opset))
          refuse(inner, mainScope, "there is no such operator here",
                 nearestOp(inner.domain, inner.op, inner.opset));
        scanSubgraphs(inner);
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// The report
//===----------------------------------------------------------------------===//

std::string ForwardPass::operandText(const Node &node, Scope &scope) {
  std::string text;
  llvm::raw_string_ostream out(text);
  llvm::interleaveComma(node.inputs, out, [&](const std::string &name) {
    if (name.empty()) {
      out << "-";
      return;
    }
    for (Scope *s = &scope; s; s = s->outer) {
      if (auto it = s->values.find(name); it != s->values.end()) {
        if (!it->second)
          break;
        out << typeText(it->second.getType());
        return;
      }
      if (auto it = s->initializers.find(name); it != s->initializers.end()) {
        out << dataTypeName(it->second->type) << "[";
        llvm::interleaveComma(it->second->dims, out);
        out << "]";
        return;
      }
    }
    // Behind another refused node: what the model itself claims.
    const ValueInfo *info = declared.lookup(name);
    if (!info || info->kind != ValueKind::Tensor) {
      out << "?";
      return;
    }
    out << dataTypeName(info->type);
    if (!info->shape)
      return;
    out << "[";
    llvm::interleaveComma(*info->shape, out, [&](const Dim &dim) {
      if (dim.value)
        out << *dim.value;
      else
        out << (dim.param.empty() ? "?" : dim.param);
    });
    out << "]";
  });
  return text;
}

void ForwardPass::refuse(const Node &node, Scope &scope,
                         const llvm::Twine &reason, llvm::StringRef nearest) {
  Location loc = nodeLocation(node);
  std::string name = node.name;
  if (auto named = llvm::dyn_cast<NameLoc>(loc); named && name.empty())
    name = named.getName().str();
  std::string what = (node.domain.empty() ? "" : node.domain + ".") + node.op +
                     " (opset " + std::to_string(node.opset) + ")";
  refusals.add(
      {loc, what, name, operandText(node, scope), reason.str(), nearest.str()});
  poison(node, scope);
}

void ForwardPass::poison(const Node &node, Scope &scope) {
  for (const std::string &name : node.outputs)
    if (!name.empty())
      scope.values[name] = Value();
}

bool ForwardPass::makeSymbol(Value value) {
  auto argument = llvm::dyn_cast<BlockArgument>(value);
  if (!argument || !builder->element(value).isInteger() ||
      builder->element(value).isInteger(1) ||
      builder->product(shapes.dims(value)) != builder->number(1))
    return false;
  state.valueSymbols.insert(arguments[argument.getArgNumber()]->name);
  restart = true;
  return true;
}

std::string ForwardPass::valueName(Value value) {
  if (auto argument = llvm::dyn_cast<BlockArgument>(value))
    return "input " + quoted(arguments[argument.getArgNumber()]->name);
  if (auto name = llvm::dyn_cast<NameLoc>(value.getLoc()))
    return "the result of " + quoted(name.getName().strref());
  return "a value without a name";
}

} // namespace ingot::onnx
