#include "ir/lift/RegionBuilder.h"
#include "passes/Match.h"
#include "passes/Passes.h"
#include "passes/WeightRecipes.h"
#include "passes/Weights.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_RAISECONV
#include "passes/Passes.h.inc"

namespace {
/// A panel of a packed weight has 48 columns: with fewer output channels than
/// this the product would compute mostly padding.
constexpr int64_t kMinChannels = 12;

struct RaiseConvPass : impl::RaiseConvBase<RaiseConvPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      llvm::SmallVector<tfm::ConvOp> convs(function.getOps<tfm::ConvOp>());
      for (tfm::ConvOp conv : convs)
        if (llvm::StringRef reason = refusal(conv); reason.empty())
          raise(conv, function);
        else
          noteUnfused(conv, reason);
      eraseDead(function.getBody().front());
    }
  }

  /// Why it is none of a linear's, or nothing.
  static llvm::StringRef refusal(tfm::ConvOp conv) {
    RankedTensorType weight = tfm::tensorTypeOf(conv.getWeight());
    if (conv.getGroup() != 1)
      return "its channels are in groups";
    if (!weight.getElementType().isF32())
      return "not f32";
    if (!isParameter(conv.getWeight()) ||
        (conv.getBias() && !isParameter(conv.getBias())))
      return "its weight or bias is computed";
    if (weight.getNumElements() == 0)
      return "its weight has no elements";
    if (weight.getDimSize(0) < kMinChannels)
      return "too few output channels for a matrix product";
    return {};
  }

  /// Windows [N, out..., window] times [window, O]. A window is in the order of
  /// the input's memory: kernel positions last where an image is cut into
  /// patches, channels last else.
  void raise(tfm::ConvOp conv, func::FuncOp function) {
    ShapeFacts facts;
    ShapeContext shapes(facts);
    ElementLifter lifter(shapes, weightBytesOf(getOperation()));
    // What the windows read many times is computed once.
    Value source = conv.getInput();
    while (llvm::isa_and_present<tfm::TransposeOp, tfm::ReshapeOp>(
        source.getDefiningOp()))
      source = source.getDefiningOp()->getOperand(0);
    lifter.makeOpaque(source);

    OpBuilder builder(conv);
    Location loc = conv.getLoc();
    RankedTensorType weight = tfm::tensorTypeOf(conv.getWeight());
    size_t spatial = weight.getRank() - 2;
    bool isPatch = true;
    for (size_t i = 0; i < spatial; ++i)
      isPatch &= conv.getStrides()[i] == weight.getDimSize(2 + i);
    llvm::SmallVector<int64_t> perm; // [O, C, k...] to [window..., O]
    if (isPatch)
      perm.push_back(1);
    for (size_t i = 0; i < spatial; ++i)
      perm.push_back(2 + i);
    if (!isPatch)
      perm.push_back(1);
    perm.push_back(0);

    Value columns =
        windows(builder, loc, lifter, conv, llvm::ArrayRef(perm).drop_back());
    int64_t n = weight.getDimSize(0), k = weight.getNumElements() / n;
    ShapeContext::Dims out = shapes.dims(conv.getResult());
    llvm::SmallVector<Expr> rows{out[0]};
    llvm::append_range(rows, llvm::ArrayRef(out).drop_front(2));
    auto matrix = [&](int64_t last) {
      llvm::SmallVector<Expr> dims(rows);
      dims.push_back(shapes.pool().integer(last));
      return shapes.type(dims, weight.getElementType());
    };
    columns = tfm::ReshapeOp::create(builder, loc, matrix(k), columns);
    Value linear = tfm::LinearOp::create(
        builder, loc, matrix(n), columns,
        product(builder, loc, conv.getWeight(), perm, k, n), conv.getBias(),
        Value());
    llvm::SmallVector<int64_t> back{0, static_cast<int64_t>(spatial) + 1};
    for (size_t i = 0; i < spatial; ++i)
      back.push_back(1 + i);
    Value result =
        tfm::TransposeOp::create(builder, loc, conv.getType(), linear, back);
    requireObligations(builder, loc, lifter, function);
    conv.getResult().replaceAllUsesWith(result);
    conv.erase();
  }

  /// The weight as [k, n].
  Value product(OpBuilder &builder, Location loc, Value weight,
                llvm::ArrayRef<int64_t> perm, int64_t k, int64_t n) {
    RankedTensorType type = tfm::tensorTypeOf(weight);
    WeightRecipes recipes(getOperation());
    llvm::SmallVector<int64_t> shape;
    for (int64_t axis : perm)
      shape.push_back(type.getDimSize(axis));
    OwningOpRef<tfm::TransposeOp> transpose = tfm::TransposeOp::create(
        builder, loc, RankedTensorType::get(shape, type.getElementType()),
        weight, perm);
    Value transposed = recipes.derive(builder, *transpose);
    OwningOpRef<tfm::ReshapeOp> reshape = tfm::ReshapeOp::create(
        builder, loc, RankedTensorType::get({k, n}, type.getElementType()),
        transposed);
    return recipes.derive(builder, *reshape);
  }

  /// [N, out..., window...]: what each output position sees; `order` are the
  /// weight's axes that make a window.
  Value windows(OpBuilder &builder, Location loc, ElementLifter &lifter,
                tfm::ConvOp conv, llvm::ArrayRef<int64_t> order) {
    ShapeContext &shapes = lifter.context();
    ExprPool &pool = shapes.pool();
    ShapeContext::Dims in = shapes.dims(conv.getInput()),
                       weight = shapes.dims(conv.getWeight()),
                       out = shapes.dims(conv.getResult());
    size_t spatial = weight.size() - 2;
    llvm::SmallVector<Expr> dims{out[0]}, indices{shapes.index("n", out[0])};
    auto add = [&](const std::string &name, Expr dim) {
      dims.push_back(dim);
      indices.push_back(shapes.index(name, dim));
      return indices.back();
    };
    llvm::SmallVector<Expr> position(spatial), at(weight.size());
    for (size_t i = 0; i < spatial; ++i)
      position[i] = add("o" + std::to_string(i), out[2 + i]);
    for (int64_t axis : order)
      at[axis] = add("w" + std::to_string(axis), weight[axis]);

    llvm::SmallVector<Expr> source{indices[0], at[1]};
    Expr inside = pool.boolean(true);
    for (size_t i = 0; i < spatial; ++i) {
      Expr x = convPosition(pool, conv, i, position[i], at[2 + i]);
      // Only what padding can be meant by is asked for.
      if (conv.getPads()[i] > 0)
        inside = pool.logicalAnd(inside, pool.ge(x, pool.integer(0)));
      if (conv.getPads()[spatial + i] > 0)
        inside = pool.logicalAnd(inside, pool.lt(x, in[2 + i]));
      source.push_back(x);
    }
    Expr element = lifter.element(conv.getInput(), source);
    if (pool.constantBool(inside) != true)
      element =
          pool.select(inside, element, pool.floatConst(pool.type(element), 0));
    Type f32 = tfm::tensorTypeOf(conv.getInput()).getElementType();
    return buildFused(builder, loc, lifter, shapes.type(dims, f32), indices,
                      element);
  }
};
} // namespace

} // namespace ingot
