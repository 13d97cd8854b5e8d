// wgmma, sm_90a: a warpgroup (4 warps from a multiple of 4 on) multiplies 64
// rows by N columns, 32 bytes of k at a time (16 of bf16 and f16, 8 of tf32, 32
// of e4m3),
// asynchronously.
//
//   d[i] of a thread: row warp % 4 * 16 + lane / 4 + i / 2 % 2 * 8,
//                     column i / 4 * 8 + lane % 4 * 2 + i % 2
//   a    a descriptor, or registers as load_matrix4 brings 32 bytes of each of
//        a warp's 16 rows
//   b    a descriptor: rows of k (K-major), or TB = 1, of 16 bits: rows of
//        columns (MN-major); wgmma_desc and wgmma_desc_t of numbers.cuh
//   tf32 words of f32, of which the low 13 bits do not count
//   e4m3 sums have some 14 bits, although they are f32
#pragma once

// Operands %0 to %(n - 1), and the variables behind them.
#define WGMMA_D32                                                              \
  "%0, %1, %2, %3, %4, %5, %6, %7"                                             \
  ", %8, %9, %10, %11, %12, %13, %14, %15"                                     \
  ", %16, %17, %18, %19, %20, %21, %22, %23"                                   \
  ", %24, %25, %26, %27, %28, %29, %30, %31"
#define WGMMA_D40                                                              \
  WGMMA_D32                                                                    \
  ", %32, %33, %34, %35, %36, %37, %38, %39"
#define WGMMA_D48                                                              \
  WGMMA_D40                                                                    \
  ", %40, %41, %42, %43, %44, %45, %46, %47"
#define WGMMA_D64                                                              \
  WGMMA_D48                                                                    \
  ", %48, %49, %50, %51, %52, %53, %54, %55"                                   \
  ", %56, %57, %58, %59, %60, %61, %62, %63"
#define WGMMA_D80                                                              \
  WGMMA_D64                                                                    \
  ", %64, %65, %66, %67, %68, %69, %70, %71"                                   \
  ", %72, %73, %74, %75, %76, %77, %78, %79"
#define WGMMA_D88                                                              \
  WGMMA_D80                                                                    \
  ", %80, %81, %82, %83, %84, %85, %86, %87"
#define WGMMA_D96                                                              \
  WGMMA_D88                                                                    \
  ", %88, %89, %90, %91, %92, %93, %94, %95"
#define WGMMA_D128                                                             \
  WGMMA_D96                                                                    \
  ", %96, %97, %98, %99, %100, %101, %102, %103"                               \
  ", %104, %105, %106, %107, %108, %109, %110, %111"                           \
  ", %112, %113, %114, %115, %116, %117, %118, %119"                           \
  ", %120, %121, %122, %123, %124, %125, %126, %127"
#define WGMMA_8(i)                                                             \
  "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]),  \
      "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define WGMMA_V32 WGMMA_8(0), WGMMA_8(8), WGMMA_8(16), WGMMA_8(24)
#define WGMMA_V40 WGMMA_V32, WGMMA_8(32)
#define WGMMA_V48 WGMMA_V40, WGMMA_8(40)
#define WGMMA_V64 WGMMA_V48, WGMMA_8(48), WGMMA_8(56)
#define WGMMA_V80 WGMMA_V64, WGMMA_8(64), WGMMA_8(72)
#define WGMMA_V88 WGMMA_V80, WGMMA_8(80)
#define WGMMA_V96 WGMMA_V88, WGMMA_8(88)
#define WGMMA_V128                                                             \
  WGMMA_V96, WGMMA_8(96), WGMMA_8(104), WGMMA_8(112), WGMMA_8(120)

// r0 to r6: the numbers of the operands after the sums. Only elements of 16
// bits say whether they are transposed.
template <class T, int N>
struct Wgmma;
#define WGMMA_A_HALF ", 0"
#define WGMMA_B_HALF(r) ", %" #r
#define WGMMA_A_WORD
#define WGMMA_B_WORD(r)
#define WGMMA(T, KIND, shape, N, R, r0, r1, r2, r3, r4, r5, r6)                \
  template <>                                                                  \
  struct Wgmma<T, N> {                                                         \
    template <int TB>                                                          \
    static DEV void run(float (&d)[R], u64 a, u64 b, int keep) {               \
      asm volatile("{.reg .pred p; setp.ne.b32 p, %" #r2 ", 0;\n"              \
                   "wgmma.mma_async.sync.aligned.m64n" #N shape                \
                   " {" WGMMA_D##R                                             \
                   "}, %" #r0 ", %" #r1                                        \
                   ", p, 1, 1" WGMMA_A_##KIND WGMMA_B_##KIND(r3) ";}"          \
                   : WGMMA_V##R                                                \
                   : "l"(a), "l"(b), "r"(keep), "n"(TB));                      \
    }                                                                          \
    template <int TB>                                                          \
    static DEV void run(float (&d)[R], const u32 (&a)[4], u64 b, int keep) {   \
      asm volatile("{.reg .pred p; setp.ne.b32 p, %" #r5 ", 0;\n"              \
                   "wgmma.mma_async.sync.aligned.m64n" #N shape                \
                   " {" WGMMA_D##R "}, {%" #r0 ", %" #r1 ", %" #r2 ", %" #r3   \
                                   "}, %" #r4                                  \
                                   ", p, 1, 1" WGMMA_B_##KIND(r6) ";}"         \
                   : WGMMA_V##R                                                \
                   : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b),       \
                     "r"(keep), "n"(TB));                                      \
    }                                                                          \
  };
#define WGMMA_ALL(...)                                                         \
  WGMMA(bf16, HALF, "k16.f32.bf16.bf16", __VA_ARGS__)                          \
  WGMMA(f16, HALF, "k16.f32.f16.f16", __VA_ARGS__)                             \
  WGMMA(tf32, WORD, "k8.f32.tf32.tf32", __VA_ARGS__)                           \
  WGMMA(e4m3, WORD, "k32.f32.e4m3.e4m3", __VA_ARGS__)
WGMMA_ALL(64, 32, 32, 33, 34, 35, 36, 37, 38)
WGMMA_ALL(80, 40, 40, 41, 42, 43, 44, 45, 46)
WGMMA_ALL(96, 48, 48, 49, 50, 51, 52, 53, 54)
WGMMA_ALL(128, 64, 64, 65, 66, 67, 68, 69, 70)
WGMMA_ALL(160, 80, 80, 81, 82, 83, 84, 85, 86)
WGMMA_ALL(176, 88, 88, 89, 90, 91, 92, 93, 94)
WGMMA_ALL(192, 96, 96, 97, 98, 99, 100, 101, 102)
WGMMA_ALL(256, 128, 128, 129, 130, 131, 132, 133, 134)
#undef WGMMA_ALL
#undef WGMMA

// d = a b + (keep ? d : 0). Until wgmma_wait has seen its group, d and a's
// registers are not the thread's.
template <class T, int N, int TB = 0>
DEV void wgmma(float (&d)[N / 2], u64 a, u64 b, int keep) {
  Wgmma<T, N>::template run<TB>(d, a, b, keep);
}
template <class T, int N, int TB = 0>
DEV void wgmma(float (&d)[N / 2], const u32 (&a)[4], u64 b, int keep) {
  Wgmma<T, N>::template run<TB>(d, a, b, keep);
}
// Before the first wgmma that gets registers which the thread has used.
DEV void wgmma_fence() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
DEV void wgmma_commit() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
// Until at most N groups are under way.
template <int N>
DEV void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory");
}
// The compiler moves no use of d past it.
template <int R>
DEV void fence_regs(float (&d)[R]) {
  UNROLL for (int i = 0; i < R; ++i) asm volatile("" : "+f"(d[i])::"memory");
}
