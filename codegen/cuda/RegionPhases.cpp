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
} // namespace

TwoPhases printTwoPhases(Block &region, ArrayRef<std::string> arguments,
                         Value late, unsigned indent) {
  Needs needs(region);
  llvm::DenseSet<Value> isLate = dependents(region, late);
  EarlyLoads loads(needs, [&](Value value) { return isLate.contains(value); });
  ScalarPrinter apply(region, arguments), load(region, arguments);
  apply.intercept = [&](Operation *op) { return loads.take(op, apply); };
  std::string yielded = apply.names(region.getTerminator()->getOperands());
  return {loads.fields(), loads.print(load, indent),
          apply.text(indent) + std::string(indent, ' ') + "return " + yielded +
              ";\n"};
}

LaneRegion printLanes(Block &region, ArrayRef<std::string> arguments,
                      const Lanes &lanes, unsigned indent) {
  Needs needs(region);
  LaneRegion result;
  Value along = region.getArgument(lanes.along);
  SmallVector<Value> varying;
  if (lanes.varying)
    varying.push_back(region.getArgument(*lanes.varying));
  LaneFacts facts(along, varying, lanes.firstScalar, lanes.width, lanes.given);
  // What a value needs to be read once for all elements: it is the same for
  // all, or lies in one piece, and so do the conditions it is read under.
  auto readable = [&](Operation *op,
                      ArrayRef<Term> terms) -> std::optional<LaneFacts::Step> {
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
  };

  std::vector<std::string> each(arguments.begin(), arguments.end());
  each[lanes.along] = "(" + each[lanes.along] + " + l)";
  if (lanes.varying)
    each[*lanes.varying] += "[l]";
  ScalarPrinter once(region, arguments, "w"), element(region, each);
  unsigned named = 0;
  element.intercept = [&](Operation *op) {
    Value value = op->getResult(0);
    std::optional<Conjunction> terms = needs.of(value);
    std::optional<LaneFacts::Step> step;
    if (terms)
      step = readable(op, *terms);
    if (!step) {
      ++result.single;
      return false;
    }
    result.scalars |= step->scalars;
    bool isWide = step->by == 1;
    if (isWide) {
      auto load = cast<tfm::LoadOp>(op);
      once.widen(load, lanes.width);
      result.wide.insert(cast<BlockArgument>(load.getTensor()).getArgNumber());
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
  result.body = once.text(indent) + space + lanes.type + " y;\n" + space +
                "UNROLL for (int l = 0; l < " + std::to_string(lanes.width) +
                "; ++l) {\n" + element.text(indent + 2) + space +
                "  y[l] = " + yielded + ";\n" + space + "}\n" + space +
                "return y;\n";
  return result;
}

} // namespace ingot::cuda
