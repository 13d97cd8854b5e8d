// attention by AMX tiles, of bf16. Scores are keys times transposed queries, so
// that keys are read as they lie and rows of queries end up in lanes; then
// weights are rounded and transposed, 32 keys at a time, and values are paired:
//
//   qT [d/2][R][2]           queries, pairs along d
//   pairs [keys/2][dv][2]    values, pairs of keys
//   rounded [R][keys]        weights
//   o [R][dv]                unnormalized output, f32
#include "codegen/cpu/Attention.h"
#include "codegen/cpu/Tiles.h"
#include "codegen/cpu/VectorMath.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::cpu {

/// Elements of bf16 in a row of a tile: along d, or keys.
static constexpr int64_t kDepth = 32;
static constexpr int64_t kLanes = Tiles::kRows;
static constexpr int64_t kVectors = 2; ///< tiles of queries

namespace {
class TileAttention : public Attention {
public:
  TileAttention(KernelWriter &w, const AttentionChoice &choice)
      : Attention(w, choice, /*margin=*/Tiles::kRows) {
    assert(vectors == kVectors && "two tiles of queries");
    Type half = e.b.getI16Type();
    scoreScale = w.real("scale");
    qT = e.stackBuffer(half, d * rows);
    pairs = e.stackBuffer(half, blockKeys * dv);
    rounded = e.stackBuffer(half, rows * blockKeys);
    o = e.stackBuffer(e.f32(), rows * dv);
    byRow = e.stackBuffer(e.f32(), rows);
  }

private:
  void startGroup(Value q0, Value count) override;
  void scoresOf(Value k0, Value count) override;
  void accumulate(Value k0, Value count, ValueRange decay) override;
  void writeOut(Value q0, Value count, ValueRange factor) override;

  void pairValues(Value k0, Value count, Value padded);
  void roundWeights(Value count, Value padded);
  void multiplyByRow(ValueRange factor);
  void forRows(Value count,
               llvm::function_ref<void(Value row, Val factor)> emit);
  Value asPairs(Value halves);

  Tiles tiles{e};
  Value qT, pairs, rounded, o, byRow;
};
} // namespace

/// 32 halves as 16 words.
Value TileAttention::asPairs(Value halves) {
  return vector::BitCastOp::create(e.b, e.loc, e.vec(e.b.getI32Type()), halves);
}

void TileAttention::startGroup(Value q0, Value count) {
  auto halves = VectorType::get(kDepth, e.b.getI16Type());
  Value last = e.sub(count, e.index(1));
  for (int64_t v = 0; v < vectors; ++v)
    e.loop(e.index(0), e.index(d), e.index(kDepth), [&](Value column) {
      SmallVector<Value> in;
      for (int64_t r = 0; r < kLanes; ++r) {
        Value row = e.add(q0, e.min(e.index(v * kLanes + r), last));
        Value from = e.add(e.add(qAt, e.mul(row, qRow)), column);
        in.push_back(asPairs(e.load(halves, w.in(0), from)));
      }
      Value first = e.floorDiv(column, e.index(2));
      for (auto [i, words] : llvm::enumerate(transpose(e, in))) {
        Value to = e.mul(at(e.add(first, e.index(i)), v), e.index(2));
        e.store(vector::BitCastOp::create(e.b, e.loc, halves, words), qT, to);
      }
    });
  e.loop(e.index(0), e.index(rows * dv), e.index(lanes),
         [&](Value i) { e.store(zeros(), o, i); });
}

void TileAttention::scoresOf(Value k0, Value count) {
  constexpr int kKeys = 6, kQueries = 7;
  // Where there are fewer keys than a tile has rows, it has as many. Else the
  // last tile ends with the keys, and may begin in the block before.
  Value keyRows =
      e.min(e.add(k0, count), e.index(static_cast<int64_t>(Tiles::kRows)));
  SmallVector<TileShape> shapes(kQueries, {keyRows, e.index(Tiles::kRowBytes)});
  shapes.push_back({e.index(Tiles::kRows), e.index(Tiles::kRowBytes)});
  tiles.configure(tiles.configuration(shapes));
  Value last = e.sub(count, keyRows), stride = e.mul(kRow, e.index(2));
  e.loop(e.index(0), count, e.index(Tiles::kRows), [&](Value from) {
    Value key = arith::MinSIOp::create(e.b, e.loc, from, last);
    Value keyAt = e.add(kAt, e.mul(e.add(k0, key), kRow));
    for (int v = 0; v < kVectors; ++v)
      tiles.zero(v);
    for (int64_t column = 0; column < d; column += kDepth) {
      tiles.load(kKeys, w.in(1), e.add(keyAt, e.index(column)), stride);
      for (int v = 0; v < kVectors; ++v) {
        tiles.load(kQueries, qT, e.mul(at(e.index(column / 2), v), e.index(2)),
                   e.index(rows * 4));
        tiles.multiplyAdd(v, kKeys, kQueries);
      }
    }
    for (int v = 0; v < kVectors; ++v)
      tiles.store(v, p, scoreAt(key, v), e.index(rows * 4));
  });
  tiles.release();
}

/// Rows of values past `count` are zero.
void TileAttention::pairValues(Value k0, Value count, Value padded) {
  auto halves = VectorType::get(kLanes, e.b.getI16Type());
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < kLanes; ++i)
    order.append({i, kLanes + i});
  Value start = e.add(vAt, e.mul(k0, vRow));
  auto pairsOf = [&](Value from, Value to, bool isWhole) {
    e.loop(from, to, e.index(2), [&](Value k) {
      for (int64_t column = 0; column < dv; column += kLanes) {
        SmallVector<Value> in;
        for (int64_t i = 0; i < 2; ++i) {
          Value row = e.add(k, e.index(i)), mask;
          if (!isWhole) // all lanes or none
            mask =
                e.tailMask(kLanes, e.mul(e.sub(count, row), e.index(kLanes)));
          Value at = e.add(e.add(start, e.mul(row, vRow)), e.index(column));
          in.push_back(e.load(halves, w.in(2), at, mask));
        }
        Value paired =
            vector::ShuffleOp::create(e.b, e.loc, in[0], in[1], order);
        e.store(paired, pairs,
                e.add(e.mul(k, e.index(dv)), e.index(2 * column)));
      }
    });
  };
  Value whole = e.mul(e.floorDiv(count, e.index(2)), e.index(2));
  pairsOf(e.index(0), whole, true);
  pairsOf(whole, padded, false);
}

/// Weights past `count` are zero.
void TileAttention::roundWeights(Value count, Value padded) {
  e.loop(count, padded, e.index(1), [&](Value k) {
    for (int64_t v = 0; v < vectors; ++v)
      e.store(zeros(), p, scoreAt(k, v));
  });
  auto halves = VectorType::get(kDepth, e.b.getI16Type());
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < kLanes; ++i)
    order.append({i, kLanes + i});
  e.loop(e.index(0), padded, e.index(kDepth), [&](Value k) {
    for (int64_t v = 0; v < vectors; ++v) {
      SmallVector<Value> words;
      for (int64_t i = 0; i < kDepth; i += 2) {
        SmallVector<Value> in;
        for (int64_t j : {i, i + 1}) {
          Value weight = e.load(vec(), p, scoreAt(e.add(k, e.index(j)), v));
          in.push_back(emitCast(e, weight, e.b.getBF16Type()));
        }
        Value paired =
            vector::ShuffleOp::create(e.b, e.loc, in[0], in[1], order);
        words.push_back(asPairs(paired));
      }
      for (auto [r, row] : llvm::enumerate(transpose(e, words))) {
        Value to = e.add(
            e.index((v * kLanes + static_cast<int64_t>(r)) * blockKeys), k);
        e.store(vector::BitCastOp::create(e.b, e.loc, halves, row), rounded,
                to);
      }
    }
  });
}

/// emit(row, factor of that row, in all lanes).
void TileAttention::forRows(
    Value count, llvm::function_ref<void(Value row, Val factor)> emit) {
  e.loop(e.index(0), count, e.index(1), [&](Value row) {
    emit(row, {e, e.broadcast(e.loadScalar(byRow, row), e.target.lanes)});
  });
}

void TileAttention::accumulate(Value k0, Value count, ValueRange decay) {
  Value padded = e.mul(e.ceilDiv(count, e.index(kDepth)), e.index(kDepth));
  pairValues(k0, count, padded);
  roundWeights(count, padded);
  // The output is zero before the first keys.
  Value isLater = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ne,
                                        k0, e.index(0));
  e.ifThen(isLater, [&] {
    for (int64_t v = 0; v < vectors; ++v)
      e.store(decay[v], byRow, e.index(v * lanes));
    forRows(e.index(rows), [&](Value row, Val factor) {
      for (int64_t c = 0; c < dv; c += lanes) {
        Value at = e.add(e.mul(row, e.index(dv)), e.index(c));
        e.store(Val(e, e.load(vec(), o, at)) * factor, o, at);
      }
    });
  });
  constexpr int kWeights = 6, kValues = 7;
  Value full = e.index(Tiles::kRows), bytes = e.index(Tiles::kRowBytes);
  tiles.configure(
      tiles.configuration(SmallVector<TileShape>(8, {full, bytes})));
  Value outStride = e.index(dv * 4), weightStride = e.index(blockKeys * 2);
  // Four tiles of the output at once, or two.
  for (int64_t column = 0; column < dv;) {
    int64_t across = std::min<int64_t>(2, (dv - column) / kLanes);
    auto forTiles = [&](llvm::function_ref<void(int tile, Value at)> emit) {
      for (int64_t v = 0; v < vectors; ++v)
        for (int64_t c = 0; c < across; ++c)
          emit(static_cast<int>(2 * v + c),
               e.index(v * kLanes * dv + column + c * kLanes));
    };
    forTiles([&](int tile, Value at) { tiles.load(tile, o, at, outStride); });
    e.loop(e.index(0), padded, e.index(kDepth), [&](Value k) {
      for (int64_t c = 0; c < across; ++c) {
        tiles.load(
            kValues, pairs,
            e.add(e.mul(k, e.index(dv)), e.index(2 * (column + c * kLanes))),
            e.index(dv * 4));
        for (int64_t v = 0; v < vectors; ++v) {
          tiles.load(kWeights, rounded,
                     e.add(e.index(v * kLanes * blockKeys), k), weightStride);
          tiles.multiplyAdd(static_cast<int>(2 * v + c), kWeights, kValues);
        }
      }
    });
    forTiles([&](int tile, Value at) { tiles.store(tile, o, at, outStride); });
    column += across * kLanes;
  }
  tiles.release();
}

void TileAttention::writeOut(Value q0, Value count, ValueRange factor) {
  for (int64_t v = 0; v < vectors; ++v)
    e.store(factor[v], byRow, e.index(v * lanes));
  forRows(count, [&](Value r, Val factor) {
    Value to = outputAt(e.add(q0, r));
    for (int64_t c = 0; c < dv; c += lanes) {
      Val value{e, e.load(vec(), o, e.add(e.mul(r, e.index(dv)), e.index(c)))};
      e.store(w.stored(0, value * factor), w.out(0), e.add(to, e.index(c)));
    }
  });
}

std::unique_ptr<Attention> makeTileAttention(KernelWriter &w,
                                             const AttentionChoice &choice) {
  return std::make_unique<TileAttention>(w, choice);
}

} // namespace ingot::cpu
