// Reductions: outs[i...] = finish(reduction over r... of value(i..., r...))
//   reduce_rows     a warp (THREADS = 32) or a block of THREADS an output,
//   lanes
//                   along r: where neighbours in r lie together in memory
//   reduce_columns  a thread an output, lanes along i: where neighbours in i do
//   grid   any
//   block  THREADS; any number of warps for THREADS = 32 and reduce_columns
//   smem   reduce_rows by blocks: THREADS / 32 accumulators
//   needs  Kind: one of those below
//          Body: T value(const i64 *c), c the outer, then the reduced
//          coordinates; finish(result, const i64 *c): a scalar, or a Tuple
//          of as many as there are outs. WIDTH > 1: bool
//          is_wide(), lanes_value(c) along r or i, lanes_finish(x, c) along i
#pragma once
#include "group.cuh"
#include "lanes.cuh"

template <class T>
struct OpsOf;
template <>
struct OpsOf<float> {
  using Type = F32;
};
template <>
struct OpsOf<double> {
  using Type = F64;
};
template <>
struct OpsOf<i64> {
  using Type = I64;
};

// A kind gathers in an Acc: none() is nothing, add() takes element number r,
// operator() joins two in any order, result() ends; n is how many elements
// there were.
template <class T>
struct ReduceSum {
  using Acc = T;
  using Ops = typename OpsOf<T>::Type;
  static DEV T none() { return 0; }
  static DEV T add(T acc, T x, i64) { return Ops::add(acc, x); }
  static DEV T result(T acc, i64) { return acc; }
  DEV T operator()(T a, T b) const { return Ops::add(a, b); }
};
template <class T>
struct ReduceMean : ReduceSum<T> {
  static DEV T result(T acc, i64 n) { return OpsOf<T>::Type::div(acc, (T)n); }
};
template <class T>
struct ReduceProd {
  using Acc = T;
  using Ops = typename OpsOf<T>::Type;
  static DEV T none() { return 1; }
  static DEV T add(T acc, T x, i64) { return Ops::mul(acc, x); }
  static DEV T result(T acc, i64) { return acc; }
  DEV T operator()(T a, T b) const { return Ops::mul(a, b); }
};
template <class T>
struct ReduceL2 : ReduceSum<T> {
  static DEV T add(T acc, T x, i64) { return math_fma(x, x, acc); }
  static DEV T result(T acc, i64) { return math_sqrt(acc); }
};
template <>
struct ReduceL2<i64> : ReduceSum<i64> {
  static DEV i64 add(i64 acc, i64 x, i64) {
    return I64::add(acc, I64::mul(x, x));
  }
  static DEV i64 result(i64 acc, i64) { return to_i64(math_sqrt((double)acc)); }
};

// What max and min of nothing are: the extremes of the type in memory.
template <class Memory>
struct Limits {
  static constexpr bool SIGNED = (Memory)-1 < (Memory)0;
  static constexpr int BITS = sizeof(Memory) * 8;
  static DEV i64 low() { return SIGNED ? -(i64)((u64)1 << (BITS - 2)) * 2 : 0; }
  static DEV i64 high() {
    return (i64)(~(u64)0 >> (64 - BITS + (SIGNED || BITS == 64)));
  }
};
template <>
struct Limits<float> {
  static DEV float low() { return bits_f32(0xff800000); }
  static DEV float high() { return bits_f32(0x7f800000); }
};
template <>
struct Limits<double> : Limits<float> {};
template <>
struct Limits<bf16> : Limits<float> {};
template <>
struct Limits<f16> : Limits<float> {};

// A NaN stays.
template <class T, class Memory>
struct ReduceMax {
  using Acc = T;
  using Ops = typename OpsOf<T>::Type;
  static DEV T none() { return Limits<Memory>::low(); }
  static DEV T add(T acc, T x, i64) { return Ops::max(acc, x); }
  static DEV T result(T acc, i64) { return acc; }
  DEV T operator()(T a, T b) const { return Ops::max(a, b); }
};
template <class T, class Memory>
struct ReduceMin {
  using Acc = T;
  using Ops = typename OpsOf<T>::Type;
  static DEV T none() { return Limits<Memory>::high(); }
  static DEV T add(T acc, T x, i64) { return Ops::min(acc, x); }
  static DEV T result(T acc, i64) { return acc; }
  DEV T operator()(T a, T b) const { return Ops::min(a, b); }
};
// Truth values: sum, max and l2 are ReduceAny, prod and min are ReduceAll.
struct ReduceAny {
  using Acc = u32;
  static DEV u32 none() { return 0; }
  static DEV u32 add(u32 acc, bool x, i64) { return acc | x; }
  static DEV bool result(u32 acc, i64) { return acc != 0; }
  DEV u32 operator()(u32 a, u32 b) const { return a | b; }
};
struct ReduceAll {
  using Acc = u32;
  static DEV u32 none() { return 1; }
  static DEV u32 add(u32 acc, bool x, i64) { return acc & x; }
  static DEV bool result(u32 acc, i64) { return acc != 0; }
  DEV u32 operator()(u32 a, u32 b) const { return a & b; }
};

// argmax and argmin: the extreme value and its first (or last) index; NaN is
// the extreme of all.
template <class T, int BYTES = sizeof(T)>
struct Best {
  T value;
  i64 index; // -1: nothing yet
  static DEV Best make(T value, i64 index) { return {value, index}; }
};
// No byte is left to padding, which nobody would write.
template <class T>
struct Best<T, 4> {
  T value;
  u32 zero;
  i64 index;
  static DEV Best make(T value, i64 index) { return {value, 0, index}; }
};
template <class T>
DEV Best<T> shfl_xor(Best<T> v, int mask) {
  return Best<T>::make(shfl_xor(v.value, mask), shfl_xor(v.index, mask));
}
template <class T, bool LARGEST, bool LAST>
struct ReduceArg {
  using Acc = Best<T>;
  static DEV Acc none() { return Acc::make(0, -1); }
  static DEV Acc add(Acc acc, T x, i64 r) {
    return ReduceArg()(acc, Acc::make(x, r));
  }
  static DEV i64 result(Acc acc, i64) { return acc.index; }
  DEV Acc operator()(Acc a, Acc b) const {
    bool aNaN = a.value != a.value, bNaN = b.value != b.value;
    bool equal = a.value == b.value || (aNaN && bNaN);
    bool better = LARGEST ? b.value > a.value : b.value < a.value;
    bool take = equal ? (LAST ? b.index > a.index : b.index < a.index)
                      : !aNaN && (bNaN || better);
    return a.index < 0 || (b.index >= 0 && take) ? b : a;
  }
};

template <int N, int THREADS, class Kind, int R, int RR, class Body,
          class... Outs>
DEV void reduce_each_row(const Shape<R> &shape, const Shape<RR> &reduced,
                         const Body &body, Outs *...outs) {
  using Row = Group<THREADS>;
  i64 total = shape.count(), length = reduced.count();
  for (i64 at = Row::first(); at < total; at += Row::step()) {
    i64 c[R + RR];
    shape.template coordinates<R>(at, c);
    auto acc = Kind::none();
    for (i64 r = Row::rank() * N; r < length; r += THREADS * N) {
      reduced.template coordinates<RR>(r, c + R);
      auto x = lanes_value<N>(body, c);
      UNROLL for (int l = 0; l < N; ++l) acc = Kind::add(acc, x[l], r + l);
    }
    acc = Row::reduce(acc, Kind());
    if (Row::rank() == 0) {
      auto result = Kind::result(acc, length);
      store_lanes_at(
          at, lanes_finish(body, Lanes<decltype(result), 1>{{result}}, c),
          outs...);
    }
  }
}
template <int THREADS, class Kind, int WIDTH, int R, int RR, class Body,
          class... Outs>
DEV void reduce_rows(const Shape<R> &shape, const Shape<RR> &reduced,
                     const Body &body, Outs *...outs) {
  if constexpr (WIDTH > 1) {
    if (body.is_wide())
      return reduce_each_row<WIDTH, THREADS, Kind>(shape, reduced, body,
                                                   outs...);
  }
  reduce_each_row<1, THREADS, Kind>(shape, reduced, body, outs...);
}

template <int N, class Kind, int R, int RR, class Body, class... Outs>
DEV void reduce_each_column(const Shape<R> &shape, const Shape<RR> &reduced,
                            const Body &body, Outs *...outs) {
  i64 total = shape.count(), length = reduced.count();
  for (i64 at = (block_number() * threads() + tid()) * N; at < total;
       at += block_count() * threads() * N) {
    i64 c[R + RR];
    shape.template coordinates<R>(at, c);
    Lanes<decltype(Kind::none()), N> acc;
    UNROLL for (int l = 0; l < N; ++l) acc[l] = Kind::none();
    for (i64 r = 0; r < length; ++r) {
      reduced.template coordinates<RR>(r, c + R);
      auto x = lanes_value<N>(body, c);
      UNROLL for (int l = 0; l < N; ++l) acc[l] = Kind::add(acc[l], x[l], r);
    }
    Lanes<decltype(Kind::result(acc[0], length)), N> result;
    UNROLL for (int l = 0; l < N; ++l) result[l] = Kind::result(acc[l], length);
    store_lanes_at(at, lanes_finish(body, result, c), outs...);
  }
}
// Fewer columns than this occupy a GPU better one a thread.
constexpr i64 MANY_COLUMNS = 1 << 16;
template <class Kind, int WIDTH, int R, int RR, class Body, class... Outs>
DEV void reduce_columns(const Shape<R> &shape, const Shape<RR> &reduced,
                        const Body &body, Outs *...outs) {
  if constexpr (WIDTH > 1) {
    if (shape.count() >= MANY_COLUMNS && body.is_wide() &&
        (is_aligned<WIDTH>(outs) && ...))
      return reduce_each_column<WIDTH, Kind>(shape, reduced, body, outs...);
  }
  reduce_each_column<1, Kind>(shape, reduced, body, outs...);
}
