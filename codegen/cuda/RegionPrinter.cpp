#include "codegen/cuda/RegionPrinter.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Error.h"

#include <deque>

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

static std::string str(const Twine &text) { return text.str(); }

namespace {
/// A block of C++ being written. Scopes nest as conditions do.
struct Scope {
  Scope *parent = nullptr;
  struct Statement {
    std::string name, expression; ///< empty: only text
    std::string text;
  };
  std::vector<Statement> statements;
  llvm::DenseMap<Value, std::string> names;
  llvm::StringMap<std::string> byText; ///< equal expressions are one

  /// Blocks under a further condition, in a region's load phase.
  struct Guarded {
    std::string condition;
    Value source;
    bool negated;
    Scope *scope;
  };
  std::vector<Guarded> guarded;
};

/// A condition of the region, or its opposite.
struct Term {
  Value condition;
  bool negated;
  bool operator==(const Term &other) const {
    return condition == other.condition && negated == other.negated;
  }
};
using Conjunction = SmallVector<Term, 2>;

class Printer {
public:
  Printer(Block &block, ArrayRef<std::string> arguments) {
    for (auto [argument, text] :
         llvm::zip_equal(block.getArguments(), arguments))
      root.names[argument] = text;
  }

  std::string name(Value value) { return emit(value, root); }
  std::string text(unsigned indent) { return render(root, indent); }

  /// From now on `value` is this text, wherever it is used.
  void bind(Value value, std::string text) {
    root.names[value] = std::move(text);
  }
  /// Called for a load or check before it is printed; true if it bound it.
  std::function<bool(Operation *)> intercept;

  /// Assigns `value` to `target` under all of `terms`.
  void assign(Value value, StringRef target, ArrayRef<Term> terms);

private:
  std::string emit(Value value, Scope &scope);
  std::string define(Operation *op, Scope &scope);
  std::string choose(tfm::ChooseOp op, Scope &scope);
  std::string statement(Scope &scope, Type type, const std::string &expression);
  std::string fresh() { return "v" + std::to_string(next++); }
  bool reads(Value value);
  const llvm::SmallSet<int, 8> &demand(Value value);
  std::string render(const Scope &scope, unsigned indent);

  Scope root;
  std::deque<Scope> scopes; ///< that stay after their text was made
  unsigned next = 0;
  llvm::DenseMap<Value, bool> readers;
  std::map<void *, llvm::SmallSet<int, 8>> demands;
  SmallVector<Operation *> readingOps;
};
} // namespace

StringRef memoryTypeName(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return "u8";
    case 8:
      return isUnsigned ? "u8" : "i8";
    case 16:
      return isUnsigned ? "u16" : "i16";
    case 32:
      return isUnsigned ? "u32" : "i32";
    case 64:
      return isUnsigned ? "u64" : "i64";
    default:
      return "";
    }
  }
  return llvm::TypeSwitch<Type, StringRef>(element)
      .Case([](Float64Type) { return "double"; })
      .Case([](Float32Type) { return "float"; })
      .Case([](Float16Type) { return "f16"; })
      .Case([](BFloat16Type) { return "bf16"; })
      .Default([](Type) { return ""; });
}

StringRef scalarTypeName(Type scalar) {
  if (scalar.isInteger(1))
    return "bool";
  if (scalar.isInteger(64))
    return "i64";
  return scalar.isF64() ? "double" : "float";
}

/// The struct of ops.cuh that holds the operations on a type.
static StringRef operationsOf(Type scalar) {
  if (scalar.isInteger(1))
    return "Bool";
  if (scalar.isInteger(64))
    return "I64";
  return scalar.isF64() ? "F64" : "F32";
}

std::string literal(int64_t value) {
  if (value == INT64_MIN)
    return "(-9223372036854775807ll - 1)";
  bool isLong = value != static_cast<int32_t>(value);
  return std::to_string(value) + (isLong ? "ll" : "");
}

static std::string literal(const llvm::APFloat &value, bool isDouble) {
  if (value.isNaN())
    return "bits_f32(0x7fc00000)";
  if (value.isInfinity())
    return value.isNegative() ? "bits_f32(0xff800000)" : "bits_f32(0x7f800000)";
  StringRef suffix = isDouble ? "" : "f";
  // Decimal where six digits say it all, else hexadecimal: exact either way.
  SmallString<32> decimal;
  value.toString(decimal, /*FormatPrecision=*/6, /*FormatMaxPadding=*/6);
  llvm::APFloat back(value.getSemantics());
  bool isExact =
      !llvm::errorToBool(
          back.convertFromString(decimal, llvm::APFloat::rmNearestTiesToEven)
              .takeError()) &&
      back.bitwiseIsEqual(value);
  if (isExact && decimal.size() <= 12) {
    bool hasPoint = StringRef(decimal).find_first_of(".eE") != StringRef::npos;
    return str(Twine(decimal) + (hasPoint ? "" : ".") + suffix);
  }
  char buffer[64];
  buffer[value.convertToHexString(buffer, /*hexDigits=*/0, /*upperCase=*/false,
                                  llvm::APFloat::rmNearestTiesToEven)] = 0;
  return buffer + suffix.str();
}

std::string literal(double value) {
  return literal(llvm::APFloat(static_cast<float>(value)), false);
}

std::string literal(TypedAttr value) {
  if (auto integer = dyn_cast<IntegerAttr>(value)) {
    if (integer.getType().isInteger(1))
      return integer.getValue().isZero() ? "false" : "true";
    return literal(integer.getValue().getSExtValue());
  }
  return literal(cast<FloatAttr>(value).getValue(), value.getType().isF64());
}

/// Whether computing `value` loads or checks an index: it then stays under its
/// condition.
bool Printer::reads(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  auto [it, isNew] = readers.try_emplace(value, false);
  if (!isNew)
    return it->second;
  bool result = isa<tfm::LoadOp, tfm::CheckIndexOp>(op);
  for (Value operand : op->getOperands())
    if (!isa<RankedTensorType>(operand.getType()))
      result |= reads(operand);
  return readers[value] = result;
}

/// The reading operations that every evaluation of `value` runs, as positions
/// in `readingOps`.
const llvm::SmallSet<int, 8> &Printer::demand(Value value) {
  auto [it, isNew] = demands.try_emplace(value.getAsOpaquePointer());
  Operation *op = value.getDefiningOp();
  if (!isNew || !op || !reads(value))
    return it->second;
  llvm::SmallSet<int, 8> result;
  auto add = [&](Value operand) {
    for (int number : demand(operand))
      result.insert(number);
  };
  if (auto choose = dyn_cast<tfm::ChooseOp>(op)) {
    add(choose.getCondition());
    const llvm::SmallSet<int, 8> &no = demand(choose.getFalseValue());
    for (int number : demand(choose.getTrueValue()))
      if (no.contains(number))
        result.insert(number);
  } else {
    for (Value operand : op->getOperands())
      if (!isa<RankedTensorType>(operand.getType()))
        add(operand);
  }
  if (isa<tfm::LoadOp, tfm::CheckIndexOp>(op)) {
    result.insert(static_cast<int>(readingOps.size()));
    readingOps.push_back(op);
  }
  return demands[value.getAsOpaquePointer()] = std::move(result);
}

std::string Printer::statement(Scope &scope, Type type,
                               const std::string &expression) {
  for (Scope *outer = &scope; outer; outer = outer->parent)
    if (auto it = outer->byText.find(expression); it != outer->byText.end())
      return it->second;
  std::string name = fresh();
  scope.statements.push_back(
      {name, expression,
       str(scalarTypeName(type) + " " + name + " = " + expression + ";")});
  return scope.byText[expression] = name;
}

std::string Printer::emit(Value value, Scope &scope) {
  for (Scope *outer = &scope; outer; outer = outer->parent)
    if (auto it = outer->names.find(value); it != outer->names.end())
      return it->second;
  Operation *op = value.getDefiningOp();
  assert(op && "a region argument was not bound");
  // What cannot fault is computed once, outside of all conditions: its text
  // comes before theirs.
  Scope &home = reads(value) ? scope : root;
  std::string name = define(op, home);
  home.names[value] = name;
  return name;
}

std::string Printer::define(Operation *op, Scope &scope) {
  if (intercept && isa<tfm::LoadOp, tfm::CheckIndexOp>(op) && intercept(op))
    return root.names[op->getResult(0)];
  Type type = op->getResult(0).getType();
  return llvm::TypeSwitch<Operation *, std::string>(op)
      .Case([&](arith::ConstantOp constant) {
        return literal(constant.getValue());
      })
      .Case([&](tfm::ApplyOp apply) {
        ScalarOp kind = apply.getOp().getValue();
        SmallVector<std::string> operands;
        for (Value operand : apply.getOperands())
          operands.push_back(emit(operand, scope));
        std::string mnemonic(scalarMnemonic(kind));
        FloatAttr exponent;
        if (kind == ScalarOp::Pow &&
            matchPattern(apply.getOperands()[1], m_Constant(&exponent)) &&
            exponent.getValueAsDouble() == 2) {
          mnemonic = "mul";
          operands[1] = operands[0];
        }
        if (scalarClass(kind) == ScalarClass::Logic)
          mnemonic += "_"; // and, or, not are words of C++
        return statement(scope, type,
                         str(operationsOf(apply.getOperands()[0].getType()) +
                             "::" + mnemonic + "(" +
                             llvm::join(operands, ", ") + ")"));
      })
      .Case([&](tfm::ChooseOp chooseOp) { return choose(chooseOp, scope); })
      .Case([&](tfm::ConvertOp convert) {
        Type from = convert.getInput().getType();
        std::string x = emit(convert.getInput(), scope);
        if (from == type)
          return x;
        if (type.isInteger(1))
          return statement(scope, type, x + " != 0");
        if (type.isInteger(64) && isa<FloatType>(from))
          return statement(scope, type, "to_i64(" + x + ")");
        if (type.isF16() || type.isBF16())
          return statement(
              scope, type,
              str("to_f32(to_" + memoryTypeName(type) + "((float)" + x + "))"));
        return statement(scope, type,
                         str("(" + scalarTypeName(type) + ")" + x));
      })
      .Case([&](tfm::LoadOp load) {
        assert(load.getCoordinates().size() == 1 &&
               "loads of kernels are flat");
        Type element =
            cast<RankedTensorType>(load.getTensor().getType()).getElementType();
        std::string at = emit(load.getTensor(), scope) + "[" +
                         emit(load.getCoordinates()[0], scope) + "]";
        if (element.isInteger(1))
          at += " != 0";
        if (element.isF16() || element.isBF16())
          at = "to_f32(" + at + ")";
        return statement(scope, type, at);
      })
      .Case([&](tfm::CheckIndexOp check) {
        std::string index = emit(check.getIndex(), scope);
        std::string extent = emit(check.getExtent(), scope);
        return statement(scope, type,
                         "check_index(" + index + ", " + extent +
                             ", status, step)");
      })
      .Default([](Operation *) -> std::string {
        llvm_unreachable("not an operation of scalar regions");
      });
}

/// What a side of a choice is as an expression: its one statement, or nothing.
static std::optional<std::string> expressionOf(const Scope &side,
                                               const std::string &result) {
  if (side.statements.empty())
    return result;
  const Scope::Statement &only = side.statements.front();
  if (side.statements.size() > 1 || only.name != result ||
      only.expression.empty() || only.expression.size() > 50)
    return std::nullopt;
  return StringRef(only.expression).contains('?') ? "(" + only.expression + ")"
                                                  : only.expression;
}

std::string Printer::choose(tfm::ChooseOp op, Scope &scope) {
  std::string condition = emit(op.getCondition(), scope);
  if (condition == "true" || condition == "false")
    return emit(condition == "true" ? op.getTrueValue() : op.getFalseValue(),
                scope);
  // What both sides read is read before, once.
  SmallVector<int> both;
  for (int number : demand(op.getResult()))
    both.push_back(number);
  llvm::sort(both, [&](int a, int b) {
    return readingOps[a]->isBeforeInBlock(readingOps[b]);
  });
  for (int number : both)
    emit(readingOps[number]->getResult(0), scope);
  Scope yes, no;
  yes.parent = no.parent = &scope;
  std::string a = emit(op.getTrueValue(), yes);
  std::string b = emit(op.getFalseValue(), no);
  if (a == b && yes.statements.empty() && no.statements.empty())
    return a;
  std::optional<std::string> x = expressionOf(yes, a), y = expressionOf(no, b);
  Type type = op.getType();
  if (x && y)
    return statement(scope, type, condition + " ? " + *x + " : " + *y);
  std::string name = fresh();
  auto side = [&](const Scope &inner, const std::string &result) {
    return render(inner, 2) + "  " + name + " = " + result + ";\n}";
  };
  scope.statements.push_back(
      {"", "",
       str(scalarTypeName(type) + " " + name + ";\nif (" + condition + ") {\n" +
           side(yes, a) + " else {\n" + side(no, b))});
  return name;
}

void Printer::assign(Value value, StringRef target, ArrayRef<Term> terms) {
  Scope *scope = &root;
  for (const Term &term : terms) {
    std::string condition = emit(term.condition, *scope);
    auto found = llvm::find_if(scope->guarded, [&](const Scope::Guarded &g) {
      return g.source == term.condition && g.negated == term.negated;
    });
    if (found == scope->guarded.end()) {
      scopes.emplace_back();
      scopes.back().parent = scope;
      scope->guarded.push_back({(term.negated ? "!" : "") + condition,
                                term.condition, term.negated, &scopes.back()});
      scope = &scopes.back();
    } else {
      scope = found->scope;
    }
  }
  std::string name = emit(value, *scope);
  scope->statements.push_back({"", "", str(target + " = " + name + ";")});
}

std::string Printer::render(const Scope &scope, unsigned indent) {
  std::string result;
  auto add = [&](StringRef text, unsigned by) {
    SmallVector<StringRef> lines;
    text.split(lines, '\n', -1, /*KeepEmpty=*/false);
    for (StringRef line : lines)
      result += str(Twine(std::string(by, ' ')) + line + "\n");
  };
  for (const Scope::Statement &statement : scope.statements)
    add(statement.text, indent);
  for (const Scope::Guarded &inner : scope.guarded) {
    add("if (" + inner.condition + ") {", indent);
    result += render(*inner.scope, indent + 2);
    add("}", indent);
  }
  return result;
}

static Value yieldedBy(Block &block) {
  auto yield = cast<tfm::YieldOp>(block.getTerminator());
  assert(yield.getValues().size() == 1 && "kernels store one value an element");
  return yield.getValues()[0];
}

std::string printRegion(Block &region, ArrayRef<std::string> arguments,
                        unsigned indent) {
  Printer printer(region, arguments);
  std::string result = printer.name(yieldedBy(region));
  return printer.text(indent) + std::string(indent, ' ') + "return " + result +
         ";\n";
}

namespace {
/// When each value of a region is needed: under one conjunction, or under
/// several (then there is none).
class Needs {
public:
  explicit Needs(Block &block) {
    add(yieldedBy(block), Conjunction());
    for (Operation &op : llvm::reverse(block.without_terminator())) {
      auto own = needs.find(op.getResult(0));
      if (own == needs.end())
        continue;
      std::optional<Conjunction> terms = own->second;
      auto choose = dyn_cast<tfm::ChooseOp>(&op);
      for (OpOperand &operand : op.getOpOperands()) {
        std::optional<Conjunction> inner = terms;
        if (choose && operand.getOperandNumber() > 0 && inner)
          inner->push_back(
              {choose.getCondition(), operand.getOperandNumber() == 2});
        add(operand.get(), inner);
      }
    }
  }
  std::optional<Conjunction> of(Value value) const {
    return needs.lookup(value);
  }

private:
  void add(Value value, const std::optional<Conjunction> &terms) {
    auto [it, isNew] = needs.try_emplace(value, terms);
    if (isNew || it->second == terms)
      return;
    std::optional<Conjunction> &own = it->second;
    if (!own || !terms) {
      bool always = (own && own->empty()) || (terms && terms->empty());
      own = always ? std::optional(Conjunction()) : std::nullopt;
      return;
    }
    // Of two the shared beginning remains where one is it, or where they part
    // at a condition and its opposite.
    size_t shared = 0;
    while (shared < own->size() && shared < terms->size() &&
           (*own)[shared] == (*terms)[shared])
      ++shared;
    bool oneEnds = shared == own->size() || shared == terms->size();
    bool opposite = !oneEnds && own->size() == shared + 1 &&
                    terms->size() == shared + 1 &&
                    (*own)[shared].condition == (*terms)[shared].condition;
    if (oneEnds || opposite)
      own->truncate(shared);
    else
      own = std::nullopt;
  }
  llvm::DenseMap<Value, std::optional<Conjunction>> needs;
};

/// The values of a region that are computed from `value`, and it.
llvm::DenseSet<Value> dependents(Block &block, Value value) {
  llvm::DenseSet<Value> result{value};
  for (Operation &op : block.without_terminator())
    if (llvm::any_of(op.getOperands(),
                     [&](Value operand) { return result.contains(operand); }))
      result.insert(op.getResult(0));
  return result;
}
} // namespace

TwoPhases printTwoPhases(Block &region, ArrayRef<std::string> arguments,
                         Value late, unsigned indent) {
  Needs needs(region);
  llvm::DenseSet<Value> isLate = dependents(region, late);
  TwoPhases result;
  std::string space(indent, ' ');
  SmallVector<Operation *> early;
  Printer apply(region, arguments);
  apply.intercept = [&](Operation *op) {
    Value value = op->getResult(0);
    std::optional<Conjunction> terms = needs.of(value);
    if (!terms || isLate.contains(value) ||
        llvm::any_of(*terms, [&](const Term &term) {
          return isLate.contains(term.condition);
        }))
      return false;
    apply.bind(value, "in.x" + std::to_string(early.size()));
    early.push_back(op);
    return true;
  };
  std::string yielded = apply.name(yieldedBy(region));
  result.apply = apply.text(indent) + space + "return " + yielded + ";\n";

  Printer load(region, arguments);
  for (auto [i, op] : llvm::enumerate(early)) {
    std::string field = "x" + std::to_string(i);
    Value value = op->getResult(0);
    result.fields += str(scalarTypeName(value.getType()) + " " + field + "; ");
    load.assign(value, "in." + field, *needs.of(value));
  }
  result.load =
      space + "Loads in = {};\n" + load.text(indent) + space + "return in;\n";
  return result;
}

} // namespace ingot::cuda
