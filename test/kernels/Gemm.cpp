#include "Gemm.h"

#include <cmath>
#include <random>
#include <sstream>

namespace ingot::emulator {
namespace {

const char *nameOf(Type t) {
  return t == Type::Bf16 ? "bf16" : t == Type::F16 ? "f16" : "float";
}

// The nearest number of the type, by trying: the test shares no code with the
// kernels.
double round(double x, Type t) {
  if (t == Type::F32 || x == 0 || !std::isfinite(x))
    return static_cast<float>(x);
  int digits = t == Type::Bf16 ? 8 : 11, least = t == Type::Bf16 ? -133 : -24;
  int exponent = std::max(std::ilogb(x) + 1 - digits, least);
  double rounded =
      std::ldexp(std::nearbyint(std::ldexp(x, -exponent)), exponent);
  return t == Type::F16 && std::fabs(rounded) > 65504
             ? std::copysign(INFINITY, x)
             : rounded;
}

void put(std::vector<uint8_t> &bytes, size_t i, double x, Type t) {
  if (t == Type::F32) {
    float f = static_cast<float>(x);
    memcpy(&bytes[i * 4], &f, 4);
    return;
  }
  uint16_t h;
  if (t == Type::Bf16) {
    h = static_cast<uint16_t>(
        __builtin_bit_cast(uint32_t, static_cast<float>(x)) >> 16);
  } else if (!std::isfinite(x)) {
    h = std::isnan(x) ? 0x7e00 : x < 0 ? 0xfc00 : 0x7c00;
  } else {
    int e = x == 0 ? -15 : std::max(std::ilogb(x), -15);
    double m = x == 0 ? 0 : std::fabs(x);
    h = static_cast<uint16_t>(
        (std::signbit(x) ? 0x8000 : 0) |
        (e == -15 ? static_cast<int>(std::ldexp(m, 24))
                  : (e + 15) << 10 |
                        (static_cast<int>(std::ldexp(m, 10 - e)) & 0x3ff)));
  }
  memcpy(&bytes[i * 2], &h, 2);
}

double get(const std::vector<uint8_t> &bytes, size_t i, Type t) {
  if (t == Type::F32) {
    float f;
    memcpy(&f, &bytes[i * 4], 4);
    return f;
  }
  uint16_t h;
  memcpy(&h, &bytes[i * 2], 2);
  if (t == Type::Bf16)
    return __builtin_bit_cast(float, uint32_t(h) << 16);
  int e = h >> 10 & 31, m = h & 0x3ff;
  double x = e == 31 ? (m ? NAN : INFINITY)
             : e     ? std::ldexp(m + 1024, e - 25)
                     : std::ldexp(m, -24);
  return h & 0x8000 ? -x : x;
}

double activate(const std::string &name, double x) {
  if (name == "GeluTanh")
    return x / 2 *
           (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  if (name == "GeluErf")
    return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
  if (name == "Silu")
    return x / (1 + std::exp(-x));
  return x;
}

template <class... A>
std::string text(const char *format, A... values) {
  char buffer[256];
  snprintf(buffer, sizeof buffer, format, values...);
  return buffer;
}

} // namespace

size_t sizeOf(Type t) { return t == Type::F32 ? 4 : 2; }

Matrix::Matrix(Type type, int rows, int columns, int pitch, int offset,
               unsigned seed, bool filled)
    : type(type), rows(rows), columns(columns), pitch(pitch), offset(offset),
      values(size_t(rows) * columns),
      memory(
          (size_t(offset) + (rows ? size_t(rows - 1) * pitch + columns : 0)) *
          sizeOf(type)) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> any(-1, 1);
  for (double &v : values)
    v = round(any(random), type);
  std::vector<uint8_t> line(size_t(columns) * sizeOf(type));
  for (int r = 0; filled && columns && r < rows; ++r) {
    for (int c = 0; c < columns; ++c)
      put(line, size_t(c), at(r, c), type);
    EXPECT_EQ(
        driverTable().copyToDevice(address() + size_t(r) * pitch * sizeOf(type),
                                   line.data(), line.size()),
        cu::success);
  }
}

void Matrix::set(int r, int c, double value) {
  values[size_t(r) * columns + c] = value;
  std::vector<uint8_t> bytes(sizeOf(type));
  put(bytes, 0, value, type);
  EXPECT_EQ(driverTable().copyToDevice(address() + (size_t(r) * pitch + c) *
                                                       sizeOf(type),
                                       bytes.data(), bytes.size()),
            cu::success);
}

std::optional<std::vector<double>> Matrix::read() const {
  std::vector<double> result;
  std::vector<uint8_t> line(size_t(columns) * sizeOf(type));
  for (int r = 0; columns && r < rows; ++r) {
    if (driverTable().copyToHost(line.data(),
                                 address() + size_t(r) * pitch * sizeOf(type),
                                 line.size()))
      return std::nullopt;
    for (int c = 0; c < columns; ++c)
      result.push_back(get(line, size_t(c), type));
  }
  return result;
}

std::string judge(const Matrix &a, const Matrix &w, const Matrix *bias,
                  const Matrix *residual, const Matrix &out,
                  const std::string &activation, double product) {
  std::optional<std::vector<double>> result = out.read();
  if (!result)
    return control("report") + "the result cannot be read";
  double unitOfType = out.type == Type::Bf16  ? 0x1p-8
                      : out.type == Type::F16 ? 0x1p-11
                                              : 0x1p-23;
  for (int i = 0; i < out.rows; ++i)
    for (int j = 0; j < out.columns; ++j) {
      double sum = 0, scale = 0;
      for (int l = 0; l < a.columns; ++l) {
        sum += a.at(i, l) * w.at(j, l);
        scale += std::fabs(a.at(i, l) * w.at(j, l));
      }
      double want = activate(activation, sum + (bias ? bias->at(0, j) : 0)) +
                    (residual ? residual->at(i, j) : 0);
      double got = (*result)[size_t(i) * out.columns + j];
      if (!std::isfinite(want) &&
          (std::isnan(want) ? std::isnan(got) : got == want))
        continue;
      double tolerance =
          (std::fabs(want) + 1e-3) * unitOfType + (scale + 2) * 2 * product;
      if (!(std::fabs(got - want) <= tolerance))
        return text("row %d column %d: %g instead of %g", i, j, got, want);
    }
  return "";
}

std::string Variant::stub() const {
  std::ostringstream s;
  std::string t = nameOf(type());
  s << "#include \"gemm.cuh\"\n"
    << "using Config = GemmConfig<" << math << ", " << bm << ", " << bn << ", "
    << wm << ", " << wn << ", " << stages << ", " << align << ", " << wk
    << ">;\n"
    << "using Epilogue = LinearEpilogue<" << t << ", " << v << ", "
    << activation << ", " << bias << ", " << residual << ">;\n"
    << "KERNEL(" << threads() << ", " << minBlocks << ") gemm_test(const " << t
    << " *a, const " << t << " *w, const " << t << " *bias, const " << t
    << " *residual, " << t
    << " *out, i64 lda, i64 ldw, i64 ldr, i64 ldo, int m, int n, int k, "
       "float *partial, u32 *counter) {\n"
    << "  gemm<Config>({a, w, lda, ldw, 0, 0, m, n, k}, Epilogue{out, ldo, "
       "bias, residual, ldr}"
    << (splits > 1 ? ", Splits{partial, counter, grid_y()});\n" : ");\n")
    << "}\nEXPORT_KERNEL(gemm_test)\n";
  return s.str();
}

std::string runGemm(const Variant &v, Stub &stub, int m, int n, int k) {
  int unit = v.align / static_cast<int>(sizeOf(v.type()));
  auto pitch = [](int columns, int unit) {
    return (columns + unit - 1) / unit * unit + unit;
  };
  Matrix a(v.type(), m, k, pitch(k, unit), unit, 1),
      w(v.type(), n, k, pitch(k, unit), 3 * unit, 2);
  int wide = std::min(v.v, 16 / static_cast<int>(sizeOf(v.type())));
  Matrix bias(v.type(), 1, n, n, wide, 3),
      residual(v.type(), m, n, pitch(n, wide), wide, 4);
  Matrix out(v.type(), m, n, pitch(n, wide), 3 * wide, 5, false);
  int tiles = (m + v.bm - 1) / v.bm * ((n + v.bn - 1) / v.bn);
  DeviceArray<float> partial(v.splits > 1 ? size_t(m) * size_t(n) * v.splits
                                          : 0);
  DeviceArray<uint32_t> counter(
      std::vector<uint32_t>(v.splits > 1 ? size_t(tiles) : 0));
  auto i64 = [](int x) { return static_cast<long long>(x); };
  cu::Result r = stub.launch("gemm_test", {unsigned(tiles), unsigned(v.splits)},
                             v.threads(), v.shared(), a.address(), w.address(),
                             bias.address(), residual.address(), out.address(),
                             i64(a.pitch), i64(w.pitch), i64(residual.pitch),
                             i64(out.pitch), m, n, k, partial, counter);
  if (r)
    return control("report") + "\nresult " + std::to_string(r);
  // tf32 has 11 bits of the operands.
  std::string wrong =
      judge(a, w, v.bias ? &bias : nullptr, v.residual ? &residual : nullptr,
            out, v.activation, v.math == "tf32" ? 0x1p-10 : 0x1p-23);
  if (!wrong.empty())
    return wrong;
  if (v.splits > 1 && counter.get() != std::vector<uint32_t>(size_t(tiles)))
    return "counters are not back at zero";
  return "";
}

} // namespace ingot::emulator
