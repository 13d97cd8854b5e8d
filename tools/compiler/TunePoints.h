//===- TunePoints.h - What measured times say of candidates ---------------===//
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ingot::cli {

/// Times at so many rows and threads, of each candidate; the first is what is
/// chosen now.
struct TunePoint {
  int64_t m;
  unsigned threads;
  std::vector<double> seconds;

  double ratio(size_t i) const { return seconds[i] / seconds[0]; }
};

/// Differences up to this are noise.
inline constexpr double kTuneNoise = 0.03;

/// Time of a candidate over that of the first, the mean of all points.
double wholeRatio(const std::vector<TunePoint> &points, size_t i);
/// The fastest that is at no point slower than the first by more than noise;
/// the first where none is faster by more than that.
size_t bestCandidate(const std::vector<TunePoint> &points);

} // namespace ingot::cli
