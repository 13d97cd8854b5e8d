// The command `ingot`: results on stdout, talk on stderr.
#include "tools/ingot/Command.h"

#include <cstdio>
#include <cstring>

namespace ingot::cli {

namespace {

struct Verb {
  const char *name;
  int (*run)(int argc, const char **argv);
  const char *summary;
  const char *help;
};

const Verb kVerbs[] = {
    {"compile", compilerVerb, "compile a model to an .ingot file",
     R"(usage: ingot compile IN.onnx|IN.mlir [-o OUT.ingot] [options]

  --target=x86-64,sm_80       what to make code for: x86-64 (the default), sm_80
                              (and, as PTX, newer GPUs), sm_86, sm_89, sm_90
  --tune[=FILE]               measure linears on this CPU in other tilings, for a
                              minute or so; write what is faster to FILE (default:
                              IN.tuning.json) and compile so
  --tuning=FILE               choices that were measured, of --tune or on a GPU, in
                              place of the compiler's for their architecture
                              (docs/kernels.md); may be repeated
  --no-cache                  compile kernels for GPUs even if known from before
  --dims batch=1,sequence=1..512
                              fix symbols or give their range
  --constant-input NAME=FILE  bake an input in (.pb, .npy); may be repeated
  --precision=P               of products: f32, tf32, bf16 or f16, or by target:
                              sm_80:bf16,x86-64:f32; sums and the rest are f32
  --skip-padding              leave out the tokens that the attention mask, an input
                              of 0 and 1, removes; their outputs are 0 (x86-64)
  --emulate-bf16              code for CPUs without bf16 too; slow
  --weights=seeded            store no weights of floats: random ones are made up
                              when the file is loaded, for benchmarks
  --jobs N                    threads
  --emit=STAGE                print the IR after a stage
  --dump-dir=D                write the IR after each stage there

Try:
  ingot compile model.onnx -o model.ingot
  ingot compile model.onnx --dims batch=1,sequence=1..512 -o model.ingot
  ingot compile model.onnx --target=sm_80,x86-64 -o model.ingot
  ingot compile model.onnx --precision=bf16 -o model.ingot
  ingot compile model.onnx --tune=here.json -o model.ingot
  ingot compile model.onnx --tuning=here.json -o model.ingot
)"},
    {"run", runVerb, "run an .ingot file, or a model by the reference",
     R"(usage: ingot run FILE.ingot [--inputs IN.npz | --data-set DIR | --dims NAME=SIZE,...] [options]
       ingot run FILE.onnx|FILE.mlir --device=reference ...

  --inputs IN.npz     inputs by name
  --data-set DIR      inputs DIR/input_N.pb; compares with DIR/output_N.pb, exit
                      code 1 above the tolerance
  --rtol R --atol A   passes within A + R x the output's largest magnitude
                      (default: 1e-4 and 1e-7), f16 and bf16 a rounding more
  --dims NAME=SIZE    random inputs of these dims; --seed N draws others
  --outputs OUT.npz   write the outputs; without it, print a summary
  --threads N         default: one for each CPU
  --target=x86-64-v3  this code of the file's; default: the best that runs here
  --device=cpu|cuda|cuda:N|emulated|reference
                      emulated: kernels for GPUs, run and checked on the CPU
  --gemm=ours|cublaslt|auto
                      who multiplies matrices on a GPU (auto: cuBLASLt where it
                      was measured to be faster, else our kernels)
  --constant-input NAME=FILE
                      with the reference: bake an input in

Try:
  ingot run model.ingot --dims batch=2,sequence=7 --seed 1
  ingot run model.ingot --inputs in.npz --outputs out.npz
  ingot run model.ingot --data-set test_data_set_0 --rtol 1e-4
  ingot run model.onnx --device=reference --data-set test_data_set_0
)"},
    {"bench", benchVerb, "time an .ingot file and each of its steps",
     R"(usage: ingot bench FILE.ingot [--dims NAME=SIZE,...] [options]

  --threads N   default: one for each CPU
  --target=x86-64-v3
                this code of the file's; default: the best that runs here
  --device=cpu|cuda|cuda:N|emulated
  --gemm=ours|cublaslt|auto
                who multiplies matrices on a GPU
  --seconds S   how long to measure whole runs (default: 1)
  --seed N      other random inputs
  --lengths 40,17,...
                tokens of each row of a batch, in turn; the mask has the rest as
                padding (default: none)
  --json        the same for scripts

of bound: FLOPs over the CPU's peak (of bf16, or of AMX tiles, for such code) or bytes over its bandwidth, whichever takes
longer, as a part of the step's time; both are measured first. More than 100% is
a step that reads from cache. wait: the part of the threads' time without work.

Try:
  ingot bench model.ingot --dims batch=1,sequence=128
  ingot bench model.ingot --dims batch=1,sequence=128 --threads 1 --json
)"},
    {"inspect", inspectVerb, "print what an .ingot file holds",
     R"(usage: ingot inspect FILE.ingot [--kernels] [--json]

Prints interface, symbols, steps, kernels, memory, targets and versions. Works on
any machine.

  --kernels     the kernels of each target: size, and what is known of each

Try:
  ingot inspect model.ingot
  ingot inspect model.ingot --json
)"},
    {"explain", compilerVerb, "say what was fused, and what was not and why",
     R"(usage: ingot explain IN.onnx|IN.mlir [options]

Counts every softmax, normalization, activation, matrix product and embedding of
the model, and says of each what it became part of, or why not. Compiles nothing.

  --dims batch=1,sequence=1..512
                              fix symbols or give their range
  --constant-input NAME=FILE  bake an input in (.npy or .pb)
  --json                      the same for scripts

Try:
  ingot explain model.onnx
  ingot explain model.onnx --dims batch=1 --json
)"},
    {"verify", verifyVerb, "check an .ingot file against its hashes",
     R"(usage: ingot verify FILE.ingot

Try:
  ingot verify model.ingot
)"},
    {"doctor", doctorVerb, "print CPU, GPUs, memory and versions",
     R"(usage: ingot doctor

Try:
  ingot doctor
)"},
};

void printOverview(FILE *file) {
  fputs("usage: ingot VERB ...\n\n", file);
  for (const Verb &verb : kVerbs)
    fprintf(file, "  %-9s %s\n", verb.name, verb.summary);
  fputs("\nTry:\n  ingot compile model.onnx -o model.ingot\n"
        "  ingot run model.ingot --dims batch=1,sequence=8\n"
        "  ingot run --help\n",
        file);
}

} // namespace

const char *helpOf(std::string_view name) {
  for (const Verb &verb : kVerbs)
    if (name == verb.name)
      return verb.help;
  return nullptr;
}

static int dispatch(int argc, const char **argv) {
  if (argc < 2) {
    printOverview(stderr);
    return kExitUsage;
  }
  std::string_view name = argv[1];
  if (name == "--version") {
    printf("ingot %s\n", ingot_version());
    return 0;
  }
  if (name == "--help" || name == "-h" || name == "help") {
    const char *help = argc > 2 ? helpOf(argv[2]) : nullptr;
    help ? static_cast<void>(fputs(help, stdout)) : printOverview(stdout);
    return 0;
  }
  for (const Verb &verb : kVerbs) {
    if (name != verb.name)
      continue;
    for (int i = 2; i < argc; ++i)
      if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
        fputs(verb.help, stdout);
        return 0;
      }
    return verb.run(argc - 1, argv + 1);
  }
  return failUsage("no verb %s; see ingot --help", argv[1]);
}

} // namespace ingot::cli

int main(int argc, char **argv) {
  int code = ingot::cli::dispatch(argc, const_cast<const char **>(argv));
  // A full disk behind stdout shows up here at the latest.
  if (fflush(stdout) != 0 || ferror(stdout))
    return ingot::cli::fail("cannot write to stdout");
  return code;
}
