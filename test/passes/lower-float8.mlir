// RUN: ingot-opt %s --lower-to-plan="targets=x86-64,cuda" | FileCheck %s

// GPUs round where they store, what is read in a row of the wider matrix.
// CPUs have no type for it: a region computes the byte.
// CHECK: plan.kernel map @map_ui8_abs_min_mul_le outs [ui8] ins [f32]
// CHECK: plan.kernel map @map_f8E4M3FN_gather outs [f8E4M3FN] ins [f32] scalars 1 params {chunk = 1 : i64, extents = array<i64: -1, 16>}
// CHECK: %[[X:.*]] = tfm.load %{{.*}} : tensor<?xf32> -> f32
// CHECK-NEXT: %[[Y:.*]] = tfm.convert %[[X]] : f32 to f8E4M3FN
// CHECK-NEXT: tfm.yield %[[Y]] : f8E4M3FN
module attributes {tfm.stage = "fused"} {
  func.func @main(%x: tensor<?x24xf32, #tfm.dims<rows, 24>>) -> tensor<?x16xf8E4M3FN, #tfm.dims<rows, 16>> attributes {tfm.symbols = [#tfm.symbol<"rows", 0, -1, 0, 0>]} {
    %0 = tfm.fused {
    ^bb0(%r: i64, %c: i64):
      %1 = tfm.load %x[%r, %c] : tensor<?x24xf32, #tfm.dims<rows, 24>> -> f32
      %2 = tfm.convert %1 : f32 to f8E4M3FN
      tfm.yield %2 : f8E4M3FN
    } : tensor<?x16xf8E4M3FN, #tfm.dims<rows, 16>>
    return %0 : tensor<?x16xf8E4M3FN, #tfm.dims<rows, 16>>
  }
}
