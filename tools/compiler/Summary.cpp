#include "tools/compiler/Summary.h"

#include "ir/plan/Plan.h"
#include "ir/reference/Symbols.h"
#include "tools/ingot/Options.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot::cli {

void Summary::countFused(ModuleOp module) {
  constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral> kinds[] = {
      {tfm::AttentionOp::getOperationName(), "attention"},
      {tfm::NormOp::getOperationName(), "norm"},
      {tfm::LinearOp::getOperationName(), "linear"},
      {tfm::FusedOp::getOperationName(), "elementwise"}};
  for (auto [op, kind] : kinds) {
    size_t count = 0;
    // Not the recipes of weights.
    for (auto function : module.getOps<func::FuncOp>())
      function.walk([&](Operation *each) {
        count += each->getName().getStringRef() == op;
      });
    if (count)
      fused.emplace_back(kind.str(), count);
  }
}

static std::string bytesText(double bytes) {
  if (bytes < 1e3)
    return format("%.0f bytes", bytes);
  return bytes >= 1e6 ? format("%.2f MB", bytes / 1e6)
                      : format("%.1f KB", bytes / 1e3);
}

/// The peak as a formula, and its value where the largest dims are known.
static std::string memoryOf(plan::ProgramOp program) {
  std::string formula = peakOf(program), dims;
  SymbolValues values;
  auto bind = [&](tfm::SymbolAttr symbol, int64_t most) {
    values.bind(symbol.getName().getValue(), most);
    dims += (dims.empty() ? " at " : ", ") + symbol.getName().str() + "=" +
            std::to_string(most);
  };
  auto symbols = program.getSymbols().getAsRange<tfm::SymbolAttr>();
  for (auto symbol : symbols)
    if (symbol.getMax() >= 0)
      bind(symbol, symbol.getMax());
  // Of elements there are no more than the input has.
  for (auto symbol : symbols) {
    if (!symbol.isCount() || symbol.getMax() >= 0)
      continue;
    auto input = llvm::cast<DictionaryAttr>(
        program.getInputs()[static_cast<unsigned>(symbol.getInput())]);
    reference::Result<reference::Shape> shape = values.shapeOf(
        llvm::cast<RankedTensorType>(input.getAs<TypeAttr>("type").getValue()));
    if (shape)
      bind(symbol, llvm::product_of(*shape));
  }
  reference::Result<int64_t> value =
      values.evaluate(StringAttr::get(program.getContext(), formula));
  if (!value)
    return formula + " bytes";
  std::string text = bytesText(static_cast<double>(*value));
  int64_t number;
  bool isNumber = !llvm::StringRef(formula).getAsInteger(10, number);
  return isNumber ? text : formula + " bytes, " + text + dims;
}

void Summary::countPlan(ModuleOp module) {
  for (auto program : module.getOps<plan::ProgramOp>()) {
    Plan plan{program.getTarget().str(), 0,
              kernelsOf(module, program.isForCuda()).size(), memoryOf(program)};
    for (auto launch : program.getBody().getOps<plan::LaunchOp>())
      plan.steps += !launch.getInit();
    plans.push_back(plan);
  }
}

void Summary::print(llvm::raw_ostream &os, llvm::StringRef path,
                    const ArtifactSizes &sizes,
                    const Progress &progress) const {
  os << path << ": " << bytesText(static_cast<double>(sizes.file))
     << ", weights " << bytesText(static_cast<double>(sizes.weights))
     << ", code " << bytesText(static_cast<double>(sizes.code)) << "\n";
  os << "fused   ";
  for (auto [i, kind] : llvm::enumerate(fused))
    os << (i ? ", " : "") << kind.second << " " << kind.first;
  os << (fused.empty() ? "nothing" : "") << "\n";
  for (const Plan &plan : plans) {
    std::string target = plans.size() > 1 ? ", " + plan.target : "";
    os << "plan    " << plan.steps << " steps of " << plan.kernels << " kernels"
       << target << "\n";
    os << "memory  " << plan.memory << target << "\n";
  }
  double total = 0;
  std::string stages;
  for (const auto &[stage, seconds] : progress.times()) {
    total += seconds;
    // Those too short to be worth a look are left out.
    if (seconds >= 0.01)
      stages +=
          (stages.empty() ? ": " : ", ") + stage + format(" %.2f s", seconds);
  }
  os << "time    " << format("%.2f s", total) << stages << "\n";
}

} // namespace ingot::cli
