/* Embeds a compiled text encoder in a C program: token ids in, numbers out.
 *
 *   embed MODEL.ingot ID...
 *
 * Prints the first values of each output for one row of token ids.
 * docs/embedding.md walks through it. */
#include <ingot/ingot.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every fallible call returns NULL, or an error that we own. */
static void check(ingot_error *error) {
  if (!error)
    return;
  fprintf(stderr, "embed: %s\n", ingot_error_message(error));
  ingot_error_destroy(error);
  exit(1);
}

/* One row of int64 values, all equal to `value` where `ids` is NULL. */
static ingot_tensor make_row(char **ids, int64_t count, int64_t value) {
  ingot_tensor tensor = {0};
  int64_t *data = malloc(sizeof(int64_t) * (size_t)count);
  if (!data)
    abort();
  for (int64_t i = 0; i < count; ++i)
    data[i] = ids ? strtoll(ids[i], NULL, 10) : value;
  tensor.data = data;
  tensor.bytes = sizeof(int64_t) * (size_t)count;
  tensor.type = INGOT_TYPE_I64;
  tensor.rank = 2;
  tensor.dims[0] = 1;
  tensor.dims[1] = count;
  return tensor;
}

static void print_tensor(const char *name, const ingot_tensor *tensor) {
  const float *values = tensor->data;
  size_t count = 1;
  printf("%s: %s[", name, ingot_type_name(tensor->type));
  for (int32_t i = 0; i < tensor->rank; ++i) {
    printf("%s%lld", i ? ", " : "", (long long)tensor->dims[i]);
    count *= (size_t)tensor->dims[i];
  }
  printf("]");
  if (tensor->type == INGOT_TYPE_F32)
    for (size_t i = 0; i < count && i < 4; ++i)
      printf(" %.5f", (double)values[i]);
  printf("\n");
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: embed MODEL.ingot ID...\n");
    return 2;
  }
  int64_t count = argc - 2;

  /* Where it runs: "cpu", which NULL means too, or "cuda:0". */
  ingot_device *device = NULL;
  ingot_device_options device_options = INGOT_DEVICE_OPTIONS_INIT;
  device_options.name = getenv("EMBED_DEVICE");
  check(ingot_device_create(&device_options, &device));

  /* A model is read-only and shared by any number of threads. */
  ingot_model *model = NULL;
  check(ingot_model_load(device, argv[1], NULL, &model));
  /* A session is one caller's: its inputs, working memory and threads. */
  ingot_session *session = NULL;
  ingot_session_options options = INGOT_SESSION_OPTIONS_INIT;
  options.threads = 2;
  check(ingot_session_create(model, &options, &session));

  /* Inputs are borrowed: their memory stays ours and must live until
   * the last run that uses it. */
  ingot_entry_info entry;
  check(ingot_model_get_entry(model, 0, &entry));
  ingot_tensor *inputs = calloc(entry.input_count, sizeof *inputs);
  if (!inputs)
    abort();
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    ingot_tensor_info info;
    check(ingot_model_get_input(model, 0, i, &info));
    if (strcmp(info.name, "input_ids") == 0)
      inputs[i] = make_row(argv + 2, count, 0);
    else /* all tokens count, and are of segment 0 */
      inputs[i] =
          make_row(NULL, count, strcmp(info.name, "attention_mask") == 0);
    check(ingot_session_set_input(session, info.name, &inputs[i]));
  }

  /* The first run of a shape sizes the working memory; further ones
   * allocate nothing. */
  check(ingot_session_run(session));
  for (uint32_t i = 0; i < entry.output_count; ++i) {
    ingot_tensor_info info;
    ingot_tensor output;
    check(ingot_model_get_output(model, 0, i, &info));
    check(ingot_session_get_output(session, info.name, &output));
    print_tensor(info.name, &output);
  }

  ingot_session_destroy(session);
  ingot_model_destroy(model);
  ingot_device_destroy(device);
  for (uint32_t i = 0; i < entry.input_count; ++i)
    free(inputs[i].data);
  free(inputs);
  return 0;
}
