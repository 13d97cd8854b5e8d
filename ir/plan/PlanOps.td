// The plan dialect: how a model runs. Kernels, buffers, steps in order.
#ifndef INGOT_PLAN_OPS
#define INGOT_PLAN_OPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "ir/plan/PlanEnums.td"
include "ir/tfm/TfmBase.td"

def Plan_Dialect : Dialect {
  let name = "plan";
  let cppNamespace = "::ingot::plan";
  let summary = "How a model runs: kernels, buffers, order";
  let description = [{
    A `plan.program` is one entry point for one target: buffers, requirements and
    straight-line steps. Sizes, offsets, grids and scalars are integer expressions
    of the entry's symbols (`#tfm.dims`), evaluated once when dims are bound.
    Kernels are symbols of the module, named by op and key and shared by all steps
    of that key.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::ingot::tfm::TfmDialect"];
  let extraClassDeclaration = "void registerAttributes(); void registerTypes();";
}

def Plan_BufferType : TypeDef<Plan_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "A range of bytes with one role";
}

def Plan_BufferKindAttr : EnumAttr<Plan_Dialect, Plan_BufferKind, "buffer_kind"> {
  let assemblyFormat = "$value";
}

def Plan_FamilyAttr : EnumAttr<Plan_Dialect, Plan_Family, "family"> {
  let assemblyFormat = "$value";
}

class Plan_Op<string mnemonic, list<Trait> traits = []>
    : Op<Plan_Dialect, mnemonic, traits>;

def Plan_KernelOp : Plan_Op<"kernel", [Symbol, IsolatedFromAbove]> {
  let summary = "A kernel: a family, its key and the scalar regions in it";
  let description = [{
    The kernel's arguments at a launch are, in order: `num_outs` output pointers, two
    pointers to a workspace where it has `splits`, `ins` input pointers, `num_scalars`
    i64 scalars.

    An **extent** (and a stride) is a number if >= 0; the number -1-k stands for
    scalar k.

    Every region has the family's leading arguments, then one flat 1-D tensor
    `tensor<?xT>` an input, then one i64 a scalar. Loads in it take one flat
    element offset. Region results are scalars; integers are i64 and are narrowed
    to the output's type when stored. `out_types` gives the element type of each
    output. The last region of a family but attention and nonzero yields one scalar an output;
    a region 0 before another yields one, which is the other's first argument (the
    i64 position for argmax and argmin).

    | family | leading arguments of region 0 | params and further regions |
    | --- | --- | --- |
    | map | i64 an extent | `extents`; out dense row-major over them. `chunk`: rows (all extents but the last, flattened) a task; for rank 1, elements a task |
    | reduce | i64 an extent, i64 a reduced extent | `extents`, `reduce_extents`, `kind` (sum mean max min prod l2 argmax argmin, the last two with `last`); `chunk` as map. region 1 (optional): finalize(acc, i64 an extent) |
    | scan | i64 an extent | `extents`, `axis`, `exclusive`, `reverse`; running sum of the yielded value along the axis; `chunk`: flattened other coordinates a task |
    | softmax | i64 an extent | `extents`, last is the row; region 1 (optional): epilogue(probability, i64 an extent); `chunk`: rows a task |
    | norm | i64 an extent | `extents`, last is the row; `kind` layer or rms, `epsilon`; region 1: epilogue(normalized, i64 an extent). With `copy` the last output is output 0, which is f32, rounded to its type; a second output beside stores region 0's value; `chunk`: rows a task |
    | linear | f32 acc, i64 m, i64 n | in 0: A row-major [M, K] with row stride `lda`; in 1: W of the same type, for x86-64 packed [ceil(N/48)][K][48], in pairs [ceil(N/48)][K/2][48][2] where it has 16 bits, and [N][K] for cuda; `m` (extent), `n`, `k`; out [M, N] dense; `rows`, `panels` a task, panels fastest; `block`, `zeros`, `math`, `splits` |
    | attention | f32 score, i64 b, h, q, k | in 0..2: q, k, v of one type; `batch heads queries keys` (extents), `d`, `dv`, `group`, `scale`; `q_strides k_strides v_strides` = [b, row, head] in elements, d contiguous; out [B, S, H, DV] dense; `rows`: query rows a task, `empty_rows`, `causal_keys`, `key_bounds`, `page_rows`, `pages`, `cached_pages`, `math`, `splits` |
    | nonzero | i64 an extent | `extents`, `count` (extent); region 0 says (i1) which elements are kept. Out i, i64 [count]: coordinate i of each, in row-major order; of more than `count` the first, after fewer zeros. One task |
    | arrange | | no region; for cuda, at load. In 0: W [K, N] of i8, ui8, i4, ui4 or f8E4M3FN, 1: its scales, f32 [ceil(K/block), N], with `zeros` 2: its zeros, i8 or ui8 of the same shape, row-major, or with `panel` (48) packed as a linear's W for x86-64. Out 0, ui8: the units of W, 1, f32: scales, with `zeros` 2, ui32: words of zeros, in the order of `kernels/quant.cuh`; `n`, `k`, `block`, `zeros`, `panel` |

    | linear_norm | f32 acc, i64 m, i64 n | for cuda: a linear of 16 bits, W as [N][K], whose rows are normalized. Region 0 is the linear's and yields f32; region 1: epilogue(normalized, i64 m, i64 n). `m` (extent), `n`, `k`, `lda`; `kind`, `epsilon`, `copy` and outs as norm; `columns` a block; `taken`: at how many rows it is launched: from the first number on, not from the second, from the third again and so on |

    Params are integers of 1 or more (`chunk`, `rows`, `panels`, `panel`, `n`, `k`, `block`, `d`, `dv`,
    `columns`, `group`), extents (`m`, `lda`, `batch`, ...), arrays of extents, of numbers (`taken`), floats (`epsilon`,
    `scale`), strings (`kind`, `empty_rows`, `math`) and flags (`exclusive`, `reverse`, `last`, `zeros`, `key_bounds`: a
    unit or boolean, absent where false).

    `causal_keys` (an extent, or absent) promises of region 0 that query q keeps none
    of the keys from q + causal_keys on: their scores are -inf, or with `empty_rows`
    mean -1e30 or less. Kernels need not look at them, in the latter case in rows
    with a greater score; what is no number in a key or value is then not seen.

    `key_bounds`: inputs 3 and 4, i64 [B, S], are the first key of each query and
    where its keys end; others are as if they were not there. Bounds lie in 0 to
    `keys`, which is below 2^31.

    `page_rows` (an extent, or absent; for cuda): k and v lie in pages of so many rows, of
    which the caches have `cached_pages`, and a batch row `pages` (extents): keys are
    pages * page_rows, their strides [page, row of it, head], and input 3, i32 or i64
    [B, pages], is the page of each page_rows keys, from the end where negative. Others
    than those of the cache are reported as `tfm.check_index` does.

    `splits` (an extent, or absent; for cuda) is in how many parts blocks share a
    task: K, or the keys. The workspace has room for an f32 result a part, M * N, or
    batch * heads * queries * (dv + 2), where there are several, and u32 counters, one
    a task, which are zero before and after a launch.

    `block` (a count, or absent; of linear): W is quantized, of i8, ui8, i4, ui4 or, for cuda, f8E4M3FN (for x86-64
    packed [ceil(N/48)][K][48], 4 bits in pairs [ceil(N/48)][ceil(K/2)][48][2] with the first in
    the low half of the byte). In 2: its scales, f32 [ceil(K/block), N]; with the flag `zeros` in 3:
    its zeros, i8 where W is signed, else ui8, of the same shape; both packed as a W. For cuda all three
    are what `arrange` made of such; but for rows of f8E4M3FN, which sm_90a alone multiplies, by weights of
    f8E4M3FN in blocks of 128 or all of K, a multiple of 16: then W is [N][K] and its scales lie plain. What is multiplied is
    (W[k, n] - zeros[k div block, n]) * scales[k div block, n].

    linear and attention multiply operands of f32, bf16 or f16 and add up in f32;
    scores and softmax are f32. `math` is absent (products are exact, but that
    bf16 and f16 attention may round a row's weights to the type of the values)
    or "tf32": operands of f32 that a kernel may round to tf32.

    - kernel_c1: as many inputs, outputs, regions, and arguments of every region, as
      the table says; operands of linear and attention have one type, f32, bf16
      or f16; of a linear with `block` in 1 to 3 and of arrange all have the types
      that it says
    - kernel_c2: params of the family are present, of their kind, `pages` and
      `cached_pages` with `page_rows`; extents name scalars there are; `block` of arrange is one that the order has: all of K, or
      a multiple of 16 that divides the rows of a unit (64 of 4 bits, 32 of 8) or
      is a multiple of them
    - kernel_c3: regions yield what the table says; a float is rounded to 8 bits where
      the last region of a map, linear or norm yields it, and not before
    - kernel_c4: regions hold scalar ops only, and no `tfm.symbol`: a kernel gets
      symbols as scalars

    ```mlir
    plan.kernel map @relu_f32 outs [f32] ins [f32] scalars 1 params {extents = array<i64: -1, 4>, chunk = 64 : i64} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %rows: i64):
      %four = arith.constant 4 : i64
      %r = tfm.apply mul(%i, %four) : (i64, i64) -> i64
      %at = tfm.apply add(%r, %j) : (i64, i64) -> i64
      %v = tfm.load %x[%at] : tensor<?xf32> -> f32
      %y = tfm.apply relu(%v) : (f32) -> f32
      tfm.yield %y : f32
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Plan_FamilyAttr:$family,
                       TypeArrayAttr:$out_types, TypeArrayAttr:$in_types,
                       I64Attr:$num_scalars, DictionaryAttr:$params);
  let regions = (region VariadicRegion<SizedRegion<1>>:$bodies);
  let assemblyFormat = [{
    custom<Word>($family) $sym_name `outs` $out_types `ins` $in_types `scalars` $num_scalars
    `params` $params attr-dict-with-keyword $bodies
  }];
  let extraClassDeclaration = [{
    size_t numOuts() { return getOutTypes().size(); }
    size_t numIns() { return getInTypes().size(); }
    /// A linear whose W has scales.
    bool isQuantized() {
      return getFamily() == Family::Linear && getParams().contains("block");
    }
    /// Of a linear: inputs from 1 on that are W, its scales and zeros.
    size_t numWeights();
    bool hasSplits() { return getParams().contains("splits"); }
    /// Of a launch: outputs, workspace, inputs.
    size_t numWorkspace() { return hasSplits() ? 2 : 0; }
    size_t numBuffers() { return numOuts() + numWorkspace() + numIns(); }
    ::mlir::Type outType(unsigned i) {
      return ::llvm::cast<::mlir::TypeAttr>(getOutTypes()[i]).getValue();
    }
    ::mlir::Type inType(unsigned i) {
      return ::llvm::cast<::mlir::TypeAttr>(getInTypes()[i]).getValue();
    }
    /// Values of `params`, which must be there.
    int64_t param(::llvm::StringRef name);
    ::llvm::ArrayRef<int64_t> paramArray(::llvm::StringRef name);
    double paramReal(::llvm::StringRef name);
    ::llvm::StringRef paramText(::llvm::StringRef name);
    bool paramFlag(::llvm::StringRef name); ///< false where absent
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Plan_ProgramOp : Plan_Op<"program", [Symbol, IsolatedFromAbove, NoTerminator,
    SingleBlock, NoRegionArguments]> {
  let summary = "One entry point for one target";
  let description = [{
    `inputs` and `outputs` are dictionaries {name, type} in the order of the
    interface; a type is the tensor type with its dims. `target` is "x86-64", or
    "cuda" for all GPUs. Programs for several targets have names of their own; then
    `entry` is the name of the entry point they have in common.

    - program_c1: inputs and outputs are dictionaries of a string `name` and a
      ranked tensor `type`; no name comes twice among the inputs or the outputs
    - program_c2: symbols are `#tfm.symbol`, each name once, read from an input there is
    - program_c3: the body holds buffers, requirements and launches

    ```mlir
    plan.program @main target "x86-64" symbols [#tfm.symbol<"batch", 0, -1, 0, 0>]
        inputs [{name = "x", type = tensor<?x4xf32, #tfm.dims<batch, 4>>} ]
        outputs [{name = "y", type = tensor<?x4xf32, #tfm.dims<batch, 4>>} ] {
      %x = plan.buffer input 0 size <16*batch>
      %y = plan.buffer output 0 size <16*batch>
      plan.launch @relu grid <batch> (%y, %x) offsets <0, 0>
          scalars <batch> flops <4*batch> bytes <32*batch> sources ["Relu_0"]
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<StrAttr>:$entry, StrAttr:$target,
                       ArrayAttr:$symbols, ArrayAttr:$inputs, ArrayAttr:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name (`entry` $entry^)? `target` $target `symbols` $symbols `inputs` $inputs `outputs` $outputs
    attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    ::llvm::StringRef entryName() { return getEntry().value_or(getSymName()); }
    bool isForCuda() { return getTarget() == "cuda"; }
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Plan_BufferOp : Plan_Op<"buffer", [HasParent<"ProgramOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A buffer: its role and size in bytes";
  let description = [{
    `number` is the position in the interface of an input or output, the slot of a
    scratch buffer (-1 until `assign-slots` ran); `weight` names the weight.
    `layout` of a weight is "plain", or of a matrix [K, N] "panels48"
    ([ceil(N/48)][K][48]; of 16-bit and 4-bit elements [ceil(N/48)][ceil(K/2)][48][2]) or "rows"
    ([N][K]). A buffer of kind model is written by
    launches marked `init` and read by all others; its number is any, once a program.
    A buffer of kind state keeps its bytes from run to run, of all programs that have
    its number and then its size; they are zero at first.

    - buffer_c1: one size expression
    - buffer_c2: weight is given exactly for kind weight; layout is plain,
      panels48 or rows and only a weight has one
    - buffer_c3: the number of an input or output is a position in the interface of
      its program
    - buffer_c4: the weight is a `tfm.weight`
  }];
  let arguments = (ins Plan_BufferKindAttr:$kind, Tfm_DimsAttr:$size, I64Attr:$number,
                       OptionalAttr<FlatSymbolRefAttr>:$weight, OptionalAttr<StrAttr>:$layout);
  let results = (outs Plan_BufferType:$result);
  let assemblyFormat = [{
    custom<Word>($kind) $number `size` $size (`weight` $weight^)? (`layout` $layout^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Plan_RequireOp : Plan_Op<"require", [HasParent<"ProgramOp">]> {
  let summary = "As tfm.require: checked when dims are bound";
  let description = [{
    - plan_require_c1: two expressions
  }];
  let arguments = (ins Tfm_ComparisonAttr:$relation, Tfm_DimsAttr:$values, StrAttr:$sentence);
  let assemblyFormat = "custom<Word>($relation) $values $sentence attr-dict";
  let hasVerifier = 1;
}

def Plan_LaunchOp : Plan_Op<"launch", [HasParent<"ProgramOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "One step: a grid of one kernel";
  let description = [{
    `buffers` are the kernel's outputs, its workspace (partial sums, counters) and its
    inputs; `offsets` has the byte offset of each. An empty grid is skipped. For cuda, where `chunk` is 1, blocks
    take several tasks of map, reduce, scan, softmax and norm at a time: how many is
    said by the kernel's stub. `flops` and `bytes` are what `bench`
    reports; `sources` names the model's nodes. A launch marked `init` runs once per
    loaded model, before all runs.

    - launch_c1: the kernel exists; buffers and scalars are as many as it takes
    - launch_c2: one offset a buffer, 1 to 3 grid dims
    - launch_c3: flops and bytes are one expression each
    - launch_c4: init launches use weights and model buffers only; others do not
      write model buffers
    - launch_c5: W of linear, its scales and zeros are weights or model buffers:
      kernels read them before the launches before them are done
    - launch_c6: after a launch of linear_norm come those of the linear and the norm
      that it is of. At the rows that `taken` says, on GPUs that have such kernels
      (sm_90a), it takes their place, else they run and it does not
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Tfm_DimsAttr:$grid,
                       Variadic<Plan_BufferType>:$buffers, Tfm_DimsAttr:$offsets,
                       Tfm_DimsAttr:$scalars, Tfm_DimsAttr:$flops, Tfm_DimsAttr:$bytes,
                       StrArrayAttr:$sources, UnitAttr:$init);
  let assemblyFormat = [{
    $kernel `grid` $grid ` ` `(` $buffers `)` `offsets` $offsets `scalars` $scalars
    `flops` $flops `bytes` $bytes `sources` $sources attr-dict
  }];
  let hasVerifier = 1;
}

#endif
