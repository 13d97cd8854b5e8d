#include "tools/compiler/TunePoints.h"

#include <algorithm>
#include <cmath>

namespace ingot::cli {

double wholeRatio(const std::vector<TunePoint> &points, size_t i) {
  double sum = 0;
  for (const TunePoint &point : points)
    sum += std::log(point.ratio(i));
  return std::exp(sum / static_cast<double>(points.size()));
}

size_t bestCandidate(const std::vector<TunePoint> &points) {
  size_t best = 0;
  double least = 1 - kTuneNoise;
  for (size_t i = 1; i < points.front().seconds.size(); ++i) {
    bool isNowhereSlower =
        std::all_of(points.begin(), points.end(), [&](auto &point) {
          return point.ratio(i) <= 1 + kTuneNoise;
        });
    double whole = wholeRatio(points, i);
    if (isNowhereSlower && whole < least) {
      best = i;
      least = whole;
    }
  }
  return best;
}

} // namespace ingot::cli
