// Atomics, and acquire and release between threads and blocks.
#include "machine.h"

#include <cstring>

using namespace ingot::emulator;

namespace {

template <class T>
T apply(int operation, T old, T value, T expected) {
  switch (operation) {
  case EMU_ADD:
    return old + value;
  case EMU_ATOMIC_MIN:
    return value < old ? value : old;
  case EMU_ATOMIC_MAX:
    return value > old ? value : old;
  case EMU_EXCHANGE:
    return value;
  default:
    return old == expected ? value : old;
  }
}

template <class T>
unsigned long long update(int operation, void *p, unsigned long long value,
                          unsigned long long expected) {
  T old, v, e;
  memcpy(&old, p, sizeof old);
  memcpy(&v, &value, sizeof v);
  memcpy(&e, &expected, sizeof e);
  T result = apply(operation, old, v, e);
  memcpy(p, &result, sizeof result);
  unsigned long long word = 0;
  memcpy(&word, &old, sizeof old);
  return word;
}

} // namespace

extern "C" {

unsigned long long emu_atomic(int operation, int type, void *p,
                              unsigned long long value,
                              unsigned long long expected, int acquire_release,
                              const char *file, int line) {
  Thread &t = *machine.current;
  Where where{file, line};
  access(p, type == EMU_U64 ? 8 : 4, IsWrite | IsAtomic | IsUpdate, where);
  unsigned long long old = 0;
  switch (type) {
  case EMU_I32:
    old = update<int>(operation, p, value, expected);
    break;
  case EMU_U32:
    old = update<unsigned>(operation, p, value, expected);
    break;
  case EMU_U64:
    old = update<unsigned long long>(operation, p, value, expected);
    break;
  default:
    old = update<float>(operation, p, value, expected);
  }
  if (acquire_release) {
    acquire(t, p);
    release(t, p);
  }
  // Others may come in between two atomics of a thread.
  if (machine.options.mode == Mode::Random || acquire_release)
    machine.yield();
  return old;
}

unsigned emu_load_acquire(const unsigned *p, const char *file, int line) {
  Thread &t = *machine.current;
  Where where{file, line};
  t.where = where;
  access(p, 4, IsAtomic, where);
  unsigned value = *p;
  acquire(t, p);
  bool spins = t.spinsOn == p && t.spinValue == value;
  t.spinsOn = p;
  t.spinValue = value;
  if (!spins)
    machine.idleSpins = 0;
  else if (++machine.idleSpins > 100000 && landOne())
    machine.idleSpins = 0;
  else if (machine.idleSpins > 100000)
    fail(Fault::LaunchFailed,
         format("deadlock: threads spin, and no resident block changes what "
                "they read (%llu of %llu blocks were started)",
                static_cast<unsigned long long>(machine.launch.next),
                static_cast<unsigned long long>(machine.launch.blocks)),
         where);
  machine.yield();
  return value;
}

void emu_store_release(unsigned *p, unsigned value, const char *file,
                       int line) {
  Thread &t = *machine.current;
  access(p, 4, IsWrite | IsAtomic, {file, line});
  release(t, p);
  *p = value;
  machine.yield();
}

void emu_read(const void *p, unsigned bytes, const char *file, int line) {
  access(p, bytes, 0, {file, line});
}

void emu_write(void *p, unsigned bytes, const char *file, int line) {
  access(p, bytes, IsWrite, {file, line});
}

} // extern "C"
