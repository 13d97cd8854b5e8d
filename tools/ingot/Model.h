// A loaded artifact, and inputs made up for it.
#pragma once

#include "runtime/artifact_generated.h"
#include "tools/ingot/Array.h"
#include "tools/ingot/Command.h"

namespace ingot::cli {

class Model {
public:
  Model() = default;
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;
  ~Model();

  // All return 0, else the exit code after a complaint.
  // To look at, and to run on a device: "cpu", "cuda:0".
  int load(const std::string &path);
  // `target`: NULL is the best one.
  int load(const std::string &path, const std::string &device,
           const char *target);
  // `threads` of 0: one per CPU.
  int createSession(int64_t threads, ingot_gemm gemm);
  // Matched by name; keeps the arrays, which must outlive the runs.
  int bindInputs();
  // Runs with random inputs. Every symbol that inputs depend on must be given.
  // Token ids are drawn from a smaller range until all are in the model's.
  int firstRun(const Dims &dims, uint64_t seed);
  int collectOutputs(std::vector<Array> &outputs);

  std::vector<ingot_tensor_info> inputInfos() const;
  std::vector<ingot_tensor_info> outputInfos() const;
  const artifact::Artifact *header() const;

  ingot_device *device = nullptr;
  ingot_model *model = nullptr;
  ingot_session *session = nullptr;
  std::vector<Array> inputs;
  std::vector<int64_t> lengths; // of rows of masks made up; none: all tokens
  double firstRunMs = 0;        // of firstRun, its making of inputs aside

private:
  // Integers that are ids are below `tokens`.
  int makeInputs(const Dims &dims, uint64_t seed, int64_t tokens);
  int setLengths();
};

} // namespace ingot::cli
