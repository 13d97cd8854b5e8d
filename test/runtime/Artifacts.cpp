#include "test/runtime/Artifacts.h"

#include "runtime/kernel_abi.h"

#include <bit>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace ingot::test {
namespace {

std::vector<uint8_t> readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

const std::vector<uint8_t> &kernelCode() {
  static const auto code = readFile(INGOT_TEST_KERNELS ".bin");
  return code;
}

/// Offsets of kernels by name, from nm's lines "0000000000000040 T name".
const std::map<std::string, uint64_t> &kernelOffsets() {
  static const auto offsets = [] {
    std::map<std::string, uint64_t> result;
    std::ifstream file(INGOT_TEST_KERNELS ".sym");
    std::string line;
    while (std::getline(file, line)) {
      std::istringstream words(line);
      uint64_t offset;
      std::string kind, name;
      if (words >> std::hex >> offset >> kind >> name)
        result[name] = offset;
    }
    return result;
  }();
  return offsets;
}

void padTo(std::vector<uint8_t> &file, size_t alignment) {
  file.resize((file.size() + alignment - 1) / alignment * alignment);
}

} // namespace

Maker::Maker() {
  artifact.kernel_abi = INGOT_KERNEL_ABI;
  artifact.producer = "runtime-test";
  zero = constant(0);
  one = constant(1);
  auto target = std::make_unique<TargetT>();
  target->name = "x86-64-v3";
  target->features = {"avx2"};
  artifact.targets.push_back(std::move(target));
  beginEntry("main");
}

void Maker::beginEntry(const std::string &name) {
  auto made = std::make_unique<EntryT>();
  made->name = name;
  made->plans.push_back(std::make_unique<PlanT>());
  artifact.entries.push_back(std::move(made));
}

uint32_t Maker::node(ExprOp op, uint32_t a, uint32_t b, uint32_t c) {
  artifact.exprs.emplace_back(op, a, b, c, 0);
  return uint32_t(artifact.exprs.size() - 1);
}

uint32_t Maker::constant(int64_t value) {
  artifact.exprs.emplace_back(ExprOp::Constant, 0, 0, 0, value);
  return uint32_t(artifact.exprs.size() - 1);
}

uint32_t Maker::symbol(const std::string &name, int64_t min, int64_t max) {
  auto made = std::make_unique<SymbolT>();
  made->name = name;
  made->rate = SymbolRate::Bind;
  made->min = min;
  made->max = max;
  artifact.symbols.push_back(std::move(made));
  return node(ExprOp::Symbol, uint32_t(artifact.symbols.size() - 1));
}

uint32_t Maker::symbolNumber(const std::string &name) const {
  for (uint32_t i = 0; i < artifact.symbols.size(); ++i)
    if (artifact.symbols[i]->name == name)
      return i;
  ADD_FAILURE() << "no symbol " << name;
  return 0;
}

static TensorT &addTensor(std::vector<std::unique_ptr<TensorT>> &list,
                          const ArtifactT &artifact, const std::string &name,
                          ElementType type, std::vector<uint32_t> dims) {
  auto made = std::make_unique<TensorT>();
  made->name = name;
  made->type = type;
  for (uint32_t dim : dims) {
    const ExprNode &node = artifact.exprs[dim];
    std::string text = "e" + std::to_string(dim);
    if (node.op() == ExprOp::Symbol)
      text = artifact.symbols[node.a()]->name;
    if (node.op() == ExprOp::Constant)
      text = std::to_string(node.value());
    made->dim_texts.push_back(text);
  }
  made->dims = std::move(dims);
  list.push_back(std::move(made));
  return *list.back();
}

TensorT &Maker::input(const std::string &name, ElementType type,
                      std::vector<uint32_t> dims) {
  return addTensor(entry().inputs, artifact, name, type, std::move(dims));
}

TensorT &Maker::output(const std::string &name, ElementType type,
                       std::vector<uint32_t> dims) {
  return addTensor(entry().outputs, artifact, name, type, std::move(dims));
}

void Maker::source(const std::string &symbol, SourceKind kind, uint32_t input,
                   uint32_t position) {
  entry().sources.emplace_back(symbolNumber(symbol), kind, input, position);
}

uint32_t Maker::weight(const std::string &name, std::vector<float> values) {
  auto made = std::make_unique<BlobT>();
  made->name = name;
  made->type = ElementType::F32;
  made->dims = {values.size()};
  made->layout = std::make_unique<Layout>(LayoutKind::Dense, 0, 0);
  artifact.blobs.push_back(std::move(made));
  weights.push_back(std::move(values));
  return uint32_t(weights.size() - 1);
}

uint32_t Maker::slot(uint32_t size) {
  plan().slots.push_back(size);
  return uint32_t(plan().slots.size() - 1);
}

uint32_t Maker::buffer(BufferKind kind, uint32_t index, uint32_t size) {
  auto made = std::make_unique<BufferT>();
  made->kind = kind;
  made->index = index;
  made->size = size;
  made->name = "buffer" + std::to_string(plan().buffers.size());
  plan().buffers.push_back(std::move(made));
  return uint32_t(plan().buffers.size() - 1);
}

Arg Maker::pointer(uint32_t buffer, uint32_t offset) {
  return Arg(ArgKind::Pointer, buffer, offset, 0);
}

Arg Maker::real(float value) {
  return Arg(ArgKind::F32, 0, 0, std::bit_cast<uint32_t>(value));
}

KernelT &Maker::kernel(const std::string &name) {
  for (auto &kernel : target().kernels)
    if (kernel->name == name)
      return *kernel;
  auto made = std::make_unique<KernelT>();
  made->name = name;
  made->op = "test";
  auto found = kernelOffsets().find(name);
  EXPECT_NE(found, kernelOffsets().end()) << name;
  if (found != kernelOffsets().end())
    made->offset = found->second;
  target().kernels.push_back(std::move(made));
  return *target().kernels.back();
}

StepT &Maker::launch(const std::string &name, uint32_t grid,
                     std::vector<Arg> args) {
  kernel(name);
  auto made = std::make_unique<StepT>();
  made->kind = StepKind::Launch;
  for (uint32_t i = 0; i < target().kernels.size(); ++i)
    if (target().kernels[i]->name == name)
      made->kernel = i;
  made->grid = std::make_unique<Grid>(grid, one, one);
  made->args = std::move(args);
  made->name = name + std::to_string(plan().steps.size());
  made->sources = {"/node/" + name};
  plan().steps.push_back(std::move(made));
  return *plan().steps.back();
}

StepT &Maker::copy(uint32_t to, uint32_t from, uint32_t bytes) {
  auto made = std::make_unique<StepT>();
  made->kind = StepKind::Copy;
  made->args = {pointer(to), pointer(from), integer(bytes)};
  made->name = "copy" + std::to_string(plan().steps.size());
  plan().steps.push_back(std::move(made));
  return *plan().steps.back();
}

uint32_t Maker::blocks(uint32_t size) {
  return node(ExprOp::FloorDiv, node(ExprOp::Add, size, constant(63)),
              constant(64));
}

std::vector<uint8_t> Maker::bytes() {
  // The header's length does not depend on the numbers in it once they are not
  // zero (zeros are defaults and take no room): pack twice.
  std::vector<uint8_t> file;
  for (auto &target : artifact.targets) {
    target->code_offset = kSectionAlignment;
    target->code_length = kernelCode().size();
    target->code_hash =
        ContentHash::of(kernelCode().data(), kernelCode().size());
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    BlobT &blob = *artifact.blobs[i];
    blob.offset = kBlobAlignment;
    blob.length = weights[i].size() * sizeof(float);
    blob.hash = ContentHash::of(weights[i].data(), blob.length);
  }
  for (int pass = 0; pass < 2; ++pass) {
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(CreateArtifact(builder, &artifact), ArtifactIdentifier());
    file.assign(sizeof(Prefix), 0);
    file.insert(file.end(), builder.GetBufferPointer(),
                builder.GetBufferPointer() + builder.GetSize());
    size_t headerLength = builder.GetSize();
    for (auto &target : artifact.targets) {
      padTo(file, kSectionAlignment);
      target->code_offset = file.size();
      file.insert(file.end(), kernelCode().begin(), kernelCode().end());
    }
    padTo(file, kSectionAlignment);
    for (size_t i = 0; i < weights.size(); ++i) {
      if (artifact.blobs[i]->fill) {
        artifact.blobs[i]->offset = uint64_t(1) << 62;
        continue;
      }
      padTo(file, kBlobAlignment);
      artifact.blobs[i]->offset = file.size();
      auto *data = reinterpret_cast<const uint8_t *>(weights[i].data());
      file.insert(file.end(), data, data + artifact.blobs[i]->length);
    }
    Prefix prefix = {};
    memcpy(prefix.magic, kMagic, sizeof(kMagic));
    prefix.formatVersion = kFormatVersion;
    prefix.headerLength = headerLength;
    prefix.fileLength = file.size();
    memcpy(file.data(), &prefix, sizeof(prefix));
    rehash(file.data());
  }
  return file;
}

void rehash(uint8_t *file) {
  Prefix prefix;
  memcpy(&prefix, file, sizeof(prefix));
  prefix.headerHash =
      ContentHash::of(file + sizeof(prefix), prefix.headerLength);
  memcpy(file, &prefix, sizeof(prefix));
}

AlignedBytes::AlignedBytes(const std::vector<uint8_t> &bytes)
    : memory(static_cast<uint8_t *>(
          aligned_alloc(4096, (bytes.size() + 4095) / 4096 * 4096 + 4096))),
      length(bytes.size()) {
  memcpy(memory, bytes.data(), bytes.size());
}

TemporaryFile::TemporaryFile(const std::vector<uint8_t> &bytes)
    : name(testing::TempDir() + "ingot-test-XXXXXX") {
  int file = mkstemp(name.data());
  EXPECT_GE(file, 0);
  EXPECT_EQ(write(file, bytes.data(), bytes.size()), ssize_t(bytes.size()));
  close(file);
}

TemporaryFile::~TemporaryFile() { unlink(name.c_str()); }

testing::AssertionResult ok(ingot_error *error) {
  if (!error)
    return testing::AssertionSuccess();
  auto result = testing::AssertionFailure() << ingot_error_message(error);
  ingot_error_destroy(error);
  return result;
}

testing::AssertionResult fails(ingot_error *error, ingot_error_code code,
                               std::initializer_list<const char *> parts) {
  if (!error)
    return testing::AssertionFailure() << "no error";
  std::string message = ingot_error_message(error);
  ingot_error_code got = ingot_error_get_code(error);
  ingot_error_destroy(error);
  if (got != code)
    return testing::AssertionFailure() << "code " << got << ": " << message;
  for (const char *part : parts)
    if (message.find(part) == std::string::npos)
      return testing::AssertionFailure()
             << "no \"" << part << "\" in: " << message;
  return testing::AssertionSuccess();
}

Model::Model(Maker &maker, const ingot_model_options *options,
             ingot_device *device) {
  TemporaryFile file(maker.bytes());
  EXPECT_TRUE(ok(ingot_model_load(device, file.path(), options, &handle)));
}

Session::Session(ingot_model *model, int32_t threads) {
  ingot_session_options options = INGOT_SESSION_OPTIONS_INIT;
  options.threads = threads;
  EXPECT_TRUE(ok(ingot_session_create(model, &options, &handle)));
}

Session::Session(ingot_model *model, const ingot_session_options &options) {
  EXPECT_TRUE(ok(ingot_session_create(model, &options, &handle)));
}

ingot_tensor output(ingot_session *session, const char *name) {
  ingot_tensor result = {};
  EXPECT_TRUE(ok(ingot_session_get_output(session, name, &result)));
  return result;
}

std::vector<int64_t> dims(const ingot_tensor &tensor) {
  return {tensor.dims, tensor.dims + tensor.rank};
}

static float weightAt(int64_t n, int64_t k) {
  return float((n * 7 + k) % 5 - 2);
}

std::vector<float> productOf(const std::vector<float> &x,
                             const std::vector<float> &residual) {
  std::vector<float> y = residual;
  for (size_t i = 0; i < y.size(); ++i) {
    y[i] += float(i % 5);
    for (size_t k = 0; k < 32; ++k)
      y[i] += x[i / 5 * 40 + k] * weightAt(int64_t(i % 5), int64_t(k));
  }
  return y;
}

Maker product() {
  Maker m;
  uint32_t rows = m.symbol("rows", 0, 4096), n = m.constant(5),
           k = m.constant(32), lda = m.constant(40), four = m.constant(4);
  m.input("x", ElementType::F32, {rows, lda});
  m.input("residual", ElementType::F32, {rows, n});
  m.output("y", ElementType::F32, {rows, n});
  m.source("rows", SourceKind::InputDim, 0, 0);
  std::vector<float> w, bias = {0, 1, 2, 3, 4};
  for (int64_t i = 0; i < 5 * 32; ++i)
    w.push_back(weightAt(i / 32, i % 32));
  uint32_t wide = m.mul(m.mul(rows, lda), four),
           narrow = m.mul(m.mul(rows, n), four);
  uint32_t a = m.buffer(BufferKind::Scratch, m.slot(wide), wide),
           c = m.buffer(BufferKind::Scratch, m.slot(narrow), narrow),
           out = m.buffer(BufferKind::Scratch, m.slot(narrow), narrow);
  m.copy(a, m.buffer(BufferKind::Input, 0, wide), wide);
  m.copy(c, m.buffer(BufferKind::Input, 1, narrow), narrow);
  StepT &step =
      m.launch("product", m.node(ExprOp::Min, rows, m.one),
               {m.pointer(out), m.pointer(a),
                m.pointer(m.buffer(BufferKind::Weight, m.weight("w", w),
                                   m.constant(640))),
                m.pointer(m.buffer(BufferKind::Weight, m.weight("bias", bias),
                                   m.constant(20))),
                m.pointer(c), m.integer(rows), m.integer(n), m.integer(k),
                m.integer(lda)});
  step.product = std::make_unique<ProductT>();
  step.product->type = step.product->out_type = ElementType::F32;
  step.product->m = rows;
  step.product->n = n;
  step.product->k = k;
  step.product->lda = lda;
  step.product->a = 1;
  step.product->w = 2;
  step.product->bias = 3;
  step.product->residual = 4;
  m.copy(m.buffer(BufferKind::Output, 0, narrow), out, narrow);
  return m;
}

Maker doubling() {
  Maker m;
  uint32_t batch = m.symbol("batch"), sequence = m.symbol("sequence", 0, 512);
  m.input("x", ElementType::F32, {batch, sequence});
  m.output("y", ElementType::F32, {batch, sequence});
  m.source("batch", SourceKind::InputDim, 0, 0);
  m.source("sequence", SourceKind::InputDim, 0, 1);
  uint32_t size = m.mul(batch, sequence);
  uint32_t bytes = m.mul(size, m.constant(4));
  uint32_t x = m.buffer(BufferKind::Input, 0, bytes);
  uint32_t y = m.buffer(BufferKind::Output, 0, bytes);
  m.launch("scale", m.blocks(size),
           {m.pointer(y), m.pointer(x), m.real(2), m.integer(size)});
  return m;
}

Maker embedding() {
  Maker m;
  uint32_t batch = m.symbol("batch", 1),
           sequence = m.symbol("sequence", 0, 512);
  uint32_t width = m.constant(4), rows = m.constant(10);
  m.input("ids", ElementType::I64, {batch, sequence});
  m.input("x", ElementType::F32, {batch, sequence, width});
  m.output("y", ElementType::F32, {batch, sequence, width});
  m.output("ids_out", ElementType::I64, {batch, sequence});
  m.source("batch", SourceKind::InputDim, 0, 0);
  m.source("sequence", SourceKind::InputDim, 0, 1);

  uint32_t tokens = m.mul(batch, sequence), size = m.mul(tokens, width);
  uint32_t idBytes = m.mul(tokens, m.constant(8));
  uint32_t bytes = m.mul(size, m.constant(4));
  auto require = std::make_unique<RequireT>();
  uint32_t limit = m.constant(4096);
  require->condition =
      m.node(ExprOp::GeZero, m.node(ExprOp::Sub, limit, tokens));
  require->sentence = "{0} tokens are more than the {1} that fit";
  require->left = tokens;
  require->right = limit;
  require->input = "ids";
  require->node = "/embeddings/Gather";
  m.entry().requirements.push_back(std::move(require));

  std::vector<float> table;
  for (int i = 0; i < 40; ++i)
    table.push_back(float(i));
  uint32_t weight =
      m.buffer(BufferKind::Weight, m.weight("table", table), m.constant(160));
  uint32_t ids = m.buffer(BufferKind::Input, 0, idBytes);
  uint32_t x = m.buffer(BufferKind::Input, 1, bytes);
  uint32_t rowsOut = m.buffer(BufferKind::Scratch, m.slot(bytes), bytes);
  uint32_t y = m.buffer(BufferKind::Output, 0, bytes);
  uint32_t idsOut = m.buffer(BufferKind::Output, 1, idBytes);
  StepT &gather = m.launch("gather", tokens,
                           {m.pointer(rowsOut), m.pointer(weight),
                            m.pointer(ids), m.integer(rows), m.integer(width)});
  gather.flops = m.zero;
  gather.bytes = m.mul(bytes, m.constant(2));
  StepT &add = m.launch(
      "add", m.blocks(size),
      {m.pointer(y), m.pointer(rowsOut), m.pointer(x), m.integer(size)});
  add.flops = size;
  m.copy(idsOut, ids, idBytes);
  m.plan().peak_text = "16*batch*sequence";
  return m;
}

} // namespace ingot::test
