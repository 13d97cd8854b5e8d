#include "ir/lift/ElementLifter.h"
#include "passes/Match.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

#include <cmath>

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_FUSEACTIVATION
#include "passes/Passes.h.inc"

namespace {
bool isTranscendental(tfm::ElementwiseOp op) {
  ScalarOp kind = op.getOp().getValue();
  return kind == ScalarOp::Erf || kind == ScalarOp::Tanh ||
         kind == ScalarOp::Sigmoid;
}

/// One chain: what `result` computes from `input` alone, element by element.
struct Chain {
  Value input, result;
  llvm::SetVector<Operation *> ops;
};

/// Values between `anchor` and a few steps back: candidates for x, nearest
/// first.
llvm::SmallVector<Value> inputsOf(tfm::ElementwiseOp anchor) {
  llvm::SetVector<Value> seen;
  seen.insert(anchor.getOperands()[0]);
  for (size_t i = 0; i < seen.size() && seen.size() < 16; ++i)
    if (auto op = seen[i].getDefiningOp<tfm::ElementwiseOp>())
      for (Value operand : op.getOperands())
        if (!splatNumber(operand))
          seen.insert(operand);
  return llvm::SmallVector<Value>(seen.begin(), seen.end());
}

/// Everything elementwise that depends on `input` and numbers only.
Chain closure(Value input, Operation *anchor) {
  Chain chain{input, {}, {}};
  llvm::DenseSet<Value> inside{input};
  llvm::SmallVector<Value> work{input};
  while (!work.empty() && chain.ops.size() < 32) {
    Value value = work.pop_back_val();
    for (Operation *user : value.getUsers()) {
      auto op = llvm::dyn_cast<tfm::ElementwiseOp>(user);
      if (!op || op.getType() != input.getType() || chain.ops.contains(op))
        continue;
      bool univariate = llvm::all_of(op.getOperands(), [&](Value operand) {
        return inside.contains(operand) || splatNumber(operand);
      });
      if (!univariate)
        continue;
      chain.ops.insert(op);
      inside.insert(op.getResult());
      work.push_back(op.getResult());
      // An operand reached late may complete ops that were passed over.
      llvm::append_range(work, op.getOperands());
    }
  }
  // The result is the last op behind the anchor that something outside reads.
  for (Operation *op : chain.ops) {
    bool leaves = llvm::any_of(
        op->getUsers(), [&](Operation *u) { return !chain.ops.contains(u); });
    if (leaves &&
        (!chain.result || chain.result.getDefiningOp()->isBeforeInBlock(op)))
      chain.result = op->getResult(0);
  }
  if (!chain.ops.contains(anchor))
    chain.result = {};
  return chain;
}

struct FuseActivationPass : impl::FuseActivationBase<FuseActivationPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      Block &block = function.getBody().front();
      llvm::SmallVector<tfm::ElementwiseOp> anchors;
      for (auto op : function.getOps<tfm::ElementwiseOp>())
        if (isTranscendental(op))
          anchors.push_back(op);
      for (tfm::ElementwiseOp anchor : anchors)
        fuse(anchor);
      eraseDead(block);
    }
  }

  void fuse(tfm::ElementwiseOp anchor) {
    for (Value input : inputsOf(anchor)) {
      Chain chain = closure(input, anchor);
      if (!chain.result)
        continue;
      if (std::optional<ScalarOp> kind = recognize(chain)) {
        Operation *last = chain.result.getDefiningOp();
        OpBuilder builder(last);
        llvm::SmallVector<Operation *> ops(chain.ops.begin(), chain.ops.end());
        std::swap(ops.front(), *llvm::find(ops, last)); // it names the result
        Value fused = tfm::ElementwiseOp::create(
            builder, fusedLocation(ops), chain.result.getType(),
            tfm::ScalarOpAttr::get(&getContext(), *kind),
            ValueRange{chain.input});
        chain.result.replaceAllUsesWith(fused);
        return;
      }
    }
    noteUnfused(anchor, stringifyEnum(anchor.getOp().getValue()) +
                            " by itself: around it is no GELU (of erf, tanh or "
                            "sigmoid) and no SiLU");
  }

  /// Compares the chain with each activation on samples of [-6, 6], in the
  /// chain's own arithmetic. Spelling does not matter, and constants that were
  /// rounded to f32 stay within the tolerance; other functions do not.
  std::optional<ScalarOp> recognize(const Chain &chain) {
    ShapeFacts facts;
    ShapeContext shapes(facts);
    ElementLifter lifter(shapes, nullptr);
    lifter.makeOpaque(chain.input);
    ExprPool &pool = shapes.pool();
    int64_t rank =
        llvm::cast<RankedTensorType>(chain.input.getType()).getRank();
    llvm::SmallVector<Expr> zeros(rank, pool.integer(0));
    Expr expr = lifter.element(chain.result, zeros);
    for (Expr node : pool.reachable(expr))
      if (pool.kind(node) == ExprKind::Load &&
          lifter.tensor(pool.loadTensor(node)) != chain.input)
        return std::nullopt;
    for (ScalarOp kind : {ScalarOp::Gelu, ScalarOp::GeluTanh,
                          ScalarOp::GeluSigmoid, ScalarOp::Silu})
      if (agrees(pool, expr, kind))
        return kind;
    return std::nullopt;
  }

  bool agrees(ExprPool &pool, Expr expr, ScalarOp kind) {
    constexpr int kSamples = 240;
    for (int i = 0; i <= kSamples; ++i) {
      double x = static_cast<float>(-6.0 + 12.0 * i / kSamples);
      ExprEnvironment env{
          [](Expr) { return 0; },
          [x](uint32_t, std::span<const int64_t>) { return x; }};
      std::optional<double> value = pool.evaluateFloat(expr, env);
      double operands[] = {x};
      if (!value || std::fabs(*value - applyFloat(kind, operands)) >
                        2e-6 * (1 + std::fabs(x)))
        return false;
    }
    return true;
  }
};
} // namespace

} // namespace ingot
