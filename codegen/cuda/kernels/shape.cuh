// Extents, coordinates and shares of a grid: what all families of row and
// element kernels use.
#pragma once
#include "ops.cuh"

// Row-major extents. Made from literals where they are known, so that after
// inlining a division by them is a multiplication.
template <int R>
struct Shape {
  i64 n[R];

  DEV i64 count() const {
    i64 product = 1;
    UNROLL for (int a = 0; a < R; ++a) product *= n[a];
    return product;
  }
  // The coordinates of the element (or row) number `flat` of the first A axes.
  template <int A>
  DEV void coordinates(i64 flat, i64 *c) const {
    UNROLL for (int a = A - 1; a > 0; --a) {
      i64 q = divide_fast(flat, n[a]);
      c[a] = flat - q * n[a];
      flat = q;
    }
    if (A > 0)
      c[0] = flat;
  }
};

// The grid, whatever its dims, as a line of blocks. Kernels stride by it: any
// grid gives the right result, an empty shape gives none.
DEV i64 block_number() {
  return bid_x() + (i64)grid_x() * (bid_y() + (i64)grid_y() * bid_z());
}
DEV i64 block_count() { return (i64)grid_x() * grid_y() * grid_z(); }
