//===- Plan.h - The plan dialect: how it runs
//------------------------------===//
#pragma once

#include "ir/tfm/Tfm.h"

namespace ingot::plan {
using tfm::parseWord;
using tfm::printWord;
} // namespace ingot::plan

#include "ir/plan/PlanDialect.h.inc"
#include "ir/plan/PlanEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/plan/PlanAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "ir/plan/PlanTypes.h.inc"

#define GET_OP_CLASSES
#include "ir/plan/PlanOps.h.inc"
