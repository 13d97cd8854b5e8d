// Layer and RMS norms, native and in every spelling, and what looks alike.
#include "test/passes/Differential.h"

#include "gtest/gtest.h"

namespace ingot::test {
namespace {

class NormForm : public testing::TestWithParam<DifferentialCase> {};
TEST_P(NormForm, AgreesWithTheModel) { runDifferential(GetParam()); }

std::string model(const std::string &body) {
  return R"(
    opset 17
    input x float32[batch, sequence, 16]
    const w float32[16] random
    const b float32[16] random
    const eps float32[] 0.00001
    const one float32[] 1.0
    const two float32[] 2.0
    )" + body;
}

/// One line after another.
struct Lines {
  std::string text;
  Lines &operator<<(const std::string &line) {
    text += line + "\n";
    return *this;
  }
};

/// The spellings one by one, each choice in turn: bits of `form`.
std::string decomposedLayer(unsigned form) {
  auto take = [&](unsigned n) {
    unsigned choice = form % n;
    form /= n;
    return choice;
  };
  Lines lines;
  lines << "m = ReduceMean(x) axes=[-1]"
        << "d = Sub(x, m)";
  lines << (take(2) ? "s = Pow(d, two)" : "s = Mul(d, d)");
  lines << "v = ReduceMean(s) axes=[2]";
  lines << (take(2) ? "e = Add(v, eps)" : "e = Add(eps, v)");
  lines << "r = Sqrt(e)";
  // The tracer repeats the difference where the model does.
  std::string centered = "d";
  if (take(2)) {
    lines << "d2 = Sub(x, m)";
    centered = "d2";
  }
  switch (take(3)) {
  case 0:
    lines << "n = Div(" + centered + ", r)";
    break;
  case 1:
    lines << "i = Reciprocal(r)"
          << "n = Mul(" + centered + ", i)";
    break;
  default:
    lines << "i = Div(one, r)"
          << "n = Mul(i, " + centered + ")";
    break;
  }
  lines << (take(2) ? "a = Mul(n, w)" : "a = Mul(w, n)");
  lines << (take(2) ? "y = Add(a, b)" : "y = Add(b, a)");
  return model(lines.text + "return y");
}
constexpr unsigned kLayerForms = 2 * 2 * 2 * 3 * 2 * 2;

std::string decomposedRms(unsigned form) {
  auto take = [&](unsigned n) {
    unsigned choice = form % n;
    form /= n;
    return choice;
  };
  Lines lines;
  lines << (take(2) ? "s = Pow(x, two)" : "s = Mul(x, x)");
  lines << "v = ReduceMean(s) axes=[-1] keepdims=1";
  lines << (take(2) ? "e = Add(v, eps)" : "e = Add(eps, v)");
  lines << "r = Sqrt(e)";
  switch (take(3)) {
  case 0:
    lines << "n = Div(x, r)";
    break;
  case 1:
    lines << "i = Reciprocal(r)"
          << "n = Mul(x, i)";
    break;
  default:
    lines << "i = Div(one, r)"
          << "n = Mul(x, i)";
    break;
  }
  lines << (take(2) ? "y = Mul(n, w)" : "y = Mul(w, n)");
  return model(lines.text + "return y");
}
constexpr unsigned kRmsForms = 2 * 2 * 3 * 2;

TEST(NormForms, EveryDecomposedLayerNorm) {
  for (unsigned form = 0; form < kLayerForms && !HasFatalFailure(); ++form)
    runDifferential({"", decomposedLayer(form), "layer_norm"});
}
TEST(NormForms, EveryDecomposedRmsNorm) {
  for (unsigned form = 0; form < kRmsForms && !HasFatalFailure(); ++form)
    runDifferential({"", decomposedRms(form), "rms_norm"});
}

const std::string kLayer = R"(m = ReduceMean(t) axes=[-1]
      d = Sub(t, m)
      s = Pow(d, two)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      n = Div(d, r)
      a = Mul(n, w)
      y = Add(a, b)
      )";
const std::string kRms = R"(s = Pow(t, two)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      i = Div(one, r)
      n = Mul(t, i)
      y = Mul(w, n)
      )";

const DifferentialCase kNorms[] = {
    {"TensorFlow", model(R"(m = ReduceMean(x) axes=[-1]
      d = Sub(x, m)
      s = Mul(d, d)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      i = Reciprocal(r)
      f = Mul(i, w)
      mf = Mul(m, f)
      c = Sub(b, mf)
      xf = Mul(x, f)
      y = Add(xf, c)
      return y)"),
     "layer_norm"},
    {"Native", model(R"(y = LayerNormalization(x, w, b) axis=-1 epsilon=0.00001
      return y)"),
     "layer_norm"},
    {"NativeWithoutBias", model(R"(y = LayerNormalization(x, w)
      return y)"),
     "layer_norm"},
    {"NativeOverTwoAxes", R"(
      opset 17
      input x float32[batch, 3, 4]
      const w float32[3, 4] random
      const b float32[3, 4] random
      y = LayerNormalization(x, w, b) axis=1
      return y)",
     "layer_norm"},
    {"NativeRms", R"(
      opset 23
      input x float32[batch, sequence, 16]
      const w float32[16] random
      y = RMSNormalization(x, w) axis=-1 epsilon=0.001
      return y)",
     "rms_norm"},
    {"NativeWithResidual", model(R"(input z float32[batch, sequence, 16]
      t = Add(x, z)
      y = LayerNormalization(t, w, b)
      return y)"),
     "layer_norm+residual"},
    {"LayerWithResidual",
     model("input z float32[batch, sequence, 16]\n"
           "t = Add(z, x)\n" +
           kLayer + "return y"),
     "layer_norm+residual"},
    {"RmsWithResidual",
     model("input z float32[batch, sequence, 16]\n"
           "t = Add(z, x)\n" +
           kRms + "return y"),
     "rms_norm+residual"},
    // A pre-norm block: the stream goes on.
    {"TheSumIsReadAgain",
     model("input z float32[batch, sequence, 16]\n"
           "t = Add(z, x)\n" +
           kRms + "u = Add(t, y)\nreturn u"),
     "rms_norm+residual+sum"},
    {"TheSumIsAResult",
     model("input z float32[batch, sequence, 16]\n"
           "t = Add(z, x)\n" +
           kLayer + "return y, t"),
     "layer_norm+residual+sum"},
    {"TwoOfOneSum", model(R"(input z float32[batch, sequence, 16]
      t = Add(x, z)
      y = LayerNormalization(t, w, b)
      u = LayerNormalization(t, b, w)
      return y, u)"),
     "layer_norm layer_norm+residual+sum"},
    {"ResidualBroadcasts",
     model("input z float32[batch, 1, 16]\n"
           "t = Add(z, x)\n" +
           kLayer + "return y"),
     "layer_norm"},
    {"NoAffine", model(R"(m = ReduceMean(x) axes=[-1]
      d = Sub(x, m)
      s = Mul(d, d)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      y = Div(d, r)
      return y)"),
     "layer_norm"},
    {"ScaleWithLeadingOnes", model(R"(const w3 float32[1, 1, 16] random
      s = Mul(x, x)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      n = Div(x, r)
      y = Mul(n, w3)
      return y)"),
     "rms_norm"},
    {"EpsilonIsAVectorOfOne", model(R"(const e1 float32[1, 1, 1] 0.1
      s = Mul(x, x)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, e1)
      r = Sqrt(e)
      y = Div(x, r)
      return y)"),
     "rms_norm"},
    {"AxesAsAnInput", R"(
      opset 18
      input x float32[batch, 16]
      const eps float32[] 0.00001
      const axes int64[1] -1
      s = Mul(x, x)
      v = ReduceMean(s, axes)
      e = Add(v, eps)
      r = Sqrt(e)
      y = Div(x, r)
      return y)",
     "rms_norm"},
    {"OnHeads", R"(
      opset 17
      input x float32[batch, sequence, 16]
      const w float32[4] random
      const eps float32[] 0.00001
      const heads int64[4] 0 0 4 4
      h = Reshape(x, heads)
      t = Transpose(h) perm=[0, 2, 1, 3]
      s = Mul(t, t)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      n = Div(t, r)
      y = Mul(w, n)
      return y)",
     "rms_norm"},
    {"TheVarianceIsAResult",
     model("t = Identity(x)\n" + kLayer + "return y, v"),
     "layer_norm reduce reduce"},
    {"CastsOfTheSameType", model(R"(c = Cast(x) to=1
      s = Pow(c, two)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      i = Div(one, r)
      n = Mul(c, i)
      f = Cast(n) to=1
      y = Mul(w, f)
      return y)"),
     "rms_norm"},
};

const DifferentialCase kOthers[] = {
    {"AnotherAxis", model(R"(s = Mul(x, x)
      v = ReduceMean(s) axes=[1]
      e = Add(v, eps)
      r = Sqrt(e)
      y = Div(x, r)
      return y)"),
     "map(sqrt) reduce"},
    {"TwoAxes", model(R"(s = Mul(x, x)
      v = ReduceMean(s) axes=[1, 2]
      e = Add(v, eps)
      r = Sqrt(e)
      y = Div(x, r)
      return y)"),
     "map(sqrt) reduce"},
    {"SumNotMean", model(R"(s = Mul(x, x)
      v = ReduceSum(s) keepdims=1
      e = Add(v, eps)
      r = Sqrt(e)
      y = Div(x, r)
      return y)"),
     "map(sqrt) reduce"},
    {"EpsilonIsAnInput", model(R"(input f float32[]
      s = Mul(x, x)
      v = ReduceMean(s) axes=[-1]
      g = Abs(f)
      e = Add(v, g)
      r = Sqrt(e)
      y = Div(x, r)
      return y)"),
     "map(sqrt) reduce"},
    {"EpsilonADimLarger", R"(
      opset 17
      input x float32[sequence, 16]
      const e3 float32[1, 1, 1] 0.1
      s = Mul(x, x)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, e3)
      r = Sqrt(e)
      y = Div(x, r)
      return y)",
     "map(sqrt) reduce"},
    {"EpsilonOutsideTheRoot", model(R"(s = Mul(x, x)
      v = ReduceMean(s) axes=[-1]
      r = Sqrt(v)
      e = Add(r, one)
      y = Div(x, e)
      return y)"),
     "map(sqrt) reduce"},
    {"AnotherPower", model(R"(const three float32[] 3.0
      s = Pow(x, three)
      a = Abs(s)
      v = ReduceMean(a) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      y = Div(x, r)
      return y)"),
     "map(sqrt) reduce"},
    {"ProductOfTwo", model(R"(input z float32[batch, sequence, 16]
      p = Mul(x, z)
      a = Abs(p)
      v = ReduceMean(a) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      y = Div(x, r)
      return y)"),
     "map(sqrt) reduce"},
    {"AnotherNumerator", model(R"(input z float32[batch, sequence, 16]
      s = Mul(x, x)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      y = Div(z, r)
      return y)"),
     "map(sqrt) reduce"},
    {"Upside_down", model(R"(s = Mul(x, x)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, one)
      r = Sqrt(e)
      f = Add(s, one)
      y = Div(r, f)
      return y)"),
     "map(sqrt) reduce"},
    // The mean of another tensor: what is left is an RMS norm of a difference.
    {"MeanOfAnother", model(R"(input z float32[batch, sequence, 16]
      m = ReduceMean(z) axes=[-1]
      d = Sub(x, m)
      s = Mul(d, d)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      n = Div(d, r)
      y = Mul(n, w)
      return y)"),
     "reduce rms_norm"},
    {"MeanMinusX", model(R"(m = ReduceMean(x) axes=[-1]
      d = Sub(m, x)
      s = Mul(d, d)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      y = Div(d, r)
      return y)"),
     "reduce rms_norm"},
    {"UnbiasedVariance", model(R"(const k float32[] 1.0666667
      m = ReduceMean(x) axes=[-1]
      d = Sub(x, m)
      s = Mul(d, d)
      v = ReduceMean(s) axes=[-1]
      u = Mul(v, k)
      e = Add(u, eps)
      r = Sqrt(e)
      y = Div(d, r)
      return y)"),
     "map(sqrt) reduce reduce"},
    {"ScaleIsAnInput", model(R"(input g float32[16]
      s = Mul(x, x)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      n = Div(x, r)
      y = Mul(n, g)
      return y)"),
     "rms_norm"},
    {"ScaleOfTheOtherAxis", R"(
      opset 17
      input x float32[batch, 16, 16]
      const w float32[16, 1] random
      const eps float32[] 0.00001
      s = Mul(x, x)
      v = ReduceMean(s) axes=[-1]
      e = Add(v, eps)
      r = Sqrt(e)
      n = Div(x, r)
      y = Mul(n, w)
      return y)",
     "rms_norm"},
    {"NormalizedIsAResult", model("t = Identity(x)\n" + kRms + "return y, n"),
     "rms_norm"},
    {"GroupNorm", R"(
      opset 17
      input x float32[batch, 4, length]
      const groups int64[3] 0 2 -1
      const eps float32[] 0.00001
      const w float32[4, 1] random
      g = Reshape(x, groups)
      m = ReduceMean(g) axes=[2]
      d = Sub(g, m)
      s = Mul(d, d)
      v = ReduceMean(s) axes=[2]
      e = Add(v, eps)
      r = Sqrt(e)
      n = Div(d, r)
      shape = Shape(x)
      u = Reshape(n, shape)
      y = Mul(u, w)
      return y)",
     "layer_norm"},
};

std::string nameOf(const testing::TestParamInfo<DifferentialCase> &info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Norms, NormForm, testing::ValuesIn(kNorms), nameOf);
INSTANTIATE_TEST_SUITE_P(Others, NormForm, testing::ValuesIn(kOthers), nameOf);

} // namespace
} // namespace ingot::test
