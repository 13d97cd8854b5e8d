// Weights, constants and what ties a function to its model.

def Tfm_WeightOp : Tfm_Op<"weight", [Symbol, IsolatedFromAbove,
    NoRegionArguments, SingleBlock, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A weight: bytes of a file, or a recipe over other weights";
  let description = [{
    Bytes never live in the IR. A stored weight names file, byte offset and
    length; a derived one has a recipe, a region of `tfm` ops over
    `tfm.get_weight` that is evaluated when the artifact is written.

    - weight_c1: a static type without encoding
    - weight_c2: either file, offset and length, or a recipe
    - weight_c3: length is the size of the type in bytes (4-bit types rounded up)
    - weight_c4: a recipe yields one value of the weight's type
    - weight_c5: no recipe depends on its own weight

    ```mlir
    tfm.weight @w : tensor<384x1536xf32> file "model.onnx" offset 1024 length 2359296
    tfm.weight @wt : tensor<1536x384xf32> recipe {
      %0 = tfm.get_weight @w : tensor<384x1536xf32>
      %1 = tfm.transpose %0 perm [1, 0] : tensor<384x1536xf32> -> tensor<1536x384xf32>
      tfm.yield %1 : tensor<1536x384xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type,
                       OptionalAttr<StrAttr>:$file, OptionalAttr<I64Attr>:$offset,
                       OptionalAttr<I64Attr>:$length);
  let regions = (region MaxSizedRegion<1>:$recipe);
  let assemblyFormat = [{
    $sym_name `:` $type (`file` $file^ `offset` $offset `length` $length)?
    (`recipe` $recipe^)? attr-dict
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Tfm_GetWeightOp : Tfm_Op<"get_weight", [Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The value of a weight";
  let description = [{
    - get_weight_c1: the symbol is a `tfm.weight` of the result's type
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

def Tfm_ConstantOp : Tfm_Op<"constant", [Pure, ConstantLike,
    AllTypesMatch<["value", "result"]>]> {
  let summary = "A small constant (at most 256 elements), or a splat";
  let description = [{
    - constant_c1: at most 256 elements unless it is a splat; the values are in the
      IR (`dense`), not in a resource
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Tfm_Tensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tfm_SymbolicOp : Tfm_Op<"symbolic", [Pure]> {
  let summary = "Integer expressions of symbols as a tensor";
  let description = [{
    What is left of a model's shape arithmetic: a scalar or vector of values that
    are known at bind.

    - symbolic_c1: the result is rank 0 with one expression, or rank 1 with as
      many as its extent

    ```mlir
    %0 = tfm.symbolic <batch, 12, sequence, 32> : tensor<4xi64>
    ```
  }];
  let arguments = (ins Tfm_DimsAttr:$values);
  let results = (outs Tfm_IntTensor:$result);
  let assemblyFormat = "$values attr-dict `:` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tfm_RequireOp : Tfm_Op<"require", []> {
  let summary = "An assumption about symbols, checked when dims are bound";
  let description = [{
    `values` holds two expressions, left and right of the relation; `sentence`
    says which input and node need it and ends the message that gives both values.

    - require_c1: two expressions

    ```mlir
    tfm.require le <sequence, 512> "position table of node 'Slice_12'"
    ```
  }];
  let arguments = (ins Tfm_ComparisonAttr:$relation, Tfm_DimsAttr:$values, StrAttr:$sentence);
  let assemblyFormat = "custom<Word>($relation) $values $sentence attr-dict";
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}

def Tfm_YieldOp : Tfm_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "Ends a recipe or a scalar region";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}
