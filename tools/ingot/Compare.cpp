#include "tools/ingot/Compare.h"
#include "tools/ingot/Options.h"

#include <cmath>
#include <cstring>

namespace ingot::cli {

static constexpr double kFill = 1e30;

// "[1, 0, 5]" of a flat index.
static std::string position(size_t index, const std::vector<int64_t> &dims) {
  std::string text = "]";
  for (size_t i = dims.size(); i-- > 0;) {
    text = std::to_string(index % dims[i]) + text;
    index /= dims[i];
    if (i)
      text = ", " + text;
  }
  return "[" + text;
}

/// Between neighbours of a type narrower than f32, of the larger one: values
/// that are nearly the same round to either.
static double stepOf(ingot_type type) {
  switch (type) {
  case INGOT_TYPE_F16:
    return 0x1p-10;
  case INGOT_TYPE_BF16:
    return 0x1p-7;
  default:
    return 0;
  }
}

Difference compare(const Array &actual, const Array &expected, double rtol,
                   double atol) {
  Difference result;
  if (actual.type != expected.type || actual.dims != expected.dims) {
    result.reason = "is " + describe(actual.type, actual.dims) + ", expected " +
                    describe(expected.type, expected.dims);
    return result;
  }
  size_t count = 0, bytes = 0;
  if (!countBytes(expected.type, expected.dims, count, bytes))
    return result;
  const ingot_type type = expected.type;
  const char *got = actual.data.data(), *want = expected.data.data();
  double scale = 0;
  for (size_t i = 0; i < count; ++i) {
    double magnitude = std::fabs(elementAsReal(type, want, i));
    if (magnitude < kFill && magnitude > scale)
      scale = magnitude;
  }
  auto refuse = [&](size_t i, double a, double e) {
    if (result.reason.empty())
      result.reason = format("%.9g at %s, expected %.9g", a,
                             position(i, expected.dims).c_str(), e);
  };
  size_t width = count ? bytes / count : 0;
  for (size_t i = 0; i < count; ++i) {
    double a = elementAsReal(type, got, i), e = elementAsReal(type, want, i);
    if (!isFloat(type)) {
      // Those of 4 bits share bytes, and a double holds them.
      if (ingot_type_bits(type) < 8
              ? a != e
              : memcmp(got + i * width, want + i * width, width) != 0)
        refuse(i, a, e);
      result.absolute = std::fmax(result.absolute, std::fabs(a - e));
    } else if (std::isnan(e) || std::isinf(e)) {
      if (std::isnan(e) ? !std::isnan(a) : a != e)
        refuse(i, a, e);
    } else if (std::fabs(e) >= kFill) {
      if (!(std::fabs(a) >= kFill) || std::isinf(a) ||
          std::signbit(a) != std::signbit(e))
        refuse(i, a, e);
    } else {
      double difference = std::fabs(a - e);
      if (!std::isfinite(difference)) {
        refuse(i, a, e);
        difference = INFINITY;
      }
      result.absolute = std::fmax(result.absolute, difference);
    }
  }
  result.relative = result.absolute == 0 ? 0 : result.absolute / scale;
  double tolerance = isFloat(type) ? atol + (rtol + stepOf(type)) * scale : 0;
  result.passed = result.reason.empty() && result.absolute <= tolerance;
  if (!result.passed && result.reason.empty())
    result.reason = format("above the tolerance of %.3g", tolerance);
  return result;
}

} // namespace ingot::cli
