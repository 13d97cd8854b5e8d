//===- TfmBuilder.h - tfm ops with their dims computed --------------------===//
//
// What import functions build with. Every method computes the dims of its
// result in the shape context; equalities that it needs are proven, assumed or
// refused there. A null operand gives a null result, so calls nest and one test
// at the end is enough; the first reason is kept.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/lift/ShapeContext.h"

#include "mlir/IR/Builders.h"

namespace ingot::onnx {

class TfmBuilder {
public:
  using Dims = ShapeContext::Dims;

  TfmBuilder(mlir::OpBuilder ops, ShapeContext &shapes)
      : ops(ops), shapes(shapes) {}

  /// What follows belongs to the node at `loc`; `why` names it in requirements.
  void startNode(mlir::Location loc, std::string why);
  /// Keeps the first reason since `startNode`.
  mlir::Value fail(const llvm::Twine &reason);
  llvm::StringRef reason() const { return firstReason; }

  // Looking ------------------------------------------------------------------
  mlir::MLIRContext *context() { return ops.getContext(); }
  ExprPool &pool() { return shapes.pool(); }
  Dims dims(mlir::Value v) { return shapes.dims(v); }
  static int64_t rank(mlir::Value v) { return type(v).getRank(); }
  static mlir::Type element(mlir::Value v) { return type(v).getElementType(); }
  static mlir::RankedTensorType type(mlir::Value v) {
    return llvm::cast<mlir::RankedTensorType>(v.getType());
  }
  Expr number(int64_t value) { return pool().integer(value); }
  std::optional<int64_t> constant(Expr e) { return pool().constantInt(e); }
  Expr product(llvm::ArrayRef<Expr> factors) {
    return pool().product({factors.data(), factors.size()});
  }

  // Requiring
  // ------------------------------------------------------------------
  /// The dim that both must be; false if they cannot be or a restart is due.
  bool unify(Expr a, Expr b, Expr &result);
  bool requireLe(Expr a, Expr b);
  bool broadcastDims(llvm::ArrayRef<Expr> a, llvm::ArrayRef<Expr> b,
                     Dims &result);
  /// Checked at bind without teaching anything.
  void check(tfm::Comparison relation, Expr a, Expr b) {
    shapes.check(relation, a, b, why);
  }
  void noteClamp(Expr clamped, Expr value, Expr bound) {
    shapes.noteClamp(clamped, value, bound);
  }

  // Constants
  // ------------------------------------------------------------------
  mlir::Value constant(mlir::DenseElementsAttr value);
  /// A constant or weight is located at its own name, not at its first user.
  mlir::Value constant(mlir::DenseElementsAttr value, mlir::Location at);
  /// A rank-0 constant; `value` is exact in the element type.
  mlir::Value scalar(mlir::Type element, double value);
  /// `value` (a rank-0 constant) in every element of `dims`.
  mlir::Value full(llvm::ArrayRef<Expr> dims, mlir::DenseElementsAttr value);
  /// Integer expressions as a vector, or as a scalar with `isScalar`.
  mlir::Value symbolic(llvm::ArrayRef<Expr> values, mlir::Type element,
                       bool isScalar = false);
  mlir::Value iota(Expr start, Expr step, Expr count, mlir::Type element);
  mlir::Value getWeight(llvm::StringRef symbol, mlir::RankedTensorType type,
                        mlir::Location at);

  // Arithmetic
  // -----------------------------------------------------------------
  mlir::Value elementwise(ScalarOp op, llvm::ArrayRef<mlir::Value> operands);
  mlir::Value select(mlir::Value condition, mlir::Value ifTrue,
                     mlir::Value ifFalse);
  mlir::Value cast(mlir::Value v, mlir::Type element);
  mlir::Value matmul(mlir::Value lhs, mlir::Value rhs);
  /// By NumPy's rules: a vector on the left is a row, on the right a column,
  /// and the dim it got is gone again in the result.
  mlir::Value product(mlir::Value lhs, mlir::Value rhs);
  /// How scales and zero points lie, as of `tfm.quantize`.
  struct QuantLayout {
    std::optional<int64_t> axis, block;
  };
  /// A null zero point is 0.
  mlir::Value quantize(mlir::Value v, mlir::Value scale, mlir::Value zero,
                       const QuantLayout &layout, mlir::Type to);
  mlir::Value dequantize(mlir::Value v, mlir::Value scale, mlir::Value zero,
                         const QuantLayout &layout, mlir::Type to);
  mlir::Value softmax(mlir::Value v, int64_t axis);
  mlir::Value reduce(tfm::ReduceKind kind, mlir::Value v,
                     llvm::ArrayRef<int64_t> axes, bool keepdims);
  mlir::Value argReduce(tfm::ReduceKind kind, mlir::Value v, int64_t axis,
                        bool keepdims, bool last);
  mlir::Value cumsum(mlir::Value v, int64_t axis, bool exclusive, bool reverse);
  mlir::Value norm(tfm::NormKind kind, mlir::Value v, mlir::Value scale,
                   mlir::Value bias, int64_t axis, double epsilon);
  struct Window {
    llvm::SmallVector<int64_t> strides, pads, dilations;
    int64_t group = 1;
  };
  mlir::Value conv(mlir::Value v, mlir::Value weight, mlir::Value bias,
                   const Window &window);

  // Moves
  // ------------------------------------------------------------------------
  /// `dims` has as many elements as `v`: the caller's promise.
  mlir::Value reshape(mlir::Value v, llvm::ArrayRef<Expr> dims);
  mlir::Value transpose(mlir::Value v, llvm::ArrayRef<int64_t> perm);
  mlir::Value broadcast(mlir::Value v, llvm::ArrayRef<Expr> dims);
  mlir::Value slice(mlir::Value v, llvm::ArrayRef<Expr> starts,
                    llvm::ArrayRef<int64_t> steps, llvm::ArrayRef<Expr> sizes);
  mlir::Value concat(llvm::ArrayRef<mlir::Value> parts, int64_t axis);
  mlir::Value gather(mlir::Value v, mlir::Value indices, int64_t axis);
  mlir::Value gatherElements(mlir::Value v, mlir::Value indices, int64_t axis);
  mlir::Value gatherND(mlir::Value v, mlir::Value indices, int64_t batchDims);
  mlir::Value pad(mlir::Value v, mlir::Value value, tfm::PadMode mode,
                  llvm::ArrayRef<Expr> low, llvm::ArrayRef<Expr> high);
  mlir::Value tile(mlir::Value v, llvm::ArrayRef<Expr> repeats);
  mlir::Value trilu(mlir::Value v, Expr diagonal, bool upper);

private:
  mlir::RankedTensorType tensor(llvm::ArrayRef<Expr> dims, mlir::Type element) {
    return shapes.type(dims, element);
  }
  tfm::DimsAttr attr(llvm::ArrayRef<Expr> exprs) {
    return shapes.attr(ops.getContext(), exprs);
  }
  /// `v` with each dim that is not 1 spelled as in `dims` (aligned at the last
  /// axis): equal by a check at bind, but not the same expression.
  mlir::Value spelled(mlir::Value v, llvm::ArrayRef<Expr> dims);
  /// Checks of element types, each with its reason.
  bool isFloats(mlir::Value v, llvm::StringRef what);
  bool isIntegers(mlir::Value v, llvm::StringRef what);
  bool isNumbers(mlir::Value v, llvm::StringRef what);
  /// Scale and zero point, which may be null, get the dims that `layout` of
  /// `v` asks for; false, with a reason, if they cannot have them.
  bool fitScales(mlir::Value v, mlir::Value &scale, mlir::Value &zero,
                 const QuantLayout &layout);
  /// All operands null-free; else the result is null.
  static bool missing(llvm::ArrayRef<mlir::Value> operands);

  mlir::OpBuilder ops;
  ShapeContext &shapes;
  mlir::Location loc = ops.getUnknownLoc();
  std::string why, firstReason;
};

/// "float32[batch, 4]" of a tensor, "float32" of an element type: for messages.
std::string typeText(mlir::Type type);

} // namespace ingot::onnx
