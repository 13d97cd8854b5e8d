// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @conv
func.func @conv(%x: tensor<?x3x?x32xf32, #tfm.dims<batch, 3, height, 32>>, %w: tensor<8x3x4x4xf32>, %b: tensor<8xf32>)
    -> tensor<?x8x?x8xf32, #tfm.dims<batch, 8, (height - 4) floordiv 4 + 1, 8>> {
  // CHECK: tfm.conv %{{.*}}, %{{.*}}, %{{.*}} strides [4, 4] pads [0, 0, 0, 0] dilations [1, 1] group 1 : {{.*}} -> tensor<?x8x?x8xf32, #tfm.dims<batch, 8, height floordiv 4, 8>>
  %0 = tfm.conv %x, %w, %b strides [4, 4] pads [0, 0, 0, 0] dilations [1, 1] group 1
      : (tensor<?x3x?x32xf32, #tfm.dims<batch, 3, height, 32>>, tensor<8x3x4x4xf32>, tensor<8xf32>) -> tensor<?x8x?x8xf32, #tfm.dims<batch, 8, (height - 4) floordiv 4 + 1, 8>>
  return %0 : tensor<?x8x?x8xf32, #tfm.dims<batch, 8, (height - 4) floordiv 4 + 1, 8>>
}

// CHECK-LABEL: @grouped
func.func @grouped(%x: tensor<1x4x9xf32>, %w: tensor<4x2x3xf32>) -> tensor<1x4x4xf32> {
  // CHECK: tfm.conv %{{.*}}, %{{.*}} strides [2] pads [1, 1] dilations [2] group 2 :
  %0 = tfm.conv %x, %w strides [2] pads [1, 1] dilations [2] group 2 : (tensor<1x4x9xf32>, tensor<4x2x3xf32>) -> tensor<1x4x4xf32>
  return %0 : tensor<1x4x4xf32>
}
