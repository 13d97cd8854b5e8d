//===- ExprImpl.h - Arena, hash-consing and rules of ExprPool -------------===//
//
// Internal to ir/expr. Every rule takes and returns `Expr`; an invalid Expr{}
// stands for "left 64 bits or hit a limit" and passes through all of them, so
// a rule that only tries something drops it, and the public function that must
// give an answer marks the pool as failed (`checked`).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/expr/Expr.h"

#include <bit>
#include <cassert>
#include <deque>
#include <memory_resource>
#include <unordered_map>
#include <unordered_set>

namespace ingot {

/// A product of integer atoms in their order. Interned: equal means same
/// pointer.
struct Monomial {
  std::span<const Expr> atoms;
};

struct PolyTerm {
  const Monomial *monomial;
  int64_t coefficient;
  bool operator==(const PolyTerm &) const = default;
};
/// Terms sorted by degree, then atoms; no zero coefficients. The constant comes
/// first, the leading term last.
using PolyTerms = std::vector<PolyTerm>;
using TermSpan = std::span<const PolyTerm>;

struct ExprNode {
  ExprKind kind;
  ExprType type;
  ScalarOp op = ScalarOp::Add; ///< Apply, Compare
  bool hasMod = false;         ///< a polynomial with a Mod atom
  bool hasLoad = false;        ///< a load is reachable
  uint16_t depth = 0;
  uint32_t payload = 0; ///< name; tensor; extent; truth
  int64_t bits = 0;     ///< FloatConst: the double; Symbol: bound
  std::span<const Expr> operands{};
  TermSpan terms{}; ///< of every integer node
};

struct ExprPool::Impl {
  static constexpr size_t kMaxNodes = size_t(1) << 20;
  static constexpr size_t kMaxArenaBytes = size_t(256) << 20;
  static constexpr size_t kMaxTerms = 1024;
  static constexpr size_t kMaxDegree = 32;
  static constexpr size_t kMaxOperands = 1024; // of and, or, load
  static constexpr unsigned kMaxLeaves = 10;   // of a tree that is pushed

  Impl();

  // Storage (Pool.cpp) ------------------------------------------------------
  const ExprNode &node(Expr e) const { return nodes[e.id]; }
  ExprKind kind(Expr e) const { return nodes[e.id].kind; }
  ExprType type(Expr e) const { return nodes[e.id].type; }
  Expr operand(Expr e, unsigned i) const { return nodes[e.id].operands[i]; }
  TermSpan terms(Expr e) const { return nodes[e.id].terms; }
  /// The distinct atoms of an integer's terms, those of larger depth last, so
  /// that none is inside of one before it; itself for an atom.
  std::span<const Expr> atoms(Expr e) const {
    return kind(e) == ExprKind::Poly ? nodes[e.id].operands
                                     : nodes[e.id].terms[0].monomial->atoms;
  }
  Expr intern(const ExprNode &candidate);
  Expr make(ExprKind kind, ExprType type, std::span<const Expr> operands,
            uint32_t payload = 0, ScalarOp op = ScalarOp::Add);
  Expr make(ExprKind kind, ExprType type,
            std::initializer_list<Expr> operands) {
    return make(kind, type, std::span(operands.begin(), operands.size()));
  }
  uint32_t nameOf(std::string_view text);
  const Monomial *monomial(std::span<const Expr> sortedAtoms);
  Expr symbol(std::string_view name, int64_t lowerBound);
  Expr index(std::string_view name, Expr extent);
  /// A total order by structure and names alone, the same in every pool: < 0,
  /// 0 (for one node only) or > 0. What is sorted or has a leading term goes by
  /// it, so that texts of dims compare between pools.
  int order(Expr a, Expr b) const;
  auto byOrder() const {
    return [this](Expr a, Expr b) { return order(a, b) < 0; };
  }
  std::vector<Expr> reachable(Expr e, bool withExtents) const;
  /// False also where more than `limit` nodes would have to be looked at.
  bool containsWithin(Expr e, Expr leaf, size_t limit) const;
  Expr checked(Expr e, ExprType type);

  // Polynomials (Polynomial.cpp, Division.cpp) ------------------------------
  /// Degree first, then atoms: multiplication keeps the order, as long division
  /// needs it.
  bool before(const Monomial *a, const Monomial *b) const;
  bool mergeTerms(TermSpan a, TermSpan b, int64_t factor, PolyTerms &out) const;
  Expr integer(int64_t value);
  Expr fromTerms(const PolyTerms &terms);
  /// a + factor * b
  Expr combine(Expr a, Expr b, int64_t factor);
  Expr add(Expr a, Expr b) { return combine(a, b, 1); }
  Expr sub(Expr a, Expr b) { return combine(a, b, -1); }
  Expr neg(Expr a) { return scale(a, -1); }
  Expr plus(Expr a, int64_t constant) { return add(a, integer(constant)); }
  /// -a - 1, which is >= 0 exactly where a < 0.
  Expr complement(Expr a) { return plus(neg(a), -1); }
  Expr scale(Expr a, int64_t factor);
  Expr mul(Expr a, Expr b);
  /// n mod d + d * (n floordiv d) is n.
  Expr recombine(Expr e);
  std::optional<int64_t> constantInt(Expr e) const;
  std::optional<std::pair<Expr, Expr>> splitLinear(Expr e, Expr atom);
  std::optional<Expr> exactDiv(Expr a, Expr b);
  struct Division {
    Expr quotient, remainder;
  };
  /// a = quotient * b + remainder with a remainder that is short, not minimal.
  Division divide(Expr a, Expr b);
  Division longDivide(Expr a, Expr b);
  /// `over` divided by `under`, or null.
  const Monomial *divideMonomial(const Monomial *over, const Monomial *under);
  /// The largest term that divides all terms of `e` (coefficient > 0).
  PolyTerm content(Expr e);
  PolyTerm commonFactor(PolyTerm a, PolyTerm b);
  Expr divideByTerm(Expr e, PolyTerm term);
  bool leadIsNegative(Expr e) const { return terms(e).back().coefficient < 0; }

  // Integer atoms (Integers.cpp) --------------------------------------------
  Expr floorDiv(Expr a, Expr b);
  Expr ceilDiv(Expr a, Expr b) { return neg(floorDiv(neg(a), b)); }
  Expr mod(Expr a, Expr b);
  Expr truncDiv(Expr a, Expr b);
  Expr maxMin(bool isMax, Expr a, Expr b);
  Expr abs(Expr a);
  Expr sign(Expr a);
  Expr wrap(Expr i, Expr n);
  Expr boolToInt(Expr c);
  /// factor * part + rest over factor * divisor, rest proven in [0, factor) and
  /// the divisor proven not negative.
  struct Packed {
    Expr factor, part, rest, divisor;
  };
  std::optional<Packed> unpack(Expr a, Expr b);
  bool inRange(Expr e, Expr extent); ///< 0 <= e < extent

  // Booleans (Booleans.cpp) -------------------------------------------------
  Expr boolean(bool value) const { return value ? trueExpr : falseExpr; }
  Expr geZero(Expr p);
  Expr eqZero(Expr p);
  std::optional<Expr> splitCases(ExprKind relation, Expr p);
  Expr logicalNot(Expr c);
  Expr connect(bool isAnd, std::vector<Expr> list);
  Expr logicalAnd(Expr a, Expr b) { return connect(true, {a, b}); }
  Expr logicalOr(Expr a, Expr b) { return connect(false, {a, b}); }
  bool implies(Expr a, Expr b, unsigned nesting = 2);
  bool absorb(bool isAnd, std::vector<Expr> &list);

  // Decision trees (Select.cpp) ---------------------------------------------
  Expr select(Expr condition, Expr a, Expr b);
  Expr selectBool(Expr condition, Expr a, Expr b);
  /// `e` where `condition` is known to be `value`.
  Expr restrict(Expr e, Expr condition, bool value, unsigned nesting = 4);
  /// `e` where the integer p is 0: an atom that p fixes becomes its value.
  Expr underEquality(Expr p, Expr e);
  /// Leaves of the tree of selects, counted up to kMaxLeaves + 1.
  unsigned leaves(Expr e) const;
  bool constantTree(Expr e) const;
  /// The tree with `change` applied to its leaves.
  Expr mapTree(Expr e, const std::function<Expr(Expr)> &change);

  // Floats (Floats.cpp, FloatDetours.cpp, FloatCompare.cpp) -----------------
  Expr floatConst(ExprType type, double value);
  std::optional<double> constantFloat(Expr e) const;
  Expr apply(ScalarOp op, ExprType type, std::span<const Expr> operands);
  Expr applyIdentity(ScalarOp op, std::span<const Expr> operands);
  Expr applyToTrees(ScalarOp op, ExprType type, std::span<const Expr> operands);
  Expr applyToIntegers(ScalarOp op, ExprType type,
                       std::span<const Expr> operands);
  std::optional<std::pair<Expr, Expr>> quotient(Expr f);
  Expr compare(ScalarOp op, Expr a, Expr b);
  Expr compareIntegers(ScalarOp op, Expr a, Expr b);
  Expr compareSums(ScalarOp op, Expr a, Expr b);
  Expr isNaN(Expr f);
  Expr intToFloat(ExprType type, Expr i);
  Expr floatCast(ExprType type, Expr f);
  Expr floatToInt(Expr f);
  /// The integer whose float `f` exactly is: an IntToFloat or an integral
  /// constant below the type's limit.
  Expr exactInteger(Expr f);
  /// Whether float `type` holds every value of `i`: proven; or, for an integer
  /// of dims and indices in f32 or f64, taken for granted and noted.
  bool exactIn(ExprType type, Expr i);

  // Proofs and facts (Prove.cpp, Facts.cpp) ---------------------------------
  bool prove(Expr e); ///< e >= 0; false for an invalid e
  bool proveAt(Expr e, unsigned depth);
  bool proveStructure(Expr e, unsigned depth);
  bool proveBySigns(Expr e, unsigned depth);
  bool proveByFacts(Expr e, unsigned depth);
  int signAt(Expr e, unsigned depth); ///< 1: e >= 0, -1: e <= 0, 0: unknown
  void assume(Expr e);
  void substitute(Expr symbol, Expr value);
  void forget(); ///< drops what was concluded from too few facts
  Expr replace(Expr e, const std::function<std::optional<Expr>(Expr)> &map,
               bool withExtents, bool rebuildAll);
  Expr rebuild(Expr e, const std::function<Expr(Expr)> &changed);

  // Data --------------------------------------------------------------------
  struct ContentHash {
    using is_transparent = void;
    const Impl *impl;
    size_t operator()(const ExprNode &n) const;
    size_t operator()(uint32_t id) const { return (*this)(impl->nodes[id]); }
  };
  struct ContentEqual {
    using is_transparent = void;
    const Impl *impl;
    bool operator()(const ExprNode &a, const ExprNode &b) const;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(const ExprNode &a, uint32_t b) const {
      return (*this)(a, impl->nodes[b]);
    }
    bool operator()(uint32_t a, const ExprNode &b) const {
      return (*this)(impl->nodes[a], b);
    }
  };
  struct AtomsHash {
    using is_transparent = void;
    size_t operator()(std::span<const Expr> atoms) const;
    size_t operator()(const Monomial *m) const { return (*this)(m->atoms); }
  };
  struct AtomsEqual {
    using is_transparent = void;
    static std::span<const Expr> atoms(std::span<const Expr> s) { return s; }
    static std::span<const Expr> atoms(const Monomial *m) { return m->atoms; }
    template <typename A, typename B>
    bool operator()(const A &a, const B &b) const {
      return std::equal(atoms(a).begin(), atoms(a).end(), atoms(b).begin(),
                        atoms(b).end());
    }
  };

  template <typename T>
  std::span<const T> store(std::span<const T> values);

  std::pmr::monotonic_buffer_resource arena;
  size_t arenaBytes = 0;
  std::deque<ExprNode> nodes; // references stay valid while it grows
  std::unordered_set<uint32_t, ContentHash, ContentEqual> unique;
  std::unordered_set<const Monomial *, AtomsHash, AtomsEqual> monomials;
  std::deque<std::string> names;
  std::unordered_map<std::string_view, uint32_t> nameIds;
  std::unordered_map<uint32_t, Expr> symbols; // by name
  std::unordered_map<uint32_t, std::vector<Expr>> indicesByName;
  std::unordered_map<uint32_t, Expr> substitutions; // by symbol id
  std::vector<Expr> facts;                          // each is >= 0
  std::vector<std::pair<Expr, int64_t>> assumedBelow;
  std::unordered_map<uint32_t, Expr> notMemo;
  /// Proven: 255. Else the number of levels that were left when it failed.
  std::unordered_map<uint32_t, uint8_t> proofs;
  unsigned proofSteps = 0; // left for the current question
  unsigned factChain = 0;
  unsigned splitNesting = 0;
  Expr trueExpr, falseExpr, zero, one;
  bool hasFailed = false;
};

double roundTo(ExprType type, double value);
inline bool isFloat(ExprType type) { return type >= ExprType::F16; }
/// Up to here floats of `type` hold all integers.
int64_t integerLimit(ExprType type);
/// Truncation of a float; saturates, NaN is the smallest integer.
int64_t truncateToInt(double value);
/// Floor division in 64 bits; nothing for b == 0 or on overflow.
std::optional<int64_t> floorDivInt(int64_t a, int64_t b);

} // namespace ingot
