#include "OnnxBytes.h"

namespace ingot::onnx {
namespace {

using RepairTest = OnnxFile;

Proto scalar(std::string_view name, float number) {
  return rawTensor(name, DataType::Float, {}, memoryOf<float>({number}));
}
Proto constant(std::string_view name, std::string_view output, float number) {
  return node(name, "Constant", {}, {std::string(output)},
              {attribute("value", AttributeType::Tensor)
                   .message(5, scalar("", number))});
}

TEST_F(RepairTest, SortedGraphsKeepTheirOrder) {
  ASSERT_EQ(load(model(graph({{node("b", "Relu", {"x"}, {"u"}),
                               node("a", "Relu", {"x"}, {"v"}),
                               node("c", "Add", {"v", "u"}, {"y"})},
                              {"x"},
                              {"y"}}))),
            "");
  EXPECT_EQ(print(result.graph), "b:Relu(x)->u\na:Relu(x)->v\nc:Add(v,u)->y\n");
}

TEST_F(RepairTest, UnsortedGraphsAreSorted) {
  ASSERT_EQ(load(model(graph({{node("c", "Add", {"v", "u"}, {"y"}),
                               node("b", "Relu", {"x"}, {"u"}),
                               node("a", "Relu", {"u"}, {"v"})},
                              {"x"},
                              {"y"}}))),
            "");
  EXPECT_EQ(print(result.graph), "b:Relu(x)->u\na:Relu(u)->v\nc:Add(v,u)->y\n");
}

// A node needs what the graphs within it take from around it.
TEST_F(RepairTest, CapturesCountAsInputs) {
  Proto inner = graph({{node("", "Relu", {"late"}, {"r"})}, {}, {"r"}});
  Proto outer = graph(
      {{node("", "If", {"x"}, {"s"}, {graphAttribute("then_branch", inner)})},
       {},
       {"s"}});
  Proto returned = graph({{}, {}, {"later"}});
  ASSERT_EQ(load(model(graph({{node("i", "If", {"x"}, {"y"},
                                    {graphAttribute("then_branch", outer),
                                     graphAttribute("else_branch", returned)}),
                               node("n", "Relu", {"x"}, {"late"}),
                               node("m", "Relu", {"x"}, {"later"})},
                              {"x"},
                              {"y"}}))),
            "");
  EXPECT_EQ(print(result.graph),
            "n:Relu(x)->late\nm:Relu(x)->later\ni:If(x)->y\n");
}

TEST_F(RepairTest, SubgraphsAreSortedToo) {
  Proto branch =
      graph({{node("b", "Relu", {"u"}, {"v"}), node("a", "Relu", {"x"}, {"u"})},
             {},
             {"v"}});
  ASSERT_EQ(load(model(graph({{node("i", "If", {"x"}, {"y"},
                                    {graphAttribute("then_branch", branch)})},
                              {"x"},
                              {"y"}}))),
            "");
  EXPECT_EQ(print(result.graph.nodes[0].attributes[0].graph()),
            "a:Relu(x)->u\nb:Relu(u)->v\n");
}

// Old files do: what the branch calls `u` has nothing to do with the outer one.
TEST_F(RepairTest, SubgraphsMayShadow) {
  Proto branch = graph({{node("a", "Relu", {"x"}, {"u"})}, {}, {"u"}});
  ASSERT_EQ(load(model(graph({{node("i", "If", {"x"}, {"y"},
                                    {graphAttribute("then_branch", branch)}),
                               node("n", "Relu", {"y"}, {"u"})},
                              {"x"},
                              {"u"}}))),
            "");
}

TEST_F(RepairTest, CyclesAreNamed) {
  std::string error = load(model(graph(
      {{node("a", "Add", {"x", "v"}, {"u"}), node("b", "Relu", {"u"}, {"v"}),
        node("after", "Relu", {"v"}, {"y"})},
       {"x"},
       {"y"}})));
  EXPECT_CONTAINS(error, "nodes depend on each other: node 'a' (Add) needs "
                         "node 'b' (Relu) needs node 'a'");
  EXPECT_FALSE(contains(error, "after"));
  EXPECT_CONTAINS(
      load(model(graph({{node("a", "Relu", {"u"}, {"u"})}, {}, {"u"}}))),
      "node 'a' (Relu) needs node 'a' (Relu)");
}

TEST_F(RepairTest, LongCyclesAreCut) {
  std::vector<Proto> nodes;
  for (int i = 0; i < 100; ++i)
    nodes.push_back(node("n" + std::to_string(i), "Relu",
                         {"v" + std::to_string((i + 99) % 100)},
                         {"v" + std::to_string(i)}));
  EXPECT_CONTAINS(load(model(graph({nodes, {}, {"v0"}}))), "(92 more)");
}

TEST_F(RepairTest, TheLastInitializerOfANameCounts) {
  ASSERT_EQ(
      load(model(graph(
          {{}, {}, {"w"}, {scalar("w", 1), scalar("v", 2), scalar("w", 3)}}))),
      "");
  ASSERT_EQ(result.graph.initializers.size(), 2u);
  EXPECT_EQ(result.graph.initializers[0].name, "v");
  EXPECT_EQ(result.data.numbers(result.graph.initializers[1]),
            std::vector<double>({3}));
}

TEST_F(RepairTest, InputsWithInitializersAreWeights) {
  ASSERT_EQ(load(model(graph({{node("a", "Add", {"x", "w"}, {"y"})},
                              {"w", "x"},
                              {"y"},
                              {scalar("w", 1)}}))),
            "");
  ASSERT_EQ(result.graph.inputs.size(), 1u);
  EXPECT_EQ(result.graph.inputs[0].name, "x");
}

TEST_F(RepairTest, InputsAndInitializersCanBeOutputs) {
  EXPECT_EQ(load(model(graph({{}, {"x"}, {"x", "w"}, {scalar("w", 1)}}))), "");
}

TEST_F(RepairTest, AbsentNamesAreNoValues) {
  EXPECT_EQ(load(model(graph({{node("a", "Clip", {"x", "", ""}, {"y", ""}),
                               node("b", "Dropout", {"y"}, {"z", ""})},
                              {"x"},
                              {"z"}}))),
            "");
}

TEST_F(RepairTest, EqualConstantsAreMerged) {
  ASSERT_EQ(load(model(graph({{constant("c", "k", 1), constant("d", "k", 1),
                               node("a", "Relu", {"k"}, {"y"})},
                              {},
                              {"y"}}))),
            "");
  EXPECT_EQ(print(result.graph), "c:Constant()->k\na:Relu(k)->y\n");
}

TEST_F(RepairTest, DefinedTwice) {
  EXPECT_CONTAINS(
      load(model(
          graph({{constant("c", "k", 1), constant("d", "k", 2)}, {}, {"k"}}))),
      "value 'k' is defined twice: by node 'c' (Constant) and by node 'd' "
      "(Constant)");
  EXPECT_CONTAINS(
      load(model(graph({{node("a", "Relu", {"x"}, {"x"})}, {"x"}, {"x"}}))),
      "by an input or initializer and by node 'a' (Relu)");
  EXPECT_CONTAINS(
      load(model(
          graph({{node("a", "Split", {"x"}, {"y", "y"})}, {"x"}, {"y"}}))),
      "value 'y' is defined twice");
  EXPECT_CONTAINS(load(model(graph({{}, {"x", "x"}, {"x"}}))),
                  "two inputs called 'x'");
  EXPECT_CONTAINS(load(model(graph({{}, {"x"}, {"x", "x"}}))),
                  "two outputs called 'x'");
}

TEST_F(RepairTest, Undefined) {
  EXPECT_CONTAINS(
      load(model(graph({{node("a", "Relu", {"none"}, {"y"})}, {}, {"y"}}))),
      "model.onnx: node 'a' (Relu) uses 'none', which nothing defines");
  EXPECT_CONTAINS(load(model(graph({{}, {}, {"none"}}))),
                  "nothing defines output 'none'");
  Proto branch = graph({{node("b", "Relu", {"none"}, {"u"})}, {}, {"u"}});
  EXPECT_CONTAINS(
      load(model(graph({{node("i", "If", {"x"}, {"y"},
                              {graphAttribute("then_branch", branch)})},
                        {"x"},
                        {"y"}}))),
      "node 'b' (Relu) uses 'none'");
}

// What a branch defines is not seen outside of it.
TEST_F(RepairTest, BranchesKeepTheirValues) {
  Proto branch = graph({{node("b", "Relu", {"x"}, {"u"})}, {}, {"u"}});
  EXPECT_CONTAINS(
      load(model(graph({{node("i", "If", {"x"}, {"y"},
                              {graphAttribute("then_branch", branch)}),
                         node("n", "Relu", {"u"}, {"z"})},
                        {"x"},
                        {"z"}}))),
      "node 'n' (Relu) uses 'u', which nothing defines");
}

TEST_F(RepairTest, Opsets) {
  Proto branch = graph({{node("b", "Relu", {"x"}, {"u"})}, {}, {"u"}});
  Proto proto =
      model(graph({{node("g", "Gelu", {"x"}, {"y"}, {}, "com.microsoft"),
                    node("h", "Gelu", {"y"}, {"z"},
                         {graphAttribute("g", branch)}, "ai.onnx")},
                   {"x"},
                   {"z"}}));
  proto.message(8, opset("", 19)).message(8, opset("unused", 3));
  ASSERT_EQ(load(proto), "");
  EXPECT_EQ(result.opset(""), 19); // imported twice, the newer one counts
  EXPECT_EQ(result.opset("com.microsoft"), 1);
  EXPECT_EQ(result.opsets.size(), 3u);
  EXPECT_EQ(result.graph.nodes[0].opset, 1);
  EXPECT_EQ(result.graph.nodes[1].opset, 19);
  EXPECT_EQ(result.graph.nodes[1].attributes[0].graph().nodes[0].opset, 19);
  EXPECT_CONTAINS(load(model(graph({{}, {}, {}})).message(8, opset("x", 0))),
                  "imports opset 0");
}

TEST_F(RepairTest, Nodes) {
  EXPECT_CONTAINS(load(model(graph({{node("a", "", {}, {"y"})}, {}, {"y"}}))),
                  "has no operator");
  Proto n =
      node("a", "Op", {}, {"y"}, {intAttribute("k", 1), intAttribute("k", 2)});
  EXPECT_CONTAINS(load(model(graph({{n}, {}, {"y"}}))),
                  "two attributes called 'k'");
  n = node("a", "Op", {}, {"y"}, {reference("k", "outer")});
  EXPECT_CONTAINS(load(model(graph({{n}, {}, {"y"}}))),
                  "refers to 'outer' of a function");
}

TEST(Describe, Nodes) {
  Node n;
  n.op = "Relu";
  EXPECT_EQ(describe(n), "a node without name and outputs (Relu)");
  n.outputs = {"", "y"};
  EXPECT_EQ(describe(n), "node of 'y' (Relu)");
  n.name = "n";
  n.domain = "com.microsoft";
  EXPECT_EQ(describe(n), "node 'n' (com.microsoft.Relu)");
}

} // namespace
} // namespace ingot::onnx
