#include "frontend/onnx/Reader.h"

#include "frontend/onnx/TensorReader.h"

#include <climits>
#include <utility>

namespace ingot::onnx {

namespace {
/// One function a message of onnx.proto, where the field numbers come from.
class ModelReader {
public:
  ModelReader(WireStatus &status, TensorData &data)
      : status(status), tensors(status, data) {}

  void readModel(Message message, Model &model);
  bool foundGraph() const { return hasGraph; }

private:
  void readGraph(Message message, Graph &graph);
  void readNode(Message message, Node &node);
  void readAttribute(Message message, Attribute &attribute);
  AttributeType readAttributeType(int64_t number);
  void checkAttribute(const Attribute &attribute, unsigned seen);
  void readFunction(Message message, Function &function);
  void readValueInfo(Message message, ValueInfo &info);
  void readType(Message message, ValueInfo &info);
  void readTensorType(Message message, ValueInfo &info);
  void readShape(Message message, std::vector<Dim> &shape);
  void readDim(Message message, Dim &dim);
  OpsetImport readOpset(Message message);
  std::pair<std::string, std::string> readEntry(Message message);
  std::string sparseTensorName(Message message);

  WireStatus &status;
  TensorReader tensors;
  unsigned depth = 0;
  bool hasGraph = false;
};

/// Both spellings are the default domain.
std::string domain(std::string name) { return name == "ai.onnx" ? "" : name; }

void ModelReader::readModel(Message message, Model &model) {
  while (message.next())
    switch (message.field()) {
    case 1:
      model.irVersion = message.integer();
      break;
    case 2:
      model.producer = message.string();
      break;
    case 3:
      model.producerVersion = message.string();
      break;
    case 7:
      hasGraph = true;
      readGraph(message.message("the graph"), model.graph);
      break;
    case 8:
      model.opsets.push_back(readOpset(message.message("an opset import")));
      break;
    case 14:
      model.metadata.push_back(readEntry(message.message("the metadata")));
      break;
    case 25:
      readFunction(message.message("a function"),
                   model.functions.emplace_back());
      break;
    }
}

void ModelReader::readGraph(Message message, Graph &graph) {
  if (++depth > kMaxGraphDepth)
    status.fail("graphs are nested more than " +
                std::to_string(kMaxGraphDepth) + " deep");
  while (message.next())
    switch (message.field()) {
    case 1:
      readNode(message.message("a node"), graph.nodes.emplace_back());
      break;
    case 2:
      graph.name = message.string();
      break;
    case 5:
      tensors.read(message.message("a tensor"), "an initializer without name",
                   graph.initializers.emplace_back());
      break;
    case 11:
      readValueInfo(message.message("an input"), graph.inputs.emplace_back());
      break;
    case 12:
      readValueInfo(message.message("an output"), graph.outputs.emplace_back());
      break;
    case 13:
      readValueInfo(message.message("a value's type"),
                    graph.valueInfos.emplace_back());
      break;
    case 15:
      status.fail("initializer " +
                  sparseTensorName(message.message("a sparse tensor")) +
                  " is a sparse tensor; sparse tensors are not supported, "
                  "store it as a dense one");
      break;
    }
  --depth;
}

void ModelReader::readNode(Message message, Node &node) {
  while (message.next())
    switch (message.field()) {
    case 1:
      node.inputs.push_back(message.string());
      break;
    case 2:
      node.outputs.push_back(message.string());
      break;
    case 3:
      node.name = message.string();
      break;
    case 4:
      node.op = message.string();
      break;
    case 5:
      readAttribute(message.message("an attribute"),
                    node.attributes.emplace_back());
      break;
    case 7:
      node.domain = domain(message.string());
      break;
    case 8:
      node.overload = message.string();
      break;
    }
  // Empty nodes of two bytes each would take a hundred times their size.
  if (!status.error && node.op.empty())
    status.fail(describe(node) + " has no operator");
  // The innermost node says which one it is; exporters write attributes last.
  if (status.error && !node.op.empty() &&
      !std::exchange(status.hasContext, true))
    status.error = Error(status.error.message() + ", in " + describe(node));
}

void ModelReader::readAttribute(Message message, Attribute &attribute) {
  AttributeType stated = AttributeType::Undefined, seen = stated;
  unsigned allSeen = 0; ///< bit i: a value of type i is there
  auto saw = [&](AttributeType type) {
    seen = type;
    allSeen |= 1u << static_cast<unsigned>(type);
  };
  while (message.next())
    switch (message.field()) {
    case 1:
      attribute.name = message.string();
      break;
    case 2:
      attribute.f = message.f32();
      saw(AttributeType::Float);
      break;
    case 3:
      attribute.i = message.integer();
      saw(AttributeType::Int);
      break;
    case 4:
      attribute.s = message.string();
      saw(AttributeType::String);
      break;
    case 5:
    case 10:
      saw(message.field() == 5 ? AttributeType::Tensor
                               : AttributeType::Tensors);
      tensors.read(message.message("a tensor"),
                   "attribute " + quoted(attribute.name),
                   attribute.tensors.emplace_back());
      break;
    case 6:
    case 11:
      saw(message.field() == 6 ? AttributeType::Graph : AttributeType::Graphs);
      readGraph(message.message("a subgraph"), attribute.graphs.emplace_back());
      break;
    case 7:
      message.floats(attribute.floats);
      saw(AttributeType::Floats);
      break;
    case 8:
      message.integers(attribute.ints);
      saw(AttributeType::Ints);
      break;
    case 9:
      attribute.strings.push_back(message.string());
      saw(AttributeType::Strings);
      break;
    case 14:
    case 15:
      saw(message.field() == 14 ? AttributeType::TypeProto
                                : AttributeType::TypeProtos);
      break;
    case 20:
      stated = readAttributeType(message.integer());
      break;
    case 21:
      attribute.refName = message.string();
      break;
    case 22:
    case 23:
      status.fail("attribute " + quoted(attribute.name) +
                  " is a sparse tensor; sparse tensors are not supported, "
                  "store it as a dense one");
      break;
    }
  attribute.type = stated == AttributeType::Undefined ? seen : stated;
  checkAttribute(attribute, allSeen);
}

AttributeType ModelReader::readAttributeType(int64_t number) {
  if (number >= 0 && number <= static_cast<int64_t>(AttributeType::TypeProtos))
    return static_cast<AttributeType>(number);
  status.fail("attribute type " + std::to_string(number) + " is unknown");
  return AttributeType::Undefined;
}

/// `seen` has bit i set where there is a value of type i.
void ModelReader::checkAttribute(const Attribute &attribute, unsigned seen) {
  if (attribute.name.empty())
    return status.fail("an attribute has no name");
  // Zeros and empty lists may be left out; a value of another type is none.
  if (seen && !(seen >> static_cast<unsigned>(attribute.type) & 1))
    status.fail("attribute " + quoted(attribute.name) + " is of type " +
                std::string(attributeTypeName(attribute.type)) +
                ", but its value is not");
  bool isTensor = attribute.type == AttributeType::Tensor;
  if ((!isTensor && attribute.type != AttributeType::Graph) ||
      !attribute.refName.empty())
    return;
  size_t count = isTensor ? attribute.tensors.size() : attribute.graphs.size();
  if (count != 1)
    status.fail("attribute " + quoted(attribute.name) + " is one " +
                (isTensor ? "tensor" : "graph") + " by its type, but has " +
                std::to_string(count));
}

void ModelReader::readFunction(Message message, Function &function) {
  while (message.next())
    switch (message.field()) {
    case 1:
      function.name = message.string();
      break;
    case 4:
      function.inputs.push_back(message.string());
      break;
    case 5:
      function.outputs.push_back(message.string());
      break;
    case 6:
      function.attributes.push_back(message.string());
      break;
    case 7:
      readNode(message.message("a node"), function.nodes.emplace_back());
      break;
    case 9:
      function.opsets.push_back(readOpset(message.message("an opset import")));
      break;
    case 10:
      function.domain = domain(message.string());
      break;
    case 11:
      readAttribute(message.message("an attribute"),
                    function.defaults.emplace_back());
      break;
    case 13:
      function.overload = message.string();
      break;
    }
}

void ModelReader::readValueInfo(Message message, ValueInfo &info) {
  while (message.next())
    switch (message.field()) {
    case 1:
      info.name = message.string();
      break;
    case 2:
      readType(message.message("a type"), info);
      break;
    }
}

void ModelReader::readType(Message message, ValueInfo &info) {
  while (message.next())
    switch (message.field()) {
    case 1:
      info.kind = ValueKind::Tensor;
      readTensorType(message.message("a tensor type"), info);
      break;
    case 4:
      info.kind = ValueKind::Sequence;
      break;
    case 5:
      info.kind = ValueKind::Map;
      break;
    case 7:
      info.kind = ValueKind::Opaque;
      break;
    case 8:
      info.kind = ValueKind::SparseTensor;
      break;
    case 9:
      info.kind = ValueKind::Optional;
      break;
    }
}

void ModelReader::readTensorType(Message message, ValueInfo &info) {
  while (message.next())
    switch (message.field()) {
    case 1:
      info.type = static_cast<DataType>(message.integer());
      break;
    case 2:
      readShape(message.message("a shape"), info.shape.emplace());
      break;
    }
}

void ModelReader::readShape(Message message, std::vector<Dim> &shape) {
  while (message.next())
    if (message.field() == 1)
      readDim(message.message("a dim"), shape.emplace_back());
}

void ModelReader::readDim(Message message, Dim &dim) {
  while (message.next())
    switch (message.field()) {
    case 1:
      // Some exporters write -1 for a dim that they do not know.
      if (int64_t value = message.integer(); value >= 0)
        dim.value = value;
      break;
    case 2:
      dim.param = message.string();
      break;
    }
}

OpsetImport ModelReader::readOpset(Message message) {
  OpsetImport import;
  while (message.next())
    switch (message.field()) {
    case 1:
      import.domain = domain(message.string());
      break;
    case 2:
      import.version = message.integer();
      break;
    }
  return import;
}

std::pair<std::string, std::string> ModelReader::readEntry(Message message) {
  std::pair<std::string, std::string> entry;
  while (message.next())
    switch (message.field()) {
    case 1:
      entry.first = message.string();
      break;
    case 2:
      entry.second = message.string();
      break;
    }
  return entry;
}

/// The name of a SparseTensorProto is that of its values.
std::string ModelReader::sparseTensorName(Message message) {
  std::string name;
  while (message.next())
    if (message.field() == 1) {
      Message values = message.message("a tensor");
      while (values.next())
        if (values.field() == 8)
          name = values.string();
    }
  return quoted(name);
}

/// What a file that is no ONNX model most likely is, with what to do about it.
std::string guessFormat(std::span<const std::byte> file) {
  std::string_view text(reinterpret_cast<const char *>(file.data()),
                        file.size());
  if (text.starts_with("version https://git-lfs"))
    return "it is a Git LFS pointer; `git lfs pull` gets the model itself";
  if (text.starts_with("PK\x03\x04"))
    return "it is a zip archive or a PyTorch checkpoint; export it with "
           "torch.onnx.export";
  // A flatbuffer: the zeros are the high half of its root offset.
  if (text.size() > 8 && text.substr(2, 6) == std::string_view("\0\0ORTM", 6))
    return "it is in ONNX Runtime's own format; take the .onnx file that it "
           "was made from";
  if (text.starts_with("\x89HDF"))
    return "it is an HDF5 file (Keras?); export it with tf2onnx";
  if (text.starts_with("GGUF"))
    return "it is a GGUF file; export the model to ONNX";
  if (text.starts_with("<") || text.starts_with("{"))
    return "it is text";
  return "";
}
} // namespace

Error readModel(const std::string &path, Model &model) {
  std::shared_ptr<const MappedFile> file;
  if (Error error = MappedFile::open(path, file))
    return error;
  return readModel(std::move(file), model);
}

Error readModel(std::shared_ptr<const MappedFile> file, Model &model) {
  const std::string &path = file->path();
  std::span<const std::byte> bytes = file->bytes();
  model = Model();
  model.path = path;
  model.data.addFile(path.substr(path.rfind('/') + 1), file);
  if (bytes.empty())
    return Error(path + ": is empty, not an ONNX model");
  if (bytes.size() > INT_MAX)
    return Error(
        path +
        ": has more than 2 GiB, which no ONNX file can; save the model with "
        "external data");
  if (std::string guess = guessFormat(bytes); !guess.empty())
    return Error(path + ": is not an ONNX model: " + guess);

  WireStatus status{path, bytes, {}, false};
  ModelReader reader(status, model.data);
  reader.readModel(Message(status, bytes, "the model"), model);
  // A model begins with its version: before it, this is another kind of file.
  if (status.error && model.irVersion == 0 && !reader.foundGraph())
    return Error(path + ": is not an ONNX model, or " +
                 status.error.message().substr(path.size() + 2));
  if (status.error)
    return status.error;
  if (!reader.foundGraph())
    return Error(path +
                 ": is not an ONNX model, or is truncated: it has no graph");
  if (model.opsets.empty())
    return Error(path + ": does not say which opset it uses; is it truncated?");
  return Error();
}

Error loadModel(const std::string &path, Model &model) {
  std::shared_ptr<const MappedFile> file;
  if (Error error = MappedFile::open(path, file))
    return error;
  return loadModel(std::move(file), model);
}

Error loadModel(std::shared_ptr<const MappedFile> file, Model &model) {
  if (Error error = readModel(std::move(file), model))
    return error;
  if (Error error = inlineFunctions(model))
    return error;
  return repair(model);
}

} // namespace ingot::onnx
