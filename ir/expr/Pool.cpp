#include "ir/expr/ExprImpl.h"

#include <algorithm>
#include <tuple>

namespace ingot {

namespace {
void mix(size_t &seed, uint64_t value) {
  value *= 0x9e3779b97f4a7c15u;
  seed ^= value ^ (value >> 29);
  seed = seed * 0xbf58476d1ce4e5b9u + 1;
}
} // namespace

size_t ExprPool::Impl::ContentHash::operator()(const ExprNode &n) const {
  size_t seed = static_cast<size_t>(n.kind) | static_cast<size_t>(n.type) << 8 |
                static_cast<size_t>(n.op) << 16;
  mix(seed, n.payload);
  if (n.kind == ExprKind::Poly) {
    for (const PolyTerm &t : n.terms) {
      mix(seed, reinterpret_cast<uintptr_t>(t.monomial));
      mix(seed, static_cast<uint64_t>(t.coefficient));
    }
    return seed;
  }
  if (n.kind == ExprKind::FloatConst)
    mix(seed, static_cast<uint64_t>(n.bits));
  for (Expr e : n.operands)
    mix(seed, e.id);
  return seed;
}

bool ExprPool::Impl::ContentEqual::operator()(const ExprNode &a,
                                              const ExprNode &b) const {
  if (a.kind != b.kind || a.type != b.type || a.op != b.op ||
      a.payload != b.payload)
    return false;
  if (a.kind == ExprKind::Poly)
    return std::ranges::equal(a.terms, b.terms);
  if (a.kind == ExprKind::FloatConst)
    return a.bits == b.bits;
  return std::ranges::equal(a.operands, b.operands);
}

size_t
ExprPool::Impl::AtomsHash::operator()(std::span<const Expr> atoms) const {
  size_t seed = atoms.size();
  for (Expr e : atoms)
    mix(seed, e.id);
  return seed;
}

ExprPool::Impl::Impl() : unique(64, ContentHash{this}, ContentEqual{this}) {
  ExprNode truth{.kind = ExprKind::BoolConst, .type = ExprType::Bool};
  falseExpr = intern(truth);
  truth.payload = 1;
  trueExpr = intern(truth);
  zero = integer(0);
  one = integer(1);
  for (ExprType t :
       {ExprType::F16, ExprType::BF16, ExprType::F32, ExprType::F64})
    floatConst(t, 0);
}

template <typename T>
std::span<const T> ExprPool::Impl::store(std::span<const T> values) {
  if (values.empty())
    return {};
  arenaBytes += values.size_bytes();
  T *copy = static_cast<T *>(arena.allocate(values.size_bytes(), alignof(T)));
  std::uninitialized_copy(values.begin(), values.end(), copy);
  return {copy, values.size()};
}

const Monomial *ExprPool::Impl::monomial(std::span<const Expr> sortedAtoms) {
  if (auto it = monomials.find(sortedAtoms); it != monomials.end())
    return *it;
  Monomial fresh{store(sortedAtoms)};
  const Monomial *stored = store(std::span<const Monomial>(&fresh, 1)).data();
  monomials.insert(stored);
  return stored;
}

/// The node that equals `candidate`, made if there is none. Operands and terms
/// of the candidate may be temporary.
Expr ExprPool::Impl::intern(const ExprNode &candidate) {
  if (auto it = unique.find(candidate); it != unique.end())
    return Expr{*it};
  ExprNode fresh = candidate;
  std::vector<Expr> atoms;
  if (fresh.kind == ExprKind::Poly) {
    for (const PolyTerm &t : fresh.terms)
      atoms.insert(atoms.end(), t.monomial->atoms.begin(),
                   t.monomial->atoms.end());
    std::ranges::sort(atoms, [this](Expr a, Expr b) {
      unsigned x = node(a).depth, y = node(b).depth;
      return x != y ? x < y : order(a, b) < 0;
    });
    atoms.erase(std::unique(atoms.begin(), atoms.end()), atoms.end());
    fresh.operands = atoms;
  }
  unsigned depth = 0;
  fresh.hasLoad = fresh.kind == ExprKind::Load;
  for (Expr e : fresh.operands) {
    depth = std::max<unsigned>(depth, node(e).depth);
    fresh.hasLoad |= node(e).hasLoad;
    fresh.hasMod |= fresh.kind == ExprKind::Poly && kind(e) == ExprKind::Mod;
  }
  if (fresh.kind == ExprKind::Index)
    depth = std::max<unsigned>(depth, nodes[fresh.payload].depth);
  fresh.depth = static_cast<uint16_t>(depth + 1);
  if (nodes.size() >= kMaxNodes || arenaBytes >= kMaxArenaBytes ||
      fresh.depth > ExprPool::kMaxDepth) {
    hasFailed = true;
    return {};
  }
  Expr e{static_cast<uint32_t>(nodes.size())};
  fresh.operands = store(fresh.operands);
  if (fresh.kind == ExprKind::Poly) {
    fresh.terms = store(fresh.terms);
  } else if (fresh.type == ExprType::Int) {
    PolyTerm self{monomial(std::span(&e, 1)), 1};
    fresh.terms = store(std::span<const PolyTerm>(&self, 1));
  }
  nodes.push_back(fresh);
  if (fresh.kind != ExprKind::Symbol && fresh.kind != ExprKind::Index)
    unique.insert(e.id);
  return e;
}

Expr ExprPool::Impl::make(ExprKind kind, ExprType type,
                          std::span<const Expr> operands, uint32_t payload,
                          ScalarOp op) {
  if (operands.size() > kMaxOperands)
    return {};
  for (Expr e : operands)
    if (!e)
      return {};
  ExprNode n{.kind = kind, .type = type, .op = op, .payload = payload};
  n.operands = operands;
  return intern(n);
}

uint32_t ExprPool::Impl::nameOf(std::string_view text) {
  if (auto it = nameIds.find(text); it != nameIds.end())
    return it->second;
  uint32_t id = static_cast<uint32_t>(names.size());
  names.emplace_back(text);
  nameIds.emplace(names.back(), id);
  return id;
}

Expr ExprPool::Impl::symbol(std::string_view name, int64_t lowerBound) {
  uint32_t id = nameOf(name);
  if (auto it = symbols.find(id); it != symbols.end()) {
    auto known = substitutions.find(it->second.id);
    return known == substitutions.end() ? it->second : known->second;
  }
  Expr e = intern({.kind = ExprKind::Symbol,
                   .type = ExprType::Int,
                   .payload = id,
                   .bits = lowerBound});
  if (e)
    symbols.emplace(id, e);
  return e;
}

Expr ExprPool::Impl::index(std::string_view name, Expr extent) {
  if (!extent)
    return {};
  std::vector<Expr> &known = indicesByName[nameOf(name)];
  for (Expr e : known)
    if (node(e).payload == extent.id)
      return e;
  Expr e = intern({.kind = ExprKind::Index,
                   .type = ExprType::Int,
                   .payload = extent.id,
                   .bits = nameOf(name)});
  if (e)
    known.push_back(e);
  return e;
}

int ExprPool::Impl::order(Expr a, Expr b) const {
  auto compare = [](const auto &x, const auto &y) {
    return x < y ? -1 : y < x;
  };
  // Down to the first operands that differ: equal ones are one node.
  while (a != b) {
    const ExprNode &x = node(a), &y = node(b);
    auto shape = [](const ExprNode &n) {
      // Names and extents are looked at below.
      bool isLeaf = n.kind == ExprKind::Symbol || n.kind == ExprKind::Index;
      return std::tuple(n.kind, n.type, n.op, isLeaf ? 0 : n.payload,
                        n.kind == ExprKind::FloatConst ? n.bits : 0,
                        n.operands.size(), n.terms.size());
    };
    if (int c = compare(shape(x), shape(y)))
      return c;
    if (x.kind == ExprKind::Symbol)
      return compare(names[x.payload], names[y.payload]);
    if (x.kind == ExprKind::Index) {
      if (x.bits != y.bits)
        return compare(names[static_cast<size_t>(x.bits)],
                       names[static_cast<size_t>(y.bits)]);
      a = Expr{x.payload};
      b = Expr{y.payload};
    } else if (x.kind == ExprKind::Poly) {
      // The leading terms count most.
      size_t i = x.terms.size() - 1;
      while (x.terms[i] == y.terms[i])
        --i;
      const PolyTerm &s = x.terms[i], &t = y.terms[i];
      if (s.monomial == t.monomial)
        return compare(s.coefficient, t.coefficient);
      if (before(s.monomial, t.monomial))
        return -1;
      return 1;
    } else {
      auto [i, j] = std::ranges::mismatch(x.operands, y.operands);
      a = *i;
      b = *j;
    }
  }
  return 0;
}

std::vector<Expr> ExprPool::Impl::reachable(Expr root, bool withExtents) const {
  std::vector<Expr> found{root};
  std::unordered_set<uint32_t> seen{root.id};
  for (size_t i = 0; i < found.size(); ++i) {
    auto visit = [&](Expr e) {
      if (seen.insert(e.id).second)
        found.push_back(e);
    };
    const ExprNode &n = node(found[i]);
    for (Expr e : n.operands)
      visit(e);
    if (withExtents && n.kind == ExprKind::Index)
      visit(Expr{n.payload});
  }
  // Operands are made before their users.
  std::ranges::sort(found);
  return found;
}

bool ExprPool::Impl::containsWithin(Expr root, Expr leaf, size_t limit) const {
  if (root == leaf)
    return true;
  std::vector<Expr> found{root};
  std::unordered_set<uint32_t> seen{root.id};
  for (size_t i = 0; i < found.size() && found.size() <= limit; ++i)
    for (Expr e : node(found[i]).operands) {
      if (e == leaf)
        return true;
      // Operands of smaller ids cannot lead to it.
      if (e > leaf && seen.insert(e.id).second)
        found.push_back(e);
    }
  return false;
}

/// What a public function returns: marks the pool as failed where there is no
/// answer, and gives some node of the right type.
Expr ExprPool::Impl::checked(Expr e, ExprType type) {
  if (e)
    return e;
  hasFailed = true;
  if (type == ExprType::Int)
    return zero;
  return type == ExprType::Bool ? falseExpr : floatConst(type, 0);
}

} // namespace ingot
