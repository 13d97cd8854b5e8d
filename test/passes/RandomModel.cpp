#include "test/passes/RandomModel.h"

#include "test/passes/Differential.h"

#include "llvm/ADT/StringExtras.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>

namespace ingot::test {

namespace {

enum class Kind { Float, Int, Bool };

/// A dim is a number or what the model calls it; equal texts are equal dims.
using Dims = std::vector<std::string>;

struct Value {
  std::string name;
  Kind kind;
  Dims dims;
  /// Rounded as it is computed, whatever is fused: what jumps (floor,
  /// comparisons, casts to integers) may read it.
  bool isExact;
};

class Generator {
public:
  Generator(uint64_t seed, RoundsAs rounds)
      : random{seed * 2654435761u + 12345},
        isLoose(rounds == RoundsAs::Compiled) {
    for (int i = 0; i < 8; ++i)
      random.next();
  }

  std::string run(unsigned size) {
    unsigned inputs = 2 + random.below(3);
    for (unsigned i = 0; i < inputs; ++i)
      addInput(i == 0 ? Kind::Float : static_cast<Kind>(random.below(3)));
    for (unsigned i = 0; i < size; ++i)
      addNode();
    std::string results = values.back().name;
    for (int64_t more = random.below(3); more > 0; --more) {
      const std::string &name = pick().name;
      if (!llvm::is_contained(llvm::split(results, ", "),
                              llvm::StringRef(name)))
        results += ", " + name;
    }
    return "opset 17\n" + head + body + "return " + results + "\n";
  }

private:
  // Names and text.
  std::string fresh(const char *prefix) {
    return prefix + std::to_string(next++);
  }
  static std::string listOf(const Dims &dims) {
    return "[" + llvm::join(dims, ", ") + "]";
  }
  void addInput(Kind kind) {
    Dims dims;
    for (int64_t rank = random.below(5); rank > 0; --rank)
      dims.push_back(randomDim());
    const char *types[] = {"float32", "int64", "bool"};
    std::string name = fresh("in");
    head += "input " + name + " " + types[static_cast<int>(kind)] +
            listOf(dims) + "\n";
    push({name, kind, dims, true});
  }
  /// Values that are too large to run by the reference are of no use.
  void push(Value value) {
    double size = 1;
    for (const std::string &dim : value.dims)
      size *= std::max(extentOf(dim), 1.0);
    if (size <= 3000)
      values.push_back(std::move(value));
  }
  /// About what a dim is in the largest binding.
  double extentOf(const std::string &dim) {
    if (std::optional<int64_t> number = numberOf(dim))
      return static_cast<double>(*number);
    auto it = extents.find(dim);
    return it == extents.end() ? 7 : it->second;
  }
  std::string dimOf(std::string text, double extent) {
    extents[text] = extent;
    return text;
  }
  std::string randomDim() {
    const char *dims[] = {"m", "n", "m", "1", "2", "3", "4", "6"};
    return dims[random.below(8)];
  }
  std::string integers(const std::vector<int64_t> &numbers,
                       bool isScalar = false) {
    std::string name = fresh("c");
    head += "const " + name + " int64[" +
            (isScalar ? "" : std::to_string(numbers.size())) + "]";
    for (int64_t number : numbers)
      head += " " + std::to_string(number);
    head += "\n";
    return name;
  }
  std::string number(Kind kind, double value) {
    std::string name = fresh("c");
    if (kind == Kind::Float)
      head += "const " + name + " float32[] " + std::to_string(value) + "\n";
    else
      head += "const " + name + " int64[] " +
              std::to_string(static_cast<int64_t>(value)) + "\n";
    return name;
  }
  std::string weight(const Dims &dims) {
    std::string name = fresh("w");
    head += "const " + name + " float32" + listOf(dims) + " random\n";
    return name;
  }
  std::string node(const std::string &call) {
    std::string name = fresh("t");
    body += name + " = " + call + "\n";
    return name;
  }
  void add(const std::string &call, Kind kind, Dims dims, bool isExact) {
    push({node(call), kind, std::move(dims), isExact});
  }

  // Choices.
  bool flip() { return random.below(2); }
  const Value &pick() {
    // The newest most often: chains, not fans.
    size_t n = values.size();
    size_t back =
        static_cast<size_t>(std::min(random.below(static_cast<int64_t>(n)),
                                     random.below(static_cast<int64_t>(n))));
    return values[n - 1 - back];
  }
  template <typename Test>
  std::optional<Value> pickIf(Test test) {
    for (int i = 0; i < 12; ++i)
      if (const Value &value = pick(); test(value))
        return value;
    return std::nullopt;
  }
  std::optional<Value> pickKind(Kind kind) {
    return pickIf([&](const Value &v) { return v.kind == kind; });
  }
  static std::optional<int64_t> numberOf(const std::string &dim) {
    int64_t value;
    if (llvm::StringRef(dim).getAsInteger(10, value))
      return std::nullopt;
    return value;
  }
  static std::optional<Dims> broadcast(const Dims &a, const Dims &b) {
    Dims result;
    for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      std::string x = i < a.size() ? a[a.size() - 1 - i] : "1";
      std::string y = i < b.size() ? b[b.size() - 1 - i] : "1";
      if (x != y && x != "1" && y != "1")
        return std::nullopt;
      result.insert(result.begin(), x == "1" ? y : x);
    }
    if (result.size() > 4)
      return std::nullopt;
    return result;
  }
  /// Something to combine `a` with.
  std::optional<Value> partner(const Value &a) {
    return pickIf([&](const Value &v) {
      return v.kind == a.kind && broadcast(a.dims, v.dims);
    });
  }
  int64_t axisOf(const Value &v) {
    return random.below(static_cast<int64_t>(v.dims.size()));
  }
  std::string negative(const Value &v, int64_t axis) {
    return std::to_string(flip() ? axis
                                 : axis - static_cast<int64_t>(v.dims.size()));
  }

  void addNode() {
    switch (random.below(14)) {
    case 0:
    case 1:
      return addUnary();
    case 2:
    case 3:
      return addBinary();
    case 4:
      return addTranspose();
    case 5:
      return addReshape();
    case 6:
      return addSlice();
    case 7:
      return addConcat();
    case 8:
      return addGather();
    case 9:
      return addReduction();
    case 10:
      return addProduct();
    case 11:
      return addChoice();
    case 12:
      return addSpread();
    default:
      return flip() ? addNorm() : addActivation();
    }
  }

  void addUnary() {
    const Value v = pick();
    if (v.kind == Kind::Bool) {
      if (flip())
        return add("Not(" + v.name + ")", Kind::Bool, v.dims, v.isExact);
      bool isFloat = flip();
      return add("Cast(" + v.name + ") to=" + (isFloat ? "1" : "7"),
                 isFloat ? Kind::Float : Kind::Int, v.dims, v.isExact);
    }
    if (v.kind == Kind::Int) {
      switch (random.below(4)) {
      case 0:
        return add("Neg(" + v.name + ")", Kind::Int, v.dims, v.isExact);
      case 1:
        return add("Abs(" + v.name + ")", Kind::Int, v.dims, v.isExact);
      case 2:
        return add("Cast(" + v.name + ") to=1", Kind::Float, v.dims, v.isExact);
      default:
        return add("Sign(" + v.name + ")", Kind::Int, v.dims, v.isExact);
      }
    }
    const char *smooth[] = {"Relu", "Tanh", "Sigmoid", "Neg",     "Abs",
                            "Erf",  "Sin",  "Cos",     "Identity"};
    const char *jumps[] = {"Floor", "Ceil", "Round", "Sign"};
    if (v.isExact && random.below(4) == 0) {
      if (flip())
        return add(std::string(jumps[random.below(4)]) + "(" + v.name + ")",
                   Kind::Float, v.dims, true);
      std::string low =
          node("Max(" + v.name + ", " + number(Kind::Float, -3.5) + ")");
      std::string both =
          node("Min(" + low + ", " + number(Kind::Float, 3.5) + ")");
      return add("Cast(" + both + ") to=7", Kind::Int, v.dims, true);
    }
    if (random.below(6) == 0) {
      std::string bounded = node("Tanh(" + v.name + ")");
      return add("Exp(" + bounded + ")", Kind::Float, v.dims,
                 v.isExact && !isLoose);
    }
    if (random.below(6) == 0) {
      std::string positive = node("Abs(" + v.name + ")");
      return add("Sqrt(" + positive + ")", Kind::Float, v.dims, v.isExact);
    }
    std::string op = smooth[random.below(9)];
    bool isExact = op == "Relu" || op == "Neg" || op == "Abs" ||
                   op == "Identity" || !isLoose;
    add(op + "(" + v.name + ")", Kind::Float, v.dims, v.isExact && isExact);
  }

  void addBinary() {
    const Value a = pick();
    std::optional<Value> other = partner(a);
    std::string name = other && random.below(4) ? other->name : "";
    Dims dims = a.dims;
    bool isExact = a.isExact;
    if (!name.empty()) {
      dims = *broadcast(a.dims, other->dims);
      isExact = isExact && other->isExact;
    }
    if (a.kind == Kind::Bool) {
      if (name.empty())
        return;
      return add(std::string(flip() ? "And" : "Or") + "(" + a.name + ", " +
                     name + ")",
                 Kind::Bool, dims, isExact);
    }
    if (name.empty())
      name = number(a.kind, a.kind == Kind::Float ? random.real() * 2
                                                  : random.below(7) - 3);
    std::string x = a.name, y = name;
    if (flip())
      std::swap(x, y);
    if (isExact && random.below(4) == 0) {
      const char *tests[] = {"Less", "Greater", "LessOrEqual", "Equal"};
      return add(std::string(tests[random.below(4)]) + "(" + x + ", " + y + ")",
                 Kind::Bool, dims, true);
    }
    const char *ops[] = {"Add", "Sub", "Mul", "Max", "Min", "Add"};
    if (a.kind == Kind::Int && random.below(4) == 0)
      return add(std::string(flip() ? "Div" : "Mod") + "(" + x + ", " + y + ")",
                 Kind::Int, dims, isExact);
    if (a.kind == Kind::Float && random.below(6) == 0) {
      std::string positive = node("Abs(" + y + ")");
      std::string divisor =
          node("Add(" + positive + ", " + number(Kind::Float, 1) + ")");
      return add("Div(" + x + ", " + divisor + ")", Kind::Float, dims, isExact);
    }
    std::string result =
        node(std::string(ops[random.below(6)]) + "(" + x + ", " + y + ")");
    if (a.kind == Kind::Int) { // small, or products overflow at last
      std::string high = node("Min(" + result + ", " + number(a.kind, 9) + ")");
      result = node("Max(" + high + ", " + number(a.kind, -9) + ")");
    }
    push({result, a.kind, dims, isExact});
  }

  void addTranspose() {
    std::optional<Value> v =
        pickIf([](const Value &v) { return v.dims.size() > 1; });
    if (!v)
      return;
    std::vector<size_t> perm(v->dims.size());
    for (size_t i = 0; i < perm.size(); ++i)
      perm[i] = i;
    for (size_t i = perm.size(); i > 1; --i)
      std::swap(perm[i - 1], perm[random.below(static_cast<int64_t>(i))]);
    Dims dims;
    std::string text;
    for (size_t from : perm) {
      dims.push_back(v->dims[from]);
      text += (text.empty() ? "" : ", ") + std::to_string(from);
    }
    add("Transpose(" + v->name + ") perm=[" + text + "]", v->kind, dims,
        v->isExact);
  }

  void addReshape() {
    const Value v = pick();
    size_t rank = v.dims.size();
    switch (random.below(4)) {
    case 0: { // one more axis
      if (rank == 4)
        return;
      int64_t at = random.below(static_cast<int64_t>(rank) + 1);
      Dims dims = v.dims;
      dims.insert(dims.begin() + at, "1");
      return add("Unsqueeze(" + v.name + ", " + integers({at}) + ")", v.kind,
                 dims, v.isExact);
    }
    case 1: { // two axes become one
      if (rank < 2)
        return;
      int64_t at = random.below(static_cast<int64_t>(rank) - 1);
      std::vector<int64_t> shape(at, 0);
      shape.push_back(-1);
      Dims dims(v.dims.begin(), v.dims.begin() + at);
      std::optional<int64_t> x = numberOf(v.dims[at]),
                             y = numberOf(v.dims[at + 1]);
      dims.push_back(
          x && y ? std::to_string(*x * *y)
                 : dimOf("(" + v.dims[at] + "*" + v.dims[at + 1] + ")",
                         extentOf(v.dims[at]) * extentOf(v.dims[at + 1])));
      // What stands behind is copied by its number; unknown dims are refused.
      for (size_t i = at + 2; i < rank; ++i) {
        if (!numberOf(v.dims[i]))
          return;
        shape.push_back(*numberOf(v.dims[i]));
        dims.push_back(v.dims[i]);
      }
      if (llvm::is_contained(shape, 0) && at < 1)
        return;
      return add("Reshape(" + v.name + ", " + integers(shape) + ")", v.kind,
                 dims, v.isExact);
    }
    case 2: { // one axis becomes two
      if (rank == 4 || rank == 0)
        return;
      int64_t at = axisOf(v);
      std::optional<int64_t> extent = numberOf(v.dims[at]);
      if (!extent || *extent % 2 || *extent == 0)
        return;
      std::vector<int64_t> shape;
      Dims dims;
      for (size_t i = 0; i < rank; ++i) {
        std::optional<int64_t> n = numberOf(v.dims[i]);
        if (static_cast<int64_t>(i) == at) {
          shape.insert(shape.end(), {2, *extent / 2});
          dims.insert(dims.end(), {"2", std::to_string(*extent / 2)});
        } else if (n || static_cast<int64_t>(i) < at) {
          shape.push_back(n ? *n : 0);
          dims.push_back(v.dims[i]);
        } else {
          return;
        }
      }
      return add("Reshape(" + v.name + ", " + integers(shape) + ")", v.kind,
                 dims, v.isExact);
    }
    default: // a vector
      if (rank != 2)
        return;
      add("Flatten(" + v.name + ") axis=1", v.kind, v.dims, v.isExact);
    }
  }

  void addSlice() {
    std::optional<Value> v =
        pickIf([](const Value &v) { return !v.dims.empty(); });
    if (!v)
      return;
    int64_t axis = axisOf(*v);
    std::optional<int64_t> n = numberOf(v->dims[axis]);
    Dims dims = v->dims;
    int64_t start, end, step;
    if (n && *n > 0) {
      start = random.below(*n);
      step = 1 + random.below(2);
      end = start + 1 + random.below(*n - start);
      int64_t count = (end - start + step - 1) / step;
      if (random.below(4) == 0) { // from the end
        start = *n - 1;
        end = -1000;
        step = -1;
        count = *n;
      }
      dims[axis] = std::to_string(count);
    } else {
      start = random.below(2);
      end = INT64_MAX;
      step = 1;
      if (start)
        dims[axis] = "(" + dims[axis] + " from 1)";
    }
    std::string axes =
        integers({flip() ? axis : axis - static_cast<int64_t>(v->dims.size())});
    add("Slice(" + v->name + ", " + integers({start}) + ", " + integers({end}) +
            ", " + axes + ", " + integers({step}) + ")",
        v->kind, dims, v->isExact);
  }

  void addConcat() {
    std::optional<Value> a =
        pickIf([](const Value &v) { return !v.dims.empty(); });
    if (!a)
      return;
    int64_t axis = axisOf(*a);
    std::optional<Value> b = pickIf([&](const Value &v) {
      if (v.kind != a->kind || v.dims.size() != a->dims.size())
        return false;
      for (size_t i = 0; i < v.dims.size(); ++i)
        if (static_cast<int64_t>(i) != axis && v.dims[i] != a->dims[i])
          return false;
      return true;
    });
    const Value &second = b ? *b : *a;
    Dims dims = a->dims;
    std::optional<int64_t> x = numberOf(a->dims[axis]),
                           y = numberOf(second.dims[axis]);
    dims[axis] =
        x && y ? std::to_string(*x + *y)
               : dimOf("(" + a->dims[axis] + "+" + second.dims[axis] + ")",
                       extentOf(a->dims[axis]) + extentOf(second.dims[axis]));
    add("Concat(" + a->name + ", " + second.name +
            ") axis=" + negative(*a, axis),
        a->kind, dims, a->isExact && second.isExact);
  }

  void addGather() {
    std::optional<Value> v =
        pickIf([](const Value &v) { return !v.dims.empty(); });
    if (!v)
      return;
    int64_t axis = axisOf(*v);
    std::optional<int64_t> n = numberOf(v->dims[axis]);
    if (!n || *n == 0)
      return;
    std::vector<int64_t> indices;
    bool isScalar = random.below(3) == 0;
    for (int64_t i = isScalar ? 1 : 1 + random.below(3); i > 0; --i)
      indices.push_back(random.below(2 * *n) - *n);
    Dims dims = v->dims;
    if (isScalar)
      dims.erase(dims.begin() + axis);
    else
      dims[axis] = std::to_string(indices.size());
    add("Gather(" + v->name + ", " + integers(indices, isScalar) +
            ") axis=" + negative(*v, axis),
        v->kind, dims, v->isExact);
  }

  void addReduction() {
    std::optional<Value> v = pickIf(
        [](const Value &v) { return !v.dims.empty() && v.kind != Kind::Bool; });
    if (!v)
      return;
    int64_t axis = axisOf(*v);
    Dims kept = v->dims, dropped = v->dims;
    kept[axis] = "1";
    dropped.erase(dropped.begin() + axis);
    bool keeps = flip();
    std::string keepdims = keeps ? " keepdims=1" : " keepdims=0";
    if (v->kind == Kind::Float && random.below(4) == 0)
      return add("Softmax(" + v->name + ") axis=" + negative(*v, axis),
                 Kind::Float, v->dims, false);
    if (v->isExact && random.below(6) == 0)
      return add("ArgMax(" + v->name + ") axis=" + negative(*v, axis) +
                     keepdims,
                 Kind::Int, keeps ? kept : dropped, true);
    if (random.below(6) == 0)
      return add("CumSum(" + v->name + ", " + integers({axis}, true) + ")",
                 v->kind, v->dims, v->kind == Kind::Int && v->isExact);
    // The maximum of no integers is their smallest: its absolute value is none.
    if (v->kind == Kind::Int && numberOf(v->dims[axis]).value_or(0) < 1)
      return;
    const char *ops[] = {"ReduceMean", "ReduceMax", "ReduceMin"};
    int64_t op = v->kind == Kind::Int ? 1 + random.below(2) : random.below(3);
    add(std::string(ops[op]) + "(" + v->name + ") axes=[" + negative(*v, axis) +
            "]" + keepdims,
        v->kind, keeps ? kept : dropped, v->isExact && op != 0);
  }

  void addProduct() {
    std::optional<Value> v = pickIf([](const Value &v) {
      return v.kind == Kind::Float && v.dims.size() > 1;
    });
    if (!v)
      return;
    // Bounded first: a chain of products would leave every tolerance.
    std::string x = node("Tanh(" + v->name + ")");
    std::optional<int64_t> k = numberOf(v->dims.back());
    if (!k || *k == 0) {
      std::vector<size_t> perm;
      std::string text;
      Dims square = v->dims;
      square.back() = square[square.size() - 2];
      for (size_t i = 0; i + 2 < v->dims.size(); ++i)
        text += std::to_string(i) + ", ";
      text += std::to_string(v->dims.size() - 1) + ", " +
              std::to_string(v->dims.size() - 2);
      std::string t = node("Transpose(" + x + ") perm=[" + text + "]");
      return add("MatMul(" + x + ", " + t + ")", Kind::Float, square, false);
    }
    std::string n = std::to_string(1 + random.below(6));
    Dims dims = v->dims;
    dims.back() = n;
    std::string product =
        node("MatMul(" + x + ", " + weight({v->dims.back(), n}) + ")");
    if (flip())
      product = flip() ? node("Add(" + product + ", " + weight({n}) + ")")
                       : node("Add(" + weight({n}) + ", " + product + ")");
    push({product, Kind::Float, dims, false});
    if (random.below(3) == 0) { // a residual
      std::optional<Value> r = pickIf([&](const Value &other) {
        return other.kind == Kind::Float && other.dims == dims;
      });
      if (r)
        add("Add(" + product + ", " + r->name + ")", Kind::Float, dims, false);
    }
  }

  void addChoice() {
    std::optional<Value> c = pickKind(Kind::Bool), a = pickKind(Kind::Float);
    if (!c || !a || !broadcast(c->dims, a->dims))
      return;
    Dims dims = *broadcast(c->dims, a->dims);
    std::optional<Value> b = pickIf([&](const Value &v) {
      return v.kind == Kind::Float && broadcast(dims, v.dims);
    });
    std::string other = b && flip() ? b->name : "";
    bool isExact = c->isExact && a->isExact && (other.empty() || b->isExact);
    if (!other.empty())
      dims = *broadcast(dims, b->dims);
    else
      other = number(Kind::Float, random.real());
    add("Where(" + c->name + ", " + a->name + ", " + other + ")", Kind::Float,
        dims, isExact);
  }

  /// Pads, repeats, cuts triangles.
  void addSpread() {
    std::optional<Value> v = pickIf(
        [](const Value &v) { return !v.dims.empty() && v.kind != Kind::Bool; });
    if (!v)
      return;
    int64_t axis = axisOf(*v), rank = static_cast<int64_t>(v->dims.size());
    std::optional<int64_t> n = numberOf(v->dims[axis]);
    Dims dims = v->dims;
    switch (random.below(4)) {
    case 0: {
      std::vector<int64_t> pads(2 * rank, 0);
      pads[axis] = random.below(2);
      pads[rank + axis] = random.below(3);
      int64_t more = pads[axis] + pads[rank + axis];
      dims[axis] =
          n ? std::to_string(*n + more)
            : dimOf("(" + dims[axis] + "+" + std::to_string(more) + ")",
                    extentOf(dims[axis]) + static_cast<double>(more));
      return add("Pad(" + v->name + ", " + integers(pads) + ", " +
                     number(v->kind, 2) + ")",
                 v->kind, dims, v->isExact);
    }
    case 1: {
      std::vector<int64_t> repeats(rank, 1);
      repeats[axis] = 2;
      dims[axis] =
          n ? std::to_string(*n * 2)
            : dimOf("(2*" + dims[axis] + ")", 2 * extentOf(dims[axis]));
      return add("Tile(" + v->name + ", " + integers(repeats) + ")", v->kind,
                 dims, v->isExact);
    }
    case 2:
      if (rank < 2)
        return;
      return add("Trilu(" + v->name + ", " +
                     integers({random.below(3) - 1}, true) +
                     ") upper=" + std::to_string(random.below(2)),
                 v->kind, dims, v->isExact);
    default: {
      if (rank == 4)
        return;
      std::vector<int64_t> shape(rank + 1, 1);
      shape[0] = 3;
      dims.insert(dims.begin(), "3");
      return add("Expand(" + v->name + ", " + integers(shape) + ")", v->kind,
                 dims, v->isExact);
    }
    }
  }

  void addNorm() {
    std::optional<Value> v = pickIf([&](const Value &v) {
      return v.kind == Kind::Float && !v.dims.empty() &&
             numberOf(v.dims.back()).value_or(0) > 1;
    });
    if (!v)
      return;
    std::string w = weight({v->dims.back()}), b = weight({v->dims.back()});
    if (flip())
      return add("LayerNormalization(" + v->name + ", " + w + ", " + b +
                     ") epsilon=0.1",
                 Kind::Float, v->dims, false);
    std::string square = node("Mul(" + v->name + ", " + v->name + ")");
    std::string mean = node("ReduceMean(" + square + ") axes=[-1]");
    std::string sum =
        node("Add(" + mean + ", " + number(Kind::Float, 0.1) + ")");
    std::string root = node("Sqrt(" + sum + ")");
    std::string normal = node("Div(" + v->name + ", " + root + ")");
    add("Mul(" + w + ", " + normal + ")", Kind::Float, v->dims, false);
  }

  void addActivation() {
    std::optional<Value> v = pickKind(Kind::Float);
    if (!v)
      return;
    if (flip()) {
      std::string gate = node("Sigmoid(" + v->name + ")");
      return add("Mul(" + v->name + ", " + gate + ")", Kind::Float, v->dims,
                 false);
    }
    std::string d =
        node("Div(" + v->name + ", " + number(Kind::Float, 1.41421356) + ")");
    std::string e = node("Erf(" + d + ")");
    std::string f = node("Add(" + e + ", " + number(Kind::Float, 1) + ")");
    std::string g = node("Mul(" + v->name + ", " + f + ")");
    add("Mul(" + g + ", " + number(Kind::Float, 0.5) + ")", Kind::Float,
        v->dims, false);
  }

  Random random;
  bool isLoose; ///< float functions are not exact
  unsigned next = 0;
  std::string head, body;
  std::vector<Value> values;
  std::map<std::string, double> extents;
};

} // namespace

std::string randomModel(uint64_t seed, unsigned size, RoundsAs rounds) {
  return Generator(seed, rounds).run(size);
}

int runSeeds(int argc, char **argv, SeedRange &seeds) {
  testing::InitGoogleTest(&argc, argv);
  unsigned long long first, last;
  for (int i = 1; i < argc; ++i)
    if (std::sscanf(argv[i], "--seeds=%llu..%llu", &first, &last) == 2)
      seeds = {first, last};
  return RUN_ALL_TESTS();
}

} // namespace ingot::test
