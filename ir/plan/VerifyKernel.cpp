// Rules of plan.kernel: the table in its description.
#include "ir/plan/Plan.h"

using namespace mlir;

namespace ingot::plan {

namespace {
enum class ParamKind {
  Count,
  OptionalCount,
  Extent,
  OptionalExtent,
  Extents,
  Strides,
  Axis,
  Float,
  Flag,
  Kind,
  Math
};

struct Param {
  StringLiteral name;
  ParamKind kind;
};

ArrayRef<Param> paramsOf(Family family) {
  using enum ParamKind;
  static constexpr Param kMap[] = {{"extents", Extents}, {"chunk", Count}};
  static constexpr Param kReduce[] = {{"extents", Extents},
                                      {"reduce_extents", Extents},
                                      {"kind", Kind},
                                      {"last", Flag},
                                      {"chunk", Count}};
  static constexpr Param kScan[] = {{"extents", Extents},
                                    {"axis", Axis},
                                    {"exclusive", Flag},
                                    {"reverse", Flag},
                                    {"chunk", Count}};
  static constexpr Param kNorm[] = {{"extents", Extents},
                                    {"kind", Kind},
                                    {"epsilon", Float},
                                    {"copy", Flag},
                                    {"chunk", Count}};
  static constexpr Param kLinear[] = {{"m", Extent},
                                      {"n", Count},
                                      {"k", Count},
                                      {"lda", Extent},
                                      {"rows", Count},
                                      {"panels", Count},
                                      {"block", OptionalCount},
                                      {"zeros", Flag},
                                      {"math", Math},
                                      {"splits", OptionalExtent}};
  static constexpr Param kAttention[] = {{"batch", Extent},
                                         {"heads", Extent},
                                         {"queries", Extent},
                                         {"keys", Extent},
                                         {"d", Count},
                                         {"dv", Count},
                                         {"group", Count},
                                         {"scale", Float},
                                         {"q_strides", Strides},
                                         {"k_strides", Strides},
                                         {"v_strides", Strides},
                                         {"rows", Count},
                                         {"empty_rows", Kind},
                                         {"causal_keys", OptionalExtent},
                                         {"key_bounds", Flag},
                                         {"page_rows", OptionalExtent},
                                         {"pages", OptionalExtent},
                                         {"cached_pages", OptionalExtent},
                                         {"math", Math},
                                         {"splits", OptionalExtent}};
  static constexpr Param kArrange[] = {{"n", Count},
                                       {"k", Count},
                                       {"block", Count},
                                       {"zeros", Flag},
                                       {"panel", OptionalCount}};
  static constexpr Param kLinearNorm[] = {
      {"m", Extent},   {"n", Count},       {"k", Count},
      {"lda", Extent}, {"kind", Kind},     {"epsilon", Float},
      {"copy", Flag},  {"columns", Count}, {"taken", Extents}};
  static constexpr Param kNonZero[] = {{"extents", Extents}, {"count", Extent}};
  switch (family) {
  case Family::Map:
  case Family::Softmax:
    return kMap;
  case Family::Reduce:
    return kReduce;
  case Family::Scan:
    return kScan;
  case Family::Norm:
    return kNorm;
  case Family::Linear:
    return kLinear;
  case Family::Attention:
    return kAttention;
  case Family::NonZero:
    return kNonZero;
  case Family::Arrange:
    return kArrange;
  case Family::LinearNorm:
    return kLinearNorm;
  }
  assert(false && "unknown family");
  return {};
}

/// Whether rows are normalized, into outputs of a norm.
bool isNorm(Family family) {
  return family == Family::Norm || family == Family::LinearNorm;
}

/// Whether what the last region yields may be rounded to 8 bits.
bool storesFloat8(Family family) {
  return family == Family::Map || family == Family::Linear ||
         family == Family::Norm;
}

/// What a string parameter may say.
ArrayRef<StringRef> kindsOf(Family family) {
  static constexpr StringRef kReduce[] = {"sum",  "mean", "max",    "min",
                                          "prod", "l2",   "argmax", "argmin"};
  static constexpr StringRef kNorm[] = {"layer", "rms"};
  static constexpr StringRef kEmptyRows[] = {"scores", "mean", "nan", "zero"};
  return family == Family::Reduce ? ArrayRef<StringRef>(kReduce)
         : isNorm(family)         ? ArrayRef<StringRef>(kNorm)
                                  : ArrayRef<StringRef>(kEmptyRows);
}

/// Numbers >= 0, or -1-k for scalar k.
bool areExtents(ArrayRef<int64_t> extents, int64_t scalars) {
  return llvm::all_of(extents, [&](int64_t e) { return e >= -scalars; });
}

LogicalResult verifyParam(KernelOp kernel, const Param &param) {
  Attribute attr = kernel.getParams().get(param.name);
  int64_t scalars = kernel.getNumScalars();
  auto integer = dyn_cast_if_present<IntegerAttr>(attr);
  auto array = dyn_cast_if_present<DenseI64ArrayAttr>(attr);
  bool isNumber = integer && integer.getType().isSignlessInteger(64);
  auto check = [&](bool good, const Twine &needs) -> LogicalResult {
    if (good)
      return success();
    InFlightDiagnostic diag = kernel.emitOpError("parameter ")
                              << param.name << " must be " << needs;
    attr ? diag << ", got " << attr : diag << " and is missing";
    return diag;
  };
  switch (param.kind) {
  case ParamKind::OptionalExtent:
    if (!attr)
      return success();
    [[fallthrough]];
  case ParamKind::Extent:
    return check(isNumber && areExtents(integer.getInt(), scalars),
                 "an i64 of " + Twine(-scalars) + " or more");
  case ParamKind::OptionalCount:
    if (!attr)
      return success();
    [[fallthrough]];
  case ParamKind::Count:
    return check(isNumber && integer.getInt() >= 1, "an i64 of 1 or more");
  case ParamKind::Extents:
    return check(array && areExtents(array.asArrayRef(), scalars),
                 "an i64 array of " + Twine(-scalars) + " or more");
  case ParamKind::Strides:
    return check(array && array.size() == 3 &&
                     areExtents(array.asArrayRef(), scalars),
                 "three strides of " + Twine(-scalars) + " or more");
  case ParamKind::Axis: {
    int64_t rank = kernel.paramArray("extents").size();
    return check(isNumber && integer.getInt() >= 0 && integer.getInt() < rank,
                 "an i64 of 0 to " + Twine(rank - 1));
  }
  case ParamKind::Float:
    return check(isa_and_present<FloatAttr>(attr), "a float");
  case ParamKind::Flag:
    return check(!attr || isa<UnitAttr, BoolAttr>(attr), "a unit or boolean");
  case ParamKind::Kind: {
    auto text = dyn_cast_if_present<StringAttr>(attr);
    ArrayRef<StringRef> kinds = kindsOf(kernel.getFamily());
    return check(text && llvm::is_contained(kinds, text.getValue()),
                 "one of " + llvm::join(kinds, ", "));
  }
  case ParamKind::Math: {
    auto text = dyn_cast_if_present<StringAttr>(attr);
    bool isF32 = kernel.inType(0).isF32();
    return check(!attr || (text && text.getValue() == "tf32" && isF32),
                 "tf32, of f32 operands, or absent");
  }
  }
  assert(false && "unknown kind of parameter");
  return failure();
}

bool isArg(KernelOp kernel) {
  auto kind = kernel.getParams().getAs<StringAttr>("kind");
  return kind && kind.getValue().starts_with("arg");
}

/// How many inputs, outputs and regions a family has.
struct Counts {
  size_t minIns, minOuts, maxOuts, minBodies, maxBodies;
};
Counts countsOf(KernelOp kernel) {
  constexpr size_t kAny = SIZE_MAX;
  switch (kernel.getFamily()) {
  case Family::Map:
    return {0, 1, kAny, 1, 1};
  case Family::Reduce:
    return {0, 1, kernel.getBodies().size() == 2 ? kAny : 1, 1, 2};
  case Family::Scan:
    return {0, 1, 1, 1, 1};
  case Family::Softmax:
    return {0, 1, kernel.getBodies().size() == 2 ? kAny : 1, 1, 2};
  case Family::Norm:
  case Family::LinearNorm:
    return {kernel.getFamily() == Family::LinearNorm ? 2u : 0u,
            kernel.paramFlag("copy") ? 2u : 1u,
            kernel.paramFlag("copy") ? 3u : 2u, 2, 2};
  case Family::Linear:
    return {1 + kernel.numWeights(), 1, 1, 1, 1};
  case Family::Attention:
    return {3, 1, 1, 1, 1};
  case Family::NonZero: {
    auto extents = kernel.getParams().getAs<DenseI64ArrayAttr>("extents");
    size_t rank = extents && extents.size() ? extents.size() : 1;
    return {0, rank, rank, 1, 1};
  }
  case Family::Arrange: {
    size_t buffers = 2 + kernel.paramFlag("zeros");
    return {buffers, buffers, buffers, 0, 0};
  }
  }
  assert(false && "unknown family");
  return {};
}

/// What the region's last op yields, empty if it is no tfm.yield.
TypeRange yieldedBy(Region &region) {
  auto yield = dyn_cast<tfm::YieldOp>(region.front().getTerminator());
  return yield ? TypeRange(yield.getValues()) : TypeRange();
}

/// The arguments of region `number` that come before inputs and scalars.
SmallVector<Type> leadingArguments(KernelOp kernel, unsigned number) {
  Type index = IntegerType::get(kernel.getContext(), 64),
       f32 = Float32Type::get(kernel.getContext());
  if (kernel.getFamily() == Family::Linear ||
      kernel.getFamily() == Family::LinearNorm)
    return {f32, index, index};
  if (kernel.getFamily() == Family::Attention)
    return {f32, index, index, index, index};
  SmallVector<Type> types;
  if (number == 1)
    types.push_back(isArg(kernel) ? index
                                  : yieldedBy(kernel.getBodies()[0]).front());
  size_t coordinates = kernel.paramArray("extents").size();
  if (kernel.getFamily() == Family::Reduce && number == 0)
    coordinates += kernel.paramArray("reduce_extents").size();
  types.append(coordinates, index);
  return types;
}
} // namespace

/// The types of a quantized weight, its scales and zeros, inputs from `first`
/// on.
static LogicalResult verifyQuantized(KernelOp kernel, unsigned first) {
  Type weight = kernel.inType(first);
  if (!tfm::isQuantizedWeightType(weight))
    return kernel.emitOpError("with a block reads i8, ui8, i4, ui4 or "
                              "f8E4M3FN from input ")
           << first << ", got " << weight;
  if (!kernel.inType(first + 1).isF32())
    return kernel.emitOpError("with a block reads scales of f32 from input ")
           << first + 1 << ", got " << kernel.inType(first + 1);
  if (!kernel.paramFlag("zeros"))
    return success();
  auto integer = dyn_cast<IntegerType>(weight);
  if (!integer)
    return kernel.emitOpError("has no zeros for weights of ") << weight;
  auto zeros =
      IntegerType::get(kernel.getContext(), 8, integer.getSignedness());
  if (kernel.inType(first + 2) != zeros)
    return kernel.emitOpError("with a block reads zeros of ")
           << zeros << " from input " << first + 2 << ", got "
           << kernel.inType(first + 2);
  return success();
}

/// Rows of f8E4M3FN: what kernels take beside them.
static LogicalResult verifyF8Rows(KernelOp kernel) {
  int64_t k = kernel.param("k"), block = kernel.param("block");
  if (!isa<Float8E4M3FNType>(kernel.inType(1)) || k % 16 != 0 ||
      (block < k && block != 128))
    return kernel.emitOpError("multiplies rows of f8E4M3FN by such weights, in "
                              "blocks of 128 or all of K, a multiple of 16; "
                              "got ")
           << kernel.inType(1) << ", blocks of " << block << " and K " << k;
  return success();
}

/// What `arrange` writes, and whether there is such an order.
static LogicalResult verifyArranged(KernelOp kernel) {
  MLIRContext *context = kernel.getContext();
  Type types[] = {IntegerType::get(context, 8, IntegerType::Unsigned),
                  Float32Type::get(context),
                  IntegerType::get(context, 32, IntegerType::Unsigned)};
  for (unsigned i = 0; i < kernel.numOuts(); ++i)
    if (kernel.outType(i) != types[i])
      return kernel.emitOpError("arranges into ")
             << types[i] << " as output " << i << ", got " << kernel.outType(i);
  unsigned bits = kernel.inType(0).getIntOrFloatBitWidth();
  if (!canArrange(bits, kernel.param("k"), kernel.param("block")))
    return kernel.emitOpError("has no order for blocks of ")
           << kernel.param("block") << " of " << bits << " bits";
  return success();
}

/// Of attention over pages: what says which, and that of nothing else.
static LogicalResult verifyPages(KernelOp kernel) {
  bool hasRows = kernel.getParams().contains("page_rows");
  for (StringRef name : {"pages", "cached_pages"})
    if (kernel.getParams().contains(name) != hasRows)
      return kernel.emitOpError("parameter ")
             << name << " belongs to page_rows, of which there "
             << (hasRows ? "are" : "are none");
  bool isTable =
      kernel.numIns() > 3 && (kernel.inType(3).isSignlessInteger(32) ||
                              kernel.inType(3).isSignlessInteger(64));
  if (hasRows && (!isTable || kernel.paramFlag("key_bounds")))
    return kernel.emitOpError("reads pages, which are i32 or i64 and come "
                              "without bounds of keys, from input 3");
  return success();
}

LogicalResult KernelOp::verify() {
  // kernel_c1
  for (Attribute type :
       llvm::concat<const Attribute>(getOutTypes(), getInTypes()))
    if (!tfm::isElementType(cast<TypeAttr>(type).getValue()))
      return emitOpError("has no buffers of ") << type;
  Counts counts = countsOf(*this);
  if (numIns() < counts.minIns || numOuts() < counts.minOuts ||
      numOuts() > counts.maxOuts || getBodies().size() < counts.minBodies ||
      getBodies().size() > counts.maxBodies)
    return emitOpError("of family ")
           << stringifyFamily(getFamily()) << " cannot have " << numOuts()
           << " outputs, " << numIns() << " inputs and " << getBodies().size()
           << " regions";
  bool isArrange = getFamily() == Family::Arrange;
  size_t multiplied = isQuantized() ? 1 : isArrange ? 0 : counts.minIns;
  for (size_t i = 0; i < multiplied; ++i) {
    Type type = inType(i);
    bool isF8 = isQuantized() && isa<Float8E4M3FNType>(type);
    if (!type.isF32() && !type.isBF16() && !type.isF16() && !isF8)
      return emitOpError("of family ") << stringifyFamily(getFamily())
                                       << " reads f32, bf16 or f16 from input "
                                       << i << ", got " << getInTypes()[i];
    if (getInTypes()[i] != getInTypes()[0])
      return emitOpError("of family ")
             << stringifyFamily(getFamily()) << " multiplies operands of one "
             << "type, got " << getInTypes()[0] << " and " << getInTypes()[i];
  }
  if ((isQuantized() || isArrange) &&
      failed(verifyQuantized(*this, isArrange ? 0 : 1)))
    return failure();
  if (getFamily() == Family::Attention && paramFlag("key_bounds"))
    for (size_t i = 3; i < 5; ++i)
      if (i >= numIns() || !inType(i).isSignlessInteger(64))
        return emitOpError("reads bounds of keys, which are i64, from input ")
               << i;
  // kernel_c2
  if (static_cast<int64_t>(getNumScalars()) < 0)
    return emitOpError("cannot have ")
           << static_cast<int64_t>(getNumScalars()) << " scalars";
  for (const Param &param : paramsOf(getFamily()))
    if (failed(verifyParam(*this, param)))
      return failure();
  if (isArrange && failed(verifyArranged(*this)))
    return failure();
  if (isQuantized() && isa<Float8E4M3FNType>(inType(0)) &&
      failed(verifyF8Rows(*this)))
    return failure();
  if (getFamily() == Family::Attention && failed(verifyPages(*this)))
    return failure();
  bool hasRow = getFamily() == Family::Softmax || getFamily() == Family::Norm;
  if (hasRow && paramArray("extents").empty())
    return emitOpError("parameter extents must end in the row's, got none");
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  Type index = IntegerType::get(getContext(), 64);
  SmallVector<Type> shared;
  for (Attribute type : getInTypes())
    shared.push_back(RankedTensorType::get({ShapedType::kDynamic},
                                           cast<TypeAttr>(type).getValue()));
  shared.append(getNumScalars(), index);
  SmallVector<Type> results;
  for (Attribute type : getOutTypes())
    results.push_back(tfm::scalarType(cast<TypeAttr>(type).getValue()));

  for (auto [number, region] : llvm::enumerate(getBodies())) {
    // kernel_c1
    SmallVector<Type> arguments = leadingArguments(*this, number);
    arguments.append(shared);
    if (region.getArgumentTypes() != TypeRange(arguments))
      return emitOpError("region ")
             << number << " must take (" << arguments << "), got ("
             << region.getArgumentTypes() << ")";
    // kernel_c3
    TypeRange yielded = yieldedBy(region);
    bool inner = number + 1 < getBodies().size();
    bool needsFloat =
        number == 0 && (getFamily() == Family::Softmax || isNorm(getFamily()));
    SmallVector<Type> expected = results;
    if (getFamily() == Family::NonZero) // looked at, not stored
      expected.assign(1, IntegerType::get(getContext(), 1));
    else if (inner) // any one scalar; region 1 takes it
      expected = llvm::to_vector(yielded.take_front(1));
    else if (isNorm(getFamily()))
      expected.truncate(1);
    else if (number == 0 && isArg(*this)) // compared, not stored
      expected = llvm::to_vector(yielded.take_front(1));
    else if (getFamily() == Family::Attention)
      expected.assign(1, Float32Type::get(getContext()));
    if (expected.empty() || yielded != TypeRange(expected) ||
        (needsFloat && !isa<FloatType>(expected[0])))
      return emitOpError("region ")
             << number << " yields (" << yielded << "), which does not fit";
    auto isRoundedElsewhere = [&](tfm::ConvertOp convert) {
      Type type = convert.getType();
      return isa<FloatType>(type) && type.getIntOrFloatBitWidth() == 8 &&
             (!storesFloat8(getFamily()) || inner ||
              !llvm::all_of(convert->getUsers(), llvm::IsaPred<tfm::YieldOp>));
    };
    for (auto convert : region.getOps<tfm::ConvertOp>())
      if (isRoundedElsewhere(convert))
        return emitOpError("rounds to ")
               << convert.getType()
               << " where no map, linear or norm stores it";
    // kernel_c4
    if (failed(tfm::verifyScalarRegion(*this, region, /*symbols=*/false)))
      return failure();
  }
  // kernel_c3
  bool isCopied = isNorm(getFamily()) && paramFlag("copy");
  if (isCopied && !outType(0).isF32())
    return emitOpError("copies an output of ") << outType(0) << ", not of f32";
  if (isNorm(getFamily()) && numOuts() == (isCopied ? 3 : 2) &&
      yieldedBy(getBodies()[0]) != TypeRange(results[1]))
    return emitOpError("stores region 0's ")
           << yieldedBy(getBodies()[0]) << " as " << results[1];
  if (getFamily() == Family::NonZero ||
      (getBodies().size() == 1 && isArg(*this)))
    for (Type result : results)
      if (result != index)
        return emitOpError("gives positions, which are i64, got ") << result;
  return success();
}

} // namespace ingot::plan
