// Elementwise chains and views: how many maps are left of them.
#include "test/passes/Differential.h"

#include "gtest/gtest.h"

namespace ingot::test {
namespace {

class ChainForms : public testing::TestWithParam<DifferentialCase> {};
TEST_P(ChainForms, AgreesWithTheModel) { runDifferential(GetParam()); }

DifferentialCase chain(const char *name, const std::string &body, int maps,
                       const std::string &others = "") {
  DifferentialCase c{
      name, "opset 17\ninput x float32[batch, sequence, 4]\n" + body, others};
  c.maps = maps;
  return c;
}

const DifferentialCase kChains[] = {
    chain("Elementwise", R"(const two float32[] 2.0
      input z float32[sequence, 1]
      a = Mul(x, two)
      b = Add(a, z)
      c = Max(b, x)
      y = Sub(two, c)
      return y)",
          1),
    chain("ReshapesAlone", R"(const front int64[2] -1 4
      const back int64[3] 0 2 2
      a = Reshape(x, front)
      y = Reshape(a, back)
      return y)",
          0),
    chain("MovesOnly", R"(const heads int64[4] 0 0 2 2
      const s int64[1] 1
      const e int64[1] 9223372036854775807
      const axis int64[1] 2
      a = Reshape(x, heads)
      b = Transpose(a) perm=[0, 2, 1, 3]
      c = Slice(b, s, e, axis)
      y = Transpose(c) perm=[3, 0, 1, 2]
      return y)",
          1),
    // x cos + rotated x sin, the halves by slices.
    chain("RotaryHalves", R"(input cos float32[sequence, 4]
      input sin float32[sequence, 4]
      const i0 int64[1] 0
      const i2 int64[1] 2
      const end int64[1] 9223372036854775807
      const axis int64[1] -1
      lo = Slice(x, i0, i2, axis)
      hi = Slice(x, i2, end, axis)
      neg = Neg(hi)
      rot = Concat(neg, lo) axis=-1
      a = Mul(x, cos)
      b = Mul(rot, sin)
      y = Add(a, b)
      return y)",
          1),
    // Interleaved pairs: steps of 2.
    chain("RotaryPairs", R"(const i0 int64[1] 0
      const i1 int64[1] 1
      const two int64[1] 2
      const end int64[1] 9223372036854775807
      const axis int64[1] 2
      const last int64[1] 3
      even = Slice(x, i0, end, axis, two)
      odd = Slice(x, i1, end, axis, two)
      neg = Neg(odd)
      a = Unsqueeze(neg, last)
      b = Unsqueeze(even, last)
      c = Concat(a, b) axis=3
      shape = Shape(x)
      y = Reshape(c, shape)
      return y)",
          1),
    // Two readers of a dear operation: it is computed once.
    chain("DearOnce", R"(a = Exp(x)
      b = Transpose(a) perm=[2, 1, 0]
      c = Neg(a)
      return b, c)",
          3, "map(exp)"),
    chain("CheapTwice", R"(a = Neg(x)
      b = Transpose(a) perm=[2, 1, 0]
      c = Abs(a)
      return b, c)",
          2),
    chain("TwoResultsOfOneValue", R"(a = Neg(x)
      b = Identity(a)
      return a, b)",
          1),
    chain("InputsAndConstantsAreResults", R"(const k float32[2] 1 2
      b = Identity(x)
      c = Identity(k)
      return b, c, x)",
          0),
    chain("Embeddings", R"(input ids int64[batch, sequence]
      const words float32[50, 8] random
      const places float32[40, 8] random
      const zero int64[] 0
      const one int64[] 1
      s = Shape(ids)
      n = Gather(s, one) axis=0
      at = Range(zero, n, one)
      w = Gather(words, ids) axis=0
      p = Gather(places, at) axis=0
      y = Add(w, p)
      return y)",
          1),
    // Only positions inside the table are read: a token in front moves them.
    chain("PositionsBehindAToken", R"(input ids int64[batch, sequence]
      const places float32[5, 4] random
      const first float32[1, 4] random
      const zero int64[] 0
      const one int64[] 1
      s = Shape(ids)
      n = Gather(s, one) axis=0
      at = Range(zero, n, one)
      p = Gather(places, at) axis=0
      y = Concat(first, p) axis=0
      z = Concat(p, first) axis=0
      return y, z)",
          2),
    chain("PositionsInPadding", R"(input ids int64[batch, sequence]
      const places float32[5, 4] random
      const zero int64[] 0
      const one int64[] 1
      const pads int64[4] 2 0 1 0
      const fill float32[] 7.0
      s = Shape(ids)
      n = Gather(s, one) axis=0
      at = Range(zero, n, one)
      p = Gather(places, at) axis=0
      y = Pad(p, pads, fill)
      return y)",
          1),
    chain("NotChosenIsNotSeen", R"(input m bool[batch, 1, 1]
      const zero float32[] 0.0
      a = Log(zero)
      b = Where(m, x, a)
      c = Exp(b)
      y = Where(m, c, zero)
      return y)",
          1, "map(exp)"),
    chain("AnchorsInBetween", R"(a = Neg(x)
      s = Softmax(a) axis=1
      b = Abs(s)
      r = ReduceMax(b) axes=[2] keepdims=0
      y = Neg(r)
      return y)",
          3, "reduce softmax"),
    chain("IntegersByZero", R"(input i int64[batch, 3]
      input j int64[batch, 3]
      a = Div(i, i)
      b = Mul(i, j)
      c = Div(b, j)
      d = Mod(i, j)
      e = Div(i, j)
      return a, c, d, e)",
          4),
    chain("IntegersWithoutRoom", R"(input i int64[batch, 3]
      const least int64[] -9223372036854775808
      const most int64[] 9223372036854775807
      a = Sub(least, i)
      b = Less(a, i)
      c = Add(most, i)
      d = Greater(c, most)
      r = ReduceMax(i) axes=[1] keepdims=0
      e = Less(r, most)
      f = GreaterOrEqual(most, r)
      return e, f)",
          2, "reduce"),
    chain("NoElements", R"(const none float32[0, 4] 0
      const s int64[1] 2
      const axis int64[1] 2
      a = Slice(x, s, s, axis)
      b = Neg(a)
      c = Concat(b, x) axis=2
      y = Abs(c)
      return y, b)",
          2),
};

std::string nameOf(const testing::TestParamInfo<DifferentialCase> &info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Chains, ChainForms, testing::ValuesIn(kChains),
                         nameOf);

} // namespace
} // namespace ingot::test
