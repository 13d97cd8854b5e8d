// Names of dims, what the user says about them, and what a model demands of
// them.
#include "test/frontend/TextModel.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace ingot;
using namespace ingot::test;

namespace {

onnx::ImportOptions withDims(llvm::StringRef text) {
  onnx::ImportOptions options;
  std::optional<std::string> wrong = onnx::parseDimOptions(text, options.dims);
  EXPECT_FALSE(wrong) << *wrong;
  return options;
}

TEST(DimNames, IdentityAmongInputs) {
  Imported out = importText(R"(
      opset 13
      input x float32[batch, sequence]
      input y float32[batch, 4]
      z = Add(x, y)
      return z)");
  EXPECT_EQ(out.results, "float32[batch, 4]\n");
  EXPECT_EQ(out.requirements, "eq sequence 4\n");
  EXPECT_EQ(out.symbols, "batch input 0 axis 0 [0, -1]\n"
                         "sequence input 0 axis 1 [0, -1]\n");
}

TEST(DimNames, UnknownDimsAreNamedAfterTheInput) {
  Imported out = importText(R"(
      opset 13
      input x float32[?, 4]
      y = Relu(x)
      return y)");
  EXPECT_EQ(out.results, "float32[x.d0, 4]\n");
  EXPECT_EQ(out.symbols, "x.d0 input 0 axis 0 [0, -1]\n");
}

TEST(DimNames, ExpressionsOfOtherDims) {
  Imported out = importText(R"(
      opset 13
      input mask float32[batch, past + sequence]
      input x float32[batch, sequence]
      input cache float32[batch, past]
      y = Concat(cache, x) axis=1
      z = Add(y, mask)
      return z)");
  EXPECT_EQ(out.results, "float32[batch, past + sequence]\n");
  EXPECT_EQ(out.requirements, "");
  EXPECT_EQ(out.symbols, "batch input 0 axis 0 [0, -1]\n"
                         "sequence input 1 axis 1 [0, -1]\n"
                         "past input 2 axis 1 [0, -1]\n");
}

// Nobody could say what `past` is: the sum is a symbol of its own.
TEST(DimNames, UnsolvableExpressionIsASymbol) {
  Imported out = importText(R"(
      opset 13
      input mask float32[batch, past + sequence]
      input x float32[batch, sequence]
      y = Relu(mask)
      return y)");
  EXPECT_EQ(out.results, "float32[batch, 'past + sequence']\n");
  EXPECT_EQ(out.symbols, "batch input 0 axis 0 [0, -1]\n"
                         "sequence input 1 axis 1 [0, -1]\n"
                         "past + sequence input 0 axis 1 [0, -1]\n");
}

TEST(DimNames, AnythingElseIsASymbol) {
  Imported out = importText(R"(
      opset 13
      input x float32[unk__7, my batch, max, 3d]
      y = Relu(x)
      return y)");
  EXPECT_EQ(out.results, "float32[unk__7, 'my batch', max, '3d']\n")
      << out.diagnostics;
}

TEST(DimNames, Ignored) {
  onnx::ImportOptions options;
  options.ignoreDimNames = true;
  Imported out = importText(R"(
      opset 13
      input x float32[batch, 4]
      input y float32[batch, 4]
      z = Add(x, y)
      return z)",
                            options);
  EXPECT_EQ(out.results, "float32[x.d0, 4]\n");
  EXPECT_EQ(out.requirements, "eq y.d0 x.d0\n");
}

constexpr const char *kWrongNames = R"(
      opset 13
      input x float32[n, 4]
      input y float32[n]
      const table float32[3, 4] 0
      z = Add(x, table)
      r = Relu(y)
      return z, r)";

TEST(DimNames, WrongOnesAreDiscarded) {
  Imported out = importText(kWrongNames);
  EXPECT_EQ(out.results, "float32[3, 4]\nfloat32[y.d0]\n");
  EXPECT_EQ(out.requirements, "eq x.d0 3\n");
  EXPECT_EQ(
      out.diagnostics,
      "the names of the inputs' dims contradict the model ('n' would have to "
      "be 3 for node 'the_add' (Add)): every dim is taken for itself\n");
  // For `ingot explain`, also of a module that was written out.
  EXPECT_NE(out.ir.find("tfm.dropped_names = \"the names of the inputs' dims"),
            std::string::npos);
}

// Two branches that only fit if total is past + sequence, and total is called
// sequence: past would have to be 0.
TEST(DimNames, NameThatForcesADimToZero) {
  Imported out = importText(R"(
      opset 13
      input x float32[sequence]
      input cache float32[past]
      input mask float32[sequence]
      y = Concat(cache, x) axis=0
      z = Add(y, mask)
      return z)");
  EXPECT_EQ(out.results, "float32[cache.d0 + x.d0]\n");
  EXPECT_EQ(out.requirements, "eq mask.d0 cache.d0 + x.d0\n");
}

TEST(DimNames, PinnedDimOfItsOwnKeepsTheOthers) {
  Imported out = importText(R"(
      opset 13
      input x float32[batch, channels]
      const table float32[3] 0
      z = Add(x, table)
      return z)");
  EXPECT_EQ(out.results, "float32[batch, 3]\n");
  EXPECT_EQ(out.diagnostics, "");
}

TEST(DimOptions, Fixed) {
  Imported out = importText(R"(
      opset 13
      input x float32[batch, sequence]
      input mask float32[batch, past + sequence]
      input cache float32[past]
      y = Relu(mask)
      return y)",
                            withDims("batch=2,sequence=7"));
  EXPECT_EQ(out.results, "float32[2, past + 7]\n");
  EXPECT_EQ(out.symbols, "past input 2 axis 0 [0, -1]\n");
}

TEST(DimOptions, Range) {
  constexpr const char *text = R"(
      opset 15
      input x float32[batch, sequence]
      const table float32[512] 0
      const zero int64[1] 0
      s = Shape(x) start=1
      t = Slice(table, zero, s)
      y = Add(x, t)
      return y)";
  Imported free = importText(text);
  EXPECT_EQ(free.results, "float32[batch, sequence]\n") << free.diagnostics;
  EXPECT_EQ(free.symbols, "batch input 0 axis 0 [0, -1]\n"
                          "sequence input 0 axis 1 [0, 512]\n");
  EXPECT_EQ(free.requirements, "le sequence 512\n");
  // Nothing is left to assume.
  Imported bounded = importText(text, withDims("batch=1..,sequence=1..128"));
  EXPECT_EQ(bounded.symbols, "batch input 0 axis 0 [1, -1]\n"
                             "sequence input 0 axis 1 [1, 128]\n");
  EXPECT_EQ(bounded.requirements, "");
}

TEST(DimOptions, Mistakes) {
  constexpr const char *text = R"(
      opset 13
      input x float32[batch, a + b]
      input y float32[a, b]
      z = Relu(x)
      return z)";
  EXPECT_EQ(importText(text, withDims("length=3")).diagnostics,
            "no input has a dim called 'length'; there are: batch, a, b\n");
  EXPECT_EQ(importText(text, withDims("batch=3,batch=4")).diagnostics,
            "'batch' has no value left between 4 and 3\n");
  EXPECT_EQ(importText(text, withDims("a + b=3")).diagnostics,
            "'a + b' is computed from other dims: say those\n");
  std::vector<onnx::DimOption> dims;
  for (const char *wrong : {"batch", "batch=", "=3", "batch=x", "batch=-1",
                            "batch=4..3", "batch=..3"})
    EXPECT_TRUE(onnx::parseDimOptions(wrong, dims)) << wrong;
}

TEST(DimOptions, ContradictTheModel) {
  Imported out = importText(R"(
      opset 13
      input x float32[batch, sequence]
      const table float32[512] 0
      y = Add(x, table)
      return y)",
                            withDims("sequence=128"));
  EXPECT_EQ(
      out.diagnostics,
      "1 of 1 nodes and values is not supported\n"
      "  Add (opset 13) 'the_add' of (float32[batch, 128], float32[512]): "
      "dims 128 and 512 must be equal for node 'the_add' (Add)\n");
}

TEST(ValueSymbols, ScalarInputThatReachesAShape) {
  Imported out = importText(R"(
      opset 13
      input x float32[batch, n]
      input k int64[1]
      const zero int64[1] 0
      const one int64[1] 1
      y = Slice(x, zero, k, one)
      return y)");
  EXPECT_EQ(out.results, "float32[batch, min(k.value, n)]\n")
      << out.diagnostics;
  EXPECT_EQ(out.symbols, "batch input 0 axis 0 [0, -1]\n"
                         "n input 0 axis 1 [0, -1]\n"
                         "k.value input 1 axis -1 [0, -1]\n");
}

TEST(ConstantInputs, BecomeConstants) {
  mlir::MLIRContext context;
  auto type =
      mlir::RankedTensorType::get({2}, mlir::IntegerType::get(&context, 64));
  // The attribute lives in its own context: the import must use the same one.
  onnx::ImportOptions options;
  options.constantInputs["s"] =
      mlir::DenseElementsAttr::get(type, llvm::ArrayRef<int64_t>{-1, 2});
  onnx::Model model = parseModel(R"(
      opset 13
      input x float32[batch, 4]
      input s int64[2]
      y = Reshape(x, s)
      return y)");
  auto imported = onnx::importModel(model, options, context);
  ASSERT_TRUE(mlir::succeeded(imported));
  std::string ir;
  llvm::raw_string_ostream(ir) << **imported->module;
  EXPECT_NE(ir.find("tensor<?x2xf32, #tfm.dims<2*batch, 2>>"),
            std::string::npos)
      << ir;
  EXPECT_EQ(ir.find("\"s\""), std::string::npos) << ir;
}

} // namespace
