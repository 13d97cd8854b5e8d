// Flash attention forward in IEEE f32 of f32, bf16 or f16, without tensor
// cores:
//   out[b, q, h, :] = sum over k of p[k] v[b, k, h / group, :], p = softmax of
//   s[k] = score(scale * q.k, b, h, q, k)
//   grid   any; a block takes BM rows at a time, or a part of their keys: of
//          queries of one b and h, or of a group's (AttentionHeads)
//   block  4 * BM: thread (y, x) of BM / 4 x 16 owns rows 4y..4y+3 of keys x,
//          x + 16, ... and of output columns in vectors of C, 16 C apart
//   smem   sizeof(AttentionShared)
//   needs  q, k, v contiguous along d, strides of [b, row, head] in elements;
//          out dense [batch, queries, heads, DV]; BM and BN multiples of 16
//          Pages: how keys and values lie, see attention_pages.cuh
//          Body: the score of c = {b, h, q, k}, see AttentionTerms
//          Splits: partial sums of batch * heads * queries * (DV + 2) floats a
//          part, as many counters as there are tasks
// Letters: D and DV head dims, DP and VP those padded, BN keys a tile.
#pragma once
#include "attention_pages.cuh"
#include "shape.cuh"
#include "splits.cuh"

// Body computes a score from a product in steps:
//   Keys keys(c)     what depends on b, h and k alone; KEYS: how many terms
//   Rows rows(c)     what depends on b, h and q alone
//   Loads load(key, row, c)   all other reads that do not wait for the product
//   float apply<KEPT>(key, row, in, x, c)   x: scale * q.k, a Scaled
// and says of itself
//   keeps(first, last)   that its mask keeps all pairs of queries first[2] to
//                        last[2] and keys first[3] to last[3]: KEPT then
//   READS    load or apply reads memory: c has to be inside
//   SELECTS  a score is the product or a fill: products may do without scale,
//            which is positive
//   PACKS    neither keys nor keeps depends on h: heads of a group may share
//            tiles
struct AttentionShape {
  i64 batch, heads, queries, keys, group;
  i64 causal_keys; // query q keeps no key from q + causal_keys on
  i64 q_strides[3], k_strides[3], v_strides[3];
  float scale;
  // A row that keeps no key is the mean of all; else it is what -inf gives.
  bool mean = false;
};

// Of whom the rows of a task are: of one head, or of all that share keys. These
// are then read once for all, and few queries fill a tile: row r is query
// r / count of head r % count.
template <class Body>
struct AttentionHeads {
  u32 count; // of a task

  template <class T>
  DEV T query(T row) const {
    return Body::PACKS ? (T)((u32)row / count) : row;
  }
  template <class T>
  DEV T head(T row) const {
    return Body::PACKS ? (T)((u32)row % count) : 0;
  }
};
// A group's where its rows take fewer tiles together.
template <int BM, class Body>
DEV AttentionHeads<Body> attention_heads(const AttentionShape &shape) {
  if constexpr (Body::PACKS) {
    u32 queries = (u32)shape.queries, group = (u32)shape.group;
    if ((queries * group + BM - 1) / BM < (queries + BM - 1) / BM * group)
      return {group};
  }
  return {1};
}

// Tasks, and of them those of the same heads.
struct AttentionTasks {
  i64 rows, row_blocks, count;
};
template <int BM, class Body>
DEV AttentionTasks attention_tasks(const AttentionShape &shape,
                                   const AttentionHeads<Body> &heads) {
  i64 rows = shape.queries, groups = shape.heads;
  if constexpr (Body::PACKS) {
    rows *= heads.count;
    groups = divide_fast(groups, heads.count);
  }
  i64 row_blocks = (rows + BM - 1) / BM;
  return {rows, row_blocks, row_blocks * groups * shape.batch};
}

// What a block works on at a time: part `split` of the keys for the rows from
// row0 on of the heads from h on of batch b, and where the rows of these start.
template <class E>
struct AttentionTask {
  i64 b, h, row0;
  int task, split; // of few where keys are shared
  const E *q, *k, *v;
};

// Number `place` of the tasks times the parts.
template <int BM, class S, class P, class Body, class E>
DEV AttentionTask<E> attention_task(i64 place, const AttentionTasks &tasks,
                                    const AttentionHeads<Body> &heads,
                                    const E *q, const E *k, const E *v,
                                    const AttentionShape &shape) {
  i64 split = S::POSSIBLE ? divide_fast(place, tasks.count) : 0;
  i64 task = place - split * tasks.count,
      pair = divide_fast(task, tasks.row_blocks);
  i64 groups = shape.heads;
  if constexpr (Body::PACKS)
    groups = divide_fast(groups, heads.count);
  i64 b = divide_fast(pair, groups), h = (pair - b * groups) * heads.count;
  i64 g = divide_fast(h, shape.group);
  return {b,
          h,
          (task - pair * tasks.row_blocks) * BM,
          (int)task,
          (int)split,
          q + b * shape.q_strides[0] + h * shape.q_strides[2],
          k + P::start(b, shape.k_strides) + g * shape.k_strides[2],
          v + P::start(b, shape.v_strides) + g * shape.v_strides[2]};
}

// From one row of a task to the next, of queries: of keys it is a number, or
// what AttentionPages have.
template <class Body>
struct AttentionStride {
  AttentionHeads<Body> heads;
  i64 query, head;
};
DEV i64 attention_offset(i64 stride, i64 row) { return row * stride; }
template <class Body>
DEV i64 attention_offset(const AttentionStride<Body> &stride, i64 row) {
  return stride.heads.query(row) * stride.query +
         stride.heads.head(row) * stride.head;
}

// Where the keys end that any query up to the last keeps.
DEV i64 attention_end(const AttentionShape &shape, i64 last) {
  return min_(shape.keys, max_(last + shape.causal_keys, (i64)0));
}

// The keys of part `split` of `count`: whole tiles; where there are fewer tiles
// than parts, the last have none.
template <int BN>
DEV void attention_part(i64 &first, i64 &end, i64 split, i64 count) {
  i64 tiles = divide_fast(end + BN - 1, BN);
  i64 each = divide_fast(tiles + count - 1, count) * BN;
  first = min_(split * each, end);
  end = min_(first + each, end);
}

// What one load brings.
template <int C>
struct alignas(C * 4) FloatVector {
  float x[C];
};

// What a part of a row leaves: DV sums; its largest score and the sum of its
// weights, which lie behind the sums of all parts. The next part's are as many
// rows on as there are.
struct AttentionPart {
  float *sums, *weights;
};
DEV i64 attention_all_rows(const AttentionShape &shape) {
  return shape.batch * shape.heads * shape.queries;
}
template <int DV>
DEV AttentionPart attention_part_of(const Splits &splits,
                                    const AttentionShape &shape, i64 b, i64 h,
                                    i64 q, i64 split) {
  i64 rows = attention_all_rows(shape),
      row = split * rows + (b * shape.heads + h) * shape.queries + q;
  return {splits.partials + row * DV,
          splits.partials + splits.count * rows * DV + row * 2};
}

// The rows of a task from the parts of all blocks, by `thread` of THREADS: as
// one block would have rescaled its sums from tile to tile. It is all latency
// of L2: a thread takes 16 bytes of columns, and loads of many parts are under
// way at once.
template <int DV, int BM, int THREADS, bool ZERO_EMPTY, class Out, class Task,
          class Body>
DEV void attention_combine(Out *out, const Task &at,
                           const AttentionShape &shape,
                           const AttentionHeads<Body> &heads,
                           const Splits &splits, int thread) {
  constexpr int V = DV % 4 == 0 ? 4 : DV % 2 == 0 ? 2 : 1, AHEAD = 8;
  const float infinity = bits_f32(0x7f800000);
  // Nothing of it is kept from task to task.
  const i64 all = unknown(attention_all_rows(shape));
  const int rows = (int)min_(shape.queries * heads.count - at.row0, (i64)BM),
            count = (int)unknown(splits.count);
  UNROLL1 for (int i = (int)unknown(thread); i < rows * (DV / V);
               i += THREADS) {
    i64 row = at.row0 + i / (DV / V);
    i64 query = heads.query(row), head = at.h + heads.head(row);
    int column = i % (DV / V) * V;
    const AttentionPart first =
        attention_part_of<DV>(splits, shape, at.b, head, query, 0);
    float most = -infinity, sum[V] = {}, total = 0;
    // Past the last part it is that one once more: without a branch all loads
    // come first.
    auto part_at = [&](int s) { return min_(s, count - 1) * all; };
    UNROLL1 for (int s = 0; s < count; s += AHEAD) {
      float largest[AHEAD];
      UNROLL for (int j = 0; j < AHEAD; ++j) largest[j] =
          first.weights[part_at(s + j) * 2];
      UNROLL for (int j = 0; j < AHEAD; ++j) most = max_(most, largest[j]);
    }
    float shift = most == -infinity ? 0 : most;
    UNROLL1 for (int s = 0; s < count; s += AHEAD) {
      FloatVector<V> part[AHEAD];
      float largest[AHEAD], weight[AHEAD];
      UNROLL for (int j = 0; j < AHEAD; ++j) {
        i64 rows = part_at(s + j);
        part[j] = *reinterpret_cast<const FloatVector<V> *>(first.sums +
                                                            rows * DV + column);
        largest[j] = first.weights[rows * 2];
        weight[j] = first.weights[rows * 2 + 1];
      }
      UNROLL for (int j = 0; j < AHEAD; ++j) {
        if (s + j < count) {
          float decay = math_exp(largest[j] - shift);
          UNROLL for (int v = 0; v < V; ++v) sum[v] += part[j].x[v] * decay;
          total += weight[j] * decay;
        }
      }
    }
    if (total == 0 && (ZERO_EMPTY || shape.keys == 0))
      total = 1;
    Out *to = out + ((at.b * shape.queries + query) * shape.heads + head) * DV;
    UNROLL for (int v = 0; v < V; ++v) to[column + v] =
        stored<Out>(sum[v] / total);
  }
}

// Whether all rows start at multiples of 16 bytes.
template <class E>
DEV bool attention_aligned(const E *q, const E *k, const E *v,
                           const AttentionShape &shape) {
  i64 strides = 0;
  UNROLL for (int i = 0; i < 3; ++i) strides |=
      shape.q_strides[i] | shape.k_strides[i] | shape.v_strides[i];
  u64 starts = reinterpret_cast<u64>(q) | reinterpret_cast<u64>(k) |
               reinterpret_cast<u64>(v);
  return ((starts | (u64)strides * sizeof(E)) & 15) == 0;
}

// Rows of Q and K end in 4 floats that nobody reads: without them the 16 rows
// that a half warp reads at once would lie in one bank.
template <int DP, int VP, int BM, int BN>
struct AttentionShared {
  float q[BM][DP + 4];
  float k[BN][DP + 4];
  float v[BN][VP];
  float p[BM][BN + 4];
};

// Rows first.. of a matrix into shared memory, asynchronously; what lies
// outside of [0, rows) x [0, D) becomes 0. WIDE: 16 bytes at a time, where
// addresses allow it. Elements of 16 bits go past registers, one at a time.
template <bool WIDE, int D, int WIDTH, int COUNT, int THREADS, int PITCH,
          class E, class Stride>
DEV void attention_tile(float (&to)[COUNT][PITCH], const E *from,
                        const Stride &stride, i64 first, i64 rows) {
  constexpr int STEP = WIDE ? 4 : 1, CHUNKS = WIDTH / STEP;
  for (int i = tid(); i < COUNT * CHUNKS; i += THREADS) {
    int row = i / CHUNKS, column = i % CHUNKS * STEP;
    bool inside = first + row < rows && column < D;
    // Even a copy of nothing needs an address inside.
    const E *source =
        inside ? from + attention_offset(stride, first + row) + column : from;
    if constexpr (sizeof(E) == 2)
      to[row][column] = inside ? to_f32(*source) : 0;
    else if constexpr (WIDE)
      copy_async16(&to[row][column], source, inside ? 16 : 0);
    else
      copy_async4(&to[row][column], source, inside ? 4 : 0);
  }
}

// ZERO_EMPTY: a row without keys gives 0, else the NaN that the formula gives.
template <int D, int DV, int BM, int BN, bool ZERO_EMPTY, bool WIDE, class Out,
          class E, class Body, class S, class P>
DEV void attention_rows(Out *out, const E *q, const E *k, const E *v,
                        const AttentionShape &shape, const Body &body,
                        const S &splits, const P &pages) {
  constexpr int DP = (D + 15) / 16 * 16, VP = (DV + 31) / 32 * 32;
  constexpr int C = VP % 64 == 0 ? 4 : 2, COLUMNS = VP / (16 * C);
  constexpr int KEYS = BN / 16, THREADS = BM * 4;
  using Shared = AttentionShared<DP, VP, BM, BN>;
  Shared &shared = *shared_base<Shared>();
  const float infinity = bits_f32(0x7f800000);
  const int y = tid() / 16, x = tid() % 16;
  const i64 queries = shape.queries, keys = shape.keys;
  const auto heads = attention_heads<BM, Body>(shape);
  const AttentionTasks tasks = attention_tasks<BM>(shape, heads);
  // Blocks that share keys cannot ask: rows that may be the mean of all keys
  // look at all.
  const bool may_ask = shape.mean && splits.count == 1;
  pages.check(shape.batch * queries);
  for (i64 place = block_number(); place < tasks.count * splits.count;
       place += block_count()) {
    const AttentionTask<E> at =
        attention_task<BM, S, P>(place, tasks, heads, q, k, v, shape);
    const E *keys_at = at.k, *values_at = at.v;
    const auto key_rows = pages.rows(at.b, shape.k_strides),
               value_rows = pages.rows(at.b, shape.v_strides);
    i64 first = 0, end = attention_end(shape, heads.query(at.row0 + BM - 1));
    if (shape.mean && (end == 0 || !may_ask))
      end = keys;
    if constexpr (S::POSSIBLE)
      attention_part<BN>(first, end, at.split, splits.count);
    // No barrier: everyone is done with q and k since the last values landed.
    attention_tile<WIDE, D, DP, BM, THREADS>(
        shared.q, at.q,
        AttentionStride<Body>{heads, shape.q_strides[1], shape.q_strides[2]},
        at.row0, tasks.rows);
    if (first < end) // else there is no address to copy nothing from
      attention_tile<WIDE, D, DP, BN, THREADS>(shared.k, keys_at, key_rows,
                                               first, keys);
    copy_commit();

    float acc[4][COLUMNS][C] = {}, largest[4], sum[4] = {};
    UNROLL for (int i = 0; i < 4; ++i) largest[i] = -infinity;
    for (i64 k0 = first; k0 < end; k0 += BN) {
      // Keys have landed, and everyone is done with the last values: the next
      // values come while scores are computed.
      copy_wait<0>();
      barrier();
      attention_tile<WIDE, DV, VP, BN, THREADS>(shared.v, values_at, value_rows,
                                                k0, keys);
      copy_commit();

      float s[4][KEYS] = {};
      UNROLL1 for (int d = 0; d < DP; d += 4) {
        FloatVector<4> a[4], w[KEYS];
        UNROLL for (int i = 0; i < 4; ++i) a[i] =
            *reinterpret_cast<FloatVector<4> *>(&shared.q[4 * y + i][d]);
        UNROLL for (int j = 0; j < KEYS; ++j) w[j] =
            *reinterpret_cast<FloatVector<4> *>(&shared.k[x + 16 * j][d]);
        UNROLL for (int e = 0; e < 4; ++e) {
          UNROLL for (int i = 0; i < 4; ++i) {
            UNROLL for (int j = 0; j < KEYS; ++j) s[i][j] =
                math_fma(a[i].x[e], w[j].x[e], s[i][j]);
          }
        }
      }

      typename Body::Keys key[KEYS];
      UNROLL for (int j = 0; j < KEYS; ++j) {
        i64 c[4] = {at.b, at.h, 0, k0 + x + 16 * j};
        key[j] = c[3] < keys ? body.keys(c) : typename Body::Keys{};
      }
      UNROLL for (int i = 0; i < 4; ++i) {
        // A row at a time: for all rows there would not be enough registers.
        typename Body::Loads loads[KEYS];
        i64 number = at.row0 + 4 * y + i;
        i64 head = at.h + heads.head(number), query = heads.query(number);
        auto each = [&](auto visit) {
          UNROLL for (int j = 0; j < KEYS; ++j) {
            i64 c[4] = {at.b, head, query, k0 + x + 16 * j};
            visit(j, c, query < queries && c[3] < keys);
          }
        };
        i64 c[4] = {at.b, head, query, k0};
        auto row = query < queries ? body.rows(c) : typename Body::Rows{};
        each([&](int j, const i64 *c, bool inside) {
          loads[j] =
              inside ? body.load(key[j], row, c) : typename Body::Loads{};
        });
        float most = largest[i];
        each([&](int j, const i64 *c, bool inside) {
          s[i][j] =
              inside
                  ? body.template apply<false>(key[j], row, loads[j],
                                               Scaled{s[i][j], shape.scale}, c)
                  : -infinity;
          most = max_(most, s[i][j]);
        });
        UNROLL for (int d = 8; d > 0; d /= 2) most =
            max_(most, shfl_xor(most, d));
        // While all scores are -inf the shift is 0: -inf - -inf would be NaN
        // and stay when a later tile brings a key.
        float shift = most == -infinity ? 0 : most;
        float decay = math_exp(largest[i] - shift);
        largest[i] = most;
        sum[i] *= decay;
        UNROLL for (int j = 0; j < KEYS; ++j) {
          float p = math_exp(s[i][j] - shift);
          sum[i] += p;
          shared.p[4 * y + i][x + 16 * j] = p;
        }
        UNROLL for (int j = 0; j < COLUMNS; ++j) {
          UNROLL for (int e = 0; e < C; ++e) acc[i][j][e] *= decay;
        }
      }

      // A row goes on to the later keys if it has no score beside which theirs
      // are nothing; its largest lies where no weight does.
      bool asks = may_ask && end < keys && k0 + BN >= end;
      if (asks && x == 0) {
        UNROLL for (int i = 0; i < 4; ++i) shared.p[4 * y + i][BN] = largest[i];
      }
      // Values have landed, and everyone is done with these keys: the next
      // ones come while values are added up.
      copy_wait<0>();
      barrier();
      if (asks) {
        UNROLL1 for (int row = 0; row < BM && at.row0 + row < tasks.rows;
                     ++row) if (!(shared.p[row][BN] > -1e29f)) end = keys;
      }
      if (k0 + BN < end)
        attention_tile<WIDE, D, DP, BN, THREADS>(shared.k, keys_at, key_rows,
                                                 k0 + BN, keys);
      copy_commit();
      UNROLL1 for (int n = 0; n < BN; n += 4) {
        FloatVector<4> p[4];
        UNROLL for (int i = 0; i < 4; ++i) p[i] =
            *reinterpret_cast<FloatVector<4> *>(&shared.p[4 * y + i][n]);
        UNROLL for (int e = 0; e < 4; ++e) {
          UNROLL for (int j = 0; j < COLUMNS; ++j) {
            auto w = *reinterpret_cast<FloatVector<C> *>(
                &shared.v[n + e][(x + 16 * j) * C]);
            UNROLL for (int i = 0; i < 4; ++i) {
              UNROLL for (int u = 0; u < C; ++u) acc[i][j][u] =
                  math_fma(p[i].x[e], w.x[u], acc[i][j][u]);
            }
          }
        }
      }
    }

    copy_wait<0>(); // also where there was no key
    // Found once more, so that nothing of it takes registers in the loop.
    const AttentionTask<E> done =
        attention_task<BM, S, P>(unknown(place), tasks, heads, q, k, v, shape);
    UNROLL for (int i = 0; i < 4; ++i) {
      float total = sum[i];
      UNROLL for (int d = 8; d > 0; d /= 2) total += shfl_xor(total, d);
      i64 number = done.row0 + 4 * y + i;
      i64 head = done.h + heads.head(number), query = heads.query(number);
      if (query >= queries)
        continue;
      if constexpr (S::POSSIBLE) {
        if (splits.count > 1) {
          const AttentionPart to = attention_part_of<DV>(
              splits, shape, done.b, head, query, done.split);
          UNROLL for (int j = 0; j < COLUMNS; ++j) {
            UNROLL for (int u = 0; u < C; ++u) {
              int column = (x + 16 * j) * C + u;
              if (column < DV)
                to.sums[column] = acc[i][j][u];
            }
          }
          if (x == 0) {
            to.weights[0] = largest[i];
            to.weights[1] = total;
          }
          continue;
        }
      }
      // A row whose weights are all 0 had no key: 0/0 is the NaN of the
      // formula, unless the rule says zero. Without any keys the sum is empty.
      if (total == 0 && (ZERO_EMPTY || keys == 0))
        total = 1;
      float factor = 1 / total;
      Out *to = out + ((done.b * queries + query) * shape.heads + head) * DV;
      UNROLL for (int j = 0; j < COLUMNS; ++j) {
        UNROLL for (int u = 0; u < C; ++u) {
          int column = (x + 16 * j) * C + u;
          if (column < DV)
            to[column] = stored<Out>(acc[i][j][u] * factor);
        }
      }
    }
    if constexpr (S::POSSIBLE) {
      if (splits.count > 1 &&
          splits_meet(splits.counters + done.task, splits.count))
        attention_combine<DV, BM, THREADS, ZERO_EMPTY>(out, done, shape, heads,
                                                       splits, tid());
    }
  }
}

template <int D, int DV, int BM, int BN, bool ZERO_EMPTY, class Out, class E,
          class Body, class S = NoSplits, class P = AttentionInOrder>
DEV void attention(Out *out, const E *q, const E *k, const E *v,
                   const AttentionShape &shape, const Body &body,
                   const S &splits = {}, const P &pages = {}) {
  constexpr bool EVEN = D % 4 == 0 && DV % 4 == 0 && sizeof(E) == 4;
  if (EVEN && attention_aligned(q, k, v, shape))
    attention_rows<D, DV, BM, BN, ZERO_EMPTY, EVEN>(out, q, k, v, shape, body,
                                                    splits, pages);
  else
    attention_rows<D, DV, BM, BN, ZERO_EMPTY, false>(out, q, k, v, shape, body,
                                                     splits, pages);
}
