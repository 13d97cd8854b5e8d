// Device and pinned memory, copies and fills.
#include "driver.h"

#include <cstring>

namespace ingot::emulator {

// Refuses to free what an operation in flight uses.
static Result freeMemory(void *p, int owner, const char *name) {
  const Allocation *a = memory.base ? memory.find(p) : nullptr;
  if (!a || memory.offsetOf(p) != a->offset ||
      (owner == pinnedOwner) != (a->owner == pinnedOwner))
    return invalidValue;
  if (const Operation *user = findUser(*a)) {
    fail(Fault::IllegalAddress,
         format("freed while in use: %s of %zu bytes that %s needs, which has "
                "not finished",
                name, a->bytes, user->what.c_str()),
         {});
    return illegalAddress;
  }
  memory.release(p);
  return success;
}

static Result copyAsync(void *to, const void *from, size_t bytes,
                        Stream stream) {
  std::shared_ptr<StreamObject> s = findStream(stream);
  if (!s)
    return invalidHandle;
  Work work;
  if (Result r = makeCopy(work, to, from, bytes))
    return r;
  // The driver takes a copy of pageable memory along before it returns.
  if (!isDevice(from) && !isPinned(from) && !s->capture)
    work.staged.assign(work.from, work.from + bytes);
  return submit(s, std::move(work));
}

// Copies that return when all is done use the default stream.
static Result copyNow(void *to, const void *from, size_t bytes) {
  ContextObject *context = currentContext();
  if (Result r = refuseDefaultStream(context))
    return r;
  Work work;
  if (Result r = makeCopy(work, to, from, bytes))
    return r;
  if (Result r = drainForDefault(context))
    return r;
  return perform(work);
}

static Result fill(Pointer to, unsigned value, unsigned elementBytes,
                   size_t count, Stream stream) {
  std::shared_ptr<StreamObject> s = findStream(stream);
  if (!s)
    return invalidHandle;
  Work work;
  if (Result r = makeMemset(work, {to, 0, value, elementBytes, count, 1}))
    return r;
  return submit(s, std::move(work));
}

static void *pointer(Pointer p) { return reinterpret_cast<void *>(p); }

} // namespace ingot::emulator

using namespace ingot::emulator;

#pragma GCC visibility push(default)
extern "C" {

Result cuMemGetInfo_v2(size_t *freeBytes, size_t *totalBytes) {
  DRIVER_CALL(cuMemGetInfo_v2, Current);
  *totalBytes = driver.memoryBytes;
  *freeBytes = driver.memoryBytes - memory.used(currentContext()->device);
  return call(success);
}

Result cuMemAlloc_v2(Pointer *result, size_t bytes) {
  DRIVER_CALL(cuMemAlloc_v2, Current);
  if (!bytes)
    return call(invalidValue);
  if (Result r = refuseUnsafe())
    return call(r);
  void *p = memory.allocate(currentContext()->device, bytes, driver.memoryBytes,
                            "cuMemAlloc_v2");
  *result = reinterpret_cast<Pointer>(p);
  return call(p ? success : outOfMemory);
}

Result cuMemFree_v2(Pointer p) {
  DRIVER_CALL(cuMemFree_v2, Current);
  if (!p)
    return call(success);
  if (Result r = refuseUnsafe())
    return call(r);
  return call(freeMemory(pointer(p), 0, "cuMemFree_v2"));
}

Result cuMemHostAlloc(void **result, size_t bytes, unsigned flags) {
  DRIVER_CALL(cuMemHostAlloc, Current);
  if (!bytes)
    return call(invalidValue);
  if (Result r = refuseUnsafe())
    return call(r);
  *result =
      memory.allocate(pinnedOwner, bytes, pinnedBytes / 2, "cuMemHostAlloc");
  return call(*result ? success : outOfMemory);
}

Result cuMemFreeHost(void *p) {
  DRIVER_CALL(cuMemFreeHost, Current);
  if (Result r = refuseUnsafe())
    return call(r);
  return call(freeMemory(p, pinnedOwner, "cuMemFreeHost"));
}

Result cuPointerGetAttribute(void *value, PointerAttribute attribute,
                             Pointer p) {
  DRIVER_CALL(cuPointerGetAttribute, Current);
  const Allocation *a = memory.base ? memory.find(pointer(p)) : nullptr;
  if (!a)
    return call(invalidValue);
  if (attribute == pointerMemoryType)
    *static_cast<unsigned *>(value) = a->owner == pinnedOwner ? 1 : 2;
  else if (attribute == pointerDeviceOrdinal)
    *static_cast<int *>(value) =
        a->owner == pinnedOwner ? currentContext()->device : a->owner;
  else
    return call(invalidValue);
  return call(success);
}

Result cuMemcpyHtoD_v2(Pointer to, const void *from, size_t bytes) {
  DRIVER_CALL(cuMemcpyHtoD_v2, Current);
  if (bytes && !isDevice(pointer(to)))
    return call(invalidValue);
  return call(copyNow(pointer(to), from, bytes));
}

Result cuMemcpyDtoH_v2(void *to, Pointer from, size_t bytes) {
  DRIVER_CALL(cuMemcpyDtoH_v2, Current);
  if (bytes && !isDevice(pointer(from)))
    return call(invalidValue);
  return call(copyNow(to, pointer(from), bytes));
}

Result cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t bytes,
                            Stream stream) {
  DRIVER_CALL(cuMemcpyHtoDAsync_v2, Current);
  if (bytes && !isDevice(pointer(to)))
    return call(invalidValue);
  return call(copyAsync(pointer(to), from, bytes, stream));
}

Result cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t bytes,
                            Stream stream) {
  DRIVER_CALL(cuMemcpyDtoHAsync_v2, Current);
  if (bytes && !isDevice(pointer(from)))
    return call(invalidValue);
  return call(copyAsync(to, pointer(from), bytes, stream));
}

Result cuMemcpyDtoDAsync_v2(Pointer to, Pointer from, size_t bytes,
                            Stream stream) {
  DRIVER_CALL(cuMemcpyDtoDAsync_v2, Current);
  if (bytes && (!isDevice(pointer(to)) || !isDevice(pointer(from))))
    return call(invalidValue);
  return call(copyAsync(pointer(to), pointer(from), bytes, stream));
}

Result cuMemsetD8Async(Pointer to, unsigned char value, size_t count,
                       Stream stream) {
  DRIVER_CALL(cuMemsetD8Async, Current);
  return call(fill(to, value, 1, count, stream));
}

Result cuMemsetD32Async(Pointer to, unsigned value, size_t count,
                        Stream stream) {
  DRIVER_CALL(cuMemsetD32Async, Current);
  return call(fill(to, value, 4, count, stream));
}

} // extern "C"
#pragma GCC visibility pop
