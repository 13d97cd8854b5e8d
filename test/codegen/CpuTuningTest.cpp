// Tuning records of CPUs: what they may hold, what they override, what they
// leave alone.
#include "codegen/cpu/Choice.h"
#include "codegen/cpu/Tuning.h"

#include <gtest/gtest.h>

using namespace ingot;
using namespace ingot::cpu;

namespace {

TuningRecord parsed(const std::string &text) {
  return llvm::cantFail(parseTuningRecord(text, "a.json"));
}
std::string errorOf(llvm::StringRef text) {
  llvm::Expected<TuningRecord> record = parseTuningRecord(text, "a.json");
  return record ? "" : llvm::toString(record.takeError());
}
std::string withRule(const std::string &rule,
                     const std::string &architecture = "x86-64-v4") {
  return R"({"architecture": ")" + architecture +
         R"(", "measured": "here", "linear": [{"type": "f32", "depth": 64}, )" +
         rule + "]}";
}

TEST(CpuTuning, ErrorsSayWhere) {
  EXPECT_NE(errorOf("{\n  \"architecture\" 3}").find("a.json: [2:"),
            std::string::npos);
  const std::pair<std::string, const char *> files[] = {
      {"[]", "expected an object"},
      {"{}", "it has no architecture"},
      {R"({"architecture": "x86-64"})",
       R"("x86-64-v4-bf16" or "x86-64-v4-amx" at a.json.architecture)"},
      {R"({"architecture": "x86-64-v4", "linear": {}})",
       "expected a list of rules at a.json.linear"},
      {R"({"architecture": "x86-64-v4", "linear": [{"type": "f32", "depth": 9}]})",
       "does not say where they were measured"},
      {withRule("3"), "expected an object at a.json.linear[1]"},
      {withRule(R"({"depth": 9})"), "it has no type at a.json.linear[1]"},
      {withRule(R"({"type": "f32"})"),
       "it says none of task_rows, tile and depth at a.json.linear[1]"},
      {withRule(R"({"type": "f16", "depth": 9})"),
       "expected f32 or bf16 at a.json.linear[1].type"},
      {withRule(R"({"type": "f32", "tile128_from": 9})"),
       "unknown key: type, result, n, k, task_rows, tile or depth at "
       "a.json.linear[1].tile128_from"},
      {withRule(R"({"type": "f32", "task_rows": 0})"),
       "expected a number of rows, 1 to 4096 at a.json.linear[1].task_rows"},
      {withRule(R"({"type": "f32", "task_rows": 5000})"), "1 to 4096"},
      {withRule(R"({"type": "f32", "depth": "all"})"),
       "1 to 65536, or null at a.json.linear[1].depth"},
      {withRule(R"({"type": "f32", "tile": 8})"),
       "expected [rows, columns] at a.json.linear[1].tile"},
      {withRule(R"({"type": "f32", "tile": [8, 32]})"),
       "a.json.linear[1].tile: x86-64-v4 has no register tile of 8 by 32: "
       "columns are a multiple of 16 that divides 48"},
      {withRule(R"({"type": "f32", "tile": [8, 48]})", "x86-64-v3"),
       "x86-64-v3 has no register tile of 8 by 48"},
      {withRule(R"({"type": "f32", "tile": [6, 20]})", "x86-64-v3"),
       "columns are a multiple of 8"}};
  for (const auto &[text, message] : files)
    EXPECT_NE(errorOf(text).find(message), std::string::npos)
        << errorOf(text) << "\n"
        << message;
}

TEST(CpuTuning, TheTextIsTheRecord) {
  TuningRecord record = parsed(
      R"({"architecture": "x86-64-v3", "measured": "a \"quick\" machine",
          "linear": [{"type": "f32", "n": [1, 768], "k": 3072, "tile": [4, 24]},
                     {"type": "bf16", "result": "f32", "task_rows": 64, "depth": null},
                     {"type": "f32", "n": 9, "depth": 384}]})");
  EXPECT_EQ(record.level, IsaLevel::V3);
  EXPECT_EQ(record.measured, "a \"quick\" machine");
  ASSERT_EQ(record.linear.size(), 3u);
  EXPECT_EQ(record.linear[0].tile, (std::pair<int64_t, int64_t>(4, 3)));
  EXPECT_EQ(record.linear[1].depth, 0);
  EXPECT_FALSE(record.linear[1].tile);
  std::string text = record.text();
  EXPECT_NE(
      text.find(
          R"({"type": "f32", "n": [1, 768], "k": 3072, "tile": [4, 24]},)"),
      std::string::npos)
      << text;
  TuningRecord again = parsed(text);
  EXPECT_EQ(again.text(), text);
  EXPECT_EQ(again.measured, record.measured);
  TuningRecord none{IsaLevel::V4Amx, "here", {}};
  EXPECT_EQ(parsed(none.text()).level, IsaLevel::V4Amx);
}

TEST(CpuTuning, TheFirstRuleThatFits) {
  TuningRecord record = parsed(withRule(
      R"({"type": "bf16", "result": "f32", "n": [100, 200], "depth": 9},
         {"type": "bf16", "depth": 8})"));
  EXPECT_EQ(record.find("f32", "bf16", 7, 7), 0u);
  EXPECT_EQ(record.find("bf16", "f32", 100, 7), 1u);
  EXPECT_EQ(record.find("bf16", "f32", 201, 7), 2u);
  EXPECT_EQ(record.find("bf16", "bf16", 100, 7), 2u);
  EXPECT_FALSE(record.find("f16", "f32", 100, 7));
}

TEST(CpuTuning, WhatARuleSaysIsChosen) {
  const Isa &isa = isaOf(IsaLevel::V3);
  LinearProblem problem{-1, 768, 3072, false, 4};
  LinearChoice before = chooseLinear(isa, problem, 128, 1);
  LinearRule rule;
  rule.taskRows = 64; // the plan's business
  EXPECT_EQ(chooseLinear(isa, problem, 128, 1, &rule).blocking,
            before.blocking);
  EXPECT_EQ(chooseLinear(isa, problem, 128, 1, &rule).taskRows, 128);
  rule.tile = {4, 3};
  LinearChoice after = chooseLinear(isa, problem, 128, 1, &rule);
  EXPECT_EQ(after.blocking, (GemmBlocking{4, 3, before.blocking.depth}));
  rule.depth = 0;
  after = chooseLinear(isa, problem, 128, 1, &rule);
  EXPECT_EQ(after.blocking, (GemmBlocking{4, 3, 0}));
}

TEST(CpuTuning, OneRecordALevel) {
  Tuning tuning;
  EXPECT_EQ(tuning.highest(), nullptr);
  tuning.set({IsaLevel::V4, "a", {}});
  tuning.set({IsaLevel::V4Amx, "b", {}});
  tuning.set({IsaLevel::V4Bf16, "c", {}});
  tuning.set({IsaLevel::V4, "d", {}});
  EXPECT_EQ(tuning.of(IsaLevel::V4)->measured, "d");
  EXPECT_EQ(tuning.of(IsaLevel::V3), nullptr);
  EXPECT_EQ(tuning.highest()->level, IsaLevel::V4Amx);
}

} // namespace
