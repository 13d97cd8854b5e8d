#include "runtime/support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

using namespace ingot::runtime;

struct ingot_error {
  ingot_error_code code;
  size_t size; // of the allocation, text included; 0: static
  Allocator allocator;
  const char *message;
};

namespace {

void *systemAllocate(void *, size_t size, size_t alignment) {
  void *memory = nullptr;
  if (alignment < sizeof(void *))
    alignment = sizeof(void *);
  return posix_memalign(&memory, alignment, size) ? nullptr : memory;
}

void systemRelease(void *, void *pointer, size_t) { free(pointer); }

// What is returned when there is no memory for an error.
constinit ingot_error noMemory = {
    INGOT_ERROR_OUT_OF_MEMORY, 0,
    Allocator({systemAllocate, systemRelease, nullptr}), "out of memory"};

} // namespace

namespace ingot::runtime {

Allocator::Allocator() : hooks{systemAllocate, systemRelease, nullptr} {}

Error makeError(const Allocator &allocator, ingot_error_code code,
                const char *format, ...) {
  va_list args;
  va_start(args, format);
  int length = vsnprintf(nullptr, 0, format, args);
  va_end(args);
  size_t textSize = size_t(length < 0 ? 0 : length) + 1;
  size_t size = sizeof(ingot_error) + textSize;
  auto *memory = static_cast<char *>(allocator.allocate(size));
  if (!memory)
    return &noMemory;
  char *text = memory + sizeof(ingot_error);
  va_start(args, format);
  vsnprintf(text, textSize, format, args);
  va_end(args);
  return new (memory) ingot_error{code, size, allocator, text};
}

Error outOfMemory(const Allocator &allocator, const char *what,
                  uint64_t bytes) {
  return makeError(allocator, INGOT_ERROR_OUT_OF_MEMORY,
                   "out of memory: %s needs %llu bytes", what,
                   (unsigned long long)bytes);
}

void Text::append(const char *format, ...) {
  va_list args;
  va_start(args, format);
  int added = vsnprintf(buffer + length, sizeof(buffer) - length, format, args);
  va_end(args);
  if (added < 0)
    return;
  length += size_t(added);
  if (length >= sizeof(buffer)) {
    length = sizeof(buffer) - 1;
    memcpy(buffer + length - 3, "...", 3);
  }
}

} // namespace ingot::runtime

extern "C" {

ingot_error_code ingot_error_get_code(const ingot_error *error) {
  return error->code;
}

const char *ingot_error_message(const ingot_error *error) {
  return error->message;
}

void ingot_error_destroy(ingot_error *error) {
  if (!error || !error->size)
    return;
  Allocator allocator = error->allocator;
  allocator.release(error, error->size);
}

const char *ingot_version(void) {
#define INGOT_TEXT(x) #x
#define INGOT_DOTTED(a, b, c) INGOT_TEXT(a) "." INGOT_TEXT(b) "." INGOT_TEXT(c)
  return INGOT_DOTTED(INGOT_VERSION_MAJOR, INGOT_VERSION_MINOR,
                      INGOT_VERSION_PATCH);
}

} // extern "C"
