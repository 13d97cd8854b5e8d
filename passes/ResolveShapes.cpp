#include "passes/Passes.h"
#include "passes/Weights.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_RESOLVESHAPES
#include "passes/Passes.h.inc"

namespace {
/// The constant of `type` that holds `values`.
Value buildConstant(OpBuilder &builder, Location loc, ExprPool &pool,
                    RankedTensorType type, llvm::ArrayRef<Expr> values) {
  llvm::SmallVector<Attribute> elements;
  Type element = type.getElementType();
  for (Expr value : values) {
    if (element.isInteger(1))
      elements.push_back(builder.getBoolAttr(*pool.constantBool(value)));
    else if (llvm::isa<IntegerType>(element))
      elements.push_back(
          builder.getIntegerAttr(element, *pool.constantInt(value)));
    else
      elements.push_back(
          builder.getFloatAttr(element, *pool.constantFloat(value)));
  }
  return tfm::ConstantOp::create(builder, loc, type,
                                 DenseElementsAttr::get(type, elements));
}

bool isConstant(ExprPool &pool, Expr e) {
  return pool.constantInt(e) || pool.constantFloat(e) || pool.constantBool(e);
}

bool isSymbolic(ExprPool &pool, Expr e) {
  for (Expr node : pool.reachable(e))
    switch (pool.kind(node)) {
    case ExprKind::Poly:
    case ExprKind::Symbol:
    case ExprKind::FloorDiv:
    case ExprKind::Mod:
    case ExprKind::Max:
    case ExprKind::Min:
      break;
    default:
      return false;
    }
  return true;
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
          type.getNumElements() > 256 ||
          (type.getElementType().isFloat() && type.getNumElements() != 1))
        continue;
      std::optional<llvm::SmallVector<Expr>> values =
          lifter.elements(op->getResult(0));
      if (!values || shapes.pool().failed())
        continue;
      builder.setInsertionPoint(op);
      Value replacement;
      if (llvm::all_of(*values,
                       [&](Expr e) { return isConstant(shapes.pool(), e); }))
        replacement =
            buildConstant(builder, op->getLoc(), shapes.pool(), type, *values);
      else if (llvm::all_of(*values, [&](Expr e) {
                 return isSymbolic(shapes.pool(), e);
               }))
        replacement = tfm::SymbolicOp::create(
            builder, op->getLoc(), type, shapes.attr(&getContext(), *values));
      if (replacement)
        op->getResult(0).replaceAllUsesWith(replacement);
    }
    for (Operation *op : llvm::reverse(ops))
      if (isOpTriviallyDead(op))
        op->erase();
  }
};
} // namespace

} // namespace ingot
