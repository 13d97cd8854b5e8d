//===- InputSymbols.h - Names and sources of the dims of inputs -----------===//
#pragma once

#include "ir/lift/ShapeContext.h"

#include "llvm/ADT/StringSet.h"

namespace ingot::onnx {

/// A dim as a model's input declares it: a number, a name, or neither.
struct DeclaredDim {
  std::optional<int64_t> number;
  std::string name;
};

struct DeclaredInput {
  std::string name;
  std::vector<DeclaredDim> dims;
};

/// What the user says about the dims called `name`: a number if both bounds are
/// equal, else a range; `max` -1 is no bound.
struct DimOption {
  std::string name;
  int64_t min = 0, max = -1;
};

/// Gives every unknown dim of the inputs a symbol or an expression. A name is
/// identity among inputs and no more; names such as `past + sequence` are
/// expressions where each of their symbols is a dim of its own somewhere.
class InputSymbols {
public:
  /// With `useNames` false each dim is its own symbol `input.dK`.
  InputSymbols(llvm::ArrayRef<DeclaredInput> inputs, bool useNames);

  /// Puts what the user said into `facts`. Gives the first option that matches
  /// no dim, or contradicts another one or a declared number.
  std::optional<std::string> apply(llvm::ArrayRef<DimOption> options,
                                   ShapeFacts &facts);

  /// The dims of input `i` under the facts of `shapes`.
  ShapeContext::Dims dims(size_t i, ShapeContext &shapes) const;

  /// Two dims say that they are equal by `symbol`, or by one that `facts` has
  /// replaced by a value with it: only such a name can be wrong.
  bool isShared(llvm::StringRef symbol, const ShapeFacts &facts) const;

  struct Source {
    std::string symbol;
    int64_t input, axis;
    int64_t min = 0, max = -1;
    bool isFixed() const { return min == max; }
  };
  /// Each symbol with the first dim that it is.
  llvm::ArrayRef<Source> sources() const { return symbols; }

private:
  struct Dim {
    std::optional<int64_t> number;
    std::string text; ///< a symbol's name or an expression
    bool isSymbol = false;
    std::string declared; ///< the model's name, for options
  };
  Source *find(llvm::StringRef symbol);
  void makeSymbol(Dim &dim, std::string name, int64_t input, int64_t axis);

  std::vector<std::vector<Dim>> inputs;
  std::vector<Source> symbols;
};

/// The names of the symbols in an expression.
llvm::StringSet<> symbolsIn(llvm::StringRef text);

/// `name` without characters that would need escapes in the IR.
std::string safeSymbolName(llvm::StringRef name);

} // namespace ingot::onnx
