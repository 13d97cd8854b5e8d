// RUN: ingot-opt %s --sink-moves --canonicalize | FileCheck %s

// Sequence first, as torch's MultiheadAttention has it: the linear takes batch
// and sequence as they lie, and the two transposes meet.
// CHECK-LABEL: func.func @transposed
// CHECK: %[[Y:.*]] = tfm.linear %arg0
// CHECK-NOT: tfm.transpose
// CHECK: return %[[Y]]
module {
  tfm.weight @w : tensor<8x8xf32> file "m.onnx" offset 0 length 256
  func.func @transposed(%x: tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> {
    %w = tfm.get_weight @w : tensor<8x8xf32>
    %0 = tfm.transpose %x perm [1, 0, 2] : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> -> tensor<?x?x8xf32, #tfm.dims<sequence, batch, 8>>
    %1 = tfm.linear %0, %w : (tensor<?x?x8xf32, #tfm.dims<sequence, batch, 8>>, tensor<8x8xf32>) -> tensor<?x?x8xf32, #tfm.dims<sequence, batch, 8>>
    %2 = tfm.transpose %1 perm [1, 0, 2] : tensor<?x?x8xf32, #tfm.dims<sequence, batch, 8>> -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    return %2 : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  }

  // Heads that are merged on the way: the row is two axes of the input.
  // CHECK-LABEL: func.func @heads
  // CHECK: %[[ROWS:.*]] = tfm.reshape %arg0 : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  // CHECK: %[[Y:.*]] = tfm.linear %[[ROWS]]
  // CHECK: %[[T:.*]] = tfm.transpose %[[Y]] perm [1, 0, 2]
  // CHECK: tfm.reshape %[[T]] : {{.*}} -> tensor<?x8xf32, #tfm.dims<batch*sequence, 8>>
  func.func @heads(%x: tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x8xf32, #tfm.dims<batch*sequence, 8>> {
    %w = tfm.get_weight @w : tensor<8x8xf32>
    %0 = tfm.transpose %x perm [1, 0, 2, 3] : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<sequence, batch, 2, 4>>
    %1 = tfm.reshape %0 : tensor<?x?x2x4xf32, #tfm.dims<sequence, batch, 2, 4>> -> tensor<?x8xf32, #tfm.dims<batch*sequence, 8>>
    %2 = tfm.linear %1, %w : (tensor<?x8xf32, #tfm.dims<batch*sequence, 8>>, tensor<8x8xf32>) -> tensor<?x8xf32, #tfm.dims<batch*sequence, 8>>
    return %2 : tensor<?x8xf32, #tfm.dims<batch*sequence, 8>>
  }

  // A matrix product of flattened rows (Gemm) keeps the model's dims.
  // CHECK-LABEL: func.func @flattened
  // CHECK: %[[Y:.*]] = tfm.linear %arg0, {{.*}} -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  // CHECK: return %[[Y]]
  func.func @flattened(%x: tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> {
    %w = tfm.get_weight @w : tensor<8x8xf32>
    %0 = tfm.reshape %x : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> -> tensor<?x8xf32, #tfm.dims<batch*sequence, 8>>
    %1 = tfm.linear %0, %w : (tensor<?x8xf32, #tfm.dims<batch*sequence, 8>>, tensor<8x8xf32>) -> tensor<?x8xf32, #tfm.dims<batch*sequence, 8>>
    %2 = tfm.reshape %1 : tensor<?x8xf32, #tfm.dims<batch*sequence, 8>> -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    return %2 : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  }

  // Left alone: rows that are not whole in the source, and windows of an image,
  // whose rows nobody behind the linear could read at one stride.
  // CHECK-LABEL: func.func @alone
  // CHECK: tfm.transpose %arg0
  // CHECK: tfm.linear
  // CHECK: tfm.transpose %arg1
  // CHECK: tfm.linear
  // CHECK-NOT: tfm.transpose
  func.func @alone(%x: tensor<8x3xf32>, %y: tensor<2x3x2x3x8xf32>) -> (tensor<3x8xf32>, tensor<4x9x8xf32>) {
    %w = tfm.get_weight @w : tensor<8x8xf32>
    %0 = tfm.transpose %x perm [1, 0] : tensor<8x3xf32> -> tensor<3x8xf32>
    %1 = tfm.linear %0, %w : (tensor<3x8xf32>, tensor<8x8xf32>) -> tensor<3x8xf32>
    %2 = tfm.transpose %y perm [0, 2, 1, 3, 4] : tensor<2x3x2x3x8xf32> -> tensor<2x2x3x3x8xf32>
    %3 = tfm.reshape %2 : tensor<2x2x3x3x8xf32> -> tensor<4x9x8xf32>
    %4 = tfm.linear %3, %w : (tensor<4x9x8xf32>, tensor<8x8xf32>) -> tensor<4x9x8xf32>
    return %1, %4 : tensor<3x8xf32>, tensor<4x9x8xf32>
  }

  // A quantized weight goes with it.
  // CHECK-LABEL: func.func @quantized
  // CHECK: tfm.linear %arg0, %{{.*}} scales %{{.*}} zeros %{{.*}} {block = 4 : i64}
  tfm.weight @q : tensor<8x8xi4> file "m.onnx" offset 0 length 32
  tfm.weight @s : tensor<2x8xf32> file "m.onnx" offset 0 length 64
  tfm.weight @z : tensor<2x8xi4> file "m.onnx" offset 0 length 8
  func.func @quantized(%x: tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> {
    %w = tfm.get_weight @q : tensor<8x8xi4>
    %s = tfm.get_weight @s : tensor<2x8xf32>
    %z = tfm.get_weight @z : tensor<2x8xi4>
    %0 = tfm.reshape %x : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> -> tensor<?x8xf32, #tfm.dims<batch*sequence, 8>>
    %1 = tfm.linear %0, %w scales %s zeros %z {block = 4 : i64} : (tensor<?x8xf32, #tfm.dims<batch*sequence, 8>>, tensor<8x8xi4>, tensor<2x8xf32>, tensor<2x8xi4>) -> tensor<?x8xf32, #tfm.dims<batch*sequence, 8>>
    %2 = tfm.reshape %1 : tensor<?x8xf32, #tfm.dims<batch*sequence, 8>> -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    return %2 : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  }
}
