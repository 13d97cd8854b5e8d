#include "codegen/cpu/Emitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace ingot::cpu {

Type Emitter::shaped(Type like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like))
    return VectorType::get(vector.getShape(), element);
  return element;
}

VectorType Emitter::vec(Type element) {
  return VectorType::get(static_cast<int64_t>(target.lanes), element);
}

Value Emitter::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value Emitter::constant(Type type, double value) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr attr;
  if (isa<FloatType>(element))
    attr = b.getFloatAttr(element, value);
  else
    attr = b.getIntegerAttr(element, static_cast<int64_t>(value));
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(b, loc, attr);
}

Value Emitter::integer(Type type, int64_t value) {
  TypedAttr attr = b.getIntegerAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(b, loc, attr);
}

Value Emitter::add(Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(loc, x, y);
}
Value Emitter::sub(Value x, Value y) {
  return b.createOrFold<arith::SubIOp>(loc, x, y);
}
Value Emitter::mul(Value x, Value y) {
  return b.createOrFold<arith::MulIOp>(loc, x, y);
}
Value Emitter::min(Value x, Value y) {
  return b.createOrFold<arith::MinSIOp>(loc, x, y);
}
Value Emitter::floorDiv(Value x, Value y) {
  return b.createOrFold<arith::DivUIOp>(loc, x, y);
}
Value Emitter::ceilDiv(Value x, Value y) {
  return floorDiv(add(x, sub(y, index(1))), y);
}
Value Emitter::toIndex(Value x) {
  if (x.getType().isIndex())
    return x;
  return b.createOrFold<arith::IndexCastOp>(loc, b.getIndexType(), x);
}
Value Emitter::toI64(Value x) {
  if (!x.getType().isIndex())
    return x;
  return b.createOrFold<arith::IndexCastOp>(loc, b.getI64Type(), x);
}

ValueRange Emitter::loop(Value from, Value to, Value step, ValueRange init,
                         LoopBody body) {
  auto op = scf::ForOp::create(b, loc, from, to, step, init);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    SmallVector<Value> next =
        body(op.getInductionVar(), op.getRegionIterArgs());
    assert(next.size() == init.size() &&
           "loop carries another number of values");
    if (!init.empty())
      scf::YieldOp::create(b, loc, next);
  }
  return op.getResults();
}

void Emitter::loop(Value from, Value to, Value step,
                   llvm::function_ref<void(Value)> body) {
  loop(from, to, step, ValueRange{}, [&](Value iv, ValueRange) {
    body(iv);
    return SmallVector<Value>{};
  });
}

SmallVector<Value>
Emitter::loopWhile(ValueRange init,
                   llvm::function_ref<Value(ValueRange)> condition,
                   llvm::function_ref<SmallVector<Value>(ValueRange)> body) {
  auto op = scf::WhileOp::create(b, loc, init.getTypes(), init);
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Location> locs(init.size(), loc);
  Block *before = b.createBlock(&op.getBefore(), {}, init.getTypes(), locs);
  scf::ConditionOp::create(b, loc, condition(before->getArguments()),
                           before->getArguments());
  Block *after = b.createBlock(&op.getAfter(), {}, init.getTypes(), locs);
  scf::YieldOp::create(b, loc, body(after->getArguments()));
  return SmallVector<Value>(op.getResults());
}

void Emitter::ifThen(Value condition, llvm::function_ref<void()> then) {
  auto op = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  then();
}

Value Emitter::ifElse(Value condition, Type type,
                      llvm::function_ref<Value()> then,
                      llvm::function_ref<Value()> otherwise) {
  auto op = scf::IfOp::create(b, loc, TypeRange{type}, condition,
                              /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  scf::YieldOp::create(b, loc, then());
  b.setInsertionPointToStart(op.elseBlock());
  scf::YieldOp::create(b, loc, otherwise());
  return op.getResult(0);
}

SmallVector<Value> Emitter::ifElse(Value condition, ValueRange carried,
                                   Step then, Step otherwise) {
  auto op = scf::IfOp::create(b, loc, carried.getTypes(), condition,
                              /*addThenBlock=*/true, /*addElseBlock=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  scf::YieldOp::create(b, loc, then(carried));
  b.setInsertionPointToStart(op.elseBlock());
  scf::YieldOp::create(
      b, loc, otherwise ? otherwise(carried) : SmallVector<Value>(carried));
  return SmallVector<Value>(op.getResults());
}

Value Emitter::flat(Value pointer) {
  Type element = cast<MemRefType>(pointer.getType()).getElementType();
  auto type = MemRefType::get({ShapedType::kDynamic}, element);
  // The size is never looked at; a huge one keeps loads from folding to undef.
  return memref::ReinterpretCastOp::create(
      b, loc, type, pointer, b.getIndexAttr(0),
      ArrayRef<OpFoldResult>{OpFoldResult(index(int64_t(1) << 60))},
      ArrayRef<OpFoldResult>{OpFoldResult(b.getIndexAttr(1))});
}

Value Emitter::stackBuffer(Type element, int64_t count) {
  OpBuilder::InsertionGuard guard(b);
  Operation *parent = b.getInsertionBlock()->getParentOp();
  while (!isa<FunctionOpInterface>(parent))
    parent = parent->getParentOp();
  b.setInsertionPointToStart(&parent->getRegion(0).front());
  return memref::AllocaOp::create(b, loc, MemRefType::get({count}, element),
                                  b.getI64IntegerAttr(64));
}

Value Emitter::tailMask(unsigned lanes, Value count) {
  auto type = VectorType::get(static_cast<int64_t>(lanes), b.getI1Type());
  return vector::CreateMaskOp::create(b, loc, type, ValueRange{count});
}

Value Emitter::broadcast(Value scalar, unsigned lanes) {
  auto type = VectorType::get(static_cast<int64_t>(lanes), scalar.getType());
  return vector::BroadcastOp::create(b, loc, type, scalar);
}

Value Emitter::load(VectorType type, Value buffer, Value at, Value mask) {
  if (!mask)
    return vector::LoadOp::create(b, loc, type, buffer, ValueRange{at});
  return vector::MaskedLoadOp::create(b, loc, type, buffer, ValueRange{at},
                                      mask, constant(type, 0));
}

Value Emitter::loadScalar(Value buffer, Value at) {
  return memref::LoadOp::create(b, loc, buffer, ValueRange{at});
}

void Emitter::store(Value value, Value buffer, Value at, Value mask) {
  if (!isa<VectorType>(value.getType()))
    memref::StoreOp::create(b, loc, value, buffer, ValueRange{at});
  else if (mask)
    vector::MaskedStoreOp::create(b, loc, buffer, ValueRange{at}, mask, value);
  else
    vector::StoreOp::create(b, loc, value, buffer, ValueRange{at});
}

} // namespace ingot::cpu
