//===- Tiles.h - Matrix registers of AMX
//-------------------------------------===//
//
// Eight registers, by number, of up to 16 rows of 64 bytes; their shapes are
// state of the thread. A product takes rows of pairs of bf16 along k from one,
// rows of k pairs of columns from another, and adds to rows of f32 in a third.
// All operations are in program order to LLVM, and none of its passes assigns
// registers: the numbers here are those of the code.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/Emitter.h"

namespace ingot::cpu {

/// A register's rows and the bytes of each: index values.
struct TileShape {
  mlir::Value rows, rowBytes;
};

class Tiles {
public:
  explicit Tiles(Emitter &e) : e(e) {}

  static constexpr int64_t kRows = 16, kRowBytes = 64;

  /// What `configure` loads, in a buffer on the stack, written here. Registers
  /// beyond `shapes` have none.
  mlir::Value configuration(llvm::ArrayRef<TileShape> shapes);
  /// Gives the registers their shapes, and zeros.
  void configure(mlir::Value configuration);
  /// Back to no shapes: what the system need not save, and other code not pay
  /// for.
  void release();

  void zero(int tile);
  // Rows at element `at` of a flat buffer, `stride` bytes apart.
  void load(int tile, mlir::Value buffer, mlir::Value at, mlir::Value stride);
  void store(int tile, mlir::Value buffer, mlir::Value at, mlir::Value stride);
  /// sum += a b of bf16 pairs.
  void multiplyAdd(int sum, int a, int b);

private:
  void call(llvm::StringRef name, mlir::ValueRange operands);
  mlir::Value number(int tile);
  mlir::Value address(mlir::Value buffer, mlir::Value at);

  Emitter &e;
};

} // namespace ingot::cpu
