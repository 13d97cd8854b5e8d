#include "passes/lower/Lowering.h"
#include "passes/lower/NarrowElements.h"

#include "passes/Match.h"
#include "passes/WeightRecipes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {

std::string typeName(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

Lowering::Lowering(ModuleOp module, func::FuncOp function,
                   ElementLifter::StoredBytes weights, KernelTable &kernels,
                   DerivedWeights &derivedWeights, const LoweringTarget &target)
    : module(module), function(function), shapes(facts),
      lifter(shapes, std::move(weights)), pool(shapes.pool()), kernels(kernels),
      builder(module.getContext()), derivedWeights(derivedWeights),
      target(target) {}

Expr Lowering::byteSize(RankedTensorType type) {
  Dims dims = shapes.dims(type);
  unsigned bits = type.getElementType().getIntOrFloatBitWidth();
  Expr count = countOf(dims);
  return bits < 8 && bits != 1
             ? pool.ceilDiv(pool.scale(count, bits), pool.integer(8))
             : pool.scale(count, std::max(1u, bits / 8));
}

RankedTensorType Lowering::bytesOf(RankedTensorType type) {
  return shapes.type({byteSize(type)},
                     builder.getIntegerType(8, /*isSigned=*/false));
}

void Lowering::makeProgram(llvm::StringRef name, llvm::StringRef entry) {
  auto interface = [&](TypeRange types, const char *unnamed, auto nameOf) {
    llvm::SmallVector<Attribute> entries;
    for (auto [i, type] : llvm::enumerate(types)) {
      StringAttr name = nameOf(i);
      if (!name)
        name = builder.getStringAttr(unnamed + std::to_string(i));
      entries.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("name", name),
           builder.getNamedAttr("type", TypeAttr::get(type))}));
    }
    return builder.getArrayAttr(entries);
  };
  FunctionType type = function.getFunctionType();
  auto inputs = interface(type.getInputs(), "input", [&](unsigned i) {
    return function.getArgAttrOfType<StringAttr>(i, "tfm.name");
  });
  auto outputs = interface(type.getResults(), "output", [&](unsigned i) {
    return function.getResultAttrOfType<StringAttr>(i, "tfm.name");
  });
  auto symbols = function->getAttrOfType<ArrayAttr>("tfm.symbols");
  builder.setInsertionPointToEnd(module.getBody());
  program = plan::ProgramOp::create(
      builder, function.getLoc(), builder.getStringAttr(name),
      name == entry ? StringAttr() : builder.getStringAttr(entry),
      builder.getStringAttr(target.name),
      symbols ? symbols : builder.getArrayAttr({}), inputs, outputs);
  builder.setInsertionPointToStart(&program.getBody().emplaceBlock());
}

LogicalResult Lowering::run(llvm::StringRef name, llvm::StringRef entry) {
  makeProgram(name, entry);
  place();
  Block &body = function.getBody().front();
  // A pool that fails (64-bit overflow in a dim) means a model nobody can run.
  for (Operation &op : body) {
    if (failed(lower(&op)))
      return failure();
    if (pool.failed())
      return op.emitError("its dims or offsets do not fit 64-bit arithmetic");
  }
  return success();
}

LogicalResult Lowering::lower(Operation *op) {
  if (inPlace.contains(op) || writers.contains(op) || copiers.contains(op) ||
      epilogues.contains(op))
    return success();
  // What the epilogue reads beside its anchor is there only now.
  Operation *anchor = anchors.lookup(op);
  return lowerStep(anchor ? anchor : op);
}

LogicalResult Lowering::lowerStep(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<tfm::ReshapeOp, tfm::GetWeightOp, tfm::ConstantOp, tfm::CastOp>(
          [](Operation *) { return success(); })
      .Case<tfm::RequireOp>([&](auto o) {
        plan::RequireOp::create(builder, o.getLoc(), o.getRelationAttr(),
                                o.getValues(), o.getSentenceAttr());
        return success();
      })
      .Case<tfm::FusedOp>([&](auto o) { return lowerFused(o); })
      .Case<tfm::MatmulOp>([&](auto o) { return lowerMatmul(o); })
      .Case<tfm::ConvOp>([&](auto o) { return lowerConv(o); })
      .Case<tfm::ReduceOp>([&](auto o) { return lowerReduce(o); })
      .Case<tfm::ArgReduceOp>([&](auto o) { return lowerArgReduce(o); })
      .Case<tfm::CumSumOp>([&](auto o) { return lowerCumSum(o); })
      .Case<tfm::NonZeroOp>([&](auto o) { return lowerNonZero(o); })
      .Case<tfm::SoftmaxOp>([&](auto o) { return lowerSoftmax(o); })
      .Case<tfm::NormOp>([&](auto o) { return lowerNorm(o); })
      .Case<tfm::LinearOp>([&](auto o) { return lowerLinear(o); })
      .Case<tfm::AttentionOp>([&](auto o) { return lowerAttention(o); })
      .Case<func::ReturnOp>([&](auto o) {
        lowerReturn(o);
        return success();
      })
      .Default([](Operation *o) {
        return o->emitError("has no lowering to a kernel; `fuse-elementwise` "
                            "should have taken it");
      });
}

plan::BufferOp Lowering::makeBuffer(Location loc, plan::BufferKind kind,
                                    Expr size, int64_t number,
                                    FlatSymbolRefAttr weight,
                                    StringAttr layout) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&program.getBody().front());
  return plan::BufferOp::create(
      builder, loc, builder.getType<plan::BufferType>(),
      plan::BufferKindAttr::get(builder.getContext(), kind),
      shapes.attr(builder.getContext(), size),
      builder.getI64IntegerAttr(number), weight, layout);
}

FlatSymbolRefAttr Lowering::weightSymbol(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto get = llvm::dyn_cast<tfm::GetWeightOp>(op))
    return get.getWeightAttr();
  // A constant becomes a weight whose recipe is the constant, a cast one of the
  // cast; once, however many functions have it.
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto cast = llvm::dyn_cast<tfm::CastOp>(op))
    os << weightSymbol(cast.getInput()) << " as " << cast.getType();
  else
    os << llvm::cast<tfm::ConstantOp>(op).getValue();
  FlatSymbolRefAttr &weight = derivedWeights[text];
  if (!weight)
    weight = WeightRecipes(module).define(op);
  return weight;
}

Value Lowering::weightBuffer(Value value, llvm::StringRef layout) {
  FlatSymbolRefAttr symbol = weightSymbol(value);
  StringAttr layoutAttr = builder.getStringAttr(layout);
  Value &known = weightBuffers[{symbol, layoutAttr}];
  if (!known) {
    auto type = llvm::cast<RankedTensorType>(value.getType());
    Expr bytes = byteSize(type);
    if (layout == "panels48") {
      plan::PanelShape panels = plan::panelShape(type);
      bytes = pool.integer(panels.count * panels.bytes());
    }
    known = makeBuffer(value.getLoc(), plan::BufferKind::Weight, bytes, 0,
                       symbol, layoutAttr);
  }
  return known;
}

Value Lowering::linearWeight(Value value) {
  if (target.storedLayout == target.linearLayout) {
    Value stored = weightBuffer(value, target.storedLayout);
    return target.precision == "tf32" ? rearranged(value, value, stored)
                                      : stored;
  }
  assert(target.storedLayout == "panels48" && target.linearLayout == "rows");
  // The other target's copy serves if it is of this type or of the model's.
  auto cast = value.getDefiningOp<tfm::CastOp>();
  bool isStoredWide = target.storedPrecision != "bf16";
  if (!isStoredWide && target.precision != target.storedPrecision)
    return weightBuffer(value, target.linearLayout);
  Value source = cast && isStoredWide ? cast.getInput() : value;
  return rearranged(value, source, weightBuffer(source, target.storedLayout));
}

/// x with the 11 bits of tf32, to nearest: Dekker's splitting ("A
/// floating-point technique for extending the available precision", 1971). What
/// would overflow stays as it is.
static Expr roundedToTf32(ExprPool &pool, Expr x) {
  auto apply = [&](ScalarOp op, Expr a, Expr b) {
    Expr operands[] = {a, b};
    return pool.apply(op, ExprType::F32, operands);
  };
  auto number = [&](double value) {
    return pool.floatConst(ExprType::F32, value);
  };
  Expr scaled = apply(ScalarOp::Mul, x, number(0x1p13 + 1)),
       upper = apply(ScalarOp::Sub, scaled, apply(ScalarOp::Sub, scaled, x));
  Expr isSmall =
      pool.logicalAnd(pool.compare(ScalarOp::Lt, x, number(0x1p100)),
                      pool.compare(ScalarOp::Lt, number(-0x1p100), x));
  return pool.select(isSmall, upper, x);
}

Value Lowering::rearranged(Value value, Value source, Value stored) {
  Value &result = rearrangedWeights[stored];
  if (result)
    return result;
  Location loc = value.getLoc();
  auto type = llvm::cast<RankedTensorType>(value.getType());
  Dims dims = shapes.dims(type);
  Expr k = shapes.index("k", dims[0]), n = shapes.index("n", dims[1]);
  Expr at = pool.add(pool.mul(n, dims[0]), k);
  if (target.storedLayout == "panels48") {
    // out[n, k] = panels[n / 48, k / i, n % 48, k % i], i interleaved
    plan::PanelShape panels =
        plan::panelShape(llvm::cast<RankedTensorType>(source.getType()));
    Expr width = pool.integer(plan::kPanelColumns),
         group = pool.integer(panels.interleave);
    at = pool.add(pool.scale(pool.floorDiv(n, width), panels.steps),
                  pool.floorDiv(k, group));
    at = pool.add(pool.mul(at, width), pool.mod(n, width));
    at = pool.add(pool.mul(at, group), pool.mod(k, group));
  }
  KernelBuilder kernel(lifter, loc);
  kernel.param("extents", kernel.extents({dims[1], dims[0]}));
  kernel.param("chunk", 1);
  Type from = llvm::cast<RankedTensorType>(source.getType()).getElementType(),
       to = type.getElementType();
  Expr element = pool.load(ElementLifter::exprType(from),
                           lifter.number(memoryOf(source)), {&at, 1});
  element = pool.floatCast(ElementLifter::exprType(to), element);
  bool isRounded = target.precision == "tf32";
  if (isRounded)
    element = roundedToTf32(pool, element);
  kernel.flatRegion({n, k}, element);
  std::string name = (isRounded ? "round_" : "unpack_") + typeName(to) + "_k" +
                     pool.print(dims[0]) + "_n" + pool.print(dims[1]);
  plan::KernelOp made =
      kernels.intern(kernel.finish(plan::Family::Map, name, to));
  int64_t elements = *pool.constantInt(countOf(dims)),
          size = *pool.constantInt(byteSize(type));
  result = modelBuffer(size, loc);
  launchAtLoad(made, kernel, elements, result, stored, 2 * size, loc);
  return result;
}

llvm::SmallVector<Value>
Lowering::arranged(plan::KernelOp linear,
                   llvm::ArrayRef<KernelBuilder::Input> inputs) {
  inputs = inputs.slice(1, linear.numWeights());
  Value weight = inputs[0].value;
  Location loc = weight.getLoc();
  auto type = llvm::cast<RankedTensorType>(weight.getType());
  Type element = type.getElementType();
  int64_t k = type.getDimSize(0), n = type.getDimSize(1),
          block = linear.param("block");
  bool isPacked = target.quantizedLayout() == "panels48";
  KernelBuilder kernel(lifter, loc);
  llvm::SmallVector<Value> stored;
  int64_t bytes = 0;
  for (const KernelBuilder::Input &in : inputs) {
    kernel.viewInput(in.value, pool.integer(0));
    stored.push_back(weightBuffer(in.value, target.quantizedLayout()));
    bytes += *pool.constantInt(
        byteSize(llvm::cast<RankedTensorType>(in.value.getType())));
  }
  kernel.param("n", n);
  kernel.param("k", k);
  kernel.param("block", block);
  if (inputs.size() > 2)
    kernel.param("zeros", builder.getBoolAttr(true));
  if (isPacked)
    kernel.param("panel", plan::kPanelColumns);
  plan::ArrangedShape shape =
      plan::arrangedShape(element.getIntOrFloatBitWidth(), k, n, block);
  int64_t sizes[] = {shape.weightBytes, 4 * shape.scales, 4 * shape.zeroWords};
  Type types[] = {builder.getIntegerType(8, /*isSigned=*/false),
                  builder.getF32Type(),
                  builder.getIntegerType(32, /*isSigned=*/false)};
  std::string name = "arrange_" + typeName(element) + "_b" +
                     std::to_string(block) + "_k" + std::to_string(k) + "_n" +
                     std::to_string(n);
  plan::KernelOp made = kernels.intern(kernel.finish(
      plan::Family::Arrange, name, llvm::ArrayRef(types, inputs.size())));
  llvm::SmallVector<Value> &results = arrangedWeights[{
      {made, stored[0]}, {stored[1], inputs.size() > 2 ? stored[2] : Value()}}];
  if (!results.empty())
    return results;
  for (size_t i = 0; i < inputs.size(); ++i) {
    results.push_back(modelBuffer(sizes[i], loc));
    bytes += sizes[i];
  }
  constexpr int64_t kUnitBytes = 16;
  launchAtLoad(made, kernel, shape.weightBytes / kUnitBytes, results, stored,
               bytes, loc);
  return results;
}

Value Lowering::modelBuffer(int64_t bytes, Location loc) {
  return makeBuffer(loc, plan::BufferKind::Model, pool.integer(bytes),
                    modelBuffers++);
}

void Lowering::launchAtLoad(plan::KernelOp made, KernelBuilder &kernel,
                            int64_t tasks, llvm::ArrayRef<Value> results,
                            llvm::ArrayRef<Value> stored, int64_t bytes,
                            Location loc) {
  // Before the steps.
  OpBuilder::InsertionGuard guard(builder);
  for (auto launch : program.getBody().getOps<plan::LaunchOp>())
    if (!launch.getInit()) {
      builder.setInsertionPoint(launch);
      break;
    }
  llvm::SmallVector<Value> operands(results);
  llvm::append_range(operands, stored);
  llvm::SmallVector<Expr> zeros(operands.size(), pool.integer(0));
  makeLaunch(made, kernel, pool.integer(tasks), operands, zeros,
             pool.integer(0), pool.integer(bytes), loc)
      .setInit(true);
}

Value Lowering::buffer(Value value) {
  value = memoryOf(value);
  if (isParameter(value))
    return weightBuffer(value, "plain");
  Value &known = buffers[value];
  if (known)
    return known;
  auto fused = value.getDefiningOp<tfm::FusedOp>();
  if (fused && inPlace.erase(fused)) {
    // Somebody needs it as memory after all.
    materialize(fused);
    return buffers[value];
  }
  auto kind = plan::BufferKind::Scratch;
  int64_t number = -1;
  if (auto argument = llvm::dyn_cast<BlockArgument>(value)) {
    kind = plan::BufferKind::Input;
    number = argument.getArgNumber();
  } else {
    // The first output that this memory is for, if any.
    auto ret =
        llvm::cast<func::ReturnOp>(function.getBody().front().getTerminator());
    for (auto [i, operand] : llvm::enumerate(ret.getOperands()))
      if (memoryOf(operand) == value) {
        kind = plan::BufferKind::Output;
        number = i;
        break;
      }
  }
  known = makeBuffer(value.getLoc(), kind,
                     byteSize(llvm::cast<RankedTensorType>(value.getType())),
                     number);
  return known;
}

/// Outputs that are no memory of their own (inputs, weights, a second name of
/// one value) are copied.
void Lowering::lowerReturn(func::ReturnOp op) {
  for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
    Value source = buffer(operand);
    auto definition = source.getDefiningOp<plan::BufferOp>();
    if (definition.getKind() == plan::BufferKind::Output &&
        static_cast<size_t>(definition.getNumber()) == i)
      continue;
    Value memory = memoryOf(operand);
    auto type = llvm::cast<RankedTensorType>(memory.getType());
    if (isNarrow(type.getElementType()))
      type = bytesOf(type);
    Value target =
        makeBuffer(op.getLoc(), plan::BufferKind::Output, byteSize(type), i);
    Expr count = countOf(shapes.dims(type)), index = pool.index("i", count);
    KernelBuilder kernel(lifter, op.getLoc());
    kernel.param("extents", kernel.extents({count}));
    int64_t chunk = chunkFor({count}, kTaskElements);
    kernel.param("chunk", chunk);
    Expr load = pool.load(ElementLifter::exprType(type.getElementType()),
                          lifter.number(memory), {&index, 1});
    kernel.flatRegion({index}, load);
    launchInto(kernel, plan::Family::Map,
               "copy_" + typeName(type.getElementType()), type, target,
               gridOf({count}, chunk), pool.integer(0), op.getLoc());
  }
}

ArrayAttr Lowering::sources(Location loc) {
  llvm::SetVector<Attribute> names;
  llvm::SmallVector<Location> work{loc};
  while (!work.empty()) {
    Location next = work.pop_back_val();
    if (auto name = llvm::dyn_cast<NameLoc>(next))
      names.insert(name.getName());
    else if (auto fused = llvm::dyn_cast<FusedLoc>(next))
      llvm::append_range(work, llvm::reverse(fused.getLocations()));
  }
  return builder.getArrayAttr(names.takeVector());
}

void Lowering::launch(KernelBuilder &kernel, plan::Family family,
                      llvm::StringRef name, llvm::ArrayRef<Value> results,
                      llvm::ArrayRef<Expr> grid, Expr flops, Location loc) {
  llvm::SmallVector<RankedTensorType> types;
  llvm::SmallVector<Value> outs;
  for (Value result : results) {
    types.push_back(llvm::cast<RankedTensorType>(result.getType()));
    outs.push_back(buffer(result));
  }
  launchInto(kernel, family, name, types, outs, grid, flops, loc);
}

void Lowering::launchInto(KernelBuilder &kernel, plan::Family family,
                          llvm::StringRef name,
                          llvm::ArrayRef<RankedTensorType> types,
                          llvm::ArrayRef<Value> outs, llvm::ArrayRef<Expr> grid,
                          Expr flops, Location loc) {
  llvm::SmallVector<Type> elements;
  Expr bytes = pool.integer(0);
  for (RankedTensorType type : types) {
    elements.push_back(type.getElementType());
    bytes = pool.add(bytes, byteSize(type));
  }
  plan::KernelOp made = kernels.intern(kernel.finish(family, name, elements));
  llvm::SmallVector<Value> operands(outs), weights;
  llvm::SmallVector<Expr> offsets(outs.size(), pool.integer(0));
  for (auto [i, in] : llvm::enumerate(kernel.inputs())) {
    bool isWeight = i >= 1 && i <= made.numWeights();
    if (i == 1 && made.isQuantized() &&
        llvm::isa<Float8E4M3FNType>(made.inType(0)))
      weights = {weightBuffer(in.value, target.linearLayout),
                 weightBuffer(kernel.inputs()[2].value, "plain")};
    else if (i == 1 && made.isQuantized() && target.arrangesQuantized)
      weights = arranged(made, kernel.inputs());
    operands.push_back(!isWeight         ? buffer(in.value)
                       : weights.empty() ? linearWeight(in.value)
                                         : weights[i - 1]);
    offsets.push_back(in.byteOffset);
    auto inType = llvm::cast<RankedTensorType>(in.value.getType());
    Expr read = made.getParams().contains("page_rows") && (i == 1 || i == 2)
                    ? bytesOfPages(made, kernel, inType)
                    : byteSize(inType);
    // Of a table, at most an element for each one that is computed.
    bool isTable =
        inType.getRank() > 1 && in.value.getDefiningOp<tfm::GetWeightOp>();
    if (isTable &&
        (family == plan::Family::Map || family == plan::Family::Norm))
      read = pool.min(read, byteSize(RankedTensorType(types[0]).clone(
                                inType.getElementType())));
    bytes = pool.add(bytes, read);
  }
  Expr tasks = countOf(grid);
  if (target.hasFineTasks)
    grid = tasks;
  makeLaunch(made, kernel, grid, operands, offsets, flops, bytes, loc);
}

plan::LaunchOp Lowering::makeLaunch(plan::KernelOp made, KernelBuilder &kernel,
                                    llvm::ArrayRef<Expr> grid,
                                    ValueRange buffers,
                                    llvm::ArrayRef<Expr> offsets, Expr flops,
                                    Expr bytes, Location loc) {
  MLIRContext *context = builder.getContext();
  return plan::LaunchOp::create(
      builder, loc, FlatSymbolRefAttr::get(made.getSymNameAttr()),
      shapes.attr(context, grid), buffers, shapes.attr(context, offsets),
      shapes.attr(context, kernel.scalars()), shapes.attr(context, flops),
      shapes.attr(context, bytes), sources(loc), /*init=*/UnitAttr());
}

void Lowering::atLeastOne(llvm::SmallVector<Expr> &dims,
                          llvm::SmallVector<Expr> &indices) {
  if (!dims.empty())
    return;
  dims.push_back(pool.integer(1));
  indices.push_back(pool.integer(0));
}

Expr Lowering::rows(llvm::ArrayRef<Expr> dims) {
  return countOf(dims.empty() ? dims : dims.drop_back());
}

int64_t Lowering::chunkFor(llvm::ArrayRef<Expr> dims, int64_t elementsATask) {
  if (target.hasFineTasks)
    return 1;
  if (dims.size() <= 1)
    return elementsATask;
  int64_t row = pool.constantInt(dims.back()).value_or(128);
  return std::max<int64_t>(1, elementsATask / std::max<int64_t>(1, row));
}

/// Tasks of `chunk` rows each; for one dim, of `chunk` elements.
Expr Lowering::rowGridOf(llvm::ArrayRef<Expr> dims, int64_t chunk) {
  Expr count = dims.size() == 1 ? dims[0] : rows(dims);
  // Rows without elements need no task.
  if (dims.size() > 1 && !pool.proveGe(dims.back(), pool.integer(1)))
    count = pool.mul(count, pool.min(dims.back(), pool.integer(1)));
  return pool.ceilDiv(count, pool.integer(chunk));
}

llvm::SmallVector<Expr> Lowering::rowCoordinates(Expr row, Expr col,
                                                 llvm::ArrayRef<Expr> dims,
                                                 size_t axis) {
  // Everything cancels again in offsets of tensors that lie row-major.
  llvm::SmallVector<Expr> at(dims.size(), pool.integer(0));
  auto spread = [&](Expr flat, size_t from, size_t to) {
    for (size_t i = to; i-- > from;) {
      at[i] = i == from ? flat : pool.mod(flat, dims[i]);
      flat = pool.floorDiv(flat, dims[i]);
    }
  };
  spread(row, 0, axis);
  spread(col, axis, dims.size());
  return at;
}

} // namespace ingot
