/* The whole interface of Ingot's runtime: load a compiled model (an .ingot
 * file), bind inputs, run.
 *
 *   ingot_model *model = NULL;
 *   ingot_session *session = NULL;
 *   ingot_error *error = ingot_model_load(NULL, "bert.ingot", NULL, &model);
 *   if (!error) error = ingot_session_create(model, NULL, &session);
 *   if (!error) error = ingot_session_set_input(session, "input_ids", &ids);
 *   if (!error) error = ingot_session_run(session);
 *   if (!error) error = ingot_session_get_output(session, "logits", &logits);
 *   if (error) puts(ingot_error_message(error));
 *   ingot_error_destroy(error);
 *   ingot_session_destroy(session);
 *   ingot_model_destroy(model);
 *
 * The library never prints, never exits and touches no signal handler. It is
 * plain C to its callers and needs libc and pthreads only. An artifact holds
 * machine code: load only files you would also execute. */
#ifndef INGOT_INGOT_H
#define INGOT_INGOT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define INGOT_API __attribute__((visibility("default")))
#else
#define INGOT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define INGOT_VERSION_MAJOR 0
#define INGOT_VERSION_MINOR 1
#define INGOT_VERSION_PATCH 0

/* "0.1.0" of the library in use, which may differ from the header's. */
INGOT_API const char *ingot_version(void);

/* Errors --------------------------------------------------------------------
 * Every fallible call returns NULL on success, else an error that the caller
 * owns. Results are the last argument and untouched on failure. An error may
 * outlive everything else but the allocator it came from. */

typedef struct ingot_error ingot_error;

typedef enum ingot_error_code {
  INGOT_ERROR_INVALID_ARGUMENT = 1, /* a call that is wrong for any model */
  INGOT_ERROR_OUT_OF_MEMORY = 2,
  INGOT_ERROR_IO = 3,       /* the file cannot be read */
  INGOT_ERROR_ARTIFACT = 4, /* no artifact, or a damaged one */
  INGOT_ERROR_VERSION = 5,  /* an artifact for another version of the runtime */
  INGOT_ERROR_NO_CODE = 6,  /* the artifact has no code for this machine */
  INGOT_ERROR_DEVICE = 7,   /* the device is missing or failed */
  INGOT_ERROR_NOT_FOUND = 8, /* no input, symbol, entry... of that name */
  INGOT_ERROR_SHAPE = 9,     /* type, rank, dims or byte size do not fit */
  INGOT_ERROR_DATA = 10,     /* a value in an input: a token id out of range */
  INGOT_ERROR_CANCELLED = 11,
  INGOT_ERROR_BUSY = 12,  /* another thread is inside this session */
  INGOT_ERROR_SYSTEM = 13 /* the system refused a thread or a mapping */
} ingot_error_code;

INGOT_API ingot_error_code ingot_error_get_code(const ingot_error *error);
/* A sentence that names the thing at fault; lives as long as the error. */
INGOT_API const char *ingot_error_message(const ingot_error *error);
INGOT_API void ingot_error_destroy(ingot_error *error); /* NULL is fine */

/* Tensors -------------------------------------------------------------------*/

#define INGOT_MAX_RANK 8

typedef enum ingot_type {
  INGOT_TYPE_NONE = 0,
  INGOT_TYPE_F64 = 1,
  INGOT_TYPE_F32 = 2,
  INGOT_TYPE_F16 = 3,
  INGOT_TYPE_BF16 = 4,
  INGOT_TYPE_F8E4M3FN = 5,
  INGOT_TYPE_F8E5M2 = 6,
  INGOT_TYPE_I64 = 7,
  INGOT_TYPE_I32 = 8,
  INGOT_TYPE_I16 = 9,
  INGOT_TYPE_I8 = 10,
  INGOT_TYPE_I4 = 11, /* two elements a byte, the first in the low half */
  INGOT_TYPE_U64 = 12,
  INGOT_TYPE_U32 = 13,
  INGOT_TYPE_U16 = 14,
  INGOT_TYPE_U8 = 15,
  INGOT_TYPE_U4 = 16,
  INGOT_TYPE_BOOL = 17 /* a byte, 0 or 1 */
} ingot_type;

/* "float32", "int64", ... */
INGOT_API const char *ingot_type_name(ingot_type type);
/* Of one element; 0 if unknown. */
INGOT_API int32_t ingot_type_bits(ingot_type type);

typedef struct ingot_device ingot_device;

/* A dense, row-major array. The struct is a view: it owns nothing. */
typedef struct ingot_tensor {
  /* Aligned to its element, memory of a GPU to 16 bytes; may be NULL if it has
   * no elements. */
  void *data;
  size_t bytes; /* at least what type and dims need */
  ingot_type type;
  int32_t rank;                 /* 0 .. INGOT_MAX_RANK */
  int64_t dims[INGOT_MAX_RANK]; /* the first `rank` count */
  /* Where `data` is: NULL is host memory, which sessions on any device take
   * (a GPU's copies it), else the device of the session, which uses it in
   * place. */
  const ingot_device *device;
  /* On a GPU: a CUstream (cudaStream_t) with work that makes or still reads the
   * data; a run waits for what is on it by then. NULL: there is none. */
  void *stream;
} ingot_tensor;

/* Hooks ---------------------------------------------------------------------
 * Functions must be callable from any thread and stay valid until everything
 * created with them is destroyed. */

typedef struct ingot_allocator {
  /* Returns NULL when out of memory. `alignment` is a power of two. */
  void *(*allocate)(void *user, size_t size, size_t alignment);
  void (*release)(void *user, void *pointer, size_t size);
  void *user;
} ingot_allocator;

typedef enum ingot_log_level {
  INGOT_LOG_DEBUG = 0,
  INGOT_LOG_INFO = 1,
  INGOT_LOG_WARNING = 2
} ingot_log_level;

typedef void (*ingot_log_function)(void *user, ingot_log_level level,
                                   const char *message);

/* Threads of the embedder. `parallel` calls work(context, 0) .. work(context,
 * workers - 1), as concurrently as it can, on the calling thread too if it
 * likes, and returns when all have returned. Fewer at a time is slower, never
 * wrong. */
typedef struct ingot_thread_pool {
  void (*parallel)(void *user, int32_t workers,
                   void (*work)(void *context, int32_t worker), void *context);
  void *user;
} ingot_thread_pool;

/* Device --------------------------------------------------------------------
 * Where models run. Handles below keep what they were made from alive, so they
 * may be destroyed in any order. */

typedef struct ingot_device_options {
  size_t struct_size; /* sizeof; fields are only ever appended */
  /* NULL or "cpu"; "cuda", which is "cuda:0", or another number. "emulated" is
   * for tests: a driver that runs kernels on the CPU and checks them. */
  const char *name;
  ingot_allocator allocator; /* all zero: malloc */
  ingot_log_function log;    /* NULL: silent */
  void *log_user;
  /* For tests: pretend that the CPU has only these features, separated by
   * commas ("avx2,fma"). Never adds one. NULL: what the CPU reports. */
  const char *cpu_features;
  /* For tests: the library to open in place of libcuda.so.1, and what
   * "emulated" opens. NULL: "emulated" takes the path that the environment
   * variable INGOT_EMULATOR_LIBRARY holds. */
  const char *cuda_driver;
} ingot_device_options;
#define INGOT_DEVICE_OPTIONS_INIT                                              \
  {                                                                            \
    sizeof(ingot_device_options), NULL, {NULL, NULL, NULL}, NULL, NULL, NULL,  \
        NULL                                                                   \
  }

/* `options` may be NULL and is not kept. */
INGOT_API ingot_error *ingot_device_create(const ingot_device_options *options,
                                           ingot_device **device);
INGOT_API void ingot_device_destroy(ingot_device *device); /* NULL is fine */
/* What artifacts can ask for and this device has: "sse3,avx,avx2,...", or a
 * GPU's architecture, "sm_86". */
INGOT_API const char *ingot_device_features(const ingot_device *device);

typedef struct ingot_device_info {
  const char *name; /* "cpu", "cuda:0" */
  /* Of a GPU; empty or 0 for the CPU. */
  const char *description;  /* "NVIDIA A10" */
  const char *architecture; /* "sm_86" */
  int32_t driver_version;   /* 12040: the driver supports CUDA 12.4 */
  int32_t device_count;     /* of the driver */
  int32_t multiprocessors;
  uint64_t memory_bytes;
} ingot_device_info;
/* Strings live as long as the device. */
INGOT_API void ingot_device_get_info(const ingot_device *device,
                                     ingot_device_info *info);

/* Model ---------------------------------------------------------------------
 * A loaded artifact: read-only after load, shared freely between threads and
 * sessions. Weights stay in the mapped file, shared between processes. */

typedef struct ingot_model ingot_model;

typedef struct ingot_model_options {
  size_t struct_size;
  /* Take this target's code, such as "x86-64-v3". NULL: the best one. */
  const char *target;
  /* Nonzero: choose no code. Works on any machine, makes no sessions. */
  int32_t inspect;
} ingot_model_options;
#define INGOT_MODEL_OPTIONS_INIT                                               \
  { sizeof(ingot_model_options), NULL, 0 }

/* Loads the artifact at `path`, which is not kept. The file must not be changed
 * in place while the model lives; replace it by renaming another over it.
 * `device` may be NULL: the CPU with default hooks. `options` may be NULL. */
INGOT_API ingot_error *ingot_model_load(ingot_device *device, const char *path,
                                        const ingot_model_options *options,
                                        ingot_model **model);
/* The same from memory, 64-byte aligned, which must outlive the model. */
INGOT_API ingot_error *
ingot_model_load_memory(ingot_device *device, const void *data, size_t size,
                        const ingot_model_options *options,
                        ingot_model **model);
INGOT_API void ingot_model_destroy(ingot_model *model); /* NULL is fine */
/* Reads code and weights of all targets and compares them with their hashes. */
INGOT_API ingot_error *ingot_model_verify(const ingot_model *model);

/* Session -------------------------------------------------------------------
 * One caller's bound tensors, working memory and threads. Calls on one session
 * must not overlap (a run that does returns INGOT_ERROR_BUSY); sessions of one
 * model run concurrently. An idle session uses no CPU. */

typedef struct ingot_session ingot_session;

/* Who multiplies matrices on a GPU, where the artifact leaves the choice. */
typedef enum ingot_gemm {
  INGOT_GEMM_AUTO = 0,    /* cuBLASLt where it was measured to be faster and is
                           * found, else the artifact's kernels */
  INGOT_GEMM_OURS = 1,    /* the artifact's kernels */
  INGOT_GEMM_CUBLASLT = 2 /* cuBLASLt wherever it can; an error without it */
} ingot_gemm;

typedef struct ingot_session_options {
  size_t struct_size;
  /* That run, caller included; 0: one per CPU allowed. Not used on a GPU. */
  int32_t threads;
  ingot_thread_pool thread_pool; /* all zero: threads of the session's own */
  int32_t cached_binds;          /* shapes kept ready; 0: 8 */
  /* On a GPU: the CUstream that runs are put on, which must outlive the
   * session. NULL: a stream of the session's own. */
  void *stream;
  /* cuBLASLt is opened from the system, or from the path in the environment
   * variable INGOT_CUBLASLT. */
  ingot_gemm gemm;
} ingot_session_options;
#define INGOT_SESSION_OPTIONS_INIT                                             \
  { sizeof(ingot_session_options), 0, {NULL, NULL}, 0, NULL, INGOT_GEMM_AUTO }

/* `options` may be NULL. */
INGOT_API ingot_error *
ingot_session_create(ingot_model *model, const ingot_session_options *options,
                     ingot_session **session);
INGOT_API void ingot_session_destroy(ingot_session *session); /* NULL is fine */
INGOT_API ingot_error *ingot_session_set_threads(ingot_session *session,
                                                 int32_t threads);
/* Entries are separate functions of an artifact over the same weights and
 * state; the first is chosen at creation. Each keeps its own bound tensors. */
INGOT_API ingot_error *ingot_session_use_entry(ingot_session *session,
                                               const char *entry);

/* Binds a borrowed tensor: the struct is copied, the data must stay valid until
 * the last run that uses it. Dims may differ from call to call. */
INGOT_API ingot_error *ingot_session_set_input(ingot_session *session,
                                               const char *name,
                                               const ingot_tensor *tensor);
/* Has an output written to the caller's memory. A rank of -1 leaves the dims to
 * the model. NULL: back to memory of the session. Memory of outputs must not
 * overlap other outputs or inputs. */
INGOT_API ingot_error *ingot_session_set_output(ingot_session *session,
                                                const char *name,
                                                const ingot_tensor *tensor);
/* Checks the bound inputs and sizes everything for them. `run` does it by
 * itself; call it to learn the dims of outputs, or to pay for it early. */
INGOT_API ingot_error *ingot_session_bind(ingot_session *session);
/* Computes all outputs. After the first run of a shape: no allocation and no
 * locks. After an error the outputs are undefined and the session is usable. */
INGOT_API ingot_error *ingot_session_run(ingot_session *session);
/* For benchmarks: the bound inputs `count` times, on a GPU put on the stream
 * one behind the other without a wait in between; the time of all by the
 * device's clock. Outputs are those of a run. */
INGOT_API ingot_error *ingot_session_time(ingot_session *session,
                                          uint32_t count, int64_t *nanoseconds);
/* Type, dims and memory of an output as of the last bind or run. Memory of the
 * session is valid until the next bind, run, reserve or destroy. */
INGOT_API ingot_error *ingot_session_get_output(ingot_session *session,
                                                const char *name,
                                                ingot_tensor *tensor);

typedef struct ingot_dim {
  const char *symbol;
  int64_t value;
} ingot_dim;

/* Sizes working memory for these dims, so that later binds of dims that need
 * no more do not allocate. Symbols left out take their declared maximum. */
INGOT_API ingot_error *ingot_session_reserve(ingot_session *session,
                                             const ingot_dim *dims,
                                             size_t count);
/* Zeroes the session's state (such as a KV cache). */
INGOT_API ingot_error *ingot_session_reset(ingot_session *session);

/* While *flag is nonzero, runs end with INGOT_ERROR_CANCELLED at the next step;
 * on a GPU, a run that has begun is finished.
 * The flag is the caller's, may be set from any thread (atomically), and is
 * never written here. NULL: none. */
INGOT_API ingot_error *
ingot_session_set_cancel_flag(ingot_session *session,
                              const volatile int32_t *flag);

typedef struct ingot_step_profile {
  uint32_t step;       /* number in the entry's plan */
  const char *name;    /* of the step */
  const char *kernel;  /* or "copy", "fill" */
  int64_t nanoseconds; /* 0 for a step skipped because its grid is empty */
  int64_t flops;       /* -1 where the compiler gave no number */
  int64_t bytes;
  int64_t tasks;
  uint32_t source_count; /* model nodes that the step computes */
  const void *internal;
  /* Of all threads together, at work on the step; the rest of threads x
   * `nanoseconds` they waited. 0 on a GPU. */
  int64_t busy_nanoseconds;
} ingot_step_profile;
/* Name of one of the nodes; NULL from `source_count` on. */
INGOT_API const char *
ingot_step_profile_source(const ingot_step_profile *profile, uint32_t index);

/* Called for each step at the end of each successful run, on the thread that
 * runs. Strings live as long as the model. NULL: no clock is read. */
typedef void (*ingot_profile_function)(void *user,
                                       const ingot_step_profile *profile);
INGOT_API ingot_error *
ingot_session_set_profile(ingot_session *session,
                          ingot_profile_function function, void *user);

/* Looking inside ------------------------------------------------------------
 * Strings live as long as the model. Indices count from 0; entry 0 is the
 * default. */

typedef struct ingot_model_info {
  const char *producer;
  const char *target; /* whose code was chosen; NULL after `inspect` */
  uint32_t format_version;
  uint32_t kernel_abi;
  uint32_t entry_count;
  uint32_t symbol_count;
  uint64_t file_bytes;
  uint64_t weight_bytes;
  uint64_t code_bytes; /* of the chosen target, else of all */
} ingot_model_info;
INGOT_API void ingot_model_get_info(const ingot_model *model,
                                    ingot_model_info *info);

typedef struct ingot_entry_info {
  const char *name;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t step_count;   /* of the chosen target's plan, else 0 */
  const char *peak_text; /* working memory as a formula, or "" */
} ingot_entry_info;
INGOT_API ingot_error *ingot_model_get_entry(const ingot_model *model,
                                             uint32_t entry,
                                             ingot_entry_info *info);

typedef struct ingot_tensor_info {
  const char *name;
  ingot_type type;
  int32_t rank;
  int64_t dims[INGOT_MAX_RANK]; /* -1: depends on symbols */
  /* "768", "sequence", "past + sequence" */
  const char *dim_texts[INGOT_MAX_RANK];
} ingot_tensor_info;
INGOT_API ingot_error *ingot_model_get_input(const ingot_model *model,
                                             uint32_t entry, uint32_t index,
                                             ingot_tensor_info *info);
INGOT_API ingot_error *ingot_model_get_output(const ingot_model *model,
                                              uint32_t entry, uint32_t index,
                                              ingot_tensor_info *info);

typedef struct ingot_symbol_info {
  const char *name;
  int64_t min; /* INT64_MIN, INT64_MAX: no limit declared */
  int64_t max;
  int32_t fixed; /* nonzero: fixed by the compiler to min == max */
} ingot_symbol_info;
INGOT_API ingot_error *ingot_model_get_symbol(const ingot_model *model,
                                              uint32_t index,
                                              ingot_symbol_info *info);

typedef struct ingot_memory {
  uint64_t arena;          /* working memory of a session */
  uint64_t worker_scratch; /* more of it, for each thread */
  uint64_t outputs;        /* of the session, where the caller gives none */
  uint64_t state;
  uint64_t library; /* workspace of cuBLASLt, in sessions that use it */
} ingot_memory;
/* What a session of the entry needs at these dims (as for `reserve`), without
 * allocating it. */
INGOT_API ingot_error *ingot_model_get_memory(const ingot_model *model,
                                              uint32_t entry,
                                              const ingot_dim *dims,
                                              size_t count,
                                              ingot_memory *memory);

/* The artifact's checked FlatBuffers header (runtime/artifact.fbs), for tools.
 */
INGOT_API const void *ingot_model_header(const ingot_model *model,
                                         size_t *size);

#ifdef __cplusplus
}
#endif
#endif
