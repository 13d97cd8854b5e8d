// Several consecutive elements in one thread. Kernels take N = 1 everywhere,
// and N = WIDTH where a row's start and end, and all that is read along it, lie
// at multiples of N elements: then a load or store moves 16 bytes.
#pragma once
#include "ops.cuh"

template <class T, int N>
struct Lanes {
  T x[N];
  DEV T &operator[](int i) { return x[i]; }
  DEV const T &operator[](int i) const { return x[i]; }
};

// What one instruction moves of N elements of type T.
template <class T, int N>
struct alignas(sizeof(T) * N) Piece {
  T x[N];
};
template <class T, int N>
struct Pieces {
  static constexpr int SIZE = min_(N, 16 / (int)sizeof(T)), COUNT = N / SIZE;
  static_assert(N % SIZE == 0);
  using Type = Piece<T, SIZE>;
};

template <int N, class T>
DEV bool is_aligned(const T *p) {
  return reinterpret_cast<u64>(p) % sizeof(typename Pieces<T, N>::Type) == 0;
}
template <int N, class T>
DEV Lanes<T, N> load_lanes(const T *p) {
  using P = Pieces<T, N>;
  Lanes<T, N> result;
  UNROLL for (int i = 0; i < P::COUNT; ++i) {
    auto piece = reinterpret_cast<const typename P::Type *>(p)[i];
    UNROLL for (int j = 0; j < P::SIZE; ++j) result[i * P::SIZE + j] =
        piece.x[j];
  }
  return result;
}
template <class T>
constexpr bool IS_FLOAT8 = false;
template <>
constexpr bool IS_FLOAT8<e4m3> = true;
template <>
constexpr bool IS_FLOAT8<e5m2> = true;
// Floats of 8 bits are rounded in pairs, four in a word.
template <class Out, int N>
DEV void store_float8(Out *p, const Lanes<float, N> &v) {
  using P = Pieces<u32, N / 4>;
  UNROLL for (int i = 0; i < P::COUNT; ++i) {
    typename P::Type piece;
    UNROLL for (int j = 0; j < P::SIZE; ++j) {
      const float *x = v.x + (i * P::SIZE + j) * 4;
      piece.x[j] = pack2<Out>(x[0], x[1]) | pack2<Out>(x[2], x[3]) << 16;
    }
    reinterpret_cast<typename P::Type *>(p)[i] = piece;
  }
}
template <class Out, class T, int N>
DEV void store_lanes(Out *p, const Lanes<T, N> &v) {
  if constexpr (IS_FLOAT8<Out> && N % 4 == 0)
    return store_float8(p, v);
  else {
    using P = Pieces<Out, N>;
    UNROLL for (int i = 0; i < P::COUNT; ++i) {
      typename P::Type piece;
      UNROLL for (int j = 0; j < P::SIZE; ++j) piece.x[j] =
          stored<Out>(v[i * P::SIZE + j]);
      reinterpret_cast<typename P::Type *>(p)[i] = piece;
    }
  }
}

// What a region with several results yields.
template <class... T>
struct Tuple {};
template <class T, class... Rest>
struct Tuple<T, Rest...> {
  T first;
  Tuple<Rest...> rest;
};
template <class T>
constexpr bool IS_TUPLE = false;
template <class... T>
constexpr bool IS_TUPLE<Tuple<T...>> = true;
// To outs[at...], one memory a result.
template <class T, int N, class Out, class... Outs>
DEV void store_lanes_at(i64 at, const Lanes<T, N> &v, Out *out, Outs *...outs) {
  if constexpr (!IS_TUPLE<T>) {
    store_lanes(out + at, v);
  } else {
    Lanes<decltype(T::first), N> first;
    Lanes<decltype(T::rest), N> rest;
    UNROLL for (int i = 0; i < N; ++i) {
      first[i] = v[i].first;
      rest[i] = v[i].rest;
    }
    store_lanes(out + at, first);
    if constexpr (sizeof...(Outs) > 0)
      store_lanes_at(at, rest, outs...);
  }
}

// A body's regions for N elements, the first at coordinates c.
template <int N, class Body>
DEV auto lanes_value(const Body &body, const i64 *c) {
  if constexpr (N == 1)
    return Lanes<decltype(body.value(c)), 1>{{body.value(c)}};
  else
    return body.lanes_value(c);
}
template <class T, int N, class Body>
DEV auto lanes_finish(const Body &body, const Lanes<T, N> &x, const i64 *c) {
  if constexpr (N == 1)
    return Lanes<decltype(body.finish(x[0], c)), 1>{{body.finish(x[0], c)}};
  else
    return body.lanes_finish(x, c);
}
// Of bodies whose values are floats in the end.
template <int N, class Body>
DEV Lanes<float, N> lanes_float(const Body &body, const i64 *c) {
  if constexpr (N == 1)
    return {{(float)body.value(c)}};
  else
    return body.lanes_value(c);
}
