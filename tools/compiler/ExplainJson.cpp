// The explanation for scripts; docs/explain.md lists the fields.
#include "tools/compiler/Explanation.h"

#include "llvm/Support/JSON.h"

using namespace mlir;

namespace ingot::cli {

static llvm::StringRef outcomeName(Outcome outcome) {
  switch (outcome) {
  case Outcome::Fused:
    return "fused";
  case Outcome::Removed:
    return "removed";
  case Outcome::Unfused:
    return "unfused";
  }
  llvm_unreachable("unknown outcome");
}

static llvm::StringRef ownerName(Operation *op) {
  return llvm::isa<tfm::FusedOp>(op) ? "chain" : op->getName().stripDialect();
}

static llvm::json::Value list(llvm::ArrayRef<std::string> texts) {
  llvm::json::Array array;
  for (const std::string &text : texts)
    array.push_back(text);
  return array;
}

static llvm::json::Object totals(const Ledger &ledger) {
  llvm::json::Object result;
  for (SiteKind kind : kSiteKinds)
    result[siteKindName(kind)] =
        llvm::json::Object{{"sites", ledger.count(kind)},
                           {"fused", ledger.count(kind, Outcome::Fused)},
                           {"removed", ledger.count(kind, Outcome::Removed)},
                           {"unfused", ledger.count(kind, Outcome::Unfused)}};
  return result;
}

/// How many ops of the fused form there are of each kind.
static llvm::json::Object ops(const Ledger &ledger) {
  std::map<std::string, int64_t> counts{
      {"attention", 0}, {"chain", 0}, {"linear", 0}, {"norm", 0}};
  for (const Fusion &fusion : ledger.fusions())
    ++counts[ownerName(fusion.op).str()];
  llvm::json::Object result;
  for (auto &[name, count] : counts)
    result[name] = count;
  return result;
}

static llvm::json::Object attention(tfm::AttentionOp op) {
  AttentionFacts facts = factsOf(op);
  return llvm::json::Object{
      {"heads", facts.heads},          {"kv_heads", facts.kvHeads},
      {"head_dim", facts.depth},       {"value_dim", facts.valueDepth},
      {"scale", facts.scale},          {"mask", list(facts.mask)},
      {"score_mod", facts.hasRegion},  {"score_mod_reads", list(facts.reads)},
      {"empty_rows", facts.emptyRows}, {"query", list(facts.query)},
      {"key", list(facts.key)},        {"value", list(facts.value)}};
}

static llvm::json::Array fusions(const Ledger &ledger) {
  llvm::json::Array result;
  for (const Fusion &fusion : ledger.fusions()) {
    llvm::json::Array sites;
    for (unsigned site : fusion.sites)
      sites.push_back(site);
    llvm::json::Object entry{{"op", ownerName(fusion.op)},
                             {"what", describe(ledger, fusion)},
                             {"sites", std::move(sites)},
                             {"nodes", list(fusion.nodes)}};
    if (!fusion.note.empty())
      entry["note"] = fusion.note;
    if (auto op = llvm::dyn_cast<tfm::AttentionOp>(fusion.op))
      entry["attention"] = attention(op);
    result.push_back(std::move(entry));
  }
  return result;
}

static llvm::json::Array sites(const Ledger &ledger) {
  llvm::json::Array result;
  for (const Site &site : ledger.sites()) {
    llvm::json::Object entry{{"kind", siteKindName(site.kind)},
                             {"op", site.op},
                             {"node", site.node},
                             {"outcome", outcomeName(site.outcome)}};
    if (site.fusion >= 0)
      entry["fusion"] = site.fusion;
    else
      entry["reason"] = site.reason;
    if (!site.form.empty())
      entry["form"] = site.form;
    result.push_back(std::move(entry));
  }
  return result;
}

static llvm::json::Object entryPoint(func::FuncOp function) {
  llvm::json::Array inputs, symbols, checks;
  for (const InputFacts &input : inputsOf(function))
    inputs.push_back(llvm::json::Object{{"name", input.name},
                                        {"type", input.type},
                                        {"dims", list(input.dims)}});
  for (const SymbolFacts &symbol : symbolsOf(function)) {
    llvm::json::Object entry{
        {"name", symbol.name}, {"source", symbol.source}, {"min", symbol.min}};
    if (symbol.max >= 0)
      entry["max"] = symbol.max;
    symbols.push_back(std::move(entry));
  }
  for (const CheckFacts &check : checksOf(function))
    checks.push_back(llvm::json::Object{{"left", check.left},
                                        {"relation", check.relation},
                                        {"right", check.right},
                                        {"sentence", check.sentence}});
  return llvm::json::Object{{"name", function.getSymName()},
                            {"inputs", std::move(inputs)},
                            {"symbols", std::move(symbols)},
                            {"checks", std::move(checks)}};
}

void printJson(ModuleOp module, const Ledger &ledger, llvm::StringRef model,
               llvm::raw_ostream &os) {
  llvm::json::Array plain, entries;
  for (const PlainOp &op : plainOps(module))
    plain.push_back(llvm::json::Object{{"op", op.op}, {"node", op.node}});
  for (auto function : module.getOps<func::FuncOp>())
    entries.push_back(entryPoint(function));
  llvm::json::Object root{{"model", model},
                          {"totals", totals(ledger)},
                          {"ops", ops(ledger)},
                          {"sites", sites(ledger)},
                          {"fusions", fusions(ledger)},
                          {"plain", std::move(plain)},
                          {"entries", std::move(entries)}};
  if (auto note = module->getAttrOfType<StringAttr>("tfm.dropped_names"))
    root["dropped_names"] = note.getValue();
  os << llvm::formatv("{0:2}", llvm::json::Value(std::move(root))) << "\n";
}

} // namespace ingot::cli
