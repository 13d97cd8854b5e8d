//===- ScalarPrinter.h - The printer behind RegionPrinter.h
//------------------------===//
//
// Writes values of a region as statements in scopes: what cannot fault in the
// outermost, what tfm.choose may not choose under its condition.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cuda/RegionPrinter.h"

#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringMap.h"

#include <deque>

namespace ingot::cuda {

/// What a load's tensor has in memory.
inline mlir::Type elementOf(tfm::LoadOp load) {
  return llvm::cast<mlir::RankedTensorType>(load.getTensor().getType())
      .getElementType();
}
/// An element in memory, `text`, as a scalar of regions.
std::string fromMemory(mlir::Type element, const std::string &text);

/// A block of C++ being written. Scopes nest as conditions do.
struct Scope {
  Scope *parent = nullptr;
  struct Statement {
    std::string name, expression; ///< empty: only text
    std::string text;
  };
  std::vector<Statement> statements;
  llvm::DenseMap<mlir::Value, std::string> names;
  llvm::StringMap<std::string> byText; ///< equal expressions are one

  /// Blocks under a further condition, in a region's load phase.
  struct Guarded {
    std::string condition;
    mlir::Value source;
    bool negated;
    Scope *scope;
  };
  std::vector<Guarded> guarded;
};

/// A condition of the region, or its opposite.
struct Term {
  mlir::Value condition;
  bool negated;
  bool operator==(const Term &other) const {
    return condition == other.condition && negated == other.negated;
  }
};
using Conjunction = llvm::SmallVector<Term, 2>;

class ScalarPrinter {
public:
  /// `prefix` begins the names of variables.
  ScalarPrinter(mlir::Block &block, llvm::ArrayRef<std::string> arguments,
                llvm::StringRef prefix = "v")
      : prefix(prefix) {
    for (auto [argument, text] :
         llvm::zip_equal(block.getArguments(), arguments))
      root.names[argument] = text;
  }

  std::string name(mlir::Value value) { return emit(value, root); }
  /// One name, or a list in braces.
  std::string names(mlir::ValueRange values);
  /// A variable of `value`'s type that holds `expression`.
  std::string variable(mlir::Value value, const std::string &expression) {
    return statement(root, scalarTypeName(value.getType()), expression);
  }
  std::string text(unsigned indent) { return render(root, indent); }

  /// From now on `value` is this text, wherever it is used.
  void bind(mlir::Value value, std::string text) {
    root.names[value] = std::move(text);
    readers[value] = false;
  }
  /// Called for a load or check before it is printed; true if it bound it.
  std::function<bool(mlir::Operation *)> intercept;

  /// Assigns `value` to `target` under all of `terms`.
  void assign(mlir::Value value, llvm::StringRef target,
              llvm::ArrayRef<Term> terms);
  /// The same, and `target` is declared here.
  void declare(mlir::Value value, llvm::StringRef target,
               llvm::ArrayRef<Term> terms);

  /// From now on `load` is of `width` elements.
  void widen(tfm::LoadOp load, unsigned width) { widths[load] = width; }

private:
  std::string emit(mlir::Value value, Scope &scope);
  std::string define(mlir::Operation *op, Scope &scope);
  std::string choose(tfm::ChooseOp op, Scope &scope);
  std::string statement(Scope &scope, llvm::StringRef type,
                        const std::string &expression);
  std::string typeOf(mlir::Value value);
  std::string fresh() { return prefix + std::to_string(next++); }
  bool reads(mlir::Value value);
  const llvm::SmallSet<int, 8> &demand(mlir::Value value);
  std::string render(const Scope &scope, unsigned indent);

  std::string prefix;
  Scope root;
  std::deque<Scope> scopes; ///< that stay after their text was made
  unsigned next = 0;
  llvm::DenseMap<mlir::Value, bool> readers;
  std::map<void *, llvm::SmallSet<int, 8>> demands;
  llvm::SmallVector<mlir::Operation *> readingOps;
  llvm::DenseMap<mlir::Operation *, unsigned> widths; ///< of loads of several
};

} // namespace ingot::cuda
