#include "codegen/cuda/RegionNeeds.h"

using namespace mlir;

namespace ingot::cuda {

Needs::Needs(Block &block) {
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

void Needs::add(Value value, const std::optional<Conjunction> &terms) {
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

std::optional<Conjunction> earlyTerms(const Needs &needs,
                                      llvm::function_ref<bool(Value)> isLate,
                                      Operation *op) {
  std::optional<Conjunction> terms = needs.of(op->getResult(0));
  if (!terms || isLate(op->getResult(0)) ||
      llvm::any_of(*terms,
                   [&](const Term &term) { return isLate(term.condition); }))
    return std::nullopt;
  return terms;
}

bool EarlyLoads::take(Operation *op, ScalarPrinter &printer) {
  if (!earlyTerms(needs, isLate, op))
    return false;
  unsigned number =
      numbers.try_emplace(op, static_cast<unsigned>(numbers.size()))
          .first->second;
  printer.bind(op->getResult(0), "in.x" + std::to_string(number));
  return true;
}

std::string EarlyLoads::fields() const {
  std::string fields;
  for (auto [op, number] : numbers)
    fields += (scalarTypeName(op->getResult(0).getType()) + " x" +
               llvm::Twine(number) + "; ")
                  .str();
  return fields;
}

std::string EarlyLoads::print(ScalarPrinter &printer, unsigned indent) const {
  for (auto [op, number] : numbers) {
    Value value = op->getResult(0);
    printer.assign(value, "in.x" + std::to_string(number), *needs.of(value));
  }
  std::string space(indent, ' ');
  return space + "Loads in = {};\n" + printer.text(indent) + space +
         "return in;\n";
}

} // namespace ingot::cuda
