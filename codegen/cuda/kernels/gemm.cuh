// Matrix product with weights as they lie: C[m, n] = epilogue(sum over k of
// A[m, k] * W[n, k])
//
//   grid   (ceil(M / BM) * ceil(N / BN), splits, batches)   block (32 * WM *
//   WN) smem   Config::SHARED, dynamic Math   bf16, f16, tf32 (of f32 data) on
//   tensor cores, float: IEEE products; sums in f32 ALIGN  16, 8, 4 or 2: bytes
//   by which both bases, pitches and batch strides are
//          multiples (2: bf16 and f16 only). 16 needs a third of the copies
//          of 4.
//   needs  M, N > 0 (K may be 0); nothing beyond: rows and columns past the end
//   read as 0 M rows of A and C, N rows of W and columns of C, K columns of A
//   and W
//
// Both operands come in slabs of 128 bytes of k per row, swizzled, so that the
// tile of every type has one layout: 16 bytes are 8 elements of 16 bits or 4 of
// 32, and load_matrix4 brings the fragments of either.
#pragma once
#include "epilogue.cuh"
#include "splits.cuh"

template <class Math>
struct GemmElement {
  using Type = Math;
};
template <>
struct GemmElement<tf32> {
  using Type = float;
};

template <class Math_, int BM_, int BN_, int WM_, int WN_, int STAGES_,
          int ALIGN_>
struct GemmConfig {
  using Math = Math_;
  using Element = typename GemmElement<Math>::Type;
  static constexpr int BM = BM_, BN = BN_, WM = WM_,
                       WN = WN_; // tile, warps along it
  static constexpr int STAGES = STAGES_, ALIGN = ALIGN_;
  static constexpr int THREADS = 32 * WM * WN, TM = BM / WM, TN = BN / WN;
  static constexpr int BK = 128 / (int)sizeof(Element);
  static constexpr int STAGE = (BM + BN) * 128;
  // Sums are staged for the epilogue as f32; 8 floats more a row keep its
  // writers apart.
  static constexpr int PITCH = BN + 8;
  static constexpr int SHARED = max_(STAGES * STAGE, BM *PITCH * 4);
  static_assert(STAGES >= 2 && TM % 16 == 0 && TN % 16 == 0);
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
// one column and every STEP-th row, so that little is computed per copy.
template <int ROWS, class C>
DEV void gemm_fetch(u8 *slab, const typename C::Element *g, i64 pitch, int row0,
                    int rows, int k0, int k) {
  using E = typename C::Element;
  constexpr int PER_ROW = 128 / C::ALIGN, STEP = C::THREADS / PER_ROW,
                COUNT = ROWS / STEP;
  // At most eight at a time: more addresses would not fit in registers.
  constexpr int GROUP = min_(COUNT, 8);
  static_assert(C::THREADS % PER_ROW == 0 && ROWS % STEP == 0 &&
                COUNT % GROUP == 0);
  int row = tid() / PER_ROW, byte = tid() % PER_ROW * C::ALIGN,
      column = k0 + byte / (int)sizeof(E);
  int valid = min_(max_((k - column) * (int)sizeof(E), 0), C::ALIGN);
  i64 offset = (row0 + row) * pitch + column;
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
  float sum[FM][FN][4] = {};

  // One slab: four steps of 32 bytes of k.
  DEV void multiply(const u8 *a, const u8 *w, int m0, int n0) {
    int l = lane();
    UNROLL for (int step = 0; step < 4; ++step) {
      u32 fa[FM][4], fw[FN / 2][4];
      UNROLL for (int i = 0; i < FM; ++i) load_matrix4(
          fa[i], a + swizzle128(m0 + i * 16 + l % 16, step * 2 + l / 16));
      // Matrices 0 and 1: both halves of k of columns 0-7; 2 and 3: of columns
      // 8-15.
      UNROLL for (int j = 0; j < FN / 2; ++j)
          load_matrix4(fw[j], w + swizzle128(n0 + j * 16 + l % 8 + l / 16 * 8,
                                             step * 2 + l / 8 % 2));
      if constexpr (sizeof(typename C::Element) == 4) {
        // Without rounding the tensor core cuts the low bits off, which biases
        // sums.
        UNROLL for (int i = 0; i < FM; ++i) round_all(fa[i]);
        UNROLL for (int j = 0; j < FN / 2; ++j) round_all(fw[j]);
      }
      mma_tile<typename C::Math>(sum, fa, fw);
    }
  }
  static DEV void round_all(u32 (&r)[4]) {
    UNROLL for (int i = 0; i < 4; ++i) r[i] = to_tf32(bits_f32(r[i]));
  }

  DEV void stage(float *tile, int m0, int n0) const {
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

// The same in IEEE f32: a lane has rows l / 4 + 8 i and columns l % 4 + 4 j, so
// that eight lanes read eight bank groups.
template <class C>
struct PlainTile {
  static constexpr int FM = C::TM / 8, FN = C::TN / 4;
  float sum[FM][FN] = {};

  DEV void multiply(const u8 *a, const u8 *w, int m0, int n0) {
    int l = lane();
    UNROLL1 for (int chunk = 0; chunk < 8; ++chunk) {
      vec16 fa[FM];
      UNROLL for (int i = 0; i < FM; ++i) fa[i] =
          *reinterpret_cast<const vec16 *>(
              a + swizzle128(m0 + l / 4 + i * 8, chunk));
      UNROLL for (int j = 0; j < FN; ++j) {
        vec16 fw = *reinterpret_cast<const vec16 *>(
            w + swizzle128(n0 + l % 4 + j * 4, chunk));
        UNROLL for (int i = 0; i < FM; ++i) UNROLL for (int k = 0; k < 4; ++k)
            sum[i][j] =
                math_fma(bits_f32(fa[i].w[k]), bits_f32(fw.w[k]), sum[i][j]);
      }
    }
  }

  DEV void stage(float *tile, int m0, int n0) const {
    int l = lane();
    UNROLL for (int i = 0; i < FM; ++i) UNROLL for (int j = 0; j < FN; ++j)
        tile[(m0 + l / 4 + i * 8) * C::PITCH + n0 + l % 4 + j * 4] = sum[i][j];
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
  int wm = warp_uniform() % C::WM * C::TM, wn = warp_uniform() / C::WM * C::TN;
  const auto *a = p.a + bid_z() * p.batch_a, *w = p.w + bid_z() * p.batch_w;

  // Parts are whole slabs; where there are fewer than parts, some have none.
  int slabs = ceil_div(p.k, C::BK), each = ceil_div(slabs, (int)splits.count);
  int first = split * each, count = min_(each, slabs - first);
  auto fetch = [&](int i) {
    if (i < count) {
      u8 *slab = smem + i % STAGES * C::STAGE;
      int k0 = (first + i) * C::BK;
      gemm_fetch<BM, C>(slab, a, p.lda, m0, p.m, k0, p.k);
      gemm_fetch<BN, C>(slab + BM * 128, w, p.ldw, n0, p.n, k0, p.k);
    }
    copy_commit(); // also when empty: waits count groups
  };
  GemmTile<C, typename C::Math> tile;
  UNROLL for (int i = 0; i < STAGES - 1; ++i) fetch(i);
  UNROLL1 for (int i = 0; i < count; ++i) {
    copy_wait<STAGES - 2>();
    barrier(); // slab i is there for all, and all are done with slab i - 1
    fetch(i + STAGES - 1);
    const u8 *slab = smem + i % STAGES * C::STAGE;
    tile.multiply(slab, slab + BM * 128, wm, wn);
  }

  barrier(); // the sums overwrite the slabs
  float *staged = reinterpret_cast<float *>(smem);
  tile.stage(staged, wm, wn);
  barrier();
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
