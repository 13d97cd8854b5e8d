#include "frontend/onnx/TensorFile.h"

#include "frontend/onnx/TensorReader.h"

#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

namespace ingot::onnx {

Error readTensorFile(const std::string &path, TensorFile &file) {
  file = TensorFile();
  std::shared_ptr<const MappedFile> mapped;
  if (Error error = MappedFile::open(path, mapped))
    return error;
  std::span<const std::byte> bytes = mapped->bytes();
  if (bytes.empty())
    return Error(path + ": is empty, not a tensor");
  if (bytes.size() > INT_MAX)
    return Error(path + ": has more than 2 GiB, which no tensor file can");
  file.data.addFile(path.substr(path.rfind('/') + 1), mapped);
  WireStatus status{path, bytes, {}, false};
  TensorReader reader(status, file.data);
  reader.read(Message(status, bytes, "a tensor"), "the tensor", file.tensor);
  return status.error;
}

namespace {
/// Tag, and length in front of the bytes of a field.
void writeBytes(google::protobuf::io::CodedOutputStream &out, int field,
                const void *bytes, size_t size) {
  out.WriteTag(static_cast<uint32_t>(field) << 3 | 2);
  out.WriteVarint64(size);
  if (size > 0) // protobuf copies with memcpy, which takes no null
    out.WriteRaw(bytes, static_cast<int>(size));
}
} // namespace

Error writeTensorFile(const std::string &path, const std::string &name,
                      DataType type, std::span<const int64_t> dims,
                      std::span<const std::byte> bytes) {
  if (bytes.size() > INT_MAX / 2)
    return Error(path + ": the tensor is too large for a tensor file");
  std::string text;
  {
    google::protobuf::io::StringOutputStream stream(&text);
    google::protobuf::io::CodedOutputStream out(&stream);
    for (int64_t dim : dims) {
      out.WriteTag(1 << 3);
      out.WriteVarint64(static_cast<uint64_t>(dim));
    }
    out.WriteTag(2 << 3);
    out.WriteVarint32(static_cast<uint32_t>(type));
    writeBytes(out, 8, name.data(), name.size());
    writeBytes(out, 9, bytes.data(), bytes.size());
  }
  std::FILE *file = std::fopen(path.c_str(), "wb");
  if (!file)
    return Error(path + ": cannot be written: " + std::strerror(errno));
  bool isWritten =
      std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !isWritten)
    return Error(path + ": cannot be written: " + std::strerror(errno));
  return Error();
}

} // namespace ingot::onnx
