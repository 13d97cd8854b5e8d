#include "codegen/cuda/KernelChoice.h"

#include "codegen/cuda/RegionPrinter.h"

namespace ingot::cuda {

llvm::StringRef mathTagOf(plan::KernelOp kernel) {
  return kernel.getParams().contains("math") ? kernel.paramText("math")
                                             : memoryTypeName(kernel.inType(0));
}

static LinearProblem problemOf(plan::KernelOp kernel, bool canSplit) {
  // Scalars are no numbers.
  return {std::max<int64_t>(kernel.param("m"), -1),
          kernel.param("n"),
          kernel.param("k"),
          mathOf(mathTagOf(kernel)),
          kernel.inType(0).getIntOrFloatBitWidth(),
          kernel.outType(0).getIntOrFloatBitWidth(),
          canSplit};
}

LinearChoice linearChoiceOf(plan::KernelOp kernel, bool canSplit,
                            std::optional<int64_t> measured) {
  return chooseLinear(problemOf(kernel, canSplit), referenceChip(), measured);
}

std::optional<HopperLinear>
hopperLinearOf(plan::KernelOp kernel, std::optional<HopperTiles> measured) {
  return chooseHopperLinear(problemOf(kernel, /*canSplit=*/false), measured);
}

AttentionChoice attentionChoiceOf(plan::KernelOp kernel, bool canSplit) {
  auto extent = [&](llvm::StringRef name) {
    return std::max<int64_t>(kernel.param(name), -1);
  };
  return chooseAttention({extent("batch"), extent("heads"), extent("queries"),
                          extent("keys"), extent("group"), kernel.param("d"),
                          kernel.param("dv"), mathOf(mathTagOf(kernel)),
                          kernel.inType(0).getIntOrFloatBitWidth(), canSplit});
}

} // namespace ingot::cuda
