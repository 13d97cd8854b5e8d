/* The contract between generated kernels and the executor. A kernel is a
 * function of (task, arguments): the CPU device calls it once per task of the
 * step's grid, from any worker thread, in any order. */
#ifndef INGOT_RUNTIME_KERNEL_ABI_H
#define INGOT_RUNTIME_KERNEL_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bumped when anything in this file changes; an artifact with another number is
 * refused. */
#define INGOT_KERNEL_ABI 1

/* Zero means fine. A kernel that meets an index outside its axis writes the
 * fields and goes on with index 0; several tasks may write, one of them wins.
 */
struct ingot_kernel_status {
  int64_t code; /* 1: `value` is outside [-limit, limit) */
  int64_t value;
  int64_t limit;
};

/* `task` counts 0 .. gx*gy*gz-1, x fastest. `args` holds one 64-bit slot per
 * argument: a pointer, an i64, or the bits of an f32 in the low half. Weights,
 * scratch and state start 64-byte aligned; inputs and outputs may be the
 * caller's and are aligned to their elements only. A tensor without elements
 * may be at NULL. `worker_scratch` is 64-byte aligned, private to the calling
 * thread, of the size the kernel asked for, with contents undefined. */
typedef void (*ingot_kernel_function)(int64_t task, const uint64_t *args,
                                      void *worker_scratch,
                                      struct ingot_kernel_status *status);

/* A kernel on a GPU is an `extern "C" __global__` function of the kernel's name
 * in the artifact. Its parameters are the step's arguments in order (tensor
 * maps by value, as CUtensorMap), then a pointer to this status, then the
 * number of the step as an i64. Blocks have the kernel's threads and dynamic
 * shared memory, blocks of the grid may run in any order. A kernel that meets
 * an index outside its axis exchanges `code` atomically for 1; who found 0
 * there fills in the rest; all go on with index 0. Weights, scratch, state, and
 * inputs and outputs that the runtime copies start 256-byte aligned, a caller's
 * tensors on the device 16-byte aligned. */
struct ingot_cuda_kernel_status {
  int64_t code; /* as above */
  int64_t value;
  int64_t limit;
  int64_t step; /* as passed */
};

#ifdef __cplusplus
}
#endif
#endif
