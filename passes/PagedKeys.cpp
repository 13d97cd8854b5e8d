#include "passes/PagedKeys.h"

using namespace mlir;

namespace ingot {

std::optional<PagedKeysReader::Gather> PagedKeysReader::gatherOf(Expr element) {
  // A cache of 16 bits is widened where it is read.
  if (pool.kind(element) == ExprKind::FloatCast)
    element = pool.operands(element)[0];
  if (pool.kind(element) != ExprKind::Load ||
      pool.loadTensor(element) >= kRegionArgument)
    return std::nullopt;
  std::span<const Expr> at = pool.operands(element);
  std::optional<Gather> gather;
  for (size_t axis = 0; axis < at.size(); ++axis)
    if (pool.kind(at[axis]) == ExprKind::Wrap) {
      if (gather)
        return std::nullopt;
      gather = {element, axis, pool.operands(at[axis])[0]};
    }
  return gather;
}

/// How many rows a page has: what the key's position is divided by where it
/// chooses one; all of them if the table has a page a sequence.
bool PagedKeysReader::readRows(Expr index) {
  found.rows = site.keys;
  if (!pool.constantInt(site.k) && pool.contains(index, site.k)) {
    found.rows = pool.integer(1);
    for (Expr node : pool.reachable(index))
      if (pool.kind(node) == ExprKind::FloorDiv &&
          pool.operands(node)[0] == site.k)
        found.rows = pool.operands(node)[1];
  }
  std::optional<Expr> count = pool.exactDiv(site.keys, found.rows);
  if (!count)
    return false;
  found.perSequence = *count;
  found.place = shapes.index("place", *count);
  found.row = shapes.index("row", found.rows);
  return true;
}

/// The element that `element` reads, of any page and row of it.
std::optional<Expr> PagedKeysReader::inPages(Expr element, const Gather &gather,
                                             Expr width) {
  Expr position = pool.add(pool.mul(found.place, found.rows), found.row);
  auto placed = [&](Expr e) {
    return pool.replace(e, [&](Expr node) -> std::optional<Expr> {
      return node == site.k && !pool.constantInt(node) ? std::optional(position)
                                                       : std::nullopt;
    });
  };
  auto uses = [&](Expr e, Expr index) {
    return !pool.constantInt(index) && pool.contains(e, index);
  };
  Expr table = placed(gather.index);
  for (Expr index : {found.row, site.g, width})
    if (uses(table, index))
      return refuse("a page is not so many tokens one after the other");
  if (found.table && table != found.table)
    return refuse("keys and values come by different tables");
  found.table = table;

  uint32_t number = pool.loadTensor(gather.load);
  Expr count = shapes.dims(lifter.tensor(number))[gather.axis];
  if (found.count && count != found.count)
    return refuse("the caches have different numbers of pages, as far as their "
                  "dims say");
  found.count = count;
  found.page = shapes.index("page", count);
  llvm::SmallVector<Expr> at;
  for (auto [axis, operand] : llvm::enumerate(pool.operands(gather.load)))
    at.push_back(axis == gather.axis ? found.page : placed(operand));
  for (auto [axis, operand] : llvm::enumerate(at))
    if (axis != gather.axis)
      for (Expr index : {site.b, found.place})
        if (uses(operand, index))
          return refuse("a page is not so many tokens one after the other");
  if (at.back() != width)
    return refuse("the columns of a head do not lie side by side in its cache");
  Expr load = pool.load(pool.type(gather.load), number, {at.data(), at.size()});
  return pool.floatCast(pool.type(element), load);
}

std::optional<PagedKeys> PagedKeysReader::read() {
  std::optional<Gather> keys = gatherOf(site.key),
                        values = gatherOf(site.value);
  if (!keys && !values)
    return std::nullopt;
  if (!keys || !values)
    return refuse(keys ? "its values are not gathered as its keys are"
                       : "its keys are not gathered as its values are");
  if (!readRows(keys->index))
    return refuse("its keys are no whole pages");
  std::optional<Expr> key = inPages(site.key, *keys, site.d);
  std::optional<Expr> value =
      key ? inPages(site.value, *values, site.e) : std::nullopt;
  if (!key || !value)
    return std::nullopt;
  found.key = *key;
  found.value = *value;
  return found;
}

} // namespace ingot
