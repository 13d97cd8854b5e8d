// RUN: ingot-opt %s --canonical --fused | FileCheck %s
// RUN: ingot-opt %s --canonical --fused --plan | FileCheck %s --check-prefix=PLAN

// One BERT-like attention with padding mask, bias on the left, heads split and
// merged by reshapes and transposes: one projection, one attention, one output
// projection that takes the residual, one norm.
// CHECK: %[[QKV:.*]] = tfm.linear %arg0
// CHECK: tfm.attention
// CHECK-SAME: scale 5.000000e-01 terms ["key_valid"]
// CHECK-SAME: score_mod {
// CHECK: tfm.load %arg1
// CHECK-NOT: tfm.softmax
// CHECK: tfm.linear %{{.*}} residual %arg0
// CHECK: tfm.norm layer

// PLAN: plan.launch @linear_f32_k8_n24
// PLAN: plan.launch @attention_f32_d4
// PLAN: plan.launch @linear_f32_k8_n8_residual
// PLAN: plan.launch @layer_norm_f32_c8
// PLAN-NOT: plan.launch
module {
  tfm.weight @wq : tensor<8x8xf32> file "m.onnx" offset 0 length 256
  tfm.weight @wk : tensor<8x8xf32> file "m.onnx" offset 256 length 256
  tfm.weight @wv : tensor<8x8xf32> file "m.onnx" offset 512 length 256
  tfm.weight @wo : tensor<8x8xf32> file "m.onnx" offset 768 length 256
  func.func @main(%x: tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> {tfm.name = "x"}, %mask: tensor<?x?xi64, #tfm.dims<batch, sequence>> {tfm.name = "mask"}) -> (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, -1, 0, 1>]} {
    %bias = tfm.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32>
    %wq = tfm.get_weight @wq : tensor<8x8xf32>
    %wk = tfm.get_weight @wk : tensor<8x8xf32>
    %wv = tfm.get_weight @wv : tensor<8x8xf32>
    %wo = tfm.get_weight @wo : tensor<8x8xf32>
    %q0 = tfm.matmul %x, %wq : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>, tensor<8x8xf32>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %q1 = tfm.elementwise add(%bias, %q0) : (tensor<8xf32>, tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %k0 = tfm.matmul %x, %wk : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>, tensor<8x8xf32>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %k1 = tfm.elementwise add(%bias, %k0) : (tensor<8xf32>, tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %v0 = tfm.matmul %x, %wv : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>, tensor<8x8xf32>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %v1 = tfm.elementwise add(%bias, %v0) : (tensor<8xf32>, tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %q2 = tfm.reshape %q1 : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    %q3 = tfm.transpose %q2 perm [0, 2, 1, 3] : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<batch, 2, sequence, 4>>
    %k2 = tfm.reshape %k1 : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    %k3 = tfm.transpose %k2 perm [0, 2, 3, 1] : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> tensor<?x2x4x?xf32, #tfm.dims<batch, 2, 4, sequence>>
    %v2 = tfm.reshape %v1 : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    %v3 = tfm.transpose %v2 perm [0, 2, 1, 3] : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<batch, 2, sequence, 4>>
    %s0 = tfm.matmul %q3, %k3 : (tensor<?x2x?x4xf32, #tfm.dims<batch, 2, sequence, 4>>, tensor<?x2x4x?xf32, #tfm.dims<batch, 2, 4, sequence>>) -> tensor<?x2x?x?xf32, #tfm.dims<batch, 2, sequence, sequence>>
    %scale = tfm.constant dense<2.0> : tensor<f32>
    %s1 = tfm.elementwise div(%s0, %scale) : (tensor<?x2x?x?xf32, #tfm.dims<batch, 2, sequence, sequence>>, tensor<f32>) -> tensor<?x2x?x?xf32, #tfm.dims<batch, 2, sequence, sequence>>
    %m1 = tfm.reshape %mask : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> tensor<?x1x1x?xi64, #tfm.dims<batch, 1, 1, sequence>>
    %m2 = tfm.cast %m1 : tensor<?x1x1x?xi64, #tfm.dims<batch, 1, 1, sequence>> -> tensor<?x1x1x?xf32, #tfm.dims<batch, 1, 1, sequence>>
    %one = tfm.constant dense<1.0> : tensor<f32>
    %m3 = tfm.elementwise sub(%one, %m2) : (tensor<f32>, tensor<?x1x1x?xf32, #tfm.dims<batch, 1, 1, sequence>>) -> tensor<?x1x1x?xf32, #tfm.dims<batch, 1, 1, sequence>>
    %min = tfm.constant dense<-10000.0> : tensor<f32>
    %m4 = tfm.elementwise mul(%m3, %min) : (tensor<?x1x1x?xf32, #tfm.dims<batch, 1, 1, sequence>>, tensor<f32>) -> tensor<?x1x1x?xf32, #tfm.dims<batch, 1, 1, sequence>>
    %s2 = tfm.elementwise add(%s1, %m4) : (tensor<?x2x?x?xf32, #tfm.dims<batch, 2, sequence, sequence>>, tensor<?x1x1x?xf32, #tfm.dims<batch, 1, 1, sequence>>) -> tensor<?x2x?x?xf32, #tfm.dims<batch, 2, sequence, sequence>>
    %p = tfm.softmax %s2 axis 3 : tensor<?x2x?x?xf32, #tfm.dims<batch, 2, sequence, sequence>>
    %o0 = tfm.matmul %p, %v3 : (tensor<?x2x?x?xf32, #tfm.dims<batch, 2, sequence, sequence>>, tensor<?x2x?x4xf32, #tfm.dims<batch, 2, sequence, 4>>) -> tensor<?x2x?x4xf32, #tfm.dims<batch, 2, sequence, 4>>
    %o1 = tfm.transpose %o0 perm [0, 2, 1, 3] : tensor<?x2x?x4xf32, #tfm.dims<batch, 2, sequence, 4>> -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    %o2 = tfm.reshape %o1 : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %o3 = tfm.matmul %o2, %wo : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>, tensor<8x8xf32>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %o4 = tfm.elementwise add(%o3, %x) : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>, tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %n = tfm.norm layer %o4 axis 2 epsilon 1.0e-5 : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    return %n : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  }
}
