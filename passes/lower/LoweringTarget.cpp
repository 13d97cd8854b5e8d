#include "passes/lower/LoweringTarget.h"

#include "ir/plan/Plan.h"

#include "llvm/ADT/STLExtras.h"

namespace ingot {

LoweringTarget LoweringTarget::x86() {
  return {"x86-64",
          "panels48",
          "panels48",
          /*hasFineTasks=*/false,
          /*readsPages=*/false,
          /*arrangesQuantized=*/false,
          /*storesFloat8=*/false};
}

LoweringTarget LoweringTarget::cuda(bool besideX86) {
  return {"cuda",
          besideX86 ? "panels48" : "rows",
          "rows",
          /*hasFineTasks=*/true,
          /*readsPages=*/true,
          /*arrangesQuantized=*/true,
          /*storesFloat8=*/true};
}

bool LoweringTarget::multipliesQuantized(mlir::Type input,
                                         mlir::RankedTensorType weight,
                                         int64_t block) const {
  if (!arrangesQuantized)
    return plan::multipliesQuantized(weight, block);
  return (input.isBF16() || input.isF16()) &&
         plan::canArrange(weight.getElementTypeBitWidth(), weight.getDimSize(0),
                          block);
}

LinearTasks LoweringTarget::linearTasks(int64_t columns) const {
  // The smaller tile of the product; few rows stream the weights, 2 columns a
  // warp (codegen/cuda/Choice.h).
  if (hasFineTasks)
    return {64, 64, 16};
  // A panel is read from memory once a task: as many rows for it as leave
  // several tasks to each thread. 128 rows are one block of sums.
  constexpr int64_t kPanel = plan::kPanelColumns;
  return {columns <= 7 * kPanel ? 32 : 128, kPanel};
}

int64_t LoweringTarget::attentionRows(int64_t headDim) const {
  if (!hasFineTasks)
    return 32;
  // The smallest tile for heads of this width (codegen/cuda/Choice.h).
  return headDim <= 128 ? 64 : headDim <= 256 ? 32 : 16;
}

llvm::SmallVector<LoweringTarget>
loweringTargets(llvm::ArrayRef<std::string> names,
                llvm::function_ref<std::string(llvm::StringRef)> precisionOf) {
  bool hasX86 = llvm::is_contained(names, "x86-64");
  llvm::SmallVector<LoweringTarget> targets;
  if (hasX86)
    targets.push_back(LoweringTarget::x86());
  if (llvm::is_contained(names, "cuda"))
    targets.push_back(LoweringTarget::cuda(/*besideX86=*/hasX86));
  for (LoweringTarget &target : targets) {
    target.precision = precisionOf(target.name);
    target.storedPrecision = precisionOf(hasX86 ? "x86-64" : target.name);
  }
  return targets;
}

} // namespace ingot
