// Running sums along AXIS:
//   out[..., a, ...] = value(..., 0, ...) + ... + value(..., a, ...)
// EXCLUSIVE leaves out the last term, REVERSE starts at the end.
//   grid   any
//   block  any number of warps: a warp a line where AXIS is the last, else a
//          thread a line
//   smem   none
//   needs  Body: T value(const i64 *c), c the R coordinates
// Floats add up in f64: a line may be long, and nothing else bounds the error.
#pragma once
#include "group.cuh"

template <class T>
struct ScanSum {
  using Type = T;
};
template <>
struct ScanSum<float> {
  using Type = double;
};
DEV double scan_add(double a, double b) { return a + b; }
DEV i64 scan_add(i64 a, i64 b) { return I64::add(a, b); }

template <class T, int AXIS, bool EXCLUSIVE, bool REVERSE, int R, class Out,
          class Body>
DEV void scan(Out *out, const Shape<R> &shape, const Body &body) {
  using Sum = typename ScanSum<T>::Type;
  const i64 length = shape.n[AXIS];
  i64 stride = 1, lines = 1;
  UNROLL for (int a = 0; a < R; ++a) {
    if (a > AXIS)
      stride *= shape.n[a];
    if (a != AXIS)
      lines *= shape.n[a];
  }
  i64 c[R];
  // The coordinates of a line but AXIS, and where it starts in memory.
  auto begin = [&](i64 line) {
    i64 outer = AXIS == R - 1 ? line : divide_fast(line, stride);
    i64 inner = line - outer * stride, start = outer * stride * length + inner;
    UNROLL for (int a = R - 1; a >= 0; --a) {
      i64 &rest = a > AXIS ? inner : outer;
      if (a == AXIS)
        continue;
      i64 q = divide_fast(rest, shape.n[a]);
      c[a] = rest - q * shape.n[a];
      rest = q;
    }
    return start;
  };
  if constexpr (AXIS == R - 1) {
    for (i64 line = Group<32>::first(); line < lines;
         line += Group<32>::step()) {
      i64 start = begin(line);
      Sum before = 0; // of the 32 steps that came last
      for (i64 base = 0; base < length; base += 32) {
        i64 step = base + lane(), at = REVERSE ? length - 1 - step : step;
        Sum x = 0;
        if (step < length) {
          c[AXIS] = at;
          x = (Sum)body.value(c);
        }
        Sum sum = x;
        UNROLL for (int d = 1; d < 32; d *= 2) {
          Sum other = shfl_up(sum, d);
          if (lane() >= d)
            sum = scan_add(sum, other);
        }
        Sum exclusive = shfl_up(sum, 1);
        Sum total = shfl_idx(sum, 31);
        if (step < length)
          out[start + at] = stored<Out>((T)scan_add(
              before, EXCLUSIVE ? (lane() ? exclusive : (Sum)0) : sum));
        before = scan_add(before, total);
      }
    }
  } else {
    for (i64 line = block_number() * threads() + tid(); line < lines;
         line += block_count() * threads()) {
      i64 start = begin(line);
      Sum sum = 0;
      for (i64 step = 0; step < length; ++step) {
        i64 at = c[AXIS] = REVERSE ? length - 1 - step : step;
        Sum after = scan_add(sum, (Sum)body.value(c));
        out[start + at * stride] = stored<Out>((T)(EXCLUSIVE ? sum : after));
        sum = after;
      }
    }
  }
}
