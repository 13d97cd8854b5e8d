// The scalar table and the conversions on CUDA, each operation on all pairs of
// special values: exact where C++ is exact, else within a few units.
#include "test/codegen/cuda/KernelTest.h"

#include "ir/scalar/ScalarOps.h"

#include <cmath>

using namespace ingot;
using namespace ingot::test;

namespace {

class CudaScalars : public CudaKernel {
protected:
  struct Op {
    ScalarOp op;
    std::string mnemonic;
  };
  /// Operations whose class is one of `classes`.
  static std::vector<Op> opsOf(std::vector<ScalarClass> classes) {
    std::vector<Op> ops;
#define INGOT_SCALAR_OP(Enum, mnemonic, arity, cls)                            \
  if (llvm::is_contained(classes, ScalarClass::cls))                           \
    ops.push_back({ScalarOp::Enum, #mnemonic});
#include "ir/scalar/ScalarOps.def"
    return ops;
  }

  /// out[i, j] = ops[i](x[j], y[j]): one kernel for all.
  static std::string tableText(const std::vector<Op> &ops,
                               const std::string &scalar,
                               const std::string &memory) {
    std::string tensor = "tensor<?x" + memory + ">";
    std::string text =
        "plan.kernel map @table outs [" + memory + "] ins [" + memory + ", " +
        memory + "] scalars 1 params {extents = array<i64: " +
        std::to_string(ops.size()) +
        ", -1>, chunk = 1} {\n^bb0(%i: i64, %j: i64, %tx: " + tensor +
        ", %ty: " + tensor +
        ", %n: i64):\n"
        "%x = tfm.load %tx[%j] : " +
        tensor + " -> " + scalar + "\n%y = tfm.load %ty[%j] : " + tensor +
        " -> " + scalar + "\n";
    std::string last = "%x";
    for (size_t i = 0; i < ops.size(); ++i) {
      std::string n = std::to_string(i);
      ScalarClass cls = scalarClass(ops[i].op);
      bool isBool = cls == ScalarClass::Compare || cls == ScalarClass::Test;
      bool two = scalarArity(ops[i].op) == 2;
      text += "%c" + n + " = arith.constant " + n + " : i64\n%is" + n +
              " = tfm.apply eq(%i, %c" + n + ") : (i64, i64) -> i1\n%r" + n +
              " = tfm.apply " + ops[i].mnemonic + (two ? "(%x, %y)" : "(%x)") +
              " : (" + scalar + (two ? ", " + scalar : "") + ") -> " +
              (isBool ? "i1" : scalar) + "\n";
      std::string value = "%r" + n;
      if (isBool && scalar != "i1") {
        text +=
            "%v" + n + " = tfm.convert %r" + n + " : i1 to " + scalar + "\n";
        value = "%v" + n;
      }
      text += "%s" + n + " = tfm.choose %is" + n + ", " + value + ", " + last +
              " : " + scalar + "\n";
      last = "%s" + n;
    }
    return text + "tfm.yield " + last + " : " + scalar + "\n}";
  }

  /// All pairs of `values` through the table; compares row by row.
  void checkTable(const std::vector<Op> &ops, const std::vector<Tensor> &pairs,
                  llvm::function_ref<Tolerance(ScalarOp)> tolerance) {
    int64_t n = pairs[0].size();
    std::vector<Tensor> got = run(pairs, {n});
    for (size_t i = 0; i < ops.size(); ++i) {
      SCOPED_TRACE(ops[i].mnemonic);
      Tensor a = *Tensor::create(got[0].type(), {n}), b = a;
      b = *Tensor::create(got[0].type(), {n});
      for (int64_t j = 0; j < n; ++j) {
        a.copyElement(j, got[0], static_cast<int64_t>(i) * n + j);
        b.copyElement(j, expected[0], static_cast<int64_t>(i) * n + j);
      }
      compare(a, b, tolerance(ops[i].op));
    }
  }

  template <typename T>
  static std::pair<std::vector<T>, std::vector<T>>
  pairsOf(const std::vector<T> &values) {
    std::pair<std::vector<T>, std::vector<T>> pairs;
    for (T a : values)
      for (T b : values) {
        pairs.first.push_back(a);
        pairs.second.push_back(b);
      }
    return pairs;
  }

  static std::vector<float> specialFloats() {
    return {0.f,      -0.f,      1.f,    -1.f, 0.5f,       -0.5f,
            1.5f,     2.5f,      -2.5f,  3.f,  -7.25f,     1e-3f,
            -20.f,    88.5f,     -100.f, 1e6f, -123456.7f, 3e7f,
            1e-40f,   -1e-44f,   1e-30f, 6e9f, 1e30f,      -3.4e38f,
            INFINITY, -INFINITY, NAN,    0.1f, -0.7f,      0.7853982f};
  }
  /// What a GPU's library functions keep to, and ours.
  static Tolerance floatTolerance(ScalarOp op) {
    switch (op) {
    case ScalarOp::Exp:
    case ScalarOp::Log:
    case ScalarOp::Sin:
    case ScalarOp::Cos:
    case ScalarOp::Tanh:
    case ScalarOp::Erf:
    case ScalarOp::Sigmoid:
    case ScalarOp::Silu:
    case ScalarOp::Rsqrt:
      return {1e-37, 5e-7};
    case ScalarOp::Pow:
      return {1e-37, 2e-6};
    case ScalarOp::Gelu:
    case ScalarOp::GeluTanh:
    case ScalarOp::GeluSigmoid:
      return {1e-10, 2e-6};
    default:
      return {0, 0};
    }
  }
};

TEST_F(CudaScalars, Floats) {
  auto ops = opsOf({ScalarClass::Arith, ScalarClass::Float,
                    ScalarClass::Compare, ScalarClass::Test});
  load(tableText(ops, "f32", "f32"));
  auto [x, y] = pairsOf(specialFloats());
  checkTable(ops, {floats(x), floats(y)}, floatTolerance);
}

TEST_F(CudaScalars, Doubles) {
  auto ops = opsOf({ScalarClass::Arith, ScalarClass::Float,
                    ScalarClass::Compare, ScalarClass::Test});
  load(tableText(ops, "f64", "f64"));
  auto [x, y] = pairsOf(specialFloats());
  checkTable(ops, {floats(x, ElementType::F64), floats(y, ElementType::F64)},
             [](ScalarOp op) {
               bool exact = floatTolerance(op).relative == 0;
               return Tolerance{exact ? 0 : 1e-15, exact ? 0 : 1e-12};
             });
}

TEST_F(CudaScalars, Integers) {
  auto ops = opsOf({ScalarClass::Arith, ScalarClass::Compare});
  load(tableText(ops, "i64", "i64"));
  auto [x, y] = pairsOf(std::vector<int64_t>{
      0, 1, -1, 2, -2, 3, 7, -7, 62, 1000, -1001, 1ll << 31, (1ll << 32) - 1,
      -(1ll << 33), 5000000000ll, INT64_MAX, INT64_MIN, INT64_MIN + 1});
  checkTable(ops,
             {integers(ElementType::I64, x), integers(ElementType::I64, y)},
             [](ScalarOp) { return Tolerance{}; });
}

TEST_F(CudaScalars, TruthValues) {
  std::vector<Op> ops = opsOf({ScalarClass::Logic, ScalarClass::Compare});
  load(tableText(ops, "i1", "i1"));
  checkTable(ops,
             {integers(ElementType::Bool, {0, 0, 1, 1}),
              integers(ElementType::Bool, {0, 1, 0, 1})},
             [](ScalarOp) { return Tolerance{}; });
}

TEST_F(CudaScalars, SineOfLargeArguments) {
  std::vector<Op> ops{{ScalarOp::Sin, "sin"}, {ScalarOp::Cos, "cos"}};
  load(tableText(ops, "f32", "f32"));
  std::vector<float> x;
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    auto bits = static_cast<uint32_t>(random());
    float value;
    memcpy(&value, &bits, 4);
    x.push_back(value);
  }
  // Neighbours of multiples of pi/2, and where the two ways meet.
  for (int i = 1; i < 400; ++i)
    x.push_back(static_cast<float>(i * 1.5707963267948966));
  for (float f : {33554430.f, 33554432.f, 33554436.f, 5.3713e31f, 3.4e38f})
    x.insert(x.end(), {f, -f});
  checkTable(ops, {floats(x), floats(x)}, [](ScalarOp) {
    return Tolerance{2e-8, 2e-7};
  });
}

/// Every storage type: loads, products, the larger ones, stores; what wraps
/// wraps. One kernel for integers and one for floats, an output a type.
TEST_F(CudaScalars, StorageTypes) {
  struct Storage {
    const char *name;
    ElementType type;
  };
  auto checkAll = [&](const std::vector<Storage> &types, auto x, auto y) {
    std::string memory, operands, arguments, body, results, scalars;
    std::vector<Tensor> inputs;
    for (auto [i, storage] : llvm::enumerate(types)) {
      std::string n = std::to_string(i), name = storage.name,
                  separator = i ? ", " : "";
      bool isFloat = reference::isFloat(storage.type);
      std::string scalar = isFloat ? name : "i64",
                  tensor = "tensor<?x" + name + ">";
      memory += separator + name;
      operands += separator + name + ", " + name;
      arguments += ", %tx" + n + ": " + tensor + ", %ty" + n + ": " + tensor;
      for (const char *side : {"x", "y"})
        body += std::string("%") + side + n + " = tfm.load %t" + side + n +
                "[%j] : " + tensor + " -> " + scalar + "\n";
      for (const char *op : {"mul", "max"})
        body += std::string("%") + op + n + " = tfm.apply " + op + "(%x" + n +
                ", %y" + n + ") : (" + scalar + ", " + scalar + ") -> " +
                scalar + "\n";
      body += "%r" + n + " = tfm.choose %first, %mul" + n + ", %max" + n +
              " : " + scalar + "\n";
      results += separator + "%r" + n;
      scalars += separator + scalar;
      for (const auto &values : {x, y}) {
        if constexpr (std::is_same_v<decltype(x), std::vector<float>>)
          inputs.push_back(floats(values, storage.type));
        else
          inputs.push_back(integers(storage.type, values));
      }
    }
    load("plan.kernel map @k outs [" + memory + "] ins [" + operands +
         "] scalars 1 params {extents = array<i64: 2, -1>, chunk = 1} {\n"
         "^bb0(%i: i64, %j: i64" +
         arguments +
         ", %n: i64):\n%zero = arith.constant 0 : i64\n"
         "%first = tfm.apply eq(%i, %zero) : (i64, i64) -> i1\n" +
         body + "tfm.yield " + results + " : " + scalars + "\n}");
    check(inputs, {static_cast<int64_t>(x.size())}, {0, 0});
  };
  auto [x, y] = pairsOf(std::vector<int64_t>{0, 1, -1, 2, 77, -100, 127, -128,
                                             255, 300, 32767, 65535, 70000,
                                             2147483647, -2147483648ll});
  checkAll({{"i8", ElementType::I8},
            {"i16", ElementType::I16},
            {"i32", ElementType::I32},
            {"ui8", ElementType::U8},
            {"ui16", ElementType::U16},
            {"ui32", ElementType::U32}},
           x, y);
  auto [f, g] = pairsOf(specialFloats());
  checkAll({{"f16", ElementType::F16}, {"bf16", ElementType::BF16}}, f, g);
}

TEST_F(CudaScalars, Conversions) {
  load(R"mlir(
    plan.kernel map @convert outs [i64] ins [f32, i64] scalars 1
        params {extents = array<i64: 6, -1>, chunk = 1} {
    ^bb0(%i: i64, %j: i64, %tx: tensor<?xf32>, %tn: tensor<?xi64>, %n: i64):
      %zero = arith.constant 0 : i64
      %one = arith.constant 1 : i64
      %two = arith.constant 2 : i64
      %three = arith.constant 3 : i64
      %four = arith.constant 4 : i64
      %x = tfm.load %tx[%j] : tensor<?xf32> -> f32
      %m = tfm.load %tn[%j] : tensor<?xi64> -> i64
      %a = tfm.convert %x : f32 to i64
      %b0 = tfm.convert %x : f32 to i1
      %b = tfm.convert %b0 : i1 to i64
      %c0 = tfm.convert %m : i64 to f32
      %c = tfm.convert %c0 : f32 to i64
      %d0 = tfm.convert %m : i64 to f64
      %d = tfm.convert %d0 : f64 to i64
      %e0 = tfm.convert %x : f32 to f16
      %e1 = tfm.convert %e0 : f16 to f32
      %e2 = tfm.convert %x : f32 to bf16
      %e3 = tfm.convert %e2 : bf16 to f32
      %e4 = tfm.apply sub(%e1, %e3) : (f32, f32) -> f32
      %e = tfm.convert %e4 : f32 to i64
      %f0 = tfm.convert %m : i64 to i1
      %f1 = tfm.convert %f0 : i1 to f32
      %f = tfm.convert %f1 : f32 to i64
      %i0 = tfm.apply eq(%i, %zero) : (i64, i64) -> i1
      %i1 = tfm.apply eq(%i, %one) : (i64, i64) -> i1
      %i2 = tfm.apply eq(%i, %two) : (i64, i64) -> i1
      %i3 = tfm.apply eq(%i, %three) : (i64, i64) -> i1
      %i4 = tfm.apply eq(%i, %four) : (i64, i64) -> i1
      %4 = tfm.choose %i4, %e, %f : i64
      %3 = tfm.choose %i3, %d, %4 : i64
      %2 = tfm.choose %i2, %c, %3 : i64
      %1 = tfm.choose %i1, %b, %2 : i64
      %0 = tfm.choose %i0, %a, %1 : i64
      tfm.yield %0 : i64
    })mlir");
  std::vector<float> x = specialFloats();
  for (float f : {9.2233720e18f, -9.2233720e18f, 9.3e18f, 65519.f, 65520.f,
                  2147483648.f, -0.99f, 1e20f, -1e20f})
    x.push_back(f);
  std::vector<int64_t> n{0,
                         1,
                         -1,
                         16777217,
                         -16777219,
                         INT64_MAX,
                         INT64_MIN,
                         (1ll << 53) + 1,
                         1ll << 40,
                         3,
                         (1ll << 62) + 12345};
  n.resize(x.size(), 5);
  check({floats(x), integers(ElementType::I64, n)},
        {static_cast<int64_t>(x.size())});
}

} // namespace
