#include "ir/lift/ElementLifter.h"

#include "ir/lift/LiftRules.h"

using namespace mlir;

namespace ingot {

namespace {
/// Deeper chains of ops than any real mask has; beyond, a load is correct too.
constexpr unsigned kMaxDepth = 1500;
/// More nodes than any real model makes; beyond, everything new is a load.
constexpr size_t kMaxNodes = 500000;
} // namespace

ExprType ElementLifter::exprType(Type element) {
  if (element.isInteger(1))
    return ExprType::Bool;
  if (element.isF64())
    return ExprType::F64;
  if (element.isF16())
    return ExprType::F16;
  if (element.isBF16())
    return ExprType::BF16;
  if (llvm::isa<FloatType>(element))
    return ExprType::F32;
  return ExprType::Int;
}

uint32_t ElementLifter::number(Value value) {
  auto [it, isNew] = numbers.try_emplace(value, tensors.size());
  if (isNew)
    tensors.push_back(value);
  return it->second;
}

Expr ElementLifter::opaqueLoad(Value value, llvm::ArrayRef<Expr> indices) {
  Type element = llvm::cast<RankedTensorType>(value.getType()).getElementType();
  return pool.load(exprType(element), number(value),
                   {indices.data(), indices.size()});
}

Expr ElementLifter::element(Value value, llvm::ArrayRef<Expr> indices) {
  assert(static_cast<int64_t>(indices.size()) ==
             llvm::cast<RankedTensorType>(value.getType()).getRank() &&
         "one index an axis");
  auto &known = memo[value];
  for (auto &[at, expr] : known)
    if (llvm::ArrayRef<Expr>(at) == indices)
      return expr;
  if (depth >= kMaxDepth || pool.size() >= kMaxNodes || opaque.contains(value))
    return opaqueLoad(value, indices);
  ++depth;
  Expr expr = lift(value, indices);
  --depth;
  // `memo` may have grown: `known` may dangle.
  memo[value].emplace_back(llvm::SmallVector<Expr>(indices), expr);
  return expr;
}

Expr ElementLifter::lift(Value value, llvm::ArrayRef<Expr> indices) {
  Operation *op = value.getDefiningOp();
  if (op)
    if (std::optional<Expr> expr =
            LiftRules{*this, pool, shapes}.lift(op, indices))
      return *expr;
  return opaqueLoad(value, indices);
}

std::optional<llvm::SmallVector<Expr>> ElementLifter::elements(Value vector) {
  auto type = llvm::cast<RankedTensorType>(vector.getType());
  if (type.getRank() == 0)
    return llvm::SmallVector<Expr>{element(vector, {})};
  if (type.getRank() != 1 || !type.hasStaticShape() ||
      type.getDimSize(0) > 4096)
    return std::nullopt;
  llvm::SmallVector<Expr> result;
  for (int64_t i = 0; i < type.getDimSize(0); ++i)
    result.push_back(element(vector, pool.integer(i)));
  return result;
}

Expr ElementLifter::scalar(Value value) {
  llvm::SmallVector<Expr> zeros(
      llvm::cast<RankedTensorType>(value.getType()).getRank(), pool.integer(0));
  return element(value, zeros);
}

llvm::SmallVector<Expr>
ElementLifter::broadcastIndices(Value operand, llvm::ArrayRef<Expr> indices) {
  ShapeContext::Dims dims = shapes.dims(operand);
  llvm::SmallVector<Expr> result;
  for (size_t i = 0; i < dims.size(); ++i)
    result.push_back(pool.constantInt(dims[i]) == 1
                         ? pool.integer(0)
                         : indices[indices.size() - dims.size() + i]);
  return result;
}

Expr ElementLifter::wrapped(Expr index, Expr extent, Expr generic) {
  auto isInside = [&](Expr e) {
    return pool.proveNonNegative(e) &&
           pool.proveGe(pool.sub(extent, pool.integer(1)), e);
  };
  auto isNegative = [&](Expr e) {
    return pool.proveNonNegative(pool.sub(pool.integer(-1), e)) &&
           pool.proveNonNegative(pool.add(e, extent));
  };
  if (isInside(index) || isInside(generic))
    return index;
  if (isNegative(index) || isNegative(generic))
    return pool.add(index, extent);
  if (pool.kind(index) == ExprKind::Select) {
    std::span<const Expr> operands = pool.operands(index);
    Expr condition = operands[0], a = operands[1], b = operands[2];
    bool isAlike = pool.kind(generic) == ExprKind::Select;
    Expr genericA = isAlike ? pool.operands(generic)[1] : a;
    Expr genericB = isAlike ? pool.operands(generic)[2] : b;
    return pool.select(condition, wrapped(a, extent, genericA),
                       wrapped(b, extent, genericB));
  }
  // Without loads and not negative, the largest value is known at bind and can
  // be checked there; this is what dropping a Gather costs.
  for (Expr candidate : {generic, index})
    if (pool.proveNonNegative(candidate))
      if (std::optional<Expr> largest =
              LiftRules{*this, pool, shapes}.largestValue(candidate)) {
        pending.push_back({*largest, extent});
        return index;
      }
  return pool.wrap(index, extent);
}

/// Splits both shapes from the right into minimal groups of equal product; in a
/// group the index is made flat and taken apart again. Everything cancels where
/// the pool can prove that remainders are in range.
llvm::SmallVector<Expr> ElementLifter::reindex(llvm::ArrayRef<Expr> from,
                                               llvm::ArrayRef<Expr> to,
                                               llvm::ArrayRef<Expr> indices) {
  llvm::SmallVector<Expr> result(from.size(), pool.integer(0));
  auto isOne = [&](Expr dim) { return pool.constantInt(dim) == 1; };
  int i = static_cast<int>(from.size()) - 1,
      j = static_cast<int>(to.size()) - 1;
  while (i >= 0 && j >= 0) {
    if (isOne(from[i])) {
      --i;
      continue;
    }
    if (isOne(to[j])) {
      --j;
      continue;
    }
    if (from[i] == to[j]) {
      result[i--] = indices[j--];
      continue;
    }
    llvm::SmallVector<int> groupFrom{i}, groupTo{j};
    Expr productFrom = from[i--], productTo = to[j--];
    while (productFrom != productTo && (i >= 0 || j >= 0)) {
      bool growFrom =
          i >= 0 &&
          (j < 0 || pool.exactDiv(productTo, productFrom).has_value());
      bool growTo = !growFrom && j >= 0 &&
                    pool.exactDiv(productFrom, productTo).has_value();
      if (!growFrom && !growTo)
        growFrom = i >= 0, growTo = j >= 0;
      if (growFrom) {
        groupFrom.push_back(i);
        productFrom = pool.mul(productFrom, from[i--]);
      }
      if (growTo) {
        groupTo.push_back(j);
        productTo = pool.mul(productTo, to[j--]);
      }
    }
    Expr flat = pool.integer(0), stride = pool.integer(1);
    for (int axis : groupTo) {
      flat = pool.add(flat, pool.mul(indices[axis], stride));
      stride = pool.mul(stride, to[axis]);
    }
    for (size_t k = 0; k < groupFrom.size(); ++k) {
      Expr dim = from[groupFrom[k]];
      bool last = k + 1 == groupFrom.size();
      result[groupFrom[k]] = last ? flat : pool.mod(flat, dim);
      if (!last)
        flat = pool.floorDiv(flat, dim);
    }
  }
  return result;
}

} // namespace ingot
