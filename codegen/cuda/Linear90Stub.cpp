// linear for sm_90a: see kernels/linear90.cuh.
#include "codegen/cuda/StubWriter.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

/// A tile as the kernel's argument: what it costs, and the map of its weights.
static std::string tileText(const HopperTile &tile, size_t map) {
  std::string text = tile.form == HopperForm::Turns   ? ", Linear90Turns<"
                     : tile.form == HopperForm::Pairs ? ", Linear90Pairs<"
                                                      : ", Linear90Tile<";
  text += std::to_string(tile.columns) + ", " + std::to_string(tile.kernel) +
          ", " + std::to_string(tile.wave);
  if (tile.form == HopperForm::Alone)
    text += ", " + std::to_string(tile.part);
  for (int64_t cost : tile.parts)
    text += ", " + std::to_string(cost);
  return text + ">{&map" + std::to_string(map) + "}";
}

CudaStub printLinear90(StubWriter &w, const HopperLinear &choice) {
  int64_t n = w.kernel.param("n"), k = w.kernel.param("k"),
          m = w.kernel.param("m");
  constexpr unsigned kRows = 128, kThreads = 384;
  // Inputs come after outputs and what of a workspace there is.
  auto a = static_cast<unsigned>(w.kernel.numOuts() + w.kernel.numWorkspace());
  Type type = w.kernel.inType(0);
  std::string maps = ", nullptr, nullptr";
  if (!choice.tiles.empty()) {
    w.maps = {{a, type, k, m, w.kernel.param("lda"), kRows}};
    maps = ", &map0, nullptr";
  }
  if (choice.stores) {
    w.maps.push_back({0, w.outType(0), n, m, n, 64});
    maps = ", &map0, &map1";
  }
  bool isShared = choice.mostParts() > 1;
  std::string last = isShared ? w.splits() : ", NoSplits{}";
  for (const HopperTile &tile : choice.tiles) {
    last += tileText(tile, w.maps.size());
    // Each block of a pair loads a half.
    int64_t box =
        tile.form == HopperForm::Pairs ? tile.columns / 2 : tile.columns;
    w.maps.push_back({a + 1, type, k, n, k, static_cast<unsigned>(box)});
  }
  w.cluster = choice.cluster();
  // What both have in common: the kernel's N and K, its operands.
  std::string sizes = (Twine(n) + ", " + Twine(k) + ", ").str(),
              rows = "(out0, in0, " + w.extent("lda") + ", in1, ",
              few = std::to_string(std::max(choice.fewTiles, choice.fewWarps)),
              rest = w.extent("m") + ", body" + maps + last + ");";
  bool isF8 = multipliesF8(w.kernel);
  std::string call = isF8 ? ("linear90_f8<" + sizes +
                             Twine(std::min(w.kernel.param("block"), k)) +
                             ", " + few + ">" + rows + "in2, " + rest)
                                .str()
                          : ("linear90<" + w.math() + ", " + sizes + few +
                             ", " + Twine(choice.moreTiles) + ">" + rows + rest)
                                .str();
  CudaStub stub = w.finish(isF8 ? "linear90_f8.cuh" : "linear90.cuh", call,
                           kThreads, choice.sharedBytes);
  stub.isPersistent = true;
  // Whole clusters, some of whose blocks may have no tile.
  stub.mostParts =
      static_cast<int64_t>(llvm::alignTo(choice.mostParts(), choice.cluster()));
  stub.choice = choice.text();
  stub.estimate = choice.estimate.text("M " + std::to_string(choice.rows) +
                                       (m < 0 ? " (assumed)" : ""));
  return stub;
}

} // namespace ingot::cuda
