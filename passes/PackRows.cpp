// Which ops work on the tokens that are there alone: all that go token by token
// behind and in front of attention whose mask says which are.
#include "passes/Match.h"
#include "passes/Passes.h"
#include "passes/RowPacker.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_PACKROWS
#include "passes/Passes.h.inc"

namespace {
/// The function, looked at and then rewritten.
class Packing {
public:
  explicit Packing(func::FuncOp function)
      : function(function), shapes(facts), pool(shapes.pool()),
        exact(shapes, nullptr), deep(shapes, nullptr) {
    for (Operation &op : function.getBody().front())
      for (Value result : op.getResults())
        if (!isParameter(result))
          exact.makeOpaque(result);
  }

  LogicalResult run();

private:
  /// A tensor that an op reads; `byRow`: at (b, s) of the element it computes.
  struct Read {
    Value value;
    bool byRow;
  };

  bool findMask();
  bool hasRows(Value value);
  bool goesByRows(Operation *op);
  std::optional<Expr> elementOf(tfm::FusedOp op);
  llvm::SmallVector<Read> readsOf(Operation *op);
  void choose();
  bool dropMixing();
  bool dropUnread();
  void addSources();
  LogicalResult checkAttention();
  void warnOfReads();
  bool matters(Expr expr, Expr load);

  func::FuncOp function;
  ShapeFacts facts;
  ShapeContext shapes;
  ExprPool &pool;
  /// One takes the results of all ops as they are, one only what does not lift.
  ElementLifter exact, deep;
  std::optional<TokenRows> rows;
  llvm::SetVector<Operation *> chosen;
  llvm::DenseMap<Operation *, std::string> reasons; ///< of what was not
};

std::string placeOf(Operation *op) {
  std::string name;
  op->getLoc()->walk([&](Location inner) {
    auto named = llvm::dyn_cast<NameLoc>(inner);
    if (!named)
      return WalkResult::advance();
    name = "'" + named.getName().str() + "'";
    return WalkResult::interrupt();
  });
  return name.empty() ? ("a " + op->getName().stripDialect()).str() : name;
}
} // namespace

bool Packing::findMask() {
  PaddingReader reader(deep);
  std::string why = "there is no attention";
  for (auto op : function.getOps<tfm::AttentionOp>()) {
    std::optional<PaddingMask> mask = reader.find(op);
    if (!mask) {
      reasons.try_emplace(op, reader.reason());
      continue;
    }
    ShapeContext::Dims dims = shapes.dims(mask->input);
    rows = TokenRows{function,
                     *mask,
                     dims[0],
                     dims[1],
                     shapes.index("b", dims[0]),
                     shapes.index("s", dims[1])};
    reasons.clear();
    return true;
  }
  InFlightDiagnostic diagnostic =
      function.emitError("padding cannot be skipped: no attention has a mask "
                         "that says which tokens are padding");
  for (auto op : function.getOps<tfm::AttentionOp>())
    if (std::string reason = reasons.lookup(op); !reason.empty()) {
      diagnostic.attachNote(op.getLoc()) << reason;
      break;
    }
  return false;
}

bool Packing::hasRows(Value value) {
  auto type = llvm::dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() < 2 || isParameter(value))
    return false;
  ShapeContext::Dims dims = shapes.dims(type);
  return dims[0] == rows->batch && dims[1] == rows->sequence;
}

std::optional<Expr> Packing::elementOf(tfm::FusedOp op) {
  llvm::SmallVector<Expr> at = shapes.indices(shapes.dims(op.getResult()), "i");
  at[0] = rows->b;
  at[1] = rows->s;
  Expr element = exact.definition(op.getResult(), at);
  if (pool.kind(element) == ExprKind::Load &&
      exact.tensor(pool.loadTensor(element)) == op.getResult())
    return std::nullopt;
  return element;
}

/// Whether element [b, s, ...] of the result needs no more of the operands with
/// rows than [b, s, ...].
bool Packing::goesByRows(Operation *op) {
  if (op->getNumResults() == 0 ||
      !llvm::all_of(op->getResults(), [&](Value r) { return hasRows(r); }))
    return false;
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](tfm::FusedOp o) { return elementOf(o).has_value(); })
      .Case([&](tfm::AttentionOp o) {
        PaddingReader reader(deep);
        if (reader.holds(rows->mask, o))
          return true;
        reasons[op] = reader.reason().str();
        return false;
      })
      .Case([&](tfm::LinearOp o) {
        return tfm::tensorTypeOf(o.getInput()).getRank() > 2;
      })
      .Case([&](tfm::NormOp o) { return o.getAxis() >= 2; })
      .Case([&](tfm::SoftmaxOp o) { return o.getAxis() >= 2; })
      .Case([&](tfm::ReduceOp o) {
        return llvm::all_of(o.getAxes(), [](int64_t axis) { return axis > 1; });
      })
      .Case([&](tfm::ReshapeOp o) { return hasRows(o.getInput()); })
      .Default([](Operation *) { return false; });
}

llvm::SmallVector<Packing::Read> Packing::readsOf(Operation *op) {
  llvm::SmallVector<Read> reads;
  if (auto fused = llvm::dyn_cast<tfm::FusedOp>(op);
      fused && hasRows(fused.getResult())) {
    if (std::optional<Expr> element = elementOf(fused)) {
      for (Expr node : pool.reachable(*element))
        if (pool.kind(node) == ExprKind::Load) {
          std::span<const Expr> at = pool.operands(node);
          Value value = exact.tensor(pool.loadTensor(node));
          reads.push_back(
              {value, hasRows(value) && at[0] == rows->b && at[1] == rows->s});
        }
      return reads;
    }
  }
  bool byRows = llvm::isa<tfm::LinearOp, tfm::NormOp, tfm::AttentionOp,
                          tfm::SoftmaxOp, tfm::ReduceOp, tfm::ReshapeOp>(op);
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (llvm::isa<RankedTensorType>(operand.getType()))
        reads.push_back({operand, byRows && inner == op && hasRows(operand)});
  });
  return reads;
}

/// Takes out ops that read what depends on chosen ones in another way than row
/// by row: what they computed would miss the tokens that are not there.
bool Packing::dropMixing() {
  llvm::DenseSet<Operation *> touched;
  for (Operation &op : function.getBody().front()) {
    bool isTouched = chosen.contains(&op);
    for (const Read &read : readsOf(&op))
      isTouched |= touched.contains(read.value.getDefiningOp());
    if (isTouched)
      touched.insert(&op);
  }
  for (Operation *op : llvm::to_vector(chosen))
    for (const Read &read : readsOf(op)) {
      Operation *source = read.value.getDefiningOp();
      if (!touched.contains(source) || (read.byRow && chosen.contains(source)))
        continue;
      reasons[op] = "it reads " + placeOf(source) +
                    ", which is computed from several tokens";
      chosen.remove(op);
      return true;
    }
  return false;
}

/// Takes out moves and arithmetic that nothing chosen reads.
bool Packing::dropUnread() {
  for (Operation *op : llvm::to_vector(chosen)) {
    if (!llvm::isa<tfm::FusedOp, tfm::ReshapeOp>(op))
      continue;
    bool isRead = llvm::any_of(op->getUsers(), [&](Operation *user) {
      while (user->getParentOp() != function)
        user = user->getParentOp();
      return chosen.contains(user) || llvm::isa<func::ReturnOp>(user);
    });
    if (!isRead) {
      chosen.remove(op);
      return true;
    }
  }
  return false;
}

/// What is computed from inputs alone, and read by chosen ops only.
void Packing::addSources() {
  for (Operation &op : llvm::reverse(function.getBody().front())) {
    auto fused = llvm::dyn_cast<tfm::FusedOp>(op);
    if (!fused || chosen.contains(&op) || op.use_empty() || !goesByRows(&op))
      continue;
    bool isForRows = llvm::all_of(op.getUsers(), [&](Operation *user) {
      while (user->getParentOp() != function)
        user = user->getParentOp();
      return chosen.contains(user) &&
             llvm::all_of(readsOf(user), [&](const Read &read) {
               return read.value != fused.getResult() || read.byRow;
             });
    });
    if (isForRows && llvm::none_of(readsOf(&op), [&](const Read &read) {
          return chosen.contains(read.value.getDefiningOp());
        }))
      chosen.insert(&op);
  }
}

void Packing::choose() {
  // Chains of inputs alone are neither here nor there until the end.
  llvm::DenseSet<Operation *> computed;
  for (Operation &op : function.getBody().front()) {
    bool isComputed = computes(&op);
    for (const Read &read : readsOf(&op))
      isComputed |= computed.contains(read.value.getDefiningOp());
    if (!isComputed)
      continue;
    computed.insert(&op);
    if (goesByRows(&op))
      chosen.insert(&op);
  }
  while (dropMixing() || dropUnread())
    ;
  addSources();
}

/// All attention over the tokens is packed, or nothing: one that is not would
/// read tokens that are not there.
LogicalResult Packing::checkAttention() {
  for (auto op : function.getOps<tfm::AttentionOp>()) {
    if (!hasRows(op.getQuery()) || chosen.contains(op))
      continue;
    InFlightDiagnostic diagnostic =
        op.emitError("padding cannot be skipped: this attention cannot be "
                     "packed");
    if (std::string reason = reasons.lookup(op); !reason.empty())
      diagnostic << ": " << reason;
    return diagnostic;
  }
  return success();
}

/// Whether `load` has a part in `expr`: not where it is multiplied by 0.
bool Packing::matters(Expr expr, Expr load) {
  if (expr == load)
    return true;
  if (pool.kind(expr) == ExprKind::Apply &&
      pool.scalarOp(expr) == ScalarOp::Mul)
    for (Expr factor : pool.operands(expr))
      if (pool.constantFloat(factor) == 0.0)
        return false;
  return llvm::any_of(pool.operands(expr),
                      [&](Expr operand) { return matters(operand, load); });
}

/// What goes over all tokens finds 0 where none is. Where it looks at the mask
/// that changes nothing; elsewhere somebody has to know.
void Packing::warnOfReads() {
  for (Operation &op : function.getBody().front()) {
    if (chosen.contains(&op) ||
        llvm::isa<tfm::FusedOp, tfm::ReshapeOp, func::ReturnOp>(op))
      continue;
    // Queries of another sequence to these tokens, under their mask.
    if (auto attention = llvm::dyn_cast<tfm::AttentionOp>(op))
      if (PaddingReader(deep).removesKeys(rows->mask, attention))
        continue;
    for (Value operand : op.getOperands()) {
      auto type = llvm::dyn_cast<RankedTensorType>(operand.getType());
      if (!type || isParameter(operand))
        continue;
      Expr element =
          deep.element(operand, shapes.indices(shapes.dims(type), "i"));
      for (Expr node : pool.reachable(element)) {
        if (pool.kind(node) != ExprKind::Load)
          continue;
        Value value = deep.tensor(pool.loadTensor(node));
        std::span<const Expr> at = pool.operands(node);
        // One token of each sequence is taken for one that is there.
        if (!chosen.contains(value.getDefiningOp()) ||
            pool.kind(at[1]) != ExprKind::Index)
          continue;
        PaddingReader reader(deep);
        Expr gone = rows->mask.given(
            pool, element, /*there=*/false, /*asOne=*/true, [&](Expr load) {
              return reader.reads(rows->mask, load, at[0], at[1]);
            });
        if (!matters(gone, node))
          continue;
        op.emitWarning("goes over padding too, whose tokens are 0 for it: its "
                       "result is not what the model computes");
        return;
      }
    }
  }
}

LogicalResult Packing::run() {
  if (!findMask())
    return failure();
  choose();
  if (failed(checkAttention()))
    return failure();
  warnOfReads();
  RowPacker packer(*rows, exact);
  llvm::SmallVector<Operation *> ops;
  for (Operation &op : function.getBody().front())
    ops.push_back(&op);
  packer.begin();
  for (Operation *op : ops) {
    if (chosen.contains(op))
      packer.pack(op);
    else
      packer.unpackReads(op);
  }
  if (pool.failed())
    return function.emitError("padding cannot be skipped: expressions leave 64 "
                              "bits");
  eraseDead(function.getBody().front());
  return success();
}

namespace {
struct PackRowsPass : impl::PackRowsBase<PackRowsPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(Packing(function).run()))
        return signalPassFailure();
  }
};
} // namespace

} // namespace ingot
