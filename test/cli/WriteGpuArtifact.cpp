// Writes FILE: the runtime tests' embedding, for sm_80 and x86-64.
#include "test/runtime/cuda/ToCuda.h"

#include <cstdio>

int main(int argc, char **argv) {
  using namespace ingot::test;
  if (argc != 2)
    return 2;
  Maker maker = embedding();
  maker.artifact.targets.push_back(std::make_unique<TargetT>(maker.target()));
  auto plan = std::make_unique<PlanT>(maker.plan());
  plan->target = 1;
  maker.entry().plans.push_back(std::move(plan));
  toCuda(maker);
  std::vector<uint8_t> bytes = maker.bytes();
  FILE *file = fopen(argv[1], "wb");
  return file && fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() &&
                 fclose(file) == 0
             ? 0
             : 1;
}
