#include "passes/Match.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace ingot {

std::optional<double> splatNumber(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (llvm::isa<tfm::ReshapeOp, tfm::BroadcastOp, tfm::TransposeOp>(op)) {
      value = op->getOperand(0);
      continue;
    }
    auto constant = llvm::dyn_cast<tfm::ConstantOp>(op);
    auto dense = constant
                     ? llvm::dyn_cast<DenseElementsAttr>(constant.getValue())
                     : nullptr;
    if (!dense || !dense.isSplat())
      return std::nullopt;
    if (llvm::isa<FloatType>(dense.getElementType()))
      return dense.getSplatValue<llvm::APFloat>().convertToDouble();
    return static_cast<double>(
        dense.getSplatValue<llvm::APInt>().getSExtValue());
  }
  return std::nullopt;
}

tfm::ElementwiseOp elementwise(Value value, ScalarOp op) {
  auto match = value.getDefiningOp<tfm::ElementwiseOp>();
  return match && match.getOp().getValue() == op ? match : tfm::ElementwiseOp();
}

Value otherOperand(Value value, ScalarOp op, Value known) {
  auto match = elementwise(value, op);
  if (!match || match.getOperands().size() != 2)
    return {};
  if (match.getOperands()[0] == known)
    return match.getOperands()[1];
  return match.getOperands()[1] == known ? match.getOperands()[0] : Value();
}

bool isParameter(Value value) {
  return value.getDefiningOp<tfm::GetWeightOp>() ||
         value.getDefiningOp<tfm::ConstantOp>();
}

Value squareRoot(Value value) {
  auto op = value.getDefiningOp<tfm::ElementwiseOp>();
  if (!op)
    return {};
  ScalarOp kind = op.getOp().getValue();
  if (kind == ScalarOp::Mul && op.getOperands()[0] == op.getOperands()[1])
    return op.getOperands()[0];
  if (kind == ScalarOp::Pow && splatNumber(op.getOperands()[1]) == 2.0)
    return op.getOperands()[0];
  return {};
}

bool isNormStatistic(tfm::ReduceOp reduce) {
  bool isLength = reduce.getKind() == tfm::ReduceKind::L2;
  if (!isLength && ((reduce.getKind() != tfm::ReduceKind::Mean &&
                     reduce.getKind() != tfm::ReduceKind::Sum) ||
                    !squareRoot(reduce.getInput())))
    return false;
  // A few steps on there is the root, for a length the division.
  llvm::SmallVector<Value> front{reduce.getResult()};
  for (int step = 0; step < 4; ++step) {
    llvm::SmallVector<Value> next;
    for (Value value : front)
      for (Operation *user : value.getUsers()) {
        auto op = llvm::dyn_cast<tfm::ElementwiseOp>(user);
        if (!op && !llvm::isa<tfm::ReshapeOp, tfm::BroadcastOp>(user))
          continue;
        if (op) {
          ScalarOp kind = op.getOp().getValue();
          ValueRange operands = op.getOperands();
          if (isLength ? (kind == ScalarOp::Div && operands[1] == value) ||
                             kind == ScalarOp::Reciprocal
                       : kind == ScalarOp::Sqrt ||
                             (kind == ScalarOp::Pow && operands[0] == value))
            return true;
        }
        next.push_back(user->getResult(0));
      }
    front = std::move(next);
  }
  return false;
}

Expr convPosition(ExprPool &pool, tfm::ConvOp conv, size_t axis, Expr at,
                  Expr tap) {
  return pool.sub(pool.add(pool.scale(at, conv.getStrides()[axis]),
                           pool.scale(tap, conv.getDilations()[axis])),
                  pool.integer(conv.getPads()[axis]));
}

bool isEmbedding(tfm::GatherOp gather) {
  Value stored = gather.getInput();
  // Halves are cast first.
  if (auto cast = stored.getDefiningOp<tfm::CastOp>())
    stored = cast.getInput();
  auto table = llvm::cast<RankedTensorType>(gather.getInput().getType());
  return isParameter(stored) && table.getRank() == 2 &&
         table.getElementType().isFloat() && gather.getAxis() == 0 &&
         !isParameter(gather.getIndices());
}

bool isDear(ScalarOp op) {
  return scalarClass(op) == ScalarClass::Float || op == ScalarOp::Div ||
         op == ScalarOp::Pow || op == ScalarOp::Mod || op == ScalarOp::Rem;
}

bool isDear(Operation *op) {
  if (llvm::isa<tfm::FusedOp, tfm::QuantizeOp>(op))
    return true;
  auto elementwise = llvm::dyn_cast<tfm::ElementwiseOp>(op);
  return elementwise && elementwise.getType().getElementType().isFloat() &&
         isDear(elementwise.getOp().getValue());
}

bool isFilled(ExprPool &pool, Expr score, double fill) {
  if (std::optional<double> number = pool.constantFloat(score))
    return *number <= fill;
  auto operand = [&](size_t i) {
    return isFilled(pool, pool.operands(score)[i], fill);
  };
  if (pool.kind(score) == ExprKind::Select)
    return operand(1) && operand(2);
  return pool.kind(score) == ExprKind::Apply &&
         pool.scalarOp(score) == ScalarOp::Add && (operand(0) || operand(1));
}

Location fusedLocation(llvm::ArrayRef<Operation *> ops) {
  llvm::SmallVector<Location> locations;
  for (Operation *op : ops)
    locations.push_back(op->getLoc());
  return FusedLoc::get(ops.front()->getContext(), locations);
}

bool computes(Operation *op) {
  return llvm::isa<tfm::MatmulOp, tfm::SoftmaxOp, tfm::ReduceOp,
                   tfm::ArgReduceOp, tfm::CumSumOp, tfm::ConvOp, tfm::NormOp,
                   tfm::LinearOp, tfm::AttentionOp, tfm::NonZeroOp>(op);
}

Location chainLocation(Value value, llvm::function_ref<bool(Value)> isLeaf) {
  if (isLeaf(value))
    return value.getLoc();
  llvm::SetVector<Operation *> ops;
  auto add = [&](Value v) {
    Operation *op = v.getDefiningOp();
    if (op && !isParameter(v) && !llvm::isa<tfm::SymbolicOp>(op) && !isLeaf(v))
      ops.insert(op);
  };
  add(value);
  for (size_t i = 0; i < ops.size(); ++i) {
    for (Value operand : ops[i]->getOperands())
      add(operand);
    ops[i]->walk([&](tfm::LoadOp load) { add(load.getTensor()); });
  }
  if (ops.empty())
    return value.getLoc();
  // Its own op first, it names the result; then in the order of the program.
  llvm::SmallVector<Operation *> ordered = ops.takeVector();
  std::sort(ordered.begin() + 1, ordered.end(),
            [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return fusedLocation(ordered);
}

void noteUnfused(Operation *op, const llvm::Twine &reason) {
  op->setAttr(kUnfusedAttr, StringAttr::get(op->getContext(), reason));
}

namespace {
/// What the symbols of `values` are, for a person: ", where n is dim 0 of input
/// 'x'".
std::string whereSymbols(func::FuncOp function, ExprPool &pool,
                         llvm::ArrayRef<Expr> values) {
  std::string text;
  auto symbols = function->getAttrOfType<ArrayAttr>("tfm.symbols");
  if (!symbols)
    return text;
  for (auto symbol : symbols.getAsRange<tfm::SymbolAttr>()) {
    bool isMentioned = llvm::any_of(values, [&](Expr value) {
      return llvm::any_of(pool.reachable(value), [&](Expr node) {
        return pool.kind(node) == ExprKind::Symbol &&
               llvm::StringRef(pool.name(node)) == symbol.getName().getValue();
      });
    });
    if (!isMentioned)
      continue;
    auto name =
        function.getArgAttrOfType<StringAttr>(symbol.getInput(), "tfm.name");
    std::string input =
        name ? "'" + name.str() + "'" : std::to_string(symbol.getInput());
    text += (text.empty() ? ", where " : ", ") +
            tfm::describeSymbol(symbol.getName().getValue(), symbol.getAxis(),
                                input);
  }
  return text;
}

/// "node 'a'" for the first node of a location, with what it does there.
std::string sentenceOf(Location loc, llvm::StringRef what) {
  std::string text;
  loc->walk([&](Location inner) {
    auto name = llvm::dyn_cast<NameLoc>(inner);
    if (!name)
      return WalkResult::advance();
    text = "node '" + name.getName().str() + "', ";
    return WalkResult::interrupt();
  });
  return text + what.str();
}
} // namespace

void requireObligations(OpBuilder &builder, Location loc, ElementLifter &lifter,
                        func::FuncOp function) {
  OpBuilder::InsertionGuard guard(builder);
  Block &block = function.getBody().front();
  builder.setInsertionPointToStart(&block);
  ShapeContext &shapes = lifter.context();
  ExprPool &pool = shapes.pool();
  llvm::DenseSet<Attribute> seen;
  for (auto known : block.getOps<tfm::RequireOp>())
    if (known.getRelation() == tfm::Comparison::Le)
      seen.insert(known.getValues());
  auto require = [&](Expr small, Expr large, llvm::StringRef what) {
    tfm::DimsAttr values = shapes.attr(builder.getContext(), {small, large});
    if (seen.insert(values).second)
      tfm::RequireOp::create(builder, loc, tfm::Comparison::Le, values,
                             sentenceOf(loc, what) +
                                 whereSymbols(function, pool, {small, large}));
  };
  for (const ElementLifter::Obligation &check : lifter.obligations())
    require(pool.add(check.index, pool.integer(1)), check.extent,
            "a gather by position reads inside its table");
  for (auto [bound, limit] : shapes.newAssumptions())
    require(bound, limit, "floats that count positions hold them exactly");
}

Value buildConstant(OpBuilder &builder, Location loc, ExprPool &pool,
                    RankedTensorType type, llvm::ArrayRef<Expr> values) {
  llvm::SmallVector<Attribute> elements;
  Type element = type.getElementType();
  for (Expr value : values) {
    if (auto number = pool.constantInt(value);
        number && llvm::isa<IntegerType>(element))
      elements.push_back(builder.getIntegerAttr(element, *number));
    else if (auto truth = pool.constantBool(value))
      elements.push_back(builder.getBoolAttr(*truth));
    else if (auto real = pool.constantFloat(value))
      elements.push_back(builder.getFloatAttr(element, *real));
    else
      return {};
  }
  return tfm::ConstantOp::create(builder, loc, type,
                                 DenseElementsAttr::get(type, elements));
}

void eraseDead(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

} // namespace ingot
