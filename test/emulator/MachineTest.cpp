// The machine apart from its findings: verbs do what PTX says, instrumentation
// sees all, schedules differ by seed, blocks are resident together.
#include "Harness.h"
#include "Nvrtc.h"

#include <set>

namespace ingot::emulator {
namespace {

class MachineTest : public EmulatorTest {};

// Each shape of access must come to us: nothing dropped, nothing merged.
const char *const accesses = R"(
#include "vocabulary.cuh"
struct Pair {
  float x, y;
};
KERNEL(32, 1) accesses(u8 *b, u16 *h, u32 *w, u64 *d, vec16 *q, Pair *p) {
  int i = tid();
  b[i] = 1;
  h[i] = (u16)(b[i] + 1);
  w[i] = h[i] + 1u;
  d[i] = w[i] + 1u;
  q[i] = vec16{{(u32)d[i], 2, 3, 4}};
  p[i].x = 1.f;
  p[i].y = p[i].x + 1.f;
}
EXPORT_KERNEL(accesses)
KERNEL(32, 1) sum8(const float *x, float *y) {
  float s = 0;
  for (int i = 0; i < 8; ++i)
    s += x[tid() * 8 + i];
  y[tid()] = s;
}
EXPORT_KERNEL(sum8)
KERNEL(32, 1) fill8(float *y) {
  for (int i = 0; i < 8; ++i)
    y[tid() * 8 + i] = 1.f;
}
EXPORT_KERNEL(fill8)
)";

TEST_F(MachineTest, EveryAccessIsSeen) {
  Stub stub(accesses);
  DeviceArray<uint8_t> b(32);
  DeviceArray<uint16_t> h(32);
  DeviceArray<uint32_t> w(32);
  DeviceArray<uint64_t> d(32), p(32), q(64);
  ASSERT_EQ(stub.launch("accesses", {1}, 32, 0, b, h, w, d, q, p), cu::success)
      << control("report");
  // The compiler forwards what it just stored, so loads may be fewer than
  // written; stores not.
  EXPECT_EQ(statistic("stores1"), 32u);
  EXPECT_EQ(statistic("stores2"), 32u);
  EXPECT_GE(statistic("stores4"), 32u * 3);
  EXPECT_EQ(statistic("stores8"), 32u);
  EXPECT_EQ(statistic("stores4") * 4 + statistic("stores16") * 16,
            32u * (4 + 16 + 8));
}

TEST_F(MachineTest, LoopsAreNotVectorizedAway) {
  Stub stub(accesses);
  DeviceArray<float> x(std::vector<float>(256, 1.f)), y(32), z(256);
  ASSERT_EQ(stub.launch("sum8", {1}, 32, 0, x, y), cu::success)
      << control("report");
  EXPECT_EQ(statistic("callbacks"), 32u * 9);
  EXPECT_EQ(statistic("loads4"), 256u);
  EXPECT_EQ(y.get(), std::vector<float>(32, 8.f));
  control("stats reset");
  ASSERT_EQ(stub.launch("fill8", {1}, 32, 0, z), cu::success)
      << control("report");
  EXPECT_EQ(statistic("callbacks"), 256u);
  EXPECT_EQ(z.get(), std::vector<float>(256, 1.f));
}

const char *const verbs = R"(
#include "vocabulary.cuh"
KERNEL(64, 1) shuffles(u32 *out, u64 *wide, float *sums) {
  u32 l = lane();
  u32 *o = out + tid() * 8;
  o[0] = shfl_xor(l, 5);
  o[1] = shfl_idx(l, 7);
  o[2] = shfl_up(l, 3);
  o[3] = shfl_down(l, 3);
  o[4] = vote_ballot(l % 3 == 0);
  o[5] = vote_any(tid() == 40);
  o[6] = vote_all(l < 32);
  o[7] = (u32)warp() * 1000 + threads();
  wide[tid()] = shfl_xor((u64)l << 40, 1);
  sums[tid() * 4] = warp_sum((float)tid());
  sums[tid() * 4 + 1] = warp_max((float)tid());
  sums[tid() * 4 + 2] = warp_min((float)tid());
  sums[tid() * 4 + 3] = row_sum4((float)l);
}
EXPORT_KERNEL(shuffles)
KERNEL(32, 1) atomics(u32 *u, i32 *i, float *f, u64 *d) {
  atomic_add(u, 2u);
  atomic_min(i, -(i32)tid());
  atomic_max(i + 1, (i32)tid());
  atomic_add(f, 0.5f);
  atomic_add(d, (u64)1 << 33);
  if (tid() == 0) {
    u[1] = atomic_cas(u + 2, 5u, 9u);
    u[3] = atomic_exchange(u + 4, 11u);
  }
}
EXPORT_KERNEL(atomics)
// Which thread of the grid came when, all blocks.
KERNEL(32, 1) order(u32 *counter, u32 *out) {
  for (int i = 0; i < 4; ++i) {
    warp_sync();
    if (lane() == 0)
      out[(bid_x() * 4 + i)] = atomic_add(counter, 1u);
  }
}
EXPORT_KERNEL(order)
// A barrier of the whole grid, then every block reads what the others wrote.
KERNEL(32, 1) grid_barrier(u32 *counter, u32 *data, u32 *out) {
  data[bid_x() * 32 + tid()] = bid_x() + 1;
  barrier();
  if (tid() == 0) {
    atomic_add_acq_rel(counter, 1u);
    while (load_acquire(counter) < (u32)grid_x())
      ;
  }
  barrier();
  u32 sum = 0;
  for (int b = 0; b < grid_x(); ++b)
    sum += data[b * 32 + tid()];
  out[bid_x() * 32 + tid()] = sum;
}
EXPORT_KERNEL(grid_barrier)
)";

TEST_F(MachineTest, ShufflesAndVotes) {
  Stub stub(verbs);
  for (const char *mode : {"mode late", "mode random 5"}) {
    control(mode);
    DeviceArray<uint32_t> out(64 * 8);
    DeviceArray<uint64_t> wide(64);
    DeviceArray<float> sums(64 * 4);
    ASSERT_EQ(stub.launch("shuffles", {1}, 64, 0, out, wide, sums), cu::success)
        << control("report");
    std::vector<uint32_t> o = out.get();
    std::vector<uint64_t> w = wide.get();
    std::vector<float> s = sums.get();
    for (uint32_t t = 0; t < 64; ++t) {
      uint32_t l = t % 32, base = t / 32 * 32;
      EXPECT_EQ(o[t * 8], l ^ 5);
      EXPECT_EQ(o[t * 8 + 1], 7u);
      EXPECT_EQ(o[t * 8 + 2], l < 3 ? l : l - 3);
      EXPECT_EQ(o[t * 8 + 3], l > 28 ? l : l + 3);
      EXPECT_EQ(o[t * 8 + 4], 0x49249249u); // lanes 0, 3, 6, ... 30
      EXPECT_EQ(o[t * 8 + 5], t >= 32);
      EXPECT_EQ(o[t * 8 + 6], 1u);
      EXPECT_EQ(o[t * 8 + 7], t / 32 * 1000 + 64);
      EXPECT_EQ(w[t], uint64_t(l ^ 1) << 40);
      EXPECT_EQ(s[t * 4], 496.f + 32 * base);
      EXPECT_EQ(s[t * 4 + 1], base + 31.f);
      EXPECT_EQ(s[t * 4 + 2], float(base));
      EXPECT_EQ(s[t * 4 + 3], l / 4 * 16 + 6.f);
    }
  }
}

TEST_F(MachineTest, Atomics) {
  Stub stub(verbs);
  DeviceArray<uint32_t> u(std::vector<uint32_t>{1, 0, 5, 0, 3});
  DeviceArray<int32_t> i(std::vector<int32_t>{0, 0});
  DeviceArray<float> f(std::vector<float>{1.f});
  DeviceArray<uint64_t> d(std::vector<uint64_t>{7});
  ASSERT_EQ(stub.launch("atomics", {1}, 32, 0, u, i, f, d), cu::success)
      << control("report");
  EXPECT_EQ(u.get(), (std::vector<uint32_t>{65, 5, 9, 3, 11}));
  EXPECT_EQ(i.get(), (std::vector<int32_t>{-31, 31}));
  EXPECT_EQ(f.get(), (std::vector<float>{17.f}));
  EXPECT_EQ(d.get(), (std::vector<uint64_t>{(uint64_t(32) << 33) + 7}));
}

TEST_F(MachineTest, SeedsGiveSchedulesThatRepeat) {
  Stub stub(verbs);
  auto order = [&](const std::string &mode) {
    control(mode);
    DeviceArray<uint32_t> counter(std::vector<uint32_t>{0}), out(16);
    EXPECT_EQ(stub.launch("order", {4}, 32, 0, counter, out), cu::success)
        << control("report");
    return out.get();
  };
  EXPECT_EQ(order("mode random 3"), order("mode random 3"));
  std::set<std::vector<uint32_t>> seen;
  for (int seed = 1; seed <= 8; ++seed)
    seen.insert(order("mode random " + std::to_string(seed)));
  EXPECT_GE(seen.size(), 6u);
  EXPECT_EQ(order("mode late"), order("mode late"));
}

TEST_F(MachineTest, ResidentBlocksMeetAtABarrierOfTheGrid) {
  Stub stub(verbs);
  for (const char *mode :
       {"mode late", "mode early", "mode random 1", "mode random 2"}) {
    control(mode);
    DeviceArray<uint32_t> counter(std::vector<uint32_t>{0}), data(4 * 32),
        out(4 * 32);
    EXPECT_EQ(stub.launch("grid_barrier", {4}, 32, 0, counter, data, out),
              cu::success)
        << control("report");
    EXPECT_EQ(out.get(), std::vector<uint32_t>(4 * 32, 10));
  }
}

TEST_F(MachineTest, MoreBlocksThanFitCannotMeet) {
  Stub stub(verbs);
  DeviceArray<uint32_t> counter(std::vector<uint32_t>{0}), data(64 * 32),
      out(64 * 32);
  EXPECT_EQ(stub.launch("grid_barrier", {64}, 32, 0, counter, data, out),
            cu::launchFailed);
  EXPECT_NE(control("report").find("deadlock: threads spin"),
            std::string::npos);
  EXPECT_NE(control("report").find("of 64 blocks were started"),
            std::string::npos)
      << control("report");
}

TEST_F(MachineTest, BankConflictsAreCounted) {
  Stub stub(R"(
#include "vocabulary.cuh"
template <bool SWIZZLED> DEV void load(u32 *out) {
  u8 *s = shared_base<u8>();
  // 16 rows of 128 bytes.
  for (int i = tid(); i < 128; i += 32)
    *reinterpret_cast<vec16 *>(s + i * 16) = vec16{{(u32)i, 0, 0, 0}};
  warp_sync();
  u32 r[4];
  int row = lane() % 16, chunk = lane() / 16;
  load_matrix4(r, s + (SWIZZLED ? swizzle128(row, chunk) : row * 128 + chunk * 16));
  out[lane()] = r[0];
}
KERNEL(32, 1) plain(u32 *out) { load<false>(out); }
EXPORT_KERNEL(plain)
KERNEL(32, 1) swizzled(u32 *out) { load<true>(out); }
EXPORT_KERNEL(swizzled)
)");
  DeviceArray<uint32_t> out(32);
  ASSERT_EQ(stub.launch("plain", {1}, 32, 2048, out), cu::success)
      << control("report");
  EXPECT_EQ(statistic("matrix_phases"), 4u);
  EXPECT_EQ(statistic("bank_conflicts"), 28u);
  control("stats reset");
  ASSERT_EQ(stub.launch("swizzled", {1}, 32, 2048, out), cu::success)
      << control("report");
  EXPECT_EQ(statistic("bank_conflicts"), 0u);
}

// In mode early the data is there before the wait, in mode late garbage is:
// with checks off both show in the numbers.
TEST_F(MachineTest, CopiesArriveEarlyOrLate) {
  Stub stub(R"(
#include "vocabulary.cuh"
KERNEL(32, 1) peek(const u32 *in, u32 *out) {
  u32 *s = shared_base<u32>();
  copy_async4(s + tid(), in + tid(), tid() == 5 ? 2 : 4);
  copy_commit();
  out[tid()] = s[tid()];
  copy_wait<0>();
  out[32 + tid()] = s[tid()];
}
EXPORT_KERNEL(peek)
)");
  DeviceArray<uint32_t> in(std::vector<uint32_t>(32, 0x12345678)), out(64);
  control("checks off; mode late");
  ASSERT_EQ(stub.launch("peek", {1}, 32, 128, in, out), cu::success);
  control("checks off; mode late");
  std::vector<uint32_t> late = out.get();
  EXPECT_EQ(late[0], 0xffffffffu);
  EXPECT_EQ(late[32], 0x12345678u);
  EXPECT_EQ(late[32 + 5], 0x5678u); // what is not valid is zero
  control("mode early");
  ASSERT_EQ(stub.launch("peek", {1}, 32, 128, in, out), cu::success);
  EXPECT_EQ(out.get()[0], 0x12345678u);
}

// The example of docs/kernels.md.
TEST_F(MachineTest, StubOfTheManual) {
  std::string text = readFile(INGOT_PLANTED "/../stubs/scale.cu");
  Stub stub(text);
  DeviceArray<uint16_t> x(std::vector<uint16_t>(1000, 0x3c00)), y(1000);
  ASSERT_EQ(stub.launch("scale_f16", {2}, 256, 0, y, x, 1000, 2.5f),
            cu::success)
      << control("report");
  EXPECT_EQ(y.get(), std::vector<uint16_t>(1000, 0x4100));
  if (nvrtcFound()) {
    EXPECT_TRUE(nvrtcCompile(text, "sm_80").ok);
  }
}

TEST_F(MachineTest, KernelsOfTheseTestsCompileForTheDevice) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  for (const char *text : {accesses, verbs}) {
    NvrtcResult r = nvrtcCompile(text, "sm_80");
    EXPECT_TRUE(r.ok) << r.log;
    EXPECT_TRUE(nvrtcCompile(text, "compute_80").ok);
  }
}

} // namespace
} // namespace ingot::emulator
