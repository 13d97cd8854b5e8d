//===- WeightStore.h - The bytes behind tfm.weight symbols ----------------===//
//
// Weights are symbols in the IR; their bytes stay in the model's files, which
// are mapped when a weight is first read. Bytes that no file holds as they are
// needed (the model stored numbers as varints, or an input was baked) are kept
// here, under the file name "".
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/tfm/Tfm.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"

#include <map>
#include <mutex>

namespace ingot {

/// Shared by the stages of one compilation; `bytes` may be called from several
/// threads. What it returns lives as long as the store.
class WeightStore {
public:
  /// File names of weights are relative to `folder`; "" is the current one.
  explicit WeightStore(std::string folder) : folder(std::move(folder)) {}
  WeightStore(const WeightStore &) = delete;
  WeightStore &operator=(const WeightStore &) = delete;

  /// Keeps `bytes`; a weight with file "", the returned offset and their length
  /// stands for them.
  int64_t own(std::vector<char> bytes);

  /// The little-endian bytes of a stored weight (not of a recipe). Reports a
  /// missing or short file at the weight.
  mlir::FailureOr<llvm::ArrayRef<char>> bytes(tfm::WeightOp weight);

  llvm::StringRef modelFolder() const { return folder; }
  /// Where the weights of a module lie that was imported and written out: its
  /// `tfm.folder`, or `byDefault`.
  static std::string folderOf(mlir::ModuleOp module,
                              llvm::StringRef byDefault) {
    auto attr = module->getAttrOfType<mlir::StringAttr>("tfm.folder");
    return attr ? attr.str() : byDefault.str();
  }

private:
  std::string folder;
  std::mutex mutex;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> files;
  std::map<int64_t, std::vector<char>> owned; ///< by the offset `own` gave out
  int64_t ownedEnd = 0;
};

} // namespace ingot
