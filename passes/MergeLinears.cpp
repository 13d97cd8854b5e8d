#include "passes/Match.h"
#include "passes/Passes.h"
#include "passes/WeightRecipes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_MERGELINEARS
#include "passes/Passes.h.inc"

namespace {
/// A slice of a merged result costs nothing where every reader takes its
/// operand apart by element.
bool isReadByElement(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    if (llvm::isa<tfm::LoadOp, tfm::ElementwiseOp, tfm::SelectOp>(user))
      return true;
    if (llvm::isa<tfm::ReshapeOp, tfm::TransposeOp, tfm::SliceOp>(user))
      return isReadByElement(user->getResult(0));
    return false;
  });
}

/// A weight or constant, or a reshaped one (a bias that was no vector).
bool isStored(Value value) {
  if (auto reshape = value.getDefiningOp<tfm::ReshapeOp>())
    value = reshape.getInput();
  return isParameter(value);
}

bool isMergeable(tfm::LinearOp linear) {
  return !linear.getResidual() && linear.getEpilogue().empty() &&
         isStored(linear.getWeight()) &&
         (!linear.getBias() || isStored(linear.getBias())) &&
         isReadByElement(linear.getResult());
}

struct MergeLinearsPass : impl::MergeLinearsBase<MergeLinearsPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      llvm::MapVector<std::pair<Value, int>, llvm::SmallVector<tfm::LinearOp>>
          groups;
      for (auto linear : function.getOps<tfm::LinearOp>())
        if (isMergeable(linear))
          groups[{linear.getInput(), linear.getBias() ? 1 : 0}].push_back(
              linear);
      for (auto &[key, linears] : groups)
        if (linears.size() > 1)
          merge(linears);
    }
  }

  void merge(llvm::ArrayRef<tfm::LinearOp> linears) {
    tfm::LinearOp first = linears.front();
    OpBuilder builder(first);
    llvm::SmallVector<Value> weights, biases;
    llvm::SmallVector<Operation *> ops;
    for (tfm::LinearOp linear : linears) {
      weights.push_back(linear.getWeight());
      if (linear.getBias())
        biases.push_back(linear.getBias());
      ops.push_back(linear);
    }
    Location loc = fusedLocation(ops);
    WeightRecipes recipes(getOperation());
    Value weight = recipes.concat(builder, loc, weights, 1);
    Value bias =
        biases.empty() ? Value() : recipes.concat(builder, loc, biases, 0);
    auto type = llvm::cast<RankedTensorType>(first.getType());
    llvm::SmallVector<std::string> dims = tfm::dimTexts(type);
    dims.back() = std::to_string(
        llvm::cast<RankedTensorType>(weight.getType()).getDimSize(1));
    auto merged = tfm::LinearOp::create(
        builder, loc, tfm::tensorType(dims, type.getElementType()),
        first.getInput(), weight, bias, Value());
    int64_t offset = 0;
    for (tfm::LinearOp linear : linears) {
      llvm::SmallVector<int64_t> starts(dims.size(), 0), steps(dims.size(), 1);
      starts.back() = offset;
      builder.setInsertionPoint(linear);
      Value slice = tfm::SliceOp::create(
          builder, linear.getLoc(), linear.getType(), merged.getResult(),
          tfm::DimsAttr::get(&getContext(), starts), steps);
      linear.getResult().replaceAllUsesWith(slice);
      offset += llvm::cast<RankedTensorType>(linear.getWeight().getType())
                    .getDimSize(1);
      linear.erase();
    }
  }
};
} // namespace

} // namespace ingot
