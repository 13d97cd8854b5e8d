// RUN: ingot-opt %s --split-cuda-work | FileCheck %s
// RUN: ingot-opt %s --split-cuda-work --assign-slots --print-cuda-stubs -o /dev/null | FileCheck %s --check-prefix=STUB
// RUN: ingot-opt %s --split-cuda-work --assign-slots --print-cuda-stubs=arch=sm_90a -o /dev/null | FileCheck %s --check-prefix=SM90A

module {
  // CHECK: plan.program @main target "x86-64"
  // CHECK-NOT: state
  // CHECK: plan.launch @linear grid <1> (%{{.*}}, %{{.*}}, %{{.*}}) offsets <0, 0, 0> scalars <batch>
  plan.program @main target "x86-64" symbols [#tfm.symbol<"batch", 0, -1, 0, 0>]
      inputs [{name = "x", type = tensor<?x3072xbf16, #tfm.dims<batch, 3072>>}]
      outputs [{name = "y", type = tensor<?x768xf32, #tfm.dims<batch, 768>>}] {
    %x = plan.buffer input 0 size <6144*batch>
    %y = plan.buffer output 0 size <3072*batch>
    %w = plan.buffer model 0 size <4718592>
    plan.launch @linear grid <1> (%y, %x, %w) offsets <0, 0, 0> scalars <batch> flops <0> bytes <0> sources []
  }

  // A kernel that another target launches too is another one from now on. The workspace is for all architectures: Hopper's tiles
  // leave whole pieces of 16 by 16.
  // CHECK: plan.program @main_cuda entry "main" target "cuda"
  // CHECK-DAG: %[[COUNTERS:.*]] = plan.buffer state 0 size <432>
  // CHECK-DAG: %[[SUMS:.*]] = plan.buffer scratch -1 size <4*min(2097152, 98304*((batch + 15) floordiv 16))>
  plan.program @main_cuda entry "main" target "cuda" symbols [#tfm.symbol<"batch", 0, -1, 0, 0>]
      inputs [{name = "x", type = tensor<?x3072xbf16, #tfm.dims<batch, 3072>>}]
      outputs [{name = "y", type = tensor<?x768xf32, #tfm.dims<batch, 768>>}] {
    %x = plan.buffer input 0 size <6144*batch>
    %y = plan.buffer output 0 size <3072*batch>
    %w = plan.buffer model 0 size <4718592>
    // CHECK: plan.launch @linear_0 grid <{{.*}}> (%[[Y:.*]], %[[SUMS]], %[[COUNTERS]], %[[X:.*]], %[[W:.*]]) offsets <0, 0, 0, 0, 0> scalars <batch, max(
    plan.launch @linear grid <1> (%y, %x, %w) offsets <0, 0, 0> scalars <batch> flops <0> bytes <0> sources []
    // Rows that are a number: so are the parts. All steps count in one place.
    // CHECK: plan.launch @linear_m33 grid <96> (%[[Y]], %{{.*}}, %[[COUNTERS]], %[[X]], %[[W]]) offsets <0, 0, 0, 0, 0> scalars <> flops
    plan.launch @linear_m33 grid <1> (%y, %x, %w) offsets <0, 0, 0> scalars <> flops <0> bytes <0> sources []
    // Enough tiles.
    // CHECK: plan.launch @linear_m4096 grid <7> (%[[Y]], %[[X]], %[[W]])
    plan.launch @linear_m4096 grid <7> (%y, %x, %w) offsets <0, 0, 0> scalars <> flops <0> bytes <0> sources []
    // Few rows: more blocks, no workspace.
    // CHECK: plan.launch @linear_m1 grid <96> (%[[Y]], %[[X]], %[[W]])
    plan.launch @linear_m1 grid <48> (%y, %x, %w) offsets <0, 0, 0> scalars <> flops <0> bytes <0> sources []
    // Up to 32 where an architecture takes them so, with as many blocks as any of them has: on sm_80 a tile's K is in parts.
    // CHECK: plan.launch @linear_m32 grid <128> (%[[Y]], %{{.*}}, %[[COUNTERS]], %[[X]], %[[W]])
    plan.launch @linear_m32 grid <1> (%y, %x, %w) offsets <0, 0, 0> scalars <> flops <0> bytes <0> sources []
    // A quantized weight.
    // CHECK: plan.launch @linear_i8 grid <12> (%[[Y]], %[[X]], %[[W]], %[[W]])
    plan.launch @linear_i8 grid <12> (%y, %x, %w, %w) offsets <0, 0, 0, 0> scalars <> flops <0> bytes <0> sources []
    // One query of 12 heads, 1000 keys: 16 tiles in 8 parts.
    // CHECK: plan.launch @attention_q1 grid <96> (%[[Y]], %{{.*}}, %[[COUNTERS]], %[[X]], %[[X]], %[[X]])
    plan.launch @attention_q1 grid <1, 12, 1> (%y, %x, %x, %x) offsets <0, 0, 0, 0> scalars <> flops <0> bytes <0> sources []
    // CHECK: plan.launch @attention_q1000 grid <16, 12, 1> (%[[Y]], %[[X]], %[[X]], %[[X]])
    plan.launch @attention_q1000 grid <16, 12, 1> (%y, %x, %x, %x) offsets <0, 0, 0, 0> scalars <> flops <0> bytes <0> sources []
    // Four tasks of three heads.
    // CHECK: plan.launch @attention_grouped grid <100> (%[[Y]], %{{.*}}, %[[COUNTERS]], %[[X]], %[[X]], %[[X]])
    plan.launch @attention_grouped grid <1, 12, 1> (%y, %x, %x, %x) offsets <0, 0, 0, 0> scalars <> flops <0> bytes <0> sources []
  }

  // CHECK: plan.kernel linear @linear outs {{.*}} scalars 1 params {
  // CHECK-NOT: splits
  // CHECK: plan.kernel linear @linear_0 outs {{.*}} scalars 2 params {{.*}}splits = -2
  // CHECK-NEXT: ^bb0({{.*}}: tensor<?xbf16>, %{{.*}}: i64, %{{.*}}: i64):
  plan.kernel linear @linear outs [f32] ins [bf16, bf16] scalars 1 params {m = -1, n = 768, k = 3072, lda = 3072, rows = 64, panels = 1} {
  ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>, %M: i64):
    tfm.yield %acc : f32
  }
  // STUB: linear<bf16, 768, 3072, 0, true>(out0, in0, 3072, in1, 33, body, Splits{partials, counters, 8});
  // In which parts sm_90a's kernel decides itself. Costs are of 2 to 8 parts.
  // SM90A: linear90<bf16, 768, 3072, 0, 0>(out0, in0, 3072, in1, 33, body, &map0, nullptr, Splits{partials, counters, 8}, Linear90Tile<64, {{([0-9]+, ){9}[0-9]+}}>{&map1});
  // SM90A: linear90<bf16, 768, 3072, 0, 0>(out0, in0, 3072, in1, 4096, body, &map0, nullptr, NoSplits{}, Linear90Tile<192,
  plan.kernel linear @linear_m33 outs [f32] ins [bf16, bf16] scalars 0 params {m = 33, n = 768, k = 3072, lda = 3072, rows = 64, panels = 1} {
  ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
    tfm.yield %acc : f32
  }
  plan.kernel linear @linear_m4096 outs [f32] ins [bf16, bf16] scalars 0 params {m = 4096, n = 768, k = 3072, lda = 3072, rows = 64, panels = 1} {
  ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
    tfm.yield %acc : f32
  }
  plan.kernel linear @linear_m1 outs [f32] ins [bf16, bf16] scalars 0 params {m = 1, n = 768, k = 3072, lda = 3072, rows = 64, panels = 1} {
  ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
    tfm.yield %acc : f32
  }
  // STUB: linear<bf16, 1024, 4096, 0, true>(out0, in0, 4096, in1, 32, body, Splits{partials, counters, 6});
  // SM90A: linear<bf16, 1024, 4096, 0, false, 0, 1>(out0, in0, 4096, in1, 32, body);
  plan.kernel linear @linear_m32 outs [f32] ins [bf16, bf16] scalars 0 params {m = 32, n = 1024, k = 4096, lda = 4096, rows = 64, panels = 1} {
  ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
    tfm.yield %acc : f32
  }
  plan.kernel linear @linear_i8 outs [f32] ins [bf16, i8, f32] scalars 0 params {m = 33, n = 768, k = 3072, lda = 3072, rows = 64, panels = 1, block = 3072} {
  ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xi8>, %s: tensor<?xf32>):
    tfm.yield %acc : f32
  }
  // STUB: attention_mma<bf16, 64, 64, 64, false>(out0, in0, in1, in2, shape, body, Splits{partials, counters, 8});
  plan.kernel attention @attention_q1 outs [f32] ins [bf16, bf16, bf16] scalars 0 params {batch = 1, heads = 12, queries = 1, keys = 1000, d = 64, dv = 64, group = 1, scale = 1.25e-01 : f64, q_strides = array<i64: 768, 768, 64>, k_strides = array<i64: 768, 768, 64>, v_strides = array<i64: 768, 768, 64>, rows = 64, empty_rows = "nan"} {
  ^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %x: tensor<?xbf16>, %y: tensor<?xbf16>, %z: tensor<?xbf16>):
    tfm.yield %s : f32
  }
  plan.kernel attention @attention_q1000 outs [f32] ins [bf16, bf16, bf16] scalars 0 params {batch = 1, heads = 12, queries = 1000, keys = 1000, d = 64, dv = 64, group = 1, scale = 1.25e-01 : f64, q_strides = array<i64: 768, 768, 64>, k_strides = array<i64: 768, 768, 64>, v_strides = array<i64: 768, 768, 64>, rows = 64, empty_rows = "nan"} {
  ^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %x: tensor<?xbf16>, %y: tensor<?xbf16>, %z: tensor<?xbf16>):
    tfm.yield %s : f32
  }
  // STUB: attention_mma<bf16, 64, 64, 64, false>(out0, in0, in1, in2, shape, body, Splits{partials, counters, 25});
  plan.kernel attention @attention_grouped outs [f32] ins [bf16, bf16, bf16] scalars 0 params {batch = 1, heads = 12, queries = 1, keys = 8000, d = 64, dv = 64, group = 3, scale = 1.25e-01 : f64, q_strides = array<i64: 768, 768, 64>, k_strides = array<i64: 256, 256, 64>, v_strides = array<i64: 256, 256, 64>, rows = 64, empty_rows = "nan"} {
  ^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %x: tensor<?xbf16>, %y: tensor<?xbf16>, %z: tensor<?xbf16>):
    tfm.yield %s : f32
  }
}
