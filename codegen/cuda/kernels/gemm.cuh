// Matrix product with weights as they lie: C[m, n] = epilogue(sum over k of
// A[m, k] * W[n, k])
//
//   grid   (ceil(M / BM) * ceil(N / BN), splits, batches)
//   block  32 * WM * WN * WK
//   smem   Config::SHARED, dynamic
//   Math   bf16, f16, tf32 (of f32 data: A is rounded, of W the low bits are
//          cut off) on tensor cores, float: IEEE products; sums in f32
//   WK     of float: warps that share the k of a slab; their sums meet in
//          shared memory, always in the same order
//   ALIGN  16, 8, 4 or 2: bytes by which both bases, pitches and batch strides
//          are multiples (2: bf16 and f16 only). 16 needs a third of the copies
//          of 4.
//   needs  M, N > 0 (K may be 0); nothing beyond: rows and columns past the end
//          read as 0.
//          M rows of A and C, N rows of W and columns of C, K columns of both
//
// Both operands come in slabs of 128 bytes of k per row, swizzled, so that the
// tile of every type has one layout: 16 bytes are 8 elements of 16 bits or 4 of
// 32, and load_matrix4 brings the fragments of either.
#pragma once
#include "epilogue.cuh"
#include "splits.cuh"

template <class Math_, int BM_, int BN_, int WM_, int WN_, int STAGES_,
          int ALIGN_, int WK_ = 1>
struct GemmConfig {
  using Math = Math_;
  using Element = typename GemmElement<Math>::Type;
  static constexpr int BM = BM_, BN = BN_, WM = WM_, WN = WN_,
                       WK = WK_; // tile, warps along it and K
  static constexpr int STAGES = STAGES_, ALIGN = ALIGN_;
  static constexpr int THREADS = 32 * WM * WN * WK, TM = BM / WM, TN = BN / WN;
  static constexpr int BK = 128 / (int)sizeof(Element);
  static constexpr int STAGE = (BM + BN) * 128;
  // Sums are staged for the epilogue as f32; some floats more a row keep its
  // writers apart.
  static constexpr int PITCH = BN + 8;
  static constexpr int SHARED = max_(STAGES * STAGE, WK *BM *PITCH * 4);
  static_assert(STAGES >= 2 && 4 % WK == 0);
  static_assert(ALIGN >= (int)sizeof(Element) &&
                (ALIGN >= 4 || sizeof(Element) == 2));
};

template <class E>
struct GemmOperands {
  const E *a, *w;
  i64 lda, ldw;                 // elements from row to row
  i64 batch_a = 0, batch_w = 0; // from batch to batch
  int m, n, k;
};

// Copies BYTES, or no bytes and a zero, to a place of the same alignment.
template <int BYTES, class E>
DEV void gemm_copy(u8 *target, const E *source, int valid) {
  if constexpr (BYTES == 16)
    copy_async16(target, source, valid);
  else if constexpr (BYTES == 8)
    copy_async8(target, source, valid);
  else if constexpr (BYTES == 4)
    copy_async4(target, source, valid);
  else
    *reinterpret_cast<E *>(target) = valid ? *source : E{0};
}

// 128 bytes of ROWS rows, from row0 and column k0, into a slab. A thread has
// one column and every STEP-th row, so that little is computed per copy; least
// where all of it `is_inside` the matrix.
template <int ROWS, class C>
DEV void gemm_fetch(u8 *slab, const typename C::Element *g, i64 pitch, int row0,
                    int rows, int k0, int k, bool is_inside) {
  using E = typename C::Element;
  constexpr int PER_ROW = 128 / C::ALIGN, STEP = C::THREADS / PER_ROW,
                COUNT = ROWS / STEP;
  // At most eight at a time: more addresses would not fit in registers.
  constexpr int GROUP = min_(COUNT, 8);
  static_assert(C::THREADS % PER_ROW == 0 && ROWS % STEP == 0 &&
                COUNT % GROUP == 0);
  int row = tid() / PER_ROW, byte = tid() % PER_ROW * C::ALIGN,
      column = k0 + byte / (int)sizeof(E);
  i64 offset = (row0 + row) * pitch + column;
  if constexpr (STEP % 8 == 0) {
    if (is_inside) {
      u8 *to = slab + swizzle128(row, byte / 16) + byte % 16;
      UNROLL1 for (int first = 0; first < COUNT; first += GROUP)
          UNROLL for (int i = 0; i < GROUP; ++i)
              gemm_copy<C::ALIGN>(to + (first + i) * STEP * 128,
                                  g + offset + (first + i) * STEP * pitch,
                                  C::ALIGN);
      return;
    }
  }
  int valid = min_(max_((k - column) * (int)sizeof(E), 0), C::ALIGN);
  UNROLL1 for (int first = 0; first < COUNT; first += GROUP)
      UNROLL for (int i = 0; i < GROUP; ++i) {
    int more = (first + i) * STEP;
    bool inside = row0 + row + more < rows && valid > 0;
    // An address past the matrix must not even be formed.
    gemm_copy<C::ALIGN>(slab + swizzle128(row + more, byte / 16) + byte % 16,
                        g + (inside ? offset + more * pitch : 0),
                        inside ? valid : 0);
  }
}

// A warp's tile on tensor cores.
template <class C>
struct TensorTile {
  static constexpr int FM = C::TM / 16, FN = C::TN / 8;
  static_assert(C::WK == 1 && C::TM % 16 == 0 && C::TN % 16 == 0);
  // 32 bytes of k.
  static constexpr int STEPS = 4, UNROLLED = STEPS;
  // Whether a step's fragments load while the one before is multiplied: not
  // where elements are copied one by one, which takes longer than both.
  static constexpr bool AHEAD = C::ALIGN > 2;
  struct Fragments {
    u32 a[FM][4], w[FN / 2][4];
  };
  int m0, n0; // of the warp
  float sum[FM][FN][4] = {};
  DEV TensorTile()
      : m0(warp_uniform() % C::WM * C::TM), n0(warp_uniform() / C::WM * C::TN) {
  }

  DEV void load(Fragments &f, const u8 *slab, int step) const {
    int l = lane();
    const u8 *a = slab, *w = slab + C::BM * 128;
    UNROLL for (int i = 0; i < FM; ++i) load_matrix4(
        f.a[i], a + swizzle128(m0 + i * 16 + l % 16, step * 2 + l / 16));
    // Matrices 0 and 1: both halves of k of columns 0-7; 2 and 3: of columns
    // 8-15.
    UNROLL for (int j = 0; j < FN / 2; ++j)
        load_matrix4(f.w[j], w + swizzle128(n0 + j * 16 + l % 8 + l / 16 * 8,
                                            step * 2 + l / 8 % 2));
  }

  DEV void multiply(Fragments &f) {
    // The tensor core cuts the low bits off, which biases sums unless they are
    // rounded away: here, and when W is loaded.
    if constexpr (sizeof(typename C::Element) == 4)
      UNROLL for (int i = 0; i < FM; ++i) round_all(f.a[i]);
    mma_tile<typename C::Math>(sum, f.a, f.w);
  }
  static DEV void round_all(u32 (&r)[4]) {
    UNROLL for (int i = 0; i < 4; ++i) r[i] = to_tf32(bits_f32(r[i]));
  }

  DEV void stage(float *tile) const {
    int l = lane();
    UNROLL for (int i = 0; i < FM; ++i) UNROLL for (int j = 0; j < FN; ++j)
        UNROLL for (int h = 0; h < 2; ++h) {
      float *to = tile + (m0 + i * 16 + h * 8 + l / 4) * C::PITCH + n0 + j * 8 +
                  l % 4 * 2;
      *reinterpret_cast<vec8 *>(to) =
          vec8{{f32_bits(sum[i][j][h * 2]), f32_bits(sum[i][j][h * 2 + 1])}};
    }
  }
};

// The same in IEEE f32. A lane has rows `row` + 8 i and columns `column` + 4 j
// of the warp's tile and reads four k of each at once. Lanes are eight rows by
// four columns, of which lane's bits 1 to 3 are the row and the others the
// column: of 16 lanes, which shared memory answers together if neighbours or
// next but ones ask for the same, those that read A read eight bank groups, and
// those that read W two.
template <class C>
struct PlainTile {
  static constexpr int FM = C::TM / 8, FN = C::TN / 4;
  // 16 bytes of k; where WK > 1 a warp has some of a slab. More than two steps
  // would be more instructions than are cached beside the units.
  static constexpr int STEPS = 8 / C::WK, UNROLLED = 2;
  static constexpr bool AHEAD = true;
  struct Fragments {
    vec16 a[FM], w[FN];
  };
  int m0, n0, group; // of the warp
  int at_a, at_w;    // in a slab, but for the swizzle's share of k
  float sum[FM][FN] = {};
  DEV PlainTile() {
    int warp = warp_uniform();
    m0 = warp % C::WM * C::TM;
    n0 = warp / C::WM % C::WN * C::TN;
    group = warp / (C::WM * C::WN);
    at_a = swizzle128(m0 + row(), group * STEPS);
    at_w = C::BM * 128 + swizzle128(n0 + column(), group * STEPS);
  }
  static DEV int row() { return lane() >> 1 & 7; }
  static DEV int column() { return (lane() & 1) + (lane() >> 4) * 2; }

  DEV void load(Fragments &f, const u8 *slab, int step) const {
    // Rows eight apart are swizzled alike, those four apart by one bit more.
    UNROLL for (int i = 0; i < FM; ++i) f.a[i] =
        *reinterpret_cast<const vec16 *>(slab + (at_a ^ step * 16) +
                                         i * 8 * 128);
    UNROLL for (int j = 0; j < FN; ++j) f.w[j] =
        *reinterpret_cast<const vec16 *>(
            slab + (at_w ^ (step ^ j % 2 * 4) * 16) + j * 4 * 128);
  }

  DEV void multiply(const Fragments &f) {
    UNROLL for (int k = 0; k < 4; ++k) UNROLL for (int j = 0; j < FN; ++j)
        UNROLL for (int i = 0; i < FM; ++i) sum[i][j] =
            math_fma(bits_f32(f.a[i].w[k]), bits_f32(f.w[j].w[k]), sum[i][j]);
  }

  // Each group of warps along K into a tile of its own.
  DEV void stage(float *tile) const {
    tile += group * C::BM * C::PITCH;
    UNROLL for (int i = 0; i < FM; ++i) UNROLL for (int j = 0; j < FN; ++j)
        tile[(m0 + row() + i * 8) * C::PITCH + n0 + column() + j * 4] =
            sum[i][j];
  }
};

template <class C, class Math>
struct GemmTile : TensorTile<C> {};
template <class C>
struct GemmTile<C, float> : PlainTile<C> {};

// V elements at a time of the part of a tile within the result, and where they
// lie in an M x N matrix.
template <class C, int V, class F>
DEV void gemm_units(int m0, int n0, int m, int n, F visit) {
  constexpr int PER_ROW = C::BN / V;
  UNROLL1 for (int unit = tid(); unit < C::BM * PER_ROW; unit += C::THREADS) {
    int row = unit / PER_ROW, column = unit % PER_ROW * V;
    if (m0 + row < m && n0 + column < n)
      visit(row * C::PITCH + column, (i64)(m0 + row) * n + n0 + column);
  }
}

// What the warps along K have staged, added up.
template <class C, int V>
DEV void gemm_add_groups(float *staged) {
  if constexpr (C::WK > 1)
    gemm_units<C, V>(0, 0, C::BM, C::BN, [&](int to, i64) {
      float sum[V];
      UNROLL for (int i = 0; i < V; ++i) sum[i] = staged[to + i];
      UNROLL for (int g = 1; g < C::WK; ++g) UNROLL for (int i = 0; i < V; ++i)
          sum[i] += staged[g * C::BM * C::PITCH + to + i];
      UNROLL for (int i = 0; i < V; ++i) staged[to + i] = sum[i];
    });
}

// Staged sums become part `split` of a result. The block whose part comes last
// adds all up, always in the same order: its sums are then the tile's, each
// where the thread that goes on with it has put it.
template <class C, int V>
DEV bool gemm_meet(float *staged, int place, int split, const Splits &splits,
                   int m0, int n0, int m, int n) {
  float *mine = splits.partials + (i64)split * m * n;
  gemm_units<C, V>(m0, n0, m, n, [&](int from, i64 to) {
    float x[V];
    UNROLL for (int i = 0; i < V; ++i) x[i] = staged[from + i];
    store_columns(mine + to, x);
  });
  if (!splits_meet(splits.counters + place, splits.count))
    return false;
  gemm_units<C, V>(m0, n0, m, n, [&](int to, i64 from) {
    float sum[V] = {};
    for (i64 s = 0; s < splits.count; ++s) {
      Columns<float, V> x = load_columns<V>(splits.partials + s * m * n + from);
      UNROLL for (int i = 0; i < V; ++i) sum[i] += column(x, i);
    }
    UNROLL for (int i = 0; i < V; ++i) staged[to + i] = sum[i];
  });
  return true;
}

// The epilogue over a tile of staged sums.
template <class C, class Epilogue>
DEV void gemm_finish(const float *staged, int m0, int n0, int m, int n,
                     const Epilogue &epilogue) {
  constexpr int V = Epilogue::V, PER_ROW = C::BN / V, UNITS = C::BM * PER_ROW;
  constexpr int PER_THREAD = ceil_div(UNITS, C::THREADS),
                GROUP = min_(PER_THREAD, 8);
  UNROLL1 for (int first = 0; first < PER_THREAD; first += GROUP) {
    typename Epilogue::In in[GROUP];
    // Without a branch: tiles past the end read the last columns once more.
    UNROLL for (int g = 0; g < GROUP; ++g) {
      int unit = tid() + (first + g) * C::THREADS;
      in[g] = epilogue.load(min_(m0 + unit / PER_ROW, m - 1),
                            min_(n0 + unit % PER_ROW * V, n - V));
    }
    UNROLL for (int g = 0; g < GROUP; ++g) {
      int unit = tid() + (first + g) * C::THREADS, row = unit / PER_ROW,
          at = unit % PER_ROW * V;
      if (unit >= UNITS || m0 + row >= m || n0 + at >= n)
        continue;
      Columns<float, V> c = load_columns<V>(staged + row * C::PITCH + at);
      float x[V];
      UNROLL for (int i = 0; i < V; ++i) x[i] = column(c, i);
      epilogue.store(m0 + row, n0 + at, in[g], x);
    }
  }
}

// Part `split` of the tile of that number, of the batch that the block stands
// for.
template <class C, class Epilogue, class S = NoSplits>
DEV void gemm_tile(int place, const GemmOperands<typename C::Element> &p,
                   const Epilogue &epilogue, int split = 0,
                   const S &splits = {}) {
  constexpr int BM = C::BM, BN = C::BN, STAGES = C::STAGES;
  u8 *smem = shared_base<u8>();
  // Tiles go down eight rows at a time, so that blocks that run together share
  // slabs in L2.
  constexpr int BAND = 8;
  int tiles_m = ceil_div(p.m, BM), tiles_n = ceil_div(p.n, BN);
  int band = place / (BAND * tiles_n), within = place % (BAND * tiles_n);
  int height = min_(BAND, tiles_m - band * BAND);
  int m0 = (band * BAND + within % height) * BM, n0 = within / height * BN;
  const auto *a = p.a + bid_z() * p.batch_a, *w = p.w + bid_z() * p.batch_w;

  // Parts are whole slabs; where there are fewer than parts, some have none.
  int slabs = ceil_div(p.k, C::BK), each = ceil_div(slabs, (int)splits.count);
  int first = split * each, count = min_(each, slabs - first);
  bool is_whole = m0 + BM <= p.m && n0 + BN <= p.n;
  auto fetch = [&](int i) {
    if (i < count) {
      u8 *slab = smem + i % STAGES * C::STAGE;
      int k0 = (first + i) * C::BK;
      bool is_inside = is_whole && k0 + C::BK <= p.k;
      gemm_fetch<BM, C>(slab, a, p.lda, m0, p.m, k0, p.k, is_inside);
      gemm_fetch<BN, C>(slab + BM * 128, w, p.ldw, n0, p.n, k0, p.k, is_inside);
    }
    copy_commit(); // also when empty: waits count groups
  };
  using Tile = GemmTile<C, typename C::Math>;
  Tile tile;
  typename Tile::Fragments fragments[2];
  auto slab = [&](int i) { return smem + i % STAGES * C::STAGE; };
  UNROLL for (int i = 0; i < STAGES - 1; ++i) fetch(i);
  auto arrive = [&] {
    copy_wait<STAGES - 2>();
    barrier(); // the next slab is there for all, who have read the one before
  };
  arrive();
  if (Tile::AHEAD && count > 0)
    tile.load(fragments[0], slab(0), 0);
  UNROLL1 for (int i = 0; i < count; ++i) {
    fetch(i + STAGES - 1);
    const u8 *here = slab(i), *next = slab(min_(i + 1, count - 1));
    UNROLL1 for (int first = 0; first < Tile::STEPS; first += Tile::UNROLLED)
        UNROLL for (int s = 0; s < Tile::UNROLLED; ++s) {
      int step = first + s;
      bool is_last = s + 1 == Tile::UNROLLED && step + 1 == Tile::STEPS;
      if constexpr (Tile::AHEAD) {
        if (is_last)
          arrive();
        tile.load(fragments[(s + 1) % 2], is_last ? next : here,
                  is_last ? 0 : step + 1);
        tile.multiply(fragments[s % 2]);
      } else {
        tile.load(fragments[0], here, step);
        tile.multiply(fragments[0]);
        if (is_last)
          arrive();
      }
    }
  }

  barrier(); // the sums overwrite the slabs
  float *staged = reinterpret_cast<float *>(smem);
  tile.stage(staged);
  barrier();
  gemm_add_groups<C, Epilogue::V>(staged);
  if constexpr (S::POSSIBLE) {
    if (splits.count > 1 && !gemm_meet<C, Epilogue::V>(
                                staged, place, split, splits, m0, n0, p.m, p.n))
      return;
  }
  gemm_finish<C>(staged, m0, n0, p.m, p.n, epilogue);
}

template <class C, class Epilogue, class S = NoSplits>
DEV void gemm(const GemmOperands<typename C::Element> &p,
              const Epilogue &epilogue, const S &splits = {}) {
  gemm_tile<C>(bid_x(), p, epilogue, bid_y(), splits);
}
