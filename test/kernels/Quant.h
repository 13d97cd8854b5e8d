// A linear with quantized weights, arranged and multiplied by quant_arrange.cuh
// and linear_quant.cuh, judged in double.
#pragma once

#include "Gemm.h"

namespace ingot::emulator {

// An instance of the templates, and its stub with kernels `arrange` and
// `quant_test`.
struct QuantVariant {
  std::string math = "bf16", weight = "QuantI4", scale = "f16";
  bool zeros = false;
  int block = 32; // 0: one a column
  int k = 256;
  int tiles = 1, units = 1, rowTiles = 2, wk = 4, wn = 1, bytes = 96 * 1024;
  int panel = 0; // columns, of what is arranged; 0: as it lies
  std::string activation = "Identity";
  bool bias = true, residual = true, wide = true;
  // The kernel for all rows of quantized.cuh, of so many columns.
  bool isWhole = false;
  int columns = 0;

  Type type() const { return math == "bf16" ? Type::Bf16 : Type::F16; }
  int bits() const { return weight.back() == '4' ? 4 : 8; }
  int blocks() const { return block ? (k + block - 1) / block : 1; }
  unsigned threads() const { return isWhole ? 256 : unsigned(32 * wk * wn); }
  // As QuantConfig counts it; of the whole kernel no more than that.
  unsigned shared() const;
  std::string stub(bool launchesNext = true) const; // sm_90 can
};

// What a test changes about the operands.
struct QuantCase {
  int m, n;
  int pitch = 0, offset = 8;                     // of A, from K on; elements
  std::vector<std::pair<int, double>> rows = {}; // of A: element, value
  std::vector<std::pair<int, unsigned>> weights = {}; // element, bits
};

// Runs one product. Returns what is wrong, or nothing.
std::string runQuant(const QuantVariant &v, Stub &stub, const QuantCase &c);

} // namespace ingot::emulator
