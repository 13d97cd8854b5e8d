#include "tools/ingot/Model.h"
#include "tools/ingot/RandomInputs.h"

#include <chrono>
#include <optional>

namespace ingot::cli {

Model::~Model() {
  ingot_session_destroy(session);
  ingot_model_destroy(model);
  ingot_device_destroy(device);
}

int Model::load(const std::string &path) {
  ingot_model_options options = INGOT_MODEL_OPTIONS_INIT;
  options.inspect = 1;
  return failed(ingot_model_load(nullptr, path.c_str(), &options, &model))
             ? kExitInput
             : 0;
}

int Model::load(const std::string &path, const std::string &name,
                const char *target) {
  ingot_model_options options = INGOT_MODEL_OPTIONS_INIT;
  options.target = target;
  if (failed(openDevice(name.c_str(), &device)) ||
      failed(ingot_model_load(device, path.c_str(), &options, &model)))
    return kExitInput;
  return 0;
}

int Model::createSession(int64_t threads, ingot_gemm gemm) {
  ingot_session_options options = INGOT_SESSION_OPTIONS_INIT;
  options.threads = static_cast<int32_t>(threads);
  options.gemm = gemm;
  return failed(ingot_session_create(model, &options, &session)) ? kExitInput
                                                                 : 0;
}

const artifact::Artifact *Model::header() const {
  size_t size = 0;
  return artifact::GetArtifact(ingot_model_header(model, &size));
}

std::vector<ingot_tensor_info> Model::inputInfos() const {
  std::vector<ingot_tensor_info> infos;
  ingot_tensor_info info;
  ingot_entry_info entry = {};
  ingot_error_destroy(ingot_model_get_entry(model, 0, &entry));
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    ingot_error_destroy(ingot_model_get_input(model, 0, i, &info));
    infos.push_back(info);
  }
  return infos;
}

std::vector<ingot_tensor_info> Model::outputInfos() const {
  std::vector<ingot_tensor_info> infos;
  ingot_tensor_info info;
  ingot_entry_info entry = {};
  ingot_error_destroy(ingot_model_get_entry(model, 0, &entry));
  for (uint32_t i = 0; i < entry.output_count; ++i) {
    ingot_error_destroy(ingot_model_get_output(model, 0, i, &info));
    infos.push_back(info);
  }
  return infos;
}

namespace {

// Dims of inputs from the values of symbols. Expressions with more than sums,
// differences and products of symbols are the runtime's business: dims of
// inputs that it checks later.
struct DimEvaluator {
  const artifact::Artifact *header;
  std::vector<std::optional<int64_t>> symbols;
  const char *missing = nullptr;

  std::optional<int64_t> value(uint32_t number) {
    using artifact::ExprOp;
    const artifact::ExprNode *node = header->exprs()->Get(number);
    if (node->op() == ExprOp::Constant)
      return node->value();
    if (node->op() == ExprOp::Symbol) {
      if (!symbols[node->a()])
        missing = header->symbols()->Get(node->a())->name()->c_str();
      return symbols[node->a()];
    }
    if (node->op() != ExprOp::Add && node->op() != ExprOp::Sub &&
        node->op() != ExprOp::Mul && node->op() != ExprOp::FloorDiv &&
        node->op() != ExprOp::Min && node->op() != ExprOp::Max)
      return std::nullopt;
    std::optional<int64_t> a = value(node->a()), b = value(node->b());
    int64_t result = 0;
    if (!a || !b)
      return std::nullopt;
    switch (node->op()) {
    case ExprOp::Min:
      return std::min(*a, *b);
    case ExprOp::Max:
      return std::max(*a, *b);
    case ExprOp::FloorDiv:
      if (*b <= 0)
        return std::nullopt;
      return *a / *b - (*a % *b < 0);
    default:
      break;
    }
    if (node->op() == ExprOp::Add   ? __builtin_add_overflow(*a, *b, &result)
        : node->op() == ExprOp::Sub ? __builtin_sub_overflow(*a, *b, &result)
                                    : __builtin_mul_overflow(*a, *b, &result))
      return std::nullopt;
    return result;
  }
};

} // namespace

int Model::makeInputs(const Dims &dims, uint64_t seed, int64_t tokens) {
  DimEvaluator evaluator;
  evaluator.header = header();
  const auto *symbols = evaluator.header->symbols();
  const uint32_t symbolCount = symbols ? symbols->size() : 0;
  evaluator.symbols.resize(symbolCount);
  std::vector<std::string> names;
  for (uint32_t s = 0; s < symbolCount; ++s) {
    const artifact::Symbol *symbol = symbols->Get(s);
    if (symbol->min() == symbol->max())
      evaluator.symbols[s] = symbol->min();
    else if (symbol->name()->str() != "device.parallel")
      names.push_back(symbol->name()->str());
  }
  for (const auto &[name, value] : dims) {
    bool found = false;
    for (uint32_t s = 0; s < symbolCount; ++s)
      if (symbols->Get(s)->name()->str() == name) {
        evaluator.symbols[s] = value;
        found = true;
      }
    if (!found)
      return failUnknownSymbol(name, names);
  }
  const artifact::Entry *entry = evaluator.header->entries()->Get(0);
  inputs.clear();
  uint64_t state = seed;
  for (uint32_t i = 0; entry->inputs() && i < entry->inputs()->size(); ++i) {
    const artifact::Tensor *tensor = entry->inputs()->Get(i);
    Array array;
    array.name = tensor->name()->str();
    array.type = static_cast<ingot_type>(tensor->type());
    for (uint32_t d = 0; tensor->dims() && d < tensor->dims()->size(); ++d) {
      std::optional<int64_t> dim = evaluator.value(tensor->dims()->Get(d));
      if (!dim && evaluator.missing)
        return failMissingSymbol(array.name, evaluator.missing);
      if (!dim)
        return fail("dim %u of input %s has no size at these --dims", d,
                    array.name.c_str());
      array.dims.push_back(*dim);
    }
    if (int code = fillRandom(array, tokens, state))
      return code;
    inputs.push_back(std::move(array));
  }
  // Symbols that inputs carry as elements, such as the length of a cache.
  for (uint32_t i = 0; entry->sources() && i < entry->sources()->size(); ++i) {
    const artifact::SymbolSource *source = entry->sources()->Get(i);
    if (source->kind() == artifact::SourceKind::NonZeroElements &&
        evaluator.symbols[source->symbol()])
      if (int code = fillMask(inputs[source->input()],
                              *evaluator.symbols[source->symbol()]))
        return code;
    if (source->kind() != artifact::SourceKind::InputElement ||
        !evaluator.symbols[source->symbol()] ||
        source->input() >= inputs.size())
      continue;
    Array &array = inputs[source->input()];
    size_t count = 0, bytes = 0;
    if (countBytes(array.type, array.dims, count, bytes) &&
        source->position() < count)
      storeElement(array, source->position(),
                   static_cast<double>(*evaluator.symbols[source->symbol()]));
  }
  return lengths.empty() ? 0 : setLengths();
}

int Model::setLengths() {
  bool isSet = false;
  for (Array &array : inputs)
    if (isMask(array)) {
      isSet = true;
      if (int code = fillMask(array, lengths))
        return code;
    }
  return isSet ? 0 : failUsage("--lengths: no input is a mask of tokens");
}

int Model::bindInputs() {
  for (Array &array : inputs) {
    ingot_tensor tensor = array.view();
    if (failed(ingot_session_set_input(session, array.name.c_str(), &tensor)))
      return kExitInput;
  }
  return 0;
}

int Model::firstRun(const Dims &dims, uint64_t seed) {
  ingot_error *error = nullptr;
  for (int64_t tokens = kMostTokens; tokens; tokens /= 10) {
    if (int code = makeInputs(dims, seed, tokens))
      return code;
    if (int code = bindInputs())
      return code;
    ingot_error_destroy(error);
    auto start = std::chrono::steady_clock::now();
    error = ingot_session_run(session);
    firstRunMs = std::chrono::duration<double, std::milli>(
                     std::chrono::steady_clock::now() - start)
                     .count();
    if (!error || ingot_error_get_code(error) != INGOT_ERROR_DATA)
      break;
  }
  return failed(error) ? kExitInput : 0;
}

int Model::collectOutputs(std::vector<Array> &outputs) {
  for (const ingot_tensor_info &info : outputInfos()) {
    ingot_tensor tensor;
    if (failed(ingot_session_get_output(session, info.name, &tensor)))
      return kExitInput;
    outputs.push_back(Array::copyOf(info.name, tensor));
  }
  return 0;
}

} // namespace ingot::cli
