// RUN: ingot-opt %s --split-cuda-work | FileCheck %s

// Few rows of f8 want a block for 8 to 32 columns, more than the lowering has counted; K is in parts as Hopper's tiles
// take it, or in none where scales are of blocks.
module {
  // CHECK: plan.program @main target "cuda"
  // CHECK: %[[COUNTERS:.*]] = plan.buffer state 0
  // CHECK: %[[SUMS:.*]] = plan.buffer scratch -1
  // CHECK: plan.launch @columns grid <max(128*min(1, rows), 16*((rows + 63) floordiv 64))>
  // CHECK-SAME: (%{{.*}}, %[[SUMS]], %[[COUNTERS]], %{{.*}}, %{{.*}}, %{{.*}}) {{.*}} scalars <rows>
  // CHECK: plan.launch @blocks grid <max(128*min(1, rows), 16*((rows + 63) floordiv 64))>
  // CHECK-SAME: (%{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}}) {{.*}} scalars <rows>
  plan.program @main target "cuda" symbols [#tfm.symbol<"rows", 0, -1, 0, 0>]
      inputs [{name = "x", type = tensor<?x8192xf8E4M3FN, #tfm.dims<rows, 8192>>}]
      outputs [{name = "y", type = tensor<?x1024xf32, #tfm.dims<rows, 1024>>}] {
    %x = plan.buffer input 0 size <8192*rows>
    %y = plan.buffer output 0 size <4096*rows>
    %w = plan.buffer model 0 size <8388608>
    %s = plan.buffer model 8388608 size <262144>
    plan.launch @columns grid <max(16*((rows + 63) floordiv 64), 64*min(1, rows))> (%y, %x, %w, %s) offsets <0, 0, 0, 0> scalars <rows> flops <0> bytes <0> sources []
    plan.launch @blocks grid <max(16*((rows + 63) floordiv 64), 64*min(1, rows))> (%y, %x, %w, %s) offsets <0, 0, 0, 0> scalars <rows> flops <0> bytes <0> sources []
  }
  plan.kernel linear @columns outs [f32] ins [f8E4M3FN, f8E4M3FN, f32] scalars 1 params {m = -1, n = 1024, k = 8192, lda = 8192, rows = 64, panels = 1, block = 8192} {
  ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf8E4M3FN>, %w: tensor<?xf8E4M3FN>, %s: tensor<?xf32>, %rows: i64):
    tfm.yield %acc : f32
  }
  plan.kernel linear @blocks outs [f32] ins [f8E4M3FN, f8E4M3FN, f32] scalars 1 params {m = -1, n = 1024, k = 8192, lda = 8192, rows = 64, panels = 1, block = 128} {
  ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf8E4M3FN>, %w: tensor<?xf8E4M3FN>, %s: tensor<?xf32>, %rows: i64):
    tfm.yield %acc : f32
  }
}
