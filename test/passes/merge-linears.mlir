// RUN: ingot-opt %s --merge-linears | FileCheck %s

tfm.weight @q : tensor<4x8xf32> file "m" offset 0 length 128
tfm.weight @k : tensor<4x2xf32> file "m" offset 128 length 32
tfm.weight @v : tensor<4x2xf32> file "m" offset 160 length 32
tfm.weight @bias : tensor<8xf32> file "m" offset 192 length 32
tfm.weight @bias3 : tensor<1x1x8xf32> file "m" offset 192 length 32
tfm.weight @vt : tensor<4x2xf32> recipe {
  %0 = tfm.get_weight @v : tensor<4x2xf32>
  %1 = tfm.elementwise neg(%0) : (tensor<4x2xf32>) -> tensor<4x2xf32>
  tfm.yield %1 : tensor<4x2xf32>
}

// CHECK: tfm.weight @constant.concat : tensor<12xf32> recipe {
// CHECK-NEXT: %[[B0:.*]] = tfm.constant dense<1.000000e+00> : tensor<8xf32>
// CHECK-NEXT: %[[B1:.*]] = tfm.constant dense<2.000000e+00> : tensor<2xf32>
// CHECK-NEXT: tfm.concat %[[B0]], %[[B1]], %[[B1]] axis 0
// CHECK: tfm.weight @q.concat : tensor<4x12xf32> recipe {
// CHECK-NEXT: %[[Q:.*]] = tfm.get_weight @q
// CHECK-NEXT: %[[K:.*]] = tfm.get_weight @k
// CHECK-NEXT: %[[V:.*]] = tfm.get_weight @vt
// CHECK-NEXT: tfm.concat %[[Q]], %[[K]], %[[V]] axis 1

// Query, key and value of different widths, one of them a recipe, and dynamic
// dims. The biases of key and value are one constant.
// CHECK-LABEL: func.func @qkv
// CHECK: %[[ALL:.*]] = tfm.linear %arg0, %{{.*}} bias %{{.*}} -> tensor<?x?x12xf32, #tfm.dims<batch, sequence, 12>>
// CHECK-NEXT: %[[Q:.*]] = tfm.slice %[[ALL]] starts <0, 0, 0> steps [1, 1, 1]
// CHECK-NOT: tfm.linear
// CHECK: %[[K:.*]] = tfm.slice %[[ALL]] starts <0, 0, 8>
// CHECK: %[[V:.*]] = tfm.slice %[[ALL]] starts <0, 0, 10>
// CHECK: tfm.elementwise add(%[[K]], %[[V]])
func.func @qkv(%x: tensor<?x?x4xf32, #tfm.dims<batch, sequence, 4>>) -> (tensor<?x?x2xf32, #tfm.dims<batch, sequence, 2>>, tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) {
  %bq = tfm.constant dense<1.0> : tensor<8xf32>
  %bk = tfm.constant dense<2.0> : tensor<2xf32>
  %wq = tfm.get_weight @q : tensor<4x8xf32>
  %q = tfm.linear %x, %wq bias %bq : (tensor<?x?x4xf32, #tfm.dims<batch, sequence, 4>>, tensor<4x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  %1 = tfm.elementwise neg(%q) : (tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  %wk = tfm.get_weight @k : tensor<4x2xf32>
  %k = tfm.linear %x, %wk bias %bk : (tensor<?x?x4xf32, #tfm.dims<batch, sequence, 4>>, tensor<4x2xf32>, tensor<2xf32>) -> tensor<?x?x2xf32, #tfm.dims<batch, sequence, 2>>
  %wv = tfm.get_weight @vt : tensor<4x2xf32>
  %v = tfm.linear %x, %wv bias %bk : (tensor<?x?x4xf32, #tfm.dims<batch, sequence, 4>>, tensor<4x2xf32>, tensor<2xf32>) -> tensor<?x?x2xf32, #tfm.dims<batch, sequence, 2>>
  %0 = tfm.elementwise add(%k, %v) : (tensor<?x?x2xf32, #tfm.dims<batch, sequence, 2>>, tensor<?x?x2xf32, #tfm.dims<batch, sequence, 2>>) -> tensor<?x?x2xf32, #tfm.dims<batch, sequence, 2>>
  return %0, %1 : tensor<?x?x2xf32, #tfm.dims<batch, sequence, 2>>, tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
}

// Whisper's key has no bias: it gets zeros.
// CHECK-LABEL: func.func @one_without_bias
// CHECK: tfm.linear %arg0, %{{.*}} bias %{{.*}} -> tensor<2x12xf32>
// CHECK-NOT: tfm.linear
func.func @one_without_bias(%x: tensor<2x4xf32>) -> (tensor<2x8xf32>, tensor<2x2xf32>, tensor<2x2xf32>) {
  %bq = tfm.constant dense<1.0> : tensor<8xf32>
  %bk = tfm.constant dense<2.0> : tensor<2xf32>
  %wq = tfm.get_weight @q : tensor<4x8xf32>
  %wk = tfm.get_weight @k : tensor<4x2xf32>
  %wv = tfm.get_weight @v : tensor<4x2xf32>
  %q = tfm.linear %x, %wq bias %bq : (tensor<2x4xf32>, tensor<4x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %k = tfm.linear %x, %wk : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %v = tfm.linear %x, %wv bias %bk : (tensor<2x4xf32>, tensor<4x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %0 = tfm.elementwise neg(%q) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = tfm.elementwise neg(%k) : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %2 = tfm.elementwise neg(%v) : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0, %1, %2 : tensor<2x8xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}

// Another input; a residual or an epilogue of its own; a result that somebody
// reads as a whole (the caller): a slice would be a copy.
// CHECK-LABEL: func.func @alone
// CHECK-NOT: tfm.slice
// CHECK-COUNT-6: tfm.linear
// CHECK-NOT: tfm.slice
func.func @alone(%x: tensor<2x4xf32>, %y: tensor<2x4xf32>, %r: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<4x4xf32>) {
  %wk = tfm.get_weight @k : tensor<4x2xf32>
  %wv = tfm.get_weight @v : tensor<4x2xf32>
  %wt = tfm.get_weight @vt : tensor<4x2xf32>
  %0 = tfm.linear %x, %wk : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %1 = tfm.linear %y, %wk : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %2 = tfm.linear %x, %wv residual %r : (tensor<2x4xf32>, tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %3 = tfm.linear %x, %wv epilogue {
  ^bb0(%v: f32):
    %g = tfm.apply relu(%v) : (f32) -> f32
    tfm.yield %g : f32
  } : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %4 = tfm.linear %x, %wv : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %5 = tfm.linear %x, %wt : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %6 = tfm.elementwise add(%0, %1) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %7 = tfm.elementwise add(%2, %3) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %8 = tfm.reshape %5 : tensor<2x2xf32> -> tensor<4x1xf32>
  %row = tfm.constant dense<1.0> : tensor<1x4xf32>
  %9 = tfm.matmul %8, %row : (tensor<4x1xf32>, tensor<1x4xf32>) -> tensor<4x4xf32>
  return %6, %7, %4, %0, %9 : tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<4x4xf32>
}

// Key and value behind a cache: a concatenation reads by element, and what is
// an output as it is says so.
// CHECK-LABEL: func.func @past
// CHECK-DAG: tfm.linear %arg0, %{{.*}} -> tensor<2x4xf32>
// CHECK-DAG: tfm.linear %arg0, %{{.*}} {tfm.unfused = "not merged with the others of its input: it is an output"} : {{.*}} -> tensor<2x8xf32>
// CHECK-NOT: tfm.linear
func.func @past(%x: tensor<2x4xf32>, %past: tensor<3x2xf32>) -> (tensor<5x2xf32>, tensor<5x2xf32>, tensor<2x8xf32>) {
  %wq = tfm.get_weight @q : tensor<4x8xf32>
  %wk = tfm.get_weight @k : tensor<4x2xf32>
  %wv = tfm.get_weight @v : tensor<4x2xf32>
  %q = tfm.linear %x, %wq : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %k = tfm.linear %x, %wk : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %v = tfm.linear %x, %wv : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %0 = tfm.concat %past, %k axis 0 : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<5x2xf32>
  %1 = tfm.concat %past, %v axis 0 : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<5x2xf32>
  return %0, %1, %q : tensor<5x2xf32>, tensor<5x2xf32>, tensor<2x8xf32>
}

// A parallel block: the first linear of the feed-forward part keeps its GELU.
// A gate's activation is read by a product of both halves: merged.
// CHECK-LABEL: func.func @parallel
// CHECK: tfm.linear %arg0, %{{.*}} -> tensor<2x8xf32>
// CHECK: tfm.linear %{{.*}} : (tensor<2x8xf32>, tensor<8x4xf32>)
// CHECK: tfm.linear %arg0, %{{.*}} -> tensor<2x4xf32>
// CHECK-NOT: tfm.linear
func.func @parallel(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x2xf32>) {
  %wf = tfm.get_weight @q : tensor<4x8xf32>
  %wg = tfm.get_weight @k : tensor<4x2xf32>
  %wu = tfm.get_weight @v : tensor<4x2xf32>
  %down = tfm.constant dense<1.0> : tensor<8x4xf32>
  %0 = tfm.linear %x, %wf : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %1 = tfm.elementwise gelu(%0) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = tfm.linear %1, %down : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %3 = tfm.linear %x, %wg : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %4 = tfm.linear %x, %wu : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %5 = tfm.elementwise silu(%3) : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %6 = tfm.elementwise mul(%5, %4) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %2, %6 : tensor<2x4xf32>, tensor<2x2xf32>
}

// A bias that is no vector in the model reaches the linear through a reshape.
// CHECK-LABEL: func.func @shaped_bias
// CHECK: tfm.linear %arg0, %{{.*}} bias %{{.*}} -> tensor<2x10xf32>
// CHECK-NOT: tfm.linear
func.func @shaped_bias(%x: tensor<2x4xf32>) -> (tensor<2x8xf32>, tensor<2x2xf32>) {
  %b3 = tfm.get_weight @bias3 : tensor<1x1x8xf32>
  %bq = tfm.reshape %b3 : tensor<1x1x8xf32> -> tensor<8xf32>
  %bk = tfm.constant dense<2.0> : tensor<2xf32>
  %wq = tfm.get_weight @q : tensor<4x8xf32>
  %wk = tfm.get_weight @k : tensor<4x2xf32>
  %q = tfm.linear %x, %wq bias %bq : (tensor<2x4xf32>, tensor<4x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %k = tfm.linear %x, %wk bias %bk : (tensor<2x4xf32>, tensor<4x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %0 = tfm.elementwise neg(%q) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = tfm.elementwise neg(%k) : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0, %1 : tensor<2x8xf32>, tensor<2x2xf32>
}

// Weights and biases that the run computes have no recipe.
// CHECK-LABEL: func.func @computed
// CHECK-NOT: tfm.slice
// CHECK-COUNT-4: tfm.linear
func.func @computed(%x: tensor<2x4xf32>, %w: tensor<4x2xf32>, %b: tensor<2xf32>) -> tensor<2x2xf32> {
  %wk = tfm.get_weight @k : tensor<4x2xf32>
  %wv = tfm.get_weight @v : tensor<4x2xf32>
  %0 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %1 = tfm.linear %x, %wk : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %2 = tfm.linear %x, %wk bias %b : (tensor<2x4xf32>, tensor<4x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %3 = tfm.linear %x, %wv bias %b : (tensor<2x4xf32>, tensor<4x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %4 = tfm.elementwise add(%0, %1) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %5 = tfm.elementwise add(%2, %3) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %6 = tfm.elementwise add(%4, %5) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %6 : tensor<2x2xf32>
}

// Quantized weights of one type and block: scales lie side by side too, and who
// has no zeros gets some. Another block, or a weight of floats, is merged with
// its like alone.
// CHECK-LABEL: func.func @quantized
// CHECK-DAG: %[[W:.*]] = tfm.get_weight @q8.concat : tensor<4x5xi8>
// CHECK-DAG: %[[S:.*]] = tfm.get_weight @s8.concat : tensor<2x5xf32>
// CHECK-DAG: %[[Z:.*]] = tfm.get_weight @z8.concat : tensor<2x5xi8>
// CHECK: %[[ALL:.*]] = tfm.linear %arg0, %[[W]] scales %[[S]] zeros %[[Z]] {block = 2 : i64} : {{.*}} -> tensor<3x5xf32>
// CHECK: tfm.slice %[[ALL]] starts <0, 0>
// CHECK: tfm.slice %[[ALL]] starts <0, 3>
// CHECK: tfm.linear %arg0, %{{.*}} scales %{{.*}} {block = 4 : i64} : {{.*}} -> tensor<3x3xf32>
// CHECK: tfm.linear %arg0, %{{.*}} : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
tfm.weight @q8 : tensor<4x3xi8> file "m" offset 0 length 12
tfm.weight @r8 : tensor<4x2xi8> file "m" offset 0 length 8
tfm.weight @s8 : tensor<2x3xf32> file "m" offset 0 length 24
tfm.weight @t8 : tensor<2x2xf32> file "m" offset 0 length 16
tfm.weight @u8 : tensor<1x3xf32> file "m" offset 0 length 12
tfm.weight @z8 : tensor<2x3xi8> file "m" offset 0 length 6
func.func @quantized(%x: tensor<3x4xf32>) -> (tensor<3x3xf32>, tensor<3x2xf32>) {
  %q = tfm.get_weight @q8 : tensor<4x3xi8>
  %r = tfm.get_weight @r8 : tensor<4x2xi8>
  %s = tfm.get_weight @s8 : tensor<2x3xf32>
  %t = tfm.get_weight @t8 : tensor<2x2xf32>
  %u = tfm.get_weight @u8 : tensor<1x3xf32>
  %z = tfm.get_weight @z8 : tensor<2x3xi8>
  %k = tfm.get_weight @k : tensor<4x2xf32>
  %0 = tfm.linear %x, %q scales %s zeros %z {block = 2 : i64} : (tensor<3x4xf32>, tensor<4x3xi8>, tensor<2x3xf32>, tensor<2x3xi8>) -> tensor<3x3xf32>
  %1 = tfm.linear %x, %r scales %t {block = 2 : i64} : (tensor<3x4xf32>, tensor<4x2xi8>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %2 = tfm.linear %x, %q scales %u {block = 4 : i64} : (tensor<3x4xf32>, tensor<4x3xi8>, tensor<1x3xf32>) -> tensor<3x3xf32>
  %3 = tfm.linear %x, %k : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
  %4 = tfm.elementwise add(%0, %2) : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  %5 = tfm.elementwise add(%1, %3) : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return %4, %5 : tensor<3x3xf32>, tensor<3x2xf32>
}
