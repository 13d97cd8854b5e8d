#include "passes/Passes.h"
#include "passes/Weights.h"
#include "passes/lower/Lowering.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_LOWERTOPLAN
#include "passes/Passes.h.inc"

namespace {
struct LowerToPlanPass : impl::LowerToPlanBase<LowerToPlanPass> {
  using LowerToPlanBase::LowerToPlanBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::SmallVector<LoweringTarget> chosen = targets.empty()
                                                   ? loweringTargets({"x86-64"})
                                                   : loweringTargets(*targets);
    if (chosen.empty()) {
      module.emitError("lower-to-plan knows the targets x86-64 and cuda");
      return signalPassFailure();
    }
    KernelTable kernels(module);
    for (auto function :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      ConstantWeights constants;
      for (const LoweringTarget &target : chosen) {
        Lowering lowering(module, function, weightBytesOf(module), kernels,
                          constants, target);
        std::string name = function.getSymName().str();
        if (target.name != chosen.front().name)
          name += "_" + target.name.str();
        if (failed(lowering.run(name)))
          return signalPassFailure();
      }
      function.erase();
    }
  }
};
} // namespace

} // namespace ingot
