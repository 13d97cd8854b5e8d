// Attention in every form exporters give it: how keys are transposed, where the
// scale is, how heads are folded. And what looks alike.
#include "test/passes/AttentionModel.h"

#include "gtest/gtest.h"

namespace ingot::test {
namespace {

class AttentionLayouts : public testing::TestWithParam<DifferentialCase> {};
TEST_P(AttentionLayouts, AgreesWithTheModel) { runDifferential(GetParam()); }

const DifferentialCase kLayouts[] = {
    {"Classic", Attention().text(), "attention(;scores)"},
    {"NoScale", with([](Attention &a) { a.scale = "s = Identity(p)\n"; }),
     "attention(;scores)"},
    {"ScaleByProduct",
     with([](Attention &a) { a.scale = "s = Mul(half, p)\n"; }),
     "attention(;scores)"},
    {"ScaleOfTheQuery", with([](Attention &a) {
       a.query = "q0 = Transpose(qh) perm=[0, 2, 1, 3]\nq4 = Div(q0, two)\n";
       a.scale = "s = Identity(p)\n";
     }),
     "attention(;scores)"},
    {"ScaleBeforeTheHeads", with([](Attention &a) {
       a.query = "q0 = Mul(q, half)\nq1 = Reshape(q0, heads)\n"
                 "q4 = Transpose(q1) perm=[0, 2, 1, 3]\n";
       a.scale = "s = Identity(p)\n";
     }),
     "attention(;scores)"},
    {"ScaleOfBothSides", with([](Attention &a) {
       a.query = "q0 = Transpose(qh) perm=[0, 2, 1, 3]\nq4 = Mul(q0, root)\n";
       a.key = "k0 = Transpose(kh) perm=[0, 2, 3, 1]\nk4 = Mul(k0, root)\n";
       a.scale = "s = Identity(p)\n";
     }),
     "attention(;scores)"},
    {"ScaleOfAllThree", with([](Attention &a) {
       a.query = "q0 = Transpose(qh) perm=[0, 2, 1, 3]\nq4 = Mul(q0, root)\n";
       a.key = "k0 = Transpose(kh) perm=[0, 2, 3, 1]\nk4 = Div(k0, two)\n";
       a.scale = "s0 = Mul(p, half)\ns = Div(s0, root)\n";
     }),
     "attention(;scores)"},
    // The tracer reads the depth from the shape.
    {"ScaleFromTheShape", with([](Attention &a) {
       a.scale = "shape = Shape(qh)\nd = Gather(shape, ithree) axis=0\n"
                 "f = Cast(d) to=1\nr = Sqrt(f)\ns = Div(p, r)\n";
     }),
     "attention(;scores)"},
    {"KeyTransposedTwice", with([](Attention &a) {
       a.key = "k0 = Transpose(kh) perm=[0, 2, 1, 3]\n"
               "k4 = Transpose(k0) perm=[0, 1, 3, 2]\n";
     }),
     "attention(;scores)"},
    // Scaled dot products of dynamo: through rank 3.
    {"KeyThroughRankThree", with([](Attention &a) {
       a.inputs = "const depth int64[1] 4\nconst any int64[1] -1\n";
       a.key = R"(k0 = Transpose(kh) perm=[0, 2, 1, 3]
         shape = Shape(k0)
         batch = Slice(shape, v0, v2)
         rest = Slice(shape, v2, v3)
         front = Concat(any, rest, depth) axis=0
         back = Concat(batch, depth, rest) axis=0
         k1 = Reshape(k0, front)
         k2 = Transpose(k1) perm=[0, 2, 1]
         k4 = Reshape(k2, back)
         )";
       a.inputs += "const v3 int64[1] 3\n";
     }),
     "attention(;scores)"},
    {"FoldedHeads", R"(
      opset 17
      input q float32[batch, sequence, 8]
      input k float32[batch, total, 8]
      input v float32[batch, total, 8]
      const heads int64[4] 0 0 2 4
      const folded int64[3] -1 0 4
      const flat int64[3] 0 0 8
      const half float32[] 0.5
      qs = Mul(q, half)
      qh = Reshape(qs, heads)
      kh = Reshape(k, heads)
      vh = Reshape(v, heads)
      q4 = Transpose(qh) perm=[0, 2, 1, 3]
      k4 = Transpose(kh) perm=[0, 2, 1, 3]
      v4 = Transpose(vh) perm=[0, 2, 1, 3]
      const i0 int64[] 0
      const i1 int64[] 1
      const heads1 int64[1] 2
      const depth int64[1] 4
      const zero int64[1] 0
      qshape = Shape(q)
      kshape = Shape(k)
      b = Gather(qshape, i0) axis=0
      s = Gather(qshape, i1) axis=0
      t = Gather(kshape, i1) axis=0
      const two int64[] 2
      bh = Mul(b, two)
      b1 = Unsqueeze(b, zero)
      bh1 = Unsqueeze(bh, zero)
      s1 = Unsqueeze(s, zero)
      t1 = Unsqueeze(t, zero)
      sq = Concat(bh1, s1, depth) axis=0
      sk = Concat(bh1, t1, depth) axis=0
      so = Concat(b1, heads1, s1, depth) axis=0
      q3 = Reshape(q4, sq)
      k3 = Reshape(k4, sk)
      v3 = Reshape(v4, sk)
      kt = Transpose(k3) perm=[0, 2, 1]
      p = MatMul(q3, kt)
      soft = Softmax(p) axis=2
      o = MatMul(soft, v3)
      o4 = Reshape(o, so)
      ot = Transpose(o4) perm=[0, 2, 1, 3]
      y = Reshape(ot, flat)
      return y)",
     "attention(;scores)"},
    // Bloom: the products have batch and heads in one dim, the softmax apart.
    {"FoldedProducts", R"(
      opset 17
      input q float32[batch, sequence, 8]
      input k float32[batch, total, 8]
      input v float32[batch, total, 8]
      const heads int64[4] 0 0 2 4
      const folded int64[3] -1 0 4
      const flat int64[3] 0 0 8
      const half float32[] 0.5
      qs = Mul(q, half)
      qh = Reshape(qs, heads)
      kh = Reshape(k, heads)
      vh = Reshape(v, heads)
      q4 = Transpose(qh) perm=[0, 2, 1, 3]
      k4 = Transpose(kh) perm=[0, 2, 1, 3]
      v4 = Transpose(vh) perm=[0, 2, 1, 3]
      const i0 int64[] 0
      const i1 int64[] 1
      const heads1 int64[1] 2
      const depth int64[1] 4
      const zero int64[1] 0
      qshape = Shape(q)
      kshape = Shape(k)
      b = Gather(qshape, i0) axis=0
      s = Gather(qshape, i1) axis=0
      t = Gather(kshape, i1) axis=0
      const two int64[] 2
      bh = Mul(b, two)
      b1 = Unsqueeze(b, zero)
      bh1 = Unsqueeze(bh, zero)
      s1 = Unsqueeze(s, zero)
      t1 = Unsqueeze(t, zero)
      sq = Concat(bh1, s1, depth) axis=0
      sk = Concat(bh1, t1, depth) axis=0
      so = Concat(b1, heads1, s1, depth) axis=0
      q3 = Reshape(q4, sq)
      k3 = Reshape(k4, sk)
      v3 = Reshape(v4, sk)
      kt = Transpose(k3) perm=[0, 2, 1]
      p = MatMul(q3, kt)
      sp = Concat(b1, heads1, s1, t1) axis=0
      sf = Concat(bh1, s1, t1) axis=0
      p4 = Reshape(p, sp)
      soft4 = Softmax(p4) axis=3
      soft = Reshape(soft4, sf)
      o = MatMul(soft, v3)
      o4 = Reshape(o, so)
      ot = Transpose(o4) perm=[0, 2, 1, 3]
      y = Reshape(ot, flat)
      return y)",
     "attention(;scores)"},
    {"SequenceFirst", R"(
      opset 17
      input q float32[sequence, batch, 8]
      input k float32[total, batch, 8]
      input v float32[total, batch, 8]
      const i0 int64[] 0
      const i1 int64[] 1
      const two int64[] 2
      const half float32[] 0.5
      const depth int64[1] 4
      const zero int64[1] 0
      qshape = Shape(q)
      kshape = Shape(k)
      s = Gather(qshape, i0) axis=0
      t = Gather(kshape, i0) axis=0
      b = Gather(qshape, i1) axis=0
      bh = Mul(b, two)
      bh1 = Unsqueeze(bh, zero)
      s1 = Unsqueeze(s, zero)
      t1 = Unsqueeze(t, zero)
      sq = Concat(s1, bh1, depth) axis=0
      sk = Concat(t1, bh1, depth) axis=0
      q3 = Reshape(q, sq)
      k3 = Reshape(k, sk)
      v3 = Reshape(v, sk)
      qt = Transpose(q3) perm=[1, 0, 2]
      qs = Mul(qt, half)
      kt = Transpose(k3) perm=[1, 2, 0]
      vt = Transpose(v3) perm=[1, 0, 2]
      p = MatMul(qs, kt)
      soft = Softmax(p) axis=-1
      o = MatMul(soft, vt)
      ot = Transpose(o) perm=[1, 0, 2]
      shape = Shape(q)
      y = Reshape(ot, shape)
      return y)",
     "attention(;scores)"},
    {"OneHead", R"(
      opset 17
      input q float32[batch, sequence, 4]
      input k float32[batch, total, 4]
      input v float32[batch, total, 6]
      kt = Transpose(k) perm=[0, 2, 1]
      p = MatMul(q, kt)
      soft = Softmax(p)
      y = MatMul(soft, v)
      return y)",
     "attention(;scores)"},
    {"PackedProjection", R"(
      opset 17
      input x float32[batch, sequence, 16]
      const w float32[16, 48] random
      const b float32[48] random
      const heads int64[5] 0 0 2 3 8
      const flat int64[3] 0 0 16
      const i0 int64[] 0
      const i1 int64[] 1
      const i2 int64[] 2
      const scale float32[] 0.3
      p = MatMul(x, w)
      a = Add(p, b)
      h = Reshape(a, heads)
      t = Transpose(h) perm=[3, 0, 2, 1, 4]
      q = Gather(t, i0) axis=0
      k = Gather(t, i1) axis=0
      v = Gather(t, i2) axis=0
      kt = Transpose(k) perm=[0, 1, 3, 2]
      s = MatMul(q, kt)
      m = Mul(s, scale)
      soft = Softmax(m) axis=-1
      o = MatMul(soft, v)
      ot = Transpose(o) perm=[0, 2, 1, 3]
      y = Reshape(ot, flat)
      return y)",
     "attention(;scores) linear+bias"},
    {"ThreeProjectionsOfOneInput", R"(
      opset 17
      input x float32[batch, sequence, 16]
      const wq float32[16, 16] random
      const wk float32[16, 16] random
      const wv float32[16, 16] random
      const wo float32[16, 16] random
      const bq float32[16] random
      const bk float32[16] random
      const bv float32[16] random
      const heads int64[4] 0 0 2 8
      const flat int64[3] 0 0 16
      const scale float32[] 0.3
      pq = MatMul(x, wq)
      pk = MatMul(x, wk)
      pv = MatMul(x, wv)
      q = Add(bq, pq)
      k = Add(bk, pk)
      v = Add(bv, pv)
      qh = Reshape(q, heads)
      kh = Reshape(k, heads)
      vh = Reshape(v, heads)
      qt = Transpose(qh) perm=[0, 2, 1, 3]
      kt = Transpose(kh) perm=[0, 2, 3, 1]
      vt = Transpose(vh) perm=[0, 2, 1, 3]
      s = MatMul(qt, kt)
      m = Mul(s, scale)
      soft = Softmax(m) axis=-1
      o = MatMul(soft, vt)
      ot = Transpose(o) perm=[0, 2, 1, 3]
      of = Reshape(ot, flat)
      pr = MatMul(of, wo)
      y = Add(x, pr)
      return y)",
     "attention(;scores) linear+bias linear+residual"},
    {"GroupedHeads", R"(
      opset 17
      input q float32[batch, sequence, 16]
      input k float32[batch, total, 8]
      input v float32[batch, total, 8]
      const qheads int64[4] 0 0 4 4
      const kheads int64[4] 0 0 2 4
      const flat int64[3] 0 0 16
      const two1 int64[1] 2
      const depth int64[1] 4
      const i1 int64[] 1
      const v0 int64[1] 0
      const v2 int64[1] 2
      const joined int64[4] 0 4 -1 4
      qh = Reshape(q, qheads)
      kh = Reshape(k, kheads)
      vh = Reshape(v, kheads)
      qt = Transpose(qh) perm=[0, 2, 1, 3]
      k0 = Transpose(kh) perm=[0, 2, 1, 3]
      v0t = Transpose(vh) perm=[0, 2, 1, 3]
      k1 = Unsqueeze(k0, v2)
      v1 = Unsqueeze(v0t, v2)
      const group int64[5] 1 1 2 1 1
      k2 = Expand(k1, group)
      v2x = Expand(v1, group)
      k3 = Reshape(k2, joined)
      vt = Reshape(v2x, joined)
      kt = Transpose(k3) perm=[0, 1, 3, 2]
      s = MatMul(qt, kt)
      soft = Softmax(s) axis=-1
      o = MatMul(soft, vt)
      ot = Transpose(o) perm=[0, 2, 1, 3]
      y = Reshape(ot, flat)
      return y)",
     "attention(;scores;2 groups)"},
    // One head of keys and values broadcasts over all queries'.
    {"OneGroup", R"(
      opset 17
      input q float32[batch, sequence, 16]
      input k float32[batch, total, 4]
      input v float32[batch, total, 4]
      const qheads int64[4] 0 0 4 4
      const flat int64[3] 0 0 16
      const v1 int64[1] 1
      qh = Reshape(q, qheads)
      qt = Transpose(qh) perm=[0, 2, 1, 3]
      k0 = Unsqueeze(k, v1)
      vt = Unsqueeze(v, v1)
      kt = Transpose(k0) perm=[0, 1, 3, 2]
      s = MatMul(qt, kt)
      soft = Softmax(s) axis=-1
      o = MatMul(soft, vt)
      ot = Transpose(o) perm=[0, 2, 1, 3]
      y = Reshape(ot, flat)
      return y)",
     "attention(;scores;1 groups)"},
    {"PastAndPresent", R"(
      opset 17
      input q float32[batch, sequence, 8]
      input k float32[batch, sequence, 8]
      input v float32[batch, sequence, 8]
      input past_k float32[batch, 2, past, 4]
      input past_v float32[batch, 2, past, 4]
      const heads int64[4] 0 0 2 4
      const flat int64[3] 0 0 8
      const half float32[] 0.5
      qh = Reshape(q, heads)
      kh = Reshape(k, heads)
      vh = Reshape(v, heads)
      qt = Transpose(qh) perm=[0, 2, 1, 3]
      kn = Transpose(kh) perm=[0, 2, 1, 3]
      vn = Transpose(vh) perm=[0, 2, 1, 3]
      present_k = Concat(past_k, kn) axis=2
      present_v = Concat(past_v, vn) axis=-2
      kt = Transpose(present_k) perm=[0, 1, 3, 2]
      s = MatMul(qt, kt)
      m = Mul(s, half)
      soft = Softmax(m) axis=-1
      o = MatMul(soft, present_v)
      ot = Transpose(o) perm=[0, 2, 1, 3]
      y = Reshape(ot, flat)
      return y, present_k, present_v)",
     "attention(;scores)"},
    // A step of decoding with every dim a number.
    {"OneQueryOfOne", R"(
      opset 17
      input q float32[1, 1, 8]
      input k float32[1, total, 8]
      input v float32[1, total, 8]
      const heads int64[4] 0 0 2 4
      const flat int64[3] 0 0 8
      qh = Reshape(q, heads)
      kh = Reshape(k, heads)
      vh = Reshape(v, heads)
      qt = Transpose(qh) perm=[0, 2, 1, 3]
      kt = Transpose(kh) perm=[0, 2, 3, 1]
      vt = Transpose(vh) perm=[0, 2, 1, 3]
      s = MatMul(qt, kt)
      soft = Softmax(s) axis=-1
      o = MatMul(soft, vt)
      ot = Transpose(o) perm=[0, 2, 1, 3]
      y = Reshape(ot, flat)
      return y)",
     "attention(;scores)"},
    // Of one key there is one product: the other is by a number.
    {"OneKeyOfOne", R"(
      opset 17
      input q float32[1, sequence, 8]
      input k float32[1, 1, 8]
      input v float32[1, 1, 8]
      const heads int64[4] 0 0 2 4
      const flat int64[3] 0 0 8
      qh = Reshape(q, heads)
      kh = Reshape(k, heads)
      vh = Reshape(v, heads)
      qt = Transpose(qh) perm=[0, 2, 1, 3]
      kt = Transpose(kh) perm=[0, 2, 3, 1]
      vt = Transpose(vh) perm=[0, 2, 1, 3]
      s = MatMul(qt, kt)
      soft = Softmax(s) axis=-1
      o = MatMul(soft, vt)
      ot = Transpose(o) perm=[0, 2, 1, 3]
      y = Reshape(ot, flat)
      return y)",
     "matmul softmax"},
    // Before opset 13 a softmax flattens from its axis on; 3 of 4 is the last.
    {"OldSoftmax", with([](Attention &a) {
       a.opset = 11;
       a.guard = "w = Identity(soft)\n";
     }),
     "attention(;scores)"},
};

const DifferentialCase kOthers[] = {
    {"ProbabilitiesAreAResult",
     with([](Attention &a) { a.outputs = ", soft"; }), "matmul matmul softmax"},
    {"ProbabilitiesAreReduced", with([](Attention &a) {
       a.outputs = ", r";
       a.guard = "w = Identity(soft)\nr = ReduceMax(soft) axes=[2]\n";
     }),
     "matmul matmul reduce softmax"},
    {"ProbabilitiesAreScaled", with([](Attention &a) {
       a.inputs = "input keep float32[batch, 2, sequence, total]\n";
       a.guard = "w = Mul(soft, keep)\n";
     }),
     "matmul matmul softmax"},
    {"GuardedWithAnotherNumber", with([](Attention &a) {
       a.guard = "nan = IsNaN(soft)\nw = Where(nan, one, soft)\n";
     }),
     "matmul matmul softmax"},
    {"TwoProductsOfTheProbabilities", with([](Attention &a) {
       a.inputs = "input u float32[batch, 2, total, 4]\n";
       a.guard = "w = Identity(soft)\nz = MatMul(soft, u)\n";
       a.outputs = ", z";
     }),
     "matmul matmul matmul softmax"},
    {"SoftmaxOverQueries", R"(
      opset 17
      input q float32[batch, sequence, 4]
      input k float32[batch, total, 4]
      input v float32[batch, total, 4]
      kt = Transpose(k) perm=[0, 2, 1]
      p = MatMul(q, kt)
      soft = Softmax(p) axis=1
      y = MatMul(soft, v)
      return y)",
     "matmul matmul softmax"},
    {"SoftmaxIsTheRightOperand", R"(
      opset 17
      input q float32[batch, sequence, 4]
      input k float32[batch, sequence, 4]
      input v float32[batch, sequence, sequence]
      kt = Transpose(k) perm=[0, 2, 1]
      p = MatMul(q, kt)
      soft = Softmax(p) axis=2
      y = MatMul(v, soft)
      return y)",
     "matmul matmul softmax"},
    {"NoProduct", R"(
      opset 17
      input s float32[batch, sequence, total]
      input v float32[batch, total, 4]
      soft = Softmax(s) axis=2
      y = MatMul(soft, v)
      return y)",
     "matmul softmax"},
    {"TwoProducts", R"(
      opset 17
      input q float32[batch, sequence, 4]
      input k float32[batch, total, 4]
      input r float32[batch, total, 4]
      input v float32[batch, total, 4]
      kt = Transpose(k) perm=[0, 2, 1]
      rt = Transpose(r) perm=[0, 2, 1]
      a = MatMul(q, kt)
      b = MatMul(q, rt)
      p = Add(a, b)
      soft = Softmax(p) axis=2
      y = MatMul(soft, v)
      return y)",
     "matmul matmul matmul softmax"},
    // The scores are read elsewhere: they are computed again.
    {"ScoresAreAResult", with([](Attention &a) { a.outputs = ", p"; }),
     "attention(;scores) matmul"},
    // A mask that the scores decide themselves.
    {"MaskOfTheScores", with([](Attention &a) {
       a.mask = "c = Less(s, zero)\nm = Where(c, lowest, s)\n";
     }),
     "attention(;mean)"},
    {"MaskOfAnotherProduct", with([](Attention &a) {
       a.inputs = "input u float32[batch, 2, sequence, 4]\n";
       a.mask = "z = MatMul(u, k4)\nm = Add(s, z)\n";
     }),
     "matmul matmul matmul softmax"},
    {"DepthIsDynamic", R"(
      opset 17
      input q float32[batch, sequence, depth]
      input k float32[batch, total, depth]
      input v float32[batch, total, 4]
      kt = Transpose(k) perm=[0, 2, 1]
      p = MatMul(q, kt)
      soft = Softmax(p) axis=2
      y = MatMul(soft, v)
      return y)",
     "matmul matmul softmax"},
    {"HeadsAreDynamic", R"(
      opset 17
      input q float32[batch, heads, sequence, 4]
      input k float32[batch, heads, 4, total]
      input v float32[batch, heads, total, 4]
      p = MatMul(q, k)
      soft = Softmax(p) axis=3
      y = MatMul(soft, v)
      return y)",
     "matmul matmul softmax"},
    // ALBERT-like classifier: a softmax over classes.
    {"Classifier", R"(
      opset 17
      input x float32[batch, 16]
      const w float32[16, 24] random
      p = MatMul(x, w)
      y = Softmax(p) axis=1
      return y)",
     "linear softmax"},
};

std::string nameOf(const testing::TestParamInfo<DifferentialCase> &info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Layouts, AttentionLayouts, testing::ValuesIn(kLayouts),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Others, AttentionLayouts, testing::ValuesIn(kOthers),
                         nameOf);

} // namespace
} // namespace ingot::test
