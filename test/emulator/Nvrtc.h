// Kernels through NVRTC, where one is found: does the real compiler take them,
// and what does it make of them.
#pragma once

#include <string>
#include <vector>

namespace ingot::emulator {

struct CompiledKernel {
  std::string name;
  int registers = 0, frameBytes = 0, spillBytes = 0;
};

struct NvrtcResult {
  bool ok = false;
  std::string log, code; // code: cubin for sm_*, PTX for compute_*
  std::vector<CompiledKernel> kernels;
};

// False where there is no libnvrtc: INGOT_NVRTC, a toolkit, or the wheel in
// build/venv.
bool nvrtcFound();
// Headers come from memory, as in the compiler. `arch`: "sm_80", "compute_80".
NvrtcResult nvrtcCompile(const std::string &text, const std::string &arch);
// SASS of a cubin by nvdisasm (INGOT_NVDISASM, the wheel or a toolkit), empty
// where there is none.
std::string disassemble(const std::string &cubin);

} // namespace ingot::emulator
