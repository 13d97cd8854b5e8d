// What an embedder can ask about a model without running it.
#include "runtime/bind.h"
#include "runtime/types.h"

using namespace ingot::runtime;

namespace {

const char *textOf(const flatbuffers::String *string) {
  return string ? string->c_str() : "";
}

Error checkIndex(const ingot_model &model, const char *what, uint32_t index,
                 uint32_t size) {
  if (index < size)
    return nullptr;
  return makeError(model.allocator, INGOT_ERROR_NOT_FOUND,
                   "%s %u does not exist: '%s' has %u", what, index,
                   model.artifact.name(), size);
}

Error describe(const ingot_model &model, uint32_t entry, bool isInput,
               uint32_t index, ingot_tensor_info *info) {
  if (Error error =
          checkIndex(model, "entry", entry, count(model.header().entries())))
    return error;
  const auto *tensors =
      isInput ? model.entry(entry).inputs() : model.entry(entry).outputs();
  if (Error error = checkIndex(model, isInput ? "input" : "output", index,
                               count(tensors)))
    return error;
  const fmt::Tensor &tensor = *tensors->Get(index);
  ingot_tensor_info result = {};
  result.name = tensor.name()->c_str();
  result.type = apiType(tensor.type());
  result.rank = int32_t(count(tensor.dims()));
  for (uint32_t axis = 0; axis < count(tensor.dims()); ++axis) {
    const fmt::ExprNode &node =
        *model.header().exprs()->Get(tensor.dims()->Get(axis));
    result.dims[axis] = node.op() == fmt::ExprOp::Constant ? node.value() : -1;
    result.dim_texts[axis] =
        tensor.dim_texts() ? tensor.dim_texts()->Get(axis)->c_str() : "?";
  }
  *info = result;
  return nullptr;
}

} // namespace

extern "C" {

void ingot_model_get_info(const ingot_model *model, ingot_model_info *info) {
  const fmt::Artifact &header = model->header();
  *info = {};
  info->producer = textOf(header.producer());
  info->target = model->target ? model->target->name()->c_str() : nullptr;
  info->format_version = fmt::kFormatVersion;
  info->kernel_abi = header.kernel_abi();
  info->entry_count = count(header.entries());
  info->symbol_count = count(header.symbols());
  info->file_bytes = model->artifact.size();
  for (uint32_t i = 0; i < count(header.blobs()); ++i)
    info->weight_bytes += header.blobs()->Get(i)->length();
  for (uint32_t i = 0; i < count(header.targets()); ++i)
    if (!model->target || model->target == header.targets()->Get(i))
      info->code_bytes += header.targets()->Get(i)->code_length();
}

ingot_error *ingot_model_get_entry(const ingot_model *model, uint32_t entry,
                                   ingot_entry_info *info) {
  if (Error error =
          checkIndex(*model, "entry", entry, count(model->header().entries())))
    return error;
  const fmt::Plan *plan = model->target ? model->plans[entry] : nullptr;
  *info = {};
  info->name = model->entry(entry).name()->c_str();
  info->input_count = count(model->entry(entry).inputs());
  info->output_count = count(model->entry(entry).outputs());
  info->step_count = plan ? count(plan->steps()) : 0;
  info->peak_text = plan ? textOf(plan->peak_text()) : "";
  return nullptr;
}

ingot_error *ingot_model_get_input(const ingot_model *model, uint32_t entry,
                                   uint32_t index, ingot_tensor_info *info) {
  return describe(*model, entry, true, index, info);
}

ingot_error *ingot_model_get_output(const ingot_model *model, uint32_t entry,
                                    uint32_t index, ingot_tensor_info *info) {
  return describe(*model, entry, false, index, info);
}

ingot_error *ingot_model_get_symbol(const ingot_model *model, uint32_t index,
                                    ingot_symbol_info *info) {
  if (Error error =
          checkIndex(*model, "symbol", index, count(model->header().symbols())))
    return error;
  const fmt::Symbol &symbol = *model->header().symbols()->Get(index);
  *info = {symbol.name()->c_str(), symbol.min(), symbol.max(),
           symbol.rate() == fmt::SymbolRate::Compile};
  return nullptr;
}

ingot_error *ingot_model_get_memory(const ingot_model *model, uint32_t entry,
                                    const ingot_dim *dims, size_t dimCount,
                                    ingot_memory *memory) {
  if (Error error =
          checkIndex(*model, "entry", entry, count(model->header().entries())))
    return error;
  if (!model->target || !model->plans[entry])
    return makeError(model->allocator, INGOT_ERROR_NO_CODE,
                     "entry '%s' of '%s' has no plan for the chosen target",
                     model->entry(entry).name()->c_str(),
                     model->artifact.name());
  BindScratch scratch;
  if (Error error = givenSymbols(*model, model->entry(entry), dims, dimCount,
                                 model->device->parallel, scratch))
    return error;
  Bind bind;
  if (Error error = makeBind(*model, entry, nullptr, scratch, bind))
    return error;
  *memory = {};
  memory->arena = bind.program.arenaBytes;
  memory->worker_scratch = bind.program.workerScratchBytes;
  for (const TensorShape &shape : bind.outputs)
    memory->outputs += shape.bytes;
  if (bind.program.products.size())
    memory->library = model->device->libraryBytes;
  for (int64_t bytes : bind.stateBytes)
    memory->state += bytes > 0 ? uint64_t(bytes) : 0;
  return nullptr;
}

const void *ingot_model_header(const ingot_model *model, size_t *size) {
  if (size)
    *size = model->artifact.headerSize();
  return model->artifact.headerBytes();
}

} // extern "C"
