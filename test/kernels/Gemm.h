// A product of gemm.cuh over matrices with given pitches, judged in double.
#pragma once

#include "test/emulator/Harness.h"

#include <optional>
#include <string>
#include <vector>

namespace ingot::emulator {

enum class Type { Bf16, F16, F32 };
size_t sizeOf(Type t);

// Rows of a matrix in device memory, `pitch` elements apart and `offset` past
// 256 bytes; what lies between rows is not written.
struct Matrix {
  Type type;
  int rows, columns, pitch, offset;
  std::vector<double> values;
  DeviceBytes memory;
  Matrix(Type type, int rows, int columns, int pitch, int offset, unsigned seed,
         bool filled = true);
  double at(int r, int c) const { return values[size_t(r) * columns + c]; }
  // One element, of memory too: infinities and NaN are allowed.
  void set(int r, int c, double value);
  cu::Pointer address() const {
    return memory.pointer + size_t(offset) * sizeOf(type);
  }
  // Nothing after an error, as where elements have not been written.
  std::optional<std::vector<double>> read() const;
};

// Whether `out` is activation(a w^T + bias) + residual, within a rounding to
// the type, sums in f32 and `product`'s share of each product; where that is
// infinite or NaN, `out` is too.
std::string judge(const Matrix &a, const Matrix &w, const Matrix *bias,
                  const Matrix *residual, const Matrix &out,
                  const std::string &activation, double product);

// An instance of the template, and its stub with kernel `gemm_test`.
struct Variant {
  std::string math = "bf16";
  int bm = 64, bn = 64, wm = 2, wn = 2, stages = 3, align = 16, splits = 1,
      v = 8, wk = 1;
  std::string activation = "GeluTanh";
  bool bias = true, residual = true;
  int minBlocks = 1;
  Type type() const {
    return math == "bf16" ? Type::Bf16 : math == "f16" ? Type::F16 : Type::F32;
  }
  unsigned threads() const { return unsigned(32 * wm * wn * wk); }
  unsigned shared() const {
    return unsigned(std::max(stages * (bm + bn) * 128, wk * bm * (bn + 8) * 4));
  }
  std::string stub() const;
};

// Runs one product with the least pitches and offsets that the variant's
// alignment allows, so that nothing more than promised holds. Returns what is
// wrong, or nothing.
std::string runGemm(const Variant &v, Stub &stub, int m, int n, int k);

} // namespace ingot::emulator
