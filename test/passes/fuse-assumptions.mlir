// RUN: ingot-opt %s --fuse-elementwise --split-input-file | FileCheck %s

// Positions counted in f32 become integers: exact up to 2^24, which is checked
// when dims are bound, with the names of the node and of the input.
// CHECK-LABEL: func.func @positions
// CHECK: tfm.require le <n + 1, 16777216> "node 'count', floats that count positions hold them exactly, where n is dim 0 of input 'x'"
// CHECK: tfm.fused
// CHECK-NOT: tfm.convert
// CHECK: return
func.func @positions(%x: tensor<?xf32, #tfm.dims<n>> {tfm.name = "x"}) -> (tensor<?xi64, #tfm.dims<n>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"n", 0, -1, 0, 0>]} {
  %i = tfm.iota <0, 1> : tensor<?xi64, #tfm.dims<n>>
  %f = tfm.cast %i : tensor<?xi64, #tfm.dims<n>> -> tensor<?xf32, #tfm.dims<n>>
  %one = tfm.constant dense<1.0> : tensor<f32>
  %g = tfm.elementwise add(%f, %one) : (tensor<?xf32, #tfm.dims<n>>, tensor<f32>) -> tensor<?xf32, #tfm.dims<n>>
  %y = tfm.cast %g : tensor<?xf32, #tfm.dims<n>> -> tensor<?xi64, #tfm.dims<n>> loc("count")
  return %y : tensor<?xi64, #tfm.dims<n>>
}

// -----

// Without a doubt: nothing to check.
// CHECK-LABEL: func.func @bounded
// CHECK-NOT: tfm.require
// CHECK: return
func.func @bounded(%x: tensor<100xf32> {tfm.name = "x"}) -> (tensor<100xi64> {tfm.name = "y"}) {
  %i = tfm.iota <0, 1> : tensor<100xi64>
  %f = tfm.cast %i : tensor<100xi64> -> tensor<100xf32>
  %one = tfm.constant dense<1.0> : tensor<f32>
  %g = tfm.elementwise add(%f, %one) : (tensor<100xf32>, tensor<f32>) -> tensor<100xf32>
  %y = tfm.cast %g : tensor<100xf32> -> tensor<100xi64>
  return %y : tensor<100xi64>
}

// -----

// A table read by position: longer sequences than it has rows are refused.
// CHECK-LABEL: func.func @table
// CHECK: tfm.require le <n, 8> "node 'rows', a gather by position reads inside its table, where n is dim 0 of input 'x'"
func.func @table(%x: tensor<?xf32, #tfm.dims<n>> {tfm.name = "x"}, %t: tensor<8xf32> {tfm.name = "t"}) -> (tensor<?xf32, #tfm.dims<n>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"n", 0, -1, 0, 0>]} {
  %i = tfm.iota <0, 1> : tensor<?xi64, #tfm.dims<n>>
  %r = tfm.gather %t, %i axis 0 : (tensor<8xf32>, tensor<?xi64, #tfm.dims<n>>) -> tensor<?xf32, #tfm.dims<n>>
  %y = tfm.elementwise add(%r, %x) : (tensor<?xf32, #tfm.dims<n>>, tensor<?xf32, #tfm.dims<n>>) -> tensor<?xf32, #tfm.dims<n>> loc("rows")
  return %y : tensor<?xf32, #tfm.dims<n>>
}
