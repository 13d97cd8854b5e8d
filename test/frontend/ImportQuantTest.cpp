// Quantized operators: the forms that they become, and refusals.
#include "test/frontend/TextModel.h"

#include "gtest/gtest.h"

using namespace ingot::test;

namespace {

class ImportQuant : public testing::TestWithParam<ImportCase> {};

TEST_P(ImportQuant, Result) { expectImport(GetParam()); }

const ImportCase kScales[] = {
    {"OneScale",
     R"(
      opset 11
      input x float32[batch, 8]
      const s float32[] 0.5
      const z uint8[] 3
      y = QuantizeLinear(x, s, z)
      return y)",
     "uint8[batch, 8]",
     {"tfm.quantize", "zero",
      "(tensor<?x8xf32, #tfm.dims<batch, 8>>, "
      "tensor<f32>, tensor<ui8>)"}},
    {"OneScaleAsAVector",
     R"(
      opset 13
      input x int8[n]
      const s float32[1] 0.5
      y = DequantizeLinear(x, s)
      return y)",
     "float32[n]",
     {"tfm.dequantize", "(tensor<?xi8, #tfm.dims<n>>, tensor<f32>)"}},
    {"NoZeroPointIsUint8",
     R"(
      opset 13
      input x float32[4]
      const s float32[] 0.5
      y = QuantizeLinear(x, s)
      return y)",
     "uint8[4]"},
    {"OutputType",
     R"(
      opset 21
      input x float32[4]
      const s float32[] 0.5
      y = QuantizeLinear(x, s) output_dtype=22
      return y)",
     "int4[4]"},
    {"AlongAnAxisFromTheEnd",
     R"(
      opset 13
      input x float32[batch, 3, n]
      const s float32[3] 1 2 3
      const z int8[3] 0
      y = QuantizeLinear(x, s, z) axis=-2
      return y)",
     "int8[batch, 3, n]",
     {"tfm.quantize", "{axis = 1 : i64}"}},
    {"BlocksOfInt4",
     R"(
      opset 21
      const w int4[40, 8] random
      const s float32[3, 8] 0.5
      y = DequantizeLinear(w, s) axis=0 block_size=16
      return y)",
     "float32[40, 8]",
     {"tfm.weight @w : tensor<40x8xi4>", "length 160", "tfm.dequantize",
      "{axis = 0 : i64, block = 16 : i64}"}},
    {"MicrosoftDomain",
     R"(
      opset 13
      input x uint16[n]
      const s float32[] 0.5
      const z uint16[] 7
      y = DequantizeLinear:com.microsoft(x, s, z)
      return y)",
     "float32[n]"},
    {"Float8",
     R"(
      opset 19
      input x float8e4m3fn[n]
      const s float32[] 0.5
      y = DequantizeLinear(x, s)
      return y)",
     "float32[n]"},
    {"WrongNumberOfScales",
     R"(
      opset 13
      input x float32[batch, 8]
      const s float32[4] 0.5
      y = QuantizeLinear(x, s)
      return y)",
     "!dims 4 and 8 must be equal for node 'the_quantizelinear'"},
    {"WrongNumberOfBlocks",
     R"(
      opset 21
      input x float32[4, 8]
      const s float32[4, 4] 0.5
      y = QuantizeLinear(x, s) block_size=3
      return y)",
     "!dims 4 and 3 must be equal for node 'the_quantizelinear'"},
    {"BlockedScaleOfAnotherRank",
     R"(
      opset 21
      input x float32[4, 8]
      const s float32[2] 0.5
      y = QuantizeLinear(x, s) block_size=4
      return y)",
     "!scale float32[2] does not fit float32[4, 8]"},
    {"UnsaturatedFloat8",
     R"(
      opset 19
      input x float32[4]
      const s float32[] 0.5
      const z float8e5m2[] 0
      y = QuantizeLinear(x, s, z) saturate=0
      return y)",
     "!saturate=0: numbers that are too large become the largest"},
    {"OfInt64",
     R"(
      opset 13
      input x int64[4]
      const s float32[] 0.5
      y = DequantizeLinear(x, s)
      return y)",
     "!dequantizing int64[4]"},
};
INSTANTIATE_TEST_SUITE_P(Scales, ImportQuant, testing::ValuesIn(kScales),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

const ImportCase kProducts[] = {
    {"DynamicQuantizeLinear",
     R"(
      opset 11
      input x float32[batch, 8]
      y, s, z = DynamicQuantizeLinear(x)
      return y, s, z)",
     "uint8[batch, 8]\nfloat32[]\nuint8[]"},
    {"MatMulInteger",
     R"(
      opset 11
      input x uint8[batch, m, 8]
      const w int8[8, 4] 1
      const a uint8[] 3
      const b int8[4] 1 2 3 4
      y = MatMulInteger(x, w, a, b)
      return y)",
     "int32[batch, m, 4]",
     {"tfm.dequantize", "{axis = 1 : i64}", "tfm.matmul", "tfm.cast"}},
    {"MatMulIntegerOfVectors",
     R"(
      opset 11
      input x uint8[8]
      input w uint8[8]
      y = MatMulInteger(x, w)
      return y)",
     "int32[]"},
    {"MatMulIntegerOfFloats",
     R"(
      opset 11
      input x float32[4, 8]
      const w int8[8, 4] 1
      y = MatMulInteger(x, w)
      return y)",
     "!operand float32[4, 8] is not of 8-bit integers"},
    {"QLinearMatMul",
     R"(
      opset 11
      input x uint8[batch, 8]
      const w int8[8, 4] 1
      const s float32[] 0.5
      const t float32[4] 0.25
      const z uint8[] 3
      const i int8[4] 0
      y = QLinearMatMul(x, s, z, w, t, i, s, z)
      return y)",
     "uint8[batch, 4]",
     {"tfm.matmul", "tfm.quantize"}},
    {"NBits",
     R"(
      opset 17
      input x float32[batch, 40]
      const w uint8[8, 3, 8] random
      const s float32[24] random
      y = MatMulNBits:com.microsoft(x, w, s) K=40 N=8 bits=4 block_size=16
      return y)",
     "float32[batch, 8]",
     {"tensor<8x48xui4>", "dense<8>", "tfm.slice", "tfm.transpose",
      "tfm.dequantize", "{axis = 0 : i64, block = 16 : i64}",
      "(tensor<40x8xui4>, tensor<3x8xf32>, tensor<3x8xui4>) -> "
      "tensor<40x8xf32>",
      "tfm.matmul"}},
    {"EightBitsZeroPointsAndBias",
     R"(
      opset 17
      input x float32[batch, 32]
      const w uint8[8, 2, 16] random
      const s float32[8, 2] random
      const z uint8[8, 2] random
      const b float32[8] random
      y = MatMulNBits:com.microsoft(x, w, s, z, , b) K=32 N=8 bits=8 block_size=16 accuracy_level=4
      return y)",
     "float32[batch, 8]",
     {"(tensor<32x8xui8>, tensor<2x8xf32>, tensor<2x8xui8>)", "tfm.matmul",
      "tfm.elementwise add"}},
    {"PackedZeroPoints",
     R"(
      opset 17
      input x float32[batch, 40]
      const w uint8[8, 3, 8] random
      const s float32[24] random
      const z uint8[16] random
      y = MatMulNBits:com.microsoft(x, w, s, z) K=40 N=8 bits=4 block_size=16
      return y)",
     "float32[batch, 8]",
     {"tensor<8x4xui4>", "tensor<3x8xui4>) -> tensor<40x8xf32>"}},
    {"FloatZeroPoints",
     R"(
      opset 17
      input x float32[batch, 40]
      const w uint8[8, 3, 8] random
      const s float32[24] random
      const z float32[24] random
      y = MatMulNBits:com.microsoft(x, w, s, z) K=40 N=8 bits=4 block_size=16
      return y)",
     "float32[batch, 8]",
     {"tensor<3x16x8xf32>"}},
    {"GroupIndex",
     R"(
      opset 17
      input x float32[batch, 16]
      const w uint8[8, 1, 8] random
      const s float32[8] random
      const g int32[16] 0
      y = MatMulNBits:com.microsoft(x, w, s, , g) K=16 N=8 bits=4 block_size=16
      return y)",
     "!g_idx: only blocks of neighbours along K are supported"},
    {"TwoBits",
     R"(
      opset 17
      input x float32[batch, 16]
      const w uint8[8, 1, 4] random
      const s float32[8] random
      y = MatMulNBits:com.microsoft(x, w, s) K=16 N=8 bits=2 block_size=16
      return y)",
     "!bits=2"},
    {"WeightOfAnotherSize",
     R"(
      opset 17
      input x float32[batch, 32]
      const w uint8[8, 1, 8] random
      const s float32[16] random
      y = MatMulNBits:com.microsoft(x, w, s) K=32 N=8 bits=4 block_size=16
      return y)",
     "!uint8[8, 1, 8] does not have the bytes of uint4[8, 32]"},
    {"ComputedWeight",
     R"(
      opset 17
      input x float32[batch, 16]
      input w uint8[8, 1, 8]
      const s float32[8] random
      y = MatMulNBits:com.microsoft(x, w, s) K=16 N=8 bits=4 block_size=16
      return y)",
     "!input 'w' is no initializer"},
    {"GatherBlockQuantized",
     R"(
      opset 17
      input i int64[batch, n]
      const t uint8[10, 16] random
      const s float32[10, 2] random
      y = GatherBlockQuantized:com.microsoft(t, i, s) block_size=16 bits=4
      return y)",
     "float32[batch, n, 32]",
     {"tensor<10x32xui4>", "tfm.dequantize", "tfm.gather"}},
};
INSTANTIATE_TEST_SUITE_P(Products, ImportQuant, testing::ValuesIn(kProducts),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

} // namespace
