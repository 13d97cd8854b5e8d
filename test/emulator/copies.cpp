// cp.async: between issue and wait the target holds garbage, and the data
// arrives when the hardware likes: with the wait (late), at once (early) or in
// between (random).
#include "machine.h"

#include <algorithm>
#include <cstring>

namespace ingot::emulator {

static void land(Copy &c) {
  if (c.landed)
    return;
  c.landed = true;
  memcpy(c.to, c.from, static_cast<size_t>(c.valid));
  memset(c.to + c.valid, 0, static_cast<size_t>(c.bytes - c.valid));
}

// Lands the copies of groups up to `group` and makes them visible to their
// thread.
static void complete(Thread &t, uint32_t group) {
  auto covered = [&](const Copy &c) { return c.group <= group; };
  auto end = std::stable_partition(t.copies.begin(), t.copies.end(),
                                   [&](const Copy &c) { return !covered(c); });
  for (auto i = t.copies.end(); i != end;) {
    --i;
    land(*i);
    memory.setStates(i->to, static_cast<size_t>(i->bytes), Allocated | Written);
    noteGenericWrite(t, i->to, static_cast<size_t>(i->bytes));
  }
  t.copies.erase(end, t.copies.end());
  t.waited = std::max(t.waited, group);
}

void landSome() {
  Block &block = machine.blocks[machine.next(
      std::min<unsigned>(machine.launch.resident, windowCount))];
  if (!block.active)
    return;
  Thread &t = block.threads[machine.next(machine.launch.threads)];
  if (!t.copies.empty())
    land(t.copies[machine.next(static_cast<uint32_t>(t.copies.size()))]);
}

void finishCopies(Thread &t) {
  if (t.copies.empty())
    return;
  fail(Fault::LaunchFailed,
       format("missing wait: the thread returns with %zu asynchronous copies "
              "in flight",
              t.copies.size()),
       t.where);
}

} // namespace ingot::emulator

using namespace ingot::emulator;

extern "C" {

void emu_copy_async(void *shared, const void *global, int bytes, int valid,
                    const char *file, int line) {
  Thread &t = *machine.current;
  Where where{file, line};
  t.where = where;
  emu_saddr(shared, file, line);
  if (valid < 0 || valid > bytes)
    fail(Fault::LaunchFailed,
         format("copy_async%d with %d valid bytes", bytes, valid), where);
  auto address = reinterpret_cast<uintptr_t>(global);
  if (address % static_cast<unsigned>(bytes))
    fail(Fault::MisalignedAddress,
         format("misaligned: copy_async%d from %s, address %p", bytes,
                memory.describe(global).c_str(), global),
         where);
  // Also a copy of no bytes has an address that the hardware may look at.
  size_t offset = memory.offsetOf(global);
  bool known = offset < regionBytes && offset >= pinnedStart &&
               memory.states[offset] & Allocated;
  if (!known)
    fail(Fault::IllegalAddress,
         format("out of bounds: asynchronous copy of %d bytes from ", valid) +
             memory.describe(global),
         where);
  ++machine.stats.asyncCopies[bytes == 4 ? 0 : bytes == 8 ? 1 : 2];
  access(global, static_cast<size_t>(valid), IsCopy | AnyAlignment, where);
  access(shared, static_cast<size_t>(bytes), IsCopy | IsWrite, where);
  memset(shared, 0xff, static_cast<size_t>(bytes));
  memory.setStates(shared, static_cast<size_t>(bytes), Allocated | Pending);
  t.copies.push_back({static_cast<char *>(shared),
                      static_cast<const char *>(global), bytes, valid,
                      t.committed + 1, false});
  if (machine.options.mode == Mode::Early)
    land(t.copies.back());
}

void emu_copy_commit() { ++machine.current->committed; }

void emu_copy_wait(int groups, const char *file, int line) {
  Thread &t = *machine.current;
  if (t.committed > static_cast<uint32_t>(groups))
    complete(t, t.committed - static_cast<uint32_t>(groups));
}

} // extern "C"
