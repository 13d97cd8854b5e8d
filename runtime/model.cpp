#include "runtime/model.h"

#include "runtime/bind.h"
#include "runtime/cpu_executor.h"

#include <string.h>
#include <sys/mman.h>

using namespace ingot::runtime;

namespace {

namespace fmt = ingot::artifact;

/// Appends the features of a target that the device lacks.
bool appendMissing(Text &text, const fmt::Target &target,
                   CpuFeatures features) {
  bool isMissing = false;
  for (uint32_t i = 0; i < count(target.features()); ++i) {
    const flatbuffers::String &name = *target.features()->Get(i);
    CpuFeatures bit = cpuFeature(name.c_str(), name.size());
    if (bit && (features & bit))
      continue;
    text.append(isMissing ? ", %s" : "%s", name.c_str());
    isMissing = true;
  }
  return isMissing;
}

Error chooseTarget(ingot_model &model, const char *wanted, uint32_t *chosen) {
  const fmt::Artifact &header = model.header();
  Text reasons, names;
  bool isKnown = false;
  for (uint32_t i = 0; i < count(header.targets()); ++i) {
    const fmt::Target &target = *header.targets()->Get(i);
    const char *name = target.name()->c_str();
    names.append(names.empty() ? "%s" : ", %s", name);
    if (wanted && strcmp(wanted, name))
      continue;
    isKnown = true;
    Text missing;
    if (target.device() != fmt::DeviceKind::Cpu) {
      reasons.append("%s%s is for another device", reasons.empty() ? "" : "; ",
                     name);
      continue;
    }
    if (!appendMissing(missing, target, model.device->features)) {
      *chosen = i;
      return nullptr;
    }
    reasons.append("%s%s needs %s", reasons.empty() ? "" : "; ", name,
                   missing.c_str());
  }
  if (wanted && !isKnown)
    return makeError(model.allocator, INGOT_ERROR_NOT_FOUND,
                     "'%s' has no code for target '%s'; it has: %s",
                     model.artifact.name(), wanted,
                     names.empty() ? "none" : names.c_str());
  return makeError(model.allocator, INGOT_ERROR_NO_CODE,
                   "'%s' has no code for this CPU%s%s", model.artifact.name(),
                   reasons.empty() ? ""
                                   : ", which lacks what each target needs: ",
                   reasons.c_str());
}

Error prepareTarget(ingot_model &model, const char *wanted) {
  uint32_t number;
  if (Error error = chooseTarget(model, wanted, &number))
    return error;
  const fmt::Artifact &header = model.header();
  uint32_t entries = count(header.entries());
  if (!model.plans.create(model.allocator, entries) ||
      !model.memory.create(model.allocator, entries))
    return outOfMemory(model.allocator, "a model",
                       entries * sizeof(ModelMemory));
  for (uint32_t e = 0; e < entries; ++e) {
    const fmt::Entry &entry = model.entry(e);
    for (uint32_t p = 0; p < count(entry.plans()); ++p) {
      const fmt::Plan &plan = *entry.plans()->Get(p);
      if (plan.target() != number)
        continue;
      if (Error error =
              validateForCpu(model.allocator, model.artifact, entry, plan))
        return error;
      model.plans[e] = &plan;
      if (!model.memory[e].buffers.create(model.allocator,
                                          count(plan.buffers())))
        return outOfMemory(model.allocator, "a model",
                           count(plan.buffers()) * sizeof(Region));
    }
  }

  const fmt::Target &target = *header.targets()->Get(number);
  bool isCopied = false;
  if (target.code_length())
    if (Error error = model.artifact.mapCode(
            model.allocator, target.code_offset(), target.code_length(),
            &model.code, &model.codeLength, &isCopied))
      return error;
  model.target = &target;
  model.device->log(INGOT_LOG_INFO, "'%s': code for %s%s",
                    model.artifact.name(), target.name()->c_str(),
                    isCopied ? ", copied to memory" : "");
  return nullptr;
}

/// Runs one entry's init plan into memory of the model.
Error runInit(ingot_model &model, uint32_t entry) {
  const fmt::Plan &plan = *model.plans[entry];
  ModelMemory &memory = model.memory[entry];
  SymbolValues symbols;
  ExprValues values;
  if (Error error = symbols.create(model.allocator, model.header()))
    return error;
  if (Error error = values.create(model.allocator, symbols))
    return error;
  for (uint32_t i = 0; i < count(plan.buffers()); ++i) {
    const fmt::Buffer &buffer = *plan.buffers()->Get(i);
    if (buffer.kind() != fmt::BufferKind::Model)
      continue;
    int64_t size;
    if (Error error = values.getSize(model.allocator, buffer.size(), "the size",
                                     "a model's buffer", &size))
      return error;
    if (!memory.buffers[i].grow(model.allocator, size_t(size)))
      return outOfMemory(model.allocator, "memory of a model", uint64_t(size));
  }
  Program program;
  if (Error error = buildProgram(model, plan, plan.init(), values, memory,
                                 nullptr, program))
    return error;
  Region arena;
  if (!arena.grow(model.allocator, program.arenaBytes))
    return outOfMemory(model.allocator, "working memory", program.arenaBytes);
  for (const Patch &patch : program.patches)
    program.args[patch.arg] =
        reinterpret_cast<uintptr_t>(arena.data() + patch.offset);

  CpuExecutor executor;
  executor.configure(model.allocator, 1, {});
  if (Error error = executor.prepare(program.workerScratchBytes))
    return error;
  Run run = {program.steps.data(), uint32_t(program.steps.size()),
             program.args.data(), nullptr, nullptr};
  executor.execute(run);
  if (run.isFailed)
    return makeError(model.allocator, INGOT_ERROR_ARTIFACT,
                     "'%s': init step %u of entry '%s' reports code %lld",
                     model.artifact.name(), run.failedStep,
                     model.entry(entry).name()->c_str(),
                     (long long)run.status.code);
  return nullptr;
}

template <typename Load>
ingot_error *load(ingot_device *device, const ingot_model_options *given,
                  ingot_model **result, Load open) {
  ingot_model_options options = INGOT_MODEL_OPTIONS_INIT;
  if (given)
    memcpy(&options, given,
           given->struct_size < sizeof(options) ? given->struct_size
                                                : sizeof(options));
  if (device) {
    device->retain();
  } else if (Error error = ingot_device_create(nullptr, &device)) {
    return error;
  }
  auto *model = device->allocator.make<ingot_model>(device);
  if (!model) {
    Error error =
        outOfMemory(device->allocator, "a model", sizeof(ingot_model));
    device->release();
    return error;
  }
  device->release(); // the model holds it
  Error error = open(model->artifact, model->allocator);
  if (!error && !options.inspect)
    error = prepareTarget(*model, options.target);
  if (error) {
    model->release();
    return error;
  }
  *result = model;
  return nullptr;
}

/// Compares a section's bytes with the hash they were written with.
Error verifySection(const ingot_model &model, const char *what,
                    const char *name, uint64_t offset, uint64_t length,
                    uint64_t hash) {
  if (fmt::ContentHash::of(model.artifact.data() + offset, length) == hash)
    return nullptr;
  return makeError(
      model.allocator, INGOT_ERROR_ARTIFACT,
      "'%s' is damaged: %s '%s' does not have the hash it was written with",
      model.artifact.name(), what, name);
}

} // namespace

ingot_model::~ingot_model() {
  if (code)
    munmap(const_cast<uint8_t *>(code), codeLength);
}

void ingot_model::release() {
  if (references.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  ingot_device *last = device; // the members' memory is the device's
  last->allocator.destroy(this);
  last->release();
}

Error ingot_model::initialize() {
  pthread_mutex_lock(&initLock);
  Error error = nullptr;
  for (uint32_t e = 0; e < plans.size() && !isInitialized && !error; ++e)
    if (plans[e] && count(plans[e]->init()))
      error = runInit(*this, e);
  isInitialized |= !error;
  pthread_mutex_unlock(&initLock);
  return error;
}

extern "C" {

ingot_error *ingot_model_load(ingot_device *device, const char *path,
                              const ingot_model_options *options,
                              ingot_model **result) {
  return load(device, options, result,
              [&](Artifact &artifact, const Allocator &allocator) {
                if (!path)
                  return makeError(allocator, INGOT_ERROR_INVALID_ARGUMENT,
                                   "the path is NULL");
                return artifact.open(allocator, path);
              });
}

ingot_error *ingot_model_load_memory(ingot_device *device, const void *data,
                                     size_t size,
                                     const ingot_model_options *options,
                                     ingot_model **result) {
  return load(device, options, result,
              [&](Artifact &artifact, const Allocator &allocator) {
                return artifact.borrow(allocator, data, size);
              });
}

void ingot_model_destroy(ingot_model *model) {
  if (model)
    model->release();
}

ingot_error *ingot_model_verify(const ingot_model *model) {
  const fmt::Artifact &header = model->header();
  for (uint32_t i = 0; i < count(header.targets()); ++i) {
    const fmt::Target &target = *header.targets()->Get(i);
    if (Error error = verifySection(*model, "code for", target.name()->c_str(),
                                    target.code_offset(), target.code_length(),
                                    target.code_hash()))
      return error;
  }
  for (uint32_t i = 0; i < count(header.blobs()); ++i) {
    const fmt::Blob &blob = *header.blobs()->Get(i);
    if (Error error = verifySection(*model, "weight", blob.name()->c_str(),
                                    blob.offset(), blob.length(), blob.hash()))
      return error;
  }
  return nullptr;
}

} // extern "C"
