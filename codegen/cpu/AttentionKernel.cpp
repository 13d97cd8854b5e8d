// attention: out[b, q, h, :] = sum over k of softmax(region(scale q.k, b, h, q,
// k)) v
//
// Flash style: keys pass in blocks, with a running maximum, sum and output per
// query. Lanes run along query rows: keys and values are read as they lie, one
// element broadcast to all rows, and maximum, sum and exp need nothing across
// lanes. Only a group's queries are transposed at its start, its output at the
// end.
//
// One group at a time; R rows, in vectors of L lanes:
//   qT [d][R]      scaled queries          p  [kBlock][R]  scores, then weights
//   oT [dv][R]     unnormalized output
#include "codegen/RegionIndices.h"
#include "codegen/cpu/KernelWriter.h"
#include "codegen/cpu/VectorMath.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::cpu {

static constexpr int64_t kBlock = 64; ///< keys in a block

namespace {
struct Attention {
  KernelWriter &w;
  Emitter &e;
  int64_t d, dv, lanes;
  int64_t vectors; ///< of a group
  int64_t rows;    ///< R: lanes * vectors
  int64_t tile;    ///< keys, or columns of v, in a register tile
  Value b = {}, h = {}, queries = {}, keys = {};
  Value qAt = {}, kAt = {}, vAt = {}; ///< offsets of this batch and head
  Value qRow = {}, kRow = {}, vRow = {};
  Value qT = {}, oT = {}, p = {}, o = {}; ///< stack; o [R][dv]: output in rows

  VectorType vec() { return e.vec(e.f32()); }
  Val zeros() { return {e, e.constant(vec(), 0)}; }
  Value at(Value row, int64_t v) {
    return e.add(e.mul(row, e.index(rows)), e.index(v * lanes));
  }

  void prepare();
  void group(Value q0, Value count);
  SmallVector<Value> blocks(Value from, Value to, Value q0, Value count,
                            bool loadsByRow, ValueRange state);
  void transposeQueries(Value q0, Value count);
  void scoresOf(Value k0, Value count);
  SmallVector<Value> modify(Value q0, Value k0, Value count, Value mask,
                            ValueRange max);
  SmallVector<Value> weights(Value count, ValueRange max, ValueRange sum);
  void accumulate(Value k0, Value count, ValueRange decay);
  void writeOut(Value q0, Value count, ValueRange sum);
  void products(Value from, Value to, int64_t width,
                llvm::function_ref<void(Value first, int64_t width)> emit);
};
} // namespace

/// Transposes as many vectors as a vector has lanes: log2 rounds that
/// interleave the first half with the second.
static SmallVector<Value> transpose(Emitter &e, SmallVector<Value> in) {
  int64_t n = in.size();
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < n / 2; ++i) {
    low.append({i, n + i});
    high.append({n / 2 + i, n + n / 2 + i});
  }
  for (int64_t round = 1; round < n; round *= 2) {
    SmallVector<Value> out;
    for (int64_t i = 0; i < n / 2; ++i)
      for (ArrayRef<int64_t> order : {ArrayRef(low), ArrayRef(high)})
        out.push_back(
            vector::ShuffleOp::create(e.b, e.loc, in[i], in[i + n / 2], order));
    in = out;
  }
  return in;
}

/// emit(first, width) over [from, to): tiles of `width`, then single ones.
void Attention::products(
    Value from, Value to, int64_t width,
    llvm::function_ref<void(Value first, int64_t width)> emit) {
  Value count = e.sub(to, from);
  Value whole =
      e.add(from, e.mul(e.floorDiv(count, e.index(width)), e.index(width)));
  e.loop(from, whole, e.index(width), [&](Value i) { emit(i, width); });
  std::optional<int64_t> known = constantOf(count);
  if (!known || *known % width)
    e.loop(whole, to, e.index(1), [&](Value i) { emit(i, 1); });
}

void Attention::transposeQueries(Value q0, Value count) {
  Val scale{e, e.constant(vec(), w.real("scale"))};
  Value last = e.sub(count, e.index(1));
  for (int64_t v = 0; v < vectors; ++v)
    w.vectors(e.index(0), e.index(d), [&](Strand column, Value mask) {
      SmallVector<Value> in;
      for (int64_t r = 0; r < lanes; ++r) {
        // Rows that do not exist repeat the last one; they are not stored.
        Value row = e.add(q0, e.min(e.index(v * lanes + r), last));
        Value from =
            e.add(e.add(qAt, e.mul(row, qRow)), e.toIndex(column.value));
        in.push_back(Val(e, e.load(vec(), w.in(0), from, mask)) * scale);
      }
      for (auto [i, column0] : llvm::enumerate(transpose(e, in)))
        e.store(column0, qT, at(e.add(e.toIndex(column.value), e.index(i)), v));
    });
}

/// p[k] = q . k for `count` keys from k0 on.
void Attention::scoresOf(Value k0, Value count) {
  products(e.index(0), count, tile, [&](Value first, int64_t width) {
    SmallVector<Value> start;
    for (int64_t k = 0; k < width; ++k) {
      Value key = e.add(k0, e.add(first, e.index(k)));
      start.push_back(e.add(kAt, e.mul(key, kRow)));
    }
    SmallVector<Value> init(width * vectors, zeros().v);
    ValueRange sums = e.loop(
        e.index(0), e.index(d), e.index(1), init, [&](Value i, ValueRange acc) {
          SmallVector<Value> next, query;
          for (int64_t v = 0; v < vectors; ++v)
            query.push_back(e.load(vec(), qT, at(i, v)));
          for (int64_t k = 0; k < width; ++k) {
            Value key = e.broadcast(e.loadScalar(w.in(1), e.add(start[k], i)),
                                    e.target.lanes);
            for (int64_t v = 0; v < vectors; ++v)
              next.push_back(
                  fma({e, key}, {e, query[v]}, {e, acc[k * vectors + v]}));
          }
          return next;
        });
    for (int64_t k = 0; k < width; ++k)
      for (int64_t v = 0; v < vectors; ++v)
        e.store(sums[k * vectors + v], p, at(e.add(first, e.index(k)), v));
  });
}

/// p = region(p, ...); gives the largest so far.
SmallVector<Value> Attention::modify(Value q0, Value k0, Value count,
                                     Value mask, ValueRange max) {
  int64_t divisor = std::gcd(w.kernel.param("rows"), lanes);
  ValueRange result = e.loop(
      e.index(0), count, e.index(1), max, [&](Value k, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t v = 0; v < vectors; ++v) {
          Strand arguments[] = {
              {e.load(vec(), p, at(k, v)), {}, 1},
              uniform(e, b),
              uniform(e, h),
              consecutive(e, e.add(q0, e.index(v * lanes)), divisor),
              uniform(e, e.add(k0, k))};
          Value lanesLeft;
          if (mask)
            lanesLeft = e.tailMask(lanes, e.sub(mask, e.index(v * lanes)));
          Value score = lanesOf(e, w.evaluate(0, arguments, lanesLeft));
          e.store(score, p, at(k, v));
          // A NaN need not stay in the maximum: it stays in the sum.
          next.push_back(maxFirst({e, score}, {e, carried[v]}));
        }
        return next;
      });
  return SmallVector<Value>(result);
}

/// p = exp(p - max); gives the sums so far.
SmallVector<Value> Attention::weights(Value count, ValueRange max,
                                      ValueRange sum) {
  ValueRange result = e.loop(
      e.index(0), count, e.index(1), sum, [&](Value k, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t v = 0; v < vectors; ++v) {
          Val score{e, e.load(vec(), p, at(k, v))};
          Val weight = vectorExpFast(score - Val(e, max[v]));
          e.store(weight, p, at(k, v));
          next.push_back((Val(e, carried[v]) + weight).v);
        }
        return next;
      });
  return SmallVector<Value>(result);
}

/// oT = oT * decay + p v over `count` keys from k0 on.
void Attention::accumulate(Value k0, Value count, ValueRange decay) {
  products(e.index(0), e.index(dv), tile, [&](Value first, int64_t width) {
    SmallVector<Value> init;
    for (int64_t c = 0; c < width; ++c)
      for (int64_t v = 0; v < vectors; ++v) {
        Val before{e, e.load(vec(), oT, at(e.add(first, e.index(c)), v))};
        init.push_back((before * Val(e, decay[v])).v);
      }
    Value start = e.add(e.add(vAt, e.mul(k0, vRow)), first);
    ValueRange sums = e.loop(
        e.index(0), count, e.index(1), init, [&](Value k, ValueRange acc) {
          SmallVector<Value> next, weight;
          for (int64_t v = 0; v < vectors; ++v)
            weight.push_back(e.load(vec(), p, at(k, v)));
          Value row = e.add(start, e.mul(k, vRow));
          for (int64_t c = 0; c < width; ++c) {
            Value value = e.broadcast(
                e.loadScalar(w.in(2), e.add(row, e.index(c))), lanes);
            for (int64_t v = 0; v < vectors; ++v)
              next.push_back(
                  fma({e, value}, {e, weight[v]}, {e, acc[c * vectors + v]}));
          }
          return next;
        });
    for (int64_t c = 0; c < width; ++c)
      for (int64_t v = 0; v < vectors; ++v)
        e.store(sums[c * vectors + v], oT, at(e.add(first, e.index(c)), v));
  });
}

void Attention::writeOut(Value q0, Value count, ValueRange sum) {
  int64_t padded = llvm::alignTo(dv, lanes);
  // A row whose weights are all 0 had no key: 0/0 is the NaN that the formula
  // gives, unless the rule says zero. Without any keys the sum is empty.
  Value noKeys = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq,
                                       keys, e.index(0));
  bool zeroRule = w.text("empty_rows") == "zero";
  SmallVector<Value> factor;
  for (int64_t v = 0; v < vectors; ++v) {
    Val total{e, sum[v]};
    Val guarded = select(eq(total, total.k(0)), total.k(1), total);
    total = zeroRule ? guarded : select({e, noKeys}, guarded, total);
    factor.push_back((total.k(1) / total).v);
  }
  for (int64_t v = 0; v < vectors; ++v)
    e.loop(e.index(0), e.index(padded), e.index(lanes), [&](Value column) {
      SmallVector<Value> in;
      for (int64_t i = 0; i < lanes; ++i) {
        Val value{e, e.load(vec(), oT, at(e.add(column, e.index(i)), v))};
        in.push_back((value * Val(e, factor[v])).v);
      }
      for (auto [r, row] : llvm::enumerate(transpose(e, in)))
        e.store(row, o, e.add(e.index((v * lanes + r) * padded), column));
    });
  Value heads = w.extent("heads");
  e.loop(e.index(0), count, e.index(1), [&](Value r) {
    Value row = e.add(e.mul(b, queries), e.add(q0, r));
    Value to = e.mul(e.add(e.mul(row, heads), h), e.index(dv));
    w.vectors(e.index(0), e.index(dv), [&](Strand column, Value mask) {
      Value c = e.toIndex(column.value);
      Value value = e.load(vec(), o, e.add(e.mul(r, e.index(padded)), c));
      e.store(w.stored(0, value), w.out(0), e.add(to, c), mask);
    });
  });
}

void Attention::group(Value q0, Value count) {
  transposeQueries(q0, count);
  e.loop(e.index(0), e.index(llvm::alignTo(dv, lanes) * rows), e.index(lanes),
         [&](Value i) { e.store(zeros(), oT, i); });
  double inf = std::numeric_limits<double>::infinity();
  SmallVector<Value> init(vectors, zeros().k(-inf).v);
  init.append(vectors, zeros().v);
  // Loads at the row's index must not run past the last row.
  Value row = w.region(0).getArgument(3);
  bool loadsByRow = false;
  for (Operation &op : w.region(0))
    if (auto load = dyn_cast<tfm::LoadOp>(op))
      loadsByRow |= coefficientOf(load.getCoordinates()[0], row) != 0;

  SmallVector<Value> state;
  if (!w.has("causal_keys")) {
    state = blocks(e.index(0), keys, q0, count, loadsByRow, init);
  } else {
    // Later keys weigh nothing in any row: a fill of -inf, or of -1e30 and less
    // where the row has a greater score.
    Value end =
        e.add(e.add(q0, count), e.sub(w.extent("causal_keys"), e.index(1)));
    end = arith::MaxSIOp::create(e.b, e.loc, e.min(end, keys), e.index(0));
    if (w.text("empty_rows") == "mean") {
      // One loop over both parts: the code of a block is there once.
      state = SmallVector<Value>(e.loop(
          e.index(0), e.index(2), e.index(1), init,
          [&](Value part, ValueRange carried) {
            Val isFirst{e, arith::CmpIOp::create(e.b, e.loc,
                                                 arith::CmpIPredicate::eq, part,
                                                 e.index(0))};
            Val empty = le(Val(e, carried[0]), zeros().k(-1e29));
            for (int64_t v = 1; v < vectors; ++v)
              empty = empty | le(Val(e, carried[v]), zeros().k(-1e29));
            Val last = select({e, anyLane(empty)}, {e, keys}, {e, end});
            return blocks(select(isFirst, {e, e.index(0)}, {e, end}),
                          select(isFirst, {e, end}, last), q0, count,
                          loadsByRow, carried);
          }));
    } else {
      state = blocks(e.index(0), end, q0, count, loadsByRow, init);
    }
  }
  writeOut(q0, count, ArrayRef(state).drop_front(vectors));
}

/// Keys [from, to): goes on from `state`, maxima and then sums.
SmallVector<Value> Attention::blocks(Value from, Value to, Value q0,
                                     Value count, bool loadsByRow,
                                     ValueRange state) {
  double inf = std::numeric_limits<double>::infinity();
  return SmallVector<Value>(e.loop(
      from, to, e.index(kBlock), state, [&](Value k0, ValueRange carried) {
        Value block = e.min(e.index(kBlock), e.sub(to, k0));
        scoresOf(k0, block);
        SmallVector<Value> before(carried.take_front(vectors)), max;
        if (loadsByRow) {
          Value full = arith::CmpIOp::create(
              e.b, e.loc, arith::CmpIPredicate::eq, count, e.index(rows));
          max = e.ifElse(
              full, before,
              [&](ValueRange m) { return modify(q0, k0, block, {}, m); },
              [&](ValueRange m) { return modify(q0, k0, block, count, m); });
        } else {
          max = modify(q0, k0, block, {}, before);
        }
        // While all scores are -inf the shift is 0: -inf - -inf would be NaN
        // and stay when a later block brings a key.
        SmallVector<Value> shift, decay;
        for (int64_t v = 0; v < vectors; ++v) {
          Val m{e, max[v]};
          Val safe = select(eq(m, m.k(-inf)), m.k(0), m);
          shift.push_back(safe);
          decay.push_back(vectorExpFast(Val(e, before[v]) - safe));
        }
        SmallVector<Value> sum;
        for (int64_t v = 0; v < vectors; ++v)
          sum.push_back(Val(e, carried[vectors + v]) * Val(e, decay[v]));
        sum = weights(block, shift, sum);
        accumulate(k0, block, decay);
        max.append(sum.begin(), sum.end());
        return max;
      }));
}

void Attention::prepare() {
  queries = w.extent("queries");
  keys = w.extent("keys");
  // Task: blocks of query rows fastest, then heads, then batch.
  int64_t taskRows = w.kernel.param("rows");
  Value blocks = e.ceilDiv(queries, e.index(taskRows)),
        heads = w.extent("heads");
  Value pair = e.floorDiv(w.task, blocks);
  Value q0 = e.mul(e.sub(w.task, e.mul(pair, blocks)), e.index(taskRows));
  b = e.floorDiv(pair, heads);
  h = e.sub(pair, e.mul(b, heads));
  Value kvHead = e.floorDiv(h, e.index(w.kernel.param("group")));
  auto offset = [&](StringRef name, Value head, Value &row) {
    SmallVector<Value> strides = w.extents(name);
    row = strides[1];
    return e.add(e.mul(b, strides[0]), e.mul(head, strides[2]));
  };
  qAt = offset("q_strides", h, qRow);
  kAt = offset("k_strides", kvHead, kRow);
  vAt = offset("v_strides", kvHead, vRow);
  int64_t paddedD = llvm::alignTo(d, lanes), paddedV = llvm::alignTo(dv, lanes);
  qT = e.stackBuffer(e.f32(), paddedD * rows);
  p = e.stackBuffer(e.f32(), kBlock * rows);
  oT = e.stackBuffer(e.f32(), paddedV * rows);
  o = e.stackBuffer(e.f32(), rows * paddedV);
  Value q1 = e.min(queries, e.add(q0, e.index(taskRows)));
  e.loop(q0, q1, e.index(rows), [&](Value from) {
    group(from, e.min(e.index(rows), e.sub(q1, from)));
  });
}

void emitAttention(KernelWriter &w) {
  int64_t lanes = w.e.target.lanes, vectors = 16 / lanes;
  Attention attention{w,     w.e,     w.kernel.param("d"), w.kernel.param("dv"),
                      lanes, vectors, lanes * vectors,     8 / vectors};
  attention.prepare();
}

} // namespace ingot::cpu
