// `ingot run --device=reference`: the model as imported, by ir/reference.
#include "ir/reference/Interpreter.h"
#include "ir/reference/MlirTensor.h"
#include "tools/compiler/CompilerVerbs.h"
#include "tools/compiler/Diagnostics.h"
#include "tools/compiler/ModelSource.h"
#include "tools/compiler/Tensors.h"
#include "tools/ingot/RandomInputs.h"
#include "tools/ingot/Runner.h"

using namespace mlir;

namespace ingot::cli {

namespace {
class ReferenceRunner : public Runner {
public:
  ReferenceRunner(onnx::ImportedModel &model, DiagnosticPrinter &printer)
      : entry(entryOf(*model.module)), printer(printer),
        interpreter(*model.module, [&model](tfm::WeightOp weight) {
          return model.weights->bytes(weight);
        }) {
    for (unsigned i = 0; i < entry.getNumArguments(); ++i)
      inputs.push_back(nameOf(entry.getArgAttr(i, "tfm.name")));
    for (unsigned i = 0; i < entry.getNumResults(); ++i)
      outputs.push_back(nameOf(entry.getResultAttr(i, "tfm.name")));
  }

  std::vector<std::string> inputNames() const override { return inputs; }
  std::vector<std::string> outputNames() const override { return outputs; }

  int run(std::vector<Array> given, std::vector<Array> &results) override;
  int runRandom(const Dims &dims, uint64_t seed,
                std::vector<Array> &results) override;

private:
  static std::string nameOf(Attribute name) {
    return cast<StringAttr>(name).str();
  }
  RankedTensorType inputType(size_t i) {
    return cast<RankedTensorType>(entry.getArgumentTypes()[i]);
  }
  ArrayAttr declaredSymbols() {
    auto symbols = entry->getAttrOfType<ArrayAttr>("tfm.symbols");
    return symbols ? symbols : Builder(entry.getContext()).getArrayAttr({});
  }
  int bindDims(const Dims &dims, SymbolValues &values);
  int makeInputs(SymbolValues &values, uint64_t seed, int64_t tokens,
                 std::vector<Array> &made);
  int check(size_t i, const Array &array);
  int interpret(const std::vector<Array> &arrays, std::vector<Array> &results);

  func::FuncOp entry;
  DiagnosticPrinter &printer;
  Interpreter interpreter;
  std::vector<std::string> inputs, outputs;
};

/// What the runtime checks when an input is set, in its words.
int ReferenceRunner::check(size_t i, const Array &array) {
  RankedTensorType type = inputType(i);
  ingot_type declared = typeOf(type.getElementType());
  if (declared != array.type)
    return fail("input '%s' has type %s, but %s was given", array.name.c_str(),
                ingot_type_name(declared), ingot_type_name(array.type));
  if (type.getRank() != static_cast<int64_t>(array.dims.size()))
    return fail("input '%s' has rank %lld, but rank %zu was given",
                array.name.c_str(), static_cast<long long>(type.getRank()),
                array.dims.size());
  return 0;
}

/// `arrays` in the order of the inputs.
int ReferenceRunner::interpret(const std::vector<Array> &arrays,
                               std::vector<Array> &results) {
  std::vector<reference::Tensor> tensors;
  for (const Array &array : arrays)
    tensors.push_back(tensorOf(array));
  FailureOr<std::vector<reference::Tensor>> values =
      interpreter.run(entry, tensors);
  if (mlir::failed(values))
    return kExitInput;
  for (auto [name, value] : llvm::zip_equal(outputs, *values))
    results.push_back(arrayOf(name, value));
  return 0;
}

int ReferenceRunner::run(std::vector<Array> given,
                         std::vector<Array> &results) {
  std::vector<Array> sorted(inputs.size());
  std::vector<bool> isSet(inputs.size());
  for (Array &array : given) {
    size_t i = llvm::find(inputs, array.name) - inputs.begin();
    if (i == inputs.size())
      return fail("there is no input '%s'; there is: '%s'", array.name.c_str(),
                  llvm::join(inputs, "', '").c_str());
    if (int code = check(i, array))
      return code;
    sorted[i] = std::move(array);
    isSet[i] = true;
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!isSet[i])
      return fail("input '%s' is not set", inputs[i].c_str());
  return interpret(sorted, results);
}

int ReferenceRunner::bindDims(const Dims &dims, SymbolValues &values) {
  std::vector<std::string> names;
  for (auto symbol : declaredSymbols().getAsRange<tfm::SymbolAttr>()) {
    if (symbol.getMin() == symbol.getMax())
      values.bind(symbol.getName().getValue(), symbol.getMin());
    else
      names.push_back(symbol.getName().str());
  }
  for (const auto &[name, value] : dims) {
    if (!llvm::is_contained(names, name))
      return failUnknownSymbol(name, names);
    values.bind(name, value);
  }
  return 0;
}

int ReferenceRunner::makeInputs(SymbolValues &values, uint64_t seed,
                                int64_t tokens, std::vector<Array> &made) {
  uint64_t state = seed;
  for (size_t i = 0; i < inputs.size(); ++i) {
    RankedTensorType type = inputType(i);
    Array &array = made.emplace_back();
    array.name = inputs[i];
    array.type = typeOf(type.getElementType());
    for (const std::string &dim : tfm::dimTexts(type))
      for (auto &symbol : onnx::symbolsIn(dim))
        if (!values.find(symbol.getKey()))
          return failMissingSymbol(array.name, symbol.getKey().str());
    reference::Result<reference::Shape> shape = values.shapeOf(type);
    if (!shape)
      return fail("input %s: %s", array.name.c_str(), shape.message().c_str());
    array.dims = *shape;
    if (int code = fillRandom(array, tokens, state))
      return code;
  }
  // Symbols that inputs carry as elements, such as the length of a cache.
  for (auto symbol : declaredSymbols().getAsRange<tfm::SymbolAttr>()) {
    std::optional<int64_t> value = values.find(symbol.getName().getValue());
    Array &array = made[static_cast<size_t>(symbol.getInput())];
    if (symbol.isValue() && value && !array.data.empty())
      storeElement(array, 0, static_cast<double>(*value));
  }
  return 0;
}

int ReferenceRunner::runRandom(const Dims &dims, uint64_t seed,
                               std::vector<Array> &results) {
  SymbolValues values;
  if (int code = bindDims(dims, values))
    return code;
  for (int64_t tokens = kMostTokens;; tokens /= 10) {
    std::vector<Array> made;
    if (int code = makeInputs(values, seed, tokens, made))
      return code;
    // What is wrong with larger ids is of no interest.
    bool isLast = tokens == 1;
    printer.mute(!isLast);
    int code = interpret(made, results);
    printer.mute(false);
    if (code == 0 || isLast)
      return code;
  }
}
} // namespace

int runReferenceVerb(int argc, const char **argv) {
  RunRequest request;
  ModelSource source;
  if (int code = parseRun(argc, argv, request))
    return code;
  if (int code =
          parseModelSource(request.options, "run", /*hasDims=*/false, source))
    return code;
  MLIRContext context(MLIRContext::Threading::DISABLED);
  DiagnosticPrinter printer(context);
  FailureOr<onnx::ImportedModel> model = loadModel(source, context);
  if (mlir::failed(model))
    return kExitInput;
  ReferenceRunner runner(*model, printer);
  return execute(request, runner);
}

} // namespace ingot::cli
