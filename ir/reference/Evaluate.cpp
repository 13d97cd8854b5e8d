#include "ir/reference/Evaluate.h"
#include "ir/reference/MlirTensor.h"
#include "ir/reference/Ops.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {

using namespace reference;

namespace {
/// Evaluates one op; a method an op that is more than a call.
class Evaluation {
public:
  Evaluation(Operation *op, TensorLookup lookup, SymbolValues &symbols)
      : op(op), lookup(lookup), symbols(symbols) {}

  Result<Tensors> run();

private:
  Result<Tensors> dispatch();
  Result<Tensors> visit(tfm::SymbolicOp o);
  Result<Tensors> visit(tfm::ConvOp o);
  Result<Tensors> visit(tfm::SliceOp o);
  Result<Tensors> visit(tfm::PadOp o);
  Result<Tensors> visit(tfm::IotaOp o);
  Result<Tensors> visit(tfm::NormOp o);
  Result<Tensors> visit(tfm::LinearOp o);
  Result<Tensors> visit(tfm::AttentionOp o);
  Result<Tensors> visit(tfm::FusedOp o);

  /// The dims and element type that the type of result `i` says. Checked by
  /// run() before an op is dispatched.
  const Shape &shape(unsigned i = 0) const { return shapes[i]; }
  ElementType element(unsigned i = 0) const { return elements[i]; }
  const Tensor &get(Value value) const { return *lookup(value); }
  /// Null for an absent operand.
  const Tensor *find(Value value) const {
    return value ? lookup(value) : nullptr;
  }
  std::vector<Tensor> operands() const {
    std::vector<Tensor> tensors;
    for (Value operand : op->getOperands())
      tensors.push_back(get(operand));
    return tensors;
  }
  static Result<Tensors> one(Result<Tensor> result) {
    if (!result)
      return result.error();
    return Tensors{std::move(*result)};
  }

  Operation *op;
  TensorLookup lookup;
  SymbolValues &symbols;
  std::vector<Shape> shapes;
  std::vector<ElementType> elements;
};

Result<Tensors> Evaluation::run() {
  for (Value operand : op->getOperands())
    if (!lookup(operand))
      return Error{"an operand has no value"};
  for (Type type : op->getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    std::optional<ElementType> element;
    if (tensor)
      element = elementTypeOf(tensor.getElementType());
    if (!element)
      return Error{"a result is no tensor of a type the reference knows"};
    Result<Shape> shape = symbols.shapeOf(tensor);
    if (!shape)
      return shape.error();
    shapes.push_back(std::move(*shape));
    elements.push_back(*element);
  }
  Result<Tensors> results = dispatch();
  if (!results)
    return results;
  for (unsigned i = 0; i < op->getNumResults(); ++i) {
    const Tensor &result = (*results)[i];
    if (result.shape() != shape(i) || result.type() != element(i))
      return Error{"computes " + print(result.shape()) + " of " +
                   std::string(typeName(result.type())) +
                   ", but its type says " + print(shape(i)) + " of " +
                   std::string(typeName(element(i)))};
  }
  return results;
}

Result<Tensors> Evaluation::dispatch() {
  return llvm::TypeSwitch<Operation *, Result<Tensors>>(op)
      .Case([&](tfm::ConstantOp o) { return one(tensorOf(o.getValue())); })
      .Case([&](tfm::ElementwiseOp o) {
        return one(elementwise(o.getOp().getValue(), operands()));
      })
      .Case([&](tfm::SelectOp o) {
        return one(select(get(o.getCondition()), get(o.getTrueValue()),
                          get(o.getFalseValue())));
      })
      .Case([&](tfm::CastOp o) {
        return one(cast(get(o.getInput()), element()));
      })
      .Case([&](tfm::QuantizeOp o) {
        return one(quantize(get(o.getInput()), get(o.getScale()),
                            find(o.getZero()), {o.getAxis(), o.getBlock()},
                            element()));
      })
      .Case([&](tfm::DequantizeOp o) {
        return one(dequantize(get(o.getInput()), get(o.getScale()),
                              find(o.getZero()), {o.getAxis(), o.getBlock()},
                              element()));
      })
      .Case([&](tfm::MatmulOp o) {
        return one(matmul(get(o.getLhs()), get(o.getRhs())));
      })
      .Case([&](tfm::SoftmaxOp o) {
        return one(softmax(get(o.getInput()), o.getAxis()));
      })
      .Case([&](tfm::ReduceOp o) {
        return one(reduce(static_cast<ReduceKind>(o.getKind()),
                          get(o.getInput()), o.getAxes(), o.getKeepdims()));
      })
      .Case([&](tfm::ArgReduceOp o) {
        auto *arg = o.getKind() == tfm::ReduceKind::Max ? argMax : argMin;
        return one(
            arg(get(o.getInput()), o.getAxis(), o.getKeepdims(), o.getLast()));
      })
      .Case([&](tfm::CumSumOp o) {
        return one(cumsum(get(o.getInput()), o.getAxis(), o.getExclusive(),
                          o.getReverse()));
      })
      .Case([&](tfm::NonZeroOp o) -> Result<Tensors> {
        Result<std::vector<Tensor>> found = nonzero(get(o.getInput()));
        if (!found)
          return found.error();
        return Tensors(found->begin(), found->end());
      })
      .Case([&](tfm::ReshapeOp o) {
        return one(reshape(get(o.getInput()), shape()));
      })
      .Case([&](tfm::TransposeOp o) {
        return one(transpose(get(o.getInput()), o.getPerm()));
      })
      .Case([&](tfm::BroadcastOp o) {
        return one(broadcast(get(o.getInput()), shape()));
      })
      .Case(
          [&](tfm::TileOp o) { return one(tile(get(o.getInput()), shape())); })
      .Case(
          [&](tfm::ConcatOp o) { return one(concat(operands(), o.getAxis())); })
      .Case([&](tfm::GatherOp o) {
        return one(gather(get(o.getInput()), get(o.getIndices()), o.getAxis()));
      })
      .Case([&](tfm::GatherElementsOp o) {
        return one(gatherElements(get(o.getInput()), get(o.getIndices()),
                                  o.getAxis()));
      })
      .Case([&](tfm::GatherNDOp o) {
        return one(
            gatherNd(get(o.getInput()), get(o.getIndices()), o.getBatchDims()));
      })
      .Case([&](tfm::TriluOp o) -> Result<Tensors> {
        Result<std::vector<int64_t>> k = symbols.evaluate(o.getDiagonal());
        if (!k)
          return k.error();
        return one(trilu(get(o.getInput()), k->front(), o.getUpper()));
      })
      .Case<tfm::SymbolicOp, tfm::ConvOp, tfm::SliceOp, tfm::PadOp, tfm::IotaOp,
            tfm::NormOp, tfm::LinearOp, tfm::AttentionOp, tfm::FusedOp>(
          [&](auto o) { return visit(o); })
      .Default([](Operation *) { return Error{"has no reference"}; });
}

Result<Tensors> Evaluation::visit(tfm::SymbolicOp o) {
  Result<std::vector<int64_t>> values = symbols.evaluate(o.getValues());
  if (!values)
    return values.error();
  Result<Tensor> result = Tensor::create(element(), shape());
  if (!result || result->size() != static_cast<int64_t>(values->size()))
    return Error{"its type does not hold its values"};
  for (int64_t i = 0; i < result->size(); ++i)
    result->setInteger(i, (*values)[static_cast<size_t>(i)]);
  return one(std::move(result));
}

Result<Tensors> Evaluation::visit(tfm::ConvOp o) {
  ConvOptions options;
  options.strides = o.getStrides();
  options.dilations = o.getDilations();
  ArrayRef<int64_t> pads = o.getPads();
  options.padsBegin = pads.take_front(pads.size() / 2);
  options.padsEnd = pads.drop_front(pads.size() / 2);
  options.groups = o.getGroup();
  return one(
      conv(get(o.getInput()), get(o.getWeight()), find(o.getBias()), options));
}

Result<Tensors> Evaluation::visit(tfm::SliceOp o) {
  Result<std::vector<int64_t>> starts = symbols.evaluate(o.getStarts());
  if (!starts)
    return starts.error();
  return one(slice(get(o.getInput()), *starts, o.getSteps(), shape()));
}

Result<Tensors> Evaluation::visit(tfm::PadOp o) {
  Result<std::vector<int64_t>> low = symbols.evaluate(o.getLow());
  if (!low)
    return low.error();
  Result<std::vector<int64_t>> high = symbols.evaluate(o.getHigh());
  if (!high)
    return high.error();
  std::optional<Scalar> value;
  if (const Tensor *filling = find(o.getValue())) {
    if (filling->size() != 1)
      return Error{"the value of a pad has shape " + print(filling->shape())};
    value = filling->get(0);
  }
  return one(pad(get(o.getInput()), static_cast<PadMode>(o.getMode()), *low,
                 *high, value));
}

Result<Tensors> Evaluation::visit(tfm::IotaOp o) {
  Result<std::vector<int64_t>> progression =
      symbols.evaluate(o.getProgression());
  if (!progression)
    return progression.error();
  if (progression->size() != 2 || shape().size() != 1)
    return Error{"needs start, step and a vector"};
  return one(iota(element(), shape()[0], (*progression)[0], (*progression)[1]));
}

Result<Tensors> Evaluation::visit(tfm::NormOp o) {
  Result<NormResult> result =
      norm(static_cast<NormKind>(o.getKind()), get(o.getInput()),
           find(o.getResidual()), find(o.getScale()), find(o.getBias()),
           o.getAxis(), o.getEpsilon().convertToDouble());
  if (!result)
    return result.error();
  Tensors results{std::move(result->normalized)};
  if (o.getSum())
    results.push_back(std::move(result->sum));
  return results;
}

Result<Tensors> Evaluation::visit(tfm::LinearOp o) {
  std::optional<ScalarRegion> region;
  Epilogue epilogue;
  if (!o.getEpilogue().empty()) {
    Result<ScalarRegion> made =
        ScalarRegion::make(o.getEpilogue().front(), lookup, symbols);
    if (!made)
      return made.error();
    region = std::move(*made);
    if (region->argumentTypes().size() != 1 ||
        !isFloat(region->argumentTypes()[0]))
      return Error{"its epilogue does not take one float"};
    epilogue = [&](double value, std::span<const int64_t>) {
      return region->run(Scalar::ofFloat(region->argumentTypes()[0], value));
    };
  }
  std::optional<WeightScales> quantized;
  if (o.isQuantized())
    quantized = {find(o.getScales()), find(o.getZeros()),
                 static_cast<int64_t>(*o.getBlock())};
  return one(linear(get(o.getInput()), get(o.getWeight()), find(o.getBias()),
                    epilogue, find(o.getResidual()), element(), quantized));
}

Result<Tensors> Evaluation::visit(tfm::AttentionOp o) {
  AttentionOptions options;
  options.scale = o.getScale().convertToDouble();
  options.emptyRows = static_cast<EmptyRows>(o.getEmptyRows());
  options.type = element();
  options.keyBegin = find(o.getKeyBegin());
  options.keyEnd = find(o.getKeyEnd());
  options.pages = find(o.getPages());
  std::optional<ScalarRegion> region;
  if (!o.getScoreMod().empty()) {
    Result<ScalarRegion> made =
        ScalarRegion::make(o.getScoreMod().front(), lookup, symbols);
    if (!made)
      return made.error();
    region = std::move(*made);
    ArrayRef<ElementType> types = region->argumentTypes();
    if (types.size() != 5 || !isFloat(types[0]) ||
        !isFloat(region->yieldedType()) ||
        !llvm::all_of(types.drop_front(),
                      [](ElementType t) { return t == ElementType::I64; }))
      return Error{
          "its score_mod does not map (float, i64, i64, i64, i64) to a float"};
    options.scoreMod = [&region, type = types[0]](
                           double score,
                           std::span<const int64_t> index) -> Result<double> {
      SmallVector<Scalar, 5> arguments{Scalar::ofFloat(type, score)};
      for (int64_t i : index)
        arguments.push_back(Scalar::ofInteger(ElementType::I64, i));
      Result<Scalar> result = region->run(arguments);
      if (!result)
        return result.error();
      return result->number;
    };
  }
  Result<AttentionResult> result =
      attention(get(o.getQuery()), get(o.getKey()), get(o.getValue()), options);
  if (!result)
    return result.error();
  return Tensors{std::move(result->output)};
}

Result<Tensors> Evaluation::visit(tfm::FusedOp o) {
  Result<ScalarRegion> region =
      ScalarRegion::make(o.getBody().front(), lookup, symbols);
  if (!region)
    return region.error();
  ArrayRef<ElementType> types = region->argumentTypes();
  bool fits =
      types.size() == shape().size() &&
      llvm::all_of(types, [](ElementType t) { return t == ElementType::I64; });
  if (!fits)
    return Error{"its region does not take one i64 an axis"};
  SmallVector<Scalar, 4> arguments;
  return one(generate(element(), shape(),
                      [&](std::span<const int64_t> index) -> Result<Scalar> {
                        arguments.clear();
                        for (int64_t i : index)
                          arguments.push_back(
                              Scalar::ofInteger(ElementType::I64, i));
                        Result<Scalar> value = region->run(arguments);
                        if (!value)
                          return value;
                        return castScalar(*value, element());
                      }));
}
} // namespace

Result<Tensors> evaluate(Operation *op, TensorLookup lookup,
                         SymbolValues &symbols) {
  return Evaluation(op, lookup, symbols).run();
}

} // namespace ingot
