// Memory through the allocation hook, arrays over it, errors and short texts:
// what stands in for the C++ library, which the runtime does not link.
#pragma once

#include "ingot/ingot.h"

#include <new>
#include <stddef.h>
#include <stdint.h>
#include <utility>

namespace ingot::runtime {

class Allocator {
public:
  Allocator(); // malloc
  constexpr explicit Allocator(const ingot_allocator &hooks) : hooks(hooks) {}
  /// NULL when out of memory. A size of 0 still gives an address.
  void *allocate(size_t size, size_t alignment = 16) const {
    return hooks.allocate(hooks.user, size ? size : 1, alignment);
  }
  void release(void *pointer, size_t size) const {
    if (pointer)
      hooks.release(hooks.user, pointer, size ? size : 1);
  }
  template <typename T, typename... Args>
  T *make(Args &&...args) const {
    void *memory = allocate(sizeof(T), alignof(T) > 16 ? alignof(T) : 16);
    return memory ? new (memory) T(std::forward<Args>(args)...) : nullptr;
  }
  template <typename T>
  void destroy(T *object) const {
    if (!object)
      return;
    // The object may hold this allocator.
    Allocator self = *this;
    object->~T();
    self.release(object, sizeof(T));
  }

private:
  ingot_allocator hooks;
};

/// An array of fixed size; elements start value-initialized.
template <typename T>
class Array {
public:
  Array() = default;
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  ~Array() { clear(); }

  /// Replaces the contents by `count` fresh elements, in the same memory if
  /// there were as many. False: out of memory.
  [[nodiscard]] bool create(const Allocator &from, size_t count) {
    if (elements && count == length) {
      for (T &element : *this) {
        element.~T();
        new (&element) T();
      }
      return true;
    }
    clear();
    size_t bytes;
    if (__builtin_mul_overflow(count, sizeof(T), &bytes))
      return false;
    if (!count)
      return true;
    elements = static_cast<T *>(
        from.allocate(bytes, alignof(T) > 16 ? alignof(T) : 16));
    if (!elements)
      return false;
    allocator = &from;
    for (; length < count; ++length)
      new (&elements[length]) T();
    return true;
  }
  void clear() {
    if (!elements)
      return;
    for (size_t i = 0; i < length; ++i)
      elements[i].~T();
    allocator->release(elements, length * sizeof(T));
    elements = nullptr;
    length = 0;
  }
  T &operator[](size_t i) { return elements[i]; }
  const T &operator[](size_t i) const { return elements[i]; }
  T *data() { return elements; }
  const T *data() const { return elements; }
  size_t size() const { return length; }
  T *begin() { return elements; }
  T *end() { return elements + length; }
  const T *begin() const { return elements; }
  const T *end() const { return elements + length; }

private:
  const Allocator *allocator = nullptr;
  T *elements = nullptr;
  size_t length = 0;
};

/// Raw memory that only grows; growing loses the contents.
class Region {
public:
  Region() = default;
  Region(const Region &) = delete;
  Region &operator=(const Region &) = delete;
  ~Region() { clear(); }
  /// False: out of memory, and the old memory is gone too.
  [[nodiscard]] bool grow(const Allocator &from, size_t bytes) {
    if (start && bytes <= capacity)
      return true;
    clear();
    start = static_cast<uint8_t *>(from.allocate(bytes, 64));
    if (!start)
      return false;
    allocator = &from;
    capacity = bytes;
    return true;
  }
  void clear() {
    if (start)
      allocator->release(start, capacity);
    start = nullptr;
    capacity = 0;
  }
  uint8_t *data() const { return start; }
  size_t size() const { return capacity; }

private:
  const Allocator *allocator = nullptr;
  uint8_t *start = nullptr;
  size_t capacity = 0;
};

/// NULL is success.
using Error = ingot_error *;

[[nodiscard, gnu::format(printf, 3, 4)]] Error
makeError(const Allocator &allocator, ingot_error_code code, const char *format,
          ...);
/// `what` names what the memory was for.
[[nodiscard]] Error outOfMemory(const Allocator &allocator, const char *what,
                                uint64_t bytes);

/// A text of bounded length, for messages made of pieces; cut off with "...".
class Text {
public:
  [[gnu::format(printf, 2, 3)]] void append(const char *format, ...);
  const char *c_str() const { return buffer; }
  bool empty() const { return !length; }

private:
  char buffer[1024] = "";
  size_t length = 0;
};

} // namespace ingot::runtime
