// Many stubs at once, and the cache of what they became: a file an image, named
// by the hash of everything it depends on.
#include "codegen/cuda/KernelHeaders.h"
#include "codegen/cuda/Nvrtc.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"

#include <atomic>
#include <mutex>
#include <thread>

using llvm::StringRef;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

namespace ingot::cuda {

std::string kernelCacheFolder() {
  if (const char *folder = getenv("INGOT_CACHE"))
    return folder;
  llvm::SmallString<128> folder;
  if (!path::cache_directory(folder))
    return "";
  path::append(folder, "ingot");
  return folder.str().str();
}

namespace {
/// Counts in the key and at the start of a file, so that another form of either
/// is another file.
constexpr StringRef kFormat = "ingot cuda image 1\n";

/// Numbers and strings, each string after its length.
struct Writer {
  std::string bytes;
  void number(uint64_t value) {
    char raw[8];
    llvm::support::endian::write64le(raw, value);
    bytes.append(raw, 8);
  }
  void string(StringRef text) {
    number(text.size());
    bytes += text;
  }
};

struct Reader {
  StringRef bytes;
  bool failed = false;
  uint64_t number() {
    if (bytes.size() < 8) {
      failed = true;
      return 0;
    }
    uint64_t value = llvm::support::endian::read64le(bytes.data());
    bytes = bytes.drop_front(8);
    return value;
  }
  std::string string() {
    uint64_t size = number();
    if (size > bytes.size()) {
      failed = true;
      return "";
    }
    std::string text = bytes.take_front(size).str();
    bytes = bytes.drop_front(size);
    return text;
  }
};

std::string hash(StringRef bytes) {
  return llvm::toStringRef(
             llvm::SHA256::hash(llvm::arrayRefFromStringRef(bytes)))
      .str();
}

/// What all keys have in common.
std::string commonKey(const Nvrtc &nvrtc) {
  Writer common;
  common.string(kFormat);
  common.number(nvrtc.major);
  common.number(nvrtc.minor);
  for (const KernelHeader &header : kernelHeaders()) {
    common.string(header.name);
    common.string(header.text);
  }
  return hash(common.bytes);
}

std::string keyOf(StringRef common, const ImageJob &job) {
  Writer key;
  key.string(common);
  key.string(job.arch);
  key.string(job.stub->name);
  key.string(job.stub->text);
  return llvm::toHex(hash(key.bytes), /*LowerCase=*/true);
}

bool readCached(StringRef file, CudaImage &image) {
  auto buffer = llvm::MemoryBuffer::getFile(file);
  if (!buffer)
    return false;
  StringRef bytes = (*buffer)->getBuffer();
  constexpr size_t kHash = 32;
  // A file that was cut short or changed is no file.
  if (!bytes.consume_front(kFormat) || bytes.size() < kHash ||
      hash(bytes.drop_front(kHash)) != bytes.take_front(kHash))
    return false;
  Reader reader{bytes.drop_front(kHash)};
  CudaImage found;
  found.registers = static_cast<unsigned>(reader.number());
  found.frameBytes = static_cast<unsigned>(reader.number());
  found.spillBytes = static_cast<unsigned>(reader.number());
  found.log = reader.string();
  found.image = reader.string();
  if (reader.failed || found.image.empty())
    return false;
  image = std::move(found);
  return true;
}

/// Under a name of its own first: readers see whole files. A cache that cannot
/// be written is no error.
void writeCached(StringRef file, const CudaImage &image) {
  Writer content;
  content.number(image.registers);
  content.number(image.frameBytes);
  content.number(image.spillBytes);
  content.string(image.log);
  content.string(image.image);
  if (fs::create_directories(path::parent_path(file)))
    return;
  int handle;
  llvm::SmallString<128> temporary;
  if (fs::createUniqueFile(file + "-%%%%%%%%", handle, temporary))
    return;
  bool failed;
  {
    llvm::raw_fd_ostream out(handle, /*shouldClose=*/true);
    out << kFormat << hash(content.bytes) << content.bytes;
    out.close();
    failed = out.has_error();
    out.clear_error();
  }
  if (failed || fs::rename(temporary, file))
    fs::remove(temporary);
}
} // namespace

llvm::Expected<std::vector<CudaImage>>
compileStubs(llvm::ArrayRef<ImageJob> jobs, const ImageOptions &options) {
  llvm::Expected<const Nvrtc *> nvrtc = Nvrtc::get();
  if (!nvrtc)
    return nvrtc.takeError();
  std::string folder =
      options.cacheFolder.empty() ? kernelCacheFolder() : options.cacheFolder;
  llvm::StringMap<size_t> numberOf;
  std::vector<size_t> distinct, resultOf;
  std::vector<std::string> keys;
  std::string common = commonKey(**nvrtc);
  for (auto [i, job] : llvm::enumerate(jobs)) {
    std::string key = keyOf(common, job);
    auto [it, isNew] = numberOf.try_emplace(key, distinct.size());
    if (isNew) {
      distinct.push_back(i);
      keys.push_back(key);
    }
    resultOf.push_back(it->second);
  }
  std::vector<CudaImage> images(distinct.size());
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  size_t done = 0;
  auto work = [&] {
    for (size_t i; (i = next++) < distinct.size();) {
      const ImageJob &job = jobs[distinct[i]];
      bool cached = options.cache && !folder.empty();
      llvm::SmallString<128> file(folder);
      path::append(file, "cuda", keys[i]);
      if (!cached || !readCached(file, images[i])) {
        images[i] = (*nvrtc)->compile(*job.stub, job.arch);
        if (cached && images[i].error.empty())
          writeCached(file, images[i]);
      }
      if (options.progress) {
        std::lock_guard lock(mutex);
        options.progress(++done, distinct.size());
      }
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < std::min<size_t>(options.jobs, distinct.size()); ++i)
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
  std::vector<CudaImage> results;
  for (size_t number : resultOf)
    results.push_back(images[number]);
  return results;
}

} // namespace ingot::cuda
