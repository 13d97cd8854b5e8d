// attention: see kernels/attention.cuh and attention_mma.cuh.
#include "codegen/cuda/StubWriter.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

bool hasAttention(int64_t d, int64_t dv) { return std::max(d, dv) <= 512; }

CudaStub printAttention(StubWriter &w) {
  int64_t d = w.kernel.param("d"), dv = w.kernel.param("dv");
  std::vector<std::string> leading = coordinateNames(4);
  leading.insert(leading.begin(), "x");
  w.twoPhases(0, "const i64 *c", leading, /*late=*/0);
  AttentionChoice tile = attentionChoiceOf(w.kernel, w.kernel.hasSplits());
  std::string instance =
      tile.onTensorCores ? ("attention_mma<" + w.math() + ", " + Twine(d) +
                            ", " + Twine(dv) + ", " + Twine(tile.keys))
                               .str()
                         : ("attention<" + Twine(d) + ", " + Twine(dv) + ", " +
                            Twine(tile.rows) + ", " + Twine(tile.keys))
                               .str();
  auto strides = [&](StringRef name) {
    std::vector<std::string> numbers;
    for (int64_t code : w.kernel.paramArray(name))
      numbers.push_back(w.number(code));
    return "{" + llvm::join(numbers, ", ") + "}";
  };
  bool isCausal = w.kernel.getParams().contains("causal_keys");
  std::string shape = llvm::join(
      std::vector<std::string>{
          w.extent("batch"), w.extent("heads"), w.extent("queries"),
          w.extent("keys"), w.extent("group"),
          w.extent(isCausal ? "causal_keys" : "keys"), strides("q_strides"),
          strides("k_strides"), strides("v_strides"), literal(w.real("scale"))},
      ", ");
  if (isCausal && w.text("empty_rows") == "mean")
    shape += ", true";
  bool zero = w.text("empty_rows") == "zero";
  std::string call = "AttentionShape shape{" + shape + "};\n  " + instance +
                     (zero ? ", true" : ", false") +
                     ">(out0, in0, in1, in2, shape, body" + w.splits() + ");";
  // Two blocks a multiprocessor leave 128 registers a thread: too few for long
  // scores.
  bool isLong = llvm::range_size(w.region(0)) > 50;
  CudaStub stub =
      w.finish(tile.onTensorCores ? "attention_mma.cuh" : "attention.cuh", call,
               static_cast<unsigned>(tile.threads),
               static_cast<unsigned>(tile.sharedBytes), isLong ? 1 : 2);
  stub.choice = tile.text();
  const AttentionProblem &at = tile.estimated;
  stub.estimate = tile.estimate.text(
      ("batch " + Twine(at.batch) + " queries " + Twine(at.queries) + " keys " +
       Twine(at.keys) + (tile.isAssumed ? " (assumed)" : ""))
          .str());
  return stub;
}

} // namespace ingot::cuda
