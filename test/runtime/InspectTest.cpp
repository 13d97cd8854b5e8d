#include "test/runtime/Artifacts.h"

namespace ingot::test {
namespace {

TEST(Inspect, Interface) {
  Maker m = embedding();
  Model model(m);
  ingot_model_info info;
  ingot_model_get_info(model, &info);
  EXPECT_STREQ(info.producer, "runtime-test");
  EXPECT_STREQ(info.target, "x86-64-v3");
  EXPECT_EQ(info.format_version, kFormatVersion);
  EXPECT_EQ(info.entry_count, 1u);
  EXPECT_EQ(info.symbol_count, 2u);
  EXPECT_EQ(info.weight_bytes, 160u);
  EXPECT_GT(info.code_bytes, 0u);

  ingot_entry_info entry;
  ASSERT_TRUE(ok(ingot_model_get_entry(model, 0, &entry)));
  EXPECT_STREQ(entry.name, "main");
  EXPECT_EQ(entry.input_count, 2u);
  EXPECT_EQ(entry.output_count, 2u);
  EXPECT_EQ(entry.step_count, 3u);
  EXPECT_STREQ(entry.peak_text, "16*batch*sequence");

  ingot_tensor_info tensor;
  ASSERT_TRUE(ok(ingot_model_get_input(model, 0, 1, &tensor)));
  EXPECT_STREQ(tensor.name, "x");
  EXPECT_EQ(tensor.type, INGOT_TYPE_F32);
  ASSERT_EQ(tensor.rank, 3);
  EXPECT_EQ(tensor.dims[1], -1);
  EXPECT_STREQ(tensor.dim_texts[1], "sequence");
  EXPECT_EQ(tensor.dims[2], 4);
  ASSERT_TRUE(ok(ingot_model_get_output(model, 0, 1, &tensor)));
  EXPECT_STREQ(tensor.name, "ids_out");

  ingot_symbol_info symbol;
  ASSERT_TRUE(ok(ingot_model_get_symbol(model, 1, &symbol)));
  EXPECT_STREQ(symbol.name, "sequence");
  EXPECT_EQ(symbol.min, 0);
  EXPECT_EQ(symbol.max, 512);
  EXPECT_EQ(symbol.fixed, 0);

  EXPECT_TRUE(fails(ingot_model_get_entry(model, 1, &entry),
                    INGOT_ERROR_NOT_FOUND, {"entry 1 does not exist"}));
  EXPECT_TRUE(fails(ingot_model_get_input(model, 0, 2, &tensor),
                    INGOT_ERROR_NOT_FOUND, {"input 2"}));
  EXPECT_TRUE(fails(ingot_model_get_output(model, 7, 0, &tensor),
                    INGOT_ERROR_NOT_FOUND, {"entry 7"}));
  EXPECT_TRUE(fails(ingot_model_get_symbol(model, 2, &symbol),
                    INGOT_ERROR_NOT_FOUND, {"symbol 2"}));
}

TEST(Inspect, MemoryAtGivenDims) {
  Maker m = embedding();
  Model model(m);
  ingot_memory memory;
  ingot_dim dims[] = {{"batch", 2}, {"sequence", 5}};
  ASSERT_TRUE(ok(ingot_model_get_memory(model, 0, dims, 2, &memory)));
  EXPECT_EQ(memory.arena, 192u); // 160, a multiple of 64
  EXPECT_EQ(memory.outputs, 160u + 80u);
  EXPECT_EQ(memory.state, 0u);
  EXPECT_TRUE(fails(ingot_model_get_memory(model, 0, dims, 0, &memory),
                    INGOT_ERROR_INVALID_ARGUMENT, {"'batch'"}));
}

TEST(Inspect, FixedSymbols) {
  Maker m;
  uint32_t batch = m.symbol("batch", 2, 2);
  m.artifact.symbols[0]->rate = SymbolRate::Compile;
  m.input("x", ElementType::F32, {batch});
  Model model(m);
  ingot_symbol_info symbol;
  ASSERT_TRUE(ok(ingot_model_get_symbol(model, 0, &symbol)));
  EXPECT_EQ(symbol.fixed, 1);
  Session session(model);
  std::vector<float> x = {1, 2, 3};
  ingot_tensor t = tensor(x, {3});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  EXPECT_TRUE(fails(ingot_session_run(session), INGOT_ERROR_SHAPE,
                    {"dim 0 of input 'x' is 3, but must be 2 (batch)"}));
  ingot_dim wrong[] = {{"batch", 3}};
  EXPECT_TRUE(fails(ingot_session_reserve(session, wrong, 1), INGOT_ERROR_SHAPE,
                    {"'batch' must be in 2..2, but is 3"}));
}

TEST(Inspect, HeaderForTools) {
  Maker m = embedding();
  Model model(m);
  size_t size = 0;
  const void *header = ingot_model_header(model, &size);
  ASSERT_GT(size, 0u);
  EXPECT_EQ(GetArtifact(header)->blobs()->Get(0)->name()->str(), "table");
}

TEST(Inspect, Types) {
  EXPECT_STREQ(ingot_type_name(INGOT_TYPE_BF16), "bfloat16");
  EXPECT_STREQ(ingot_type_name(INGOT_TYPE_BOOL), "bool");
  EXPECT_EQ(ingot_type_bits(INGOT_TYPE_I4), 4);
  EXPECT_EQ(ingot_type_bits(ingot_type(99)), 0);
  EXPECT_STREQ(ingot_type_name(ingot_type(-1)), "unknown");
}

TEST(Profile, EachStep) {
  Maker m = embedding();
  Model model(m);
  constexpr int64_t kThreads = 2;
  Session session(model, kThreads);
  std::vector<int64_t> ids(6, 1);
  std::vector<float> x(24);
  ingot_tensor i = tensor(ids, {2, 3}), t = tensor(x, {2, 3, 4});
  ASSERT_TRUE(ok(ingot_session_set_input(session, "ids", &i)));
  ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
  struct Seen {
    std::vector<std::string> names, kernels, sources;
    std::vector<int64_t> flops, bytes, tasks, nanoseconds;
  } seen;
  auto record = [](void *user, const ingot_step_profile *profile) {
    auto &s = *static_cast<Seen *>(user);
    EXPECT_EQ(profile->step, s.names.size());
    s.names.push_back(profile->name);
    s.kernels.push_back(profile->kernel);
    for (uint32_t n = 0; n < profile->source_count; ++n)
      s.sources.push_back(ingot_step_profile_source(profile, n));
    EXPECT_EQ(ingot_step_profile_source(profile, profile->source_count),
              nullptr);
    s.flops.push_back(profile->flops);
    s.bytes.push_back(profile->bytes);
    s.tasks.push_back(profile->tasks);
    s.nanoseconds.push_back(profile->nanoseconds);
    EXPECT_GT(profile->busy_nanoseconds, 0);
    EXPECT_LE(profile->busy_nanoseconds, kThreads * profile->nanoseconds);
  };
  ASSERT_TRUE(ok(ingot_session_set_profile(session, record, &seen)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(seen.names, (std::vector<std::string>{"gather0", "add1", "copy2"}));
  EXPECT_EQ(seen.kernels, (std::vector<std::string>{"gather", "add", "copy"}));
  EXPECT_EQ(seen.sources,
            (std::vector<std::string>{"/node/gather", "/node/add"}));
  EXPECT_EQ(seen.flops, (std::vector<int64_t>{0, 24, -1}));
  EXPECT_EQ(seen.bytes, (std::vector<int64_t>{192, -1, -1}));
  EXPECT_EQ(seen.tasks, (std::vector<int64_t>{6, 1, 1}));
  for (int64_t time : seen.nanoseconds)
    EXPECT_GT(time, 0);
  ASSERT_TRUE(ok(ingot_session_set_profile(session, nullptr, nullptr)));
  ASSERT_TRUE(ok(ingot_session_run(session)));
  EXPECT_EQ(seen.names.size(), 3u);
}

} // namespace
} // namespace ingot::test
