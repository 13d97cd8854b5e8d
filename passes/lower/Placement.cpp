// Which fused ops become memory. The others are read in place: as strides over
// what they move, or as a part of the kernel that reads them.
#include "ir/lift/LiftRules.h"
#include "passes/Match.h"
#include "passes/lower/Lowering.h"
#include "passes/lower/NarrowElements.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {

namespace {
enum class Reading {
  Memory, ///< as it lies: results of the function
  Heads,  ///< q, k, v: strides, with contiguous heads
  Rows,   ///< a linear's input: contiguous rows at one stride
  Once,   ///< each element once, in vectors
  Scan,   ///< each element once, one by one
  Matrix, ///< an operand of a product: each element for many results
  Score,  ///< in a score_mod, for every pair of positions
  Element ///< by another fused op, or a row of parameters
};

struct Use {
  Operation *op;
  Value value; ///< what `op` reads: the fused op's result or a reshape of it
  Reading reading;
};

Reading readingOf(Operation *op, unsigned operand) {
  return llvm::TypeSwitch<Operation *, Reading>(op)
      .Case([&](tfm::LinearOp linear) {
        Value value = linear->getOperand(operand);
        if (value == linear.getInput())
          return Reading::Rows;
        return value == linear.getResidual() ? Reading::Once : Reading::Element;
      })
      .Case([&](tfm::NormOp norm) {
        Value value = norm->getOperand(operand);
        return value == norm.getInput() || value == norm.getResidual()
                   ? Reading::Once
                   : Reading::Element;
      })
      .Case<tfm::SoftmaxOp, tfm::ReduceOp>(
          [](Operation *) { return Reading::Once; })
      .Case<tfm::ArgReduceOp, tfm::CumSumOp, tfm::NonZeroOp>(
          [](Operation *) { return Reading::Scan; })
      .Case<tfm::MatmulOp, tfm::ConvOp>(
          [](Operation *) { return Reading::Matrix; })
      .Case([&](tfm::AttentionOp attention) {
        Value value = attention->getOperand(operand);
        return value == attention.getPages() ||
                       value == attention.getKeyBegin() ||
                       value == attention.getKeyEnd()
                   ? Reading::Memory
                   : Reading::Heads;
      })
      .Default([](Operation *) { return Reading::Memory; });
}

void collectUses(Value value, llvm::SmallVectorImpl<Use> &uses) {
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (llvm::isa<tfm::ReshapeOp>(user)) {
      collectUses(user->getResult(0), uses);
    } else if (llvm::isa<tfm::LoadOp>(user)) {
      Operation *parent = user->getParentOp();
      uses.push_back({parent, value,
                      llvm::isa<tfm::AttentionOp>(parent) ? Reading::Score
                                                          : Reading::Element});
    } else {
      uses.push_back({user, value, readingOf(user, use.getOperandNumber())});
    }
  }
}

/// What an element costs to compute where it is read.
enum class Cost {
  Move,  ///< one load
  Cheap, ///< one load at most, and simple arithmetic
  Dear
};

Cost costOf(ExprPool &pool, Expr expr) {
  unsigned loads = 0;
  for (Expr node : pool.reachable(expr)) {
    if (pool.kind(node) == ExprKind::Apply && isDear(pool.scalarOp(node)))
      return Cost::Dear;
    loads += pool.kind(node) == ExprKind::Load;
  }
  if (loads > 1)
    return Cost::Dear;
  return pool.kind(expr) == ExprKind::Load ? Cost::Move : Cost::Cheap;
}
} // namespace

void Lowering::place() {
  Block &body = function.getBody().front();
  for (Operation &op : body)
    if (!llvm::isa<tfm::FusedOp, tfm::ReshapeOp>(op) &&
        (op.getNumResults() > 1 ||
         (op.getNumResults() == 1 && !isParameter(op.getResult(0)))))
      for (Value result : op.getResults())
        lifter.makeOpaque(result);
  gatherPages();
  for (auto op : body.getOps<tfm::FusedOp>()) {
    if (isReadInPlace(op)) {
      inPlace.insert(op);
      continue;
    }
    lifter.makeOpaque(op.getResult());
    Type element = op.getType().getElementType();
    if (!llvm::isa<FloatType>(element) || element.isF64())
      continue;
    std::optional<Expr> stored =
        storedElementOf(op, shapes.indices(shapes.dims(op.getResult()), "i"));
    bool rounds = isNarrow(element);
    if (!stored || (rounds && (!target.storesFloat8 ||
                               pool.type(*stored) != ExprType::F32)))
      continue;
    if (tfm::NormOp norm = writerOf(op)) {
      writers[op] = norm;
      written[norm] = op;
    } else if (tfm::NormOp norm = copierOf(op)) {
      copiers[op] = norm;
      copied[norm] = op;
    } else if (Operation *anchor = anchorOf(op)) {
      anchors[op] = anchor;
      epilogues[anchor] = op;
    }
  }
}

bool Lowering::isReadInPlace(tfm::FusedOp op) {
  llvm::SmallVector<Use> uses;
  collectUses(op.getResult(), uses);
  llvm::SmallVector<Expr> indices =
      shapes.indices(shapes.dims(op.getResult()), "i");
  std::optional<Expr> expr = elementOf(op, indices);
  if (!expr)
    return false;
  Cost cost = costOf(pool, *expr);
  KernelBuilder scratch(lifter, op.getLoc());
  // Bytes that the copy engine cannot take would go one by one.
  auto startsAtUnit = [&](Expr bytes) {
    return pool.constantInt(pool.mod(bytes, pool.integer(16))) == 0;
  };
  return llvm::all_of(uses, [&](const Use &use) {
    std::optional<View> view;
    switch (use.reading) {
    case Reading::Memory:
      return false;
    case Reading::Heads:
      view = viewByElement(scratch, use.value);
      return view && isContiguous(use.value, *view);
    case Reading::Rows: {
      view = viewByElement(scratch, use.value);
      std::optional<Expr> stride =
          view ? rowStride(use.value, *view) : std::nullopt;
      return stride && (!isNarrow(op.getType().getElementType()) ||
                        (startsAtUnit(view->offset) && startsAtUnit(*stride)));
    }
    case Reading::Once:
      return cost != Cost::Dear || uses.size() == 1;
    case Reading::Scan:
    case Reading::Element:
      return cost != Cost::Dear;
    case Reading::Matrix: {
      view = viewByElement(scratch, use.value);
      if (!view)
        return false;
      auto last = llvm::ArrayRef<Expr>(view->strides).take_back(2);
      return llvm::any_of(
          last, [&](Expr stride) { return pool.constantInt(stride) == 1; });
    }
    case Reading::Score:
      return viewByElement(scratch, use.value).has_value();
    }
    llvm_unreachable("unknown reading");
  });
}

std::optional<Expr> Lowering::elementOf(tfm::FusedOp op,
                                        llvm::ArrayRef<Expr> indices) {
  Value result = op.getResult();
  Expr expr = lifter.definition(result, indices);
  if (pool.kind(expr) == ExprKind::Load &&
      lifter.tensor(pool.loadTensor(expr)) == result)
    return std::nullopt;
  return expr;
}

std::optional<Expr> Lowering::storedElementOf(tfm::FusedOp op,
                                              llvm::ArrayRef<Expr> indices) {
  std::optional<Expr> element = elementOf(op, indices);
  return element ? element
                 : LiftRules{lifter, pool, shapes}.unrounded(
                       op.getBody().front(), indices);
}

tfm::NormOp Lowering::writerOf(tfm::FusedOp op) {
  llvm::SmallVector<Use> uses;
  collectUses(op.getResult(), uses);
  llvm::SmallVector<tfm::NormOp> norms;
  for (const Use &use : uses)
    if (auto norm = llvm::dyn_cast<tfm::NormOp>(use.op))
      norms.push_back(norm);
  if (norms.empty())
    return {};
  tfm::NormOp norm = norms.front();
  for (tfm::NormOp other : norms)
    if (other->isBeforeInBlock(norm))
      norm = other;
  // Its row is the value itself, and it runs before all others that read it.
  if (norm.getInput() != op.getResult() || norm.getResidual() ||
      written.contains(norm) || epilogues.contains(norm))
    return {};
  unsigned reads = 0;
  for (const Use &use : uses) {
    reads += use.op == norm;
    if (use.op->isBeforeInBlock(norm))
      return {};
  }
  return reads == 1 ? norm : tfm::NormOp();
}

tfm::NormOp Lowering::copierOf(tfm::FusedOp op) {
  llvm::SmallVector<Expr> indices =
      shapes.indices(shapes.dims(op.getResult()), "i");
  Expr element = *storedElementOf(op, indices);
  if (pool.kind(element) != ExprKind::FloatCast ||
      isNarrow(op.getType().getElementType()))
    return {};
  Expr source = pool.operands(element)[0];
  if (pool.kind(source) != ExprKind::Load)
    return {};
  Value value = lifter.tensor(pool.loadTensor(source));
  auto norm = value.getDefiningOp<tfm::NormOp>();
  if (!norm || value != norm.getResult() || value.hasOneUse() ||
      source != lifter.element(value, indices) || copied.contains(norm) ||
      epilogues.contains(norm))
    return {};
  return norm;
}

bool Lowering::canRunLater(tfm::NormOp norm, tfm::FusedOp op) {
  llvm::SmallVector<Use> uses;
  if (norm.getSum())
    collectUses(norm.getSum(), uses);
  if (tfm::FusedOp stored = written.lookup(norm))
    collectUses(stored.getResult(), uses);
  return llvm::none_of(uses, [&](const Use &use) {
    return use.op != norm && use.op->isBeforeInBlock(op);
  });
}

Operation *Lowering::anchorOf(tfm::FusedOp op) {
  Value result = op.getResult();
  Dims dims = shapes.dims(result);
  llvm::SmallVector<Expr> indices = shapes.indices(dims, "i");
  KernelBuilder scratch(lifter, op.getLoc());
  Expr expr = scratch.flatten(*storedElementOf(op, indices));
  // Kernels of these alone round to 8 bits where they store.
  bool isNarrowed = isNarrow(op.getType().getElementType());
  Expr identity = pool.integer(0);
  for (auto [index, dim] : llvm::zip_equal(indices, dims))
    identity = pool.add(pool.mul(identity, dim), index);
  llvm::SetVector<Value> aligned, others;
  for (Expr node : pool.reachable(expr))
    if (pool.kind(node) == ExprKind::Load)
      (pool.operands(node)[0] == identity ? aligned : others)
          .insert(lifter.tensor(pool.loadTensor(node)));

  Operation *best = nullptr;
  for (Value value : aligned) {
    Operation *anchor = value.getDefiningOp();
    if (!anchor || others.contains(value) ||
        (best && anchor->isBeforeInBlock(best)) ||
        (isNarrowed && !llvm::isa<tfm::LinearOp, tfm::NormOp>(anchor)))
      continue;
    auto type = llvm::cast<RankedTensorType>(value.getType());
    if (!type.getElementType().isF32() || value != anchor->getResult(0))
      continue;
    llvm::SmallVector<Use> uses;
    collectUses(value, uses);
    if (llvm::any_of(uses, [&](const Use &use) { return use.op != op; }))
      continue;
    Dims own = shapes.dims(type);
    if (countOf(own) != countOf(dims))
      continue;
    bool fits =
        llvm::TypeSwitch<Operation *, bool>(anchor)
            .Case([&](tfm::LinearOp) {
              return axisOf(dims, own.back()).has_value();
            })
            .Case([&](tfm::NormOp norm) {
              llvm::ArrayRef<Expr> row(own);
              return axisOf(dims, countOf(row.drop_front(norm.getAxis()))) &&
                     canRunLater(norm, op);
            })
            .Case<tfm::SoftmaxOp, tfm::MatmulOp, tfm::ConvOp, tfm::ReduceOp>(
                [&](Operation *) { return own == dims; })
            .Default([](Operation *) { return false; });
    if (fits)
      best = anchor;
  }
  return best;
}

std::optional<size_t> Lowering::axisOf(llvm::ArrayRef<Expr> dims, Expr count) {
  for (size_t axis = dims.size(); axis-- > 0;)
    if (countOf(dims.drop_front(axis)) == count)
      return axis;
  return std::nullopt;
}

Value Lowering::storedBy(Operation *anchor) {
  tfm::FusedOp epilogue = epilogues.lookup(anchor);
  return epilogue ? Value(epilogue.getResult()) : Value(anchor->getResult(0));
}

Expr Lowering::finish(KernelBuilder &kernel, Operation *anchor, Expr value,
                      llvm::ArrayRef<Expr> at) {
  value = kernel.flatten(value);
  tfm::FusedOp epilogue = epilogues.lookup(anchor);
  if (!epilogue)
    return value;
  uint32_t number = lifter.number(anchor->getResult(0));
  return pool.replace(kernel.flatten(*storedElementOf(epilogue, at)),
                      [&](Expr node) -> std::optional<Expr> {
                        if (pool.kind(node) == ExprKind::Load &&
                            pool.loadTensor(node) == number)
                          return value;
                        return std::nullopt;
                      });
}

std::optional<Lowering::View> Lowering::viewByElement(KernelBuilder &kernel,
                                                      Value value) {
  Dims dims = shapes.dims(value);
  llvm::SmallVector<Expr> indices = shapes.indices(dims, "v");
  Expr element = lifter.element(value, indices);
  // Bytes are moved as they are.
  bool isMoved =
      pool.kind(element) == ExprKind::Load &&
      tfm::tensorTypeOf(value).getElementType().getIntOrFloatBitWidth() == 8;
  element = isMoved ? kernel.flatLoad(element) : kernel.flatten(element);
  if (pool.kind(element) != ExprKind::Load)
    return std::nullopt;
  View view{
      lifter.tensor(pool.loadTensor(element)), pool.operands(element)[0], {}};
  for (Expr index : indices) {
    if (pool.constantInt(index)) {
      view.strides.push_back(pool.integer(0));
      continue;
    }
    auto split = pool.splitLinear(view.offset, index);
    if (!split || pool.contains(split->second, index) ||
        !pool.indices(split->first).empty())
      return std::nullopt;
    view.strides.push_back(split->first);
    view.offset = split->second;
  }
  for (Expr node : pool.reachable(view.offset))
    if (pool.kind(node) == ExprKind::Load || pool.kind(node) == ExprKind::Index)
      return std::nullopt;
  return view;
}

Lowering::View Lowering::viewOf(KernelBuilder &kernel, Value value) {
  Value memory = memoryOf(value);
  if (inPlace.contains(memory.getDefiningOp()))
    if (std::optional<View> view = viewByElement(kernel, value))
      return *view;
  View view{memory, pool.integer(0), {}};
  Dims dims = shapes.dims(value);
  for (size_t axis = 0; axis < dims.size(); ++axis)
    view.strides.push_back(
        countOf(llvm::ArrayRef<Expr>(dims).drop_front(axis + 1)));
  return view;
}

bool Lowering::isContiguous(Value value, const View &view) {
  return pool.constantInt(view.strides.back()) == 1 ||
         pool.constantInt(shapes.dims(value).back()) == 1;
}

std::optional<Expr> Lowering::rowStride(Value value, const View &view) {
  Dims dims = shapes.dims(value);
  if (!isContiguous(value, view))
    return std::nullopt;
  std::optional<Expr> stride;
  Expr next; // what the next outer axis has to step by
  for (int axis = static_cast<int>(dims.size()) - 2; axis >= 0; --axis) {
    if (pool.constantInt(dims[axis]) == 1)
      continue;
    if (!stride)
      stride = view.strides[axis];
    else if (view.strides[axis] != next)
      return std::nullopt;
    next = pool.mul(view.strides[axis], dims[axis]);
  }
  return stride ? *stride : dims.back();
}

} // namespace ingot
