// RUN: ingot-opt %s --canonicalize -split-input-file | FileCheck %s

tfm.weight @w : tensor<16x24xi8> file "m" offset 0 length 384
tfm.weight @s : tensor<24xf32> file "m" offset 384 length 96

// A sum of integers times the scales: each operand takes its own.
// CHECK-LABEL: @scales
// CHECK-DAG: %[[W:.*]] = tfm.get_weight @w
// CHECK-DAG: %[[S:.*]] = tfm.get_weight @s
// CHECK: %[[A:.*]] = tfm.dequantize %arg0 scale %arg1 zero %arg2 : (tensor<?x16xui8, #tfm.dims<n, 16>>, tensor<f32>, tensor<ui8>)
// CHECK: %[[B:.*]] = tfm.dequantize %[[W]] scale %[[S]] {axis = 1 : i64} : (tensor<16x24xi8>, tensor<24xf32>)
// CHECK: %[[P:.*]] = tfm.matmul %[[A]], %[[B]]
// CHECK: return %[[P]]
func.func @scales(%q: tensor<?x16xui8, #tfm.dims<n, 16>>, %sx: tensor<f32>, %zx: tensor<ui8>) -> tensor<?x24xf32, #tfm.dims<n, 24>> {
  %w = tfm.get_weight @w : tensor<16x24xi8>
  %sw = tfm.get_weight @s : tensor<24xf32>
  %one = tfm.constant dense<1.0> : tensor<f32>
  %a = tfm.dequantize %q scale %one zero %zx : (tensor<?x16xui8, #tfm.dims<n, 16>>, tensor<f32>, tensor<ui8>) -> tensor<?x16xf32, #tfm.dims<n, 16>>
  %b = tfm.dequantize %w scale %one : (tensor<16x24xi8>, tensor<f32>) -> tensor<16x24xf32>
  %0 = tfm.matmul %a, %b : (tensor<?x16xf32, #tfm.dims<n, 16>>, tensor<16x24xf32>) -> tensor<?x24xf32, #tfm.dims<n, 24>>
  %1 = tfm.cast %0 : tensor<?x24xf32, #tfm.dims<n, 24>> -> tensor<?x24xi32, #tfm.dims<n, 24>>
  %2 = tfm.cast %1 : tensor<?x24xi32, #tfm.dims<n, 24>> -> tensor<?x24xf32, #tfm.dims<n, 24>>
  %3 = tfm.elementwise mul(%sx, %sw) : (tensor<f32>, tensor<24xf32>) -> tensor<24xf32>
  %4 = tfm.elementwise mul(%2, %3) : (tensor<?x24xf32, #tfm.dims<n, 24>>, tensor<24xf32>) -> tensor<?x24xf32, #tfm.dims<n, 24>>
  return %4 : tensor<?x24xf32, #tfm.dims<n, 24>>
}

// -----

// Zero points of columns and one scale: the scale is repeated.
// CHECK-LABEL: @columns
// CHECK: %[[S:.*]] = tfm.constant dense<5.000000e-01> : tensor<24xf32>
// CHECK: tfm.dequantize %arg1 scale %[[S]] zero %arg2 {axis = 1 : i64}
// CHECK-NOT: tfm.elementwise
func.func @columns(%q: tensor<4x16xui8>, %w: tensor<16x24xi8>, %z: tensor<24xi8>) -> tensor<4x24xf32> {
  %one = tfm.constant dense<1.0> : tensor<f32>
  %ones = tfm.constant dense<1.0> : tensor<24xf32>
  %half = tfm.constant dense<0.5> : tensor<f32>
  %a = tfm.dequantize %q scale %one : (tensor<4x16xui8>, tensor<f32>) -> tensor<4x16xf32>
  %b = tfm.dequantize %w scale %ones zero %z {axis = 1} : (tensor<16x24xi8>, tensor<24xf32>, tensor<24xi8>) -> tensor<16x24xf32>
  %0 = tfm.matmul %a, %b : (tensor<4x16xf32>, tensor<16x24xf32>) -> tensor<4x24xf32>
  %1 = tfm.elementwise mul(%0, %half) : (tensor<4x24xf32>, tensor<f32>) -> tensor<4x24xf32>
  return %1 : tensor<4x24xf32>
}

// -----

// Rows' zero points, a scale that is no number, a product that others read, and
// a product of values stay as they are.
// CHECK-LABEL: @stays
// CHECK-COUNT-3: tfm.elementwise mul
// CHECK: tfm.cast
// CHECK: tfm.cast
func.func @stays(%q: tensor<4x16xui8>, %w: tensor<16x24xi8>, %s: tensor<4x24xf32>, %n: tensor<f32>, %z: tensor<4xui8>)
    -> (tensor<4x24xf32>, tensor<4x24xf32>, tensor<4x24xf32>, tensor<4x24xf32>, tensor<4x24xf32>) {
  %one = tfm.constant dense<1.0> : tensor<f32>
  %half = tfm.constant dense<0.5> : tensor<f32>
  %ones = tfm.constant dense<1.0> : tensor<4xf32>
  %a = tfm.dequantize %q scale %one : (tensor<4x16xui8>, tensor<f32>) -> tensor<4x16xf32>
  %r = tfm.dequantize %q scale %ones zero %z {axis = 0} : (tensor<4x16xui8>, tensor<4xf32>, tensor<4xui8>) -> tensor<4x16xf32>
  %b = tfm.dequantize %w scale %one : (tensor<16x24xi8>, tensor<f32>) -> tensor<16x24xf32>
  %c = tfm.dequantize %w scale %half : (tensor<16x24xi8>, tensor<f32>) -> tensor<16x24xf32>
  %0 = tfm.matmul %r, %b : (tensor<4x16xf32>, tensor<16x24xf32>) -> tensor<4x24xf32>
  %1 = tfm.elementwise mul(%0, %n) : (tensor<4x24xf32>, tensor<f32>) -> tensor<4x24xf32>
  %2 = tfm.matmul %a, %b : (tensor<4x16xf32>, tensor<16x24xf32>) -> tensor<4x24xf32>
  %3 = tfm.elementwise mul(%2, %s) : (tensor<4x24xf32>, tensor<4x24xf32>) -> tensor<4x24xf32>
  %4 = tfm.matmul %a, %b : (tensor<4x16xf32>, tensor<16x24xf32>) -> tensor<4x24xf32>
  %5 = tfm.elementwise mul(%4, %n) : (tensor<4x24xf32>, tensor<f32>) -> tensor<4x24xf32>
  %6 = tfm.matmul %a, %c : (tensor<4x16xf32>, tensor<16x24xf32>) -> tensor<4x24xf32>
  %7 = tfm.cast %6 : tensor<4x24xf32> -> tensor<4x24xi32>
  %8 = tfm.cast %7 : tensor<4x24xi32> -> tensor<4x24xf32>
  return %1, %3, %5, %4, %8 : tensor<4x24xf32>, tensor<4x24xf32>, tensor<4x24xf32>, tensor<4x24xf32>, tensor<4x24xf32>
}

// -----

// Zero points of floats name a type; those of integers count.
// CHECK-LABEL: @float_zeros
// CHECK: tfm.quantize %{{.*}} scale %{{[a-z0-9]+}} : (tensor<4x16xf32>, tensor<f32>) -> tensor<4x16xf8E4M3FN>
// CHECK: tfm.dequantize %{{.*}} scale %{{[a-z0-9]+}} {axis = 1 : i64} : (tensor<4x16xf8E4M3FN>, tensor<16xf32>)
// CHECK: tfm.quantize %{{.*}} scale %{{.*}} zero
// CHECK: tfm.dequantize %{{.*}} scale %{{.*}} zero
func.func @float_zeros(%x: tensor<4x16xf32>, %s: tensor<16xf32>) -> (tensor<4x16xf32>, tensor<4x16xf32>) {
  %one = tfm.constant dense<1.0> : tensor<f32>
  %z = tfm.constant dense<0.0> : tensor<f8E4M3FN>
  %zs = tfm.constant dense<0.0> : tensor<16xf8E4M3FN>
  %half = tfm.constant dense<0.5> : tensor<f8E4M3FN>
  %0 = tfm.quantize %x scale %one zero %z : (tensor<4x16xf32>, tensor<f32>, tensor<f8E4M3FN>) -> tensor<4x16xf8E4M3FN>
  %1 = tfm.dequantize %0 scale %s zero %zs {axis = 1} : (tensor<4x16xf8E4M3FN>, tensor<16xf32>, tensor<16xf8E4M3FN>) -> tensor<4x16xf32>
  %2 = tfm.quantize %x scale %one zero %half : (tensor<4x16xf32>, tensor<f32>, tensor<f8E4M3FN>) -> tensor<4x16xf8E4M3FN>
  %3 = tfm.dequantize %2 scale %one zero %half : (tensor<4x16xf8E4M3FN>, tensor<f32>, tensor<f8E4M3FN>) -> tensor<4x16xf32>
  return %1, %3 : tensor<4x16xf32>, tensor<4x16xf32>
}
