#include "passes/Match.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_FUSEEPILOGUE
#include "passes/Passes.h.inc"

namespace {
Operation *onlyUser(Value value) {
  return value.hasOneUse() ? *value.getUsers().begin() : nullptr;
}

/// Takes an activation, then a residual, into the linear whose result they
/// read.
struct FuseEpiloguePass : impl::FuseEpilogueBase<FuseEpiloguePass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      Block &block = function.getBody().front();
      llvm::SmallVector<tfm::LinearOp> linears(
          function.getOps<tfm::LinearOp>());
      for (tfm::LinearOp linear : linears) {
        Type element = linear.getType().getElementType();
        if (tfm::sumType(element) != element)
          continue; // the value in between is rounded
        while (absorbActivation(linear))
          ;
        absorbResidual(linear, block);
      }
    }
  }

  /// An operation on `value`, the linear's result, alone, or on it and a
  /// number.
  static bool isActivation(tfm::ElementwiseOp op, Value value) {
    return op.getType() == value.getType() &&
           llvm::all_of(op.getOperands(), [&](Value operand) {
             return operand == value || splatNumber(operand);
           });
  }

  /// The activation may stand behind ops that only move elements.
  bool absorbActivation(tfm::LinearOp linear) {
    Value value = linear.getResult();
    Operation *next = onlyUser(value);
    while (llvm::isa_and_present<tfm::ReshapeOp, tfm::TransposeOp>(next)) {
      value = next->getResult(0);
      next = onlyUser(value);
    }
    auto user = llvm::dyn_cast_if_present<tfm::ElementwiseOp>(next);
    if (!user || linear.getResidual() || !isActivation(user, value)) {
      noteActivation(linear);
      return false;
    }
    Location loc = fusedLocation({linear, user});
    OpBuilder builder(user);
    linear->setLoc(loc);
    Type scalar = linear.getType().getElementType();
    if (linear.getEpilogue().empty()) {
      Block &body = linear.getEpilogue().emplaceBlock();
      body.addArgument(scalar, loc);
      builder.setInsertionPointToEnd(&body);
      tfm::YieldOp::create(builder, loc, body.getArgument(0));
    }
    Operation *yield = linear.getEpilogue().front().getTerminator();
    builder.setInsertionPoint(yield);
    llvm::SmallVector<Value> operands;
    for (Value operand : user.getOperands())
      operands.push_back(
          operand == value
              ? yield->getOperand(0)
              : arith::ConstantOp::create(
                    builder, loc,
                    builder.getFloatAttr(scalar, *splatNumber(operand)))
                    .getResult());
    Value applied =
        tfm::ApplyOp::create(builder, loc, scalar, user.getOp(), operands);
    yield->setOperand(0, applied);
    user.getResult().replaceAllUsesWith(value);
    user.erase();
    return true;
  }

  void noteActivation(tfm::LinearOp linear) {
    if (linear.getResidual() || linear.getResult().hasOneUse())
      return;
    for (Operation *user : linear.getResult().getUsers())
      if (auto op = llvm::dyn_cast<tfm::ElementwiseOp>(user))
        if (op.getOperands().size() == 1 &&
            isActivation(op, linear.getResult()))
          return noteUnfused(linear, stringifyEnum(op.getOp().getValue()) +
                                         " is not taken along: its operand is "
                                         "read elsewhere too");
  }

  /// `linear + residual` where the other operand has the same dims and exists
  /// before the sum.
  void absorbResidual(tfm::LinearOp linear, Block &block) {
    auto user = llvm::dyn_cast_if_present<tfm::ElementwiseOp>(
        onlyUser(linear.getResult()));
    if (!user || linear.getResidual() ||
        user.getOp().getValue() != ScalarOp::Add)
      return;
    Value other =
        otherOperand(user.getResult(), ScalarOp::Add, linear.getResult());
    if (!other || isParameter(other))
      return;
    if (other.getType() != linear.getType())
      return noteUnfused(linear,
                         "the sum after it is not taken along: it broadcasts");
    // Both sides a linear: the later one takes the earlier as its residual.
    if (auto twin = other.getDefiningOp<tfm::LinearOp>())
      if (onlyUser(twin.getResult()) == user && !twin.getResidual() &&
          linear->isBeforeInBlock(twin))
        return;
    Location loc = fusedLocation({linear, user});
    linear->moveBefore(user);
    linear->setLoc(loc);
    linear.getResidualMutable().assign(other);
    user.getResult().replaceAllUsesWith(linear.getResult());
    user.erase();
  }
};
} // namespace

} // namespace ingot
