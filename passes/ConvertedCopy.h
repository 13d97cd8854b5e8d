// A tensor in another float type, element by element.
#pragma once

#include "ir/tfm/Tfm.h"

namespace ingot {

/// Right behind `value`, where the builder is left too.
tfm::FusedOp convertedCopy(mlir::OpBuilder &builder, mlir::Value value,
                           mlir::FloatType type);

} // namespace ingot
