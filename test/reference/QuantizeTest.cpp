#include "test/reference/Tensors.h"

namespace ingot::reference {
namespace {

Tensor of(ElementType type, std::initializer_list<double> values) {
  return Tensor::of(type, {static_cast<int64_t>(values.size())}, values);
}

TEST(Quantize, RoundsHalvesToEvenAndSaturates) {
  Tensor x = of(F32, {0.5, 1.5, 2.5, -0.5, -1.5, 1e30, -1e30, kInf, -kInf});
  expectTensor(quantize(x, f32({}, {1}), nullptr, {}, I8),
               of(I8, {0, 2, 2, 0, -2, 127, -128, 127, -128}));
  expectTensor(quantize(x, f32({}, {1}), nullptr, {}, U8),
               of(U8, {0, 2, 2, 0, 0, 255, 0, 255, 0}));
  expectTensor(quantize(x, f32({}, {0.25}), nullptr, {}, I4),
               of(I4, {2, 6, 7, -2, -6, 7, -8, 7, -8}));
  expectTensor(quantize(x, f32({}, {0.25}), nullptr, {}, U4),
               of(U4, {2, 6, 10, 0, 0, 15, 0, 15, 0}));
  expectTensor(quantize(x, f32({}, {1}), nullptr, {}, I16),
               of(I16, {0, 2, 2, 0, -2, 32767, -32768, 32767, -32768}));
  expectTensor(quantize(x, f32({}, {1}), nullptr, {}, U16),
               of(U16, {0, 2, 2, 0, 0, 65535, 0, 65535, 0}));
  expectTensor(quantize(x, f32({}, {1}), nullptr, {}, I32),
               of(I32, {0, 2, 2, 0, -2, 2147483647.0, -2147483648.0,
                        2147483647.0, -2147483648.0}));
}

TEST(Quantize, RoundsBeforeTheZeroPointIsAdded) {
  // 0.5 + 3 would be 3.5, and 4.
  Tensor zero = Tensor::of(U8, {}, {3});
  expectTensor(
      quantize(of(F32, {0.5, 1.5, -9, 300, kNaN}), f32({}, {1}), &zero, {}, U8),
      of(U8, {3, 5, 0, 255, 0}));
  zero = Tensor::of(I8, {}, {-100});
  expectTensor(quantize(of(F32, {0.5, 300, kNaN}), f32({}, {1}), &zero, {}, I8),
               of(I8, {-100, 127, -128}));
}

TEST(Quantize, TheQuotientIsRoundedToItsType) {
  // 1 / 0.4 is above 2.5 by less than a half has bits for.
  Tensor x = of(F16, {1}), scale = Tensor::of(F16, {}, {0.4});
  ASSERT_GT(1 / scale.number(0), 2.5);
  expectTensor(quantize(x, scale, nullptr, {}, I8), of(I8, {2}));
}

TEST(Quantize, ToEightBitFloats) {
  Tensor x = of(F32, {1, 1.06, -1000, kInf, kNaN, 1e-9});
  expectTensor(quantize(x, f32({}, {1}), nullptr, {}, F8E4M3FN),
               of(F8E4M3FN, {1, 1, -448, 448, kNaN, 0}));
  Tensor zero = Tensor::of(F8E5M2, {}, {0.5});
  expectTensor(quantize(of(F32, {2, 1e9}), f32({}, {2}), &zero, {}, F8E5M2),
               of(F8E5M2, {1.5, 57344}));
}

TEST(Quantize, AlongAnAxis) {
  Tensor zero = Tensor::of(I8, {3}, {0, 10, -10});
  expectTensor(quantize(f32({2, 3}, {2, 2, 2, -4, -4, -4}),
                        f32({3}, {1, 2, 0.5}), &zero, {1, {}}, I8),
               Tensor::of(I8, {2, 3}, {2, 11, -6, -4, 8, -18}));
}

TEST(Quantize, InBlocksWithAShortLastOne) {
  Tensor zero = Tensor::of(U4, {1, 2}, {0, 8});
  expectTensor(quantize(f32({1, 5}, {1, 2, 3, 4, -4}), f32({1, 2}, {1, 2}),
                        &zero, {1, 3}, U4),
               Tensor::of(U4, {1, 5}, {1, 2, 3, 10, 6}));
  // Blocks of rows: each column has its own scale.
  expectTensor(quantize(f32({3, 2}, {1, 1, 2, 2, 3, 3}),
                        f32({2, 2}, {1, 0.5, 3, 0.25}), nullptr, {0, 2}, I4),
               Tensor::of(I4, {3, 2}, {1, 2, 2, 4, 1, 7}));
}

TEST(Dequantize, EachType) {
  Tensor scale = f32({}, {0.5});
  for (ElementType type : {I8, I16, I32, I4}) {
    Tensor zero = Tensor::of(type, {}, {-8});
    expectTensor(dequantize(of(type, {-8, 0, 7}), scale, &zero, {}, F32),
                 of(F32, {0, 4, 7.5}));
  }
  for (ElementType type : {U8, U16, U4}) {
    Tensor zero = Tensor::of(type, {}, {15});
    expectTensor(dequantize(of(type, {0, 8, 15}), scale, &zero, {}, F32),
                 of(F32, {-7.5, -3.5, 0}));
  }
  for (ElementType type : {F8E4M3FN, F8E5M2})
    expectTensor(dequantize(of(type, {1.5, -8, kNaN}), scale, nullptr, {}, F32),
                 of(F32, {0.75, -4, kNaN}));
}

TEST(Dequantize, RoundsOnceToTheResult) {
  // 255 * 1.00390625 needs 16 bits.
  Tensor scale = Tensor::of(BF16, {}, {1.0078125});
  expectTensor(dequantize(of(U8, {255}), scale, nullptr, {}, F32),
               of(F32, {256.9921875}));
  expectTensor(dequantize(of(U8, {255}), scale, nullptr, {}, BF16),
               of(BF16, {256}));
}

TEST(Dequantize, InBlocksWithAShortLastOne) {
  Tensor zero = Tensor::of(I4, {2, 1}, {1, -1});
  expectTensor(dequantize(Tensor::of(I4, {3, 1}, {1, 2, 3}),
                          f32({2, 1}, {1, 10}), &zero, {0, 2}, F32),
               f32({3, 1}, {0, 1, 40}));
}

TEST(Dequantize, OfNothing) {
  expectTensor(
      dequantize(empty(I8, {0, 3}), f32({3}, {1, 2, 3}), nullptr, {1, {}}, F32),
      empty(F32, {0, 3}));
}

TEST(Dequantize, RefusesScalesThatDoNotFit) {
  Tensor x = Tensor::of(I8, {2, 3}, {0, 0, 0, 0, 0, 0});
  Tensor scale = f32({3}, {1, 1, 1});
  expectError(dequantize(x, scale, nullptr, {0, {}}, F32),
              "needs scales of shape [2], got [3]");
  expectError(dequantize(x, scale, nullptr, {2, {}}, F32), "axis 2");
  expectError(dequantize(x, scale, nullptr, {1, 2}, F32), "shape [2, 2]");
  Tensor zero = of(U8, {1, 1, 1});
  expectError(dequantize(x, scale, &zero, {1, {}}, F32), "type");
  zero = Tensor::of(I8, {}, {1});
  expectError(dequantize(x, scale, &zero, {1, {}}, F32), "zero point");
}

} // namespace
} // namespace ingot::reference
