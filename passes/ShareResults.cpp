// Keys and values that the function returns, a decoder's next cache, are not
// written a second time with their axes in attention's order.
#include "ir/lift/ElementLifter.h"
#include "passes/Match.h"
#include "passes/Passes.h"
#include "passes/Weights.h"

#include <algorithm>
#include <numeric>

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_SHARERESULTS
#include "passes/Passes.h.inc"

namespace {
/// A result of the function, and for each axis of a copy that axis of it.
struct Source {
  unsigned result;
  llvm::SmallVector<size_t> axes;
};

/// Where element `indices` of a copy is in the result.
template <class T>
llvm::SmallVector<T> permuted(const Source &source, llvm::ArrayRef<T> indices) {
  llvm::SmallVector<T> at(indices.size());
  for (auto [axis, index] : llvm::zip_equal(source.axes, indices))
    at[axis] = index;
  return at;
}

class Sharing {
public:
  Sharing(func::FuncOp function, ElementLifter::StoredBytes weights)
      : function(function), shapes(facts), lifter(shapes, std::move(weights)) {}

  void run() {
    for (Operation &op : function.getBody().front())
      if (!llvm::isa<tfm::ReshapeOp>(op))
        for (Value result : op.getResults())
          if (!isParameter(result))
            lifter.makeOpaque(result);
    findResults();
    // All of them first: what is rewritten is lifted no more.
    llvm::SmallVector<std::pair<tfm::FusedOp, const Source *>> copies;
    for (auto copy : function.getOps<tfm::FusedOp>())
      if (const Source *source = sourceOf(copy))
        copies.emplace_back(copy, source);
    for (auto [copy, source] : copies)
      share(copy, *source);
  }

private:
  /// Tensors of one type are alike where their generic elements are.
  using Key = std::pair<Type, uint32_t>;
  Key keyOf(tfm::FusedOp fused, llvm::ArrayRef<Expr> dims,
            llvm::ArrayRef<Expr> at) {
    return {shapes.type(dims, fused.getType().getElementType()),
            lifter.definition(fused.getResult(), at).id};
  }

  tfm::FusedOp fusedResult(unsigned number) {
    Value value =
        function.getBody().front().getTerminator()->getOperand(number);
    return value.getDefiningOp<tfm::FusedOp>();
  }

  /// Each result with heads in every order of its axes but the last, whose
  /// elements have to lie side by side.
  void findResults() {
    constexpr int64_t kRank = 4;
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      tfm::FusedOp fused = fusedResult(i);
      if (!fused || fused.getType().getRank() != kRank)
        continue;
      ShapeContext::Dims own = shapes.dims(fused.getResult());
      Source source{i, llvm::SmallVector<size_t>(kRank)};
      std::iota(source.axes.begin(), source.axes.end(), 0);
      do {
        ShapeContext::Dims dims;
        for (size_t axis : source.axes)
          dims.push_back(own[axis]);
        llvm::SmallVector<Expr> at =
            permuted<Expr>(source, shapes.indices(dims, "i"));
        sources.try_emplace(keyOf(fused, dims, at), source);
      } while (
          std::next_permutation(source.axes.begin(), source.axes.end() - 1));
    }
  }

  /// Where else the elements of `copy` are. Nothing if not attention alone
  /// reads it, or if it is read where it lies.
  const Source *sourceOf(tfm::FusedOp copy) {
    Value value = copy.getResult();
    bool isOfAttention = !value.use_empty() &&
                         llvm::all_of(value.getUsers(), [](Operation *user) {
                           return llvm::isa<tfm::AttentionOp>(user);
                         });
    if (!isOfAttention)
      return nullptr;
    ShapeContext::Dims dims = shapes.dims(value);
    llvm::SmallVector<Expr> at = shapes.indices(dims, "i");
    if (shapes.pool().kind(lifter.definition(value, at)) == ExprKind::Load)
      return nullptr;
    auto it = sources.find(keyOf(copy, dims, at));
    return it == sources.end() ? nullptr : &it->second;
  }

  /// `copy` only moves elements of the result, which is there before it: else
  /// it is made at its place, of the same region.
  void share(tfm::FusedOp copy, const Source &source) {
    OpBuilder builder(copy);
    Location loc = copy.getLoc();
    Block &body = copy.getBody().front();
    llvm::SmallVector<Value> arguments(body.getArguments());
    tfm::FusedOp held = fusedResult(source.result);
    if (!held->isBeforeInBlock(copy)) {
      auto moved = tfm::FusedOp::create(builder, held.getLoc(), held.getType());
      Block &block = moved.getBody().emplaceBlock();
      for (Value argument : permuted<Value>(source, arguments))
        argument.replaceAllUsesWith(
            block.addArgument(argument.getType(), held.getLoc()));
      block.getOperations().splice(block.end(), body.getOperations());
      held.getResult().replaceAllUsesWith(moved.getResult());
      held.erase();
      held = moved;
    }
    body.clear();
    builder.setInsertionPointToStart(&body);
    Value element =
        tfm::LoadOp::create(builder, loc, held.getType().getElementType(), held,
                            permuted<Value>(source, arguments));
    tfm::YieldOp::create(builder, loc, element);
  }

  func::FuncOp function;
  ShapeFacts facts;
  ShapeContext shapes;
  ElementLifter lifter;
  llvm::DenseMap<Key, Source> sources;
};

struct ShareResultsPass : impl::ShareResultsBase<ShareResultsPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      Sharing(function, weightBytesOf(getOperation())).run();
  }
};
} // namespace

} // namespace ingot
