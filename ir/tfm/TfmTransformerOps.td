// Ops that passes raise to and code generation knows.

def Tfm_NormOp : Tfm_Op<"norm", [Pure, AttrSizedOperandSegments]> {
  let summary = "Layer or RMS normalization over the last axes, with an optional residual in front";
  let description = [{
    x = input (+ residual); over the axes from `axis` on:
    layer: (x - mean) / sqrt(variance + epsilon) * scale + bias;
    rms:   x / sqrt(mean(x^2) + epsilon) * scale.
    Sums in f32 or wider. `sum` gives x, for the next residual.

    - norm_c1: 0 <= axis < rank; all of input, residual, result, sum have one type
    - norm_c2: scale and bias broadcast to the operand and have its element type
    - norm_c3: rms has no bias
    - norm_c4: sum is present only with a residual
  }];
  let arguments = (ins Tfm_NormKindAttr:$kind, Tfm_FloatTensor:$input,
                       Optional<Tfm_FloatTensor>:$residual, Optional<Tfm_FloatTensor>:$scale,
                       Optional<Tfm_FloatTensor>:$bias, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs Tfm_FloatTensor:$result, Optional<Tfm_FloatTensor>:$sum);
  let assemblyFormat = [{
    custom<Word>($kind) $input (`residual` $residual^)? (`scale` $scale^)? (`bias` $bias^)? `axis` $axis
    `epsilon` $epsilon attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Tfm_LinearOp : Tfm_Op<"linear", [Pure, AttrSizedOperandSegments, SingleBlock]> {
  let summary = "Product x W + bias with a weight [K, N], an epilogue and an optional residual";
  let description = [{
    result[..., n] = epilogue(sum_k input[..., k] weight[k, n] + bias[n]) + residual[..., n].
    The epilogue is a scalar region of one argument; without it the value passes.

    The sums gather in f32 (f64 for f64) and are rounded once, to the result's type.

    With `scales` the weight is quantized: what is multiplied is
    (weight[k, n] - zeros[k div block, n]) * scales[k div block, n]. One scale a
    column is a block of K. The rows may be f8E4M3FN then, too: numbers times one scale, which
    the weight's scales have taken in (`raise-linear`).

    - linear_c1: the weight is [K, N] with K the operand's last dim and, without
      scales, of its element type; bias is [N]; bias, residual and result have any
      float type
    - linear_c2: result and residual have the operand's dims with N last
    - linear_c3: the epilogue maps one scalar of the type that the sums gather in to
      one and holds scalar ops only
    - linear_c4: with scales the weight is static, of i8, ui8, i4, ui4 or f8E4M3FN,
      and there is a block of 1 to K (1 where K is 0); scales are
      [K ceildiv block, N] of any float type, zeros are too, of the weight's type;
      without scales there are neither zeros nor a block

    ```mlir
    %y = tfm.linear %x, %w bias %b epilogue {
    ^bb0(%v: f32):
      %g = tfm.apply gelu(%v) : (f32) -> f32
      tfm.yield %g : f32
    } : (...) -> ...
    %z = tfm.linear %x, %q scales %s zeros %o {block = 32 : i64} : (tensor<1x768xf32>,
        tensor<768x384xui4>, tensor<24x384xf32>, tensor<24x384xui4>) -> tensor<1x384xf32>
    ```
  }];
  let arguments = (ins Tfm_FloatTensor:$input, Tfm_Tensor:$weight,
                       Optional<Tfm_FloatTensor>:$scales, Optional<Tfm_Tensor>:$zeros,
                       Optional<Tfm_FloatTensor>:$bias, Optional<Tfm_FloatTensor>:$residual,
                       OptionalAttr<I64Attr>:$block);
  let results = (outs Tfm_FloatTensor:$result);
  let regions = (region MaxSizedRegion<1>:$epilogue);
  let builders = [
    /// A weight of floats.
    OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$input, "::mlir::Value":$weight,
                   "::mlir::Value":$bias, "::mlir::Value":$residual), [{
      build($_builder, $_state, result, input, weight, /*scales=*/nullptr, /*zeros=*/nullptr,
            bias, residual, /*block=*/nullptr);
    }]>
  ];
  let extraClassDeclaration = [{
    /// The weight has scales; then it has a block too.
    bool isQuantized() { return static_cast<bool>(getScales()); }
  }];
  let assemblyFormat = [{
    $input `,` $weight (`scales` $scales^ (`zeros` $zeros^)?)? (`bias` $bias^)? (`residual` $residual^)? (`epilogue` $epilogue^)? attr-dict
    `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Tfm_AttentionOp : Tfm_Op<"attention", [Pure, AttrSizedOperandSegments, SingleBlock]> {
  let summary = "Attention: softmax(score_mod(scale q k^T)) v, never materialized";
  let description = [{
    q [B, S, H, D], k [B, T, G, D], v [B, T, G, E] give [B, S, H, E]; query head h
    reads key head h floordiv (H/G). `score_mod` maps the scaled score of one
    (b, h, q, k) to the argument of the softmax; it may load any tensor of the
    function. `terms` names what was recognized in it (`causal`, `key_valid`,
    `key_bias`, `table`, ...): how to run it faster, never what it means.
    `empty_rows` says what a row gives none of whose keys is kept: `scores` (the
    fill is too small to absorb a score: nothing special happens), `mean` (a finite
    fill that absorbs: the mean over the keys whose score is finite), `nan` (-inf),
    `zero` (guarded).

    With `keys` query [b, q] has the keys from `key_begin[b, q]` up to, not with,
    `key_end[b, q]` alone, as if there were no others; without any its row is 0.
    Sequences of several lengths in one batch row are written so.

    With `pages` [B, P] keys and values lie in pages of a cache, k [N, C, G, D] and
    v [N, C, G, E]: key t of batch row b is row t mod C of page
    pages[b, t floordiv C], counted from the end where that is negative, and T is
    P * C. A page may be any row's, and several times. Numbers outside of -N to
    N - 1 are errors where the key is looked at.

    - attention_c1: q, k and v have rank 4 and one element type; B (without pages),
      T, D, heads agree, H is a multiple of G
    - attention_c2: the result is [B, S, H, E] of any float type
    - attention_c3: score_mod takes (float, i64 b, h, q, k), yields that float and
      holds scalar ops only
    - attention_c4: key_begin and key_end are both there or neither, [B, S] of i64
    - attention_c5: pages are [B, P] of i32 or i64, and come without key_begin; k and
      v have as many pages of as many rows
  }];
  let arguments = (ins Tfm_FloatTensor:$query, Tfm_FloatTensor:$key, Tfm_FloatTensor:$value,
                       Optional<Tfm_Tensor>:$pages, Optional<Tfm_Tensor>:$key_begin,
                       Optional<Tfm_Tensor>:$key_end, F64Attr:$scale, StrArrayAttr:$terms,
                       Tfm_EmptyRowsAttr:$empty_rows);
  let results = (outs Tfm_FloatTensor:$result);
  let regions = (region MaxSizedRegion<1>:$score_mod);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`pages` $pages^)? (`keys` $key_begin^ `to` $key_end)? `scale` $scale `terms` $terms `empty_rows` custom<Word>($empty_rows)
    (`score_mod` $score_mod^)? attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Tfm_FusedOp : Tfm_Op<"fused", [Pure, SingleBlock]> {
  let summary = "A tensor given by what one generic element computes";
  let description = [{
    The region's arguments are the coordinates of one element of the result; it
    loads from any tensors of the function and yields the element. Everything
    elementwise and everything that only moves elements ends here.

    - fused_c1: one i64 argument an axis; the yielded scalar is of the element
      type (i64 for integers)
    - fused_c2: the region holds scalar ops only

    ```mlir
    %0 = tfm.fused {
    ^bb0(%b: i64, %s: i64, %c: i64):
      %id = tfm.load %ids[%b, %s] : tensor<?x?xi64, #tfm.dims<batch, sequence>> -> i64
      %rows = arith.constant 30522 : i64
      %at = tfm.check_index %id, %rows
      %x = tfm.load %table[%at, %c] : tensor<30522x384xf32> -> f32
      tfm.yield %x : f32
    } : tensor<?x?x384xf32, #tfm.dims<batch, sequence, 384>>
    ```
  }];
  let results = (outs Tfm_Tensor:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$body attr-dict `:` type($result)";
  let hasRegionVerifier = 1;
}
