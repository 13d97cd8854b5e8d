// Regions in two phases, and regions for several elements at once.
#include "codegen/cuda/LaneFacts.h"
#include "codegen/cuda/RegionNeeds.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

namespace {
/// The values of a region that are computed from `value`, and it.
llvm::DenseSet<Value> dependents(Block &block, Value value) {
  llvm::DenseSet<Value> result{value};
  for (Operation &op : block.without_terminator())
    if (llvm::any_of(op.getOperands(),
                     [&](Value operand) { return result.contains(operand); }))
      result.insert(op.getResult(0));
  return result;
}

/// What a value needs to be read once for all elements: it is the same for all
/// (a step of 0), or lies in one piece (1), and so do the conditions it is read
/// under.
std::optional<LaneFacts::Step> readOnce(LaneFacts &facts, Operation *op,
                                        ArrayRef<Term> terms) {
  LaneFacts::Scalars scalars = 0;
  for (const Term &term : terms) {
    std::optional<LaneFacts::Step> step = facts.step(term.condition);
    if (!step || step->by != 0)
      return std::nullopt;
    scalars |= step->scalars;
  }
  std::optional<LaneFacts::Step> step = facts.step(op->getResult(0));
  if (auto load = dyn_cast<tfm::LoadOp>(op); load && !step) {
    step = facts.step(load.getCoordinates()[0]);
    std::optional<LaneFacts::Scalars> aligned =
        facts.multiple(load.getCoordinates()[0]);
    if (!step || step->by != 1 || !aligned)
      return std::nullopt;
    scalars |= *aligned;
  }
  if (!step)
    return std::nullopt;
  return LaneFacts::Step{step->by, step->scalars | scalars};
}

LaneFacts factsOf(Block &region, const Lanes &lanes) {
  SmallVector<Value> varying;
  if (lanes.varying)
    varying.push_back(region.getArgument(*lanes.varying));
  return LaneFacts(region.getArgument(lanes.along), varying, lanes.firstScalar,
                   lanes.width, lanes.given);
}

/// The arguments of element `l`.
std::vector<std::string> elementArguments(ArrayRef<std::string> arguments,
                                          const Lanes &lanes) {
  std::vector<std::string> each(arguments.begin(), arguments.end());
  each[lanes.along] = "(" + each[lanes.along] + " + l)";
  if (lanes.varying)
    each[*lanes.varying] += "[l]";
  return each;
}

std::string elementLoop(const Lanes &lanes, const std::string &body,
                        const std::string &space) {
  return space + "UNROLL for (int l = 0; l < " + std::to_string(lanes.width) +
         "; ++l) {\n" + body + space + "}\n";
}

unsigned tensorOf(tfm::LoadOp load) {
  return cast<BlockArgument>(load.getTensor()).getArgNumber();
}

/// What is stored as `type` anyway need not be rounded to it before.
Value unrounded(Value value, Type type) {
  auto convert = value.getDefiningOp<tfm::ConvertOp>();
  bool isRounding = convert && convert.getResult().getType() == type &&
                    (type.isF16() || type.isBF16()) &&
                    convert.getInput().getType().isF32();
  return isRounding ? convert.getInput() : value;
}
} // namespace

TwoPhases printTwoPhases(Block &region, ArrayRef<std::string> arguments,
                         Value late, Type stored, unsigned indent) {
  Needs needs(region);
  llvm::DenseSet<Value> isLate = dependents(region, late);
  EarlyLoads loads(needs, [&](Value value) { return isLate.contains(value); });
  ScalarPrinter apply(region, arguments), load(region, arguments);
  apply.intercept = [&](Operation *op) { return loads.take(op, apply); };
  std::string yielded =
      apply.name(unrounded(region.getTerminator()->getOperand(0), stored));
  return {loads.fields(), loads.print(load, indent),
          apply.text(indent) + std::string(indent, ' ') + "return " + yielded +
              ";\n"};
}

LanePhases printLanePhases(Block &region, ArrayRef<std::string> arguments,
                           const Lanes &lanes, Type stored, unsigned indent) {
  Needs needs(region);
  llvm::DenseSet<Value> late =
      dependents(region, region.getArgument(*lanes.varying));
  auto isLate = [&](Value value) { return late.contains(value); };
  LaneFacts facts = factsOf(region, lanes);
  LanePhases result;
  std::vector<std::string> each = elementArguments(arguments, lanes);
  // What is read once, what each element reads, what it does with both.
  ScalarPrinter once(region, arguments, "w"), own(region, each),
      apply(region, each);
  unsigned fields = 0;
  bool hasOwn = false;
  apply.intercept = [&](Operation *op) {
    std::optional<Conjunction> terms = earlyTerms(needs, isLate, op);
    if (!terms)
      return false;
    Value value = op->getResult(0);
    std::string field = "x" + std::to_string(fields++), name = "in." + field,
                type = scalarTypeName(value.getType()).str();
    auto declare = [&](const std::string &type) {
      result.fields += type + " " + field + "; ";
    };
    std::optional<LaneFacts::Step> step = readOnce(facts, op, *terms);
    if (!step) {
      hasOwn = true;
      declare(lanesTypeName(type, lanes.width));
      own.assign(value, name + "[l]", *terms);
      apply.bind(value, name + "[l]");
      return true;
    }
    result.scalars |= step->scalars;
    if (step->by == 0) {
      declare(type);
      once.assign(value, name, *terms);
      apply.bind(value, name);
      return true;
    }
    auto load = cast<tfm::LoadOp>(op);
    once.widen(load, lanes.width);
    result.wide.insert(tensorOf(load));
    declare(lanesTypeName(memoryTypeName(elementOf(load)), lanes.width));
    once.assign(value, name, *terms);
    apply.bind(value, apply.variable(
                          value, fromMemory(elementOf(load), name + "[l]")));
    return true;
  };
  std::string space(indent, ' ');
  std::string yielded =
      apply.name(unrounded(region.getTerminator()->getOperand(0), stored));
  result.load =
      space + "LanesLoads in = {};\n" + once.text(indent) +
      (hasOwn ? elementLoop(lanes, own.text(indent + 2), space) : "") + space +
      "return in;\n";
  result.apply = space + lanes.type + " y;\n" +
                 elementLoop(lanes,
                             apply.text(indent + 2) + space +
                                 "  y[l] = " + yielded + ";\n",
                             space) +
                 space + "return y;\n";
  return result;
}

LaneRegion printLanes(Block &region, ArrayRef<std::string> arguments,
                      const Lanes &lanes, unsigned indent) {
  Needs needs(region);
  LaneRegion result;
  LaneFacts facts = factsOf(region, lanes);
  ScalarPrinter once(region, arguments, "w"),
      element(region, elementArguments(arguments, lanes));
  unsigned named = 0;
  element.intercept = [&](Operation *op) {
    Value value = op->getResult(0);
    std::optional<Conjunction> terms = needs.of(value);
    std::optional<LaneFacts::Step> step;
    if (terms)
      step = readOnce(facts, op, *terms);
    if (!step) {
      ++result.single;
      return false;
    }
    result.scalars |= step->scalars;
    bool isWide = step->by == 1;
    if (isWide) {
      auto load = cast<tfm::LoadOp>(op);
      once.widen(load, lanes.width);
      result.wide.insert(tensorOf(load));
    }
    std::string name;
    if (terms->empty()) {
      name = once.name(value);
    } else {
      name = "x" + std::to_string(named++);
      once.declare(value, name, *terms);
    }
    if (isWide)
      name = element.variable(
          value, fromMemory(elementOf(cast<tfm::LoadOp>(op)), name + "[l]"));
    element.bind(value, name);
    return true;
  };
  std::string space(indent, ' ');
  std::string yielded = element.names(region.getTerminator()->getOperands());
  result.body = once.text(indent) + space + lanes.type + " y;\n" +
                elementLoop(lanes,
                            element.text(indent + 2) + space +
                                "  y[l] = " + yielded + ";\n",
                            space) +
                space + "return y;\n";
  return result;
}

} // namespace ingot::cuda
