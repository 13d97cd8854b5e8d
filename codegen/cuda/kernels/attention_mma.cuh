// Flash attention forward on tensor cores (sm_80):
//   out[b, q, h, :] = sum over k of p[k] v[b, k, h / group, :], p = softmax of
//   s[k] = score(scale * q.k, b, h, q, k)
//   Math   bf16, f16 (q, k, v of that type) or tf32 (of f32 data); sums, scores
//          and softmax in f32, p rounded to Math
//   grid   any; a block takes 64 rows at a time, or a part of their keys, as in
//          attention.cuh
//   block  128: four warps of 16 rows
//   smem   sizeof(AttentionTiles)
//   needs  as attention.cuh: q, k, v contiguous along d, strides in elements;
//          out dense [batch, queries, heads, DV]; BN 64, or 32 for wide heads
//          Body and Splits: as attention.cuh
//   ALIGN  16, or the size of an element: bytes by which all addresses go
//
// Rows of q, k and 16-bit v lie in slabs of 128 swizzled bytes, as in gemm.cuh.
// 32-bit values cannot be transposed by load_matrix4: they lie in rows with a
// pitch that keeps a warp's lanes in different banks.
#pragma once
#include "attention.cuh"
#include "gemm.cuh"

template <class Math, int D, int DV, int BN, int BM_>
struct AttentionTiles {
  using E = typename GemmElement<Math>::Type;
  static constexpr int BM = BM_, THREADS = BM * 2, SIZE = (int)sizeof(E);
  static constexpr bool WORDS = SIZE == 4;
  // Elements of k an mma takes, in a slab; slabs and mmas of a head.
  static constexpr int STEP = 32 / SIZE, SLAB = 128 / SIZE;
  static constexpr int SLABS = ceil_div(D, SLAB), STEPS = ceil_div(D, STEP);
  static constexpr int VALUE_SLABS = ceil_div(DV, SLAB);
  // Tiles of 8 columns, in pairs.
  static constexpr int FN = BN / 8, FV = ceil_div(DV, 16) * 2;
  static constexpr int PITCH = FV * 8 + 4; // of 32-bit values
  static constexpr int VALUE_BYTES =
      WORDS ? BN * PITCH * 4 : VALUE_SLABS * BN * 128;
  alignas(1024) u8 q[SLABS * BM * 128];
  u8 k[SLABS * BN * 128];
  u8 v[VALUE_BYTES];
};

// Rows first.. of a matrix of D columns into slabs; what is outside becomes 0.
template <int ALIGN, int D, int ROWS, int SLABS, int THREADS, class E,
          class Stride>
DEV void attention_slabs(u8 *to, const E *from, const Stride &stride, i64 first,
                         i64 rows) {
  constexpr int SLAB = 128 / (int)sizeof(E), PER_ROW = SLABS * 128 / ALIGN;
  UNROLL1 for (int i = tid(); i < ROWS * PER_ROW; i += THREADS) {
    int row = i / PER_ROW, byte = i % PER_ROW * ALIGN,
        column = byte / (int)sizeof(E);
    int valid = min_(max_((D - column) * (int)sizeof(E), 0), ALIGN);
    bool inside = first + row < rows && valid > 0;
    // Even a copy of nothing needs an address inside.
    gemm_copy<ALIGN>(
        to + column / SLAB * ROWS * 128 + swizzle128(row, byte % 128 / 16) +
            byte % 16,
        from + (inside ? attention_offset(stride, first + row) + column : 0),
        inside ? valid : 0);
  }
}

// The same into rows of PITCH floats.
template <int ALIGN, int D, int ROWS, int PITCH, int THREADS, class Stride>
DEV void attention_words(u8 *to, const float *from, const Stride &stride,
                         i64 first, i64 rows) {
  constexpr int STEP = ALIGN / 4, PER_ROW = (PITCH - 4) / STEP;
  UNROLL1 for (int i = tid(); i < ROWS * PER_ROW; i += THREADS) {
    int row = i / PER_ROW, column = i % PER_ROW * STEP;
    int valid = min_(max_((D - column) * 4, 0), ALIGN);
    bool inside = first + row < rows && valid > 0;
    gemm_copy<ALIGN>(
        to + (row * PITCH + column) * 4,
        from + (inside ? attention_offset(stride, first + row) + column : 0),
        inside ? valid : 0);
  }
}

template <class Math>
DEV void round_words(u32 (&r)[4]) {
  if constexpr (sizeof(typename GemmElement<Math>::Type) == 4) {
    UNROLL for (int i = 0; i < 4; ++i) r[i] = to_tf32(bits_f32(r[i]));
  }
}

// s += q k^T of a warp's 16 rows from row0 on.
template <class Math, class T>
DEV void attention_scores(float (&s)[1][T::FN][4], const T &tiles, int row0) {
  constexpr int FN = T::FN;
  int l = lane();
  // A slab at a time: the addresses of more steps would take all registers.
  UNROLL1 for (int slab = 0; slab < T::SLABS; ++slab) {
    const u8 *q = tiles.q + slab * T::BM * 128, *k = tiles.k + slab * FN * 1024;
    UNROLL for (int step = 0; step < 4; ++step) {
      if (slab * 4 + step >= T::STEPS)
        break;
      u32 a[1][4], b[FN / 2][4];
      load_matrix4(a[0], q + swizzle128(row0 + l % 16, step * 2 + l / 16));
      UNROLL for (int j = 0; j < FN / 2; ++j)
          load_matrix4(b[j], k + swizzle128(j * 16 + l % 8 + l / 16 * 8,
                                            step * 2 + l / 8 % 2));
      round_words<Math>(a[0]);
      UNROLL for (int j = 0; j < FN / 2; ++j) round_words<Math>(b[j]);
      mma_tile<Math>(s, a, b);
    }
  }
}

// o[first..] of COUNT tiles += a times the values of step j.
template <class Math, int COUNT, class T>
DEV void attention_columns(float (&o)[1][T::FV][4], const u32 (&a)[1][4],
                           const T &tiles, int j, int first) {
  int l = lane();
  u32 b[COUNT / 2][4];
  UNROLL for (int n = 0; n < COUNT / 2; ++n) {
    if constexpr (T::WORDS) {
      const u32 *at = reinterpret_cast<const u32 *>(tiles.v) +
                      (j * 8 + l % 4 * 2) * T::PITCH + l / 4;
      UNROLL for (int i = 0; i < 4; ++i) b[n][i] =
          to_tf32(bits_f32(at[i % 2 * T::PITCH + (first + n * 2 + i / 2) * 8]));
    } else {
      int chunk = first + n * 2 + l / 16;
      load_matrix4_t(b[n], tiles.v + chunk / 8 * T::FN * 1024 +
                               swizzle128(j * 16 + l % 16, chunk % 8));
    }
  }
  mma_tile<Math>(reinterpret_cast<float(&)[1][COUNT][4]>(o[0][first]), a, b);
}

// o += p v, p where its scores were: as fragments of the left operand.
template <class Math, class T>
DEV void attention_values(float (&o)[1][T::FV][4],
                          const float (&p)[1][T::FN][4], const T &tiles) {
  // Some columns at a time, for the same reason.
  constexpr int FV = T::FV, COUNT = min_(FV, 8), REST = FV % COUNT;
  // A step is 8 or 16 keys.
  UNROLL for (int j = 0; j < T::FN / (T::WORDS ? 1 : 2); ++j) {
    u32 a[1][4];
    if constexpr (T::WORDS) {
      // Lane t of a row has the weights of keys 2t and 2t + 1, which here
      // stand for columns t and t + 4: so do the rows of v.
      const float(&w)[4] = p[0][j];
      UNROLL for (int i = 0; i < 4; ++i) a[0][i] =
          to_tf32(w[i / 2 + i % 2 * 2]);
    } else {
      const float(&w)[4] = p[0][2 * j], (&x)[4] = p[0][2 * j + 1];
      a[0][0] = pack2<Math>(w[0], w[1]);
      a[0][1] = pack2<Math>(w[2], w[3]);
      a[0][2] = pack2<Math>(x[0], x[1]);
      a[0][3] = pack2<Math>(x[2], x[3]);
    }
    UNROLL for (int first = 0; first + COUNT <= FV; first += COUNT)
        attention_columns<Math, COUNT>(o, a, tiles, j, first);
    if constexpr (REST > 0)
      attention_columns<Math, REST>(o, a, tiles, j, FV - REST);
  }
}

// What scores are multiples of until they are weights.
template <class Body>
DEV float attention_unit(const AttentionShape &shape) {
  return Body::SELECTS ? shape.scale : 1;
}

// Of two rows of a lane, 8 apart. Coordinates are of 32 bits until the body
// gets them: wide ones would take registers.
template <class Body>
struct AttentionRows {
  static constexpr int COUNT = Body::PACKS ? 2 : 1;
  i64 b;
  u32 h[COUNT], q[COUNT];
  typename Body::Rows terms[2];

  DEV u32 head(int r) const { return h[Body::PACKS ? r : 0]; }
  DEV u32 query(int r) const { return Body::PACKS ? q[r] : q[0] + r * 8; }
};
// From `row` on of a task whose heads are h and the next ones.
template <class Body>
DEV AttentionRows<Body>
attention_rows_of(i64 b, i64 h, u32 row, const AttentionHeads<Body> &heads,
                  const AttentionShape &shape, const Body &body) {
  AttentionRows<Body> rows{b, {}, {}, {}};
  UNROLL for (int r = 0; r < rows.COUNT; ++r) {
    rows.h[r] = (u32)h + heads.head(row + r * 8);
    rows.q[r] = heads.query(row + r * 8);
  }
  UNROLL for (int r = 0; r < 2; ++r) {
    i64 c[4] = {b, rows.head(r), rows.query(r), 0};
    if (c[2] < shape.queries)
      rows.terms[r] = body.rows(c);
  }
  return rows;
}

// Whether there is nothing to ask of pairs of the queries from q0 to q1 with BN
// keys from k0 on: they are inside, and the mask keeps them.
template <int BN, class Body>
DEV bool attention_keeps(i64 b, i64 h, u32 q0, u32 q1, u32 k0,
                         const AttentionShape &shape, const Body &body) {
  i64 first[4] = {b, h, q0, k0}, last[4] = {b, h, q1, k0 + BN - 1};
  return last[3] < shape.keys && (!Body::READS || last[2] < shape.queries) &&
         body.keeps(first, last);
}

// The scores of a lane from its products with keys k0 + 8 j + lane % 4 * 2 + e:
// its rows are s[j][e] and s[j][2 + e]. keys_at(j, e, c) has the key's terms.
// KEPT: attention_keeps all.
template <bool KEPT, int FN, class Body, class KeysAt>
DEV void attention_apply(float (&s)[FN][4], const AttentionRows<Body> &rows,
                         u32 k0, const AttentionShape &shape, const Body &body,
                         const KeysAt &keys_at) {
  const u32 queries = (u32)shape.queries, keys = (u32)shape.keys;
  // What scores depend on is read for two tiles of columns at once.
  constexpr int GROUP = 2;
  UNROLL for (int first = 0; first < FN; first += GROUP) {
    // Else addresses of all that is read would be computed first.
    const int near = Body::READS ? (int)unknown((i64)k0) : (int)k0;
    typename Body::Keys terms[GROUP][2];
    typename Body::Loads loads[GROUP][4];
    auto each = [&](int count, auto visit) {
      UNROLL for (int j = 0; j < GROUP; ++j) {
        UNROLL for (int i = 0; i < count; ++i) {
          u32 q = rows.query(i / 2);
          // Signed, so that addresses of a row's pairs are constants apart.
          int k = near + lane() % 4 * 2 + (first + j) * 8 + i % 2;
          i64 c[4] = {rows.b, rows.head(i / 2), q, k};
          visit(j, i, c, KEPT || (q < queries && (u32)k < keys));
        }
      }
    };
    each(2, [&](int j, int i, const i64 *c, bool) {
      terms[j][i] = keys_at(first + j, i, c);
    });
    each(4, [&](int j, int i, const i64 *c, bool inside) {
      loads[j][i] = inside ? body.load(terms[j][i % 2], rows.terms[i / 2], c)
                           : typename Body::Loads{};
    });
    each(4, [&](int j, int i, const i64 *c, bool inside) {
      float &x = s[first + j][i];
      Scaled product{x, Body::SELECTS ? 1 : shape.scale};
      x = inside ? body.template apply<KEPT>(terms[j][i % 2], rows.terms[i / 2],
                                             loads[j][i], product, c)
                 : -bits_f32(0x7f800000);
    });
  }
}

// Scores of row r of a lane's, multiples of `unit`, become weights, in terms of
// the largest score so far; what has been added up is to be multiplied with the
// result.
template <int FN>
DEV float attention_weigh(float (&s)[FN][4], int r, float unit, float &largest,
                          float &sum) {
  constexpr float LOG2E = 1.4426950408889634f;
  const float infinity = bits_f32(0x7f800000);
  float most = largest;
  UNROLL for (int j = 0; j < FN; ++j) most =
      math_fmax(most, math_fmax(s[j][r * 2], s[j][r * 2 + 1]));
  most = row_max4(most);
  // While all scores are -inf the shift is 0: -inf - -inf would be NaN and
  // stay when a later tile brings a key.
  float shift = most == -infinity ? 0 : most;
  // Of large products, those of fills above all, too much would be rounded off.
  const float factor = unit * LOG2E;
  float origin = shift * factor;
  float decay = largest * factor - origin;
  if (vote_any(math_fabs(origin) > 32768.f)) {
    UNROLL for (int j = 0; j < FN; ++j) {
      UNROLL for (int e = 0; e < 2; ++e) s[j][r * 2 + e] -= shift;
    }
    decay = (largest - shift) * factor;
    origin = 0;
  }
  decay = fast_exp2(decay);
  largest = most;
  sum *= decay;
  UNROLL for (int j = 0; j < FN; ++j) {
    UNROLL for (int e = 0; e < 2; ++e) {
      float &x = s[j][r * 2 + e];
      x = fast_exp2(math_fma(x, factor, -origin));
      sum += x;
    }
  }
  return decay;
}

// A part of row r of a lane.
template <int DV, int FV>
DEV void attention_leave(const AttentionPart &to, const float (&o)[FV][4],
                         int r, float largest, float total) {
  // In pairs, as attention_result.
  constexpr int V = DV % 2 ? 1 : 2;
  UNROLL for (int j = 0; j < FV; ++j) {
    UNROLL for (int e = 0; e < 2; e += V) {
      int column = j * 8 + lane() % 4 * 2 + e;
      FloatVector<V> x;
      UNROLL for (int i = 0; i < V; ++i) x.x[i] = o[j][r * 2 + e + i];
      if (column < DV)
        *reinterpret_cast<FloatVector<V> *>(to.sums + column) = x;
    }
  }
  if (lane() % 4 == 0) {
    to.weights[0] = largest;
    to.weights[1] = total;
  }
}

// Row r of a lane's sums, over `total` of its weights.
template <int DV, bool ZERO_EMPTY, int FV, class Out>
DEV void attention_result(Out *to, const float (&o)[FV][4], int r, float total,
                          i64 keys) {
  // A row whose weights are all 0 had no key: 0/0 is the NaN of the formula,
  // unless the rule says zero. Without any keys the sum is empty.
  if (total == 0 && (ZERO_EMPTY || keys == 0))
    total = 1;
  float factor = 1 / total;
  // In pairs, where each starts at a multiple of its size.
  constexpr int V = DV % 2 ? 1 : 2;
  UNROLL for (int j = 0; j < FV; ++j) {
    UNROLL for (int e = 0; e < 2; e += V) {
      int column = j * 8 + lane() % 4 * 2 + e;
      float x[V];
      UNROLL for (int i = 0; i < V; ++i) x[i] = o[j][r * 2 + e + i] * factor;
      if (column < DV)
        store_columns(to + column, x);
    }
  }
}

// ZERO_EMPTY: a row without keys gives 0, else the NaN that the formula gives.
// PITCH: of rows of `out`, where DV are some of a head's columns (no parts).
template <class Math, int D, int DV, int BN, bool ZERO_EMPTY, int BM, int ALIGN,
          int PITCH = DV, class Out, class E, class Body, class S, class P>
DEV void attention_mma_rows(Out *out, const E *q, const E *k, const E *v,
                            const AttentionShape &shape, const Body &body,
                            const S &splits, const P &pages) {
  using T = AttentionTiles<Math, D, DV, BN, BM>;
  constexpr int FN = T::FN, FV = T::FV, THREADS = T::THREADS;
  T &tiles = *shared_base<T>();
  const float infinity = bits_f32(0x7f800000);
  const int row0 = warp_uniform() * 16, l = lane();
  const float unit = attention_unit<Body>(shape);
  const i64 queries = shape.queries, keys = shape.keys;
  const auto heads = attention_heads<BM, Body>(shape);
  const AttentionTasks tasks = attention_tasks<BM>(shape, heads);
  pages.check(shape.batch * queries);
  for (i64 place = block_number(); place < tasks.count * splits.count;
       place += block_count()) {
    const AttentionTask<E> at =
        attention_task<BM, S, P>(place, tasks, heads, q, k, v, shape);
    // Rows that may be the mean of all keys look at all.
    i64 begin = 0, end = keys;
    if (!shape.mean)
      end = attention_end(shape, heads.query(at.row0 + BM - 1));
    if constexpr (S::POSSIBLE)
      attention_part<BN>(begin, end, at.split, splits.count);
    auto fetch_keys = [&](i64 k0) {
      attention_slabs<ALIGN, D, BN, T::SLABS, THREADS>(
          tiles.k, at.k, pages.rows(at.b, shape.k_strides), k0, keys);
    };
    auto fetch_values = [&](i64 k0) {
      if constexpr (T::WORDS)
        attention_words<ALIGN, DV, BN, T::PITCH, THREADS>(
            tiles.v, at.v, pages.rows(at.b, shape.v_strides), k0, keys);
      else
        attention_slabs<ALIGN, DV, BN, T::VALUE_SLABS, THREADS>(
            tiles.v, at.v, pages.rows(at.b, shape.v_strides), k0, keys);
    };
    // No barrier: everyone is done with q and k since the last values landed.
    attention_slabs<ALIGN, D, BM, T::SLABS, THREADS>(
        tiles.q, at.q,
        AttentionStride<Body>{heads, shape.q_strides[1], shape.q_strides[2]},
        at.row0, tasks.rows);
    if (begin < end)
      fetch_keys(begin);
    copy_commit();

    // Lane 4 r + t has rows r and r + 8, of each 8 columns 2t and 2t + 1.
    float o[1][FV][4] = {}, largest[2] = {-infinity, -infinity}, sum[2] = {};
    const u32 first = (u32)at.row0 + row0, row = first + l / 4;
    const auto rows = attention_rows_of(at.b, at.h, row, heads, shape, body);
    const u32 q0 = heads.query(first), q1 = heads.query(first + 15);
    for (i64 k0 = begin; k0 < end; k0 += BN) {
      // Keys have landed, and everyone is done with the last values.
      copy_wait<0>();
      barrier();
      fetch_values(k0);
      copy_commit();
      float s[1][FN][4] = {};
      attention_scores<Math>(s, tiles, row0);

      auto keys_at = [&](int, int, const i64 *c) {
        return c[3] < keys ? body.keys(c) : typename Body::Keys{};
      };
      if (attention_keeps<BN>(at.b, at.h, q0, q1, (u32)k0, shape, body))
        attention_apply<true>(s[0], rows, (u32)k0, shape, body, keys_at);
      else
        attention_apply<false>(s[0], rows, (u32)k0, shape, body, keys_at);
      UNROLL for (int r = 0; r < 2; ++r) {
        float decay = attention_weigh(s[0], r, unit, largest[r], sum[r]);
        UNROLL for (int j = 0; j < FV; ++j) {
          UNROLL for (int e = 0; e < 2; ++e) o[0][j][r * 2 + e] *= decay;
        }
      }

      // Values have landed, and everyone is done with these keys.
      copy_wait<0>();
      barrier();
      if (k0 + BN < end)
        fetch_keys(k0 + BN);
      copy_commit();
      attention_values<Math>(o, s, tiles);
    }
    copy_wait<0>();

    UNROLL for (int r = 0; r < 2; ++r) {
      float total = row_sum4(sum[r]);
      i64 head = rows.head(r), query = rows.query(r);
      if (query >= queries)
        continue;
      if constexpr (S::POSSIBLE) {
        if (splits.count > 1) {
          attention_leave<DV>(
              attention_part_of<DV>(splits, shape, at.b, head, query, at.split),
              o[0], r, largest[r] * unit, total);
          continue;
        }
      }
      attention_result<DV, ZERO_EMPTY>(
          out + ((at.b * queries + query) * shape.heads + head) * PITCH, o[0],
          r, total, keys);
    }
    if constexpr (S::POSSIBLE) {
      if (splits.count > 1 &&
          splits_meet(splits.counters + at.task, splits.count))
        attention_combine<DV, BM, THREADS, ZERO_EMPTY>(out, at, shape, heads,
                                                       splits, tid());
    }
  }
}

template <class Math, int D, int DV, int BN, bool ZERO_EMPTY, int BM = 64,
          class Out, class E, class Body, class S = NoSplits,
          class P = AttentionInOrder>
DEV void attention_mma(Out *out, const E *q, const E *k, const E *v,
                       const AttentionShape &shape, const Body &body,
                       const S &splits = {}, const P &pages = {}) {
  // Elements in 16 bytes; rows of heads start at multiples of them or nowhere.
  constexpr int UNIT = 16 / (int)sizeof(E);
  constexpr bool EVEN = D % UNIT == 0 && DV % UNIT == 0;
  if (EVEN && attention_aligned(q, k, v, shape))
    attention_mma_rows<Math, D, DV, BN, ZERO_EMPTY, BM,
                       EVEN ? 16 : (int)sizeof(E)>(out, q, k, v, shape, body,
                                                   splits, pages);
  else
    attention_mma_rows<Math, D, DV, BN, ZERO_EMPTY, BM, (int)sizeof(E)>(
        out, q, k, v, shape, body, splits, pages);
}
