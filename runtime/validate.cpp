#include "runtime/artifact.h"
#include "runtime/fill.h"

#include "runtime/types.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

namespace ingot::runtime {
namespace {

using flatbuffers::Vector;

// Lists that are compared pair by pair; keeps a hostile file from costing
// hours.
constexpr uint32_t kMaxInterface = 4096;

/// Walks the header once. Each check returns an error or NULL; `where` says
/// what is being looked at.
class Validator {
public:
  Validator(const Allocator &allocator, const Artifact &artifact)
      : allocator(allocator), artifact(artifact), root(*artifact.header()) {}

  Error run() {
    if (Error error = checkExprs())
      return error;
    if (Error error = checkSymbols())
      return error;
    if (Error error = checkStorage())
      return error;
    for (uint32_t i = 0; i < count(root.targets()); ++i)
      if (Error error = checkTarget(i))
        return error;
    if (!count(root.entries()) || count(root.entries()) > kMaxInterface)
      return damaged("it has %u entries", count(root.entries()));
    for (uint32_t i = 0; i < count(root.entries()); ++i)
      if (Error error = checkEntry(i))
        return error;
    return nullptr;
  }

private:
  [[gnu::format(printf, 2, 3)]] Error damaged(const char *format, ...) {
    char detail[512];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    return makeError(allocator, INGOT_ERROR_ARTIFACT, "'%s' is damaged: %s%s%s",
                     artifact.name(), where.c_str(), where.empty() ? "" : ": ",
                     detail);
  }

  bool isExpr(uint32_t number) const { return number < count(root.exprs()); }
  Error expr(uint32_t number, const char *what) {
    if (isExpr(number))
      return nullptr;
    return damaged("%s is expression %u of %u", what, number,
                   count(root.exprs()));
  }
  Error optionalExpr(uint32_t number, const char *what) {
    return number == fmt::kNone ? nullptr : expr(number, what);
  }
  Error exprList(const Vector<uint32_t> *numbers, const char *what) {
    for (uint32_t i = 0; i < count(numbers); ++i)
      if (Error error = expr(numbers->Get(i), what))
        return error;
    return nullptr;
  }
  Error range(uint64_t offset, uint64_t length, uint64_t alignment,
              const char *what) {
    if (offset % alignment == 0 && offset <= artifact.size() &&
        length <= artifact.size() - offset)
      return nullptr;
    return damaged("%s: %llu bytes at %llu do not fit a file of %llu bytes",
                   what, (unsigned long long)length, (unsigned long long)offset,
                   (unsigned long long)artifact.size());
  }

  Error checkExprs() {
    for (uint32_t i = 0; i < count(root.exprs()); ++i) {
      const fmt::ExprNode &node = *root.exprs()->Get(i);
      if (node.op() > fmt::ExprOp::MAX)
        return damaged("expression %u has operation %u", i,
                       unsigned(node.op()));
      if (node.op() == fmt::ExprOp::Symbol) {
        if (node.a() >= count(root.symbols()) ||
            root.symbols()->Get(node.a())->rate() == fmt::SymbolRate::Step)
          return damaged("expression %u is symbol %u", i, node.a());
        continue;
      }
      uint32_t operands = operandCount(node.op());
      if ((operands > 0 && node.a() >= i) || (operands > 1 && node.b() >= i) ||
          (operands > 2 && node.c() >= i))
        return damaged("expression %u refers to a later one", i);
    }
    return nullptr;
  }

  static uint32_t operandCount(fmt::ExprOp op) {
    switch (op) {
    case fmt::ExprOp::Constant:
    case fmt::ExprOp::Symbol:
      return 0;
    case fmt::ExprOp::Abs:
    case fmt::ExprOp::GeZero:
    case fmt::ExprOp::EqZero:
    case fmt::ExprOp::Not:
      return 1;
    case fmt::ExprOp::Select:
      return 3;
    default:
      return 2;
    }
  }

  Error checkSymbols() {
    for (uint32_t i = 0; i < count(root.symbols()); ++i) {
      const fmt::Symbol &symbol = *root.symbols()->Get(i);
      if (symbol.rate() > fmt::SymbolRate::MAX || symbol.min() > symbol.max())
        return damaged("symbol '%s' has rate %u and range %lld..%lld",
                       symbol.name()->c_str(), unsigned(symbol.rate()),
                       (long long)symbol.min(), (long long)symbol.max());
      if (Error error = optionalExpr(symbol.limit(), "the limit of a symbol"))
        return error;
    }
    return nullptr;
  }

  Error checkStorage() {
    for (uint32_t i = 0; i < count(root.states()); ++i)
      if (Error error =
              expr(root.states()->Get(i)->size(), "the size of a state"))
        return error;
    for (uint32_t i = 0; i < count(root.blobs()); ++i) {
      const fmt::Blob &blob = *root.blobs()->Get(i);
      const char *name = blob.name()->c_str();
      if (!isKnownType(blob.type()))
        return damaged("weight '%s' has element type %u", name,
                       unsigned(blob.type()));
      if (blob.layout() && blob.layout()->kind() > fmt::LayoutKind::MAX)
        return damaged("weight '%s' has layout %u", name,
                       unsigned(blob.layout()->kind()));
      if (blob.fill()) {
        if (!canFill(blob))
          return damaged("weight '%s' is to be filled, which its type or "
                         "layout does not allow",
                         name);
      } else if (Error error = range(blob.offset(), blob.length(),
                                     fmt::kBlobAlignment, name)) {
        return error;
      }
    }
    return nullptr;
  }

  Error checkTarget(uint32_t number) {
    const fmt::Target &target = *root.targets()->Get(number);
    where = Text();
    where.append("target '%s'", target.name()->c_str());
    if (target.device() > fmt::DeviceKind::MAX)
      return damaged("it is for device %u", unsigned(target.device()));
    if (Error error = range(target.code_offset(), target.code_length(),
                            fmt::kSectionAlignment, "code"))
      return error;
    for (uint32_t i = 0; i < count(target.kernels()); ++i) {
      const fmt::Kernel &kernel = *target.kernels()->Get(i);
      const char *name = kernel.name()->c_str();
      if (kernel.offset() >= target.code_length() ||
          kernel.length() > target.code_length() - kernel.offset())
        return damaged("kernel '%s' is outside the code", name);
      if (Error error = optionalExpr(kernel.worker_scratch(), "worker scratch"))
        return error;
    }
    return nullptr;
  }

  Error checkTensors(const Vector<flatbuffers::Offset<fmt::Tensor>> *tensors,
                     const char *what) {
    for (uint32_t i = 0; i < count(tensors); ++i) {
      const fmt::Tensor &tensor = *tensors->Get(i);
      const char *name = tensor.name()->c_str();
      if (!isKnownType(tensor.type()))
        return damaged("%s '%s' has element type %u", what, name,
                       unsigned(tensor.type()));
      if (count(tensor.dims()) > INGOT_MAX_RANK)
        return damaged("%s '%s' has rank %u", what, name, count(tensor.dims()));
      if (Error error = exprList(tensor.dims(), "a dim"))
        return error;
      if (tensor.dim_texts() &&
          count(tensor.dim_texts()) != count(tensor.dims()))
        return damaged("%s '%s' has %u texts for %u dims", what, name,
                       count(tensor.dim_texts()), count(tensor.dims()));
      for (uint32_t j = 0; j < i; ++j)
        if (!strcmp(name, tensors->Get(j)->name()->c_str()))
          return damaged("it has two %ss '%s'", what, name);
    }
    return nullptr;
  }

  Error checkSources(const fmt::Entry &entry) {
    for (uint32_t i = 0; i < count(entry.sources()); ++i) {
      const fmt::SymbolSource &source = *entry.sources()->Get(i);
      if (source.symbol() >= count(root.symbols()) ||
          root.symbols()->Get(source.symbol())->rate() !=
              fmt::SymbolRate::Bind ||
          source.kind() > fmt::SourceKind::MAX)
        return damaged("source %u binds symbol %u", i, source.symbol());
      for (uint32_t j = 0; j < i; ++j)
        if (entry.sources()->Get(j)->symbol() == source.symbol())
          return damaged("symbol %u has two sources", source.symbol());
      if (source.kind() == fmt::SourceKind::DeviceParallel)
        continue;
      if (source.input() >= count(entry.inputs()))
        return damaged("source %u is input %u", i, source.input());
      const fmt::Tensor &input = *entry.inputs()->Get(source.input());
      bool isInteger = input.type() == fmt::ElementType::I64 ||
                       input.type() == fmt::ElementType::I32;
      bool isRead = isInteger;
      if (source.kind() == fmt::SourceKind::InputDim)
        isRead = source.position() < count(input.dims());
      else if (source.kind() == fmt::SourceKind::NonZeroElements)
        isRead = isCountable(apiType(input.type()));
      if (!isRead)
        return damaged("source %u cannot be read from input '%s'", i,
                       input.name()->c_str());
    }
    return nullptr;
  }

  Error checkEntry(uint32_t number) {
    const fmt::Entry &entry = *root.entries()->Get(number);
    const char *name = entry.name()->c_str();
    where = Text();
    where.append("entry '%s'", name);
    for (uint32_t j = 0; j < number; ++j)
      if (!strcmp(name, root.entries()->Get(j)->name()->c_str()))
        return damaged("there are two of that name");
    if (count(entry.inputs()) > kMaxInterface ||
        count(entry.outputs()) > kMaxInterface ||
        count(entry.sources()) > kMaxInterface ||
        count(entry.plans()) > kMaxInterface)
      return damaged("its interface is too large");
    if (Error error = checkTensors(entry.inputs(), "input"))
      return error;
    if (Error error = checkTensors(entry.outputs(), "output"))
      return error;
    if (Error error = checkSources(entry))
      return error;
    for (uint32_t i = 0; i < count(entry.requirements()); ++i) {
      const fmt::Require &require = *entry.requirements()->Get(i);
      if (Error error = expr(require.condition(), "a required condition"))
        return error;
      if (Error error = optionalExpr(require.left(), "a required value"))
        return error;
      if (Error error = optionalExpr(require.right(), "a required value"))
        return error;
    }
    for (uint32_t i = 0; i < count(entry.plans()); ++i) {
      const fmt::Plan &plan = *entry.plans()->Get(i);
      if (plan.target() >= count(root.targets()))
        return damaged("plan %u is for target %u of %u", i, plan.target(),
                       count(root.targets()));
      for (uint32_t j = 0; j < i; ++j)
        if (entry.plans()->Get(j)->target() == plan.target())
          return damaged("it has two plans for one target");
      if (Error error = checkPlan(entry, plan))
        return error;
    }
    return nullptr;
  }

  Error checkBuffers(const fmt::Entry &entry, const fmt::Plan &plan) {
    for (uint32_t i = 0; i < count(plan.buffers()); ++i) {
      const fmt::Buffer &buffer = *plan.buffers()->Get(i);
      uint32_t limit = 0;
      switch (buffer.kind()) {
      case fmt::BufferKind::Weight:
        limit = count(root.blobs());
        break;
      case fmt::BufferKind::Input:
        limit = count(entry.inputs());
        break;
      case fmt::BufferKind::Output:
        limit = count(entry.outputs());
        break;
      case fmt::BufferKind::Scratch:
        limit = count(plan.slots());
        break;
      case fmt::BufferKind::State:
        limit = count(root.states());
        break;
      case fmt::BufferKind::WorkerScratch:
      case fmt::BufferKind::Model:
        limit = UINT32_MAX;
        break;
      }
      if (buffer.index() >= limit)
        return damaged("buffer %u is number %u of %u of kind %u", i,
                       buffer.index(), limit, unsigned(buffer.kind()));
      if (Error error = expr(buffer.size(), "the size of a buffer"))
        return error;
    }
    return nullptr;
  }

  static bool isReadOnly(const fmt::Buffer &buffer, bool isInit) {
    return buffer.kind() == fmt::BufferKind::Weight ||
           buffer.kind() == fmt::BufferKind::Input ||
           (buffer.kind() == fmt::BufferKind::Model && !isInit);
  }

  Error checkMap(const fmt::Plan &plan, uint32_t number) {
    const fmt::TensorMap &map = *plan.tensor_maps()->Get(number);
    if (map.buffer() >= count(plan.buffers()))
      return damaged("tensor map %u is of buffer %u", number, map.buffer());
    uint32_t rank = count(map.dims());
    bool isKnown = isKnownType(map.type()) && elementBits(map.type()) >= 8;
    isKnown &= rank >= 1 && rank <= 5 && count(map.strides()) == rank - 1 &&
               count(map.box()) == rank;
    isKnown &= map.swizzle() == 0 || map.swizzle() == 32 ||
               map.swizzle() == 64 || map.swizzle() == 128;
    for (uint32_t i = 0; isKnown && i < rank; ++i)
      isKnown = map.box()->Get(i) >= 1 && map.box()->Get(i) <= 256;
    uint64_t row = isKnown ? uint64_t(map.box()->Get(0)) *
                                 uint64_t(elementBits(map.type())) / 8
                           : 0;
    isKnown &= row % 16 == 0 && (!map.swizzle() || row <= map.swizzle());
    if (!isKnown)
      return damaged("tensor map %u is of no kind that there is", number);
    if (Error error = expr(map.offset(), "an offset"))
      return error;
    if (Error error = exprList(map.dims(), "a dim"))
      return error;
    return exprList(map.strides(), "a stride");
  }

  Error checkArgs(const fmt::Plan &plan, const fmt::Step &step, bool isInit) {
    for (uint32_t i = 0; i < count(step.args()); ++i) {
      const fmt::Arg &arg = *step.args()->Get(i);
      switch (arg.kind()) {
      case fmt::ArgKind::Pointer: {
        if (arg.buffer() >= count(plan.buffers()))
          return damaged("argument %u is buffer %u of %u", i, arg.buffer(),
                         count(plan.buffers()));
        if (Error error = expr(arg.expr(), "an offset"))
          return error;
        fmt::BufferKind kind = plan.buffers()->Get(arg.buffer())->kind();
        bool isDestination = i == 0 && (step.kind() == fmt::StepKind::Copy ||
                                        step.kind() == fmt::StepKind::Fill);
        if ((isDestination || (arg.bits() & 2)) &&
            isReadOnly(*plan.buffers()->Get(arg.buffer()), isInit))
          return damaged("argument %u writes to a read-only buffer", i);
        if (isInit && kind != fmt::BufferKind::Weight &&
            kind != fmt::BufferKind::Model && kind != fmt::BufferKind::Scratch)
          return damaged("argument %u is a buffer of a session", i);
        break;
      }
      case fmt::ArgKind::I64:
        if (Error error = expr(arg.expr(), "an argument"))
          return error;
        break;
      case fmt::ArgKind::F32:
        break;
      case fmt::ArgKind::TensorMap:
        if (arg.buffer() >= count(plan.tensor_maps()))
          return damaged("argument %u is tensor map %u of %u", i, arg.buffer(),
                         count(plan.tensor_maps()));
        if (isInit)
          return damaged("argument %u of an init step is a tensor map", i);
        if ((arg.bits() & 2) &&
            isReadOnly(*plan.buffers()->Get(
                           plan.tensor_maps()->Get(arg.buffer())->buffer()),
                       isInit))
          return damaged("argument %u writes to a read-only buffer", i);
        break;
      default:
        return damaged("argument %u has kind %u", i, unsigned(arg.kind()));
      }
    }
    return nullptr;
  }

  /// Argument kinds of the steps that are no launches.
  bool hasSignature(const fmt::Step &step, uint32_t pointers,
                    uint32_t integers) {
    if (count(step.args()) != pointers + integers)
      return false;
    for (uint32_t i = 0; i < pointers + integers; ++i)
      if (step.args()->Get(i)->kind() !=
          (i < pointers ? fmt::ArgKind::Pointer : fmt::ArgKind::I64))
        return false;
    return true;
  }

  Error checkSteps(const fmt::Entry &entry, const fmt::Plan &plan,
                   const Vector<flatbuffers::Offset<fmt::Step>> *steps,
                   bool isInit) {
    const fmt::Target &target = *root.targets()->Get(plan.target());
    for (uint32_t i = 0; i < count(steps); ++i) {
      const fmt::Step &step = *steps->Get(i);
      where = Text();
      where.append("entry '%s', %sstep %u", entry.name()->c_str(),
                   isInit ? "init " : "", i);
      if (step.kind() > fmt::StepKind::MAX)
        return damaged("it has kind %u", unsigned(step.kind()));
      if (step.kind() == fmt::StepKind::Launch) {
        if (step.kernel() >= count(target.kernels()))
          return damaged("it launches kernel %u of %u", step.kernel(),
                         count(target.kernels()));
        if (!step.grid())
          return damaged("it has no grid");
        for (uint32_t extent :
             {step.grid()->x(), step.grid()->y(), step.grid()->z()})
          if (Error error = expr(extent, "the grid"))
            return error;
      }
      if ((step.kind() == fmt::StepKind::Copy && !hasSignature(step, 2, 1)) ||
          (step.kind() == fmt::StepKind::Fill && !hasSignature(step, 1, 2)))
        return damaged("its arguments do not fit its kind");
      if (Error error = checkArgs(plan, step, isInit))
        return error;
      if (step.product())
        if (Error error = checkProduct(plan, step, isInit))
          return error;
      if (Error error = optionalExpr(step.flops(), "FLOPs"))
        return error;
      if (Error error = optionalExpr(step.bytes(), "bytes"))
        return error;
    }
    return nullptr;
  }

  /// Operands of a library are memory of the model or the session.
  Error productOperand(const fmt::Plan &plan, const fmt::Step &step,
                       uint32_t number) {
    if (number >= count(step.args()) ||
        step.args()->Get(number)->kind() != fmt::ArgKind::Pointer)
      return damaged("argument %u of its product is no pointer", number);
    const fmt::Buffer &buffer =
        *plan.buffers()->Get(step.args()->Get(number)->buffer());
    if (buffer.kind() == fmt::BufferKind::Scratch ||
        (number && (buffer.kind() == fmt::BufferKind::Weight ||
                    buffer.kind() == fmt::BufferKind::Model)))
      return nullptr;
    return damaged("argument %u of its product is in a buffer of kind %u",
                   number, unsigned(buffer.kind()));
  }

  Error checkProduct(const fmt::Plan &plan, const fmt::Step &step,
                     bool isInit) {
    const fmt::Product &product = *step.product();
    if (isInit || step.kind() != fmt::StepKind::Launch)
      return damaged("it is a product, but no launch of a run");
    auto isOperand = [](fmt::ElementType type) {
      return type == fmt::ElementType::F32 || type == fmt::ElementType::F16 ||
             type == fmt::ElementType::BF16;
    };
    if (!isOperand(product.type()) || !isOperand(product.out_type()) ||
        product.activation() > fmt::Activation::MAX)
      return damaged("its product has types %u and %u, activation %u",
                     unsigned(product.type()), unsigned(product.out_type()),
                     unsigned(product.activation()));
    for (uint32_t dim : {product.m(), product.n(), product.k(), product.lda()})
      if (Error error = expr(dim, "a dim"))
        return error;
    for (uint32_t number :
         {0u, product.a(), product.w(), product.bias(), product.residual()})
      if (number != fmt::kNone)
        if (Error error = productOperand(plan, step, number))
          return error;
    return nullptr;
  }

  Error checkPlan(const fmt::Entry &entry, const fmt::Plan &plan) {
    if (Error error = checkBuffers(entry, plan))
      return error;
    if (Error error = exprList(plan.slots(), "the size of a slot"))
      return error;
    for (uint32_t i = 0; i < count(plan.tensor_maps()); ++i)
      if (Error error = checkMap(plan, i))
        return error;
    if (Error error = checkSteps(entry, plan, plan.init(), true))
      return error;
    return checkSteps(entry, plan, plan.steps(), false);
  }

  const Allocator &allocator;
  const Artifact &artifact;
  const fmt::Artifact &root;
  Text where;
};

} // namespace

Error validate(const Allocator &allocator, const Artifact &artifact) {
  return Validator(allocator, artifact).run();
}

} // namespace ingot::runtime
