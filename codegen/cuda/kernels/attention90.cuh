// Flash attention forward for sm_90a, in the shape of FlashAttention-3: as
// attention_mma.cuh has it, of bf16 or f16
//   grid   any; a block takes 128 query rows of one b and h at a time, or a
//          part of their keys
//   block  384: warpgroup 0 loads, 1 and 2 have 64 rows each
//   smem   Config::SHARED, dynamic
//   maps   q [B][Sq][columns] in boxes of 128 rows, k and v [B][Sk][columns] of
//          BN: 128 swizzled bytes a row; head h is at column h * stride
//   needs  as attention.cuh; bases and strides that are multiples of 16 bytes;
//          D a multiple of 16. Rows past the end of a batch are zeros by the
//          maps; columns past the end of a head are not looked at.
//   waits  for the grids before it
//
// One thread keeps q and rings of tiles of keys and of values filled. A
// consumer issues the scores of a tile, then the product of the tile before
// with its values: the weights of one are computed while the tensor cores do
// the other. Weights stay in registers. The other warps of the warpgroup that
// loads compute what scores need to know of each key. docs/hopper.md has a
// picture.
#pragma once
#include "attention_mma.cuh"
#include "pipeline90.cuh"

template <class Math_, int D_, int DV_>
struct Attention90Config {
  using Math = Math_;
  static constexpr int D = D_, DV = DV_, BM = 128, STAGES = 2;
  static constexpr int THREADS = 384, CONSUMERS = 8; // warps
  static constexpr int TERM_THREADS = 96; // who compute terms of keys
  // Columns that wgmma multiplies: of values, which go to registers, and keys
  // a tile, by what then fits there and in shared memory.
  static constexpr int VP = DV <= 64    ? 64
                            : DV <= 96  ? 96
                            : DV <= 128 ? 128
                                        : 192;
  static constexpr int BN = max_(D, VP) <= 128 ? 128 : 96;
  static constexpr int STEPS = D / 16, PANELS = ceil_div(D, 64),
                       VALUE_PANELS = ceil_div(VP, 64);
  static constexpr int QUERIES = PANELS * BM * 128, KEYS = PANELS * BN * 128,
                       VALUES = VALUE_PANELS * BN * 128; // bytes
  static constexpr int TERMS = BN * 8; // bytes, of what is known of a key
  static constexpr int SHARED =
      QUERIES + STAGES * (KEYS + VALUES + TERMS) + (2 + 6 * STAGES) * 8 + 16;
  static_assert(D % 16 == 0 && D <= 192 && DV <= 192);
  static_assert(SHARED <= 227 * 1024);
};

// A mbarrier `full` counts bytes, `empty` the warps that are done with them.
template <class C>
struct Attention90Shared {
  u8 q[C::QUERIES], k[C::STAGES][C::KEYS], v[C::STAGES][C::VALUES];
  alignas(16) u8 terms[C::STAGES][C::TERMS];
  u64 q_full, q_empty, k_full[C::STAGES], k_empty[C::STAGES], v_full[C::STAGES],
      v_empty[C::STAGES], terms_full[C::STAGES], terms_empty[C::STAGES];
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

template <int PANELS>
DEV void attention90_load(u8 *to, int bytes, const TensorMap *map, u64 *full,
                          int column, int row, int batch) {
  mbar_arrive_expect(full, bytes);
  UNROLL1 for (int p = 0; p < PANELS; ++p) tma_load3(
      to + p * (bytes / PANELS), map, full, column + p * 64, row, batch);
}

// The query rows from q0 on of head h of batch b, and the tiles of keys that
// they look at, or the block's part of them. Of 32 bits: who loads has few
// registers.
struct Attention90Task {
  int b, h, q0, first, end, task, split;
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

// Tasks, and places of them and their parts. Each warpgroup counts for itself:
// what is known before they part takes a register of all.
struct Attention90Places {
  u32 row_blocks, tasks, count;
};
template <class C, class S>
DEV Attention90Places attention90_places(const AttentionShape &shape,
                                         const S &splits) {
  u32 row_blocks = (u32)ceil_div((int)unknown(shape.queries), C::BM),
      tasks = row_blocks * (u32)shape.heads * (u32)shape.batch;
  return {row_blocks, tasks, tasks * (u32)splits.count};
}

template <class C, class S>
DEV Attention90Task attention90_task(u32 place, const Attention90Places &places,
                                     const AttentionShape &shape,
                                     const S &splits) {
  const u32 tasks = places.tasks, row_blocks = places.row_blocks;
  u32 split = S::POSSIBLE ? place / tasks : 0, task = place - split * tasks;
  u32 pair = task / row_blocks, b = pair / (u32)shape.heads;
  int q0 = (int)(task - pair * row_blocks) * C::BM;
  int keys = (int)shape.keys;
  // Rows that may be the mean of all keys look at all.
  if (!shape.mean)
    keys = min_(keys, max_(q0 + C::BM - 1 + (int)shape.causal_keys, 0));
  int end = ceil_div(keys, C::BN), each = ceil_div(end, (int)splits.count);
  int first = min_((int)split * each, end);
  return {(int)b,
          (int)(pair - b * (u32)shape.heads),
          q0,
          first,
          min_(first + each, end),
          (int)task,
          (int)split};
}

// Lane 4 r + t of a warp has rows r and r + 8, of each 8 columns 2t and 2t + 1.
template <class C>
struct Attention90Consumer {
  Attention90Shared<C> &shared;
  int number;
  Ring<1> queries;
  Ring<C::STAGES> keys, values, terms;
  float s[C::BN / 2], o[C::VP / 2];
  u32 p[C::BN / 16][4];

  // By the first lane of each warp.
  DEV void release(u64 *empty) {
    if (lane() == 0)
      mbar_arrive(empty);
  }
  // s = q k^T for the next tile of keys: under way.
  DEV void issue_scores() {
    mbar_wait(shared.k_full + keys.stage, keys.parity);
    u64 a = wgmma_desc(shared.q + number * 64 * 128),
        b = wgmma_desc(shared.k[keys.stage]);
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
    release(shared.k_empty + keys.stage);
    keys.next();
  }
  // o += p v for the next tile of values: under way.
  DEV void issue_values() {
    mbar_wait(shared.v_full + values.stage, values.parity);
    u64 b = wgmma_desc_t(shared.v[values.stage], C::BN * 128);
    fence_regs(o);
    wgmma_fence();
    // 16 rows are 2048 bytes.
    UNROLL for (int i = 0; i < C::BN / 16; ++i)
        wgmma<typename C::Math, C::VP, 1>(o, p[i], b + i * 128, 1);
    wgmma_commit();
  }
  DEV void wait_values() {
    wgmma_wait<0>();
    fence_regs(o);
    release(shared.v_empty + values.stage);
    values.next();
  }
  // What wgmma takes from registers: columns of s become columns of p.
  DEV void pack_weights() {
    UNROLL for (int i = 0; i < C::BN / 16; ++i)
        UNROLL for (int x = 0; x < 4; ++x) p[i][x] =
            pack2<typename C::Math>(s[i * 8 + x * 2], s[i * 8 + x * 2 + 1]);
  }

  template <bool ZERO_EMPTY, class Out, class Body, class S>
  DEV void run(Out *out, const Attention90Task &at, const AttentionShape &shape,
               const Body &body, const S &splits) {
    constexpr int FN = C::BN / 8, FV = C::VP / 8;
    const float infinity = bits_f32(0x7f800000);
    int row = at.q0 + number * 64 + warp_uniform() % 4 * 16 + lane() / 4;
    float largest[2] = {-infinity, -infinity}, sum[2] = {}, decay[2];
    UNROLL for (int i = 0; i < C::VP / 2; ++i) o[i] = 0;
    using Terms = Attention90Terms<C, Body>;
    const float unit = attention_unit<Body>(shape);
    const auto rows = attention_rows_of(at.b, at.h, (u32)row, shape, body);
    auto weigh = [&](int tile) {
      auto &each = reinterpret_cast<float(&)[FN][4]>(s);
      const u32 k0 = (u32)(tile * C::BN);
      if constexpr (Terms::SHARED)
        mbar_wait(shared.terms_full + terms.stage, terms.parity);
      auto keys_at = [&](int j, int e, const i64 *c) {
        if constexpr (Terms::SHARED)
          return reinterpret_cast<const typename Terms::Pair *>(
                     shared.terms[terms.stage])[j * 4 + lane() % 4]
              .x[e];
        else
          return c[3] < shape.keys ? body.keys(c) : typename Body::Keys{};
      };
      if (attention_keeps<64, C::BN>(at.b, at.h, (u32)(at.q0 + number * 64), k0,
                                     shape, body))
        attention_apply<true>(each, rows, k0, shape, body, keys_at);
      else
        attention_apply<false>(each, rows, k0, shape, body, keys_at);
      if constexpr (Terms::SHARED) {
        warp_sync();
        release(shared.terms_empty + terms.stage);
        terms.next();
      }
      UNROLL for (int r = 0; r < 2; ++r) decay[r] =
          attention_weigh(each, r, unit, largest[r], sum[r]);
    };
    if (at.first < at.end) {
      mbar_wait(&shared.q_full, queries.parity);
      issue_scores();
      wait_scores<0>();
      weigh(at.first);
      pack_weights();
      UNROLL1 for (int tile = at.first + 1; tile < at.end; ++tile) {
        issue_scores();
        issue_values();
        wait_scores<1>();
        weigh(tile);
        wait_values();
        UNROLL for (int i = 0; i < C::VP / 2; ++i) o[i] *= decay[i / 2 % 2];
        pack_weights();
      }
      release(&shared.q_empty);
      queries.next();
      issue_values();
      wait_values();
    }
    UNROLL for (int r = 0; r < 2; ++r) {
      float total = row_sum4(sum[r]);
      int m = row + r * 8;
      auto &each = reinterpret_cast<const float(&)[FV][4]>(o);
      if (m >= (int)shape.queries)
        continue;
      if constexpr (S::POSSIBLE) {
        if (splits.count > 1) {
          attention_leave<C::DV>(
              attention_row<C::DV>(splits, shape, at.b, at.h, m) +
                  at.split * attention_stride<C::DV>(shape),
              each, r, largest[r] * unit, total);
          continue;
        }
      }
      attention_result<C::DV, ZERO_EMPTY>(
          out + ((at.b * shape.queries + m) * shape.heads + at.h) * C::DV, each,
          r, total, shape.keys);
    }
    if constexpr (S::POSSIBLE) {
      int thread = tid() - 128;
      if (splits.count > 1 &&
          splits_meet(splits.counters + at.task, splits.count, &shared.last,
                      thread == 0, [] { barrier_named<256>(1); }))
        attention_combine<C::DV, C::BM, 256, ZERO_EMPTY>(out, at, shape, splits,
                                                         thread);
    }
  }
};

template <class C, bool ZERO_EMPTY, class Out, class Body, class S>
DEV void attention90_rows(Out *out, const AttentionShape &shape,
                          const Body &body, const Attention90Maps &maps,
                          const S &splits) {
  using Terms = Attention90Terms<C, Body>;
  auto &shared = *shared_base<Attention90Shared<C>>();
  if (tid() == 0) {
    if (shape.batch * shape.queries * shape.keys) { // else maps are zeros
      tma_prefetch_map(maps.q);
      tma_prefetch_map(maps.k);
      tma_prefetch_map(maps.v);
    }
    mbar_init(&shared.q_full, 1);
    mbar_init(&shared.q_empty, C::CONSUMERS);
    for (int s = 0; s < C::STAGES; ++s) {
      mbar_init(shared.k_full + s, 1);
      mbar_init(shared.v_full + s, 1);
      mbar_init(shared.k_empty + s, C::CONSUMERS);
      mbar_init(shared.v_empty + s, C::CONSUMERS);
      mbar_init(shared.terms_full + s, C::TERM_THREADS);
      mbar_init(shared.terms_empty + s, C::CONSUMERS);
    }
    mbar_fence_init();
  }
  barrier();
  grid_wait();

  int group = warp_uniform() / 4;
  if (group == 0) {
    regs_down<24>();
    if (tid() == 0) {
      const S parts = attention90_splits<C>(shape, splits);
      const auto places = attention90_places<C>(shape, parts);
      Ring<1> queries;
      Ring<C::STAGES> ring;
      for (u32 place = (u32)block_number(); place < places.count;
           place += (u32)block_count()) {
        auto at = attention90_task<C>(place, places, shape, parts);
        if (at.first == at.end)
          continue;
        mbar_wait(&shared.q_empty, queries.parity ^ 1);
        attention90_load<C::PANELS>(
            shared.q, C::QUERIES, maps.q, &shared.q_full,
            at.h * (int)shape.q_strides[2], at.q0, at.b);
        queries.next();
        int g = (int)((u32)at.h / (u32)shape.group);
        UNROLL1 for (int tile = at.first; tile < at.end; ++tile, ring.next()) {
          int s = ring.stage;
          mbar_wait(shared.k_empty + s, ring.parity ^ 1);
          attention90_load<C::PANELS>(
              shared.k[s], C::KEYS, maps.k, shared.k_full + s,
              g * (int)shape.k_strides[2], tile * C::BN, at.b);
          mbar_wait(shared.v_empty + s, ring.parity ^ 1);
          attention90_load<C::VALUE_PANELS>(
              shared.v[s], C::VALUES, maps.v, shared.v_full + s,
              g * (int)shape.v_strides[2], tile * C::BN, at.b);
        }
      }
    } else if (Terms::SHARED && tid() >= 32) {
      const S parts = attention90_splits<C>(shape, splits);
      const auto places = attention90_places<C>(shape, parts);
      Ring<C::STAGES> ring;
      for (u32 place = (u32)block_number(); place < places.count;
           place += (u32)block_count()) {
        auto at = attention90_task<C>(place, places, shape, parts);
        UNROLL1 for (int tile = at.first; tile < at.end; ++tile, ring.next()) {
          int s = ring.stage;
          auto to = reinterpret_cast<typename Body::Keys *>(shared.terms[s]);
          mbar_wait(shared.terms_empty + s, ring.parity ^ 1);
          UNROLL1 for (int i = tid() - 32; i < C::BN; i += C::TERM_THREADS) {
            i64 c[4] = {at.b, at.h, 0, tile * C::BN + i};
            to[i] = c[3] < shape.keys ? body.keys(c) : typename Body::Keys{};
          }
          // Each lane for its own: that one arrives for a warp which has met
          // orders the others' terms too, but tools do not see it.
          mbar_arrive(shared.terms_full + s);
        }
      }
    }
  } else {
    regs_up<240>();
    const S parts = attention90_splits<C>(shape, splits);
    const auto places = attention90_places<C>(shape, parts);
    Attention90Consumer<C> consumer{shared, group - 1};
    for (u32 place = (u32)block_number(); place < places.count;
         place += (u32)block_count())
      consumer.template run<ZERO_EMPTY>(
          out, attention90_task<C>(place, places, shape, parts), shape, body,
          parts);
  }
}

// Whether the copy engine takes rows and batches so far apart.
DEV bool attention90_strides(const AttentionShape &shape) {
  auto are = [&](int i) {
    return shape.q_strides[i] && shape.k_strides[i] && shape.v_strides[i];
  };
  return are(1) && (shape.batch == 1 || are(0));
}

// What the copy engine cannot take because addresses or strides are no
// multiples of 16 bytes, or because there is nothing (then maps are zeros),
// goes as on other GPUs, but that blocks share nothing: 192 rows a block; wide
// heads, whose sums would not fit into registers, 96 on FMA units.
template <class Math, int D, int DV, bool ZERO_EMPTY, class Out, class E,
          class Body, class S = NoSplits>
DEV void attention90(Out *out, const E *q, const E *k, const E *v,
                     const AttentionShape &shape, const Body &body,
                     const Attention90Maps &maps, const S &splits = {}) {
  using C = Attention90Config<Math, D, DV>;
  static_assert(sizeof(AttentionTiles<Math, D, DV, 32, 192>) <= C::SHARED);
  if (attention_aligned(q, k, v, shape) && attention90_strides(shape))
    return attention90_rows<C, ZERO_EMPTY>(out, shape, body, maps, splits);
  grid_wait();
  if constexpr (max_(D, DV) <= 128)
    attention_mma_rows<Math, D, DV, 32, ZERO_EMPTY, 192, (int)sizeof(E)>(
        out, q, k, v, shape, body, NoSplits());
  else
    attention_rows<D, DV, 96, 16, ZERO_EMPTY, false>(out, q, k, v, shape, body,
                                                     NoSplits());
}
