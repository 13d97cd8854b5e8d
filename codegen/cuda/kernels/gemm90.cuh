// Matrix product for sm_90a, with weights as they lie:
// C[m, n] = epilogue(sum over k of A[m, k] * W[n, k]), A and W bf16, f16 or
// e4m3 (see gemm90_f8.cuh), or f32 multiplied as tf32: A is rounded to it, of W
// the low bits are cut off
//
//   grid   any, x a multiple of the cluster; blocks take tiles in turn
//   block  384: warpgroup 0 loads, 1 and 2 multiply 64 rows of the tile each
//   smem   Config::SHARED, dynamic
//   maps   A [M][K] in boxes of Config::BOX_A rows, W [N][K] of BOX_W, C [M][N]
//          of 64 where Config::STORES: 128 swizzled bytes a row
//   needs  bases and pitches that are multiples of 16 bytes, K > 0; nothing
//          beyond: the maps know M, N and K, so rows and columns past the end
//          are zeros and are not stored
//          Results of 8 bits: rows at multiples of 8 bytes if N is one
//          Splits: K in up to SPLITS_MOST parts, none of them empty; partials
//          for that many times M x N rounded up to 16 x 16, a counter a tile
//   waits  for the grids before it (grid_wait), which have not written W
//
// One thread keeps a ring of STAGES slabs of 128 bytes of k filled; a slab's
// mbarrier
// `full` counts bytes, `empty` the warps that are done with it. The sums of a
// tile end while the slabs of the next one are loaded. docs/hopper.md has a
// picture.
#pragma once
#include "gemm90_columns.cuh"
#include "gemm90_f8.cuh"
#include "pipeline90.cuh"
#include "shape.cuh"
#include "splits.cuh"

// CM, CN: blocks of a cluster along M or N, 1 or 2. They share a slab of W or
// of A: each loads a half for both. STORES: C, of 16 bits, leaves by TMA.
// BLOCKS: of e4m3, W has scales of blocks.
template <class Math_, int BN_, int STAGES_, bool STORES_, int CM_ = 1,
          int CN_ = 1, bool BLOCKS_ = false>
struct Gemm90Config {
  using Math = Math_;
  static constexpr int BK = 128 / (int)sizeof(typename GemmElement<Math>::Type);
  // What is multiplied goes through registers to be rounded.
  static constexpr bool ROUNDS = BK == 32;
  // Sums of e4m3 have few bits: each slab's are added up in f32.
  static constexpr bool PROMOTES = BK == 128, BLOCKS = BLOCKS_;
  static constexpr int BM = 128, BN = BN_, STAGES = STAGES_;
  static constexpr bool STORES = STORES_;
  static constexpr int CM = CM_, CN = CN_, CLUSTER = CM * CN;
  static constexpr int THREADS = 384, CONSUMERS = 8; // warps, of a slab
  // Of gemm90_turns.cuh: a consumer has a tile of its own, 64 rows twice.
  static constexpr bool TURNS = false;
  static constexpr int HALVES = 1;
  // Tiles of a block lie one below the other, and those of consecutive blocks
  // side by side: they finish rows together, as linear_norm90.cuh has it.
  static constexpr bool OWNS_ROWS = false;
  static constexpr int BOX_A = BM / CN, BOX_W = BN / CM;
  static constexpr int STAGE = (BM + BN) * 128;
  // Columns of C that leave by TMA, 64 in swizzled rows of 128 bytes, for each
  // consumer's 64 rows. The last 32 of 96 do not. As many panels as there is
  // room for, all of a tile or two in turn.
  static constexpr int PANELS = BN / 64, PANEL = 64 * 128;
  static constexpr int RING = STAGES * (STAGE + 16) + 16;
  static constexpr int HELD =
      RING + 2 * PANELS * PANEL <= 227 * 1024 ? PANELS : 2;
  static constexpr int SHARED = RING + (STORES ? 2 * HELD * PANEL : 0);
  static_assert(BN % 32 == 0 && BN <= 256 && STAGES >= 2 && CLUSTER <= 2);
  static_assert(SHARED <= 227 * 1024);
};

// Slabs, C's panels, mbarriers, a word of parts or the mbarriers of turns, one
// after the other.
template <class C>
struct Gemm90Shared {
  u8 a[C::STAGES][C::BM * 128], w[C::STAGES][C::BN * 128];
  static DEV Gemm90Shared &get() { return *shared_base<Gemm90Shared>(); }
  DEV u8 *panels() { return shared_base<u8>() + C::STAGES * C::STAGE; }
  DEV u64 *full() {
    return reinterpret_cast<u64 *>(shared_base<u8>() + C::SHARED - 16) -
           2 * C::STAGES;
  }
  DEV u64 *empty() { return full() + C::STAGES; }
  DEV u32 *shares() {
    return reinterpret_cast<u32 *>(shared_base<u8>() + C::SHARED - 16);
  }
  DEV u64 *turns() { return empty() + C::STAGES; }
};

struct Gemm90Maps {
  const TensorMap *a, *w, *out;
  const float *scales = nullptr; // [slabs][N] if BLOCKS
};

// The place of tile number `t` among those of clusters, in units of tiles:
// eight rows of them at a time, so that blocks that run together share slabs
// in L2.
template <class C>
struct Gemm90Tiles {
  int rows, columns; // of clusters
  DEV Gemm90Tiles(int m, int n)
      : rows(ceil_div(m, C::BM * C::CM)), columns(ceil_div(n, C::BN * C::CN)) {}
  DEV int count() const { return rows * columns; }
  DEV void place(int t, int rank, int &m0, int &n0) const {
    constexpr int BAND = C::OWNS_ROWS ? 1 : 8 / C::CM;
    int band = t / (BAND * columns), within = t % (BAND * columns);
    int height = min_(BAND, rows - band * BAND);
    m0 = ((band * BAND + within % height) * C::CM + (C::CM > 1 ? rank : 0)) *
         C::BM;
    n0 = (within / height * C::CN + (C::CN > 1 ? rank : 0)) * C::BN;
  }
};

// A block's tile and the slabs of k that it adds up.
struct Gemm90Task {
  int m0, n0, part, first, slabs;
};
// Number t of those of clusters: all tiles for a part, then for the next one.
template <class C, class S>
DEV Gemm90Task gemm90_task(const Gemm90Tiles<C> &tiles, int t, int rank,
                           int slabs, const S &splits) {
  Gemm90Task task{0, 0, 0, 0, slabs};
  int place = t;
  if constexpr (S::POSSIBLE) {
    int parts = (int)splits.count;
    if (parts > 1) {
      task.part = t / tiles.count();
      place = t - task.part * tiles.count();
      task.first = task.part * slabs / parts;
      task.slabs = (task.part + 1) * slabs / parts - task.first;
    }
  }
  tiles.place(place, rank, task.m0, task.n0);
  return task;
}

// Slab k0 of a tile's rows of A: its own, and the own half of what is shared.
template <class C>
DEV void gemm90_load_a(const Gemm90Maps &maps, u8 *a, u64 *full, int rank,
                       int k0, int m0) {
  if constexpr (C::CN > 1)
    tma_load2_multicast(a + rank * C::BOX_A * 128, maps.a, full, k0,
                        m0 + rank * C::BOX_A, 3);
  else
    tma_load2(a, maps.a, full, k0, m0);
}

// The same of W, which comes first: the mbarrier expects both.
template <class C>
DEV void gemm90_load_w(const Gemm90Maps &maps, u8 *w, u64 *full, int rank,
                       int k0, int n0) {
  mbar_arrive_expect(full, C::STAGE);
  if constexpr (C::CM > 1)
    tma_load2_multicast(w + rank * C::BOX_W * 128, maps.w, full, k0,
                        n0 + rank * C::BOX_W, 3);
  else
    tma_load2(w, maps.w, full, k0, n0);
}

// A warp's 16 rows of a slab of A, rounded.
struct Gemm90Rounded {
  u32 a[4][4];
  DEV void load(const u8 *rows) {
    UNROLL for (int s = 0; s < 4; ++s) {
      load_matrix4(a[s], rows + swizzle128(lane() % 16, s * 2 + lane() / 16));
      UNROLL for (int i = 0; i < 4; ++i) a[s][i] = to_tf32(bits_f32(a[s][i]));
    }
  }
};

// By lanes of each consumer warp: the slab may be filled again, by both blocks
// of the cluster where they share one.
template <class C>
DEV void gemm90_release(u64 *empty, int rank) {
  if constexpr (C::ROUNDS)
    warp_sync(); // all lanes have read it
  if (lane() == 0)
    mbar_arrive(empty);
  if constexpr (C::CLUSTER > 1)
    if (lane() == 1)
      mbar_arrive_remote(empty, rank ^ 1);
}

// WIDTH columns of a consumer's rows at a time and AHEAD times in flight: while
// the last slab multiplies, and while the columns before are finished.
template <class C, class Epilogue>
struct Gemm90Reads {
  using Read = Gemm90Read<Epilogue>;
  // Registers for it, and of 16 columns, if all that is read were different.
  static constexpr int ROOM = C::HALVES * C::BN > 192 ? 64 : 128,
                       EACH = (int)sizeof(Read) / 4;
  static constexpr int WIDTH = 4 * EACH <= ROOM ? 32 : 16,
                       AHEAD = WIDTH / 16 * 2 * EACH <= ROOM ? 2 : 1;
  Read reads[AHEAD][WIDTH / 16];

  DEV void load(int at, const Gemm90Place &place, int n0,
                const Epilogue &epilogue) {
    if (place.has_panel(n0))
      UNROLL for (int j = 0; j < WIDTH / 16; ++j) reads[at % AHEAD][j].load(
          place, n0 + j * 16, epilogue);
  }
  DEV void start(const Gemm90Place &place, int n0, const Epilogue &epilogue) {
    UNROLL for (int i = 0; i < AHEAD; ++i)
        load(i, place, n0 + i * WIDTH, epilogue);
  }
};

// A consumer's share of a tile, from the sums on: 64 rows, or twice 64.
template <class C, class Epilogue>
DEV void gemm90_finish(float (&sum)[C::HALVES * C::BN / 2],
                       Gemm90Reads<C, Epilogue> &reads, const Gemm90Maps &maps,
                       const Gemm90Place &place, int consumer, int m0, int n0,
                       const Epilogue &epilogue) {
  using Reads = Gemm90Reads<C, Epilogue>;
  constexpr int WIDTH = Reads::WIDTH, EACH = C::BN / WIDTH,
                PARTS = C::HALVES * EACH;
  constexpr bool BYTES = sizeof(typename Epilogue::Out) == 1,
                 ROLLS = C::STORES && C::HELD < C::PANELS;
  static_assert(!ROLLS || C::HALVES == 1);
  u8 *panels = Gemm90Shared<C>::get().panels() +
               consumer * C::HALVES * C::HELD * C::PANEL;
  Gemm90Bytes bytes;
  int warp = warp_uniform() % 4;
  bool leads = warp == 0 && lane() == 0;
  // Two constants: a number that is none would take all barriers.
  auto meet = [&] { consumer ? barrier_named<128>(2) : barrier_named<128>(1); };
  // Before panels are written: what was in them has left. In turn, that is so
  // once all stores but the last are done with it.
  auto enter = [&] {
    if (leads)
      tma_store_wait_read<ROLLS ? C::HELD - 1 : 0>();
    meet();
  };
  // When panels are full: `count` of them, from number `first` on.
  auto leave = [&](int first, int count) {
    fence_async(); // what this thread stored above
    meet();
    if (leads) {
      for (int p = first; p < first + count; ++p)
        if (int c = n0 + p % C::PANELS * 64; place.has_panel(c))
          tma_store2(maps.out, panels + (ROLLS ? p % C::HELD : p) * C::PANEL, c,
                     m0 + p / C::PANELS * 64);
      tma_store_commit();
    }
  };
  if constexpr (C::STORES && !ROLLS)
    enter();
  UNROLL for (int p = 0; p < PARTS; ++p) {
    int half = p / EACH, at = p % EACH * WIDTH;
    if constexpr (ROLLS)
      if (at % 64 == 0)
        enter();
    if (place.has_panel(n0 + at)) {
      UNROLL for (int j = 0; j < WIDTH / 16; ++j) {
        const auto &read = reads.reads[p % Reads::AHEAD][j];
        int from = at + j * 16;
        const float *sums = sum + half * C::BN / 2 + from / 2;
        Gemm90Place below = place.below(half * 64);
        if constexpr (C::STORES || BYTES) {
          u32 packed[4];
          if (C::STORES && at < C::PANELS * 64) {
            int panel = ROLLS ? at / 64 % C::HELD : half * C::PANELS + at / 64,
                chunk = from % 64 / 8;
            gemm90_pack(packed, sums, read, below, n0 + from, epilogue);
            store_matrix4(panels + (panel * 64 + warp * 16) * 128 +
                              swizzle128(lane() % 16, chunk + lane() / 16),
                          packed);
            continue;
          }
          if (BYTES && place.n % 8 == 0) {
            gemm90_pack(packed, sums, read, below, n0 + from, epilogue);
            bytes.take(from / 16 % 2, packed);
            if (from / 16 % 2)
              bytes.store(below, n0 + from - 16, epilogue);
            continue;
          }
        }
        gemm90_store(sums, read, below, n0 + from, epilogue);
      }
    }
    if (int next = p + Reads::AHEAD; next < PARTS)
      reads.load(next, place.below(next / EACH * 64), n0 + next % EACH * WIDTH,
                 epilogue);
    // One part after the other: addresses of all would not fit in registers.
    fence_regs(sum);
    if constexpr (ROLLS)
      if ((at + WIDTH) % 64 == 0)
        leave(at / 64, 1);
  }
  if constexpr (C::STORES && !ROLLS)
    leave(0, C::HALVES * C::PANELS);
}

// A consumer's share of a tile whose K blocks share: it leaves its sums, 16
// rows by 16 columns in 1024 bytes as lanes have them, and when all parts have
// come adds up some of those for the epilogue, always in the same order.
template <class C, class Epilogue>
DEV void gemm90_meet(const float (&sum)[C::BN / 2], const Splits &splits,
                     int consumer, const Gemm90Task &task, int m, int n,
                     const Epilogue &epilogue) {
  constexpr int WARPS = C::CONSUMERS, FLOATS = 256;
  int warp = consumer * 4 + warp_uniform() % 4, parts = (int)splits.count;
  int rows = ceil_div(m, 16), columns = ceil_div(n, 16);
  int row = task.m0 / 16, column = task.n0 / 16;
  auto piece = [&](int part, int r, int c) {
    i64 number = ((i64)part * rows + r) * columns + c;
    return splits.partials + number * FLOATS + lane() * 4;
  };
  UNROLL for (int j = 0; j < C::BN / 16; ++j) {
    if (row + warp >= rows || column + j >= columns)
      continue;
    float *to = piece(task.part, row + warp, column + j);
    float low[4], high[4];
    UNROLL for (int i = 0; i < 4; ++i) {
      low[i] = sum[j * 8 + i];
      high[i] = sum[j * 8 + 4 + i];
    }
    store_columns(to, low);
    store_columns(to + FLOATS / 2, high);
  }
  u32 *counter =
      splits.counters + task.m0 / C::BM * ceil_div(n, C::BN) + task.n0 / C::BN;
  u32 *shares = Gemm90Shared<C>::get().shares();
  barrier_named<WARPS * 32>(3); // all sums have been left
  if (warp == 0 && lane() == 0)
    *shares = splits_shares(counter, task.part, parts);
  barrier_named<WARPS * 32>(3);
  if (warp == WARPS - 1 && lane() == 0)
    splits_leave(counter, parts);
  int width = min_(C::BN / 16, columns - column),
      count = min_(C::BM / 16, rows - row) * width;
  for (int share = 0; share < parts; ++share) {
    if (!(*shares >> share & 1))
      continue;
    UNROLL1 for (int i = warp * parts + share; i < count; i += WARPS * parts) {
      int r = row + i / width, c = column + i % width;
      Columns<float, 4> low[SPLITS_MOST], high[SPLITS_MOST];
      UNROLL for (int p = 0; p < SPLITS_MOST; ++p) {
        if (p < parts) {
          low[p] = load_columns<4>(piece(p, r, c));
          high[p] = load_columns<4>(piece(p, r, c) + FLOATS / 2);
        }
      }
      float total[8] = {};
      UNROLL for (int p = 0; p < SPLITS_MOST; ++p) {
        if (p < parts)
          UNROLL for (int e = 0; e < 4; ++e) {
            total[e] += ::column(low[p], e);
            total[4 + e] += ::column(high[p], e);
          }
      }
      Gemm90Place place(r * 16, m, n);
      Gemm90Read<Epilogue> read;
      read.load(place, c * 16, epilogue);
      gemm90_store(total, read, place, c * 16, epilogue);
    }
  }
}

// The block's mbarriers, and all of its threads after it.
template <class C>
DEV void gemm90_start(const Gemm90Maps &maps) {
  auto &shared = Gemm90Shared<C>::get();
  if (tid() == 0) {
    tma_prefetch_map(maps.a);
    tma_prefetch_map(maps.w);
    if constexpr (C::STORES)
      tma_prefetch_map(maps.out);
    for (int s = 0; s < C::STAGES; ++s) {
      mbar_init(shared.full() + s, 1);
      mbar_init(shared.empty() + s, C::CONSUMERS * C::CLUSTER);
    }
    if constexpr (C::TURNS)
      for (int i = 0; i < 2; ++i)
        mbar_init(shared.turns() + i, C::CONSUMERS);
    mbar_fence_init();
  }
  C::CLUSTER > 1 ? cluster_sync() : barrier();
}

// By one thread: keeps the ring filled with the slabs of tasks first, first +
// step, ..
template <class C, class S>
DEV void gemm90_fill(const Gemm90Maps &maps, const Gemm90Tiles<C> &tiles,
                     int tasks, int first, int step, int rank, int slabs,
                     const S &splits) {
  auto &shared = Gemm90Shared<C>::get();
  u64 *full = shared.full(), *empty = shared.empty();
  Ring<C::STAGES> ring;
  Gemm90Task task;
  int ahead = 0;
  if (first < tasks) {
    task = gemm90_task(tiles, first, rank, slabs, splits);
    UNROLL1 for (; ahead < min_(task.slabs, C::STAGES); ++ahead)
        gemm90_load_w<C>(maps, shared.w[ahead], full + ahead, rank,
                         (task.first + ahead) * C::BK, task.n0);
  }
  grid_wait();
  for (int t = first; t < tasks; t += step) {
    task = gemm90_task(tiles, t, rank, slabs, splits);
    UNROLL1 for (int i = 0; i < task.slabs; ++i, ring.next()) {
      int k0 = (task.first + i) * C::BK;
      if (--ahead < 0) {
        mbar_wait(empty + ring.stage, ring.parity ^ 1);
        gemm90_load_w<C>(maps, shared.w[ring.stage], full + ring.stage, rank,
                         k0, task.n0);
      }
      gemm90_load_a<C>(maps, shared.a[ring.stage], full + ring.stage, rank, k0,
                       task.m0);
    }
  }
}

template <class C, class Epilogue, class S = NoSplits>
DEV void gemm90(const Gemm90Maps &maps, int m, int n, int k,
                const Epilogue &epilogue, const S &splits = {}) {
  auto &shared = Gemm90Shared<C>::get();
  u64 *full = shared.full(), *empty = shared.empty();
  Gemm90Tiles<C> tiles(m, n);
  int slabs = ceil_div(k, C::BK), tasks = tiles.count() * (int)splits.count,
      group = warp_uniform() / 4;
  int rank = C::CLUSTER > 1 ? cluster_rank() : 0;
  int first = (int)block_number() / C::CLUSTER,
      step = (int)block_count() / C::CLUSTER;
  gemm90_start<C>(maps);

  if (group == 0) {
    regs_down<40>();
    if (tid() == 0)
      gemm90_fill<C>(maps, tiles, tasks, first, step, rank, slabs, splits);
  } else {
    regs_up<232>();
    grid_wait();
    Ring<C::STAGES> ring;
    int consumer = group - 1;
    for (int t = first; t < tasks; t += step) {
      Gemm90Task task = gemm90_task(tiles, t, rank, slabs, splits);
      int last = 0;
      float sum[C::BN / 2];
      Gemm90Totals<C> totals;
      UNROLL1 for (int i = 0; i < task.slabs; ++i, ring.next()) {
        totals.load(maps.scales, task.first + i, task.n0, n);
        mbar_wait(full + ring.stage, ring.parity);
        const u8 *rows = shared.a[ring.stage] + consumer * 64 * 128;
        u64 a = wgmma_desc(rows), w = wgmma_desc(shared.w[ring.stage]);
        // Before its registers are loaded anew, or the last but one is done.
        auto free_last = [&] {
          wgmma_wait<C::ROUNDS ? 0 : 1>();
          if (i > 0)
            gemm90_release<C>(empty + last, rank);
        };
        Gemm90Rounded rounded;
        if constexpr (C::ROUNDS) {
          free_last();
          rounded.load(rows + warp_uniform() % 4 * 16 * 128);
        }
        fence_regs(sum);
        wgmma_fence();
        // 32 bytes of k at a time.
        UNROLL for (int s = 0; s < 4; ++s) {
          bool keep = (C::PROMOTES ? s : i + s) > 0;
          if constexpr (C::ROUNDS)
            wgmma<typename C::Math, C::BN>(sum, rounded.a[s], w + s * 2, keep);
          else
            wgmma<typename C::Math, C::BN>(sum, a + s * 2, w + s * 2, keep);
        }
        wgmma_commit();
        fence_regs(sum);
        if constexpr (!C::ROUNDS)
          free_last();
        totals.add(sum);
        last = ring.stage;
      }
      bool is_shared = S::POSSIBLE && splits.count > 1;
      int m0 = task.m0 + consumer * 64;
      Gemm90Place place(m0 + warp_uniform() % 4 * 16, m, n);
      Gemm90Reads<C, Epilogue> reads;
      if (!is_shared)
        reads.start(place, task.n0, epilogue);
      wgmma_wait<0>();
      fence_regs(sum);
      gemm90_release<C>(empty + last, rank);
      totals.give(sum);
      if constexpr (S::POSSIBLE) {
        if (is_shared) {
          // The other block's tile may be past the end.
          if (task.m0 < m && task.n0 < n)
            gemm90_meet<C>(sum, splits, consumer, task, m, n, epilogue);
          continue;
        }
      }
      if constexpr (C::OWNS_ROWS)
        epilogue.template finish<C>(sum, reads, maps, place, consumer, m0,
                                    task.n0);
      else
        gemm90_finish<C>(sum, reads, maps, place, consumer, m0, task.n0,
                         epilogue);
    }
    if constexpr (C::STORES)
      if (warp_uniform() % 4 == 0 && lane() == 0)
        tma_store_wait_read<0>();
  }
  // A block stays while the other one may still arrive at its mbarriers.
  if constexpr (C::CLUSTER > 1)
    cluster_sync();
}
