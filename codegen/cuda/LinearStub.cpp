// linear: see kernels/linear.cuh.
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
  // Rows that are no number may be few or many.
  bool few = m < 0 || m <= 8, many = m < 0 || m > 8;
  auto word = [](bool value) { return value ? "true" : "false"; };
  std::string call = ("linear<" + w.math() + ", " + Twine(n) + ", " + Twine(k) +
                      ", " + word(few) + ", " + word(many) + ">(out0, in0, " +
                      w.extent("lda") + ", in1, " + w.extent("m") + ", body);")
                         .str();
  // Of the largest GemmConfig there: stages of 128 bytes a row.
  unsigned shared = 0;
  int64_t unit = 128 / w.kernel.inType(0).getIntOrFloatBitWidth();
  if (many && k % unit == 0)
    shared = n > 64 ? 3 * (128 + 128) * 128 : 4 * (64 + 64) * 128;
  else if (many)
    shared = 3 * (64 + 64) * 128;
  return w.finish("linear.cuh", call, 256, shared);
}

} // namespace ingot::cuda
