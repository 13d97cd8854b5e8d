// Elementwise: out[i...] = value(i...) over a dense row-major shape.
//   grid   any; a block takes PER_THREAD * threads elements at a time
//   block  any
//   smem   none
//   needs  Body: scalar value(const i64 *c), c the R coordinates
#pragma once
#include "shape.cuh"

template <int R, int PER_THREAD, class Out, class Body>
DEV void map(Out *out, const Shape<R> &shape, const Body &body) {
  i64 total = shape.count(), tile = (i64)PER_THREAD * threads();
  for (i64 base = block_number() * tile; base < total;
       base += block_count() * tile) {
    i64 at = base + tid();
    i64 c[R];
    if (PER_THREAD > 1 && base + tile <= total) {
      // All loads are under way before the first store.
      Out values[PER_THREAD];
      UNROLL for (int i = 0; i < PER_THREAD; ++i) {
        shape.template coordinates<R>(at + i * threads(), c);
        values[i] = stored<Out>(body.value(c));
      }
      UNROLL for (int i = 0; i < PER_THREAD; ++i) out[at + i * threads()] =
          values[i];
    } else {
      UNROLL1 for (int i = 0; i < PER_THREAD; ++i, at += threads()) {
        if (at >= total)
          break;
        shape.template coordinates<R>(at, c);
        out[at] = stored<Out>(body.value(c));
      }
    }
  }
}
