// Graphs: by capture and by hand, updated in place; the rules of capture.
#include "Harness.h"

namespace ingot::emulator {
namespace {

const char *const affine = R"(
#include "vocabulary.cuh"
KERNEL(32, 1) affine(u32 *y, const u32 *x, u32 factor, u32 term) { y[tid()] = x[tid()] * factor + term; }
EXPORT_KERNEL(affine)
)";

class GraphTest : public EmulatorTest {
protected:
  GraphTest() {
    EXPECT_EQ(cuda.streamCreate(&stream, cu::streamNonBlocking), cu::success);
    EXPECT_EQ(cuda.streamCreate(&other, cu::streamNonBlocking), cu::success);
  }
  ~GraphTest() override {
    control("revive");
    EXPECT_EQ(cuda.streamDestroy(stream), cu::success);
    EXPECT_EQ(cuda.streamDestroy(other), cu::success);
  }
  // y = x * factor + term on a stream.
  cu::Result launch(cu::Stream s, const DeviceBytes &y, const DeviceBytes &x,
                    uint32_t factor, uint32_t term) {
    void *p[] = {const_cast<cu::Pointer *>(&y.pointer),
                 const_cast<cu::Pointer *>(&x.pointer), &factor, &term};
    return cuda.launchKernel(stub.function("affine"), 1, 1, 1, 32, 1, 1, 0, s,
                             p, nullptr);
  }
  Stub stub{affine};
  cu::Stream stream, other;
  DeviceArray<uint32_t> x{std::vector<uint32_t>(32, 5)}, y{32}, z{32};
};

TEST_F(GraphTest, CapturedWorkRunsWhenLaunched) {
  ASSERT_EQ(cuda.streamBeginCapture(stream, cu::captureGlobal), cu::success);
  cu::CaptureStatus status;
  EXPECT_EQ(cuda.streamIsCapturing(stream, &status), cu::success);
  EXPECT_EQ(status, cu::captureActive);
  EXPECT_EQ(launch(stream, y, x, 2, 1), cu::success);
  EXPECT_EQ(launch(stream, z, y, 3, 0), cu::success);
  cu::Graph graph;
  ASSERT_EQ(cuda.streamEndCapture(stream, &graph), cu::success);
  size_t count = 0;
  EXPECT_EQ(cuda.graphGetNodes(graph, nullptr, &count), cu::success);
  ASSERT_EQ(count, 2u);
  cu::GraphNode nodes[2];
  EXPECT_EQ(cuda.graphGetNodes(graph, nodes, &count), cu::success);
  cu::GraphExec exec;
  ASSERT_EQ(cuda.graphInstantiate(&exec, graph, 0), cu::success);
  EXPECT_EQ(cuda.graphLaunch(exec, stream), cu::success);
  EXPECT_EQ(cuda.streamSynchronize(stream), cu::success);
  EXPECT_EQ(z.get(), std::vector<uint32_t>(32, 33));

  // A launch keeps the values it was made with.
  EXPECT_EQ(cuda.graphLaunch(exec, stream), cu::success);
  uint32_t factor = 10, term = 0;
  void *p[] = {&z.pointer, &y.pointer, &factor, &term};
  cu::KernelNodeParams params = {};
  params.function = stub.function("affine");
  params.gridX = params.gridY = params.gridZ = params.blockY = params.blockZ =
      1;
  params.blockX = 32;
  params.parameters = p;
  EXPECT_EQ(cuda.graphExecSetKernel(exec, nodes[1], &params), cu::success);
  EXPECT_EQ(cuda.streamSynchronize(stream), cu::success);
  EXPECT_EQ(z.get(), std::vector<uint32_t>(32, 33));
  EXPECT_EQ(cuda.graphLaunch(exec, stream), cu::success);
  EXPECT_EQ(cuda.streamSynchronize(stream), cu::success);
  EXPECT_EQ(z.get(), std::vector<uint32_t>(32, 110));

  // A disabled node does nothing.
  EXPECT_EQ(cuda.memsetD32Async(z.pointer, 4, 32, stream), cu::success);
  EXPECT_EQ(cuda.graphNodeSetEnabled(exec, nodes[1], 0), cu::success);
  EXPECT_EQ(cuda.graphLaunch(exec, stream), cu::success);
  EXPECT_EQ(cuda.streamSynchronize(stream), cu::success);
  EXPECT_EQ(z.get(), std::vector<uint32_t>(32, 4));

  EXPECT_EQ(cuda.graphDestroy(graph), cu::success);
  // Its nodes went with it.
  EXPECT_EQ(cuda.graphExecSetKernel(exec, nodes[1], &params),
            cu::invalidHandle);
  EXPECT_EQ(cuda.graphExecDestroy(exec), cu::success);
  EXPECT_EQ(cuda.graphLaunch(exec, stream), cu::invalidHandle);
}

TEST_F(GraphTest, ExplicitNodesAndUpdate) {
  auto build = [&](uint32_t factor, bool fill) {
    cu::Graph graph;
    EXPECT_EQ(cuda.graphCreate(&graph, 0), cu::success);
    cu::GraphNode first, second;
    cu::MemsetNodeParams set = {y.pointer, 0, 3, 4, 32, 1};
    EXPECT_EQ(cuda.graphAddMemsetNode(&first, graph, nullptr, 0, &set, nullptr),
              cu::success);
    uint32_t term = 1;
    void *p[] = {&z.pointer, &y.pointer, &factor, &term};
    cu::KernelNodeParams params = {};
    params.function = stub.function("affine");
    params.gridX = params.gridY = params.gridZ = params.blockY = params.blockZ =
        1;
    params.blockX = 32;
    params.parameters = p;
    EXPECT_EQ(cuda.graphAddKernelNode(&second, graph, &first, 1, &params),
              cu::success);
    if (fill) {
      cu::GraphNode third;
      EXPECT_EQ(
          cuda.graphAddMemsetNode(&third, graph, &second, 1, &set, nullptr),
          cu::success);
    }
    return graph;
  };
  cu::Graph graph = build(2, false), changed = build(4, false),
            larger = build(4, true);
  cu::GraphExec exec;
  ASSERT_EQ(cuda.graphInstantiate(&exec, graph, 0), cu::success);
  for (const char *mode : {"mode late", "mode random 1", "mode random 2"}) {
    control(mode);
    EXPECT_EQ(cuda.graphLaunch(exec, stream), cu::success);
    EXPECT_EQ(cuda.streamSynchronize(stream), cu::success) << control("report");
    EXPECT_EQ(z.get(), std::vector<uint32_t>(32, 7));
  }
  cu::GraphUpdateInfo info;
  EXPECT_EQ(cuda.graphExecUpdate(exec, changed, &info), cu::success);
  EXPECT_EQ(cuda.graphLaunch(exec, stream), cu::success);
  EXPECT_EQ(cuda.streamSynchronize(stream), cu::success);
  EXPECT_EQ(z.get(), std::vector<uint32_t>(32, 13));
  EXPECT_EQ(cuda.graphExecUpdate(exec, larger, &info),
            cu::graphExecUpdateFailure);
  EXPECT_EQ(info.result, 2);
  for (cu::Graph g : {graph, changed, larger})
    EXPECT_EQ(cuda.graphDestroy(g), cu::success);
  EXPECT_EQ(cuda.graphExecDestroy(exec), cu::success);
}

TEST_F(GraphTest, GraphsInGraphs) {
  auto chain = [&](std::vector<uint32_t> factors) {
    EXPECT_EQ(cuda.streamBeginCapture(stream, cu::captureRelaxed), cu::success);
    for (uint32_t factor : factors)
      EXPECT_EQ(launch(stream, y, y, factor, 1), cu::success);
    cu::Graph graph = nullptr;
    EXPECT_EQ(cuda.streamEndCapture(stream, &graph), cu::success);
    return graph;
  };
  cu::Graph graph, child = chain({2, 3}), other = chain({4, 5}),
                   longer = chain({1, 1, 1});
  ASSERT_EQ(cuda.graphCreate(&graph, 0), cu::success);
  cu::MemsetNodeParams fill = {y.pointer, 0, 1, 4, 32, 1};
  cu::Context context = nullptr;
  cu::GraphNode first, node;
  ASSERT_EQ(cuda.contextGetCurrent(&context), cu::success);
  ASSERT_EQ(cuda.graphAddMemsetNode(&first, graph, nullptr, 0, &fill, context),
            cu::success);
  ASSERT_EQ(cuda.graphAddChildGraphNode(&node, graph, &first, 1, child),
            cu::success);
  cu::NodeType type;
  EXPECT_EQ(cuda.graphNodeGetType(node, &type), cu::success);
  EXPECT_EQ(type, cu::nodeGraph);
  // The node has a copy.
  EXPECT_EQ(cuda.graphDestroy(child), cu::success);
  cu::GraphNode none;
  EXPECT_EQ(cuda.graphAddChildGraphNode(&none, graph, &first, 1, child),
            cu::invalidHandle);
  cu::GraphExec exec;
  ASSERT_EQ(cuda.graphInstantiate(&exec, graph, 0), cu::success);
  auto run = [&] {
    EXPECT_EQ(cuda.graphLaunch(exec, stream), cu::success);
    EXPECT_EQ(cuda.streamSynchronize(stream), cu::success);
    return y.get()[31];
  };
  EXPECT_EQ(run(), 10u); // (1 * 2 + 1) * 3 + 1
  EXPECT_EQ(cuda.graphExecSetChildGraph(exec, node, other), cu::success);
  EXPECT_EQ(run(), 26u);
  // Of the same form only, and it has no switch.
  EXPECT_EQ(cuda.graphExecSetChildGraph(exec, node, longer), cu::invalidValue);
  EXPECT_EQ(cuda.graphExecSetChildGraph(exec, first, other), cu::invalidValue);
  EXPECT_EQ(cuda.graphNodeSetEnabled(exec, node, 0), cu::invalidValue);
  EXPECT_EQ(run(), 26u);
  for (cu::Graph g : {graph, other, longer})
    EXPECT_EQ(cuda.graphDestroy(g), cu::success);
  EXPECT_EQ(cuda.graphExecDestroy(exec), cu::success);
}

const char *const chained = R"(
#include "vocabulary.cuh"
KERNEL(32, 1) first(u32 *y, const u32 *x) { grid_launch_next(); grid_wait(); y[tid()] = x[tid()] * 2; }
EXPORT_KERNEL(first)
KERNEL(32, 1) second(u32 *y, const u32 *x) { u32 k = x[tid()]; grid_wait(); y[tid()] = k + 1; }
EXPORT_KERNEL(second)
)";

// Of kernels that overlap, what the first has written must not be read early.
TEST_F(GraphTest, EdgesOfKernels) {
  Stub kernels{chained};
  cu::Graph graph;
  ASSERT_EQ(cuda.graphCreate(&graph, 0), cu::success);
  cu::GraphNode first, second, third, fill;
  auto add = [&](cu::GraphNode *node, const char *name, const DeviceBytes &to,
                 const DeviceBytes &from) {
    void *p[] = {const_cast<cu::Pointer *>(&to.pointer),
                 const_cast<cu::Pointer *>(&from.pointer)};
    cu::KernelNodeParams params = {};
    params.function = kernels.function(name);
    params.gridX = params.gridY = params.gridZ = params.blockY = params.blockZ =
        1;
    params.blockX = 32;
    params.parameters = p;
    EXPECT_EQ(cuda.graphAddKernelNode(node, graph, nullptr, 0, &params),
              cu::success);
  };
  DeviceArray<uint32_t> other(32);
  add(&first, "first", y, x);
  add(&second, "second", other, x); // nobody has written x
  add(&third, "second", z, y);      // the first has written y
  cu::MemsetNodeParams set = {y.pointer, 0, 3, 4, 32, 1};
  ASSERT_EQ(cuda.graphAddMemsetNode(&fill, graph, nullptr, 0, &set, nullptr),
            cu::success);
  auto connect = [&](cu::GraphNode from, cu::GraphNode to, int port = 1,
                     int type = 1, int toPort = 0, int reserved = 0) {
    cu::EdgeData edge = {uint8_t(port),
                         uint8_t(toPort),
                         uint8_t(type),
                         {0, 0, uint8_t(reserved)}};
    return cuda.graphAddDependencies(graph, &from, &to, &edge, 1);
  };
  EXPECT_EQ(connect(fill, first), cu::invalidValue);
  EXPECT_EQ(connect(first, fill), cu::invalidValue);
  EXPECT_EQ(connect(first, second, 0, 1), cu::invalidValue);
  EXPECT_EQ(connect(first, second, 1, 0), cu::invalidValue);
  EXPECT_EQ(connect(first, second, 1, 1, 1), cu::invalidValue);
  EXPECT_EQ(connect(first, second, 1, 1, 0, 1), cu::invalidValue);
  EXPECT_EQ(connect(first, first), cu::invalidValue);
  EXPECT_EQ(connect(first, second), cu::success);
  EXPECT_EQ(connect(first, second), cu::invalidValue);
  EXPECT_EQ(connect(second, first), cu::invalidValue);
  EXPECT_EQ(connect(fill, first, 0, 0), cu::success);
  EXPECT_EQ(cuda.graphAddDependencies(graph, &second, &third, nullptr, 1),
            cu::success);

  cu::GraphExec exec;
  auto run = [&] {
    EXPECT_EQ(cuda.graphInstantiate(&exec, graph, 0), cu::success);
    EXPECT_EQ(cuda.graphLaunch(exec, stream), cu::success);
    return cuda.streamSynchronize(stream);
  };
  EXPECT_EQ(run(), cu::success) << control("report");
  EXPECT_EQ(z.get(), std::vector<uint32_t>(32, 11));
  // Its ends cannot be made empty.
  for (cu::GraphNode node : {first, second})
    EXPECT_EQ(cuda.graphNodeSetEnabled(exec, node, 0), cu::notSupported);
  EXPECT_EQ(cuda.graphNodeSetEnabled(exec, third, 0), cu::success);
  EXPECT_EQ(cuda.graphExecDestroy(exec), cu::success);

  EXPECT_EQ(connect(first, third), cu::success);
  EXPECT_EQ(run(), cu::launchFailed);
  std::string report = control("report");
  EXPECT_NE(report.find("missing grid_wait: 4-byte read"), std::string::npos)
      << report;
  EXPECT_NE(report.find("kernel second, block (0,0,0), thread 0"),
            std::string::npos)
      << report;
  control("revive");
  EXPECT_EQ(cuda.graphExecDestroy(exec), cu::success);
  EXPECT_EQ(cuda.graphDestroy(graph), cu::success);
}

TEST_F(GraphTest, EventsBringOtherStreamsIn) {
  cu::Event fork, join;
  ASSERT_EQ(cuda.eventCreate(&fork, cu::eventDisableTiming), cu::success);
  ASSERT_EQ(cuda.eventCreate(&join, cu::eventDisableTiming), cu::success);
  cu::Graph graph;
  for (bool joined : {true, false}) {
    ASSERT_EQ(cuda.streamBeginCapture(stream, cu::captureGlobal), cu::success);
    EXPECT_EQ(launch(stream, y, x, 1, 1), cu::success);
    EXPECT_EQ(cuda.eventRecord(fork, stream), cu::success);
    EXPECT_EQ(cuda.streamWaitEvent(other, fork, 0), cu::success);
    EXPECT_EQ(launch(other, z, y, 2, 0), cu::success);
    EXPECT_EQ(cuda.eventRecord(join, other), cu::success);
    cu::Graph none;
    EXPECT_EQ(cuda.eventQuery(join), cu::capturedEvent);
    if (joined) {
      // The query has spoilt the capture.
      EXPECT_EQ(cuda.streamEndCapture(stream, &none),
                cu::streamCaptureInvalidated);
      continue;
    }
    EXPECT_EQ(cuda.streamEndCapture(other, &none), cu::streamCaptureUnmatched);
    EXPECT_EQ(cuda.streamEndCapture(stream, &none),
              cu::streamCaptureInvalidated);
  }
  for (bool joined : {true, false}) {
    ASSERT_EQ(cuda.streamBeginCapture(stream, cu::captureGlobal), cu::success);
    EXPECT_EQ(launch(stream, y, x, 1, 1), cu::success);
    EXPECT_EQ(cuda.eventRecord(fork, stream), cu::success);
    EXPECT_EQ(cuda.streamWaitEvent(other, fork, 0), cu::success);
    EXPECT_EQ(launch(other, z, y, 2, 0), cu::success);
    EXPECT_EQ(cuda.eventRecord(join, other), cu::success);
    if (joined) {
      EXPECT_EQ(cuda.streamWaitEvent(stream, join, 0), cu::success);
    }
    EXPECT_EQ(cuda.streamEndCapture(stream, &graph),
              joined ? cu::success : cu::streamCaptureUnjoined);
    if (joined) {
      EXPECT_EQ(cuda.graphDestroy(graph), cu::success);
    }
  }
  EXPECT_EQ(cuda.eventDestroy(fork), cu::success);
  EXPECT_EQ(cuda.eventDestroy(join), cu::success);
}

TEST_F(GraphTest, WhatACaptureForbids) {
  auto spoils = [&](const char *what, cu::Result expected, auto action) {
    SCOPED_TRACE(what);
    ASSERT_EQ(cuda.streamBeginCapture(stream, cu::captureGlobal), cu::success);
    EXPECT_EQ(action(), expected);
    EXPECT_EQ(launch(stream, y, x, 1, 1), cu::streamCaptureInvalidated);
    cu::Graph graph;
    EXPECT_EQ(cuda.streamEndCapture(stream, &graph),
              cu::streamCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
  };
  spoils("synchronize", cu::streamCaptureUnsupported,
         [&] { return cuda.streamSynchronize(stream); });
  spoils("query", cu::streamCaptureUnsupported,
         [&] { return cuda.streamQuery(stream); });
  spoils("context", cu::streamCaptureUnsupported,
         [&] { return cuda.contextSynchronize(); });
  spoils("allocate", cu::streamCaptureUnsupported, [&] {
    cu::Pointer p;
    return cuda.memAlloc(&p, 8);
  });
  cu::Event event;
  ASSERT_EQ(cuda.eventCreate(&event, 0), cu::success);
  ASSERT_EQ(cuda.eventRecord(event, other), cu::success);
  spoils("foreign event", cu::streamCaptureIsolation,
         [&] { return cuda.streamWaitEvent(stream, event, 0); });
  EXPECT_EQ(cuda.eventDestroy(event), cu::success);
  cu::Stream blocking;
  ASSERT_EQ(cuda.streamCreate(&blocking, 0), cu::success);
  ASSERT_EQ(cuda.streamBeginCapture(blocking, cu::captureThreadLocal),
            cu::success);
  uint32_t word = 0;
  EXPECT_EQ(cuda.copyToDevice(y.pointer, &word, 4), cu::streamCaptureImplicit);
  cu::Graph graph;
  EXPECT_EQ(cuda.streamEndCapture(blocking, &graph),
            cu::streamCaptureInvalidated);
  EXPECT_EQ(cuda.streamDestroy(blocking), cu::success);
  EXPECT_EQ(cuda.streamBeginCapture(nullptr, cu::captureGlobal),
            cu::streamCaptureUnsupported);
}

} // namespace
} // namespace ingot::emulator
