#include "codegen/cpu/KernelChoice.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cpu {

/// An extent of the params, -1 where it is none that is known.
static int64_t extentOf(plan::KernelOp kernel, StringRef name) {
  return std::max<int64_t>(-1, kernel.param(name));
}

static unsigned outBytesOf(plan::KernelOp kernel) {
  return kernel.outType(0).getIntOrFloatBitWidth() / 8;
}

LinearProblem linearProblemOf(plan::KernelOp kernel) {
  return {extentOf(kernel, "m"), kernel.param("n"), kernel.param("k"),
          kernel.inType(1).isBF16(), outBytesOf(kernel)};
}

LinearChoice linearChoiceOf(plan::KernelOp kernel, const Isa &isa) {
  return chooseLinear(isa, linearProblemOf(kernel), kernel.param("rows"),
                      kernel.param("panels"));
}

static AttentionProblem attentionProblemOf(plan::KernelOp kernel) {
  return {extentOf(kernel, "batch"),   kernel.param("heads"),
          extentOf(kernel, "queries"), extentOf(kernel, "keys"),
          kernel.param("group"),       kernel.param("d"),
          kernel.param("dv"),          kernel.inType(0).isBF16(),
          outBytesOf(kernel)};
}

AttentionChoice attentionChoiceOf(plan::KernelOp kernel, const Isa &isa) {
  return chooseAttention(isa, attentionProblemOf(kernel), kernel.param("rows"));
}

/// "M 128 (assumed)".
static std::string
whereOf(llvm::ArrayRef<std::pair<StringRef, int64_t>> extents, bool isAssumed) {
  std::string text;
  for (auto [name, extent] : extents)
    text += ((text.empty() ? "" : ", ") + name + " " + Twine(extent)).str();
  return text + (isAssumed ? " (assumed)" : "");
}

KernelDetails detailsOf(plan::KernelOp kernel, const Isa &isa) {
  if (kernel.getFamily() == plan::Family::Linear) {
    LinearProblem problem = linearProblemOf(kernel);
    LinearChoice choice = linearChoiceOf(kernel, isa);
    int64_t m = problem.m < 0 ? kTypicalRows : problem.m;
    return {{"choice", choice.text(isa)},
            {"estimate", estimateLinear(isa, problem, choice, m)
                             .text(whereOf({{"M", m}}, problem.m < 0))}};
  }
  if (kernel.getFamily() == plan::Family::Attention) {
    AttentionProblem problem = attentionProblemOf(kernel);
    AttentionChoice choice = attentionChoiceOf(kernel, isa);
    AttentionProblem at = assumed(problem);
    bool isAssumed =
        problem.batch < 0 || problem.queries < 0 || problem.keys < 0;
    return {{"choice", choice.text(isa)},
            {"estimate", estimateAttention(isa, at, choice)
                             .text(whereOf({{"batch", at.batch},
                                            {"queries", at.queries},
                                            {"keys", at.keys}},
                                           isAssumed))}};
  }
  return {};
}

} // namespace ingot::cpu
