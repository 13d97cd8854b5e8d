#include "ir/expr/ExprImpl.h"

#include "ir/expr/Syntax.h"

#include <algorithm>
#include <charconv>

namespace ingot {

namespace {
enum Precedence { kOr, kAnd, kNot, kCompare, kSum, kProduct, kUnary, kPrimary };

struct Text {
  std::string text;
  Precedence precedence = kPrimary;
};

std::string spell(double value) {
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return {buffer, end};
}

std::string_view spell(ExprType type) {
  constexpr std::string_view kNames[] = {"int",  "bool", "f16",
                                         "bf16", "f32",  "f64"};
  return kNames[static_cast<size_t>(type)];
}

std::string_view function(ExprKind kind) {
  switch (kind) {
  case ExprKind::Max:
    return "max";
  case ExprKind::Min:
    return "min";
  case ExprKind::Wrap:
    return "wrap";
  case ExprKind::Select:
    return "select";
  case ExprKind::IsNaN:
    return "isnan";
  default:
    return "int"; // BoolToInt, FloatToInt
  }
}

class Printer {
public:
  Printer(const ExprPool::Impl &pool,
          const std::function<std::string(uint32_t)> &tensorName)
      : pool(pool), tensorName(tensorName) {}

  const Text &text(Expr e) {
    if (auto it = memo.find(e.id); it != memo.end())
      return it->second;
    Text made = compute(e);
    return memo.emplace(e.id, std::move(made)).first->second;
  }

private:
  std::string within(Expr e, Precedence least) {
    const Text &t = text(e);
    return t.precedence < least ? "(" + t.text + ")" : t.text;
  }

  std::string join(std::vector<std::string> parts, std::string_view by,
                   bool sorted) {
    if (sorted)
      std::ranges::sort(parts);
    std::string all;
    for (const std::string &p : parts)
      all += (all.empty() ? "" : std::string(by)) + p;
    return all;
  }

  std::vector<std::string> list(std::span<const Expr> all, Precedence least) {
    std::vector<std::string> parts;
    for (Expr e : all)
      parts.push_back(within(e, least));
    return parts;
  }

  /// |coefficient| * atoms; `negative` turns where an atom is written with the
  /// other sign.
  Text term(const PolyTerm &t, bool &negative) {
    std::span<const Expr> atoms = t.monomial->atoms;
    uint64_t c = t.coefficient < 0 ? 0 - static_cast<uint64_t>(t.coefficient)
                                   : static_cast<uint64_t>(t.coefficient);
    bool anySign = std::ranges::any_of(
        atoms, [&](Expr a) { return pool.kind(a) == ExprKind::Sign; });
    if (c == 1 && atoms.size() == 1 && !anySign)
      return text(atoms[0]);
    std::vector<std::string> parts;
    for (Expr a : atoms) {
      if (pool.kind(a) != ExprKind::Sign) {
        parts.push_back(within(a, kPrimary));
        continue;
      }
      auto [flipped, argument] = eitherSign(pool.operand(a, 0));
      negative ^= flipped;
      parts.push_back("sign(" + argument + ")");
    }
    std::ranges::sort(parts);
    if (c != 1 || atoms.empty())
      parts.insert(parts.begin(), std::to_string(c));
    return {join(parts, "*", false), parts.size() > 1 ? kProduct : kPrimary};
  }

  /// Positive terms, then negative ones, each by text, the constant last.
  Text sum(TermSpan terms) {
    struct Item {
      bool constant, negative;
      Text text;
    };
    std::vector<Item> items;
    bool anyPositive = false;
    for (const PolyTerm &t : terms) {
      bool negative = t.coefficient < 0;
      Text body = term(t, negative);
      items.push_back({t.monomial->atoms.empty(), negative, std::move(body)});
      anyPositive |= !items.back().constant && !items.back().negative;
    }
    if (items.empty())
      return {"0"};
    std::ranges::sort(items, [&](const Item &a, const Item &b) {
      // `3 - k` rather than `-k + 3`.
      auto rank = [&](const Item &i) {
        return i.constant   ? (anyPositive || i.negative ? 2 : 0)
               : i.negative ? 1
                            : 0;
      };
      if (rank(a) != rank(b))
        return rank(a) < rank(b);
      return a.text.text < b.text.text;
    });
    Text all;
    for (const Item &i : items) {
      bool first = all.text.empty();
      // 2^63 has no positive literal.
      bool extreme =
          i.negative && i.text.text.starts_with("9223372036854775808");
      Precedence least = first && i.negative ? kUnary : kProduct;
      std::string body = i.text.precedence < least &&
                                 !(first && i.text.precedence == kProduct &&
                                   i.text.text.find(' ') == std::string::npos)
                             ? "(" + i.text.text + ")"
                             : i.text.text;
      if (first)
        all.text = (i.negative ? "-" : "") + body;
      else
        all.text += (!i.negative ? " + " : extreme ? " + -" : " - ") + body;
      if (items.size() == 1)
        all.precedence = i.negative ? std::min(kUnary, i.text.precedence)
                                    : i.text.precedence;
    }
    if (items.size() > 1)
      all.precedence = kSum;
    return all;
  }

  /// p >= 0 or p == 0 with no minus: negative terms go to the right side.
  Text relation(Expr p, std::string_view sign) {
    PolyTerms left, right;
    for (const PolyTerm &t : pool.terms(p)) {
      if (t.coefficient == INT64_MIN)
        return {within(p, kSum) + " " + std::string(sign) + " 0", kCompare};
      if (t.coefficient > 0)
        left.push_back(t);
      else
        right.push_back({t.monomial, -t.coefficient});
    }
    // Which sign p has where it only counts whether it is 0 is the pool's
    // matter: texts are the same in every pool.
    auto isConstant = [](const PolyTerms &side) {
      return std::ranges::all_of(
          side, [](const PolyTerm &t) { return t.monomial->atoms.empty(); });
    };
    std::string l = sum(left).text, r = sum(right).text;
    if (sign != ">=" && !isConstant(right) && (isConstant(left) || r < l))
      std::swap(l, r);
    return {l + " " + std::string(sign) + " " + r, kCompare};
  }

  /// Of p and -p the text that reads better, and whether it is -p's: which of
  /// them abs and sign hold is the pool's matter.
  std::pair<bool, std::string> eitherSign(Expr p) {
    PolyTerms negated;
    for (const PolyTerm &t : pool.terms(p)) {
      if (t.coefficient == INT64_MIN)
        return {false, text(p).text};
      negated.push_back({t.monomial, -t.coefficient});
    }
    std::string a = text(p).text, b = sum(negated).text;
    auto key = [](const std::string &text) {
      return std::pair(text[0] < 'A', text);
    };
    bool flipped = key(b) < key(a);
    return {flipped, flipped ? b : a};
  }

  Text call(std::string_view name, std::span<const Expr> operands) {
    return {std::string(name) + "(" + join(list(operands, kOr), ", ", false) +
            ")"};
  }

  Text compute(Expr e) {
    const ExprNode &n = pool.node(e);
    std::span<const Expr> ops = n.operands;
    auto infix = [&](std::string_view word) -> Text {
      return {within(ops[0], kPrimary) + " " + std::string(word) + " " +
                  within(ops[1], kPrimary),
              kProduct};
    };
    switch (n.kind) {
    case ExprKind::Poly:
      return sum(n.terms);
    case ExprKind::Symbol:
      return {quoteName(pool.names[n.payload])};
    case ExprKind::Index: {
      uint32_t id = static_cast<uint32_t>(n.bits);
      std::string name = "%" + quoteName(pool.names[id]);
      if (pool.indicesByName.at(id).size() > 1)
        name += "[" + text(Expr{n.payload}).text + "]";
      return {name};
    }
    case ExprKind::FloorDiv:
      return infix("floordiv");
    case ExprKind::Mod:
      return infix("mod");
    case ExprKind::TruncDiv:
      return infix("truncdiv");
    case ExprKind::Max:
    case ExprKind::Min: {
      std::string args = join(list(ops, kOr), ", ", true);
      return {std::string(function(n.kind)) + "(" + args + ")"};
    }
    case ExprKind::Abs:
      return {"abs(" + eitherSign(ops[0]).second + ")"};
    case ExprKind::Sign: {
      auto [flipped, argument] = eitherSign(ops[0]);
      return {(flipped ? "-sign(" : "sign(") + argument + ")",
              flipped ? kUnary : kPrimary};
    }
    case ExprKind::Wrap:
    case ExprKind::Select:
    case ExprKind::BoolToInt:
    case ExprKind::FloatToInt:
    case ExprKind::IsNaN:
      return call(function(n.kind), ops);
    case ExprKind::Load: {
      std::string name =
          tensorName ? tensorName(n.payload) : "t" + std::to_string(n.payload);
      return {name + "[" + join(list(ops, kOr), ", ", false) + "]"};
    }
    case ExprKind::BoolConst:
      return {n.payload ? "true" : "false"};
    case ExprKind::Ge:
      return relation(ops[0], ">=");
    case ExprKind::Eq:
      return relation(ops[0], "==");
    case ExprKind::Not:
      if (pool.kind(ops[0]) == ExprKind::Eq)
        return relation(pool.operand(ops[0], 0), "!=");
      return {"not " + within(ops[0], kNot), kNot};
    case ExprKind::And:
      return {join(list(ops, kNot), " and ", true), kAnd};
    case ExprKind::Or:
      return {join(list(ops, kAnd), " or ", true), kOr};
    case ExprKind::Compare: {
      std::string_view sign = n.op == ScalarOp::Eq   ? " == "
                              : n.op == ScalarOp::Lt ? " < "
                                                     : " <= ";
      return {within(ops[0], kSum) + std::string(sign) + within(ops[1], kSum),
              kCompare};
    }
    case ExprKind::FloatConst: {
      double value = *pool.constantFloat(e);
      return {n.type == ExprType::F32 ? spell32(value) : spell(value),
              value < 0 ? kUnary : kPrimary};
    }
    case ExprKind::Apply:
      return call(scalarMnemonic(n.op), ops);
    case ExprKind::IntToFloat:
    case ExprKind::FloatCast:
      return call(spell(n.type), ops);
    }
    return {};
  }

  static std::string spell32(double value) {
    char buffer[32];
    auto end = std::to_chars(buffer, buffer + sizeof(buffer),
                             static_cast<float>(value))
                   .ptr;
    return {buffer, end};
  }

  const ExprPool::Impl &pool;
  const std::function<std::string(uint32_t)> &tensorName;
  std::unordered_map<uint32_t, Text> memo;
};
} // namespace

std::string
ExprPool::print(Expr e,
                const std::function<std::string(uint32_t)> &tensorName) const {
  // Shared nodes are written out each time: measure first.
  constexpr uint64_t kMaxWords = 20000;
  std::unordered_map<uint32_t, uint64_t> words;
  for (Expr x : impl->reachable(e, true)) {
    uint64_t total = 1;
    const ExprNode &n = impl->node(x);
    auto count = [&](Expr y) {
      total = std::min(kMaxWords + 1, total + words.at(y.id));
    };
    if (n.kind == ExprKind::Poly) {
      for (const PolyTerm &t : n.terms)
        for (Expr y : t.monomial->atoms)
          count(y);
    } else {
      for (Expr y : n.operands)
        count(y);
    }
    if (n.kind == ExprKind::Index)
      count(Expr{n.payload});
    words[x.id] = total;
  }
  if (words.at(e.id) > kMaxWords)
    return "...";
  return Printer(*impl, tensorName).text(e).text;
}

} // namespace ingot
