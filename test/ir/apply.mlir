// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @apply
func.func @apply(%x: f32, %i: i64, %c: i1) -> i1 {
  // CHECK: tfm.apply add(%{{.*}}, %{{.*}}) : (f32, f32) -> f32
  %0 = tfm.apply add(%x, %x) : (f32, f32) -> f32
  // CHECK: tfm.apply floordiv(%{{.*}}, %{{.*}}) : (i64, i64) -> i64
  %1 = tfm.apply floordiv(%i, %i) : (i64, i64) -> i64
  // CHECK: tfm.apply lt(%{{.*}}, %{{.*}}) : (i64, i64) -> i1
  %2 = tfm.apply lt(%1, %i) : (i64, i64) -> i1
  // CHECK: tfm.apply and(%{{.*}}, %{{.*}}) : (i1, i1) -> i1
  %3 = tfm.apply and(%2, %c) : (i1, i1) -> i1
  return %3 : i1
}
