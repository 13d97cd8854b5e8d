#include "tools/compiler/ModelSource.h"

#include "ir/plan/Plan.h"
#include "passes/Weights.h"
#include "tools/compiler/Tensors.h"
#include "tools/ingot/Npz.h"
#include "tools/ingot/TensorProto.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace ingot::cli {

static int parseConstantInputs(const Options &options,
                               std::vector<Array> &constants) {
  for (llvm::StringRef value : options.all("--constant-input")) {
    // Names may hold '=', paths rarely do.
    auto [name, path] = value.rsplit('=');
    if (name.empty() || path.empty())
      return failUsage("--constant-input takes NAME=FILE, not \"%s\"",
                       value.str().c_str());
    for (const Array &other : constants)
      if (other.name == name)
        return failUsage("--constant-input names %s twice", name.str().c_str());
    Array &array = constants.emplace_back();
    std::string error = path.ends_with(".npy")
                            ? readNpy(path.str(), array)
                            : readTensorProto(path.str(), array);
    if (!error.empty())
      return fail("--constant-input %s: %s", name.str().c_str(), error.c_str());
    array.name = name.str();
  }
  return 0;
}

int parseModelSource(const Options &options, const char *verb, bool hasDims,
                     ModelSource &source) {
  if (options.files.size() != 1)
    return failUsage("ingot %s takes one model; see ingot %s --help", verb,
                     verb);
  source.path = options.files[0];
  for (const char *name : {"--dims", "--constant-input"})
    if (source.isIr() && options.has(name) &&
        (hasDims || llvm::StringRef(name) != "--dims"))
      return failUsage("%s is for .onnx files: the inputs of %s are settled",
                       name, source.path.c_str());
  if (const char *dims = hasDims ? options.get("--dims") : nullptr)
    if (std::optional<std::string> wrong =
            onnx::parseDimOptions(dims, source.dims))
      return failUsage("%s", wrong->c_str());
  return parseConstantInputs(options, source.constants);
}

func::FuncOp entryOf(ModuleOp module) {
  return module.lookupSymbol<func::FuncOp>("main");
}

static constexpr llvm::StringLiteral kStageAttr = "tfm.stage";

Stage currentStage(ModuleOp module) {
  auto name = module->getAttrOfType<StringAttr>(kStageAttr);
  return name ? stageOf(name.getValue()).value_or(Stage::Import)
              : Stage::Import;
}

void setStage(ModuleOp module, Stage stage) {
  module->setAttr(kStageAttr,
                  StringAttr::get(module.getContext(), stageName(stage)));
}

/// What passes take for granted of a module and the verifier does not check.
static LogicalResult checkModule(ModuleOp module) {
  for (Operation &op : module.getOps())
    if (isa<plan::PlanDialect>(op.getDialect()))
      return op.emitError() << "this is the plan stage; a model is read at the "
                               "stages import, canonical and fused";
  if (auto name = module->getAttrOfType<StringAttr>(kStageAttr))
    if (std::optional<Stage> stage = stageOf(name.getValue());
        !stage || *stage > Stage::Fused)
      return emitError(module.getLoc())
             << kStageAttr << " is " << name
             << "; a model is read at the stages import, canonical and fused";
  func::FuncOp entry = entryOf(module);
  if (!entry || entry.isExternal())
    return emitError(module.getLoc()) << "there is no function @main";
  if (!entry.getBody().hasOneBlock())
    return entry.emitError() << "@main has more than one block";
  WalkResult walked = entry.walk([](Operation *op) {
    if (isa<tfm::TfmDialect>(op->getDialect()) ||
        isa<func::FuncOp, func::ReturnOp, arith::ConstantOp>(op))
      return WalkResult::advance();
    op->emitError() << op->getName() << " is no operation of a model";
    return WalkResult::interrupt();
  });
  if (walked.wasInterrupted())
    return failure();
  auto check = [&](TypeRange types, llvm::StringRef what,
                   auto nameOf) -> LogicalResult {
    for (auto [i, type] : llvm::enumerate(types)) {
      if (!nameOf(i))
        return entry.emitError()
               << what << " " << i << " of @main has no tfm.name";
      if (!isa<RankedTensorType>(type))
        return entry.emitError() << what << " " << i << " of @main is no tensor"
                                 << " with a rank, but " << type;
    }
    return success();
  };
  if (failed(check(entry.getArgumentTypes(), "input",
                   [&](unsigned i) {
                     return entry.getArgAttrOfType<StringAttr>(i, "tfm.name");
                   })) ||
      failed(check(entry.getResultTypes(), "output", [&](unsigned i) {
        return entry.getResultAttrOfType<StringAttr>(i, "tfm.name");
      })))
    return failure();
  return success();
}

static FailureOr<onnx::ImportedModel> parseIr(llvm::StringRef path,
                                              MLIRContext &context) {
  context.loadDialect<tfm::TfmDialect, plan::PlanDialect, func::FuncDialect,
                      arith::ArithDialect>();
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(path, &context);
  if (!module || failed(checkModule(*module)))
    return failure();
  auto weights = std::make_shared<WeightStore>(
      WeightStore::folderOf(*module, llvm::sys::path::parent_path(path)));
  return onnx::ImportedModel{std::move(module), std::move(weights)};
}

FailureOr<onnx::ImportedModel> loadModel(const ModelSource &source,
                                         MLIRContext &context) {
  onnx::ImportOptions options;
  options.dims = source.dims;
  for (const Array &array : source.constants)
    options.constantInputs.try_emplace(array.name, attributeOf(array, context));
  FailureOr<onnx::ImportedModel> model =
      source.isIr() ? parseIr(source.path, context)
                    : onnx::importOnnx(source.path, options, context);
  if (succeeded(model))
    setWeightStore(context, model->weights);
  return model;
}

} // namespace ingot::cli
