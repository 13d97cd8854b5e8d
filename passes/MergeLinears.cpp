#include "passes/Match.h"
#include "passes/Passes.h"
#include "passes/WeightRecipes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_MERGELINEARS
#include "passes/Passes.h.inc"

namespace {
/// A reader of `value` that wants it as it is in memory, or null: a slice of a
/// merged result costs nothing where every reader takes its operand apart by
/// element or row.
Operation *wholeReader(Value value) {
  for (Operation *user : value.getUsers()) {
    if (llvm::isa<func::ReturnOp, tfm::ConvOp>(user))
      return user;
    if (llvm::isa<tfm::ReshapeOp, tfm::TransposeOp, tfm::SliceOp>(user))
      if (Operation *reader = wholeReader(user->getResult(0)))
        return reader;
  }
  return nullptr;
}

/// A weight or constant, or a reshaped one (a bias that was no vector).
bool isStored(Value value) {
  if (auto reshape = value.getDefiningOp<tfm::ReshapeOp>())
    value = reshape.getInput();
  return isParameter(value);
}

/// The activation behind it is going to be its epilogue and then the operand of
/// something that computes: worth more than one linear less. A gate's
/// activation is not: a product of both halves reads it.
bool feedsActivation(tfm::LinearOp linear) {
  if (!linear.getResult().hasOneUse())
    return false;
  auto op = llvm::dyn_cast<tfm::ElementwiseOp>(
      *linear.getResult().getUsers().begin());
  return op && op.getOperands().size() == 1 &&
         llvm::all_of(op.getResult().getUsers(), computes);
}

bool isMergeable(tfm::LinearOp linear) {
  return !linear.getResidual() && linear.getEpilogue().empty() &&
         isStored(linear.getWeight()) &&
         (!linear.isQuantized() || isStored(linear.getScales())) &&
         (!linear.getZeros() || isStored(linear.getZeros())) &&
         (!linear.getBias() || isStored(linear.getBias()));
}

/// What linears have in common whose weights can lie side by side.
Attribute weightKind(tfm::LinearOp linear) {
  Builder builder(linear.getContext());
  auto element = [](Value value) -> Attribute {
    return TypeAttr::get(tfm::tensorTypeOf(value).getElementType());
  };
  llvm::SmallVector<Attribute> kind{element(linear.getWeight())};
  if (linear.isQuantized())
    kind.append({element(linear.getScales()), linear.getBlockAttr()});
  return builder.getArrayAttr(kind);
}

struct MergeLinearsPass : impl::MergeLinearsBase<MergeLinearsPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      llvm::MapVector<std::pair<Value, Attribute>,
                      llvm::SmallVector<tfm::LinearOp>>
          groups;
      for (auto linear : function.getOps<tfm::LinearOp>())
        if (isMergeable(linear) && !feedsActivation(linear))
          groups[{linear.getInput(), weightKind(linear)}].push_back(linear);
      for (auto &[kind, linears] : groups) {
        llvm::SmallVector<tfm::LinearOp> parallel;
        for (tfm::LinearOp linear : linears)
          if (Operation *reader = wholeReader(linear.getResult()))
            note(linear, linears.size(), reader);
          else
            parallel.push_back(linear);
        if (parallel.size() > 1)
          merge(parallel);
      }
    }
  }

  void note(tfm::LinearOp linear, size_t count, Operation *reader) {
    if (count < 2)
      return;
    std::string why = "it is an output";
    if (!llvm::isa<func::ReturnOp>(reader))
      why =
          (reader->getName().stripDialect() + " reads its result as one tensor")
              .str();
    noteUnfused(linear, "not merged with the others of its input: " + why);
  }

  Value zerosOf(OpBuilder &builder, Location loc, RankedTensorType type) {
    return tfm::ConstantOp::create(
        builder, loc, type,
        DenseElementsAttr::get(type,
                               builder.getZeroAttr(type.getElementType())));
  }

  /// The bias of `linear`, or zeros.
  Value biasOf(OpBuilder &builder, tfm::LinearOp linear) {
    if (linear.getBias())
      return linear.getBias();
    RankedTensorType type = linear.getType();
    return zerosOf(
        builder, linear.getLoc(),
        RankedTensorType::get({type.getShape().back()}, type.getElementType()));
  }

  /// What is subtracted of its quantized weight, or zeros.
  Value zerosOf(OpBuilder &builder, tfm::LinearOp linear) {
    if (linear.getZeros())
      return linear.getZeros();
    Type element = tfm::tensorTypeOf(linear.getWeight()).getElementType();
    return zerosOf(builder, linear.getLoc(),
                   llvm::cast<RankedTensorType>(
                       tfm::tensorTypeOf(linear.getScales()).clone(element)));
  }

  void merge(llvm::ArrayRef<tfm::LinearOp> linears) {
    tfm::LinearOp first = linears.front();
    OpBuilder builder(first);
    llvm::SmallVector<Value> weights, scales, zeros, biases;
    llvm::SmallVector<Operation *> ops;
    bool anyBias = llvm::any_of(linears, [](tfm::LinearOp linear) {
      return static_cast<bool>(linear.getBias());
    });
    bool anyZeros = llvm::any_of(linears, [](tfm::LinearOp linear) {
      return static_cast<bool>(linear.getZeros());
    });
    for (tfm::LinearOp linear : linears) {
      weights.push_back(linear.getWeight());
      if (linear.isQuantized())
        scales.push_back(linear.getScales());
      if (anyZeros)
        zeros.push_back(zerosOf(builder, linear));
      if (anyBias)
        biases.push_back(biasOf(builder, linear));
      ops.push_back(linear);
    }
    Location loc = fusedLocation(ops);
    WeightRecipes recipes(getOperation());
    auto concat = [&](llvm::ArrayRef<Value> parts, int64_t axis) {
      return parts.empty() ? Value()
                           : recipes.concat(builder, loc, parts, axis);
    };
    Value weight = concat(weights, 1);
    Value allScales = concat(scales, 1), allZeros = concat(zeros, 1);
    Value bias = concat(biases, 0);
    auto type = llvm::cast<RankedTensorType>(first.getType());
    llvm::SmallVector<std::string> dims = tfm::dimTexts(type);
    dims.back() = std::to_string(
        llvm::cast<RankedTensorType>(weight.getType()).getDimSize(1));
    auto merged = tfm::LinearOp::create(
        builder, loc, tfm::tensorType(dims, type.getElementType()),
        first.getInput(), weight, allScales, allZeros, bias, Value(),
        first.getBlockAttr());
    int64_t offset = 0;
    for (tfm::LinearOp linear : linears) {
      llvm::SmallVector<int64_t> starts(dims.size(), 0), steps(dims.size(), 1);
      starts.back() = offset;
      builder.setInsertionPoint(linear);
      Value slice = tfm::SliceOp::create(
          builder, linear.getLoc(), linear.getType(), merged.getResult(),
          tfm::DimsAttr::get(&getContext(), starts), steps);
      linear.getResult().replaceAllUsesWith(slice);
      offset += llvm::cast<RankedTensorType>(linear.getWeight().getType())
                    .getDimSize(1);
      linear.erase();
    }
  }
};
} // namespace

} // namespace ingot
