#include "report.h"

#include "machine.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>

namespace ingot::emulator {

Report report;

std::string format(const char *format, ...) {
  va_list list, again;
  va_start(list, format);
  va_copy(again, list);
  int length = vsnprintf(nullptr, 0, format, list);
  std::string text(static_cast<size_t>(length) + 1, 0);
  vsnprintf(text.data(), text.size(), format, again);
  va_end(list);
  va_end(again);
  text.pop_back();
  return text;
}

static std::string baseName(const std::string &path) {
  return path.substr(path.rfind('/') + 1);
}

// Lines "file:line" from the innermost inlined function outwards.
static std::string symbolize(const void *pc) {
  Dl_info info;
  const void *before = static_cast<const char *>(pc) - 1; // within the call
  if (!dladdr(before, &info) || !info.dli_fname)
    return "";
  size_t offset =
      static_cast<size_t>(static_cast<const char *>(before) -
                          static_cast<const char *>(info.dli_fbase));
  std::string command = format(
      "addr2line -i -e '%s' 0x%zx 2>/dev/null || "
      "llvm-symbolizer -i -f=none --output-style=GNU -e '%s' 0x%zx 2>/dev/null",
      info.dli_fname, offset, info.dli_fname, offset);
  FILE *pipe = popen(command.c_str(), "r");
  if (!pipe)
    return "";
  std::string result;
  char line[4096];
  while (fgets(line, sizeof line, pipe)) {
    std::string text(line, strcspn(line, "\n"));
    text = baseName(text.substr(0, text.find(" (discriminator")));
    // Verbs are not where the mistake is.
    if (text.find(':') == std::string::npos || text[0] == '?' ||
        text.rfind("emulated.cuh:", 0) == 0 ||
        text.rfind("emulated90.cuh:", 0) == 0)
      continue;
    result += (result.empty() ? "" : ", inlined at ") + text;
  }
  pclose(pipe);
  return result;
}

std::string describe(const Where &where) {
  if (where.file)
    return format("%s:%d", baseName(where.file).c_str(), where.line);
  std::string text = where.pc ? symbolize(where.pc) : "";
  return text.empty() ? format("%p", where.pc) : text;
}

void fail(Fault fault, const std::string &what, const Where &where) {
  std::string text = what;
  const Thread *t = machine.current;
  if (t) {
    const uint32_t *b = t->block->index;
    text +=
        format("\n  kernel %s, block (%u,%u,%u), thread %d (warp %d, lane %d)",
               machine.launch.name.c_str(), b[0], b[1], b[2], t->tid,
               t->tid / 32, t->lane);
  }
  if (where.file || where.pc)
    text += "\n  at " + describe(where);
  if (!machine.options.quiet)
    fprintf(stderr, "ingot emulator: %s\n", text.c_str());
  if (!report.result) {
    report.result = static_cast<int>(fault);
    report.text = text;
  }
  if (t)
    machine.abandon();
}

} // namespace ingot::emulator
