#include "tools/compiler/Explanation.h"
#include "tools/ingot/Options.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace ingot::cli {

namespace {
std::string number(double value) { return format("%g", value); }

int64_t dim(Value value, unsigned axis) {
  return llvm::cast<RankedTensorType>(value.getType()).getDimSize(axis);
}

bool isFloat(Value value) {
  return llvm::cast<RankedTensorType>(value.getType())
      .getElementType()
      .isFloat();
}

/// The tensors that `region` loads, each once.
llvm::SetVector<Value> loadsOf(Region &region) {
  llvm::SetVector<Value> tensors;
  region.walk([&](tfm::LoadOp load) { tensors.insert(load.getTensor()); });
  return tensors;
}

/// Through what only moves elements, to what computed them.
llvm::SetVector<Value> originsOf(Value value) {
  llvm::SetVector<Value> work, found;
  work.insert(value);
  for (size_t i = 0; i < work.size(); ++i) {
    Operation *op = work[i].getDefiningOp();
    if (llvm::isa_and_present<tfm::ReshapeOp, tfm::TransposeOp,
                              tfm::BroadcastOp, tfm::SliceOp>(op)) {
      work.insert(op->getOperand(0));
    } else if (auto fused = llvm::dyn_cast_if_present<tfm::FusedOp>(op)) {
      for (Value tensor : loadsOf(fused.getBody()))
        if (isFloat(tensor) && !tensor.getDefiningOp<tfm::GetWeightOp>() &&
            !tensor.getDefiningOp<tfm::ConstantOp>())
          work.insert(tensor);
    } else {
      found.insert(work[i]);
    }
  }
  return found;
}

std::vector<std::string> namesOf(llvm::ArrayRef<Value> values) {
  std::vector<std::string> names;
  for (Value value : values)
    names.push_back(valueName(value));
  return names;
}

llvm::StringRef maskName(llvm::StringRef term) {
  if (term == "key_valid")
    return "key padding";
  if (term == "key_bias")
    return "bias per key";
  if (term == "table")
    return "table of distances";
  if (term == "tensor")
    return "additive tensor";
  if (term == "mask")
    return "boolean tensor";
  return term;
}

std::string join(llvm::ArrayRef<std::string> parts) {
  return llvm::join(parts, ", ");
}

std::string describeAttention(tfm::AttentionOp attention) {
  AttentionFacts facts = factsOf(attention);
  std::string heads =
      std::to_string(facts.heads) + " heads of " + std::to_string(facts.depth);
  if (facts.valueDepth != facts.depth)
    heads += " (values " + std::to_string(facts.valueDepth) + ")";
  if (facts.kvHeads != facts.heads)
    heads += ", " + std::to_string(facts.kvHeads) + " of keys and values";
  std::vector<std::string> parts{heads, "scale " + number(facts.scale)};
  if (facts.oneProjection)
    parts.push_back("query, key and value of one linear");
  if (facts.hasCache)
    parts.push_back("keys and values behind a cache");
  if (attention.getPages())
    parts.push_back("keys and values in pages of " +
                    tfm::dimTexts(tfm::tensorTypeOf(attention.getKey()))[1]);
  if (!facts.hasRegion) {
    parts.push_back("no mask");
  } else {
    parts.push_back(facts.mask.empty()
                        ? "no mask"
                        : "mask " + llvm::join(facts.mask, " + "));
    if (!facts.reads.empty())
      parts.push_back("score_mod reads " + llvm::join(facts.reads, " and "));
    if (!facts.mask.empty())
      parts.push_back("empty rows " + facts.emptyRows);
  }
  return join(parts);
}

std::string describeNorm(tfm::NormOp norm) {
  auto dims =
      llvm::cast<RankedTensorType>(norm.getInput().getType()).getShape();
  std::vector<std::string> parts{
      (norm.getKind() == tfm::NormKind::Layer ? "layer norm of "
                                              : "RMS norm of ") +
          std::to_string(dims.back()),
      "epsilon " + number(norm.getEpsilon().convertToDouble())};
  if (!norm.getScale())
    parts.push_back("no scale");
  if (norm.getResidual())
    parts.push_back("residual in front");
  if (norm.getSum())
    parts.push_back("sum kept");
  return join(parts);
}

std::string describeLinear(tfm::LinearOp linear, unsigned products) {
  std::vector<std::string> parts{std::to_string(dim(linear.getWeight(), 0)) +
                                 " to " +
                                 std::to_string(dim(linear.getWeight(), 1))};
  if (products > 1)
    parts.push_back(std::to_string(products) + " merged");
  if (!linear.getInput().getType().getElementType().isF32()) {
    std::string text;
    llvm::raw_string_ostream(text)
        << "rows of " << linear.getInput().getType().getElementType();
    parts.push_back(text);
  }
  if (linear.isQuantized()) {
    std::string text;
    llvm::raw_string_ostream(text)
        << tfm::tensorTypeOf(linear.getWeight()).getElementType()
        << " weight, a scale a ";
    int64_t block = *linear.getBlock();
    parts.push_back(text + (block < dim(linear.getWeight(), 0)
                                ? "block of " + std::to_string(block)
                                : "column"));
  }
  if (linear.getBias())
    parts.push_back("bias");
  linear.getEpilogue().walk([&](tfm::ApplyOp apply) {
    parts.push_back(stringifyEnum(apply.getOp().getValue()).str());
  });
  if (linear.getResidual())
    parts.push_back("residual");
  return join(parts);
}
} // namespace

std::string valueName(Value value) {
  if (auto argument = llvm::dyn_cast<BlockArgument>(value)) {
    auto function =
        llvm::dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    auto name = function ? function.getArgAttrOfType<StringAttr>(
                               argument.getArgNumber(), "tfm.name")
                         : StringAttr();
    return name ? name.str() : "";
  }
  if (auto weight = value.getDefiningOp<tfm::GetWeightOp>())
    return weight.getWeight().str();
  return nodeName(value.getLoc());
}

AttentionFacts factsOf(tfm::AttentionOp attention) {
  AttentionFacts facts;
  facts.heads = dim(attention.getQuery(), 2);
  facts.kvHeads = dim(attention.getKey(), 2);
  facts.depth = dim(attention.getQuery(), 3);
  facts.valueDepth = dim(attention.getValue(), 3);
  facts.scale = attention.getScale().convertToDouble();
  for (Attribute term : attention.getTerms())
    facts.mask.push_back(
        maskName(llvm::cast<StringAttr>(term).getValue()).str());
  facts.hasRegion = !attention.getScoreMod().empty();
  llvm::SetVector<Value> loads = loadsOf(attention.getScoreMod());
  for (Value tensor : loads)
    if (!tensor.getDefiningOp<tfm::ConstantOp>())
      if (std::string name = valueName(tensor); !name.empty())
        facts.reads.push_back(name);
  facts.emptyRows = tfm::stringifyEmptyRows(attention.getEmptyRows()).str();
  llvm::SetVector<Value> query = originsOf(attention.getQuery()),
                         key = originsOf(attention.getKey()),
                         value = originsOf(attention.getValue());
  facts.query = namesOf(query.getArrayRef());
  facts.key = namesOf(key.getArrayRef());
  facts.value = namesOf(value.getArrayRef());
  auto single = [](const llvm::SetVector<Value> &values) {
    return values.size() == 1 ? values[0].getDefiningOp<tfm::LinearOp>()
                              : tfm::LinearOp();
  };
  facts.oneProjection = single(query) && single(query) == single(key) &&
                        single(query) == single(value);
  auto isInput = [](Value v) { return llvm::isa<BlockArgument>(v); };
  facts.hasCache = key.size() > 1 && llvm::any_of(key, isInput) &&
                   !llvm::all_of(key, isInput);
  return facts;
}

std::string describe(const Ledger &ledger, const Fusion &fusion) {
  if (auto attention = llvm::dyn_cast<tfm::AttentionOp>(fusion.op))
    return describeAttention(attention);
  if (auto norm = llvm::dyn_cast<tfm::NormOp>(fusion.op))
    return describeNorm(norm);
  if (auto linear = llvm::dyn_cast<tfm::LinearOp>(fusion.op))
    return describeLinear(linear, llvm::count_if(fusion.sites, [&](unsigned i) {
                            return ledger.sites()[i].kind == SiteKind::Product;
                          }));
  bool computes = false;
  fusion.op->walk([&](Operation *op) {
    computes |= op->getNumResults() == 1 && llvm::isa<tfm::ApplyOp>(op) &&
                llvm::isa<FloatType>(op->getResult(0).getType());
  });
  size_t nodes = fusion.nodes.size();
  return (computes ? "arithmetic of " : "moves of ") + std::to_string(nodes) +
         (nodes == 1 ? " node" : " nodes");
}

std::string placeOf(const Ledger &ledger, const Site &site) {
  const Fusion &fusion = ledger.fusions()[site.fusion];
  std::string what = site.form.empty() ? site.op : site.form;
  if (!site.form.empty() && site.form != site.op)
    what += " of " + site.op;
  if (site.kind == SiteKind::Embedding)
    what = "table";
  if (llvm::isa<tfm::LinearOp>(fusion.op))
    return what + ", in the linear in front of it";
  if (llvm::isa<tfm::AttentionOp>(fusion.op))
    return what + ", in an attention's score_mod";
  return what + ", in a chain";
}

std::vector<PlainOp> plainOps(ModuleOp module) {
  std::vector<PlainOp> ops;
  for (auto function : module.getOps<func::FuncOp>())
    for (Operation &op : function.getBody().front())
      if (llvm::isa<tfm::ReduceOp, tfm::ArgReduceOp, tfm::CumSumOp>(op)) {
        std::string name = op.getName().stripDialect().str();
        if (auto reduce = llvm::dyn_cast<tfm::ReduceOp>(op))
          name += " " + tfm::stringifyReduceKind(reduce.getKind()).str();
        ops.push_back({name, nodeName(op.getLoc())});
      }
  return ops;
}

std::vector<InputFacts> inputsOf(func::FuncOp function) {
  std::vector<InputFacts> inputs;
  for (BlockArgument argument : function.getArguments()) {
    auto type = llvm::cast<RankedTensorType>(argument.getType());
    InputFacts &input = inputs.emplace_back();
    input.name = valueName(argument);
    llvm::raw_string_ostream(input.type) << type.getElementType();
    for (const std::string &text : tfm::dimTexts(type))
      input.dims.push_back(text);
  }
  return inputs;
}

std::vector<SymbolFacts> symbolsOf(func::FuncOp function) {
  std::vector<SymbolFacts> symbols;
  auto list = function->getAttrOfType<ArrayAttr>("tfm.symbols");
  for (Attribute entry : list ? list.getValue() : llvm::ArrayRef<Attribute>()) {
    auto symbol = llvm::cast<tfm::SymbolAttr>(entry);
    SymbolFacts &facts = symbols.emplace_back();
    facts.name = symbol.getName().str();
    std::string input = valueName(function.getArgument(symbol.getInput()));
    facts.source =
        symbol.isValue() ? "the value of " + input
        : symbol.isCount()
            ? "how many elements of " + input + " are not 0"
            : "dim " + std::to_string(symbol.getAxis()) + " of " + input;
    facts.min = symbol.getMin();
    facts.max = symbol.getMax();
  }
  return symbols;
}

std::vector<CheckFacts> checksOf(func::FuncOp function) {
  std::vector<CheckFacts> checks;
  for (auto require : function.getOps<tfm::RequireOp>())
    checks.push_back(
        {require.getRelation() == tfm::Comparison::Eq ? "==" : "<=",
         require.getValues().text(0).str(), require.getValues().text(1).str(),
         require.getSentence().str()});
  return checks;
}

} // namespace ingot::cli
