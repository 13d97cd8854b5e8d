// An artifact's bytes: mapped or borrowed, and checked before anything else
// looks at them.
#pragma once

#include "runtime/artifact_format.h"
#include "runtime/artifact_generated.h"
#include "runtime/support.h"

namespace ingot::runtime {

namespace fmt = ingot::artifact;

template <typename T>
uint32_t count(const flatbuffers::Vector<T> *vector) {
  return vector ? vector->size() : 0;
}

class Artifact {
public:
  Artifact() = default;
  Artifact(const Artifact &) = delete;
  Artifact &operator=(const Artifact &) = delete;
  ~Artifact();

  /// Maps the file read-only.
  [[nodiscard]] Error open(const Allocator &allocator, const char *path);
  /// Takes bytes that outlive this object.
  [[nodiscard]] Error borrow(const Allocator &allocator, const void *data,
                             size_t size);
  /// Maps a range of the file, or copies it, where it can be executed. The
  /// caller unmaps `*length` bytes (a whole number of pages).
  [[nodiscard]] Error mapCode(const Allocator &allocator, uint64_t offset,
                              uint64_t size, const uint8_t **code,
                              size_t *length, bool *copied) const;

  const uint8_t *data() const { return bytes; }
  uint64_t size() const { return length; }
  const char *name() const { return text.data(); }
  const fmt::Artifact *header() const { return root; }
  const uint8_t *headerBytes() const { return bytes + sizeof(fmt::Prefix); }
  uint64_t headerSize() const { return headerLength; }

private:
  [[nodiscard]] Error setName(const Allocator &allocator, const char *name);
  [[nodiscard]] Error check(const Allocator &allocator);

  Array<char> text; // the path, or "artifact in memory"
  int file = -1;
  const uint8_t *bytes = nullptr;
  uint64_t length = 0;
  uint64_t headerLength = 0;
  const fmt::Artifact *root = nullptr;
};

/// Checks every number, range and enumerator in a header whose FlatBuffers
/// structure is sound. What it passes can be displayed and bound safely.
[[nodiscard]] Error validate(const Allocator &allocator,
                             const Artifact &artifact);

} // namespace ingot::runtime
