#include "runtime/evaluate.h"

namespace ingot::runtime {

using fmt::ExprOp;

Error SymbolValues::create(const Allocator &allocator,
                           const fmt::Artifact &artifact) {
  header = &artifact;
  uint32_t size = count(artifact.symbols());
  if (!values.create(allocator, size) || !isBound.create(allocator, size))
    return outOfMemory(allocator, "symbols", size * (sizeof(int64_t) + 1));
  for (uint32_t i = 0; i < size; ++i)
    if (artifact.symbols()->Get(i)->rate() == fmt::SymbolRate::Compile)
      set(i, artifact.symbols()->Get(i)->min());
  return nullptr;
}

void SymbolValues::append(Text &text) const {
  bool isFirst = true;
  for (uint32_t i = 0; i < values.size(); ++i) {
    if (!isBound[i])
      continue;
    text.append("%s%s = %lld", isFirst ? "" : ", ",
                header->symbols()->Get(i)->name()->c_str(),
                (long long)values[i]);
    isFirst = false;
  }
}

namespace {

// Division that rounds towards minus infinity and its remainder; b != 0 and
// the quotient is representable.
int64_t floorDiv(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

int64_t floorMod(int64_t a, int64_t b) {
  if (b == -1) // INT64_MIN % -1 traps
    return 0;
  int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Undefined divide(ExprOp op, int64_t a, int64_t b, int64_t *result) {
  if (b == 0)
    return Undefined::DivisionByZero;
  if (op == ExprOp::Mod) {
    *result = floorMod(a, b);
    return Undefined::No;
  }
  if (a == INT64_MIN && b == -1)
    return Undefined::Overflow;
  *result = op == ExprOp::FloorDiv ? floorDiv(a, b) : a / b;
  return Undefined::No;
}

Undefined compute(const fmt::ExprNode &node, const int64_t *values,
                  const Undefined *undefined, int64_t *result) {
  uint32_t ia = node.a(), ib = node.b();
  auto overflow = [](bool happened) {
    return happened ? Undefined::Overflow : Undefined::No;
  };

  // Where one side decides, the other need not be defined.
  switch (node.op()) {
  case ExprOp::Select: {
    if (undefined[ia] != Undefined::No)
      return undefined[ia];
    uint32_t chosen = values[ia] ? ib : node.c();
    *result = values[chosen];
    return undefined[chosen];
  }
  case ExprOp::And:
  case ExprOp::Or: {
    int64_t deciding = node.op() == ExprOp::Or;
    for (uint32_t side : {ia, ib})
      if (undefined[side] == Undefined::No &&
          int64_t(values[side] != 0) == deciding) {
        *result = deciding;
        return Undefined::No;
      }
    *result = !deciding;
    return undefined[ia] != Undefined::No ? undefined[ia] : undefined[ib];
  }
  default:
    break;
  }

  if (undefined[ia] != Undefined::No)
    return undefined[ia];
  int64_t a = values[ia];
  switch (node.op()) {
  case ExprOp::Abs:
    *result = a < 0 && a != INT64_MIN ? -a : a;
    return overflow(a == INT64_MIN);
  case ExprOp::GeZero:
    *result = a >= 0;
    return Undefined::No;
  case ExprOp::EqZero:
  case ExprOp::Not:
    *result = a == 0;
    return Undefined::No;
  default:
    break;
  }

  if (undefined[ib] != Undefined::No)
    return undefined[ib];
  int64_t b = values[ib];
  switch (node.op()) {
  case ExprOp::Add:
    return overflow(__builtin_add_overflow(a, b, result));
  case ExprOp::Sub:
    return overflow(__builtin_sub_overflow(a, b, result));
  case ExprOp::Mul:
    return overflow(__builtin_mul_overflow(a, b, result));
  case ExprOp::Min:
    *result = a < b ? a : b;
    return Undefined::No;
  case ExprOp::Max:
    *result = a > b ? a : b;
    return Undefined::No;
  default:
    return divide(node.op(), a, b, result);
  }
}

} // namespace

Error ExprValues::create(const Allocator &allocator,
                         const SymbolValues &given) {
  symbols = &given;
  const auto *nodes = given.header->exprs();
  uint32_t size = count(nodes);
  if (!values.create(allocator, size) || !undefined.create(allocator, size))
    return outOfMemory(allocator, "expressions", size * (sizeof(int64_t) + 1));
  for (uint32_t i = 0; i < size; ++i) {
    const fmt::ExprNode &node = *nodes->Get(i);
    switch (node.op()) {
    case ExprOp::Constant:
      values[i] = node.value();
      break;
    case ExprOp::Symbol:
      values[i] = given.values[node.a()];
      undefined[i] =
          given.isBound[node.a()] ? Undefined::No : Undefined::Unbound;
      break;
    default:
      undefined[i] = compute(node, values.data(), undefined.data(), &values[i]);
    }
  }
  return nullptr;
}

Error ExprValues::get(const Allocator &allocator, uint32_t expr,
                      const char *what, const char *owner,
                      int64_t *value) const {
  if (isDefined(expr)) {
    *value = values[expr];
    return nullptr;
  }
  Text text;
  symbols->append(text);
  const char *cause = "needs a symbol that this entry does not bind";
  if (undefined[expr] == Undefined::Overflow)
    cause = "does not fit 64 bits";
  if (undefined[expr] == Undefined::DivisionByZero)
    cause = "divides by zero";
  return makeError(allocator, INGOT_ERROR_SHAPE, "%s of '%s' %s%s%s", what,
                   owner, cause, text.empty() ? "" : " at ", text.c_str());
}

Error ExprValues::getSize(const Allocator &allocator, uint32_t expr,
                          const char *what, const char *owner,
                          int64_t *value) const {
  if (Error error = get(allocator, expr, what, owner, value))
    return error;
  if (*value >= 0)
    return nullptr;
  Text text;
  symbols->append(text);
  return makeError(allocator, INGOT_ERROR_SHAPE, "%s of '%s' would be %lld%s%s",
                   what, owner, (long long)*value, text.empty() ? "" : " at ",
                   text.c_str());
}

} // namespace ingot::runtime
