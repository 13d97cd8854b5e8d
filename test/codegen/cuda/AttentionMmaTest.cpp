// Attention on tensor cores: bf16, f16 and tf32 against double, and what NVRTC
// makes of it.
#include "codegen/cuda/Nvrtc.h"
#include "test/codegen/cuda/KernelTest.h"
#include "test/emulator/Nvrtc.h"

#include <cmath>

using namespace ingot;
using namespace ingot::test;
using namespace ingot::emulator;

namespace {

/// An instance of the template; q, k and v lie as [B, S, H, D] with `pad`
/// elements after each row.
struct Variant {
  std::string math = "bf16";
  int64_t d = 64, dv = 64, group = 1;
  bool zeroEmpty = false;
  bool causal = false; ///< keys counted from the end
  int keysATile() const { return std::max(d, dv) > 128 ? 32 : 64; }

  ElementType type() const {
    return math == "bf16"  ? ElementType::BF16
           : math == "f16" ? ElementType::F16
                           : ElementType::F32;
  }
  std::string element() const { return math == "tf32" ? "float" : math; }
  unsigned shared() const {
    int64_t size = math == "tf32" ? 4 : 2, slab = 128 / size;
    int64_t slabs = (d + slab - 1) / slab, bn = keysATile();
    int64_t values = size == 4 ? bn * ((dv + 15) / 16 * 16 + 4) * 4
                               : (dv + slab - 1) / slab * bn * 128;
    int64_t bytes = slabs * (64 + bn) * 128 + values;
    return static_cast<unsigned>((bytes + 1023) / 1024 * 1024);
  }
  std::string stub(int minBlocks = 1) const {
    std::string score = causal ? "c[3] <= c[2] + keys - queries ? x + in.bias "
                                 ": bits_f32(0xff800000)"
                               : "x + in.bias";
    return R"(#include "attention_mma.cuh"
struct Body {
  const float *bias;
  i64 queries, keys;
  struct Loads { float bias; };
  DEV Loads load(const i64 *c) const { return {bias[c[3]]}; }
  DEV float apply(const Loads &in, float x, const i64 *c) const { return )" +
           score + R"(; }
};
KERNEL(128, )" +
           std::to_string(minBlocks) + ") attention_test(float *out, const " +
           element() + " *q, const " + element() + " *k, const " + element() +
           R"( *v, const float *bias, i64 batch, i64 heads, i64 queries, i64 keys,
    i64 qb, i64 qr, i64 kb, i64 kr, i64 vb, i64 vr) {
  AttentionShape shape{batch, heads, queries, keys, )" +
           std::to_string(group) + ", {qb, qr, " + std::to_string(d) +
           "}, {kb, kr, " + std::to_string(d) + "}, {vb, vr, " +
           std::to_string(dv) + "}, 0.25f};\n  attention_mma<" + math + ", " +
           std::to_string(d) + ", " + std::to_string(dv) + ", " +
           std::to_string(keysATile()) + ", " + (zeroEmpty ? "true" : "false") +
           ">(out, q, k, v, shape, Body{bias, queries, keys});\n}\n"
           "EXPORT_KERNEL(attention_test)\n";
  }
};

class CudaAttentionMma : public EmulatorTest {
protected:
  static Tensor rounded(int64_t size, ElementType type, unsigned seed) {
    Tensor x = noise(size, seed), y = *Tensor::create(type, {size});
    for (int64_t i = 0; i < size; ++i)
      y.setNumber(i, x.number(i));
    return y;
  }
  static std::unique_ptr<DeviceBytes> upload(const Tensor &tensor) {
    auto memory = std::make_unique<DeviceBytes>(tensor.bytes().size());
    if (!tensor.bytes().empty()) {
      EXPECT_EQ(driverTable().copyToDevice(memory->pointer,
                                           tensor.bytes().data(),
                                           tensor.bytes().size()),
                cu::success);
    }
    return memory;
  }

  void checkShape(const Variant &v, Stub &stub, int64_t batch, int64_t heads,
                  int64_t queries, int64_t keys, int64_t pad = 0) {
    SCOPED_TRACE(testing::Message()
                 << v.math << " d " << v.d << " " << v.dv << " batch " << batch
                 << " heads " << heads << " queries " << queries << " keys "
                 << keys << " pad " << pad);
    int64_t g = heads / v.group;
    int64_t qr = heads * v.d + pad, kr = g * v.d + pad, vr = g * v.dv + pad;
    Tensor q = rounded(batch * queries * qr, v.type(), 1),
           k = rounded(batch * keys * kr, v.type(), 2),
           w = rounded(batch * keys * vr, v.type(), 3),
           bias = noise(keys, 4, 3);
    auto dq = upload(q), dk = upload(k), dw = upload(w), db = upload(bias);
    DeviceArray<float> out(static_cast<size_t>(batch * queries * heads * v.dv));
    auto n = [](int64_t x) { return static_cast<long long>(x); };
    ASSERT_EQ(stub.launch("attention_test", {3}, 128, v.shared(), out, *dq, *dk,
                          *dw, *db, n(batch), n(heads), n(queries), n(keys),
                          n(queries * qr), n(qr), n(keys * kr), n(kr),
                          n(keys * vr), n(vr)),
              cu::success)
        << control("report");
    std::vector<float> got = out.get();
    // Half a unit of the type in p, the same in tf32's reading of the rest.
    double tolerance = v.math == "bf16" ? 6e-3 : 1.5e-3;
    int wrong = 0;
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t i = 0; i < queries; ++i)
        for (int64_t h = 0; h < heads && wrong < 4; ++h) {
          std::vector<double> p(keys);
          double largest = -INFINITY, sum = 0;
          for (int64_t j = 0; j < keys; ++j) {
            double dot = 0;
            for (int64_t e = 0; e < v.d; ++e)
              dot += q.number((b * queries + i) * qr + h * v.d + e) *
                     k.number((b * keys + j) * kr + h / v.group * v.d + e);
            p[j] = v.causal && j > i + keys - queries
                       ? -INFINITY
                       : dot * 0.25 + bias.number(j);
            largest = std::max(largest, p[j]);
          }
          bool isZero = keys == 0 || (largest == -INFINITY && v.zeroEmpty);
          for (double &x : p)
            sum += x = std::exp(x - largest);
          for (int64_t e = 0; e < v.dv; ++e) {
            double want = 0;
            for (int64_t j = 0; j < keys && !isZero; ++j)
              want += p[j] / sum *
                      w.number((b * keys + j) * vr + h / v.group * v.dv + e);
            double x = got[((b * queries + i) * heads + h) * v.dv + e];
            bool equal = std::isnan(want) ? std::isnan(x)
                                          : std::fabs(x - want) <= tolerance;
            if (!equal && wrong++ < 4)
              ADD_FAILURE() << "b " << b << " q " << i << " h " << h << " " << e
                            << " is " << x << ", expected " << want;
          }
        }
  }

  void checkInAllModes(const Variant &v, int64_t batch, int64_t heads,
                       int64_t queries, int64_t keys, int64_t pad = 0) {
    Stub stub(v.stub());
    for (const char *mode : {"late", "early", "random 1", "random 2"}) {
      SCOPED_TRACE(mode);
      control(std::string("mode ") + mode);
      checkShape(v, stub, batch, heads, queries, keys, pad);
      if (HasFailure())
        return;
    }
    control("mode late");
  }
};

TEST_F(CudaAttentionMma, ShapesOfEachType) {
  for (const char *math : {"bf16", "f16", "tf32"}) {
    Variant v;
    v.math = math;
    checkInAllModes(v, 2, 2, 70, 130);
    Stub stub(v.stub());
    checkShape(v, stub, 1, 1, 1, 1);
    checkShape(v, stub, 1, 2, 3, 64, 8);
    checkShape(v, stub, 1, 1, 65, 63, 1); // element by element
    checkShape(v, stub, 0, 2, 3, 4);
    checkShape(v, stub, 1, 1, 3, 0);
  }
}

TEST_F(CudaAttentionMma, HeadDims) {
  for (const char *math : {"bf16", "tf32"})
    for (auto [d, dv] : {std::pair<int64_t, int64_t>{32, 32},
                         {80, 96},
                         {128, 128},
                         {16, 5},
                         {40, 33},
                         {256, 200}}) {
      Variant v;
      v.math = math, v.d = d, v.dv = dv;
      Stub stub(v.stub());
      checkShape(v, stub, 1, 2, 20, 70);
      checkShape(v, stub, 1, 1, 5, 3, 3);
    }
}

TEST_F(CudaAttentionMma, GroupsCausalAndEmptyRows) {
  for (bool zero : {false, true}) {
    Variant v;
    v.d = v.dv = 32, v.group = 3, v.causal = true, v.zeroEmpty = zero;
    checkInAllModes(v, 1, 6, 90, 70); // the first rows see nothing
    Stub stub(v.stub());
    checkShape(v, stub, 2, 3, 9, 150);
  }
}

TEST_F(CudaAttentionMma, DeviceCode) {
  llvm::Expected<const cuda::Nvrtc *> nvrtc = cuda::Nvrtc::get();
  if (!nvrtc)
    GTEST_SKIP() << llvm::toString(nvrtc.takeError());
  for (auto [math, d] : {std::pair<const char *, int64_t>{"bf16", 64},
                         {"f16", 128},
                         {"bf16", 256},
                         {"tf32", 64},
                         {"tf32", 128}}) {
    Variant v;
    v.math = math, v.d = v.dv = d, v.causal = true;
    SCOPED_TRACE(testing::Message() << math << d);
    cuda::CudaStub stub;
    stub.name = "attention_test";
    stub.text = v.stub();
    cuda::CudaImage cubin = (*nvrtc)->compile(stub, "sm_80"),
                    ptx = (*nvrtc)->compile(stub, "compute_80");
    ASSERT_EQ(cubin.error, "");
    EXPECT_EQ(cubin.spillBytes, 0u);
    EXPECT_EQ(cubin.frameBytes, 0u);
    printf("%s, heads of %lld: %u registers, %u bytes\n", math,
           static_cast<long long>(d), cubin.registers, v.shared());
    EXPECT_NE(ptx.image.find("mma.sync"), std::string::npos);
    EXPECT_NE(ptx.image.find("cp.async.cg"), std::string::npos);
    std::string sass = disassemble(cubin.image);
    if (sass.empty())
      continue;
    EXPECT_NE(sass.find("HMMA"), std::string::npos);
    EXPECT_NE(sass.find("LDGSTS"), std::string::npos);
  }
}

} // namespace
