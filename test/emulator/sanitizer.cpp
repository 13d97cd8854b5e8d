// What -fsanitize=thread makes the compiler call before each load and store of
// a stub. Nothing of ThreadSanitizer's own runtime is linked.
#include "machine.h"

#include <cstring>

using namespace ingot::emulator;

static void note(const void *p, size_t bytes, unsigned flags, const void *pc) {
  if (memory.offsetOf(p) < regionBytes)
    ++machine.stats.callbacks;
  access(p, bytes, flags, {nullptr, 0, pc});
}

#pragma GCC visibility push(default)
extern "C" {

// The compiler aligns what it declares aligned, and calls `unaligned` where the
// type promises less than the size; nvcc splits those.
#define CALLBACKS(size)                                                        \
  void __tsan_read##size(void *p) {                                            \
    note(p, size, 0, __builtin_return_address(0));                             \
  }                                                                            \
  void __tsan_write##size(void *p) {                                           \
    note(p, size, IsWrite, __builtin_return_address(0));                       \
  }                                                                            \
  void __tsan_unaligned_read##size(void *p) {                                  \
    note(p, size, AnyAlignment, __builtin_return_address(0));                  \
  }                                                                            \
  void __tsan_unaligned_write##size(void *p) {                                 \
    note(p, size, IsWrite | AnyAlignment, __builtin_return_address(0));        \
  }                                                                            \
  void __tsan_volatile_read##size(void *p) {                                   \
    note(p, size, 0, __builtin_return_address(0));                             \
  }                                                                            \
  void __tsan_volatile_write##size(void *p) {                                  \
    note(p, size, IsWrite, __builtin_return_address(0));                       \
  }                                                                            \
  void __tsan_read_write##size(void *p) {                                      \
    note(p, size, IsWrite | IsUpdate, __builtin_return_address(0));            \
  }                                                                            \
  void __tsan_unaligned_read_write##size(void *p) {                            \
    note(p, size, IsWrite | IsUpdate | AnyAlignment,                           \
         __builtin_return_address(0));                                         \
  }
CALLBACKS(1)
CALLBACKS(2)
CALLBACKS(4)
CALLBACKS(8)
CALLBACKS(16)
#undef CALLBACKS

void __tsan_read_range(void *p, size_t n) {
  note(p, n, AnyAlignment, __builtin_return_address(0));
}
void __tsan_write_range(void *p, size_t n) {
  note(p, n, IsWrite | AnyAlignment, __builtin_return_address(0));
}

void *__tsan_memcpy(void *to, const void *from, size_t n) {
  note(from, n, AnyAlignment, __builtin_return_address(0));
  note(to, n, IsWrite | AnyAlignment, __builtin_return_address(0));
  return memcpy(to, from, n);
}
void *__tsan_memmove(void *to, const void *from, size_t n) {
  note(from, n, AnyAlignment, __builtin_return_address(0));
  note(to, n, IsWrite | AnyAlignment, __builtin_return_address(0));
  return memmove(to, from, n);
}
void *__tsan_memset(void *to, int value, size_t n) {
  note(to, n, IsWrite | AnyAlignment, __builtin_return_address(0));
  return memset(to, value, n);
}

void __tsan_init() {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit() {}
void __tsan_vptr_read(void **) {}
void __tsan_vptr_update(void **, void *) {}

} // extern "C"
#pragma GCC visibility pop
