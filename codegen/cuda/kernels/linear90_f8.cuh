// linear for sm_90a with rows and weights of e4m3: out[m, n] = apply(sum over
// blocks b of scale[b, n] * (sum over k of b of A[m, k] W[n, k]), m, n)
//   grid   any
//   block  384
//   smem   Config::SHARED of gemm90.cuh, for the tile that has most
//   maps   of A, of out, of W for each tile
//   needs  A [M, K] with rows lda apart, W [N, K], scales [ceil(K / BLOCK), N];
//          BLOCK is K or 128, K a multiple of 16; FEW: tiles of linear_few.cuh
//          where few rows are possible, else 0; no tile where only they are;
//          else as linear90.cuh
//   waits  for the grids before it, which have not written W or scales
// Few rows stream the weights as those of 16 bits do: numbers of e4m3 are f16,
// too, whose sums are f32. What the copy engine cannot take, because addresses
// or pitches are no multiples of 16 bytes, goes a thread an element.
#pragma once
#include "linear90.cuh"

template <>
struct FewOperand<e4m3> {
  using Math = f16;
  static constexpr int WORDS = 8;
  static DEV void unpack(u32 (&words)[WORDS], const vec16 &v) {
    UNROLL for (int i = 0; i < WORDS; ++i) words[i] =
        unpack_e4m3(v.w[i / 2] >> 16 * (i % 2));
  }
};

template <class Out, int N, bool BLOCKS>
struct Linear90F8Configs {
  using Same = Linear90Configs<e4m3, Out, N>;
  template <class Tile>
  using Of = Gemm90Config<e4m3, Tile::COLUMNS, Same::stages(Tile::COLUMNS, 1),
                          Same::STORES, 1, 1, BLOCKS>;
};

template <int K, int BLOCK, class Epilogue>
DEV void linear90_f8_plain(const e4m3 *a, i64 lda, const e4m3 *w,
                           const float *scales, i64 m, int n,
                           const Epilogue &epilogue) {
  i64 step = block_count() * threads();
  for (i64 i = block_number() * threads() + tid(); i < m * n; i += step) {
    i64 row = i / n;
    int column = (int)(i - row * n);
    float total[1] = {0};
    UNROLL1 for (int k0 = 0; k0 < K; k0 += BLOCK) {
      float sum = 0;
      UNROLL1 for (int k = k0; k < min_(k0 + BLOCK, K); ++k) sum = math_fma(
          to_f32(a[row * lda + k]), to_f32(w[(i64)column * K + k]), sum);
      total[0] =
          math_fma(sum, scales[(i64)(k0 / BLOCK) * n + column], total[0]);
    }
    epilogue.store((int)row, column, epilogue.load((int)row, column), total);
  }
}

template <int N, int K, int BLOCK, int FEW, class Out, class Body, class S,
          class... Tiles>
DEV void linear90_f8(Out *out, const u8 *a, i64 lda, const u8 *w,
                     const float *scales, i64 m, const Body &body,
                     const TensorMap *map_a, const TensorMap *map_out,
                     const S &splits, const Tiles &...tiles) {
  constexpr int V = N % 2 == 0 ? 2 : 1;
  constexpr bool BLOCKS = BLOCK < K;
  constexpr bool MANY = sizeof...(Tiles) > 0;
  static_assert(K % 16 == 0 && (!BLOCKS || BLOCK == 128));
  GemmOperands<e4m3> p{reinterpret_cast<const e4m3 *>(a),
                       reinterpret_cast<const e4m3 *>(w),
                       lda,
                       K,
                       0,
                       0,
                       (int)m,
                       N,
                       K};
  PointwiseEpilogue<Out, 1, LinearElement<Body>> one{out, N, {&body}};
  bool wide = lda % 16 == 0 && is_aligned16(a) && is_aligned16(w);
  if constexpr (FEW > 0) {
    using Few = FewConfig<e4m3, K, FEW, 12, BLOCKS ? BLOCK : 0>;
    if (wide && m > 0 && m <= Few::ROWS) {
      if constexpr (BLOCKS)
        return linear_few<Few>(p, one, scales);
      else
        return linear_few<Few>(p, ScaledEpilogue<decltype(one)>{one, scales});
    }
  }
  // Without rows maps are zeros, too.
  if (!MANY || m == 0 || !wide || !is_aligned16(out) ||
      !linear_is_wide<V>(body)) {
    grid_wait();
    return linear90_f8_plain<K, BLOCK>(p.a, lda, p.w, scales, m, N, one);
  }
  if constexpr (MANY) {
    auto pairs = linear_epilogue<V>(out, N, body);
    linear90_cheapest(
        (int)m, N,
        [&](auto tile, int parts) {
          using Tile = decltype(tile);
          using Config =
              typename Linear90F8Configs<Out, N, BLOCKS>::template Of<Tile>;
          auto shared = linear90_splits<Tile::HAS_PARTS>(splits, parts);
          if constexpr (BLOCKS)
            gemm90<Config>({map_a, tile.w, map_out, scales}, (int)m, N, K,
                           pairs, shared);
          else
            gemm90<Config>({map_a, tile.w, map_out}, (int)m, N, K,
                           ScaledEpilogue<decltype(pairs)>{pairs, scales},
                           shared);
        },
        tiles...);
  }
}
