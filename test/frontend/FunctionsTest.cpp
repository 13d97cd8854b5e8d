#include "OnnxBytes.h"

namespace ingot::onnx {
namespace {

using FunctionsTest = OnnxFile;

struct FunctionParts {
  std::string name;
  Names inputs, outputs;
  std::vector<Proto> nodes;
  Names attributes = {};
  std::vector<Proto> defaults = {};
  int64_t opset = 15;
};

Proto function(const FunctionParts &parts) {
  Proto proto;
  proto.bytes(1, parts.name)
      .bytes(10, "local")
      .message(9, opset("", parts.opset));
  for (const std::string &input : parts.inputs)
    proto.bytes(4, input);
  for (const std::string &output : parts.outputs)
    proto.bytes(5, output);
  for (const std::string &attribute : parts.attributes)
    proto.bytes(6, attribute);
  for (const Proto &one : parts.defaults)
    proto.message(11, one);
  for (const Proto &one : parts.nodes)
    proto.message(7, one);
  return proto;
}

Proto call(std::string_view name, std::string_view function,
           const Names &inputs, const Names &outputs,
           const std::vector<Proto> &attributes = {}) {
  return node(name, function, inputs, outputs, attributes, "local");
}

/// x -> y through the nodes.
Proto through(const std::vector<Proto> &nodes,
              const std::vector<Proto> &functions) {
  return model(graph({nodes, {"x"}, {"y"}}), functions);
}

TEST_F(FunctionsTest, BodiesReplaceCalls) {
  Proto f = function(
      {"F",
       {"a"},
       {"b"},
       {node("n", "Relu", {"a"}, {"t"}), node("m", "Neg", {"t"}, {"b"})}});
  ASSERT_EQ(load(through({call("one", "F", {"x"}, {"u"}),
                          call("two", "F", {"u"}, {"y"})},
                         {f})),
            "");
  EXPECT_EQ(print(result.graph), "one/n:Relu(x)->one/t\n"
                                 "one/m:Neg(one/t)->u\n"
                                 "two/n:Relu(u)->two/t\n"
                                 "two/m:Neg(two/t)->y\n");
  EXPECT_TRUE(result.functions.empty());
  EXPECT_EQ(result.graph.nodes[0].opset,
            15); // the function's import, not the model's
}

TEST_F(FunctionsTest, NamesStayUnique) {
  Proto f = function(
      {"F",
       {"a"},
       {"b"},
       {node("n", "Relu", {"a"}, {"t"}), node("m", "Neg", {"t"}, {"b"})}});
  // Calls without a name, and a value of the model that is called like one of a
  // body.
  ASSERT_EQ(
      load(through(
          {call("", "F", {"x"}, {"F/t"}), call("", "F", {"F/t"}, {"y"})}, {f})),
      "");
  EXPECT_EQ(print(result.graph), "F/n:Relu(x)->F/t.1\n"
                                 "F/m:Neg(F/t.1)->F/t\n"
                                 "F/n:Relu(F/t)->F/t.2\n"
                                 "F/m:Neg(F/t.2)->y\n");
}

TEST_F(FunctionsTest, AttributesGivenDefaultAndAbsent) {
  Proto n = node("n", "Op", {"a"}, {"b"},
                 {reference("given", "alpha"), reference("default", "beta"),
                  reference("absent", "gamma"), intAttribute("own", 4)});
  Proto f = function(
      {"F", {"a"}, {"b"}, {n}, {"alpha", "gamma"}, {intAttribute("beta", 2)}});
  ASSERT_EQ(
      load(through({call("c", "F", {"x"}, {"y"}, {intAttribute("alpha", 1)})},
                   {f})),
      "");
  const Node &inlined = result.graph.nodes[0];
  ASSERT_EQ(inlined.attributes.size(), 3u);
  EXPECT_EQ(inlined.find("given")->i, 1);
  EXPECT_EQ(inlined.find("default")->i, 2);
  EXPECT_EQ(inlined.find("own")->i, 4);
  EXPECT_EQ(inlined.find("given")->refName, "");

  ASSERT_EQ(
      load(through({call("c", "F", {"x"}, {"y"}, {intAttribute("beta", 7)})},
                   {f})),
      "");
  EXPECT_EQ(result.graph.nodes[0].find("default")->i, 7);
  EXPECT_EQ(result.graph.nodes[0].find("given"), nullptr);
}

TEST_F(FunctionsTest, AttributeErrors) {
  Proto f =
      function({"F",
                {"a"},
                {"b"},
                {node("n", "Op", {"a"}, {"b"}, {reference("k", "alpha")})},
                {"alpha"}});
  EXPECT_CONTAINS(
      load(through({call("c", "F", {"x"}, {"y"}, {intAttribute("other", 1)})},
                   {f})),
      "node 'c' (local.F) has an attribute 'other' that function 'local.F' has "
      "not");
  Proto text = attribute("alpha", AttributeType::String).bytes(4, "t");
  EXPECT_CONTAINS(load(through({call("c", "F", {"x"}, {"y"}, {text})}, {f})),
                  "attribute 'k' is of type int, but 'alpha' of function "
                  "'local.F' of type string");
}

TEST_F(FunctionsTest, OptionalInputsVanish) {
  Proto f = function({"F",
                      {"a", "lo", "hi"},
                      {"b"},
                      {node("n", "Clip", {"a", "lo", "hi"}, {"b"})}});
  ASSERT_EQ(load(through({call("c", "F", {"x"}, {"y"})}, {f})), "");
  EXPECT_EQ(result.graph.nodes[0].inputs, Names({"x", "", ""}));
  ASSERT_EQ(load(through({call("c", "F", {"x", "", "x"}, {"y"})}, {f})), "");
  EXPECT_EQ(result.graph.nodes[0].inputs, Names({"x", "", "x"}));
  EXPECT_CONTAINS(
      load(through({call("c", "F", {"x", "x", "x", "x"}, {"y"})}, {f})),
      "more inputs or outputs than");
}

TEST_F(FunctionsTest, OutputsThatTheCallLeavesOut) {
  Proto f = function(
      {"F", {"a"}, {"b", "c"}, {node("n", "Split", {"a"}, {"b", "c"})}});
  ASSERT_EQ(load(through({call("c", "F", {"x"}, {"", "y"})}, {f})), "");
  EXPECT_EQ(print(result.graph), "c/n:Split(x)->c/b,y\n");
}

TEST_F(FunctionsTest, OutputsThatAreInputsOrTwice) {
  Proto f = function(
      {"F", {"a"}, {"a", "t", "t"}, {node("n", "Relu", {"a"}, {"t"})}});
  ASSERT_EQ(load(through({call("c", "F", {"x"}, {"u", "v", "w"}),
                          node("s", "Sum", {"u", "v", "w"}, {"y"})},
                         {f})),
            "");
  EXPECT_EQ(print(result.graph), "c/n:Relu(x)->v\n"
                                 "c/a:Identity(x)->u\n"
                                 "c/t:Identity(v)->w\n"
                                 "s:Sum(u,v,w)->y\n");
  EXPECT_CONTAINS(load(through({call("c", "F", {}, {"y"})}, {f})),
                  "is an input that the call leaves out");
}

TEST_F(FunctionsTest, FunctionsCallFunctions) {
  Proto inner =
      function({"Inner",
                {"a"},
                {"b"},
                {node("n", "Op", {"a"}, {"b"}, {reference("k", "inner")})},
                {"inner"}});
  Proto outer = function(
      {"Outer",
       {"a"},
       {"b"},
       {call("i", "Inner", {"a"}, {"t"}, {reference("inner", "outer")}),
        call("j", "Inner", {"t"}, {"b"})},
       {"outer"}});
  ASSERT_EQ(load(through(
                {call("c", "Outer", {"x"}, {"y"}, {intAttribute("outer", 3)})},
                {outer, inner})),
            "");
  EXPECT_EQ(print(result.graph), "c/i/n:Op(x)->c/t\nc/j/n:Op(c/t)->y\n");
  EXPECT_EQ(result.graph.nodes[0].find("k")->i, 3);
  EXPECT_EQ(result.graph.nodes[1].find("k"), nullptr);
}

TEST_F(FunctionsTest, CallsInSubgraphs) {
  Proto f = function({"F", {"a"}, {"b"}, {node("n", "Relu", {"a"}, {"b"})}});
  Proto branch = graph({{call("c", "F", {"x"}, {"u"})}, {}, {"u"}});
  ASSERT_EQ(load(through({node("i", "If", {"x"}, {"y"},
                               {graphAttribute("then_branch", branch)})},
                         {f})),
            "");
  EXPECT_EQ(print(result.graph.nodes[0].attributes[0].graph()),
            "c/n:Relu(x)->u\n");
}

TEST_F(FunctionsTest, SubgraphsInBodies) {
  Proto weight = rawTensor("w", DataType::Float, {}, memoryOf<float>({1}));
  Proto branch = graph(
      {{node("n", "Op", {"a", "w", "t"}, {"u"}, {reference("k", "alpha")})},
       {},
       {"u"},
       {weight}});
  Proto f = function(
      {"F",
       {"a"},
       {"b"},
       {node("m", "Relu", {"a"}, {"t"}),
        node("i", "If", {"a"}, {"b"}, {graphAttribute("then_branch", branch)})},
       {"alpha"}});
  ASSERT_EQ(
      load(through({call("c", "F", {"x"}, {"y"}, {intAttribute("alpha", 5)})},
                   {f})),
      "");
  const Graph &inlined = result.graph.nodes[1].attributes[0].graph();
  EXPECT_EQ(print(inlined), "c/n:Op(x,c/w,c/t)->c/u\n");
  EXPECT_EQ(inlined.outputs[0].name, "c/u");
  EXPECT_EQ(inlined.initializers[0].name, "c/w");
  EXPECT_EQ(inlined.nodes[0].find("k")->i, 5);
  EXPECT_EQ(inlined.nodes[0].opset, 15);
}

// A graph that the call passes as an attribute means the caller's values, also
// where the function has values of the same names.
TEST_F(FunctionsTest, GraphsAsAttributes) {
  Proto branch = graph({{node("n", "Relu", {"x"}, {"u"})}, {}, {"u"}});
  Proto body = node("i", "If", {"x"}, {"b"},
                    {reference("then_branch", "branch", AttributeType::Graph)});
  Proto f = function({"F", {"x"}, {"b"}, {body}, {"branch"}});
  ASSERT_EQ(load(through({node("m", "Neg", {"x"}, {"v"}),
                          call("c", "F", {"v"}, {"y"},
                               {graphAttribute("branch", branch)})},
                         {f})),
            "");
  EXPECT_EQ(result.graph.nodes[1].inputs, Names({"v"}));
  EXPECT_EQ(print(result.graph.nodes[1].attributes[0].graph()),
            "n:Relu(x)->u\n");
}

TEST_F(FunctionsTest, BodiesSeeOnlyThemselves) {
  Proto f =
      function({"F", {"a"}, {"b"}, {node("n", "Add", {"a", "x"}, {"b"})}});
  EXPECT_CONTAINS(load(through({call("c", "F", {"x"}, {"y"})}, {f})),
                  "function 'local.F' uses 'x', which nothing in it defines");
  f = function({"F", {"a"}, {"b"}, {node("n", "Relu", {"a"}, {"t"})}});
  EXPECT_CONTAINS(load(through({call("c", "F", {"x"}, {"y"})}, {f})),
                  "does not define its output 'b'");
}

TEST_F(FunctionsTest, RecursionIsRefused) {
  Proto f = function({"F", {"a"}, {"b"}, {call("g", "G", {"a"}, {"b"})}});
  Proto g = function({"G", {"a"}, {"b"}, {call("f", "F", {"a"}, {"b"})}});
  EXPECT_CONTAINS(load(through({call("c", "F", {"x"}, {"y"})}, {f, g})),
                  "function 'local.F' calls itself: 'F' -> 'G' -> 'F'");
}

TEST_F(FunctionsTest, DefinedTwice) {
  Proto f = function({"F", {"a"}, {"b"}, {node("n", "Relu", {"a"}, {"b"})}});
  EXPECT_CONTAINS(load(through({}, {f, f})),
                  "function 'local.F' is defined twice");
  f.bytes(13, "overload");
  Proto g = function({"F", {"a"}, {"b"}, {node("n", "Neg", {"a"}, {"b"})}});
  ASSERT_EQ(load(through({call("c", "F", {"x"}, {"y"}).bytes(8, "overload")},
                         {f, g})),
            "");
  EXPECT_EQ(result.graph.nodes[0].op, "Relu");
}

// Two calls in each of 40 functions are 2^40 nodes.
TEST_F(FunctionsTest, ExplosionIsBounded) {
  std::vector<Proto> functions;
  for (int i = 0; i < 40; ++i) {
    std::string next = "F" + std::to_string(i + 1);
    functions.push_back(function(
        {"F" + std::to_string(i),
         {"a"},
         {"b"},
         {call("p", next, {"a"}, {"t"}), call("q", next, {"t"}, {"b"})}}));
  }
  functions.push_back(
      function({"F40", {"a"}, {"b"}, {node("n", "Relu", {"a"}, {"b"})}}));
  EXPECT_CONTAINS(load(through({call("c", "F0", {"x"}, {"y"})}, functions)),
                  "do not fit in 256 MiB");
}

TEST_F(FunctionsTest, DepthIsBounded) {
  std::vector<Proto> functions;
  for (int i = 0; i < 5000; ++i)
    functions.push_back(
        function({"F" + std::to_string(i),
                  {"a"},
                  {"b"},
                  {call("p", "F" + std::to_string(i + 1), {"a"}, {"b"})}}));
  EXPECT_CONTAINS(load(through({call("c", "F0", {"x"}, {"y"})}, functions)),
                  "more than 64 deep");
}

} // namespace
} // namespace ingot::onnx
