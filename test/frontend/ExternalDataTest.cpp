// Weights beside the model, and paths that a model must not reach.
#include "OnnxBytes.h"

#include <sys/stat.h>

namespace ingot::onnx {
namespace {

namespace fs = std::filesystem;

class ExternalDataTest : public OnnxFile {
protected:
  ExternalDataTest() {
    fs::create_directory(folder + "/model");
    fs::create_directory(folder + "/model/weights");
    write("model/weights.bin", memoryOf<float>({1, 2, 3, 4}));
    write("model/weights/b.bin", memoryOf<float>({5, 6}));
    write("secret.bin", memoryOf<float>({7, 8}));
  }
  std::string readTensors(const std::vector<Proto> &tensors) {
    return readGraph(graph({{}, {}, {}, tensors}));
  }
  std::string readGraph(const Proto &graph) {
    return readModel(write("model/model.onnx", model(graph).str()), result)
        .message();
  }
  std::string at(std::string_view location, std::string_view offset = "",
                 std::string_view length = "") {
    return readTensors(
        {externalTensor("w", DataType::Float, {2}, location, offset, length)});
  }
  std::vector<double> numbers(size_t initializer = 0) {
    return result.data.numbers(result.graph.initializers[initializer]).value();
  }
};

TEST_F(ExternalDataTest, OffsetAndLengthAreOptional) {
  ASSERT_EQ(at("weights.bin"), "");
  EXPECT_EQ(numbers(), std::vector<double>({1, 2}));
  ASSERT_EQ(at("weights.bin", "8", "8"), "");
  EXPECT_EQ(numbers(), std::vector<double>({3, 4}));
  const TensorRef &tensor = result.graph.initializers[0];
  EXPECT_EQ(result.data.source(tensor).file, "weights.bin");
  EXPECT_EQ(tensor.offset, 8u);
}

TEST_F(ExternalDataTest, SubfoldersAndDots) {
  ASSERT_EQ(at("./weights/b.bin"), "");
  EXPECT_EQ(numbers(), std::vector<double>({5, 6}));
  write("model/..b", memoryOf<float>({9, 9}));
  EXPECT_EQ(at("..b"), ""); // a name, not a step
}

TEST_F(ExternalDataTest, AFileIsMappedOnce) {
  fs::create_symlink("weights.bin", folder + "/model/link.bin");
  ASSERT_EQ(readTensors(
                {externalTensor("a", DataType::Float, {2}, "weights.bin"),
                 externalTensor("b", DataType::Float, {2}, "weights.bin", "8"),
                 externalTensor("c", DataType::Float, {4}, "./weights.bin"),
                 externalTensor("d", DataType::Float, {4}, "link.bin")}),
            "");
  EXPECT_EQ(result.data.sources().size(), 2u);
  EXPECT_EQ(numbers(3), std::vector<double>({1, 2, 3, 4}));
}

TEST_F(ExternalDataTest, ConstantsAndSubgraphs) {
  Proto tensor = externalTensor("", DataType::Float, {2}, "weights.bin");
  Proto value = attribute("value", AttributeType::Tensor).message(5, tensor);
  Proto branch =
      graph({{},
             {},
             {"w"},
             {externalTensor("w", DataType::Float, {2}, "weights.bin", "8")}});
  ASSERT_EQ(readGraph(graph({{node("c", "Constant", {}, {"y"}, {value}),
                              node("i", "If", {"y"}, {"z"},
                                   {graphAttribute("then_branch", branch)})},
                             {},
                             {"z"}})),
            "");
  EXPECT_EQ(result.data.numbers(result.graph.nodes[0].attributes[0].tensor()),
            std::vector<double>({1, 2}));
  EXPECT_EQ(result.data.numbers(
                result.graph.nodes[1].attributes[0].graph().initializers[0]),
            std::vector<double>({3, 4}));
}

TEST_F(ExternalDataTest, ErrorsInConstantsNameTheNode) {
  Proto tensor = externalTensor("", DataType::Float, {2}, "none.bin");
  Proto value = attribute("value", AttributeType::Tensor).message(5, tensor);
  std::string error = readGraph(
      graph({{node("c", "Constant", {}, {"y"}, {value})}, {}, {"y"}}));
  EXPECT_CONTAINS(error,
                  "attribute 'value': external data 'none.bin' is missing");
  EXPECT_CONTAINS(error, "in node 'c' (Constant)");
}

TEST_F(ExternalDataTest, MissingFile) {
  std::string error = at("none.bin");
  EXPECT_CONTAINS(error, "tensor 'w': external data 'none.bin' is missing");
  EXPECT_CONTAINS(error, folder + "/model/none.bin");
  EXPECT_CONTAINS(error, "No such file");
}

TEST_F(ExternalDataTest, PathsOutOfTheFolder) {
  EXPECT_CONTAINS(at(folder + "/secret.bin"), "is an absolute path");
  EXPECT_CONTAINS(at("../secret.bin"), "leads out of the model's folder");
  EXPECT_CONTAINS(at("weights/../../secret.bin"),
                  "leads out of the model's folder");
  EXPECT_CONTAINS(at(".."), "leads out of the model's folder");
  EXPECT_CONTAINS(at(std::string_view("weights.bin\0x", 13)), "zero byte");
  EXPECT_CONTAINS(
      readTensors({tensorHead("w", DataType::Float, {2}).integer(14, 1)}),
      "external data has no location");
}

TEST_F(ExternalDataTest, LinksOutOfTheFolder) {
  fs::create_symlink("../secret.bin", folder + "/model/link.bin");
  EXPECT_CONTAINS(at("link.bin"),
                  "is a link that leads out of the model's folder");
  fs::create_directory_symlink(folder, folder + "/model/up");
  EXPECT_CONTAINS(at("up/secret.bin"),
                  "is a link that leads out of the model's folder");
  // The folder's name is a prefix of its neighbour's.
  fs::create_directory(folder + "/model2");
  write("model2/b.bin", memoryOf<float>({1, 2}));
  fs::create_symlink("../model2/b.bin", folder + "/model/link2.bin");
  EXPECT_CONTAINS(at("link2.bin"),
                  "is a link that leads out of the model's folder");
}

// Download caches hold a model as a folder of links into a store.
TEST_F(ExternalDataTest, LinksBesideTheLinkedModel) {
  fs::create_directory(folder + "/store");
  Proto proto = model(
      graph({{}, {}, {}, {externalTensor("w", DataType::Float, {2}, "data")}}));
  write("store/1111", proto.str());
  write("store/2222", memoryOf<float>({1, 2}));
  fs::create_symlink("../store/1111", folder + "/model/m.onnx");
  fs::create_symlink("../store/2222", folder + "/model/data");
  EXPECT_EQ(readModel(folder + "/model/m.onnx", result).message(), "");
}

TEST_F(ExternalDataTest, NotAFile) {
  EXPECT_CONTAINS(at("weights"), "is a folder");
  ASSERT_EQ(::mkfifo((folder + "/model/pipe").c_str(), 0600), 0);
  EXPECT_CONTAINS(at("pipe"), "is not a regular file");
}

TEST_F(ExternalDataTest, Ranges) {
  EXPECT_CONTAINS(at("weights.bin", "12"),
                  "has 16 bytes, too few for 8 from byte 12");
  EXPECT_CONTAINS(at("weights.bin", "18446744073709551615"), "too few");
  EXPECT_CONTAINS(at("weights.bin", "18446744073709551616"),
                  "is not a number of bytes");
  EXPECT_CONTAINS(at("weights.bin", "-8"),
                  "offset '-8' is not a number of bytes");
  EXPECT_CONTAINS(at("weights.bin", "0x8"), "is not a number of bytes");
  EXPECT_CONTAINS(at("weights.bin", "0", "12"),
                  "length 12 is not that of [2] of float32, 8");
  EXPECT_CONTAINS(at("weights.bin", "0", "8 "),
                  "length '8 ' is not a number of bytes");
  EXPECT_EQ(readTensors({externalTensor("w", DataType::Float, {0},
                                        "weights.bin", "16")}),
            "");
}

TEST_F(ExternalDataTest, ValuesTwice) {
  Proto both = externalTensor("w", DataType::Float, {2}, "weights.bin")
                   .bytes(9, "12345678");
  EXPECT_CONTAINS(readTensors({both}), "values twice");
  // Entries without the flag mean nothing.
  Proto inside = rawTensor("w", DataType::Float, {1}, memoryOf<float>({1}))
                     .message(13, entry("location", "../secret.bin"));
  EXPECT_EQ(readTensors({inside}), "");
}

} // namespace
} // namespace ingot::onnx
