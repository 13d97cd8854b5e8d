//===- MappedFile.h - A file's bytes, read-only
//----------------------------===//
#pragma once

#include "frontend/onnx/Error.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace ingot::onnx {

/// A mapping that lives as long as its last owner. The file must not shrink
/// meanwhile: reading past its new end kills the process.
class MappedFile {
public:
  static Error open(const std::string &path,
                    std::shared_ptr<const MappedFile> &file);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const std::string &path() const { return name; }
  std::span<const std::byte> bytes() const { return contents; }
  size_t size() const { return contents.size(); }

private:
  MappedFile(std::string path, std::span<const std::byte> bytes)
      : name(std::move(path)), contents(bytes) {}

  std::string name;
  std::span<const std::byte> contents;
};

} // namespace ingot::onnx
