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

/// What `user` applies `op` to besides `known`, if that is what it does.
Value otherOperandOf(Operation *user, ScalarOp op, Value known) {
  return user->getNumResults() == 1
             ? otherOperand(user->getResult(0), op, known)
             : Value();
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

  /// The match, or nothing and `reason()`, empty where there is no norm at all.
  std::optional<Match> run() {
    if (!isNormStatistic(match.variance))
      return std::nullopt;
    if (match.variance.getKind() != tfm::ReduceKind::Mean)
      return refuse("it divides by the length of a vector (an L2 norm), not by "
                    "the root of a mean");
    if (!reducesLastAxis(match.variance))
      return refuse("its mean of squares is not over the last axis alone");
    match.centered = squareRoot(match.variance.getInput());
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
    if (!root)
      return refuse("no square root of the mean of squares plus one number");
    if (!findNormalized(root))
      return refuse("nothing divides by the root what the mean of squares is "
                    "of");
    findAffine();
    return match;
  }

  llvm::StringRef reason() const { return why; }

private:
  std::nullopt_t refuse(llvm::StringRef text) {
    why = text;
    return std::nullopt;
  }

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
        if (otherOperandOf(next, ScalarOp::Mul, op.getResult()) ==
            match.centered) {
          match.ops.push_back(op);
          return accept(llvm::cast<tfm::ElementwiseOp>(next));
        }
      if (findExpanded(op))
        return true;
    }
    return false;
  }

  /// TensorFlow's spelling, x * f + (bias - mean * f), where f is the inverse
  /// of the root, times the scale.
  bool findExpanded(tfm::ElementwiseOp inverse) {
    if (!match.mean)
      return false;
    for (Operation *user : inverse.getResult().getUsers()) {
      Value scale = otherOperandOf(user, ScalarOp::Mul, inverse);
      if (!scale || !isAffine(scale))
        continue;
      Value factor = user->getResult(0);
      Value scaled = productOf(factor, match.input);
      Value shift = productOf(factor, match.mean.getResult());
      if (!scaled || !shift || !shift.hasOneUse() || !scaled.hasOneUse())
        continue;
      auto rest = llvm::dyn_cast<tfm::ElementwiseOp>(*shift.getUsers().begin());
      if (!rest || rest.getOp().getValue() != ScalarOp::Sub ||
          rest.getOperands()[1] != shift || !isAffine(rest.getOperands()[0]) ||
          !rest.getResult().hasOneUse())
        continue;
      Operation *sum = *scaled.getUsers().begin();
      if (otherOperandOf(sum, ScalarOp::Add, scaled) != rest.getResult())
        continue;
      match.scale = scale;
      match.bias = rest.getOperands()[0];
      match.ops.append(
          {inverse, user, scaled.getDefiningOp(), shift.getDefiningOp(), rest});
      return accept(llvm::cast<tfm::ElementwiseOp>(sum));
    }
    return false;
  }

  /// The product of both, computed somewhere.
  static Value productOf(Value a, Value b) {
    for (Operation *user : a.getUsers())
      if (otherOperandOf(user, ScalarOp::Mul, a) == b)
        return user->getResult(0);
    return {};
  }

  bool accept(tfm::ElementwiseOp op) {
    // An epsilon or exponent of more dims makes the result larger.
    if (op.getType() != match.input.getType())
      return false;
    match.normalized = op.getResult();
    match.ops.push_back(op);
    return true;
  }

  /// A parameter as long as the last axis, of the only user of `value`.
  Value parameterOf(Value value, ScalarOp kind) {
    if (!value.hasOneUse())
      return {};
    Operation *user = *value.getUsers().begin();
    Value other = otherOperandOf(user, kind, value);
    if (!other || !isAffine(other) ||
        user->getResult(0).getType() != value.getType())
      return {};
    return other;
  }

  bool isAffine(Value value) {
    auto type = llvm::cast<RankedTensorType>(value.getType());
    auto input = llvm::cast<RankedTensorType>(match.input.getType());
    return isParameter(value) &&
           type.getNumElements() == input.getShape().back();
  }

  void findAffine() {
    if (match.scale)
      return;
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
  llvm::StringRef why;
};

struct RaiseNormPass : impl::RaiseNormBase<RaiseNormPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      llvm::SmallVector<tfm::ReduceOp> anchors(
          function.getOps<tfm::ReduceOp>());
      for (tfm::ReduceOp anchor : anchors) {
        Matcher matcher(anchor);
        if (std::optional<Match> match = matcher.run())
          rewrite(*match);
        else if (!matcher.reason().empty())
          noteUnfused(anchor, matcher.reason());
      }
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
