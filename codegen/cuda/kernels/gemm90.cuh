// Matrix product for sm_90a, with weights as they lie:
// C[m, n] = epilogue(sum over k of A[m, k] * W[n, k]), A and W bf16 or f16
//
//   grid   any, x a multiple of the cluster; blocks take tiles in turn
//   block  384: warpgroup 0 loads, 1 and 2 multiply 64 rows of the tile each
//   smem   Config::SHARED, dynamic
//   maps   A [M][K] in boxes of Config::BOX_A rows, W [N][K] of BOX_W, C [M][N]
//          of 64 where Config::STORES: 128 swizzled bytes a row
//   needs  bases and pitches that are multiples of 16 bytes, K > 0; nothing
//          beyond: the maps know M, N and K, so rows and columns past the end
//          are zeros and are not stored
//   waits  for the grids before it (grid_wait), which have not written W
//
// One thread keeps a ring of STAGES slabs of 64 k filled; a slab's mbarrier
// `full` counts bytes, `empty` the warps that are done with it. The sums of a
// tile end while the slabs of the next one are loaded. Of W, as many slabs as
// there are stages come while the grids before still run. docs/hopper.md has a
// picture.
#pragma once
#include "epilogue.cuh"
#include "pipeline90.cuh"
#include "shape.cuh"

// CM, CN: blocks of a cluster along M or N, 1 or 2. They share a slab of W or
// of A: each loads a half for both. STORES: C, of 16 bits, leaves by TMA.
template <class T_, int BN_, int STAGES_, bool STORES_, int CM_ = 1,
          int CN_ = 1>
struct Gemm90Config {
  using T = T_;
  static constexpr int BM = 128, BN = BN_, BK = 64, STAGES = STAGES_;
  static constexpr bool STORES = STORES_;
  static constexpr int CM = CM_, CN = CN_, CLUSTER = CM * CN;
  static constexpr int THREADS = 384, CONSUMERS = 8; // warps
  static constexpr int BOX_A = BM / CN, BOX_W = BN / CM;
  static constexpr int STAGE = (BM + BN) * 128;
  // Columns of C in swizzled rows of 128 bytes, for each consumer's 64 rows.
  static constexpr int PANELS = BN / 64;
  static constexpr int SHARED =
      STAGES * STAGE + (STORES ? 2 * PANELS * 64 * 128 : 0) + STAGES * 16;
  static_assert(BN % 64 == 0 && BN <= 256 && STAGES >= 2 && CLUSTER <= 2);
  static_assert(SHARED <= 227 * 1024);
};

// Slabs, C's panels, mbarriers, one after the other.
template <class C>
struct Gemm90Shared {
  u8 a[C::STAGES][C::BM * 128], w[C::STAGES][C::BN * 128];
  static DEV Gemm90Shared &get() { return *shared_base<Gemm90Shared>(); }
  DEV u8 *panels() { return shared_base<u8>() + C::STAGES * C::STAGE; }
  DEV u64 *full() {
    return reinterpret_cast<u64 *>(shared_base<u8>() + C::SHARED) -
           2 * C::STAGES;
  }
  DEV u64 *empty() { return full() + C::STAGES; }
};

struct Gemm90Maps {
  const TensorMap *a, *w, *out;
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
    constexpr int BAND = 8 / C::CM;
    int band = t / (BAND * columns), within = t % (BAND * columns);
    int height = min_(BAND, rows - band * BAND);
    m0 = ((band * BAND + within % height) * C::CM + (C::CM > 1 ? rank : 0)) *
         C::BM;
    n0 = (within / height * C::CN + (C::CN > 1 ? rank : 0)) * C::BN;
  }
};

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

// By lanes of each consumer warp: the slab may be filled again, by both blocks
// of the cluster where they share one.
template <class C>
DEV void gemm90_release(u64 *empty, int rank) {
  if (lane() == 0)
    mbar_arrive(empty);
  if constexpr (C::CLUSTER > 1)
    if (lane() == 1)
      mbar_arrive_remote(empty, rank ^ 1);
}

// Up to 64 columns of a consumer's sums: all loads of GROUP * 16 columns, then
// their arithmetic. `panel` is where they go, or the epilogue stores them.
template <class C, class Epilogue>
DEV void gemm90_panel(const float *sum, u8 *panel, int m0, int n0, int m, int n,
                      const Epilogue &epilogue) {
  constexpr int V = Epilogue::V;
  static_assert(V <= 2);
  struct Pair {
    typename Epilogue::In in[2 / V];
  };
  // Registers for what is loaded: 4 pairs of sizeof(Pair) / 4 for each 16
  // columns.
  constexpr int ROOM = C::BN > 192 ? 32 : 64, EACH = (int)sizeof(Pair);
  constexpr int GROUP = 4 * EACH <= ROOM ? 4 : 2 * EACH <= ROOM ? 2 : 1;
  int l = lane(), w = warp_uniform() % 4;
  int row = m0 + w * 16 + l / 4, column = n0 + l % 4 * 2;
  UNROLL for (int first = 0; first < 4; first += GROUP) {
    Pair in[GROUP][4];
    // Without a branch: pairs past the end read the last ones once more.
    UNROLL for (int j = 0; j < GROUP; ++j) UNROLL for (int q = 0; q < 4; ++q)
        UNROLL for (int e = 0; e < 2 / V; ++e) in[j][q]
            .in[e] = epilogue.load(
        min_(row + q % 2 * 8, m - 1),
        min_(column + (first + j) * 16 + q / 2 * 8 + e * V, n - V));
    UNROLL for (int j = 0; j < GROUP; ++j) {
      u32 packed[4];
      UNROLL for (int q = 0; q < 4; ++q) {
        int r = row + q % 2 * 8, c = column + (first + j) * 16 + q / 2 * 8;
        float x[2];
        UNROLL for (int e = 0; e < 2 / V; ++e) {
          float part[V];
          UNROLL for (int i = 0; i < V; ++i) part[i] =
              sum[(first + j) * 8 + q * 2 + e * V + i];
          if constexpr (!C::STORES) {
            if (r < m && c + e * V < n)
              epilogue.store(r, c + e * V, in[j][q].in[e], part);
          } else {
            epilogue.apply(r, c + e * V, in[j][q].in[e], part);
            UNROLL for (int i = 0; i < V; ++i) x[e * V + i] = part[i];
          }
        }
        if constexpr (C::STORES)
          packed[q] = pack2<typename Epilogue::Out>(x[0], x[1]);
      }
      if constexpr (C::STORES)
        store_matrix4(panel +
                          swizzle128(w * 16 + l % 16, (first + j) * 2 + l / 16),
                      packed);
    }
  }
}

// A consumer's share of a tile, from the sums on.
template <class C, class Epilogue>
DEV void gemm90_finish(float (&sum)[C::BN / 2], const Gemm90Maps &maps,
                       int consumer, int m0, int n0, int m, int n,
                       const Epilogue &epilogue) {
  u8 *panels =
      Gemm90Shared<C>::get().panels() + consumer * C::PANELS * 64 * 128;
  bool leads = warp_uniform() % 4 == 0 && lane() == 0;
  // Two constants: a number that is none would take all barriers.
  auto meet = [&] { consumer ? barrier_named<128>(2) : barrier_named<128>(1); };
  if constexpr (C::STORES) {
    if (leads)
      tma_store_wait_read<0>(); // the last tile has left the panels
    meet();
  }
  UNROLL for (int p = 0; p < C::PANELS; ++p) {
    if (n0 + p * 64 < n)
      gemm90_panel<C>(sum + p * 32, panels + p * 64 * 128, m0, n0 + p * 64, m,
                      n, epilogue);
    // One panel after the other: addresses of all would not fit in registers.
    fence_regs(sum);
  }
  if constexpr (C::STORES) {
    fence_async(); // what this thread stored above
    meet();
    if (leads) {
      for (int p = 0; p < C::PANELS; ++p)
        if (n0 + p * 64 < n)
          tma_store2(maps.out, panels + p * 64 * 128, n0 + p * 64, m0);
      tma_store_commit();
    }
  }
}

template <class C, class Epilogue>
DEV void gemm90(const Gemm90Maps &maps, int m, int n, int k,
                const Epilogue &epilogue) {
  auto &shared = Gemm90Shared<C>::get();
  u64 *full = shared.full(), *empty = shared.empty();
  Gemm90Tiles<C> tiles(m, n);
  int slabs = ceil_div(k, C::BK), group = warp_uniform() / 4;
  int rank = C::CLUSTER > 1 ? cluster_rank() : 0;
  int first = (int)block_number() / C::CLUSTER,
      step = (int)block_count() / C::CLUSTER;
  if (tid() == 0) {
    tma_prefetch_map(maps.a);
    tma_prefetch_map(maps.w);
    if constexpr (C::STORES)
      tma_prefetch_map(maps.out);
    for (int s = 0; s < C::STAGES; ++s) {
      mbar_init(full + s, 1);
      mbar_init(empty + s, C::CONSUMERS * C::CLUSTER);
    }
    mbar_fence_init();
  }
  C::CLUSTER > 1 ? cluster_sync() : barrier();

  Ring<C::STAGES> ring;
  if (group == 0) {
    regs_down<40>();
    if (tid() == 0) {
      int m0, n0, ahead = 0;
      if (first < tiles.count()) {
        tiles.place(first, rank, m0, n0);
        UNROLL1 for (; ahead < min_(slabs, C::STAGES); ++ahead)
            gemm90_load_w<C>(maps, shared.w[ahead], full + ahead, rank,
                             ahead * C::BK, n0);
      }
      grid_wait();
      for (int t = first; t < tiles.count(); t += step) {
        tiles.place(t, rank, m0, n0);
        UNROLL1 for (int i = 0; i < slabs; ++i, ring.next()) {
          if (--ahead < 0) {
            mbar_wait(empty + ring.stage, ring.parity ^ 1);
            gemm90_load_w<C>(maps, shared.w[ring.stage], full + ring.stage,
                             rank, i * C::BK, n0);
          }
          gemm90_load_a<C>(maps, shared.a[ring.stage], full + ring.stage, rank,
                           i * C::BK, m0);
        }
      }
    }
  } else {
    regs_up<232>();
    grid_wait();
    int consumer = group - 1;
    for (int t = first; t < tiles.count(); t += step) {
      int m0, n0, last = 0;
      tiles.place(t, rank, m0, n0);
      float sum[C::BN / 2];
      UNROLL1 for (int i = 0; i < slabs; ++i, ring.next()) {
        mbar_wait(full + ring.stage, ring.parity);
        u64 a = wgmma_desc(shared.a[ring.stage] + consumer * 64 * 128),
            w = wgmma_desc(shared.w[ring.stage]);
        fence_regs(sum);
        wgmma_fence();
        // 16 of k are 32 bytes.
        UNROLL for (int s = 0; s < 4; ++s)
            wgmma<typename C::T, C::BN>(sum, a + s * 2, w + s * 2, i + s > 0);
        wgmma_commit();
        fence_regs(sum);
        wgmma_wait<1>(); // the slab before is done with
        if (i > 0)
          gemm90_release<C>(empty + last, rank);
        last = ring.stage;
      }
      wgmma_wait<0>();
      fence_regs(sum);
      gemm90_release<C>(empty + last, rank);
      gemm90_finish<C>(sum, maps, consumer, m0 + consumer * 64, n0, m, n,
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
