#include "passes/PaddingMask.h"

#include "ir/lift/LiftRules.h"
#include "passes/Match.h"

using namespace mlir;

namespace ingot {

/// What a mask adds to the score of a key that it takes out, or more of it: the
/// weight is 0 in f32, scores being far smaller.
static constexpr double kRemovingFill = -1e4;

std::optional<Score> readScore(ElementLifter &lifter, tfm::AttentionOp op) {
  ShapeContext &shapes = lifter.context();
  ExprPool &pool = shapes.pool();
  ShapeContext::Dims q = shapes.dims(op.getQuery()),
                     k = shapes.dims(op.getKey());
  Score score;
  score.leaf = pool.load(ExprType::F32, kRegionArgument, {});
  score.b = shapes.index("b", q[0]);
  score.h = shapes.index("h", q[2]);
  score.q = shapes.index("q", q[1]);
  score.k = shapes.index("k", k[1]);
  score.value = score.leaf;
  if (op.getScoreMod().empty())
    return score;
  std::optional<Expr> value = LiftRules{lifter, pool, shapes}.region(
      op.getScoreMod().front(), score.arguments());
  if (!value)
    return std::nullopt;
  score.value = *value;
  return score;
}

Expr PaddingMask::keeps(ExprPool &pool, Expr element) const {
  if (pool.type(element) == ExprType::Int)
    element = pool.logicalNot(pool.eq(element, pool.integer(0)));
  return keepsZeros ? pool.logicalNot(element) : element;
}

Expr PaddingMask::given(ExprPool &pool, Expr expr, bool there, bool asOne,
                        llvm::function_ref<bool(Expr load)> isOf) const {
  bool isZero = there == keepsZeros;
  auto isMask = [&](Expr node) {
    return pool.kind(node) == ExprKind::Load && isOf(node);
  };
  return pool.replace(expr, [&](Expr node) -> std::optional<Expr> {
    if (pool.kind(node) == ExprKind::Eq && isMask(pool.operands(node)[0]))
      return pool.boolean(isZero);
    if (!isMask(node))
      return std::nullopt;
    if (pool.type(node) == ExprType::Bool)
      return pool.boolean(!isZero);
    if (isZero || asOne)
      return pool.integer(isZero ? 0 : 1);
    return std::nullopt;
  });
}

bool PaddingReader::reads(const PaddingMask &mask, Expr load, Expr first,
                          Expr second) {
  if (pool.kind(load) != ExprKind::Load ||
      pool.loadTensor(load) >= kRegionArgument ||
      lifter.tensor(pool.loadTensor(load)) != mask.input)
    return false;
  std::span<const Expr> at = pool.operands(load);
  return at.size() == 2 && at[0] == first && at[1] == second;
}

bool PaddingReader::isSelfAttention(tfm::AttentionOp op) {
  ShapeContext &shapes = lifter.context();
  if (op.getKeyBegin())
    return fail("its keys have bounds already");
  ShapeContext::Dims q = shapes.dims(op.getQuery()),
                     k = shapes.dims(op.getKey());
  return (q[1] == k[1] && !op.getPages()) ||
         fail("its keys are not the tokens of its queries (a "
              "cache, or another sequence)");
}

/// Whether a key that is not there is filled, whatever else holds.
bool PaddingReader::removes(const PaddingMask &mask, const Score &score) {
  Expr gone = mask.given(
      pool, score.value, /*there=*/false, /*asOne=*/true,
      [&](Expr load) { return reads(mask, load, score.b, score.k); });
  return isFilled(pool, gone, kRemovingFill);
}

bool PaddingReader::removesKeys(const PaddingMask &mask, tfm::AttentionOp op) {
  std::optional<Score> score = readScore(lifter, op);
  return score && removes(mask, *score);
}

std::optional<PaddingMask> PaddingReader::find(tfm::AttentionOp op) {
  if (!isSelfAttention(op))
    return std::nullopt;
  std::optional<Score> score = readScore(lifter, op);
  for (Expr node : score ? pool.reachable(score->value) : std::vector<Expr>()) {
    if (pool.kind(node) != ExprKind::Load ||
        pool.loadTensor(node) >= kRegionArgument)
      continue;
    auto input =
        llvm::dyn_cast<BlockArgument>(lifter.tensor(pool.loadTensor(node)));
    if (!input)
      continue;
    Type element = tfm::tensorTypeOf(input).getElementType();
    bool isCountable =
        element.isInteger() &&
        (element.isInteger(1) || element.getIntOrFloatBitWidth() >= 8);
    for (bool keepsZeros : {false, true}) {
      PaddingMask mask{input, keepsZeros};
      if (isCountable && reads(mask, node, score->b, score->k) &&
          removes(mask, *score))
        return mask;
    }
  }
  fail("no input of integers or booleans, one a token, takes keys out of it");
  return std::nullopt;
}

bool PaddingReader::holds(const PaddingMask &mask, tfm::AttentionOp op) {
  if (!isSelfAttention(op))
    return false;
  if (!removesKeys(mask, op))
    return fail("its mask keeps tokens that another attention takes out");
  Score score = *readScore(lifter, op);
  // A query's own key: where it is there, and the query too.
  Expr own = pool.replace(score.value, [&](Expr node) -> std::optional<Expr> {
    return node == score.k && !pool.constantInt(node) ? std::optional(score.q)
                                                      : std::nullopt;
  });
  own = mask.given(pool, own, /*there=*/true, /*asOne=*/true, [&](Expr load) {
    return reads(mask, load, score.b, score.q);
  });
  for (Expr node : pool.reachable(own))
    if (pool.kind(node) == ExprKind::FloatConst &&
        *pool.constantFloat(node) <= kRemovingFill)
      return fail("its mask may leave a token without any key");
  return true;
}

} // namespace ingot
