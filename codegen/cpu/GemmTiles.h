//===- GemmTiles.h - The product of some rows and a panel by AMX tiles
//-------===//
#pragma once

#include "codegen/cpu/Emitter.h"

namespace ingot::cpu {

/// sums[r][c] = sum over k of a[aAt + r * lda + k] b[k][c], for `rows` > 0 rows
/// and the 48 columns of the panel of pairs that starts at bAt. `a` and `b` are
/// of i16, positions in elements; k is even.
struct TileProduct {
  mlir::Value a, aAt, lda;
  mlir::Value b, bAt;
  mlir::Value rows;
  int64_t k;
  mlir::Value sums; ///< f32[rows][48]
  /// Where row 0 of what is made of them will lie: it is asked for meanwhile.
  mlir::Value out, outAt, ldo;
};

void emitTileProduct(Emitter &e, const TileProduct &product);

} // namespace ingot::cpu
