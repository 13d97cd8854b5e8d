#include "frontend/onnx/Import.h"

#include "frontend/onnx/ForwardPass.h"
#include "frontend/onnx/OpTable.h"
#include "frontend/onnx/Reader.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace ingot::onnx {

/// A forward pass takes milliseconds and each restart settles one assumption;
/// the model in need of most has some 20.
static constexpr unsigned kMaxRestarts = 500;

std::optional<std::string> parseDimOptions(llvm::StringRef text,
                                           std::vector<DimOption> &dims) {
  for (llvm::StringRef part : llvm::split(text, ',')) {
    auto [name, value] = part.rsplit('=');
    auto [low, high] = value.split("..");
    bool isRange = value.contains("..");
    DimOption option{name.trim().str()};
    if (option.name.empty() || low.trim().getAsInteger(10, option.min) ||
        option.min < 0 ||
        (isRange && !high.trim().empty() &&
         high.trim().getAsInteger(10, option.max)) ||
        (!high.trim().empty() && option.max < option.min))
      return "'" + part.str() + "' is not NAME=NUMBER or NAME=MIN..MAX";
    if (!isRange)
      option.max = option.min;
    dims.push_back(std::move(option));
  }
  return std::nullopt;
}

namespace {

/// The import of one model: owns what the passes share.
class Importer {
public:
  Importer(const Model &model, const ImportOptions &options,
           MLIRContext &context)
      : model(model), context(context),
        weights(std::make_shared<WeightStore>(
            llvm::sys::path::parent_path(model.path).str())),
        loc(NameLoc::get(StringAttr::get(&context, model.path))),
        options(options), state{model, options, *weights} {}

  FailureOr<ImportedModel> run(ValueTypes *types);

private:
  LogicalResult checkOpset();
  LogicalResult collectInputs();
  FailureOr<InputSymbols> makeSymbols(bool useNames);
  /// The symbol that the last fact pins.
  std::string pinnedSymbol() const {
    const ShapeFacts &facts = state.facts;
    bool isSolved = facts.requirements.back().relation == tfm::Comparison::Eq &&
                    !facts.substitutions.empty();
    return isSolved ? facts.substitutions.back().symbol
                    : facts.requirements.back().lhs;
  }

  const Model &model;
  MLIRContext &context;
  std::shared_ptr<WeightStore> weights;
  Location loc;
  const ImportOptions &options;
  ImportState state;
  std::vector<const ValueInfo *> arguments;
  std::vector<DeclaredInput> declared;
  std::string droppedNames; ///< why dim names are not used, where they are not
};

LogicalResult Importer::checkOpset() {
  int64_t opset = model.opset("");
  if (opset != 0 && (opset < kMinOpset || opset > kMaxOpset))
    return emitError(loc) << "the model has opset " << opset
                          << ", supported are " << kMinOpset << " to "
                          << kMaxOpset;
  return success();
}

/// Why `value` cannot be baked as `input`.
static std::optional<std::string> misfit(const ValueInfo &input,
                                         DenseElementsAttr value) {
  auto type = llvm::cast<RankedTensorType>(value.getType());
  bool fits = !input.shape ||
              static_cast<int64_t>(input.shape->size()) == type.getRank();
  for (int64_t i = 0; fits && input.shape && i < type.getRank(); ++i)
    fits = (*input.shape)[i].value.value_or(0) == 0 ||
           *(*input.shape)[i].value == type.getDimSize(i);
  // Spelled alike by both for all types that are supported.
  fits &= typeText(type.getElementType()) == dataTypeName(input.type);
  if (fits)
    return std::nullopt;
  return "the constant given for it is " + typeText(type) +
         ", the model declares " + dataTypeName(input.type) + " and its dims";
}

/// What the caller passes at run time: inputs that are neither initializers nor
/// baked.
LogicalResult Importer::collectInputs() {
  llvm::StringSet<> initializers, names;
  for (const TensorRef &tensor : model.graph.initializers)
    initializers.insert(tensor.name);
  Report report;
  for (const ValueInfo &input : model.graph.inputs) {
    names.insert(input.name);
    Location at = NameLoc::get(StringAttr::get(&context, input.name));
    if (auto it = options.constantInputs.find(input.name);
        it != options.constantInputs.end()) {
      if (std::optional<std::string> wrong = misfit(input, it->second))
        report.add({at, "input", input.name, "", *wrong, ""});
      continue;
    }
    if (initializers.contains(input.name))
      continue;
    if (input.kind != ValueKind::Tensor || !input.shape) {
      report.add({at, "input", input.name, "",
                  input.kind != ValueKind::Tensor
                      ? "it is no tensor"
                      : "its rank is not known: the model gives no shape",
                  "a tensor with a shape, whose dims may be unknown"});
      continue;
    }
    arguments.push_back(&input);
    DeclaredInput &made = declared.emplace_back();
    made.name = input.name;
    for (const Dim &dim : *input.shape)
      // An exporter's 0 says that it did not know.
      made.dims.push_back(
          {dim.value == 0 ? std::nullopt : dim.value, dim.param});
  }
  for (auto &entry : options.constantInputs)
    if (!names.contains(entry.getKey()))
      return emitError(loc)
             << "there is no input '" << entry.getKey() << "' to make constant";
  if (report.empty())
    return success();
  report.emit(loc, model.graph.nodes.size());
  return failure();
}

FailureOr<InputSymbols> Importer::makeSymbols(bool useNames) {
  state.facts = {};
  state.valueSymbols.clear();
  InputSymbols symbols(declared, useNames);
  if (std::optional<std::string> wrong =
          symbols.apply(options.dims, state.facts))
    return emitError(loc) << *wrong;
  return symbols;
}

FailureOr<ImportedModel> Importer::run(ValueTypes *types) {
  if (failed(checkOpset()) || failed(collectInputs()))
    return failure();
  bool useNames = !options.ignoreDimNames;
  FailureOr<InputSymbols> symbols = makeSymbols(useNames);
  if (failed(symbols))
    return failure();
  for (unsigned i = 0; i < kMaxRestarts; ++i) {
    state.facts.forgetChecks();
    ForwardPass pass(state, *symbols, arguments, context);
    ForwardPass::Outcome outcome = pass.run();
    // A contradiction without names is what the model demands of its inputs,
    // and so is a number for a dim that shares its name with no other. But 0
    // comes from an equation where names cancel, sequence = past + sequence.
    if (outcome == ForwardPass::Outcome::NamesContradict && useNames &&
        (state.facts.requirements.back().rhs == "0" ||
         symbols->isShared(pinnedSymbol(), state.facts))) {
      const Requirement &last = state.facts.requirements.back();
      droppedNames = "the names of the inputs' dims contradict the model ('" +
                     last.lhs + "' would have to be " + last.rhs + " for " +
                     last.sentence + "): every dim is taken for itself";
      emitWarning(loc) << droppedNames;
      useNames = false;
      if (failed(symbols = makeSymbols(useNames)))
        return failure();
      continue;
    }
    if (outcome == ForwardPass::Outcome::Refused) {
      pass.report().emit(loc, pass.numNodes());
      return failure();
    }
    if (outcome != ForwardPass::Outcome::Done)
      continue;
    OwningOpRef<ModuleOp> module = pass.takeModule();
    if (!droppedNames.empty())
      (*module)->setAttr("tfm.dropped_names",
                         StringAttr::get(&context, droppedNames));
    if (failed(verify(*module)))
      return failure();
    if (types)
      *types = pass.valueTypes();
    return ImportedModel{std::move(module), weights};
  }
  return emitError(loc) << "the dims do not settle: "
                        << state.facts.requirements.size()
                        << " assumptions, the last for "
                        << (state.facts.requirements.empty()
                                ? std::string("an input")
                                : state.facts.requirements.back().sentence);
}

} // namespace

FailureOr<ImportedModel> importOnnx(llvm::StringRef path,
                                    const ImportOptions &options,
                                    MLIRContext &context, ValueTypes *types) {
  Model model;
  if (Error error = loadModel(path.str(), model))
    return emitError(UnknownLoc::get(&context)) << error.message();
  return importModel(model, options, context, types);
}

FailureOr<ImportedModel> importModel(const Model &model,
                                     const ImportOptions &options,
                                     MLIRContext &context, ValueTypes *types) {
  context.loadDialect<tfm::TfmDialect, func::FuncDialect>();
  return Importer(model, options, context).run(types);
}

} // namespace ingot::onnx
