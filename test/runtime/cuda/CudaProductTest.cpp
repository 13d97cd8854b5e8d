// Matrix products by cuBLASLt, through its stand-in on the emulated driver. The
// artifact's own kernel adds 1000, so that who did it shows.
#include "test/runtime/cuda/Emulated.h"

#include <thread>

namespace ingot::test {
namespace {

class CudaProduct : public CudaTest {
protected:
  CudaProduct() { unsetenv("INGOT_CUBLASLT"); }
  void TearDown() override {
    for (ingot_session *session : sessions)
      ingot_session_destroy(session);
    ingot_model_destroy(model);
    CudaTest::TearDown();
  }
  void load() {
    toCuda(maker);
    TemporaryFile file(maker.bytes());
    ASSERT_TRUE(ok(ingot_model_load(device(), file.path(), nullptr, &model)));
  }
  ingot_error *create(ingot_gemm gemm, ingot_session **session,
                      void *stream = nullptr) {
    ingot_session_options options = INGOT_SESSION_OPTIONS_INIT;
    options.gemm = gemm;
    options.stream = stream;
    return ingot_session_create(model, &options, session);
  }
  ingot_session *start(ingot_gemm gemm, void *stream = nullptr) {
    if (!model)
      load();
    ingot_session *session = nullptr;
    EXPECT_TRUE(ok(create(gemm, &session, stream)));
    sessions.push_back(session);
    return session;
  }
  Maker maker = test::product();
  ingot_model *model = nullptr;
  std::vector<ingot_session *> sessions;
};

struct Values {
  explicit Values(size_t rows) : x(rows * 40), residual(rows * 5) {
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = float((i * 3) % 11) - 5;
    for (size_t i = 0; i < residual.size(); ++i)
      residual[i] = float(i % 7);
  }
  std::vector<float> x, residual;
};

ingot_error *set(ingot_session *session, Values &v) {
  auto rows = int64_t(v.x.size() / 40);
  ingot_tensor x = tensor(v.x, {rows, 40}),
               residual = tensor(v.residual, {rows, 5});
  if (ingot_error *error = ingot_session_set_input(session, "x", &x))
    return error;
  return ingot_session_set_input(session, "residual", &residual);
}

/// Runs; who multiplied, if the numbers are right.
std::string by(ingot_session *session, size_t rows) {
  Values v(rows);
  ingot_error *error = set(session, v);
  if (!error)
    error = ingot_session_run(session);
  if (error) {
    std::string message = ingot_error_message(error);
    ingot_error_destroy(error);
    return message;
  }
  std::vector<float> expected = productOf(v.x, v.residual),
                     found = values<float>(output(session, "y"));
  if (found == expected)
    return rows ? "cuBLASLt" : "nobody";
  for (float &y : expected)
    y += 1000;
  return found == expected ? "ours" : "wrong numbers";
}

// Up to 102 rows the stand-in adds up parts in its workspace, with two kernels.
constexpr size_t kSizes[] = {3, 100, 200, 4, 0, 3, 1, 200};

TEST_F(CudaProduct, WhoIsAskedDoesIt) {
  ingot_session *ours = start(INGOT_GEMM_OURS),
                *library = start(INGOT_GEMM_CUBLASLT),
                *either = start(INGOT_GEMM_AUTO);
  for (const char *mode : {"late", "early", "random 3"}) {
    control(std::string("mode ") + mode);
    for (size_t rows : kSizes) {
      EXPECT_EQ(by(ours, rows), rows ? "ours" : "nobody") << rows;
      EXPECT_EQ(by(library, rows), rows ? "cuBLASLt" : "nobody") << rows;
      EXPECT_EQ(by(either, rows), rows ? "ours" : "nobody") << rows;
    }
  }
}

TEST_F(CudaProduct, AutoTakesItFromTheRowsItWasMeasuredToBeFaster) {
  maker.plan().steps[2]->product->library_from = 100;
  ingot_session *either = start(INGOT_GEMM_AUTO);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(by(either, 99), "ours");
    EXPECT_EQ(by(either, 100), "cuBLASLt");
    EXPECT_EQ(by(either, 0), "nobody");
    EXPECT_EQ(by(either, 101), "cuBLASLt");
  }
  EXPECT_EQ(by(start(INGOT_GEMM_OURS), 200), "ours");
}

TEST_F(CudaProduct, EpiloguesOfEachKind) {
  ProductT &product = *maker.plan().steps[2]->product;
  product.bias = kNone;
  product.activation = Activation::Relu;
  ingot_session *library = start(INGOT_GEMM_CUBLASLT);
  for (size_t rows : {4, 150}) {
    Values v(rows);
    std::vector<float> expected = productOf(v.x, v.residual);
    for (size_t i = 0; i < expected.size(); ++i)
      expected[i] = std::max(0.0f, expected[i] - float(i % 5));
    ASSERT_TRUE(ok(set(library, v)));
    ASSERT_TRUE(ok(ingot_session_run(library)));
    EXPECT_EQ(values<float>(output(library, "y")), expected);
  }
}

TEST_F(CudaProduct, WithoutResidualItsMemoryIsNotRead) {
  maker.plan().steps[2]->product->residual = kNone;
  maker.plan().steps.erase(maker.plan().steps.begin() + 1);
  ingot_session *library = start(INGOT_GEMM_CUBLASLT);
  for (size_t rows : {4, 150}) {
    Values v(rows);
    ASSERT_TRUE(ok(set(library, v)));
    ASSERT_TRUE(ok(ingot_session_run(library)));
    EXPECT_EQ(values<float>(output(library, "y")),
              productOf(v.x, std::vector<float>(rows * 5)));
  }
}

std::string callsOf(ingot_session *session, size_t rows) {
  control("record on");
  EXPECT_EQ(by(session, rows), "cuBLASLt");
  std::string calls = control("calls");
  control("record off");
  return calls;
}

bool has(const std::string &calls, const char *name) {
  return calls.find(name) != std::string::npos;
}

TEST_F(CudaProduct, OneGraphThatIsChangedInPlace) {
  ingot_session *session = start(INGOT_GEMM_CUBLASLT);
  std::string first = callsOf(session, 100);
  EXPECT_TRUE(has(first, "cublasLtMatmulAlgoGetHeuristic"));
  EXPECT_TRUE(has(first, "cuGraphInstantiate"));
  // The same again is a launch and nothing of the library.
  std::string again = callsOf(session, 100);
  EXPECT_TRUE(has(again, "cuGraphLaunch 0"));
  EXPECT_FALSE(has(again, "cublasLt"));
  EXPECT_FALSE(has(again, "cuStreamBeginCapture"));
  // A shape of the same kernels is put into the graph there is.
  std::string smaller = callsOf(session, 50);
  EXPECT_TRUE(has(smaller, "cuGraphExecChildGraphNodeSetParams 0"));
  EXPECT_FALSE(has(smaller, "cuGraphInstantiate"));
  // The algorithm of a shape is chosen once.
  EXPECT_FALSE(has(callsOf(session, 100), "cublasLtMatmulAlgoGetHeuristic"));
  // Other kernels are another graph.
  EXPECT_TRUE(has(callsOf(session, 200), "cuGraphInstantiate"));
}

// Its operands are the session's memory: pointers of the caller are patched in
// other nodes.
TEST_F(CudaProduct, TensorsOfTheCallerDoNotConcernIt) {
  ingot_session *session = start(INGOT_GEMM_CUBLASLT);
  Values v(60);
  std::vector<float> expected = productOf(v.x, v.residual);
  ingot_tensor residual = tensor(v.residual, {60, 5});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "residual", &residual)));
  ingot_device *gpu = device();
  DeviceValues one(gpu, v.x), other(gpu, v.x), y(gpu, std::vector<float>(300));
  ingot_tensor x = one.tensor({60, 40}), out = y.tensor({60, 5});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &x)));
  ASSERT_TRUE(ok(ingot_session_set_output(session, "y", &out)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(y.get(), expected);
  x = other.tensor({60, 40});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &x)));
  control("record on");
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_FALSE(has(control("calls"), "cublasLt"));
  EXPECT_TRUE(has(control("calls"), "cuGraphExecMemcpyNodeSetParams"));
  control("record off");
  EXPECT_EQ(y.get(), expected);
}

TEST_F(CudaProduct, ProfilesSayWhoDidIt) {
  for (ingot_gemm gemm : {INGOT_GEMM_OURS, INGOT_GEMM_CUBLASLT}) {
    ingot_session *session = start(gemm);
    std::vector<std::string> kernels;
    ASSERT_TRUE(ok(ingot_session_set_profile(
        session,
        [](void *user, const ingot_step_profile *step) {
          static_cast<std::vector<std::string> *>(user)->push_back(
              step->kernel);
        },
        &kernels)));
    bool isOurs = gemm == INGOT_GEMM_OURS;
    EXPECT_EQ(by(session, 30), isOurs ? "ours" : "cuBLASLt");
    ASSERT_EQ(kernels.size(), 4u);
    EXPECT_EQ(kernels[2], isOurs ? "product" : "cuBLASLt");
    ASSERT_TRUE(ok(ingot_session_set_profile(session, nullptr, nullptr)));
    EXPECT_EQ(by(session, 30), isOurs ? "ours" : "cuBLASLt");
  }
}

TEST_F(CudaProduct, ItsWorkspaceIsReported) {
  load();
  ingot_memory memory;
  ingot_dim rows = {"rows", 10};
  ASSERT_TRUE(ok(ingot_model_get_memory(model, 0, &rows, 1, &memory)));
  EXPECT_EQ(memory.library, 4u << 20);
  EXPECT_EQ(memory.arena, 2112u); // it is not in it
}

TEST_F(CudaProduct, OnAStreamOfTheCaller) {
  load();
  DeviceValues context(device(), {0});
  cuda::Stream stream = nullptr;
  ASSERT_EQ(DeviceValues::driver().streamCreate(&stream, 0), cuda::success);
  ingot_session *session = start(INGOT_GEMM_CUBLASLT, stream);
  for (size_t rows : kSizes)
    EXPECT_EQ(by(session, rows), rows ? "cuBLASLt" : "nobody");
  ingot_session_destroy(session);
  sessions.clear();
  EXPECT_EQ(DeviceValues::driver().streamDestroy(stream), cuda::success);
}

TEST_F(CudaProduct, SessionsOfTwoThreads) {
  ingot_session *both[] = {start(INGOT_GEMM_CUBLASLT),
                           start(INGOT_GEMM_CUBLASLT)};
  auto work = [&](int number) {
    for (int i = 0; i < 5; ++i)
      for (size_t rows : {3 + number, 150 + number})
        EXPECT_EQ(by(both[number], rows), "cuBLASLt");
  };
  std::thread other(work, 1);
  work(0);
  other.join();
}

TEST_F(CudaProduct, NoLibrary) {
  maker.plan().steps[2]->product->library_from = 1;
  load();
  setenv("INGOT_CUBLASLT", "/nowhere/libcublasLt.so", 1);
  ingot_session *session = nullptr;
  EXPECT_TRUE(fails(create(INGOT_GEMM_CUBLASLT, &session), INGOT_ERROR_DEVICE,
                    {"emulated:0: cuBLASLt is not found (/nowhere/libcublasLt",
                     "install the cuBLAS of CUDA 12 or 13", "INGOT_CUBLASLT"}));
  EXPECT_EQ(by(start(INGOT_GEMM_AUTO), 10), "ours");
  EXPECT_EQ(by(start(INGOT_GEMM_OURS), 10), "ours");
  setenv("INGOT_CUBLASLT", INGOT_EMULATOR_LIBRARY, 1);
  EXPECT_TRUE(fails(create(INGOT_GEMM_CUBLASLT, &session), INGOT_ERROR_DEVICE,
                    {"no cuBLASLt", "lacks cublasLtMatmul"}));
  EXPECT_EQ(by(start(INGOT_GEMM_AUTO), 10), "ours");
  unsetenv("INGOT_CUBLASLT");
  control("fail cublasLtGetVersion 1 110805");
  EXPECT_TRUE(fails(create(INGOT_GEMM_CUBLASLT, &session), INGOT_ERROR_DEVICE,
                    {"is too old", "it says 11.8, 12.0 is needed"}));
  control("fail cublasLtCreate 1 1");
  EXPECT_TRUE(
      fails(create(INGOT_GEMM_CUBLASLT, &session), INGOT_ERROR_DEVICE,
            {"cuBLASLt does not start: CUBLAS_STATUS_NOT_INITIALIZED"}));
  EXPECT_EQ(by(start(INGOT_GEMM_AUTO), 10), "cuBLASLt");
}

TEST_F(CudaProduct, FailuresNameTheStep) {
  ingot_session *session = start(INGOT_GEMM_CUBLASLT);
  const char *const calls[] = {"cublasLtMatmulAlgoGetHeuristic",
                               "cublasLtMatmul"};
  for (const char *call : calls) {
    control(std::string("fail ") + call + " 1 14");
    std::string message = by(session, call == calls[0] ? 10 : 12);
    EXPECT_NE(message.find(std::string("emulated:0: step 'product2': ") + call +
                           " fails: CUBLAS_STATUS_INTERNAL_ERROR"),
              std::string::npos)
        << message;
    EXPECT_EQ(by(session, 10), "cuBLASLt"); // the session stays usable
    EXPECT_EQ(by(session, 11), "cuBLASLt");
  }
  control("fail cublasLtMatmul 1 3");
  Values v(13);
  ASSERT_TRUE(ok(set(session, v)));
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_OUT_OF_MEMORY,
                    {"step 'product2'", "CUBLAS_STATUS_ALLOC_FAILED"}));
  control("fail cuMemAlloc_v2 1 2");
  ingot_session *other = nullptr;
  EXPECT_TRUE(fails(create(INGOT_GEMM_CUBLASLT, &other),
                    INGOT_ERROR_OUT_OF_MEMORY,
                    {"the workspace of cuBLASLt needs 4194304 bytes"}));
}

TEST_F(CudaProduct, WhatTheLibraryCannotDoIsOurs) {
  static std::string said;
  ingot_device_options options = INGOT_DEVICE_OPTIONS_INIT;
  options.name = "emulated";
  options.cuda_driver = INGOT_EMULATOR_LIBRARY;
  options.log = [](void *, ingot_log_level level, const char *message) {
    if (level == INGOT_LOG_WARNING)
      said += message;
  };
  ingot_device *logging = nullptr;
  ASSERT_TRUE(ok(ingot_device_create(&options, &logging)));
  toCuda(maker);
  TemporaryFile file(maker.bytes());
  ASSERT_TRUE(ok(ingot_model_load(logging, file.path(), nullptr, &model)));
  ingot_device_destroy(logging);
  ingot_session *session = start(INGOT_GEMM_CUBLASLT);
  control("fail cublasLtMatmulAlgoGetHeuristic 1 15");
  EXPECT_EQ(by(session, 10), "ours");
  EXPECT_EQ(said, "step 'product2': cuBLASLt 130000 has no algorithm for 10 x "
                  "5 x 32, our kernel runs");
  EXPECT_EQ(by(session, 11), "cuBLASLt");
  EXPECT_EQ(by(session, 10), "ours"); // for good
}

// Every call of driver and library fails once: an error, and nothing left.
TEST_F(CudaProduct, EachCallFails) {
  load();
  int failing = 1;
  std::string left = control("leaks");
  for (bool isDone = false; !isDone; ++failing) {
    ASSERT_LT(failing, 600);
    control("record on; fail * " + std::to_string(failing) + " 999");
    ingot_session *session = nullptr;
    ingot_error *error = create(INGOT_GEMM_CUBLASLT, &session);
    Values v(3), w(7), u(150);
    for (Values *values : {&v, &w, &u, &v}) {
      if (!error)
        error = set(session, *values);
      if (!error)
        error = ingot_session_run(session);
    }
    std::string calls = control("calls");
    ingot_session_destroy(session);
    control("record off; fail off");
    isDone = calls.find(" 999\n") == std::string::npos;
    if (error) {
      EXPECT_TRUE(fails(error, INGOT_ERROR_DEVICE, {"emulated:0: "}))
          << failing;
    }
    EXPECT_EQ(control("report"), "") << failing;
    std::string leaks = control("leaks");
    if (error) {
      EXPECT_EQ(leaks, left) << failing << "\n" << calls;
    }
    left = leaks;
  }
  EXPECT_GT(failing, 100);
  EXPECT_EQ(by(start(INGOT_GEMM_CUBLASLT), 10), "cuBLASLt");
  mayLeave = true;
}

TEST_F(CudaProduct, OptionsThatMakeNoSense) {
  load();
  ingot_session *session = nullptr;
  EXPECT_TRUE(fails(create(ingot_gemm(7), &session),
                    INGOT_ERROR_INVALID_ARGUMENT, {"gemm is 7"}));
  Maker onCpu = test::product();
  Model cpu(onCpu);
  ingot_session_options options = INGOT_SESSION_OPTIONS_INIT;
  options.gemm = INGOT_GEMM_CUBLASLT;
  EXPECT_TRUE(fails(ingot_session_create(cpu, &options, &session),
                    INGOT_ERROR_INVALID_ARGUMENT,
                    {"cuBLASLt is a library for GPUs", "this CPU"}));
  options.gemm = INGOT_GEMM_OURS;
  Session ours(cpu, options);
  EXPECT_EQ(by(ours, 10), "ours");
}

} // namespace
} // namespace ingot::test
