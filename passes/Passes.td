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

def LowerToPlan : Ingot_Pass<"lower-to-plan"> {
  let summary = "Functions become programs: kernels, buffers, steps";
  let description = [{
    Each op that computes becomes one `plan.launch` of a `plan.kernel`; reshapes
    and strided reads are views; weights, inputs, outputs and scratch are buffers.
    The function is gone afterwards.
  }];
  let options = [Option<"target", "target", "std::string", "\"x86-64\"",
                        "the target the programs are for">];
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
