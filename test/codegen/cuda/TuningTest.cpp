// Tuning records: what they may hold, what they override, what they leave
// alone.
#include "codegen/cuda/Choice.h"
#include "codegen/cuda/KernelCompiler.h"
#include "codegen/cuda/KernelHeaders.h"
#include "ir/tfm/Tfm.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace ingot;
using namespace ingot::cuda;

namespace {

std::string errorOf(llvm::StringRef text) {
  llvm::Expected<TuningRecord> record = parseTuningRecord(text, "a.json");
  return record ? "" : llvm::toString(record.takeError());
}

std::string ruleError(const std::string &rule) {
  return errorOf(R"({"architecture": "sm_80", "measured": "here", "linear": [
      {"type": "f32", "tile128_from": 9}, )" +
                 rule + "]}");
}

TEST(CudaTuning, TheCompilersRecordsAreGood) {
  for (const KernelHeader &file : tuningRecords()) {
    llvm::Expected<TuningRecord> record =
        parseTuningRecord(file.text, file.name);
    ASSERT_TRUE(bool(record)) << llvm::toString(record.takeError());
    EXPECT_EQ(record->architecture + ".json", file.name);
    EXPECT_FALSE(architecturesOf(record->architecture).empty());
  }
  for (llvm::StringRef target : targetNames())
    EXPECT_TRUE(Tuning::builtIn().of(target)) << target.str();
  EXPECT_FALSE(Tuning::builtIn().of("compute_80"));
}

TEST(CudaTuning, ErrorsSayWhere) {
  EXPECT_NE(errorOf("{\n  \"architecture\" 3}").find("a.json: [2:"),
            std::string::npos)
      << errorOf("{\n  \"architecture\" 3}");
  const std::pair<const char *, const char *> files[] = {
      {"[]", "expected an object"},
      {"{}", "it has no architecture"},
      {R"({"architecture": 80})", "as \"sm_80\" at a.json.architecture"},
      {R"({"architecture": "sm_80", "measured": 1})", "at a.json.measured"},
      {R"({"architecture": "sm_80", "linear": {}})",
       "expected a list of rules at a.json.linear"},
      {R"({"architecture": "sm_80", "attention": []})",
       "unknown key: architecture, measured or linear"},
      {R"({"architecture": "sm_80", "linear": [{"type": "f32", "tile128_from": 9}]})",
       "does not say where they were measured"}};
  for (auto [text, message] : files)
    EXPECT_NE(errorOf(text).find(message), std::string::npos)
        << errorOf(text) << "\n"
        << message;
  const std::pair<const char *, const char *> rules[] = {
      {"3", "expected an object at a.json.linear[1]"},
      {R"({"tile128_from": 9})", "it has no type at a.json.linear[1]"},
      {R"({"type": "f32"})",
       "it says nothing: tile128_from, tiles or cublaslt_from at "
       "a.json.linear[1]"},
      {R"({"type": "fp8"})",
       "expected f32, tf32, bf16 or f16 at a.json.linear[1].type"},
      {R"({"type": "f32", "result": 3})", "at a.json.linear[1].result"},
      {R"({"type": "f32", "n": 0})", "expected a number of 1 or more, or "
                                     "[least, most] at a.json.linear[1].n"},
      {R"({"type": "f32", "k": [5, 4]})", "at a.json.linear[1].k"},
      {R"({"type": "f32", "k": [1, 2, 3]})", "at a.json.linear[1].k"},
      {R"({"type": "f32", "tile128_from": 8})",
       "expected a number of 9 rows or more, or null at "
       "a.json.linear[1].tile128_from"},
      {R"({"type": "f32", "cublaslt_from": "soon"})",
       "expected a number of 1 row or more, or null at "
       "a.json.linear[1].cublaslt_from"},
      {R"({"type": "bf16", "tiles": [[64]]})",
       "only tf32, bf16 and f16 on sm_90a have such tiles at "
       "a.json.linear[1].tiles"},
      {R"({"type": "f32", "tile": 64})", "unknown key"}};
  for (auto [rule, message] : rules)
    EXPECT_NE(ruleError(rule).find(message), std::string::npos)
        << ruleError(rule) << "\n"
        << message;
  // What is around it is shown too.
  EXPECT_NE(ruleError("3").find("/* error: expected an object */"),
            std::string::npos)
      << ruleError("3");
}

constexpr const char *kRecord = R"({
  "architecture": "sm_86",
  "measured": "made up for this test",
  "linear": [
    {"type": "bf16", "result": "f32", "n": 768, "tile128_from": 1000},
    {"type": "bf16", "n": [1, 1000], "k": [700, 800], "tile128_from": null, "cublaslt_from": 64},
    {"type": "tf32", "cublaslt_from": null, "tile128_from": 9},
    {"type": "f32", "cublaslt_from": 3}
  ]
})";

TuningRecord record() {
  return llvm::cantFail(parseTuningRecord(kRecord, "test"));
}

llvm::Expected<TuningRecord> hopperRecord(const std::string &tiles,
                                          const std::string &type = "bf16") {
  return parseTuningRecord(R"({"architecture": "sm_90a", "measured": "here",
      "linear": [{"type": ")" + type +
                               R"(", "tiles": )" + tiles + "}]}",
                           "a.json");
}

TEST(CudaTuning, HopperTiles) {
  for (const char *tiles :
       {"[]", "9", "[64]", "[[60]]", "[[64], [64]]", "[[128], [64]]",
        "[[64, 1]]", "[[64, 1, 0]]", "[[64, -1, 5]]", "[[64, 1, 2.5]]",
        "[[64], 3]", "[[64], [96], [128], [192]]", R"([["64"]])",
        R"([["192 in turns"]])", R"([[" in turns"]])",
        R"([["64 in turns"], [64]])", R"([["128 in pairs"]])",
        R"([["256 in pairs"], ["256"]])"})
    EXPECT_NE(llvm::toString(hopperRecord(tiles).takeError())
                  .find("each more than the last at a.json.linear[0].tiles"),
              std::string::npos)
        << tiles;
  EXPECT_NE(llvm::toString(hopperRecord("[[64]]", "f32").takeError())
                .find("only tf32, bf16 and f16 on sm_90a"),
            std::string::npos);
  EXPECT_NE(
      llvm::toString(hopperRecord(R"([["64 in turns"]])", "tf32").takeError())
          .find("tf32 has no tiles in turns or in pairs at "
                "a.json.linear[0].tiles"),
      std::string::npos);
  LinearProblem problem{-1, 3072, 768, Math::Half, 16, 16, /*canSplit=*/false};
  auto choiceOf = [&](const char *tiles, int64_t m) {
    TuningRecord record = llvm::cantFail(hopperRecord(tiles));
    problem.m = m;
    return chooseHopperLinear(problem, record.linear[0].hopperTiles);
  };
  auto textOf = [&](const char *tiles, int64_t m) {
    std::optional<HopperLinear> choice = choiceOf(tiles, m);
    return choice ? choice->text() : "";
  };
  const std::string few = "few rows up to 16, 24 columns a block; few rows up "
                          "to 32, 24 columns a block; ";
  EXPECT_EQ(textOf("[[256]]", -1), few + "wgmma 128x256");
  EXPECT_EQ(textOf("[[256]]", 4096), "wgmma 128x256");
  // Up to 256 rows tiles of 64 take a wave.
  constexpr const char *kBoth = "[[64, 1000, 2000], [128, 1000, 2500]]";
  EXPECT_EQ(textOf(kBoth, -1), few + "wgmma 128x64; 128x128");
  EXPECT_EQ(textOf(kBoth, 256), "wgmma 128x64");
  EXPECT_EQ(textOf(kBoth, 384), "wgmma 128x128");
  EXPECT_EQ(textOf(kBoth, 16), "");
  EXPECT_EQ(choiceOf(kBoth, -1)->at(384).nanoseconds, 3500);
  // In turns, by the model's times: faster up to three waves of long K.
  constexpr const char *kTurns = R"([[64], ["64 in turns"]])";
  problem.k = 3072;
  EXPECT_EQ(textOf(kTurns, -1), few + "wgmma 128x64; 128x64 in turns");
  EXPECT_EQ(textOf(kTurns, 512), "wgmma 128x64 in turns");
  EXPECT_EQ(textOf(kTurns, 4096), "wgmma 128x64");
  EXPECT_EQ(textOf(R"([[128, 1000, 2000], ["128 in turns", 1000, 1999]])", 512),
            "wgmma 128x128 in turns");
  // In pairs, waves of which are of 66.
  constexpr const char *kPairs =
      R"([[64], [256, 1000, 9000], ["256 in pairs", 1000, 8000]])";
  EXPECT_EQ(textOf(kPairs, -1),
            few + "wgmma 128x64; 128x256; 128x256 in pairs");
  EXPECT_EQ(textOf(kPairs, 8192), "wgmma 128x256 in pairs");
  // What parts save is the model's.
  problem.canSplit = true;
  problem.k = 8192;
  EXPECT_EQ(textOf("[[192], [256]]", 33), "wgmma 128x192");
  EXPECT_EQ(textOf("[[64, 1000, 9000]]", 33), "wgmma 128x64, K in 2 parts");
}

TEST(CudaTuning, TheFirstRuleThatFits) {
  TuningRecord r = record();
  EXPECT_EQ(r.find("bf16", "f32", 768, 768), 0u);
  EXPECT_EQ(r.find("bf16", "bf16", 768, 768), 1u);
  EXPECT_EQ(r.find("bf16", "bf16", 1000, 800), 1u);
  EXPECT_EQ(r.find("bf16", "bf16", 1001, 800), std::nullopt);
  EXPECT_EQ(r.find("bf16", "bf16", 1000, 699), std::nullopt);
  EXPECT_EQ(r.find("f16", "f16", 768, 768), std::nullopt);
  EXPECT_EQ(r.find("tf32", "f32", 1, 1), 2u);
  EXPECT_EQ(r.linear[1].tile128From, 0);
  EXPECT_EQ(r.linear[2].cublasLtFrom, std::nullopt);
}

TEST(CudaTuning, ChoicesFollowIt) {
  LinearProblem problem{-1, 3072, 768, Math::Half, 16, 16, /*canSplit=*/false};
  const Chip &chip = referenceChip();
  EXPECT_EQ(chooseLinear(problem, chip, 500).largeFrom, 500);
  EXPECT_EQ(chooseLinear(problem, chip, 500).text(),
            "few rows up to 16, 32 columns a block; few rows up to 32, 32 "
            "columns a block; 64x64; 128x128 from M 500");
  EXPECT_EQ(chooseLinear(problem, chip, 0).largeFrom, 0);
  EXPECT_LT(chooseLinear(problem, chip, 0).sharedBytes,
            chooseLinear(problem, chip, 500).sharedBytes);
  problem.m = 400;
  EXPECT_EQ(chooseLinear(problem, chip, 500).text(), "64x64");
  EXPECT_EQ(chooseLinear(problem, chip, 400).text(), "128x128");
  // Few rows and rows that are not aligned have one kernel.
  problem.m = 4;
  EXPECT_EQ(chooseLinear(problem, chip, 9).text(),
            chooseLinear(problem).text());
  problem.m = 400;
  problem.k = 33;
  EXPECT_EQ(chooseLinear(problem, chip, 9).text(),
            chooseLinear(problem).text());
}

TEST(CudaTuning, StubsOfItsArchitectureAlone) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<plan::PlanDialect, tfm::TfmDialect>();
  std::string text;
  for (const char *type : {"bf16", "f16", "f32"})
    text +=
        std::string("plan.kernel linear @") + type + " outs [" + type +
        "] ins [" + type + ", " + type +
        "] scalars 1 params {m = -1, n = 768, k = 768, lda = 768, rows = "
        "64, panels = 1} {\n^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?x" +
        type + ">, %w: tensor<?x" + type +
        ">, %M: i64):\n  %y = tfm.convert %acc : f32 to " + type +
        "\n  tfm.yield %y : " + type + "\n}\n";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  ASSERT_TRUE(module);
  std::vector<plan::KernelOp> kernels;
  for (auto kernel : module->getOps<plan::KernelOp>())
    kernels.push_back(kernel);
  Tuning tuning = Tuning::builtIn();
  tuning.set(record());
  auto print = [&](llvm::StringRef arch) {
    return *printStubs(kernels, tuning, arch);
  };
  std::vector<CudaStub> model = print("sm_80"), tuned = print("sm_86"),
                        ptx = print("compute_80");
  EXPECT_NE(model[0].text, tuned[0].text);
  EXPECT_NE(model[0].choice.find("128x128"), std::string::npos);
  EXPECT_EQ(tuned[0].choice.find("128x128"), std::string::npos);
  EXPECT_EQ(tuned[0].record, "sm_86, linear[1]");
  EXPECT_EQ(tuned[0].libraryFrom, 64);
  EXPECT_EQ(model[1].text, tuned[1].text);
  EXPECT_EQ(tuned[1].record, "");
  EXPECT_EQ(tuned[1].libraryFrom, std::nullopt);
  EXPECT_EQ(model[2].text, tuned[2].text); // the tile is the model's
  EXPECT_EQ(tuned[2].record, "sm_86, linear[3]");
  EXPECT_EQ(tuned[2].libraryFrom, 3);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(model[i].text, ptx[i].text);
    EXPECT_EQ(model[i].record, "");
  }
}

} // namespace
