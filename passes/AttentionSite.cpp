#include "passes/AttentionSite.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

#include <cmath>

using namespace mlir;

namespace ingot {

std::optional<AttentionSite> AttentionReader::read() {
  if (!readIndices() || !readScores() || !readOutput() || !readGroups())
    return std::nullopt;
  readTerms();
  if (pool.failed())
    return refuse("its expressions leave 64 bits");
  return site;
}

/// Names the axes of the softmax's operand. A rank-3 operand has batch and
/// heads folded into its first dim when that is a number times something.
bool AttentionReader::readIndices() {
  auto dims = shapes.dims(site.softmax.getInput());
  if (site.softmax.getAxis() + 1 != dims.size())
    return fail("softmax is not over the last axis");
  if (dims.size() != 3 && dims.size() != 4)
    return fail("scores have rank " + std::to_string(dims.size()) +
                ", not 3 or 4");
  if (dims.size() == 4) {
    site.batch = dims[0];
    site.heads = dims[1];
  } else {
    site.foldedHeads = true;
    std::vector<ExprTerm> terms = pool.terms(dims[0]);
    int64_t heads =
        terms.size() == 1 && !terms[0].atoms.empty() ? terms[0].coefficient : 1;
    site.heads = pool.integer(heads);
    site.batch = heads == 1 ? dims[0] : *pool.exactDiv(dims[0], site.heads);
  }
  site.queries = dims[dims.size() - 2];
  site.keys = dims.back();
  if (!pool.constantInt(site.heads))
    return fail("the number of heads is not known");
  site.b = shapes.index("b", site.batch);
  site.h = shapes.index("h", site.heads);
  site.q = shapes.index("q", site.queries);
  site.k = shapes.index("k", site.keys);
  if (site.foldedHeads)
    at = {pool.add(pool.mul(site.b, site.heads), site.h), site.q, site.k};
  else
    at = {site.b, site.h, site.q, site.k};
  return true;
}

Expr AttentionReader::unscaled(Expr e) {
  while (pool.kind(e) == ExprKind::Apply) {
    std::span<const Expr> operands = pool.operands(e);
    ScalarOp op = pool.scalarOp(e);
    if (op == ScalarOp::Mul && operands.size() == 2) {
      bool left = pool.constantFloat(operands[0]).has_value();
      std::optional<double> factor = pool.constantFloat(operands[left ? 0 : 1]);
      if (!factor)
        break;
      site.scale *= *factor;
      e = operands[left ? 1 : 0];
    } else if (op == ScalarOp::Div && pool.constantFloat(operands[1])) {
      site.scale /= *pool.constantFloat(operands[1]);
      e = operands[0];
    } else {
      break;
    }
  }
  return e;
}

bool AttentionReader::readScores() {
  Expr argument = lifter.element(site.softmax.getInput(), at);
  Expr score;
  bool isDirect = false;
  for (Expr node : pool.reachable(argument)) {
    if (pool.kind(node) != ExprKind::Load)
      continue;
    auto product =
        lifter.tensor(pool.loadTensor(node)).getDefiningOp<tfm::MatmulOp>();
    if (!product || !(pool.constantInt(site.k) || uses(node, site.k)))
      continue;
    // A product that is read at (q, k) itself goes before those that are read
    // by relative position (DeBERTa): they are tensors of the score_mod region.
    auto where = pool.operands(node).last(2);
    bool direct = (where[0] == site.q && where[1] == site.k) ||
                  (where[0] == site.k && where[1] == site.q);
    if (isDirect && !direct)
      continue;
    if (score && direct == isDirect)
      return fail(
          "its argument holds more than one product of computed operands");
    score = node;
    site.scores = product;
    isDirect = direct;
  }
  if (!score)
    return fail("its argument holds no product of computed operands");
  if (!site.scores.getType().getElementType().isF32())
    return fail("scores are not f32");

  llvm::SmallVector<Expr> where(pool.operands(score).begin(),
                                pool.operands(score).end());
  site.depth = shapes.dims(site.scores.getLhs()).back();
  if (!pool.constantInt(site.depth))
    return fail("the head dim is not known");
  site.d = shapes.index("d", site.depth);
  llvm::SmallVector<Expr> left(where), right(where);
  left.back() = site.d;
  right[right.size() - 2] = site.d;
  Expr query =
      lifter.element(site.scores.getLhs(),
                     lifter.broadcastIndices(site.scores.getLhs(), left));
  Expr key =
      lifter.element(site.scores.getRhs(),
                     lifter.broadcastIndices(site.scores.getRhs(), right));
  if (uses(query, site.k) || uses(key, site.q)) {
    std::swap(query, key);
    if (uses(query, site.k) || uses(key, site.q))
      return fail(
          "an operand of the scores depends on both query and key position");
  }
  site.query = unscaled(query);
  site.key = unscaled(key);

  // A constant factor right at the score joins the scale.
  site.scoreLeaf = pool.load(ExprType::F32, kRegionArgument, {});
  Expr leaf = score;
  for (bool found = true; found;) {
    found = false;
    for (Expr node : pool.reachable(argument)) {
      if (pool.kind(node) != ExprKind::Apply || node == leaf)
        continue;
      std::span<const Expr> operands = pool.operands(node);
      ScalarOp op = pool.scalarOp(node);
      bool scales =
          (op == ScalarOp::Mul &&
           ((operands[0] == leaf && pool.constantFloat(operands[1])) ||
            (operands[1] == leaf && pool.constantFloat(operands[0])))) ||
          (op == ScalarOp::Div && operands[0] == leaf &&
           pool.constantFloat(operands[1]));
      if (!scales)
        continue;
      // Only where every use of the score is through this factor.
      Expr rest = pool.replace(argument, [&](Expr n) -> std::optional<Expr> {
        return n == node ? std::optional(site.scoreLeaf) : std::nullopt;
      });
      if (pool.contains(rest, leaf))
        continue;
      double factor =
          *pool.constantFloat(operands[operands[0] == leaf ? 1 : 0]);
      site.scale =
          op == ScalarOp::Div ? site.scale / factor : site.scale * factor;
      leaf = node;
      found = true;
      break;
    }
  }
  site.scoreMod = pool.replace(argument, [&](Expr node) -> std::optional<Expr> {
    return node == leaf ? std::optional(site.scoreLeaf) : std::nullopt;
  });
  return true;
}

/// The one product that reads the probabilities, directly or guarded against
/// NaN.
bool AttentionReader::readOutput() {
  llvm::SetVector<Operation *> seen;
  llvm::SmallVector<Value> work{site.softmax.getResult()};
  while (!work.empty()) {
    for (Operation *user : work.pop_back_val().getUsers()) {
      if (!seen.insert(user))
        continue;
      if (auto product = llvm::dyn_cast<tfm::MatmulOp>(user)) {
        if (site.output)
          return fail("the probabilities are read by more than one product");
        site.output = product;
      } else if (llvm::isa<tfm::ElementwiseOp, tfm::SelectOp, tfm::ReshapeOp,
                           tfm::TransposeOp, tfm::BroadcastOp, tfm::CastOp>(
                     user)) {
        work.push_back(user->getResult(0));
      } else if (user->hasTrait<OpTrait::IsTerminator>()) {
        return fail("the probabilities are an output of the model");
      } else {
        return fail(("the probabilities are read by a " +
                     user->getName().stripDialect() + ", not by a product")
                        .str());
      }
    }
  }
  if (!site.output)
    return fail("the probabilities reach no product");

  // Batch and heads may be folded into one dim here and not in the softmax, or
  // the other way round.
  auto dims = shapes.dims(site.output.getResult());
  llvm::SmallVector<Expr> outer, outerAt;
  if (dims.size() == 4) {
    outer = {site.batch, site.heads};
    outerAt = {site.b, site.h};
  } else {
    outer = {pool.mul(site.batch, site.heads)};
    outerAt = {pool.add(pool.mul(site.b, site.heads), site.h)};
  }
  outer.push_back(site.queries);
  if (dims.size() != outer.size() + 1 ||
      !std::equal(outer.begin(), outer.end(), dims.begin()))
    return fail("the product with the values has other dims than the scores");
  Value left = site.output.getLhs(), right = site.output.getRhs();
  llvm::SmallVector<Expr> where(outerAt);
  where.append({site.q, site.k});
  Expr probability = lifter.element(left, lifter.broadcastIndices(left, where));
  Expr plain = pool.load(ExprType::F32, lifter.number(site.softmax.getResult()),
                         {at.data(), at.size()});
  if (probability != plain) {
    Expr guarded = pool.select(pool.isNaN(plain),
                               pool.floatConst(ExprType::F32, 0), plain);
    if (probability != guarded)
      return fail("the probabilities are changed before the product");
    site.emptyRows = tfm::EmptyRows::Zero;
  }
  site.valueDepth = dims.back();
  if (!pool.constantInt(site.valueDepth))
    return fail("the head dim of the values is not known");
  site.e = shapes.index("e", site.valueDepth);
  where.resize(outerAt.size());
  where.append({site.k, site.e});
  site.value = lifter.element(right, lifter.broadcastIndices(right, where));
  if (uses(site.value, site.q))
    return fail("the values depend on the query position");
  return true;
}

/// Grouped heads: keys and values that use h only as `h floordiv c`, or not at
/// all.
bool AttentionReader::readGroups() {
  int64_t heads = *pool.constantInt(site.heads);
  auto divisorOf = [&](Expr e) -> int64_t {
    int64_t divisor = 0;
    Expr stripped = pool.replace(e, [&](Expr node) -> std::optional<Expr> {
      if (pool.kind(node) != ExprKind::FloorDiv ||
          pool.operands(node)[0] != site.h)
        return std::nullopt;
      int64_t c = pool.constantInt(pool.operands(node)[1]).value_or(0);
      divisor = divisor == 0 || divisor == c ? c : 1;
      return pool.integer(0);
    });
    if (heads == 1 || pool.contains(stripped, site.h))
      return 1;
    return divisor == 0 ? heads : divisor;
  };
  int64_t group = divisorOf(site.key);
  if (group != divisorOf(site.value) || group == 0 || heads % group != 0)
    group = 1;
  site.groups = heads / group;
  site.g = shapes.index("g", pool.integer(site.groups));
  auto regroup = [&](Expr e) {
    return pool.replace(e, [&](Expr node) -> std::optional<Expr> {
      if (group != 1 && pool.kind(node) == ExprKind::FloorDiv &&
          pool.operands(node)[0] == site.h)
        return site.g;
      return group == 1 && node == site.h ? std::optional(site.g)
                                          : std::nullopt;
    });
  };
  site.key = regroup(site.key);
  site.value = regroup(site.value);
  return true;
}

/// A condition may say which keys are kept or which are not: the side on which
/// a score of 0 at q = k = 0, which every mask of positions keeps, is lower is
/// the one that is filled.
bool AttentionReader::keepsKeys(Expr condition) {
  for (double mask : {1.0, 0.0}) {
    ExprEnvironment env;
    env.leaf = [](Expr) { return 0; };
    env.load = [&](uint32_t tensor, std::span<const int64_t>) {
      return tensor >= kRegionArgument ? 0 : mask;
    };
    auto argument = [&](bool truth) {
      Expr given =
          pool.replace(site.scoreMod, [&](Expr node) -> std::optional<Expr> {
            return node == condition ? std::optional(pool.boolean(truth))
                                     : std::nullopt;
          });
      return pool.evaluateFloat(given, env).value_or(0);
    };
    double whereTrue = argument(true), whereFalse = argument(false);
    if (whereTrue != whereFalse)
      return whereTrue > whereFalse;
  }
  return true;
}

/// What a load in the mask is, by the indices that it uses.
llvm::StringRef AttentionReader::termOf(Expr load) {
  bool isFloat = pool.type(load) == ExprType::F32;
  bool usesQ = uses(load, site.q), usesK = uses(load, site.k);
  if (usesK && !usesQ)
    return isFloat ? "key_bias" : "key_valid";
  if (!usesK && !usesQ)
    return "";
  // Where neither position is a coordinate it is by their distance.
  bool isDirect = llvm::any_of(pool.operands(load), [&](Expr at) {
    return at == site.q || at == site.k;
  });
  return !isFloat ? "mask" : isDirect ? "tensor" : "table";
}

/// Names what the mask is made of, and what a row without kept keys gives.
void AttentionReader::readTerms() {
  llvm::StringSet<> terms;
  double lowest = 0;
  llvm::SetVector<uint32_t> seen;
  llvm::SmallVector<Expr> work{site.scoreMod};
  // Not into the coordinates of loads: comparisons there are no mask.
  while (!work.empty()) {
    Expr node = work.pop_back_val();
    if (!seen.insert(node.id))
      continue;
    switch (pool.kind(node)) {
    case ExprKind::Ge:
      if (uses(node, site.q) && uses(node, site.k))
        if (auto split = pool.splitLinear(pool.operands(node)[0], site.k)) {
          int64_t slope = pool.constantInt(split->first).value_or(0);
          slope = keepsKeys(node) ? slope : -slope;
          if (slope == -1)
            terms.insert("causal");
          else if (slope == 1)
            terms.insert("window");
        }
      break;
    case ExprKind::Load:
      if (pool.loadTensor(node) < kRegionArgument)
        if (llvm::StringRef term = termOf(node); !term.empty())
          terms.insert(term);
      continue;
    case ExprKind::FloatConst:
      lowest = std::min(lowest, *pool.constantFloat(node));
      break;
    default:
      break;
    }
    llvm::append_range(work, pool.operands(node));
  }
  for (llvm::StringRef term :
       {"causal", "window", "key_valid", "key_bias", "table", "tensor", "mask"})
    if (terms.contains(term))
      site.terms.push_back(term.str());
  if (site.emptyRows != tfm::EmptyRows::Zero)
    site.emptyRows = std::isinf(lowest) ? tfm::EmptyRows::NaN
                     : lowest <= -1e30  ? tfm::EmptyRows::Mean
                                        : tfm::EmptyRows::Scores;
}

} // namespace ingot
