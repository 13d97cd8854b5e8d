// The peak of tools/ingot/CpuPeak.h for bench/cpu/run.py, measured beside the
// models.
//   cpu-peak THREADS SECONDS [bf16]     prints {"gflops": ..., "gbytes": ...};
//                                       bf16: by AMX tiles where there are any
#include "tools/ingot/CpuPeak.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

int main(int argc, char **argv) {
  bool bf16 = argc == 4 && !strcmp(argv[3], "bf16");
  if (argc != 3 && !bf16) {
    fputs("usage: cpu-peak THREADS SECONDS [bf16]\n", stderr);
    return 2;
  }
  int threads = std::max(1, atoi(argv[1]));
  using ingot::cli::Products;
  Products products = !bf16                       ? Products::F32
                      : ingot::cli::obtainTiles() ? Products::Bf16Tiles
                                                  : Products::Bf16;
  ingot::cli::CpuPeak peak =
      ingot::cli::measureCpuPeak(threads, atof(argv[2]), 192, products);
  printf("{\"gflops\": %.1f, \"gbytes\": %.1f}\n", peak.flops * 1e-9,
         peak.bytes * 1e-9);
  return 0;
}
