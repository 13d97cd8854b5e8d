#include "test/codegen/CompiledModel.h"

#include "codegen/artifact/ArtifactWriter.h"

#include "llvm/Support/FileSystem.h"

#include <cstring>

using namespace mlir;

namespace ingot::test {

using reference::ElementType;
using reference::Tensor;

namespace {
constexpr std::pair<ElementType, ingot_type> kTypes[] = {
    {ElementType::F32, INGOT_TYPE_F32},
    {ElementType::I64, INGOT_TYPE_I64},
    {ElementType::I32, INGOT_TYPE_I32},
    {ElementType::Bool, INGOT_TYPE_BOOL},
};

/// The artifact in a temporary file.
std::string writeTemporary(Subject &subject, ModuleOp lowered,
                           cpu::IsaLevel level) {
  std::vector<plan::KernelOp> kernels = kernelsOf(lowered, /*isCuda=*/false);
  cpu::KernelCompilerOptions options;
  options.levels = {level};
  FailureOr<std::vector<cpu::LevelCode>> code =
      cpu::compilePlanKernels(kernels, options);
  llvm::SmallString<128> path;
  int file;
  if (failed(code) ||
      llvm::sys::fs::createTemporaryFile("model", "ingot", file, path))
    return "";
  llvm::raw_fd_ostream os(file, /*shouldClose=*/true);
  WeightStore none("");
  WeightStore &weights = subject.weights ? *subject.weights : none;
  TargetCode target = cpuTarget(code->front(), kernels);
  if (failed(writeArtifact(lowered, target, weights, os, {"test", "random"})))
    return "";
  return path.str().str();
}
} // namespace

CompiledModel::CompiledModel(Subject &subject, ModuleOp fused,
                             cpu::IsaLevel level) {
  OwningOpRef<ModuleOp> lowered = subject.lower(fused);
  if (!lowered) {
    error = subject.diagnostics;
    return;
  }
  auto program = *lowered->getOps<plan::ProgramOp>().begin();
  auto namesOf = [](ArrayAttr interface) {
    std::vector<std::string> names;
    for (auto entry : interface.getAsRange<DictionaryAttr>())
      names.push_back(entry.getAs<StringAttr>("name").str());
    return names;
  };
  inputNames = namesOf(program.getInputs());
  outputNames = namesOf(program.getOutputs());
  std::string path = writeTemporary(subject, *lowered, level);
  if (path.empty()) {
    error = "no artifact: " + subject.diagnostics;
    return;
  }
  ingot_session_options options{};
  options.struct_size = sizeof(options);
  options.threads = 1;
  (void)(succeeds(ingot_device_create(nullptr, &device)) &&
         succeeds(ingot_model_load(device, path.c_str(), nullptr, &model)) &&
         succeeds(ingot_session_create(model, &options, &session)));
  (void)llvm::sys::fs::remove(path);
}

CompiledModel::~CompiledModel() {
  ingot_session_destroy(session);
  ingot_model_destroy(model);
  ingot_device_destroy(device);
}

bool CompiledModel::succeeds(ingot_error *made) {
  if (!made)
    return true;
  error = ingot_error_message(made);
  ingot_error_destroy(made);
  return false;
}

std::optional<std::vector<Tensor>>
CompiledModel::run(llvm::ArrayRef<Tensor> inputs) {
  for (auto [name, input] : llvm::zip_equal(inputNames, inputs)) {
    ingot_tensor tensor{};
    tensor.data = const_cast<std::byte *>(input.bytes().data());
    tensor.bytes = input.bytes().size();
    tensor.rank = static_cast<int32_t>(input.rank());
    std::copy(input.shape().begin(), input.shape().end(), tensor.dims);
    for (auto [type, ours] : kTypes)
      if (type == input.type())
        tensor.type = ours;
    if (!succeeds(ingot_session_set_input(session, name.c_str(), &tensor)))
      return std::nullopt;
  }
  if (!succeeds(ingot_session_run(session)))
    return std::nullopt;
  std::vector<Tensor> outputs;
  for (const std::string &name : outputNames) {
    ingot_tensor tensor{};
    if (!succeeds(ingot_session_get_output(session, name.c_str(), &tensor)))
      return std::nullopt;
    for (auto [type, ours] : kTypes) {
      if (tensor.type != ours)
        continue;
      Tensor output = *Tensor::create(
          type, reference::Shape(tensor.dims, tensor.dims + tensor.rank));
      std::span<std::byte> bytes = output.mutableBytes();
      if (!bytes.empty())
        std::memcpy(bytes.data(), tensor.data, bytes.size());
      outputs.push_back(std::move(output));
    }
  }
  return outputs;
}

} // namespace ingot::test
