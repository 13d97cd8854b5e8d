// RUN: ingot-opt %s --lower-to-plan | FileCheck %s

// Where the tokens are is one task, skipped where there are none; attention reads
// the bounds of keys as inputs 3 and 4, and its FLOPs are those of sequences of
// one length.
// CHECK-LABEL: plan.program @main
// CHECK:         plan.launch @nonzero grid <min(1, kept)> (%{{.*}}, %{{.*}}, %{{.*}}) {{.*}} scalars <batch, sequence, kept>
// CHECK:         plan.launch @attention_f32_d4 grid <(kept + 31) floordiv 32, 2, 1> {{.*}} flops <32*((kept*kept) floordiv max(1, batch))>
// CHECK:       plan.kernel nonzero @nonzero outs [i64, i64] ins [i64] scalars 3 params {count = -3 : i64, extents = array<i64: -1, -2>}
// CHECK:         tfm.apply not
// CHECK:       plan.kernel attention {{.*}} ins [f32, f32, f32, i64, i64] {{.*}} key_bounds = true
module {
  func.func @main(%x: tensor<1x?x2x4xf32, #tfm.dims<1, kept, 2, 4>> {tfm.name = "x"}, %mask: tensor<?x?xi64, #tfm.dims<batch, sequence>> {tfm.name = "mask"}) -> (tensor<1x?x2x4xf32, #tfm.dims<1, kept, 2, 4>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 1, 0>, #tfm.symbol<"sequence", 0, -1, 1, 1>, #tfm.symbol<"kept", 0, -1, 1, -2>]} {
    %0:2 = tfm.nonzero %mask : (tensor<?x?xi64, #tfm.dims<batch, sequence>>) -> (tensor<?xi64, #tfm.dims<kept>>, tensor<?xi64, #tfm.dims<kept>>)
    %1 = tfm.reshape %0#0 : tensor<?xi64, #tfm.dims<kept>> -> tensor<1x?xi64, #tfm.dims<1, kept>>
    %2 = tfm.reshape %0#1 : tensor<?xi64, #tfm.dims<kept>> -> tensor<1x?xi64, #tfm.dims<1, kept>>
    %3 = tfm.attention %x, %x, %x keys %1 to %2 scale 0.5 terms [] empty_rows zero {tfm.sequences = #tfm.dims<batch>} : (tensor<1x?x2x4xf32, #tfm.dims<1, kept, 2, 4>>, tensor<1x?x2x4xf32, #tfm.dims<1, kept, 2, 4>>, tensor<1x?x2x4xf32, #tfm.dims<1, kept, 2, 4>>, tensor<1x?xi64, #tfm.dims<1, kept>>, tensor<1x?xi64, #tfm.dims<1, kept>>) -> tensor<1x?x2x4xf32, #tfm.dims<1, kept, 2, 4>>
    return %3 : tensor<1x?x2x4xf32, #tfm.dims<1, kept, 2, 4>>
  }
}
