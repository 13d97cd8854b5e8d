// NumPy's .npz: a zip archive of .npy files.
#pragma once

#include "tools/ingot/Array.h"

namespace ingot::cli {

// Both return "" or what is wrong.
std::string readNpz(const std::string &path, std::vector<Array> &arrays);
std::string writeNpz(const std::string &path, const std::vector<Array> &arrays);

} // namespace ingot::cli
