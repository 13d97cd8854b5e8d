// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @norm
func.func @norm(%x: tensor<?x8xf32, #tfm.dims<n, 8>>, %w: tensor<8xf32>) -> (tensor<?x8xf32, #tfm.dims<n, 8>>, tensor<?x8xf32, #tfm.dims<n, 8>>) {
  // CHECK: %{{.*}}, %{{.*}} = tfm.norm layer %{{.*}} residual %{{.*}} scale %{{.*}} bias %{{.*}} axis 1 epsilon 9.9999999999999998E-13 : {{.*}} -> (tensor<?x8xf32, #tfm.dims<n, 8>>, tensor<?x8xf32, #tfm.dims<n, 8>>)
  %0, %1 = tfm.norm layer %x residual %x scale %w bias %w axis 1 epsilon 1.0e-12
      : (tensor<?x8xf32, #tfm.dims<n, 8>>, tensor<?x8xf32, #tfm.dims<n, 8>>, tensor<8xf32>, tensor<8xf32>) -> (tensor<?x8xf32, #tfm.dims<n, 8>>, tensor<?x8xf32, #tfm.dims<n, 8>>)
  // CHECK: tfm.norm rms %{{.*}} scale %{{.*}} axis 1 epsilon 1.000000e-05 : (tensor<?x8xf32, #tfm.dims<n, 8>>, tensor<8xf32>) -> tensor<?x8xf32, #tfm.dims<n, 8>>
  %2 = tfm.norm rms %0 scale %w axis 1 epsilon 1.0e-5 : (tensor<?x8xf32, #tfm.dims<n, 8>>, tensor<8xf32>) -> tensor<?x8xf32, #tfm.dims<n, 8>>
  return %2, %1 : tensor<?x8xf32, #tfm.dims<n, 8>>, tensor<?x8xf32, #tfm.dims<n, 8>>
}
