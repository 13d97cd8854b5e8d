// Elementwise ops: what folds, and what must not because a bit would change.
// RUN: ingot-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: @float_identities
// CHECK-SAME: (%[[X:.*]]: tensor
func.func @float_identities(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]], %[[X]]
  %minus0 = tfm.constant dense<-0.0> : tensor<f32>
  %plus0 = tfm.constant dense<0.0> : tensor<f32>
  %1 = tfm.constant dense<1.0> : tensor<4xf32>
  %a = tfm.elementwise add(%x, %minus0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = tfm.elementwise sub(%x, %plus0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = tfm.elementwise mul(%1, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %d = tfm.elementwise div(%x, %1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %e = tfm.elementwise pow(%x, %1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %a, %b, %c, %d, %e : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -0 + 0 is 0, NaN * 0 is NaN, floor(x / 1) is not x.
// CHECK-LABEL: @no_float_identities
func.func @no_float_identities(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK-DAG: tfm.elementwise add
  // CHECK-DAG: tfm.elementwise sub
  // CHECK-DAG: tfm.elementwise mul
  // CHECK-DAG: tfm.elementwise floordiv
  // CHECK-DAG: tfm.elementwise sub
  %minus0 = tfm.constant dense<-0.0> : tensor<f32>
  %plus0 = tfm.constant dense<0.0> : tensor<f32>
  %1 = tfm.constant dense<1.0> : tensor<f32>
  %a = tfm.elementwise add(%x, %plus0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = tfm.elementwise sub(%x, %minus0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = tfm.elementwise mul(%x, %plus0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %d = tfm.elementwise floordiv(%x, %1) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %e = tfm.elementwise sub(%plus0, %x) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  return %a, %b, %c, %d, %e : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @integer_identities
// CHECK-SAME: (%[[X:.*]]: tensor
func.func @integer_identities(%x: tensor<4xi8>) -> (tensor<4xi8>, tensor<4xi8>, tensor<4xi8>) {
  // CHECK-NEXT: %[[ZERO:.*]] = tfm.constant dense<0> : tensor<4xi8>
  // CHECK-NEXT: return %[[X]], %[[X]], %[[ZERO]]
  %0 = tfm.constant dense<0> : tensor<i8>
  %1 = tfm.constant dense<1> : tensor<i8>
  %a = tfm.elementwise add(%0, %x) : (tensor<i8>, tensor<4xi8>) -> tensor<4xi8>
  %b = tfm.elementwise floordiv(%x, %1) : (tensor<4xi8>, tensor<i8>) -> tensor<4xi8>
  %c = tfm.elementwise mul(%x, %0) : (tensor<4xi8>, tensor<i8>) -> tensor<4xi8>
  return %a, %b, %c : tensor<4xi8>, tensor<4xi8>, tensor<4xi8>
}

// CHECK-LABEL: @booleans
// CHECK-SAME: (%[[X:.*]]: tensor
func.func @booleans(%x: tensor<4xi1>) -> (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) {
  // CHECK-DAG: %[[FALSE:.*]] = tfm.constant dense<false> : tensor<4xi1>
  // CHECK-DAG: %[[TRUE:.*]] = tfm.constant dense<true> : tensor<4xi1>
  // CHECK: return %[[X]], %[[X]], %[[FALSE]], %[[TRUE]], %[[X]], %[[X]]
  %true = tfm.constant dense<true> : tensor<i1>
  %false = tfm.constant dense<false> : tensor<i1>
  %a = tfm.elementwise and(%x, %true) : (tensor<4xi1>, tensor<i1>) -> tensor<4xi1>
  %b = tfm.elementwise or(%false, %x) : (tensor<i1>, tensor<4xi1>) -> tensor<4xi1>
  %c = tfm.elementwise and(%x, %false) : (tensor<4xi1>, tensor<i1>) -> tensor<4xi1>
  %d = tfm.elementwise or(%x, %true) : (tensor<4xi1>, tensor<i1>) -> tensor<4xi1>
  %e = tfm.elementwise and(%x, %x) : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  %n = tfm.elementwise not(%x) : (tensor<4xi1>) -> tensor<4xi1>
  %f = tfm.elementwise not(%n) : (tensor<4xi1>) -> tensor<4xi1>
  return %a, %b, %c, %d, %e, %f : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>
}

// CHECK-LABEL: @chains
// CHECK-SAME: (%[[X:.*]]: tensor
func.func @chains(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK-DAG: %[[RELU:.*]] = tfm.elementwise relu(%[[X]])
  // CHECK-DAG: %[[CEIL:.*]] = tfm.elementwise ceil(%[[X]])
  // CHECK-DAG: %[[ABS:.*]] = tfm.elementwise abs(%[[X]])
  // CHECK: return %[[X]], %[[RELU]], %[[CEIL]], %[[ABS]]
  %n = tfm.elementwise neg(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %a = tfm.elementwise neg(%n) : (tensor<4xf32>) -> tensor<4xf32>
  %r = tfm.elementwise relu(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %b = tfm.elementwise relu(%r) : (tensor<4xf32>) -> tensor<4xf32>
  %c = tfm.elementwise ceil(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %d = tfm.elementwise floor(%c) : (tensor<4xf32>) -> tensor<4xf32>
  %e = tfm.elementwise abs(%n) : (tensor<4xf32>) -> tensor<4xf32>
  return %a, %b, %d, %e : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @comparisons
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>, %[[I:.*]]: tensor<4xi64>, %[[J:.*]]: tensor<4xi64>)
func.func @comparisons(%x: tensor<4xf32>, %i: tensor<4xi64>, %j: tensor<4xi64>) -> (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) {
  // CHECK-DAG: %[[NE:.*]] = tfm.elementwise ne(%[[X]], %[[X]])
  // CHECK-DAG: %[[LE:.*]] = tfm.elementwise le(%[[J]], %[[I]])
  // NaN is neither less nor not less.
  // CHECK-DAG: %[[LT:.*]] = tfm.elementwise lt(%[[X]], %[[X]])
  // CHECK-DAG: %[[NOT:.*]] = tfm.elementwise not(%[[LT]])
  // CHECK: return %[[NE]], %[[LE]], %[[NOT]]
  %0 = tfm.elementwise eq(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %1 = tfm.elementwise not(%0) : (tensor<4xi1>) -> tensor<4xi1>
  %2 = tfm.elementwise lt(%i, %j) : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi1>
  %3 = tfm.elementwise not(%2) : (tensor<4xi1>) -> tensor<4xi1>
  %4 = tfm.elementwise lt(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %5 = tfm.elementwise not(%4) : (tensor<4xi1>) -> tensor<4xi1>
  return %1, %3, %5 : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>
}

// Constants to the right, but not where two zeros make the order count.
// CHECK-LABEL: @order
// CHECK-SAME: (%[[X:.*]]: tensor
func.func @order(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[C:.*]] = tfm.constant
  // CHECK-NEXT: tfm.elementwise mul(%[[X]], %[[C]])
  // CHECK-NEXT: tfm.elementwise max(%[[C]], %[[X]])
  %c = tfm.constant dense<2.0> : tensor<f32>
  %0 = tfm.elementwise mul(%c, %x) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = tfm.elementwise max(%c, %x) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// An identity that broadcasts.
// CHECK-LABEL: @identity_broadcasts
// CHECK-SAME: (%[[X:.*]]: tensor
func.func @identity_broadcasts(%x: tensor<1x4xf32>) -> tensor<?x4xf32, #tfm.dims<n, 4>> {
  // CHECK-NEXT: %[[B:.*]] = tfm.broadcast %[[X]] : tensor<1x4xf32> -> tensor<?x4xf32, #tfm.dims<n, 4>>
  // CHECK-NEXT: return %[[B]]
  %one = tfm.constant dense<1.0> : tensor<f32>
  %ones = tfm.broadcast %one : tensor<f32> -> tensor<?x1xf32, #tfm.dims<n, 1>>
  %0 = tfm.elementwise mul(%x, %ones) : (tensor<1x4xf32>, tensor<?x1xf32, #tfm.dims<n, 1>>) -> tensor<?x4xf32, #tfm.dims<n, 4>>
  return %0 : tensor<?x4xf32, #tfm.dims<n, 4>>
}

// CHECK-LABEL: @operands_need_no_broadcast
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32, #tfm.dims<n, 4>>, %[[Y:.*]]: tensor<4xf32>)
func.func @operands_need_no_broadcast(%x: tensor<?x4xf32, #tfm.dims<n, 4>>, %y: tensor<4xf32>) -> (tensor<?x4xf32, #tfm.dims<n, 4>>, tensor<?x4xf32, #tfm.dims<n, 4>>) {
  // CHECK-NEXT: tfm.elementwise add(%[[X]], %[[Y]]) : (tensor<?x4xf32, #tfm.dims<n, 4>>, tensor<4xf32>)
  // CHECK-NEXT: tfm.elementwise sub(%[[X]], %[[Y]]) : (tensor<?x4xf32, #tfm.dims<n, 4>>, tensor<4xf32>)
  %b = tfm.broadcast %y : tensor<4xf32> -> tensor<?x4xf32, #tfm.dims<n, 4>>
  %0 = tfm.elementwise add(%x, %b) : (tensor<?x4xf32, #tfm.dims<n, 4>>, tensor<?x4xf32, #tfm.dims<n, 4>>) -> tensor<?x4xf32, #tfm.dims<n, 4>>
  %r = tfm.reshape %y : tensor<4xf32> -> tensor<1x4xf32>
  %1 = tfm.elementwise sub(%x, %r) : (tensor<?x4xf32, #tfm.dims<n, 4>>, tensor<1x4xf32>) -> tensor<?x4xf32, #tfm.dims<n, 4>>
  return %0, %1 : tensor<?x4xf32, #tfm.dims<n, 4>>, tensor<?x4xf32, #tfm.dims<n, 4>>
}

// The last operand with the dims of the result keeps them.
// CHECK-LABEL: @one_broadcast_stays
func.func @one_broadcast_stays(%x: tensor<4xf32>) -> (tensor<?x4xf32, #tfm.dims<n, 4>>, tensor<4x1xf32>) {
  // CHECK: tfm.broadcast
  // CHECK: tfm.elementwise mul
  %b = tfm.broadcast %x : tensor<4xf32> -> tensor<?x4xf32, #tfm.dims<n, 4>>
  %0 = tfm.elementwise mul(%b, %b) : (tensor<?x4xf32, #tfm.dims<n, 4>>, tensor<?x4xf32, #tfm.dims<n, 4>>) -> tensor<?x4xf32, #tfm.dims<n, 4>>
  // CHECK: tfm.reshape
  // CHECK: tfm.elementwise neg
  %r = tfm.reshape %x : tensor<4xf32> -> tensor<4x1xf32>
  %1 = tfm.elementwise neg(%r) : (tensor<4x1xf32>) -> tensor<4x1xf32>
  return %0, %1 : tensor<?x4xf32, #tfm.dims<n, 4>>, tensor<4x1xf32>
}

// CHECK-LABEL: @select
// CHECK-SAME: (%[[C:.*]]: tensor<4xi1>, %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32>)
func.func @select(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi1>) {
  // CHECK-DAG: %[[K:.*]] = tfm.constant dense<5.000000e-01> : tensor<4xf32>
  // CHECK: return %[[X]], %[[X]], %[[Y]], %[[K]], %[[C]]
  %true = tfm.constant dense<true> : tensor<i1>
  %false = tfm.constant dense<false> : tensor<i1>
  %k = tfm.constant dense<0.5> : tensor<f32>
  %l = tfm.constant dense<0.5> : tensor<1xf32>
  %0 = tfm.select %c, %x, %x : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = tfm.select %true, %x, %y : (tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = tfm.select %false, %x, %y : (tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = tfm.select %c, %k, %l : (tensor<4xi1>, tensor<f32>, tensor<1xf32>) -> tensor<4xf32>
  %4 = tfm.select %c, %true, %false : (tensor<4xi1>, tensor<i1>, tensor<i1>) -> tensor<4xi1>
  return %0, %1, %2, %3, %4 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi1>
}

// CHECK-LABEL: @select_conditions
// CHECK-SAME: (%[[C:.*]]: tensor<4xi1>, %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32>)
func.func @select_conditions(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>) {
  // CHECK-NEXT: %[[A:.*]] = tfm.select %[[C]], %[[Y]], %[[X]]
  // CHECK-NEXT: %[[B:.*]] = tfm.select %[[C]], %[[X]], %[[Y]]
  // CHECK-NEXT: %[[D:.*]] = tfm.broadcast %[[Y]] : tensor<4xf32> -> tensor<2x4xf32>
  // CHECK-NEXT: return %[[A]], %[[B]], %[[D]]
  %not = tfm.elementwise not(%c) : (tensor<4xi1>) -> tensor<4xi1>
  %0 = tfm.select %not, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = tfm.select %c, %x, %0 : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = tfm.select %c, %1, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %rows = tfm.constant dense<false> : tensor<2x1xi1>
  %3 = tfm.select %rows, %x, %y : (tensor<2x1xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %0, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: @cast
// CHECK-SAME: (%[[H:.*]]: tensor<4xf16>, %[[I:.*]]: tensor<4xi16>, %[[B:.*]]: tensor<4xi1>, %[[U:.*]]: tensor<4xui8>)
func.func @cast(%h: tensor<4xf16>, %i: tensor<4xi16>, %b: tensor<4xi1>, %u: tensor<4xui8>) -> (tensor<4xf16>, tensor<4xf16>, tensor<4xi8>, tensor<4xi1>, tensor<4xi16>) {
  // CHECK-DAG: %[[N:.*]] = tfm.cast %[[I]] : tensor<4xi16> -> tensor<4xi8>
  // CHECK-DAG: %[[W:.*]] = tfm.cast %[[U]] : tensor<4xui8> -> tensor<4xi16>
  // CHECK: return %[[H]], %[[H]], %[[N]], %[[B]], %[[W]]
  %0 = tfm.cast %h : tensor<4xf16> -> tensor<4xf16>
  %1 = tfm.cast %h : tensor<4xf16> -> tensor<4xf32>
  %2 = tfm.cast %1 : tensor<4xf32> -> tensor<4xf16>
  %3 = tfm.cast %i : tensor<4xi16> -> tensor<4xi64>
  %4 = tfm.cast %3 : tensor<4xi64> -> tensor<4xi8>
  %5 = tfm.cast %b : tensor<4xi1> -> tensor<4xf32>
  %6 = tfm.cast %5 : tensor<4xf32> -> tensor<4xi1>
  %7 = tfm.cast %u : tensor<4xui8> -> tensor<4xf32>
  %8 = tfm.cast %7 : tensor<4xf32> -> tensor<4xi16>
  return %0, %2, %4, %6, %8 : tensor<4xf16>, tensor<4xf16>, tensor<4xi8>, tensor<4xi1>, tensor<4xi16>
}

// Rounding, wrapping and saturation in between count.
// CHECK-LABEL: @no_cast
func.func @no_cast(%f: tensor<4xf32>, %i: tensor<4xi16>, %b: tensor<4xbf16>) -> (tensor<4xf32>, tensor<4xi64>, tensor<4xi8>, tensor<4xf16>, tensor<4xi64>) {
  // CHECK-COUNT-10: tfm.cast
  %0 = tfm.cast %f : tensor<4xf32> -> tensor<4xf16>
  %1 = tfm.cast %0 : tensor<4xf16> -> tensor<4xf32>
  %2 = tfm.cast %i : tensor<4xi16> -> tensor<4xui16>
  %3 = tfm.cast %2 : tensor<4xui16> -> tensor<4xi64>
  // 300 is 44 by wrapping, 127 by way of a float.
  %4 = tfm.cast %i : tensor<4xi16> -> tensor<4xf32>
  %5 = tfm.cast %4 : tensor<4xf32> -> tensor<4xi8>
  // bf16 has a larger range than f16, f16 more digits.
  %6 = tfm.cast %b : tensor<4xbf16> -> tensor<4xi64>
  %7 = tfm.cast %6 : tensor<4xi64> -> tensor<4xf16>
  %8 = tfm.cast %i : tensor<4xi16> -> tensor<4xf16>
  %9 = tfm.cast %8 : tensor<4xf16> -> tensor<4xi64>
  return %1, %3, %5, %7, %9 : tensor<4xf32>, tensor<4xi64>, tensor<4xi8>, tensor<4xf16>, tensor<4xi64>
}
