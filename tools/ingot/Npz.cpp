#include "tools/ingot/Npz.h"
#include "tools/ingot/Zip.h"

#include <cstdlib>
#include <cstring>

namespace ingot::cli {

static const struct {
  const char *name;
  ingot_type type;
} kTypes[] = {
    {"<f8", INGOT_TYPE_F64},  {"<f4", INGOT_TYPE_F32}, {"<f2", INGOT_TYPE_F16},
    {"<i8", INGOT_TYPE_I64},  {"<i4", INGOT_TYPE_I32}, {"<i2", INGOT_TYPE_I16},
    {"|i1", INGOT_TYPE_I8},   {"<u8", INGOT_TYPE_U64}, {"<u4", INGOT_TYPE_U32},
    {"<u2", INGOT_TYPE_U16},  {"|u1", INGOT_TYPE_U8},  {"|b1", INGOT_TYPE_BOOL},
    {"|V2", INGOT_TYPE_BF16}, // NumPy has none
};

// What follows `'key':` in the header, a Python dictionary.
static const char *valueOf(const std::string &header, const char *key) {
  size_t at = header.find(std::string("'") + key + "':");
  if (at == std::string::npos)
    return "";
  const char *text = header.c_str() + at + strlen(key) + 3;
  while (*text == ' ')
    ++text;
  return text;
}

static std::string parseNpy(const std::vector<char> &bytes, Array &array) {
  if (bytes.size() < 12 || memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
    return "is no .npy file";
  auto byte = [&](size_t i) {
    return size_t(static_cast<unsigned char>(bytes[i]));
  };
  bool first = bytes[6] == 1;
  size_t start = first ? 10 : 12, length = byte(8) | byte(9) << 8;
  if (!first)
    length |= byte(10) << 16 | byte(11) << 24;
  if (length > bytes.size() - start)
    return "is cut short";
  std::string header(bytes.data() + start, length);
  const char *type = valueOf(header, "descr");
  for (const auto &row : kTypes)
    if (*type && strncmp(type + 1, row.name, 3) == 0 && type[4] == *type)
      array.type = row.type;
  if (array.type == INGOT_TYPE_NONE)
    return "has an element type that models do not take: " +
           std::string(type).substr(0, std::string(type).find(','));
  const char *shape = valueOf(header, "shape");
  if (*shape++ != '(')
    return "has no shape";
  while (*shape != ')') {
    char *end = nullptr;
    array.dims.push_back(strtoll(shape, &end, 10));
    if (end == shape)
      return "has no shape";
    for (shape = end; *shape == ',' || *shape == ' ';)
      ++shape;
  }
  if (array.dims.size() > 1 &&
      strncmp(valueOf(header, "fortran_order"), "False", 5) != 0)
    return "is in Fortran order; save numpy.ascontiguousarray(x)";
  if (array.dims.size() > INGOT_MAX_RANK)
    return "has more than 8 dims";
  size_t elements = 0, size = 0;
  if (!countBytes(array.type, array.dims, elements, size) ||
      size > bytes.size() - start - length)
    return "has fewer bytes than its shape needs";
  const char *data = bytes.data() + start + length;
  array.data.assign(data, data + size);
  return "";
}

std::string readNpy(const std::string &path, Array &array) {
  std::vector<char> bytes;
  std::string error = readFile(path, bytes);
  if (error.empty() && !(error = parseNpy(bytes, array)).empty())
    error = path + " " + error;
  return error;
}

std::string readNpz(const std::string &path, std::vector<Array> &arrays) {
  std::vector<ZipMember> members;
  if (std::string error = readZip(path, members); !error.empty())
    return error;
  for (ZipMember &member : members) {
    Array array;
    array.name = member.name;
    if (array.name.size() > 4 && array.name.ends_with(".npy"))
      array.name.resize(array.name.size() - 4);
    if (std::string error = parseNpy(member.bytes, array); !error.empty())
      return path + ": " + array.name + " " + error;
    member.bytes = {};
    arrays.push_back(std::move(array));
  }
  return "";
}

std::string writeNpz(const std::string &path,
                     const std::vector<Array> &arrays) {
  std::vector<ZipMember> members;
  for (const Array &array : arrays) {
    const char *type = nullptr;
    for (const auto &row : kTypes)
      if (row.type == array.type)
        type = row.name;
    if (!type)
      return path + ": " + array.name + ": .npy has no type " +
             ingot_type_name(array.type);
    std::string header = std::string("{'descr': '") + type +
                         "', 'fortran_order': False, 'shape': (";
    for (int64_t dim : array.dims)
      header += std::to_string(dim) + ", ";
    header += "), }";
    header.append(63 - (header.size() + 10) % 64, ' ') += '\n';
    ZipMember member;
    member.name = array.name + ".npy";
    const char magic[] = {'\x93',
                          'N',
                          'U',
                          'M',
                          'P',
                          'Y',
                          1,
                          0,
                          static_cast<char>(header.size()),
                          static_cast<char>(header.size() >> 8)};
    member.bytes.assign(magic, magic + sizeof(magic));
    member.bytes.insert(member.bytes.end(), header.begin(), header.end());
    member.bytes.insert(member.bytes.end(), array.data.begin(),
                        array.data.end());
    members.push_back(std::move(member));
  }
  return writeZip(path, members);
}

} // namespace ingot::cli
