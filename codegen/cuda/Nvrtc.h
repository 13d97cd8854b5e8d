//===- Nvrtc.h - Stubs to cubins and PTX
//-----------------------------------===//
//
// NVRTC is opened at run time: compiling needs neither a GPU nor a driver nor,
// where the PyPI wheel is installed, a toolkit.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cuda/StubPrinter.h"
#include "llvm/Support/Error.h"

namespace ingot::cuda {

/// What a stub became for one architecture.
struct CudaImage {
  std::string image; ///< empty if it failed
  std::string error; ///< why: our bug, since people write no stubs
  std::string log;   ///< of the compiler and the assembler
  // Of cubins; PTX knows nothing of them.
  unsigned registers = 0;  ///< a thread
  unsigned frameBytes = 0; ///< of stack, a thread
  unsigned spillBytes = 0; ///< stored and loaded
};

/// "sm_80" makes a cubin, "compute_80" PTX.
bool makesPtx(llvm::StringRef arch);

class Nvrtc {
public:
  /// Opens the library once a process: the file that INGOT_NVRTC names, a
  /// toolkit's, the PyPI wheel's (build/venv), or what the system finds. The
  /// error says what was tried and how to install it.
  static llvm::Expected<const Nvrtc *> get();

  std::string path; ///< of the library
  int major = 0, minor = 0;

  /// Compiles one stub; safe from several threads. The bytes depend on the
  /// arguments, the headers and the version alone.
  CudaImage compile(const CudaStub &stub, llvm::StringRef arch) const;

private:
  void *functions[10] = {};
  static std::string openAt(llvm::StringRef file, Nvrtc &nvrtc);
};

struct ImageJob {
  const CudaStub *stub;
  std::string arch;
};

struct ImageOptions {
  unsigned jobs = 1; ///< threads
  bool cache = true;
  std::string cacheFolder; ///< empty: the user's, see kernelCacheFolder
  /// If set, is called as images get ready, one call at a time.
  std::function<void(size_t done, size_t all)> progress;
};

/// Compiles all jobs, equal ones once; results are in the order of the jobs.
/// Fails only where there is no NVRTC.
llvm::Expected<std::vector<CudaImage>>
compileStubs(llvm::ArrayRef<ImageJob> jobs, const ImageOptions &options);

/// INGOT_CACHE, else ingot/ in the user's cache folder; empty if there is none.
std::string kernelCacheFolder();

} // namespace ingot::cuda
