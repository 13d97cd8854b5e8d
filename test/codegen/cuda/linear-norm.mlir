// RUN: ingot-opt %s --fuse-cuda-linear-norm | FileCheck %s
// RUN: ingot-opt %s --fuse-cuda-linear-norm --assign-slots | FileCheck %s --check-prefix=SLOTS
// RUN: ingot-opt %s --fuse-cuda-linear-norm --print-cuda-stubs=arch=sm_90a -o /dev/null | FileCheck %s --check-prefix=STUB
// RUN: ingot-opt %s --fuse-cuda-linear-norm --print-cuda-stubs -o /dev/null | FileCheck %s --check-prefix=SM80

module {
  // SLOTS: plan.program @main
  plan.program @main target "cuda" symbols [#tfm.symbol<"rows", 0, -1, 0, 0>]
      inputs [{name = "x", type = tensor<?x768xbf16, #tfm.dims<rows, 768>>}]
      outputs [{name = "y", type = tensor<?x768xf32, #tfm.dims<rows, 768>>}] {
    %x = plan.buffer input 0 size <1536*rows>
    %out = plan.buffer output 0 size <3072*rows>
    // What is read while the result is written lies elsewhere.
    // SLOTS:      plan.buffer scratch 0 size <1536*rows>
    // SLOTS-NEXT: plan.buffer scratch 3 size <3072*rows>
    // SLOTS-NEXT: plan.buffer scratch 1 size <3072*rows>
    // SLOTS-NEXT: plan.buffer scratch 2 size <1536*rows>
    %a = plan.buffer scratch -1 size <1536*rows>
    %sum = plan.buffer scratch -1 size <3072*rows>
    %y = plan.buffer scratch -1 size <3072*rows>
    %copy = plan.buffer scratch -1 size <1536*rows>
    %s1 = plan.buffer scratch -1 size <3072*rows>
    %s2 = plan.buffer scratch -1 size <3072*rows>
    %s3 = plan.buffer scratch -1 size <393216>
    %s4 = plan.buffer scratch -1 size <11796480>
    %w = plan.buffer model 0 size <1179648>
    %b = plan.buffer model 1 size <3072>
    plan.launch @narrow grid <768*rows> (%a, %x) offsets <0, 0> scalars <768*rows> flops <0> bytes <0> sources []
    // The sum is the norm's alone.
    // CHECK: plan.launch @product_layer_norm grid <4*((rows + 127) floordiv 128)> (%[[Y:.*]], %[[COPY:.*]], %[[A:.*]], %[[W:.*]], %[[B:.*]], %[[B]], %[[B]]) offsets <0, 0, 0, 0, 0, 0, 0> scalars <rows, rows> flops <11*rows> bytes <3*rows> sources ["MatMul", "Norm"]
    // CHECK-NEXT: plan.launch @product grid <12>
    // CHECK-NEXT: plan.launch @layer grid <rows>
    plan.launch @product grid <12> (%sum, %a, %w, %b) offsets <0, 0, 0, 0> scalars <rows> flops <10*rows> bytes <5000*rows> sources ["MatMul"]
    plan.launch @layer grid <rows> (%y, %copy, %sum, %b, %b) offsets <0, 0, 0, 0, 0> scalars <rows> flops <rows> bytes <1147*rows> sources ["Norm"]
    // The norm adds a residual and keeps what comes out.
    // CHECK: plan.launch @product_rms_norm grid <4*((rows + 127) floordiv 128)> (%{{.*}}, %{{.*}}, %[[COPY]], %[[W]], %[[B]], %[[Y]], %[[B]]) offsets <0, 0, 0, 0, 0, 0, 0>
    // CHECK-NEXT: plan.launch @product grid
    // CHECK-NEXT: plan.launch @rms grid
    // CHECK-NOT: product_rms
    %z = plan.buffer scratch -1 size <3072*rows>
    %kept = plan.buffer scratch -1 size <3072*rows>
    %half = plan.buffer scratch -1 size <1536*rows>
    plan.launch @product grid <12> (%z, %copy, %w, %b) offsets <0, 0, 0, 0> scalars <rows> flops <0> bytes <0> sources []
    plan.launch @rms grid <rows> (%half, %kept, %z, %y, %b) offsets <0, 0, 0, 0, 0> scalars <rows> flops <0> bytes <0> sources []
    // A caller's memory may lie anywhere.
    plan.launch @product grid <12> (%s1, %half, %w, %b) offsets <0, 0, 0, 0> scalars <rows> flops <0> bytes <0> sources []
    plan.launch @last grid <rows> (%out, %s1) offsets <0, 0> scalars <rows> flops <0> bytes <0> sources []
    // Nor other rows, few rows, a result in 16 bits, one in 8 of the norm, or a norm of something else.
    %s5 = plan.buffer scratch -1 size <3072*rows>
    %bytes = plan.buffer scratch -1 size <768*rows>
    plan.launch @product grid <12> (%s5, %half, %w, %b) offsets <0, 0, 0, 0> scalars <rows> flops <0> bytes <0> sources []
    plan.launch @rms_f8 grid <rows> (%bytes, %s5) offsets <0, 0> scalars <rows> flops <0> bytes <0> sources []
    plan.launch @product grid <12> (%s2, %half, %w, %b) offsets <0, 0, 0, 0> scalars <rows> flops <0> bytes <0> sources []
    plan.launch @layer grid <rows> (%y, %copy, %s2, %b, %b) offsets <0, 0, 0, 0, 0> scalars <2*rows> flops <0> bytes <0> sources []
    plan.launch @product_m128 grid <12> (%s3, %half, %w) offsets <0, 0, 0> scalars <> flops <0> bytes <0> sources []
    plan.launch @layer_m128 grid <128> (%y, %s3) offsets <0, 0> scalars <> flops <0> bytes <0> sources []
    plan.launch @product_half grid <12> (%copy, %half, %w) offsets <0, 0, 0> scalars <rows> flops <0> bytes <0> sources []
    plan.launch @layer grid <rows> (%y, %half, %s1, %b, %b) offsets <0, 0, 0, 0, 0> scalars <rows> flops <0> bytes <0> sources []
    // Rows that are a number: it is taken or not. Others read the sum.
    // CHECK: plan.launch @product_m3840_layer_norm grid <120> (%[[Y]], %[[SUM:.*]], %[[HALF:.*]], %[[W]]) offsets <0, 0, 0, 0> scalars <>
    // CHECK-NEXT: plan.launch @product_m3840 grid <12> (%[[SUM]], %[[HALF]], %[[W]])
    plan.launch @product_m3840 grid <12> (%s4, %half, %w) offsets <0, 0, 0> scalars <> flops <0> bytes <0> sources []
    plan.launch @layer_m3840 grid <3840> (%y, %s4) offsets <0, 0> scalars <> flops <0> bytes <0> sources []
    plan.launch @last grid <rows> (%out, %s4) offsets <0, 0> scalars <rows> flops <0> bytes <0> sources []
    plan.launch @last grid <rows> (%out, %y) offsets <0, 0> scalars <rows> flops <0> bytes <0> sources []
  }

  plan.kernel map @narrow outs [bf16] ins [bf16] scalars 1 params {extents = array<i64: -1>, chunk = 1} {
  ^bb0(%i: i64, %x: tensor<?xbf16>, %n: i64):
    %0 = tfm.load %x[%i] : tensor<?xbf16> -> bf16
    tfm.yield %0 : bf16
  }
  plan.kernel linear @product outs [f32] ins [bf16, bf16, f32] scalars 1 params {m = -1, n = 768, k = 768, lda = 768, rows = 64, panels = 1} {
  ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>, %b: tensor<?xf32>, %M: i64):
    %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
    %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
    tfm.yield %1 : f32
  }
  // CHECK: plan.kernel linear_norm @product_layer_norm outs [f32, bf16] ins [bf16, bf16, f32, f32, f32] scalars 2 params {columns = 192 : i64, copy, epsilon = 1.000000e-05 : f64, k = 768 : i64, kind = "layer", lda = 768 : i64, m = -1 : i64, n = 768 : i64, taken = array<i64: {{[0-9, ]+}}>} {
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %{{.*}}: i64, %[[N:.*]]: i64, %{{.*}}: tensor<?xbf16>, %{{.*}}: tensor<?xbf16>, %[[BIAS:.*]]: tensor<?xf32>, %{{.*}}: tensor<?xf32>, %{{.*}}: tensor<?xf32>, %{{.*}}: i64, %{{.*}}: i64):
  // CHECK-NEXT:   %[[B:.*]] = tfm.load %[[BIAS]][%[[N]]]
  // CHECK-NEXT:   %[[S:.*]] = tfm.apply add(%[[ACC]], %[[B]])
  // CHECK-NEXT:   tfm.yield %[[S]] : f32
  // CHECK:      ^bb0(%[[X:.*]]: f32, %{{.*}}: i64, %[[N:.*]]: i64, %{{.*}}: tensor<?xbf16>, %{{.*}}: tensor<?xbf16>, %{{.*}}: tensor<?xf32>, %[[SCALE:.*]]: tensor<?xf32>, %[[SHIFT:.*]]: tensor<?xf32>, %{{.*}}: i64, %{{.*}}: i64):
  // CHECK-NEXT:   tfm.load %[[SCALE]][%[[N]]]
  // STUB-LABEL: // product_layer_norm: 384 threads, 217296 bytes of shared memory
  // STUB-NEXT:  #include "linear_norm90.cuh"
  // STUB:       struct Body {
  // STUB:         DEV Lanes<float, 2> lanes_apply(
  // STUB:       struct End {
  // STUB:         DEV Lanes<float, 2> lanes_apply(
  // STUB:       KERNEL_CLUSTER(384, 1, 4) product_layer_norm(float *out0, bf16 *out1, const bf16 *in0, const bf16 *in1, const float *in2, const float *in3, const float *in4, i64 s0, i64 s1, GRID_CONST TensorMap map0, GRID_CONST TensorMap map1, GRID_CONST TensorMap map2, KernelStatus *status, i64 step) {
  // STUB-NEXT:    grid_launch_next();
  // STUB-NEXT:    Body body{in0, in1, in2, in3, in4, s0, s1, status, step};
  // STUB-NEXT:    End end{in0, in1, in2, in3, in4, s0, s1, status, step};
  // STUB-NEXT:    using Config = LinearNorm90Config<bf16, 192, 4, true>;
  // STUB-NEXT:    linear_norm90<Config, true>({&map0, &map1, &map2}, s0, 768, 768, out0, (float *)nullptr, out1, {{.*}}, body, end);
  // STUB-LABEL: // product_rms_norm: 384 threads
  // STUB:         linear_norm90<Config, false>({&map0, &map1, &map2}, s0, 768, 768, out0, out1, (bf16 *)nullptr, {{.*}}, body, end);
  // SM80-NOT: linear_norm90
  plan.kernel norm @layer outs [f32, bf16] ins [f32, f32, f32] scalars 1 params {extents = array<i64: -1, 768>, kind = "layer", epsilon = 1.0e-5, copy, chunk = 1} {
  ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %s: tensor<?xf32>, %t: tensor<?xf32>, %M: i64):
    %columns = arith.constant 768 : i64
    %0 = tfm.apply mul(%i, %columns) : (i64, i64) -> i64
    %1 = tfm.apply add(%j, %0) : (i64, i64) -> i64
    %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
    tfm.yield %2 : f32
  }, {
  ^bb0(%x: f32, %i: i64, %j: i64, %in: tensor<?xf32>, %s: tensor<?xf32>, %t: tensor<?xf32>, %M: i64):
    %0 = tfm.load %s[%j] : tensor<?xf32> -> f32
    %1 = tfm.apply mul(%x, %0) : (f32, f32) -> f32
    %2 = tfm.load %t[%j] : tensor<?xf32> -> f32
    %3 = tfm.apply add(%1, %2) : (f32, f32) -> f32
    tfm.yield %3 : f32
  }
  // A residual that the norm adds, and the sum that it keeps.
  // CHECK: plan.kernel linear_norm @product_rms_norm outs [bf16, f32] ins [bf16, bf16, f32, f32, f32]
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %{{.*}}: i64, %[[N:.*]]: i64, %{{.*}}: tensor<?xbf16>, %{{.*}}: tensor<?xbf16>, %[[BIAS:.*]]: tensor<?xf32>, %[[RESIDUAL:.*]]: tensor<?xf32>, %{{.*}}: tensor<?xf32>,
  // CHECK:        %[[SUM:.*]] = tfm.apply add(%[[ACC]],
  // CHECK:        %[[R:.*]] = tfm.load %[[RESIDUAL]]
  // CHECK-NEXT:   %[[X:.*]] = tfm.apply add(%[[R]], %[[SUM]])
  // CHECK-NEXT:   tfm.yield %[[X]] : f32
  plan.kernel norm @rms outs [bf16, f32] ins [f32, f32, f32] scalars 1 params {extents = array<i64: -1, 768>, kind = "rms", epsilon = 1.0e-5, chunk = 1} {
  ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %s: tensor<?xf32>, %M: i64):
    %columns = arith.constant 768 : i64
    %0 = tfm.apply mul(%i, %columns) : (i64, i64) -> i64
    %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
    %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
    %3 = tfm.load %r[%1] : tensor<?xf32> -> f32
    %4 = tfm.apply add(%3, %2) : (f32, f32) -> f32
    tfm.yield %4 : f32
  }, {
  ^bb0(%x: f32, %i: i64, %j: i64, %in: tensor<?xf32>, %r: tensor<?xf32>, %s: tensor<?xf32>, %M: i64):
    %0 = tfm.load %s[%j] : tensor<?xf32> -> f32
    %1 = tfm.apply mul(%x, %0) : (f32, f32) -> f32
    %2 = tfm.convert %1 : f32 to bf16
    tfm.yield %2 : bf16
  }
  plan.kernel norm @last outs [f32] ins [f32] scalars 1 params {extents = array<i64: -1, 768>, kind = "layer", epsilon = 1.0e-5, chunk = 1} {
  ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %M: i64):
    %columns = arith.constant 768 : i64
    %0 = tfm.apply mul(%i, %columns) : (i64, i64) -> i64
    %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
    %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
    tfm.yield %2 : f32
  }, {
  ^bb0(%x: f32, %i: i64, %j: i64, %in: tensor<?xf32>, %M: i64):
    tfm.yield %x : f32
  }
  plan.kernel linear @product_half outs [bf16] ins [bf16, bf16] scalars 1 params {m = -1, n = 768, k = 768, lda = 768, rows = 64, panels = 1} {
  ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>, %M: i64):
    %0 = tfm.convert %acc : f32 to bf16
    tfm.yield %0 : bf16
  }
  plan.kernel linear @product_m128 outs [f32] ins [bf16, bf16] scalars 0 params {m = 128, n = 768, k = 768, lda = 768, rows = 64, panels = 1} {
  ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
    tfm.yield %acc : f32
  }
  plan.kernel linear @product_m3840 outs [f32] ins [bf16, bf16] scalars 0 params {m = 3840, n = 768, k = 768, lda = 768, rows = 64, panels = 1} {
  ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
    tfm.yield %acc : f32
  }
  plan.kernel norm @layer_m128 outs [f32] ins [f32] scalars 0 params {extents = array<i64: 128, 768>, kind = "layer", epsilon = 1.0e-5, chunk = 1} {
  ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>):
    %columns = arith.constant 768 : i64
    %0 = tfm.apply mul(%i, %columns) : (i64, i64) -> i64
    %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
    %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
    tfm.yield %2 : f32
  }, {
  ^bb0(%x: f32, %i: i64, %j: i64, %in: tensor<?xf32>):
    tfm.yield %x : f32
  }
  plan.kernel norm @layer_m3840 outs [f32] ins [f32] scalars 0 params {extents = array<i64: 3840, 768>, kind = "layer", epsilon = 1.0e-5, chunk = 1} {
  ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>):
    %columns = arith.constant 768 : i64
    %0 = tfm.apply mul(%i, %columns) : (i64, i64) -> i64
    %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
    %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
    tfm.yield %2 : f32
  }, {
  ^bb0(%x: f32, %i: i64, %j: i64, %in: tensor<?xf32>):
    tfm.yield %x : f32
  }
  plan.kernel norm @rms_f8 outs [f8E4M3FN] ins [f32] scalars 1 params {extents = array<i64: -1, 768>, kind = "rms", epsilon = 1.0e-5, chunk = 1} {
  ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %M: i64):
    %columns = arith.constant 768 : i64
    %0 = tfm.apply mul(%i, %columns) : (i64, i64) -> i64
    %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
    %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
    tfm.yield %2 : f32
  }, {
  ^bb0(%v: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %M: i64):
    %0 = tfm.convert %v : f32 to f8E4M3FN
    tfm.yield %0 : f8E4M3FN
  }
}
