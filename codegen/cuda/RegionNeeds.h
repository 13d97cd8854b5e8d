//===- RegionNeeds.h - When each value of a region is needed
//------------------------===//
#pragma once

#include "codegen/cuda/ScalarPrinter.h"

#include "llvm/ADT/MapVector.h"

namespace ingot::cuda {

/// When each value of a region is needed: under one conjunction, or under
/// several (then there is none).
class Needs {
public:
  explicit Needs(mlir::Block &block);
  std::optional<Conjunction> of(mlir::Value value) const {
    return needs.lookup(value);
  }

private:
  void add(mlir::Value value, const std::optional<Conjunction> &terms);
  llvm::DenseMap<mlir::Value, std::optional<Conjunction>> needs;
};

/// Under which conditions `op` may be read before the late values are known;
/// nothing if it may not.
std::optional<Conjunction>
earlyTerms(const Needs &needs, llvm::function_ref<bool(mlir::Value)> isLate,
           mlir::Operation *op);

/// What a region reads before its late values are known, as members of `in`.
class EarlyLoads {
public:
  EarlyLoads(const Needs &needs, std::function<bool(mlir::Value)> isLate)
      : needs(needs), isLate(std::move(isLate)) {}

  /// Reads `op` early, if it may: in `printer` it is then a member.
  bool take(mlir::Operation *op, ScalarPrinter &printer);
  /// "float x0; "
  std::string fields() const;
  /// The body of the function that returns them all.
  std::string print(ScalarPrinter &printer, unsigned indent) const;
  bool empty() const { return numbers.empty(); }

private:
  const Needs &needs;
  std::function<bool(mlir::Value)> isLate;
  llvm::MapVector<mlir::Operation *, unsigned> numbers;
};

} // namespace ingot::cuda
