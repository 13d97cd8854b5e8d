#include "codegen/cpu/EmitObject.h"

#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/Utils/Cloning.h"

#include <mutex>

// Only X86: `InitializeNativeTarget` would do nothing useful on another host.
extern "C" {
void LLVMInitializeX86TargetInfo();
void LLVMInitializeX86Target();
void LLVMInitializeX86TargetMC();
void LLVMInitializeX86AsmPrinter();
}

using namespace llvm;

namespace ingot::cpu {

static std::unique_ptr<TargetMachine> makeTargetMachine(const Isa &isa) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  Triple triple("x86_64-unknown-linux-gnu");
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  assert(target && "this LLVM has no X86 target");
  TargetOptions options;
  options.ExceptionModel = ExceptionHandling::None;
  options.MCOptions.AsmVerbose = true;
  options.MCOptions.OutputAsmVariant = 1; // Intel syntax in dumps
  return std::unique_ptr<TargetMachine>(target->createTargetMachine(
      triple, isa.cpu, isa.features, options, Reloc::PIC_, CodeModel::Small,
      CodeGenOptLevel::Default));
}

/// Renames the body and puts the ABI's entry point in front of it.
static void wrap(Module &module, Function &body, StringRef name) {
  LLVMContext &context = module.getContext();
  body.setName(name + ".body");
  body.setLinkage(GlobalValue::InternalLinkage);
  body.addFnAttr(Attribute::AlwaysInline);

  Type *i64 = Type::getInt64Ty(context), *ptr = PointerType::getUnqual(context);
  auto *type = FunctionType::get(Type::getVoidTy(context), {i64, ptr, ptr, ptr},
                                 /*isVarArg=*/false);
  Function *entry =
      Function::Create(type, GlobalValue::ExternalLinkage, name, module);
  IRBuilder<> b(BasicBlock::Create(context, "", entry));
  unsigned count = body.arg_size();
  assert(count >= 3 && "a body takes task, scratch and status at least");
  SmallVector<Value *> operands{entry->getArg(0)};
  for (unsigned i = 1; i + 2 < count; ++i) {
    // x86 is little endian, so an f32 lies at the start of its slot.
    Value *slot = b.CreateConstInBoundsGEP1_64(i64, entry->getArg(1), i - 1);
    operands.push_back(b.CreateLoad(body.getArg(i)->getType(), slot));
  }
  operands.push_back(entry->getArg(2));
  operands.push_back(entry->getArg(3));
  b.CreateCall(&body, operands);
  b.CreateRetVoid();
}

/// No unwind tables and no symbol that could be resolved elsewhere: otherwise
/// an .eh_frame or a GOT entry appears.
static void setAttributes(Module &module, const Isa &isa) {
  module.setPICLevel(PICLevel::BigPIC);
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.setDoesNotThrow();
    function.setUWTableKind(UWTableKind::None);
    function.setDSOLocal(true);
    function.addFnAttr("target-cpu", isa.cpu);
    if (!isa.features.empty())
      function.addFnAttr("target-features", isa.features);
  }
}

static void optimize(Module &module, TargetMachine &machine) {
  // The IR is already vector code in the shape we want.
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager sccs;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine, tuning);
  // There is no library to call: without this a zeroing loop becomes memset.
  TargetLibraryInfoImpl library(machine.getTargetTriple());
  library.disableAllFunctions();
  functions.registerPass([&] { return TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2)
      .run(module, modules);
}

static bool emitFile(Module &module, TargetMachine &machine,
                     CodeGenFileType type, std::string &out) {
  SmallVector<char, 0> buffer;
  raw_svector_ostream os(buffer);
  legacy::PassManager pm;
  if (machine.addPassesToEmitFile(pm, os, nullptr, type))
    return false;
  pm.run(module);
  out.assign(buffer.begin(), buffer.end());
  return true;
}

std::string emitObject(Module &module, StringRef name, const Isa &isa,
                       KernelDump *dump, std::string &error) {
  std::unique_ptr<TargetMachine> machine = makeTargetMachine(isa);
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  Function *body = module.getFunction(name);
  assert(body && "the kernel's function got lost");
  wrap(module, *body, name);
  setAttributes(module, isa);
  optimize(module, *machine);

  std::string object;
  if (dump) {
    raw_string_ostream os(dump->llvmIr);
    module.print(os, nullptr);
    // Code generation changes the module, so the listing uses a copy.
    std::unique_ptr<Module> copy = CloneModule(module);
    emitFile(*copy, *machine, CodeGenFileType::AssemblyFile, dump->assembly);
  }
  if (!emitFile(module, *machine, CodeGenFileType::ObjectFile, object))
    error = "LLVM cannot write x86-64 objects";
  return object;
}

} // namespace ingot::cpu
