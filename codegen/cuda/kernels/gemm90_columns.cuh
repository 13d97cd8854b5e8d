// What becomes of a thread's sums, 16 or 32 columns of them at a time: where
// they are, what the epilogue reads for them, and how results leave but by TMA.
#pragma once
#include "epilogue.cuh"

// Where a thread's sums are: of its warp's 16 rows in number `row` and the one
// 8 further, of each 8 columns in number `column` and the one beside.
struct Gemm90Place {
  int row, column, m, n;
  DEV Gemm90Place(int m0, int m, int n)
      : row(m0 + lane() / 4), column(lane() % 4 * 2), m(m), n(n) {}
  DEV Gemm90Place below(int rows) const {
    Gemm90Place place = *this;
    place.row += rows;
    return place;
  }
  // Of the panel of 64 columns that column c is in.
  DEV bool has_panel(int c) const { return c / 64 * 64 < n; }
};

// What a thread reads for the epilogue of 16 columns.
template <class Epilogue>
struct Gemm90Read {
  static constexpr int V = Epilogue::V;
  static_assert(V <= 2);
  typename Epilogue::In in[4][2 / V];

  // Of those from n0 on. Rows and columns past the end read the last ones once
  // more; where there are none of the latter, columns are constants apart.
  DEV void load(const Gemm90Place &place, int n0, const Epilogue &epilogue) {
    UNROLL for (int q = 0; q < 4; ++q) UNROLL for (int e = 0; e < 2 / V; ++e) {
      int r = min_(place.row + q % 2 * 8, place.m - 1),
          c = n0 + place.column + q / 2 * 8 + e * V;
      in[q][e] = epilogue.load(r, place.n % 64 == 0 ? c : min_(c, place.n - V));
    }
  }
};

// The 16 columns from n0 on of a warp's sums, which the epilogue stores.
template <class Epilogue>
DEV void gemm90_store(const float *sum, const Gemm90Read<Epilogue> &read,
                      const Gemm90Place &place, int n0,
                      const Epilogue &epilogue) {
  constexpr int V = Epilogue::V;
  UNROLL for (int q = 0; q < 4; ++q) UNROLL for (int e = 0; e < 2 / V; ++e) {
    int r = place.row + q % 2 * 8, c = n0 + place.column + q / 2 * 8;
    float part[V];
    UNROLL for (int i = 0; i < V; ++i) part[i] = sum[q * 2 + e * V + i];
    if (r < place.m && (place.n % 64 == 0 || c + e * V < place.n))
      epilogue.store(r, c + e * V, read.in[q][e], part);
  }
}

// The same as results of a narrow type: of a thread's row and the one 8
// further, of the first eight columns and then of the others, two in a word.
template <class Epilogue>
DEV void gemm90_pack(u32 (&packed)[4], const float *sum,
                     const Gemm90Read<Epilogue> &read, const Gemm90Place &place,
                     int n0, const Epilogue &epilogue) {
  constexpr int V = Epilogue::V;
  UNROLL for (int q = 0; q < 4; ++q) {
    int r = place.row + q % 2 * 8, c = n0 + place.column + q / 2 * 8;
    float x[2];
    UNROLL for (int e = 0; e < 2 / V; ++e) {
      float part[V];
      UNROLL for (int i = 0; i < V; ++i) part[i] = sum[q * 2 + e * V + i];
      epilogue.apply(r, c + e * V, read.in[q][e], part);
      UNROLL for (int i = 0; i < V; ++i) x[e * V + i] = part[i];
    }
    packed[q] = pack2<typename Epilogue::Out>(x[0], x[1]);
  }
}

// Results of 8 bits, eight bytes a lane. Of each eight columns a lane has two,
// as wgmma leaves them; the four lanes of a quad exchange what they have of 32
// columns of a row, so that each has eight side by side and the quad a sector.
//
// `low`: two bytes of the first eight columns and two of the second, `high`: of
// the third and the fourth. Lane i of the quad gets eight number i.
DEV vec8 quad_bytes(u32 low, u32 high) {
  bool is_odd = lane() & 1, is_upper = lane() & 2;
  // Of two eights those of lanes i and i ^ 2: that of the lower lane first.
  u32 kept = is_upper ? high : low, other = shfl_xor(is_upper ? low : high, 2);
  u32 first = is_upper ? 0x1054 : 0x5410, second = is_upper ? 0x3276 : 0x7632;
  u32 mine = permute(kept, other, is_odd ? second : first);
  // Of mine those of lanes i ^ 1 and i ^ 3.
  u32 others = shfl_xor(permute(kept, other, is_odd ? first : second), 1);
  return {{permute(mine, others, is_odd ? 0x1054 : 0x5410),
           permute(mine, others, is_odd ? 0x3276 : 0x7632)}};
}

// A warp's 16 rows of 32 columns: of a lane's row and the one 8 further.
struct Gemm90Bytes {
  u32 words[2][2]; // of the first 16 columns and the others

  // Those of 16 columns as gemm90_pack has them.
  DEV void take(int half, const u32 (&packed)[4]) {
    UNROLL for (int i = 0; i < 2; ++i) words[i][half] =
        packed[i] | packed[2 + i] << 16;
  }
  // From column n0 on; N % 8 == 0.
  template <class Epilogue>
  DEV void store(const Gemm90Place &place, int n0,
                 const Epilogue &epilogue) const {
    UNROLL for (int i = 0; i < 2; ++i) {
      vec8 eight = quad_bytes(words[i][0], words[i][1]);
      int r = place.row + i * 8, c = n0 + lane() % 4 * 8;
      bool is_inside = place.n % 64 == 0 || c < place.n;
      if (r < place.m && is_inside)
        *reinterpret_cast<vec8 *>(epilogue.at(r, c)) = eight;
    }
  }
};
