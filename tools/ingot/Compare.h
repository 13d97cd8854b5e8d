// How far an output is from the expected one.
#pragma once

#include "tools/ingot/Array.h"

namespace ingot::cli {

struct Difference {
  double absolute = 0; // largest
  double relative = 0; // to the largest finite magnitude expected
  bool passed = false;
  std::string reason; // of a failure other than being too large
};

// An output passes where |actual - expected| <= atol + rtol x scale, scale
// being the largest finite magnitude expected; in f16 and bf16 they may also be
// neighbours at that magnitude. Magnitudes of 1e30 and more are
// mask fills: they do not count and must be met by fills of the same sign,
// infinities by infinities, NaN by NaN. Integers and bool must be equal.
Difference compare(const Array &actual, const Array &expected, double rtol,
                   double atol);

} // namespace ingot::cli
