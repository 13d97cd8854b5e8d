// Whatever the bytes: an answer, and no crash. Run under sanitizers in CI.
#include "frontend/onnx/TensorFile.h"

#include "OnnxBytes.h"

#include <random>

namespace ingot::onnx {
namespace {

class HostileModelTest : public OnnxFile {
protected:
  /// A model with some of everything.
  static std::string sample() {
    Proto inner = graph({{node("r", "Relu", {"h"}, {"r"})}, {}, {"r"}, {}});
    Proto value = attribute("value", AttributeType::Tensor)
                      .message(5, tensorHead("", DataType::Int64, {2})
                                      .message(7, packed({1, -1})));
    Proto f;
    f.bytes(1, "F")
        .bytes(10, "local")
        .bytes(4, "a")
        .bytes(5, "b")
        .bytes(6, "alpha");
    f.message(11, intAttribute("beta", 2)).message(9, opset("", 17));
    f.message(7,
              node("n", "Softmax", {"a"}, {"t"}, {reference("axis", "alpha")}));
    f.message(7, node("m", "Gelu", {"t"}, {"b"}, {reference("k", "beta")}));
    Proto shape;
    shape.message(1, Proto().bytes(2, "batch"))
        .message(1, Proto().integer(1, 4));
    Proto g = graph(
        {{node("c", "Constant", {}, {"k"}, {value}),
          node("f", "F", {"x"}, {"h"}, {intAttribute("alpha", 1)}, "local"),
          node("i", "If", {"k"}, {"u"}, {graphAttribute("then_branch", inner)}),
          node("s", "Sum", {"u", "w", "e"}, {"y"},
               {attribute("l", AttributeType::Floats)
                    .bytes(7, memoryOf<float>({1}))})},
         {},
         {"y"},
         {rawTensor("w", DataType::Float, {1, 2}, memoryOf<float>({1, 2})),
          tensorHead("h16", DataType::Float16, {2}).message(5, packed({1, 2})),
          externalTensor("e", DataType::Float, {1}, "e.bin", "4", "4")}});
    Proto type = Proto().message(1, Proto().integer(1, 1).message(2, shape));
    g.message(11, Proto().bytes(1, "x").message(2, type));
    return model(g, {f}).message(14, entry("key", "value")).str();
  }

  HostileModelTest() { write("e.bin", memoryOf<float>({1, 2})); }

  /// As if a file in the test's folder held the bytes.
  std::shared_ptr<const MappedFile> file(std::string_view contents) {
    return MappedFile::inMemory(
        folder + "/model.onnx",
        std::as_bytes(std::span(contents.data(), contents.size())));
  }
  /// Loads the bytes, and touches what a success gives.
  std::string tryLoad(std::string_view contents) {
    std::string error = loadModel(file(contents), result).message();
    if (error.empty())
      touch(result.graph);
    return error;
  }
  void touch(const Graph &graph) {
    for (const TensorRef &tensor : graph.initializers)
      touch(tensor);
    for (const Node &node : graph.nodes)
      for (const Attribute &attribute : node.attributes) {
        for (const TensorRef &tensor : attribute.tensors)
          touch(tensor);
        for (const Graph &subgraph : attribute.graphs)
          touch(subgraph);
      }
  }
  void touch(const TensorRef &tensor) {
    std::span<const std::byte> bytes = result.data.bytes(tensor);
    // As many elements as bytes allow, or none: never more.
    unsigned width = bitWidth(tensor.type);
    if (width != 0) {
      ASSERT_EQ(bytes.size(),
                (static_cast<uint64_t>(tensor.elementCount()) * width + 7) / 8);
    }
    static_cast<void>(result.data.numbers(tensor));
    static_cast<void>(result.data.integers(tensor));
  }
};

TEST_F(HostileModelTest, TheSampleIsFine) { EXPECT_EQ(tryLoad(sample()), ""); }

TEST_F(HostileModelTest, TruncatedAnywhere) {
  std::string whole = sample();
  // Where the fields of the model itself end, so that the rest is a model too.
  size_t accepted = 0;
  for (size_t length = 0; length < whole.size(); ++length) {
    std::string error = tryLoad(std::string_view(whole).substr(0, length));
    if (error.empty())
      ++accepted;
    else
      EXPECT_CONTAINS(error, "model.onnx: ");
  }
  EXPECT_LE(accepted, 2u); // without metadata, and without the function
}

TEST_F(HostileModelTest, FlippedBits) {
  std::string whole = sample();
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    tryLoad(damaged);
  }
}

TEST_F(HostileModelTest, RandomDamage) {
  std::string whole = sample();
  // Values that lengths and tags turn on.
  static constexpr unsigned char kSpecial[] = {0,    1,    0x7f, 0x80, 0xff,
                                               0x0a, 0x12, 0x2a, 0x3a, 0x4a};
  std::mt19937 random(20240601);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = whole;
    for (unsigned count = 1 + random() % 4; count > 0; --count) {
      size_t at = random() % damaged.size();
      switch (random() % 4) {
      case 0:
        damaged[at] = static_cast<char>(random());
        break;
      case 1:
        damaged[at] =
            static_cast<char>(kSpecial[random() % std::size(kSpecial)]);
        break;
      case 2:
        damaged.erase(at, 1 + random() % 8);
        break;
      case 3:
        damaged.insert(
            at, damaged.substr(random() % damaged.size(), random() % 32));
        break;
      }
      if (damaged.empty())
        break;
    }
    tryLoad(damaged);
  }
}

TEST_F(HostileModelTest, RandomBytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char &byte : bytes)
      byte = static_cast<char>(random());
    tryLoad(bytes);
  }
}

TEST_F(HostileModelTest, LengthsBeyondEverything) {
  for (uint64_t length : {uint64_t{1} << 31, uint64_t{1} << 32, ~uint64_t{0},
                          ~uint64_t{0} >> 1}) {
    Proto field = Proto().tag(7, 2).varint(length);
    EXPECT_CONTAINS(tryLoad(Proto().integer(1, 8).raw(field.str()).str()),
                    "bytes, but only 0 are left");
    Proto tensor =
        tensorHead("w", DataType::Int64, {1}).tag(7, 2).varint(length);
    EXPECT_CONTAINS(tryLoad(model(graph({{}, {}, {}, {tensor}})).str()),
                    "are left");
  }
  std::string endless(12, '\xff');
  EXPECT_CONTAINS(tryLoad(endless), "has no end");
}

TEST_F(HostileModelTest, HugeTensorsTakeNoMemory) {
  int64_t huge = int64_t{1} << 58;
  Proto tensor =
      tensorHead("w", DataType::UInt8, {huge}).message(5, packed({1}));
  EXPECT_CONTAINS(tryLoad(model(graph({{}, {}, {}, {tensor}})).str()),
                  "has 1 values");
  tensor = externalTensor("w", DataType::UInt8, {huge}, "e.bin");
  EXPECT_CONTAINS(tryLoad(model(graph({{}, {}, {}, {tensor}})).str()),
                  "too few");
}

} // namespace
} // namespace ingot::onnx
