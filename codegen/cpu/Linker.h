//===- Linker.h - Kernel objects to one flat blob
//--------------------------===//
//
// The blob is position independent and has no relocations, no writable data and
// no external symbols: the runtime maps it read+execute and calls by offset.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Location.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"

#include <string>
#include <utility>
#include <vector>

namespace ingot::cpu {

struct LinkInput {
  llvm::StringRef name;   ///< of the kernel, its one global symbol
  llvm::StringRef object; ///< bytes of an ELF object
  mlir::Location loc;     ///< blamed if the object cannot be linked
};

struct Blob {
  std::string code; ///< to be mapped at any page, alignment 64 within it
  std::vector<uint64_t> entries; ///< offset of each input's kernel, input order
  std::string
      elf; ///< the same code with symbols, for debuggers and disassembly
};

/// Links `inputs`. Thread safe; one link runs at a time in the process, because
/// lld keeps global state. Refusals are diagnostics at the kernel's location.
llvm::FailureOr<Blob> linkKernels(llvm::ArrayRef<LinkInput> inputs,
                                  mlir::Location loc);

} // namespace ingot::cpu
