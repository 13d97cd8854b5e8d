// RUN: ingot-opt %s --lower-to-plan | FileCheck %s

// No kernel for CPUs reads pages: keys and values are put one after the other,
// each of the row that the table says.
// CHECK: plan.launch @[[GATHER:[a-z0-9_]*]] {{.*}} (%[[K:[0-9]*]], %{{.*}}, %{{.*}})
// CHECK: plan.launch @[[GATHER]] {{.*}} (%[[V:[0-9]*]], %{{.*}}, %{{.*}})
// CHECK: plan.launch @attention_f32_d8 {{.*}} (%{{.*}}, %{{.*}}, %[[K]], %[[V]])
// CHECK-NOT: plan.launch
// CHECK: plan.kernel map @[[GATHER]]
// CHECK: tfm.check_index
func.func @main(%q: tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>> {tfm.name = "q"}, %k: tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>> {tfm.name = "k"}, %v: tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>> {tfm.name = "v"}, %t: tensor<?x?xi32, #tfm.dims<b, p>> {tfm.name = "t"}) -> (tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"b", 0, -1, 0, 0>, #tfm.symbol<"n", 0, -1, 1, 0>, #tfm.symbol<"p", 0, -1, 3, 1>]} {
  %0 = tfm.attention %q, %k, %v pages %t scale 0.125 terms [] empty_rows zero : (tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>>, tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>, tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>, tensor<?x?xi32, #tfm.dims<b, p>>) -> tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>>
  return %0 : tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>>
}
