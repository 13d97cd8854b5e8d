#include "passes/RowPacker.h"

#include "ir/lift/RegionBuilder.h"
#include "passes/Match.h"
#include "passes/Passes.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace ingot {

RankedTensorType RowPacker::packedType(Value value) {
  auto type = tfm::tensorTypeOf(value);
  ShapeContext::Dims dims = shapes.dims(type);
  dims[0] = pool.integer(1);
  dims[1] = kept;
  return shapes.type(dims, type.getElementType());
}

Value RowPacker::generate(Location loc, llvm::ArrayRef<Expr> dims, Type element,
                          llvm::ArrayRef<Expr> indices, Expr value) {
  Value made = buildFused(builder, loc, exact, shapes.type(dims, element),
                          indices, value);
  exact.makeOpaque(made);
  return made;
}

Expr RowPacker::load(Value tensor, llvm::ArrayRef<Expr> at) {
  Type element = tfm::tensorTypeOf(tensor).getElementType();
  return pool.load(ElementLifter::exprType(element), exact.number(tensor),
                   {at.data(), at.size()});
}

llvm::SmallVector<Expr> RowPacker::coordinatesOf(Expr load) {
  std::span<const Expr> at = pool.operands(load);
  return {at.begin(), at.end()};
}

/// A name that no symbol has.
static std::string nameOfCount(ArrayAttr symbols, bool isOfPadding) {
  std::string name = isOfPadding ? "padding_rows" : "kept_rows";
  auto isTaken = [&](Attribute symbol) {
    return llvm::cast<tfm::SymbolAttr>(symbol).getName() == name;
  };
  while (llvm::any_of(symbols, isTaken))
    name += "_";
  return name;
}

void RowPacker::begin() {
  func::FuncOp function = rows.function;
  Block &body = function.getBody().front();
  MLIRContext *context = builder.getContext();
  auto symbols = function->getAttrOfType<ArrayAttr>("tfm.symbols");
  if (!symbols)
    symbols = builder.getArrayAttr({});
  std::string name = nameOfCount(symbols, rows.mask.keepsZeros);
  BlockArgument input = rows.mask.input;
  llvm::SmallVector<Attribute> all(symbols.begin(), symbols.end());
  all.push_back(tfm::SymbolAttr::get(
      context, builder.getStringAttr(name), /*min=*/0, /*max=*/-1,
      input.getArgNumber(), tfm::SymbolAttr::kCountAxis));
  function->setAttr("tfm.symbols", builder.getArrayAttr(all));

  Expr tokens = pool.mul(rows.batch, rows.sequence), count = pool.symbol(name);
  kept = rows.mask.keepsZeros ? pool.sub(tokens, count) : count;
  row = shapes.index("r", kept);
  builder.setInsertionPointToStart(&body);
  for (auto require : body.getOps<tfm::RequireOp>())
    builder.setInsertionPointAfter(require);
  // What counts keys in 32 bits (plan.kernel).
  if (!pool.proveGe(pool.integer(INT32_MAX), tokens)) {
    auto inputName =
        function.getArgAttrOfType<StringAttr>(input.getArgNumber(), "tfm.name");
    tfm::RequireOp::create(
        builder, input.getLoc(), tfm::Comparison::Le,
        shapes.attr(context, {tokens, pool.integer(INT32_MAX)}),
        ("rows of '" + (inputName ? inputName.getValue() : "the mask") +
         "' are packed")
            .str());
  }
  placeTokens();
  placeKeys();
}

/// Where each row comes from, and where each token went.
void RowPacker::placeTokens() {
  Location loc = rows.mask.input.getLoc();
  Type i64 = builder.getI64Type();
  llvm::SmallVector<Expr> dims{rows.batch, rows.sequence}, at{rows.b, rows.s};
  Expr keeps = rows.mask.keeps(pool, load(rows.mask.input, at));
  Value source = rows.mask.input;
  if (rows.mask.keepsZeros)
    source = generate(loc, dims, builder.getI1Type(), at, keeps);
  RankedTensorType list = shapes.type(kept, i64);
  auto found =
      tfm::NonZeroOp::create(builder, loc, TypeRange{list, list}, source);
  sequences = found.getResult(0);
  positions = found.getResult(1);
  Expr flat = pool.mul(rows.batch, rows.sequence);
  RankedTensorType line = shapes.type(flat, i64);
  Value ones = generate(loc, dims, i64, at, pool.boolToInt(keeps));
  Value sums = tfm::CumSumOp::create(
      builder, loc, tfm::ReshapeOp::create(builder, loc, line, ones),
      /*axis=*/0, /*exclusive=*/true, /*reverse=*/false);
  slots = tfm::ReshapeOp::create(builder, loc, shapes.type(dims, i64), sums);
  for (Value value : {sequences, positions, slots})
    exact.makeOpaque(value);
}

/// The rows of its own sequence, for each row.
void RowPacker::placeKeys() {
  Location loc = rows.mask.input.getLoc();
  Expr zero = pool.integer(0), one = pool.integer(1);
  Expr sequence = load(sequences, row), next = pool.add(sequence, one);
  auto firstOf = [&](Expr sequence) { return load(slots, {sequence, zero}); };
  auto bound = [&](Expr value) {
    return generate(loc, {one, kept}, builder.getI64Type(), {zero, row}, value);
  };
  keyBegin = bound(firstOf(sequence));
  keyEnd =
      bound(pool.constantInt(rows.batch) == 1
                ? kept
                : pool.select(pool.lt(next, rows.batch), firstOf(next), kept));
}

Expr RowPacker::atRow(Expr expr) {
  return pool.replace(expr, [&](Expr node) -> std::optional<Expr> {
    ExprKind kind = pool.kind(node);
    if (kind == ExprKind::Index && node == rows.b)
      return load(sequences, row);
    if (kind == ExprKind::Index && node == rows.s)
      return load(positions, row);
    if (kind != ExprKind::Load || pool.loadTensor(node) >= kRegionArgument)
      return std::nullopt;
    Value tensor = exact.tensor(pool.loadTensor(node));
    llvm::SmallVector<Expr> at = coordinatesOf(node);
    if (Value known = packed.lookup(tensor)) {
      assert(at[0] == rows.b && at[1] == rows.s && "read at another token");
      tensor = known;
      at[0] = pool.integer(0);
      at[1] = row;
    }
    for (Expr &coordinate : at)
      coordinate = atRow(coordinate);
    return load(tensor, at);
  });
}

Value RowPacker::rowsOf(Value value) {
  if (Value known = packed.lookup(value))
    return known;
  Value &known = gathered[value];
  if (known)
    return known;
  llvm::SmallVector<Expr> at = shapes.indices(shapes.dims(value), "i");
  llvm::SmallVector<Expr> target(at);
  target[0] = pool.integer(0);
  target[1] = row;
  at[0] = load(sequences, row);
  at[1] = load(positions, row);
  RankedTensorType type = packedType(value);
  return known = generate(value.getLoc(), shapes.dims(type),
                          type.getElementType(), target, load(value, at));
}

void RowPacker::pack(Operation *op) {
  builder.setInsertionPoint(op);
  if (auto fused = llvm::dyn_cast<tfm::FusedOp>(op))
    packFused(fused);
  else if (auto attention = llvm::dyn_cast<tfm::AttentionOp>(op))
    packAttention(attention);
  else
    packOther(op);
}

void RowPacker::packFused(tfm::FusedOp op) {
  llvm::SmallVector<Expr> at = shapes.indices(shapes.dims(op.getResult()), "i");
  at[0] = rows.b;
  at[1] = rows.s;
  Expr element = atRow(exact.definition(op.getResult(), at));
  at[0] = pool.integer(0);
  at[1] = row;
  RankedTensorType type = packedType(op.getResult());
  packed[op.getResult()] = generate(op.getLoc(), shapes.dims(type),
                                    type.getElementType(), at, element);
}

/// Tokens of one sequence are in order: a comparison of their positions alone
/// is one of rows. All else that reads positions reads where the rows are from.
Expr RowPacker::packedScore(const Score &score, Expr q, Expr k) {
  auto isIndex = [&](Expr node, Expr index) {
    return node == index && pool.kind(node) == ExprKind::Index;
  };
  auto uses = [&](Expr node, Expr index) {
    return pool.kind(index) == ExprKind::Index && pool.contains(node, index);
  };
  // `of`: the row whose sequence is meant.
  std::function<Expr(Expr, Expr)> at = [&](Expr expr, Expr of) {
    return pool.replace(expr, [&](Expr node) -> std::optional<Expr> {
      if (isIndex(node, score.b))
        return load(sequences, of);
      if (isIndex(node, score.q))
        return load(positions, q);
      if (isIndex(node, score.k))
        return load(positions, k);
      if (pool.kind(node) == ExprKind::Ge)
        if (auto ofK = pool.splitLinear(pool.operands(node)[0], score.k))
          for (int64_t slope : {1, -1}) {
            Expr later = pool.sub(score.k, score.q);
            Expr order =
                slope == 1 ? pool.sub(later, pool.integer(1)) : pool.neg(later);
            if (pool.operands(node)[0] == order)
              return slope == 1 ? pool.lt(q, k) : pool.ge(q, k);
          }
      if (pool.kind(node) != ExprKind::Load ||
          pool.loadTensor(node) >= kRegionArgument)
        return std::nullopt;
      // Both are of one sequence; the row that varies less is cheaper to read.
      Expr owner = uses(node, score.k) && !uses(node, score.q) ? k : q;
      llvm::SmallVector<Expr> coordinates = coordinatesOf(node);
      for (Expr &coordinate : coordinates)
        coordinate = at(coordinate, owner);
      return load(exact.tensor(pool.loadTensor(node)), coordinates);
    });
  };
  return at(score.value, q);
}

void RowPacker::packAttention(tfm::AttentionOp op) {
  Score score = *readScore(exact, op);
  PaddingReader reader(exact);
  score.value = rows.mask.given(
      pool, score.value, /*there=*/true, /*asOne=*/false, [&](Expr load) {
        return reader.reads(rows.mask, load, score.b, score.k) ||
               reader.reads(rows.mask, load, score.b, score.q);
      });
  Expr q = shapes.index("q", kept), k = shapes.index("k", kept);
  Score there{score.leaf, pool.integer(0), score.h, q, k, {}};
  there.value = packedScore(score, q, k);
  bool readsMask = llvm::any_of(pool.reachable(there.value), [&](Expr node) {
    return pool.kind(node) == ExprKind::Load &&
           pool.loadTensor(node) < kRegionArgument &&
           exact.tensor(pool.loadTensor(node)) == rows.mask.input;
  });
  llvm::SmallVector<Attribute> terms;
  for (Attribute term : op.getTerms())
    if (readsMask || llvm::cast<StringAttr>(term) != "key_valid")
      terms.push_back(term);
  auto made = tfm::AttentionOp::create(
      builder, op.getLoc(), packedType(op.getResult()), rowsOf(op.getQuery()),
      rowsOf(op.getKey()), rowsOf(op.getValue()),
      /*pages=*/Value(), keyBegin, keyEnd, op.getScale(),
      builder.getArrayAttr(terms), op.getEmptyRows());
  made->setAttr(kSequencesAttr, shapes.attr(builder.getContext(), rows.batch));
  if (there.value != there.leaf) {
    Block &block = made.getScoreMod().emplaceBlock();
    block.addArgument(builder.getF32Type(), op.getLoc());
    for (int i = 0; i < 4; ++i)
      block.addArgument(builder.getI64Type(), op.getLoc());
    buildRegion(builder, op.getLoc(), exact, block, there.arguments(),
                there.value);
  }
  exact.makeOpaque(made.getResult());
  packed[op.getResult()] = made.getResult();
}

void RowPacker::packOther(Operation *op) {
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    ShapeContext::Dims dims = shapes.dims(operand);
    if (dims.size() >= 2 && dims[0] == rows.batch && dims[1] == rows.sequence &&
        !isParameter(operand))
      mapping.map(operand, rowsOf(operand));
  }
  Operation *made = builder.clone(*op, mapping);
  for (auto [before, after] :
       llvm::zip_equal(op->getResults(), made->getResults())) {
    after.setType(packedType(before));
    exact.makeOpaque(after);
    packed[before] = after;
  }
}

Expr RowPacker::unpackedElement(Value value, llvm::ArrayRef<Expr> at) {
  llvm::SmallVector<Expr> source(at);
  source[0] = pool.integer(0);
  source[1] = load(slots, at.take_front(2));
  Expr element = load(packed.lookup(value), source);
  ExprType type = pool.type(element);
  Expr zero = type == ExprType::Int    ? pool.integer(0)
              : type == ExprType::Bool ? pool.boolean(false)
                                       : pool.floatConst(type, 0);
  Expr mask = load(rows.mask.input, at.take_front(2));
  return pool.select(rows.mask.keeps(pool, mask), element, zero);
}

Value RowPacker::unpacked(Value value) {
  Value &known = spread[value];
  if (known)
    return known;
  auto type = tfm::tensorTypeOf(value);
  ShapeContext::Dims dims = shapes.dims(type);
  llvm::SmallVector<Expr> at = shapes.indices(dims, "i");
  return known = generate(value.getLoc(), dims, type.getElementType(), at,
                          unpackedElement(value, at));
}

/// Reads of tokens within the chain that needs them: few of many, often.
bool RowPacker::unpackInPlace(tfm::FusedOp op) {
  Value result = op.getResult();
  ShapeContext::Dims dims = shapes.dims(result);
  llvm::SmallVector<Expr> at = shapes.indices(dims, "i");
  Expr element = exact.definition(result, at);
  if (pool.kind(element) == ExprKind::Load &&
      exact.tensor(pool.loadTensor(element)) == result)
    return false;
  std::function<Expr(Expr)> spreadLoads = [&](Expr expr) {
    return pool.replace(expr, [&](Expr node) -> std::optional<Expr> {
      if (pool.kind(node) != ExprKind::Load ||
          !packed.contains(exact.tensor(pool.loadTensor(node))))
        return std::nullopt;
      llvm::SmallVector<Expr> where = coordinatesOf(node);
      for (Expr &coordinate : where)
        coordinate = spreadLoads(coordinate);
      return unpackedElement(exact.tensor(pool.loadTensor(node)), where);
    });
  };
  Value made = generate(op.getLoc(), dims, op.getType().getElementType(), at,
                        spreadLoads(element));
  result.replaceAllUsesWith(made);
  return true;
}

void RowPacker::unpackReads(Operation *op) {
  llvm::SmallVector<OpOperand *> uses;
  op->walk([&](Operation *inner) {
    for (OpOperand &use : inner->getOpOperands())
      if (packed.contains(use.get()))
        uses.push_back(&use);
  });
  if (uses.empty())
    return;
  builder.setInsertionPoint(op);
  auto fused = llvm::dyn_cast<tfm::FusedOp>(op);
  if (fused && unpackInPlace(fused))
    return;
  for (OpOperand *use : uses)
    use->set(unpacked(use->get()));
}

} // namespace ingot
