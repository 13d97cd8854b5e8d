// RUN: ingot-opt %s --normalize-axes | FileCheck %s
// RUN: ingot-opt %s --normalize-axes --normalize-axes | FileCheck %s

// CHECK-LABEL: func.func @inner
// CHECK-NEXT: %[[IN:.*]] = tfm.transpose %arg0 perm [0, 3, 2, 1] : {{.*}} -> tensor<?x4x?x3xf32, #tfm.dims<batch, 4, sequence, 3>>
// CHECK-NEXT: %[[SOFT:.*]] = tfm.softmax %[[IN]] axis 3
// CHECK-NEXT: %[[OUT:.*]] = tfm.transpose %[[SOFT]] perm [0, 3, 2, 1] : {{.*}} -> tensor<?x3x?x4xf32, #tfm.dims<batch, 3, sequence, 4>>
// CHECK-NEXT: return %[[OUT]]
func.func @inner(%x: tensor<?x3x?x4xf32, #tfm.dims<batch, 3, sequence, 4>>) -> tensor<?x3x?x4xf32, #tfm.dims<batch, 3, sequence, 4>> {
  %0 = tfm.softmax %x axis 1 : tensor<?x3x?x4xf32, #tfm.dims<batch, 3, sequence, 4>>
  return %0 : tensor<?x3x?x4xf32, #tfm.dims<batch, 3, sequence, 4>>
}

// All users see the same result; an axis without elements is like any other.
// CHECK-LABEL: func.func @several_users
// CHECK: %[[OUT:.*]] = tfm.transpose %{{.*}} -> tensor<0x2xf32>
// CHECK-NEXT: %[[R:.*]] = tfm.elementwise relu(%[[OUT]])
// CHECK-NEXT: return %[[OUT]], %[[R]]
func.func @several_users(%x: tensor<0x2xf32>) -> (tensor<0x2xf32>, tensor<0x2xf32>) {
  %0 = tfm.softmax %x axis 0 : tensor<0x2xf32>
  %1 = tfm.elementwise relu(%0) : (tensor<0x2xf32>) -> tensor<0x2xf32>
  return %0, %1 : tensor<0x2xf32>, tensor<0x2xf32>
}

// The last axis, in a vector too; reductions and norms over others stay.
// CHECK-LABEL: func.func @others
// CHECK-NOT: tfm.transpose
// CHECK: return
func.func @others(%x: tensor<2x3xf32>, %v: tensor<3xf32>) -> (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<2x3xf32>) {
  %0 = tfm.softmax %x axis 1 : tensor<2x3xf32>
  %1 = tfm.softmax %v axis 0 : tensor<3xf32>
  %2 = tfm.reduce max %x axes [0] : tensor<2x3xf32> -> tensor<3xf32>
  %3 = tfm.norm layer %x axis 0 epsilon 1.0e-5 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0, %1, %2, %3 : tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<2x3xf32>
}
