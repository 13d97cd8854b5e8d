#include "codegen/cuda/StubPrinter.h"

#include "codegen/cuda/StubWriter.h"

using namespace mlir;

namespace ingot::cuda {

/// What kernels cannot do yet is said here, so that printers may count on it.
static LogicalResult check(plan::KernelOp kernel, StringRef arch) {
  auto refuse = [&](Type type) {
    return kernel.emitError("CUDA kernels have no elements of type ") << type;
  };
  for (unsigned i = 0; i < kernel.numOuts(); ++i)
    if (outTypeName(kernel, i).empty())
      return refuse(kernel.outType(i));
  for (unsigned i = 0; i < kernel.numIns(); ++i)
    if (inTypeName(kernel, i).empty())
      return refuse(kernel.inType(i));
  bool canMultiply = multipliesF8(kernel)   ? arch == "sm_90a"
                     : kernel.isQuantized() ? canMultiplyQuantized(kernel)
                                            : true;
  if (!canMultiply)
    return kernel.emitError("there is no CUDA kernel for ")
           << arch << " that multiplies " << kernel.inType(0) << " by "
           << kernel.inType(1) << " in blocks of " << kernel.param("block");
  if (kernel.getFamily() == plan::Family::NonZero ||
      (kernel.getFamily() == plan::Family::Attention &&
       kernel.paramFlag("key_bounds")))
    return kernel.emitError("there is no CUDA kernel that packs rows");
  if (kernel.getFamily() == plan::Family::Attention &&
      !hasAttention(kernel.param("d"), kernel.param("dv")))
    return kernel.emitError("CUDA attention takes heads of up to 512, got ")
           << kernel.param("d") << " and " << kernel.param("dv");
  return success();
}

bool hasKernel(plan::KernelOp kernel, StringRef arch) {
  return kernel.getFamily() != plan::Family::LinearNorm || arch == "sm_90a";
}

bool hasDependentLaunch(StringRef arch) {
  unsigned number;
  return arch.consume_front("sm_") &&
         !arch.take_while(llvm::isDigit).getAsInteger(10, number) &&
         number >= 90;
}

FailureOr<CudaStub> printStub(plan::KernelOp kernel, StringRef arch,
                              const TuningRecord *record) {
  if (failed(check(kernel, arch)))
    return failure();
  StubWriter writer(kernel, arch, record);
  switch (kernel.getFamily()) {
  case plan::Family::Map:
    return printMap(writer);
  case plan::Family::Reduce:
    return printReduce(writer);
  case plan::Family::Scan:
    return printScan(writer);
  case plan::Family::Softmax:
    return printSoftmax(writer);
  case plan::Family::Norm:
    return printNorm(writer);
  case plan::Family::Attention:
    return printAttention(writer);
  case plan::Family::Linear:
    return printLinear(writer);
  case plan::Family::Arrange:
    return printArrange(writer);
  case plan::Family::LinearNorm:
    return printLinearNorm90(writer);
  case plan::Family::NonZero:
    break; // refused
  }
  llvm_unreachable("unknown family");
}

namespace {
struct PrintCudaStubsPass
    : PassWrapper<PrintCudaStubsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PrintCudaStubsPass)
  PrintCudaStubsPass() = default;
  PrintCudaStubsPass(const PrintCudaStubsPass &other) : PassWrapper(other) {}
  Option<std::string> arch{*this, "arch", llvm::cl::init("sm_80"),
                           llvm::cl::desc("the architecture they are for")};
  StringRef getArgument() const final { return "print-cuda-stubs"; }
  StringRef getDescription() const final {
    return "Print the CUDA stub of each plan.kernel to stdout";
  }
  void runOnOperation() final {
    for (auto kernel : getOperation().getOps<plan::KernelOp>()) {
      if (!hasKernel(kernel, arch))
        continue;
      FailureOr<CudaStub> stub = printStub(kernel, arch);
      if (failed(stub))
        return signalPassFailure();
      llvm::outs() << "// " << stub->name << ": " << stub->threads
                   << " threads, " << stub->sharedBytes
                   << " bytes of shared memory\n"
                   << stub->text << "\n";
    }
    markAllAnalysesPreserved();
  }
};
} // namespace

void registerPrintCudaStubs() { PassRegistration<PrintCudaStubsPass>(); }

} // namespace ingot::cuda
