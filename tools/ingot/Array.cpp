#include "tools/ingot/Array.h"
#include "tools/ingot/Options.h"

#include <cmath>
#include <cstring>

namespace ingot::cli {

ingot_tensor Array::view() {
  ingot_tensor tensor = {};
  tensor.data = data.data();
  tensor.bytes = data.size();
  tensor.type = type;
  tensor.rank = static_cast<int32_t>(dims.size());
  for (size_t i = 0; i < dims.size() && i < INGOT_MAX_RANK; ++i)
    tensor.dims[i] = dims[i];
  return tensor;
}

Array Array::copyOf(const char *name, const ingot_tensor &tensor) {
  Array array;
  array.name = name;
  array.type = tensor.type;
  array.dims.assign(tensor.dims, tensor.dims + tensor.rank);
  size_t elements = 0, bytes = 0;
  countBytes(array.type, array.dims, elements, bytes);
  array.data.resize(bytes);
  if (bytes)
    memcpy(array.data.data(), tensor.data, bytes);
  return array;
}

bool countBytes(ingot_type type, const std::vector<int64_t> &dims,
                size_t &elements, size_t &bytes) {
  int64_t count = 1, bits = 0;
  for (int64_t dim : dims)
    if (dim < 0 || __builtin_mul_overflow(count, dim, &count))
      return false;
  if (__builtin_mul_overflow(count, ingot_type_bits(type), &bits) ||
      bits > INT64_MAX - 7)
    return false;
  elements = static_cast<size_t>(count);
  bytes = static_cast<size_t>((bits + 7) / 8);
  return true;
}

std::string describe(ingot_type type, const std::vector<int64_t> &dims) {
  std::string text = std::string(ingot_type_name(type)) + "[";
  for (size_t i = 0; i < dims.size(); ++i)
    text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

bool isFloat(ingot_type type) {
  return type >= INGOT_TYPE_F64 && type <= INGOT_TYPE_F8E5M2;
}

template <typename T>
static T load(const char *data, size_t index) {
  T value;
  memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

static double halfAsReal(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double value = exponent == 31  ? (fraction ? NAN : INFINITY)
                 : exponent == 0 ? std::ldexp(fraction, -24)
                                 : std::ldexp(fraction + 1024, exponent - 25);
  return bits >> 15 ? -value : value;
}

// 8 bits: a sign, an exponent and `mantissa` bits; 2^(1 - bias) is the smallest
// normal number.
static double float8AsReal(uint8_t bits, int mantissa, int bias) {
  int code = bits & 127, exponent = code >> mantissa;
  int fraction = code & ((1 << mantissa) - 1);
  bool hasInfinity = mantissa == 2;
  double value = code == 127 || (hasInfinity && code > 124) ? NAN
                 : hasInfinity && code == 124               ? INFINITY
                 : exponent == 0 ? std::ldexp(fraction, 1 - bias - mantissa)
                                 : std::ldexp(fraction + (1 << mantissa),
                                              exponent - bias - mantissa);
  return bits >> 7 ? -value : value;
}

// Two in a byte, the first in the low half.
static int halfByte(const char *data, size_t index) {
  return load<uint8_t>(data, index / 2) >> (index % 2 * 4) & 15;
}

double elementAsReal(ingot_type type, const char *data, size_t index) {
  switch (type) {
  case INGOT_TYPE_F64:
    return load<double>(data, index);
  case INGOT_TYPE_F32:
    return load<float>(data, index);
  case INGOT_TYPE_F16:
    return halfAsReal(load<uint16_t>(data, index));
  case INGOT_TYPE_BF16: {
    uint32_t bits = uint32_t(load<uint16_t>(data, index)) << 16;
    return load<float>(reinterpret_cast<const char *>(&bits), 0);
  }
  case INGOT_TYPE_I64:
    return static_cast<double>(load<int64_t>(data, index));
  case INGOT_TYPE_I32:
    return load<int32_t>(data, index);
  case INGOT_TYPE_I16:
    return load<int16_t>(data, index);
  case INGOT_TYPE_I8:
    return load<int8_t>(data, index);
  case INGOT_TYPE_U64:
    return static_cast<double>(load<uint64_t>(data, index));
  case INGOT_TYPE_U32:
    return load<uint32_t>(data, index);
  case INGOT_TYPE_U16:
    return load<uint16_t>(data, index);
  case INGOT_TYPE_U8:
  case INGOT_TYPE_BOOL:
    return load<uint8_t>(data, index);
  case INGOT_TYPE_I4:
    return (halfByte(data, index) ^ 8) - 8;
  case INGOT_TYPE_U4:
    return halfByte(data, index);
  case INGOT_TYPE_F8E4M3FN:
    return float8AsReal(load<uint8_t>(data, index), 3, 7);
  case INGOT_TYPE_F8E5M2:
    return float8AsReal(load<uint8_t>(data, index), 2, 15);
  default:
    return NAN;
  }
}

template <typename T>
static void store(Array &array, size_t index, double value) {
  T converted = static_cast<T>(value);
  memcpy(array.data.data() + index * sizeof(T), &converted, sizeof(T));
}

void storeElement(Array &array, size_t index, double value) {
  switch (array.type) {
  case INGOT_TYPE_F64:
    return store<double>(array, index, value);
  case INGOT_TYPE_F32:
    return store<float>(array, index, value);
  case INGOT_TYPE_F16:
    return store<_Float16>(array, index, value);
  case INGOT_TYPE_BF16: {
    float narrow = static_cast<float>(value);
    uint16_t bits = load<uint16_t>(reinterpret_cast<const char *>(&narrow), 1);
    memcpy(array.data.data() + index * 2, &bits, 2);
    return;
  }
  case INGOT_TYPE_I64:
    return store<int64_t>(array, index, value);
  case INGOT_TYPE_I32:
    return store<int32_t>(array, index, value);
  case INGOT_TYPE_I16:
    return store<int16_t>(array, index, value);
  case INGOT_TYPE_I8:
    return store<int8_t>(array, index, value);
  case INGOT_TYPE_U64:
    return store<uint64_t>(array, index, value);
  case INGOT_TYPE_U32:
    return store<uint32_t>(array, index, value);
  case INGOT_TYPE_U16:
    return store<uint16_t>(array, index, value);
  case INGOT_TYPE_U8:
  case INGOT_TYPE_BOOL:
    return store<uint8_t>(array, index, value);
  case INGOT_TYPE_I4:
  case INGOT_TYPE_U4: {
    int shift = index % 2 * 4;
    auto half = static_cast<uint8_t>((static_cast<int>(value) & 15) << shift);
    char &both = array.data[index / 2];
    both = static_cast<char>((both & ~(15 << shift)) | half);
    return;
  }
  default:
    return; // 8-bit floats stay zero
  }
}

} // namespace ingot::cli
