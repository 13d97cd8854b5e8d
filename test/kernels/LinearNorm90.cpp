#include "LinearNorm90.h"

#include <cmath>
#include <sstream>

namespace ingot::emulator {

constexpr double kEpsilon = 1e-5;

std::string NormVariant90::stub() const {
  std::ostringstream s;
  s << "#include \"linear_norm90.cuh\"\n"
    << "using Config = LinearNorm90Config<" << math << ", " << bn << ", "
    << blocks << ", " << stores() << ">;\n"
    << "using Sum = LinearEpilogue<float, 2, Identity, true, true>;\n"
    << R"(struct End {
  static constexpr int V = 2;
  const float *scale, *shift;
  struct In {
    Columns<float, 2> scale, shift;
  };
  DEV In load(int, int n) const {
    return {load_columns<2>(scale + n), load_columns<2>(shift + n)};
  }
  DEV void apply(int, int, const In &in, float (&x)[2]) const {
    UNROLL for (int i = 0; i < 2; ++i) x[i] =
        x[i] * column(in.scale, i) + column(in.shift, i);
  }
};
)"
    << "KERNEL_CLUSTER(384, 1, " << blocks
    << ") norm_test(GRID_CONST TensorMap a, GRID_CONST TensorMap w, GRID_CONST "
       "TensorMap half, "
    << out << " *out, float *keep, " << math
    << " *copy, const float *bias, const float *residual, const float *scale, "
       "const float *shift, int m, int "
    << (columns ? "any" : "n") << ", int k) {\n"
    << (columns ? "  constexpr int n = " + std::to_string(columns) + ";\n" : "")
    << "  NormEpilogue<" << layer << ", " << out << ", float, " << math
    << ", Sum, End> epilogue{out, " << (keep ? "keep" : "nullptr") << ", copy, "
    << kEpsilon << "f, {nullptr, n, bias, residual, n}, {scale, shift}};\n"
    << "  linear_norm90<Config>({&a, &w, &half}, m, n, k, epilogue);\n"
    << "}\nEXPORT_KERNEL(norm_test)\n";
  return s.str();
}

namespace {
// What the kernel should give, in double, and how far it may be off.
struct Expected {
  std::vector<double> x, xError, y, yError;
};

Expected expect(const NormVariant90 &v, const Matrix &a, const Matrix &w,
                const Matrix &bias, const Matrix &residual, const Matrix &scale,
                const Matrix &shift) {
  Expected e;
  int n = w.rows, k = a.columns;
  for (int r = 0; r < a.rows; ++r) {
    std::vector<double> x, error;
    double mean = 0, meanError = 0, squares = 0, least = 0x1p-22;
    for (int c = 0; c < n; ++c) {
      double sum = 0, size = 0;
      for (int i = 0; i < k; ++i) {
        double product = a.at(r, i) * w.at(c, i);
        sum += product;
        size += std::fabs(product);
      }
      sum += bias.at(0, c) + residual.at(r, c);
      x.push_back(sum);
      error.push_back(
          (size + std::fabs(bias.at(0, c)) + std::fabs(residual.at(r, c))) *
          least);
      mean += sum / n;
      meanError += (error.back() + std::fabs(sum) * least) / n;
    }
    if (!v.layer)
      mean = meanError = 0;
    double squaresError = 0;
    for (int c = 0; c < n; ++c) {
      double d = x[size_t(c)] - mean, off = error[size_t(c)] + meanError;
      squares += d * d / n;
      squaresError += (2 * std::fabs(d) * off + d * d * 8 * least) / n;
    }
    double factor = 1 / std::sqrt(squares + kEpsilon),
           relative = squaresError / (squares + kEpsilon) + 4 * least;
    for (int c = 0; c < n; ++c) {
      double normalized = (x[size_t(c)] - mean) * factor;
      e.x.push_back(x[size_t(c)]);
      e.xError.push_back(error[size_t(c)]);
      e.y.push_back(normalized * scale.at(0, c) + shift.at(0, c));
      e.yError.push_back(((error[size_t(c)] + meanError) * factor +
                          std::fabs(normalized) * relative) *
                             std::fabs(scale.at(0, c)) +
                         std::fabs(e.y.back()) * 2 * least);
      // By a factor of 0 what is finite is exact.
      if (std::isnan(e.yError.back()))
        e.yError.back() = std::fabs(e.y.back()) * least;
    }
  }
  return e;
}

std::string compare(const char *what, const Matrix &out,
                    const std::vector<double> &want,
                    const std::vector<double> &error) {
  std::optional<std::vector<double>> got = out.read();
  if (!got)
    return control("report");
  double digits = out.type == Type::F32    ? 0x1p-24
                  : out.type == Type::Bf16 ? 0x1p-8
                                           : 0x1p-11;
  for (size_t i = 0; i < want.size(); ++i) {
    double off = error[i] + std::fabs(want[i]) * digits +
                 (out.type == Type::F16 ? 0x1p-24 : 0);
    bool isFinite = std::isfinite(want[i]);
    if (isFinite ? !(std::fabs((*got)[i] - want[i]) <= off)
                 : std::isfinite((*got)[i])) {
      std::ostringstream s;
      s << what << " " << i / size_t(out.columns) << ", "
        << i % size_t(out.columns) << " is " << (*got)[i] << ", not " << want[i]
        << " within " << off;
      return s.str();
    }
  }
  return "";
}
} // namespace

std::string runLinearNorm90(const NormVariant90 &v, Stub &stub, int m, int n,
                            int k, bool special) {
  Type half = v.type(), outType = v.out == "float" ? Type::F32 : half;
  auto pitch = [](int columns) { return (columns + 7) / 8 * 8 + 8; };
  Matrix w(half, n, k, pitch(k), 24, 2);
  EarlyLaunches early;
  Matrix a(half, m, k, pitch(k), 8, 1), bias(Type::F32, 1, n, n, 4, 3),
      residual(Type::F32, m, n, n, 4, 4), scale(Type::F32, 1, n, n, 4, 5),
      shift(Type::F32, 1, n, n, 4, 6);
  if (special && m > 9) {
    // Rows of zeros, of ones, with an infinity, with a NaN, of one consumer
    // and of another block's columns.
    for (int r : {0, 1})
      for (int c = 0; c < std::max(n, k); ++c) {
        if (c < k)
          a.set(r, c, 0);
        if (c < n)
          residual.set(r, c, r - bias.at(0, c));
      }
    residual.set(4, n - 1, INFINITY);
    residual.set(5, 0, NAN);
    a.set(9, k - 1, -INFINITY);
  }
  Matrix out(outType, m, n, n, 8, 7, false),
      keep(Type::F32, m, n, n, 4, 8, false), copy(half, m, n, n, 8, 9, false);
  cu::TensorMapType type =
      half == Type::Bf16 ? cu::tensorMapBf16 : cu::tensorMapF16;
  auto map = [&](const Matrix &x, int boxRows) {
    return makeMap(x.address(), {uint64_t(x.columns),
                                 uint64_t(x.rows),
                                 uint64_t(x.pitch),
                                 unsigned(boxRows),
                                 {},
                                 type});
  };
  cu::TensorMap none = {};
  cu::Result r = stub.launch("norm_test", {unsigned(v.blocks * v.clusters)},
                             384, v.shared(), map(a, 128), map(w, v.bn),
                             v.copy            ? map(copy, 64)
                             : outType == half ? map(out, 64)
                                               : none,
                             out.address(), keep.address(), copy.address(),
                             bias.address(), residual.address(),
                             scale.address(), shift.address(), m, n, k);
  if (r)
    return control("report") + "\nresult " + std::to_string(r);
  Expected e = expect(v, a, w, bias, residual, scale, shift);
  std::string wrong = compare("out", out, e.y, e.yError);
  if (wrong.empty() && v.keep)
    wrong = compare("keep", keep, e.x, e.xError);
  if (wrong.empty() && v.copy)
    wrong = compare("copy", copy, e.y, e.yError);
  return wrong;
}

} // namespace ingot::emulator
