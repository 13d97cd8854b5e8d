#include "passes/Match.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_SINKMOVES
#include "passes/Passes.h.inc"

namespace {
/// `type` with its axes from `axis` on replaced by one of extent `last`.
RankedTensorType withLast(RankedTensorType type, size_t axis, int64_t last) {
  llvm::SmallVector<std::string> dims = tfm::dimTexts(type);
  dims.resize(axis);
  dims.push_back(std::to_string(last));
  return tfm::tensorType(dims, type.getElementType());
}

/// The transpose that leaves the axes from `axis` on where they are, if
/// `value` is one.
tfm::TransposeOp rowTranspose(Value value, size_t axis) {
  auto transpose = value.getDefiningOp<tfm::TransposeOp>();
  if (!transpose)
    return {};
  llvm::ArrayRef<int64_t> perm = transpose.getPerm();
  for (size_t i = axis; i < perm.size(); ++i)
    if (perm[i] != static_cast<int64_t>(i))
      return {};
  return transpose;
}

/// The first of the trailing axes of `type` that hold `count` elements, all of
/// known extent.
std::optional<size_t> rowAxis(RankedTensorType type, int64_t count) {
  int64_t product = 1;
  for (size_t axis = type.getRank(); axis-- > 0;) {
    if (type.isDynamicDim(axis))
      return std::nullopt;
    product *= type.getDimSize(axis);
    if (product == count)
      return axis;
  }
  return std::nullopt;
}

/// How many of the first `count` axes of `type` have more than one element.
size_t longAxes(RankedTensorType type, size_t count) {
  return llvm::count_if(type.getShape().take_front(count),
                        [](int64_t extent) { return extent != 1; });
}

struct SinkMovesPass : impl::SinkMovesBase<SinkMovesPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      llvm::SmallVector<tfm::LinearOp> linears(
          function.getOps<tfm::LinearOp>());
      for (tfm::LinearOp linear : linears)
        while (sink(linear))
          ;
      eraseDead(function.getBody().front());
    }
  }

  /// Rows of the input that were reordered or regrouped are taken as they were,
  /// and the result's are instead.
  bool sink(tfm::LinearOp &linear) {
    if (linear.getResidual() || !linear.getEpilogue().empty())
      return false;
    Value source = linear.getInput();
    int64_t k = tfm::tensorTypeOf(linear.getWeight()).getDimSize(0),
            n = tfm::tensorTypeOf(linear.getWeight()).getDimSize(1);
    auto reshape = source.getDefiningOp<tfm::ReshapeOp>();
    if (reshape)
      source = reshape.getInput();
    std::optional<size_t> axis = rowAxis(tfm::tensorTypeOf(source), k);
    if (!axis)
      return false;
    // Where a batch and a sequence change places, later readers still find rows
    // at one stride; windows of an image they would not.
    tfm::TransposeOp transpose = rowTranspose(source, *axis);
    if (transpose && longAxes(tfm::tensorTypeOf(source), *axis) > 2)
      return false;
    bool regroups =
        reshape &&
        *axis + 1 == static_cast<size_t>(tfm::tensorTypeOf(source).getRank());
    if (!transpose && !regroups)
      return false;

    OpBuilder builder(linear);
    Location loc = linear.getLoc();
    Value rows = transpose ? transpose.getInput() : source;
    RankedTensorType matrix = withLast(tfm::tensorTypeOf(rows), *axis, k);
    if (rows.getType() != matrix)
      rows = tfm::ReshapeOp::create(builder, loc, matrix, rows);
    auto moved = tfm::LinearOp::create(
        builder, loc, withLast(matrix, *axis, n), rows, linear.getWeight(),
        linear.getScales(), linear.getZeros(), linear.getBias(), Value(),
        linear.getBlockAttr());
    Value result = moved.getResult();
    if (transpose) {
      llvm::SmallVector<int64_t> perm(
          transpose.getPerm().take_front(*axis + 1));
      result = tfm::TransposeOp::create(
          builder, loc, withLast(tfm::tensorTypeOf(source), *axis, n), result,
          perm);
    }
    if (result.getType() != linear.getType())
      result = tfm::ReshapeOp::create(builder, loc, linear.getType(), result);
    linear.getResult().replaceAllUsesWith(result);
    linear.erase();
    linear = moved;
    return true;
  }
};
} // namespace

} // namespace ingot
