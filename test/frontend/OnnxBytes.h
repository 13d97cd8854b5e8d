//===- OnnxBytes.h - .onnx files made by hand, for tests
//-------------------===//
#pragma once

#include "frontend/onnx/Reader.h"

#include "gtest/gtest.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace ingot::onnx {

using Names = std::vector<std::string>;

/// The bytes of a protobuf message, field by field.
class Proto {
public:
  Proto &integer(int field, int64_t value) {
    tag(field, 0);
    varint(static_cast<uint64_t>(value));
    return *this;
  }
  Proto &bytes(int field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    text += value;
    return *this;
  }
  Proto &message(int field, const Proto &value) {
    return bytes(field, value.text);
  }
  Proto &fixed(int field, const void *value, size_t size) {
    tag(field, size == 4 ? 5 : 1);
    text.append(static_cast<const char *>(value), size);
    return *this;
  }
  Proto &f32(int field, float value) { return fixed(field, &value, 4); }
  Proto &raw(std::string_view more) {
    text += more;
    return *this;
  }
  Proto &varint(uint64_t value) {
    for (; value >= 128; value >>= 7)
      text += static_cast<char>(value | 128);
    text += static_cast<char>(value);
    return *this;
  }
  Proto &tag(int field, int wireType) {
    return varint(static_cast<uint64_t>(field) << 3 | wireType);
  }
  const std::string &str() const { return text; }

private:
  std::string text;
};

/// The memory of numbers, little-endian.
template <typename T>
std::string memoryOf(std::initializer_list<T> values) {
  return {reinterpret_cast<const char *>(values.begin()),
          values.size() * sizeof(T)};
}

inline Proto packed(std::initializer_list<int64_t> values) {
  Proto proto;
  for (int64_t value : values)
    proto.varint(static_cast<uint64_t>(value));
  return proto;
}

/// A TensorProto without values.
inline Proto tensorHead(std::string_view name, DataType type,
                        std::initializer_list<int64_t> dims) {
  Proto proto;
  for (int64_t dim : dims)
    proto.integer(1, dim);
  proto.integer(2, static_cast<int64_t>(type));
  if (!name.empty())
    proto.bytes(8, name);
  return proto;
}

inline Proto rawTensor(std::string_view name, DataType type,
                       std::initializer_list<int64_t> dims,
                       std::string_view raw) {
  return tensorHead(name, type, dims).bytes(9, raw);
}

inline Proto entry(std::string_view key, std::string_view value) {
  return Proto().bytes(1, key).bytes(2, value);
}

/// A tensor in another file; entries that are empty are left out.
inline Proto externalTensor(std::string_view name, DataType type,
                            std::initializer_list<int64_t> dims,
                            std::string_view location,
                            std::string_view offset = "",
                            std::string_view length = "") {
  Proto proto = tensorHead(name, type, dims)
                    .integer(14, 1)
                    .message(13, entry("location", location));
  if (!offset.empty())
    proto.message(13, entry("offset", offset));
  if (!length.empty())
    proto.message(13, entry("length", length));
  return proto;
}

inline Proto attribute(std::string_view name, AttributeType type) {
  return Proto().bytes(1, name).integer(20, static_cast<int64_t>(type));
}
inline Proto intAttribute(std::string_view name, int64_t value) {
  return attribute(name, AttributeType::Int).integer(3, value);
}
inline Proto graphAttribute(std::string_view name, const Proto &graph) {
  return attribute(name, AttributeType::Graph).message(6, graph);
}
inline Proto reference(std::string_view name, std::string_view refersTo,
                       AttributeType type = AttributeType::Int) {
  return attribute(name, type).bytes(21, refersTo);
}

inline Proto node(std::string_view name, std::string_view op,
                  const Names &inputs, const Names &outputs,
                  const std::vector<Proto> &attributes = {},
                  std::string_view domain = "") {
  Proto proto;
  for (const std::string &input : inputs)
    proto.bytes(1, input);
  for (const std::string &output : outputs)
    proto.bytes(2, output);
  proto.bytes(3, name).bytes(4, op);
  for (const Proto &one : attributes)
    proto.message(5, one);
  if (!domain.empty())
    proto.bytes(7, domain);
  return proto;
}

/// A ValueInfoProto of f32 without a shape.
inline Proto value(std::string_view name) {
  return Proto().bytes(1, name).message(
      2, Proto().message(1, Proto().integer(1, 1)));
}

struct GraphParts {
  std::vector<Proto> nodes;
  Names inputs, outputs;
  std::vector<Proto> initializers = {};
};

inline Proto graph(const GraphParts &parts) {
  Proto proto;
  for (const Proto &one : parts.nodes)
    proto.message(1, one);
  proto.bytes(2, "main");
  for (const Proto &one : parts.initializers)
    proto.message(5, one);
  for (const std::string &name : parts.inputs)
    proto.message(11, value(name));
  for (const std::string &name : parts.outputs)
    proto.message(12, value(name));
  return proto;
}

inline Proto opset(std::string_view domain, int64_t version) {
  return Proto().bytes(1, domain).integer(2, version);
}

inline Proto model(const Proto &graph,
                   const std::vector<Proto> &functions = {}) {
  Proto proto;
  proto.integer(1, 8).bytes(2, "test").message(7, graph).message(8,
                                                                 opset("", 17));
  for (const Proto &function : functions)
    proto.message(25, function);
  return proto;
}

/// A folder for one test, removed with it.
class OnnxFile : public testing::Test {
protected:
  OnnxFile() {
    std::string pattern = testing::TempDir() + "ingot-onnx-XXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  ~OnnxFile() override { std::filesystem::remove_all(folder); }

  std::string write(const std::string &name, std::string_view contents) {
    std::string path = folder + "/" + name;
    std::ofstream(path, std::ios::binary) << contents;
    return path;
  }
  /// The message of the error, "" on success.
  std::string read(const Proto &proto) { return read(proto.str()); }
  std::string read(std::string_view contents) {
    return readModel(write("model.onnx", contents), result).message();
  }
  std::string load(const Proto &proto) {
    return loadModel(write("model.onnx", proto.str()), result).message();
  }

  std::string folder;
  Model result;
};

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}
#define EXPECT_CONTAINS(text, part)                                            \
  EXPECT_TRUE(::ingot::onnx::contains(text, part)) << "in: " << (text)

/// `name:op(inputs)->outputs`, one a line, to compare whole graphs.
inline std::string print(const Graph &graph) {
  std::string text;
  for (const Node &node : graph.nodes) {
    text += node.name + ":" + node.op + "(";
    for (size_t i = 0; i < node.inputs.size(); ++i)
      text += (i ? "," : "") + node.inputs[i];
    text += ")->";
    for (size_t i = 0; i < node.outputs.size(); ++i)
      text += (i ? "," : "") + node.outputs[i];
    text += "\n";
  }
  return text;
}

} // namespace ingot::onnx
