// Order of work: queues, what they wait for, and recording into a graph.
// Nothing runs before somebody waits for it (mode late), so that a forgotten
// wait shows.
#include "driver.h"

#include <algorithm>

namespace ingot::emulator {

std::shared_ptr<StreamObject> findStream(Stream stream) {
  if (!stream)
    return currentContext()->defaultStream;
  auto found = driver.streams.find(stream);
  return found == driver.streams.end() ? nullptr : found->second;
}

Result drain(StreamObject &stream, uint64_t position) {
  while (stream.done < position) {
    Operation operation = std::move(stream.queue.front());
    stream.queue.pop_front();
    for (auto &[other, until] : operation.after)
      if (Result r = drain(*other, until))
        return r;
    Result r = operation.run();
    ++stream.done;
    if (r)
      return r;
  }
  return success;
}

static std::vector<std::shared_ptr<StreamObject>>
streamsOf(const ContextObject *context) {
  std::vector<std::shared_ptr<StreamObject>> all = driver.orphans;
  for (auto &[handle, stream] : driver.streams)
    all.push_back(stream);
  all.push_back(context->defaultStream);
  all.erase(std::remove_if(all.begin(), all.end(),
                           [&](auto &s) { return s->context != context; }),
            all.end());
  return all;
}

Result drainAll(const ContextObject *context) {
  for (auto &stream : streamsOf(context))
    if (Result r = drain(*stream, stream->issued))
      return r;
  driver.orphans.clear();
  return success;
}

Result drainForDefault(const ContextObject *context) {
  for (auto &stream : streamsOf(context))
    if (!stream->nonBlocking)
      if (Result r = drain(*stream, stream->issued))
        return r;
  return success;
}

const Operation *findUser(const Allocation &a) {
  const char *start = memory.base + a.offset;
  auto inside = [&](const char *p) {
    return p >= start && p < start + a.bytes;
  };
  for (const DeviceState &d : driver.device)
    if (d.context)
      for (auto &stream : streamsOf(d.context.get()))
        for (const Operation &o : stream->queue)
          if (std::any_of(o.uses.begin(), o.uses.end(), inside))
            return &o;
  return nullptr;
}

Result invalidate(Capture &capture, Result result) {
  capture.invalid = true;
  return result;
}

// Calls that may wait or allocate: forbidden to everyone during a global
// capture, and to its thread during a thread-local one.
Result refuseUnsafe() {
  for (auto &c : driver.captures)
    if (c->mode == captureGlobal || (c->mode == captureThreadLocal &&
                                     c->thread == std::this_thread::get_id()))
      return invalidate(*c, streamCaptureUnsupported);
  return success;
}

// The default stream waits for all blocking streams, which a capture cannot
// express.
Result refuseDefaultStream(const ContextObject *context) {
  for (auto &c : driver.captures)
    for (StreamObject *s : c->streams)
      if (!s->nonBlocking && s->context == context)
        return invalidate(*c, streamCaptureImplicit);
  return success;
}

void capture(StreamObject &stream, Work &&work) {
  auto node = std::make_unique<GraphNodeObject>();
  node->work = std::move(work);
  node->after = stream.last;
  stream.last = {node.get()};
  stream.capture->graph->nodes.push_back(std::move(node));
}

Result submit(const std::shared_ptr<StreamObject> &stream,
              Operation &&operation) {
  // Blocking streams and the default stream wait for each other.
  const auto &first = stream->context->defaultStream;
  if (stream == first) {
    for (auto &other : streamsOf(stream->context))
      if (other != stream && !other->nonBlocking && other->issued > other->done)
        operation.after.push_back({other, other->issued});
  } else if (!stream->nonBlocking && first->issued > first->done) {
    operation.after.push_back({first, first->issued});
  }
  stream->queue.push_back(std::move(operation));
  ++stream->issued;
  if (machine.options.mode == Mode::Early)
    return drain(*stream, stream->issued);
  if (machine.options.mode == Mode::Random && machine.next(3) == 0)
    return drain(*stream,
                 stream->done + 1 +
                     machine.next(static_cast<uint32_t>(stream->queue.size())));
  return success;
}

Result submit(const std::shared_ptr<StreamObject> &stream, Work &&work) {
  if (stream->capture) {
    if (stream->capture->invalid)
      return streamCaptureInvalidated;
    capture(*stream, std::move(work));
    return success;
  }
  if (stream == stream->context->defaultStream)
    if (Result r = refuseDefaultStream(stream->context))
      return r;
  Operation operation;
  operation.what = nameOf(work);
  operation.uses = usedBy(work);
  auto shared = std::make_shared<Work>(std::move(work));
  operation.run = [shared] { return perform(*shared); };
  return submit(stream, std::move(operation));
}

} // namespace ingot::emulator
