// Products of gemm90.cuh and gemm90_turns.cuh.
#pragma once

#include "Gemm.h"

#include <array>

namespace ingot::emulator {

// An instance of the template, and its stub with kernel `gemm_test`.
struct Variant90 {
  std::string math = "bf16";
  int bn = 128, stages = 4;
  bool stores = true; // by TMA
  int cm = 1, cn = 1;
  int v = 2;
  std::string activation = "GeluTanh";
  bool bias = true, residual = true;
  int blocks = 3;     // or the next multiple of the cluster
  int parts = 0;      // of K; 0: NoSplits
  bool turns = false; // a tile for each consumer
  Type type() const {
    return math == "bf16" ? Type::Bf16 : math == "f16" ? Type::F16 : Type::F32;
  }
  unsigned shared() const {
    // Panels of a consumer: two in turn where not all of a tile fit.
    int ring = stages * ((128 + bn) * 128 + 16) + 16, panels = bn / 64;
    if (!turns && ring + 2 * panels * 64 * 128 > 227 * 1024)
      panels = 2;
    return unsigned(ring + (stores ? panels * 64 * 256 * (turns ? 2 : 1) : 0));
  }
  std::string stub() const;
};

// Runs one product; what is wrong, or nothing.
std::string runGemm90(const Variant90 &v, Stub &stub, int m, int n, int k);

// Expects products of all shapes (m, n, k) to be right in every mode.
void expectGemm90(const Variant90 &v,
                  const std::vector<std::array<int, 3>> &shapes);

// Expects 256x256x192 in tiles of 128x128 to come and go by TMA alone.
void expectMovesByTheBulk(const Variant90 &v);

// SASS for sm_90a, empty where there is no disassembler. Expects the kernel to
// fit: no stack frame, no spills, registers that setmaxnreg starts from; and
// none of the assembler's notes (waits injected, setmaxnreg ignored, wgmma
// serialized).
std::string expectHopperCode(const std::string &stub);

} // namespace ingot::emulator
