//===- LaneFacts.h - What a region's values are along several elements
//------------------------===//
//
// A thread that takes `width` consecutive elements at once, from a multiple of
// width on, may load those that lie together in one piece. These are the facts
// that say which: how a value moves from element to element, and whether it
// starts at a multiple. They may rest on scalars being multiples of width.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/tfm/Tfm.h"

namespace ingot::cuda {

class LaneFacts {
public:
  /// Which scalars have to be multiples of the width, by their numbers.
  using Scalars = uint64_t;
  struct Step {
    int64_t by; ///< from one element to the next
    Scalars scalars;
  };

  /// `along` is the argument that counts the elements, `varying` others that
  /// differ from one to the next; from argument `firstScalar` on they are
  /// scalars. Of several scalars that would do, those in `given` are chosen.
  LaneFacts(mlir::Value along, llvm::ArrayRef<mlir::Value> varying,
            unsigned firstScalar, int64_t width, Scalars given)
      : along(along), varying(varying.begin(), varying.end()),
        firstScalar(firstScalar), width(width), given(given) {}

  /// How `value` moves, or nothing if that is not the same everywhere.
  std::optional<Step> step(mlir::Value value);
  /// Whether the integer `value` is a multiple of width at the first element.
  std::optional<Scalars> multiple(mlir::Value value);

private:
  std::optional<Step> findStep(mlir::Value value);
  std::optional<Step> stepOf(tfm::ApplyOp apply);
  std::optional<Scalars> findMultiple(mlir::Value value);
  std::optional<Scalars> either(std::optional<Scalars> a,
                                std::optional<Scalars> b) const;

  mlir::Value along;
  llvm::SmallVector<mlir::Value> varying;
  unsigned firstScalar;
  int64_t width;
  Scalars given;
  llvm::DenseMap<mlir::Value, std::optional<Step>> steps;
  llvm::DenseMap<mlir::Value, std::optional<Scalars>> multiples;
};

} // namespace ingot::cuda
