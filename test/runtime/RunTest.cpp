#include "test/runtime/Artifacts.h"

#include <cfloat>
#include <cmath>
#include <xmmintrin.h>

namespace ingot::test {
namespace {

std::vector<float> iota(size_t size) {
  std::vector<float> result(size);
  for (size_t i = 0; i < size; ++i)
    result[i] = float(i);
  return result;
}

TEST(Run, DynamicDims) {
  Maker m = doubling();
  Model model(m);
  Session session(model, 2);
  for (int64_t sequence : {1, 3, 0, 512, 3, 100}) {
    std::vector<float> x = iota(size_t(2 * sequence)), y;
    for (float v : x)
      y.push_back(2 * v);
    ingot_tensor t = tensor(x, {2, sequence});
    ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
    ASSERT_TRUE(ok(ingot_session_run(session)));
    EXPECT_EQ(dims(output(session, "y")), (std::vector<int64_t>{2, sequence}));
    EXPECT_EQ(values<float>(output(session, "y")), y);
  }
}

class RunEmbedding : public testing::Test {
protected:
  ingot_error *run(std::vector<int64_t> newIds) {
    ids = newIds;
    auto size = int64_t(ids.size());
    x = iota(size_t(size) * 4);
    ingot_tensor i = tensor(ids, {1, size}), t = tensor(x, {1, size, 4});
    EXPECT_TRUE(ok(ingot_session_set_input(session, "ids", &i)));
    EXPECT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
    return ingot_session_run(session);
  }
  std::vector<float> expected() {
    std::vector<float> y = x;
    for (size_t i = 0; i < y.size(); ++i)
      y[i] += float((ids[i / 4] < 0 ? ids[i / 4] + 10 : ids[i / 4]) * 4 +
                    int64_t(i % 4));
    return y;
  }

  Maker maker = embedding();
  Model model{maker};
  Session session{model, 2};
  std::vector<int64_t> ids;
  std::vector<float> x;
};

TEST_F(RunEmbedding, ScratchWeightsAndPassedThroughInput) {
  ASSERT_TRUE(ok(run({3, 9, -1, 0})));
  EXPECT_EQ(values<float>(output(session, "y")), expected());
  EXPECT_EQ(values<int64_t>(output(session, "ids_out")), ids);
}

TEST_F(RunEmbedding, TimedRuns) {
  ASSERT_TRUE(ok(run({3, 9})));
  int64_t nanoseconds = -1;
  EXPECT_TRUE(fails(ingot_session_time(session, 0, &nanoseconds),
                    INGOT_ERROR_INVALID_ARGUMENT, {"the count is 0"}));
  EXPECT_EQ(nanoseconds, -1);
  ASSERT_TRUE(ok(ingot_session_time(session, 3, &nanoseconds)));
  EXPECT_GT(nanoseconds, 0);
  EXPECT_EQ(values<float>(output(session, "y")), expected());
  ids = {3, 10};
  EXPECT_TRUE(fails(ingot_session_time(session, 3, &nanoseconds),
                    INGOT_ERROR_DATA, {"index 10"}));
}

// No bytes in the file: made up when loaded, the same each time, of the mean
// and deviation that are asked for.
TEST(Run, FilledWeights) {
  Maker maker = embedding();
  maker.artifact.blobs[0]->fill = std::make_unique<Fill>(7, 3.0f, 0.5f);
  std::vector<int64_t> ids = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<float> x(40, 0.0f), first;
  for (int load = 0; load < 2; ++load) {
    Model model(maker);
    EXPECT_TRUE(ok(ingot_model_verify(model)));
    Session session(model, 1);
    ingot_tensor i = tensor(ids, {1, 10}), t = tensor(x, {1, 10, 4});
    ASSERT_TRUE(ok(ingot_session_set_input(session, "ids", &i)));
    ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
    ASSERT_TRUE(ok(ingot_session_run(session)));
    std::vector<float> table = values<float>(output(session, "y"));
    double sum = 0, squares = 0;
    for (float v : table) {
      EXPECT_LE(std::fabs(v - 3), 0.5 * 1.733);
      sum += v - 3, squares += (v - 3) * (v - 3);
    }
    EXPECT_NEAR(sum / 40, 0, 0.25);
    EXPECT_NEAR(squares / 40, 0.25, 0.1);
    if (load) {
      EXPECT_EQ(table, first);
    }
    first = table;
  }
}

TEST_F(RunEmbedding, EmptyInput) {
  ASSERT_TRUE(ok(run({})));
  EXPECT_EQ(dims(output(session, "y")), (std::vector<int64_t>{1, 0, 4}));
  EXPECT_EQ(output(session, "ids_out").bytes, 0u);
  ingot_tensor none = {};
  none.type = INGOT_TYPE_I64;
  none.rank = 2;
  none.dims[0] = 1;
  EXPECT_TRUE(ok(ingot_session_set_input(session, "ids", &none)));
  EXPECT_TRUE(ok(ingot_session_run(session)));
}

TEST_F(RunEmbedding, IndexOutOfRange) {
  EXPECT_TRUE(fails(run({3, 10, 4}), INGOT_ERROR_DATA,
                    {"step 'gather0' (node '/node/gather')",
                     "index 10 is outside [-10, 10)"}));
  EXPECT_TRUE(fails(run({3, 4, -11}), INGOT_ERROR_DATA, {"index -11"}));
  ASSERT_TRUE(ok(run({3, 4}))); // the session stays usable
  EXPECT_EQ(values<float>(output(session, "y")), expected());
}

TEST_F(RunEmbedding, BorrowedOutputs) {
  std::vector<float> y(12);
  std::vector<int64_t> out(3);
  ingot_tensor ty = tensor(y, {1, 3, 4}), tout = tensor(out, {1, 3});
  ASSERT_TRUE(ok(ingot_session_set_output(session, "y", &ty)));
  ASSERT_TRUE(ok(ingot_session_set_output(session, "ids_out", &tout)));
  ASSERT_TRUE(ok(run({3, 9, 1})));
  EXPECT_EQ(y, expected());
  EXPECT_EQ(out, ids);
  // Other memory for the same shape: the cached bind follows.
  std::vector<float> other(12);
  ty = tensor(other, {1, 3, 4});
  ASSERT_TRUE(ok(ingot_session_set_output(session, "y", &ty)));
  ASSERT_TRUE(ok(run({1, 2, 3})));
  EXPECT_EQ(other, expected());
}

TEST_F(RunEmbedding, PointersFollowAGrownArena) {
  ASSERT_TRUE(ok(run({1, 2})));
  std::vector<int64_t> many(500, 7);
  ASSERT_TRUE(ok(run(many)));
  EXPECT_EQ(values<float>(output(session, "y")), expected());
  ASSERT_TRUE(ok(run({1, 2})));
  EXPECT_EQ(values<float>(output(session, "y")), expected());
}

TEST(Run, StepsSeeAllArgumentKinds) {
  Maker m;
  m.output("y", ElementType::F32, {m.constant(2)});
  uint32_t y = m.buffer(BufferKind::Output, 0, m.constant(8));
  m.launch("store", m.one,
           {m.pointer(y), m.integer(m.constant(-5)), m.real(0.25f)});
  Model model(m);
  Session session(model);
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(values<float>(output(session, "y")),
            (std::vector<float>{-5, 0.25f}));
}

TEST(Run, OffsetsAreViews) {
  Maker m;
  m.input("x", ElementType::F32, {m.constant(8)});
  m.output("y", ElementType::F32, {m.constant(4)});
  uint32_t x = m.buffer(BufferKind::Input, 0, m.constant(32));
  uint32_t y = m.buffer(BufferKind::Output, 0, m.constant(16));
  uint32_t four = m.constant(4), sixteen = m.constant(16);
  m.launch(
      "add", m.one,
      {m.pointer(y), m.pointer(x), m.pointer(x, sixteen), m.integer(four)});
  Model model(m);
  Session session(model);
  std::vector<float> data = iota(8);
  ingot_tensor t = tensor(data, {8});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(values<float>(output(session, "y")),
            (std::vector<float>{4, 6, 8, 10}));
}

TEST(Run, EmptyGridsAreSkipped) {
  Maker m = doubling();
  m.plan().steps[0]->grid =
      std::make_unique<Grid>(m.one, m.zero, m.constant(INT64_MAX));
  Model model(m);
  Session session(model);
  std::vector<float> x = {1};
  ingot_tensor t = tensor(x, {1, 1});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  EXPECT_TRUE(ok(ingot_session_run(session)));
}

TEST(Run, GridsThatOverflow) {
  Maker m = doubling();
  m.plan().steps[0]->grid =
      std::make_unique<Grid>(m.constant(3), m.one, m.constant(INT64_MAX));
  Model model(m);
  Session session(model);
  std::vector<float> x = {1};
  ingot_tensor t = tensor(x, {1, 1});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_SHAPE,
                    {"the grid of step 'scale0' does not fit 64 bits"}));
}

TEST(Run, WorkerScratch) {
  Maker m;
  uint32_t rows = m.symbol("rows"), width = m.symbol("width");
  m.input("x", ElementType::F32, {rows, width});
  m.output("y", ElementType::F32, {rows, width});
  m.source("rows", SourceKind::InputDim, 0, 0);
  m.source("width", SourceKind::InputDim, 0, 1);
  uint32_t rowBytes = m.mul(width, m.constant(4)),
           bytes = m.mul(rows, rowBytes);
  uint32_t x = m.buffer(BufferKind::Input, 0, bytes);
  uint32_t y = m.buffer(BufferKind::Output, 0, bytes);
  m.launch("reverse", rows, {m.pointer(y), m.pointer(x), m.integer(width)});
  m.kernel("reverse").worker_scratch = rowBytes;
  Model model(m);
  for (int32_t threads : {1, 4}) {
    Session session(model, threads);
    for (int64_t columns : {5, 1000, 3}) {
      std::vector<float> data = iota(size_t(40 * columns));
      ingot_tensor t = tensor(data, {40, columns});
      ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
      ASSERT_TRUE(ok(ingot_session_run(session)));
      auto result = values<float>(output(session, "y"));
      for (int64_t r = 0; r < 40; ++r)
        ASSERT_EQ(result[size_t(r * columns)],
                  data[size_t((r + 1) * columns - 1)]);
    }
  }
}

TEST(Run, StateOutlivesRunsAndIsSharedByEntries) {
  Maker m;
  auto state = std::make_unique<StateT>();
  state->name = "sum";
  uint32_t four = m.constant(4);
  state->size = four;
  m.artifact.states.push_back(std::move(state));
  for (const char *name : {"main", "again"}) {
    if (name != std::string("main"))
      m.beginEntry(name);
    m.input("x", ElementType::F32, {m.one});
    m.output("y", ElementType::F32, {m.one});
    uint32_t x = m.buffer(BufferKind::Input, 0, four);
    uint32_t y = m.buffer(BufferKind::Output, 0, four);
    uint32_t sum = m.buffer(BufferKind::State, 0, four);
    m.launch("accumulate", m.one, {m.pointer(y), m.pointer(sum), m.pointer(x)});
  }
  Model model(m);
  Session session(model), other(model);
  std::vector<float> three = {3};
  ingot_tensor t = tensor(three, {1});
  auto run = [&](ingot_session *s, const char *entry) {
    EXPECT_TRUE(ok(ingot_session_use_entry(s, entry)));
    EXPECT_TRUE(ok(ingot_session_set_input(s, "x", &t)));
    EXPECT_TRUE(ok(ingot_session_run(s)));
    return values<float>(output(s, "y"))[0];
  };
  EXPECT_EQ(run(session, "main"), 3);
  EXPECT_EQ(run(session, "again"), 6);
  EXPECT_EQ(run(other, "main"), 3);
  EXPECT_TRUE(ok(ingot_session_reset(session)));
  EXPECT_EQ(run(session, "main"), 3);
  EXPECT_TRUE(fails(ingot_session_use_entry(session, "third"),
                    INGOT_ERROR_NOT_FOUND, {"no entry 'third'"}));
}

TEST(Run, InitPlanFillsModelMemoryOnce) {
  Maker m;
  uint32_t n = m.symbol("n"), four = m.constant(4), bytes = m.constant(16);
  m.input("x", ElementType::F32, {n});
  m.output("y", ElementType::F32, {n});
  m.source("n", SourceKind::InputDim, 0, 0);
  uint32_t runBytes = m.mul(n, four);
  uint32_t weight =
      m.buffer(BufferKind::Weight, m.weight("w", {1, 2, 3, 4}), bytes);
  uint32_t scratch = m.buffer(BufferKind::Scratch, m.slot(bytes), bytes);
  uint32_t ofRuns = m.buffer(BufferKind::Scratch, m.slot(runBytes), runBytes);
  uint32_t own = m.buffer(BufferKind::Model, 0, bytes);
  uint32_t x = m.buffer(BufferKind::Input, 0, runBytes);
  uint32_t y = m.buffer(BufferKind::Output, 0, runBytes);
  m.launch("scale", m.one,
           {m.pointer(scratch), m.pointer(weight), m.real(5), m.integer(four)});
  m.launch("scale", m.one,
           {m.pointer(own), m.pointer(scratch), m.real(2), m.integer(four)});
  std::swap(m.plan().init, m.plan().steps);
  m.copy(ofRuns, x, runBytes);
  m.launch("add", m.blocks(n),
           {m.pointer(y), m.pointer(own), m.pointer(ofRuns), m.integer(n)});
  Model model(m);
  for (int i = 0; i < 2; ++i) {
    Session session(model);
    std::vector<float> data = {1, 1, 1};
    ingot_tensor t = tensor(data, {3});
    ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
    ASSERT_TRUE(ok(ingot_session_run(session)));
    EXPECT_EQ(values<float>(output(session, "y")),
              (std::vector<float>{11, 21, 31}));
  }
}

TEST(Run, KernelErrorCodes) {
  Maker m;
  m.launch("fail", m.constant(100), {});
  Model model(m);
  Session session(model, 2);
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_DATA,
                    {"step 'fail0' (node '/node/fail')", "code 7"}));
}

TEST(Run, CopiesAndFillsOfManyTasks) {
  Maker m;
  uint32_t n = m.symbol("n");
  m.input("x", ElementType::U8, {n});
  m.output("a", ElementType::U8, {n});
  m.output("b", ElementType::U8, {n});
  m.source("n", SourceKind::InputDim, 0, 0);
  uint32_t x = m.buffer(BufferKind::Input, 0, n);
  uint32_t a = m.buffer(BufferKind::Output, 0, n);
  uint32_t b = m.buffer(BufferKind::Output, 1, n);
  m.copy(a, x, n);
  auto fill = std::make_unique<StepT>();
  fill->kind = StepKind::Fill;
  fill->args = {m.pointer(b), m.integer(n), m.integer(m.constant(0x5a))};
  m.plan().steps.push_back(std::move(fill));
  Model model(m);
  Session session(model, 2);
  for (int64_t size : {0, 1, 1 << 18, (1 << 18) + 1, 3000001}) {
    std::vector<uint8_t> data(static_cast<size_t>(size));
    for (size_t i = 0; i < data.size(); ++i)
      data[i] = uint8_t(i * 31 >> 3);
    ingot_tensor t = {};
    t.data = data.data();
    t.bytes = data.size();
    t.type = INGOT_TYPE_U8;
    t.rank = 1;
    t.dims[0] = size;
    ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
    ASSERT_TRUE(ok(ingot_session_run(session)));
    EXPECT_EQ(values<uint8_t>(output(session, "a")), data);
    EXPECT_EQ(values<uint8_t>(output(session, "b")),
              std::vector<uint8_t>(data.size(), 0x5a));
  }
}

// A caller that flushes denormals gets the same numbers, and its own mode back.
TEST(Run, DoesNotDependOnTheCallersFloatMode) {
  Maker m = doubling();
  m.plan().steps[0]->args.erase(m.plan().steps[0]->args.begin() + 2);
  StepT step = *m.plan().steps[0];
  m.plan().steps.clear();
  m.launch("halve", step.grid->x(), step.args);
  Model model(m);
  Session session(model, 2);
  std::vector<float> x(512, FLT_MIN);
  ingot_tensor t = tensor(x, {1, 512});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  unsigned before = _mm_getcsr();
  unsigned flushing = before | 0x8040;
  _mm_setcsr(flushing);
  ingot_error *error = ingot_session_run(session);
  unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  ASSERT_TRUE(ok(error));
  EXPECT_EQ(after & ~0x3fu, flushing & ~0x3fu);
  for (float y : values<float>(output(session, "y")))
    ASSERT_EQ(y, FLT_MIN / 2);
}

} // namespace
} // namespace ingot::test
