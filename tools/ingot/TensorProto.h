// ONNX's TensorProto, the content of `input_0.pb` in a data set.
#pragma once

#include "tools/ingot/Array.h"

namespace ingot::cli {

// Returns "" or what is wrong, with the path.
std::string readTensorProto(const std::string &path, Array &array);

} // namespace ingot::cli
