#include "codegen/cpu/Tiles.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace ingot::cpu {

void Tiles::call(llvm::StringRef name, ValueRange operands) {
  LLVM::CallIntrinsicOp::create(
      e.b, e.loc, e.b.getStringAttr("llvm.x86." + name.str()), operands);
}

Value Tiles::number(int tile) {
  assert(tile >= 0 && tile < 8 && "no such tile");
  return LLVM::ConstantOp::create(e.b, e.loc, e.b.getI8Type(),
                                  e.b.getI8IntegerAttr(tile));
}

Value Tiles::address(Value buffer, Value at) {
  unsigned bits =
      getElementTypeOrSelf(buffer.getType()).getIntOrFloatBitWidth();
  Value base =
      e.b.createOrFold<memref::ExtractAlignedPointerAsIndexOp>(e.loc, buffer);
  Value sum = e.add(base, e.mul(at, e.index(bits / 8)));
  return LLVM::IntToPtrOp::create(
      e.b, e.loc, LLVM::LLVMPointerType::get(e.b.getContext()), e.toI64(sum));
}

Value Tiles::configuration(ArrayRef<TileShape> shapes) {
  // Palette 1; from byte 16 on the bytes of a row, 16 bits each, from byte 48
  // on the rows, 8 bits each.
  constexpr int64_t kBytes = 64, kRowBytesAt = 16, kRowsAt = 48;
  Value buffer = e.stackBuffer(e.b.getI8Type(), kBytes);
  auto put = [&](Value value, int64_t at) {
    Value byte =
        arith::TruncIOp::create(e.b, e.loc, e.b.getI8Type(), e.toI64(value));
    e.store(byte, buffer, e.index(at));
  };
  e.store(e.integer(VectorType::get(kBytes, e.b.getI8Type()), 0), buffer,
          e.index(0));
  put(e.index(1), 0);
  for (auto [i, shape] : llvm::enumerate(shapes)) {
    put(shape.rowBytes, kRowBytesAt + 2 * static_cast<int64_t>(i));
    put(shape.rows, kRowsAt + static_cast<int64_t>(i));
  }
  return buffer;
}

void Tiles::configure(Value configuration) {
  call("ldtilecfg", address(configuration, e.index(0)));
}

void Tiles::release() { call("tilerelease", {}); }

void Tiles::zero(int tile) { call("tilezero", number(tile)); }

void Tiles::load(int tile, Value buffer, Value at, Value stride) {
  call("tileloadd64", {number(tile), address(buffer, at), e.toI64(stride)});
}

void Tiles::store(int tile, Value buffer, Value at, Value stride) {
  call("tilestored64", {number(tile), address(buffer, at), e.toI64(stride)});
}

void Tiles::multiplyAdd(int sum, int a, int b) {
  call("tdpbf16ps", {number(sum), number(a), number(b)});
}

} // namespace ingot::cpu
