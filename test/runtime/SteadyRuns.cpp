// Runs an artifact again and again and counts what a steady run must not do.
//   steady-runs FILE THREADS RUNS TARGET [SYMBOL=SIZE ...]     TARGET "": best
// All elements of the inputs are 1. Prints, as JSON, what the plan says of one
// run (steps, flops, bytes), allocations until the shape had run, and what all
// RUNS after that did together: allocations, and calls of syscall(), through
// which threads sleep and are woken. Steady runs of different numbers, under
// strace or callgrind, differ by what runs alone did.
#include "ingot/ingot.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

static std::atomic<long> allocations{0}, systemCalls{0};

// Definitions in a program go before those of the libraries it links.
extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void *realloc(void *pointer, size_t size) {
  ++allocations;
  return __libc_realloc(pointer, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **result, size_t alignment, size_t size) {
  ++allocations;
  *result = __libc_memalign(alignment, size);
  return *result ? 0 : 12; // ENOMEM
}
long syscall(long number, ...) {
  static auto real =
      reinterpret_cast<long (*)(long, ...)>(dlsym(RTLD_NEXT, "syscall"));
  ++systemCalls;
  va_list list;
  va_start(list, number);
  long arguments[6];
  for (long &argument : arguments)
    argument = va_arg(list, long);
  va_end(list);
  return real(number, arguments[0], arguments[1], arguments[2], arguments[3],
              arguments[4], arguments[5]);
}
}

static void check(ingot_error *error) {
  if (!error)
    return;
  fprintf(stderr, "steady-runs: %s\n", ingot_error_message(error));
  exit(1);
}

/// A dim: a number, or a symbol that `sizes` ("batch=1") gives.
static int64_t sizeOf(const char *text, char **sizes, int count) {
  size_t length = strlen(text);
  for (int i = 0; i < count; ++i)
    if (!strncmp(sizes[i], text, length) && sizes[i][length] == '=')
      return atoll(sizes[i] + length + 1);
  return atoll(text);
}

static void fill(std::vector<char> &data, ingot_type type) {
  for (size_t i = 0; i < data.size(); i += size_t(ingot_type_bits(type)) / 8) {
    const float one = 1;
    if (type == INGOT_TYPE_F32)
      memcpy(&data[i], &one, sizeof(one));
    else // of integers the lowest byte
      data[i] = 1;
  }
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fputs("usage: steady-runs FILE THREADS RUNS TARGET [SYMBOL=SIZE ...]\n",
          stderr);
    return 2;
  }
  ingot_model_options modelOptions = INGOT_MODEL_OPTIONS_INIT;
  modelOptions.target = *argv[4] ? argv[4] : nullptr;
  ingot_model *model = nullptr;
  check(ingot_model_load(nullptr, argv[1], &modelOptions, &model));
  ingot_session_options options = INGOT_SESSION_OPTIONS_INIT;
  options.threads = atoi(argv[2]);
  ingot_session *session = nullptr;
  check(ingot_session_create(model, &options, &session));

  ingot_entry_info entry;
  check(ingot_model_get_entry(model, 0, &entry));
  std::vector<std::vector<char>> inputs(entry.input_count);
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    ingot_tensor_info info;
    check(ingot_model_get_input(model, 0, i, &info));
    ingot_tensor tensor = {};
    tensor.type = info.type;
    tensor.rank = info.rank;
    tensor.bytes = size_t(ingot_type_bits(info.type)) / 8;
    for (int32_t d = 0; d < info.rank; ++d) {
      tensor.dims[d] = sizeOf(info.dim_texts[d], argv + 5, argc - 5);
      tensor.bytes *= size_t(tensor.dims[d]);
    }
    inputs[i].resize(tensor.bytes);
    fill(inputs[i], info.type);
    tensor.data = inputs[i].data();
    check(ingot_session_set_input(session, info.name, &tensor));
  }

  long plan[3] = {}; // steps, flops, bytes
  auto add = [](void *user, const ingot_step_profile *step) {
    auto *sums = static_cast<long *>(user);
    sums[0] += 1;
    sums[1] += step->flops > 0 ? step->flops : 0;
    sums[2] += step->bytes > 0 ? step->bytes : 0;
  };
  check(ingot_session_set_profile(session, add, plan));
  check(ingot_session_run(session));
  check(ingot_session_set_profile(session, nullptr, nullptr));
  check(ingot_session_run(session));

  long allocationsBefore = allocations, systemCallsBefore = systemCalls;
  for (int i = 0; i < atoi(argv[3]); ++i)
    check(ingot_session_run(session));
  long allocationsAfter = allocations, systemCallsAfter = systemCalls;
  printf("{\"steps\": %ld, \"flops\": %ld, \"bytes\": %ld, "
         "\"allocations_before\": %ld, \"allocations\": %ld, "
         "\"system_calls\": %ld}\n",
         plan[0], plan[1], plan[2], allocationsBefore,
         allocationsAfter - allocationsBefore,
         systemCallsAfter - systemCallsBefore);
  ingot_session_destroy(session);
  ingot_model_destroy(model);
}
