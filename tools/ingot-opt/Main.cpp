// Runs passes on .mlir files: `ingot-opt --help` lists them.
#include "ir/plan/Plan.h"
#include "ir/tfm/Tfm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<ingot::tfm::TfmDialect, ingot::plan::PlanDialect,
                  mlir::func::FuncDialect, mlir::arith::ArithDialect>();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  return mlir::failed(
      mlir::MlirOptMain(argc, argv, "Ingot's pass driver\n", registry));
}
