// Plain ops that only move elements, and generators of index values.

def Tfm_ReshapeOp : Tfm_Op<"reshape", [Pure]> {
  let summary = "The same elements in row-major order under other dims";
  let description = [{
    - reshape_c1: one element type; the element counts can be equal with symbols of
      1 or more
  }];
  let arguments = (ins Tfm_Tensor:$input);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tfm_TransposeOp : Tfm_Op<"transpose", [Pure]> {
  let summary = "Axes in another order: result axis i is input axis perm[i]";
  let description = [{
    - transpose_c1: perm is a permutation of the axes; one element type
    - transpose_c2: the result's dims are the operand's, permuted
  }];
  let arguments = (ins Tfm_Tensor:$input, DenseI64ArrayAttr:$perm);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "$input `perm` $perm attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tfm_BroadcastOp : Tfm_Op<"broadcast", [Pure]> {
  let summary = "Repeats dims of extent 1, aligned at the last axis";
  let description = [{
    - broadcast_c1: one element type; each dim of the operand is 1 or the result's
  }];
  let arguments = (ins Tfm_Tensor:$input);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tfm_SliceOp : Tfm_Op<"slice", [Pure]> {
  let summary = "Elements start, start + step, ... of each axis";
  let description = [{
    Sizes are the result's dims; starts are clamped already and not negative.

    - slice_c1: as many starts and steps as axes, no step is 0; one rank and
      element type
    - slice_c2: the first and last element of each axis can be inside the operand
  }];
  let arguments = (ins Tfm_Tensor:$input, Tfm_DimsAttr:$starts, DenseI64ArrayAttr:$steps);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = [{
    $input `starts` $starts `steps` $steps attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tfm_ConcatOp : Tfm_Op<"concat", [Pure]> {
  let summary = "Operands one after another along an axis";
  let description = [{
    - concat_c1: at least one operand, one element type, 0 <= axis < rank
    - concat_c2: other dims are equal, the axis is the sum
  }];
  let arguments = (ins Variadic<Tfm_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "$inputs `axis` $axis attr-dict `:` functional-type($inputs, $result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tfm_GatherOp : Tfm_Op<"gather", [Pure]> {
  let summary = "Slices of an axis by index";
  let description = [{
    result[a..., i..., c...] = input[a..., indices[i...], c...]. Negative indices
    count from the end; one outside [-extent, extent) is an error of the run that
    names the step and the value.

    - gather_c1: 0 <= axis < rank; operand and result have one element type
    - gather_c2: the result's dims are input[:axis], indices, input[axis+1:]
  }];
  let arguments = (ins Tfm_Tensor:$input, Tfm_IntTensor:$indices, I64Attr:$axis);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "$input `,` $indices `axis` $axis attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

def Tfm_GatherElementsOp : Tfm_Op<"gather_elements", [Pure]> {
  let summary = "One element each: the index replaces the coordinate of one axis";
  let description = [{
    - gather_elements_c1: ranks agree, 0 <= axis < rank; operand and result have
      one element type
    - gather_elements_c2: the result has the dims of the indices
    - gather_elements_c3: off the axis the indices can have at most the operand's dims
  }];
  let arguments = (ins Tfm_Tensor:$input, Tfm_IntTensor:$indices, I64Attr:$axis);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "$input `,` $indices `axis` $axis attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

def Tfm_GatherNDOp : Tfm_Op<"gather_nd", [Pure]> {
  let summary = "Slices by index tuples, after `batch_dims` shared leading dims";
  let description = [{
    result[b..., i..., c...] = input[b..., indices[b..., i..., :], c...].

    - gather_nd_c1: the last dim of the indices is a number r, 0 <= batch_dims,
      batch_dims + r <= rank, batch_dims < rank of the indices; operand and result
      have one element type
    - gather_nd_c2: the leading batch_dims dims agree; the result's dims are
      indices[:-1] and input[batch_dims+r:]
  }];
  let arguments = (ins Tfm_Tensor:$input, Tfm_IntTensor:$indices, I64Attr:$batch_dims);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $indices `batch_dims` $batch_dims attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

def Tfm_PadOp : Tfm_Op<"pad", [Pure]> {
  let summary = "More elements before and after each axis; negative pads cut";
  let description = [{
    `value` (a scalar) fills in mode constant and is absent in the others.

    - pad_c1: one low and one high a dim; the result's dims are low + dim + high
    - pad_c2: value is a scalar (rank 0), given exactly in mode constant; value,
      operand and result have one element type
  }];
  let arguments = (ins Tfm_Tensor:$input, Optional<Tfm_Tensor>:$value, Tfm_PadModeAttr:$mode,
                       Tfm_DimsAttr:$low, Tfm_DimsAttr:$high);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = [{
    custom<Word>($mode) $input (`,` $value^)? `low` $low `high` $high attr-dict
    `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tfm_TileOp : Tfm_Op<"tile", [Pure]> {
  let summary = "The operand repeated along each axis";
  let description = [{
    result[i] = input[i mod dim]; the result's dims are multiples.

    - tile_c1: ranks and element types agree
    - tile_c2: each dim of the result can be a multiple of the operand's
  }];
  let arguments = (ins Tfm_Tensor:$input);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tfm_IotaOp : Tfm_Op<"iota", [Pure]> {
  let summary = "The integers start + i*step";
  let description = [{
    `progression` holds start and step.

    - iota_c1: two expressions, a rank-1 integer result
  }];
  let arguments = (ins Tfm_DimsAttr:$progression);
  let results = (outs Tfm_IntTensor:$result);
  let assemblyFormat = "$progression attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Tfm_TriluOp : Tfm_Op<"trilu", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Upper (col - row >= k) or lower (col - row <= k) triangle, zeros elsewhere";
  let description = [{
    - trilu_c1: rank 2 or more, one diagonal expression
  }];
  let arguments = (ins Tfm_Tensor:$input, Tfm_DimsAttr:$diagonal, UnitAttr:$upper);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "(`upper` $upper^)? $input `diagonal` $diagonal attr-dict `:` type($input)";
  let hasVerifier = 1;
}
