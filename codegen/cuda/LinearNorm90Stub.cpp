// linear and the norm of its rows for sm_90a: see kernels/linear_norm90.cuh.
#include "codegen/cuda/StubWriter.h"

using namespace mlir;

namespace ingot::cuda {

/// Both regions, for pairs of columns.
static void addRegions(StubWriter &w) {
  constexpr unsigned kPair = 2;
  std::vector<std::string> leading = coordinateNames(2);
  leading.insert(leading.begin(), "x");
  auto add = [&](unsigned i, Type stored) {
    w.twoPhasesOfLanes(i, "const i64 *c", leading, /*late=*/0, stored,
                       /*along=*/2, kPair);
  };
  add(0, Float32Type::get(w.kernel.getContext()));
  w.startEnd();
  add(1, w.outType(0));
}

bool hasPairs(plan::KernelOp linearNorm) {
  StubWriter writer(linearNorm, "sm_90a", nullptr);
  addRegions(writer);
  return !writer.scalarsOfLanes;
}

CudaStub printLinearNorm90(StubWriter &w) {
  plan::KernelOp kernel = w.kernel;
  LinearNormChoice choice = linearNormChoiceOf(kernel);
  int64_t n = kernel.param("n"), k = kernel.param("k"), m = kernel.param("m");
  constexpr unsigned kRows = 128, kThreads = 384;
  auto outs = static_cast<unsigned>(kernel.numOuts());
  bool copies = w.flag("copy"), keeps = outs > 1u + copies,
       stores = copies || w.outType(0).getIntOrFloatBitWidth() == 16;

  w.waitsByItself = true;
  w.cluster = static_cast<unsigned>(choice.blocks);
  addRegions(w);

  Type type = kernel.inType(0);
  w.maps = {{outs, type, k, m, kernel.param("lda"), kRows},
            {outs + 1, type, k, n, k, static_cast<unsigned>(choice.columns)}};
  unsigned half = copies ? outs - 1 : 0;
  if (stores)
    w.maps.push_back({half, w.outType(half), n, m, n, 64});
  std::string number = std::to_string(n);
  std::string call =
      "using Config = LinearNorm90Config<" + w.math().str() + ", " +
      std::to_string(choice.columns) + ", " + std::to_string(choice.blocks) +
      ", " + (stores ? "true" : "false") + ">;\n  linear_norm90<Config, " +
      (w.text("kind") == "layer" ? "true" : "false") + ">({&map0, &map1, " +
      (stores ? "&map2" : "nullptr") + "}, " + w.extent("m") + ", " + number +
      ", " + std::to_string(k) + ", out0, " +
      (keeps ? "out1" : "(float *)nullptr") + ", " +
      (copies ? w.out(outs - 1) : "(bf16 *)nullptr") + ", " +
      literal(w.real("epsilon")) + ", body, end);";
  CudaStub stub =
      w.finish("linear_norm90.cuh", call, kThreads, choice.sharedBytes);
  stub.isPersistent = true;
  stub.choice = choice.text();
  stub.estimate = choice.estimate();
  return stub;
}

} // namespace ingot::cuda
