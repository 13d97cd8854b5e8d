// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @choose
func.func @choose(%c: i1, %x: f32, %y: f32) -> f32 {
  // CHECK: tfm.choose %{{.*}}, %{{.*}}, %{{.*}} : f32
  %0 = tfm.choose %c, %x, %y : f32
  return %0 : f32
}
