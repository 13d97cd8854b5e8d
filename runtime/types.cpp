#include "runtime/types.h"

using ingot::artifact::ElementType;

namespace {
struct TypeRow {
  const char *name;
  int32_t bits;
};
// In the order of ingot_type.
constexpr TypeRow kTypes[] = {
    {"none", 0},      {"float64", 64},     {"float32", 32},   {"float16", 16},
    {"bfloat16", 16}, {"float8e4m3fn", 8}, {"float8e5m2", 8}, {"int64", 64},
    {"int32", 32},    {"int16", 16},       {"int8", 8},       {"int4", 4},
    {"uint64", 64},   {"uint32", 32},      {"uint16", 16},    {"uint8", 8},
    {"uint4", 4},     {"bool", 8},
};
constexpr int kTypeCount = sizeof(kTypes) / sizeof(kTypes[0]);
static_assert(kTypeCount == int(ElementType::MAX) + 1);
static_assert(int(INGOT_TYPE_BOOL) == int(ElementType::Bool));
static_assert(int(INGOT_TYPE_F8E5M2) == int(ElementType::F8E5M2));
static_assert(int(INGOT_TYPE_I64) == int(ElementType::I64));
static_assert(int(INGOT_TYPE_U64) == int(ElementType::U64));
} // namespace

namespace ingot::runtime {

bool isKnownType(artifact::ElementType type) {
  return type > ElementType::None && type <= ElementType::MAX;
}

bool tensorBytes(ingot_type type, const int64_t *dims, int32_t rank,
                 size_t *bytes) {
  // A zero dim makes the tensor empty, however large the others are.
  for (int32_t i = 0; i < rank; ++i)
    if (dims[i] == 0) {
      *bytes = 0;
      return true;
    }
  int64_t bits = ingot_type_bits(type);
  for (int32_t i = 0; i < rank; ++i)
    if (__builtin_mul_overflow(bits, dims[i], &bits))
      return false;
  if (bits > INT64_MAX - 7)
    return false;
  *bytes = size_t(bits + 7) / 8;
  return true;
}

bool isCountable(ingot_type type) {
  return type >= INGOT_TYPE_I64 && type <= INGOT_TYPE_BOOL &&
         ingot_type_bits(type) >= 8;
}

template <typename T>
static int64_t nonZeroOf(const void *data, int64_t elements) {
  auto *values = static_cast<const T *>(data);
  int64_t found = 0;
  for (int64_t i = 0; i < elements; ++i)
    found += values[i] != 0;
  return found;
}

int64_t nonZeroElements(const ingot_tensor &tensor) {
  int64_t elements = 1;
  for (int32_t axis = 0; axis < tensor.rank; ++axis)
    if (tensor.dims[axis] == 0)
      return 0;
  for (int32_t axis = 0; axis < tensor.rank; ++axis)
    elements *= tensor.dims[axis];
  switch (ingot_type_bits(tensor.type)) {
  case 64:
    return nonZeroOf<int64_t>(tensor.data, elements);
  case 32:
    return nonZeroOf<int32_t>(tensor.data, elements);
  case 16:
    return nonZeroOf<int16_t>(tensor.data, elements);
  default:
    return nonZeroOf<int8_t>(tensor.data, elements);
  }
}

void appendDims(Text &text, const int64_t *dims, int32_t rank) {
  text.append("[");
  for (int32_t i = 0; i < rank; ++i)
    text.append(i ? ", %lld" : "%lld", (long long)dims[i]);
  text.append("]");
}

} // namespace ingot::runtime

extern "C" {

const char *ingot_type_name(ingot_type type) {
  return unsigned(type) < unsigned(kTypeCount) ? kTypes[type].name : "unknown";
}

int32_t ingot_type_bits(ingot_type type) {
  return unsigned(type) < unsigned(kTypeCount) ? kTypes[type].bits : 0;
}

} // extern "C"
