#include "frontend/onnx/InputSymbols.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace ingot::onnx {

namespace {

/// A name that stands unquoted in dims and is no operator there.
bool isPlain(llvm::StringRef name) {
  static const llvm::StringSet<> reserved{"max",      "min",     "mod",
                                          "floordiv", "ceildiv", "tdiv"};
  auto isWord = [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; };
  return !name.empty() && !llvm::isDigit(name[0]) && name[0] != '.' &&
         llvm::all_of(name, isWord) && !reserved.contains(name);
}

} // namespace

std::string safeSymbolName(llvm::StringRef name) {
  std::string safe = name.str();
  for (char &c : safe)
    if (!llvm::isPrint(c) || c == '"' || c == '\\')
      c = '_';
  return safe;
}

InputSymbols::Source *InputSymbols::find(llvm::StringRef symbol) {
  auto it = llvm::find_if(symbols,
                          [&](const Source &s) { return s.symbol == symbol; });
  return it == symbols.end() ? nullptr : &*it;
}

void InputSymbols::makeSymbol(Dim &dim, std::string name, int64_t input,
                              int64_t axis) {
  if (!find(name))
    symbols.push_back({name, input, axis});
  dim.text = std::move(name);
  dim.isSymbol = true;
}

InputSymbols::InputSymbols(llvm::ArrayRef<DeclaredInput> declared,
                           bool useNames) {
  // Plain names first: expressions may use those of later inputs.
  for (auto [i, input] : llvm::enumerate(declared)) {
    std::vector<Dim> &dims = inputs.emplace_back();
    for (auto [axis, dim] : llvm::enumerate(input.dims)) {
      Dim &made = dims.emplace_back();
      made.number = dim.number;
      made.declared = dim.name;
      if (dim.number)
        continue;
      if (useNames && isPlain(dim.name))
        makeSymbol(made, dim.name, i, axis);
    }
  }
  for (auto [i, input] : llvm::enumerate(declared)) {
    for (auto [axis, dim] : llvm::enumerate(input.dims)) {
      Dim &made = inputs[i][axis];
      if (made.number || made.isSymbol)
        continue;
      std::string own =
          safeSymbolName(input.name) + ".d" + std::to_string(axis);
      if (!useNames || dim.name.empty()) {
        makeSymbol(made, own, i, axis);
        continue;
      }
      ExprPool pool;
      std::optional<Expr> expr = pool.parse(dim.name);
      bool isKnown = expr && !pool.failed();
      if (isKnown)
        for (Expr node : pool.reachable(*expr))
          isKnown &= pool.kind(node) != ExprKind::Symbol ||
                     find({pool.name(node).data(), pool.name(node).size()});
      if (isKnown)
        made.text = pool.print(*expr);
      else
        // Equal texts are one symbol, whatever they mean.
        makeSymbol(made, safeSymbolName(dim.name), i, axis);
    }
  }
}

std::optional<std::string>
InputSymbols::apply(llvm::ArrayRef<DimOption> options, ShapeFacts &facts) {
  for (const DimOption &option : options) {
    bool matched = false;
    for (std::vector<Dim> &dims : inputs) {
      for (Dim &dim : dims) {
        bool isNamed =
            !dim.number && (dim.declared == option.name ||
                            (dim.isSymbol && dim.text == option.name));
        if (!isNamed)
          continue;
        if (!dim.isSymbol)
          return "'" + option.name + "' is computed from other dims: say those";
        matched = true;
        Source *source = find(dim.text);
        source->min = std::max(source->min, option.min);
        if (option.max >= 0)
          source->max =
              source->max < 0 ? option.max : std::min(source->max, option.max);
        if (source->max >= 0 && source->min > source->max)
          return "'" + option.name + "' has no value left between " +
                 std::to_string(source->min) + " and " +
                 std::to_string(source->max);
      }
    }
    if (!matched) {
      std::string known;
      for (const Source &source : symbols)
        known += (known.empty() ? "" : ", ") + source.symbol;
      return "no input has a dim called '" + option.name + "'; there are: " +
             (known.empty() ? "none that are not fixed" : known);
    }
  }
  for (const Source &source : symbols) {
    if (source.isFixed()) {
      facts.substitutions.push_back(
          {source.symbol, std::to_string(source.max)});
      continue;
    }
    // Also where it is 0: so that symbols come in the order of the inputs.
    facts.lowerBounds.emplace_back(source.symbol, source.min);
    if (source.max >= 0) {
      ExprPool pool;
      Expr room =
          pool.sub(pool.integer(source.max), pool.symbol(source.symbol));
      facts.nonNegative.push_back(pool.print(room));
    }
  }
  return std::nullopt;
}

llvm::StringSet<> symbolsIn(llvm::StringRef text) {
  ExprPool pool;
  llvm::StringSet<> names;
  if (std::optional<Expr> expr = pool.parse({text.data(), text.size()}))
    for (Expr node : pool.reachable(*expr))
      if (pool.kind(node) == ExprKind::Symbol)
        names.insert({pool.name(node).data(), pool.name(node).size()});
  return names;
}

bool InputSymbols::isShared(llvm::StringRef symbol,
                            const ShapeFacts &facts) const {
  llvm::StringSet<> pinned;
  pinned.insert(symbol);
  // Latest first: an earlier value may mention a symbol that was solved later.
  for (const ShapeFacts::Substitution &s : llvm::reverse(facts.substitutions))
    for (auto &name : symbolsIn(s.value))
      if (pinned.contains(name.getKey()))
        pinned.insert(s.symbol);
  llvm::StringMap<unsigned> uses;
  for (const std::vector<Dim> &input : inputs) {
    for (const Dim &dim : input) {
      if (dim.isSymbol)
        ++uses[dim.text];
      else if (!dim.number)
        for (auto &name : symbolsIn(dim.text))
          ++uses[name.getKey()];
    }
  }
  return llvm::any_of(uses, [&](auto &use) {
    return use.second > 1 && pinned.contains(use.first());
  });
}

ShapeContext::Dims InputSymbols::dims(size_t i, ShapeContext &shapes) const {
  ShapeContext::Dims result;
  for (const Dim &dim : inputs[i])
    result.push_back(dim.number     ? shapes.pool().integer(*dim.number)
                     : dim.isSymbol ? shapes.pool().symbol(dim.text)
                                    : shapes.parse(dim.text));
  return result;
}

} // namespace ingot::onnx
