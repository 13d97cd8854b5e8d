//===- OutputFile.h - Results that are whole or not there -----------------===//
#pragma once

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace ingot::cli {

enum class Writing { Forward, Seeking };

/// Has `write` fill a file that takes the place of `path` once it is complete;
/// "-" is stdout, and a device or pipe is written in place (through a temporary
/// file where `write` seeks). A failure or a signal leaves nothing behind.
/// Returns 0, the exit code of `write`, or one after a complaint.
int writeOutput(const std::string &path, Writing writing,
                llvm::function_ref<int(llvm::raw_fd_ostream &)> write);

} // namespace ingot::cli
