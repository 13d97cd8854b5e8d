#include "codegen/cpu/GemmQuantized.h"

#include "codegen/cpu/VectorMath.h"
#include "ir/plan/Plan.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::cpu {

static constexpr int64_t kColumns = plan::kPanelColumns;
/// Rows of bytes that few rows ask for ahead: some 300 cycles.
static constexpr int64_t kPrefetchRows = 64;

namespace {
struct Decoder {
  Emitter &e;
  const QuantizedB &b;

  int64_t lanes() const { return e.target.lanes; }
  int64_t vectors() const { return kColumns / lanes(); }

  /// Bytes of q as i32.
  Val wide(Value buffer, Value at) {
    Value bytes = e.load(e.vec(e.b.getI8Type()), buffer, at);
    Type type = e.vec(e.b.getI32Type());
    return {e,
            b.isSigned
                ? arith::ExtSIOp::create(e.b, e.loc, type, bytes).getResult()
                : arith::ExtUIOp::create(e.b, e.loc, type, bytes).getResult()};
  }
  Val toFloat(Val x) {
    return {e, arith::SIToFPOp::create(e.b, e.loc, e.vec(e.f32()), x.v)};
  }

  /// Element 0 of the first column of a row of scales or zeros.
  Value blockAt(Value panel, Value block) {
    return e.mul(e.add(e.mul(panel, e.index(b.blocks())), block),
                 e.index(kColumns));
  }
  SmallVector<Value> scalesOf(Value at, int64_t vectors) {
    SmallVector<Value> scales;
    for (int64_t v = 0; v < vectors; ++v)
      scales.push_back(
          e.load(e.vec(e.f32()), b.scales, e.add(at, e.index(v * lanes()))));
    return scales;
  }
  /// As i32; none without zeros.
  SmallVector<Value> zerosOf(Value at, int64_t vectors) {
    SmallVector<Value> zeros;
    for (int64_t v = 0; b.zeros && v < vectors; ++v)
      zeros.push_back(wide(b.zeros, e.add(at, e.index(v * lanes()))));
    return zeros;
  }

  /// The first byte of the panel's row that has k.
  Value byteAt(Value panel, Value k) {
    Value row = e.floorDiv(k, e.index(b.perByte()));
    return e.mul(e.add(e.mul(panel, e.index(b.byteRows())), row),
                 e.index(kColumns));
  }

  /// Vector `v` of the row of bytes at `at`.
  Val bytes(Value at, int64_t v) {
    return wide(b.q, e.add(at, e.index(v * lanes())));
  }
  /// Element `i` along k of such bytes, less `zero` (or null).
  Val weight(Val bytes, int64_t i, Value zero) {
    if (b.bits == 4 && i == 1)
      bytes = shr(bytes, 4); // above is the byte's sign, or zeros
    else if (b.bits == 4)
      bytes = b.isSigned ? shr(shl(bytes, 28), 28) : bytes & bytes.k(15);
    return toFloat(zero ? bytes - Val(e, zero) : bytes);
  }

  /// Lanes of two bf16, the first in the low half, as i16.
  Value pair(Val low, Val high) {
    auto word = [&](Val x) {
      Value rounded = emitCast(e, x, e.b.getBF16Type());
      Value half = arith::BitcastOp::create(e.b, e.loc, e.vec(e.b.getI16Type()),
                                            rounded);
      return Val(
          e, arith::ExtUIOp::create(e.b, e.loc, e.vec(e.b.getI32Type()), half));
    };
    Val words = word(low) | shl(word(high), 16);
    auto type = VectorType::get(2 * lanes(), e.b.getI16Type());
    return vector::BitCastOp::create(e.b, e.loc, type, words);
  }
};
} // namespace

void emitDequantize(Emitter &e, const QuantizedB &b, Value panel, Value k0,
                    int64_t depth, Value to) {
  Decoder decoder{e, b};
  int64_t lanes = decoder.lanes(), perByte = b.perByte();
  bool isPairs = getElementTypeOrSelf(to.getType()).isInteger(16);
  assert((!isPairs || (depth % 2 == 0 && b.k % 2 == 0 && b.block % 2 == 0)) &&
         "pairs along an odd K");
  Value first = e.floorDiv(k0, e.index(b.block));
  auto block = [&](Value number, Value from, int64_t length) {
    Value at = decoder.blockAt(panel, e.add(first, number));
    SmallVector<Value> scales = decoder.scalesOf(at, decoder.vectors()),
                       zeros = decoder.zerosOf(at, decoder.vectors());
    Value byte0 = decoder.byteAt(panel, e.add(k0, from));
    // `count` elements along k from the `step`th `width` of them on.
    auto rows = [&](Value step, int64_t width, int64_t count) {
      Value byte =
          e.add(byte0, e.mul(step, e.index(width / perByte * kColumns)));
      Value into =
          e.mul(e.add(from, e.mul(step, e.index(width))), e.index(kColumns));
      for (int64_t v = 0; v < decoder.vectors(); ++v) {
        SmallVector<Val> weights;
        for (int64_t i = 0; i < count; ++i) {
          Value at = e.add(byte, e.index(i / perByte * kColumns));
          weights.push_back(decoder.weight(decoder.bytes(at, v), i % perByte,
                                           zeros.empty() ? Value() : zeros[v]) *
                            Val(e, scales[v]));
        }
        if (isPairs) {
          e.store(decoder.pair(weights[0], weights[1]), to,
                  e.add(into, e.index(2 * v * lanes)));
          continue;
        }
        for (int64_t i = 0; i < count; ++i)
          e.store(weights[i], to,
                  e.add(into, e.index(i * kColumns + v * lanes)));
      }
    };
    int64_t width = isPairs ? 2 : perByte;
    e.loop(e.index(0), e.index(length / width), e.index(1),
           [&](Value step) { rows(step, width, width); });
    if (length % width)
      rows(e.index(length / width), width, 1);
  };
  if (depth <= b.block)
    return block(e.index(0), e.index(0), depth);
  e.loop(e.index(0), e.index(depth / b.block), e.index(1), [&](Value number) {
    block(number, e.mul(number, e.index(b.block)), b.block);
  });
  if (int64_t rest = depth % b.block)
    block(e.index(depth / b.block), e.index(depth - rest), rest);
}

void emitFewRows(Emitter &e, const QuantizedB &b, Value panel, int64_t rows,
                 int64_t vectors, LoadA loadA, Value sums, Value at) {
  Decoder decoder{e, b};
  VectorType vector = e.vec(e.f32());
  int64_t lanes = decoder.lanes(), perByte = b.perByte();
  auto strip = [&](Value number, int64_t length, Value column) {
    Value k0 = e.mul(number, e.index(b.block));
    Value blockAt = e.add(decoder.blockAt(panel, number), column);
    SmallVector<Value> zeros = decoder.zerosOf(blockAt, vectors);
    Value byte0 = e.add(decoder.byteAt(panel, k0), column);
    auto step = [&](Value step, ValueRange carried, int64_t count) {
      SmallVector<Value> next(carried.begin(), carried.end());
      Value byte = e.add(byte0, e.mul(step, e.index(kColumns)));
      // Past the end it is ignored, as prefetching never faults.
      memref::PrefetchOp::create(
          e.b, e.loc, b.q,
          ValueRange{e.add(byte, e.index(kPrefetchRows * kColumns))},
          /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
      Value k = e.add(k0, e.mul(step, e.index(perByte)));
      SmallVector<Val> bytes;
      for (int64_t v = 0; v < vectors; ++v)
        bytes.push_back(decoder.bytes(byte, v));
      for (int64_t i = 0; i < count; ++i) {
        // Weights are held in registers while rows stream.
        SmallVector<Val> weights;
        for (int64_t v = 0; v < vectors; ++v)
          weights.push_back(
              decoder.weight(bytes[v], i, zeros.empty() ? Value() : zeros[v]));
        for (int64_t r = 0; r < rows; ++r) {
          Val a{e, e.broadcast(loadA(r, e.add(k, e.index(i))), e.target.lanes)};
          for (int64_t v = 0; v < vectors; ++v) {
            Value &sum = next[r * vectors + v];
            sum = fma(a, weights[v], {e, sum});
          }
        }
      }
      return next;
    };
    SmallVector<Value> init(rows * vectors, e.constant(vector, 0));
    ValueRange whole = e.loop(
        e.index(0), e.index(length / perByte), e.index(1), init,
        [&](Value i, ValueRange carried) { return step(i, carried, perByte); });
    SmallVector<Value> total(whole.begin(), whole.end());
    if (length % perByte)
      total = step(e.index(length / perByte), total, 1);
    SmallVector<Value> scales = decoder.scalesOf(blockAt, vectors);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t v = 0; v < vectors; ++v) {
        Value to = e.add(e.mul(e.add(at, e.index(r)), e.index(kColumns)),
                         e.add(column, e.index(v * lanes)));
        Val sum{e, e.load(vector, sums, to)};
        e.store(fma({e, total[r * vectors + v]}, {e, scales[v]}, sum), sums,
                to);
      }
  };
  auto block = [&](Value number, int64_t length) {
    e.loop(e.index(0), e.index(kColumns), e.index(vectors * lanes),
           [&](Value column) { strip(number, length, column); });
  };
  e.loop(e.index(0), e.index(b.k / b.block), e.index(1),
         [&](Value number) { block(number, b.block); });
  if (int64_t rest = b.k % b.block)
    block(e.index(b.k / b.block), rest);
}

} // namespace ingot::cpu
