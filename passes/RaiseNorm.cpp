#include "passes/Match.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_RAISENORM
#include "passes/Passes.h.inc"

namespace {
bool reducesLastAxis(tfm::ReduceOp op) {
  auto type = llvm::cast<RankedTensorType>(op.getInput().getType());
  return op.getKind() == tfm::ReduceKind::Mean && op.getKeepdims() &&
         op.getAxes().size() == 1 && op.getAxes()[0] == type.getRank() - 1;
}

/// The base of `value` = base * base, spelled as a product or a power.
Value squareRoot(Value value) {
  auto op = value.getDefiningOp<tfm::ElementwiseOp>();
  if (!op)
    return {};
  ScalarOp kind = op.getOp().getValue();
  if (kind == ScalarOp::Mul && op.getOperands()[0] == op.getOperands()[1])
    return op.getOperands()[0];
  if (kind == ScalarOp::Pow && splatNumber(op.getOperands()[1]) == 2.0)
    return op.getOperands()[0];
  return {};
}

/// A norm around one mean of squares.
struct Match {
  tfm::ReduceOp variance;
  tfm::ReduceOp mean; ///< null for rms
  Value input, centered;
  double epsilon = 0;
  Value normalized, scale, bias;
  llvm::SmallVector<Operation *> ops;
};

class Matcher {
public:
  explicit Matcher(tfm::ReduceOp variance) { match.variance = variance; }

  std::optional<Match> run() {
    if (!reducesLastAxis(match.variance) ||
        !(match.centered = squareRoot(match.variance.getInput())))
      return std::nullopt;
    match.input = match.centered;
    if (auto sub = elementwise(match.centered, ScalarOp::Sub)) {
      auto mean = sub.getOperands()[1].getDefiningOp<tfm::ReduceOp>();
      if (mean && reducesLastAxis(mean) &&
          mean.getInput() == sub.getOperands()[0]) {
        match.mean = mean;
        match.input = sub.getOperands()[0];
        match.ops = {mean, sub};
      }
    }
    match.ops.push_back(match.variance);
    Value root = findRoot();
    if (!root || !findNormalized(root))
      return std::nullopt;
    findAffine();
    return match;
  }

private:
  /// sqrt(variance + epsilon).
  Value findRoot() {
    for (Operation *user : match.variance.getResult().getUsers()) {
      auto add = llvm::dyn_cast<tfm::ElementwiseOp>(user);
      if (!add || add.getOp().getValue() != ScalarOp::Add)
        continue;
      std::optional<double> epsilon =
          splatNumber(otherOperand(add, ScalarOp::Add, match.variance));
      if (!epsilon || *epsilon < 0)
        continue;
      for (Operation *next : add.getResult().getUsers())
        if (auto sqrt = llvm::dyn_cast<tfm::ElementwiseOp>(next))
          if (sqrt.getOp().getValue() == ScalarOp::Sqrt) {
            match.epsilon = *epsilon;
            match.ops.append({add, sqrt});
            return sqrt.getResult();
          }
    }
    return {};
  }

  /// centered / root, or centered times one over the root.
  bool findNormalized(Value root) {
    for (Operation *user : root.getUsers()) {
      auto op = llvm::dyn_cast<tfm::ElementwiseOp>(user);
      if (!op)
        continue;
      ScalarOp kind = op.getOp().getValue();
      if (kind == ScalarOp::Div && op.getOperands()[0] == match.centered &&
          op.getOperands()[1] == root)
        return accept(op);
      bool inverse = kind == ScalarOp::Reciprocal ||
                     (kind == ScalarOp::Div && op.getOperands()[1] == root &&
                      splatNumber(op.getOperands()[0]) == 1.0);
      if (!inverse)
        continue;
      for (Operation *next : op.getResult().getUsers())
        if (otherOperand(next->getResult(0), ScalarOp::Mul, op.getResult()) ==
            match.centered) {
          match.ops.push_back(op);
          return accept(llvm::cast<tfm::ElementwiseOp>(next));
        }
    }
    return false;
  }

  bool accept(tfm::ElementwiseOp op) {
    match.normalized = op.getResult();
    match.ops.push_back(op);
    return true;
  }

  /// A parameter as long as the last axis, of the only user of `value`.
  Value parameterOf(Value value, ScalarOp kind) {
    if (!value.hasOneUse())
      return {};
    Operation *user = *value.getUsers().begin();
    if (user->getNumResults() != 1)
      return {};
    Value other = otherOperand(user->getResult(0), kind, value);
    auto type = other ? llvm::cast<RankedTensorType>(other.getType())
                      : RankedTensorType();
    auto input = llvm::cast<RankedTensorType>(match.input.getType());
    if (!other || !isParameter(other) ||
        user->getResult(0).getType() != value.getType() ||
        type.getNumElements() != input.getShape().back())
      return {};
    return other;
  }

  void findAffine() {
    if (Value scale = parameterOf(match.normalized, ScalarOp::Mul)) {
      match.scale = scale;
      advance();
    }
    if (!match.mean || !match.scale)
      return;
    if (Value bias = parameterOf(match.normalized, ScalarOp::Add)) {
      match.bias = bias;
      advance();
    }
  }

  void advance() {
    Operation *user = *match.normalized.getUsers().begin();
    match.ops.push_back(user);
    match.normalized = user->getResult(0);
  }

  Match match;
};

struct RaiseNormPass : impl::RaiseNormBase<RaiseNormPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      llvm::SmallVector<tfm::ReduceOp> anchors(
          function.getOps<tfm::ReduceOp>());
      for (tfm::ReduceOp anchor : anchors)
        if (std::optional<Match> match = Matcher(anchor).run())
          rewrite(*match);
      eraseDead(function.getBody().front());
    }
  }

  void rewrite(Match &match) {
    OpBuilder builder(match.normalized.getDefiningOp());
    auto type = llvm::cast<RankedTensorType>(match.input.getType());
    auto norm = tfm::NormOp::create(
        builder, fusedLocation(match.ops), TypeRange{type},
        match.mean ? tfm::NormKind::Layer : tfm::NormKind::Rms, match.input,
        Value(), match.scale, match.bias, type.getRank() - 1,
        llvm::APFloat(match.epsilon));
    match.normalized.replaceAllUsesWith(norm.getResult());
  }
};
} // namespace

} // namespace ingot
