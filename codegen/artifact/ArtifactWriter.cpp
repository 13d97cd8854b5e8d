#include "codegen/artifact/ArtifactWriter.h"

#include "codegen/artifact/ExprTable.h"
#include "ir/reference/Interpreter.h"
#include "runtime/artifact_format.h"
#include "runtime/kernel_abi.h"

#include <cstring>

using namespace mlir;

namespace ingot {

using namespace artifact;

namespace {
ElementType elementType(Type type) {
  if (type.isF64())
    return ElementType::F64;
  if (type.isF32())
    return ElementType::F32;
  if (type.isF16())
    return ElementType::F16;
  if (type.isBF16())
    return ElementType::BF16;
  if (llvm::isa<Float8E4M3FNType>(type))
    return ElementType::F8E4M3FN;
  if (llvm::isa<Float8E5M2Type>(type))
    return ElementType::F8E5M2;
  bool isUnsigned = type.isUnsignedInteger();
  switch (type.getIntOrFloatBitWidth()) {
  case 64:
    return isUnsigned ? ElementType::U64 : ElementType::I64;
  case 32:
    return isUnsigned ? ElementType::U32 : ElementType::I32;
  case 16:
    return isUnsigned ? ElementType::U16 : ElementType::I16;
  case 8:
    return isUnsigned ? ElementType::U8 : ElementType::I8;
  case 4:
    return isUnsigned ? ElementType::U4 : ElementType::I4;
  default:
    return ElementType::Bool;
  }
}

/// A weight as it is stored: [ceil(N/48)][K][48] of an f32 matrix [K, N].
std::vector<char> packPanels(llvm::ArrayRef<char> bytes, int64_t k, int64_t n) {
  constexpr int64_t kColumns = 48;
  int64_t panels = (n + kColumns - 1) / kColumns;
  std::vector<char> packed(panels * k * kColumns * sizeof(float), 0);
  for (int64_t row = 0; row < k; ++row)
    for (int64_t panel = 0; panel < panels; ++panel) {
      int64_t columns = std::min(kColumns, n - panel * kColumns);
      std::memcpy(packed.data() + (panel * k + row) * kColumns * sizeof(float),
                  bytes.data() + (row * n + panel * kColumns) * sizeof(float),
                  columns * sizeof(float));
    }
  return packed;
}

llvm::SmallVector<tfm::DimsAttr> slotsOf(plan::ProgramOp program) {
  auto slots = program->getAttrOfType<ArrayAttr>("slots");
  if (!slots)
    return {};
  return llvm::to_vector(slots.getAsRange<tfm::DimsAttr>());
}

class Writer {
public:
  Writer(ModuleOp module, llvm::MutableArrayRef<plan::KernelOp> kernels,
         llvm::ArrayRef<cpu::LevelCode> code, WeightStore &weights,
         const ArtifactOptions &options)
      : module(module), kernels(kernels), code(code), weights(weights),
        exprs(header) {
    header.kernel_abi = INGOT_KERNEL_ABI;
    header.producer = options.producer;
    auto detail = std::make_unique<DetailT>();
    detail->key = "model";
    detail->value = options.modelName;
    header.details.push_back(std::move(detail));
  }

  FailureOr<ArtifactSizes> write(llvm::raw_fd_ostream &os) {
    for (auto [i, kernel] : llvm::enumerate(kernels))
      kernelNumbers[kernel.getSymName()] = i;
    addTargets();
    for (auto program : module.getOps<plan::ProgramOp>())
      addEntry(program);
    return writeFile(os);
  }

private:
  void addTargets() {
    for (const cpu::LevelCode &level : code) {
      auto target = std::make_unique<TargetT>();
      target->name = std::string(cpu::isaOf(level.level).name);
      target->features = {"avx2", "fma",   "f16c",  "bmi",
                          "bmi2", "lzcnt", "movbe", "popcnt"};
      if (level.level == cpu::IsaLevel::V4)
        for (const char *feature :
             {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})
          target->features.push_back(feature);
      target->code_hash =
          ContentHash::of(level.blob.code.data(), level.blob.code.size());
      target->code_length = level.blob.code.size();
      for (auto [i, kernel] : llvm::enumerate(kernels)) {
        auto made = std::make_unique<KernelT>();
        made->name = kernel.getSymName().str();
        made->op = plan::stringifyFamily(kernel.getFamily()).str();
        made->offset = level.blob.entries[i];
        uint64_t end = level.blob.code.size();
        for (uint64_t other : level.blob.entries)
          if (other > made->offset)
            end = std::min(end, other);
        made->length = end - made->offset;
        target->kernels.push_back(std::move(made));
      }
      header.targets.push_back(std::move(target));
    }
  }

  std::unique_ptr<TensorT> tensor(DictionaryAttr entry) {
    auto made = std::make_unique<TensorT>();
    made->name = entry.getAs<StringAttr>("name").getValue().str();
    auto type =
        llvm::cast<RankedTensorType>(entry.getAs<TypeAttr>("type").getValue());
    made->type = elementType(type.getElementType());
    for (const std::string &text : tfm::dimTexts(type)) {
      made->dims.push_back(exprs.number(text));
      made->dim_texts.push_back(text);
    }
    return made;
  }

  void addEntry(plan::ProgramOp program) {
    auto entry = std::make_unique<EntryT>();
    entry->name = program.getSymName().str();
    for (Attribute attr : program.getSymbols()) {
      auto symbol = llvm::cast<tfm::SymbolAttr>(attr);
      uint32_t number = exprs.symbol(symbol.getName());
      header.symbols[number]->min = symbol.getMin();
      if (symbol.getMax() >= 0)
        header.symbols[number]->max = symbol.getMax();
      bool isValue = symbol.getAxis() < 0;
      entry->sources.emplace_back(
          number, isValue ? SourceKind::InputElement : SourceKind::InputDim,
          symbol.getInput(), isValue ? 0 : symbol.getAxis());
    }
    for (Attribute attr : program.getInputs())
      entry->inputs.push_back(tensor(llvm::cast<DictionaryAttr>(attr)));
    for (Attribute attr : program.getOutputs())
      entry->outputs.push_back(tensor(llvm::cast<DictionaryAttr>(attr)));
    for (auto require : program.getBody().getOps<plan::RequireOp>())
      entry->requirements.push_back(requirement(require));
    for (size_t target = 0; target < code.size(); ++target)
      entry->plans.push_back(plan(program, target));
    header.entries.push_back(std::move(entry));
  }

  std::unique_ptr<RequireT> requirement(plan::RequireOp op) {
    auto made = std::make_unique<RequireT>();
    made->left = exprs.number(op.getValues(), 0);
    made->right = exprs.number(op.getValues(), 1);
    bool equal = op.getRelation() == tfm::Comparison::Eq;
    made->condition = equal ? exprs.equal(made->left, made->right)
                            : exprs.atLeast(made->right, made->left);
    int64_t number;
    bool isNumber = !op.getValues().text(1).getAsInteger(10, number);
    made->sentence = (op.getValues().text(0) + " is {0}, but has to be " +
                      (equal ? "" : "at most ") + op.getValues().text(1) +
                      (isNumber ? ": " : ", which is {1}: ") + op.getSentence())
                         .str();
    return made;
  }

  uint32_t blob(plan::BufferOp buffer) {
    auto key = std::pair(buffer.getWeightAttr().getValue(),
                         buffer.getLayout().value_or("plain"));
    auto [it, isNew] = blobNumbers.try_emplace(key, header.blobs.size());
    if (!isNew)
      return it->second;
    auto weight = module.lookupSymbol<tfm::WeightOp>(key.first);
    auto type = llvm::cast<RankedTensorType>(weight.getType());
    auto made = std::make_unique<BlobT>();
    made->name = key.first.str();
    made->type = elementType(type.getElementType());
    made->dims.assign(type.getShape().begin(), type.getShape().end());
    bool panels = key.second == "panels48";
    if (panels)
      std::swap(made->dims[0],
                made->dims[1]); // stored [K, N], described as [N][K]
    made->layout = std::make_unique<Layout>(panels ? LayoutKind::Panels
                                                   : LayoutKind::Dense,
                                            panels ? 48 : 0, panels ? 1 : 0);
    header.blobs.push_back(std::move(made));
    blobWeights.push_back({weight, panels});
    return it->second;
  }

  std::unique_ptr<PlanT> plan(plan::ProgramOp program, uint32_t target) {
    auto made = std::make_unique<PlanT>();
    made->target = target;
    for (tfm::DimsAttr slot : slotsOf(program))
      made->slots.push_back(exprs.number(slot, 0));
    made->peak_text = peakOf(program);
    llvm::DenseMap<Value, uint32_t> buffers;
    for (auto buffer : program.getBody().getOps<plan::BufferOp>()) {
      if (buffer.getResult().use_empty())
        continue;
      auto b = std::make_unique<BufferT>();
      b->size = exprs.number(buffer.getSize(), 0);
      switch (buffer.getKind()) {
      case plan::BufferKind::Weight:
        b->kind = BufferKind::Weight;
        b->index = blob(buffer);
        b->name = buffer.getWeight()->str();
        break;
      case plan::BufferKind::Input:
        b->kind = BufferKind::Input;
        break;
      case plan::BufferKind::Output:
        b->kind = BufferKind::Output;
        break;
      case plan::BufferKind::Scratch:
        b->kind = BufferKind::Scratch;
        break;
      case plan::BufferKind::State:
        b->kind = BufferKind::State;
        break;
      }
      if (buffer.getKind() != plan::BufferKind::Weight)
        b->index = static_cast<uint32_t>(buffer.getNumber());
      buffers[buffer.getResult()] = made->buffers.size();
      made->buffers.push_back(std::move(b));
    }
    for (auto launch : program.getBody().getOps<plan::LaunchOp>())
      made->steps.push_back(step(launch, buffers));
    return made;
  }

  std::unique_ptr<StepT> step(plan::LaunchOp launch,
                              llvm::DenseMap<Value, uint32_t> &buffers) {
    auto made = std::make_unique<StepT>();
    made->kind = StepKind::Launch;
    made->kernel = kernelNumbers.lookup(launch.getKernel());
    made->name = launch.getKernel().str();
    uint32_t grid[3];
    for (unsigned i = 0; i < 3; ++i)
      grid[i] = i < launch.getGrid().size() ? exprs.number(launch.getGrid(), i)
                                            : exprs.constant(1);
    made->grid = std::make_unique<Grid>(grid[0], grid[1], grid[2]);
    size_t outs = kernels[made->kernel].getOutTypes().size();
    for (auto [i, buffer] : llvm::enumerate(launch.getBuffers()))
      made->args.emplace_back(ArgKind::Pointer, buffers.lookup(buffer),
                              exprs.number(launch.getOffsets(), i),
                              i < outs ? 2 : 1);
    for (unsigned i = 0; i < launch.getScalars().size(); ++i)
      made->args.emplace_back(ArgKind::I64, 0,
                              exprs.number(launch.getScalars(), i), 0);
    made->flops = exprs.number(launch.getFlops(), 0);
    made->bytes = exprs.number(launch.getBytes(), 0);
    for (Attribute source : launch.getSources())
      made->sources.push_back(llvm::cast<StringAttr>(source).getValue().str());
    return made;
  }

  std::string packHeader() {
    flatbuffers::FlatBufferBuilder builder;
    // Zeros take room too, so that the header keeps its length when offsets,
    // lengths and hashes come, which may be zero themselves.
    builder.ForceDefaults(true);
    builder.Finish(CreateArtifact(builder, &header), ArtifactIdentifier());
    return {reinterpret_cast<const char *>(builder.GetBufferPointer()),
            builder.GetSize()};
  }

  static void padTo(llvm::raw_fd_ostream &os, uint64_t alignment) {
    os.write_zeros((alignment - os.tell() % alignment) % alignment);
  }

  /// Header placeholder, code, weights one at a time, then the real header: its
  /// length does not depend on the numbers.
  FailureOr<ArtifactSizes> writeFile(llvm::raw_fd_ostream &os) {
    ArtifactSizes sizes;
    size_t headerLength = packHeader().size();
    os.write_zeros(sizeof(Prefix) + headerLength);
    for (auto [target, level] : llvm::zip_equal(header.targets, code)) {
      padTo(os, kSectionAlignment);
      target->code_offset = os.tell();
      os << level.blob.code;
      sizes.code += level.blob.code.size();
    }
    padTo(os, kSectionAlignment);
    for (auto [blob, weight] : llvm::zip_equal(header.blobs, blobWeights)) {
      padTo(os, kBlobAlignment);
      blob->offset = os.tell();
      // An interpreter of its own: what one weight needed is freed before the
      // next.
      Interpreter interpreter(
          module, [&](tfm::WeightOp op) { return weights.bytes(op); });
      FailureOr<reference::Tensor> value = interpreter.weight(weight.op);
      if (failed(value))
        return failure();
      llvm::ArrayRef<char> bytes(
          reinterpret_cast<const char *>(value->bytes().data()),
          value->bytes().size());
      std::vector<char> packed;
      if (weight.panels) {
        packed = packPanels(bytes, value->dim(0), value->dim(1));
        bytes = packed;
      }
      blob->length = bytes.size();
      blob->hash = ContentHash::of(bytes.data(), bytes.size());
      os.write(bytes.data(), bytes.size());
      sizes.weights += bytes.size();
    }
    padTo(os, kSectionAlignment);
    std::string packed = packHeader();
    assert(packed.size() == headerLength && "the header changed its length");
    Prefix prefix = {};
    std::memcpy(prefix.magic, kMagic, sizeof(kMagic));
    prefix.formatVersion = kFormatVersion;
    prefix.headerLength = headerLength;
    prefix.headerHash = ContentHash::of(packed.data(), packed.size());
    prefix.fileLength = sizes.file = os.tell();
    os.seek(0);
    os.write(reinterpret_cast<const char *>(&prefix), sizeof(prefix));
    os << packed;
    return sizes;
  }

  struct BlobWeight {
    tfm::WeightOp op;
    bool panels;
  };
  ModuleOp module;
  llvm::MutableArrayRef<plan::KernelOp> kernels;
  llvm::ArrayRef<cpu::LevelCode> code;
  WeightStore &weights;
  ArtifactT header;
  ExprTable exprs;
  llvm::StringMap<uint32_t> kernelNumbers;
  llvm::DenseMap<std::pair<llvm::StringRef, llvm::StringRef>, uint32_t>
      blobNumbers;
  std::vector<BlobWeight> blobWeights;
};
} // namespace

std::string peakOf(plan::ProgramOp program) {
  ExprPool pool;
  Expr sum = pool.integer(0);
  for (tfm::DimsAttr slot : slotsOf(program)) {
    std::optional<Expr> size = pool.parse(slot.text(0));
    assert(size && "slots are canonical texts");
    sum = pool.add(sum, *size);
  }
  return pool.print(sum);
}

FailureOr<ArtifactSizes>
writeArtifact(ModuleOp module, llvm::MutableArrayRef<plan::KernelOp> kernels,
              llvm::ArrayRef<cpu::LevelCode> code, WeightStore &weights,
              llvm::raw_fd_ostream &os, const ArtifactOptions &options) {
  return Writer(module, kernels, code, weights, options).write(os);
}

} // namespace ingot
