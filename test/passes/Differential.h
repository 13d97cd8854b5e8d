//===- Differential.h - A model before and after fusion -------------------===//
//
// Runs a model by the reference as it was imported and again after the fused
// pipeline, on the same inputs, for several bindings of its symbols.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/reference/Interpreter.h"
#include "ir/tfm/WeightStore.h"

#include <ostream>
#include <string>

namespace ingot::test {

struct DifferentialCase {
  const char *name;
  /// An ONNX model as `TextModel.h` writes it, or tfm where it has a
  /// `func.func`.
  std::string model;
  /// What `describe` gives of the fused module.
  std::string fused;
  /// Of the largest magnitude of an output, or of 1.
  double tolerance = 1e-5;
};
inline void PrintTo(const DifferentialCase &c, std::ostream *out) {
  *out << c.name;
}

/// The ops of the functions that compute something, sorted and separated by
/// blanks: `linear+bias+gelu+residual`, `layer_norm+residual`, `rms_norm+sum`,
/// `attention(causal,key_valid;mean;2 groups)`, `matmul`, `softmax`, and `map`
/// with the functions a `tfm.fused` applies (`map(gelu)`), but not maps of
/// sums, products and moves alone.
std::string describe(mlir::ModuleOp module);

/// A model in a context of its own, and how it is run.
class Subject {
public:
  /// Imports or parses; a mistake fails the running test.
  explicit Subject(llvm::StringRef model);

  explicit operator bool() const { return static_cast<bool>(module); }
  mlir::func::FuncOp function(mlir::ModuleOp of) const {
    return *of.getOps<mlir::func::FuncOp>().begin();
  }
  mlir::FailureOr<std::vector<reference::Tensor>>
  run(mlir::ModuleOp which, llvm::ArrayRef<reference::Tensor> inputs);

  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< as imported
  std::string diagnostics;

private:
  mlir::ScopedDiagnosticHandler handler;
  std::shared_ptr<WeightStore> weights;
};

/// Values of the symbols, in the order of `tfm.symbols`: zeros and ones, equal
/// and unequal ones, odd ones, within the ranges.
std::vector<std::vector<int64_t>> bindings(mlir::func::FuncOp function);

/// Random inputs of the function's types under a binding. Integers are 0 to 3;
/// a mask (an input named so, or booleans) is 0 and 1, and as `style` says: 0
/// random, 1 without any kept element in its first row, 2 without any at all, 3
/// all kept.
mlir::FailureOr<std::vector<reference::Tensor>>
makeInputs(mlir::func::FuncOp function, llvm::ArrayRef<int64_t> binding,
           unsigned style, uint64_t seed);

/// Fails the running test where `after` is not `before`.
void expectClose(const std::vector<reference::Tensor> &before,
                 const std::vector<reference::Tensor> &after, double tolerance);

void runDifferential(const DifferentialCase &c);

} // namespace ingot::test
