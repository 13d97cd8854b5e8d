// Symbols, requirements, weights and errors of whole functions.
#include "test/reference/Interpret.h"

namespace ingot::reference {
namespace {

constexpr const char *kConcatenated = R"mlir(
    func.func @main(%past: tensor<?xf32, #tfm.dims<past>> {tfm.name = "cache"},
                    %mask: tensor<?xf32, #tfm.dims<past + sequence>> {tfm.name = "mask"},
                    %x: tensor<?xf32, #tfm.dims<sequence>>) -> tensor<?xf32, #tfm.dims<past + sequence>>
        attributes {tfm.symbols = [#tfm.symbol<"past", 0, -1, 0, 0>, #tfm.symbol<"sequence", 1, 4, 2, 0>]} {
      %c = tfm.concat %past, %x axis 0 : (tensor<?xf32, #tfm.dims<past>>, tensor<?xf32, #tfm.dims<sequence>>) -> tensor<?xf32, #tfm.dims<past + sequence>>
      %r = tfm.elementwise mul(%c, %mask) : (tensor<?xf32, #tfm.dims<past + sequence>>, tensor<?xf32, #tfm.dims<past + sequence>>) -> tensor<?xf32, #tfm.dims<past + sequence>>
      return %r : tensor<?xf32, #tfm.dims<past + sequence>>
    })mlir";

TEST(Interpreter, BindsSymbolsAndChecksExpressions) {
  Tensor one = f32({1}, {1}), two = f32({2}, {2, 3});
  expectResult(kConcatenated, {one, f32({3}, {1, 10, 100}), two},
               f32({3}, {1, 20, 300}));
  expectResult(kConcatenated, {empty(F32, {0}), two, two}, f32({2}, {4, 9}));
  expectDiagnostic(
      kConcatenated, {one, two, two},
      "input 'mask' has shape [2], but 'tensor<?xf32, #tfm.dims<past + "
      "sequence>>' is [3] here");
}

TEST(Interpreter, ChecksRanksTypesNumbersAndRanges) {
  Tensor one = f32({1}, {1});
  expectDiagnostic(kConcatenated, {one, one}, "takes 3 inputs, got 2");
  expectDiagnostic(kConcatenated, {f32({}, {1}), one, one}, "input 'cache' is");
  expectDiagnostic(kConcatenated, {i64({1}, {1}), one, one},
                   "got shape [1] of i64");
  expectDiagnostic(kConcatenated,
                   {empty(F32, {0}), empty(F32, {5}), empty(F32, {5})},
                   "'sequence' is 5, its range is 1 to 4");
}

TEST(Interpreter, EqualNamesAreEqualDims) {
  expectDiagnostic(R"mlir(
    func.func @main(%x: tensor<?xf32, #tfm.dims<n>>, %y: tensor<?xf32, #tfm.dims<n>>) {
      return
    })mlir",
                   {f32({1}, {1}), f32({2}, {1, 2})}, "input 1 has shape [2]");
}

TEST(Interpreter, ASymbolMayBeTheValueOfAnInput) {
  const char *text = R"mlir(
    func.func @main(%count: tensor<1xi32>) -> tensor<?xi64, #tfm.dims<count>>
        attributes {tfm.symbols = [#tfm.symbol<"count", 0, -1, 0, -1>]} {
      %r = tfm.iota <0, 1> : tensor<?xi64, #tfm.dims<count>>
      return %r : tensor<?xi64, #tfm.dims<count>>
    })mlir";
  expectResult(text, {Tensor::of(I32, {1}, {3})}, i64({3}, {0, 1, 2}));
  expectDiagnostic(text, {Tensor::of(I32, {1}, {-3})},
                   "'count' is -3, its range is 0 to any");
}

TEST(Interpreter, ASymbolMayCountElements) {
  const char *text = R"mlir(
    func.func @main(%mask: tensor<2x?xi64, #tfm.dims<2, s>>) -> tensor<?xi64, #tfm.dims<kept>>
        attributes {tfm.symbols = [#tfm.symbol<"s", 0, -1, 0, 1>, #tfm.symbol<"kept", 0, 3, 0, -2>]} {
      %b, %p = tfm.nonzero %mask : (tensor<2x?xi64, #tfm.dims<2, s>>) -> (tensor<?xi64, #tfm.dims<kept>>, tensor<?xi64, #tfm.dims<kept>>)
      return %p : tensor<?xi64, #tfm.dims<kept>>
    })mlir";
  expectResult(text, {i64({2, 2}, {0, 7, 1, 1})}, i64({3}, {1, 0, 1}));
  expectResult(text, {i64({2, 1}, {0, 0})}, empty(I64, {0}));
  expectDiagnostic(text, {i64({2, 2}, {1, 7, 1, 1})},
                   "'kept' is 4, its range is 0 to 3");
}

TEST(Interpreter, RequirementsAreChecked) {
  const char *text = R"mlir(
    func.func @main(%x: tensor<?xf32, #tfm.dims<n>>) {
      tfm.require le <n, 2> "position table of node 'Slice_12'"
      return
    })mlir";
  Program program(text);
  EXPECT_TRUE(mlir::succeeded(program.run({empty(F32, {2})})))
      << program.diagnostics;
  expectDiagnostic(
      text, {empty(F32, {3})},
      "n is 3, which is not at most 2 = 2: position table of node 'Slice_12'");
}

TEST(Interpreter, ErrorsAreAtTheOp) {
  Program program(R"mlir(
    func.func @main(%x: tensor<2xf32>, %i: tensor<1xi64>) -> tensor<1xf32> {
      %r = tfm.gather %x, %i axis 0 : (tensor<2xf32>, tensor<1xi64>) -> tensor<1xf32> loc("Gather_7")
      return %r : tensor<1xf32>
    })mlir");
  EXPECT_TRUE(mlir::failed(program.run({f32({2}, {1, 2}), i64({1}, {2})})));
  EXPECT_EQ(program.diagnostics,
            "'tfm.gather' op index 2 is outside an axis of 2 elements\n");
  ASSERT_TRUE(program.location);
  auto name = llvm::dyn_cast<mlir::NameLoc>(*program.location);
  ASSERT_TRUE(name);
  EXPECT_EQ(name.getName().str(), "Gather_7");
}

TEST(Interpreter, UnknownOpsAndSymbolsAreRefused) {
  expectDiagnostic(R"mlir(
    func.func @main(%x: f32) -> f32 {
      return %x : f32
    })mlir",
                   {f32({}, {1})}, "input 0 is 'f32'");
  expectDiagnostic(R"mlir(
    func.func @main() -> tensor<f32> {
      %r = arith.constant dense<1.0> : tensor<f32>
      return %r : tensor<f32>
    })mlir",
                   {}, "'arith.constant' op has no reference");
  expectDiagnostic(R"mlir(
    func.func @main() -> tensor<?xi64, #tfm.dims<n>> {
      %r = tfm.iota <0, 1> : tensor<?xi64, #tfm.dims<n>>
      return %r : tensor<?xi64, #tfm.dims<n>>
    })mlir",
                   {}, "symbol 'n' has no value");
}

constexpr const char *kWeights = R"mlir(
    tfm.weight @stored : tensor<2x2xf32> file "model.bin" offset 0 length 16
    tfm.weight @turned : tensor<2x2xf32> recipe {
      %0 = tfm.get_weight @stored : tensor<2x2xf32>
      %1 = tfm.transpose %0 perm [1, 0] : tensor<2x2xf32> -> tensor<2x2xf32>
      tfm.yield %1 : tensor<2x2xf32>
    }
    func.func @main() -> tensor<2x2xf32> {
      %a = tfm.get_weight @turned : tensor<2x2xf32>
      %b = tfm.get_weight @stored : tensor<2x2xf32>
      %r = tfm.elementwise add(%a, %b) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
      return %r : tensor<2x2xf32>
    })mlir";

TEST(Interpreter, WeightsAreReadOnceAndRecipesEvaluated) {
  const float bytes[] = {1, 2, 3, 4};
  int reads = 0;
  Program program(kWeights);
  auto results = program.run(
      {}, [&](tfm::WeightOp op) -> mlir::FailureOr<llvm::ArrayRef<char>> {
        ++reads;
        EXPECT_EQ(op.getSymName(), "stored");
        return llvm::ArrayRef<char>(reinterpret_cast<const char *>(bytes),
                                    sizeof(bytes));
      });
  ASSERT_TRUE(mlir::succeeded(results)) << program.diagnostics;
  expectTensor(results->front(), f32({2, 2}, {2, 5, 5, 8}));
  EXPECT_EQ(reads, 1);
}

TEST(Interpreter, WeightsThatCannotBeRead) {
  expectDiagnostic(kWeights, {}, "weight @stored has no bytes here");
  Program program(kWeights);
  EXPECT_TRUE(mlir::failed(program.run(
      {}, [](tfm::WeightOp) -> mlir::FailureOr<llvm::ArrayRef<char>> {
        return llvm::ArrayRef<char>("abc", 3);
      })));
  EXPECT_NE(program.diagnostics.find("needs 16 bytes, got 3"),
            std::string::npos);
}

TEST(Interpreter, TheObserverSeesEveryValue) {
  Program program(kConcatenated);
  std::vector<Shape> seen;
  program.observer = [&](mlir::Value, const Tensor &tensor) {
    seen.push_back(tensor.shape());
  };
  Tensor one = f32({1}, {1}), two = f32({2}, {1, 1});
  EXPECT_TRUE(mlir::succeeded(program.run({one, two, one})))
      << program.diagnostics;
  EXPECT_EQ(seen, (std::vector<Shape>{{1}, {2}, {1}, {2}, {2}}));
}

TEST(FoldConstants, EvaluatesOpsWithConstantOperands) {
  Program program(R"mlir(
    func.func @main(%x: tensor<?xf32, #tfm.dims<n>>) -> tensor<2xi1> {
      %a = tfm.constant dense<[1, 5]> : tensor<2xi64>
      %r = tfm.elementwise lt(%a, %a) : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi1>
      %i = tfm.iota <0, 1> : tensor<?xi64, #tfm.dims<n>>
      return %r : tensor<2xi1>
    })mlir");
  ASSERT_TRUE(program.module);
  llvm::SmallVector<mlir::Operation *> ops;
  program.module->walk([&](mlir::Operation *op) {
    if (llvm::isa<tfm::ConstantOp, tfm::ElementwiseOp, tfm::IotaOp>(op))
      ops.push_back(op);
  });
  mlir::Attribute a = llvm::cast<tfm::ConstantOp>(ops[0]).getValueAttr();
  std::optional<Tensors> folded = foldConstants(ops[1], {a, a});
  ASSERT_TRUE(folded);
  expectTensor(folded->front(), boolean({2}, {0, 0}));
  EXPECT_FALSE(foldConstants(ops[1], {a, mlir::Attribute()}));
  EXPECT_FALSE(foldConstants(ops[2], {})); // the dims are not known
}

} // namespace
} // namespace ingot::reference
