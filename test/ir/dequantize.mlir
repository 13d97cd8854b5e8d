// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @dequantize
func.func @dequantize(%x: tensor<?x?xui8, #tfm.dims<batch, n>>, %s: tensor<f32>, %z: tensor<ui8>, %a: tensor<?xf16, #tfm.dims<n>>,
                      %w: tensor<100x64xi4>, %b: tensor<4x64xbf16>, %f: tensor<2xf8E4M3FN>) {
  // CHECK: tfm.dequantize %{{.*}} scale %{{.*}} zero %{{.*}} : (tensor<?x?xui8, #tfm.dims<batch, n>>, tensor<f32>, tensor<ui8>) -> tensor<?x?xf32, #tfm.dims<batch, n>>
  %0 = tfm.dequantize %x scale %s zero %z : (tensor<?x?xui8, #tfm.dims<batch, n>>, tensor<f32>, tensor<ui8>) -> tensor<?x?xf32, #tfm.dims<batch, n>>
  // CHECK: tfm.dequantize %{{.*}} scale %{{.*}} {axis = 1 : i64}
  %1 = tfm.dequantize %x scale %a {axis = 1} : (tensor<?x?xui8, #tfm.dims<batch, n>>, tensor<?xf16, #tfm.dims<n>>) -> tensor<?x?xf32, #tfm.dims<batch, n>>
  // CHECK: tfm.dequantize %{{.*}} scale %{{.*}} {axis = 0 : i64, block = 32 : i64} : (tensor<100x64xi4>, tensor<4x64xbf16>) -> tensor<100x64xf32>
  %2 = tfm.dequantize %w scale %b {axis = 0, block = 32} : (tensor<100x64xi4>, tensor<4x64xbf16>) -> tensor<100x64xf32>
  // CHECK: tfm.dequantize %{{.*}} scale %{{.*}} : (tensor<2xf8E4M3FN>, tensor<f32>) -> tensor<2xf32>
  %3 = tfm.dequantize %f scale %s : (tensor<2xf8E4M3FN>, tensor<f32>) -> tensor<2xf32>
  return
}
