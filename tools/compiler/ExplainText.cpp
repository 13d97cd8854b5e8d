// The explanation for people: a table of counts, then what is behind them.
#include "tools/compiler/Explanation.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace ingot::cli {

namespace {
/// Lines that say the same are said once, over the nodes they are about.
using Groups = llvm::MapVector<std::string, std::vector<std::string>,
                               std::map<std::string, unsigned>>;

class TextPrinter {
public:
  TextPrinter(ModuleOp module, const Ledger &ledger, llvm::raw_ostream &os)
      : module(module), ledger(ledger), os(os) {}

  void print(llvm::StringRef model) {
    os << model;
    if (auto opset = module->getAttrOfType<IntegerAttr>("tfm.opset"))
      os << ", opset " << opset.getInt();
    if (auto producer = module->getAttrOfType<StringAttr>("tfm.producer"))
      os << ", " << producer.getValue();
    os << "\n\n";
    printTotals();
    printSites("not fused", Outcome::Unfused);
    printSites("no code", Outcome::Removed);
    printFused<tfm::AttentionOp>("attention");
    printFused<tfm::NormOp>("norm");
    printFused<tfm::LinearOp>("linear");
    printPlaces(SiteKind::Activation);
    printPlaces(SiteKind::Embedding);
    printFused<tfm::FusedOp>("chain");
    printPlain();
    for (auto function : module.getOps<func::FuncOp>())
      printDims(function);
  }

private:
  template <typename Op>
  unsigned countOwners() {
    return llvm::count_if(ledger.fusions(),
                          [](const Fusion &f) { return llvm::isa<Op>(f.op); });
  }

  void printTotals() {
    for (SiteKind kind : kSiteKinds) {
      unsigned total = ledger.count(kind);
      if (total == 0)
        continue;
      unsigned fused = ledger.count(kind, Outcome::Fused);
      os << llvm::format("  %-10s %4u of %u fused", siteKindName(kind).data(),
                         fused, total);
      if (unsigned removed = ledger.count(kind, Outcome::Removed))
        os << ", " << removed << " without code";
      os << detail(kind) << "\n";
    }
    if (unsigned chains = countOwners<tfm::FusedOp>())
      os << llvm::format("  %-10s %4u", "chain", chains) << "\n";
  }

  std::string detail(SiteKind kind) {
    std::map<std::string, unsigned> parts;
    for (const Site &site : ledger.sites()) {
      if (site.kind != kind || site.fusion < 0)
        continue;
      const Fusion &owner = ledger.fusions()[site.fusion];
      if (kind == SiteKind::Activation)
        ++parts[site.form.empty() ? site.op : site.form];
      else if (kind == SiteKind::Product)
        ++parts[llvm::isa<tfm::AttentionOp>(owner.op) ? "in attention"
                : llvm::isa<tfm::LinearOp>(owner.op)
                    ? "in " + std::to_string(countOwners<tfm::LinearOp>()) +
                          " linears"
                    : "in chains"];
      else if (kind == SiteKind::Norm)
        ++parts[llvm::cast<tfm::NormOp>(owner.op).getKind() ==
                        tfm::NormKind::Layer
                    ? "layer"
                    : "RMS"];
    }
    std::string text;
    for (auto &[name, count] : parts)
      text += (text.empty() ? ": " : ", ") + std::to_string(count) + " " + name;
    return text;
  }

  /// The model's names for what an op is made of: its own sites first.
  std::string memberName(const Fusion &fusion) {
    std::vector<std::string> names;
    for (unsigned i : fusion.sites) {
      const Site &site = ledger.sites()[i];
      bool isMain = llvm::isa<tfm::AttentionOp>(fusion.op)
                        ? site.kind == SiteKind::Attention
                    : llvm::isa<tfm::NormOp>(fusion.op)
                        ? site.kind == SiteKind::Norm
                        : llvm::isa<tfm::LinearOp>(fusion.op) &&
                              site.kind == SiteKind::Product;
      if (isMain)
        names.push_back(site.node);
    }
    if (names.empty())
      names.push_back(nodeName(fusion.op->getLoc()));
    std::string products;
    if (llvm::isa<tfm::AttentionOp>(fusion.op))
      for (unsigned i : fusion.sites)
        if (ledger.sites()[i].kind == SiteKind::Product)
          products +=
              (products.empty() ? " of " : " and ") + ledger.sites()[i].node;
    return braces(names) + products;
  }

  /// `a/{q, k}/x` for a/q/x and a/k/x.
  static std::string braces(llvm::ArrayRef<std::string> names) {
    if (names.size() == 1)
      return names[0];
    auto common = [&](auto next) {
      size_t length = 0, atSlash = 0;
      for (;; ++length) {
        for (const std::string &name : names)
          if (length >= name.size() ||
              next(name, length) != next(names[0], length))
            return atSlash;
        if (next(names[0], length) == '/')
          atSlash = length + 1;
      }
    };
    size_t head = common([](const std::string &s, size_t i) { return s[i]; });
    size_t tail = common(
        [](const std::string &s, size_t i) { return s[s.size() - 1 - i]; });
    std::vector<std::string> middles;
    for (const std::string &name : names) {
      // A slash can be the end of the head and the start of the tail.
      size_t cut = std::min(tail, name.size() - head);
      middles.push_back(name.substr(head, name.size() - head - cut));
      tail = cut;
    }
    return names[0].substr(0, head) + "{" + llvm::join(middles, ", ") + "}" +
           names[0].substr(names[0].size() - tail);
  }

  template <typename Op>
  void printFused(llvm::StringRef title) {
    Groups groups;
    for (const Fusion &fusion : ledger.fusions()) {
      if (!llvm::isa<Op>(fusion.op))
        continue;
      std::string what = describe(ledger, fusion);
      if (!fusion.note.empty())
        what += "; " + fusion.note;
      groups[what].push_back(memberName(fusion));
    }
    printGroups(title, groups);
  }

  void printPlaces(SiteKind kind) {
    Groups groups;
    for (const Site &site : ledger.sites())
      if (site.kind == kind && site.fusion >= 0)
        groups[placeOf(ledger, site)].push_back(site.node);
    printGroups(siteKindName(kind), groups);
  }

  void printSites(llvm::StringRef title, Outcome outcome) {
    Groups groups;
    for (const Site &site : ledger.sites())
      if (site.outcome == outcome)
        groups[(siteKindName(site.kind) + ": " + site.reason).str()].push_back(
            site.node);
    printGroups(title, groups);
  }

  void printPlain() {
    Groups groups;
    for (const PlainOp &op : plainOps(module))
      groups[op.op].push_back(op.node);
    printGroups("as it is", groups);
  }

  void printGroups(llvm::StringRef title, const Groups &groups) {
    if (groups.empty())
      return;
    os << "\n" << title << "\n";
    for (auto &[what, members] : groups) {
      os << "  " << members.size() << " x " << what << "\n";
      for (const std::string &member : members)
        os << "      " << member << "\n";
    }
  }

  void printDims(func::FuncOp function) {
    os << "\ninputs of " << function.getSymName() << "\n";
    for (const InputFacts &input : inputsOf(function))
      os << "  " << input.name << "  " << input.type << "["
         << llvm::join(input.dims, ", ") << "]\n";
    std::vector<SymbolFacts> symbols = symbolsOf(function);
    if (!symbols.empty())
      os << "\nsymbols\n";
    for (const SymbolFacts &symbol : symbols)
      os << "  " << symbol.name << " = " << symbol.source << ", "
         << (symbol.max < 0 ? std::to_string(symbol.min) + " or more"
                            : std::to_string(symbol.min) + " to " +
                                  std::to_string(symbol.max))
         << "\n";
    if (auto note = module->getAttrOfType<StringAttr>("tfm.dropped_names"))
      os << "  " << note.getValue() << "\n";
    std::vector<CheckFacts> checks = checksOf(function);
    if (!checks.empty())
      os << "\nassumed, and checked when dims are bound\n";
    for (const CheckFacts &check : checks)
      os << "  " << check.left << " " << check.relation << " " << check.right
         << "\n      " << check.sentence << "\n";
  }

  ModuleOp module;
  const Ledger &ledger;
  llvm::raw_ostream &os;
};
} // namespace

void printText(ModuleOp module, const Ledger &ledger, llvm::StringRef model,
               llvm::raw_ostream &os) {
  TextPrinter(module, ledger, os).print(model);
}

} // namespace ingot::cli
