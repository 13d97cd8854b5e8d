// Runs tfm that a test has as text.
#pragma once

#include "ir/reference/Interpreter.h"
#include "test/reference/Tensors.h"

#include "mlir/Parser/Parser.h"

namespace ingot::reference {

/// A module parsed from text, and the diagnostics since.
class Program {
public:
  explicit Program(llvm::StringRef text)
      : handler(&context, [this](mlir::Diagnostic &diagnostic) {
          diagnostics += diagnostic.str() + "\n";
          location = diagnostic.getLocation();
        }) {
    context.loadDialect<tfm::TfmDialect, mlir::func::FuncDialect,
                        mlir::arith::ArithDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module) << diagnostics;
  }

  /// Runs @main.
  mlir::FailureOr<std::vector<Tensor>> run(llvm::ArrayRef<Tensor> inputs,
                                           WeightBytes weights = {}) {
    if (!module)
      return mlir::failure();
    Interpreter interpreter(*module, std::move(weights));
    interpreter.observer = observer;
    return interpreter.run(module->lookupSymbol<mlir::func::FuncOp>("main"),
                           inputs);
  }

  mlir::MLIRContext context;
  std::string diagnostics;
  std::optional<mlir::Location> location; ///< of the last one
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::function<void(mlir::Value, const Tensor &)> observer;

private:
  mlir::ScopedDiagnosticHandler handler;
};

/// @main of `text` gives `expected`.
inline void expectResult(llvm::StringRef text, llvm::ArrayRef<Tensor> inputs,
                         const Tensor &expected, double tolerance = 0) {
  Program program(text);
  mlir::FailureOr<std::vector<Tensor>> results = program.run(inputs);
  ASSERT_TRUE(mlir::succeeded(results)) << program.diagnostics;
  ASSERT_EQ(results->size(), 1u);
  if (tolerance)
    expectNear(results->front(), expected, tolerance);
  else
    expectTensor(results->front(), expected);
}

/// Running @main of `text` reports `part`.
inline void expectDiagnostic(llvm::StringRef text,
                             llvm::ArrayRef<Tensor> inputs,
                             llvm::StringRef part) {
  Program program(text);
  EXPECT_TRUE(mlir::failed(program.run(inputs)));
  EXPECT_NE(program.diagnostics.find(part), std::string::npos)
      << program.diagnostics;
}

} // namespace ingot::reference
