//===- Ledger.h - What became of every site of a model --------------------===//
//
// Sites are counted on the imported graph, before any pass: what a Transformer
// op should own. Each is marked in its location, which passes carry along, and
// ends as part of one op of the fused form, as known when compiling, or not
// fused with the reason that a pass noted.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/tfm/Tfm.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallVector.h"

namespace ingot {

enum class SiteKind { Attention, Norm, Activation, Product, Embedding };
inline constexpr SiteKind kSiteKinds[] = {
    SiteKind::Attention, SiteKind::Norm, SiteKind::Activation,
    SiteKind::Product, SiteKind::Embedding};
llvm::StringRef siteKindName(SiteKind kind);

enum class Outcome {
  Fused,
  /// Its value is known when compiling, or an equal node's: no code is left.
  Removed,
  Unfused,
};

struct Site {
  SiteKind kind;
  std::string op;   ///< softmax, mean of squares, erf, ...
  std::string node; ///< the model's name for it
  Outcome outcome = Outcome::Unfused;
  std::string reason; ///< unless fused
  /// The activation that a chain around an erf, tanh or sigmoid was seen to be.
  std::string form;
  int fusion = -1; ///< index into Ledger::fusions() where it is fused
};

/// An op of the fused form that owns sites, or computes a chain.
struct Fusion {
  mlir::Operation *op;
  llvm::SmallVector<unsigned> sites;
  std::vector<std::string> nodes; ///< all its sources, each once
  std::string note; ///< why it is not more: the near-miss of a later pass
};

class Ledger {
public:
  /// Counts and marks the sites of a module nothing has been fused in yet.
  explicit Ledger(mlir::ModuleOp imported);

  /// Has the ledger look on while `passes` run; it must outlive them.
  void watch(mlir::PassManager &passes);
  /// To call when the passes are through: says what became of each site.
  void settle();

  llvm::ArrayRef<Site> sites() const { return all; }
  llvm::ArrayRef<Fusion> fusions() const { return owners; }
  unsigned count(SiteKind kind) const;
  unsigned count(SiteKind kind, Outcome outcome) const;

  /// What does not add up, or nothing: every site has one outcome, every
  /// attention, norm and linear owns what it is made of.
  std::optional<std::string> imbalance() const;

private:
  friend class LedgerWatch;
  void add(mlir::Operation *op, SiteKind kind, llvm::StringRef name);
  void beforePass(mlir::Pass *pass);
  void afterPass(mlir::Pass *pass);

  mlir::ModuleOp module;
  std::vector<Site> all;
  std::vector<Fusion> owners;
  /// Sites that some op was marked with after the last pass.
  llvm::SmallVector<bool> alive;
  /// Before CSE: the earlier site that computes the same.
  llvm::SmallVector<int> twins;
};

/// The model's names in `loc`, each once: of nodes, or FILE:LINE of text.
std::vector<std::string> nodeNames(mlir::Location loc);
/// The first of them, or nothing.
std::string nodeName(mlir::Location loc);

} // namespace ingot
