// Launches of linear and attention on GPUs whose tasks are too few for the
// multiprocessors get more blocks: K or the keys in parts (Choice.h), with a
// workspace where the parts meet.
//
//   plan.kernel linear @k ... scalars 1 params {m = -1, n = 768, k = 3072, ...}
//   plan.launch @k grid <max(12*..., 48)> (%y, %x, %w) scalars <m>
// becomes
//   plan.kernel linear @k ... scalars 2 params {..., splits = -2}
//   %p = plan.buffer scratch -1 size <...>   the partial sums
//   %c = plan.buffer state 0 size <432>      the counters, once a program
//   plan.launch @k grid <max(12*...*splits, 48)> (%y, %p, %c, %x, %w)
//       scalars <m, splits>
#include "codegen/cuda/SplitWork.h"

#include "codegen/cuda/KernelChoice.h"
#include "ir/lift/ShapeContext.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace ingot::cuda {

namespace {
class SplitWork {
public:
  explicit SplitWork(ModuleOp module)
      : module(module), builder(module.getContext()) {}

  void run() {
    llvm::MapVector<StringAttr, SmallVector<plan::LaunchOp>> launches;
    llvm::DenseSet<StringAttr> ofOthers;
    for (auto program : module.getOps<plan::ProgramOp>())
      for (auto launch : program.getBody().getOps<plan::LaunchOp>())
        if (program.isForCuda())
          launches[launch.getKernelAttr().getAttr()].push_back(launch);
        else
          ofOthers.insert(launch.getKernelAttr().getAttr());
    for (auto &[name, users] : launches) {
      auto kernel = module.lookupSymbol<plan::KernelOp>(name);
      // Quantized weights are streamed by blocks of few columns.
      bool isStreamed = kernel.isQuantized() && !multipliesF8(kernel);
      if (kernel.hasSplits() || isStreamed)
        continue;
      isShared = ofOthers.contains(name);
      if (kernel.getFamily() == plan::Family::Linear)
        splitLinear(kernel, users);
      else if (kernel.getFamily() == plan::Family::Attention)
        splitAttention(kernel, users);
    }
  }

private:
  /// An extent of the kernel as it is at the launch.
  Expr extent(plan::KernelOp kernel, plan::LaunchOp launch, StringRef name) {
    int64_t code = kernel.param(name);
    return code >= 0 ? shapes.pool().integer(code)
                     : shapes.parse(launch.getScalars().text(-1 - code));
  }

  void splitLinear(plan::KernelOp kernel, ArrayRef<plan::LaunchOp> launches) {
    if (multipliesF8(kernel))
      return splitF8(kernel, launches);
    LinearChoice choice = linearChoiceOf(kernel, /*canSplit=*/true);
    // Plans are for all architectures.
    std::optional<HopperLinear> hopper =
        hopperLinearOf(kernel, /*canSplit=*/true);
    bool isSplit = choice.mostParts > 1 || (hopper && hopper->mostParts() > 1);
    if (!isSplit && !choice.fewBlocks && choice.fewWarps == 1)
      return; // the lowering has counted the same blocks
    if (isSplit)
      kernel = withSplits(kernel, choice.few ? std::nullopt
                                             : std::optional(choice.mostParts));
    ExprPool &pool = shapes.pool();
    for (plan::LaunchOp launch : launches) {
      Expr m = extent(kernel, launch, "m"), parts = choice.parts(pool, m);
      launch.setKernelAttr(FlatSymbolRefAttr::get(kernel.getSymNameAttr()));
      launch.setGridAttr(attr(choice.blocks(pool, m)));
      if (!isSplit)
        continue;
      Expr floats =
          choice.mostParts > 1 ? choice.partialSums(pool, m) : pool.integer(0);
      if (hopper)
        floats = pool.max(floats, hopper->partialSums(pool, m));
      addWorkspace(kernel, launch, parts, floats);
    }
  }

  /// Of one architecture alone, which decides itself in how many parts.
  void splitF8(plan::KernelOp kernel, ArrayRef<plan::LaunchOp> launches) {
    std::optional<HopperLinear> hopper =
        hopperLinearOf(kernel, /*canSplit=*/true);
    if (!hopper)
      return;
    bool isSplit = hopper->mostParts() > 1;
    if (isSplit)
      kernel = withSplits(kernel, hopper->mostParts());
    ExprPool &pool = shapes.pool();
    for (plan::LaunchOp launch : launches) {
      Expr m = extent(kernel, launch, "m");
      launch.setKernelAttr(FlatSymbolRefAttr::get(kernel.getSymNameAttr()));
      launch.setGridAttr(attr(hopper->blocks(pool, m)));
      if (!isSplit)
        continue;
      addWorkspace(kernel, launch, pool.integer(hopper->mostParts()),
                   hopper->partialSums(pool, m));
    }
  }

  void splitAttention(plan::KernelOp kernel,
                      ArrayRef<plan::LaunchOp> launches) {
    AttentionChoice choice = attentionChoiceOf(kernel, /*canSplit=*/true);
    assert(choice.estimated.heads >= 0 && "heads are a number in plans");
    bool isSplit = choice.mostParts > 1;
    if (!isSplit && !choice.packs)
      return; // the lowering has counted the same blocks
    if (isSplit)
      kernel = withSplits(kernel, choice.isAssumed
                                      ? std::nullopt
                                      : std::optional(choice.mostParts));
    ExprPool &pool = shapes.pool();
    for (plan::LaunchOp launch : launches) {
      Expr batch = extent(kernel, launch, "batch"),
           queries = extent(kernel, launch, "queries"),
           parts = choice.parts(pool, batch, queries,
                                extent(kernel, launch, "keys"));
      launch.setKernelAttr(FlatSymbolRefAttr::get(kernel.getSymNameAttr()));
      launch.setGridAttr(
          attr(pool.mul(choice.tasks(pool, batch, queries), parts)));
      if (isSplit)
        addWorkspace(kernel, launch, parts,
                     choice.partialSums(pool, batch, queries));
    }
  }

  /// The kernel with the number of parts as a parameter, or as one more scalar
  /// where that is no number.
  plan::KernelOp withSplits(plan::KernelOp kernel,
                            std::optional<int64_t> parts) {
    if (isShared) {
      builder.setInsertionPointAfter(kernel);
      kernel = cast<plan::KernelOp>(builder.clone(*kernel));
      SymbolTable(module).insert(kernel); // under a name of its own
    }
    if (!parts) {
      auto scalars = static_cast<int64_t>(kernel.getNumScalars());
      parts = -1 - scalars;
      kernel.setNumScalars(scalars + 1);
      for (Region &region : kernel.getBodies())
        region.addArgument(builder.getI64Type(), kernel.getLoc());
    }
    NamedAttrList params(kernel.getParams());
    params.set("splits", builder.getI64IntegerAttr(*parts));
    kernel.setParamsAttr(params.getDictionary(module.getContext()));
    return kernel;
  }

  /// Room for partial sums, `floats` of them, and counters.
  void addWorkspace(plan::KernelOp kernel, plan::LaunchOp launch, Expr parts,
                    Expr floats) {
    ExprPool &pool = shapes.pool();
    auto program = cast<plan::ProgramOp>(launch->getParentOp());
    Value workspace[] = {makeBuffer(program, plan::BufferKind::Scratch,
                                    pool.scale(floats, 4), -1),
                         counters(program)};
    launch->insertOperands(static_cast<unsigned>(kernel.numOuts()), workspace);
    SmallVector<Expr> offsets;
    for (size_t i = 0; i < launch.getOffsets().size(); ++i)
      offsets.push_back(shapes.parse(launch.getOffsets().text(i)));
    offsets.insert(offsets.begin() + kernel.numOuts(), 2, pool.integer(0));
    launch.setOffsetsAttr(attr(offsets));
    int64_t code = kernel.param("splits");
    if (code >= 0)
      return;
    SmallVector<Expr> scalars;
    for (size_t i = 0; i < launch.getScalars().size(); ++i)
      scalars.push_back(shapes.parse(launch.getScalars().text(i)));
    scalars.push_back(parts);
    launch.setScalarsAttr(attr(scalars));
  }

  Value makeBuffer(plan::ProgramOp program, plan::BufferKind kind, Expr size,
                   int64_t number) {
    builder.setInsertionPointToStart(&program.getBody().front());
    return plan::BufferOp::create(
        builder, program.getLoc(), builder.getType<plan::BufferType>(),
        plan::BufferKindAttr::get(module.getContext(), kind), attr(size),
        builder.getI64IntegerAttr(number), FlatSymbolRefAttr(), StringAttr());
  }

  /// Steps run one after the other, so that all can count in the same place.
  Value counters(plan::ProgramOp program) {
    Value &known = countersOf[program];
    if (!known)
      known = makeBuffer(program, plan::BufferKind::State,
                         shapes.pool().integer(mostSharedTasks() * 4),
                         plan::kCountersState);
    return known;
  }

  tfm::DimsAttr attr(ArrayRef<Expr> exprs) {
    return shapes.attr(module.getContext(), exprs);
  }

  ModuleOp module;
  OpBuilder builder;
  ShapeFacts facts;
  ShapeContext shapes{facts};
  llvm::DenseMap<Operation *, Value> countersOf;
  /// Whether programs for other targets launch the kernel at hand too.
  bool isShared = false;
};

struct SplitWorkPass : PassWrapper<SplitWorkPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SplitWorkPass)
  StringRef getArgument() const final { return "split-cuda-work"; }
  StringRef getDescription() const final {
    return "Share K and keys over blocks where a GPU has more than there are "
           "tasks";
  }
  void runOnOperation() final { SplitWork(getOperation()).run(); }
};
} // namespace

std::unique_ptr<Pass> createSplitWork() {
  return std::make_unique<SplitWorkPass>();
}
void registerSplitWork() { PassRegistration<SplitWorkPass>(); }

} // namespace ingot::cuda
