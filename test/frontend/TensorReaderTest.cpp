// TensorProto in all its storage forms.
#include "OnnxBytes.h"

#include <cmath>

namespace ingot::onnx {
namespace {

class TensorReaderTest : public OnnxFile {
protected:
  /// The error of a model whose only initializer this is.
  std::string readTensor(const Proto &tensor) {
    return read(model(graph({{}, {}, {}, {tensor}})));
  }
  const TensorRef &tensor() const { return result.graph.initializers[0]; }
  std::string bytes() const {
    std::span<const std::byte> stored = result.data.bytes(tensor());
    return {reinterpret_cast<const char *>(stored.data()), stored.size()};
  }
  bool isInFile() const {
    return result.data.source(tensor()).file == "model.onnx";
  }
};

TEST_F(TensorReaderTest, RawDataStaysInTheFile) {
  std::string raw = memoryOf<float>({1, 2, 3, 4, 5, 6});
  ASSERT_EQ(readTensor(rawTensor("w", DataType::Float, {2, 3}, raw)), "");
  EXPECT_EQ(tensor().name, "w");
  EXPECT_EQ(tensor().dims, std::vector<int64_t>({2, 3}));
  EXPECT_EQ(tensor().elementCount(), 6);
  EXPECT_EQ(tensor().source, 0u);
  EXPECT_TRUE(isInFile());
  EXPECT_EQ(bytes(), raw);
  EXPECT_EQ(result.data.sources().size(), 1u);
  EXPECT_EQ(result.data.numbers(tensor()),
            std::vector<double>({1, 2, 3, 4, 5, 6}));
  EXPECT_FALSE(result.data.integers(tensor()));
}

TEST_F(TensorReaderTest, PackedDims) {
  Proto proto = Proto()
                    .message(1, packed({2, 1}))
                    .integer(2, 3)
                    .bytes(8, "w")
                    .bytes(9, "ab");
  ASSERT_EQ(readTensor(proto), "");
  EXPECT_EQ(tensor().dims, std::vector<int64_t>({2, 1}));
}

TEST_F(TensorReaderTest, ScalarsAndEmptyTensors) {
  ASSERT_EQ(
      readTensor(rawTensor("w", DataType::Float, {}, memoryOf<float>({7}))),
      "");
  EXPECT_EQ(tensor().elementCount(), 1);
  ASSERT_EQ(readTensor(tensorHead("w", DataType::Float, {0, 3})), "");
  EXPECT_EQ(tensor().elementCount(), 0);
  EXPECT_EQ(bytes(), "");
  EXPECT_EQ(result.data.numbers(tensor()), std::vector<double>());
}

TEST_F(TensorReaderTest, FloatDataInOnePieceStaysInTheFile) {
  std::string values = memoryOf<float>({1, -2});
  ASSERT_EQ(readTensor(tensorHead("w", DataType::Float, {2}).bytes(4, values)),
            "");
  EXPECT_TRUE(isInFile());
  EXPECT_EQ(bytes(), values);
}

TEST_F(TensorReaderTest, FloatDataInPiecesIsJoined) {
  ASSERT_EQ(readTensor(tensorHead("w", DataType::Float, {3})
                           .f32(4, 1)
                           .bytes(4, memoryOf<float>({2}))
                           .f32(4, 3)),
            "");
  EXPECT_FALSE(isInFile());
  EXPECT_EQ(bytes(), memoryOf<float>({1, 2, 3}));
}

TEST_F(TensorReaderTest, DoubleData) {
  std::string values = memoryOf<double>({0.5, 2});
  ASSERT_EQ(
      readTensor(tensorHead("w", DataType::Double, {2}).bytes(10, values)), "");
  EXPECT_EQ(bytes(), values);
  EXPECT_EQ(result.data.numbers(tensor()), std::vector<double>({0.5, 2}));
}

TEST_F(TensorReaderTest, Int64Data) {
  ASSERT_EQ(readTensor(tensorHead("w", DataType::Int64, {3})
                           .message(7, packed({1, -1}))
                           .integer(7, INT64_MIN)),
            "");
  EXPECT_FALSE(isInFile());
  EXPECT_EQ(bytes(), memoryOf<int64_t>({1, -1, INT64_MIN}));
  EXPECT_EQ(result.data.integers(tensor()),
            std::vector<int64_t>({1, -1, INT64_MIN}));
}

TEST_F(TensorReaderTest, Int32Data) {
  auto decode = [&](DataType type, std::initializer_list<int64_t> dims,
                    std::initializer_list<int64_t> values) {
    EXPECT_EQ(
        readTensor(tensorHead("w", type, dims).message(5, packed(values))), "");
    return bytes();
  };
  EXPECT_EQ(decode(DataType::Int32, {2}, {-1, 7}), memoryOf<int32_t>({-1, 7}));
  EXPECT_EQ(decode(DataType::Int16, {1}, {-2}), memoryOf<int16_t>({-2}));
  EXPECT_EQ(decode(DataType::UInt16, {1}, {65535}),
            memoryOf<uint16_t>({65535}));
  EXPECT_EQ(decode(DataType::Int8, {2}, {-128, 127}),
            memoryOf<int8_t>({-128, 127}));
  EXPECT_EQ(decode(DataType::UInt8, {1}, {200}), memoryOf<uint8_t>({200}));
  EXPECT_EQ(decode(DataType::Bool, {3}, {0, 1, 2}),
            memoryOf<uint8_t>({0, 1, 1}));
  EXPECT_EQ(result.data.integers(tensor()), std::vector<int64_t>({0, 1, 1}));
  EXPECT_EQ(decode(DataType::Float16, {2}, {0x3c00, 0xc000}),
            memoryOf<uint16_t>({0x3c00, 0xc000}));
  EXPECT_EQ(result.data.numbers(tensor()), std::vector<double>({1, -2}));
  EXPECT_EQ(decode(DataType::BFloat16, {1}, {0x3f80}),
            memoryOf<uint16_t>({0x3f80}));
  EXPECT_EQ(result.data.numbers(tensor()), std::vector<double>({1}));
  EXPECT_EQ(decode(DataType::Float8E4M3FN, {1}, {0x38}), "\x38");
  EXPECT_EQ(decode(DataType::Int4, {3}, {0x7f, 0x08}), "\x7f\x08");
  EXPECT_EQ(result.data.integers(tensor()), std::vector<int64_t>({-1, 7, -8}));
  EXPECT_EQ(decode(DataType::UInt4, {2}, {0x1f}), "\x1f");
  EXPECT_EQ(result.data.numbers(tensor()), std::vector<double>({15, 1}));
}

TEST_F(TensorReaderTest, Uint64Data) {
  ASSERT_EQ(readTensor(tensorHead("w", DataType::UInt32, {1})
                           .message(11, packed({0xffffffff}))),
            "");
  EXPECT_EQ(result.data.integers(tensor()), std::vector<int64_t>({0xffffffff}));
  ASSERT_EQ(
      readTensor(
          tensorHead("w", DataType::UInt64, {1}).message(11, packed({-1}))),
      "");
  EXPECT_EQ(result.data.numbers(tensor()), std::vector<double>({0x1p64}));
}

TEST_F(TensorReaderTest, ValuesThatDoNotFitTheirType) {
  auto error = [&](DataType type, int field, int64_t value) {
    return readTensor(
        tensorHead("w", type, {1}).message(field, packed({value})));
  };
  EXPECT_CONTAINS(error(DataType::UInt8, 5, 256),
                  "256 in int32_data does not fit uint8");
  EXPECT_CONTAINS(error(DataType::Int8, 5, -129),
                  "-129 in int32_data does not fit int8");
  EXPECT_CONTAINS(error(DataType::UInt32, 11, int64_t{1} << 32),
                  "does not fit uint32");
  // Bit patterns of types with a sign come with and without it.
  EXPECT_EQ(error(DataType::Int8, 5, 255), "");
  EXPECT_EQ(error(DataType::Float16, 5, -1), "");
}

TEST_F(TensorReaderTest, HalfNumbers) {
  ASSERT_EQ(readTensor(rawTensor(
                "w", DataType::Float16, {5},
                memoryOf<uint16_t>({0x0001, 0x83ff, 0x7bff, 0xfc00, 0x8000}))),
            "");
  EXPECT_EQ(
      result.data.numbers(tensor()),
      std::vector<double>({0x1p-24, -1023 * 0x1p-24, 65504, -INFINITY, -0.0}));
}

TEST_F(TensorReaderTest, RawBoolsBecomeZeroOrOne) {
  ASSERT_EQ(readTensor(rawTensor("w", DataType::Bool, {3},
                                 std::string_view("\0\1\xff", 3))),
            "");
  EXPECT_EQ(bytes(), std::string("\0\1\1", 3));
}

TEST_F(TensorReaderTest, StringsHaveNoBytes) {
  ASSERT_EQ(readTensor(tensorHead("w", DataType::String, {1}).bytes(6, "text")),
            "");
  EXPECT_EQ(tensor().type, DataType::String);
  EXPECT_EQ(bytes(), "");
  EXPECT_FALSE(result.data.numbers(tensor()));
}

TEST_F(TensorReaderTest, TypesOfTheFutureKeepTheirBytes) {
  ASSERT_EQ(readTensor(rawTensor("w", static_cast<DataType>(99), {3}, "ab")),
            "");
  EXPECT_EQ(dataTypeName(tensor().type), "type 99");
  EXPECT_EQ(bytes(), "ab");
  EXPECT_FALSE(result.data.integers(tensor()));
}

TEST_F(TensorReaderTest, CountsMustAgree) {
  std::string raw = memoryOf<float>({1, 2});
  EXPECT_CONTAINS(readTensor(rawTensor("w", DataType::Float, {3}, raw)),
                  "tensor 'w': has 8 bytes where [3] of float32 takes 12");
  EXPECT_CONTAINS(readTensor(tensorHead("w", DataType::Float, {3})),
                  "tensor 'w': has no values");
  EXPECT_CONTAINS(
      readTensor(tensorHead("w", DataType::Int64, {3}).message(7, packed({1}))),
      "has 1 values in int64_data where [3] of int64 takes 3");
  EXPECT_CONTAINS(
      readTensor(
          tensorHead("w", DataType::Int64, {1}).message(7, packed({1, 2, 3}))),
      "has 3 values");
  EXPECT_CONTAINS(
      readTensor(tensorHead("w", DataType::Float, {1}).bytes(4, "12345")),
      "ends within an element");
}

TEST_F(TensorReaderTest, DimsMustBeCountable) {
  EXPECT_CONTAINS(readTensor(tensorHead("w", DataType::Float, {2, -1})),
                  "negative dim: [2, -1]");
  int64_t huge = int64_t{1} << 40;
  EXPECT_CONTAINS(readTensor(tensorHead("w", DataType::Float, {huge, huge})),
                  "more elements than");
  EXPECT_CONTAINS(readTensor(tensorHead("w", DataType::Float, {0, huge, huge})),
                  "more elements than");
  EXPECT_CONTAINS(
      readTensor(tensorHead("w", DataType::Double, {huge, 1 << 20})),
      "more bytes than");
}

TEST_F(TensorReaderTest, ContradictingStorage) {
  std::string raw = memoryOf<float>({1});
  EXPECT_CONTAINS(
      readTensor(rawTensor("w", DataType::Float, {1}, raw).f32(4, 1)),
      "values twice");
  EXPECT_CONTAINS(readTensor(tensorHead("w", DataType::Float16, {1}).f32(4, 1)),
                  "has values of type float16 in float_data");
  EXPECT_CONTAINS(readTensor(tensorHead("w", DataType::Undefined, {1})),
                  "has no element type");
  EXPECT_CONTAINS(
      readTensor(tensorHead("w", DataType::Float, {1}).message(3, Proto())),
      "segment");
  // Some writers leave an empty raw_data beside the values.
  EXPECT_EQ(readTensor(rawTensor("w", DataType::Float, {1}, "").f32(4, 1)), "");
}

} // namespace
} // namespace ingot::onnx
