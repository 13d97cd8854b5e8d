//===- EmitObject.h - LLVM IR to x86-64 object code
//------------------------===//
#pragma once

#include "codegen/cpu/Backend.h"

namespace llvm {
class Module;
}

namespace ingot::cpu {

/// Wraps function `name` of `module` into the kernel ABI, optimizes, and
/// returns the bytes of an ELF object; empty with `error` set on failure.
std::string emitObject(llvm::Module &module, llvm::StringRef name,
                       const Isa &isa, KernelDump *dump, std::string &error);

} // namespace ingot::cpu
