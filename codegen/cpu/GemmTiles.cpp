#include "codegen/cpu/GemmTiles.h"

#include "codegen/cpu/Tiles.h"
#include "ir/plan/Plan.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace ingot::cpu {

static constexpr int64_t kColumns = plan::kPanelColumns;
/// Steps of k that one product of tiles takes.
static constexpr int64_t kDepth = 32;
/// Tiles of 16 columns in a panel.
static constexpr int64_t kAcross = 3;
static constexpr int64_t kLine = 32; ///< elements in a line of cache
static constexpr int64_t kLines = kDepth * kColumns / kLine; ///< of B a step
/// The first rows ask for the panel this many steps ahead, and so for the start
/// of the next one; others for a part of the next one each.
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
  static int sum(size_t r, int64_t c) {
    return static_cast<int>(static_cast<int64_t>(r) * kAcross + c);
  }

  Value aStride() { return e.mul(p.lda, e.index(2)); }
  Value sumStride() { return e.index(kColumns * 4); }
  Value pairStride() { return e.index(kColumns * 4); }

  Value configurationOf(Value rows, int64_t depth);
  void step(ArrayRef<Value> rows, Value k);
  void block(ArrayRef<Value> rows, Value ahead, int64_t lines);
  void forSums(ArrayRef<Value> rows,
               llvm::function_ref<void(int tile, Value at)> emit);
  void emit();
};
} // namespace

Value Generator::configurationOf(Value rows, int64_t depth) {
  SmallVector<TileShape> shapes(2 * kAcross,
                                TileShape{rows, e.index(Tiles::kRowBytes)});
  shapes.push_back({rows, e.index(2 * depth)});
  shapes.push_back({e.index(depth / 2), e.index(Tiles::kRowBytes)});
  return tiles.configuration(shapes);
}

/// One product deep, for one or two tiles of rows: seven loads for six
/// products. Rows of A often lie at strides that share few sets of L1, so each
/// is loaded once; tiles of B, which lie close, twice.
void Generator::step(ArrayRef<Value> rows, Value k) {
  int64_t loaded = -1;
  for (auto [r, row] : llvm::enumerate(rows)) {
    tiles.load(kA, p.a, e.add(e.add(p.aAt, e.mul(row, p.lda)), k), aStride());
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
  for (auto [r, row] : llvm::enumerate(rows))
    for (int64_t c = 0; c < kAcross; ++c)
      emit(sum(r, c),
           e.add(e.mul(row, e.index(kColumns)), e.index(c * Tiles::kRows)));
}

/// The sums of one or two tiles of rows; each step asks for `lines` of B,
/// `ahead` elements on. Past the panel's end that is the next panel, past the
/// last one it is ignored, as prefetching never faults.
void Generator::block(ArrayRef<Value> rows, Value ahead, int64_t lines) {
  forSums(rows, [&](int tile, Value) { tiles.zero(tile); });
  int64_t whole = p.k / kDepth * kDepth;
  int64_t part = kWakeSteps * kDepth;
  e.loop(e.index(0), e.index(whole), e.index(part), [&](Value k0) {
    Value k1 = e.add(k0, e.index(part));
    if (whole % part)
      k1 = e.min(k1, e.index(whole));
    e.loop(k0, k1, e.index(kDepth), [&](Value k) {
      Value from = e.add(e.add(p.bAt, ahead), e.mul(k, e.index(kColumns)));
      for (int64_t line = 0; line < lines; ++line)
        memref::PrefetchOp::create(
            e.b, e.loc, p.b, ValueRange{e.add(from, e.index(line * kLine))},
            /*isWrite=*/false, /*localityHint=*/2,
            /*isDataCache=*/true);
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
  Value one = e.index(Tiles::kRows), two = e.index(2 * Tiles::kRows);
  Value tileRows = e.min(p.rows, one);
  configuration = configurationOf(tileRows, kDepth);
  if (p.k % kDepth)
    tailConfiguration = configurationOf(tileRows, p.k % kDepth);
  tiles.configure(configuration);
  auto compare = [&](arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(e.b, e.loc, predicate, x, y);
  };
  Value full = e.mul(e.floorDiv(p.rows, two), two);
  Value rest = e.sub(p.rows, full);
  Value inPanel = e.index(kPrefetchSteps * kDepth * kColumns);
  auto inNextPanel = [&](Value row) {
    Value share = e.sub(e.floorDiv(row, two), e.index(1));
    return e.add(e.index(p.k * kColumns),
                 e.mul(share, e.index(kShare * kLine)));
  };
  e.ifThen(compare(arith::CmpIPredicate::ne, full, e.index(0)), [&] {
    block({e.index(0), one}, inPanel, kLines);
  });
  e.loop(two, full, two, [&](Value row) {
    block({row, e.add(row, one)}, inNextPanel(row), kShare);
  });
  // The last tile ends with the rows: some that were computed are so again.
  Value last = e.sub(p.rows, tileRows);
  Value ahead = e.b.createOrFold<arith::SelectOp>(
      e.loc, compare(arith::CmpIPredicate::eq, full, e.index(0)), inPanel,
      inNextPanel(full));
  e.ifThen(compare(arith::CmpIPredicate::sgt, rest, one), [&] {
    block({full, last}, ahead, kLines);
  });
  Value isOne = arith::AndIOp::create(
      e.b, e.loc, compare(arith::CmpIPredicate::sgt, rest, e.index(0)),
      compare(arith::CmpIPredicate::sle, rest, one));
  e.ifThen(isOne, [&] { block({last}, ahead, kLines); });
  tiles.release();
}

void emitTileProduct(Emitter &e, const TileProduct &product) {
  assert(product.k % 2 == 0 && "bf16 comes in pairs");
  Generator{e, product}.emit();
}

} // namespace ingot::cpu
