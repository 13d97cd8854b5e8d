#include "codegen/cuda/StubWriter.h"

#include "codegen/cuda/ScoreRegion.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

StringRef inTypeName(plan::KernelOp kernel, unsigned i) {
  if (multipliesF8(kernel) && i <= kernel.numWeights())
    return i == 2 ? "float" : "u8";
  if (kernel.isQuantized() && i >= 1 && i <= kernel.numWeights()) {
    constexpr StringRef kTypes[] = {"u8", "float", "u32"};
    return kTypes[i - 1];
  }
  if (kernel.getFamily() == plan::Family::Arrange && i != 1)
    return "u8";
  return memoryTypeName(kernel.inType(i));
}

StringRef outTypeName(plan::KernelOp kernel, unsigned i) {
  return llvm::TypeSwitch<Type, StringRef>(kernel.outType(i))
      .Case([](Float8E4M3FNType) { return "e4m3"; })
      .Case([](Float8E5M2Type) { return "e5m2"; })
      .Default([](Type type) { return memoryTypeName(type); });
}

std::string StubWriter::outs() {
  std::vector<std::string> names;
  for (size_t i = 0; i < kernel.numOuts(); ++i)
    names.push_back(out(i));
  return llvm::join(names, ", ");
}

std::string StubWriter::splits() {
  return kernel.hasSplits()
             ? ", Splits{partials, counters, " + extent("splits") + "}"
             : "";
}

std::string StubWriter::number(int64_t code) {
  return code >= 0 ? literal(code) : "s" + std::to_string(-1 - code);
}

std::string StubWriter::shape(StringRef name) {
  std::vector<std::string> extents;
  for (int64_t code : kernel.paramArray(name))
    extents.push_back(number(code));
  if (extents.empty())
    extents.push_back("1");
  return "Shape<" + std::to_string(extents.size()) + ">{{" +
         llvm::join(extents, ", ") + "}}";
}

std::vector<std::string> coordinateNames(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i)
    names.push_back("c[" + std::to_string(i) + "]");
  return names;
}

std::vector<std::string> StubWriter::arguments(ArrayRef<std::string> leading) {
  std::vector<std::string> names(leading.begin(), leading.end());
  for (size_t i = 0; i < kernel.numIns(); ++i)
    names.push_back("in" + std::to_string(i));
  for (size_t i = 0; i < kernel.getNumScalars(); ++i)
    names.push_back("s" + std::to_string(i));
  return names;
}

std::string StubWriter::yieldedTypeName(unsigned i) {
  std::vector<std::string> each;
  for (Type type : region(i).getTerminator()->getOperandTypes())
    each.push_back(scalarTypeName(type).str());
  std::string list = llvm::join(each, ", ");
  return each.size() == 1 ? list : "Tuple<" + list + ">";
}

void StubWriter::method(unsigned i, StringRef name, StringRef parameters,
                        ArrayRef<std::string> leading) {
  methods +=
      ("  DEV " + yieldedTypeName(i) + " " + name + "(" + parameters +
       ") const {\n" + printRegion(region(i), arguments(leading), 4) + "  }\n")
          .str();
}

void StubWriter::twoPhases(unsigned i, StringRef position,
                           ArrayRef<std::string> leading, unsigned late,
                           Type stored) {
  TwoPhases phases = printTwoPhases(region(i), arguments(leading),
                                    region(i).getArgument(late), stored, 4);
  methods += ("  struct Loads { " + phases.fields + "};\n  DEV Loads load(" +
              position + ") const {\n" + phases.load + "  }\n  DEV " +
              yieldedTypeName(i) + " apply(const Loads &in, float x, " +
              position + ") const {\n" + phases.apply + "  }\n")
                 .str();
}

void StubWriter::score(bool packs) {
  methods += printScore(region(0), arguments({}), real("scale"), packs);
}

void StubWriter::twoPhasesOfLanes(unsigned i, StringRef position,
                                  ArrayRef<std::string> leading, unsigned late,
                                  Type stored, unsigned along, unsigned width) {
  auto firstIn = static_cast<unsigned>(leading.size());
  std::string type = lanesTypeName(yieldedTypeName(i), width);
  Lanes lanes{width, along,
              late,  firstIn + static_cast<unsigned>(kernel.numIns()),
              0,     type};
  LanePhases phases =
      printLanePhases(region(i), arguments(leading), lanes, stored, 4);
  methods += ("  struct LanesLoads { " + phases.fields +
              "};\n  DEV LanesLoads lanes_load(" + position + ") const {\n" +
              phases.load + "  }\n  DEV " + type +
              " lanes_apply(const LanesLoads &in, const " + type + " &x, " +
              position + ") const {\n" + phases.apply + "  }\n")
                 .str();
  LaneNeeds needs;
  needs.scalars = phases.scalars;
  for (unsigned argument : phases.wide)
    needs.wide.insert(argument - firstIn);
  addIsWide(needs, width);
}

void StubWriter::addIsWide(const LaneNeeds &needs, unsigned width) {
  std::string condition;
  auto require = [&](const std::string &term) {
    condition += (condition.empty() ? "" : " && ") + term;
  };
  for (unsigned in : needs.wide)
    require("is_aligned<" + std::to_string(width) + ">(in" +
            std::to_string(in) + ")");
  for (unsigned k = 0; k < kernel.getNumScalars() && k < 64; ++k)
    if (needs.scalars >> k & 1)
      require("s" + std::to_string(k) + " % " + std::to_string(width) +
              " == 0");
  scalarsOfLanes |= needs.scalars;
  methods += "  DEV bool is_wide() const { return " +
             (condition.empty() ? "true" : condition) + "; }\n";
}

void StubWriter::valueAndFinish(size_t coordinates, size_t finishCoordinates) {
  method(0, "value", "const i64 *c", coordinateNames(coordinates));
  if (!hasRegion(1)) {
    methods += "  template <class T> DEV T finish(T x, const i64 *) const { "
               "return x; }\n";
    return;
  }
  std::vector<std::string> leading = coordinateNames(finishCoordinates);
  leading.insert(leading.begin(), "x");
  Type first = region(1).getArgument(0).getType();
  method(1, "finish", (scalarTypeName(first) + " x, const i64 *c").str(),
         leading);
}

unsigned StubWriter::lanes(size_t along, size_t coordinates, StringRef extents,
                           size_t finishCoordinates, bool anyEnd) {
  ArrayRef<int64_t> dims = kernel.paramArray(extents);
  int64_t end = dims.empty() ? 1 : dims.back();
  bool isNarrow = llvm::any_of(
      llvm::concat<const Attribute>(kernel.getOutTypes(), kernel.getInTypes()),
      [](Attribute attr) {
        Type type = cast<TypeAttr>(attr).getValue();
        unsigned bits = type.getIntOrFloatBitWidth();
        return bits == 16 || (bits == 8 && isa<FloatType>(type));
      });
  for (unsigned width : {8u, 4u})
    if ((width == 4 || isNarrow) &&
        lanesOf(width, along, coordinates, end, finishCoordinates, anyEnd))
      return width;
  return 1;
}

bool StubWriter::lanesOf(unsigned width, size_t along, size_t coordinates,
                         int64_t end, size_t finishCoordinates, bool anyEnd) {
  bool isNumber = end >= 0;
  if (isNumber && (end < width || (!anyEnd && end % width)))
    return false;
  LaneNeeds needs;
  needs.scalars = isNumber || anyEnd ? 0 : uint64_t(1) << (-1 - end);
  unsigned single = 0;
  std::string text;
  auto add = [&](unsigned i, StringRef name, StringRef parameters,
                 ArrayRef<std::string> leading, bool takesElements) {
    unsigned firstIn = leading.size(), number = along + (takesElements ? 1 : 0);
    std::string type = lanesTypeName(yieldedTypeName(i), width);
    Lanes lanes{width,
                number,
                takesElements ? std::optional(0u) : std::nullopt,
                firstIn + static_cast<unsigned>(kernel.numIns()),
                needs.scalars,
                type};
    LaneRegion printed = printLanes(region(i), arguments(leading), lanes, 4);
    needs.scalars |= printed.scalars;
    single += printed.single;
    for (unsigned argument : printed.wide)
      needs.wide.insert(argument - firstIn);
    text += ("  DEV " + type + " " + name + "(" + parameters + ") const {\n" +
             printed.body + "  }\n")
                .str();
  };
  std::vector<std::string> leading = coordinateNames(coordinates);
  add(0, "lanes_value", "const i64 *c", leading, false);
  if (finishCoordinates && hasRegion(1)) {
    leading = coordinateNames(finishCoordinates);
    leading.insert(leading.begin(), "x");
    Type first = region(1).getArgument(0).getType();
    add(1, "lanes_finish",
        "const " + lanesTypeName(scalarTypeName(first), width) +
            " &x, const i64 *c",
        leading, true);
  } else if (finishCoordinates) {
    text += "  template <class X> DEV X lanes_finish(const X &x, const i64 *) "
            "const { return x; }\n";
  }
  if (needs.wide.empty() && single)
    return false;
  methods += text;
  addIsWide(needs, width);
  return true;
}

CudaStub StubWriter::finish(StringRef header, const std::string &call,
                            unsigned threads, unsigned sharedBytes,
                            unsigned minBlocks) {
  CudaStub stub;
  stub.name = kernel.getSymName().str();
  stub.threads = threads;
  stub.sharedBytes = sharedBytes;
  stub.minBlocks = minBlocks;
  std::vector<std::string> members, names, parameters;
  for (size_t i = 0; i < kernel.numOuts(); ++i)
    parameters.push_back((outTypeName(i) + " *" + out(i)).str());
  if (kernel.hasSplits())
    parameters.insert(parameters.end(), {"float *partials", "u32 *counters"});
  for (unsigned i = 0; i < kernel.numIns(); ++i) {
    names.push_back("in" + std::to_string(i));
    members.push_back(
        ("const " + inTypeName(kernel, i) + " *" + names.back()).str());
  }
  for (size_t i = 0; i < kernel.getNumScalars(); ++i) {
    names.push_back("s" + std::to_string(i));
    members.push_back("i64 " + names.back());
  }
  for (auto [type, name] :
       {std::pair("KernelStatus *", "status"), std::pair("i64 ", "step")}) {
    names.push_back(name);
    members.push_back(std::string(type) + name);
  }
  // The status and the step come last.
  parameters.insert(parameters.end(), members.begin(), members.end() - 2);
  for (size_t i = 0; i < maps.size(); ++i)
    parameters.push_back("GRID_CONST TensorMap map" + std::to_string(i));
  parameters.insert(parameters.end(), members.end() - 2, members.end());
  stub.maps = maps;
  std::string bounds =
      std::to_string(threads) + ", " + std::to_string(minBlocks);
  // The next grid's blocks may come as soon as these all run. Nothing that
  // steps write is touched before those before this one are done.
  stub.waits = hasDependentLaunch(arch);
  std::string wait;
  if (stub.waits)
    wait = "  grid_launch_next();\n";
  if (stub.waits && !waitsByItself)
    wait += "  grid_wait();\n";
  stub.cluster = cluster;
  std::string keyword = "KERNEL(" + bounds;
  if (cluster > 1)
    keyword = "KERNEL_CLUSTER(" + bounds + ", " + std::to_string(cluster);
  std::string functors, values;
  auto functor = [&](StringRef type, StringRef name, StringRef ofType) {
    functors += ("struct " + type + " {\n  " + llvm::join(members, ";\n  ") +
                 ";\n" + ofType + "};\n\n")
                    .str();
    values +=
        ("  " + type + " " + name + "{" + llvm::join(names, ", ") + "};\n")
            .str();
  };
  if (methodsOfBody.empty()) {
    functor("Body", "body", methods);
  } else {
    functor("Body", "body", methodsOfBody);
    functor("End", "end", methods);
  }
  stub.text = ("#include \"" + header + "\"\n\n" + functors + keyword + ") " +
               stub.name + "(" + llvm::join(parameters, ", ") + ") {\n" + wait +
               values + "  " + call + "\n}\nEXPORT_KERNEL(" + stub.name + ")\n")
                  .str();
  return stub;
}

} // namespace ingot::cuda
