#include "test/codegen/cuda/PlanReference.h"

#include "test/codegen/cuda/ArrangedWeight.h"

#include "ir/reference/MlirTensor.h"
#include "ir/reference/ScalarRegion.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace ingot::reference;
using llvm::ArrayRef;

namespace ingot::test {

namespace {
class Run {
public:
  Run(plan::KernelOp kernel, ArrayRef<Tensor> inputs, ArrayRef<int64_t> scalars,
      unsigned *noValue)
      : kernel(kernel), inputs(inputs), scalars(scalars), noValue(noValue) {
    for (Region &body : kernel.getBodies())
      regions.push_back(regionOf(body.front()));
  }

  std::vector<Tensor> outputs;
  void run();

private:
  ScalarRegion regionOf(Block &block) {
    size_t first =
        block.getNumArguments() - inputs.size() - kernel.getNumScalars();
    auto lookup = [&](Value value) {
      return &inputs[cast<BlockArgument>(value).getArgNumber() - first];
    };
    Result<ScalarRegion> region = ScalarRegion::make(block, lookup, symbols);
    EXPECT_TRUE(!!region) << region.message();
    return *region;
  }
  int64_t number(int64_t code) { return code >= 0 ? code : scalars[-1 - code]; }
  int64_t extent(StringRef name) { return number(kernel.param(name)); }
  Shape extents(StringRef name) {
    Shape shape;
    for (int64_t code : kernel.paramArray(name))
      shape.push_back(number(code));
    return shape;
  }
  /// Region `i`: `first`, if any, then the coordinates, then the rest.
  Scalar evaluate(unsigned i, std::optional<Scalar> first,
                  ArrayRef<int64_t> coordinates) {
    ScalarRegion &region = regions[i];
    SmallVector<Scalar> arguments;
    if (first)
      arguments.push_back(*first);
    for (int64_t c : coordinates)
      arguments.push_back(Scalar::ofInteger(ElementType::I64, c));
    for (size_t i = 0; i < inputs.size(); ++i) // loads know their tensors
      arguments.push_back(Scalar{region.argumentTypes()[arguments.size()]});
    for (int64_t s : scalars)
      arguments.push_back(Scalar::ofInteger(ElementType::I64, s));
    Result<Scalar> value = region.run(arguments);
    if (!value) {
      if (noValue)
        ++*noValue;
      else
        ADD_FAILURE() << value.message();
      return Scalar{region.yieldedType()};
    }
    return *value;
  }
  Scalar finish(Scalar value, ArrayRef<int64_t> coordinates) {
    return regions.size() > 1 ? evaluate(1, value, coordinates) : value;
  }
  Scalar number(double value) {
    return Scalar::ofFloat(regions[0].yieldedType(), value);
  }

  void map();
  void reduce();
  Scalar reduced(ArrayRef<Scalar> values);
  void scan();
  void rows(const Shape &shape, ArrayRef<double> products);
  std::vector<double> products();
  void linear();
  void attention();

  plan::KernelOp kernel;
  ArrayRef<Tensor> inputs;
  ArrayRef<int64_t> scalars;
  unsigned *noValue;
  SymbolValues symbols;
  std::vector<ScalarRegion> regions;
};

/// visit(coordinates, position) in row-major order.
template <typename Visit>
void each(const Shape &shape, Visit visit) {
  for (Walk walk(shape, {}); !walk.done(); walk.next())
    visit(SmallVector<int64_t>(walk.index().begin(), walk.index().end()),
          walk.position());
}

void Run::map() {
  each(extents("extents"), [&](ArrayRef<int64_t> c, int64_t at) {
    outputs[0].set(at, castScalar(evaluate(0, {}, c), outputs[0].type()));
  });
}

/// Positions of argmax and argmin count in i64; all else keeps the type.
Scalar Run::reduced(ArrayRef<Scalar> values) {
  StringRef kind = kernel.paramText("kind");
  ElementType type = regions[0].yieldedType();
  auto better = [&](const Scalar &a, const Scalar &b, bool largest) {
    bool aNaN = a.number != a.number, bNaN = b.number != b.number;
    if (aNaN || bNaN)
      return aNaN && !bNaN;
    if (isFloat(type))
      return largest ? a.number > b.number : a.number < b.number;
    return largest ? a.integer > b.integer : a.integer < b.integer;
  };
  if (kind.starts_with("arg")) {
    bool largest = kind == "argmax";
    int64_t best = -1;
    for (auto [r, value] : llvm::enumerate(values))
      if (best < 0 || better(value, values[best], largest) ||
          (kernel.paramFlag("last") && !better(values[best], value, largest)))
        best = static_cast<int64_t>(r);
    return Scalar::ofInteger(ElementType::I64, best);
  }
  if (kind == "max" || kind == "min") {
    bool largest = kind == "max";
    ElementType memory = regions.size() > 1 ? type : outputs[0].type();
    double infinity = largest ? -INFINITY : INFINITY;
    Scalar best =
        isFloat(type)
            ? Scalar::ofFloat(type, infinity)
            : castScalar(Scalar::ofFloat(ElementType::F64,
                                         largest ? smallestInteger(memory)
                                                 : largestInteger(memory)),
                         type);
    for (const Scalar &value : values)
      if (better(value, best, largest))
        best = value;
    return best;
  }
  bool isProduct = kind == "prod", isSquare = kind == "l2";
  if (type == ElementType::Bool) {
    bool any = false, all = true;
    for (const Scalar &value : values)
      any |= value.isTrue(), all &= value.isTrue();
    return Scalar::ofBool(isProduct ? all : any);
  }
  auto n = static_cast<int64_t>(values.size());
  if (isFloat(type)) {
    double sum = isProduct ? 1 : 0;
    for (const Scalar &v : values)
      sum = isProduct ? sum * v.number
                      : sum + (isSquare ? v.number * v.number : v.number);
    return number(kind == "mean" ? sum / static_cast<double>(n)
                  : isSquare     ? std::sqrt(sum)
                                 : sum);
  }
  uint64_t sum = isProduct;
  for (const Scalar &v : values) {
    auto x = static_cast<uint64_t>(v.integer);
    sum = isProduct ? sum * x : sum + (isSquare ? x * x : x);
  }
  auto total = static_cast<int64_t>(sum);
  if (kind == "mean")
    total = n ? total / n : 0;
  if (isSquare)
    total = static_cast<int64_t>(std::sqrt(static_cast<double>(total)));
  return Scalar::ofInteger(type, total);
}

void Run::reduce() {
  Shape inner = extents("reduce_extents");
  each(extents("extents"), [&](ArrayRef<int64_t> c, int64_t at) {
    SmallVector<Scalar> values;
    each(inner, [&](ArrayRef<int64_t> r, int64_t) {
      SmallVector<int64_t> all(c);
      llvm::append_range(all, r);
      values.push_back(evaluate(0, {}, all));
    });
    outputs[0].set(at,
                   castScalar(finish(reduced(values), c), outputs[0].type()));
  });
}

void Run::scan() {
  Shape shape = extents("extents"), lines = shape;
  size_t axis = static_cast<size_t>(kernel.param("axis"));
  int64_t length = shape[axis];
  lines[axis] = 1;
  Strides strides = rowMajorStrides(shape);
  if (length == 0)
    return;
  each(lines, [&](ArrayRef<int64_t> line, int64_t) {
    SmallVector<int64_t> c(line);
    double sum = 0;
    uint64_t total = 0;
    for (int64_t step = 0; step < length; ++step) {
      c[axis] = kernel.paramFlag("reverse") ? length - 1 - step : step;
      Scalar x = evaluate(0, {}, c);
      double before = sum;
      uint64_t integerBefore = total;
      sum += x.number, total += static_cast<uint64_t>(x.integer);
      int64_t at = 0;
      for (size_t a = 0; a < c.size(); ++a)
        at += c[a] * strides[a];
      bool exclusive = kernel.paramFlag("exclusive");
      Scalar value =
          isFloat(x.type)
              ? Scalar::ofFloat(x.type, exclusive ? before : sum)
              : Scalar::ofInteger(
                    x.type,
                    static_cast<int64_t>(exclusive ? integerBefore : total));
      outputs[0].set(at, castScalar(value, outputs[0].type()));
    }
  });
}

/// softmax and norm; of linear_norm `products` are the rows.
void Run::rows(const Shape &shape, ArrayRef<double> products) {
  Shape outer(shape.begin(), shape.end() - 1);
  int64_t columns = shape.back();
  bool isNorm = kernel.getFamily() != plan::Family::Softmax;
  each(outer, [&](ArrayRef<int64_t> row, int64_t number) {
    SmallVector<int64_t> c(row);
    c.push_back(0);
    std::vector<double> x;
    int64_t start = number * columns;
    for (c.back() = 0; c.back() < columns; ++c.back()) {
      std::optional<Scalar> sum;
      if (!products.empty())
        sum = Scalar::ofFloat(ElementType::F32, products[start + c.back()]);
      x.push_back(evaluate(0, sum, c).number);
    }
    bool isCopied = kernel.paramFlag("copy");
    if (outputs.size() > (isCopied ? 2 : 1))
      for (int64_t j = 0; j < columns; ++j)
        outputs[1].setNumber(start + j, x[j]);
    double shift = 0, factor = 1;
    if (isNorm) {
      auto n = static_cast<double>(columns);
      double squares = 0;
      if (kernel.paramText("kind") == "layer")
        for (double v : x)
          shift += v / n;
      for (double v : x)
        squares += (v - shift) * (v - shift) / n;
      factor = 1 / std::sqrt(squares + kernel.paramReal("epsilon"));
      for (double &v : x)
        v = (v - shift) * factor;
    } else {
      shift = -INFINITY;
      double sum = 0;
      for (double v : x)
        shift = std::isnan(v) || v > shift ? v : shift;
      for (double &v : x)
        sum += v = std::exp(v - shift);
      for (double &v : x)
        v /= sum;
    }
    for (int64_t j = 0; j < columns; ++j) {
      c.back() = j;
      Scalar value = finish(this->number(x[j]), c);
      outputs[0].set(start + j, castScalar(value, outputs[0].type()));
      if (isCopied)
        outputs.back().setNumber(start + j, outputs[0].number(start + j));
    }
  });
}

/// W as CUDA reads it: [N][K], or a quantized one as `arrange` makes it; beside
/// rows of f8 as [N][K] with scales [blocks][N].
std::vector<double> Run::products() {
  int64_t m = extent("m"), n = kernel.param("n"), k = kernel.param("k");
  int64_t lda = extent("lda");
  bool hasF8Rows =
      kernel.isQuantized() && isa<Float8E4M3FNType>(kernel.inType(0));
  std::vector<double> weights(static_cast<size_t>(n * k));
  for (int64_t j = 0; j < n; ++j)
    for (int64_t r = 0; r < k; ++r)
      weights[j * k + r] =
          hasF8Rows ? inputs[1].number(j * k + r) *
                          inputs[2].number(r / kernel.param("block") * n + j)
          : kernel.isQuantized()
              ? arrangedValue(kernel, inputs.drop_front(), r, j)
              : inputs[1].number(j * k + r);
  std::vector<double> sums(static_cast<size_t>(m * n));
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t r = 0; r < k; ++r)
        sums[i * n + j] += inputs[0].number(i * lda + r) * weights[j * k + r];
  return sums;
}

void Run::linear() {
  std::vector<double> sums = products();
  each({extent("m"), kernel.param("n")}, [&](ArrayRef<int64_t> c, int64_t at) {
    Scalar sum = Scalar::ofFloat(ElementType::F32, sums[at]);
    outputs[0].set(at, castScalar(evaluate(0, sum, c), outputs[0].type()));
  });
}

void Run::attention() {
  int64_t queries = extent("queries"), keys = extent("keys"),
          heads = extent("heads"), d = kernel.param("d"),
          dv = kernel.param("dv"), group = kernel.param("group");
  Shape q = extents("q_strides"), k = extents("k_strides"),
        v = extents("v_strides");
  auto at = [](const Shape &strides, int64_t b, int64_t row, int64_t head) {
    return b * strides[0] + row * strides[1] + head * strides[2];
  };
  bool isPaged = kernel.getParams().contains("page_rows");
  if (isPaged && extent("cached_pages") == 0)
    keys = 0; // as for other numbers that no page has
  auto atKey = [&](const Shape &strides, int64_t b, int64_t row, int64_t head) {
    if (!isPaged)
      return at(strides, b, row, head);
    int64_t rows = extent("page_rows"),
            page = inputs[3].integer(b * extent("pages") + row / rows);
    page += page < 0 ? extent("cached_pages") : 0;
    // A number that no page has: the first is taken, and the run has failed.
    bool isThere = page >= 0 && page < extent("cached_pages");
    return at(strides, isThere ? page : 0, row % rows, head);
  };
  each({extent("batch"), queries, heads},
       [&](ArrayRef<int64_t> c, int64_t row) {
         int64_t b = c[0], i = c[1], h = c[2], g = h / group;
         std::vector<double> p(keys);
         double largest = -INFINITY, sum = 0;
         for (int64_t j = 0; j < keys; ++j) {
           double dot = 0;
           for (int64_t e = 0; e < d; ++e)
             dot += inputs[0].number(at(q, b, i, h) + e) *
                    inputs[1].number(atKey(k, b, j, g) + e);
           Scalar score = Scalar::ofFloat(ElementType::F32,
                                          dot * kernel.paramReal("scale"));
           p[j] = evaluate(0, score, {b, h, i, j}).number;
           largest = std::isnan(p[j]) || p[j] > largest ? p[j] : largest;
         }
         bool isEmpty = keys == 0 || (largest == -INFINITY &&
                                      kernel.paramText("empty_rows") == "zero");
         for (double &x : p)
           sum += x = isEmpty ? 0 : std::exp(x - largest);
         for (int64_t e = 0; e < dv; ++e) {
           double value = 0;
           for (int64_t j = 0; j < keys; ++j)
             if (!isEmpty)
               value += p[j] / sum * inputs[2].number(atKey(v, b, j, g) + e);
           outputs[0].setNumber(row * dv + e, value);
         }
       });
}

void Run::run() {
  auto make = [&](const Shape &shape) {
    for (Attribute attr : kernel.getOutTypes()) {
      auto type = elementTypeOf(cast<TypeAttr>(attr).getValue());
      outputs.push_back(*Tensor::create(*type, shape));
    }
  };
  switch (kernel.getFamily()) {
  case plan::Family::Map:
    make(extents("extents"));
    return map();
  case plan::Family::Reduce:
    make(extents("extents"));
    return reduce();
  case plan::Family::Scan:
    make(extents("extents"));
    return scan();
  case plan::Family::Softmax:
  case plan::Family::Norm:
    make(extents("extents"));
    return rows(extents("extents"), {});
  case plan::Family::LinearNorm: {
    Shape shape = {extent("m"), kernel.param("n")};
    make(shape);
    return rows(shape, products());
  }
  case plan::Family::Linear:
    make({extent("m"), kernel.param("n")});
    return linear();
  case plan::Family::Attention:
    make({extent("batch"), extent("queries"), extent("heads"),
          kernel.param("dv")});
    return attention();
  case plan::Family::Arrange:
    outputs = arrangedWeight(kernel, inputs);
    return;
  case plan::Family::NonZero:
    assert(false && "refused for CUDA");
  }
}
} // namespace

std::vector<Tensor> runPlanKernel(plan::KernelOp kernel,
                                  ArrayRef<Tensor> inputs,
                                  ArrayRef<int64_t> scalars,
                                  unsigned *noValue) {
  if (kernel.numOuts() > 1 && kernel.getFamily() != plan::Family::Norm &&
      kernel.getFamily() != plan::Family::LinearNorm &&
      kernel.getFamily() != plan::Family::Arrange) {
    // As many kernels of one output.
    std::vector<Tensor> outputs;
    for (auto [i, type] : llvm::enumerate(kernel.getOutTypes())) {
      OwningOpRef<plan::KernelOp> one = kernel.clone();
      one->setOutTypesAttr(ArrayAttr::get(kernel.getContext(), type));
      Operation *yield = one->getBodies().back().front().getTerminator();
      yield->setOperands(yield->getOperand(i));
      outputs.push_back(runPlanKernel(*one, inputs, scalars, noValue)[0]);
    }
    return outputs;
  }
  Run run(kernel, inputs, scalars, noValue);
  run.run();
  return std::move(run.outputs);
}

} // namespace ingot::test
