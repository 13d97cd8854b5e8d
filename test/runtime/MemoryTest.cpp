// What is allocated, when, and what happens when there is none.
#include "test/runtime/Artifacts.h"

#include <atomic>

namespace ingot::test {
namespace {

/// Counts; refuses what is larger than `limit`, and allocation number
/// `failing`.
struct Hooks {
  Hooks() {
    ingot_device_options options = INGOT_DEVICE_OPTIONS_INIT;
    options.allocator = {allocate, release, this};
    EXPECT_TRUE(ok(ingot_device_create(&options, &device)));
  }
  ~Hooks() {
    ingot_device_destroy(device);
    EXPECT_EQ(liveBytes, 0u);
  }
  static void *allocate(void *user, size_t size, size_t alignment) {
    auto &self = *static_cast<Hooks *>(user);
    ++self.allocations;
    if (size > self.limit || self.allocations == self.failing)
      return nullptr;
    void *memory = nullptr;
    if (posix_memalign(&memory, alignment, size))
      return nullptr;
    memset(memory, 0xcd, size); // nobody may count on zeros
    self.liveBytes += size;
    return memory;
  }
  static void release(void *user, void *pointer, size_t size) {
    static_cast<Hooks *>(user)->liveBytes -= size;
    free(pointer);
  }
  std::atomic<size_t> allocations{0}, liveBytes{0};
  size_t limit = size_t(1) << 30, failing = 0;
  ingot_device *device = nullptr;
};

ingot_error *runEmbedding(ingot_session *session, int64_t batch,
                          int64_t sequence) {
  std::vector<int64_t> ids(size_t(batch * sequence), 1);
  std::vector<float> x(size_t(batch * sequence * 4), 1);
  ingot_tensor i = tensor(ids, {batch, sequence});
  ingot_tensor t = tensor(x, {batch, sequence, 4});
  if (ingot_error *error = ingot_session_set_input(session, "ids", &i))
    return error;
  if (ingot_error *error = ingot_session_set_input(session, "x", &t))
    return error;
  return ingot_session_run(session);
}

TEST(Memory, NoAllocationAfterTheFirstRunOfAShape) {
  Hooks hooks;
  Maker m = embedding();
  Model model(m, nullptr, hooks.device);
  for (int32_t threads : {1, 2}) {
    Session session(model, threads);
    for (int64_t sequence : {128, 3, 64})
      ASSERT_TRUE(ok(runEmbedding(session, 2, sequence)));
    size_t before = hooks.allocations;
    for (int64_t sequence : {3, 128, 64, 64, 3})
      ASSERT_TRUE(ok(runEmbedding(session, 2, sequence)));
    EXPECT_EQ(hooks.allocations, before);
  }
}

TEST(Memory, ReserveSizesForEverythingBelow) {
  Hooks hooks;
  Maker m = embedding();
  Model model(m, nullptr, hooks.device);
  Session session(model);
  ingot_dim dims[] = {{"batch", 8}};
  ASSERT_TRUE(ok(ingot_session_reserve(session, dims, 1))); // sequence: 512
  hooks.limit = 8 * 512 * 16 - 1; // neither arena nor output
  EXPECT_TRUE(ok(runEmbedding(session, 8, 512)));
  EXPECT_TRUE(ok(runEmbedding(session, 4, 100)));
  Session other(model);
  EXPECT_TRUE(fails(runEmbedding(other, 8, 512), INGOT_ERROR_OUT_OF_MEMORY,
                    {"working memory needs 65536 bytes"}));
  EXPECT_TRUE(ok(runEmbedding(other, 4, 100)));
}

/// Every batch has another number of tokens: what is bound anew then takes the
/// memory of what was.
TEST(Memory, NoAllocationForOtherNumbersOfElements) {
  Hooks hooks;
  Maker m;
  uint32_t batch = m.symbol("batch"), kept = m.symbol("kept");
  m.input("mask", ElementType::I64, {batch, m.constant(100)});
  m.output("y", ElementType::F32, {kept});
  m.source("batch", SourceKind::InputDim, 0, 0);
  m.source("kept", SourceKind::NonZeroElements, 0, 0);
  uint32_t bytes = m.mul(kept, m.constant(4));
  uint32_t scratch = m.buffer(BufferKind::Scratch, m.slot(bytes), bytes);
  m.copy(m.buffer(BufferKind::Output, 0, bytes), scratch, bytes);
  Model model(m, nullptr, hooks.device);
  Session session(model);
  ingot_dim dims[] = {{"batch", 3}};
  ASSERT_TRUE(ok(ingot_session_reserve(session, dims, 1)));
  std::vector<int64_t> mask(300);
  ingot_tensor t = tensor(mask, {3, 100});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "mask", &t)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  size_t before = hooks.allocations;
  for (int64_t count = 0; count <= 300; count += 20) {
    std::fill(mask.begin(), mask.begin() + count, 1);
    ASSERT_TRUE(ok(ingot_session_run(session)));
    EXPECT_EQ(ingot::test::dims(output(session, "y")),
              std::vector<int64_t>{count});
  }
  EXPECT_EQ(hooks.allocations, before);
  // Other dims are another bind, and the first one stays.
  ingot_tensor smaller = tensor(mask, {2, 100});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "mask", &smaller)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  before = hooks.allocations;
  for (ingot_tensor *each : {&t, &smaller}) {
    ASSERT_TRUE(ok(ingot_session_set_input(session, "mask", each)));
    ASSERT_TRUE(ok(ingot_session_run(session)));
  }
  EXPECT_EQ(hooks.allocations, before);
}

TEST(Memory, ReserveRefuses) {
  Maker m = embedding();
  Model model(m);
  Session session(model);
  EXPECT_TRUE(fails(ingot_session_reserve(session, nullptr, 0),
                    INGOT_ERROR_INVALID_ARGUMENT,
                    {"symbol 'batch' needs a value"}));
  ingot_dim unknown[] = {{"heads", 8}};
  EXPECT_TRUE(fails(ingot_session_reserve(session, unknown, 1),
                    INGOT_ERROR_NOT_FOUND, {"no symbol 'heads'"}));
  ingot_dim large[] = {{"batch", 1}, {"sequence", 513}};
  EXPECT_TRUE(fails(ingot_session_reserve(session, large, 2), INGOT_ERROR_SHAPE,
                    {"'sequence' must be in 0..512, but is 513"}));
  ingot_dim many[] = {{"batch", 9}};
  EXPECT_TRUE(fails(ingot_session_reserve(session, many, 1), INGOT_ERROR_SHAPE,
                    {"4608 tokens are more than the 4096"}));
}

TEST(Memory, TooLargeForTheMachine) {
  Hooks hooks;
  Maker m;
  uint32_t n = m.symbol("n");
  m.input("n", ElementType::I64, {m.one});
  m.source("n", SourceKind::InputElement, 0, 0);
  m.slot(m.mul(n, n));
  Model model(m, nullptr, hooks.device);
  Session session(model);
  std::vector<int64_t> value = {int64_t(1) << 30};
  ingot_tensor t = tensor(value, {1});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "n", &t)));
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_OUT_OF_MEMORY,
                    {"working memory needs 1152921504606846976 bytes"}));
  value = {3};
  EXPECT_TRUE(ok(ingot_session_run(session)));
}

// Every allocation fails once; each time there is an error, nothing leaks, and
// nothing is half made.
TEST(Memory, EachAllocationFails) {
  Maker m = embedding();
  AlignedBytes bytes(m.bytes());
  bool isDone = false;
  for (size_t failing = 1; !isDone; ++failing) {
    ASSERT_LT(failing, 200u);
    Hooks hooks;
    hooks.failing = hooks.allocations + failing;
    ingot_model *model = nullptr;
    ingot_session *session = nullptr;
    ingot_session_options options = INGOT_SESSION_OPTIONS_INIT;
    options.threads = 2;
    ingot_error *error = ingot_model_load_memory(hooks.device, bytes.data(),
                                                 bytes.size(), nullptr, &model);
    if (!error)
      error = ingot_session_create(model, &options, &session);
    if (!error)
      error = runEmbedding(session, 2, 3);
    isDone = hooks.allocations < hooks.failing;
    EXPECT_EQ(error == nullptr, isDone) << failing;
    if (error) {
      EXPECT_TRUE(fails(error, INGOT_ERROR_OUT_OF_MEMORY, {"out of memory"}));
      if (session) { // and again, with memory
        EXPECT_TRUE(ok(runEmbedding(session, 2, 3))) << failing;
      }
    }
    ingot_session_destroy(session);
    ingot_model_destroy(model);
  }
}

TEST(Memory, HandlesMayBeDestroyedInAnyOrder) {
  Hooks hooks;
  Maker m = embedding();
  TemporaryFile file(m.bytes());
  ingot_model *model = nullptr;
  ingot_session *session = nullptr;
  ASSERT_TRUE(ok(ingot_model_load(hooks.device, file.path(), nullptr, &model)));
  ASSERT_TRUE(ok(ingot_session_create(model, nullptr, &session)));
  ingot_model_destroy(model);
  EXPECT_TRUE(ok(runEmbedding(session, 1, 1)));
  ingot_session_destroy(session);
}

// The least recently used shape makes room.
TEST(Memory, BindsAreCachedAndEvicted) {
  Hooks hooks;
  Maker m = embedding();
  Model model(m, nullptr, hooks.device);
  ingot_session_options options = INGOT_SESSION_OPTIONS_INIT;
  options.threads = 1;
  options.cached_binds = 2;
  Session session(model, options);
  auto allocates = [&](int64_t sequence) {
    size_t before = hooks.allocations;
    EXPECT_TRUE(ok(runEmbedding(session, 1, sequence)));
    return hooks.allocations != before;
  };
  EXPECT_TRUE(allocates(9));
  EXPECT_TRUE(allocates(8));
  EXPECT_FALSE(allocates(9));
  EXPECT_TRUE(allocates(7)); // drops 8
  EXPECT_FALSE(allocates(9));
  EXPECT_TRUE(allocates(8));
  EXPECT_TRUE(allocates(7));
}

} // namespace
} // namespace ingot::test
