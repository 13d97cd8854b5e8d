#include "ir/lift/ShapeContext.h"
#include "passes/Passes.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_ASSIGNSLOTS
#include "passes/Passes.h.inc"

namespace {
struct Lifetime {
  plan::BufferOp buffer;
  size_t first, last;
};

struct AssignSlotsPass : impl::AssignSlotsBase<AssignSlotsPass> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<plan::ProgramOp>())
      assign(program);
  }

  void assign(plan::ProgramOp program) {
    llvm::MapVector<Operation *, Lifetime> lifetimes;
    size_t step = 0;
    for (auto launch : program.getBody().getOps<plan::LaunchOp>()) {
      for (Value operand : launch.getBuffers()) {
        auto buffer = operand.getDefiningOp<plan::BufferOp>();
        if (buffer.getKind() != plan::BufferKind::Scratch)
          continue;
        auto [it, isNew] =
            lifetimes.insert({buffer, Lifetime{buffer, step, step}});
        it->second.last = step;
      }
      ++step;
    }
    // In the order of first use, each buffer takes a free slot: of its own size
    // if there is one (nothing is wasted then), else the one freed last.
    struct Slot {
      size_t freeAfter;
      tfm::DimsAttr size;
    };
    llvm::SmallVector<Slot> slots;
    for (auto &[op, life] : lifetimes) {
      std::optional<size_t> chosen;
      for (auto [i, slot] : llvm::enumerate(slots)) {
        if (slot.freeAfter >= life.first)
          continue;
        if (slot.size == life.buffer.getSizeAttr()) {
          chosen = i;
          break;
        }
        if (!chosen || slots[*chosen].freeAfter < slot.freeAfter)
          chosen = i;
      }
      if (!chosen) {
        chosen = slots.size();
        slots.push_back({0, life.buffer.getSizeAttr()});
      }
      Slot &slot = slots[*chosen];
      slot.freeAfter = life.last;
      if (slot.size != life.buffer.getSizeAttr())
        slot.size = larger(slot.size, life.buffer.getSizeAttr());
      life.buffer.setNumber(*chosen);
    }
    Builder builder(&getContext());
    llvm::SmallVector<Attribute> sizes;
    for (Slot &slot : slots)
      sizes.push_back(slot.size);
    program->setAttr("slots", builder.getArrayAttr(sizes));
  }

  tfm::DimsAttr larger(tfm::DimsAttr a, tfm::DimsAttr b) {
    ShapeFacts facts;
    ShapeContext shapes(facts);
    return shapes.attr(
        &getContext(),
        shapes.pool().max(shapes.parse(a.text(0)), shapes.parse(b.text(0))));
  }
};
} // namespace

} // namespace ingot
