//===- GemmQuantized.h - Quantized weights in registers
//---------------------===//
//
// B of a product is 8 or 4 bits an element, with a scale (and a zero) for each
// column of a block along k:
//
//   B[k, n] = (q[k, n] - zeros[k div block, n]) * scales[k div block, n]
//
// q is packed in panels of 48 columns, [ceil(N/48)][K][48] bytes, or of 4 bits
// [ceil(N/48)][ceil(K/2)][48] with k even in the low half of a byte; scales
// (f32) and zeros (bytes) are [ceil(N/48)][ceil(K/block)][48].
//
// Few rows stream q from memory and multiply it as it is, less its zero: the
// scale is that of a block's sum. Many rows have a part of a panel dequantized
// into a buffer that stays in cache, which tiles of rows then share.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/Emitter.h"

#include <optional>

namespace ingot::cpu {

struct QuantizedB {
  mlir::Value q;             ///< flat, of i8
  mlir::Value scales, zeros; ///< flat; zeros may be null
  int64_t k, block, bits;
  bool isSigned;

  /// Elements of a column in a byte.
  int64_t perByte() const { return 8 / bits; }
  int64_t byteRows() const { return (k + perByte() - 1) / perByte(); }
  int64_t blocks() const { return (k + block - 1) / block; }
};

/// to[k - k0][48] = B[k, panel's columns] for k0 <= k < k0 + depth, of f32; or
/// of bf16 as i16, to[(k - k0) / 2][48][2], where all numbers along k are even.
/// k0 is a multiple of the block, or the part lies within one.
void emitDequantize(Emitter &e, const QuantizedB &b, mlir::Value panel,
                    mlir::Value k0, int64_t depth, mlir::Value to);

/// A scalar of row `row` of A at k, as f32.
using LoadA = llvm::function_ref<mlir::Value(int64_t row, mlir::Value k)>;

/// sums[row * 48 ...] += A[row ...] B for `rows` rows of a panel, from row
/// `at` of the sums on; `vectors`, which divide a panel, are in registers at
/// once.
void emitFewRows(Emitter &e, const QuantizedB &b, mlir::Value panel,
                 int64_t rows, int64_t vectors, LoadA loadA, mlir::Value sums,
                 mlir::Value at);

} // namespace ingot::cpu
