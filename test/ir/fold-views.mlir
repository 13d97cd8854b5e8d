// RUN: ingot-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: @reshape_of_reshape
// CHECK-SAME: (%[[X:.*]]: tensor
func.func @reshape_of_reshape(%x: tensor<?x12xf32, #tfm.dims<n, 12>>) -> tensor<?xf32, #tfm.dims<12*n>> {
  // CHECK-NEXT: %[[R:.*]] = tfm.reshape %[[X]] : tensor<?x12xf32, #tfm.dims<n, 12>> -> tensor<?xf32, #tfm.dims<12*n>>
  // CHECK-NEXT: return %[[R]]
  %0 = tfm.reshape %x : tensor<?x12xf32, #tfm.dims<n, 12>> -> tensor<?x3x4xf32, #tfm.dims<n, 3, 4>>
  %1 = tfm.reshape %0 : tensor<?x3x4xf32, #tfm.dims<n, 3, 4>> -> tensor<?xf32, #tfm.dims<12*n>>
  return %1 : tensor<?xf32, #tfm.dims<12*n>>
}

// CHECK-LABEL: @reshape_back
// CHECK-SAME: (%[[X:.*]]: tensor
func.func @reshape_back(%x: tensor<2x6xf32>) -> (tensor<2x6xf32>, tensor<2x6xf32>) {
  // CHECK-NEXT: return %[[X]], %[[X]]
  %0 = tfm.reshape %x : tensor<2x6xf32> -> tensor<3x4xf32>
  %1 = tfm.reshape %0 : tensor<3x4xf32> -> tensor<2x6xf32>
  %2 = tfm.reshape %x : tensor<2x6xf32> -> tensor<2x6xf32>
  return %1, %2 : tensor<2x6xf32>, tensor<2x6xf32>
}

// Each step is right for some n, both are for none: left alone.
// CHECK-LABEL: @reshape_contradiction
func.func @reshape_contradiction(%x: tensor<2x3xf32>) -> tensor<7xf32> {
  // CHECK-COUNT-2: tfm.reshape
  %0 = tfm.reshape %x : tensor<2x3xf32> -> tensor<?xf32, #tfm.dims<n>>
  %1 = tfm.reshape %0 : tensor<?xf32, #tfm.dims<n>> -> tensor<7xf32>
  return %1 : tensor<7xf32>
}

// CHECK-LABEL: @transpose_of_transpose
// CHECK-SAME: (%[[X:.*]]: tensor
func.func @transpose_of_transpose(%x: tensor<2x3x4xf32>) -> (tensor<4x3x2xf32>, tensor<2x3x4xf32>) {
  // CHECK-NEXT: %[[T:.*]] = tfm.transpose %[[X]] perm [2, 1, 0] : tensor<2x3x4xf32> -> tensor<4x3x2xf32>
  // CHECK-NEXT: return %[[T]], %[[X]]
  %0 = tfm.transpose %x perm [1, 2, 0] : tensor<2x3x4xf32> -> tensor<3x4x2xf32>
  %1 = tfm.transpose %0 perm [1, 0, 2] : tensor<3x4x2xf32> -> tensor<4x3x2xf32>
  %2 = tfm.transpose %0 perm [2, 0, 1] : tensor<3x4x2xf32> -> tensor<2x3x4xf32>
  return %1, %2 : tensor<4x3x2xf32>, tensor<2x3x4xf32>
}

// Equal types do not make a transpose the identity.
// CHECK-LABEL: @transpose_square
func.func @transpose_square(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
  // CHECK: tfm.transpose
  %0 = tfm.transpose %x perm [1, 0] : tensor<3x3xf32> -> tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}

// CHECK-LABEL: @broadcast
// CHECK-SAME: (%[[X:.*]]: tensor<1x4xf32>, %[[Y:.*]]: tensor
func.func @broadcast(%x: tensor<1x4xf32>, %y: tensor<?x4xf32, #tfm.dims<n, 4>>) -> (tensor<2x?x4xf32, #tfm.dims<2, n, 4>>, tensor<?x4xf32, #tfm.dims<n, 4>>) {
  // CHECK-NEXT: %[[B:.*]] = tfm.broadcast %[[X]] : tensor<1x4xf32> -> tensor<2x?x4xf32, #tfm.dims<2, n, 4>>
  // CHECK-NEXT: return %[[B]], %[[Y]]
  %0 = tfm.broadcast %x : tensor<1x4xf32> -> tensor<?x4xf32, #tfm.dims<n, 4>>
  %1 = tfm.broadcast %0 : tensor<?x4xf32, #tfm.dims<n, 4>> -> tensor<2x?x4xf32, #tfm.dims<2, n, 4>>
  %2 = tfm.broadcast %y : tensor<?x4xf32, #tfm.dims<n, 4>> -> tensor<?x4xf32, #tfm.dims<n, 4>>
  return %1, %2 : tensor<2x?x4xf32, #tfm.dims<2, n, 4>>, tensor<?x4xf32, #tfm.dims<n, 4>>
}

// CHECK-LABEL: @slice_of_all
// CHECK-SAME: (%[[X:.*]]: tensor
func.func @slice_of_all(%x: tensor<?x4xf32, #tfm.dims<n, 4>>) -> tensor<?x4xf32, #tfm.dims<n, 4>> {
  // CHECK-NEXT: return %[[X]]
  %0 = tfm.slice %x starts <0, 0> steps [1, 1] : tensor<?x4xf32, #tfm.dims<n, 4>> -> tensor<?x4xf32, #tfm.dims<n, 4>>
  return %0 : tensor<?x4xf32, #tfm.dims<n, 4>>
}

// CHECK-LABEL: @slice_that_reverses
func.func @slice_that_reverses(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: tfm.slice
  %0 = tfm.slice %x starts <3> steps [-1] : tensor<4xf32> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: @slice_of_slice
// CHECK-SAME: (%[[X:.*]]: tensor
func.func @slice_of_slice(%x: tensor<?x20xf32, #tfm.dims<n + 10, 20>>) -> tensor<?x3xf32, #tfm.dims<n, 3>> {
  // CHECK-NEXT: %[[S:.*]] = tfm.slice %[[X]] starts <k + 2, 17> steps [1, -6] : tensor<?x20xf32, #tfm.dims<n + 10, 20>> -> tensor<?x3xf32, #tfm.dims<n, 3>>
  // CHECK-NEXT: return %[[S]]
  %0 = tfm.slice %x starts <2, 1> steps [1, 2] : tensor<?x20xf32, #tfm.dims<n + 10, 20>> -> tensor<?x10xf32, #tfm.dims<n + 5, 10>>
  %1 = tfm.slice %0 starts <k, 8> steps [1, -3] : tensor<?x10xf32, #tfm.dims<n + 5, 10>> -> tensor<?x3xf32, #tfm.dims<n, 3>>
  return %1 : tensor<?x3xf32, #tfm.dims<n, 3>>
}

// CHECK-LABEL: @concat_of_one
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>, %[[EMPTY:.*]]: tensor
func.func @concat_of_one(%x: tensor<4xf32>, %empty: tensor<0xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: return %[[X]], %[[X]]
  %0 = tfm.concat %x axis 0 : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tfm.concat %empty, %x axis 0 : (tensor<0xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @concat_of_concat
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor
func.func @concat_of_concat(%x: tensor<4xf32>, %y: tensor<?xf32, #tfm.dims<n>>) -> tensor<?xf32, #tfm.dims<n + 8>> {
  // CHECK-NEXT: %[[C:.*]] = tfm.concat %[[X]], %[[X]], %[[Y]] axis 0 : (tensor<4xf32>, tensor<4xf32>, tensor<?xf32, #tfm.dims<n>>) -> tensor<?xf32, #tfm.dims<n + 8>>
  // CHECK-NEXT: return %[[C]]
  %0 = tfm.concat %x, %y axis 0 : (tensor<4xf32>, tensor<?xf32, #tfm.dims<n>>) -> tensor<?xf32, #tfm.dims<n + 4>>
  %1 = tfm.concat %x, %0 axis 0 : (tensor<4xf32>, tensor<?xf32, #tfm.dims<n + 4>>) -> tensor<?xf32, #tfm.dims<n + 8>>
  return %1 : tensor<?xf32, #tfm.dims<n + 8>>
}

// CHECK-LABEL: @concat_along_another_axis
func.func @concat_along_another_axis(%x: tensor<1x2xf32>) -> tensor<2x4xf32> {
  // CHECK-COUNT-2: tfm.concat
  %0 = tfm.concat %x, %x axis 1 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x4xf32>
  %1 = tfm.concat %0, %0 axis 0 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// The result's n comes from the operand without elements.
// CHECK-LABEL: @concat_whose_dims_come_from_nothing
func.func @concat_whose_dims_come_from_nothing(%empty: tensor<0x?xf32, #tfm.dims<0, n>>, %x: tensor<2x?xf32, #tfm.dims<2, m>>) -> tensor<2x?xf32, #tfm.dims<2, n>> {
  // CHECK: tfm.concat
  %0 = tfm.concat %empty, %x axis 0 : (tensor<0x?xf32, #tfm.dims<0, n>>, tensor<2x?xf32, #tfm.dims<2, m>>) -> tensor<2x?xf32, #tfm.dims<2, n>>
  return %0 : tensor<2x?xf32, #tfm.dims<2, n>>
}

// CHECK-LABEL: @pad_of_nothing
// CHECK-SAME: (%[[X:.*]]: tensor
func.func @pad_of_nothing(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = tfm.pad edge %x low <0> high <0> : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: @pad_that_shifts
func.func @pad_that_shifts(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: tfm.pad
  %0 = tfm.pad edge %x low <1> high <-1> : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: @tile
// CHECK-SAME: (%[[X:.*]]: tensor<1x2xf32>, %[[Y:.*]]: tensor
func.func @tile(%x: tensor<1x2xf32>, %y: tensor<3xf32>) -> (tensor<?x2xf32, #tfm.dims<n, 2>>, tensor<3xf32>, tensor<6xf32>) {
  // CHECK-DAG: %[[B:.*]] = tfm.broadcast %[[X]] : tensor<1x2xf32> -> tensor<?x2xf32, #tfm.dims<n, 2>>
  // CHECK-DAG: %[[T:.*]] = tfm.tile %[[Y]] : tensor<3xf32> -> tensor<6xf32>
  // CHECK: return %[[B]], %[[Y]], %[[T]]
  %0 = tfm.tile %x : tensor<1x2xf32> -> tensor<?x2xf32, #tfm.dims<n, 2>>
  %1 = tfm.tile %y : tensor<3xf32> -> tensor<3xf32>
  %2 = tfm.tile %y : tensor<3xf32> -> tensor<6xf32>
  return %0, %1, %2 : tensor<?x2xf32, #tfm.dims<n, 2>>, tensor<3xf32>, tensor<6xf32>
}

// CHECK-LABEL: @splats
func.func @splats() -> (tensor<4096xf32>, tensor<64x64xf32>, tensor<2x3xi64>) {
  // CHECK-DAG: %[[A:.*]] = tfm.constant dense<1.000000e+00> : tensor<4096xf32>
  // CHECK-DAG: %[[B:.*]] = tfm.constant dense<1.000000e+00> : tensor<64x64xf32>
  // CHECK-DAG: %[[C:.*]] = tfm.constant dense<7> : tensor<2x3xi64>
  // CHECK: return %[[A]], %[[B]], %[[C]]
  %one = tfm.constant dense<1.0> : tensor<1x64xf32>
  %0 = tfm.broadcast %one : tensor<1x64xf32> -> tensor<64x64xf32>
  %1 = tfm.transpose %0 perm [1, 0] : tensor<64x64xf32> -> tensor<64x64xf32>
  %2 = tfm.reshape %1 : tensor<64x64xf32> -> tensor<4096xf32>
  %seven = tfm.constant dense<7> : tensor<1x3xi64>
  %3 = tfm.concat %seven, %seven axis 0 : (tensor<1x3xi64>, tensor<1x3xi64>) -> tensor<2x3xi64>
  return %2, %1, %3 : tensor<4096xf32>, tensor<64x64xf32>, tensor<2x3xi64>
}

// A splat of unknown extent is no constant; other constants are folded elsewhere.
// CHECK-LABEL: @no_splats
func.func @no_splats() -> (tensor<?xf32, #tfm.dims<n>>, tensor<2x1xi64>) {
  // CHECK-DAG: tfm.broadcast
  // CHECK-DAG: tfm.reshape
  %one = tfm.constant dense<1.0> : tensor<1xf32>
  %0 = tfm.broadcast %one : tensor<1xf32> -> tensor<?xf32, #tfm.dims<n>>
  %c = tfm.constant dense<[1, 2]> : tensor<2xi64>
  %1 = tfm.reshape %c : tensor<2xi64> -> tensor<2x1xi64>
  return %0, %1 : tensor<?xf32, #tfm.dims<n>>, tensor<2x1xi64>
}
