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

int64_t KernelOp::param(llvm::StringRef name) {
  auto attr = getParams().getAs<IntegerAttr>(name);
  assert(attr && "kernel lacks a parameter of its family");
  return attr.getInt();
}

llvm::ArrayRef<int64_t> KernelOp::paramArray(llvm::StringRef name) {
  auto attr = getParams().getAs<DenseI64ArrayAttr>(name);
  assert(attr && "kernel lacks a parameter of its family");
  return attr.asArrayRef();
}

} // namespace ingot::plan
