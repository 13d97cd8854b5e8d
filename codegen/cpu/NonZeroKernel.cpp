// nonzero: coordinates of the elements that region 0 keeps, in order. One task:
// where an element goes depends on all in front of it, and masks are short.
#include "codegen/cpu/KernelWriter.h"

using namespace mlir;

namespace ingot::cpu {

void emitNonZero(KernelWriter &w) {
  Emitter &e = w.e;
  SmallVector<Value> dims = w.extents("extents");
  Value count = w.extent("count");
  auto store = [&](Value at, ArrayRef<Strand> coordinates) {
    for (auto [i, coordinate] : llvm::enumerate(coordinates))
      w.store(i, coordinate, at, {}, /*single=*/true);
  };
  SmallVector<Value> outer(dims);
  Value length = outer.pop_back_val(), zero = e.index(0), one = e.index(1);
  ValueRange found = e.loop(
      zero, w.product(outer), one, ValueRange{zero},
      [&](Value line, ValueRange carried) {
        SmallVector<Strand> at = w.coordinates(line, outer);
        at.emplace_back();
        ValueRange next =
            e.loop(zero, length, one, carried, [&](Value i, ValueRange inner) {
              at.back() = uniform(e, i);
              Value kept = w.evaluate(0, at, {}).value;
              // The caller counted the same elements, and its memory is for no
              // more.
              Value fits = arith::CmpIOp::create(
                  e.b, e.loc, arith::CmpIPredicate::ult, inner[0], count);
              kept = Val(e, kept) & Val(e, fits);
              return e.ifElse(kept, inner, [&](ValueRange position) {
                store(position[0], at);
                return SmallVector<Value>{e.add(position[0], one)};
              });
            });
        return SmallVector<Value>{next[0]};
      });
  e.loop(found[0], count, one, [&](Value rest) {
    store(rest, SmallVector<Strand>(dims.size(), uniform(e, zero)));
  });
}

} // namespace ingot::cpu
