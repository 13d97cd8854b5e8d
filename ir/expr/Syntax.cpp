//===- Syntax.cpp - Recursive descent over the text of expressions -------===//
#include "ir/expr/Syntax.h"

#include <charconv>
#include <optional>

namespace ingot {

namespace {
constexpr size_t kMaxText = size_t(1) << 16;
constexpr unsigned kMaxNesting = 100;

struct Function {
  std::string_view name;
  Step step;
  size_t operands;
};
constexpr Function kFunctions[] = {
    {"max", Step::Max, 2},       {"min", Step::Min, 2},
    {"abs", Step::Abs, 1},       {"sign", Step::Sign, 1},
    {"wrap", Step::Wrap, 2},     {"int", Step::ToInt, 1},
    {"select", Step::Select, 3},
};

/// Every rule returns the type of what it read (Int or Bool), or nothing.
class Reader {
public:
  using Type = std::optional<ExprType>;
  explicit Reader(std::string_view text) : text(text) {}

  Type whole() {
    Type t = disjunction();
    skipSpace();
    return at == text.size() ? t : std::nullopt;
  }

  std::vector<Instruction> steps;

private:
  void skipSpace() {
    while (at < text.size() &&
           (text[at] == ' ' || text[at] == '\t' || text[at] == '\n'))
      ++at;
  }
  char peek() { return at < text.size() ? text[at] : '\0'; }
  bool eat(std::string_view token) {
    skipSpace();
    if (!text.substr(at).starts_with(token))
      return false;
    if (isNameStart(token[0]) && at + token.size() < text.size() &&
        isNamePart(text[at + token.size()]))
      return false;
    at += token.size();
    return true;
  }
  Type emit(Step step, Type result) {
    steps.push_back({step});
    return result;
  }

  /// Left-associative list of one operator and type.
  Type chain(std::string_view word, Step step, Type (Reader::*operand)()) {
    Type t = (this->*operand)();
    while (t && eat(word)) {
      if (t != ExprType::Bool || (this->*operand)() != ExprType::Bool)
        return std::nullopt;
      emit(step, t);
    }
    return t;
  }
  Type disjunction() {
    if (++nesting > kMaxNesting)
      return std::nullopt;
    Type t = chain("or", Step::Or, &Reader::conjunction);
    --nesting;
    return t;
  }
  Type conjunction() { return chain("and", Step::And, &Reader::negation); }
  Type negation() {
    if (!eat("not"))
      return comparison();
    if (++nesting > kMaxNesting)
      return std::nullopt;
    Type t = negation();
    --nesting;
    return t == ExprType::Bool ? emit(Step::Not, t) : std::nullopt;
  }
  Type comparison() {
    Type t = sum();
    if (t != ExprType::Int)
      return t;
    constexpr std::pair<std::string_view, Step> kRelations[] = {
        {">=", Step::Ge}, {"<=", Step::Le}, {"==", Step::Eq},
        {"!=", Step::Ne}, {">", Step::Gt},  {"<", Step::Lt}};
    for (auto [token, step] : kRelations)
      if (eat(token))
        return sum() == ExprType::Int ? emit(step, ExprType::Bool)
                                      : std::nullopt;
    return t;
  }
  Type binary(Step step, Type (Reader::*operand)()) {
    if ((this->*operand)() != ExprType::Int)
      return std::nullopt;
    return emit(step, ExprType::Int);
  }
  Type sum() {
    Type t = product();
    while (t == ExprType::Int) {
      if (eat("+"))
        t = binary(Step::Add, &Reader::product);
      else if (eat("-"))
        t = binary(Step::Sub, &Reader::product);
      else
        break;
    }
    return t;
  }
  Type product() {
    constexpr std::pair<std::string_view, Step> kOperators[] = {
        {"*", Step::Mul},
        {"//", Step::FloorDiv},
        {"%", Step::Mod},
        {"floordiv", Step::FloorDiv},
        {"ceildiv", Step::CeilDiv},
        {"mod", Step::Mod},
        {"truncdiv", Step::TruncDiv}};
    Type t = unary();
    while (t == ExprType::Int) {
      bool found = false;
      for (auto [token, step] : kOperators)
        if (!found && eat(token)) {
          found = true;
          t = binary(step, &Reader::unary);
        }
      if (!found)
        break;
    }
    return t;
  }
  Type unary() {
    if (!eat("-"))
      return power();
    skipSpace();
    if (peek() >= '0' && peek() <= '9') {
      size_t start = at;
      if (!number("-"))
        return std::nullopt;
      if (!eat("**"))
        return ExprType::Int;
      at = start; // -2**2 is -(2**2)
      steps.pop_back();
    }
    if (++nesting > kMaxNesting)
      return std::nullopt;
    Type t = unary();
    --nesting;
    return t == ExprType::Int ? emit(Step::Negate, t) : std::nullopt;
  }
  Type power() {
    Type t = primary();
    if (t != ExprType::Int || !eat("**"))
      return t;
    skipSpace();
    if (!number(""))
      return std::nullopt;
    Instruction exponent = steps.back();
    steps.back() = {Step::Power, exponent.number};
    return exponent.number <= 8 ? t : std::nullopt;
  }
  Type number(std::string_view sign) {
    size_t end = at;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9')
      ++end;
    if (end == at || (end < text.size() && isNamePart(text[end])))
      return std::nullopt;
    std::string digits =
        std::string(sign) + std::string(text.substr(at, end - at));
    Instruction i{Step::Number};
    auto [rest, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), i.number);
    if (error != std::errc() || rest != digits.data() + digits.size())
      return std::nullopt;
    at = end;
    steps.push_back(i);
    return ExprType::Int;
  }
  std::optional<std::string> name() {
    std::string result;
    if (peek() != '\'') {
      while (at < text.size() && isNamePart(text[at]))
        result += text[at++];
      return result.empty() || !isNameStart(result[0]) || isReservedWord(result)
                 ? std::nullopt
                 : std::optional(result);
    }
    for (++at; at < text.size() && text[at] != '\''; ++at) {
      if (text[at] == '\\' && ++at == text.size())
        return std::nullopt;
      result += text[at];
    }
    if (at == text.size())
      return std::nullopt;
    ++at;
    return result;
  }
  Type primary() {
    skipSpace();
    if (eat("(")) {
      Type t = disjunction();
      return t && eat(")") ? t : std::nullopt;
    }
    if (eat("true"))
      return constant(true);
    if (eat("false"))
      return constant(false);
    if (peek() >= '0' && peek() <= '9')
      return number("");
    bool isIndex = eat("%");
    bool quoted = peek() == '\'';
    auto word = name();
    if (!word)
      return std::nullopt;
    if (!isIndex && !quoted && eat("("))
      return call(*word);
    Step step = !isIndex ? Step::Symbol : Step::KnownIndex;
    if (isIndex && peek() == '[') {
      ++at;
      if (disjunction() != ExprType::Int || !eat("]"))
        return std::nullopt;
      step = Step::Index;
    }
    steps.push_back({step, 0, *word});
    return ExprType::Int;
  }
  Type constant(bool value) {
    steps.push_back({Step::Boolean, value});
    return ExprType::Bool;
  }
  Type call(std::string_view word) {
    for (const Function &f : kFunctions) {
      if (f.name != word)
        continue;
      std::vector<ExprType> types;
      do {
        Type t = disjunction();
        if (!t)
          return std::nullopt;
        types.push_back(*t);
      } while (eat(","));
      if (!eat(")") || types.size() != f.operands)
        return std::nullopt;
      ExprType first = f.step == Step::Select || f.step == Step::ToInt
                           ? ExprType::Bool
                           : ExprType::Int;
      if (types[0] != first ||
          (types.size() == 2 && types[1] != ExprType::Int) ||
          (types.size() == 3 && types[1] != types[2]))
        return std::nullopt;
      return emit(f.step, f.step == Step::Select ? types[1] : ExprType::Int);
    }
    return std::nullopt;
  }

  std::string_view text;
  size_t at = 0;
  unsigned nesting = 0;
};
} // namespace

std::optional<std::vector<Instruction>> readSyntax(std::string_view text,
                                                   ExprType type) {
  if (text.size() > kMaxText)
    return std::nullopt;
  Reader reader(text);
  if (reader.whole() != type)
    return std::nullopt;
  return std::move(reader.steps);
}

} // namespace ingot
