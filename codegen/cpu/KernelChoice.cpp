#include "codegen/cpu/KernelChoice.h"

#include "ir/lift/ShapeContext.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

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
  LinearProblem problem = {extentOf(kernel, "m"), kernel.param("n"),
                           kernel.param("k"), kernel.inType(0).isBF16(),
                           outBytesOf(kernel)};
  if (kernel.isQuantized()) {
    problem.quantizedBits = kernel.inType(1).getIntOrFloatBitWidth();
    problem.block = kernel.param("block");
  }
  return problem;
}

/// A type as tuning records have it.
static StringRef recordName(Type type) {
  return type.isBF16() ? "bf16" : type.isF16() ? "f16" : "f32";
}

std::optional<size_t> ruleOf(plan::KernelOp kernel,
                             const TuningRecord *record) {
  if (!record || kernel.getFamily() != plan::Family::Linear ||
      kernel.isQuantized())
    return std::nullopt;
  return record->find(recordName(kernel.inType(1)),
                      recordName(kernel.outType(0)), kernel.param("n"),
                      kernel.param("k"));
}

LinearChoice linearChoiceOf(plan::KernelOp kernel, const Isa &isa,
                            const TuningRecord *record) {
  std::optional<size_t> rule = ruleOf(kernel, record);
  return chooseLinear(isa, linearProblemOf(kernel), kernel.param("rows"),
                      kernel.param("panels"),
                      rule ? &record->linear[*rule] : nullptr);
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

KernelDetails detailsOf(plan::KernelOp kernel, const Isa &isa,
                        const TuningRecord *record) {
  if (kernel.getFamily() == plan::Family::Linear) {
    LinearProblem problem = linearProblemOf(kernel);
    LinearChoice choice = linearChoiceOf(kernel, isa, record);
    int64_t m = problem.m < 0 ? kTypicalRows : problem.m;
    KernelDetails details = {
        {"choice", choice.text(isa)},
        {"estimate", estimateLinear(isa, problem, choice, m)
                         .text(whereOf({{"M", m}}, problem.m < 0))}};
    if (std::optional<size_t> rule = ruleOf(kernel, record))
      details.emplace_back("record", std::string(isa.name) + ", linear[" +
                                         std::to_string(*rule) + "]");
    return details;
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

void setTaskRows(ModuleOp module, const TuningRecord &record) {
  Builder builder(module.getContext());
  llvm::DenseMap<StringAttr, plan::KernelOp> changed;
  for (auto kernel : module.getOps<plan::KernelOp>())
    if (std::optional<size_t> rule = ruleOf(kernel, &record))
      if (record.linear[*rule].taskRows)
        changed[kernel.getSymNameAttr()] = kernel;
  ShapeFacts facts;
  ShapeContext shapes(facts);
  ExprPool &pool = shapes.pool();
  llvm::DenseSet<Operation *> launched;
  for (auto program : module.getOps<plan::ProgramOp>()) {
    if (program.isForCuda())
      continue;
    for (auto launch : program.getBody().getOps<plan::LaunchOp>()) {
      plan::KernelOp kernel = changed.lookup(launch.getKernelAttr().getAttr());
      if (!kernel)
        continue;
      launched.insert(kernel);
      int64_t rows = *record.linear[*ruleOf(kernel, &record)].taskRows,
              code = kernel.param("m");
      Expr m = code >= 0 ? pool.integer(code)
                         : shapes.parse(launch.getScalars().text(-1 - code));
      Expr grid[] = {shapes.parse(launch.getGrid().text(0)),
                     pool.ceilDiv(m, pool.integer(rows))};
      launch.setGridAttr(shapes.attr(module.getContext(), grid));
    }
  }
  for (Operation *op : launched) {
    auto kernel = cast<plan::KernelOp>(op);
    NamedAttrList params(kernel.getParams());
    params.set("rows", builder.getI64IntegerAttr(
                           *record.linear[*ruleOf(kernel, &record)].taskRows));
    kernel.setParamsAttr(params.getDictionary(module.getContext()));
  }
}

} // namespace ingot::cpu
