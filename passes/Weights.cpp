#include "passes/Weights.h"

#include "mlir/IR/DialectInterface.h"

using namespace mlir;

namespace ingot {

namespace {
/// The store, hung on the dialect: passes are made without arguments.
struct WeightSource : DialectInterface::Base<WeightSource> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WeightSource)
  WeightSource(Dialect *dialect, std::shared_ptr<WeightStore> store)
      : Base(dialect), store(std::move(store)) {}
  std::shared_ptr<WeightStore> store;
};
} // namespace

void setWeightStore(MLIRContext &context, std::shared_ptr<WeightStore> store) {
  auto *dialect = context.getOrLoadDialect<tfm::TfmDialect>();
  dialect->addInterface(
      std::make_unique<WeightSource>(dialect, std::move(store)));
}

ElementLifter::StoredBytes weightBytesOf(ModuleOp module) {
  auto *dialect = module.getContext()->getLoadedDialect<tfm::TfmDialect>();
  auto *source =
      dialect ? dialect->getRegisteredInterface<WeightSource>() : nullptr;
  if (!source)
    return nullptr;
  return [store = source->store](tfm::WeightOp weight) -> llvm::ArrayRef<char> {
    if (!weight.getFile())
      return {};
    FailureOr<llvm::ArrayRef<char>> bytes = store->bytes(weight);
    return succeeded(bytes) ? *bytes : llvm::ArrayRef<char>();
  };
}

} // namespace ingot
