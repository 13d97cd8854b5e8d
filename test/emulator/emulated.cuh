// The vocabulary on a CPU: verbs call the emulator, plain loads and stores come
// to it through -fsanitize=thread. Each verb notes where the kernel used it, by
// a default argument, because the compiler may duplicate the call. Same order
// as device.cuh.
#pragma once

#include "verbs.h"

#define DEV inline __attribute__((always_inline))
#define EXPORTED extern "C" __attribute__((visibility("default")))
// Counted, so that EXPORT_KERNEL finds the launch bounds of the KERNEL before
// it.
#define KERNEL(threads, min_blocks) KERNEL_CLUSTER(threads, min_blocks, 1)
#define KERNEL_CLUSTER(threads, min_blocks, cluster)                           \
  template <>                                                                  \
  struct KernelBounds<__COUNTER__> {                                           \
    static constexpr u32 THREADS = threads, MIN_BLOCKS = min_blocks,           \
                         CLUSTER = cluster;                                    \
  };                                                                           \
  EXPORTED void
#define EXPORT_KERNEL(f)                                                       \
  EXPORTED const EmulatedKernel f##__kernel = {                                \
      KernelEntry<decltype(&f)>::invoke<f>,                                    \
      KernelEntry<decltype(&f)>::SIZES,                                        \
      KernelEntry<decltype(&f)>::COUNT,                                        \
      KernelBounds<__COUNTER__ - 1>::THREADS,                                  \
      KernelBounds<__COUNTER__ - 2>::MIN_BLOCKS,                               \
      KernelBounds<__COUNTER__ - 3>::CLUSTER};
#define GRID_CONST const
#define UNROLL
#define UNROLL1
#define MATH(f) __builtin_##f
#define HERE const char *file = __builtin_FILE(), int line = __builtin_LINE()

template <int N>
struct KernelBounds;
template <class F>
struct KernelEntry;
template <class... P>
struct KernelEntry<void (*)(P...)> {
  static constexpr u32 COUNT = sizeof...(P);
  static constexpr u32 SIZES[] = {sizeof(P)..., 0};
  template <int... I>
  struct List {};
#ifdef __clang__
  template <class T, T... I>
  using Integers = List<I...>;
  using Sequence = __make_integer_seq<Integers, int, sizeof...(P)>;
#else
  using Sequence = List<__integer_pack(sizeof...(P))...>;
#endif
  template <void (*F)(P...), int... I>
  static void call(void **p, List<I...>) {
    F(*static_cast<P *>(p[I])...);
  }
  template <void (*F)(P...)>
  static void invoke(void **p) {
    call<F>(p, Sequence());
  }
};

// ---- identity

DEV int tid() { return emu_tid(); }
DEV int lane() { return emu_tid() & 31; }
DEV int warp() { return emu_tid() >> 5; }
DEV int warp_uniform() { return emu_tid() >> 5; }
DEV int threads() { return emu_threads(); }
DEV int bid_x() { return emu_block(0); }
DEV int bid_y() { return emu_block(1); }
DEV int bid_z() { return emu_block(2); }
DEV int grid_x() { return emu_grid(0); }
DEV int grid_y() { return emu_grid(1); }
DEV int grid_z() { return emu_grid(2); }
template <class T>
DEV T *shared_base() {
  return static_cast<T *>(emu_shared());
}
DEV u32 saddr(const void *p, HERE) { return emu_saddr(p, file, line); }

// ---- numbers

DEV float bits_f32(u32 x) { return __builtin_bit_cast(float, x); }
DEV u32 f32_bits(float x) { return __builtin_bit_cast(u32, x); }
DEV i64 unknown(i64 x) { return x; }
// Shifted into place; subnormals by an exact product, infinity and NaN by
// raising the exponent.
DEV float half_f32(u16 x) {
  u32 magnitude = (u32)(x & 0x7fff) << 13, sign = (u32)(x & 0x8000) << 16;
  if (magnitude >= 0x0f800000)
    return bits_f32(sign | (magnitude + 0x70000000));
  return bits_f32(sign | f32_bits(bits_f32(magnitude) * 0x1p112f));
}
DEV u32 bf16_bits(float x) {
  u32 b = f32_bits(x);
  return x != x ? 0x7fff : (b + 0x7fff + (b >> 16 & 1)) >> 16;
}
DEV u32 f16_bits(float x) {
  u32 b = f32_bits(x), sign = b >> 16 & 0x8000, m = b & 0x7fffffff;
  if (m > 0x7f800000)
    return 0x7fff;
  if (m >= 0x477ff000) // 65520 and more round to infinity
    return sign | 0x7c00;
  if (m < 0x38800000) // subnormal: the adder rounds to multiples of 2^-24
    return sign | (f32_bits(bits_f32(m) + 0.5f) - 0x3f000000);
  return sign | (m - 0x38000000 + 0xfff + (m >> 13 & 1)) >> 13;
}
DEV u32 pack_bf16(float lo, float hi) {
  return bf16_bits(lo) | bf16_bits(hi) << 16;
}
DEV u32 pack_f16(float lo, float hi) {
  return f16_bits(lo) | f16_bits(hi) << 16;
}
// cvt.rn.satfinite: the nearest in units of the last place, of which what
// rounds up to the next exponent carries into it.
DEV u32 float8_of(float x, int mantissa, int smallest, float largest) {
  if (x != x)
    return 0x7f;
  float m = __builtin_fminf(__builtin_fabsf(x), largest);
  int exponent = smallest;
  while (m >= __builtin_ldexpf(2.f, exponent))
    ++exponent;
  float units = __builtin_rintf(__builtin_ldexpf(m, mantissa - exponent));
  return (__builtin_signbit(x) ? 0x80 : 0) |
         (((u32)(exponent - smallest) << mantissa) + (u32)units);
}
DEV u32 pack_e4m3(float lo, float hi) {
  return float8_of(lo, 3, -6, 448.f) | float8_of(hi, 3, -6, 448.f) << 8;
}
DEV u32 pack_e5m2(float lo, float hi) {
  return float8_of(lo, 2, -14, 57344.f) | float8_of(hi, 2, -14, 57344.f) << 8;
}
DEV u32 and_or(u32 a, u32 b, u32 c) { return (a & b) | c; }
DEV u32 and_xor(u32 a, u32 b, u32 c) { return (a & b) ^ c; }
DEV u32 permute(u32 a, u32 b, u32 selector) {
  u64 both = a | (u64)b << 32;
  u32 r = 0;
  for (int i = 0; i < 4; ++i)
    r |= (u32)(both >> (selector >> 4 * i & 7) * 8 & 0xff) << 8 * i;
  return r;
}
// x * y + z, of numbers of 16 bits, rounded to odd: what is rounded once more,
// to 16 bits, is as if rounded once.
DEV float fma_to_odd(float x, float y, float z) {
  double product = (double)x * y, sum = product + z, back = sum - product,
         error = (product - (sum - back)) + (z - back);
  if (!(__builtin_fabs(sum) < __builtin_inf()))
    return (float)sum;
  u64 bits = __builtin_bit_cast(u64, sum);
  if (error != 0 && !(bits & 1))
    sum = __builtin_bit_cast(double,
                             (error > 0) == (sum > 0) ? bits + 1 : bits - 1);
  float near = (float)sum;
  if (near == sum || (f32_bits(near) & 1))
    return near;
  return bits_f32((near < sum) == (sum > 0) ? f32_bits(near) + 1
                                            : f32_bits(near) - 1);
}
DEV u32 fma2_bf16(u32 a, u32 b, u32 c) {
  return pack_bf16(
      fma_to_odd(bits_f32(a << 16), bits_f32(b << 16), bits_f32(c << 16)),
      fma_to_odd(bits_f32(a & 0xffff0000), bits_f32(b & 0xffff0000),
                 bits_f32(c & 0xffff0000)));
}
DEV u32 fma2_f16(u32 a, u32 b, u32 c) {
  return pack_f16(
      fma_to_odd(half_f32((u16)a), half_f32((u16)b), half_f32((u16)c)),
      fma_to_odd(half_f32((u16)(a >> 16)), half_f32((u16)(b >> 16)),
                 half_f32((u16)(c >> 16))));
}
// To nearest, halves away from zero.
DEV u32 to_tf32(float x) {
  u32 b = f32_bits(x);
  return x != x ? 0x7fffffff : (b + 0x1000) & ~0x1fffu;
}
DEV float flush(float x) {
  return (f32_bits(x) & 0x7f800000) ? x : bits_f32(f32_bits(x) & 0x80000000);
}
DEV float fast_exp2(float x) { return flush(__builtin_exp2f(flush(x))); }
DEV float fast_log2(float x) { return __builtin_log2f(flush(x)); }
DEV float fast_rcp(float x) { return flush(1.f / flush(x)); }
DEV float fast_rsqrt(float x) { return 1.f / __builtin_sqrtf(flush(x)); }

// ---- warp

template <class T>
DEV u64 emu_word(T v) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  if constexpr (sizeof(T) == 4)
    return __builtin_bit_cast(u32, v);
  else
    return __builtin_bit_cast(u64, v);
}
template <class T>
DEV T emu_value(u64 w) {
  if constexpr (sizeof(T) == 4)
    return __builtin_bit_cast(T, (u32)w);
  else
    return __builtin_bit_cast(T, w);
}
#define SHUFFLE(name, kind)                                                    \
  template <class T>                                                           \
  DEV T name(T v, int argument, HERE) {                                        \
    return emu_value<T>(emu_shuffle(kind, emu_word(v), argument, file, line)); \
  }
SHUFFLE(shfl_xor, EMU_XOR)
SHUFFLE(shfl_idx, EMU_INDEX)
SHUFFLE(shfl_up, EMU_UP)
SHUFFLE(shfl_down, EMU_DOWN)
#undef SHUFFLE
DEV u32 vote_ballot(bool p, HERE) { return emu_ballot(p, file, line); }
DEV bool vote_any(bool p, HERE) { return emu_ballot(p, file, line) != 0; }
DEV bool vote_all(bool p, HERE) { return emu_ballot(p, file, line) == ~0u; }
DEV float warp_sum(float x, HERE) {
  return emu_warp_reduce(EMU_SUM, x, file, line);
}
DEV float warp_max(float x, HERE) {
  return emu_warp_reduce(EMU_MAX, x, file, line);
}
DEV float warp_min(float x, HERE) {
  return emu_warp_reduce(EMU_MIN, x, file, line);
}
DEV void warp_sync(HERE) { emu_warp_sync(file, line); }

// ---- block

DEV void barrier(HERE) { emu_barrier(0, 0, file, line); }
template <int THREADS>
DEV void barrier_named(int id, HERE) {
  static_assert(THREADS > 0 && THREADS % 32 == 0);
  emu_barrier(id, THREADS, file, line);
}

// ---- memory

DEV vec16 load_stream(const vec16 *p, HERE) {
  emu_read(p, 16, file, line);
  return *p;
}
DEV void store_stream(vec16 *p, vec16 v, HERE) {
  emu_write(p, 16, file, line);
  *p = v;
}
template <class T>
struct AtomicType;
template <>
struct AtomicType<i32> {
  static constexpr int KIND = EMU_I32;
};
template <>
struct AtomicType<u32> {
  static constexpr int KIND = EMU_U32;
};
template <>
struct AtomicType<u64> {
  static constexpr int KIND = EMU_U64;
};
template <>
struct AtomicType<float> {
  static constexpr int KIND = EMU_F32;
};
#define ATOMIC(name, operation)                                                \
  template <class T>                                                           \
  DEV T name(T *p, T v, HERE) {                                                \
    return emu_value<T>(emu_atomic(operation, AtomicType<T>::KIND, p,          \
                                   emu_word(v), 0, 0, file, line));            \
  }
ATOMIC(atomic_add, EMU_ADD)
ATOMIC(atomic_min, EMU_ATOMIC_MIN)
ATOMIC(atomic_max, EMU_ATOMIC_MAX)
ATOMIC(atomic_exchange, EMU_EXCHANGE)
#undef ATOMIC
template <class T>
DEV T atomic_cas(T *p, T expected, T v, HERE) {
  return emu_value<T>(emu_atomic(EMU_CAS, AtomicType<T>::KIND, p, emu_word(v),
                                 emu_word(expected), 0, file, line));
}
DEV u32 load_acquire(const u32 *p, HERE) {
  return emu_load_acquire(p, file, line);
}
DEV void store_release(u32 *p, u32 v, HERE) {
  emu_store_release(p, v, file, line);
}
DEV u32 atomic_add_acq_rel(u32 *p, u32 v, HERE) {
  return (u32)emu_atomic(EMU_ADD, EMU_U32, p, v, 0, 1, file, line);
}

// ---- asynchronous copies, global to shared

DEV void copy_async16(void *s, const void *g, int valid, HERE) {
  emu_copy_async(s, g, 16, valid, file, line);
}
DEV void copy_async8(void *s, const void *g, int valid, HERE) {
  emu_copy_async(s, g, 8, valid, file, line);
}
DEV void copy_async4(void *s, const void *g, int valid, HERE) {
  emu_copy_async(s, g, 4, valid, file, line);
}
DEV void copy_commit() { emu_copy_commit(); }
template <int N>
DEV void copy_wait(HERE) {
  emu_copy_wait(N, file, line);
}

// ---- fragments

DEV void load_matrix4(u32 (&r)[4], const void *s, HERE) {
  emu_load_matrix4(r, s, 0, file, line);
}
DEV void load_matrix4_t(u32 (&r)[4], const void *s, HERE) {
  emu_load_matrix4(r, s, 1, file, line);
}
template <class T>
struct MmaType;
template <>
struct MmaType<bf16> {
  static constexpr int KIND = EMU_BF16;
};
template <>
struct MmaType<f16> {
  static constexpr int KIND = EMU_F16;
};
template <>
struct MmaType<tf32> {
  static constexpr int KIND = EMU_TF32;
};
template <>
struct MmaType<e4m3> {
  static constexpr int KIND = EMU_E4M3;
};
template <class T>
DEV void mma(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1, HERE) {
  static_assert(sizeof(T) > 1);
  u32 b[2] = {b0, b1};
  emu_mma(MmaType<T>::KIND, d, a, b, 1, 1, file, line);
}
// One rendezvous for the warp's whole tile.
template <class T, int FM, int FN>
DEV void mma_tile(float (&acc)[FM][FN][4], const u32 (&a)[FM][4],
                  const u32 (&b)[FN / 2][4], HERE) {
  static_assert(FN % 2 == 0);
  emu_mma(MmaType<T>::KIND, &acc[0][0][0], &a[0][0], &b[0][0], FM, FN, file,
          line);
}

#include "emulated90.cuh"
