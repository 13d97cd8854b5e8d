#include "passes/Ledger.h"

#include "passes/Match.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace ingot {

llvm::StringRef siteKindName(SiteKind kind) {
  switch (kind) {
  case SiteKind::Attention:
    return "attention";
  case SiteKind::Norm:
    return "norm";
  case SiteKind::Activation:
    return "activation";
  case SiteKind::Product:
    return "product";
  case SiteKind::Embedding:
    return "embedding";
  }
  llvm_unreachable("unknown kind of site");
}

namespace {
/// The leaves of a location, depth first: names of nodes to `onName`, marks of
/// the ledger to `onSite`.
void visit(Location loc, llvm::function_ref<void(llvm::StringRef)> onName,
           llvm::function_ref<void(unsigned)> onSite) {
  if (auto name = llvm::dyn_cast<NameLoc>(loc)) {
    onName(name.getName());
  } else if (auto line = llvm::dyn_cast<FileLineColLoc>(loc)) {
    onName((llvm::sys::path::filename(line.getFilename()) + ":" +
            llvm::Twine(line.getLine()))
               .str());
  } else if (auto fused = llvm::dyn_cast<FusedLoc>(loc)) {
    if (auto site = llvm::dyn_cast_if_present<IntegerAttr>(fused.getMetadata()))
      onSite(site.getInt());
    for (Location inner : fused.getLocations())
      visit(inner, onName, onSite);
  }
}

llvm::SetVector<unsigned> sitesOf(Operation *op) {
  llvm::SetVector<unsigned> sites;
  visit(
      op->getLoc(), [](llvm::StringRef) {},
      [&](unsigned site) { sites.insert(site); });
  return sites;
}

bool isActivation(ScalarOp op) {
  return op == ScalarOp::Gelu || op == ScalarOp::GeluTanh ||
         op == ScalarOp::GeluSigmoid || op == ScalarOp::Silu;
}

/// Where sites of a kind can end up, best first.
bool owns(Operation *op, SiteKind kind) {
  switch (kind) {
  case SiteKind::Attention:
    return llvm::isa<tfm::AttentionOp>(op);
  case SiteKind::Norm:
    return llvm::isa<tfm::NormOp>(op);
  case SiteKind::Product:
    return llvm::isa<tfm::AttentionOp, tfm::LinearOp, tfm::FusedOp>(op);
  case SiteKind::Activation:
    return llvm::isa<tfm::AttentionOp, tfm::LinearOp, tfm::FusedOp>(op);
  case SiteKind::Embedding:
    // A table of relative positions is read by an attention's region.
    return llvm::isa<tfm::AttentionOp, tfm::FusedOp>(op);
  }
  llvm_unreachable("unknown kind of site");
}
} // namespace

std::vector<std::string> nodeNames(Location loc) {
  std::vector<std::string> names;
  llvm::StringSet<> seen;
  visit(
      loc,
      [&](llvm::StringRef name) {
        if (seen.insert(name).second)
          names.push_back(name.str());
      },
      [](unsigned) {});
  return names;
}

std::string nodeName(Location loc) {
  std::vector<std::string> names = nodeNames(loc);
  return names.empty() ? "" : names.front();
}

/// Hands the ledger each pass as it goes by.
class LedgerWatch : public PassInstrumentation {
public:
  explicit LedgerWatch(Ledger &ledger) : ledger(ledger) {}
  void runBeforePass(Pass *pass, Operation *) override {
    ledger.beforePass(pass);
  }
  void runAfterPass(Pass *pass, Operation *) override {
    ledger.afterPass(pass);
  }

private:
  Ledger &ledger;
};

Ledger::Ledger(ModuleOp imported) : module(imported) {
  for (auto function : module.getOps<func::FuncOp>())
    for (Operation &op : function.getBody().front()) {
      if (auto softmax = llvm::dyn_cast<tfm::SoftmaxOp>(op))
        add(&op, SiteKind::Attention, "softmax");
      else if (llvm::isa<tfm::AttentionOp>(op))
        add(&op, SiteKind::Attention, "attention");
      else if (llvm::isa<tfm::NormOp>(op))
        add(&op, SiteKind::Norm, "norm");
      else if (auto reduce = llvm::dyn_cast<tfm::ReduceOp>(op);
               reduce && isNormStatistic(reduce))
        add(&op, SiteKind::Norm,
            tfm::stringifyReduceKind(reduce.getKind()).str() + " of squares");
      else if (llvm::isa<tfm::MatmulOp>(op))
        add(&op, SiteKind::Product, "matmul");
      else if (llvm::isa<tfm::LinearOp>(op))
        add(&op, SiteKind::Product, "linear");
      else if (llvm::isa<tfm::ConvOp>(op))
        add(&op, SiteKind::Product, "conv");
      else if (auto gather = llvm::dyn_cast<tfm::GatherOp>(op);
               gather && isEmbedding(gather))
        add(&op, SiteKind::Embedding, "gather");
      else if (auto elementwise = llvm::dyn_cast<tfm::ElementwiseOp>(op)) {
        ScalarOp kind = elementwise.getOp().getValue();
        if (isActivation(kind) || kind == ScalarOp::Erf ||
            kind == ScalarOp::Tanh || kind == ScalarOp::Sigmoid)
          add(&op, SiteKind::Activation, stringifyEnum(kind));
      }
    }
  alive.assign(all.size(), true);
}

void Ledger::add(Operation *op, SiteKind kind, llvm::StringRef name) {
  auto mark = IntegerAttr::get(IntegerType::get(op->getContext(), 64),
                               static_cast<int64_t>(all.size()));
  Site &site = all.emplace_back();
  site.kind = kind;
  site.op = name.str();
  site.node = nodeName(op->getLoc());
  op->setLoc(FusedLoc::get({op->getLoc()}, mark, op->getContext()));
}

void Ledger::watch(PassManager &passes) {
  passes.addInstrumentation(std::make_unique<LedgerWatch>(*this));
}

/// Numbers the values of each function by what computes them, as CSE does.
void Ledger::beforePass(Pass *pass) {
  twins.clear();
  if (pass->getArgument() != "cse")
    return;
  twins.assign(all.size(), -1);
  for (auto function : module.getOps<func::FuncOp>()) {
    llvm::DenseMap<Value, Value> first;
    llvm::DenseMap<llvm::hash_code, llvm::SmallVector<Operation *>> seen;
    auto number = [&](Value value) {
      Value known = first.lookup(value);
      return known ? known : value;
    };
    for (Operation &op : function.getBody().front()) {
      if (!isMemoryEffectFree(&op) || op.getNumRegions() != 0)
        continue;
      llvm::SmallVector<Value> operands;
      for (Value operand : op.getOperands())
        operands.push_back(number(operand));
      llvm::hash_code hash = llvm::hash_combine(
          op.getName(), op.hashProperties(),
          llvm::hash_combine_range(operands.begin(), operands.end()));
      Operation *twin = nullptr;
      for (Operation *other : seen[hash])
        if (OperationEquivalence::isEquivalentTo(
                other, &op,
                [&](Value a, Value b) {
                  return success(number(a) == number(b));
                },
                nullptr, OperationEquivalence::IgnoreLocations))
          twin = other;
      if (!twin) {
        seen[hash].push_back(&op);
        continue;
      }
      for (auto [result, known] :
           llvm::zip_equal(op.getResults(), twin->getResults()))
        first[result] = known;
      llvm::SetVector<unsigned> same = sitesOf(twin);
      for (unsigned site : sitesOf(&op))
        if (!same.empty())
          twins[site] = same.front();
    }
  }
}

/// Notes of passes are kept here: the op that carries one may be fused away.
void Ledger::afterPass(Pass *pass) {
  llvm::SmallVector<bool> now(all.size(), false);
  for (auto function : module.getOps<func::FuncOp>())
    for (Operation &op : function.getBody().front()) {
      auto note = op.getAttrOfType<StringAttr>(kUnfusedAttr);
      auto elementwise = llvm::dyn_cast<tfm::ElementwiseOp>(op);
      for (unsigned site : sitesOf(&op)) {
        now[site] = true;
        if (note && !owns(&op, all[site].kind))
          all[site].reason = note.str();
        if (elementwise && all[site].kind == SiteKind::Activation &&
            isActivation(elementwise.getOp().getValue()))
          all[site].form = stringifyEnum(elementwise.getOp().getValue()).str();
      }
    }
  for (size_t i = 0; i < all.size(); ++i) {
    if (now[i] || !alive[i])
      continue;
    all[i].outcome = Outcome::Removed;
    all[i].reason = i < twins.size() && twins[i] >= 0
                        ? "the same as " + all[twins[i]].node
                        : "its value is known when compiling, or not needed";
  }
  alive = std::move(now);
}

void Ledger::settle() {
  owners.clear();
  for (auto function : module.getOps<func::FuncOp>())
    for (Operation &op : function.getBody().front()) {
      if (!llvm::isa<tfm::AttentionOp, tfm::NormOp, tfm::LinearOp,
                     tfm::FusedOp>(op))
        continue;
      Fusion &owner = owners.emplace_back();
      owner.op = &op;
      owner.nodes = nodeNames(op.getLoc());
      if (auto note = op.getAttrOfType<StringAttr>(kUnfusedAttr))
        owner.note = note.str();
    }
  // A chain takes what no Transformer op took.
  for (bool chains : {false, true})
    for (auto [i, owner] : llvm::enumerate(owners)) {
      if (llvm::isa<tfm::FusedOp>(owner.op) != chains)
        continue;
      for (unsigned site : sitesOf(owner.op)) {
        Site &found = all[site];
        if (found.fusion >= 0 || !owns(owner.op, found.kind) ||
            // By itself in a chain it is one more scalar operation.
            (chains && found.kind == SiteKind::Activation &&
             found.form.empty()))
          continue;
        found.fusion = static_cast<int>(i);
        found.outcome = Outcome::Fused;
        found.reason.clear();
        owner.sites.push_back(site);
      }
    }
  for (Site &site : all)
    if (site.outcome == Outcome::Unfused && site.reason.empty())
      site.reason = "no pass looks for it";
}

unsigned Ledger::count(SiteKind kind) const {
  return llvm::count_if(all, [&](const Site &s) { return s.kind == kind; });
}

unsigned Ledger::count(SiteKind kind, Outcome outcome) const {
  return llvm::count_if(all, [&](const Site &s) {
    return s.kind == kind && s.outcome == outcome;
  });
}

std::optional<std::string> Ledger::imbalance() const {
  for (const Site &site : all) {
    if ((site.outcome == Outcome::Fused) != (site.fusion >= 0))
      return "'" + site.node + "' has no owner";
    if (site.outcome != Outcome::Fused && site.reason.empty())
      return "'" + site.node + "' has no reason";
  }
  for (const Fusion &owner : owners) {
    auto owned = [&](SiteKind kind) {
      return llvm::count_if(owner.sites,
                            [&](unsigned i) { return all[i].kind == kind; });
    };
    auto wrong = [&](llvm::StringRef what) {
      return (what + " '" + nodeName(owner.op->getLoc()) +
              "' does not own what it is made of")
          .str();
    };
    if (llvm::isa<tfm::AttentionOp>(owner.op)) {
      auto softmax = llvm::find_if(owner.sites, [&](unsigned i) {
        return all[i].kind == SiteKind::Attention;
      });
      bool isNative =
          softmax != owner.sites.end() && all[*softmax].op == "attention";
      if (owned(SiteKind::Attention) != 1 ||
          owned(SiteKind::Product) != (isNative ? 0 : 2))
        return wrong("attention");
    } else if (llvm::isa<tfm::NormOp>(owner.op)) {
      if (owned(SiteKind::Norm) != 1)
        return wrong("norm");
    } else if (llvm::isa<tfm::LinearOp>(owner.op)) {
      if (owned(SiteKind::Product) < 1)
        return wrong("linear");
    }
  }
  return std::nullopt;
}

} // namespace ingot
