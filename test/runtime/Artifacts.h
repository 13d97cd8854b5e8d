// Artifacts made by hand, handles that clean up, and short ways to write tests.
#pragma once

#include "ingot/ingot.h"
#include "runtime/artifact_format.h"
#include "runtime/artifact_generated.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

namespace ingot::test {

using namespace ingot::artifact;

/// An artifact under construction: the header's objects, open to any change,
/// and the bytes of code and weights.
class Maker {
public:
  Maker();

  // Expressions; each returns its number.
  uint32_t constant(int64_t value);
  uint32_t symbol(const std::string &name, int64_t min = 0,
                  int64_t max = INT64_MAX);
  uint32_t node(ExprOp op, uint32_t a, uint32_t b = 0, uint32_t c = 0);
  uint32_t mul(uint32_t a, uint32_t b) { return node(ExprOp::Mul, a, b); }
  /// Number of a symbol made before, as sources want it.
  uint32_t symbolNumber(const std::string &name) const;

  TensorT &input(const std::string &name, ElementType type,
                 std::vector<uint32_t> dims);
  TensorT &output(const std::string &name, ElementType type,
                  std::vector<uint32_t> dims);
  void source(const std::string &symbol, SourceKind kind, uint32_t input = 0,
              uint32_t position = 0);
  uint32_t weight(const std::string &name, std::vector<float> values);
  uint32_t slot(uint32_t size);
  /// A buffer; returns its number in the plan.
  uint32_t buffer(BufferKind kind, uint32_t index, uint32_t size);

  Arg pointer(uint32_t buffer, uint32_t offset = 0);
  Arg integer(uint32_t expr) { return Arg(ArgKind::I64, 0, expr, 0); }
  Arg real(float value);
  /// Appends a launch of a kernel of kernels.c.
  StepT &launch(const std::string &kernel, uint32_t grid,
                std::vector<Arg> args);
  StepT &copy(uint32_t to, uint32_t from, uint32_t bytes);
  KernelT &kernel(const std::string &name);
  /// Expression for the tasks of BLOCK elements.
  uint32_t blocks(uint32_t size);

  EntryT &entry() { return *artifact.entries.back(); }
  PlanT &plan() { return *entry().plans.back(); }
  TargetT &target() { return *artifact.targets.front(); }
  /// A second entry with a plan; what is added next belongs to it.
  void beginEntry(const std::string &name);

  /// The file. Offsets, lengths and hashes are filled in.
  std::vector<uint8_t> bytes();

  ArtifactT artifact;
  std::vector<std::vector<float>> weights;
  uint32_t zero, one;
};

/// Bytes at an address that ingot_model_load_memory takes.
class AlignedBytes {
public:
  explicit AlignedBytes(const std::vector<uint8_t> &bytes);
  ~AlignedBytes() { free(memory); }
  AlignedBytes(const AlignedBytes &) = delete;
  uint8_t *data() { return memory; }
  size_t size() const { return length; }

private:
  uint8_t *memory;
  size_t length;
};

/// Computes the header's hash again, so that a change of it gets past the hash.
void rehash(uint8_t *file);

/// A file that is gone with this object.
class TemporaryFile {
public:
  explicit TemporaryFile(const std::vector<uint8_t> &bytes);
  ~TemporaryFile();
  const char *path() const { return name.c_str(); }

private:
  std::string name;
};

/// Success, or a test failure that shows the message.
testing::AssertionResult ok(ingot_error *error);
/// `code` and a message that contains all of `parts`.
testing::AssertionResult fails(ingot_error *error, ingot_error_code code,
                               std::initializer_list<const char *> parts);

struct Model {
  Model() = default;
  explicit Model(Maker &maker, const ingot_model_options *options = nullptr,
                 ingot_device *device = nullptr);
  ~Model() { ingot_model_destroy(handle); }
  Model(const Model &) = delete;
  operator ingot_model *() const { return handle; }
  ingot_model *handle = nullptr;
};

struct Session {
  explicit Session(ingot_model *model, int32_t threads = 1);
  explicit Session(ingot_model *model, const ingot_session_options &options);
  ~Session() { ingot_session_destroy(handle); }
  Session(const Session &) = delete;
  operator ingot_session *() const { return handle; }
  ingot_session *handle = nullptr;
};

template <typename T>
constexpr ingot_type typeOf();
template <>
constexpr ingot_type typeOf<float>() {
  return INGOT_TYPE_F32;
}
template <>
constexpr ingot_type typeOf<int64_t>() {
  return INGOT_TYPE_I64;
}
template <>
constexpr ingot_type typeOf<int32_t>() {
  return INGOT_TYPE_I32;
}

/// A view of `values`, which stays the owner.
template <typename T>
ingot_tensor tensor(std::vector<T> &values, std::vector<int64_t> dims) {
  ingot_tensor result = {};
  result.data = values.data();
  result.bytes = values.size() * sizeof(T);
  result.type = typeOf<T>();
  result.rank = int32_t(dims.size());
  for (size_t i = 0; i < dims.size() && i < INGOT_MAX_RANK; ++i)
    result.dims[i] = dims[i];
  return result;
}

ingot_tensor output(ingot_session *session, const char *name);
template <typename T>
std::vector<T> values(const ingot_tensor &tensor) {
  auto *data = static_cast<const T *>(tensor.data);
  return {data, data + tensor.bytes / sizeof(T)};
}
std::vector<int64_t> dims(const ingot_tensor &tensor);

/// y = 2 * x, x f32 [batch, sequence], sequence <= 512.
Maker doubling();
/// A product: y = x[:, 0:32] w^T + bias + residual, x f32 [rows, 40], residual
/// and y f32 [rows, 5], through scratch, so that a library may do it: step 2.
/// w [5][32] and bias [5] are small integers, see productOf.
Maker product();
std::vector<float> productOf(const std::vector<float> &x,
                             const std::vector<float> &residual);
/// An embedding: y = table[ids] + x, ids_out = ids; ids i64 [batch, sequence],
/// x f32 [batch, sequence, 4], table [10][4] of 0, 1, 2, ...; at most 4096 ids.
Maker embedding();

} // namespace ingot::test
