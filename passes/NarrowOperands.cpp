// Matrix products in bf16 or f16. What only they read is rounded where it is
// written; what others read too is kept, and rounded beside.
#include "passes/ConvertedCopy.h"
#include "passes/Match.h"
#include "passes/Passes.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_NARROWOPERANDS
#include "passes/Passes.h.inc"

namespace {
/// One generic element moved: the region loads once and yields that.
tfm::LoadOp moveOf(Operation *op) {
  auto fused = llvm::dyn_cast_if_present<tfm::FusedOp>(op);
  if (!fused)
    return {};
  Block &body = fused.getBody().front();
  auto loads = body.getOps<tfm::LoadOp>();
  if (!llvm::hasSingleElement(loads))
    return {};
  tfm::LoadOp load = *loads.begin();
  return body.getTerminator()->getOperand(0) == load.getResult()
             ? load
             : tfm::LoadOp();
}

class Narrowing {
public:
  Narrowing(func::FuncOp function, FloatType type)
      : function(function), type(type), builder(function.getContext()) {}

  void run() {
    llvm::SmallVector<OpOperand *> operands;
    function.walk([&](Operation *op) {
      for (OpOperand &use : op->getOpOperands())
        if (isNarrowed(use))
          operands.push_back(&use);
    });
    for (OpOperand *use : operands)
      narrow(*use);
    for (auto linear : function.getOps<tfm::LinearOp>())
      if (takesNarrow(linear) && !linear.isQuantized())
        narrowWeight(linear);
  }

private:
  /// Pairs along k are multiplied at once, so k is even. A quantized weight
  /// stays as it is, and so do rows of 8-bit floats (widen-rows).
  static bool takesNarrow(tfm::LinearOp linear) {
    RankedTensorType weight = tfm::tensorTypeOf(linear.getWeight());
    return isParameter(linear.getWeight()) &&
           linear.getInput().getType().getElementTypeBitWidth() > 8 &&
           (weight.getElementType().isF32() || linear.isQuantized()) &&
           weight.getDimSize(0) % 2 == 0;
  }

  /// Whether `use` is an operand of a product.
  bool isNarrowed(OpOperand &use) const {
    if (auto linear = llvm::dyn_cast<tfm::LinearOp>(use.getOwner()))
      return use.getOperandNumber() == 0 && takesNarrow(linear);
    auto tensor = llvm::dyn_cast<RankedTensorType>(use.get().getType());
    return llvm::isa<tfm::AttentionOp>(use.getOwner()) &&
           (tensor.getElementType().isF32() || tensor.getElementType() == type);
  }

  /// Where `use` only passes the value on: what it becomes.
  static Value passedOn(OpOperand &use) {
    if (llvm::isa<tfm::ReshapeOp>(use.getOwner()))
      return use.getOwner()->getResult(0);
    if (auto load = llvm::dyn_cast<tfm::LoadOp>(use.getOwner()))
      if (moveOf(load->getParentOp()) == load)
        return load->getParentOp()->getResult(0);
    return {};
  }

  bool onlyFeedsProducts(OpOperand &use) const {
    Value next = passedOn(use);
    return next ? llvm::all_of(next.getUses(),
                               [&](OpOperand &inner) {
                                 return onlyFeedsProducts(inner);
                               })
                : isNarrowed(use);
  }

  static bool isScalarLoad(OpOperand &use) {
    return llvm::isa<tfm::LoadOp>(use.getOwner()) &&
           llvm::isa<tfm::FusedOp>(use.getOwner()->getParentOp());
  }

  /// Whether `value` can be stored rounded: products read it, and nothing else
  /// but, for the result of a product itself, elementwise ops.
  bool canBeNarrow(Value value) const {
    Operation *op = value.getDefiningOp();
    if (!llvm::isa_and_present<tfm::FusedOp, tfm::LinearOp, tfm::AttentionOp>(
            op))
      return false;
    return llvm::all_of(value.getUses(), [&](OpOperand &use) {
      return onlyFeedsProducts(use) ||
             (!llvm::isa<tfm::FusedOp>(op) && isScalarLoad(use));
    });
  }

  RankedTensorType narrowed(Value value) const {
    return llvm::cast<RankedTensorType>(tfm::tensorTypeOf(value).clone(type));
  }

  /// `value` has the narrow type from now on, and what passes it on too.
  void retype(Value value) {
    value.setType(narrowed(value));
    for (OpOperand &use : llvm::make_early_inc_range(value.getUses()))
      retypeUse(use);
  }
  void retypeUse(OpOperand &use) {
    // What moves it for others too widens it, as all that computes with it.
    Value next = onlyFeedsProducts(use) ? passedOn(use) : Value();
    if (auto load = llvm::dyn_cast<tfm::LoadOp>(use.getOwner())) {
      Type wide = load.getType();
      load.getResult().setType(type);
      if (!next) {
        builder.setInsertionPointAfter(load);
        auto widened =
            tfm::ConvertOp::create(builder, load.getLoc(), wide, load);
        load.getResult().replaceAllUsesExcept(widened, widened);
      }
    }
    if (next)
      retype(next);
  }

  void narrow(OpOperand &use) {
    if (tfm::tensorTypeOf(use.get()).getElementType() == type)
      return;
    // The first value that is more than the same elements elsewhere, or that
    // others read.
    Value root = use.get();
    auto feedsProducts = [&](OpOperand &inner) {
      return onlyFeedsProducts(inner);
    };
    while (llvm::all_of(root.getUses(), feedsProducts)) {
      Operation *op = root.getDefiningOp();
      if (auto reshape = llvm::dyn_cast_if_present<tfm::ReshapeOp>(op))
        root = reshape.getInput();
      else if (tfm::LoadOp load = moveOf(op))
        root = load.getTensor();
      else
        break;
    }
    if (!canBeNarrow(root))
      return roundBeside(root);
    if (auto fused = root.getDefiningOp<tfm::FusedOp>()) {
      Operation *yield = fused.getBody().front().getTerminator();
      builder.setInsertionPoint(yield);
      yield->setOperand(0, tfm::ConvertOp::create(builder, fused.getLoc(), type,
                                                  yield->getOperand(0)));
    }
    retype(root);
  }

  /// Products read a rounded copy of `value`.
  void roundBeside(Value value) {
    llvm::SmallVector<OpOperand *> uses;
    for (OpOperand &use : value.getUses())
      if (onlyFeedsProducts(use))
        uses.push_back(&use);
    tfm::FusedOp copy = convertedCopy(builder, value, type);
    for (OpOperand *use : uses) {
      use->set(copy.getResult());
      retypeUse(*use);
    }
  }

  /// A cast, not a recipe: how a weight is stored is the lowering's to say.
  void narrowWeight(tfm::LinearOp linear) {
    builder.setInsertionPoint(linear);
    Value weight = linear.getWeight();
    linear.getWeightMutable().assign(tfm::CastOp::create(
        builder, weight.getLoc(), narrowed(weight), weight));
  }

  func::FuncOp function;
  FloatType type;
  OpBuilder builder;
};

struct NarrowOperandsPass : impl::NarrowOperandsBase<NarrowOperandsPass> {
  using NarrowOperandsBase::NarrowOperandsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    OpBuilder builder(module.getContext());
    bool isTf32 = precision == "tf32";
    FloatType type = precision == "bf16" ? FloatType(builder.getBF16Type())
                                         : FloatType(builder.getF16Type());
    if (!isTf32 && precision != "bf16" && precision != "f16") {
      module.emitError("narrow-operands knows bf16, f16 and tf32");
      return signalPassFailure();
    }
    for (auto function :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (function->hasAttr(kTargetAttr))
        continue;
      builder.setInsertionPointAfter(function);
      auto clone = llvm::cast<func::FuncOp>(builder.clone(*function));
      clone.setSymName((function.getSymName() + "_" + target).str());
      clone->setAttr(kEntryAttr, function.getSymNameAttr());
      clone->setAttr(kTargetAttr, builder.getStringAttr(target));
      clone->setAttr(kPrecisionAttr, builder.getStringAttr(precision));
      if (!isTf32)
        Narrowing(clone, type).run();
    }
  }
};
} // namespace

} // namespace ingot
