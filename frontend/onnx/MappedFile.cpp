#include "frontend/onnx/MappedFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ingot::onnx {

namespace {
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
};

std::string reason() { return std::strerror(errno); }
} // namespace

Error MappedFile::open(const std::string &path,
                       std::shared_ptr<const MappedFile> &file) {
  // O_NONBLOCK: opening a pipe must not wait for its other end.
  Descriptor handle{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (handle.fd < 0)
    return Error(path + ": cannot be opened: " + reason());
  struct stat info;
  if (::fstat(handle.fd, &info) != 0)
    return Error(path + ": cannot be examined: " + reason());
  if (!S_ISREG(info.st_mode))
    return Error(path + (S_ISDIR(info.st_mode) ? ": is a folder, not a file"
                                               : ": is not a regular file"));
  size_t size = static_cast<size_t>(info.st_size);
  void *memory = nullptr;
  if (size > 0) {
    memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, handle.fd, 0);
    if (memory == MAP_FAILED)
      return Error(path + ": cannot be mapped: " + reason());
  }
  auto *mapped = new MappedFile(path);
  mapped->contents = {static_cast<const std::byte *>(memory), size};
  file.reset(mapped);
  return Error();
}

std::shared_ptr<const MappedFile>
MappedFile::inMemory(std::string path, std::span<const std::byte> bytes) {
  auto *file = new MappedFile(std::move(path));
  file->copy.assign(bytes.begin(), bytes.end());
  file->contents = file->copy;
  return std::shared_ptr<const MappedFile>(file);
}

MappedFile::~MappedFile() {
  if (!contents.empty() && copy.empty())
    ::munmap(const_cast<std::byte *>(contents.data()), contents.size());
}

} // namespace ingot::onnx
