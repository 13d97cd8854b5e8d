#include "codegen/cuda/ScoreRegion.h"

#include "codegen/cuda/RegionNeeds.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

namespace {
/// What a value is computed from.
enum Source : unsigned {
  kProduct = 1,
  kQuery = 2,
  kKey = 4,
  kMemory = 8,
  kHead = 16 ///< where rows of a tile are of several
};
constexpr unsigned kQueryArgument = 3, kKeyArgument = 4;

/// A score that leaves its key no weight beside others.
bool isFill(Value value) {
  FloatAttr number;
  return matchPattern(value, m_Constant(&number)) &&
         number.getValueAsDouble() <= -1e30;
}

/// How much a value of i64 grows with the query and the key, where that is
/// always the same.
struct Slopes {
  int64_t query, key;
};

/// Comparisons of a query and a key, and what they are.
using Assumed = llvm::SmallMapVector<Value, bool, 2>;

class ScoreRegion {
public:
  ScoreRegion(Block &original, ArrayRef<std::string> names, double scale,
              bool packs)
      : names(names), scale(scale), packs(packs) {
    IRMapping mapping;
    original.getParent()->cloneInto(&holder, mapping);
    block = &holder.front();
    // What is read whatever the masks say may be read so afterwards too.
    needs.emplace(*block);
    distributeMasks();
    findTerms();
    findMasks();
  }

  std::string print();

private:
  struct Terms {
    StringRef type, member, function; ///< "Keys", "key", "keys"
    unsigned sources;                 ///< that it may be computed from
    llvm::MapVector<Value, unsigned> values = {};
  };

  unsigned sources(Value value);
  bool isWorthKeeping(Value value);
  bool canBeTerm(const Terms &terms, Value value);
  void distributeMasks();
  void findTerms();
  std::optional<Slopes> slopes(Value value);
  std::optional<bool> truth(Value condition, const Assumed &assumed);
  bool isFilled(Value value, const Assumed &assumed);
  void findMasks();
  bool selects();

  std::vector<std::string> arguments(StringRef query = "c[2]",
                                     StringRef key = "c[3]",
                                     StringRef rest = "c") const;
  std::string printTerms(const Terms &terms);
  std::string printKeeps();
  void bindTerms(ScalarPrinter &printer) const;

  ArrayRef<std::string> names;
  double scale;
  bool packs;
  Region holder;
  Block *block;
  std::optional<Needs> needs;
  Terms keys{"Keys", "key", "keys", kKey | kMemory},
      rows{"Rows", "row", "rows", kQuery | kMemory | kHead};
  Assumed masks; ///< where a pair is kept
  llvm::DenseMap<Value, unsigned> sourcesOf;
  llvm::DenseMap<Value, bool> worth;
};

unsigned ScoreRegion::sources(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    const unsigned ofArguments[] = {kProduct, 0, packs ? kHead : 0u, kQuery,
                                    kKey};
    unsigned number = argument.getArgNumber();
    return number < std::size(ofArguments) ? ofArguments[number] : 0;
  }
  if (auto it = sourcesOf.find(value); it != sourcesOf.end())
    return it->second;
  Operation *op = value.getDefiningOp();
  unsigned result = isa<tfm::LoadOp, tfm::CheckIndexOp>(op) ? kMemory : 0u;
  for (Value operand : op->getOperands())
    result |= sources(operand);
  return sourcesOf[value] = result;
}

/// Sums and comparisons of coordinates are quicker than what keeps them.
bool ScoreRegion::isWorthKeeping(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || isa<arith::ConstantOp>(op))
    return false;
  auto [it, isNew] = worth.try_emplace(value, false);
  if (!isNew)
    return it->second;
  bool isCheap = false;
  if (auto apply = dyn_cast<tfm::ApplyOp>(op)) {
    bool ofFloats = isa<FloatType>(apply.getOperands()[0].getType());
    switch (apply.getOp().getValue()) {
    case ScalarOp::Add:
    case ScalarOp::Sub:
    case ScalarOp::Mul:
    case ScalarOp::Neg:
      isCheap = !ofFloats;
      break;
    default:
      isCheap = !ofFloats && op->getResult(0).getType().isInteger(1);
    }
  } else if (isa<tfm::ChooseOp>(op)) {
    isCheap = !isa<FloatType>(op->getResult(0).getType());
  }
  bool result = !isCheap || llvm::any_of(op->getOperands(), [&](Value operand) {
    return isWorthKeeping(operand);
  });
  return worth[value] = result;
}

bool ScoreRegion::canBeTerm(const Terms &terms, Value value) {
  unsigned from = sources(value);
  if ((from & ~terms.sources) || !isWorthKeeping(value))
    return false;
  if (!(from & kMemory))
    return true;
  // It reads under conditions that are known then.
  std::optional<Conjunction> conditions = needs->of(value);
  return conditions && llvm::all_of(*conditions, [&](const Term &term) {
           return !(sources(term.condition) & ~terms.sources);
         });
}

/// x + choose(c, t, fill) to choose(c, x + t, fill) where c is of a query and a
/// key: it may be known for many pairs at once. A fill stays one, whatever is
/// added to it.
void ScoreRegion::distributeMasks() {
  for (Operation &op :
       llvm::make_early_inc_range(block->without_terminator())) {
    auto sum = dyn_cast<tfm::ApplyOp>(&op);
    if (!sum || sum.getOp().getValue() != ScalarOp::Add ||
        !sum.getType().isF32())
      continue;
    for (unsigned side : {0u, 1u}) {
      auto mask = sum.getOperands()[side].getDefiningOp<tfm::ChooseOp>();
      Value other = sum.getOperands()[1 - side];
      if (!mask || !(sources(other) & kProduct))
        continue;
      unsigned both = kQuery | kKey;
      bool fillsFalse = isFill(mask.getFalseValue()),
           fillsTrue = isFill(mask.getTrueValue());
      if ((sources(mask.getCondition()) & both) != both ||
          fillsFalse == fillsTrue)
        continue;
      OpBuilder builder(&op);
      Value term = fillsFalse ? mask.getTrueValue() : mask.getFalseValue(),
            kept = other;
      FloatAttr number;
      // Of zeros the sign is lost.
      if (!matchPattern(term, m_Constant(&number)) ||
          !number.getValue().isZero()) {
        Value operands[] = {other, term};
        kept = tfm::ApplyOp::create(builder, op.getLoc(), sum.getType(),
                                    sum.getOp(), operands);
      }
      auto choose = tfm::ChooseOp::create(
          builder, op.getLoc(), sum.getType(), mask.getCondition(),
          fillsFalse ? kept : mask.getTrueValue(),
          fillsFalse ? mask.getFalseValue() : kept);
      sum.getResult().replaceAllUsesWith(choose.getResult());
      sourcesOf.clear();
      op.erase();
      break;
    }
  }
}

void ScoreRegion::findTerms() {
  for (Terms *terms : {&keys, &rows})
    for (Operation &op : block->without_terminator()) {
      Value value = op.getResult(0);
      // What depends on neither and is no memory's is a scalar.
      bool isOfScalars = !sources(value);
      if (isOfScalars || !canBeTerm(*terms, value) ||
          (terms == &keys && !(sources(value) & kKey)))
        continue;
      bool isUsed = llvm::any_of(value.getUsers(), [&](Operation *user) {
        return user->getNumResults() == 0 ||
               !canBeTerm(*terms, user->getResult(0));
      });
      bool isOfKeys = terms == &rows &&
                      llvm::all_of(value.getUsers(), [&](Operation *user) {
                        return user->getNumResults() == 1 &&
                               canBeTerm(keys, user->getResult(0));
                      });
      if (isUsed && !isOfKeys)
        terms->values.insert({value, terms->values.size()});
    }
}

/// By what a sum of coordinates grows from one query, and from one key, to the
/// next.
std::optional<Slopes> ScoreRegion::slopes(Value value) {
  unsigned from = sources(value);
  if (from & (kMemory | kProduct | kHead))
    return std::nullopt;
  if (!(from & (kQuery | kKey)))
    return Slopes{0, 0};
  if (auto argument = dyn_cast<BlockArgument>(value))
    return Slopes{argument.getArgNumber() == kQueryArgument,
                  argument.getArgNumber() == kKeyArgument};
  auto apply = value.getDefiningOp<tfm::ApplyOp>();
  if (!apply || !apply.getType().isInteger(64))
    return std::nullopt;
  SmallVector<Slopes, 2> each;
  for (Value operand : apply.getOperands()) {
    std::optional<Slopes> of = slopes(operand);
    if (!of)
      return std::nullopt;
    each.push_back(*of);
  }
  switch (apply.getOp().getValue()) {
  case ScalarOp::Add:
    return Slopes{each[0].query + each[1].query, each[0].key + each[1].key};
  case ScalarOp::Sub:
    return Slopes{each[0].query - each[1].query, each[0].key - each[1].key};
  case ScalarOp::Neg:
    return Slopes{-each[0].query, -each[0].key};
  case ScalarOp::Mul:
    for (unsigned side : {0u, 1u}) {
      IntegerAttr by;
      if (matchPattern(apply.getOperands()[side], m_Constant(&by)) &&
          std::abs(by.getInt()) == 1)
        return Slopes{each[1 - side].query * by.getInt(),
                      each[1 - side].key * by.getInt()};
    }
    return std::nullopt;
  default:
    return std::nullopt;
  }
}

/// What a condition is then; nothing where that does not say.
std::optional<bool> ScoreRegion::truth(Value condition,
                                       const Assumed &assumed) {
  if (auto it = assumed.find(condition); it != assumed.end())
    return it->second;
  auto apply = condition.getDefiningOp<tfm::ApplyOp>();
  if (!apply)
    return std::nullopt;
  auto of = [&](unsigned operand) {
    return truth(apply.getOperands()[operand], assumed);
  };
  switch (apply.getOp().getValue()) {
  case ScalarOp::Not: {
    std::optional<bool> operand = of(0);
    return operand ? std::optional(!*operand) : std::nullopt;
  }
  case ScalarOp::And:
  case ScalarOp::Or: {
    bool decides = apply.getOp().getValue() == ScalarOp::Or;
    std::optional<bool> a = of(0), b = of(1);
    if (a == decides || b == decides)
      return decides;
    return a && b ? std::optional(!decides) : std::nullopt;
  }
  default:
    return std::nullopt;
  }
}

/// Whether a score, or what it is the sum of, is a fill then.
bool ScoreRegion::isFilled(Value value, const Assumed &assumed) {
  if (isFill(value))
    return true;
  auto is = [&](Value part) { return isFilled(part, assumed); };
  if (auto sum = value.getDefiningOp<tfm::ApplyOp>())
    return sum.getOp().getValue() == ScalarOp::Add &&
           (is(sum.getOperands()[0]) || is(sum.getOperands()[1]));
  auto choose = value.getDefiningOp<tfm::ChooseOp>();
  if (!choose)
    return false;
  if (std::optional<bool> condition = truth(choose.getCondition(), assumed))
    return is(*condition ? choose.getTrueValue() : choose.getFalseValue());
  return is(choose.getTrueValue()) && is(choose.getFalseValue());
}

void ScoreRegion::findMasks() {
  Value score = block->getTerminator()->getOperand(0);
  for (Operation &op : block->without_terminator()) {
    auto apply = dyn_cast<tfm::ApplyOp>(&op);
    if (!apply || (apply.getOp().getValue() != ScalarOp::Lt &&
                   apply.getOp().getValue() != ScalarOp::Le))
      continue;
    std::optional<Slopes> a = slopes(apply.getOperands()[0]),
                          b = slopes(apply.getOperands()[1]);
    if (!a || !b || a->key == b->key)
      continue;
    auto fills = [&](bool as) {
      Assumed assumed;
      assumed.insert({apply.getResult(), as});
      return isFilled(score, assumed);
    };
    if (fills(true) != fills(false))
      masks.insert({apply.getResult(), fills(false)});
  }
}

/// Whether a score is the product or a fill.
bool ScoreRegion::selects() {
  std::function<bool(Value)> isProductOrFill = [&](Value value) {
    if (isFill(value) || value == block->getArgument(0))
      return true;
    auto choose = value.getDefiningOp<tfm::ChooseOp>();
    return choose && !(sources(choose.getCondition()) & kProduct) &&
           isProductOrFill(choose.getTrueValue()) &&
           isProductOrFill(choose.getFalseValue());
  };
  return scale > 0 && isProductOrFill(block->getTerminator()->getOperand(0));
}

std::vector<std::string> ScoreRegion::arguments(StringRef query, StringRef key,
                                                StringRef rest) const {
  std::vector<std::string> result = {
      "x", (rest + "[0]").str(), (rest + "[1]").str(), query.str(), key.str()};
  result.insert(result.end(), names.begin(), names.end());
  return result;
}

void ScoreRegion::bindTerms(ScalarPrinter &printer) const {
  for (const Terms *terms : {&keys, &rows})
    for (auto [value, number] : terms->values)
      printer.bind(value, (terms->member + ".x" + Twine(number)).str());
}

std::string ScoreRegion::printTerms(const Terms &terms) {
  ScalarPrinter printer(*block, arguments());
  std::string fields;
  for (auto [value, number] : terms.values) {
    fields +=
        (scalarTypeName(value.getType()) + " x" + Twine(number) + "; ").str();
    Conjunction conditions;
    if (sources(value) & kMemory)
      conditions = *needs->of(value);
    printer.assign(value, (terms.member + ".x" + Twine(number)).str(),
                   conditions);
  }
  return ("  struct " + terms.type + " { " + fields + "};\n  DEV " +
          terms.type + " " + terms.function + "(const i64 *c) const {\n    " +
          terms.type + " " + terms.member + " = {};\n" + printer.text(4) +
          "    return " + terms.member + ";\n  }\n")
      .str();
}

std::string ScoreRegion::printKeeps() {
  std::string text;
  for (auto [mask, kept] : masks) {
    auto apply = mask.getDefiningOp<tfm::ApplyOp>();
    Slopes a = *slopes(apply.getOperands()[0]),
           b = *slopes(apply.getOperands()[1]);
    // Where it is least likely to be so. It is true where b - a is large.
    auto end = [isTrue = kept](int64_t slope) {
      return (slope > 0) == isTrue ? "first" : "last";
    };
    std::string query = end(b.query - a.query), key = end(b.key - a.key);
    ScalarPrinter printer(
        *block, arguments(query + "[2]", key + "[3]", /*rest=*/"first"));
    std::string name = printer.name(mask);
    text += "    {\n" + printer.text(6) + "      if (" + (kept ? "!" : "") +
            name + ")\n        return false;\n    }\n";
  }
  return "  DEV bool keeps(const i64 *first, const i64 *last) const {\n" +
         text + "    return true;\n  }\n";
}

std::string ScoreRegion::print() {
  EarlyLoads loads(
      *needs, [&](Value value) { return (sources(value) & kProduct) != 0; });
  bool reads = false;
  Value score = block->getTerminator()->getOperand(0);
  auto printApply = [&](bool kept, unsigned indent) {
    ScalarPrinter apply(*block, arguments());
    bindTerms(apply);
    if (kept)
      for (Operation &op : block->without_terminator())
        if (std::optional<bool> is = truth(op.getResult(0), masks))
          apply.bind(op.getResult(0), *is ? "true" : "false");
    apply.intercept = [&](Operation *op) {
      reads = true;
      return loads.take(op, apply);
    };
    std::string name = apply.name(score);
    return apply.text(indent) + std::string(indent, ' ') + "return " + name +
           ";\n";
  };
  std::string apply = printApply(false, 4);
  if (!masks.empty())
    apply =
        "    if constexpr (KEPT) {\n" + printApply(true, 6) + "    }\n" + apply;
  ScalarPrinter load(*block, arguments());
  bindTerms(load);
  bool isSelection = selects();
  auto flag = [](bool is) { return is ? "true" : "false"; };
  const char *terms = "const Keys &key, const Rows &row, ";
  return printTerms(keys) + printTerms(rows) + "  struct Loads { " +
         loads.fields() + "};\n  DEV Loads load(" + terms +
         "const i64 *c) const {\n" + loads.print(load, 4) +
         "  }\n  template <bool KEPT>\n  DEV float apply(" + terms +
         "const Loads &in, " + (isSelection ? "float" : "Scaled") +
         " x, const i64 *c) const {\n" + apply + "  }\n" + printKeeps() +
         "  static constexpr int KEYS = " + std::to_string(keys.values.size()) +
         ";\n  static constexpr bool READS = " + flag(reads) +
         ", SELECTS = " + flag(isSelection) + ", PACKS = " + flag(packs) +
         ";\n";
}
} // namespace

std::string printScore(Block &region, ArrayRef<std::string> names, double scale,
                       bool packs) {
  return ScoreRegion(region, names, scale, packs).print();
}

} // namespace ingot::cuda
