// linear with quantized weights: out[m, n] = apply(sum over k of A[m, k] (q[k,
// n] - zero) scale, m, n)
//   grid   any
//   block  256
//   smem   of the largest QuantConfig there
//   needs  A [M, K] of bf16 or f16 with rows lda apart, weights in the order of
//          quant.cuh, out [M, N] dense; N, K > 0
//          FEW: tiles of eight rows where few rows are possible, else 0; TILES,
//          UNITS: of their blocks; MANY: columns of a block where more rows are
//          possible, else 0; BYTES: of shared memory at most
//          Body: as of linear.cuh
//   waits  for the grids before it (grid_wait), which have not written weights
// Where addresses, pitch or K are no multiples of 16 bytes, A goes element by
// element.
#pragma once
#include "linear.cuh"
#include "linear_quant.cuh"

template <class Math, class Format, int N, int FEW, int TILES, int UNITS,
          int MANY, int BYTES, class Out, class Body>
DEV void quantized(Out *out, const Math *a, i64 lda, const u8 *weights,
                   const typename Format::Scale *scales, const u32 *zeros,
                   i64 m, const Body &body) {
  // As codegen/cuda/ChoiceQuant.cpp counts their shared memory.
  constexpr int WARPS = 8, SIDE = MANY ? MANY / 16 : WARPS;
  using Few =
      QuantConfig<Math, Format, TILES, UNITS, FEW ? FEW : 1, WARPS, 1, BYTES>;
  using Many = QuantConfig<Math, Format, 1, 1, 8, WARPS / SIDE, SIDE, BYTES>;
  using Narrow = QuantConfig<Math, Format, 1, 1, 2, WARPS, 1, BYTES, false>;
  QuantOperands<Math, Format> p{a, lda, weights, scales, zeros, (int)m, N};
  PointwiseEpilogue<Out, 1, LinearElement<Body>> one{out, N, {&body}};
  bool wide = Format::K % 8 == 0 && lda % 8 == 0 && is_aligned16(a);
  if constexpr (FEW > 0) {
    if (wide && (!MANY || m <= Few::ROWS))
      return linear_quant<Few>(p, one);
  }
  if constexpr (MANY > 0) {
    if (wide)
      return linear_quant<Many>(p, one);
  }
  linear_quant<Narrow>(p, one);
}
