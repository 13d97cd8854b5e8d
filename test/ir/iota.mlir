// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @iota
func.func @iota() -> tensor<?xi64, #tfm.dims<sequence>> {
  // CHECK: tfm.iota <past, 1> : tensor<?xi64, #tfm.dims<sequence>>
  %0 = tfm.iota <past, 1> : tensor<?xi64, #tfm.dims<sequence>>
  return %0 : tensor<?xi64, #tfm.dims<sequence>>
}
