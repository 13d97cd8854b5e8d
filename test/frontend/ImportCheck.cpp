//===- ImportCheck.cpp - Imports a model and prints what came out ---------===//
//
//   ingot-import-check MODEL [--dims NAME=N,..] [--ignore-dim-names]
//   [--locations]
//       prints the module
//   ingot-import-check MODEL --shapes INPUT=2x8 --shapes INPUT=...
//       binds the symbols to the dims of the inputs, checks the requirements
//       and prints NAME<tab>TYPE<tab>DIMS of every value, with numbers for dims
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/Import.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"

using namespace ingot;
using namespace mlir;
namespace cl = llvm::cl;

static cl::opt<std::string> modelPath(cl::Positional, cl::Required);
static cl::list<std::string> dimOptions("dims");
static cl::opt<bool> ignoreNames("ignore-dim-names");
static cl::opt<bool> withLocations("locations");
static cl::list<std::string> shapes("shapes");
static cl::opt<bool> quiet("quiet");

namespace {

using Bound = llvm::StringMap<int64_t>;

std::optional<int64_t> evaluate(llvm::StringRef text, const Bound &bound) {
  ExprPool pool;
  std::optional<Expr> expr = pool.parse({text.data(), text.size()});
  if (!expr)
    return std::nullopt;
  ExprEnvironment env;
  bool isComplete = true;
  env.leaf = [&](Expr leaf) -> int64_t {
    auto it = bound.find({pool.name(leaf).data(), pool.name(leaf).size()});
    isComplete &= it != bound.end();
    return it == bound.end() ? 0 : it->second;
  };
  std::optional<int64_t> value = pool.evaluate(*expr, env);
  return isComplete ? value : std::nullopt;
}

/// As the runtime binds: symbols from their sources, then every input dim and
/// every requirement is checked.
LogicalResult bind(func::FuncOp function, Bound &bound) {
  llvm::StringMap<llvm::SmallVector<int64_t>> given;
  for (llvm::StringRef text : shapes) {
    auto [name, dims] = text.rsplit('=');
    llvm::SmallVector<int64_t> &list = given[name];
    for (llvm::StringRef dim : llvm::split(dims, 'x'))
      if (int64_t n; !dim.getAsInteger(10, n))
        list.push_back(n);
  }
  auto inputName = [&](unsigned i) {
    return function.getArgAttrOfType<StringAttr>(i, "tfm.name").getValue();
  };
  for (Attribute attr : function->getAttrOfType<ArrayAttr>("tfm.symbols")) {
    auto symbol = llvm::cast<tfm::SymbolAttr>(attr);
    if (symbol.getAxis() < 0)
      continue;
    int64_t value = given[inputName(symbol.getInput())][symbol.getAxis()];
    bound[symbol.getName()] = value;
    if (value < symbol.getMin() ||
        (symbol.getMax() >= 0 && value > symbol.getMax()))
      return emitError(function.getLoc())
             << symbol.getName() << " = " << value << " is outside " << symbol;
  }
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto type = llvm::cast<RankedTensorType>(function.getArgument(i).getType());
    for (auto [axis, text] : llvm::enumerate(tfm::dimTexts(type)))
      if (evaluate(text, bound) != given[inputName(i)][axis])
        return emitError(function.getLoc())
               << "dim " << axis << " of " << inputName(i) << " is "
               << given[inputName(i)][axis] << ", not " << text;
  }
  for (auto require : function.getOps<tfm::RequireOp>()) {
    std::optional<int64_t> a = evaluate(require.getValues().text(0), bound);
    std::optional<int64_t> b = evaluate(require.getValues().text(1), bound);
    bool holds =
        a && b &&
        (require.getRelation() == tfm::Comparison::Eq ? *a == *b : *a <= *b);
    if (!holds)
      return emitError(require.getLoc())
             << a.value_or(-1) << " against " << b.value_or(-1)
             << " does not hold for " << require.getSentence();
  }
  return success();
}

} // namespace

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "Imports an ONNX model\n");
  MLIRContext context(MLIRContext::Threading::DISABLED);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context, llvm::errs());
  onnx::ImportOptions options;
  options.ignoreDimNames = ignoreNames;
  for (const std::string &text : dimOptions)
    if (auto wrong = onnx::parseDimOptions(text, options.dims)) {
      llvm::errs() << "--dims: " << *wrong << "\n";
      return 2;
    }
  onnx::ValueTypes types;
  FailureOr<onnx::ImportedModel> imported =
      onnx::importOnnx(modelPath, options, context, &types);
  if (failed(imported))
    return 1;
  if (quiet)
    return 0;
  if (shapes.empty()) {
    OpPrintingFlags flags;
    flags.printNameLocAsPrefix(true);
    if (withLocations)
      flags.enableDebugInfo(true, true);
    imported->module->print(llvm::outs(), flags);
    return 0;
  }
  Bound bound;
  auto function = *imported->module->getOps<func::FuncOp>().begin();
  if (failed(bind(function, bound)))
    return 1;
  for (auto &[name, type] : types) {
    llvm::outs() << name << "\t" << type.getElementType() << "\t";
    llvm::interleave(
        tfm::dimTexts(type), llvm::outs(),
        [&](const std::string &text) {
          std::optional<int64_t> value = evaluate(text, bound);
          llvm::outs() << (value ? std::to_string(*value) : text);
        },
        ",");
    llvm::outs() << "\n";
  }
  return 0;
}
