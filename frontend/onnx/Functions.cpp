//===- Functions.cpp - Calls of model-local functions -> their nodes
//-------===//
//
// A call becomes the nodes of the function's body. Values of the body get the
// call's name in front, its parameters become the call's inputs and outputs,
// and attributes that refer to the function's get the call's value, the
// default, or vanish.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/Reader.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace ingot::onnx {

namespace {
/// A few functions that call each other twice make 2^n nodes, so what inlining
/// adds is bounded.
constexpr size_t kMaxInlinedBytes = size_t{256} << 20;
constexpr unsigned kMaxCallDepth = 64;

using Renaming = std::unordered_map<std::string, std::string>;

/// One call that is being inlined.
struct Call {
  const Function *function;
  std::string prefix; ///< of the names of its nodes and values
  /// Names of the body, innermost graph last, and what they become.
  std::vector<Renaming> scopes;
  std::unordered_map<std::string, const Attribute *> given, byDefault;
};

class Inliner {
public:
  explicit Inliner(Model &model) : model(model) {}
  Error run();

private:
  bool indexFunctions();
  void takeNames(const Graph &graph);
  std::string fresh(const std::string &base);

  void inlineGraph(Graph &graph, unsigned depth);
  void emit(Node node, std::vector<Node> &out, unsigned depth);
  void expand(const Node &node, const Function &function,
              std::vector<Node> &out, unsigned depth);
  bool bind(Call &call, const Node &node);
  void forwardInput(Call &call, const Node &node, size_t output,
                    std::vector<Node> &out);

  void declare(Call &call, const std::string &name);
  std::string lookup(const Call &call, const std::string &name);
  void instantiate(Call &call, Node &node);
  void instantiateAttributes(Call &call, Node &node);
  void instantiateGraph(Call &call, Graph &graph);
  bool resolveReference(Call &call, const Node &node, Attribute &attribute);

  const Function *find(const Node &node) const;
  bool charge(size_t bytes);
  void fail(const std::string &sentence) {
    if (!error)
      error = Error(model.path + ": " + sentence);
  }

  Model &model;
  Error error;
  std::unordered_map<std::string, const Function *> functions;
  std::vector<const Function *> active; ///< being expanded, outermost first
  std::unordered_set<std::string>
      taken; ///< names of values anywhere in the model
  size_t counter = 0, spent = 0;
};

std::string keyOf(const std::string &domain, const std::string &name,
                  const std::string &overload) {
  return domain + '\0' + name + '\0' + overload;
}

std::string nameOf(const Function &function) {
  return "function " + quoted(function.domain.empty()
                                  ? function.name
                                  : function.domain + "." + function.name);
}

int64_t importedVersion(const Function &function, const std::string &domain) {
  int64_t version = 0;
  for (const OpsetImport &import : function.opsets)
    if (import.domain == domain)
      version = std::max(version, import.version);
  return version;
}

// What copies take, about; names of values are charged where they are made.
size_t sizeOf(const Node &node);

size_t sizeOf(const Attribute &attribute) {
  size_t bytes = sizeof(Attribute) + attribute.name.size() +
                 attribute.s.size() + attribute.floats.size() * sizeof(float) +
                 attribute.ints.size() * sizeof(int64_t);
  for (const std::string &element : attribute.strings)
    bytes += sizeof(std::string) + element.size();
  for (const TensorRef &tensor : attribute.tensors)
    bytes += sizeof(TensorRef) + tensor.name.size() +
             tensor.dims.size() * sizeof(int64_t);
  for (const Graph &graph : attribute.graphs) {
    bytes +=
        sizeof(Graph) + graph.initializers.size() * sizeof(TensorRef) +
        (graph.inputs.size() + graph.outputs.size() + graph.valueInfos.size()) *
            sizeof(ValueInfo);
    for (const Node &node : graph.nodes)
      bytes += sizeOf(node);
  }
  return bytes;
}

size_t sizeOf(const Node &node) {
  size_t bytes =
      sizeof(Node) + node.name.size() + node.op.size() + node.domain.size() +
      (node.inputs.size() + node.outputs.size()) * sizeof(std::string);
  for (const Attribute &attribute : node.attributes)
    bytes += sizeOf(attribute);
  return bytes;
}

Error Inliner::run() {
  if (model.functions.empty())
    return Error();
  if (!indexFunctions())
    return error;
  takeNames(model.graph);
  inlineGraph(model.graph, 1);
  if (!error)
    model.functions.clear();
  return error;
}

bool Inliner::indexFunctions() {
  for (const Function &function : model.functions) {
    std::string key = keyOf(function.domain, function.name, function.overload);
    if (!functions.try_emplace(std::move(key), &function).second)
      return fail(nameOf(function) + " is defined twice"), false;
  }
  return true;
}

void Inliner::takeNames(const Graph &graph) {
  for (const ValueInfo &input : graph.inputs)
    taken.insert(input.name);
  for (const TensorRef &initializer : graph.initializers)
    taken.insert(initializer.name);
  for (const Node &node : graph.nodes) {
    taken.insert(node.outputs.begin(), node.outputs.end());
    // Names that nothing defines too: they must stay so.
    taken.insert(node.inputs.begin(), node.inputs.end());
    for (const Attribute &attribute : node.attributes)
      for (const Graph &subgraph : attribute.graphs)
        takeNames(subgraph);
  }
}

std::string Inliner::fresh(const std::string &base) {
  if (!charge(base.size()))
    return "";
  std::string name = base;
  while (!taken.insert(name).second)
    name = base + "." + std::to_string(++counter);
  return name;
}

bool Inliner::charge(size_t bytes) {
  spent += bytes + sizeof(std::string);
  if (spent > kMaxInlinedBytes)
    fail("its functions call each other so often that their nodes do not fit "
         "in " +
         std::to_string(kMaxInlinedBytes >> 20) + " MiB");
  return !error;
}

const Function *Inliner::find(const Node &node) const {
  auto found = functions.find(keyOf(node.domain, node.op, node.overload));
  return found == functions.end() ? nullptr : found->second;
}

void Inliner::inlineGraph(Graph &graph, unsigned depth) {
  if (depth > kMaxGraphDepth)
    return fail("graphs are nested more than " +
                std::to_string(kMaxGraphDepth) + " deep");
  std::vector<Node> nodes = std::move(graph.nodes);
  graph.nodes.clear();
  for (Node &node : nodes) {
    emit(std::move(node), graph.nodes, depth);
    if (error)
      return;
  }
}

void Inliner::emit(Node node, std::vector<Node> &out, unsigned depth) {
  for (Attribute &attribute : node.attributes)
    for (Graph &subgraph : attribute.graphs)
      if (!error)
        inlineGraph(subgraph, depth + 1);
  if (error)
    return;
  if (const Function *function = find(node))
    return expand(node, *function, out, depth);
  out.push_back(std::move(node));
}

void Inliner::expand(const Node &node, const Function &function,
                     std::vector<Node> &out, unsigned depth) {
  if (std::find(active.begin(), active.end(), &function) != active.end()) {
    std::string chain;
    for (const Function *caller : active)
      chain += quoted(caller->name) + " -> ";
    return fail(nameOf(function) + " calls itself: " + chain +
                quoted(function.name));
  }
  if (active.size() >= kMaxCallDepth)
    return fail("functions call functions more than " +
                std::to_string(kMaxCallDepth) + " deep, in " + describe(node));
  Call call{
      &function, node.name.empty() ? function.name : node.name, {}, {}, {}};
  call.scopes.emplace_back();
  if (!bind(call, node))
    return;

  active.push_back(&function);
  for (const Node &inner : function.nodes) {
    if (!charge(sizeOf(inner)))
      break;
    Node copy = inner;
    instantiate(call, copy);
    if (error)
      break;
    emit(std::move(copy), out, depth);
  }
  active.pop_back();
  for (size_t i = 0; i < node.outputs.size() && !error; ++i)
    if (!node.outputs[i].empty())
      forwardInput(call, node, i, out);
}

/// Binds the parameters and declares what the body defines.
bool Inliner::bind(Call &call, const Node &node) {
  const Function &function = *call.function;
  charge((function.attributes.size() + function.defaults.size() +
          function.inputs.size() + function.outputs.size()) *
         2 * sizeof(std::string));
  auto count = [](const std::vector<std::string> &names) {
    size_t n = names.size();
    while (n > 0 && names[n - 1].empty())
      --n;
    return n;
  };
  if (count(node.inputs) > function.inputs.size() ||
      count(node.outputs) > function.outputs.size())
    fail(describe(node) + " has more inputs or outputs than " +
         nameOf(function));

  for (const Attribute &attribute : function.defaults)
    call.byDefault[attribute.name] = &attribute;
  std::unordered_set<std::string> known(function.attributes.begin(),
                                        function.attributes.end());
  for (const Attribute &attribute : node.attributes) {
    if (!known.count(attribute.name) && !call.byDefault.count(attribute.name))
      fail(describe(node) + " has an attribute " + quoted(attribute.name) +
           " that " + nameOf(function) + " has not");
    call.given[attribute.name] = &attribute;
  }

  Renaming &names = call.scopes.front();
  for (size_t i = 0; i < function.inputs.size() && !error; ++i) {
    // An input that the call leaves out is absent wherever the body uses it.
    std::string actual = i < node.inputs.size() ? node.inputs[i] : "";
    if (!names.try_emplace(function.inputs[i], actual).second)
      fail(nameOf(function) + " has two inputs called " +
           quoted(function.inputs[i]));
  }
  std::unordered_set<std::string> defined;
  for (const Node &inner : function.nodes)
    defined.insert(inner.outputs.begin(), inner.outputs.end());
  for (size_t i = 0; i < function.outputs.size() && !error; ++i) {
    const std::string &output = function.outputs[i];
    if (!defined.count(output) && !names.count(output))
      fail(nameOf(function) + " does not define its output " + quoted(output));
    if (i < node.outputs.size() && !node.outputs[i].empty())
      names.try_emplace(output, node.outputs[i]);
  }
  for (const Node &inner : function.nodes)
    for (const std::string &output : inner.outputs)
      declare(call, output);
  return !error;
}

/// An output that is an input, or a value that is an output already, has no
/// node that could write it under the call's name.
void Inliner::forwardInput(Call &call, const Node &node, size_t output,
                           std::vector<Node> &out) {
  std::string value = lookup(call, call.function->outputs[output]);
  if (error || value == node.outputs[output])
    return;
  if (value.empty())
    return fail(describe(node) + ": output " + quoted(node.outputs[output]) +
                " is an input that the call leaves out");
  Node identity;
  identity.name = call.prefix + "/" + call.function->outputs[output];
  identity.op = "Identity";
  identity.inputs = {std::move(value)};
  identity.outputs = {node.outputs[output]};
  identity.opset = importedVersion(*call.function, "");
  out.push_back(std::move(identity));
}

void Inliner::declare(Call &call, const std::string &name) {
  if (name.empty() || error || call.scopes.back().count(name))
    return; // declared twice: one new name too, so that `repair` finds it
  std::string renamed = fresh(call.prefix + "/" + name);
  call.scopes.back()[name] = std::move(renamed);
}

std::string Inliner::lookup(const Call &call, const std::string &name) {
  if (name.empty() || error)
    return "";
  for (size_t scope = call.scopes.size(); scope-- > 0;)
    if (auto found = call.scopes[scope].find(name);
        found != call.scopes[scope].end())
      return charge(found->second.size()) ? found->second : "";
  fail(nameOf(*call.function) + " uses " + quoted(name) +
       ", which nothing in it defines");
  return "";
}

void Inliner::instantiate(Call &call, Node &node) {
  if (!charge(call.prefix.size()))
    return;
  if (!node.name.empty())
    node.name = call.prefix + "/" + node.name;
  if (node.opset == 0)
    node.opset = importedVersion(*call.function, node.domain);
  for (std::string &input : node.inputs)
    input = lookup(call, input);
  for (std::string &output : node.outputs)
    output = lookup(call, output);
  instantiateAttributes(call, node);
}

void Inliner::instantiateAttributes(Call &call, Node &node) {
  std::vector<Attribute> attributes = std::move(node.attributes);
  node.attributes.clear();
  for (Attribute &attribute : attributes) {
    if (error)
      return;
    if (!attribute.refName.empty()) {
      if (resolveReference(call, node, attribute))
        node.attributes.push_back(std::move(attribute));
      continue;
    }
    for (Graph &graph : attribute.graphs)
      instantiateGraph(call, graph);
    node.attributes.push_back(std::move(attribute));
  }
}

/// Puts the value in the place of the reference; false where there is none.
bool Inliner::resolveReference(Call &call, const Node &node,
                               Attribute &attribute) {
  auto given = call.given.find(attribute.refName);
  bool isGiven = given != call.given.end();
  auto byDefault = call.byDefault.find(attribute.refName);
  if (!isGiven && byDefault == call.byDefault.end())
    return false;
  const Attribute &value = isGiven ? *given->second : *byDefault->second;
  if (attribute.type != AttributeType::Undefined &&
      attribute.type != value.type)
    fail(describe(node) + ": attribute " + quoted(attribute.name) +
         " is of type " + std::string(attributeTypeName(attribute.type)) +
         ", but " + quoted(value.name) + " of " + nameOf(*call.function) +
         " of type " + std::string(attributeTypeName(value.type)));
  if (error || !charge(sizeOf(value)))
    return false;
  std::string name = std::move(attribute.name);
  attribute = value;
  attribute.name = std::move(name);
  // A graph of the caller keeps its names; a default was written in the
  // function.
  for (Graph &graph : attribute.graphs)
    if (!isGiven)
      instantiateGraph(call, graph);
  return true;
}

void Inliner::instantiateGraph(Call &call, Graph &graph) {
  call.scopes.emplace_back();
  for (const ValueInfo &input : graph.inputs)
    declare(call, input.name);
  for (const TensorRef &initializer : graph.initializers)
    declare(call, initializer.name);
  for (const Node &node : graph.nodes)
    for (const std::string &output : node.outputs)
      declare(call, output);
  for (ValueInfo &input : graph.inputs)
    input.name = lookup(call, input.name);
  for (TensorRef &initializer : graph.initializers)
    initializer.name = lookup(call, initializer.name);
  for (ValueInfo &output : graph.outputs)
    output.name = lookup(call, output.name);
  graph.valueInfos.clear(); // hints, under names that are no more
  for (Node &node : graph.nodes)
    instantiate(call, node);
  call.scopes.pop_back();
}
} // namespace

Error inlineFunctions(Model &model) { return Inliner(model).run(); }

} // namespace ingot::onnx
