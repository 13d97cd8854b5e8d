// RUN: ingot-opt %s --split-input-file --lower-to-plan | FileCheck %s

// The function becomes a program of the same interface; requirements stay, a
// weight of a product is packed, one that is looked up lies plain and counts what
// is read of it, a splat bias is a number in the kernel.
// CHECK-LABEL: plan.program @main
// CHECK-SAME: target "x86-64" symbols [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]
// CHECK-SAME: inputs [{name = "ids", type = tensor<?x?xi64, #tfm.dims<batch, sequence>>}]
// CHECK-SAME: outputs [{name = "y", type = tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>>}]
// CHECK-DAG: %[[W:.*]] = plan.buffer weight 0 size <1536> weight @w layout "panels48"
// CHECK-DAG: %[[T:.*]] = plan.buffer weight 0 size <320> weight @t layout "plain"
// CHECK-DAG: %[[IN:.*]] = plan.buffer input 0 size <8*batch*sequence>
// CHECK-DAG: %[[OUT:.*]] = plan.buffer output 0 size <96*batch*sequence>
// CHECK-DAG: %[[X:.*]] = plan.buffer scratch -1 size <32*batch*sequence>
// CHECK: plan.require le <sequence, 512> "position table of node 'Slice_12'"
// CHECK-NEXT: plan.launch @[[GATHER:[a-z0-9_]*]] grid {{.*}} (%[[X]], %[[IN]], %[[T]]) {{.*}} bytes <40*batch*sequence + min(32*batch*sequence, 320)> sources ["Gather_1"]
// CHECK-NEXT: plan.launch @linear_f32_k8_n24 {{.*}} (%[[OUT]], %[[X]], %[[W]]) {{.*}} flops <384*batch*sequence> {{.*}} sources ["Add_3", "MatMul_2"]
// CHECK-NOT: plan.launch
// CHECK: plan.kernel map @[[GATHER]] outs [f32] ins [i64, f32]
// CHECK: tfm.check_index
// CHECK: plan.kernel linear @linear_f32_k8_n24 outs [f32] ins [f32, f32]
// CHECK: tfm.apply add(%{{.*}}, %cst)
// CHECK-NOT: func.func
module {
  tfm.weight @w : tensor<8x24xf32> file "m" offset 0 length 768
  tfm.weight @t : tensor<10x8xf32> recipe {
    %0 = tfm.constant dense<1.0> : tensor<10x8xf32>
    tfm.yield %0 : tensor<10x8xf32>
  }
  func.func @main(%ids: tensor<?x?xi64, #tfm.dims<batch, sequence>> {tfm.name = "ids"}) -> (tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    tfm.require le <sequence, 512> "position table of node 'Slice_12'"
    %t = tfm.get_weight @t : tensor<10x8xf32>
    %w = tfm.get_weight @w : tensor<8x24xf32>
    %0 = tfm.fused {
    ^bb0(%b: i64, %s: i64, %c: i64):
      %id = tfm.load %ids[%b, %s] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %rows = arith.constant 10 : i64
      %at = tfm.check_index %id, %rows
      %x = tfm.load %t[%at, %c] : tensor<10x8xf32> -> f32
      tfm.yield %x : f32
    } : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> loc("Gather_1")
    %bias = tfm.constant dense<0.5> : tensor<24xf32>
    %1 = tfm.linear %0, %w bias %bias : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>, tensor<8x24xf32>, tensor<24xf32>) -> tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>> loc(fused["Add_3", "MatMul_2"])
    return %1 : tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>>
  }
}

// -----

// A reshape is another name of the same memory, the output's too; two steps of one key share a
// kernel; a value read twice is computed once.
// CHECK-LABEL: plan.program @main
// CHECK-DAG: %[[IN:.*]] = plan.buffer input 0 size <32*n>
// CHECK-DAG: %[[A:.*]] = plan.buffer scratch -1 size <32*n>
// CHECK-DAG: %[[OUT:.*]] = plan.buffer output 0 size <32*n>
// CHECK: plan.launch @softmax_f32 {{.*}} (%[[A]], %[[IN]])
// CHECK-NEXT: plan.launch @softmax_f32 {{.*}} (%[[OUT]], %[[A]])
// CHECK-NOT: plan.launch
// CHECK-COUNT-1: plan.kernel
// CHECK-NOT: plan.kernel
func.func @main(%x: tensor<?x8xf32, #tfm.dims<n, 8>> {tfm.name = "x"}) -> (tensor<?x8xf32, #tfm.dims<n, 8>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"n", 0, -1, 0, 0>]} {
  %0 = tfm.reshape %x : tensor<?x8xf32, #tfm.dims<n, 8>> -> tensor<?x4xf32, #tfm.dims<2*n, 4>>
  %1 = tfm.softmax %0 axis 1 : tensor<?x4xf32, #tfm.dims<2*n, 4>>
  %2 = tfm.softmax %1 axis 1 : tensor<?x4xf32, #tfm.dims<2*n, 4>>
  %3 = tfm.reshape %2 : tensor<?x4xf32, #tfm.dims<2*n, 4>> -> tensor<?x8xf32, #tfm.dims<n, 8>>
  return %3 : tensor<?x8xf32, #tfm.dims<n, 8>>
}

// -----

// An argument or result without a name is called by its position.
// What is no memory of its own is copied: an input, a weight, a constant, the
// second name of one value. A result that is read again is read from the
// output.
// CHECK-LABEL: plan.program @main
// CHECK-SAME: outputs [{name = "output0", {{.*}}, {name = "same", {{.*}}, {name = "output2",
// CHECK-DAG: %[[IN:.*]] = plan.buffer input 0
// CHECK-DAG: %[[O0:.*]] = plan.buffer output 0
// CHECK-DAG: %[[O1:.*]] = plan.buffer output 1
// CHECK-DAG: %[[O2:.*]] = plan.buffer output 2
// CHECK-DAG: %[[O3:.*]] = plan.buffer output 3
// CHECK-DAG: %[[O4:.*]] = plan.buffer output 4
// CHECK-DAG: %[[W:.*]] = plan.buffer weight 0 size <16> weight @w
// CHECK-DAG: %[[C:.*]] = plan.buffer weight 0 size <16> weight @constant
// CHECK-NOT: plan.buffer scratch
// CHECK: plan.launch @softmax_f32 {{.*}} (%[[O0]], %[[IN]])
// CHECK-NEXT: plan.launch @softmax_f32 {{.*}} (%[[O4]], %[[O0]])
// CHECK-NEXT: plan.launch @copy_f32 {{.*}} (%[[O1]], %[[IN]])
// CHECK-NEXT: plan.launch @copy_f32_1 {{.*}} (%[[O2]], %[[W]])
// CHECK-NEXT: plan.launch @copy_f32 {{.*}} (%[[O3]], %[[O0]])
// CHECK-NEXT: plan.launch @copy_f32{{.*}} (%{{.*}}, %[[C]])
tfm.weight @w : tensor<4xf32> file "m" offset 0 length 16
func.func @main(%x: tensor<2x4xf32> {tfm.name = "x"}) -> (tensor<2x4xf32>, tensor<2x4xf32> {tfm.name = "same"}, tensor<4xf32>, tensor<8xf32>, tensor<2x4xf32>, tensor<4xf32>) {
  %w = tfm.get_weight @w : tensor<4xf32>
  %c = tfm.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %0 = tfm.softmax %x axis 1 : tensor<2x4xf32>
  %1 = tfm.reshape %0 : tensor<2x4xf32> -> tensor<8xf32>
  %2 = tfm.softmax %0 axis 1 : tensor<2x4xf32>
  return %0, %x, %w, %1, %2, %c : tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2x4xf32>, tensor<4xf32>
}

// -----

// Of no elements: an empty grid, no step is left out.
// CHECK-LABEL: plan.program @main
// CHECK: plan.launch @{{.*}} grid <0> {{.*}} flops <0>
func.func @main(%x: tensor<2x0xf32> {tfm.name = "x"}) -> tensor<2x0xf32> {
  %0 = tfm.softmax %x axis 1 : tensor<2x0xf32>
  return %0 : tensor<2x0xf32>
}

// -----

// Every function is a program.
// CHECK-LABEL: plan.program @decode
// CHECK-LABEL: plan.program @prefill
func.func @decode(%x: tensor<1x4xf32> {tfm.name = "x"}) -> tensor<1x4xf32> {
  %0 = tfm.softmax %x axis 1 : tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
func.func @prefill(%x: tensor<8x4xf32> {tfm.name = "x"}) -> tensor<8x4xf32> {
  %0 = tfm.softmax %x axis 1 : tensor<8x4xf32>
  return %0 : tensor<8x4xf32>
}
