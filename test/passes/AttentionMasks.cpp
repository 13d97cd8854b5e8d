#include "test/passes/AttentionModel.h"

namespace ingot::test {
namespace {

/// Padding as a mask of integers [batch, total].
Attention padded(const std::string &fill) {
  Attention a;
  a.inputs = "input mask int64[batch, total]\n";
  a.mask = "m0 = Unsqueeze(mask, v12)\nm1 = Cast(m0) to=1\n"
           "m2 = Sub(one, m1)\nm3 = Mul(m2, " +
           fill + ")\nm = Add(s, m3)\n";
  return a;
}

/// Causal by position: key j is kept up to query i + (total - sequence).
const std::string kPositions = R"(qs = Shape(q)
  ks = Shape(k)
  n = Gather(qs, ione) axis=0
  t = Gather(ks, ione) axis=0
  offset = Sub(t, n)
  rows0 = Range(izero, n, ione)
  rows1 = Add(rows0, offset)
  cols = Range(izero, t, ione)
  rows = Unsqueeze(rows1, v1)
  later = Less(rows, cols)
  )";

Attention causal(const std::string &mask) {
  Attention a;
  a.mask = kPositions + mask;
  return a;
}

// -10000 does not absorb a score: in a row without kept keys the scores are
// rounded to its last place, before and after not in the same order.
constexpr double kSmallFill = 2e-3;

const DifferentialCase kMasks[] = {
    {"PaddingSmallFill", padded("c10000").text(), "attention(key_valid;scores)",
     kSmallFill},
    {"PaddingLowestFill", padded("lowest").text(), "attention(key_valid;mean)"},
    {"PaddingFloats", with([](Attention &a) {
       a.inputs = "input mask float32[batch, 1, 1, total]\n";
       a.mask = "m = Add(s, mask)\n";
     }),
     "attention(key_bias;scores)"},
    // DistilBERT: where the mask is 0, the lowest.
    {"WhereFill", with([](Attention &a) {
       a.inputs = "input mask int64[batch, total]\n";
       a.mask = "e = Equal(mask, izero)\nu = Unsqueeze(e, v12)\n"
                "shape = Shape(s)\nx = Expand(u, shape)\n"
                "m = Where(x, lowest, s)\n";
     }),
     "attention(key_valid;mean)"},
    {"WhereInfinity", with([](Attention &a) {
       a.inputs = "input mask bool[batch, total]\n";
       a.mask = "l = Log(zero)\nu = Unsqueeze(mask, v12)\n"
                "m = Where(u, s, l)\n";
     }),
     "attention(key_valid;nan)"},
    // torch's SDPA: rows of -inf alone are zero.
    {"WhereInfinityGuarded", with([](Attention &a) {
       a.inputs = "input mask bool[batch, total]\n";
       a.mask = "l = Log(zero)\nu = Unsqueeze(mask, v12)\n"
                "b = Where(u, zero, l)\nm = Add(s, b)\n";
       a.guard = "n = IsNaN(soft)\nw = Where(n, zero, soft)\n";
     }),
     "attention(key_valid;zero)"},
    {"CausalWhere", causal("m = Where(later, lowest, s)\n").text(),
     "attention(causal;mean)"},
    {"CausalAdded",
     causal("b = Where(later, c10000, zero)\nm = Add(b, s)\n").text(),
     "attention(causal;scores)", kSmallFill},
    {"CausalInfinity",
     causal("l = Log(zero)\nb = Where(later, l, zero)\nm = Add(s, b)\n").text(),
     "attention(causal;nan)"},
    {"CausalFromATable", with([](Attention &a) {
       a.inputs = "const size int64[2] 20 20\nconst up int64[] 1\n";
       a.mask = R"(ones = ConstantOfShape(size)
         b0 = Add(ones, lowest)
         table = Trilu(b0, up) upper=1
         qs = Shape(q)
         ks = Shape(k)
         n = Slice(qs, v1, v2)
         t = Slice(ks, v1, v2)
         first = Sub(t, n)
         rows = Slice(table, first, t, v0)
         part = Slice(rows, v0, t, v1)
         m = Add(s, part)
         )";
     }),
     "attention(causal;mean)"},
    // Both, added: two fills overflow to -inf.
    {"PaddingAndCausal", with([](Attention &a) {
       a = padded("lowest");
       a.mask = kPositions + R"(b = Where(later, lowest, zero)
         m0 = Unsqueeze(mask, v12)
         m1 = Cast(m0) to=1
         m2 = Sub(one, m1)
         m3 = Mul(m2, lowest)
         m4 = Add(b, m3)
         m = Add(s, m4)
         )";
     }),
     "attention(causal,key_valid;mean)"},
    {"PaddingAndCausalAsBooleans", with([](Attention &a) {
       a.inputs = "input mask int64[batch, total]\n";
       a.mask = kPositions + R"(earlier = Not(later)
         m0 = Cast(mask) to=9
         m1 = Unsqueeze(m0, v12)
         both = And(earlier, m1)
         m = Where(both, s, lowest)
         )";
     }),
     "attention(causal,key_valid;mean)"},
    {"PaddingAndCausalGuarded", with([](Attention &a) {
       a.inputs = "input mask bool[batch, total]\n";
       a.mask = kPositions + R"(l = Log(zero)
         earlier = Not(later)
         m1 = Unsqueeze(mask, v12)
         both = And(earlier, m1)
         b = Where(both, zero, l)
         m = Add(s, b)
         )";
       a.guard = "nan = IsNaN(soft)\nw = Where(nan, zero, soft)\n";
     }),
     "attention(causal,key_valid;zero)"},
    {"Window",
     causal(R"(const w int64[] 2
      far0 = Sub(rows, cols)
      far = GreaterOrEqual(far0, w)
      out = Or(later, far)
      m = Where(out, lowest, s)
      )")
         .text(),
     "attention(causal,window;mean)"},
    // Megatron: the score times the mask, less what is masked.
    {"MaskTimesScores", with([](Attention &a) {
       a.inputs = "input mask float32[batch, 1, sequence, total]\n"
                  "const large float32[] 10000.0\n";
       a.mask = "a = Mul(s, mask)\nb = Sub(one, mask)\nc = Mul(b, large)\n"
                "m = Sub(a, c)\n";
     }),
     "attention(tensor;scores)", kSmallFill},
    {"BiasOfHeads", with([](Attention &a) {
       a.inputs = "input bias float32[1, 2, sequence, total]\n";
       a.mask = "m = Add(s, bias)\n";
     }),
     "attention(tensor;scores)"},
    {"MaskOfHeads", with([](Attention &a) {
       a.inputs = "input mask bool[batch, 2, 1, total]\n";
       a.mask = "m = Where(mask, s, lowest)\n";
     }),
     "attention(key_valid;mean)"},
    {"MaskOfQueries", with([](Attention &a) {
       a.inputs = "input mask bool[batch, 1, sequence, 1]\n";
       a.mask = "m = Where(mask, s, lowest)\n";
     }),
     "attention(mask;mean)"},
    {"Alibi", with([](Attention &a) {
       a.inputs = "const slopes float32[2, 1, 1] 0.5 0.25\n";
       a.mask = R"(ks = Shape(k)
         t = Gather(ks, ione) axis=0
         at = Range(izero, t, ione)
         f = Cast(at) to=1
         b = Mul(slopes, f)
         m = Add(s, b)
         )";
     }),
     "attention(;scores)"},
    // T5: a table by relative position, the same in every layer.
    {"RelativePositions", with([](Attention &a) {
       a.inputs = "const table float32[15, 2] random\nconst most int64[] 7\n"
                  "const least int64[] -7\n";
       a.mask = R"(qs = Shape(q)
         ks = Shape(k)
         n = Gather(qs, ione) axis=0
         t = Gather(ks, ione) axis=0
         r0 = Range(izero, n, ione)
         c0 = Range(izero, t, ione)
         rows = Unsqueeze(r0, v1)
         cols = Unsqueeze(c0, v0)
         far = Sub(cols, rows)
         near0 = Min(far, most)
         near = Max(near0, least)
         index = Add(near, most)
         b0 = Gather(table, index) axis=0
         b1 = Transpose(b0) perm=[2, 0, 1]
         b2 = Unsqueeze(b1, v0)
         m = Add(s, b2)
         )";
     }),
     "attention(table;scores)"},
    {"SoftCap", with([](Attention &a) {
       a.inputs = "const cap float32[] 5.0\n";
       a.mask = "d = Div(s, cap)\nh = Tanh(d)\nm = Mul(h, cap)\n";
     }),
     "attention(;scores)"},
    // OPT clamps after it has added the mask.
    {"Clamped", with([](Attention &a) {
       a = padded("lowest");
       a.mask = "m0 = Unsqueeze(mask, v12)\nm1 = Cast(m0) to=1\n"
                "m2 = Sub(one, m1)\nm3 = Mul(m2, lowest)\nm4 = Add(s, m3)\n"
                "m = Max(m4, lowest)\n";
     }),
     "attention(key_valid;mean)"},
    {"NegatedScores", with([](Attention &a) { a.scale = "s = Neg(p)\n"; }),
     "attention(;scores)"},
};

} // namespace

llvm::ArrayRef<DifferentialCase> attentionMasks() { return kMasks; }

} // namespace ingot::test
