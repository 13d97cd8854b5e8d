// Which linears a library could do, and why not the others.
#include "codegen/cuda/LibraryProduct.h"
#include "ir/tfm/Tfm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace ingot;
using namespace ingot::cuda;

namespace {

/// A linear with 3 columns; inputs 2 and 3 are %b and %r, `body` makes %y of
/// %acc, %m and %n. IN, OUT and ADDED in it are the types.
struct Case {
  std::string body = "%y = tfm.convert %acc : f32 to OUT";
  std::string in = "f32", out = "f32", added = "f32";
  std::string result = "scratch 0", a = "scratch 1", r = "scratch 2";
};

const std::string kBias = R"(
  %b0 = tfm.load %b[%n] : tensor<?xADDED> -> f32
  %s = tfm.apply add(%acc, %b0) : (f32, f32) -> f32)";
const std::string kResidual = R"(
  %c3 = arith.constant 3 : i64
  %row = tfm.apply mul(%m, %c3) : (i64, i64) -> i64
  %at = tfm.apply add(%n, %row) : (i64, i64) -> i64
  %r0 = tfm.load %r[%at] : tensor<?xADDED> -> f32)";

class CudaLibraryProduct : public testing::Test {
protected:
  CudaLibraryProduct() : context(mlir::MLIRContext::Threading::DISABLED) {
    context.loadDialect<plan::PlanDialect, tfm::TfmDialect,
                        mlir::arith::ArithDialect>();
  }

  /// "bias 3, residual 4, relu", or the reason.
  std::string look(const Case &c) {
    std::string text = R"(
plan.kernel linear @k outs [OUT] ins [IN, IN, ADDED, ADDED] scalars 0 params {m = 2, n = 3, k = 4, lda = 4, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xIN>, %w: tensor<?xIN>, %b: tensor<?xADDED>, %r: tensor<?xADDED>):
BODY
  tfm.yield %y : OUT
}
plan.program @main target "cuda" symbols [] inputs [{name = "x", type = tensor<2x4xIN>}] outputs [{name = "y", type = tensor<2x3xOUT>}] {
  %out = plan.buffer RESULT size <96>
  %a = plan.buffer OPERAND size <96>
  %w = plan.buffer model 0 size <96>
  %b = plan.buffer model 1 size <96>
  %r = plan.buffer RESIDUAL size <96>
  plan.launch @k grid <1> (%out, %a, %w, %b, %r) offsets <0, 0, 0, 0, 0> scalars <> flops <1> bytes <1> sources []
})";
    const std::pair<const char *, std::string> words[] = {
        {"BODY", c.body},  {"OPERAND", c.a},   {"RESULT", c.result},
        {"RESIDUAL", c.r}, {"ADDED", c.added}, {"OUT", c.out},
        {"IN", c.in}};
    for (auto &[word, by] : words)
      for (size_t at = 0; (at = text.find(word, at)) != std::string::npos;
           at += by.size())
        text.replace(at, std::string(word).size(), by);
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module) << text;
    if (!module)
      return "";
    auto program = *module->getOps<plan::ProgramOp>().begin();
    std::string reason;
    std::optional<LibraryProduct> found =
        libraryProduct(*program.getBody().getOps<plan::LaunchOp>().begin(),
                       *module->getOps<plan::KernelOp>().begin(), reason);
    EXPECT_EQ(reason.empty(), found.has_value());
    if (!found)
      return reason;
    std::string said = "product";
    if (found->bias)
      said += ", bias " + std::to_string(*found->bias);
    if (found->residual)
      said += ", residual " + std::to_string(*found->residual);
    if (found->activation == Activation::Relu)
      said += ", relu";
    if (found->activation == Activation::GeluTanh)
      said += ", gelu_tanh";
    return said;
  }

  static Case of(std::string body) {
    Case c;
    c.body = std::move(body);
    return c;
  }

  mlir::MLIRContext context;
};

TEST_F(CudaLibraryProduct, Epilogues) {
  EXPECT_EQ(look({}), "product");
  EXPECT_EQ(look(of(kBias + "\n%y = tfm.convert %s : f32 to OUT")),
            "product, bias 3");
  EXPECT_EQ(look(of(kResidual +
                    "\n%y = tfm.apply add(%r0, %acc) : (f32, f32) -> f32")),
            "product, residual 4");
  EXPECT_EQ(look(of(kBias + kResidual +
                    "\n%y = tfm.apply add(%s, %r0) : (f32, f32) -> f32")),
            "product, bias 3, residual 4");
  for (const char *op : {"relu", "gelu_tanh"}) {
    std::string activation = std::string("\n%y = tfm.apply ") + op;
    EXPECT_EQ(look(of(kBias + activation + "(%s) : (f32) -> f32")),
              std::string("product, bias 3, ") + op);
    EXPECT_EQ(look(of(activation + "(%acc) : (f32) -> f32")),
              std::string("product, ") + op);
  }
}

TEST_F(CudaLibraryProduct, EpiloguesThatItHasNot) {
  auto then = [](const std::string &text) { return of(kBias + text); };
  EXPECT_EQ(look(then("\n%y = tfm.apply gelu(%s) : (f32) -> f32")),
            "its epilogue has gelu");
  EXPECT_EQ(look(then("\n%z = tfm.apply relu(%s) : (f32) -> f32"
                      "\n%y = tfm.apply relu(%z) : (f32) -> f32")),
            "its epilogue has relu");
  EXPECT_EQ(look(then(kResidual +
                      "\n%z = tfm.apply relu(%s) : (f32) -> f32"
                      "\n%y = tfm.apply add(%z, %r0) : (f32, f32) -> f32")),
            "it adds behind its activation");
  EXPECT_EQ(look(then("\n%y = tfm.apply mul(%s, %b0) : (f32, f32) -> f32")),
            "its epilogue has mul");
  EXPECT_EQ(look(then("\n%y = tfm.apply add(%s, %b0) : (f32, f32) -> f32")),
            "it adds more than one row and one matrix of its size");
  EXPECT_EQ(look(of("%c = arith.constant 1.0 : f32"
                    "\n%y = tfm.apply add(%acc, %c) : (f32, f32) -> f32")),
            "it adds what is computed");
  // A bias for each row, and a row of another matrix.
  EXPECT_EQ(look(of("%b0 = tfm.load %b[%m] : tensor<?xf32> -> f32"
                    "\n%y = tfm.apply add(%acc, %b0) : (f32, f32) -> f32")),
            "it adds more than one row and one matrix of its size");
  EXPECT_EQ(look(of("%c1 = arith.constant 1 : i64"
                    "\n%at = tfm.apply add(%n, %c1) : (i64, i64) -> i64"
                    "\n%b0 = tfm.load %b[%at] : tensor<?xf32> -> f32"
                    "\n%y = tfm.apply add(%acc, %b0) : (f32, f32) -> f32")),
            "it adds more than one row and one matrix of its size");
}

TEST_F(CudaLibraryProduct, Types) {
  const std::string withBias = kBias + "\n%y = tfm.convert %s : f32 to OUT";
  Case c;
  for (std::string in : {"bf16", "f16"})
    for (std::string out : {std::string("f32"), in}) {
      c.in = in;
      c.out = out;
      c.body = Case().body;
      EXPECT_EQ(look(c), "product");
    }
  c.in = "bf16";
  c.out = "f16";
  EXPECT_EQ(look(c), "it multiplies bf16 and stores f16");
  c.out = "bf16";
  c.body = withBias;
  EXPECT_EQ(look(c), "its result is bf16, and it adds f32");
  c.out = "f32";
  EXPECT_EQ(look(c), "product, bias 3");
}

TEST_F(CudaLibraryProduct, MemoryOfTheCaller) {
  Case c;
  c.result = "output 0";
  EXPECT_EQ(look(c), "its result is an output of the model");
  c = Case();
  c.a = "input 0";
  EXPECT_EQ(look(c), "it multiplies an input of the model");
  c.a = "state 0";
  EXPECT_EQ(look(c), "it multiplies the session's state");
  c = of(kResidual + "\n%y = tfm.apply add(%acc, %r0) : (f32, f32) -> f32");
  c.r = "input 0";
  EXPECT_EQ(look(c), "it adds an input of the model");
  c.body = Case().body; // not read
  EXPECT_EQ(look(c), "product");
}

} // namespace
