//===- MlirTensor.h - Between MLIR's types and reference tensors
//-----------===//
#pragma once

#include "ir/reference/Tensor.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace ingot::reference {

/// i1 is Bool; integers without a sign are signed. Nothing for other types.
std::optional<ElementType> elementTypeOf(mlir::Type type);

/// The elements of a constant. Fails on types and attributes the reference does
/// not know.
Result<Tensor> tensorOf(mlir::ElementsAttr attr);

/// The tensor as a constant of `type`, which has its shape and element type.
mlir::DenseElementsAttr attrOf(const Tensor &tensor, mlir::ShapedType type);

} // namespace ingot::reference
