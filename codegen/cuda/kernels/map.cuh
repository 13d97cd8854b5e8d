// Elementwise: outs[i...] = value(i...) over a dense row-major shape.
//   grid   any; a block takes PER_THREAD * threads elements at a time, or, of
//          WIDTH at once, WIDTH * threads
//   block  any
//   smem   none
//   needs  Body: scalar value(const i64 *c), c the R coordinates; a Tuple of
//          as many as there are outs. WIDTH > 1: bool is_wide(), and
//          lanes_value(c)
#pragma once
#include "lanes.cuh"
#include "shape.cuh"

template <int PER_THREAD, int R, class Body, class... Outs>
DEV void map_elements(i64 first, const Shape<R> &shape, const Body &body,
                      Outs *...outs) {
  i64 total = shape.count(), tile = (i64)PER_THREAD * threads();
  for (i64 base = first + block_number() * tile; base < total;
       base += block_count() * tile) {
    i64 at = base + tid();
    i64 c[R];
    if (PER_THREAD > 1 && base + tile <= total) {
      // All loads are under way before the first store.
      decltype(lanes_value<1>(body, c)) values[PER_THREAD];
      UNROLL for (int i = 0; i < PER_THREAD; ++i) {
        shape.template coordinates<R>(at + i * threads(), c);
        values[i] = lanes_value<1>(body, c);
      }
      UNROLL for (int i = 0; i < PER_THREAD; ++i)
          store_lanes_at(at + i * threads(), values[i], outs...);
    } else {
      UNROLL1 for (int i = 0; i < PER_THREAD; ++i, at += threads()) {
        if (at >= total)
          break;
        shape.template coordinates<R>(at, c);
        store_lanes_at(at, lanes_value<1>(body, c), outs...);
      }
    }
  }
}

template <int PER_THREAD, int WIDTH, int R, class Body, class... Outs>
DEV void map(const Shape<R> &shape, const Body &body, Outs *...outs) {
  i64 done = 0;
  if constexpr (WIDTH > 1) {
    if (body.is_wide() && (is_aligned<WIDTH>(outs) && ...)) {
      // A line may end in between, rows do not.
      i64 total = shape.count() / WIDTH;
      done = total * WIDTH;
      for (i64 i = block_number() * threads() + tid(); i < total;
           i += block_count() * threads()) {
        i64 c[R];
        shape.template coordinates<R>(i * WIDTH, c);
        store_lanes_at(i * WIDTH, lanes_value<WIDTH>(body, c), outs...);
      }
    }
  }
  map_elements<PER_THREAD>(done, shape, body, outs...);
}
