#include "tools/ingot/CpuPeak.h"

#include <immintrin.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace ingot::cli {

namespace {
using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr int64_t kSteps = 1 << 16;
constexpr int kChains = 12; // more than latency x issue width of any core

// Twelve independent sums in registers 4 to 15, all zero; in assembly, because
// compilers spill an array of sums.
#define CHAIN(OP, WIDTH, NUMBER)                                               \
  OP " %%" WIDTH "mm0, %%" WIDTH "mm1, %%" WIDTH "mm" NUMBER "\n"
// clang-format off
#define CHAINS(OP, W)                                                          \
  CHAIN(OP, W, "4") CHAIN(OP, W, "5") CHAIN(OP, W, "6") CHAIN(OP, W, "7")      \
  CHAIN(OP, W, "8") CHAIN(OP, W, "9") CHAIN(OP, W, "10") CHAIN(OP, W, "11")    \
  CHAIN(OP, W, "12") CHAIN(OP, W, "13") CHAIN(OP, W, "14") CHAIN(OP, W, "15")
// clang-format on
#define LOOP(OP, WIDTH)                                                        \
  asm volatile(                                                                \
      "vzeroall\n1:\n" CHAINS(OP, WIDTH) "sub $1, %0\njne 1b\nvzeroall\n"      \
      : "+r"(steps)                                                            \
      :                                                                        \
      : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",  \
        "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

/// Floating-point operations done.
double multiplyAdd8() {
  int64_t steps = kSteps;
  LOOP("vfmadd231ps", "y");
  return 2.0 * 8 * kChains * kSteps;
}

double multiplyAdd16() {
  int64_t steps = kSteps;
  LOOP("vfmadd231ps", "z");
  return 2.0 * 16 * kChains * kSteps;
}

/// Of pairs of bf16.
double multiplyAddPairs() {
  int64_t steps = kSteps;
  LOOP("vdpbf16ps", "z");
  return 2.0 * 32 * kChains * kSteps;
}

/// Of tiles of 16 rows of 16 pairs: six sums of zeros.
__attribute__((target("amx-tile,amx-bf16"))) double multiplyAddTiles() {
  // Static: GCC takes the instruction to read 8 bytes of it.
  static constexpr struct alignas(64) {
    uint8_t palette = 1, startRow = 0, reserved[14] = {};
    uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } configuration;
  _tile_loadconfig(&configuration); // zeros
  for (int64_t i = 0; i < kSteps; ++i) {
    _tile_dpbf16ps(0, 6, 7);
    _tile_dpbf16ps(1, 6, 7);
    _tile_dpbf16ps(2, 6, 7);
    _tile_dpbf16ps(3, 6, 7);
    _tile_dpbf16ps(4, 6, 7);
    _tile_dpbf16ps(5, 6, 7);
  }
  _tile_release();
  return 2.0 * 16 * 16 * 32 * 6 * kSteps;
}

/// Ones, in huge pages where the system has them.
class Ones {
public:
  explicit Ones(size_t megabytes) : count((megabytes << 20) / sizeof(float)) {
    constexpr size_t kHugePage = 2 << 20;
    const size_t bytes = megabytes << 20; // a multiple of it: even
    data.reset(static_cast<float *>(aligned_alloc(kHugePage, bytes)));
    madvise(data.get(), bytes, MADV_HUGEPAGE);
    std::fill_n(data.get(), count, 1.0f);
  }
  struct Free {
    void operator()(float *memory) const { free(memory); }
  };
  std::unique_ptr<float, Free> data;
  size_t count;
};

/// Bytes read.
__attribute__((target("avx2"))) double read(const Ones &ones, float *sink) {
  const float *data = ones.data.get();
  __m256 sums[8] = {};
  for (size_t i = 0; i < ones.count; i += 64)
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j)
      sums[j] = _mm256_add_ps(sums[j], _mm256_loadu_ps(&data[i + 8 * j]));
  for (__m256 sum : sums)
    sink[3] += _mm256_cvtss_f32(sum);
  return static_cast<double>(ones.count) * sizeof(float);
}

/// Best rate of all threads together: each try is one piece of work a thread,
/// timed from the first start to the last end.
template <typename Work>
double bestRate(int threads, double seconds, Work work) {
  double best = 0;
  Clock::time_point start = Clock::now();
  do {
    std::vector<double> done(static_cast<size_t>(threads));
    Clock::time_point tryStart = Clock::now();
    std::vector<std::thread> pool;
    for (int t = 0; t < threads; ++t)
      pool.emplace_back([&, t] { done[static_cast<size_t>(t)] = work(t); });
    for (std::thread &thread : pool)
      thread.join();
    double elapsed = secondsSince(tryStart), total = 0;
    for (double part : done)
      total += part;
    best = std::max(best, total / elapsed);
  } while (secondsSince(start) < seconds);
  return best;
}
} // namespace

int allowedCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

std::string cpuName() {
  std::string name = "unknown";
  char line[512];
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(line, sizeof(line), file))
    if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
      name = strchr(line, ':') + 2;
      name.resize(name.find_last_not_of('\n') + 1);
      break;
    }
  if (file)
    fclose(file);
  return name;
}

bool obtainTiles() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18; // asm/prctl.h
  return __builtin_cpu_supports("amx-bf16") &&
         syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

CpuPeak measureCpuPeak(int threads, double seconds, size_t megabytes,
                       Products products) {
  auto multiplyAdd = products == Products::Bf16Tiles     ? multiplyAddTiles
                     : products == Products::Bf16        ? multiplyAddPairs
                     : __builtin_cpu_supports("avx512f") ? multiplyAdd16
                                                         : multiplyAdd8;
  // Each thread's on cache lines of its own.
  std::vector<float> sinks(static_cast<size_t>(threads) * 64, 0.5f);
  CpuPeak peak;
  peak.flops = bestRate(threads, seconds, [&](int) {
    double done = 0;
    for (int i = 0; i < 40; ++i) // so long that starting a thread is nothing
      done += multiplyAdd();
    return done;
  });
  std::vector<std::unique_ptr<Ones>> data(static_cast<size_t>(threads));
  bestRate(threads, 0, [&](int t) {
    data[static_cast<size_t>(t)] = std::make_unique<Ones>(megabytes);
    return 0.0;
  });
  peak.bytes = bestRate(threads, seconds, [&](int t) {
    return read(*data[static_cast<size_t>(t)],
                &sinks[static_cast<size_t>(t) * 64]);
  });
  return peak;
}

} // namespace ingot::cli
