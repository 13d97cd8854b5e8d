// Values of an artifact's expressions for given symbols.
#pragma once

#include "runtime/artifact.h"

namespace ingot::runtime {

/// Why an expression has no value.
enum class Undefined : uint8_t { No, Overflow, DivisionByZero, Unbound };

/// Symbols of one bind, by number in Artifact.symbols.
struct SymbolValues {
  [[nodiscard]] Error create(const Allocator &allocator,
                             const fmt::Artifact &header);
  void set(uint32_t symbol, int64_t value) {
    values[symbol] = value;
    isBound[symbol] = true;
  }
  /// "batch = 2, sequence = 128" of the bound ones.
  void append(Text &text) const;

  const fmt::Artifact *header = nullptr;
  Array<int64_t> values;
  Array<bool> isBound;
};

struct ExprValues {
  /// Evaluates all expressions.
  [[nodiscard]] Error create(const Allocator &allocator,
                             const SymbolValues &symbols);
  bool isDefined(uint32_t expr) const {
    return undefined[expr] == Undefined::No;
  }
  int64_t operator[](uint32_t expr) const { return values[expr]; }
  /// The value, or an error that says why `what` (of `owner`) has none.
  [[nodiscard]] Error get(const Allocator &allocator, uint32_t expr,
                          const char *what, const char *owner,
                          int64_t *value) const;
  /// The same for what must not be negative.
  [[nodiscard]] Error getSize(const Allocator &allocator, uint32_t expr,
                              const char *what, const char *owner,
                              int64_t *value) const;

  const SymbolValues *symbols = nullptr;
  Array<int64_t> values;
  Array<Undefined> undefined;
};

} // namespace ingot::runtime
