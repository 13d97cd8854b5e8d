#include "codegen/artifact/ExprTable.h"

namespace ingot {

using artifact::ExprOp;

uint32_t ExprTable::node(ExprOp op, uint32_t a, uint32_t b, uint32_t c,
                         int64_t value) {
  artifact.exprs.emplace_back(op, a, b, c, value);
  return static_cast<uint32_t>(artifact.exprs.size() - 1);
}

uint32_t ExprTable::number(tfm::DimsAttr dims, unsigned i) {
  return number(dims.text(i));
}

uint32_t ExprTable::ceilDiv(tfm::DimsAttr dims, unsigned i, int64_t divisor) {
  return number(pool.ceilDiv(parse(dims.text(i)), pool.integer(divisor)));
}

uint32_t ExprTable::number(llvm::StringRef text) { return number(parse(text)); }

Expr ExprTable::parse(llvm::StringRef text) {
  std::optional<Expr> expr = pool.parse({text.data(), text.size()});
  assert(expr && "canonical text does not parse");
  return *expr;
}

uint32_t ExprTable::atLeast(uint32_t left, uint32_t right) {
  return node(ExprOp::GeZero, node(ExprOp::Sub, left, right));
}

uint32_t ExprTable::equal(uint32_t left, uint32_t right) {
  return node(ExprOp::EqZero, node(ExprOp::Sub, left, right));
}

uint32_t ExprTable::select(uint32_t condition, uint32_t yes, uint32_t no) {
  return node(ExprOp::Select, condition, yes, no);
}

uint32_t ExprTable::min(uint32_t left, uint32_t right) {
  return node(ExprOp::Min, left, right);
}

uint32_t ExprTable::max(uint32_t left, uint32_t right) {
  return node(ExprOp::Max, left, right);
}

uint32_t ExprTable::floorDiv(uint32_t value, int64_t divisor) {
  return node(ExprOp::FloorDiv, value, constant(divisor));
}

uint32_t ExprTable::product(uint32_t value, int64_t factor) {
  return factor == 1 ? value : node(ExprOp::Mul, value, constant(factor));
}

uint32_t ExprTable::symbolValue(uint32_t symbol) {
  return node(ExprOp::Symbol, symbol);
}

uint32_t ExprTable::symbol(llvm::StringRef name) {
  auto [it, isNew] = symbols.try_emplace(name, artifact.symbols.size());
  if (isNew) {
    auto symbol = std::make_unique<artifact::SymbolT>();
    symbol->name = name.str();
    symbol->rate = artifact::SymbolRate::Bind;
    artifact.symbols.push_back(std::move(symbol));
  }
  return it->second;
}

uint32_t ExprTable::number(Expr root) {
  for (Expr node : pool.reachable(root))
    if (!numbers.count(node.id)) {
      uint32_t made = make(node);
      numbers[node.id] = made;
    }
  return numbers.lookup(root.id);
}

uint32_t ExprTable::make(Expr e) {
  llvm::SmallVector<uint32_t> v;
  if (pool.kind(e) != ExprKind::Poly)
    for (Expr operand : pool.operands(e))
      v.push_back(numbers.lookup(operand.id));
  switch (pool.kind(e)) {
  case ExprKind::Poly: {
    std::optional<uint32_t> sum;
    for (const ExprTerm &term : pool.terms(e)) {
      std::optional<uint32_t> product;
      if (term.coefficient != 1 || term.atoms.empty())
        product = node(ExprOp::Constant, 0, 0, 0, term.coefficient);
      for (Expr atom : term.atoms) {
        uint32_t factor = numbers.lookup(atom.id);
        product = product ? node(ExprOp::Mul, *product, factor) : factor;
      }
      sum = sum ? node(ExprOp::Add, *sum, *product) : *product;
    }
    return sum ? *sum : node(ExprOp::Constant, 0, 0, 0, 0);
  }
  case ExprKind::Symbol: {
    std::string_view name = pool.name(e);
    return node(ExprOp::Symbol, symbol({name.data(), name.size()}));
  }
  case ExprKind::FloorDiv:
    return node(ExprOp::FloorDiv, v[0], v[1]);
  case ExprKind::Mod:
    return node(ExprOp::Mod, v[0], v[1]);
  case ExprKind::TruncDiv:
    return node(ExprOp::TruncDiv, v[0], v[1]);
  case ExprKind::Max:
    return node(ExprOp::Max, v[0], v[1]);
  case ExprKind::Min:
    return node(ExprOp::Min, v[0], v[1]);
  case ExprKind::Abs:
    return node(ExprOp::Abs, v[0]);
  case ExprKind::BoolToInt:
    return v[0];
  case ExprKind::Select:
    return node(ExprOp::Select, v[0], v[1], v[2]);
  case ExprKind::BoolConst:
    return node(ExprOp::Constant, 0, 0, 0, *pool.constantBool(e));
  case ExprKind::Ge:
    return node(ExprOp::GeZero, v[0]);
  case ExprKind::Eq:
    return node(ExprOp::EqZero, v[0]);
  case ExprKind::Not:
    return node(ExprOp::Not, v[0]);
  case ExprKind::And:
  case ExprKind::Or: {
    uint32_t result = v[0];
    for (uint32_t next : llvm::ArrayRef<uint32_t>(v).drop_front())
      result = node(pool.kind(e) == ExprKind::And ? ExprOp::And : ExprOp::Or,
                    result, next);
    return result;
  }
  case ExprKind::Sign: {
    // (x >= 0) - (-x >= 0)
    uint32_t zero = node(ExprOp::Constant, 0, 0, 0, 0);
    uint32_t negated = node(ExprOp::Sub, zero, v[0]);
    return node(ExprOp::Sub, node(ExprOp::GeZero, v[0]),
                node(ExprOp::GeZero, negated));
  }
  default:
    break;
  }
  assert(false && "an expression of dims reads no tensor");
  return 0;
}

} // namespace ingot
