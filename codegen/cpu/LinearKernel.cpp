// linear: out[m, n] = region(sum over k of A[m, k] W[k, n], m, n), see Gemm.h.
#include "codegen/cpu/Gemm.h"
#include "codegen/cpu/KernelChoice.h"
#include "codegen/cpu/KernelWriter.h"

using namespace mlir;

namespace ingot::cpu {

void emitLinear(KernelWriter &w) {
  Emitter &e = w.e;
  int64_t n = w.kernel.param("n"), k = w.kernel.param("k");
  GemmOperands operands;
  operands.a = w.in(0);
  operands.out = w.out(0);
  operands.lda = w.extent("lda");
  operands.m = w.extent("m");
  operands.k = e.index(k);
  operands.n = operands.ldo = e.index(n);
  if (w.kernel.isQuantized()) {
    Type type = w.kernel.inType(1);
    operands.quantized = {w.in(1),
                          w.in(2),
                          w.flag("zeros") ? w.in(3) : Value(),
                          k,
                          w.kernel.param("block"),
                          static_cast<int64_t>(type.getIntOrFloatBitWidth()),
                          !type.isUnsignedInteger()};
  } else {
    operands.b = w.in(1);
  }
  emitGemm(e, operands, w.task, linearChoiceOf(w.kernel, e.target, w.record),
           [&](Value acc, Value row, Value column, Value mask) {
             Strand arguments[] = {{acc, {}, 1},
                                   uniform(e, row),
                                   consecutive(e, column, e.target.lanes)};
             return w.stored(0, lanesOf(e, w.evaluate(0, arguments, mask)));
           });
}

} // namespace ingot::cpu
