// Each edit of the attention kernels must be found, by the emulator or by a
// wrong number.
#include "test/codegen/cuda/AttentionRun.h"
#include "test/kernels/Mutant.h"

namespace ingot::test {
namespace {

using namespace ingot::emulator;

struct Edit {
  const char *name, *from, *to;
  const char *math; ///< of the variant that shows it
  bool zeroEmpty = false;
  int64_t parts = 0;
  const char *header = nullptr; ///< the variant's
  Bias bias = Bias::Pair;
  int64_t page = 0;
};

constexpr const char *kPlain = "attention.cuh", *kMma = "attention_mma.cuh",
                     *kPages = "attention_pages.cuh", *kSplits = "splits.cuh";

const Edit kEdits[] = {
    // wait
    {"NoWaitForKeys", "scores are computed.\n      copy_wait<0>();",
     "scores are computed.", "float"},
    {"NoWaitForValues", "values are added up.\n      copy_wait<0>();",
     "values are added up.", "float"},
    {"MmaNoWaitForKeys", "done with the last values.\n      copy_wait<0>();",
     "done with the last values.", "bf16"},
    {"MmaNoWaitForValues", "done with these keys.\n      copy_wait<0>();",
     "done with these keys.", "bf16"},
    {"NoCommitOfKeys", "k0 + BN, keys);\n      copy_commit();",
     "k0 + BN, keys);", "float"},
    {"MmaNoCommitOfValues", "fetch_values(k0);\n      copy_commit();",
     "fetch_values(k0);", "bf16"},
    // barrier
    {"NoBarrierAfterKeys",
     "scores are computed.\n      copy_wait<0>();\n      barrier();",
     "scores are computed.\n      copy_wait<0>();", "float"},
    {"NoBarrierAfterValues",
     "values are added up.\n      copy_wait<0>();\n      barrier();",
     "values are added up.\n      copy_wait<0>();", "float"},
    {"MmaNoBarrierAfterKeys",
     "done with the last values.\n      copy_wait<0>();\n      barrier();",
     "done with the last values.\n      copy_wait<0>();", "bf16"},
    {"MmaNoBarrierAfterValues",
     "done with these keys.\n      copy_wait<0>();\n      barrier();",
     "done with these keys.\n      copy_wait<0>();", "bf16"},
    // bytes
    {"CopiesHalf", "source, inside ? 16 : 0", "source, inside ? 8 : 0",
     "float"},
    {"MmaCopiesHalf", "inside ? valid : 0);\n  }\n}\n\n// The same",
     "inside ? valid / 2 : 0);\n  }\n}\n\n// The same", "bf16"},
    {"MmaValidInElements", "(D - column) * (int)sizeof(E), 0)",
     "(D - column), 0)", "bf16"},
    // swizzle and layout
    {"MmaNoSwizzle",
     "swizzle128(row, byte % 128 / 16) +\n            byte % 16",
     "row * 128 + byte % 128", "bf16"},
    {"MmaWrongHalfOfK", "step * 2 + l / 16)", "step * 2 + 1 - l / 16)", "bf16"},
    {"MmaWrongRowsOfWeights", "pack2<Math>(w[2], w[3])",
     "pack2<Math>(x[2], x[3])", "bf16"},
    {"MmaValuesOfOtherKeys", "w[i / 2 + i % 2 * 2]", "w[i]", "tf32"},
    {"MmaValuesNotTransposed", "load_matrix4_t(", "load_matrix4(", "bf16"},
    {"MmaPitch", "(j * 8 + l % 4 * 2) * T::PITCH",
     "(j * 8 + l % 4 * 2) * (T::PITCH - 4)", "tf32"},
    // stage: keys and values that are being replaced
    {"NextKeysTooEarly", "                k0, keys);\n      copy_commit();",
     "                k0, keys);\n      copy_commit();\n      if (k0 + BN < "
     "keys)\n        attention_tile<WIDE, D, DP, BN, THREADS>(shared.k, "
     "keys_at, key_rows, k0 + BN, keys);",
     "float"},
    {"SameKeysAgain", "k0 + BN, keys);\n      copy_commit();",
     "k0, keys);\n      copy_commit();", "float"},
    {"MmaNextKeysTooEarly", "fetch_values(k0);\n",
     "fetch_values(k0);\n      if (k0 + BN < keys) fetch_keys(k0 + BN);\n",
     "bf16"},
    {"MmaSameKeysAgain", "fetch_keys(k0 + BN);", "fetch_keys(k0);", "bf16"},
    // guard
    {"NoGuardOfRows", "first + row < rows && column < D", "column < D",
     "float"},
    {"NoGuardOfScores", "visit(j, c, query < queries && c[3] < keys)",
     "visit(j, c, true)", "float"},
    {"NoGuardOfTheResult", "if (query >= queries)",
     "if (query >= queries + BM)", "float"},
    {"MmaNoGuardOfRows", "first + row < rows && valid > 0;\n    // Even",
     "valid > 0;\n    // Even", "bf16"},
    {"NoGuardOfKeys", "c[3] < keys ? body.keys(c) : typename Body::Keys{};",
     "body.keys(c);", "float", false, 0, nullptr, Bias::Key},
    {"MmaNoGuardOfScores", "KEPT || (q < queries && (u32)k < keys)", "true",
     "bf16"},
    {"MmaNoGuardOfKeys", "c[3] < keys ? body.keys(c) : typename Body::Keys{};",
     "body.keys(c);", "bf16", false, 0, nullptr, Bias::Key},
    {"MmaKeptByTheFirstKey", "k0 + BN - 1};", "k0};", "bf16"},
    {"MmaKeptPastTheQueries", "(!Body::READS || last[2] < shape.queries)",
     "true", "bf16"},
    {"MmaKeptByLaterRows", "q0 = heads.query(first)",
     "q0 = heads.query(first + 15)", "bf16"},
    {"MmaNoGuardOfColumns", "if (column < DV)\n        store",
     "if (true)\n        store", "bf16"},
    // mask and empty rows
    {"EndsTooEarly", "heads.query(at.row0 + BM - 1)", "heads.query(at.row0)",
     "float"},
    {"MmaEndsTooEarly", "heads.query(at.row0 + BM - 1)", "heads.query(at.row0)",
     "bf16"},
    {"ShiftsByInfinity", "most == -infinity ? 0 : most;\n        float",
     "most;\n        float", "float", true},
    {"EmptyRowsDivideByZero", "ZERO_EMPTY || keys == 0", "keys == 0", "float",
     true},
    {"MmaShiftsByInfinity", "most == -infinity ? 0 : most", "most", "bf16",
     true},
    {"MmaEmptyRowsDivideByZero", "ZERO_EMPTY || keys == 0", "keys == 0", "bf16",
     true},
    // rescale
    {"SumNotRescaled", "sum[i] *= decay;", "", "float"},
    {"ResultNotRescaled", "acc[i][j][e] *= decay", "acc[i][j][e] *= 1",
     "float"},
    {"MaximumOfPart", "int d = 8; d > 0; d /= 2) most",
     "int d = 4; d > 0; d /= 2) most", "float"},
    {"SumOfPart", "int d = 8; d > 0; d /= 2) total",
     "int d = 4; d > 0; d /= 2) total", "float"},
    {"MmaSumNotRescaled", "sum *= decay;", "", "bf16"},
    {"MmaResultNotRescaled", "o[0][j][r * 2 + e] *= decay",
     "o[0][j][r * 2 + e] *= 1", "bf16"},
    {"MmaMaximumNotShared", "most = row_max4(most);", "", "bf16"},
    {"MmaNoScale", "Body::SELECTS ? 1 : shape.scale", "1", "bf16"},
    {"MmaNoUnit", "Body::SELECTS ? shape.scale : 1;", "1;", "bf16", false, 0,
     nullptr, Bias::None},
    {"MmaTermsOfTheOtherRow", "[i % 2], rows.terms[i / 2],\n",
     "[i % 2], rows.terms[1 - i / 2],\n", "bf16"},
    {"MmaTermsOfTheOtherKey", "apply<KEPT>(terms[j][i % 2]",
     "apply<KEPT>(terms[j][1 - i % 2]", "bf16", false, 0, nullptr, Bias::Key},
    // parts of the keys
    {"PartsOverlap", "min_(split * each, end)",
     "min_(split * (each - BN), end)", "float", false, 3},
    {"PartsEndTooEarly", "min_(first + each, end)", "min_(first + BN, end)",
     "float", false, 3},
    {"PartNotRescaled", "part[j].x[v] * decay", "part[j].x[v]", "float", false,
     3},
    {"SumOfPartNotRescaled", "weight[j] * decay", "weight[j]", "float", false,
     3},
    {"PartsShiftByInfinity", "most == -infinity ? 0 : most;\n    UNROLL1",
     "most;\n    UNROLL1", "float", true, 3},
    {"EmptyPartsDivideByZero", "ZERO_EMPTY || shape.keys == 0",
     "shape.keys == 0", "float", true, 3},
    {"LosesAPart", "if (s + j < count) {", "if (s + j + 1 < count) {", "float",
     false, 3},
    {"LastPartAgain", "if (s + j < count) {", "if (true) {", "float", false, 3},
    {"PartOfAnother", "min_(s, count - 1) * all", "min_(s, 1) * all", "float",
     false, 3},
    {"WeightsAmongSums", "splits.count * rows * DV + row * 2",
     "rows * DV + row * 2", "float", false, 3},
    {"HeadsOfOneQuery", "(u32)row / count", "(u32)row / 1", "float", false, 3},
    {"QueriesOfOneHead", "(u32)row % count", "(u32)row % 1", "float", false, 3},
    {"StrideOfHeads", "heads.head(row) * stride.head", "heads.head(row)",
     "float", false, 3},
    {"RowsOfOneHead", "rows *= heads.count;", "", "float", false, 3},
    {"TasksOfOneHead", "(pair - b * groups) * heads.count", "pair - b * groups",
     "float", false, 3},
    {"MmaHeadOfTheOtherRow", "rows.head(i / 2)", "rows.head(0)", "bf16", false,
     0, nullptr, Bias::KeyAndHead},
    {"MmaRowsEightFurther", "heads.head(row + r * 8)", "heads.head(row)",
     "bf16"},
    {"PartsInOnePlace", "query, done.split)", "query, 0)", "float", false, 3},
    {"LargestOfNoPart", "to.weights[0] = largest[i];", "to.weights[0] = 0;",
     "float", false, 3},
    {"NoWaitForQueries", "copy_wait<0>(); // also where", "// also where",
     "float", false, 3},
    {"TasksCountTogether", "splits.counters + done.task", "splits.counters",
     "float", false, 3},
    {"RowsPastTheTask",
     "(int)min_(shape.queries * heads.count - at.row0, (i64)BM)", "BM", "float",
     false, 3},
    {"MmaStartsWithTheFirstKey", "i64 k0 = begin; k0", "i64 k0 = 0; k0", "bf16",
     false, 3},
    {"MmaFetchesTheFirstKeys", "fetch_keys(begin);", "fetch_keys(0);", "bf16",
     false, 3},
    {"MmaPartsInOnePlace", "query, at.split)", "query, 0)", "bf16", false, 3},
    {"MmaNoGuardOfPartColumns", "if (column < DV)\n        *",
     "if (true)\n        *", "bf16", false, 3},
    {"MmaLargestOfNoPart", "to.weights[0] = largest;", "to.weights[0] = 0;",
     "bf16", false, 3},
    {"MmaPartNotRescaled", "part[j].x[v] * decay", "part[j].x[v]", "bf16",
     false, 3, kPlain},
    {"NoBarrierBeforeCounting", "meet(); // everybody's part", "// part",
     "bf16", false, 3, kSplits},
    {"NoBarrierAfterCounting", "  }\n  meet();\n  bool is_last",
     "  }\n  bool is_last", "bf16", false, 3, kSplits},
    {"NoBarrierAfterReading", "meet(); // everybody has", "// everybody has",
     "float", false, 3, kSplits},
    {"RelaxedCounter", "*last = atomic_add_acq_rel(counter, 1)",
     "*last = atomic_add(counter, 1u)", "bf16", false, 3, kSplits},
    {"CounterStays", "if (*last)\n      *counter = 0;", "", "bf16", false, 3,
     kSplits},
    // pages
    {"PagesOfTheFirstRow", "table[b * count + place]", "table[place]", "float",
     false, 0, kPages, Bias::Pair, 10},
    {"AllInTheFirstPage", "table[b * count + place]", "table[b * count]",
     "bf16", false, 0, kPages, Bias::Pair, 10},
    {"PagesNotChecked", "check_index(entry, cached, status, step)", "entry",
     "bf16", false, 0, kPages, Bias::Pair, 10},
    {"RowsPastThePage", "((u32)row - place * length)", "(u32)row", "tf32",
     false, 0, kPages, Bias::Pair, 10},
    {"PagesOfARow", "at.strides[0]", "at.strides[1]", "float", false, 0, kPages,
     Bias::Pair, 10},
    {"RowsOfAPage", "at.strides[1]", "at.strides[2]", "bf16", false, 0, kPages,
     Bias::Pair, 10},
    {"KeysStartByTheRow", "P::start(b, shape.k_strides)",
     "b * shape.k_strides[0]", "float", false, 0, kPlain, Bias::Pair, 10},
    {"ValuesStartByTheRow", "P::start(b, shape.v_strides)",
     "b * shape.v_strides[0]", "bf16", false, 0, kPlain, Bias::Pair, 10},
};

void PrintTo(const Edit &e, std::ostream *out) { *out << e.name; }

class AttentionMutationTest : public MutantTest,
                              public testing::WithParamInterface<Edit> {};

const char *headerOf(const Edit &edit) {
  if (edit.header)
    return edit.header;
  return edit.math == std::string("float") ? kPlain : kMma;
}

TEST_P(AttentionMutationTest, IsFound) {
  const Edit &edit = GetParam();
  ASSERT_NO_FATAL_FAILURE(this->edit(headerOf(edit), edit.from, edit.to));
  AttentionVariant v;
  v.math = edit.math;
  v.d = 40, v.dv = 24, v.causal = true, v.zeroEmpty = edit.zeroEmpty;
  v.parts = edit.parts, v.bias = edit.bias, v.group = 3, v.page = edit.page;
  Stub stub(v.stub());
  std::string found;
  for (const char *mode :
       {"mode late", "mode early", "mode random 1", "mode random 2"})
    for (AttentionSizes s :
         {AttentionSizes{1, 3, 64, 150}, AttentionSizes{1, 6, 40, 20},
          AttentionSizes{1, 3, 150, 90}}) {
      if (!found.empty())
        break;
      if (v.page)
        s.batch = 2, s.keys = llvm::alignTo(s.keys, v.page);
      control("reset; " + std::string(mode));
      found = runAttention(v, stub, s);
      control("revive");
    }
  EXPECT_NE(found, "") << "not found";
  printf("%s\n", found.c_str());
}

INSTANTIATE_EDITS(AttentionMutationTest, kEdits);

} // namespace
} // namespace ingot::test
