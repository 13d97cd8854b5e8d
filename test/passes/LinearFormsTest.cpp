// Products with weights in every form exporters give them, what joins them, and
// what looks alike but must stay.
#include "test/passes/Differential.h"

#include "gtest/gtest.h"

namespace ingot::test {
namespace {

class LinearForms : public testing::TestWithParam<DifferentialCase> {};
TEST_P(LinearForms, AgreesWithTheModel) { runDifferential(GetParam()); }

std::string model(const std::string &body) {
  return R"(
    opset 17
    input x float32[batch, sequence, 16]
    const w float32[16, 24] random
    const wt float32[24, 16] random
    const square float32[16, 16] random
    const b float32[24] random
    const b16 float32[16] random
    )" + body;
}

/// The same for a rank-2 operand, as Gemm needs it.
std::string rows(const std::string &body) {
  return R"(
    opset 17
    input x float32[batch, 16]
    const w float32[16, 24] random
    const wt float32[24, 16] random
    const b float32[24] random
    )" + body;
}

const DifferentialCase kProducts[] = {
    {"BiasRight", model(R"(p = MatMul(x, w)
      y = Add(p, b)
      return y)"),
     "linear+bias"},
    {"BiasLeft", model(R"(p = MatMul(x, w)
      y = Add(b, p)
      return y)"),
     "linear+bias"},
    {"NoBias", model(R"(y = MatMul(x, w)
      return y)"),
     "linear"},
    {"TransposedWeight", model(R"(t = Transpose(wt) perm=[1, 0]
      p = MatMul(x, t)
      y = Add(p, b)
      return y)"),
     "linear+bias"},
    {"IdentityOfTheWeight", model(R"(t = Identity(w)
      p = MatMul(x, t)
      c = Identity(b)
      y = Add(c, p)
      return y)"),
     "linear+bias"},
    {"ScaledWeight", model(R"(const s float32[] 0.25
      t = Mul(w, s)
      y = MatMul(x, t)
      return y)"),
     "linear"},
    {"BiasWithLeadingOnes", model(R"(const c float32[1, 1, 24] random
      p = MatMul(x, w)
      y = Add(p, c)
      return y)"),
     "linear+bias"},
    {"BiasIsAStoredMatrix", R"(
      opset 17
      input x float32[batch, sequence, 16]
      const w float32[16, 264] random
      const b float32[1, 264] random
      p = MatMul(x, w)
      y = Add(p, b)
      return y)",
     "linear+bias"},
    {"SmallWeightIsAConstant", R"(
      opset 17
      input x float32[batch, 4]
      const w float32[4, 3] random
      const b float32[3] random
      p = MatMul(x, w)
      y = Add(p, b)
      return y)",
     "linear+bias"},
    {"OneDimensional", R"(
      opset 17
      input x float32[16]
      const w float32[16, 24] random
      y = MatMul(x, w)
      return y)",
     "linear"},
    {"GemmTransB", rows(R"(y = Gemm(x, wt, b) transB=1
      return y)"),
     "linear+bias"},
    {"GemmTransA", R"(
      opset 17
      input x float32[16, batch]
      const w float32[16, 24] random
      const b float32[24] random
      y = Gemm(x, w, b) transA=1
      return y)",
     "linear+bias"},
    {"GemmWithoutBias", rows(R"(y = Gemm(x, w)
      return y)"),
     "linear"},
    {"GemmBeta", rows(R"(y = Gemm(x, wt, b) transB=1 beta=2.0
      return y)"),
     "linear+bias"},
    {"GemmBetaZero", rows(R"(y = Gemm(x, w, b) beta=0.0
      return y)"),
     "linear"},
    // No exporter writes another alpha than 1: a bias behind the factor is a
    // step of its own.
    {"GemmAlpha", rows(R"(y = Gemm(x, wt, b) transB=1 alpha=0.5
      return y)"),
     "linear+mul"},
    {"GemmBiasIsARow", rows(R"(const c float32[1, 24] random
      y = Gemm(x, w, c)
      return y)"),
     "linear+bias"},
    {"GemmBetweenReshapes", model(R"(s = Shape(x)
      const i0 int64[] 0
      const i1 int64[] 1
      const front int64[2] -1 16
      const width int64[1] 24
      const zero int64[1] 0
      batch = Gather(s, i0) axis=0
      length = Gather(s, i1) axis=0
      u0 = Unsqueeze(batch, zero)
      u1 = Unsqueeze(length, zero)
      back = Concat(u0, u1, width) axis=0
      flat = Reshape(x, front)
      p = Gemm(flat, w, b)
      y = Reshape(p, back)
      return y)"),
     "linear+bias"},
};

const DifferentialCase kProductsThatAreNone[] = {
    {"ProductIsAResult", model(R"(p = MatMul(x, w)
      y = Add(p, b)
      return y, p)"),
     "linear"},
    {"BiasIsAnInput", model(R"(input c float32[24]
      p = MatMul(x, w)
      y = Add(p, c)
      return y)"),
     "linear"},
    {"BiasIsAScalar", model(R"(const c float32[] 0.5
      p = MatMul(x, w)
      y = Add(p, c)
      return y)"),
     "linear+add"},
    {"BiasOfTheOtherAxis", R"(
      opset 17
      input x float32[batch, 24, 16]
      const w float32[16, 24] random
      const b float32[24, 1] random
      p = MatMul(x, w)
      y = Add(p, b)
      return y)",
     "linear"},
    {"BiasMakesTheResultLarger", R"(
      opset 17
      input x float32[sequence, 16]
      const w float32[16, 24] random
      const b float32[3, 1, 24] random
      p = MatMul(x, w)
      y = Add(p, b)
      return y)",
     "linear"},
    {"GemmBiasIsAColumn", R"(
      opset 17
      input x float32[5, 16]
      const w float32[16, 24] random
      const c float32[5, 1] random
      y = Gemm(x, w, c)
      return y)",
     "linear"},
    {"WeightOnTheLeft", model(R"(const left float32[24, 16] random
      t = Transpose(x) perm=[0, 2, 1]
      y = MatMul(left, t)
      return y)"),
     "matmul"},
    {"WeightIsABatch", R"(
      opset 17
      input x float32[2, sequence, 16]
      const w float32[2, 16, 24] random
      y = MatMul(x, w)
      return y)",
     "matmul"},
    // Rotary frequencies: one term a sum.
    {"OuterProduct", R"(
      opset 17
      input x float32[batch, 8, 1]
      input z float32[batch, 1, sequence]
      p = MatMul(x, z)
      y = Cos(p)
      return y)",
     "map(cos)"},
    {"BothComputed", model(R"(t = Transpose(x) perm=[0, 2, 1]
      y = MatMul(x, t)
      return y)"),
     "matmul"},
    {"WeightIsAnInput", R"(
      opset 17
      input x float32[batch, 16]
      input w float32[16, 24]
      y = MatMul(x, w)
      return y)",
     "matmul"},
    {"Integers", R"(
      opset 17
      input x int32[batch, 4]
      const w int32[4, 3] 2
      y = MatMul(x, w)
      return y)",
     "matmul"},
};

const DifferentialCase kMerged[] = {
    {"QueryKeyValue", model(R"(const wk float32[16, 24] random
      const wv float32[16, 24] random
      const bk float32[24] random
      const bv float32[24] random
      p0 = MatMul(x, w)
      q = Add(b, p0)
      p1 = MatMul(x, wk)
      k = Add(bk, p1)
      p2 = MatMul(x, wv)
      v = Add(bv, p2)
      m = Mul(q, k)
      y = Sub(m, v)
      return y)"),
     "linear+bias"},
    {"BiasOfLeadingOnes", model(R"(const wk float32[16, 264] random
      const wq float32[16, 264] random
      const bk float32[1, 1, 264] random
      const bq float32[1, 264] random
      p0 = MatMul(x, wq)
      q = Add(bq, p0)
      p1 = MatMul(x, wk)
      k = Add(bk, p1)
      y = Mul(q, k)
      return y)"),
     "linear+bias"},
    {"KeyWithoutBias", model(R"(const wk float32[16, 24] random
      const wv float32[16, 24] random
      const bv float32[24] random
      p0 = MatMul(x, w)
      q = Add(b, p0)
      k = MatMul(x, wk)
      p2 = MatMul(x, wv)
      v = Add(bv, p2)
      m = Mul(q, k)
      y = Sub(m, v)
      return y)"),
     "linear+bias"},
    {"GroupedHeads", model(R"(const wk float32[16, 8] random
      const heads int64[4] 0 0 3 8
      const head int64[4] 0 0 1 8
      p0 = MatMul(x, w)
      p1 = MatMul(x, wk)
      q = Reshape(p0, heads)
      k = Reshape(p1, head)
      y = Mul(q, k)
      return y)"),
     "linear"},
    {"OneIsAResult", model(R"(const wk float32[16, 24] random
      q = MatMul(x, w)
      k = MatMul(x, wk)
      y = Mul(q, k)
      return y, k)"),
     "linear linear"},
    {"OtherInputs", model(R"(input z float32[batch, sequence, 16]
      q = MatMul(x, w)
      k = MatMul(z, w)
      y = Mul(q, k)
      return y)"),
     "linear linear"},
    {"GateAndUp", model(R"(const up float32[16, 24] random
      g = MatMul(x, w)
      s = Sigmoid(g)
      a = Mul(g, s)
      u = MatMul(x, up)
      y = Mul(a, u)
      return y)"),
     "linear map(silu)"},
    {"PackedGateAndUp", model(R"(p = MatMul(x, w)
      const halves int64[2] 12 12
      g, u = Split(p, halves) axis=2
      s = Sigmoid(g)
      a = Mul(g, s)
      y = Mul(a, u)
      return y)"),
     "linear map(silu)"},
};

const DifferentialCase kEpilogues[] = {
    {"Relu", model(R"(p = MatMul(x, w)
      q = Add(p, b)
      y = Relu(q)
      return y)"),
     "linear+bias+relu"},
    {"TanhOfAGemm", rows(R"(p = Gemm(x, w, b)
      y = Tanh(p)
      return y)"),
     "linear+bias+tanh"},
    {"SpelledGelu", model(R"(const root float32[] 1.41421354
      const one float32[] 1.0
      const half float32[] 0.5
      p = MatMul(x, w)
      q = Add(b, p)
      d = Div(q, root)
      e = Erf(d)
      f = Add(e, one)
      g = Mul(q, f)
      y = Mul(g, half)
      return y)"),
     "linear+bias+gelu"},
    {"ResidualRight", model(R"(p = MatMul(x, square)
      q = Add(p, b16)
      y = Add(q, x)
      return y)"),
     "linear+bias+residual"},
    {"ResidualLeft", model(R"(p = MatMul(x, square)
      y = Add(x, p)
      return y)"),
     "linear+residual"},
    {"ActivationThenResidual", model(R"(p = MatMul(x, square)
      q = Add(p, b16)
      r = Sigmoid(q)
      y = Add(r, x)
      return y)"),
     "linear+bias+sigmoid+residual"},
    {"ResidualThenActivation", model(R"(p = MatMul(x, square)
      q = Add(p, x)
      y = Tanh(q)
      return y)"),
     "linear+residual map(tanh)"},
    {"SumOfTwo", model(R"(const other float32[16, 16] random
      input z float32[batch, sequence, 16]
      p = MatMul(x, square)
      q = MatMul(z, other)
      y = Add(p, q)
      return y)"),
     "linear linear+residual"},
    {"ParallelBranches", model(R"(const other float32[16, 16] random
      input z float32[batch, sequence, 16]
      p = MatMul(x, square)
      t = Tanh(p)
      q = MatMul(z, other)
      s = Sigmoid(q)
      a = Add(t, s)
      y = Add(a, x)
      return y)"),
     "linear+sigmoid linear+tanh+residual"},
    // Of one input they are merged first; the sum is one step behind it.
    {"MergedBranches", model(R"(const other float32[16, 16] random
      p = MatMul(x, square)
      t = Tanh(p)
      q = MatMul(x, other)
      s = Sigmoid(q)
      y = Add(t, s)
      return y)"),
     "linear map(tanh+sigmoid)"},
    {"ReadAgain", model(R"(p = MatMul(x, square)
      q = Tanh(p)
      y = Add(p, q)
      return y)"),
     "linear map(tanh)"},
    {"ResidualOfFewerRows", model(R"(input r float32[batch, 1, 16]
      p = MatMul(x, square)
      y = Add(p, r)
      return y)"),
     "linear"},
    {"ResidualMakesTheResultLarger", R"(
      opset 17
      input x float32[1, 16]
      input r float32[batch, 16]
      const w float32[16, 16] random
      p = MatMul(x, w)
      y = Add(p, r)
      return y)",
     "linear"},
};

std::string nameOf(const testing::TestParamInfo<DifferentialCase> &info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Products, LinearForms, testing::ValuesIn(kProducts),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(OtherProducts, LinearForms,
                         testing::ValuesIn(kProductsThatAreNone), nameOf);
INSTANTIATE_TEST_SUITE_P(Merged, LinearForms, testing::ValuesIn(kMerged),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Epilogues, LinearForms, testing::ValuesIn(kEpilogues),
                         nameOf);

} // namespace
} // namespace ingot::test
