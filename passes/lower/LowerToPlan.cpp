#include "passes/Passes.h"
#include "passes/Weights.h"
#include "passes/lower/Lowering.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_LOWERTOPLAN
#include "passes/Passes.h.inc"

namespace {
struct LowerToPlanPass : impl::LowerToPlanBase<LowerToPlanPass> {
  using LowerToPlanBase::LowerToPlanBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    std::vector<std::string> names(targets.begin(), targets.end());
    if (names.empty())
      names = {"x86-64"};
    KernelTable kernels(module);
    DerivedWeights derived;
    for (func::FuncOp entry : functions) {
      if (entry->hasAttr(kTargetAttr))
        continue;
      auto functionFor = [&](llvm::StringRef target) {
        for (func::FuncOp function : functions)
          if (function->getAttrOfType<StringAttr>(kEntryAttr) ==
                  entry.getSymNameAttr() &&
              textOf(function, kTargetAttr, "") == target)
            return function;
        return entry;
      };
      llvm::SmallVector<LoweringTarget> chosen =
          loweringTargets(names, [&](llvm::StringRef target) {
            return textOf(functionFor(target), kPrecisionAttr, "f32").str();
          });
      if (chosen.empty()) {
        module.emitError("lower-to-plan knows the targets x86-64 and cuda");
        return signalPassFailure();
      }
      for (const LoweringTarget &target : chosen) {
        func::FuncOp function = functionFor(target.name);
        // What lowering changes is for this target alone.
        OwningOpRef<func::FuncOp> copy;
        if (hasPages(function))
          function = *(copy = function.clone());
        Lowering lowering(module, function, weightBytesOf(module), kernels,
                          derived, target);
        std::string name = entry.getSymName().str();
        if (target.name != chosen.front().name)
          name += "_" + target.name.str();
        if (failed(lowering.run(name, entry.getSymName())))
          return signalPassFailure();
      }
    }
    for (func::FuncOp function : functions)
      function.erase();
  }

  static bool hasPages(func::FuncOp function) {
    return llvm::any_of(
        function.getOps<tfm::AttentionOp>(),
        [](tfm::AttentionOp op) { return static_cast<bool>(op.getPages()); });
  }

  static llvm::StringRef textOf(func::FuncOp function, llvm::StringRef attr,
                                llvm::StringRef none) {
    auto text = function->getAttrOfType<StringAttr>(attr);
    return text ? text.getValue() : none;
  }
};
} // namespace

} // namespace ingot
