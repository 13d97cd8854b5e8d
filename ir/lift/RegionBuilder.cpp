#include "ir/lift/RegionBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace ingot {

Type RegionBuilder::scalarType(MLIRContext *context, ExprType type) {
  switch (type) {
  case ExprType::Int:
    return IntegerType::get(context, 64);
  case ExprType::Bool:
    return IntegerType::get(context, 1);
  case ExprType::F16:
    return Float16Type::get(context);
  case ExprType::BF16:
    return BFloat16Type::get(context);
  case ExprType::F32:
    return Float32Type::get(context);
  case ExprType::F64:
    return Float64Type::get(context);
  }
  llvm_unreachable("unknown expression type");
}

Value RegionBuilder::integer(int64_t value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getI64IntegerAttr(value));
}

Value RegionBuilder::apply(ScalarOp op, llvm::ArrayRef<Value> operands,
                           ExprType type) {
  return tfm::ApplyOp::create(
      builder, loc, scalarType(builder.getContext(), type),
      tfm::ScalarOpAttr::get(builder.getContext(), op), operands);
}

/// Integer expressions of symbols alone, of the grammar of `#tfm.dims`: the
/// plan evaluates them at bind.
bool RegionBuilder::isSymbolic(Expr expr) {
  auto [it, isNew] = symbolic.try_emplace(expr.id, false);
  if (!isNew)
    return it->second;
  bool result = true;
  for (Expr node : pool.reachable(expr))
    result &= isDimKind(pool.kind(node)) && !values.count(node.id);
  symbolic[expr.id] = result;
  return result;
}

void RegionBuilder::eraseDead(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

Value RegionBuilder::emit(Expr root) {
  if (Value known = values.lookup(root.id))
    return known;
  // Operands before users, with an explicit order instead of recursion.
  for (Expr node : pool.reachable(root)) {
    if (values.count(node.id))
      continue;
    if (Value value = emitNode(node))
      values[node.id] = value;
  }
  return values.lookup(root.id);
}

Value RegionBuilder::polynomial(Expr expr) {
  Value sum;
  // The part without arguments is one value, known at bind.
  Expr fixed = pool.integer(0);
  auto addTo = [&](Value term) {
    sum = sum ? apply(ScalarOp::Add, {sum, term}, ExprType::Int) : term;
  };
  for (const ExprTerm &term : pool.terms(expr)) {
    Expr factor = pool.integer(term.coefficient);
    Value product;
    for (Expr atom : term.atoms) {
      if (isSymbolic(atom)) {
        factor = pool.mul(factor, atom);
        continue;
      }
      Value value = values.lookup(atom.id);
      product = product ? apply(ScalarOp::Mul, {product, value}, ExprType::Int)
                        : value;
    }
    if (!product) {
      fixed = pool.add(fixed, factor);
      continue;
    }
    if (pool.constantInt(factor) != 1) {
      Value scale = pool.constantInt(factor)
                        ? integer(*pool.constantInt(factor))
                        : symbol(factor);
      product = apply(ScalarOp::Mul, {product, scale}, ExprType::Int);
    }
    addTo(product);
  }
  if (std::optional<int64_t> constant = pool.constantInt(fixed)) {
    if (*constant != 0 || !sum)
      addTo(integer(*constant));
  } else {
    addTo(symbol(fixed));
  }
  return sum;
}

/// expr >= 0. A difference of data may leave 64 bits (a sentinel, the maximum
/// of no elements) where the data itself does not: each side keeps its terms.
Value RegionBuilder::compare(Expr expr, Value value) {
  bool readsData = llvm::any_of(pool.reachable(expr), [&](Expr node) {
    return pool.kind(node) == ExprKind::Load;
  });
  bool isPlain = llvm::any_of(pool.terms(expr), [](const ExprTerm &term) {
    return term.coefficient == INT64_MIN; // has no negative
  });
  if (!readsData || isPlain || pool.kind(expr) != ExprKind::Poly)
    return apply(ScalarOp::Le, {integer(0), value}, ExprType::Bool);
  Expr sides[] = {pool.integer(0), pool.integer(0)};
  int64_t constant = 0;
  for (const ExprTerm &term : pool.terms(expr)) {
    if (term.atoms.empty()) {
      constant = term.coefficient;
      continue;
    }
    Expr product = pool.integer(1);
    for (Expr atom : term.atoms)
      product = pool.mul(product, atom);
    Expr &side = sides[term.coefficient > 0];
    side = pool.add(side, pool.scale(product, term.coefficient > 0
                                                  ? term.coefficient
                                                  : -term.coefficient));
  }
  // a + 1 <= b is a < b, also for the largest a.
  bool isStrict = constant == -1;
  if (!isStrict)
    sides[constant > 0] = pool.add(
        sides[constant > 0], pool.integer(constant > 0 ? constant : -constant));
  return apply(isStrict ? ScalarOp::Lt : ScalarOp::Le,
               {emit(sides[0]), emit(sides[1])}, ExprType::Bool);
}

Value RegionBuilder::emitNode(Expr e) {
  ExprType type = pool.type(e);
  ExprKind kind = pool.kind(e);
  if (std::optional<int64_t> constant =
          type == ExprType::Int ? pool.constantInt(e) : std::nullopt)
    return integer(*constant);
  if (type == ExprType::Int && isSymbolic(e))
    return symbol(e);
  llvm::SmallVector<Value> v;
  if (kind != ExprKind::Poly)
    for (Expr operand : pool.operands(e))
      v.push_back(values.lookup(operand.id));
  MLIRContext *context = builder.getContext();
  switch (kind) {
  case ExprKind::Poly:
    return polynomial(e);
  case ExprKind::Symbol:
    return symbol(e);
  case ExprKind::Index:
    llvm_unreachable("a generic index without a block argument");
  case ExprKind::FloorDiv:
    return apply(ScalarOp::FloorDiv, v, type);
  case ExprKind::Mod:
    return apply(ScalarOp::Mod, v, type);
  case ExprKind::TruncDiv:
    return apply(ScalarOp::Div, v, type);
  case ExprKind::Max:
    return apply(ScalarOp::Max, v, type);
  case ExprKind::Min:
    return apply(ScalarOp::Min, v, type);
  case ExprKind::Abs:
    return apply(ScalarOp::Abs, v, type);
  case ExprKind::Sign:
    return apply(ScalarOp::Sign, v, type);
  case ExprKind::Wrap:
    return tfm::CheckIndexOp::create(builder, loc, v[0], v[1]);
  case ExprKind::BoolToInt:
  case ExprKind::FloatToInt:
  case ExprKind::IntToFloat:
  case ExprKind::FloatCast:
    return tfm::ConvertOp::create(builder, loc, scalarType(context, type),
                                  v[0]);
  case ExprKind::Load:
    return load(pool.loadTensor(e), v);
  case ExprKind::Select:
    return tfm::ChooseOp::create(builder, loc, v[0], v[1], v[2]);
  case ExprKind::BoolConst:
    return arith::ConstantOp::create(
        builder, loc, builder.getBoolAttr(*pool.constantBool(e)));
  case ExprKind::Ge:
    return compare(pool.operands(e)[0], v[0]);
  case ExprKind::Eq:
    return apply(ScalarOp::Eq, {v[0], integer(0)}, type);
  case ExprKind::Not:
    return apply(ScalarOp::Not, v, type);
  case ExprKind::And:
  case ExprKind::Or: {
    Value result = v[0];
    for (Value next : llvm::ArrayRef<Value>(v).drop_front())
      result = apply(kind == ExprKind::And ? ScalarOp::And : ScalarOp::Or,
                     {result, next}, type);
    return result;
  }
  case ExprKind::Compare:
    return apply(pool.scalarOp(e), v, type);
  case ExprKind::IsNaN:
    return apply(ScalarOp::IsNaN, v, type);
  case ExprKind::FloatConst:
    return arith::ConstantOp::create(
        builder, loc,
        builder.getFloatAttr(scalarType(context, type),
                             *pool.constantFloat(e)));
  case ExprKind::Apply:
    return apply(pool.scalarOp(e), v, type);
  }
  llvm_unreachable("unknown expression kind");
}

namespace {
/// `expr` with the coordinates of loads clamped where they are not provably
/// inside. A clamped load reads something, and nobody looks at it.
Expr clampLoads(ElementLifter &lifter, Expr root) {
  ExprPool &pool = lifter.context().pool();
  return pool.replace(root, [&](Expr node) -> std::optional<Expr> {
    if (pool.kind(node) != ExprKind::Load ||
        pool.loadTensor(node) >= kRegionArgument)
      return std::nullopt;
    ShapeContext::Dims dims =
        lifter.context().dims(lifter.tensor(pool.loadTensor(node)));
    llvm::SmallVector<Expr> inside;
    for (auto [operand, dim] : llvm::zip_equal(pool.operands(node), dims)) {
      Expr at = clampLoads(lifter, operand);
      Expr zero = pool.integer(0), last = pool.sub(dim, pool.integer(1));
      if (pool.kind(at) != ExprKind::Wrap) {
        if (!pool.proveGe(last, at))
          at = pool.min(at, last);
        if (!pool.proveNonNegative(at))
          at = pool.max(at, zero);
      }
      inside.push_back(at);
    }
    return pool.load(pool.type(node), pool.loadTensor(node),
                     {inside.data(), inside.size()});
  });
}
} // namespace

void buildRegion(OpBuilder &builder, Location loc, ElementLifter &lifter,
                 Block &block, llvm::ArrayRef<Expr> arguments,
                 llvm::ArrayRef<Expr> exprs, CombineFn combine) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&block);
  ExprPool &pool = lifter.context().pool();
  RegionBuilder region(
      builder, loc, pool,
      [&](uint32_t number, llvm::ArrayRef<Value> coordinates) -> Value {
        Value tensor = lifter.tensor(number);
        Type element =
            llvm::cast<RankedTensorType>(tensor.getType()).getElementType();
        Value value = tfm::LoadOp::create(
            builder, loc, tfm::scalarType(element), tensor, coordinates);
        // The pool has f32 for floats of 8 bits.
        if (element.getIntOrFloatBitWidth() == 8 && element.isFloat())
          value =
              tfm::ConvertOp::create(builder, loc, builder.getF32Type(), value);
        return value;
      },
      [&](Expr symbolic) -> Value {
        return tfm::SymbolOp::create(
            builder, loc, builder.getI64Type(),
            lifter.context().attr(builder.getContext(), symbolic));
      });
  for (auto [argument, value] :
       llvm::zip_equal(arguments, block.getArguments()))
    if (!pool.constantInt(argument))
      region.bind(argument, value);
  llvm::SmallVector<Value> results;
  for (Expr expr : exprs)
    results.push_back(region.emit(clampLoads(lifter, expr)));
  tfm::YieldOp::create(builder, loc,
                       combine ? combine(results) : results.front());
  RegionBuilder::eraseDead(block);
}

Value buildFused(OpBuilder &builder, Location loc, ElementLifter &lifter,
                 RankedTensorType type, llvm::ArrayRef<Expr> indices,
                 llvm::ArrayRef<Expr> exprs, CombineFn combine) {
  auto fused = tfm::FusedOp::create(builder, loc, type);
  Block &block = fused.getBody().emplaceBlock();
  for (int64_t i = 0; i < type.getRank(); ++i)
    block.addArgument(builder.getI64Type(), loc);
  buildRegion(builder, loc, lifter, block, indices, exprs, combine);
  return fused.getResult();
}

} // namespace ingot
