// Regions in two phases, and regions for several elements at once.
#include "codegen/cuda/LaneFacts.h"
#include "codegen/cuda/ScalarPrinter.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

namespace {
/// When each value of a region is needed: under one conjunction, or under
/// several (then there is none).
class Needs {
public:
  explicit Needs(Block &block) {
    for (Value yielded : block.getTerminator()->getOperands())
      add(yielded, Conjunction());
    for (Operation &op : llvm::reverse(block.without_terminator())) {
      auto own = needs.find(op.getResult(0));
      if (own == needs.end())
        continue;
      std::optional<Conjunction> terms = own->second;
      auto choose = dyn_cast<tfm::ChooseOp>(&op);
      for (OpOperand &operand : op.getOpOperands()) {
        std::optional<Conjunction> inner = terms;
        if (choose && operand.getOperandNumber() > 0 && inner)
          inner->push_back(
              {choose.getCondition(), operand.getOperandNumber() == 2});
        add(operand.get(), inner);
      }
    }
  }
  std::optional<Conjunction> of(Value value) const {
    return needs.lookup(value);
  }

private:
  void add(Value value, const std::optional<Conjunction> &terms) {
    auto [it, isNew] = needs.try_emplace(value, terms);
    if (isNew || it->second == terms)
      return;
    std::optional<Conjunction> &own = it->second;
    if (!own || !terms) {
      bool always = (own && own->empty()) || (terms && terms->empty());
      own = always ? std::optional(Conjunction()) : std::nullopt;
      return;
    }
    // Of two the shared beginning remains where one is it, or where they part
    // at a condition and its opposite.
    size_t shared = 0;
    while (shared < own->size() && shared < terms->size() &&
           (*own)[shared] == (*terms)[shared])
      ++shared;
    bool oneEnds = shared == own->size() || shared == terms->size();
    bool opposite = !oneEnds && own->size() == shared + 1 &&
                    terms->size() == shared + 1 &&
                    (*own)[shared].condition == (*terms)[shared].condition;
    if (oneEnds || opposite)
      own->truncate(shared);
    else
      own = std::nullopt;
  }
  llvm::DenseMap<Value, std::optional<Conjunction>> needs;
};

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
  TwoPhases result;
  std::string space(indent, ' ');
  SmallVector<Operation *> early;
  ScalarPrinter apply(region, arguments);
  apply.intercept = [&](Operation *op) {
    Value value = op->getResult(0);
    std::optional<Conjunction> terms = needs.of(value);
    if (!terms || isLate.contains(value) ||
        llvm::any_of(*terms, [&](const Term &term) {
          return isLate.contains(term.condition);
        }))
      return false;
    apply.bind(value, "in.x" + std::to_string(early.size()));
    early.push_back(op);
    return true;
  };
  std::string yielded = apply.names(region.getTerminator()->getOperands());
  result.apply = apply.text(indent) + space + "return " + yielded + ";\n";

  ScalarPrinter load(region, arguments);
  for (auto [i, op] : llvm::enumerate(early)) {
    std::string field = "x" + std::to_string(i);
    Value value = op->getResult(0);
    result.fields +=
        (scalarTypeName(value.getType()) + " " + field + "; ").str();
    load.assign(value, "in." + field, *needs.of(value));
  }
  result.load =
      space + "Loads in = {};\n" + load.text(indent) + space + "return in;\n";
  return result;
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
