//===- Expr.h - Integer, boolean and float expressions of one element -----===//
//
// One engine for symbolic dims, values of small integer tensors and lifted
// elements ("what is element [b,h,q,k] of this tensor?"). Nodes live in an
// arena, are hash-consed and normalized when they are made, so two expressions
// are equal exactly when their ids are equal. Knows nothing of MLIR.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/scalar/ScalarOps.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ingot {

/// A node of an ExprPool. Plain value; meaningless without its pool.
struct Expr {
  uint32_t id = UINT32_MAX;
  bool operator==(const Expr &) const = default;
  auto operator<=>(const Expr &) const = default;
  explicit operator bool() const { return id != UINT32_MAX; }
};

enum class ExprType : uint8_t { Int, Bool, F16, BF16, F32, F64 };

enum class ExprKind : uint8_t {
  // Integers. A polynomial is a sorted list of (monomial of atoms,
  // coefficient);
  // everything else here is an atom inside polynomials.
  Poly,
  Symbol,   ///< a dim or other integer fixed at bind; name, lower bound
  Index,    ///< a generic index in [0, extent); name, extent
  FloorDiv, ///< operands: numerator, denominator
  Mod,      ///< floor modulus, sign of the denominator
  TruncDiv, ///< C division
  Max,
  Min,
  Abs,
  Sign,
  Wrap, ///< operands: i, n; i + n where i < 0, else i (negative indices)
  BoolToInt,
  FloatToInt, ///< truncation; saturates, NaN is the smallest integer
  // Any type.
  Load,   ///< tensor (a number the user gives), operands: indices
  Select, ///< operands: condition, value if true, value if false
  // Booleans.
  BoolConst,
  Ge, ///< operand: p; p >= 0
  Eq, ///< operand: p; p == 0
  Not,
  And, ///< flattened, sorted, no duplicates
  Or,
  Compare, ///< float comparison: scalar op eq, lt or le; two operands
  IsNaN,
  // Floats. Operations keep the model's order and type; nothing is
  // reassociated.
  FloatConst,
  Apply, ///< scalar op of the table on float operands
  IntToFloat,
  FloatCast,
};

/// One product of a polynomial: `coefficient * atoms[0] * atoms[1] * ...`,
/// atoms sorted by id, repeated for powers.
struct ExprTerm {
  std::vector<Expr> atoms;
  int64_t coefficient;
};

/// Where an integer expression is evaluated: values of symbols and indices by
/// node, and of loads by tensor number and index values. Loads in branches that
/// are not taken are not asked for; of `and` and `or` operands, those without
/// loads are looked at first.
struct ExprEnvironment {
  std::function<int64_t(Expr leaf)> leaf;
  std::function<double(uint32_t tensor, std::span<const int64_t> indices)> load;
};

class ExprPool {
public:
  /// Nesting at which the pool fails; see `depth`.
  static constexpr unsigned kMaxDepth = 400;

  ExprPool();
  ~ExprPool();
  ExprPool(const ExprPool &) = delete;
  ExprPool &operator=(const ExprPool &) = delete;

  // Integers ---------------------------------------------------------------
  Expr integer(int64_t value);
  /// The symbol `name`. `lowerBound` is used the first time the name is seen.
  /// Where the symbol was substituted, returns what it stands for.
  Expr symbol(std::string_view name, int64_t lowerBound = 0);
  /// A generic index of [0, extent). Same name and extent: same node. That it
  /// exists at all means extent >= 1.
  Expr index(std::string_view name, Expr extent);
  Expr add(Expr a, Expr b);
  Expr sub(Expr a, Expr b);
  Expr neg(Expr a);
  Expr mul(Expr a, Expr b);
  Expr scale(Expr a, int64_t factor);
  Expr product(std::span<const Expr> factors);
  Expr floorDiv(Expr a, Expr b);
  Expr ceilDiv(Expr a, Expr b); ///< -floorDiv(-a, b)
  Expr mod(Expr a, Expr b);
  Expr truncDiv(Expr a, Expr b);
  Expr max(Expr a, Expr b);
  Expr min(Expr a, Expr b);
  Expr abs(Expr a);
  Expr sign(Expr a);
  /// Index `i` of an axis of extent `n` as ONNX counts: negative from the end.
  Expr wrap(Expr i, Expr n);
  Expr boolToInt(Expr c);
  Expr floatToInt(Expr f);

  // Any type ---------------------------------------------------------------
  Expr load(ExprType type, uint32_t tensor, std::span<const Expr> indices);
  /// Operands of one type; folds constants, equal branches and nested selects.
  Expr select(Expr condition, Expr a, Expr b);

  // Booleans ---------------------------------------------------------------
  Expr boolean(bool value);
  Expr ge(Expr a, Expr b);
  Expr lt(Expr a, Expr b);
  Expr eq(Expr a, Expr b);
  Expr logicalNot(Expr c);
  Expr logicalAnd(Expr a, Expr b);
  Expr logicalOr(Expr a, Expr b);
  /// Float comparison; `op` is eq, lt or le. NaN compares false.
  Expr compare(ScalarOp op, Expr a, Expr b);
  Expr isNaN(Expr f);

  // Floats -----------------------------------------------------------------
  Expr floatConst(ExprType type, double value);
  /// `op` of the table applied to floats of `type`; exact identities and
  /// constants fold, decision trees with constant leaves are pushed through.
  Expr apply(ScalarOp op, ExprType type, std::span<const Expr> operands);
  Expr intToFloat(ExprType type, Expr i);
  Expr floatCast(ExprType type, Expr f);

  // Looking ----------------------------------------------------------------
  ExprKind kind(Expr e) const;
  ExprType type(Expr e) const;
  /// Direct operands; for a polynomial its atoms (each once), for an index
  /// none.
  std::span<const Expr> operands(Expr e) const;
  /// Levels of nodes below and with `e`. Whoever follows a model's op chains
  /// stops well before kMaxDepth.
  unsigned depth(Expr e) const;
  std::optional<int64_t> constantInt(Expr e) const;
  std::optional<double> constantFloat(Expr e) const;
  std::optional<bool> constantBool(Expr e) const;
  std::string_view name(Expr symbolOrIndex) const;
  int64_t lowerBound(Expr symbol) const;
  Expr extent(Expr index) const;
  uint32_t loadTensor(Expr load) const;
  ScalarOp scalarOp(Expr applyOrCompare) const;
  /// Terms of an integer expression, an atom being one term of coefficient 1.
  std::vector<ExprTerm> terms(Expr e) const;
  /// `e` as `first * atom + second` with neither containing the atom at top
  /// level of its terms; nothing if `e` is not linear in it.
  std::optional<std::pair<Expr, Expr>> splitLinear(Expr e, Expr atom);
  /// a / b where b divides a exactly, term by term.
  std::optional<Expr> exactDiv(Expr a, Expr b);
  /// All distinct nodes reachable from `e`, operands before users. Goes into
  /// the extents of indices only if `withExtents`.
  std::vector<Expr> reachable(Expr e, bool withExtents = false) const;
  bool contains(Expr e, Expr leaf) const;
  /// The index nodes `e` depends on, sorted.
  std::vector<Expr> indices(Expr e) const;

  // Knowing ----------------------------------------------------------------
  /// True if e >= 0 is certain for all values that symbols and indices can
  /// have under the facts; false if unknown.
  bool proveNonNegative(Expr e);
  bool proveGe(Expr a, Expr b) { return proveNonNegative(sub(a, b)); }
  /// From now on e >= 0 holds (the caller has it checked at bind).
  void assume(Expr e);
  /// From now on the symbol is `value`. Existing nodes keep the symbol: build
  /// anew what must see the substitution.
  void substitute(Expr symbol, Expr value);
  /// `e` made anew under what is known now, with each node that `map` gives a
  /// value for replaced. Extents of other indices are replaced in, too, which
  /// makes new index nodes of the same names. `map` is asked for every node of
  /// `e`, operands first.
  Expr replace(Expr e, const std::function<std::optional<Expr>(Expr)> &map);
  /// Expressions |i| <= n that float detours took for granted (i of dims and
  /// indices, n where the float type stops to hold all integers): what is not
  /// evident from ranges of dims is checked at bind.
  std::span<const std::pair<Expr, int64_t>> assumedBelow() const;
  /// True once an integer left 64 bits or a node limit was hit; what was built
  /// since is meaningless and the caller refuses the input.
  bool failed() const;
  size_t size() const;

  // Values and text ----------------------------------------------------------
  /// Checked evaluation of an integer or boolean expression; nothing on
  /// overflow or division by zero.
  std::optional<int64_t> evaluate(Expr e, const ExprEnvironment &env) const;
  /// Evaluation of a float expression, each step rounded to its type.
  std::optional<double> evaluateFloat(Expr e, const ExprEnvironment &env) const;
  /// Canonical text. Of integer and boolean expressions without loads it reads
  /// back by `parse` as the same node: `past + sequence`,
  /// `4*batch`, `(height + 7) floordiv 8`, `max(a, b)`.
  /// Symbol names that are no identifiers are quoted.
  /// Indices read `%name`, with `[extent]` where another index has the name;
  /// loads `t3[%b, %k]`, or as `tensorName` calls the tensor.
  std::string
  print(Expr e,
        const std::function<std::string(uint32_t)> &tensorName = {}) const;
  /// Parses an integer expression (+ - * floordiv ceildiv mod // max min and
  /// parentheses). Symbols are made with `lowerBound`.
  /// `%name` must be an index that the pool has. Nothing for text that is no
  /// such expression, leaves 64 bits or is too deep; the pool has not failed
  /// then.
  std::optional<Expr> parse(std::string_view text, int64_t lowerBound = 0);
  /// The same for a boolean: comparisons, and, or, not, true, false.
  std::optional<Expr> parseCondition(std::string_view text,
                                     int64_t lowerBound = 0);

  struct Impl; ///< internal to ir/expr

private:
  std::unique_ptr<Impl> impl;
};

} // namespace ingot
