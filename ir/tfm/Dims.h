//===- Dims.h - Comparing the dims of tensor types
//-------------------------===//
//
// What verifiers and folders ask about dims. Texts of dims are canonical, so
// most questions are a comparison of two numbers or two pointers; an ExprPool
// is built only where those do not answer.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/expr/Expr.h"
#include "ir/tfm/Tfm.h"

namespace ingot::tfm {

/// One dim of a tensor type: a number, or the canonical text of an expression.
class Dim {
public:
  Dim(int64_t number) : number(number) {}
  Dim(mlir::StringAttr text) : text(text) {}

  /// The number it is, if it is one.
  std::optional<int64_t> constant() const {
    return text ? std::nullopt : std::optional(number);
  }
  bool is(int64_t value) const { return !text && number == value; }
  std::string str() const { return text ? text.str() : std::to_string(number); }

  /// The same expression; equal for all values of the symbols.
  bool operator==(const Dim &other) const {
    return text == other.text && (text || number == other.number);
  }

private:
  mlir::StringAttr text; ///< null where the dim is a number
  int64_t number = 0;
};

using DimList = llvm::SmallVector<Dim, 6>;

DimList dimsOf(mlir::RankedTensorType type);
inline DimList dimsOf(mlir::Value value) {
  return dimsOf(llvm::cast<mlir::RankedTensorType>(value.getType()));
}
DimList dimsOf(DimsAttr attr);

/// No values of the symbols make the two equal.
bool neverEqual(const Dim &a, const Dim &b);

/// The types have the same dims, as expressions.
bool sameDims(mlir::Type a, mlir::Type b);

/// `got` is the NumPy broadcast of all of `operands`. Where two dims are equal
/// by assumption only, the result has either.
bool isBroadcastOf(llvm::ArrayRef<DimList> operands, llvm::ArrayRef<Dim> got);

/// `from`, aligned at the last axis, has 1 or a dim of `to` everywhere.
bool broadcastsTo(llvm::ArrayRef<Dim> from, llvm::ArrayRef<Dim> to);

/// Element counts that differ for all values of the symbols but 0, for which
/// most wrong reshapes would pass.
bool countsDiffer(llvm::ArrayRef<Dim> from, llvm::ArrayRef<Dim> to);

/// `(batch, 4)`, for messages.
std::string toString(llvm::ArrayRef<Dim> dims);

/// Arithmetic on dims, in a pool of its own.
class DimArithmetic {
public:
  /// `lowerBound` of the symbols.
  explicit DimArithmetic(int64_t lowerBound = 0) : lowerBound(lowerBound) {}
  ExprPool *operator->() { return &pool; }

  Expr of(const Dim &dim);
  Expr productOf(llvm::ArrayRef<Dim> dims);
  bool neverEqual(Expr a, Expr b);
  /// a < b for all values of the symbols.
  bool alwaysLess(Expr a, Expr b);
  /// Canonical text, or "an overflow" where 64 bits did not do.
  std::string text(Expr e);

private:
  ExprPool pool;
  int64_t lowerBound;
};

} // namespace ingot::tfm
