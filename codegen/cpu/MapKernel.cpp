// map: out[i...] = region(i...), in vectors along the last extent.
#include "codegen/cpu/KernelWriter.h"

using namespace mlir;

namespace ingot::cpu {

void emitMap(KernelWriter &w) {
  Emitter &e = w.e;
  SmallVector<Value> dims = w.extents("extents");
  int64_t chunk = w.kernel.param("chunk");
  if (dims.empty())
    return w.store(0, w.evaluate(0, {}, {}), e.index(0), {}, /*single=*/true);
  if (dims.size() == 1) {
    auto [from, to] = w.share(dims[0], chunk);
    w.vectors(
        from, to,
        [&](Strand index, Value mask) {
          w.store(0, w.evaluate(0, index, mask), e.toIndex(index.value), mask);
        },
        chunk);
    return;
  }
  Value columns = dims.pop_back_val();
  auto [from, to] = w.share(w.product(dims), chunk);
  e.loop(from, to, e.index(1), [&](Value row) {
    SmallVector<Strand> leading = w.coordinates(row, dims);
    Value start = e.mul(row, columns);
    leading.emplace_back();
    w.vectors(e.index(0), columns, [&](Strand index, Value mask) {
      leading.back() = index;
      w.store(0, w.evaluate(0, leading, mask),
              e.add(start, e.toIndex(index.value)), mask);
    });
  });
}

} // namespace ingot::cpu
