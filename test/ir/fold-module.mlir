// RUN: ingot-opt %s -canonicalize -cse | FileCheck %s

// CHECK-LABEL: @symbolic
func.func @symbolic() -> (tensor<3xi64>, tensor<i8>, tensor<2xi64>) {
  // CHECK-DAG: tfm.constant dense<[1, -1, 64]> : tensor<3xi64>
  // CHECK-DAG: tfm.constant dense<44> : tensor<i8>
  // CHECK-DAG: tfm.symbolic <batch, 64> : tensor<2xi64>
  %0 = tfm.symbolic <1, -1, 64> : tensor<3xi64>
  %1 = tfm.symbolic <300> : tensor<i8>
  %2 = tfm.symbolic <batch, 64> : tensor<2xi64>
  return %0, %1, %2 : tensor<3xi64>, tensor<i8>, tensor<2xi64>
}

// Requirements that hold for all values of the symbols go.
// CHECK-LABEL: @requirements
func.func @requirements() {
  // CHECK-NEXT: tfm.require le <sequence, 512> "table"
  // CHECK-NEXT: tfm.require eq <total, past + sequence> "mask"
  // CHECK-NEXT: tfm.require eq <3, 4> "never"
  // CHECK-NEXT: return
  tfm.require le <sequence, 512> "table"
  tfm.require le <sequence, past + sequence> "holds"
  tfm.require le <3, 4> "holds"
  tfm.require eq <total, past + sequence> "mask"
  tfm.require eq <sequence + past, past + sequence> "holds"
  tfm.require eq <3, 4> "never"
  return
}

// Constants of a region stay in it, where code generation looks for them.
// CHECK-LABEL: @regions
func.func @regions(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: tfm.fused {
  // CHECK-NEXT: ^bb0(%[[I:.*]]: i64):
  // CHECK-NEXT: %[[TWO:.*]] = arith.constant 2.000000e+00 : f32
  // CHECK-NEXT: %[[V:.*]] = tfm.load %{{.*}}[%[[I]]]
  // CHECK-NEXT: %[[P:.*]] = tfm.apply mul(%[[V]], %[[TWO]])
  // CHECK-NEXT: tfm.yield %[[P]]
  %0 = tfm.fused {
  ^bb0(%i: i64):
    %v = tfm.load %x[%i] : tensor<4xf32> -> f32
    %w = tfm.load %x[%i] : tensor<4xf32> -> f32
    %two = arith.constant 2.0 : f32
    %true = arith.constant true
    %c = tfm.convert %two : f32 to f32
    %k = tfm.choose %true, %c, %v : f32
    %l = tfm.choose %true, %w, %k : f32
    %m = tfm.choose %true, %v, %v : f32
    %p = tfm.apply mul(%m, %k) : (f32, f32) -> f32
    tfm.yield %p : f32
  } : tensor<4xf32>
  // CHECK: tfm.fused {
  // CHECK: arith.constant 2.000000e+00 : f32
  %1 = tfm.fused {
  ^bb0(%i: i64):
    %two = arith.constant 2.0 : f32
    tfm.yield %two : f32
  } : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// Equal pure ops are one, unused ones none.
// CHECK-LABEL: @dead_and_common
func.func @dead_and_common(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[E:.*]] = tfm.elementwise exp
  // CHECK-NEXT: return %[[E]], %[[E]]
  %0 = tfm.elementwise exp(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tfm.elementwise exp(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = tfm.elementwise log(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// Constants of a recipe are the recipe's.
// CHECK: tfm.weight @w
// CHECK-NEXT: tfm.constant dense<2.000000e+00> : tensor<2x2xf32>
// CHECK-NEXT: tfm.yield
tfm.weight @w : tensor<2x2xf32> recipe {
  %0 = tfm.constant dense<2.0> : tensor<f32>
  %1 = tfm.broadcast %0 : tensor<f32> -> tensor<2x2xf32>
  tfm.yield %1 : tensor<2x2xf32>
}
