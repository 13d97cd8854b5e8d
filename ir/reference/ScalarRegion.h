//===- ScalarRegion.h - Runs the scalar regions of tfm ops
//-----------------===//
#pragma once

#include "ir/reference/Symbols.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace ingot {

/// The value of a tensor that a region loads from; null where there is none.
/// What it points to outlives the region made with it.
using TensorLookup = llvm::function_ref<const reference::Tensor *(mlir::Value)>;

/// A block of scalar ops, made ready to run once an element: symbols and
/// constants are evaluated, operands are slots.
///
/// An element outside its tensor has no value, and nothing computed from it has
/// one, until a choice (`choose`, or an `and` or `or` that is decided without
/// it) drops it. Yielding it is an error: kernels read some neighbour there.
class ScalarRegion {
public:
  static reference::Result<ScalarRegion>
  make(mlir::Block &block, TensorLookup lookup, SymbolValues &symbols);

  /// The yielded scalar. Arguments are of the block's argument types.
  reference::Result<reference::Scalar>
  run(llvm::ArrayRef<reference::Scalar> arguments);
  reference::ElementType yieldedType() const {
    return slots[yielded].value.type;
  }

  /// Types of the arguments.
  llvm::ArrayRef<reference::ElementType> argumentTypes() const { return types; }

private:
  enum class Kind : uint8_t { Apply, Choose, Convert, Load, CheckIndex };
  struct Instruction {
    Kind kind;
    ScalarOp op = ScalarOp::Add;
    reference::ElementType type; ///< of the result
    unsigned result;
    llvm::SmallVector<unsigned, 4> operands;
    const reference::Tensor *tensor = nullptr;
    reference::Strides strides;
  };
  struct Slot {
    reference::Scalar value;
    int reason = -1; ///< why there is no value: an index of `reasons`
  };
  Slot apply(const Instruction &instruction);
  Slot load(const Instruction &instruction);
  Slot checkIndex(const Instruction &instruction);
  Slot noValue(reference::ElementType type, std::string reason);

  llvm::SmallVector<reference::ElementType> types;
  std::vector<Instruction> instructions;
  std::vector<Slot> slots; ///< arguments, then constants and results in order
  unsigned yielded = 0;    ///< slot
  std::vector<std::string> reasons; ///< of this run
};

} // namespace ingot
