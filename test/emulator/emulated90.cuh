// Hopper's verbs on a CPU, in the order of device90.cuh and wgmma.cuh.
#pragma once

// ---- clusters

DEV int cluster_rank() { return emu_cluster_rank(); }
DEV void cluster_sync(HERE) { emu_cluster_sync(file, line); }

// ---- numbers

DEV u32 e4m3_f16(u32 x) {
  u32 code = x & 0x7f, exponent = code >> 3, sign = (x & 0x80) << 8;
  float units = (float)(exponent ? code % 8 + 8 : code);
  float size = units * __builtin_ldexpf(1.f, exponent ? exponent - 10 : -9);
  return code == 0x7f ? 0x7fff : sign | f16_bits(size);
}
DEV u32 unpack_e4m3(u32 x) {
  return e4m3_f16(x & 0xff) | e4m3_f16(x >> 8 & 0xff) << 16;
}

// ---- fragments to shared memory

DEV void store_matrix4(void *s, const u32 (&r)[4], HERE) {
  emu_store_matrix4(s, r, file, line);
}

// ---- mbarrier

DEV void mbar_init(u64 *b, int arrivals, HERE) {
  emu_mbar_init(b, arrivals, file, line);
}
DEV void mbar_fence_init() { emu_fence_async(1); }
DEV void mbar_arrive(u64 *b, HERE) { emu_mbar_arrive(b, 0, -1, file, line); }
DEV void mbar_arrive_expect(u64 *b, int bytes, HERE) {
  emu_mbar_arrive(b, bytes, -1, file, line);
}
DEV void mbar_arrive_remote(u64 *b, int rank, HERE) {
  emu_mbar_arrive(b, 0, rank, file, line);
}
DEV void mbar_wait(u64 *b, int parity, HERE) {
  emu_mbar_wait(b, parity, 0, file, line);
}
DEV void store_remote(float *s, float x, u64 *b, int rank, HERE) {
  emu_store_remote(s, x, b, rank, file, line);
}
DEV void mbar_wait_cluster(u64 *b, int parity, HERE) {
  emu_mbar_wait(b, parity, 1, file, line);
}

// ---- TMA

DEV bool elect_one(HERE) {
  return emu_ballot(true, file, line) != 0 && lane() == 0;
}
DEV void fence_async() { emu_fence_async(0); }
DEV void tma_prefetch_map(const TensorMap *m, HERE) {
  emu_tma_prefetch(m, file, line);
}
DEV void tma_load2(void *s, const TensorMap *m, u64 *b, int x, int y, HERE) {
  int at[] = {x, y};
  emu_tma_load(s, m, b, at, 2, 0, file, line);
}
DEV void tma_load4(void *s, const TensorMap *m, u64 *b, int x, int y, int z,
                   int w, HERE) {
  int at[] = {x, y, z, w};
  emu_tma_load(s, m, b, at, 4, 0, file, line);
}
DEV void tma_load2_multicast(void *s, const TensorMap *m, u64 *b, int x, int y,
                             int blocks, HERE) {
  int at[] = {x, y};
  emu_tma_load(s, m, b, at, 2, blocks, file, line);
}
DEV void tma_store2(const TensorMap *m, const void *s, int x, int y, HERE) {
  int at[] = {x, y};
  emu_tma_store(m, s, at, 2, file, line);
}
DEV void tma_store_commit() { emu_tma_commit(); }
template <int N>
DEV void tma_store_wait_read(HERE) {
  emu_tma_wait_read(N, file, line);
}

// ---- dependent launch: kernels run one after the other

DEV void grid_wait() { emu_grid_wait(); }
DEV void grid_launch_next(HERE) { emu_grid_launch_next(file, line); }

// ---- wgmma

template <class T, int N, int TB = 0>
DEV void wgmma(float (&d)[N / 2], u64 a, u64 b, int keep, HERE) {
  static_assert(N % 8 == 0 && N <= 256);
  emu_wgmma(MmaType<T>::KIND, d, N, nullptr, a, b, keep, TB, file, line);
}
template <class T, int N, int TB = 0>
DEV void wgmma(float (&d)[N / 2], const u32 (&a)[4], u64 b, int keep, HERE) {
  static_assert(N % 8 == 0 && N <= 256);
  emu_wgmma(MmaType<T>::KIND, d, N, a, 0, b, keep, TB, file, line);
}
DEV void wgmma_fence() { emu_wgmma_fence(); }
DEV void wgmma_commit() { emu_wgmma_commit(); }
template <int N>
DEV void wgmma_wait(HERE) {
  emu_wgmma_wait(N, file, line);
}
template <int R>
DEV void fence_regs(float (&)[R]) {}

// ---- registers

template <int N>
DEV void regs_up(HERE) {
  static_assert(N % 8 == 0 && N >= 24 && N <= 256);
  emu_registers(N, 1, file, line);
}
template <int N>
DEV void regs_down(HERE) {
  static_assert(N % 8 == 0 && N >= 24 && N <= 256);
  emu_registers(N, 0, file, line);
}
