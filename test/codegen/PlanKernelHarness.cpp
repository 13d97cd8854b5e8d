#include "test/codegen/PlanKernelHarness.h"

#include "mlir/Parser/Parser.h"

using namespace mlir;

namespace ingot::test {

void loadPlanDialects(MLIRContext &context) {
  context.loadDialect<plan::PlanDialect, tfm::TfmDialect>();
}

cpu::KernelJob planJob(std::string text, const Variant &variant) {
  size_t at = text.find('@'), end = text.find_first_of(" \n", at);
  return {text.substr(at + 1, end - at - 1), variant.level,
          [=](MLIRContext &context) -> OwningOpRef<ModuleOp> {
            auto module = parseSourceString<ModuleOp>(text, &context);
            if (!module)
              return nullptr;
            return cpu::emitKernel(*module->getOps<plan::KernelOp>().begin(),
                                   variant.emitted);
          }};
}

} // namespace ingot::test
