#include "runtime/bind.h"
#include "runtime/types.h"

namespace ingot::runtime {
namespace {

using Steps = flatbuffers::Vector<flatbuffers::Offset<fmt::Step>>;

constexpr int64_t kSlotAlignment = 64;

const char *text(const flatbuffers::String *string, const char *otherwise) {
  return string && string->size() ? string->c_str() : otherwise;
}

class ProgramBuilder {
public:
  ProgramBuilder(const ingot_model &model, const fmt::Plan &plan,
                 const ModelMemory &memory, const BoundInterface *interface,
                 BindScratch &scratch, Program &program)
      : model(model), allocator(model.allocator), plan(plan),
        values(scratch.values), memory(memory), interface(interface),
        slotOffsets(scratch.slotOffsets), slotBytes(scratch.slotBytes),
        bufferBytes(scratch.bufferBytes), program(program) {}

  Error build(const Steps *steps) {
    if (Error error = placeSlots())
      return error;
    if (Error error = sizeBuffers())
      return error;
    program.workerScratchBytes = 0;
    size_t args = 0, patches = 0, maps = 0, products = 0;
    for (uint32_t i = 0; i < count(steps); ++i) {
      products += steps->Get(i)->product() != nullptr;
      for (uint32_t a = 0; a < count(steps->Get(i)->args()); ++a, ++args) {
        const fmt::Arg &arg = *steps->Get(i)->args()->Get(a);
        patches += isPatched(arg);
        maps += arg.kind() == fmt::ArgKind::TensorMap;
      }
    }
    // Steps may share a list of arguments, so the header's size is no limit.
    if (args > UINT32_MAX)
      return makeError(allocator, INGOT_ERROR_ARTIFACT,
                       "'%s' is damaged: %zu arguments in a plan",
                       model.artifact.name(), args);
    if (!program.steps.create(allocator, count(steps)) ||
        !program.args.create(allocator, args) ||
        !program.patches.create(allocator, patches) ||
        !program.maps.create(allocator, maps) ||
        !program.products.create(allocator, products))
      return outOfMemory(allocator, "a bind",
                         args * sizeof(uint64_t) + patches * sizeof(Patch) +
                             maps * sizeof(BoundMap));
    for (uint32_t i = 0; i < count(steps); ++i)
      if (Error error = bindStep(*steps->Get(i), i))
        return error;
    return nullptr;
  }

private:
  Error placeSlots() {
    if (!slotOffsets.create(allocator, count(plan.slots())) ||
        !slotBytes.create(allocator, count(plan.slots())))
      return outOfMemory(allocator, "a memory plan",
                         count(plan.slots()) * sizeof(int64_t));
    int64_t end = 0;
    for (uint32_t i = 0; i < slotOffsets.size(); ++i) {
      int64_t size = 0;
      bool isForRuns = !interface && !values.isDefined(plan.slots()->Get(i));
      if (!isForRuns)
        if (Error error = values.getSize(allocator, plan.slots()->Get(i),
                                         "a slot", "working memory", &size))
          return error;
      slotBytes[i] = isForRuns ? -1 : size;
      slotOffsets[i] = end;
      int64_t padded;
      if (__builtin_add_overflow(size, kSlotAlignment - 1, &padded) ||
          __builtin_add_overflow(end, padded / kSlotAlignment * kSlotAlignment,
                                 &end))
        return makeError(allocator, INGOT_ERROR_OUT_OF_MEMORY,
                         "working memory does not fit 64 bits");
    }
    program.arenaBytes = size_t(end);
    return nullptr;
  }

  /// Bytes of what a buffer lives in; -1 if the plan may not use it here.
  int64_t container(const fmt::Buffer &buffer, uint32_t number) {
    switch (buffer.kind()) {
    case fmt::BufferKind::Weight:
      return int64_t(model.header().blobs()->Get(buffer.index())->length());
    case fmt::BufferKind::Scratch:
      return slotBytes[buffer.index()];
    case fmt::BufferKind::Model:
      return int64_t(memory.buffers[number].size());
    case fmt::BufferKind::Input:
      return interface ? int64_t((*interface->inputs)[buffer.index()].bytes)
                       : -1;
    case fmt::BufferKind::Output:
      return interface ? int64_t((*interface->outputs)[buffer.index()].bytes)
                       : -1;
    case fmt::BufferKind::State:
      return interface ? (*interface->stateBytes)[buffer.index()] : -1;
    case fmt::BufferKind::WorkerScratch:
      return -1;
    }
    return -1;
  }

  Error sizeBuffers() {
    if (!bufferBytes.create(allocator, count(plan.buffers())))
      return outOfMemory(allocator, "a memory plan",
                         count(plan.buffers()) * sizeof(int64_t));
    for (uint32_t i = 0; i < bufferBytes.size(); ++i) {
      const fmt::Buffer &buffer = *plan.buffers()->Get(i);
      int64_t limit = container(buffer, i);
      bufferBytes[i] = -1;
      // An init plan shares the list with the runs.
      if (limit < 0 || (!interface && !values.isDefined(buffer.size())))
        continue;
      const char *name = text(buffer.name(), "a buffer");
      if (Error error = values.getSize(allocator, buffer.size(), "the size",
                                       name, &bufferBytes[i]))
        return error;
      if (bufferBytes[i] > limit)
        return makeError(
            allocator, INGOT_ERROR_ARTIFACT,
            "'%s' is damaged: buffer %u (%s) of %lld bytes lies in %lld",
            model.artifact.name(), i, name, (long long)bufferBytes[i],
            (long long)limit);
    }
    return nullptr;
  }

  bool isPatched(const fmt::Buffer &buffer) const {
    if (buffer.kind() == fmt::BufferKind::Weight)
      return !model.weights[buffer.index()];
    return buffer.kind() != fmt::BufferKind::Model;
  }
  bool isPatched(const fmt::Arg &arg) const {
    if (arg.kind() == fmt::ArgKind::TensorMap)
      return isPatched(*plan.buffers()->Get(
          plan.tensor_maps()->Get(arg.buffer())->buffer()));
    return arg.kind() == fmt::ArgKind::Pointer &&
           isPatched(*plan.buffers()->Get(arg.buffer()));
  }

  /// Where `buffer` is, `offset` bytes on, into the slot `index`. `isUsed`: the
  /// step has tasks; else offsets may point past what is empty.
  Error bindPointer(uint32_t number, int64_t offset, uint32_t index,
                    const char *step, bool isUsed) {
    if (!isUsed)
      offset = 0;
    const fmt::Buffer &buffer = *plan.buffers()->Get(number);
    if (offset < 0 || offset > bufferBytes[number])
      return makeError(allocator, INGOT_ERROR_ARTIFACT,
                       "'%s' is damaged: step '%s' points to byte %lld of "
                       "buffer %u (%s) of %lld",
                       model.artifact.name(), step, (long long)offset, number,
                       text(buffer.name(), "a buffer"),
                       (long long)bufferBytes[number]);
    program.args[index] = uint64_t(offset);
    if (!isPatched(buffer))
      program.args[index] += buffer.kind() == fmt::BufferKind::Weight
                                 ? model.weights[buffer.index()]
                                 : memory.buffers[number].address();
    else
      program.patches[nextPatch++] = {
          index, buffer.kind(), buffer.index(),
          offset + (buffer.kind() == fmt::BufferKind::Scratch
                        ? slotOffsets[buffer.index()]
                        : 0)};
    return nullptr;
  }

  /// Dims that are not negative, and none of which leads out of the buffer.
  Error bindMap(const fmt::TensorMap &map, uint32_t argument, uint32_t index,
                const char *step, bool isUsed) {
    BoundMap &bound = program.maps[nextMap++];
    bound = {};
    bound.map = &map;
    bound.arg = argument;
    bound.rank = count(map.dims());
    int64_t offset, last = 0;
    if (Error error =
            values.get(allocator, map.offset(), "an offset", step, &offset))
      return error;
    bool isEmpty = false, isHuge = false;
    for (uint32_t i = 0; i < bound.rank; ++i) {
      int64_t dim, stride = elementBits(map.type()) / 8, reach;
      if (Error error = values.getSize(allocator, map.dims()->Get(i), "a dim",
                                       step, &dim))
        return error;
      if (i)
        if (Error error = values.getSize(allocator, map.strides()->Get(i - 1),
                                         "a stride", step, &stride))
          return error;
      bound.dims[i] = uint64_t(dim);
      if (i)
        bound.strides[i - 1] = uint64_t(stride);
      isEmpty |= !dim;
      isHuge |= __builtin_mul_overflow(dim - (i ? 1 : 0), stride, &reach) ||
                __builtin_add_overflow(last, reach, &last);
    }
    if (Error error = bindPointer(map.buffer(), offset, index, step, isUsed))
      return error;
    int64_t left = bufferBytes[map.buffer()] - offset;
    if (isUsed && !isEmpty && (isHuge || last > left))
      return makeError(allocator, INGOT_ERROR_ARTIFACT,
                       "'%s' is damaged: a tensor map of step '%s' has %lld "
                       "bytes, where buffer %u has %lld",
                       model.artifact.name(), step, (long long)last,
                       map.buffer(), (long long)left);
    return nullptr;
  }

  Error bindArg(const fmt::Arg &arg, uint32_t argument, uint32_t index,
                const char *step, bool isUsed) {
    if (arg.kind() == fmt::ArgKind::TensorMap)
      return bindMap(*plan.tensor_maps()->Get(arg.buffer()), argument, index,
                     step, isUsed);
    uint64_t &slot = program.args[index];
    if (arg.kind() == fmt::ArgKind::F32) {
      slot = arg.bits();
      return nullptr;
    }
    int64_t value;
    if (Error error =
            values.get(allocator, arg.expr(), "an argument", step, &value))
      return error;
    if (arg.kind() == fmt::ArgKind::Pointer)
      return bindPointer(arg.buffer(), value, index, step, isUsed);
    slot = uint64_t(value);
    return nullptr;
  }

  Error gridTasks(const fmt::Step &step, const char *name, int64_t *extents,
                  int64_t *tasks) {
    uint32_t exprs[3] = {step.grid()->x(), step.grid()->y(), step.grid()->z()};
    for (int i = 0; i < 3; ++i)
      if (Error error = values.getSize(allocator, exprs[i], "the grid", name,
                                       &extents[i]))
        return error;
    bool isEmpty = !extents[0] || !extents[1] || !extents[2];
    *tasks = 0;
    if (!isEmpty && (__builtin_mul_overflow(extents[0], extents[1], tasks) ||
                     __builtin_mul_overflow(*tasks, extents[2], tasks)))
      return makeError(allocator, INGOT_ERROR_SHAPE,
                       "the grid of step '%s' does not fit 64 bits", name);
    return nullptr;
  }

  /// Copies and fills stay inside their buffers.
  Error bindTransfer(const fmt::Step &step, uint32_t firstArg, const char *name,
                     int64_t *tasks) {
    bool isCopy = step.kind() == fmt::StepKind::Copy;
    auto bytes = int64_t(program.args[firstArg + (isCopy ? 2 : 1)]);
    for (uint32_t a = 0; a < (isCopy ? 2u : 1u); ++a) {
      const fmt::Arg &arg = *step.args()->Get(a);
      int64_t left = bufferBytes[arg.buffer()] - values[arg.expr()];
      if (bytes < 0 || bytes > left)
        return makeError(
            allocator, INGOT_ERROR_ARTIFACT,
            "'%s' is damaged: step '%s' moves %lld bytes where there are %lld",
            model.artifact.name(), name, (long long)bytes, (long long)left);
    }
    *tasks = bytes / kTransferBytes + (bytes % kTransferBytes != 0);
    return nullptr;
  }

  /// Whether `rows` of `columns` elements, `stride` apart, lie in the buffer.
  bool holds(const fmt::Arg &arg, int64_t rows, int64_t stride, int64_t columns,
             fmt::ElementType type) const {
    int64_t end;
    return rows == 0 || columns == 0 ||
           (stride >= columns &&
            !__builtin_mul_overflow(rows - 1, stride, &end) &&
            !__builtin_add_overflow(end, columns, &end) &&
            !__builtin_mul_overflow(
                end, int64_t(ingot_type_bits(apiType(type)) / 8), &end) &&
            end <= bufferBytes[arg.buffer()] - values[arg.expr()]);
  }

  /// A library is not our code: what it is given is checked.
  Error bindProduct(const fmt::Step &step, BoundStep &bound, const char *name) {
    bound.product = fmt::kNone;
    const fmt::Product *product = step.product();
    if (!product)
      return nullptr;
    bound.product = nextProduct++;
    BoundProduct &p = program.products[bound.product];
    const struct {
      uint32_t expr;
      int64_t *value;
    } dims[] = {{product->m(), &p.m},
                {product->n(), &p.n},
                {product->k(), &p.k},
                {product->lda(), &p.lda}};
    for (auto &dim : dims)
      if (Error error =
              values.getSize(allocator, dim.expr, "a dim", name, dim.value))
        return error;
    auto arg = [&](uint32_t number) { return *step.args()->Get(number); };
    bool isWithin =
        holds(arg(0), p.m, p.n, p.n, product->out_type()) &&
        holds(arg(product->a()), p.m, p.lda, p.k, product->type()) &&
        holds(arg(product->w()), p.n, p.k, p.k, product->type()) &&
        (product->bias() == fmt::kNone ||
         holds(arg(product->bias()), 1, p.n, p.n, product->out_type())) &&
        (product->residual() == fmt::kNone ||
         holds(arg(product->residual()), p.m, p.n, p.n, product->out_type()));
    if (isWithin || !bound.tasks)
      return nullptr;
    return makeError(allocator, INGOT_ERROR_ARTIFACT,
                     "'%s' is damaged: step '%s' multiplies %lld x %lld x %lld "
                     "elements, which its buffers do not hold",
                     model.artifact.name(), name, (long long)p.m,
                     (long long)p.n, (long long)p.k);
  }

  Error bindStep(const fmt::Step &step, uint32_t number) {
    const char *name = text(step.name(), "(unnamed)");
    BoundStep &bound = program.steps[number];
    bound.kind = step.kind();
    bound.number = number;
    bound.firstArg = nextArg;
    bound.step = &step;
    bound.firstMap = nextMap;
    bool isLaunch = step.kind() == fmt::StepKind::Launch;
    if (isLaunch)
      if (Error error = gridTasks(step, name, bound.grid, &bound.tasks))
        return error;
    for (uint32_t a = 0; a < count(step.args()); ++a)
      if (Error error = bindArg(*step.args()->Get(a), a, nextArg++, name,
                                !isLaunch || bound.tasks))
        return error;
    bound.maps = nextMap - bound.firstMap;
    if (Error error = bindProduct(step, bound, name))
      return error;
    if (isLaunch) {
      const fmt::Kernel &kernel = *model.target->kernels()->Get(step.kernel());
      bound.kernel = model.kernels[step.kernel()];
      int64_t scratch = 0;
      if (kernel.worker_scratch() != fmt::kNone)
        if (Error error = values.getSize(allocator, kernel.worker_scratch(),
                                         "worker scratch", name, &scratch))
          return error;
      if (size_t(scratch) > program.workerScratchBytes)
        program.workerScratchBytes = size_t(scratch);
    } else if (Error error =
                   bindTransfer(step, bound.firstArg, name, &bound.tasks)) {
      return error;
    }
    bound.flops = estimate(step.flops());
    bound.bytes = estimate(step.bytes());
    return nullptr;
  }

  int64_t estimate(uint32_t expr) const {
    return expr != fmt::kNone && values.isDefined(expr) ? values[expr] : -1;
  }

  const ingot_model &model;
  const Allocator &allocator;
  const fmt::Plan &plan;
  const ExprValues &values;
  const ModelMemory &memory;
  const BoundInterface *interface;
  Array<int64_t> &slotOffsets, &slotBytes, &bufferBytes;
  Program &program;
  uint32_t nextArg = 0, nextPatch = 0, nextMap = 0, nextProduct = 0;
};

} // namespace

Error buildProgram(const ingot_model &model, const fmt::Plan &plan,
                   const Steps *steps, const ModelMemory &memory,
                   const BoundInterface *interface, BindScratch &scratch,
                   Program &program) {
  return ProgramBuilder(model, plan, memory, interface, scratch, program)
      .build(steps);
}

} // namespace ingot::runtime
