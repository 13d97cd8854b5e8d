#include "frontend/onnx/NodeReader.h"

using namespace mlir;

namespace ingot::onnx {

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

std::string NodeReader::inputName(unsigned i) const {
  return "input " + std::to_string(i) +
         (i < node.inputs.size() ? " " + quoted(node.inputs[i]) : "");
}

Value NodeReader::optional(unsigned i) {
  asked.push_back(i);
  return hasInput(i) ? values[i] : Value();
}

ParseResult NodeReader::input(unsigned i, Value &value) {
  value = optional(i);
  if (!value)
    b.fail(inputName(i) + " is missing");
  return success(value != nullptr);
}

ParseResult NodeReader::inputs(llvm::SmallVector<Value> &all) {
  if (values.empty())
    return b.fail("there are no inputs"), failure();
  for (unsigned i = 0; i < values.size(); ++i)
    if (input(i, all.emplace_back()))
      return failure();
  return success();
}

bool NodeReader::isKnownAtBind(Expr e) {
  ExprPool &pool = b.pool();
  Value data;
  for (Expr part : pool.reachable(e)) {
    switch (pool.kind(part)) {
    case ExprKind::Load:
      // The tensors behind a load: its own, and those of its indices, which
      // `reachable` gives too.
      data = lifter.tensor(pool.loadTensor(part));
      if (!scope.makeSymbol(data))
        return b.fail("depends on the elements of " + scope.valueName(data) +
                      (llvm::isa<BlockArgument>(data)
                           ? ", which --constant-input can bake in"
                           : "")),
               false;
      break;
    case ExprKind::Index:
    case ExprKind::FloatToInt:
    case ExprKind::Compare:
    case ExprKind::IsNaN:
    case ExprKind::FloatConst:
    case ExprKind::Apply:
    case ExprKind::IntToFloat:
    case ExprKind::FloatCast:
      return b.fail("depends on float arithmetic that cannot be done ahead of "
                    "time"),
             false;
    default:
      break;
    }
  }
  return !data;
}

ParseResult NodeReader::exprs(unsigned i, llvm::SmallVector<Expr> &list) {
  Value value;
  if (input(i, value))
    return failure();
  Type element = b.element(value);
  if (!element.isInteger() || element.isInteger(1) || b.rank(value) > 1)
    return b.fail(inputName(i) + " is " + typeText(value.getType()) +
                  ", not integers"),
           failure();
  std::optional<llvm::SmallVector<Expr>> all = lifter.elements(value);
  if (!all)
    return b.fail(inputName(i) + " is " + typeText(value.getType()) +
                  ", of which the number of elements is not known"),
           failure();
  for (Expr e : *all)
    if (!isKnownAtBind(e))
      return failure();
  list = std::move(*all);
  return success();
}

ParseResult NodeReader::expr(unsigned i, Expr &value) {
  llvm::SmallVector<Expr> list;
  if (exprs(i, list))
    return failure();
  return only(i, list, value);
}

ParseResult NodeReader::constantInts(unsigned i,
                                     llvm::SmallVector<int64_t> &list) {
  llvm::SmallVector<Expr> all;
  if (exprs(i, all))
    return failure();
  list.clear();
  for (Expr e : all) {
    std::optional<int64_t> number = b.constant(e);
    if (!number)
      return b.fail(inputName(i) + " is no constant"), failure();
    list.push_back(*number);
  }
  return success();
}

ParseResult NodeReader::constantInt(unsigned i, int64_t &value) {
  llvm::SmallVector<int64_t> list;
  if (constantInts(i, list))
    return failure();
  return only(i, list, value);
}

ParseResult NodeReader::constantBool(unsigned i, bool &value) {
  Value v;
  if (input(i, v))
    return failure();
  std::optional<bool> known;
  if (b.element(v).isInteger(1))
    known = b.pool().constantBool(lifter.scalar(v));
  if (!known)
    return b.fail(inputName(i) + " is no constant bool"), failure();
  value = *known;
  return success();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

bool NodeReader::has(llvm::StringRef name) const {
  return node.find({name.data(), name.size()});
}

const Attribute *NodeReader::find(llvm::StringRef name, AttributeType type,
                                  bool &wrong) {
  read.push_back(name);
  const Attribute *attribute = node.find({name.data(), name.size()});
  wrong = attribute && attribute->type != type;
  if (wrong) {
    std::string_view have = attributeTypeName(attribute->type),
                     want = attributeTypeName(type);
    b.fail("attribute '" + name + "' is of type " + std::string(have) +
           ", not " + std::string(want));
  }
  return attribute;
}

/// The value `get` takes out of an attribute of `type`, else the default.
#define INGOT_ATTRIBUTE(TYPE, GET)                                             \
  bool wrong;                                                                  \
  const Attribute *attribute = find(name, AttributeType::TYPE, wrong);         \
  if (wrong)                                                                   \
    return failure();                                                          \
  if (attribute) {                                                             \
    GET;                                                                       \
    return success();                                                          \
  }

ParseResult NodeReader::integer(llvm::StringRef name, int64_t &value,
                                std::optional<int64_t> byDefault) {
  INGOT_ATTRIBUTE(Int, value = attribute->i)
  if (!byDefault)
    return b.fail("attribute '" + name + "' is missing"), failure();
  value = *byDefault;
  return success();
}

ParseResult NodeReader::flag(llvm::StringRef name, bool &value,
                             bool byDefault) {
  int64_t number;
  if (integer(name, number, byDefault))
    return failure();
  value = number != 0;
  return success();
}

ParseResult NodeReader::f32(llvm::StringRef name, double &value,
                            std::optional<double> byDefault) {
  // Hand-written models leave out the point.
  if (const Attribute *attribute = node.find({name.data(), name.size()});
      attribute && attribute->type == AttributeType::Int) {
    read.push_back(name);
    value = attribute->i;
    return success();
  }
  INGOT_ATTRIBUTE(Float, value = attribute->f)
  if (!byDefault)
    return b.fail("attribute '" + name + "' is missing"), failure();
  value = *byDefault;
  return success();
}

ParseResult NodeReader::string(llvm::StringRef name, std::string &value,
                               llvm::StringRef byDefault) {
  INGOT_ATTRIBUTE(String, value = attribute->s)
  value = byDefault.str();
  return success();
}

ParseResult NodeReader::ints(llvm::StringRef name,
                             llvm::SmallVector<int64_t> &list) {
  INGOT_ATTRIBUTE(Ints,
                  list.assign(attribute->ints.begin(), attribute->ints.end()))
  return success();
}

ParseResult NodeReader::floats(llvm::StringRef name,
                               llvm::SmallVector<double> &list) {
  INGOT_ATTRIBUTE(
      Floats, list.assign(attribute->floats.begin(), attribute->floats.end()))
  return success();
}

ParseResult NodeReader::tensor(llvm::StringRef name, const TensorRef *&value) {
  INGOT_ATTRIBUTE(Tensor, value = &attribute->tensor())
  return b.fail("attribute '" + name + "' is missing"), failure();
}

#undef INGOT_ATTRIBUTE

ParseResult NodeReader::normalize(int64_t &axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return b.fail("axis " + llvm::Twine(axis) + " of a tensor of rank " +
                  llvm::Twine(rank)),
           failure();
  axis += axis < 0 ? rank : 0;
  return success();
}

ParseResult NodeReader::axis(llvm::StringRef name, int64_t rank, int64_t &value,
                             std::optional<int64_t> byDefault) {
  return failure(integer(name, value, byDefault) || normalize(value, rank));
}

ParseResult NodeReader::expect(llvm::StringRef name, int64_t value) {
  int64_t have;
  if (integer(name, have, value))
    return failure();
  if (have != value)
    return b.fail("attribute '" + name + "' is " + llvm::Twine(have) +
                  ", only " + llvm::Twine(value) + " is supported"),
           failure();
  return success();
}

void NodeReader::ignore(llvm::StringRef name) { read.push_back(name); }

ParseResult NodeReader::axes(int64_t inputSince, int64_t rank,
                             std::optional<llvm::SmallVector<int64_t>> &list) {
  llvm::SmallVector<int64_t> raw;
  bool given = opset() < inputSince ? has("axes") : hasInput(1);
  if (!given)
    return success();
  if (opset() < inputSince ? ints("axes", raw) : constantInts(1, raw))
    return failure();
  for (int64_t &axis : raw)
    if (normalize(axis, rank))
      return failure();
  list = std::move(raw);
  return success();
}

ParseResult NodeReader::allRead() {
  for (const Attribute &attribute : node.attributes)
    if (!llvm::is_contained(read, attribute.name))
      return b.fail("attribute " + quoted(attribute.name) +
                    " is unknown in opset " + llvm::Twine(opset())),
             failure();
  for (unsigned i = 0; i < values.size(); ++i)
    if (values[i] && !llvm::is_contained(asked, i))
      return b.fail(inputName(i) + " is unknown in opset " +
                    llvm::Twine(opset())),
             failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

unsigned NodeReader::numOutputs() const { return node.outputs.size(); }

bool NodeReader::wantsOutput(unsigned i) const {
  return i < node.outputs.size() && !node.outputs[i].empty();
}

llvm::StringRef NodeReader::outputName(unsigned i) const {
  return node.outputs[i];
}

void NodeReader::setOutput(unsigned i, Value value) {
  assert(i > 0 && "the first output is what the import function returns");
  others.resize(std::max<size_t>(others.size(), i));
  others[i - 1] = value;
}

} // namespace ingot::onnx
