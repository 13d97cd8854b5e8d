#include "passes/ConvertedCopy.h"
#include "passes/Match.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_WIDENROWS
#include "passes/Passes.h.inc"

namespace {
bool isF8(Value value) {
  return llvm::isa<Float8E4M3FNType>(tfm::tensorTypeOf(value).getElementType());
}

/// What kernels that multiply rows of f8E4M3FN take.
bool canMultiply(tfm::LinearOp linear) {
  if (!linear.isQuantized() || linear.getZeros() || !isF8(linear.getWeight()) ||
      !isParameter(linear.getWeight()) || !isParameter(linear.getScales()))
    return false;
  int64_t k = tfm::tensorTypeOf(linear.getWeight()).getDimSize(0),
          block = *linear.getBlock();
  return k % 16 == 0 && (block >= k || block == 128);
}

struct WidenRowsPass : impl::WidenRowsBase<WidenRowsPass> {
  using WidenRowsBase::WidenRowsBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      widen(function);
  }

  static StringRef textOf(func::FuncOp function, StringRef name) {
    auto text = function->getAttrOfType<StringAttr>(name);
    return text ? text.getValue() : StringRef();
  }

  void widen(func::FuncOp function) {
    OpBuilder builder(function.getContext());
    StringRef precision = textOf(function, kPrecisionAttr);
    FloatType type = precision == "bf16"  ? FloatType(builder.getBF16Type())
                     : precision == "f16" ? FloatType(builder.getF16Type())
                                          : FloatType(builder.getF32Type());
    bool hasKernels =
        !type.isF32() &&
        llvm::is_contained(*f8Targets, textOf(function, kTargetAttr));
    // Of the same rows one copy.
    llvm::DenseMap<std::pair<Value, Type>, Value> copies;
    for (auto linear :
         llvm::make_early_inc_range(function.getOps<tfm::LinearOp>())) {
      Value rows = linear.getInput();
      if (!isF8(rows) || (hasKernels && canMultiply(linear)))
        continue;
      // Narrow products take pairs along K.
      bool isEven =
          tfm::tensorTypeOf(linear.getWeight()).getDimSize(0) % 2 == 0;
      FloatType to = isEven ? type : FloatType(builder.getF32Type());
      Value &copy = copies[{rows, to}];
      if (!copy)
        copy = convertedCopy(builder, rows, to);
      linear.getInputMutable().assign(copy);
    }
  }
};
} // namespace

} // namespace ingot
