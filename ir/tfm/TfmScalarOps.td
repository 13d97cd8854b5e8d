// Scalar ops: what the regions of other ops hold.

def Tfm_ApplyOp : Tfm_Op<"apply", [Pure]> {
  let summary = "An operation of the scalar table on scalars";
  let description = [{
    - apply_c1: as many operands as the operation takes, of one type its class
      allows; the result is i1 for comparisons and tests, else that type
  }];
  let arguments = (ins Tfm_ScalarOpAttr:$op, Variadic<Tfm_Scalar>:$operands);
  let results = (outs Tfm_Scalar:$result);
  let assemblyFormat = "custom<Word>($op) `(` $operands `)` attr-dict `:` functional-type($operands, $result)";
  let hasVerifier = 1;
}

def Tfm_ChooseOp : Tfm_Op<"choose", [Pure,
    AllTypesMatch<["trueValue", "falseValue", "result"]>]> {
  let summary = "The first value where the condition holds, else the second";
  let description = [{
    The value not chosen may have been computed from coordinates outside its
    tensor: loads under a condition must not trap.
  }];
  let arguments = (ins I1:$condition, Tfm_Scalar:$trueValue, Tfm_Scalar:$falseValue);
  let results = (outs Tfm_Scalar:$result);
  let assemblyFormat = "$condition `,` $trueValue `,` $falseValue attr-dict `:` type($result)";
  let hasFolder = 1;
}

def Tfm_ConvertOp : Tfm_Op<"convert", [Pure]> {
  let summary = "A scalar in another type, by the rules of `tfm.cast`";
  let arguments = (ins Tfm_Scalar:$input);
  let results = (outs Tfm_Scalar:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let hasFolder = 1;
}

def Tfm_LoadOp : Tfm_Op<"load", [Pure]> {
  let summary = "One element of a tensor";
  let description = [{
    Integers of any width come as i64. Coordinates are inside their axes wherever
    the value is chosen: proven, or made so by `tfm.check_index`.

    - load_c1: one coordinate an axis
    - load_c2: the result is the element type (i64 for integers, i1 for booleans)
  }];
  let arguments = (ins Tfm_LoadedTensor:$tensor, Variadic<I64>:$coordinates);
  let results = (outs Tfm_Scalar:$result);
  let assemblyFormat = [{
    $tensor `[` $coordinates `]` attr-dict `:` type($tensor) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tfm_SymbolOp : Tfm_Op<"symbol", [Pure]> {
  let summary = "The value of an integer expression of symbols";
  let description = [{
    - symbol_c1: one expression
  }];
  let arguments = (ins Tfm_DimsAttr:$expr);
  let results = (outs I64:$result);
  let assemblyFormat = "$expr attr-dict";
  let hasVerifier = 1;
}

def Tfm_CheckIndexOp : Tfm_Op<"check_index", [Pure]> {
  let summary = "A coordinate made safe: negative counts from the end, outside is an error";
  let description = [{
    Gives index + (index < 0 ? extent : 0) where index is in [-extent, extent), else
    reports the index to the run's status word and gives 0.
  }];
  let arguments = (ins I64:$index, I64:$extent);
  let results = (outs I64:$result);
  let assemblyFormat = "$index `,` $extent attr-dict";
}
