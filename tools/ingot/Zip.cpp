#include "tools/ingot/Zip.h"
#include "tools/ingot/Options.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace ingot::cli {

std::string readFile(const std::string &path, std::vector<char> &bytes) {
  FILE *file = fopen(path.c_str(), "rb");
  struct stat status;
  if (!file)
    return path + ": " + strerror(errno);
  std::string error;
  if (fstat(fileno(file), &status) != 0)
    error = path + ": " + strerror(errno);
  else if (!S_ISREG(status.st_mode))
    error = path + ": not a file";
  if (error.empty()) {
    bytes.resize(static_cast<size_t>(status.st_size));
    if (fread(bytes.data(), 1, bytes.size(), file) != bytes.size())
      error = path + ": cannot be read";
  }
  fclose(file);
  return error;
}

// Little endian, `size` bytes; the caller has checked the bounds.
static uint64_t number(const char *at, int size) {
  uint64_t value = 0;
  for (int i = size; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

static bool inflateMember(const char *from, size_t size,
                          std::vector<char> &bytes) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  // zlib counts in 32 bits.
  const size_t chunk = size_t(1) << 30;
  size_t in = 0, out = 0;
  char none = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    uInt give = static_cast<uInt>(std::min(chunk, size - in));
    uInt take = static_cast<uInt>(std::min(chunk, bytes.size() - out));
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(from + in));
    stream.avail_in = give;
    stream.next_out =
        reinterpret_cast<Bytef *>(bytes.empty() ? &none : bytes.data() + out);
    stream.avail_out = take;
    status = inflate(&stream, Z_NO_FLUSH);
    in += give - stream.avail_in;
    out += take - stream.avail_out;
    if (status == Z_OK && give == stream.avail_in && take == stream.avail_out)
      break;
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END && out == bytes.size();
}

std::string readZip(const std::string &path, std::vector<ZipMember> &members) {
  std::vector<char> file;
  if (std::string error = readFile(path, file); !error.empty())
    return error;
  const char *base = file.data();
  const size_t size = file.size();
  const std::string damaged = path + ": not a whole zip archive";
  // The end record is the last thing in the file but for a comment of < 64 KB.
  size_t end = SIZE_MAX;
  for (size_t back = 22; back <= size && back < 22 + 65536; ++back)
    if (memcmp(base + size - back, "PK\5\6", 4) == 0) {
      end = size - back;
      break;
    }
  if (end == SIZE_MAX)
    return damaged;
  uint64_t count = number(base + end + 10, 2), at = number(base + end + 16, 4);
  if ((count == 0xFFFF || at == 0xFFFFFFFF) && end >= 20 &&
      memcmp(base + end - 20, "PK\6\7", 4) == 0) {
    uint64_t record = number(base + end - 12, 8);
    if (size < 56 || record > size - 56 ||
        memcmp(base + record, "PK\6\6", 4) != 0)
      return damaged;
    count = number(base + record + 32, 8);
    at = number(base + record + 48, 8);
  }
  for (uint64_t i = 0; i < count; ++i) {
    if (size < 46 || at > size - 46 || memcmp(base + at, "PK\1\2", 4) != 0)
      return damaged;
    const char *entry = base + at;
    uint64_t flags = number(entry + 8, 2), method = number(entry + 10, 2);
    uint64_t crc = number(entry + 16, 4), packed = number(entry + 20, 4);
    uint64_t unpacked = number(entry + 24, 4), local = number(entry + 42, 4);
    uint64_t nameSize = number(entry + 28, 2), extra = number(entry + 30, 2);
    uint64_t next = 46 + nameSize + extra + number(entry + 32, 2);
    if (next > size - at)
      return damaged;
    ZipMember member;
    member.name.assign(entry + 46, nameSize);
    for (uint64_t e = 46 + nameSize, last = e + extra; e + 4 <= last;) {
      uint64_t field = e + 4, stop = field + number(entry + e + 2, 2);
      if (stop > last)
        return damaged;
      if (number(entry + e, 2) == 1) // zip64
        for (uint64_t *value : {&unpacked, &packed, &local})
          if (*value == 0xFFFFFFFF && field + 8 <= stop)
            *value = number(entry + field, 8), field += 8;
      e = stop;
    }
    at += next;
    if (size < 30 || local > size - 30 ||
        memcmp(base + local, "PK\3\4", 4) != 0)
      return damaged;
    uint64_t data = local + 30 + number(base + local + 26, 2) +
                    number(base + local + 28, 2);
    if (data > size || packed > size - data)
      return damaged;
    if (flags & 1)
      return path + ": " + member.name + " is encrypted";
    // Deflate packs 1032 to 1 at best: a larger claim is no reason to allocate.
    if ((method == 0 && packed != unpacked) ||
        (method == 8 && unpacked / 1040 > packed))
      return damaged;
    if (method != 0 && method != 8)
      return path + ": " + member.name +
             " is packed by a method other than deflate";
    member.bytes.resize(unpacked);
    if (method == 0 && unpacked)
      memcpy(member.bytes.data(), base + data, unpacked);
    if (method == 8 && !inflateMember(base + data, packed, member.bytes))
      return damaged;
    if (crc32_z(0, reinterpret_cast<const Bytef *>(member.bytes.data()),
                member.bytes.size()) != crc &&
        unpacked)
      return path + ": " + member.name + " is damaged (its checksum differs)";
    members.push_back(std::move(member));
  }
  return "";
}

static void put(std::string &text, uint64_t value, int size) {
  for (int i = 0; i < size; ++i, value >>= 8)
    text += static_cast<char>(value);
}

std::string writeZip(const std::string &path,
                     const std::vector<ZipMember> &members) {
  // A device, a pipe or a link is written to; only a plain file is replaced.
  struct stat status;
  const bool inPlace =
      lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  const std::string temporary =
      inPlace ? path : format("%s.%d.tmp", path.c_str(), getpid());
  FILE *file = fopen(temporary.c_str(), "wb");
  if (!file)
    return path + ": " + strerror(errno);
  std::string directory;
  uint64_t at = 0;
  bool good = true, large = false;
  for (const ZipMember &member : members) {
    std::string shared; // what local header and directory have in common
    put(shared, 20, 2), put(shared, 0, 2), put(shared, 0, 2);
    put(shared, 0, 2),
        put(shared, 33, 2); // 1 January 1980: same bytes each time
    put(shared,
        member.bytes.empty()
            ? 0
            : crc32_z(0, reinterpret_cast<const Bytef *>(member.bytes.data()),
                      member.bytes.size()),
        4);
    put(shared, member.bytes.size(), 4), put(shared, member.bytes.size(), 4);
    put(shared, member.name.size(), 2), put(shared, 0, 2);
    std::string local = "PK\3\4" + shared + member.name;
    directory += "PK\1\2";
    put(directory, 20, 2);
    directory += shared;
    put(directory, 0, 2), put(directory, 0, 2), put(directory, 0, 2);
    put(directory, 0, 4), put(directory, at, 4);
    directory += member.name;
    good = good &&
           fwrite(local.data(), 1, local.size(), file) == local.size() &&
           fwrite(member.bytes.data(), 1, member.bytes.size(), file) ==
               member.bytes.size();
    at += local.size() + member.bytes.size();
    large = large || at >= 0xFFFFFFFF;
  }
  std::string end = "PK\5\6";
  put(end, 0, 4), put(end, members.size(), 2), put(end, members.size(), 2);
  put(end, directory.size(), 4), put(end, at, 4), put(end, 0, 2);
  directory += end;
  good = good && fwrite(directory.data(), 1, directory.size(), file) ==
                     directory.size();
  int cause = errno; // of the first failure, before fclose() and unlink()
  if (fclose(file) != 0 && good) {
    cause = errno;
    good = false;
  }
  if (good && !large) {
    if (inPlace || rename(temporary.c_str(), path.c_str()) == 0)
      return "";
    cause = errno;
  }
  if (!inPlace)
    unlink(temporary.c_str());
  return path + ": " +
         (large ? "outputs of 4 GB and more do not fit" : strerror(cause));
}

} // namespace ingot::cli
