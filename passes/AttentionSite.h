//===- AttentionSite.h - A softmax between two products, read by element
//---===//
#pragma once

#include "ir/lift/ElementLifter.h"

namespace ingot {

/// What one softmax was found to be. Expressions are in the lifter's pool, over
/// the index nodes b, h, q, k, d, e.
struct AttentionSite {
  tfm::SoftmaxOp softmax;
  tfm::MatmulOp scores, output;
  Expr b, h, q, k, d, e; ///< generic indices, 0 where the dim is 1
  Expr batch, heads, queries, keys, depth, valueDepth;
  /// Heads of key and value, and the index g that replaces h in them.
  int64_t groups = 1;
  Expr g;
  Expr query, key, value;   ///< elements [b,q,h,d], [b,k,g,d], [b,k,g,e]
  Expr scoreLeaf, scoreMod; ///< the region: leaf to argument of the softmax
  double scale = 1;
  bool foldedHeads = false; ///< scores are [B*H, S, T]
  llvm::SmallVector<std::string> terms;
  tfm::EmptyRows emptyRows = tfm::EmptyRows::Scores;
};

/// Reads the site at `softmax`, or says why it is none.
class AttentionReader {
public:
  AttentionReader(ElementLifter &lifter, tfm::SoftmaxOp softmax)
      : lifter(lifter), shapes(lifter.context()), pool(shapes.pool()) {
    site.softmax = softmax;
  }

  std::optional<AttentionSite> read();
  llvm::StringRef reason() const { return why; }
  /// What was read until then.
  const AttentionSite &found() const { return site; }

private:
  bool readIndices();
  bool readScores();
  bool readOutput();
  bool readGroups();
  llvm::StringRef termOf(Expr load);
  void readTerms();
  bool keepsKeys(Expr condition);
  /// Not where the dim of `index` is 1: no expression tells 0 from any other.
  bool uses(Expr e, Expr index) {
    return !pool.constantInt(index) && pool.contains(e, index);
  }
  /// Strips constant factors of an operand into the scale.
  Expr unscaled(Expr operand);
  std::nullopt_t refuse(llvm::StringRef text) {
    why = text.str();
    return std::nullopt;
  }
  bool fail(llvm::StringRef text) {
    why = text.str();
    return false;
  }

  ElementLifter &lifter;
  ShapeContext &shapes;
  ExprPool &pool;
  AttentionSite site;
  llvm::SmallVector<Expr> at; ///< indices of the softmax's operand
  std::string why;
};

} // namespace ingot
