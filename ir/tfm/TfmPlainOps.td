// Plain ops that compute: elementwise, contraction, reductions, scans, conv.

def Tfm_ElementwiseOp : Tfm_Op<"elementwise", [Pure]> {
  let summary = "A scalar operation on every element, with broadcasting";
  let description = [{
    The operation is a row of the scalar table; its meaning on one element is
    `applyFloat` or `applyInteger` there, rounded or narrowed once.

    - elementwise_c1: as many operands as the operation takes
    - elementwise_c2: all operands have one element type, which its class allows
    - elementwise_c3: the result's element type is i1 for comparisons and tests,
      else the operands'
    - elementwise_c4: the result's dims are the broadcast of the operands'

    ```mlir
    %2 = tfm.elementwise add(%0, %1)
        : (tensor<?x4xf32, #tfm.dims<batch, 4>>, tensor<4xf32>) -> tensor<?x4xf32, #tfm.dims<batch, 4>>
    ```
  }];
  let arguments = (ins Tfm_ScalarOpAttr:$op, Variadic<Tfm_Tensor>:$operands);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "custom<Word>($op) `(` $operands `)` attr-dict `:` functional-type($operands, $result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tfm_SelectOp : Tfm_Op<"select", [Pure]> {
  let summary = "Where the condition holds the first value, else the second; broadcasts";
  let description = [{
    The value not chosen has no influence, NaN and infinities included.

    - select_c1: both values and the result have one element type
    - select_c2: the result's dims are the broadcast of the operands'
  }];
  let arguments = (ins Tfm_BoolTensor:$condition, Tfm_Tensor:$trueValue, Tfm_Tensor:$falseValue);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = [{
    $condition `,` $trueValue `,` $falseValue attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tfm_CastOp : Tfm_Op<"cast", [Pure]> {
  let summary = "Another element type";
  let description = [{
    Float to integer truncates and saturates, NaN gives the smallest integer; any
    type to i1 is `!= 0`; integers narrow by wrapping; floats round to nearest even.

    - cast_c1: operand and result have the same dims
  }];
  let arguments = (ins Tfm_Tensor:$input);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tfm_MatmulOp : Tfm_Op<"matmul", [Pure]> {
  let summary = "Matrix product [..., M, K] x [..., K, N] with broadcast batch dims";
  let description = [{
    Both operands have rank 2 or more (rank-1 forms are reshaped by the importer).
    Floats accumulate in f32 or wider.

    - matmul_c1: both ranks are at least 2; one element type
    - matmul_c2: K of both is the same dim
    - matmul_c3: the result's dims are the broadcast batch dims, M and N
  }];
  let arguments = (ins Tfm_Tensor:$lhs, Tfm_Tensor:$rhs);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

def Tfm_SoftmaxOp : Tfm_Op<"softmax", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Along one axis exp(x - max) / sum";
  let description = [{
    A row that is all -inf gives NaN.

    - softmax_c1: 0 <= axis < rank
  }];
  let arguments = (ins Tfm_FloatTensor:$input, I64Attr:$axis);
  let results = (outs Tfm_FloatTensor:$result);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Tfm_ReduceOp : Tfm_Op<"reduce", [Pure]> {
  let summary = "Combines the elements along axes";
  let description = [{
    kinds: sum, mean, max, min, prod, l2 (square root of the sum of squares). An
    empty sum is 0, an empty product 1, an empty max or min the type's lowest or
    highest value, an empty mean NaN (0 for integers).

    - reduce_c1: axes are ascending and within the rank
    - reduce_c2: reduced dims are 1 with `keepdims`, else gone
    - reduce_c3: result and operand have one element type
  }];
  let arguments = (ins Tfm_ReduceKindAttr:$kind, Tfm_Tensor:$input, DenseI64ArrayAttr:$axes,
                       UnitAttr:$keepdims);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = [{
    custom<Word>($kind) $input `axes` $axes (`keepdims` $keepdims^)? attr-dict
    `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tfm_ArgReduceOp : Tfm_Op<"arg_reduce", [Pure]> {
  let summary = "Index of the largest or smallest element along an axis";
  let description = [{
    Of equal elements the first, or with `last` the last. NaN counts as the extremum.

    - arg_reduce_c1: kind is max or min
    - arg_reduce_c2: 0 <= axis < rank; the axis is 1 with `keepdims`, else gone
    - arg_reduce_c3: the result is i64
  }];
  let arguments = (ins Tfm_ReduceKindAttr:$kind, Tfm_Tensor:$input, I64Attr:$axis,
                       UnitAttr:$keepdims, UnitAttr:$last);
  let results = (outs Tfm_IntTensor:$result);
  let assemblyFormat = [{
    custom<Word>($kind) $input `axis` $axis (`keepdims` $keepdims^)? (`last` $last^)? attr-dict
    `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tfm_CumSumOp : Tfm_Op<"cumsum", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Running sum along an axis";
  let description = [{
    - cumsum_c1: 0 <= axis < rank
  }];
  let arguments = (ins Tfm_Tensor:$input, I64Attr:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = [{
    $input `axis` $axis (`exclusive` $exclusive^)? (`reverse` $reverse^)? attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

def Tfm_NonZeroOp : Tfm_Op<"nonzero", [Pure]> {
  let summary = "Coordinates of the elements that are not 0, in row-major order";
  let description = [{
    One vector of coordinates an axis. How many there are is data; the results'
    dim is what the caller says it is, a symbol that counts them: another number
    of elements is an error.

    - nonzero_c1: the operand has integers or booleans and rank 1 or more
    - nonzero_c2: one result an axis, each a vector of i64 with the same dim

    ```mlir
    %b, %s = tfm.nonzero %mask : (tensor<?x?xi64, #tfm.dims<batch, sequence>>)
        -> (tensor<?xi64, #tfm.dims<kept_rows>>, tensor<?xi64, #tfm.dims<kept_rows>>)
    ```
  }];
  let arguments = (ins Tfm_Tensor:$input);
  let results = (outs Variadic<Tfm_Tensor>:$coordinates);
  let assemblyFormat = "$input attr-dict `:` functional-type($input, $coordinates)";
  let hasVerifier = 1;
}

def Tfm_ConvOp : Tfm_Op<"conv", [Pure]> {
  let summary = "Convolution of [N, C, spatial...] with [O, C/group, kernel...]";
  let description = [{
    Zero padding; `pads` holds all begins, then all ends.
    out = floor((in + begin + end - dilation*(kernel-1) - 1) / stride) + 1.

    - conv_c1: ranks of input, weight and result agree and are 3 or more; one
      element type
    - conv_c2: strides and dilations have one entry a spatial dim, 1 or more; pads
      two, 0 or more
    - conv_c3: channels are weight's second dim times group, which divides O; bias
      is [O]
    - conv_c4: the result's dims follow the formula
  }];
  let arguments = (ins Tfm_FloatTensor:$input, Tfm_FloatTensor:$weight,
                       Optional<Tfm_FloatTensor>:$bias, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, I64Attr:$group);
  let results = (outs Tfm_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`,` $bias^)? `strides` $strides `pads` $pads `dilations` $dilations
    `group` $group attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}
