//===- CompiledModel.h - A fused module compiled and run in this process --===//
#pragma once

#include "codegen/cpu/Isa.h"
#include "runtime/include/ingot/ingot.h"
#include "test/passes/Differential.h"

namespace ingot::test {

/// The artifact of a fused module, loaded by the runtime.
class CompiledModel {
public:
  /// Compiles for one level only, which this CPU has to have. What is wrong is
  /// in `error`.
  CompiledModel(Subject &subject, mlir::ModuleOp fused, cpu::IsaLevel level);
  ~CompiledModel();
  CompiledModel(const CompiledModel &) = delete;

  explicit operator bool() const { return session != nullptr; }
  /// The outputs, or nothing and `error`.
  std::optional<std::vector<reference::Tensor>>
  run(llvm::ArrayRef<reference::Tensor> inputs);

  std::string error;

private:
  /// Takes `made`; false if it is an error.
  bool succeeds(ingot_error *made);

  std::vector<std::string> inputNames, outputNames;
  ingot_device *device = nullptr;
  ingot_model *model = nullptr;
  ingot_session *session = nullptr;
};

} // namespace ingot::test
