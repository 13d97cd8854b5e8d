// linear and the normalization of its rows in one kernel, for sm_90a:
//   x[m, n] = sum(sum over k of A[m, k] W[n, k], m, n)
//   out[m, n] = end((x[m, n] - mean) * factor, m, n), as norm.cuh has it
// `keep`, where it is no null pointer, gets x: a residual sum that later steps
// need; `copy` the result in 16 bits beside one of f32.
//   grid   a multiple of BLOCKS, at most that many for each 128 rows
//   block  384, in clusters of BLOCKS along x
//   smem   Config::SHARED, dynamic
//   maps   of A and W as gemm90.cuh wants them; of the result in 16 bits
//          [M][N] in boxes of 64 rows, if there is one
//   needs  all N columns in BLOCKS * BN; N % 8 == 0; buffers and pitches that
//          are multiples of 16 bytes; M, K > 0
//          Sum, End: epilogues of two columns, of which load and apply count
//   waits  for the grids before it, which have not written W
//
// Block i of a cluster has columns BN * i and up of 128 rows, in registers from
// the product to the end. A warp's 16 rows are those of the same warp in the
// other blocks: these alone wait for each other. Each leaves what its columns
// add up to with all of them, and all add up in the order of blocks. Nobody
// reads another's shared memory, and who has got the sums of all others may
// leave. Slabs of A are each block's own: docs/hopper.md has a picture.
#pragma once
#include "gemm90.cuh"
#include "linear.cuh"

template <class Math, int BN, int BLOCKS_, bool STORES>
struct LinearNorm90Sizes {
  static constexpr int BLOCKS = BLOCKS_;
  // Sums of rows and mbarriers, for two exchanges in turn.
  static constexpr int EXCHANGE = 2 * (BLOCKS * 128 * 4 + 8 * 8);
  static constexpr int PANELS = STORES ? BN * 256 : 0;
  // As many slabs as fit, of those that help.
  static constexpr int STAGES =
      min_((226 * 1024 - PANELS - EXCHANGE) / ((128 + BN) * 128), 8);
  using Config = Gemm90Config<Math, BN, STAGES, STORES>;
};

template <class Math, int BN_, int BLOCKS_, bool STORES_>
struct LinearNorm90Config
    : LinearNorm90Sizes<Math, BN_, BLOCKS_, STORES_>::Config {
  using Sizes = LinearNorm90Sizes<Math, BN_, BLOCKS_, STORES_>;
  using Base = typename Sizes::Config;
  static constexpr bool OWNS_ROWS = true;
  static constexpr int BLOCKS = BLOCKS_;
  static constexpr int SHARED = Base::SHARED + Sizes::EXCHANGE;
  // Of 256 columns too few registers would be left.
  static_assert(BN_ % 64 == 0 && BN_ <= 192 && BLOCKS >= 2 && BLOCKS <= 8 &&
                SHARED <= 227 * 1024);
};

// Between a block's panels and its other mbarriers.
template <class C>
struct RowSums {
  float sums[2][C::BLOCKS][C::BM];
  u64 full[2][C::CONSUMERS];
  static DEV RowSums &get() {
    return *reinterpret_cast<RowSums *>(shared_base<u8>() + C::Base::SHARED -
                                        16 - C::STAGES * 16);
  }
};

// By all lanes of a consumer's warp: adds up two rows of each quad's lanes and
// of all blocks. `number` counts exchanges: a block that leaves sums of one has
// got those of the one before, so that nobody reads those of the last but one.
template <class C>
DEV void exchange_rows(float (&x)[2], int consumer, int number) {
  UNROLL for (int i = 0; i < 2; ++i) x[i] = row_sum4(x[i]);
  auto &shared = RowSums<C>::get();
  int slot = number % 2, warp = consumer * 4 + warp_uniform() % 4,
      row = warp * 16 + lane() / 4;
  float *mine = shared.sums[slot][cluster_rank()] + row;
  u64 *full = &shared.full[slot][warp];
  warp_sync(); // all lanes have read the last sums: others may follow
  if (lane() == 0)
    mbar_arrive_expect(full, C::BLOCKS * 16 * 4);
  UNROLL for (int b = 0; b < ceil_div(C::BLOCKS, 4); ++b) {
    int block = b * 4 + lane() % 4;
    if (block < C::BLOCKS)
      UNROLL for (int i = 0; i < 2; ++i)
          store_remote(mine + i * 8, x[i], full, block);
  }
  mbar_wait_cluster(full, number / 2 % 2);
  UNROLL for (int i = 0; i < 2; ++i) {
    x[i] = 0;
    UNROLL for (int b = 0; b < C::BLOCKS; ++b) x[i] +=
        shared.sums[slot][b][row + i * 8];
  }
}

template <bool FIRST, class A, class B>
struct Choose {
  using Type = A;
};
template <class A, class B>
struct Choose<false, A, B> {
  using Type = B;
};

template <bool LAYER, class Out, class Keep, class Copy, class Sum, class End>
struct NormEpilogue {
  static constexpr int V = 2;
  static_assert(Sum::V == V && End::V == V);
  static constexpr bool IS_HALF = sizeof(Out) == 2;
  Out *out;
  Keep *keep;
  Copy *copy;
  float epsilon;
  Sum sum;
  End end;
  using In = typename Sum::In;
  DEV In load(int m, int n) const { return sum.load(m, n); }

  // visit(q, c, x) for pairs of the sums of 16 columns: q % 2 is the row, c
  // the first column.
  template <class Visit>
  static DEV void pairs(float *x, const Gemm90Place &place, int n0,
                        const Visit &visit) {
    UNROLL for (int q = 0; q < 4; ++q) {
      int c = n0 + place.column + q / 2 * 8;
      if (place.n % 64 == 0 || c < place.n)
        visit(q, c, x + q * 2);
    }
  }

  // A consumer's share of a tile, from the sums on.
  template <class C>
  DEV void finish(float (&x)[C::BN / 2], Gemm90Reads<C, NormEpilogue> &reads,
                  const Gemm90Maps &maps, const Gemm90Place &place,
                  int consumer, int m0, int n0) const {
    using Reads = Gemm90Reads<C, NormEpilogue>;
    using Ends = Gemm90Reads<C, End>;
    using Half = typename Choose<IS_HALF, Out, Copy>::Type;
    int exchanges = LAYER ? 2 : 1,
        number = m0 / C::BM / ((int)block_count() / C::BLOCKS) * exchanges;
    float count = (float)place.n, mean[2] = {}, squares[2] = {}, factor[2];
    UNROLL for (int p = 0; p < C::BN / Reads::WIDTH; ++p) {
      int at = p * Reads::WIDTH;
      if (place.has_panel(n0 + at)) {
        UNROLL for (int j = 0; j < Reads::WIDTH / 16; ++j) {
          const auto &read = reads.reads[p % Reads::AHEAD][j];
          int from = at + j * 16;
          pairs(x + from / 2, place, n0 + from, [&](int q, int c, float *pair) {
            float part[V] = {pair[0], pair[1]};
            sum.apply(place.row + q % 2 * 8, c, read.in[q][0], part);
            UNROLL for (int e = 0; e < V; ++e) {
              pair[e] = part[e];
              mean[q % 2] += part[e];
            }
          });
        }
        if (p + Reads::AHEAD < C::BN / Reads::WIDTH)
          reads.load(p, place, n0 + at + Reads::AHEAD * Reads::WIDTH, *this);
      }
      // As gemm90_finish does: addresses of all would not fit in registers.
      fence_regs(x);
    }
    if (LAYER) {
      exchange_rows<C>(mean, consumer, number++);
      UNROLL for (int i = 0; i < 2; ++i) mean[i] /= count;
    } else {
      mean[0] = mean[1] = 0;
    }
    // In a second pass over registers, as norm.cuh does.
    UNROLL for (int at = 0; at < C::BN; at += 16) {
      if (place.has_panel(n0 + at))
        pairs(x + at / 2, place, n0 + at, [&](int q, int, float *pair) {
          UNROLL for (int e = 0; e < V; ++e) squares[q % 2] = math_fma(
              pair[e] - mean[q % 2], pair[e] - mean[q % 2], squares[q % 2]);
        });
    }
    Ends ends;
    ends.start(place, n0, end);
    exchange_rows<C>(squares, consumer, number);
    UNROLL for (int i = 0; i < 2; ++i) factor[i] =
        1 / math_sqrt(squares[i] / count + epsilon);

    u8 *panels =
        Gemm90Shared<C>::get().panels() + consumer * C::PANELS * 64 * 128;
    int warp = warp_uniform() % 4;
    bool leads = warp == 0 && lane() == 0;
    auto meet = [&] {
      consumer ? barrier_named<128>(2) : barrier_named<128>(1);
    };
    if constexpr (C::STORES) {
      if (leads)
        tma_store_wait_read<0>(); // the last tile has left the panels
      meet();
    }
    UNROLL for (int p = 0; p < C::BN / Ends::WIDTH; ++p) {
      int at = p * Ends::WIDTH;
      if (place.has_panel(n0 + at)) {
        UNROLL for (int j = 0; j < Ends::WIDTH / 16; ++j) {
          const auto &read = ends.reads[p % Ends::AHEAD][j];
          int from = at + j * 16;
          u32 packed[4] = {};
          pairs(x + from / 2, place, n0 + from, [&](int q, int c, float *pair) {
            int r = place.row + q % 2 * 8;
            i64 to = (i64)r * place.n + c;
            float part[V];
            UNROLL for (int e = 0; e < V; ++e) part[e] =
                (pair[e] - mean[q % 2]) * factor[q % 2];
            end.apply(r, c, read.in[q][0], part);
            if (r < place.m) {
              float kept[V] = {pair[0], pair[1]};
              if (keep)
                store_columns(keep + to, kept);
              if constexpr (!IS_HALF)
                store_columns(out + to, part);
            }
            if constexpr (C::STORES)
              packed[q] = pack2<Half>(part[0], part[1]);
          });
          if constexpr (C::STORES)
            store_matrix4(
                panels + (from / 64 * 64 + warp * 16) * 128 +
                    swizzle128(lane() % 16, from % 64 / 8 + lane() / 16),
                packed);
        }
        if (p + Ends::AHEAD < C::BN / Ends::WIDTH)
          ends.load(p, place, n0 + at + Ends::AHEAD * Ends::WIDTH, end);
      }
      fence_regs(x);
    }
    if constexpr (C::STORES) {
      fence_async(); // what this thread stored above
      meet();
      if (leads) {
        for (int p = 0; p < C::PANELS; ++p)
          if (place.has_panel(n0 + p * 64))
            tma_store2(maps.out, panels + p * 64 * 128, n0 + p * 64, m0);
        tma_store_commit();
      }
    }
  }
};

template <class C, class Epilogue>
DEV void linear_norm90(const Gemm90Maps &maps, int m, int n, int k,
                       const Epilogue &epilogue) {
  if (tid() == 0) {
    auto &shared = RowSums<C>::get();
    for (int w = 0; w < C::CONSUMERS; ++w)
      for (int slot = 0; slot < 2; ++slot)
        mbar_init(&shared.full[slot][w], 1);
    mbar_fence_init();
  }
  cluster_sync();
  gemm90<C>(maps, m, n, k, epilogue);
}

// What stubs call: the regions of both as functors with lanes of two, as
// linear.cuh has them, whose loads are that wide.
template <class C, bool LAYER, class Out, class Keep, class Copy, class Body,
          class End>
DEV void linear_norm90(const Gemm90Maps &maps, i64 m, int n, int k, Out *out,
                       Keep *keep, Copy *copy, float epsilon, const Body &body,
                       const End &end) {
  using Sum = LanesEpilogue<float, 2, Body>;
  using Last = LanesEpilogue<float, 2, End>;
  linear_norm90<C>(
      maps, (int)m, n, k,
      NormEpilogue<LAYER, Out, Keep, Copy, Sum, Last>{
          out, keep, copy, epsilon, {nullptr, n, &body}, {nullptr, n, &end}});
}
