// The tfm dialect, its attributes and the op base classes.
#ifndef INGOT_TFM_BASE
#define INGOT_TFM_BASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Tfm_Dialect : Dialect {
  let name = "tfm";
  let cppNamespace = "::ingot::tfm";
  let summary = "What a Transformer computes, on tensors with symbolic dims";
  let description = [{
    Value semantics on ranked tensors. Two layers in one dialect: plain ops that
    the importer makes, with ONNX's opset differences already resolved, and
    Transformer ops that passes raise to and code generation knows.

    **Dims.** A tensor with a dim that is not a number carries all its dims as
    integer expressions of symbols in its encoding:
    `tensor<?x?x768xf32, #tfm.dims<batch, sequence, 768>>`. A fully static
    tensor has no encoding. Expressions are normalized, so equal dims are the
    same attribute.

    **Broadcasting** is NumPy's wherever an op says that it broadcasts. An unknown
    dim is never silently taken for 1: two dims neither of which is the number 1
    are equal, as the same expression or because a `tfm.require` has it checked at
    bind. So verifiers refuse two dims only where no values of the symbols make
    them equal; a dim that merely passes through an op must be the same expression.

    **Scalar regions** hold the arithmetic of one element: `tfm.apply`,
    `tfm.choose`, `tfm.convert`, `tfm.load`, `tfm.check_index`, `tfm.symbol`,
    `arith.constant`. In them an integer is i64, a boolean i1, a float keeps its
    type.

    **Functions.** An entry point is a `func.func` whose attribute `tfm.symbols` lists
    the symbols of its dims and where each is read; `tfm.name` on arguments and results
    is the model's name of an input or output.

    - symbols_c1: an array of `#tfm.symbol` on a function, each name once
    - symbols_c2: a symbol is read from a dim that the argument has, or is the value
      of an argument of integers or a number of its elements
    - name_c1: a string
  }];
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = "void registerAttributes(); void registerInterfaces();";
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

class Tfm_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Tfm_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Tfm_DimsAttr : Tfm_Attr<"Dims", "dims", [
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "Integer expressions of symbols, one a dim";
  let description = [{
    A list of normalized integer expressions. As the encoding of a tensor type it
    gives every dim; as an attribute of an op it gives starts, values and the
    like. Grammar: numbers, symbols (quoted where they are no identifiers),
    `+ - *`, `floordiv`, `ceildiv` and `mod` (which round down), `truncdiv`,
    `max(a, b)`, `min(a, b)`, `abs(a)`, `sign(a)`, `wrap(i, n)`, `()`. What has
    conditions is in quotes: `expr("select(a >= b, a, 0)")`.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$exprs);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The canonical text of expression `i`.
    ::llvm::StringRef text(unsigned i) const { return getExprs()[i].getValue(); }
    size_t size() const { return getExprs().size(); }
    /// The number `i` is, if it is one.
    std::optional<int64_t> constant(unsigned i) const;
    /// All expressions are numbers.
    bool isStatic() const;
    static DimsAttr get(::mlir::MLIRContext *context,
                        ::llvm::ArrayRef<std::string> texts);
    static DimsAttr get(::mlir::MLIRContext *context,
                        ::llvm::ArrayRef<int64_t> values);
  }];
}

def Tfm_ScalarOpAttr : Tfm_Attr<"ScalarOp", "op"> {
  let summary = "An operation of the scalar table (ir/scalar/ScalarOps.def)";
  let parameters = (ins "::ingot::ScalarOp":$value);
  let hasCustomAssemblyFormat = 1;
}

def Tfm_SymbolAttr : Tfm_Attr<"Symbol", "symbol"> {
  let summary = "A symbol of an entry point: its name, range and source";
  let description = [{
    `max` is -1 where there is no bound. `input` and `axis` say where the value
    is read at bind: dim `axis` of function argument `input`; with `axis` = -1
    the symbol is the value of a one-element integer input, with -2 the number of
    elements of an integer or boolean input that are not 0.
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "int64_t":$min, "int64_t":$max,
                        "int64_t":$input, "int64_t":$axis);
  let assemblyFormat = "`<` $name `,` $min `,` $max `,` $input `,` $axis `>`";
  let extraClassDeclaration = [{
    static constexpr int64_t kValueAxis = -1, kCountAxis = -2;
    bool isValue() const { return getAxis() == kValueAxis; }
    bool isCount() const { return getAxis() == kCountAxis; }
  }];
  let genVerifyDecl = 1;
}

class Tfm_Enum<string name, string enumSummary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, enumSummary, cases> {
  let cppNamespace = "::ingot::tfm";
  let genSpecializedAttr = 0;
}
class Tfm_EnumAttr<I32EnumAttr enumInfo, string attrMnemonic>
    : EnumAttr<Tfm_Dialect, enumInfo, attrMnemonic> {
  let assemblyFormat = "$value";
}

def Tfm_ReduceKind : Tfm_Enum<"ReduceKind", "how a reduction combines", [
    I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">,
    I32EnumAttrCase<"Max", 2, "max">, I32EnumAttrCase<"Min", 3, "min">,
    I32EnumAttrCase<"Prod", 4, "prod">, I32EnumAttrCase<"L2", 5, "l2">]>;
def Tfm_ReduceKindAttr : Tfm_EnumAttr<Tfm_ReduceKind, "reduce_kind">;

def Tfm_PadMode : Tfm_Enum<"PadMode", "what a pad puts outside", [
    I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"Reflect", 1, "reflect">,
    I32EnumAttrCase<"Edge", 2, "edge">, I32EnumAttrCase<"Wrap", 3, "wrap">]>;
def Tfm_PadModeAttr : Tfm_EnumAttr<Tfm_PadMode, "pad_mode">;

def Tfm_NormKind : Tfm_Enum<"NormKind", "which normalization", [
    I32EnumAttrCase<"Layer", 0, "layer">, I32EnumAttrCase<"Rms", 1, "rms">]>;
def Tfm_NormKindAttr : Tfm_EnumAttr<Tfm_NormKind, "norm_kind">;

def Tfm_EmptyRows : Tfm_Enum<"EmptyRows", "what a row without kept keys gives", [
    I32EnumAttrCase<"Scores", 0, "scores">, I32EnumAttrCase<"Mean", 1, "mean">,
    I32EnumAttrCase<"NaN", 2, "nan">, I32EnumAttrCase<"Zero", 3, "zero">]>;
def Tfm_EmptyRowsAttr : Tfm_EnumAttr<Tfm_EmptyRows, "empty_rows">;

def Tfm_Comparison : Tfm_Enum<"Comparison", "relation of a requirement", [
    I32EnumAttrCase<"Eq", 0, "eq">, I32EnumAttrCase<"Le", 1, "le">]>;
def Tfm_ComparisonAttr : Tfm_EnumAttr<Tfm_Comparison, "comparison">;

// Element types of the design; signless integers are signed, i1 is the boolean.
// A verifier of each op narrows them.
def Tfm_Float : AnyTypeOf<[F64, F32, F16, BF16, F8E4M3FN, F8E5M2], "float">;
def Tfm_Int : AnyTypeOf<[I64, I32, I16, I8, I<4>, UI64, UI32, UI16, UI8, UI<4>, I1], "integer">;

class Tfm_TensorOf<list<Type> elements> : RankedTensorOf<elements,
    [CPred<"::ingot::tfm::hasDims(::llvm::cast<::mlir::RankedTensorType>($_self))">],
    "ranked tensor, with #tfm.dims where a dim is no number,">;
def Tfm_Tensor : Tfm_TensorOf<[Tfm_Float, Tfm_Int]>;
def Tfm_FloatTensor : Tfm_TensorOf<[Tfm_Float]>;
def Tfm_IntTensor : Tfm_TensorOf<[Tfm_Int]>;
def Tfm_BoolTensor : Tfm_TensorOf<[I1]>;
def Tfm_Scalar : AnyTypeOf<[Tfm_Float, I64, I1]>;
// What a scalar region loads from; in a kernel a flat tensor of unknown size.
def Tfm_LoadedTensor : RankedTensorOf<[Tfm_Float, Tfm_Int]>;

class Tfm_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tfm_Dialect, mnemonic, traits>;

#endif
