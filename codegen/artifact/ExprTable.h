// Expressions of dims as the artifact's table of nodes.
#pragma once

#include "ir/expr/Expr.h"
#include "ir/tfm/Tfm.h"
#include "runtime/artifact_generated.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace ingot {

/// Numbers of expressions and symbols in one artifact. Equal expressions are
/// one node.
class ExprTable {
public:
  explicit ExprTable(artifact::ArtifactT &artifact) : artifact(artifact) {}

  uint32_t constant(int64_t value) { return number(pool.integer(value)); }
  /// Expression `i` of `dims`.
  uint32_t number(tfm::DimsAttr dims, unsigned i);
  /// Expression `i` of `dims` divided by `divisor`, rounded up.
  uint32_t ceilDiv(tfm::DimsAttr dims, unsigned i, int64_t divisor);
  /// The number of a canonical text.
  uint32_t number(llvm::StringRef text);
  /// left - right >= 0, or left == right.
  uint32_t atLeast(uint32_t left, uint32_t right);
  uint32_t equal(uint32_t left, uint32_t right);

  uint32_t select(uint32_t condition, uint32_t yes, uint32_t no);
  uint32_t min(uint32_t left, uint32_t right);
  uint32_t max(uint32_t left, uint32_t right);
  uint32_t floorDiv(uint32_t value, int64_t divisor);
  uint32_t product(uint32_t value, int64_t factor);
  uint32_t symbolValue(uint32_t symbol);

  uint32_t symbol(llvm::StringRef name);

private:
  Expr parse(llvm::StringRef text);
  uint32_t number(Expr expr);
  uint32_t make(Expr expr);
  uint32_t node(artifact::ExprOp op, uint32_t a, uint32_t b = 0, uint32_t c = 0,
                int64_t value = 0);

  artifact::ArtifactT &artifact;
  ExprPool pool;
  llvm::DenseMap<uint32_t, uint32_t> numbers;
  llvm::StringMap<uint32_t> symbols;
};

} // namespace ingot
