#include "passes/Pipelines.h"

#include "passes/Passes.h"

#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace ingot {

namespace {
constexpr llvm::StringLiteral kStageNames[] = {
    "import", "canonical", "fused", "plan", "kernels", "asm", "artifact"};
} // namespace

llvm::StringRef stageName(Stage stage) {
  return kStageNames[static_cast<size_t>(stage)];
}

std::optional<Stage> stageOf(llvm::StringRef name) {
  for (auto [i, known] : llvm::enumerate(kStageNames))
    if (known == name)
      return static_cast<Stage>(i);
  return std::nullopt;
}

void buildCanonicalPipeline(OpPassManager &passes) {
  passes.addPass(createResolveShapes());
  passes.addPass(createFoldWeights());
  passes.addPass(createNormalizeAxes());
  passes.addPass(createCanonicalizerPass());
  // Exporters repeat masks and position arithmetic in every layer.
  passes.addPass(createCSEPass());
  // What became constant only by folding.
  passes.addPass(createFoldWeights());
}

void buildFusedPipeline(OpPassManager &passes, bool skipPadding) {
  // Norms and activations first: they are opaque to linears and attention.
  passes.addPass(createRaiseNorm());
  passes.addPass(createFuseActivation());
  passes.addPass(createRaiseConv());
  passes.addPass(createRaiseLinear());
  // Quantized weights that no linear took as they are.
  FoldWeightsOptions dequantized;
  dequantized.quantized = true;
  passes.addPass(createFoldWeights(dequantized));
  passes.addPass(createRaiseLinear());
  // Attention before merging: it reads the projections through whatever
  // layout they have, and merged ones are only more layout.
  passes.addPass(createFuseAttention());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createSinkMoves());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createMergeLinears());
  passes.addPass(createFuseEpilogue());
  // After epilogues: a residual that a linear took is none of the norm's.
  passes.addPass(createFuseResidualNorm());
  passes.addPass(createFuseElementwise());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  if (!skipPadding)
    return;
  passes.addPass(createPackRows());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
}

void buildPlanPipeline(OpPassManager &passes,
                       llvm::ArrayRef<PlanTarget> targets,
                       llvm::function_ref<void(OpPassManager &)> beforeSlots) {
  LowerToPlanOptions options;
  WidenRowsOptions rows;
  for (const PlanTarget &target : targets) {
    options.targets.push_back(target.name);
    if (target.multipliesF8)
      rows.f8Targets.push_back(target.name);
    if (target.precision == "f32")
      continue;
    NarrowOperandsOptions narrow;
    narrow.target = target.name;
    narrow.precision = target.precision;
    passes.addPass(createNarrowOperands(narrow));
  }
  // Caches that are returned in 16 bits are what narrow attention reads.
  passes.addPass(createShareResults());
  passes.addPass(createWidenRows(rows));
  passes.addPass(createLowerToPlan(options));
  if (beforeSlots)
    beforeSlots(passes);
  passes.addPass(createAssignSlots());
}

} // namespace ingot
