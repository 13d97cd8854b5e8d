// Each op of tfm reaches its reference with its attributes and dims.
#include "test/reference/Interpret.h"

namespace ingot::reference {
namespace {

TEST(InterpreterOps, ElementwiseSelectCast) {
  expectResult(R"mlir(
    func.func @main(%x: tensor<?x2xf32, #tfm.dims<n, 2>>, %y: tensor<2xf32>) -> tensor<?x2xi8, #tfm.dims<n, 2>> {
      %c = tfm.elementwise lt(%x, %y) : (tensor<?x2xf32, #tfm.dims<n, 2>>, tensor<2xf32>) -> tensor<?x2xi1, #tfm.dims<n, 2>>
      %s = tfm.select %c, %x, %y : (tensor<?x2xi1, #tfm.dims<n, 2>>, tensor<?x2xf32, #tfm.dims<n, 2>>, tensor<2xf32>) -> tensor<?x2xf32, #tfm.dims<n, 2>>
      %r = tfm.cast %s : tensor<?x2xf32, #tfm.dims<n, 2>> -> tensor<?x2xi8, #tfm.dims<n, 2>>
      return %r : tensor<?x2xi8, #tfm.dims<n, 2>>
    })mlir",
               {f32({2, 2}, {1.5, 7, -300, 1}), f32({2}, {5, 6})},
               Tensor::of(I8, {2, 2}, {1, 6, -128, 1}));
}

TEST(InterpreterOps, QuantizeDequantize) {
  expectResult(R"mlir(
    func.func @main(%x: tensor<?x3xf32, #tfm.dims<n, 3>>, %s: tensor<3xf32>, %z: tensor<3xi4>, %b: tensor<?x2xf32, #tfm.dims<n, 2>>)
        -> tensor<?x3xf16, #tfm.dims<n, 3>> {
      %q = tfm.quantize %x scale %s zero %z {axis = 1} : (tensor<?x3xf32, #tfm.dims<n, 3>>, tensor<3xf32>, tensor<3xi4>) -> tensor<?x3xi4, #tfm.dims<n, 3>>
      %r = tfm.dequantize %q scale %b {axis = 1, block = 2} : (tensor<?x3xi4, #tfm.dims<n, 3>>, tensor<?x2xf32, #tfm.dims<n, 2>>) -> tensor<?x3xf16, #tfm.dims<n, 3>>
      return %r : tensor<?x3xf16, #tfm.dims<n, 3>>
    })mlir",
               {f32({2, 3}, {2, 2, 2, -90, 1, 0.5}), f32({3}, {2, 1, 1}),
                Tensor::of(I4, {3}, {1, 0, -2}), f32({2, 2}, {1, 0.5, 2, 100})},
               Tensor::of(F16, {2, 3}, {2, 2, 0, -16, 2, -200}));
}

TEST(InterpreterOps, MatmulSoftmaxReduce) {
  expectResult(R"mlir(
    func.func @main(%x: tensor<2x2xf64>) -> tensor<2x1xf64> {
      %m = tfm.matmul %x, %x : (tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
      %s = tfm.softmax %m axis 1 : tensor<2x2xf64>
      %r = tfm.reduce sum %s axes [1] keepdims : tensor<2x2xf64> -> tensor<2x1xf64>
      return %r : tensor<2x1xf64>
    })mlir",
               {f64({2, 2}, {1, 2, 3, 4})}, f64({2, 1}, {1, 1}), 1e-12);
}

TEST(InterpreterOps, EachReduceKindIsItself) {
  std::pair<const char *, double> kinds[] = {{"sum", 7},   {"mean", 3.5},
                                             {"max", 4},   {"min", 3},
                                             {"prod", 12}, {"l2", 5}};
  for (auto [kind, expected] : kinds)
    expectResult("func.func @main(%x: tensor<2xf32>) -> tensor<f32> {\n"
                 "  %r = tfm.reduce " +
                     std::string(kind) +
                     " %x axes [0] : tensor<2xf32> -> tensor<f32>\n"
                     "  return %r : tensor<f32>\n}",
                 {f32({2}, {3, 4})}, f32({}, {expected}));
}

TEST(InterpreterOps, ArgReduceAndCumsum) {
  const char *text = R"mlir(
    func.func @main(%x: tensor<3xi32>) -> tensor<i64> {
      %c = tfm.cumsum %x axis 0 exclusive reverse : tensor<3xi32>
      %r = tfm.arg_reduce KIND %c axis 0 last : tensor<3xi32> -> tensor<i64>
      return %r : tensor<i64>
    })mlir";
  Tensor x = Tensor::of(I32, {3}, {5, 0, 2}); // sums 2 2 0
  std::string most = text, least = text;
  most.replace(most.find("KIND"), 4, "max");
  least.replace(least.find("KIND"), 4, "min");
  expectResult(most, {x}, i64({}, {1}));
  expectResult(least, {x}, i64({}, {2}));
}

TEST(InterpreterOps, ConvWithPadsAtBothEnds) {
  expectResult(
      R"mlir(
    func.func @main(%x: tensor<1x1x3xf32>, %w: tensor<1x1x2xf32>, %b: tensor<1xf32>) -> tensor<1x1x3xf32> {
      %r = tfm.conv %x, %w, %b strides [2] pads [1, 2] dilations [1] group 1
        : (tensor<1x1x3xf32>, tensor<1x1x2xf32>, tensor<1xf32>) -> tensor<1x1x3xf32>
      return %r : tensor<1x1x3xf32>
    })mlir",
      {f32({1, 1, 3}, {1, 2, 3}), f32({1, 1, 2}, {1, 10}), f32({1}, {100})},
      f32({1, 1, 3}, {110, 132, 100}));
}

TEST(InterpreterOps, ViewsWithSymbolicAmounts) {
  expectResult(R"mlir(
    func.func @main(%x: tensor<?xf32, #tfm.dims<n>>) -> tensor<2x?xf32, #tfm.dims<2, n>> {
      %s = tfm.slice %x starts <n - 1> steps [-1] : tensor<?xf32, #tfm.dims<n>> -> tensor<?xf32, #tfm.dims<n - 1>>
      %z = tfm.constant dense<9.0> : tensor<f32>
      %p = tfm.pad constant %s, %z low <1> high <n>
        : (tensor<?xf32, #tfm.dims<n - 1>>, tensor<f32>) -> tensor<?xf32, #tfm.dims<2*n>>
      %r = tfm.reshape %p : tensor<?xf32, #tfm.dims<2*n>> -> tensor<2x?xf32, #tfm.dims<2, n>>
      return %r : tensor<2x?xf32, #tfm.dims<2, n>>
    })mlir",
               {f32({3}, {1, 2, 3})}, f32({2, 3}, {9, 3, 2, 9, 9, 9}));
}

TEST(InterpreterOps, PadModes) {
  std::pair<const char *, double> modes[] = {
      {"reflect", 2}, {"edge", 1}, {"wrap", 3}};
  for (auto [mode, first] : modes)
    expectResult("func.func @main(%x: tensor<3xf32>) -> tensor<4xf32> {\n  %r "
                 "= tfm.pad " +
                     std::string(mode) +
                     " %x low <1> high <0> : (tensor<3xf32>) -> tensor<4xf32>\n"
                     "  return %r : tensor<4xf32>\n}",
                 {f32({3}, {1, 2, 3})}, f32({4}, {first, 1, 2, 3}));
}

TEST(InterpreterOps, TransposeBroadcastTileConcat) {
  expectResult(R"mlir(
    func.func @main(%x: tensor<1x2xi64>) -> tensor<2x5xi64> {
      %t = tfm.transpose %x perm [1, 0] : tensor<1x2xi64> -> tensor<2x1xi64>
      %b = tfm.broadcast %t : tensor<2x1xi64> -> tensor<2x3xi64>
      %w = tfm.tile %x : tensor<1x2xi64> -> tensor<2x2xi64>
      %r = tfm.concat %b, %w axis 1 : (tensor<2x3xi64>, tensor<2x2xi64>) -> tensor<2x5xi64>
      return %r : tensor<2x5xi64>
    })mlir",
               {i64({1, 2}, {1, 2})},
               i64({2, 5}, {1, 1, 1, 1, 2, 2, 2, 2, 1, 2}));
}

TEST(InterpreterOps, Gathers) {
  expectResult(R"mlir(
    func.func @main(%x: tensor<2x2xf32>, %i: tensor<2x1xi64>) -> tensor<2x2xf32> {
      %g = tfm.gather %x, %i axis 1 : (tensor<2x2xf32>, tensor<2x1xi64>) -> tensor<2x2x1xf32>
      %h = tfm.reshape %g : tensor<2x2x1xf32> -> tensor<2x2xf32>
      %e = tfm.gather_elements %h, %i axis 1 : (tensor<2x2xf32>, tensor<2x1xi64>) -> tensor<2x1xf32>
      %n = tfm.gather_nd %h, %i batch_dims 1 : (tensor<2x2xf32>, tensor<2x1xi64>) -> tensor<2xf32>
      %m = tfm.reshape %n : tensor<2xf32> -> tensor<2x1xf32>
      %r = tfm.concat %e, %m axis 1 : (tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
      return %r : tensor<2x2xf32>
    })mlir",
               {f32({2, 2}, {1, 2, 3, 4}), i64({2, 1}, {-1, 0})},
               f32({2, 2}, {1, 1, 4, 4}));
}

TEST(InterpreterOps, Generators) {
  expectResult(R"mlir(
    func.func @main(%x: tensor<?xf32, #tfm.dims<n>>) -> tensor<?x?xi64, #tfm.dims<n, n>> {
      %i = tfm.iota <n, 2> : tensor<?xi64, #tfm.dims<n>>
      %s = tfm.symbolic <10*n> : tensor<i64>
      %a = tfm.elementwise add(%i, %s) : (tensor<?xi64, #tfm.dims<n>>, tensor<i64>) -> tensor<?xi64, #tfm.dims<n>>
      %b = tfm.broadcast %a : tensor<?xi64, #tfm.dims<n>> -> tensor<?x?xi64, #tfm.dims<n, n>>
      %r = tfm.trilu upper %b diagonal <n - 2> : tensor<?x?xi64, #tfm.dims<n, n>>
      return %r : tensor<?x?xi64, #tfm.dims<n, n>>
    })mlir",
               {f32({3}, {0, 0, 0})},
               i64({3, 3}, {0, 35, 37, 0, 0, 37, 0, 0, 0}));
}

TEST(InterpreterOps, SymbolicVectorAndSplatConstant) {
  expectResult(R"mlir(
    func.func @main(%x: tensor<?xf32, #tfm.dims<n>>) -> tensor<2xi32> {
      %s = tfm.symbolic <n, max(n, 7)> : tensor<2xi32>
      %c = tfm.constant dense<-1> : tensor<2xi32>
      %r = tfm.elementwise mul(%s, %c) : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
      return %r : tensor<2xi32>
    })mlir",
               {f32({3}, {0, 0, 0})}, Tensor::of(I32, {2}, {-3, -7}));
}

TEST(InterpreterOps, NormWithResidualAndSum) {
  Program program(R"mlir(
    func.func @main(%x: tensor<1x2xf64>, %y: tensor<1x2xf64>, %w: tensor<2xf64>, %b: tensor<2xf64>) -> (tensor<1x2xf64>, tensor<1x2xf64>) {
      %r, %s = tfm.norm layer %x residual %y scale %w bias %b axis 1 epsilon 0.0
        : (tensor<1x2xf64>, tensor<1x2xf64>, tensor<2xf64>, tensor<2xf64>) -> (tensor<1x2xf64>, tensor<1x2xf64>)
      return %r, %s : tensor<1x2xf64>, tensor<1x2xf64>
    })mlir");
  auto results = program.run({f64({1, 2}, {1, 2}), f64({1, 2}, {1, 2}),
                              f64({2}, {1, 10}), f64({2}, {5, 0})});
  ASSERT_TRUE(mlir::succeeded(results)) << program.diagnostics;
  expectTensor((*results)[0], f64({1, 2}, {4, 10}));
  expectTensor((*results)[1], f64({1, 2}, {2, 4}));
}

TEST(InterpreterOps, RmsNorm) {
  expectResult(R"mlir(
    func.func @main(%x: tensor<1x2xf64>) -> tensor<1x2xf64> {
      %r = tfm.norm rms %x axis 1 epsilon 5.000000e-01 : (tensor<1x2xf64>) -> tensor<1x2xf64>
      return %r : tensor<1x2xf64>
    })mlir",
               {f64({1, 2}, {4, -1})}, f64({1, 2}, {4 / 3.0, -1 / 3.0}), 1e-12);
}

TEST(InterpreterOps, ConstantsOfAllTypes) {
  std::pair<const char *, Tensor> cases[] = {
      {"dense<[true, false, true]> : tensor<3xi1>", boolean({3}, {1, 0, 1})},
      {"dense<true> : tensor<2xi1>", boolean({2}, {1, 1})},
      {"dense<[-8, 7]> : tensor<2xi4>", Tensor::of(I4, {2}, {-8, 7})},
      {"dense<[1, 255]> : tensor<2xui8>", Tensor::of(U8, {2}, {1, 255})},
      {"dense<[-1, 5]> : tensor<2xi64>", i64({2}, {-1, 5})},
      {"dense<[0.5, -2.0]> : tensor<2xf16>", Tensor::of(F16, {2}, {0.5, -2})},
      {"dense<1.5> : tensor<2xbf16>", Tensor::of(BF16, {2}, {1.5, 1.5})},
      {"dense<0xFF800000> : tensor<1xf32>", f32({1}, {-kInf})},
      {"dense<[448.0, 1.0]> : tensor<2xf8E4M3FN>",
       Tensor::of(F8E4M3FN, {2}, {448, 1})},
      {"dense<> : tensor<0xf32>", empty(F32, {0})},
  };
  for (auto &[text, expected] : cases) {
    std::string type = llvm::StringRef(text).rsplit(" : ").second.str();
    expectResult("func.func @main() -> " + type + " {\n %c = tfm.constant " +
                     text + "\n return %c : " + type + "\n}",
                 {}, expected);
  }
}

} // namespace
} // namespace ingot::reference
