// RUN: ingot-opt %s --raise-conv | FileCheck %s
// RUN: ingot-opt %s --canonical --fused --plan | FileCheck %s --check-prefix=PLAN

// Patches of an image: the window in the image's order, the weight turned in its
// recipe, and channels last again for the sequence behind.
// CHECK: tfm.weight @w.transpose : tensor<3x4x4x16xf32> recipe
// CHECK-LABEL: func.func @main
// CHECK: %[[WINDOWS:.*]] = tfm.fused
// CHECK: : tensor<?x2x3x3x4x4xf32, #tfm.dims<batch, 2, 3, 3, 4, 4>>
// CHECK: %[[ROWS:.*]] = tfm.reshape %[[WINDOWS]]
// CHECK: %[[Y:.*]] = tfm.linear %[[ROWS]]
// CHECK: tfm.transpose %[[Y]] perm [0, 3, 1, 2]
// CHECK-NOT: tfm.conv

// PLAN: plan.launch @map_f32_gather
// PLAN: plan.launch @linear_f32_k48_n16
// PLAN-NOT: plan.launch
module {
  tfm.weight @w : tensor<16x3x4x4xf32> file "m.onnx" offset 0 length 3072
  func.func @main(%x: tensor<?x3x8x12xf32, #tfm.dims<batch, 3, 8, 12>> {tfm.name = "x"}) -> (tensor<?x6x16xf32, #tfm.dims<batch, 6, 16>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>]} {
    %w = tfm.get_weight @w : tensor<16x3x4x4xf32>
    %0 = tfm.conv %x, %w strides [4, 4] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<?x3x8x12xf32, #tfm.dims<batch, 3, 8, 12>>, tensor<16x3x4x4xf32>) -> tensor<?x16x2x3xf32, #tfm.dims<batch, 16, 2, 3>>
    %1 = tfm.reshape %0 : tensor<?x16x2x3xf32, #tfm.dims<batch, 16, 2, 3>> -> tensor<?x16x6xf32, #tfm.dims<batch, 16, 6>>
    %2 = tfm.transpose %1 perm [0, 2, 1] : tensor<?x16x6xf32, #tfm.dims<batch, 16, 6>> -> tensor<?x6x16xf32, #tfm.dims<batch, 6, 16>>
    return %2 : tensor<?x6x16xf32, #tfm.dims<batch, 6, 16>>
  }
}
