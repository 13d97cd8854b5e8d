// A copy of the kernels for an edit, seen by this process only.
#pragma once

#include "test/emulator/Harness.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace ingot::emulator {

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
  // An edit that no longer applies is an error, so that lists follow kernels.
  void edit(const char *header, const char *from, const char *to) {
    std::string text = readFile(folder / header);
    size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos)
        << "no longer in " << header << ": " << from;
    ASSERT_EQ(text.find(from, at + 1), std::string::npos) << "twice";
    text.replace(at, strlen(from), to);
    std::ofstream(folder / header) << text;
  }
};

} // namespace ingot::emulator
