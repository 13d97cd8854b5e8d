// RUN: ingot-opt %s --raise-linear | FileCheck %s

tfm.weight @q : tensor<8x4xi8> file "m" offset 0 length 32
tfm.weight @qt : tensor<4x8xui4> file "m" offset 0 length 16
tfm.weight @wide : tensor<8x4xi16> file "m" offset 0 length 64
tfm.weight @s : tensor<4xf32> file "m" offset 0 length 16
tfm.weight @z : tensor<4xi8> file "m" offset 0 length 4
tfm.weight @b3 : tensor<3x4xf32> file "m" offset 0 length 48
tfm.weight @b3t : tensor<4x3xf32> file "m" offset 0 length 48
tfm.weight @z3t : tensor<4x3xui4> file "m" offset 0 length 6
tfm.weight @r : tensor<8xf32> file "m" offset 0 length 32
tfm.weight @f8 : tensor<8x4xf8E4M3FN> file "m" offset 0 length 32
tfm.weight @w : tensor<8x4xf32> file "m" offset 0 length 128

// The transposed weight is one of 4 bits, as is what its scales and zeros are made of.
// CHECK-DAG: tfm.weight @[[QT:.*]] : tensor<8x4xui4> recipe {
// CHECK-DAG: tfm.transpose %{{.*}} perm [1, 0] : tensor<4x8xui4> -> tensor<8x4xui4>
// CHECK-DAG: tfm.transpose %{{.*}} perm [1, 0] : tensor<4x3xf32> -> tensor<3x4xf32>
// CHECK-DAG: tfm.transpose %{{.*}} perm [1, 0] : tensor<4x3xui4> -> tensor<3x4xui4>

// One scale a column, zeros and a bias behind it.
// CHECK-LABEL: func.func @per_column
// CHECK-DAG: %[[Q:.*]] = tfm.get_weight @q : tensor<8x4xi8>
// CHECK-DAG: %[[S:.*]] = tfm.get_weight @s.reshape{{.*}} : tensor<1x4xf32>
// CHECK-DAG: %[[Z:.*]] = tfm.get_weight @z.reshape{{.*}} : tensor<1x4xi8>
// CHECK: %[[Y:.*]] = tfm.linear %arg0, %[[Q]] scales %[[S]] zeros %[[Z]] bias %{{.*}} {block = 8 : i64} : (tensor<2x8xf32>, tensor<8x4xi8>, tensor<1x4xf32>, tensor<1x4xi8>, tensor<4xf32>) -> tensor<2x4xf32>
// CHECK-NOT: tfm.dequantize
// CHECK: return %[[Y]]
func.func @per_column(%x: tensor<2x8xf32>) -> tensor<2x4xf32> {
  %q = tfm.get_weight @q : tensor<8x4xi8>
  %s = tfm.get_weight @s : tensor<4xf32>
  %z = tfm.get_weight @z : tensor<4xi8>
  %0 = tfm.dequantize %q scale %s zero %z {axis = 1 : i64} : (tensor<8x4xi8>, tensor<4xf32>, tensor<4xi8>) -> tensor<8x4xf32>
  %1 = tfm.matmul %x, %0 : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %2 = tfm.elementwise add(%1, %s) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %2 : tensor<2x4xf32>
}

// One number for all, which may be a constant.
// CHECK-LABEL: func.func @per_tensor
// CHECK: %[[S:.*]] = tfm.get_weight @constant.broadcast : tensor<1x4xf32>
// CHECK: tfm.linear %arg0, %{{.*}} scales %[[S]] {block = 8 : i64}
func.func @per_tensor(%x: tensor<2x8xf32>) -> tensor<2x4xf32> {
  %q = tfm.get_weight @q : tensor<8x4xi8>
  %s = tfm.constant dense<0.5> : tensor<f32>
  %0 = tfm.dequantize %q scale %s : (tensor<8x4xi8>, tensor<f32>) -> tensor<8x4xf32>
  %1 = tfm.matmul %x, %0 : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// Blocks along K, of which the last is shorter.
// CHECK-LABEL: func.func @blocks
// CHECK: tfm.linear %arg0, %{{.*}} scales %{{.*}} {block = 3 : i64} : (tensor<2x8xf32>, tensor<8x4xi8>, tensor<3x4xf32>) -> tensor<2x4xf32>
func.func @blocks(%x: tensor<2x8xf32>) -> tensor<2x4xf32> {
  %q = tfm.get_weight @q : tensor<8x4xi8>
  %s = tfm.get_weight @b3 : tensor<3x4xf32>
  %0 = tfm.dequantize %q scale %s {axis = 0 : i64, block = 3 : i64} : (tensor<8x4xi8>, tensor<3x4xf32>) -> tensor<8x4xf32>
  %1 = tfm.matmul %x, %0 : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @transposed
// CHECK: %[[Q:.*]] = tfm.get_weight @[[QT]] : tensor<8x4xui4>
// CHECK: tfm.linear %arg0, %[[Q]] scales %{{.*}} zeros %{{.*}} {block = 3 : i64} : (tensor<2x8xf32>, tensor<8x4xui4>, tensor<3x4xf32>, tensor<3x4xui4>) -> tensor<2x4xf32>
func.func @transposed(%x: tensor<2x8xf32>) -> tensor<2x4xf32> {
  %q = tfm.get_weight @qt : tensor<4x8xui4>
  %s = tfm.get_weight @b3t : tensor<4x3xf32>
  %z = tfm.get_weight @z3t : tensor<4x3xui4>
  %0 = tfm.dequantize %q scale %s zero %z {axis = 1 : i64, block = 3 : i64} : (tensor<4x8xui4>, tensor<4x3xf32>, tensor<4x3xui4>) -> tensor<4x8xf32>
  %1 = tfm.transpose %0 perm [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
  %2 = tfm.matmul %x, %1 : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return %2 : tensor<2x4xf32>
}

// Left alone: a scale for each row along K, numbers of 16 bits, and what is not
// stored.
// CHECK-LABEL: func.func @alone
// CHECK-NOT: tfm.linear
// CHECK: return
func.func @alone(%x: tensor<2x8xf32>, %y: tensor<8x4xi8>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
  %q = tfm.get_weight @q : tensor<8x4xi8>
  %wide = tfm.get_weight @wide : tensor<8x4xi16>
  %s = tfm.get_weight @s : tensor<4xf32>
  %r = tfm.get_weight @r : tensor<8xf32>
  %0 = tfm.dequantize %q scale %r {axis = 0 : i64} : (tensor<8x4xi8>, tensor<8xf32>) -> tensor<8x4xf32>
  %1 = tfm.matmul %x, %0 : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %2 = tfm.dequantize %wide scale %s {axis = 1 : i64} : (tensor<8x4xi16>, tensor<4xf32>) -> tensor<8x4xf32>
  %3 = tfm.matmul %x, %2 : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %4 = tfm.dequantize %y scale %s {axis = 1 : i64} : (tensor<8x4xi8>, tensor<4xf32>) -> tensor<8x4xf32>
  %5 = tfm.matmul %x, %4 : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return %1, %3, %5 : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
}

// Rows of 8-bit floats times one number: the weight's scales take it in.
// CHECK-LABEL: func.func @rows_of_f8
// CHECK: %[[ROWS:.*]] = tfm.quantize %arg0
// CHECK: %[[WIDE:.*]] = tfm.dequantize %[[ROWS]]
// CHECK: %[[COMPUTED:.*]] = tfm.dequantize %[[ROWS]] scale %arg1
// CHECK: %[[S:.*]] = tfm.get_weight @{{.*}}elementwise : tensor<1x4xf32>
// CHECK: tfm.linear %[[ROWS]], %{{.*}} scales %[[S]] {block = 8 : i64} : (tensor<2x8xf8E4M3FN>, tensor<8x4xf8E4M3FN>, tensor<1x4xf32>) -> tensor<2x4xf32>
// Not where the weight is of floats, or the number is computed.
// CHECK: tfm.linear %[[WIDE]], %{{.*}} : (tensor<2x8xf32>, tensor<8x4xf32>)
// CHECK: tfm.linear %[[COMPUTED]], %{{.*}} : (tensor<2x8xf32>, tensor<8x4xf8E4M3FN>, tensor<1x4xf32>)
func.func @rows_of_f8(%x: tensor<2x8xf32>, %computed: tensor<f32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
  %s = tfm.constant dense<0.5> : tensor<f32>
  %f = tfm.get_weight @f8 : tensor<8x4xf8E4M3FN>
  %w = tfm.get_weight @w : tensor<8x4xf32>
  %q = tfm.quantize %x scale %s : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf8E4M3FN>
  %a = tfm.dequantize %q scale %s : (tensor<2x8xf8E4M3FN>, tensor<f32>) -> tensor<2x8xf32>
  %b = tfm.dequantize %f scale %s : (tensor<8x4xf8E4M3FN>, tensor<f32>) -> tensor<8x4xf32>
  %c = tfm.dequantize %q scale %computed : (tensor<2x8xf8E4M3FN>, tensor<f32>) -> tensor<2x8xf32>
  %0 = tfm.matmul %a, %b : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %1 = tfm.matmul %a, %w : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %2 = tfm.matmul %c, %b : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return %0, %1, %2 : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
}
