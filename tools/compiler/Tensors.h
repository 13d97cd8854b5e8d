//===- Tensors.h - Arrays of the command as tensors of the reference ------===//
#pragma once

#include "ir/reference/Tensor.h"
#include "tools/ingot/Array.h"

#include "mlir/IR/BuiltinAttributes.h"

namespace ingot::cli {

/// A view: the array stays as it is as long as the tensor.
reference::Tensor tensorOf(const Array &array);
/// A copy.
Array arrayOf(llvm::StringRef name, const reference::Tensor &tensor);

/// Of elements; INGOT_TYPE_NONE for those that tensors do not have.
ingot_type typeOf(mlir::Type element);

/// The array as a constant.
mlir::DenseElementsAttr attributeOf(const Array &array,
                                    mlir::MLIRContext &context);

} // namespace ingot::cli
