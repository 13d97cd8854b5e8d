// norm: out[i..., j] = epilogue(normalized x[j]), x[j] = region(i..., j), over
// rows of the last extent.
//   layer: (x - mean) / sqrt(mean((x - mean)^2) + epsilon)
//   rms:   x / sqrt(mean(x^2) + epsilon)
#include "codegen/cpu/KernelWriter.h"
#include "codegen/cpu/Reduction.h"

using namespace mlir;

namespace ingot::cpu {

void emitNorm(KernelWriter &w) {
  Emitter &e = w.e;
  SmallVector<Value> dims = w.extents("extents");
  Value columns = dims.pop_back_val();
  bool layer = w.text("kind") == "layer";
  VectorType vector = e.vec(e.f32());
  Reduction sum{e, ReductionKind::Sum, e.f32()};
  Value zero = e.index(0);
  // x waits in the row of the second output, which keeps it, or of the first;
  // where that is narrower x is computed again.
  unsigned last = w.kernel.numOuts() - 1;
  bool isCopied = w.flag("copy"), isStored = last == (isCopied ? 2u : 1u);
  bool isKept = isStored || w.outType(0).isF32();
  Value keep = isStored ? w.out(1) : w.out(0);

  auto [from, to] = w.share(w.product(dims), w.kernel.param("chunk"));
  e.loop(from, to, e.index(1), [&](Value row) {
    SmallVector<Strand> leading = w.coordinates(row, dims);
    leading.emplace_back();
    Value start = e.mul(row, columns);
    auto at = [&](const Strand &index) {
      return e.add(start, e.toIndex(index.value));
    };
    auto compute = [&](const Strand &index, Value mask) {
      leading.back() = index;
      return Val(e, lanesOf(e, w.evaluate(0, leading, mask)));
    };
    auto loadKept = [&](const Strand &index, Value mask) {
      return isKept ? Val(e, e.load(vector, keep, at(index), mask))
                    : compute(index, mask);
    };
    Value first = w.sumOver(columns, [&](Strand index, Value mask, Value acc) {
      Val x = compute(index, mask);
      if (isKept)
        e.store(x, keep, at(index), mask);
      if (mask)
        x = select({e, mask}, x, x.k(0));
      return layer ? (Val(e, acc) + x).v : fma(x, x, {e, acc}).v;
    });
    Val n{e, arith::SIToFPOp::create(e.b, e.loc, e.f32(), e.toI64(columns))};
    Val variance = Val(e, sum.across(first)) / n;
    Val mean{e, e.constant(vector, 0)};
    if (layer) {
      // In a second pass over the row: the difference of two sums would lose
      // the digits that matter where the mean is large.
      mean = {e, e.broadcast(variance, e.target.lanes)};
      Value squares =
          w.sumOver(columns, [&](Strand index, Value mask, Value acc) {
            Val d = loadKept(index, mask) - mean;
            if (mask)
              d = select({e, mask}, d, d.k(0));
            return fma(d, d, {e, acc}).v;
          });
      variance = Val(e, sum.across(squares)) / n;
    }
    Val deviation = sqrt(variance + variance.k(w.real("epsilon")));
    Val factor{e, e.broadcast(deviation.k(1.0) / deviation, e.target.lanes)};
    w.vectors(zero, columns, [&](Strand index, Value mask) {
      Val x = loadKept(index, mask);
      Val normalized = (layer ? x - mean : x) * factor;
      leading.back() = index;
      Strand result = w.storeEpilogue(normalized, leading, at(index), mask);
      if (isCopied)
        w.store(last, result, at(index), mask);
    });
  });
}

} // namespace ingot::cpu
