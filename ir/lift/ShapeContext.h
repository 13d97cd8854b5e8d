//===- ShapeContext.h - Symbols, facts and assumptions of one model
//--------===//
//
// While a model is imported its dims are expressions of input symbols. Where
// two dims must be equal and are not provably so, equality is assumed, recorded
// as a requirement that is checked at bind, and the import starts again with
// the new fact; a forward pass takes milliseconds.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/expr/Expr.h"
#include "ir/tfm/Tfm.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace ingot {

/// An assumption that is checked when dims are bound.
struct Requirement {
  tfm::Comparison relation;
  std::string lhs, rhs; ///< canonical texts in the symbols of the inputs
  std::string sentence; ///< names the node that asked
  /// There is a fact behind it. The others are found again in every pass, in
  /// the symbols that are left by then.
  bool teaches = false;
};

/// A node of integer arithmetic on symbols that `#tfm.dims` can spell and the
/// runtime evaluates at bind.
bool isDimKind(ExprKind kind);

/// What was assumed so far; outlives the restarts of an import.
struct ShapeFacts {
  struct Substitution {
    std::string symbol, value;
  };
  std::vector<Substitution> substitutions;
  std::vector<std::string> nonNegative;
  std::vector<Requirement> requirements;
  /// To call before a forward pass: forgets checks that it finds again.
  void forgetChecks() {
    llvm::erase_if(requirements,
                   [](const Requirement &r) { return !r.teaches; });
  }
  /// Lower bounds of symbols other than 0.
  std::vector<std::pair<std::string, int64_t>> lowerBounds;
};

/// The expression pool of one forward pass and the facts it runs under.
class ShapeContext {
public:
  using Dims = llvm::SmallVector<Expr>;

  explicit ShapeContext(ShapeFacts &facts);

  ExprPool &pool() { return exprs; }

  /// Dims of a tensor type in the pool; a parse cannot fail, the dialect
  /// normalized them.
  Dims dims(mlir::RankedTensorType type);
  Dims dims(mlir::Value value) {
    return dims(llvm::cast<mlir::RankedTensorType>(value.getType()));
  }
  mlir::RankedTensorType type(llvm::ArrayRef<Expr> dims, mlir::Type element);
  tfm::DimsAttr attr(mlir::MLIRContext *context, llvm::ArrayRef<Expr> exprs);
  Expr parse(llvm::StringRef canonicalText);
  /// The generic index of an axis; 0 where the extent is 1.
  Expr index(llvm::StringRef name, Expr extent);
  /// One index an axis, named `prefix` and the axis number.
  llvm::SmallVector<Expr> indices(llvm::ArrayRef<Expr> dims,
                                  llvm::StringRef prefix);

  /// The dim that a and b, which must be equal, stand for. Nothing if they
  /// contradict each other (`error()` says how) or if a new fact asks for a
  /// restart (`restart()`); `why` names the node.
  std::optional<Expr> unify(Expr a, Expr b, llvm::StringRef why);
  /// NumPy broadcasting. An unknown dim against another unknown one is unified,
  /// never silently taken for 1.
  std::optional<Dims> broadcast(llvm::ArrayRef<Expr> a, llvm::ArrayRef<Expr> b,
                                llvm::StringRef why);
  /// a <= b holds from here on: proven, or assumed and checked at bind (then it
  /// returns false once and asks for a restart).
  bool requireLe(Expr a, Expr b, llvm::StringRef why);
  /// A check at bind that teaches nothing (no restart): a == b or a <= b.
  void check(tfm::Comparison relation, Expr a, Expr b, llvm::StringRef why);
  /// `clamped` was made as min(value, bound) by a slice: when an equality needs
  /// it, value <= bound is assumed first.
  void noteClamp(Expr clamped, Expr value, Expr bound);

  /// Bounds of what float detours took for granted since the last call: each
  /// pair is (magnitude, limit), and magnitude <= limit has to be checked at
  /// bind. What holds for all dims is left out.
  llvm::SmallVector<std::pair<Expr, Expr>> newAssumptions();

  bool restart() const { return wantsRestart; }
  llvm::StringRef error() const { return message; }
  /// A fact pins an input symbol to a number or an upper bound of 0: the dim
  /// names are wrong; forget them and import again.
  bool namesContradict() const { return contradiction; }

private:
  void require(tfm::Comparison relation, Expr a, Expr b, llvm::StringRef why,
               bool teaches);
  bool solve(Expr a, Expr b, llvm::StringRef why);
  void substitute(Expr symbol, Expr value, llvm::StringRef why);
  std::optional<std::pair<Expr, Expr>> cancelled(Expr a, Expr b);
  bool assumeClamps(Expr a, Expr b, llvm::StringRef why);
  std::optional<Expr> magnitude(Expr integer);
  void fail(std::string text);

  ShapeFacts &facts;
  ExprPool exprs;
  llvm::DenseMap<uint32_t, std::pair<Expr, Expr>> clamps;
  std::string message;
  size_t assumptionsSeen = 0;
  bool wantsRestart = false;
  bool contradiction = false;
};

} // namespace ingot
