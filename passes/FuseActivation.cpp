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

/// What can be computed from `input` alone, element by element.
struct Chain {
  Value input;
  llvm::SetVector<Operation *> ops;
  /// Those behind the anchor, last first.
  llvm::SmallVector<Operation *> results;
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
  llvm::SetVector<Operation *> behind;
  if (chain.ops.contains(anchor))
    behind.insert(anchor);
  for (size_t i = 0; i < behind.size(); ++i)
    for (Operation *user : behind[i]->getUsers())
      if (chain.ops.contains(user))
        behind.insert(user);
  chain.results = behind.takeVector();
  llvm::sort(chain.results,
             [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); });
  return chain;
}

/// The ops of the chain that `result` needs: itself, it names the fused one,
/// then the others in order.
llvm::SmallVector<Operation *> neededBy(const Chain &chain, Operation *result) {
  llvm::SetVector<Operation *> needed;
  needed.insert(result);
  for (size_t i = 0; i < needed.size(); ++i)
    for (Value operand : needed[i]->getOperands())
      if (Operation *op = operand.getDefiningOp();
          op && operand != chain.input && chain.ops.contains(op))
        needed.insert(op);
  llvm::SmallVector<Operation *> ops = needed.takeVector();
  llvm::sort(ops,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return ops;
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
      for (Operation *last : chain.results)
        if (std::optional<ScalarOp> kind =
                recognize(chain.input, last->getResult(0))) {
          OpBuilder builder(last);
          Value fused = tfm::ElementwiseOp::create(
              builder, fusedLocation(neededBy(chain, last)),
              last->getResult(0).getType(),
              tfm::ScalarOpAttr::get(&getContext(), *kind),
              ValueRange{chain.input});
          last->getResult(0).replaceAllUsesWith(fused);
          return;
        }
    }
    noteUnfused(anchor, stringifyEnum(anchor.getOp().getValue()) +
                            " by itself: around it is no GELU (of erf, tanh or "
                            "sigmoid) and no SiLU");
  }

  /// Compares `result` with each activation on samples of its input, in the
  /// chain's own arithmetic. Spelling does not matter, and constants that were
  /// rounded to f32 stay within the tolerance; other functions do not.
  std::optional<ScalarOp> recognize(Value input, Value result) {
    ShapeFacts facts;
    ShapeContext shapes(facts);
    ElementLifter lifter(shapes, nullptr);
    lifter.makeOpaque(input);
    ExprPool &pool = shapes.pool();
    int64_t rank = llvm::cast<RankedTensorType>(input.getType()).getRank();
    llvm::SmallVector<Expr> zeros(rank, pool.integer(0));
    Expr expr = lifter.element(result, zeros);
    // Of a model that stores halves, constants are rounded to those.
    bool isOfHalves = true;
    for (Expr node : pool.reachable(expr)) {
      if (pool.kind(node) == ExprKind::Load &&
          lifter.tensor(pool.loadTensor(node)) != input)
        return std::nullopt;
      if (std::optional<double> number = pool.constantFloat(node))
        isOfHalves &= isHalf(*number);
    }
    double tolerance = isOfHalves ? 0x1p-11 : 2e-6;
    std::optional<ScalarOp> closest;
    for (ScalarOp kind : {ScalarOp::Gelu, ScalarOp::GeluTanh,
                          ScalarOp::GeluSigmoid, ScalarOp::Silu})
      if (std::optional<double> off = deviation(pool, expr, kind, tolerance)) {
        closest = kind;
        tolerance = *off;
      }
    return closest;
  }

  static bool isHalf(double number) {
    llvm::APFloat value(number);
    bool losesInfo;
    value.convert(llvm::APFloat::IEEEhalf(), llvm::APFloat::rmNearestTiesToEven,
                  &losesInfo);
    return !losesInfo;
  }

  /// The largest difference of `expr` from `kind` at x, over 1 + |x|; nothing
  /// where it is more than `most`.
  std::optional<double> deviation(ExprPool &pool, Expr expr, ScalarOp kind,
                                  double most) {
    double largest = 0;
    auto agreesAt = [&](float x) {
      ExprEnvironment env{
          [](Expr) { return 0; },
          [x](uint32_t, std::span<const int64_t>) { return x; }};
      std::optional<double> value = pool.evaluateFloat(expr, env);
      double operands[] = {x};
      if (!value)
        return false;
      double off =
          std::fabs(*value - applyFloat(kind, operands)) / (1 + std::fabs(x));
      largest = std::max(largest, off);
      return off <= most;
    };
    // Densely where the functions bend, then outwards: a clip at 10 is none of
    // them. Cubes of the largest overflow, which a tanh does not mind.
    constexpr int kSamples = 240;
    for (int i = 0; i <= kSamples; ++i)
      if (!agreesAt(static_cast<float>(-6.0 + 12.0 * i / kSamples)))
        return std::nullopt;
    for (float x = 6; x < 1e18F; x *= 1.3F)
      if (!agreesAt(x) || !agreesAt(-x))
        return std::nullopt;
    return largest;
  }
};
} // namespace

} // namespace ingot
