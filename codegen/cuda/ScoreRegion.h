//===- ScoreRegion.h - Attention's region in steps
//------------------------===//
//
// A kernel of attention computes a score from a product for each pair of a
// query and a key. What of it depends on the key alone, or on the query alone,
// it computes once for each of them (`AttentionTerms` of kernels/attention.cuh
// has the functions of a stub that are printed here):
//
//   score = product + choose(mask[b, k], 0, -inf), choose(k <= q, ., -inf)
//   keys:  x0 = choose(mask[b, k], 0, -inf)
//   apply: choose(k <= q, product + key.x0, -inf); KEPT: product + key.x0
//   keeps: last key <= first query
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Block.h"

#include <string>

namespace ingot::cuda {

/// The members of a stub's Body for region 0 of attention, of (product, b, h,
/// q, k, inputs and scalars...). `names`: the C++ of the latter. `packs`: rows
/// of a tile may be of several heads, so that what depends on h is of a row.
std::string printScore(mlir::Block &region, llvm::ArrayRef<std::string> names,
                       double scale, bool packs);

} // namespace ingot::cuda
