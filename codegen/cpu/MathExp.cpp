// exp, log and the functions made of them. Coefficients: exp and the split of
// ln 2 are Cephes' expf; the others are minimax fits of our own (Remez in 40
// digits, relative error), rounded to f32.
#include "codegen/cpu/VectorMath.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

using namespace mlir;

namespace ingot::cpu {

static constexpr double kLog2E = 1.44269504;
// ln 2 in two parts; the first has few bits, so n * kLn2High is exact.
static constexpr double kLn2High = 0.693359375, kLn2Low = -2.12194440e-4;

namespace {
/// x = n ln 2 + r, with n rounded by adding 1.5 * 2^23: its low bits are then
/// the integer, plus `bias`, and no conversion is needed.
struct Reduced {
  Val shifted, n, exponential; ///< exponential = e^r, in [0.7, 1.42]
};
Reduced reduce(Val x, int bias) {
  Val magic = x.k(12582912.0 + bias);
  Val shifted = fma(x, x.k(kLog2E), magic);
  Val n = shifted - magic;
  Val r = fma(n, x.k(-kLn2High), x);
  r = fma(n, x.k(-kLn2Low), r);
  Val p = polynomial(r, {1.0, 1.0, 5.0000001201e-1, 1.6666665459e-1,
                         4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3,
                         1.9875691500e-4});
  return {shifted, n, p};
}

/// e^x for x in [-88, 89], NaN to NaN. Below e^-87.7 the exponent field of the
/// scale is 0, above e^88.3 it is that of inf.
Val expInRange(Val x) {
  Reduced reduced = reduce(x, 127);
  return reduced.exponential * floats(shl(bits(reduced.shifted), 23));
}
} // namespace

/// Beyond the bounds the result is 0 or inf; without them -3.4e38, a common
/// mask fill, would leave the range of n. NaN passes minFirst and maxFirst.
static Val clamp(Val x, double low, double high) {
  return maxFirst(x.k(low), minFirst(x.k(high), x));
}

/// Whether AVX-512's vscalefps can scale `x`.
static bool hasScale(Val x) {
  auto type = dyn_cast<VectorType>(x.type());
  return x.e->target.avx512 && type && type.getNumElements() == 16;
}

/// x 2^n, where `hasScale`.
static Val scaled(Val x, Val n) {
  Emitter &e = *x.e;
  Value all = e.integer(e.b.getI16Type(), -1);
  Value rounding = e.integer(e.b.getI32Type(), 4); // as MXCSR says
  // The operands go to the intrinsic in this order: value, exponent,
  // passthrough; the names in the op's documentation are others.
  return {e, x86vector::MaskScaleFOp::create(e.b, e.loc, x.type(), x, n, x, all,
                                             rounding)};
}

Val vectorExpFast(Val x) {
  return hasScale(x) ? vectorExp(x) : expInRange(clamp(x, -88.0, 89.0));
}

Val vectorExp(Val x) {
  x = clamp(x, -104.0, 89.0);
  if (hasScale(x)) {
    Reduced reduced = reduce(x, 0);
    return scaled(reduced.exponential, reduced.n);
  }
  // 2^n in two factors, so that results that overflow or are denormal come out
  // right: with bias 254, half of the biased n is the exponent field of one.
  Reduced reduced = reduce(x, 254);
  Val n = bits(reduced.shifted), half = shr(n, 1);
  return reduced.exponential * floats(shl(half, 23)) *
         floats(shl(n - half, 23));
}

Val vectorGelu(Val x) {
  // x Phi(x), with Phi(x) = sigmoid(x P(x^2)): one exp and one division, and no
  // cancellation for negative x. P is a minimax fit on |x| < 5, weighted by
  // what it does to Phi; beyond, Phi is 0 or 1 to 3e-7 and stays so with P(25).
  Val s = minFirst(x.k(25.0), x * x);
  Val p = polynomial(s, {1.5957695245742798, 0.07266818732023239,
                         -6.841205322416499e-05, -0.00010854566789930686,
                         7.294606348295929e-06, -1.6392549184729432e-07,
                         -4.78951678317685e-09, 3.339792331580327e-10,
                         -5.103715627202687e-12});
  return vectorTimesSigmoid(x, x * p);
}

Val vectorGeluRough(Val x) {
  if (!hasScale(x))
    return vectorGelu(x);
  Emitter &e = *x.e;
  // As vectorGelu in powers of 2: fewer terms, and a reciprocal of 14 bits.
  Val inside = maxFirst(x.k(-5.0), minFirst(x.k(5.0), x));
  Val y = inside * polynomial(inside * inside,
                              {2.300779342651367, 0.1067410334944725,
                               -0.000850231503136456, -3.132612619083375e-05,
                               1.1195173783562495e-06});
  Val magic = x.k(12582912.0), n = (magic - y) - magic, f = -y - n;
  Val power = polynomial(f, {0.9999280571937561, 0.6932610273361206,
                             0.2426113784313202, 0.05517164617776871});
  Val one = x.k(1.0), sum = scaled(power, n) + one;
  Value operands[] = {sum, sum, e.integer(e.b.getI16Type(), -1)};
  Val reciprocal{e, LLVM::CallIntrinsicOp::create(
                        e.b, e.loc, sum.type(),
                        e.b.getStringAttr("llvm.x86.avx512.rcp14.ps.512"),
                        operands)
                        .getResult(0)};
  return x * reciprocal;
}

Val vectorTimesSigmoid(Val x, Val y) {
  return x / (x.k(1.0) + vectorExpFast(-y));
}

Val vectorLog(Val x) {
  Emitter &e = *x.e;
  Val denormal = lt(x, x.k(1.17549435e-38));
  Val scaled = select(denormal, x * x.k(8388608.0), x);
  Val pattern = bits(scaled);
  // Mantissa in [sqrt 1/2, sqrt 2).
  Val exponent = shr(pattern - pattern.k(0x3f3504f3), 23);
  Val f = floats(pattern - shl(exponent, 23)) - x.k(1.0);
  Val n{e, arith::SIToFPOp::create(e.b, e.loc, x.type(), exponent)};
  n = n + select(denormal, x.k(-23.0), x.k(0.0));

  Val f2 = f * f;
  Val p = polynomial(
      f, {0.3333331346511841, -0.25000008940696716, 0.2000211924314499,
          -0.1666799634695053, 0.14219552278518677, -0.1240558847784996,
          0.11888160556554794, -0.11675655096769333, 0.06746648997068405});
  Val y = fma(n, x.k(kLn2Low), p * f * f2);
  y = fma(f2, x.k(-0.5), y);
  Val result = fma(n, x.k(kLn2High), f + y);

  double inf = std::numeric_limits<double>::infinity();
  result = select(lt(x, x.k(inf)), result, x); // inf and NaN stay
  result = select(eq(x, x.k(0.0)), x.k(-inf), result);
  return select(lt(x, x.k(0.0)), x.k(std::nan("")), result);
}

Val vectorTanh(Val x) {
  // Near 0 an odd polynomial, else 1 - 2 / (e^2x + 1), which is 1 from 9.1 on.
  Val t = abs(x), s = x * x;
  Val p = polynomial(s, {-0.3333333134651184, 0.1333320587873459,
                         -0.05394676327705383, 0.021700702607631683,
                         -0.008177397772669792, 0.0021429616026580334});
  Val small = fma(p, s * x, x);
  Val exponential = expInRange(minFirst(x.k(9.1), t) * x.k(2.0));
  Val large = x.k(1.0) - x.k(2.0) / (exponential + x.k(1.0));
  return select(lt(t, x.k(0.625)), small, copySign(large, x));
}

Val vectorErf(Val x) {
  Val t = abs(x), s = x * x;
  Val p = polynomial(s, {0.12837915122509003, -0.37612494826316833,
                         0.1128181591629982, -0.026766616851091385,
                         0.004993180278688669, -0.0005990853533148766});
  Val small = fma(p, x, x);
  // log(1 - erf t) = -t + t q(t); erf is 1 in f32 from 3.92 on.
  t = minFirst(x.k(3.95), t);
  Val q = polynomial(t, {-0.12864848971366882, -0.6351513266563416,
                         -0.10623688250780106, 0.023762064054608345,
                         -0.0036424598656594753, 0.00032280408777296543,
                         -1.123132915381575e-05});
  Val large = x.k(1.0) - expInRange(fma(q, t, -t));
  return select(lt(t, x.k(0.921875)), small, copySign(large, x));
}

} // namespace ingot::cpu
