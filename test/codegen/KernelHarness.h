//===- KernelHarness.h - Compiles, maps and calls kernels in tests
//---------===//
#pragma once

#include "codegen/cpu/Backend.h"
#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/Linker.h"
#include "runtime/kernel_abi.h"

#include <cstring>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace ingot::test {

/// What a generator is asked to write and for which CPU it is compiled. The
/// wide variant gives AVX-512's shapes to a CPU without it.
struct Variant {
  std::string name;
  cpu::IsaLevel level;
  cpu::Isa emitted;
};
const std::vector<Variant> &variants();
inline void PrintTo(const Variant &variant, std::ostream *os) {
  *os << variant.name;
}

/// One argument slot.
template <typename T>
uint64_t slot(T value) {
  static_assert(sizeof(T) <= 8);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  return bits;
}

/// Kernels compiled, linked and mapped read+execute.
class Loaded {
public:
  /// `error` holds the diagnostics if it failed.
  static Loaded make(const std::vector<cpu::KernelJob> &jobs,
                     std::function<void(mlir::MLIRContext &)> prepare = {}) {
    return Loaded(jobs, std::move(prepare), nullptr);
  }
  ~Loaded();
  Loaded(Loaded &&other)
      : error(std::move(other.error)), blob(std::move(other.blob)),
        objects(std::move(other.objects)),
        code(std::exchange(other.code, nullptr)), bytes(other.bytes),
        scratch(std::move(other.scratch)) {}
  explicit operator bool() const { return code != nullptr; }

  ingot_kernel_function function(size_t kernel) const;
  /// Runs tasks [0, grid) one after the other.
  ingot_kernel_status run(size_t kernel, const std::vector<uint64_t> &args,
                          int64_t grid = 1);

  std::string error;
  cpu::Blob blob;
  std::vector<cpu::KernelObject> objects;

private:
  Loaded(llvm::ArrayRef<cpu::KernelJob> jobs,
         std::function<void(mlir::MLIRContext &)> prepare, std::nullptr_t);
  void *code = nullptr;
  size_t bytes = 0;
  std::unique_ptr<char[]> scratch;
};

/// `count` pages between two that cannot be touched: an access beyond either
/// end is a crash.
class GuardedPages {
public:
  explicit GuardedPages(size_t count);
  ~GuardedPages();
  GuardedPages(const GuardedPages &) = delete;
  template <typename T>
  T *begin() {
    return reinterpret_cast<T *>(first);
  }
  template <typename T>
  T *end() {
    return reinterpret_cast<T *>(first + bytes);
  }

private:
  char *first;
  size_t bytes;
};

/// A module with the ABI's function around what `emit` writes. `params` are the
/// types between task and scratch; `emit` gets task (index), the params,
/// scratch and status, pointers as flat memrefs.
using EmitKernel = std::function<void(cpu::Emitter &, mlir::ValueRange)>;
cpu::KernelJob
kernelJob(std::string name, const Variant &variant,
          std::function<std::vector<mlir::Type>(mlir::Builder &)> params,
          EmitKernel emit);

} // namespace ingot::test
