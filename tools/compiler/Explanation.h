//===- Explanation.h - What `ingot explain` says, before it is printed ----===//
#pragma once

#include "passes/Ledger.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot::cli {

/// What an attention was read as.
struct AttentionFacts {
  int64_t heads, kvHeads, depth, valueDepth;
  double scale;
  std::vector<std::string> mask;  ///< causal, key padding, ...; empty: none
  bool hasRegion;                 ///< a score_mod region does the rest
  std::vector<std::string> reads; ///< the tensors that region loads
  std::string emptyRows;
  std::vector<std::string> query, key, value; ///< what computed them
  bool oneProjection; ///< all three are slices of one linear
  bool hasCache;      ///< keys are an input's and new ones
};
AttentionFacts factsOf(tfm::AttentionOp attention);

/// One line on what an op of the fused form is.
std::string describe(const Ledger &ledger, const Fusion &fusion);

/// What a fused activation or embedding is, and where it went.
std::string placeOf(const Ledger &ledger, const Site &site);

/// The name of a value for a reader: an input's, a weight's or its node's.
std::string valueName(mlir::Value value);

/// Ops of the fused form that no fusion took, and no site counts: `reduce`, ...
struct PlainOp {
  std::string op, node;
};
std::vector<PlainOp> plainOps(mlir::ModuleOp module);

struct InputFacts {
  std::string name, type;
  std::vector<std::string> dims;
};
std::vector<InputFacts> inputsOf(mlir::func::FuncOp function);

struct SymbolFacts {
  std::string name, source; ///< "dim 1 of input_ids"
  int64_t min, max;         ///< max -1: no bound
};
std::vector<SymbolFacts> symbolsOf(mlir::func::FuncOp function);

struct CheckFacts {
  std::string relation, left, right, sentence; ///< relation: "==" or "<="
};
std::vector<CheckFacts> checksOf(mlir::func::FuncOp function);

void printText(mlir::ModuleOp module, const Ledger &ledger,
               llvm::StringRef model, llvm::raw_ostream &os);
void printJson(mlir::ModuleOp module, const Ledger &ledger,
               llvm::StringRef model, llvm::raw_ostream &os);

} // namespace ingot::cli
