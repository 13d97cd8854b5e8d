// RUN: ingot-opt %s --fold-weights | FileCheck %s

tfm.weight @w : tensor<32x16xf32> file "m" offset 0 length 2048
tfm.weight @row : tensor<1x512xf32> file "m" offset 2064 length 2048
tfm.weight @none : tensor<0x16xf32> file "m" offset 0 length 0
tfm.weight @doubled : tensor<32x16xf32> recipe {
  %0 = tfm.get_weight @w : tensor<32x16xf32>
  %1 = tfm.elementwise add(%0, %0) : (tensor<32x16xf32>, tensor<32x16xf32>) -> tensor<32x16xf32>
  tfm.yield %1 : tensor<32x16xf32>
}

// Recipes are defined in front of the module, the last one first.
// CHECK: tfm.weight @none.concat : tensor<32x16xf32> recipe {
// CHECK: tfm.weight @doubled.transpose : tensor<16x32xf32> recipe {
// CHECK-NEXT: %[[D:.*]] = tfm.get_weight @doubled
// CHECK-NEXT: tfm.transpose %[[D]]
// CHECK: tfm.weight @w.transpose.elementwise : tensor<16x32xf32> recipe {
// CHECK-NEXT: %[[S:.*]] = tfm.constant dense<1.250000e-01>
// CHECK-NEXT: %[[T:.*]] = tfm.get_weight @w.transpose
// CHECK-NEXT: %[[M:.*]] = tfm.elementwise mul(%[[S]], %[[T]])
// CHECK-NEXT: tfm.yield %[[M]]
// CHECK: tfm.weight @w.transpose : tensor<16x32xf32> recipe {
// CHECK-NEXT: %[[W:.*]] = tfm.get_weight @w
// CHECK-NEXT: %[[X:.*]] = tfm.transpose %[[W]] perm [1, 0]
// CHECK-NEXT: tfm.yield %[[X]]

// A weight as the exporter left it, and scaled: two recipes, the second reads
// the first.
// CHECK-LABEL: func.func @chain
// CHECK: %[[R:.*]] = tfm.get_weight @w.transpose.elementwise
// CHECK-NEXT: tfm.matmul %arg0, %[[R]]
func.func @chain(%x: tensor<?x16xf32, #tfm.dims<n, 16>>) -> tensor<?x32xf32, #tfm.dims<n, 32>> {
  %w = tfm.get_weight @w : tensor<32x16xf32>
  %scale = tfm.constant dense<0.125> : tensor<f32>
  %0 = tfm.transpose %w perm [1, 0] : tensor<32x16xf32> -> tensor<16x32xf32>
  %1 = tfm.elementwise mul(%scale, %0) : (tensor<f32>, tensor<16x32xf32>) -> tensor<16x32xf32>
  %2 = tfm.matmul %x, %1 : (tensor<?x16xf32, #tfm.dims<n, 16>>, tensor<16x32xf32>) -> tensor<?x32xf32, #tfm.dims<n, 32>>
  return %2 : tensor<?x32xf32, #tfm.dims<n, 32>>
}

// A weight that has a recipe is a weight like any other; that the folded value
// is also a result changes nothing.
// CHECK-LABEL: func.func @derived
// CHECK: %[[R:.*]] = tfm.get_weight @doubled.transpose
// CHECK-NEXT: %[[P:.*]] = tfm.matmul %arg0, %[[R]]
// CHECK-NEXT: return %[[P]], %[[R]]
func.func @derived(%x: tensor<2x16xf32>) -> (tensor<2x32xf32>, tensor<16x32xf32>) {
  %w = tfm.get_weight @doubled : tensor<32x16xf32>
  %0 = tfm.transpose %w perm [1, 0] : tensor<32x16xf32> -> tensor<16x32xf32>
  %1 = tfm.matmul %x, %0 : (tensor<2x16xf32>, tensor<16x32xf32>) -> tensor<2x32xf32>
  return %1, %0 : tensor<2x32xf32>, tensor<16x32xf32>
}

// Small results of constants alone are constants.
// CHECK-LABEL: func.func @constants
// CHECK: tfm.constant dense<{{\[}}[1.000000e+00, 3.000000e+00], [2.000000e+00, 4.000000e+00]]>
// CHECK-NOT: tfm.transpose
func.func @constants() -> tensor<2x2xf32> {
  %c = tfm.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %0 = tfm.transpose %c perm [1, 0] : tensor<2x2xf32> -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// Of no elements: still a value.
// CHECK-LABEL: func.func @empty
// CHECK: %[[E:.*]] = tfm.constant dense<> : tensor<16x0xf32>
// CHECK: %[[C:.*]] = tfm.get_weight @none.concat
// CHECK: return %[[E]], %[[C]]
func.func @empty() -> (tensor<16x0xf32>, tensor<32x16xf32>) {
  %w = tfm.get_weight @w : tensor<32x16xf32>
  %none = tfm.get_weight @none : tensor<0x16xf32>
  %0 = tfm.transpose %none perm [1, 0] : tensor<0x16xf32> -> tensor<16x0xf32>
  %1 = tfm.concat %none, %w axis 0 : (tensor<0x16xf32>, tensor<32x16xf32>) -> tensor<32x16xf32>
  return %0, %1 : tensor<16x0xf32>, tensor<32x16xf32>
}

// What repeats elements stays, and so does what becomes much larger than its
// operands.
// CHECK-LABEL: func.func @too_large
// CHECK: tfm.broadcast
// CHECK: tfm.elementwise add
func.func @too_large() -> (tensor<2x512xf32>, tensor<512x512xf32>) {
  %row = tfm.get_weight @row : tensor<1x512xf32>
  %0 = tfm.broadcast %row : tensor<1x512xf32> -> tensor<2x512xf32>
  %1 = tfm.reshape %row : tensor<1x512xf32> -> tensor<512x1xf32>
  %2 = tfm.elementwise add(%row, %1) : (tensor<1x512xf32>, tensor<512x1xf32>) -> tensor<512x512xf32>
  return %0, %2 : tensor<2x512xf32>, tensor<512x512xf32>
}

// A constant as large as a weight: there is nothing stored that it could be a
// recipe of.
// CHECK-LABEL: func.func @splat
// CHECK: tfm.elementwise exp
func.func @splat() -> tensor<64x64xf32> {
  %c = tfm.constant dense<1.0> : tensor<64x64xf32>
  %0 = tfm.elementwise exp(%c) : (tensor<64x64xf32>) -> tensor<64x64xf32>
  return %0 : tensor<64x64xf32>
}

// An operand that the run computes, or a dim that only the run knows.
// CHECK-LABEL: func.func @at_run_time
// CHECK: tfm.elementwise add
// CHECK: tfm.slice
func.func @at_run_time(%x: tensor<32x16xf32>, %y: tensor<?xf32, #tfm.dims<n>>) -> (tensor<32x16xf32>, tensor<?x16xf32, #tfm.dims<n, 16>>) {
  %w = tfm.get_weight @w : tensor<32x16xf32>
  %0 = tfm.elementwise add(%x, %w) : (tensor<32x16xf32>, tensor<32x16xf32>) -> tensor<32x16xf32>
  %1 = tfm.slice %w starts <0, 0> steps [1, 1] : tensor<32x16xf32> -> tensor<?x16xf32, #tfm.dims<n, 16>>
  return %0, %1 : tensor<32x16xf32>, tensor<?x16xf32, #tfm.dims<n, 16>>
}
