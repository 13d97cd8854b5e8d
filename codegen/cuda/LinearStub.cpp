// linear: see kernels/linear.cuh.
#include "codegen/cuda/Choice.h"
#include "codegen/cuda/StubWriter.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

CudaStub printLinear(StubWriter &w) {
  int64_t n = w.kernel.param("n"), k = w.kernel.param("k"),
          m = w.kernel.param("m");
  std::vector<std::string> leading = coordinateNames(2);
  leading.insert(leading.begin(), "x");
  w.twoPhases(0, "const i64 *c", leading, /*late=*/0);
  unsigned bits = w.kernel.inType(0).getIntOrFloatBitWidth();
  LinearChoice choice = chooseLinear(
      {m, n, k, mathOf(w.math()), bits, w.outType(0).getIntOrFloatBitWidth()});
  auto word = [](bool value) { return value ? "true" : "false"; };
  std::string call =
      ("linear<" + w.math() + ", " + Twine(n) + ", " + Twine(k) + ", " +
       word(choice.few) + ", " + word(choice.many) +
       (choice.largeFrom ? ", " + Twine(choice.largeFrom) : Twine("")) +
       ">(out0, in0, " + w.extent("lda") + ", in1, " + w.extent("m") +
       ", body);")
          .str();
  CudaStub stub = w.finish("linear.cuh", call, 256, choice.sharedBytes);
  stub.choice = choice.text();
  stub.estimate = choice.estimate.text("M " + std::to_string(choice.rows) +
                                       (m < 0 ? " (assumed)" : ""));
  return stub;
}

} // namespace ingot::cuda
