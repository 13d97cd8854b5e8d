// Every detection has a kernel that must be reported, at its line, in every
// mode, and a correct twin that must not. Kernel `wrong` marks the line by "//
// reported: TEXT"; of a race, whichever side comes second, so both are marked.
#include "Harness.h"
#include "Nvrtc.h"

#include <optional>
#include <sstream>

namespace ingot::emulator {
namespace {

struct Planted {
  struct Mark {
    int line;
    std::string text;
  };
  std::string name, text;
  std::vector<Mark> marks;
  unsigned grid = 1, threads = 32, shared = 0;
  // Behind a kernel that may still run, and with what has written `out`.
  bool isEarly() const { return name.rfind("grid_", 0) == 0; }

  explicit Planted(const std::string &name)
      : name(name), text(readFile(INGOT_PLANTED "/" + name + ".cu")) {
    std::istringstream lines(text);
    std::string s;
    for (int number = 1; std::getline(lines, s); ++number) {
      if (size_t at = s.find("// reported: "); at != std::string::npos) {
        marks.push_back({number, s.substr(at + 13)});
      }
      if (s.rfind("// launch: ", 0) == 0) {
        std::istringstream words(s.substr(11));
        while (words >> s) {
          unsigned value =
              static_cast<unsigned>(std::stoul(s.substr(s.find('=') + 1)));
          (s[0] == 'g' ? grid : s[0] == 't' ? threads : shared) = value;
        }
      }
    }
  }

  bool isMarked(const std::string &report) const {
    for (const Mark &m : marks)
      if (report.find(m.text) != std::string::npos &&
          report.find("at " + name + ".cu:" + std::to_string(m.line) + "\n") !=
              std::string::npos)
        return true;
    return false;
  }

  cu::Result run(Stub &stub, const char *kernel) const {
    std::vector<uint32_t> numbers(256);
    for (size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = static_cast<uint32_t>(i * 7 + 1);
    DeviceArray<uint32_t> data(numbers), out(256);
    std::optional<EarlyLaunches> early;
    if (isEarly())
      early.emplace();
    // The first words are counters.
    EXPECT_EQ(driverTable().memsetD32Async(out.pointer, 0, 8, nullptr),
              cu::success);
    // Kernels that take tensor maps get both as eight rows of 64 elements.
    cu::TensorMap from = makeMap(data.pointer, {64, 8, 64}),
                  to = makeMap(out.pointer, {64, 8, 64});
    return stub.launch(kernel, {grid}, threads, shared, data, 256, out, from,
                       to);
  }
};

class PlantedTest : public EmulatorTest,
                    public testing::WithParamInterface<const char *> {};

const char *const modes[] = {"mode late", "mode early", "mode random 1",
                             "mode random 2", "mode random 3"};

TEST_P(PlantedTest, IsReported) {
  Planted planted(GetParam());
  ASSERT_FALSE(planted.marks.empty());
  Stub stub(planted.text, planted.name + ".cu");
  for (const char *mode : modes) {
    SCOPED_TRACE(mode);
    control("reset; " + std::string(mode));
    EXPECT_NE(planted.run(stub, "wrong"), cu::success);
    std::string report = control("report") + "\n";
    EXPECT_TRUE(planted.isMarked(report)) << report;
    EXPECT_NE(report.find("kernel wrong, block ("), std::string::npos)
        << report;
  }
}

TEST_P(PlantedTest, TwinIsNot) {
  Planted planted(GetParam());
  Stub stub(planted.text, planted.name + ".cu");
  for (const char *mode : modes) {
    SCOPED_TRACE(mode);
    control(mode);
    EXPECT_EQ(planted.run(stub, "right"), cu::success) << control("report");
  }
}

TEST_P(PlantedTest, CompilesForTheDevice) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  std::string name = GetParam();
  bool isHopper = false;
  for (const char *what : {"mbar_", "tma_", "wgmma_", "registers_", "cluster_",
                           "multicast_", "grid_"})
    isHopper |= name.rfind(what, 0) == 0;
  NvrtcResult r =
      nvrtcCompile(Planted(name).text, isHopper ? "sm_90a" : "sm_80");
  EXPECT_TRUE(r.ok) << r.log;
  EXPECT_EQ(r.kernels.size(), 2u) << r.log;
}

INSTANTIATE_TEST_SUITE_P(
    Emulator, PlantedTest,
    testing::Values(
        "cluster_exits_early", "cluster_fence_after_sync",
        "cluster_store_over_reader", "cluster_store_without_scope",
        "cluster_store_without_sync", "cluster_store_without_wait",
        "cluster_without_sync", "copy_in_flight_at_exit", "copy_misaligned",
        "copy_of_nothing", "copy_over_reader", "copy_without_barrier",
        "copy_without_commit", "copy_without_wait", "divergent_barrier",
        "divergent_shuffle", "grid_reads_early", "grid_tma_early",
        "grid_waits_for_itself", "grid_without_wait", "grid_writes_early",
        "matrix_out_of_bounds", "mbar_overwritten", "mbar_too_many_arrivals",
        "mbar_without_barrier", "mbar_wrong_parity", "misaligned",
        "missing_at_barrier", "missing_lanes", "multicast_outside_cluster",
        "multicast_over_reader", "named_barrier_count", "null_pointer",
        "out_of_bounds_read", "out_of_bounds_shared", "out_of_bounds_write",
        "race_in_block", "race_in_warp", "race_of_blocks", "race_with_atomic",
        "race_without_release", "registers_too_many", "spin_forever",
        "tma_bytes_too_few", "tma_bytes_too_many", "tma_load_at_exit",
        "tma_misaligned", "tma_out_of_bounds", "tma_over_reader", "tma_rank",
        "tma_store_at_exit", "tma_store_over_reader",
        "tma_store_without_barrier", "tma_store_without_fence",
        "tma_without_fence_init", "tma_without_wait", "uninitialized_global",
        "uninitialized_shared", "wgmma_at_exit", "wgmma_disagree",
        "wgmma_out_of_bounds", "wgmma_without_barrier", "wgmma_without_fence",
        "wgmma_without_fence_async"),
    [](const testing::TestParamInfo<const char *> &info) {
      return std::string(info.param);
    });

} // namespace
} // namespace ingot::emulator
