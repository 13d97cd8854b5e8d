// Threads: of a session, of the embedder, and several sessions at once.
#include "test/runtime/Artifacts.h"

#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>

namespace ingot::test {
namespace {

ingot_error *run(ingot_session *session, std::vector<float> &x) {
  ingot_tensor t = tensor(x, {1, int64_t(x.size())});
  if (ingot_error *error = ingot_session_set_input(session, "x", &t))
    return error;
  return ingot_session_run(session);
}

std::vector<float> numbers(size_t size, float first) {
  std::vector<float> result(size);
  for (size_t i = 0; i < size; ++i)
    result[i] = first + float(i) * 0.37f;
  return result;
}

TEST(Threads, SameBytes) {
  Maker m = embedding();
  Model model(m);
  std::vector<float> x = numbers(4 * 4000, 1);
  std::vector<int64_t> ids(4000);
  for (size_t i = 0; i < ids.size(); ++i)
    ids[i] = int64_t(i * i % 10);
  ingot_tensor i = tensor(ids, {8, 500}), t = tensor(x, {8, 500, 4});
  std::vector<float> first;
  Session session(model, 1);
  for (int32_t threads : {1, 2, 4, 7, 1}) {
    ASSERT_TRUE(ok(ingot_session_set_threads(session, threads)));
    ASSERT_TRUE(ok(ingot_session_set_input(session, "ids", &i)));
    ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
    for (int repeat = 0; repeat < 50; ++repeat) {
      ASSERT_TRUE(ok(ingot_session_run(session)));
      auto y = values<float>(output(session, "y"));
      if (first.empty())
        first = y;
      ASSERT_EQ(y, first) << threads;
    }
  }
}

TEST(Threads, WrongNumber) {
  Maker m = doubling();
  Model model(m);
  Session session(model);
  EXPECT_TRUE(fails(ingot_session_set_threads(session, -1),
                    INGOT_ERROR_INVALID_ARGUMENT, {"0..1024, but is -1"}));
  EXPECT_TRUE(ok(ingot_session_set_threads(session, 0)));
}

TEST(Threads, ConcurrentSessionsOfOneModel) {
  Maker m = doubling();
  Model model(m);
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&, c] {
      Session session(model, 1 + c % 2);
      for (size_t i = 0; i < 200; ++i) {
        std::vector<float> x = numbers(1 + (i * 37 + size_t(c)) % 500,
                                       float(c)),
                           y;
        for (float v : x)
          y.push_back(2 * v);
        if (!ok(run(session, x)) || values<float>(output(session, "y")) != y)
          ++wrong;
      }
    });
  for (auto &caller : callers)
    caller.join();
  EXPECT_EQ(wrong, 0);
}

// An embedder's pool that runs workers one after the other, or one that has
// real threads, or one that calls nobody.
TEST(Threads, EmbeddersPool) {
  Maker m = doubling();
  Model model(m);
  auto sequential = [](void *user, int32_t workers,
                       void (*work)(void *, int32_t), void *context) {
    *static_cast<int *>(user) += workers;
    for (int32_t w = workers - 1; w >= 0; --w)
      work(context, w);
  };
  auto concurrent = [](void *user, int32_t workers,
                       void (*work)(void *, int32_t), void *context) {
    *static_cast<int *>(user) += workers;
    std::vector<std::thread> threads;
    for (int32_t w = 0; w < workers; ++w)
      threads.emplace_back(work, context, w);
    for (auto &thread : threads)
      thread.join();
  };
  auto idle = [](void *user, int32_t workers, void (*)(void *, int32_t),
                 void *) { *static_cast<int *>(user) += workers; };
  for (auto pool : {+sequential, +concurrent, +idle}) {
    int calls = 0;
    ingot_session_options options = INGOT_SESSION_OPTIONS_INIT;
    options.threads = 3;
    options.thread_pool = {pool, &calls};
    Session session(model, options);
    std::vector<float> x = numbers(500, 1), y;
    for (float v : x)
      y.push_back(2 * v);
    for (int i = 0; i < 20; ++i)
      ASSERT_TRUE(ok(run(session, x)));
    EXPECT_EQ(values<float>(output(session, "y")), y);
    EXPECT_EQ(calls, 60);
  }
}

TEST(Threads, IdleSessionsUseNoCpu) {
  Maker m = doubling();
  Model model(m);
  std::vector<float> x = numbers(500, 1);
  auto cpuTime = [] {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
  };
  for (int32_t threads : {2, 4}) {
    Session session(model, threads);
    for (int repeat = 0; repeat < 100; ++repeat)
      ASSERT_TRUE(ok(run(session, x)));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    double before = cpuTime();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    // A spinning thread would use 0.3 s, one that looks up now and then some
    // milliseconds.
    EXPECT_LT(cpuTime() - before, 0.003) << threads;
  }
}

// A step whose kernel waits for the test; the next one must not run.
Maker waiting() {
  Maker m;
  uint32_t four = m.constant(4), eight = m.constant(8);
  m.input("go", ElementType::F32, {m.one});
  m.output("there", ElementType::F32, {m.one});
  m.output("after", ElementType::F32, {m.constant(2)});
  uint32_t go = m.buffer(BufferKind::Input, 0, four);
  uint32_t there = m.buffer(BufferKind::Output, 0, four);
  uint32_t after = m.buffer(BufferKind::Output, 1, eight);
  m.launch("rendezvous", m.one, {m.pointer(there), m.pointer(go)});
  m.launch("store", m.one, {m.pointer(after), m.integer(m.one), m.real(1)});
  return m;
}

template <typename Body>
void whileWaiting(ingot_session *session, ingot_error **result, Body body) {
  alignas(64) float go = 0, there = 0;
  std::vector<float> none;
  ingot_tensor t = tensor(none, {1});
  t.bytes = sizeof(float);
  t.data = &go;
  ASSERT_TRUE(ok(ingot_session_set_input(session, "go", &t)));
  t.data = &there;
  ASSERT_TRUE(ok(ingot_session_set_output(session, "there", &t)));
  std::thread runner([&] { *result = ingot_session_run(session); });
  while (__atomic_load_n(reinterpret_cast<uint32_t *>(&there),
                         __ATOMIC_ACQUIRE) == 0)
    std::this_thread::yield();
  body();
  uint32_t one;
  float oneAsFloat = 1;
  memcpy(&one, &oneAsFloat, 4);
  __atomic_store_n(reinterpret_cast<uint32_t *>(&go), one, __ATOMIC_RELEASE);
  runner.join();
}

// Two sessions of a thread each are inside a kernel at the same time: each
// waits there for the other.
TEST(Threads, SessionsRunAtTheSameTime) {
  Maker m = waiting();
  Model model(m);
  Session first(model, 1), second(model, 1);
  alignas(64) float there[2] = {0, 0};
  std::vector<float> none;
  ingot_tensor t = tensor(none, {1});
  t.bytes = sizeof(float);
  int other = 1;
  for (ingot_session *session : {first.handle, second.handle}) {
    t.data = &there[other];
    ASSERT_TRUE(ok(ingot_session_set_input(session, "go", &t)));
    t.data = &there[1 - other];
    ASSERT_TRUE(ok(ingot_session_set_output(session, "there", &t)));
    other = 0;
  }
  ingot_error *error = nullptr;
  std::thread runner([&] { error = ingot_session_run(second); });
  EXPECT_TRUE(ok(ingot_session_run(first)));
  runner.join();
  EXPECT_TRUE(ok(error));
}

TEST(Cancel, BetweenSteps) {
  Maker m = waiting();
  Model model(m);
  for (int32_t threads : {1, 2}) {
    Session session(model, threads);
    volatile int32_t flag = 0;
    std::vector<float> after = {0, 0};
    ingot_tensor t = tensor(after, {2});
    ASSERT_TRUE(ok(ingot_session_set_output(session, "after", &t)));
    ASSERT_TRUE(ok(ingot_session_set_cancel_flag(session, &flag)));
    ingot_error *error = nullptr;
    whileWaiting(session, &error,
                 [&] { __atomic_store_n(&flag, 1, __ATOMIC_RELAXED); });
    EXPECT_TRUE(fails(error, INGOT_ERROR_CANCELLED, {"cancelled"}));
    EXPECT_EQ(after[0], 0);
    EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_CANCELLED, {}));
    flag = 0;
    whileWaiting(session, &error, [] {});
    EXPECT_TRUE(ok(error));
    EXPECT_EQ(after[0], 1);
  }
}

TEST(Busy, SecondThreadIsRefused) {
  Maker m = waiting();
  Model model(m);
  Session session(model, 1);
  ingot_error *error = nullptr;
  whileWaiting(session, &error, [&] {
    EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_BUSY,
                      {"another thread is inside this session"}));
    EXPECT_TRUE(
        fails(ingot_session_set_threads(session, 2), INGOT_ERROR_BUSY, {}));
  });
  EXPECT_TRUE(ok(error));
}

// Several waiting kernels at once, more steps than threads, for long enough
// that threads sleep in between.
TEST(Threads, SleepersAreWoken) {
  Maker m = doubling();
  for (int i = 0; i < 20; ++i)
    m.plan().steps.push_back(std::make_unique<StepT>(*m.plan().steps[0]));
  Model model(m);
  Session session(model, 4);
  std::vector<float> x = numbers(512, 1);
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(ok(run(session, x)));
    if (i % 3 == 0)
      std::this_thread::sleep_for(std::chrono::microseconds(i));
  }
}

TEST(Threads, NumberAsASymbol) {
  Maker m;
  uint32_t threads = m.symbol("threads", 1, 1024);
  m.source("threads", SourceKind::DeviceParallel);
  m.output("y", ElementType::F32, {threads});
  Model model(m);
  Session session(model, 3);
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(output(session, "y").dims[0], 3);
  ASSERT_TRUE(ok(ingot_session_set_threads(session, 2)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(output(session, "y").dims[0], 2);
}

} // namespace
} // namespace ingot::test
