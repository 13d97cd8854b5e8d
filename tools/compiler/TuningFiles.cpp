#include "tools/compiler/TuningFiles.h"

#include "tools/ingot/Options.h"

#include "llvm/Support/MemoryBuffer.h"

namespace ingot::cli {

static int failTarget(const std::string &file, std::string_view architecture,
                      const char *reason) {
  return failUsage("%s is for %s, which is none of %s", file.c_str(),
                   std::string(architecture).c_str(), reason);
}

int readTuning(const std::string &file, const Targets &targets,
               Tunings &tunings) {
  auto buffer = llvm::MemoryBuffer::getFile(file);
  if (!buffer)
    return fail("cannot read %s: %s", file.c_str(),
                buffer.getError().message().c_str());
  llvm::StringRef text = (*buffer)->getBuffer();
  if (llvm::StringRef(architectureOfTuning(text)).starts_with("x86-64")) {
    llvm::Expected<cpu::TuningRecord> record =
        cpu::parseTuningRecord(text, file);
    if (!record)
      return fail("%s", llvm::toString(record.takeError()).c_str());
    std::string_view name = cpu::isaOf(record->level).name;
    if (!targets.x86)
      return failTarget(file, name, "--target");
    if (!llvm::is_contained(targets.levels(), record->level))
      return failTarget(
          file, name,
          ("the levels of --precision=" + targets.x86Precision).c_str());
    tunings.cpu.set(std::move(*record));
    return 0;
  }
  llvm::Expected<cuda::TuningRecord> record =
      cuda::parseTuningRecord(text, file);
  if (!record)
    return fail("%s", llvm::toString(record.takeError()).c_str());
  if (!llvm::is_contained(targets.archs, record->architecture))
    return failTarget(file, record->architecture, "--target");
  tunings.cuda.set(std::move(*record));
  return 0;
}

} // namespace ingot::cli
