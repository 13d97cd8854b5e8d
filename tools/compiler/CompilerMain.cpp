// The verbs of `ingot` that need the compiler, in a library of their own so
// that the command starts without MLIR.
#include "tools/compiler/CompilerVerbs.h"
#include "tools/ingot/Options.h"

using namespace ingot::cli;

static constexpr struct {
  std::string_view name;
  int (*run)(int argc, const char **argv);
} kVerbs[] = {{"compile", compileVerb},
              {"explain", explainVerb},
              {"run", runReferenceVerb}};

extern "C" __attribute__((visibility("default"))) int
ingot_compiler_main(int argc, const char **argv) {
  for (const auto &verb : kVerbs)
    if (argc > 0 && verb.name == argv[0])
      return verb.run(argc, argv);
  return failUsage("the compiler library has no verb %s",
                   argc > 0 ? argv[0] : "");
}
