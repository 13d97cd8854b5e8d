// sin, cos, pow and remainders: the functions that need f64 inside.
#include "codegen/cpu/VectorMath.h"

using namespace mlir;

namespace ingot::cpu {

/// sin(x + quarterTurns * pi/2).
static Val sine(Val x, int quarterTurns) {
  Emitter &e = *x.e;
  // n = round(x 2/pi) by adding 1.5 * 2^52, r = x - n pi/2 in f64: exact
  // products and 106 bits of pi/2, so r is good to an f32 rounding for |x|
  // below 2^31.
  Val d = extend(x);
  Val magic = d.k(6755399441055744.0);
  Val shifted = fma(d, d.k(0.63661977236758134308), magic);
  Val n = shifted - magic;
  Val r64 = fma(n, d.k(-1.57079632679489655800), d);
  r64 = fma(n, d.k(-6.12323399573676603587e-17), r64);
  Val r = toF32(r64);
  // Far beyond, r is noise; keep it where the polynomials are bounded.
  r = maxFirst(r.k(-0.8), minFirst(r.k(0.8), r));
  Val pattern = bits(shifted);
  Val quadrant{e, arith::TruncIOp::create(e.b, e.loc, x.as(e.b.getI32Type()),
                                          pattern.v)};
  quadrant = quadrant + quadrant.k(quarterTurns);

  Val s = r * r;
  Val sin = fma(polynomial(s, {-0.1666666716337204, 0.008333329111337662,
                               -0.0001983930415008217, 2.718046516747563e-06}),
                s * r, r);
  Val cos = fma(polynomial(s, {-0.5, 0.0416666679084301, -0.0013888883404433727,
                               2.479945214872714e-05, -2.7205044261791045e-07}),
                s, r.k(1.0));
  Val odd = ne(quadrant & quadrant.k(1), quadrant.k(0));
  Val value = select(odd, cos, sin);
  Val sign = shl(quadrant & quadrant.k(2), 30);
  return floats(bits(value) ^ sign);
}

Val vectorSin(Val x) {
  // sin(-0) is -0, which n * 0 would lose.
  return select(eq(x, x.k(0.0)), x, sine(x, 0));
}
Val vectorCos(Val x) { return sine(x, 1); }

/// 2^y for |y| < 1000, relative error 1e-12.
static Val exp2InF64(Val y) {
  Val magic = y.k(6755399441055744.0);
  Val shifted = y + magic;
  Val f = y - (shifted - magic);
  Val p = polynomial(
      f, {0.99999999999976227, 0.693147180546514, 0.240226506988806,
          0.0555041093934235, 0.00961812854282273, 0.00133334520613705,
          0.000154038517713055, 1.53097376918947e-05, 1.31758542539e-06});
  return floats(bits(p) + shl(bits(shifted), 52));
}

/// log2 of a positive normal number.
static Val log2InF64(Val x) {
  Emitter &e = *x.e;
  Val pattern = bits(x);
  Val exponent = shr(pattern - pattern.k(0) -
                         Val(e, e.integer(pattern.type(), 0x3fe6a09e667f3bcd)),
                     52);
  Val m = floats(pattern - shl(exponent, 52)); // in [sqrt 1/2, sqrt 2)
  // AVX2 has no i64 -> f64; the exponent fits in 32 bits.
  Val narrow{e, arith::TruncIOp::create(e.b, e.loc, x.as(e.b.getI32Type()),
                                        exponent.v)};
  Val n{e, arith::SIToFPOp::create(e.b, e.loc, x.type(), narrow.v)};
  Val z = (m - m.k(1.0)) / (m + m.k(1.0)), v = z * z;
  Val p = polynomial(v, {2.885390081777927313, 0.96179669392432139423,
                         0.57707801725173250867, 0.41219840123823487441,
                         0.32061644294544592824, 0.26144254180442805868,
                         0.24293601217619038338});
  return fma(p, z, n);
}

Val vectorPow(Val x, Val y) {
  double inf = std::numeric_limits<double>::infinity();
  Val one = x.k(1.0), zero = x.k(0.0);
  Val base = abs(x), size = abs(y);
  Val a = extend(base), b = extend(y);
  // |x|^y. log2 of 0 and inf is put in by hand; the clamp keeps exp2's range,
  // and truncation to f32 makes 0, denormals and inf of what is left.
  Val logarithm = log2InF64(a);
  logarithm = select(eq(base, zero), a.k(-inf), logarithm);
  logarithm = select(eq(base, x.k(inf)), a.k(inf), logarithm);
  Val product = logarithm * b;
  product = maxFirst(a.k(-300.0), minFirst(a.k(300.0), product));
  Val result = toF32(exp2InF64(product));

  // An odd integer y gives the sign of x, another integer none. f32 integers
  // from 2^24 on are even.
  Val integer = eq(floor(y), y);
  Val halved = y * x.k(0.5);
  Val odd = integer & ne(floor(halved), halved) & lt(size, x.k(16777216.0));
  result = select(odd, copySign(result, x), result);
  Val nan = x.k(std::nan(""));
  Val bad = lt(x, zero) & ne(integer, integer.k(1)) & lt(base, x.k(inf));
  result = select(bad, nan, result);
  result = select(isNaN(x), x, result);
  result = select(isNaN(y), y, result);
  // 1^y and x^0 are 1 even for NaN; (-1)^inf too.
  Val isOne = eq(x, one) | eq(y, zero) | (eq(base, one) & eq(size, x.k(inf)));
  return select(isOne, one, result);
}

/// |x| mod |y| in f64, exact; NaN where C's fmod is.
static Val remainderInF64(Val x, Val y) {
  Emitter &e = *x.e;
  Val a = abs(extend(x)), d = abs(extend(y));
  Val inf = a.k(std::numeric_limits<double>::infinity());
  Val valid = gt(d, a.k(0.0)) & lt(a, inf) & eq(d, d);
  auto active = [&](Val r) { return valid & ge(r, d); };
  // A step removes 49 bits of the quotient: one for all but extreme ratios. The
  // quotient is rounded down, so the rest never gets negative.
  SmallVector<Value> rest = e.loopWhile(
      a.v,
      [&](ValueRange r) {
        return anyLane(active({e, r[0]}));
      },
      [&](ValueRange carried) {
        Val r{e, carried[0]};
        Val q = maxFirst(floor(r / d * r.k(1.0 - 0x1p-50)), r.k(1.0));
        return SmallVector<Value>{select(active(r), fma(-q, d, r), r).v};
      });
  return select(valid, {e, rest[0]}, a.k(std::nan("")));
}

Val vectorRem(Val x, Val y) { return copySign(toF32(remainderInF64(x, y)), x); }

Val vectorMod(Val x, Val y) {
  Val r = copySign(remainderInF64(x, y), extend(x)), d = extend(y);
  Val zero = r.k(0.0);
  Val crossed = ne(r, zero) & ne(lt(r, zero), lt(d, zero));
  return toF32(select(crossed, r + d, r));
}

} // namespace ingot::cpu
