// Tiles of keys and values by TMA, in order or by pages. Maps are
// [b][head][row] or [page][head][row of it].
#pragma once
#include "attention90_tasks.cuh"

// What who loads knows of tiles. They say which tile is next while the one
// before is brought, and then that it is here.
template <class C, class P>
struct Attention90Tiles;

// In order: a thread loads.
template <class C>
struct Attention90Tiles<C, AttentionInOrder> {
  const AttentionInOrder &pages;

  static DEV bool loads() { return tid() == 0; }
  static DEV bool brings_keys() { return true; }
  static DEV bool brings_values() { return true; }
  static DEV bool leads() { return true; }
  DEV void next(int, int) {}
  DEV void here(int) {}
  // Of a head of batch row b, from `row` on.
  template <int PANELS>
  DEV void load(u8 *to, int bytes, const TensorMap *map, u64 *full, int head,
                int row, int b) const {
    attention90_load<PANELS>(to, bytes, map, full, head, row, b);
  }
};

// In pages: a warp brings keys, one values. Lane i knows the page of box i, all
// of them by one load of the table, which is on its way while the tile before
// is brought: a thread that looks up one page after the other takes longer than
// a tile's bytes. Pages are multiples of 8 rows, as the swizzle, that divide a
// tile or are divided by it. Past the last one is one that no cache has: zeros.
template <class C, class Index>
struct Attention90Tiles<C, AttentionPages<Index>> {
  const AttentionPages<Index> &pages;
  const int number = warp_uniform();
  Index entry; // of the next tile
  int page;    // of this one

  static DEV bool loads() { return warp_uniform() < C::LOADERS; }
  DEV bool brings_keys() const { return number == 0; }
  DEV bool brings_values() const { return number == 1; }
  static DEV bool leads() { return elect_one(); }
  DEV int box() const { return min_((int)pages.length, C::BN); }
  DEV u32 place(int row) const {
    return (u32)row / (u32)pages.length + (u32)lane();
  }
  DEV bool is_there(int row) const {
    return lane() < C::BN / box() && place(row) < (u32)pages.count;
  }
  DEV void next(int row, int b) {
    if (is_there(row))
      entry = pages.entry(b, place(row));
  }
  // Only now is the page checked: nobody may look at a tile that was next.
  DEV void here(int row) {
    page = (int)(is_there(row) ? pages.page(entry) : pages.cached);
  }
  template <int PANELS>
  DEV void load(u8 *to, int bytes, const TensorMap *map, u64 *full, int head,
                int row, int) const {
    const int in_page = (int)((u32)row % (u32)pages.length);
    int after = shfl_idx(page, 0);
    UNROLL1 for (int i = 1; i <= C::BN / box(); ++i, to += box() * 128) {
      const int each = after;
      after = shfl_idx(page, i); // on its way meanwhile
      if (leads())
        UNROLL for (int p = 0; p < PANELS; ++p) tma_load4(
            to + p * (bytes / PANELS), map, full, p * 64, in_page, head, each);
    }
  }
};
