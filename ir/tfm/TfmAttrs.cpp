#include "ir/expr/Expr.h"
#include "ir/expr/Syntax.h"
#include "ir/tfm/Tfm.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "ir/tfm/TfmEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/tfm/TfmAttrs.cpp.inc"

namespace ingot::tfm {

void TfmDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ir/tfm/TfmAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Dims
//===----------------------------------------------------------------------===//

namespace {
std::optional<int64_t> numberOf(llvm::StringRef text) {
  int64_t value;
  if (text.getAsInteger(10, value))
    return std::nullopt;
  return value;
}

/// Collects the tokens of one expression of a dims list as text for
/// ExprPool::parse, up to a `,` or `>` of this level.
class ExprTokens {
public:
  explicit ExprTokens(AsmParser &parser) : parser(parser) {}

  ParseResult expression(std::string &text) {
    if (operand(text))
      return failure();
    while (true) {
      StringRef keyword;
      if (succeeded(parser.parseOptionalPlus()))
        text += " + ";
      else if (succeeded(parser.parseOptionalMinus()))
        text += " - ";
      else if (succeeded(parser.parseOptionalStar()))
        text += "*";
      else if (succeeded(parser.parseOptionalKeyword(&keyword, kInfix)))
        (text += " ").append(keyword).append(" ");
      else
        return success();
      if (operand(text))
        return failure();
    }
  }

private:
  static constexpr StringRef kInfix[] = {"floordiv", "ceildiv", "truncdiv",
                                         "mod"};

  ParseResult operand(std::string &text) {
    if (++depth > 64)
      return parser.emitError(parser.getCurrentLocation(),
                              "expression is nested too deeply");
    ParseResult result = operandBody(text);
    --depth;
    return result;
  }

  ParseResult operandBody(std::string &text) {
    if (succeeded(parser.parseOptionalMinus())) {
      text += "-";
      return operand(text);
    }
    if (succeeded(parser.parseOptionalLParen())) {
      text += "(";
      if (expression(text) || parser.parseRParen())
        return failure();
      text += ")";
      return success();
    }
    APInt number;
    OptionalParseResult integer = parser.parseOptionalInteger(number);
    if (integer.has_value()) {
      text += llvm::toString(number, 10, /*Signed=*/true);
      return *integer;
    }
    std::string name;
    if (succeeded(parser.parseOptionalString(&name))) {
      text += quoteName(name);
      return success();
    }
    StringRef keyword;
    if (failed(parser.parseOptionalKeyword(&keyword)))
      return parser.emitError(parser.getCurrentLocation(),
                              "expected a number, a symbol or '('");
    if (failed(parser.parseOptionalLParen())) {
      text += keyword;
      return success();
    }
    if (keyword ==
        "expr") { // what MLIR's tokens cannot say, as the pool prints it
      if (parser.parseString(&name) || parser.parseRParen())
        return failure();
      text += "(" + name + ")";
      return success();
    }
    (text += keyword) += "(";
    do {
      if (expression(text))
        return failure();
      text += ", ";
    } while (succeeded(parser.parseOptionalComma()));
    text.resize(text.size() - 2);
    text += ")";
    return parser.parseRParen();
  }

  AsmParser &parser;
  unsigned depth = 0;
};

/// The end of the name in single quotes that starts at `at`, and the name.
size_t unquote(StringRef text, size_t at, std::string &name) {
  for (++at; at < text.size() && text[at] != '\''; ++at) {
    if (text[at] == '\\')
      ++at;
    name += text[at];
  }
  return at + 1;
}

/// Prints canonical text in tokens of MLIR, which has no single quotes and
/// would end a list at the `>` of a condition.
void printExpr(AsmPrinter &printer, StringRef text) {
  if (text.find_first_of("<>=!") != StringRef::npos ||
      text.contains("select(") || text.contains("int(")) {
    printer << "expr(";
    printer.printString(text);
    printer << ")";
    return;
  }
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\'') {
      printer << text[at++];
      continue;
    }
    std::string name;
    at = unquote(text, at, name);
    printer.printString(name);
  }
}
} // namespace

std::optional<int64_t> DimsAttr::constant(unsigned i) const {
  return numberOf(text(i));
}

bool DimsAttr::isStatic() const {
  for (unsigned i = 0; i < size(); ++i)
    if (!constant(i))
      return false;
  return true;
}

DimsAttr DimsAttr::get(MLIRContext *context, ArrayRef<std::string> texts) {
  SmallVector<StringAttr> attrs;
  for (const std::string &text : texts)
    attrs.push_back(StringAttr::get(context, text));
  return get(context, ArrayRef<StringAttr>(attrs));
}

DimsAttr DimsAttr::get(MLIRContext *context, ArrayRef<int64_t> values) {
  SmallVector<StringAttr> attrs;
  for (int64_t value : values)
    attrs.push_back(StringAttr::get(context, std::to_string(value)));
  return get(context, ArrayRef<StringAttr>(attrs));
}

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SmallVector<StringAttr> exprs;
  auto one = [&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    std::string text;
    if (ExprTokens(parser).expression(text))
      return failure();
    // A pool of its own: what is parsed is normalized before it becomes an
    // attribute, so that equal dims are one attribute.
    ExprPool pool;
    std::optional<Expr> expr = pool.parse(text);
    if (!expr || pool.failed() || !pool.indices(*expr).empty())
      return parser.emitError(loc, "'")
             << text << "' is no integer expression of symbols";
    std::string canonical = pool.print(*expr);
    if (canonical == "...")
      return parser.emitError(loc, "expression is too large");
    exprs.push_back(StringAttr::get(parser.getContext(), canonical));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, one))
    return {};
  return get(parser.getContext(), exprs);
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << "<";
  llvm::interleaveComma(getExprs(), printer,
                        [&](StringAttr e) { printExpr(printer, e); });
  printer << ">";
}

LogicalResult DimsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<StringAttr> exprs) {
  for (StringAttr expr : exprs)
    if (!expr || expr.getValue().empty())
      return emitError() << "an expression is missing";
  return success();
}

LogicalResult
DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                         function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != size())
    return emitError() << "dims " << *this << " do not fit a tensor of rank "
                       << shape.size();
  for (unsigned i = 0; i < size(); ++i)
    if (constant(i).value_or(ShapedType::kDynamic) != shape[i])
      return emitError() << "dim " << i << " is " << text(i)
                         << " in the encoding, but "
                         << (ShapedType::isDynamic(shape[i])
                                 ? "?"
                                 : std::to_string(shape[i]))
                         << " in the shape";
  if (isStatic())
    return emitError() << "a tensor with static dims carries no dims encoding";
  return success();
}

//===----------------------------------------------------------------------===//
// Scalar op
//===----------------------------------------------------------------------===//

Attribute ScalarOpAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  llvm::StringRef mnemonic;
  if (parser.parseKeyword(&mnemonic))
    return {};
  std::optional<ScalarOp> op = scalarOpOf({mnemonic.data(), mnemonic.size()});
  if (!op)
    return parser.emitError(loc, "'")
               << mnemonic << "' is not in the scalar table",
           Attribute();
  return get(parser.getContext(), *op);
}

void ScalarOpAttr::print(AsmPrinter &printer) const {
  // As attributes of enums print: the space follows the attribute's mnemonic.
  printer << ' ' << stringifyEnum(getValue());
}

} // namespace ingot::tfm
