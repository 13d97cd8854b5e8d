// attention: see kernels/attention.cuh.
#include "codegen/cuda/StubWriter.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

namespace {
/// Query rows and keys a tile, so that shared memory fits twice into a
/// multiprocessor's, or once where heads are wide.
struct AttentionTile {
  int64_t rows, keys;
};
AttentionTile tileFor(int64_t width) {
  if (width <= 64)
    return {64, 64};
  if (width <= 128)
    return {64, 32};
  if (width <= 256)
    return {32, 16};
  return {16, 16};
}
} // namespace

bool hasAttention(int64_t d, int64_t dv) { return std::max(d, dv) <= 512; }

CudaStub printAttention(StubWriter &w) {
  int64_t d = w.kernel.param("d"), dv = w.kernel.param("dv");
  std::vector<std::string> leading = coordinateNames(4);
  leading.insert(leading.begin(), "x");
  w.twoPhases(0, "const i64 *c", leading, /*late=*/0);
  AttentionTile tile = tileFor(std::max(d, dv));
  auto strides = [&](StringRef name) {
    std::vector<std::string> numbers;
    for (int64_t code : w.kernel.paramArray(name))
      numbers.push_back(w.number(code));
    return "{" + llvm::join(numbers, ", ") + "}";
  };
  std::string shape = llvm::join(
      std::vector<std::string>{
          w.extent("batch"), w.extent("heads"), w.extent("queries"),
          w.extent("keys"), w.extent("group"), strides("q_strides"),
          strides("k_strides"), strides("v_strides"), literal(w.real("scale"))},
      ", ");
  bool zero = w.text("empty_rows") == "zero";
  std::string call =
      ("AttentionShape shape{" + shape + "};\n  attention<" + Twine(d) + ", " +
       Twine(dv) + ", " + Twine(tile.rows) + ", " + Twine(tile.keys) + ", " +
       (zero ? "true" : "false") + ">(out0, in0, in1, in2, shape, body);")
          .str();
  // As AttentionShared has it.
  int64_t dp = llvm::alignTo(d, 16), vp = llvm::alignTo(dv, 32);
  int64_t floats = (tile.rows + tile.keys) * (dp + 4) + tile.keys * vp +
                   tile.rows * (tile.keys + 4);
  // Two blocks a multiprocessor leave 128 registers a thread: too few for long
  // scores.
  bool isLong = llvm::range_size(w.region(0)) > 50;
  return w.finish("attention.cuh", call, static_cast<unsigned>(tile.rows * 4),
                  static_cast<unsigned>(floats * 4), isLong ? 1 : 2);
}

} // namespace ingot::cuda
