// reduce: out[i...] = finalize(reduction over r... of region(i..., r...)).
//
// Lanes run along the last extent, or along the last reduced extent with a sum
// across lanes at the end: whichever makes more loads contiguous. A sum of
// products is computed in tiles of rows x columns whose loads are shared, which
// is what makes a matrix product out of the same code.
#include "codegen/RegionIndices.h"
#include "codegen/cpu/KernelWriter.h"
#include "codegen/cpu/Reduction.h"
#include "codegen/cpu/VectorMath.h"

using namespace mlir;

namespace ingot::cpu {

void emitArgReduce(KernelWriter &w, SmallVector<Value> dims, Value length);

namespace {
struct Reducer {
  KernelWriter &w;
  Emitter &e;
  Reduction rules;
  SmallVector<Value> outer; ///< extents but the last
  Value columns;            ///< the last extent
  SmallVector<Value> reduced;
  Value count; ///< elements that are reduced
  bool acrossLanes;
  int64_t divisor;      ///< of the first column of a vector
  tfm::ApplyOp product; ///< the yielded multiplication of a sum, or null

  /// Lanes along r (true) or along the last extent?
  bool chooseAcross();
  SmallVector<Value> combine(ArrayRef<SmallVector<Strand>> at, Value mask,
                             ValueRange acc);
  void nest(size_t depth, SmallVector<Strand> &leading,
            llvm::function_ref<SmallVector<Value>(ValueRange, Value mask)> step,
            SmallVector<Value> &acc);
  void tile(ArrayRef<Strand> first, Value row, int64_t rows, Value column,
            int64_t cols, Value mask);
  void line(ArrayRef<Strand> first, Value row, int64_t rows, Value from,
            Value to);
};
} // namespace

bool Reducer::chooseAcross() {
  if (constantOf(columns) == 1)
    return true;
  Block &block = w.region(0);
  size_t last = outer.size(), reducedLast = last + reduced.size();
  Value x = w.yielded(0);
  return gathersAlong(x, block.getArgument(reducedLast)) <
         gathersAlong(x, block.getArgument(last));
}

/// The next accumulators: `at` has the region's leading arguments of each.
SmallVector<Value> Reducer::combine(ArrayRef<SmallVector<Strand>> at,
                                    Value mask, ValueRange acc) {
  SmallVector<Value> next;
  VectorType type = e.vec(w.yielded(0).getType());
  for (auto [leading, sum] : llvm::zip_equal(at, acc)) {
    // Lanes that do not exist add nothing; along the last extent they are not
    // stored.
    bool drop = mask && acrossLanes;
    if (product) {
      RegionEmitter region = w.evaluator(0, leading, mask);
      Val a{e, lanesOf(e, region.evaluate(product.getOperands()[0]))};
      Val b{e, lanesOf(e, region.evaluate(product.getOperands()[1]))};
      if (drop)
        a = select({e, mask}, a, a.k(0)), b = select({e, mask}, b, b.k(0));
      next.push_back(rules.combineProduct(sum, a, b));
      continue;
    }
    Val x{e, lanesOf(e, w.evaluate(0, leading, mask))};
    Value combined = rules.combine(sum, x);
    if (drop)
      combined = select({e, mask}, {e, combined}, {e, sum});
    assert(combined.getType() == type && "accumulator changed its type");
    next.push_back(combined);
  }
  return next;
}

/// Loops over the reduced extents from `depth` on; `leading` gets the reduced
/// coordinates appended while `step` runs.
void Reducer::nest(
    size_t depth, SmallVector<Strand> &leading,
    llvm::function_ref<SmallVector<Value>(ValueRange, Value)> step,
    SmallVector<Value> &acc) {
  size_t at = outer.size() + 1 + depth;
  bool innermost = depth + 1 == reduced.size();
  if (innermost && acrossLanes) {
    acc = w.vectors(e.index(0), reduced[depth], acc,
                    [&](Strand index, Value mask, ValueRange carried) {
                      leading[at] = index;
                      return step(carried, mask);
                    });
    return;
  }
  ValueRange results = e.loop(e.index(0), reduced[depth], e.index(1), acc,
                              [&](Value index, ValueRange carried) {
                                leading[at] = uniform(e, index);
                                if (innermost)
                                  return step(carried, {});
                                SmallVector<Value> inner(carried);
                                nest(depth + 1, leading, step, inner);
                                return inner;
                              });
  acc.assign(results.begin(), results.end());
}

/// Rows row .. row+rows, of one block of the last outer coordinate, and `cols`
/// columns (or vectors of columns) from `column` on.
void Reducer::tile(ArrayRef<Strand> first, Value row, int64_t rows,
                   Value column, int64_t cols, Value mask) {
  int64_t lanes = e.target.lanes;
  SmallVector<SmallVector<Strand>> at;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c) {
      SmallVector<Strand> leading(first);
      if (r)
        leading.back() =
            uniform(e, e.add(e.toIndex(leading.back().value), e.index(r)));
      leading.push_back(
          acrossLanes
              ? uniform(e, e.add(column, e.index(c)))
              : consecutive(e, e.add(column, e.index(c * lanes)), divisor));
      at.push_back(leading);
    }
  SmallVector<Strand> reducedAt(outer.size() + 1 + reduced.size());
  SmallVector<Value> acc(rows * cols,
                         rules.identity(e.vec(w.yielded(0).getType())));
  nest(
      0, reducedAt,
      [&](ValueRange carried, Value reducedMask) {
        SmallVector<SmallVector<Strand>> full(at);
        for (auto &leading : full)
          llvm::append_range(leading, ArrayRef<Strand>(reducedAt).drop_front(
                                          outer.size() + 1));
        return combine(full, acrossLanes ? reducedMask : mask, carried);
      },
      acc);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c) {
      Value sum = acc[r * cols + c];
      Strand value{acrossLanes ? rules.across(sum) : sum, {}, 1};
      value.value = rules.finish(value.value, count);
      SmallVector<Strand> &leading = at[r * cols + c];
      if (w.hasRegion(1)) {
        SmallVector<Strand> arguments{value};
        llvm::append_range(arguments, leading);
        value = w.evaluate(1, arguments, acrossLanes ? Value() : mask);
      }
      Value to = e.add(e.mul(e.add(row, e.index(r)), columns),
                       e.toIndex(leading.back().value));
      w.store(0, value, to, acrossLanes ? Value() : mask, acrossLanes);
    }
}

/// Columns [from, to) of `rows` rows: wide tiles first, then single columns or
/// vectors.
void Reducer::line(ArrayRef<Strand> first, Value row, int64_t rows, Value from,
                   Value to) {
  int64_t unit = acrossLanes ? 1 : e.target.lanes;
  int64_t cols =
      product ? (acrossLanes ? 2 : (e.target.lanes == 16 ? 4 : 2)) : 1;
  Value start = from;
  if (cols > 1) {
    Value width = e.index(cols * unit);
    Value whole = e.mul(e.floorDiv(e.sub(to, from), width), width);
    start = e.add(from, whole);
    e.loop(from, start, width,
           [&](Value column) { tile(first, row, rows, column, cols, {}); });
  }
  if (acrossLanes)
    return e.loop(start, to, e.index(1),
                  [&](Value column) { tile(first, row, rows, column, 1, {}); });
  w.vectors(
      start, to,
      [&](Strand index, Value mask) {
        tile(first, row, rows, e.toIndex(index.value), 1, mask);
      },
      divisor);
}

void emitReduce(KernelWriter &w) {
  Emitter &e = w.e;
  SmallVector<Value> dims = w.extents("extents");
  SmallVector<Value> reduced = w.extents("reduce_extents");
  std::optional<ReductionKind> kind = reductionKindOf(w.text("kind"));
  if (!kind)
    return emitArgReduce(w, dims, reduced[0]);
  assert(!dims.empty() && !reduced.empty() && "an extent of 1 stands for none");
  Reducer r{w,
            e,
            {e, *kind, w.outType(0)},
            {},
            {},
            reduced,
            w.product(reduced),
            false,
            e.target.lanes,
            nullptr};
  r.columns = dims.pop_back_val();
  r.outer = dims;
  r.acrossLanes = r.chooseAcross();
  auto apply = w.yielded(0).getDefiningOp<tfm::ApplyOp>();
  if (apply && *kind == ReductionKind::Sum && apply.getType().isF32() &&
      apply.getOp().getValue() == ScalarOp::Mul)
    r.product = apply;

  int64_t chunk = w.kernel.param("chunk");
  if (dims.empty()) {
    r.divisor = std::gcd<int64_t>(chunk, r.divisor);
    auto [from, to] = w.share(r.columns, chunk);
    return r.line({}, e.index(0), 1, from, to);
  }
  auto [from, to] = w.share(w.product(dims), chunk);
  if (!r.product) {
    e.loop(from, to, e.index(1), [&](Value row) {
      r.line(w.coordinates(row, dims), row, 1, e.index(0), r.columns);
    });
    return;
  }
  // Four rows at once where they lie in one block of the last outer extent.
  constexpr int64_t kRows = 4;
  Value block = dims.back();
  auto more = [&, to = to](ValueRange row) -> Value {
    return arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult, row[0],
                                 to);
  };
  e.loopWhile(from, more, [&, to = to](ValueRange carried) {
    Value row = carried[0];
    SmallVector<Strand> first = w.coordinates(row, dims);
    Value left =
        e.min(e.sub(block, e.toIndex(first.back().value)), e.sub(to, row));
    Value several = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::uge,
                                          left, e.index(kRows));
    Value step = e.ifElse(
        several, e.b.getIndexType(),
        [&] {
          r.line(first, row, kRows, e.index(0), r.columns);
          return e.index(kRows);
        },
        [&] {
          r.line(first, row, 1, e.index(0), r.columns);
          return e.index(1);
        });
    return SmallVector<Value>{e.add(row, step)};
  });
}

} // namespace ingot::cpu
