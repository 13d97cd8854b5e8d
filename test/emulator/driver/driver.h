// State of the emulated driver: devices, contexts, modules, streams, graphs.
// All of it under one lock, which every call takes.
#pragma once

#include "../machine.h"
#include "runtime/cuda_api.h"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace ingot::cuda {

struct ContextObject {
  int device;
  std::shared_ptr<StreamObject> defaultStream;
};

struct ModuleObject {
  ContextObject *context;
  void *library; // dlopen's
  const char *constants, *constantsEnd;
  std::string text;
  std::vector<std::unique_ptr<FunctionObject>> functions;
};

struct FunctionObject {
  ModuleObject *module;
  std::string name;
  const EmulatedKernel *kernel;
  unsigned maxShared = 48 << 10;
};

// What a launch, a graph's node or a queued operation does.
struct Work {
  NodeType type = nodeEmpty;
  // kernel
  FunctionObject *function = nullptr;
  unsigned grid[3] = {1, 1, 1}, threads = 1, shared = 0;
  std::vector<char> parameters; // pointers to values, then the values
  // memset: `to`, value; memcpy: `to`, `from`. Bytes in both.
  char *to = nullptr;
  const char *from = nullptr;
  size_t bytes = 0;
  uint64_t allocations[2] = {}; // of a graph's memcpy: what it was made for
  unsigned value = 0, elementBytes = 1;
  std::vector<char> staged; // what a copy from pageable memory took along
  std::shared_ptr<const GraphExecObject> child; // a graph in a graph
};

struct GraphNodeObject {
  Work work;
  std::vector<GraphNodeObject *> after;
  std::vector<GraphNodeObject *> early; // of these, kernels that may still run
};

struct GraphObject {
  std::vector<std::unique_ptr<GraphNodeObject>> nodes;
};

struct GraphExecObject {
  ContextObject *context;
  std::vector<Work> work;
  std::vector<std::vector<size_t>> after, early;
  std::vector<GraphNodeObject *> origin; // nodes of the graph it was made of
  std::vector<bool> enabled;             // others do nothing
};

// A stream being recorded into a graph.
struct Capture {
  std::unique_ptr<GraphObject> graph = std::make_unique<GraphObject>();
  StreamObject *origin;
  CaptureMode mode;
  std::thread::id thread;
  bool invalid = false;
  std::vector<StreamObject *> streams;
};

struct Operation {
  std::string what;
  std::function<Result()> run;
  // Where other streams must have come to.
  std::vector<std::pair<std::shared_ptr<StreamObject>, uint64_t>> after;
  // Memory it uses as far as its arguments tell.
  std::vector<const char *> uses;
};

struct StreamObject {
  ContextObject *context;
  bool nonBlocking = false;
  std::deque<Operation> queue;
  uint64_t issued = 0, done = 0;
  std::shared_ptr<Capture> capture;
  std::vector<GraphNodeObject *>
      last; // what the next captured node comes after
};

struct EventObject {
  ContextObject *context;
  bool timing;
  std::shared_ptr<StreamObject> stream; // null: never recorded
  uint64_t position = 0;
  std::shared_ptr<std::chrono::steady_clock::time_point>
      time; // of its happening
  std::shared_ptr<Capture> capture;
  std::vector<GraphNodeObject *> nodes;
};

} // namespace ingot::cuda

namespace ingot::emulator {

using namespace ingot::cuda;

struct DeviceState {
  std::unique_ptr<ContextObject> context; // the primary one
  int retained = 0;
};

struct Driver {
  std::recursive_mutex lock;
  bool initialized = false;
  // The machine it plays.
  int devices = 1, arch = 80, multiprocessors = 4, version = 13000;
  size_t memoryBytes = size_t(2) << 30;
  bool startsEarly = false; // each kernel, whatever graph it is in
  unsigned maxSharedOptin() const {
    return (arch >= 90 ? 227u : arch == 86 || arch == 89 ? 99u : 163u) << 10;
  }
  unsigned sharedPerMultiprocessor() const {
    return maxSharedOptin() + (1 << 10);
  }

  DeviceState device[maxDevices];
  int sticky = 0; // an injected error that stays
  std::unordered_map<const void *, std::shared_ptr<StreamObject>> streams;
  std::vector<std::shared_ptr<StreamObject>>
      orphans; // destroyed with work to do
  std::unordered_map<const void *, std::unique_ptr<EventObject>> events;
  std::unordered_map<const void *, std::unique_ptr<ModuleObject>> modules;
  std::unordered_map<const void *, std::unique_ptr<GraphObject>> graphs;
  std::unordered_map<const void *, std::unique_ptr<GraphExecObject>> execs;
  std::vector<std::shared_ptr<Capture>> captures; // active ones
};
extern Driver driver;

ContextObject *currentContext();

// One call of the driver: takes the lock, counts, records, injects faults.
// Begin with DRIVER_CALL and return through `call(result)`.
enum Needs { Nothing, Init, Current };
class Call {
public:
  Call(const char *name, Needs needs);
  ~Call();
  Result operator()(Result value) { return result = value; }
  Result result;

private:
  std::unique_lock<std::recursive_mutex> lock;
  const char *name;
};
#define DRIVER_CALL(name, needs)                                               \
  Call call(#name, needs);                                                     \
  if (call.result != success)                                                  \
  return call.result

// Handles are checked: one that was destroyed is an error, not a crash.
std::shared_ptr<StreamObject> findStream(Stream stream); // null: not a stream
EventObject *findEvent(Event event);
FunctionObject *findFunction(Function function);

// streams.cpp
Result submit(const std::shared_ptr<StreamObject> &stream, Work &&work);
Result submit(const std::shared_ptr<StreamObject> &stream,
              Operation &&operation);
Result drain(StreamObject &stream, uint64_t position);
Result drainAll(const ContextObject *context);
Result drainForDefault(
    const ContextObject *context); // what the default stream waits for
// The operation in flight that uses the allocation, or null.
const Operation *findUser(const Allocation &allocation);
// Capture rules. `unsafe`: a call that may synchronize, forbidden while
// capturing.
Result refuseUnsafe();
Result refuseDefaultStream(const ContextObject *context);
Result invalidate(Capture &capture, Result result);
void capture(StreamObject &stream, Work &&work);

// work.cpp
Result makeKernel(Work &work, Function function, const unsigned grid[3],
                  const unsigned block[3], unsigned shared, void **parameters,
                  void **extra);
Result makeMemset(Work &work, const MemsetNodeParams &params);
Result makeCopy(Work &work, const CopyNodeParams &params);
// A copy between device memory and anything; checks the device ends.
Result makeCopy(Work &work, void *to, const void *from, size_t bytes);
int residentBlocks(const FunctionObject &f, unsigned threads, unsigned shared);
// `isEarly`: a kernel that begins while those before it run.
Result perform(const Work &work, bool isEarly = false);
std::string nameOf(const Work &work);
std::vector<const char *> usedBy(const Work &work);
bool isDevice(const void *p);
bool isPinned(const void *p);
Result performGraph(const GraphExecObject &exec);

// stub.cpp: compiles and opens a stub; null and the compiler's words on
// failure.
void *loadStub(const char *text, std::string &log);
constexpr char stubMagic[] = "//ingot stub 1\n";
// 32 hexadecimal digits.
std::string contentHash(const std::string &text);

} // namespace ingot::emulator
