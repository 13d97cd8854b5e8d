#include "ir/reference/MlirTensor.h"
#include "test/reference/Tensors.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"

namespace ingot::reference {
namespace {

TEST(MlirTensor, ConstantsSurviveARoundTrip) {
  mlir::MLIRContext context;
  mlir::Builder b(&context);
  std::pair<mlir::Type, Tensor> cases[] = {
      {b.getI1Type(), boolean({3}, {1, 0, 1})},
      {b.getIntegerType(4), Tensor::of(I4, {3}, {-8, 7, 0})},
      {b.getIntegerType(8, false), Tensor::of(U8, {3}, {255, 0, 1})},
      {b.getI32Type(), Tensor::of(I32, {3}, {-1, -1, -1})},
      {b.getI64Type(), i64({3}, {-1, 1, 2})},
      {b.getF16Type(), Tensor::of(F16, {3}, {65504, -kInf, -0.0})},
      {b.getBF16Type(), Tensor::of(BF16, {3}, {1, 2, 3})},
      {b.getF32Type(), f32({3}, {kNaN, 1, 2})},
      {b.getF64Type(), f64({3}, {0.1, 0.2, 0.3})},
      {mlir::Float8E5M2Type::get(&context),
       Tensor::of(F8E5M2, {3}, {57344, 1, -kInf})},
      {b.getF32Type(), empty(F32, {0, 2})},
  };
  for (auto &[element, tensor] : cases) {
    ASSERT_EQ(elementTypeOf(element), tensor.type());
    auto type = mlir::RankedTensorType::get(tensor.shape(), element);
    expectTensor(tensorOf(attrOf(tensor, type)), tensor);
  }
}

TEST(MlirTensor, OtherTypesHaveNoElementType) {
  mlir::MLIRContext context;
  EXPECT_FALSE(elementTypeOf(mlir::IntegerType::get(&context, 7)));
  EXPECT_FALSE(elementTypeOf(mlir::IndexType::get(&context)));
  EXPECT_FALSE(elementTypeOf(mlir::Float80Type::get(&context)));
}

} // namespace
} // namespace ingot::reference
