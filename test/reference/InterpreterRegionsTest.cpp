// Ops with scalar regions: fused, linear, attention.
#include "test/reference/Interpret.h"

namespace ingot::reference {
namespace {

TEST(InterpreterRegions, FusedEmbedding) {
  const char *text = R"mlir(
    func.func @main(%ids: tensor<?xi32, #tfm.dims<n>>, %table: tensor<3x2xf32>) -> tensor<?x2xf32, #tfm.dims<n, 2>> {
      %r = tfm.fused {
      ^bb0(%s: i64, %c: i64):
        %rows = arith.constant 3 : i64
        %two = arith.constant 2.0 : f32
        %id = tfm.load %ids[%s] : tensor<?xi32, #tfm.dims<n>> -> i64
        %row = tfm.check_index %id, %rows
        %x = tfm.load %table[%row, %c] : tensor<3x2xf32> -> f32
        %n = tfm.symbol <10*n>
        %f = tfm.convert %n : i64 to f32
        %y = tfm.apply mul(%x, %two) : (f32, f32) -> f32
        %z = tfm.apply add(%y, %f) : (f32, f32) -> f32
        tfm.yield %z : f32
      } : tensor<?x2xf32, #tfm.dims<n, 2>>
      return %r : tensor<?x2xf32, #tfm.dims<n, 2>>
    })mlir";
  Tensor table = f32({3, 2}, {1, 2, 3, 4, 5, 6});
  expectResult(text, {Tensor::of(I32, {2}, {-1, 0}), table},
               f32({2, 2}, {30, 32, 22, 24}));
  expectDiagnostic(text, {Tensor::of(I32, {1}, {3}), table},
                   "'tfm.fused' op index 3 is outside an axis of 3 elements");
}

/// Concatenation as a choice: the side not taken reads outside its tensor.
constexpr const char *kConcat = R"mlir(
    func.func @main(%a: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<4xf32> {
      %r = tfm.fused {
      ^bb0(%i: i64):
        %two = arith.constant 2 : i64
        %first = tfm.apply lt(%i, %two) : (i64, i64) -> i1
        %j = tfm.apply sub(%i, %two) : (i64, i64) -> i64
        %x = tfm.load %a[%i] : tensor<2xf32> -> f32
        %y = tfm.load %b[%j] : tensor<2xf32> -> f32
        %z = tfm.apply neg(%y) : (f32) -> f32
        %w = tfm.choose %first, %x, %z : f32
        tfm.yield %w : f32
      } : tensor<4xf32>
      return %r : tensor<4xf32>
    })mlir";

TEST(InterpreterRegions, AChoiceDropsWhatIsOutside) {
  expectResult(kConcat, {f32({2}, {1, 2}), f32({2}, {3, 4})},
               f32({4}, {1, 2, -3, -4}));
}

TEST(InterpreterRegions, WhatIsOutsideAndChosenIsAnError) {
  std::string text = kConcat;
  text.replace(text.find("%first, %x, %z"), 14, "%first, %z, %x");
  expectDiagnostic(text, {f32({2}, {1, 2}), f32({2}, {3, 4})},
                   "reads element -2 of axis 0 of a tensor of shape [2]");
}

TEST(InterpreterRegions, AndIsDecidedWithoutWhatIsOutside) {
  expectResult(R"mlir(
    func.func @main(%a: tensor<2xi1>) -> tensor<3xi1> {
      %r = tfm.fused {
      ^bb0(%i: i64):
        %two = arith.constant 2 : i64
        %inside = tfm.apply lt(%i, %two) : (i64, i64) -> i1
        %x = tfm.load %a[%i] : tensor<2xi1> -> i1
        %y = tfm.apply and(%x, %inside) : (i1, i1) -> i1
        tfm.yield %y : i1
      } : tensor<3xi1>
      return %r : tensor<3xi1>
    })mlir",
               {boolean({2}, {1, 1})}, boolean({3}, {1, 1, 0}));
}

TEST(InterpreterRegions, IntegersAreSixtyFourBitsInsideAndNarrowAtTheEnd) {
  expectResult(R"mlir(
    func.func @main(%a: tensor<1xi8>) -> tensor<1xi8> {
      %r = tfm.fused {
      ^bb0(%i: i64):
        %x = tfm.load %a[%i] : tensor<1xi8> -> i64
        %y = tfm.apply add(%x, %x) : (i64, i64) -> i64
        tfm.yield %y : i64
      } : tensor<1xi8>
      return %r : tensor<1xi8>
    })mlir",
               {Tensor::of(I8, {1}, {100})}, Tensor::of(I8, {1}, {-56}));
}

TEST(InterpreterRegions, StepsRoundToTheirType) {
  // In double the two fills would not overflow.
  expectResult(R"mlir(
    func.func @main(%a: tensor<f32>) -> tensor<f32> {
      %r = tfm.fused {
        %x = tfm.load %a[] : tensor<f32> -> f32
        %y = tfm.apply add(%x, %x) : (f32, f32) -> f32
        %z = tfm.apply sub(%y, %x) : (f32, f32) -> f32
        tfm.yield %z : f32
      } : tensor<f32>
      return %r : tensor<f32>
    })mlir",
               {f32({}, {-3.4e38})}, f32({}, {-kInf}));
}

TEST(InterpreterRegions, LinearWithEpilogueAndResidual) {
  expectResult(R"mlir(
    func.func @main(%x: tensor<1x2xf32>, %w: tensor<2x2xf32>, %b: tensor<2xf32>, %y: tensor<1x2xf32>) -> tensor<1x2xf32> {
      %r = tfm.linear %x, %w bias %b residual %y epilogue {
      ^bb0(%v: f32):
        %g = tfm.apply relu(%v) : (f32) -> f32
        tfm.yield %g : f32
      } : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
      return %r : tensor<1x2xf32>
    })mlir",
               {f32({1, 2}, {1, 2}), f32({2, 2}, {1, -1, 1, -1}),
                f32({2}, {1, 1}), f32({1, 2}, {10, 10})},
               f32({1, 2}, {14, 10}));
}

TEST(InterpreterRegions, LinearWithAQuantizedWeight) {
  // Blocks of 2 along K = 3; the second has one row.
  expectResult(
      R"mlir(
    func.func @main(%x: tensor<1x3xf32>, %w: tensor<3x2xui4>, %s: tensor<2x2xf32>, %z: tensor<2x2xui4>) -> tensor<1x2xf32> {
      %r = tfm.linear %x, %w scales %s zeros %z {block = 2 : i64} : (tensor<1x3xf32>, tensor<3x2xui4>, tensor<2x2xf32>, tensor<2x2xui4>) -> tensor<1x2xf32>
      return %r : tensor<1x2xf32>
    })mlir",
      {f32({1, 3}, {1, 10, 100}), Tensor::of(U4, {3, 2}, {15, 0, 8, 9, 7, 3}),
       f32({2, 2}, {0.5, 2, 1, 4}), Tensor::of(U4, {2, 2}, {8, 0, 7, 5})},
      f32({1, 2}, {3.5, 180 - 800}));
  expectResult(R"mlir(
    func.func @main(%x: tensor<1x2xf16>, %w: tensor<2x2xi8>, %s: tensor<1x2xf32>, %b: tensor<2xf32>) -> tensor<1x2xf32> {
      %r = tfm.linear %x, %w scales %s bias %b {block = 2 : i64} : (tensor<1x2xf16>, tensor<2x2xi8>, tensor<1x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
      return %r : tensor<1x2xf32>
    })mlir",
               {Tensor::of(F16, {1, 2}, {1, 2}),
                Tensor::of(I8, {2, 2}, {-128, 1, 127, 3}),
                f32({1, 2}, {0.5, 0.25}), f32({2}, {1, -1})},
               f32({1, 2}, {64, 0.75}));
}

std::string attention(llvm::StringRef emptyRows, llvm::StringRef scoreMod) {
  return (R"mlir(
    func.func @main(%q: tensor<1x?x1x1xf32, #tfm.dims<1, n, 1, 1>>, %v: tensor<1x?x1x1xf32, #tfm.dims<1, n, 1, 1>>, %mask: tensor<1x?xi64, #tfm.dims<1, n>>) -> tensor<1x?x1x1xf32, #tfm.dims<1, n, 1, 1>> {
      %fill = tfm.constant dense<-3.4e38> : tensor<f32>
      %r = tfm.attention %q, %q, %v scale 1.0 terms [] empty_rows )mlir" +
          emptyRows + scoreMod + R"mlir(
        : (tensor<1x?x1x1xf32, #tfm.dims<1, n, 1, 1>>, tensor<1x?x1x1xf32, #tfm.dims<1, n, 1, 1>>, tensor<1x?x1x1xf32, #tfm.dims<1, n, 1, 1>>) -> tensor<1x?x1x1xf32, #tfm.dims<1, n, 1, 1>>
      return %r : tensor<1x?x1x1xf32, #tfm.dims<1, n, 1, 1>>
    })mlir")
      .str();
}
constexpr const char *kKeyPadding = R"mlir( score_mod {
      ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %k: i64):
        %zero = arith.constant 0 : i64
        %m = tfm.load %mask[%b, %k] : tensor<1x?xi64, #tfm.dims<1, n>> -> i64
        %keep = tfm.apply ne(%m, %zero) : (i64, i64) -> i1
        %f = tfm.load %fill[] : tensor<f32> -> f32
        %o = arith.constant 0.0 : f32
        %a = tfm.choose %keep, %o, %f : f32
        %t = tfm.apply add(%s, %a) : (f32, f32) -> f32
        tfm.yield %t : f32
      })mlir";

TEST(InterpreterRegions, AttentionWithKeyPadding) {
  Tensor q = empty(F32, {1, 3, 1, 1}), v = f32({1, 3, 1, 1}, {3, 5, 100});
  expectResult(attention("mean", kKeyPadding), {q, v, i64({1, 3}, {1, 1, 0})},
               f32({1, 3, 1, 1}, {4, 4, 4}));
  expectResult(attention("mean", kKeyPadding), {q, v, i64({1, 3}, {0, 0, 0})},
               f32({1, 3, 1, 1}, {36, 36, 36}));
  expectResult(attention("scores", ""), {q, v, i64({1, 3}, {0, 0, 0})},
               f32({1, 3, 1, 1}, {36, 36, 36}));
}

TEST(InterpreterRegions, AttentionEmptyRowsNaNAndZero) {
  std::string causal = R"mlir( score_mod {
      ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %k: i64):
        %keep = tfm.apply lt(%k, %i) : (i64, i64) -> i1
        %low = arith.constant 0xFF800000 : f32
        %a = tfm.choose %keep, %s, %low : f32
        tfm.yield %a : f32
      })mlir"; // strictly before: the first row has no key
  Tensor q = empty(F32, {1, 3, 1, 1}), v = f32({1, 3, 1, 1}, {3, 5, 100});
  Tensor mask = empty(I64, {1, 3});
  expectResult(attention("nan", causal), {q, v, mask},
               f32({1, 3, 1, 1}, {kNaN, 3, 4}));
  expectResult(attention("zero", causal), {q, v, mask},
               f32({1, 3, 1, 1}, {0, 3, 4}));
}

} // namespace
} // namespace ingot::reference
