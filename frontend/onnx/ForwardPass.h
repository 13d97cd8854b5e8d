//===- ForwardPass.h - One walk over a model under the facts so far -------===//
#pragma once

#include "frontend/onnx/Import.h"
#include "frontend/onnx/NodeReader.h"
#include "frontend/onnx/Report.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>
#include <set>

namespace ingot::onnx {

/// What one import keeps over its restarts.
struct ImportState {
  const Model &model;
  const ImportOptions &options;
  WeightStore &weights;
  ShapeFacts facts = {};
  /// Graph inputs whose one integer element is a symbol.
  std::set<std::string> valueSymbols = {};
  /// Locations of nodes, by how requirements name them.
  std::map<std::string, mlir::Location> locations = {};
  /// Where the weight store keeps decoded tensors.
  std::map<const void *, int64_t> ownedOffsets = {};
};

/// Builds the module. Thrown away and repeated whenever it learns a fact.
class ForwardPass final : public ImportScope {
public:
  ForwardPass(ImportState &state, const InputSymbols &symbols,
              llvm::ArrayRef<const ValueInfo *> arguments,
              mlir::MLIRContext &context);

  enum class Outcome { Done, Restart, NamesContradict, Refused };
  Outcome run();

  mlir::OwningOpRef<mlir::ModuleOp> takeModule() { return std::move(module); }
  const Report &report() const { return refusals; }
  size_t numNodes() const { return nodes; }
  /// Types of the named values of the main graph, once done.
  const ValueTypes &valueTypes() const { return types; }

  /// What nodes compute values of a type in: float16 and bfloat16 in f32, of
  /// which models store and take and give the halves. A null type where it is
  /// not supported.
  mlir::Type elementType(DataType type) override;
  mlir::Value constantTensor(const TensorRef &tensor,
                             llvm::StringRef name) override;
  mlir::Value reinterpret(mlir::Value value,
                          mlir::RankedTensorType type) override;
  mlir::DenseElementsAttr scalarTensor(const TensorRef &tensor) override;
  bool makeSymbol(mlir::Value value) override;
  std::string valueName(mlir::Value value) override;

private:
  /// The names of a graph. A name with a null value was refused.
  struct Scope {
    Scope *outer = nullptr;
    llvm::StringMap<mlir::Value> values;
    llvm::StringMap<const TensorRef *> initializers;
  };

  void makeFunction();
  void importInputs();
  void importGraph(const Graph &graph, Scope &scope);
  void importNode(const Node &node, Scope &scope);
  /// A branch of an `If` whose condition is known, in place of the node.
  void importIf(const Node &node, Scope &scope);
  /// Nodes of subgraphs that were not imported, for the report.
  void scanSubgraphs(const Node &node);
  /// The value of a name; false where it is not defined.
  bool lookup(Scope &scope, llvm::StringRef name, mlir::Value &value);
  void finish();
  void addRequirements(mlir::OpBuilder &ops);
  void addSymbols(mlir::OpBuilder &ops);
  void removeDead();

  void refuse(const Node &node, Scope &scope, const llvm::Twine &reason,
              llvm::StringRef nearest = "");
  void poison(const Node &node, Scope &scope);
  std::string operandText(const Node &node, Scope &scope);
  bool mustRestart() const { return restart || shapes.restart(); }
  /// Nothing more can be built; what is left is looked at for the report only.
  bool isBroken() { return !shapes.error().empty() || shapes.pool().failed(); }
  /// The type of a tensor's bytes.
  mlir::Type storedType(DataType type);
  mlir::Value storedTensor(const TensorRef &tensor, llvm::StringRef name);
  /// A stored value as nodes compute with it.
  mlir::Value widened(mlir::Value stored);
  mlir::Value makeConstant(llvm::StringRef name, mlir::RankedTensorType type,
                           llvm::ArrayRef<char> bytes);
  mlir::Value makeWeight(llvm::StringRef name, mlir::RankedTensorType type,
                         llvm::StringRef file, int64_t offset, int64_t length);
  mlir::Value constantInput(llvm::StringRef name,
                            mlir::DenseElementsAttr value);
  mlir::Location named(llvm::StringRef name) {
    return mlir::NameLoc::get(mlir::StringAttr::get(&context, name));
  }
  mlir::Location nodeLocation(const Node &node);

  ImportState &state;
  const InputSymbols &symbols;
  llvm::ArrayRef<const ValueInfo *> arguments;
  mlir::MLIRContext &context;
  ShapeContext shapes;
  ElementLifter lifter;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  std::optional<TfmBuilder> builder;
  Report refusals;
  ValueTypes types;
  Scope mainScope;
  llvm::StringMap<const ValueInfo *>
      declared;                          ///< types of values, for messages
  llvm::StringSet<> symbolNames{"main"}; ///< and those of weights
  size_t nodes = 0;
  bool restart = false;
};

} // namespace ingot::onnx
