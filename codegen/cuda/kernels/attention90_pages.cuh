// A tile of keys or values by TMA, in order or by pages. Maps are [b][row] or
// [page][row of it].
#pragma once
#include "attention90_tasks.cuh"

// A tile of keys or values of batch row b, from `row` on.
template <int PANELS, int BN>
DEV void attention90_load_keys(u8 *to, int bytes, const TensorMap *map,
                               u64 *full, int column, int row, int b,
                               const AttentionInOrder &) {
  attention90_load<PANELS>(to, bytes, map, full, column, row, b);
}
// Pages are multiples of 8 rows, as the swizzle, that divide a tile or are
// divided by it. Past the last one is one that no cache has: zeros.
template <int PANELS, int BN, class Index>
DEV void attention90_load_keys(u8 *to, int bytes, const TensorMap *map,
                               u64 *full, int column, int row, int b,
                               const AttentionPages<Index> &pages) {
  const int length = (int)pages.length, box = min_(length, BN);
  UNROLL1 for (int first = 0; first < BN; first += box) {
    u32 place = (u32)(row + first) / (u32)length;
    int in_page = row + first - (int)place * length;
    int page =
        (int)(place < (u32)pages.count ? pages.page(b, place) : pages.cached);
    UNROLL1 for (int p = 0; p < PANELS; ++p)
        tma_load3(to + p * (bytes / PANELS) + first * 128, map, full,
                  column + p * 64, in_page, page);
  }
}
