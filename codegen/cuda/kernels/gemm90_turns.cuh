// gemm90.cuh in turns: each of the two warpgroups that multiply has tiles of
// its own, every other one of the block's, and one's epilogue runs while the
// products of the other have the tensor cores. For A and W of bf16 or f16
//
//   grid, block, maps, needs, waits   as gemm90.cuh; no clusters, no parts of K
//   smem                              Config::SHARED, dynamic
//
// A tile is 128 x BN again, 64 rows twice: as many sums a thread as of half a
// tile of 128 x 2 BN. Slabs come tile after tile in one ring, so that a
// consumer's first slab may be waited for only when the other one has waited
// for its last: mbarrier `turns` of a consumer counts the four warps of the
// other. docs/hopper.md has a picture.
#pragma once
#include "gemm90.cuh"

template <class Math, int BN, int STAGES, bool STORES>
struct Gemm90TurnsConfig : Gemm90Config<Math, BN, STAGES, STORES> {
  using Base = Gemm90Config<Math, BN, STAGES, STORES>;
  static constexpr bool TURNS = true;
  static constexpr int HALVES = 2, CONSUMERS = 4;
  static constexpr int SHARED =
      Base::SHARED + (STORES ? 2 * Base::PANELS * 64 * 128 : 0);
  // Rounding needs registers and both consumers at once to hide it.
  static_assert(!Base::ROUNDS && BN <= 128 && SHARED <= 227 * 1024);
};

template <class C, class Epilogue>
DEV void gemm90_turns(const Gemm90Maps &maps, int m, int n, int k,
                      const Epilogue &epilogue) {
  auto &shared = Gemm90Shared<C>::get();
  u64 *full = shared.full(), *empty = shared.empty(), *turns = shared.turns();
  Gemm90Tiles<C> tiles(m, n);
  int slabs = ceil_div(k, C::BK), tasks = tiles.count(),
      group = warp_uniform() / 4;
  int first = (int)block_number(), step = (int)block_count();
  gemm90_start<C>(maps);

  if (group == 0) {
    regs_down<40>();
    if (tid() == 0)
      gemm90_fill<C>(maps, tiles, tasks, first, step, 0, slabs, NoSplits{});
    return;
  }
  regs_up<232>();
  grid_wait();
  int consumer = group - 1, warp = warp_uniform() % 4;
  // Of a consumer's turn: the first one's first is there from the beginning.
  int parity = consumer ^ 1;
  Ring<C::STAGES> ring;
  ring.skip(consumer * slabs);
  for (int t = first + consumer * step; t < tasks; t += 2 * step) {
    Gemm90Task task = gemm90_task(tiles, t, 0, slabs, NoSplits{});
    int last = 0;
    // Of another type than the sums of a tile of 2 BN columns in the same
    // kernel: the inliner would make one array of both, alive in all of it.
    float half[2][C::BN / 2];
    auto &sum = reinterpret_cast<float(&)[C::BN]>(half);
    mbar_wait(turns + consumer, parity);
    parity ^= 1;
    UNROLL1 for (int i = 0; i < slabs; ++i, ring.next()) {
      mbar_wait(full + ring.stage, ring.parity);
      u64 a[2] = {wgmma_desc(shared.a[ring.stage]),
                  wgmma_desc(shared.a[ring.stage] + 64 * 128)};
      u64 w = wgmma_desc(shared.w[ring.stage]);
      fence_regs(sum);
      wgmma_fence();
      // 32 bytes of k at a time.
      UNROLL for (int s = 0; s < 4; ++s) UNROLL for (int h = 0; h < 2; ++h)
          wgmma<typename C::Math, C::BN>(half[h], a[h] + s * 2, w + s * 2,
                                         i + s > 0);
      wgmma_commit();
      fence_regs(sum);
      wgmma_wait<1>();
      if (i > 0)
        gemm90_release<C>(empty + last, 0);
      last = ring.stage;
    }
    // The other one's products begin while the last of these are under way.
    if (lane() == 0)
      mbar_arrive(turns + (consumer ^ 1));
    ring.skip(slabs);
    Gemm90Place place(task.m0 + warp * 16, m, n);
    Gemm90Reads<C, Epilogue> reads;
    reads.start(place, task.n0, epilogue);
    wgmma_wait<0>();
    fence_regs(sum);
    gemm90_release<C>(empty + last, 0);
    gemm90_finish<C>(sum, reads, maps, place, consumer, task.m0, task.n0,
                     epilogue);
  }
  if constexpr (C::STORES)
    if (warp == 0 && lane() == 0)
      tma_store_wait_read<0>();
}
