//===- ImportMath.cpp - Arithmetic and casts ------------------------------===//
#include "frontend/onnx/ImportElementwise.h"
#include "frontend/onnx/OpTable.h"

using namespace mlir;

namespace ingot::onnx {

namespace {

/// Max and Min take any number of operands.
template <ScalarOp op>
Value importChain(NodeReader &node) {
  llvm::SmallVector<Value> operands;
  if (node.inputs(operands))
    return {};
  Value result = operands[0];
  for (Value operand : llvm::ArrayRef<Value>(operands).drop_front())
    result = node.b.elementwise(op, {result, operand});
  return result;
}

Value importMean(NodeReader &node) {
  Value sum = importChain<ScalarOp::Add>(node);
  if (!sum || node.numInputs() == 1)
    return sum;
  Value count = node.b.scalar(node.b.element(sum), node.numInputs());
  return node.b.elementwise(ScalarOp::Div, {sum, count});
}

Value importMod(NodeReader &node) {
  Value x, y;
  bool fmod;
  if (node.input(0, x) || node.input(1, y) || node.flag("fmod", fmod, false))
    return {};
  if (!fmod && llvm::isa<FloatType>(node.b.element(x)))
    return node.b.fail("Mod of float elements needs fmod=1");
  return node.b.elementwise(fmod ? ScalarOp::Rem : ScalarOp::Mod, {x, y});
}

/// The result has the base's type; the exponent may have another.
Value importPow(NodeReader &node) {
  Value base, exponent;
  if (node.input(0, base) || node.input(1, exponent))
    return {};
  TfmBuilder &b = node.b;
  Type type = b.element(base);
  if (!llvm::isa<FloatType>(type) && llvm::isa<FloatType>(b.element(exponent)))
    return b.cast(b.elementwise(ScalarOp::Pow,
                                {b.cast(base, b.element(exponent)), exponent}),
                  type);
  return b.elementwise(ScalarOp::Pow, {base, b.cast(exponent, type)});
}

Value importClip(NodeReader &node) {
  Value x;
  if (node.input(0, x))
    return {};
  for (auto [i, op] :
       {std::pair(1u, ScalarOp::Max), std::pair(2u, ScalarOp::Min)}) {
    Value bound = node.optional(i);
    if (!bound)
      continue;
    if (node.b.product(node.b.dims(bound)) != node.b.number(1))
      return node.b.fail("bound " + typeText(bound.getType()) +
                         " is no scalar");
    x = node.b.elementwise(op, {x, node.b.reshape(bound, {})});
  }
  return x;
}

Value importGelu(NodeReader &node) {
  Value x;
  std::string approximate;
  if (node.input(0, x) || node.string("approximate", approximate, "none"))
    return {};
  if (approximate != "none" && approximate != "tanh")
    return node.b.fail("approximate='" + approximate +
                       "' is neither 'none' nor 'tanh'");
  return node.b.elementwise(
      approximate == "none" ? ScalarOp::Gelu : ScalarOp::GeluTanh, x);
}

Value importCast(NodeReader &node) {
  Value x;
  int64_t to;
  if (node.input(0, x) || node.integer("to", to))
    return {};
  // Both concern types narrower than 16 bits.
  node.ignore("saturate");
  node.ignore("round_mode");
  Type type = node.scope.elementType(static_cast<DataType>(to));
  return type ? node.b.cast(x, type) : Value();
}

Value importIdentity(NodeReader &node) {
  Value x;
  return node.input(0, x) ? Value() : x;
}

/// At inference the operand itself; the mask keeps everything.
Value importDropout(NodeReader &node) {
  Value x;
  bool training = false;
  if (node.input(0, x) || (node.hasInput(2) && node.constantBool(2, training)))
    return {};
  Value ratio = node.optional(1);
  bool dropsNothing =
      ratio && node.b.pool().constantFloat(node.element(ratio)) == 0.0;
  if (training && !dropsNothing)
    return node.b.fail("training_mode is true: this compiles inference");
  node.ignore("ratio");
  node.ignore("seed");
  if (node.wantsOutput(1)) {
    Type boolean = IntegerType::get(x.getContext(), 1);
    auto yes = DenseElementsAttr::get(RankedTensorType::get({}, boolean), true);
    node.setOutput(1, node.b.full(node.b.dims(x), yes));
  }
  return x;
}

// Opset 13 and later versions of these only add types.
constexpr OpEntry kOps[] = {
    {"", "Abs", 6, importUnary<ScalarOp::Abs>},
    {"", "Add", 7, importBinary<ScalarOp::Add>},
    {"", "Cast", 9, importCast},
    {"", "Ceil", 6, importUnary<ScalarOp::Ceil>},
    {"", "Clip", 11, importClip},
    {"", "Cos", 7, importUnary<ScalarOp::Cos>},
    {"", "Div", 7, importBinary<ScalarOp::Div>},
    {"", "Dropout", 7, importDropout},
    {"", "Erf", 9, importUnary<ScalarOp::Erf>},
    {"", "Exp", 6, importUnary<ScalarOp::Exp>},
    {"", "Floor", 6, importUnary<ScalarOp::Floor>},
    {"", "Gelu", 20, importGelu},
    {"", "Identity", 1, importIdentity},
    {"", "Log", 6, importUnary<ScalarOp::Log>},
    {"", "Max", 8, importChain<ScalarOp::Max>},
    {"", "Mean", 8, importMean},
    {"", "Min", 8, importChain<ScalarOp::Min>},
    {"", "Mod", 10, importMod},
    {"", "Mul", 7, importBinary<ScalarOp::Mul>},
    {"", "Neg", 6, importUnary<ScalarOp::Neg>},
    {"", "Pow", 7, importPow},
    {"", "Reciprocal", 6, importUnary<ScalarOp::Reciprocal>},
    {"", "Relu", 6, importUnary<ScalarOp::Relu>},
    {"", "Round", 11, importUnary<ScalarOp::Round>},
    {"", "Sigmoid", 6, importUnary<ScalarOp::Sigmoid>},
    {"", "Sign", 9, importUnary<ScalarOp::Sign>},
    {"", "Sin", 7, importUnary<ScalarOp::Sin>},
    {"", "Sqrt", 6, importUnary<ScalarOp::Sqrt>},
    {"", "Sub", 7, importBinary<ScalarOp::Sub>},
    {"", "Tanh", 6, importUnary<ScalarOp::Tanh>},
};

} // namespace

llvm::ArrayRef<OpEntry> mathOps() { return kOps; }

} // namespace ingot::onnx
