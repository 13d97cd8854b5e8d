#include "test/codegen/KernelHarness.h"

#include "codegen/cpu/KernelFunction.h"

#include <sys/mman.h>

using namespace mlir;

namespace ingot::test {

const std::vector<Variant> &variants() {
  static const std::vector<Variant> all = [] {
    cpu::Isa v3 = cpu::isaOf(cpu::IsaLevel::V3), wide = v3;
    wide.lanes = 16;
    return std::vector<Variant>{
        {"v3", cpu::IsaLevel::V3, v3},
        {"v3wide", cpu::IsaLevel::V3, wide},
        {"v4", cpu::IsaLevel::V4, cpu::isaOf(cpu::IsaLevel::V4)},
        {"v4bf16", cpu::IsaLevel::V4Bf16, cpu::isaOf(cpu::IsaLevel::V4Bf16)},
        {"v4amx", cpu::IsaLevel::V4Amx, cpu::isaOf(cpu::IsaLevel::V4Amx)}};
  }();
  return all;
}

Loaded::Loaded(llvm::ArrayRef<cpu::KernelJob> jobs,
               std::function<void(MLIRContext &)> prepare, std::nullptr_t) {
  cpu::CompileOptions options;
  options.prepare = std::move(prepare);
  options.dump = getenv("INGOT_TEST_DUMP") != nullptr;
  objects = cpu::compileKernels(jobs, options);
  MLIRContext context(MLIRContext::Threading::DISABLED);
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    error += diagnostic.str() + "\n";
    return success();
  });
  std::vector<cpu::LinkInput> inputs;
  for (auto [job, object] : llvm::zip_equal(jobs, objects)) {
    error += object.error;
    if (options.dump)
      llvm::errs() << object.dump.mlir << object.dump.llvmIr
                   << object.dump.assembly;
    inputs.push_back({job.name, object.object, UnknownLoc::get(&context)});
  }
  if (!error.empty())
    return;
  auto linked = cpu::linkKernels(inputs, UnknownLoc::get(&context));
  if (failed(linked))
    return;
  blob = std::move(*linked);
  bytes = blob.code.size();
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return;
  std::memcpy(memory, blob.code.data(), bytes);
  mprotect(memory, bytes, PROT_READ | PROT_EXEC);
  code = memory;
  scratch.reset(new (std::align_val_t(64)) char[1 << 20]);
}

Loaded::~Loaded() {
  if (code)
    munmap(code, bytes);
  if (char *memory = scratch.release())
    ::operator delete[](memory, std::align_val_t(64));
}

ingot_kernel_function Loaded::function(size_t kernel) const {
  return reinterpret_cast<ingot_kernel_function>(static_cast<char *>(code) +
                                                 blob.entries[kernel]);
}

ingot_kernel_status
Loaded::run(size_t kernel, const std::vector<uint64_t> &args, int64_t grid) {
  ingot_kernel_status status{};
  for (int64_t task = 0; task < grid; ++task)
    function(kernel)(task, args.data(), scratch.get(), &status);
  return status;
}

static constexpr size_t kPage = 4096;

GuardedPages::GuardedPages(size_t count) : bytes(count * kPage) {
  void *memory = mmap(nullptr, bytes + 2 * kPage, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert(memory != MAP_FAILED && "no memory for a test");
  first = static_cast<char *>(memory) + kPage;
  mprotect(first, bytes, PROT_READ | PROT_WRITE);
}
GuardedPages::~GuardedPages() { munmap(first - kPage, bytes + 2 * kPage); }

cpu::KernelJob kernelJob(std::string name, const Variant &variant,
                         std::function<std::vector<Type>(Builder &)> params,
                         EmitKernel emit) {
  return {name, variant.level, [=](MLIRContext &context) {
            Builder builder(&context);
            return cpu::buildKernelModule(name, params(builder),
                                          variant.emitted,
                                          UnknownLoc::get(&context), emit);
          }};
}

} // namespace ingot::test
