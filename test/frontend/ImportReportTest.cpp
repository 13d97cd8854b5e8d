// What an import says about models that it does not take, and what it makes of
// parts that are no ordinary nodes.
#include "test/frontend/TextModel.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace ingot;
using namespace ingot::test;

namespace {

TEST(Report, ListsEverything) {
  Imported out = importText(R"(
      opset 13
      input x float32[batch, 4]
      const w float32[4, 4] 0
      a = Einsum(x, w) equation="bi,ij->bj"
      b = Relu(a)
      c = BiasSoftmax:com.microsoft(b, w)
      d = Softmax(x) axis=7
      e = ReduceLogSum(x)
      return c, d, e)");
  EXPECT_EQ(out.diagnostics,
            "4 of 5 nodes and values are not supported\n"
            "  Einsum (opset 13) 'the_einsum' of (float32[batch, 4], "
            "float32[4, 4]): there is no such "
            "operator here; nearest is Transpose and MatMul\n"
            "  com.microsoft.BiasSoftmax (opset 1) 'the_biassoftmax' of (?, "
            "float32[4, 4]): there is no such "
            "operator here; nearest is Add and Softmax\n"
            "  Softmax (opset 13) 'the_softmax' of (float32[batch, 4]): axis 7 "
            "of a tensor of rank 2\n"
            "  ReduceLogSum (opset 13) 'the_reducelogsum' of (float32[batch, "
            "4]): there is no such "
            "operator here; nearest is ReduceSum\n");
}

TEST(Report, Inputs) {
  Imported out = importText(R"(
      opset 13
      input x float32
      input y float64[4]
      z = Relu(x)
      return z)");
  EXPECT_EQ(out.diagnostics, "1 of 1 nodes and values is not supported\n"
                             "  input 'x': its rank is not known: the model "
                             "gives no shape; nearest is a tensor with "
                             "a shape, whose dims may be unknown\n");
  out = importText(R"(
      opset 13
      input y float64[4]
      z = Relu(y)
      return z)");
  EXPECT_EQ(out.diagnostics,
            "1 of 0 nodes and values is not supported\n"
            "  input 'y': element type float64 is not "
            "supported; float32, float16, bfloat16, bool, int4 "
            "to int64, uint4 to uint16, float8e4m3fn and "
            "float8e5m2 are\n");
}

TEST(Report, OpsetOutsideTheRange) {
  EXPECT_EQ(importText("opset 9\ninput x float32[4]\ny = Relu(x)\nreturn y")
                .diagnostics,
            "the model has opset 9, supported are 11 to 28\n");
  EXPECT_EQ(importText("opset 29\ninput x float32[4]\ny = Relu(x)\nreturn y")
                .diagnostics,
            "the model has opset 29, supported are 11 to 28\n");
}

TEST(Report, OutputThatNobodyComputes) {
  EXPECT_EQ(importText("opset 13\ninput x float32[4]\ny = Relu(x)\nreturn z")
                .diagnostics,
            "1 of 1 nodes and values is not supported\n"
            "  output 'z': no node computes it\n");
}

TEST(Report, UnknownConstantInput) {
  onnx::ImportOptions options;
  options.constantInputs["k"] = {};
  EXPECT_EQ(
      importText("opset 13\ninput x float32[4]\ny = Relu(x)\nreturn y", options)
          .diagnostics,
      "there is no input 'k' to make constant\n");
}

TEST(Report, TooLargeShapeArithmetic) {
  Imported out = importText(R"(
      opset 13
      input x float32[a, b, 9000000000]
      y = Expand(x, s)
      const s int64[4] 9000000000 1 1 1
      z = Flatten(y) axis=0
      return z)");
  EXPECT_NE(out.diagnostics.find("'the_expand'"), std::string::npos)
      << out.diagnostics;
  EXPECT_NE(out.diagnostics.find("its dims leave 64 bits"), std::string::npos)
      << out.diagnostics;
}

/// `y = If(c)` with branches that add and subtract.
onnx::Model conditional(const char *condition) {
  onnx::Model model =
      parseModel(std::string("opset 13\ninput x float32[batch, 4]\n") +
                 condition + "\nreturn y");
  onnx::Node node;
  node.name = "choice";
  node.op = "If";
  node.opset = 13;
  node.inputs = {"c"};
  node.outputs = {"y"};
  for (auto [name, op, shape] : {std::tuple("then_branch", "Relu", "[4]"),
                                 std::tuple("else_branch", "Einsum", "[]")}) {
    onnx::Attribute branch;
    branch.name = name;
    branch.type = onnx::AttributeType::Graph;
    // The branch captures x of the graph around it.
    branch.graphs.push_back(
        parseModel(std::string("opset 13\nr = ") + op + "(x)\nreturn r").graph);
    node.attributes.push_back(std::move(branch));
  }
  model.graph.nodes.push_back(std::move(node));
  return model;
}

std::string importResult(const onnx::Model &model) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  std::string text;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &d) {
    text += d.str() + "\n";
    for (mlir::Diagnostic &note : d.getNotes())
      text += "  " + note.str() + "\n";
    return mlir::success();
  });
  auto imported = onnx::importModel(model, {}, context);
  if (mlir::succeeded(imported))
    llvm::raw_string_ostream(text) << **imported->module;
  return text;
}

TEST(Conditionals, KnownConditionSplicesItsBranch) {
  std::string text = importResult(conditional("const c bool[] 1"));
  EXPECT_NE(text.find("tfm.elementwise relu(%arg0)"), std::string::npos)
      << text;
}

TEST(Conditionals, ConditionOnAFixedDim) {
  std::string text = importResult(conditional(R"(
      const i int64[] 1
      const four int64[] 4
      s = Shape(x)
      n = Gather(s, i)
      c = Equal(n, four))"));
  EXPECT_NE(text.find("tfm.elementwise relu(%arg0)"), std::string::npos)
      << text;
}

TEST(Conditionals, DataIsRefusedAndBranchesAreLookedAt) {
  std::string text = importResult(conditional("input c bool[]"));
  EXPECT_EQ(
      text,
      "2 of 3 nodes and values are not supported\n"
      "  If (opset 13) 'choice' of (bool[]): the condition depends on data; "
      "nearest is "
      "an If whose condition is known, from fixed dims or a constant input\n"
      "  Einsum (opset 13) 'the_einsum' of (float32[batch, 4]): there is no "
      "such "
      "operator here; nearest is Transpose and MatMul\n");
}

TEST(Import, PassesInputsAndConstantsThrough) {
  Imported out = importText(R"(
      opset 13
      input x int64[batch]
      const w float32[300] 0
      return x, w)");
  EXPECT_EQ(out.results, "int64[batch]\nfloat32[300]\n");
}

TEST(Import, LargeTensorsAreWeightsOutsideTheIr) {
  Imported out = importText(R"(
      opset 13
      input x float32[batch, 257]
      const small float32[256] 0.5
      const large float32[257] 0.5
      const unused float32[1000] 0
      y = Add(x, large)
      return y)");
  EXPECT_NE(
      out.ir.find(
          "tfm.weight @large : tensor<257xf32> file \"\" offset 0 length 1028"),
      std::string::npos)
      << out.ir;
  EXPECT_EQ(out.ir.find("unused"), std::string::npos) << out.ir;
}

TEST(Import, ShapeArithmeticIsGone) {
  Imported out = importText(R"(
      opset 13
      input x float32[batch, sequence, 8]
      const one int64[] 1
      const axes int64[1] 0
      const eight int64[1] 8
      s = Shape(x)
      n = Gather(s, one)
      nv = Unsqueeze(n, axes)
      t = Concat(nv, eight) axis=0
      ones = ConstantOfShape(t)
      y = Mul(x, ones)
      return y)");
  for (const char *gone : {"symbolic", "gather", "concat", "i64>"})
    EXPECT_EQ(out.ir.find(gone), std::string::npos) << out.ir;
}

} // namespace
