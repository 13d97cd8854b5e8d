// What the emulator found, in words: the first finding stops the kernel.
#pragma once

#include <string>

namespace ingot::emulator {

// A place in a kernel: what a verb noted, or the return address of a callback.
struct Where {
  const char *file = nullptr;
  int line = 0;
  const void *pc = nullptr;
};

// "gemm.cuh:65, inlined at stub.cu:13".
std::string describe(const Where &where);

// The driver's result codes that findings end in (cuda.h's values).
enum class Fault {
  IllegalAddress = 700,
  MisalignedAddress = 716,
  LaunchFailed = 719
};

struct Report {
  int result = 0; // 0: nothing found since the last reset
  std::string text;
};
extern Report report;

// Notes the finding (the first one stays) and prints it to stderr unless
// silenced. Adds kernel, block and thread where one runs; does not return
// there.
void fail(Fault fault, const std::string &what, const Where &where);

[[gnu::format(printf, 1, 2)]] std::string format(const char *format, ...);

} // namespace ingot::emulator
