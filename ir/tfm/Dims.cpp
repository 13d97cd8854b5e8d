#include "ir/tfm/Dims.h"

using namespace mlir;

namespace ingot::tfm {

DimList dimsOf(DimsAttr attr) {
  DimList dims;
  for (unsigned i = 0; i < attr.size(); ++i) {
    if (std::optional<int64_t> number = attr.constant(i))
      dims.push_back(*number);
    else
      dims.push_back(attr.getExprs()[i]);
  }
  return dims;
}

DimList dimsOf(RankedTensorType type) {
  auto attr = llvm::dyn_cast_if_present<DimsAttr>(type.getEncoding());
  DimList dims;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    assert((attr || !type.isDynamicDim(i)) &&
           "a dynamic dim without an expression");
    if (type.isDynamicDim(i))
      dims.push_back(attr.getExprs()[i]);
    else
      dims.push_back(type.getDimSize(i));
  }
  return dims;
}

bool neverEqual(const Dim &a, const Dim &b) {
  if (a == b)
    return false;
  if (a.constant() && b.constant())
    return true;
  DimArithmetic arithmetic;
  return arithmetic.neverEqual(arithmetic.of(a), arithmetic.of(b));
}

bool sameDims(Type a, Type b) {
  auto x = cast<RankedTensorType>(a), y = cast<RankedTensorType>(b);
  return x.getShape() == y.getShape() && x.getEncoding() == y.getEncoding();
}

bool isBroadcastOf(ArrayRef<DimList> operands, ArrayRef<Dim> got) {
  size_t rank = 0;
  for (const DimList &operand : operands)
    rank = std::max(rank, operand.size());
  if (got.size() != rank)
    return false;
  for (size_t axis = 0; axis < rank; ++axis) {
    // Whether the result's dim is one of the operands' that are not 1, or 1
    // where all are.
    bool all1 = true, found = false;
    for (const DimList &operand : operands) {
      if (axis + operand.size() < rank)
        continue;
      const Dim &dim = operand[axis + operand.size() - rank];
      if (dim.is(1))
        continue;
      all1 = false;
      found |= dim == got[axis];
      if (neverEqual(dim, got[axis]))
        return false;
    }
    if (all1 ? !got[axis].is(1) : !found)
      return false;
  }
  return true;
}

bool broadcastsTo(ArrayRef<Dim> from, ArrayRef<Dim> to) {
  if (from.size() > to.size())
    return false;
  return llvm::all_of(llvm::zip_equal(from, to.take_back(from.size())),
                      [](const auto &pair) {
                        const auto &[dim, target] = pair;
                        return dim.is(1) || !neverEqual(dim, target);
                      });
}

bool countsDiffer(ArrayRef<Dim> from, ArrayRef<Dim> to) {
  // Most reshapes of static tensors, and those that add or drop 1s, end here.
  auto without1 = [](ArrayRef<Dim> dims) {
    DimList kept;
    llvm::copy_if(dims, std::back_inserter(kept),
                  [](const Dim &dim) { return !dim.is(1); });
    return kept;
  };
  if (without1(from) == without1(to))
    return false;
  DimArithmetic dims(/*lowerBound=*/1);
  return dims.neverEqual(dims.productOf(from), dims.productOf(to));
}

std::string toString(ArrayRef<Dim> dims) {
  std::string text = "(";
  for (const Dim &dim : dims)
    text.append(text.size() > 1 ? ", " : "").append(dim.str());
  return text + ")";
}

Expr DimArithmetic::of(const Dim &dim) {
  if (std::optional<int64_t> number = dim.constant())
    return pool.integer(*number);
  std::optional<Expr> expr = pool.parse(dim.str(), lowerBound);
  assert(expr && "text of a dim does not parse");
  return *expr;
}

Expr DimArithmetic::productOf(ArrayRef<Dim> dims) {
  Expr product = pool.integer(1);
  for (const Dim &dim : dims)
    product = pool.mul(product, of(dim));
  return product;
}

bool DimArithmetic::alwaysLess(Expr a, Expr b) {
  Expr gap = pool.sub(pool.sub(b, a), pool.integer(1));
  return !pool.failed() && pool.proveNonNegative(gap) && !pool.failed();
}

bool DimArithmetic::neverEqual(Expr a, Expr b) {
  return a != b && (alwaysLess(a, b) || alwaysLess(b, a));
}

std::string DimArithmetic::text(Expr e) {
  return pool.failed() ? "an overflow" : pool.print(e);
}

} // namespace ingot::tfm
