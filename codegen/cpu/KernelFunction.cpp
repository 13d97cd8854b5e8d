#include "codegen/cpu/KernelFunction.h"

using namespace mlir;

namespace ingot::cpu {

MemRefType pointerTo(Type element) {
  return MemRefType::get({1}, element); // bare pointers need a static shape
}

OwningOpRef<ModuleOp>
buildKernelModule(llvm::StringRef name, ArrayRef<Type> params,
                  const Isa &target, Location loc,
                  llvm::function_ref<void(Emitter &, ValueRange)> emit) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  Emitter e{OpBuilder(module->getContext()), loc, target};
  e.b.setInsertionPointToEnd(module->getBody());
  SmallVector<Type> types{e.i64()};
  types.append(params.begin(), params.end());
  types.push_back(pointerTo(e.b.getI8Type()));
  types.push_back(pointerTo(e.i64()));
  auto function =
      func::FuncOp::create(e.b, loc, name, e.b.getFunctionType(types, {}));
  Block *entry = function.addEntryBlock();
  e.b.setInsertionPointToStart(entry);
  SmallVector<Value> values;
  for (Value argument : entry->getArguments())
    values.push_back(isa<MemRefType>(argument.getType()) ? e.flat(argument)
                                                         : argument);
  values[0] = e.toIndex(values[0]);
  emit(e, values);
  func::ReturnOp::create(e.b, loc);
  return module;
}

} // namespace ingot::cpu
