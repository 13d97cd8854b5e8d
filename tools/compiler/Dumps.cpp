#include "tools/compiler/Dumps.h"

#include "tools/compiler/OutputFile.h"
#include "tools/ingot/Options.h"

#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace ingot::cli {

namespace {
class Watch : public PassInstrumentation {
public:
  Watch(Dumps &dumps, int &code) : dumps(dumps), code(code) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    if (auto module = dyn_cast<ModuleOp>(op); module && code == 0)
      code = dumps.module(module, pass->getArgument());
  }

private:
  Dumps &dumps;
  int &code;
};

int makeFolder(const std::string &path) {
  if (std::error_code error = llvm::sys::fs::create_directories(path))
    return fail("cannot make the folder %s: %s", path.c_str(),
                error.message().c_str());
  return 0;
}
} // namespace

int Dumps::open() { return isOn() ? makeFolder(folder) : 0; }

std::string Dumps::numbered(llvm::StringRef name) {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, format("%02u-", ++number) + name.str());
  return path.str().str();
}

int Dumps::write(const std::string &path, llvm::StringRef text) {
  return writeOutput(path, Writing::Forward, [&](llvm::raw_fd_ostream &os) {
    os << text;
    return 0;
  });
}

int Dumps::module(ModuleOp module, llvm::StringRef name) {
  if (!isOn())
    return 0;
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  if (text == last)
    return 0;
  last = std::move(text);
  return write(numbered((name + ".mlir").str()), last);
}

int Dumps::kernel(llvm::StringRef name, cpu::IsaLevel level,
                  const cpu::KernelDump &dump) {
  std::string start =
      (name + "." + llvm::StringRef(cpu::isaOf(level).name)).str();
  for (auto [ending, text] : {std::pair(".mlir", &dump.mlir),
                              {".ll", &dump.llvmIr},
                              {".s", &dump.assembly}})
    if (int code = kernelFile(start + ending, *text))
      return code;
  return 0;
}

int Dumps::kernelFile(const std::string &name, llvm::StringRef text) {
  if (!isOn())
    return 0;
  if (kernelFolder.empty()) {
    kernelFolder = numbered("kernels");
    if (int code = makeFolder(kernelFolder))
      return code;
  }
  llvm::SmallString<128> path(kernelFolder);
  llvm::sys::path::append(path, name);
  return write(path.str().str(), text);
}

void Dumps::watch(PassManager &passes) {
  if (isOn())
    passes.addInstrumentation(std::make_unique<Watch>(*this, code));
}

} // namespace ingot::cli
