#include "passes/ConvertedCopy.h"
#include "passes/Match.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_WIDENROWS
#include "passes/Passes.h.inc"

namespace {
bool isF8(Value value) {
  return llvm::isa<Float8E4M3FNType>(tfm::tensorTypeOf(value).getElementType());
}

/// What kernels that multiply rows of f8E4M3FN take.
bool canMultiply(tfm::LinearOp linear) {
  if (!linear.isQuantized() || linear.getZeros() || !isF8(linear.getWeight()) ||
      !isParameter(linear.getWeight()) || !isParameter(linear.getScales()))
    return false;
  int64_t k = tfm::tensorTypeOf(linear.getWeight()).getDimSize(0),
          block = *linear.getBlock();
  return k % 16 == 0 && (block >= k || block == 128);
}

/// How far behind index `argument` an index lies, where it is that or a sum
/// with a number.
std::optional<int64_t> distance(Value index, BlockArgument argument) {
  if (index == argument)
    return 0;
  auto sum = index.getDefiningOp<tfm::ApplyOp>();
  if (!sum || sum.getOp().getValue() != ScalarOp::Add)
    return std::nullopt;
  APInt number;
  for (unsigned i : {0u, 1u})
    if (sum.getOperands()[i] == argument &&
        matchPattern(sum.getOperands()[1 - i], m_ConstantInt(&number)))
      return number.getSExtValue();
  return std::nullopt;
}

/// Of `rows`, which are columns of a linear's result, rounded: the load of that
/// result. Nobody else reads it, and rows in place of it start at multiples of
/// 16 bytes, as the copy engine wants them.
tfm::LoadOp loadOfColumns(tfm::FusedOp rows) {
  Block &body = rows.getBody().front();
  tfm::LoadOp load;
  for (auto each : body.getOps<tfm::LoadOp>())
    if (each.getTensor().getDefiningOp<tfm::LinearOp>()) {
      if (load)
        return {};
      load = each;
    }
  if (!load || !load.getTensor().hasOneUse())
    return {};
  RankedTensorType part = rows.getType(),
                   whole = tfm::tensorTypeOf(load.getTensor());
  llvm::SmallVector<std::string> partDims = tfm::dimTexts(part),
                                 wholeDims = tfm::dimTexts(whole);
  constexpr int64_t kBytes = 16;
  int64_t last = part.getRank() - 1;
  if (part.getRank() != whole.getRank() || last < 0 || part == whole ||
      !llvm::equal(llvm::ArrayRef(partDims).drop_back(),
                   llvm::ArrayRef(wholeDims).drop_back()) ||
      whole.getDimSize(last) % kBytes != 0)
    return {};
  for (auto [axis, at] : llvm::enumerate(load.getCoordinates())) {
    std::optional<int64_t> from = distance(at, body.getArgument(axis));
    bool isLast = static_cast<int64_t>(axis) == last;
    if (!from || (isLast ? *from % kBytes != 0 : *from != 0))
      return {};
    // What else depends on where an element is would differ.
    for (Operation *user : body.getArgument(axis).getUsers())
      if (user != load && user != at.getDefiningOp())
        return {};
    if (Operation *sum = at.getDefiningOp(); sum && !sum->hasOneUse())
      return {};
  }
  return load;
}

/// Rounds a linear's result where `rows` move some of its columns: then the
/// linear stores bytes, and the product reads them where they are.
void roundBeforeMoving(OpBuilder &builder, tfm::FusedOp rows) {
  tfm::LoadOp load = loadOfColumns(rows);
  if (!load)
    return;
  builder.setInsertionPoint(rows);
  Type byte = rows.getType().getElementType();
  IRMapping map;
  auto all = llvm::cast<tfm::FusedOp>(builder.clone(*rows, map));
  all.getResult().setType(llvm::cast<RankedTensorType>(
      tfm::tensorTypeOf(load.getTensor()).clone(byte)));
  auto whole =
      llvm::cast<tfm::LoadOp>(map.lookup(load.getResult()).getDefiningOp());
  whole.getCoordinatesMutable().assign(all.getBody().front().getArguments());
  eraseDead(all.getBody().front());

  Block &body = rows.getBody().front();
  builder.setInsertionPoint(body.getTerminator());
  Value moved = tfm::LoadOp::create(builder, load.getLoc(), byte,
                                    all.getResult(), load.getCoordinates());
  body.getTerminator()->setOperand(0, moved);
  eraseDead(body);
}

struct WidenRowsPass : impl::WidenRowsBase<WidenRowsPass> {
  using WidenRowsBase::WidenRowsBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      widen(function);
  }

  static StringRef textOf(func::FuncOp function, StringRef name) {
    auto text = function->getAttrOfType<StringAttr>(name);
    return text ? text.getValue() : StringRef();
  }

  void widen(func::FuncOp function) {
    OpBuilder builder(function.getContext());
    StringRef precision = textOf(function, kPrecisionAttr);
    FloatType type = precision == "bf16"  ? FloatType(builder.getBF16Type())
                     : precision == "f16" ? FloatType(builder.getF16Type())
                                          : FloatType(builder.getF32Type());
    bool hasKernels =
        !type.isF32() &&
        llvm::is_contained(*f8Targets, textOf(function, kTargetAttr));
    // Of the same rows one copy.
    llvm::DenseMap<std::pair<Value, Type>, Value> copies;
    for (auto linear :
         llvm::make_early_inc_range(function.getOps<tfm::LinearOp>())) {
      Value rows = linear.getInput();
      if (!isF8(rows))
        continue;
      if (hasKernels && canMultiply(linear)) {
        if (auto fused = rows.getDefiningOp<tfm::FusedOp>())
          roundBeforeMoving(builder, fused);
        continue;
      }
      // Narrow products take pairs along K.
      bool isEven =
          tfm::tensorTypeOf(linear.getWeight()).getDimSize(0) % 2 == 0;
      FloatType to = isEven ? type : FloatType(builder.getF32Type());
      Value &copy = copies[{rows, to}];
      if (!copy)
        copy = convertedCopy(builder, rows, to);
      linear.getInputMutable().assign(copy);
    }
  }
};
} // namespace

} // namespace ingot
