#include "codegen/cuda/ScalarPrinter.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Error.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

static std::string str(const Twine &text) { return text.str(); }

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

std::string lanesTypeName(StringRef element, unsigned width) {
  return ("Lanes<" + element + ", " + Twine(width) + ">").str();
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
bool ScalarPrinter::reads(Value value) {
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
const llvm::SmallSet<int, 8> &ScalarPrinter::demand(Value value) {
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

std::string ScalarPrinter::statement(Scope &scope, StringRef type,
                                     const std::string &expression) {
  for (Scope *outer = &scope; outer; outer = outer->parent)
    if (auto it = outer->byText.find(expression); it != outer->byText.end())
      return it->second;
  std::string name = fresh();
  scope.statements.push_back(
      {name, expression, str(type + " " + name + " = " + expression + ";")});
  return scope.byText[expression] = name;
}

std::string ScalarPrinter::emit(Value value, Scope &scope) {
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

std::string fromMemory(Type element, const std::string &text) {
  if (element.isInteger(1))
    return text + " != 0";
  return element.isF16() || element.isBF16() ? "to_f32(" + text + ")" : text;
}

std::string ScalarPrinter::typeOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (unsigned width = widths.lookup(op))
    return lanesTypeName(memoryTypeName(elementOf(cast<tfm::LoadOp>(op))),
                         width);
  return scalarTypeName(value.getType()).str();
}

/// Whether all that becomes of `value` is a number of 16 bits, or a product
/// that is: digits which the rounding drops need not be computed.
static bool isRoundedAtOnce(Value value) {
  auto isHalf = [](Type type) { return type.isF16() || type.isBF16(); };
  if (isHalf(value.getType()))
    return true;
  if (!value.hasOneUse())
    return false;
  Operation *user = *value.user_begin();
  if (auto apply = dyn_cast<tfm::ApplyOp>(user))
    return apply.getOp().getValue() == ScalarOp::Mul &&
           isRoundedAtOnce(apply.getResult());
  return isa<tfm::ConvertOp>(user) && isHalf(user->getResult(0).getType());
}

/// Whether it is a quotient by a number that is rounded to 8 bits at once. By a
/// power of two it is a product, which the compiler knows.
static bool isQuotientOfByte(tfm::ApplyOp apply) {
  FloatAttr divisor;
  if (apply.getOp().getValue() != ScalarOp::Div || !apply->hasOneUse() ||
      !matchPattern(apply.getOperands()[1], m_Constant(&divisor)) ||
      divisor.getValue().getExactInverse(nullptr))
    return false;
  auto convert = dyn_cast<tfm::ConvertOp>(*apply->user_begin());
  double size = std::abs(divisor.getValueAsDouble());
  return convert && isa<FloatType>(convert.getType()) &&
         convert.getType().getIntOrFloatBitWidth() == 8 && size >= 0x1p-60 &&
         size <= 0x1p60;
}

/// Whether kernels/rough.cuh has it.
static bool hasRough(ScalarOp kind) {
  return kind == ScalarOp::Gelu || kind == ScalarOp::GeluTanh ||
         kind == ScalarOp::GeluSigmoid || kind == ScalarOp::Silu ||
         kind == ScalarOp::Sigmoid;
}

std::string ScalarPrinter::define(Operation *op, Scope &scope) {
  if (intercept && isa<tfm::LoadOp, tfm::CheckIndexOp>(op) && intercept(op))
    return root.names[op->getResult(0)];
  Type type = op->getResult(0).getType();
  StringRef typeName = scalarTypeName(type);
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
        StringRef operations = operationsOf(apply.getOperands()[0].getType());
        if (operations == "F32" &&
            (isQuotientOfByte(apply) ||
             (hasRough(kind) && isRoundedAtOnce(apply.getResult()))))
          operations = "Rough";
        return statement(scope, typeName,
                         str(operations + "::" + mnemonic + "(" +
                             llvm::join(operands, ", ") + ")"));
      })
      .Case([&](tfm::ChooseOp chooseOp) { return choose(chooseOp, scope); })
      .Case([&](tfm::ConvertOp convert) {
        Type from = convert.getInput().getType();
        std::string x = emit(convert.getInput(), scope);
        // What is rounded to 8 bits is stored next, which rounds it.
        if (from == type ||
            (isa<FloatType>(type) && type.getIntOrFloatBitWidth() == 8))
          return x;
        if (type.isInteger(1))
          return statement(scope, typeName, x + " != 0");
        if (type.isInteger(64) && isa<FloatType>(from))
          return statement(scope, typeName, "to_i64(" + x + ")");
        if (type.isF16() || type.isBF16())
          return statement(
              scope, typeName,
              str("to_f32(to_" + memoryTypeName(type) + "((float)" + x + "))"));
        return statement(scope, typeName,
                         str("(" + scalarTypeName(type) + ")" + x));
      })
      .Case([&](tfm::LoadOp load) {
        assert(load.getCoordinates().size() == 1 &&
               "loads of kernels are flat");
        std::string tensor = emit(load.getTensor(), scope),
                    at = emit(load.getCoordinates()[0], scope);
        if (unsigned width = widths.lookup(op))
          return statement(scope, typeOf(load),
                           str("load_lanes<" + Twine(width) + ">(" + tensor +
                               " + " + at + ")"));
        return statement(scope, typeName,
                         fromMemory(elementOf(load), tensor + "[" + at + "]"));
      })
      .Case([&](tfm::CheckIndexOp check) {
        std::string index = emit(check.getIndex(), scope);
        std::string extent = emit(check.getExtent(), scope);
        return statement(scope, typeName,
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

std::string ScalarPrinter::choose(tfm::ChooseOp op, Scope &scope) {
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
  StringRef type = scalarTypeName(op.getType());
  if (x && y)
    return statement(scope, type, condition + " ? " + *x + " : " + *y);
  std::string name = fresh();
  auto side = [&](const Scope &inner, const std::string &result) {
    return render(inner, 2) + "  " + name + " = " + result + ";\n}";
  };
  scope.statements.push_back(
      {"", "",
       str(type + " " + name + ";\nif (" + condition + ") {\n" + side(yes, a) +
           " else {\n" + side(no, b))});
  return name;
}

std::string ScalarPrinter::names(ValueRange values) {
  std::vector<std::string> each;
  for (Value value : values)
    each.push_back(name(value));
  std::string list = llvm::join(each, ", ");
  return each.size() == 1 ? list : "{" + list + "}";
}

void ScalarPrinter::assign(Value value, StringRef target,
                           ArrayRef<Term> terms) {
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

void ScalarPrinter::declare(Value value, StringRef target,
                            ArrayRef<Term> terms) {
  root.statements.push_back(
      {"", "", str(typeOf(value) + " " + target + " = {};")});
  assign(value, target, terms);
}

std::string ScalarPrinter::render(const Scope &scope, unsigned indent) {
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

std::string printRegion(Block &region, ArrayRef<std::string> arguments,
                        unsigned indent) {
  ScalarPrinter printer(region, arguments);
  std::string results = printer.names(region.getTerminator()->getOperands());
  return printer.text(indent) + std::string(indent, ' ') + "return " + results +
         ";\n";
}

} // namespace ingot::cuda
