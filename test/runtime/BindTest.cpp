// What is refused before anything runs, and with which words.
#include "test/runtime/Artifacts.h"

namespace ingot::test {
namespace {

class BindTest : public testing::Test {
protected:
  ingot_error *set(const char *name, ingot_tensor tensor) {
    return ingot_session_set_input(session, name, &tensor);
  }
  /// ids [a, b] and x [c, d, 4], then bind.
  ingot_error *bind(int64_t a, int64_t b, int64_t c, int64_t d) {
    ids.assign(size_t(a * b), 1);
    x.assign(size_t(c * d * 4), 1);
    EXPECT_TRUE(ok(set("ids", tensor(ids, {a, b}))));
    EXPECT_TRUE(ok(set("x", tensor(x, {c, d, 4}))));
    return ingot_session_bind(session);
  }

  Maker maker = embedding();
  Model model{maker};
  Session session{model};
  std::vector<int64_t> ids;
  std::vector<float> x;
};

TEST_F(BindTest, GivesDimsOfOutputs) {
  ASSERT_TRUE(ok(bind(2, 3, 2, 3)));
  EXPECT_EQ(dims(output(session, "y")), (std::vector<int64_t>{2, 3, 4}));
  EXPECT_EQ(output(session, "y").bytes, 96u);
  EXPECT_EQ(output(session, "ids_out").type, INGOT_TYPE_I64);
}

TEST_F(BindTest, WrongName) {
  ids = {1};
  EXPECT_TRUE(fails(set("idz", tensor(ids, {1, 1})), INGOT_ERROR_NOT_FOUND,
                    {"no input 'idz'", "'ids', 'x'"}));
  ingot_tensor out = tensor(ids, {1, 1});
  EXPECT_TRUE(fails(ingot_session_set_output(session, "z", &out),
                    INGOT_ERROR_NOT_FOUND, {"no output 'z'", "'ids_out'"}));
  EXPECT_TRUE(fails(ingot_session_get_output(session, nullptr, &out),
                    INGOT_ERROR_NOT_FOUND, {"(null)"}));
}

TEST_F(BindTest, WrongType) {
  x = {1};
  EXPECT_TRUE(fails(set("ids", tensor(x, {1, 1})), INGOT_ERROR_SHAPE,
                    {"'ids' has type int64", "float32 was given"}));
}

TEST_F(BindTest, WrongRank) {
  ids = {1};
  EXPECT_TRUE(fails(set("ids", tensor(ids, {1})), INGOT_ERROR_SHAPE,
                    {"'ids' has rank 2", "rank 1 was given"}));
  ingot_tensor t = tensor(ids, {1, 1});
  t.rank = 100;
  EXPECT_TRUE(fails(set("ids", t), INGOT_ERROR_SHAPE, {"rank 100"}));
  t.rank = -1;
  EXPECT_TRUE(fails(set("ids", t), INGOT_ERROR_SHAPE, {"rank -1"}));
}

TEST_F(BindTest, WrongMemory) {
  ids = {1, 2};
  EXPECT_TRUE(fails(set("ids", tensor(ids, {1, 3})), INGOT_ERROR_SHAPE,
                    {"'ids'", "[1, 3]", "24 bytes", "16 were given"}));
  EXPECT_TRUE(fails(set("ids", tensor(ids, {1, -3})), INGOT_ERROR_SHAPE,
                    {"negative dim: [1, -3]"}));
  EXPECT_TRUE(fails(set("ids", tensor(ids, {INT64_MAX, 3})), INGOT_ERROR_SHAPE,
                    {"too large"}));
  ingot_tensor t = tensor(ids, {1, 2});
  t.data = nullptr;
  EXPECT_TRUE(fails(set("ids", t), INGOT_ERROR_INVALID_ARGUMENT, {"no data"}));
  t.data = reinterpret_cast<char *>(ids.data()) + 1;
  EXPECT_TRUE(
      fails(set("ids", t), INGOT_ERROR_INVALID_ARGUMENT, {"not aligned"}));
  t = tensor(ids, {1, 2});
  t.stream = this;
  EXPECT_TRUE(
      fails(set("ids", t), INGOT_ERROR_INVALID_ARGUMENT, {"runs on the CPU"}));
  EXPECT_TRUE(fails(ingot_session_set_input(session, "ids", nullptr),
                    INGOT_ERROR_INVALID_ARGUMENT, {"'ids' is NULL"}));
}

TEST_F(BindTest, MissingInput) {
  ids = {1};
  ASSERT_TRUE(ok(set("ids", tensor(ids, {1, 1}))));
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_INVALID_ARGUMENT,
                    {"input 'x' is not set"}));
}

TEST_F(BindTest, ContradictingDims) {
  EXPECT_TRUE(fails(bind(2, 3, 2, 5), INGOT_ERROR_SHAPE,
                    {"dim 1 of input 'x' is 5, but must be 3",
                     "(sequence) as dim 1 of input 'ids'"}));
  EXPECT_TRUE(fails(bind(2, 3, 1, 3), INGOT_ERROR_SHAPE,
                    {"dim 0 of input 'x' is 1, but must be 2 (batch)"}));
}

TEST_F(BindTest, WrongFixedDim) {
  ids = {1};
  x.assign(5, 1);
  ASSERT_TRUE(ok(set("ids", tensor(ids, {1, 1}))));
  ASSERT_TRUE(ok(set("x", tensor(x, {1, 1, 5}))));
  EXPECT_TRUE(fails(ingot_session_bind(session), INGOT_ERROR_SHAPE,
                    {"dim 2 of input 'x' is 5, but must be 4"}));
}

TEST_F(BindTest, OutOfRange) {
  EXPECT_TRUE(fails(
      bind(1, 513, 1, 513), INGOT_ERROR_SHAPE,
      {"dim 1 of input 'ids' is 'sequence' and must be in 0..512", "513"}));
  EXPECT_TRUE(fails(bind(0, 3, 0, 3), INGOT_ERROR_SHAPE,
                    {"'batch' and must be at least 1, but is 0"}));
}

TEST_F(BindTest, Requirement) {
  EXPECT_TRUE(fails(bind(9, 500, 9, 500), INGOT_ERROR_SHAPE,
                    {"4500 tokens are more than the 4096 that fit "
                     "(input 'ids', node '/embeddings/Gather')"}));
  EXPECT_TRUE(ok(bind(8, 512, 8, 512)));
}

TEST_F(BindTest, AfterAnErrorTheSessionWorks) {
  ASSERT_TRUE(ok(bind(2, 3, 2, 3)));
  EXPECT_FALSE(ok(bind(2, 3, 2, 5)));
  EXPECT_TRUE(ok(bind(2, 3, 2, 3)));
}

TEST_F(BindTest, OutputBeforeBind) {
  ingot_tensor t;
  EXPECT_TRUE(fails(ingot_session_get_output(session, "y", &t),
                    INGOT_ERROR_INVALID_ARGUMENT, {"bind or run first"}));
}

TEST_F(BindTest, BorrowedOutputs) {
  ASSERT_TRUE(ok(bind(2, 3, 2, 3)));
  std::vector<float> y(24);
  auto setOutput = [&](std::vector<int64_t> dims) {
    ingot_tensor t = tensor(y, dims);
    EXPECT_TRUE(ok(ingot_session_set_output(session, "y", &t)));
    return ingot_session_bind(session);
  };
  EXPECT_TRUE(ok(setOutput({2, 3, 4})));
  EXPECT_TRUE(fails(setOutput({3, 2, 4}), INGOT_ERROR_SHAPE,
                    {"output 'y' has dims [2, 3, 4], but [3, 2, 4]"}));
  // Any dims, but enough room.
  ingot_tensor open = tensor(y, {});
  open.rank = -1;
  EXPECT_TRUE(ok(ingot_session_set_output(session, "y", &open)));
  EXPECT_TRUE(ok(ingot_session_bind(session)));
  EXPECT_EQ(output(session, "y").data, y.data());
  EXPECT_TRUE(fails(bind(3, 3, 3, 3), INGOT_ERROR_SHAPE,
                    {"output 'y'", "[3, 3, 4]", "144 bytes, but 96"}));
  EXPECT_TRUE(ok(ingot_session_set_output(session, "y", nullptr)));
  EXPECT_TRUE(ok(bind(3, 3, 3, 3)));
  EXPECT_NE(output(session, "y").data, y.data());
}

TEST_F(BindTest, OverlappingOutputs) {
  ASSERT_TRUE(ok(bind(2, 3, 2, 3)));
  ingot_tensor y = tensor(x, {2, 3, 4});
  EXPECT_TRUE(ok(ingot_session_set_output(session, "y", &y)));
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_INVALID_ARGUMENT,
                    {"output 'y' and input 'x' overlap"}));
  std::vector<int64_t> memory(12);
  y.data = memory.data();
  ingot_tensor idsOut = tensor(memory, {2, 3});
  EXPECT_TRUE(ok(ingot_session_set_output(session, "y", &y)));
  EXPECT_TRUE(ok(ingot_session_set_output(session, "ids_out", &idsOut)));
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_INVALID_ARGUMENT,
                    {"outputs 'ids_out' and 'y' overlap"}));
}

// Sizes that do not fit 64 bits, with and without data behind them.
TEST(Bind, Overflow) {
  Maker m;
  uint32_t n = m.symbol("n");
  m.input("n", ElementType::I64, {m.one});
  m.source("n", SourceKind::InputElement, 0, 0);
  m.slot(m.mul(m.mul(n, n), m.constant(16)));
  Model model(m);
  Session session(model);
  std::vector<int64_t> value = {int64_t(1) << 40};
  ingot_tensor t = tensor(value, {1});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "n", &t)));
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_SHAPE,
                    {"a slot of 'working memory' does not fit 64 bits at n = "
                     "1099511627776"}));
  value = {3};
  EXPECT_TRUE(ok(ingot_session_run(session)));
}

TEST(Bind, InputElementsAreSymbols) {
  Maker m;
  uint32_t length = m.symbol("length", 0, 100);
  m.input("shape", ElementType::I32, {m.constant(2)});
  m.output("y", ElementType::F32, {length, m.constant(2)});
  m.source("length", SourceKind::InputElement, 0, 1);
  uint32_t bytes = m.mul(length, m.constant(8));
  uint32_t y = m.buffer(BufferKind::Output, 0, bytes);
  auto fill = std::make_unique<StepT>();
  fill->kind = StepKind::Fill;
  fill->args = {m.pointer(y), m.integer(bytes), m.integer(m.zero)};
  m.plan().steps.push_back(std::move(fill));
  Model model(m);
  Session session(model);
  std::vector<int32_t> shape = {7, 3};
  ingot_tensor t = tensor(shape, {2});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "shape", &t)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(values<float>(output(session, "y")), std::vector<float>(6, 0));
  shape[1] = 5; // seen although nothing was set again
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(dims(output(session, "y")), (std::vector<int64_t>{5, 2}));
  shape[1] = 101;
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_DATA,
                    {"element 1 of input 'shape' is 'length' and must be in "
                     "0..100, but is 101"}));
}

/// An output as long as the mask has elements that are not 0.
Maker counting(ElementType type, int64_t most = INT64_MAX) {
  Maker m;
  uint32_t batch = m.symbol("batch"), kept = m.symbol("kept", 0, most);
  m.input("mask", type, {batch, m.constant(3)});
  m.output("y", ElementType::F32, {kept});
  m.source("batch", SourceKind::InputDim, 0, 0);
  m.source("kept", SourceKind::NonZeroElements, 0, 0);
  uint32_t bytes = m.mul(kept, m.constant(4));
  uint32_t y = m.buffer(BufferKind::Output, 0, bytes);
  auto fill = std::make_unique<StepT>();
  fill->kind = StepKind::Fill;
  fill->args = {m.pointer(y), m.integer(bytes), m.integer(m.zero)};
  m.plan().steps.push_back(std::move(fill));
  return m;
}

template <typename T>
void countsElements(ElementType type) {
  Maker m = counting(type);
  Model model(m);
  Session session(model);
  std::vector<T> mask = {0, 1, T(-1), 0, 0, T(64)};
  ingot_tensor t = {};
  t.data = mask.data();
  t.bytes = mask.size() * sizeof(T);
  t.type = ingot_type(type);
  t.rank = 2;
  t.dims[0] = 2;
  t.dims[1] = 3;
  ASSERT_TRUE(ok(ingot_session_set_input(session, "mask", &t)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(dims(output(session, "y")), (std::vector<int64_t>{3}));
  mask[0] = 2; // seen although nothing was set again
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(dims(output(session, "y")), (std::vector<int64_t>{4}));
  mask.assign(6, 0);
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(dims(output(session, "y")), (std::vector<int64_t>{0}));
}

TEST(Bind, NumbersOfElementsAreSymbols) {
  countsElements<int64_t>(ElementType::I64);
  countsElements<int32_t>(ElementType::I32);
  countsElements<uint16_t>(ElementType::U16);
  countsElements<uint8_t>(ElementType::Bool);
}

TEST(Bind, TooManyElements) {
  Maker m = counting(ElementType::I64, /*most=*/2);
  Model model(m);
  Session session(model);
  std::vector<int64_t> mask = {1, 1, 1};
  ingot_tensor t = tensor(mask, {1, 3});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "mask", &t)));
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_DATA,
                    {"the number of elements of input 'mask' that are not 0 is "
                     "'kept' and must be in 0..2, but is 3"}));
  mask[1] = 0;
  EXPECT_TRUE(ok(ingot_session_run(session)));
}

TEST(Bind, NumbersOfElementsThatNobodyGives) {
  Maker m = counting(ElementType::I64);
  Model model(m);
  ingot_memory memory;
  ingot_dim dims[] = {{"batch", 5}, {"kept", 4}};
  ASSERT_TRUE(ok(ingot_model_get_memory(model, 0, dims, 1, &memory)));
  EXPECT_EQ(memory.outputs, 5u * 3 * 4); // all
  ASSERT_TRUE(ok(ingot_model_get_memory(model, 0, dims, 2, &memory)));
  EXPECT_EQ(memory.outputs, 4u * 4);
}

/// A step without tasks may point past a buffer that is empty.
TEST(Bind, EmptySteps) {
  Maker m = embedding();
  m.plan().steps[0]->args[0] =
      m.pointer(m.plan().steps[0]->args[0].buffer(), m.constant(16));
  Model model(m);
  Session session(model);
  std::vector<int64_t> ids(1);
  std::vector<float> x(1);
  ingot_tensor i = tensor(ids, {1, 0}), t = tensor(x, {1, 0, 4});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "ids", &i)));
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  EXPECT_TRUE(ok(ingot_session_run(session)));
}

TEST(Bind, ElementThatIsNotThere) {
  Maker m;
  m.symbol("a");
  m.input("shape", ElementType::I64, {m.symbol("n")});
  m.source("n", SourceKind::InputDim, 0, 0);
  m.source("a", SourceKind::InputElement, 0, 1);
  Model model(m);
  Session session(model);
  std::vector<int64_t> shape = {7};
  ingot_tensor t = tensor(shape, {1});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "shape", &t)));
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_SHAPE,
                    {"input 'shape' has no element 1"}));
}

TEST(Bind, DerivedDims) {
  Maker m;
  uint32_t past = m.symbol("past"), sequence = m.symbol("sequence");
  uint32_t total = m.node(ExprOp::Add, past, sequence);
  m.input("cache", ElementType::F32, {past});
  m.input("x", ElementType::F32, {sequence});
  m.input("mask", ElementType::F32, {total}).dim_texts = {"past + sequence"};
  m.source("past", SourceKind::InputDim, 0, 0);
  m.source("sequence", SourceKind::InputDim, 1, 0);
  Model model(m);
  Session session(model);
  std::vector<float> data(8);
  auto set = [&](const char *name, int64_t size) {
    ingot_tensor t = tensor(data, {size});
    EXPECT_TRUE(ok(ingot_session_set_input(session, name, &t)));
  };
  set("cache", 3);
  set("x", 2);
  set("mask", 5);
  EXPECT_TRUE(ok(ingot_session_run(session)));
  set("mask", 6);
  EXPECT_TRUE(
      fails(ingot_session_run(session), INGOT_ERROR_SHAPE,
            {"dim 0 of input 'mask' is 6, but must be 5 (past + sequence)"}));
}

} // namespace
} // namespace ingot::test
