#include "runtime/session.h"

#include "runtime/types.h"

#include <string.h>

using namespace ingot::runtime;

Error ingot_session::create(const ingot_session_options &options) {
  uint32_t entryCount = count(model->header().entries());
  size_t bindCount =
      options.cached_binds > 0 ? size_t(options.cached_binds) : 8;
  size_t stateCount = count(model->header().states());
  bool isMade = entries.create(allocator, entryCount) &&
                binds.create(allocator, bindCount) &&
                states.create(allocator, stateCount) &&
                stateBytes.create(allocator, stateCount);
  for (uint32_t e = 0; e < entryCount && isMade; ++e) {
    const fmt::Entry &of = model->entry(e);
    EntryTensors &bound = entries[e];
    isMade = bound.inputs.create(allocator, count(of.inputs())) &&
             bound.isSet.create(allocator, count(of.inputs())) &&
             bound.outputs.create(allocator, count(of.outputs())) &&
             bound.isBorrowed.create(allocator, count(of.outputs())) &&
             bound.inputAt.create(allocator, count(of.inputs())) &&
             bound.outputAt.create(allocator, count(of.outputs())) &&
             bound.outputData.create(allocator, count(of.outputs())) &&
             bound.key.create(allocator, keyLength(of));
  }
  if (!isMade)
    return outOfMemory(allocator, "a session",
                       entryCount * sizeof(EntryTensors));
  for (int64_t &bytes : stateBytes)
    bytes = -1;
  if (unsigned(options.gemm) > INGOT_GEMM_CUBLASLT)
    return makeError(allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "ingot_session_options.gemm is %d", int(options.gemm));
  if (options.gemm == INGOT_GEMM_CUBLASLT && !model->device->isGpu())
    return makeError(allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "cuBLASLt is a library for GPUs; this session runs on %s",
                     model->device->description.c_str());
  if (Error error = functions().configureSession(*this, options))
    return error;
  return useEntry(model->entry(0).name()->c_str());
}

Error ingot_session::useEntry(const char *name) {
  for (uint32_t e = 0; e < entries.size(); ++e) {
    if (!name || strcmp(name, model->entry(e).name()->c_str()))
      continue;
    if (!model->plans[e])
      return makeError(allocator, INGOT_ERROR_NO_CODE,
                       "entry '%s' of '%s' has no code for %s", name,
                       model->artifact.name(), model->target->name()->c_str());
    entry = e;
    return nullptr;
  }
  return makeError(allocator, INGOT_ERROR_NOT_FOUND, "'%s' has no entry '%s'",
                   model->artifact.name(), name ? name : "(null)");
}

void ingot_session::dropBinds() {
  for (Bind *&bind : binds) {
    allocator.destroy(bind);
    bind = nullptr;
  }
  for (EntryTensors &bound : entries)
    bound.last = nullptr;
}

void ingot_session::resetState() {
  // The next bind zeroes them, and may size them anew.
  for (int64_t &bytes : stateBytes)
    bytes = -1;
}

Bind *ingot_session::findBind(const int64_t *key, size_t length) {
  for (Bind *bind : binds)
    if (bind && bind->entry == entry &&
        (!length || !memcmp(bind->key.data(), key, length * sizeof(int64_t))))
      return bind;
  return nullptr;
}

/// Makes a bind for the symbols in `scratch`.
Error ingot_session::addBind(const ingot_tensor *inputs, Bind **result) {
  auto *bind = allocator.make<Bind>();
  if (!bind)
    return outOfMemory(allocator, "a bind", sizeof(Bind));
  if (Error error = makeBind(*model, entry, inputs, scratch, *bind)) {
    allocator.destroy(bind);
    return error;
  }
  Bind **place = &binds[0];
  for (Bind *&other : binds)
    if (!other || (*place && other->lastUse < (*place)->lastUse))
      place = &other;
  drop(*place);
  *place = bind;
  *result = bind;
  return nullptr;
}

void ingot_session::drop(Bind *&bind) {
  for (EntryTensors &bound : entries)
    if (bind && bound.last == bind)
      bound.last = nullptr;
  allocator.destroy(bind);
  bind = nullptr;
}

/// Where other numbers of elements alone were bound before, that bind becomes
/// this one: each batch has its own number, and none allocates.
Error ingot_session::bindAnew(const int64_t *key, Bind **result) {
  size_t fixed = fixedKeyLength(currentEntry());
  if (fixed == keyLength(currentEntry()))
    return nullptr;
  for (Bind *&bind : binds) {
    if (!bind || bind->entry != entry ||
        memcmp(bind->key.data(), key, fixed * sizeof(int64_t)) != 0)
      continue;
    if (Error error =
            makeBind(*model, entry, tensors().inputs.data(), scratch, *bind)) {
      drop(bind);
      return error;
    }
    *result = bind;
    return nullptr;
  }
  return nullptr;
}

Error ingot_session::prepare(Bind **result) {
  const fmt::Entry &current = currentEntry();
  EntryTensors &bound = tensors();
  for (uint32_t i = 0; i < bound.isSet.size(); ++i)
    if (!bound.isSet[i])
      return makeError(allocator, INGOT_ERROR_INVALID_ARGUMENT,
                       "input '%s' is not set",
                       current.inputs()->Get(i)->name()->c_str());
  keyOfTensors(current, bound.inputs.data(), bound.key.data());
  Bind *bind = findBind(bound.key.data(), bound.key.size());
  if (!bind) {
    if (Error error = solveSymbols(*model, current, bound.inputs.data(),
                                   parallel, scratch.symbols))
      return error;
    if (Error error = bindAnew(bound.key.data(), &bind))
      return error;
    if (!bind)
      if (Error error = addBind(bound.inputs.data(), &bind))
        return error;
  }
  bind->lastUse = ++clock;
  if (Error error = provideMemory(*bind))
    return error;
  if (bind->patchedAt != pointerVersion) {
    if (Error error = checkOutputs(*bind))
      return error;
    patch(*bind);
  }
  if (Error error = functions().prepareRun(*this, *bind))
    return error;
  bound.last = bind;
  *result = bind;
  return nullptr;
}

Error ingot_session::reserve(const ingot_dim *dims, size_t dimCount) {
  if (Error error = givenSymbols(*model, currentEntry(), dims, dimCount,
                                 parallel, scratch))
    return error;
  Bind *bind = nullptr;
  if (Error error = addBind(nullptr, &bind))
    return error;
  bind->lastUse = ++clock;
  return provideMemory(*bind);
}

Error ingot_session::provideMemory(const Bind &bind) {
  auto grow = [&](DeviceMemory &memory, size_t bytes, const char *what) {
    bool isNew = !memory.address() || bytes > memory.size();
    pointerVersion += isNew;
    memoryVersion += isNew;
    return memory.grow(*model->device, what, bytes);
  };
  if (Error error = grow(arena, bind.program.arenaBytes, "working memory"))
    return error;
  for (size_t i = 0; i < states.size(); ++i) {
    int64_t bytes = bind.stateBytes[i];
    const char *name =
        model->header().states()->Get(uint32_t(i))->name()->c_str();
    if (bytes < 0 || bytes == stateBytes[i])
      continue;
    if (stateBytes[i] >= 0)
      return makeError(allocator, INGOT_ERROR_SHAPE,
                       "state '%s' has %lld bytes, these dims need %lld: reset "
                       "the session first",
                       name, (long long)stateBytes[i], (long long)bytes);
    if (Error error = grow(states[i], size_t(bytes), name))
      return error;
    if (Error error =
            functions().zero(*this, states[i].address(), size_t(bytes)))
      return error;
    stateBytes[i] = bytes;
  }
  size_t steps = bind.program.steps.size();
  if (profile && stepTimes.size() < steps &&
      !stepTimes.create(allocator, steps))
    return outOfMemory(allocator, "a profile", steps * sizeof(StepTime));
  return functions().placeTensors(*this, bind);
}

/// Borrowed outputs fit and no output overlaps another tensor.
Error ingot_session::checkOutputs(const Bind &bind) {
  const fmt::Entry &current = currentEntry();
  EntryTensors &bound = tensors();
  auto overlap = [](const void *a, size_t aBytes, const void *b,
                    size_t bBytes) {
    auto x = reinterpret_cast<uintptr_t>(a), y = reinterpret_cast<uintptr_t>(b);
    return aBytes && bBytes && x < y + bBytes && y < x + aBytes;
  };
  for (uint32_t i = 0; i < bound.outputs.size(); ++i) {
    if (!bound.isBorrowed[i])
      continue;
    const char *name = current.outputs()->Get(i)->name()->c_str();
    const ingot_tensor &tensor = bound.outputs[i];
    const TensorShape &shape = bind.outputs[i];
    bool fits = tensor.rank < 0 || tensor.rank == shape.rank;
    for (int32_t axis = 0; axis < tensor.rank && fits; ++axis)
      fits = tensor.dims[axis] == shape.dims[axis];
    Text dims;
    appendDims(dims, shape.dims, shape.rank);
    if (!fits) {
      Text given;
      appendDims(given, tensor.dims, tensor.rank);
      return makeError(allocator, INGOT_ERROR_SHAPE,
                       "output '%s' has dims %s, but %s was bound", name,
                       dims.c_str(), given.c_str());
    }
    if (tensor.bytes < shape.bytes)
      return makeError(
          allocator, INGOT_ERROR_SHAPE,
          "output '%s' of dims %s has %zu bytes, but %zu were bound", name,
          dims.c_str(), shape.bytes, tensor.bytes);
    for (uint32_t j = 0; j < i; ++j)
      if (bound.isBorrowed[j] &&
          overlap(tensor.data, shape.bytes, bound.outputs[j].data,
                  bind.outputs[j].bytes))
        return makeError(allocator, INGOT_ERROR_INVALID_ARGUMENT,
                         "outputs '%s' and '%s' overlap in memory", name,
                         current.outputs()->Get(j)->name()->c_str());
    for (uint32_t j = 0; j < bound.inputs.size(); ++j)
      if (overlap(tensor.data, shape.bytes, bound.inputs[j].data,
                  bind.inputs[j].bytes))
        return makeError(allocator, INGOT_ERROR_INVALID_ARGUMENT,
                         "output '%s' and input '%s' overlap in memory", name,
                         current.inputs()->Get(j)->name()->c_str());
  }
  return nullptr;
}

void ingot_session::patch(Bind &bind) {
  EntryTensors &bound = tensors();
  for (const Patch &patch : bind.program.patches) {
    uint64_t base = arena.address();
    if (patch.kind == fmt::BufferKind::Input)
      base = bound.inputAt[patch.index];
    else if (patch.kind == fmt::BufferKind::Output)
      base = bound.outputAt[patch.index];
    else if (patch.kind == fmt::BufferKind::State)
      base = states[patch.index].address();
    bind.program.args[patch.arg] = base + uint64_t(patch.offset);
  }
  bind.patchedAt = pointerVersion;
  bind.preparedAt = 0;
}

Error ingot_session::run() {
  Bind *bind = nullptr;
  if (Error error = prepare(&bind))
    return error;
  if (profile)
    memset(stepTimes.data(), 0, stepTimes.size() * sizeof(StepTime));
  RunOutcome outcome;
  if (Error error = functions().run(*this, *bind, outcome))
    return error;
  if (outcome.isFailed)
    return failure(*bind, outcome);
  if (outcome.isCancelled)
    return makeError(allocator, INGOT_ERROR_CANCELLED, "the run was cancelled");
  if (profile)
    reportProfile(*bind);
  return nullptr;
}

Error ingot_session::time(uint32_t runs, int64_t *nanoseconds) {
  if (!runs)
    return makeError(allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "no runs are no time: the count is 0");
  ingot_profile_function kept = profile;
  profile = nullptr;
  timedRuns = runs;
  Error error = run();
  timedRuns = 0;
  profile = kept;
  if (!error)
    *nanoseconds = timed;
  return error;
}

Error ingot_session::failure(const Bind &bind, const RunOutcome &outcome) {
  const fmt::Step &step = *bind.program.steps[outcome.failedStep].step;
  Text where;
  where.append("step '%s'", step.name() ? step.name()->c_str() : "(unnamed)");
  for (uint32_t i = 0; i < count(step.sources()); ++i)
    where.append("%s'%s'",
                 i                           ? ", "
                 : count(step.sources()) > 1 ? " (nodes "
                                             : " (node ",
                 step.sources()->Get(i)->c_str());
  if (count(step.sources()))
    where.append(")");
  auto value = (long long)outcome.status.value,
       limit = (long long)outcome.status.limit;
  if (outcome.status.code == 1)
    return makeError(allocator, INGOT_ERROR_DATA,
                     "%s: index %lld is outside [%lld, %lld)", where.c_str(),
                     value, -limit, limit);
  return makeError(allocator, INGOT_ERROR_DATA,
                   "%s: kernel reports code %lld, value %lld", where.c_str(),
                   (long long)outcome.status.code, value);
}

void ingot_session::reportProfile(const Bind &bind) {
  for (uint32_t i = 0; i < bind.program.steps.size(); ++i) {
    const BoundStep &step = bind.program.steps[i];
    ingot_step_profile report = {};
    report.step = step.number;
    report.name = step.step->name() ? step.step->name()->c_str() : "";
    report.kernel = bind.program.isByLibrary(step) ? "cuBLASLt"
                    : step.kind == fmt::StepKind::Launch
                        ? model->target->kernels()
                              ->Get(step.step->kernel())
                              ->name()
                              ->c_str()
                    : step.kind == fmt::StepKind::Copy ? "copy"
                                                       : "fill";
    report.nanoseconds = stepTimes[i].nanoseconds;
    // What others take the place of does nothing.
    report.flops = step.tasks ? step.flops : 0;
    report.bytes = step.tasks ? step.bytes : 0;
    report.tasks = step.tasks;
    report.source_count = count(step.step->sources());
    report.internal = step.step;
    report.busy_nanoseconds = stepTimes[i].busy;
    profile(profileUser, &report);
  }
}
