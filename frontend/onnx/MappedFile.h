//===- MappedFile.h - A file's bytes, read-only
//----------------------------===//
#pragma once

#include "frontend/onnx/Error.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ingot::onnx {

/// A mapping that lives as long as its last owner. The file must not shrink
/// meanwhile: reading past its new end kills the process.
class MappedFile {
public:
  static Error open(const std::string &path,
                    std::shared_ptr<const MappedFile> &file);
  /// A copy of bytes that no file holds, under a name for errors.
  static std::shared_ptr<const MappedFile>
  inMemory(std::string path, std::span<const std::byte> bytes);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const std::string &path() const { return name; }
  std::span<const std::byte> bytes() const { return contents; }
  size_t size() const { return contents.size(); }

private:
  explicit MappedFile(std::string path) : name(std::move(path)) {}

  std::string name;
  std::vector<std::byte> copy; ///< empty where `contents` are a mapping
  std::span<const std::byte> contents;
};

} // namespace ingot::onnx
