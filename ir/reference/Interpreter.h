//===- Interpreter.h - Runs functions of tfm by the reference
//--------------===//
//
// Slow and plain: what every pass and every kernel is judged by, and what
// `ingot run --device=reference` runs.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/reference/Evaluate.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <functional>

namespace ingot {

/// Gives the bytes of a stored weight, little-endian and row-major, and reports
/// itself what it cannot read. They stay valid as long as the interpreter.
using WeightBytes =
    std::function<mlir::FailureOr<llvm::ArrayRef<char>>(tfm::WeightOp)>;

/// Runs functions of one module, which it does not change. Weights are kept
/// from run to run, values only as long as an op still needs them. All failures
/// are diagnostics at the op at fault. For one thread.
class Interpreter {
public:
  explicit Interpreter(mlir::ModuleOp module, WeightBytes weights = {})
      : module(module), weightBytes(std::move(weights)) {}

  /// The function's results. `inputs` are in the order of its arguments; their
  /// dims give the symbols their values, and have to agree with each other, the
  /// symbols' ranges and every `tfm.require`.
  mlir::FailureOr<std::vector<reference::Tensor>>
  run(mlir::func::FuncOp function, llvm::ArrayRef<reference::Tensor> inputs);

  /// The value of a weight: its bytes, or its recipe evaluated.
  mlir::FailureOr<reference::Tensor> weight(tfm::WeightOp op);

  /// Called with every value of a function as it is computed.
  std::function<void(mlir::Value, const reference::Tensor &)> observer;

private:
  mlir::FailureOr<std::vector<reference::Tensor>>
  runBlock(mlir::Block &block,
           llvm::DenseMap<mlir::Value, reference::Tensor> &values,
           SymbolValues &symbols);
  mlir::FailureOr<Tensors>
  runOp(mlir::Operation *op,
        const llvm::DenseMap<mlir::Value, reference::Tensor> &values,
        SymbolValues &symbols);

  mlir::ModuleOp module;
  WeightBytes weightBytes;
  llvm::DenseMap<mlir::Operation *, std::optional<reference::Tensor>> weights;
};

/// The value of a constant expression: `op` with constant operands, or nothing.
/// Ops with symbolic dims or attributes are no constants.
std::optional<Tensors> foldConstants(mlir::Operation *op,
                                     llvm::ArrayRef<mlir::Attribute> operands);

} // namespace ingot
