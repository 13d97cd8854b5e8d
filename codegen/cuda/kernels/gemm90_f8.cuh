// What products of e4m3 have beside those of gemm90.cuh: totals in f32, and
// scales of columns.
//
// wgmma adds products of e4m3 up in some 14 bits (DeepSeek-V3 Technical Report,
// 3.3.2: "limited to retaining around 14 bits"), so that sums over a long K
// would lose what is small beside them. As there, the sums of a slab, 128 of k,
// begin at 0 and are added to totals in f32, in blocks of 128 times their
// column's scale. Totals take as many registers as sums: tiles have 128 columns
// at most.
#pragma once
#include "epilogue.cuh"

template <class C, bool PROMOTES = C::PROMOTES>
struct Gemm90Totals {
  DEV void load(const float *, int, int, int) {}
  DEV void add(const float (&)[C::BN / 2]) {}
  DEV void give(const float (&)[C::BN / 2]) {}
};
template <class C>
struct Gemm90Totals<C, true> {
  static_assert(C::BN <= 128);
  static constexpr int BN = C::BN;
  float total[BN / 2], scale[C::BLOCKS ? BN / 4 : 1];

  DEV Gemm90Totals() { UNROLL for (float &t : total) t = 0; }

  // The scales of slab number `block` for a thread's columns of those from n0
  // on, while it multiplies. Columns past the end have the last one's.
  DEV void load(const float *scales, int block, int n0, int n) {
    if constexpr (C::BLOCKS)
      UNROLL for (int i = 0; i < BN / 4; ++i) {
        int c = n0 + i / 2 * 8 + lane() % 4 * 2 + i % 2;
        scale[i] = scales[(i64)block * n + min_(c, n - 1)];
      }
  }
  // A slab's sums when they are there. The other consumer's products have the
  // tensor cores meanwhile.
  DEV void add(float (&sum)[BN / 2]) {
    wgmma_wait<0>();
    fence_regs(sum);
    UNROLL for (int i = 0; i < BN / 2; ++i) {
      if constexpr (C::BLOCKS)
        total[i] = math_fma(sum[i], scale[i / 4 * 2 + i % 2], total[i]);
      else
        total[i] += sum[i];
    }
  }
  DEV void give(float (&sum)[BN / 2]) {
    UNROLL for (int i = 0; i < BN / 2; ++i) sum[i] = total[i];
  }
};

// An epilogue of sums times their column's scale.
template <class Epilogue>
struct ScaledEpilogue {
  using Out = typename Epilogue::Out;
  static constexpr int V = Epilogue::V;
  Epilogue epilogue;
  const float *scales;
  struct In {
    typename Epilogue::In in;
    Columns<float, V> scale;
  };
  DEV In load(int m, int n) const {
    return {epilogue.load(m, n), load_columns<V>(scales + n)};
  }
  DEV void apply(int m, int n, const In &in, float (&x)[V]) const {
    UNROLL for (int i = 0; i < V; ++i) x[i] *= column(in.scale, i);
    epilogue.apply(m, n, in.in, x);
  }
  DEV void store(int m, int n, const In &in, const float (&sum)[V]) const {
    float x[V];
    UNROLL for (int i = 0; i < V; ++i) x[i] = sum[i] * column(in.scale, i);
    epilogue.store(m, n, in.in, x);
  }
  DEV Out *at(int m, int n) const { return epilogue.at(m, n); }
};
