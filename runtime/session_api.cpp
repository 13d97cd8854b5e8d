#include "runtime/session.h"
#include "runtime/types.h"

#include <string.h>

using namespace ingot::runtime;

namespace {

using Tensors = flatbuffers::Vector<flatbuffers::Offset<fmt::Tensor>>;

Error busy(const ingot_session &session) {
  return makeError(
      session.allocator, INGOT_ERROR_BUSY,
      "another thread is inside this session; give each thread its own");
}

/// Number of the tensor called `name`, or an error that lists what there is.
Error findTensor(const ingot_session &session, const Tensors *tensors,
                 const char *what, const char *name, uint32_t *index) {
  Text names;
  for (uint32_t i = 0; i < count(tensors); ++i) {
    const char *candidate = tensors->Get(i)->name()->c_str();
    if (name && !strcmp(candidate, name)) {
      *index = i;
      return nullptr;
    }
    names.append(i ? ", '%s'" : "'%s'", candidate);
  }
  return makeError(session.allocator, INGOT_ERROR_NOT_FOUND,
                   "there is no %s '%s'; there is: %s", what,
                   name ? name : "(null)",
                   names.empty() ? "none" : names.c_str());
}

/// Everything about a tensor that needs no other tensor. `isOutput` allows
/// dims and the rank to be left out.
Error checkTensor(const ingot_session &session, const fmt::Tensor &expected,
                  const char *what, const ingot_tensor &tensor, bool isOutput) {
  const Allocator &allocator = session.allocator;
  const char *name = expected.name()->c_str();
  ingot_type type = apiType(expected.type());
  auto rank = int32_t(count(expected.dims()));
  const ingot_device &device = *session.model->device;
  if (isOnDevice(tensor) && strcmp(tensor.device->name, device.name))
    return makeError(allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "%s '%s' is in memory of %s; this session runs on %s",
                     what, name, tensor.device->description.c_str(),
                     device.description.c_str());
  if (tensor.type != type)
    return makeError(allocator, INGOT_ERROR_SHAPE,
                     "%s '%s' has type %s, but %s was given", what, name,
                     ingot_type_name(type), ingot_type_name(tensor.type));
  bool hasDims = !isOutput || tensor.rank >= 0;
  if (hasDims && tensor.rank != rank)
    return makeError(allocator, INGOT_ERROR_SHAPE,
                     "%s '%s' has rank %d, but rank %d was given", what, name,
                     rank, tensor.rank);
  size_t bytes = isOutput ? tensor.bytes : 0;
  if (hasDims) {
    Text dims;
    appendDims(dims, tensor.dims, tensor.rank);
    for (int32_t axis = 0; axis < rank; ++axis)
      if (tensor.dims[axis] < 0)
        return makeError(allocator, INGOT_ERROR_SHAPE,
                         "%s '%s' has a negative dim: %s", what, name,
                         dims.c_str());
    if (!tensorBytes(type, tensor.dims, rank, &bytes))
      return makeError(allocator, INGOT_ERROR_SHAPE,
                       "%s '%s' of dims %s is too large", what, name,
                       dims.c_str());
    if (tensor.bytes < bytes)
      return makeError(
          allocator, INGOT_ERROR_SHAPE,
          "%s '%s' of type %s and dims %s has %zu bytes, but %zu were given",
          what, name, ingot_type_name(type), dims.c_str(), bytes, tensor.bytes);
  }
  if (bytes && !tensor.data)
    return makeError(allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "%s '%s' has no data", what, name);
  auto alignment = uintptr_t(ingot_type_bits(type) + 7) / 8;
  if (bytes && reinterpret_cast<uintptr_t>(tensor.data) % alignment)
    return makeError(
        allocator, INGOT_ERROR_INVALID_ARGUMENT,
        "the data of %s '%s' is not aligned to its elements of %d bytes", what,
        name, int(alignment));
  return session.functions().checkTensor(session, what, name, tensor);
}

/// Elements of some inputs are read when shapes are bound.
Error checkReadable(const ingot_session &session, uint32_t input,
                    const ingot_tensor &tensor) {
  const fmt::Entry &entry = session.currentEntry();
  for (uint32_t i = 0; isOnDevice(tensor) && i < count(entry.sources()); ++i)
    if (readsData(*entry.sources()->Get(i)) &&
        entry.sources()->Get(i)->input() == input)
      return makeError(session.allocator, INGOT_ERROR_INVALID_ARGUMENT,
                       "input '%s' decides shapes and must be in host memory",
                       entry.inputs()->Get(input)->name()->c_str());
  return nullptr;
}

bool dependsOnThreads(const ingot_model &model) {
  for (const fmt::Entry *entry : *model.header().entries())
    for (uint32_t i = 0; i < count(entry->sources()); ++i)
      if (entry->sources()->Get(i)->kind() == fmt::SourceKind::DeviceParallel)
        return true;
  return false;
}

} // namespace

extern "C" {

ingot_error *ingot_session_create(ingot_model *model,
                                  const ingot_session_options *given,
                                  ingot_session **result) {
  ingot_session_options options =
      givenOptions<ingot_session_options>(given, INGOT_SESSION_OPTIONS_INIT);
  if (!model->target)
    return makeError(model->allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "'%s' was loaded for inspection and cannot run",
                     model->artifact.name());
  ingot_session *session = model->device->functions.makeSession(*model);
  if (!session)
    return outOfMemory(model->allocator, "a session", sizeof(ingot_session));
  if (Error error = session->create(options)) {
    ingot_session_destroy(session);
    return error;
  }
  *result = session;
  return nullptr;
}

void ingot_session_destroy(ingot_session *session) {
  if (!session)
    return;
  ingot_model *model = session->model;
  model->device->functions.destroySession(session);
  model->release();
}

ingot_error *ingot_session_set_threads(ingot_session *session,
                                       int32_t threads) {
  Guard guard(session->isBusy);
  if (!guard)
    return busy(*session);
  int32_t before = session->parallel;
  if (Error error = session->functions().setThreads(*session, threads))
    return error;
  if (session->parallel != before && dependsOnThreads(*session->model))
    session->dropBinds();
  return nullptr;
}

ingot_error *ingot_session_use_entry(ingot_session *session,
                                     const char *entry) {
  Guard guard(session->isBusy);
  return guard ? session->useEntry(entry) : busy(*session);
}

ingot_error *ingot_session_set_input(ingot_session *session, const char *name,
                                     const ingot_tensor *tensor) {
  Guard guard(session->isBusy);
  if (!guard)
    return busy(*session);
  const Tensors *inputs = session->currentEntry().inputs();
  uint32_t index;
  if (Error error = findTensor(*session, inputs, "input", name, &index))
    return error;
  if (!tensor)
    return makeError(session->allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "the tensor for input '%s' is NULL", name);
  if (Error error =
          checkTensor(*session, *inputs->Get(index), "input", *tensor, false))
    return error;
  if (Error error = checkReadable(*session, index, *tensor))
    return error;
  EntryTensors &bound = session->tensors();
  bound.inputs[index] = *tensor;
  bound.isSet[index] = true;
  return nullptr;
}

ingot_error *ingot_session_set_output(ingot_session *session, const char *name,
                                      const ingot_tensor *tensor) {
  Guard guard(session->isBusy);
  if (!guard)
    return busy(*session);
  const Tensors *outputs = session->currentEntry().outputs();
  uint32_t index;
  if (Error error = findTensor(*session, outputs, "output", name, &index))
    return error;
  if (tensor)
    if (Error error = checkTensor(*session, *outputs->Get(index), "output",
                                  *tensor, true))
      return error;
  EntryTensors &bound = session->tensors();
  ++session->pointerVersion;
  bound.isBorrowed[index] = tensor;
  bound.outputs[index] = tensor ? *tensor : ingot_tensor{};
  return nullptr;
}

ingot_error *ingot_session_bind(ingot_session *session) {
  Guard guard(session->isBusy);
  Bind *bind;
  return guard ? session->prepare(&bind) : busy(*session);
}

ingot_error *ingot_session_run(ingot_session *session) {
  Guard guard(session->isBusy);
  return guard ? session->run() : busy(*session);
}

ingot_error *ingot_session_time(ingot_session *session, uint32_t count,
                                int64_t *nanoseconds) {
  Guard guard(session->isBusy);
  return guard ? session->time(count, nanoseconds) : busy(*session);
}

ingot_error *ingot_session_get_output(ingot_session *session, const char *name,
                                      ingot_tensor *result) {
  Guard guard(session->isBusy);
  if (!guard)
    return busy(*session);
  const Tensors *outputs = session->currentEntry().outputs();
  uint32_t index;
  if (Error error = findTensor(*session, outputs, "output", name, &index))
    return error;
  EntryTensors &bound = session->tensors();
  if (!bound.last)
    return makeError(session->allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "output '%s' has no dims yet: bind or run first", name);
  const TensorShape &shape = bound.last->outputs[index];
  ingot_tensor tensor = {};
  tensor.data = bound.outputData[index];
  tensor.device =
      bound.isBorrowed[index] ? bound.outputs[index].device : nullptr;
  tensor.bytes = shape.bytes;
  tensor.type = apiType(outputs->Get(index)->type());
  tensor.rank = shape.rank;
  memcpy(tensor.dims, shape.dims, sizeof(tensor.dims));
  *result = tensor;
  return nullptr;
}

ingot_error *ingot_session_reserve(ingot_session *session,
                                   const ingot_dim *dims, size_t count) {
  Guard guard(session->isBusy);
  return guard ? session->reserve(dims, count) : busy(*session);
}

ingot_error *ingot_session_reset(ingot_session *session) {
  Guard guard(session->isBusy);
  if (!guard)
    return busy(*session);
  session->resetState();
  return nullptr;
}

ingot_error *ingot_session_set_cancel_flag(ingot_session *session,
                                           const volatile int32_t *flag) {
  Guard guard(session->isBusy);
  if (!guard)
    return busy(*session);
  session->cancelFlag = flag;
  return nullptr;
}

ingot_error *ingot_session_set_profile(ingot_session *session,
                                       ingot_profile_function function,
                                       void *user) {
  Guard guard(session->isBusy);
  if (!guard)
    return busy(*session);
  session->profile = function;
  session->profileUser = user;
  return nullptr;
}

const char *ingot_step_profile_source(const ingot_step_profile *profile,
                                      uint32_t index) {
  const auto *sources =
      static_cast<const fmt::Step *>(profile->internal)->sources();
  return index < count(sources) ? sources->Get(index)->c_str() : nullptr;
}

} // extern "C"
