// The dims and the refusals of every operator: a node in, a type or a sentence
// out.
#include "test/frontend/TextModel.h"

#include "gtest/gtest.h"

using namespace ingot::test;

namespace {

class ImportOps : public testing::TestWithParam<ImportCase> {};

TEST_P(ImportOps, Result) { expectImport(GetParam()); }

// Other dims, the same elements.
const ImportCase kOtherDimsTheSameElements[] = {
    {"ReshapeCopiesAndInfers", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const s int64[4] 0 -1 2 4
      y = Reshape(x, s)
      return y)",
     "float32[batch, sequence, 2, 4]"},
    {"ReshapeFolds", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const s int64[2] -1 8
      y = Reshape(x, s)
      return y)",
     "float32[batch*sequence, 8]"},
    {"ReshapeAllowzero", R"(
      opset 14
      const x float32[0, 3]
      const s int64[2] 3 0
      y = Reshape(x, s) allowzero=1
      return y)",
     "float32[3, 0]"},
    {"ReshapeTwoUnknown", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const s int64[2] -1 -1
      y = Reshape(x, s)
      return y)",
     "!the shape has two dims of -1"},
    {"ReshapeZeroBeyondRank", R"(
      opset 13
      input x float32[4]
      const s int64[2] 4 0
      y = Reshape(x, s)
      return y)",
     "!dim 1 of the shape is 0, but the operand is float32[4]"},
    {"ReshapeBelowMinusOne", R"(
      opset 13
      input x float32[4]
      const s int64[1] -2
      y = Reshape(x, s)
      return y)",
     "!0 would have to be at most -2 for node 'the_reshape' (Reshape)"},
    {"ReshapeMismatch", R"(
      opset 13
      input x float32[2, 8]
      const s int64[1] 15
      y = Reshape(x, s)
      return y)",
     "!dims 15 and 16 must be equal for node 'the_reshape' (Reshape)"},
    {"ReshapeByShapeArithmetic", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const zero int64[1] 0
      const one int64[1] 1
      const two int64[1] 2
      const four int64[1] 4
      s = Shape(x)
      b = Gather(s, zero)
      n = Gather(s, one)
      n2 = Mul(n, two)
      t = Concat(b, n2, four) axis=0
      y = Reshape(x, t)
      return y)",
     "float32[batch, 2*sequence, 4]"},
    {"ReshapeByData", R"(
      opset 13
      input x float32[batch, sequence, 8]
      input s int64[2]
      y = Reshape(x, s)
      return y)",
     "!depends on the elements of input 's'"},
    {"ReshapeByComputedData", R"(
      opset 13
      input x float32[batch, sequence, 8]
      input s int64[2]
      t = Add(s, s)
      y = Reshape(x, t)
      return y)",
     "!depends on the elements of input 's'"},
    {"Flatten", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = Flatten(x) axis=2
      return y)",
     "float32[batch*sequence, 8]"},
    {"FlattenNegativeAxis", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = Flatten(x) axis=-3
      return y)",
     "float32[1, 8*batch*sequence]"},
    {"FlattenWholeRank", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = Flatten(x) axis=3
      return y)",
     "float32[8*batch*sequence, 1]"},
    {"FlattenBeyondRank", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = Flatten(x) axis=4
      return y)",
     "!axis 4 of float32[batch, sequence, 8]"},
    {"SqueezeAttribute", R"(
      opset 11
      input x float32[1, batch, 1]
      y = Squeeze(x) axes=[0, -1]
      return y)",
     "float32[batch]"},
    {"SqueezeInput", R"(
      opset 13
      input x float32[1, batch, 1]
      const a int64[1] -1
      y = Squeeze(x, a)
      return y)",
     "float32[1, batch]"},
    {"SqueezeAttributeGone", R"(
      opset 13
      input x float32[1, batch]
      y = Squeeze(x) axes=[0]
      return y)",
     "!attribute 'axes' is unknown in opset 13"},
    {"SqueezeAll", R"(
      opset 13
      input x float32[1, 4, 1]
      y = Squeeze(x)
      return y)",
     "float32[4]"},
    {"SqueezeNotOne", R"(
      opset 13
      input x float32[3, 4]
      const a int64[1] 0
      y = Squeeze(x, a)
      return y)",
     "!dims 3 and 1 must be equal for node 'the_squeeze' (Squeeze)"},
    {"UnsqueezeAttribute", R"(
      opset 11
      input x float32[batch, 4]
      y = Unsqueeze(x) axes=[1, -1]
      return y)",
     "float32[batch, 1, 4, 1]"},
    {"UnsqueezeInput", R"(
      opset 13
      input x float32[batch, 4]
      const a int64[2] 0 2
      y = Unsqueeze(x, a)
      return y)",
     "float32[1, batch, 1, 4]"},
    {"UnsqueezeTwice", R"(
      opset 13
      input x float32[batch, 4]
      const a int64[2] 0 -4
      y = Unsqueeze(x, a)
      return y)",
     "!axis 0 is there twice"},
    {"UnsqueezeBeyondRank", R"(
      opset 13
      input x float32[batch, 4]
      const a int64[1] 3
      y = Unsqueeze(x, a)
      return y)",
     "!axis 3 of a tensor of rank 3"},
    {"TransposeDefault", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = Transpose(x)
      return y)",
     "float32[8, sequence, batch]"},
    {"Transpose", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = Transpose(x) perm=[0, 2, 1]
      return y)",
     "float32[batch, 8, sequence]"},
    {"TransposeNoPermutation", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = Transpose(x) perm=[0, 2, 2]
      return y)",
     "!perm is no permutation of the axes of float32[batch, sequence, 8]"},
    {"ExpandBothWays", R"(
      opset 13
      input x float32[batch, 1, 4]
      const s int64[2] 3 1
      y = Expand(x, s)
      return y)",
     "float32[batch, 3, 4]"},
    {"ExpandMinusOne", R"(
      opset 13
      input x float32[batch, 1]
      const s int64[2] -1 4
      y = Expand(x, s)
      return y)",
     "float32[batch, 4]"},
    {"TileBySymbols", R"(
      opset 13
      input x float32[1, 4]
      input r float32[batch, 3]
      s = Shape(r)
      y = Tile(x, s)
      return y)",
     "float32[batch, 12]"},
    {"TileTooFew", R"(
      opset 13
      input x float32[1, 4]
      const n int64[1] 2
      y = Tile(x, n)
      return y)",
     "!1 repeats for float32[1, 4]"},
    {"ShapeOfRange", R"(
      opset 15
      input x float32[batch, sequence, 8]
      y = Shape(x) start=-2 end=9
      return y)",
     "int64[2]"},
    {"Size", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = Size(x)
      return y)",
     "int64[]"},
};
INSTANTIATE_TEST_SUITE_P(OtherDimsTheSameElements, ImportOps,
                         testing::ValuesIn(kOtherDimsTheSameElements),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

// Slices and other moves.
const ImportCase kSlicesAndOtherMoves[] = {
    {"SliceStatic", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const a int64[1] 1
      const b int64[1] 3
      const ax int64[1] -1
      const st int64[1] 1
      y = Slice(x, a, b, ax, st)
      return y)",
     "float32[batch, sequence, 2]"},
    {"SliceToEnd", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const a int64[1] 1
      const b int64[1] 9223372036854775807
      const ax int64[1] 1
      const st int64[1] 1
      y = Slice(x, a, b, ax, st)
      return y)",
     "float32[batch, sequence - min(1, sequence), 8]"},
    {"SliceAll", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const a int64[1] 0
      const b int64[1] 2147483647
      const ax int64[1] 1
      const st int64[1] 1
      y = Slice(x, a, b, ax, st)
      return y)",
     "float32[batch, sequence, 8]"},
    {"SliceFromEnd", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const a int64[1] -1
      const b int64[1] 9223372036854775807
      const ax int64[1] 1
      const st int64[1] 1
      y = Slice(x, a, b, ax, st)
      return y)",
     "float32[batch, sequence - max(0, sequence - 1), 8]"},
    {"SliceClamped", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const a int64[1] 0
      const b int64[1] 5
      const ax int64[1] 1
      const st int64[1] 1
      y = Slice(x, a, b, ax, st)
      return y)",
     "float32[batch, min(5, sequence), 8]"},
    {"SliceStep", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const a int64[1] 0
      const b int64[1] 8
      const ax int64[1] 2
      const st int64[1] 3
      y = Slice(x, a, b, ax, st)
      return y)",
     "float32[batch, sequence, 3]"},
    {"SliceBackwards", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const a int64[1] -1
      const b int64[1] -9223372036854775807
      const ax int64[1] 2
      const st int64[1] -1
      y = Slice(x, a, b, ax, st)
      return y)",
     "float32[batch, sequence, 8]"},
    {"SliceBackwardsStep", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const a int64[1] 7
      const b int64[1] 1
      const ax int64[1] 2
      const st int64[1] -2
      y = Slice(x, a, b, ax, st)
      return y)",
     "float32[batch, sequence, 3]"},
    {"SliceEmpty", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const a int64[1] 5
      const b int64[1] 2
      const ax int64[1] 2
      const st int64[1] 1
      y = Slice(x, a, b, ax, st)
      return y)",
     "float32[batch, sequence, 0]"},
    {"SliceStepZero", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const a int64[1] 0
      const b int64[1] 1
      const ax int64[1] 0
      const st int64[1] 0
      y = Slice(x, a, b, ax, st)
      return y)",
     "!a step is 0"},
    {"SliceWithoutAxes", R"(
      opset 13
      input x float32[batch, 8]
      const a int64[2] 0 2
      const b int64[2] 1000000000000 4
      y = Slice(x, a, b)
      return y)",
     "float32[batch, 2]"},
    {"SliceOfTableAssumesThatItFits", R"(
      opset 13
      input x float32[batch, sequence, 4]
      const table float32[512, 4] 0
      const zero int64[1] 0
      const one int64[1] 1
      const two int64[1] 2
      s = Shape(x)
      n = Slice(s, one, two)
      t = Slice(table, zero, n, zero)
      y = Add(x, t)
      return y)",
     "float32[batch, sequence, 4]"},
    {"SliceLengthsDiffer", R"(
      opset 13
      input x float32[4, 4]
      const a int64[2] 0 0
      const b int64[1] 1
      y = Slice(x, a, b)
      return y)",
     "!2 starts, 1 ends, 2 axes and 2 steps"},
    {"Concat", R"(
      opset 13
      input x float32[batch, past, 4]
      input y float32[batch, sequence, 4]
      z = Concat(x, y) axis=-2
      return z)",
     "float32[batch, past + sequence, 4]"},
    {"ConcatAssumesEqualDims", R"(
      opset 13
      input x float32[a, 4]
      input y float32[b, 4]
      z = Concat(x, y) axis=1
      return z)",
     "float32[a, 8]"},
    {"ConcatMismatch", R"(
      opset 13
      input x float32[2, 4]
      input y float32[3, 4]
      z = Concat(x, y) axis=1
      return z)",
     "!dims 2 and 3 must be equal for node 'the_concat' (Concat)"},
    {"ConcatRanks", R"(
      opset 13
      input x float32[2, 4]
      input y float32[3]
      z = Concat(x, y) axis=0
      return z)",
     "!operands are float32[2, 4] and float32[3]"},
    {"ConcatWithoutAxis", R"(
      opset 13
      input x float32[2]
      z = Concat(x, x)
      return z)",
     "!attribute 'axis' is missing"},
    {"ConcatDropsEmpty", R"(
      opset 13
      input x float32[batch, 4]
      const e float32[0, 4]
      z = Concat(e, x) axis=0
      return z)",
     "float32[batch, 4]"},
    {"SplitEqual", R"(
      opset 13
      input x float32[batch, 12]
      a, b, c = Split(x) axis=1
      return a, b, c)",
     "float32[batch, 4]\nfloat32[batch, 4]\nfloat32[batch, 4]"},
    {"SplitAttribute", R"(
      opset 11
      input x float32[batch, 12]
      a, b = Split(x) axis=1 split=[2, 10]
      return a, b)",
     "float32[batch, 2]\nfloat32[batch, 10]"},
    {"SplitInput", R"(
      opset 13
      input x float32[batch, 12]
      const s int64[2] 2 10
      a, b = Split(x, s) axis=-1
      return a, b)",
     "float32[batch, 2]\nfloat32[batch, 10]"},
    {"SplitUneven", R"(
      opset 18
      input x float32[7]
      a, b, c = Split(x) num_outputs=3
      return a, b, c)",
     "float32[3]\nfloat32[3]\nfloat32[1]"},
    {"SplitUnevenBefore18", R"(
      opset 13
      input x float32[7]
      a, b = Split(x)
      return a, b)",
     "!dims 3 and 4 must be equal for node 'the_split' (Split)"},
    {"SplitWrongSum", R"(
      opset 13
      input x float32[7]
      const s int64[2] 2 4
      a, b = Split(x, s)
      return a, b)",
     "!dims 6 and 7 must be equal for node 'the_split' (Split)"},
    {"SplitWrongCount", R"(
      opset 13
      input x float32[7]
      const s int64[1] 7
      a, b = Split(x, s)
      return a, b)",
     "!1 sizes for 2 outputs"},
    {"SplitOneUsed", R"(
      opset 13
      input x float32[batch, 12]
      a, , c = Split(x) axis=1
      return c)",
     "float32[batch, 4]"},
    {"GatherScalar", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const i int64[] -1
      y = Gather(x, i) axis=1
      return y)",
     "float32[batch, 8]"},
    {"GatherTable", R"(
      opset 13
      input ids int64[batch, sequence]
      const table float32[100, 16] 0
      y = Gather(table, ids)
      return y)",
     "float32[batch, sequence, 16]"},
    {"GatherByFloats", R"(
      opset 13
      input i float32[batch]
      const table float32[100, 16] 0
      y = Gather(table, i)
      return y)",
     "!indices of float32 elements"},
    {"GatherBeyondRank", R"(
      opset 13
      input ids int64[batch]
      const table float32[100, 16] 0
      y = Gather(table, ids) axis=2
      return y)",
     "!axis 2 of a tensor of rank 2"},
    {"GatherElements", R"(
      opset 13
      input x float32[batch, 4]
      input i int64[batch, 2]
      y = GatherElements(x, i) axis=1
      return y)",
     "float32[batch, 2]"},
    {"GatherElementsRanks", R"(
      opset 13
      input x float32[batch, 4]
      input i int64[2]
      y = GatherElements(x, i)
      return y)",
     "!ranks of float32[batch, 4] and int64[2] differ"},
    {"GatherND", R"(
      opset 13
      input x float32[batch, 4, 8]
      input i int64[n, 2]
      y = GatherND(x, i)
      return y)",
     "float32[n, 8]"},
    {"GatherNDBatch", R"(
      opset 13
      input x float32[batch, 4, 8]
      input i int64[batch, 3, 1]
      y = GatherND(x, i) batch_dims=1
      return y)",
     "float32[batch, 3, 8]"},
    {"GatherNDUnknownTuple", R"(
      opset 13
      input x float32[batch, 4, 8]
      input i int64[n, k]
      y = GatherND(x, i)
      return y)",
     "!indices int64[n, k] do not fit float32[batch, 4, 8]"},
    {"Pad", R"(
      opset 13
      input x float32[batch, 4]
      const p int64[4] 0 1 0 2
      const v float32[] 1.5
      y = Pad(x, p, v)
      return y)",
     "float32[batch, 7]"},
    {"PadAxes", R"(
      opset 18
      input x float32[batch, 4, 4]
      const p int64[2] 1 -2
      const a int64[1] -1
      y = Pad(x, p, , a)
      return y)",
     "float32[batch, 4, 3]"},
    {"PadReflect", R"(
      opset 13
      input x float32[batch, n]
      const p int64[4] 0 2 0 0
      y = Pad(x, p) mode="reflect"
      return y)",
     "float32[batch, n + 2]"},
    {"PadWrapBefore19", R"(
      opset 18
      input x float32[4]
      const p int64[2] 1 1
      y = Pad(x, p) mode="wrap"
      return y)",
     "!mode 'wrap' is not one of constant, reflect, edge and, since opset 19, "
     "wrap"},
    {"PadTooFew", R"(
      opset 13
      input x float32[batch, 4]
      const p int64[2] 1 1
      y = Pad(x, p)
      return y)",
     "!2 pads for 2 axes"},
    {"Trilu", R"(
      opset 14
      input x float32[batch, n, n]
      const k int64[] 1
      y = Trilu(x, k) upper=0
      return y)",
     "float32[batch, n, n]"},
    {"TriluOfVector", R"(
      opset 14
      input x float32[n]
      y = Trilu(x)
      return y)",
     "!Trilu of float32[n]"},
};
INSTANTIATE_TEST_SUITE_P(SlicesAndOtherMoves, ImportOps,
                         testing::ValuesIn(kSlicesAndOtherMoves),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

// Elementwise and broadcasting.
const ImportCase kElementwiseAndBroadcasting[] = {
    {"BroadcastRanks", R"(
      opset 13
      input x float32[batch, 1, 4]
      input y float32[sequence, 1]
      z = Add(x, y)
      return z)",
     "float32[batch, sequence, 4]"},
    {"BroadcastAssumesEqual", R"(
      opset 13
      input x float32[a, 4]
      input y float32[b, 4]
      z = Mul(x, y)
      return z)",
     "float32[a, 4]"},
    {"BroadcastMismatch", R"(
      opset 13
      input x float32[3]
      input y float32[4]
      z = Mul(x, y)
      return z)",
     "!dims 3 and 4 must be equal for node 'the_mul' (Mul)"},
    {"TypesDiffer", R"(
      opset 13
      input x float32[3]
      input y int64[3]
      z = Mul(x, y)
      return z)",
     "!operands are float32[3] and int64[3]"},
    {"SqrtOfIntegers", R"(
      opset 13
      input x int64[3]
      y = Sqrt(x)
      return y)",
     "!sqrt of int64 elements"},
    {"AddOfBools", R"(
      opset 13
      input x bool[3]
      y = Add(x, x)
      return y)",
     "!add of bool elements"},
    {"CompareGivesBool", R"(
      opset 13
      input x float32[batch]
      y = GreaterOrEqual(x, x)
      return y)",
     "bool[batch]"},
    {"WhereBroadcasts", R"(
      opset 13
      input c bool[batch, 1]
      input x float32[4]
      const z float32[] 0
      y = Where(c, x, z)
      return y)",
     "float32[batch, 4]"},
    {"WhereTypes", R"(
      opset 13
      input c bool[4]
      input x float32[4]
      input z int64[4]
      y = Where(c, x, z)
      return y)",
     "!the values are float32[4] and int64[4]"},
    {"WhereCondition", R"(
      opset 13
      input c int64[4]
      input x float32[4]
      y = Where(c, x, x)
      return y)",
     "!the condition is int64[4], not bool"},
    {"Cast", R"(
      opset 13
      input x float32[batch]
      y = Cast(x) to=7
      return y)",
     "int64[batch]"},
    {"CastToHalf", R"(
      opset 13
      input x float32[batch]
      y = Cast(x) to=10
      return y float16)",
     "float16[batch]"},
    {"CastToDouble", R"(
      opset 13
      input x float32[batch]
      y = Cast(x) to=11
      return y)",
     "!element type float64 is not supported; float32, float16, bfloat16, "
     "bool, "
     "int4 to int64, uint4 to uint16, float8e4m3fn and float8e5m2 are"},
    {"CastToUnknown", R"(
      opset 13
      input x float32[batch]
      y = Cast(x) to=99
      return y)",
     "!element type type 99 is not supported"},
    {"PowMixed", R"(
      opset 13
      input x int32[batch]
      input e float32[]
      y = Pow(x, e)
      return y)",
     "int32[batch]"},
    {"MaxOfMany", R"(
      opset 13
      input x float32[batch, 1]
      input y float32[4]
      const z float32[] 0
      m = Max(x, y, z)
      return m)",
     "float32[batch, 4]"},
    {"MeanOfMany", R"(
      opset 13
      input x float32[batch, 1]
      input y float32[4]
      m = Mean(x, y)
      return m)",
     "float32[batch, 4]"},
    {"ClipOneBound", R"(
      opset 13
      input x float32[batch]
      const hi float32[] 1
      y = Clip(x, , hi)
      return y)",
     "float32[batch]"},
    {"ClipBoundNoScalar", R"(
      opset 13
      input x float32[batch]
      const hi float32[2] 1
      y = Clip(x, , hi)
      return y)",
     "!bound float32[2] is no scalar"},
    {"ModOfFloats", R"(
      opset 13
      input x float32[batch]
      y = Mod(x, x)
      return y)",
     "!Mod of float elements needs fmod=1"},
    {"GeluUnknown", R"(
      opset 20
      input x float32[batch]
      y = Gelu(x) approximate="fast"
      return y)",
     "!approximate='fast' is neither 'none' nor 'tanh'"},
    {"GeluTooEarly", R"(
      opset 17
      input x float32[batch]
      y = Gelu(x)
      return y)",
     "!there is no such operator here; nearest is Gelu from opset 20 on"},
    {"Dropout", R"(
      opset 13
      input x float32[batch]
      const r float32[] 0.5
      y, m = Dropout(x, r)
      return y, m)",
     "float32[batch]\nbool[batch]"},
    {"DropoutTrains", R"(
      opset 13
      input x float32[batch]
      const r float32[] 0.5
      const t bool[] 1
      y = Dropout(x, r, t)
      return y)",
     "!training_mode is true: this compiles inference"},
    {"MissingInput", R"(
      opset 13
      input x float32[batch]
      y = Add(x)
      return y)",
     "!input 1 is missing"},
    {"TooManyInputs", R"(
      opset 13
      input x float32[batch]
      y = Relu(x, x)
      return y)",
     "!input 1 'x' is unknown in opset 13"},
    {"UnknownAttribute", R"(
      opset 13
      input x float32[batch]
      y = Relu(x) slope=0.5
      return y)",
     "!attribute 'slope' is unknown in opset 13"},
    {"AttributeType", R"(
      opset 13
      input x float32[batch, 4]
      y = Softmax(x) axis=1.5
      return y)",
     "!attribute 'axis' is of type float, not int"},
};
INSTANTIATE_TEST_SUITE_P(ElementwiseAndBroadcasting, ImportOps,
                         testing::ValuesIn(kElementwiseAndBroadcasting),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

// Generators.
const ImportCase kGenerators[] = {
    {"ConstantInts", R"(
      opset 13
      y = Constant() value_ints=[1, 2, 3]
      return y)",
     "int64[3]"},
    {"ConstantFloat", R"(
      opset 13
      y = Constant() value_float=1.5
      return y)",
     "float32[]"},
    {"ConstantNothing", R"(
      opset 13
      y = Constant()
      return y)",
     "!a constant that is neither a tensor nor numbers"},
    {"ConstantOfShape", R"(
      opset 13
      input x float32[batch, sequence, 8]
      s = Shape(x)
      y = ConstantOfShape(s)
      return y)",
     "float32[batch, sequence, 8]"},
    {"RangeOfDim", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const zero int64[] 0
      const one int64[] 1
      s = Shape(x)
      n = Gather(s, one)
      y = Range(zero, n, one)
      return y)",
     "int64[sequence]"},
    {"RangeOffset", R"(
      opset 13
      input x float32[past, sequence]
      const zero int64[] 0
      const one int64[] 1
      s = Shape(x)
      p = Gather(s, zero)
      n = Gather(s, one)
      e = Add(p, n)
      y = Range(p, e, one)
      return y)",
     "int64[sequence]"},
    {"RangeStep", R"(
      opset 13
      const a int64[] 10
      const b int64[] 0
      const d int64[] -3
      y = Range(a, b, d)
      return y)",
     "int64[4]"},
    {"RangeFloat", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const one int64[] 1
      const a float32[] 0
      const d float32[] 1
      s = Shape(x)
      n = Gather(s, one)
      f = Cast(n) to=1
      y = Range(a, f, d)
      return y)",
     "float32[sequence]"},
    {"RangeFloatConstants", R"(
      opset 13
      const a float32[] 1
      const b float32[] 2
      const d float32[] 0.25
      y = Range(a, b, d)
      return y)",
     "float32[4]"},
    {"RangeFloatStep", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const one int64[] 1
      const a float32[] 0
      const d float32[] 0.5
      s = Shape(x)
      n = Gather(s, one)
      f = Cast(n) to=1
      y = Range(a, f, d)
      return y)",
     "!a float Range whose start and delta are not 0 and 1 needs constants"},
    {"RangeStepZero", R"(
      opset 13
      const a int64[] 0
      const b int64[] 5
      y = Range(a, b, a)
      return y)",
     "!the sign of delta is not known"},
};
INSTANTIATE_TEST_SUITE_P(Generators, ImportOps, testing::ValuesIn(kGenerators),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

// Reductions.
const ImportCase kReductions[] = {
    {"ReduceMeanAttribute", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = ReduceMean(x) axes=[-1]
      return y)",
     "float32[batch, sequence, 1]"},
    {"ReduceMeanInput", R"(
      opset 18
      input x float32[batch, sequence, 8]
      const a int64[2] 2 0
      y = ReduceMean(x, a) keepdims=0
      return y)",
     "float32[sequence]"},
    {"ReduceSumInputSince13", R"(
      opset 13
      input x float32[batch, sequence, 8]
      const a int64[1] 1
      y = ReduceSum(x, a)
      return y)",
     "float32[batch, 1, 8]"},
    {"ReduceAll", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = ReduceMax(x) keepdims=0
      return y)",
     "float32[]"},
    {"ReduceNoop", R"(
      opset 18
      input x float32[batch, sequence, 8]
      y = ReduceMin(x) noop_with_empty_axes=1
      return y)",
     "float32[batch, sequence, 8]"},
    {"ReduceBadAxis", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = ReduceMean(x) axes=[3]
      return y)",
     "!axis 3 of a tensor of rank 3"},
    {"ReduceL2OfIntegers", R"(
      opset 13
      input x int64[4]
      y = ReduceL2(x)
      return y)",
     "!L2 norm of int64 elements"},
    {"ArgMax", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = ArgMax(x) axis=-1 keepdims=0
      return y)",
     "int64[batch, sequence]"},
    {"CumSum", R"(
      opset 13
      input x int32[batch, sequence]
      const a int64[] 1
      y = CumSum(x, a)
      return y)",
     "int32[batch, sequence]"},
    {"CumSumOfBools", R"(
      opset 13
      input x bool[4]
      const a int64[] 0
      y = CumSum(x, a)
      return y)",
     "!running sum of bool elements"},
    {"CumSumAxisByData", R"(
      opset 13
      input x int32[batch, sequence]
      input a int64[2]
      y = CumSum(x, a)
      return y)",
     "!depends on the elements of input 'a'"},
};
INSTANTIATE_TEST_SUITE_P(Reductions, ImportOps, testing::ValuesIn(kReductions),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

// Products, convolutions, norms.
const ImportCase kProductsConvolutionsNorms[] = {
    {"MatMulBatches", R"(
      opset 13
      input x float32[batch, 4, s, 8]
      input y float32[4, 8, t]
      z = MatMul(x, y)
      return z)",
     "float32[batch, 4, s, t]"},
    {"MatMulVectors", R"(
      opset 13
      input x float32[8]
      input y float32[8]
      z = MatMul(x, y)
      return z)",
     "float32[]"},
    {"MatMulRow", R"(
      opset 13
      input x float32[8]
      input y float32[batch, 8, 3]
      z = MatMul(x, y)
      return z)",
     "float32[batch, 3]"},
    {"MatMulColumn", R"(
      opset 13
      input x float32[batch, 5, 8]
      input y float32[8]
      z = MatMul(x, y)
      return z)",
     "float32[batch, 5]"},
    {"MatMulMismatch", R"(
      opset 13
      input x float32[2, 8]
      input y float32[7, 3]
      z = MatMul(x, y)
      return z)",
     "!dims 8 and 7 must be equal for node 'the_matmul' (MatMul)"},
    {"MatMulScalar", R"(
      opset 13
      input x float32[]
      input y float32[7]
      z = MatMul(x, y)
      return z)",
     "!MatMul of a scalar"},
    {"Gemm", R"(
      opset 13
      input x float32[batch, 8]
      const w float32[3, 8] 0
      const c float32[3] 0
      y = Gemm(x, w, c) transB=1 alpha=0.5
      return y)",
     "float32[batch, 3]"},
    {"GemmCGrows", R"(
      opset 13
      input x float32[1, 8]
      const w float32[8, 3] 0
      const c float32[2, 3] 0
      y = Gemm(x, w, c)
      return y)",
     "!C float32[2, 3] does not broadcast to float32[1, 3]"},
    {"MatMulOfBools", R"(
      opset 13
      input x bool[4, 4]
      y = MatMul(x, x)
      return y)",
     "!matrix product of bool elements"},
    {"GemmRank", R"(
      opset 13
      input x float32[2, 2, 8]
      const w float32[8, 3] 0
      y = Gemm(x, w)
      return y)",
     "!Gemm of float32[2, 2, 8] and float32[8, 3]"},
    {"Softmax13", R"(
      opset 13
      input x float32[batch, sequence, 8]
      y = Softmax(x) axis=1
      return y)",
     "float32[batch, sequence, 8]"},
    {"LayerNormalization", R"(
      opset 17
      input x float32[batch, sequence, 8]
      const g float32[8] 1
      const b float32[8] 0
      y = LayerNormalization(x, g, b) epsilon=0.001
      return y)",
     "float32[batch, sequence, 8]"},
    {"LayerNormalizationMean", R"(
      opset 17
      input x float32[batch, sequence, 8]
      const g float32[8] 1
      y, m = LayerNormalization(x, g)
      return y, m)",
     "float32[batch, sequence, 8]\nfloat32[batch, sequence, 1]"},
    {"LayerNormalizationScale", R"(
      opset 17
      input x float32[batch, sequence, 8]
      const g float32[2, 1, 1, 1] 1
      y = LayerNormalization(x, g)
      return y)",
     "!float32[2, 1, 1, 1] does not broadcast to float32[batch, sequence, 8]"},
    {"LayerNormalizationOfIntegers", R"(
      opset 17
      input x int64[batch, 8]
      const g int64[8] 1
      y = LayerNormalization(x, g)
      return y)",
     "!normalization of int64 elements"},
    {"LayerNormalizationStash", R"(
      opset 17
      input x float32[batch, sequence, 8]
      const g float32[8] 1
      y = LayerNormalization(x, g) stash_type=10
      return y)",
     "!attribute 'stash_type' is 10, only 1 is supported"},
    {"RmsNormalization", R"(
      opset 23
      input x float32[batch, sequence, 8]
      const g float32[8] 1
      y = RMSNormalization(x, g)
      return y)",
     "float32[batch, sequence, 8]"},
    {"RmsNormalizationTooEarly", R"(
      opset 17
      input x float32[batch, sequence, 8]
      const g float32[8] 1
      y = RMSNormalization(x, g)
      return y)",
     "!nearest is RMSNormalization from opset 23 on"},
    {"ConvPatches", R"(
      opset 13
      input x float32[batch, 3, height, width]
      const w float32[16, 3, 8, 8] 0
      y = Conv(x, w) strides=[8, 8]
      return y)",
     "float32[batch, 16, height floordiv 8, width floordiv 8]"},
    {"ConvSameUpper", R"(
      opset 13
      input x float32[1, 1, 5, 5]
      const w float32[1, 1, 3, 3] 0
      y = Conv(x, w) strides=[2, 2] auto_pad="SAME_UPPER"
      return y)",
     "float32[1, 1, 3, 3]"},
    {"ConvSameUnknown", R"(
      opset 13
      input x float32[batch, 3, height, width]
      const w float32[1, 3, 3, 3] 0
      y = Conv(x, w) auto_pad="SAME_LOWER"
      return y)",
     "float32[batch, 1, height, width]"},
    {"ConvSameStride", R"(
      opset 13
      input x float32[batch, 3, height, width]
      const w float32[1, 3, 3, 3] 0
      y = Conv(x, w) strides=[2, 2] auto_pad="SAME_LOWER"
      return y)",
     "!auto_pad='SAME_LOWER' with a stride needs a fixed extent"},
    {"ConvGroups", R"(
      opset 13
      input x float32[batch, 4, n]
      const w float32[8, 2, 3] 0
      y = Conv(x, w) group=2 pads=[1, 1] dilations=[2]
      return y)",
     "float32[batch, 8, n - 2]"},
    {"ConvOfIntegers", R"(
      opset 13
      input x int64[batch, 4, n]
      const w int64[8, 4, 3] 0
      y = Conv(x, w)
      return y)",
     "!convolution of int64 elements"},
    {"ConvChannels", R"(
      opset 13
      input x float32[batch, 4, n]
      const w float32[8, 3, 3] 0
      y = Conv(x, w)
      return y)",
     "!dims 4 and 3 must be equal for node 'the_conv' (Conv)"},
    {"ConvKernelShape", R"(
      opset 13
      input x float32[batch, 4, n]
      const w float32[8, 4, 3] 0
      y = Conv(x, w) kernel_shape=[5]
      return y)",
     "!dims 3 and 5 must be equal for node 'the_conv' (Conv)"},
    {"GlobalAveragePool", R"(
      opset 13
      input x float32[batch, 3, height, width]
      y = GlobalAveragePool(x)
      return y)",
     "float32[batch, 3, 1, 1]"},
};
INSTANTIATE_TEST_SUITE_P(ProductsConvolutionsNorms, ImportOps,
                         testing::ValuesIn(kProductsConvolutionsNorms),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

/// Operands of ranks that no such operator has.
TEST(OperatorsOfManyNodes, RanksThatDoNotFit) {
  auto refuses = [](const char *model, const char *why) {
    Imported out = importText(model);
    EXPECT_NE(out.diagnostics.find(why), std::string::npos) << out.diagnostics;
  };
  refuses(R"(
      opset 24
      input q float32[batch, 2, s, 8]
      input n int64[]
      y = Attention(q, q, q, , , , n)
      return y)",
          "nonpad_kv_seqlen int64[] is not of one number a row");
  refuses(R"(
      opset 23
      input x float32[batch, 2, s, 8]
      input c float32[]
      input p int64[batch, s]
      y = RotaryEmbedding(x, c, c, p)
      return y)",
          "cos and sin are float32[] and float32[] where tables are wanted");
  refuses(R"(
      opset 23
      input x float32[batch, 2, s, 8]
      input c float32[batch, s, 4]
      input d float32[batch, s, 3]
      y = RotaryEmbedding(x, c, d)
      return y)",
          "dims 4 and 3 must be equal");
  refuses(R"(
      opset 17
      input q float32[batch, s, 16]
      input p float32[4]
      input n int32[batch]
      input t int32[1]
      y = GroupQueryAttention:com.microsoft(q, q, q, p, p, n, t) num_heads=2 kv_num_heads=2
      return y)",
          "past float32[4] has not 4 dims");
  refuses(R"(
      opset 17
      input q float32[batch, s, 16]
      input b float32[]
      y = MultiHeadAttention:com.microsoft(q, q, q, b) num_heads=2
      return y)",
          "bias float32[] is no vector");
  refuses(R"(
      opset 17
      input i int32[batch, s]
      input w float32[]
      input g float32[4]
      y = EmbedLayerNormalization:com.microsoft(i, , w, w, , g, g)
      return y)",
          "embedding float32[] is no table of rows");
}

/// Stored and passed as the model has them, computed in f32.
TEST(Halves, ComputeInF32) {
  Imported out = importText(R"(
      opset 17
      input x float16[batch, 2]
      const w float16[2, 200] 0.5
      const s bfloat16[1] 3
      half = Cast(x) to=10
      wide = Cast(half) to=1
      y = MatMul(wide, w)
      t = Cast(s) to=1
      z = Mul(y, t)
      return z float16, y)");
  EXPECT_EQ(out.results, "float16[batch, 200]\nfloat32[batch, 200]\n");
  auto count = [&](llvm::StringRef text) {
    return llvm::StringRef(out.ir).count(text);
  };
  EXPECT_EQ(count("tensor<2x200xf16> file"), 1u) << out.ir;
  EXPECT_EQ(count("dense<3.000000e+00> : tensor<1xbf16>"), 1u) << out.ir;
  EXPECT_EQ(count("tfm.cast"), 4u) << out.ir; // x, w, s and z
  EXPECT_EQ(count("tfm.matmul"), 1u) << out.ir;
}

TEST(Halves, ScalarsOfAttributes) {
  Imported out = importText(R"(
      opset 17
      input x float32[batch]
      const w float16[1] 0.5
      y = Mul(x, w)
      return y)");
  EXPECT_EQ(out.results, "float32[batch]\n") << out.diagnostics;
}

} // namespace
