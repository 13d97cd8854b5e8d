// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @arg_reduce
func.func @arg_reduce(%x: tensor<?x3xf32, #tfm.dims<batch, 3>>) -> (tensor<?xi64, #tfm.dims<batch>>, tensor<1x3xi64>) {
  // CHECK: tfm.arg_reduce max %{{.*}} axis 1 : tensor<?x3xf32, #tfm.dims<batch, 3>> -> tensor<?xi64, #tfm.dims<batch>>
  %0 = tfm.arg_reduce max %x axis 1 : tensor<?x3xf32, #tfm.dims<batch, 3>> -> tensor<?xi64, #tfm.dims<batch>>
  // CHECK: tfm.arg_reduce min %{{.*}} axis 0 keepdims last : tensor<?x3xf32, #tfm.dims<batch, 3>> -> tensor<1x3xi64>
  %1 = tfm.arg_reduce min %x axis 0 keepdims last : tensor<?x3xf32, #tfm.dims<batch, 3>> -> tensor<1x3xi64>
  return %0, %1 : tensor<?xi64, #tfm.dims<batch>>, tensor<1x3xi64>
}
