#include "codegen/cuda/KernelChoice.h"

#include "codegen/cuda/RegionPrinter.h"

namespace ingot::cuda {

bool multipliesF8(plan::KernelOp kernel) {
  return kernel.isQuantized() &&
         llvm::isa<mlir::Float8E4M3FNType>(kernel.inType(0));
}

llvm::StringRef mathTagOf(plan::KernelOp kernel) {
  if (multipliesF8(kernel))
    return "e4m3";
  return kernel.getParams().contains("math") ? kernel.paramText("math")
                                             : memoryTypeName(kernel.inType(0));
}

static LinearProblem problemOf(plan::KernelOp kernel, bool canSplit) {
  bool hasBlocks =
      kernel.isQuantized() && kernel.param("block") < kernel.param("k");
  // Scalars are no numbers.
  return {std::max<int64_t>(kernel.param("m"), -1), kernel.param("n"),
          kernel.param("k"), mathOf(mathTagOf(kernel)),
          kernel.inType(0).getIntOrFloatBitWidth(),
          kernel.outType(0).getIntOrFloatBitWidth(),
          // Scales of blocks leave no registers for meeting.
          canSplit && !hasBlocks, hasBlocks};
}

LinearChoice linearChoiceOf(plan::KernelOp kernel, bool canSplit,
                            std::optional<int64_t> measured, const Chip &chip) {
  return chooseLinear(problemOf(kernel, canSplit), chip, measured);
}

std::optional<HopperLinear>
hopperLinearOf(plan::KernelOp kernel, bool canSplit,
               llvm::ArrayRef<HopperMeasured> measured) {
  return chooseHopperLinear(problemOf(kernel, canSplit), measured);
}

/// Of a norm, or a linear_norm: whether a result has 16 bits.
static bool hasHalf(plan::KernelOp kernel) {
  return kernel.paramFlag("copy") ||
         kernel.outType(0).getIntOrFloatBitWidth() == 16;
}

/// Bytes of a row that a norm, or a linear_norm, writes.
static int64_t writtenBytes(plan::KernelOp kernel) {
  int64_t columns = kernel.getFamily() == plan::Family::Norm
                        ? kernel.paramArray("extents").back()
                        : kernel.param("n"),
          bits = 0;
  for (unsigned i = 0; i < kernel.numOuts(); ++i)
    bits += kernel.outType(i).getIntOrFloatBitWidth();
  return columns * bits / 8;
}

LinearNormChoice linearNormChoiceOf(plan::KernelOp kernel) {
  LinearProblem linear = problemOf(kernel, /*canSplit=*/true);
  linear.outBits = 32;
  std::optional<LinearNormChoice> choice =
      chooseLinearNorm({linear, 0, writtenBytes(kernel), hasHalf(kernel)},
                       kernel.param("columns"));
  assert(choice && "the kernel was made from one");
  choice->taken = llvm::to_vector(kernel.paramArray("taken"));
  return *choice;
}

std::optional<LinearNormChoice> chooseLinearNormOf(plan::KernelOp linear,
                                                   plan::KernelOp norm,
                                                   int64_t readBytes,
                                                   bool isRead) {
  LinearProblem problem = problemOf(linear, /*canSplit=*/true);
  int64_t written = writtenBytes(norm) + (isRead ? 4 * problem.n : 0);
  return chooseLinearNorm({problem, readBytes, written, hasHalf(norm)});
}

bool hasPages(plan::KernelOp kernel) {
  return kernel.getParams().contains("page_rows");
}

static AttentionProblem attentionOf(plan::KernelOp kernel, bool canSplit) {
  auto extent = [&](llvm::StringRef name) {
    return std::max<int64_t>(kernel.param(name), -1);
  };
  // Heads and groups are numbers in plans.
  return {extent("batch"),
          extent("heads"),
          extent("queries"),
          extent("keys"),
          std::max<int64_t>(kernel.param("group"), 1),
          kernel.param("d"),
          kernel.param("dv"),
          mathOf(mathTagOf(kernel)),
          kernel.inType(0).getIntOrFloatBitWidth(),
          canSplit,
          hasPages(kernel)};
}

AttentionChoice attentionChoiceOf(plan::KernelOp kernel, bool canSplit) {
  return chooseAttention(attentionOf(kernel, canSplit));
}

std::array<int64_t, 3> attentionExtentsOf(plan::KernelOp kernel,
                                          llvm::StringRef operand) {
  int64_t heads = kernel.param("heads");
  if (operand == "q")
    return {kernel.param("batch"), kernel.param("queries"), heads};
  bool isPaged = hasPages(kernel);
  return {kernel.param(isPaged ? "cached_pages" : "batch"),
          kernel.param(isPaged ? "page_rows" : "keys"),
          heads / kernel.param("group")};
}

/// Whether boxes of a page make a tile of `keys`.
static bool takesPages(plan::KernelOp kernel, int64_t keys) {
  int64_t rows = kernel.param("page_rows");
  return rows > 0 && rows % 8 == 0 && (keys % rows == 0 || rows % keys == 0);
}

/// Whether the copy engine takes q, k or v, as far as it is known: strides that
/// are no numbers are looked at when the kernel runs. Of one alone it is never
/// asked.
static bool takesStrides(plan::KernelOp kernel, llvm::StringRef operand) {
  return llvm::all_of_zip(
      attentionExtentsOf(kernel, operand),
      kernel.paramArray((operand + "_strides").str()),
      [](int64_t extent, int64_t stride) {
        return stride == 0 ? extent == 1 : stride > 0 ? stride % 8 == 0 : true;
      });
}

std::optional<HopperAttention> hopperAttentionOf(plan::KernelOp kernel,
                                                 bool canSplit) {
  if (kernel.param("heads") < 0 || kernel.param("group") < 0)
    return std::nullopt;
  for (llvm::StringRef operand : {"q", "k", "v"})
    if (!takesStrides(kernel, operand))
      return std::nullopt;
  std::optional<HopperAttention> choice =
      chooseHopperAttention(attentionOf(kernel, canSplit));
  if (choice && hasPages(kernel) && !takesPages(kernel, choice->keys))
    return std::nullopt;
  return choice;
}

} // namespace ingot::cuda
