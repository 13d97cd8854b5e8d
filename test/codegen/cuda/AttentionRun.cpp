#include "test/codegen/cuda/AttentionRun.h"

#include <cmath>
#include <sstream>

using namespace ingot::emulator;

namespace ingot::test {

int64_t AttentionVariant::keysATile() const {
  return isPlain() ? 16 : std::max(d, dv) > 128 ? 32 : 64;
}

ElementType AttentionVariant::type() const {
  return math == "bf16"  ? ElementType::BF16
         : math == "f16" ? ElementType::F16
                         : ElementType::F32;
}

unsigned AttentionVariant::shared() const {
  if (isHopper)
    return hopperShared();
  int64_t bn = keysATile();
  if (isPlain()) {
    int64_t dp = llvm::alignTo(d, 16), vp = llvm::alignTo(dv, 32);
    return static_cast<unsigned>((rows() + bn) * (dp + 4) + bn * vp +
                                 rows() * (bn + 4)) *
           4;
  }
  int64_t size = math == "tf32" ? 4 : 2, slab = 128 / size;
  int64_t values = size == 4 ? bn * (int64_t(llvm::alignTo(dv, 16)) + 4) * 4
                             : llvm::divideCeil(dv, slab) * bn * 128;
  int64_t bytes = llvm::divideCeil(d, slab) * (rows() + bn) * 128 + values;
  return static_cast<unsigned>(llvm::alignTo(bytes, 1024));
}

static int64_t hopperColumns(int64_t dv) {
  for (int64_t columns : {64, 96, 128, 192})
    if (dv <= columns)
      return columns;
  return 256;
}

int64_t AttentionVariant::hopperKeys() const {
  int64_t widest = std::max(d, hopperColumns(dv));
  return widest <= 128 ? 128 : widest <= 192 ? 96 : 64;
}

unsigned AttentionVariant::hopperShared() const {
  int64_t panels = llvm::divideCeil(d, 64),
          valuePanels = llvm::divideCeil(hopperColumns(dv), 64),
          stages = panels + valuePanels == 2 ? 4 : 2;
  int64_t queries = 128 * 128 * panels + 16,
          tiles = stages *
                      ((128 * (panels + valuePanels) + 8) * hopperKeys() + 48) +
                  16;
  return static_cast<unsigned>(
      tiles + queries * (tiles + 2 * queries <= 227 * 1024 ? 2 : 1));
}

/// What a Body is made of, see kernels/attention.cuh.
std::string AttentionVariant::score() const {
  bool ofHead = bias == Bias::KeyAndHead,
       ofKey = bias == Bias::Key || bias == Bias::WideKey || ofHead,
       ofPair = bias == Bias::Pair;
  auto flag = [](bool is) { return is ? "true" : "false"; };
  std::ostringstream s;
  s << "  struct Keys { " << (ofKey ? "float bias; " : "")
    << (bias == Bias::WideKey ? "i64 more; " : "")
    << "};\n"
       "  static constexpr int KEYS = "
    << ofKey << ";\n  DEV Keys keys(const i64 *c) const { return {"
    << (ofHead  ? "bias[c[3]] * (1 + c[0] % 2)"
        : ofKey ? "bias[c[3]]"
                : "")
    << "}; }\n"
    << "  struct Rows { i64 last; float slope; };\n"
       "  DEV Rows rows(const i64 *c) const { return {c[2] + length - "
       "queries, 1.f / (1 + c[1])}; }\n"
       "  struct Loads { "
    << (ofPair ? "float bias; " : "")
    << "};\n"
       "  DEV Loads load(const Keys &, const Rows &, const i64 *c) const { "
       "return {"
    // Queries past the end would read outside.
    << (ofPair ? "bias[c[2] < queries ? c[3] : length]" : "")
    << "}; }\n"
       "  template <bool KEPT> DEV float apply(const Keys &key, const Rows "
       "&row, const Loads &in, "
    << (bias == Bias::None ? "float" : "Scaled")
    << " x, const i64 *c) const {\n";
  if (causal)
    s << "    if (!KEPT && c[3] > row.last)\n      return bits_f32("
      << (mean ? "0xff7fffff" : "0xff800000") << ");\n";
  s << (ofHead
            ? "    return F32::add(x, key.bias * row.slope * (1 + c[1] % 2));\n"
        : ofKey  ? "    return F32::add(x, key.bias);\n"
        : ofPair ? "    return F32::add(x, in.bias);\n"
                 : "    return x;\n")
    << "  }\n"
       "  DEV bool keeps(const i64 *first, const i64 *last) const { return "
    << (causal ? "last[3] <= first[2] + length - queries" : "true")
    << "; }\n"
       "  static constexpr bool READS = "
    << flag(ofPair) << ", SELECTS = " << flag(bias == Bias::None)
    << ", PACKS = " << flag(packs()) << ";\n";
  return s.str();
}

std::string AttentionVariant::stub() const {
  auto head = [&](const char *stride, int64_t width) {
    return byHeads ? stride : std::to_string(width);
  };
  std::ostringstream s;
  s << "#include \"" << (isHopper ? "attention90" : "attention_mma")
    << ".cuh\"\n"
       "struct Body {\n  const float *bias;\n  i64 queries, length;\n"
    << score() << "};\n"
    << "KERNEL(" << threads() << ", 1) attention_test(float *out, const "
    << element() << " *q, const " << element() << " *k, const " << element()
    << " *v, const float *bias, i64 batch, i64 heads, i64 queries, i64 keys, "
       "i64 qb, i64 qr, i64 qh, i64 kb, i64 kr, i64 kh, i64 vb, i64 vr, i64 "
       "vh, float *partials, "
       "u32 *counters, i64 parts, const int *table, i64 cached, KernelStatus "
       "*status"
    << (isHopper ? ", GRID_CONST TensorMap mq, GRID_CONST TensorMap mk, "
                   "GRID_CONST TensorMap mv"
                 : "")
    << ") {\n"
    << (page ? "  AttentionPages<int> pages{table, keys / " +
                   std::to_string(page) + ", " + std::to_string(page) +
                   ", cached, status, 0};\n"
             : "")
    << "  AttentionShape shape{batch, heads, queries, "
    << (page ? "pages.keys(), " : "keys, ") << group
    << (causal ? ", keys - queries + 1" : ", keys") << ", {qb, qr, "
    << head("qh", d) << "}, {kb, kr, " << head("kh", d) << "}, {vb, vr, "
    << head("vh", dv) << "}, 0.25f" << (mean ? ", true" : "") << "};\n  "
    << (isPlain()  ? "attention<"
        : isHopper ? "attention90<"
                   : "attention_mma<");
  if (!isPlain())
    s << math << ", ";
  s << d << ", " << dv << ", ";
  if (isPlain())
    s << rows() << ", ";
  if (!isHopper)
    s << keysATile() << ", ";
  s << (zeroEmpty ? "true" : "false")
    << ">(out, q, k, v, shape, Body{bias, queries, keys}";
  if (isHopper)
    s << ", {&mq, &mk, &mv}";
  if (parts)
    s << ", Splits{partials, counters, parts}";
  else if (page)
    s << ", NoSplits()";
  if (page)
    s << ", pages";
  s << ");\n}\n"
       "EXPORT_KERNEL(attention_test)\n";
  return s.str();
}

static std::unique_ptr<DeviceBytes> upload(const Tensor &tensor) {
  auto memory = std::make_unique<DeviceBytes>(tensor.bytes().size());
  if (!tensor.bytes().empty()) {
    EXPECT_EQ(driverTable().copyToDevice(memory->pointer, tensor.bytes().data(),
                                         tensor.bytes().size()),
              cu::success);
  }
  return memory;
}

namespace {
/// q, k or v: heads of rows of a batch row or page. Strides are in elements.
struct Operand {
  int64_t rows, heads, width, pad;
  bool byHeads;

  int64_t row() const { return (byHeads ? 1 : heads) * width + pad; }
  int64_t head() const { return byHeads ? rows * row() : width; }
  int64_t all() const { return (byHeads ? heads : 1) * rows * row(); }
  int64_t at(int64_t outer, int64_t i, int64_t h) const {
    return outer * all() + i * row() + h * head();
  }
  /// Of `count` batch rows or pages.
  cu::TensorMap map(const DeviceBytes &data, int64_t count, int64_t boxRows,
                    cu::TensorMapType type) const {
    if (width * rows * heads * count == 0 || pad % 8)
      return {};
    auto n = [](int64_t x) { return static_cast<uint64_t>(x); };
    MapShape shape{n(width), n(rows), n(row()), static_cast<unsigned>(boxRows)};
    shape.outer = {{n(heads), n(head())}, {n(count), n(all())}};
    shape.type = type;
    return makeMap(data.pointer, shape);
  }
};
} // namespace

std::string runAttention(const AttentionVariant &v, Stub &stub,
                         const AttentionSizes &s) {
  int64_t g = s.heads / v.group, rowsOf = v.page ? v.page : s.keys;
  const Operand qs{s.queries, s.heads, v.d, s.pad, v.byHeads},
      ks{rowsOf, g, v.d, s.pad, v.byHeads},
      vs{rowsOf, g, v.dv, s.pad, v.byHeads};
  int64_t cached = v.page ? s.batch * s.keys / v.page + 1 : s.batch;
  Tensor q = noise(s.batch * qs.all(), 1, 1, v.type()),
         k = noise(cached * ks.all(), 2, 1, v.type()),
         w = noise(cached * vs.all(), 3, 1, v.type()),
         bias = noise(s.keys, 4, 3);
  std::optional<EarlyLaunches> early;
  if (v.isHopper)
    early.emplace();
  // Backwards, every other one counted from the end; nobody has page 0.
  std::vector<int> table;
  for (int64_t i = 0; v.page && i < cached - 1; ++i)
    table.push_back(static_cast<int>(cached - 1 - i - (i % 2 ? cached : 0)));
  for (auto [cache, of] : {std::pair(&k, &ks), {&w, &vs}})
    for (int64_t i = 0; v.page && i < of->all(); ++i)
      cache->setNumber(i, NAN);
  auto keyAt = [&](const Operand &of, int64_t b, int64_t j, int64_t h) {
    if (!v.page)
      return of.at(b, j, h);
    int64_t number = table[(b * s.keys + j) / v.page];
    return of.at(number < 0 ? number + cached : number, j % v.page, h);
  };
  DeviceArray<int> dt(table);
  DeviceArray<int64_t> status(std::vector<int64_t>(4, 0));
  auto dq = upload(q), dk = upload(k), dw = upload(w), db = upload(bias);
  DeviceArray<float> out(
      static_cast<size_t>(s.batch * s.queries * s.heads * v.dv));
  int64_t rows = s.batch * s.heads * s.queries;
  DeviceArray<float> partials(
      static_cast<size_t>(v.parts > 1 ? v.parts * rows * (v.dv + 2) : 0));
  DeviceArray<uint32_t> counters(std::vector<uint32_t>(
      s.batch * s.heads * llvm::divideCeil(s.queries, v.rows())));
  auto n = [](int64_t x) { return static_cast<long long>(x); };
  auto launch = [&](const auto &...maps) {
    return stub.launch("attention_test", {3}, v.threads(), v.shared(), out, *dq,
                       *dk, *dw, *db, n(s.batch), n(s.heads), n(s.queries),
                       n(s.keys), n(qs.all()), n(qs.row()), n(qs.head()),
                       n(ks.all()), n(ks.row()), n(ks.head()), n(vs.all()),
                       n(vs.row()), n(vs.head()), partials, counters,
                       n(v.parts), dt, n(cached), status, maps...);
  };
  cu::TensorMapType type =
      v.math == "f16" ? cu::tensorMapF16 : cu::tensorMapBf16;
  int64_t box = v.page ? std::min(v.page, v.hopperKeys()) : v.hopperKeys();
  cu::Result result = v.isHopper ? launch(qs.map(*dq, s.batch, 64, type),
                                          ks.map(*dk, cached, box, type),
                                          vs.map(*dw, cached, box, type))
                                 : launch();
  if (result)
    return control("report") + "\nresult " + std::to_string(result);
  std::vector<float> got(out.bytes / 4);
  if (out.bytes && driverTable().copyToHost(got.data(), out.pointer, out.bytes))
    return control("report");
  for (uint32_t counter : counters.get())
    if (counter)
      return "counters are not back at zero";
  // Half a unit of the type in p, the same in tf32's reading of the rest.
  double tolerance = v.isPlain() ? 3e-6 : v.math == "bf16" ? 6e-3 : 1.5e-3;
  for (int64_t b = 0; b < s.batch; ++b)
    for (int64_t i = 0; i < s.queries; ++i)
      for (int64_t h = 0; h < s.heads; ++h) {
        int64_t query = qs.at(b, i, h);
        std::vector<double> p(s.keys);
        double largest = -INFINITY, sum = 0;
        for (int64_t j = 0; j < s.keys; ++j) {
          int64_t key = keyAt(ks, b, j, h / v.group);
          double dot = 0;
          for (int64_t e = 0; e < v.d; ++e)
            dot += q.number(query + e) * k.number(key + e);
          p[j] = v.causal && j > i + s.keys - s.queries
                     ? (v.mean ? -3.4028234663852886e38 : -INFINITY)
                 : v.bias == Bias::None
                     ? dot * 0.25
                     : dot * 0.25 +
                           bias.number(j) *
                               (v.bias == Bias::KeyAndHead
                                    ? (1.0 + b % 2) * (1.0 + h % 2) / (1.0 + h)
                                    : 1.0);
          largest = std::max(largest, p[j]);
        }
        bool isZero = s.keys == 0 || (largest == -INFINITY && v.zeroEmpty);
        for (double &x : p)
          sum += x = std::exp(x - largest);
        std::vector<double> all(v.dv);
        for (int64_t j = 0; j < s.keys && !isZero; ++j) {
          int64_t value = keyAt(vs, b, j, h / v.group);
          for (int64_t e = 0; e < v.dv; ++e)
            all[e] += p[j] / sum * w.number(value + e);
        }
        for (int64_t e = 0; e < v.dv; ++e) {
          double want = all[e];
          double x = got[((b * s.queries + i) * s.heads + h) * v.dv + e];
          bool equal = std::isnan(want) ? std::isnan(x)
                                        : std::fabs(x - want) <= tolerance;
          if (!equal) {
            std::ostringstream text;
            text << "batch " << b << " query " << i << " head " << h
                 << " element " << e << " is " << x << ", expected " << want;
            return text.str();
          }
        }
      }
  return "";
}

} // namespace ingot::test
