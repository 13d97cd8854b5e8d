// attention by vectors: keys and values are read as they lie, one element
// broadcast to all rows of queries; those are transposed at a group's start,
// the output at its end. In bf16 a block of keys, or of values, is widened
// first.
//
//   qT [d][R]      scaled queries          oT [dv][R]     unnormalized output
#include "codegen/cpu/Attention.h"

using namespace mlir;

namespace ingot::cpu {

namespace {
class VectorAttention : public Attention {
public:
  VectorAttention(KernelWriter &w, const AttentionChoice &choice)
      : Attention(w, choice), tile(choice.tile) {
    int64_t paddedD = llvm::alignTo(d, lanes),
            paddedV = llvm::alignTo(dv, lanes);
    qT = e.stackBuffer(e.f32(), paddedD * rows);
    oT = e.stackBuffer(e.f32(), paddedV * rows);
    o = e.stackBuffer(e.f32(), rows * paddedV);
    if (isNarrow())
      wide = e.stackBuffer(e.f32(), blockKeys * std::max(d, dv));
  }

private:
  /// Rows of keys or values in f32.
  struct Rows {
    Value buffer, at, stride;
  };

  void startGroup(Value q0, Value count) override;
  void scoresOf(Value k0, Value count) override;
  void accumulate(Value k0, Value count, ValueRange decay) override;
  void writeOut(Value q0, Value count, ValueRange factor) override;

  Rows inF32(unsigned input, Value at, Value stride, Value count,
             int64_t columns);
  void products(Value from, Value to, int64_t width,
                llvm::function_ref<void(Value first, int64_t width)> emit);

  int64_t tile;          ///< keys, or columns of v, in a register tile
  Value qT, oT, o, wide; ///< stack; o [R][dv]: output in rows
};
} // namespace

/// emit(first, width) over [from, to): tiles of `width`, then single ones.
void VectorAttention::products(
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

VectorAttention::Rows VectorAttention::inF32(unsigned input, Value at,
                                             Value stride, Value count,
                                             int64_t columns) {
  if (!isNarrow())
    return {w.in(input), at, stride};
  e.loop(e.index(0), count, e.index(1), [&](Value row) {
    Value from = e.add(at, e.mul(row, stride)),
          to = e.mul(row, e.index(columns));
    w.vectors(e.index(0), e.index(columns), [&](Strand column, Value mask) {
      Value c = e.toIndex(column.value);
      e.store(loadInput(input, e.add(from, c), mask), wide, e.add(to, c), mask);
    });
  });
  return {wide, e.index(0), e.index(columns)};
}

void VectorAttention::startGroup(Value q0, Value count) {
  Val scale{e, e.constant(vec(), w.real("scale"))};
  Value last = e.sub(count, e.index(1));
  for (int64_t v = 0; v < vectors; ++v)
    w.vectors(e.index(0), e.index(d), [&](Strand column, Value mask) {
      SmallVector<Value> in;
      for (int64_t r = 0; r < lanes; ++r) {
        Value row = e.add(q0, e.min(e.index(v * lanes + r), last));
        Value from =
            e.add(e.add(qAt, e.mul(row, qRow)), e.toIndex(column.value));
        in.push_back(Val(e, loadInput(0, from, mask)) * scale);
      }
      for (auto [i, column0] : llvm::enumerate(transpose(e, in)))
        e.store(column0, qT, at(e.add(e.toIndex(column.value), e.index(i)), v));
    });
  e.loop(e.index(0), e.index(llvm::alignTo(dv, lanes) * rows), e.index(lanes),
         [&](Value i) { e.store(zeros(), oT, i); });
}

void VectorAttention::scoresOf(Value k0, Value count) {
  Rows from = inF32(1, e.add(kAt, e.mul(k0, kRow)), kRow, count, d);
  products(e.index(0), count, tile, [&](Value first, int64_t width) {
    SmallVector<Value> start;
    for (int64_t k = 0; k < width; ++k) {
      Value key = e.add(first, e.index(k));
      start.push_back(e.add(from.at, e.mul(key, from.stride)));
    }
    SmallVector<Value> init(width * vectors, zeros().v);
    ValueRange sums = e.loop(
        e.index(0), e.index(d), e.index(1), init, [&](Value i, ValueRange acc) {
          SmallVector<Value> next, query;
          for (int64_t v = 0; v < vectors; ++v)
            query.push_back(e.load(vec(), qT, at(i, v)));
          for (int64_t k = 0; k < width; ++k) {
            Value key = e.broadcast(
                e.loadScalar(from.buffer, e.add(start[k], i)), e.target.lanes);
            for (int64_t v = 0; v < vectors; ++v)
              next.push_back(
                  fma({e, key}, {e, query[v]}, {e, acc[k * vectors + v]}));
          }
          return next;
        });
    for (int64_t k = 0; k < width; ++k)
      for (int64_t v = 0; v < vectors; ++v)
        e.store(sums[k * vectors + v], p, scoreAt(e.add(first, e.index(k)), v));
  });
}

void VectorAttention::accumulate(Value k0, Value count, ValueRange decay) {
  Rows from = inF32(2, e.add(vAt, e.mul(k0, vRow)), vRow, count, dv);
  products(e.index(0), e.index(dv), tile, [&](Value first, int64_t width) {
    SmallVector<Value> init;
    for (int64_t c = 0; c < width; ++c)
      for (int64_t v = 0; v < vectors; ++v) {
        Val before{e, e.load(vec(), oT, at(e.add(first, e.index(c)), v))};
        init.push_back((before * Val(e, decay[v])).v);
      }
    Value start = e.add(from.at, first);
    ValueRange sums = e.loop(
        e.index(0), count, e.index(1), init, [&](Value k, ValueRange acc) {
          SmallVector<Value> next, weight;
          for (int64_t v = 0; v < vectors; ++v)
            weight.push_back(e.load(vec(), p, scoreAt(k, v)));
          Value row = e.add(start, e.mul(k, from.stride));
          for (int64_t c = 0; c < width; ++c) {
            Value value = e.broadcast(
                e.loadScalar(from.buffer, e.add(row, e.index(c))), lanes);
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

void VectorAttention::writeOut(Value q0, Value count, ValueRange factor) {
  int64_t padded = llvm::alignTo(dv, lanes);
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
  e.loop(e.index(0), count, e.index(1), [&](Value r) {
    Value to = outputAt(e.add(q0, r));
    w.vectors(e.index(0), e.index(dv), [&](Strand column, Value mask) {
      Value c = e.toIndex(column.value);
      Value value = e.load(vec(), o, e.add(e.mul(r, e.index(padded)), c));
      e.store(w.stored(0, value), w.out(0), e.add(to, c), mask);
    });
  });
}

std::unique_ptr<Attention> makeVectorAttention(KernelWriter &w,
                                               const AttentionChoice &choice) {
  return std::make_unique<VectorAttention>(w, choice);
}

} // namespace ingot::cpu
