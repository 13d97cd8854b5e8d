#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <numeric>

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_NORMALIZEAXES
#include "passes/Passes.h.inc"

namespace {
struct NormalizeAxesPass : impl::NormalizeAxesBase<NormalizeAxesPass> {
  void runOnOperation() override {
    llvm::SmallVector<tfm::SoftmaxOp> softmaxes;
    getOperation().walk([&](tfm::SoftmaxOp op) { softmaxes.push_back(op); });
    for (tfm::SoftmaxOp op : softmaxes)
      normalize(op);
  }

  void normalize(tfm::SoftmaxOp op) {
    auto type = op.getType();
    int64_t axis = op.getAxis(), last = type.getRank() - 1;
    if (axis == last)
      return;
    // Swapping two axes is its own inverse.
    llvm::SmallVector<int64_t> swap(type.getRank());
    std::iota(swap.begin(), swap.end(), 0);
    std::swap(swap[axis], swap[last]);
    llvm::SmallVector<std::string> dims = tfm::dimTexts(type);
    std::swap(dims[axis], dims[last]);
    auto swapped = tfm::tensorType(dims, type.getElementType());
    OpBuilder builder(op);
    Value input = tfm::TransposeOp::create(builder, op.getLoc(), swapped,
                                           op.getInput(), swap);
    Value softmax =
        tfm::SoftmaxOp::create(builder, op.getLoc(), swapped, input, last);
    Value result =
        tfm::TransposeOp::create(builder, op.getLoc(), type, softmax, swap);
    op.getResult().replaceAllUsesWith(result);
    op.erase();
  }
};
} // namespace

} // namespace ingot
