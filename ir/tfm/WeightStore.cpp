#include "ir/tfm/WeightStore.h"

#include "llvm/Support/Path.h"

using namespace mlir;

namespace ingot {

int64_t WeightStore::own(std::vector<char> bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  int64_t offset = ownedEnd;
  // An empty weight takes a byte of its own, so that offsets stay distinct.
  ownedEnd += std::max<int64_t>(bytes.size(), 1);
  owned.emplace(offset, std::move(bytes));
  return offset;
}

FailureOr<llvm::ArrayRef<char>> WeightStore::bytes(tfm::WeightOp weight) {
  assert(weight.getFile() && "a derived weight has a recipe, not bytes");
  llvm::StringRef name = *weight.getFile();
  int64_t offset = weight.getOffset().value_or(0),
          length = weight.getLength().value_or(0);
  std::lock_guard<std::mutex> lock(mutex);
  if (name.empty()) {
    auto it = owned.find(offset);
    if (it == owned.end() || static_cast<int64_t>(it->second.size()) != length)
      return weight.emitError("weight @")
             << weight.getSymName()
             << " was decoded from a model file, this IR does not hold it: "
                "compile the model";
    return llvm::ArrayRef<char>(it->second);
  }
  std::unique_ptr<llvm::MemoryBuffer> &file = files[name];
  if (!file) {
    llvm::SmallString<256> path(folder);
    llvm::sys::path::append(path, name);
    auto opened = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
    if (!opened)
      return weight.emitError("cannot read '")
             << path << "', which holds weight @" << weight.getSymName() << ": "
             << opened.getError().message();
    file = std::move(*opened);
  }
  int64_t size = file->getBufferSize();
  if (offset < 0 || length < 0 || offset > size || length > size - offset)
    return weight.emitError("weight @")
           << weight.getSymName() << " is bytes " << offset << " to "
           << offset + length << " of '" << name << "', which has " << size;
  return llvm::ArrayRef<char>(file->getBufferStart() + offset, length);
}

} // namespace ingot
