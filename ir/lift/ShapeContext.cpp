#include "ir/lift/ShapeContext.h"

#include <numeric>

using namespace mlir;

namespace ingot {

bool isDimKind(ExprKind kind) {
  switch (kind) {
  case ExprKind::Poly:
  case ExprKind::Symbol:
  case ExprKind::FloorDiv:
  case ExprKind::Mod:
  case ExprKind::Max:
  case ExprKind::Min:
    return true;
  default:
    return false;
  }
}

ShapeContext::ShapeContext(ShapeFacts &facts) : facts(facts) {
  for (auto &[name, bound] : facts.lowerBounds)
    exprs.symbol(name, bound);
  // Latest first: an earlier value may mention a symbol that was solved later.
  for (auto it = facts.substitutions.rbegin(); it != facts.substitutions.rend();
       ++it)
    exprs.substitute(exprs.symbol(it->symbol), parse(it->value));
  for (const std::string &text : facts.nonNegative)
    exprs.assume(parse(text));
}

Expr ShapeContext::parse(llvm::StringRef text) {
  std::optional<Expr> expr = exprs.parse({text.data(), text.size()});
  assert(expr && "canonical text does not parse");
  return *expr;
}

ShapeContext::Dims ShapeContext::dims(RankedTensorType type) {
  Dims result;
  auto attr = llvm::dyn_cast_if_present<tfm::DimsAttr>(type.getEncoding());
  for (int64_t i = 0; i < type.getRank(); ++i)
    result.push_back(ShapedType::isDynamic(type.getDimSize(i))
                         ? parse(attr.text(i))
                         : exprs.integer(type.getDimSize(i)));
  return result;
}

RankedTensorType ShapeContext::type(llvm::ArrayRef<Expr> dims, Type element) {
  llvm::SmallVector<std::string> texts;
  for (Expr dim : dims)
    texts.push_back(exprs.print(dim));
  return tfm::tensorType(texts, element);
}

tfm::DimsAttr ShapeContext::attr(MLIRContext *context,
                                 llvm::ArrayRef<Expr> list) {
  llvm::SmallVector<std::string> texts;
  for (Expr expr : list)
    texts.push_back(exprs.print(expr));
  return tfm::DimsAttr::get(context, texts);
}

Expr ShapeContext::index(llvm::StringRef name, Expr extent) {
  return exprs.constantInt(extent) == 1
             ? exprs.integer(0)
             : exprs.index({name.data(), name.size()}, extent);
}

llvm::SmallVector<Expr> ShapeContext::indices(llvm::ArrayRef<Expr> dims,
                                              llvm::StringRef prefix) {
  llvm::SmallVector<Expr> result;
  for (auto [axis, dim] : llvm::enumerate(dims))
    result.push_back(index((prefix + llvm::Twine(axis)).str(), dim));
  return result;
}

void ShapeContext::fail(std::string text) {
  if (message.empty())
    message = std::move(text);
}

void ShapeContext::noteClamp(Expr clamped, Expr value, Expr bound) {
  clamps[clamped.id] = {value, bound};
}

void ShapeContext::check(tfm::Comparison relation, Expr a, Expr b,
                         llvm::StringRef why) {
  require(relation, a, b, why, /*teaches=*/false);
}

void ShapeContext::require(tfm::Comparison relation, Expr a, Expr b,
                           llvm::StringRef why, bool teaches) {
  Requirement requirement{relation, exprs.print(a), exprs.print(b), why.str(),
                          teaches};
  for (Requirement &known : facts.requirements) {
    if (known.relation == relation && known.lhs == requirement.lhs &&
        known.rhs == requirement.rhs) {
      known.teaches |= teaches;
      return;
    }
  }
  facts.requirements.push_back(std::move(requirement));
}

/// An upper bound of |integer| over all values of its generic indices, in
/// symbols (none of which is negative); nothing for what has no such bound.
std::optional<Expr> ShapeContext::magnitude(Expr integer) {
  auto of = [&](unsigned i) { return magnitude(exprs.operands(integer)[i]); };
  switch (exprs.kind(integer)) {
  case ExprKind::Poly: {
    Expr sum = exprs.integer(0);
    for (const ExprTerm &term : exprs.terms(integer)) {
      if (term.coefficient == INT64_MIN)
        return std::nullopt;
      Expr product = exprs.integer(std::abs(term.coefficient));
      for (Expr atom : term.atoms) {
        std::optional<Expr> bound = magnitude(atom);
        if (!bound)
          return std::nullopt;
        product = exprs.mul(product, *bound);
      }
      sum = exprs.add(sum, product);
    }
    return sum;
  }
  case ExprKind::Symbol:
    return exprs.lowerBound(integer) >= 0 ? std::optional(integer)
                                          : std::nullopt;
  case ExprKind::Index:
    return magnitude(exprs.extent(integer));
  case ExprKind::Sign:
  case ExprKind::BoolToInt:
    return exprs.integer(1);
  case ExprKind::Mod:
    return of(1);
  case ExprKind::Abs:
  case ExprKind::TruncDiv:
    return of(0);
  case ExprKind::FloorDiv:
    if (std::optional<Expr> bound = of(0))
      return exprs.add(*bound, exprs.integer(1));
    return std::nullopt;
  case ExprKind::Max:
  case ExprKind::Min:
  case ExprKind::Wrap: {
    std::optional<Expr> a = of(0), b = of(1);
    return a && b ? std::optional(exprs.add(*a, *b)) : std::nullopt;
  }
  case ExprKind::Select: {
    std::optional<Expr> a = of(1), b = of(2);
    return a && b ? std::optional(exprs.max(*a, *b)) : std::nullopt;
  }
  default:
    return std::nullopt;
  }
}

llvm::SmallVector<std::pair<Expr, Expr>> ShapeContext::newAssumptions() {
  llvm::SmallVector<std::pair<Expr, Expr>> result;
  // A copy: bounds are new expressions, and may take detours themselves.
  std::vector<std::pair<Expr, int64_t>> notes(exprs.assumedBelow().begin(),
                                              exprs.assumedBelow().end());
  for (auto [integer, limit] : llvm::ArrayRef(notes).drop_front(
           std::min(assumptionsSeen, notes.size()))) {
    // The pool notes only what consists of symbols and indices.
    std::optional<Expr> bound = magnitude(integer);
    if (bound && !exprs.proveGe(exprs.integer(limit), *bound))
      result.push_back({*bound, exprs.integer(limit)});
  }
  assumptionsSeen = notes.size();
  return result;
}

bool ShapeContext::requireLe(Expr a, Expr b, llvm::StringRef why) {
  if (exprs.proveGe(b, a))
    return true;
  if (exprs.proveNonNegative(exprs.sub(exprs.sub(a, b), exprs.integer(1)))) {
    fail((llvm::Twine(exprs.print(a)) + " would have to be at most " +
          exprs.print(b) + " for " + why)
             .str());
    return false;
  }
  require(tfm::Comparison::Le, a, b, why, /*teaches=*/true);
  facts.nonNegative.push_back(exprs.print(exprs.sub(b, a)));
  // A symbol that can only be 0 means that its name is wrong.
  if (exprs.kind(a) == ExprKind::Symbol && exprs.constantInt(b) == 0)
    contradiction = true;
  wantsRestart = true;
  return false;
}

std::optional<Expr> ShapeContext::unify(Expr a, Expr b, llvm::StringRef why) {
  if (a == b)
    return a;
  if (wantsRestart || !message.empty())
    return std::nullopt;
  std::optional<int64_t> ca = exprs.constantInt(a), cb = exprs.constantInt(b);
  if (ca && cb) {
    fail(("dims " + llvm::Twine(*ca) + " and " + llvm::Twine(*cb) +
          " must be equal for " + why)
             .str());
    return std::nullopt;
  }
  if (assumeClamps(a, b, why))
    return std::nullopt;
  if (std::optional<std::pair<Expr, Expr>> smaller = cancelled(a, b)) {
    if (!unify(smaller->first, smaller->second, why))
      return std::nullopt;
    return cb ? b : a;
  }
  if (solve(a, b, why))
    return std::nullopt;
  // No symbol to solve for: a product or quotient stays a check, and the number
  // (if one side is one) is the dim from here on.
  check(tfm::Comparison::Eq, a, b, why);
  return cb ? b : a;
}

/// Divides both sides by what all their terms share. Symbols may be 0, where
/// the equation says nothing; the check at bind is then stricter than the
/// model, which only a batch of 0 can notice.
std::optional<std::pair<Expr, Expr>> ShapeContext::cancelled(Expr a, Expr b) {
  if (exprs.constantInt(a) || exprs.constantInt(b)) {
    // c == floordiv(n, d) with c dividing n: compare n/c with d.
    Expr number = exprs.constantInt(a) ? a : b,
         other = exprs.constantInt(a) ? b : a;
    if (exprs.kind(other) == ExprKind::FloorDiv &&
        exprs.constantInt(number) != 0) {
      Expr numerator = exprs.operands(other)[0],
           denominator = exprs.operands(other)[1];
      std::optional<Expr> quotient = exprs.exactDiv(numerator, number);
      if (quotient && *quotient != denominator &&
          !exprs.constantInt(denominator))
        return std::pair(*quotient, denominator);
    }
    return std::nullopt;
  }
  std::vector<ExprTerm> ta = exprs.terms(a), tb = exprs.terms(b);
  if (ta.empty() || tb.empty())
    return std::nullopt;
  for (Expr atom : ta.front().atoms) {
    auto has = [&](const ExprTerm &t) {
      return llvm::is_contained(t.atoms, atom);
    };
    if (exprs.kind(atom) == ExprKind::Symbol && llvm::all_of(ta, has) &&
        llvm::all_of(tb, has)) {
      std::optional<Expr> qa = exprs.exactDiv(a, atom),
                          qb = exprs.exactDiv(b, atom);
      if (qa && qb)
        return std::pair(*qa, *qb);
    }
  }
  int64_t gcd = 0;
  for (const std::vector<ExprTerm> *side : {&ta, &tb})
    for (const ExprTerm &term : *side)
      gcd = std::gcd(gcd, term.coefficient);
  if (gcd > 1) {
    Expr divisor = exprs.integer(gcd);
    return std::pair(*exprs.exactDiv(a, divisor), *exprs.exactDiv(b, divisor));
  }
  return std::nullopt;
}

/// An equality that meets a slice's min(value, bound): value <= bound is what
/// the model's author meant.
bool ShapeContext::assumeClamps(Expr a, Expr b, llvm::StringRef why) {
  for (Expr side : {a, b})
    for (Expr node : exprs.reachable(side)) {
      auto it = clamps.find(node.id);
      if (it != clamps.end() &&
          !exprs.proveGe(it->second.second, it->second.first))
        return !requireLe(it->second.first, it->second.second, why);
      if (exprs.kind(node) != ExprKind::Min)
        continue;
      Expr x = exprs.operands(node)[0], y = exprs.operands(node)[1];
      Expr other = side == a ? b : a;
      if (side == node && (x == other || y == other))
        return !requireLe(other, x == other ? y : x, why);
      if (exprs.constantInt(x) || exprs.constantInt(y)) {
        Expr bound = exprs.constantInt(x) ? x : y,
             value = exprs.constantInt(x) ? y : x;
        return !requireLe(value, bound, why);
      }
    }
  return false;
}

/// Solves a == b for a symbol and records the substitution.
bool ShapeContext::solve(Expr a, Expr b, llvm::StringRef why) {
  auto isFree = [&](Expr x, Expr y) {
    return exprs.kind(x) == ExprKind::Symbol && !exprs.contains(y, x);
  };
  llvm::SmallVector<std::pair<Expr, Expr>> candidates; // symbol, value
  if (isFree(a, b))
    candidates.emplace_back(a, b);
  if (isFree(b, a))
    candidates.emplace_back(b, a);
  Expr difference = exprs.sub(a, b);
  for (const ExprTerm &term : exprs.terms(difference)) {
    if (term.atoms.size() != 1 ||
        exprs.kind(term.atoms[0]) != ExprKind::Symbol ||
        (term.coefficient != 1 && term.coefficient != -1))
      continue;
    Expr symbol = term.atoms[0];
    std::optional<std::pair<Expr, Expr>> split =
        exprs.splitLinear(difference, symbol);
    if (split && !exprs.contains(split->second, symbol))
      candidates.emplace_back(symbol,
                              exprs.scale(split->second, -term.coefficient));
  }
  if (candidates.empty())
    return false;
  // sequence = total - past would leave a dim whose sign is not known; of the
  // same equation total = past + sequence says as much and is not negative. Of
  // several such symbols the one that came first stays: that of the first
  // input.
  auto isSum = [&](Expr value) {
    return llvm::all_of(exprs.terms(value), [](const ExprTerm &term) {
      return term.coefficient >= 0;
    });
  };
  auto *best = candidates.begin();
  for (auto &candidate : candidates) {
    bool wasSum = isSum(best->second), sum = isSum(candidate.second);
    if ((sum && !wasSum) || (sum && wasSum && best->first < candidate.first))
      best = &candidate;
  }
  substitute(best->first, best->second, why);
  return true;
}

void ShapeContext::substitute(Expr symbol, Expr value, llvm::StringRef why) {
  require(tfm::Comparison::Eq, symbol, value, why, /*teaches=*/true);
  if (exprs.constantInt(value))
    contradiction = true;
  else if (Expr room =
               exprs.sub(value, exprs.integer(exprs.lowerBound(symbol)));
           !exprs.proveNonNegative(room))
    // The symbol was known not to be below its bound; so is what stands for it.
    facts.nonNegative.push_back(exprs.print(room));
  facts.substitutions.push_back(
      {std::string(exprs.name(symbol)), exprs.print(value)});
  wantsRestart = true;
}

std::optional<ShapeContext::Dims>
ShapeContext::broadcast(llvm::ArrayRef<Expr> a, llvm::ArrayRef<Expr> b,
                        llvm::StringRef why) {
  if (a.size() < b.size())
    std::swap(a, b);
  Dims result(a.begin(), a.end());
  size_t offset = a.size() - b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    Expr x = a[offset + i], y = b[i];
    if (x == y || exprs.constantInt(y) == 1)
      continue;
    if (exprs.constantInt(x) == 1) {
      result[offset + i] = y;
      continue;
    }
    std::optional<Expr> dim = unify(x, y, why);
    if (!dim)
      return std::nullopt;
    result[offset + i] = *dim;
  }
  return result;
}

} // namespace ingot
