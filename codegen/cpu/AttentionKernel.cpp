#include "codegen/cpu/KernelWriter.h"
namespace ingot::cpu {
void emitAttention(KernelWriter &w) { llvm_unreachable("attention"); }
} // namespace ingot::cpu
