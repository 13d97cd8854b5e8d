#include "frontend/onnx/TensorFile.h"

#include "OnnxBytes.h"

namespace ingot::onnx {
namespace {

using TensorFileTest = OnnxFile;

TEST_F(TensorFileTest, RoundTrip) {
  std::string path = folder + "/input_0.pb",
              memory = memoryOf<int64_t>({1, -2, 3, 4, 5, 6});
  std::vector<int64_t> dims = {2, 3};
  ASSERT_FALSE(
      writeTensorFile(path, "x", DataType::Int64, dims,
                      std::as_bytes(std::span(memory.data(), memory.size()))));
  TensorFile file;
  ASSERT_EQ(readTensorFile(path, file).message(), "");
  EXPECT_EQ(file.tensor.name, "x");
  EXPECT_EQ(file.tensor.type, DataType::Int64);
  EXPECT_EQ(file.tensor.dims, dims);
  EXPECT_EQ(file.data.integers(file.tensor),
            std::vector<int64_t>({1, -2, 3, 4, 5, 6}));
}

TEST_F(TensorFileTest, ScalarsAndEmptyTensors) {
  std::string path = folder + "/t.pb", memory = memoryOf<float>({1.5f});
  TensorFile file;
  ASSERT_FALSE(
      writeTensorFile(path, "", DataType::Float, {},
                      std::as_bytes(std::span(memory.data(), memory.size()))));
  ASSERT_EQ(readTensorFile(path, file).message(), "");
  EXPECT_EQ(file.data.numbers(file.tensor), std::vector<double>({1.5}));
  std::vector<int64_t> none = {3, 0};
  ASSERT_FALSE(writeTensorFile(path, "", DataType::Float, none, {}));
  ASSERT_EQ(readTensorFile(path, file).message(), "");
  EXPECT_EQ(file.tensor.elementCount(), 0);
}

TEST_F(TensorFileTest, TypedValues) {
  TensorFile file;
  Proto proto = tensorHead("y", DataType::Bool, {2}).message(5, packed({1, 0}));
  ASSERT_EQ(readTensorFile(write("t.pb", proto.str()), file).message(), "");
  EXPECT_EQ(file.data.integers(file.tensor), std::vector<int64_t>({1, 0}));
}

TEST_F(TensorFileTest, Refusals) {
  TensorFile file;
  auto error = [&](std::string_view contents) {
    return readTensorFile(write("t.pb", contents), file).message();
  };
  EXPECT_CONTAINS(readTensorFile(folder + "/none.pb", file).message(),
                  "none.pb: cannot be opened");
  EXPECT_CONTAINS(error(""), "is empty");
  // A sequence and an optional of one tensor: name, element type, value.
  Proto tensor = rawTensor("", DataType::Float, {1}, memoryOf<float>({1}));
  EXPECT_CONTAINS(
      error(Proto().bytes(1, "x").integer(2, 1).message(3, tensor).str()),
      "is a sequence, an optional");
  EXPECT_CONTAINS(error(Proto().integer(2, 1).message(3, tensor).str()),
                  "is a sequence, an optional");
  std::string whole =
      rawTensor("x", DataType::Float, {1}, memoryOf<float>({1})).str();
  EXPECT_CONTAINS(error(std::string_view(whole).substr(0, whole.size() - 1)),
                  "truncated or damaged");
  EXPECT_CONTAINS(
      writeTensorFile(folder + "/no/t.pb", "", DataType::Float, {}, {})
          .message(),
      "t.pb: cannot be written");
}

} // namespace
} // namespace ingot::onnx
