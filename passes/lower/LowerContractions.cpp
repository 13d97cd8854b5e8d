// Steps that multiply matrices: linear, attention, convolution.
#include "passes/lower/Lowering.h"

#include "ir/lift/LiftRules.h"
#include "passes/Match.h"
#include "passes/Passes.h"
#include "passes/WeightRecipes.h"

using namespace mlir;

namespace ingot {

/// `value`, a parameter, with elements of `type`.
static Value castTo(OpBuilder &builder, Value value, Type type) {
  RankedTensorType from = tfm::tensorTypeOf(value);
  if (from.getElementType() == type)
    return value;
  return tfm::CastOp::create(builder, value.getLoc(), from.clone(type), value);
}

Value Lowering::dequantizedWeight(tfm::LinearOp op) {
  OpBuilder beside(op);
  Type type = tfm::tensorTypeOf(op.getWeight())
                  .clone(op.getInput().getType().getElementType());
  OwningOpRef<tfm::DequantizeOp> dequantize = tfm::DequantizeOp::create(
      beside, op.getLoc(), type, op.getWeight(), op.getScales(), op.getZeros(),
      beside.getI64IntegerAttr(0), op.getBlockAttr());
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "dequantized " << type << " by " << *op.getBlock();
  for (Value operand : dequantize->getOperands())
    os << " " << weightSymbol(operand);
  FlatSymbolRefAttr &weight = derivedWeights[text];
  if (!weight)
    weight = WeightRecipes(module).define(*dequantize);
  return tfm::GetWeightOp::create(beside, op.getLoc(), type, weight);
}

LogicalResult Lowering::lowerLinear(tfm::LinearOp op) {
  Dims inputDims = shapes.dims(op.getInput()),
       weightDims = shapes.dims(op.getWeight());
  std::optional<int64_t> k = pool.constantInt(weightDims[0]),
                         n = pool.constantInt(weightDims[1]);
  if (!k || !n)
    return op.emitError("the weight's dims are no numbers");
  auto narrowed = op.getWeight().getDefiningOp<tfm::CastOp>();
  for (Value value :
       SmallVector<Value>{narrowed ? narrowed.getInput() : op.getWeight(),
                          op.getScales(), op.getZeros()})
    if (value && !isParameter(value))
      return op.emitError("the weight is neither stored nor a constant");
  Expr m = countOf(llvm::ArrayRef<Expr>(inputDims).drop_back());
  KernelBuilder kernel(lifter, op.getLoc());
  View input = viewOf(kernel, op.getInput());
  std::optional<Expr> lda = rowStride(op.getInput(), input);
  assert(lda && "only views of rows at one stride are read in place");
  Type element = op.getInput().getType().getElementType();
  kernel.viewInput(input.memory, bytesAt(input.offset, element));
  std::string weightName;
  // No kernel has zero points of floats.
  bool hasFloatZeros =
      op.getZeros() &&
      llvm::isa<FloatType>(tfm::tensorTypeOf(op.getWeight()).getElementType());
  // Rows of f8 are there only for kernels that multiply them: widen-rows.
  bool isQuantized =
      op.isQuantized() && !hasFloatZeros &&
      (llvm::isa<Float8E4M3FNType>(element) ||
       target.multipliesQuantized(element, tfm::tensorTypeOf(op.getWeight()),
                                  *op.getBlock()));
  if (isQuantized) {
    OpBuilder beside(op);
    Expr zero = pool.integer(0);
    kernel.viewInput(op.getWeight(), zero);
    kernel.viewInput(castTo(beside, op.getScales(), beside.getF32Type()), zero);
    kernel.param("block", *op.getBlock());
    Type quantized = tfm::tensorTypeOf(op.getWeight()).getElementType();
    if (op.getZeros()) {
      auto byte =
          IntegerType::get(op.getContext(), 8,
                           llvm::cast<IntegerType>(quantized).getSignedness());
      kernel.viewInput(castTo(beside, op.getZeros(), byte), zero);
      kernel.param("zeros", beside.getBoolAttr(true));
    }
    weightName =
        "_" + typeName(quantized) + "_b" + std::to_string(*op.getBlock());
  } else {
    kernel.viewInput(op.isQuantized() ? dequantizedWeight(op) : op.getWeight(),
                     pool.integer(0));
  }

  Expr row = shapes.index("m", m), col = shapes.index("n", weightDims[1]);
  Expr accumulator = kernel.argument(ExprType::F32, 0), value = accumulator;
  auto add = [&](Expr a, Expr b) {
    Expr operands[] = {a, pool.floatCast(ExprType::F32, b)};
    return pool.apply(ScalarOp::Add, ExprType::F32, operands);
  };
  if (op.getBias())
    value = add(value, lifter.element(op.getBias(), col));
  if (!op.getEpilogue().empty()) {
    std::optional<Expr> mapped =
        LiftRules{lifter, pool, shapes}.region(op.getEpilogue().front(), value);
    if (!mapped)
      return op.emitError(
          "its epilogue holds an operation without a meaning on expressions");
    value = *mapped;
  }
  if (op.getResidual())
    value =
        add(value,
            lifter.element(op.getResidual(),
                           rowCoordinates(row, col, shapes.dims(op.getResult()),
                                          inputDims.size() - 1)));
  value = pool.floatCast(ElementLifter::exprType(op.getType().getElementType()),
                         value);
  Dims storedDims = shapes.dims(storedBy(op));
  value = finish(
      kernel, op, value,
      rowCoordinates(row, col, storedDims, *axisOf(storedDims, weightDims[1])));
  LinearTasks tasks = target.linearTasks(*n);
  kernel.param("m", kernel.extent(m));
  kernel.param("n", *n);
  kernel.param("k", *k);
  kernel.param("lda", kernel.extent(*lda));
  kernel.param("rows", tasks.rows);
  kernel.param("panels", 1);
  roundProducts(kernel);
  kernel.flatRegion({accumulator, row, col}, value);
  std::string name = "linear_" + typeName(element) + weightName + "_k" +
                     std::to_string(*k) + "_n" + std::to_string(*n);
  for (Operation &inner : op.getEpilogue().getOps())
    if (auto apply = llvm::dyn_cast<tfm::ApplyOp>(inner)) {
      std::string_view mnemonic = scalarMnemonic(apply.getOp().getValue());
      name += "_" + std::string(mnemonic);
    }
  if (op.getResidual())
    name += "_residual";
  auto across = [&](int64_t columns) {
    return pool.integer(llvm::divideCeil(*n, columns));
  };
  llvm::SmallVector<Expr> grid{across(tasks.columns),
                               pool.ceilDiv(m, pool.integer(tasks.rows))};
  if (tasks.columnsOfFewRows)
    grid = {pool.max(countOf(grid), pool.mul(across(tasks.columnsOfFewRows),
                                             pool.min(m, pool.integer(1))))};
  launch(kernel, plan::Family::Linear, name, {storedBy(op)}, grid,
         pool.scale(pool.scale(m, *n), 2 * *k), op.getLoc());
  return success();
}

/// The n of a causal mask: query q keeps none of the keys from q + n on.
/// Nothing where it keeps them, or fills with so little that they count.
static std::optional<Expr> causalKeys(ExprPool &pool, Expr score, Expr q,
                                      Expr k, tfm::EmptyRows emptyRows) {
  if (emptyRows == tfm::EmptyRows::Scores)
    return std::nullopt;
  double fill = emptyRows == tfm::EmptyRows::Mean
                    ? -1e30
                    : -std::numeric_limits<double>::infinity();
  for (Expr node : pool.reachable(score)) {
    if (pool.kind(node) != ExprKind::Ge)
      continue;
    // slope * (k - q) + rest >= 0
    auto ofK = pool.splitLinear(pool.operands(node)[0], k);
    auto ofQ = ofK ? pool.splitLinear(ofK->second, q) : std::nullopt;
    if (!ofQ)
      continue;
    int64_t slope = pool.constantInt(ofK->first).value_or(0);
    Expr rest = ofQ->second;
    bool isOfSymbols = pool.indices(rest).empty() &&
                       llvm::none_of(pool.reachable(rest), [&](Expr part) {
                         return pool.kind(part) == ExprKind::Load;
                       });
    if ((slope != 1 && slope != -1) || pool.constantInt(ofQ->first) != -slope ||
        !isOfSymbols)
      continue;
    // Later keys are where it does not hold, or where it does.
    Expr later = pool.replace(score, [&](Expr part) -> std::optional<Expr> {
      return part == node ? std::optional(pool.boolean(slope == 1))
                          : std::nullopt;
    });
    if (!isFilled(pool, later, fill))
      continue;
    Expr keys = slope == -1 ? pool.add(rest, pool.integer(1))
                            : pool.sub(pool.integer(0), rest);
    if (pool.constantInt(keys).value_or(0) >= 0)
      return keys;
  }
  return std::nullopt;
}

LogicalResult Lowering::lowerAttention(tfm::AttentionOp op) {
  Dims q = shapes.dims(op.getQuery()), k = shapes.dims(op.getKey()),
       v = shapes.dims(op.getValue());
  std::optional<int64_t> heads = pool.constantInt(q[2]),
                         groups = pool.constantInt(k[2]),
                         d = pool.constantInt(q[3]),
                         dv = pool.constantInt(v[3]);
  if (!heads || !groups || !d || !dv || *groups == 0)
    return op.emitError("heads and head dims have to be numbers");
  KernelBuilder kernel(lifter, op.getLoc());
  // Packed projections and caches in another order are read as they lie.
  auto operand = [&](Value value, llvm::StringRef strides) {
    View view = viewOf(kernel, value);
    assert(isContiguous(value, view) &&
           "only views with contiguous heads are read in place");
    Type element = tfm::tensorTypeOf(value).getElementType();
    kernel.viewInput(view.memory, bytesAt(view.offset, element));
    kernel.param(strides, kernel.extents({view.strides[0], view.strides[1],
                                          view.strides[2]}));
  };
  operand(op.getQuery(), "q_strides");
  operand(op.getKey(), "k_strides");
  operand(op.getValue(), "v_strides");

  Expr batch = q[0], queries = q[1], keys = k[1];
  if (op.getPages()) {
    Expr pages = shapes.dims(op.getPages())[1];
    kernel.viewInput(op.getPages(), pool.integer(0));
    kernel.param("page_rows", kernel.extent(keys));
    kernel.param("pages", kernel.extent(pages));
    kernel.param("cached_pages", kernel.extent(k[0]));
    keys = pool.mul(pages, keys);
  }
  if (op.getKeyBegin()) {
    kernel.viewInput(op.getKeyBegin(), pool.integer(0));
    kernel.viewInput(op.getKeyEnd(), pool.integer(0));
    kernel.param("key_bounds", kernel.attributes().getBoolAttr(true));
  }
  Expr score = kernel.argument(ExprType::F32, 0);
  llvm::SmallVector<Expr> arguments{
      score, shapes.index("b", batch), shapes.index("h", q[2]),
      shapes.index("q", queries), shapes.index("k", keys)};
  Expr modified = score;
  if (!op.getScoreMod().empty()) {
    std::optional<Expr> mapped = LiftRules{lifter, pool, shapes}.region(
        op.getScoreMod().front(), arguments);
    if (!mapped)
      return op.emitError(
          "its score_mod holds an operation without a meaning on expressions");
    modified = *mapped;
  }
  int64_t rows = target.attentionRows(std::max(*d, *dv));
  kernel.param("batch", kernel.extent(batch));
  kernel.param("heads", *heads);
  kernel.param("queries", kernel.extent(queries));
  kernel.param("keys", kernel.extent(keys));
  kernel.param("d", *d);
  kernel.param("dv", *dv);
  kernel.param("group", *heads / *groups);
  kernel.param("scale", op.getScaleAttr());
  kernel.param("rows", rows);
  kernel.param("empty_rows", kernel.attributes().getStringAttr(
                                 tfm::stringifyEmptyRows(op.getEmptyRows())));
  Expr pairs = pool.mul(queries, keys);
  // Of sequences of one length; others have more.
  if (auto sequences = op->getAttrOfType<tfm::DimsAttr>(kSequencesAttr))
    pairs = pool.floorDiv(
        pairs, pool.max(pool.integer(1), shapes.parse(sequences.text(0))));
  if (std::optional<Expr> causal = causalKeys(
          pool, modified, arguments[3], arguments[4], op.getEmptyRows())) {
    kernel.param("causal_keys", kernel.extent(*causal));
    // The last query keeps all keys: a triangle less.
    if (pool.add(*causal, queries) == pool.add(keys, pool.integer(1)))
      pairs = pool.sub(
          pairs,
          pool.floorDiv(pool.mul(queries, pool.sub(queries, pool.integer(1))),
                        pool.integer(2)));
  }
  roundProducts(kernel);
  kernel.region(arguments, modified);
  std::string name = "attention_" +
                     typeName(op.getQuery().getType().getElementType()) + "_d" +
                     std::to_string(*d) + (op.getPages() ? "_pages" : "");
  Expr grid[] = {pool.ceilDiv(queries, pool.integer(rows)),
                 pool.integer(*heads), batch};
  Expr products = pool.scale(pool.mul(batch, pairs), *heads);
  launch(kernel, plan::Family::Attention, name, {op.getResult()}, grid,
         pool.scale(products, 2 * (*d + *dv)), op.getLoc());
  return success();
}

LogicalResult Lowering::lowerConv(tfm::ConvOp op) {
  Dims inputDims = shapes.dims(op.getInput()),
       weightDims = shapes.dims(op.getWeight()),
       dims = shapes.dims(op.getResult());
  std::optional<int64_t> outChannels = pool.constantInt(weightDims[0]);
  int64_t group = op.getGroup();
  if (!outChannels)
    return op.emitError("the number of output channels is no number");
  llvm::SmallVector<Expr> at = shapes.indices(dims, "i");
  llvm::SmallVector<Expr> reducedDims(weightDims.begin() + 1, weightDims.end());
  llvm::SmallVector<Expr> reduced = shapes.indices(reducedDims, "r");
  size_t spatial = dims.size() - 2;
  // Channel of the input: group number times channels a group, plus the reduced
  // one.
  Expr groupNumber = pool.floorDiv(at[1], pool.integer(*outChannels / group));
  llvm::SmallVector<Expr> source{
      at[0], pool.add(pool.mul(groupNumber, weightDims[1]), reduced[0])};
  Expr inside = pool.boolean(true);
  for (size_t i = 0; i < spatial; ++i) {
    Expr position = convPosition(pool, op, i, at[2 + i], reduced[1 + i]);
    inside = pool.logicalAnd(
        inside, pool.logicalAnd(pool.ge(position, pool.integer(0)),
                                pool.lt(position, inputDims[2 + i])));
    if (pool.constantBool(inside) != true) {
      // Clamped: what lies in the padding is not chosen.
      Expr last = pool.sub(inputDims[2 + i], pool.integer(1));
      position = pool.max(pool.integer(0), pool.min(position, last));
    }
    source.push_back(position);
  }
  llvm::SmallVector<Expr> weightAt{at[1]};
  llvm::append_range(weightAt, reduced);
  Expr x = lifter.element(op.getInput(), source);
  if (pool.constantBool(inside) != true)
    x = pool.select(inside, x, pool.floatConst(pool.type(x), 0));
  Expr factors[] = {x, lifter.element(op.getWeight(), weightAt)};
  KernelBuilder kernel(lifter, op.getLoc());
  int64_t chunk = 1;
  kernel.param("extents", kernel.extents(dims));
  kernel.param("reduce_extents", kernel.extents(reducedDims));
  kernel.param("kind", kernel.attributes().getStringAttr("sum"));
  kernel.param("chunk", chunk);
  llvm::SmallVector<Expr> arguments(at);
  llvm::append_range(arguments, reduced);
  kernel.region(arguments, pool.apply(ScalarOp::Mul, pool.type(x), factors));
  if (op.getBias() || epilogues.contains(op)) {
    Expr accumulator = kernel.argument(pool.type(x), 0), value = accumulator;
    if (op.getBias()) {
      Expr sum[] = {value, lifter.element(op.getBias(), at[1])};
      value = pool.apply(ScalarOp::Add, pool.type(x), sum);
    }
    llvm::SmallVector<Expr> arguments{accumulator};
    llvm::append_range(arguments, at);
    kernel.flatRegion(arguments, finish(kernel, op, value, at));
  }
  launch(kernel, plan::Family::Reduce, "conv_f32", {storedBy(op)},
         gridOf(dims, chunk),
         pool.scale(pool.mul(countOf(dims), countOf(reducedDims)), 2),
         op.getLoc());
  return success();
}

} // namespace ingot
