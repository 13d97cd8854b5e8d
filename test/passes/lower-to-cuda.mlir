// RUN: ingot-opt %s --lower-to-plan=targets=cuda,x86-64 --assign-slots | FileCheck %s
// RUN: ingot-opt %s --lower-to-plan=targets=cuda --assign-slots | FileCheck %s --check-prefix=ALONE
// RUN: not ingot-opt %s --lower-to-plan=targets=tpu 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: lower-to-plan knows the targets x86-64 and cuda

// The order of targets does not matter.
// CHECK: plan.program @main target "x86-64"
// CHECK: layout "panels48"
// CHECK-NOT: plan.buffer model

// Of GPUs every element or row is a task, in one dim; the weight is brought from
// the layout that it is stored in, once for both linears that read it.
// CHECK: plan.program @main_cuda entry "main" target "cuda"
// CHECK-DAG: %[[STORED:.*]] = plan.buffer weight 0 size <1536> weight @w layout "panels48"
// CHECK-DAG: %[[W:.*]] = plan.buffer model 0 size <768>
// CHECK-DAG: plan.buffer output 0
// CHECK-NOT: plan.buffer model
// CHECK: plan.launch @unpack_f32_k8_n24 grid <192> (%[[W]], %[[STORED]]) {{.*}} {init}
// CHECK-NEXT: plan.launch @[[GATHER:[a-z0-9_]*]] grid <8*batch*sequence>
// CHECK-NEXT: plan.launch @linear_f32_k8_n24{{[_0-9]*}} grid <max((batch*sequence + 63) floordiv 64, 2*min(1, batch*sequence))> ({{.*}}, %[[W]])
// CHECK-NEXT: plan.launch @linear_f32_k8_n24{{[_0-9]*}} grid {{.*}}, %[[W]])
// CHECK-NEXT: plan.launch @layer_norm_f32_c24{{[_0-9]*}} grid <batch*sequence>
// CHECK-NOT: plan.launch
// CHECK: plan.kernel map @[[GATHER]]
// CHECK-SAME: chunk = 1
// CHECK: plan.kernel map @unpack_f32_k8_n24 outs [f32] ins [f32] scalars 0 params {chunk = 1 : i64, extents = array<i64: 24, 8>}
// CHECK-NEXT: ^bb0(%[[N:.*]]: i64, %[[K:.*]]: i64, %{{.*}}: tensor<?xf32>):
// CHECK: tfm.load

// ALONE: plan.program @main target "cuda"
// ALONE: plan.buffer weight 0 size <768> weight @w layout "rows"
// ALONE-NOT: plan.buffer model
// ALONE-NOT: init
module {
  tfm.weight @w : tensor<8x24xf32> file "m" offset 0 length 768
  tfm.weight @t : tensor<10x8xf32> file "m" offset 768 length 320
  func.func @main(%ids: tensor<?x?xi64, #tfm.dims<batch, sequence>> {tfm.name = "ids"}, %z: tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> {tfm.name = "z"}) -> (tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>> {tfm.name = "y"}, tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>> {tfm.name = "u"}) attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    %t = tfm.get_weight @t : tensor<10x8xf32>
    %w = tfm.get_weight @w : tensor<8x24xf32>
    %0 = tfm.fused {
    ^bb0(%b: i64, %s: i64, %c: i64):
      %id = tfm.load %ids[%b, %s] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %rows = arith.constant 10 : i64
      %at = tfm.check_index %id, %rows
      %x = tfm.load %t[%at, %c] : tensor<10x8xf32> -> f32
      tfm.yield %x : f32
    } : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %1 = tfm.linear %0, %w : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>, tensor<8x24xf32>) -> tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>>
    %2 = tfm.linear %z, %w : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>, tensor<8x24xf32>) -> tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>>
    %3 = tfm.norm layer %1 axis 2 epsilon 1.0e-5 : (tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>>) -> tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>>
    return %3, %2 : tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>>, tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>>
  }
}
