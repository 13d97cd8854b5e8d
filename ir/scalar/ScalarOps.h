//===- ScalarOps.h - The table of scalar operations
//------------------------===//
//
// `ScalarOps.def` is the single list; this header gives it names, arities and
// its meaning in double precision. Knows nothing of MLIR.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ingot {

enum class ScalarOp : uint8_t {
#define INGOT_SCALAR_OP(Enum, mnemonic, arity, cls) Enum,
#include "ir/scalar/ScalarOps.def"
};

enum class ScalarClass : uint8_t { Arith, Float, Compare, Logic, Test };

std::string_view scalarMnemonic(ScalarOp op);
std::optional<ScalarOp> scalarOpOf(std::string_view mnemonic);
unsigned scalarArity(ScalarOp op);
ScalarClass scalarClass(ScalarOp op);

/// The meaning of `op` on floats, in double; the caller rounds once to the
/// result type. Comparisons and tests give 0 or 1.
double applyFloat(ScalarOp op, std::span<const double> operands);
/// The meaning of `op` on integers, two's complement in 64 bits; the caller
/// narrows to the result type. Division by zero is 0, INT64_MIN / -1 wraps.
int64_t applyInteger(ScalarOp op, std::span<const int64_t> operands);

} // namespace ingot
