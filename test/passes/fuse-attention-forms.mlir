// RUN: ingot-opt %s --fuse-attention | FileCheck %s

// Bloom: the softmax has batch and heads apart, both products have them in one
// dim.
// CHECK-LABEL: func.func @folded_products
// CHECK: %[[A:.*]] = tfm.attention %{{.*}} scale 5.000000e-01 terms [] empty_rows scores
// CHECK-SAME: -> tensor<?x?x2x4xf32, #tfm.dims<b, s, 2, 4>>
// CHECK: tfm.reshape %{{.*}} -> tensor<?x?x4xf32, #tfm.dims<2*b, s, 4>>
// CHECK-NOT: tfm.softmax
func.func @folded_products(%q: tensor<?x?x4xf32, #tfm.dims<2*b, s, 4>>, %k: tensor<?x4x?xf32, #tfm.dims<2*b, 4, s>>, %v: tensor<?x?x4xf32, #tfm.dims<2*b, s, 4>>) -> tensor<?x?x4xf32, #tfm.dims<2*b, s, 4>> {
  %scale = tfm.constant dense<0.5> : tensor<f32>
  %0 = tfm.matmul %q, %k : (tensor<?x?x4xf32, #tfm.dims<2*b, s, 4>>, tensor<?x4x?xf32, #tfm.dims<2*b, 4, s>>) -> tensor<?x?x?xf32, #tfm.dims<2*b, s, s>>
  %1 = tfm.elementwise mul(%0, %scale) : (tensor<?x?x?xf32, #tfm.dims<2*b, s, s>>, tensor<f32>) -> tensor<?x?x?xf32, #tfm.dims<2*b, s, s>>
  %2 = tfm.reshape %1 : tensor<?x?x?xf32, #tfm.dims<2*b, s, s>> -> tensor<?x2x?x?xf32, #tfm.dims<b, 2, s, s>>
  %3 = tfm.softmax %2 axis 3 : tensor<?x2x?x?xf32, #tfm.dims<b, 2, s, s>>
  %4 = tfm.reshape %3 : tensor<?x2x?x?xf32, #tfm.dims<b, 2, s, s>> -> tensor<?x?x?xf32, #tfm.dims<2*b, s, s>>
  %5 = tfm.matmul %4, %v : (tensor<?x?x?xf32, #tfm.dims<2*b, s, s>>, tensor<?x?x4xf32, #tfm.dims<2*b, s, 4>>) -> tensor<?x?x4xf32, #tfm.dims<2*b, s, 4>>
  return %5 : tensor<?x?x4xf32, #tfm.dims<2*b, s, 4>>
}

// The same with the heads in another order in front of the second product: its
// rows are those of other heads.
// CHECK-LABEL: func.func @heads_swapped
// CHECK-NOT: tfm.attention
// CHECK: tfm.matmul %arg0, %arg1 {tfm.unfused = "its attention is not fused: the probabilities are changed before the product"}
// CHECK: tfm.softmax %{{.*}} axis 3 {tfm.unfused = "the probabilities are changed before the product"}
func.func @heads_swapped(%q: tensor<2x3x4xf32>, %k: tensor<2x4x3xf32>, %v: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = tfm.matmul %q, %k : (tensor<2x3x4xf32>, tensor<2x4x3xf32>) -> tensor<2x3x3xf32>
  %1 = tfm.reshape %0 : tensor<2x3x3xf32> -> tensor<1x2x3x3xf32>
  %2 = tfm.softmax %1 axis 3 : tensor<1x2x3x3xf32>
  %3 = tfm.transpose %2 perm [0, 1, 3, 2] : tensor<1x2x3x3xf32> -> tensor<1x2x3x3xf32>
  %4 = tfm.reshape %3 : tensor<1x2x3x3xf32> -> tensor<2x3x3xf32>
  %5 = tfm.matmul %4, %v : (tensor<2x3x3xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %5 : tensor<2x3x4xf32>
}

// DeBERTa: a second product is read by position, the first at (q, k) itself.
// CHECK-LABEL: func.func @relative
// CHECK: tfm.matmul %arg0, %arg2 {tfm.unfused = "an attention reads it beside its scores, by relative position"}
// CHECK: tfm.attention
// CHECK-SAME: terms ["tensor"]
// CHECK: tfm.load
// CHECK-NOT: tfm.softmax
func.func @relative(%q: tensor<2x3x4xf32>, %k: tensor<2x4x3xf32>, %r: tensor<2x4x6xf32>, %v: tensor<2x3x4xf32>, %at: tensor<2x3x3xi64>) -> tensor<2x3x4xf32> {
  %0 = tfm.matmul %q, %k : (tensor<2x3x4xf32>, tensor<2x4x3xf32>) -> tensor<2x3x3xf32>
  %1 = tfm.matmul %q, %r : (tensor<2x3x4xf32>, tensor<2x4x6xf32>) -> tensor<2x3x6xf32>
  %2 = tfm.gather_elements %1, %at axis 2 : (tensor<2x3x6xf32>, tensor<2x3x3xi64>) -> tensor<2x3x3xf32>
  %3 = tfm.elementwise add(%0, %2) : (tensor<2x3x3xf32>, tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  %4 = tfm.softmax %3 axis 2 : tensor<2x3x3xf32>
  %5 = tfm.matmul %4, %v : (tensor<2x3x3xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %5 : tensor<2x3x4xf32>
}

// Probabilities that the caller gets have to be in memory.
// CHECK-LABEL: func.func @output
// CHECK: tfm.softmax %{{.*}} axis 2 {tfm.unfused = "the probabilities are an output of the model"}
func.func @output(%q: tensor<2x3x4xf32>, %k: tensor<2x4x3xf32>, %v: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x3xf32>) {
  %0 = tfm.matmul %q, %k : (tensor<2x3x4xf32>, tensor<2x4x3xf32>) -> tensor<2x3x3xf32>
  %1 = tfm.softmax %0 axis 2 : tensor<2x3x3xf32>
  %2 = tfm.matmul %1, %v : (tensor<2x3x3xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %2, %1 : tensor<2x3x4xf32>, tensor<2x3x3xf32>
}
