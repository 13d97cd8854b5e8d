// RUN: ingot-opt %s | ingot-opt | FileCheck %s

// A dim without upper bound, and the value of an integer input, which may be negative, and a number of elements.
// CHECK: tfm.symbols = [#tfm.symbol<"batch", 1, -1, 0, 0>, #tfm.symbol<"offset", -8, 8, 1, -1>, #tfm.symbol<"kept", 0, -1, 1, -2>]
func.func @f(%x: tensor<?x4xf32, #tfm.dims<batch, 4>>, %n: tensor<1xi64>)
    attributes {tfm.symbols = [#tfm.symbol<"batch", 1, -1, 0, 0>, #tfm.symbol<"offset", -8, 8, 1, -1>, #tfm.symbol<"kept", 0, -1, 1, -2>]} {
  return
}
