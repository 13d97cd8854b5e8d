// Steps whose kernels are one region over a loop nest: map, reduce, scan,
// softmax, norm.
#include "passes/lower/Lowering.h"
#include "passes/lower/NarrowElements.h"

using namespace mlir;

namespace ingot {

namespace {
/// The operations of a region, for a kernel's name: at most four mnemonics.
std::string regionName(ExprPool &pool, Expr expr) {
  llvm::SmallVector<llvm::StringRef> parts;
  for (Expr node : pool.reachable(expr))
    if (pool.kind(node) == ExprKind::Apply ||
        pool.kind(node) == ExprKind::Compare) {
      std::string_view mnemonic = scalarMnemonic(pool.scalarOp(node));
      llvm::StringRef part(mnemonic.data(), mnemonic.size());
      if (!llvm::is_contained(parts, part))
        parts.push_back(part);
    }
  if (parts.empty())
    return pool.kind(expr) == ExprKind::Load ? "gather" : "generate";
  return llvm::join(llvm::ArrayRef(parts).take_front(4), "_");
}

std::string regionName(Block &ops) {
  std::string name = "ops";
  for (auto apply : ops.getOps<tfm::ApplyOp>())
    name = std::string(scalarMnemonic(apply.getOp().getValue()));
  return name;
}
} // namespace

/// Two adjacent dims are one where every offset only needs their joint index.
void Lowering::collapse(KernelBuilder &kernel, llvm::SmallVector<Expr> &dims,
                        llvm::SmallVector<Expr> &indices, Expr &flat) {
  for (int i = static_cast<int>(dims.size()) - 2; i >= 0; --i) {
    Expr outer = indices[i], inner = indices[i + 1];
    Expr extent = pool.mul(dims[i], dims[i + 1]);
    Expr joint, candidate;
    if (pool.constantInt(dims[i]) == 1 || pool.constantInt(dims[i + 1]) == 1) {
      joint = pool.constantInt(dims[i]) == 1 ? inner : outer;
      candidate = flat;
    } else {
      joint = pool.index(
          "j" + std::to_string(i) + "_" + std::to_string(dims.size()), extent);
      Expr high = pool.floorDiv(joint, dims[i + 1]),
           low = pool.mod(joint, dims[i + 1]);
      candidate = pool.replace(flat, [&](Expr node) -> std::optional<Expr> {
        if (node == outer)
          return high;
        if (node == inner)
          return low;
        return std::nullopt;
      });
      candidate =
          pool.replace(candidate, [&](Expr node) -> std::optional<Expr> {
            if (pool.kind(node) != ExprKind::Load ||
                pool.operands(node).size() != 1)
              return std::nullopt;
            Expr offset = kernel.recombine(pool.operands(node)[0]);
            return pool.load(pool.type(node), pool.loadTensor(node),
                             {&offset, 1});
          });
      bool clean = true;
      for (Expr node : pool.reachable(candidate)) {
        ExprKind kind = pool.kind(node);
        clean &= !((kind == ExprKind::FloorDiv || kind == ExprKind::Mod) &&
                   pool.contains(node, joint));
      }
      if (!clean)
        continue;
    }
    flat = candidate;
    dims[i] = extent;
    indices[i] = joint;
    dims.erase(dims.begin() + i + 1);
    indices.erase(indices.begin() + i + 1);
  }
}

void Lowering::launchMap(Value result, llvm::ArrayRef<Expr> indices, Expr expr,
                         Location loc) {
  auto type = llvm::cast<RankedTensorType>(result.getType());
  KernelBuilder kernel(lifter, loc);
  Dims resultDims = shapes.dims(type);
  llvm::SmallVector<Expr> dims(resultDims.begin(), resultDims.end());
  llvm::SmallVector<Expr> at(indices.begin(), indices.end());
  if (type.getElementTypeBitWidth() == 4) {
    expr = packed(resultDims, indices, expr, at);
    type = bytesOf(type);
    dims = shapes.dims(type);
  } else if (isNarrow(type.getElementType()) && !target.storesFloat8) {
    type = llvm::cast<RankedTensorType>(
        type.clone(builder.getIntegerType(8, /*isSigned=*/false)));
  }
  atLeastOne(dims, at);
  Expr flat = kernel.flatten(expr);
  collapse(kernel, dims, at, flat);
  int64_t chunk = chunkFor(dims, kTaskElements);
  kernel.param("extents", kernel.extents(dims));
  kernel.param("chunk", chunk);
  kernel.flatRegion(at, flat);
  int64_t operations = 0;
  for (Expr node : pool.reachable(flat))
    operations += pool.kind(node) == ExprKind::Apply;
  launchInto(kernel, plan::Family::Map,
             "map_" + typeName(type.getElementType()) + "_" +
                 regionName(pool, flat),
             type, buffer(result), gridOf(dims, chunk),
             pool.scale(countOf(dims), operations), loc);
}

/// The bytes of 4-bit elements `expr` at generic `indices` of `dims`, each two
/// of them; `at` becomes the generic byte.
Expr Lowering::packed(llvm::ArrayRef<Expr> dims, llvm::ArrayRef<Expr> indices,
                      Expr expr, llvm::SmallVector<Expr> &at) {
  Expr count = countOf(dims), two = pool.integer(2);
  Expr byte = shapes.index("b", pool.ceilDiv(count, two));
  auto nibble = [&](Expr flat) {
    llvm::SmallVector<Expr> source =
        rowCoordinates(flat, pool.integer(0), dims, dims.size());
    Expr element = pool.replace(expr, [&](Expr node) -> std::optional<Expr> {
      for (auto [index, coordinate] : llvm::zip_equal(indices, source))
        if (node == index)
          return coordinate;
      return std::nullopt;
    });
    return pool.mod(element, pool.integer(16));
  };
  Expr first = pool.scale(byte, 2), second = pool.add(first, pool.integer(1));
  Expr high = pool.select(pool.ge(pool.sub(count, pool.integer(1)), second),
                          nibble(second), pool.integer(0));
  at = {byte};
  return pool.add(nibble(first), pool.scale(high, 16));
}

LogicalResult Lowering::lowerFused(tfm::FusedOp op) {
  Type element = op.getType().getElementType();
  if (!isNarrow(element) || element.isInteger()) {
    materialize(op);
    return success();
  }
  llvm::SmallVector<Expr> indices =
      shapes.indices(shapes.dims(op.getResult()), "i");
  std::optional<Expr> value = storedElementOf(op, indices);
  if (!value || pool.type(*value) != ExprType::F32)
    return op.emitError("no kernel rounds this to ") << element;
  launchMap(op.getResult(), indices,
            target.storesFloat8 ? *value : float8Byte(pool, element, *value),
            op.getLoc());
  return success();
}

void Lowering::materialize(tfm::FusedOp op) {
  Value result = op.getResult();
  Dims resultDims = shapes.dims(result);
  llvm::SmallVector<Expr> indices = shapes.indices(resultDims, "i");
  if (std::optional<Expr> expr = elementOf(op, indices))
    return launchMap(result, indices, *expr, op.getLoc());
  // No expression (a power of integers): the region as it is.
  KernelBuilder kernel(lifter, op.getLoc());
  llvm::SmallVector<Expr> dims(resultDims);
  kernel.opRegion(indices, op.getBody().front());
  atLeastOne(dims, indices);
  int64_t chunk = chunkFor(dims, kTaskElements);
  kernel.param("extents", kernel.extents(resultDims));
  kernel.param("chunk", chunk);
  launch(kernel, plan::Family::Map,
         "map_" + typeName(op.getType().getElementType()) + "_" +
             regionName(op.getBody().front()),
         {result}, gridOf(dims, chunk), countOf(resultDims), op.getLoc());
}

LogicalResult Lowering::lowerMatmul(tfm::MatmulOp op) {
  Dims dims = shapes.dims(op.getResult());
  llvm::SmallVector<Expr> at = shapes.indices(dims, "i");
  Expr k = shapes.dims(op.getLhs()).back();
  Expr reduced = shapes.index("r0", k);
  auto operand = [&](Value value, Expr row, Expr col) {
    llvm::SmallVector<Expr> full(at.begin(), at.end() - 2);
    full.push_back(row);
    full.push_back(col);
    return lifter.element(value, lifter.broadcastIndices(value, full));
  };
  Expr a = operand(op.getLhs(), at[at.size() - 2], reduced),
       b = operand(op.getRhs(), reduced, at.back());
  Type element = op.getType().getElementType();
  Expr factors[] = {a, b};
  Expr term = element.isFloat()
                  ? pool.apply(ScalarOp::Mul, pool.type(a), factors)
                  : pool.mul(a, b);
  KernelBuilder kernel(lifter, op.getLoc());
  int64_t chunk = chunkFor(dims, 2048);
  kernel.param("extents", kernel.extents(dims));
  kernel.param("reduce_extents", kernel.extents({k}));
  kernel.param("kind", kernel.attributes().getStringAttr("sum"));
  kernel.param("chunk", chunk);
  llvm::SmallVector<Expr> arguments(at);
  arguments.push_back(reduced);
  kernel.region(arguments, term);
  finalize(kernel, op, pool.type(a), at, at);
  launch(kernel, plan::Family::Reduce, "matmul_" + typeName(element),
         {storedBy(op)}, gridOf(dims, chunk),
         pool.scale(pool.mul(countOf(dims), k), 2), op.getLoc());
  return success();
}

/// Region 1 of a kernel whose result an epilogue goes on with; `loop` are its
/// coordinates as the kernel counts, `at` as the result does.
void Lowering::finalize(KernelBuilder &kernel, Operation *op, ExprType type,
                        llvm::ArrayRef<Expr> loop, llvm::ArrayRef<Expr> at) {
  if (!epilogues.contains(op))
    return;
  Expr result = kernel.argument(type, 0);
  llvm::SmallVector<Expr> arguments{result};
  llvm::append_range(arguments, loop);
  kernel.flatRegion(arguments, finish(kernel, op, result, at));
}

LogicalResult Lowering::lowerReduce(tfm::ReduceOp op) {
  Dims inputDims = shapes.dims(op.getInput());
  llvm::SmallVector<Expr> outer, reduced, source, outerAt, reducedAt, resultAt;
  for (auto [axis, dim] : llvm::enumerate(inputDims)) {
    bool isReduced =
        llvm::is_contained(op.getAxes(), static_cast<int64_t>(axis));
    Expr index =
        shapes.index((isReduced ? "r" : "i") + std::to_string(axis), dim);
    (isReduced ? reduced : outer).push_back(dim);
    (isReduced ? reducedAt : outerAt).push_back(index);
    source.push_back(index);
    if (!isReduced)
      resultAt.push_back(index);
    else if (op.getKeepdims())
      resultAt.push_back(pool.integer(0));
  }
  atLeastOne(outer, outerAt);
  atLeastOne(reduced, reducedAt);
  KernelBuilder kernel(lifter, op.getLoc());
  Expr work = countOf(reduced);
  int64_t chunk = chunkFor(
      outer,
      std::max<int64_t>(
          64, kTaskElements /
                  std::max<int64_t>(1, pool.constantInt(work).value_or(128))));
  kernel.param("extents", kernel.extents(outer));
  kernel.param("reduce_extents", kernel.extents(reduced));
  llvm::StringRef kind = tfm::stringifyReduceKind(op.getKind());
  kernel.param("kind", kernel.attributes().getStringAttr(kind));
  kernel.param("chunk", chunk);
  llvm::SmallVector<Expr> arguments(outerAt);
  llvm::append_range(arguments, reducedAt);
  Expr element = lifter.element(op.getInput(), source);
  kernel.region(arguments, element);
  finalize(kernel, op, pool.type(element), outerAt, resultAt);
  launch(
      kernel, plan::Family::Reduce,
      ("reduce_" + kind + "_" + typeName(op.getType().getElementType())).str(),
      {storedBy(op)}, gridOf(outer, chunk), countOf(inputDims), op.getLoc());
  return success();
}

LogicalResult Lowering::lowerArgReduce(tfm::ArgReduceOp op) {
  Dims inputDims = shapes.dims(op.getInput());
  size_t axis = op.getAxis();
  llvm::SmallVector<Expr> source = shapes.indices(inputDims, "i");
  llvm::SmallVector<Expr> outer(inputDims), outerAt(source);
  outer.erase(outer.begin() + axis);
  outerAt.erase(outerAt.begin() + axis);
  atLeastOne(outer, outerAt);
  KernelBuilder kernel(lifter, op.getLoc());
  int64_t chunk = chunkFor(outer, 1024);
  kernel.param("extents", kernel.extents(outer));
  kernel.param("reduce_extents", kernel.extents({inputDims[axis]}));
  std::string kind = op.getKind() == tfm::ReduceKind::Max ? "argmax" : "argmin";
  kernel.param("kind", kernel.attributes().getStringAttr(kind));
  kernel.param("last", kernel.attributes().getBoolAttr(op.getLast()));
  kernel.param("chunk", chunk);
  llvm::SmallVector<Expr> arguments(outerAt);
  arguments.push_back(source[axis]);
  kernel.region(arguments, lifter.element(op.getInput(), source));
  launch(kernel, plan::Family::Reduce, "reduce_" + kind, {op.getResult()},
         gridOf(outer, chunk), countOf(inputDims), op.getLoc());
  return success();
}

LogicalResult Lowering::lowerCumSum(tfm::CumSumOp op) {
  Dims dims = shapes.dims(op.getInput());
  llvm::SmallVector<Expr> at = shapes.indices(dims, "i");
  KernelBuilder kernel(lifter, op.getLoc());
  llvm::SmallVector<Expr> others(dims);
  others.erase(others.begin() + op.getAxis());
  int64_t chunk = target.hasFineTasks ? 1 : 64;
  kernel.param("extents", kernel.extents(dims));
  kernel.param("axis", op.getAxis());
  kernel.param("exclusive", kernel.attributes().getBoolAttr(op.getExclusive()));
  kernel.param("reverse", kernel.attributes().getBoolAttr(op.getReverse()));
  kernel.param("chunk", chunk);
  kernel.region(at, lifter.element(op.getInput(), at));
  launch(kernel, plan::Family::Scan,
         "cumsum_" + typeName(op.getType().getElementType()), {op.getResult()},
         pool.ceilDiv(countOf(others), pool.integer(chunk)), countOf(dims),
         op.getLoc());
  return success();
}

LogicalResult Lowering::lowerNonZero(tfm::NonZeroOp op) {
  Dims dims = shapes.dims(op.getInput());
  llvm::SmallVector<Expr> at = shapes.indices(dims, "i");
  Expr element = lifter.element(op.getInput(), at);
  if (pool.type(element) == ExprType::Int)
    element = pool.logicalNot(pool.eq(element, pool.integer(0)));
  Expr found = shapes.dims(op.getResult(0))[0];
  KernelBuilder kernel(lifter, op.getLoc());
  kernel.param("extents", kernel.extents(dims));
  kernel.param("count", kernel.extent(found));
  kernel.region(at, element);
  launch(kernel, plan::Family::NonZero, "nonzero",
         llvm::SmallVector<Value>(op.getResults()),
         pool.min(found, pool.integer(1)), countOf(dims), op.getLoc());
  return success();
}

LogicalResult Lowering::lowerSoftmax(tfm::SoftmaxOp op) {
  Dims dims = shapes.dims(op.getInput());
  if (op.getAxis() + 1 != dims.size())
    return op.emitError(
        "softmax over an inner axis should have been transposed");
  llvm::SmallVector<Expr> at = shapes.indices(dims, "i");
  KernelBuilder kernel(lifter, op.getLoc());
  int64_t chunk = chunkFor(dims, 4096);
  if (dims.size() == 1)
    chunk = 1;
  kernel.param("extents", kernel.extents(dims));
  kernel.param("chunk", chunk);
  Expr element = lifter.element(op.getInput(), at);
  kernel.region(at, element);
  finalize(kernel, op, pool.type(element), at, at);
  launch(kernel, plan::Family::Softmax,
         "softmax_" + typeName(op.getType().getElementType()), {storedBy(op)},
         dims.size() == 1 ? pool.integer(1) : rowGridOf(dims, chunk),
         pool.scale(countOf(dims), 5), op.getLoc());
  return success();
}

LogicalResult Lowering::lowerNorm(tfm::NormOp op) {
  Dims dims = shapes.dims(op.getInput());
  size_t axis = op.getAxis();
  // The normalized axes are one row; coordinates are taken apart again and
  // cancel in the flat offsets.
  Expr n = countOf(llvm::ArrayRef<Expr>(dims).drop_front(axis));
  Expr m = countOf(llvm::ArrayRef<Expr>(dims).take_front(axis));
  Expr row = shapes.index("m", m), col = shapes.index("c", n);
  llvm::SmallVector<Expr> at = rowCoordinates(row, col, dims, axis);

  // A value that others read too is stored on the way.
  tfm::FusedOp stored = written.lookup(op);
  Expr value = stored ? lifter.definition(stored.getResult(), at)
                      : lifter.element(op.getInput(), at);
  ExprType type = pool.type(value);
  auto apply = [&](ScalarOp kind, Expr a, Expr b) {
    Expr operands[] = {a, b};
    return pool.apply(kind, type, operands);
  };
  if (op.getResidual())
    value = apply(ScalarOp::Add, value, lifter.element(op.getResidual(), at));
  KernelBuilder kernel(lifter, op.getLoc());
  Expr normalized = kernel.argument(type, 0), result = normalized;
  auto parameter = [&](Value tensor) {
    return lifter.element(tensor, lifter.broadcastIndices(tensor, at));
  };
  if (op.getScale())
    result = apply(ScalarOp::Mul, result, parameter(op.getScale()));
  if (op.getBias())
    result = apply(ScalarOp::Add, result, parameter(op.getBias()));
  Expr loop[] = {m, n};
  int64_t chunk = chunkFor(loop, 8192);
  kernel.param("extents", kernel.extents(loop));
  llvm::StringRef kind = tfm::stringifyNormKind(op.getKind());
  kernel.param("kind", kernel.attributes().getStringAttr(kind));
  kernel.param("epsilon", op.getEpsilonAttr());
  kernel.param("chunk", chunk);
  kernel.region({row, col}, value);
  Value target = storedBy(op);
  Dims targetDims = shapes.dims(target);
  size_t targetAxis = target == op.getResult() ? axis : *axisOf(targetDims, n);
  kernel.flatRegion({normalized, row, col},
                    finish(kernel, op, result,
                           rowCoordinates(row, col, targetDims, targetAxis)));
  llvm::SmallVector<Value> results{target};
  if (op.getSum() && !op.getSum().use_empty())
    results.push_back(op.getSum());
  else if (stored)
    results.push_back(stored.getResult());
  if (tfm::FusedOp copy = copied.lookup(op)) {
    kernel.param("copy", kernel.attributes().getBoolAttr(true));
    results.push_back(copy.getResult());
  }
  std::string name =
      (kind + "_norm_" +
       typeName(llvm::cast<RankedTensorType>(op.getResult().getType())
                    .getElementType()))
          .str();
  if (std::optional<int64_t> columns = pool.constantInt(n))
    name += "_c" + std::to_string(*columns);
  launch(kernel, plan::Family::Norm, name, results, rowGridOf(loop, chunk),
         pool.scale(pool.mul(m, n), 8), op.getLoc());
  return success();
}

} // namespace ingot
