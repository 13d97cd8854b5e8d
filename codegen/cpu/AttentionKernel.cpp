// attention: the part that all forms share, see Attention.h.
#include "codegen/cpu/Attention.h"

#include "codegen/RegionIndices.h"
#include "codegen/cpu/KernelChoice.h"
#include "codegen/cpu/VectorMath.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::cpu {

/// log2 rounds that interleave the first half with the second.
SmallVector<Value> transpose(Emitter &e, SmallVector<Value> in) {
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

Value Attention::loadInput(unsigned i, Value at, Value mask) {
  if (!isNarrow())
    return e.load(vec(), w.in(i), at, mask);
  Value half = e.load(e.vec(e.b.getI16Type()), w.in(i), at, mask);
  Value word =
      arith::ExtUIOp::create(e.b, e.loc, e.vec(e.b.getI32Type()), half);
  return floats(shl({e, word}, 16));
}

Value Attention::outputAt(Value row) {
  Value inBatch = e.add(e.mul(b, queries), row);
  return e.mul(e.add(e.mul(inBatch, w.extent("heads")), h), e.index(dv));
}

/// Fills firstKey and keyCount for the group's rows; gives where the keys of
/// all of them begin and end. Rows that do not exist repeat the last one.
std::pair<Value, Value> Attention::readBounds(Value q0, Value count) {
  Value last = e.sub(count, e.index(1)), zero = e.index(0);
  auto max = [&](Value x, Value y) -> Value {
    return arith::MaxSIOp::create(e.b, e.loc, x, y);
  };
  Type i32 = e.b.getI32Type();
  ValueRange range =
      e.loop(zero, e.index(rows), e.index(1), ValueRange{keys, zero},
             [&](Value r, ValueRange carried) {
               Value at = e.add(e.mul(b, queries), e.add(q0, e.min(r, last)));
               Value first = max(e.toIndex(e.loadScalar(w.in(3), at)), zero);
               Value end = e.min(e.toIndex(e.loadScalar(w.in(4), at)), keys);
               Value length = max(e.sub(end, first), zero);
               auto narrow = [&](Value x) -> Value {
                 return arith::IndexCastOp::create(e.b, e.loc, i32, x);
               };
               e.store(narrow(first), firstKey, r);
               e.store(narrow(length), keyCount, r);
               return SmallVector<Value>{e.min(carried[0], first),
                                         max(carried[1], end)};
             });
  return {range[0], range[1]};
}

/// The scores of `key`; -inf in rows that do not have it.
Value Attention::withinBounds(Value key, int64_t v, Value score) {
  Type i32 = e.b.getI32Type();
  Value number = arith::IndexCastOp::create(e.b, e.loc, i32, key);
  Val first{e, e.load(e.vec(i32), firstKey, e.index(v * lanes))};
  Val since = Val(e, e.broadcast(number, lanes)) - first;
  // Unsigned: what lies in front of the first key is far behind.
  Val inside{e, arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult,
                                      since, keyCounts(v))};
  Val had{e, score};
  return select(inside, had, had.k(-std::numeric_limits<double>::infinity()));
}

/// p = region(p * scoreScale, ...); gives the largest so far.
SmallVector<Value> Attention::modify(Value q0, Value k0, Value count,
                                     Value mask, ValueRange max) {
  int64_t divisor = std::gcd(w.kernel.param("rows"), lanes);
  ValueRange result = e.loop(
      e.index(0), count, e.index(1), max, [&](Value k, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t v = 0; v < vectors; ++v) {
          Val product{e, e.load(vec(), p, scoreAt(k, v))};
          if (scoreScale != 1)
            product = product * product.k(scoreScale);
          Strand arguments[] = {
              {product, {}, 1},
              uniform(e, b),
              uniform(e, h),
              consecutive(e, e.add(q0, e.index(v * lanes)), divisor),
              uniform(e, e.add(k0, k))};
          Value lanesLeft;
          if (mask)
            lanesLeft = e.tailMask(lanes, e.sub(mask, e.index(v * lanes)));
          Value score = lanesOf(e, w.evaluate(0, arguments, lanesLeft));
          if (firstKey)
            score = withinBounds(e.add(k0, k), v, score);
          e.store(score, p, scoreAt(k, v));
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
          Val score{e, e.load(vec(), p, scoreAt(k, v))};
          // What is next to nothing is 0, not a subnormal: masked keys are
          // many, and the processor takes long to round each below the range.
          Val x = score - Val(e, max[v]), least = x.k(-87);
          Val weight =
              select(lt(x, least), x.k(0), vectorExpFast(maxFirst(least, x)));
          e.store(weight, p, scoreAt(k, v));
          next.push_back((Val(e, carried[v]) + weight).v);
        }
        return next;
      });
  return SmallVector<Value>(result);
}

/// What the output is multiplied with, from the sums of weights.
SmallVector<Value> Attention::factors(ValueRange sum) {
  // A row whose weights are all 0 had no key: 0/0 is the NaN that the formula
  // gives, unless the rule says zero. Without any keys the sum is empty.
  Value noKeys = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq,
                                       keys, e.index(0));
  bool zeroRule = w.text("empty_rows") == "zero";
  SmallVector<Value> factor;
  for (int64_t v = 0; v < vectors; ++v) {
    Val total{e, sum[v]};
    Val guarded = select(eq(total, total.k(0)), total.k(1), total);
    Val isEmpty{e, noKeys};
    if (keyCount)
      isEmpty = eq(keyCounts(v), keyCounts(v).k(0));
    total = zeroRule ? guarded : select(isEmpty, guarded, total);
    factor.push_back((total.k(1) / total).v);
  }
  return factor;
}

void Attention::group(Value q0, Value count) {
  startGroup(q0, count);
  double inf = std::numeric_limits<double>::infinity();
  SmallVector<Value> init(vectors, zeros().k(-inf).v);
  init.append(vectors, zeros().v);
  // Loads at the row's index must not run past the last row.
  Value row = w.region(0).getArgument(3);
  bool loadsByRow = false;
  for (Operation &op : w.region(0))
    if (auto load = dyn_cast<tfm::LoadOp>(op))
      loadsByRow |= coefficientOf(load.getCoordinates()[0], row) != 0;

  Value first = e.index(0), last = keys;
  if (w.flag("key_bounds"))
    std::tie(first, last) = readBounds(q0, count);
  SmallVector<Value> state;
  if (!w.has("causal_keys")) {
    state = blocks(first, last, q0, count, loadsByRow, init);
  } else {
    // Later keys weigh nothing in any row: a fill of -inf, or of -1e30 and less
    // where the row has a greater score.
    Value end =
        e.add(e.add(q0, count), e.sub(w.extent("causal_keys"), e.index(1)));
    end = arith::MaxSIOp::create(e.b, e.loc, e.min(end, last), first);
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
            Val rest = select({e, anyLane(empty)}, {e, last}, {e, end});
            return blocks(select(isFirst, {e, first}, {e, end}),
                          select(isFirst, {e, end}, rest), q0, count,
                          loadsByRow, carried);
          }));
    } else {
      state = blocks(first, end, q0, count, loadsByRow, init);
    }
  }
  writeOut(q0, count, factors(ArrayRef(state).drop_front(vectors)));
}

/// Keys [from, to): goes on from `state`, maxima and then sums.
SmallVector<Value> Attention::blocks(Value from, Value to, Value q0,
                                     Value count, bool loadsByRow,
                                     ValueRange state) {
  double inf = std::numeric_limits<double>::infinity();
  return SmallVector<Value>(e.loop(
      from, to, e.index(blockKeys), state, [&](Value k0, ValueRange carried) {
        Value block = e.min(e.index(blockKeys), e.sub(to, k0));
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

void Attention::emit() {
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
  p = e.stackBuffer(e.f32(), (margin + blockKeys) * rows);
  if (w.flag("key_bounds")) {
    firstKey = e.stackBuffer(e.b.getI32Type(), rows);
    keyCount = e.stackBuffer(e.b.getI32Type(), rows);
  }
  Value q1 = e.min(queries, e.add(q0, e.index(taskRows)));
  e.loop(q0, q1, e.index(rows), [&](Value from) {
    group(from, e.min(e.index(rows), e.sub(q1, from)));
  });
}

void emitAttention(KernelWriter &w) {
  AttentionChoice choice = attentionChoiceOf(w.kernel, w.e.target);
  AttentionChoice byVectors = vectorAttention(w.e.target, choice.taskRows);
  auto emitTiles = [&] { makeTileAttention(w, choice)->emit(); };
  auto emitVectors = [&] { makeVectorAttention(w, byVectors)->emit(); };
  if (!choice.onTiles)
    return emitVectors();
  if (!choice.few)
    return emitTiles();
  Emitter &e = w.e;
  Value most = e.b.createOrFold<arith::MaxSIOp>(e.loc, w.extent("queries"),
                                                w.extent("keys"));
  if (std::optional<int64_t> known = constantOf(most))
    return *known <= choice.few ? emitVectors() : emitTiles();
  Value isFew = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::sle,
                                      most, e.index(choice.few));
  e.ifElse(
      isFew, ValueRange{},
      [&](ValueRange) {
        emitVectors();
        return SmallVector<Value>{};
      },
      [&](ValueRange) {
        emitTiles();
        return SmallVector<Value>{};
      });
}

} // namespace ingot::cpu
