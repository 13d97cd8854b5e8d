#include "codegen/cpu/KernelCompiler.h"

#include "codegen/cpu/KernelFunction.h"
#include "codegen/cpu/KernelWriter.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

namespace ingot::cpu {

OwningOpRef<ModuleOp> emitKernel(plan::KernelOp kernel, const Isa &target,
                                 const TuningRecord *record) {
  Builder builder(kernel.getContext());
  SmallVector<Type> params;
  for (ArrayAttr types : {kernel.getOutTypes(), kernel.getInTypes()})
    for (Attribute type : types)
      params.push_back(pointerTo(memoryType(cast<TypeAttr>(type).getValue())));
  params.append(kernel.getNumScalars(), builder.getI64Type());
  return buildKernelModule(kernel.getSymName(), params, target, kernel.getLoc(),
                           [&](Emitter &e, ValueRange values) {
                             KernelWriter writer(e, kernel, values);
                             writer.record = record;
                             switch (kernel.getFamily()) {
                             case plan::Family::Map:
                               return emitMap(writer);
                             case plan::Family::Reduce:
                               return emitReduce(writer);
                             case plan::Family::Scan:
                               return emitScan(writer);
                             case plan::Family::Softmax:
                               return emitSoftmax(writer);
                             case plan::Family::Norm:
                               return emitNorm(writer);
                             case plan::Family::Linear:
                               return emitLinear(writer);
                             case plan::Family::Attention:
                               return emitAttention(writer);
                             case plan::Family::NonZero:
                               return emitNonZero(writer);
                             case plan::Family::Arrange:
                             case plan::Family::LinearNorm:
                               llvm_unreachable("only GPUs have such kernels");
                             }
                           });
}

/// The kernel alone as bytecode: how it gets into another context.
static std::string serialize(plan::KernelOp kernel) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(kernel.getLoc());
  module->push_back(kernel->clone());
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  [[maybe_unused]] LogicalResult written = writeBytecodeToFile(*module, os);
  assert(succeeded(written) && "kernels have a bytecode form");
  return bytes;
}

llvm::FailureOr<std::vector<LevelCode>>
compilePlanKernels(std::vector<plan::KernelOp> kernels,
                   const KernelCompilerOptions &options) {
  std::vector<std::string> bytecode;
  for (plan::KernelOp kernel : kernels)
    bytecode.push_back(serialize(kernel));
  std::vector<KernelJob> jobs;
  for (IsaLevel level : options.levels)
    for (auto [i, kernel] : llvm::enumerate(kernels))
      jobs.push_back(
          {kernel.getSymName().str(), level,
           [&text = bytecode[i], level,
            record = options.tuning.of(level)](MLIRContext &context) {
             auto module = parseSourceString<ModuleOp>(text, &context);
             return module
                        ? emitKernel(*module->getOps<plan::KernelOp>().begin(),
                                     isaOf(level), record)
                        : nullptr;
           }});
  CompileOptions compile;
  compile.jobs = options.jobs;
  compile.dump = static_cast<bool>(options.dump);
  if (options.progress)
    compile.progress = [&](size_t done) {
      options.progress(done, jobs.size());
    };
  compile.prepare = [](MLIRContext &context) {
    context.loadDialect<plan::PlanDialect, tfm::TfmDialect>();
  };
  std::vector<KernelObject> objects = compileKernels(jobs, compile);

  bool failed = false;
  std::vector<LevelCode> result;
  for (size_t l = 0; l < options.levels.size(); ++l) {
    std::vector<LinkInput> inputs;
    for (auto [i, kernel] : llvm::enumerate(kernels)) {
      KernelObject &object = objects[l * kernels.size() + i];
      if (!object.error.empty()) {
        mlir::emitError(kernel.getLoc(), "compiling kernel '")
            << kernel.getSymName() << "' for " << isaOf(options.levels[l]).name
            << ": " << StringRef(object.error).rtrim();
        failed = true;
      }
      if (options.dump)
        options.dump(kernel, options.levels[l], object.dump);
      inputs.push_back({kernel.getSymName(), object.object, kernel.getLoc()});
    }
    if (failed)
      continue;
    if (kernels.empty()) {
      result.push_back({options.levels[l], {}});
      continue;
    }
    auto blob = linkKernels(inputs, kernels[0].getLoc());
    if (llvm::failed(blob))
      return llvm::failure();
    result.push_back({options.levels[l], std::move(*blob)});
  }
  if (failed)
    return llvm::failure();
  return result;
}

} // namespace ingot::cpu
