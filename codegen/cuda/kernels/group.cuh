// The threads that share a row: a warp, or a whole block of THREADS.
//   smem   blocks: one partial result a warp
#pragma once
#include "shape.cuh"

struct CombineSum {
  template <class T>
  DEV T operator()(T a, T b) const {
    return a + b;
  }
};
// Of two numbers: NaN does not survive.
struct CombineMax {
  template <class T>
  DEV T operator()(T a, T b) const {
    return a > b ? a : b;
  }
};

// Over xor distances, so that all lanes get the same bits. `combine` is
// commutative.
template <class T, class F>
DEV T warp_reduce(T x, F combine) {
  UNROLL for (int d = 16; d > 0; d /= 2) x = combine(x, shfl_xor(x, d));
  return x;
}
DEV float warp_reduce(float x, CombineSum) { return warp_sum(x); }
DEV float warp_reduce(float x, CombineMax) { return warp_max(x); }

template <int THREADS>
struct Group {
  static constexpr bool IS_WARP = THREADS == 32;
  // This thread's place among the group's.
  static DEV int rank() { return IS_WARP ? lane() : tid(); }
  // Rows go to groups in turn.
  static DEV i64 first() {
    return IS_WARP ? block_number() * (threads() / 32) + warp_uniform()
                   : block_number();
  }
  static DEV i64 step() {
    return IS_WARP ? block_count() * (threads() / 32) : block_count();
  }

  // All threads of the group call it and get the result.
  template <class T, class F>
  static DEV T reduce(T x, F combine) {
    x = warp_reduce(x, combine);
    if constexpr (!IS_WARP) {
      T *partial = shared_base<T>();
      barrier(); // the last call's results have been read
      if (lane() == 0)
        partial[warp()] = x;
      barrier();
      x = partial[0];
      UNROLL for (int w = 1; w < THREADS / 32; ++w) x = combine(x, partial[w]);
    }
    return x;
  }
  template <class T>
  static DEV T sum(T x) {
    return reduce(x, CombineSum());
  }
  template <class T>
  static DEV T max(T x) {
    return reduce(x, CombineMax());
  }
};
