// What becomes of a matrix product's sums. An epilogue is a functor in two
// phases over V consecutive columns of a row:
//
//   static constexpr int V        N is a multiple of it
//   struct In                     what it reads besides the sums
//   In load(int m, int n)         columns n..n+V-1 of row m, both within the
//   result void store(int m, int n, const In &, const float (&sum)[V])
//
// Kernels call load for all of a thread's columns before the first store, so
// that the loads are in flight together; one call for both phases would wait
// for each. V > 1 makes wide accesses: all rows it touches start at multiples
// of V elements (and of 16 bytes at most).
#pragma once
#include "vocabulary.cuh"

// For kernels that store by themselves also the store's arithmetic alone:
//   using Out                     the result's type
//   void apply(int m, int n, const In &, float (&x)[V])   sums to results
//   Out *at(int m, int n)         where the result lies

// V elements as they lie in memory.
template <class T, int V>
struct Columns {
  static constexpr int BYTES = V * (int)sizeof(T);
  static_assert(BYTES == 2 || BYTES % 4 == 0);
  u32 w[BYTES < 4 ? 1 : BYTES / 4];
};

template <int V, class T>
DEV Columns<T, V> load_columns(const T *p) {
  Columns<T, V> r;
  if constexpr (r.BYTES % 16 == 0) {
    UNROLL for (int i = 0; i < r.BYTES / 16; ++i) {
      vec16 v = reinterpret_cast<const vec16 *>(p)[i];
      UNROLL for (int j = 0; j < 4; ++j) r.w[i * 4 + j] = v.w[j];
    }
  } else if constexpr (r.BYTES == 8) {
    vec8 v = *reinterpret_cast<const vec8 *>(p);
    r.w[0] = v.w[0];
    r.w[1] = v.w[1];
  } else if constexpr (r.BYTES == 4) {
    r.w[0] = *reinterpret_cast<const u32 *>(p);
  } else {
    r.w[0] = *reinterpret_cast<const u16 *>(p);
  }
  return r;
}

template <class T, int V>
DEV float column(const Columns<T, V> &c, int i) {
  if constexpr (sizeof(T) == 4)
    return bits_f32(c.w[i]);
  else
    return i % 2 ? hi_f32<T>(c.w[i / 2]) : lo_f32<T>(c.w[i / 2]);
}

template <class T, int V>
DEV void store_columns(T *p, const float (&x)[V]) {
  if constexpr (V == 1) {
    *p = from_f32<T>(x[0]);
  } else {
    Columns<T, V> r = {};
    if constexpr (sizeof(T) == 4) {
      UNROLL for (int i = 0; i < V; ++i) r.w[i] = f32_bits(x[i]);
    } else {
      // Two numbers in a word, or of 8 bits four.
      constexpr int EACH = 4 / (int)sizeof(T);
      UNROLL for (int i = 0; i < V; i += 2) r.w[i / EACH] |=
          pack2<T>(x[i], x[i + 1]) << i % EACH * 8;
    }
    if constexpr (r.BYTES % 16 == 0) {
      UNROLL for (int i = 0; i < r.BYTES / 16;
                  ++i) reinterpret_cast<vec16 *>(p)[i] =
          vec16{{r.w[i * 4], r.w[i * 4 + 1], r.w[i * 4 + 2], r.w[i * 4 + 3]}};
    } else if constexpr (r.BYTES == 8) {
      *reinterpret_cast<vec8 *>(p) = vec8{{r.w[0], r.w[1]}};
    } else if constexpr (r.BYTES == 4) {
      *reinterpret_cast<u32 *>(p) = r.w[0];
    } else {
      *reinterpret_cast<u16 *>(p) = (u16)r.w[0];
    }
  }
}

struct Identity {
  DEV float operator()(float x) const { return x; }
};
struct GeluErf {
  DEV float operator()(float x) const { return gelu_erf(x); }
};
struct GeluTanh {
  DEV float operator()(float x) const { return gelu_tanh(x); }
};
struct Silu {
  DEV float operator()(float x) const { return silu(x); }
};

// out[m, n] = f(sum + bias[n]) + residual[m, n]; a null pointer is left out.
template <class T, int V_, class F, bool BIAS, bool RESIDUAL>
struct LinearEpilogue {
  using Out = T;
  static constexpr int V = V_;
  T *out;
  i64 ldo;
  const T *bias, *residual;
  i64 ldr;
  struct In {
    Columns<T, V> bias, residual;
  };
  DEV In load(int m, int n) const {
    In in;
    if constexpr (BIAS)
      in.bias = load_columns<V>(bias + n);
    if constexpr (RESIDUAL)
      in.residual = load_columns<V>(residual + m * ldr + n);
    return in;
  }
  DEV void apply(int, int, const In &in, float (&x)[V]) const {
    UNROLL for (int i = 0; i < V; ++i) {
      x[i] = F()(BIAS ? x[i] + column(in.bias, i) : x[i]);
      if constexpr (RESIDUAL)
        x[i] += column(in.residual, i);
    }
  }
  DEV void store(int m, int n, const In &in, const float (&sum)[V]) const {
    float x[V];
    UNROLL for (int i = 0; i < V; ++i) x[i] = sum[i];
    apply(m, n, in, x);
    store_columns(at(m, n), x);
  }
  DEV T *at(int m, int n) const { return out + m * ldo + n; }
};

// Any functor of one element: `E load(int m, int n)` and `float apply(const E
// &, float sum, int m, int n)` with E its type Element; its loads are as narrow
// as it makes them.
template <class T, int V_, class F>
struct PointwiseEpilogue {
  using Out = T;
  static constexpr int V = V_;
  T *out;
  i64 ldo;
  F f;
  struct In {
    typename F::Element element[V];
  };
  DEV In load(int m, int n) const {
    In in;
    UNROLL for (int i = 0; i < V; ++i) in.element[i] = f.load(m, n + i);
    return in;
  }
  DEV void apply(int m, int n, const In &in, float (&x)[V]) const {
    UNROLL for (int i = 0; i < V; ++i) x[i] =
        f.apply(in.element[i], x[i], m, n + i);
  }
  DEV void store(int m, int n, const In &in, const float (&sum)[V]) const {
    float x[V];
    UNROLL for (int i = 0; i < V; ++i) x[i] = sum[i];
    apply(m, n, in, x);
    store_columns(at(m, n), x);
  }
  DEV T *at(int m, int n) const { return out + m * ldo + n; }
};
