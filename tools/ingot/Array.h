// A named tensor in memory of its own.
#pragma once

#include "ingot/ingot.h"

#include <string>
#include <vector>

namespace ingot::cli {

struct Array {
  std::string name;
  ingot_type type = INGOT_TYPE_NONE;
  std::vector<int64_t> dims;
  std::vector<char> data; // row-major, aligned to 16 bytes by the allocator

  // A view, as the runtime takes it. At most INGOT_MAX_RANK dims.
  ingot_tensor view();
  static Array copyOf(const char *name, const ingot_tensor &tensor);
};

// False where a dim is negative or the number of bytes overflows.
bool countBytes(ingot_type type, const std::vector<int64_t> &dims,
                size_t &elements, size_t &bytes);
// "float32[2, 7]"
std::string describe(ingot_type type, const std::vector<int64_t> &dims);
bool isFloat(ingot_type type);
// The result of 64-bit integers is rounded.
double elementAsReal(ingot_type type, const char *data, size_t index);
// Writes an integer or a float, converted.
void storeElement(Array &array, size_t index, double value);

} // namespace ingot::cli
