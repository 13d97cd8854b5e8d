// A linear and the norm of its rows get a kernel that does both, beside them:
//
//   plan.launch @linear grid <...> (%x, %a, %w, %bias, %residual) scalars <m>
//   plan.launch @norm grid <m> (%y, %copy, %x, %scale, %shift) scalars <m>
// becomes
//   plan.launch @linear_norm grid <4*ceil(m / 128)>
//       (%y, %copy, %a, %w, %bias, %residual, %scale, %shift) scalars <m, m>
// and the two. For sm_90a the first takes the place of the others at the rows
// that its kernel says (`taken`); other GPUs leave it out. It stands first,
// so that what the three use is there for all of them: %a is read while %y is
// written.
#include "codegen/cuda/LinearNorm.h"

#include "codegen/cuda/StubWriter.h"
#include "ir/lift/ShapeContext.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

#include <map>

using namespace mlir;

namespace ingot::cuda {

namespace {
class LinearNorm {
public:
  explicit LinearNorm(ModuleOp module)
      : module(module), builder(module.getContext()) {}

  void run() {
    for (auto program : module.getOps<plan::ProgramOp>()) {
      if (!program.isForCuda())
        continue;
      SmallVector<plan::LaunchOp> launches(
          program.getBody().getOps<plan::LaunchOp>());
      for (plan::LaunchOp launch : launches)
        if (auto next = dyn_cast_or_null<plan::LaunchOp>(launch->getNextNode()))
          fuse(launch, next);
    }
  }

private:
  plan::KernelOp kernelOf(plan::LaunchOp launch) {
    return module.lookupSymbol<plan::KernelOp>(launch.getKernelAttr());
  }
  Expr offset(plan::LaunchOp launch, size_t i) {
    return shapes.parse(launch.getOffsets().text(i));
  }
  Expr scalar(plan::LaunchOp launch, int64_t code) {
    return code >= 0 ? shapes.pool().integer(code)
                     : shapes.parse(launch.getScalars().text(-1 - code));
  }

  /// Memory of the session and the model starts at multiples of 64 bytes; a
  /// caller's may start anywhere.
  bool isAligned(plan::LaunchOp launch) {
    for (auto [i, buffer] : llvm::enumerate(launch.getBuffers())) {
      auto kind = buffer.getDefiningOp<plan::BufferOp>().getKind();
      if (kind == plan::BufferKind::Input || kind == plan::BufferKind::Output)
        return false;
      Expr at = offset(launch, i);
      std::optional<int64_t> number = shapes.pool().constantInt(at);
      if (!number || *number % 16 != 0)
        return false;
    }
    return true;
  }

  /// Whether `load` of the norm's value is element [i, j] of rows of `columns`.
  static bool isOfRow(tfm::LoadOp load, int64_t columns) {
    Block &block = *load->getBlock();
    auto at = load.getCoordinates().front().getDefiningOp<tfm::ApplyOp>();
    if (!at || at.getOp().getValue() != ScalarOp::Add)
      return false;
    for (unsigned j : {0u, 1u}) {
      auto row = at.getOperands()[1 - j].getDefiningOp<tfm::ApplyOp>();
      if (at.getOperands()[j] != block.getArgument(1) || !row ||
          row.getOp().getValue() != ScalarOp::Mul)
        continue;
      for (unsigned i : {0u, 1u}) {
        APInt factor;
        if (row.getOperands()[i] == block.getArgument(0) &&
            matchPattern(row.getOperands()[1 - i], m_ConstantInt(&factor)) &&
            factor.getSExtValue() == columns)
          return true;
      }
    }
    return false;
  }

  void fuse(plan::LaunchOp linear, plan::LaunchOp norm) {
    plan::KernelOp product = kernelOf(linear), rows = kernelOf(norm);
    if (product.getFamily() != plan::Family::Linear || product.isQuantized() ||
        rows.getFamily() != plan::Family::Norm || linear.getInit() ||
        !product.outType(0).isF32() ||
        rows.outType(0).getIntOrFloatBitWidth() == 8 || !isAligned(linear) ||
        !isAligned(norm))
      return;
    // Which of the norm's inputs is the linear's result, read once and as it
    // lies; the rows of both are the same.
    Value sum = linear.getBuffers().front();
    size_t outs = rows.numOuts();
    std::optional<unsigned> input;
    for (unsigned i = 0; i < rows.numIns(); ++i)
      if (norm.getBuffers()[outs + i] == sum) {
        if (input)
          return;
        input = i;
      }
    ArrayRef<int64_t> extents = rows.paramArray("extents");
    int64_t n = product.param("n"), lda = product.param("lda");
    if (!input || extents.size() != 2 || extents[1] != n || lda < 0 ||
        lda % 8 != 0 || !rows.inType(*input).isF32() ||
        scalar(linear, product.param("m")) != scalar(norm, extents[0]) ||
        offset(linear, 0) != offset(norm, outs + *input))
      return;
    Block &value = rows.getBodies()[0].front(),
          &end = rows.getBodies()[1].front();
    BlockArgument there = value.getArgument(2 + *input);
    if (!there.hasOneUse() || !end.getArgument(3 + *input).use_empty() ||
        !value.getTerminator()->getOperand(0).getType().isF32())
      return;
    auto load = dyn_cast<tfm::LoadOp>(*there.user_begin());
    if (!load || !isOfRow(load, n))
      return;

    // The linear's own result is kept if it is the norm's value, and if others
    // read it; no more than one sum is.
    bool copies = rows.paramFlag("copy"), keepsValue = outs > 1u + copies,
         isRead = llvm::any_of(sum.getUsers(), [&](Operation *user) {
           return user != linear && user != norm;
         });
    bool isValue = value.getTerminator()->getOperand(0) == load.getResult();
    if (isRead && (!isValue || keepsValue))
      return;
    // What the value reads beside it, of each row.
    int64_t readBytes = 0;
    for (unsigned i = 0; i < rows.numIns(); ++i)
      if (i != *input && !value.getArgument(2 + i).use_empty())
        readBytes += n * rows.inType(i).getIntOrFloatBitWidth() / 8;
    std::optional<LinearNormChoice> choice =
        chooseLinearNormOf(product, rows, readBytes, isRead);
    if (!choice)
      return;

    auto [known, isNew] = kernels.try_emplace(
        {product.getOperation(), rows.getOperation(), isRead});
    if (isNew)
      known->second = makeKernel(product, rows, *input, isRead, *choice);
    if (known->second)
      launch(known->second, linear, norm, *input, isRead, *choice);
  }

  /// Null where its regions read no pairs.
  plan::KernelOp makeKernel(plan::KernelOp product, plan::KernelOp rows,
                            unsigned input, bool keeps,
                            const LinearNormChoice &choice) {
    MLIRContext *context = module.getContext();
    SmallVector<Attribute> outs(rows.getOutTypes().getValue()),
        ins(product.getInTypes().getValue());
    if (keeps)
      outs.insert(outs.begin() + 1, product.getOutTypes()[0]);
    for (auto [i, type] : llvm::enumerate(rows.getInTypes()))
      if (i != input)
        ins.push_back(type);
    auto scalars =
        static_cast<int64_t>(product.getNumScalars() + rows.getNumScalars());
    NamedAttrList params;
    for (StringRef name : {"m", "n", "k", "lda"})
      params.set(name, product.getParams().get(name));
    for (StringRef name : {"kind", "epsilon", "copy"})
      if (Attribute attr = rows.getParams().get(name))
        params.set(name, attr);
    params.set("columns", builder.getI64IntegerAttr(choice.columns));
    params.set("taken", builder.getDenseI64ArrayAttr(choice.taken));
    builder.setInsertionPointAfter(rows);
    std::string name =
        (product.getSymName() + "_" + rows.paramText("kind") + "_norm").str();
    OwningOpRef<plan::KernelOp> kernel = plan::KernelOp::create(
        builder, FusedLoc::get(context, {product.getLoc(), rows.getLoc()}),
        name, plan::Family::LinearNorm, builder.getArrayAttr(outs),
        builder.getArrayAttr(ins), scalars, params.getDictionary(context), 2);

    SmallVector<Type> types = {builder.getF32Type(), builder.getI64Type(),
                               builder.getI64Type()};
    for (Attribute type : ins)
      types.push_back(RankedTensorType::get({ShapedType::kDynamic},
                                            cast<TypeAttr>(type).getValue()));
    types.append(scalars, builder.getI64Type());
    SmallVector<Location> locations(types.size(), kernel->getLoc());
    constexpr unsigned kLeading = 3;
    auto start = [&](unsigned i) -> Block & {
      return *builder.createBlock(&kernel->getBodies()[i], {}, types,
                                  locations);
    };
    auto productIns = static_cast<unsigned>(product.numIns());
    // Inputs and scalars of the linear come first, then those of the norm.
    auto mapLinear = [&](IRMapping &map, Block &from, Block &to) {
      for (unsigned i = 0; i < kLeading + productIns; ++i)
        map.map(from.getArgument(i), to.getArgument(i));
      for (unsigned i = 0; i < product.getNumScalars(); ++i)
        map.map(from.getArgument(kLeading + productIns + i),
                to.getArgument(kLeading + ins.size() + i));
    };
    auto mapNorm = [&](IRMapping &map, Block &from, unsigned first, Block &to) {
      unsigned next = kLeading + productIns;
      for (unsigned i = 0; i < rows.numIns(); ++i)
        if (i != input)
          map.map(from.getArgument(first + i), to.getArgument(next++));
      for (unsigned i = 0; i < rows.getNumScalars(); ++i)
        map.map(from.getArgument(first + rows.numIns() + i),
                to.getArgument(kLeading + ins.size() + product.getNumScalars() +
                               i));
    };
    {
      Block &to = start(0), &from = product.getBodies()[0].front(),
            &value = rows.getBodies()[0].front();
      IRMapping map;
      mapLinear(map, from, to);
      for (Operation &op : from.without_terminator())
        builder.clone(op, map);
      Value sum = map.lookup(from.getTerminator()->getOperand(0));
      IRMapping ofNorm;
      ofNorm.map(value.getArgument(0), to.getArgument(1));
      ofNorm.map(value.getArgument(1), to.getArgument(2));
      mapNorm(ofNorm, value, 2, to);
      for (Operation &op : value) {
        auto load = dyn_cast<tfm::LoadOp>(op);
        if (load && load.getTensor() == value.getArgument(2 + input))
          ofNorm.map(load.getResult(), sum);
        else
          builder.clone(op, ofNorm);
      }
      eraseUnused(to);
    }
    {
      Block &to = start(1), &from = rows.getBodies()[1].front();
      IRMapping map;
      for (unsigned i = 0; i < kLeading; ++i)
        map.map(from.getArgument(i), to.getArgument(i));
      mapNorm(map, from, kLeading, to);
      for (Operation &op : from)
        builder.clone(op, map);
    }
    if (!hasPairs(*kernel))
      return {};
    plan::KernelOp made = kernel.release();
    made->remove();
    SymbolTable(module).insert(made, Block::iterator(rows->getNextNode()));
    return made;
  }

  /// The place of what was loaded.
  static void eraseUnused(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

  void launch(plan::KernelOp kernel, plan::LaunchOp linear, plan::LaunchOp norm,
              unsigned input, bool keeps, const LinearNormChoice &choice) {
    ExprPool &pool = shapes.pool();
    SmallVector<Value> buffers;
    SmallVector<Expr> offsets, scalars;
    auto add = [&](plan::LaunchOp from, size_t i) {
      buffers.push_back(from.getBuffers()[i]);
      offsets.push_back(offset(from, i));
    };
    size_t outs = norm.getBuffers().size() - kernelOf(norm).numIns();
    for (size_t i = 0; i < outs; ++i) {
      add(norm, i);
      if (i == 0 && keeps)
        add(linear, 0);
    }
    for (size_t i = 1; i < linear.getBuffers().size(); ++i)
      add(linear, i);
    for (size_t i = outs; i < norm.getBuffers().size(); ++i)
      if (i != outs + input)
        add(norm, i);
    for (plan::LaunchOp from : {linear, norm})
      for (size_t i = 0; i < from.getScalars().size(); ++i)
        scalars.push_back(shapes.parse(from.getScalars().text(i)));
    constexpr int64_t kRows = 128;
    Expr m = scalar(linear, kernel.param("m")),
         grid = pool.scale(pool.ceilDiv(m, pool.integer(kRows)), choice.blocks);
    auto sumOf = [&](tfm::DimsAttr a, tfm::DimsAttr b) {
      return pool.add(shapes.parse(a.text(0)), shapes.parse(b.text(0)));
    };
    // The sum is not read again, and written only if others read it.
    Expr bytes =
        pool.sub(sumOf(linear.getBytes(), norm.getBytes()),
                 pool.scale(m, kernel.param("n") * 4 * (keeps ? 1 : 2)));
    SmallVector<Attribute> sources(linear.getSources().getValue());
    llvm::append_range(sources, norm.getSources().getValue());
    builder.setInsertionPoint(linear);
    plan::LaunchOp::create(
        builder,
        FusedLoc::get(module.getContext(), {linear.getLoc(), norm.getLoc()}),
        FlatSymbolRefAttr::get(kernel.getSymNameAttr()), attr(grid), buffers,
        attr(offsets), attr(scalars),
        attr(sumOf(linear.getFlops(), norm.getFlops())), attr(bytes),
        builder.getArrayAttr(sources), UnitAttr());
  }

  tfm::DimsAttr attr(ArrayRef<Expr> exprs) {
    return shapes.attr(module.getContext(), exprs);
  }

  ModuleOp module;
  OpBuilder builder;
  ShapeFacts facts;
  ShapeContext shapes{facts};
  /// Of a linear and a norm, whose sum is kept or not.
  std::map<std::tuple<Operation *, Operation *, bool>, plan::KernelOp> kernels;
};

struct LinearNormPass : PassWrapper<LinearNormPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LinearNormPass)
  StringRef getArgument() const final { return "fuse-cuda-linear-norm"; }
  StringRef getDescription() const final {
    return "Add kernels for sm_90a that multiply and normalize rows at once";
  }
  void runOnOperation() final { LinearNorm(getOperation()).run(); }
};
} // namespace

std::unique_ptr<Pass> createFuseLinearNorm() {
  return std::make_unique<LinearNormPass>();
}
void registerFuseLinearNorm() { PassRegistration<LinearNormPass>(); }

} // namespace ingot::cuda
