// Quantized numbers of every type: halves round to even, sums saturate, NaN is the
// smallest integer, a last block is short, numbers of 4 bits share bytes (of 9, the
// last one has one to itself) and floats of 8 bits have subnormals, infinities and NaN.
func.func @main() -> (tensor<9xi8> {tfm.name = "i8"}, tensor<9xui8> {tfm.name = "ui8"}, tensor<9xi16> {tfm.name = "i16"}, tensor<9xui16> {tfm.name = "ui16"}, tensor<9xi32> {tfm.name = "i32"}, tensor<9xf32> {tfm.name = "i4"}, tensor<9xf32> {tfm.name = "ui4"}, tensor<9xf32> {tfm.name = "from_i4"}, tensor<3x3xf32> {tfm.name = "from_ui4_transposed"}, tensor<9xf32> {tfm.name = "blocks"}, tensor<16xf32> {tfm.name = "from_e4m3"}, tensor<16xf32> {tfm.name = "from_e5m2"}, tensor<24xf32> {tfm.name = "to_e4m3"}, tensor<601xf32> {tfm.name = "cubes_to_e4m3"}) {
  %x = tfm.constant dense<[0.5, 1.5, 2.5, -0.5, -7.5, 1.0e9, 0x7FC00000, 0xFF800000, -100.25]> : tensor<9xf32>
  // Behind a reduction over one axis of one element, so that nothing folds.
  %zero = tfm.constant dense<0.0> : tensor<9x1xf32>
  %nothing = tfm.reduce sum %zero axes [1] : tensor<9x1xf32> -> tensor<9xf32>
  %y = tfm.elementwise add(%x, %nothing) : (tensor<9xf32>, tensor<9xf32>) -> tensor<9xf32>
  %one = tfm.constant dense<1.0> : tensor<f32>
  %half = tfm.constant dense<0.5> : tensor<f32>
  %z8 = tfm.constant dense<-3> : tensor<i8>
  %zu8 = tfm.constant dense<128> : tensor<ui8>
  %zu16 = tfm.constant dense<40000> : tensor<ui16>
  %z4 = tfm.constant dense<[1, 0, -1, 2, -2, 3, -3, 4, -4]> : tensor<9xi4>
  %zu4 = tfm.constant dense<8> : tensor<ui4>
  %0 = tfm.quantize %y scale %one zero %z8 : (tensor<9xf32>, tensor<f32>, tensor<i8>) -> tensor<9xi8>
  %1 = tfm.quantize %y scale %half zero %zu8 : (tensor<9xf32>, tensor<f32>, tensor<ui8>) -> tensor<9xui8>
  %2 = tfm.quantize %y scale %half : (tensor<9xf32>, tensor<f32>) -> tensor<9xi16>
  %3 = tfm.quantize %y scale %half zero %zu16 : (tensor<9xf32>, tensor<f32>, tensor<ui16>) -> tensor<9xui16>
  %4 = tfm.quantize %y scale %half : (tensor<9xf32>, tensor<f32>) -> tensor<9xi32>
  %scales = tfm.constant dense<[1.0, 0.5, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 16.0]> : tensor<9xf32>
  %5 = tfm.quantize %y scale %scales zero %z4 {axis = 0} : (tensor<9xf32>, tensor<9xf32>, tensor<9xi4>) -> tensor<9xi4>
  %6 = tfm.quantize %y scale %one zero %zu4 : (tensor<9xf32>, tensor<f32>, tensor<ui4>) -> tensor<9xui4>
  %7 = tfm.dequantize %5 scale %scales zero %z4 {axis = 0} : (tensor<9xi4>, tensor<9xf32>, tensor<9xi4>) -> tensor<9xf32>
  // Read twice, so that they are stored.
  %i4 = tfm.dequantize %5 scale %half : (tensor<9xi4>, tensor<f32>) -> tensor<9xf32>
  %ui4 = tfm.dequantize %6 scale %half : (tensor<9xui4>, tensor<f32>) -> tensor<9xf32>
  %8 = tfm.reshape %6 : tensor<9xui4> -> tensor<3x3xui4>
  %9 = tfm.transpose %8 perm [1, 0] : tensor<3x3xui4> -> tensor<3x3xui4>
  %10 = tfm.dequantize %9 scale %half zero %zu4 : (tensor<3x3xui4>, tensor<f32>, tensor<ui4>) -> tensor<3x3xf32>
  %blocks = tfm.constant dense<[1.0, 0.25, 2.0]> : tensor<3xf32>
  %points = tfm.constant dense<[0, 7, -8]> : tensor<3xi8>
  %11 = tfm.dequantize %0 scale %blocks zero %points {axis = 0, block = 4} : (tensor<9xi8>, tensor<3xf32>, tensor<3xi8>) -> tensor<9xf32>
  %e4m3 = tfm.constant dense<"0x0001070809363E7E7F80818788BEFEFF"> : tensor<16xf8E4M3FN>
  %e5m2 = tfm.constant dense<"0x0001030405363E7B7C80818384BEFBFF"> : tensor<16xf8E5M2>
  // Gathered by computed positions, so that these do not fold.
  %same = tfm.cast %nothing : tensor<9xf32> -> tensor<9xi64>
  %first = tfm.slice %same starts <0> steps [1] : tensor<9xi64> -> tensor<1xi64>
  %positions = tfm.iota <0, 1> : tensor<16xi64>
  %at = tfm.elementwise add(%positions, %first) : (tensor<16xi64>, tensor<1xi64>) -> tensor<16xi64>
  %12 = tfm.gather %e4m3, %at axis 0 : (tensor<16xf8E4M3FN>, tensor<16xi64>) -> tensor<16xf8E4M3FN>
  %13 = tfm.dequantize %12 scale %half : (tensor<16xf8E4M3FN>, tensor<f32>) -> tensor<16xf32>
  %14 = tfm.gather %e5m2, %at axis 0 : (tensor<16xf8E5M2>, tensor<16xi64>) -> tensor<16xf8E5M2>
  %15 = tfm.dequantize %14 scale %half : (tensor<16xf8E5M2>, tensor<f32>) -> tensor<16xf32>
  // To f8E4M3FN: halves between neighbours, subnormals, what saturates, infinity, NaN; cubes of
  // all sizes.
  %f32s = tfm.constant dense<"0x000000000000803A0000C03A0000003B0000403B0000603C0000703C0000803C000088BF0000883F0000983F00007841000078410000604300006843000070C30080DF430000E043B8FEE7430000E8430080E8439976967E0000807F0000C07F"> : tensor<24xf32>
  %places = tfm.iota <0, 1> : tensor<24xi64>
  %there = tfm.elementwise add(%places, %first) : (tensor<24xi64>, tensor<1xi64>) -> tensor<24xi64>
  %16 = tfm.gather %f32s, %there axis 0 : (tensor<24xf32>, tensor<24xi64>) -> tensor<24xf32>
  %17 = tfm.quantize %16 scale %one : (tensor<24xf32>, tensor<f32>) -> tensor<24xf8E4M3FN>
  %18 = tfm.dequantize %17 scale %half : (tensor<24xf8E4M3FN>, tensor<f32>) -> tensor<24xf32>
  %many = tfm.iota <-300, 1> : tensor<601xi64>
  %counted = tfm.elementwise add(%many, %first) : (tensor<601xi64>, tensor<1xi64>) -> tensor<601xi64>
  %wide = tfm.cast %counted : tensor<601xi64> -> tensor<601xf32>
  %square = tfm.elementwise mul(%wide, %wide) : (tensor<601xf32>, tensor<601xf32>) -> tensor<601xf32>
  %cube = tfm.elementwise mul(%square, %wide) : (tensor<601xf32>, tensor<601xf32>) -> tensor<601xf32>
  %small = tfm.constant dense<4096.0> : tensor<f32>
  %19 = tfm.quantize %cube scale %small : (tensor<601xf32>, tensor<f32>) -> tensor<601xf8E4M3FN>
  %20 = tfm.dequantize %19 scale %half : (tensor<601xf8E4M3FN>, tensor<f32>) -> tensor<601xf32>
  return %0, %1, %2, %3, %4, %i4, %ui4, %7, %10, %11, %13, %15, %18, %20 : tensor<9xi8>, tensor<9xui8>, tensor<9xi16>, tensor<9xui16>, tensor<9xi32>, tensor<9xf32>, tensor<9xf32>, tensor<9xf32>, tensor<3x3xf32>, tensor<9xf32>, tensor<16xf32>, tensor<16xf32>, tensor<24xf32>, tensor<601xf32>
}
