// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @elementwise
func.func @elementwise(%x: tensor<?x4xf32, #tfm.dims<batch, 4>>, %v: tensor<4xf32>, %c: tensor<?x1xi64, #tfm.dims<batch, 1>>,
                       %b: tensor<2xi1>) -> tensor<?x4xf32, #tfm.dims<batch, 4>> {
  // CHECK: tfm.elementwise add(%{{.*}}, %{{.*}}) : (tensor<?x4xf32, #tfm.dims<batch, 4>>, tensor<4xf32>) -> tensor<?x4xf32, #tfm.dims<batch, 4>>
  %0 = tfm.elementwise add(%x, %v) : (tensor<?x4xf32, #tfm.dims<batch, 4>>, tensor<4xf32>) -> tensor<?x4xf32, #tfm.dims<batch, 4>>
  // CHECK: tfm.elementwise gelu(%{{.*}})
  %1 = tfm.elementwise gelu(%0) : (tensor<?x4xf32, #tfm.dims<batch, 4>>) -> tensor<?x4xf32, #tfm.dims<batch, 4>>
  // CHECK: tfm.elementwise lt(%{{.*}}, %{{.*}}) : {{.*}} -> tensor<?x4xi1, #tfm.dims<batch, 4>>
  %2 = tfm.elementwise lt(%x, %v) : (tensor<?x4xf32, #tfm.dims<batch, 4>>, tensor<4xf32>) -> tensor<?x4xi1, #tfm.dims<batch, 4>>
  // CHECK: tfm.elementwise isnan(%{{.*}})
  %3 = tfm.elementwise isnan(%x) : (tensor<?x4xf32, #tfm.dims<batch, 4>>) -> tensor<?x4xi1, #tfm.dims<batch, 4>>
  // CHECK: tfm.elementwise and(%{{.*}}, %{{.*}})
  %4 = tfm.elementwise and(%2, %3) : (tensor<?x4xi1, #tfm.dims<batch, 4>>, tensor<?x4xi1, #tfm.dims<batch, 4>>) -> tensor<?x4xi1, #tfm.dims<batch, 4>>
  // CHECK: tfm.elementwise eq(%{{.*}}, %{{.*}}) : (tensor<2xi1>, tensor<2xi1>) -> tensor<2xi1>
  %5 = tfm.elementwise eq(%b, %b) : (tensor<2xi1>, tensor<2xi1>) -> tensor<2xi1>
  return %1 : tensor<?x4xf32, #tfm.dims<batch, 4>>
}

// Dims that are equal by assumption: the result has either.
// CHECK-LABEL: @assumed
func.func @assumed(%x: tensor<?xf32, #tfm.dims<batch>>, %y: tensor<?xf32, #tfm.dims<rows>>) -> tensor<?xf32, #tfm.dims<rows>> {
  tfm.require eq <batch, rows> "node 'Add_0'"
  // CHECK: tfm.elementwise add
  %0 = tfm.elementwise add(%x, %y) : (tensor<?xf32, #tfm.dims<batch>>, tensor<?xf32, #tfm.dims<rows>>) -> tensor<?xf32, #tfm.dims<rows>>
  return %0 : tensor<?xf32, #tfm.dims<rows>>
}
