// Casts to narrow integers saturate from floats (NaN is the smallest) and wrap
// from integers; arithmetic of narrow types wraps; powers of integers with a
// computed exponent. The inputs are literals, so that the edges are among them.
func.func @main() -> (tensor<8xi8> {tfm.name = "to_i8"}, tensor<8xf32> {tfm.name = "through_ui8"}, tensor<8xi32> {tfm.name = "to_i32"}, tensor<8xi16> {tfm.name = "to_i16"}, tensor<8xi64> {tfm.name = "power"}, tensor<8xf32> {tfm.name = "power_as_float"}, tensor<8xf32> {tfm.name = "i8_sum"}, tensor<8xi64> {tfm.name = "ui8_difference"}, tensor<8xi32> {tfm.name = "i32_power"}) {
  %x = tfm.constant dense<[0x7FC00000, 0x7F800000, 0xFF800000, 3.0e9, -3.0e9, 127.9, -128.9, 255.5]> : tensor<8xf32>
  %i = tfm.constant dense<[-9, -2, -1, 0, 1, 2, 40000, -40000]> : tensor<8xi64>
  %e = tfm.constant dense<[-1, 64, 3, 0, -5, 21, 2, 5]> : tensor<8xi64>
  // Behind a reduction over one axis of one element, so that nothing folds.
  %zero = tfm.constant dense<0.0> : tensor<8x1xf32>
  %nothing = tfm.reduce sum %zero axes [1] : tensor<8x1xf32> -> tensor<8xf32>
  %n = tfm.cast %nothing : tensor<8xf32> -> tensor<8xi64>
  %y = tfm.elementwise add(%x, %nothing) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %j = tfm.elementwise add(%i, %n) : (tensor<8xi64>, tensor<8xi64>) -> tensor<8xi64>
  %p = tfm.elementwise add(%e, %n) : (tensor<8xi64>, tensor<8xi64>) -> tensor<8xi64>
  %0 = tfm.cast %y : tensor<8xf32> -> tensor<8xi8>
  %1 = tfm.cast %y : tensor<8xf32> -> tensor<8xui8>
  %2 = tfm.cast %1 : tensor<8xui8> -> tensor<8xf32>
  %3 = tfm.cast %y : tensor<8xf32> -> tensor<8xi32>
  %4 = tfm.cast %j : tensor<8xi64> -> tensor<8xi16>
  %5 = tfm.elementwise pow(%j, %p) : (tensor<8xi64>, tensor<8xi64>) -> tensor<8xi64>
  %6 = tfm.cast %5 : tensor<8xi64> -> tensor<8xf32>
  %7 = tfm.elementwise add(%0, %0) : (tensor<8xi8>, tensor<8xi8>) -> tensor<8xi8>
  %8 = tfm.cast %7 : tensor<8xi8> -> tensor<8xf32>
  %9 = tfm.constant dense<200> : tensor<8xui8>
  %10 = tfm.elementwise sub(%1, %9) : (tensor<8xui8>, tensor<8xui8>) -> tensor<8xui8>
  %11 = tfm.cast %10 : tensor<8xui8> -> tensor<8xi64>
  %12 = tfm.cast %j : tensor<8xi64> -> tensor<8xi32>
  %13 = tfm.cast %p : tensor<8xi64> -> tensor<8xi32>
  %14 = tfm.elementwise pow(%12, %13) : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  return %0, %2, %3, %4, %5, %6, %8, %11, %14 : tensor<8xi8>, tensor<8xf32>, tensor<8xi32>, tensor<8xi16>, tensor<8xi64>, tensor<8xf32>, tensor<8xf32>, tensor<8xi64>, tensor<8xi32>
}
