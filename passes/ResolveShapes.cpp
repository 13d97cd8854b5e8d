#include "passes/Match.h"
#include "passes/Passes.h"
#include "passes/Weights.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_RESOLVESHAPES
#include "passes/Passes.h.inc"

namespace {
bool isSymbolic(ExprPool &pool, Expr e) {
  return llvm::all_of(pool.reachable(e),
                      [&](Expr node) { return isDimKind(pool.kind(node)); });
}

struct ResolveShapesPass : impl::ResolveShapesBase<ResolveShapesPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      resolve(function);
  }

  void resolve(func::FuncOp function) {
    ShapeFacts facts;
    ShapeContext shapes(facts);
    ElementLifter lifter(shapes, weightBytesOf(getOperation()));
    OpBuilder builder(&getContext());
    llvm::SmallVector<Operation *> ops;
    for (Operation &op : function.getBody().front())
      ops.push_back(&op);
    for (Operation *op : ops) {
      if (op->getNumResults() != 1 ||
          llvm::isa<tfm::ConstantOp, tfm::SymbolicOp, tfm::GetWeightOp>(op))
        continue;
      auto type = llvm::dyn_cast<RankedTensorType>(op->getResult(0).getType());
      // Float vectors stay: they are data, not shape arithmetic.
      if (!type || type.getRank() > 1 || !type.hasStaticShape() ||
          type.getNumElements() > tfm::kMaxConstantElements ||
          (type.getElementType().isFloat() && type.getNumElements() != 1))
        continue;
      std::optional<llvm::SmallVector<Expr>> values =
          lifter.elements(op->getResult(0));
      if (!values || shapes.pool().failed())
        continue;
      builder.setInsertionPoint(op);
      Value replacement =
          buildConstant(builder, op->getLoc(), shapes.pool(), type, *values);
      if (!replacement && llvm::all_of(*values, [&](Expr e) {
            return isSymbolic(shapes.pool(), e);
          }))
        replacement = tfm::SymbolicOp::create(
            builder, op->getLoc(), type, shapes.attr(&getContext(), *values));
      if (replacement)
        op->getResult(0).replaceAllUsesWith(replacement);
    }
    eraseDead(function.getBody().front());
  }
};
} // namespace

} // namespace ingot
