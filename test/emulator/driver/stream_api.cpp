// Streams, events, launches and capture.
#include "driver.h"

#include <algorithm>
#include <set>

namespace ingot::emulator {

EventObject *findEvent(Event event) {
  auto found = driver.events.find(event);
  return found == driver.events.end() ? nullptr : found->second.get();
}

// Waiting for a stream that is being captured would wait for nothing.
static Result refuseCapturing(StreamObject &stream) {
  return stream.capture ? invalidate(*stream.capture, streamCaptureUnsupported)
                        : success;
}

// All of `nodes` and what comes before them.
static void addAncestors(const std::vector<GraphNodeObject *> &nodes,
                         std::set<const GraphNodeObject *> &to) {
  for (const GraphNodeObject *n : nodes)
    if (to.insert(n).second)
      addAncestors(n->after, to);
}

static bool isJoined(const Capture &c) {
  std::set<const GraphNodeObject *> reached;
  addAncestors(c.origin->last, reached);
  for (const StreamObject *s : c.streams)
    for (const GraphNodeObject *n : s->last)
      if (!reached.count(n))
        return false;
  return true;
}

static void dropCapture(const std::shared_ptr<Capture> &c) {
  for (StreamObject *s : c->streams) {
    s->capture.reset();
    s->last.clear();
  }
  auto &all = driver.captures;
  all.erase(std::remove(all.begin(), all.end(), c), all.end());
}

static Result waitWhileCapturing(StreamObject &stream, EventObject &event) {
  if (!event.capture) {
    if (!event.stream || !stream.capture)
      return success;
    return invalidate(*stream.capture, streamCaptureIsolation);
  }
  if (event.capture->invalid)
    return streamCaptureInvalidated;
  if (!stream.capture) {
    if (&stream == stream.context->defaultStream.get())
      return invalidate(*event.capture, streamCaptureImplicit);
    stream.capture = event.capture;
    stream.capture->streams.push_back(&stream);
    stream.last = event.nodes;
    return success;
  }
  if (stream.capture != event.capture) {
    invalidate(*stream.capture, streamCaptureMerge);
    return invalidate(*event.capture, streamCaptureMerge);
  }
  for (GraphNodeObject *n : event.nodes)
    if (std::find(stream.last.begin(), stream.last.end(), n) ==
        stream.last.end())
      stream.last.push_back(n);
  return success;
}

} // namespace ingot::emulator

using namespace ingot::emulator;

#pragma GCC visibility push(default)
extern "C" {

Result cuStreamCreate(Stream *stream, unsigned flags) {
  DRIVER_CALL(cuStreamCreate, Current);
  if (flags & ~streamNonBlocking)
    return call(invalidValue);
  auto object = std::make_shared<StreamObject>();
  object->context = currentContext();
  object->nonBlocking = flags & streamNonBlocking;
  *stream = object.get();
  driver.streams[*stream] = object;
  return call(success);
}

Result cuStreamDestroy_v2(Stream stream) {
  DRIVER_CALL(cuStreamDestroy_v2, Current);
  auto found = driver.streams.find(stream);
  if (found == driver.streams.end())
    return call(invalidHandle);
  if (auto c = found->second->capture)
    dropCapture(c);
  // Its work is done nevertheless, some time.
  if (!found->second->queue.empty())
    driver.orphans.push_back(found->second);
  driver.streams.erase(found);
  return call(success);
}

Result cuStreamSynchronize(Stream stream) {
  DRIVER_CALL(cuStreamSynchronize, Current);
  auto s = findStream(stream);
  if (!s)
    return call(invalidHandle);
  if (Result r = refuseCapturing(*s))
    return call(r);
  if (!stream)
    if (Result r = refuseDefaultStream(currentContext()))
      return call(r);
  return call(drain(*s, s->issued));
}

Result cuStreamQuery(Stream stream) {
  DRIVER_CALL(cuStreamQuery, Current);
  auto s = findStream(stream);
  if (!s)
    return call(invalidHandle);
  if (Result r = refuseCapturing(*s))
    return call(r);
  if (s->queue.empty())
    return call(success);
  // Who polls sees progress.
  Result r = drain(*s, s->done + 1);
  return call(r ? r : notReady);
}

Result cuStreamWaitEvent(Stream stream, Event event, unsigned flags) {
  DRIVER_CALL(cuStreamWaitEvent, Current);
  auto s = findStream(stream);
  EventObject *e = findEvent(event);
  if (!s || !e)
    return call(invalidHandle);
  if (flags)
    return call(invalidValue);
  if (s->capture || e->capture)
    return call(waitWhileCapturing(*s, *e));
  if (!e->stream)
    return call(success);
  Operation o;
  o.what = "a wait for an event";
  o.after.push_back({e->stream, e->position});
  o.run = [] { return success; };
  return call(submit(s, std::move(o)));
}

Result cuStreamBeginCapture_v2(Stream stream, CaptureMode mode) {
  DRIVER_CALL(cuStreamBeginCapture_v2, Current);
  auto s = findStream(stream);
  if (!s)
    return call(invalidHandle);
  if (!stream)
    return call(streamCaptureUnsupported);
  if (s->capture)
    return call(illegalState);
  auto c = std::make_shared<Capture>();
  c->origin = s.get();
  c->mode = mode;
  c->thread = std::this_thread::get_id();
  c->streams = {s.get()};
  s->capture = c;
  s->last.clear();
  driver.captures.push_back(c);
  return call(success);
}

Result cuStreamEndCapture(Stream stream, Graph *graph) {
  DRIVER_CALL(cuStreamEndCapture, Current);
  auto s = findStream(stream);
  *graph = nullptr;
  if (!s)
    return call(invalidHandle);
  auto c = s->capture;
  if (!c)
    return call(illegalState);
  if (c->origin != s.get())
    return call(invalidate(*c, streamCaptureUnmatched));
  if (c->mode != captureRelaxed && c->thread != std::this_thread::get_id())
    return call(streamCaptureWrongThread);
  Result result = c->invalid     ? streamCaptureInvalidated
                  : isJoined(*c) ? success
                                 : streamCaptureUnjoined;
  dropCapture(c);
  if (result)
    return call(result);
  *graph = c->graph.get();
  driver.graphs[*graph] = std::move(c->graph);
  return call(success);
}

Result cuStreamIsCapturing(Stream stream, CaptureStatus *status) {
  DRIVER_CALL(cuStreamIsCapturing, Current);
  auto s = findStream(stream);
  if (!s)
    return call(invalidHandle);
  *status = !s->capture           ? captureNone
            : s->capture->invalid ? captureInvalidated
                                  : captureActive;
  return call(success);
}

Result cuEventCreate(Event *event, unsigned flags) {
  DRIVER_CALL(cuEventCreate, Current);
  if (flags & ~(eventDisableTiming | 1)) // 1: blocking wait
    return call(invalidValue);
  auto object = std::make_unique<EventObject>();
  object->context = currentContext();
  object->timing = !(flags & eventDisableTiming);
  *event = object.get();
  driver.events[*event] = std::move(object);
  return call(success);
}

Result cuEventDestroy_v2(Event event) {
  DRIVER_CALL(cuEventDestroy_v2, Current);
  return call(driver.events.erase(event) ? success : invalidHandle);
}

Result cuEventRecord(Event event, Stream stream) {
  DRIVER_CALL(cuEventRecord, Current);
  auto s = findStream(stream);
  EventObject *e = findEvent(event);
  if (!s || !e || s->context != e->context)
    return call(invalidHandle);
  if (s->capture) {
    if (s->capture->invalid)
      return call(streamCaptureInvalidated);
    e->capture = s->capture;
    e->nodes = s->last;
    return call(success);
  }
  e->capture.reset();
  e->nodes.clear();
  e->stream = s;
  e->time = std::make_shared<std::chrono::steady_clock::time_point>();
  e->position = s->issued + 1;
  Operation o;
  o.what = "the record of an event";
  o.run = [time = e->time] {
    *time = std::chrono::steady_clock::now();
    return success;
  };
  return call(submit(s, std::move(o)));
}

Result cuEventSynchronize(Event event) {
  DRIVER_CALL(cuEventSynchronize, Current);
  EventObject *e = findEvent(event);
  if (!e)
    return call(invalidHandle);
  if (e->capture)
    return call(invalidate(*e->capture, capturedEvent));
  return call(e->stream ? drain(*e->stream, e->position) : success);
}

Result cuEventQuery(Event event) {
  DRIVER_CALL(cuEventQuery, Current);
  EventObject *e = findEvent(event);
  if (!e)
    return call(invalidHandle);
  if (e->capture)
    return call(invalidate(*e->capture, capturedEvent));
  if (!e->stream || e->stream->done >= e->position)
    return call(success);
  Result r = drain(*e->stream, e->stream->done + 1);
  return call(r ? r : notReady);
}

Result cuEventElapsedTime(float *milliseconds, Event from, Event to) {
  DRIVER_CALL(cuEventElapsedTime, Current);
  EventObject *a = findEvent(from), *b = findEvent(to);
  if (!a || !b || !a->timing || !b->timing || !a->stream || !b->stream)
    return call(invalidHandle);
  if (a->stream->done < a->position || b->stream->done < b->position)
    return call(notReady);
  *milliseconds =
      std::chrono::duration<float, std::milli>(*b->time - *a->time).count();
  return call(success);
}

Result cuLaunchKernel(Function function, unsigned gridX, unsigned gridY,
                      unsigned gridZ, unsigned blockX, unsigned blockY,
                      unsigned blockZ, unsigned sharedBytes, Stream stream,
                      void **parameters, void **extra) {
  DRIVER_CALL(cuLaunchKernel, Current);
  auto s = findStream(stream);
  if (!s)
    return call(invalidHandle);
  Work work;
  unsigned grid[3] = {gridX, gridY, gridZ}, block[3] = {blockX, blockY, blockZ};
  if (Result r = makeKernel(work, function, grid, block, sharedBytes,
                            parameters, extra))
    return call(r);
  return call(submit(s, std::move(work)));
}

} // extern "C"
#pragma GCC visibility pop
