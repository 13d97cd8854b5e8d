// RUN: ingot-opt %s --split-input-file --pack-rows --canonicalize --cse -verify-diagnostics | FileCheck %s

// A block between an embedding and a head: where tokens are is found once, and
// all ops in between go over those that are there. Position and id are read
// where a row is from; the mask leaves the score, the bounds say it all.
// CHECK-LABEL: func.func @block
// CHECK-SAME:    #tfm.symbol<"kept_rows", 0, -1, 1, -2>]
// CHECK:         tfm.require le <batch*sequence, 2147483647> "rows of 'attention_mask' are packed"
// CHECK-NEXT:    %[[B:.*]]:2 = tfm.nonzero %arg1
// CHECK:         tfm.cumsum {{.*}} axis 0 exclusive : tensor<?xi64, #tfm.dims<batch*sequence>>
// CHECK:         %[[BEGIN:.*]] = tfm.fused
// CHECK:         %[[END:.*]] = tfm.fused
// CHECK:           tfm.symbol <kept_rows>
// CHECK:         %[[E:.*]] = tfm.fused {
// CHECK-NEXT:    ^bb0(%{{.*}}: i64, %[[R:.*]]: i64, %{{.*}}: i64):
// CHECK-DAG:       tfm.load %[[B]]#0[%[[R]]]
// CHECK-DAG:       tfm.load %[[B]]#1[%[[R]]]
// CHECK:         } : tensor<1x?x8xf32, #tfm.dims<1, kept_rows, 8>>
// CHECK:         %[[N:.*]] = tfm.norm layer %[[E]] {{.*}} -> tensor<1x?x8xf32, #tfm.dims<1, kept_rows, 8>>
// CHECK:         %[[Q:.*]] = tfm.reshape %[[N]] : {{.*}} -> tensor<1x?x2x4xf32, #tfm.dims<1, kept_rows, 2, 4>>
// CHECK:         %[[A:.*]] = tfm.attention %[[Q]], %[[Q]], %[[Q]] keys %[[BEGIN]] to %[[END]] scale 5.000000e-01 terms [] empty_rows mean {tfm.sequences = #tfm.dims<batch>} :
// CHECK:         %[[V:.*]] = tfm.reshape %[[A]]
// CHECK:         %[[L:.*]] = tfm.linear %[[V]], {{.*}} residual %[[N]] {{.*}} -> tensor<1x?x8xf32, #tfm.dims<1, kept_rows, 8>>
// CHECK:         %[[Y:.*]] = tfm.fused {
// CHECK:           %[[MASK:.*]] = tfm.load %arg1
// CHECK:           tfm.apply eq(%[[MASK]],
// CHECK:           tfm.load %[[L]]
// CHECK:         } : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
// CHECK:         return %[[Y]]
module {
  tfm.weight @w : tensor<8x8xf32> file "m.onnx" offset 0 length 256
  tfm.weight @table : tensor<512x8xf32> file "m.onnx" offset 256 length 16384
  func.func @block(%ids: tensor<?x?xi64, #tfm.dims<batch, sequence>> {tfm.name = "ids"}, %mask: tensor<?x?xi64, #tfm.dims<batch, sequence>> {tfm.name = "attention_mask"}) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    %w = tfm.get_weight @w : tensor<8x8xf32>
    %table = tfm.get_weight @table : tensor<512x8xf32>
    %0 = tfm.fused {
    ^bb0(%b: i64, %s: i64, %c: i64):
      %n = arith.constant 512 : i64
      %id = tfm.load %ids[%b, %s] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %at = tfm.check_index %id, %n
      %word = tfm.load %table[%at, %c] : tensor<512x8xf32> -> f32
      %position = tfm.load %table[%s, %c] : tensor<512x8xf32> -> f32
      %e = tfm.apply add(%word, %position) : (f32, f32) -> f32
      tfm.yield %e : f32
    } : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %1 = tfm.norm layer %0 axis 2 epsilon 1.0E-5 : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %2 = tfm.reshape %1 : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    %3 = tfm.attention %2, %2, %2 scale 0.5 terms ["key_valid"] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -3.40282347E+38 : f32
      %there = tfm.load %mask[%b, %j] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %add = tfm.choose %keep, %none, %fill : f32
      %m = tfm.apply add(%s, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    %4 = tfm.reshape %3 : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    %5 = tfm.linear %4, %w residual %1 : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>, tensor<8x8xf32>, tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
    return %5 : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  }
}

// -----

// Inputs are gathered. Tokens of a sequence are in order, so a causal mask
// compares rows; a window has to know how far apart they were. A value a key is
// read where the key is from.
// CHECK-LABEL: func.func @positions
// CHECK:         %[[B:.*]]:2 = tfm.nonzero
// CHECK:           tfm.load %arg0
// CHECK:         } : tensor<1x?x2x4xf32, #tfm.dims<1, kept_rows, 2, 4>>
// CHECK:         tfm.attention %[[X:[0-9]+]], %[[X]], %[[X]] keys {{.*}} terms ["causal"]
// CHECK-NEXT:    ^bb0(%{{.*}}: f32, %{{.*}}: i64, %{{.*}}: i64, %[[Q:.*]]: i64, %[[K:.*]]: i64):
// CHECK-NOT:       tfm.load
// CHECK:           tfm.apply mul(%[[K]],
// CHECK-NOT:       tfm.load
// CHECK:         tfm.attention
// CHECK-NEXT:    ^bb0(%{{.*}}: f32, %{{.*}}: i64, %{{.*}}: i64, %[[Q:.*]]: i64, %[[K:.*]]: i64):
// CHECK-DAG:       tfm.load %[[B]]#1[%[[Q]]]
// CHECK-DAG:       tfm.load %[[B]]#1[%[[K]]]
// CHECK:         tfm.attention
// CHECK-NEXT:    ^bb0(%{{.*}}: f32, %{{.*}}: i64, %{{.*}}: i64, %[[Q:.*]]: i64, %[[K:.*]]: i64):
// CHECK-DAG:       tfm.load %[[B]]#0[%[[K]]]
// CHECK-DAG:       tfm.load %[[B]]#1[%[[K]]]
// CHECK:           tfm.load %arg2
func.func @positions(%x: tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, %mask: tensor<?x?xi64, #tfm.dims<batch, sequence>>, %bias: tensor<?x?xf32, #tfm.dims<batch, sequence>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    %0 = tfm.attention %x, %x, %x scale 0.5 terms ["causal", "key_valid"] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -3.40282347E+38 : f32
      %there = tfm.load %mask[%b, %j] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %past = tfm.apply le(%j, %i) : (i64, i64) -> i1
      %all = tfm.apply and(%keep, %past) : (i1, i1) -> i1
      %add = tfm.choose %all, %none, %fill : f32
      %m = tfm.apply add(%s, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    %1 = tfm.attention %0, %0, %0 scale 0.5 terms ["key_valid"] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -3.40282347E+38 : f32
      %there = tfm.load %mask[%b, %j] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %four = arith.constant 4 : i64
      %last = tfm.apply add(%j, %four) : (i64, i64) -> i64
      %near = tfm.apply le(%i, %last) : (i64, i64) -> i1
      %all = tfm.apply and(%keep, %near) : (i1, i1) -> i1
      %add = tfm.choose %all, %none, %fill : f32
      %m = tfm.apply add(%s, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    %2 = tfm.attention %1, %1, %1 scale 0.5 terms ["key_valid"] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -3.40282347E+38 : f32
      %there = tfm.load %mask[%b, %j] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %key = tfm.load %bias[%b, %j] : tensor<?x?xf32, #tfm.dims<batch, sequence>> -> f32
      %biased = tfm.apply add(%s, %key) : (f32, f32) -> f32
      %add = tfm.choose %keep, %none, %fill : f32
      %m = tfm.apply add(%biased, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    return %2 : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
}

// -----

// What goes over all tokens stays: a masked sum reads through the mask, one
// token of each sequence is found by its row. A chain of inputs alone that such
// an op reads is computed for all tokens.
// CHECK-LABEL: func.func @pooled
// CHECK:         %[[A:.*]] = tfm.attention {{.*}} keys
// CHECK:         %[[F:.*]] = tfm.fused {
// CHECK:           tfm.load %arg1
// CHECK:         } : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
// CHECK:         %[[S:.*]] = tfm.fused
// CHECK:           tfm.load %[[A]]
// CHECK:         } : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
// CHECK:         tfm.reduce sum %[[S]] axes [1]
// CHECK:         tfm.reduce sum %[[F]] axes [1]
// CHECK:         tfm.fused
// CHECK:           tfm.load %[[A]]
// CHECK:         } : tensor<?x8xf32, #tfm.dims<batch, 8>>
func.func @pooled(%x: tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, %mask: tensor<?x?xi64, #tfm.dims<batch, sequence>>) -> (tensor<?x2x4xf32, #tfm.dims<batch, 2, 4>>, tensor<?x2x4xf32, #tfm.dims<batch, 2, 4>>, tensor<?x8xf32, #tfm.dims<batch, 8>>) attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    %0 = tfm.attention %x, %x, %x scale 0.5 terms ["key_valid"] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -3.40282347E+38 : f32
      %there = tfm.load %mask[%b, %j] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %add = tfm.choose %keep, %none, %fill : f32
      %m = tfm.apply add(%s, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    %1 = tfm.fused {
    ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
      %there = tfm.load %mask[%b, %s] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %f = tfm.convert %there : i64 to f32
      tfm.yield %f : f32
    } : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    %2 = tfm.fused {
    ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
      %v = tfm.load %0[%b, %s, %h, %d] : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> f32
      %f = tfm.load %1[%b, %s, %h, %d] : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> f32
      %p = tfm.apply mul(%v, %f) : (f32, f32) -> f32
      tfm.yield %p : f32
    } : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    %3 = tfm.reduce sum %2 axes [1] : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> tensor<?x2x4xf32, #tfm.dims<batch, 2, 4>>
    %4 = tfm.reduce sum %1 axes [1] : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> tensor<?x2x4xf32, #tfm.dims<batch, 2, 4>>
    %5 = tfm.fused {
    ^bb0(%b: i64, %c: i64):
      %first = arith.constant 0 : i64
      %four = arith.constant 4 : i64
      %h = tfm.apply floordiv(%c, %four) : (i64, i64) -> i64
      %d = tfm.apply mod(%c, %four) : (i64, i64) -> i64
      %v = tfm.load %0[%b, %first, %h, %d] : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> f32
      tfm.yield %v : f32
    } : tensor<?x8xf32, #tfm.dims<batch, 8>>
    return %3, %4, %5 : tensor<?x2x4xf32, #tfm.dims<batch, 2, 4>>, tensor<?x2x4xf32, #tfm.dims<batch, 2, 4>>, tensor<?x8xf32, #tfm.dims<batch, 8>>
}

// -----

// As torch has it: the mask is of padding.
// CHECK-LABEL: func.func @padding
// CHECK:         %[[THERE:.*]] = tfm.fused
// CHECK:           tfm.load %arg1
// CHECK:           tfm.apply not
// CHECK:         tfm.nonzero %[[THERE]] : (tensor<?x?xi1, #tfm.dims<batch, sequence>>) -> (tensor<?xi64, #tfm.dims<batch*sequence - padding_rows>>,
// CHECK:         tfm.attention {{.*}} terms []
func.func @padding(%x: tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, %padding: tensor<?x?xi1, #tfm.dims<batch, sequence>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    %0 = tfm.attention %x, %x, %x scale 0.5 terms ["key_valid"] empty_rows nan score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %inf = arith.constant 0xFF800000 : f32
      %gone = tfm.load %padding[%b, %j] : tensor<?x?xi1, #tfm.dims<batch, sequence>> -> i1
      %m = tfm.choose %gone, %inf, %s : f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    return %0 : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
}

// -----

// A mean that does not look at the mask is not the model's any more.
// CHECK-LABEL: func.func @mean
func.func @mean(%x: tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, %mask: tensor<?x?xi64, #tfm.dims<batch, sequence>>) -> tensor<?x2x4xf32, #tfm.dims<batch, 2, 4>> attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"sequence", 0, 512, 0, 1>]} {
    %0 = tfm.attention %x, %x, %x scale 0.5 terms ["key_valid"] empty_rows mean score_mod {
    ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
      %zero = arith.constant 0 : i64
      %none = arith.constant 0.0 : f32
      %fill = arith.constant -3.40282347E+38 : f32
      %there = tfm.load %mask[%b, %j] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %keep = tfm.apply ne(%there, %zero) : (i64, i64) -> i1
      %add = tfm.choose %keep, %none, %fill : f32
      %m = tfm.apply add(%s, %add) : (f32, f32) -> f32
      tfm.yield %m : f32
    } : (tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>, tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>) -> tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>>
    // expected-warning@+1 {{goes over padding too, whose tokens are 0 for it: its result is not what the model computes}}
    %1 = tfm.reduce mean %0 axes [1] : tensor<?x?x2x4xf32, #tfm.dims<batch, sequence, 2, 4>> -> tensor<?x2x4xf32, #tfm.dims<batch, 2, 4>>
    return %1 : tensor<?x2x4xf32, #tfm.dims<batch, 2, 4>>
}
