//===- ImportHeads.h - What importers of attention build with -------------===//
#pragma once

#include "frontend/onnx/NodeReader.h"

namespace ingot::onnx {

mlir::Type i64(TfmBuilder &b);

/// `size` elements of an axis from `start` on, each `step`-th.
mlir::Value part(TfmBuilder &b, mlir::Value v, int64_t axis, Expr start,
                 Expr size, int64_t step = 1);
/// [B, S, heads * D] to [B, heads, S, D].
mlir::Value toHeads(TfmBuilder &b, mlir::Value v, int64_t heads);
/// [B, H, S, D] to [B, S, H * D].
mlir::Value fromHeads(TfmBuilder &b, mlir::Value v);

/// Query s of [S, 1] may see key t of [1, T] if t <= s + offset.
mlir::Value causalPairs(TfmBuilder &b, Expr queries, Expr keys, Expr offset);

struct Attended {
  mlir::Value result; ///< [B, H, S, E]
  /// Scores [B, H, S, T]: scaled, capped, masked; weights.
  mlir::Value stages[4];
};

struct Scores {
  mlir::Value q, k, v; ///< [B, H, S, D], [B, G, T, D], [B, G, T, E]
  std::optional<double> scale;
  double softcap = 0;
  /// Of the scaled and capped scores; null results are failures.
  llvm::function_ref<mlir::Value(mlir::Value)> masked;
  /// Rows without a key, whose scores are -inf, give 0 and not NaN.
  bool hasEmptyRows = false;
};

/// softmax(masked(cap(scale q k^T))) v; each of G heads of keys serves H / G
/// heads of queries in a row.
Attended attend(TfmBuilder &b, const Scores &of);

/// Puts what is past, where it is, in front of `of.k` and `of.v`, which become
/// outputs 1 and 2. Gives how much that is, or nothing after a failure.
std::optional<Expr> keepPast(NodeReader &node, Scores &of, mlir::Value pastK,
                             mlir::Value pastV);

/// The attribute, where it is there and not 0.
mlir::ParseResult readScale(NodeReader &node, std::optional<double> &scale);

/// Of x [B, H, S, D] the first 2 R columns turned by angles whose cosines and
/// sines are [B or 1, S, R]: pairs are halves, or neighbours.
mlir::Value rotate(TfmBuilder &b, mlir::Value x, mlir::Value cosine,
                   mlir::Value sine, bool interleaved);

} // namespace ingot::onnx
