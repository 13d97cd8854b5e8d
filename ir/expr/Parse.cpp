//===- Parse.cpp - Reads expressions --------------------------------------===//
//
// Two steps, so that garbage leaves no symbols behind: a recursive descent that
// checks syntax and types and writes steps in postfix order, then a stack
// machine that makes nodes from them.
//
//===----------------------------------------------------------------------===//
#include "ir/expr/ExprImpl.h"
#include "ir/expr/Syntax.h"

namespace ingot {

namespace {
Expr build(ExprPool::Impl &pool, const std::vector<Instruction> &steps,
           int64_t lowerBound) {
  std::vector<Expr> stack;
  auto pop = [&] {
    Expr e = stack.back();
    stack.pop_back();
    return e;
  };
  for (const Instruction &i : steps) {
    Expr c = i.step >= Step::Negate ? pop() : Expr{}; // the last operand
    auto a = [&] { return pop(); };
    Expr e;
    switch (i.step) {
    case Step::Number:
      e = pool.integer(i.number);
      break;
    case Step::Symbol:
      e = pool.symbol(i.name, lowerBound);
      break;
    case Step::Index:
      e = pool.index(i.name, pop());
      break;
    case Step::KnownIndex: {
      auto id = pool.nameIds.find(i.name);
      auto known = id == pool.nameIds.end()
                       ? pool.indicesByName.end()
                       : pool.indicesByName.find(id->second);
      if (known != pool.indicesByName.end() && known->second.size() == 1)
        e = known->second[0];
      break;
    }
    case Step::Boolean:
      e = pool.boolean(i.number != 0);
      break;
    case Step::Negate:
      e = pool.neg(c);
      break;
    case Step::Add:
      e = pool.add(a(), c);
      break;
    case Step::Sub:
      e = pool.sub(a(), c);
      break;
    case Step::Mul:
      e = pool.mul(a(), c);
      break;
    case Step::Power:
      e = pool.one;
      for (int64_t k = 0; k < i.number; ++k)
        e = pool.mul(e, c);
      break;
    case Step::FloorDiv:
      e = pool.floorDiv(a(), c);
      break;
    case Step::CeilDiv:
      e = pool.ceilDiv(a(), c);
      break;
    case Step::Mod:
      e = pool.mod(a(), c);
      break;
    case Step::TruncDiv:
      e = pool.truncDiv(a(), c);
      break;
    case Step::Max:
      e = pool.maxMin(true, a(), c);
      break;
    case Step::Min:
      e = pool.maxMin(false, a(), c);
      break;
    case Step::Abs:
      e = pool.abs(c);
      break;
    case Step::Sign:
      e = pool.sign(c);
      break;
    case Step::Wrap:
      e = pool.wrap(a(), c);
      break;
    case Step::Select: {
      Expr yes = pop();
      e = pool.select(pop(), yes, c);
      break;
    }
    case Step::ToInt:
      e = pool.boolToInt(c);
      break;
    case Step::Ge:
      e = pool.geZero(pool.sub(a(), c));
      break;
    case Step::Gt:
      e = pool.geZero(pool.plus(pool.sub(a(), c), -1));
      break;
    case Step::Le:
      e = pool.geZero(pool.sub(c, a()));
      break;
    case Step::Lt:
      e = pool.geZero(pool.plus(pool.sub(c, a()), -1));
      break;
    case Step::Eq:
      e = pool.eqZero(pool.sub(a(), c));
      break;
    case Step::Ne:
      e = pool.logicalNot(pool.eqZero(pool.sub(a(), c)));
      break;
    case Step::And:
      e = pool.logicalAnd(a(), c);
      break;
    case Step::Or:
      e = pool.logicalOr(a(), c);
      break;
    case Step::Not:
      e = pool.logicalNot(c);
      break;
    }
    if (!e)
      return {};
    stack.push_back(e);
  }
  assert(stack.size() == 1 && "steps do not leave one value");
  return stack[0];
}

std::optional<Expr> read(ExprPool::Impl &pool, std::string_view text,
                         ExprType type, int64_t lowerBound) {
  auto steps = readSyntax(text, type);
  if (!steps)
    return std::nullopt;
  bool failedBefore = pool.hasFailed;
  Expr e = build(pool, *steps, lowerBound);
  if (e)
    return e;
  // Too deep or too large a text says nothing of the rest of the pool.
  pool.hasFailed =
      failedBefore || pool.nodes.size() >= ExprPool::Impl::kMaxNodes;
  return std::nullopt;
}
} // namespace

std::optional<Expr> ExprPool::parse(std::string_view text, int64_t lowerBound) {
  return read(*impl, text, ExprType::Int, lowerBound);
}

std::optional<Expr> ExprPool::parseCondition(std::string_view text,
                                             int64_t lowerBound) {
  return read(*impl, text, ExprType::Bool, lowerBound);
}

} // namespace ingot
