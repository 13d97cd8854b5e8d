// When a measured candidate takes the place of the model's choice.
#include "tools/compiler/TunePoints.h"

#include <gtest/gtest.h>

using namespace ingot::cli;

namespace {

TEST(TunePoints, MeanOfRatios) {
  std::vector<TunePoint> points{{16, 1, {1e-6, 2e-6}}, {128, 2, {4e-3, 2e-3}}};
  EXPECT_NEAR(wholeRatio(points, 1), 1, 1e-12);
  points[1].seconds[1] = 0.5e-3;
  EXPECT_NEAR(wholeRatio(points, 1), 0.5, 1e-12);
}

TEST(TunePoints, TheFastestCounts) {
  EXPECT_EQ(bestCandidate({{16, 1, {1, 0.9, 0.8, 0.95}}}), 2u);
  EXPECT_EQ(bestCandidate({{16, 1, {1, 0.9, 0.8}}, {128, 1, {1, 0.5, 0.8}}}),
            1u);
}

TEST(TunePoints, NoiseChangesNothing) {
  EXPECT_EQ(bestCandidate({{16, 1, {1}}}), 0u);
  EXPECT_EQ(bestCandidate({{16, 1, {1, 0.98, 1.5}}}), 0u);
  EXPECT_EQ(bestCandidate({{16, 1, {1, 0.975}}, {128, 1, {1, 0.975}}}), 0u);
}

TEST(TunePoints, NowhereSlower) {
  EXPECT_EQ(bestCandidate({{16, 1, {1, 0.5, 0.9}}, {128, 1, {1, 1.05, 0.9}}}),
            2u);
  EXPECT_EQ(bestCandidate({{16, 1, {1, 0.5}}, {128, 1, {1, 1.02}}}), 1u);
}

} // namespace
