// Convolutions that become linears of their windows, and those that stay.
#include "test/passes/Differential.h"

#include "gtest/gtest.h"

namespace ingot::test {
namespace {

class ConvForms : public testing::TestWithParam<DifferentialCase> {};
TEST_P(ConvForms, AgreesWithTheModel) { runDifferential(GetParam()); }

const DifferentialCase kConvs[] = {
    {"Patches", R"(
      opset 17
      input x float32[batch, 3, 8, 12]
      const w float32[16, 3, 4, 4] random
      const b float32[16] random
      const shape int64[3] 0 16 -1
      c = Conv(x, w, b) strides=[4, 4]
      r = Reshape(c, shape)
      y = Transpose(r) perm=[0, 2, 1]
      return y)",
     "linear+bias"},
    {"PatchesThatLeaveABorder", R"(
      opset 17
      input x float32[batch, 2, 9, 11]
      const w float32[12, 2, 4, 4] random
      y = Conv(x, w) strides=[4, 4]
      return y)",
     "linear"},
    {"PaddedAndActivated", R"(
      opset 20
      input x float32[batch, 8, length]
      const w float32[16, 8, 3] random
      const b float32[16] random
      const v float32[12, 16, 3] random
      c = Conv(x, w, b) pads=[1, 1]
      g = Gelu(c)
      d = Conv(g, v) pads=[1, 1] strides=[2]
      y = Relu(d)
      return y)",
     "linear+bias+gelu linear+relu"},
    {"AsymmetricPadsAndDilation", R"(
      opset 17
      input x float32[batch, 3, height, 10]
      const w float32[12, 3, 3, 2] random
      y = Conv(x, w) pads=[2, 0, 1, 3] dilations=[2, 1] strides=[1, 2]
      return y)",
     "linear"},
    {"OnePosition", R"(
      opset 17
      input x float32[batch, length, 8]
      const w float32[12, 8, 1] random
      t = Transpose(x) perm=[0, 2, 1]
      c = Conv(t, w)
      y = Transpose(c) perm=[0, 2, 1]
      return y)",
     "linear"},
    {"InGroups", R"(
      opset 17
      input x float32[batch, 8, length]
      const w float32[16, 4, 3] random
      y = Conv(x, w) pads=[1, 1] group=2
      return y)",
     "conv"},
    {"FewChannels", R"(
      opset 17
      input x float32[batch, 8, length]
      const w float32[2, 8, 3] random
      y = Conv(x, w) pads=[1, 1]
      return y)",
     "conv"},
    {"ComputedWeight", R"(
      opset 17
      input x float32[batch, 8, 7]
      input w float32[16, 8, 3]
      y = Conv(x, w)
      return y)",
     "conv"},
};

INSTANTIATE_TEST_SUITE_P(Forms, ConvForms, testing::ValuesIn(kConvs),
                         [](auto &info) { return info.param.name; });

} // namespace
} // namespace ingot::test
