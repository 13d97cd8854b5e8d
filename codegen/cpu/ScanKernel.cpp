// scan: running sum of the region's value along one axis, element by element:
// models scan short integer rows.
#include "codegen/cpu/KernelWriter.h"

using namespace mlir;

namespace ingot::cpu {

void emitScan(KernelWriter &w) {
  Emitter &e = w.e;
  SmallVector<Value> dims = w.extents("extents");
  size_t axis = w.kernel.param("axis");
  bool exclusive = w.flag("exclusive"), reverse = w.flag("reverse");
  Value length = dims[axis];
  Value stride = w.product(ArrayRef<Value>(dims).drop_front(axis + 1));
  SmallVector<Value> others(dims);
  others.erase(others.begin() + axis);

  auto [from, to] = w.share(w.product(others), w.kernel.param("chunk"));
  e.loop(from, to, e.index(1), [&](Value line) {
    SmallVector<Strand> leading = w.coordinates(line, others);
    leading.insert(leading.begin() + axis, Strand{});
    // line = outer * stride + inner; the axis goes between the two.
    Value outer = e.floorDiv(line, stride);
    Value inner = e.sub(line, e.mul(outer, stride));
    Value start = e.add(e.mul(e.mul(outer, length), stride), inner);
    // Floats add up in f64: a line may be long, and nothing else bounds the
    // error.
    Type type = w.yielded(0).getType();
    bool isF32 = type.isF32();
    Value zero = e.constant(isF32 ? Type(e.b.getF64Type()) : type, 0);
    e.loop(e.index(0), length, e.index(1), ValueRange{zero},
           [&](Value step, ValueRange carried) {
             Value at = reverse ? e.sub(e.sub(length, e.index(1)), step) : step;
             leading[axis] = uniform(e, at);
             Val before{e, carried[0]};
             Val x{e, w.evaluate(0, leading, {}).value};
             Val after = before + (isF32 ? extend(x) : x);
             Val sum = exclusive ? before : after;
             w.store(0, uniform(e, isF32 ? toF32(sum) : sum),
                     e.add(start, e.mul(at, stride)), {}, /*single=*/true);
             return SmallVector<Value>{after.v};
           });
  });
}

} // namespace ingot::cpu
