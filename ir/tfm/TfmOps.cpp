#include "ir/tfm/Tfm.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "ir/tfm/TfmOps.cpp.inc"
