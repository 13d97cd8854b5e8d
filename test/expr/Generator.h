// Random expressions with the values they must have.
#pragma once

#include "ir/expr/Expr.h"

#include <map>
#include <random>
#include <string>

namespace ingot {

/// An expression and the value it must have.
struct Valued {
  Expr expr;
  int64_t value;
};

class Generator {
public:
  Generator(ExprPool &pool, uint32_t seed) : pool(pool), random(seed) {
    for (const char *name : {"S", "P", "T"}) {
      int64_t value = pick(0, 5);
      symbols.push_back({pool.symbol(name), value});
      values[name] = value;
    }
    auto [s, p] = std::pair(symbols[0], symbols[1]);
    extents = {{pool.add(s.expr, pool.integer(1)), s.value + 1},
               {pool.add(s.expr, p.expr), s.value + p.value},
               {pool.integer(4), 4},
               symbols[2]};
    for (size_t n = 0; n < extents.size(); ++n) {
      if (extents[n].value < 1) // then there is no generic element
        continue;
      std::string name = "i" + std::to_string(n);
      values[name] = pick(0, extents[n].value - 1);
      indices.push_back({pool.index(name, extents[n].expr), values[name]});
    }
  }

  bool valid() const { return indices.size() == extents.size(); }
  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  }
  bool chance(int percent) { return pick(1, 100) <= percent; }
  template <typename T>
  T oneOf(const std::vector<T> &list) {
    return list[static_cast<size_t>(
        pick(0, static_cast<int64_t>(list.size()) - 1))];
  }

  /// A flat index over a symbol: what reshapes take apart again.
  Valued flat() {
    Valued rows = oneOf(indices), column = indices.back(), width = symbols[2];
    return {pool.add(pool.mul(rows.expr, width.expr), column.expr),
            rows.value * width.value + column.value};
  }

  Valued leaf() {
    if (chance(10))
      return flat();
    if (chance(30))
      return oneOf(symbols);
    if (chance(60))
      return oneOf(indices);
    if (chance(30)) // a load of any value
      return {pool.load(ExprType::Int, 0, {}), loaded};
    int64_t c = pick(-4, 6);
    return {pool.integer(c), c};
  }

  Valued integer(int depth) {
    if (depth == 0 || chance(15))
      return leaf();
    int op = static_cast<int>(pick(0, 13));
    if (op == 0) {
      Valued c = boolean(depth - 1), a = integer(depth - 1),
             b = integer(depth - 1);
      return {pool.select(c.expr, a.expr, b.expr), c.value ? a.value : b.value};
    }
    if (op == 1) {
      Valued c = boolean(depth - 1);
      return {pool.boolToInt(c.expr), c.value};
    }
    Valued a = integer(depth - 1);
    auto [x, v] = a;
    if (op == 2)
      return {pool.abs(x), std::abs(v)};
    if (op == 3)
      return {pool.sign(x), (v > 0) - (v < 0)};
    if (op <= 7) {
      Valued b = divisor();
      int64_t quotient = v / b.value, rest = v % b.value;
      int64_t floor = quotient - (rest != 0 && (rest < 0) != (b.value < 0));
      int64_t mod = v - floor * b.value;
      int64_t ceil = floor + (mod != 0);
      if (op == 4)
        return {pool.floorDiv(x, b.expr), floor};
      if (op == 5)
        return {pool.mod(x, b.expr), mod};
      if (op == 6)
        return {pool.ceilDiv(x, b.expr), ceil};
      return {pool.truncDiv(x, b.expr), quotient};
    }
    Valued b = integer(depth - 1);
    switch (op) {
    case 8:
      return {pool.add(x, b.expr), v + b.value};
    case 9:
      return {pool.sub(x, b.expr), v - b.value};
    case 10:
      return {pool.mul(x, b.expr), v * b.value};
    case 12:
      return {pool.wrap(x, b.expr), v < 0 ? v + b.value : v};
    case 11:
      return {pool.max(x, b.expr), std::max(v, b.value)};
    default:
      return {pool.min(x, b.expr), std::min(v, b.value)};
    }
  }

  Valued divisor() {
    if (chance(50)) {
      int64_t c = chance(15) ? -pick(1, 4) : pick(1, 6);
      return {pool.integer(c), c};
    }
    Valued a = chance(60) ? oneOf(extents) : oneOf(symbols);
    if (chance(30)) {
      Valued b = chance(50) ? oneOf(extents) : oneOf(symbols);
      a = {pool.mul(a.expr, b.expr), a.value * b.value};
    }
    if (chance(20))
      a = {pool.neg(a.expr), -a.value};
    return a.value != 0 ? a : Valued{pool.integer(3), 3};
  }

  Valued boolean(int depth) {
    int op = static_cast<int>(pick(0, depth > 0 ? 6 : 2));
    if (op <= 2) {
      Valued a = integer(std::max(depth - 1, 0)),
             b = integer(std::max(depth - 1, 0));
      if (op == 0)
        return {pool.ge(a.expr, b.expr), a.value >= b.value};
      if (op == 1)
        return {pool.eq(a.expr, b.expr), a.value == b.value};
      return {pool.lt(a.expr, b.expr), a.value < b.value};
    }
    Valued a = boolean(depth - 1);
    if (op == 3)
      return {pool.logicalNot(a.expr), !a.value};
    Valued b = boolean(depth - 1);
    if (op == 4)
      return {pool.logicalAnd(a.expr, b.expr), a.value && b.value};
    if (op == 5)
      return {pool.logicalOr(a.expr, b.expr), a.value || b.value};
    Valued c = boolean(depth - 1);
    return {pool.select(c.expr, a.expr, b.expr), c.value ? a.value : b.value};
  }

  /// The symbols and indices with their values, for messages.
  std::string describe() const {
    std::string s;
    for (const auto &[name, value] : values)
      s += name + "=" + std::to_string(value) + " ";
    return s + "load=" + std::to_string(loaded);
  }

  ExprEnvironment environment() {
    return {[this](Expr e) { return values.at(std::string(pool.name(e))); },
            [this](uint32_t, std::span<const int64_t>) {
              return static_cast<double>(loaded);
            }};
  }

  ExprPool &pool;
  std::mt19937 random;
  std::vector<Valued> symbols, extents, indices;
  std::map<std::string, int64_t> values; ///< of symbols and indices
  int64_t loaded = -2 + pick(0, 5);
};

} // namespace ingot
