// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

tfm.weight @bias : tensor<4xf32> file "model.onnx" offset 0 length 16

plan.kernel map @add_bias outs [f32] ins [f32, f32] scalars 1 params {extents = array<i64: -1, 4>, chunk = 64 : i64} {
^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %b: tensor<?xf32>, %rows: i64):
  %four = arith.constant 4 : i64
  %r = tfm.apply mul(%i, %four) : (i64, i64) -> i64
  %at = tfm.apply add(%r, %j) : (i64, i64) -> i64
  %v = tfm.load %x[%at] : tensor<?xf32> -> f32
  %w = tfm.load %b[%j] : tensor<?xf32> -> f32
  %y = tfm.apply add(%v, %w) : (f32, f32) -> f32
  tfm.yield %y : f32
}

// CHECK: plan.program @main target "x86-64" symbols [#tfm.symbol<"batch", 0, -1, 0, 0>]
// CHECK-SAME: inputs [{name = "x", type = tensor<?x4xf32, #tfm.dims<batch, 4>>}]
// CHECK-SAME: outputs [{name = "y", type = tensor<?x4xf32, #tfm.dims<batch, 4>>}]
plan.program @main target "x86-64" symbols [#tfm.symbol<"batch", 0, -1, 0, 0>]
    inputs [{name = "x", type = tensor<?x4xf32, #tfm.dims<batch, 4>>}]
    outputs [{name = "y", type = tensor<?x4xf32, #tfm.dims<batch, 4>>}] {
  // CHECK: plan.require le <batch, 64> "node 'Add_0'"
  plan.require le <batch, 64> "node 'Add_0'"
  // CHECK: %[[X:.*]] = plan.buffer input 0 size <16*batch>
  %x = plan.buffer input 0 size <16*batch>
  // CHECK: %[[Y:.*]] = plan.buffer output 0 size <16*batch>
  %y = plan.buffer output 0 size <16*batch>
  // CHECK: %[[W:.*]] = plan.buffer weight 0 size <16> weight @bias layout "plain"
  %w = plan.buffer weight 0 size <16> weight @bias layout "plain"
  // CHECK: %[[S:.*]] = plan.buffer scratch -1 size <16*batch>
  %s = plan.buffer scratch -1 size <16*batch>
  // CHECK: plan.launch @add_bias grid <(batch + 63) floordiv 64> (%[[S]], %[[X]], %[[W]]) offsets <0, 0, 0> scalars <batch> flops <4*batch> bytes <32*batch + 16> sources ["Add_0"]
  plan.launch @add_bias grid <batch ceildiv 64> (%s, %x, %w) offsets <0, 0, 0> scalars <batch> flops <4*batch> bytes <32*batch + 16> sources ["Add_0"]
  // CHECK: plan.launch @add_bias grid <batch, 1, 1> (%[[Y]], %[[S]], %[[W]]) offsets <0, 16, 0> scalars <batch> flops <0> bytes <0> sources []
  plan.launch @add_bias grid <batch, 1, 1> (%y, %s, %w) offsets <0, 16, 0> scalars <batch> flops <0> bytes <0> sources []
}

// Another program of the same entry, and what runs once a loaded model.
// CHECK: plan.program @main_cuda entry "main" target "cuda"
plan.program @main_cuda entry "main" target "cuda" symbols [] inputs [] outputs [] {
  // CHECK: %[[M:.*]] = plan.buffer model 0 size <16>
  %m = plan.buffer model 0 size <16>
  // CHECK: %[[W:.*]] = plan.buffer weight 0 size <16> weight @bias layout "rows"
  %w = plan.buffer weight 0 size <16> weight @bias layout "rows"
  // CHECK: plan.launch @add_bias {{.*}} sources [] {init}
  plan.launch @add_bias grid <1> (%m, %w, %w) offsets <0, 0, 0> scalars <1> flops <0> bytes <0> sources [] {init}
}
