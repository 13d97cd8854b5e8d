#include "codegen/cpu/Gemm.h"

#include "codegen/cpu/GemmTiles.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace ingot::cpu {

/// How many steps ahead B is asked for. A step takes 3 to 6 cycles, memory
/// some 300. Weights come from memory once a run; without this, a product of
/// 16 rows waits for every page's first lines (measured on Zen 3: MiniLM-L6 at
/// 1x16 takes 7.4 ms of CPU time without, 5.8 with).
static constexpr int64_t kPrefetchSteps = 48;
/// Words of 4 bytes in a line of cache.
static constexpr int64_t kLine = 16;

namespace {
/// What a step multiplies, in 4 bytes a lane: an f32, or two bf16. Without the
/// instruction for pairs they are widened, which is exact.
struct Operand {
  Val word; ///< f32, or bf16 as the instruction takes them
  Val high; ///< of a widened pair: the second
};

/// Words of B that a tile asks for into L2, one a step.
struct Share {
  Value from, stride;
};

/// Steps of a panel that are multiplied at once.
struct Part {
  Value b, from;   ///< the buffer, and the first word of the part in it
  Value k0, depth; ///< in steps
  bool first;      ///< sums start at zero
  bool isCached;   ///< nothing is asked for ahead
};

struct Generator {
  Emitter &e;
  const GemmOperands &operands;
  const LinearChoice &choice;
  GemmEpilogue epilogue;
  Value sums;         ///< f32[chunkRows][kPanelColumns]
  Value steps;        ///< along k
  int64_t interleave; ///< elements of A and B that a step takes at once

  int64_t lanes() const { return e.target.lanes; }
  Value compare(arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(e.b, e.loc, predicate, x, y);
  }

  /// Steps k0 to k0 + depth of a panel as it lies.
  Part part(Value panel, Value k0, Value depth, bool first) {
    Value from = e.mul(e.add(e.mul(panel, steps), k0), e.index(kPanelColumns));
    return {operands.b, from, k0, depth, first, /*isCached=*/false};
  }

  void panel(Value panel, Value row0, Value rows);
  void product(const Part &part, Value row0, Value rows);
  void tileProduct(Value panel, Value row0, Value rows);
  void quantizedProduct(Value panel, Value row0, Value rows);
  void clearSums(Value rows);
  void tile(const Part &part, Value row0, Value inChunk, int64_t rows,
            Value inPanel, int64_t vectors, int64_t prefetched,
            Share share = {});
  void finish(Value panel, Value row0, Value rows);

  Value loadWideA(Value at);
  Operand loadA(Value at);
  Operand loadB(Value buffer, Value at);
  Val multiplyAdd(const Operand &a, const Operand &b, Val sum);
};
} // namespace

/// Lanes of i32 that are pairs of bf16.
static Operand pairs(Emitter &e, Val words) {
  if (e.target.bf16) {
    auto type = VectorType::get(2 * e.target.lanes, e.b.getBF16Type());
    Val same{e, vector::BitCastOp::create(e.b, e.loc, type, words)};
    return {same, same};
  }
  Val low = floats(shl(words, 16)),
      high = floats(words & words.k(static_cast<int32_t>(0xffff0000)));
  return {low, high};
}

/// An element of A as f32.
Value Generator::loadWideA(Value at) {
  Value value = e.loadScalar(operands.a, at);
  if (value.getType().isF32())
    return value;
  Val word{e, arith::ExtUIOp::create(e.b, e.loc, e.b.getI32Type(), value)};
  return floats(shl(word, 16));
}

Operand Generator::loadA(Value at) {
  if (interleave == 1) {
    Val value{e, e.broadcast(loadWideA(at), lanes())};
    return {value, value};
  }
  auto type = VectorType::get(2, e.b.getI16Type());
  auto word = VectorType::get(1, e.b.getI32Type());
  Value pair =
      vector::BitCastOp::create(e.b, e.loc, word, e.load(type, operands.a, at));
  pair = vector::ExtractOp::create(e.b, e.loc, pair, 0);
  return pairs(e, {e, e.broadcast(pair, lanes())});
}

Operand Generator::loadB(Value buffer, Value at) {
  if (interleave == 1) {
    Val value{e, e.load(e.vec(e.f32()), buffer, at)};
    return {value, value};
  }
  auto type = VectorType::get(2 * lanes(), e.b.getI16Type());
  Val words{e, vector::BitCastOp::create(e.b, e.loc, e.vec(e.b.getI32Type()),
                                         e.load(type, buffer, at))};
  return pairs(e, words);
}

Val Generator::multiplyAdd(const Operand &a, const Operand &b, Val sum) {
  if (interleave == 1)
    return fma(a.word, b.word, sum);
  if (!e.target.bf16)
    return fma(a.high, b.high, fma(a.word, b.word, sum));
  return {e, x86vector::DotBF16Op::create(e.b, e.loc, sum.type(), sum.v,
                                          a.word.v, b.word.v)};
}

/// sums[inChunk ...][inPanel ...] (+)= A[row0 + inChunk ...] B over the part.
/// `prefetched`: columns of B that are asked for ahead; `share`: what of the
/// next panel is.
void Generator::tile(const Part &part, Value row0, Value inChunk, int64_t rows,
                     Value inPanel, int64_t vectors, int64_t prefetched,
                     Share share) {
  VectorType vector = e.vec(e.f32());
  SmallVector<Value> rowStart, sumAt, init;
  for (int64_t r = 0; r < rows; ++r) {
    Value row = e.add(inChunk, e.index(r));
    rowStart.push_back(e.add(e.mul(e.add(row0, row), operands.lda),
                             e.mul(part.k0, e.index(interleave))));
    Value start = e.add(e.mul(row, e.index(kPanelColumns)), inPanel);
    for (int64_t v = 0; v < vectors; ++v) {
      sumAt.push_back(e.add(start, e.index(v * lanes())));
      init.push_back(part.first ? e.constant(vector, 0)
                                : e.load(vector, sums, sumAt.back()));
    }
  }
  Value panelStart = e.add(part.from, inPanel);
  Value width = e.index(interleave);
  ValueRange total = e.loop(
      e.index(0), part.depth, e.index(1), init, [&](Value k, ValueRange acc) {
        SmallVector<Value> next(acc.begin(), acc.end());
        SmallVector<std::optional<Operand>> a(rows), b(vectors);
        Value at = e.add(panelStart, e.mul(k, e.index(kPanelColumns)));
        // Past the panel's end this is the next panel, which comes next; past
        // the last one it is ignored, as prefetching never faults.
        Value ahead = e.add(at, e.index(kPrefetchSteps * kPanelColumns));
        for (int64_t column = 0; column < prefetched; column += kLine)
          memref::PrefetchOp::create(
              e.b, e.loc, part.b,
              ValueRange{e.mul(e.add(ahead, e.index(column)), width)},
              /*isWrite=*/false, /*localityHint=*/3,
              /*isDataCache=*/true);
        if (share.from)
          memref::PrefetchOp::create(
              e.b, e.loc, part.b,
              ValueRange{
                  e.mul(e.add(share.from, e.mul(k, share.stride)), width)},
              /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
        auto step = [&](int64_t r, int64_t v) {
          if (!a[r])
            a[r] = loadA(e.add(rowStart[r], e.mul(k, width)));
          if (!b[v])
            b[v] = loadB(part.b, e.mul(e.add(at, e.index(v * lanes())), width));
          Value &sum = next[r * vectors + v];
          sum = multiplyAdd(*a[r], *b[v], {e, sum});
        };
        // The shorter side is held in registers, the longer one streams.
        if (rows < vectors)
          for (int64_t v = 0; v < vectors; ++v)
            for (int64_t r = 0; r < rows; ++r)
              step(r, v);
        else
          for (int64_t r = 0; r < rows; ++r)
            for (int64_t v = 0; v < vectors; ++v)
              step(r, v);
        return next;
      });
  for (auto [at, sum] : llvm::zip_equal(sumAt, total))
    e.store(sum, sums, at);
}

void Generator::product(const Part &part, Value row0, Value rows) {
  int64_t tileRows = choice.blocking.tileRows,
          vectors = choice.blocking.tileVectors;
  Value full = e.mul(e.floorDiv(rows, e.index(tileRows)), e.index(tileRows));
  Value rest = e.sub(rows, full);
  int64_t stripColumns = vectors * lanes();
  auto strip = [&](Value inPanel, bool firstStrip) {
    auto rowsOf = [&](Value inChunk, int64_t rows, int64_t prefetched,
                      Share share = {}) {
      tile(part, row0, inChunk, rows, inPanel, vectors,
           part.isCached ? 0 : prefetched, share);
    };
    Value from = e.index(0);
    // The first tile brings the whole panel from memory where nobody has; the
    // others their strip from L2, which rows of A drive out of L1, and between
    // them the next panel into L2: with many rows it comes while they compute.
    if (firstStrip) {
      from = e.index(tileRows);
      e.ifThen(compare(arith::CmpIPredicate::ne, full, e.index(0)),
               [&] { rowsOf(e.index(0), tileRows, kPanelColumns); });
    }
    // Rows are not none, tiles neither.
    Value stride =
        e.ceilDiv(e.index(kPanelColumns), e.ceilDiv(rows, e.index(tileRows)));
    e.loop(from, full, e.index(tileRows), [&](Value inChunk) {
      Share share;
      if (firstStrip && !part.isCached) {
        Value number = e.floorDiv(inChunk, e.index(tileRows));
        Value next = e.add(part.from, e.mul(steps, e.index(kPanelColumns)));
        share.from = e.add(next, e.mul(e.mul(number, part.depth), stride));
        share.stride = stride;
      }
      rowsOf(inChunk, tileRows, stripColumns, share);
    });
    if (tileRows > 4)
      e.ifThen(compare(arith::CmpIPredicate::uge, rest, e.index(4)), [&] {
        rowsOf(full, 4, firstStrip ? kPanelColumns : stripColumns);
      });
  };
  strip(e.index(0), true);
  if (stripColumns < kPanelColumns)
    e.loop(e.index(stripColumns), e.index(kPanelColumns), e.index(stripColumns),
           [&](Value inPanel) { strip(inPanel, false); });
  // Few rows: the whole panel at once, so that B is read once and in order.
  auto wide = [&](Value inChunk, int64_t rows) {
    tile(part, row0, inChunk, rows, e.index(0), kPanelColumns / lanes(),
         part.isCached ? 0 : kPanelColumns);
  };
  auto bit = [&](int64_t value) {
    Value masked = arith::AndIOp::create(e.b, e.loc, rest, e.index(value));
    return compare(arith::CmpIPredicate::ne, masked, e.index(0));
  };
  e.ifThen(bit(2), [&] {
    Value last = arith::AndIOp::create(e.b, e.loc, rest, e.index(3));
    wide(e.sub(rows, last), 2);
  });
  e.ifThen(bit(1), [&] { wide(e.sub(rows, e.index(1)), 1); });
}

/// out = epilogue(sums), vectors past N skipped, one of them perhaps cut.
void Generator::finish(Value panel, Value row0, Value rows) {
  VectorType vector = e.vec(e.f32());
  Value column0 = e.mul(panel, e.index(kPanelColumns));
  Value columns = e.min(e.index(kPanelColumns), e.sub(operands.n, column0));
  APInt n;
  bool known = matchPattern(operands.n, m_ConstantInt(&n));
  if (known && n.getSExtValue() % kPanelColumns == 0)
    columns = e.index(kPanelColumns);
  bool cut = !known || n.getSExtValue() % lanes() != 0;
  Value whole = columns;
  if (cut)
    whole = e.mul(e.floorDiv(columns, e.index(lanes())), e.index(lanes()));
  e.loop(e.index(0), rows, e.index(1), [&](Value r) {
    Value row = e.add(row0, r);
    Value from = e.mul(r, e.index(kPanelColumns));
    Value to = e.add(e.mul(row, operands.ldo), column0);
    auto write = [&](Value c, Value mask) {
      Value sum = e.load(vector, sums, e.add(from, c));
      Value value = epilogue(sum, row, e.add(column0, c), mask);
      e.store(value, operands.out, e.add(to, c), mask);
    };
    e.loop(e.index(0), whole, e.index(lanes()), [&](Value c) { write(c, {}); });
    if (cut)
      e.ifThen(compare(arith::CmpIPredicate::ult, whole, columns), [&] {
        write(whole, e.tailMask(e.target.lanes, e.sub(columns, whole)));
      });
  });
}

/// Many rows by AMX tiles, few by vectors.
void Generator::tileProduct(Value panel, Value row0, Value rows) {
  APInt k;
  [[maybe_unused]] bool known = matchPattern(operands.k, m_ConstantInt(&k));
  assert(known && "products of bf16 know their depth");
  Value isMany =
      compare(arith::CmpIPredicate::sgt, rows, e.index(choice.fewRows));
  auto branch = scf::IfOp::create(e.b, e.loc, isMany, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToStart(branch.thenBlock());
  TileProduct product;
  product.a = operands.a;
  product.aAt = e.mul(row0, operands.lda);
  product.lda = operands.lda;
  product.b = operands.b;
  product.bAt = e.mul(panel, e.mul(operands.k, e.index(kPanelColumns)));
  product.rows = rows;
  product.k = k.getSExtValue();
  product.sums = sums;
  product.out = operands.out;
  product.outAt =
      e.add(e.mul(row0, operands.ldo), e.mul(panel, e.index(kPanelColumns)));
  product.ldo = operands.ldo;
  emitTileProduct(e, product);
  e.b.setInsertionPointToStart(branch.elseBlock());
  this->product(part(panel, e.index(0), steps, /*first=*/true), row0, rows);
}

void Generator::clearSums(Value rows) {
  Value zero = e.constant(e.vec(e.f32()), 0);
  e.loop(e.index(0), e.mul(rows, e.index(kPanelColumns)), e.index(lanes()),
         [&](Value i) { e.store(zero, sums, i); });
}

/// Vectors of columns that so many rows multiply at once: their sums, and two
/// decoded weights, fit the registers.
static int64_t vectorsOfFew(const Isa &isa, int64_t rows) {
  int64_t whole = kPanelColumns / isa.lanes;
  return isa.lanes == 16 || rows == 1 ? whole : rows == 2 ? 3 : 2;
}

/// Many rows by parts of the panel that are dequantized first, few by what is
/// in memory.
void Generator::quantizedProduct(Value panel, Value row0, Value rows) {
  const QuantizedB &b = *operands.quantized;
  clearSums(rows);
  Value isMany =
      compare(arith::CmpIPredicate::sgt, rows, e.index(choice.fewRows));
  auto branch = scf::IfOp::create(e.b, e.loc, isMany, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToStart(branch.thenBlock());
  int64_t depth = choice.quantizedDepth;
  Value values = e.stackBuffer(interleave == 2 ? e.b.getI16Type() : e.f32(),
                               std::min(depth, b.k) * kPanelColumns);
  auto part = [&](Value k0, int64_t length) {
    emitDequantize(e, b, panel, k0, length, values);
    product({values, e.index(0), e.floorDiv(k0, e.index(interleave)),
             e.index(length / interleave), /*first=*/false, /*isCached=*/true},
            row0, rows);
  };
  e.loop(e.index(0), e.index(b.k / depth), e.index(1),
         [&](Value number) { part(e.mul(number, e.index(depth)), depth); });
  if (int64_t rest = b.k % depth)
    part(e.index(b.k - rest), rest);

  e.b.setInsertionPointToStart(branch.elseBlock());
  for (int64_t count = llvm::bit_floor(static_cast<uint64_t>(choice.fewRows));
       count > 0; count /= 2) {
    auto masked = [&](int64_t mask) {
      return arith::AndIOp::create(e.b, e.loc, rows, e.index(mask)).getResult();
    };
    e.ifThen(compare(arith::CmpIPredicate::ne, masked(count), e.index(0)), [&] {
      // Behind those that are taken by more at once.
      Value at = e.sub(rows, masked(2 * count - 1));
      auto load = [&](int64_t r, Value k) {
        Value row = e.add(e.add(row0, at), e.index(r));
        return loadWideA(e.add(e.mul(row, operands.lda), k));
      };
      emitFewRows(e, b, panel, count, vectorsOfFew(e.target, count), load, sums,
                  at);
    });
  }
}

void Generator::panel(Value panel, Value row0, Value rows) {
  APInt k;
  bool known = matchPattern(steps, m_ConstantInt(&k));
  int64_t depth = choice.blocking.depth;
  if (operands.quantized) {
    quantizedProduct(panel, row0, rows);
  } else if (choice.onTiles) {
    tileProduct(panel, row0, rows);
  } else if (depth == 0 || (known && k.getSExtValue() <= depth)) {
    product(part(panel, e.index(0), steps, /*first=*/true), row0, rows);
  } else {
    // Sums start at zero in memory: one form of the tile for all parts of K.
    clearSums(rows);
    e.loop(e.index(0), steps, e.index(depth), [&](Value k0) {
      Value length = known && k.getSExtValue() % depth == 0
                         ? e.index(depth)
                         : e.min(e.index(depth), e.sub(steps, k0));
      product(part(panel, k0, length, /*first=*/false), row0, rows);
    });
  }
  finish(panel, row0, rows);
}

void emitGemm(Emitter &e, const GemmOperands &operands, Value task,
              const LinearChoice &choice, GemmEpilogue epilogue) {
  assert(kPanelColumns % (choice.blocking.tileVectors * e.target.lanes) == 0 &&
         "tiles do not divide a panel");
  int64_t taskRows = choice.taskRows, taskPanels = choice.taskPanels,
          chunkRows = choice.chunkRows;
  // Of a quantized B in pairs only where there is an instruction for them.
  bool isBf16 = getElementTypeOrSelf(operands.a.getType()).isInteger(16);
  const std::optional<QuantizedB> &quantized = operands.quantized;
  bool inPairs = !quantized || (e.target.bf16 && quantized->k % 2 == 0 &&
                                quantized->block % 2 == 0);
  int64_t interleave = isBf16 && inPairs ? 2 : 1;
  assert((interleave == 2 || !choice.onTiles) && "AMX multiplies pairs");
  Generator generator{e,
                      operands,
                      choice,
                      epilogue,
                      e.stackBuffer(e.f32(), chunkRows * kPanelColumns),
                      e.floorDiv(operands.k, e.index(interleave)),
                      interleave};
  Value panels = e.ceilDiv(operands.n, e.index(kPanelColumns));
  Value panelBlocks = e.ceilDiv(panels, e.index(taskPanels));
  Value rowBlock = e.floorDiv(task, panelBlocks);
  Value panelBlock = e.sub(task, e.mul(rowBlock, panelBlocks));
  Value row0 = e.mul(rowBlock, e.index(taskRows));
  Value row1 = e.min(operands.m, e.add(row0, e.index(taskRows)));
  Value panel0 = e.mul(panelBlock, e.index(taskPanels));
  Value panel1 = e.min(panels, e.add(panel0, e.index(taskPanels)));
  // The panel is the outer loop: it stays in L2 while rows of A stream by.
  e.loop(panel0, panel1, e.index(1), [&](Value panel) {
    e.loop(row0, row1, e.index(chunkRows), [&](Value row) {
      generator.panel(panel, row, e.min(e.index(chunkRows), e.sub(row1, row)));
    });
  });
}

} // namespace ingot::cpu
