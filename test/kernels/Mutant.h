// Edits of kernels on purpose, each of which a test must find.
#pragma once

#include "test/emulator/Harness.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace ingot::emulator {

// An edit that no longer applies is an error, so that lists follow kernels.
inline void expectOnce(const std::string &text, const char *from,
                       const char *header) {
  size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << "no longer in " << header << ": " << from;
  ASSERT_EQ(text.find(from, at + 1), std::string::npos) << "twice";
}

// A copy of the kernels for an edit, seen by this process only.
class MutantTest : public EmulatorTest {
protected:
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) /
                                 ("ingot-mutant-" + std::to_string(getpid()));
  MutantTest() {
    namespace fs = std::filesystem;
    fs::create_directories(folder);
    fs::copy(kernelFolder(), folder, fs::copy_options::recursive);
    setenv("INGOT_EMULATOR_KERNELS", folder.c_str(), 1);
    setenv("INGOT_EMULATOR_CACHE", (folder / "cache").c_str(), 1);
  }
  ~MutantTest() override {
    unsetenv("INGOT_EMULATOR_KERNELS");
    unsetenv("INGOT_EMULATOR_CACHE");
    std::filesystem::remove_all(folder);
  }
  void edit(const char *header, const char *from, const char *to) {
    std::string text = readFile(folder / header);
    ASSERT_NO_FATAL_FAILURE(expectOnce(text, from, header));
    text.replace(text.find(from), strlen(from), to);
    std::ofstream(folder / header) << text;
  }
};

template <class Edit>
const char *headerOf(const Edit &edit) {
  return edit.header;
}

template <class Edit, size_t N>
std::vector<Edit> sampleOf(const Edit (&edits)[N], bool isMain) {
  std::vector<Edit> sample;
  for (size_t i = 0; i < N; ++i)
    if ((i % 3 == 0) == isMain)
      sample.push_back(edits[i]);
  return sample;
}

// A suite over an array of edits ({name, from, to} and what shows them), which
// goes by kind: CI makes every third (`Main`), `make test-all` the others
// (`Rest`). That all of them still apply is cheap to see.
#define INSTANTIATE_EDITS(SUITE, EDITS)                                        \
  INSTANTIATE_TEST_SUITE_P(                                                    \
      Main, SUITE, testing::ValuesIn(ingot::emulator::sampleOf(EDITS, true)),  \
      [](const auto &info) { return std::string(info.param.name); });          \
  INSTANTIATE_TEST_SUITE_P(                                                    \
      Rest, SUITE, testing::ValuesIn(ingot::emulator::sampleOf(EDITS, false)), \
      [](const auto &info) { return std::string(info.param.name); });          \
  TEST(SUITE##Edits, Apply) {                                                  \
    for (const auto &edit : EDITS) {                                           \
      SCOPED_TRACE(edit.name);                                                 \
      const char *header = headerOf(edit);                                     \
      ingot::emulator::expectOnce(                                             \
          ingot::emulator::readFile(kernelFolder() + "/" + header), edit.from, \
          header);                                                             \
    }                                                                          \
  }

} // namespace ingot::emulator
