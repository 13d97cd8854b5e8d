// The vocabulary of Hopper (sm_90): mbarriers, the copy engine (TMA), clusters,
// dependent launch, and for sm_90a alone wgmma and setmaxnreg. Included by
// device.cuh; test/emulator/emulated90.cuh has the same names in the same
// order.
#pragma once

// ---- clusters
//
// A kernel of clusters of `cluster` blocks along x; grid_x is a multiple of it.
#define KERNEL_CLUSTER(threads, min_blocks, cluster)                           \
  extern "C" __global__ void __cluster_dims__(cluster, 1, 1)                   \
      __launch_bounds__(threads, min_blocks)
DEV int cluster_rank() {
  int r;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(r));
  return r;
}
// A barrier of all threads of the cluster; lanes of a warp may come one by one.
DEV void cluster_sync() {
  asm volatile("barrier.cluster.arrive.release;\n"
               "barrier.cluster.wait.acquire;" ::
                   : "memory");
}

// ---- numbers

// Two numbers of e4m3, the low bytes of x, as f16: exact.
DEV u32 unpack_e4m3(u32 x) {
  u32 r;
  asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(r) : "h"((u16)x));
  return r;
}

// ---- fragments to shared memory

// The inverse of load_matrix4.
DEV void store_matrix4(void *s, const u32 (&r)[4]) {
  asm volatile(
      "stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1,%2,%3,%4};" ::"r"(
          saddr(s)),
      "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3])
      : "memory");
}

// ---- mbarrier: counts arrivals and bytes of one phase after the other

// A phase is over after `arrivals`; one thread, then mbar_fence_init and a
// barrier.
DEV void mbar_init(u64 *b, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(saddr(b)),
               "r"(arrivals)
               : "memory");
}
DEV void mbar_fence_init() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
DEV void mbar_arrive(u64 *b) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(saddr(b))
               : "memory");
}
// Arrives, and the phase lasts until that many bytes more have come.
DEV void mbar_arrive_expect(u64 *b, int bytes) {
  asm volatile(
      "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(saddr(b)),
      "r"(bytes)
      : "memory");
}
// At the mbarrier of the same place in block `rank` of the cluster.
DEV void mbar_arrive_remote(u64 *b, int rank) {
  asm volatile("{.reg .b32 a;\n"
               "mapa.shared::cluster.u32 a, %0, %1;\n"
               "mbarrier.arrive.shared::cluster.b64 _, [a];}" ::"r"(saddr(b)),
               "r"(rank)
               : "memory");
}
// Until the phase of that parity (0 for the first) is over: before the first
// ends, parity 1 counts as over.
DEV void mbar_wait(u64 *b, int parity) {
  asm volatile("{.reg .pred p;\n"
               "W: mbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1;\n"
               "@p bra D;\n"
               "bra W;\n"
               "D:}" ::"r"(saddr(b)),
               "r"(parity)
               : "memory");
}
// To the same place in block `rank` of the cluster, which has to be there
// still, and 4 bytes to the mbarrier of the same place there: who has waited
// for it by mbar_wait_cluster sees the number. An arrival with release would
// fence all that came before.
DEV void store_remote(float *s, float x, u64 *b, int rank) {
  asm volatile(
      "{.reg .b32 a, c;\n"
      "mapa.shared::cluster.u32 a, %0, %3;\n"
      "mapa.shared::cluster.u32 c, %2, %3;\n"
      "st.async.shared::cluster.mbarrier::complete_tx::bytes.f32 [a], %1, "
      "[c];}" ::"r"(saddr(s)),
      "f"(x), "r"(saddr(b)), "r"(rank)
      : "memory");
}
// As mbar_wait, where threads of other blocks stored what is read next.
DEV void mbar_wait_cluster(u64 *b, int parity) {
  asm volatile(
      "{.reg .pred p;\n"
      "W: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%0], "
      "%1;\n"
      "@p bra D;\n"
      "bra W;\n"
      "D:}" ::"r"(saddr(b)),
      "r"(parity)
      : "memory");
}

// ---- TMA: boxes of tensors, by one thread
//
// True for one of a warp's 32 lanes, which all call: by it a copy is one
// instruction, by a thread that the compiler does not know to be alone a loop.
DEV bool elect_one() {
  u32 is_one;
  asm volatile("{.reg .pred p;\n"
               "elect.sync _|p, 0xffffffff;\n"
               "selp.u32 %0, 1, 0, p;}"
               : "=r"(is_one));
  return is_one;
}
// Before it and wgmma see what threads stored to shared memory: each thread
// that stored, then a barrier.
DEV void fence_async() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}
DEV void tma_prefetch_map(const TensorMap *m) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(m) : "memory");
}
// The box at x, y[, z, w], elements of the tensor, innermost first; outside are
// zeros. `s` is a multiple of 128 bytes; the mbarrier gets the whole box's
// bytes.
#define TMA_LOAD ".shared::cluster.global.tile.mbarrier::complete_tx::bytes"
DEV void tma_load2(void *s, const TensorMap *m, u64 *b, int x, int y) {
  asm volatile("cp.async.bulk.tensor.2d" TMA_LOAD
               " [%0], [%1, {%3, %4}], [%2];" ::"r"(saddr(s)),
               "l"(m), "r"(saddr(b)), "r"(x), "r"(y)
               : "memory");
}
DEV void tma_load4(void *s, const TensorMap *m, u64 *b, int x, int y, int z,
                   int w) {
  asm volatile("cp.async.bulk.tensor.4d" TMA_LOAD
               " [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(saddr(s)),
               "l"(m), "r"(saddr(b)), "r"(x), "r"(y), "r"(z), "r"(w)
               : "memory");
}
// To the same place in each block of the cluster whose bit is set, and to its
// mbarrier.
DEV void tma_load2_multicast(void *s, const TensorMap *m, u64 *b, int x, int y,
                             int blocks) {
  asm volatile(
      "cp.async.bulk.tensor.2d" TMA_LOAD
      ".multicast::cluster [%0], [%1, {%3, %4}], [%2], %5;" ::"r"(saddr(s)),
      "l"(m), "r"(saddr(b)), "r"(x), "r"(y), "h"((u16)blocks)
      : "memory");
}
#undef TMA_LOAD
// What lies outside of the tensor is not stored.
DEV void tma_store2(const TensorMap *m, const void *s, int x, int y) {
  asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group "
               "[%0, {%2, %3}], [%1];" ::"l"(m),
               "r"(saddr(s)), "r"(x), "r"(y)
               : "memory");
}
DEV void tma_store_commit() {
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}
// Until at most N of this thread's groups still read shared memory.
template <int N>
DEV void tma_store_wait_read() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(N) : "memory");
}

// ---- dependent launch
//
// Both do nothing in a launch without the attribute.
// Until the grids before this one are done and what they wrote is there.
DEV void grid_wait() { asm volatile("griddepcontrol.wait;" ::: "memory"); }
// The next grid may start.
DEV void grid_launch_next() {
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
}

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#include "wgmma.cuh"

// ---- registers, of all warps of a warpgroup: multiples of 8 from 24 to 256

template <int N>
DEV void regs_up() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N));
}
template <int N>
DEV void regs_down() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N));
}
#endif
