// wgmma: products of a warpgroup that happen between issue and wait. Where
// operands lie is decoded from the descriptors, which thread holds what from
// the figures of the PTX manual, section "Register Fragments and Shared Memory
// Matrix Layouts" of wgmma.
#include "machine.h"

#include "matrix.h"
#include "verbs.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace ingot::emulator {
namespace {

Warpgroup &warpgroupOf(const Thread &t, const Where &where) {
  size_t number = static_cast<size_t>(t.tid) / 128;
  if (number >= t.block->warpgroups.size() || number >= warpgroupActors)
    fail(Fault::LaunchFailed, "wgmma by a warp whose warpgroup is not whole",
         where);
  return t.block->warpgroups[number];
}

uint32_t actorOf(const Thread &t) {
  return 2 * machine.launch.threads + transactionActors +
         static_cast<uint32_t>(t.tid) / 128;
}

// "Matrix descriptor": addresses and offsets in units of 16 bytes.
struct Descriptor {
  int64_t start, leading, stride;
  unsigned base, swizzle; // bytes
  explicit Descriptor(uint64_t d)
      : start(static_cast<int64_t>(d & 0x3fff) << 4),
        leading(static_cast<int64_t>(d >> 16 & 0x3fff) << 4),
        stride(static_cast<int64_t>(d >> 32 & 0x3fff) << 4), base(d >> 49 & 7) {
    static const unsigned modes[] = {0, 128, 64, 32};
    swizzle = modes[d >> 62];
  }

  int64_t swizzled(int64_t a) const {
    return swizzle ? a ^ (a >> 7 & (swizzle / 16 - 1)) << 4 : a;
  }
  // 16 bytes of k, number `chunk`, of a row: groups of eight rows lie
  // `stride` apart, rows of a group as long as the swizzle; without one, 16
  // bytes, and chunks are `leading` apart.
  int64_t alongK(int row, int chunk) const {
    if (!swizzle)
      return start + row % 8 * 16 + row / 8 * stride + chunk * leading;
    return swizzled(start + row % 8 * swizzle + row / 8 * stride + chunk * 16);
  }
  // 8 columns of 16 bits, number `chunk`, of a k: groups of eight k lie
  // `stride` apart, columns beyond the swizzle's length `leading`.
  int64_t acrossK(int k, int chunk) const {
    if (!swizzle)
      return start + k % 8 * 16 + k / 8 * leading + chunk * stride;
    int chunks = static_cast<int>(swizzle) / 16;
    return swizzled(start + k % 8 * swizzle + k / 8 * stride +
                    chunk % chunks * 16 + chunk / chunks * leading);
  }
};

// Elements of k in 16 bytes; a wgmma takes twice as many.
int elementsOf(const WgmmaOperation &o) {
  return o.type == EMU_TF32 ? 4 : o.type == EMU_E4M3 ? 16 : 8;
}

// What is left of a sum of products of e4m3. The manual says nothing of it;
// DeepSeek-V3's report found around 14 bits.
float of14Bits(float sum) {
  return __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, sum) & ~0x3ffu);
}

struct Operand {
  const AsyncActor &actor;
  const WgmmaOperation &o;
  void fetch(int64_t address, float *to) const {
    // As emu_saddr counts.
    int64_t offset = address - 1024;
    if (offset < 0 || offset + 16 > static_cast<int64_t>(windowBytes))
      fail(Fault::IllegalAddress,
           format("out of bounds: a descriptor of wgmma leads to address %lld",
                  static_cast<long long>(address)),
           o.where);
    const char *p = actor.block->window() + offset;
    access(actor, p, 16, 0, o.where);
    uint32_t words[4];
    memcpy(words, p, 16);
    int elements = elementsOf(o), inWord = elements / 4;
    for (int i = 0; i < elements; ++i)
      to[i] = element(o.type, words[i / inWord], i % inWord);
  }
};

void readA(const Operand &from, const WgmmaOperation &o, float *a) {
  int elements = elementsOf(o), depth = 2 * elements, inWord = elements / 4;
  if (o.hasRegisters) {
    for (int thread = 0; thread < 128; ++thread)
      for (int r = 0; r < 4; ++r) {
        int row = thread / 32 * 16 + thread % 32 / 4 + r % 2 * 8,
            k = thread % 4 * inWord + r / 2 * elements;
        unsigned word = o.registers[static_cast<size_t>(thread * 4 + r)];
        for (int i = 0; i < inWord; ++i)
          a[row * depth + k + i] = element(o.type, word, i);
      }
    return;
  }
  Descriptor d(o.a);
  for (int row = 0; row < 64; ++row)
    for (int chunk = 0; chunk < 2; ++chunk)
      from.fetch(d.alongK(row, chunk), a + row * depth + chunk * elements);
}

void readB(const Operand &from, const WgmmaOperation &o, float *b) {
  Descriptor d(o.b);
  if (o.transposed) {
    for (int k = 0; k < 16; ++k)
      for (int chunk = 0; chunk < o.columns / 8; ++chunk)
        from.fetch(d.acrossK(k, chunk), b + k * o.columns + chunk * 8);
    return;
  }
  int elements = elementsOf(o);
  for (int column = 0; column < o.columns; ++column)
    for (int chunk = 0; chunk < 2; ++chunk) {
      float values[16];
      from.fetch(d.alongK(column, chunk), values);
      for (int i = 0; i < elements; ++i)
        b[(chunk * elements + i) * o.columns + column] = values[i];
    }
}

void run(Block &block, Warpgroup &w) {
  WgmmaOperation &o = w.operations.front();
  auto number = static_cast<uint32_t>(&w - block.warpgroups.data());
  AsyncActor actor{&block,
                   2 * machine.launch.threads + transactionActors + number,
                   o.group + 1, &o.view};
  static float a[64 * 32], b[32 * 256];
  Operand from{actor, o};
  readA(from, o, a);
  readB(from, o, b);
  if (!o.keep)
    std::fill(o.sums->values.begin(), o.sums->values.end(), 0.f);
  multiply(o.sums->values.data(), a, b, 64, o.columns, 2 * elementsOf(o));
  if (o.type == EMU_E4M3)
    for (float &sum : o.sums->values)
      sum = of14Bits(sum);
  w.operations.pop_front();
  ++w.run;
  ++machine.stats.wgmmas;
}

bool isIssued(const Warpgroup &w) {
  return !w.operations.empty() && w.operations.front().seen == 128;
}

// The place of a thread's sum number `i`.
size_t sumAt(const Thread &t, int columns, int i) {
  int row = t.tid % 128 / 32 * 16 + t.lane / 4 + i / 2 % 2 * 8,
      column = i / 4 * 8 + t.lane % 4 * 2 + i % 2;
  return static_cast<size_t>(row * columns + column);
}

// The sums that d is, taken from the thread if they were its own.
WgmmaSums *take(Thread &t, Warpgroup &w, WgmmaOperation *known, float *d,
                int columns) {
  int self = t.tid % 128;
  for (WgmmaSums *s : t.wgmma.inFlight)
    if (s->registers[self] == d)
      return s;
  WgmmaSums *s = known ? known->sums : nullptr;
  if (!s) {
    w.sums.push_back(std::make_unique<WgmmaSums>());
    s = w.sums.back().get();
    s->columns = columns;
    s->values.resize(static_cast<size_t>(64 * columns));
    std::fill_n(s->registers, 128, nullptr);
  }
  s->registers[self] = d;
  for (int i = 0; i < columns / 2; ++i) {
    s->values[sumAt(t, s->columns, i)] = d[i];
    d[i] = NAN;
  }
  t.wgmma.inFlight.push_back(s);
  return s;
}

// Gives back what operations of groups before `end` have.
void giveBack(Thread &t, uint32_t end) {
  auto &mine = t.wgmma.inFlight;
  for (WgmmaSums *s : mine)
    if (s->lastGroup < end) {
      float *&d = s->registers[t.tid % 128];
      for (int i = 0; i < s->columns / 2; ++i)
        d[i] = s->values[sumAt(t, s->columns, i)];
      d = nullptr;
    }
  std::erase_if(mine, [&](WgmmaSums *s) { return s->lastGroup < end; });
}

} // namespace

void runSome(Block &block) {
  for (Warpgroup &w : block.warpgroups)
    if (isIssued(w))
      return run(block, w);
}

void finishWgmma(Thread &t) {
  if (!t.wgmma.inFlight.empty())
    fail(Fault::LaunchFailed,
         "missing wait: the thread returns with a wgmma in flight", t.where);
}

} // namespace ingot::emulator

using namespace ingot::emulator;

extern "C" {

void emu_wgmma(int type, float *d, int columns, const unsigned *a,
               unsigned long long da, unsigned long long db, int keep,
               int transposed, const char *file, int line) {
  Thread &t = *machine.current;
  Where where{file, line};
  t.where = where;
  if ((type == EMU_TF32 || type == EMU_E4M3) && transposed)
    fail(Fault::LaunchFailed, "wgmma of tf32 and e4m3 takes rows of k only",
         where);
  Warpgroup &w = warpgroupOf(t, where);
  WgmmaThread &mine = t.wgmma;
  size_t index = mine.issued++ - w.run;
  WgmmaOperation *o =
      index < w.operations.size() ? &w.operations[index] : nullptr;
  size_t before = mine.inFlight.size();
  WgmmaSums *sums = take(t, w, o, d, columns);
  bool isNew = mine.inFlight.size() != before;
  if ((isNew || a) && !mine.isFenced)
    fail(Fault::LaunchFailed,
         "missing fence: wgmma gets registers that the thread has used, "
         "without wgmma_fence",
         where);
  if (!o) {
    w.operations.push_back({type,
                            columns,
                            keep,
                            transposed,
                            a != nullptr,
                            da,
                            db,
                            mine.committed,
                            0,
                            sums,
                            {},
                            viewOf(t),
                            where});
    o = &w.operations.back();
    if (a)
      o->registers.resize(512);
  } else if (o->type != type || o->columns != columns || o->keep != keep ||
             o->transposed != transposed || o->hasRegisters != (a != nullptr) ||
             o->a != da || o->b != db || o->sums != sums ||
             o->group != mine.committed) {
    fail(Fault::LaunchFailed,
         format("the threads of a warpgroup disagree on a wgmma: see %s",
                describe(o->where).c_str()),
         where);
  } else if (t.lane == 0) {
    meet(o->view, viewOf(t));
  }
  sums->lastGroup = o->group;
  if (a)
    memcpy(&o->registers[static_cast<size_t>(t.tid % 128) * 4], a, 16);
  if (++o->seen == 128 && machine.options.mode == Mode::Early)
    while (isIssued(w))
      run(*t.block, w);
}

void emu_wgmma_fence() { machine.current->wgmma.isFenced = true; }

void emu_wgmma_commit() { ++machine.current->wgmma.committed; }

void emu_wgmma_wait(int groups, const char *file, int line) {
  Thread &t = *machine.current;
  Where where{file, line};
  t.where = where;
  Warpgroup &w = warpgroupOf(t, where);
  if (!w.waiting.empty() && (w.waitsAt.line != line || w.waitsAt.file != file))
    fail(Fault::LaunchFailed,
         format("divergence: thread %d waits for wgmma here, others of its "
                "warpgroup at %s",
                t.tid, describe(w.waitsAt).c_str()),
         where);
  w.waitsAt = where;
  w.waiting.push_back(&t);
  if (w.waiting.size() < 128)
    return machine.suspend("wgmma_wait", where);
  uint32_t committed = t.wgmma.committed,
           end = committed - std::min(committed, uint32_t(groups));
  while (!w.operations.empty() && w.operations.front().group < end) {
    if (!isIssued(w))
      fail(Fault::LaunchFailed,
           format("wgmma was issued by %u of the warpgroup's 128 threads",
                  w.operations.front().seen),
           w.operations.front().where);
    run(*t.block, w);
  }
  std::vector<Thread *> waiting;
  waiting.swap(w.waiting);
  for (Thread *other : waiting) {
    giveBack(*other, end);
    other->wgmma.isFenced = false;
    learn(*other, actorOf(*other), end);
    if (other != &t)
      machine.wake(*other);
  }
  std::erase_if(w.sums, [&](const auto &s) {
    return std::none_of(s->registers, s->registers + 128,
                        [](float *d) { return d; });
  });
}

} // extern "C"
