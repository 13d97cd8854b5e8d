//===- Symbols.h - Values of the symbols of a function
//---------------------===//
#pragma once

#include "ir/expr/Expr.h"
#include "ir/reference/Tensor.h"
#include "ir/tfm/Tfm.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace ingot {

/// Integers by symbol name, and the expressions of attributes evaluated on
/// them.
class SymbolValues {
public:
  /// Gives a symbol its value; false if it already has another one.
  bool bind(llvm::StringRef name, int64_t value);
  std::optional<int64_t> find(llvm::StringRef name) const;

  /// Fails on a symbol without value, an overflow or a division by zero.
  reference::Result<int64_t> evaluate(mlir::StringAttr expr);
  reference::Result<std::vector<int64_t>> evaluate(tfm::DimsAttr exprs);
  /// The dims of a type.
  reference::Result<reference::Shape> shapeOf(mlir::RankedTensorType type);
  /// The symbol that a canonical text is, if it is nothing else.
  std::optional<std::string> asSymbol(mlir::StringAttr expr);

private:
  std::optional<Expr> parse(mlir::StringAttr expr);

  llvm::StringMap<int64_t> values;
  ExprPool pool;
  llvm::DenseMap<mlir::StringAttr, Expr> parsed;
};

} // namespace ingot
