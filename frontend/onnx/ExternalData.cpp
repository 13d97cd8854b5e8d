#include "frontend/onnx/ExternalData.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace ingot::onnx {

namespace {
/// Without links and dots; empty where there is no such file.
std::string resolve(const std::string &path) {
  char *resolved = ::realpath(path.c_str(), nullptr);
  std::string result = resolved ? resolved : "";
  std::free(resolved);
  return result;
}

/// With the slash; empty for a file in the current folder.
std::string folderOf(const std::string &path) {
  return path.substr(0, path.rfind('/') + 1);
}

bool hasParentStep(const std::string &path) {
  for (size_t start = 0; start <= path.size();) {
    size_t end = std::min(path.find('/', start), path.size());
    if (path.compare(start, end - start, "..") == 0)
      return true;
    start = end + 1;
  }
  return false;
}
} // namespace

ExternalData::ExternalData(const std::string &modelPath, TensorData &data)
    : data(data), modelPath(modelPath), folder(folderOf(modelPath)) {}

void ExternalData::resolveFolders() {
  if (!resolvedFolder.empty())
    return;
  resolvedFolder = resolve(folder.empty() ? "." : folder);
  if (!resolvedFolder.ends_with('/'))
    resolvedFolder += '/';
  storeFolder = folderOf(resolve(modelPath));
}

bool ExternalData::isInside(const std::string &resolved) const {
  return resolved.starts_with(resolvedFolder) ||
         (!storeFolder.empty() && resolved.starts_with(storeFolder));
}

Error ExternalData::open(const std::string &location, uint32_t &source) {
  if (auto known = byLocation.find(location); known != byLocation.end()) {
    source = known->second;
    return Error();
  }
  std::string where = "external data " + quoted(location);
  if (location.empty())
    return Error("external data has no location");
  if (location.find('\0') != std::string::npos)
    return Error(where + " has a zero byte in its name");
  if (location.front() == '/')
    return Error(
        where +
        " is an absolute path; it must be relative to the model's folder");
  if (hasParentStep(location))
    return Error(
        where +
        " leads out of the model's folder; put the file beside the model");

  std::string path = folder + location;
  std::string resolved = resolve(path);
  if (resolved.empty())
    return Error(where + " is missing: " + quoted(path) +
                 " cannot be opened: " + std::strerror(errno) +
                 "; copy it beside the model, under this name");
  resolveFolders();
  if (!isInside(resolved))
    return Error(where +
                 " is a link that leads out of the model's folder, to " +
                 quoted(resolved) + "; put the file itself beside the model");
  auto [entry, isNew] = byResolvedPath.try_emplace(resolved, 0);
  if (isNew) {
    // The resolved path, so that a link changed meanwhile leads nowhere new.
    std::shared_ptr<const MappedFile> file;
    if (Error error = MappedFile::open(resolved, file)) {
      byResolvedPath.erase(entry);
      return Error(where + ": " + error.message());
    }
    entry->second = data.addFile(location, std::move(file));
  }
  source = byLocation[location] = entry->second;
  return Error();
}

} // namespace ingot::onnx
