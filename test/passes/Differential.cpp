#include "test/passes/Differential.h"

#include "frontend/onnx/Import.h"
#include "ir/reference/BindSymbols.h"
#include "ir/reference/MlirTensor.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/Weights.h"
#include "test/frontend/TextModel.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;

namespace ingot::test {

using reference::Tensor;

namespace {

std::string functionsOf(Region &region) {
  std::string text;
  region.walk([&](tfm::ApplyOp apply) {
    ScalarOp op = apply.getOp().getValue();
    if (scalarClass(op) == ScalarClass::Float)
      text += "+" + std::string(scalarMnemonic(op));
  });
  return text;
}

std::string describe(Operation &op) {
  std::string name = op.getName().stripDialect().str();
  if (auto linear = dyn_cast<tfm::LinearOp>(op)) {
    name += linear.getBias() ? "+bias" : "";
    linear.getEpilogue().walk([&](tfm::ApplyOp apply) {
      name += "+" + std::string(scalarMnemonic(apply.getOp().getValue()));
    });
    return name + (linear.getResidual() ? "+residual" : "");
  }
  if (auto norm = dyn_cast<tfm::NormOp>(op))
    return tfm::stringifyNormKind(norm.getKind()).str() + "_norm" +
           (norm.getResidual() ? "+residual" : "") +
           (norm.getSum() ? "+sum" : "");
  if (auto attention = dyn_cast<tfm::AttentionOp>(op)) {
    name += "(";
    for (Attribute term : attention.getTerms())
      name += cast<StringAttr>(term).str() + ",";
    if (name.back() == ',')
      name.pop_back();
    name += ";" + tfm::stringifyEmptyRows(attention.getEmptyRows()).str();
    int64_t heads =
        cast<RankedTensorType>(attention.getQuery().getType()).getDimSize(2);
    int64_t groups =
        cast<RankedTensorType>(attention.getKey().getType()).getDimSize(2);
    return name +
           (heads == groups ? ")" : ";" + std::to_string(groups) + " groups)");
  }
  if (auto fused = dyn_cast<tfm::FusedOp>(op)) {
    std::string functions = functionsOf(fused.getBody());
    return functions.empty() ? "" : "map(" + functions.substr(1) + ")";
  }
  if (isa<tfm::GetWeightOp, tfm::ConstantOp, tfm::RequireOp, tfm::ReshapeOp,
          func::ReturnOp>(op))
    return "";
  return name;
}

} // namespace

std::string describe(ModuleOp module) {
  std::vector<std::string> parts;
  for (auto function : module.getOps<func::FuncOp>())
    for (Operation &op : function.getBody().front())
      if (std::string part = describe(op); !part.empty())
        parts.push_back(part);
  llvm::sort(parts);
  return llvm::join(parts, " ");
}

Subject::Subject(llvm::StringRef model)
    : handler(&context, [this](Diagnostic &diagnostic) {
        diagnostics += diagnostic.str() + "\n";
      }) {
  context.loadDialect<tfm::TfmDialect, plan::PlanDialect, func::FuncDialect,
                      arith::ArithDialect>();
  if (model.contains("func.func")) {
    module = parseSourceString<ModuleOp>(model, &context);
  } else {
    FailureOr<onnx::ImportedModel> imported =
        onnx::importModel(parseModel(model), {}, context);
    if (succeeded(imported)) {
      module = std::move(imported->module);
      weights = imported->weights;
      setWeightStore(context, weights);
    }
  }
}

FailureOr<std::vector<Tensor>> Subject::run(ModuleOp which,
                                            llvm::ArrayRef<Tensor> inputs) {
  diagnostics.clear();
  Interpreter interpreter(which, [&](tfm::WeightOp weight) {
    return weights ? weights->bytes(weight)
                   : FailureOr<llvm::ArrayRef<char>>(failure());
  });
  return interpreter.run(function(which), inputs);
}

OwningOpRef<ModuleOp> Subject::fuse() {
  OwningOpRef<ModuleOp> fused = module->clone();
  PassManager passes(&context);
  buildCanonicalPipeline(passes);
  buildFusedPipeline(passes);
  if (failed(passes.run(*fused)))
    return nullptr;
  return fused;
}

OwningOpRef<ModuleOp> Subject::lower(ModuleOp fused) {
  OwningOpRef<ModuleOp> lowered = fused.clone();
  PassManager passes(&context);
  buildPlanPipeline(passes, {{"x86-64"}, {"cuda"}});
  if (failed(passes.run(*lowered)))
    return nullptr;
  return lowered;
}

std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, OpPrintingFlags().elideLargeElementsAttrs(8));
  return text;
}

std::vector<std::vector<int64_t>> bindings(func::FuncOp function) {
  llvm::SmallVector<tfm::SymbolAttr> symbols;
  if (auto declared = function->getAttrOfType<ArrayAttr>("tfm.symbols"))
    llvm::append_range(symbols, declared.getAsRange<tfm::SymbolAttr>());
  size_t n = symbols.size();
  std::vector<std::vector<int64_t>> wanted{std::vector<int64_t>(n, 1),
                                           std::vector<int64_t>(n, 2),
                                           std::vector<int64_t>(n, 5)};
  constexpr int64_t kOdd[] = {2, 7, 3, 5, 1};
  std::vector<int64_t> odd(n), swapped(n);
  for (size_t i = 0; i < n; ++i) {
    odd[i] = kOdd[i % 5];
    swapped[i] = kOdd[(n - 1 - i) % 5];
  }
  wanted.push_back(odd);
  wanted.push_back(swapped);
  for (size_t i = 0; i < n; ++i) {
    wanted.push_back(odd);
    wanted.back()[i] = 0;
  }
  std::vector<std::vector<int64_t>> result;
  for (std::vector<int64_t> &values : wanted) {
    for (auto [symbol, value] : llvm::zip_equal(symbols, values)) {
      value = std::max(value, symbol.getMin());
      if (symbol.getMax() >= 0)
        value = std::min(value, symbol.getMax());
    }
    if (!llvm::is_contained(result, values))
      result.push_back(values);
  }
  return result;
}

FailureOr<std::vector<Tensor>> makeInputs(func::FuncOp function,
                                          llvm::ArrayRef<int64_t> binding,
                                          unsigned style, uint64_t seed) {
  SymbolValues symbols;
  if (auto declared = function->getAttrOfType<ArrayAttr>("tfm.symbols"))
    for (auto [symbol, value] :
         llvm::zip_equal(declared.getAsRange<tfm::SymbolAttr>(), binding))
      symbols.bind(symbol.getName().getValue(), value);
  Random random{seed};
  std::vector<Tensor> inputs;
  for (BlockArgument argument : function.getArguments()) {
    auto type = cast<RankedTensorType>(argument.getType());
    reference::Result<reference::Shape> shape = symbols.shapeOf(type);
    if (!shape || llvm::any_of(*shape, [](int64_t n) { return n < 0; }))
      return failure();
    Tensor tensor = *Tensor::create(
        *reference::elementTypeOf(type.getElementType()), *shape);
    auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                      "tfm.name");
    bool isMask = type.getElementType().isInteger(1) ||
                  (name && name.getValue().contains("mask"));
    int64_t row = tensor.rank() == 0 ? 1 : std::max<int64_t>(shape->back(), 1);
    for (int64_t i = 0; i < tensor.size(); ++i) {
      bool isKept = style == 3 || (style == 1 && i >= row && random.below(2)) ||
                    (style == 0 && random.below(2));
      if (!isMask && reference::isFloat(tensor.type()))
        // Half the time beyond where activations are straight.
        tensor.setNumber(i, random.real() * (style % 2 ? 20 : 2));
      else
        tensor.set(i,
                   reference::castScalar(reference::Scalar::ofInteger(
                                             reference::ElementType::I64,
                                             isMask ? isKept : random.below(4)),
                                         tensor.type()));
    }
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

void expectClose(const std::vector<Tensor> &before,
                 const std::vector<Tensor> &after, double tolerance) {
  ASSERT_EQ(before.size(), after.size());
  for (auto [output, expected] : llvm::enumerate(before)) {
    const Tensor &got = after[output];
    ASSERT_EQ(reference::typeName(got.type()),
              reference::typeName(expected.type()));
    ASSERT_EQ(got.shape(), expected.shape());
    double scale = 1;
    for (int64_t i = 0; i < expected.size(); ++i)
      if (std::isfinite(expected.number(i)))
        scale = std::max(scale, std::fabs(expected.number(i)));
    // What is no float is equal.
    double allowed = reference::isFloat(got.type()) ? tolerance * scale : 0;
    for (int64_t i = 0; i < expected.size(); ++i) {
      double a = expected.number(i), b = got.number(i);
      bool isClose = a == b || (std::isnan(a) && std::isnan(b)) ||
                     std::fabs(a - b) <= allowed;
      ASSERT_TRUE(isClose) << "output " << output << " element " << i << ": "
                           << b << ", before it was " << a;
    }
  }
}

void runDifferential(const DifferentialCase &c) {
  SCOPED_TRACE(c.model);
  Subject subject(c.model);
  ASSERT_TRUE(subject) << subject.diagnostics;
  OwningOpRef<ModuleOp> fused = subject.fuse();
  ASSERT_TRUE(fused) << subject.diagnostics;
  std::string text = print(*fused);
  ASSERT_EQ(describe(*fused), c.fused) << text;
  if (c.maps >= 0) {
    int maps = 0;
    fused->walk([&](tfm::FusedOp) { ++maps; });
    ASSERT_EQ(maps, c.maps) << text;
  }
  // Whether it can be run at all is another matter, but a cheap one to ask.
  ASSERT_TRUE(subject.lower(*fused)) << subject.diagnostics << text;
  EXPECT_GE(compareRuns(subject, *fused, text, c.tolerance), 3u)
      << "hardly any binding was legal";
}

unsigned compareRuns(Subject &subject, ModuleOp other, llvm::StringRef text,
                     double tolerance) {
  unsigned runs = 0;
  forEachInputs(subject, [&](const std::vector<Tensor> &inputs) {
    FailureOr<std::vector<Tensor>> before =
        subject.run(*subject.module, inputs);
    std::string refusal = subject.diagnostics;
    FailureOr<std::vector<Tensor>> after = subject.run(other, inputs);
    ASSERT_EQ(succeeded(before), succeeded(after))
        << refusal << subject.diagnostics << text.str();
    if (failed(before))
      return;
    ++runs;
    expectClose(*before, *after, tolerance);
    if (testing::Test::HasFatalFailure())
      ADD_FAILURE() << text.str();
  });
  return runs;
}

void forEachInputs(
    Subject &subject,
    llvm::function_ref<void(const std::vector<reference::Tensor> &)> run) {
  func::FuncOp function = subject.function(*subject.module);
  uint64_t seed = 0;
  for (const std::vector<int64_t> &binding : bindings(function))
    for (unsigned style = 0; style < 4; ++style) {
      std::string at = "symbols";
      for (int64_t value : binding)
        at += " " + std::to_string(value);
      SCOPED_TRACE(at + ", inputs of style " + std::to_string(style));
      FailureOr<std::vector<Tensor>> inputs =
          makeInputs(function, binding, style, ++seed);
      if (failed(inputs))
        continue;
      run(*inputs);
      if (testing::Test::HasFatalFailure())
        return;
    }
}

} // namespace ingot::test
