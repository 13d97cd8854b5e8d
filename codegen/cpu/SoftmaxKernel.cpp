// softmax: out[i..., j] = epilogue(exp(x[j] - max x) / sum), x[j] =
// region(i..., j), over rows of the last extent. A row whose values are all
// -inf gives NaN, as the formula says.
#include "codegen/cpu/KernelWriter.h"
#include "codegen/cpu/Reduction.h"
#include "codegen/cpu/VectorMath.h"

using namespace mlir;

namespace ingot::cpu {

void emitSoftmax(KernelWriter &w) {
  Emitter &e = w.e;
  assert(w.outType(0).isF32() && "softmax of f32");
  SmallVector<Value> dims = w.extents("extents");
  Value columns = dims.pop_back_val();
  VectorType vector = e.vec(e.f32());
  Reduction max{e, ReductionKind::Max, e.f32()},
      sum{e, ReductionKind::Sum, e.f32()};
  Value zero = e.index(0);

  auto [from, to] = w.share(w.product(dims), w.kernel.param("chunk"));
  e.loop(from, to, e.index(1), [&](Value row) {
    SmallVector<Strand> leading = w.coordinates(row, dims);
    leading.emplace_back();
    Value start = e.mul(row, columns);
    auto at = [&](const Strand &index) {
      return e.add(start, e.toIndex(index.value));
    };
    // The values wait in the output's row, which is ours alone.
    SmallVector<Value> largest =
        w.vectors(zero, columns, ValueRange{max.identity(vector)},
                  [&](Strand index, Value mask, ValueRange carried) {
                    leading.back() = index;
                    Value x = lanesOf(e, w.evaluate(0, leading, mask));
                    e.store(x, w.out(0), at(index), mask);
                    // A NaN need not stay in the maximum: it stays in the sum.
                    Val next = maxFirst({e, x}, {e, carried[0]});
                    if (mask)
                      next = select({e, mask}, next, {e, carried[0]});
                    return SmallVector<Value>{next.v};
                  });
    Val shift{e, e.broadcast(max.across(largest[0]), e.target.lanes)};
    SmallVector<Value> total =
        w.vectors(zero, columns, ValueRange{sum.identity(vector)},
                  [&](Strand index, Value mask, ValueRange carried) {
                    Val x{e, e.load(vector, w.out(0), at(index), mask)};
                    Val weight = vectorExpFast(x - shift);
                    if (mask)
                      weight = select({e, mask}, weight, weight.k(0));
                    e.store(weight, w.out(0), at(index), mask);
                    return SmallVector<Value>{sum.combine(carried[0], weight)};
                  });
    Val whole{e, sum.across(total[0])};
    Val factor{e, e.broadcast(whole.k(1.0) / whole, e.target.lanes)};
    w.vectors(zero, columns, [&](Strand index, Value mask) {
      Val weight{e, e.load(vector, w.out(0), at(index), mask)};
      Val probability = weight * factor;
      leading.back() = index;
      w.storeEpilogue(probability, leading, at(index), mask);
    });
  });
}

} // namespace ingot::cpu
