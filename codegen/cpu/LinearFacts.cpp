#include "codegen/cpu/LinearFacts.h"

#include "codegen/cpu/Strand.h"
#include "ir/tfm/Tfm.h"

using namespace mlir;

namespace ingot::cpu {

void LinearForm::add(const LinearForm &other, int64_t factor) {
  constant += factor * other.constant;
  for (auto [value, coefficient] : other.terms) {
    int64_t &own = terms[value];
    own += factor * coefficient;
    if (own == 0)
      terms.erase(value);
  }
}

LinearForm LinearForm::of(Value value) {
  LinearForm form;
  if (std::optional<int64_t> constant = constantOf(value)) {
    form.constant = *constant;
    return form;
  }
  auto apply = value.getDefiningOp<tfm::ApplyOp>();
  ScalarOp op = apply ? apply.getOp().getValue() : ScalarOp::Eq;
  if (op == ScalarOp::Add || op == ScalarOp::Sub) {
    form = of(apply.getOperands()[0]);
    form.add(of(apply.getOperands()[1]), op == ScalarOp::Add ? 1 : -1);
    return form;
  }
  if (op == ScalarOp::Mul)
    for (int side : {0, 1})
      if (auto factor = constantOf(apply.getOperands()[side])) {
        form.add(of(apply.getOperands()[1 - side]), *factor);
        return form;
      }
  form.terms[value] = 1;
  return form;
}

void LinearFacts::add(Value x, Value y, int64_t slack) {
  if (!x.getType().isInteger(64))
    return;
  LinearForm form = LinearForm::of(y);
  form.add(LinearForm::of(x), -1);
  form.constant += slack;
  facts.push_back(std::move(form));
}

void LinearFacts::assume(Value condition, bool holds) {
  auto apply = condition.getDefiningOp<tfm::ApplyOp>();
  if (!apply)
    return;
  ValueRange operands = apply.getOperands();
  switch (apply.getOp().getValue()) {
  case ScalarOp::Not:
    return assume(operands[0], !holds);
  case ScalarOp::And:
  case ScalarOp::Or:
    if (holds == (apply.getOp().getValue() == ScalarOp::And))
      for (Value operand : operands)
        assume(operand, holds);
    return;
  case ScalarOp::Lt:
    return holds ? add(operands[0], operands[1], -1)
                 : add(operands[1], operands[0], 0);
  case ScalarOp::Le:
    return holds ? add(operands[0], operands[1], 0)
                 : add(operands[1], operands[0], -1);
  case ScalarOp::Eq:
    if (holds) {
      add(operands[0], operands[1], 0);
      add(operands[1], operands[0], 0);
    }
    return;
  default:
    return;
  }
}

bool LinearFacts::lessOrEqual(Value x, Value y) const {
  LinearForm goal = LinearForm::of(y);
  goal.add(LinearForm::of(x), -1);
  auto obvious = [&](const LinearForm &form) {
    return form.constant >= 0 && llvm::all_of(form.terms, [&](auto &term) {
             return term.second >= 0 && indices.contains(term.first);
           });
  };
  if (obvious(goal))
    return true;
  return llvm::any_of(facts, [&](const LinearForm &fact) {
    LinearForm rest = goal;
    rest.add(fact, -1);
    return obvious(rest);
  });
}

} // namespace ingot::cpu
