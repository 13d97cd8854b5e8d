// `ingot inspect` and `ingot verify`: what an artifact holds.
#include "tools/ingot/Model.h"

#include <algorithm>
#include <cstdio>

namespace ingot::cli {

namespace {

const char *textOf(const flatbuffers::String *string) {
  return string ? string->c_str() : "";
}

template <typename T>
uint32_t sizeOf(const T *vector) {
  return vector ? vector->size() : 0;
}

// "copy" and "fill" of steps without a kernel.
std::string kernelOf(const artifact::Step *step,
                     const artifact::Target *target) {
  if (step->kernel() < sizeOf(target->kernels()))
    return textOf(target->kernels()->Get(step->kernel())->name());
  return step->kind() == artifact::StepKind::Copy ? "copy" : "fill";
}

std::string interfaceText(const ingot_tensor_info &info) {
  std::string text = std::string(ingot_type_name(info.type)) + "[";
  for (int32_t i = 0; i < info.rank; ++i)
    text += std::string(i ? ", " : "") + info.dim_texts[i];
  return text + "]";
}

// Comma-separated list of what `item` returns for 0 .. count - 1.
template <typename Item>
std::string jsonList(uint32_t count, const char *indent, Item item) {
  std::string text = "[";
  for (uint32_t i = 0; i < count; ++i)
    text += std::string(i ? "," : "") + indent + item(i);
  return text + (count && *indent == '\n' ? "\n  ]" : "]");
}

std::string tensorsJson(const std::vector<ingot_tensor_info> &infos) {
  return jsonList(
      static_cast<uint32_t>(infos.size()), "\n    ", [&](uint32_t i) {
        const ingot_tensor_info &info = infos[i];
        std::string dims =
            jsonList(static_cast<uint32_t>(info.rank), "", [&](uint32_t d) {
              return info.dims[d] >= 0 ? std::to_string(info.dims[d])
                                       : jsonString(info.dim_texts[d]);
            });
        return "{\"name\": " + jsonString(info.name) +
               ", \"type\": " + jsonString(ingot_type_name(info.type)) +
               ", \"dims\": " + dims + "}";
      });
}

// Who may do a matrix product, and why no library; nothing for other steps.
std::string productText(const artifact::Step *step) {
  const artifact::Product *product = step->product();
  if (!product)
    return sizeOf(step->no_product())
               ? "our kernel alone: " + step->no_product()->str()
               : "";
  std::string text = "cuBLASLt or our kernel";
  if (product->tf32())
    text += ", tf32";
  if (product->bias() < sizeOf(step->args()))
    text += ", bias";
  if (product->residual() < sizeOf(step->args()))
    text += ", residual";
  if (product->activation() == artifact::Activation::Relu)
    text += ", relu";
  if (product->activation() == artifact::Activation::GeluTanh)
    text += ", gelu_tanh";
  if (product->library_from() != UINT32_MAX)
    text += format("; auto takes cuBLASLt from M %u", product->library_from());
  return text;
}

std::string stepJson(const artifact::Step *step, const artifact::Target *target,
                     uint32_t number) {
  std::string kernel = kernelOf(step, target);
  std::string op = step->kernel() < sizeOf(target->kernels())
                       ? textOf(target->kernels()->Get(step->kernel())->op())
                       : kernel;
  std::string sources = jsonList(sizeOf(step->sources()), "", [&](uint32_t i) {
    return jsonString(step->sources()->Get(i)->str());
  });
  return format("{\"step\": %u, \"name\": ", number) +
         jsonString(textOf(step->name())) +
         ", \"kernel\": " + jsonString(kernel) + ", \"op\": " + jsonString(op) +
         (productText(step).empty()
              ? ""
              : ", \"product\": " + jsonString(productText(step))) +
         ", \"sources\": " + sources + "}";
}

std::string gpuJson(const artifact::Kernel *kernel) {
  const artifact::Block *block = kernel->block();
  if (!block)
    return "";
  return format(", \"threads\": %u, \"shared_bytes\": %u",
                block->x() * block->y() * block->z(), kernel->shared_bytes());
}

void printJson(const Model &model) {
  const artifact::Artifact *header = model.header();
  ingot_model_info info = {};
  ingot_entry_info entry = {};
  ingot_model_get_info(model.model, &info);
  ingot_error_destroy(ingot_model_get_entry(model.model, 0, &entry));
  const artifact::Entry *first = header->entries()->Get(0);
  const artifact::Plan *plan =
      sizeOf(first->plans()) ? first->plans()->Get(0) : nullptr;
  const artifact::Target *target =
      plan ? header->targets()->Get(plan->target()) : nullptr;
  std::string symbols = jsonList(info.symbol_count, "\n    ", [&](uint32_t i) {
    ingot_symbol_info symbol = {};
    ingot_error_destroy(ingot_model_get_symbol(model.model, i, &symbol));
    auto limit = [](int64_t value) {
      return value == INT64_MIN || value == INT64_MAX ? "null"
                                                      : std::to_string(value);
    };
    return "{\"name\": " + jsonString(symbol.name) +
           ", \"min\": " + limit(symbol.min) +
           ", \"max\": " + limit(symbol.max) +
           ", \"fixed\": " + (symbol.fixed ? "true" : "false") + "}";
  });
  std::string steps =
      jsonList(plan ? sizeOf(plan->steps()) : 0, "\n    ", [&](uint32_t i) {
        return stepJson(plan->steps()->Get(i), target, i);
      });
  std::string kernels = jsonList(
      target ? sizeOf(target->kernels()) : 0, "\n    ", [&](uint32_t i) {
        const artifact::Kernel *kernel = target->kernels()->Get(i);
        std::string details =
            jsonList(sizeOf(kernel->details()), "", [&](uint32_t d) {
              const artifact::Detail *detail = kernel->details()->Get(d);
              return "[" + jsonString(textOf(detail->key())) + ", " +
                     jsonString(textOf(detail->value())) + "]";
            });
        return "{\"name\": " + jsonString(textOf(kernel->name())) +
               ", \"op\": " + jsonString(textOf(kernel->op())) +
               format(", \"bytes\": %llu",
                      static_cast<unsigned long long>(kernel->length())) +
               gpuJson(kernel) + ", \"details\": " + details + "}";
      });
  std::string targets =
      jsonList(sizeOf(header->targets()), "", [&](uint32_t i) {
        return jsonString(textOf(header->targets()->Get(i)->name()));
      });
  printf("{\n  \"producer\": %s,\n  \"runtime\": %s,\n  \"format_version\": "
         "%u,\n  \"kernel_abi\": %u,\n"
         "  \"file_bytes\": %llu,\n  \"weight_bytes\": %llu,\n  "
         "\"code_bytes\": %llu,\n  \"entry\": %s,\n",
         jsonString(info.producer ? info.producer : "").c_str(),
         jsonString(ingot_version()).c_str(), info.format_version,
         info.kernel_abi, static_cast<unsigned long long>(info.file_bytes),
         static_cast<unsigned long long>(info.weight_bytes),
         static_cast<unsigned long long>(info.code_bytes),
         jsonString(entry.name).c_str());
  printf("  \"inputs\": %s,\n  \"outputs\": %s,\n  \"symbols\": %s,\n",
         tensorsJson(model.inputInfos()).c_str(),
         tensorsJson(model.outputInfos()).c_str(), symbols.c_str());
  printf("  \"memory\": %s,\n  \"targets\": %s,\n  \"steps\": %s,\n  "
         "\"kernels\": %s\n}\n",
         jsonString(plan ? textOf(plan->peak_text()) : "").c_str(),
         targets.c_str(), steps.c_str(), kernels.c_str());
}

// "128 threads, 49152 bytes shared, registers 96".
std::string describeKernel(const artifact::Kernel *kernel) {
  std::string text =
      format("%llu bytes", static_cast<unsigned long long>(kernel->length()));
  if (const artifact::Block *block = kernel->block())
    text += format(", %u threads", block->x() * block->y() * block->z());
  if (kernel->shared_bytes())
    text += format(", %u bytes shared", kernel->shared_bytes());
  for (uint32_t d = 0; d < sizeOf(kernel->details()); ++d)
    text += std::string(", ") + textOf(kernel->details()->Get(d)->key()) + " " +
            textOf(kernel->details()->Get(d)->value());
  return text;
}

void printKernels(const artifact::Artifact *header) {
  for (uint32_t t = 0; t < sizeOf(header->targets()); ++t) {
    const artifact::Target *target = header->targets()->Get(t);
    printf("target  %s: %u kernels, code %.1f KB\n", textOf(target->name()),
           sizeOf(target->kernels()),
           static_cast<double>(target->code_length()) / 1e3);
    for (uint32_t i = 0; i < sizeOf(target->kernels()); ++i) {
      const artifact::Kernel *kernel = target->kernels()->Get(i);
      printf("%6u  %-28s %-12s %s\n", i, textOf(kernel->name()),
             textOf(kernel->op()), describeKernel(kernel).c_str());
    }
  }
}

// Who may do the matrix products of a plan, equal ones in one line.
void printProducts(const artifact::Plan *plan, const artifact::Target *target) {
  std::vector<std::pair<std::string, int>> lines;
  for (uint32_t i = 0; i < sizeOf(plan->steps()); ++i) {
    const artifact::Step *step = plan->steps()->Get(i);
    std::string text = productText(step);
    if (text.empty())
      continue;
    text = format("%-40s ", kernelOf(step, target).c_str()) + text;
    auto found = std::find_if(lines.begin(), lines.end(),
                              [&](auto &line) { return line.first == text; });
    if (found == lines.end())
      found = lines.insert(found, {text, 0});
    ++found->second;
  }
  for (const auto &[text, count] : lines)
    printf("product %4d of %s\n", count, text.c_str());
}

void printText(const Model &model) {
  const artifact::Artifact *header = model.header();
  ingot_model_info info = {};
  ingot_model_get_info(model.model, &info);
  printf("%s, format %u, %.2f MB: weights %.2f MB, code %.1f KB\n",
         info.producer ? info.producer : "", info.format_version,
         static_cast<double>(info.file_bytes) / 1e6,
         static_cast<double>(info.weight_bytes) / 1e6,
         static_cast<double>(info.code_bytes) / 1e3);
  for (const ingot_tensor_info &tensor : model.inputInfos())
    printf("input   %-28s %s\n", tensor.name, interfaceText(tensor).c_str());
  for (const ingot_tensor_info &tensor : model.outputInfos())
    printf("output  %-28s %s\n", tensor.name, interfaceText(tensor).c_str());
  for (uint32_t i = 0; i < info.symbol_count; ++i) {
    ingot_symbol_info symbol = {};
    ingot_error_destroy(ingot_model_get_symbol(model.model, i, &symbol));
    std::string low = symbol.min == INT64_MIN ? "" : std::to_string(symbol.min);
    std::string high =
        symbol.max == INT64_MAX ? "" : std::to_string(symbol.max);
    printf("symbol  %-28s %s\n", symbol.name,
           symbol.fixed ? low.c_str() : (low + ".." + high).c_str());
  }
  for (uint32_t i = 0; i < sizeOf(header->states()); ++i) {
    const artifact::State *state = header->states()->Get(i);
    const artifact::ExprNode *size = header->exprs()->Get(state->size());
    printf("state   %-28s %s\n", state->name()->c_str(),
           size->op() == artifact::ExprOp::Constant
               ? format("%lld bytes", static_cast<long long>(size->value()))
                     .c_str()
               : "as large as the dims say");
  }
  const artifact::Entry *entry = header->entries()->Get(0);
  for (uint32_t p = 0; p < sizeOf(entry->plans()); ++p) {
    const artifact::Plan *plan = entry->plans()->Get(p);
    const artifact::Target *target = header->targets()->Get(plan->target());
    printf("target  %s: %u steps, %u kernels, memory %s\n",
           textOf(target->name()), sizeOf(plan->steps()),
           sizeOf(target->kernels()), textOf(plan->peak_text()));
    printProducts(plan, target);
    for (uint32_t i = 0; p == 0 && i < sizeOf(plan->steps()); ++i) {
      const artifact::Step *step = plan->steps()->Get(i);
      std::string from =
          sizeOf(step->sources()) ? step->sources()->Get(0)->str() : "";
      if (sizeOf(step->sources()) > 1)
        from += format(" and %u more", sizeOf(step->sources()) - 1);
      printf("%6u  %-28s %-28s %s\n", i, textOf(step->name()),
             kernelOf(step, target).c_str(), from.c_str());
    }
  }
}

} // namespace

int inspectVerb(int argc, const char **argv) {
  Options options;
  if (int code = parseOptions(argc, argv, {}, {"--json", "--kernels"}, options))
    return code;
  if (options.files.size() != 1)
    return failUsage("ingot inspect takes one file; see ingot inspect --help");
  Model model;
  if (int code = model.load(options.files[0]))
    return code;
  if (!sizeOf(model.header()->entries()))
    return fail("%s has no entry", options.files[0].c_str());
  if (options.has("--json"))
    printJson(model);
  else if (options.has("--kernels"))
    printKernels(model.header());
  else
    printText(model);
  return 0;
}

int verifyVerb(int argc, const char **argv) {
  Options options;
  if (int code = parseOptions(argc, argv, {}, {}, options))
    return code;
  if (options.files.size() != 1)
    return failUsage("ingot verify takes one file; see ingot verify --help");
  Model model;
  if (int code = model.load(options.files[0]))
    return code;
  if (failed(ingot_model_verify(model.model)))
    return kExitInput;
  printf("%s: header, code and weights are as written\n",
         options.files[0].c_str());
  return 0;
}

} // namespace ingot::cli
