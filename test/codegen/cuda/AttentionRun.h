//===- AttentionRun.h - Instances of the attention templates, run and judged
//---===//
#pragma once

#include "test/codegen/cuda/KernelTest.h"

namespace ingot::test {

/// An instance of a template and its stub with kernel `attention_test`: bf16,
/// f16 or tf32 of attention_mma.cuh, or float of attention.cuh; bf16 or f16 of
/// attention90.cuh. q, k and v lie as [B, S, H, D], or where byHeads as
/// [B, H, S, D], with `pad` elements after each row; a bias [keys] is added: as
/// a term of the key, as one with more beside it than shared memory has room
/// for, or as any pair's would be; or times (1 + b % 2) (1 + h % 2) / (1 + h),
/// of which the divisor is a term of the row, b's of the key.
enum class Bias { None, Key, WideKey, Pair, KeyAndHead };
struct AttentionVariant {
  std::string math = "bf16";
  int64_t d = 64, dv = 64, group = 1;
  bool zeroEmpty = false;
  bool causal = false; ///< keys counted from the end
  bool mean = false;   ///< rows without a key: masks are of -3.4e38
  int64_t parts = 0;   ///< that blocks share keys in; 0: they cannot
  bool isHopper = false;
  Bias bias = Bias::Key;
  bool alone = false; ///< heads of a group never share tiles
  int64_t page = 0;   ///< rows of pages that keys and values lie in; 0: in none
  bool byHeads = false;

  bool packs() const { return group > 1 && !alone; }
  bool isPlain() const { return math == "float"; }
  int64_t rows() const { return isPlain() ? 32 : isHopper ? 128 : 64; }
  int64_t keysATile() const;
  unsigned threads() const { return isHopper ? 384 : 128; }
  /// As Attention90Config has it.
  int64_t hopperKeys() const;
  unsigned hopperShared() const;
  unsigned shared() const;
  ElementType type() const;
  std::string element() const { return math == "tf32" ? "float" : math; }
  std::string score() const;
  std::string stub() const;
};

struct AttentionSizes {
  int64_t batch, heads, queries, keys, pad = 0;
};

/// Runs it on three blocks and compares with double. Returns what is wrong, or
/// nothing.
std::string runAttention(const AttentionVariant &variant, emulator::Stub &stub,
                         const AttentionSizes &sizes);

} // namespace ingot::test
