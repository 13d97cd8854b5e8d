// Folding changes no bit: every function of the fold-*.mlir files is run by the
// reference before and after canonicalization, on values where identities break
// (zeros of both signs, NaN, infinities, extremes) and dims of 0, 1 and more.
#include "ir/reference/Interpreter.h"
#include "ir/reference/MlirTensor.h"
#include "ir/tfm/Dims.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ingot {
namespace {

using namespace reference;

/// An argument of a function, its symbols being `symbol`.
Tensor argument(mlir::Type type, int64_t symbol, unsigned seed) {
  constexpr double kFloats[] = {
      0.0, -0.0,  1.0,    -1.0,  NAN,    INFINITY, -INFINITY, 0.5,     -2.5,
      1.5, 1e-40, 3.0e38, 300.0, -129.0, 1e-7,     7.0,       65504.0, 8.0};
  constexpr int64_t kIntegers[] = {0,    1,         -1,        2,  300,
                                   -129, INT64_MAX, INT64_MIN, 44, 127};
  auto tensor = llvm::cast<mlir::RankedTensorType>(type);
  tfm::DimArithmetic dims;
  ExprEnvironment values{[&](Expr) { return symbol; }, {}};
  Shape shape;
  for (const tfm::Dim &dim : tfm::dimsOf(tensor))
    shape.push_back(dims->evaluate(dims.of(dim), values).value());
  auto element = elementTypeOf(tensor.getElementType());
  Tensor made = std::move(*Tensor::create(*element, shape));
  for (int64_t i = 0; i < made.size(); ++i) {
    uint64_t pick = (static_cast<uint64_t>(i) + seed) * 7;
    if (isFloat(made.type()))
      made.setNumber(i, kFloats[pick % std::size(kFloats)]);
    else
      made.setInteger(i, kIntegers[pick % std::size(kIntegers)]);
  }
  return made;
}

/// Equal bits, but any NaN for a NaN.
void expectSame(const Tensor &before, const Tensor &after,
                const std::string &where) {
  ASSERT_EQ(before.shape(), after.shape()) << where;
  for (int64_t i = 0; i < before.size(); ++i) {
    double a = before.number(i), b = after.number(i);
    bool same = isFloat(before.type())
                    ? (std::isnan(a) && std::isnan(b)) ||
                          (a == b && std::signbit(a) == std::signbit(b))
                    : before.integer(i) == after.integer(i);
    EXPECT_TRUE(same) << where << " element " << i << ": " << a << " and " << b;
  }
}

class Fold : public ::testing::TestWithParam<const char *> {};

TEST_P(Fold, KeepsEveryBit) {
  mlir::MLIRContext context;
  context.loadDialect<tfm::TfmDialect, mlir::func::FuncDialect,
                      mlir::arith::ArithDialect>();
  auto parse = [&] {
    return mlir::parseSourceFile<mlir::ModuleOp>(
        std::string(INGOT_SOURCE_DIR "/test/ir/") + GetParam(), &context);
  };
  mlir::OwningOpRef<mlir::ModuleOp> before = parse(), after = parse();
  ASSERT_TRUE(before && after);
  mlir::PassManager passes(&context);
  passes.addPass(mlir::createCanonicalizerPass());
  ASSERT_TRUE(mlir::succeeded(passes.run(*after)));

  // Functions whose symbols no argument gives, or whose requirements do not
  // hold, cannot be run.
  mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) {});
  unsigned functions = 0, run = 0;
  for (auto function : before->getOps<mlir::func::FuncOp>()) {
    bool any = false;
    for (unsigned round = 0; round < 36; ++round) {
      constexpr int64_t kSymbols[] = {0, 1, 3};
      int64_t symbol = kSymbols[round % 3];
      std::vector<Tensor> inputs;
      for (mlir::Type type : function.getArgumentTypes())
        inputs.push_back(argument(type, symbol, round + 3 * inputs.size()));
      auto expected = Interpreter(*before).run(function, inputs);
      if (mlir::failed(expected))
        continue;
      any = true;
      auto got = Interpreter(*after).run(
          after->lookupSymbol<mlir::func::FuncOp>(function.getName()), inputs);
      ASSERT_TRUE(mlir::succeeded(got)) << function.getName().str();
      ASSERT_EQ(got->size(), expected->size());
      for (size_t i = 0; i < got->size(); ++i)
        expectSame((*expected)[i], (*got)[i],
                   function.getName().str() + " result " + std::to_string(i));
    }
    ++functions;
    run += any;
  }
  EXPECT_GE(run, functions * 2 / 3) << "of " << functions;
}

INSTANTIATE_TEST_SUITE_P(Files, Fold,
                         ::testing::Values("fold-plain.mlir",
                                           "fold-views.mlir"));

} // namespace
} // namespace ingot
