// reduce with kind argmax or argmin: the index of the extreme value, element by
// element. NaN is the extreme of all.
#include "codegen/cpu/KernelWriter.h"

using namespace mlir;

namespace ingot::cpu {

void emitArgReduce(KernelWriter &w, SmallVector<Value> dims, Value length) {
  Emitter &e = w.e;
  bool largest = w.text("kind") == "argmax", last = w.flag("last");
  int64_t chunk = w.kernel.param("chunk");
  Type type = w.yielded(0).getType();
  auto extended = [&](SmallVector<Strand> leading, Value r) {
    leading.push_back(uniform(e, r));
    Val value{e, w.evaluate(0, leading, {}).value};
    // Booleans compare as integers, not as sign bits.
    return value.element().isInteger(1) ? extend(value) : value;
  };
  auto single = [&](const SmallVector<Strand> &leading, Value at) {
    Val first = extended(leading, e.index(0));
    ValueRange found =
        e.loop(e.index(1), length, e.index(1),
               ValueRange{first.v, e.integer(e.i64(), 0)},
               [&](Value r, ValueRange carried) {
                 Val best{e, carried[0]}, x = extended(leading, r);
                 Val better = largest ? gt(x, best) : lt(x, best);
                 Val equal = eq(x, best);
                 if (type.isF32()) {
                   Val bestNaN = isNaN(best), one = bestNaN.k(1);
                   better = (better | isNaN(x)) & (bestNaN ^ one);
                   equal = equal | (isNaN(x) & bestNaN);
                 }
                 Val take = last ? better | equal : better;
                 Val index = select(take, {e, e.toI64(r)}, {e, carried[1]});
                 return SmallVector<Value>{select(take, x, best).v, index.v};
               });
    w.store(0, uniform(e, found[1]), at, {}, /*single=*/true);
  };
  // Rank 1: the chunk counts elements; else rows.
  if (dims.size() == 1) {
    auto [from, to] = w.share(dims[0], chunk);
    e.loop(from, to, e.index(1), [&](Value i) { single({uniform(e, i)}, i); });
    return;
  }
  Value columns = dims.pop_back_val();
  auto [from, to] = w.share(w.product(dims), chunk);
  e.loop(from, to, e.index(1), [&](Value row) {
    SmallVector<Strand> leading = w.coordinates(row, dims);
    leading.emplace_back();
    e.loop(e.index(0), columns, e.index(1), [&](Value column) {
      leading.back() = uniform(e, column);
      single(leading, e.add(e.mul(row, columns), column));
    });
  });
}

} // namespace ingot::cpu
