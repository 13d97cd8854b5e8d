//===- Attention.h - What the forms of the attention kernel share
//------------===//
//
// attention: out[b, q, h, :] = sum over k of softmax(region(scale q.k, b, h, q,
// k)) v
//
// Flash style: keys pass in blocks, with a running maximum, sum and output per
// query. One group of R query rows at a time, lanes along them, in vectors of L
// lanes: maximum, sum and exp need nothing across lanes. Scores, then weights,
// of a block are in p [blockKeys][R]; the two products around them are a form's
// own.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/Choice.h"
#include "codegen/cpu/KernelWriter.h"

#include <memory>

namespace ingot::cpu {

class Attention {
public:
  virtual ~Attention() = default;
  /// The code of a task.
  void emit();

protected:
  /// `margin`: rows of p in front of the first key's.
  Attention(KernelWriter &w, const AttentionChoice &choice, int64_t margin = 0)
      : w(w), e(w.e), d(w.kernel.param("d")), dv(w.kernel.param("dv")),
        lanes(e.target.lanes), vectors(choice.vectors), rows(choice.groupRows),
        blockKeys(choice.blockKeys), margin(margin) {}

  /// Brings `count` rows of queries from q0 on where scoresOf wants them, and
  /// sets the output to zero. Rows of the group that do not exist repeat the
  /// last one; they are not stored.
  virtual void startGroup(mlir::Value q0, mlir::Value count) = 0;
  /// p[k] = q . k, but for scoreScale, for `count` keys from k0 on.
  virtual void scoresOf(mlir::Value k0, mlir::Value count) = 0;
  /// output = output * decay + p v over `count` keys from k0 on.
  virtual void accumulate(mlir::Value k0, mlir::Value count,
                          mlir::ValueRange decay) = 0;
  /// Stores the output times `factor`, by row in lanes.
  virtual void writeOut(mlir::Value q0, mlir::Value count,
                        mlir::ValueRange factor) = 0;

  mlir::VectorType vec() { return e.vec(e.f32()); }
  Val zeros() { return {e, e.constant(vec(), 0)}; }
  /// Of a buffer of rows of R.
  mlir::Value at(mlir::Value row, int64_t v) {
    return e.add(e.mul(row, e.index(rows)), e.index(v * lanes));
  }
  mlir::Value scoreAt(mlir::Value key, int64_t v) {
    return at(e.add(key, e.index(margin)), v);
  }
  bool isNarrow() { return w.kernel.inType(0).isBF16(); }
  /// Elements of an input as f32.
  mlir::Value loadInput(unsigned i, mlir::Value at, mlir::Value mask);
  /// The row of the output in memory.
  mlir::Value outputAt(mlir::Value row);

  KernelWriter &w;
  Emitter &e;
  int64_t d, dv, lanes;
  int64_t vectors; ///< of a group
  int64_t rows;    ///< R: lanes * vectors
  int64_t blockKeys, margin;
  /// What scores from scoresOf still have to be multiplied with.
  double scoreScale = 1;
  mlir::Value b = {}, h = {}, queries = {}, keys = {};
  mlir::Value qAt = {}, kAt = {}, vAt = {}; ///< offsets of this batch and head
  mlir::Value qRow = {}, kRow = {}, vRow = {};
  mlir::Value p = {};

private:
  /// With `key_bounds`, of each row of the group, i32: its first key and how
  /// many it has.
  mlir::Value firstKey = {}, keyCount = {};
  Val keyCounts(int64_t v) {
    return {e, e.load(e.vec(e.b.getI32Type()), keyCount, e.index(v * lanes))};
  }
  std::pair<mlir::Value, mlir::Value> readBounds(mlir::Value q0,
                                                 mlir::Value count);
  mlir::Value withinBounds(mlir::Value key, int64_t v, mlir::Value score);
  void group(mlir::Value q0, mlir::Value count);
  llvm::SmallVector<mlir::Value> blocks(mlir::Value from, mlir::Value to,
                                        mlir::Value q0, mlir::Value count,
                                        bool loadsByRow,
                                        mlir::ValueRange state);
  llvm::SmallVector<mlir::Value> modify(mlir::Value q0, mlir::Value k0,
                                        mlir::Value count, mlir::Value mask,
                                        mlir::ValueRange max);
  llvm::SmallVector<mlir::Value>
  weights(mlir::Value count, mlir::ValueRange max, mlir::ValueRange sum);
  llvm::SmallVector<mlir::Value> factors(mlir::ValueRange sum);
};

/// Transposes as many vectors as a vector has lanes.
llvm::SmallVector<mlir::Value> transpose(Emitter &e,
                                         llvm::SmallVector<mlir::Value> in);

/// Products by vectors, of any types and dims.
std::unique_ptr<Attention> makeVectorAttention(KernelWriter &w,
                                               const AttentionChoice &choice);
/// Products by AMX tiles, where the choice is those.
std::unique_ptr<Attention> makeTileAttention(KernelWriter &w,
                                             const AttentionChoice &choice);

} // namespace ingot::cpu
