#include "codegen/cpu/RegionEmitter.h"

#include "codegen/cpu/LinearFacts.h"
#include "codegen/cpu/VectorMath.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot::cpu {

Type memoryType(Type type) {
  if (type.isInteger(1) || type.getIntOrFloatBitWidth() == 4)
    return IntegerType::get(type.getContext(), 8);
  // Of 16-bit floats LLVM moves single ones through library calls.
  if (isa<IntegerType>(type) || type.isBF16() || type.isF16())
    return IntegerType::get(type.getContext(), type.getIntOrFloatBitWidth());
  return type;
}

RegionEmitter::RegionEmitter(Emitter &e, Value status, Value tail)
    : e(e), status(status) {
  guards.push_back({-1, {}, {}, false, tail});
}

void RegionEmitter::bind(Value argument, Strand strand) {
  known[{argument, kRoot}] = strand;
}
void RegionEmitter::bindIndex(Value argument, Strand strand) {
  bind(argument, strand);
  indices.insert(argument);
}
void RegionEmitter::bind(Value argument, TensorBuffer buffer) {
  buffers[argument] = buffer;
}

int RegionEmitter::guarded(int parent, Value source, Strand condition,
                           bool negated) {
  if (condition.isUniform())
    if (std::optional<int64_t> always = constantOf(condition.value))
      if ((*always != 0) != negated)
        return parent;
  guards.push_back({parent, source, condition, negated, {}});
  return static_cast<int>(guards.size()) - 1;
}

static Val holds(Emitter &e, Value condition, bool negated) {
  Val value{e, condition};
  return negated ? value ^ Val(e, e.integer(condition.getType(), 1)) : value;
}

Value RegionEmitter::maskOf(int guard) {
  Guard &own = guards[guard];
  if (guard == kRoot || own.lanes)
    return own.lanes;
  Val mask = holds(e, lanesOf(e, own.condition), own.negated);
  if (Value outer = maskOf(own.parent))
    mask = mask & Val(e, outer);
  return guards[guard].lanes = mask;
}

Value RegionEmitter::anyOf(int guard) {
  if (guard == kRoot)
    return {}; // a vector without lanes is not emitted
  const Guard own = guards[guard];
  Value outer = anyOf(own.parent);
  if (own.condition.isUniform()) {
    Val here = holds(e, own.condition.value, own.negated);
    return outer ? (here & Val(e, outer)).v : here.v;
  }
  return anyLane({e, maskOf(guard)});
}

RegionEmitter::Traits RegionEmitter::traitsOf(Value value) {
  auto [it, isNew] = traits.try_emplace(value);
  if (!isNew)
    return it->second;
  Operation *op = value.getDefiningOp();
  if (!op)
    return {};
  Traits result;
  result.reads = isa<tfm::LoadOp, tfm::CheckIndexOp>(op);
  if (auto apply = dyn_cast<tfm::ApplyOp>(op)) {
    ScalarOp kind = apply.getOp().getValue();
    result.clamps = (kind == ScalarOp::Min || kind == ScalarOp::Max) &&
                    apply.getType().isInteger(64);
  }
  for (Value operand : op->getOperands()) {
    Traits inner = traitsOf(operand);
    result.reads |= inner.reads;
    result.clamps |= inner.clamps;
  }
  return traits[value] = result;
}

Value RegionEmitter::unclamped(tfm::ApplyOp op, int guard) {
  ScalarOp kind = op.getOp().getValue();
  if (!op.getType().isInteger(64) ||
      (kind != ScalarOp::Min && kind != ScalarOp::Max))
    return {};
  LinearFacts facts(indices);
  for (int g = guard; g != kRoot; g = guards[g].parent)
    facts.assume(guards[g].source, !guards[g].negated);
  Value x = op.getOperands()[0], y = op.getOperands()[1];
  bool isMin = kind == ScalarOp::Min;
  if (facts.lessOrEqual(x, y))
    return isMin ? x : y;
  if (facts.lessOrEqual(y, x))
    return isMin ? y : x;
  return {};
}

Strand RegionEmitter::evaluate(Value value, int guard) {
  // What cannot fault is computed once, for all lanes; what may fault is taken
  // from any wider guard. A clamp may be simpler under this guard than outside.
  Traits own = traitsOf(value);
  if (!own.reads && !own.clamps)
    guard = kRoot;
  for (int outer = guard; outer >= 0; outer = guards[outer].parent) {
    auto it = known.find({value, outer});
    if (it != known.end())
      return it->second;
    if (own.clamps)
      break;
  }
  Operation *op = value.getDefiningOp();
  assert(op && "a region argument was not bound");
  Strand result = define(op, guard);
  known[{value, guard}] = result;
  return result;
}

Strand RegionEmitter::define(Operation *op, int guard) {
  auto operand = [&](Value value) { return evaluate(value, guard); };
  return llvm::TypeSwitch<Operation *, Strand>(op)
      .Case([&](arith::ConstantOp constant) {
        TypedAttr value = constant.getValue();
        return uniform(e, arith::ConstantOp::create(e.b, e.loc, value));
      })
      .Case([&](tfm::ApplyOp apply) {
        if (Value same = unclamped(apply, guard))
          return operand(same);
        SmallVector<Strand> operands =
            llvm::map_to_vector(apply.getOperands(), operand);
        return applyStrands(e, apply.getOp().getValue(), operands);
      })
      .Case([&](tfm::ChooseOp choose) {
        Strand condition = operand(choose.getCondition());
        if (condition.isUniform())
          if (std::optional<int64_t> always = constantOf(condition.value))
            return operand(*always ? choose.getTrueValue()
                                   : choose.getFalseValue());
        Strand yes =
            evaluate(choose.getTrueValue(),
                     guarded(guard, choose.getCondition(), condition, false));
        Strand no =
            evaluate(choose.getFalseValue(),
                     guarded(guard, choose.getCondition(), condition, true));
        return chooseStrand(e, condition, yes, no);
      })
      .Case([&](tfm::ConvertOp convert) {
        // Digits that the conversion drops need not be computed.
        auto apply = convert.getInput().getDefiningOp<tfm::ApplyOp>();
        if (e.target.bf16 && convert.getResult().getType().isBF16() && apply &&
            apply.getOp().getValue() == ScalarOp::Gelu && apply->hasOneUse()) {
          Value x = lanesOf(e, operand(apply.getOperands()[0]));
          return Strand{
              emitCast(e, vectorGeluRough({e, x}), e.b.getBF16Type()), {}, 1};
        }
        return convertStrand(e, operand(convert.getInput()),
                             convert.getResult().getType());
      })
      .Case([&](tfm::LoadOp loadOp) { return load(loadOp, guard); })
      .Case([&](tfm::CheckIndexOp checkOp) { return check(checkOp, guard); })
      .Default([&](Operation *) -> Strand {
        llvm_unreachable("not an operation of scalar regions");
      });
}

Strand RegionEmitter::load(tfm::LoadOp op, int guard) {
  assert(op.getCoordinates().size() == 1 && "loads of kernels are flat");
  auto buffer = buffers.find(op.getTensor());
  assert(buffer != buffers.end() && "a tensor argument was not bound");
  Strand offset = evaluate(op.getCoordinates()[0], guard);
  return loadOf(buffer->second, offset, guard);
}

/// Element to region scalar: integers are i64, booleans i1.
Strand RegionEmitter::widen(Value loaded, Type element) {
  Value value = loaded;
  if (element.isBF16() || element.isF16())
    value = arith::BitcastOp::create(
        e.b, e.loc, e.shaped(loaded.getType(), element), loaded);
  else if (element.isInteger(1))
    value = emitCast(e, loaded, e.b.getI1Type());
  else if (auto integer = dyn_cast<IntegerType>(element))
    value = emitCast(e, loaded, e.i64(), integer.isUnsigned());
  if (isa<VectorType>(value.getType()))
    return {value, {}, 1};
  return uniform(e, value);
}

Strand RegionEmitter::loadOf(const TensorBuffer &buffer, Strand offset,
                             int guard) {
  Type memory = memoryType(buffer.element);
  if (offset.isUniform()) {
    auto read = [&] {
      return e.loadScalar(buffer.memory, e.toIndex(offset.value));
    };
    Value any = anyOf(guard);
    if (!any)
      return widen(read(), buffer.element);
    return widen(
        e.ifElse(any, memory, read, [&] { return e.constant(memory, 0); }),
        buffer.element);
  }
  Value mask = maskOf(guard);
  if (offset.step && constantOf(offset.step) == 1)
    return widen(
        e.load(e.vec(memory), buffer.memory, e.toIndex(offset.value), mask),
        buffer.element);
  // A gather; the lane's part of the offset goes into the index vector.
  Value base = e.index(0), indices;
  if (offset.step) {
    base = e.toIndex(offset.value);
    indices = lanesOf(e, {e.integer(e.i64(), 0), offset.step, 0});
  } else {
    indices = offset.value;
  }
  if (!mask)
    mask = e.integer(e.vec(e.b.getI1Type()), 1);
  return widen(vector::GatherOp::create(
                   e.b, e.loc, e.vec(memory), buffer.memory, ValueRange{base},
                   indices, mask, e.constant(e.vec(memory), 0)),
               buffer.element);
}

Strand RegionEmitter::check(tfm::CheckIndexOp op, int guard) {
  Strand index = evaluate(op.getIndex(), guard);
  Strand extent = evaluate(op.getExtent(), guard);
  bool scalar = index.isUniform() && extent.isUniform();
  Val i{e, scalar ? index.value : lanesOf(e, index)};
  Val n{e, scalar ? extent.value : lanesOf(e, extent)};
  Val zero = i.k(0), inside = ge(i, -n) & lt(i, n);
  Val result = select(inside, select(lt(i, zero), i + n, i), zero);

  Val outside = holds(e, inside, true);
  if (scalar) {
    if (Value any = anyOf(guard))
      outside = outside & Val(e, any);
  } else if (Value mask = maskOf(guard)) {
    outside = outside & Val(e, mask);
  }
  report(outside, i, n);
  return scalar ? uniform(e, result) : Strand{result, {}, 1};
}

/// Writes the status word where any lane is `bad`: a path never taken by runs
/// that succeed.
void RegionEmitter::report(Value bad, Value index, Value limit) {
  e.ifThen(anyLane({e, bad}), [&] {
    Val value{e, index}, bound{e, limit};
    if (isa<VectorType>(index.getType())) {
      // Some bad lane: the largest one's.
      auto largest = [&](Val x) {
        Val chosen =
            select({e, bad}, x, Val(e, e.integer(x.type(), INT64_MIN)));
        return Val(e, vector::ReductionOp::create(
                          e.b, e.loc, vector::CombiningKind::MAXSI, chosen.v));
      };
      value = largest(value);
      bound = largest(bound);
    }
    e.store(value, status, e.index(1));
    e.store(bound, status, e.index(2));
    e.store(e.integer(e.i64(), 1), status, e.index(0));
  });
}

} // namespace ingot::cpu
