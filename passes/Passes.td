// Every pass: what it turns into what. Order is in Pipelines.cpp alone.
#ifndef INGOT_PASSES
#define INGOT_PASSES

include "mlir/Pass/PassBase.td"

class Ingot_Pass<string arg> : Pass<arg, "::mlir::ModuleOp"> {
  let dependentDialects = ["::ingot::tfm::TfmDialect", "::mlir::arith::ArithDialect"];
}

def ResolveShapes : Ingot_Pass<"resolve-shapes"> {
  let summary = "Shape arithmetic becomes symbol expressions";
  let description = [{
    An integer scalar or vector, or a float scalar, whose elements lift to
    expressions of symbols is replaced by `tfm.constant` or `tfm.symbolic`.

    ```mlir
    %0 = tfm.symbolic #tfm.dims<batch, sequence> : tensor<2xi64>
    %1 = tfm.gather %0, %c1 axis 0 : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
    // becomes
    %1 = tfm.symbolic #tfm.dims<sequence> : tensor<i64>
    ```
  }];
}

def NormalizeAxes : Ingot_Pass<"normalize-axes"> {
  let summary = "Softmax is over the last axis";
  let description = [{
    A softmax over an inner axis is one over the last between two transposes,
    which cost nothing once they are read through.
  }];
}

def FuseElementwise : Ingot_Pass<"fuse-elementwise"> {
  let summary = "Chains of elementwise ops and moves become one `tfm.fused` each";
  let description = [{
    What an op that computes (`linear`, `norm`, `reduce`, ...) or the caller
    reads, and what is too dear to compute twice, is materialized: as a
    `tfm.fused` whose region holds the whole chain behind it. A plain reshape
    stays a reshape, it costs nothing.

    ```mlir
    %1 = tfm.elementwise mul(%a, %b) : ...
    %2 = tfm.transpose %1 perm [1, 0] : ...
    return %2
    // becomes
    %2 = tfm.fused {
    ^bb0(%i: i64, %j: i64):
      %x = tfm.load %a[%j, %i] : ...
      %y = tfm.load %b[%j, %i] : ...
      %z = tfm.apply mul(%x, %y) : (f32, f32) -> f32
      tfm.yield %z : f32
    } : ...
    ```
  }];
}

def RaiseNorm : Ingot_Pass<"raise-norm"> {
  let summary = "Decomposed layer and RMS norms become `tfm.norm`";
  let description = [{
    Anchored on the mean of a square over the last axis: the square's base is
    x - mean(x) for a layer norm and x for an RMS norm. Division by the root or
    multiplication by its reciprocal, scale and bias in either operand order.
  }];
}

def RaiseConv : Ingot_Pass<"raise-conv"> {
  let summary = "Convolutions become linears of their windows";
  let description = [{
    A convolution in one group with a stored weight is a `tfm.fused` that lays out
    the window of each output position, a `tfm.linear`, and a transpose back to
    channels first, which costs nothing where the next op reads through it. Few
    output channels, groups and computed weights stay `tfm.conv`.

    ```mlir
    %1 = tfm.conv %x, %w, %b strides [16, 16] ... : ... -> tensor<?x768x14x14xf32>
    // becomes
    %1 = tfm.fused { ... } : tensor<?x14x14x3x16x16xf32>
    %2 = tfm.reshape %1 : ... -> tensor<?x14x14x768xf32>
    %3 = tfm.linear %2, %wt bias %b : ... -> tensor<?x14x14x768xf32>
    %4 = tfm.transpose %3 perm [0, 3, 1, 2] : ... -> tensor<?x768x14x14xf32>
    ```
  }];
}

def RaiseLinear : Ingot_Pass<"raise-linear"> {
  let summary = "A product with a weight, and its bias, become `tfm.linear`";
  let description = [{
    ```mlir
    %1 = tfm.matmul %x, %w : ...
    %2 = tfm.elementwise add(%bias, %1) : ...
    // becomes
    %2 = tfm.linear %x, %w bias %bias : ...
    ```
    A product of two computed operands stays; it belongs to attention or is run
    as it is. One over an axis of extent 1 is an elementwise product. A reshape in
    front that keeps the last axis (`Gemm` wants a matrix) moves behind.

    A weight that `tfm.dequantize` gives, with one scale, one a column or blocks along K,
    stays quantized: the linear has scales and zeros. A transpose behind it becomes one
    of the quantized weight.
  }];
}

def FuseEpilogue : Ingot_Pass<"fuse-epilogue"> {
  let summary = "Activations, then a residual, move into the linear in front of them";
  let description = [{
    ```mlir
    %1 = tfm.linear %x, %w bias %b : ...
    %2 = tfm.elementwise gelu(%1) : ...
    // becomes
    %2 = tfm.linear %x, %w bias %b epilogue {
    ^bb0(%v: f32):
      %g = tfm.apply gelu(%v) : (f32) -> f32
      tfm.yield %g : f32
    } : ...
    ```
    Only where nothing else reads the linear's result. A sum or product with a
    number counts as an activation (the soft cap of logits).
  }];
}

def FuseResidualNorm : Ingot_Pass<"fuse-residual-norm"> {
  let summary = "The sum in front of a norm moves into it";
  let description = [{
    `norm(a + b)` becomes a norm of `a` with residual `b`; where the sum is read
    again it is the norm's second result.
  }];
}

def FuseActivation : Ingot_Pass<"fuse-activation"> {
  let summary = "Spelled-out GELU and SiLU become one scalar operation";
  let description = [{
    From an erf, tanh or sigmoid the widest chain is sought that computes one
    value from one tensor x, element by element. Where it is GELU (erf, tanh or
    sigmoid form) or SiLU at every sample, in the f32 arithmetic of the model, it
    becomes that operation.
  }];
}

def FuseAttention : Ingot_Pass<"fuse-attention"> {
  let summary = "Softmax between two products becomes `tfm.attention`";
  let description = [{
    Reads the argument of each softmax as what one element [b, h, q, k] computes.
    If it holds one product of computed operands, that is the score; everything
    around it is the `score_mod` region, and query, key and value are read from
    the elements of the products' operands: layouts, scales and grouped heads
    need no patterns.

    Keys and values that one table of pages gathers from two caches stay there:

    ```mlir
    %k = tfm.gather %cache, %table axis 0 : (tensor<nx16x2x64>, tensor<bxp>) -> tensor<bxpx16x2x64>
    // reshaped, transposed, multiplied ..., becomes
    tfm.attention %q, %cache, %values pages %table ...
    ```
  }];
}

def SinkMoves : Ingot_Pass<"sink-moves"> {
  let summary = "A linear takes its rows as they lie; its result is moved instead";
  let description = [{
    A transpose or reshape that only reorders or regroups the rows of a linear's
    input goes behind the linear. There it meets its inverse, or an op that reads
    any order.

    ```mlir
    %1 = tfm.transpose %x perm [1, 0, 2] : ...
    %2 = tfm.linear %1, %w bias %b : ...
    // becomes
    %1 = tfm.linear %x, %w bias %b : ...
    %2 = tfm.transpose %1 perm [1, 0, 2] : ...
    ```
  }];
}

def MergeLinears : Ingot_Pass<"merge-linears"> {
  let summary = "Linears of one input become one, with the weights side by side";
  let description = [{
    ```mlir
    %q = tfm.linear %x, %wq : ...
    %k = tfm.linear %x, %wk : ...
    // becomes
    %qk = tfm.linear %x, %wqk : ...
    %q = tfm.slice %qk ...
    %k = tfm.slice %qk ...
    ```
    A linear whose result is read as one tensor (by a linear, as an output) stays.
    One without a bias gets zeros beside others that have one.
  }];
}

def FoldWeights : Ingot_Pass<"fold-weights"> {
  let summary = "Ops on weights alone become recipes of new weights";
  let description = [{
    The result of a move or an elementwise op whose operands are weights and
    constants is a `tfm.weight` with that op as its recipe; results of at most 256
    elements that the element lifter knows are constants. A matrix that
    `tfm.dequantize` gives is left to linears, which read it as it is stored: with
    `quantized`, after they had their choice, it is one of those results too.
  }];
  let options = [
    Option<"quantized", "quantized", "bool", "false", "dequantized matrices, too">
  ];
}

def PackRows : Ingot_Pass<"pack-rows"> {
  let summary = "What goes token by token leaves padding out";
  let description = [{
    Where a mask of integers or booleans [B, S], an input, takes keys out of
    self-attention, ops that work token by token behind and in front of it work on
    the tokens that it keeps alone: [B, S, ...] becomes [1, kept_rows, ...], where
    the symbol counts the elements of the mask that are not 0. Attention has bounds
    of keys, the rows of each token's own sequence; what reads positions reads
    those that the tokens had. Other ops and results of the function find 0 where
    there is no token; one that goes over all tokens without a look at the mask gets
    a warning.

    ```mlir
    %1 = tfm.linear %x, %w : (tensor<?x?x32xf32, #tfm.dims<batch, sequence, 32>>, ...) -> ...
    // becomes
    %b, %s = tfm.nonzero %mask : ...
    %xp = tfm.fused { [i, r, c] is %x[%b[r], %s[r], c] } : tensor<1x?x32xf32, #tfm.dims<1, kept_rows, 32>>
    %1 = tfm.linear %xp, %w : ...
    ```
    An error where no attention has such a mask, or one has another.
  }];
}

def NarrowOperands : Ingot_Pass<"narrow-operands"> {
  let summary = "Products of one target read bf16 or f16";
  let description = [{
    Each function gets a twin for `target` whose linears read rows and weights of
    bf16 or f16, and whose attention reads such heads; sums gather in f32. What only products read is rounded where it is computed; of what others
    read too, a residual, the row in front of a norm, a rounded copy is made beside.
    A linear over an odd number of elements keeps its type.

    ```mlir
    %1 = tfm.linear %x, %w bias %b : (tensor<?x768xf32>, ...) -> tensor<?x3072xf32>
    %2 = tfm.linear %1, %v bias %c residual %r : ... -> tensor<?x768xf32>
    // becomes
    %wn = tfm.cast %w : tensor<768x3072xf32> -> tensor<768x3072xbf16>
    %1 = tfm.linear %xn, %wn bias %b : (tensor<?x768xbf16>, ...) -> tensor<?x3072xbf16>
    %2 = tfm.linear %1, %vn bias %c residual %r : ... -> tensor<?x768xf32>
    ```
    With tf32 nothing changes its type; the kernels round what they multiply.
  }];
  let options = [Option<"target", "target", "std::string", "", "x86-64 or cuda">,
                 Option<"precision", "precision", "std::string", "", "bf16, f16 or tf32">];
}

def ShareResults : Ingot_Pass<"share-results"> {
  let summary = "Attention reads keys and values from results of the function";
  let description = [{
    Behind `narrow-operands`. What only attention reads, and what has the elements of a
    result in another order of axes, the last being the last, loads them from there: a
    move, which the lowering reads in place. The result is made where the copy was, if
    it comes later. Heads that are such a move already are left alone, and so
    are results of another rank (batch and heads in one axis).

    ```mlir
    %k = tfm.fused { f(b, h, s, d) } : tensor<1x8x2x64xf16>
    %a = tfm.attention %q, %k, %v ...
    %present = tfm.fused { f(b, h, s, d) } : tensor<1x2x8x64xf16>
    return %a, %present
    // becomes
    %present = tfm.fused { f(b, h, s, d) } : tensor<1x2x8x64xf16>
    %k = tfm.fused { load %present[b, h, s, d] } : tensor<1x8x2x64xf16>
    %a = tfm.attention %q, %k, %v ...
    return %a, %present
    ```
  }];
}

def WidenRows : Ingot_Pass<"widen-rows"> {
  let summary = "Products whose rows are 8-bit floats read wider ones where a target has no kernel";
  let description = [{
    Behind `narrow-operands`. A linear reads rows of f8E4M3FN where its function's target
    is one of `f8_targets`, in bf16 or f16, the weight is f8E4M3FN too, without zeros, its
    block is 128 or all of K, and K a multiple of 16. Elsewhere a copy of the rows in the
    precision of the function is made beside, which is exact. Where rows stay as they
    are and are columns of a linear's result, rounded, that nobody else reads, all
    of that result is rounded, so that the linear stores bytes, and its columns are read in place.

    ```mlir
    %1 = tfm.linear %q, %w scales %s {block = 768} : (tensor<?x768xf8E4M3FN>, ...) -> tensor<?x3072xf32>
    // becomes
    %x = tfm.fused { loads of %q, converted } : tensor<?x768xbf16>
    %1 = tfm.linear %x, %w scales %s {block = 768} : (tensor<?x768xbf16>, ...) -> tensor<?x3072xf32>
    ```
  }];
  let options = [ListOption<"f8Targets", "f8-targets", "std::string",
                            "targets all of whose architectures multiply 8-bit floats">];
}

def LowerToPlan : Ingot_Pass<"lower-to-plan"> {
  let summary = "Functions become programs: kernels, buffers, steps";
  let description = [{
    Each op that computes becomes one `plan.launch` of a `plan.kernel`; weights,
    inputs, outputs and scratch are buffers. A `tfm.fused` is a step only where its
    result has to lie in memory: what only moves elements is read through strides
    (attention's heads, rows of a linear) or as a part of the kernel that reads it,
    and so is what the one row kernel that reads it needs once an element.
    The function is gone afterwards.

    Of several targets each gets its programs: `@main` the first of x86-64 and cuda,
    `@main_cuda` the other. Beside x86-64 weights of linears are stored as that wants
    them, and the programs for cuda bring them into [N][K] by launches marked `init`.
    A function that `narrow-operands` made stands for its original on its target.
  }];
  let options = [ListOption<"targets", "targets", "std::string",
                            "x86-64, cuda or both (default: x86-64)">];
  let dependentDialects = ["::ingot::plan::PlanDialect", "::ingot::tfm::TfmDialect",
                           "::mlir::arith::ArithDialect"];
}

def AssignSlots : Ingot_Pass<"assign-slots"> {
  let summary = "Scratch buffers share memory where their lifetimes do not overlap";
  let description = [{
    Numbers each scratch buffer with its slot: buffers of one slot are never alive
    at one step. A slot is as large as its largest member; the peak is the sum of
    the slots.
  }];
}

#endif
