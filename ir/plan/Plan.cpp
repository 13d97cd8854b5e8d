#include "ir/plan/Plan.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "ir/plan/PlanDialect.cpp.inc"
#include "ir/plan/PlanEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/plan/PlanAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "ir/plan/PlanTypes.cpp.inc"

#define GET_OP_CLASSES
#include "ir/plan/PlanOps.cpp.inc"

namespace ingot::plan {

void PlanDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "ir/plan/PlanOps.cpp.inc"
      >();
}

void PlanDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ir/plan/PlanAttrs.cpp.inc"
      >();
}

void PlanDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "ir/plan/PlanTypes.cpp.inc"
      >();
}

template <typename Attr>
static Attr paramOf(KernelOp kernel, llvm::StringRef name) {
  auto attr = kernel.getParams().getAs<Attr>(name);
  assert(attr && "kernel lacks a parameter of its family");
  return attr;
}

PanelShape panelShape(RankedTensorType type) {
  PanelShape shape;
  shape.elementBits = type.getElementTypeBitWidth();
  shape.interleave = shape.elementBits == 16 || shape.elementBits == 4 ? 2 : 1;
  shape.count = llvm::divideCeil(type.getDimSize(1), kPanelColumns);
  shape.steps = llvm::divideCeil(type.getDimSize(0), shape.interleave);
  return shape;
}

bool multipliesQuantized(RankedTensorType weight, int64_t block) {
  int64_t k = weight.getDimSize(0);
  bool fits = block % 2 == 0 &&
              (block <= kQuantizedDepth || block % kQuantizedDepth == 0);
  return llvm::isa<IntegerType>(weight.getElementType()) &&
         (block >= k || fits);
}

/// Rows of a unit, the 16 bytes that a lane has of two columns.
static int64_t unitRows(unsigned bits) { return 256 / bits; }

ArrangedShape arrangedShape(unsigned bits, int64_t k, int64_t n,
                            int64_t block) {
  constexpr int64_t kTileColumns = 16, kTileUnits = 32, kUnitBytes = 16;
  int64_t tiles = llvm::divideCeil(n, kTileColumns),
          steps = llvm::divideCeil(k, unitRows(bits));
  // A record has the scales of a block, or of the blocks of a step.
  bool isSmall = block < k && block < unitRows(bits);
  int64_t blocks = isSmall ? unitRows(bits) / block : 1,
          records = isSmall ? steps : llvm::divideCeil(k, std::min(block, k));
  int64_t recordsAWord = 32 / (2 * bits * blocks);
  return {tiles * steps * kTileUnits * kUnitBytes,
          tiles * records * kTileColumns * blocks,
          tiles *
              static_cast<int64_t>(llvm::divideCeil(records, recordsAWord)) *
              kTileColumns / 2};
}

bool canArrange(unsigned bits, int64_t k, int64_t block) {
  int64_t rows = unitRows(bits);
  return block >= k ||
         (block % 16 == 0 && (block % rows == 0 || rows % block == 0));
}

size_t KernelOp::numWeights() {
  if (getFamily() == Family::LinearNorm)
    return 1;
  if (getFamily() != Family::Linear)
    return 0;
  return isQuantized() ? 2 + paramFlag("zeros") : 1;
}

int64_t KernelOp::param(llvm::StringRef name) {
  return paramOf<IntegerAttr>(*this, name).getInt();
}

llvm::ArrayRef<int64_t> KernelOp::paramArray(llvm::StringRef name) {
  return paramOf<DenseI64ArrayAttr>(*this, name).asArrayRef();
}

double KernelOp::paramReal(llvm::StringRef name) {
  return paramOf<FloatAttr>(*this, name).getValueAsDouble();
}

llvm::StringRef KernelOp::paramText(llvm::StringRef name) {
  return paramOf<StringAttr>(*this, name).getValue();
}

bool KernelOp::paramFlag(llvm::StringRef name) {
  Attribute attr = getParams().get(name);
  auto boolean = llvm::dyn_cast_if_present<BoolAttr>(attr);
  return llvm::isa_and_present<UnitAttr>(attr) ||
         (boolean && boolean.getValue());
}

} // namespace ingot::plan
