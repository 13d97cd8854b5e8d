// Enums of the plan dialect; a file of their own, so that their code is generated once.
#ifndef INGOT_PLAN_ENUMS
#define INGOT_PLAN_ENUMS

include "mlir/IR/EnumAttr.td"

def Plan_BufferKind : I32EnumAttr<"BufferKind", "the role of a buffer", [
    I32EnumAttrCase<"Weight", 0, "weight">, I32EnumAttrCase<"Input", 1, "input">,
    I32EnumAttrCase<"Output", 2, "output">, I32EnumAttrCase<"Scratch", 3, "scratch">,
    I32EnumAttrCase<"State", 4, "state">, I32EnumAttrCase<"Model", 5, "model">]> {
  let cppNamespace = "::ingot::plan";
  let genSpecializedAttr = 0;
}
def Plan_Family : I32EnumAttr<"Family", "the family of a kernel", [
    I32EnumAttrCase<"Map", 0, "map">, I32EnumAttrCase<"Reduce", 1, "reduce">,
    I32EnumAttrCase<"Scan", 2, "scan">, I32EnumAttrCase<"Softmax", 3, "softmax">,
    I32EnumAttrCase<"Norm", 4, "norm">, I32EnumAttrCase<"Linear", 5, "linear">,
    I32EnumAttrCase<"Attention", 6, "attention">, I32EnumAttrCase<"NonZero", 7, "nonzero">,
    I32EnumAttrCase<"Arrange", 8, "arrange">, I32EnumAttrCase<"LinearNorm", 9, "linear_norm">]> {
  let cppNamespace = "::ingot::plan";
  let genSpecializedAttr = 0;
}
#endif
