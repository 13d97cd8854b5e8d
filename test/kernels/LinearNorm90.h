// Products of linear_norm90.cuh whose rows are normalized.
#pragma once

#include "Gemm.h"

namespace ingot::emulator {

// An instance of the template, and its stub with kernel `norm_test`.
struct NormVariant90 {
  std::string math = "bf16";
  int bn = 64, blocks = 3;
  bool layer = true;
  std::string out = "float"; // or math
  bool keep = false, copy = true;
  int clusters = 2;
  int columns = 0; // a constant of the stub as the compiler's are; 0: any
  bool stores() const { return copy || out != "float"; }
  Type type() const { return math == "bf16" ? Type::Bf16 : Type::F16; }
  unsigned shared() const {
    int panels = stores() ? bn * 256 : 0,
        exchange = 2 * (blocks * 128 * 4 + 8 * 8), stage = (128 + bn) * 128,
        stages = std::min((226 * 1024 - panels - exchange) / stage, 8);
    return unsigned(stages * (stage + 16) + panels + exchange + 16);
  }
  std::string stub() const;
};

// Runs one; what is wrong, or nothing. `special`: rows of zeros, of one value,
// of infinities and NaN are among the others.
std::string runLinearNorm90(const NormVariant90 &v, Stub &stub, int m, int n,
                            int k, bool special = false);

} // namespace ingot::emulator
