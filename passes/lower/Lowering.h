//===- Lowering.h - tfm ops to plan steps, one function at a time
//----------===//
#pragma once

#include "passes/lower/KernelBuilder.h"
#include "passes/lower/LoweringTarget.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot {

/// Elements a task of a memory-bound kernel handles: some tens of microseconds.
constexpr int64_t kTaskElements = 16384;

/// The weights that stand for constants, casts and dequantized weights, by
/// their text, for all targets.
using DerivedWeights = llvm::StringMap<mlir::FlatSymbolRefAttr>;

/// Lowers one function to a `plan.program`. Each op that computes becomes one
/// launch; reshapes and operands that are only read in another order become
/// views. Attention over pages is changed on the way.
class Lowering {
public:
  Lowering(mlir::ModuleOp module, mlir::func::FuncOp function,
           ElementLifter::StoredBytes weights, KernelTable &kernels,
           DerivedWeights &derivedWeights, const LoweringTarget &target);

  /// Makes the program `name` of entry `entry`.
  mlir::LogicalResult run(llvm::StringRef name, llvm::StringRef entry);

private:
  using Dims = ShapeContext::Dims;

  // Program.
  void makeProgram(llvm::StringRef name, llvm::StringRef entry);
  mlir::LogicalResult lower(mlir::Operation *op);
  mlir::LogicalResult lowerStep(mlir::Operation *op);
  void lowerReturn(mlir::func::ReturnOp op);
  /// The buffer that holds `value` (which has memory), made on first use.
  mlir::Value buffer(mlir::Value value);
  mlir::Value weightBuffer(mlir::Value value, llvm::StringRef layout);
  mlir::FlatSymbolRefAttr weightSymbol(mlir::Value value);
  /// The weight of a linear as kernels of the target read it.
  mlir::Value linearWeight(mlir::Value value);
  /// A quantized weight as floats of the input's type, made when compiling.
  mlir::Value dequantizedWeight(tfm::LinearOp op);
  /// The weight, scales and zeros of `linear`, its inputs from 1 on, as GPUs
  /// read them.
  llvm::SmallVector<mlir::Value>
  arranged(plan::KernelOp linear, llvm::ArrayRef<KernelBuilder::Input> inputs);
  /// Brings `source` from the layout in which `stored` has it into rows of the
  /// type of `value`, rounded to tf32 where that multiplies them, since
  /// tensor cores cut.
  mlir::Value rearranged(mlir::Value value, mlir::Value source,
                         mlir::Value stored);
  Expr byteSize(mlir::RankedTensorType type);
  /// Of element `offset`, where elements are whole bytes.
  Expr bytesAt(Expr offset, mlir::Type element) {
    return pool.scale(offset, element.getIntOrFloatBitWidth() / 8);
  }
  /// Says how the kernel multiplies what it reads, where that is not exactly.
  void roundProducts(KernelBuilder &kernel) {
    if (target.precision == "tf32")
      kernel.param("math", kernel.attributes().getStringAttr("tf32"));
  }

  plan::BufferOp makeBuffer(mlir::Location loc, plan::BufferKind kind,
                            Expr size, int64_t number,
                            mlir::FlatSymbolRefAttr weight = {},
                            mlir::StringAttr layout = {});

  /// Interns the kernel and appends its launch into the memory of `results`.
  void launch(KernelBuilder &kernel, plan::Family family, llvm::StringRef name,
              llvm::ArrayRef<mlir::Value> results, llvm::ArrayRef<Expr> grid,
              Expr flops, mlir::Location loc);
  /// The same into `outs`, buffers for `types`.
  void launchInto(KernelBuilder &kernel, plan::Family family,
                  llvm::StringRef name,
                  llvm::ArrayRef<mlir::RankedTensorType> types,
                  llvm::ArrayRef<mlir::Value> outs, llvm::ArrayRef<Expr> grid,
                  Expr flops, mlir::Location loc);
  /// The launch of `made`, which `kernel` has become.
  plan::LaunchOp makeLaunch(plan::KernelOp made, KernelBuilder &kernel,
                            llvm::ArrayRef<Expr> grid, mlir::ValueRange buffers,
                            llvm::ArrayRef<Expr> offsets, Expr flops,
                            Expr bytes, mlir::Location loc);
  /// Memory of the loaded model, and a launch that fills such from `stored`
  /// before the first run.
  mlir::Value modelBuffer(int64_t bytes, mlir::Location loc);
  void launchAtLoad(plan::KernelOp made, KernelBuilder &kernel, int64_t tasks,
                    llvm::ArrayRef<mlir::Value> results,
                    llvm::ArrayRef<mlir::Value> stored, int64_t bytes,
                    mlir::Location loc);
  mlir::ArrayAttr sources(mlir::Location loc);

  // Ops.
  mlir::LogicalResult lowerFused(tfm::FusedOp op);
  void materialize(tfm::FusedOp op);
  /// The element of `op`; nothing where the pool has no expression for it.
  std::optional<Expr> elementOf(tfm::FusedOp op, llvm::ArrayRef<Expr> indices);
  /// What a kernel stores as the element of `op`: it, or what the store rounds
  /// to an 8-bit float.
  std::optional<Expr> storedElementOf(tfm::FusedOp op,
                                      llvm::ArrayRef<Expr> indices);
  mlir::LogicalResult lowerMatmul(tfm::MatmulOp op);
  mlir::LogicalResult lowerConv(tfm::ConvOp op);
  mlir::LogicalResult lowerReduce(tfm::ReduceOp op);
  mlir::LogicalResult lowerArgReduce(tfm::ArgReduceOp op);
  mlir::LogicalResult lowerCumSum(tfm::CumSumOp op);
  mlir::LogicalResult lowerNonZero(tfm::NonZeroOp op);
  mlir::LogicalResult lowerSoftmax(tfm::SoftmaxOp op);
  mlir::LogicalResult lowerNorm(tfm::NormOp op);
  mlir::LogicalResult lowerLinear(tfm::LinearOp op);
  mlir::LogicalResult lowerAttention(tfm::AttentionOp op);
  /// A map kernel that writes `expr` at generic `indices` over `dims`.
  void launchMap(mlir::Value result, llvm::ArrayRef<Expr> indices, Expr expr,
                 mlir::Location loc);

  Expr packed(llvm::ArrayRef<Expr> dims, llvm::ArrayRef<Expr> indices,
              Expr expr, llvm::SmallVector<Expr> &at);
  /// The memory of `type` as a vector of bytes.
  mlir::RankedTensorType bytesOf(mlir::RankedTensorType type);

  /// Merges adjacent loop dims where every load allows it.
  void collapse(KernelBuilder &kernel, llvm::SmallVector<Expr> &dims,
                llvm::SmallVector<Expr> &indices, Expr &flat);
  int64_t chunkFor(llvm::ArrayRef<Expr> dims, int64_t elementsATask);
  Expr rows(llvm::ArrayRef<Expr> dims);
  Expr countOf(llvm::ArrayRef<Expr> dims) {
    return pool.product({dims.data(), dims.size()});
  }
  /// Tasks of a kernel that goes by rows.
  Expr rowGridOf(llvm::ArrayRef<Expr> dims, int64_t chunk);
  /// Tasks of one that takes each element alone: chunks of rows too, but where
  /// tasks are fine.
  Expr gridOf(llvm::ArrayRef<Expr> dims, int64_t chunk) {
    return target.hasFineTasks ? countOf(dims) : rowGridOf(dims, chunk);
  }
  /// A loop nest has at least one dim: scalars get one of extent 1.
  void atLeastOne(llvm::SmallVector<Expr> &dims,
                  llvm::SmallVector<Expr> &indices);
  struct View {
    mlir::Value memory;
    Expr offset;                     ///< in elements
    llvm::SmallVector<Expr> strides; ///< in elements, one an index
  };
  /// Decides which fused ops are memory and which are read in place.
  void place();
  /// Gives attention its keys and values one after the other where no kernel
  /// reads them from their pages.
  void gatherPages();
  bool readsPages(tfm::AttentionOp op);
  /// What attention `made` reads of a cache: the pages that its table names.
  Expr bytesOfPages(plan::KernelOp made, KernelBuilder &kernel,
                    mlir::RankedTensorType cache);
  bool isReadInPlace(tfm::FusedOp op);
  /// The norm that has the elements of `op` at hand and can store them beside
  /// its result, or null.
  tfm::NormOp writerOf(tfm::FusedOp op);
  /// The op that only `op` reads, element for element, so that its kernel can
  /// go on with what `op` computes; or null.
  mlir::Operation *anchorOf(tfm::FusedOp op);
  /// Whether what `norm` stores beside its result is there in time where it
  /// runs in the place of `op`.
  bool canRunLater(tfm::NormOp norm, tfm::FusedOp op);
  /// Where the kernel of `anchor` writes: its result, or its epilogue's.
  mlir::Value storedBy(mlir::Operation *anchor);
  /// The norm that can store `op`, its result rounded, beside it; or null.
  tfm::NormOp copierOf(tfm::FusedOp op);
  /// What it writes at coordinates `at` of that, `value` being its result; with
  /// flat loads.
  Expr finish(KernelBuilder &kernel, mlir::Operation *anchor, Expr value,
              llvm::ArrayRef<Expr> at);
  /// The first of the trailing axes of `dims` that hold `count` elements.
  std::optional<size_t> axisOf(llvm::ArrayRef<Expr> dims, Expr count);
  /// `value` as strides over memory: its own, or what it is read from.
  View viewOf(KernelBuilder &kernel, mlir::Value value);
  /// The view that the element of `value` is, if it is one load affine in the
  /// indices.
  std::optional<View> viewByElement(KernelBuilder &kernel, mlir::Value value);
  bool isContiguous(mlir::Value value, const View &view);
  /// From row to row of `value` as a matrix, all axes but the last flattened;
  /// nothing if rows are not contiguous or not at one stride.
  std::optional<Expr> rowStride(mlir::Value value, const View &view);
  /// Coordinates of `dims` as a matrix whose rows are the axes from `axis` on.
  llvm::SmallVector<Expr>
  rowCoordinates(Expr row, Expr col, llvm::ArrayRef<Expr> dims, size_t axis);
  void finalize(KernelBuilder &kernel, mlir::Operation *op, ExprType type,
                llvm::ArrayRef<Expr> loop, llvm::ArrayRef<Expr> at);

  mlir::ModuleOp module;
  mlir::func::FuncOp function;
  ShapeFacts facts;
  ShapeContext shapes;
  ElementLifter lifter;
  ExprPool &pool;
  KernelTable &kernels;
  mlir::OpBuilder builder;
  plan::ProgramOp program;
  llvm::DenseMap<mlir::Value, mlir::Value> buffers;
  /// Fused ops that are no step of their own: read in place, stored by a norm,
  /// or the epilogue of another op; and the other way round.
  llvm::DenseSet<mlir::Operation *> inPlace;
  llvm::DenseMap<mlir::Operation *, tfm::NormOp> writers;
  llvm::DenseMap<mlir::Operation *, tfm::FusedOp> written;
  llvm::DenseMap<mlir::Operation *, tfm::NormOp> copiers;
  llvm::DenseMap<mlir::Operation *, tfm::FusedOp> copied;
  llvm::DenseMap<mlir::Operation *, mlir::Operation *> anchors;
  llvm::DenseMap<mlir::Operation *, tfm::FusedOp> epilogues;
  llvm::DenseMap<std::pair<mlir::Attribute, mlir::Attribute>, mlir::Value>
      weightBuffers;
  DerivedWeights &derivedWeights;
  LoweringTarget target;
  /// Weights in the layout of the target, by the buffer of what is stored; of
  /// quantized ones by the kernel and the three.
  llvm::DenseMap<mlir::Value, mlir::Value> rearrangedWeights;
  using Quantized = std::pair<std::pair<mlir::Operation *, mlir::Value>,
                              std::pair<mlir::Value, mlir::Value>>;
  llvm::DenseMap<Quantized, llvm::SmallVector<mlir::Value>> arrangedWeights;
  int64_t modelBuffers = 0;
};

/// A kernel name part for an element type: f32, i64, i1, ...
std::string typeName(mlir::Type type);

} // namespace ingot
