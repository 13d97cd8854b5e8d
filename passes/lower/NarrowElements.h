// Elements that kernels have no type for: of 4 bits, and floats of 8. Regions
// load and store bytes, and scalar operations take these apart.
#pragma once

#include "ir/expr/Expr.h"

#include "mlir/IR/Types.h"

namespace ingot {

bool isNarrow(mlir::Type element);

/// Element `flat` of a memory of narrow elements, loaded as bytes: an integer,
/// or an f32 that is exact.
Expr narrowElement(ExprPool &pool, uint32_t memory, mlir::Type element,
                   Expr flat);

/// The byte of an f32 as f8E4M3FN: the nearest, of two the even one; beyond
/// 448, infinities too, the largest. A negative zero becomes 0.
Expr e4m3Byte(ExprPool &pool, Expr value);

} // namespace ingot
