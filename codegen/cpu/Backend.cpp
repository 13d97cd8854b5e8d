#include "codegen/cpu/Backend.h"

#include "codegen/cpu/EmitObject.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/ThreadPool.h"

#include <atomic>
#include <mutex>

using namespace mlir;

namespace ingot::cpu {

void registerKernelDialects(DialectRegistry &registry) {
  registry
      .insert<func::FuncDialect, scf::SCFDialect, cf::ControlFlowDialect,
              vector::VectorDialect, memref::MemRefDialect, arith::ArithDialect,
              math::MathDialect, index::IndexDialect, affine::AffineDialect,
              x86vector::X86VectorDialect, LLVM::LLVMDialect>();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

/// Order matters twice: strided metadata is expanded into affine.apply, so
/// affine is lowered before and after; vectors go before the scalar dialects
/// they are lowered through.
static void buildLowering(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createConvertVectorToSCFPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  ConvertVectorToLLVMPassOptions vectorOptions;
  vectorOptions.x86Vector = true;
  pm.addPass(createConvertVectorToLLVMPass(vectorOptions));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions funcOptions;
  funcOptions.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(funcOptions));
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

llvm::FailureOr<std::string> compileToObject(ModuleOp module, IsaLevel level,
                                             KernelDump *dump) {
  auto kernels =
      llvm::make_filter_range(module.getOps<func::FuncOp>(),
                              [](func::FuncOp f) { return !f.isExternal(); });
  assert(llvm::hasSingleElement(kernels) && "a module holds one kernel");
  func::FuncOp kernel = *kernels.begin();
  std::string name = kernel.getName().str();
  Location loc = kernel.getLoc();
  if (dump) {
    llvm::raw_string_ostream os(dump->mlir);
    module.print(os);
  }

  assert(succeeded(verify(module)) && "a generator wrote invalid IR");
  PassManager pm(module.getContext());
  buildLowering(pm);
  if (failed(pm.run(module)))
    return failure();

  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> llvmModule =
      translateModuleToLLVMIR(module, llvmContext, name);
  if (!llvmModule)
    return emitError(loc, "kernel '") << name << "' has no LLVM IR form";
  std::string error;
  std::string object = emitObject(*llvmModule, name, isaOf(level), dump, error);
  if (object.empty())
    return emitError(loc, "kernel '") << name << "': " << error;
  return object;
}

namespace {
/// A context that reports into a string, so that workers do not write over each
/// other and errors come out in the order of the jobs.
struct Worker {
  MLIRContext context;
  std::string *sink = nullptr;

  explicit Worker(const CompileOptions &options)
      : context(MLIRContext::Threading::DISABLED) {
    DialectRegistry registry;
    registerKernelDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
      if (!sink)
        return;
      llvm::raw_string_ostream os(*sink);
      if (!isa<UnknownLoc>(diagnostic.getLocation()))
        os << diagnostic.getLocation() << ": ";
      os << diagnostic << '\n';
    });
    if (options.prepare)
      options.prepare(context);
  }

  KernelObject run(const KernelJob &job, bool dump) {
    KernelObject result;
    sink = &result.error;
    if (OwningOpRef<ModuleOp> module = job.build(context)) {
      auto object =
          compileToObject(*module, job.level, dump ? &result.dump : nullptr);
      if (succeeded(object))
        result.object = std::move(*object);
    }
    sink = nullptr;
    if (result.object.empty() && result.error.empty())
      result.error = "kernel '" + job.name + "' failed without a message\n";
    return result;
  }
};
} // namespace

std::vector<KernelObject> compileKernels(llvm::ArrayRef<KernelJob> jobs,
                                         const CompileOptions &options) {
  std::vector<KernelObject> results(jobs.size());
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  size_t done = 0;
  auto work = [&] {
    std::unique_ptr<Worker> worker;
    for (size_t i; (i = next++) < jobs.size();) {
      if (!worker)
        worker = std::make_unique<Worker>(options);
      results[i] = worker->run(jobs[i], options.dump);
      if (options.progress) {
        std::scoped_lock lock(mutex);
        options.progress(++done);
      }
    }
  };
  unsigned threads = std::min<size_t>(std::max(1u, options.jobs),
                                      std::max<size_t>(1, jobs.size()));
  if (threads == 1) {
    work();
    return results;
  }
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
  for (unsigned i = 0; i < threads; ++i)
    pool.async(work);
  pool.wait();
  return results;
}

} // namespace ingot::cpu
