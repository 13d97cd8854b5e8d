// attention: see kernels/attention.cuh and attention_mma.cuh.
#include "codegen/cuda/StubWriter.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

namespace {
/// A template, its tiles and what a block of it takes, so that shared memory
/// fits twice into a multiprocessor's, or once where heads are wide.
struct AttentionTile {
  std::string instance; ///< "attention<64, 64, 64, 64"
  int64_t threads, sharedBytes;
};

AttentionTile plainTile(int64_t d, int64_t dv) {
  int64_t width = std::max(d, dv);
  int64_t rows = width <= 128 ? 64 : width <= 256 ? 32 : 16;
  int64_t keys = width <= 64 ? 64 : width <= 128 ? 32 : 16;
  // As AttentionShared has it.
  int64_t dp = llvm::alignTo(d, 16), vp = llvm::alignTo(dv, 32);
  int64_t floats = (rows + keys) * (dp + 4) + keys * vp + rows * (keys + 4);
  return {("attention<" + Twine(d) + ", " + Twine(dv) + ", " + Twine(rows) +
           ", " + Twine(keys))
              .str(),
          rows * 4, floats * 4};
}

/// On tensor cores: heads whose tiles fit into shared memory and whose sums fit
/// into registers.
std::optional<AttentionTile> tensorTile(StringRef math, int64_t d, int64_t dv) {
  int64_t width = std::max(d, dv);
  bool words = math == "tf32";
  if (math == "float" || width > (words ? 128 : 256))
    return std::nullopt;
  int64_t keys = width <= (words ? 64 : 128) ? 64 : 32;
  // As AttentionTiles has it.
  constexpr int64_t kRows = 64, kSlab = 128;
  auto slabs = [&](int64_t columns) {
    return llvm::divideCeil(columns, words ? kSlab / 4 : kSlab / 2);
  };
  int64_t values = words ? keys * (int64_t(llvm::alignTo(dv, 16)) + 4) * 4
                         : slabs(dv) * keys * kSlab;
  int64_t bytes = slabs(d) * (kRows + keys) * kSlab + values;
  return AttentionTile{("attention_mma<" + math + ", " + Twine(d) + ", " +
                        Twine(dv) + ", " + Twine(keys))
                           .str(),
                       128, int64_t(llvm::alignTo(bytes, 1024))};
}
} // namespace

bool hasAttention(int64_t d, int64_t dv) { return std::max(d, dv) <= 512; }

CudaStub printAttention(StubWriter &w) {
  int64_t d = w.kernel.param("d"), dv = w.kernel.param("dv");
  std::vector<std::string> leading = coordinateNames(4);
  leading.insert(leading.begin(), "x");
  w.twoPhases(0, "const i64 *c", leading, /*late=*/0);
  std::optional<AttentionTile> tensor = tensorTile(w.math(), d, dv);
  AttentionTile tile = tensor ? *tensor : plainTile(d, dv);
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
  std::string call = "AttentionShape shape{" + shape + "};\n  " +
                     tile.instance + (zero ? ", true" : ", false") +
                     ">(out0, in0, in1, in2, shape, body);";
  // Two blocks a multiprocessor leave 128 registers a thread: too few for long
  // scores.
  bool isLong = llvm::range_size(w.region(0)) > 50;
  return w.finish(tensor ? "attention_mma.cuh" : "attention.cuh", call,
                  static_cast<unsigned>(tile.threads),
                  static_cast<unsigned>(tile.sharedBytes), isLong ? 1 : 2);
}

} // namespace ingot::cuda
