#include "runtime/bind.h"

#include "runtime/types.h"

#include <string.h>

namespace ingot::runtime {
namespace {

using Tensors = flatbuffers::Vector<flatbuffers::Offset<fmt::Tensor>>;

const char *inputName(const fmt::Entry &entry, uint32_t input) {
  return entry.inputs()->Get(input)->name()->c_str();
}

/// "dim 1 of input 'input_ids'"
void appendSource(Text &text, const fmt::Entry &entry,
                  const fmt::SymbolSource &source) {
  switch (source.kind()) {
  case fmt::SourceKind::InputDim:
    text.append("dim %u of input '%s'", source.position(),
                inputName(entry, source.input()));
    break;
  case fmt::SourceKind::InputElement:
    text.append("element %u of input '%s'", source.position(),
                inputName(entry, source.input()));
    break;
  case fmt::SourceKind::DeviceParallel:
    text.append("the number of threads");
    break;
  case fmt::SourceKind::NonZeroElements:
    text.append("the number of elements of input '%s' that are not 0",
                inputName(entry, source.input()));
    break;
  }
}

/// Sources that read what is in an input, in the order of a bind's key.
constexpr fmt::SourceKind kDataKinds[] = {fmt::SourceKind::InputElement,
                                          fmt::SourceKind::NonZeroElements};

int64_t readElement(const ingot_tensor &tensor, uint32_t position) {
  if (tensor.type == INGOT_TYPE_I32) {
    int32_t value;
    memcpy(&value,
           static_cast<const char *>(tensor.data) + size_t(position) * 4, 4);
    return value;
  }
  int64_t value;
  memcpy(&value, static_cast<const char *>(tensor.data) + size_t(position) * 8,
         8);
  return value;
}

bool hasElement(const ingot_tensor &tensor, uint32_t position) {
  size_t bytes;
  return tensorBytes(tensor.type, tensor.dims, tensor.rank, &bytes) &&
         position < bytes * 8 / size_t(ingot_type_bits(tensor.type));
}

Error setSymbol(const ingot_model &model, const fmt::Entry &entry,
                const fmt::SymbolSource &source, int64_t value,
                SymbolValues &symbols) {
  const fmt::Symbol &symbol = *model.header().symbols()->Get(source.symbol());
  symbols.set(source.symbol(), value);
  if (value >= symbol.min() && value <= symbol.max())
    return nullptr;
  Text text;
  appendSource(text, entry, source);
  ingot_error_code code =
      readsData(source) ? INGOT_ERROR_DATA : INGOT_ERROR_SHAPE;
  if (symbol.max() == INT64_MAX)
    return makeError(model.allocator, code,
                     "%s is '%s' and must be at least %lld, but is %lld",
                     text.c_str(), symbol.name()->c_str(),
                     (long long)symbol.min(), (long long)value);
  return makeError(model.allocator, code,
                   "%s is '%s' and must be in %lld..%lld, but is %lld",
                   text.c_str(), symbol.name()->c_str(),
                   (long long)symbol.min(), (long long)symbol.max(),
                   (long long)value);
}

/// How people know a dim: its text, else its value.
void appendDimReason(Text &text, const ingot_model &model,
                     const fmt::Entry &entry, const fmt::Tensor &tensor,
                     uint32_t axis) {
  const fmt::ExprNode &node =
      *model.header().exprs()->Get(tensor.dims()->Get(axis));
  if (tensor.dim_texts() && node.op() != fmt::ExprOp::Constant)
    text.append(" (%s)", tensor.dim_texts()->Get(axis)->c_str());
  if (node.op() != fmt::ExprOp::Symbol)
    return;
  for (uint32_t i = 0; i < count(entry.sources()); ++i) {
    const fmt::SymbolSource &source = *entry.sources()->Get(i);
    if (source.symbol() != node.a())
      continue;
    text.append(" as ");
    appendSource(text, entry, source);
  }
}

Error makeShapes(const ingot_model &model, const fmt::Entry &entry,
                 const Tensors *tensors, const char *what,
                 const ExprValues &values, const ingot_tensor *actual,
                 Array<TensorShape> &shapes) {
  if (!shapes.create(model.allocator, count(tensors)))
    return outOfMemory(model.allocator, "tensor shapes",
                       count(tensors) * sizeof(TensorShape));
  for (uint32_t i = 0; i < shapes.size(); ++i) {
    const fmt::Tensor &tensor = *tensors->Get(i);
    const char *name = tensor.name()->c_str();
    TensorShape &shape = shapes[i];
    shape.rank = int32_t(count(tensor.dims()));
    for (int32_t axis = 0; axis < shape.rank; ++axis) {
      if (Error error = values.getSize(model.allocator,
                                       tensor.dims()->Get(uint32_t(axis)),
                                       "a dim", name, &shape.dims[axis]))
        return error;
      if (!actual || actual[i].dims[axis] == shape.dims[axis])
        continue;
      Text reason;
      appendDimReason(reason, model, entry, tensor, uint32_t(axis));
      return makeError(model.allocator, INGOT_ERROR_SHAPE,
                       "dim %d of input '%s' is %lld, but must be %lld%s", axis,
                       name, (long long)actual[i].dims[axis],
                       (long long)shape.dims[axis], reason.c_str());
    }
    if (!tensorBytes(apiType(tensor.type()), shape.dims, shape.rank,
                     &shape.bytes)) {
      Text dims;
      appendDims(dims, shape.dims, shape.rank);
      return makeError(model.allocator, INGOT_ERROR_SHAPE,
                       "%s '%s' of dims %s is too large", what, name,
                       dims.c_str());
    }
  }
  return nullptr;
}

/// The sentence with {0} and {1} replaced, then input and node.
Error requirementError(const ingot_model &model, const fmt::Require &require,
                       const ExprValues &values) {
  Text text;
  for (const char *p = require.sentence()->c_str(); *p;) {
    bool isPlace = p[0] == '{' && (p[1] == '0' || p[1] == '1') && p[2] == '}';
    if (!isPlace) {
      size_t length = 1 + strcspn(p + 1, "{");
      text.append("%.*s", int(length), p);
      p += length;
      continue;
    }
    uint32_t expr = p[1] == '0' ? require.left() : require.right();
    if (expr != fmt::kNone && values.isDefined(expr))
      text.append("%lld", (long long)values[expr]);
    else
      text.append("?");
    p += 3;
  }
  bool hasInput = require.input() && require.input()->size();
  bool hasNode = require.node() && require.node()->size();
  if (hasInput || hasNode)
    text.append(" (%s%s%s%s%s%s)", hasInput ? "input '" : "",
                hasInput ? require.input()->c_str() : "", hasInput ? "'" : "",
                hasNode ? (hasInput ? ", node '" : "node '") : "",
                hasNode ? require.node()->c_str() : "", hasNode ? "'" : "");
  return makeError(model.allocator, INGOT_ERROR_SHAPE, "%s", text.c_str());
}

Error checkRequirements(const ingot_model &model, const fmt::Entry &entry,
                        const ExprValues &values) {
  for (uint32_t i = 0; i < count(entry.requirements()); ++i) {
    const fmt::Require &require = *entry.requirements()->Get(i);
    int64_t holds;
    if (Error error =
            values.get(model.allocator, require.condition(), "the condition",
                       require.sentence()->c_str(), &holds))
      return error;
    if (!holds)
      return requirementError(model, require, values);
  }
  return nullptr;
}

Error makeStates(const ingot_model &model, const fmt::Plan &plan,
                 const ExprValues &values, Array<int64_t> &stateBytes) {
  const auto *states = model.header().states();
  if (!stateBytes.create(model.allocator, count(states)))
    return outOfMemory(model.allocator, "state sizes",
                       count(states) * sizeof(int64_t));
  for (int64_t &bytes : stateBytes)
    bytes = -1;
  for (uint32_t i = 0; i < count(plan.buffers()); ++i) {
    const fmt::Buffer &buffer = *plan.buffers()->Get(i);
    if (buffer.kind() != fmt::BufferKind::State)
      continue;
    const fmt::State &state = *states->Get(buffer.index());
    if (Error error =
            values.getSize(model.allocator, state.size(), "the size",
                           state.name()->c_str(), &stateBytes[buffer.index()]))
      return error;
  }
  return nullptr;
}

Error makeKey(const ingot_model &model, const fmt::Entry &entry,
              const SymbolValues &symbols, Bind &bind) {
  if (!bind.key.create(model.allocator, keyLength(entry)))
    return outOfMemory(model.allocator, "a bind",
                       keyLength(entry) * sizeof(int64_t));
  int64_t *key = bind.key.data();
  for (const TensorShape &shape : bind.inputs)
    for (int32_t axis = 0; axis < shape.rank; ++axis)
      *key++ = shape.dims[axis];
  for (fmt::SourceKind kind : kDataKinds)
    for (uint32_t i = 0; i < count(entry.sources()); ++i)
      if (entry.sources()->Get(i)->kind() == kind)
        *key++ = symbols.values[entry.sources()->Get(i)->symbol()];
  return nullptr;
}

/// A number of elements that nobody gave is that of all.
Error countAll(const ingot_model &model, const fmt::Entry &entry,
               const fmt::SymbolSource &source, BindScratch &scratch) {
  if (Error error = scratch.values.create(model.allocator, scratch.symbols))
    return error;
  const fmt::Tensor &input = *entry.inputs()->Get(source.input());
  int64_t all = 1;
  for (uint32_t axis = 0; axis < count(input.dims()); ++axis) {
    int64_t dim;
    if (Error error =
            scratch.values.getSize(model.allocator, input.dims()->Get(axis),
                                   "a dim", input.name()->c_str(), &dim))
      return error;
    if (__builtin_mul_overflow(all, dim, &all))
      return makeError(model.allocator, INGOT_ERROR_SHAPE,
                       "input '%s' is too large", input.name()->c_str());
  }
  return setSymbol(model, entry, source, all, scratch.symbols);
}

} // namespace

Error solveSymbols(const ingot_model &model, const fmt::Entry &entry,
                   const ingot_tensor *inputs, int32_t threads,
                   SymbolValues &symbols) {
  if (Error error = symbols.create(model.allocator, model.header()))
    return error;
  for (uint32_t i = 0; i < count(entry.sources()); ++i) {
    const fmt::SymbolSource &source = *entry.sources()->Get(i);
    int64_t value = threads;
    if (source.kind() == fmt::SourceKind::InputDim)
      value = inputs[source.input()].dims[source.position()];
    if (source.kind() == fmt::SourceKind::InputElement) {
      const ingot_tensor &tensor = inputs[source.input()];
      if (!hasElement(tensor, source.position()))
        return makeError(model.allocator, INGOT_ERROR_SHAPE,
                         "input '%s' has no element %u, which decides shapes",
                         inputName(entry, source.input()), source.position());
      value = readElement(tensor, source.position());
    }
    if (source.kind() == fmt::SourceKind::NonZeroElements)
      value = nonZeroElements(inputs[source.input()]);
    if (Error error = setSymbol(model, entry, source, value, symbols))
      return error;
  }
  return nullptr;
}

Error givenSymbols(const ingot_model &model, const fmt::Entry &entry,
                   const ingot_dim *dims, size_t dimCount, int32_t threads,
                   BindScratch &scratch) {
  SymbolValues &symbols = scratch.symbols;
  if (Error error = symbols.create(model.allocator, model.header()))
    return error;
  const auto *all = model.header().symbols();
  for (size_t d = 0; d < dimCount; ++d) {
    const fmt::Symbol *symbol = nullptr;
    for (uint32_t i = 0; i < count(all) && !symbol; ++i)
      if (dims[d].symbol &&
          !strcmp(all->Get(i)->name()->c_str(), dims[d].symbol))
        symbol = all->Get(i);
    if (!symbol)
      return makeError(model.allocator, INGOT_ERROR_NOT_FOUND,
                       "'%s' has no symbol '%s'", model.artifact.name(),
                       dims[d].symbol ? dims[d].symbol : "(null)");
    if (dims[d].value < symbol->min() || dims[d].value > symbol->max())
      return makeError(model.allocator, INGOT_ERROR_SHAPE,
                       "symbol '%s' must be in %lld..%lld, but is %lld",
                       dims[d].symbol, (long long)symbol->min(),
                       (long long)symbol->max(), (long long)dims[d].value);
  }
  for (uint32_t i = 0; i < count(entry.sources()); ++i) {
    const fmt::SymbolSource &source = *entry.sources()->Get(i);
    const fmt::Symbol &symbol = *all->Get(source.symbol());
    int64_t value = symbol.max();
    bool isGiven = false;
    for (size_t d = 0; d < dimCount; ++d)
      if (!strcmp(symbol.name()->c_str(), dims[d].symbol)) {
        value = dims[d].value;
        isGiven = true;
      }
    if (source.kind() == fmt::SourceKind::DeviceParallel)
      value = threads;
    else if (!isGiven && source.kind() == fmt::SourceKind::NonZeroElements)
      continue;
    else if (!isGiven && value == INT64_MAX)
      return makeError(model.allocator, INGOT_ERROR_INVALID_ARGUMENT,
                       "symbol '%s' needs a value: it has no declared maximum",
                       symbol.name()->c_str());
    symbols.set(source.symbol(), value);
  }
  for (uint32_t i = 0; i < count(entry.sources()); ++i) {
    const fmt::SymbolSource &source = *entry.sources()->Get(i);
    if (source.kind() == fmt::SourceKind::NonZeroElements &&
        !symbols.isBound[source.symbol()])
      if (Error error = countAll(model, entry, source, scratch))
        return error;
  }
  return nullptr;
}

Error makeBind(const ingot_model &model, uint32_t entryNumber,
               const ingot_tensor *inputs, BindScratch &scratch, Bind &bind) {
  const fmt::Entry &entry = model.entry(entryNumber);
  const fmt::Plan &plan = *model.plans[entryNumber];
  bind.entry = entryNumber;
  bind.patchedAt = 0;
  bind.preparedAt = 0;
  const ExprValues &values = scratch.values;
  if (Error error = scratch.values.create(model.allocator, scratch.symbols))
    return error;
  if (Error error = makeShapes(model, entry, entry.inputs(), "input", values,
                               inputs, bind.inputs))
    return error;
  if (Error error = checkRequirements(model, entry, values))
    return error;
  if (Error error = makeShapes(model, entry, entry.outputs(), "output", values,
                               nullptr, bind.outputs))
    return error;
  if (Error error = makeStates(model, plan, values, bind.stateBytes))
    return error;
  if (Error error = makeKey(model, entry, scratch.symbols, bind))
    return error;
  BoundInterface interface = {&bind.inputs, &bind.outputs, &bind.stateBytes};
  return buildProgram(model, plan, plan.steps(), model.memory[entryNumber],
                      &interface, scratch, bind.program);
}

bool readsData(const fmt::SymbolSource &source) {
  for (fmt::SourceKind kind : kDataKinds)
    if (source.kind() == kind)
      return true;
  return false;
}

size_t keyLength(const fmt::Entry &entry) {
  size_t length = fixedKeyLength(entry);
  for (uint32_t i = 0; i < count(entry.sources()); ++i)
    length +=
        entry.sources()->Get(i)->kind() == fmt::SourceKind::NonZeroElements;
  return length;
}

size_t fixedKeyLength(const fmt::Entry &entry) {
  size_t length = 0;
  for (uint32_t i = 0; i < count(entry.inputs()); ++i)
    length += count(entry.inputs()->Get(i)->dims());
  for (uint32_t i = 0; i < count(entry.sources()); ++i)
    length += entry.sources()->Get(i)->kind() == fmt::SourceKind::InputElement;
  return length;
}

void keyOfTensors(const fmt::Entry &entry, const ingot_tensor *inputs,
                  int64_t *key) {
  for (uint32_t i = 0; i < count(entry.inputs()); ++i)
    for (int32_t axis = 0; axis < inputs[i].rank; ++axis)
      *key++ = inputs[i].dims[axis];
  for (uint32_t i = 0; i < count(entry.sources()); ++i) {
    const fmt::SymbolSource &source = *entry.sources()->Get(i);
    if (source.kind() != fmt::SourceKind::InputElement)
      continue;
    const ingot_tensor &tensor = inputs[source.input()];
    // Refused by solveSymbols; such a key is never stored.
    *key++ = hasElement(tensor, source.position())
                 ? readElement(tensor, source.position())
                 : INT64_MIN;
  }
  for (uint32_t i = 0; i < count(entry.sources()); ++i) {
    const fmt::SymbolSource &source = *entry.sources()->Get(i);
    if (source.kind() == fmt::SourceKind::NonZeroElements)
      *key++ = nonZeroElements(inputs[source.input()]);
  }
}

} // namespace ingot::runtime
