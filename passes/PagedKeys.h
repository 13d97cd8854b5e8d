//===- PagedKeys.h - Keys and values that a table of pages gathers
//---------===//
#pragma once

#include "passes/AttentionSite.h"

namespace ingot {

/// Keys and values of a site that lie in pages of a cache; expressions as in
/// AttentionSite, over `page`, `row`, g, d and e.
struct PagedKeys {
  Expr count, rows; ///< of the caches: pages, and rows of each
  Expr perSequence; ///< pages of a batch row
  Expr page, row;   ///< generic indices of a cache
  Expr place;       ///< and of the table, beside b
  Expr table;       ///< which page that is, not wrapped
  Expr key, value;  ///< elements [page, row, g, d] and [page, row, g, e]
};

/// Finds them, or says why they are copied from a cache before attention.
class PagedKeysReader {
public:
  PagedKeysReader(ElementLifter &lifter, const AttentionSite &site)
      : lifter(lifter), shapes(lifter.context()), pool(shapes.pool()),
        site(site) {}

  std::optional<PagedKeys> read();
  /// Empty where nothing is gathered.
  llvm::StringRef reason() const { return why; }

private:
  /// A load whose one coordinate is chosen by a table.
  struct Gather {
    Expr load;
    size_t axis;
    Expr index;
  };
  std::optional<Gather> gatherOf(Expr element);
  bool readRows(Expr index);
  std::optional<Expr> inPages(Expr element, const Gather &gather, Expr width);
  std::nullopt_t refuse(llvm::StringRef text) {
    why = text.str();
    return std::nullopt;
  }

  ElementLifter &lifter;
  ShapeContext &shapes;
  ExprPool &pool;
  const AttentionSite &site;
  PagedKeys found;
  std::string why;
};

} // namespace ingot
