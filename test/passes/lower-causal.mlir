// RUN: ingot-opt %s --split-input-file --lower-to-plan | FileCheck %s
// Which masks promise that later keys weigh nothing.

// Keys up to the query's place behind what came before: the first query keeps
// past + 1. The last keeps all, so half of the square is no work.
// CHECK-LABEL: plan.program @main
// CHECK:         plan.launch {{.*}} scalars <8*sequence, 8*past + 8*sequence, batch, sequence, past + sequence, past + 1, past> flops <{{.*}}floordiv 2
// CHECK:       plan.kernel attention {{.*}} causal_keys = -6 : i64, {{.*}} empty_rows = "nan"
module {
  func.func @main(%q: tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> {tfm.name = "q"}, %k: tensor<?x?x2x4xf32, #tfm.dims<batch, past + sequence, 2, 4>> {tfm.name = "k"}) -> (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, -1, 0, 1>, #tfm.symbol<"past", 0, -1, 1, 1>]} {
    %0 = tfm.attention %q, %k, %k scale 0.5 terms ["causal"] empty_rows nan score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %inf = arith.constant 0xFF800000 : f32
      %past = tfm.symbol <past>
      %1 = tfm.apply add(%i, %past) : (i64, i64) -> i64
      %2 = tfm.apply le(%j, %1) : (i64, i64) -> i1
      %3 = tfm.choose %2, %s, %inf : f32
      tfm.yield %3 : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, past + sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, past + sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    return %0 : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
  }
}

// -----

// A fill that absorbs the score, added with that of padding.
// CHECK: plan.kernel attention {{.*}} causal_keys = 1 : i64
module {
  func.func @main(%q: tensor<1x5x2x4xf32> {tfm.name = "q"}, %m: tensor<1x5xi1> {tfm.name = "m"}) -> (tensor<1x5x2x4xf32> {tfm.name = "y"}) {
    %0 = tfm.attention %q, %q, %q scale 0.5 terms [] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %fill = arith.constant -3.40282347E+38 : f32
      %small = arith.constant -1.0E+4 : f32
      %inf = arith.constant 0xFF800000 : f32
      %zero = arith.constant 0.0 : f32
      %later = tfm.apply lt(%i, %j) : (i64, i64) -> i1
      %keep = tfm.load %m[%b, %j] : tensor<1x5xi1> -> i1
      %1 = tfm.choose %later, %fill, %zero : f32
      %2 = tfm.choose %keep, %zero, %fill : f32
      %3 = tfm.apply add(%s, %1) : (f32, f32) -> f32
      %4 = tfm.apply add(%3, %2) : (f32, f32) -> f32
      tfm.yield %4 : f32
    } : (tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>) -> tensor<1x5x2x4xf32>
    return %0 : tensor<1x5x2x4xf32>
  }
}

// -----

// One condition of both.
// CHECK: plan.kernel attention {{.*}} causal_keys = 1 : i64
module {
  func.func @main(%q: tensor<1x5x2x4xf32> {tfm.name = "q"}, %m: tensor<1x5xi1> {tfm.name = "m"}) -> (tensor<1x5x2x4xf32> {tfm.name = "y"}) {
    %0 = tfm.attention %q, %q, %q scale 0.5 terms [] empty_rows zero score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %fill = arith.constant -3.40282347E+38 : f32
      %small = arith.constant -1.0E+4 : f32
      %inf = arith.constant 0xFF800000 : f32
      %zero = arith.constant 0.0 : f32
      %later = tfm.apply lt(%i, %j) : (i64, i64) -> i1
      %keep = tfm.load %m[%b, %j] : tensor<1x5xi1> -> i1
      %not = tfm.apply not(%later) : (i1) -> i1
      %1 = tfm.apply and(%keep, %not) : (i1, i1) -> i1
      %2 = tfm.choose %1, %s, %inf : f32
      tfm.yield %2 : f32
    } : (tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>) -> tensor<1x5x2x4xf32>
    return %0 : tensor<1x5x2x4xf32>
  }
}

// -----

// Later keys still count a little.
// CHECK-NOT: causal_keys
module {
  func.func @main(%q: tensor<1x5x2x4xf32> {tfm.name = "q"}, %m: tensor<1x5xi1> {tfm.name = "m"}) -> (tensor<1x5x2x4xf32> {tfm.name = "y"}) {
    %0 = tfm.attention %q, %q, %q scale 0.5 terms [] empty_rows scores score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %fill = arith.constant -3.40282347E+38 : f32
      %small = arith.constant -1.0E+4 : f32
      %inf = arith.constant 0xFF800000 : f32
      %zero = arith.constant 0.0 : f32
      %later = tfm.apply lt(%i, %j) : (i64, i64) -> i1
      %keep = tfm.load %m[%b, %j] : tensor<1x5xi1> -> i1
      %1 = tfm.choose %later, %small, %zero : f32
      %2 = tfm.apply add(%s, %1) : (f32, f32) -> f32
      tfm.yield %2 : f32
    } : (tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>) -> tensor<1x5x2x4xf32>
    return %0 : tensor<1x5x2x4xf32>
  }
}

// -----

// Where padding leaves no earlier key, later ones are all there is.
// CHECK-NOT: causal_keys
module {
  func.func @main(%q: tensor<1x5x2x4xf32> {tfm.name = "q"}, %m: tensor<1x5xi1> {tfm.name = "m"}) -> (tensor<1x5x2x4xf32> {tfm.name = "y"}) {
    %0 = tfm.attention %q, %q, %q scale 0.5 terms [] empty_rows nan score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %fill = arith.constant -3.40282347E+38 : f32
      %small = arith.constant -1.0E+4 : f32
      %inf = arith.constant 0xFF800000 : f32
      %zero = arith.constant 0.0 : f32
      %later = tfm.apply lt(%i, %j) : (i64, i64) -> i1
      %keep = tfm.load %m[%b, %j] : tensor<1x5xi1> -> i1
      %1 = tfm.choose %later, %fill, %s : f32
      %2 = tfm.choose %keep, %1, %inf : f32
      tfm.yield %2 : f32
    } : (tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>) -> tensor<1x5x2x4xf32>
    return %0 : tensor<1x5x2x4xf32>
  }
}

// -----

// Later keys are those that are kept, or kept by another condition.
// CHECK-NOT: causal_keys
module {
  func.func @main(%q: tensor<1x5x2x4xf32> {tfm.name = "q"}, %m: tensor<1x5xi1> {tfm.name = "m"}) -> (tensor<1x5x2x4xf32> {tfm.name = "y"}) {
    %0 = tfm.attention %q, %q, %q scale 0.5 terms [] empty_rows nan score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %fill = arith.constant -3.40282347E+38 : f32
      %small = arith.constant -1.0E+4 : f32
      %inf = arith.constant 0xFF800000 : f32
      %zero = arith.constant 0.0 : f32
      %later = tfm.apply lt(%i, %j) : (i64, i64) -> i1
      %keep = tfm.load %m[%b, %j] : tensor<1x5xi1> -> i1
      %1 = tfm.choose %later, %s, %inf : f32
      %either = tfm.apply or(%later, %keep) : (i1, i1) -> i1
      %2 = tfm.choose %either, %1, %inf : f32
      tfm.yield %2 : f32
    } : (tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>) -> tensor<1x5x2x4xf32>
    return %0 : tensor<1x5x2x4xf32>
  }
}
