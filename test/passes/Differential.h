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
  /// How many `tfm.fused`, those that `describe` leaves out too; -1: any
  /// number.
  int maps = -1;
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

/// As text, without the numbers of large constants.
std::string print(mlir::ModuleOp module);

/// A generator that is the same everywhere (the standard's distributions are
/// not).
struct Random {
  uint64_t state;
  uint64_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  }
  int64_t below(int64_t n) { return static_cast<int64_t>(next() % n); }
  double real() { return static_cast<double>(next()) / (1u << 30) - 1; }
};

/// A model in a context of its own, and how it is run.
class Subject {
public:
  /// Imports or parses; false if that failed.
  explicit Subject(llvm::StringRef model);

  explicit operator bool() const { return static_cast<bool>(module); }
  mlir::func::FuncOp function(mlir::ModuleOp of) const {
    return *of.getOps<mlir::func::FuncOp>().begin();
  }
  /// The module after the canonical and the fused pipeline, and from there to
  /// the plan; null where one fails.
  mlir::OwningOpRef<mlir::ModuleOp> fuse();
  mlir::OwningOpRef<mlir::ModuleOp> lower(mlir::ModuleOp fused);
  mlir::FailureOr<std::vector<reference::Tensor>>
  run(mlir::ModuleOp which, llvm::ArrayRef<reference::Tensor> inputs);

  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< as imported
  std::string diagnostics;
  std::shared_ptr<WeightStore> weights; ///< null for tfm text

private:
  mlir::ScopedDiagnosticHandler handler;
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

/// Inputs for every binding, of every style, until the running test has failed.
void forEachInputs(
    Subject &subject,
    llvm::function_ref<void(const std::vector<reference::Tensor> &)> run);

/// Runs the subject and another form of it; gives how many bindings were legal.
/// `text` is printed where they differ.
unsigned compareRuns(Subject &subject, mlir::ModuleOp other,
                     llvm::StringRef text, double tolerance);

void runDifferential(const DifferentialCase &c);

} // namespace ingot::test
