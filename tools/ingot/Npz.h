// NumPy's .npy, one array, and .npz, a zip archive of them.
#pragma once

#include "tools/ingot/Array.h"

namespace ingot::cli {

// All return "" or what is wrong.
std::string readNpy(const std::string &path, Array &array);
std::string readNpz(const std::string &path, std::vector<Array> &arrays);
std::string writeNpz(const std::string &path, const std::vector<Array> &arrays);

} // namespace ingot::cli
