// Quantized weights and activations in the forms that exporters give them.
#include "test/passes/Differential.h"

#include "gtest/gtest.h"

namespace ingot::test {
namespace {

class QuantForms : public testing::TestWithParam<DifferentialCase> {};
TEST_P(QuantForms, AgreesWithTheModel) { runDifferential(GetParam()); }

const DifferentialCase kForms[] = {
    {"Dynamic", R"(
      opset 13
      input x float32[batch, sequence, 16]
      const w int8[16, 24] random
      const ws float32[] 0.01
      const wz int8[] 3
      q, s, z = DynamicQuantizeLinear(x)
      p = MatMulInteger(q, w, z, wz)
      c = Cast(p) to=1
      m = Mul(s, ws)
      y = Mul(c, m)
      return y)",
     "linear map(round+round) reduce reduce"},
    {"DynamicByColumn", R"(
      opset 13
      input x float32[batch, sequence, 16]
      const w uint8[16, 24] random
      const ws float32[24] random
      const wz uint8[24] random
      const b float32[24] random
      q, s, z = DynamicQuantizeLinear(x)
      p = MatMulInteger(q, w, z, wz)
      c = Cast(p) to=1
      m = Mul(s, ws)
      n = Mul(c, m)
      y = Add(n, b)
      return y)",
     "linear+bias map(round+round) reduce reduce"},
    {"IntegersAsTheyAre", R"(
      opset 13
      input x uint8[batch, 16]
      const w int8[16, 24] random
      y = MatMulInteger(x, w)
      return y)",
     "linear"},
    {"Static", R"(
      opset 13
      input x float32[batch, 16]
      const w int8[16, 24] random
      const ws float32[24] random
      const s float32[] 0.125
      const z uint8[] 128
      q = QuantizeLinear(x, s, z)
      d = DequantizeLinear(q, s, z)
      v = DequantizeLinear(w, ws) axis=1
      y = MatMul(d, v)
      return y)",
     "linear map(round)"},
    {"FourBits", R"(
      opset 17
      input x float32[batch, 40]
      const w uint8[24, 3, 8] random
      const s float32[72] random
      const z uint8[48] random
      y = MatMulNBits:com.microsoft(x, w, s, z) K=40 N=24 bits=4 block_size=16
      return y)",
     "linear"},
    {"FloatZeroPoints", R"(
      opset 17
      input x float32[batch, 40]
      const w uint8[24, 3, 8] random
      const s float32[72] random
      const z float32[72] random
      y = MatMulNBits:com.microsoft(x, w, s, z) K=40 N=24 bits=4 block_size=16
      return y)",
     "linear"},
    {"Table", R"(
      opset 17
      input i int64[batch, n]
      const t uint8[30, 16] random
      const s float32[30, 2] random
      y = GatherBlockQuantized:com.microsoft(t, i, s) block_size=16 bits=4
      return y)",
     ""},
    {"TableOfBytes", R"(
      opset 13
      input i int64[batch, n]
      const t uint8[30, 16] random
      const s float32[] 0.1
      const z uint8[] 100
      g = Gather(t, i)
      y = DequantizeLinear(g, s, z)
      return y)",
     ""},
};

INSTANTIATE_TEST_SUITE_P(Forms, QuantForms, testing::ValuesIn(kForms),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

} // namespace
} // namespace ingot::test
