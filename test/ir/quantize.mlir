// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @quantize
func.func @quantize(%x: tensor<?x8xf32, #tfm.dims<batch, 8>>, %s: tensor<f32>, %z: tensor<i8>, %a: tensor<8xf32>,
                    %h: tensor<?x8xf16, #tfm.dims<batch, 8>>, %b: tensor<?x3xf16, #tfm.dims<batch, 3>>) {
  // CHECK: tfm.quantize %{{.*}} scale %{{.*}} : (tensor<?x8xf32, #tfm.dims<batch, 8>>, tensor<f32>) -> tensor<?x8xf8E5M2, #tfm.dims<batch, 8>>
  %0 = tfm.quantize %x scale %s : (tensor<?x8xf32, #tfm.dims<batch, 8>>, tensor<f32>) -> tensor<?x8xf8E5M2, #tfm.dims<batch, 8>>
  // CHECK: tfm.quantize %{{.*}} scale %{{.*}} zero %{{.*}} : {{.*}} -> tensor<?x8xi8, #tfm.dims<batch, 8>>
  %1 = tfm.quantize %x scale %s zero %z : (tensor<?x8xf32, #tfm.dims<batch, 8>>, tensor<f32>, tensor<i8>) -> tensor<?x8xi8, #tfm.dims<batch, 8>>
  // CHECK: tfm.quantize %{{.*}} scale %{{.*}} {axis = 1 : i64}
  %2 = tfm.quantize %x scale %a {axis = 1} : (tensor<?x8xf32, #tfm.dims<batch, 8>>, tensor<8xf32>) -> tensor<?x8xui16, #tfm.dims<batch, 8>>
  // CHECK: tfm.quantize %{{.*}} scale %{{.*}} {axis = 1 : i64, block = 3 : i64}
  %3 = tfm.quantize %h scale %b {axis = 1, block = 3} : (tensor<?x8xf16, #tfm.dims<batch, 8>>, tensor<?x3xf16, #tfm.dims<batch, 3>>) -> tensor<?x8xi4, #tfm.dims<batch, 8>>
  return
}
