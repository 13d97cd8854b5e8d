//===- Passes.h - tfm to tfm to plan
//---------------------------------------===//
#pragma once

#include "ir/plan/Plan.h"
#include "ir/tfm/Tfm.h"

#include "mlir/Pass/Pass.h"

namespace ingot {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

} // namespace ingot
