// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @convert
func.func @convert(%x: f32) -> i1 {
  // CHECK: tfm.convert %{{.*}} : f32 to i64
  %0 = tfm.convert %x : f32 to i64
  // CHECK: tfm.convert %{{.*}} : i64 to i1
  %1 = tfm.convert %0 : i64 to i1
  return %1 : i1
}
