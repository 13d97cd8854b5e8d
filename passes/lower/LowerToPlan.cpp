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
    KernelTable kernels(getOperation());
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      Lowering lowering(getOperation(), function, weightBytesOf(getOperation()),
                        kernels);
      if (failed(lowering.run(target)))
        return signalPassFailure();
      function.erase();
    }
  }
};
} // namespace

} // namespace ingot
