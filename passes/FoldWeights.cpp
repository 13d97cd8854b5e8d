#include "ir/lift/ElementLifter.h"
#include "passes/Match.h"
#include "passes/Passes.h"
#include "passes/WeightRecipes.h"
#include "passes/Weights.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_FOLDWEIGHTS
#include "passes/Passes.h.inc"

namespace {
/// Moves and elementwise ops. What repeats elements (broadcast, tile) stays: it
/// would only make the artifact larger.
bool isFoldable(Operation *op) {
  return llvm::isa<tfm::ElementwiseOp, tfm::SelectOp, tfm::CastOp,
                   tfm::QuantizeOp, tfm::DequantizeOp, tfm::ReshapeOp,
                   tfm::TransposeOp, tfm::SliceOp, tfm::ConcatOp, tfm::GatherOp,
                   tfm::GatherElementsOp, tfm::GatherNDOp, tfm::PadOp,
                   tfm::TriluOp>(op) &&
         op->getNumOperands() > 0 &&
         llvm::all_of(op->getOperands(), isParameter);
}

struct FoldWeightsPass : impl::FoldWeightsBase<FoldWeightsPass> {
  using FoldWeightsBase::FoldWeightsBase;

  void runOnOperation() override {
    WeightRecipes recipes(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      Block &block = function.getBody().front();
      for (Operation &op : llvm::make_early_inc_range(block)) {
        if (!isFoldable(&op) || staysQuantized(&op) ||
            !llvm::cast<RankedTensorType>(op.getResult(0).getType())
                 .hasStaticShape())
          continue;
        OpBuilder builder(&op);
        Value folded = foldSmall(builder, op);
        if (!folded && isWorthStoring(op))
          folded = recipes.derive(builder, &op);
        if (folded) {
          op.getResult(0).replaceAllUsesWith(folded);
          op.erase();
        }
      }
      eraseDead(block);
    }
  }

  /// A matrix is left for linears that read it as it is, and after these for
  /// gathers, which look at few of its rows.
  bool staysQuantized(Operation *op) {
    auto dequantize = llvm::dyn_cast<tfm::DequantizeOp>(op);
    if (!dequantize || dequantize.getType().getRank() < 2)
      return false;
    return !quantized || llvm::all_of(op->getUsers(), [](Operation *user) {
      return llvm::isa<tfm::GatherOp, tfm::GatherNDOp>(user);
    });
  }

  bool isWorthStoring(Operation &op) {
    if (llvm::none_of(op.getOperands(), [](Value v) {
          return static_cast<bool>(v.getDefiningOp<tfm::GetWeightOp>());
        }))
      return false;
    // Else every run computes it.
    if (llvm::isa<tfm::DequantizeOp>(op))
      return true;
    auto bytes = [](Value value) {
      return tfm::storedBytes(llvm::cast<RankedTensorType>(value.getType()));
    };
    int64_t operands = 0;
    for (Value operand : op.getOperands())
      operands += bytes(operand).value_or(0);
    std::optional<int64_t> result = bytes(op.getResult(0));
    return result && *result <= 2 * operands;
  }

  /// The constant a small result is, where every element of it lifts to a
  /// number.
  Value foldSmall(OpBuilder &builder, Operation &op) {
    auto type = llvm::cast<RankedTensorType>(op.getResult(0).getType());
    int64_t count = type.getNumElements();
    if (count > tfm::kMaxConstantElements)
      return {};
    ShapeFacts facts;
    ShapeContext shapes(facts);
    ElementLifter lifter(shapes, weightBytesOf(getOperation()));
    ExprPool &pool = shapes.pool();
    llvm::SmallVector<Expr> values;
    for (int64_t flat = 0; flat < count; ++flat) {
      llvm::SmallVector<Expr> indices(type.getRank(), Expr());
      int64_t rest = flat;
      for (int64_t axis = type.getRank() - 1; axis >= 0; --axis) {
        indices[axis] = pool.integer(rest % type.getDimSize(axis));
        rest /= type.getDimSize(axis);
      }
      values.push_back(lifter.element(op.getResult(0), indices));
    }
    return buildConstant(builder, op.getLoc(), pool, type, values);
  }
};
} // namespace

} // namespace ingot
