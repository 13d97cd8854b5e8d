// Graphs: made by capture or node by node, instantiated, changed in place,
// launched.
#include "driver.h"

#include <algorithm>
#include <cstring>

namespace ingot::emulator {

static GraphObject *findGraph(Graph graph) {
  auto found = driver.graphs.find(graph);
  return found == driver.graphs.end() ? nullptr : found->second.get();
}

static GraphExecObject *findExec(GraphExec exec) {
  auto found = driver.execs.find(exec);
  return found == driver.execs.end() ? nullptr : found->second.get();
}

static bool isNode(const GraphObject &graph, const GraphNodeObject *node) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [&](auto &n) { return n.get() == node; });
}

static bool isLiveNode(const GraphNodeObject *node) {
  return std::any_of(driver.graphs.begin(), driver.graphs.end(),
                     [&](auto &entry) { return isNode(*entry.second, node); });
}

static Result addNode(GraphNode *result, Graph graph, const GraphNode *after,
                      size_t count, Work &&work) {
  GraphObject *g = findGraph(graph);
  if (!g)
    return invalidHandle;
  auto node = std::make_unique<GraphNodeObject>();
  node->work = std::move(work);
  for (size_t i = 0; i < count; ++i) {
    if (!isNode(*g, after[i]))
      return invalidValue;
    node->after.push_back(after[i]);
  }
  *result = node.get();
  g->nodes.push_back(std::move(node));
  return success;
}

static void flatten(const GraphObject &graph, GraphExecObject &exec) {
  std::unordered_map<const GraphNodeObject *, size_t> place;
  for (auto &node : graph.nodes)
    place.emplace(node.get(), place.size());
  for (auto &node : graph.nodes) {
    exec.work.push_back(node->work);
    auto places = [&](const std::vector<GraphNodeObject *> &nodes) {
      std::vector<size_t> result;
      for (auto *n : nodes)
        result.push_back(place.at(n));
      std::sort(result.begin(), result.end());
      return result;
    };
    exec.after.push_back(places(node->after));
    exec.early.push_back(places(node->early));
    exec.origin.push_back(node.get());
    exec.enabled.push_back(true);
  }
}

// The node's place in the instantiated graph, or none.
static Work *findWork(GraphExec exec, GraphNode node, NodeType type,
                      Result &result) {
  GraphExecObject *e = findExec(exec);
  result = invalidHandle;
  if (!e || !isLiveNode(node))
    return nullptr;
  result = invalidValue;
  auto found = std::find(e->origin.begin(), e->origin.end(), node);
  if (found == e->origin.end())
    return nullptr;
  Work &work = e->work[static_cast<size_t>(found - e->origin.begin())];
  if (work.type != type)
    return nullptr;
  result = success;
  return &work;
}

static Result makeKernel(Work &work, const KernelNodeParams &p) {
  if (p.kernel)
    return notSupported;
  unsigned grid[3] = {p.gridX, p.gridY, p.gridZ},
           block[3] = {p.blockX, p.blockY, p.blockZ};
  return makeKernel(work, p.function, grid, block, p.sharedBytes, p.parameters,
                    p.extra);
}

static Result makeChild(Work &work, Graph graph) {
  GraphObject *g = findGraph(graph);
  if (!g)
    return invalidHandle;
  auto child = std::make_shared<GraphExecObject>();
  child->context = currentContext();
  flatten(*g, *child);
  work.type = nodeGraph;
  work.child = std::move(child);
  return success;
}

// Whether an instantiated graph can become the other in place.
static bool isSameForm(const GraphExecObject &a, const GraphExecObject &b) {
  if (a.after != b.after || a.early != b.early)
    return false;
  for (size_t i = 0; i < a.work.size(); ++i)
    if (a.work[i].type != b.work[i].type ||
        (a.work[i].child && !isSameForm(*a.work[i].child, *b.work[i].child)))
      return false;
  return true;
}

Result performGraph(const GraphExecObject &exec) {
  std::vector<bool> done(exec.work.size());
  for (size_t count = 0; count < done.size(); ++count) {
    std::vector<size_t> free;
    for (size_t i = 0; i < done.size(); ++i)
      if (!done[i] && std::all_of(exec.after[i].begin(), exec.after[i].end(),
                                  [&](size_t a) { return done[a]; }))
        free.push_back(i);
    size_t next = free[machine.options.mode == Mode::Random
                           ? machine.next(static_cast<uint32_t>(free.size()))
                           : 0];
    bool isEarly = !exec.early[next].empty();
    if (Result r =
            exec.enabled[next] ? perform(exec.work[next], isEarly) : success)
      return r;
    done[next] = true;
  }
  return success;
}

static bool contains(const std::vector<GraphNodeObject *> &nodes,
                     const GraphNodeObject *node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

// Whether `node` comes after `first`, or is it.
static bool reaches(const GraphNodeObject *first, const GraphNodeObject *node) {
  return node == first ||
         std::any_of(node->after.begin(), node->after.end(),
                     [&](auto *before) { return reaches(first, before); });
}

// Whether an edge of kernels begins or ends at the node.
static bool hasEarly(const GraphExecObject &exec, size_t node) {
  return !exec.early[node].empty() ||
         std::any_of(exec.early.begin(), exec.early.end(), [&](auto &before) {
           return std::binary_search(before.begin(), before.end(), node);
         });
}

// CUgraphExecUpdateResult
enum { updateTopologyChanged = 2, updateNodeTypeChanged = 3 };

} // namespace ingot::emulator

using namespace ingot::emulator;

#pragma GCC visibility push(default)
extern "C" {

Result cuGraphCreate(Graph *graph, unsigned flags) {
  DRIVER_CALL(cuGraphCreate, Init);
  if (flags)
    return call(invalidValue);
  auto object = std::make_unique<GraphObject>();
  *graph = object.get();
  driver.graphs[*graph] = std::move(object);
  return call(success);
}

Result cuGraphDestroy(Graph graph) {
  DRIVER_CALL(cuGraphDestroy, Init);
  return call(driver.graphs.erase(graph) ? success : invalidHandle);
}

Result cuGraphAddKernelNode_v2(GraphNode *node, Graph graph,
                               const GraphNode *after, size_t count,
                               const KernelNodeParams *params) {
  DRIVER_CALL(cuGraphAddKernelNode_v2, Current);
  Work work;
  if (Result r = makeKernel(work, *params))
    return call(r);
  return call(addNode(node, graph, after, count, std::move(work)));
}

Result cuGraphAddMemsetNode(GraphNode *node, Graph graph,
                            const GraphNode *after, size_t count,
                            const MemsetNodeParams *params, Context context) {
  DRIVER_CALL(cuGraphAddMemsetNode, Current);
  Work work;
  if (Result r = makeMemset(work, *params))
    return call(r);
  return call(addNode(node, graph, after, count, std::move(work)));
}

Result cuGraphAddMemcpyNode(GraphNode *node, Graph graph,
                            const GraphNode *after, size_t count,
                            const CopyNodeParams *params, Context context) {
  DRIVER_CALL(cuGraphAddMemcpyNode, Current);
  Work work;
  if (Result r = makeCopy(work, *params))
    return call(r);
  return call(addNode(node, graph, after, count, std::move(work)));
}

// The child is copied.
Result cuGraphAddChildGraphNode(GraphNode *node, Graph graph,
                                const GraphNode *after, size_t count,
                                Graph child) {
  DRIVER_CALL(cuGraphAddChildGraphNode, Current);
  Work work;
  if (Result r = makeChild(work, child))
    return call(r);
  return call(addNode(node, graph, after, count, std::move(work)));
}

// Of the ports and types there are, those that a launch may begin early by.
Result cuGraphAddDependencies_v2(Graph graph, const GraphNode *from,
                                 const GraphNode *to, const EdgeData *data,
                                 size_t count) {
  DRIVER_CALL(cuGraphAddDependencies_v2, Init);
  GraphObject *g = findGraph(graph);
  if (!g)
    return call(invalidHandle);
  const EdgeData none = {};
  for (size_t i = 0; i < count; ++i) {
    EdgeData edge = data ? data[i] : none;
    bool isPlain = !edge.fromPort && !edge.type;
    bool isEarly = edge.fromPort == edgeOfKernelsPort &&
                   edge.type == edgeOfKernels && driver.arch >= 90;
    if (!isNode(*g, from[i]) || !isNode(*g, to[i]) || (!isPlain && !isEarly) ||
        edge.toPort || memcmp(edge.reserved, none.reserved, 5) ||
        reaches(to[i], from[i]) || contains(to[i]->after, from[i]) ||
        (isEarly &&
         (from[i]->work.type != nodeKernel || to[i]->work.type != nodeKernel)))
      return call(invalidValue);
    to[i]->after.push_back(from[i]);
    if (isEarly)
      to[i]->early.push_back(from[i]);
  }
  return call(success);
}

Result cuGraphGetNodes(Graph graph, GraphNode *nodes, size_t *count) {
  DRIVER_CALL(cuGraphGetNodes, Init);
  GraphObject *g = findGraph(graph);
  if (!g)
    return call(invalidHandle);
  if (nodes)
    for (size_t i = 0; i < *count; ++i)
      nodes[i] = i < g->nodes.size() ? g->nodes[i].get() : nullptr;
  *count = nodes ? std::min(*count, g->nodes.size()) : g->nodes.size();
  return call(success);
}

Result cuGraphNodeGetType(GraphNode node, NodeType *type) {
  DRIVER_CALL(cuGraphNodeGetType, Init);
  if (!isLiveNode(node))
    return call(invalidHandle);
  *type = node->work.type;
  return call(success);
}

Result cuGraphInstantiateWithFlags(GraphExec *exec, Graph graph,
                                   uint64_t flags) {
  DRIVER_CALL(cuGraphInstantiateWithFlags, Current);
  GraphObject *g = findGraph(graph);
  if (!g)
    return call(invalidHandle);
  if (flags)
    return call(invalidValue);
  auto object = std::make_unique<GraphExecObject>();
  object->context = currentContext();
  flatten(*g, *object);
  *exec = object.get();
  driver.execs[*exec] = std::move(object);
  return call(success);
}

Result cuGraphExecDestroy(GraphExec exec) {
  DRIVER_CALL(cuGraphExecDestroy, Init);
  return call(driver.execs.erase(exec) ? success : invalidHandle);
}

// Launches that were made keep the values they were made with.
Result cuGraphExecKernelNodeSetParams_v2(GraphExec exec, GraphNode node,
                                         const KernelNodeParams *params) {
  DRIVER_CALL(cuGraphExecKernelNodeSetParams_v2, Current);
  Result result;
  Work *old = findWork(exec, node, nodeKernel, result), work;
  if (!old)
    return call(result);
  if (Result r = makeKernel(work, *params))
    return call(r);
  if (work.function->module->context != old->function->module->context)
    return call(invalidValue);
  *old = std::move(work);
  return call(success);
}

Result cuGraphExecMemsetNodeSetParams(GraphExec exec, GraphNode node,
                                      const MemsetNodeParams *params,
                                      Context context) {
  DRIVER_CALL(cuGraphExecMemsetNodeSetParams, Current);
  Result result;
  Work *old = findWork(exec, node, nodeMemset, result), work;
  if (!old)
    return call(result);
  if (Result r = makeMemset(work, *params))
    return call(r);
  *old = std::move(work);
  return call(success);
}

Result cuGraphExecMemcpyNodeSetParams(GraphExec exec, GraphNode node,
                                      const CopyNodeParams *params,
                                      Context context) {
  DRIVER_CALL(cuGraphExecMemcpyNodeSetParams, Current);
  Result result;
  Work *old = findWork(exec, node, nodeMemcpy, result), work;
  if (!old)
    return call(result);
  if (Result r = makeCopy(work, *params))
    return call(r);
  // Both ends must stay in the kind of memory they were in.
  if (isDevice(work.to) != isDevice(old->to) ||
      isDevice(work.from) != isDevice(old->from))
    return call(invalidValue);
  *old = std::move(work);
  return call(success);
}

Result cuGraphExecChildGraphNodeSetParams(GraphExec exec, GraphNode node,
                                          Graph child) {
  DRIVER_CALL(cuGraphExecChildGraphNodeSetParams, Current);
  Result result;
  Work *old = findWork(exec, node, nodeGraph, result), work;
  if (!old)
    return call(result);
  if (Result r = makeChild(work, child))
    return call(r);
  if (!isSameForm(*work.child, *old->child))
    return call(invalidValue);
  *old = std::move(work);
  return call(success);
}

Result cuGraphNodeSetEnabled(GraphExec exec, GraphNode node,
                             unsigned isEnabled) {
  DRIVER_CALL(cuGraphNodeSetEnabled, Current);
  GraphExecObject *e = findExec(exec);
  if (!e || !isLiveNode(node))
    return call(invalidHandle);
  auto found = std::find(e->origin.begin(), e->origin.end(), node);
  if (found == e->origin.end() || node->work.type == nodeEmpty ||
      node->work.type == nodeGraph)
    return call(invalidValue);
  auto place = static_cast<size_t>(found - e->origin.begin());
  // Nobody says what an edge of kernels means where one of them is empty.
  if (!isEnabled && hasEarly(*e, place))
    return call(notSupported);
  e->enabled[place] = isEnabled;
  return call(success);
}

Result cuGraphExecUpdate_v2(GraphExec exec, Graph graph,
                            GraphUpdateInfo *info) {
  DRIVER_CALL(cuGraphExecUpdate_v2, Current);
  GraphExecObject *e = findExec(exec), update;
  GraphObject *g = findGraph(graph);
  if (!e || !g)
    return call(invalidHandle);
  flatten(*g, update);
  *info = {0, nullptr, nullptr};
  if (update.after != e->after || update.early != e->early)
    info->result = updateTopologyChanged;
  for (size_t i = 0; !info->result && i < update.work.size(); ++i)
    if (update.work[i].type != e->work[i].type ||
        (update.work[i].child &&
         !isSameForm(*update.work[i].child, *e->work[i].child)))
      *info = {updateNodeTypeChanged, update.origin[i], nullptr};
  if (info->result)
    return call(graphExecUpdateFailure);
  e->work = std::move(update.work);
  return call(success);
}

Result cuGraphLaunch(GraphExec exec, Stream stream) {
  DRIVER_CALL(cuGraphLaunch, Current);
  GraphExecObject *e = findExec(exec);
  auto s = findStream(stream);
  if (!e || !s)
    return call(invalidHandle);
  if (s->capture) // child graphs are not used
    return call(invalidate(*s->capture, notSupported));
  if (!stream)
    if (Result r = refuseDefaultStream(currentContext()))
      return call(r);
  Operation o;
  o.what = format("a graph of %zu nodes", e->work.size());
  for (const Work &w : e->work)
    for (const char *p : usedBy(w))
      o.uses.push_back(p);
  auto snapshot = std::make_shared<GraphExecObject>(*e);
  o.run = [snapshot] {
    memory.beginGraph();
    Result r = performGraph(*snapshot);
    memory.endGraph();
    return r;
  };
  return call(submit(s, std::move(o)));
}

} // extern "C"
#pragma GCC visibility pop
