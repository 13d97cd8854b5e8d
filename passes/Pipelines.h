//===- Pipelines.h - The stages and their order
//-----------------------------===//
#pragma once

#include "mlir/Pass/PassManager.h"

#include <optional>

namespace ingot {

/// Where `ingot compile --emit` can stop, in order.
enum class Stage { Import, Canonical, Fused, Plan, Kernels, Asm, Artifact };

llvm::StringRef stageName(Stage stage);
std::optional<Stage> stageOf(llvm::StringRef name);

/// Import to canonical: one spelling of everything, shape arithmetic gone.
void buildCanonicalPipeline(mlir::OpPassManager &passes);
/// Canonical to fused: Transformer ops, then one `tfm.fused` a chain.
/// `skipPadding`: over the tokens alone that a padding mask keeps.
void buildFusedPipeline(mlir::OpPassManager &passes, bool skipPadding = false);
struct PlanTarget {
  std::string name;              ///< "x86-64" or "cuda"
  std::string precision = "f32"; ///< of products: "tf32", "bf16", "f16"
  bool multipliesF8 = false;     ///< all its architectures do
};
/// Fused to plan: kernels, buffers and steps for each of `targets`.
/// `beforeSlots` adds what the code generator of a target does to launches
/// before their memory is assigned.
void buildPlanPipeline(
    mlir::OpPassManager &passes, llvm::ArrayRef<PlanTarget> targets,
    llvm::function_ref<void(mlir::OpPassManager &)> beforeSlots = {});

} // namespace ingot
