// Runs passes on .mlir files: `ingot-opt --help` lists them.
#include "codegen/cuda/LinearNorm.h"
#include "codegen/cuda/SplitWork.h"
#include "codegen/cuda/StubPrinter.h"
#include "ir/plan/Plan.h"
#include "ir/tfm/Tfm.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<ingot::tfm::TfmDialect, ingot::plan::PlanDialect,
                  mlir::func::FuncDialect, mlir::arith::ArithDialect>();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  ingot::registerIngotPasses();
  ingot::cuda::registerPrintCudaStubs();
  ingot::cuda::registerSplitWork();
  ingot::cuda::registerFuseLinearNorm();
  mlir::PassPipelineRegistration<> canonical(
      "canonical", "Import to canonical stage", ingot::buildCanonicalPipeline);
  mlir::PassPipelineRegistration<> fused(
      "fused", "Canonical to fused stage",
      [](mlir::OpPassManager &pm) { ingot::buildFusedPipeline(pm); });
  mlir::PassPipelineRegistration<> plan(
      "plan", "Fused to plan stage", [](mlir::OpPassManager &pm) {
        ingot::buildPlanPipeline(pm, {{"x86-64"}});
      });
  return mlir::failed(
      mlir::MlirOptMain(argc, argv, "Ingot's pass driver\n", registry));
}
