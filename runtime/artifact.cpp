#include "runtime/artifact.h"

#include "runtime/kernel_abi.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ingot::runtime {

Artifact::~Artifact() {
  if (file < 0)
    return;
  if (bytes)
    munmap(const_cast<uint8_t *>(bytes), length);
  close(file);
}

Error Artifact::setName(const Allocator &allocator, const char *name) {
  size_t size = strlen(name) + 1;
  if (!text.create(allocator, size))
    return outOfMemory(allocator, "the path of an artifact", size);
  memcpy(text.data(), name, size);
  return nullptr;
}

Error Artifact::open(const Allocator &allocator, const char *path) {
  if (Error error = setName(allocator, path))
    return error;
  file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return makeError(allocator, INGOT_ERROR_IO, "cannot open '%s': %s", path,
                     strerror(errno));
  struct stat status;
  if (fstat(file, &status))
    return makeError(allocator, INGOT_ERROR_IO, "cannot read '%s': %s", path,
                     strerror(errno));
  if (!S_ISREG(status.st_mode))
    return makeError(allocator, INGOT_ERROR_IO,
                     "cannot read '%s': it is no regular file", path);
  length = uint64_t(status.st_size);
  if (length < sizeof(fmt::Prefix))
    return makeError(allocator, INGOT_ERROR_ARTIFACT,
                     "'%s' is no Ingot artifact: it has only %llu bytes", path,
                     (unsigned long long)length);
  void *mapped = mmap(nullptr, length, PROT_READ, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED)
    return makeError(allocator, INGOT_ERROR_IO, "cannot map '%s': %s", path,
                     strerror(errno));
  // Has the system read and map the weights in huge pages where it can: the
  // first run has fewer faults, all of them fewer TLB misses. A refusal is no
  // harm.
  madvise(mapped, length, MADV_HUGEPAGE);
  bytes = static_cast<const uint8_t *>(mapped);
  return check(allocator);
}

Error Artifact::borrow(const Allocator &allocator, const void *data,
                       size_t size) {
  if (Error error = setName(allocator, "artifact in memory"))
    return error;
  if (reinterpret_cast<uintptr_t>(data) % fmt::kBlobAlignment)
    return makeError(allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "an artifact in memory must be aligned to %d bytes",
                     int(fmt::kBlobAlignment));
  bytes = static_cast<const uint8_t *>(data);
  length = size;
  if (length < sizeof(fmt::Prefix))
    return makeError(
        allocator, INGOT_ERROR_ARTIFACT,
        "artifact in memory is no Ingot artifact: it has only %llu bytes",
        (unsigned long long)length);
  return check(allocator);
}

Error Artifact::check(const Allocator &allocator) {
  fmt::Prefix prefix;
  memcpy(&prefix, bytes, sizeof(prefix));
  if (memcmp(prefix.magic, fmt::kMagic, sizeof(prefix.magic)))
    return makeError(allocator, INGOT_ERROR_ARTIFACT,
                     "'%s' is no Ingot artifact: it does not begin like one",
                     name());
  if (prefix.formatVersion != fmt::kFormatVersion)
    return makeError(
        allocator, INGOT_ERROR_VERSION,
        "'%s' has format version %u, this runtime (%s) reads version %u: %s",
        name(), prefix.formatVersion, ingot_version(), fmt::kFormatVersion,
        prefix.formatVersion > fmt::kFormatVersion ? "use a newer runtime"
                                                   : "compile the model again");
  if (prefix.fileLength != length)
    return makeError(
        allocator, INGOT_ERROR_ARTIFACT,
        "'%s' is damaged: it has %llu bytes, but was written with %llu", name(),
        (unsigned long long)length, (unsigned long long)prefix.fileLength);
  headerLength = prefix.headerLength;
  constexpr uint64_t kMinHeader = 16,
                     kMaxHeader = INT32_MAX; // limits of FlatBuffers
  if (headerLength > length - sizeof(prefix) || headerLength < kMinHeader ||
      headerLength >= kMaxHeader)
    return makeError(allocator, INGOT_ERROR_ARTIFACT,
                     "'%s' is damaged: a header of %llu bytes cannot be",
                     name(), (unsigned long long)headerLength);
  if (fmt::ContentHash::of(headerBytes(), headerLength) != prefix.headerHash)
    return makeError(allocator, INGOT_ERROR_ARTIFACT,
                     "'%s' is damaged: its header does not have the hash it "
                     "was written with",
                     name());
  flatbuffers::Verifier verifier(headerBytes(), headerLength);
  if (!fmt::VerifyArtifactBuffer(verifier))
    return makeError(
        allocator, INGOT_ERROR_ARTIFACT,
        "'%s' is damaged: its header is no sound FlatBuffers table", name());
  root = fmt::GetArtifact(headerBytes());
  if (root->kernel_abi() != INGOT_KERNEL_ABI)
    return makeError(allocator, INGOT_ERROR_VERSION,
                     "'%s' has kernels for version %u of the kernel interface, "
                     "this runtime (%s) "
                     "calls version %d: compile the model again",
                     name(), root->kernel_abi(), ingot_version(),
                     INGOT_KERNEL_ABI);
  return validate(allocator, *this);
}

Error Artifact::mapCode(const Allocator &allocator, uint64_t offset,
                        uint64_t size, const uint8_t **code,
                        size_t *mappedLength, bool *copied) const {
  size_t page = size_t(sysconf(_SC_PAGESIZE));
  *mappedLength = (size + page - 1) / page * page;
  *copied = false;
  if (file >= 0 && offset % page == 0) {
    void *mapped = mmap(nullptr, *mappedLength, PROT_READ | PROT_EXEC,
                        MAP_PRIVATE, file, off_t(offset));
    if (mapped != MAP_FAILED) {
      *code = static_cast<const uint8_t *>(mapped);
      return nullptr;
    }
  }
  // In memory, or on a file system mounted noexec.
  *copied = true;
  void *memory = mmap(nullptr, *mappedLength, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return outOfMemory(allocator, "machine code", *mappedLength);
  memcpy(memory, bytes + offset, size);
  if (mprotect(memory, *mappedLength, PROT_READ | PROT_EXEC)) {
    int cause = errno;
    munmap(memory, *mappedLength);
    return makeError(allocator, INGOT_ERROR_SYSTEM,
                     "the system does not let code of '%s' be executed: %s",
                     name(), strerror(cause));
  }
  *code = static_cast<const uint8_t *>(memory);
  return nullptr;
}

} // namespace ingot::runtime
