#include "codegen/cpu/KernelWriter.h"

#include "codegen/cpu/VectorMath.h"

using namespace mlir;

namespace ingot::cpu {

KernelWriter::KernelWriter(Emitter &e, plan::KernelOp kernel, ValueRange values)
    : e(e), kernel(kernel), task(values.front()), status(values.back()) {
  values = values.drop_front().drop_back(2);
  auto take = [&](SmallVector<Value> &into, size_t count) {
    llvm::append_range(into, values.take_front(count));
    values = values.drop_front(count);
  };
  take(outs, kernel.numOuts());
  take(ins, kernel.numIns());
  take(scalars, kernel.getNumScalars());
  assert(values.empty() && "kernel called with another number of arguments");
}

Value KernelWriter::number(int64_t code) {
  return code >= 0 ? e.index(code) : e.toIndex(scalars[-1 - code]);
}

SmallVector<Value> KernelWriter::extents(StringRef name) {
  SmallVector<Value> result;
  for (int64_t code : kernel.paramArray(name))
    result.push_back(number(code));
  return result;
}

RegionEmitter KernelWriter::evaluator(unsigned i, ArrayRef<Strand> leading,
                                      Value mask) {
  RegionEmitter emitter(e, status, mask);
  Block &block = region(i);
  unsigned next = 0;
  for (const Strand &strand : leading) {
    Value argument = block.getArgument(next++);
    // The second region starts with a value, which may be an i64 too.
    bool isValue = i == 1 && next == 1;
    if (argument.getType().isInteger(64) && !isValue)
      emitter.bindIndex(argument, strand);
    else
      emitter.bind(argument, strand);
  }
  for (auto [in, type] : llvm::zip_equal(ins, kernel.getInTypes()))
    emitter.bind(block.getArgument(next++),
                 TensorBuffer{in, cast<TypeAttr>(type).getValue()});
  for (Value scalar : scalars)
    emitter.bind(block.getArgument(next++), uniform(e, scalar));
  assert(next == block.getNumArguments() && "region with other arguments");
  return emitter;
}

Strand KernelWriter::evaluate(unsigned i, ArrayRef<Strand> leading,
                              Value mask) {
  return evaluator(i, leading, mask).evaluate(yielded(i));
}

void KernelWriter::store(unsigned i, const Strand &value, Value at, Value mask,
                         bool single) {
  assert((!single || value.isUniform()) && "one element has one value");
  e.store(stored(i, single ? value.value : lanesOf(e, value)), outs[i], at,
          mask);
}

Value KernelWriter::stored(unsigned i, Value element) {
  Type type = outType(i), memory = memoryType(type);
  if (!type.isBF16() && !type.isF16())
    return emitCast(e, element, memory);
  Value rounded = emitCast(e, element, type);
  return arith::BitcastOp::create(e.b, e.loc,
                                  e.shaped(rounded.getType(), memory), rounded);
}

Strand KernelWriter::storeEpilogue(Value value, ArrayRef<Strand> leading,
                                   Value at, Value mask) {
  Strand result{value, {}, 1};
  if (hasRegion(1)) {
    SmallVector<Strand> arguments{result};
    llvm::append_range(arguments, leading);
    result = evaluate(1, arguments, mask);
  }
  store(0, result, at, mask);
  return result;
}

void KernelWriter::vectors(Value from, Value to, VectorBody body,
                           int64_t divisor) {
  vectors(
      from, to, ValueRange{},
      [&](Strand index, Value mask, ValueRange) {
        body(index, mask);
        return SmallVector<Value>{};
      },
      divisor);
}

SmallVector<Value> KernelWriter::vectors(Value from, Value to, ValueRange init,
                                         CarryingBody body, int64_t divisor) {
  int64_t lanes = e.target.lanes;
  divisor = std::gcd(divisor, lanes);
  Value count = e.sub(to, from);
  std::optional<int64_t> known = constantOf(count);
  Value whole = e.mul(e.floorDiv(count, e.index(lanes)), e.index(lanes));
  SmallVector<Value> carried(init);
  if (!known || *known >= lanes) {
    ValueRange results = e.loop(e.index(0), whole, e.index(lanes), carried,
                                [&](Value at, ValueRange args) {
                                  Strand index =
                                      consecutive(e, e.add(from, at), divisor);
                                  return body(index, {}, args);
                                });
    carried.assign(results.begin(), results.end());
  }
  if (known && *known % lanes == 0)
    return carried;
  Strand index = consecutive(e, e.add(from, whole), divisor);
  auto tail = [&](ValueRange args) {
    return body(index, e.tailMask(e.target.lanes, e.sub(count, whole)), args);
  };
  if (known)
    return tail(carried);
  Value any = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult,
                                    whole, count);
  return e.ifElse(any, carried, tail);
}

Value KernelWriter::sumOver(Value to, SumBody term) {
  constexpr int64_t kSums = 4;
  int64_t lanes = e.target.lanes;
  Value zero = e.constant(e.vec(e.f32()), 0), width = e.index(kSums * lanes);
  Value whole = e.mul(e.floorDiv(to, width), width);
  SmallVector<Value> init(kSums, zero);
  ValueRange sums =
      e.loop(e.index(0), whole, width, init, [&](Value at, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t i = 0; i < kSums; ++i) {
          Value first = e.add(at, e.index(i * lanes));
          next.push_back(term(consecutive(e, first, lanes), {}, carried[i]));
        }
        return next;
      });
  Val total =
      (Val(e, sums[0]) + Val(e, sums[1])) + (Val(e, sums[2]) + Val(e, sums[3]));
  return vectors(
      whole, to, ValueRange{total.v},
      [&](Strand index, Value mask, ValueRange carried) {
        return SmallVector<Value>{term(index, mask, carried[0])};
      },
      lanes)[0];
}

SmallVector<Strand> KernelWriter::coordinates(Value row, ArrayRef<Value> dims) {
  SmallVector<Strand> result(dims.size());
  for (size_t i = dims.size(); i-- > 0;) {
    if (i == 0) {
      result[0] = uniform(e, row);
      break;
    }
    Value quotient = e.floorDiv(row, dims[i]);
    result[i] = uniform(e, e.sub(row, e.mul(quotient, dims[i])));
    row = quotient;
  }
  return result;
}

Value KernelWriter::product(ArrayRef<Value> dims) {
  Value result = e.index(1);
  for (Value dim : dims)
    result = e.mul(result, dim);
  return result;
}

std::pair<Value, Value> KernelWriter::share(Value total, int64_t chunk) {
  // A task past the end (a fixed grid over an empty extent) has nothing to do.
  Value from = e.min(total, e.mul(task, e.index(chunk)));
  return {from, e.min(total, e.add(from, e.index(chunk)))};
}

} // namespace ingot::cpu
