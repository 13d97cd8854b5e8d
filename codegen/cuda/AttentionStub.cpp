// attention: see kernels/attention.cuh, attention_mma.cuh and attention90.cuh.
#include "codegen/cuda/StubWriter.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

bool hasAttention(int64_t d, int64_t dv) { return std::max(d, dv) <= 512; }

/// Queries, keys and values as [batch][head][row][D], of pages as
/// [page][head][row][D].
static void addMaps(StubWriter &w, const HopperAttention &choice) {
  constexpr unsigned kQueries = 64;
  // Inputs come after outputs and what of a workspace there is.
  auto first =
      static_cast<unsigned>(w.kernel.numOuts() + w.kernel.numWorkspace());
  auto add = [&](StringRef operand, StringRef width, int64_t boxRows) {
    auto [outer, rows, heads] = attentionExtentsOf(w.kernel, operand);
    int64_t columns = w.kernel.param(width);
    // Of one alone it may be nothing, which TMA refuses.
    auto strides = llvm::map_to_vector(
        w.kernel.paramArray((operand + "_strides").str()),
        [&](int64_t stride) { return stride ? stride : columns; });
    unsigned number = static_cast<unsigned>(w.maps.size());
    w.maps.push_back({first + number,
                      w.kernel.inType(number),
                      columns,
                      rows,
                      strides[1],
                      static_cast<unsigned>(boxRows),
                      {{heads, strides[2]}, {outer, strides[0]}}});
  };
  int64_t keys = hasPages(w.kernel)
                     ? std::min(choice.keys, w.kernel.param("page_rows"))
                     : choice.keys;
  add("q", "d", kQueries);
  add("k", "d", keys);
  add("v", "dv", keys);
}

CudaStub printAttention(StubWriter &w) {
  constexpr unsigned kHopperThreads = 384;
  int64_t d = w.kernel.param("d"), dv = w.kernel.param("dv");
  std::optional<HopperAttention> hopper;
  if (w.arch == "sm_90a")
    hopper = hopperAttentionOf(w.kernel, w.kernel.hasSplits());
  AttentionChoice tile = attentionChoiceOf(w.kernel, w.kernel.hasSplits());
  w.score(hopper ? hopper->packs : tile.packs);
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
  bool isPaged = hasPages(w.kernel);
  std::string pages, keys = w.extent("keys");
  if (isPaged) {
    pages = "AttentionPages<" + inTypeName(w.kernel, 3).str() +
            "> pages{in3, " + w.extent("pages") + ", " + w.extent("page_rows") +
            ", " + w.extent("cached_pages") + ", status, step};\n  ";
    keys = "pages.keys()";
  }
  std::string shape = llvm::join(
      std::vector<std::string>{w.extent("batch"), w.extent("heads"),
                               w.extent("queries"), keys, w.extent("group"),
                               w.extent(isCausal ? "causal_keys" : "keys"),
                               strides("q_strides"), strides("k_strides"),
                               strides("v_strides"), literal(w.real("scale"))},
      ", ");
  if (isCausal && w.text("empty_rows") == "mean")
    shape += ", true";
  bool zero = w.text("empty_rows") == "zero";
  auto callOf = [&](const std::string &instance, const char *more) {
    std::string last = w.splits();
    if (isPaged)
      last = (last.empty() ? ", NoSplits()" : last) + ", pages";
    return pages + "AttentionShape shape{" + shape + "};\n  " + instance +
           (zero ? ", true" : ", false") +
           ">(out0, in0, in1, in2, shape, body" + more + last + ");";
  };
  const AttentionProblem &at = tile.estimated;
  auto finish = [&](CudaStub stub, std::string choice,
                    const Estimate &estimate) {
    stub.choice = std::move(choice);
    stub.estimate = estimate.text(
        ("batch " + Twine(at.batch) + " queries " + Twine(at.queries) +
         " keys " + Twine(at.keys) + (tile.isAssumed ? " (assumed)" : ""))
            .str());
    return stub;
  };
  if (hopper) {
    addMaps(w, *hopper);
    w.waitsByItself = true;
    CudaStub stub = w.finish(
        "attention90.cuh",
        callOf(("attention90<" + w.math() + ", " + Twine(d) + ", " + Twine(dv))
                   .str(),
               ", {&map0, &map1, &map2}"),
        kHopperThreads, hopper->sharedBytes);
    stub.isPersistent = true;
    return finish(std::move(stub), hopper->text(), hopper->estimate);
  }
  // Two blocks a multiprocessor leave 128 registers a thread: too few for long
  // scores.
  bool isLong = llvm::range_size(w.region(0)) > 50;
  CudaStub stub =
      w.finish(tile.onTensorCores ? "attention_mma.cuh" : "attention.cuh",
               callOf(instance, ""), static_cast<unsigned>(tile.threads),
               static_cast<unsigned>(tile.sharedBytes), isLong ? 1 : 2);
  return finish(std::move(stub), tile.text(), tile.estimate);
}

} // namespace ingot::cuda
