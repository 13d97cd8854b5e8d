#include "test/reference/Tensors.h"

namespace ingot::reference {
namespace {

TEST(Gather, Axes) {
  Tensor x = f32({3, 2}, {1, 2, 3, 4, 5, 6});
  expectTensor(gather(x, i64({2}, {2, 0}), 0), f32({2, 2}, {5, 6, 1, 2}));
  expectTensor(gather(x, i64({1, 1}, {1}), 1), f32({3, 1, 1}, {2, 4, 6}));
  expectTensor(gather(x, Tensor::of(I32, {}, {-1}), -2), f32({2}, {5, 6}));
}

TEST(Gather, OutOfRangeNamesTheValueAndTheLimit) {
  Tensor x = f32({3}, {1, 2, 3});
  expectError(gather(x, i64({1}, {3}), 0),
              "index 3 is outside an axis of 3 elements");
  expectError(gather(x, i64({1}, {-4}), 0), "index -4 is outside an axis of 3");
  expectError(gather(empty(F32, {0, 2}), i64({1}, {0}), 0), "axis of 0");
  expectError(gather(x, f32({1}, {0}), 0), "indices of type f32");
  expectError(gather(f32({}, {0}), i64({1}, {0}), 0), "axis 0");
}

TEST(Gather, ZeroSizes) {
  expectTensor(gather(empty(F32, {3, 0}), i64({2}, {0, 1}), 0),
               empty(F32, {2, 0}));
  expectTensor(gather(f32({1}, {1}), empty(I64, {0}), 0), empty(F32, {0}));
}

TEST(GatherElements, Axes) {
  Tensor x = f32({2, 2}, {1, 2, 3, 4});
  expectTensor(gatherElements(x, i64({2, 2}, {0, 0, 1, 0}), 1),
               f32({2, 2}, {1, 1, 4, 3}));
  expectTensor(gatherElements(x, i64({1, 2}, {-1, 0}), 0), f32({1, 2}, {3, 2}));
  expectError(gatherElements(x, i64({1, 1}, {2}), 0), "index 2 is outside");
  expectError(gatherElements(x, empty(I64, {2, 3}), 0), "by indices [2, 3]");
  expectError(gatherElements(x, empty(I64, {2}), 0), "by indices [2]");
}

TEST(GatherNd, TuplesAndBatches) {
  Tensor x = f32({2, 2}, {1, 2, 3, 4});
  expectTensor(gatherNd(x, i64({2, 2}, {0, 0, -1, 1}), 0), f32({2}, {1, 4}));
  expectTensor(gatherNd(x, i64({2, 1}, {1, 0}), 0), f32({2, 2}, {3, 4, 1, 2}));
  expectTensor(gatherNd(x, i64({2, 1}, {1, 0}), 1), f32({2}, {2, 3}));
  Tensor y = f32({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  expectTensor(gatherNd(y, i64({2, 1}, {1, 0}), 1), f32({2, 2}, {3, 4, 5, 6}));
}

TEST(GatherNd, Refuses) {
  Tensor x = f32({2, 2}, {1, 2, 3, 4});
  expectError(gatherNd(x, i64({1, 2}, {0, 2}), 0),
              "index 2 is outside an axis of 2");
  expectError(gatherNd(x, empty(I64, {1, 3}), 0), "gather_nd of [2, 2]");
  expectError(gatherNd(x, empty(I64, {3, 1}), 1), "with 1 batch dims");
  expectError(gatherNd(x, i64({}, {0}), 0), "gather_nd");
}

} // namespace
} // namespace ingot::reference
