// GELU and SiLU in every spelling, and what looks alike.
#include "test/passes/Differential.h"

#include "gtest/gtest.h"

namespace ingot::test {
namespace {

class ActivationForm : public testing::TestWithParam<DifferentialCase> {};
TEST_P(ActivationForm, AgreesWithTheModel) { runDifferential(GetParam()); }

std::string model(const std::string &body) {
  return R"(
    opset 20
    input x float32[batch, sequence, 4]
    const half float32[] 0.5
    const one float32[] 1.0
    const two float32[] 2.0
    const three float32[] 3.0
    const root float32[] 1.4142135
    const inverse float32[] 0.70710677
    const c float32[] 0.044715
    const k float32[] 0.7978846
    const quick float32[] 1.702
    )" + body;
}

struct Choices {
  unsigned form;
  unsigned take(unsigned n) {
    unsigned choice = form % n;
    form /= n;
    return choice;
  }
  /// A commutative operation, either way round.
  std::string both(const std::string &op, const std::string &a,
                   const std::string &b) {
    return take(2) ? op + "(" + a + ", " + b + ")\n"
                   : op + "(" + b + ", " + a + ")\n";
  }
};

/// 0.5 x (1 + t), associated in three ways.
std::string halves(Choices &choices, const std::string &t) {
  std::string body = "f = " + choices.both("Add", t, "one");
  switch (choices.take(3)) {
  case 0:
    body += "g = " + choices.both("Mul", "x", "f");
    return body + "y = " + choices.both("Mul", "g", "half");
  case 1:
    body += "g = Mul(half, f)\n";
    return body + "y = " + choices.both("Mul", "x", "g");
  default:
    body += "g = Mul(x, half)\n";
    return body + "y = " + choices.both("Mul", "g", "f");
  }
}

std::string erfForm(unsigned form) {
  Choices choices{form};
  std::string body;
  switch (choices.take(3)) {
  case 0:
    body = "d = Div(x, root)\n";
    break;
  case 1:
    body = "d = Mul(x, inverse)\n";
    break;
  default: // keras: the root is computed
    body = "q = Sqrt(two)\nd = Div(x, q)\n";
    break;
  }
  body += "e = Erf(d)\n" + halves(choices, "e");
  return model(body + "return y");
}
constexpr unsigned kErfForms = 3 * 2 * 3 * 2 * 2;

std::string tanhForm(unsigned form) {
  Choices choices{form};
  std::string body;
  switch (choices.take(4)) {
  case 0: // k (x + c x^3)
    body = "p = Pow(x, three)\nq = " + choices.both("Mul", "p", "c") +
           "r = " + choices.both("Add", "x", "q") + "s = Mul(r, k)\n";
    break;
  case 1: // k (x + c (x (x x)))
    body =
        "o = Mul(x, x)\np = Mul(x, o)\nq = " + choices.both("Mul", "p", "c") +
        "r = " + choices.both("Add", "x", "q") + "s = Mul(k, r)\n";
    break;
  case 2: // k x (1 + c x x)
    body =
        "p = Mul(x, c)\nq = Mul(p, x)\nr = " + choices.both("Add", "q", "one") +
        "o = Mul(x, k)\ns = " + choices.both("Mul", "o", "r");
    break;
  default: // k x (1 + c x^2)
    body =
        "o = Pow(x, two)\nq = " + choices.both("Mul", "o", "c") +
        "r = Add(q, one)\nu = Mul(x, k)\ns = " + choices.both("Mul", "u", "r");
    break;
  }
  body += "t = Tanh(s)\n" + halves(choices, "t");
  return model(body + "return y");
}
constexpr unsigned kTanhForms = 4 * 2 * 2 * 2 * 3 * 2;

TEST(ActivationForms, EveryErf) {
  for (unsigned form = 0; form < kErfForms && !HasFatalFailure(); ++form)
    runDifferential({"", erfForm(form), "map(gelu)"});
}
TEST(ActivationForms, EveryTanh) {
  for (unsigned form = 0; form < kTanhForms && !HasFatalFailure(); ++form)
    runDifferential({"", tanhForm(form), "map(gelu_tanh)"});
}

const DifferentialCase kActivations[] = {
    {"Gelu", model(R"(y = Gelu(x)
      return y)"),
     "map(gelu)"},
    {"GeluTanh", model(R"(y = Gelu(x) approximate="tanh"
      return y)"),
     "map(gelu_tanh)"},
    {"QuickGelu", model(R"(s = Mul(x, quick)
      t = Sigmoid(s)
      y = Mul(x, t)
      return y)"),
     "map(gelu_sigmoid)"},
    {"Silu", model(R"(t = Sigmoid(x)
      y = Mul(t, x)
      return y)"),
     "map(silu)"},
    {"RoundedRoot", model(R"(const short float32[] 1.41421
      d = Div(x, short)
      e = Erf(d)
      f = Add(e, one)
      g = Mul(x, f)
      y = Mul(g, half)
      return y)"),
     "map(gelu)"},
    // x itself has a name that others read.
    {"OfAProduct", model(R"(z = Mul(x, three)
      t = Sigmoid(z)
      u = Mul(z, t)
      y = Add(u, z)
      return y)"),
     "map(silu)"},
    {"TwoOfOneInput", model(R"(t = Sigmoid(x)
      u = Mul(x, t)
      s = Mul(x, quick)
      v = Sigmoid(s)
      w = Mul(x, v)
      y = Sub(u, w)
      return y)"),
     "map(silu+gelu_sigmoid)"},
    {"BiasGelu", model(R"(const b float32[4] random
      z = Add(x, b)
      d = Div(z, root)
      e = Erf(d)
      f = Add(e, one)
      g = Mul(z, f)
      y = Mul(g, half)
      return y)"),
     "map(gelu)"},
};

const DifferentialCase kOthers[] = {
    {"AnotherRoot", model(R"(const wrong float32[] 1.41
      d = Div(x, wrong)
      e = Erf(d)
      f = Add(e, one)
      g = Mul(x, f)
      y = Mul(g, half)
      return y)"),
     "map(erf)"},
    {"NoHalf", model(R"(d = Div(x, root)
      e = Erf(d)
      f = Add(e, one)
      y = Mul(x, f)
      return y)"),
     "map(erf)"},
    {"AnotherFactor", model(R"(input z float32[batch, sequence, 4]
      t = Sigmoid(x)
      y = Mul(z, t)
      return y)"),
     "map(sigmoid)"},
    {"AnotherSlope", model(R"(s = Mul(x, two)
      t = Sigmoid(s)
      y = Mul(x, t)
      return y)"),
     "map(sigmoid)"},
    {"PlainTanh", model(R"(y = Tanh(x)
      return y)"),
     "map(tanh)"},
    {"PlainErfAndSigmoid", model(R"(e = Erf(x)
      t = Sigmoid(x)
      y = Add(e, t)
      return y)"),
     "map(erf+sigmoid)"},
    {"TheGateIsAResult", model(R"(t = Sigmoid(x)
      y = Mul(x, t)
      return y, t)"),
     "map(sigmoid) map(silu)"},
    // What clips only large values is no rounding.
    {"ClippedAtTen", model(R"(const low float32[] -10.0
      const high float32[] 10.0
      t = Sigmoid(x)
      u = Mul(x, t)
      y = Clip(u, low, high)
      return y)"),
     "map(silu)"},
    {"ClippedFactor", model(R"(const high float32[] 8.0
      t = Sigmoid(x)
      u = Min(x, high)
      y = Mul(u, t)
      return y)"),
     "map(sigmoid)"},
    {"LeakyBelow", model(R"(const low float32[] -7.0
      t = Sigmoid(x)
      u = Mul(x, t)
      v = Min(x, low)
      w = Sub(v, low)
      y = Add(u, w)
      return y)"),
     "map(silu)"},
    {"SoftCap", model(R"(const cap float32[] 30.0
      d = Div(x, cap)
      t = Tanh(d)
      y = Mul(t, cap)
      return y)"),
     "map(tanh)"},
};

std::string nameOf(const testing::TestParamInfo<DifferentialCase> &info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Activations, ActivationForm,
                         testing::ValuesIn(kActivations), nameOf);
INSTANTIATE_TEST_SUITE_P(Others, ActivationForm, testing::ValuesIn(kOthers),
                         nameOf);

} // namespace
} // namespace ingot::test
