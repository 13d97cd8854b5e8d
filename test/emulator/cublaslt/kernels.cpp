#include "kernels.h"

#include <algorithm>

namespace ingot::cuda {
#define CUDA_SYMBOL(member, name, parameters) extern "C" Result name parameters;
#include "runtime/cuda_symbols.def"
} // namespace ingot::cuda

namespace ingot::cublaslt {

// Plain loops: the arithmetic is to be checked by reading. `IN` and `OUT` are
// types, OPERAND(x) an operand's value.
static const char *const text = R"(
DEV float dot(const IN *a, const IN *b, i64 from, i64 to) {
  float sum = 0;
  for (i64 k = from; k < to; ++k)
    sum = math_fma(operand(a[k]), operand(b[k]), sum);
  return sum;
}
DEV float finished(float sum, i64 row, const OUT *c, float beta,
                   const OUT *bias, int activation) {
  float x = beta == 0 ? sum : sum + beta * to_f32(*c);
  if (bias)
    x += to_f32(bias[row]);
  if (activation == 2)
    return x > 0 ? x : 0;
  if (activation == 32)
    return 0.5f * x * (1 + math_tanh(0.7978845608f * (x + 0.044715f * x * x * x)));
  return x;
}
DEV i64 first() { return (i64)bid_x() * threads() + tid(); }
DEV i64 step() { return (i64)grid_x() * threads(); }

KERNEL(64, 1)
lt_whole(OUT *d, const IN *a, const IN *b, const OUT *c, const OUT *bias,
         i64 rows, i64 columns, i64 depth, i64 lda, i64 ldb, i64 ldc, i64 ldd,
         float alpha, float beta, int activation) {
  for (i64 i = first(); i < rows * columns; i += step()) {
    i64 row = i % rows, column = i / rows;
    float sum = alpha * dot(a + row * lda, b + column * ldb, 0, depth);
    d[column * ldd + row] = from_f32<OUT>(
        finished(sum, row, c + column * ldc + row, beta, bias, activation));
  }
}
EXPORT_KERNEL(lt_whole)

KERNEL(64, 1)
lt_part(float *sums, const IN *a, const IN *b, i64 rows, i64 columns, i64 depth,
        i64 lda, i64 ldb, i64 parts) {
  for (i64 i = first(); i < parts * rows * columns; i += step()) {
    i64 part = i / (rows * columns), at = i % (rows * columns);
    sums[i] = dot(a + at % rows * lda, b + at / rows * ldb,
                  depth * part / parts, depth * (part + 1) / parts);
  }
}
EXPORT_KERNEL(lt_part)

KERNEL(64, 1)
lt_sum(OUT *d, const float *sums, const OUT *c, const OUT *bias, i64 rows,
       i64 columns, i64 parts, i64 ldc, i64 ldd, float alpha, float beta,
       int activation) {
  for (i64 i = first(); i < rows * columns; i += step()) {
    i64 row = i % rows, column = i / rows;
    float sum = 0;
    for (i64 part = 0; part < parts; ++part)
      sum += sums[part * rows * columns + i];
    d[column * ldd + row] = from_f32<OUT>(finished(
        alpha * sum, row, c + column * ldc + row, beta, bias, activation));
  }
}
EXPORT_KERNEL(lt_sum)
)";

static std::string typeName(DataType type) {
  return type == real32 ? "float" : type == real16 ? "f16" : "bf16";
}

static std::string keyOf(const Problem &p) {
  return typeName(p.in) + " " + typeName(p.out) +
         (p.compute == computeTf32 ? " tf32" : "");
}

static std::string imageOf(const Problem &p) {
  std::string operand =
      p.compute == computeTf32 ? "bits_f32(to_tf32(to_f32(x)))" : "to_f32(x)";
  return "//ingot stub 1\n#include \"vocabulary.cuh\"\nusing IN = " +
         typeName(p.in) + ";\nusing OUT = " + typeName(p.out) +
         ";\nDEV float operand(IN x) { return " + operand + "; }\n" + text;
}

Kernels::~Kernels() {
  for (auto &[key, loaded] : byTypes)
    if (loaded.module)
      (void)cuda::cuModuleUnload(loaded.module);
}

Status Kernels::load(const Problem &problem) {
  Loaded &loaded = byTypes[keyOf(problem)];
  if (!loaded.module &&
      cuda::cuModuleLoadData(&loaded.module, imageOf(problem).c_str()))
    return internalError;
  for (auto [function, name] : {std::pair(&loaded.whole, "lt_whole"),
                                {&loaded.part, "lt_part"},
                                {&loaded.sum, "lt_sum"}})
    if (cuda::cuModuleGetFunction(function, loaded.module, name))
      return internalError;
  return success;
}

Status Kernels::launch(const Problem &p, const Operands &o, uint64_t parts,
                       void *workspace, cuda::Stream stream) {
  if (Status status = load(p))
    return status;
  const Loaded &loaded = byTypes[keyOf(p)];
  auto launch = [&](cuda::Function function, uint64_t size, void **parameters) {
    auto blocks = unsigned(std::min<uint64_t>((size + 63) / 64, 8));
    return cuda::cuLaunchKernel(function, blocks, 1, 1, 64, 1, 1, 0, stream,
                                parameters, nullptr)
               ? executionFailed
               : success;
  };
  Problem q = p;
  Operands r = o;
  int activation = int(p.epilogue & ~epilogueBias);
  if (parts == 1) {
    void *whole[] = {&r.d,       &r.a,       &r.b,     &r.c,       &r.bias,
                     &q.rows,    &q.columns, &q.depth, &q.aStride, &q.bStride,
                     &q.cStride, &q.dStride, &r.alpha, &r.beta,    &activation};
    return launch(loaded.whole, p.rows * p.columns, whole);
  }
  void *part[] = {&workspace, &r.a,       &r.b,       &q.rows, &q.columns,
                  &q.depth,   &q.aStride, &q.bStride, &parts};
  if (Status status = launch(loaded.part, parts * p.rows * p.columns, part))
    return status;
  void *sum[] = {&r.d,       &workspace, &r.c,    &r.bias,
                 &q.rows,    &q.columns, &parts,  &q.cStride,
                 &q.dStride, &r.alpha,   &r.beta, &activation};
  return launch(loaded.sum, p.rows * p.columns, sum);
}

} // namespace ingot::cublaslt
