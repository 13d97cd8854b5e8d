// One access of a kernel to memory: is it allowed, is the data there, does it
// race.
#include "machine.h"

#include <algorithm>
#include <cstring>

namespace ingot::emulator {
namespace {

static_assert(actorsOf(1024) <= 1 << 12);

// Who touched some of 8 bytes, in one word:
//   mask 8 | write 1 | atomic 1 | actor 12 | block 20 | clock 22
struct Slot {
  uint64_t word;
  uint8_t mask() const { return static_cast<uint8_t>(word); }
  bool isWrite() const { return word >> 8 & 1; }
  bool isAtomic() const { return word >> 9 & 1; }
  uint32_t actor() const { return word >> 10 & 0xfff; }
  uint32_t block() const { return word >> 22 & 0xfffff; }
  uint32_t clock() const { return static_cast<uint32_t>(word >> 42); }
};

Slot makeSlot(uint8_t mask, unsigned flags, uint32_t actor, uint32_t block,
              uint32_t clock) {
  return {mask | uint64_t((flags & IsWrite) != 0) << 8 |
          uint64_t((flags & IsAtomic) != 0) << 9 | uint64_t(actor) << 10 |
          uint64_t(block & 0xfffff) << 22 | uint64_t(clock) << 42};
}

// A byte of 0xff for each bit.
struct Expansion {
  uint64_t of[256];
  constexpr Expansion() : of() {
    for (int m = 0; m < 256; ++m)
      for (int i = 0; i < 8; ++i)
        if (m >> i & 1)
          of[m] |= uint64_t(0xff) << 8 * i;
  }
};
constexpr Expansion expand;
constexpr uint64_t everyByte = 0x0101010101010101;

// Who makes an access: a thread, or what is asynchronous.
struct Accessor {
  const Thread *thread; // or null
  const View *view;
  const Block *block;
  uint32_t actor, clock;
  const Block *window = block; // whose shared memory it may touch
  bool knows(uint32_t other, uint32_t actorThere, uint32_t when) const {
    return thread ? happenedBefore(*thread, other, actorThere, when)
                  : happenedBefore(*view, other, actorThere, when);
  }
};

// Of each byte of shared memory: 0, or a thread's store, which the asynchronous
// proxy must not read before the thread's fence: thread + 1 << 20 | fences of
// the thread before.
uint32_t genericWrites[windowCount * windowBytes];

uint32_t *genericWrite(size_t offset) {
  return genericWrites + (offset - windowStart);
}

const char *verb(unsigned flags) {
  return flags & IsAtomic  ? "atomic access"
         : flags & IsWrite ? "write"
                           : "read";
}

std::string sized(const void *p, size_t bytes, unsigned flags) {
  return format("%zu-byte %s of %s", bytes, verb(flags),
                memory.describe(p).c_str());
}

[[gnu::noinline]] void failState(const char *p, size_t bytes, unsigned flags,
                                 const Where &where) {
  const uint8_t *s = memory.states + memory.offsetOf(p);
  for (size_t i = 0; i < bytes; ++i) {
    std::string what = format("%zu-byte %s of %s", bytes, verb(flags),
                              memory.describe(p + i).c_str());
    if (s[i] & Freed)
      fail(Fault::IllegalAddress, "use after free: " + what, where);
    if (!(s[i] & Allocated))
      fail(Fault::IllegalAddress, "out of bounds: " + what, where);
    if (s[i] & Pending)
      fail(Fault::LaunchFailed,
           "missing wait: " + what +
               ", where an asynchronous copy is in flight",
           where);
    if (!(s[i] & Written))
      fail(Fault::LaunchFailed,
           "uninitialized: " + what + ", which nobody wrote", where);
  }
  fail(Fault::LaunchFailed,
       "emulator: inconsistent state of " + sized(p, bytes, flags), where);
}

[[gnu::noinline]] void failRace(const Accessor &by, const char *p, size_t bytes,
                                unsigned flags, Slot other,
                                const Where &where) {
  uint32_t count = machine.launch.threads, actor = other.actor();
  const char *what = other.isAtomic()  ? "atomic access"
                     : other.isWrite() ? "write"
                                       : "read";
  std::string who;
  if (actor < 2 * count)
    who = format("%s%s of thread %u",
                 actor < count ? "the " : "an asynchronous copy's ", what,
                 actor % count);
  else if (actor < 2 * count + transactionActors)
    who = format("the %s of TMA", what);
  else
    who = format("the %s of a wgmma of warpgroup %u", what,
                 actor - 2 * count - transactionActors);
  if (other.block() != (by.block->number & 0xfffff))
    who += format(" of block %u", other.block());
  fail(Fault::LaunchFailed,
       "race: " + sized(p, bytes, flags) + ", not ordered after " + who, where);
}

// Outside of the region: the thread's own stack, its parameters and the stub's
// constants are fine, other host memory is not.
[[gnu::noinline]] void outside(const char *p, size_t bytes, unsigned flags,
                               const Where &where);

// `p` lies in the region; is it memory this kernel may see at all?
bool visible(const Block &block, size_t offset) {
  if (offset < pinnedStart)
    return offset - windowStart - block.slot * windowBytes < windowBytes;
  return offset < arenaStart ||
         (offset - arenaStart) / arenaBytes == size_t(machine.launch.device);
}

[[gnu::noinline]] void failFence(const char *p, const Where &where) {
  uint32_t write = *genericWrite(memory.offsetOf(p));
  fail(Fault::LaunchFailed,
       format("missing fence: the asynchronous proxy reads %s, which thread %u "
              "stored without fence_async after it",
              memory.describe(p).c_str(), (write >> 20) - 1),
       where);
}

// Whether the asynchronous proxy may read what threads stored.
void checkFences(const Block &block, const char *p, size_t bytes,
                 const Where &where) {
  const uint32_t *writes = genericWrite(memory.offsetOf(p));
  for (size_t i = 0; i < bytes; ++i) {
    if (!writes[i])
      continue;
    const Thread &by = block.threads[(writes[i] >> 20) - 1];
    if ((by.fences & 0xfffff) == (writes[i] & 0xfffff))
      return failFence(p + i, where);
  }
}

void noteRace(const Accessor &by, size_t granule, Slot mine, const char *p,
              size_t bytes, unsigned flags, const Where &where) {
  uint32_t &page = memory.pageLaunch[granule * 8 / pageBytes];
  if (page != machine.launch.id) {
    memset(memory.slots +
               granule * 8 / pageBytes * (pageBytes / 8) * slotsPerGranule,
           0, pageBytes / 8 * slotsPerGranule * sizeof(uint64_t));
    page = machine.launch.id;
  }
  uint64_t *slots = memory.slots + granule * slotsPerGranule;
  int place = -1;
  for (int i = 0; i < slotsPerGranule; ++i) {
    Slot other{slots[i]};
    if (other.word == mine.word)
      return; // checked then, and whoever came since was checked against it
    if (!other.word) {
      if (place < 0)
        place = i;
      break;
    }
    if (!(other.mask() & mine.mask()))
      continue;
    bool covered = !(other.mask() & ~mine.mask());
    if (other.actor() == mine.actor() && other.block() == mine.block() &&
        !(flags & (IsCopy | IsAsync))) {
      if (covered && other.isAtomic() == mine.isAtomic() &&
          (mine.isWrite() || !other.isWrite()))
        place = i;
      continue;
    }
    if ((!other.isWrite() && !mine.isWrite()) ||
        (other.isAtomic() && mine.isAtomic()))
      continue;
    if (!by.knows(other.block(), other.actor(), other.clock()))
      return failRace(by, p, bytes, flags, other, where);
    // Who is ordered after this write is ordered after what came before it.
    if (covered && mine.isWrite() && !mine.isAtomic())
      place = i;
  }
  slots[place >= 0 ? place : static_cast<int>(machine.next(slotsPerGranule))] =
      mine.word;
}

void outside(const char *p, size_t bytes, unsigned flags, const Where &where) {
  const Thread &t = *machine.current;
  const std::vector<char> &parameters = machine.launch.parameters;
  if (static_cast<size_t>(p - t.stack) < (size_t(256) << 10) ||
      static_cast<size_t>(p - parameters.data()) < parameters.size())
    return;
  if (!(flags & IsWrite) && p >= machine.launch.constants &&
      p < machine.launch.constantsEnd)
    return;
  fail(Fault::IllegalAddress,
       format("out of bounds: %zu-byte %s of %s", bytes, verb(flags),
              memory.describe(p).c_str()),
       where);
}

void check(const Accessor &by, const char *p, size_t bytes, unsigned flags,
           const Where &where) {
  size_t offset = memory.offsetOf(p);
  if (!(flags & AnyAlignment) && (offset & (bytes - 1)))
    fail(Fault::MisalignedAddress,
         "misaligned: " + sized(p, bytes, flags) +
             format(", address %p", static_cast<const void *>(p)),
         where);
  if (!visible(*by.window, offset) || !visible(*by.window, offset + bytes - 1))
    fail(Fault::IllegalAddress,
         "out of bounds: " + sized(p, bytes, flags) +
             ", which belongs to another block or device",
         where);
  bool reads = !(flags & IsWrite) || (flags & IsUpdate);
  if (offset >= pinnedStart) {
    checkEarly(p, bytes, flags & IsWrite, where);
    if (flags & IsWrite)
      memory.noteOfGraph(p, bytes);
  }
  uint64_t want = everyByte * (reads ? Allocated | Written : Allocated);
  uint64_t care = want | everyByte * (Pending | Freed);
  bool isPlain = !(flags & (IsCopy | IsAsync));
  for (size_t done = 0; done < bytes;) {
    size_t from = (offset + done) & 7,
           length = std::min(8 - from, bytes - done);
    size_t granule = (offset + done) >> 3;
    auto mask =
        static_cast<uint8_t>((length == 8 ? 0xff : (1u << length) - 1) << from);
    uint64_t state, bits = expand.of[mask];
    memcpy(&state, memory.states + granule * 8, 8);
    if ((state ^ want) & care & bits)
      failState(p, bytes, flags, where);
    if ((flags & IsWrite) && isPlain && (~state & everyByte * Written & bits)) {
      state |= everyByte * Written & bits;
      memcpy(memory.states + granule * 8, &state, 8);
    }
    noteRace(by, granule,
             makeSlot(mask, flags, by.actor, by.block->number, by.clock), p,
             bytes, flags, where);
    done += length;
  }
  if (offset >= pinnedStart)
    return;
  if (flags & IsAsync) {
    if (!(flags & IsWrite))
      checkFences(*by.block, p, bytes, where);
  } else if ((flags & IsWrite) && !(flags & IsAtomic)) {
    noteGenericWrite(*by.thread, p, bytes);
  }
}

} // namespace

void noteAsyncWrite(const void *p, size_t bytes) {
  memset(genericWrite(memory.offsetOf(p)), 0, bytes * sizeof(uint32_t));
}

void noteGenericWrite(const Thread &t, const void *p, size_t bytes) {
  std::fill_n(genericWrite(memory.offsetOf(p)), bytes,
              static_cast<uint32_t>(t.tid + 1) << 20 | (t.fences & 0xfffff));
}

void forgetWrites(const Block &block, size_t bytes) {
  noteAsyncWrite(block.window(), bytes);
}

void access(const void *pointer, size_t bytes, unsigned flags,
            const Where &where) {
  Thread *t = machine.current;
  if (!t || !bytes)
    return;
  const char *p = static_cast<const char *>(pointer);
  size_t offset = memory.offsetOf(p);
  if (offset >= regionBytes)
    return outside(p, bytes, flags, where);
  if (flags & IsWrite)
    machine.idleSpins = 0;
  if (offset >= pinnedStart && bytes <= 16) {
    int width = 31 - __builtin_clz(static_cast<unsigned>(bytes));
    ++(flags & IsWrite ? machine.stats.globalStores
                       : machine.stats.globalLoads)[width];
  }
  if (!machine.options.checks)
    return;
  bool copy = flags & IsCopy;
  uint32_t self = static_cast<uint32_t>(t->tid);
  check({t, nullptr, t->block, copy ? machine.launch.threads + self : self,
         copy ? t->committed + 1 : t->clock},
        p, bytes, flags, where);
}

void accessRemote(const Block &window, const void *p, size_t bytes,
                  unsigned flags, const Where &where) {
  const Thread &t = *machine.current;
  machine.idleSpins = 0;
  if (machine.options.checks)
    check(
        {&t, nullptr, t.block, static_cast<uint32_t>(t.tid), t.clock, &window},
        static_cast<const char *>(p), bytes, flags, where);
}

void access(const AsyncActor &actor, const void *p, size_t bytes,
            unsigned flags, const Where &where) {
  if (bytes && machine.options.checks)
    check({nullptr, actor.view, actor.block, actor.actor, actor.clock},
          static_cast<const char *>(p), bytes, flags | IsAsync | AnyAlignment,
          where);
}

} // namespace ingot::emulator
