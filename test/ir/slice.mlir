// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @slice
func.func @slice(%x: tensor<?x8xf32, #tfm.dims<sequence, 8>>) -> (tensor<1x8xf32>, tensor<?x4xf32, #tfm.dims<sequence, 4>>, tensor<?x8xf32, #tfm.dims<min(sequence, 4), 8>>) {
  // CHECK: tfm.slice %{{.*}} starts <sequence - 1, 0> steps [1, 1] : tensor<?x8xf32, #tfm.dims<sequence, 8>> -> tensor<1x8xf32>
  %0 = tfm.slice %x starts <sequence - 1, 0> steps [1, 1] : tensor<?x8xf32, #tfm.dims<sequence, 8>> -> tensor<1x8xf32>
  // CHECK: tfm.slice %{{.*}} starts <0, 7> steps [1, -2] :
  %1 = tfm.slice %x starts <0, 7> steps [1, -2] : tensor<?x8xf32, #tfm.dims<sequence, 8>> -> tensor<?x4xf32, #tfm.dims<sequence, 4>>
  // CHECK: tfm.slice %{{.*}} starts <0, 0> steps [1, 1] :
  %2 = tfm.slice %x starts <0, 0> steps [1, 1] : tensor<?x8xf32, #tfm.dims<sequence, 8>> -> tensor<?x8xf32, #tfm.dims<min(sequence, 4), 8>>
  return %0, %1, %2 : tensor<1x8xf32>, tensor<?x4xf32, #tfm.dims<sequence, 4>>, tensor<?x8xf32, #tfm.dims<min(sequence, 4), 8>>
}
