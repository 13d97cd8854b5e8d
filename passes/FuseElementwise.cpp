#include "ir/lift/LiftRules.h"
#include "ir/lift/RegionBuilder.h"
#include "passes/Match.h"
#include "passes/Passes.h"
#include "passes/Weights.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "passes/Passes.h.inc"

namespace {
/// Leaves that loads read as they are.
bool isLeaf(Operation *op) {
  return !op || llvm::isa<tfm::GetWeightOp, tfm::ConstantOp>(op);
}

/// What others load, since no expression has such elements.
bool roundsToByte(Operation *op) {
  return llvm::isa<tfm::CastOp, tfm::QuantizeOp>(op) &&
         !isParameter(op->getResult(0)) &&
         llvm::isa<FloatType>(
             tfm::tensorTypeOf(op->getResult(0)).getElementType()) &&
         tfm::tensorTypeOf(op->getResult(0)).getElementTypeBitWidth() == 8;
}

struct FuseElementwisePass : impl::FuseElementwiseBase<FuseElementwisePass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      fuse(function);
  }

  /// The values that must exist in memory, in the order of their ops. Through a
  /// reshape the value behind it is materialized instead.
  llvm::SetVector<Value> findRoots(func::FuncOp function) {
    llvm::DenseSet<Value> roots;
    auto need = [&](Value value) {
      while (auto reshape = value.getDefiningOp<tfm::ReshapeOp>())
        value = reshape.getInput();
      Operation *op = value.getDefiningOp();
      if (!isLeaf(op) && !computes(op))
        roots.insert(value);
    };
    Block &body = function.getBody().front();
    for (Operation &op : body) {
      if (computes(&op) || llvm::isa<func::ReturnOp>(op)) {
        for (Value operand : op.getOperands())
          need(operand);
        op.walk([&](tfm::LoadOp load) { need(load.getTensor()); });
      } else if (op.getNumResults() == 1 && !op.getResult(0).use_empty() &&
                 (roundsToByte(&op) ||
                  (isDear(&op) &&
                   !llvm::hasSingleElement(op.getResult(0).getUsers())))) {
        need(op.getResult(0));
      }
    }
    llvm::SetVector<Value> ordered;
    for (Operation &op : body)
      for (Value result : op.getResults())
        if (roots.contains(result))
          ordered.insert(result);
    return ordered;
  }

  void fuse(func::FuncOp function) {
    ShapeFacts facts;
    ShapeContext shapes(facts);
    ElementLifter lifter(shapes, weightBytesOf(getOperation()));
    OpBuilder builder(&getContext());
    Block &body = function.getBody().front();
    for (Operation &op : body)
      if (computes(&op))
        for (Value result : op.getResults())
          lifter.makeOpaque(result);
    for (Value root : findRoots(function)) {
      Operation *op = root.getDefiningOp();
      builder.setInsertionPoint(op);
      Value fused = materialize(builder, lifter, root);
      lifter.makeOpaque(fused);
      requireObligations(builder, root.getLoc(), lifter, function);
      // Users that are lifted later see a load of the new value.
      root.replaceAllUsesWith(fused);
    }
    eraseDead(body);
  }

  Value materialize(OpBuilder &builder, ElementLifter &lifter, Value root) {
    auto type = llvm::cast<RankedTensorType>(root.getType());
    ShapeContext &shapes = lifter.context();
    llvm::SmallVector<Expr> indices = shapes.indices(shapes.dims(type), "i");
    Expr expr = lifter.definition(root, indices);
    ExprPool &pool = shapes.pool();
    Location loc = chainLocation(
        root, [&](Value value) { return lifter.isOpaque(value); });
    if (pool.kind(expr) == ExprKind::Load &&
        lifter.tensor(pool.loadTensor(expr)) == root)
      return unlifted(builder, loc, lifter, root, indices);
    return buildFused(builder, loc, lifter, type, indices, expr);
  }

  /// An op the expression pool has no meaning for (a power of integers, a cast
  /// to a narrow type): its scalar form over lifted operands.
  Value unlifted(OpBuilder &builder, Location loc, ElementLifter &lifter,
                 Value root, llvm::ArrayRef<Expr> indices) {
    Operation *op = root.getDefiningOp();
    llvm::SmallVector<Expr> operands;
    if (auto quantize = llvm::dyn_cast<tfm::QuantizeOp>(op)) {
      ShapeContext &shapes = lifter.context();
      operands.push_back(LiftRules{lifter, shapes.pool(), shapes}.unsaturated(
          quantize, indices));
    } else {
      for (Value operand : op->getOperands())
        operands.push_back(
            lifter.element(operand, lifter.broadcastIndices(operand, indices)));
    }
    auto type = llvm::cast<RankedTensorType>(root.getType());
    Type scalar = tfm::scalarType(type.getElementType());
    return buildFused(
        builder, loc, lifter, type, indices, operands,
        [&](llvm::ArrayRef<Value> values) -> Value {
          if (auto elementwise = llvm::dyn_cast<tfm::ElementwiseOp>(op))
            return tfm::ApplyOp::create(builder, loc, scalar,
                                        elementwise.getOp(), values);
          assert((llvm::isa<tfm::CastOp, tfm::QuantizeOp>(op)) &&
                 "an op without a scalar form");
          return tfm::ConvertOp::create(builder, loc, scalar, values[0]);
        });
  }
};
} // namespace

} // namespace ingot
