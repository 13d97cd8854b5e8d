#include "passes/Match.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_FUSERESIDUALNORM
#include "passes/Passes.h.inc"

namespace {
struct FuseResidualNormPass : impl::FuseResidualNormBase<FuseResidualNormPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      llvm::SmallVector<tfm::NormOp> norms(function.getOps<tfm::NormOp>());
      for (tfm::NormOp norm : norms)
        fuse(norm);
      eraseDead(function.getBody().front());
    }
  }

  void fuse(tfm::NormOp norm) {
    auto sum = elementwise(norm.getInput(), ScalarOp::Add);
    if (norm.getResidual() || !sum ||
        sum.getOperands()[0].getType() != sum.getType() ||
        sum.getOperands()[1].getType() != sum.getType())
      return;
    bool sumIsUsed = !sum.getResult().hasOneUse();
    // The norm has to stand before every other user of the sum.
    for (Operation *user : sum.getResult().getUsers()) {
      while (user->getBlock() != norm->getBlock())
        user = user->getParentOp();
      if (user != norm.getOperation() && user->isBeforeInBlock(norm))
        return noteUnfused(norm, "the residual sum is read before the norm");
    }
    OpBuilder builder(norm);
    Type type = norm.getResult().getType();
    llvm::SmallVector<Type> results(sumIsUsed ? 2 : 1, type);
    auto fused = tfm::NormOp::create(
        builder, fusedLocation({sum, norm}), results, norm.getKind(),
        sum.getOperands()[0], sum.getOperands()[1], norm.getScale(),
        norm.getBias(), norm.getAxis(), norm.getEpsilon());
    norm.getResult().replaceAllUsesWith(fused.getResult());
    norm.erase();
    if (sumIsUsed)
      sum.getResult().replaceAllUsesWith(fused.getSum());
  }
};
} // namespace

} // namespace ingot
