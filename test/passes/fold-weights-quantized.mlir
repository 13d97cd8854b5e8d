// RUN: ingot-opt %s --fold-weights | FileCheck %s
// RUN: ingot-opt %s --fold-weights=quantized | FileCheck %s --check-prefix=ALL

tfm.weight @w : tensor<32x16xi4> file "m" offset 0 length 256
tfm.weight @v : tensor<512xi8> file "m" offset 256 length 512
tfm.weight @f : tensor<32x16xf32> file "m" offset 1024 length 2048
tfm.weight @s : tensor<2x16xf32> file "m" offset 3072 length 128

// A vector becomes a recipe at once; a matrix stays for linears until those that
// can have taken it, and then too where only rows of it are looked up.
// CHECK: tfm.weight @f.quantize : tensor<32x16xi8> recipe
// CHECK: tfm.weight @v.dequantize : tensor<512xf32> recipe
// CHECK-LABEL: @main
// CHECK: tfm.dequantize
// CHECK: tfm.matmul
// CHECK: tfm.dequantize
// CHECK: tfm.gather
// ALL: tfm.weight @w.dequantize : tensor<32x16xf32> recipe {
// ALL: tfm.dequantize %{{.*}} scale %{{.*}} {axis = 0 : i64, block = 16 : i64}
// ALL-LABEL: @main
// ALL: %[[W:.*]] = tfm.get_weight @w.dequantize
// ALL: tfm.matmul %{{.*}}, %[[W]]
// ALL: tfm.dequantize
// ALL: tfm.gather
func.func @main(%x: tensor<4x32xf32>, %i: tensor<3xi64>) -> (tensor<4x16xf32>, tensor<3x16xf32>, tensor<512xf32>, tensor<32x16xi8>) {
  %w = tfm.get_weight @w : tensor<32x16xi4>
  %s = tfm.get_weight @s : tensor<2x16xf32>
  %v = tfm.get_weight @v : tensor<512xi8>
  %f = tfm.get_weight @f : tensor<32x16xf32>
  %half = tfm.constant dense<0.5> : tensor<f32>
  %0 = tfm.dequantize %w scale %s {axis = 0, block = 16} : (tensor<32x16xi4>, tensor<2x16xf32>) -> tensor<32x16xf32>
  %1 = tfm.matmul %x, %0 : (tensor<4x32xf32>, tensor<32x16xf32>) -> tensor<4x16xf32>
  %2 = tfm.dequantize %w scale %half : (tensor<32x16xi4>, tensor<f32>) -> tensor<32x16xf32>
  %3 = tfm.gather %2, %i axis 0 : (tensor<32x16xf32>, tensor<3xi64>) -> tensor<3x16xf32>
  %4 = tfm.dequantize %v scale %half : (tensor<512xi8>, tensor<f32>) -> tensor<512xf32>
  %5 = tfm.quantize %f scale %half : (tensor<32x16xf32>, tensor<f32>) -> tensor<32x16xi8>
  return %1, %3, %4, %5 : tensor<4x16xf32>, tensor<3x16xf32>, tensor<512xf32>, tensor<32x16xi8>
}
