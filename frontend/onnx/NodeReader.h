//===- NodeReader.h - One ONNX node as typed locals or a refusal ----------===//
//
// Import functions read a node through this. Getters return true on failure, as
// MLIR's parser does, so they chain with `||`; the reason stays in the builder.
// An attribute that no getter asked for is a refusal too.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/onnx/Model.h"
#include "frontend/onnx/TfmBuilder.h"

#include "ir/lift/ElementLifter.h"

namespace ingot::onnx {

/// What an import function sees of the rest of the import.
class ImportScope {
public:
  virtual ~ImportScope() = default;
  /// The element type for ONNX's type; null, with a reason, if unsupported.
  virtual mlir::Type elementType(DataType type) = 0;
  /// A constant or weight.
  virtual mlir::Value constantTensor(const TensorRef &tensor,
                                     llvm::StringRef name) = 0;
  /// The bytes of a constant or stored weight of uint8 as elements of another
  /// type; null, with a reason, if `value` is neither.
  virtual mlir::Value reinterpret(mlir::Value value,
                                  mlir::RankedTensorType type) = 0;
  /// All elements of a tensor that has one, as an attribute of rank 0.
  virtual mlir::DenseElementsAttr scalarTensor(const TensorRef &tensor) = 0;
  /// The graph input `value` becomes a symbol that is read at bind; false if it
  /// is not a graph input or has more than one element.
  virtual bool makeSymbol(mlir::Value value) = 0;
  /// The name of a value, for messages.
  virtual std::string valueName(mlir::Value value) = 0;
};

class NodeReader {
public:
  NodeReader(const Node &node, llvm::ArrayRef<mlir::Value> inputs,
             TfmBuilder &b, ElementLifter &lifter, ImportScope &scope)
      : b(b), scope(scope), node(node), values(inputs), lifter(lifter) {}

  TfmBuilder &b;
  ImportScope &scope;

  // Inputs
  // ---------------------------------------------------------------------
  unsigned numInputs() const { return values.size(); }
  bool hasInput(unsigned i) const { return i < values.size() && values[i]; }
  mlir::ParseResult input(unsigned i, mlir::Value &value);
  /// Null where the input is absent.
  mlir::Value optional(unsigned i);
  /// Input `i` changes nothing for us, whatever it is.
  void ignoreInput(unsigned i) { asked.push_back(i); }
  /// All inputs; none may be absent.
  mlir::ParseResult inputs(llvm::SmallVector<mlir::Value> &all);
  /// The values of an integer scalar or vector as expressions of symbols.
  mlir::ParseResult exprs(unsigned i, llvm::SmallVector<Expr> &list);
  /// The one value of an integer tensor.
  mlir::ParseResult expr(unsigned i, Expr &value);
  mlir::ParseResult constantInts(unsigned i, llvm::SmallVector<int64_t> &list);
  mlir::ParseResult constantInt(unsigned i, int64_t &value);
  mlir::ParseResult constantBool(unsigned i, bool &value);
  /// What one element of a tensor computes, whatever it is.
  Expr element(mlir::Value scalar) { return lifter.scalar(scalar); }
  /// `e` is integer arithmetic of symbols alone. Makes symbols of the small
  /// inputs that it reads.
  bool isKnownAtBind(Expr e);

  // Attributes
  // -----------------------------------------------------------------
  bool has(llvm::StringRef name) const;
  mlir::ParseResult integer(llvm::StringRef name, int64_t &value,
                            std::optional<int64_t> byDefault = std::nullopt);
  mlir::ParseResult flag(llvm::StringRef name, bool &value, bool byDefault);
  mlir::ParseResult f32(llvm::StringRef name, double &value,
                        std::optional<double> byDefault = std::nullopt);
  mlir::ParseResult string(llvm::StringRef name, std::string &value,
                           llvm::StringRef byDefault);
  /// Leaves `list` as it is where the attribute is absent.
  mlir::ParseResult ints(llvm::StringRef name,
                         llvm::SmallVector<int64_t> &list);
  mlir::ParseResult floats(llvm::StringRef name,
                           llvm::SmallVector<double> &list);
  mlir::ParseResult tensor(llvm::StringRef name, const TensorRef *&value);
  /// An axis of a tensor of `rank`, counted from the end where negative.
  mlir::ParseResult axis(llvm::StringRef name, int64_t rank, int64_t &value,
                         std::optional<int64_t> byDefault = std::nullopt);
  /// The attribute is absent or has this value: what else it may be is refused.
  mlir::ParseResult expect(llvm::StringRef name, int64_t value);
  /// The attribute changes nothing for us, whatever its value.
  void ignore(llvm::StringRef name);
  mlir::ParseResult normalize(int64_t &axis, int64_t rank);
  /// Axes from the attribute before opset `inputSince`, from input 1 after;
  /// nothing where neither is there. Normalized, in the model's order.
  mlir::ParseResult axes(int64_t inputSince, int64_t rank,
                         std::optional<llvm::SmallVector<int64_t>> &list);
  /// Fails if there is an attribute or an input that nobody read.
  mlir::ParseResult allRead();

  // Outputs
  // --------------------------------------------------------------------
  int64_t opset() const { return node.opset; }
  unsigned numOutputs() const;
  bool wantsOutput(unsigned i) const;
  llvm::StringRef outputName(unsigned i) const;
  /// Results after the first; the first is what an import function returns.
  void setOutput(unsigned i, mlir::Value value);
  llvm::ArrayRef<mlir::Value> moreOutputs() const { return others; }

private:
  const Attribute *find(llvm::StringRef name, AttributeType type, bool &wrong);
  std::string inputName(unsigned i) const;
  /// The one element of `list`, which are those of input `i`.
  template <typename T>
  mlir::ParseResult only(unsigned i, const llvm::SmallVector<T> &list,
                         T &value) {
    if (list.size() != 1)
      return b.fail(inputName(i) + " has " + llvm::Twine(list.size()) +
                    " elements, not one"),
             mlir::failure();
    value = list[0];
    return mlir::success();
  }

  const Node &node;
  llvm::ArrayRef<mlir::Value> values;
  ElementLifter &lifter;
  llvm::SmallVector<llvm::StringRef> read;
  llvm::SmallVector<unsigned> asked;
  llvm::SmallVector<mlir::Value> others;
};

} // namespace ingot::onnx
