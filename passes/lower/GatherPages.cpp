// Attention over pages where no kernel reads them as they lie: on targets
// without such kernels, and where the caches are computed or in another order,
// all of which would be written to memory for the few pages that are read.
#include "passes/lower/Lowering.h"

using namespace mlir;

namespace ingot {

bool Lowering::readsPages(tfm::AttentionOp op) {
  KernelBuilder scratch(lifter, op.getLoc());
  return target.readsPages &&
         llvm::all_of(llvm::SmallVector<Value>{op.getKey(), op.getValue()},
                      [&](Value value) {
                        if (!memoryOf(value).getDefiningOp<tfm::FusedOp>())
                          return true;
                        auto view = viewByElement(scratch, value);
                        return view && isContiguous(value, *view);
                      });
}

void Lowering::gatherPages() {
  for (auto op : function.getBody().front().getOps<tfm::AttentionOp>()) {
    if (!op.getPages() || readsPages(op))
      continue;
    OpBuilder before(op);
    Dims table = shapes.dims(op.getPages());
    auto gathered = [&](Value cache) -> Value {
      Dims dims = shapes.dims(cache);
      Expr count = dims[0], rows = dims[1];
      dims[0] = table[0];
      dims[1] = pool.mul(table[1], rows);
      llvm::SmallVector<Expr> at = shapes.indices(dims, "i");
      Expr page =
          lifter.element(op.getPages(), {at[0], pool.floorDiv(at[1], rows)});
      Expr element = lifter.element(
          cache, {pool.wrap(page, count), pool.mod(at[1], rows), at[2], at[3]});
      Type type = tfm::tensorTypeOf(cache).getElementType();
      return buildFused(before, op.getLoc(), lifter, shapes.type(dims, type),
                        at, element);
    };
    op.getKeyMutable().assign(gathered(op.getKey()));
    op.getValueMutable().assign(gathered(op.getValue()));
    op.getPagesMutable().clear();
  }
}

Expr Lowering::bytesOfPages(plan::KernelOp made, KernelBuilder &kernel,
                            RankedTensorType cache) {
  Expr bytes = byteSize(cache);
  int64_t code = made.param("cached_pages");
  Expr cached = code >= 0 ? pool.integer(code)
                          : kernel.scalars()[static_cast<size_t>(-1 - code)];
  std::optional<Expr> page = pool.exactDiv(bytes, cached);
  Expr named = countOf(shapes.dims(kernel.inputs()[3].value));
  return page ? pool.min(bytes, pool.mul(*page, named)) : bytes;
}

} // namespace ingot
