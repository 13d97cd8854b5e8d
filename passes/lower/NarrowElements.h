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

/// The byte of an f32 as the 8-bit float `element`: the nearest, of two the
/// even one; beyond the largest finite one, infinities too, that. A negative
/// zero becomes 0.
Expr float8Byte(ExprPool &pool, mlir::Type element, Expr value);

} // namespace ingot
