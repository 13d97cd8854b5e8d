#include "test/reference/Tensors.h"

namespace ingot::reference {
namespace {

using List = std::vector<int64_t>;

TEST(Reshape, KeepsOrder) {
  expectTensor(reshape(f32({2, 2}, {1, 2, 3, 4}), {4, 1}),
               f32({4, 1}, {1, 2, 3, 4}));
  expectTensor(reshape(f32({1}, {7}), {}), f32({}, {7}));
  expectTensor(reshape(empty(F32, {0, 3}), {7, 0}), empty(F32, {7, 0}));
  expectError(reshape(f32({2}, {1, 2}), {3}),
              "[3] has 3 elements, but [2] has 2");
}

TEST(Transpose, Permutes) {
  expectTensor(transpose(f32({2, 3}, {1, 2, 3, 4, 5, 6}), List{1, 0}),
               f32({3, 2}, {1, 4, 2, 5, 3, 6}));
  Result<Tensor> x =
      transpose(f32({1, 2, 3}, {1, 2, 3, 4, 5, 6}), List{2, 0, 1});
  expectTensor(x, f32({3, 1, 2}, {1, 4, 2, 5, 3, 6}));
  expectTensor(transpose(f32({}, {1}), List{}), f32({}, {1}));
  expectTensor(transpose(Tensor::of(U4, {2, 2}, {1, 2, 3, 4}), List{1, 0}),
               Tensor::of(U4, {2, 2}, {1, 3, 2, 4}));
  expectError(transpose(f32({1, 1}, {1}), List{0, 0}), "no permutation");
  expectError(transpose(f32({1, 1}, {1}), List{0, 2}), "no permutation");
  expectError(transpose(f32({1, 1}, {1}), List{0}), "1 entries");
}

TEST(Slice, StepsForwardAndBack) {
  Tensor x = f32({5}, {0, 1, 2, 3, 4});
  expectTensor(slice(x, List{1}, List{2}, List{2}), f32({2}, {1, 3}));
  expectTensor(slice(x, List{4}, List{-2}, List{3}), f32({3}, {4, 2, 0}));
  expectTensor(slice(x, List{2}, List{INT64_MAX}, List{1}), f32({1}, {2}));
  expectTensor(
      slice(f32({2, 2}, {1, 2, 3, 4}), List{0, 1}, List{1, 1}, List{2, 1}),
      f32({2, 1}, {2, 4}));
}

TEST(Slice, NothingIsReadOutside) {
  Tensor x = f32({5}, {0, 1, 2, 3, 4});
  expectTensor(slice(x, List{5}, List{1}, List{0}), empty(F32, {0}));
  expectError(slice(x, List{3}, List{2}, List{2}), "leaves axis 0 of [5]");
  expectError(slice(x, List{1}, List{-1}, List{3}), "leaves axis 0");
  expectError(slice(x, List{-1}, List{1}, List{1}), "leaves axis 0");
  expectError(slice(x, List{1}, List{INT64_MAX}, List{3}), "leaves axis 0");
  expectError(slice(x, List{0}, List{1}, List{-1}), "negative");
}

TEST(Concat, AlongAxes) {
  const Tensor parts[] = {f32({1, 2}, {1, 2}), empty(F32, {0, 2}),
                          f32({2, 2}, {3, 4, 5, 6})};
  expectTensor(concat(parts, 0), f32({3, 2}, {1, 2, 3, 4, 5, 6}));
  const Tensor columns[] = {f32({2, 1}, {1, 2}), f32({2, 2}, {3, 4, 5, 6})};
  expectTensor(concat(columns, -1), f32({2, 3}, {1, 3, 4, 2, 5, 6}));
  expectError(concat(columns, 0), "[2, 1] f32 and [2, 2] f32");
  expectError(concat({}, 0), "nothing");
  const Tensor scalars[] = {f32({}, {1})};
  expectError(concat(scalars, 0), "axis 0");
}

TEST(Broadcast, RepeatsOnes) {
  expectTensor(broadcast(f32({2, 1}, {1, 2}), {2, 2, 2}),
               f32({2, 2, 2}, {1, 1, 2, 2, 1, 1, 2, 2}));
  expectTensor(broadcast(f32({1}, {1}), {0}), empty(F32, {0}));
  expectError(broadcast(f32({2}, {1, 2}), {1}),
              "[2] does not broadcast to [1]");
  expectError(broadcast(f32({1, 1}, {1}), {1}), "does not broadcast");
}

TEST(Tile, Repeats) {
  expectTensor(tile(f32({1, 2}, {1, 2}), {2, 4}),
               f32({2, 4}, {1, 2, 1, 2, 1, 2, 1, 2}));
  expectTensor(tile(f32({2}, {1, 2}), {0}), empty(F32, {0}));
  expectError(tile(f32({2}, {1, 2}), {3}), "tile of [2] to [3]");
  expectError(tile(empty(F32, {0}), {2}), "tile of [0] to [2]");
}

TEST(Pad, Constant) {
  Tensor x = f32({2}, {1, 2});
  expectTensor(
      pad(x, PadMode::Constant, List{1}, List{2}, Scalar::ofFloat(F32, 9)),
      f32({5}, {9, 1, 2, 9, 9}));
  expectTensor(pad(x, PadMode::Constant, List{-1}, List{1}), f32({2}, {2, 0}));
  expectTensor(pad(f32({1, 1}, {5}), PadMode::Constant, List{1, 0}, List{0, 1}),
               f32({2, 2}, {0, 0, 5, 0}));
  expectTensor(pad(empty(F32, {0}), PadMode::Constant, List{1}, List{0}),
               f32({1}, {0}));
  expectTensor(pad(x, PadMode::Constant, List{-2}, List{1}), f32({1}, {0}));
}

TEST(Pad, OtherModes) {
  Tensor x = f32({3}, {1, 2, 3});
  expectTensor(pad(x, PadMode::Reflect, List{2}, List{3}),
               f32({8}, {3, 2, 1, 2, 3, 2, 1, 2}));
  expectTensor(pad(x, PadMode::Edge, List{2}, List{1}),
               f32({6}, {1, 1, 1, 2, 3, 3}));
  expectTensor(pad(x, PadMode::Wrap, List{4}, List{1}),
               f32({8}, {3, 1, 2, 3, 1, 2, 3, 1}));
  expectTensor(pad(f32({1}, {1}), PadMode::Reflect, List{1}, List{1}),
               f32({3}, {1, 1, 1}));
  // The crop comes first: of 1 2 3 only 2 3 is left to reflect.
  expectTensor(pad(x, PadMode::Reflect, List{-1}, List{1}),
               f32({3}, {2, 3, 2}));
}

TEST(Pad, Refuses) {
  Tensor x = f32({2}, {1, 2});
  expectError(pad(x, PadMode::Constant, List{-3}, List{3}),
              "does not fit axis 0 of [2]");
  expectError(pad(x, PadMode::Constant, List{INT64_MIN}, List{0}),
              "does not fit");
  expectError(pad(x, PadMode::Constant, List{INT64_MAX}, List{INT64_MAX}),
              "does not fit");
  expectError(pad(empty(F32, {0}), PadMode::Edge, List{1}, List{0}),
              "does not fit");
  expectError(pad(x, PadMode::Constant, List{1, 1}, List{0}),
              "2 and 1 amounts");
  expectError(
      pad(x, PadMode::Constant, List{1}, List{0}, Scalar::ofInteger(I64, 1)),
      "i64");
}

TEST(Trilu, Diagonals) {
  Tensor x = f32({2, 3}, {1, 2, 3, 4, 5, 6});
  expectTensor(trilu(x, 0, true), f32({2, 3}, {1, 2, 3, 0, 5, 6}));
  expectTensor(trilu(x, 1, true), f32({2, 3}, {0, 2, 3, 0, 0, 6}));
  expectTensor(trilu(x, 0, false), f32({2, 3}, {1, 0, 0, 4, 5, 0}));
  expectTensor(trilu(x, INT64_MIN, true), x);
  expectTensor(trilu(f32({2, 1, 1}, {7, 8}), 1, true), f32({2, 1, 1}, {0, 0}));
  expectError(trilu(f32({2}, {1, 2}), 0, true), "trilu of rank 1");
}

TEST(Iota, Progressions) {
  expectTensor(iota(I64, 3, 5, -2), i64({3}, {5, 3, 1}));
  expectTensor(iota(I8, 2, 127, 1), Tensor::of(I8, {2}, {127, -128}));
  expectTensor(iota(I64, 0, 1, 1), empty(I64, {0}));
  expectError(iota(I64, -1, 1, 1), "negative");
  expectError(iota(F32, 1, 1, 1), "iota of f32");
}

TEST(Splat, Fills) {
  expectTensor(splat(Scalar::ofFloat(F16, 3), {2}),
               Tensor::of(F16, {2}, {3, 3}));
  expectTensor(splat(Scalar::ofBool(true), {}), boolean({}, {1}));
}

} // namespace
} // namespace ingot::reference
