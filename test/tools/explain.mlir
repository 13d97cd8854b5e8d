// RUN: ingot explain %s | FileCheck %s --strict-whitespace --match-full-lines
// RUN: ingot explain %s --json | FileCheck %s --check-prefix=JSON
// RUN: ingot compile %s --emit=canonical -o %t.mlir
// RUN: not ingot explain %t.mlir 2>&1 | FileCheck %s --check-prefix=STAGE

// Each kind of site, fused and not: names are the model's, reasons a pass's.

//      CHECK:  attention     0 of 1 fused
// CHECK-NEXT:  norm          1 of 3 fused, 1 without code: 1 layer
// CHECK-NEXT:  activation    1 of 2 fused: 1 gelu
// CHECK-NEXT:  product       1 of 2 fused: 1 in 1 linears
// CHECK-NEXT:  embedding     1 of 1 fused
// CHECK-NEXT:  chain         4
//CHECK-EMPTY:
// CHECK-NEXT:not fused
// CHECK-NEXT:  1 x norm: it divides by the length of a vector (an L2 norm), not by the root of a mean
// CHECK-NEXT:      length
// CHECK-NEXT:  1 x product: its attention is not fused: the probabilities are an output of the model
// CHECK-NEXT:      similarity
// CHECK-NEXT:  1 x activation: tanh by itself: around it is no GELU (of erf, tanh or sigmoid) and no SiLU
// CHECK-NEXT:      squash
// CHECK-NEXT:  1 x attention: the probabilities are an output of the model
// CHECK-NEXT:      choice
//CHECK-EMPTY:
// CHECK-NEXT:no code
// CHECK-NEXT:  1 x norm: the same as ln
// CHECK-NEXT:      ln_again
//CHECK-EMPTY:
// CHECK-NEXT:norm
// CHECK-NEXT:  1 x layer norm of 8, epsilon 1e-05, no scale
// CHECK-NEXT:      ln
//CHECK-EMPTY:
// CHECK-NEXT:linear
// CHECK-NEXT:  1 x 8 to 4, gelu
// CHECK-NEXT:      fc
//CHECK-EMPTY:
// CHECK-NEXT:activation
// CHECK-NEXT:  1 x gelu, in the linear in front of it
// CHECK-NEXT:      act
//CHECK-EMPTY:
// CHECK-NEXT:embedding
// CHECK-NEXT:  1 x table, in a chain
// CHECK-NEXT:      words
//CHECK-EMPTY:
// CHECK-NEXT:chain
// CHECK-NEXT:  2 x moves of 1 node
// CHECK-NEXT:      words
// CHECK-NEXT:      turn
// CHECK-NEXT:  2 x arithmetic of 1 node
// CHECK-NEXT:      unit
// CHECK-NEXT:      squash
//CHECK-EMPTY:
// CHECK-NEXT:as it is
// CHECK-NEXT:  1 x reduce l2
// CHECK-NEXT:      length
//CHECK-EMPTY:
// CHECK-NEXT:inputs of main
// CHECK-NEXT:  ids  i64[b, s]
//CHECK-EMPTY:
// CHECK-NEXT:symbols
// CHECK-NEXT:  b = dim 0 of ids, 0 or more
// CHECK-NEXT:  s = dim 1 of ids, 1 to 512
// CHECK-NEXT:  the names contradict the model
//CHECK-EMPTY:
// CHECK-NEXT:assumed, and checked when dims are bound
// CHECK-NEXT:  s <= 100
// CHECK-NEXT:      the position table

// JSON-DAG: "dropped_names": "the names contradict the model"
// JSON-DAG: "reason": "the same as ln"
// JSON-DAG: "unfused": 1

// STAGE: is at the canonical stage; explain counts sites of the model as imported

module attributes {tfm.dropped_names = "the names contradict the model"} {
  tfm.weight @table : tensor<100x8xf32> recipe {
    %0 = tfm.constant dense<0.5> : tensor<100x8xf32>
    tfm.yield %0 : tensor<100x8xf32>
  }
  tfm.weight @fc : tensor<8x4xf32> recipe {
    %0 = tfm.constant dense<0.5> : tensor<8x4xf32>
    tfm.yield %0 : tensor<8x4xf32>
  }
  func.func @main(%ids: tensor<?x?xi64, #tfm.dims<b, s>> {tfm.name = "ids"}) -> (tensor<?x?x?xf32, #tfm.dims<b, s, s>> {tfm.name = "y"}, tensor<?x?x8xf32, #tfm.dims<b, s, 8>> {tfm.name = "z"})
      attributes {tfm.symbols = [#tfm.symbol<"b", 0, -1, 0, 0>, #tfm.symbol<"s", 1, 512, 0, 1>]} {
    tfm.require le <s, 100> "the position table"
    %table = tfm.get_weight @table : tensor<100x8xf32>
    %w = tfm.get_weight @fc : tensor<8x4xf32>
    %x = tfm.gather %table, %ids axis 0 : (tensor<100x8xf32>, tensor<?x?xi64, #tfm.dims<b, s>>) -> tensor<?x?x8xf32, #tfm.dims<b, s, 8>> loc("words")
    %n0 = tfm.norm layer %x axis 2 epsilon 1.0e-5 : (tensor<?x?x8xf32, #tfm.dims<b, s, 8>>) -> tensor<?x?x8xf32, #tfm.dims<b, s, 8>> loc("ln")
    %n1 = tfm.norm layer %x axis 2 epsilon 1.0e-5 : (tensor<?x?x8xf32, #tfm.dims<b, s, 8>>) -> tensor<?x?x8xf32, #tfm.dims<b, s, 8>> loc("ln_again")
    %l = tfm.reduce l2 %n1 axes [2] keepdims : tensor<?x?x8xf32, #tfm.dims<b, s, 8>> -> tensor<?x?x1xf32, #tfm.dims<b, s, 1>> loc("length")
    %u = tfm.elementwise div(%n0, %l) : (tensor<?x?x8xf32, #tfm.dims<b, s, 8>>, tensor<?x?x1xf32, #tfm.dims<b, s, 1>>) -> tensor<?x?x8xf32, #tfm.dims<b, s, 8>> loc("unit")
    %h = tfm.matmul %n0, %w : (tensor<?x?x8xf32, #tfm.dims<b, s, 8>>, tensor<8x4xf32>) -> tensor<?x?x4xf32, #tfm.dims<b, s, 4>> loc("fc")
    %g = tfm.elementwise gelu(%h) : (tensor<?x?x4xf32, #tfm.dims<b, s, 4>>) -> tensor<?x?x4xf32, #tfm.dims<b, s, 4>> loc("act")
    %t = tfm.transpose %g perm [0, 2, 1] : tensor<?x?x4xf32, #tfm.dims<b, s, 4>> -> tensor<?x4x?xf32, #tfm.dims<b, 4, s>> loc("turn")
    %p = tfm.matmul %g, %t : (tensor<?x?x4xf32, #tfm.dims<b, s, 4>>, tensor<?x4x?xf32, #tfm.dims<b, 4, s>>) -> tensor<?x?x?xf32, #tfm.dims<b, s, s>> loc("similarity")
    %q = tfm.elementwise tanh(%p) : (tensor<?x?x?xf32, #tfm.dims<b, s, s>>) -> tensor<?x?x?xf32, #tfm.dims<b, s, s>> loc("squash")
    %y = tfm.softmax %q axis 2 : tensor<?x?x?xf32, #tfm.dims<b, s, s>> loc("choice")
    return %y, %u : tensor<?x?x?xf32, #tfm.dims<b, s, s>>, tensor<?x?x8xf32, #tfm.dims<b, s, 8>>
  }
}
