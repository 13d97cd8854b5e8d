//===- OpTable.h - ONNX operators and how each is imported ----------------===//
#pragma once

#include "frontend/onnx/NodeReader.h"

namespace ingot::onnx {

/// Binds, checks and builds a node; gives its first output, or null with a
/// reason in the builder. Other outputs go through `NodeReader::setOutput`.
using ImportFunction = mlir::Value (*)(NodeReader &node);

/// One row: the operator means this from opset `since` until the next row of
/// the same name.
struct OpEntry {
  llvm::StringLiteral domain; ///< "" is ai.onnx
  llvm::StringLiteral name;
  int64_t since;
  ImportFunction import;
};

constexpr int64_t kMinOpset = 11, kMaxOpset = 28;

// Rows stand at the end of the file that has their functions.
llvm::ArrayRef<OpEntry> mathOps();  ///< ImportMath.cpp: arithmetic, casts
llvm::ArrayRef<OpEntry> logicOps(); ///< ImportLogic.cpp: comparisons, Where
llvm::ArrayRef<OpEntry>
shapeOps(); ///< ImportShape.cpp: other dims, same elements
llvm::ArrayRef<OpEntry> movementOps(); ///< ImportMovement.cpp: slices, gathers
llvm::ArrayRef<OpEntry>
generatorOps(); ///< ImportGenerators.cpp: constants, ranges
llvm::ArrayRef<OpEntry> reductionOps(); ///< ImportReductions.cpp
llvm::ArrayRef<OpEntry> quantOps();     ///< ImportQuant.cpp: quantized numbers
llvm::ArrayRef<OpEntry>
networkOps(); ///< ImportNetwork.cpp: matmul, conv, norms
llvm::ArrayRef<OpEntry>
attentionOps(); ///< ImportAttention.cpp: attention, rotary embeddings
llvm::ArrayRef<OpEntry> contribAttentionOps(); ///< ImportContribAttention.cpp
llvm::ArrayRef<OpEntry> fusedOps(); ///< ImportFused.cpp: com.microsoft

/// All rows, sorted by domain, name and opset.
llvm::ArrayRef<OpEntry> allOps();

/// The row with the highest `since` that is at most `opset`, or null.
const OpEntry *findOp(llvm::StringRef domain, llvm::StringRef name,
                      int64_t opset);

/// For the report on an operator without a row: what comes nearest to it, or
/// "".
std::string nearestOp(llvm::StringRef domain, llvm::StringRef name,
                      int64_t opset);

} // namespace ingot::onnx
