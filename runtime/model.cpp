#include "runtime/model.h"

#include "runtime/bind.h"

#include <string.h>

using namespace ingot::runtime;

namespace {

namespace fmt = ingot::artifact;

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
    if (model.device->functions.canRun(*model.device, target, missing)) {
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
  const ingot_device &device = *model.device;
  return makeError(
      model.allocator, INGOT_ERROR_NO_CODE, "'%s' has no code for %s%s%s%s%s",
      model.artifact.name(), device.description.c_str(),
      reasons.empty() ? "" : ", which lacks what each target needs: ",
      reasons.c_str(), device.isGpu() ? "; compile with --target=" : "",
      device.isGpu() ? device.features.c_str() : "");
}

/// Runs one entry's init plan into memory of the model.
Error runInit(ingot_model &model, uint32_t entry) {
  const fmt::Plan &plan = *model.plans[entry];
  ModelMemory &memory = model.memory[entry];
  BindScratch scratch;
  const ExprValues &values = scratch.values;
  if (Error error = scratch.symbols.create(model.allocator, model.header()))
    return error;
  if (Error error = scratch.values.create(model.allocator, scratch.symbols))
    return error;
  for (uint32_t i = 0; i < count(plan.buffers()); ++i) {
    const fmt::Buffer &buffer = *plan.buffers()->Get(i);
    if (buffer.kind() != fmt::BufferKind::Model)
      continue;
    int64_t size;
    if (Error error = values.getSize(model.allocator, buffer.size(), "the size",
                                     "a model's buffer", &size))
      return error;
    if (Error error = memory.buffers[i].grow(*model.device, "memory of a model",
                                             size_t(size)))
      return error;
  }
  Program program;
  if (Error error = buildProgram(model, plan, plan.init(), memory, nullptr,
                                 scratch, program))
    return error;
  DeviceMemory arena;
  if (Error error =
          arena.grow(*model.device, "working memory", program.arenaBytes))
    return error;
  for (const Patch &patch : program.patches)
    if (patch.kind == fmt::BufferKind::Scratch)
      program.args[patch.arg] = arena.address() + uint64_t(patch.offset);

  RunOutcome run;
  if (Error error = model.device->functions.runInit(model, program, run))
    return error;
  if (run.isFailed)
    return makeError(model.allocator, INGOT_ERROR_ARTIFACT,
                     "'%s': init step %u of entry '%s' reports code %lld",
                     model.artifact.name(), run.failedStep,
                     model.entry(entry).name()->c_str(),
                     (long long)run.status.code);
  return nullptr;
}

/// Refuses a validated plan with steps or arguments of a kind that no device
/// here has yet, or with more of them than this one takes.
static Error checkPlan(const ingot_model &model, const fmt::Entry &entry,
                       const fmt::Plan &plan) {
  for (auto *steps : {plan.init(), plan.steps()})
    for (uint32_t i = 0; i < count(steps); ++i) {
      const fmt::Step &step = *steps->Get(i);
      bool isKnown = step.kind() == fmt::StepKind::Launch ||
                     step.kind() == fmt::StepKind::Copy ||
                     step.kind() == fmt::StepKind::Fill;
      isKnown &= count(step.args()) <= model.device->functions.mostArguments;
      uint32_t maps = 0;
      for (uint32_t a = 0; a < count(step.args()); ++a) {
        const fmt::Arg &arg = *step.args()->Get(a);
        maps += arg.kind() == fmt::ArgKind::TensorMap;
        isKnown &= arg.kind() != fmt::ArgKind::Pointer ||
                   plan.buffers()->Get(arg.buffer())->kind() !=
                       fmt::BufferKind::WorkerScratch;
      }
      isKnown &= maps <= model.device->functions.mostMaps;
      if (!isKnown)
        return makeError(
            model.allocator, INGOT_ERROR_VERSION,
            "'%s': step %u of entry '%s' is of a kind that this runtime (%s) "
            "cannot run on %s",
            model.artifact.name(), i, entry.name()->c_str(), ingot_version(),
            model.device->description.c_str());
    }
  return nullptr;
}

Error prepareTarget(ingot_model &model, const char *wanted) {
  uint32_t number;
  if (Error error = chooseTarget(model, wanted, &number))
    return error;
  const fmt::Artifact &header = model.header();
  uint32_t entries = count(header.entries());
  const fmt::Target &target = *header.targets()->Get(number);
  model.target = &target;
  if (!model.plans.create(model.allocator, entries) ||
      !model.memory.create(model.allocator, entries) ||
      !model.kernels.create(model.allocator, count(target.kernels())) ||
      !model.weights.create(model.allocator, count(header.blobs())))
    return outOfMemory(model.allocator, "a model",
                       entries * sizeof(ModelMemory));
  for (uint32_t e = 0; e < entries; ++e) {
    const fmt::Entry &entry = model.entry(e);
    for (uint32_t p = 0; p < count(entry.plans()); ++p) {
      const fmt::Plan &plan = *entry.plans()->Get(p);
      if (plan.target() != number)
        continue;
      if (Error error = checkPlan(model, entry, plan))
        return error;
      model.plans[e] = &plan;
      if (!model.memory[e].buffers.create(model.allocator,
                                          count(plan.buffers())))
        return outOfMemory(model.allocator, "a model",
                           count(plan.buffers()) * sizeof(DeviceMemory));
    }
  }

  if (Error error = model.device->functions.loadCode(model))
    return error;
  model.device->log(INGOT_LOG_INFO, "'%s': code for %s", model.artifact.name(),
                    target.name()->c_str());
  for (uint32_t e = 0; e < entries; ++e)
    if (model.plans[e] && count(model.plans[e]->init()))
      if (Error error = runInit(model, e))
        return error;
  return nullptr;
}

template <typename Load>
ingot_error *load(ingot_device *device, const ingot_model_options *given,
                  ingot_model **result, Load open) {
  ingot_model_options options =
      givenOptions<ingot_model_options>(given, INGOT_MODEL_OPTIONS_INIT);
  if (device) {
    device->retain();
  } else if (Error error = ingot_device_create(nullptr, &device)) {
    return error;
  }
  ingot_model *model = device->functions.makeModel(*device);
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

void ingot_model::release() {
  if (references.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  ingot_device *last = device; // the members' memory is the device's
  last->functions.destroyModel(this);
  last->release();
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
    if (blob.fill())
      continue;
    if (Error error = verifySection(*model, "weight", blob.name()->c_str(),
                                    blob.offset(), blob.length(), blob.hash()))
      return error;
  }
  return nullptr;
}

} // extern "C"
