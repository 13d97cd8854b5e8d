#include "passes/lower/KernelBuilder.h"

#include "passes/lower/NarrowElements.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace ingot {

Value memoryOf(Value value) {
  while (auto reshape = value.getDefiningOp<tfm::ReshapeOp>())
    value = reshape.getInput();
  return value;
}

plan::KernelOp KernelTable::intern(plan::KernelOp kernel) {
  std::string base = kernel.getSymName().str(), text;
  llvm::raw_string_ostream os(text);
  kernel.print(os, OpPrintingFlags().useLocalScope());
  if (plan::KernelOp known = byText.lookup(text)) {
    kernel.erase();
    return known;
  }
  unsigned number = names[base]++;
  if (number)
    kernel.setSymName(base + "_" + std::to_string(number));
  module.push_back(kernel);
  byText[text] = kernel;
  return kernel;
}

unsigned KernelBuilder::input(Value value) {
  Value memory = memoryOf(value);
  auto [it, isNew] = inputNumbers.try_emplace(memory, ins.size());
  if (isNew) {
    Type element = tfm::tensorTypeOf(memory).getElementType();
    if (isNarrow(element))
      element = builder.getIntegerType(8, /*isSigned=*/false);
    ins.push_back({memory, pool.integer(0), element});
  }
  return it->second;
}

unsigned KernelBuilder::viewInput(Value value, Expr byteOffset) {
  Value memory = memoryOf(value);
  ins.push_back(
      {memory, byteOffset, tfm::tensorTypeOf(memory).getElementType()});
  return ins.size() - 1;
}

unsigned KernelBuilder::scalar(Expr symbolic) {
  for (auto [i, known] : llvm::enumerate(scalarExprs))
    if (known == symbolic)
      return i;
  scalarExprs.push_back(symbolic);
  return scalarExprs.size() - 1;
}

int64_t KernelBuilder::extent(Expr symbolic) {
  if (std::optional<int64_t> number = pool.constantInt(symbolic))
    return *number;
  return -1 - static_cast<int64_t>(scalar(symbolic));
}

DenseI64ArrayAttr KernelBuilder::extents(llvm::ArrayRef<Expr> symbolic) {
  llvm::SmallVector<int64_t> numbers;
  for (Expr e : symbolic)
    numbers.push_back(extent(e));
  return builder.getDenseI64ArrayAttr(numbers);
}

Expr KernelBuilder::argument(ExprType type, unsigned position) {
  return pool.load(type, kRegionArgument + position, {});
}

Expr KernelBuilder::recombine(Expr e) {
  for (bool changed = true; changed;) {
    changed = false;
    for (Expr atom : pool.operands(e)) {
      if (pool.kind(atom) != ExprKind::Mod)
        continue;
      Expr x = pool.operands(atom)[0], d = pool.operands(atom)[1];
      auto mod = pool.splitLinear(e, atom);
      if (!mod || pool.constantInt(mod->first) == 0)
        continue;
      Expr quotient = pool.floorDiv(x, d);
      if (pool.kind(quotient) != ExprKind::FloorDiv)
        continue;
      auto div = pool.splitLinear(mod->second, quotient);
      if (!div || div->first != pool.mul(mod->first, d))
        continue;
      e = pool.add(pool.mul(mod->first, x), div->second);
      changed = true;
      break;
    }
  }
  return e;
}

Expr KernelBuilder::flatLoad(Expr load) {
  Value tensor = lifter.tensor(pool.loadTensor(load));
  llvm::SmallVector<Expr> coordinates(pool.operands(load).begin(),
                                      pool.operands(load).end());
  ShapeContext::Dims dims = shapes.dims(tensor);
  Expr flat = pool.integer(0), stride = pool.integer(1);
  for (int axis = static_cast<int>(dims.size()) - 1; axis >= 0; --axis) {
    flat = pool.add(flat, pool.mul(flatten(coordinates[axis]), stride));
    stride = pool.mul(stride, dims[axis]);
  }
  flat = recombine(flat);
  return pool.load(pool.type(load), lifter.number(memoryOf(tensor)),
                   {&flat, 1});
}

Expr KernelBuilder::flatten(Expr root) {
  return pool.replace(root, [&](Expr node) -> std::optional<Expr> {
    if (pool.kind(node) != ExprKind::Load ||
        pool.loadTensor(node) >= kRegionArgument)
      return std::nullopt;
    Expr load = flatLoad(node);
    uint32_t memory = pool.loadTensor(load);
    Type element = tfm::tensorTypeOf(lifter.tensor(memory)).getElementType();
    return isNarrow(element)
               ? narrowElement(pool, memory, element, pool.operands(load)[0])
               : load;
  });
}

/// Inputs and scalars of an expression get their numbers before any region is
/// printed: all regions of a kernel have the same arguments.
void KernelBuilder::collect(const RegionSpec &spec) {
  if (spec.ops) {
    for (auto load : spec.ops->getOps<tfm::LoadOp>())
      input(load.getTensor());
    return;
  }
  for (Expr node : pool.reachable(spec.expr))
    if (pool.kind(node) == ExprKind::Load &&
        pool.loadTensor(node) < kRegionArgument)
      input(lifter.tensor(pool.loadTensor(node)));
}

plan::KernelOp KernelBuilder::finish(plan::Family family, llvm::StringRef name,
                                     TypeRange outs) {
  for (const RegionSpec &spec : regions)
    collect(spec);
  // A first printing numbers the scalars, the second knows how many there are.
  for (const RegionSpec &spec : regions) {
    Region scratch;
    fill(scratch, spec, outs);
  }
  llvm::SmallVector<Attribute> outTypes, inTypes;
  for (Type type : outs)
    outTypes.push_back(TypeAttr::get(type));
  for (const Input &in : ins)
    inTypes.push_back(TypeAttr::get(in.element));
  auto kernel = plan::KernelOp::create(
      builder, loc, builder.getStringAttr(name),
      plan::FamilyAttr::get(builder.getContext(), family),
      builder.getArrayAttr(outTypes), builder.getArrayAttr(inTypes),
      builder.getI64IntegerAttr(scalarExprs.size()),
      params.getDictionary(builder.getContext()), regions.size());
  for (auto [region, spec] : llvm::zip_equal(kernel.getBodies(), regions))
    fill(region, spec, outs);
  return kernel;
}

void KernelBuilder::fill(Region &region, const RegionSpec &spec,
                         TypeRange outs) {
  Block &block = region.emplaceBlock();
  Type i64 = builder.getI64Type();
  for (Expr argument : spec.arguments)
    block.addArgument(
        RegionBuilder::scalarType(builder.getContext(), pool.type(argument)),
        loc);
  for (const Input &in : ins)
    block.addArgument(RankedTensorType::get({ShapedType::kDynamic}, in.element),
                      loc);
  for (size_t k = 0; k < scalarExprs.size(); ++k)
    block.addArgument(i64, loc);
  size_t firstIn = spec.arguments.size(), firstScalar = firstIn + ins.size();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&block);
  RegionBuilder printer(
      builder, loc, pool,
      [&](uint32_t number, llvm::ArrayRef<Value> coordinates) -> Value {
        unsigned in = input(lifter.tensor(number));
        return tfm::LoadOp::create(
            builder, loc, tfm::scalarType(ins[in].element),
            block.getArgument(firstIn + in), coordinates);
      },
      [&](Expr symbolic) -> Value {
        unsigned k = scalar(symbolic);
        // Not there yet in the first printing.
        return firstScalar + k < block.getNumArguments()
                   ? Value(block.getArgument(firstScalar + k))
                   : Value(block.addArgument(i64, loc));
      });
  for (auto [i, argument] : llvm::enumerate(spec.arguments))
    if (!pool.constantInt(argument))
      printer.bind(argument, block.getArgument(i));
  Value result;
  if (spec.ops) {
    llvm::SmallVector<Value> leading(
        block.getArguments().take_front(spec.arguments.size()));
    result = copyOps(*spec.ops, printer, leading, [&](Value tensor) {
      return block.getArgument(firstIn + input(tensor));
    });
  } else {
    result = printer.emit(spec.expr);
  }
  // Expressions have no 8-bit floats, which the last region gives.
  if (&spec == &regions.back() && llvm::isa<FloatType>(outs[0]) &&
      isNarrow(outs[0]))
    result = tfm::ConvertOp::create(builder, loc, outs[0], result);
  tfm::YieldOp::create(builder, loc, result);
  RegionBuilder::eraseDead(block);
}

Value KernelBuilder::copyOps(Block &ops, RegionBuilder &printer,
                             llvm::ArrayRef<Value> arguments,
                             llvm::function_ref<Value(Value)> memory) {
  IRMapping mapping;
  for (auto [argument, value] : llvm::zip_equal(ops.getArguments(), arguments))
    mapping.map(argument, value);
  Type i64 = builder.getI64Type();
  auto apply = [&](ScalarOp op, Value a, Value b) -> Value {
    return tfm::ApplyOp::create(
        builder, loc, i64, tfm::ScalarOpAttr::get(builder.getContext(), op),
        ValueRange{a, b});
  };
  for (Operation &op : ops.without_terminator()) {
    // Constants may stand outside.
    for (Value operand : op.getOperands())
      if (auto outside = operand.getDefiningOp<arith::ConstantOp>();
          outside && !mapping.contains(operand))
        mapping.map(operand, builder.clone(*outside)->getResult(0));
    if (auto symbol = llvm::dyn_cast<tfm::SymbolOp>(op)) {
      mapping.map(symbol.getResult(),
                  printer.emit(shapes.parse(symbol.getExpr().text(0))));
    } else if (auto load = llvm::dyn_cast<tfm::LoadOp>(op)) {
      ShapeContext::Dims dims = shapes.dims(load.getTensor());
      Value flat = printer.emit(pool.integer(0));
      for (auto [axis, coordinate] : llvm::enumerate(load.getCoordinates())) {
        if (axis)
          flat = apply(ScalarOp::Mul, flat, printer.emit(dims[axis]));
        flat = apply(ScalarOp::Add, flat, mapping.lookup(coordinate));
      }
      Type element = tfm::tensorTypeOf(load.getTensor()).getElementType();
      if (isNarrow(element)) {
        Expr at = pool.index("flat" + std::to_string(pool.size()),
                             pool.integer(INT64_MAX));
        printer.bind(at, flat);
        uint32_t number = lifter.number(memoryOf(load.getTensor()));
        mapping.map(load.getResult(),
                    printer.emit(narrowElement(pool, number, element, at)));
        continue;
      }
      mapping.map(load.getResult(),
                  tfm::LoadOp::create(builder, loc, load.getType(),
                                      memory(load.getTensor()), flat)
                      .getResult());
    } else {
      builder.clone(op, mapping);
    }
  }
  return mapping.lookup(ops.getTerminator()->getOperand(0));
}

} // namespace ingot
