#include "ir/reference/Symbols.h"

using namespace mlir;

namespace ingot {

using reference::Error;
using reference::Result;
using reference::Shape;

bool SymbolValues::bind(llvm::StringRef name, int64_t value) {
  return values.try_emplace(name, value).first->second == value;
}

std::optional<int64_t> SymbolValues::find(llvm::StringRef name) const {
  auto it = values.find(name);
  if (it == values.end())
    return std::nullopt;
  return it->second;
}

std::optional<Expr> SymbolValues::parse(StringAttr expr) {
  auto [it, isNew] = parsed.try_emplace(expr);
  if (isNew) {
    std::optional<Expr> made = pool.parse({expr.data(), expr.size()});
    if (made && !pool.failed())
      it->second = *made;
  }
  if (!it->second)
    return std::nullopt;
  return it->second;
}

std::optional<std::string> SymbolValues::asSymbol(StringAttr expr) {
  std::optional<Expr> made = parse(expr);
  if (!made || pool.kind(*made) != ExprKind::Symbol)
    return std::nullopt;
  return std::string(pool.name(*made));
}

Result<int64_t> SymbolValues::evaluate(StringAttr expr) {
  int64_t number;
  if (!expr.getValue().getAsInteger(10, number))
    return number;
  std::optional<Expr> made = parse(expr);
  if (!made)
    return Error{"'" + expr.str() + "' is no integer expression"};
  std::string missing;
  ExprEnvironment environment;
  environment.leaf = [&](Expr leaf) -> int64_t {
    std::string_view name = pool.name(leaf);
    std::optional<int64_t> value = find({name.data(), name.size()});
    if (!value)
      missing = name;
    return value.value_or(0);
  };
  std::optional<int64_t> value = pool.evaluate(*made, environment);
  if (!missing.empty())
    return Error{"symbol '" + missing + "' has no value"};
  if (!value)
    return Error{"'" + expr.str() + "' overflows 64 bits or divides by zero"};
  return *value;
}

Result<std::vector<int64_t>> SymbolValues::evaluate(tfm::DimsAttr exprs) {
  std::vector<int64_t> results;
  for (StringAttr expr : exprs.getExprs()) {
    Result<int64_t> value = evaluate(expr);
    if (!value)
      return value.error();
    results.push_back(*value);
  }
  return results;
}

Result<Shape> SymbolValues::shapeOf(RankedTensorType type) {
  if (auto dims = dyn_cast_if_present<tfm::DimsAttr>(type.getEncoding()))
    return evaluate(dims);
  if (!type.hasStaticShape())
    return Error{"a type with unknown dims carries no expressions for them"};
  return Shape(type.getShape());
}

} // namespace ingot
