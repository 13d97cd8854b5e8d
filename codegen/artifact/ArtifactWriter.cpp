#include "codegen/artifact/ArtifactWriter.h"

#include "codegen/artifact/ExprTable.h"
#include "codegen/cuda/LibraryProduct.h"
#include "codegen/cuda/LinearNormChoice.h"
#include "ir/reference/Interpreter.h"
#include "runtime/artifact_format.h"
#include "runtime/kernel_abi.h"

#include <cmath>
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

/// The same of 4 bits: two of a row share a byte, then two of a column.
std::vector<char> packPairs(llvm::ArrayRef<char> bytes, RankedTensorType type) {
  constexpr int64_t kColumns = plan::kPanelColumns;
  plan::PanelShape shape = plan::panelShape(type);
  int64_t k = type.getDimSize(0), n = type.getDimSize(1);
  std::vector<char> packed(shape.count * shape.bytes(), 0);
  for (int64_t row = 0; row < k; ++row)
    for (int64_t column = 0; column < n; ++column) {
      int64_t from = row * n + column;
      int half = bytes[from / 2] >> (from % 2 * 4) & 15;
      int64_t step = column / kColumns * shape.steps + row / 2;
      packed[step * kColumns + column % kColumns] |=
          static_cast<char>(half << (row % 2 * 4));
    }
  return packed;
}

/// A matrix [K, N] in panels, see plan::PanelShape.
std::vector<char> packPanels(llvm::ArrayRef<char> bytes,
                             RankedTensorType type) {
  constexpr int64_t kColumns = plan::kPanelColumns;
  plan::PanelShape shape = plan::panelShape(type);
  if (shape.elementBits == 4)
    return packPairs(bytes, type);
  int64_t k = type.getDimSize(0), n = type.getDimSize(1),
          size = shape.elementBits / 8;
  std::vector<char> packed(shape.count * shape.bytes(), 0);
  for (int64_t row = 0; row < k; ++row)
    for (int64_t panel = 0; panel < shape.count; ++panel) {
      int64_t columns = std::min(kColumns, n - panel * kColumns);
      const char *from = bytes.data() + (row * n + panel * kColumns) * size;
      int64_t step = panel * shape.steps + row / shape.interleave;
      char *to =
          packed.data() +
          (step * kColumns * shape.interleave + row % shape.interleave) * size;
      if (shape.interleave == 1) {
        std::memcpy(to, from, columns * size);
        continue;
      }
      for (int64_t i = 0; i < columns; ++i)
        std::memcpy(to + i * shape.interleave * size, from + i * size, size);
    }
  return packed;
}

/// The offset of weights that are in no file: a runtime that does not know them
/// refuses it.
constexpr uint64_t kNowhere = uint64_t(1) << 62;

/// Small ones are stored: what they hold decides more than how much they are.
bool canBeSeeded(ElementType type, RankedTensorType shape) {
  return (type == ElementType::F32 || type == ElementType::F16 ||
          type == ElementType::BF16 || type == ElementType::F8E4M3FN) &&
         shape.getNumElements() >= 4096;
}

/// By the finite values.
Fill fillOf(const reference::Tensor &tensor, uint64_t seed) {
  double sum = 0, squares = 0, count = 0;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    double x = tensor.number(i);
    if (!std::isfinite(x))
      continue;
    sum += x, squares += x * x, ++count;
  }
  double mean = count ? sum / count : 0;
  double variance = count ? squares / count - mean * mean : 0;
  return Fill(seed, static_cast<float>(mean),
              static_cast<float>(std::sqrt(std::max(variance, 0.0))));
}

llvm::SmallVector<tfm::DimsAttr> slotsOf(plan::ProgramOp program) {
  auto slots = program->getAttrOfType<ArrayAttr>("slots");
  if (!slots)
    return {};
  return llvm::to_vector(slots.getAsRange<tfm::DimsAttr>());
}

/// [N][K] of a matrix [K, N].
std::vector<char> transposed(llvm::ArrayRef<char> bytes,
                             RankedTensorType type) {
  int64_t k = type.getDimSize(0), n = type.getDimSize(1),
          size = type.getElementTypeBitWidth() / 8;
  std::vector<char> result(bytes.size());
  auto at = [&](auto *from, int64_t i) { return from + i * size; };
  // By blocks, so that both sides stay in the cache.
  constexpr int64_t kBlock = 32;
  for (int64_t k0 = 0; k0 < k; k0 += kBlock)
    for (int64_t n0 = 0; n0 < n; n0 += kBlock)
      for (int64_t i = k0; i < std::min(k, k0 + kBlock); ++i)
        for (int64_t j = n0; j < std::min(n, n0 + kBlock); ++j)
          std::memcpy(at(result.data(), j * k + i), at(bytes.data(), i * n + j),
                      size);
  return result;
}

/// The symbol of a device; no name that a model could have.
constexpr llvm::StringLiteral kMultiprocessors = "device.multiprocessors";

class Writer {
public:
  Writer(ModuleOp module, llvm::MutableArrayRef<TargetCode> targets,
         WeightStore &weights, const ArtifactOptions &options)
      : module(module), targets(targets), weights(weights),
        isSeeded(options.isSeeded), exprs(header) {
    header.kernel_abi = INGOT_KERNEL_ABI;
    header.producer = options.producer;
    header.details.push_back(detail("model", options.modelName));
  }

  FailureOr<ArtifactSizes> write(llvm::raw_fd_ostream &os) {
    for (TargetCode &target : targets)
      addTarget(target);
    // An entry's programs, one a device, in the order of the first.
    llvm::MapVector<llvm::StringRef, llvm::SmallVector<plan::ProgramOp, 2>>
        entries;
    for (auto program : module.getOps<plan::ProgramOp>())
      entries[program.entryName()].push_back(program);
    for (auto &[name, programs] : entries)
      addEntry(name, programs);
    return writeFile(os);
  }

private:
  static std::unique_ptr<DetailT> detail(llvm::StringRef key,
                                         llvm::StringRef value) {
    auto made = std::make_unique<DetailT>();
    made->key = key.str();
    made->value = value.str();
    return made;
  }

  void addTarget(TargetCode &code) {
    auto target = std::make_unique<TargetT>();
    target->name = code.name;
    target->device = code.isCuda ? DeviceKind::Cuda : DeviceKind::Cpu;
    target->features = code.features;
    target->code_hash = ContentHash::of(code.code.data(), code.code.size());
    target->code_length = code.code.size();
    for (KernelCode &kernel : code.kernels) {
      auto made = std::make_unique<KernelT>();
      made->name = kernel.kernel.getSymName().str();
      made->op = plan::stringifyFamily(kernel.kernel.getFamily()).str();
      made->offset = kernel.offset;
      made->length = kernel.length;
      if (code.isCuda)
        made->block = std::make_unique<Block>(kernel.threads, 1, 1);
      made->shared_bytes = kernel.sharedBytes;
      made->cluster = kernel.cluster;
      made->waits = kernel.waits;
      made->source = kernel.source;
      for (auto &[key, value] : kernel.details)
        made->details.push_back(detail(key, value));
      target->kernels.push_back(std::move(made));
    }
    header.targets.push_back(std::move(target));
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

  void addEntry(llvm::StringRef name,
                llvm::MutableArrayRef<plan::ProgramOp> programs) {
    plan::ProgramOp program = programs.front(); // all have one interface
    auto entry = std::make_unique<EntryT>();
    entry->name = name.str();
    for (Attribute attr : program.getSymbols()) {
      auto symbol = llvm::cast<tfm::SymbolAttr>(attr);
      uint32_t number = exprs.symbol(symbol.getName());
      header.symbols[number]->min = symbol.getMin();
      if (symbol.getMax() >= 0)
        header.symbols[number]->max = symbol.getMax();
      SourceKind kind = symbol.getAxis() >= 0 ? SourceKind::InputDim
                        : symbol.isCount()    ? SourceKind::NonZeroElements
                                              : SourceKind::InputElement;
      entry->sources.emplace_back(number, kind, symbol.getInput(),
                                  std::max<int64_t>(symbol.getAxis(), 0));
    }
    if (llvm::any_of(targets, [](const TargetCode &target) {
          return llvm::any_of(target.kernels, [](const KernelCode &kernel) {
            return kernel.isPersistent;
          });
        })) {
      uint32_t number = exprs.symbol(kMultiprocessors);
      header.symbols[number]->min = 1;
      entry->sources.emplace_back(number, SourceKind::DeviceParallel, 0, 0);
    }
    for (Attribute attr : program.getInputs())
      entry->inputs.push_back(tensor(llvm::cast<DictionaryAttr>(attr)));
    for (Attribute attr : program.getOutputs())
      entry->outputs.push_back(tensor(llvm::cast<DictionaryAttr>(attr)));
    for (auto require : program.getBody().getOps<plan::RequireOp>())
      entry->requirements.push_back(requirement(require));
    for (uint32_t target = 0; target < targets.size(); ++target)
      for (plan::ProgramOp each : programs)
        if (each.isForCuda() == targets[target].isCuda)
          entry->plans.push_back(plan(each, target));
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
    llvm::StringRef layout = buffer.getLayout().value_or("plain");
    auto key = std::pair(buffer.getWeightAttr().getValue(), layout);
    auto [it, isNew] = blobNumbers.try_emplace(key, header.blobs.size());
    if (!isNew)
      return it->second;
    auto weight = module.lookupSymbol<tfm::WeightOp>(key.first);
    auto type = llvm::cast<RankedTensorType>(weight.getType());
    auto made = std::make_unique<BlobT>();
    made->name = key.first.str();
    made->type = elementType(type.getElementType());
    made->dims.assign(type.getShape().begin(), type.getShape().end());
    bool panels = layout == "panels48";
    if (layout != "plain")
      std::swap(made->dims[0],
                made->dims[1]); // stored [K, N], described as [N][K]
    made->layout = std::make_unique<Layout>(
        panels ? LayoutKind::Panels : LayoutKind::Dense,
        panels ? plan::kPanelColumns : 0,
        panels ? plan::panelShape(type).interleave : 0);
    if (isSeeded && canBeSeeded(made->type, type))
      made->fill = std::make_unique<Fill>(
          ContentHash::of(made->name.data(), made->name.size()), 0, 0);
    header.blobs.push_back(std::move(made));
    blobWeights.push_back({weight, layout});
    return it->second;
  }

  /// States of all programs have one list: a number is one state.
  void addState(plan::BufferOp buffer, uint32_t size) {
    auto number = static_cast<size_t>(buffer.getNumber());
    while (header.states.size() <= number)
      header.states.push_back(std::make_unique<StateT>());
    header.states[number]->name = plan::kCountersName;
    header.states[number]->size = size;
  }

  std::unique_ptr<PlanT> plan(plan::ProgramOp program, uint32_t target) {
    auto made = std::make_unique<PlanT>();
    made->target = target;
    llvm::StringMap<uint32_t> kernelNumbers;
    for (auto [i, kernel] : llvm::enumerate(targets[target].kernels))
      kernelNumbers[kernel.kernel.getSymName()] = static_cast<uint32_t>(i);
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
        addState(buffer, b->size);
        break;
      case plan::BufferKind::Model:
        b->kind = BufferKind::Model;
        break;
      }
      if (buffer.getKind() != plan::BufferKind::Weight)
        b->index = static_cast<uint32_t>(buffer.getNumber());
      buffers[buffer.getResult()] = made->buffers.size();
      made->buffers.push_back(std::move(b));
    }
    // Of a linear, a norm and what takes their place, if the target has that:
    // whether it does, and how many more launches that is about.
    uint32_t isTaken = 0;
    unsigned replaced = 0;
    for (auto launch : program.getBody().getOps<plan::LaunchOp>()) {
      auto found = kernelNumbers.find(launch.getKernel());
      if (found == kernelNumbers.end())
        continue;
      KernelCode &kernel = targets[target].kernels[found->second];
      auto each = step(*made, launch, found->second, kernel, buffers);
      if (kernel.kernel.getFamily() == plan::Family::LinearNorm) {
        isTaken = exprs.constant(0);
        uint32_t m = extent(launch, kernel.kernel.param("m"));
        for (auto [i, from] :
             llvm::enumerate(kernel.kernel.paramArray("taken")))
          isTaken = exprs.select(exprs.atLeast(m, exprs.constant(from)),
                                 exprs.constant(i % 2 == 0), isTaken);
        replaced = 2;
        runOnlyIf(isTaken, true, *each);
      } else if (replaced) {
        --replaced;
        runOnlyIf(isTaken, false, *each);
      }
      (launch.getInit() ? made->init : made->steps).push_back(std::move(each));
    }
    return made;
  }

  /// An extent of a kernel's tensor map.
  uint32_t extent(plan::LaunchOp launch, int64_t code) {
    return code >= 0 ? exprs.constant(code)
                     : exprs.number(launch.getScalars(),
                                    static_cast<unsigned>(-1 - code));
  }

  /// The kernel's tensor maps of a launch, as the plan's and as arguments.
  void addMaps(PlanT &plan, StepT &step, plan::LaunchOp launch,
               const KernelCode &kernel) {
    constexpr uint32_t kRowBytes = 128;
    for (const cuda::StubMap &map : kernel.maps) {
      const Arg &tensor = step.args[map.buffer];
      unsigned bytes = map.type.getIntOrFloatBitWidth() / 8;
      auto made = std::make_unique<TensorMapT>();
      made->buffer = tensor.buffer();
      made->offset = tensor.expr();
      made->type = elementType(map.type);
      made->dims = {extent(launch, map.columns), extent(launch, map.rows)};
      made->strides = {exprs.product(extent(launch, map.pitch), bytes)};
      made->box = {kRowBytes / bytes, map.boxRows};
      for (const cuda::StubMap::Dim &dim : map.outer) {
        made->dims.push_back(extent(launch, dim.extent));
        made->strides.push_back(
            exprs.product(extent(launch, dim.stride), bytes));
        made->box.push_back(1);
      }
      made->swizzle = kRowBytes;
      step.args.emplace_back(ArgKind::TensorMap,
                             static_cast<uint32_t>(plan.tensor_maps.size()), 0,
                             tensor.bits());
      plan.tensor_maps.push_back(std::move(made));
    }
  }

  /// Else its grid is empty.
  void runOnlyIf(uint32_t condition, bool isTrue, StepT &step) {
    step.alternates = true;
    uint32_t x = step.grid->x(), none = exprs.constant(0);
    *step.grid = Grid(isTrue ? exprs.select(condition, x, none)
                             : exprs.select(condition, none, x),
                      step.grid->y(), step.grid->z());
  }

  /// As many whole clusters as cuda::clustersAtOnce says: of two blocks on
  /// every pair of multiprocessors.
  uint32_t clusteredBlocks(uint32_t multiprocessors, int64_t blocks) {
    int64_t unit = blocks == 2 ? 2 : 16,
            each = cuda::clustersAtOnce(unit, blocks) * blocks;
    return exprs.max(exprs.product(exprs.floorDiv(multiprocessors, unit), each),
                     exprs.constant(blocks));
  }

  std::unique_ptr<StepT> step(PlanT &plan, plan::LaunchOp launch,
                              uint32_t kernelNumber, KernelCode &kernel,
                              llvm::DenseMap<Value, uint32_t> &buffers) {
    auto made = std::make_unique<StepT>();
    made->kind = StepKind::Launch;
    made->kernel = kernelNumber;
    made->name = launch.getKernel().str();
    uint32_t grid[3];
    for (unsigned i = 0; i < 3; ++i)
      grid[i] =
          i < launch.getGrid().size()
              ? exprs.ceilDiv(launch.getGrid(), i, i == 0 ? kernel.tasks : 1)
              : exprs.constant(1);
    if (kernel.isPersistent) {
      uint32_t most = exprs.symbolValue(exprs.symbol(kMultiprocessors));
      if (kernel.cluster > 1)
        most = clusteredBlocks(most, kernel.cluster);
      grid[0] = exprs.min(exprs.product(grid[0], kernel.mostParts), most);
    }
    made->grid = std::make_unique<Grid>(grid[0], grid[1], grid[2]);
    size_t outs = kernel.kernel.numOuts(),
           written = outs + kernel.kernel.numWorkspace();
    constexpr uint32_t kRead = 1, kWrite = 2;
    for (auto [i, buffer] : llvm::enumerate(launch.getBuffers()))
      made->args.emplace_back(ArgKind::Pointer, buffers.lookup(buffer),
                              exprs.number(launch.getOffsets(), i),
                              i < outs      ? kWrite
                              : i < written ? kRead | kWrite
                                            : kRead);
    for (unsigned i = 0; i < launch.getScalars().size(); ++i)
      made->args.emplace_back(ArgKind::I64, 0,
                              exprs.number(launch.getScalars(), i), 0);
    addMaps(plan, *made, launch, kernel);
    made->flops = exprs.number(launch.getFlops(), 0);
    made->bytes = exprs.number(launch.getBytes(), 0);
    for (Attribute source : launch.getSources())
      made->sources.push_back(llvm::cast<StringAttr>(source).getValue().str());
    bool isForCuda =
        llvm::cast<plan::ProgramOp>(launch->getParentOp()).isForCuda();
    if (isForCuda && kernel.kernel.getFamily() == plan::Family::Linear)
      made->product = product(launch, kernel, made->no_product);
    return made;
  }

  std::unique_ptr<ProductT>
  product(plan::LaunchOp launch, const KernelCode &code, std::string &reason) {
    plan::KernelOp kernel = code.kernel;
    std::optional<cuda::LibraryProduct> found =
        cuda::libraryProduct(launch, kernel, reason);
    if (!found)
      return nullptr;
    auto extent = [&](llvm::StringRef name) {
      int64_t value = kernel.param(name);
      return value >= 0 ? exprs.constant(value)
                        : exprs.number(launch.getScalars(),
                                       static_cast<unsigned>(-1 - value));
    };
    auto made = std::make_unique<ProductT>();
    made->type = elementType(kernel.inType(0));
    made->out_type = elementType(kernel.outType(0));
    made->tf32 = kernel.getParams().contains("math");
    made->activation =
        found->activation == cuda::Activation::Relu       ? Activation::Relu
        : found->activation == cuda::Activation::GeluTanh ? Activation::GeluTanh
                                                          : Activation::None;
    made->m = extent("m");
    made->n = extent("n");
    made->k = extent("k");
    made->lda = extent("lda");
    made->a = found->a;
    made->w = found->w;
    made->bias = found->bias.value_or(kNone);
    made->residual = found->residual.value_or(kNone);
    if (code.libraryFrom)
      made->library_from = static_cast<uint32_t>(*code.libraryFrom);
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
    for (auto [target, code] : llvm::zip_equal(header.targets, targets)) {
      padTo(os, kSectionAlignment);
      target->code_offset = os.tell();
      os << code.code;
      sizes.code += code.code.size();
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
      if (weight.layout != "plain") {
        packed = (weight.layout == "panels48" ? packPanels : transposed)(
            bytes, llvm::cast<RankedTensorType>(weight.op.getType()));
        bytes = packed;
      }
      blob->length = bytes.size();
      if (blob->fill) {
        blob->offset = kNowhere;
        *blob->fill = fillOf(*value, blob->fill->seed());
        continue;
      }
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
    llvm::StringRef layout;
  };
  ModuleOp module;
  llvm::MutableArrayRef<TargetCode> targets;
  WeightStore &weights;
  bool isSeeded;
  ArtifactT header;
  ExprTable exprs;
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
writeArtifact(ModuleOp module, llvm::MutableArrayRef<TargetCode> targets,
              WeightStore &weights, llvm::raw_fd_ostream &os,
              const ArtifactOptions &options) {
  return Writer(module, targets, weights, options).write(os);
}

} // namespace ingot
