//===- Gemm.h - Register-tiled matrix product with an epilogue
//-------------===//
//
//   out[m, n] = epilogue(sum over k of A[m, k] B[k, n])
//
// A is row-major with a row stride; B is packed in panels of 48 columns,
// [ceil(N/48)][K][48], zero padded; out is row-major. The sums of a panel
// gather in f32 in a buffer that stays in cache, then the epilogue runs over it
// once. Of bf16 both sides are taken in pairs along k: B is
// [ceil(N/48)][K/2][48][2].
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/Emitter.h"
#include "ir/plan/Plan.h"

namespace ingot::cpu {

using plan::kPanelColumns;

/// Buffers are flat memrefs, a and b of f32 or, for bf16, of i16; the rest
/// `index` values (constants where they are known, which makes better code). Of
/// bf16 k is even, and known.
struct GemmOperands {
  mlir::Value a, lda;
  mlir::Value b;
  mlir::Value out, ldo;
  mlir::Value m, n, k;
};

/// What to store for `acc`, the sums at (row, column ...): one vector, of which
/// `mask` (or all, if null) is stored.
using GemmEpilogue = llvm::function_ref<mlir::Value(
    mlir::Value acc, mlir::Value row, mlir::Value column, mlir::Value mask)>;

/// How the product is cut.
struct GemmBlocking {
  int64_t tileRows, tileVectors; ///< of a register tile
  int64_t depth;                 ///< steps at once; 0: all
};
/// The measured best for the target and as many steps along k (-1: not known).
GemmBlocking gemmBlocking(const Isa &target, int64_t steps);

/// The part of the product that task `task` owns: the grid has
/// ceil(M/taskRows) * ceil(ceil(N/48)/taskPanels) tasks, panels fastest.
void emitGemm(Emitter &e, const GemmOperands &operands, mlir::Value task,
              int64_t taskRows, int64_t taskPanels, GemmBlocking blocking,
              GemmEpilogue epilogue);

} // namespace ingot::cpu
