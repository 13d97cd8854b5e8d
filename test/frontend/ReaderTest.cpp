// The messages of a model: what each field becomes.
#include "OnnxBytes.h"

namespace ingot::onnx {
namespace {

using ReaderTest = OnnxFile;

TEST_F(ReaderTest, ModelFields) {
  Proto proto = model(graph({{node("n", "Relu", {"x"}, {"y"})}, {"x"}, {"y"}}));
  proto.bytes(3, "1.2")
      .message(8, opset("com.microsoft", 1))
      .message(14, entry("author", "me"));
  ASSERT_EQ(read(proto), "");
  EXPECT_EQ(result.irVersion, 8);
  EXPECT_EQ(result.producer, "test");
  EXPECT_EQ(result.producerVersion, "1.2");
  EXPECT_EQ(result.opset(""), 17);
  EXPECT_EQ(result.opset("com.microsoft"), 1);
  EXPECT_EQ(result.opset("elsewhere"), 0);
  ASSERT_EQ(result.metadata.size(), 1u);
  EXPECT_EQ(result.metadata[0].second, "me");
  EXPECT_EQ(result.graph.name, "main");
  EXPECT_EQ(print(result.graph), "n:Relu(x)->y\n");
}

TEST_F(ReaderTest, UnknownFieldsAreSkipped) {
  Proto unknown;
  unknown.integer(900, 1).bytes(901, "x").f32(902, 1).fixed(903, "12345678", 8);
  Proto n = node("n", "Relu", {"x"}, {"y"}).raw(unknown.str());
  Proto g = graph({{n}, {"x"}, {"y"}}).raw(unknown.str());
  ASSERT_EQ(read(model(g).raw(unknown.str())), "");
  EXPECT_EQ(print(result.graph), "n:Relu(x)->y\n");
}

TEST_F(ReaderTest, DefaultDomainHasOneSpelling) {
  Proto proto;
  proto.message(
      7,
      graph({{node("n", "Relu", {"x"}, {"y"}, {}, "ai.onnx")}, {"x"}, {"y"}}));
  proto.message(8, opset("ai.onnx", 13));
  ASSERT_EQ(read(proto), "");
  EXPECT_EQ(result.opset(""), 13);
  EXPECT_EQ(result.graph.nodes[0].domain, "");
}

TEST_F(ReaderTest, Shapes) {
  auto info = [](std::string_view name, const Proto *shape) {
    Proto tensor = Proto().integer(1, 7);
    if (shape)
      tensor.message(2, *shape);
    return Proto().bytes(1, name).message(2, Proto().message(1, tensor));
  };
  Proto scalar, dims;
  dims.message(1, Proto().integer(1, 3));
  dims.message(1, Proto().bytes(2, "batch"));
  dims.message(1, Proto());
  dims.message(1, Proto().integer(1, -1));
  Proto g = graph({{}, {}, {}});
  g.message(11, info("unranked", nullptr)).message(11, info("scalar", &scalar));
  g.message(11, info("ranked", &dims));
  g.message(11,
            Proto().bytes(1, "list").message(2, Proto().message(4, Proto())));
  ASSERT_EQ(read(model(g)), "");
  const std::vector<ValueInfo> &inputs = result.graph.inputs;
  ASSERT_EQ(inputs.size(), 4u);
  EXPECT_EQ(inputs[0].kind, ValueKind::Tensor);
  EXPECT_EQ(inputs[0].type, DataType::Int64);
  EXPECT_FALSE(inputs[0].shape);
  ASSERT_TRUE(inputs[1].shape);
  EXPECT_TRUE(inputs[1].shape->empty());
  ASSERT_TRUE(inputs[2].shape);
  const std::vector<Dim> &shape = *inputs[2].shape;
  ASSERT_EQ(shape.size(), 4u);
  EXPECT_EQ(shape[0].value, 3);
  EXPECT_EQ(shape[1].param, "batch");
  EXPECT_FALSE(shape[1].value || shape[2].value || shape[3].value);
  EXPECT_EQ(inputs[3].kind, ValueKind::Sequence);
}

TEST_F(ReaderTest, AttributesOfEveryType) {
  Proto tensor = rawTensor("", DataType::Float, {1}, memoryOf<float>({2}));
  Proto sub = graph({{node("", "Relu", {"x"}, {"z"})}, {}, {"z"}});
  std::vector<Proto> attributes = {
      attribute("f", AttributeType::Float).f32(2, 1.5f),
      intAttribute("i", -3),
      attribute("s", AttributeType::String).bytes(4, "text"),
      attribute("t", AttributeType::Tensor).message(5, tensor),
      graphAttribute("g", sub),
      attribute("floats", AttributeType::Floats)
          .bytes(7, memoryOf<float>({1, 2}))
          .f32(7, 3),
      attribute("ints", AttributeType::Ints)
          .message(8, packed({1, -1}))
          .integer(8, 5),
      attribute("strings", AttributeType::Strings).bytes(9, "a").bytes(9, ""),
      attribute("tensors", AttributeType::Tensors)
          .message(10, tensor)
          .message(10, tensor),
      attribute("graphs", AttributeType::Graphs).message(11, sub),
      attribute("empty", AttributeType::Ints),
      reference("ref", "outer"),
  };
  ASSERT_EQ(read(model(graph(
                {{node("n", "Op", {"x"}, {"y"}, attributes)}, {"x"}, {"y"}}))),
            "");
  const Node &n = result.graph.nodes[0];
  ASSERT_EQ(n.attributes.size(), attributes.size());
  EXPECT_EQ(n.find("f")->f, 1.5f);
  EXPECT_EQ(n.find("i")->i, -3);
  EXPECT_EQ(n.find("s")->s, "text");
  EXPECT_EQ(result.data.numbers(n.find("t")->tensor()),
            std::vector<double>({2}));
  EXPECT_EQ(print(n.find("g")->graph()), ":Relu(x)->z\n");
  EXPECT_EQ(n.find("floats")->floats, std::vector<float>({1, 2, 3}));
  EXPECT_EQ(n.find("ints")->ints, std::vector<int64_t>({1, -1, 5}));
  EXPECT_EQ(n.find("strings")->strings, Names({"a", ""}));
  EXPECT_EQ(n.find("tensors")->tensors.size(), 2u);
  EXPECT_EQ(n.find("graphs")->graphs.size(), 1u);
  EXPECT_EQ(n.find("empty")->type, AttributeType::Ints);
  EXPECT_EQ(n.find("ref")->refName, "outer");
  EXPECT_EQ(n.find("missing"), nullptr);
}

TEST_F(ReaderTest, AttributeTypesAreInferred) {
  auto bare = [](std::string_view name) { return Proto().bytes(1, name); };
  std::vector<Proto> attributes = {
      bare("f").f32(2, 0),
      bare("i").integer(3, 0),
      bare("s").bytes(4, ""),
      bare("floats").f32(7, 1),
      bare("ints").integer(8, 1),
      bare("strings").bytes(9, "a"),
      bare("t").message(5, rawTensor("", DataType::Int8, {1}, "a"))};
  ASSERT_EQ(
      read(model(graph({{node("n", "Op", {}, {"y"}, attributes)}, {}, {"y"}}))),
      "");
  const Node &n = result.graph.nodes[0];
  EXPECT_EQ(n.find("f")->type, AttributeType::Float);
  EXPECT_EQ(n.find("i")->type, AttributeType::Int);
  EXPECT_EQ(n.find("s")->type, AttributeType::String);
  EXPECT_EQ(n.find("floats")->type, AttributeType::Floats);
  EXPECT_EQ(n.find("ints")->type, AttributeType::Ints);
  EXPECT_EQ(n.find("strings")->type, AttributeType::Strings);
  EXPECT_EQ(n.find("t")->type, AttributeType::Tensor);
}

TEST_F(ReaderTest, Functions) {
  Proto function;
  function.bytes(1, "F")
      .bytes(4, "a")
      .bytes(5, "b")
      .bytes(6, "alpha")
      .bytes(10, "local");
  function.message(7, node("n", "Relu", {"a"}, {"b"}))
      .message(9, opset("", 15));
  function.message(11, intAttribute("beta", 2)).bytes(13, "o");
  ASSERT_EQ(read(model(graph({{}, {}, {}}), {function})), "");
  ASSERT_EQ(result.functions.size(), 1u);
  const Function &f = result.functions[0];
  EXPECT_EQ(f.domain + "." + f.name + "." + f.overload, "local.F.o");
  EXPECT_EQ(f.inputs, Names({"a"}));
  EXPECT_EQ(f.outputs, Names({"b"}));
  EXPECT_EQ(f.attributes, Names({"alpha"}));
  EXPECT_EQ(f.defaults[0].i, 2);
  EXPECT_EQ(f.opsets[0].version, 15);
  EXPECT_EQ(f.nodes[0].op, "Relu");
}

TEST_F(ReaderTest, NotAModel) {
  EXPECT_CONTAINS(readModel(folder + "/none.onnx", result).message(),
                  "none.onnx: cannot be opened");
  EXPECT_CONTAINS(readModel(folder, result).message(), "is a folder");
  EXPECT_CONTAINS(read(std::string_view()), "is empty");
  EXPECT_CONTAINS(
      read("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
      "git lfs pull");
  EXPECT_CONTAINS(read("PK\x03\x04zip"), "PyTorch");
  EXPECT_CONTAINS(read(std::string_view("\x18\0\0\0ORTM....", 12)),
                  "ONNX Runtime");
  EXPECT_CONTAINS(read("<net name='m'/>"), "not an ONNX model: it is text");
  EXPECT_CONTAINS(read("Some words."), "at byte 0");
  EXPECT_CONTAINS(read(Proto().integer(1, 8)), "has no graph");
  EXPECT_CONTAINS(read(Proto().message(7, graph({{}, {}, {}}))), "which opset");
}

// A producer may be called like another format's magic number.
TEST_F(ReaderTest, ProducerCalledOrtm) {
  Proto proto;
  proto.integer(1, 8)
      .bytes(2, "ORTM")
      .message(7, graph({{}, {}, {}}))
      .message(8, opset("", 17));
  EXPECT_EQ(read(proto), "");
}

TEST_F(ReaderTest, TruncationSaysWhere) {
  std::string whole =
      model(graph({{node("n", "Relu", {"x"}, {"y"})}, {"x"}, {"y"}})).str();
  std::string error = read(std::string_view(whole).substr(0, 20));
  EXPECT_CONTAINS(
      error,
      "model.onnx: truncated or damaged at byte 8, in the model: field 7");
}

TEST_F(ReaderTest, TextIsNoModel) {
  EXPECT_CONTAINS(read("root:x:0:0:root:/root:/bin/bash\n"),
                  "model.onnx: is not an ONNX model, or truncated or "
                  "damaged at byte 0");
}

TEST_F(ReaderTest, DamageSaysWhere) {
  Proto bad = Proto().raw("\x0b"); // a group, which ONNX has not
  EXPECT_CONTAINS(read(model(graph({{bad}, {}, {}}))),
                  "in a node: field 1 has wire type 3");
  Proto wrongType = Proto().integer(3, 1);
  EXPECT_CONTAINS(read(model(graph({{wrongType}, {}, {}}))),
                  "has wire type 0 where 2 is expected");
  Proto wideTag = Proto().varint(uint64_t{1} << 40);
  EXPECT_CONTAINS(read(model(graph({{wideTag}, {}, {}}))),
                  "no field can begin like this");
}

TEST_F(ReaderTest, SparseTensorsAreRefusedByName) {
  Proto sparse = Proto().message(1, tensorHead("w", DataType::Float, {1}));
  EXPECT_CONTAINS(read(model(graph({{}, {}, {}}).message(15, sparse))),
                  "initializer 'w' is a sparse");
  Proto value = attribute("sparse_value", AttributeType::SparseTensor)
                    .message(22, sparse);
  std::string error = read(
      model(graph({{node("c", "Constant", {}, {"y"}, {value})}, {}, {"y"}})));
  EXPECT_CONTAINS(error, "'sparse_value' is a sparse tensor");
  EXPECT_CONTAINS(error, "in node 'c' (Constant)");
}

TEST_F(ReaderTest, ErrorsNameTheNode) {
  // Name and operator stand before the attributes, as exporters write them.
  Proto bad = attribute("value", AttributeType::Tensor);
  EXPECT_CONTAINS(read(model(graph(
                      {{node("c", "Constant", {}, {"y"}, {bad})}, {}, {"y"}}))),
                  "attribute 'value' is one tensor by its type, but has 0, in "
                  "node 'c' (Constant)");
  Proto type = Proto().bytes(1, "a").integer(20, 99);
  EXPECT_CONTAINS(
      read(model(graph({{node("c", "Op", {}, {"y"}, {type})}, {}, {"y"}}))),
      "attribute type 99 is unknown, in node 'c' (Op)");
}

TEST_F(ReaderTest, AttributeValuesHaveTheStatedType) {
  auto error = [&](const Proto &one) {
    return read(model(graph({{node("n", "Op", {}, {"y"}, {one})}, {}, {"y"}})));
  };
  EXPECT_CONTAINS(error(attribute("a", AttributeType::Float).integer(3, 1)),
                  "attribute 'a' is of type float, but its value is not");
  // Zeros may be left out, and some writers fill in every field.
  EXPECT_EQ(error(attribute("a", AttributeType::Float)), "");
  EXPECT_EQ(error(attribute("a", AttributeType::Int).f32(2, 0).integer(3, 4)),
            "");
  EXPECT_EQ(result.graph.nodes[0].find("a")->i, 4);
  EXPECT_CONTAINS(error(Proto().integer(3, 1)), "an attribute has no name");
}

TEST_F(ReaderTest, NestingIsBounded) {
  Proto inner = graph({{}, {}, {}});
  for (unsigned depth = 1; depth < kMaxGraphDepth; ++depth)
    inner = graph(
        {{node("n", "If", {}, {}, {graphAttribute("g", inner)})}, {}, {}});
  EXPECT_EQ(read(model(inner)), "");
  for (int more = 0; more < 1000; ++more)
    inner = graph(
        {{node("n", "If", {}, {}, {graphAttribute("g", inner)})}, {}, {}});
  EXPECT_CONTAINS(read(model(inner)), "nested more than 32 deep");
}

TEST(Quoted, EscapesAndCuts) {
  EXPECT_EQ(quoted("/model/x"), "'/model/x'");
  EXPECT_EQ(quoted(std::string_view("a\n\0", 3)), "'a\\x0a\\x00'");
  EXPECT_EQ(onnx::quoted(std::string(1000, 'x')).size(), 205u);
}

} // namespace
} // namespace ingot::onnx
