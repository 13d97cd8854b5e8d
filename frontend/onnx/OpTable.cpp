#include "frontend/onnx/OpTable.h"

using namespace mlir;

namespace ingot::onnx {

llvm::ArrayRef<OpEntry> allOps() {
  static const std::vector<OpEntry> rows = [] {
    std::vector<OpEntry> all;
    for (llvm::ArrayRef<OpEntry> group :
         {mathOps(), logicOps(), shapeOps(), movementOps(), generatorOps(),
          reductionOps(), networkOps(), attentionOps(), contribAttentionOps(),
          fusedOps(), quantOps()})
      all.insert(all.end(), group.begin(), group.end());
    llvm::sort(all, [](const OpEntry &a, const OpEntry &b) {
      return std::tie(a.domain, a.name, a.since) <
             std::tie(b.domain, b.name, b.since);
    });
    return all;
  }();
  return rows;
}

const OpEntry *findOp(llvm::StringRef domain, llvm::StringRef name,
                      int64_t opset) {
  auto key = std::tie(domain, name, opset);
  auto after =
      llvm::upper_bound(allOps(), key, [](const auto &k, const OpEntry &row) {
        return k < std::tuple<llvm::StringRef, llvm::StringRef, int64_t>(
                       row.domain, row.name, row.since);
      });
  if (after == allOps().begin())
    return nullptr;
  const OpEntry *row = std::prev(after);
  return row->domain == domain && row->name == name ? row : nullptr;
}

namespace {
/// What a model's author can write instead of an operator, or what the operator
/// is made of, by (domain, name).
struct Nearest {
  llvm::StringLiteral domain, name, instead;
};
constexpr Nearest kNearest[] = {
    {"", "ArgMin", "ArgMax of Neg"},
    {"", "AveragePool", "GlobalAveragePool"},
    {"", "BatchNormalization", "Mul and Add"},
    {"", "ConvInteger", "Conv"},
    {"", "ConvTranspose", "Conv"},
    {"", "Einsum", "Transpose and MatMul"},
    {"", "Elu", "Where, Exp and Sub"},
    {"", "GroupNormalization", "LayerNormalization on reshaped groups"},
    {"", "HardSigmoid", "Mul, Add and Clip"},
    {"", "HardSwish", "Mul, Add and Clip"},
    {"", "InstanceNormalization", "LayerNormalization over the spatial axes"},
    {"", "LeakyRelu", "Where and Mul"},
    {"", "LogSoftmax", "Log of Softmax"},
    {"", "OneHot", "Equal with a Range, and Cast"},
    {"", "PRelu", "Where and Mul"},
    {"", "ReduceSumSquare", "ReduceSum of Mul"},
    {"", "ScatterElements", "Where, or Concat of slices"},
    {"", "ScatterND", "Where, or Concat of slices"},
    {"", "Softplus", "Log, Exp and Add"},
    {"", "Sum", "Add"},
    {"", "TopK", "ArgMax"},
    {"", "Xor", "Not of Equal"},
    {"com.microsoft", "BiasSoftmax", "Add and Softmax"},
    {"com.microsoft", "DynamicQuantizeMatMul",
     "DynamicQuantizeLinear, MatMulInteger, Cast and Mul"},
    {"com.microsoft", "MatMulBnb4", "MatMulNBits"},
};
} // namespace

std::string nearestOp(llvm::StringRef domain, llvm::StringRef name,
                      int64_t opset) {
  // The operator itself, in another opset or domain.
  for (const OpEntry &row : allOps())
    if (row.name == name)
      return (row.domain == domain
                  ? name + " from opset " + llvm::Twine(row.since) + " on"
                  : name + " of " +
                        (row.domain.empty() ? "ai.onnx" : row.domain))
          .str();
  for (const Nearest &entry : kNearest)
    if (entry.domain == domain && entry.name == name)
      return entry.instead.str();
  // A name within a third of its letters: a relative (ReduceLogSum) or a slip.
  const OpEntry *best = nullptr;
  unsigned bestDistance = name.size() / 3 + 1;
  for (const OpEntry &row : allOps()) {
    unsigned distance =
        name.edit_distance(row.name, /*AllowReplacements=*/true, bestDistance);
    if (distance < bestDistance) {
      best = &row;
      bestDistance = distance;
    }
  }
  return best ? best->name.str() : "";
}

} // namespace ingot::onnx
