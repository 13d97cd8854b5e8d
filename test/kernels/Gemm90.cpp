#include "Gemm90.h"

#include "test/emulator/Nvrtc.h"

#include <sstream>

namespace ingot::emulator {

std::string Variant90::stub() const {
  std::ostringstream s;
  std::string type = math == "tf32" ? "float" : math;
  s << "#include \"" << (turns ? "gemm90_turns" : "gemm90") << ".cuh\"\n"
    << "using Config = Gemm90" << (turns ? "Turns" : "") << "Config<" << math
    << ", " << bn << ", " << stages << ", " << stores;
  if (!turns)
    s << ", " << cm << ", " << cn;
  s << ">;\n"
    << "using Epilogue = LinearEpilogue<" << type << ", " << v << ", "
    << activation << ", " << bias << ", " << residual << ">;\n"
    << "KERNEL_CLUSTER(384, 1, " << cm * cn
    << ") gemm_test(GRID_CONST TensorMap a, GRID_CONST TensorMap w, "
       "GRID_CONST TensorMap c, const "
    << type << " *bias, const " << type << " *residual, " << type
    << " *out, i64 ldr, i64 ldo, int m, int n, int k, float *partials, u32 "
       "*counters, i64 parts) {\n"
    << "  gemm90" << (turns ? "_turns" : "")
    << "<Config>({&a, &w, &c}, m, n, k, Epilogue{out, ldo, bias, "
       "residual, ldr}"
    << (parts ? ", Splits{partials, counters, parts}" : "") << ");\n"
    << "}\nEXPORT_KERNEL(gemm_test)\n";
  return s.str();
}

std::string runGemm90(const Variant90 &v, Stub &stub, int m, int n, int k) {
  // The least pitches and offsets that TMA takes.
  int bytes = static_cast<int>(sizeOf(v.type())), least = 16 / bytes;
  auto pitch = [=](int columns) {
    return (columns + least - 1) / least * least + least;
  };
  Matrix w(v.type(), n, k, pitch(k), 3 * least, 2),
      bias(v.type(), 1, n, n, v.v, 3);
  EarlyLaunches early;
  Matrix a(v.type(), m, k, pitch(k), least, 1),
      residual(v.type(), m, n, (n + 1) / 2 * 2 + 2, v.v, 4);
  int unit = v.stores ? 8 : v.v;
  Matrix out(v.type(), m, n, (n + unit - 1) / unit * unit + unit, 3 * unit, 5,
             false);
  cu::TensorMapType type = v.type() == Type::Bf16  ? cu::tensorMapBf16
                           : v.type() == Type::F16 ? cu::tensorMapF16
                                                   : cu::tensorMapF32;
  auto map = [&](const Matrix &x, int boxRows) {
    return makeMap(x.address(), {uint64_t(x.columns),
                                 uint64_t(x.rows),
                                 uint64_t(x.pitch),
                                 unsigned(boxRows),
                                 {},
                                 type,
                                 unsigned(128 / bytes)});
  };
  cu::TensorMap none = {};
  int cluster = v.cm * v.cn;
  auto blocks = unsigned((v.blocks + cluster - 1) / cluster * cluster);
  auto i64 = [](int x) { return static_cast<long long>(x); };
  auto up = [](int x) { return size_t(x + 15) / 16 * 16; };
  size_t tiles = size_t((m + 127) / 128 * ((n + v.bn - 1) / v.bn));
  DeviceArray<float> partials(size_t(v.parts) * up(m) * up(n));
  DeviceArray<unsigned> counters(std::vector<unsigned>(v.parts ? tiles : 0));
  cu::Result r = stub.launch(
      "gemm_test", {blocks}, 384, v.shared(), map(a, 128 / v.cn),
      map(w, v.bn / v.cm), v.stores ? map(out, 64) : none, bias.address(),
      residual.address(), out.address(), i64(residual.pitch), i64(out.pitch), m,
      n, k, partials, counters, i64(v.parts));
  if (r)
    return control("report") + "\nresult " + std::to_string(r);
  std::string wrong =
      judge(a, w, v.bias ? &bias : nullptr, v.residual ? &residual : nullptr,
            out, v.activation, v.math == "tf32" ? 0x1p-10 : 0x1p-23);
  if (!wrong.empty())
    return wrong;
  for (unsigned left : counters.get())
    if (left)
      return "a counter is left at " + std::to_string(left);
  return "";
}

void expectGemm90(const Variant90 &v,
                  const std::vector<std::array<int, 3>> &shapes) {
  Stub stub(v.stub());
  for (const char *mode :
       {"mode late", "mode early", "mode random 1", "mode random 2"})
    for (auto [m, n, k] : shapes) {
      SCOPED_TRACE(mode);
      control(mode);
      ASSERT_EQ(runGemm90(v, stub, m, n, k), "")
          << v.math << " " << m << "x" << n << "x" << k;
    }
}

void expectMovesByTheBulk(const Variant90 &v) {
  Stub stub(v.stub());
  control("stats reset");
  EXPECT_EQ(runGemm90(v, stub, 256, 256, 192), "");
  // 4 tiles of 3 slabs of two boxes; 2 panels of two times 64 rows.
  EXPECT_EQ(statistic("loads"), 24u);
  EXPECT_EQ(statistic("stores"), 16u);
  EXPECT_EQ(statistic("wgmmas"), 4u * 3 * 4 * 2);
  EXPECT_EQ(statistic("bank_conflicts"), 0u);
  EXPECT_EQ(statistic("stores2") + statistic("stores4") + statistic("stores16"),
            0u);
}

std::string expectHopperCode(const std::string &stub) {
  NvrtcResult r = nvrtcCompile(stub, "sm_90a");
  EXPECT_TRUE(r.ok) << r.log;
  EXPECT_EQ(r.kernels.size(), 1u);
  for (const CompiledKernel &kernel : r.kernels) {
    EXPECT_EQ(kernel.frameBytes, 0);
    EXPECT_EQ(kernel.spillBytes, 0);
    EXPECT_LE(kernel.registers, 168);
  }
  for (const char *note : {"C7508", "C7510", "C7513", "C7517"})
    EXPECT_EQ(r.log.find(note), std::string::npos) << r.log;
  return r.ok ? disassemble(r.code) : "";
}

} // namespace ingot::emulator
