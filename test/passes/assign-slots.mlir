// RUN: ingot-opt %s --split-input-file --assign-slots | FileCheck %s

plan.kernel map @copy outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 64 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}
plan.kernel map @sum outs [f32] ins [f32, f32] scalars 0 params {extents = array<i64: 4>, chunk = 64 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>, %y: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  %w = tfm.load %y[%i] : tensor<?xf32> -> f32
  %s = tfm.apply add(%v, %w) : (f32, f32) -> f32
  tfm.yield %s : f32
}

// A chain needs two slots: a step's output is never its input. Interface and
// weights have none.
// CHECK-LABEL: plan.program @chain
// CHECK-SAME: slots = [#tfm.dims<16>, #tfm.dims<16>]
// CHECK: plan.buffer input 0
// CHECK: plan.buffer output 0
// CHECK: %[[A:.*]] = plan.buffer scratch 0 size <16>
// CHECK-NEXT: %[[B:.*]] = plan.buffer scratch 1 size <16>
// CHECK-NEXT: %[[C:.*]] = plan.buffer scratch 0 size <16>
plan.program @chain target "x86-64" symbols [] inputs [{name = "x", type = tensor<4xf32>}] outputs [{name = "y", type = tensor<4xf32>}] {
  %x = plan.buffer input 0 size <16>
  %y = plan.buffer output 0 size <16>
  %a = plan.buffer scratch -1 size <16>
  %b = plan.buffer scratch -1 size <16>
  %c = plan.buffer scratch -1 size <16>
  plan.launch @copy grid <1> (%a, %x) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%b, %a) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%c, %b) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%y, %c) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
}

// A buffer that is read late keeps its slot until then (a residual).
// CHECK-LABEL: plan.program @residual
// CHECK-SAME: slots = [#tfm.dims<16>, #tfm.dims<16>, #tfm.dims<16>]
// CHECK: plan.buffer scratch 0
// CHECK: plan.buffer scratch 1
// CHECK: plan.buffer scratch 2
// CHECK: plan.buffer scratch 1
plan.program @residual target "x86-64" symbols [] inputs [{name = "x", type = tensor<4xf32>}] outputs [{name = "y", type = tensor<4xf32>}] {
  %x = plan.buffer input 0 size <16>
  %y = plan.buffer output 0 size <16>
  %a = plan.buffer scratch -1 size <16>
  %b = plan.buffer scratch -1 size <16>
  %c = plan.buffer scratch -1 size <16>
  %d = plan.buffer scratch -1 size <16>
  plan.launch @copy grid <1> (%a, %x) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%b, %a) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%c, %b) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @sum grid <1> (%d, %c, %a) offsets <0, 0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%y, %d) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
}

// A slot is as large as its largest member, whichever that turns
// out to be when dims are bound.
// CHECK-LABEL: plan.program @sizes
// CHECK-SAME: slots = [#tfm.dims<16*n>, #tfm.dims<max(4*n, 64)>]
// CHECK: plan.buffer scratch 0 size <16*n>
// CHECK: plan.buffer scratch 1 size <64>
// CHECK: plan.buffer scratch 0 size <16*n>
// CHECK: plan.buffer scratch 1 size <4*n>
// CHECK: plan.buffer scratch 0 size <16*n>
plan.program @sizes target "x86-64" symbols [#tfm.symbol<"n", 0, -1, 0, 0>] inputs [{name = "x", type = tensor<?xf32, #tfm.dims<n>>}] outputs [{name = "y", type = tensor<4xf32>}] {
  %x = plan.buffer input 0 size <4*n>
  %y = plan.buffer output 0 size <16>
  %a = plan.buffer scratch -1 size <16*n>
  %b = plan.buffer scratch -1 size <64>
  %c = plan.buffer scratch -1 size <16*n>
  %d = plan.buffer scratch -1 size <4*n>
  %e = plan.buffer scratch -1 size <16*n>
  plan.launch @copy grid <1> (%a, %x) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%b, %a) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%c, %b) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%d, %c) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%e, %d) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%y, %e) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
}

// Of two free slots the one of the buffer's own size, though the other was
// freed later.
// CHECK-LABEL: plan.program @best_fit
// CHECK-SAME: slots = [#tfm.dims<16>, #tfm.dims<64>, #tfm.dims<32>]
// CHECK: plan.buffer scratch 0 size <16>
// CHECK: plan.buffer scratch 1 size <64>
// CHECK: plan.buffer scratch 2 size <32>
// CHECK: plan.buffer scratch 0 size <16>
plan.program @best_fit target "x86-64" symbols [] inputs [{name = "x", type = tensor<4xf32>}] outputs [{name = "y", type = tensor<4xf32>}, {name = "z", type = tensor<4xf32>}] {
  %x = plan.buffer input 0 size <16>
  %y = plan.buffer output 0 size <16>
  %z = plan.buffer output 1 size <16>
  %a = plan.buffer scratch -1 size <16>
  %b = plan.buffer scratch -1 size <64>
  %c = plan.buffer scratch -1 size <32>
  %d = plan.buffer scratch -1 size <16>
  plan.launch @copy grid <1> (%a, %x) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%b, %x) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%c, %a) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @sum grid <1> (%y, %b, %c) offsets <0, 0, 0> scalars <> flops <0> bytes <48> sources []
  plan.launch @copy grid <1> (%d, %x) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
  plan.launch @copy grid <1> (%z, %d) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
}

// Without scratch there is nothing to assign.
// CHECK-LABEL: plan.program @direct
// CHECK-SAME: slots = []
plan.program @direct target "x86-64" symbols [] inputs [{name = "x", type = tensor<4xf32>}] outputs [{name = "y", type = tensor<4xf32>}] {
  %x = plan.buffer input 0 size <16>
  %y = plan.buffer output 0 size <16>
  plan.launch @copy grid <1> (%y, %x) offsets <0, 0> scalars <> flops <0> bytes <32> sources []
}
