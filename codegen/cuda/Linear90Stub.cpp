// linear for sm_90a: see kernels/linear90.cuh.
#include "codegen/cuda/StubWriter.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

CudaStub printLinear90(StubWriter &w, const HopperLinear &choice) {
  int64_t n = w.kernel.param("n"), k = w.kernel.param("k"),
          m = w.kernel.param("m");
  constexpr unsigned kRows = 128, kThreads = 384;
  // Inputs come after outputs and what of a workspace there is.
  auto first =
      static_cast<unsigned>(w.kernel.numOuts() + w.kernel.numWorkspace());
  Type type = w.kernel.inType(0);
  auto boxOf = [](int64_t rows) { return static_cast<unsigned>(rows); };
  unsigned a = first, weights = first + 1;
  w.maps = {{a, type, k, m, w.kernel.param("lda"), kRows},
            {weights, type, k, n, k, boxOf(choice.small)}};
  std::string maps = "map0, map1";
  auto addMap = [&](bool isNeeded, StubMap map) {
    // What is not needed is not looked at.
    maps += ", map" + std::to_string(isNeeded ? w.maps.size() : 0);
    if (isNeeded)
      w.maps.push_back(map);
  };
  addMap(choice.largeFrom,
         {weights, type, k, n, k, boxOf(choice.large / choice.cluster)});
  addMap(choice.stores, {0, w.outType(0), n, m, n, 64});
  w.cluster = static_cast<unsigned>(choice.cluster);
  w.waitsByItself = true;
  std::string call =
      ("linear90<" + w.math() + ", " + Twine(n) + ", " + Twine(k) + ", " +
       Twine(choice.fewTiles) + ", true, " + Twine(choice.small) + ", " +
       Twine(choice.large) + ", " + Twine(choice.largeFrom) + ", " +
       Twine(choice.cluster) + ">(out0, in0, " + w.extent("lda") + ", in1, " +
       w.extent("m") + ", body, " + maps + ");")
          .str();
  CudaStub stub = w.finish("linear90.cuh", call, kThreads, choice.sharedBytes);
  stub.isPersistent = true;
  stub.choice = choice.text();
  stub.estimate = choice.estimate.text("M " + std::to_string(choice.rows) +
                                       (m < 0 ? " (assumed)" : ""));
  return stub;
}

} // namespace ingot::cuda
