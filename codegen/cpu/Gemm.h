//===- Gemm.h - Register-tiled matrix product with an epilogue
//-------------===//
//
//   out[m, n] = epilogue(sum over k of A[m, k] B[k, n])
//
// A is row-major with a row stride; B is packed in panels of 48 columns,
// [ceil(N/48)][K][48], zero padded; out is row-major. The sums of a panel
// gather in f32 in a buffer that stays in cache, then the epilogue runs over it
// once. Of bf16 both sides are taken in pairs along k: B is
// [ceil(N/48)][K/2][48][2]. A quantized B is multiplied by f32, or bf16 that is
// widened, see GemmQuantized.h.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/Choice.h"
#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/GemmQuantized.h"
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
  /// In place of b.
  std::optional<QuantizedB> quantized = {};
};

/// What to store for `acc`, the sums at (row, column ...): one vector, of which
/// `mask` (or all, if null) is stored.
using GemmEpilogue = llvm::function_ref<mlir::Value(
    mlir::Value acc, mlir::Value row, mlir::Value column, mlir::Value mask)>;

/// The part of the product that task `task` owns: the grid has
/// ceil(M/taskRows) * ceil(ceil(N/48)/taskPanels) tasks, panels fastest. Tiles
/// are for bf16.
void emitGemm(Emitter &e, const GemmOperands &operands, mlir::Value task,
              const LinearChoice &choice, GemmEpilogue epilogue);

} // namespace ingot::cpu
