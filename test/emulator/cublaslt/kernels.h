// What the stand-in multiplies with: kernels of the vocabulary, which the
// emulated driver runs in stream order and checks as any other.
#pragma once

#include "runtime/cublaslt_api.h"

#include <map>
#include <string>

namespace ingot::cublaslt {

// D = activation(alpha op(A) B + beta C + bias), all columns first, op(A) is A
// transposed.
struct Problem {
  uint64_t rows, columns, depth;
  int64_t aStride, bStride, cStride, dStride;
  DataType in, out;
  ComputeType compute;
  uint32_t epilogue;
};

struct Operands {
  const void *a, *b, *c, *bias;
  void *d;
  float alpha, beta;
};

// Parts of the sums that are added up in a second kernel; 1: there is none.
constexpr uint64_t kParts = 2;
inline size_t partBytes(const Problem &p, uint64_t parts) {
  return parts > 1 ? parts * p.rows * p.columns * sizeof(float) : 0;
}

// The kernels of one context, shared by its handles.
class Kernels {
public:
  ~Kernels();
  // Also what is loaded is the same for all problems of these types.
  Status load(const Problem &problem);
  Status launch(const Problem &problem, const Operands &operands,
                uint64_t parts, void *workspace, cuda::Stream stream);

private:
  struct Loaded {
    cuda::Module module = nullptr;
    cuda::Function whole = nullptr, part = nullptr, sum = nullptr;
  };
  std::map<std::string, Loaded> byTypes;
};

} // namespace ingot::cublaslt
