//===- Toolkits.h - Where NVIDIA's libraries and programs are
//--------------===//
#pragma once

#include <string>
#include <vector>

namespace ingot::cuda {

/// Folders of toolkits on this machine, best first; they need not exist.
std::vector<std::string> toolkitFolders();

/// Folders `site-packages/nvidia/PACKAGE` of build/venv, where PyPI wheels put
/// what they bring; those that exist.
std::vector<std::string> wheelFolders();

/// The program `nvdisasm`: the file that INGOT_NVDISASM names, a toolkit's, a
/// wheel's or one in PATH; empty if there is none.
std::string findNvdisasm();

/// The instructions of a cubin as text; empty if the program fails.
std::string disassemble(const std::string &nvdisasm, const std::string &cubin);

} // namespace ingot::cuda
