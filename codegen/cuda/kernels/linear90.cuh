// linear for sm_90a: out[m, n] = apply(sum over k of A[m, k] W[n, k], m, n)
// with A and W of bf16 or f16, or of f32 through tf32 as gemm90.cuh rounds it,
// as linear.cuh has it
//   grid   any; a multiple of the cluster, which is 2 with tiles in pairs
//   block  384
//   smem   Config::SHARED of gemm90.cuh, for the tile that has most
//   maps   of A, of out, of W for each tile
//   needs  K a multiple of 16 bytes; else as linear.cuh, but lanes of 2 where
//          N % 2 == 0
//          Splits: LINEAR90_PARTIALS partials, or for SPLITS_MOST times M x N
//          rounded up to 16 x 16 if those are fewer, and as many counters as
//          there are pairs of blocks
//   waits  for the grids before it, which have not written W
// Tiles of gemm90.cuh. Few rows, and what the copy engine cannot take because
// addresses or pitches are no multiples of 16 bytes (then maps are zeros), go
// as they do on other GPUs.
#pragma once
#include "gemm90_turns.cuh"
#include "linear.cuh"

constexpr int LINEAR90_PARTIALS = 1 << 21;

// Tiles of 128 rows by COLUMNS, and nanoseconds that codegen/cuda/Choice90.cpp
// expects: of a kernel beside its waves, of a wave of tiles with all of K; with
// K in parts, PART for each part of all tiles, and PARTS of the whole kernel in
// 2, 3, .. parts, 0 where such a number is never taken.
template <int COLUMNS_, int KERNEL_, int WAVE_, int PART_, int... PARTS>
struct Linear90Tile {
  const TensorMap *w;
  static constexpr int COLUMNS = COLUMNS_;
  static constexpr bool TURNS = false, PAIRS = false;
  static constexpr bool HAS_PARTS = sizeof...(PARTS) > 0;
  struct Way {
    i64 cost;
    int parts;
  };

  static DEV Way way(int m, int n, int blocks) {
    int tiles = ceil_div(m, 128) * ceil_div(n, COLUMNS);
    Way way{KERNEL_ + (i64)ceil_div(tiles, blocks) * WAVE_, 1};
    if constexpr (HAS_PARTS) {
      if (2 * tiles > blocks)
        return way;
      int floats = ceil_div(m, 16) * ceil_div(n, 16) * 256, parts = 1;
      auto consider = [&](int of_kernel) {
        ++parts;
        int shared = parts * tiles;
        i64 cost = of_kernel + (i64)shared * PART_;
        if (of_kernel && shared <= blocks &&
            parts * floats <= LINEAR90_PARTIALS && cost < way.cost)
          way = {cost, parts};
      };
      (consider(PARTS), ...);
    }
    return way;
  }
};

// Such tiles that consumers take in turns.
template <int COLUMNS, int KERNEL, int WAVE>
struct Linear90Turns : Linear90Tile<COLUMNS, KERNEL, WAVE, 0> {
  static constexpr bool TURNS = true;
};

// Such tiles of two blocks, one below the other, that share W.
template <int COLUMNS, int KERNEL, int WAVE>
struct Linear90Pairs : Linear90Tile<COLUMNS, KERNEL, WAVE, 0> {
  static constexpr bool PAIRS = true;
  using Way = typename Linear90Tile<COLUMNS, KERNEL, WAVE, 0>::Way;
  static DEV Way way(int m, int n, int blocks) {
    int pairs = ceil_div(m, 256) * ceil_div(n, COLUMNS);
    return {KERNEL + (i64)ceil_div(pairs, blocks / 2) * WAVE, 1};
  }
};

template <class Math, class Out, int N>
struct Linear90Configs {
  static constexpr bool STORES = sizeof(Out) == 2 && N % 8 == 0;
  // As many slabs as fit, of those that help, beside panels for so many tiles.
  static DEV constexpr int stages(int bn, int tiles) {
    int panels = STORES ? bn / 64 * 64 * 256 * tiles : 0;
    return min_((226 * 1024 - panels) / ((128 + bn) * 128), 8);
  }
  // Pairs have one slab more, which hides that each waits for the other, and
  // panels in turn.
  template <class Tile>
  using Of = Gemm90Config<Math, Tile::COLUMNS,
                          Tile::PAIRS ? 4 : stages(Tile::COLUMNS, 1), STORES,
                          Tile::PAIRS ? 2 : 1>;
  template <class Tile>
  using Turns =
      Gemm90TurnsConfig<Math, Tile::COLUMNS, stages(Tile::COLUMNS, 2), STORES>;
  // Without TMA: 12 warps of 16 rows and 48 columns, element by element.
  using Narrow = GemmConfig<Math, 96, 96, 6, 2, 3,
                            sizeof(typename GemmElement<Math>::Type)>;
};

template <bool HAS_PARTS, class S>
DEV auto linear90_splits(const S &splits, int parts) {
  if constexpr (HAS_PARTS)
    return Splits{splits.partials, splits.counters, parts};
  else
    return NoSplits{};
}

// run(tile, parts of K) with that of the tiles which costs least.
template <class Run, class... Tiles>
DEV void linear90_cheapest(int m, int n, const Run &run,
                           const Tiles &...tiles) {
  int blocks = (int)block_count(), number = 0, chosen = 0, parts = 1;
  i64 least = 0;
  auto consider = [&](const auto &tile) {
    auto way = tile.way(m, n, blocks);
    if (number == 0 || way.cost < least) {
      least = way.cost;
      parts = way.parts;
      chosen = number;
    }
    ++number;
  };
  (consider(tiles), ...);
  number = 0;
  auto run_if_chosen = [&](const auto &tile) {
    if (number++ == chosen)
      run(tile, parts);
  };
  (run_if_chosen(tiles), ...);
}

// FEW: as of linear.cuh, but of f32 divides 12. MORE: as there. Tiles, of
// Linear90Tile, Linear90Turns and Linear90Pairs: that is taken which costs
// least.
template <class Math, int N, int K, int FEW, int MORE, class Out, class E,
          class Body, class S, class... Tiles>
DEV void linear90(Out *out, const E *a, i64 lda, const E *w, i64 m,
                  const Body &body, const TensorMap *map_a,
                  const TensorMap *map_out, const S &splits,
                  const Tiles &...tiles) {
  using Configs = Linear90Configs<Math, Out, N>;
  using F = LinearElement<Body>;
  constexpr int V = N % 2 == 0 ? 2 : 1, UNIT = 16 / (int)sizeof(E);
  static_assert(K % UNIT == 0);
  GemmOperands<E> p{a, w, lda, K, 0, 0, (int)m, N, K};
  PointwiseEpilogue<Out, 1, F> one{out, N, {&body}};
  bool wide = lda % UNIT == 0 && is_aligned16(a) && is_aligned16(w) &&
              is_aligned16(out);
  if constexpr (FEW > 0) {
    using Rows = FewRows<E, K>;
    bool few = wide && m <= Rows::MOST;
    if constexpr (Rows::ON_TENSOR_CORES) {
      if (few)
        return linear_few<FewConfig<E, K, FEW, 12>>(p, one);
    } else {
      if (few) {
        grid_wait();
        return gemv<Rows::MOST, 2, UNIT, FEW>(p, one);
      }
    }
    if (m <= 8) {
      grid_wait();
      return gemv<8, 2, 1, 1>(p, one);
    }
  }
  if constexpr (MORE > 0) {
    if (wide && m <= MORE_ROWS)
      return linear_few<FewConfig<E, K, MORE, 12, 0, MORE_ROWS>>(p, one);
  }
  if (!wide || !linear_is_wide<V>(body)) {
    grid_wait();
    return gemm_tiles<typename Configs::Narrow>(p, one);
  }
  auto pairs = linear_epilogue<V>(out, N, body);
  linear90_cheapest((int)m, N,
                    [&](auto tile, int parts) {
                      using Tile = decltype(tile);
                      Gemm90Maps maps{map_a, tile.w, map_out};
                      if constexpr (Tile::TURNS)
                        gemm90_turns<typename Configs::template Turns<Tile>>(
                            maps, (int)m, N, K, pairs);
                      else
                        gemm90<typename Configs::template Of<Tile>>(
                            maps, (int)m, N, K, pairs,
                            linear90_splits<Tile::HAS_PARTS>(splits, parts));
                    },
                    tiles...);
}
