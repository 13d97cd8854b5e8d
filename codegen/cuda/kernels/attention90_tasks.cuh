// What blocks of attention90.cuh work on, and where it lies in shared memory.
#pragma once
#include "attention_mma.cuh"
#include "pipeline90.cuh"

// PAGED: keys and values lie in pages.
template <class Math_, int D_, int DV_, bool PAGED = false>
struct Attention90Config {
  using Math = Math_;
  // Blocks may have two tasks at a time. With pages heads of 256 would spill.
  static constexpr bool TWO = !PAGED;
  static constexpr int D = D_, DV = DV_, BM = 128;
  static constexpr int THREADS = 384, CONSUMERS = 8; // warps
  // Warps that load, and who compute terms of keys, of the rest.
  static constexpr int LOADERS = PAGED ? 2 : 1,
                       TERM_THREADS = 128 - LOADERS * 32;
  // Columns that wgmma multiplies: of values, which go to registers, and keys
  // a tile, by what then fits there and in shared memory.
  static constexpr int VP = DV <= 64    ? 64
                            : DV <= 96  ? 96
                            : DV <= 128 ? 128
                            : DV <= 192 ? 192
                                        : 256;
  static constexpr int BN = max_(D, VP) <= 128   ? 128
                            : max_(D, VP) <= 192 ? 96
                                                 : 64;
  static constexpr int STEPS = D / 16, PANELS = ceil_div(D, 64),
                       VALUE_PANELS = ceil_div(VP, 64);
  static constexpr int ROWS = BM / 2; // of a consumer
  static constexpr int QUERIES = PANELS * BM * 128, KEYS = PANELS * BN * 128,
                       VALUES = VALUE_PANELS * BN * 128; // bytes
  static constexpr int TERMS = BN * 8; // bytes, of what is known of a key
  // Of keys and values, and of queries: two where they fit, so that the next
  // task's come, and its first scores begin, before this one's sums end.
  static constexpr int STAGES = max_(D, VP) <= 64 ? 4 : 2;
  static constexpr int RINGS = STAGES * (KEYS + VALUES + TERMS),
                       BARRIERS = 6 * STAGES * 8 + 16;
  static constexpr int QUERY_STAGES =
      RINGS + 2 * (QUERIES + 16) + BARRIERS <= 227 * 1024 ? 2 : 1;
  static constexpr int SHARED =
      RINGS + QUERY_STAGES * (QUERIES + 16) + BARRIERS;
  static_assert(D % 16 == 0 && DV % 8 == 0 && max_(D, DV) <= 256);
  static_assert(SHARED <= 227 * 1024);
};

// A mbarrier `full` counts bytes, `empty` the warps that are done with them.
template <class C>
struct Attention90Shared {
  u8 q[C::QUERY_STAGES][C::QUERIES], k[C::STAGES][C::KEYS],
      v[C::STAGES][C::VALUES];
  alignas(16) u8 terms[C::STAGES][C::TERMS];
  u64 q_full[C::QUERY_STAGES], q_empty[C::QUERY_STAGES], k_full[C::STAGES],
      k_empty[C::STAGES], v_full[C::STAGES], v_empty[C::STAGES],
      terms_full[C::STAGES], terms_empty[C::STAGES];
  u32 last; // of splits_meet
};

// Terms of two keys, which a consumer loads at once. In shared memory if they
// fit; else consumers compute them.
template <class C, class Body>
struct Attention90Terms {
  using Keys = typename Body::Keys;
  static constexpr int SIZE = (int)sizeof(Keys);
  static constexpr bool SHARED = Body::KEYS > 0 && SIZE *C::BN <= C::TERMS;
  struct alignas(SIZE &(SIZE - 1) ? alignof(Keys) : SIZE * 2) Pair {
    Keys x[2];
  };
};

struct Attention90Maps {
  const TensorMap *q, *k, *v;
};

// Panels whose rows are `bytes` together: a map ends with a head's columns,
// what is past them is zeros.
template <int PANELS>
DEV void attention90_load(u8 *to, int bytes, const TensorMap *map, u64 *full,
                          int head, int row, int batch) {
  UNROLL1 for (int p = 0; p < PANELS; ++p)
      tma_load4(to + p * (bytes / PANELS), map, full, p * 64, row, head, batch);
}

// The rows from row0 on of head h of batch b and the heads after it, and the
// tiles of keys that they look at, or the block's part of them. Of 32 bits: who
// loads has few registers.
struct Attention90Task {
  int b, h, row0, first, end, task, split;
};

// Parts are counted in tiles of the kernel for other GPUs, which are narrower:
// of them as many as there are tiles here. Parts without keys would only cost
// the time to meet.
template <class C, class S>
DEV S attention90_splits(const AttentionShape &shape, S splits) {
  if constexpr (S::POSSIBLE) {
    i64 tiles = ceil_div((int)unknown(shape.keys), C::BN);
    splits.count = min_(splits.count, max_(tiles, (i64)1));
  }
  return splits;
}

// Tasks, places of them and their parts; alone: a place has two tasks,
// where a consumer holds all rows of a task and there are more of them than
// blocks. Then each consumer has its own task, and tiles of keys are of one and
// the other in turn. Each warpgroup counts for itself: what is known before
// they part takes a register of all.
template <class Body>
struct Attention90Places {
  AttentionHeads<Body> heads;
  u32 groups, row_blocks, tasks, alone, sets, count;
};
template <class C, class Body, class S>
DEV Attention90Places<Body> attention90_places(const AttentionShape &shape,
                                               const Body &, const S &splits) {
  AttentionShape here = shape;
  here.queries = unknown(shape.queries);
  const auto heads = attention_heads<C::BM, Body>(here);
  u32 groups = (u32)shape.heads;
  if constexpr (Body::PACKS)
    groups /= heads.count;
  u32 row_blocks = (u32)ceil_div((int)here.queries * (int)heads.count, C::BM),
      tasks = row_blocks * groups * (u32)shape.batch;
  u32 alone = C::TWO && (u32)here.queries * heads.count <= C::ROWS &&
              tasks * (u32)splits.count > (u32)block_count(),
      sets = (tasks + alone) >> alone;
  return {
      heads, groups, row_blocks, tasks, alone, sets, sets * (u32)splits.count};
}

// Under a causal mask later rows take longer, and a block takes every grid-th
// task: with those of a head one after the other, a grid of 132 blocks would
// give a block the same rows of each head. So those with most keys come first,
// of all heads, and blocks take them forwards and backwards in turn: who has
// got the longest of one round gets the shortest of the next. That keys and
// values of all heads do not fit into L2 costs less than blocks that wait.
DEV bool attention90_by_length(const AttentionShape &shape) {
  return !shape.mean && shape.causal_keys < shape.keys;
}
DEV u32 attention90_turn(u32 place, u32 count) {
  const u32 grid = (u32)block_count(), round = place / grid;
  if (round % 2 == 0)
    return place;
  return round * grid + min_(grid, count - round * grid) - 1 -
         (place - round * grid);
}

// The task `number` of a place. Of an odd one there is no second: that has the
// same keys as the first, and no rows.
template <class C, class Body, class S>
DEV Attention90Task attention90_task(u32 place, u32 number,
                                     const Attention90Places<Body> &places,
                                     const AttentionShape &shape,
                                     const S &splits) {
  const u32 row_blocks = places.row_blocks;
  const bool by_length = attention90_by_length(shape);
  if (by_length)
    place = attention90_turn(place, places.count);
  u32 split = S::POSSIBLE ? place / places.sets : 0,
      task = ((place - split * places.sets) << places.alone) + number;
  const bool is_none = task >= places.tasks;
  task -= is_none;
  u32 heads = places.groups * (u32)shape.batch,
      pair = by_length ? task % heads : task / row_blocks,
      before = by_length ? task / heads : task - pair * row_blocks;
  u32 b = pair / places.groups;
  int row0 = (int)(row_blocks - 1 - before) * C::BM;
  int keys = (int)shape.keys;
  // Rows that may be the mean of all keys look at all.
  if (!shape.mean) {
    int last = (int)places.heads.query((u32)row0 + C::BM - 1);
    keys = min_(keys, max_(last + (int)shape.causal_keys, 0));
  }
  int end = ceil_div(keys, C::BN), each = ceil_div(end, (int)splits.count);
  int first = min_((int)split * each, end);
  return {(int)b,
          (int)((pair - b * places.groups) * places.heads.count),
          is_none ? C::BM : row0,
          first,
          min_(first + each, end),
          (int)task,
          (int)split};
}

// What consumer `number` works on at a time, whenever it asks; its rows start
// at row0.
template <class Body>
struct Attention90Found {
  AttentionHeads<Body> heads;
  Attention90Task at;
  u32 alone, row0;
};
template <class C, class Body, class S>
DEV Attention90Found<Body> attention90_find(u32 place, int number,
                                            const AttentionShape &shape,
                                            const Body &body, const S &splits) {
  const auto places = attention90_places<C>(shape, body, splits);
  const u32 alone = places.alone;
  const auto at = attention90_task<C>((u32)unknown(place), alone ? number : 0,
                                      places, shape, splits);
  return {places.heads, at, alone,
          (u32)(at.row0 + (alone ? 0 : number * C::ROWS))};
}
