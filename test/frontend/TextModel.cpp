#include "test/frontend/TextModel.h"

#include "frontend/onnx/TfmBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace ingot::test {

using namespace onnx;

namespace {

DataType typeOf(llvm::StringRef name) {
  for (int32_t i = 1; i < 27; ++i)
    if (name == dataTypeName(static_cast<DataType>(i)))
      return static_cast<DataType>(i);
  ADD_FAILURE() << "no type " << name.str();
  return DataType::Undefined;
}

/// "a, b" without blanks around the parts; nothing for blank text.
llvm::SmallVector<llvm::StringRef> listOf(llvm::StringRef text) {
  llvm::SmallVector<llvm::StringRef> parts;
  if (text.trim().empty())
    return parts;
  text.split(parts, ',');
  for (llvm::StringRef &part : parts)
    part = part.trim();
  return parts;
}

/// NAME TYPE[dims], and what follows.
ValueInfo valueOf(llvm::StringRef text, llvm::StringRef &rest) {
  ValueInfo value;
  value.kind = ValueKind::Tensor;
  auto [name, type] = text.trim().split(' ');
  value.name = name.str();
  size_t open = type.find('['), close = type.find(']');
  value.type = typeOf(type.take_front(open).trim());
  rest =
      close == llvm::StringRef::npos ? "" : type.drop_front(close + 1).trim();
  if (open == llvm::StringRef::npos)
    return value;
  value.shape.emplace();
  for (llvm::StringRef dim : listOf(type.slice(open + 1, close))) {
    Dim &made = value.shape->emplace_back();
    if (int64_t number; !dim.getAsInteger(10, number))
      made.value = number;
    else if (dim != "?")
      made.param = dim.str();
  }
  return value;
}

template <typename T>
void append(std::vector<std::byte> &bytes, llvm::StringRef text) {
  T value = std::is_integral_v<T> ? static_cast<T>(std::stoll(text.str()))
                                  : static_cast<T>(std::stod(text.str()));
  auto *raw = reinterpret_cast<const std::byte *>(&value);
  bytes.insert(bytes.end(), raw, raw + sizeof(T));
}

void appendHalf(std::vector<std::byte> &bytes, llvm::StringRef text,
                const llvm::fltSemantics &semantics) {
  llvm::APFloat value(std::stod(text.str()));
  bool losesInfo;
  value.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  auto bits = static_cast<uint16_t>(value.bitcastToAPInt().getZExtValue());
  auto *raw = reinterpret_cast<const std::byte *>(&bits);
  bytes.insert(bytes.end(), raw, raw + sizeof(bits));
}

int64_t bytesOf(const TensorRef &tensor) {
  return (tensor.elementCount() * bitWidth(tensor.type) + 7) / 8;
}

TensorRef constantOf(llvm::StringRef text, TensorData &data) {
  llvm::StringRef numbers;
  ValueInfo value = valueOf(text, numbers);
  TensorRef tensor;
  tensor.name = value.name;
  tensor.type = value.type;
  for (const Dim &dim : *value.shape)
    tensor.dims.push_back(*dim.value);
  std::vector<std::byte> bytes;
  if (numbers == "random") {
    // From the name alone: the same in every run.
    uint64_t state = 0;
    for (char c : value.name)
      state = state * 131 + static_cast<unsigned char>(c);
    bool isFloat = tensor.type == DataType::Float;
    int64_t count = isFloat ? tensor.elementCount() : bytesOf(tensor);
    for (int64_t i = 0; i < count; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      if (!isFloat) {
        bytes.push_back(static_cast<std::byte>(state >> 56));
        continue;
      }
      auto number =
          static_cast<float>(static_cast<double>(state >> 40) / (1 << 23) - 1);
      auto *raw = reinterpret_cast<const std::byte *>(&number);
      bytes.insert(bytes.end(), raw, raw + sizeof(number));
    }
    data.setDecoded(tensor, bytes);
    return tensor;
  }
  llvm::SmallVector<llvm::StringRef> list;
  numbers.split(list, ' ', -1, /*KeepEmpty=*/false);
  for (int64_t i = 0; i < tensor.elementCount(); ++i) {
    // One number stands for all.
    llvm::StringRef number = list.size() == 1 ? list[0] : list[i];
    switch (tensor.type) {
    case DataType::Float:
      append<float>(bytes, number);
      break;
    case DataType::Double:
      append<double>(bytes, number);
      break;
    case DataType::Float16:
      appendHalf(bytes, number, llvm::APFloat::IEEEhalf());
      break;
    case DataType::BFloat16:
      appendHalf(bytes, number, llvm::APFloat::BFloat());
      break;
    case DataType::Int64:
      append<int64_t>(bytes, number);
      break;
    case DataType::Int32:
      append<int32_t>(bytes, number);
      break;
    case DataType::Int4:
    case DataType::UInt4: {
      auto half = static_cast<std::byte>(std::stoi(number.str()) & 15);
      if (i % 2 == 0)
        bytes.push_back(half);
      else
        bytes.back() |= half << 4;
      break;
    }
    default:
      append<uint8_t>(bytes, number);
      break;
    }
  }
  data.setDecoded(tensor, bytes);
  return tensor;
}

Attribute attributeOf(llvm::StringRef name, llvm::StringRef value) {
  Attribute attribute;
  attribute.name = name.str();
  if (value.consume_front("\"")) {
    attribute.type = AttributeType::String;
    attribute.s = value.drop_back().str();
  } else if (value.consume_front("[")) {
    attribute.type = AttributeType::Ints;
    for (llvm::StringRef part : listOf(value.drop_back()))
      attribute.ints.push_back(std::stoll(part.str()));
  } else if (value.contains('.')) {
    attribute.type = AttributeType::Float;
    attribute.f = std::stof(value.str());
  } else {
    attribute.type = AttributeType::Int;
    attribute.i = std::stoll(value.str());
  }
  return attribute;
}

Node nodeOf(llvm::StringRef line, const Model &model) {
  Node node;
  auto [outputs, call] = line.split('=');
  for (llvm::StringRef output : listOf(outputs))
    node.outputs.push_back(output.str());
  auto [op, rest] = call.split('(');
  auto [name, domain] = op.trim().split(':');
  auto [inputs, attributes] = rest.split(')');
  node.op = name.str();
  node.domain = domain.str();
  node.name = "the_" + name.lower();
  node.opset = std::max<int64_t>(model.opset(node.domain), 1);
  for (llvm::StringRef input : listOf(inputs))
    node.inputs.push_back(input.str());
  // Blanks separate attributes, but not inside brackets.
  std::string joined;
  bool isInside = false;
  for (char c : attributes.trim()) {
    isInside = (isInside || c == '[') && c != ']';
    if (c != ' ' || !isInside)
      joined += c;
  }
  llvm::SmallVector<llvm::StringRef> list;
  llvm::StringRef(joined).split(list, ' ', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef item : list)
    node.attributes.push_back(
        attributeOf(item.split('=').first, item.split('=').second));
  return node;
}

} // namespace

Model parseModel(llvm::StringRef text) {
  Model model;
  model.path = "text.onnx";
  for (llvm::StringRef line : llvm::split(text, '\n')) {
    llvm::StringRef rest;
    line = line.trim();
    int64_t version;
    if (line.empty())
      continue;
    if (line.consume_front("opset ")) {
      line.getAsInteger(10, version);
      model.opsets.push_back({"", version});
    } else if (line.consume_front("input ")) {
      model.graph.inputs.push_back(valueOf(line, rest));
    } else if (line.consume_front("const ")) {
      model.graph.initializers.push_back(constantOf(line, model.data));
    } else if (line.consume_front("return ")) {
      for (llvm::StringRef item : listOf(line)) {
        auto [name, type] = item.split(' ');
        ValueInfo &output = model.graph.outputs.emplace_back();
        output.name = name.str();
        if (!type.empty())
          output.type = typeOf(type);
      }
    } else {
      model.graph.nodes.push_back(nodeOf(line, model));
    }
  }
  return model;
}

Imported importText(llvm::StringRef text, const ImportOptions &options) {
  Model model = parseModel(text);
  Imported out;
  MLIRContext context(MLIRContext::Threading::DISABLED);
  llvm::raw_string_ostream diagnostics(out.diagnostics);
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    diagnostics << diagnostic << "\n";
    for (Diagnostic &note : diagnostic.getNotes())
      diagnostics << "  " << note << "\n";
    return success();
  });
  FailureOr<ImportedModel> imported = importModel(model, options, context);
  if (failed(imported))
    return out;
  llvm::raw_string_ostream results(out.results), requirements(out.requirements),
      symbols(out.symbols), ir(out.ir);
  imported->module->print(ir);
  // What is printed reads back as itself.
  OwningOpRef<ModuleOp> again = parseSourceString<ModuleOp>(out.ir, &context);
  EXPECT_TRUE(again) << out.ir;
  if (again) {
    std::string text;
    llvm::raw_string_ostream(text) << **again << "\n";
    EXPECT_EQ(llvm::StringRef(text).trim(), llvm::StringRef(out.ir).trim());
  }
  auto function = *imported->module->getOps<func::FuncOp>().begin();
  for (Type type : function.getResultTypes())
    results << typeText(type) << "\n";
  for (auto require : function.getOps<tfm::RequireOp>())
    requirements << tfm::stringifyComparison(require.getRelation()) << " "
                 << require.getValues().text(0) << " "
                 << require.getValues().text(1) << "\n";
  for (mlir::Attribute attr :
       function->getAttrOfType<ArrayAttr>("tfm.symbols")) {
    auto symbol = llvm::cast<tfm::SymbolAttr>(attr);
    symbols << symbol.getName().getValue() << " input " << symbol.getInput()
            << " axis " << symbol.getAxis() << " [" << symbol.getMin() << ", "
            << symbol.getMax() << "]\n";
  }
  return out;
}

void PrintTo(const ImportCase &c, std::ostream *out) { *out << c.name; }

void expectImport(const ImportCase &c) {
  Imported out = importText(c.model);
  std::string expected = c.expected;
  if (expected[0] == '!') {
    EXPECT_EQ(out.results, "");
    EXPECT_NE(out.diagnostics.find(expected.substr(1)), std::string::npos)
        << out.diagnostics;
    return;
  }
  EXPECT_EQ(out.results, expected + "\n") << out.diagnostics;
  size_t from = 0;
  for (const char *part : c.parts) {
    size_t at = out.ir.find(part, from);
    EXPECT_NE(at, std::string::npos) << "no " << part << " in\n" << out.ir;
    from = at == std::string::npos ? from : at;
  }
}

} // namespace ingot::test
