// Which tokens of a batch are padding, as the masks of attention say.
#pragma once

#include "ir/lift/ElementLifter.h"

namespace ingot {

/// The argument of an attention's softmax at (b, h, q, k); `leaf` stands for
/// the scaled product.
struct Score {
  Expr leaf, b, h, q, k;
  Expr value;
  llvm::SmallVector<Expr> arguments() const { return {leaf, b, h, q, k}; }
};

/// Nothing where its region has an operation without a meaning on expressions.
std::optional<Score> readScore(ElementLifter &lifter, tfm::AttentionOp op);

/// An input [B, S] of integers or booleans that says of each token whether it
/// is there.
struct PaddingMask {
  mlir::BlockArgument input;
  bool keepsZeros = false; ///< tokens are there where it is 0, not elsewhere

  /// Whether the token whose mask is `element` is there.
  Expr keeps(ExprPool &pool, Expr element) const;
  /// `expr` where the tokens are there, or are not, whose masks are read by the
  /// loads that `isOf` takes. What is known of a mask that is not 0 is just
  /// that; `asOne`: it is 1.
  Expr given(ExprPool &pool, Expr expr, bool there, bool asOne,
             llvm::function_ref<bool(Expr load)> isOf) const;
};

/// Reads the masks of self-attention.
class PaddingReader {
public:
  explicit PaddingReader(ElementLifter &lifter)
      : lifter(lifter), pool(lifter.context().pool()) {}

  /// The mask that takes keys out of `op`.
  std::optional<PaddingMask> find(tfm::AttentionOp op);
  /// Whether keys that `mask` says are not there weigh nothing in `op`, and
  /// queries that are there always have their own key.
  bool holds(const PaddingMask &mask, tfm::AttentionOp op);
  /// Whether keys that are not there weigh nothing in `op`, whose queries may
  /// be others.
  bool removesKeys(const PaddingMask &mask, tfm::AttentionOp op);
  /// Why not.
  llvm::StringRef reason() const { return why; }

  /// Whether `load` reads `mask` at (first, second).
  bool reads(const PaddingMask &mask, Expr load, Expr first, Expr second);

private:
  bool isSelfAttention(tfm::AttentionOp op);
  bool removes(const PaddingMask &mask, const Score &score);
  bool fail(llvm::StringRef text) {
    why = text.str();
    return false;
  }

  ElementLifter &lifter;
  ExprPool &pool;
  std::string why;
};

} // namespace ingot
