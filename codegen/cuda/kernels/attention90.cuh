// Flash attention forward for sm_90a, in the shape of FlashAttention-3: as
// attention_mma.cuh has it, of bf16 or f16
//   grid   any; a block takes 128 rows at a time, or two tasks of up to 64, or
//          a part of their keys, as in attention.cuh
//   block  384: warpgroup 0 loads, 1 and 2 have 64 rows each
//   smem   Config::SHARED, dynamic
//   maps   q [B][H][Sq][D] in boxes of 64 rows, k and v [B][G][Sk][D or DV] of
//          BN: 128 swizzled bytes a row, whatever is how far apart. In pages
//          [page][G][row][D or DV], in boxes of a page or of BN of its rows
//   needs  as attention.cuh; bases and strides that are multiples of 16 bytes;
//          D a multiple of 16. Rows past the end of a batch row and columns
//          past the end of a head are zeros by the maps.
//   waits  for the grids before it
//
// One thread keeps q and rings of tiles of keys and of values filled, of those
// in pages two warps. A consumer issues the scores of a tile, then the product
// of the tile before with its values: the weights of one are computed while the
// tensor cores do the other. So it goes on from task to task: behind a task's
// last product are the next one's first scores, while its results are stored.
// Weights stay in registers. The other warps of the warpgroup that loads
// compute what scores need to know of each key.
// docs/hopper.md has a picture.
#pragma once
#include "attention90_pages.cuh"

// Lane 4 r + t of a warp has rows r and r + 8, of each 8 columns 2t and 2t + 1.
template <class C>
struct Attention90Consumer {
  Attention90Shared<C> &shared;
  int number;
  bool alone; // each consumer has every other tile of the ring
  CountedRing<C::QUERY_STAGES> queries;
  CountedRing<C::STAGES> keys, values, terms;
  float s[C::BN / 2], o[C::VP / 2];
  u32 p[C::BN / 16][4];

  // With the first tile of its own.
  DEV void start() {
    if (alone)
      keys.n = values.n = terms.n = (u32)number;
  }
  DEV void next(CountedRing<C::STAGES> &ring) { ring.n += 1 + alone; }
  // By the first lane of each warp.
  DEV void release(u64 *empty) {
    if (lane() == 0)
      mbar_arrive(empty);
  }
  DEV void wait_queries() {
    mbar_wait(shared.q_full + queries.stage(), queries.parity());
  }
  DEV void leave_queries() {
    release(shared.q_empty + queries.stage());
    queries.next();
  }
  DEV void wait_keys() {
    mbar_wait(shared.k_full + keys.stage(), keys.parity());
  }
  DEV void leave_keys() {
    release(shared.k_empty + keys.stage());
    next(keys);
  }
  DEV void wait_values() {
    mbar_wait(shared.v_full + values.stage(), values.parity());
  }
  DEV void leave_values() {
    release(shared.v_empty + values.stage());
    next(values);
  }
  DEV void wait_terms() {
    mbar_wait(shared.terms_full + terms.stage(), terms.parity());
  }
  DEV void leave_terms() {
    release(shared.terms_empty + terms.stage());
    next(terms);
  }
  // Rows of several heads, which lie in no box.
  template <class E, class Body>
  DEV void load_queries(const E *q, const Attention90Task &at, u32 row0,
                        const AttentionHeads<Body> &heads,
                        const AttentionShape &shape) {
    constexpr int CHUNKS = C::D / 8, COUNT = 64 * CHUNKS / 128;
    auto meet = [&] { number ? barrier_named<128>(3) : barrier_named<128>(2); };
    const u32 rows = (u32)shape.queries * heads.count;
    const E *from = q + at.b * shape.q_strides[0] + at.h * shape.q_strides[2];
    const AttentionStride<Body> stride{heads, shape.q_strides[1],
                                       shape.q_strides[2]};
    // Of its places nothing is kept from task to task.
    const int thread = (int)unknown(tid() % 128);
    meet(); // products have read the last task's
    UNROLL for (int first = 0; first < COUNT; first += 4) {
      vec16 x[4];
      UNROLL for (int j = 0; j < 4 && first + j < COUNT; ++j) {
        int i = thread + (first + j) * 128;
        u32 row = row0 + (u32)(i / CHUNKS);
        x[j] = row < rows
                   ? *reinterpret_cast<const vec16 *>(
                         from + attention_offset(stride, row) + i % CHUNKS * 8)
                   : vec16{};
      }
      UNROLL for (int j = 0; j < 4 && first + j < COUNT; ++j) {
        int i = thread + (first + j) * 128, chunk = i % CHUNKS;
        *reinterpret_cast<vec16 *>(
            shared.q[queries.stage()] + chunk / 8 * C::BM * 128 +
            swizzle128(number * 64 + i / CHUNKS, chunk % 8)) = x[j];
      }
    }
    fence_async();
    meet();
  }
  // s = q k^T for the next tile of keys: under way.
  DEV void issue_scores() {
    wait_keys();
    // Made anew: those of all steps would take two registers each in the loop.
    u64 a = (u64)unknown(
            (i64)wgmma_desc(shared.q[queries.stage()] + number * 64 * 128)),
        b = wgmma_desc(shared.k[keys.stage()]);
    fence_regs(s);
    wgmma_fence();
    // 16 columns are 32 bytes; descriptors count 16.
    UNROLL for (int i = 0; i < C::STEPS; ++i) wgmma<typename C::Math, C::BN>(
        s, a + i / 4 * (C::BM * 8) + i % 4 * 2,
        b + i / 4 * (C::BN * 8) + i % 4 * 2, i > 0);
    wgmma_commit();
  }
  // Of the scores: `left` groups may still be under way.
  template <int LEFT>
  DEV void wait_scores() {
    wgmma_wait<LEFT>();
    fence_regs(s);
    leave_keys();
  }
  // o += p v for the next tile of values: under way.
  DEV void issue_values() {
    wait_values();
    u64 b = wgmma_desc_t(shared.v[values.stage()], C::BN * 128);
    fence_regs(o);
    wgmma_fence();
    // 16 rows are 2048 bytes.
    UNROLL for (int i = 0; i < C::BN / 16; ++i)
        wgmma<typename C::Math, C::VP, 1>(o, p[i], b + i * 128, 1);
    wgmma_commit();
  }
  template <int LEFT>
  DEV void wait_sums() {
    wgmma_wait<LEFT>();
    fence_regs(o);
    leave_values();
  }
  // What wgmma takes from registers: columns of s become columns of p.
  DEV void pack_weights() {
    UNROLL for (int i = 0; i < C::BN / 16; ++i)
        UNROLL for (int x = 0; x < 4; ++x) p[i][x] =
            pack2<typename C::Math>(s[i * 8 + x * 2], s[i * 8 + x * 2 + 1]);
  }

  // Where none of its rows is: the other consumer's keys and values pass by.
  template <class Body>
  DEV void pass(const Attention90Task &at, bool loads) {
    if (at.first == at.end)
      return;
    if (!loads) {
      wait_queries();
      leave_queries();
    }
    UNROLL1 for (int tile = at.first; tile < at.end; ++tile) {
      wait_keys();
      leave_keys();
      if constexpr (Attention90Terms<C, Body>::SHARED) {
        wait_terms();
        leave_terms();
      }
      wait_values();
      leave_values();
    }
  }

  template <class Body>
  static DEV bool has_rows(const Attention90Found<Body> &found,
                           const AttentionShape &shape) {
    return found.row0 < (u32)shape.queries * found.heads.count;
  }
  // All tasks of the block. Results of one are stored while the first scores of
  // the next are under way, where queries have two places. Not where keys are
  // in parts, or rows of several heads: then a block has few tasks. Scores that
  // read memory leave no registers for it.
  template <bool ZERO_EMPTY, class Out, class E, class Body, class S>
  DEV void run(Out *out, const E *q, const AttentionShape &shape,
               const Body &body, const S &splits) {
    auto find = [&](u32 place) {
      return attention90_find<C>(place, number, shape, body, splits);
    };
    auto is_task = [&](u32 place) {
      return place < attention90_places<C>(shape, body, splits).count;
    };
    auto has_products = [&](const Attention90Found<Body> &found) {
      return has_rows(found, shape) && found.at.first < found.at.end;
    };
    constexpr bool GOES_ON = C::QUERY_STAGES > 1 && !Body::READS;
    const u32 step = (u32)block_count();
    for (u32 place = (u32)block_number(); is_task(place); place += step) {
      auto found = find(place);
      const bool loads = Body::PACKS && found.heads.count > 1;
      float largest[2], sum[2];
      if (has_products(found)) {
        if (loads)
          load_queries(q, found.at, found.row0, found.heads, shape);
        else
          wait_queries();
        issue_scores();
        for (;; place += step) {
          // Known before the last values are issued: products that are under
          // way past a branch would be waited for, one by one.
          const bool goes_on = GOES_ON && splits.count == 1 && !loads &&
                               is_task(place + step) &&
                               has_products(find(place + step));
          rows(largest, sum, found, shape, body);
          if (!goes_on)
            break;
          issue_values();
          found = find(place + step);
          wait_queries();
          issue_scores();
          add_lanes(sum);
          Out *to[2];
          find_rows(to, out, find(place), shape);
          wait_sums<1>();
          store_rows<ZERO_EMPTY>(to, sum, shape.keys);
        }
        issue_values();
        add_lanes(sum);
        wait_sums<0>();
      } else {
        start_sums(largest, sum);
        if (!has_rows(found, shape))
          pass<Body>(found.at, loads);
      }
      results<ZERO_EMPTY>(out, largest, sum, place, shape, body, splits);
      if constexpr (S::POSSIBLE)
        combine<ZERO_EMPTY>(out, place, shape, body, splits);
    }
  }
  static DEV void add_lanes(float (&sum)[2]) {
    UNROLL for (int r = 0; r < 2; ++r) sum[r] = row_sum4(sum[r]);
  }
  DEV void start_sums(float (&largest)[2], float (&sum)[2]) {
    UNROLL for (int r = 0; r < 2; ++r) {
      largest[r] = -bits_f32(0x7f800000);
      sum[r] = 0;
    }
    UNROLL for (int i = 0; i < C::VP / 2; ++i) o[i] = 0;
  }

  // Sums, largest scores and sums of weights of a task whose first scores are
  // under way, but for the product of the last values.
  template <class Body>
  DEV void rows(float (&largest)[2], float (&sum)[2],
                const Attention90Found<Body> &found,
                const AttentionShape &shape, const Body &body) {
    const auto &heads = found.heads;
    const Attention90Task &at = found.at;
    const u32 row0 = found.row0;
    constexpr int FN = C::BN / 8;
    float decay[2];
    start_sums(largest, sum);
    using Terms = Attention90Terms<C, Body>;
    const float unit = attention_unit<Body>(shape);
    const u32 q0 = heads.query(row0), q1 = heads.query(row0 + 63);
    const auto mine = attention_rows_of(
        at.b, at.h, row0 + warp_uniform() % 4 * 16 + lane() / 4, heads, shape,
        body);
    auto weigh = [&](int tile) {
      auto &each = reinterpret_cast<float(&)[FN][4]>(s);
      const u32 k0 = (u32)(tile * C::BN);
      // Nobody waits for that where consumers load them; to ask whether they
      // do would take a register of the loop.
      if (tile + 1 == at.end)
        leave_queries();
      if constexpr (Terms::SHARED)
        wait_terms();
      auto keys_at = [&](int j, int e, const i64 *c) {
        if constexpr (Terms::SHARED)
          return reinterpret_cast<const typename Terms::Pair *>(
                     shared.terms[terms.stage()])[j * 4 + lane() % 4]
              .x[e];
        else
          return c[3] < shape.keys ? body.keys(c) : typename Body::Keys{};
      };
      if (attention_keeps<C::BN>(at.b, at.h, q0, q1, k0, shape, body))
        attention_apply<true>(each, mine, k0, shape, body, keys_at);
      else
        attention_apply<false>(each, mine, k0, shape, body, keys_at);
      if constexpr (Terms::SHARED) {
        warp_sync();
        leave_terms();
      }
      UNROLL for (int r = 0; r < 2; ++r) decay[r] =
          attention_weigh(each, r, unit, largest[r], sum[r]);
    };
    wait_scores<0>();
    weigh(at.first);
    pack_weights();
    UNROLL1 for (int tile = at.first + 1; tile < at.end; ++tile) {
      issue_scores();
      issue_values();
      wait_scores<1>();
      weigh(tile);
      wait_sums<0>();
      UNROLL for (int i = 0; i < C::VP / 2; ++i) o[i] *= decay[i / 2 % 2];
      pack_weights();
    }
  }

  // Where a lane's two rows of results are: none past the end.
  template <class Out, class Body>
  static DEV void find_rows(Out *(&to)[2], Out *out,
                            const Attention90Found<Body> &done,
                            const AttentionShape &shape) {
    UNROLL for (int r = 0; r < 2; ++r) {
      u32 row = done.row0 + warp_uniform() % 4 * 16 + lane() / 4 + r * 8;
      int head = done.at.h + (int)done.heads.head(row),
          query = (int)done.heads.query(row);
      to[r] = query < (int)shape.queries
                  ? out + ((done.at.b * shape.queries + query) * shape.heads +
                           head) *
                              C::DV
                  : nullptr;
    }
  }
  template <bool ZERO_EMPTY, class Out>
  DEV void store_rows(Out *const (&to)[2], const float (&total)[2], i64 keys) {
    auto &each = reinterpret_cast<const float(&)[C::VP / 8][4]>(o);
    UNROLL for (int r = 0; r < 2; ++r) if (to[r])
        attention_result<C::DV, ZERO_EMPTY>(to[r], each, r, total[r], keys);
  }

  // Found once more, so that nothing of it takes registers in the loop.
  template <bool ZERO_EMPTY, class Out, class Body, class S>
  DEV void results(Out *out, const float (&largest)[2], const float (&total)[2],
                   u32 place, const AttentionShape &shape, const Body &body,
                   const S &splits) {
    const auto done = attention90_find<C>(place, number, shape, body, splits);
    if constexpr (S::POSSIBLE) {
      if (splits.count > 1) {
        const float unit = attention_unit<Body>(shape);
        auto &each = reinterpret_cast<const float(&)[C::VP / 8][4]>(o);
        UNROLL for (int r = 0; r < 2; ++r) {
          u32 row = done.row0 + warp_uniform() % 4 * 16 + lane() / 4 + r * 8;
          int query = (int)done.heads.query(row);
          if (query < (int)shape.queries)
            attention_leave<C::DV>(
                attention_part_of<C::DV>(splits, shape, done.at.b,
                                         done.at.h + (int)done.heads.head(row),
                                         query, done.at.split),
                each, r, largest[r] * unit, total[r]);
        }
        return;
      }
    }
    Out *to[2];
    find_rows(to, out, done, shape);
    store_rows<ZERO_EMPTY>(to, total, shape.keys);
  }

  // Where this part of a task is the last one: all consumers for one task after
  // the other.
  template <bool ZERO_EMPTY, class Out, class Body, class S>
  DEV void combine(Out *out, u32 place, const AttentionShape &shape,
                   const Body &body, const S &splits) {
    const auto done = attention90_find<C>(place, 0, shape, body, splits);
    int thread = tid() - 128;
    if (splits.count > 1 &&
        splits_meet(splits.counters + done.at.task, splits.count, &shared.last,
                    thread == 0, [] { barrier_named<256>(1); })) {
      UNROLL1 for (u32 i = 0; i <= done.alone; ++i)
          attention_combine<C::DV, C::BM, 256, ZERO_EMPTY>(
              out, attention90_find<C>(place, (int)i, shape, body, splits).at,
              shape, done.heads, splits, thread);
    }
  }
};

template <class C, bool ZERO_EMPTY, class Out, class E, class Body, class S,
          class P>
DEV void attention90_rows(Out *out, const E *q, const AttentionShape &shape,
                          const Body &body, const Attention90Maps &maps,
                          const S &splits, const P &pages) {
  using Terms = Attention90Terms<C, Body>;
  using Tiles = Attention90Tiles<C, P>;
  // Registers of addresses, where scores read memory. Who loads has them to
  // spare if it computes no terms.
  constexpr int MORE = Body::READS && !Terms::SHARED ? 8 : 0;
  auto &shared = *shared_base<Attention90Shared<C>>();
  if (tid() == 0) {
    if (shape.batch * shape.queries * shape.keys) { // else maps are zeros
      tma_prefetch_map(maps.q);
      tma_prefetch_map(maps.k);
      tma_prefetch_map(maps.v);
    }
    // Of a tile's consumers: one where each has its own task.
    const int consumers =
        C::CONSUMERS >>
        attention90_places<C>(shape, body, attention90_splits<C>(shape, splits))
            .alone;
    for (int s = 0; s < C::QUERY_STAGES; ++s) {
      mbar_init(shared.q_full + s, 1);
      mbar_init(shared.q_empty + s, C::CONSUMERS);
    }
    for (int s = 0; s < C::STAGES; ++s) {
      mbar_init(shared.k_full + s, 1);
      mbar_init(shared.v_full + s, 1);
      mbar_init(shared.k_empty + s, consumers);
      mbar_init(shared.v_empty + s, consumers);
      mbar_init(shared.terms_full + s, C::TERM_THREADS);
      mbar_init(shared.terms_empty + s, consumers);
    }
    mbar_fence_init();
  }
  barrier();
  grid_wait();
  pages.check(shape.batch * shape.queries);

  int group = warp_uniform() / 4;
  if (group == 0) {
    regs_down<32 - MORE>();
    if (Tiles::loads()) {
      const S parts = attention90_splits<C>(shape, splits);
      Tiles tiles{pages};
      CountedRing<C::QUERY_STAGES> queries;
      CountedRing<C::STAGES> ring;
      // Places anew for each: they would take too many registers.
      for (u32 place = (u32)block_number();
           place < attention90_places<C>(shape, body, parts).count;
           place += (u32)block_count()) {
        const auto places = attention90_places<C>(shape, body, parts);
        const int alone = (int)places.alone;
        auto at = attention90_task<C>(place, 0, places, shape, parts),
             other = at;
        if (at.first == at.end)
          continue;
        tiles.next(at.first * C::BN, at.b);
        if (alone)
          other = attention90_task<C>(place, 1, places, shape, parts);
        auto bring_queries = [&] {
          if (!tiles.brings_keys() || (Body::PACKS && places.heads.count > 1))
            return;
          const int s = queries.stage();
          mbar_wait(shared.q_empty + s, queries.parity() ^ 1);
          if (tiles.leads()) {
            mbar_arrive_expect(shared.q_full + s, C::QUERIES);
            UNROLL1 for (int i = 0; i < 2; ++i) {
              const Attention90Task &of = i ? other : at;
              attention90_load<C::PANELS>(
                  shared.q[s] + i * C::ROWS * 128, C::QUERIES, maps.q,
                  shared.q_full + s, of.h, of.row0 + (alone ? 0 : i * C::ROWS),
                  of.b);
            }
          }
          queries.next();
        };
        if constexpr (C::QUERY_STAGES > 1)
          bring_queries();
        UNROLL1 for (int i = 0; i < (at.end - at.first) << alone;
                     ++i, ring.next()) {
          const bool is_other = alone & i;
          int s = ring.stage(), b = is_other ? other.b : at.b,
              g = (int)((u32)(is_other ? other.h : at.h) / (u32)shape.group),
              k0 = (at.first + (i >> alone)) * C::BN;
          tiles.here(k0);
          tiles.next(k0 + C::BN, b);
          if (tiles.brings_keys()) {
            mbar_wait(shared.k_empty + s, ring.parity() ^ 1);
            if (tiles.leads())
              mbar_arrive_expect(shared.k_full + s, C::KEYS);
            tiles.template load<C::PANELS>(shared.k[s], C::KEYS, maps.k,
                                           shared.k_full + s, g, k0, b);
          }
          // Their place is free later than that of keys.
          if (C::QUERY_STAGES == 1 && i == 0)
            bring_queries();
          if (tiles.brings_values()) {
            mbar_wait(shared.v_empty + s, ring.parity() ^ 1);
            if (tiles.leads())
              mbar_arrive_expect(shared.v_full + s, C::VALUES);
            tiles.template load<C::VALUE_PANELS>(shared.v[s], C::VALUES, maps.v,
                                                 shared.v_full + s, g, k0, b);
          }
        }
      }
    } else if (Terms::SHARED && tid() >= 128 - C::TERM_THREADS) {
      const S parts = attention90_splits<C>(shape, splits);
      CountedRing<C::STAGES> ring;
      for (u32 place = (u32)block_number();
           place < attention90_places<C>(shape, body, parts).count;
           place += (u32)block_count()) {
        const auto places = attention90_places<C>(shape, body, parts);
        auto at = attention90_task<C>(place, 0, places, shape, parts),
             other = at;
        const int alone = (int)places.alone;
        if (alone)
          other = attention90_task<C>(place, 1, places, shape, parts);
        UNROLL1 for (int n = 0; n < (at.end - at.first) << alone;
                     ++n, ring.next()) {
          const bool is_other = alone & n;
          int s = ring.stage(), k0 = (at.first + (n >> alone)) * C::BN;
          auto to = reinterpret_cast<typename Body::Keys *>(shared.terms[s]);
          mbar_wait(shared.terms_empty + s, ring.parity() ^ 1);
          UNROLL1 for (int i = tid() - (128 - C::TERM_THREADS); i < C::BN;
                       i += C::TERM_THREADS) {
            i64 c[4] = {is_other ? other.b : at.b, is_other ? other.h : at.h, 0,
                        k0 + i};
            to[i] = c[3] < shape.keys ? body.keys(c) : typename Body::Keys{};
          }
          // Each lane for its own: that one arrives for a warp which has met
          // orders the others' terms too, but tools do not see it.
          mbar_arrive(shared.terms_full + s);
        }
      }
    }
  } else {
    regs_up<232 + MORE>();
    const S parts = attention90_splits<C>(shape, splits);
    Attention90Consumer<C> consumer{
        shared, group - 1, attention90_places<C>(shape, body, parts).alone > 0};
    consumer.start();
    consumer.template run<ZERO_EMPTY>(out, q, shape, body, parts);
  }
}

// Whether the copy engine takes batch rows, rows and heads so far apart: where
// there is one of them it is not asked.
DEV bool attention90_strides(const AttentionShape &shape) {
  auto are = [&](const i64 *strides, i64 rows, bool is_one_head) {
    return (strides[0] || shape.batch == 1) && (strides[1] || rows == 1) &&
           (strides[2] || is_one_head);
  };
  const bool is_one_group = shape.heads == shape.group;
  return are(shape.q_strides, shape.queries, shape.heads == 1) &&
         are(shape.k_strides, shape.keys, is_one_group) &&
         are(shape.v_strides, shape.keys, is_one_group);
}

// What the copy engine cannot take because addresses or strides are no
// multiples of 16 bytes, or because there is nothing (then maps are zeros),
// goes as on other GPUs, but that blocks share nothing: 192 rows a block. Sums
// of wide values would not fit into registers: half of the columns at a time.
template <class Math, int D, int DV, bool ZERO_EMPTY, class Out, class E,
          class Body, class S = NoSplits, class P = AttentionInOrder>
DEV void attention90(Out *out, const E *q, const E *k, const E *v,
                     const AttentionShape &shape, const Body &body,
                     const Attention90Maps &maps, const S &splits = {},
                     const P &pages = {}) {
  using C = Attention90Config<Math, D, DV, P::PAGED>;
  constexpr int TIMES = ceil_div(DV, 128), WIDTH = ceil_div(DV / 8, TIMES) * 8;
  static_assert(sizeof(AttentionTiles<Math, D, WIDTH, 32, 192>) <= C::SHARED);
  if (attention_aligned(q, k, v, shape) && attention90_strides(shape))
    return attention90_rows<C, ZERO_EMPTY>(out, q, shape, body, maps, splits,
                                           pages);
  grid_wait();
  UNROLL1 for (int i = 0; i < TIMES; ++i) {
    int first = i * (DV - WIDTH);
    attention_mma_rows<Math, D, WIDTH, 32, ZERO_EMPTY, 192, (int)sizeof(E), DV>(
        out + first, q, k, v + first, shape, body, NoSplits(), pages);
  }
}
