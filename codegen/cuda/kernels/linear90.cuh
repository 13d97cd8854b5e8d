// linear for sm_90a: out[m, n] = apply(sum over k of A[m, k] W[n, k], m, n)
// with A and W of bf16 or f16, as linear.cuh has it
//   grid   any, x a multiple of the cluster
//   block  384
//   smem   Tiles::SHARED
//   maps   of A, of W in boxes for small and for large tiles, of out
//   needs  K a multiple of 8; else as linear.cuh, but lanes of 2 where N % 2 ==
//          0
//   waits  for the grids before it, which have not written W
// Tiles of gemm90.cuh. Few rows, and what the copy engine cannot take because
// addresses or pitches are no multiples of 16 bytes (then maps are zeros), go
// as they do on other GPUs.
#pragma once
#include "gemm90.cuh"
#include "linear.cuh"

// SMALL, LARGE: columns of a tile, the latter from FROM rows on (0: never, 17:
// always); two blocks share the weights of large tiles if CLUSTER is 2.
template <class T, class Out, int N, int SMALL, int LARGE, int FROM,
          int CLUSTER>
struct Linear90Tiles {
  static constexpr bool ALL_LARGE = FROM == 17;
  static constexpr bool STORES = sizeof(Out) == 2 && N % 8 == 0;
  // As many slabs as fit, of those that help.
  static DEV constexpr int stages(int bn) {
    return min_((226 * 1024 - (STORES ? 256 * bn : 0)) / ((128 + bn) * 128), 6);
  }
  using Small = Gemm90Config<T, SMALL, stages(SMALL), STORES>;
  using Large =
      Gemm90Config<T, LARGE, stages(LARGE), STORES, CLUSTER == 2 ? 2 : 1>;
  // Without TMA: 12 warps of 16 rows and 48 columns, element by element.
  using Narrow = GemmConfig<T, 96, 96, 6, 2, 3, 2>;
};

// FEW: as of linear.cuh.
template <class Math, int N, int K, int FEW, bool MANY, int SMALL, int LARGE,
          int FROM, int CLUSTER, class Out, class Body>
DEV void linear90(Out *out, const Math *a, i64 lda, const Math *w, i64 m,
                  const Body &body, const TensorMap &map_a,
                  const TensorMap &map_small, const TensorMap &map_large,
                  const TensorMap &map_out) {
  using Tiles = Linear90Tiles<Math, Out, N, SMALL, LARGE, FROM, CLUSTER>;
  using F = LinearElement<Body>;
  constexpr int V = N % 2 == 0 ? 2 : 1;
  static_assert(K % 8 == 0);
  GemmOperands<Math> p{a, w, lda, K, 0, 0, (int)m, N, K};
  PointwiseEpilogue<Out, 1, F> one{out, N, {&body}};
  bool wide =
      lda % 8 == 0 && is_aligned16(a) && is_aligned16(w) && is_aligned16(out);
  if constexpr (FEW > 0) {
    bool few = wide && m <= FewRows<Math, K>::MOST;
    if (few || m <= 8)
      grid_wait();
    if (few)
      return linear_few<FewConfig<Math, K, FEW, 12>>(p, one);
    if (m <= 8)
      return gemv<8, 2, 1, 1>(p, one);
  }
  if constexpr (MANY) {
    if (!wide || !linear_is_wide<V>(body)) {
      grid_wait();
      return gemm_tiles<typename Tiles::Narrow>(p, one);
    }
    auto pairs = linear_epilogue<V>(out, N, body);
    if constexpr (FROM > 0) {
      if (Tiles::ALL_LARGE || m >= FROM)
        return gemm90<typename Tiles::Large>({&map_a, &map_large, &map_out},
                                             (int)m, N, K, pairs);
    }
    if constexpr (!Tiles::ALL_LARGE)
      gemm90<typename Tiles::Small>({&map_a, &map_small, &map_out}, (int)m, N,
                                    K, pairs);
  }
}
