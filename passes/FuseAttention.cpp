#include "ir/lift/RegionBuilder.h"
#include "passes/AttentionSite.h"
#include "passes/Match.h"
#include "passes/PagedKeys.h"
#include "passes/Passes.h"
#include "passes/Weights.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_FUSEATTENTION
#include "passes/Passes.h.inc"

namespace {
/// `value` is computed from a product that is none of a linear's: it may be a
/// part of a site.
bool dependsOnProduct(Value value, llvm::DenseMap<Value, bool> &known) {
  auto [it, isNew] = known.try_emplace(value, false);
  if (!isNew)
    return it->second;
  Operation *op = value.getDefiningOp();
  bool result =
      op && (llvm::isa<tfm::MatmulOp>(op) ||
             (!llvm::isa<tfm::LinearOp, tfm::AttentionOp, tfm::NormOp>(op) &&
              llvm::any_of(op->getOperands(), [&](Value operand) {
                return dependsOnProduct(operand, known);
              })));
  return known[value] = result;
}

/// f32 to 16 bits.
bool isRounding(Operation *op) {
  auto cast = llvm::dyn_cast<tfm::CastOp>(op);
  if (!cast)
    return false;
  Type type = tfm::tensorTypeOf(cast.getResult()).getElementType();
  return (type.isF16() || type.isBF16()) &&
         tfm::tensorTypeOf(cast.getInput()).getElementType().isF32();
}

struct FuseAttentionPass : impl::FuseAttentionBase<FuseAttentionPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      llvm::SmallVector<tfm::SoftmaxOp> softmaxes(
          function.getOps<tfm::SoftmaxOp>());
      for (tfm::SoftmaxOp softmax : softmaxes) {
        // A lifter of its own: rewriting one site changes what others would
        // see.
        ShapeFacts facts;
        ShapeContext shapes(facts);
        ElementLifter lifter(shapes, weightBytesOf(getOperation()));
        keepMemory(function, lifter);
        AttentionReader reader(lifter, softmax);
        if (std::optional<AttentionSite> site = reader.read())
          rewrite(lifter, *site);
        else
          note(reader);
      }
      eraseDead(function.getBody().front());
    }
  }

  /// On the softmax, and on the products that wait for it.
  void note(const AttentionReader &reader) {
    const AttentionSite &site = reader.found();
    noteUnfused(site.softmax, reader.reason());
    for (tfm::MatmulOp product : {site.scores, site.output})
      if (product)
        noteUnfused(product, "its attention is not fused: " + reader.reason());
  }

  /// What will be memory anyhow (results of the function, dear values with
  /// several users: caches, rotary tables) is read there, not computed again.
  /// So is what a result rounds: where attention is of its type,
  /// `share-results` finds the two alike.
  void keepMemory(func::FuncOp function, ElementLifter &lifter) {
    llvm::DenseMap<Value, bool> known;
    auto keep = [&](Value value) {
      while (Operation *op = value.getDefiningOp()) {
        if (!llvm::isa<tfm::ReshapeOp>(op) && !isRounding(op))
          break;
        value = op->getOperand(0);
      }
      if (value.getDefiningOp() && !isParameter(value) &&
          !dependsOnProduct(value, known))
        lifter.makeOpaque(value);
    };
    for (Operation &op : function.getBody().front()) {
      if (llvm::isa<func::ReturnOp>(op))
        llvm::for_each(op.getOperands(), keep);
      else if (llvm::isa<tfm::ElementwiseOp>(op) && isDear(&op) &&
               !op.getResult(0).hasOneUse())
        keep(op.getResult(0));
    }
  }

  /// The table of pages: as the model has it, or computed.
  Value tableOf(OpBuilder &builder, Location loc, ElementLifter &lifter,
                const AttentionSite &site, const PagedKeys &pages) {
    ShapeContext &shapes = lifter.context();
    ExprPool &pool = shapes.pool();
    Expr dims[] = {site.batch, pages.perSequence}, at[] = {site.b, pages.place};
    if (pool.kind(pages.table) == ExprKind::Load &&
        llvm::ArrayRef<Expr>(at) ==
            llvm::ArrayRef<Expr>(pool.operands(pages.table).data(),
                                 pool.operands(pages.table).size())) {
      Value table = lifter.tensor(pool.loadTensor(pages.table));
      RankedTensorType type = tfm::tensorTypeOf(table);
      bool isIndex = type.getElementType().isSignlessInteger(32) ||
                     type.getElementType().isSignlessInteger(64);
      if (isIndex && type == shapes.type(dims, type.getElementType()))
        return table;
    }
    return buildFused(builder, loc, lifter,
                      shapes.type(dims, builder.getI64Type()), at, pages.table);
  }

  void rewrite(ElementLifter &lifter, AttentionSite &site) {
    ShapeContext &shapes = lifter.context();
    ExprPool &pool = shapes.pool();
    OpBuilder builder(site.output);
    auto isComputed = [](Value value) {
      Operation *op = value.getDefiningOp();
      return op && computes(op);
    };
    // With all that its region is going to hold.
    Location loc = FusedLoc::get(
        &getContext(), {fusedLocation({site.scores, site.softmax, site.output}),
                        chainLocation(site.softmax.getInput(), isComputed),
                        chainLocation(site.output.getLhs(), isComputed)});
    Type f32 = builder.getF32Type();
    auto operand = [&](Value source, llvm::ArrayRef<Expr> dims,
                       llvm::ArrayRef<Expr> indices, Expr e) {
      return buildFused(builder, chainLocation(source, isComputed), lifter,
                        shapes.type(dims, f32), indices, e);
    };
    Expr groups = pool.integer(site.groups);
    Value query = operand(site.scores.getLhs(),
                          {site.batch, site.queries, site.heads, site.depth},
                          {site.b, site.q, site.h, site.d}, site.query);
    PagedKeysReader reader(lifter, site);
    std::optional<PagedKeys> pages = reader.read();
    if (pages) // it looks them up
      loc = FusedLoc::get(&getContext(),
                          {loc, chainLocation(site.scores.getRhs(), isComputed),
                           chainLocation(site.output.getRhs(), isComputed)});
    // [batch, key, head, column], or [page, row, head, column].
    Expr outer = pages ? pages->count : site.batch,
         rows = pages ? pages->rows : site.keys,
         outerAt = pages ? pages->page : site.b,
         rowAt = pages ? pages->row : site.k;
    Value key = operand(site.scores.getRhs(), {outer, rows, groups, site.depth},
                        {outerAt, rowAt, site.g, site.d},
                        pages ? pages->key : site.key);
    Value value = operand(
        site.output.getRhs(), {outer, rows, groups, site.valueDepth},
        {outerAt, rowAt, site.g, site.e}, pages ? pages->value : site.value);
    Value table = pages ? tableOf(builder, loc, lifter, site, *pages) : Value();
    llvm::SmallVector<Expr> dims{site.batch, site.queries, site.heads,
                                 site.valueDepth};
    llvm::SmallVector<llvm::StringRef> terms(site.terms.begin(),
                                             site.terms.end());
    auto attention = tfm::AttentionOp::create(
        builder, loc, shapes.type(dims, f32), query, key, value, table,
        /*key_begin=*/Value(), /*key_end=*/Value(), llvm::APFloat(site.scale),
        builder.getStrArrayAttr(terms), site.emptyRows);
    if (!reader.reason().empty())
      noteUnfused(attention, "its keys and values are copied from a cache: " +
                                 reader.reason());
    if (site.scoreMod != site.scoreLeaf) {
      Block &block = attention.getScoreMod().emplaceBlock();
      block.addArgument(f32, loc);
      for (int i = 0; i < 4; ++i)
        block.addArgument(builder.getI64Type(), loc);
      buildRegion(builder, loc, lifter, block,
                  {site.scoreLeaf, site.b, site.h, site.q, site.k},
                  site.scoreMod);
    }
    // Back to the layout of the product: [B, H, S, E] or [B*H, S, E].
    llvm::SmallVector<Expr> swapped{site.batch, site.heads, site.queries,
                                    site.valueDepth};
    Value result = tfm::TransposeOp::create(
        builder, loc, shapes.type(swapped, f32), attention.getResult(),
        llvm::ArrayRef<int64_t>{0, 2, 1, 3});
    if (result.getType() != site.output.getType())
      result =
          tfm::ReshapeOp::create(builder, loc, site.output.getType(), result);
    for (Expr node : pool.reachable(site.scoreMod))
      if (pool.kind(node) == ExprKind::Load &&
          pool.loadTensor(node) < kRegionArgument)
        if (auto other = lifter.tensor(pool.loadTensor(node))
                             .getDefiningOp<tfm::MatmulOp>())
          noteUnfused(other, "an attention reads it beside its scores, by "
                             "relative position");
    requireObligations(builder, loc, lifter,
                       attention->getParentOfType<func::FuncOp>());
    site.output.getResult().replaceAllUsesWith(result);
  }
};
} // namespace

} // namespace ingot
