// RUN: ingot-opt %s --lower-to-plan --split-input-file | FileCheck %s

// Query, key and value are columns of one projection, the heads side by side:
// attention reads all three where they lie.
// CHECK-LABEL: @packed
// CHECK: %[[X:.*]] = plan.buffer input 0
// CHECK: plan.launch @attention_f32_d4 {{.*}} (%{{.*}}, %[[X]], %[[X]], %[[X]]) offsets <0, 0, 32, 64>
// CHECK-NOT: plan.launch
// CHECK: plan.kernel attention
// CHECK-SAME: k_strides = array<i64: -{{[0-9]+}}, 24, 4>
func.func @packed(%x: tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>> {tfm.name = "x"}) -> (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, -1, 0, 1>]} {
  %q = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %four = arith.constant 4 : i64
    %0 = tfm.apply mul(%h, %four) : (i64, i64) -> i64
    %1 = tfm.apply add(%0, %d) : (i64, i64) -> i64
    %v = tfm.load %x[%b, %s, %1] : tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>> -> f32
    tfm.yield %v : f32
  } : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
  %k = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %four = arith.constant 4 : i64
    %eight = arith.constant 8 : i64
    %0 = tfm.apply mul(%h, %four) : (i64, i64) -> i64
    %1 = tfm.apply add(%0, %d) : (i64, i64) -> i64
    %2 = tfm.apply add(%1, %eight) : (i64, i64) -> i64
    %v = tfm.load %x[%b, %s, %2] : tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>> -> f32
    tfm.yield %v : f32
  } : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
  %v = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %four = arith.constant 4 : i64
    %sixteen = arith.constant 16 : i64
    %0 = tfm.apply mul(%h, %four) : (i64, i64) -> i64
    %1 = tfm.apply add(%0, %d) : (i64, i64) -> i64
    %2 = tfm.apply add(%1, %sixteen) : (i64, i64) -> i64
    %v = tfm.load %x[%b, %s, %2] : tensor<?x?x24xf32, #tfm.dims<batch, sequence, 24>> -> f32
    tfm.yield %v : f32
  } : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
  %y = tfm.attention %q, %k, %v scale 0.5 terms [] empty_rows scores : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
  return %y : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
}

// -----

// The caches and a query whatever they are: as they lie, a query that is
// computed and keys whose heads are not contiguous are copied first.
// CHECK-LABEL: @any_operand
// CHECK: plan.launch @map_f32_exp
// CHECK: plan.launch @map_f32_gather
// CHECK: plan.launch @attention_f32_d4
// CHECK-NOT: plan.launch
func.func @any_operand(%a: tensor<2x3x2x4xf32> {tfm.name = "a"}, %c: tensor<2x3x4x2xf32> {tfm.name = "c"}) -> (tensor<2x3x2x4xf32> {tfm.name = "y"}) {
  %v = tfm.constant dense<0.5> : tensor<2x3x2x4xf32>
  %q = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %0 = tfm.load %a[%b, %s, %h, %d] : tensor<2x3x2x4xf32> -> f32
    %1 = tfm.apply exp(%0) : (f32) -> f32
    tfm.yield %1 : f32
  } : tensor<2x3x2x4xf32>
  %k = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %0 = tfm.load %c[%b, %s, %d, %h] : tensor<2x3x4x2xf32> -> f32
    tfm.yield %0 : f32
  } : tensor<2x3x2x4xf32>
  %y = tfm.attention %q, %k, %v scale 0.5 terms [] empty_rows scores : (tensor<2x3x2x4xf32>, tensor<2x3x2x4xf32>, tensor<2x3x2x4xf32>) -> tensor<2x3x2x4xf32>
  return %y : tensor<2x3x2x4xf32>
}

// -----

// The first row of each batch is a matrix with a longer row stride; a matrix
// turned by 90 degrees is none and is copied.
// CHECK-LABEL: @rows
// CHECK: plan.launch @map_f32_gather
// CHECK: plan.launch @linear_f32_k8_n8 grid <1, (batch + 31) floordiv 32> {{.*}} scalars <batch, 8*sequence>
// CHECK: plan.launch @linear_f32_k8_n8
// CHECK-NOT: plan.launch
module {
  tfm.weight @w : tensor<8x8xf32> file "m.onnx" offset 0 length 256
  func.func @rows(%x: tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> {tfm.name = "x"}, %z: tensor<8x5xf32> {tfm.name = "z"}) -> (tensor<?x8xf32, #tfm.dims<batch, 8>> {tfm.name = "y"}, tensor<5x8xf32> {tfm.name = "t"}) attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 1, -1, 0, 1>]} {
    %w = tfm.get_weight @w : tensor<8x8xf32>
    %first = tfm.fused {
    ^bb0(%b: i64, %c: i64):
      %zero = arith.constant 0 : i64
      %v = tfm.load %x[%b, %zero, %c] : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> -> f32
      tfm.yield %v : f32
    } : tensor<?x8xf32, #tfm.dims<batch, 8>>
    %turned = tfm.fused {
    ^bb0(%i: i64, %j: i64):
      %v = tfm.load %z[%j, %i] : tensor<8x5xf32> -> f32
      tfm.yield %v : f32
    } : tensor<5x8xf32>
    %y = tfm.linear %first, %w : (tensor<?x8xf32, #tfm.dims<batch, 8>>, tensor<8x8xf32>) -> tensor<?x8xf32, #tfm.dims<batch, 8>>
    %t = tfm.linear %turned, %w : (tensor<5x8xf32>, tensor<8x8xf32>) -> tensor<5x8xf32>
    return %y, %t : tensor<?x8xf32, #tfm.dims<batch, 8>>, tensor<5x8xf32>
  }
}

// -----

// A table look-up that only the norm reads is a part of the norm; what is dear
// and read twice, or returned, is memory.
// CHECK-LABEL: @prologues
// CHECK: plan.launch @layer_norm_f32_c8
// CHECK: plan.launch @map_f32_exp
// CHECK: plan.launch @softmax_f32
// CHECK: plan.launch @reduce_sum_f32
// CHECK: plan.launch @map_f32_neg
// CHECK: plan.launch @reduce_max_f32
// CHECK-NOT: plan.launch
func.func @prologues(%ids: tensor<5xi64> {tfm.name = "ids"}, %table: tensor<100x8xf32> {tfm.name = "table"}) -> (tensor<5x8xf32> {tfm.name = "n"}, tensor<5x8xf32> {tfm.name = "p"}, tensor<5xf32> {tfm.name = "s"}, tensor<5x8xf32> {tfm.name = "r"}, tensor<5xf32> {tfm.name = "m"}) {
  %rows = tfm.fused {
  ^bb0(%i: i64, %j: i64):
    %id = tfm.load %ids[%i] : tensor<5xi64> -> i64
    %extent = arith.constant 100 : i64
    %at = tfm.check_index %id, %extent
    %v = tfm.load %table[%at, %j] : tensor<100x8xf32> -> f32
    tfm.yield %v : f32
  } : tensor<5x8xf32>
  %n = tfm.norm layer %rows axis 1 epsilon 1.0e-5 : (tensor<5x8xf32>) -> tensor<5x8xf32>
  %dear = tfm.fused {
  ^bb0(%i: i64, %j: i64):
    %0 = tfm.load %n[%i, %j] : tensor<5x8xf32> -> f32
    %1 = tfm.apply exp(%0) : (f32) -> f32
    tfm.yield %1 : f32
  } : tensor<5x8xf32>
  %p = tfm.softmax %dear axis 1 : tensor<5x8xf32>
  %s = tfm.reduce sum %dear axes [1] : tensor<5x8xf32> -> tensor<5xf32>
  %returned = tfm.fused {
  ^bb0(%i: i64, %j: i64):
    %0 = tfm.load %p[%i, %j] : tensor<5x8xf32> -> f32
    %1 = tfm.apply neg(%0) : (f32) -> f32
    tfm.yield %1 : f32
  } : tensor<5x8xf32>
  %m = tfm.reduce max %returned axes [1] : tensor<5x8xf32> -> tensor<5xf32>
  return %n, %p, %s, %returned, %m : tensor<5x8xf32>, tensor<5x8xf32>, tensor<5xf32>, tensor<5x8xf32>, tensor<5xf32>
}

// -----

// What only goes on with one op's result, element for element, is a part of
// that op's kernel; one that also reads another element of it is not.
// CHECK-LABEL: @epilogues
// CHECK: plan.launch @rms_norm_f32_c8
// CHECK: plan.launch @matmul_f32
// CHECK: plan.launch @softmax_f32
// CHECK: plan.launch @linear_f32_k8_n8 {{.*}} (%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
// CHECK: plan.launch @reduce_sum_f32
// CHECK: plan.launch @map_f32_add
// CHECK-NOT: plan.launch
module {
  tfm.weight @w : tensor<8x8xf32> file "m.onnx" offset 0 length 256
  tfm.weight @positions : tensor<5x8xf32> file "m.onnx" offset 256 length 160
  func.func @epilogues(%x: tensor<2x5x8xf32> {tfm.name = "x"}, %z: tensor<2x8x5xf32> {tfm.name = "z"}) -> (tensor<2x5x8xf32> {tfm.name = "n"}, tensor<2x5x5xf32> {tfm.name = "m"}, tensor<2x5x8xf32> {tfm.name = "s"}, tensor<2x5x8xf32> {tfm.name = "l"}, tensor<2x5xf32> {tfm.name = "r"}) {
    %w = tfm.get_weight @w : tensor<8x8xf32>
    %positions = tfm.get_weight @positions : tensor<5x8xf32>
    %norm = tfm.norm rms %x axis 2 epsilon 1.0e-5 : (tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
    %n = tfm.fused {
    ^bb0(%b: i64, %i: i64, %j: i64):
      %0 = tfm.load %norm[%b, %i, %j] : tensor<2x5x8xf32> -> f32
      %1 = tfm.load %positions[%i, %j] : tensor<5x8xf32> -> f32
      %2 = tfm.apply mul(%0, %1) : (f32, f32) -> f32
      tfm.yield %2 : f32
    } : tensor<2x5x8xf32>
    %product = tfm.matmul %x, %z : (tensor<2x5x8xf32>, tensor<2x8x5xf32>) -> tensor<2x5x5xf32>
    %m = tfm.fused {
    ^bb0(%b: i64, %i: i64, %j: i64):
      %0 = tfm.load %product[%b, %i, %j] : tensor<2x5x5xf32> -> f32
      %1 = tfm.apply tanh(%0) : (f32) -> f32
      tfm.yield %1 : f32
    } : tensor<2x5x5xf32>
    %softmax = tfm.softmax %x axis 2 : tensor<2x5x8xf32>
    %s = tfm.fused {
    ^bb0(%b: i64, %i: i64, %j: i64):
      %0 = tfm.load %softmax[%b, %i, %j] : tensor<2x5x8xf32> -> f32
      %1 = tfm.load %n[%b, %i, %j] : tensor<2x5x8xf32> -> f32
      %2 = tfm.apply mul(%0, %1) : (f32, f32) -> f32
      tfm.yield %2 : f32
    } : tensor<2x5x8xf32>
    %linear = tfm.linear %x, %w : (tensor<2x5x8xf32>, tensor<8x8xf32>) -> tensor<2x5x8xf32>
    %l = tfm.fused {
    ^bb0(%b: i64, %i: i64, %j: i64):
      %0 = tfm.load %linear[%b, %i, %j] : tensor<2x5x8xf32> -> f32
      %1 = tfm.load %positions[%i, %j] : tensor<5x8xf32> -> f32
      %2 = tfm.apply add(%0, %1) : (f32, f32) -> f32
      tfm.yield %2 : f32
    } : tensor<2x5x8xf32>
    %sum = tfm.reduce sum %x axes [2] : tensor<2x5x8xf32> -> tensor<2x5xf32>
    %r = tfm.fused {
    ^bb0(%b: i64, %i: i64):
      %zero = arith.constant 0 : i64
      %0 = tfm.load %sum[%b, %i] : tensor<2x5xf32> -> f32
      %1 = tfm.load %sum[%zero, %i] : tensor<2x5xf32> -> f32
      %2 = tfm.apply add(%0, %1) : (f32, f32) -> f32
      tfm.yield %2 : f32
    } : tensor<2x5xf32>
    return %n, %m, %s, %l, %r : tensor<2x5x8xf32>, tensor<2x5x5xf32>, tensor<2x5x8xf32>, tensor<2x5x8xf32>, tensor<2x5xf32>
  }
}

// -----

// An embedding that a norm reads first and the residual later: the norm stores
// what it computed.
// CHECK-LABEL: @stored_by_norm
// CHECK: plan.launch @layer_norm_f32_c8 grid <1> (%{{.*}}, %[[SUM:[0-9]+]], %{{.*}}, %{{.*}})
// CHECK: plan.launch @linear_f32_k8_n8_residual {{.*}}, %[[SUM]])
// CHECK-NOT: plan.launch
module {
  tfm.weight @w : tensor<8x8xf32> file "m.onnx" offset 0 length 256
  func.func @stored_by_norm(%x: tensor<5x8xf32> {tfm.name = "x"}, %y: tensor<5x8xf32> {tfm.name = "y"}) -> (tensor<5x8xf32> {tfm.name = "l"}) {
    %w = tfm.get_weight @w : tensor<8x8xf32>
    %sum = tfm.fused {
    ^bb0(%i: i64, %j: i64):
      %0 = tfm.load %x[%i, %j] : tensor<5x8xf32> -> f32
      %1 = tfm.load %y[%i, %j] : tensor<5x8xf32> -> f32
      %2 = tfm.apply add(%0, %1) : (f32, f32) -> f32
      tfm.yield %2 : f32
    } : tensor<5x8xf32>
    %n = tfm.norm layer %sum axis 1 epsilon 1.0e-5 : (tensor<5x8xf32>) -> tensor<5x8xf32>
    %l = tfm.linear %n, %w residual %sum : (tensor<5x8xf32>, tensor<8x8xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
    return %l : tensor<5x8xf32>
  }
}

// -----

// Others read the norm's sum behind what goes on with its result, and the first
// of the two before: then it has to be there.
// CHECK-LABEL: @kept_sum
// CHECK: plan.launch @layer_norm_f32_c8 grid <1> (%{{.*}}, %[[SUM:[0-9]+]], %{{.*}}, %{{.*}})
// CHECK-NEXT: plan.launch @linear_f32_k8_n8_residual {{.*}}, %[[SUM]])
// CHECK: plan.launch @layer_norm_f32_c8_1
// CHECK-NEXT: plan.launch @map_f32_abs
// CHECK-NEXT: plan.launch @map_f32_tanh
// CHECK-NOT: plan.launch
module {
  tfm.weight @w : tensor<8x8xf32> file "m.onnx" offset 0 length 256
  func.func @kept_sum(%x: tensor<5x8xf32> {tfm.name = "x"}, %y: tensor<5x8xf32> {tfm.name = "y"}) -> (tensor<5x8xf32> {tfm.name = "l"}, tensor<5x8xf32> {tfm.name = "m"}, tensor<5x8xf32> {tfm.name = "n"}) {
    %w = tfm.get_weight @w : tensor<8x8xf32>
    %n, %sum = tfm.norm layer %x residual %y axis 1 epsilon 1.0e-5 : (tensor<5x8xf32>, tensor<5x8xf32>) -> (tensor<5x8xf32>, tensor<5x8xf32>)
    %0 = tfm.fused {
    ^bb0(%i: i64, %j: i64):
      %2 = tfm.load %n[%i, %j] : tensor<5x8xf32> -> f32
      %3 = tfm.apply tanh(%2) : (f32) -> f32
      tfm.yield %3 : f32
    } : tensor<5x8xf32>
    %l = tfm.linear %0, %w residual %sum : (tensor<5x8xf32>, tensor<8x8xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
    %o, %other = tfm.norm layer %l residual %y axis 1 epsilon 1.0e-5 : (tensor<5x8xf32>, tensor<5x8xf32>) -> (tensor<5x8xf32>, tensor<5x8xf32>)
    %m = tfm.fused {
    ^bb0(%i: i64, %j: i64):
      %2 = tfm.load %other[%i, %j] : tensor<5x8xf32> -> f32
      %3 = tfm.apply abs(%2) : (f32) -> f32
      tfm.yield %3 : f32
    } : tensor<5x8xf32>
    %1 = tfm.fused {
    ^bb0(%i: i64, %j: i64):
      %2 = tfm.load %o[%i, %j] : tensor<5x8xf32> -> f32
      %3 = tfm.apply tanh(%2) : (f32) -> f32
      tfm.yield %3 : f32
    } : tensor<5x8xf32>
    return %l, %m, %1 : tensor<5x8xf32>, tensor<5x8xf32>, tensor<5x8xf32>
  }
}
