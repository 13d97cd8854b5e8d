#include "frontend/onnx/Model.h"

namespace ingot::onnx {

std::string_view attributeTypeName(AttributeType type) {
  static constexpr std::string_view kNames[] = {
      "undefined",      "float",   "int",    "string",
      "tensor",         "graph",   "floats", "ints",
      "strings",        "tensors", "graphs", "sparse tensor",
      "sparse tensors", "type",    "types"};
  return kNames[static_cast<size_t>(type)];
}

const Attribute *Node::find(std::string_view attribute) const {
  for (const Attribute &candidate : attributes)
    if (candidate.name == attribute)
      return &candidate;
  return nullptr;
}

std::string describe(const Node &node) {
  std::string op = node.domain.empty() ? node.op : node.domain + "." + node.op;
  op = quoted(op);
  op = op.substr(1, op.size() - 2);
  if (!node.name.empty())
    return "node " + quoted(node.name) + " (" + op + ")";
  for (const std::string &output : node.outputs)
    if (!output.empty())
      return "node of " + quoted(output) + " (" + op + ")";
  return "a node without name and outputs (" + op + ")";
}

int64_t Model::opset(std::string_view domain) const {
  for (const OpsetImport &import : opsets)
    if (import.domain == domain)
      return import.version;
  return 0;
}

} // namespace ingot::onnx
