// linear: see kernels/linear.cuh.
#include "codegen/cuda/StubWriter.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

/// A type as tuning records have it.
static llvm::StringRef recordName(llvm::StringRef tag) {
  return tag == "float" ? "f32" : tag;
}

CudaStub printLinear(StubWriter &w) {
  if (w.kernel.isQuantized() && !multipliesF8(w.kernel))
    return printQuantizedLinear(w);
  int64_t n = w.kernel.param("n"), k = w.kernel.param("k"),
          m = w.kernel.param("m");
  std::vector<std::string> leading = coordinateNames(2);
  leading.insert(leading.begin(), "x");
  w.waitsByItself = true;
  w.twoPhases(0, "const i64 *c", leading, /*late=*/0, w.outType(0));
  // Of tiles: as many columns as a thread has side by side.
  auto several = [&](unsigned width) {
    if (n % width == 0)
      w.twoPhasesOfLanes(0, "const i64 *c", leading, /*late=*/0, w.outType(0),
                         /*along=*/2, width);
  };
  std::optional<size_t> number;
  if (w.record)
    number = w.record->find(recordName(w.math()), recordName(w.outTypeName(0)),
                            n, k);
  LinearRule rule = number ? w.record->linear[*number] : LinearRule();
  auto finish = [&](CudaStub stub) {
    if (number)
      stub.record =
          w.record->architecture + ", linear[" + std::to_string(*number) + "]";
    stub.libraryFrom = rule.cublasLtFrom;
    return stub;
  };
  if (w.arch == "sm_90a")
    if (std::optional<HopperLinear> choice =
            hopperLinearOf(w.kernel, w.kernel.hasSplits(), rule.hopperTiles)) {
      several(2);
      return finish(printLinear90(w, *choice));
    }
  LinearChoice choice =
      linearChoiceOf(w.kernel, w.kernel.hasSplits(), rule.tile128From);
  if (w.arch == "sm_90a")
    if (LinearChoice few = linearChoiceOf(w.kernel, /*canSplit=*/false,
                                          std::nullopt, hopperChip());
        few.isFewAlone())
      choice = few;
  int64_t unit = 128 / w.kernel.inType(0).getIntOrFloatBitWidth();
  if (choice.many && k % unit == 0)
    several(4);
  std::string call =
      ("linear<" + w.math() + ", " + Twine(n) + ", " + Twine(k) + ", " +
       Twine(choice.fewTiles                   ? choice.fewTiles
             : choice.few && !choice.moreTiles ? choice.fewWarps
                                               : 0) +
       ", " + (choice.many ? "true" : "false") +
       (choice.largeFrom || choice.moreTiles ? ", " + Twine(choice.largeFrom)
                                             : Twine("")) +
       (choice.moreTiles ? ", " + Twine(choice.moreTiles) : Twine("")) +
       ">(out0, in0, " + w.extent("lda") + ", in1, " + w.extent("m") +
       ", body" + (choice.mostParts > 1 ? w.splits() : "") + ");")
          .str();
  CudaStub stub = w.finish("linear.cuh", call, 256, choice.sharedBytes);
  stub.isPersistent = choice.isFewAlone();
  stub.choice = choice.text();
  stub.estimate = choice.estimate.text("M " + std::to_string(choice.rows) +
                                       (m < 0 ? " (assumed)" : ""));
  return finish(std::move(stub));
}

} // namespace ingot::cuda
