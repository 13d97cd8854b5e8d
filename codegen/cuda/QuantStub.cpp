// linear with quantized weights and what brings these into its order: see
// kernels/quantized.cuh and kernels/quant_arrange.cuh.
#include "codegen/cuda/ChoiceQuant.h"
#include "codegen/cuda/StubWriter.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

namespace {
/// QuantFormat of kernels/quant.cuh, of a weight of `type`.
std::string formatOf(StubWriter &w, Type type) {
  int64_t k = w.kernel.param("k"), block = std::min(w.kernel.param("block"), k);
  StringRef kind = isa<FloatType>(type)       ? "F"
                   : type.isUnsignedInteger() ? "U"
                                              : "I";
  return (Twine("QuantFormat<Quant") + kind +
          Twine(type.getIntOrFloatBitWidth()) + ", float, " +
          (w.flag("zeros") ? "true, " : "false, ") + Twine(k) + ", " +
          Twine(block) + ">")
      .str();
}

QuantProblem problemOf(plan::KernelOp kernel) {
  // Scalars are no numbers.
  return {std::max<int64_t>(kernel.param("m"), -1),
          kernel.param("n"),
          kernel.param("k"),
          kernel.inType(1).getIntOrFloatBitWidth(),
          kernel.param("block"),
          kernel.paramFlag("zeros"),
          /*scaleBits=*/32,
          kernel.outType(0).getIntOrFloatBitWidth()};
}

/// Of shared memory that a block may have, on all GPUs that run code for it.
int64_t sharedBytesOf(StringRef arch) {
  return hasDependentLaunch(arch) ? 224 << 10 : 99 << 10;
}
} // namespace

bool canMultiplyQuantized(plan::KernelOp kernel) {
  return !kernel.inType(0).isF32() && problemOf(kernel).isPossible();
}

CudaStub printQuantizedLinear(StubWriter &w) {
  bool isHopper = hasDependentLaunch(w.arch);
  QuantProblem problem = problemOf(w.kernel);
  QuantChoice choice =
      chooseQuant(problem, isHopper ? hopperChip() : referenceChip(),
                  sharedBytesOf(w.arch));
  std::vector<std::string> leading = coordinateNames(2);
  leading.insert(leading.begin(), "x");
  w.waitsByItself = true;
  w.twoPhases(0, "const i64 *c", leading, /*late=*/0, w.outType(0));
  QuantTile few = choice.few.value_or(QuantTile{1, 1, 0, 1});
  std::string call =
      ("quantized<" + w.math() + ", " + formatOf(w, w.kernel.inType(1)) + ", " +
       Twine(problem.n) + ", " + Twine(few.rowTiles) + ", " + Twine(few.tiles) +
       ", " + Twine(few.units) + ", " +
       Twine(choice.many ? choice.many->columns() : 0) + ", " +
       Twine(choice.bytes) + ">(out0, in0, " + w.extent("lda") +
       ", in1, in2, " + (problem.hasZeros ? "in3" : "nullptr") + ", " +
       w.extent("m") + ", body);")
          .str();
  CudaStub stub = w.finish("quantized.cuh", call, 256, choice.sharedBytes);
  // A ring takes a multiprocessor's memory, and goes on from task to task.
  stub.isPersistent = true;
  stub.choice = choice.text();
  stub.estimate = choice.estimate.text("M " + std::to_string(choice.rows) +
                                       (problem.m < 0 ? " (assumed)" : ""));
  return stub;
}

CudaStub printArrange(StubWriter &w) {
  bool hasZeros = w.flag("zeros");
  int64_t panel =
      w.kernel.getParams().contains("panel") ? w.kernel.param("panel") : 0;
  std::string call =
      ("quant_arrange(out0, out1, " +
       Twine(hasZeros ? "out2" : "(u32 *)nullptr") + ", QuantSource<" +
       formatOf(w, w.kernel.inType(0)) + ", " + Twine(panel) +
       ">{body.in0, body.in1, " + (hasZeros ? "body.in2" : "nullptr") + ", " +
       Twine(w.kernel.param("n")) + "});")
          .str();
  return w.finishTasks(256, "quant_arrange.cuh", call, 256);
}

} // namespace ingot::cuda
