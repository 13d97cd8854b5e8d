// Between a stub and libingot_emulator.so: what emulated.cuh's verbs call. No
// standard header, since stubs include this. `file` and `line` are where the
// kernel used the verb.
#pragma once

#pragma GCC visibility push(default)
extern "C" {

// A kernel's entry, made by EXPORT_KERNEL; the driver copies parameters by it.
struct EmulatedKernel {
  void (*invoke)(void **parameters);
  const unsigned *sizes; // bytes of each parameter
  unsigned count;
  unsigned threads;    // launch bound
  unsigned min_blocks; // blocks a multiprocessor shall hold
  unsigned cluster;    // blocks along x
};

int emu_tid();
int emu_threads();
int emu_block(int axis);
int emu_grid(int axis);
void *emu_shared();
unsigned emu_saddr(const void *p, const char *file, int line);

enum { EMU_XOR, EMU_INDEX, EMU_UP, EMU_DOWN };
unsigned long long emu_shuffle(int kind, unsigned long long value, int argument,
                               const char *file, int line);
unsigned emu_ballot(int predicate, const char *file, int line);
enum { EMU_SUM, EMU_MAX, EMU_MIN };
float emu_warp_reduce(int kind, float value, const char *file, int line);
void emu_warp_sync(const char *file, int line);
// threads 0: all of the block.
void emu_barrier(int id, int threads, const char *file, int line);

// By hand where compiler instrumentation is not to be relied on.
void emu_read(const void *p, unsigned bytes, const char *file, int line);
void emu_write(void *p, unsigned bytes, const char *file, int line);

enum { EMU_ADD, EMU_ATOMIC_MIN, EMU_ATOMIC_MAX, EMU_EXCHANGE, EMU_CAS };
enum { EMU_I32, EMU_U32, EMU_U64, EMU_F32 };
// Operands and result are the low bytes of a u64.
unsigned long long emu_atomic(int operation, int type, void *p,
                              unsigned long long value,
                              unsigned long long expected, int acquire_release,
                              const char *file, int line);
unsigned emu_load_acquire(const unsigned *p, const char *file, int line);
void emu_store_release(unsigned *p, unsigned value, const char *file, int line);

void emu_copy_async(void *shared, const void *global, int bytes, int valid,
                    const char *file, int line);
void emu_copy_commit();
void emu_copy_wait(int groups, const char *file, int line);

void emu_load_matrix4(unsigned *r, const void *shared, int transposed,
                      const char *file, int line);
enum { EMU_BF16, EMU_F16, EMU_TF32, EMU_E4M3 }; // the last of wgmma alone
// acc[fm][fn][4] += a[fm][4] * b[fn / 2][4]; fn 1: b[2].
void emu_mma(int type, float *acc, const unsigned *a, const unsigned *b, int fm,
             int fn, const char *file, int line);

// Hopper.
int emu_cluster_rank();
void emu_cluster_sync(const char *file, int line);
void emu_store_matrix4(void *shared, const unsigned *r, const char *file,
                       int line);
void emu_mbar_init(unsigned long long *b, int arrivals, const char *file,
                   int line);
// rank -1: of this block; else without bytes to expect.
void emu_mbar_arrive(unsigned long long *b, int bytes, int rank,
                     const char *file, int line);
void emu_store_remote(float *shared, float x, unsigned long long *b, int rank,
                      const char *file, int line);
// `cluster`: what threads of other blocks have stored is seen, too.
void emu_mbar_wait(unsigned long long *b, int parity, int cluster,
                   const char *file, int line);
void emu_fence_async(int only_inits);
void emu_tma_prefetch(const void *map, const char *file, int line);
// `at` has rank numbers; blocks: a bit for each of the cluster, 0: this one.
void emu_tma_load(void *shared, const void *map, unsigned long long *b,
                  const int *at, int rank, int blocks, const char *file,
                  int line);
void emu_tma_store(const void *map, const void *shared, const int *at, int rank,
                   const char *file, int line);
void emu_tma_commit();
void emu_tma_wait_read(int groups, const char *file, int line);
// a: null, or four words, and `da` does not count.
void emu_wgmma(int type, float *d, int columns, const unsigned *a,
               unsigned long long da, unsigned long long db, int keep,
               int transposed, const char *file, int line);
void emu_wgmma_fence();
void emu_wgmma_commit();
void emu_wgmma_wait(int groups, const char *file, int line);
void emu_registers(int count, int up, const char *file, int line);
void emu_grid_wait();
void emu_grid_launch_next(const char *file, int line);

} // extern "C"
#pragma GCC visibility pop
