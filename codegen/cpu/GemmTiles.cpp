#include "codegen/cpu/GemmTiles.h"

#include "codegen/cpu/Choice.h"
#include "codegen/cpu/Tiles.h"
#include "ir/plan/Plan.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace ingot::cpu {

static constexpr int64_t kColumns = plan::kPanelColumns;
/// Steps of k that one product of tiles takes.
static constexpr int64_t kDepth = kAmxDepth;
/// Tiles of 16 columns in a panel, of 16 rows in a block.
static constexpr int64_t kAcross = 3, kDown = 2;
static constexpr int64_t kBlockRows = kAmxRows;
static_assert(kBlockRows == kDown * Tiles::kRows);

static constexpr int64_t kLineBytes = 64;
static constexpr int64_t kLine = 32; ///< elements of B in a line of cache
static constexpr int64_t kLines = kDepth * kColumns / kLine; ///< of B a step
/// The first block asks for the panel this many steps ahead, and so for the
/// start of the next one; others for a part of the next one each.
static constexpr int64_t kPrefetchSteps = 8;
static constexpr int64_t kShare = 16;
/// A tile is stored every so many steps. A store that is the first for more
/// than 0.5 us takes 0.28 us (seen on a Xeon with 480 MB of L3: 24 steps from
/// L1 and a store take 0.89 us, with a second one between 0.61).
static constexpr int64_t kWakeSteps = 8;

namespace {
struct Generator {
  Emitter &e;
  const TileProduct &p;
  Tiles tiles{e};
  Value configuration = {}, tailConfiguration = {};
  Value unused = e.stackBuffer(e.f32(), Tiles::kRows *Tiles::kRows);

  // Registers: sums, then one of A and one of B.
  static constexpr int kA = 6, kB = 7;
  static_assert(kDown * kAcross == kA);
  static int sum(int64_t r, int64_t c) {
    return static_cast<int>(r * kAcross + c);
  }

  Value aStride() { return e.mul(p.lda, e.index(2)); }
  Value sumStride() { return e.index(kColumns * 4); }
  Value pairStride() { return e.index(kColumns * 4); }

  Value configurationOf(Value rows, int64_t depth);
  void prefetch(Value buffer, Value at, bool isWrite);
  void prefetchPanel(Value from, Value isFirst);
  void prefetchOut(Value row, Value k);
  void step(ArrayRef<Value> rows, Value k);
  void forSums(ArrayRef<Value> rows,
               llvm::function_ref<void(int tile, Value at)> emit);
  void block(Value row, ArrayRef<Value> rows);
  void emit();
};
} // namespace

Value Generator::configurationOf(Value rows, int64_t depth) {
  SmallVector<TileShape> shapes(kDown * kAcross,
                                TileShape{rows, e.index(Tiles::kRowBytes)});
  shapes.push_back({rows, e.index(2 * depth)});
  shapes.push_back({e.index(depth / 2), e.index(Tiles::kRowBytes)});
  return tiles.configuration(shapes);
}

void Generator::prefetch(Value buffer, Value at, bool isWrite) {
  memref::PrefetchOp::create(e.b, e.loc, buffer, ValueRange{at}, isWrite,
                             /*localityHint=*/isWrite ? 3 : 2,
                             /*isDataCache=*/true);
}

/// What a step asks for of B. Past the panel's end is the next one, past the
/// last one it is ignored, as prefetching never faults.
void Generator::prefetchPanel(Value from, Value isFirst) {
  auto lines = [&](Value at, int64_t count) {
    for (int64_t line = 0; line < count; ++line)
      prefetch(p.b, e.add(at, e.index(line * kLine)), /*isWrite=*/false);
    return SmallVector<Value>{};
  };
  e.ifElse(
      isFirst, ValueRange{},
      [&](ValueRange) {
        return lines(e.add(from, e.index(kPrefetchSteps * kDepth * kColumns)),
                     kLines);
      },
      [&](ValueRange) { return lines(from, kShare); });
}

/// Asks for the lines of `out` that a part of the block's rows will be stored
/// in: all are asked for when the last step is over.
void Generator::prefetchOut(Value row, Value k) {
  int64_t bytes =
      getElementTypeOrSelf(p.out.getType()).getIntOrFloatBitWidth() / 8;
  int64_t rows =
      llvm::divideCeil(kBlockRows, std::max<int64_t>(1, p.k / kDepth));
  Value first = e.mul(e.floorDiv(k, e.index(kDepth)), e.index(rows));
  for (int64_t r = 0; r < rows; ++r) {
    Value inBlock = e.min(e.add(first, e.index(r)), e.index(kBlockRows - 1));
    Value stored = e.min(e.add(row, inBlock), e.sub(p.rows, e.index(1)));
    Value at = e.add(p.outAt, e.mul(stored, p.ldo));
    for (int64_t byte = 0; byte < kColumns * bytes; byte += kLineBytes)
      prefetch(p.out, e.add(at, e.index(byte / bytes)), /*isWrite=*/true);
  }
}

/// One product deep: seven loads for six products. Rows of A often lie at
/// strides that share few sets of L1, so each is loaded once; tiles of B, which
/// lie close, twice.
void Generator::step(ArrayRef<Value> rows, Value k) {
  int64_t loaded = -1;
  for (int64_t r = 0; r < kDown; ++r) {
    tiles.load(kA, p.a, e.add(e.add(p.aAt, e.mul(rows[r], p.lda)), k),
               aStride());
    for (int64_t i = 0; i < kAcross; ++i) {
      int64_t c = r % 2 ? kAcross - 1 - i : i;
      if (c != loaded)
        tiles.load(kB, p.b,
                   e.add(e.add(p.bAt, e.mul(k, e.index(kColumns))),
                         e.index(c * kLine)),
                   pairStride());
      loaded = c;
      tiles.multiplyAdd(sum(r, c), kA, kB);
    }
  }
}

void Generator::forSums(ArrayRef<Value> rows,
                        llvm::function_ref<void(int, Value)> emit) {
  for (int64_t r = 0; r < kDown; ++r)
    for (int64_t c = 0; c < kAcross; ++c)
      emit(sum(r, c),
           e.add(e.mul(rows[r], e.index(kColumns)), e.index(c * Tiles::kRows)));
}

/// The block from `row` on, whose tiles start at `rows`.
void Generator::block(Value row, ArrayRef<Value> rows) {
  for (int64_t tile = 0; tile < kDown * kAcross; ++tile)
    tiles.zero(static_cast<int>(tile));
  Value isFirst = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq,
                                        row, e.index(0));
  Value share = e.sub(e.floorDiv(row, e.index(kBlockRows)), e.index(1));
  Value ahead = e.b.createOrFold<arith::SelectOp>(
      e.loc, isFirst, e.index(0),
      e.add(e.index(p.k * kColumns), e.mul(share, e.index(kShare * kLine))));
  Value from = e.add(p.bAt, ahead);
  int64_t whole = p.k / kDepth * kDepth, part = kWakeSteps * kDepth;
  e.loop(e.index(0), e.index(whole), e.index(part), [&](Value k0) {
    Value k1 = e.add(k0, e.index(part));
    if (whole % part)
      k1 = e.min(k1, e.index(whole));
    e.loop(k0, k1, e.index(kDepth), [&](Value k) {
      prefetchPanel(e.add(from, e.mul(k, e.index(kColumns))), isFirst);
      prefetchOut(row, k);
      step(rows, k);
    });
    tiles.store(kB, unused, e.index(0), e.index(Tiles::kRowBytes));
  });
  auto store = [&](int tile, Value at) {
    tiles.store(tile, p.sums, at, sumStride());
  };
  forSums(rows, store);
  if (whole == p.k)
    return;
  // Rows of k that are not there belong to the next panel, so the tiles are
  // smaller.
  tiles.configure(tailConfiguration);
  forSums(rows, [&](int tile, Value at) {
    tiles.load(tile, p.sums, at, sumStride());
  });
  step(rows, e.index(whole));
  forSums(rows, store);
  tiles.configure(configuration);
}

void Generator::emit() {
  Value tileRows = e.min(p.rows, e.index(Tiles::kRows));
  configuration = configurationOf(tileRows, kDepth);
  if (p.k % kDepth)
    tailConfiguration = configurationOf(tileRows, p.k % kDepth);
  tiles.configure(configuration);
  // No tile goes past the last row: some rows are computed twice.
  Value last = e.sub(p.rows, tileRows);
  e.loop(e.index(0), p.rows, e.index(kBlockRows), [&](Value row) {
    block(row,
          {e.min(row, last), e.min(e.add(row, e.index(Tiles::kRows)), last)});
  });
  tiles.release();
}

void emitTileProduct(Emitter &e, const TileProduct &product) {
  assert(product.k % 2 == 0 && "bf16 comes in pairs");
  Generator{e, product}.emit();
}

} // namespace ingot::cpu
