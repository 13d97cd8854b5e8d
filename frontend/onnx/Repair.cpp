//===- Repair.cpp - What exporters get wrong, and what nobody may
//----------===//
#include "frontend/onnx/Reader.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_map>
#include <unordered_set>

namespace ingot::onnx {

namespace {
using NameSet = std::unordered_set<std::string>;

/// What a graph defines, and the graph around it.
struct Scope {
  const Scope *outer;
  /// The index of the node; kNoNode for inputs and initializers.
  std::unordered_map<std::string, size_t> definitions;

  static constexpr size_t kNoNode = SIZE_MAX;
};

/// Node `second` needs a value of node `first`.
struct Edge {
  size_t first, second;
};

class Repairer {
public:
  explicit Repairer(Model &model) : model(model) {}
  Error run();

private:
  bool mergeImports();
  /// `captured` gets the names that the graph takes from around it.
  void repairGraph(Graph &graph, const Scope *outer, NameSet &captured);
  bool mergeInitializers(Graph &graph);
  bool define(Graph &graph, Scope &scope);
  bool defineOutput(Graph &graph, Scope &scope, size_t node,
                    const std::string &name, std::vector<bool> &repeated);
  bool checkNode(const Node &node);
  int64_t opsetOf(const std::string &domain);
  bool collectUses(Node &node, size_t index, const Scope &scope,
                   std::vector<Edge> &edges, NameSet &captured);
  bool checkOutputs(const Graph &graph, const Scope &scope, NameSet &captured);
  bool sort(Graph &graph, const std::vector<Edge> &edges);
  bool sameConstant(const Node &a, const Node &b) const;

  bool fail(const std::string &sentence) {
    if (!error)
      error = Error(model.path + ": " + sentence);
    return false;
  }

  Model &model;
  Error error;
  std::unordered_map<std::string, int64_t> versions;
};

Error Repairer::run() {
  NameSet captured;
  if (mergeImports())
    repairGraph(model.graph, nullptr, captured);
  return error;
}

bool Repairer::mergeImports() {
  std::vector<OpsetImport> merged;
  for (const OpsetImport &import : model.opsets) {
    if (import.version <= 0)
      return fail("imports opset " + std::to_string(import.version) +
                  " of domain " + quoted(import.domain) +
                  "; versions begin at 1");
    auto [known, isNew] = versions.try_emplace(import.domain, import.version);
    known->second = std::max(known->second, import.version);
    if (isNew)
      merged.push_back(import);
  }
  for (OpsetImport &import : merged)
    import.version = versions[import.domain];
  model.opsets = std::move(merged);
  return true;
}

/// Old exporters leave out the imports of com.microsoft and the like.
int64_t Repairer::opsetOf(const std::string &domain) {
  auto [known, isNew] = versions.try_emplace(domain, 1);
  if (isNew)
    model.opsets.push_back({domain, 1});
  return known->second;
}

void Repairer::repairGraph(Graph &graph, const Scope *outer,
                           NameSet &captured) {
  Scope scope{outer, {}};
  if (!mergeInitializers(graph) || !define(graph, scope))
    return;
  std::vector<Edge> edges;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    Node &node = graph.nodes[i];
    if (!checkNode(node) || !collectUses(node, i, scope, edges, captured))
      return;
    if (node.opset == 0)
      node.opset = opsetOf(node.domain);
  }
  if (checkOutputs(graph, scope, captured))
    sort(graph, edges);
}

/// Of initializers of one name the last counts, and an input with an
/// initializer is no input (until IR version 3 every initializer had to be
/// one).
bool Repairer::mergeInitializers(Graph &graph) {
  NameSet names;
  std::vector<TensorRef> kept;
  for (size_t i = graph.initializers.size(); i-- > 0;) {
    TensorRef &initializer = graph.initializers[i];
    if (initializer.name.empty())
      return fail("an initializer of graph " + quoted(graph.name) +
                  " has no name");
    if (names.insert(initializer.name).second)
      kept.push_back(std::move(initializer));
  }
  std::reverse(kept.begin(), kept.end());
  graph.initializers = std::move(kept);
  std::erase_if(graph.inputs, [&](const ValueInfo &input) {
    return names.count(input.name) != 0;
  });
  return true;
}

bool Repairer::define(Graph &graph, Scope &scope) {
  for (const TensorRef &initializer : graph.initializers)
    scope.definitions[initializer.name] = Scope::kNoNode;
  for (const ValueInfo &input : graph.inputs) {
    if (input.name.empty())
      return fail("an input of graph " + quoted(graph.name) + " has no name");
    if (!scope.definitions.try_emplace(input.name, Scope::kNoNode).second)
      return fail("graph " + quoted(graph.name) + " has two inputs called " +
                  quoted(input.name));
  }
  std::vector<bool> repeated(graph.nodes.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    for (const std::string &name : graph.nodes[i].outputs)
      if (!name.empty() && !defineOutput(graph, scope, i, name, repeated))
        return false;

  if (std::find(repeated.begin(), repeated.end(), true) == repeated.end())
    return true;
  std::vector<Node> kept;
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    if (!repeated[i])
      kept.push_back(std::move(graph.nodes[i]));
  graph.nodes = std::move(kept);
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    for (const std::string &name : graph.nodes[i].outputs)
      if (!name.empty())
        scope.definitions[name] = i;
  return true;
}

/// Old exporters write the same Constant twice; any other second definition
/// leaves open which value is meant.
bool Repairer::defineOutput(Graph &graph, Scope &scope, size_t node,
                            const std::string &name,
                            std::vector<bool> &repeated) {
  auto [known, isNew] = scope.definitions.try_emplace(name, node);
  if (isNew)
    return true;
  size_t first = known->second;
  if (first != Scope::kNoNode && first != node &&
      sameConstant(graph.nodes[first], graph.nodes[node]))
    return repeated[node] = true;
  return fail("value " + quoted(name) + " is defined twice: by " +
              (first == Scope::kNoNode ? "an input or initializer"
                                       : describe(graph.nodes[first])) +
              " and by " + describe(graph.nodes[node]));
}

bool Repairer::sameConstant(const Node &a, const Node &b) const {
  auto isPlain = [](const Node &node) {
    return node.op == "Constant" && node.domain.empty() &&
           node.outputs.size() == 1 && node.attributes.size() == 1 &&
           node.attributes[0].refName.empty();
  };
  if (!isPlain(a) || !isPlain(b))
    return false;
  const Attribute &x = a.attributes[0], &y = b.attributes[0];
  auto bits = [](const std::vector<float> &values) {
    return std::string_view(reinterpret_cast<const char *>(values.data()),
                            values.size() * sizeof(float));
  };
  if (x.name != y.name || x.type != y.type || bits({x.f}) != bits({y.f}) ||
      x.i != y.i || x.s != y.s || bits(x.floats) != bits(y.floats) ||
      x.ints != y.ints || x.strings != y.strings ||
      x.tensors.size() != y.tensors.size())
    return false;
  for (size_t i = 0; i < x.tensors.size(); ++i) {
    const TensorRef &s = x.tensors[i], &t = y.tensors[i];
    std::span<const std::byte> left = model.data.bytes(s),
                               right = model.data.bytes(t);
    if (s.type == DataType::String || s.type != t.type || s.dims != t.dims ||
        !std::equal(left.begin(), left.end(), right.begin(), right.end()))
      return false;
  }
  return true;
}

bool Repairer::checkNode(const Node &node) {
  NameSet names;
  for (const Attribute &attribute : node.attributes) {
    if (!attribute.refName.empty())
      return fail(describe(node) + ": attribute " + quoted(attribute.name) +
                  " refers to " + quoted(attribute.refName) +
                  " of a function, but is not in one");
    if (!names.insert(attribute.name).second)
      return fail(describe(node) + " has two attributes called " +
                  quoted(attribute.name));
  }
  return true;
}

bool isDefinedAround(const Scope *scope, const std::string &name) {
  for (; scope; scope = scope->outer)
    if (scope->definitions.count(name))
      return true;
  return false;
}

bool Repairer::collectUses(Node &node, size_t index, const Scope &scope,
                           std::vector<Edge> &edges, NameSet &captured) {
  NameSet uses;
  for (Attribute &attribute : node.attributes)
    for (Graph &subgraph : attribute.graphs)
      repairGraph(subgraph, &scope, uses);
  if (error)
    return false;
  for (const std::string &input : node.inputs)
    if (!input.empty())
      uses.insert(input);
  for (const std::string &name : uses) {
    auto local = scope.definitions.find(name);
    if (local == scope.definitions.end()) {
      if (!isDefinedAround(scope.outer, name))
        return fail(describe(node) + " uses " + quoted(name) +
                    ", which nothing defines");
      captured.insert(name);
    } else if (local->second != Scope::kNoNode) {
      edges.push_back({local->second, index});
    }
  }
  return true;
}

bool Repairer::checkOutputs(const Graph &graph, const Scope &scope,
                            NameSet &captured) {
  NameSet names;
  for (const ValueInfo &output : graph.outputs) {
    if (!scope.definitions.count(output.name)) {
      if (output.name.empty() || !isDefinedAround(scope.outer, output.name))
        return fail("nothing defines output " + quoted(output.name) +
                    " of graph " + quoted(graph.name));
      captured.insert(output.name);
    }
    // A branch may return one value twice; the model's results have to differ.
    if (!scope.outer && !names.insert(output.name).second)
      return fail("graph " + quoted(graph.name) + " has two outputs called " +
                  quoted(output.name));
  }
  return true;
}

/// A cycle among the nodes of which some inputs were never ready.
std::string describeCycle(const Graph &graph, const std::vector<Edge> &edges,
                          const std::vector<size_t> &missing) {
  // Each of them needs another one of them: going back must come round.
  std::vector<size_t> needs(graph.nodes.size(), SIZE_MAX);
  for (const Edge &edge : edges)
    if (missing[edge.first] && missing[edge.second])
      needs[edge.second] = edge.first;
  size_t at = 0;
  while (!missing[at])
    ++at;
  std::vector<bool> visited(graph.nodes.size());
  for (; !visited[at]; at = needs[at])
    visited[at] = true;

  constexpr size_t kMost = 8;
  std::string text = describe(graph.nodes[at]);
  size_t length = 1;
  for (size_t node = needs[at]; node != at; node = needs[node], ++length)
    if (length < kMost)
      text += " needs " + describe(graph.nodes[node]);
  if (length > kMost)
    text += " needs ... (" + std::to_string(length - kMost) + " more)";
  return text + " needs " + describe(graph.nodes[at]);
}

/// A stable topological sort: of the nodes that are ready the first goes next.
bool Repairer::sort(Graph &graph, const std::vector<Edge> &edges) {
  size_t count = graph.nodes.size();
  std::vector<size_t> missing(
      count); ///< edges from nodes that are not placed yet
  std::vector<size_t> firstUser(count + 1);
  for (const Edge &edge : edges) {
    ++missing[edge.second];
    ++firstUser[edge.first + 1];
  }
  for (size_t i = 0; i < count; ++i)
    firstUser[i + 1] += firstUser[i];
  std::vector<size_t> users(edges.size()),
      next(firstUser.begin(), firstUser.end() - 1);
  for (const Edge &edge : edges)
    users[next[edge.first]++] = edge.second;

  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t i = 0; i < count; ++i)
    if (missing[i] == 0)
      ready.push(i);
  std::vector<size_t> order;
  while (!ready.empty()) {
    size_t node = ready.top();
    ready.pop();
    order.push_back(node);
    for (size_t i = firstUser[node]; i < firstUser[node + 1]; ++i)
      if (--missing[users[i]] == 0)
        ready.push(users[i]);
  }
  if (order.size() != count)
    return fail("nodes depend on each other: " +
                describeCycle(graph, edges, missing));
  if (std::is_sorted(order.begin(), order.end()))
    return true;
  std::vector<Node> sorted;
  sorted.reserve(count);
  for (size_t node : order)
    sorted.push_back(std::move(graph.nodes[node]));
  graph.nodes = std::move(sorted);
  return true;
}
} // namespace

Error repair(Model &model) { return Repairer(model).run(); }

} // namespace ingot::onnx
