// Sums of a tile whose K lies in parts along a block's warps: each part leaves
// its own in shared memory, and every sum is added up from the first part to
// the last.
//   smem   SHARED
#pragma once
#include "epilogue.cuh"

template <int ROWS_, int COLUMNS_, int PARTS_, int THREADS_>
struct PartSums {
  static constexpr int ROWS = ROWS_, COLUMNS = COLUMNS_, PARTS = PARTS_,
                       THREADS = THREADS_;
  // Of a part: eight columns after the other, in them row after row.
  static constexpr int SUMS = ROWS * COLUMNS;
  static constexpr int SHARED = PARTS * SUMS * (int)sizeof(float);
  // Sums that a thread ends, a batch of them at a time: the epilogue's loads of
  // a batch are in flight together.
  static constexpr int ENDS = ceil_div(SUMS, THREADS), BATCH = min_(ENDS, 4),
                       BATCHES = ceil_div(ENDS, BATCH);

  float *sums;
  int m0, n0; // the tile's corner
  int m, n;   // the matrix's end

  DEV float *place(int part, int row, int column) const {
    return sums + part * SUMS + (column / 8 * ROWS + row) * 8 + column % 8;
  }
  // each(i, unit, m, n): sum `unit` of the tile, number i of the batch.
  template <class F>
  DEV void visit(int batch, F each) const {
    UNROLL for (int i = 0; i < BATCH; ++i) {
      int unit = tid() + (batch * BATCH + i) * THREADS;
      int row = m0 + unit / 8 % ROWS,
          column = n0 + unit / (8 * ROWS) * 8 + unit % 8;
      if (unit < SUMS && row < m && column < n)
        each(i, unit, row, column);
    }
  }
  template <class Epilogue>
  DEV void load(int batch, const Epilogue &epilogue,
                typename Epilogue::In (&in)[BATCH]) const {
    visit(batch, [&](int i, int, int row, int column) {
      in[i] = epilogue.load(row, column);
    });
  }
  // After a barrier that follows the last part's stores.
  template <class Epilogue>
  DEV void store(int batch, const Epilogue &epilogue,
                 const typename Epilogue::In (&in)[BATCH]) const {
    visit(batch, [&](int i, int unit, int row, int column) {
      float total[1] = {};
      UNROLL for (int part = 0; part < PARTS; ++part) total[0] +=
          sums[part * SUMS + unit];
      epilogue.store(row, column, in[i], total);
    });
  }
};
