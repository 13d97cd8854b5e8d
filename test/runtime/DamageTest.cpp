// Damaged and hostile artifacts: an error, never a crash. Loads and binds what
// gets through, but does not run it: code is the file's own.
#include "test/runtime/Artifacts.h"

#include <functional>
#include <random>

namespace ingot::test {
namespace {

/// A device that refuses to give more than 64 MiB at once.
ingot_device *frugalDevice() {
  auto allocate = [](void *, size_t size, size_t alignment) -> void * {
    void *memory = nullptr;
    if (size > (size_t(64) << 20) || posix_memalign(&memory, alignment, size))
      return nullptr;
    return memory;
  };
  static ingot_device *device = nullptr;
  if (!device) {
    ingot_device_options options = INGOT_DEVICE_OPTIONS_INIT;
    options.allocator = {allocate, [](void *, void *p, size_t) { free(p); },
                         nullptr};
    EXPECT_TRUE(ok(ingot_device_create(&options, &device)));
  }
  return device;
}

/// Loads; on success looks at everything and binds. True if it loaded.
bool exercise(AlignedBytes &bytes, size_t size) {
  ingot_model *model = nullptr;
  ingot_error *error = ingot_model_load_memory(frugalDevice(), bytes.data(),
                                               size, nullptr, &model);
  if (error) {
    EXPECT_GT(strlen(ingot_error_message(error)), 10u);
    ingot_error_destroy(error);
    return false;
  }
  auto ignore = [](ingot_error *e) { ingot_error_destroy(e); };
  ingot_model_info info;
  ingot_model_get_info(model, &info);
  for (uint32_t e = 0; e < info.entry_count && e < 4; ++e) {
    ingot_entry_info entry = {};
    ignore(ingot_model_get_entry(model, e, &entry));
    ingot_tensor_info tensor;
    for (uint32_t i = 0; i < entry.input_count; ++i)
      ignore(ingot_model_get_input(model, e, i, &tensor));
    for (uint32_t i = 0; i < entry.output_count; ++i)
      ignore(ingot_model_get_output(model, e, i, &tensor));
    ingot_memory memory;
    ingot_dim dims[] = {{"batch", 2}, {"sequence", 3}};
    ignore(ingot_model_get_memory(model, e, dims, 2, &memory));
  }
  for (uint32_t i = 0; i < info.symbol_count; ++i) {
    ingot_symbol_info symbol;
    ignore(ingot_model_get_symbol(model, i, &symbol));
  }
  ignore(ingot_model_verify(model));

  ingot_session *session = nullptr;
  ingot_session_options options = INGOT_SESSION_OPTIONS_INIT;
  options.threads = 1;
  if (ingot_error *e = ingot_session_create(model, &options, &session)) {
    ingot_error_destroy(e);
  } else {
    std::vector<int64_t> ids(6, 1);
    std::vector<float> x(24, 1);
    ingot_tensor i = tensor(ids, {2, 3}), t = tensor(x, {2, 3, 4});
    ignore(ingot_session_set_input(session, "ids", &i));
    ignore(ingot_session_set_input(session, "x", &t));
    ignore(ingot_session_bind(session));
    ingot_session_destroy(session);
  }
  ingot_model_destroy(model);
  return true;
}

/// Everything the schema has, with an init plan, states and two entries, but
/// sizes small enough that damage cannot ask for much memory.
Maker everything() {
  Maker m = embedding();
  auto state = std::make_unique<StateT>();
  state->name = "state";
  state->size = m.constant(64);
  m.artifact.states.push_back(std::move(state));
  m.buffer(BufferKind::State, 0, m.constant(64));
  auto detail = std::make_unique<DetailT>();
  detail->key = "model";
  detail->value = "test.onnx";
  m.artifact.details.push_back(std::move(detail));
  m.kernel("add").worker_scratch = m.constant(256);
  m.kernel("add").details.push_back(
      std::make_unique<DetailT>(*m.artifact.details[0]));
  m.beginEntry("second");
  uint32_t n = m.symbol("n", 0, 64);
  m.input("n", ElementType::I64, {m.constant(3)});
  m.source("n", SourceKind::InputElement, 0, 2);
  m.output("y", ElementType::F16, {n, m.node(ExprOp::Select, n, m.one, n)});
  m.buffer(BufferKind::Output, 0, m.node(ExprOp::Mul, n, m.constant(2)));
  return m;
}

/// A whole tensor map, of the buffer that step 1 writes.
TensorMapT &addMap(Maker &m) {
  auto map = std::make_unique<TensorMapT>();
  map->buffer = m.plan().steps[1]->args[0].buffer();
  map->offset = m.zero;
  map->type = ElementType::F32;
  map->dims = {m.one, m.one};
  map->strides = {m.constant(128)};
  map->box = {32, 8};
  map->swizzle = 128;
  m.plan().tensor_maps.push_back(std::move(map));
  return *m.plan().tensor_maps.back();
}

TEST(Damage, EveryTruncation) {
  auto file = everything().bytes();
  AlignedBytes bytes(file);
  Prefix prefix;
  memcpy(&prefix, file.data(), sizeof(prefix));
  size_t headerEnd = sizeof(prefix) + prefix.headerLength;
  for (size_t size = 0; size < headerEnd + 100; ++size) {
    ASSERT_FALSE(exercise(bytes, size)) << size;
    // Once more as if it had been written that long.
    if (size < sizeof(Prefix))
      continue;
    Prefix shorter = prefix;
    shorter.fileLength = size;
    shorter.headerLength =
        std::min<uint64_t>(prefix.headerLength, size - sizeof(prefix));
    memcpy(bytes.data(), &shorter, sizeof(shorter));
    rehash(bytes.data());
    ASSERT_FALSE(exercise(bytes, size)) << size;
    memcpy(bytes.data(), &prefix, sizeof(prefix));
  }
  EXPECT_TRUE(exercise(bytes, bytes.size()));
}

// Each byte of prefix and header in turn becomes other values, behind a hash
// that fits.
TEST(Damage, EveryByte) {
  auto file = everything().bytes();
  AlignedBytes bytes(file);
  Prefix prefix;
  memcpy(&prefix, file.data(), sizeof(prefix));
  size_t headerEnd = sizeof(prefix) + prefix.headerLength, loaded = 0;
  for (size_t at = 0; at < headerEnd; ++at)
    for (uint8_t change : {0x01, 0xff}) {
      bytes.data()[at] ^= change;
      if (at >= sizeof(prefix))
        rehash(bytes.data());
      loaded += exercise(bytes, bytes.size());
      memcpy(bytes.data(), file.data(), headerEnd);
    }
  // Names, texts and padding may change freely; most else may not.
  EXPECT_GT(loaded, 100u);
}

TEST(Damage, RandomBytes) {
  auto file = everything().bytes();
  AlignedBytes bytes(file);
  Prefix prefix;
  memcpy(&prefix, file.data(), sizeof(prefix));
  size_t headerEnd = sizeof(prefix) + prefix.headerLength;
  std::mt19937 random(20240607);
  // INGOT_FUZZ_ROUNDS=1000000 for a night.
  const char *wanted = getenv("INGOT_FUZZ_ROUNDS");
  int rounds = wanted ? atoi(wanted) : 4000;
  for (int round = 0; round < rounds; ++round) {
    size_t changes = 1 + random() % 6;
    for (size_t c = 0; c < changes; ++c) {
      size_t at = sizeof(prefix) + random() % prefix.headerLength;
      switch (random() % 3) {
      case 0:
        bytes.data()[at] = uint8_t(random());
        break;
      case 1: { // a small number where one stood: a plausible index
        uint32_t value = random() % 64;
        memcpy(bytes.data() + at / 4 * 4, &value, 4);
        break;
      }
      case 2: { // a copy of another word
        size_t from = sizeof(prefix) + random() % (prefix.headerLength - 4);
        memcpy(bytes.data() + at / 4 * 4, file.data() + from / 4 * 4, 4);
        break;
      }
      }
    }
    rehash(bytes.data());
    exercise(bytes, bytes.size());
    memcpy(bytes.data(), file.data(), headerEnd);
  }
}

// One wrong number at a time, and the words for it.
TEST(Damage, EachReferenceIsChecked) {
  struct Case {
    const char *message;
    std::function<void(Maker &)> damage;
  };
  const uint32_t far = 1000;
  const Case cases[] = {
      {"expression 1 refers to a later one",
       [](Maker &m) {
         m.artifact.exprs[1] = ExprNode(ExprOp::Add, 0, 5, 0, 0);
       }},
      {"expression 1 has operation 99",
       [](Maker &m) {
         m.artifact.exprs[1] = ExprNode(ExprOp(99), 0, 0, 0, 0);
       }},
      {"expression 1 is symbol 7",
       [](Maker &m) {
         m.artifact.exprs[1] = ExprNode(ExprOp::Symbol, 7, 0, 0, 0);
       }},
      {"symbol 'batch' has rate 0 and range 5..4",
       [](Maker &m) {
         m.artifact.symbols[0]->rate = SymbolRate::Compile;
         m.artifact.symbols[0]->min = 5;
         m.artifact.symbols[0]->max = 4;
       }},
      {"weight 'table' has element type 0",
       [](Maker &m) { m.artifact.blobs[0]->type = ElementType::None; }},
      {"weight 'table' is to be filled, which its type",
       [](Maker &m) {
         m.artifact.blobs[0]->type = ElementType::I32;
         m.artifact.blobs[0]->fill = std::make_unique<Fill>(1, 0, 1);
       }},
      {"weight 'table' is to be filled, which its type or layout",
       [](Maker &m) {
         m.artifact.blobs[0]->layout =
             std::make_unique<Layout>(LayoutKind::Panels, 0, 1);
         m.artifact.blobs[0]->fill = std::make_unique<Fill>(1, 0, 1);
       }},
      {"kernel 'add' is outside the code",
       [](Maker &m) { m.kernel("add").offset = 1 << 20; }},
      {"worker scratch is expression 1000",
       [=](Maker &m) { m.kernel("add").worker_scratch = far; }},
      {"input 'ids' has element type 77",
       [](Maker &m) { m.entry().inputs[0]->type = ElementType(77); }},
      {"input 'ids' has rank 9",
       [](Maker &m) { m.entry().inputs[0]->dims.assign(9, m.one); }},
      {"has 1 texts for 2 dims",
       [](Maker &m) { m.entry().inputs[0]->dim_texts.pop_back(); }},
      {"two inputs 'ids'", [](Maker &m) { m.entry().inputs[1]->name = "ids"; }},
      {"a dim is expression 1000",
       [=](Maker &m) { m.entry().outputs[0]->dims[0] = far; }},
      {"source 0 binds symbol 9",
       [](Maker &m) {
         m.entry().sources[0] = SymbolSource(9, SourceKind::InputDim, 0, 0);
       }},
      {"source 0 is input 2",
       [](Maker &m) {
         m.entry().sources[0] = SymbolSource(0, SourceKind::InputDim, 2, 0);
       }},
      {"source 0 cannot be read from input 'ids'",
       [](Maker &m) {
         m.entry().sources[0] = SymbolSource(0, SourceKind::InputDim, 0, 2);
       }},
      {"source 0 cannot be read from input 'x'",
       [](Maker &m) {
         m.entry().sources[0] = SymbolSource(0, SourceKind::InputElement, 1, 0);
       }},
      {"source 0 cannot be read from input 'x'",
       [](Maker &m) {
         m.entry().sources[0] =
             SymbolSource(0, SourceKind::NonZeroElements, 1, 0);
       }},
      {"symbol 0 has two sources",
       [](Maker &m) { m.entry().sources[1] = m.entry().sources[0]; }},
      {"a required condition is expression 1000",
       [=](Maker &m) { m.entry().requirements[0]->condition = far; }},
      {"plan 0 is for target 3", [](Maker &m) { m.plan().target = 3; }},
      {"two plans for one target",
       [](Maker &m) {
         m.entry().plans.push_back(std::make_unique<PlanT>(m.plan()));
       }},
      {"buffer 1 is number 9 of 2",
       [](Maker &m) { m.plan().buffers[1]->index = 9; }},
      {"buffer 3 is number 0 of 0 of kind 88",
       [](Maker &m) { m.plan().buffers[3]->kind = BufferKind(88); }},
      {"the size of a slot is expression 1000",
       [=](Maker &m) { m.plan().slots[0] = far; }},
      {"step 1: it launches kernel 5 of 2",
       [](Maker &m) { m.plan().steps[1]->kernel = 5; }},
      {"step 1: it has no grid",
       [](Maker &m) { m.plan().steps[1]->grid.reset(); }},
      {"step 1: it has kind 55",
       [](Maker &m) { m.plan().steps[1]->kind = StepKind(55); }},
      {"step 1: argument 0 is buffer 1000",
       [=](Maker &m) { m.plan().steps[1]->args[0] = m.pointer(far); }},
      {"step 1: argument 0 has kind 9",
       [](Maker &m) { m.plan().steps[1]->args[0] = Arg(ArgKind(9), 0, 0, 0); }},
      {"step 1: argument 0 is tensor map 0 of 0",
       [](Maker &m) {
         m.plan().steps[1]->args[0] = Arg(ArgKind::TensorMap, 0, 0, 0);
       }},
      {"step 1: argument 0 writes to a read-only buffer",
       [](Maker &m) {
         addMap(m);
         m.plan().tensor_maps[0]->buffer = 0;
         m.plan().steps[1]->args[0] = Arg(ArgKind::TensorMap, 0, 0, 2);
       }},
      {"init step 0: argument 0 of an init step is a tensor map",
       [](Maker &m) {
         addMap(m);
         m.plan().init.push_back(std::make_unique<StepT>(*m.plan().steps[1]));
         m.plan().init[0]->args[0] = Arg(ArgKind::TensorMap, 0, 0, 0);
       }},
      {"tensor map 0 is of buffer 77", [](Maker &m) { addMap(m).buffer = 77; }},
      {"tensor map 0 is of no kind", [](Maker &m) { addMap(m).swizzle = 16; }},
      {"tensor map 0 is of no kind",
       [](Maker &m) { addMap(m).type = ElementType::I4; }},
      {"tensor map 0 is of no kind", [](Maker &m) { addMap(m).box[1] = 257; }},
      {"tensor map 0 is of no kind", [](Maker &m) { addMap(m).box[0] = 33; }},
      {"tensor map 0 is of no kind", [](Maker &m) { addMap(m).box[0] = 64; }},
      {"tensor map 0 is of no kind", [](Maker &m) { addMap(m).strides = {}; }},
      {"tensor map 0 is of no kind", [](Maker &m) { addMap(m).dims = {}; }},
      {"a dim", [=](Maker &m) { addMap(m).dims[1] = far; }},
      {"step 1: argument 0 writes to a read-only buffer",
       [](Maker &m) {
         m.plan().steps[1]->args[0] = Arg(ArgKind::Pointer, 0, 0, 2);
       }},
      {"step 2: argument 0 writes to a read-only buffer",
       [](Maker &m) { m.plan().steps[2]->args[0] = m.pointer(1); }},
      {"step 2: its arguments do not fit its kind",
       [](Maker &m) { m.plan().steps[2]->args.pop_back(); }},
      {"init step 0: argument 0 is a buffer of a session",
       [](Maker &m) {
         m.plan().init.push_back(std::make_unique<StepT>(*m.plan().steps[1]));
       }},
      {"it has 0 entries", [](Maker &m) { m.artifact.entries.clear(); }},
  };
  for (const Case &c : cases) {
    Maker m = embedding();
    c.damage(m);
    TemporaryFile file(m.bytes());
    ingot_model *model = nullptr;
    EXPECT_TRUE(fails(ingot_model_load(nullptr, file.path(), nullptr, &model),
                      INGOT_ERROR_ARTIFACT, {"is damaged", c.message}));
  }
}

TEST(Damage, ProductsAreChecked) {
  struct Case {
    const char *message;
    std::function<void(Maker &)> damage;
  };
  auto of = [](Maker &m) -> ProductT & { return *m.plan().steps[2]->product; };
  const uint32_t far = 1000;
  const Case cases[] = {
      {"step 2: its product has types 7 and 2, activation 0",
       [=](Maker &m) { of(m).type = ElementType::I64; }},
      {"step 2: its product has types 2 and 17, activation 0",
       [=](Maker &m) { of(m).out_type = ElementType::Bool; }},
      {"step 2: its product has types 2 and 2, activation 9",
       [=](Maker &m) { of(m).activation = Activation(9); }},
      {"step 2: a dim is expression 1000", [=](Maker &m) { of(m).lda = far; }},
      {"step 2: argument 1000 of its product is no pointer",
       [=](Maker &m) { of(m).bias = far; }},
      {"step 2: argument 9 of its product is no pointer",
       [=](Maker &m) { of(m).a = 9; }},
      {"step 2: argument 5 of its product is no pointer",
       [=](Maker &m) { of(m).residual = 5; }},
      {"step 2: argument 1 of its product is in a buffer of kind 1",
       [](Maker &m) {
         m.plan().steps[2]->args[1] = m.plan().steps[0]->args[1];
       }},
      {"step 2: argument 0 of its product is in a buffer of kind 2",
       [](Maker &m) {
         m.plan().steps[2]->args[0] = m.plan().steps[3]->args[0];
       }},
      {"step 0: it is a product, but no launch of a run",
       [](Maker &m) {
         m.plan().steps[0]->product =
             std::make_unique<ProductT>(*m.plan().steps[2]->product);
       }},
  };
  for (const Case &c : cases) {
    Maker m = product();
    c.damage(m);
    TemporaryFile file(m.bytes());
    ingot_model *model = nullptr;
    EXPECT_TRUE(fails(ingot_model_load(nullptr, file.path(), nullptr, &model),
                      INGOT_ERROR_ARTIFACT, {"is damaged", c.message}));
  }
  const Case atBind[] = {
      {"step 'product2' multiplies 2 x 5 x 41",
       [=](Maker &m) { of(m).k = m.constant(41); }},
      {"step 'product2' multiplies 2 x 6 x 32",
       [=](Maker &m) { of(m).n = m.constant(6); }},
      {"step 'product2' multiplies 3 x 5 x 32",
       [=](Maker &m) { of(m).m = m.constant(3); }},
      {"step 'product2' multiplies 2 x 5 x 32", // rows overlap
       [=](Maker &m) { of(m).lda = m.constant(31); }},
      {"step 'product2' multiplies 4611686018427387904 x 5 x 32",
       [=](Maker &m) { of(m).m = m.constant(int64_t(1) << 62); }},
      {"a dim of 'product2' would be -1",
       [=](Maker &m) { of(m).m = m.constant(-1); }},
  };
  for (const Case &c : atBind) {
    Maker m = product();
    c.damage(m);
    Model model(m);
    Session session(model);
    std::vector<float> x(80), residual(10);
    ingot_tensor tx = tensor(x, {2, 40}), tr = tensor(residual, {2, 5});
    ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &tx)));
    ASSERT_TRUE(ok(ingot_session_set_input(session, "residual", &tr)));
    ingot_error *error = ingot_session_run(session);
    ASSERT_TRUE(error) << c.message;
    EXPECT_NE(std::string(ingot_error_message(error)).find(c.message),
              std::string::npos)
        << ingot_error_message(error);
    ingot_error_destroy(error);
  }
}

// What only a bind can see.
TEST(Damage, SizesAreCheckedAtBind) {
  struct Case {
    const char *message;
    std::function<void(Maker &)> damage;
  };
  const Case cases[] = {
      {"buffer 0 (buffer0) of 161 bytes lies in 160",
       [](Maker &m) { m.plan().buffers[0]->size = m.constant(161); }},
      {"buffer 1 (buffer1) of 49 bytes lies in 48",
       [](Maker &m) { m.plan().buffers[1]->size = m.constant(49); }},
      {"buffer 3 (buffer3) of 97 bytes lies in 96",
       [](Maker &m) { m.plan().buffers[3]->size = m.constant(97); }},
      {"step 'add1' points to byte 97 of buffer 4 (buffer4) of 96",
       [](Maker &m) {
         m.plan().steps[1]->args[0] = m.pointer(4, m.constant(97));
       }},
      {"step 'add1' points to byte -1",
       [](Maker &m) {
         m.plan().steps[1]->args[0] = m.pointer(4, m.constant(-1));
       }},
      {"step 'copy2' moves 49 bytes where there are 48",
       [](Maker &m) {
         m.plan().steps[2]->args[2] = m.integer(m.constant(49));
       }},
      {"step 'copy2' moves -1 bytes",
       [](Maker &m) {
         m.plan().steps[2]->args[2] = m.integer(m.constant(-1));
       }},
  };
  for (const Case &c : cases) {
    Maker m = embedding();
    c.damage(m);
    Model model(m);
    Session session(model);
    std::vector<int64_t> ids(6, 1);
    std::vector<float> x(24, 1);
    ingot_tensor i = tensor(ids, {2, 3}), t = tensor(x, {2, 3, 4});
    ASSERT_TRUE(ok(ingot_session_set_input(session, "ids", &i)));
    ASSERT_TRUE(ok(ingot_session_set_input(session, "x", &t)));
    EXPECT_TRUE(
        fails(ingot_session_bind(session), INGOT_ERROR_ARTIFACT, {c.message}));
  }
}

} // namespace
} // namespace ingot::test
