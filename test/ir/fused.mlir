// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @embedding
func.func @embedding(%ids: tensor<?x?xi32, #tfm.dims<batch, sequence>>, %table: tensor<100x8xf16>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> {
  // CHECK: tfm.fused {
  // CHECK-NEXT: ^bb0(%[[B:[^:]*]]: i64, %[[S:[^:]*]]: i64, %[[C:[^:]*]]: i64):
  // CHECK-NEXT: %[[ID:.*]] = tfm.load %{{.*}}[%[[B]], %[[S]]] : tensor<?x?xi32, #tfm.dims<batch, sequence>> -> i64
  // CHECK-NEXT: %[[N:.*]] = arith.constant 100 : i64
  // CHECK-NEXT: %[[AT:.*]] = tfm.check_index %[[ID]], %[[N]]
  // CHECK-NEXT: %[[X:.*]] = tfm.load %{{.*}}[%[[AT]], %[[C]]] : tensor<100x8xf16> -> f16
  // CHECK-NEXT: %[[Y:.*]] = tfm.convert %[[X]] : f16 to f32
  // CHECK-NEXT: tfm.yield %[[Y]] : f32
  // CHECK-NEXT: } : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  %0 = tfm.fused {
  ^bb0(%b: i64, %s: i64, %c: i64):
    %id = tfm.load %ids[%b, %s] : tensor<?x?xi32, #tfm.dims<batch, sequence>> -> i64
    %n = arith.constant 100 : i64
    %at = tfm.check_index %id, %n
    %x = tfm.load %table[%at, %c] : tensor<100x8xf16> -> f16
    %y = tfm.convert %x : f16 to f32
    tfm.yield %y : f32
  } : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  return %0 : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
}

// CHECK-LABEL: @scalar
func.func @scalar() -> tensor<i32> {
  // CHECK: tfm.fused {
  // CHECK-NEXT: %[[N:.*]] = tfm.symbol <past + sequence>
  // CHECK-NEXT: tfm.yield %[[N]] : i64
  %0 = tfm.fused {
    %n = tfm.symbol <past + sequence>
    tfm.yield %n : i64
  } : tensor<i32>
  return %0 : tensor<i32>
}
