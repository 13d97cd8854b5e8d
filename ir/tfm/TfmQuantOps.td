// Plain ops between floats and quantized numbers: value = (q - zero) * scale.

// Quantized numbers in memory. i32 is what a bias or a sum of products has.
def Tfm_Quantized : AnyTypeOf<[I<4>, UI<4>, I8, UI8, I16, UI16, I32, F8E4M3FN, F8E5M2],
                              "quantized number">;
def Tfm_QuantizedTensor : Tfm_TensorOf<[Tfm_Quantized]>;
// What is computed with: no 8-bit float.
def Tfm_WideFloatTensor : Tfm_TensorOf<[AnyTypeOf<[F64, F32, F16, BF16], "float of 16 bits or more">]>;

def Tfm_QuantizeOp : Tfm_Op<"quantize", [Pure]> {
  let summary = "Quantized numbers: saturate(round(x / scale) + zero)";
  let description = [{
    The quotient is rounded to its type, then to an integer, halves to even; NaN gives
    the smallest integer. The sum saturates. To an 8-bit float nothing is rounded to
    an integer, and the sum saturates to the largest finite value.

    The scale is one number (rank 0), one a slice of `axis` (rank 1), or one a `block`
    of consecutive elements along `axis`, where the last block may be shorter. Without
    zero points they are 0.

    - quantize_c1: input and scale have one element type
    - quantize_c2: the result has the dims of the input
    - quantize_c3: the scale has rank 0 without `axis`; with `axis`, which is one of the
      input's, it is a vector of as many elements; with `block` too, which is 1 or more,
      it has the input's dims but ceildiv(dim, block) at `axis`
    - quantize_c4: the zero point has the scale's dims and the result's element type

    ```mlir
    %1 = tfm.quantize %0 scale %s zero %z {axis = 1}
        : (tensor<?x4xf32, #tfm.dims<batch, 4>>, tensor<4xf32>, tensor<4xui8>) -> tensor<?x4xui8, #tfm.dims<batch, 4>>
    ```
  }];
  let arguments = (ins Tfm_WideFloatTensor:$input, Tfm_WideFloatTensor:$scale,
                       Optional<Tfm_QuantizedTensor>:$zero,
                       OptionalAttr<I64Attr>:$axis, OptionalAttr<I64Attr>:$block);
  let results = (outs Tfm_QuantizedTensor:$result);
  let assemblyFormat = [{
    $input `scale` $scale (`zero` $zero^)? attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

def Tfm_DequantizeOp : Tfm_Op<"dequantize", [Pure]> {
  let summary = "The values of quantized numbers: (q - zero) * scale";
  let description = [{
    The difference is exact, the product rounds once to the result's type. Scale and
    zero points are laid out as those of `tfm.quantize`.

    - dequantize_c1: the result has the dims of the input
    - dequantize_c2: the scale has rank 0 without `axis`; with `axis`, which is one of the
      input's, it is a vector of as many elements; with `block` too, which is 1 or more,
      it has the input's dims but ceildiv(dim, block) at `axis`
    - dequantize_c3: the zero point has the scale's dims and the input's element type

    ```mlir
    %1 = tfm.dequantize %0 scale %s {axis = 0, block = 32}
        : (tensor<128x64xi4>, tensor<4x64xf32>) -> tensor<128x64xf32>
    ```
  }];
  let arguments = (ins Tfm_QuantizedTensor:$input, Tfm_WideFloatTensor:$scale,
                       Optional<Tfm_QuantizedTensor>:$zero,
                       OptionalAttr<I64Attr>:$axis, OptionalAttr<I64Attr>:$block);
  let results = (outs Tfm_WideFloatTensor:$result);
  let assemblyFormat = [{
    $input `scale` $scale (`zero` $zero^)? attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}
