// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @check_index
func.func @check_index(%i: i64, %n: i64) -> i64 {
  // CHECK: tfm.check_index %{{.*}}, %{{.*}}
  %0 = tfm.check_index %i, %n
  return %0 : i64
}
