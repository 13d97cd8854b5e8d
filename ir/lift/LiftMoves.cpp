// Lift rules of the ops that move elements by position or index.
#include "ir/lift/LiftRules.h"

using namespace mlir;

namespace ingot {

std::optional<Expr> LiftRules::concat(tfm::ConcatOp op, Indices indices) {
  size_t axis = op.getAxis();
  struct Piece {
    Value value;
    Expr start, extent;
  };
  llvm::SmallVector<Piece> pieces;
  Expr offset = pool.integer(0);
  for (Value input : op.getInputs()) {
    Expr extent = shapes.dims(input)[axis];
    if (pool.constantInt(extent) == 0)
      continue;
    pieces.push_back({input, offset, extent});
    offset = pool.add(offset, extent);
  }
  if (pieces.empty())
    return std::nullopt;
  auto inside = [&](const Piece &piece) {
    llvm::SmallVector<Expr> at(indices.begin(), indices.end());
    at[axis] = pool.constantInt(piece.extent) == 1
                   ? pool.integer(0)
                   : pool.sub(indices[axis], piece.start);
    return lifter.element(piece.value, at);
  };
  // Which piece holds the position is decided first: pieces that cannot are
  // never lifted, their indices would be outside.
  llvm::SmallVector<std::pair<Expr, size_t>> choices; // condition, piece
  size_t last = pieces.size() - 1;
  for (size_t i = 0; i < pieces.size(); ++i) {
    Expr before =
        pool.lt(indices[axis], pool.add(pieces[i].start, pieces[i].extent));
    if (pool.constantBool(before) == false)
      continue;
    if (i == pieces.size() - 1 || pool.constantBool(before) == true) {
      last = i;
      break;
    }
    choices.emplace_back(before, i);
  }
  Expr result = inside(pieces[last]);
  for (auto &[condition, piece] : llvm::reverse(choices))
    result = pool.select(condition, inside(pieces[piece]), result);
  return result;
}

std::optional<Expr> LiftRules::gather(tfm::GatherOp op, Indices indices) {
  size_t axis = op.getAxis();
  ShapeContext::Dims dims = shapes.dims(op.getInput());
  size_t count = shapes.dims(op.getIndices()).size();
  Expr index = lifter.element(
      op.getIndices(),
      lifter.broadcastIndices(op.getIndices(), indices.slice(axis, count)));
  llvm::SmallVector<Expr> source(indices.take_front(axis));
  Expr generic = lifter.element(
      op.getIndices(), shapes.indices(shapes.dims(op.getIndices()), "gather"));
  source.push_back(lifter.wrapped(index, dims[axis], generic));
  llvm::append_range(source, indices.drop_front(axis + count));
  return lifter.element(op.getInput(), source);
}

std::optional<Expr> LiftRules::gatherElements(tfm::GatherElementsOp op,
                                              Indices indices) {
  Expr index = lifter.element(op.getIndices(), indices);
  llvm::SmallVector<Expr> source(indices);
  Expr generic = lifter.element(
      op.getIndices(), shapes.indices(shapes.dims(op.getIndices()), "gather"));
  source[op.getAxis()] =
      lifter.wrapped(index, shapes.dims(op.getInput())[op.getAxis()], generic);
  return lifter.element(op.getInput(), source);
}

std::optional<Expr> LiftRules::gatherND(tfm::GatherNDOp op, Indices indices) {
  ShapeContext::Dims dims = shapes.dims(op.getInput());
  ShapeContext::Dims indexDims = shapes.dims(op.getIndices());
  size_t batch = op.getBatchDims(), outer = indexDims.size() - 1;
  std::optional<int64_t> tuple = pool.constantInt(indexDims.back());
  if (!tuple)
    return std::nullopt;
  llvm::SmallVector<Expr> source(indices.take_front(batch));
  for (int64_t j = 0; j < *tuple; ++j) {
    llvm::SmallVector<Expr> at(indices.take_front(outer));
    at.push_back(pool.integer(j));
    Expr index = lifter.element(op.getIndices(),
                                lifter.broadcastIndices(op.getIndices(), at));
    llvm::SmallVector<Expr> anywhere = shapes.indices(indexDims, "gather");
    anywhere.back() = pool.integer(j);
    Expr generic = lifter.element(op.getIndices(), anywhere);
    source.push_back(lifter.wrapped(index, dims[batch + j], generic));
  }
  llvm::append_range(source, indices.drop_front(outer));
  return lifter.element(op.getInput(), source);
}

std::optional<Expr> LiftRules::pad(tfm::PadOp op, Indices indices) {
  ShapeContext::Dims dims = shapes.dims(op.getInput());
  llvm::SmallVector<Expr> source;
  Expr inside = pool.boolean(true);
  for (size_t axis = 0; axis < indices.size(); ++axis) {
    Expr at = pool.sub(indices[axis], shapes.parse(op.getLow().text(axis)));
    Expr last = pool.sub(dims[axis], pool.integer(1));
    switch (op.getMode()) {
    case tfm::PadMode::Constant:
      inside =
          pool.logicalAnd(inside, pool.logicalAnd(pool.ge(at, pool.integer(0)),
                                                  pool.lt(at, dims[axis])));
      break;
    case tfm::PadMode::Edge:
      at = pool.min(pool.max(at, pool.integer(0)), last);
      break;
    case tfm::PadMode::Reflect: // pads are shorter than the axis
      at = pool.sub(last, pool.abs(pool.sub(last, pool.abs(at))));
      break;
    case tfm::PadMode::Wrap:
      at = pool.mod(at, dims[axis]);
      break;
    }
    source.push_back(at);
  }
  if (op.getMode() != tfm::PadMode::Constant ||
      pool.constantBool(inside) == true)
    return lifter.element(op.getInput(), source);
  Expr value = lifter.scalar(op.getValue());
  if (pool.constantBool(inside) == false)
    return value;
  return pool.select(inside, lifter.element(op.getInput(), source), value);
}

std::optional<Expr> LiftRules::largestValue(Expr index) {
  for (Expr node : pool.reachable(index))
    if (pool.type(node) != ExprType::Int || pool.kind(node) == ExprKind::Load)
      return std::nullopt;
  Expr result = index;
  for (Expr generic : pool.indices(index)) {
    auto split = pool.splitLinear(result, generic);
    if (!split || pool.contains(split->second, generic))
      return std::nullopt;
    Expr largest = pool.sub(pool.extent(generic), pool.integer(1));
    if (pool.proveNonNegative(split->first))
      result = pool.add(pool.mul(split->first, largest), split->second);
    else if (pool.proveNonNegative(pool.neg(split->first)))
      result = split->second;
    else
      return std::nullopt;
  }
  return result;
}

} // namespace ingot
