// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @load
func.func @load(%x: tensor<?x4xi8, #tfm.dims<n, 4>>, %flat: tensor<?xbf16>, %i: i64) -> bf16 {
  // CHECK: tfm.load %{{.*}}[%{{.*}}, %{{.*}}] : tensor<?x4xi8, #tfm.dims<n, 4>> -> i64
  %0 = tfm.load %x[%i, %i] : tensor<?x4xi8, #tfm.dims<n, 4>> -> i64
  // What kernels load from is flat and of unknown size.
  // CHECK: tfm.load %{{.*}}[%{{.*}}] : tensor<?xbf16> -> bf16
  %1 = tfm.load %flat[%0] : tensor<?xbf16> -> bf16
  return %1 : bf16
}
