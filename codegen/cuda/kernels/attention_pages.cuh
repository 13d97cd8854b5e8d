// How keys and values of attention lie: one after the other, or in pages of a
// cache that a table names. Strides of a cache are [page, row of it, head].
#pragma once
#include "ops.cuh"

// Strides are [b, row, head].
struct AttentionInOrder {
  static constexpr bool PAGED = false;
  // Where those of a batch row start.
  static DEV i64 start(i64 b, const i64 *strides) { return b * strides[0]; }
  static DEV void check(i64) {}
  // What attention_offset finds rows of a batch row by.
  static DEV i64 rows(i64, const i64 *strides) { return strides[1]; }
};

template <class P>
struct AttentionPageRows {
  const P &pages;
  i64 b;
  const i64 *strides;
};

// Key t of batch row b is row t % length of page table[b][t / length].
template <class Index>
struct AttentionPages {
  static constexpr bool PAGED = true;
  const Index *table; // [batch][count]
  i64 count, length;  // pages of a batch row, rows of a page
  i64 cached;         // pages of the cache
  KernelStatus *status;
  i64 step;

  // Of a batch row: none where there is no page for them.
  DEV i64 keys() const { return cached ? count * length : 0; }
  // Where so many queries look for keys that is an error, as any page would be.
  DEV void check(i64 queries) const {
    if (cached == 0 && queries * count * length > 0)
      check_index(0, 0, status, step);
  }
  DEV Index entry(i64 b, u32 place) const { return table[b * count + place]; }
  DEV i64 page(Index entry) const {
    return check_index(entry, cached, status, step);
  }

  static DEV i64 start(i64, const i64 *) { return 0; }
  DEV AttentionPageRows<AttentionPages> rows(i64 b, const i64 *strides) const {
    return {*this, b, strides};
  }
};
template <class P>
DEV i64 attention_offset(const AttentionPageRows<P> &at, i64 row) {
  u32 length = (u32)at.pages.length, place = (u32)row / length;
  return at.pages.page(at.pages.entry(at.b, place)) * at.strides[0] +
         (i64)((u32)row - place * length) * at.strides[1];
}
