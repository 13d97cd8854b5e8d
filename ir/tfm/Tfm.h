//===- Tfm.h - The tfm dialect: what is computed
//---------------------------===//
#pragma once

#include "ir/scalar/ScalarOps.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace ingot {

/// As MLIR names it for its enums.
inline llvm::StringRef stringifyEnum(ScalarOp op) {
  std::string_view mnemonic = scalarMnemonic(op);
  return {mnemonic.data(), mnemonic.size()};
}

namespace tfm {

/// Non-splat constants have at most this many elements; larger ones are
/// weights.
inline constexpr int64_t kMaxConstantElements = 256;

/// All dims of `type` are known: numbers, or expressions in its encoding.
bool hasDims(mlir::RankedTensorType type);

/// Assembly of an attribute that is one word: `add`, `mean`, `input`.
template <typename Attr>
mlir::ParseResult parseWord(mlir::OpAsmParser &parser, Attr &attr) {
  attr = llvm::cast_if_present<Attr>(Attr::parse(parser, {}));
  return mlir::success(static_cast<bool>(attr));
}
template <typename Attr>
void printWord(mlir::OpAsmPrinter &printer, mlir::Operation *, Attr attr) {
  printer << stringifyEnum(attr.getValue());
}

} // namespace tfm
} // namespace ingot

#include "ir/tfm/TfmDialect.h.inc"
#include "ir/tfm/TfmEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/tfm/TfmAttrs.h.inc"

#define GET_OP_CLASSES
#include "ir/tfm/TfmOps.h.inc"

namespace ingot::tfm {

/// The dims of `type` as canonical texts: the encoding's, or its numbers.
llvm::SmallVector<std::string> dimTexts(mlir::RankedTensorType type);

inline mlir::RankedTensorType tensorTypeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

/// "n is dim 0 of input 'x'", what a symbol of `tfm.symbols` stands for; below
/// 0 the axis says that it is the value of the input, or counts its elements.
std::string describeSymbol(llvm::StringRef symbol, int64_t axis,
                           llvm::StringRef quotedInput);

/// A tensor type whose dims are `dims` (canonical texts); the encoding is left
/// out where all are numbers.
mlir::RankedTensorType tensorType(llvm::ArrayRef<std::string> dims,
                                  mlir::Type element);

/// One of the design's element types.
bool isElementType(mlir::Type type);

/// What a quantized weight of a linear is made of: i8, ui8, i4, ui4 or
/// f8E4M3FN.
bool isQuantizedWeightType(mlir::Type type);

/// What a scalar region computes with for an element of a tensor: i64 for
/// integers, else the element's type.
mlir::Type scalarType(mlir::Type element);

/// What sums of products of floats of this type gather in: f64 for f64, else
/// f32.
mlir::Type sumType(mlir::Type element);

/// Bytes of a static tensor as a model file stores it: booleans take a byte,
/// two 4-bit elements share one. Nothing if the count leaves 64 bits.
std::optional<int64_t> storedBytes(mlir::RankedTensorType type);

/// The region holds scalar ops only, with `tfm.symbol` only if `symbols`.
mlir::LogicalResult verifyScalarRegion(mlir::Operation *op,
                                       mlir::Region &region, bool symbols);

} // namespace ingot::tfm
