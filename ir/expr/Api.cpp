//===- Api.cpp - The public face of ExprPool ------------------------------===//
#include "ir/expr/ExprImpl.h"

#include <algorithm>

namespace ingot {

ExprPool::ExprPool() : impl(std::make_unique<Impl>()) {}
ExprPool::~ExprPool() = default;

// Integers.
Expr ExprPool::integer(int64_t value) {
  return impl->checked(impl->integer(value), ExprType::Int);
}
Expr ExprPool::symbol(std::string_view name, int64_t lowerBound) {
  return impl->checked(impl->symbol(name, lowerBound), ExprType::Int);
}
Expr ExprPool::index(std::string_view name, Expr extent) {
  assert(type(extent) == ExprType::Int && "extents are integers");
  return impl->checked(impl->index(name, extent), ExprType::Int);
}
Expr ExprPool::add(Expr a, Expr b) {
  return impl->checked(impl->add(a, b), ExprType::Int);
}
Expr ExprPool::sub(Expr a, Expr b) {
  return impl->checked(impl->sub(a, b), ExprType::Int);
}
Expr ExprPool::neg(Expr a) {
  return impl->checked(impl->neg(a), ExprType::Int);
}
Expr ExprPool::mul(Expr a, Expr b) {
  return impl->checked(impl->mul(a, b), ExprType::Int);
}
Expr ExprPool::scale(Expr a, int64_t factor) {
  return impl->checked(impl->scale(a, factor), ExprType::Int);
}
Expr ExprPool::product(std::span<const Expr> factors) {
  Expr result = impl->one;
  for (Expr f : factors)
    result = impl->mul(result, f);
  return impl->checked(result, ExprType::Int);
}
Expr ExprPool::floorDiv(Expr a, Expr b) {
  return impl->checked(impl->floorDiv(a, b), ExprType::Int);
}
Expr ExprPool::ceilDiv(Expr a, Expr b) {
  return impl->checked(impl->ceilDiv(a, b), ExprType::Int);
}
Expr ExprPool::mod(Expr a, Expr b) {
  return impl->checked(impl->mod(a, b), ExprType::Int);
}
Expr ExprPool::truncDiv(Expr a, Expr b) {
  return impl->checked(impl->truncDiv(a, b), ExprType::Int);
}
Expr ExprPool::max(Expr a, Expr b) {
  return impl->checked(impl->maxMin(true, a, b), ExprType::Int);
}
Expr ExprPool::min(Expr a, Expr b) {
  return impl->checked(impl->maxMin(false, a, b), ExprType::Int);
}
Expr ExprPool::abs(Expr a) {
  return impl->checked(impl->abs(a), ExprType::Int);
}
Expr ExprPool::sign(Expr a) {
  return impl->checked(impl->sign(a), ExprType::Int);
}
Expr ExprPool::wrap(Expr i, Expr n) {
  return impl->checked(impl->wrap(i, n), ExprType::Int);
}
Expr ExprPool::boolToInt(Expr c) {
  return impl->checked(impl->boolToInt(c), ExprType::Int);
}
Expr ExprPool::floatToInt(Expr f) {
  return impl->checked(impl->floatToInt(f), ExprType::Int);
}

// Any type.
Expr ExprPool::load(ExprType type, uint32_t tensor,
                    std::span<const Expr> indices) {
  return impl->checked(impl->make(ExprKind::Load, type, indices, tensor), type);
}
Expr ExprPool::select(Expr condition, Expr a, Expr b) {
  return impl->checked(impl->select(condition, a, b), type(a));
}

// Booleans.
Expr ExprPool::boolean(bool value) { return impl->boolean(value); }
Expr ExprPool::ge(Expr a, Expr b) {
  return impl->checked(impl->geZero(impl->sub(a, b)), ExprType::Bool);
}
Expr ExprPool::lt(Expr a, Expr b) {
  return impl->checked(impl->geZero(impl->plus(impl->sub(b, a), -1)),
                       ExprType::Bool);
}
Expr ExprPool::eq(Expr a, Expr b) {
  return impl->checked(impl->eqZero(impl->sub(a, b)), ExprType::Bool);
}
Expr ExprPool::logicalNot(Expr c) {
  return impl->checked(impl->logicalNot(c), ExprType::Bool);
}
Expr ExprPool::logicalAnd(Expr a, Expr b) {
  return impl->checked(impl->logicalAnd(a, b), ExprType::Bool);
}
Expr ExprPool::logicalOr(Expr a, Expr b) {
  return impl->checked(impl->logicalOr(a, b), ExprType::Bool);
}
Expr ExprPool::compare(ScalarOp op, Expr a, Expr b) {
  return impl->checked(impl->compare(op, a, b), ExprType::Bool);
}
Expr ExprPool::isNaN(Expr f) {
  return impl->checked(impl->isNaN(f), ExprType::Bool);
}

// Floats.
Expr ExprPool::floatConst(ExprType type, double value) {
  return impl->checked(impl->floatConst(type, value), type);
}
Expr ExprPool::apply(ScalarOp op, ExprType type,
                     std::span<const Expr> operands) {
  return impl->checked(impl->apply(op, type, operands), type);
}
Expr ExprPool::intToFloat(ExprType type, Expr i) {
  return impl->checked(impl->intToFloat(type, i), type);
}
Expr ExprPool::floatCast(ExprType type, Expr f) {
  return impl->checked(impl->floatCast(type, f), type);
}

// Looking.
ExprKind ExprPool::kind(Expr e) const { return impl->kind(e); }
ExprType ExprPool::type(Expr e) const { return impl->type(e); }
std::span<const Expr> ExprPool::operands(Expr e) const {
  return impl->node(e).operands;
}
unsigned ExprPool::depth(Expr e) const { return impl->node(e).depth; }
std::optional<int64_t> ExprPool::constantInt(Expr e) const {
  return impl->constantInt(e);
}
std::optional<double> ExprPool::constantFloat(Expr e) const {
  return impl->constantFloat(e);
}
std::optional<bool> ExprPool::constantBool(Expr e) const {
  if (kind(e) != ExprKind::BoolConst)
    return std::nullopt;
  return e == impl->trueExpr;
}
std::string_view ExprPool::name(Expr e) const {
  const ExprNode &n = impl->node(e);
  assert((n.kind == ExprKind::Symbol || n.kind == ExprKind::Index) &&
         "has no name");
  return impl->names[n.kind == ExprKind::Symbol ? n.payload
                                                : static_cast<size_t>(n.bits)];
}
int64_t ExprPool::lowerBound(Expr symbol) const {
  assert(kind(symbol) == ExprKind::Symbol && "only symbols have lower bounds");
  return impl->node(symbol).bits;
}
Expr ExprPool::extent(Expr index) const {
  assert(kind(index) == ExprKind::Index && "only indices have extents");
  return Expr{impl->node(index).payload};
}
uint32_t ExprPool::loadTensor(Expr load) const {
  assert(kind(load) == ExprKind::Load && "not a load");
  return impl->node(load).payload;
}
ScalarOp ExprPool::scalarOp(Expr e) const {
  assert((kind(e) == ExprKind::Apply || kind(e) == ExprKind::Compare) &&
         "has no scalar op");
  return impl->node(e).op;
}
std::vector<ExprTerm> ExprPool::terms(Expr e) const {
  std::vector<ExprTerm> result;
  for (const PolyTerm &t : impl->terms(e)) {
    std::vector<Expr> atoms(t.monomial->atoms.begin(), t.monomial->atoms.end());
    std::ranges::sort(atoms);
    result.push_back({std::move(atoms), t.coefficient});
  }
  return result;
}
std::optional<std::pair<Expr, Expr>> ExprPool::splitLinear(Expr e, Expr atom) {
  return impl->splitLinear(e, atom);
}
std::optional<Expr> ExprPool::exactDiv(Expr a, Expr b) {
  return impl->exactDiv(a, b);
}
std::vector<Expr> ExprPool::reachable(Expr e, bool withExtents) const {
  return impl->reachable(e, withExtents);
}
bool ExprPool::contains(Expr e, Expr leaf) const {
  return impl->containsWithin(e, leaf, SIZE_MAX);
}
std::vector<Expr> ExprPool::indices(Expr e) const {
  std::vector<Expr> found = impl->reachable(e, false);
  std::erase_if(found, [&](Expr x) { return kind(x) != ExprKind::Index; });
  return found;
}

// Knowing.
bool ExprPool::proveNonNegative(Expr e) { return impl->prove(e); }
void ExprPool::assume(Expr e) { impl->assume(e); }
void ExprPool::substitute(Expr symbol, Expr value) {
  impl->substitute(symbol, value);
}
Expr ExprPool::replace(Expr e,
                       const std::function<std::optional<Expr>(Expr)> &map) {
  return impl->checked(impl->replace(e, map, true, true), type(e));
}
std::span<const std::pair<Expr, int64_t>> ExprPool::assumedBelow() const {
  return impl->assumedBelow;
}
bool ExprPool::failed() const { return impl->hasFailed; }
size_t ExprPool::size() const { return impl->nodes.size(); }

} // namespace ingot
