#include "Quant.h"

#include <cmath>
#include <random>
#include <sstream>

namespace ingot::emulator {
namespace {

double f8(unsigned bits) {
  int e = bits >> 3 & 15, m = bits & 7;
  double x = (bits & 127) == 127 ? NAN
             : e                 ? std::ldexp(m + 8, e - 10)
                                 : std::ldexp(m, -9);
  return bits & 128 ? -x : x;
}

// What an element's bits mean.
double meaning(const std::string &weight, unsigned bits) {
  if (weight == "QuantF8")
    return f8(bits);
  if (weight == "QuantI8")
    return static_cast<int8_t>(bits);
  return weight == "QuantI4" && bits > 7 ? bits - 16.0 : bits;
}

// Elements [row][column] in panels of columns, or as they lie.
template <class T>
std::vector<T> inPanels(const std::vector<T> &rows, size_t columns,
                        size_t panel) {
  if (!panel)
    return rows;
  size_t count = rows.size() / columns;
  std::vector<T> result((columns + panel - 1) / panel * count * panel);
  for (size_t r = 0; r < count; ++r)
    for (size_t c = 0; c < columns; ++c)
      result[(c / panel * count + r) * panel + c % panel] =
          rows[r * columns + c];
  return result;
}

std::vector<uint8_t> bytesOf(const std::vector<unsigned> &numbers) {
  return {numbers.begin(), numbers.end()};
}

// Two of 4 bits a byte: neighbours, in panels two rows of a column.
std::vector<uint8_t> packed(const std::vector<unsigned> &numbers,
                            const QuantVariant &v, size_t columns) {
  size_t panel = size_t(v.panel), count = numbers.size();
  if (v.bits() == 8)
    return bytesOf(inPanels(numbers, columns, panel));
  std::vector<unsigned> pairs(panel ? (count / columns + 1) / 2 * columns
                                    : (count + 1) / 2);
  for (size_t i = 0; i < count; ++i) {
    size_t k = i / columns;
    pairs[panel ? k / 2 * columns + i % columns : i / 2] |=
        numbers[i] << (panel ? k % 2 : i % 2) * 4;
  }
  return bytesOf(inPanels(pairs, columns, panel));
}

} // namespace

unsigned QuantVariant::shared() const {
  if (isWhole)
    return unsigned(bytes);
  int step = 256 / bits(), depth = step * units,
      steps = ((k + step - 1) / step + wk * units - 1) / (wk * units),
      lanes = tiles * int(threads()), ofBlock = block < k ? block : 0,
      blocks = ofBlock && ofBlock < step ? step / ofBlock : 1,
      records = ofBlock == 0     ? 1
                : ofBlock < step ? units
                                 : std::max(depth / ofBlock, 1),
      scales = ofBlock ? 2 * blocks * (scale == "float" ? 4 : 2) : 0,
      stage = lanes * (16 * units + records * (scales + (zeros ? 4 : 0))) +
              wk * depth / 32 * rowTiles * 512,
      sums = wk * 8 * rowTiles * 16 * tiles * wn * 4;
  return unsigned(std::min((bytes - sums) / stage, steps + 2) * stage + sums);
}

std::string QuantVariant::stub(bool launchesNext) const {
  std::ostringstream s;
  s << "#include \"quantized.cuh\"\n#include \"quant_arrange.cuh\"\n"
    << "using Format = QuantFormat<" << weight << ", " << scale << ", " << zeros
    << ", " << k << ", " << block << ">;\n"
    << "using Config = QuantConfig<" << math << ", Format, " << tiles << ", "
    << units << ", " << rowTiles << ", " << wk << ", " << wn << ", " << bytes
    << ", " << wide << ">;\n"
    << "using Epilogue = LinearEpilogue<" << math << ", 1, " << activation
    << ", " << bias << ", " << residual
    << ">;\n"
    // What stubs of the compiler have, over the same.
    << "struct Body {\n  Epilogue epilogue;\n  using Loads = Epilogue::In;\n"
       "  DEV Loads load(const i64 *c) const {\n"
       "    return epilogue.load((int)c[0], (int)c[1]);\n  }\n"
       "  DEV float apply(const Loads &in, float x, const i64 *c) const {\n"
       "    float sums[1] = {x};\n"
       "    epilogue.apply((int)c[0], (int)c[1], in, sums);\n"
       "    return sums[0];\n  }\n};\n"
    << "KERNEL(" << threads() << ", 1) quant_test(const " << math
    << " *a, const u8 *w, const " << scale << " *scales, const u32 *zeros, "
    << "const " << math << " *bias, const " << math << " *residual, " << math
    << " *out, i64 lda, i64 ldr, int m, int n) {\n"
    << (launchesNext ? "  grid_launch_next();\n" : "")
    << (isWhole
            ? "  quantized<" + math + ", Format, " + std::to_string(columns) +
                  ", 2, " + std::to_string(tiles) + ", " +
                  std::to_string(units) + ", 128, " + std::to_string(bytes) +
                  ">(out, a, lda, w, scales, zeros, m, "
                  "Body{{out, n, bias, residual, ldr}});\n}\n"
            : "  linear_quant<Config>({a, lda, w, scales, zeros, m, n}, "
              "Epilogue{out, n, bias, residual, ldr});\n}\n")
    << "EXPORT_KERNEL(quant_test)\n"
    << "KERNEL(128, 1) arrange(u8 *w, " << scale << " *scales, u32 *zeros, "
    << "const u8 *q, const " << scale
    << " *scale, const u8 *zero, int n) {\n  grid_wait();\n"
       "  quant_arrange(w, scales, zeros, QuantSource<Format, "
    << panel
    << ">{q, scale, zero, n});\n}\n"
       "EXPORT_KERNEL(arrange)\n";
  return s.str();
}

std::string runQuant(const QuantVariant &v, Stub &stub, const QuantCase &c) {
  size_t n = size_t(c.n), k = size_t(v.k), blocks = size_t(v.blocks());
  std::mt19937 random(7);
  auto anyBits = [&] { return unsigned(random() >> (32 - v.bits())); };
  std::vector<unsigned> q(k * n), z(blocks * n);
  for (unsigned &x : q)
    do
      x = anyBits();
    while (v.weight == "QuantF8" && (x & 127) == 127);
  for (unsigned &x : z)
    x = anyBits();
  for (auto [element, bits] : c.weights)
    q[size_t(element)] = bits;
  Type scaleType = v.scale == "float"  ? Type::F32
                   : v.scale == "bf16" ? Type::Bf16
                                       : Type::F16;
  Matrix scale(scaleType, v.blocks(), c.n, c.n, 0, 3);
  std::vector<double> inOrder = inPanels(scale.values, n, size_t(v.panel));
  Matrix source(scaleType, 1, int(inOrder.size()), int(inOrder.size()), 0, 3);
  for (size_t i = 0; i < inOrder.size(); ++i)
    source.set(0, int(i), inOrder[i]);
  DeviceArray<uint8_t> qs(packed(q, v, n)),
      zs(v.zeros ? bytesOf(inPanels(z, n, size_t(v.panel)))
                 : std::vector<uint8_t>());

  // In its own order, of sizes that nobody may pass.
  size_t step = 256 / size_t(v.bits()), tiles = (n + 15) / 16,
         ofBlock = v.block < v.k ? size_t(v.block) : 0,
         perStep = ofBlock && ofBlock < step ? step / ofBlock : 1,
         steps = (k + step - 1) / step,
         records = !ofBlock         ? 1
                   : ofBlock < step ? steps
                                    : blocks,
         aWord = 16 / size_t(v.bits()) / perStep;
  DeviceArray<uint8_t> w(tiles * steps * 512);
  DeviceBytes scales(tiles * records * perStep * 16 * sizeOf(scaleType)),
      zeros(v.zeros ? tiles * ((records + aWord - 1) / aWord) * 32 : 0);
  cu::Result r = stub.launch("arrange", {3}, 128, 0, w, scales, zeros, qs,
                             source.address(), zs, c.n);
  if (r)
    return control("report") + "\nresult " + std::to_string(r);

  EarlyLaunches early;
  Matrix a(v.type(), c.m, v.k, v.k + c.pitch, c.offset, 1);
  for (auto [element, value] : c.rows)
    a.set(element / v.k, element % v.k, value);
  Matrix bias(v.type(), 1, c.n, c.n, 1, 3),
      residual(v.type(), c.m, c.n, c.n + 3, 5, 4),
      out(v.type(), c.m, c.n, c.n, 1, 5, /*filled=*/false),
      dense(Type::F32, c.n, v.k, v.k, 0, 2, /*filled=*/false);
  for (size_t i = 0; i < k; ++i)
    for (size_t j = 0; j < n; ++j) {
      size_t b = v.block ? i / size_t(v.block) : 0;
      dense.values[j * k + i] =
          (meaning(v.weight, q[i * n + j]) -
           (v.zeros ? meaning(v.weight, z[b * n + j]) : 0)) *
          scale.at(int(b), int(j));
    }
  control("stats reset"); // tests ask for those of the product
  auto i64 = [](int x) { return static_cast<long long>(x); };
  r = stub.launch("quant_test", {2}, v.threads(), v.shared(), a.address(), w,
                  scales, zeros, bias.address(), residual.address(),
                  out.address(), i64(a.pitch), i64(residual.pitch), c.m, c.n);
  if (r)
    return control("report") + "\nresult " + std::to_string(r);
  return judge(a, dense, v.bias ? &bias : nullptr,
               v.residual ? &residual : nullptr, out, v.activation, 0x1p-23);
}

} // namespace ingot::emulator
