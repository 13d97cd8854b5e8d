// The vocabulary on a GPU: each verb is an instruction or two of PTX (sm_80 and
// later). test/emulator/emulated.cuh has the same names in the same order.
#pragma once

#define DEV __device__ __forceinline__
#define KERNEL(threads, min_blocks)                                            \
  extern "C" __global__ void __launch_bounds__(threads, min_blocks)
#define EXPORT_KERNEL(f)
#define GRID_CONST const __grid_constant__
#define UNROLL _Pragma("unroll")
#define UNROLL1 _Pragma("unroll 1")
#define MATH(f) ::f

// ---- identity

DEV int tid() { return threadIdx.x; }
DEV int lane() { return threadIdx.x & 31; }
DEV int warp() { return threadIdx.x >> 5; }
// The same number, and the compiler knows that a warp's lanes agree on it.
DEV int warp_uniform() { return __shfl_sync(~0u, threadIdx.x >> 5, 0); }
DEV int threads() { return blockDim.x; }
DEV int bid_x() { return blockIdx.x; }
DEV int bid_y() { return blockIdx.y; }
DEV int bid_z() { return blockIdx.z; }
DEV int grid_x() { return gridDim.x; }
DEV int grid_y() { return gridDim.y; }
DEV int grid_z() { return gridDim.z; }
extern __shared__ __align__(1024) u8 dynamic_shared[];
template <class T>
DEV T *shared_base() {
  return reinterpret_cast<T *>(dynamic_shared);
}
// Address within shared memory, as instructions want it.
DEV u32 saddr(const void *p) { return (u32)__cvta_generic_to_shared(p); }

// ---- numbers

DEV float bits_f32(u32 x) { return __uint_as_float(x); }
DEV u32 f32_bits(float x) { return __float_as_uint(x); }
DEV i64 unknown(i64 x) {
  asm volatile("" : "+l"(x));
  return x;
}
DEV float half_f32(u16 x) {
  float r;
  asm("cvt.f32.f16 %0, %1;" : "=f"(r) : "h"(x));
  return r;
}
DEV u32 pack_bf16(float lo, float hi) {
  u32 r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo));
  return r;
}
DEV u32 pack_f16(float lo, float hi) {
  u32 r;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo));
  return r;
}
// Two floats of 8 bits: the nearest number, never beyond the largest finite
// one; of NaN 0x7f.
template <int MANTISSA>
DEV u32 float8_bits(float x);
#if __CUDA_ARCH__ >= 890
DEV u32 pack_e4m3(float lo, float hi) {
  u16 r;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(r) : "f"(hi), "f"(lo));
  return r;
}
DEV u32 pack_e5m2(float lo, float hi) {
  u16 r;
  asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(r) : "f"(hi), "f"(lo));
  return r;
}
#else
DEV u32 pack_e4m3(float lo, float hi) {
  return float8_bits<3>(lo) | float8_bits<3>(hi) << 8;
}
DEV u32 pack_e5m2(float lo, float hi) {
  return float8_bits<2>(lo) | float8_bits<2>(hi) << 8;
}
#endif
// (a & b) | c and (a & b) ^ c in one instruction, also of two constants, for
// which the compiler would take two.
DEV u32 and_or(u32 a, u32 b, u32 c) {
  u32 r;
  asm("lop3.b32 %0, %1, %2, %3, 0xea;" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
DEV u32 and_xor(u32 a, u32 b, u32 c) {
  u32 r;
  asm("lop3.b32 %0, %1, %2, %3, 0x6a;" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
// Four bytes of a, bytes 0 to 3, and b, 4 to 7: those that the selector's
// digits name, from the lowest on.
DEV u32 permute(u32 a, u32 b, u32 selector) {
  return __byte_perm(a, b, selector);
}
// a * b + c of two numbers each, rounded once.
DEV u32 fma2_bf16(u32 a, u32 b, u32 c) {
  u32 r;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
DEV u32 fma2_f16(u32 a, u32 b, u32 c) {
  u32 r;
  asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
DEV u32 to_tf32(float x) {
  u32 r;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(x));
  return r;
}
// Approximate, subnormals are zero: 2 units in the last place.
DEV float fast_exp2(float x) {
  float r;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}
DEV float fast_log2(float x) {
  float r;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}
DEV float fast_rcp(float x) {
  float r;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}
DEV float fast_rsqrt(float x) {
  float r;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}

// ---- warp: all 32 lanes must call
//
// T is any type of 4 or 8 bytes that CUDA's shuffles know.
template <class T>
DEV T shfl_xor(T v, int mask) {
  return __shfl_xor_sync(~0u, v, mask);
}
template <class T>
DEV T shfl_idx(T v, int from) {
  return __shfl_sync(~0u, v, from);
}
template <class T>
DEV T shfl_up(T v, int by) {
  return __shfl_up_sync(~0u, v, by);
}
template <class T>
DEV T shfl_down(T v, int by) {
  return __shfl_down_sync(~0u, v, by);
}
DEV u32 vote_ballot(bool p) { return __ballot_sync(~0u, p); }
DEV bool vote_any(bool p) { return __any_sync(~0u, p); }
DEV bool vote_all(bool p) { return __all_sync(~0u, p); }
// Over xor distances 16, 8, 4, 2, 1: every lane gets the same bits.
DEV float warp_sum(float x) {
  UNROLL for (int d = 16; d > 0; d /= 2) x += shfl_xor(x, d);
  return x;
}
DEV float warp_max(float x) {
  UNROLL for (int d = 16; d > 0; d /= 2) x = fmaxf(x, shfl_xor(x, d));
  return x;
}
DEV float warp_min(float x) {
  UNROLL for (int d = 16; d > 0; d /= 2) x = fminf(x, shfl_xor(x, d));
  return x;
}
// Orders the memory accesses of a warp's lanes; the verbs above do not.
DEV void warp_sync() { __syncwarp(); }

// ---- block

DEV void barrier() { __syncthreads(); }
// Barrier 1..15 among THREADS threads, whole warps; make id a constant.
template <int THREADS>
DEV void barrier_named(int id) {
  asm volatile("bar.sync %0, %1;" ::"r"(id), "n"(THREADS) : "memory");
}

// ---- memory

// Data read once or written once, past L1.
DEV vec16 load_stream(const vec16 *p) {
  vec16 r;
  asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(r.w[0]), "=r"(r.w[1]), "=r"(r.w[2]), "=r"(r.w[3])
               : "l"(p));
  return r;
}
DEV void store_stream(vec16 *p, vec16 v) {
  asm volatile("st.global.cs.v4.u32 [%0], {%1,%2,%3,%4};" ::"l"(p), "r"(v.w[0]),
               "r"(v.w[1]), "r"(v.w[2]), "r"(v.w[3])
               : "memory");
}
// Atomics order nothing but themselves; each returns the value before. T: i32,
// u32, u64, float.
template <class T>
DEV T atomic_add(T *p, T v) {
  return atomicAdd(p, v);
}
template <class T>
DEV T atomic_min(T *p, T v) {
  return atomicMin(p, v);
}
template <class T>
DEV T atomic_max(T *p, T v) {
  return atomicMax(p, v);
}
template <class T>
DEV T atomic_exchange(T *p, T v) {
  return atomicExch(p, v);
}
template <class T>
DEV T atomic_cas(T *p, T expected, T v) {
  return atomicCAS(p, expected, v);
}
// What a thread wrote before (and what a barrier made known to it) is seen by
// whoever acquires: semaphores of split-K and barriers of a grid, in global
// memory.
DEV u32 load_acquire(const u32 *p) {
  u32 r;
  asm volatile("ld.acquire.gpu.global.u32 %0, [%1];"
               : "=r"(r)
               : "l"(p)
               : "memory");
  return r;
}
DEV void store_release(u32 *p, u32 v) {
  asm volatile("st.release.gpu.global.u32 [%0], %1;" ::"l"(p), "r"(v)
               : "memory");
}
DEV u32 atomic_add_acq_rel(u32 *p, u32 v) {
  u32 r;
  asm volatile("atom.acq_rel.gpu.global.add.u32 %0, [%1], %2;"
               : "=r"(r)
               : "l"(p), "r"(v)
               : "memory");
  return r;
}

// ---- asynchronous copies, global to shared

// Bytes past `valid` become zero and are not read; both addresses are multiples
// of the size.
DEV void copy_async16(void *s, const void *g, int valid) {
  asm volatile(
      "cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(saddr(s)),
      "l"(g), "r"(valid)
      : "memory");
}
DEV void copy_async8(void *s, const void *g, int valid) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(saddr(s)),
               "l"(g), "r"(valid)
               : "memory");
}
DEV void copy_async4(void *s, const void *g, int valid) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(saddr(s)),
               "l"(g), "r"(valid)
               : "memory");
}
DEV void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// Until at most N of this thread's groups are in flight; a barrier tells the
// other threads.
template <int N>
DEV void copy_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

// ---- fragments

// Lane i gives the address of 16-byte row i % 8 of 8x8 matrix i / 8; r[m] gets
// the lane's two elements of matrix m: row lane / 4, columns lane % 4 * 2 and
// + 1 (_t: of the transposed matrix).
DEV void load_matrix4(u32 (&r)[4], const void *s) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(saddr(s))
               : "memory");
}
DEV void load_matrix4_t(u32 (&r)[4], const void *s) {
  asm volatile(
      "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
      : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
      : "r"(saddr(s))
      : "memory");
}
// d[16x8] += a[16xk] * b[kx8] in f32: k = 16 for bf16 and f16, 8 for tf32.
template <class T>
struct Mma;
#define MMA(T, shape, types)                                                   \
  template <>                                                                  \
  struct Mma<T> {                                                              \
    static DEV void run(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {    \
      asm volatile(                                                            \
          "mma.sync.aligned." shape ".row.col.f32." types                      \
          ".f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"         \
          : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                     \
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));     \
    }                                                                          \
  };
MMA(bf16, "m16n8k16", "bf16.bf16")
MMA(f16, "m16n8k16", "f16.f16")
MMA(tf32, "m16n8k8", "tf32.tf32")
#undef MMA
template <class T>
DEV void mma(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  Mma<T>::run(d, a, b0, b1);
}
// A warp's tile in one verb: acc[i][j] += a[i] * b[j], where b[j / 2] holds the
// fragments of columns j and j + 1 as load_matrix4 brings them. FN is even.
template <class T, int FM, int FN>
DEV void mma_tile(float (&acc)[FM][FN][4], const u32 (&a)[FM][4],
                  const u32 (&b)[FN / 2][4]) {
  UNROLL for (int i = 0; i < FM; ++i) UNROLL for (int j = 0; j < FN; ++j)
      mma<T>(acc[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
}

#if __CUDA_ARCH__ >= 900
#include "device90.cuh"
#else
DEV void grid_wait() {} // one grid begins after the other
#endif
