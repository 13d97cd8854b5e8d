//===- Model.h - An ONNX model as plain structs
//----------------------------===//
//
// What an .onnx file says, without its weights: tensors are references to bytes
// that stay in the mapped files. Domain "ai.onnx" is spelled "" everywhere.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/onnx/Tensor.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ingot::onnx {

struct Graph;

/// Graphs within graphs, functions inlined: far more than models have, far less
/// than the stack holds.
constexpr unsigned kMaxGraphDepth = 32;

/// AttributeProto.AttributeType.
enum class AttributeType : uint8_t {
  Undefined = 0,
  Float = 1,
  Int = 2,
  String = 3,
  Tensor = 4,
  Graph = 5,
  Floats = 6,
  Ints = 7,
  Strings = 8,
  Tensors = 9,
  Graphs = 10,
  SparseTensor = 11,
  SparseTensors = 12,
  TypeProto = 13,
  TypeProtos = 14,
};

/// `int`, `floats` …, for messages.
std::string_view attributeTypeName(AttributeType type);

/// The member that `type` names has the value; `Tensor` and `Graph` are the one
/// element of `tensors` and `graphs`. Types of type protos come without a
/// value.
struct Attribute {
  std::string name;
  /// Inside a function: the function's attribute whose value this is.
  std::string refName;
  /// Inferred from the value where the file leaves it out.
  AttributeType type = AttributeType::Undefined;
  float f = 0;
  int64_t i = 0;
  std::string s;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::vector<TensorRef> tensors;
  std::vector<Graph> graphs;

  const TensorRef &tensor() const { return tensors.front(); }
  const Graph &graph() const { return graphs.front(); }
};

struct Node {
  std::string name; ///< may be empty, need not be unique
  std::string op, domain, overload;
  std::vector<std::string> inputs, outputs; ///< "" is an absent one
  std::vector<Attribute> attributes;
  /// Version of the domain's opset; set by `repair`, until then 0 except in
  /// nodes that came from a function.
  int64_t opset = 0;

  const Attribute *find(std::string_view attribute) const;
};

/// `node 'MatMul_3' (MatMul)`, or by its first output where it has no name.
std::string describe(const Node &node);

/// A dim of a declared shape: a number, a name, or neither.
struct Dim {
  std::optional<int64_t> value; ///< at least 0
  std::string param;
};

enum class ValueKind : uint8_t {
  Unknown,
  Tensor,
  SparseTensor,
  Sequence,
  Map,
  Optional,
  Opaque
};

struct ValueInfo {
  std::string name;
  ValueKind kind = ValueKind::Unknown;
  DataType type = DataType::Undefined; ///< of a tensor's elements
  /// Of a tensor: nothing where even the rank is unknown, empty for a scalar.
  std::optional<std::vector<Dim>> shape;
};

struct Graph {
  std::string name;
  std::vector<Node> nodes;
  std::vector<TensorRef> initializers;
  std::vector<ValueInfo> inputs, outputs;
  std::vector<ValueInfo> valueInfos; ///< a hint, may contradict the nodes
};

struct OpsetImport {
  std::string domain;
  int64_t version = 0;
};

/// A model-local function.
struct Function {
  std::string domain, name, overload;
  std::vector<std::string> inputs, outputs;
  std::vector<std::string> attributes; ///< names of those without default
  std::vector<Attribute> defaults;     ///< attributes with their default
  std::vector<OpsetImport> opsets;
  std::vector<Node> nodes;
};

struct Model {
  std::string path; ///< as given to the reader
  int64_t irVersion = 0;
  std::string producer, producerVersion;
  std::vector<OpsetImport> opsets;
  std::vector<std::pair<std::string, std::string>> metadata;
  Graph graph;
  std::vector<Function> functions;
  /// The bytes behind every TensorRef of this model.
  TensorData data;

  /// 0 where the model does not import the domain.
  int64_t opset(std::string_view domain) const;
};

} // namespace ingot::onnx
