//===- KernelBuilder.h - One plan.kernel and its launch
//--------------------===//
//
// Collects what a kernel reads, turns loads into flat offsets, numbers the
// symbolic values it needs as scalars, and names it by op and key. Kernels of
// equal text are one kernel.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/lift/RegionBuilder.h"
#include "ir/plan/Plan.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace ingot {

/// The kernels of a module by their text, for sharing.
class KernelTable {
public:
  explicit KernelTable(mlir::ModuleOp module) : module(module) {}
  /// Takes `kernel` (detached, named by its base name) and gives the kernel of
  /// the same text that is in the module, adding a number to the name if
  /// another text has it.
  plan::KernelOp intern(plan::KernelOp kernel);

private:
  mlir::ModuleOp module;
  llvm::StringMap<plan::KernelOp> byText;
  llvm::StringMap<unsigned> names;
};

class KernelBuilder {
public:
  KernelBuilder(ElementLifter &lifter, mlir::Location loc)
      : lifter(lifter), shapes(lifter.context()), pool(shapes.pool()),
        builder(loc.getContext()), loc(loc) {}

  /// Number of the input that reads `value`'s memory: elements, or bytes where
  /// these are narrow.
  unsigned input(mlir::Value value);
  /// An input at a byte offset of its own (a view): never shared.
  unsigned viewInput(mlir::Value value, Expr byteOffset);
  /// How params and regions name an integer of symbols: itself if it is a
  /// number, else -1-k for scalar k.
  int64_t extent(Expr symbolic);
  mlir::DenseI64ArrayAttr extents(llvm::ArrayRef<Expr> symbolic);

  /// A leaf that stands for leading argument `position` of a region that is no
  /// index (an accumulator, a score).
  Expr argument(ExprType type, unsigned position);

  /// Adds a region: `arguments` are the leading ones (index nodes or leaves of
  /// `argument`), `expr` what it yields, with loads of tensors by coordinates.
  void region(llvm::ArrayRef<Expr> arguments, Expr expr) {
    regions.push_back({{arguments.begin(), arguments.end()}, flatten(expr)});
  }
  /// The same for an expression whose loads are flat already.
  void flatRegion(llvm::ArrayRef<Expr> arguments, Expr expr) {
    regions.push_back({{arguments.begin(), arguments.end()}, expr});
  }

  /// A region that is the scalar ops of `ops` (of a `tfm.fused`): for what the
  /// pool has no expression for. `arguments` are index nodes, one an argument.
  void opRegion(llvm::ArrayRef<Expr> arguments, mlir::Block &ops) {
    regions.push_back({{arguments.begin(), arguments.end()}, {}, &ops});
  }

  /// `expr` with every load of a tensor by coordinates made a load of its
  /// memory by one flat element offset.
  Expr flatten(Expr expr);
  /// The same of one load, whatever its elements are.
  Expr flatLoad(Expr load);
  /// c*d*(x floordiv d) + c*(x mod d) = c*x, wherever it applies.
  Expr recombine(Expr integer);

  void param(llvm::StringRef name, mlir::Attribute value) {
    params.set(name, value);
  }
  void param(llvm::StringRef name, int64_t value) {
    param(name, builder.getI64IntegerAttr(value));
  }

  /// The kernel, not yet in a module.
  plan::KernelOp finish(plan::Family family, llvm::StringRef name,
                        mlir::TypeRange outs);

  struct Input {
    mlir::Value value;
    Expr byteOffset;
    mlir::Type element; ///< as the kernel loads it
  };
  llvm::ArrayRef<Input> inputs() const { return ins; }
  llvm::ArrayRef<Expr> scalars() const { return scalarExprs; }
  mlir::OpBuilder &attributes() { return builder; }

private:
  struct RegionSpec {
    llvm::SmallVector<Expr> arguments;
    Expr expr;
    mlir::Block *ops = nullptr; ///< instead of `expr`
  };
  unsigned scalar(Expr symbolic);
  void collect(const RegionSpec &spec);
  mlir::Value copyOps(mlir::Block &ops, RegionBuilder &printer,
                      llvm::ArrayRef<mlir::Value> arguments,
                      llvm::function_ref<mlir::Value(mlir::Value)> memory);
  void fill(mlir::Region &region, const RegionSpec &spec, mlir::TypeRange outs);

  ElementLifter &lifter;
  ShapeContext &shapes;
  ExprPool &pool;
  mlir::OpBuilder builder;
  mlir::Location loc;
  llvm::SmallVector<Input> ins;
  llvm::DenseMap<mlir::Value, unsigned> inputNumbers;
  llvm::SmallVector<Expr> scalarExprs;
  llvm::SmallVector<RegionSpec> regions;
  mlir::NamedAttrList params;
};

/// The value whose memory `value` shares: through reshapes.
mlir::Value memoryOf(mlir::Value value);

} // namespace ingot
