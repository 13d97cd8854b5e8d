//===- RegionPrinter.h - Scalar regions as CUDA C++
//------------------------===//
//
// Prints what a region of a plan.kernel computes for one element, over the
// functions of kernels/ops.cuh: one statement an operation, v0, v1, ... in
// order. A value that `tfm.choose` may not choose is computed under its
// condition: it never loads outside its tensor.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/tfm/Tfm.h"

#include "llvm/ADT/SetVector.h"

#include <string>

namespace ingot::cuda {

/// The type of an element in memory ("u8" for a truth value); empty if kernels
/// have none of it.
llvm::StringRef memoryTypeName(mlir::Type element);
/// The type that a region's scalar has in C++: f16 and bf16 are float.
llvm::StringRef scalarTypeName(mlir::Type scalar);
/// Several of them: "Lanes<float, 4>".
std::string lanesTypeName(llvm::StringRef element, unsigned width);

/// A constant, exact.
std::string literal(mlir::TypedAttr value);
std::string literal(double value); ///< as a float
std::string literal(int64_t value);

/// The body of a function that returns what the region yields (several: as a
/// list in braces). `arguments` has
/// the C++ of each block argument: an expression, or a pointer's name.
std::string printRegion(mlir::Block &region,
                        llvm::ArrayRef<std::string> arguments, unsigned indent);

/// A region in two phases: everything that is read without knowing `late`, one
/// of its arguments, then the rest. A kernel so has all loads of many elements
/// under way before the first arithmetic. Where the kernel stores the result as
/// `stored`, it is not rounded to that here.
struct TwoPhases {
  std::string fields; ///< members of the struct between the two
  std::string load;   ///< body of the function that returns one
  std::string apply;  ///< body of the one that takes it as `in`
};
TwoPhases printTwoPhases(mlir::Block &region,
                         llvm::ArrayRef<std::string> arguments,
                         mlir::Value late, mlir::Type stored, unsigned indent);

/// How several elements are taken at once, see LaneFacts.h.
struct Lanes {
  unsigned width;
  unsigned along;                  ///< the argument that counts the elements
  std::optional<unsigned> varying; ///< the argument that is an array of them
  unsigned firstScalar;            ///< among the arguments
  uint64_t given;                  ///< scalars that are multiples of width
  std::string type;                ///< of the result: an array of elements
};
/// The body of a function that returns what the region yields for `width`
/// elements from a multiple of width on. What lies in one piece is loaded so.
struct LaneNeeds {
  llvm::SmallSetVector<unsigned, 4> wide; ///< tensor arguments loaded so
  uint64_t scalars = 0; ///< that have to be multiples of width
};
struct LaneRegion : LaneNeeds {
  std::string body;
  unsigned single = 0; ///< loads and checks of each element for itself
};
LaneRegion printLanes(mlir::Block &region,
                      llvm::ArrayRef<std::string> arguments, const Lanes &lanes,
                      unsigned indent);

/// Both: two phases for several elements, of which `lanes.varying` is late.
struct LanePhases : TwoPhases, LaneNeeds {};
LanePhases printLanePhases(mlir::Block &region,
                           llvm::ArrayRef<std::string> arguments,
                           const Lanes &lanes, mlir::Type stored,
                           unsigned indent);

} // namespace ingot::cuda
