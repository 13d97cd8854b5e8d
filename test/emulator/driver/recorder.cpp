// Launches written to files, so that a GPU can repeat them: see `launches` in
// emulator.h and bench/gpu/cases.py, which reads the files.
//
// FOLDER/KEY.stub is a stub's text, FOLDER/KEY-NUMBER.launch a launch of one of
// its kernels: a line of JSON, then for each buffer its bytes before, one byte
// of 0 or 1 for each of them that was written by then, and both again as they
// are afterwards. Pointers in parameters are places in buffers.
#include "recorder.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace ingot::emulator {

namespace {

// The largest launch and the most of a stub; the rest is counted.
constexpr size_t mostBytes = 4 << 20, mostLaunches = 64;

bool exists(const std::string &path) { return !::access(path.c_str(), F_OK); }

// Readers and other processes see whole files.
void writeWhole(const std::string &path, const std::string &content) {
  std::string mine = format("%s.%d", path.c_str(), getpid());
  std::ofstream out(mine, std::ios::binary);
  out << content;
  out.close();
  if (!out || rename(mine.c_str(), path.c_str())) {
    fprintf(stderr, "ingot emulator: %s cannot be written\n", path.c_str());
    unlink(mine.c_str());
  }
}

std::string memoryOf(const Allocation &a) {
  std::string bytes(memory.base + a.offset, a.bytes);
  for (size_t i = 0; i < a.bytes; ++i)
    bytes += memory.states[a.offset + i] & Written ? '\1' : '\0';
  return bytes;
}

std::string hexOf(const std::string &bytes) {
  std::string text;
  for (char c : bytes)
    text += format("%02x", static_cast<unsigned char>(c));
  return text;
}

} // namespace

LaunchRecord::LaunchRecord(const FunctionObject &function, const Launch &launch)
    : function(function) {
  if (recordFolder.empty())
    return;
  const EmulatedKernel &k = *launch.kernel;
  auto *values =
      reinterpret_cast<const char *const *>(launch.parameters.data());
  std::string parameters;
  size_t bytes = 0;
  std::map<size_t, size_t> numbers; // of allocations, by offset
  for (unsigned i = 0; i < k.count; ++i) {
    std::string value(values[i], k.sizes[i]), places;
    for (size_t word = 0; word + 8 <= k.sizes[i]; word += 8) {
      const char *p;
      memcpy(&p, &value[word], sizeof p);
      const Allocation *a =
          isDevice(p) || isPinned(p) ? memory.find(p) : nullptr;
      if (!a)
        continue;
      auto [found, isNew] = numbers.try_emplace(a->offset, numbers.size());
      if (isNew) {
        buffers.push_back(*a);
        bytes += a->bytes;
      }
      places += format("%s[%zu, %zu, %zu]", places.empty() ? "" : ", ", word,
                       found->second, memory.offsetOf(p) - a->offset);
      memset(&value[word], 0, sizeof p); // addresses differ from run to run
    }
    parameters += format("%s{\"hex\": \"%s\", \"places\": [%s]}", i ? ", " : "",
                         hexOf(value).c_str(), places.c_str());
  }
  std::string sizes;
  for (const Allocation &a : buffers)
    sizes += format("%s%zu", sizes.empty() ? "" : ", ", a.bytes);
  head = format("{\"kernel\": \"%s\", \"grid\": [%u, %u, %u], \"threads\": %u, "
                "\"shared\": %u, \"buffers\": [%s], \"parameters\": [",
                launch.name.c_str(), launch.grid[0], launch.grid[1],
                launch.grid[2], launch.threads, launch.shared, sizes.c_str()) +
         parameters + "]}\n";
  isWanted = bytes <= mostBytes;
  if (isWanted)
    for (const Allocation &a : buffers)
      before.push_back(memoryOf(a));
}

void LaunchRecord::write() const {
  if (!isWanted)
    return;
  const std::string &text = function.module->text;
  std::string stub = recordFolder + "/" + contentHash(text);
  // The same launch again, in another mode say, is one.
  std::string key = head;
  for (const std::string &bytes : before)
    key += bytes;
  static std::map<std::string, std::set<std::string>> seen;
  std::set<std::string> &ofStub = seen[stub];
  std::string launch = contentHash(key);
  if (ofStub.size() >= mostLaunches || !ofStub.insert(launch).second)
    return;
  mkdir(recordFolder.c_str(), 0777);
  if (!exists(stub + ".stub"))
    writeWhole(stub + ".stub", text);
  std::string content = head;
  for (size_t i = 0; i < buffers.size(); ++i)
    content += before[i] + memoryOf(buffers[i]);
  writeWhole(stub + "-" + launch + ".launch", content);
}

} // namespace ingot::emulator
