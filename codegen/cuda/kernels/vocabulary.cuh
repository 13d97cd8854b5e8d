// The words GPU kernels are written in. Two implementations say what they mean:
// device.cuh in PTX, test/emulator/emulated.cuh in C++ that checks every use.
// Kernels include this header and nothing of CUDA's or the C++ library's, so
// that NVRTC needs no include path and the host compiler takes a tenth of a
// second. docs/kernels.md explains each verb.
#pragma once

using i8 = signed char;
using i16 = short;
using i32 = int;
using i64 = long long;
using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;

// Storage types: arithmetic is in f32, see numbers.cuh.
struct bf16 {
  u16 bits;
};
struct f16 {
  u16 bits;
};
// Names the tensor core's reading of an f32: 8 bits of exponent, 10 of
// mantissa.
struct tf32 {
  u32 bits;
};
// Floats of 8 bits without infinities: 4 bits of exponent, 3 of mantissa.
struct e4m3 {
  u8 bits;
};
// With infinities: 5 bits of exponent, 2 of mantissa.
struct e5m2 {
  u8 bits;
};
// What memory holds of operands that are multiplied as Math.
template <class Math>
struct GemmElement {
  using Type = Math;
};
template <>
struct GemmElement<tf32> {
  using Type = float;
};

// What one load or store instruction moves at most.
struct alignas(8) vec8 {
  u32 w[2];
};
struct alignas(16) vec16 {
  u32 w[4];
};

// A tensor as the copy engine of sm_90 knows it: made by the driver, a
// parameter by value (GRID_CONST).
struct alignas(128) TensorMap {
  u64 opaque[16];
};

// Keywords, defined by each side:
//   KERNEL(threads, min_blocks) f(...)   a kernel; both are its launch bounds
//   EXPORT_KERNEL(f)                     right after the body: the emulator's
//   entry DEV                                  a function of the device,
//   inlined GRID_CONST                           a parameter whose address may
//   be taken UNROLL, UNROLL1                      before a loop: fully, not at
//   all
// Blocks have one dimension; shared memory is one struct at shared_base<S>().
#ifdef __CUDACC__
#include "device.cuh"
#else
#include "emulated.cuh"
#endif
#include "numbers.cuh"
