// From the dims of inputs to something that can be executed: symbols, checks,
// sizes, and steps with their arguments.
#pragma once

#include "runtime/evaluate.h"
#include "runtime/kernel_abi.h"
#include "runtime/model.h"

namespace ingot::runtime {

struct TensorShape {
  int32_t rank;
  int64_t dims[INGOT_MAX_RANK];
  size_t bytes;
};

/// Copies and fills are split into tasks of so many bytes.
constexpr int64_t kTransferBytes = 256 * 1024;

struct BoundStep {
  fmt::StepKind kind;
  uint32_t number;   // in the plan
  uint32_t firstArg; // in Program::args
  uint32_t firstMap; // in Program::maps
  uint32_t maps;
  uint32_t product; // in Program::products; fmt::kNone: no library may do it
  int64_t tasks;    // 0: nothing to do
  int64_t grid[3];  // of launches; their product is `tasks`
  uint64_t kernel;  // of ingot_model::kernels
  int64_t flops;    // -1: unknown
  int64_t bytes;
  const fmt::Step *step;
};

/// A step that a library may do, see fmt::Product.
struct BoundProduct {
  int64_t m, n, k, lda;
  // By the device, once, before the first run.
  bool isChosen;
  bool isByLibrary; // else our kernel does it
  uint64_t algorithm[8];
};

/// An argument that points into memory which may move between runs.
struct Patch {
  uint32_t arg;
  fmt::BufferKind kind; // Input, Output, Scratch, State, Weight
  uint32_t index;
  int64_t offset; // bytes; of scratch, in the arena
};

/// An argument that is a tensor map: its slot in Program::args holds the
/// tensor's address.
struct BoundMap {
  static constexpr uint32_t kMostRank = 5;
  const fmt::TensorMap *map;
  uint32_t arg; // of the step
  uint32_t rank;
  uint64_t dims[kMostRank];
  uint64_t strides[kMostRank - 1]; // bytes, of dims 1 and up
};

/// Steps of a plan with everything evaluated.
struct Program {
  Array<BoundStep> steps;
  Array<uint64_t> args;
  Array<Patch> patches;
  Array<BoundMap> maps;
  Array<BoundProduct> products;
  size_t arenaBytes = 0;
  size_t workerScratchBytes = 0;

  bool isByLibrary(const BoundStep &step) const {
    return step.tasks && step.product != fmt::kNone &&
           products[step.product].isByLibrary;
  }
};

/// Of one step, while profiling.
struct StepTime {
  int64_t nanoseconds;
  int64_t busy; // of all threads together, inside tasks; 0 on a GPU
};

/// How an execution of a program ended.
struct RunOutcome {
  bool isCancelled = false;
  bool isFailed = false;
  uint32_t failedStep = 0; // index into Program::steps
  ingot_kernel_status status = {};
};

/// What the program's buffers must fit into, beside weights and slots.
struct BoundInterface {
  const Array<TensorShape> *inputs;
  const Array<TensorShape> *outputs;
  const Array<int64_t> *stateBytes; // by Artifact.states, -1 where unused
};

/// What making a bind works with. Kept from one to the next: another bind of
/// the same plan then allocates nothing for it.
struct BindScratch {
  SymbolValues symbols;
  ExprValues values;
  Array<int64_t> slotOffsets, slotBytes, bufferBytes;
};

/// `memory` holds the model's own buffers; `interface` is null for init plans.
/// Values are those in `scratch`.
[[nodiscard]] Error
buildProgram(const ingot_model &model, const fmt::Plan &plan,
             const flatbuffers::Vector<flatbuffers::Offset<fmt::Step>> *steps,
             const ModelMemory &memory, const BoundInterface *interface,
             BindScratch &scratch, Program &program);

/// One shape of an entry, ready to run.
struct Bind {
  uint32_t entry = 0;
  Array<int64_t> key; // see keyOfTensors
  Array<TensorShape> inputs;
  Array<TensorShape> outputs;
  Array<int64_t> stateBytes;
  Program program;
  uint64_t lastUse = 0;
  uint64_t patchedAt = 0; // version of the session's pointers in `program.args`
  uint64_t preparedAt = 0; // for the device; 0 after a patch
};

/// Symbols of an entry from bound tensors. Refuses values out of range.
[[nodiscard]] Error solveSymbols(const ingot_model &model,
                                 const fmt::Entry &entry,
                                 const ingot_tensor *inputs, int32_t threads,
                                 SymbolValues &symbols);
/// The same from named values; what is missing takes its maximum, a number of
/// elements that of the input at the dims of the others.
[[nodiscard]] Error givenSymbols(const ingot_model &model,
                                 const fmt::Entry &entry, const ingot_dim *dims,
                                 size_t dimCount, int32_t threads,
                                 BindScratch &scratch);

/// Whether the value is in the memory of an input, not in its dims.
bool readsData(const fmt::SymbolSource &source);

/// Checks everything and sizes everything, for the symbols in `scratch`.
/// `inputs` are compared with the dims they give; null if there are none yet. A
/// bind of the same plan is made anew in its memory; after an error it is of no
/// use.
[[nodiscard]] Error makeBind(const ingot_model &model, uint32_t entry,
                             const ingot_tensor *inputs, BindScratch &scratch,
                             Bind &bind);

/// What tells binds of an entry apart: all dims of all inputs, then the input
/// elements that are symbols, then numbers of elements that are.
size_t keyLength(const fmt::Entry &entry);
/// Of these, what a bind cannot be made anew for: all but the numbers.
size_t fixedKeyLength(const fmt::Entry &entry);
void keyOfTensors(const fmt::Entry &entry, const ingot_tensor *inputs,
                  int64_t *key);

} // namespace ingot::runtime
