// Dependent launch: a kernel behind an edge of kernels begins while those
// before it run. Here they have run, so what matters is what its threads touch
// before they wait: nothing that the graph has written, and they write nothing.
#include "machine.h"

namespace ingot::emulator {

void checkEarly(const void *p, size_t bytes, bool isWrite, const Where &where) {
  if (!machine.launch.isEarly || machine.current->hasWaited)
    return;
  if (isWrite)
    fail(Fault::LaunchFailed,
         format("missing grid_wait: %zu-byte write of %s, while kernels before "
                "may still run",
                bytes, memory.describe(p).c_str()),
         where);
  if (memory.isOfGraph(p, bytes))
    fail(Fault::LaunchFailed,
         format("missing grid_wait: %zu-byte read of %s, which the graph has "
                "written",
                bytes, memory.describe(p).c_str()),
         where);
}

// A grid that nobody waits in may be done before those before it are, and the
// next one, which waits for it alone, would begin too soon.
void finishEarly() {
  if (machine.launch.isEarly && !machine.hasWaited)
    fail(Fault::LaunchFailed,
         "missing grid_wait: the grid ends, and no thread has waited for the "
         "kernels before it",
         machine.letsNext);
}

} // namespace ingot::emulator

using namespace ingot::emulator;

extern "C" {

void emu_grid_wait() { machine.current->hasWaited = machine.hasWaited = true; }

void emu_grid_launch_next(const char *file, int line) {
  machine.letsNext = {file, line};
}

} // extern "C"
